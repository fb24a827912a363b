"""Kernels of one cell after the other, with every age."""
