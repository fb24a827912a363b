"""The engine without parity: a projection of checked inputs, of every age or in sums over ages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from popsim.cells import Rows
from popsim.engine.adjustment import adjusted, first_place
from popsim.engine.inputs import read
from popsim.engine.layout import Layout, flat, in_turn, lay_out
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.summary import Inputs, allocate, cells_first, project_summary
from popsim.kernels.step import cohort
from popsim.schema.conventions import ORDERS, SUMMARY_AGES
from popsim.schema.variables import describe, years_in_words

#: Arrays of a result by name, each with its dims after those of the cells.
Made = dict[str, tuple[np.ndarray, tuple[str, ...]]]

_BY_AGE = ("sex", "age")


@dataclass(frozen=True)
class Case:
    """One projection, laid out.

    Attributes
    ----------
    layout : Layout
    factor : Rows
        (row, year, order) [1], multiplies the fertility of an order.
    by_order : bool
        Whether births come by order; else all are one.
    even : bool
        Whether half of the net migrants come at the start of the step.
    women : Rows, optional
        (row, parity, age) [persons].
    """

    layout: Layout
    factor: Rows
    by_order: bool
    even: bool
    women: Rows | None = None


def case_of(
    data: xr.Dataset,
    *,
    fertility: xr.DataArray | None = None,
    factor: xr.DataArray | None = None,
    women: xr.DataArray | None = None,
    timing: str = "even",
) -> Case:
    """Lay a projection out.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`popsim.engine.inputs.check_inputs`.
    fertility : xarray.DataArray, optional
        (..., year, order, age) [births per woman and year], the orders adding up, or (..., year,
        parity, age) [births per woman of the parity and year]; ``fertility_rate`` of the data,
        all orders being one, if absent.
    factor : xarray.DataArray, optional
        (..., year), by order too where the fertility is [1]; multiplies it. Small, so it may vary
        over draws and scenarios where the rates themselves are shared.
    women : xarray.DataArray, optional
        (..., parity, age) [persons]; births then come by the parity of the mother.
    timing : {"even", "end"}
    """
    data = read(data)
    fertility = data["fertility_rate"] if fertility is None else fertility
    split = [d for d in ("order", "parity") if d in fertility.dims]
    # The factor first: its leading dims (scenario, draw) then lead in the result.
    arrays = {} if factor is None else {"factor": factor}
    arrays |= {str(k): v for k, v in data.data_vars.items()}
    if women is not None:
        arrays["women_by_parity"] = women
    arrays["fertility_rate"] = fertility
    layout = lay_out(
        data, fertility, ("year", *split, "age"), leading=arrays, births_move=women is not None
    )
    cells, years = layout.cells, len(layout.years)
    if factor is None:
        ones = np.ones((1, years, len(ORDERS) if split else 1))
        rows = Rows(ones, np.zeros(cells.count, dtype=np.int64))
    else:
        rows = cells.rows(factor, ("year", *(["order"] if split else [])))
    if not split:  # to a kernel all births are one order
        rates, rows = layout.fertility, Rows(rows.values.reshape(-1, years, 1), rows.index)
        layout = replace(layout, fertility=Rows(rates.values[:, :, None], rates.index))
    split_women = None if women is None else cells.rows(women, ["parity", "age"])
    return Case(layout, rows, bool(split), timing == "even", split_women)


def full(case: Case) -> xr.Dataset:
    """Project and keep every age: births (year, order, age), the rest as in project()."""
    made, altered = _run(case)
    return labelled(case, made, altered)


def path(case: Case) -> xr.Dataset:
    """As :func:`full`, of adjusted migration not a word: what others compute with."""
    made, _ = _run(case)
    return labelled(case, made)


def _run(case: Case) -> tuple[Made, np.ndarray]:
    """Arrays of every age, and in how many groups outflow was adjusted (cell, year)."""
    layout = case.layout
    population, flows, altered = every_age(layout)
    births = np.empty((*altered.shape, case.factor.values.shape[-1], len(layout.ages)))
    cohort.project_full(
        *rows_of(case), layout.mode, float(layout.step), case.even, layout.first, layout.last,
        flat(population), births, *map(flat, flows), altered,
    )  # fmt: skip
    return made_of_every_age(population, births, flows), altered


def rows_of(case: Case) -> list[np.ndarray]:
    """Inputs of a case as the step kernels take them."""
    layout, women = case.layout, () if case.women is None else (case.women,)
    rates = (layout.survival, layout.fertility, case.factor, layout.srb, layout.flows)
    return in_turn(layout.population, *women, *rates)


def every_age(layout: Layout) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """A workspace for the population, for flows by sex and age, and for what was adjusted."""
    count, years, ages = layout.cells.count, len(layout.years), len(layout.ages)
    population = np.empty((count, years + 1, 2, ages))
    # Pages of zeros that are never written cost no memory.
    flows = [np.empty((count, years, 2, ages))]  # deaths
    flows += [np.zeros((count, years, 2, ages)) for _ in FLOWS[1:]]
    return population, flows, np.empty((count, years), dtype=np.int64)


#: Flows by sex, in the order in which the kernels write them.
FLOWS = ("deaths", "net_migration", "migration_adjustment", "population_lift")


def made_of_every_age(
    population: np.ndarray, births: np.ndarray, flows: Sequence[np.ndarray]
) -> Made:
    """What a kernel wrote of every age, by name."""
    return {
        "population": (population, ("time", *_BY_AGE)),
        "births": (births, ("year", "order", "age")),
        **{n: (v, ("year", *_BY_AGE)) for n, v in zip(FLOWS, flows, strict=True)},
    }


def summary_inputs(case: Case) -> Inputs:
    """The case as the summary kernel takes it: nothing is drawn but the factor."""
    layout, nothing = case.layout, np.empty((0, 0))
    flows = layout.flows.values
    return Inputs(
        population=layout.population.values,
        population_index=layout.population.index,
        survival=layout.survival.values[:, :, None],
        survival_index=layout.survival.index,
        fertility=layout.fertility.values,
        fertility_index=layout.fertility.index,
        factor=case.factor.values,
        factor_index=case.factor.index,
        srb=layout.srb.values,
        srb_index=layout.srb.index,
        migration=flows if layout.step == 1 else layout.step * flows,
        migration_index=layout.flows.index,
        mobility=nothing,
        shift=nothing[:, :, None],
        migration_shift=nothing,
        mode=layout.mode,
        step=float(layout.step),
        even=case.even,
        first=layout.first,
        last=layout.last,
    )


def summary(case: Case, lower_bounds: Sequence[int] = SUMMARY_AGES) -> xr.Dataset:
    """Project and keep sums over age groups: births (year, order) and totals by sex."""
    layout = case.layout
    lower, borders = layout.borders(lower_bounds)
    count, years, ages = layout.cells.count, len(layout.years), len(layout.ages)
    out = allocate(count, years, case.factor.values.shape[-1], len(lower), 2 * ages)
    project_summary(summary_inputs(case), np.arange(0, count, LANES), borders, out)
    sums = cells_first(out)
    made = {
        "population": (sums.population, ("time", "sex", "age_group")),
        "births": (sums.births, ("year", "order")),
        "deaths": (sums.deaths, ("year", "sex")),
        "net_migration": (sums.migration, ("year", "sex")),
        "migration_adjustment": (sums.adjustment, ("year", "sex")),
        "population_lift": (sums.lift, ("year", "sex")),
        "population_final": (sums.final.reshape(count, 2, ages), _BY_AGE),
    }
    return labelled(case, made, sums.altered, lower)


def labelled(
    case: Case,
    made: Mapping[str, tuple[np.ndarray, tuple[str, ...]]],
    altered: np.ndarray | None = None,
    lower: Sequence[int] = (),
) -> xr.Dataset:
    """The result of a projection with its labels; warns where migration was adjusted."""
    layout = case.layout
    step = "step" if layout.step == 1 else years_in_words(layout.step)
    labels = layout.labels(lower, year=f"first calendar year of the {step}")
    named = dict(made)
    if not case.by_order:
        births, dims = named["births"]
        named["births"] = births[:, :, 0], tuple(d for d in dims if d != "order")
    result = describe(layout.dataset(named, labels), step=layout.step)
    if altered is not None and (place := first_place(altered)) is not None:
        adjustment = made["migration_adjustment"][0]
        adjusted(altered, adjustment, layout.at(*place)).warn(stacklevel=4)
    return result
