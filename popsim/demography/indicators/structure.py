"""Who a population consists of: ages, sexes, women, pupils.

Every function reads a population at an instant, by single or grouped age, with any
leading dimensions, and returns one figure for each of them. Upper borders are
exclusive: ``(15, 65)`` are the completed ages 15 to 64.
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import (
    AgeGroups,
    age_groups,
    labelled,
    missing_allowed,
    persons,
    ratio,
    refuse_empty,
)
from popsim.demography.indicators.dependency import PERCENT
from popsim.errors import BoundsError
from popsim.schema.checks import check_option, check_values, first_cell
from popsim.schema.conventions import BEARING_AGES, FEMALE, MALE
from popsim.schema.variables import PERSONS, VARIABLES

#: Stages of the Chinese school system by the ages that attend them: entry to primary
#: school at 6 (Compulsory Education Law of China, article 11), 6 + 3 + 3 years, and
#: three years of kindergarten (Kindergarten Work Regulations 2016, article 4).
SCHOOL_AGES: dict[str, tuple[int, int]] = {
    "kindergarten": (3, 6),
    "primary": (6, 12),
    "junior_secondary": (12, 15),
    "senior_secondary": (15, 18),
}


def population_between(
    population: xr.DataArray, lower: int, upper: int | None = None, sex: str | None = None
) -> xr.DataArray:
    """Persons of the completed ages from ``lower`` up to, not including, ``upper``.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant; sex may be absent.
    lower, upper : int
        Exact ages [years]; ``upper=None`` takes the open group too.
    sex : {"female", "male"}, optional
        Both together by default.

    Returns
    -------
    DataArray
        (...) [persons].

    Raises
    ------
    BoundsError
        If a count is negative, missing or infinite.
    CoordinateError
        If a border falls inside an age group; the message lists the borders.
    DimensionError
        If there is no age dimension, or a sex is asked for and there is none.
    InputError
        If the sex is not known.

    Examples
    --------
    >>> population = xr.DataArray([[10.0, 40.0, 9.0], [12.0, 42.0, 7.0]], dims=("sex", "age_group"),
    ...     coords={"sex": ["female", "male"], "age_group": ["0-14", "15-64", "65+"]})
    >>> float(population_between(population, 15, 65)), float(population_between(population, 65))
    (82.0, 16.0)
    """
    last = "+" if upper is None else f"-{upper - 1}"
    out = persons(population, lower, upper, sex)
    who = {None: "Persons", FEMALE: "Women", MALE: "Men"}[sex]
    return labelled(
        out,
        "population_between",
        PERSONS,
        f"measure.{who.lower()}_between",
        f"{who} aged {{lower}}{{last}}",
        lower=lower,
        last=last,
    )


def share(population: xr.DataArray, lower: int, upper: int | None = None) -> xr.DataArray:
    """Share of the whole population that is in an age range [percent].

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    lower, upper : int
        Exact ages [years], the upper one exclusive; None for the open end.

    Returns
    -------
    DataArray
        (...) [percent].

    Raises
    ------
    BoundsError, CoordinateError, DimensionError
        As :func:`population_between`; BoundsError too where there is no one.

    Examples
    --------
    >>> population = xr.DataArray([10.0, 30.0], dims="age_group",
    ...                           coords={"age_group": ["0-14", "15+"]})
    >>> float(share(population, 0, 15))
    25.0
    """
    last = "+" if upper is None else f"-{upper - 1}"
    part = persons(population, lower, upper, None)
    out = ratio(100.0 * part, persons(population, 0, None, None), "in the population")
    return labelled(
        out, "share", PERCENT, "measure.share", "Share aged {lower}{last}", lower=lower, last=last
    )


def sex_ratio(population: xr.DataArray, lower: int = 0, upper: int | None = None) -> xr.DataArray:
    """Males per 100 females of an age range; of all ages by default.

    Not to be confused with the sex ratio at birth of the inputs, which is males per female.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    lower, upper : int
        Exact ages [years], the upper one exclusive; None for the open end.

    Returns
    -------
    DataArray
        (...) [males per 100 females].

    Raises
    ------
    BoundsError
        If a count is not a finite number of persons, or there are no females.
    CoordinateError, DimensionError
        As :func:`population_between`.

    Examples
    --------
    >>> population = xr.DataArray([[50.0, 50.0], [55.0, 50.0]], dims=("sex", "age"),
    ...     coords={"sex": ["female", "male"], "age": [0, 15]})
    >>> float(sex_ratio(population)), float(sex_ratio(population, 0, 15))
    (105.0, 110.0)
    """
    last = "+" if upper is None else f"-{upper - 1}"
    women = persons(population, lower, upper, FEMALE)
    men = persons(population, lower, upper, MALE)
    return labelled(
        ratio(100.0 * men, women, "female"),
        "sex_ratio",
        "males per 100 females",
        "measure.sex_ratio",
        "Sex ratio, ages {lower}{last}",
        lower=lower,
        last=last,
    )


def women_of_childbearing_age(population: xr.DataArray) -> xr.DataArray:
    """Women of the completed ages 15 to 49.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.

    Returns
    -------
    DataArray
        (...) [persons].

    Raises
    ------
    BoundsError, CoordinateError, DimensionError
        As :func:`population_between`.

    Examples
    --------
    >>> population = xr.DataArray([[5.0, 9.0, 6.0], [5.0, 9.0, 5.0]], dims=("sex", "age"),
    ...     coords={"sex": ["female", "male"], "age": [0, 15, 50]})
    >>> float(women_of_childbearing_age(population))
    9.0
    """
    return population_between(population, *BEARING_AGES, FEMALE)


def women_of_peak_childbearing_age(population: xr.DataArray) -> xr.DataArray:
    """Women of the completed ages 20 to 34, who bear most children.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.

    Returns
    -------
    DataArray
        (...) [persons].

    Raises
    ------
    BoundsError, CoordinateError, DimensionError
        As :func:`population_between`.

    Examples
    --------
    >>> population = xr.DataArray([[5.0, 9.0, 6.0], [5.0, 9.0, 5.0]], dims=("sex", "age"),
    ...     coords={"sex": ["female", "male"], "age": [0, 20, 35]})
    >>> float(women_of_peak_childbearing_age(population))
    9.0
    """
    return population_between(population, 20, 35, FEMALE)


def school_age_population(population: xr.DataArray, stage: str) -> xr.DataArray:
    """Children of the ages that attend a stage of school.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    stage : {"kindergarten", "primary", "junior_secondary", "senior_secondary"}
        Ages 3-5, 6-11, 12-14 and 15-17.

    Returns
    -------
    DataArray
        (...) [persons].

    Raises
    ------
    BoundsError, CoordinateError, DimensionError
        As :func:`population_between`.
    InputError
        If the stage is not known.

    Examples
    --------
    >>> population = xr.DataArray(np.arange(20.0), dims="age", coords={"age": range(20)})
    >>> float(school_age_population(population, "kindergarten"))
    12.0
    """
    check_option(
        stage,
        SCHOOL_AGES,
        "stage",
        what="unknown stage of school",
        fix="use population_between for other ages",
    )
    return population_between(population, *SCHOOL_AGES[stage])


def _counts_by_age(population: xr.DataArray) -> tuple[xr.DataArray, AgeGroups]:
    check_values(population, VARIABLES["population"])
    groups = age_groups(population)
    return population.sum("sex") if "sex" in population.dims else population, groups


def _closed(groups: AgeGroups) -> np.ndarray:
    """Upper bounds with the open group given the width of the group before it."""
    upper = groups.upper.copy()
    before = upper[-2] - groups.lower[-2] if len(upper) > 1 else math.nan
    upper[-1] = groups.lower[-1] + before
    return upper


def mean_age(population: xr.DataArray) -> xr.DataArray:
    r"""Mean age of a population [years].

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.

    Returns
    -------
    DataArray
        (...) [years].

    Raises
    ------
    BoundsError
        If a count is not a finite number of persons, or there is no one.
    CoordinateError, DimensionError
        If the age dimension cannot be read.

    Notes
    -----
    :math:`\sum_x P_x (x + n_x/2) / \sum_x P_x`: persons stand at the middle of their
    group, those of the open group as if it were as wide as the one before it. By single
    ages to 100+ nothing depends on that; by groups the mean is as good as the groups.

    Examples
    --------
    >>> population = xr.DataArray([1.0, 1.0, 0.0], dims="age", coords={"age": [0, 1, 2]})
    >>> float(mean_age(population))
    1.0
    """
    counts, groups = _counts_by_age(population)
    middle = xr.DataArray((groups.lower + _closed(groups)) / 2, dims=groups.dim)
    total = counts.sum(groups.dim)
    out = ratio((counts * middle).sum(groups.dim), total, "in the population")
    return labelled(out, "mean_age", "years", "indicator.mean_age", "Mean age")


def median_age(population: xr.DataArray) -> xr.DataArray:
    """Age that half of the population has not reached yet [years].

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.

    Returns
    -------
    DataArray
        (...) [years].

    Raises
    ------
    BoundsError
        If a count is not a finite number of persons, there is no one, or half of the
        population is in the open age group.
    CoordinateError, DimensionError
        If the age dimension cannot be read.

    Notes
    -----
    Linear within the group that holds the median person, whose width says how good the
    figure is: exact to some weeks by single age, to about two years by groups of 15.

    Examples
    --------
    >>> population = xr.DataArray([10.0, 20.0, 10.0], dims="age", coords={"age": [0, 20, 40]})
    >>> float(median_age(population))
    30.0
    """
    counts, groups = _counts_by_age(population)
    counts = counts.transpose(..., groups.dim)
    total = counts.sum(groups.dim)
    refuse_empty(total, "in the population")
    values = counts.values
    above = np.cumsum(values, axis=-1)
    half = above[..., -1:] / 2
    at = np.argmax(above >= half, axis=-1)[..., np.newaxis]
    in_open = at[..., 0] == len(groups.lower) - 1
    if in_open.any() and not missing_allowed():
        raise BoundsError(
            "the median age lies in the open age group",
            where=first_cell(total, in_open),
            got=f"half of the population is {groups.borders[-1]} or older",
            allowed="a closed age group",
            fix="extend the ages",
        )
    inside = np.take_along_axis(values, at, -1)
    passed = np.take_along_axis(above, at, -1) - inside
    width = (groups.upper - groups.lower)[at]
    known = (inside > 0.0) & ~in_open[..., np.newaxis]
    part = np.divide(half - passed, inside, out=np.full_like(half, np.nan), where=known)
    age = groups.lower[at] + np.where(known, width, 0.0) * part
    return labelled(
        total.copy(data=age[..., 0]), "median_age", "years", "indicator.median_age", "Median age"
    )
