"""``simulate()``: a baseline and policy scenarios on the same draws of everything uncertain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import xarray as xr

from popsim.engine.blocks import chunks_of
from popsim.engine.inputs import OUTPUTS
from popsim.engine.plan import BASELINE, GROUPS, RESULTS, Plan
from popsim.engine.simulation_inputs import check_baseline
from popsim.errors import InputError, did_you_mean
from popsim.policy.response import check_place
from popsim.scenario.load import load_scenario
from popsim.scenario.model import Scenario
from popsim.schema.checks import check_option
from popsim.schema.conventions import CORE_DIMS, SUMMARY_AGES
from popsim.uncertainty.draws import check_draws
from popsim.uncertainty.intervals import Intervals
from popsim.uncertainty.quantiles import check_probabilities
from popsim.uncertainty.sampling import Sampling, check_sampling

AnyScenario = Scenario | str | PathLike[str]


def simulate(
    baseline: xr.Dataset,
    scenarios: AnyScenario | Sequence[AnyScenario] = (),
    *,
    end: int | None = None,
    draws: int = 1000,
    seed: int | Mapping[str, int] = 0,
    outputs: str = "summary",
    vary: str | Sequence[str] = GROUPS,
    sampling: Sampling = "random",
    intervals: Mapping[str, Intervals] | None = None,
    childcare_feedback: bool = True,
    age_groups: Sequence[int] = SUMMARY_AGES,
    quantiles: Sequence[float] | None = None,
    variables: str | Sequence[str] | None = None,
    chunks: Mapping[str, int] | None = None,
) -> xr.Dataset:
    """Simulate policy scenarios beside their baseline.

    Parameters
    ----------
    baseline : xarray.Dataset
        From :func:`popsim.load_baseline`, :func:`popsim.build_baseline` or
        :func:`popsim.baselines.regions.load_regions`; with the dim ``region`` all of them at once.
    scenarios : Scenario, name or path, or a sequence of them
        Without any, the baseline alone.
    end : int, optional
        Last calendar year; the baseline's if absent.
    draws : int
        Number of draws of fertility, mortality, migration, response and take-up.
    seed : int or mapping of str to int
        The same seed gives the same bits. A mapping gives groups of :data:`GROUPS` seeds of
        their own, the others 0.
    outputs : {"summary", "full"}
        Sums over age groups, or every age.
    vary : str or sequence of str
        Groups that are drawn; the others stand at their medians.
    sampling : {"random", "sobol", "latin_hypercube"}
        How the draws of demography are spread.
    intervals : mapping of str to Intervals, optional
        What the draws of demography are calibrated to, as given
        (:func:`popsim.uncertainty.intervals.calibrate_to_intervals`). If absent WPP 2024's
        intervals of China, about which a place within the nation deviates; the attributes
        ``intervals_fertility`` and so on say what was in force.
    childcare_feedback : bool
        Whether a scenario's own births lower its childcare coverage; else the baseline's do.
    age_groups : sequence of int
        Lower bounds of the age groups of a summary, from 0.
    quantiles : sequence of float, optional
        Keep these quantiles of every variable in the place of the draws: many regions are then
        simulated block by block and no draw is stored.
    variables : str or sequence of str, optional
        Keep these variables of the result only. What nobody asks for is not computed: the
        baseline alone without anything by order or parity is several times as fast.
    chunks : mapping of str to int, optional
        Sizes of blocks along ``region`` and ``draw``. The result is then lazy (dask), computed
        block by block, by a ``dask.distributed`` client where one is active.

    Returns
    -------
    xarray.Dataset
        Dims scenario (first "baseline"), region where the baseline has it, and draw (or
        quantile) before all others:

        - ``births`` (year, order; with "full" also age), ``total_births`` (year), ``deaths``,
          ``net_migration``, ``migration_adjustment`` and, of that, ``population_lift`` (year,
          sex; with "full" also age) [persons in the year]
        - ``births_reordered``, ``births_displaced`` (year): births of the baseline that women of
          another parity, or of another age, bear than the rates ask, because the women of a
          parity or an age are too few; of draws, not of scenarios [persons in the year]
        - ``population`` (time, sex, age_group; or age), in a summary ``population_final``
          (sex, age) [persons]
        - ``total_fertility_rate`` (year) [births per woman]
        - ``dependency_ratio``, ``child_dependency_ratio``, ``old_age_dependency_ratio`` (time)
          [percent, 15-64]
        - ``women_by_parity`` (time, parity): women 15-49, with "full" also by age;
          ``completed_parity`` (time, parity): women of 50; ``children_by_order`` (time, order,
          child_group): children 0-17 [persons]
        - ``childcare_coverage`` (year): used places per child 0-2 [1]
        - ``cost`` (year, instrument), ``cost_by_order`` (year, instrument, order),
          ``cost_deadweight`` (year, instrument): what is paid for births that would have come
          anyway, ``cost_shortfall`` (year): what a budget cap left unpaid [yuan]
        - ``relocation_share``: share of additional births that comes from next door [1]

    Raises
    ------
    InputError
        As from :func:`popsim.project`; an end that the baseline does not reach; two scenarios
        of one name; unknown groups, variables or chunks.
    BoundsError
        Draws below 1, a seed below 0, an empty population, quantiles outside of 0 to 1.
    MissingVariableError
        The baseline lacks what women by parity or draws of mortality need.
    DimensionError
        Leading dims other than region.
    CoordinateError
        Groups of ages in the place of single ones.
    ConflictError
        A scenario for another place.
    ScenarioError, UnknownPlaceError
        A scenario that cannot be loaded.

    Warns
    -----
    MigrationAdjustmentWarning
        Net migration would have emptied an age group and was adjusted.
    BorrowedIntervalsWarning
        The intervals of China stand in for those of another nation, or of one not declared.

    Notes
    -----
    Every scenario and the baseline read the same draws (common random numbers), so the
    difference between two of them is the policy's and holds no noise of its own.

    The baseline of a draw has the births of its fertility rates times the draw's factor; they
    are split over the parities of the mothers by conditional rates
    (:func:`popsim.engine.parity.consistent_rates`). A scenario multiplies the conditional rates
    of its draw's baseline and meets women of its own: those who have borne earlier are missing.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("ouhai", end=2030)
    >>> result = ps.simulate(baseline, "ouhai", draws=20, seed=1)
    >>> result.births.dims
    ('scenario', 'draw', 'year', 'order')
    """
    chosen = _load(scenarios)
    check_option(outputs, OUTPUTS, "outputs")
    check_sampling(sampling)
    check_draws(draws, 0)
    inputs = _until(baseline, end)
    blocks: dict[Any, Any] = {**chunks_of(inputs, CORE_DIMS), **(chunks or {})}
    if not inputs.chunks:  # else each block is checked when it is computed
        check_baseline(inputs, outputs)
    place = baseline.attrs.get("place")
    for scenario in chosen:
        check_place(scenario, place)
    plan = Plan(
        scenarios=tuple(chosen),
        draws=int(draws),
        seeds=_seeds(seed, vary),
        sampling=sampling,
        intervals=intervals,
        every_age=outputs == "full",
        childcare_feedback=childcare_feedback,
        age_groups=tuple(age_groups),
        quantiles=None if quantiles is None else check_probabilities(quantiles),
        variables=None if variables is None else _named(variables, outputs),
    )
    plan.warn(inputs)
    return plan.later(inputs, blocks) if blocks else plan.run(inputs)


def _load(scenarios: AnyScenario | Sequence[AnyScenario]) -> list[Scenario]:
    if scenarios is None:
        raise InputError(
            "no scenario is given",
            where="scenarios",
            got=None,
            allowed="a Scenario, a name, a path, or a list of them",
            fix="for the baseline alone leave it out",
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


def _named(variables: str | Sequence[str], outputs: str) -> tuple[str, ...]:
    """Variables that are asked for; refused before anything is computed where there is no such."""
    variables = (variables,) if isinstance(variables, str) else tuple(variables)
    known = sorted(name for name in RESULTS if outputs != "full" or name != "population_final")
    for name in variables:
        if name not in known:
            raise InputError(
                f"the result has no variable {name!r}",
                where="variables",
                got=name,
                allowed=", ".join(known),
                fix=did_you_mean(name, known),
            )
    return variables


def _seeds(seed: int | Mapping[str, int], vary: str | Sequence[str]) -> dict[str, int | None]:
    """Seed of each group; None for those that do not vary."""
    vary = (vary,) if isinstance(vary, str) else vary
    own = dict(seed) if isinstance(seed, Mapping) else dict.fromkeys(GROUPS, seed)
    for where, names in (("seed", own), ("vary", vary)):
        for name in names:
            if name not in GROUPS:
                raise InputError(
                    f"there is no group of draws {name!r}",
                    where=where,
                    got=name,
                    allowed=", ".join(GROUPS),
                    fix=did_you_mean(name, GROUPS),
                )
    for value in own.values():
        check_draws(1, value)
    return {name: int(own.get(name, 0)) if name in vary else None for name in GROUPS}
