"""From a counted population to the single ages of 1 January: its open group and its date."""

from __future__ import annotations

import datetime as dt

import numpy as np
import xarray as xr

from popsim.errors import CoordinateError
from popsim.schema.checks import check_sex


def next_january(date: dt.date) -> int:
    """Calendar year of the first 1 January on or after a date.

    Examples
    --------
    >>> next_january(dt.date(2020, 11, 1)), next_january(dt.date(2024, 1, 1))
    (2021, 2024)
    """
    return date.year if (date.month, date.day) == (1, 1) else date.year + 1


def part_of_year(date: dt.date) -> float:
    """Years from a date to the next 1 January.

    Examples
    --------
    >>> round(part_of_year(dt.date(2020, 11, 1)), 4)
    0.1667
    """
    january = dt.date(next_january(date), 1, 1)
    return (january - date).days / (january - january.replace(year=january.year - 1)).days


def old_age_weights(
    person_years: xr.DataArray, younger: xr.DataArray, *, last: int
) -> xr.DataArray:
    r"""Weights that spread an open age group over the single ages in it.

    Parameters
    ----------
    person_years : xarray.DataArray
        :math:`L_x` (..., sex, age 0..100+) of the population's life table [person-years].
    younger : xarray.DataArray
        Population (..., sex, age_group) of the two five-year groups below the open one.
    last : int
        Lower bound of the open group (85).

    Returns
    -------
    xarray.DataArray
        (..., sex, age from ``last`` on) [1], adding up to 1.

    Notes
    -----
    A stable population: :math:`w_x \propto L_x e^{-r (x - 85)}`, with the growth rate
    :math:`r` that the two groups below show,
    :math:`P_{80-84} / P_{75-79} = e^{-5r} L_{80-84} / L_{75-79}`, kept within
    :math:`\pm 0.05` so that a small place's chance does not rule.
    """
    lived = [person_years.sel(age=slice(last - k, last - k + 4)).sum("age") for k in (10, 5)]
    low, high = (younger.isel(age_group=i, drop=True) for i in (0, 1))
    ratio = (high * lived[0]) / (low * lived[1])
    growth = -xr.apply_ufunc(np.log, ratio.where(ratio > 0)) / 5.0
    growth = growth.clip(-0.05, 0.05).fillna(0.0)
    old = person_years.sel(age=slice(last, None))
    weights = old * np.exp(-growth * (old["age"] - last))
    return weights / weights.sum("age")


def move_to_january(
    population: xr.DataArray,
    date: dt.date,
    *,
    mortality_rate: xr.DataArray,
    fertility_rate: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
) -> xr.DataArray:
    r"""Move a population by single age to the next 1 January.

    Parameters
    ----------
    population : xarray.DataArray
        (..., sex, age) [persons] at ``date``.
    date : datetime.date
    mortality_rate : xarray.DataArray
        (..., sex, age) [deaths per person-year] of the months between.
    fertility_rate : xarray.DataArray
        (..., age) [births per woman and year] of the months between.
    sex_ratio_at_birth : xarray.DataArray or float
        [males per female]

    Returns
    -------
    xarray.DataArray
        population (..., sex, age) [persons] at 1 January; unchanged if it stands there.

    Raises
    ------
    CoordinateError
        Ages are not single, or the sexes not female, male.

    Notes
    -----
    With the part :math:`f` of a year to go, birthdays spread evenly over the year and no
    migration: of the people aged :math:`x` the share :math:`f` has its birthday,

    .. math:: P'_x = (1-f) P_x e^{-f m_x} + f P_{x-1} e^{-f (m_{x-1} + m_x)/2},

    the open group keeps its own, and :math:`P'_0` gains the births of the months,
    :math:`f \sum_x f_x P_x`, of whom those survive who are exposed for half of
    :math:`f` on average.

    Examples
    --------
    >>> ages = {"sex": ["female", "male"], "age": range(101)}
    >>> people = xr.DataArray(np.full((2, 101), 100.0), coords=ages, dims=("sex", "age"))
    >>> nobody_dies_or_is_born = dict(
    ...     mortality_rate=people * 0, fertility_rate=people[0] * 0, sex_ratio_at_birth=1.05
    ... )
    >>> moved = move_to_january(people, dt.date(2020, 7, 1), **nobody_dies_or_is_born)
    >>> moved.sel(sex="female").values[[0, 1, 100]].round(1).tolist()
    [49.7, 100.0, 150.3]
    """
    check_sex(population)
    ages = population["age"].values
    if len(ages) < 3 or np.any(np.diff(ages) != 1):
        raise CoordinateError(
            "the population is not by single age",
            where="age",
            got=ages[:4].tolist(),
            allowed="0, 1, 2, ...",
            fix="graduate it first: popsim.demography.graduation.graduate_counts",
        )
    f = 0.0 if (date.month, date.day) == (1, 1) else part_of_year(date)
    if f == 0.0:
        return population.copy()
    births = (fertility_rate * population.sel(sex="female", drop=True)).sum("age") * f
    girls = births / (1.0 + sex_ratio_at_birth)
    born = xr.concat([girls, births - girls], dim=population["sex"])

    m = mortality_rate
    stay = (1.0 - f) * population * np.exp(-f * m)
    # The birthday falls somewhere in the months: half of the exposure at either age.
    go = f * population * np.exp(-f * (m + m.shift(age=-1).fillna(m.isel(age=-1))) / 2.0)
    moved = stay + go.shift(age=1, fill_value=0.0)
    young, old = ages[0], ages[-1]
    moved = xr.where(moved["age"] == old, moved + go.sel(age=old, drop=True), moved)
    newborn = born * np.exp(-f / 2.0 * m.sel(age=young, drop=True))
    moved = xr.where(moved["age"] == young, moved + newborn, moved)
    return moved.transpose(*population.dims)
