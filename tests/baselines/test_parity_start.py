"""The women by age and parity with which a baseline starts: against the census, and consistent."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.baselines import china
from popsim.baselines.load import PLACES, census
from popsim.baselines.parity_start import (
    QUANTITIES,
    assumed,
    births_per_woman,
    level_of_fertility,
    level_of_past,
    share_with_a_child,
    starting_shares,
    starting_women,
)
from popsim.demography.fertility.tempo import completed_cohort_fertility
from popsim.engine.parity import consistent_rates
from popsim.errors import BoundsError, CoordinateError, InputError

#: Childless women of China, census 2020 [1].
CENSUS_CHILDLESS = {35: 0.1091, 40: 0.0785, 49: 0.0516}


def children(shares, time):
    """Children per woman, with the births of the open parity."""
    of_three = assumed("births_of_three", time - shares["age"].values - 1)
    weights = [np.zeros(101), np.ones(101), np.full(101, 2.0), 2.0 + of_three]
    return (shares * xr.DataArray(weights, dims=("parity", "age"))).sum("parity")


@pytest.mark.parametrize(("age", "published"), CENSUS_CHILDLESS.items())
def test_childless_women_of_the_census(age, published):
    # Fitted, with two months between the census and 1 January: to 0.05 percentage points.
    got = float(starting_shares(2021).sel(parity=0, age=age))
    assert got == pytest.approx(published, abs=0.0005)


@pytest.mark.parametrize("time", [1951, 1965, 1990, 2000, 2011, 2021, 2031])
def test_shares_are_shares(time):
    shares = starting_shares(time)
    np.testing.assert_allclose(shares.sum("parity"), 1.0, rtol=1e-14)
    assert float(shares.min()) >= 0.0
    assert shares.sel(parity=0, age=slice(0, 13)).values.tolist() == [1.0] * 14


def test_children_are_those_that_the_rates_gave():
    """Independent of the reconstruction: sums of WPP's rates along the Lexis diagram."""
    completed = completed_cohort_fertility(china.fertility_rate(1950, 2020))
    shares = starting_shares(2021)
    # At 56 to 70 women have all their births behind them; cohorts' rates in both count alike.
    for age in (56, 60, 65, 70):
        cohort = 2020 - age
        assert births_per_woman(2021)[age] == pytest.approx(
            float(completed.sel(cohort=cohort)), rel=0.01
        )
    bearing = slice(25, 60)
    np.testing.assert_allclose(
        children(shares, 2021).sel(age=bearing), births_per_woman(2021)[bearing.start : 61],
        rtol=1e-9,
    )  # fmt: skip


def test_cohorts_only_move_up():
    """A cohort's childless never grow from one reconstruction to the next."""
    for time in (2011, 2016, 2020):
        before = starting_shares(time).sel(parity=0).values[15:50]
        after = starting_shares(time + 1).sel(parity=0).values[16:51]
        assert (after <= before + 1e-12).all()


def test_a_lower_level_has_more_childless_and_fewer_children():
    nation, place = starting_shares(2021), starting_shares(2021, level=0.6)
    assert float(place.sel(parity=0, age=40)) > float(nation.sel(parity=0, age=40))
    fewer = children(place, 2021) / children(nation, 2021)
    assert 0.6 < float(fewer.sel(age=40)) < 0.85
    none = starting_shares(2021, level=0.0).sel(parity=0)
    np.testing.assert_allclose(none.sel(age=slice(20, None)), 1.0)


def test_assumptions_stand_where_they_are_asked_for_in_their_ranges():
    table = data.table("parity_assumptions")
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    cohorts = np.array([1971, 1980, 1985])
    at = np.array([0.0, 0.25, 0.5, 1.0])
    got = assumed("ever_first", cohorts, at)
    rows = table.query("quantity == 'ever_first' and cohort in (1971, 1980, 1985)")
    np.testing.assert_allclose(got[0], rows["low"], rtol=1e-14)
    np.testing.assert_allclose(got[1], (rows["low"] + rows["value"]) / 2.0, rtol=1e-14)
    np.testing.assert_allclose(got[2], rows["value"], rtol=1e-14)
    np.testing.assert_allclose(got[3], rows["high"], rtol=1e-14)
    np.testing.assert_array_equal(got[2], assumed("ever_first", cohorts))


