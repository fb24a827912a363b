"""Conditional rates of the first year, from the births that are known to be of each order.

A dozen numbers for each age, age after age, for all rows at once: NumPy is quick enough, and has
nothing to compile. :mod:`popsim.kernels.parity` does the same within a projection.
"""

from __future__ import annotations

import numpy as np

#: The order that women of each parity bear, less one.
ORDER_OF = (0, 1, 2, 2)


def first_year_rates(
    women: np.ndarray,
    survival: np.ndarray,
    moves: np.ndarray,
    split: np.ndarray,
    fertility: np.ndarray,
    first: int,
    last: int,
) -> np.ndarray:
    """Births of each order per woman who can bear it.

    Parameters
    ----------
    women : (row, parity, age)
        [persons] at the start.
    survival : (row, age)
        Survival ratios of women in the first year, by the age reached.
    moves : (row, age)
        Net migrants of the first year among the women [persons].
    split : (row, order, age)
        Share of each order in the births of the age.
    fertility : (row, age)
        Births per woman and year.
    first, last : int
        The reproductive ages are ``first <= age < last``.

    Returns
    -------
    (row, parity, age)
        Zero where no woman could bear; parities 2 and 3 share a rate.
    """
    total = women.sum(axis=1)
    exposed = np.maximum(total + moves / 2.0, 0.0)
    grown = np.divide(exposed, total, out=np.zeros_like(total), where=total > 0.0)
    start = women * grown[:, None, :]
    rates = np.zeros((*women.shape[:2], women.shape[2]))
    for a in range(first, last):
        below = exposed[:, a - 1]
        alive = np.maximum(survival[:, a] * below + moves[:, a] / 2.0, 0.0)
        reach = np.divide(alive, below, out=np.zeros_like(below), where=below > 0.0)
        borne = np.minimum(rates[:, :, a - 1], 1.0) / 2.0
        may = (start[:, :, a] + reach[:, None] * start[:, :, a - 1] * (1.0 - borne)) / 2.0
        of_order = np.stack([may[:, 0], may[:, 1], may[:, 2] + may[:, 3]], axis=1)
        births = split[:, :, a] * (fertility[:, a] * (exposed[:, a] + alive) / 2.0)[:, None]
        rate = np.divide(births, of_order, out=np.zeros_like(births), where=of_order > 0.0)
        rates[:, :, a] = rate[:, ORDER_OF]
    return rates
