"""Past fertility of a place: what its women of each age have borne up to the start.

It comes as rates by year and age of mother, as total fertility rates by year, or as the mean
number of children ever born by age at the start, and is carried to one form: rates of all
years through which the women at the start have lived, and a factor for each cohort.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.interpolate import PchipInterpolator

from popsim.demography.ages.graduation import graduate_rates
from popsim.demography.ages.group_rows import parse_age_groups
from popsim.errors import (
    AssumedFertilityWarning,
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
)
from popsim.schema.checks import check_values, first_cell
from popsim.schema.variables import VARIABLES

#: Years before the start through which women of 100 and younger have lived.
YEARS = 100
_AGES = np.arange(101)
#: Rounds in which a curve through the middles of age groups comes to their means [children].
_ROUNDS, _MET = 200, 1e-10


@dataclass(frozen=True)
class PastFertility:
    """Births per woman of the years before a date, and of each cohort.

    Attributes
    ----------
    rates : xarray.DataArray
        (..., year, age) births per woman and year, of the :data:`YEARS` years before the date.
    scale : xarray.DataArray
        (..., age) births of the cohort that has the age at the date, over those by the rates.
    time : int
        1 January of this year.
    rule : str
        Where they are from, in words.
    """

    rates: xr.DataArray
    scale: xr.DataArray
    time: int
    rule: str

    def __repr__(self) -> str:
        return f"PastFertility(before {self.time}, {dict(self.rates.sizes)}: {self.rule})"

    def children_ever_born(self) -> xr.DataArray:
        """Births per woman of each age up to the date (..., age)."""
        born = cumulated(self.rates) * self.scale
        born.attrs = VARIABLES["children_ever_born"].attrs()
        return born.transpose(..., "age").rename("children_ever_born")


def cumulated(rates: xr.DataArray) -> xr.DataArray:
    r"""Births per woman of each age on the 1 January after the rates, of all orders (..., age).

    Parameters
    ----------
    rates : xarray.DataArray
        (..., year, age) births per woman and year, by single years and ages.

    Notes
    -----
    Along the cohorts: women aged a at a 1 January bear half of the year at a and half at
    a + 1, :math:`[f(a, t) + f(a+1, t)]/2`. What was before the first year is left out.

    Examples
    --------
    >>> rates = xr.DataArray(np.full((2, 3), 0.1), dims=("year", "age"))
    >>> cumulated(rates).values.round(3).tolist()
    [0.0, 0.1, 0.2]
    """
    laid = rates.transpose(..., "year", "age")
    values = laid.values
    born = np.zeros(values.shape[:-2] + values.shape[-1:])
    for y in range(values.shape[-2]):
        row = values[..., y, :]
        both = row.copy()
        both[..., :-1] = (row[..., :-1] + row[..., 1:]) / 2.0
        both[..., -1] /= 2.0
        born[..., 1:] = (born + both)[..., :-1]
        born[..., 0] = 0.0
    return xr.DataArray(born, dims=(*laid.dims[:-2], "age"), coords=laid.isel(year=0).drop_vars(
        "year", errors="ignore").coords)  # fmt: skip


def held_before(rates: xr.DataArray, time: int) -> xr.DataArray:
    """Rates (..., year, age) of the :data:`YEARS` years before a date, from those of some.

    Linear between the years given, held before the first and after the last; years from
    the date on are left out.

    Raises
    ------
    InputError
        None of the years lies before the date.
    CoordinateError
        Years that do not rise, have no labels, or are all a century away.
    """
    known = rates["year"].values
    rows = "year" not in rates.coords or known.max() < time - YEARS  # 0, 1, 2: no years
    if rows or np.any(np.diff(known) <= 0):
        raise CoordinateError(
            "the years of the past fertility are not labelled, or do not rise",
            where="past_fertility",
            got=known.tolist() if "year" in rates.coords else "no labels",
            allowed=f"calendar years that rise, some of them after {time - YEARS}",
            fix="give the array a coordinate: .assign_coords(year=[1990, 1991, ...])",
        )
    past = rates.sel(year=known[known < time])
    if past.sizes["year"] == 0:
        raise InputError(
            "no year of the past fertility lies before the start",
            where="past_fertility",
            got=f"{known[0]} to {known[-1]}",
            allowed=f"years up to {time - 1}, best from {time - 35} or before",
        )
    years = np.arange(time - YEARS, time)
    if past.sizes["year"] == 1:
        return past.isel(year=0, drop=True).expand_dims(year=years).transpose(..., "year", "age")
    inside = np.clip(years, past["year"].values[0], past["year"].values[-1])
    if np.isin(inside, past["year"].values).all():  # as they are, to the last bit
        return past.sel(year=inside).assign_coords(year=years).transpose(..., "year", "age")
    return past.interp(year=inside).assign_coords(year=years).transpose(..., "year", "age")


def read_past(
    given: pd.Series | xr.DataArray | None, fertility_rate: xr.DataArray, time: int
) -> PastFertility:
    """Read what a place's past fertility is known by.

    Parameters
    ----------
    given : Series by year, or DataArray, optional
        Rates (year, age or age_group) [births per woman and year]; total fertility rates
        (year), which then have the pattern of ``fertility_rate``; or the mean number of
        children ever born (age or age_group) at the date. Further dims (region) may lead.
    fertility_rate : xarray.DataArray
        (..., age 0..100+) of the year from the date on [births per woman and year]; if
        nothing is given, the cohorts are taken to have lived through it.
    time : int
        1 January of this year.

    Returns
    -------
    PastFertility

    Raises
    ------
    DimensionError
        Neither years nor ages.
    InputError
        No year before the date.
    CoordinateError
        Years without labels, or ages that cannot be read.
    BoundsError
        A rate or a number of children that cannot be.

    Warns
    -----
    AssumedFertilityWarning
        Nothing is given.

    Examples
    --------
    >>> now = xr.DataArray(np.where(abs(np.arange(101) - 30) < 10, 0.1, 0.0), dims="age",
    ...     coords={"age": range(101)})
    >>> past = read_past(pd.Series({1990: 2.5, 2020: 1.9}), now, 2021)
    >>> past.children_ever_born().sel(age=[20, 30, 50]).round(2).values.tolist()
    [0.0, 0.99, 2.29]
    """
    if given is None:
        warnings.warn(
            AssumedFertilityWarning(
                "women by parity and children by order are those of women who have always had the "
                "fertility of the first year, since the place's past is not given; give "
                "build_baseline past_fertility= (rates by year and age, total fertility rates by "
                'year, or children ever born by age), or, for a place of China, nation="China"'
            ),
            stacklevel=3,  # whoever calls build_baseline
        )
        return PastFertility(
            _always(fertility_rate, time),
            xr.ones_like(fertility_rate),
            time,
            "constant: cohorts have had the fertility of the first year at every age, for want "
            "of their own",
        )
    if isinstance(given, pd.Series):
        given = xr.DataArray(given.to_numpy(float), dims="year", coords={"year": given.index})
    age = next((dim for dim in ("age", "age_group") if dim in given.dims), None)
    if "year" in given.dims:
        return _from_years(given, age, fertility_rate, time)
    if age is None:
        raise DimensionError(
            "the past fertility has neither years nor ages",
            where="past_fertility",
            got=f"dims {given.dims}",
            allowed="rates (year, age or age_group), total fertility rates (year), or children "
            "ever born (age or age_group)",
        )
    return _from_children(given, age, fertility_rate, time)


def _check(given: xr.DataArray, like: str) -> None:
    """Refuse values that the variable ``like`` cannot have, under the user's own name."""
    check_values(given, replace(VARIABLES[like], name="past_fertility"))


