"""Draws of how the women of a baseline stand by parity at the start."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import xarray as xr

from popsim.demography.parity_start import (
    LARGEST_PROGRESSION,
    QUANTITIES,
    RECONSTRUCTION,
    check_level,
    reconstruction,
)
from popsim.kernels.parity_start import split_women
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
    InputError
        A first year that the reconstruction does not reach.
    BoundsError
        A level of fertility below zero, or none.

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
    core = ("parity", "age")
    level, given = xr.broadcast(baseline["fertility_level"], given, exclude=core)
    given = given.transpose(*level.dims, *core)
    check_level(level)
    ages = given["age"].values
    nation, elasticity = _nation(int(baseline["year"].values[0]), draws, seed)
    out = np.empty((level.size, draws, *given.shape[-2:]))
    split_women(
        np.require(level.values.ravel(), float, ["C", "W"]),
        np.require(given.values.reshape(level.size, *given.shape[-2:]), float, ["C", "W"]),
        nation[..., ages],
        elasticity[..., ages],
        LARGEST_PROGRESSION,
        out,
    )
    women = xr.DataArray(
        out.reshape(*level.shape, *out.shape[1:]),
        dims=(*level.dims, "draw", *core),
        coords={**given.coords, "draw": np.arange(draws)},
        name="women_by_parity",
        attrs=VARIABLES["women_by_parity"].attrs(),
    )
    return women


@lru_cache(maxsize=1)  # of a simulation, which asks for one block of regions after another
def _nation(start: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What the kernel reads of the nation: first as it is undrawn, and then by draw."""
    at = {
        name: np.append(0.5, uniforms(seed, "women by parity", name, draws)) for name in QUANTITIES
    }
    known = reconstruction(start, at)
    kappa = known["later_progression"]
    rows = (
        np.log1p(-known["mothers"]),
        4.0 * kappa * known["later"],
        1.0 / (2.0 * kappa),
        kappa / known["births_of_three"],
    )
    elasticity = (known["place_first"], known["place_higher"])
    return np.stack(rows, axis=1), np.stack(elasticity, axis=1)
