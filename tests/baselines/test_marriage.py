"""The lever on marriage: first births in proportion, at 20 to 29, and second ones after them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.marriage import BANDS, first_birth_factor, married_share
from popsim.engine.parity import consistent_rates
from popsim.errors import BoundsError, MissingVariableError


def by_year(values, first=2021):
    return xr.DataArray(values, dims="year", coords={"year": first + np.arange(len(values))})


def test_huzhou_has_its_published_share():
    assert married_share("huzhou") == 0.303  # indicator 22 of the plan, 2021
    with pytest.raises(MissingVariableError, match=r"not known for the place(.|\n)*huzhou"):
        married_share("ouhai")


def test_first_births_follow_the_share():
    factor = first_birth_factor(by_year([0.303, 0.2727, 0.3636]), 0.303)
    assert factor.dims == ("year", "band")
    assert factor["band"].values.tolist() == list(BANDS)
    np.testing.assert_allclose(factor.sel(band=20), [1.0, 0.9, 1.2], rtol=1e-12)
    assert (factor.sel(band=[0, 30, 35]) == 1.0).all()


def test_elasticity_may_be_drawn():
    draws = xr.DataArray([0.6, 1.0], dims="draw")
    factor = first_birth_factor(by_year([0.4]), 0.2, elasticity=draws)
    assert factor.dims == ("draw", "year", "band")
    np.testing.assert_allclose(factor.sel(band=20, year=2021), [2.0**0.6, 2.0])


@pytest.mark.parametrize(("share", "reference"), [(30.3, 0.303), (0.303, 30.3), (0.0, 0.303)])
def test_percent_are_refused(share, reference):
    with pytest.raises(BoundsError, match=r"is not a share(.|\n)*0.303 for 30.3 percent"):
        first_birth_factor(by_year([0.303, share]), reference)


def test_more_marriages_bring_first_births_then_second_ones():
    """10 % more married women in Huzhou from 2025: first births rise at once, second follow."""
    baseline = ps.load_baseline("huzhou", end=2040)
    share = by_year(np.where(baseline["year"] >= 2025, 0.3333, 0.303))
    factor = first_birth_factor(share, married_share("huzhou"))
    rates = consistent_rates(baseline)["conditional_fertility_rate"]
    at = factor.sel(band=baseline["age"], method="ffill").drop_vars("band")
    changed = xr.where(rates["parity"] == 0, rates * at, rates).transpose(*rates.dims)
    births = [
        ps.project(baseline.assign(conditional_fertility_rate=r))["births"].sum("age")
        for r in (rates, changed)
    ]
    extra = births[1] / births[0] - 1.0
    assert float(abs(extra.sel(year=slice(None, 2024))).max()) == 0.0
    first, second = extra.sel(order=1), extra.sel(order=2)
    # Less than 10 %: first births at 30 and over are not moved.
    assert 0.04 < float(first.sel(year=2025)) < 0.10
    assert float(first.sel(year=2040)) < float(first.sel(year=2025))  # fewer are childless
    assert abs(float(second.sel(year=2025))) < 0.001
    assert 0.01 < float(second.sel(year=2040)) < 0.10
