"""``compare()``: what a scenario changes, draw by draw, and what it costs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import InputError
from popsim.languages import long_names, of_attributes
from popsim.schema.checks import check_option
from popsim.schema.decision_variables import PER_BIRTH
from popsim.schema.provenance import provenance
from popsim.uncertainty.quantiles import quantiles

_CHANGES = ("dependency_ratio", "child_dependency_ratio", "old_age_dependency_ratio")


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
        The result has no scenarios or draws, or none of that name.

    Notes
    -----
    Differences are taken draw by draw and the quantiles after. Where a draw has no
    additional births its cost per additional birth is infinite, and counts as such among
    the quantiles. Additional births include any that a local package draws from next door.

    Examples
    --------
    >>> import popsim as ps
    >>> result = ps.simulate(ps.load_baseline("ouhai", end=2030), "ouhai", draws=20, seed=1)
    >>> comparison = ps.compare(result)
    >>> comparison.additional_births_total.dims
    ('quantile', 'scenario', 'year')
    """
    base, other = sides(result, against)

    births, base_births = (births_by_order(r) for r in (other, base))
    extra = births - base_births
    extra_total = extra.sum("order")
    cost = other["cost"] - base["cost"]
    spent = cost.sum("instrument")
    gained = extra_total.sum("year")
    by_draw = {
        "additional_births": (extra, "persons", "Additional births"),
        "additional_births_total": (extra_total, "persons", "Additional births"),
        "additional_births_percent": (
            100.0 * extra_total / base_births.sum("order"), "percent", "Additional births",
        ),
        "cost": (cost, "yuan", "Additional spending"),
        "cost_total": (spent, "yuan", "Additional spending"),
        "cumulative_additional_births": (gained, "persons", "Additional births, all years"),
        "cumulative_cost": (spent.sum("year"), "yuan", "Additional spending, all years"),
        "cost_per_additional_birth": (
            per_birth(spent.sum("year"), gained), PER_BIRTH, "Cost per additional birth",
        ),
        "population_change": (
            _people(other) - _people(base), "persons", "Change of population",
        ),
    }  # fmt: skip
    made = {}
    for name, (values, unit, label) in by_draw.items():
        made[name] = quantiles(values)
        made[name].attrs = {"units": unit, **long_names(f"compare.{name}", label)}
    for name in _CHANGES:
        changed = made[f"{name}_change"] = quantiles(other[name] - base[name])
        of = of_attributes(base[name].attrs)
        changed.attrs = {
            "units": "percentage points",
            **long_names("compare.change", "Change of {of}", of=of),
        }
    comparison = xr.Dataset(made)
    comparison.attrs = {**result.attrs, **provenance("compare", against=against)}
    return comparison


def sides(result: xr.Dataset, against: str) -> tuple[xr.Dataset, xr.Dataset]:
    """The scenario that others are compared with, and these others.

    Raises
    ------
    InputError
        The result has no scenarios or draws, or none of that name.
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
