"""Draws of how the women of a baseline stand by parity at the start."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.parity_start import QUANTITIES, RECONSTRUCTION, starting_shares
from popsim.schema.checks import require
from popsim.schema.variables import VARIABLES
from popsim.uncertainty.draws import uniforms


def starting_women_draws(baseline: xr.Dataset, draws: int, seed: int) -> xr.DataArray:
    """Draw women by parity within the ranges of the table ``parity_assumptions``.

    Parameters
    ----------
    baseline : xarray.Dataset
        With women_by_parity (parity, age) [persons] and, where these are reconstructed (their
        attribute ``reconstruction``), fertility_level [1].
    draws, seed : int

    Returns
    -------
    xarray.DataArray
        women_by_parity (..., draw, parity, age) [persons], adding up to the women in every
        draw. Women that are not reconstructed (a table of one's own) are known, and the same
        in all draws.

    Raises
    ------
    MissingVariableError
        No women_by_parity.

    Notes
    -----
    Each quantity has one uniform number a draw, for all cohorts and places: the lowest of
    the range at 0, the value of the table at 0.5, the highest at 1, linear between. With the
    shares :math:`s` of :func:`popsim.demography.parity_start.starting_shares` the women
    :math:`N` become :math:`N_k s_k^{(d)} / s_k`, scaled to all women of the age; so women of
    districts, who add up to their city's, are drawn about where they stand.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("huzhou", end=2022)
    >>> women = starting_women_draws(baseline, 100, seed=1)
    >>> childless = (women.sel(parity=0) / women.sum("parity")).sel(age=30)
    >>> childless.quantile([0.1, 0.9]).round(2).values.tolist()
    [0.21, 0.3]
    """
    require(baseline, ["women_by_parity"])
    given = baseline["women_by_parity"]
    known = RECONSTRUCTION not in given.attrs or "fertility_level" not in baseline
    if known:
        same = given.expand_dims(draw=np.arange(draws))
        return same.transpose(..., "draw", "parity", "age")
    at = {
        name: xr.DataArray(uniforms(seed, "women by parity", name, draws), dims="draw")
        for name in QUANTITIES
    }
    start, level = int(baseline["year"].values[0]), baseline["fertility_level"]
    central = starting_shares(start, level=level)
    change = starting_shares(start, level=level, at=at) / central.where(central > 0.0, 1.0)
    split = given * change.where(central > 0.0, 1.0)
    made = split.sum("parity")
    split = split * (given.sum("parity") / made.where(made > 0.0, 1.0))
    women = split.transpose(..., "draw", "parity", "age").rename("women_by_parity")
    women.attrs = VARIABLES["women_by_parity"].attrs()
    return women
