"""Net migration as the residual of two censuses: what survival does not explain."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import xarray as xr

from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
)
from popsim.languages import long_names
from popsim.schema.checks import (
    age_width,
    check_option,
    check_same_coords,
    check_sex,
    check_values,
    first_cell,
)
from popsim.schema.variables import PERSONS, VARIABLES

ResidualMethod = Literal["forward", "reverse", "average", "even"]

#: At what the ages of the migrants are those, where not at the second census.
_CLOCK = {"even": "move"}

#: Censuses need not be whole steps apart to the day: a week either way moves a five-year
#: age group by less than half a percent.
_DATE_TOLERANCE_DAYS = 7
_DAYS_PER_YEAR = 365.2425
#: A ratio above this is no survival: a census survival ratio exceeds 1 by differences of
#: coverage, a few percent; a ratio per 1,000 by much.
_MAX_CENSUS_RATIO = 1.5


def check_finite(
    array: xr.DataArray, what: str, lower: float = -np.inf, fix: str | None = None
) -> None:
    """Raise at the first value that is not finite or below the bound.

    Raises
    ------
    BoundsError
    """
    bad = ~np.isfinite(array.values) | (array.values < lower)
    if bad.any():
        raise BoundsError(
            f"{what} cannot be used in {int(bad.sum())} cells",
            where=first_cell(array, bad),
            got=array.values[bad][0],
            allowed="finite numbers"
            if lower == -np.inf
            else f"finite numbers of {lower:g} or more",
            fix=fix or "fill or drop the cells; popsim does not guess them",
        )


def _steps_between(dates: tuple[str, str], width: int) -> int:
    try:
        first, second = (np.datetime64(d, "D") for d in dates)
    except ValueError as error:
        raise InputError(
            "a census date cannot be read",
            where="dates",
            got=dates,
            allowed="ISO dates such as '2010-11-01'",
            fix="write year-month-day",
        ) from error
    days = int((second - first) / np.timedelta64(1, "D"))
    if days <= 0:
        raise InputError(
            "the second census is not after the first",
            where="dates",
            got=f"{first} and {second}",
            allowed="the earlier date first",
            fix="swap the populations together with their dates",
        )
    steps = round(days / (_DAYS_PER_YEAR * width))
    if steps < 1 or abs(days - steps * width * _DAYS_PER_YEAR) > _DATE_TOLERANCE_DAYS:
        raise CoordinateError(
            "the time between the censuses is not a multiple of the width of the age groups",
            where="dates",
            got=f"{days / _DAYS_PER_YEAR:.3f} years and groups of {width} years",
            allowed=f"{width}, {2 * width}, ... years, to {_DATE_TOLERANCE_DAYS} days",
            fix="use single ages, or move one population to the anniversary of the other first",
        )
    return steps


def _dates_of(
    population_1: xr.DataArray, population_2: xr.DataArray, dates: tuple[str, str] | None
) -> tuple[str, str]:
    if dates is not None:
        return dates
    found = [p.attrs.get("reference_date") for p in (population_1, population_2)]
    if None in found:
        raise InputError(
            "the dates of the censuses are not known",
            where="dates",
            got=f"reference_date attributes {found}",
            allowed="dates=('2010-11-01', '2020-11-01'), or attrs['reference_date'] on both",
            fix="name the two dates; populations of unknown date are never compared",
        )
    return str(found[0]), str(found[1])


def _age_last(array: xr.DataArray, like: xr.DataArray) -> np.ndarray:
    out: np.ndarray = array.broadcast_like(like).transpose(*like.dims).values
    return out


def _survive_by_width(
    start: np.ndarray, survival: np.ndarray, births: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Survivors by age reached, and the ratio of each closed cohort, over ``steps`` widths."""
    now, ratio = start, np.ones_like(start)
    for step in range(steps):
        after, after_ratio = np.empty_like(now), np.empty_like(now)
        after[..., 0] = births[..., step] * survival[..., 0]
        after_ratio[..., 0] = survival[..., 0]
        after[..., 1:] = now[..., :-1] * survival[..., 1:]
        after_ratio[..., 1:] = ratio[..., :-1] * survival[..., 1:]
        after[..., -1] += now[..., -1] * survival[..., -1]
        now, ratio = after, after_ratio
    return now, ratio


