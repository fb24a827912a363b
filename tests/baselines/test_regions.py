"""Regions of a city: the census's figures, levels of fertility, and sums that are the city's."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.baselines import china
from popsim.baselines.region_fertility import constrained_fertility, relative_level
from popsim.baselines.regions import (
    load_regions,
    rake_single_ages,
    region_table,
    stack_regions,
)
from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
    UnknownPlaceError,
)
from popsim.schema.checks import check_accounting

PLACES = ("huzhou", "baotou")
#: Sums over ten regions of numbers around 1e5, added up over 25 years.
ROUNDING = 1e-11


@pytest.fixture(scope="module", params=PLACES)
def both(request):
    """A place, its regions and the city, until those born in the projection bear children."""
    name = request.param
    return name, load_regions(name, end=2045), ps.load_baseline(name, end=2045)


def test_census_of_the_regions_as_published(reference):
    with xr.open_dataset(reference / "china_census_2020.nc") as published:
        for name in PLACES:
            table = region_table(name)
            theirs = published["population"].sel(region=table["region_code"].values)
            ours = table["population"].sel(age_group=theirs["age_group"].values)
            np.testing.assert_array_equal(ours.values, theirs.values)
            named = published["name"].sel(region=table["region_code"].values).values
            assert [str(n).strip() for n in named] == list(table["region_name_zh"].values)


def test_regions_of_the_census_add_up_to_the_city():
    for name in PLACES:
        city = data.table("census").query("place == @name and census_year == 2020")
        assert int(region_table(name)["population"].sum()) == int(city["population"].sum())


@pytest.mark.slow
def test_projection_of_the_regions_is_the_citys_in_every_year(both):
    _, parts, city = both
    result, whole = ps.project(parts), ps.project(city)
    check_accounting(result)
    for name in ("population", "births", "deaths", "net_migration"):
        difference = abs(result[name].sum("region") - whole[name])
        assert float(difference.max() / abs(whole[name]).max()) < ROUNDING, name


@pytest.mark.slow
def test_what_a_simulation_starts_from_adds_up(both):
    _, parts, city = both
    for name in ("population", "women_by_parity", "children_by_order"):
        assert "region" in parts[name].dims
        total = parts[name].sum("region")
        assert float(abs(total - city[name]).max() / city[name].max()) < ROUNDING, name
    women = parts["population"].sel(sex="female", drop=True)
    gap = abs(parts["women_by_parity"].sum("parity") - women)
    assert float(gap.max() / women.max()) < ROUNDING
    assert float(parts["women_by_parity"].min()) > -1e-9  # rounding goes to the childless
    children = parts["population"].sum("sex").sel(age=np.arange(18)).rename(age="child_age")
    np.testing.assert_allclose(parts["children_by_order"].sum("order"), children, rtol=ROUNDING)


def test_only_what_differs_has_the_dimension(both):
    _, parts, _ = both
    shared = {"mortality_rate", "net_migration_rate", "sex_ratio_at_birth", "birth_order_share"}
    for name in shared:
        assert "region" not in parts[name].dims
    assert "constrained to the city's" in parts["fertility_rate"].attrs["rule"]
    assert parts.attrs["place"] == both[0]


@pytest.mark.slow
def test_a_region_keeps_its_own_age_groups():
    """But for the two months to 1 January: ages 30 to 39 lose one sixth of a year at each end."""
    parts = load_regions("huzhou", end=2021)
    table = region_table("huzhou")["population"]
    counted = table.sel(age_group=["30-34", "35-39"]).sum(["sex", "age_group"])
    moved = parts["population"].sel(age=slice(30, 39)).sum(["sex", "age"])
    np.testing.assert_allclose(moved, counted, rtol=0.02)
    shares = parts["population"].sum(["sex", "age"]) / parts["population"].sum()
    published = table.sum(["sex", "age_group"]) / table.sum()
    np.testing.assert_allclose(shares, published, atol=2e-4)


@pytest.mark.slow
def test_level_by_hand():
    """Wuxing and Anji 2020 from their census tables, five-year groups, and rates by hand."""
    table = region_table("huzhou")["population"]
    groups = [f"{a}-{a + 4}" for a in range(15, 50, 5)]
    rates = data.table("fertility_china_2020").set_index("age_group")["fertility_rate"]
    women = table.sel(sex="female", age_group=groups).transpose("region", "age_group")
    expected = xr.DataArray(women.values @ rates.loc[groups].to_numpy(), dims="region")
    infants = table.sel(age_group="0").sum("sex").values
    by_hand = infants / expected.values
    by_hand /= infants.sum() / expected.values.sum()
    parts = load_regions("huzhou", end=2021)
    tfr = parts["fertility_rate"].sum("age").isel(year=0)
    city = float(ps.load_baseline("huzhou", end=2021)["fertility_rate"].sum())
    # Five-year rates for single ages, and the constraint by age.
    np.testing.assert_allclose(tfr / city, by_hand, rtol=0.03)
    assert float(tfr.sel(region="wuxing")) < 0.75 < 0.95 < float(tfr.sel(region="anji"))


@pytest.mark.slow
def test_regions_by_code_or_label_in_the_order_given():
    some = load_regions("huzhou", end=2021, regions=[330523, "wuxing", "330503"])
    assert some["region"].values.tolist() == ["anji", "wuxing", "nanxun"]
    every = load_regions("huzhou", end=2021)
    xr.testing.assert_equal(some["population"], every["population"].sel(region=some["region"]))


@pytest.mark.parametrize(
    ("place", "regions", "error", "message"),
    [
        ("huzhou", [330502, 330504], UnknownPlaceError, r"no region 330504 in huzhou(.|\n)*330503"),
        ("huzhou", ["wuxin"], UnknownPlaceError, r"no region 'wuxin'(.|\n)*did you mean 'wuxing'"),
        ("huzhou", [150202], UnknownPlaceError, "no region 150202 in huzhou"),
        ("huzhou", [330502, "wuxing"], InputError, "'wuxing' is listed twice"),
        ("huzhou", [], InputError, "not a list with at least one region"),
        ("huzhou", "wuxing", InputError, "not a list with at least one region"),
        ("ouhai", None, UnknownPlaceError, "no counties or districts of 'ouhai'"),
        ("huzou", None, UnknownPlaceError, r"(.|\n)*did you mean 'huzhou'"),
    ],
)
def test_bad_lists_of_regions_are_refused(place, regions, error, message):
    with pytest.raises(error, match=message):
        load_regions(place, end=2021, regions=regions)


def test_raking_refuses_regions_that_do_not_add_up():
    parts = xr.DataArray(np.ones((2, 1, 4)), dims=("region", "sex", "age"))
    with pytest.raises(InputError, match=r"do not add up to the whole(.|\n)*2 persons apart"):
        rake_single_ages(parts, xr.DataArray(np.full((1, 4), 3.0), dims=("sex", "age")), [0, 2])


def test_a_region_without_infants_or_mothers_is_refused():
    people = xr.DataArray(
        np.ones((2, 2, 3)),
        dims=("region", "sex", "age"),
        coords={"region": ["a", "b"], "sex": ["female", "male"], "age": [0, 1, 2]},
    )
    rates = xr.DataArray([0.0, 0.1, 0.0], dims="age", coords={"age": [0, 1, 2]})
    empty = people.copy()
    empty[1, :, 0] = 0.0
    with pytest.raises(BoundsError, match=r"no infants(.|\n)*region=b"):
        relative_level(empty, rates)
    empty = people.copy()
    empty[0, 0] = 0.0
    with pytest.raises(BoundsError, match=r"no women of reproductive age(.|\n)*region=a"):
        relative_level(empty, rates)


def test_migration_in_persons_is_refused():
    nation = ps.load_baseline("china", end=2021)
    parts = xr.concat([nation["population"] / 2] * 2, dim="region")
    with pytest.raises(InputError, match="migration in persons cannot be divided"):
        constrained_fertility(nation, parts, xr.DataArray([1.0, 1.0], dims="region"))


def test_equal_levels_leave_the_rates_alone():
    city = ps.load_baseline("cixi", end=2025)
    parts = xr.concat([city["population"] * s for s in (0.2, 0.8)], dim="region")
    rates = constrained_fertility(city, parts, xr.DataArray([1.0, 1.0], dims="region"))
    for region in (0, 1):
        np.testing.assert_allclose(rates.isel(region=region), city["fertility_rate"], rtol=1e-12)


# --- stack_regions ------------------------------------------------------------------------


@pytest.mark.slow
def test_stacked_regions_project_as_they_do_alone():
    alone = {name: ps.load_baseline(name, end=2025) for name in ("cixi", "huzhou", "baotou")}
    stacked = stack_regions(alone)
    result = ps.project(stacked)
    for name, baseline in alone.items():
        single = ps.project(baseline)
        for variable in ("population", "births", "deaths"):
            np.testing.assert_array_equal(
                result[variable].sel(region=name).values, single[variable].values
            )
    assert "baotou: WPP 2024 China, life expectancy -0.37" in stacked.mortality_rate.attrs["rule"]
    assert stacked.sex_ratio_at_birth.attrs["source"] == alone["cixi"].sex_ratio_at_birth.source
    assert stacked.population.attrs["reference_date"] == "2021-01-01"
    assert "place" not in stacked.attrs


def test_stacking_keeps_what_is_shared_once():
    one = ps.load_baseline("cixi", end=2022)
    stacked = stack_regions({"a": one, "b": one})
    assert stacked["population"].dims == ("region", "sex", "age")
    assert "region" not in stacked["mortality_rate"].dims


@pytest.mark.slow
def test_baselines_that_cannot_be_stacked():
    cixi = ps.load_baseline("cixi", end=2022)
    with pytest.raises(InputError, match="no regions to stack"):
        stack_regions({})
    with pytest.raises(CoordinateError, match=r"differ on 'year'(.|\n)*as cixi"):
        stack_regions({"cixi": cixi, "huzhou": ps.load_baseline("huzhou", end=2023)})
    with pytest.raises(MissingVariableError, match="baseline of cixi lacks registered_share"):
        stack_regions({"ouhai": ps.load_baseline("ouhai", end=2022), "cixi": cixi})
    with pytest.raises(DimensionError, match="has regions already"):
        stack_regions({"cixi": cixi, "huzhou": load_regions("huzhou", end=2022)})


def test_standard_schedule_is_the_nations_of_2020():
    """The level must not hang on the year of the standard: its shape hardly moves in a decade."""
    table = region_table("huzhou")
    from popsim.baselines.single_age_inputs import single_age_population

    deaths = china.mortality_rate(2021, 2021).isel(year=0, drop=True)
    single, _ = single_age_population(table["population"], deaths)
    levels = [
        relative_level(single, china.fertility_rate(y, y).isel(year=0, drop=True))
        for y in (2020, 2024)
    ]
    np.testing.assert_allclose(levels[0], levels[1], rtol=0.02)


def test_level_by_which_women_by_parity_are_rebuilt(both):
    """Higher fertility, fewer childless: the regions in order of their level, women of 40."""
    _, parts, city = both
    level = parts["fertility_level"] / city["fertility_level"]
    tfr = parts["fertility_rate"].sum("age").isel(year=0)
    whole = float(city["fertility_rate"].sum("age").isel(year=0))
    np.testing.assert_allclose(level, tfr / whole, rtol=0.02)  # but for the constraint by age
    women = parts["women_by_parity"].sel(age=40)
    childless = (women.sel(parity=0) / women.sum("parity")).values
    np.testing.assert_array_equal(np.argsort(childless), np.argsort(-level.values))
