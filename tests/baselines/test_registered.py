"""Registered and resident population: shares by age, births to registered families."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.regions import load_regions
from popsim.baselines.registered import counted, registered_share, registered_share_of_births
from popsim.errors import BoundsError, CoordinateError, DimensionError, MissingVariableError


@pytest.fixture(scope="module")
def cixi():
    return ps.load_baseline("cixi", end=2030)


def by_age(values):
    return xr.DataArray(values, dims="age", coords={"age": np.arange(101)})


def test_one_number_is_the_share_of_births(cixi):
    share = registered_share_of_births(cixi.assign(registered_share=0.62))
    assert float(share) == 0.62
    assert share.dims == ()
    assert share.attrs["units"] == "1"
    assert "one share of all births" in share.attrs["registered_counted"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", ["net_migration_rate", "net_migration", "net_migration_total", None]
)
def test_by_age_it_follows_the_births_of_the_projection(cixi, form):
    baseline = cixi.drop_vars("net_migration_rate")
    years = baseline["year"]
    if form == "net_migration_rate":
        baseline = cixi
    elif form == "net_migration":
        moves = (baseline["population"] * 0.01).expand_dims(year=years)
        baseline = baseline.assign(net_migration=moves)
    elif form == "net_migration_total":
        total = xr.DataArray(np.full(len(years), 9000.0), dims="year", coords={"year": years})
        baseline = baseline.assign(net_migration_total=total)
    share = by_age(np.linspace(0.2, 0.9, 101))  # the older, the more registered
    births = ps.project(baseline)["births"]
    got = registered_share_of_births(baseline.assign(registered_share=share), births)
    expected = (births * share).sum("age") / births.sum("age")
    assert got.dims == ("year",)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert "each age of mother" in got.attrs["registered_counted"]


@pytest.mark.slow
def test_by_region_and_age():
    parts = load_regions("huzhou", end=2023)
    level = xr.DataArray(
        [0.5, 0.6, 0.7, 0.8, 0.9], dims="region", coords={"region": parts["region"]}
    )
    one_each = registered_share_of_births(parts.assign(registered_share=level))
    np.testing.assert_array_equal(one_each, level)
    flat = level * by_age(np.ones(101))
    births = ps.project(parts)["births"]
    got = registered_share_of_births(parts.assign(registered_share=flat), births)
    assert got.dims == ("region", "year")
    np.testing.assert_allclose(got.isel(year=-1), level, rtol=1e-12)


def test_share_of_two_tables():
    residents = xr.DataArray(
        np.full((2, 101), 200.0),
        dims=("sex", "age"),
        coords={"sex": ["female", "male"], "age": np.arange(101)},
    )
    residents[:, 100] = 0.0
    registered = residents * xr.DataArray([0.25, 1.0], dims="sex")
    share = registered_share(registered, residents)  # of both sexes the women are taken
    assert share.sel(age=30).item() == 0.25
    assert share.sel(age=100).item() == 0.0
    assert share.attrs["long_name_zh"]


def test_more_registered_than_residents_is_refused(cixi):
    many, few = by_age(np.full(101, 120.0)), by_age(np.full(101, 100.0))
    message = (
        r"registered population exceeds the residents(.|\n)*age=0(.|\n)*1.2(.|\n)*who live here"
    )
    with pytest.raises(BoundsError, match=message):
        registered_share(many, few)
    with pytest.raises(BoundsError, match="registered population exceeds the residents"):
        registered_share(few, by_age(np.zeros(101)))
    with pytest.raises(BoundsError, match=r"exceeds the residents(.|\n)*got: 1.3"):
        registered_share_of_births(cixi.assign(registered_share=1.3))
    with pytest.raises(BoundsError, match=r"exceeds the residents(.|\n)*age=0"):
        registered_share_of_births(cixi.assign(registered_share=many / few))


def test_other_shares_that_cannot_be_used(cixi):
    with pytest.raises(MissingVariableError, match="share of registered families is not known"):
        registered_share_of_births(cixi)
    with pytest.raises(MissingVariableError, match=r"births by age are not given(.|\n)*project"):
        registered_share_of_births(cixi.assign(registered_share=by_age(np.full(101, 0.5))))
    with pytest.raises(BoundsError, match="registered_share is out of bounds"):
        registered_share_of_births(cixi.assign(registered_share=-0.1))
    with pytest.raises(BoundsError, match="missing or infinite"):
        registered_share_of_births(cixi.assign(registered_share=np.nan))
    with pytest.raises(BoundsError, match=r"missing or infinite(.|\n)*age=0"):
        registered_share_of_births(cixi.assign(registered_share=by_age(np.ones(101))[15:50]))
    sexes = xr.DataArray([0.5, 0.5], dims="sex", coords={"sex": ["female", "male"]})
    with pytest.raises(DimensionError, match="varies over 'sex'"):
        registered_share_of_births(cixi.assign(registered_share=sexes))
    with pytest.raises(DimensionError, match="the registered are not by age"):
        registered_share(xr.DataArray(5.0), by_age(np.ones(101)))
    with pytest.raises(CoordinateError, match="different labels on 'age'"):
        registered_share(by_age(np.ones(101)).isel(age=slice(0, 50)), by_age(np.ones(101)))


def test_results_can_say_whom_they_count(cixi):
    assert "cannot be run" in counted(cixi)["registered_counted"]
    assert "常住人口" in counted(cixi)["population_counted"]
    assert "户籍" in counted(cixi.assign(registered_share=0.5))["registered_counted"]