def _survive_interval(
    start: np.ndarray, survival: np.ndarray, births: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Do the same where one ratio spans the whole interval."""
    after = np.empty_like(start)
    after[..., :steps] = births[..., ::-1] * survival[..., :steps]
    after[..., steps:] = start[..., :-steps] * survival[..., steps:]
    after[..., -1] = start[..., -steps - 1 :].sum(axis=-1) * survival[..., -1]
    return after, survival.copy()


def residual_migration(
    population_1: xr.DataArray,
    population_2: xr.DataArray,
    survival_ratio: xr.DataArray,
    *,
    dates: tuple[str, str] | None = None,
    method: ResidualMethod = "average",
    births: xr.DataArray | None = None,
    ratio_years: int | None = None,
) -> xr.DataArray:
    r"""Net migration between two censuses: what survival does not explain.

    Parameters
    ----------
    population_1, population_2 : DataArray
        (..., sex, age) [persons] at the two censuses; ages evenly spaced from 0, the last
        group open, the same in both.
    survival_ratio : DataArray
        (..., sex, age) [1] by the age reached; the ratio of age 0 applies to births, that of
        the open group to all who reach it. Of a life table, or national census survival
        ratios, which may exceed 1 a little.
    dates : tuple of str, optional
        ISO dates of the two censuses; by default the attribute ``reference_date`` of each.
    method : {"forward", "reverse", "average", "even"}
        Whether migrants are counted as the survivors at the second census, as those who
        moved (at the first), or as the mean of both, which is near what an even flow leaves
        of a cohort; or, exactly, as those of an even flow: half at the start and half at the
        end of each step, by their age then, the same in every step. With the last
        ``popsim.project(..., timing="even")`` comes back to the second census.
    births : DataArray, optional
        (..., sex, year) [persons] born in each step between the censuses, in order; without
        them the ages born since the first census are left out. An even flow needs them.
    ratio_years : int, optional
        Years that a survival ratio spans: the width of the age groups (the default), or the
        whole time between the censuses.

    Returns
    -------
    DataArray
        (..., sex, age) [persons in the whole time between the censuses], by age at the
        second census; of an even flow by age at the move, as a projection takes it: divided
        by the years between the censuses it is ``net_migration``.

    Raises
    ------
    BoundsError
        If a count or ratio is not usable, or no one could have reached the open group.
    CoordinateError
        If ages differ or are not evenly spaced, or the time between the censuses is not a
        multiple of their width.
    DimensionError
        If a population has no ages.
    InputError
        If dates are missing, cannot be read or stand in the wrong order; the method or
        ``ratio_years`` is not one of those named; births are not one for each step, or are
        missing for an even flow, or its ratios span more than a step.

    Notes
    -----
    With starters :math:`P_1`, survivors' ratio :math:`S` and the counted :math:`P_2` of a
    cohort: forward :math:`M = P_2 - S P_1`; reverse :math:`M = P_2/S - P_1`; average their
    mean. Even, over one step, with :math:`S_0 B` in the place of :math:`S P_1` at age 0,

    .. math:: M_a = 2 (P_2 - S P_1)_a - S_a M_{a-1}, \qquad
              M_\omega = \frac{2 (P_2 - S P_1)_\omega - S_\omega M_{\omega-1}}{1 + S_\omega};

    over several, with :math:`L` what survival makes of a population in a step,
    :math:`\tfrac12 (1 + L)(1 + L + \dots + L^{k-1})\, m = P_2 - L^k P_1 - \dots`, and
    :math:`M = k m`. Where survival is near 1, what an age has too many its neighbour has too
    few. Errors of enumeration are in the residual too.

    References
    ----------
    United Nations (1970). Manual VI: Methods of Measuring Internal Migration, chapter III.

    Examples
    --------
    >>> ages = {"age": [0, 10, 20]}
    >>> before = xr.DataArray([100.0, 90.0, 80.0], dims="age", coords=ages)
    >>> after = xr.DataArray([70.0, 120.0, 140.0], dims="age", coords=ages)
    >>> survival = xr.DataArray([0.95, 0.9, 0.8], dims="age", coords=ages)
    >>> residual_migration(before, after, survival, dates=("2010-11-01", "2020-11-01"),
    ...                    method="forward").values.tolist()
    [30.0, 4.0]
    """
    check_option(method, get_args(ResidualMethod), "method", what="unknown residual method")
    first, second, survival, steps, by_width = _census_inputs(
        population_1, population_2, survival_ratio, dates, ratio_years
    )
    born = _births_by_step(births, first, steps)
    survive = _survive_by_width if by_width else _survive_interval
    after, ratio = survive(first.values, _age_last(survival, first), born, steps)
    starters = first.values[..., -steps - 1 :].sum(axis=-1)
    if (starters == 0).any():
        raise BoundsError(
            "no one could have reached the open age group",
            where=first_cell(first.isel(age=-1), starters == 0),
            got=0,
            allowed="someone in the last groups of the first census",
            fix="close the ages with a younger open group",
        )
    ratio[..., -1] = after[..., -1] / starters
    forward = _age_last(second, first) - after
    parts = {"forward": forward, "reverse": forward / ratio}
    if method == "even":
        _check_even(births is not None, by_width, ratio_years)
        net = _even_flow(forward, _age_last(survival, first), steps)
    else:
        net = parts.get(method, (parts["forward"] + parts["reverse"]) / 2)
    out = first.copy(data=net).rename("net_migration")
    if births is None:
        out = out.isel(age=slice(steps, None))
    out.attrs = {
        "units": PERSONS,
        **long_names("measure.residual_migration", "Net migration between the censuses"),
        "description": f"Residual ({method}) by age at the {_CLOCK.get(method, 'second census')}.",
    }
    return out


def _check_even(has_births: bool, by_width: bool, ratio_years: int | None) -> None:
    """Refuse what an even flow cannot be found from."""
    if not has_births:
        raise InputError(
            "an even flow cannot be found without births",
            where="births",
            got=None,
            allowed="births of each step between the censuses",
            fix="give them: who came at one age is found from those of the age below; or choose "
            "another method, which leaves out the ages born since",
        )
    if not by_width:
        raise InputError(
            "an even flow needs survival ratios of a step",
            where="ratio_years",
            got=ratio_years,
            allowed="the width of the age groups",
            fix="compute the ratios with popsim's survival_ratio(table, width=...)",
        )


def _even_flow(forward: np.ndarray, survival: np.ndarray, steps: int) -> np.ndarray:
    """Migrants of all steps by age who, the same in each, leave what ``forward`` tells.

    Half enter at the start of a step and half at its end: the whole leaves the sum over its
    steps of half of them, surviving, twice over but for the first and the last.
    """
    n = forward.shape[-1]
    L = np.zeros((*survival.shape[:-1], n, n))  # reached from the age of the column
    for a in range(1, n):
        L[..., a, a - 1] = survival[..., a]
    L[..., n - 1, n - 1] = survival[..., n - 1]
    still = np.broadcast_to(np.eye(n), L.shape)
    left, power = np.zeros_like(L), still
    for _ in range(steps):
        left, power = left + power, power @ L
    left = (still + L) @ left / 2.0
    return np.asarray(steps * np.linalg.solve(left, forward[..., None])[..., 0])


def _census_inputs(
    population_1: xr.DataArray,
    population_2: xr.DataArray,
    survival_ratio: xr.DataArray,
    dates: tuple[str, str] | None,
    ratio_years: int | None,
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray, int, bool]:
    """Check all, and lay the first census out over every dimension of the three."""
    arrays = {
        "population_1": population_1,
        "population_2": population_2,
        "survival_ratio": survival_ratio,
    }
    for name, array in arrays.items():
        if "age" not in array.dims:
            raise DimensionError(
                f"{name} has no ages",
                where=name,
                got=f"dims {tuple(array.dims)}",
                allowed="age, mostly sex too",
                fix="name the dimension of ages 'age', with lower bounds",
            )
        if "sex" in array.dims:
            check_sex(array)
    width = age_width(population_1)
    check_same_coords(arrays)
    check_values(population_1, VARIABLES["population"])
    check_values(population_2, VARIABLES["population"])
    bad = ~((survival_ratio.values > 0) & (survival_ratio.values <= _MAX_CENSUS_RATIO))
    if bad.any():
        raise BoundsError(
            "a survival ratio cannot be used",
            where=first_cell(survival_ratio, bad),
            got=survival_ratio.values[bad][0],
            allowed=f"above 0, at most {_MAX_CENSUS_RATIO} [1]",
            fix="it is a share of survivors, by the age reached",
        )
    steps = _steps_between(_dates_of(population_1, population_2, dates), width)
    spans = width if ratio_years is None else ratio_years
    if spans not in (width, steps * width):
        raise InputError(
            "survival ratios of that span cannot be applied",
            where="ratio_years",
            got=ratio_years,
            allowed=f"{width} (the age groups) or {steps * width} (between the censuses)",
            fix="compute the ratios with popsim's survival_ratio(table, width=...)",
        )
    if steps >= population_1.sizes["age"]:
        raise CoordinateError(
            "no age group at the first census is closed at the second",
            where="age",
            got=f"{population_1.sizes['age']} groups and {steps} steps",
            allowed=f"more than {steps} groups",
            fix="use more age groups",
        )
    first = xr.broadcast(population_1, population_2, survival_ratio)[0]
    return first.transpose(..., "age"), population_2, survival_ratio, steps, spans == width


def _births_by_step(births: xr.DataArray | None, first: xr.DataArray, steps: int) -> np.ndarray:
    shape = (*first.shape[:-1], steps)
    if births is None:
        return np.zeros(shape)
    if births.sizes.get("year") != steps:
        raise InputError(
            "the births are not one number for each step between the censuses",
            where="births",
            got=f"{births.sizes.get('year', 'no')} entries on year",
            allowed=f"{steps} entries on the dimension year, in order",
            fix="add up the births of each step",
        )
    check_finite(births, "births", 0.0)
    like = first.isel(age=0, drop=True)
    check_same_coords({"births": births, "population_1": first})
    out: np.ndarray = births.broadcast_like(like).transpose(*like.dims, "year").values
    return np.ascontiguousarray(out, dtype=np.float64)
