"""One block of regions with all draws and scenarios: arrays for the kernel, and labels back."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import xarray as xr

from popsim.cells import Rows
from popsim.engine.adjustment import ROUNDING, Adjustment, LostBirths, Notes, adjusted, first_place
from popsim.engine.layout import Layout, by_sex, lay_out
from popsim.engine.parity import CEILING
from popsim.kernels.lanes.first_year import first_year_rates
from popsim.kernels.lanes.inputs import Demography, EveryAge, Policy, Summary
from popsim.kernels.lanes.simulation import simulate
from popsim.kernels.lanes.women import DISPLACED, LOST, MOVED, REORDERED
from popsim.schema.conventions import CHILD_END, CHILD_GROUPS, ORDERS, PARITIES

#: Stocks that may be left out: by their name in the result, that in the kernel's summary.
_STOCKS = {
    "population": "population",
    "women_by_parity": "women",
    "completed_parity": "completed",
    "children_by_order": "children",
    "population_final": "final",
}
#: Lower bounds of the groups of children, and where the last of them ends.
CHILD_BORDERS = np.array([*CHILD_GROUPS, CHILD_END], dtype=np.int64)

#: Arrays of a result by name, each with its dims after those of the scenario and the cells.
_Made = dict[str, tuple[np.ndarray, tuple[str, ...]]]


def simulated(
    data: xr.Dataset,
    draws: xr.Dataset,
    policy: Policy,
    *,
    scenarios: Sequence[str],
    instruments: Sequence[str],
    lower_bounds: Sequence[int],
    every_age: bool = False,
    wanted: Container[str] | None = None,
) -> tuple[xr.Dataset, Notes]:
    """Simulate a block of regions, and label what comes out; and what is to be said of it.

    Parameters
    ----------
    data : xarray.Dataset
        population (sex, age), fertility_rate (year, age), women_by_parity (parity, age),
        children_by_order (order, child_age), sex_ratio_at_birth (year), survival_polynomial
        (year, coefficient, sex, age), at most one form of net migration, and
        birth_order_share (order, age) or conditional_fertility_rate (year, parity, age); all
        with the dim ``region`` or without it, women_by_parity also with ``draw``.
    draws : xarray.Dataset
        fertility_factor, migration_shift, sex_ratio_factor (draw, year) and
        life_expectancy_shift (draw, year, sex), in the unit of the polynomial.
    policy : Policy
        Rows of draws, or of regions times draws.
    scenarios : sequence of str
        Names, the baseline first.
    instruments : sequence of str
    lower_bounds : sequence of int
        Of the age groups.
    every_age : bool
    wanted : container of str, optional
        Stocks that it does not name are left out; none is if absent.
    """
    layout, demography = laid_out(data, draws)
    lower, borders = layout.borders(lower_bounds)
    shape = (len(scenarios), layout.cells.count, len(layout.years))
    summary = room_for_sums(shape, len(layout.ages), len(lower), len(instruments))
    every = room_for_ages(shape, len(layout.ages), every_age)
    left_out = [] if wanted is None else [n for n in _STOCKS if n not in wanted]
    if "women_by_parity" not in left_out or "completed_parity" not in left_out:
        left_out = [n for n in left_out if n not in ("women_by_parity", "completed_parity")]
    summary = without(summary, [_STOCKS[name] for name in left_out])
    simulate(demography, policy, borders, CHILD_BORDERS, summary, every)

    labels = layout.labels(
        lower,
        scenario=np.array(scenarios, dtype=str),
        instrument=np.array(instruments, dtype=str),
    )
    made = _of_scenarios(summary, every if every_age else None)
    made = {name: given for name, given in made.items() if name not in left_out}
    result = layout.dataset(made, labels, ("scenario",))
    moved: _Made = {
        "births_reordered": (summary.moved[..., REORDERED], ("year",)),
        "births_displaced": (summary.moved[..., DISPLACED], ("year",)),
    }
    result = result.assign(layout.dataset(moved, labels))
    lost = lost_births(layout, summary.moved[..., LOST], summary.births[0].sum(axis=-1))
    return result, Notes(_adjustment(layout, summary, scenarios), lost)


def laid_out(data: xr.Dataset, draws: xr.Dataset) -> tuple[Layout, Demography]:
    """A block of regions as the kernel takes it; data and draws as in :func:`simulated`."""
    people, regions = data["population"], [data["region"]] if "region" in data.dims else []
    leading = {str(a.name): a for a in (people, *regions, draws["draw"])}
    fertility = data["fertility_rate"]
    layout = lay_out(data, fertility, leading=leading, births_move=True)
    women = layout.cells.rows(data["women_by_parity"], ["parity", "age"])
    if "conditional_fertility_rate" in data:
        conditional = data["conditional_fertility_rate"]
        rates = layout.cells.rows(conditional, ["year", "parity", "age"])
    else:
        split = layout.cells.rows(data["birth_order_share"], ["order", "age"])
        rates = _first_year(layout, women, split)
    return layout, Demography(
        population=layout.population.values,
        population_index=layout.population.index,
        children=layout.like_people(people, data["children_by_order"], ["order", "child_age"]),
        mobility=layout.mobile(people),
        women=women.values,
        women_index=women.index,
        survival=layout.survival.values,
        survival_index=layout.survival.index,
        shift=layout.of_each_cell(draws["life_expectancy_shift"], ["year", "sex"]),
        fertility=layout.fertility.values,
        fertility_index=layout.fertility.index,
        rates=rates.values,
        rates_index=rates.index,
        luck=layout.of_each_cell(draws["fertility_factor"], ["year"]),
        srb=layout.srb.values,
        srb_index=layout.srb.index,
        srb_factor=layout.of_each_cell(draws["sex_ratio_factor"], ["year"]),
        migration=layout.flows.values,
        migration_index=layout.flows.index,
        migration_shift=layout.of_each_cell(draws["migration_shift"], ["year"]),
        mode=layout.mode,
        first=layout.first,
        last=layout.last,
        ceiling=CEILING,
    )


def _of_scenarios(summary: Summary, every: EveryAge | None) -> _Made:
    """What the kernel wrote of each scenario, by name; of every age where it did."""
    made: _Made = {
        "total_fertility_rate": (summary.fertility, ("year",)),
        "children_by_order": (summary.children, ("time", "order", "child_group")),
        "completed_parity": (summary.completed, ("time", "parity")),
        "childcare_coverage": (summary.coverage, ("year",)),
    }
    if every is not None:
        by_age = ("year", "sex", "age")
        made |= {
            "population": (by_sex(every.population), ("time", "sex", "age")),
            "births": (every.births, ("year", "order", "age")),
            "women_by_parity": (every.women, ("time", "parity", "age")),
            "deaths": (by_sex(every.deaths), by_age),
            "net_migration": (by_sex(every.migration), by_age),
            "migration_adjustment": (by_sex(every.adjustment), by_age),
            "population_lift": (by_sex(every.lift), by_age),
        }
    else:
        made |= {
            "population": (summary.population, ("time", "sex", "age_group")),
            "births": (summary.births, ("year", "order")),
            "women_by_parity": (summary.women, ("time", "parity")),
            "deaths": (summary.deaths, ("year", "sex")),
            "net_migration": (summary.migration, ("year", "sex")),
            "migration_adjustment": (summary.adjustment, ("year", "sex")),
            "population_lift": (summary.lift, ("year", "sex")),
            "population_final": (by_sex(summary.final), ("sex", "age")),
        }
    for name, values, dims in (
        ("cost_by_order", summary.cost, ("year", "instrument", "order")),
        ("cost_deadweight", summary.deadweight, ("year", "instrument")),
        ("cost_shortfall", summary.shortfall, ("year",)),
    ):
        nothing = np.zeros((1, *values.shape[1:]))  # the baseline pays for none of it
        made[name] = np.concatenate([nothing, values]), dims
    return made


def _adjustment(layout: Layout, summary: Summary, scenarios: Sequence[str]) -> Adjustment | None:
    """Where net migration would have emptied an age group, if anywhere."""
    if (place := first_place(summary.altered)) is None:
        return None
    scenario, cell, year = place
    at = layout.at(cell, year)
    first = {"year": at.pop("year"), "scenario": scenarios[scenario], **at}
    return adjusted(summary.altered, summary.adjustment, first)


def lost_births(layout: Layout, lost: np.ndarray, births: np.ndarray) -> LostBirths | None:
    """Where births (cell, year) are lost of those that are borne, if anywhere."""
    some = lost > ROUNDING * births
    if (place := first_place(some)) is None:
        return None
    return LostBirths(float(lost[some].sum()), int(some.sum()), layout.at(*place))


def room_for_sums(shape: tuple[int, int, int], ages: int, groups: int, instruments: int) -> Summary:
    """Arrays for the sums that the kernel writes, by scenario, cell and year."""
    s, c, t = shape
    orders, parities, children = len(ORDERS), len(PARITIES), len(CHILD_GROUPS)
    return Summary(
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
        children=np.empty((s, c, t + 1, orders, children)),
        coverage=np.empty((s, c, t)),
        cost=np.zeros((s - 1, c, t, instruments, orders)),
        deadweight=np.zeros((s - 1, c, t, instruments)),
        shortfall=np.zeros((s - 1, c, t)),
        final=np.empty((s, c, 2 * ages)),
        moved=np.zeros((c, t, MOVED)),
    )


def without(summary: Summary, left_out: Sequence[str]) -> Summary:
    """The arrays, those without cells that are not to be written."""
    for name in left_out:
        array = getattr(summary, name)
        summary = summary._replace(**{name: np.empty((array.shape[0], 0, *array.shape[2:]))})
    return summary


def room_for_ages(shape: tuple[int, int, int], ages: int, every_age: bool) -> EveryAge:
    """Arrays for every age; without cells where nobody asks for it."""
    s, c, t = shape
    k, n = c if every_age else 0, 2 * ages
    return EveryAge(
        population=np.zeros((s, k, t + 1, n)),
        women=np.zeros((s, k, t + 1, len(PARITIES), ages)),
        births=np.zeros((s, k, t, len(ORDERS), ages)),
        deaths=np.zeros((s, k, t, n)),
        migration=np.zeros((s, k, t, n)),
        adjustment=np.zeros((s, k, t, n)),
        lift=np.zeros((s, k, t, n)),
    )


def _first_year(layout: Layout, women: Rows, split: Rows) -> Rows:
    """Conditional rates of the first year by which each row of women has the order mix known."""
    # One cell for each row of women: rows are in the order of the cells that read them first.
    _, cell = np.unique(women.index, return_index=True)
    made = np.zeros((len(cell), 1, len(PARITIES), layout.last))  # none from `last` on
    population, survival, flows = layout.population, layout.survival, layout.flows
    first_year_rates(
        women.values,
        population.values,
        population.index[cell],
        survival.values,
        survival.index[cell],
        flows.values,
        flows.index[cell],
        layout.mode,
        split.values,
        split.index[cell],
        layout.fertility.values,
        layout.fertility.index[cell],
        layout.first,
        layout.last,
        CEILING,
        made[:, 0],
    )
    return Rows(made, women.index)
