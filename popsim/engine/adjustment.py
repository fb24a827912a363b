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

_LOST = "more births are asked for than all women of reproductive age can bear"


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
        raise InfeasibleError(
            _LOST,
            where=f"fertility_rate at {_said(self.first)}",
            got=f"{self.births:.6g} births that nobody is left to bear, in all years together",
            allowed="about one birth a step for three of four women",
            fix="check fertility_rate (births per woman and year) and the women of the population",
        )

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
    some = [part.adjustment for part in parts if part.adjustment is not None]
    lost = [part.lost for part in parts if part.lost is not None]
    return Notes(
        Adjustment(sum(a.groups for a in some), sum(a.persons for a in some), some[0].first)
        if some
        else None,
        LostBirths(sum(b.births for b in lost), sum(b.years for b in lost), lost[0].first)
        if lost
        else None,
    )


def _said(first: dict[Any, Any]) -> str:
    return ", ".join(f"{dim}={label}" for dim, label in first.items())
