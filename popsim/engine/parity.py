"""Women by parity: ``consistent_rates()`` and the engine that projects by conditional rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from popsim.engine.adjustment import ROUNDING, LostBirths
from popsim.engine.classic import (
    FLOWS,
    Case,
    Made,
    case_of,
    every_age,
    labelled,
    made_of_every_age,
    rows_of,
)
from popsim.engine.inputs import check_inputs
from popsim.engine.layout import flat
from popsim.engine.parity_inputs import check_orders, check_women, incidence_rates, women_of
from popsim.kernels.step import parity as kernel
from popsim.schema.conventions import ORDERS, PARITIES, SUMMARY_AGES
from popsim.schema.provenance import provenance
from popsim.schema.variables import describe

#: Births a year per woman of a parity up to which :func:`consistent_rates` raises a rate
#: before other orders bear the rest. An assumption: twice what the shipped baselines start
#: from, and short of what would leave nobody to respond.
CEILING = 0.5


def consistent_rates(
    inputs: xr.Dataset | Mapping[str, xr.DataArray], *, timing: str = "even"
) -> xr.Dataset:
    r"""Conditional rates by which the parity engine has the births of the classic engine.

    Parameters
    ----------
    inputs : xarray.Dataset
        As for :func:`popsim.project`, with ``women_by_parity`` (parity, age) [persons] and one
        of ``birth_order_share`` (order, age) [1], the orders of the births of the first year,
        and ``fertility_rate_by_order`` (year, order, age) [births per woman and year], those
        of every year.
    timing : {"even", "end"}

    Returns
    -------
    xarray.Dataset
        - ``conditional_fertility_rate`` (..., year, parity, age) [births per woman of the
          parity and year]
        - ``fertility_rate_by_order`` (..., year, order, age) [births per woman and year]:
          incidence rates as they come out
        - ``women_by_parity`` (..., time, parity, age) [persons]
        - ``population`` (..., time, sex, age) [persons]
        - ``births_reordered``, ``births_displaced`` (..., year) [persons]: births that women of
          another parity, or of another age, bear than those asked for

    Raises
    ------
    InfeasibleError
        More births than all women of reproductive age can bear.
    BoundsError
        Parities or orders that do not add up.
    ConflictError
        Both forms of birth order at once.
    InputError
        As from :func:`popsim.project`; rates by order that do not add up to
        ``fertility_rate``.

    Notes
    -----
    The step of the kernel with births given,
    :math:`B(a) = n f(a) \tfrac12 (A_a + E_a)`, of which order :math:`o` has the share
    :math:`s_o(a)`, and :math:`c_k(a) = s_o(a) B(a) / (n X_k(a))` with the exposed women
    :math:`X` of the parity (:mod:`popsim.kernels.step.parity`). From shares of the first year
    :math:`t_0`, later years have conditional rates in the proportions of that year,

    .. math:: c_k(t, a) = \min[\lambda(t, a)\, c_k(t_0, a),\; \text{CEILING}],

    :math:`\lambda` being what gives the births of the age; so the order mix follows from
    how the women stand by parity. (A rate above :data:`CEILING` in the first year is its own
    ceiling.) Births of third and higher order are borne by women with two children and
    with more at one rate.

    Births are conserved. No woman bears more than once a step; where the women of a parity are
    too few for the births of their order, the others of the age bear them: in their proportions
    up to the ceiling, then all parities by one share of what each has left. Where the women of
    an age are too few, those of the nearest ages do
    (:func:`popsim.kernels.bearing.fill_rates`, :func:`~popsim.kernels.bearing.spread_over_ages`).

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("huzhou", end=2022)
    >>> women = baseline.population.sel(sex="female", drop=True)
    >>> shares = xr.DataArray([0.3, 0.4, 0.2, 0.1], dims="parity", coords={"parity": range(4)})
    >>> rates = consistent_rates(baseline.assign(women_by_parity=women * shares))
    >>> rates.conditional_fertility_rate.dims
    ('year', 'parity', 'age')
    """
    data = check_inputs(inputs, timing=timing, outputs="full")
    check_orders(inputs)
    check_women(inputs)
    made = rates_of_checked(
        data,
        incidence_rates(inputs),
        women_of(inputs),
        timing=timing,
        first_year="birth_order_share" in inputs,
    )
    made.attrs = provenance("consistent_rates", timing=timing)
    return made


def rates_of_checked(
    data: xr.Dataset,
    asked: xr.DataArray,
    women: xr.DataArray,
    *,
    first_year: bool,
    timing: str = "even",
) -> xr.Dataset:
    """Conditional rates of inputs that were checked; see :func:`consistent_rates`.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`popsim.engine.inputs.check_inputs`.
    asked : xarray.DataArray
        (..., year, order, age) incidence rates asked for [births per woman and year].
    women : xarray.DataArray
        (..., parity, age) [persons].
    first_year : bool
        Whether only the orders of the first year are asked for.
    timing : {"even", "end"}
    """
    data = data.drop_vars("fertility_rate", errors="ignore")
    case = case_of(data, fertility=asked, women=women, timing=timing)
    arrays, _ = _run(case, kernel.FIRST_YEAR if first_year else kernel.BY_ORDER)
    kept = ("conditional_fertility_rate", "women_by_parity", "population", "births")
    exposed = (_exposed(case, arrays) * case.layout.step, ("year", "age"))
    made = labelled(case, {**{k: arrays[k] for k in kept}, "exposed": exposed})
    births, exposed_women = made["births"].drop_attrs(), made["exposed"]
    total = births.sum("order")
    wanted = (asked.sum("order") * exposed_women).clip(0.0).drop_attrs()
    _refuse_lost((wanted - total).sum("age"), wanted.sum("age"))
    rate = births / exposed_women.where(exposed_women > 0.0, 1.0)
    mix = _mix(asked)
    if first_year:  # later years keep the rates of the first in their proportions
        later = _mix(_kept(made["conditional_fertility_rate"], births))
        mix = xr.where(asked["year"] == asked["year"][0], mix, later)
    moved: dict[str, xr.DataArray] = {
        "births_displaced": (wanted - total).clip(0.0).sum("age"),
        "births_reordered": 0.5 * abs(births - total * mix).sum(["order", "age"]),
    }
    made = made.drop_vars(["births", "exposed"])
    made["fertility_rate_by_order"] = rate.transpose(*births.dims)
    for name, births_moved in moved.items():
        made[name] = births_moved.where(births_moved > ROUNDING * total.sum("age"), 0.0)
    return describe(made, step=case.layout.step)


def _mix(births: xr.DataArray) -> xr.DataArray:
    """Shares of the orders; those of nobody where nobody bears."""
    total = births.sum("order")
    return births / total.where(total > 0.0, 1.0)


def _kept(rates: xr.DataArray, births: xr.DataArray) -> xr.DataArray:
    """Births by order in proportion to the conditional rates of the first year, women as now."""
    by_order = rates.isel(parity=[0, 1, 2], drop=True).rename(parity="order")
    by_order = by_order.assign_coords(order=births["order"])
    women = births / by_order.where(by_order > 0.0)  # who bore none had no rate to keep
    return (by_order.isel(year=0, drop=True) * women).fillna(0.0)


def _refuse_lost(lost: xr.DataArray, births: xr.DataArray) -> None:
    """Raise where births are lost beyond rounding."""
    bad = lost > ROUNDING * births
    if bool(bad.any()):
        some = lost.where(bad).stack(at=lost.dims).dropna("at")
        LostBirths(float(some.sum()), some.size, {d: some[d].values[0] for d in lost.dims}).refuse()


def _exposed(case: Case, made: Made) -> np.ndarray:
    """Women (cell, year, age) to whom births of the year are referred."""
    women, moves, lift = (
        made[name][0][:, :, 0] for name in ("population", "net_migration", "population_lift")
    )
    moves = moves - lift  # which comes after the births
    at_start = moves / 2.0 if case.even else 0.0
    at_end = lift if case.even else lift + moves  # who comes then has borne elsewhere
    exposed: np.ndarray = (women[:, :-1] + at_start + women[:, 1:] - at_end) / 2.0
    return exposed


def _run(case: Case, given: int = kernel.CONDITIONAL) -> tuple[Made, np.ndarray]:
    """Arrays of every age, and in how many groups outflow was adjusted (cell, year)."""
    layout = case.layout
    count, years, ages = layout.cells.count, len(layout.years), len(layout.ages)
    population, flows, altered = every_age(layout)
    women = np.empty((count, years + 1, len(PARITIES), ages))
    converted = 1 if given == kernel.CONDITIONAL else years
    rates = np.zeros((count, converted, len(PARITIES), ages))
    births = np.zeros((count, years, len(ORDERS), ages))
    ceiling = min(CEILING * layout.step, 1.0)
    kernel.project_full(
        *rows_of(case), layout.mode, float(layout.step), case.even, layout.first, layout.last,
        given, ceiling, flat(population), women, rates, births, *map(flat, flows), altered,
    )  # fmt: skip
    made = made_of_every_age(population, births, flows)
    first: Made = {
        "population": made.pop("population"),
        "women_by_parity": (women, ("time", "parity", "age")),
        "conditional_fertility_rate": (rates, ("year", "parity", "age")),
    }
    return first | made, altered


def full(case: Case) -> xr.Dataset:
    """Project and keep every age; ``total_fertility_rate`` (year) as it came out."""
    made, altered = _run(case)
    del made["conditional_fertility_rate"]
    exposed = _exposed(case, made)
    births = made["births"][0].sum(axis=2)
    rates = np.divide(births, exposed, out=np.zeros_like(births), where=exposed > 0.0)
    made["total_fertility_rate"] = (rates.sum(axis=2), ("year",))
    return labelled(case, made, altered)


def path(case: Case) -> xr.Dataset:
    """As :func:`full`, of adjusted migration not a word: what others compute with."""
    made, _ = _run(case)
    del made["conditional_fertility_rate"]  # as given, and of one year
    return labelled(case, made)


def summary(case: Case, lower_bounds: Sequence[int] = SUMMARY_AGES) -> xr.Dataset:
    """Project and keep sums over age groups; ``total_fertility_rate`` (year) as it came out."""
    layout = case.layout
    lower, borders = layout.borders(lower_bounds)
    count, years, ages = layout.cells.count, len(layout.years), len(layout.ages)
    population = np.empty((count, years + 1, 2, len(lower)))
    births, fertility = np.empty((count, years, len(ORDERS))), np.empty((count, years))
    flows = [np.zeros((count, years, 2)) for _ in FLOWS]
    altered = np.empty((count, years), dtype=np.int64)
    final, women = np.empty((count, 2, ages)), np.empty((count, len(PARITIES), ages))
    kernel.project_summary(
        *rows_of(case), layout.mode, float(layout.step), case.even, layout.first, layout.last,
        borders, population, births, fertility, *flows, altered, flat(final), women,
    )  # fmt: skip
    made = {
        "population": (population, ("time", "sex", "age_group")),
        "births": (births, ("year", "order")),
        "total_fertility_rate": (fertility, ("year",)),
        **{n: (v, ("year", "sex")) for n, v in zip(FLOWS, flows, strict=True)},
        "population_final": (final, ("sex", "age")),
        "women_by_parity_final": (women, ("parity", "age")),
    }
    return labelled(case, made, altered, lower)
