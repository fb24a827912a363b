"""What fertility schedules must be before they are measured, and the labels that they carry."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import missing_allowed
from popsim.errors import BoundsError, CoordinateError, DimensionError, FitError
from popsim.schema.checks import check_values, first_cell
from popsim.schema.variables import VARIABLES

#: Order in which results carry the dimensions they have; any other one comes before.
_CANONICAL: tuple[str, ...] = ("year", "order", "age")


def fertility_age_width(array: xr.DataArray) -> int:
    """Width of the age groups of a fertility schedule, which may start at any age.

    Parameters
    ----------
    array : xarray.DataArray
        (age, ...); the coordinate holds lower bounds.

    Returns
    -------
    int
        [years]

    Raises
    ------
    DimensionError
        There is no dimension age.
    CoordinateError
        The ages are not evenly spaced whole numbers, or fewer than two.

    Examples
    --------
    >>> import xarray as xr
    >>> fertility_age_width(xr.DataArray([0.1, 0.2], dims="age", coords={"age": [15, 20]}))
    5
    """
    if "age" not in array.dims:
        raise DimensionError(
            "there is no dimension 'age'",
            where=str(array.name or "fertility_rate"),
            got=f"dims {tuple(array.dims)}",
            allowed="age, and any further ones (year, region, scenario, draw)",
            fix="name the dimension of the mother's age 'age'",
        )
    allowed = "lower bounds such as 15, 16, ..., 49 or 15, 20, ..., 45"
    ages = np.asarray(array["age"].values) if "age" in array.coords else np.array([])
    numeric = np.issubdtype(ages.dtype, np.number)
    if len(ages) < 2 or not numeric or np.any(ages != np.floor(ages)):
        raise CoordinateError(
            "the coordinate age is not two or more whole numbers",
            where="age",
            got=ages[:3].tolist() if len(ages) else "no coordinate",
            allowed=allowed,
            fix="turn labels such as '15-19' into their lower bounds",
        )
    steps = np.diff(ages)
    if steps[0] <= 0 or np.any(steps != steps[0]):
        at = int(np.argmax((steps != steps[0]) | (steps <= 0)))
        raise CoordinateError(
            "the ages of the mother are not evenly spaced",
            where="age",
            got=f"{ages[at]} is followed by {ages[at + 1]}",
            allowed=allowed,
            fix="fill the gap, with zero where no births occur",
        )
    return int(steps[0])


def checked_width(fertility_rate: xr.DataArray) -> int:
    """Check the values of a schedule and return the width of its age groups."""
    width = fertility_age_width(fertility_rate)
    check_values(fertility_rate, VARIABLES["fertility_rate"])
    return width


def checked_argument(value: xr.DataArray | float, name: str) -> xr.DataArray:
    """Turn a number or an array into an array that is within the variable's bounds."""
    array = value if isinstance(value, xr.DataArray) else xr.DataArray(value)
    check_values(array, VARIABLES[name])
    return array


def labelled(array: xr.DataArray, name: str) -> xr.DataArray:
    """Order the dims, and give name and attributes of the registry."""
    last = [d for d in _CANONICAL if d in array.dims]
    array = array.transpose(*[d for d in array.dims if d not in last], *last)
    array.attrs = VARIABLES[name].attrs()
    return array.rename(name)


def check_weights(pattern: xr.DataArray) -> None:
    """Raise BoundsError at the first weight that is negative or missing."""
    bad = ~np.isfinite(pattern.values) | (pattern.values < 0)
    if bad.any():
        raise BoundsError(
            "the pattern has negative or missing weights",
            where=f"pattern at {first_cell(pattern, bad)}",
            got=pattern.values[bad][0],
            allowed="finite weights of 0 or more",
            fix="correct the cell; an age without births has weight 0",
        )


def refuse_empty(total: xr.DataArray, what: str) -> None:
    """Raise FitError at the first schedule whose total is zero."""
    empty = total.values <= 0
    if empty.any():
        raise FitError(
            f"{what} is zero at every age, so it has no pattern over age",
            where=first_cell(total, empty),
            got="a total of 0",
            allowed="at least one age above 0",
            fix="give rates of another year or place for the pattern (rates_from_pattern)",
        )


def shares_over_age(array: xr.DataArray, what: str) -> xr.DataArray:
    """Divide by the sum over age, which must not be zero unless it may be missing."""
    total = array.sum("age")
    if missing_allowed():
        return array / total.where(total > 0)
    refuse_empty(total, what)
    return array / total
