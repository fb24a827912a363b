"""The engine without parity: checked inputs laid out for the kernels, results labelled."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from popsim.cells import Cells, Rows
from popsim.engine.inputs import CORE, MIGRATION_MODES
from popsim.engine.migration_unit import large_rates, warn_of_large_rates, warn_of_small_counts
from popsim.errors import MigrationAdjustmentWarning
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.summary import Inputs, allocate, cells_first, project_summary
from popsim.kernels.step import cohort
from popsim.schema.variables import describe, describe_flows, years_in_words

#: The one label of births that are not by order, which a result leaves out.
ALL_ORDERS = "all"
#: Ages (the last exclusive) whose women bear the births that are too many for other ages.
MOTHERS_AGES = (15, 50)
#: Lower bounds of the age groups that a summary keeps: childcare 0-2, kindergarten 3-5,
#: primary 6-11, junior 12-14 and senior 15-17 school, women 20-34 and 15-49, and the
#: borders 60, 65 and 80 of old age.
SUMMARY_AGES = (0, 3, 6, 12, 15, 18, 20, 35, 50, 60, 65, 80)


def of_all_orders(data: xr.Dataset) -> xr.DataArray:
    """Fertility rates as an engine takes them, all birth orders being one."""
    return data["fertility_rate"].expand_dims(order=[ALL_ORDERS])


def check_migration_unit(
    data: xr.Dataset, engine: Engine, result: xr.Dataset | None = None, *, stacklevel: int = 3
) -> None:
    """Warn where net migration seems to be in another unit.

    The rates of a year count by the people whom that year begins with: of the ``result`` where
    it has every age, else the ``engine`` projects them, if any rate is that large.
    """
    warn_of_small_counts(data, stacklevel=stacklevel)
    if large_rates(data):
        people = engine.people() if result is None else result["population"]
        warn_of_large_rates(data, people, stacklevel=stacklevel)


class Engine:
    """One set of checked inputs, laid out for the kernels.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`popsim.engine.inputs.check_inputs`.
    fertility : xarray.DataArray
        Dims (..., year, order, age) [births per woman and year]; the orders add up.
    factor : xarray.DataArray, optional
        Dims (..., year, order) [1]; multiplies the fertility of an order. Small, so it may
        vary over draws and scenarios where the rates themselves are shared.
    timing : {"even", "end"}
    """

    _rate_dims: Sequence[str] = ("year", "order", "age")
    _by_parity = False

    def __init__(
        self,
        data: xr.Dataset,
        *,
        fertility: xr.DataArray,
        factor: xr.DataArray | None = None,
        timing: str = "even",
    ) -> None:
        if factor is None:
            orders = fertility["order"].values
            shape = (data.sizes["year"], len(orders))
            factor = xr.DataArray(np.ones(shape), {"order": orders}, ("year", "order"))
        self.orders = factor["order"].values
        # The factor first: its leading dims (scenario, draw) then lead in the result.
        arrays = {"factor": factor, **{str(k): v for k, v in data.data_vars.items()}}
        arrays["fertility_rate"] = fertility
        self.cells = cells = Cells(arrays, core=CORE)
        self.ages = data["age"].values
        self.years = data["year"].values
        self.step = int(self.ages[1] - self.ages[0])
        self.even = timing == "even"

        migration = [n for n in MIGRATION_MODES if n in data]
        self.mode = MIGRATION_MODES[migration[0]] if migration else cohort.CLOSED
        if self.mode == cohort.CLOSED:
            nothing = np.zeros((1, len(self.years), 1))
            flows = Rows(nothing, np.zeros(cells.count, dtype=np.int64))
        elif self.mode == cohort.TOTAL:
            flows = cells.rows(data[migration[0]], ["year"])
            flows = Rows(flows.values[:, :, None], flows.index)
        else:
            flows = _state(cells.rows(data[migration[0]], ["year", "sex", "age"]))
        rates = cells.rows(fertility, self._rate_dims)
        self.first, self.last = bearing_ages(rates.values)
        if self._by_parity:
            self.first, self.last = may_bear(self.first, self.last, self.ages)
        self.rows = (
            _state(cells.rows(data["population"], ["sex", "age"])),
            _state(cells.rows(data["survival_ratio"], ["year", "sex", "age"])),
            rates,
            cells.rows(factor, ["year", "order"]),
            cells.rows(data["sex_ratio_at_birth"], ["year"]),
            flows,
        )
        self.arguments: list[Any] = [part for row in self.rows for part in (row.values, row.index)]
        self.arguments += [self.mode, float(self.step), self.even, self.first, self.last]

    def full(self) -> xr.Dataset:
        """Project and keep every age: births (year, order, age), the rest as in project()."""
        arrays, altered = self._run_full()
        result = self._dataset(**arrays)
        self._warn_if_altered(altered, arrays["migration_adjustment"][0])
        return result

    def people(self) -> xr.DataArray:
        """The population (..., time, sex, age) alone, of altered migration not a word."""
        arrays, _ = self._run_full()
        return self._dataset(population=arrays["population"])["population"]

    def _run_full(self) -> tuple[dict[str, Any], np.ndarray]:
        """Arrays of every age, each with its dims, and in how many groups outflow was altered."""
        count, years, ages = self.cells.count, len(self.years), len(self.ages)
        population = np.empty((count, years + 1, 2, ages))
        births = np.empty((count, years, len(self.orders), ages))
        deaths = np.empty((count, years, 2, ages))
        # Pages of zeros that are never written cost no memory.
        migration, adjustment, lift = (np.zeros((count, years, 2, ages)) for _ in range(3))
        altered = np.empty((count, years), dtype=np.int64)
        flows = (flat(a) for a in (deaths, migration, adjustment, lift))
        arguments = (*self.arguments, flat(population), births, *flows, altered)
        cohort.project_full(*arguments)
        by_age = ("sex", "age")
        arrays: dict[str, Any] = {
            "population": (population, ("time", *by_age)),
            "births": (births, ("year", "order", "age")),
            "deaths": (deaths, ("year", *by_age)),
            "net_migration": (migration, ("year", *by_age)),
            "migration_adjustment": (adjustment, ("year", *by_age)),
            "population_lift": (lift, ("year", *by_age)),
        }
        return arrays, altered

    def summary_inputs(self) -> Inputs:
        """The arguments as the summary kernel takes them: nothing is drawn but the factor."""
        nothing = np.empty((0, 0))
        population, survival, fertility, factor, srb, flows = self.rows
        return Inputs(
            population=population.values,
            population_index=population.index,
            survival=survival.values[:, :, None],
            survival_index=survival.index,
            fertility=fertility.values,
            fertility_index=fertility.index,
            factor=factor.values,
            factor_index=factor.index,
            srb=srb.values,
            srb_index=srb.index,
            migration=flows.values if self.step == 1 else self.step * flows.values,
            migration_index=flows.index,
            mobility=nothing,
            shift=nothing[:, :, None],
            migration_shift=nothing,
            mode=self.mode,
            step=float(self.step),
            even=self.even,
            first=self.first,
            last=self.last,
        )

    def summary(self, lower_bounds: Sequence[int] = SUMMARY_AGES) -> xr.Dataset:
        """Project and keep sums over age groups: births (year, order) and totals by sex."""
        lower = [a for a in lower_bounds if a in set(self.ages.tolist())]
        borders = np.append(np.searchsorted(self.ages, lower), len(self.ages)).astype(np.int64)
        count, years, ages = self.cells.count, len(self.years), len(self.ages)
        out = allocate(count, years, len(self.orders), len(lower), 2 * ages)
        project_summary(self.summary_inputs(), np.arange(0, count, LANES), borders, out)
        sums = cells_first(out)
        result = self._dataset(
            population=(sums.population, ("time", "sex", "age_group")),
            births=(sums.births, ("year", "order")),
            deaths=(sums.deaths, ("year", "sex")),
            net_migration=(sums.migration, ("year", "sex")),
            migration_adjustment=(sums.adjustment, ("year", "sex")),
            population_lift=(sums.lift, ("year", "sex")),
            population_final=(sums.final.reshape(count, 2, ages), ("sex", "age")),
            age_group=group_labels(lower),
        )
        self._warn_if_altered(sums.altered, sums.adjustment)
        return result

    def _dataset(self, *, age_group: list[str] | None = None, **arrays: Any) -> xr.Dataset:
        times = np.append(self.years, self.years[-1] + self.step)
        step = "step" if self.step == 1 else years_in_words(self.step)
        coords: dict[Any, Any] = {
            "time": ("time", times, {"long_name": "1 January of the year"}),
            "year": ("year", self.years, {"long_name": f"first calendar year of the {step}"}),
            "sex": ("sex", ["female", "male"]),
            "age": ("age", self.ages, {"units": "years", "long_name": "completed age"}),
            "order": ("order", self.orders),
        }
        if age_group is not None:
            coords["age_group"] = ("age_group", age_group)
        labels = {k: xr.DataArray(v[1], dims=v[0], attrs=dict(*v[2:])) for k, v in coords.items()}
        made = {k: self.cells.label(v, dims, labels) for k, (v, dims) in arrays.items()}
        result = xr.Dataset(made)
        if self.orders.tolist() == [ALL_ORDERS]:
            result = result.isel(order=0, drop=True, missing_dims="ignore")
        return describe_flows(describe(result), self.step)

    def _warn_if_altered(self, altered: np.ndarray, adjustment: np.ndarray) -> None:
        if not altered.any():
            return
        c, t = np.unravel_index(int(np.argmax(altered > 0)), altered.shape)
        where = [f"year={self.years[t]}"]
        if self.cells.dims:
            place = np.unravel_index(int(c), self.cells.shape)
            for dim, i in zip(self.cells.dims, place, strict=True):
                label = self.cells.coords[dim].values[i] if dim in self.cells.coords else i
                where.append(f"{dim}={label}")
        persons = float(np.abs(adjustment).sum())
        text = altered_text(int(altered.sum()), persons, ", ".join(where))
        warnings.warn(text, MigrationAdjustmentWarning, stacklevel=4)


def altered_text(groups: int, persons: float, where: str) -> str:
    """What a warning of altered net migration says."""
    return (
        f"net migration would have emptied {groups} age groups and was altered by "
        f"{persons:.6g} persons in all, first at {where}; see migration_adjustment in the result, "
        "and population_lift for what of it lifted groups from below zero; where it matters give "
        "outflows that the groups can bear, such as rates"
    )


def flat(array: np.ndarray) -> np.ndarray:
    """The same memory with sex and age as one axis."""
    return array.reshape(*array.shape[:-2], -1)


def _state(rows: Rows) -> Rows:
    """Both sexes in one vector, women first, as the kernels take them."""
    return Rows(flat(rows.values), rows.index)


def bearing_ages(rates: np.ndarray) -> tuple[int, int]:
    """First and last (exclusive) index of age with any births, clear of both end groups."""
    some = np.flatnonzero(rates.any(axis=(0, 1, 2)))
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
    some = np.flatnonzero((ages >= MOTHERS_AGES[0]) & (ages < MOTHERS_AGES[1]))
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
    return [*closed, f"{lower[-1]}+"]
