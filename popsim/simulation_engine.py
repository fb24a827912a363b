"""One block of regions with all draws and scenarios: arrays for the kernel, and labels back."""

from __future__ import annotations

import warnings
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import xarray as xr

from popsim.demography.mobility import mobility
from popsim.errors import MigrationAdjustmentWarning
from popsim.kernels import cohort
from popsim.kernels.first_year import first_year_rates
from popsim.kernels.simulation import simulate
from popsim.kernels.simulation_inputs import Demography, EveryAge, Policy, Summary
from popsim.parity_engine import CEILING, ORDERS, PARITIES
from popsim.projection import MIGRATION_MODES, bearing_ages, flat, group_labels
from popsim.schema.cells import Cells, Rows
from popsim.schema.variables import SEXES

#: Lower bounds of the groups of children by order: childcare, kindergarten, and three of school.
CHILD_GROUPS = (0, 3, 6, 12, 15)
_CHILD_GROUPS_END = 18
#: Stocks that may be left out: by their name in the result, that in the kernel's summary.
_STOCKS = {
    "population": "population",
    "women_by_parity": "women",
    "completed_parity": "completed",
    "children_by_order": "children",
    "population_final": "final",
}
_CORE = ("year", "sex", "age", "order", "parity", "child_age", "coefficient")


