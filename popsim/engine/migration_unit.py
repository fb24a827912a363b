"""The unit of net migration: sizes that persons a year, or rates per person, do not have.

A group of a few persons may lose all of them, and a village may have one migrant in ten years, so
that no size is refused: a warning says which unit is likely, and how to mend it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import xarray as xr

from popsim.errors import MigrationUnitWarning
from popsim.schema.checks import first_cell
from popsim.schema.conventions import MIGRATION_COUNTS
from popsim.schema.variables import VARIABLES

_RATE = "net_migration_rate"

#: Share of a population that moves in a year beyond which rates are taken to be in another unit:
#: no place of WPP 2024 is near it (the most in a year from 2023 to 2100: 8 percent).
_MOST_MOVING = 0.5

#: Share below which numbers of less than a person at every age are taken to be rates: in a
#: population in which so few move, that some do shows at the ages at which people move.
_LEAST_MOVING = 1e-4


def check_migration_unit(
    data: xr.Dataset, people: Callable[[], xr.DataArray], *, stacklevel: int = 3
) -> None:
    """Warn where net migration seems to be in another unit.

    Parameters
    ----------
    data : xarray.Dataset
        Checked inputs of a projection.
    people : callable
        Gives the population (..., time, sex, age) that a year begins with, by which the rates
        count; called if any rate is that large.
    stacklevel : int
        As of :func:`warnings.warn`, counted from the caller's caller.
    """
    warn_of_small_counts(data, stacklevel=stacklevel)
    if large_rates(data):
        warn_of_large_rates(data, people(), stacklevel=stacklevel)


def large_rates(data: xr.Dataset) -> bool:
    """Tell whether any rate is so large that all such rates would be in another unit.

    Examples
    --------
    >>> large_rates(xr.Dataset({"net_migration_rate": ("age", [-0.9, 0.001])}))
    True
    """
    if _RATE not in data or not data[_RATE].size:
        return False
    values = data[_RATE].values
    return bool(max(values.max(), -values.min()) > _MOST_MOVING)


def warn_of_large_rates(data: xr.Dataset, population: xr.DataArray, *, stacklevel: int) -> None:
    """Warn where rates move more than half of the population that a year begins with.

    Parameters
    ----------
    data : xarray.Dataset
        With ``net_migration_rate`` (year, sex, age) [per person and year].
    population : xarray.DataArray
        (..., time, sex, age) [persons], as projected by these rates.
    stacklevel : int
        As of :func:`warnings.warn`, counted from the caller.
    """
    rates = data[_RATE]
    people = population.isel(time=slice(None, -1)).rename(time="year")
    people = people.assign_coords(year=rates["year"].values)
    everybody = people.sum(["sex", "age"])
    moving = xr.dot(abs(rates), people, dim=["sex", "age"]) / everybody.where(everybody > 0.0)
    bad = (moving > _MOST_MOVING).values
    if bad.any():
        warnings.warn(
            f"net migration moves more than half of the population in a year: {_RATE} at "
            f"{first_cell(moving, bad)} comes to {float(moving.values[bad][0]):.4g} of those who "
            f"are there; it is net migrants per person and year: divide rates per 1,000 by 1000, "
            "and rename persons a year to net_migration",
            MigrationUnitWarning,
            stacklevel=stacklevel + 1,
        )


def warn_of_small_counts(data: xr.Dataset, *, stacklevel: int) -> None:
    """Warn where net migration in persons is so small throughout that it looks like rates.

    Parameters
    ----------
    data : xarray.Dataset
        With ``population`` (sex, age) and, where it is given in persons, net migration.
    stacklevel : int
        As of :func:`warnings.warn`, counted from the caller.
    """
    name = next((n for n in MIGRATION_COUNTS if n in data), None)
    if name is None or not data[name].size:
        return
    values = data[name].values
    if abs(values[(0,) * values.ndim]) >= 1.0 or max(values.max(), -values.min()) >= 1.0:
        return
    dims = [d for d in ("sex", "age") if d in data[name].dims]
    moving = abs(data[name]).sum(dims)
    share = moving / data["population"].sum(["sex", "age"])
    bad = ((share > 0.0) & (share < _LEAST_MOVING)).values
    if bad.any():
        first = np.argwhere(bad)[0]
        at = first_cell(share, bad)
        warnings.warn(
            f"net migration is below one person everywhere, in all {float(share[tuple(first)]):.2g}"
            f" of the population: {name} at {at}; its unit is {VARIABLES[name].unit}: rename rates "
            f"per person to {_RATE}",
            MigrationUnitWarning,
            stacklevel=stacklevel + 1,
        )
