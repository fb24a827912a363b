"""Who gets what: draws of take-up, the share that may claim, and families by what they get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from popsim.scenario.instruments import FamilyInstrument
from popsim.scenario.quantities import Range
from popsim.uncertainty.draws import Spread, uniforms


def range_draws(
    declared: Range, quantity: str, key: str, draws: int, seed: int | None
) -> np.ndarray:
    """Draws (draw,) [1] of a declared share, from the Beta fitted to it."""
    spread = Spread(declared.median, declared.lower, declared.upper, "beta")
    if declared.lower == declared.upper:
        spread = Spread(declared.median, declared.median, declared.median, "fixed")
    return spread.quantile(uniforms(seed, quantity, key, draws))


def take_up_draws(instrument: FamilyInstrument, draws: int, seed: int | None) -> np.ndarray:
    """Share of the eligible families that is paid (draw,) [1], from the declared Beta.

    Keyed by the instrument's id: the same in every scenario that has it.
    """
    return range_draws(instrument.take_up, "take_up", instrument.id, draws, seed)


def eligible_share(instrument: FamilyInstrument) -> float:
    """Share of the families of one registration that may claim [1]; parts are independent.

    Examples
    --------
    >>> import popsim as ps
    >>> eligible_share(ps.load_scenario("ouhai").instruments[0])
    1.0
    """
    return float(np.prod([part.share for part in instrument.eligibility.parts()]))


def nested_tiers(take_up: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    r"""Families by the benefits that they take, if who takes the rarer takes the commoner too.

    Parameters
    ----------
    take_up : sequence of numpy.ndarray
        (draw,) [1], one for each of n instruments.

    Returns
    -------
    list of tuples
        n pairs: the share of families (draw,), and which instruments they take
        (instrument, draw) as 0 or 1. What the shares leave of 1 takes nothing.

    Notes
    -----
    With the take-up in falling order :math:`t_{(1)} \ge t_{(2)} \ge ...`, the share
    :math:`t_{(k)} - t_{(k+1)}` takes the first :math:`k`. No survey at hand says how
    claims go together; knowing of one benefit and claiming it makes the next likelier,
    and nested claims are that in its plainest form.

    Examples
    --------
    >>> tiers = nested_tiers([np.array([0.4]), np.array([0.9])])
    >>> [(float(share[0].round(3)), takes[:, 0].tolist()) for share, takes in tiers]
    [(0.5, [0.0, 1.0]), (0.4, [1.0, 1.0])]
    """
    if not take_up:
        return []
    shares = np.stack(take_up)
    order = np.argsort(-shares, axis=0, kind="stable")
    falling = np.take_along_axis(shares, order, axis=0)
    rank = np.argsort(order, axis=0, kind="stable")
    below = np.vstack([falling[1:], np.zeros((1, shares.shape[1]))])
    return [(falling[k] - below[k], (rank <= k).astype(float)) for k in range(len(shares))]
