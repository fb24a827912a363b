"""Quantiles over draws: exact, by selection in place, over all rows in parallel."""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells

#: Below so many numbers sorting by insertion is quicker than another partition.
_FEW = 16


@jit
def _insertion_sort(x, low, high):
    """Sort ``x[low:high + 1]``."""
    for i in range(low + 1, high + 1):
        value, j = x[i], i
        while j > low and x[j - 1] > value:
            x[j] = x[j - 1]
            j -= 1
        x[j] = value


@jit
def _select(x, k, low, high):
    """Move the number of rank ``k`` to its place: none larger before it, none smaller after.

    Returns how far that is known to hold to the left: what lies before may be left alone by
    a later call for a higher rank.
    """
    while high - low > _FEW:
        a, b, c = x[low], x[(low + high) // 2], x[high]
        pivot = max(min(a, b), min(max(a, b), c))  # the median of three
        # No branch on the numbers, which the processor would guess wrong every other time.
        middle = low
        for i in range(low, high + 1):
            value = x[i]
            x[i] = x[middle]
            x[middle] = value
            middle += value < pivot
        if k < middle:
            high = middle - 1
        elif middle > low:
            low = middle
        else:  # the pivot is the least: its equals first
            for i in range(low, high + 1):
                value = x[i]
                x[i] = x[middle]
                x[middle] = value
                middle += value == pivot
            if k < middle:
                return low
            low = middle
    _insertion_sort(x, low, high)
    return low


@jit_cells("values")
def fill_quantiles(begin, end, values, probabilities, out):
    """Quantiles of each row, linear between the neighbours in rank.

    Parameters
    ----------
    values : (row, draw)
        Without missing values, which have no rank; put into another order.
    probabilities : (quantile,)
        Rising, from 0 to 1.
    out : (row, quantile)
        An infinite neighbour makes a quantile infinite; there is no inf - inf.
    """
    draws = values.shape[1]
    for r in range(begin, end):
        x = values[r]
        start = 0
        for q in range(probabilities.shape[0]):
            at = probabilities[q] * (draws - 1)
            k = int(np.floor(at))
            start = _select(x, k, start, draws - 1)
            lower, w = x[k], at - k
            if w > 0.0:
                start = _select(x, k + 1, start, draws - 1)
                upper = x[k + 1]
            else:
                upper = lower
            if lower == upper or w == 0.0:
                out[r, q] = lower
            elif np.isinf(lower) or np.isinf(upper):
                out[r, q] = lower if np.isinf(lower) else upper
            elif w < 0.5:  # from the nearer neighbour, as NumPy does
                out[r, q] = lower + (upper - lower) * w
            else:
                out[r, q] = upper - (upper - lower) * (1.0 - w)
