"""Whether what came about lies inside the bands: the test that an interval has to pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from popsim.errors import BoundsError, CoordinateError, DimensionError
from popsim.languages import long_names


def interval_coverage(
    drawn: xr.DataArray, observed: xr.DataArray, *, levels: Sequence[float] = (0.8, 0.95)
) -> xr.Dataset:
    """Bands of draws beside what was observed, and the share of it that they hold.

    Parameters
    ----------
    drawn : xarray.DataArray
        (draw, ...) [any unit], such as births by year.
    observed : xarray.DataArray
        (...) [the same unit]: the same dims but ``draw``; its labels are looked up in
        ``drawn``.
    levels : sequence of float
        Of the intervals, each with the same share cut off at both ends [1].

    Returns
    -------
    xarray.Dataset
        ``lower`` and ``upper`` (level, ...) [the unit], ``inside`` (level, ...) [bool],
        ``share_inside`` (level) [1], to be held against ``level``.

    Raises
    ------
    DimensionError
        No ``draw``, or other dims than those of ``observed``.
    CoordinateError
        Observed labels that were not drawn.
    BoundsError
        A level that is not between 0 and 1.

    Examples
    --------
    >>> years = {"year": [2024, 2025]}
    >>> drawn = xr.DataArray(np.arange(22.0).reshape(11, 2), dims=("draw", "year"), coords=years)
    >>> seen = xr.DataArray([10.0, 40.0], dims="year", coords=years)
    >>> interval_coverage(drawn, seen).share_inside.values.tolist()
    [0.5, 0.5]
    """
    if set(drawn.dims) != {"draw", *observed.dims}:
        raise DimensionError(
            "the draws do not have the dims of what was observed, and draw",
            where="drawn",
            got=f"drawn {drawn.dims}, observed {observed.dims}",
            allowed=("draw", *observed.dims),
        )
    at = np.asarray(levels, dtype=float)
    if not ((at > 0.0) & (at < 1.0)).all():
        raise BoundsError(
            "the level of an interval is not a share",
            where="levels",
            got=at.tolist(),
            allowed="between 0 and 1",
            fix="divide percentages by 100",
        )
    try:
        same = drawn.sel({d: observed[d] for d in observed.dims})
    except KeyError as error:
        raise CoordinateError(
            "what was observed was not drawn", where="observed", got=str(error)
        ) from error
    level = xr.DataArray(at, dims="level", coords={"level": at}, attrs={"units": "1"})
    half = level.values / 2.0
    lower = same.quantile(0.5 - half, "draw").rename(quantile="level").assign_coords(level=level)
    upper = same.quantile(0.5 + half, "draw").rename(quantile="level").assign_coords(level=level)
    inside = (lower <= observed) & (observed <= upper)
    share = inside.mean([d for d in inside.dims if d != "level"])
    out = xr.Dataset({"lower": lower, "upper": upper, "inside": inside, "share_inside": share})
    labels = {
        "lower": "Lower end of the interval",
        "upper": "Upper end of the interval",
        "inside": "Observed value inside the interval",
        "share_inside": "Share of observed values inside",
    }
    unit = str(observed.attrs.get("units", drawn.attrs.get("units", "1")))
    for name, label in labels.items():
        out[name].attrs = {
            "units": unit if name in ("lower", "upper") else "1",
            **long_names(f"coverage.{name}", label),
        }
    return out
