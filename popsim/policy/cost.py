"""What a package costs: payments by instrument and calendar year."""

from __future__ import annotations

import numpy as np

from popsim.policy.benefits import amount, in_force, payment_calendar, share_of_years
from popsim.policy.takeup import take_up_draws
from popsim.scenario.model import ORDERS, Instrument


def payments(
    instrument: Instrument,
    births: np.ndarray,
    years: np.ndarray,
    *,
    registered_share: float,
    seed: int,
) -> np.ndarray:
    """Nominal payments of one instrument.

    Parameters
    ----------
    instrument : Instrument
    births : numpy.ndarray
        (draw, year, order 1..3) [persons], to residents.
    years : numpy.ndarray
        (year,) calendar years.
    registered_share : float
        Share of the births that is to registered families [1].
    seed : int
        Take-up is drawn as in the response.

    Returns
    -------
    numpy.ndarray
        (draw, year) [yuan], on births of these years; payments that fall due after the
        last year are not in it. Children are taken to live and to stay.
    """
    draws = births.shape[0]
    reached = registered_share if instrument.eligibility.registered else 1.0
    each = np.array([amount(instrument, order) for order in ORDERS])
    promised = births @ each * share_of_years(*in_force(instrument), years)
    promised *= reached * take_up_draws(instrument, draws, seed)[:, None]
    out = np.zeros_like(promised)
    for later, share in enumerate(payment_calendar(instrument)):
        if later < len(years):
            out[:, later:] += share * promised[:, : len(years) - later]
    return out
