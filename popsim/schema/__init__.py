"""What a variable is (registry), whether a value can be one (checks), where it came from."""
