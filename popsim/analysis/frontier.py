"""Packages of other sizes, and the frontier of the births they gain against what they cost."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import xarray as xr
from pydantic import ValidationError

from popsim.analysis.compare import births_by_order, sides
from popsim.errors import (
    BoundsError,
    DimensionError,
    FitError,
    ScenarioError,
    did_you_mean,
)
from popsim.scenario.instrument_parts import FamilyInstrument
from popsim.scenario.load import parse_scenario
from popsim.scenario.model import Scenario
from popsim.scenario.quantities import ASSUMPTION, Quantity
from popsim.schema.checks import check_option
from popsim.schema.provenance import provenance
from popsim.schema.variables import describe
from popsim.uncertainty.quantiles import quantiles

#: By what packages are compared: the mean of the births gained, or their 10 % quantile.
By = Literal["mean", "lower"]
_BY = ("mean", "lower")

#: Fields that say what was there before: then an amount is a level, and twice it no double gain.
_LEVELS = {"before", "fee_before"}


def scale(scenario: Scenario, factors: Mapping[str, float], *, name: str | None = None) -> Scenario:
    """Return the scenario with the amounts of some instruments multiplied.

    Parameters
    ----------
    scenario : Scenario
        Unchanged.
    factors : mapping of str to float
        By id of the instrument, zero or more; a cap by family is multiplied too, so that
        what a family gets is.
    name : str, optional
        "scenario_instrument_x2" where absent.

    Returns
    -------
    Scenario
        Its multiplied amounts are assumptions, with the documented amount as the reason.

    Raises
    ------
    ScenarioError
        An id that is not among the instruments; an instrument whose amounts are levels (a
        leave in all, a fee cap, a loan ceiling) or that has none; amounts beyond what the
        instrument allows.
    BoundsError
        A factor that is negative or not finite.

    Examples
    --------
    >>> import popsim as ps
    >>> double = scale(ps.load_scenario("ouhai"), {"birth_grant": 2})
    >>> double.name
    'ouhai_birth_grant_x2'
    >>> [q.value for q in double.instruments[0].spells[0].amounts.values()]
    [2000.0, 4000.0, 6000.0]
    """
    known = {i.id: i for i in scenario.instruments}
    for key, factor in factors.items():
        if key not in known:
            raise ScenarioError(
                f"the scenario has no instrument {key!r} to scale",
                where=scenario.name,
                got=key,
                allowed=", ".join(known),
                fix=did_you_mean(key, known),
            )
        fields = set(type(known[key]).model_fields)
        if not isinstance(known[key], FamilyInstrument) or fields & _LEVELS:
            raise ScenarioError(
                f"{key!r} is a {known[key].kind}, whose size is not its amounts",
                where=scenario.name,
                allowed="instruments whose amounts are what a family gets",
                fix="write a scenario with the other level",
            )
        if not (np.isfinite(factor) and factor >= 0.0):
            raise BoundsError(
                "a size is zero or more", where=f"factors[{key!r}]", got=factor, allowed="0 or more"
            )
    ending = "".join(f"_{k}_x{f:g}" for k, f in factors.items()).replace(".", "p")
    scaled = scenario.model_copy(
        update={
            "name": name or f"{scenario.name}{ending}".replace("-", "m").replace("+", ""),
            "instruments": tuple(
                _scaled(i, float(factors[i.id]))
                if isinstance(i, FamilyInstrument) and i.id in factors
                else i
                for i in scenario.instruments
            ),
            # What was paid was paid for the old amounts.
            "payments": tuple(p for p in scenario.payments if p.instrument not in factors),
        }
    )
    try:  # copies are not checked
        return Scenario.model_validate(scaled.model_dump())
    except ValidationError:
        return parse_scenario(scaled.to_yaml(), where=scaled.name)  # has the message for readers


def _scaled(instrument: FamilyInstrument, factor: float) -> FamilyInstrument:
    def times(quantity: Quantity) -> Quantity:
        said = f"{quantity.value:,.6g} (source: {quantity.source})"
        return quantity.model_copy(
            update={
                "value": factor * quantity.value,
                "source": ASSUMPTION,
                "reason": f"{factor:g} times {said}.",
            }
        )

    spells = tuple(
        spell.model_copy(update={"amounts": {o: times(q) for o, q in spell.amounts.items()}})
        for spell in instrument.spells
    )
    cap = None if instrument.cap is None else times(instrument.cap)
    return instrument.model_copy(update={"spells": spells, "cap": cap})


def grid(scenario: Scenario, sizes: Mapping[str, Sequence[float]]) -> list[Scenario]:
    """Return the scenario in every combination of sizes.

    Parameters
    ----------
    scenario : Scenario
    sizes : mapping of str to sequence of float
        Factors by id of the instrument, as of :func:`scale`.

    Returns
    -------
    list of Scenario

    Raises
    ------
    ScenarioError, BoundsError
        As from :func:`scale`.

    Examples
    --------
    >>> import popsim as ps
    >>> sizes = {"birth_grant": [1, 3], "rearing_subsidy": [0, 1]}
    >>> [package.name for package in grid(ps.load_scenario("ouhai"), sizes)][:2]
    ['ouhai_birth_grant_x1_rearing_subsidy_x0', 'ouhai_birth_grant_x1_rearing_subsidy_x1']
    """
    combined = itertools.product(*sizes.values())
    return [scale(scenario, dict(zip(sizes, factors, strict=True))) for factors in combined]


def frontier(result: xr.Dataset, *, by: By = "mean", against: str = "baseline") -> xr.Dataset:
    """Order packages by what they cost, and say which are worth considering.

    Parameters
    ----------
    result : xarray.Dataset
        From one call of :func:`popsim.simulate` with all packages.
    by : {"mean", "lower"}
        What a package gains: the mean over the draws of the births gained, or their 10 %
        quantile, for those who want to be fairly sure.
    against : str
        The alternative; it stays in as the package that costs and gains nothing.

    Returns
    -------
    xarray.Dataset
        By scenario, in order of mean spending: ``births_gained`` [persons] and ``spending``
        [yuan, nominal] (draw) over all years; ``efficient``; and on the frontier
        ``probability_better_than_last`` [1] and ``cost_per_further_birth`` [yuan per birth]
        against the next cheaper package of it, missing elsewhere.

    Raises
    ------
    InputError
        The result has no scenarios or draws, or none of that name; an unknown ``by``.
    DimensionError
        A result of several regions.

    Notes
    -----
    A package is efficient if none that costs as much or less gains as much or more. Gains
    so rise along the frontier.

    Examples
    --------
    >>> import popsim as ps
    >>> packages = grid(ps.load_scenario("ouhai"), {"rearing_subsidy": [0, 1, 2]})
    >>> result = ps.simulate(ps.load_baseline("ouhai", end=2032), packages, draws=20)
    >>> found = frontier(result)
    >>> bool(found.efficient.all()), found.scenario.values.tolist()[0]
    (True, 'baseline')
    """
    check_by(by)
    base, _ = sides(result, against)
    births, spent = gains(result, base)
    births, spent = births.transpose("scenario", "draw"), spent.sum("year")
    spent = spent.transpose("scenario", "draw")
    cost, gain = spent.mean("draw").values, statistic(births.values, by)
    # Among packages of one cost the one that gains most comes first.
    order = np.lexsort((-gain, cost))
    births, spent = births.isel(scenario=order), spent.isel(scenario=order)
    cost, gain = cost[order], gain[order]
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], gain[:-1]]))
    efficient = gain > best_before
    better, further = np.full((2, len(gain)), np.nan)
    on = np.flatnonzero(efficient)
    for last, this in itertools.pairwise(on):
        better[this] = float((births[this].values > births[last].values).mean())
        more = float(births[this].mean() - births[last].mean())
        further[this] = (cost[this] - cost[last]) / more if more > 0.0 else np.inf
    out = xr.Dataset(
        {
            "births_gained": births,
            "spending": spent,
            "efficient": ("scenario", efficient),
            "probability_better_than_last": ("scenario", better),
            "cost_per_further_birth": ("scenario", further),
        }
    )
    out.attrs = {**result.attrs, **provenance("frontier", by=by, against=against)}
    return describe(out)


def choose(
    found: xr.Dataset,
    budget: float,
    *,
    by: Literal["mean", "lower", "probability"] = "mean",
    kept_in: float = 0.9,
) -> str:
    """Choose a package within a budget, on the distribution of what it gains and costs.

    Parameters
    ----------
    found : xarray.Dataset
        From :func:`frontier`.
    budget : float
        For all years together [yuan].
    by : {"mean", "lower", "probability"}
        The largest mean, the largest 10 % quantile, or the package that most often gains
        more than every other that can be afforded.
    kept_in : float
        Share of the draws in which the budget must do [1].

    Returns
    -------
    str
        Name of the scenario; among equals the cheapest.

    Raises
    ------
    InputError
        An unknown ``by``.
    FitError
        No package is within the budget.

    Examples
    --------
    >>> found = xr.Dataset(
    ...     {
    ...         "births_gained": (("scenario", "draw"), [[0.0, 0.0], [5.0, 15.0], [9.0, 10.0]]),
    ...         "spending": (("scenario", "draw"), [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]),
    ...     },
    ...     coords={"scenario": ["baseline", "bold", "safe"]},
    ... )
    >>> choose(found, 1.0), choose(found, 1.0, by="lower")
    ('bold', 'safe')
    """
    check_option(by, (*_BY, "probability"), "by", what="packages cannot be chosen by")
    within = ((found["spending"] <= budget).mean("draw") >= kept_in).values
    if not within.any():
        raise FitError(
            "no package is within the budget",
            where="choose",
            got=f"the cheapest costs {float(found['spending'].mean('draw').min()):,.0f} yuan",
            allowed=f"{budget:,.0f} yuan, in {kept_in:.0%} of the draws",
        )
    kept = found.isel(scenario=np.flatnonzero(within))
    births = kept["births_gained"].transpose("scenario", "draw").values
    if by == "probability":
        score = np.bincount(births.argmax(axis=0), minlength=len(births)).astype(float)
    else:
        score = statistic(births, by)
    return str(kept["scenario"].values[int(np.argmax(score))])


def gains(result: xr.Dataset, base: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Births of all years (scenario, draw) and spending (scenario, draw, year) beyond the base."""
    if "region" in result.dims:
        raise DimensionError(
            "packages are chosen by one payer",
            where="result",
            got="a dim region",
            allowed="one region",
            fix="select one, or sum births and cost over the regions",
        )
    births = (births_by_order(result) - births_by_order(base)).sum(["order", "year"])
    return births, (result["cost"] - base["cost"]).sum("instrument")


def statistic(births: np.ndarray, by: str) -> np.ndarray:
    """What packages gain (scenario,), from their draws (scenario, draw)."""
    if by == "mean":
        return np.asarray(births.mean(axis=1))
    drawn = xr.DataArray(births, dims=("scenario", "draw"))
    return np.asarray(quantiles(drawn).sel(quantile=0.1).values)


def check_by(by: str) -> None:
    """Raise InputError unless packages can be compared so."""
    check_option(by, _BY, "by", what="packages cannot be compared by")
