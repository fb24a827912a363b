"""``capacity()``: children and elders against places and beds, year by year, with bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from popsim import data
from popsim.demography.indicators.structure import population_between
from popsim.demography.indicators.vital_rates import everyone
from popsim.errors import DimensionError, InputError, MissingVariableError
from popsim.languages import long_names
from popsim.policy.places import Supply, supply_paths
from popsim.schema.provenance import provenance
from popsim.uncertainty.quantiles import quantiles

_PLACES = "places"
#: Name, unit and label of what is computed.
_LABELS = {
    "users": ("persons", "Persons of the ages, or births"),
    "demand": (_PLACES, "Places needed"),
    "shortfall": (_PLACES, "Places short"),
    "idle": (_PLACES, "Idle places"),
    "places_per_1000": ("places per 1,000 persons of the ages", "Places per 1,000"),
    "converted": (_PLACES, "Idle places given up for another use"),
    "probability_of_shortfall": ("1", "Probability that places are short"),
}


def capacity(
    result: xr.Dataset,
    supply: Supply,
    *,
    convert_idle: bool = False,
    norms: pd.DataFrame | None = None,
    conversion: pd.DataFrame | None = None,
) -> xr.Dataset:
    r"""Hold the children and elders of a simulation against places and beds.

    Parameters
    ----------
    result : xarray.Dataset
        From :func:`popsim.simulate`: population (draw, time, sex, age_group or age) and births
        (draw, year, ...) [persons]; scenario or not.
    supply : DataFrame or mapping
        Places at the end of each year: columns facility, year, places, or by facility a number
        or places by year; see :func:`popsim.policy.places.supply_paths`.
    convert_idle : bool
        Whether idle places are turned into those of another facility where these are short.
    norms : DataFrame, optional
        Who needs a place; the table ``capacity_norms`` by default, with its columns.
    conversion : DataFrame, optional
        Columns from, to, ratio; the table ``capacity_conversion`` by default.

    Returns
    -------
    xarray.Dataset
        Dims group and year, and quantile (0.1, 0.5, 0.9 over the draws) and scenario where the
        result has them:

        - ``users`` [persons], ``demand``, ``shortfall``, ``idle`` [places],
          ``places_per_1000`` [places per 1,000 persons of the ages]
        - ``supply`` (group, year) [places], as declared
        - ``probability_of_shortfall`` (without quantile) [1]
        - ``converted`` [places], of the facility that gives them up; with ``convert_idle``

        Only groups whose facility is declared. Where no norm is known, demand, shortfall, idle
        and the probability are missing.

    Raises
    ------
    MissingVariableError
        The result has no population or births.
    DimensionError
        It has no draws, or several regions: one supply cannot serve each of them.
    InputError
        The supply or a table cannot be used, or there is nothing to convert.
    CoordinateError, BoundsError
        As from :func:`popsim.policy.places.supply_paths`.

    Notes
    -----
    Users are the population of the ages on 31 December, like the places; births are those of
    the year. With the norm :math:`n`, demand is :math:`D = n U`, shortfall
    :math:`\max(D - S, 0)`, idle :math:`\max(S - D, 0)`, for each draw; the quantiles follow.
    So a place built now is judged by the children of 2035: ``idle.sel(year=2035)``.

    With a ratio :math:`r` of places gained to places given up,
    :math:`c = \min(\text{idle}, \text{shortfall} / r)` are given up in each year and draw, as if
    that could be undone in the next.

    Examples
    --------
    >>> import popsim as ps
    >>> result = ps.simulate(ps.load_baseline("cixi", end=2035), [], draws=20)
    >>> beds = capacity(result, {"care_beds": {2024: 3249}})
    >>> beds.places_per_1000.dims
    ('quantile', 'scenario', 'group', 'year')
    """
    _check(result)
    norms = data.table("capacity_norms") if norms is None else norms
    years = result["year"].values
    paths = supply_paths(supply, years)
    rows = norms[norms["facility"].isin(paths["facility"].values)]
    if not len(rows):
        raise InputError(
            "the norms know none of the facilities declared",
            where="norms",
            got=paths["facility"].values.tolist(),
            allowed=norms["facility"].tolist(),
        )
    groups = xr.DataArray(rows["group"].to_numpy(dtype=str), dims="group", name="group")
    needing: list[xr.DataArray] = [
        _users(result, lower, upper)
        for lower, upper in zip(rows["lower"], rows["upper"], strict=True)
    ]
    users = xr.concat(needing, dim=groups)
    norm = xr.DataArray(
        rows["norm"].to_numpy(dtype=np.float64), dims="group", coords={"group": groups}
    )
    places = paths.sel(facility=xr.DataArray(rows["facility"].values, dims="group"))
    places = places.drop_vars("facility").assign_coords(group=groups)
    places.attrs = paths.attrs
    demand = norm * users
    short, idle = (demand - places).clip(min=0.0), (places - demand).clip(min=0.0)
    by_draw = {"users": users, "demand": demand}
    if convert_idle:
        short, idle, by_draw["converted"] = _convert(
            short,
            idle,
            rows,
            data.table("capacity_conversion") if conversion is None else conversion,
        )
    by_draw |= {
        "shortfall": short,
        "idle": idle,
        "places_per_1000": 1000.0 * places / users.where(users > 0.0),
    }
    leading = [d for d in ("scenario",) if d in users.dims]
    out = xr.Dataset(
        {
            name: quantiles(values).transpose("quantile", *leading, "group", "year")
            for name, values in by_draw.items()
        }
    )
    out["supply"] = places
    chance = (short > 0.0).mean("draw").where(np.isfinite(norm))
    out["probability_of_shortfall"] = chance.transpose(*leading, "group", "year")
    return _described(out, rows, result, convert_idle)


def _check(result: xr.Dataset) -> None:
    for name in ("population", "births"):
        if name not in result:
            raise MissingVariableError(
                f"capacity needs {name}",
                where="capacity",
                got=f"variables {sorted(map(str, result))}",
                allowed="population and births",
                fix="pass what popsim.simulate returns",
            )
    if "draw" not in result["population"].dims:
        raise DimensionError(
            "the result has no draws to take bands from",
            where="capacity",
            got=f"dims {tuple(result['population'].dims)}",
            allowed="what popsim.simulate returns",
            fix="give a single projection a draw: result.expand_dims(draw=[0])",
        )
    if "region" in result["population"].dims:
        raise DimensionError(
            "one supply cannot serve each of several regions",
            where="capacity",
            got="a dimension 'region'",
            allowed="one region",
            fix="select one with its own supply: result.sel(region=...)",
        )


def _users(result: xr.Dataset, lower: float, upper: float) -> xr.DataArray:
    """Persons of the ages (..., year), nan for no upper border; births where there is no lower."""
    if np.isnan(lower):
        return everyone(result["births"]).reset_coords(drop=True)
    last = None if np.isnan(upper) else int(upper)
    people = population_between(result["population"], int(lower), last)
    # 31 December of a year is 1 January of the next
    people = people.isel(time=slice(1, None)).rename(time="year")
    return people.assign_coords(year=result["year"].values).reset_coords(drop=True)


def _convert(
    short: xr.DataArray, idle: xr.DataArray, rows: pd.DataFrame, conversion: pd.DataFrame
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Shortfall and idle places after conversion, and the places given up, all by group."""
    group_of = rows.dropna(subset="norm").drop_duplicates("facility").set_index("facility")["group"]
    given_up = xr.zeros_like(idle)
    usable = conversion[
        conversion["from"].isin(group_of.index) & conversion["to"].isin(group_of.index)
    ]
    if not len(usable):
        raise InputError(
            "there is nothing to convert",
            where="convert_idle",
            got=f"facilities {sorted(set(rows['facility']))}",
            allowed="; ".join(f"{r['from']} and {r['to']}" for r in conversion.to_dict("records")),
            fix="declare the supply of both",
        )
    for move in usable.to_dict("records"):
        ratio = float(move["ratio"])
        if not ratio > 0.0:
            raise InputError(
                "the ratio of a conversion is not positive",
                where=f"conversion, {move['from']} to {move['to']}",
                got=ratio,
                allowed="places gained per place given up, above 0",
            )
        source, target = group_of[move["from"]], group_of[move["to"]]
        missing = short.sel(group=target, drop=True)
        moved = idle.sel(group=source, drop=True).clip(max=missing / ratio)
        # all of it made good is zero, not what rounding leaves
        left = xr.where(moved < missing / ratio, missing - ratio * moved, 0.0)
        here, there = idle["group"] == source, short["group"] == target
        idle = xr.where(here, idle - moved, idle, keep_attrs=True)
        short = xr.where(there, left, short, keep_attrs=True)
        given_up = xr.where(here, given_up + moved, given_up)
    return short, idle, given_up


def _described(
    out: xr.Dataset, rows: pd.DataFrame, result: xr.Dataset, convert_idle: bool
) -> xr.Dataset:
    for name, (unit, label) in _LABELS.items():
        if name in out:
            out[name].attrs = {"units": unit, **long_names(f"capacity.{name}", label)}
    for name, column in (("group_en", "en"), ("group_zh", "zh"), ("norm_source", "source")):
        if column in rows:
            out = out.assign_coords({name: ("group", rows[column].to_numpy(dtype=str))})
    out.attrs = {**result.attrs, **provenance("capacity", convert_idle=convert_idle)}
    return out
