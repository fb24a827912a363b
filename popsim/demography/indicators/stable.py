"""Lotka's stable population: intrinsic growth rate, age distribution and vital rates.

In continuous time, evaluated at the middle of the age groups, as textbooks do. What the
projection tends to, step by step, is in :mod:`popsim.demography.indicators.momentum`.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import labelled, ratio
from popsim.errors import BoundsError, CoordinateError, DimensionError, FitError
from popsim.schema.checks import (
    check_same_coords,
    check_sex,
    check_values,
    first_cell,
    require,
)
from popsim.schema.conventions import FEMALE
from popsim.schema.variables import ONE, VARIABLES

PER_YEAR = "per year"
#: Newton on a convex function; ten steps suffice, a hundred mean that there is no root.
_MAX_STEPS = 100
#: Rounding of a logarithm of sums of some 35 products.
_TOLERANCE = 1e-14


def solve_renewal(weights: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Find r with sum(weights * exp(-r * times)) = 1 along the last axis.

    Newton's method on the logarithm of the sum, which is convex and falls throughout.

    Raises
    ------
    FitError
    """
    total = weights.sum(axis=-1)
    r: np.ndarray = np.log(total) / ((weights * times).sum(axis=-1) / total)
    for _ in range(_MAX_STEPS):
        terms = weights * np.exp(-r[..., np.newaxis] * times)
        value = terms.sum(axis=-1)
        change = np.log(value) / ((terms * times).sum(axis=-1) / value)
        r = r + change
        if np.all(np.abs(change) <= _TOLERANCE):
            return r
    raise FitError(
        "the growth rate does not settle",
        where="fertility_rate",
        got=f"a change of {float(np.abs(change).max()):.2g} after {_MAX_STEPS} steps",
        allowed=f"a change of at most {_TOLERANCE:g} per year",
        fix="check the rates; they may be of another unit",
    )


def refuse_childless(total: xr.DataArray) -> None:
    """Raise where the net reproduction rate (...) [1] is zero.

    Raises
    ------
    BoundsError
    """
    none = ~(total.values > 0)
    if none.any():
        raise BoundsError(
            "no daughters are born, so there is no stable population",
            where=first_cell(total, none),
            got=total.values[none][0],
            allowed="a net reproduction rate above 0",
            fix="give rates above 0 at some ages, or leave the cell out",
        )


def _females(array: xr.DataArray) -> xr.DataArray:
    if "sex" not in array.dims:
        return array
    check_sex(array)
    return array.sel(sex=FEMALE, drop=True)


def checked_sex_ratio(value: xr.DataArray | float) -> xr.DataArray:
    """Return the sex ratio at birth as an array, within its bounds.

    Raises
    ------
    BoundsError
    """
    out = xr.DataArray(value)
    check_values(out, VARIABLES["sex_ratio_at_birth"])
    return out


def need_age(arrays: dict[str, xr.DataArray]) -> None:
    """Raise for the first array without labelled ages.

    Raises
    ------
    DimensionError
    """
    for name, array in arrays.items():
        if "age" not in array.dims or "age" not in array.coords:
            raise DimensionError(
                f"{name} has no ages",
                where=name,
                got=f"dims {tuple(array.dims)}",
                allowed="the dimension age with its lower bounds",
                fix="name the dimension of ages 'age' and give it a coordinate",
            )


