"""Baselines of China and five places: against WPP, against the census, by their stated rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.baselines import china
from popsim.baselines.base_population import move_to_january, next_january
from popsim.baselines.birth_orders import first_year_births, national_order_mix, order_shares
from popsim.baselines.load import PLACES, census
from popsim.demography.fertility.measures import total_fertility_rate
from popsim.errors import InputError, UnknownPlaceError


@pytest.mark.parametrize("name", PLACES)
def test_every_baseline_projects_and_its_books_close(name):
    from popsim.schema.checks import check_accounting

    baseline = ps.load_baseline(name, end=2030)
    result = ps.project(baseline)
    check_accounting(result)
    assert baseline.attrs["place"] == name
    assert "National Bureau of Statistics" in baseline["population"].attrs["source"]
    assert "World Population Prospects 2024" in baseline["fertility_rate"].attrs["source"]
    flows = "net_migration" if name == "china" else "net_migration_rate"
    ruled = ("population", "mortality_rate", "fertility_rate", flows, "birth_order_share",
             "children_by_order", "women_by_parity")  # fmt: skip
    for variable in ruled:
        assert baseline[variable].attrs["rule"]
        assert result.attrs[f"rule_{variable}"] == baseline[variable].attrs["rule"]
    assert baseline["population"].attrs["reference_date"] == "2021-01-01"
    assert not [key for key in baseline.attrs if str(key).startswith("rule_")]


def test_china_has_the_rates_of_wpp():
    baseline = ps.load_baseline("china")
    tfr = total_fertility_rate(baseline["fertility_rate"])
    published = china.published("total_fertility_rate").sel(year=tfr["year"])
    np.testing.assert_allclose(tfr, published, rtol=1e-12)
    e0 = ps.life_table(baseline["mortality_rate"])["ex"].isel(age=0)
    published = china.published_by_sex("life_expectancy").sel(year=e0["year"])
    assert float(abs(e0 - published).max()) < 1e-6
    migrants = baseline["net_migration"].sum(["sex", "age"])
    published = china.published("net_migration").sel(year=migrants["year"])
    # WPP's table by age is rounded to a person in each of 202 cells.
    assert float(abs(migrants - published).max()) < 2000


def test_national_check_against_wpp():
    """From the census instead of the UN's larger base: below WPP by known amounts, to 0.01."""
    result = ps.project(ps.load_baseline("china"))
    births = result["births"].sum("age") / china.published("births")
    for year, known in ((2024, 0.961), (2030, 0.948), (2050, 0.996)):
        assert float(births.sel(year=year)) == pytest.approx(known, abs=0.01)
    un = china.published_by_sex("population").sum("sex")
    people = result["population"].sum(["sex", "age"])
    for year in (2050, 2100):
        ratio = float(people.sel(time=year + 1) / un.sel(year=year))
        assert ratio == pytest.approx(0.977, abs=0.01)


@pytest.mark.parametrize("name", PLACES)
def test_baseline_keeps_the_census_but_for_two_months(name):
    counted = float(census(name)["population"].sum())
    moved = float(ps.load_baseline(name, end=2021)["population"].sum())
    assert abs(moved / counted - 1) < 0.002  # two months of births less deaths


@pytest.mark.slow
def test_places_of_issue_years():
    """Births of Baotou 2022 and 2023 and of Ouhai 2023 to 10 %, without having used them."""
    for name, year, reported in (
        ("baotou", 2022, 14_900),
        ("baotou", 2023, 13_800),
        ("ouhai", 2023, 4_400),
    ):
        births = ps.project(ps.load_baseline(name, end=year))["births"].sel(year=year).sum()
        assert float(births) == pytest.approx(reported, rel=0.10)


def test_huzhou_has_its_official_fertility_of_2021():
    baseline = ps.load_baseline("huzhou", end=2021)
    tfr = float(total_fertility_rate(baseline["fertility_rate"]).sel(year=2021))
    assert tfr == pytest.approx(0.89, abs=0.01)
    births = ps.project(baseline)["births"].isel(year=0)
    shares = baseline["birth_order_share"].sel(order=[2, 3]).sum("order")
    higher = float((births * shares).sum() / births.sum())
    assert higher == pytest.approx(0.4019, abs=1e-9)  # raked to 1e-13


def test_orders_add_up_and_meet_the_mix():
    baseline = ps.load_baseline("china", end=2022)
    assert "fertility_rate_by_order" not in baseline
    np.testing.assert_allclose(baseline["birth_order_share"].sum("order"), 1.0, rtol=1e-12)
    ages = np.arange(101)
    weights = xr.DataArray(np.ones(101), dims="age", coords={"age": ages})
    shares = order_shares(weights, [0.5, 0.3, 0.2])
    np.testing.assert_allclose(shares.mean("age"), [0.5, 0.3, 0.2], atol=1e-10)


