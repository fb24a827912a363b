"""``compare()``: what a scenario changes, draw by draw, and what it costs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import InputError, MissingVariableError
from popsim.schema.checks import check_option
from popsim.schema.provenance import provenance
from popsim.schema.variables import CHANGES, describe
from popsim.uncertainty.quantiles import quantiles

_RATIOS = ("dependency_ratio", "child_dependency_ratio", "old_age_dependency_ratio")
_NEEDED = ("births", "cost", "population", *_RATIOS)


def compare(result: xr.Dataset, against: str = "baseline") -> xr.Dataset:
    r"""Compare the scenarios of a simulation with one of them.

    Parameters
    ----------
    result : xarray.Dataset
        From :func:`popsim.simulate`.
    against : str
        The scenario that the others are compared with.

    Returns
    -------
    xarray.Dataset
        Dims scenario (without ``against``), quantile (0.1, 0.5, 0.9 over the draws) and:

        - ``additional_births`` (year, order), ``additional_births_total`` (year) [persons]
        - ``additional_births_percent`` (year) [percent of the births of ``against``]
        - ``cost`` (year, instrument) and ``cost_total`` (year), beyond that of ``against``
          [yuan]
        - ``cumulative_additional_births`` [persons], ``cumulative_cost`` [yuan] and
          ``cost_per_additional_birth`` [yuan per birth], over all years
        - ``dependency_ratio_change`` and its child and old-age parts (time) [percentage
          points], ``population_change`` (time) [persons]

    Raises
    ------
    InputError
        The result has no scenarios or draws, none of that name, or no other.
    MissingVariableError
        It was simulated without births, cost, population or dependency ratios.

    Notes
    -----
    Differences are taken draw by draw and the quantiles after. Where a draw has no
    additional births its cost per additional birth is infinite, and counts as such among
    the quantiles. Additional births include any that a local scenario draws from next door.

    Examples
    --------
    >>> import popsim as ps
    >>> result = ps.simulate(ps.load_baseline("ouhai", end=2030), "ouhai", draws=20, seed=1)
    >>> comparison = ps.compare(result)
    >>> comparison.additional_births_total.dims
    ('quantile', 'scenario', 'year')
    """
    base, other = sides(result, against)
    missing = [name for name in _NEEDED if name not in result]
    if missing:
        raise MissingVariableError(
            f"the result has no {missing[0]}",
            where=missing[0],
            got=f"variables {sorted(map(str, result.data_vars))}",
            allowed=", ".join(_NEEDED),
            fix="simulate with these among variables=, or without it",
        )
    births, base_births = (births_by_order(r) for r in (other, base))
    extra = births - base_births
    extra_total = extra.sum("order")
    cost = other["cost"] - base["cost"]
    spent = cost.sum("instrument")
    gained = extra_total.sum("year")
    by_draw = {
        "additional_births": extra,
        "additional_births_total": extra_total,
        "additional_births_percent": 100.0 * extra_total / base_births.sum("order"),
        "cost": cost,
        "cost_total": spent,
        "cumulative_additional_births": gained,
        "cumulative_cost": spent.sum("year"),
        "cost_per_additional_birth": per_birth(spent.sum("year"), gained),
        "population_change": _people(other) - _people(base),
        **{f"{name}_change": other[name] - base[name] for name in _RATIOS},
    }
    made = {name: quantiles(values) for name, values in by_draw.items()}
    comparison = describe(xr.Dataset(made), CHANGES)
    comparison.attrs = {**result.attrs, **provenance("compare", against=against)}
    return comparison


def sides(result: xr.Dataset, against: str) -> tuple[xr.Dataset, xr.Dataset]:
    """The scenario that others are compared with, and these others.

    Raises
    ------
    InputError
        The result has no scenarios or draws, none of that name, or no other.
    """
    for dim in ("scenario", "draw"):
        if dim not in result.dims:
            raise InputError(
                f"the result has no dimension {dim!r}",
                where="result",
                got=f"dims {tuple(result.dims)}",
                fix="give what popsim.simulate returns, with its draws",
            )
    names = [str(s) for s in result["scenario"].values]
    check_option(against, names, "against", what="the result has no scenario")
    others = [n for n in names if n != against]
    if not others:
        raise InputError(
            f"the result has nothing to compare with {against!r}",
            where="scenario",
            got=names,
            allowed=f"{against!r} and at least one scenario more",
            fix="simulate scenarios beside it: popsim.simulate(baseline, 'ouhai')",
        )
    return result.sel(scenario=against, drop=True), result.sel(scenario=others)


def per_birth(cost: xr.DataArray, births: xr.DataArray) -> xr.DataArray:
    """Cost per birth; infinite where no birth is gained.

    Examples
    --------
    >>> per_birth(xr.DataArray([6.0, 6.0, 6.0]), xr.DataArray([2.0, 0.0, -1.0])).values.tolist()
    [3.0, inf, inf]
    """
    return (cost / births.where(births > 0)).fillna(np.inf)


def births_by_order(result: xr.Dataset) -> xr.DataArray:
    """Births (..., year, order) of a result that may have them by age too."""
    births = result["births"]
    return births.sum("age") if "age" in births.dims else births


def _people(result: xr.Dataset) -> xr.DataArray:
    population = result["population"]
    return population.sum([d for d in ("sex", "age", "age_group") if d in population.dims])
