"""Births by order: shares by age of mother, raked to the mix that a place has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from popsim import data
from popsim.errors import InputError

#: Raking ends when the mix is met to this share; it gains a digit or so a round.
_MET = 1e-13
_ROUNDS = 500


def check_mix(mix: Sequence[float]) -> np.ndarray:
    """Shares of first, second, and third and higher births, as an array (order).

    Raises
    ------
    InputError
        Not three positive shares that add up to 1.
    """
    shares = np.asarray(mix, dtype=float)
    if shares.shape != (3,) or not (shares > 0.0).all() or abs(shares.sum() - 1.0) > 1e-6:
        raise InputError(
            "the order mix is not three shares of the births",
            where="order_mix",
            got=list(mix),
            allowed="first, second, and third and higher, above 0, adding up to 1",
            fix="divide the births of each order by all births",
        )
    return shares / shares.sum()


def order_shares(births_by_age: xr.DataArray, mix: Sequence[float] | None = None) -> xr.DataArray:
    r"""Share of each birth order in the births at each age of mother.

    Parameters
    ----------
    births_by_age : xarray.DataArray
        (..., age) [persons], over which the orders must add up to the mix.
    mix : sequence of float, optional
        Shares of first, second, and third and higher births over all ages [1]; those of
        the Fuzhou table if absent.

    Returns
    -------
    xarray.DataArray
        (..., order, age) [1], adding up to 1 at each age; orders 1, 2, 3 (third and higher).

    Raises
    ------
    InputError
        The mix is not three shares.

    Notes
    -----
    :math:`s_{oa} = w_o F_{oa} / \sum_k w_k F_{ka}` with the shares :math:`F` of the
    Fuzhou table and the weights :math:`w` by which the mix comes out (raking).

    Examples
    --------
    >>> births = xr.DataArray(np.ones(101), dims="age", coords={"age": range(101)})
    >>> order_shares(births, [0.5, 0.3, 0.2]).mean("age").round(6).values.tolist()
    [0.5, 0.3, 0.2]
    """
    table = data.table("fertility_by_order_fuzhou").set_index("age")
    counted = table[["first", "second", "third_or_higher"]].to_numpy(float).T
    # Single cases at the youngest and oldest ages: their neighbours speak for them.
    smooth = np.apply_along_axis(lambda row: np.convolve(row, np.ones(3), mode="same"), 1, counted)
    ages = births_by_age["age"].values
    at = np.clip(ages, table.index[0], table.index[-1]) - table.index[0]
    pattern = (smooth / smooth.sum(axis=0))[:, at]
    wanted = counted.sum(axis=1) / counted.sum() if mix is None else check_mix(mix)

    laid = births_by_age.transpose(..., "age")
    weights = laid.values / laid.values.sum(axis=-1, keepdims=True)
    shares = np.broadcast_to(pattern, (*weights.shape[:-1], *pattern.shape))
    for _ in range(_ROUNDS):
        now = np.einsum("...oa,...a->...o", shares, weights)
        if np.abs(now - wanted).max() < _MET:
            break
        shares = shares * (wanted / now)[..., None]
        shares = shares / shares.sum(axis=-2, keepdims=True)
    return xr.DataArray(
        shares,
        dims=(*laid.dims[:-1], "order", "age"),
        coords={**laid.coords, "order": [1, 2, 3]},
    )
