"""Validation at the boundary, once, and the accounting identity of results.

Every rejection names the variable, the first offending cell and the remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import xarray as xr

from popsim.errors import (
    AccountingError,
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
    UnknownVariableError,
    did_you_mean,
)
from popsim.schema.conventions import SEXES
from popsim.schema.variables import VARIABLES, Variable

_LARGEST = float(np.finfo(float).max)


def first_cell(array: xr.DataArray, bad: np.ndarray) -> str:
    """Name the first True cell of ``bad`` by the coordinates of ``array``.

    Examples
    --------
    >>> a = xr.DataArray([1.0, -1.0], dims="age", coords={"age": [0, 1]})
    >>> first_cell(a, a.values < 0)
    'age=1'
    """
    at = np.unravel_index(int(np.argmax(bad)), bad.shape)
    parts = []
    for dim, i in zip(array.dims, at, strict=True):
        label = array[dim].values[i] if dim in array.coords else int(i)
        parts.append(f"{dim}={label}")
    return ", ".join(parts) or "the value"


def check_dims(array: xr.DataArray, spec: Variable) -> None:
    """Raise unless every core dimension of the variable is there.

    Raises
    ------
    DimensionError
    """
    missing = [d for d in spec.dims if d not in array.dims]
    if missing:
        raise DimensionError(
            f"{spec.name} lacks the dimension {missing[0]!r}",
            where=spec.name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"dims {spec.dims}, and any further ones (region, scenario, draw)",
            fix="name the dimensions as above; popsim matches them by name, not by position",
        )


def check_values(array: xr.DataArray, spec: Variable) -> None:
    """Raise at the first value that is not a finite number within the variable's bounds.

    Raises
    ------
    BoundsError
    """
    values = array.values
    if not np.issubdtype(values.dtype, np.number) or np.iscomplexobj(values):
        raise BoundsError(
            f"{spec.name} is not numeric",
            where=spec.name,
            got=f"dtype {values.dtype}",
            allowed="numbers",
            fix="convert it to float; text in one cell makes a whole column text",
        )
    if not values.size:
        return
    # In double precision, in which the bounds are: a single one has no number for the largest.
    lowest, greatest = float(values.min()), float(values.max())  # missing where any value is
    if max(spec.lower, -_LARGEST) <= lowest and greatest <= min(spec.upper, _LARGEST):
        return  # two passes over what may be large; the rest only says what is wrong
    bad = ~np.isfinite(values)
    if bad.any():
        raise BoundsError(
            f"{spec.name} has {int(bad.sum())} missing or infinite values",
            where=first_cell(array, bad),
            got=values[bad][0],
            allowed="finite numbers",
            fix="fill or drop the cells; popsim does not guess them",
        )
    wide = values.astype(np.float64)
    bad = (wide < spec.lower) | (wide > spec.upper)
    if bad.any():
        raise BoundsError(
            f"{spec.name} is out of bounds in {int(bad.sum())} cells",
            where=f"{spec.name} at {first_cell(array, bad)}",
            got=values[bad][0],
            allowed=f"{spec.lower:g} to {spec.upper:g} [{spec.unit}]",
            fix=spec.hint or None,
        )


def check_variable(array: xr.DataArray, name: str) -> None:
    """Check dims and values of one variable against the registry.

    Raises
    ------
    DimensionError, BoundsError
    """
    spec = VARIABLES[name]
    check_dims(array, spec)
    check_values(array, spec)


def check_sex(data: xr.Dataset | xr.DataArray) -> None:
    """Raise unless the coordinate ``sex`` is female, male in this order.

    Raises
    ------
    CoordinateError
    """
    got = tuple(str(s) for s in data["sex"].values) if "sex" in data.coords else ()
    if got != SEXES:
        raise CoordinateError(
            "the coordinate sex is not female, male",
            where="sex",
            got=got or "no coordinate",
            allowed=SEXES,
            fix="label the sexes and reorder with .sel(sex=['female', 'male'])",
        )


def _whole_numbers(data: xr.Dataset | xr.DataArray, name: str) -> np.ndarray:
    if name not in data.coords:
        raise CoordinateError(
            f"the dimension {name} has no coordinate",
            where=name,
            got="no coordinate",
            allowed="whole numbers",
            fix=f"assign it with .assign_coords({name}=...)",
        )
    values = np.asarray(data[name].values)
    if not np.issubdtype(values.dtype, np.number) or np.any(values != np.floor(values)):
        raise CoordinateError(
            f"the coordinate {name} is not whole numbers",
            where=name,
            got=values[:3].tolist(),
            allowed="lower bounds (0, 1, 2 or 0, 5, 10)" if name == "age" else "calendar years",
            fix="turn labels such as '0-4' into their lower bounds",
        )
    return values.astype(np.int64)


def _gap(values: np.ndarray, step: int) -> str:
    i = int(np.argmax(np.diff(values) != step))
    return f"{values[i]} is followed by {values[i + 1]}"


def age_width(data: xr.Dataset | xr.DataArray) -> int:
    """Width of the age groups [years], after checking that they start at 0 and have no gaps.

    Raises
    ------
    CoordinateError
    """
    ages = _whole_numbers(data, "age")
    width = int(ages[1] - ages[0]) if len(ages) > 1 else 0
    if len(ages) < 3 or ages[0] != 0 or width <= 0 or np.any(np.diff(ages) != width):
        if len(ages) < 3 or ages[0] != 0 or width <= 0:
            got = f"{len(ages)} ages from {ages[0] if len(ages) else '-'}"
        else:
            got = _gap(ages, width)
        raise CoordinateError(
            "the ages are not evenly spaced lower bounds from 0",
            where="age",
            got=got,
            allowed="0, 1, 2, ..., or 0, 5, 10, ...; the last group is open",
            fix="fill the gap; for abridged ages (0, 1, 5, ...) use popsim.life_table or "
            "popsim.build_baseline first",
        )
    return width


def check_years(data: xr.Dataset | xr.DataArray, step: int) -> None:
    """Raise unless ``year`` rises by the step, which equals the age width.

    Raises
    ------
    CoordinateError
    """
    years = _whole_numbers(data, "year")
    if len(years) == 0 or np.any(np.diff(years) != step):
        raise CoordinateError(
            "the years do not follow each other by the width of the age groups",
            where="year",
            got=_gap(years, step) if len(years) else "no years",
            allowed=f"the first year of each step, rising by {step}",
            fix="fill or interpolate the missing years; step and age width must be equal",
        )


def check_same_coords(arrays: dict[str, xr.DataArray]) -> None:
    """Raise where two variables carry different labels on a dimension that they share.

    Raises
    ------
    CoordinateError
    """
    seen: dict[Hashable, tuple[str, np.ndarray]] = {}
    for name, array in arrays.items():
        for dim in array.dims:
            labels = array[dim].values if dim in array.coords else np.arange(array.sizes[dim])
            if dim not in seen:
                seen[dim] = (name, labels)
            elif not np.array_equal(seen[dim][1], labels):
                raise CoordinateError(
                    f"{name} and {seen[dim][0]} have different labels on {dim!r}",
                    where=str(dim),
                    got=f"{len(labels)} labels ({labels[:2].tolist()}...) against "
                    f"{len(seen[dim][1])} ({seen[dim][1][:2].tolist()}...)",
                    allowed="identical labels in the same order",
                    fix=f"select or reindex one of them; two {dim}s are never matched by position",
                )


def rounding(*arrays: xr.DataArray) -> float:
    """What sums of a few numbers of the arrays may differ by, relative to the sum.

    A billionth, which is far more than double precision leaves and far less than a person in a
    nation; or what is left of numbers in single precision.

    Examples
    --------
    >>> rounding(xr.DataArray(1.0)), rounding(xr.DataArray(np.float32(1.0))) < 1e-6
    (1e-09, True)
    """
    kinds = [a.dtype for a in arrays if np.issubdtype(a.dtype, np.floating)]
    return max([1e-9, *(4.0 * float(np.finfo(kind).eps) for kind in kinds)])


def check_option(
    value: object,
    allowed: Iterable[str],
    name: str,
    *,
    what: str | None = None,
    fix: str | None = None,
) -> None:
    """Raise unless an option is one of the words that are allowed.

    A word, not an array of one: that equals the word too, and is found out much later.

    Parameters
    ----------
    value : object
    allowed : iterable of str
    name : str
        Of the argument.
    what : str, optional
        What is wrong, up to the value; that the name is unknown if absent.
    fix : str, optional
        What to do about a word that resembles none.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_option("even", ("even", "end"), "timing")
    """
    words = tuple(allowed)
    if isinstance(value, str) and value in words:
        return
    raise InputError(
        f"{what or f'unknown {name}'} {value!r}",
        where=name,
        got=value if isinstance(value, str) else f"{value!r} ({type(value).__name__})",
        allowed=", ".join(words),
        fix=(did_you_mean(value, words) or fix)
        if isinstance(value, str)
        else "give one of these words, not an array of them",
    )


def require(dataset: xr.Dataset, names: Sequence[str]) -> None:
    """Raise for the first variable that is absent.

    Raises
    ------
    MissingVariableError
    """
    for name in names:
        if name not in dataset:
            spec = VARIABLES[name]
            raise MissingVariableError(
                f"the input {name} is missing",
                where=name,
                got=f"variables {sorted(str(v) for v in dataset.data_vars)}",
                allowed=f"{name} {spec.dims} [{spec.unit}]",
                fix=did_you_mean(name, dataset.data_vars) or f"add it: {spec.meaning}",
            )


def refuse_misspelt(dataset: xr.Dataset, names: Iterable[str]) -> None:
    """Raise for a variable that is not known but resembles a known one.

    A variable of some other name is left alone: a Dataset may carry what its owner
    likes. But ``net_migration_counts`` silently ignored would be a closed projection.

    Raises
    ------
    UnknownVariableError
    """
    names = list(names)
    for variable in (str(v) for v in dataset.data_vars):
        if variable in VARIABLES:
            continue
        close = difflib.get_close_matches(variable, names, n=1, cutoff=0.75)
        close = close or [n for n in names if variable.startswith(n)]
        if close:
            raise UnknownVariableError(
                f"unknown variable {variable!r}, close to {close[0]!r}",
                where=variable,
                got=variable,
                allowed=", ".join(names),
                fix=f"rename it to {close[0]!r}, or to something unlike it if it is not an input",
            )


def accounting_residual(result: xr.Dataset) -> xr.DataArray:
    r"""Residual of the accounting identity, relative to the population of each cell.

    Parameters
    ----------
    result : xarray.Dataset
        With population (time, sex, age), births (year, ...), deaths and net_migration
        (year, sex, age) [persons], as :func:`popsim.project` returns it.

    Returns
    -------
    xarray.DataArray
        (year, ...), of the whole population [1]:
        :math:`|P_{t+1} - P_t - B + D - M| / P_t`.
    """
    total = result["population"].sum(["sex", "age"])
    years = result["year"].values
    start = total.isel(time=slice(None, -1)).rename(time="year").assign_coords(year=years)
    end = total.isel(time=slice(1, None)).rename(time="year").assign_coords(year=years)
    births = result["births"]
    births = births.sum([d for d in births.dims if d in ("age", "order")])
    change = births - result["deaths"].sum(["sex", "age"])
    change = change + result["net_migration"].sum(["sex", "age"])
    return abs(end - start - change) / start.where(start > 0, 1.0)


def check_accounting(result: xr.Dataset, tolerance: float = 1e-9) -> None:
    """Raise unless births, deaths and migration add up in every cell of a result.

    The tolerance is for the rounding of sums over some 200 cells (about 1e-14
    relative each); it is far below a person in a nation.

    Raises
    ------
    AccountingError
    """
    residual = accounting_residual(result)
    worst = float(residual.max())
    if not worst <= tolerance:
        raise AccountingError(
            "population, births, deaths and migration do not add up",
            where=first_cell(residual, residual.values == residual.max().values),
            got=f"{worst:.3g} of the population",
            allowed=f"at most {tolerance:g}",
            fix="please report this as a bug in popsim, with the inputs",
        )
