"""A city by its counties and districts, and baselines of several places beside each other."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr

from popsim import data
from popsim.baselines import china
from popsim.baselines.base_population import move_to_january
from popsim.baselines.input_tables import as_array
from popsim.baselines.load import CENSUS_NIGHT, census, load_baseline
from popsim.baselines.parity_start import starting_women
from popsim.baselines.region_fertility import constrained_fertility, relative_level
from popsim.baselines.single_age_inputs import single_age_population
from popsim.demography.ages.group_rows import parse_age_groups
from popsim.errors import (
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
    UnknownPlaceError,
    did_you_mean,
)
from popsim.schema.provenance import new_rule, provenance, with_rules
from popsim.schema.territory import KEYS, territory_of
from popsim.schema.variables import describe

#: Raking ends when every total is met to this share.
_MET = 1e-14
_ROUNDS = 1000


def region_table(place: str) -> xr.Dataset:
    """Census of 2020 of the counties, districts and banners of a city.

    Parameters
    ----------
    place : {"huzhou", "baotou"}

    Returns
    -------
    xarray.Dataset
        ``population`` (region, sex, age_group) [persons] on 1 November 2020; on ``region``
        also ``region_code`` (the census's code), ``region_name`` and ``region_name_zh``.

    Raises
    ------
    UnknownPlaceError
        The shipped table has no parts of this place.

    Examples
    --------
    >>> region_table("huzhou").region.values.tolist()
    ['wuxing', 'nanxun', 'deqing', 'changxing', 'anji']
    """
    table = data.table("census_regions")
    places = list(dict.fromkeys(table["place"]))
    if place not in places:
        raise UnknownPlaceError(
            f"the census table has no counties or districts of {place!r}",
            where="load_regions",
            got=place,
            allowed=", ".join(places),
            fix=did_you_mean(place, places)
            or "build a baseline of each part with popsim.build_baseline, then "
            "popsim.baselines.regions.stack_regions",
        )
    rows = table[table["place"] == place]
    counted = as_array(rows[["region", "sex", "age_group", "population"]], "population")
    named = rows.drop_duplicates("region").set_index("region").loc[counted["region"].values]
    return xr.Dataset({"population": counted}).assign_coords(
        region_code=("region", named["code"].to_numpy()),
        region_name=("region", named["name"].to_numpy(dtype=str)),
        region_name_zh=("region", named["name_zh"].to_numpy(dtype=str)),
    )


def load_regions(
    place: str,
    *,
    end: int = 2100,
    regions: Sequence[int | str] | None = None,
    migration: str = "internal",
) -> xr.Dataset:
    r"""Load the baseline of a city by its counties and districts.

    Parameters
    ----------
    place : {"huzhou", "baotou"}
    end : int
        Last calendar year, up to 2100.
    regions : sequence of int or str, optional
        Some of the regions only, by census code (330521) or label ("deqing"), in the
        order given; all if absent.
    migration : {"internal", "national", "closed"}
        As :func:`popsim.load_baseline` takes it for the city; the regions have the city's
        rates by age.

    Returns
    -------
    xarray.Dataset
        As :func:`popsim.load_baseline` returns it for the city, with the dim ``region`` on
        population, fertility_rate, fertility_level, women_by_parity and children_by_order.
        What they share (mortality, migration rates, order shares, sex ratio) has not. All
        regions add up to the city: population at the start by sex and single age, women by
        parity, and births by age of mother in every year of :func:`popsim.project`.

    Raises
    ------
    UnknownPlaceError
        A place without regions, or a region or code that the census table lacks.
    InputError
        The same region twice, an empty list, an unknown migration option, or an end that
        the tables do not reach.

    Notes
    -----
    *Population*: each region's age groups are graduated on their own and raked, within each
    group, to the city's single ages, keeping the region's own total of each group.

    *Fertility*: :func:`popsim.baselines.region_fertility.relative_level` gives the level
    of each region by indirect standardisation on age 0; the city's rates, hence its
    official total fertility rate, are the constraint
    (:func:`popsim.baselines.region_fertility.constrained_fertility`).

    *Women by parity*: reconstructed at the region's level, raked to the city's.

    *Death and migration rates*, birth orders and the sex ratio at birth are the city's:
    none is published for the regions. A region of 100 births a year has a level of
    fertility that chance alone moves by 10 % either way.

    Examples
    --------
    >>> import popsim as ps
    >>> parts = load_regions("huzhou", end=2022)
    >>> city = ps.load_baseline("huzhou", end=2022)
    >>> births = ps.project(parts).births.sum(["region", "age"])
    >>> bool(abs(births / ps.project(city).births.sum("age") - 1).max() < 1e-9)
    True
    """
    table = region_table(place)
    chosen = None if regions is None else _labels(table, place, regions)
    city = load_baseline(place, end=end, migration=migration)
    first = city.isel(year=0, drop=True)
    single, _ = single_age_population(table["population"], first["mortality_rate"])
    whole, _ = single_age_population(as_array(census(place), "population"), first["mortality_rate"])
    lower, _ = parse_age_groups(table["age_group"].values)
    single = rake_single_ages(single, whole, lower)

    level = relative_level(single, china.fertility_rate(2020, 2020).isel(year=0, drop=True))
    population = move_to_january(
        single,
        CENSUS_NIGHT,
        mortality_rate=first["mortality_rate"],
        fertility_rate=first["fertility_rate"] * level,
        sex_ratio_at_birth=first["sex_ratio_at_birth"],
        net_migration=first["net_migration_rate"] * single if migration != "closed" else None,
    ).transpose("region", "sex", "age")
    # The newborns of the two months are the only ages whose sum is not the city's already.
    population = population * (city["population"] / population.sum("region"))

    parts = city.assign(
        population=population,
        fertility_rate=constrained_fertility(city, population, level),
        fertility_level=city["fertility_level"] * level,
    )
    parts["women_by_parity"] = _women_by_parity(city, population, parts["fertility_level"])
    parts["children_by_order"] = _children_by_order(city, population)
    names = ("region_code", "region_name", "region_name_zh")
    parts = describe(parts).assign_coords({name: table[name] for name in names})
    rules = {
        "population": "census of 2020 by region, raked to the city's single ages",
        "fertility_rate": "level of each region by indirect standardisation on age 0 of the "
        "census of 2020, births by age of mother constrained to the city's in every year",
        "women_by_parity": "reconstructed at the level of each region, raked to the city's",
        "children_by_order": "the city's orders by age",
    }
    parts = with_rules(parts, {name: new_rule(city[name], said) for name, said in rules.items()})
    parts.attrs = city.attrs | provenance(
        "load_regions", place=place, end=end, regions=chosen, migration=migration
    )
    return parts if chosen is None else parts.sel(region=chosen)


def _labels(table: xr.Dataset, place: str, wanted: Sequence[int | str]) -> list[str]:
    """Labels of the regions asked for by code or label."""
    labels = [str(r) for r in table["region"].values]
    by_code = dict(zip((str(c) for c in table["region_code"].values), labels, strict=True))
    known = ", ".join(f"{code} {label}" for code, label in by_code.items())
    if isinstance(wanted, str) or len(wanted) == 0:
        raise InputError(
            "the regions are not a list with at least one region",
            where="regions",
            got=wanted,
            allowed=known,
            fix="regions=[330521, 330522], or leave it out for all",
        )
    out = []
    for one in wanted:
        label = by_code.get(str(one), str(one))
        if label not in labels:
            raise UnknownPlaceError(
                f"the census table has no region {one!r} in {place}",
                where="regions",
                got=one,
                allowed=known,
                fix=did_you_mean(one, [*labels, *by_code]) or "take one of these codes",
            )
        if label in out:
            raise InputError(f"the region {label!r} is listed twice", where="regions", got=one)
        out.append(label)
    return out


def rake_single_ages(
    single: xr.DataArray, whole: xr.DataArray, lower: Sequence[int] | np.ndarray
) -> xr.DataArray:
    r"""Rake single ages of regions to those of the whole, keeping each region's age groups.

    Parameters
    ----------
    single : xarray.DataArray
        (region, sex, age) [persons].
    whole : xarray.DataArray
        (sex, age) [persons]; each of its age groups is the sum of the regions'.
    lower : sequence of int
        Lower bounds of the age groups; the last is open.

    Returns
    -------
    xarray.DataArray
        (region, sex, age) [persons].

    Raises
    ------
    InputError
        The regions' age groups do not add up to those of the whole.

    Notes
    -----
    Iterative proportional fitting within each group :math:`g` of :math:`P_{ra}` to
    :math:`\sum_{a \in g} P_{ra} = Y_{rg}` and :math:`\sum_r P_{ra} = P_a`
    (Deming and Stephan 1940).

    Examples
    --------
    >>> parts = xr.DataArray([[[3.0, 1.0]], [[2.0, 2.0]]], dims=("region", "sex", "age"))
    >>> whole = xr.DataArray([[4.0, 4.0]], dims=("sex", "age"))
    >>> rake_single_ages(parts, whole, [0]).sum("age").values.round(9).ravel().tolist()
    [4.0, 4.0]
    """
    laid = single.transpose("region", "sex", "age")
    values, target = laid.values.copy(), whole.transpose("sex", "age").values
    starts = np.asarray(lower, dtype=np.int64)
    widths = np.diff(np.append(starts, values.shape[-1]))
    groups = np.add.reduceat(values, starts, axis=-1)
    gap = groups.sum(0) - np.add.reduceat(target, starts, axis=-1)
    if np.abs(gap).max() > 1e-6 * target.sum():
        raise InputError(
            "the regions do not add up to the whole",
            where="population",
            got=f"{float(np.abs(gap).max()):.6g} persons apart in one age group",
            allowed="the same persons, by sex and age group",
            fix="is a region missing from the list, or counted twice?",
        )
    for _ in range(_ROUNDS):
        values *= _ratio(target, values.sum(0))
        now = np.add.reduceat(values, starts, axis=-1)
        if np.abs(now - groups).max() <= _MET * target.sum():
            break
        values *= np.repeat(_ratio(groups, now), widths, axis=-1)
    return laid.copy(data=values)


def _ratio(wanted: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.divide(wanted, now, out=np.zeros_like(wanted), where=now > 0.0)


def _women_by_parity(
    city: xr.Dataset, population: xr.DataArray, level: xr.DataArray
) -> xr.DataArray:
    """Women of the regions by parity (region, parity, age), adding up to the city's."""
    start = int(city["year"].values[0])
    women = population.sel(sex="female", drop=True)
    own = starting_women(women, start, level=level)
    own = own.transpose("region", "parity", "age")
    values, target = own.values.copy(), city["women_by_parity"].transpose("parity", "age").values
    rows = women.transpose("region", "age").values[:, None, :]
    for _ in range(_ROUNDS):
        values *= _ratio(target, values.sum(0))
        now = values.sum(1, keepdims=True)
        if np.abs(now - rows).max() <= _MET * rows.sum():
            break
        values *= _ratio(rows, now)
    values[:, 0] += rows[:, 0] - values.sum(1)  # what rounding leaves goes to the childless
    return own.copy(data=values)


def _children_by_order(city: xr.Dataset, population: xr.DataArray) -> xr.DataArray:
    """Children of the regions by order (region, order, child_age): the city's orders."""
    by_order = city["children_by_order"]
    ages = by_order["child_age"].values
    shares = by_order / by_order.sum("order")
    children = population.sum("sex").sel(age=ages).rename(age="child_age")
    return (children * shares).transpose("region", "order", "child_age")


def stack_regions(baselines: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Lay baselines of several regions beside each other on the dim ``region``.

    Parameters
    ----------
    baselines : mapping of str to Dataset
        The region's name and its baseline, from :func:`popsim.build_baseline` or
        :func:`popsim.load_baseline`; all of the same years, with the same variables.

    Returns
    -------
    xarray.Dataset
        Inputs of :func:`popsim.project` and :func:`popsim.simulate`. A variable that is the
        same in all regions is kept once, without the dim. Attributes that differ, of the
        Dataset or of a variable, become one text, "region: value; ..."; ``scope`` and
        ``nation`` then are coordinates of the regions.

    Raises
    ------
    InputError
        No baselines.
    DimensionError
        A baseline that has regions already.
    CoordinateError
        Years or ages that differ.
    MissingVariableError
        A variable that some have and others lack; two forms of migration, say.

    Examples
    --------
    >>> import popsim as ps
    >>> both = stack_regions({n: ps.load_baseline(n, end=2022) for n in ("huzhou", "cixi")})
    >>> ps.project(both).births.dims
    ('region', 'year', 'age')
    """
    if not baselines:
        raise InputError(
            "there are no regions to stack",
            where="baselines",
            got=0,
            allowed='at least one, {"name": baseline}',
        )
    first_name, first = next(iter(baselines.items()))
    for name, one in baselines.items():
        _check_alike(first_name, first, name, one)
    region = xr.DataArray([str(n) for n in baselines], dims="region", name="region")
    every = list(baselines.values())
    stacked = {}
    for variable in first.data_vars:
        arrays = [one[variable] for one in every]
        same = all(arrays[0].identical(a) or arrays[0].equals(a) for a in arrays[1:])
        shared = same and variable != "population"
        stacked[variable] = (
            arrays[0]
            if shared
            else xr.concat(arrays, dim=region, coords="minimal", compat="override", join="exact")
        ).assign_attrs(
            _joined_attrs({name: one[variable].attrs for name, one in baselines.items()})
        )
    out = describe(xr.Dataset(stacked))
    attrs = _joined_attrs({name: one.attrs for name, one in baselines.items()}, without=("place",))
    for key in KEYS:
        of_regions = [getattr(territory_of(one), f"{key}s")[0] for one in every]
        if len(set(of_regions)) > 1:
            attrs.pop(key, None)
            out = out.assign_coords({key: ("region", of_regions)})
    out.attrs = attrs | provenance("stack_regions", regions=list(map(str, baselines)))
    return out


def _check_alike(first_name: str, first: xr.Dataset, name: str, one: xr.Dataset) -> None:
    if "region" in one.dims:
        raise DimensionError(
            "a baseline to stack has regions already",
            where=f"baselines[{name!r}]",
            got=f"{one.sizes['region']} regions",
            allowed="one region each",
            fix=".sel(region=...) takes one out",
        )
    odd = sorted(map(str, set(first.data_vars) ^ set(one.data_vars)))
    if odd:
        lacking, other = (name, first_name) if odd[0] in first else (first_name, name)
        raise MissingVariableError(
            f"the baseline of {lacking} lacks {odd[0]}, which that of {other} has",
            where=f"baselines[{lacking!r}]",
            got=", ".join(odd),
            allowed="the same variables in every region",
            fix="give it to all, or drop it from all; migration in one form only",
        )
    for dim in first.dims:
        if not np.array_equal(first[dim].values, one[dim].values):
            raise CoordinateError(
                f"the baselines differ on {dim!r}",
                where=f"baselines[{name!r}]",
                got=f"{one[dim].values[0]} to {one[dim].values[-1]}",
                allowed=f"{first[dim].values[0]} to {first[dim].values[-1]}, as {first_name}",
                fix="build them to the same end, from censuses of the same date",
            )


def _joined_attrs(
    attrs: Mapping[str, Mapping[Hashable, object]], without: Sequence[str] = ()
) -> dict[Hashable, object]:
    """Attributes of several regions: one value where all have it, else each region's in words."""
    keys = dict.fromkeys(k for one in attrs.values() for k in one if k not in without)
    out: dict[Hashable, object] = {}
    for key in keys:
        values = {str(name): one.get(key) for name, one in attrs.items()}
        if len(set(map(str, values.values()))) == 1:
            out[key] = next(iter(values.values()))
        else:
            out[key] = "; ".join(f"{n}: {v}" for n, v in values.items() if v is not None)
    return out
