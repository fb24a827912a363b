"""Quantiles over draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from popsim.errors import BoundsError, DimensionError
from popsim.kernels.quantiles import select_quantiles

#: Median and 80 % interval.
QUANTILES = (0.1, 0.5, 0.9)


def check_probabilities(probabilities: Sequence[float]) -> tuple[float, ...]:
    """Return probabilities as a tuple, checked.

    Raises
    ------
    BoundsError
        None, one outside of 0 to 1, or not rising.

    Examples
    --------
    >>> check_probabilities([0.1, 0.5, 0.9])
    (0.1, 0.5, 0.9)
    """
    chosen = tuple(float(p) for p in probabilities)
    rising = all(a < b for a, b in pairwise(chosen))
    if not chosen or not rising or not (chosen[0] >= 0.0 and chosen[-1] <= 1.0):
        raise BoundsError(
            "the quantiles are not rising probabilities",
            where="quantiles",
            got=list(probabilities),
            allowed="numbers from 0 to 1, such as (0.1, 0.5, 0.9)",
        )
    return chosen


def quantiles(values: xr.DataArray, probabilities: Sequence[float] = QUANTILES) -> xr.DataArray:
    """Quantiles over the draws; infinite draws keep their rank.

    Parameters
    ----------
    values : xarray.DataArray
        With a dim ``draw``, anywhere.
    probabilities : sequence of float

    Returns
    -------
    xarray.DataArray
        (quantile, ...), linear between neighbours in rank; missing where a draw is missing.

    Raises
    ------
    BoundsError
        As from :func:`check_probabilities`.
    DimensionError
        There are no draws.

    Examples
    --------
    >>> quantiles(xr.DataArray([0.0, 1.0, np.inf], dims="draw")).values.tolist()
    [0.2, 1.0, inf]
    """
    chosen = check_probabilities(probabilities)
    if values.sizes.get("draw", 0) == 0:
        raise DimensionError(
            "there are no draws to take quantiles of",
            where="quantiles",
            got=f"dims {dict(values.sizes)}",
            allowed="a dimension draw, of one draw at least",
            fix="ask for draws, or take the values as they are",
        )
    at = values.get_axis_num("draw")
    laid = np.ascontiguousarray(values.values, dtype=np.float64)
    before, after = laid.shape[:at], laid.shape[at + 1 :]
    out = np.empty((len(chosen), math.prod(before), math.prod(after)))
    select_quantiles(
        laid.reshape(out.shape[1], laid.shape[at], out.shape[2]), np.array(chosen), out
    )
    return xr.DataArray(
        out.reshape(len(chosen), *before, *after),
        dims=("quantile", *(d for d in values.dims if d != "draw")),
        coords={
            "quantile": list(chosen),
            **{k: c for k, c in values.coords.items() if "draw" not in c.dims},
        },
    )


def quantiles_over_draws(result: xr.Dataset, probabilities: Sequence[float]) -> xr.Dataset:
    """Each variable of a result by its quantiles, attributes kept; what has no draws stays.

    Examples
    --------
    >>> result = xr.Dataset({"births": (("draw", "year"), [[1.0], [3.0]]), "other": 5.0})
    >>> quantiles_over_draws(result, [0.5]).births.values.tolist()
    [[2.0]]
    """
    kept = {
        name: quantiles(v, probabilities).assign_attrs(v.attrs) if "draw" in v.dims else v
        for name, v in result.data_vars.items()
    }
    return xr.Dataset(kept, attrs=result.attrs)
