"""Ratios of sums over some columns of a row to sums over others."""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit_cells


@jit_cells("out")
def percent_of(
    begin: int, end: int, values: np.ndarray, part: np.ndarray, of: np.ndarray, out: np.ndarray
) -> None:
    """Of each row the sum over the columns ``part`` in percent of the sum over those in ``of``.

    Parameters
    ----------
    values : (row, column)
    part, of : (column,)
        1 where a column counts, else 0.
    out : (row,)
        Infinite or missing where there is nothing to divide by.
    """
    for i in range(begin, end):
        above, below = 0.0, 0.0
        for j in range(values.shape[1]):
            above += part[j] * values[i, j]
            below += of[j] * values[i, j]
        out[i] = 100.0 * above / below