def test_shares_of_draws_are_those_of_each_alone():
    at = {q: xr.DataArray(np.array([0.0, 0.3, 1.0]), dims="draw") for q in QUANTITIES}
    level = xr.DataArray([0.6, 1.0], dims="region", coords={"region": ["low", "nation"]})
    together = starting_shares(2021, level=level, at=at)
    assert set(together.dims) == {"region", "draw", "parity", "age"}
    np.testing.assert_allclose(together.sum("parity"), 1.0, rtol=1e-14)
    assert float(together.min()) >= 0.0
    for draw in range(3):
        one = {q: place.isel(draw=[draw]) for q, place in at.items()}
        alone = starting_shares(2021, level=0.6, at=one).isel(draw=0, drop=True)
        both = together.sel(region="low", draw=draw, drop=True).transpose(*alone.dims)
        np.testing.assert_allclose(both, alone, rtol=1e-13)
    fewer = {"ever_first": xr.DataArray([0.0], dims="draw")}
    childless = starting_shares(2021, at=fewer).sel(parity=0, age=35).item()
    assert childless > CENSUS_CHILDLESS[35]


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_every_baseline_has_women_by_parity(name):
    baseline = ps.load_baseline(name, end=2040)
    split, women = baseline["women_by_parity"], baseline["population"].sel(sex="female")
    assert split.dims == ("parity", "age")
    assert split.attrs["units"] == "persons"
    assert float(split.min()) >= 0.0
    # Four terms and their sum: the rounding of a number of this size.
    np.testing.assert_allclose(split.sum("parity"), women, rtol=1e-15)
    assert "China's past by cohort" in split.attrs["rule"]
    # Rates and women fit together: births of the first 20 years have mothers.
    made = consistent_rates(baseline)
    assert float(made["conditional_fertility_rate"].max()) <= 1.0
    assert float(made["women_by_parity"].min()) >= 0.0
    level = level_of_fertility(baseline["fertility_rate"].sum("age"))
    np.testing.assert_allclose(baseline["fertility_level"], level, rtol=1e-12)
    # Women of 40 have between one child and the nation's 1.77.
    shares = starting_shares(2021, level=level)
    assert 1.1 < float(children(shares, 2021).sel(age=40)) < 1.8


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_children_of_the_women_are_the_children_counted(name):
    """Births of ten years that the reconstruction gives the women, over residents aged 0 to 9.

    China's are met to 1 %: WPP is made to fit the census. The exponents of the places were
    set by this ratio, above 1 since some of the children live elsewhere.
    """
    baseline = ps.load_baseline(name, end=2021)
    level = float(baseline["fertility_level"])
    now, then = (
        children(starting_shares(time, level=level), time).transpose("age").values
        for time in (2021, 2011)
    )
    women = baseline["population"].sel(sex="female").values
    borne = (women[15:60] * (now[15:60] - then[5:50])).sum()
    ratio = float(borne / baseline["population"].sel(age=slice(0, 9)).sum())
    low, high = (0.99, 1.01) if name == "china" else (1.04, 1.16)
    assert low < ratio < high


def test_several_regions_have_their_own_levels():
    level = xr.DataArray([0.6, 1.0], dims="region", coords={"region": ["low", "nation"]})
    women = xr.DataArray(np.full(101, 50.0), dims="age", coords={"age": range(101)})
    split = starting_women(women, 2021, level=level)
    assert split.dims == ("region", "parity", "age")
    np.testing.assert_allclose(
        split.sel(region="nation", drop=True), starting_women(women, 2021), rtol=1e-14
    )


def test_first_births_come_with_age():
    share = share_with_a_child(2021)
    assert (np.diff(share[15:36]) > 0).all()
    assert share[14] == 0.0


def test_what_is_refused():
    with pytest.raises(InputError, match=r"cannot be reconstructed(.|\n)*1951 to 2101"):
        starting_shares(1950)
    with pytest.raises(BoundsError, match="level of fertility is negative or missing"):
        starting_shares(2021, level=-0.5)
    with pytest.raises(InputError, match="assumptions have no 'first_ever'"):
        assumed("first_ever", np.array([1980]))
    with pytest.raises(InputError, match=r"ever_first is asked for outside(.|\n)*got: 1.5"):
        starting_shares(2021, at={"ever_first": xr.DataArray([0.5, 1.5], dims="draw")})
    five = xr.DataArray(np.ones(21), dims="age", coords={"age": range(0, 105, 5)})
    with pytest.raises(CoordinateError, match="not by single age"):
        starting_women(five, 2021)
    with pytest.raises(InputError, match="do not cover these years"):
        level_of_fertility(xr.DataArray([1.0], dims="year", coords={"year": [2200]}))


@pytest.mark.slow
@pytest.mark.parametrize("start", [1955, 1985])
def test_a_start_in_the_years_of_high_fertility_has_women_for_its_births(start):
    deaths = data.table("wpp2024_china_mortality").query("period == 1980")
    women = ps.load_baseline("cixi", end=2021)["population"]
    baseline = ps.build_baseline(
        women,
        reference_date=f"{start}-01-01",
        end=start + 1,
        mortality_rate=deaths[["sex", "age", "mortality_rate"]],
        total_fertility_rate=float(china.published("total_fertility_rate").sel(year=start)),
        fertility_pattern=data.table("fertility_china_2020"),
        sex_ratio_at_birth=1.07,
        order_mix=(0.4, 0.3, 0.3),
        nation="China",
    )
    split = baseline["women_by_parity"]
    assert "China's past by cohort" in split.attrs["rule"]
    np.testing.assert_allclose(split.sum("parity"), baseline["population"].sel(sex="female"))
    shares = (split / split.sum("parity")).sel(age=49)
    assert float(shares[3]) > 0.8  # five and six children each
    assert float(shares[0]) < 0.05


def test_a_level_that_no_place_has_had_for_decades_is_no_past():
    """What Cixi would have at 3 children per woman now is not what its women have borne."""
    level = 2.6
    assert float(level_of_past(xr.DataArray(level))) == 1.25
    shares = starting_shares(2021, level=level)
    xr.testing.assert_identical(shares, starting_shares(2021, level=1.25))
    # 2.2 to 2.3 children at 40, as in the provinces with the most.
    assert 2.1 < float(children(shares, 2021).sel(age=40)) < 2.4


@pytest.mark.slow
@pytest.mark.parametrize("tfr", [0.4, 1.2, 1.5, 2.1, 3.0])
def test_a_place_of_china_has_mothers_for_the_births_of_its_first_year(tfr):
    """At 3 children per woman the mix of Fuzhou asked for 46 % more than there were women for."""
    deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    baseline = ps.build_baseline(
        census("cixi"),
        reference_date="2020-11-01",
        end=2022,
        mortality_rate=deaths[["sex", "age", "mortality_rate"]],
        total_fertility_rate=tfr,
        fertility_pattern=data.table("fertility_china_2020"),
        sex_ratio_at_birth=1.1,
        nation="China",
    )
    rates = consistent_rates(baseline)["conditional_fertility_rate"].isel(year=0)
    assert float(rates.max()) < 1.0