def _from_years(
    given: xr.DataArray, age: str | None, fertility_rate: xr.DataArray, time: int
) -> PastFertility:
    if age is None:
        _check(given, "total_fertility_rate")
        total = fertility_rate.sum("age")
        rates = given * (fertility_rate / total.where(total > 0.0, 1.0))
        how = "total fertility rates given for {}, by the age pattern of the first year"
    else:
        _check(given, "fertility_rate")
        if age == "age_group" or np.any(np.diff(given["age"].values) != 1):
            given = graduate_rates(given, kind="fertility")
        rates = given.reindex(age=_AGES, fill_value=0.0)
        how = "rates by age given for {}"
    held = held_before(rates, time)
    years = given["year"].values
    first, last = int(years[0]), int(years[years < time][-1])
    rule = how.format(f"{first} to {last}" if last > first else str(first))
    if first > time - YEARS:
        rule += ", before it as in its first year"
    return PastFertility(held, _alike(held), time, rule)


def _alike(rates: xr.DataArray) -> xr.DataArray:
    return xr.ones_like(rates.isel(year=0, drop=True))


def _always(fertility_rate: xr.DataArray, time: int) -> xr.DataArray:
    years = np.arange(time - YEARS, time)
    return fertility_rate.expand_dims(year=years).transpose(..., "year", "age")


