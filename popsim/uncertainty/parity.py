"""Draws of how the women of a baseline stand by parity at the start."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import xarray as xr

from popsim.baselines.parity_past import RECONSTRUCTION, RELATIONAL
from popsim.baselines.parity_relational import ODDS, odds_factor
from popsim.baselines.parity_start import (
    ASSUMPTIONS,
    LARGEST_PROGRESSION,
    QUANTITIES,
    level_of_past,
    reconstruction,
)
from popsim.kernels.parity_start import move_women, split_women
from popsim.schema.checks import require
from popsim.schema.variables import VARIABLES
from popsim.uncertainty.draws import uniforms


def starting_women_draws(baseline: xr.Dataset, draws: int, seed: int) -> xr.DataArray:
    """Draw women by parity within the ranges of what they were reconstructed by.

    Parameters
    ----------
    baseline : xarray.Dataset
        With women_by_parity (parity, age) [persons] and, where these are reconstructed (their
        attribute ``reconstruction`` names the table), fertility_level [1] in China, or
        children_ever_born (age) [births per woman] elsewhere.
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
    In China, each quantity of ``parity_assumptions`` has one uniform number a draw, for all
    cohorts and places: the lowest of the range at 0, the value of the table at 0.5, the highest
    at 1, linear between. With the shares :math:`s` of
    :func:`popsim.baselines.parity_start.starting_shares` the women :math:`N` become
    :math:`N_k s_k^{(d)} / s_k`, scaled to all women of the age; so women of districts, who add
    up to their city's, are drawn about where they stand.

    Elsewhere the children ever born per woman, :math:`C`, are known, and every draw has them.
    With the share :math:`q` of the women who have a child, a draw multiplies the cross-ratio
    :math:`(1 - q)(C - q) / q^2` by a number of its own (table ``parity_relational``,
    ``first_odds``); likewise for second births among mothers, with :math:`C / q - 1` in the
    place of :math:`C`, and for third and higher ones. 0 stands for all births spread as evenly
    as can be over the women, 1 for a geometric distribution.

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
    table = given.attrs.get(RECONSTRUCTION)
    if table == ASSUMPTIONS and "fertility_level" in baseline:
        return _of_china(baseline, given, draws, seed)
    if table == RELATIONAL and "children_ever_born" in baseline:
        return _of_own_past(baseline, given, draws, seed)
    same = given.expand_dims(draw=np.arange(draws))
    return same.transpose(..., "draw", "parity", "age")


_CORE = ("parity", "age")


def _of_china(baseline: xr.Dataset, given: xr.DataArray, draws: int, seed: int) -> xr.DataArray:
    level, given = xr.broadcast(baseline["fertility_level"], given, exclude=_CORE)
    given = given.transpose(*level.dims, *_CORE)
    ages = given["age"].values
    nation, elasticity = _nation(int(baseline["year"].values[0]), draws, seed)
    out = np.empty((level.size, draws, *given.shape[-2:]))
    split_women(
        np.require(level_of_past(level).values.ravel(), float, ["C", "W"]),
        np.require(given.values.reshape(level.size, *given.shape[-2:]), float, ["C", "W"]),
        nation[..., ages],
        elasticity[..., ages],
        LARGEST_PROGRESSION,
        out,
    )
    return _labelled(out, given)


def _of_own_past(baseline: xr.Dataset, given: xr.DataArray, draws: int, seed: int) -> xr.DataArray:
    born, given = xr.broadcast(baseline["children_ever_born"], given, exclude=("parity",))
    given = given.transpose(..., *_CORE)
    born = born.transpose(*given.dims[:-2], "age")
    odds = [odds_factor(name, uniforms(seed, "women by parity", name, draws)) for name in ODDS]
    women = np.require(given.values.reshape(-1, *given.shape[-2:]), float, ["C", "W"])
    out = np.empty((len(women), draws, *given.shape[-2:]))
    move_women(
        women,
        np.require(born.values.reshape(len(women), -1), float, ["C", "W"]),
        np.ascontiguousarray(np.stack(odds, axis=1)),
        out,
    )
    return _labelled(out, given)


def _labelled(out: np.ndarray, given: xr.DataArray) -> xr.DataArray:
    """Women (region, draw, parity, age) with the dims and labels of those they were drawn from."""
    return xr.DataArray(
        out.reshape(*given.shape[:-2], *out.shape[1:]),
        dims=(*given.dims[:-2], "draw", *_CORE),
        coords={**given.coords, "draw": np.arange(out.shape[1])},
        name="women_by_parity",
        attrs=VARIABLES["women_by_parity"].attrs(),
    )


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