@pytest.mark.parametrize("migration", [None, 500.0, "by age", "rate"])
def test_births_of_the_first_year_are_the_projections(migration):
    given = {"by age": None, "rate": None}.get(migration, migration)
    baseline = ps.build_baseline(**own_tables(net_migration=given))
    people = baseline["population"]
    years = baseline["year"]
    if migration == "by age":
        baseline = baseline.assign(net_migration=(people * 0.01).expand_dims(year=years))
    elif migration == "rate":
        baseline = baseline.assign(net_migration_rate=(people * 0.0 + 0.01).expand_dims(year=years))
    births = ps.project(baseline)["births"].isel(year=0)
    np.testing.assert_allclose(first_year_births(baseline), births, rtol=1e-12)


@pytest.mark.parametrize("name", PLACES)
def test_children_by_order_are_the_children(name):
    baseline = ps.load_baseline(name, end=2021)
    children = baseline["children_by_order"]
    people = baseline["population"].sum("sex").sel(age=slice(0, 17))
    assert children["child_age"].values.tolist() == list(range(18))
    np.testing.assert_allclose(children.sum("order"), people, rtol=1e-14)
    births = ps.project(baseline)["births"].isel(year=0)
    mix = (births * baseline["birth_order_share"]).sum("age") / births.sum()
    newest = children.sel(child_age=0)
    np.testing.assert_allclose(newest / newest.sum(), mix, rtol=1e-10)
    assert children.attrs["units"] == "persons"


def test_children_of_china_have_the_order_mixes_published():
    """Born 2016: 9.73 first and 7.21 second of 17.86 million; born 2010: 62, 31 and 7 %."""
    children = ps.load_baseline("china", end=2021)["children_by_order"]
    shares = children / children.sum("order")
    for age, published in ((4, [0.5448, 0.4037, 0.0515]), (10, [0.62, 0.31, 0.07])):
        np.testing.assert_allclose(shares.sel(child_age=age), published, rtol=1e-10)
    announced = data.table("births_china").query("quantity == 'births'")
    announced = announced.set_index(["year", "order"])["value"].to_xarray()
    for year in (2016, 2017):  # the table's shares are those of its births, to their four digits
        births = announced.sel(year=year)
        np.testing.assert_allclose(
            national_order_mix(np.array([year])).sel(year=year, order=[1, 2]),
            births.sel(order=[1, 2]) / births.sel(order=0),
            atol=5e-5,
        )


def test_closed_has_no_migration():
    baseline = ps.load_baseline("cixi", end=2025, migration="closed")
    assert not [v for v in baseline.data_vars if "migration" in v]
    assert float(abs(ps.project(baseline)["net_migration"]).max()) == 0.0


def test_sex_ratio_comes_to_the_nations():
    baseline = ps.load_baseline("huancui", end=2045)
    nation = china.published("sex_ratio_at_birth").sel(year=baseline["year"])
    gap = baseline["sex_ratio_at_birth"] - nation
    assert float(gap.sel(year=2021)) == pytest.approx((1.125 - 1.112) * 19 / 20, abs=1e-9)
    assert float(abs(gap.sel(year=slice(2040, None))).max()) == 0.0


def test_unknown_names_and_years():
    with pytest.raises(UnknownPlaceError, match=r"no baseline is called 'ouhay'(.|\n)*'ouhai'"):
        ps.load_baseline("ouhay")
    with pytest.raises(InputError, match=r"do not cover these years(.|\n)*2021 to 2100"):
        ps.load_baseline("china", end=2101)
    with pytest.raises(InputError, match="unknown migration option"):
        ps.load_baseline("china", migration="open")
    with pytest.raises(InputError, match="WPP has no indicator"):
        china.published("happiness")


# --- build_baseline ---------------------------------------------------------------------


def own_tables(**changes):
    from popsim import data

    deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    tables = {
        "population": census("cixi"),
        "reference_date": "2020-11-01",
        "end": 2024,
        "mortality_rate": deaths[["sex", "age", "mortality_rate"]],
        "total_fertility_rate": 0.9,
        "fertility_pattern": data.table("fertility_china_2020"),
        "sex_ratio_at_birth": 1.1,
        "nation": "China",
    }
    return tables | changes


def test_own_tables_make_a_baseline():
    baseline = ps.build_baseline(**own_tables(net_migration=pd.Series({2021: -100.0, 2024: 200.0})))
    assert baseline["net_migration_total"].values.tolist() == [-100, 0, 100, 200]
    tfr = total_fertility_rate(baseline["fertility_rate"])
    np.testing.assert_allclose(tfr, 0.9, rtol=1e-12)
    assert int(baseline["year"][0]) == 2021
    assert ps.project(baseline)["population"].sizes["time"] == 5


def test_own_city_runs_a_scenario():
    baseline = ps.build_baseline(
        **own_tables(
            order_mix=(0.55, 0.38, 0.07), registered_share=0.8, place="mycity", nation="China"
        )
    )
    package = ps.load_scenario("ouhai").model_copy(update={"place": "mycity"})
    result = ps.simulate(baseline, package, draws=10)
    births = result["births"].sel(scenario="baseline", year=2021).mean("draw")
    np.testing.assert_allclose(births / births.sum(), [0.55, 0.38, 0.07], atol=0.005)


