"""``simulate()``: a baseline and policy scenarios on the same draws of everything uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
import xarray as xr

from popsim.demography.dependency import dependency_ratio
from popsim.demography.fertility import total_fertility_rate
from popsim.errors import BoundsError, DimensionError, InputError, MissingVariableError
from popsim.parity_engine import ParityEngine, check_orders, check_women, consistent_rates
from popsim.policy.cost import payments
from popsim.policy.response import Responsiveness, check_place, fertility_multipliers
from popsim.projection import Engine, check_inputs
from popsim.scenario.load import load_scenario
from popsim.scenario.model import ORDERS, Scenario
from popsim.schema.checks import check_values
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe
from popsim.uncertainty.fertility import fertility_factors
from popsim.uncertainty.migration import migration_paths
from popsim.uncertainty.mortality import life_expectancy_shifts, survival_paths

BASELINE = "baseline"

AnyScenario = Scenario | str | PathLike[str]


def simulate(
    baseline: xr.Dataset,
    scenarios: AnyScenario | Sequence[AnyScenario],
    *,
    end: int | None = None,
    draws: int = 1000,
    seed: int = 0,
    outputs: str = "summary",
    parity: bool = False,
) -> xr.Dataset:
    """Simulate policy scenarios beside their baseline.

    Parameters
    ----------
    baseline : xarray.Dataset
        From :func:`popsim.load_baseline` or :func:`popsim.build_baseline`, with
        fertility_rate_by_order.
    scenarios : Scenario, name or path, or a sequence of them
    end : int, optional
        Last calendar year; the baseline's if absent.
    draws : int
        Number of draws of fertility, mortality, migration, response and take-up.
    seed : int
        The same seed gives the same bits.
    outputs : {"summary", "full"}
        Sums over age groups, or every age.
    parity : bool
        Whether women are projected by parity: births come from conditional rates, and
        women who bear earlier are missed later. The baseline must carry women_by_parity.

    Returns
    -------
    xarray.Dataset
        Dims scenario (first "baseline") and draw before all others; ``births`` (year, order;
        with "full" also age), ``population``, ``deaths``, ``net_migration`` and
        ``migration_adjustment`` as :func:`popsim.project` gives them for the same
        ``outputs``; ``total_fertility_rate`` (year), ``dependency_ratio``,
        ``child_dependency_ratio`` and ``old_age_dependency_ratio`` (time) [percent, 15-64],
        ``cost`` (year, instrument) [yuan]. By parity also ``women_by_parity`` (time, parity,
        age), in a summary ``women_by_parity_final`` (parity, age).

    Raises
    ------
    InputError
        As from :func:`popsim.project`; draws below 1; an end that the baseline does not
        reach; two scenarios of one name.
    ConflictError
        A scenario for another place.
    DimensionError
        A baseline of several regions.
    ScenarioError, UnknownPlaceError
        A scenario that cannot be loaded.

    Notes
    -----
    Every scenario and the baseline read the same draws (common random numbers), so the
    difference between two of them is the policy's and holds no noise of its own.

    By parity the baseline's central paths are turned into conditional rates once
    (:func:`popsim.parity_engine.consistent_rates`, which moves births of an order that too
    few women could bear; the attribute ``births_moved`` is their share). Draws of fertility
    and policies multiply these; the split into lasting effect and timing is that of
    :func:`popsim.policy.response.in_time`, on conditional rates.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("ouhai", end=2030)
    >>> result = ps.simulate(baseline, "ouhai", draws=20, seed=1)
    >>> result.births.dims
    ('scenario', 'draw', 'year', 'order')
    """
    packages = _load(scenarios)
    inputs = _until(baseline, end)
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if not isinstance(value, int | np.integer) or value < least:
            raise BoundsError(
                f"{name} is not a whole number from {least}",
                where=name,
                got=value,
                allowed=f"{least} or more",
            )
    checked = check_inputs(inputs, timing="even", outputs=outputs)
    _refuse_several_or_none(checked)
    by_order = check_orders(inputs)
    rates = consistent_rates(inputs, excess="move") if parity else None
    registered = _registered_share(inputs)
    place = baseline.attrs.get("place")
    for package in packages:
        check_place(package, place)

    data, luck = _drawn(inputs, checked, draws, seed)
    tfr_by_order = total_fertility_rate(by_order).transpose("year", "order")
    factor = _factors(packages, luck, tfr_by_order, registered, seed)
    if rates is None:
        engine = Engine(data, fertility=by_order, factor=factor)
    else:
        conditional = rates["conditional_fertility_rate"]
        data = data.drop_vars("fertility_rate")
        women = check_women(inputs, checked)
        engine = ParityEngine(data, women=women, rates=conditional, factor=factor)
    result = engine.summary() if outputs == "summary" else engine.full()
    if rates is None:
        result["total_fertility_rate"] = (factor * tfr_by_order).sum("order")
    result["cost"] = _costs(result, packages, registered, seed)
    population = result["population"]
    result["dependency_ratio"] = dependency_ratio(population, kind="total")
    result["child_dependency_ratio"] = dependency_ratio(population, kind="child")
    result["old_age_dependency_ratio"] = dependency_ratio(population, kind="old_age")
    result.attrs = {
        **{k: v for k, v in baseline.attrs.items() if not str(k).startswith("popsim_")},
        **provenance(
            "simulate",
            scenarios=[p.name for p in packages],
            draws=draws,
            seed=seed,
            outputs=outputs,
        ),
        "scenario_yaml": "\n---\n".join(package.to_yaml() for package in packages),
    }
    if rates is not None:
        result.attrs["births_moved"] = rates.attrs["births_moved"]
    return describe(result)


def _load(scenarios: AnyScenario | Sequence[AnyScenario]) -> list[Scenario]:
    if scenarios is None:
        raise InputError(
            "no scenario is given",
            where="scenarios",
            got=None,
            allowed="a Scenario, a name, a path, or a list of them",
            fix="for the baseline alone give an empty list",
        )
    several = [scenarios] if isinstance(scenarios, Scenario | str | PathLike) else list(scenarios)
    loaded = [s if isinstance(s, Scenario) else load_scenario(s) for s in several]
    names = [s.name for s in loaded]
    for name in names:
        if names.count(name) > 1 or name == BASELINE:
            raise InputError(
                "scenario names must differ from each other and from 'baseline'",
                where="scenarios",
                got=names,
                fix="rename one: scenario.model_copy(update={'name': ...})",
            )
    return loaded


def _until(baseline: xr.Dataset, end: int | None) -> xr.Dataset:
    years = baseline["year"].values
    if end is None:
        return baseline
    if not isinstance(end, int | np.integer) or end not in years:
        raise InputError(
            "the baseline does not reach the end of the simulation",
            where="end",
            got=end,
            allowed=f"{years[0]} to {years[-1]}",
            fix="load or build the baseline with a later end",
        )
    return baseline.sel(year=slice(None, end))


def _refuse_several_or_none(checked: xr.Dataset) -> None:
    """Raise unless there is one population with somebody in it."""
    leading = [d for d in checked.dims if d not in ("year", "sex", "age")]
    if leading:
        raise DimensionError(
            "a simulation takes one population at a time",
            where="baseline",
            got=f"a further dimension {leading[0]!r}",
            allowed="dims year, sex, age",
            fix=f"select one: baseline.sel({leading[0]}=...)",
        )
    if not float(checked["population"].sum()) > 0.0:
        raise BoundsError(
            "the population is empty", where="population", got=0.0, allowed="somebody"
        )


def _registered_share(inputs: xr.Dataset) -> float | None:
    if "registered_share" not in inputs:
        return None
    check_values(inputs["registered_share"], VARIABLES["registered_share"])
    return float(inputs["registered_share"])


def _drawn(
    inputs: xr.Dataset, checked: xr.Dataset, draws: int, seed: int
) -> tuple[xr.Dataset, xr.DataArray]:
    """Inputs with draws of mortality and migration, and the factors (draw, year) on fertility."""
    luck = fertility_factors(inputs, draws, seed)
    if "mortality_rate" not in inputs:
        raise MissingVariableError(
            "draws of mortality need death rates",
            where="mortality_rate",
            got="survival_ratio",
            allowed="mortality_rate (year, sex, age)",
            fix="give the baseline death rates in the place of survival ratios",
        )
    shifts = life_expectancy_shifts(inputs, draws, seed)
    data = checked.assign(survival_ratio=survival_paths(inputs["mortality_rate"], shifts))
    moves = migration_paths(inputs, draws, seed)
    if moves is not None:
        data = data.assign({moves[0]: moves[1]})
    return data, luck


def _factors(
    packages: list[Scenario],
    luck: xr.DataArray,
    tfr_by_order: xr.DataArray,
    registered: float | None,
    seed: int,
) -> xr.DataArray:
    """Factors (scenario, draw, year, order) on fertility: the draws' luck times the policies'."""
    years, draws = luck["year"].values, luck.sizes["draw"]
    given = Responsiveness.draw(draws, seed)
    factors = [np.ones((draws, len(years), len(ORDERS)))]
    factors += [
        fertility_multipliers(
            package,
            years=years,
            births_per_woman=luck.values[:, :, None] * tfr_by_order.values,
            registered_share=registered,
            given=given,
            seed=seed,
        )
        for package in packages
    ]
    return xr.DataArray(
        np.stack(factors) * luck.values[None, :, :, None],
        dims=("scenario", "draw", "year", "order"),
        coords={
            "scenario": [BASELINE, *(package.name for package in packages)],
            "draw": np.arange(draws),
            "year": years,
            "order": list(ORDERS),
        },
    )


def _costs(
    result: xr.Dataset, packages: list[Scenario], registered: float | None, seed: int
) -> xr.DataArray:
    """Cost (scenario, draw, year, instrument) [yuan]; zero where a scenario has none of it."""
    births = result["births"]
    if "age" in births.dims:
        births = births.sum("age")
    births = births.transpose("scenario", "draw", "year", "order")
    ids = list(dict.fromkeys(i.id for package in packages for i in package.instruments))
    cost = np.zeros((*births.shape[:3], len(ids)))
    years = births["year"].values
    for s, package in enumerate(packages, start=1):
        for instrument in package.instruments:
            cost[s, :, :, ids.index(instrument.id)] = payments(
                instrument,
                births.values[s],
                years,
                registered_share=1.0 if registered is None else registered,
                seed=seed,
            )
    coords = {d: births[d] for d in ("scenario", "draw", "year")}
    return xr.DataArray(
        cost,
        dims=("scenario", "draw", "year", "instrument"),
        coords={**coords, "instrument": np.array(ids, dtype=str)},
    )
