"""Flows over a year related to the people who could have had them: crude rates and growth.

Stocks stand on ``time`` (1 January), flows cover ``year``; a flow of year t lies between
the stocks of t and of the next ``time``. Crude rates use the mean of the two.
"""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import labelled, ratio, refuse_empty
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.variables import PERSONS, VARIABLES

_PER_THOUSAND = "per 1,000 persons and year"
_PERCENT_A_YEAR = "percent per year"
#: What a flow or a stock is summed over to speak of everyone.
_INNER = ("sex", "age", "age_group", "order")


def everyone(array: xr.DataArray) -> xr.DataArray:
    """Sum a stock or a flow over sex, age and birth order.

    Examples
    --------
    >>> float(everyone(xr.DataArray([[1.0, 2.0]], dims=("year", "age")))[0])
    3.0
    """
    return array.sum([d for d in _INNER if d in array.dims])


def _stocks(population: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Total at the start and at the end of each step, and its length, all on ``year``."""
    if "time" not in population.dims:
        raise DimensionError(
            "the population has no dimension time",
            where="population",
            got=f"dims {tuple(population.dims)}",
            allowed="time (1 January of each year), with one more entry than the flows",
            fix="a rate needs the stock before and after; rename the dimension to time",
        )
    times = population["time"].values
    if len(times) < 2 or np.any(np.diff(times) <= 0):
        raise CoordinateError(
            "the times of the population do not rise",
            where="time",
            got=times[:4].tolist(),
            allowed="two or more instants in order",
            fix="sort them, and keep the instant after the last flow",
        )
    check_values(population, VARIABLES["population"])
    total = everyone(population)
    start, end = (
        total.isel(time=part).rename(time="year").assign_coords(year=times[:-1])
        for part in (slice(None, -1), slice(1, None))
    )
    step = xr.DataArray(np.diff(times), dims="year", coords={"year": times[:-1]})
    return start, end, step


def mid_year_population(population: xr.DataArray) -> xr.DataArray:
    """Mean of the population at the start and at the end of each year or step.

    Parameters
    ----------
    population : DataArray
        (..., time, sex, age) [persons]; without sex or age it is taken as the total.

    Returns
    -------
    DataArray
        (..., year) [persons].

    Raises
    ------
    DimensionError
        If there is no time.
    CoordinateError
        If the times do not rise, or there are fewer than two.
    BoundsError
        If a count is negative, missing or infinite.

    Examples
    --------
    >>> stock = xr.DataArray([100.0, 110.0], dims="time", coords={"time": [2020, 2021]})
    >>> float(mid_year_population(stock).sel(year=2020))
    105.0
    """
    start, end, _ = _stocks(population)
    return labelled(
        (start + end) / 2,
        "mid_year_population",
        PERSONS,
        "measure.mid_year_population",
        "Mid-year population",
    )


def _per_thousand(flow: xr.DataArray, population: xr.DataArray, what: str) -> xr.DataArray:
    start, end, step = _stocks(population)
    if "year" not in flow.dims:
        raise DimensionError(
            f"{what} have no dimension year",
            where=what,
            got=f"dims {tuple(flow.dims)}",
            allowed="year, the first calendar year of each step",
            fix="name the dimension of the flow year",
        )
    bad = ~np.isfinite(flow.values)
    if bad.any():
        raise BoundsError(
            f"{what} are missing or infinite in {int(bad.sum())} cells",
            where=first_cell(flow, bad),
            got=flow.values[bad][0],
            allowed="finite numbers",
            fix="fill or drop the cells; popsim does not guess them",
        )
    check_same_coords({"population": start, what: flow})
    return ratio(1000.0 * everyone(flow), (start + end) / 2 * step, "in the population")


def crude_birth_rate(births: xr.DataArray, population: xr.DataArray) -> xr.DataArray:
    """Births per thousand persons of the mid-year population.

    Parameters
    ----------
    births : DataArray
        (..., year) [persons in the step], by mother's age, order or not.
    population : DataArray
        (..., time, sex, age) [persons].

    Returns
    -------
    DataArray
        (..., year) [per 1,000 persons and year].

    Raises
    ------
    DimensionError
        If time or year is missing.
    CoordinateError
        If the years of the flow are not those between the times.
    BoundsError
        If a number is not usable, or there is no one.

    Examples
    --------
    >>> stock = xr.DataArray([990.0, 1010.0], dims="time", coords={"time": [2020, 2021]})
    >>> births = xr.DataArray([9.0], dims="year", coords={"year": [2020]})
    >>> float(crude_birth_rate(births, stock)[0])
    9.0
    """
    rate = _per_thousand(births, population, "births")
    return labelled(
        rate, "crude_birth_rate", _PER_THOUSAND, "indicator.crude_birth_rate", "Crude birth rate"
    )


def crude_death_rate(deaths: xr.DataArray, population: xr.DataArray) -> xr.DataArray:
    """Deaths per thousand persons of the mid-year population.

    Parameters
    ----------
    deaths : DataArray
        (..., year) [persons in the step], by sex and age or not.
    population : DataArray
        (..., time, sex, age) [persons].

    Returns
    -------
    DataArray
        (..., year) [per 1,000 persons and year].

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        As :func:`crude_birth_rate`.

    Examples
    --------
    >>> stock = xr.DataArray([990.0, 1010.0], dims="time", coords={"time": [2020, 2021]})
    >>> deaths = xr.DataArray([7.0], dims="year", coords={"year": [2020]})
    >>> float(crude_death_rate(deaths, stock)[0])
    7.0
    """
    rate = _per_thousand(deaths, population, "deaths")
    return labelled(
        rate, "crude_death_rate", _PER_THOUSAND, "indicator.crude_death_rate", "Crude death rate"
    )


def natural_increase(births: xr.DataArray, deaths: xr.DataArray) -> xr.DataArray:
    """Births less deaths [persons in the step].

    Parameters
    ----------
    births, deaths : DataArray
        (..., year) [persons in the step].

    Returns
    -------
    DataArray
        (..., year) [persons in the step].

    Raises
    ------
    CoordinateError
        If the two cover different years.

    Examples
    --------
    >>> year = {"year": [2020]}
    >>> born, died = (xr.DataArray([n], dims="year", coords=year) for n in (9.0, 7.0))
    >>> float(natural_increase(born, died)[0])
    2.0
    """
    born, died = everyone(births), everyone(deaths)
    check_same_coords({"births": born, "deaths": died})
    unit = births.attrs.get("units", PERSONS)  # which says where a step is not a year
    return labelled(
        born - died, "natural_increase", unit, "indicator.natural_increase", "Natural increase"
    )


def rate_of_natural_increase(
    births: xr.DataArray, deaths: xr.DataArray, population: xr.DataArray
) -> xr.DataArray:
    """Births less deaths per thousand persons of the mid-year population.

    Parameters
    ----------
    births, deaths : DataArray
        (..., year) [persons in the step].
    population : DataArray
        (..., time, sex, age) [persons].

    Returns
    -------
    DataArray
        (..., year) [per 1,000 persons and year].

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        As :func:`crude_birth_rate`.

    Examples
    --------
    >>> stock = xr.DataArray([990.0, 1010.0], dims="time", coords={"time": [2020, 2021]})
    >>> born, died = (xr.DataArray([n], dims="year", coords={"year": [2020]}) for n in (9.0, 7.0))
    >>> float(rate_of_natural_increase(born, died, stock)[0])
    2.0
    """
    rate = _per_thousand(natural_increase(births, deaths), population, "births less deaths")
    return labelled(
        rate,
        "rate_of_natural_increase",
        _PER_THOUSAND,
        "indicator.rate_of_natural_increase",
        "Rate of natural increase",
    )


def crude_net_migration_rate(net_migration: xr.DataArray, population: xr.DataArray) -> xr.DataArray:
    """Net migrants per thousand persons of the mid-year population.

    Parameters
    ----------
    net_migration : DataArray
        (..., year) [persons in the step], by sex and age or not.
    population : DataArray
        (..., time, sex, age) [persons].

    Returns
    -------
    DataArray
        (..., year) [per 1,000 persons and year].

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        As :func:`crude_birth_rate`.

    Examples
    --------
    >>> stock = xr.DataArray([990.0, 1010.0], dims="time", coords={"time": [2020, 2021]})
    >>> moved = xr.DataArray([-5.0], dims="year", coords={"year": [2020]})
    >>> float(crude_net_migration_rate(moved, stock)[0])
    -5.0
    """
    rate = _per_thousand(net_migration, population, "net migrants")
    return labelled(
        rate,
        "crude_net_migration_rate",
        _PER_THOUSAND,
        "indicator.crude_net_migration_rate",
        "Net migration rate",
    )


def growth_rate(population: xr.DataArray) -> xr.DataArray:
    r"""Exponential growth rate of the whole population [percent per year].

    Parameters
    ----------
    population : DataArray
        (..., time, sex, age) [persons].

    Returns
    -------
    DataArray
        (..., year) [percent per year].

    Raises
    ------
    DimensionError, CoordinateError
        If time is missing or does not rise.
    BoundsError
        If a count is not usable, or there is no one at a time.

    Notes
    -----
    :math:`100 \ln(P_{t+n}/P_t)/n`.

    Examples
    --------
    >>> stock = xr.DataArray([100.0, 101.0], dims="time", coords={"time": [2020, 2021]})
    >>> round(float(growth_rate(stock)[0]), 4)
    0.995
    """
    start, end, step = _stocks(population)
    for total in (start, end):
        refuse_empty(total, "in the population")
    known = (start > 0.0) & (end > 0.0)
    rate = xr.DataArray(np.log(end.where(known)) - np.log(start.where(known))) * 100.0 / step
    return labelled(rate, "growth_rate", _PERCENT_A_YEAR, "indicator.growth_rate", "Growth rate")


def doubling_time(population: xr.DataArray) -> xr.DataArray:
    r"""Years to double at the growth rate of the year; negative: years to halve.

    Parameters
    ----------
    population : DataArray
        (..., time, sex, age) [persons].

    Returns
    -------
    DataArray
        (..., year) [years]; infinite where the population does not change.

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        As :func:`growth_rate`.

    Notes
    -----
    :math:`\ln 2 / r`.

    Examples
    --------
    >>> stock = xr.DataArray([100.0, 102.0], dims="time", coords={"time": [2020, 2021]})
    >>> round(float(doubling_time(stock)[0]), 1)
    35.0
    """
    rate = growth_rate(population) / 100.0
    with np.errstate(divide="ignore"):
        years = np.log(2.0) / rate
    return labelled(years, "doubling_time", "years", "indicator.doubling_time", "Doubling time")


def births_by_order(births: xr.DataArray) -> xr.DataArray:
    """Births of each order, all ages of the mother together.

    Parameters
    ----------
    births : DataArray
        (..., year, order, age) [persons in the step].

    Returns
    -------
    DataArray
        (..., year, order) [persons in the step].

    Raises
    ------
    DimensionError
        If there is no dimension order.

    Examples
    --------
    >>> births = xr.DataArray([[4.0, 2.0], [1.0, 3.0]], dims=("order", "age"),
    ...                       coords={"order": ["1", "2+"], "age": [20, 30]})
    >>> births_by_order(births).values.tolist()
    [6.0, 4.0]
    """
    _need_order(births)
    out = births.sum([d for d in _INNER if d in births.dims and d != "order"])
    unit = births.attrs.get("units", PERSONS)  # which says where a step is not a year
    return labelled(out, "births_by_order", unit, "indicator.births_by_order", "Births by order")


def share_of_higher_order(births: xr.DataArray, order: int = 2) -> xr.DataArray:
    """Share of births that are of an order or a higher one [percent].

    Parameters
    ----------
    births : DataArray
        (..., year, order, age) [persons in the step]; orders such as 1, 2, "3+".
    order : int
        The lowest order to count.

    Returns
    -------
    DataArray
        (..., year) [percent].

    Raises
    ------
    DimensionError
        If there is no dimension order.
    CoordinateError
        If an order cannot be read, or the order falls inside an open group.
    InputError
        If the order is below 1.
    BoundsError
        If there are no births.

    Examples
    --------
    >>> births = xr.DataArray([6.0, 3.0, 1.0], dims="order", coords={"order": ["1", "2", "3+"]})
    >>> float(share_of_higher_order(births))
    40.0
    """
    _need_order(births)
    if order < 1:
        raise InputError(
            "birth orders start at 1", where="order", got=order, allowed="1, 2, 3, ..."
        )
    orders = [_order_of(label) for label in births["order"].values]
    if order not in orders:
        raise CoordinateError(
            f"there is no order {order} to start from",
            where="order",
            got=[str(o) for o in births["order"].values],
            allowed=", ".join(map(str, orders)),
            fix="choose one of these orders",
        )
    by_order = births_by_order(births)
    higher = by_order.isel(order=[i for i, o in enumerate(orders) if o >= order]).sum("order")
    out = ratio(100.0 * higher, by_order.sum("order"), "born")
    return labelled(
        out,
        f"share_of_order_{order}_or_higher",
        "percent",
        "measure.share_of_higher_order",
        "Births of order {order} or higher",
        order=order,
    )


def _need_order(births: xr.DataArray) -> None:
    if "order" not in births.dims:
        raise DimensionError(
            "the births are not by order",
            where="births",
            got=f"dims {tuple(births.dims)}",
            allowed="a dimension order",
            fix="simulate with fertility by order",
        )


def _order_of(label: object) -> int:
    match = re.fullmatch(r"\s*(\d+)\s*\+?\s*", str(label))
    if match is None:
        raise CoordinateError(
            f"the birth order {str(label)!r} cannot be read",
            where="order",
            got=label,
            allowed="1, 2, '3+'",
            fix="relabel the orders by number",
        )
    return int(match[1])