def _from_children(
    given: xr.DataArray, age: str, fertility_rate: xr.DataArray, time: int
) -> PastFertility:
    """Cohorts whose births have the first year's age pattern, up to the children they have."""
    _check(given, "children_ever_born")
    rates = _always(fertility_rate, time)
    by_rates = cumulated(rates)
    begins = int(np.argmax((by_rates > 0.0).any([d for d in by_rates.dims if d != "age"]).values))
    labels, laid = given[age].values, given.transpose(..., age)
    lower, width = parse_age_groups(labels)
    if age == "age" and np.all(np.diff(lower) == 1):
        values = np.zeros((*laid.shape[:-1], len(_AGES)))
        values[..., lower] = laid.values
        values[..., lower[-1] :] = laid.values[..., -1:]
    else:
        values = through_means(laid.values, lower, width, begins - 1)
    born = xr.DataArray(
        values, dims=(*laid.dims[:-1], "age"), coords={**laid.drop_vars(age).coords, "age": _AGES}
    )
    bare = ((by_rates <= 0.0) & (born > 0.0)).transpose(..., "age")
    if bool(bare.any()):
        raise BoundsError(
            "women have children at an age at which nobody has borne by the fertility pattern",
            where=f"past_fertility at {first_cell(bare, bare.values)}",
            got=float(born.max() if born.ndim == 1 else (born * bare).max()),
            allowed=f"none before age {begins}",
            fix="give fertility_pattern a rate at the ages before",
        )
    scale = born / by_rates.where(by_rates > 0.0, 1.0)
    return PastFertility(rates, scale, time, "children ever born given by age at the start, borne "
        "by the age pattern of the first year")  # fmt: skip


def through_means(
    means: np.ndarray, lower: np.ndarray, width: np.ndarray, zero_at: int
) -> np.ndarray:
    """Values at single ages 0..100 whose means over age groups are those given (..., age).

    Parameters
    ----------
    means : numpy.ndarray
        (..., group), none below 0.
    lower, width : numpy.ndarray
        (group,) first ages and widths, as of
        :func:`popsim.demography.ages.group_rows.parse_age_groups`.
    zero_at : int
        The value is 0 up to this age; it is left at once if the first group has begun.

    Notes
    -----
    A curve through the middles of the groups that has no bumps of its own (Fritsch and
    Carlson 1980), held from the last middle on; its points are moved until the means are met.

    Examples
    --------
    >>> groups = parse_age_groups(["15-19", "20-24", "25-29"])
    >>> curve = through_means(np.array([0.1, 0.7, 1.2]), *groups, 14)
    >>> curve[[14, 17, 22, 27, 60]].round(2).tolist(), round(float(curve[20:25].mean()), 9)
    ([0.0, 0.06, 0.72, 1.26, 1.26], 0.7)
    """
    ends = np.minimum(lower + np.where(np.isfinite(width), width, 101.0), 101.0).astype(int)
    # The middle of completed ages; an open group is level but for its first years.
    middle = np.where(np.isfinite(width), (lower + ends - 1) / 2.0, lower + 2.0)
    left = min(float(zero_at), middle[0] - 0.5)
    at = np.concatenate([[left], middle])
    points = np.asarray(means, dtype=float).copy()
    for _ in range(_ROUNDS):
        values = np.concatenate([np.zeros((*points.shape[:-1], 1)), points], axis=-1)
        curve = PchipInterpolator(at, values, axis=-1)(np.clip(_AGES, at[0], at[-1]))
        now = np.stack([curve[..., a:b].mean(axis=-1) for a, b in zip(lower, ends, strict=True)],
            axis=-1)  # fmt: skip
        if np.abs(now - means).max() <= _MET:
            break
        points = np.maximum(points + (means - now), 0.0)
    return np.asarray(curve)
