"""What the engines of a simulation have in common: people and rates as rows, and labels back."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from popsim.demography.mobility import mobility
from popsim.errors import MigrationAdjustmentWarning
from popsim.kernels import cohort
from popsim.parity_engine import ORDERS, PARITIES
from popsim.projection import MIGRATION_MODES, altered_text, bearing_ages, flat, group_labels
from popsim.schema.cells import Cells, Rows
from popsim.schema.variables import SEXES

#: Lower bounds of the groups of children by order: childcare, kindergarten, and three of school.
CHILD_GROUPS = (0, 3, 6, 12, 15)
CHILD_GROUPS_END = 18

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
        at: dict[Any, Any] = {"year": self.years[t], "scenario": scenarios[s]}
        for dim, i in zip(self.cells.dims, np.unravel_index(c, self.cells.shape), strict=True):
            at[dim] = self.cells.coords[dim].values[i]
        return Alteration(int(altered.sum()), float(np.abs(adjustment).sum()), at)


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
        warnings.warn(text, MigrationAdjustmentWarning, stacklevel=4)


def add_up(parts: Iterable[Alteration | None]) -> Alteration | None:
    """What was altered in parts that follow each other."""
    some = [part for part in parts if part is not None]
    if not some:
        return None
    groups, persons = sum(part.groups for part in some), sum(part.persons for part in some)
    return Alteration(groups, persons, some[0].first)


def state(rows: Rows) -> Rows:
    """Both sexes in one vector, women first, as the kernels take them."""
    return Rows(flat(rows.values), rows.index)
