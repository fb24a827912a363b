"""What the engines of a simulation have in common: people and rates as rows, and labels back."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from popsim.cells import Cells, Rows
from popsim.demography.migration.mobility import mobility
from popsim.engine.classic import altered_text, bearing_ages, flat, group_labels
from popsim.engine.inputs import MIGRATION_MODES
from popsim.engine.parity import ORDERS, PARITIES
from popsim.errors import BirthsLostWarning, InfeasibleError, MigrationAdjustmentWarning
from popsim.kernels.step import cohort
from popsim.schema.conventions import SEXES

#: Lower bounds of the groups of children by order: childcare, kindergarten, and three of school.
CHILD_GROUPS = (0, 3, 6, 12, 15)
CHILD_GROUPS_END = 18

#: Births that are lost to rounding alone: far above that of a sum, far below a birth in a million.
_ROUNDING = 1e-9

_CORE = ("year", "sex", "age", "order", "parity", "child_age", "coefficient")


class Layout:
    """One block of regions with all their draws, as kernels take it.

    Parameters
    ----------
    data : xarray.Dataset
        population (sex, age), fertility_rate (year, age), survival_polynomial (year,
        coefficient, sex, age), sex_ratio_at_birth (year) and at most one form of net migration,
        all with the dim ``region`` or without it.
    luck : xarray.Dataset, optional
        fertility_factor, migration_shift, sex_ratio_factor (draw, year) and
        life_expectancy_shift (draw, year, sex), in the unit of the polynomial. Without it
        cells are regions, and what is drawn is laid out elsewhere.

    Attributes
    ----------
    cells : Cells
        Draws innermost.
    population, fertility, survival, flows : Rows
        ``flows`` are net migration: (row, year, state), or (row, year, 1) for a total.
    mobile : numpy.ndarray
        (row of population, state or 1): net migrants at a migration shift of 1.
    mode : int
        How migration is given.
    first, last : int
        The reproductive ages are ``first <= age < last``.
    """

    def __init__(self, data: xr.Dataset, luck: xr.Dataset | None = None) -> None:
        self.ages, self.years = data["age"].values, data["year"].values
        self.luck = xr.Dataset() if luck is None else luck
        self._people = people = data["population"]
        leading = {"people": people}
        if "region" in data.dims:
            leading["region"] = data["region"]
        if luck is not None:
            leading["draw"] = luck["draw"]
        self.cells = cells = Cells(leading, core=_CORE)
        self.population = state(cells.rows(people, ["sex", "age"]))
        form = next((n for n in MIGRATION_MODES if n in data), None)
        self.mode = MIGRATION_MODES[form] if form else cohort.CLOSED
        moves = mobility(people)
        if form is None:
            nobody = np.zeros((1, len(self.years), 1))
            self.flows = Rows(nobody, np.zeros(cells.count, dtype=np.int64))
            self.mobile = np.zeros((len(self.population.values), 1))
        elif self.mode == cohort.TOTAL:
            flows = cells.rows(data[form], ["year"])
            self.flows = Rows(flows.values[:, :, None], flows.index)
            self.mobile = self.like_people(people.sum(["sex", "age"]), [])[:, None]
        else:
            self.flows = state(cells.rows(data[form], ["year", "sex", "age"]))
            if self.mode == cohort.COUNTS:
                moves = moves * people
            self.mobile = flat(self.like_people(moves, ["sex", "age"]))
        self.fertility = cells.rows(data["fertility_rate"], ["year", "age"])
        self.survival = state(
            cells.rows(data["survival_polynomial"], ["year", "coefficient", "sex", "age"])
        )
        self.first, self.last = bearing_ages(self.fertility.values[:, :, None])

    def like_people(self, array: xr.DataArray, core: list[str]) -> np.ndarray:
        """Rows of an array, one for each row of the population."""
        people = self._people
        missing = {d: people[d] for d in people.dims if d not in ("sex", "age", *array.dims)}
        return self.cells.rows(array.expand_dims(missing), core).values

    def drawn(self, name: str, core: list[str]) -> np.ndarray:
        """A quantity of the draws, one row for each cell."""
        rows = self.cells.rows(self.luck[name], core)
        if len(rows.values) == self.cells.count:  # in the order of the cells
            return rows.values
        return np.ascontiguousarray(rows.values[rows.index])

    def label(
        self,
        values: np.ndarray,
        core: Sequence[str],
        labels: dict[str, xr.DataArray],
        lead: tuple[str, ...] = ("scenario",),
    ) -> xr.DataArray:
        """Give an array (lead..., cell, core...) its dims and labels back."""
        n = len(lead)
        shaped = values.reshape((*values.shape[:n], *self.cells.shape, *values.shape[n + 1 :]))
        dims = (*lead, *self.cells.dims, *core)
        coords: dict[Any, Any] = {d: labels[str(d)] for d in dims if d in labels}
        coords |= {k: v for k, v in self.cells.coords.items() if set(v.dims) <= set(dims)}
        return xr.DataArray(shaped, dims=dims, coords=coords)

    def labels(
        self, lower: Sequence[int], scenarios: Sequence[str], instruments: Sequence[str]
    ) -> dict[str, xr.DataArray]:
        """Coordinates of a result whose age groups begin at ``lower``."""
        coords: dict[str, Any] = {
            "scenario": np.array(scenarios, dtype=str),
            "time": np.append(self.years, self.years[-1] + 1),
            "year": self.years,
            "sex": list(SEXES),
            "age": self.ages,
            "age_group": group_labels(lower),
            "order": list(ORDERS),
            "parity": list(PARITIES),
            "child_group": group_labels([*CHILD_GROUPS, CHILD_GROUPS_END])[:-1],
            "instrument": np.array(instruments, dtype=str),
        }
        made = {k: xr.DataArray(v, dims=k) for k, v in coords.items()}
        made["time"].attrs["long_name"] = "1 January of the year"
        made["year"].attrs["long_name"] = "calendar year"
        made["age"].attrs |= {"units": "years", "long_name": "completed age"}
        return made

    def borders(self, lower_bounds: Sequence[int]) -> tuple[list[int], np.ndarray]:
        """Lower bounds that there are, and where the ages of each group begin and end."""
        lower = [a for a in lower_bounds if a in set(self.ages.tolist())]
        return lower, np.append(np.searchsorted(self.ages, lower), len(self.ages)).astype(np.int64)

    def alteration(
        self, altered: np.ndarray, adjustment: np.ndarray, scenarios: Sequence[str]
    ) -> Alteration | None:
        """Where net migration would have emptied an age group, if anywhere.

        ``altered`` (scenario, cell, year) counts groups; ``adjustment`` is in persons.
        """
        if not altered.any():
            return None
        s, c, t = (int(k) for k in np.unravel_index(int(np.argmax(altered > 0)), altered.shape))
        at = self._at(c, t)
        at = {"year": at.pop("year"), "scenario": scenarios[s], **at}
        return Alteration(int(altered.sum()), float(np.abs(adjustment).sum()), at)

    def lost_births(self, lost: np.ndarray, births: np.ndarray) -> LostBirths | None:
        """Where births (cell, year) are lost of those that are borne, if anywhere."""
        some = lost > _ROUNDING * births
        if not some.any():
            return None
        c, t = (int(k) for k in np.unravel_index(int(np.argmax(some)), some.shape))
        return LostBirths(float(lost[some].sum()), int(some.sum()), self._at(c, t))

    def _at(self, cell: int, year: int) -> dict[Any, Any]:
        """Labels of a cell and year."""
        at: dict[Any, Any] = {"year": self.years[year]}
        for dim, i in zip(self.cells.dims, np.unravel_index(cell, self.cells.shape), strict=True):
            at[dim] = self.cells.coords[dim].values[i]
        return at


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

    def _what(self) -> tuple[str, str]:
        at = ", ".join(f"{dim}={label}" for dim, label in self.first.items())
        return "more births are asked for than all women of reproductive age can bear", at

    def refuse(self) -> None:
        """Raise: fertility is as given, not drawn."""
        what, at = self._what()
        raise InfeasibleError(
            what,
            where=f"fertility_rate at {at}",
            got=f"{self.births:.6g} births that nobody is left to bear, in all years together",
            allowed="about one birth a year for three of four women",
            fix="check fertility_rate (births per woman and year) and the women of the population",
        )

    def warn(self) -> None:
        """Say so, once, where ``simulate()`` was called."""
        what, at = self._what()
        warnings.warn(
            f"in {self.years} years of draws {what}; {self.births:.6g} births are lost in all, "
            f"first at {at}; narrower intervals of fertility (intervals=) avoid it",
            BirthsLostWarning,
            stacklevel=5,
        )


@dataclass(frozen=True)
class Alteration:
    """Net migration that would have emptied age groups, and was altered.

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

    def warn(self) -> None:
        """Say so, once, where ``simulate()`` was called."""
        at = ", ".join(f"{dim}={label}" for dim, label in self.first.items())
        text = altered_text(self.groups, self.persons, at)
        warnings.warn(text, MigrationAdjustmentWarning, stacklevel=5)


class Notes(NamedTuple):
    """What has to be said of a simulation, if anything."""

    alteration: Alteration | None = None
    lost: LostBirths | None = None


def add_up(parts: Iterable[Notes]) -> Notes:
    """What is to be said of parts that follow each other."""
    parts = list(parts)
    altered = [part.alteration for part in parts if part.alteration is not None]
    lost = [part.lost for part in parts if part.lost is not None]
    alteration, births = None, None
    if altered:
        groups, persons = sum(a.groups for a in altered), sum(a.persons for a in altered)
        alteration = Alteration(groups, persons, altered[0].first)
    if lost:
        years, some = sum(part.years for part in lost), sum(part.births for part in lost)
        births = LostBirths(some, years, lost[0].first)
    return Notes(alteration, births)


def state(rows: Rows) -> Rows:
    """Both sexes in one vector, women first, as the kernels take them."""
    return Rows(flat(rows.values), rows.index)
