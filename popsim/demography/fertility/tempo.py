"""Period and cohort: the tempo of a period's total, and what cohorts had in the end."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.fertility.checks import checked_width, labelled
from popsim.demography.fertility.measures import mean_age_at_childbearing, total_fertility_rate
from popsim.errors import CoordinateError, DimensionError, FitError, InputError
from popsim.schema.checks import check_years, first_cell


def completed_cohort_fertility(fertility_rate: xr.DataArray) -> xr.DataArray:
    r"""Births per woman of the birth cohorts whose reproductive ages are all in the data.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (year, age, ...) period rates [births per woman and year]; the years follow each
        other by the width of the age groups. The reproductive ages are those at which
        any rate is above zero.

    Returns
    -------
    xarray.DataArray
        (..., cohort) [births per woman]; ``cohort`` is the (first) calendar year of birth.

    Raises
    ------
    DimensionError
        There is no dimension age or year.
    CoordinateError
        Ages unevenly spaced; years not spaced as the ages.
    BoundsError
        A rate is missing or out of bounds.
    InputError
        No rate is above zero, or the years are too few for one whole cohort.

    Notes
    -----
    A cohort born through year c passes the age x half in year c + x and half in the next,
    so :math:`CCF(c) = n \sum_x [f(x, c + x) + f(x, c + x + n)] / 2` (the Lexis diagram;
    Preston, Heuveline & Guillot 2001, section 2.2).

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray(
    ...     [[0.1, 0.2], [0.1, 0.2], [0.2, 0.2]],
    ...     dims=("year", "age"), coords={"year": [2000, 2005, 2010], "age": [20, 25]},
    ... )
    >>> ccf = completed_cohort_fertility(f)
    >>> ccf.cohort.values.tolist(), ccf.round(3).values.tolist()
    ([1980], [1.5])
    """
    width = checked_width(fertility_rate)
    if "year" not in fertility_rate.dims:
        raise DimensionError(
            "there is no dimension 'year'",
            where="fertility_rate",
            got=f"dims {tuple(fertility_rate.dims)}",
            allowed="year, age, and any further ones",
            fix="give the rates of as many years as the cohort lives reproductive ages",
        )
    check_years(fertility_rate, width)
    fertile = (fertility_rate > 0).any([d for d in fertility_rate.dims if d != "age"]).values
    if not fertile.any():
        raise InputError(
            "the rates are zero at every age",
            where="fertility_rate",
            got=0.0,
            allowed="rates above zero at the reproductive ages",
            fix="check that the rates were read",
        )
    first, last = int(np.argmax(fertile)), len(fertile) - 1 - int(np.argmax(fertile[::-1]))
    ages = last - first + 1
    cohorts = fertility_rate.sizes["year"] - ages
    if cohorts < 1:
        raise InputError(
            "the years are too few for one whole cohort",
            where="year",
            got=f"{fertility_rate.sizes['year']} years of {width}",
            allowed=f"at least {ages + 1} (ages {fertility_rate['age'].values[first]} to "
            f"{fertility_rate['age'].values[last]}, each met in two calendar years)",
            fix="give more years, or measure the period (total_fertility_rate)",
        )
    steps = np.arange(ages)
    year = xr.DataArray(np.arange(cohorts)[:, None] + steps, dims=("cohort", "step"))
    age = xr.DataArray(first + steps, dims="step")
    bare = fertility_rate.drop_vars(["year", "age"])
    lived = (bare.isel(year=year, age=age) + bare.isel(year=year + 1, age=age)) / 2
    born = fertility_rate["year"].values[:cohorts] - int(fertility_rate["age"].values[first])
    completed = (width * lived.sum("step")).assign_coords(cohort=born)
    others = [d for d in completed.dims if d != "cohort"]
    return labelled(completed.transpose(*others, "cohort"), "completed_cohort_fertility")


def tempo_adjusted_total_fertility_rate(fertility_rate_by_order: xr.DataArray) -> xr.Dataset:
    r"""Bongaarts-Feeney total: what the TFR had been if the mean ages had stood still.

    Parameters
    ----------
    fertility_rate_by_order : xarray.DataArray
        (year, order, age, ...) incidence rates [births per woman and year]; ``order`` is
        1, 2, 3, ..., its last entry may be that order and higher.

    Returns
    -------
    xarray.Dataset
        For every year that has a neighbour on both sides:

        - ``total_fertility_rate`` (..., year) [births per woman], unadjusted
        - ``tempo_adjusted_total_fertility_rate`` (..., year) [births per woman]
        - ``tempo_adjusted_total_fertility_rate_by_order`` (..., year, order)
        - ``mean_age_change`` (..., year, order) [years per year]

    Raises
    ------
    DimensionError
        There is no dimension age, year or order.
    CoordinateError
        Ages unevenly spaced; years with gaps, or fewer than three; orders unlabelled or
        not 1, 2, 3, ...
    BoundsError
        A rate is missing or out of bounds.
    FitError
        An order has no births in a year; or its mean age rises by a year or more a year,
        where the adjustment has no meaning.

    Notes
    -----
    :math:`TFR' = \sum_i TFR_i / (1 - r_i)`, :math:`r_i(t) = [\mu_i(t+1) - \mu_i(t-1)] / 2`
    with the mean age :math:`\mu_i` of the rates of order i (Bongaarts & Feeney 1998,
    *Population and Development Review* 24(2); the central difference: 2000, 26(3), note 1).
    The method takes all cohorts to postpone alike; with changing spread of the ages it is
    an approximation. The adjusted total is unstable from year to year: average some years.

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray(
    ...     [[[0.10, 0.10, 0.00]], [[0.09, 0.09, 0.02]], [[0.08, 0.08, 0.04]]],
    ...     dims=("year", "order", "age"),
    ...     coords={"year": [2000, 2001, 2002], "order": [1], "age": [20, 21, 22]},
    ... )
    >>> adjusted = tempo_adjusted_total_fertility_rate(f)
    >>> adjusted.mean_age_change.round(3).values.tolist()
    [[0.15]]
    >>> adjusted.tempo_adjusted_total_fertility_rate.round(4).values.tolist()
    [0.2353]
    """
    total, mean, spacing = _by_order(fertility_rate_by_order)
    inner = slice(1, -1)
    years = mean["year"].values
    later = mean.isel(year=slice(2, None)).assign_coords(year=years[inner])
    earlier = mean.isel(year=slice(None, -2)).assign_coords(year=years[inner])
    change = labelled((later - earlier) / (2.0 * spacing), "mean_age_change")
    runaway = change.values >= 1.0
    if runaway.any():
        raise FitError(
            "the mean age rises by a year or more in a year",
            where=f"mean age at {first_cell(change, runaway)}",
            got=f"{change.values[runaway][0]:.3g} years per year",
            allowed="below 1 (0.4 is the fastest that is commonly seen)",
            fix="check the rates of the neighbouring years; few births make mean ages jump",
        )
    by_order = total.isel(year=inner) / (1.0 - change)
    name = "tempo_adjusted_total_fertility_rate"
    return xr.Dataset(
        {
            "total_fertility_rate": labelled(
                total.isel(year=inner).sum("order"), "total_fertility_rate"
            ),
            name: labelled(by_order.sum("order"), name),
            f"{name}_by_order": labelled(by_order, f"{name}_by_order"),
            "mean_age_change": change,
        }
    )


def _by_order(rates: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, int]:
    """Totals and mean ages by year and order, and the spacing of the years."""
    for dim in ("year", "order"):
        if dim not in rates.dims:
            raise DimensionError(
                f"fertility_rate_by_order lacks the dimension {dim!r}",
                where="fertility_rate_by_order",
                got=f"dims {tuple(rates.dims)}",
                allowed="year, order, age, and any further ones",
                fix="the adjustment needs rates by birth order of three years or more",
            )
    orders = rates["order"].values.tolist() if "order" in rates.coords else []
    if orders != list(range(1, rates.sizes["order"] + 1)):
        raise CoordinateError(
            "the birth orders are not labelled 1, 2, 3, ...",
            where="order",
            got=orders or "no labels",
            allowed=list(range(1, rates.sizes["order"] + 1)),
            fix="label every order by its number, the last one standing for higher ones too",
        )
    years = rates["year"].values if "year" in rates.coords else np.array([])
    if len(years) < 3:
        raise CoordinateError(
            "the change of the mean age needs three years or more",
            where="year",
            got=f"{len(years)} labelled years",
            allowed="three or more, evenly spaced",
            fix="give the rates of the year before and the year after",
        )
    spacing = max(int(years[1] - years[0]), 1)
    check_years(rates, spacing)
    return total_fertility_rate(rates), mean_age_at_childbearing(rates), spacing
