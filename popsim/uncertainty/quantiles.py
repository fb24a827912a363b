"""Quantiles over draws."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from popsim.errors import BoundsError
from popsim.kernels.quantiles import fill_quantiles

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
    if not chosen or not rising or chosen[0] < 0.0 or chosen[-1] > 1.0:
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
        (..., draw)
    probabilities : sequence of float

    Returns
    -------
    xarray.DataArray
        (quantile, ...), linear between neighbours in rank.

    Raises
    ------
    BoundsError
        As from :func:`check_probabilities`.

    Examples
    --------
    >>> quantiles(xr.DataArray([0.0, 1.0, np.inf], dims="draw")).values.tolist()
    [0.2, 1.0, inf]
    """
    chosen = check_probabilities(probabilities)
    laid = values.transpose(..., "draw")
    rows = np.ascontiguousarray(laid.values, dtype=np.float64).reshape(-1, laid.shape[-1])
    if rows.base is laid.values or np.shares_memory(rows, values.values):
        rows = rows.copy()  # the kernel sorts in place
    out = np.empty((len(rows), len(chosen)))
    fill_quantiles(rows, np.array(chosen), out)
    made = np.moveaxis(out.reshape(*laid.shape[:-1], len(chosen)), -1, 0)
    coords = {k: c for k, c in values.coords.items() if "draw" not in c.dims}
    return xr.DataArray(
        np.ascontiguousarray(made),
        dims=("quantile", *laid.dims[:-1]),
        coords={"quantile": list(chosen), **coords},
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
