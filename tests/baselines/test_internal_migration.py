"""Internal migration from two censuses: by hand, against the cohorts, and carried on."""

from __future__ import annotations

import numpy as np
import pytest

import popsim as ps
from popsim import data
from popsim.baselines.internal_migration import (
    PLACES,
    census_groups,
    cohort_growth,
    continued,
    internal_migration_rate,
)
from popsim.errors import UnknownPlaceError


def test_groups_add_up_to_the_census():
    for place in PLACES:
        for year in (2010, 2020):
            rows = data.table("census").query("place == @place and census_year == @year")
            groups = census_groups(place, year)
            assert float(groups.sum()) == rows["population"].sum()
            infants = rows[rows["age_group"].isin(["0", "1-4"]) & (rows["sex"] == "male")]
            assert float(groups.sel(sex="male", age=0)) == infants["population"].sum()


def test_growth_of_a_cohort_by_hand():
    """Women of Cixi and of China, 15-19 in 2010 and 25-29 in 2020; nobody dies at that age."""
    table = data.table("census").query("sex == 'female'")
    table = table.set_index(["place", "census_year", "age_group"])["population"]
    ratio = {p: table[p, 2020, "25-29"] / table[p, 2010, "15-19"] for p in ("cixi", "china")}
    growth = cohort_growth("cixi", 0.0).sel(sex="female", age=25)
    assert float(growth) == pytest.approx(np.log(ratio["cixi"] / ratio["china"]), abs=1e-12)
    # 2.26 more years of life come from the old: at these ages they change no digit that counts.
    assert float(cohort_growth("cixi", 2.26).sel(sex="female", age=25)) == pytest.approx(
        float(growth), abs=0.002
    )


def test_longer_lives_are_not_taken_for_migration():
    """The old of Huzhou outlive the nation's; few of them move."""
    none, province = (cohort_growth("huzhou", d).sel(age=80).mean() for d in (0.0, 2.26))
    assert float(none) > 0.08
    assert abs(float(province)) < 0.02


def walked(rates, start):
    """Growth of a cohort spread over five years of age, month by month for ten years."""
    births = start + (np.arange(60) + 0.5) / 12.0
    logs = [
        sum(np.log1p(rates[int(age + month / 12.0)]) / 12.0 for month in np.arange(120) + 0.5)
        for age in births
    ]
    return float(np.mean(logs))


@pytest.mark.parametrize("place", PLACES)
def test_cohorts_that_live_by_the_rates_grow_as_counted(place):
    growth = cohort_growth(place, 2.26).sel(sex="female")
    rates = internal_migration_rate(place, 2.26).sel(sex="female").values
    for age in growth["age"].values:
        # The table's own account of its roughness: 6 % at worst, in Ouhai.
        assert walked(rates, age - 10) == pytest.approx(float(growth.sel(age=age)), abs=0.065)


def test_rates_have_the_signs_that_the_places_have():
    ouhai = internal_migration_rate("ouhai", 2.26).mean("sex")
    cixi = internal_migration_rate("cixi", 2.26).mean("sex")
    assert float(ouhai.sel(age=18)) > 0.1  # the university town fills
    assert float(ouhai.sel(age=26)) < -0.05  # and empties again
    assert float(cixi.sel(age=slice(15, 28)).min()) > 0.03  # factories take and keep
    assert float(abs(cixi.sel(age=slice(85, None))).max()) == 0.0


def test_pace_holds_and_fades():
    rate = internal_migration_rate("cixi", 2.26)
    path = continued(rate, 2021, 2045)
    assert path.dims == ("year", "sex", "age")
    assumed = data.table("internal_migration").set_index("parameter")["value"]
    half = path.sel(age=20, sex="male") / rate.sel(age=20, sex="male")
    np.testing.assert_allclose(half.sel(year=slice(2021, 2030)), assumed["pace"])
    assert float(half.sel(year=2035)) == pytest.approx(assumed["pace"] / 2)
    assert float(abs(path.sel(year=slice(2040, None))).max()) == 0.0


@pytest.mark.slow
def test_it_is_in_the_baselines():
    internal = ps.load_baseline("cixi", end=2025)
    national = ps.load_baseline("cixi", end=2025, migration="national")
    added = internal["net_migration_rate"] - national["net_migration_rate"]
    assert float(added.sel(year=2025, age=20, sex="female")) > 0.02
    assert (
        "internal migration of 2010-2020 carried on" in internal["net_migration_rate"].attrs["rule"]
    )
    assert "no internal migration" in national["net_migration_rate"].attrs["rule"]
    huancui = ps.load_baseline("huancui", end=2021)
    assert "no internal migration" in huancui["net_migration_rate"].attrs["rule"]


def test_a_place_whose_borders_changed_is_refused():
    with pytest.raises(UnknownPlaceError, match=r"no two comparable censuses of 'huancui'"):
        internal_migration_rate("huancui", 1.25)
    with pytest.raises(UnknownPlaceError, match=r"'cixy'(.|\n)*did you mean 'cixi'"):
        cohort_growth("cixy", 0.0)