class SimulationEngine:
    """One block of regions, laid out for the simulation kernel.

    Parameters
    ----------
    data : xarray.Dataset
        population (sex, age), fertility_rate (year, age), women_by_parity (parity, age),
        children_by_order (order, child_age), sex_ratio_at_birth (year), survival_polynomial
        (year, coefficient, sex, age), at most one form of net migration, and
        birth_order_share (order, age) or conditional_fertility_rate (year, parity, age); all
        with the dim ``region`` or without it, women_by_parity also with ``draw``.
    luck : xarray.Dataset
        fertility_factor, migration_shift, sex_ratio_factor (draw, year) and
        life_expectancy_shift (draw, year, sex), in the unit of the polynomial.
    policy : Policy
        Rows of draws, or of regions times draws.
    scenarios : sequence of str
        Names, the baseline first.
    instruments : sequence of str
    """

    def __init__(
        self,
        data: xr.Dataset,
        luck: xr.Dataset,
        policy: Policy,
        *,
        scenarios: Sequence[str],
        instruments: Sequence[str],
    ) -> None:
        self.ages, self.years = data["age"].values, data["year"].values
        self.scenarios, self.instruments, self.policy = scenarios, instruments, policy
        leading = {"factor": luck["fertility_factor"], "people": data["population"]}
        self.cells = cells = Cells(leading, core=_CORE)
        if "region" in cells.dims:  # draws innermost
            ordered = {"people": data["population"], "factor": luck["fertility_factor"]}
            self.cells = cells = Cells(ordered, core=_CORE)
        people = data["population"]
        by_region = [d for d in people.dims if d not in ("sex", "age")]
        population = _state(cells.rows(people, ["sex", "age"]))

        def like_people(array: xr.DataArray, core: list[str]) -> np.ndarray:
            missing = {d: people[d] for d in by_region if d not in array.dims}
            return cells.rows(array.expand_dims(missing), core).values

        form = next((n for n in MIGRATION_MODES if n in data), None)
        mode = MIGRATION_MODES[form] if form else cohort.CLOSED
        moves = mobility(people)
        if mode == cohort.CLOSED:
            nobody = np.zeros((1, len(self.years), 1))
            flows = Rows(nobody, np.zeros(cells.count, dtype=np.int64))
            mobile = np.zeros((len(population.values), 1))
        elif mode == cohort.TOTAL:
            flows = cells.rows(data[form], ["year"])
            flows = Rows(flows.values[:, :, None], flows.index)
            mobile = like_people(people.sum(["sex", "age"]), [])[:, None]
        else:
            flows = _state(cells.rows(data[form], ["year", "sex", "age"]))
            if mode == cohort.COUNTS:
                moves = moves * people
            mobile = flat(like_people(moves, ["sex", "age"]))

        fertility = cells.rows(data["fertility_rate"], ["year", "age"])
        women = cells.rows(data["women_by_parity"], ["parity", "age"])
        survival = _state(
            cells.rows(data["survival_polynomial"], ["year", "coefficient", "sex", "age"])
        )
        srb = cells.rows(data["sex_ratio_at_birth"], ["year"])
        first, last = bearing_ages(fertility.values[:, :, None])

        if "conditional_fertility_rate" in data:
            rates = cells.rows(data["conditional_fertility_rate"], ["year", "parity", "age"])
        else:
            split = cells.rows(data["birth_order_share"], ["order", "age"])
            rates = _first_year(
                women, population, survival, flows, mode, split, fertility, first, last
            )

        def drawn(name: str, core: list[str]) -> np.ndarray:
            rows = cells.rows(luck[name], core)
            return np.ascontiguousarray(rows.values[rows.index])

        self.demography = Demography(
            population=population.values,
            population_index=population.index,
            children=like_people(data["children_by_order"], ["order", "child_age"]),
            mobility=mobile,
            women=women.values,
            women_index=women.index,
            survival=survival.values,
            survival_index=survival.index,
            shift=drawn("life_expectancy_shift", ["year", "sex"]),
            fertility=fertility.values,
            fertility_index=fertility.index,
            rates=rates.values,
            rates_index=rates.index,
            luck=drawn("fertility_factor", ["year"]),
            srb=srb.values,
            srb_index=srb.index,
            srb_factor=drawn("sex_ratio_factor", ["year"]),
            migration=flows.values,
            migration_index=flows.index,
            migration_shift=drawn("migration_shift", ["year"]),
            mode=mode,
            first=first,
            last=last,
            ceiling=CEILING,
        )

    def run(
        self,
        lower_bounds: Sequence[int],
        *,
        every_age: bool = False,
        wanted: Container[str] | None = None,
    ) -> xr.Dataset:
        """Simulate, and label what comes out.

        Parameters
        ----------
        lower_bounds : sequence of int
            Of the age groups.
        every_age : bool
        wanted : container of str, optional
            Stocks that it does not name are left out; none is if absent.
        """
        lower = [a for a in lower_bounds if a in set(self.ages.tolist())]
        borders = np.append(np.searchsorted(self.ages, lower), len(self.ages)).astype(np.int64)
        child_borders = np.array([*CHILD_GROUPS, _CHILD_GROUPS_END], dtype=np.int64)
        summary, every = self._allocate(len(lower), len(child_borders) - 1, every_age)
        left_out = [] if wanted is None else [n for n in _STOCKS if n not in wanted]
        if "women_by_parity" not in left_out or "completed_parity" not in left_out:
            left_out = [n for n in left_out if n not in ("women_by_parity", "completed_parity")]
        for name in left_out:
            array = getattr(summary, _STOCKS[name])
            nothing = np.empty((array.shape[0], 0, *array.shape[2:]))
            summary = summary._replace(**{_STOCKS[name]: nothing})
        simulate(self.demography, self.policy, borders, child_borders, summary, every)
        self._warn_if_altered(summary)
        by_sex = ("year", "sex")
        arrays: dict[str, tuple[np.ndarray, tuple[str, ...]]] = {
            "total_fertility_rate": (summary.fertility, ("year",)),
            "children_by_order": (summary.children, ("time", "order", "child_group")),
            "completed_parity": (summary.completed, ("time", "parity")),
            "childcare_coverage": (summary.coverage, ("year",)),
        }
        if every_age:
            shape = (*every.population.shape[:3], len(SEXES), len(self.ages))
            flows = (*every.deaths.shape[:3], len(SEXES), len(self.ages))
            arrays |= {
                "population": (every.population.reshape(shape), ("time", "sex", "age")),
                "births": (every.births, ("year", "order", "age")),
                "women_by_parity": (every.women, ("time", "parity", "age")),
                "deaths": (every.deaths.reshape(flows), ("year", "sex", "age")),
                "net_migration": (every.migration.reshape(flows), ("year", "sex", "age")),
                "migration_adjustment": (every.adjustment.reshape(flows), ("year", "sex", "age")),
            }
        else:
            arrays |= {
                "population": (summary.population, ("time", "sex", "age_group")),
                "births": (summary.births, ("year", "order")),
                "women_by_parity": (summary.women, ("time", "parity")),
                "deaths": (summary.deaths, by_sex),
                "net_migration": (summary.migration, by_sex),
                "migration_adjustment": (summary.adjustment, by_sex),
                "population_final": (_by_sex(summary.final), ("sex", "age")),
            }
        arrays = {name: given for name, given in arrays.items() if name not in left_out}
        labels = self._labels(lower)
        made = {name: self._label(v, dims, labels) for name, (v, dims) in arrays.items()}
        made["net_migration"].attrs["units"] = "persons"  # in the year, not a year
        for name, values, dims in (
            ("cost_by_order", summary.cost, ("year", "instrument", "order")),
            ("cost_deadweight", summary.deadweight, ("year", "instrument")),
            ("cost_shortfall", summary.shortfall, ("year",)),
        ):
            nothing = np.zeros((1, *values.shape[1:]))  # the baseline pays for none of it
            made[name] = self._label(np.concatenate([nothing, values]), dims, labels)
        return xr.Dataset(made)

    def _allocate(
        self, groups: int, child_groups: int, every_age: bool
    ) -> tuple[Summary, EveryAge]:
        s, c, t = len(self.scenarios), self.cells.count, len(self.years)
        i, n = len(self.instruments), 2 * len(self.ages)
        orders, parities = len(ORDERS), len(PARITIES)
        summary = Summary(
            population=np.empty((s, c, t + 1, 2, groups)),
            births=np.empty((s, c, t, orders)),
            fertility=np.empty((s, c, t)),
            deaths=np.empty((s, c, t, 2)),
            migration=np.zeros((s, c, t, 2)),
            adjustment=np.zeros((s, c, t, 2)),
            altered=np.zeros((s, c, t), dtype=np.int64),
            women=np.empty((s, c, t + 1, parities)),
            completed=np.empty((s, c, t + 1, parities)),
            children=np.empty((s, c, t + 1, orders, child_groups)),
            coverage=np.empty((s, c, t)),
            cost=np.zeros((s - 1, c, t, i, orders)),
            deadweight=np.zeros((s - 1, c, t, i)),
            shortfall=np.zeros((s - 1, c, t)),
            final=np.empty((s, c, n)),
        )
        k = c if every_age else 0
        every = EveryAge(
            population=np.zeros((s, k, t + 1, n)),
            women=np.zeros((s, k, t + 1, parities, n // 2)),
            births=np.zeros((s, k, t, orders, n // 2)),
            deaths=np.zeros((s, k, t, n)),
            migration=np.zeros((s, k, t, n)),
            adjustment=np.zeros((s, k, t, n)),
        )
        return summary, every

    def _labels(self, lower: Sequence[int]) -> dict[str, xr.DataArray]:
        children = group_labels([*CHILD_GROUPS, _CHILD_GROUPS_END])[:-1]
        coords: dict[str, Any] = {
            "scenario": np.array(self.scenarios, dtype=str),
            "time": np.append(self.years, self.years[-1] + 1),
            "year": self.years,
            "sex": list(SEXES),
            "age": self.ages,
            "age_group": group_labels(lower),
            "order": list(ORDERS),
            "parity": list(PARITIES),
            "child_group": children,
            "instrument": np.array(self.instruments, dtype=str),
        }
        made = {k: xr.DataArray(v, dims=k) for k, v in coords.items()}
        made["time"].attrs["long_name"] = "1 January of the year"
        made["year"].attrs["long_name"] = "calendar year"
        made["age"].attrs |= {"units": "years", "long_name": "completed age"}
        return made

    def _label(
        self, values: np.ndarray, core: Sequence[str], labels: dict[str, xr.DataArray]
    ) -> xr.DataArray:
        shaped = values.reshape((values.shape[0], *self.cells.shape, *values.shape[2:]))
        dims = ("scenario", *self.cells.dims, *core)
        coords: dict[Any, Any] = {d: labels[str(d)] for d in dims if d in labels}
        coords |= {k: v for k, v in self.cells.coords.items() if set(v.dims) <= set(dims)}
        return xr.DataArray(shaped, dims=dims, coords=coords)

    def _warn_if_altered(self, summary: Summary) -> None:
        if not summary.altered.any():
            return
        first = int(np.argmax(summary.altered > 0))
        s, c, t = (int(k) for k in np.unravel_index(first, summary.altered.shape))
        at = [f"scenario={self.scenarios[s]}"]
        for dim, i in zip(self.cells.dims, np.unravel_index(int(c), self.cells.shape), strict=True):
            at.append(f"{dim}={self.cells.coords[dim].values[i]}")
        warnings.warn(
            f"net migration would have emptied {int(summary.altered.sum())} age groups and was "
            f"altered by {np.abs(summary.adjustment).sum():.6g} persons in all, first at "
            f"year={self.years[t]}, {', '.join(at)}; see migration_adjustment in the result",
            MigrationAdjustmentWarning,
            stacklevel=4,
        )


def _first_year(
    women: Rows,
    population: Rows,
    survival: Rows,
    flows: Rows,
    mode: int,
    split: Rows,
    fertility: Rows,
    first: int,
    last: int,
) -> Rows:
    """Conditional rates of the first year by which each row of women has the order mix known."""
    # One cell for each row of women: rows are in the order of the cells that read them first.
    _, cell = np.unique(women.index, return_index=True)
    ages = women.values.shape[2]
    people = population.values[population.index[cell]]
    moves = flows.values[flows.index[cell], 0]
    if mode == cohort.CLOSED:
        moves = np.zeros_like(people)
    elif mode == cohort.RATES:
        moves = moves * people
    elif mode == cohort.TOTAL:
        moves = moves * people / people.sum(axis=1, keepdims=True)
    made = first_year_rates(
        women.values,
        survival.values[survival.index[cell], 0, 0, :ages],
        moves[:, :ages],
        split.values[split.index[cell]],
        fertility.values[fertility.index[cell], 0],
        first,
        last,
    )
    return Rows(made[:, None], women.index)


def _state(rows: Rows) -> Rows:
    """Both sexes in one vector, women first, as the kernels take them."""
    return Rows(flat(rows.values), rows.index)


def _by_sex(states: np.ndarray) -> np.ndarray:
    return states.reshape(*states.shape[:-1], len(SEXES), states.shape[-1] // len(SEXES))
