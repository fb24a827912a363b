"""Age groups as the graduation reads them, and arrays as the rows that it works on."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

import numpy as np
import xarray as xr

from popsim.errors import CoordinateError, DimensionError
from popsim.languages import languages, long_names, texts
from popsim.schema.variables import VARIABLES

#: What the dimension of age groups may be called.
GROUP_DIMS = ("age_group", "abridged_age", "age")


def parse_age_groups(labels: Iterable[object]) -> tuple[np.ndarray, np.ndarray]:
    """Read the lower bounds and widths of age groups from their labels.

    Parameters
    ----------
    labels : iterable of str or int
        "0", "1-4", "5-9", ..., "85+", or these with the words that
        the tables of labels know (``read.years_of_age``, ``read.and_over``); or lower bounds
        0, 1, 5, ..., 85, of which the last group is then taken as open.

    Returns
    -------
    lower : numpy.ndarray
        (group,) int64 [completed years].
    width : numpy.ndarray
        (group,) float64 [years]; infinite for the open group.

    Raises
    ------
    CoordinateError
        A label that cannot be read; groups that overlap, leave a gap or run backwards; an
        open group that is not the last.

    Examples
    --------
    >>> parse_age_groups(["0", "1-4", "5-9", "10+"])
    (array([ 0,  1,  5, 10]), array([ 1.,  4.,  5., inf]))
    """
    # NumPy's own strings and numbers would be quoted as np.str_('0-4') in messages.
    labels = [label.item() if isinstance(label, np.generic) else label for label in labels]
    lower = np.empty(len(labels))
    upper = np.empty(len(labels))
    numeric = all(isinstance(label, int | float) for label in labels)
    for i, label in enumerate(labels):
        if numeric:
            lower[i] = float(label)  # type: ignore[arg-type]
            upper[i] = float(labels[i + 1]) if i + 1 < len(labels) else np.inf  # type: ignore[arg-type]
        else:
            lower[i], upper[i] = _read_label(label)
    if not len(labels) or np.any(lower != np.floor(lower)):
        raise CoordinateError(
            "the age groups are not whole lower bounds",
            got=[str(label) for label in labels[:3]],
            allowed="labels '0-4', '85+', or lower bounds 0, 5, 10, ...",
        )
    for i in range(1, len(labels)):
        if upper[i - 1] != lower[i] or upper[i] <= lower[i]:
            problem = "overlap" if upper[i - 1] > lower[i] else "leave a gap"
            raise CoordinateError(
                f"the age groups {problem}",
                where=f"group {labels[i]!r}",
                got=f"{labels[i - 1]!r} is followed by {labels[i]!r}",
                allowed="each group starts where the one before ends; an open group is the last",
                fix="sort the groups by age, and add or merge groups until they follow each other",
            )
    return lower.astype(np.int64), upper - lower


def _read_label(label: object) -> tuple[float, float]:
    text = re.sub(r"\s", "", str(label))
    for language in languages():
        words = texts(language)
        text = text.replace(words.get("read.years_of_age", " "), "")
        text = text.replace(words.get("read.and_over", " "), "+")
    match = re.fullmatch(r"(\d+)(?:(\+)|[-–—](\d+))?", text)
    if match is None or (match[3] and int(match[3]) < int(match[1])):
        raise CoordinateError(
            f"the age group {label!r} cannot be read",
            where=f"group {label!r}",
            got=label,
            allowed="'0', '1-4', '85+' (first and last completed age)",
            fix="relabel the group by its first and last completed age",
        )
    if match[2]:
        return float(match[1]), np.inf
    return float(match[1]), float(match[3] or match[1]) + 1.0


def group_dim(array: xr.DataArray) -> str:
    """Name of the dimension that holds the age groups."""
    found = [d for d in GROUP_DIMS if d in array.dims]
    if len(found) != 1:
        raise DimensionError(
            "the array has no age dimension" if not found else "the array has two age dimensions",
            where=str(array.name or "the array"),
            got=f"dims {tuple(array.dims)}",
            allowed=f"exactly one of {GROUP_DIMS}",
            fix="rename the dimension of the age groups",
        )
    return found[0]


def groups_of(array: xr.DataArray, dim: str) -> tuple[np.ndarray, np.ndarray]:
    """Lower bounds and widths of the groups of an array."""
    if dim not in array.coords:
        raise CoordinateError(
            f"the dimension {dim} has no coordinate",
            where=dim,
            got="no coordinate",
            allowed="labels such as '0-4' and '85+', or lower bounds",
            fix=f"assign it with .assign_coords({dim}=...)",
        )
    return parse_age_groups(array[dim].values)


def as_rows(array: xr.DataArray, dim: str) -> tuple[np.ndarray, tuple[int, ...]]:
    """Lay an array out as rows along one dimension, with the shape of the others."""
    laid = array.transpose(..., dim)
    return laid.values.reshape(-1, array.sizes[dim]).astype(np.float64), laid.shape[:-1]


def from_rows(
    rows: np.ndarray, shape: tuple[int, ...], like: xr.DataArray, dim: str, ages: np.ndarray
) -> xr.DataArray:
    """Give rows of single ages the dims, labels and attributes of the array they came from."""
    dims: list[Hashable] = [d for d in like.dims if d != dim]
    coords = {k: v for k, v in like.coords.items() if dim not in v.dims}
    out = xr.DataArray(
        rows.reshape(*shape, len(ages)),
        dims=[*dims, "age"],
        coords={**coords, "age": ages},
        name=like.name,
        attrs=like.attrs,
    )
    known = VARIABLES.get(str(like.name))
    if known is not None:
        out.attrs = {**known.attrs(), **out.attrs}
    out["age"].attrs = {"units": "years", **long_names("coordinate.age", "Age")}
    return out.transpose(*("age" if d == dim else d for d in like.dims))


def starts(lower: np.ndarray, end: int) -> np.ndarray:
    """Positions at which the groups start, and the end."""
    return np.append(lower, end) - lower[0]
