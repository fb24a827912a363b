"""Dependants, those who support them, and who enters and leaves working age.

Every function reads a population at an instant; see :mod:`popsim.demography.indicators.structure`.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import (
    AgeGroups,
    age_groups,
    labelled,
    persons,
    ratio,
    refuse_empty,
)
from popsim.errors import CoordinateError, InputError, did_you_mean
from popsim.kernels.ratios import percent_of
from popsim.schema.checks import check_option, check_values
from popsim.schema.variables import VARIABLES

PERCENT = "percent"

#: Working ages by name. 15/60 is used in China, where people retire at or before 60
#: (China Statistical Yearbook, 15-59), 15/65 by the United Nations and, for its
#: dependency ratios, by the China Statistical Yearbook too.
WORKING_AGES: dict[str, tuple[int, int]] = {"15/60": (15, 60), "15/65": (15, 65)}

#: Working ages of the dependency ratios of a simulation.
DEPENDENCY_AGES = WORKING_AGES["15/65"]

#: Groups wider than this cannot say how many reach a border in a year.
MAX_ENTRY_WIDTH = 5

DependencyKind = Literal["total", "child", "old_age"]
WorkingAge = tuple[int, int] | str


def working_age_bounds(working_age: WorkingAge) -> tuple[int, int]:
    """Resolve the working ages, given by name ("15/60", "15/65") or as a pair.

    Raises
    ------
    InputError
        If the name is not known.

    Examples
    --------
    >>> working_age_bounds("15/60")
    (15, 60)
    """
    if not isinstance(working_age, str):
        return working_age
    if working_age not in WORKING_AGES:
        raise InputError(
            f"unknown working ages {working_age!r}",
            where="working_age",
            got=working_age,
            allowed=", ".join(WORKING_AGES) + ", or a pair (lower, upper)",
            fix=did_you_mean(working_age, WORKING_AGES) or "give the pair of ages",
        )
    return WORKING_AGES[working_age]


_DEPENDENCY = {"total": "Total", "child": "Child", "old_age": "Old-age"}


def dependency_ratio(
    population: xr.DataArray,
    *,
    working_age: WorkingAge = (15, 65),
    kind: DependencyKind = "total",
) -> xr.DataArray:
    r"""Dependants per hundred persons of working age [percent].

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    working_age : tuple of int or {"15/60", "15/65"}
        Exact ages at which working age begins and ends.
    kind : {"total", "child", "old_age"}
        Whom to count as dependants.

    Returns
    -------
    DataArray
        (...) [percent].

    Raises
    ------
    BoundsError
        If a count is not a finite number of persons, or no one is of working age.
    CoordinateError
        If a border falls inside an age group.
    DimensionError
        If there is no age dimension.
    InputError
        If the kind or the name of the working ages is not known.

    Notes
    -----
    With borders :math:`a, b` the child ratio is :math:`100\,P_{<a}/P_{a..b-1}`, the
    old-age ratio :math:`100\,P_{\ge b}/P_{a..b-1}`, the total their sum. Percent, as the
    China Statistical Yearbook prints it (chapter 2, age composition and dependency ratio).

    Examples
    --------
    >>> population = xr.DataArray([18.0, 70.0, 14.0], dims="age_group",
    ...     coords={"age_group": ["0-14", "15-64", "65+"]})
    >>> round(float(dependency_ratio(population, kind="old_age")), 3)
    20.0
    """
    check_option(kind, get_args(DependencyKind), "kind", what="unknown kind of dependency ratio")
    bounds = working_age_bounds(working_age)
    check_values(population, VARIABLES["population"])
    groups = age_groups(population)
    part, of = dependency_columns(groups, bounds, kind)
    core = [d for d in ("sex", groups.dim) if d in population.dims]
    percent = xr.apply_ufunc(
        _percent,
        population,
        input_core_dims=[core],
        kwargs={"part": part, "of": of, "core": len(core)},
    )
    if not np.isfinite(percent.values).all():
        refuse_empty(persons(population, *bounds, None), "of working age")
        percent = percent.where(np.isfinite(percent))
    return label_dependency(percent, bounds, kind)


def dependency_columns(
    groups: AgeGroups, bounds: tuple[int, int], kind: DependencyKind
) -> tuple[np.ndarray, np.ndarray]:
    """Who is dependent and who is of working age: 1 for these age groups, 0 for the others.

    Raises
    ------
    CoordinateError
        If a border falls inside an age group.
    """
    working, young, old = (np.zeros(len(groups.lower)) for _ in range(3))
    working[groups.between(*bounds)] = 1.0
    young[groups.between(0, bounds[0])] = 1.0
    old[groups.between(bounds[1], None)] = 1.0
    return (young + old if kind == "total" else young if kind == "child" else old), working


def label_dependency(
    percent: xr.DataArray, bounds: tuple[int, int], kind: DependencyKind
) -> xr.DataArray:
    """The ratio, or quantiles of it, with name, unit and labels."""
    lower, upper = bounds
    return labelled(
        percent,
        f"{kind}_dependency_ratio",
        PERCENT,
        f"measure.{kind}_dependency_ratio",
        f"{_DEPENDENCY[kind]} dependency ratio ({{lower}}/{{upper}})",
        lower=lower,
        upper=upper,
    )


def _percent(people: np.ndarray, part: np.ndarray, of: np.ndarray, core: int) -> np.ndarray:
    """Kernel call on an array whose last ``core`` dims are sex, if it has any, and age."""
    leading = people.shape[: people.ndim - core]
    rows = np.ascontiguousarray(people, dtype=np.float64).reshape(math.prod(leading), -1, 1)
    out, sexes = np.empty((len(rows), 1)), rows.shape[1] // len(part)
    percent_of(rows, np.tile(part, sexes), np.tile(of, sexes), out)
    return out.reshape(leading)


def potential_support_ratio(
    population: xr.DataArray, *, working_age: WorkingAge = (15, 65)
) -> xr.DataArray:
    """Persons of working age per person above it.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    working_age : tuple of int or {"15/60", "15/65"}
        Exact ages at which working age begins and ends.

    Returns
    -------
    DataArray
        (...) [persons of working age per older person].

    Raises
    ------
    BoundsError
        If a count is not a finite number of persons, or no one is above working age.
    CoordinateError, DimensionError, InputError
        As :func:`dependency_ratio`.

    Examples
    --------
    >>> population = xr.DataArray([18.0, 70.0, 14.0], dims="age_group",
    ...     coords={"age_group": ["0-14", "15-64", "65+"]})
    >>> float(potential_support_ratio(population))
    5.0
    """
    lower, upper = working_age_bounds(working_age)
    out = ratio(
        persons(population, lower, upper, None),
        persons(population, upper, None, None),
        "above working age",
    )
    return labelled(
        out,
        "potential_support_ratio",
        "persons of working age per older person",
        "measure.potential_support_ratio",
        "Potential support ratio ({lower}/{upper})",
        lower=lower,
        upper=upper,
    )


def ageing_index(population: xr.DataArray, *, working_age: WorkingAge = (15, 65)) -> xr.DataArray:
    """Persons above working age per hundred below it [percent].

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    working_age : tuple of int or {"15/60", "15/65"}
        Exact ages at which working age begins and ends.

    Returns
    -------
    DataArray
        (...) [percent].

    Raises
    ------
    BoundsError
        If a count is not a finite number of persons, or no one is below working age.
    CoordinateError, DimensionError, InputError
        As :func:`dependency_ratio`.

    Examples
    --------
    >>> population = xr.DataArray([20.0, 70.0, 15.0], dims="age_group",
    ...     coords={"age_group": ["0-14", "15-64", "65+"]})
    >>> float(ageing_index(population))
    75.0
    """
    lower, upper = working_age_bounds(working_age)
    old, young = persons(population, upper, None, None), persons(population, 0, lower, None)
    return labelled(
        ratio(100.0 * old, young, "below working age"),
        "ageing_index",
        PERCENT,
        "measure.ageing_index",
        "Ageing index ({upper}+ per 100 below {lower})",
        lower=lower,
        upper=upper,
    )


def _reaching(population: xr.DataArray, border: int) -> xr.DataArray:
    groups = age_groups(population)
    at = groups.between(border, None).start
    width = groups.upper[at] - groups.lower[at]
    if not width <= MAX_ENTRY_WIDTH:
        raise CoordinateError(
            f"the age group from {border} is too wide to say how many reach {border} in a year",
            where=groups.dim,
            got=str(population[groups.dim].values[at]),
            allowed=f"a group of at most {MAX_ENTRY_WIDTH} years from {border}",
            fix="ask for results by single age",
        )
    return persons(population, border, int(groups.upper[at]), None) / width


def working_age_entrants(
    population: xr.DataArray, *, working_age: WorkingAge = (15, 65)
) -> xr.DataArray:
    """Persons who reached working age in the year before the instant.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    working_age : tuple of int or {"15/60", "15/65"}
        Exact ages at which working age begins and ends.

    Returns
    -------
    DataArray
        (...) [persons per year]: those of the first completed age of working age; by
        grouped ages, the yearly mean of the first group.

    Raises
    ------
    BoundsError, DimensionError, InputError
        As :func:`dependency_ratio`.
    CoordinateError
        If the border falls inside a group, or its group is wider than five years.

    Examples
    --------
    >>> population = xr.DataArray([30.0, 11.0, 9.0], dims="age", coords={"age": [0, 15, 16]})
    >>> float(working_age_entrants(population))
    11.0
    """
    border = working_age_bounds(working_age)[0]
    return labelled(
        _reaching(population, border),
        "working_age_entrants",
        "persons per year",
        "measure.working_age_entrants",
        "Persons reaching age {border}",
        border=border,
    )


def working_age_leavers(
    population: xr.DataArray, *, working_age: WorkingAge = (15, 65)
) -> xr.DataArray:
    """Persons who grew out of working age in the year before the instant.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) or (..., sex, age_group) [persons] at an instant.
    working_age : tuple of int or {"15/60", "15/65"}
        Exact ages at which working age begins and ends.

    Returns
    -------
    DataArray
        (...) [persons per year]: those of the first completed age above working age; by
        grouped ages, the yearly mean of the first group.

    Raises
    ------
    BoundsError, DimensionError, InputError
        As :func:`dependency_ratio`.
    CoordinateError
        If the border falls inside a group, or its group is wider than five years.

    Examples
    --------
    >>> population = xr.DataArray([90.0, 10.0, 9.0], dims="age", coords={"age": [0, 60, 65]})
    >>> float(working_age_leavers(population, working_age="15/60"))
    2.0
    """
    border = working_age_bounds(working_age)[1]
    return labelled(
        _reaching(population, border),
        "working_age_leavers",
        "persons per year",
        "measure.working_age_leavers",
        "Persons reaching age {border}",
        border=border,
    )
