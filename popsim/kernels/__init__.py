"""Numbers only: arrays in, caller-allocated arrays out, no labels, no checks."""
