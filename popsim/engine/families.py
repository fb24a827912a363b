"""One block of regions with all draws and scenarios: arrays for the kernel, and labels back."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import xarray as xr

from popsim.cells import Rows
from popsim.engine.classic import may_bear
from popsim.engine.layout import CHILD_GROUPS, CHILD_GROUPS_END, Layout, Notes
from popsim.engine.parity import CEILING, ORDERS, PARITIES
from popsim.kernels.lanes.first_year import first_year_rates
from popsim.kernels.lanes.inputs import Demography, EveryAge, Policy, Summary
from popsim.kernels.lanes.simulation import simulate
from popsim.kernels.lanes.women import DISPLACED, LOST, MOVED, REORDERED
from popsim.schema.conventions import SEXES

#: Stocks that may be left out: by their name in the result, that in the kernel's summary.
_STOCKS = {
    "population": "population",
    "women_by_parity": "women",
    "completed_parity": "completed",
    "children_by_order": "children",
    "population_final": "final",
}


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
        self.layout = layout = Layout(data, luck)
        self.scenarios, self.instruments, self.policy = scenarios, instruments, policy
        cells, (first, last) = layout.cells, may_bear(layout.first, layout.last, layout.ages)
        population, survival, flows = layout.population, layout.survival, layout.flows
        women = cells.rows(data["women_by_parity"], ["parity", "age"])
        srb = cells.rows(data["sex_ratio_at_birth"], ["year"])
        mode, fertility = layout.mode, layout.fertility

        if "conditional_fertility_rate" in data:
            rates = cells.rows(data["conditional_fertility_rate"], ["year", "parity", "age"])
        else:
            split = cells.rows(data["birth_order_share"], ["order", "age"])
            rates = _first_year(
                women, population, survival, flows, mode, split, fertility, first, last
            )

        self.demography = Demography(
            population=population.values,
            population_index=population.index,
            children=layout.like_people(data["children_by_order"], ["order", "child_age"]),
            mobility=layout.mobile,
            women=women.values,
            women_index=women.index,
            survival=survival.values,
            survival_index=survival.index,
            shift=layout.drawn("life_expectancy_shift", ["year", "sex"]),
            fertility=fertility.values,
            fertility_index=fertility.index,
            rates=rates.values,
            rates_index=rates.index,
            luck=layout.drawn("fertility_factor", ["year"]),
            srb=srb.values,
            srb_index=srb.index,
            srb_factor=layout.drawn("sex_ratio_factor", ["year"]),
            migration=flows.values,
            migration_index=flows.index,
            migration_shift=layout.drawn("migration_shift", ["year"]),
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
    ) -> tuple[xr.Dataset, Notes]:
        """Simulate, and label what comes out; and what is to be said of it.

        Parameters
        ----------
        lower_bounds : sequence of int
            Of the age groups.
        every_age : bool
        wanted : container of str, optional
            Stocks that it does not name are left out; none is if absent.
        """
        layout = self.layout
        lower, borders = layout.borders(lower_bounds)
        child_borders = np.array([*CHILD_GROUPS, CHILD_GROUPS_END], dtype=np.int64)
        summary, every = self._allocate(len(lower), len(child_borders) - 1, every_age)
        left_out = [] if wanted is None else [n for n in _STOCKS if n not in wanted]
        if "women_by_parity" not in left_out or "completed_parity" not in left_out:
            left_out = [n for n in left_out if n not in ("women_by_parity", "completed_parity")]
        for name in left_out:
            array = getattr(summary, _STOCKS[name])
            nothing = np.empty((array.shape[0], 0, *array.shape[2:]))
            summary = summary._replace(**{_STOCKS[name]: nothing})
        simulate(self.demography, self.policy, borders, child_borders, summary, every)
        by_sex = ("year", "sex")
        arrays: dict[str, tuple[np.ndarray, tuple[str, ...]]] = {
            "total_fertility_rate": (summary.fertility, ("year",)),
            "children_by_order": (summary.children, ("time", "order", "child_group")),
            "completed_parity": (summary.completed, ("time", "parity")),
            "childcare_coverage": (summary.coverage, ("year",)),
        }
        if every_age:
            shape = (*every.population.shape[:3], len(SEXES), len(layout.ages))
            flows = (*every.deaths.shape[:3], len(SEXES), len(layout.ages))
            arrays |= {
                "population": (every.population.reshape(shape), ("time", "sex", "age")),
                "births": (every.births, ("year", "order", "age")),
                "women_by_parity": (every.women, ("time", "parity", "age")),
                "deaths": (every.deaths.reshape(flows), ("year", "sex", "age")),
                "net_migration": (every.migration.reshape(flows), ("year", "sex", "age")),
                "migration_adjustment": (every.adjustment.reshape(flows), ("year", "sex", "age")),
                "population_lift": (every.lift.reshape(flows), ("year", "sex", "age")),
            }
        else:
            arrays |= {
                "population": (summary.population, ("time", "sex", "age_group")),
                "births": (summary.births, ("year", "order")),
                "women_by_parity": (summary.women, ("time", "parity")),
                "deaths": (summary.deaths, by_sex),
                "net_migration": (summary.migration, by_sex),
                "migration_adjustment": (summary.adjustment, by_sex),
                "population_lift": (summary.lift, by_sex),
                "population_final": (_by_sex(summary.final), ("sex", "age")),
            }
        arrays = {name: given for name, given in arrays.items() if name not in left_out}
        labels = layout.labels(lower, self.scenarios, self.instruments)
        made = {name: layout.label(v, dims, labels) for name, (v, dims) in arrays.items()}
        made["net_migration"].attrs["units"] = "persons"  # in the year, not a year
        for name, values, dims in (
            ("cost_by_order", summary.cost, ("year", "instrument", "order")),
            ("cost_deadweight", summary.deadweight, ("year", "instrument")),
            ("cost_shortfall", summary.shortfall, ("year",)),
        ):
            nothing = np.zeros((1, *values.shape[1:]))  # the baseline pays for none of it
            made[name] = layout.label(np.concatenate([nothing, values]), dims, labels)
        for name, kind in (("births_reordered", REORDERED), ("births_displaced", DISPLACED)):
            made[name] = layout.label(summary.moved[..., kind], ("year",), labels, lead=())
        notes = Notes(
            layout.alteration(summary.altered, summary.adjustment, self.scenarios),
            layout.lost_births(summary.moved[..., LOST], summary.births[0].sum(axis=-1)),
        )
        return xr.Dataset(made), notes

    def _allocate(
        self, groups: int, child_groups: int, every_age: bool
    ) -> tuple[Summary, EveryAge]:
        s, c, t = len(self.scenarios), self.layout.cells.count, len(self.layout.years)
        i, n = len(self.instruments), 2 * len(self.layout.ages)
        orders, parities = len(ORDERS), len(PARITIES)
        summary = Summary(
            population=np.empty((s, c, t + 1, 2, groups)),
            births=np.empty((s, c, t, orders)),
            fertility=np.empty((s, c, t)),
            deaths=np.empty((s, c, t, 2)),
            migration=np.zeros((s, c, t, 2)),
            adjustment=np.zeros((s, c, t, 2)),
            lift=np.zeros((s, c, t, 2)),
            altered=np.zeros((s, c, t), dtype=np.int64),
            women=np.empty((s, c, t + 1, parities)),
            completed=np.empty((s, c, t + 1, parities)),
            children=np.empty((s, c, t + 1, orders, child_groups)),
            coverage=np.empty((s, c, t)),
            cost=np.zeros((s - 1, c, t, i, orders)),
            deadweight=np.zeros((s - 1, c, t, i)),
            shortfall=np.zeros((s - 1, c, t)),
            final=np.empty((s, c, n)),
            moved=np.zeros((c, t, MOVED)),
        )
        k = c if every_age else 0
        every = EveryAge(
            population=np.zeros((s, k, t + 1, n)),
            women=np.zeros((s, k, t + 1, parities, n // 2)),
            births=np.zeros((s, k, t, orders, n // 2)),
            deaths=np.zeros((s, k, t, n)),
            migration=np.zeros((s, k, t, n)),
            adjustment=np.zeros((s, k, t, n)),
            lift=np.zeros((s, k, t, n)),
        )
        return summary, every


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
    made = np.zeros((len(cell), 1, len(PARITIES), last))  # no rates from the age `last` on
    first_year_rates(
        women.values,
        population.values,
        population.index[cell],
        survival.values,
        survival.index[cell],
        flows.values,
        flows.index[cell],
        mode,
        split.values,
        split.index[cell],
        fertility.values,
        fertility.index[cell],
        first,
        last,
        CEILING,
        made[:, 0],
    )
    return Rows(made, women.index)


def _by_sex(states: np.ndarray) -> np.ndarray:
    return states.reshape(*states.shape[:-1], len(SEXES), states.shape[-1] // len(SEXES))
