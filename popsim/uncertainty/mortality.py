"""Paths of life expectancy about a baseline, as survival ratios."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.lifetable import life_table
from popsim.demography.mortality import scale_to_life_expectancy
from popsim.demography.survival import survival_ratio
from popsim.schema.variables import SEXES
from popsim.uncertainty.assumptions import NATION, PLACE, assumption, level_of, place_of
from popsim.uncertainty.draws import autoregressive
from popsim.uncertainty.fertility import published_deviation

#: Distance between the life tables that draws are interpolated between [years of life]:
#: at 1 year the interpolated life expectancy is within 0.01 years of the one drawn.
_GRID_STEP = 1.0


def life_expectancy_shifts(baseline: xr.Dataset, draws: int, seed: int) -> xr.DataArray:
    """Draw deviations of life expectancy at birth.

    Parameters
    ----------
    baseline : xarray.Dataset
    draws, seed : int

    Returns
    -------
    xarray.DataArray
        (draw, year, sex) [years]. The sexes move together; a year's width is that of
        WPP's 80 % interval, and a place adds a deviation of its own.
    """
    years = baseline["year"].values
    rho = assumption(NATION, "life_expectancy", "correlation")
    z = autoregressive(seed, "life_expectancy", NATION, years, draws, rho)
    shifts = np.empty((draws, len(years), len(SEXES)))
    for s, sex in enumerate(SEXES):
        _, below, above = published_deviation("life_expectancy", years, sex=sex)
        shifts[:, :, s] = z * np.where(z < 0, below, above)
    if level_of(baseline) == PLACE:
        rho = assumption(PLACE, "life_expectancy", "correlation")
        own = autoregressive(seed, "life_expectancy", place_of(baseline), years, draws, rho)
        shifts += assumption(PLACE, "life_expectancy", "deviation") * own[:, :, None]
    return xr.DataArray(
        shifts, dims=("draw", "year", "sex"), coords={"year": years, "sex": list(SEXES)}
    )


def survival_paths(mortality_rate: xr.DataArray, shifts: xr.DataArray) -> xr.DataArray:
    """Survival ratios of draws that differ from given death rates in life expectancy.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (year, sex, age) [deaths per person-year]
    shifts : xarray.DataArray
        (draw, year, sex) [years of life expectancy at birth]

    Returns
    -------
    xarray.DataArray
        survival_ratio (draw, year, sex, age) [1]: interpolated between life tables whose
        life expectancies differ by whole years from the baseline's.
    """
    level = life_table(mortality_rate)["ex"].isel(age=0, drop=True)
    # Whole steps from zero, whatever the draws: more draws do not change those there are.
    at = shifts.transpose("draw", "year", "sex").values / _GRID_STEP
    below = np.floor(at)
    w = (at - below)[..., None]
    first = int(below.min())
    grid = _GRID_STEP * np.arange(first, int(below.max()) + 2)
    targets = level + xr.DataArray(grid, dims="shift", coords={"shift": grid})
    tables = survival_ratio(life_table(scale_to_life_expectancy(mortality_rate, targets)))
    laid = tables.transpose("shift", "year", "sex", "age").values

    k = below.astype(np.int64) - first
    t = np.arange(laid.shape[1])[:, None]
    s = np.arange(laid.shape[2])[None, :]
    # In place: these are the largest arrays of a simulation.
    blended = laid[k + 1, t, s]
    lower = laid[k, t, s]
    blended -= lower
    blended *= w
    blended += lower
    return xr.DataArray(
        blended,
        dims=("draw", "year", "sex", "age"),
        coords={d: mortality_rate[d] for d in ("year", "sex", "age")},
    )
