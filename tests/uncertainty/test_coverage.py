"""Coverage: bands that hold what they should, and inputs that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.errors import BoundsError, CoordinateError, DimensionError
from popsim.uncertainty.coverage import interval_coverage

YEARS = np.arange(2000, 2400)
RNG = np.random.default_rng(1)
DRAWN = xr.DataArray(
    RNG.normal(size=(2000, 400)),
    dims=("draw", "year"),
    coords={"year": YEARS},
    attrs={"units": "m"},
)
SEEN = xr.DataArray(RNG.normal(size=400), dims="year", coords={"year": YEARS})


def test_bands_of_the_right_width_hold_their_level():
    got = interval_coverage(DRAWN, SEEN)
    # four standard errors of 400 independent years: 0.08 and 0.044
    assert got.share_inside.sel(level=0.8).item() == pytest.approx(0.8, abs=0.08)
    assert got.share_inside.sel(level=0.95).item() == pytest.approx(0.95, abs=0.044)
    assert got.lower.attrs["units"] == "m"
    wanted = np.quantile(DRAWN.values[:, 7], [0.1, 0.9])
    np.testing.assert_allclose([got.lower[0, 7], got.upper[0, 7]], wanted, rtol=1e-12)


def test_bands_half_as_wide_hold_less():
    share = interval_coverage(DRAWN / 2, SEEN).share_inside.sel(level=0.8)
    assert share.item() == pytest.approx(0.478, abs=0.1)  # P(|z| < 0.64)


@pytest.mark.parametrize(
    ("drawn", "seen", "settings", "error", "message"),
    [
        (DRAWN.isel(draw=0), SEEN, {}, DimensionError, "do not have the dims"),
        (DRAWN, SEEN.assign_coords(year=YEARS + 1), {}, CoordinateError, "was not drawn"),
        (DRAWN, SEEN, {"levels": [80]}, BoundsError, "not a share"),
    ],
)
def test_what_cannot_be_compared_is_refused(drawn, seen, settings, error, message):
    with pytest.raises(error, match=message):
        interval_coverage(drawn, seen, **settings)
