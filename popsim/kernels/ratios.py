"""Ratios of sums over some columns to sums over others."""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit_cells


@jit_cells("out")
def percent_of(
    begin: int, end: int, values: np.ndarray, part: np.ndarray, of: np.ndarray, out: np.ndarray
) -> None:
    """The sum over the columns ``part`` in percent of the sum over those in ``of``.

    Parameters
    ----------
    values : (outer, column, inner)
    part, of : (column,)
        1 where a column counts, else 0.
    out : (outer, inner)
        Infinite or missing where there is nothing to divide by.
    """
    below, columns = np.empty(out.shape[1]), values.shape[1]
    for i in range(begin, end):
        if out.shape[1] == 1:  # columns lie side by side
            a = b = 0.0
            for j in range(columns):
                a += part[j] * values[i, j, 0]
                b += of[j] * values[i, j, 0]
            out[i, 0] = 100.0 * a / b
            continue
        above = out[i]
        for z in range(above.shape[0]):
            above[z], below[z] = 0.0, 0.0
        for j in range(columns):
            row, a, b = values[i, j], part[j], of[j]
            for z in range(above.shape[0]):
                above[z] += a * row[z]
                below[z] += b * row[z]
        for z in range(above.shape[0]):
            above[z] = 100.0 * above[z] / below[z]
