"""Paths of the total fertility rate about a baseline."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography import china
from popsim.uncertainty.assumptions import NATION, PLACE, assumption, level_of, place_of
from popsim.uncertainty.draws import Z80, autoregressive

#: Fertility of a draw never falls below this share of the baseline's.
_LEAST = 0.2


def published_deviation(
    indicator: str, years: np.ndarray, *, sex: str = "both"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Median, and standard deviations below and above it, of a series of WPP 2024 for China.

    Zero in the years before the UN's projection begins: they are observed. The last
    year's hold after it.

    Returns
    -------
    tuple of numpy.ndarray
        Three of (year,), in the unit of the series.
    """
    bounds = [
        china.published(indicator, sex=sex, bound=b) for b in ("lower_80", "median", "upper_80")
    ]
    low, middle, high = (b.reindex(year=years, method="ffill").to_numpy() for b in bounds)
    below = np.nan_to_num((middle - low) / Z80)
    above = np.nan_to_num((high - middle) / Z80)
    return middle, below, above


def fertility_factors(baseline: xr.Dataset, draws: int, seed: int) -> xr.DataArray:
    r"""Draw factors on the fertility rates of a baseline.

    Parameters
    ----------
    baseline : xarray.Dataset
    draws, seed : int

    Returns
    -------
    xarray.DataArray
        (draw, year) [1], about 1.

    Notes
    -----
    :math:`1 + \sigma_t z_t`, where :math:`z` is a stationary autoregressive path and
    :math:`\sigma_t` the half-width of WPP's 80 % interval of the total fertility rate of the
    year, as a share of its median (one width below, another above). A place multiplies
    this by a path of its own.

    Examples
    --------
    >>> import popsim as ps
    >>> fertility_factors(ps.load_baseline("ouhai", end=2030), draws=5, seed=1).sizes["draw"]
    5
    """
    years = baseline["year"].values
    middle, below, above = published_deviation("total_fertility_rate", years)
    z = autoregressive(
        seed, "fertility", NATION, years, draws, assumption(NATION, "fertility", "correlation")
    )
    factors = 1.0 + z * np.where(z < 0, below / middle, above / middle)
    if level_of(baseline) == PLACE:
        own = autoregressive(
            seed,
            "fertility",
            place_of(baseline),
            years,
            draws,
            assumption(PLACE, "fertility", "correlation"),
        )
        factors = factors * (1.0 + assumption(PLACE, "fertility", "deviation") * own)
    return xr.DataArray(np.maximum(factors, _LEAST), dims=("draw", "year"), coords={"year": years})
