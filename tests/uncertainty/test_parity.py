"""Draws of the starting women by parity: in their ranges, keyed, and only where they are ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.baselines.load import census
from popsim.baselines.parity_start import QUANTITIES, starting_women
from popsim.errors import BoundsError, InputError, MissingVariableError
from popsim.uncertainty.draws import uniforms
from popsim.uncertainty.parity import starting_women_draws


@pytest.fixture(scope="module")
def baseline():
    return ps.load_baseline("huzhou", end=2022)


@pytest.fixture(scope="module")
def women(baseline):
    return starting_women_draws(baseline, 400, seed=7)


@pytest.mark.slow
def test_every_draw_adds_up_to_the_women(baseline, women):
    assert women.dims == ("draw", "parity", "age")
    assert women.attrs["units"] == "persons"
    total = baseline["population"].sel(sex="female", drop=True)
    assert float(women.min()) >= 0.0
    # Four terms and their sum: the rounding of a number of this size.
    assert float(abs(women.sum("parity") / total - 1.0).max()) < 1e-14


def test_the_value_of_the_table_is_in_the_middle(baseline, women):
    share = (women / women.sum("parity")).sel(parity=0, age=[30, 35, 40, 49])
    central = baseline["women_by_parity"]
    central = (central / central.sum("parity")).sel(parity=0, age=[30, 35, 40, 49])
    below = (share < central).mean("draw")
    # Several quantities with skewed ranges add up; the middle stays near the value.
    assert ((below > 0.3) & (below < 0.7)).all()
    low, high = share.quantile(0.1, "draw"), share.quantile(0.9, "draw")
    assert (low < central).all()
    assert (central < high).all()
    assert ((high - low) > 0.005).all()


def test_draws_are_keyed(baseline, women):
    few = starting_women_draws(baseline, 10, seed=7)
    xr.testing.assert_identical(few, women.isel(draw=slice(10)))
    other = starting_women_draws(baseline, 10, seed=8)
    assert not np.allclose(few.sel(age=30), other.sel(age=30), rtol=1e-3)


@pytest.mark.slow
def test_places_share_their_luck(baseline):
    """The reconstruction is one method: it errs in one direction in all places."""
    names = ["huzhou", "ouhai"]
    each = [ps.load_baseline(name, end=2022) for name in names]
    shares = [starting_women_draws(b, 200, seed=3).sel(parity=0, age=33) for b in each]
    assert np.corrcoef(shares[0], shares[1])[0, 1] > 0.9
    kept = ["women_by_parity", "fertility_level", "fertility_rate"]
    both = xr.concat([b[kept] for b in each], dim=xr.Variable("region", names))
    together = starting_women_draws(both, 200, seed=3)
    assert together.dims == ("region", "draw", "parity", "age")
    for name, alone in zip(names, shares, strict=True):
        np.testing.assert_array_equal(together.sel(region=name, parity=0, age=33), alone)
    fewer = both.isel(age=slice(51))
    young = starting_women_draws(fewer, 200, seed=3)
    np.testing.assert_array_equal(young, together.isel(age=slice(51)))


def test_draws_are_the_reconstruction_by_the_drawn_assumptions(baseline, women):
    at = {
        name: xr.DataArray(uniforms(7, "women by parity", name, 5), dims="draw")
        for name in QUANTITIES
    }
    total = baseline["population"].sel(sex="female", drop=True)
    direct = starting_women(total, 2021, level=baseline["fertility_level"], at=at)
    got = women.isel(draw=slice(5))
    # Some rounding errors; the childless of old cohorts have lost two digits.
    np.testing.assert_allclose(got, direct.transpose(*got.dims), rtol=1e-12)


def test_women_raked_to_their_city_are_drawn_about_where_they_stand(baseline):
    raked = baseline["women_by_parity"] * xr.DataArray([1.2, 1.0, 0.9, 0.8], dims="parity")
    raked = raked * (baseline["population"].sel(sex="female", drop=True) / raked.sum("parity"))
    raked = raked.transpose("parity", "age")
    raked.attrs["reconstruction"] = "parity_assumptions"
    women = starting_women_draws(baseline.assign(women_by_parity=raked), 300, seed=2)
    middle = women.median("draw").sel(age=slice(25, 45))
    # The median of a share lies near what the median assumptions make of it.
    np.testing.assert_allclose(
        middle.sel(parity=0), raked.sel(parity=0, age=slice(25, 45)), rtol=0.1
    )


def test_women_of_ones_own_are_known(baseline):
    total = baseline["population"].sel(sex="female", drop=True)
    shares = xr.DataArray([0.4, 0.3, 0.2, 0.1], {"parity": range(4)}, ("parity",))
    own = baseline.assign(women_by_parity=total * shares)
    assert "reconstruction" in baseline["women_by_parity"].attrs
    own["women_by_parity"].attrs.pop("reconstruction", None)  # arithmetic may keep attributes
    for known in (own, baseline.drop_vars("fertility_level").assign(own[["women_by_parity"]])):
        women = starting_women_draws(known, 5, seed=1)
        assert women.dims == ("draw", "parity", "age")
        for draw in range(5):
            given = own["women_by_parity"].transpose("parity", "age")
            np.testing.assert_array_equal(women.sel(draw=draw), given)


@pytest.fixture(scope="module")
def elsewhere():
    """A place outside of China, by its totals since 1960."""
    past = pd.Series({1960: 4.5, 1990: 2.6, 2020: 1.9})
    deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    return ps.build_baseline(
        census("cixi"),
        reference_date="2020-11-01",
        end=2024,
        mortality_rate=deaths[["sex", "age", "mortality_rate"]],
        total_fertility_rate=1.8,
        fertility_pattern=data.table("fertility_china_2020"),
        sex_ratio_at_birth=1.05,
        past_fertility=past,
    )


@pytest.mark.slow
def test_draws_of_a_place_with_a_past_keep_its_children(elsewhere):
    women = starting_women_draws(elsewhere, 300, seed=4)
    assert women.dims == ("draw", "parity", "age")
    total = elsewhere["population"].sel(sex="female", drop=True)
    np.testing.assert_allclose(women.sum("parity"), total.broadcast_like(women.sum("parity")))
    share = women / total
    few = share.sel(parity=1, drop=True) + 2.0 * share.sel(parity=2, drop=True)
    left = elsewhere["children_ever_born"] - few
    # All the other births are those of women with three or more, who have three or more each.
    assert float((left - 3.0 * share.sel(parity=3, drop=True)).min()) > -1e-9
    central = (elsewhere["women_by_parity"] / total).sel(parity=0, age=[30, 40, 49])
    drawn = share.sel(parity=0, age=[30, 40, 49])
    assert ((drawn.quantile(0.1, "draw") < central) & (central < drawn.quantile(0.9, "draw"))).all()
    assert (drawn.std("draw") > 0.01).all()


def test_draws_of_a_past_are_keyed_and_the_same_in_any_region(elsewhere):
    women = starting_women_draws(elsewhere, 50, seed=4)
    few = starting_women_draws(elsewhere, 8, seed=4)
    xr.testing.assert_identical(few, women.isel(draw=slice(8)))
    names = ("women_by_parity", "children_ever_born", "fertility_rate")
    both = xr.concat([elsewhere[[*names]]] * 2, dim=xr.Variable("region", ["a", "b"]))
    together = starting_women_draws(both, 50, seed=4)
    assert together.dims == ("region", "draw", "parity", "age")
    for region in ("a", "b"):
        np.testing.assert_array_equal(together.sel(region=region), women)


def test_what_is_refused(baseline):
    with pytest.raises(MissingVariableError, match="women_by_parity"):
        starting_women_draws(baseline.drop_vars("women_by_parity"), 5, seed=1)
    with pytest.raises(BoundsError, match="level of fertility is negative or missing"):
        starting_women_draws(baseline.assign(fertility_level=-0.1), 5, seed=1)
    with pytest.raises(InputError, match="cannot be reconstructed for this date"):
        starting_women_draws(baseline.assign_coords(year=baseline["year"] - 80), 5, seed=1)
