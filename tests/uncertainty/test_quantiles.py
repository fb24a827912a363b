"""Quantiles over the draws of labelled arrays."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.errors import BoundsError, DimensionError
from popsim.uncertainty.quantiles import (
    QUANTILES,
    check_probabilities,
    quantiles,
    quantiles_over_draws,
)


@pytest.fixture(scope="module")
def births():
    values = np.random.default_rng(3).normal(size=(2, 3, 50, 4, 7))
    return xr.DataArray(
        values,
        dims=("scenario", "region", "draw", "year", "order"),
        coords={
            "scenario": ["baseline", "grant"],
            "year": [2021, 2022, 2023, 2024],
            "draw": np.arange(50),
            "weight": ("draw", np.ones(50)),
            "place": ("region", ["a", "b", "c"]),
        },
        attrs={"units": "births"},
    )


def expected(values):
    at = values.get_axis_num("draw")
    return np.quantile(values.values, QUANTILES, axis=at)


@pytest.mark.parametrize(
    "laid",
    [
        lambda a: a,
        lambda a: a.transpose("draw", ...),
        lambda a: a.transpose(..., "draw"),
        lambda a: a.isel(year=slice(None, None, 2)),
        lambda a: a.isel(scenario=1, region=0, year=2, order=3),
        lambda a: a.isel(order=slice(0)),
        lambda a: a.isel(draw=[4]),
        lambda a: (100.0 * a).astype(np.int64),
    ],
)
def test_values_and_labels_wherever_the_draws_are(births, laid):
    values = laid(births)
    before = values.copy(deep=True)
    made = quantiles(values)
    np.testing.assert_array_equal(made.values, expected(values))
    assert made.dims == ("quantile", *(d for d in values.dims if d != "draw"))
    assert made["quantile"].values.tolist() == list(QUANTILES)
    assert set(made.coords) == {"quantile", *values.coords} - {"draw", "weight"}
    xr.testing.assert_identical(values, before)


def test_a_missing_draw_leaves_no_quantiles(births):
    values = births.copy(deep=True)
    values[1, 2, 17, 3, 4] = np.nan
    made = quantiles(values)
    missing = made.isnull().any("quantile")
    assert int(missing.sum()) == 1
    assert bool(made.isel(scenario=1, region=2, year=3, order=4).isnull().all())


def test_a_result_keeps_attributes_and_what_has_no_draws(births):
    result = xr.Dataset({"births": births, "area": ("region", [1.0, 2.0, 3.0])}, attrs={"a": "b"})
    made = quantiles_over_draws(result, [0.5])
    assert made["births"].attrs == births.attrs
    assert made.attrs == result.attrs
    xr.testing.assert_identical(made["area"].variable, result["area"].variable)


@pytest.mark.parametrize(
    "values", [xr.DataArray([1.0], dims="year"), xr.DataArray(np.ones((2, 0)), dims=("a", "draw"))]
)
def test_without_draws(values):
    with pytest.raises(DimensionError, match="no draws to take quantiles of"):
        quantiles(values)


@pytest.mark.parametrize("probabilities", [[], [0.5, 0.5], [0.9, 0.1], [-0.1], [1.1], [np.nan]])
def test_probabilities_that_are_none(probabilities):
    with pytest.raises(BoundsError, match="not rising probabilities"):
        check_probabilities(probabilities)
