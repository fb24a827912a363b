"""What an engine has to say of a result: net migration that was adjusted, births that were lost."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from popsim.errors import BirthsLostWarning, InfeasibleError, MigrationAdjustmentWarning

#: Births that are lost or move to other mothers by rounding alone, as a share: far above that of
#: a sum, far below a birth in a million.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Adjustment:
    """Net migration that would have emptied age groups, and was adjusted.

    Attributes
    ----------
    groups : int
    persons : float
    first : dict
        Where it happened first: labels by dim.
    """

    groups: int
    persons: float
    first: dict[Any, Any]

    def warn(self, stacklevel: int) -> None:
        """Say so, once; ``stacklevel`` as of :func:`warnings.warn`, counted from the caller."""
        warnings.warn(
            f"net migration would have emptied {self.groups} age groups and was altered by "
            f"{self.persons:.6g} persons in all, first at {_said(self.first)}; see "
            "migration_adjustment in the result, and population_lift for what of it lifted groups "
            "from below zero; where it matters give outflows that the groups can bear, such as "
            "rates",
            MigrationAdjustmentWarning,
            stacklevel=stacklevel + 1,
        )


def first_place(counts: np.ndarray) -> tuple[int, ...] | None:
    """Where an array has its first number above zero, if anywhere."""
    if not (counts > 0).any():
        return None
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(counts > 0)), counts.shape))


def adjusted(groups: np.ndarray, adjustment: np.ndarray, first: dict[Any, Any]) -> Adjustment:
    """Add up what was adjusted: numbers of age groups, and persons."""
    return Adjustment(int(groups.sum()), float(np.abs(adjustment).sum()), first)


@dataclass(frozen=True)
class LostBirths:
    """Births that were asked for where no woman of reproductive age was left to bear them.

    Attributes
    ----------
    births : float
        [persons]
    years : int
        Years of draws (and regions) in which some are lost.
    first : dict
        Where it happened first: labels by dim.
    """

    births: float
    years: int
    first: dict[Any, Any]

    def refuse(self) -> None:
        """Raise: fertility is as given, not drawn."""
        refuse_lost(f"{self.births:.6g}", "in all years together", _said(self.first))

    def warn(self, stacklevel: int) -> None:
        """Say so, once; ``stacklevel`` as of :func:`warnings.warn`, counted from the caller."""
        warnings.warn(
            f"in {self.years} years of draws {_LOST}; {self.births:.6g} births are lost in all, "
            f"first at {_said(self.first)}; narrower intervals of fertility (intervals=) avoid it",
            BirthsLostWarning,
            stacklevel=stacklevel + 1,
        )


class Notes(NamedTuple):
    """What has to be said of a simulation, if anything."""

    adjustment: Adjustment | None = None
    lost: LostBirths | None = None


def add_up(parts: Iterable[Notes]) -> Notes:
    """What is to be said of parts that follow each other."""
    parts = list(parts)
    altered = [part.adjustment for part in parts if part.adjustment is not None]
    lost = [part.lost for part in parts if part.lost is not None]
    adjustment, births = None, None
    if altered:
        groups, persons = sum(a.groups for a in altered), sum(a.persons for a in altered)
        adjustment = Adjustment(groups, persons, altered[0].first)
    if lost:
        years, some = sum(part.years for part in lost), sum(part.births for part in lost)
        births = LostBirths(some, years, lost[0].first)
    return Notes(adjustment, births)


_LOST = "more births are asked for than all women of reproductive age can bear"


def refuse_lost(births: str, when: str, at: str) -> None:
    """Raise for births that no woman is left to bear."""
    raise InfeasibleError(
        _LOST,
        where=f"fertility_rate at {at}",
        got=f"{births} births that nobody is left to bear, {when}",
        allowed="about one birth a step for three of four women",
        fix="check fertility_rate (births per woman and year) and the women of the population",
    )


def _said(first: dict[Any, Any]) -> str:
    return ", ".join(f"{dim}={label}" for dim, label in first.items())
