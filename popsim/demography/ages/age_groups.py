"""How an array is divided by age: single ages or groups, and sums and ratios over them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
import xarray as xr

from popsim.demography.ages.group_rows import parse_age_groups
from popsim.errors import BoundsError, CoordinateError, DimensionError
from popsim.languages import long_names
from popsim.schema.checks import check_option, check_sex, check_values, first_cell
from popsim.schema.conventions import SEXES
from popsim.schema.variables import VARIABLES

#: Whether a ratio over nobody is missing; else it is refused.
_MISSING = ContextVar("missing_where_nobody", default=False)


@contextmanager
def missing_where_nobody() -> Iterator[None]:
    """Within it a ratio whose denominator is nobody is missing (NaN) and not refused.

    For tables of many places, of which one may be empty; a figure for that one alone is a
    question without an answer, and is refused.

    Examples
    --------
    >>> with missing_where_nobody():
    ...     ratio(xr.DataArray([1.0, 0.0]), xr.DataArray([2.0, 0.0]), "there").values.tolist()
    [0.5, nan]
    """
    token = _MISSING.set(True)
    try:
        yield
    finally:
        _MISSING.reset(token)


def missing_allowed() -> bool:
    """Whether :func:`missing_where_nobody` is in force."""
    return _MISSING.get()


@dataclass(frozen=True)
class AgeGroups:
    """The age dimension of an array, as numbers.

    Attributes
    ----------
    dim : str
        ``age`` or ``age_group``.
    lower, upper : numpy.ndarray
        (group,) exact ages [years]; the upper bound is exclusive, infinite for the open group.
    """

    dim: str
    lower: np.ndarray
    upper: np.ndarray

    @property
    def borders(self) -> list[int]:
        """Exact ages at which the groups meet, with 0 and without infinity."""
        return [int(x) for x in self.lower]

    def between(self, lower: float, upper: float | None) -> slice:
        """Positions of the groups from ``lower`` up to, not including, ``upper``.

        Raises
        ------
        CoordinateError
            If a border falls inside a group, or the borders are in the wrong order.
        """
        top = math.inf if upper is None else upper
        if not lower < top:
            raise CoordinateError(
                "the lower border is not below the upper one",
                where=self.dim,
                got=f"{lower} and {upper}",
                allowed="lower < upper; the upper border is exclusive",
                fix="ages 15 to 64 are lower=15, upper=65",
            )
        for border, known in ((lower, self.lower), (top, self.upper)):
            if border not in known:
                raise CoordinateError(
                    f"the age {border:g} is not a border of the age groups",
                    where=self.dim,
                    got=border,
                    allowed=f"borders {', '.join(map(str, self.borders))}",
                    fix="choose one of these borders, or ask for results by single age",
                )
        start = int(np.flatnonzero(self.lower == lower)[0])
        stop = int(np.flatnonzero(self.upper == top)[0]) + 1
        return slice(start, stop)


def age_groups(array: xr.DataArray) -> AgeGroups:
    """Read the borders of the age groups of an array.

    Parameters
    ----------
    array : DataArray
        With the dim ``age`` (lower bounds, the last group open) or ``age_group``
        (labels such as "0-4" and "80+").

    Returns
    -------
    AgeGroups

    Raises
    ------
    DimensionError
        If there is neither dimension, or there are both.
    CoordinateError
        If the labels cannot be read, leave gaps, overlap, or the last group is not open.

    Examples
    --------
    >>> population = xr.DataArray([3.0, 5.0], dims="age_group",
    ...                           coords={"age_group": ["0-14", "15+"]})
    >>> age_groups(population).borders
    [0, 15]
    """
    found = [d for d in ("age", "age_group") if d in array.dims]
    if len(found) != 1:
        raise DimensionError(
            "the population has no age dimension" if not found else "there are two age dimensions",
            where=array.name if array.name is None else str(array.name),
            got=f"dims {tuple(array.dims)}",
            allowed="one of age (lower bounds) and age_group (labels)",
            fix="rename the age dimension to one of these",
        )
    dim = found[0]
    if dim not in array.coords:
        raise CoordinateError(
            f"the dimension {dim} has no coordinate",
            where=dim,
            got="no coordinate",
            allowed="lower bounds 0, 1, 2, ..." if dim == "age" else "labels '0-4', ..., '80+'",
            fix=f"assign it with .assign_coords({dim}=...)",
        )
    lower, width = parse_age_groups(array[dim].values)
    upper = lower + width
    if lower[0] != 0 or upper[-1] != math.inf:
        labels = array[dim].values
        raise CoordinateError(
            "the age groups do not run from 0 to an open group",
            where=dim,
            got=f"{labels[0]} to {labels[-1]}",
            allowed="the first starts at 0, the last is open ('85+')",
            fix="add the groups that are missing",
        )
    return AgeGroups(dim, lower.astype(np.float64), upper)


def labelled(
    array: xr.DataArray, name: str, unit: str, key: str, english: str, **parts: object
) -> xr.DataArray:
    """Return the array named, with unit and labels and nothing else in its attributes.

    ``key``, ``english`` and ``parts`` are those of :func:`popsim.languages.in_each`.
    """
    out = array.rename(name)
    out.attrs = {"units": unit, **long_names(key, english, **parts)}
    return out


def persons(
    population: xr.DataArray, lower: float, upper: float | None, sex: str | None
) -> xr.DataArray:
    """Sum over the ages and, unless one sex is asked for, over the sexes; values are checked."""
    check_values(population, VARIABLES["population"])
    groups = age_groups(population)
    chosen = population.isel({groups.dim: groups.between(lower, upper)})
    if sex is None:
        dims = [d for d in ("sex", groups.dim) if d in population.dims]
        return chosen.sum(dims, skipna=False)
    if "sex" not in population.dims:
        raise DimensionError(
            f"the population has no sexes, so {sex} cannot be chosen",
            where="population",
            got=f"dims {tuple(population.dims)}",
            allowed="a dimension sex = female, male",
            fix="pass the population by sex",
        )
    check_option(sex, SEXES, "sex", fix="use None for both")
    check_sex(population)
    return chosen.sel(sex=sex, drop=True).sum(groups.dim, skipna=False)


def refuse_empty(denominator: xr.DataArray, of: str) -> None:
    """Raise at the first cell where there is no one to divide by, unless it may be missing.

    Raises
    ------
    BoundsError
    """
    empty = denominator.values == 0
    if empty.any() and not missing_allowed():
        raise BoundsError(
            f"there is no one {of} to divide by",
            where=first_cell(denominator, empty),
            got=0,
            allowed="more than 0 persons",
            fix="drop the empty cells or join them with others",
        )


def ratio(numerator: xr.DataArray, denominator: xr.DataArray, of: str) -> xr.DataArray:
    """Divide, refusing an empty denominator (missing within :func:`missing_where_nobody`).

    Raises
    ------
    BoundsError
        Naming the first cell where there is no one to divide by.
    """
    refuse_empty(denominator, of)
    return numerator / (denominator.where(denominator != 0) if missing_allowed() else denominator)