def test_several_regions_make_one_baseline():
    both = pd.concat([census(n).assign(region=n) for n in ("cixi", "huzhou")])
    columns = ["region", "sex", "age_group", "population"]
    baseline = ps.build_baseline(**own_tables(population=both[columns]))
    alone = ps.build_baseline(**own_tables())
    assert baseline["birth_order_share"].sizes["region"] == 2
    assert baseline["children_by_order"].dims == ("region", "order", "child_age")
    result = ps.project(baseline)
    np.testing.assert_allclose(
        result["population"].sel(region="cixi"), ps.project(alone)["population"], rtol=1e-12
    )


def test_life_expectancy_is_met():
    e0 = pd.Series({2021: 80.0, 2023: 82.0}).to_xarray().rename(index="year")
    both = e0 + xr.DataArray([2.0, -3.0], dims="sex", coords={"sex": ["female", "male"]})
    baseline = ps.build_baseline(**own_tables(life_expectancy=both))
    got = ps.life_table(baseline["mortality_rate"])["ex"].isel(age=0)
    # interpolated, then held; by sex as it is given, to the promise of the scaling
    np.testing.assert_allclose(got.sel(sex="female"), [82, 83, 84, 84], atol=1e-6)
    np.testing.assert_allclose(got.sel(sex="male"), [77, 78, 79, 79], atol=1e-6)


def test_death_rates_that_end_early_are_closed_by_a_law():
    """Rates up to 85+ give the life expectancy of those up to 100+ to 0.3 years.

    The law stands in for all that the rates above 85 said, where half of the women die.
    """
    full = own_tables()["mortality_rate"]
    abridged = full[full["age"] < 85].copy()
    table = ps.life_table(full.set_index(["sex", "age"])["mortality_rate"].to_xarray())
    open_rate = table["lx"].sel(age=85) / table["Tx"].sel(age=85)
    rows = [{"sex": s, "age": 85, "mortality_rate": float(open_rate.sel(sex=s))}
            for s in ("female", "male")]  # fmt: skip
    short = pd.concat([abridged, pd.DataFrame(rows)])
    baseline = ps.build_baseline(**own_tables(mortality_rate=short))
    assert "Kannisto's law fitted on ages 65-84" in baseline["mortality_rate"].attrs["rule"]
    got = ps.life_table(baseline["mortality_rate"])["ex"].isel(age=0, year=0)
    assert float(abs(got - table["ex"].isel(age=0)).max()) < 0.3


def test_mean_age_is_met():
    from popsim.demography.fertility.measures import mean_age_at_childbearing

    baseline = ps.build_baseline(**own_tables(mean_age_at_childbearing=31.0))
    got = mean_age_at_childbearing(baseline["fertility_rate"])
    np.testing.assert_allclose(got, 31.0, atol=1e-6)


def test_table_may_come_in_any_order_of_rows():
    shuffled = census("cixi").sample(frac=1, random_state=1)
    ordered = ps.build_baseline(**own_tables())
    lower = shuffled["age_group"].str.extract(r"(\d+)")[0].astype(int)
    with pytest.raises(InputError, match=r"age group|gap|overlap|backwards"):
        ps.build_baseline(**own_tables(population=shuffled))
    again = ps.build_baseline(
        **own_tables(population=shuffled.assign(k=lower).sort_values("k").drop(columns="k"))
    )
    np.testing.assert_allclose(again["population"], ordered["population"], rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"end": 2019}, "ends before it starts"),
        ({"population": census("cixi").rename(columns={"sex": "gender"})}, "cannot be read"),
        ({"population": pd.concat([census("cixi")] * 2)}, "two rows for one cell"),
        ({"population": [1, 2]}, "neither a table nor an array"),
        ({"population": census("cixi").assign(population=-1.0)}, "population is out of bounds"),
        ({"sex_ratio_at_birth": 0.95}, "not females per male"),
        ({"total_fertility_rate": "0.9 children"}, "total_fertility_rate is not a number"),
        ({"reference_date": "2020-13-01"}, "reference date cannot be read"),
        ({"population": census("cixi").assign(population="5,304")}, "text where numbers belong"),
        ({"order_mix": (0.5, 0.4)}, "order mix is not three shares"),
        ({"order_mix": (50, 40, 10)}, "order mix is not three shares"),
        ({"total_fertility_rate": pd.Series({2025: 0.9, 2021: 1.0})}, "do not rise"),
        ({"registered_share": 50.0}, "registered_share is out of bounds"),
    ],
)
def test_bad_tables_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        ps.build_baseline(**own_tables(**changes))


def test_population_of_1_january_stays():
    people = ps.load_baseline("cixi", end=2021)["population"]
    import datetime as dt

    moved = move_to_january(
        people,
        dt.date(2021, 1, 1),
        mortality_rate=people * 0 + 0.01,
        fertility_rate=people.isel(sex=0) * 0,
        sex_ratio_at_birth=1.05,
    )
    assert next_january(dt.date(2021, 1, 1)) == 2021
    xr.testing.assert_equal(moved, people)
