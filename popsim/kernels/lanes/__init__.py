"""Kernels with many cells side by side, in the processor's vector lanes."""
