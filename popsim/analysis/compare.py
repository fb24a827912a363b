"""``compare()``: what a scenario changes, draw by draw, and what it costs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import InputError, did_you_mean
from popsim.schema.provenance import provenance

#: Median and 80 % interval.
QUANTILES = (0.1, 0.5, 0.9)

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
          ``cost_per_additional_birth`` [yuan], over all years
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
    for dim in ("scenario", "draw"):
        if dim not in result.dims:
            raise InputError(
                f"the result has no dimension {dim!r}",
                where="compare",
                got=f"dims {tuple(result.dims)}",
                fix="compare takes what popsim.simulate returns",
            )
    names = [str(s) for s in result["scenario"].values]
    if against not in names:
        raise InputError(
            f"the result has no scenario {against!r}",
            where="against",
            got=against,
            allowed=", ".join(names),
            fix=did_you_mean(against, names),
        )
    base = result.sel(scenario=against, drop=True)
    other = result.sel(scenario=[n for n in names if n != against])

    births, base_births = (_births(r) for r in (other, base))
    extra = births - base_births
    extra_total = extra.sum("order")
    cost = other["cost"] - base["cost"]
    spent = cost.sum("instrument")
    gained = extra_total.sum("year")
    price = spent.sum("year") / gained.where(gained > 0)
    by_draw = {
        "additional_births": (extra, "persons", "Additional births", "新增出生人数"),
        "additional_births_total": (extra_total, "persons", "Additional births", "新增出生人数"),
        "additional_births_percent": (
            100.0 * extra_total / base_births.sum("order"),
            "percent", "Additional births", "新增出生比例",
        ),
        "cost": (cost, "yuan", "Additional spending", "新增财政支出"),
        "cost_total": (spent, "yuan", "Additional spending", "新增财政支出"),
        "cumulative_additional_births": (
            gained, "persons", "Additional births, all years", "累计新增出生人数",
        ),
        "cumulative_cost": (
            spent.sum("year"), "yuan", "Additional spending, all years", "累计新增财政支出",
        ),
        "cost_per_additional_birth": (
            price.fillna(np.inf), "yuan", "Cost per additional birth", "每新增一名出生的支出",
        ),
        "population_change": (
            _people(other) - _people(base), "persons", "Change of population", "人口变化",
        ),
    }  # fmt: skip
    for name in _CHANGES:
        label, zh = (base[name].attrs[k] for k in ("long_name", "long_name_zh"))
        change = other[name] - base[name]
        by_draw[f"{name}_change"] = (change, "percentage points", f"Change of {label}", f"{zh}变化")
    made = {}
    for name, (values, unit, en, zh) in by_draw.items():
        made[name] = quantiles(values)
        made[name].attrs = {"units": unit, "long_name": en, "long_name_zh": zh}
    comparison = xr.Dataset(made)
    comparison.attrs = {**result.attrs, **provenance("compare", against=against)}
    return comparison


def quantiles(values: xr.DataArray) -> xr.DataArray:
    """Median and 80 % interval over the draws (quantile, ...); infinite draws keep their rank.

    Examples
    --------
    >>> quantiles(xr.DataArray([0.0, 1.0, np.inf], dims="draw")).values.tolist()
    [0.2, 1.0, inf]
    """
    axis = values.get_axis_num("draw")
    # Linear between neighbours would give nan beside an infinity: inf * 0.
    ordered = np.sort(values.values, axis=axis)
    n = ordered.shape[axis]
    cut = []
    for q in QUANTILES:
        at = q * (n - 1)
        low, high = (np.take(ordered, int(k), axis=axis) for k in (np.floor(at), np.ceil(at)))
        w = at - np.floor(at)
        with np.errstate(invalid="ignore"):
            cut.append(np.where(low == high, low, low * (1.0 - w) + high * w) if w else low)
    dims = [d for d in values.dims if d != "draw"]
    coords = {k: c for k, c in values.coords.items() if "draw" not in c.dims}
    return xr.DataArray(
        np.stack(cut), dims=("quantile", *dims), coords={"quantile": list(QUANTILES), **coords}
    )


def _births(result: xr.Dataset) -> xr.DataArray:
    births = result["births"]
    return births.sum("age") if "age" in births.dims else births


def _people(result: xr.Dataset) -> xr.DataArray:
    population = result["population"]
    return population.sum([d for d in ("sex", "age", "age_group") if d in population.dims])
