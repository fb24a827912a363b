"""Quantiles over draws: NumPy's sort, which is as quick as a selection of our own, in threads."""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import in_ranges


def fill_quantiles(values: np.ndarray, probabilities: np.ndarray, out: np.ndarray) -> None:
    """Quantiles of each row, linear between the neighbours in rank.

    Parameters
    ----------
    values : (row, draw)
        Without missing values, which have no rank; sorted in place.
    probabilities : (quantile,)
        Rising, from 0 to 1.
    out : (row, quantile)
        An infinite neighbour makes a quantile infinite; there is no inf - inf.
    """
    in_ranges(_sort, len(values), (values,))
    last = values.shape[1] - 1
    for q, probability in enumerate(probabilities):
        at = probability * last
        k = int(np.floor(at))
        lower, w = values[:, k], at - k
        if w == 0.0:
            out[:, q] = lower
            continue
        upper = values[:, k + 1]
        with np.errstate(invalid="ignore"):
            # From the nearer neighbour, as NumPy does.
            step = upper - lower
            between = lower + step * w if w < 0.5 else upper - step * (1.0 - w)
        infinite = np.where(np.isinf(lower), lower, upper)
        between = np.where(np.isfinite(step), between, infinite)
        out[:, q] = np.where(lower == upper, lower, between)


def _sort(begin: int, end: int, values: np.ndarray) -> None:
    values[begin:end].sort(axis=1)
