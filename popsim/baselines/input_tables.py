"""Tables and series as a user gives them, read as labelled arrays or refused by name."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
)
from popsim.schema.checks import first_cell
from popsim.schema.conventions import SEXES

ByYear = float | pd.Series | xr.DataArray
Table = pd.DataFrame | xr.DataArray

#: Columns of a table that say of what a number is.
COLUMNS = ("region", "year", "sex", "age", "age_group")

#: Dimensions that mean something else than one of several populations beside each other.
_WITH_A_MEANING = {
    *("sex", "age", "age_group", "abridged_age", "mother_age", "child_age"),
    *("year", "time", "period", "cohort", "order", "parity", "quantile"),
}
#: A series whose every year lies further from the projection counts its rows, not years.
_FURTHEST_YEAR = 150


def as_array(given: Any, name: str) -> xr.DataArray:
    """Turn a table into an array: all columns but the last are its dimensions.

    Raises
    ------
    InputError, MissingVariableError
    """
    if isinstance(given, xr.DataArray):
        array = given
    elif isinstance(given, pd.DataFrame):
        array = _from_frame(given, name)
    else:
        raise InputError(
            f"{name} is neither a table nor an array",
            where=name,
            got=type(given).__name__,
            allowed="a pandas DataFrame or an xarray DataArray",
        )
    if not array.size:
        raise InputError(
            f"{name} is empty",
            where=name,
            got="no rows",
            allowed="at least one number",
            fix="check the selection that made the table",
        )
    if "sex" in array.dims and set(map(str, array["sex"].values)) == set(SEXES):
        array = array.sel(sex=list(SEXES))
    if "sex" in array.coords:
        array = array.assign_coords(sex=array["sex"].values.astype(str))
    return _as_numbers(array, name)


def _from_frame(given: pd.DataFrame, name: str) -> xr.DataArray:
    frame = given.reset_index() if given.index.names != [None] else given
    *dims, value = [str(c) for c in frame.columns] or [""]
    if not dims or not set(dims) <= set(COLUMNS):
        raise MissingVariableError(
            f"the columns of {name} cannot be read",
            where=name,
            got=list(frame.columns),
            allowed=f"columns out of {sorted(COLUMNS)}, then one with the numbers",
            fix="select the columns: table[['sex', 'age_group', 'population']]",
        )
    doubled = frame.duplicated(subset=dims)
    if doubled.any():
        row = frame[dims].iloc[int(doubled.to_numpy().argmax())].to_dict()
        raise InputError(f"{name} has two rows for one cell", where=str(row), fix="drop one")
    order: Any = {d: list(dict.fromkeys(frame[d])) for d in dims}  # groups as they stand
    series = frame.set_index(dims)[value]
    if isinstance(series.index, pd.MultiIndex):
        return series.to_xarray().sel(order)
    return xr.DataArray(
        series.to_numpy(), dims=dims, coords={dims[0]: series.index.to_numpy()}
    ).sel(order)


def _as_numbers(array: xr.DataArray, name: str) -> xr.DataArray:
    try:
        return array.astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} holds text where numbers belong",
            where=name,
            got=str(error),
            allowed="numbers, without separators of thousands",
            fix="read the file with pandas.read_csv(..., thousands=',')",
        ) from error


def check_other_dims(
    array: xr.DataArray, name: str, known: tuple[str, ...], *, fix: str | None = None
) -> None:
    """Raise where a dimension is neither known nor one of populations beside each other.

    Raises
    ------
    DimensionError
        It has a meaning of its own (age, time, parity ...), or is xarray's ``dim_0``: taken
        as populations beside each other it would make as many projections as it has labels.
    """
    others: list[Hashable] = [d for d in array.dims if d not in known]
    wrong = [d for d in others if d in _WITH_A_MEANING or str(d).startswith("dim_")]
    if wrong:
        raise DimensionError(
            f"{name} varies over {wrong[0]!r}, which it cannot",
            where=name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"dims {known}, and leading ones such as region",
            fix=fix or f"name the dimension, or select or sum over {str(wrong[0])!r}",
        )


def check_finite_numbers(array: xr.DataArray, name: str) -> None:
    """Raise at the first number that is missing or infinite.

    Raises
    ------
    BoundsError
    """
    bad = ~np.isfinite(array.values)
    if bad.any():
        raise BoundsError(
            f"{name} has {int(bad.sum())} missing or infinite values",
            where=f"{name} at {first_cell(array, bad)}",
            got=array.values[bad][0],
            allowed="finite numbers",
            fix="fill or drop them; between the years that a series has it is interpolated",
        )


def by_year(
    given: Any, years: np.ndarray, name: str, *, dims: tuple[str, ...] = ()
) -> xr.DataArray:
    """Bring a number, or one by year, to given calendar years.

    Parameters
    ----------
    given : float, pandas.Series or xarray.DataArray
        A number; a Series whose index is the calendar year; or an array with the dim
        ``year``, which has labels, and any leading ones. Before the first and after the last
        year that it has it is held; between them it is interpolated linearly.
    years : numpy.ndarray
        (year,) rising calendar years.
    name : str
        What messages call it.
    dims : tuple of str
        Further dims that it may have.

    Returns
    -------
    xarray.DataArray
        (year, ...) on ``years``.

    Raises
    ------
    InputError
        Neither a number nor a series of numbers.
    DimensionError
        It varies over something else than years.
    CoordinateError
        Its years are missing, are not calendar years, or do not rise.
    BoundsError
        A value is missing or infinite.

    Examples
    --------
    >>> by_year(pd.Series({2020: 0.9, 2022: 0.8}), np.arange(2019, 2024), "tfr").values.tolist()
    [0.9, 0.9, 0.8500000000000001, 0.8, 0.8]
    """
    array = _series(given, name)
    check_other_dims(array, name, ("year", *dims))
    array = _as_numbers(array, name)
    check_finite_numbers(array, name)
    if "year" not in array.dims:
        return array.expand_dims(year=years)
    low, high, share = _between(check_calendar(array, years, name), years)
    first = array.isel(year=low).assign_coords(year=years)
    second = array.isel(year=high).assign_coords(year=years)
    weight = xr.DataArray(share, dims="year", coords={"year": years})
    return first + weight * (second - first)


def rates_by_year(rates: xr.DataArray, years: np.ndarray, name: str) -> xr.DataArray:
    """Bring rates to given calendar years, interpolated on the log scale.

    Where a rate is zero in one of two years, which has no logarithm, it is interpolated
    linearly. Otherwise as :func:`by_year`.

    Raises
    ------
    CoordinateError
        The years are missing, are not calendar years, or do not rise.
    """
    if "year" not in rates.dims:
        return rates.expand_dims(year=years)
    low, high, share = _between(check_calendar(rates, years, name), years)
    laid = rates.transpose("year", ...)
    first, second = laid.values[low], laid.values[high]
    weight = share.reshape(-1, *[1] * (laid.ndim - 1))
    both = (first > 0.0) & (second > 0.0)
    logs = [np.log(np.where(both, side, 1.0)) for side in (first, second)]
    geometric = np.exp(logs[0] + weight * (logs[1] - logs[0]))
    linear = first + weight * (second - first)
    # A year that the table has is that year's rates, to the last digit.
    out = np.where(both & (weight > 0.0), geometric, linear)
    coords = {k: v for k, v in laid.coords.items() if "year" not in v.dims}
    result = xr.DataArray(out, dims=laid.dims, coords={**coords, "year": years}, name=rates.name)
    return result.transpose(*rates.dims)


def _series(given: Any, name: str) -> xr.DataArray:
    if isinstance(given, pd.Series):
        if isinstance(given.index, pd.MultiIndex):
            raise CoordinateError(
                f"{name} is not indexed by year alone",
                where=name,
                got=f"an index of {list(given.index.names)}",
                allowed="one level, of calendar years",
                fix="give an xarray DataArray with a dim year: series.to_xarray()",
            )
        return xr.DataArray(given.to_numpy(), dims="year", coords={"year": given.index.to_numpy()})
    if isinstance(given, xr.DataArray):
        return given
    if np.isscalar(given):
        try:
            return xr.DataArray(float(given))  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{name} is not a number",
                where=name,
                got=given,
                allowed="a number, or one by year",
            ) from error
    raise InputError(
        f"{name} cannot be read",
        where=name,
        got=type(given).__name__,
        allowed="a number, a Series indexed by year, or a DataArray with dim year",
        fix="label its years: pandas.Series(values, index=[2021, 2022, ...])",
    )


def check_calendar(array: xr.DataArray, years: np.ndarray, name: str) -> np.ndarray:
    """Calendar years (year,) of an array, checked.

    Raises
    ------
    CoordinateError
        They are missing, are not whole numbers, do not rise, or all lie far from ``years``,
        as rows counted from 0 do.
    """
    label = "label them with the calendar years: .assign_coords(year=[2021, 2022, ...])"
    if "year" not in array.coords or not array.sizes["year"]:
        raise CoordinateError(
            f"the years of {name} have no labels",
            where=name,
            got=f"{array.sizes['year']} values without calendar years",
            allowed="calendar years, such as 2021",
            fix=label,
        )
    known = np.asarray(array["year"].values)
    numeric = np.issubdtype(known.dtype, np.integer) or (
        np.issubdtype(known.dtype, np.floating) and bool(np.all(known == np.floor(known)))
    )
    if not numeric:
        raise CoordinateError(
            f"the years of {name} are not whole numbers",
            where=name,
            got=[str(k) for k in known[:3]],
            allowed="calendar years, such as 2021",
            fix="turn text into numbers with .astype(int), dates into years with .year; another "
            "index, such as ages, belongs into a column of a table",
        )
    if np.any(np.diff(known) <= 0):
        raise CoordinateError(
            f"the years of {name} do not rise", where=name, got=known.tolist(), fix="sort them"
        )
    distance = np.maximum(np.maximum(years[0] - known, known - years[-1]), 0)
    if distance.min() > _FURTHEST_YEAR:
        raise CoordinateError(
            f"the years of {name} are not calendar years of the projection",
            where=name,
            got=f"{known[0]:g} to {known[-1]:g}",
            allowed=f"at least one year within {_FURTHEST_YEAR} years of {years[0]} to {years[-1]}",
            fix=label.replace(".assign_coords(year=", "pandas.Series(values, index="),
        )
    return known


def _between(known: np.ndarray, years: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the known years below and above each year, and the weight of the latter."""
    position = np.interp(years, known, np.arange(len(known), dtype=np.float64))
    low = np.floor(position).astype(np.int64)
    return low, np.minimum(low + 1, len(known) - 1), position - low
