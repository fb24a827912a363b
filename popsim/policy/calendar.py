"""When what is in force changes, and when births can respond to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from popsim.policy.benefits import decimal_year, in_force, share_of_years
from popsim.policy.evidence import prior
from popsim.scenario.instrument_parts import Spell
from popsim.scenario.instruments import FamilyInstrument
from popsim.scenario.options import Override


@dataclass(frozen=True)
class Change:
    """What starts, changes or ends at an instant.

    Attributes
    ----------
    instant : float
        When [decimal year].
    announced : float
        When it became known [decimal year].
    phase_in : float
        How long the response takes to its full size [years].
    spells : dict
        By id of instrument: the spell in force from now on, or None.
    """

    instant: float
    announced: float
    phase_in: float
    spells: dict[str, Spell | None] = field(default_factory=dict)

    def responds(self, lag: np.ndarray) -> np.ndarray:
        """First births that respond (draw,) [decimal year]: no sooner than a lag after the news."""
        return np.asarray(np.maximum(self.instant, self.announced + lag))

    def weight(self, lag: np.ndarray, years: np.ndarray) -> np.ndarray:
        """Mean over each year of how far the response has come (draw, year) [1]."""
        start = self.responds(lag)
        if self.phase_in == 0.0:
            return share_of_years(start, np.inf, years)
        since = np.maximum(years - start[:, None], 0.0), np.maximum(years + 1 - start[:, None], 0.0)
        grown = [
            np.where(x < self.phase_in, x**2 / (2.0 * self.phase_in), x - self.phase_in / 2.0)
            for x in since
        ]
        return np.asarray(grown[1] - grown[0])

    def anticipation(self, lag: np.ndarray, years: np.ndarray, longest: float) -> np.ndarray:
        """Share of each year in which births are brought forward, less that in which they lack.

        Returns
        -------
        numpy.ndarray
            (draw, year) [1]; sums to 0, and is 0 where nobody knew a lag ahead.
        """
        begin = np.maximum(self.announced + lag, self.instant - longest)
        begin = np.minimum(begin, self.instant)
        before = share_of_years(begin, self.instant, years)
        return before - share_of_years(self.instant, 2.0 * self.instant - begin, years)


def changes(
    instruments: Sequence[FamilyInstrument], overrides: Sequence[Override] = ()
) -> list[Change]:
    """Changes of a set of instruments, in the order in which births respond.

    A spell that begins the day after another ends is one change of amount, not an end and a
    start. What changes at one instant, is known from one instant and phases in alike is one.
    """
    found: dict[tuple[float, float, float], Change] = {}

    def note(instant: float, announced: float, phase_in: float, name: str, spell: Spell | None):  # type: ignore[no-untyped-def]
        key = (instant, announced, phase_in)
        found.setdefault(key, Change(*key)).spells[name] = spell

    for i in instruments:
        phase_in = 0.0 if i.phase_in is None else i.phase_in.value / 12.0
        ended, end_known = -np.inf, np.inf
        for n, spell in enumerate(i.spells):
            start, end = in_force(spell)
            known = start if spell.announced is None else decimal_year(spell.announced)
            if start == ended:
                known = min(known, end_known)
            note(start, known, phase_in, i.id, spell)
            ended = end
            end_known = end if spell.end_announced is None else decimal_year(spell.end_announced)
            follows = n + 1 < len(i.spells) and in_force(i.spells[n + 1])[0] == end
            if np.isfinite(end) and not follows:
                note(end, end_known, 0.0, i.id, None)
    lag = prior("response", overrides)["lag"].spread.median / 12.0
    return sorted(found.values(), key=lambda c: (max(c.instant, c.announced + lag), c.instant))