def intrinsic_growth_rate(
    fertility_rate: xr.DataArray,
    person_years: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
) -> xr.DataArray:
    r"""Growth rate to which a closed population of these rates tends (Lotka's r).

    Parameters
    ----------
    fertility_rate : DataArray
        (..., age) [births per woman and year]; evenly spaced ages, not all need be there.
    person_years : DataArray
        (..., age) or (..., sex, age) [person-years per birth]: Lx of a life table of radix 1
        with the ages of the rates; of both sexes, the female is taken.
    sex_ratio_at_birth : DataArray or float
        (...) [males per female].

    Returns
    -------
    DataArray
        (...) [per year].

    Raises
    ------
    DimensionError
        If ages are missing.
    CoordinateError
        If the ages are unevenly spaced, the life table lacks one of them, or labels differ.
    BoundsError
        If a value is out of bounds, or no daughters are born.
    FitError
        If the equation cannot be solved.

    Notes
    -----
    Solves :math:`\sum_x e^{-r (x + n/2)} \, {}_nL_x \, f_x / (1 + SRB) = 1`
    (Preston, Heuveline and Guillot 2001, equation 7.10b).

    Examples
    --------
    >>> f = xr.DataArray([0.2, 0.3], dims="age", coords={"age": [20, 25]})
    >>> L = xr.DataArray([4.9, 4.8], dims="age", coords={"age": [20, 25]})
    >>> round(float(intrinsic_growth_rate(f, L, 1.05)), 5)
    0.00652
    """
    women = _females(person_years)
    need_age({"fertility_rate": fertility_rate, "person_years": women})
    srb = checked_sex_ratio(sex_ratio_at_birth)
    check_values(fertility_rate, VARIABLES["fertility_rate"])
    check_values(women, VARIABLES["Lx"])
    ages = fertility_rate["age"].values
    width = ages[1] - ages[0] if len(ages) > 1 else 0
    lacking = [a for a in ages if a not in women["age"].values]
    if width <= 0 or np.any(np.diff(ages) != width) or lacking:
        raise CoordinateError(
            "the ages of fertility and of the life table do not go together",
            where="age",
            got=f"the life table lacks {lacking[0]}" if lacking else f"{ages[:4].tolist()}...",
            allowed="evenly spaced ages of fertility, each one in the life table",
            fix="use a life table by the same age groups",
        )
    women = women.sel(age=ages)
    check_same_coords(
        {"fertility_rate": fertility_rate, "person_years": women, "sex_ratio_at_birth": srb}
    )
    daughters = (fertility_rate * women / (1.0 + srb)).transpose(..., "age")
    total = daughters.sum("age")
    refuse_childless(total)
    r = solve_renewal(daughters.values, ages + width / 2.0)
    return labelled(
        total.copy(data=r),
        "intrinsic_growth_rate",
        PER_YEAR,
        "measure.intrinsic_growth_rate",
        "Intrinsic growth rate",
    )


def stable_population(table: xr.Dataset, growth_rate: xr.DataArray | float) -> xr.Dataset:
    r"""Age distribution and vital rates of the stable population of a life table.

    Parameters
    ----------
    table : Dataset
        Lx [person-years] and ex [years] by (..., age), radix 1, as life_table gives.
    growth_rate : DataArray or float
        (...) [per year].

    Returns
    -------
    Dataset
        age_distribution (..., age) [1], adding up to 1; birth_rate and death_rate (...)
        [per person and year].

    Raises
    ------
    MissingVariableError
        If Lx or ex is missing.
    DimensionError
        If they have no ages.
    CoordinateError
        If labels differ.
    BoundsError
        If a value is out of bounds or the growth rate is not finite.

    Notes
    -----
    :math:`c_x = b\,e^{-r a_x}\,{}_nL_x`, :math:`1/b = \sum_x e^{-r a_x}\,{}_nL_x`,
    :math:`d = b - r`, with :math:`a_x` the middle of the group; of the open group
    :math:`\omega + e_\omega`, its mean age at a constant death rate
    (Preston, Heuveline and Guillot 2001, box 7.2).

    Examples
    --------
    >>> table = xr.Dataset({"Lx": ("age", [40.0, 30.0]), "ex": ("age", [70.0, 30.0])},
    ...                    coords={"age": [0, 40]})
    >>> stable_population(table, 0.0).age_distribution.round(3).values.tolist()
    [0.571, 0.429]
    """
    require(table, ["Lx", "ex"])
    person_years, remaining = table["Lx"], table["ex"]
    need_age({"Lx": person_years, "ex": remaining})
    check_values(person_years, VARIABLES["Lx"])
    last = remaining.isel(age=-1, drop=True)
    check_values(last, VARIABLES["ex"])
    r = xr.DataArray(growth_rate)
    bad = ~np.isfinite(r.values)
    if bad.any():
        raise BoundsError(
            "the growth rate is not finite",
            where=first_cell(r, bad),
            got=r.values[bad][0],
            allowed="a finite rate per year",
            fix="drop the cell",
        )
    check_same_coords({"Lx": person_years, "growth_rate": r})
    ages = table["age"].values.astype(np.float64)
    middle = xr.DataArray(np.append((ages[:-1] + ages[1:]) / 2, ages[-1]), dims="age")
    open_group = xr.DataArray(np.arange(len(ages)) == len(ages) - 1, dims="age")
    weights = person_years * np.exp(-r * (middle + last * open_group))
    births = ratio(xr.ones_like(weights.isel(age=0, drop=True)), weights.sum("age"), "alive")
    return xr.Dataset(
        {
            "age_distribution": labelled(
                (births * weights).transpose(..., "age"),
                "age_distribution",
                ONE,
                "measure.age_distribution",
                "Stable age distribution",
            ),
            "birth_rate": labelled(
                births,
                "birth_rate",
                "per person and year",
                "measure.birth_rate",
                "Intrinsic birth rate",
            ),
            "death_rate": labelled(
                births - r,
                "death_rate",
                "per person and year",
                "measure.death_rate",
                "Intrinsic death rate",
            ),
        }
    )
