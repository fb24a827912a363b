"""Inputs laid out as kernels take them, and labels laid on what comes back: one for all engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from popsim.cells import Cells, Rows
from popsim.demography.migration.mobility import mobility
from popsim.engine.inputs import MIGRATION_MODES
from popsim.kernels.step import cohort
from popsim.schema.conventions import (
    BEARING_AGES,
    CHILD_END,
    CHILD_GROUPS,
    CORE_DIMS,
    ORDERS,
    PARITIES,
    SEXES,
)

#: Labels of a result's own dims.
Labels = dict[str, xr.DataArray]


@dataclass(frozen=True)
class Layout:
    """One set of checked inputs, as kernels take it.

    Attributes
    ----------
    cells : Cells
        Draws innermost.
    ages, years : numpy.ndarray
        Lower bounds of the age groups, first years of the steps.
    population, survival, fertility, srb, flows : Rows
        ``survival`` are ratios (row, year, state) or a polynomial (row, year, coefficient,
        state), ``flows`` net migration (row, year, state), or (row, year, 1) for a total; a state
        is a sex and age, women first.
    mode : int
        How migration is given.
    first, last : int
        Births happen at ages of index ``first <= a < last``.
    """

    cells: Cells
    ages: np.ndarray
    years: np.ndarray
    population: Rows
    survival: Rows
    fertility: Rows
    srb: Rows
    flows: Rows
    mode: int
    first: int
    last: int

    @property
    def step(self) -> int:
        """Years that a step covers."""
        return int(self.ages[1] - self.ages[0])

    def borders(self, lower_bounds: Sequence[int]) -> tuple[list[int], np.ndarray]:
        """Lower bounds that there are, and where the ages of each group begin and end."""
        lower = [a for a in lower_bounds if a in set(self.ages.tolist())]
        return lower, np.append(np.searchsorted(self.ages, lower), len(self.ages)).astype(np.int64)

    def labels(
        self, lower: Sequence[int] = (), *, year: str = "calendar year", **own: Any
    ) -> Labels:
        """Coordinates of a result.

        Parameters
        ----------
        lower : sequence of int
            Lower bounds of its age groups, if it has any.
        year : str
            What ``year`` is.
        **own
            Labels of further dims (scenario, instrument, draw), or others than usual.
        """
        coords: dict[str, Any] = {
            "time": np.append(self.years, self.years[-1] + self.step),
            "year": self.years,
            "sex": list(SEXES),
            "age": self.ages,
            "age_group": group_labels(lower),
            "order": list(ORDERS),
            "parity": list(PARITIES),
            "child_group": group_labels([*CHILD_GROUPS, CHILD_END])[:-1],
            **own,
        }
        made = {dim: xr.DataArray(values, dims=dim) for dim, values in coords.items()}
        made["time"].attrs["long_name"] = "1 January of the year"
        made["year"].attrs["long_name"] = year
        made["age"].attrs |= {"units": "years", "long_name": "completed age"}
        return made

    def dataset(
        self,
        arrays: Mapping[str, tuple[np.ndarray, Sequence[str]]],
        labels: Labels,
        lead: tuple[str, ...] = (),
    ) -> xr.Dataset:
        """Arrays (lead..., cell, own dims...), each with its own dims, with all labels back."""
        return xr.Dataset(
            {n: self.cells.label(v, dims, labels, lead) for n, (v, dims) in arrays.items()}
        )

    def at(self, cell: int, year: int) -> dict[Any, Any]:
        """Labels of a cell and year."""
        at: dict[Any, Any] = {"year": self.years[year]}
        for dim, i in zip(self.cells.dims, np.unravel_index(cell, self.cells.shape), strict=True):
            at[dim] = self.cells.coords[dim].values[i] if dim in self.cells.coords else int(i)
        return at

    def mobile(self, people: xr.DataArray) -> np.ndarray:
        """Net migrants (row of population, state or 1) at a migration shift of 1."""
        if self.mode == cohort.CLOSED:
            return np.zeros((len(self.population.values), 1))
        if self.mode == cohort.TOTAL:
            return self.like_people(people, people.sum(["sex", "age"]), [])[:, None]
        moves = mobility(people)
        if self.mode == cohort.COUNTS:
            moves = moves * people
        return flat(self.like_people(people, moves, ["sex", "age"]))

    def like_people(self, people: xr.DataArray, array: xr.DataArray, core: list[str]) -> np.ndarray:
        """Rows of an array, one for each row of the population."""
        missing = {d: people[d] for d in people.dims if d not in ("sex", "age", *array.dims)}
        return self.cells.rows(array.expand_dims(missing), core).values

    def of_each_cell(self, array: xr.DataArray, core: list[str]) -> np.ndarray:
        """Rows of an array, one for each cell."""
        rows = self.cells.rows(array, core)
        if len(rows.values) == self.cells.count:  # in the order of the cells
            return rows.values
        return np.ascontiguousarray(rows.values[rows.index])


def lay_out(
    data: xr.Dataset,
    fertility: xr.DataArray,
    rate_dims: Sequence[str] = ("year", "age"),
    *,
    leading: Mapping[str, xr.DataArray],
    births_move: bool = False,
) -> Layout:
    """Lay checked inputs out as kernels take them.

    Parameters
    ----------
    data : xarray.Dataset
        population (sex, age), survival_ratio (year, sex, age) or survival_polynomial (year,
        coefficient, sex, age), sex_ratio_at_birth (year), at most one form of net migration.
    fertility : xarray.DataArray
    rate_dims : sequence of str
        Its own dims.
    leading : mapping of str to DataArray
        Arrays whose leading dims the cells have, in this order.
    births_move : bool
        Whether women of the bearing ages bear what others cannot.
    """
    cells, years, ages = Cells(leading, core=CORE_DIMS), data["year"].values, data["age"].values
    polynomial = "survival_polynomial" in data
    survival = data["survival_polynomial" if polynomial else "survival_ratio"]
    of_survival = ["year", *(["coefficient"] if polynomial else []), "sex", "age"]
    rates = cells.rows(fertility, rate_dims)
    first, last = bearing_ages(rates.values)
    if births_move:
        first, last = may_bear(first, last, ages)
    form = next((n for n in MIGRATION_MODES if n in data), None)
    mode = MIGRATION_MODES[form] if form else cohort.CLOSED
    if form is None:
        flows = Rows(np.zeros((1, len(years), 1)), np.zeros(cells.count, dtype=np.int64))
    elif mode == cohort.TOTAL:
        total = cells.rows(data[form], ["year"])
        flows = Rows(total.values[:, :, None], total.index)
    else:
        flows = _state(cells.rows(data[form], ["year", "sex", "age"]))
    return Layout(
        cells=cells,
        ages=ages,
        years=years,
        population=_state(cells.rows(data["population"], ["sex", "age"])),
        survival=_state(cells.rows(survival, of_survival)),
        fertility=rates,
        srb=cells.rows(data["sex_ratio_at_birth"], ["year"]),
        flows=flows,
        mode=mode,
        first=first,
        last=last,
    )


def flat(array: np.ndarray) -> np.ndarray:
    """The same memory with sex and age as one axis."""
    return array.reshape(*array.shape[:-2], -1)


def by_sex(states: np.ndarray) -> np.ndarray:
    """The same memory with sex and age as axes of their own."""
    return states.reshape(*states.shape[:-1], len(SEXES), states.shape[-1] // len(SEXES))


def in_turn(*rows: Rows) -> list[np.ndarray]:
    """Values and index of each, as the step kernels take them."""
    return [part for row in rows for part in (row.values, row.index)]


def _state(rows: Rows) -> Rows:
    """Both sexes in one vector, women first, as the kernels take them."""
    return Rows(flat(rows.values), rows.index)


def bearing_ages(rates: np.ndarray) -> tuple[int, int]:
    """First and last (exclusive) index of age with any births, clear of both end groups."""
    some = np.flatnonzero(rates.any(axis=tuple(range(rates.ndim - 1))))
    if len(some) == 0:
        return 1, 1
    return max(int(some[0]), 1), min(int(some[-1]) + 1, rates.shape[-1] - 1)


def may_bear(first: int, last: int, ages: np.ndarray) -> tuple[int, int]:
    """As :func:`bearing_ages`, with the ages to which births may move that are too many for theirs.

    Examples
    --------
    >>> may_bear(20, 22, np.arange(101)), may_bear(13, 54, np.arange(101))
    ((15, 50), (13, 54))
    """
    some = np.flatnonzero((ages >= BEARING_AGES[0]) & (ages < BEARING_AGES[1]))
    if len(some) == 0:
        return first, last
    return max(min(first, int(some[0])), 1), min(max(last, int(some[-1]) + 1), len(ages) - 1)


def group_labels(lower: Sequence[int]) -> list[str]:
    """Label age groups by their lower bounds, the last one open.

    Examples
    --------
    >>> group_labels([0, 15, 65])
    ['0-14', '15-64', '65+']
    """
    closed = [f"{a}-{b - 1}" for a, b in pairwise(lower)]
    return [*closed, *(f"{a}+" for a in lower[-1:])]
