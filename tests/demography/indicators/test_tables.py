"""Indicators against published Chinese figures, hand counts and their own definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim.demography import indicators as ind
from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
    UnknownVariableError,
)

SEXES = ["female", "male"]
#: The groups that a summary of a simulation keeps.
GROUPS = ["0-2", "3-5", "6-11", "12-14", "15-17", "18-19", "20-34", "35-49"]
GROUPS += ["50-59", "60-64", "65-79", "80+"]


def by_groups(values, groups) -> xr.DataArray:
    return xr.DataArray(
        np.asarray(values, float),
        dims=("sex", "age_group"),
        coords={"sex": SEXES, "age_group": list(groups)},
        name="population",
    )


def single_ages(seed: int = 0, top: int = 100) -> xr.DataArray:
    values = np.random.default_rng(seed).uniform(50, 150, (2, top + 1))
    return xr.DataArray(
        values, dims=("sex", "age"), coords={"sex": SEXES, "age": range(top + 1)}, name="population"
    )


def census(reference, place: str, year: int) -> xr.DataArray:
    rows = pd.read_csv(reference / "china_places_census.csv")
    rows = rows[(rows.place == place) & (rows.census_year == year)]
    groups = list(dict.fromkeys(rows.age_group))
    wide = rows.pivot_table(index="sex", columns="age_group", values="population")
    return by_groups(wide.loc[SEXES, groups].to_numpy(), groups)


def result(draws: int = 0) -> xr.Dataset:
    """A small result by hand: three instants, two years, two scenarios."""
    rng = np.random.default_rng(5)
    coords = {"sex": SEXES, "age": range(101), "time": [2025, 2026, 2027], "year": [2025, 2026]}
    lead = {"scenario": ["baseline", "grant"]} | ({"draw": range(draws)} if draws else {})
    sizes = {**{k: len(v) for k, v in lead.items()}, **{k: len(v) for k, v in coords.items()}}

    def array(*dims: str) -> xr.DataArray:
        dims = (*lead, *dims)
        return xr.DataArray(
            rng.uniform(1, 2, [sizes[d] if d != "order" else 3 for d in dims]), dims=dims
        )

    return xr.Dataset(
        {
            "population": array("time", "sex", "age") * 1000,
            "births": array("year", "order", "age"),
            "deaths": array("year", "sex", "age"),
            "net_migration": array("year", "sex", "age") - 1.5,
        },
        coords={**coords, **lead, "order": ["1", "2", "3+"]},
    )


# --- published figures ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "total", "child", "old"),
    [(2010, 34.2, 22.3, 11.9), (2020, 45.9, 26.2, 19.7)],  # China Statistical Yearbook 2021, 2-10
)
def test_dependency_ratios_of_china_are_the_yearbooks(reference, year, total, child, old):
    population = census(reference, "china", year)
    # the yearbook counts some two million servicemen whom the tables by county leave out:
    # 0.2 % of those of working age, hence 0.1 points; and it prints one digit
    close = {"abs": 0.15}
    assert float(ps.indicators.dependency_ratio(population)) == pytest.approx(total, **close)
    assert float(ind.dependency_ratio(population, kind="child")) == pytest.approx(child, **close)
    assert float(ind.dependency_ratio(population, kind="old_age")) == pytest.approx(old, **close)


def test_age_shares_of_china_2020_are_the_census_bulletins(reference):
    population = census(reference, "china", 2020)
    # Seventh National Population Census, bulletin no. 5; servicemen as above
    for borders, published in (((0, 15), 17.95), ((15, 60), 63.35), ((60, None), 18.70)):
        assert float(ind.share(population, *borders)) == pytest.approx(published, abs=0.06)
    assert float(ind.share(population, 65)) == pytest.approx(13.50, abs=0.06)


@pytest.mark.parametrize(
    # year, births and deaths (10,000), population at the ends of the year before and of the year
    # (10,000), and the rates per 1,000 that the National Bureau of Statistics printed with them
    ("year", "births", "deaths", "before", "after", "cbr", "cdr", "increase"),
    [
        (2021, 1062, 1014, 141212, 141260, 7.52, 7.18, 0.34),
        (2022, 956, 1041, 141260, 141175, 6.77, 7.37, -0.60),
        (2023, 902, 1110, 141175, 140967, 6.39, 7.87, -1.48),
    ],
)
def test_crude_rates_of_china_are_the_published_ones(
    year, births, deaths, before, after, cbr, cdr, increase
):
    stock = xr.DataArray([before, after], dims="time", coords={"time": [year, year + 1]})
    born, died = (
        xr.DataArray([float(n)], dims="year", coords={"year": [year]}) for n in (births, deaths)
    )
    assert round(float(ind.crude_birth_rate(born, stock)[0]), 2) == cbr
    # deaths are printed in 10,000s: half of one is 0.004 per 1,000
    assert float(ind.crude_death_rate(died, stock)[0]) == pytest.approx(cdr, abs=0.0085)
    found = float(ind.rate_of_natural_increase(born, died, stock)[0])
    assert found == pytest.approx(increase, abs=0.0085)


@pytest.mark.parametrize("kind", ["total", "child", "old_age"])
def test_dependency_ratio_of_three_groups_leaves_them_alone(kind):
    """Groups that need no sum are read where they lie."""
    groups = xr.DataArray(
        [[18.0, 70.0, 14.0], [20.0, 50.0, 5.0]],
        dims=("draw", "age_group"),
        coords={"age_group": ["0-14", "15-64", "65+"]},
    )
    before = groups.copy(deep=True)
    ratio = ind.dependency_ratio(groups, kind=kind)
    dependants = {"total": [32.0, 25.0], "child": [18.0, 20.0], "old_age": [14.0, 5.0]}[kind]
    assert ratio.values.tolist() == [100.0 * dependants[0] / 70.0, 100.0 * dependants[1] / 50.0]
    by_sex = xr.concat([groups / 2, groups / 2], "sex").assign_coords(sex=["female", "male"])
    np.testing.assert_array_equal(ind.dependency_ratio(by_sex, kind=kind), ratio)
    xr.testing.assert_identical(groups, before)


def test_dependency_ratio_of_small_whole_numbers_has_room():
    counts = xr.DataArray(
        np.array([30_000, 20_000, 30_000], dtype=np.int16),
        dims="age_group",
        coords={"age_group": ["0-14", "15-64", "65+"]},
    )
    assert float(ind.dependency_ratio(counts)) == 300.0


# --- structure ------------------------------------------------------------------------------


def test_single_ages_and_groups_agree():
    single = single_ages()
    lower = [0, 3, 6, 12, 15, 18, 20, 35, 50, 60, 65, 80, 101]
    grouped = by_groups(
        np.stack(
            [single.isel(age=slice(a, b)).sum("age").values for a, b in itertools.pairwise(lower)],
            axis=1,
        ),
        GROUPS,
    )
    for function, settings in (
        (ind.dependency_ratio, {"working_age": "15/60"}),
        (ind.dependency_ratio, {"kind": "child"}),
        (ind.potential_support_ratio, {}),
        (ind.ageing_index, {}),
        (ind.sex_ratio, {}),
        (ind.women_of_childbearing_age, {}),
        (ind.women_of_peak_childbearing_age, {}),
        (ind.share, {"lower": 65}),
        *((ind.school_age_population, {"stage": stage}) for stage in ind.SCHOOL_AGES),
    ):
        one, other = function(single, **settings), function(grouped, **settings)
        assert float(one) == pytest.approx(float(other), rel=1e-13)  # order of summation
        assert one.attrs == other.attrs


def test_borders_are_taken_at_their_word():
    population = xr.DataArray(
        np.arange(101.0), dims="age", coords={"age": range(101)}, name="population"
    )
    assert float(ind.population_between(population, 15, 18)) == 15 + 16 + 17
    assert float(ind.population_between(population, 99)) == 99 + 100
    assert float(ind.school_age_population(population, "primary")) == sum(range(6, 12))
    assert float(ind.working_age_entrants(population)) == 15
    assert float(ind.working_age_leavers(population, working_age="15/60")) == 60


def test_the_sexes_are_not_swapped():
    population = by_groups([[10, 40, 10], [20, 50, 5]], ["0-14", "15-49", "50+"])
    assert float(ind.sex_ratio(population)) == pytest.approx(125.0)
    assert float(ind.sex_ratio(population, 0, 15)) == pytest.approx(200.0)
    assert float(ind.women_of_childbearing_age(population)) == 40
    assert float(ind.population_between(population, 50, sex="male")) == 5


def test_entrants_by_five_year_groups_are_the_yearly_mean():
    population = by_groups([[50, 25, 100], [50, 30, 100]], ["0-14", "15-19", "20+"])
    assert float(ind.working_age_entrants(population)) == 11.0


def test_mean_and_median_age_of_an_even_population():
    population = xr.DataArray([1.0] * 80 + [0.0], dims="age", coords={"age": range(81)})
    assert float(ind.mean_age(population)) == pytest.approx(40.0, abs=1e-12)
    assert float(ind.median_age(population)) == pytest.approx(40.0, abs=1e-12)


def test_median_age_splits_the_population_in_half_in_every_cell():
    population = xr.concat([single_ages(seed) for seed in range(3)], "region")
    population = population * np.exp(-0.02 * population.age)
    median = ind.median_age(population)
    assert median.dims == ("region",)
    for region in range(3):
        people = population.isel(region=region).sum("sex").values
        age = float(median[region])
        below = people[: int(age)].sum() + people[int(age)] * (age % 1)
        assert below == pytest.approx(people.sum() / 2, rel=1e-12)


def test_structure_keeps_leading_dims_and_leaves_its_input_alone():
    population = xr.concat([single_ages(1), single_ages(2)], "scenario")
    before = population.copy(deep=True)
    out = ind.dependency_ratio(population)
    assert out.dims == ("scenario",)
    assert float(out[1]) == float(ind.dependency_ratio(single_ages(2)))
    assert out.attrs["units"] == "percent"
    xr.testing.assert_identical(population, before)


# --- growth and births ----------------------------------------------------------------------


def test_growth_and_doubling_time():
    stock = xr.DataArray([100.0, 200.0, 100.0, 100.0], dims="time")
    stock = stock.assign_coords(time=[2000, 2010, 2015, 2020])
    rate = ind.growth_rate(stock)
    expected = [10 * np.log(2), -20 * np.log(2), 0.0]
    assert rate.values == pytest.approx(expected, abs=1e-12)
    assert rate.year.values.tolist() == [2000, 2010, 2015]
    assert ind.doubling_time(stock).values.tolist() == pytest.approx([10.0, -5.0, np.inf])


def test_crude_rates_of_longer_steps_are_per_year():
    stock = xr.DataArray([1000.0, 1000.0], dims="time", coords={"time": [2020, 2025]})
    births = xr.DataArray([50.0], dims="year", coords={"year": [2020]})
    assert float(ind.crude_birth_rate(births, stock)[0]) == pytest.approx(10.0)


def test_flows_of_longer_steps_are_given_by_year_and_say_so():
    stock = xr.DataArray([1000.0, 1050.0], dims="time", coords={"time": [2020, 2025]})
    units = {"units": "persons in the five years from"}
    flows = {"births": 60.0, "deaths": 40.0, "net_migration": 30.0}
    data = xr.Dataset(
        {"population": stock, **{n: ("year", [v], units) for n, v in flows.items()}},
        coords={"year": [2020]},
    )
    rows = ind.table(data).set_index("indicator")
    for name, a_year in (("births", 12.0), ("deaths", 8.0), ("natural_increase", 4.0)):
        assert rows.loc[name, "value"] == a_year
        assert rows.loc[name, "unit"] == "persons per year, mean of five years"
    assert rows.loc["net_migration", "value"] == 6.0
    assert rows.loc["crude_birth_rate", "unit"] == "per 1,000 persons and year"
    assert ind.natural_increase(data.births, data.deaths).attrs["units"] == units["units"]


def test_higher_orders():
    births = result().births
    out = ind.share_of_higher_order(births)
    by_order = births.sum("age")
    expected = 100 * by_order.sel(order=["2", "3+"]).sum("order") / by_order.sum("order")
    xr.testing.assert_allclose(out, expected.reset_coords(drop=True))
    assert ind.births_by_order(births).dims == ("scenario", "year", "order")


# --- table ----------------------------------------------------------------------------------


def test_the_table_holds_what_the_functions_give():
    data = result()
    rows = ind.table(data).set_index(["indicator", "year", "scenario"]).sort_index()
    for name, direct in (
        (
            "old_age_dependency_ratio_15_60",
            ind.dependency_ratio(data.population, working_age=(15, 60), kind="old_age"),
        ),
        ("women_20_34", ind.women_of_peak_childbearing_age(data.population)),
        ("median_age", ind.median_age(data.population)),
        ("working_age_leavers_65", ind.working_age_leavers(data.population)),
        ("share_80_plus", ind.share(data.population, 80)),
    ):
        for when in data.time.values:
            for scenario in data.scenario.values:
                value = rows.loc[(name, when, scenario), "value"].item()
                assert value == float(direct.sel(time=when, scenario=scenario))
    births = rows.loc[("births", 2026, "grant"), "value"].item()
    assert births == pytest.approx(float(data.births.sel(year=2026, scenario="grant").sum()))


def test_every_indicator_is_computed_and_labelled_and_has_the_unit_of_its_function():
    data = result()
    data["fertility_rate"] = data.births.sum("order", keep_attrs=True) / 1000
    rows = ind.table(data)
    assert set(rows.indicator) == set(ind.INDICATORS)
    assert not rows[["en", "zh", "unit", "kind", "year", "value"]].isna().any().any()
    for name, row in ind.INDICATORS.items():
        own = row.compute(data).attrs.get("units", row.unit)
        assert own == row.unit, name
        assert ("time" in row.compute(data).dims) == (row.kind == "stock"), name


def test_labels_of_the_registry_are_unique():
    for field in ("en", "zh"):
        labels = [row.labels[field] for row in ind.INDICATORS.values()]
        assert len(set(labels)) == len(labels)


def test_draws_become_a_median_and_an_80_percent_interval():
    data = result(draws=41)
    rows = ind.table(data, ["median_age", "crude_birth_rate"])
    assert list(rows.columns[-3:]) == ["value", "lower", "upper"]
    assert "draw" not in rows
    one = rows[(rows.indicator == "median_age") & (rows.year == 2026) & (rows.scenario == "grant")]
    draws = np.sort(ind.median_age(data.population).sel(time=2026, scenario="grant").values)
    # of 41 draws in order, the 5th, the 21st and the 37th
    assert one[["lower", "value", "upper"]].to_numpy()[0].tolist() == pytest.approx(
        draws[[4, 20, 36]].tolist(), rel=1e-14
    )
    assert "doubling_time" not in set(ind.table(data).indicator)


def test_groups_too_wide_for_an_indicator_leave_it_out():
    values = np.ones((2, 2, len(GROUPS))) * 100.0
    population = xr.DataArray(
        values,
        dims=("time", "sex", "age_group"),
        coords={"time": [2025, 2026], "sex": SEXES, "age_group": GROUPS},
    )
    found = set(ind.table(xr.Dataset({"population": population})).indicator)
    assert {"women_15_49", "total_dependency_ratio_15_60", "primary_age_population"} <= found
    assert "working_age_leavers_60" in found
    assert not {"working_age_leavers_65", "births", "total_fertility_rate"} & found


def test_an_indicator_that_the_result_carries_is_taken_from_it():
    data = result()
    tfr = xr.full_like(data.births.isel(age=0, order=0, drop=True), 1.1)
    rows = ind.table(data.assign(total_fertility_rate=tfr), ["total_fertility_rate"])
    assert rows.value.unique().tolist() == [1.1]
    assert len(rows) == 4


def test_the_table_leaves_the_result_alone():
    data = result(draws=3)
    before = data.copy(deep=True)
    ind.table(data)
    xr.testing.assert_identical(data, before)


def test_public_names_are_all_there():
    for name in ps.indicators.__all__:
        assert hasattr(ps.indicators, name)


# --- what is refused ------------------------------------------------------------------------


def test_a_border_off_the_grid_names_the_borders():
    population = by_groups(np.ones((2, len(GROUPS))), GROUPS)
    with pytest.raises(CoordinateError, match=r"age 25 is not a border(.|\n)*18, 20, 35, 50"):
        ind.population_between(population, 20, 25)
    with pytest.raises(CoordinateError, match="lower border is not below"):
        ind.population_between(population, 20, 20)


def test_wide_groups_have_no_yearly_entrants():
    population = by_groups(np.ones((2, len(GROUPS))), GROUPS)
    with pytest.raises(CoordinateError, match=r"too wide(.|\n)*65-79"):
        ind.working_age_leavers(population)


def test_an_empty_population_is_named():
    population = xr.concat([single_ages(), single_ages() * 0], "region")
    population = population.assign_coords(region=["ouhai", "cixi"])
    for function in (ind.mean_age, ind.median_age, ind.dependency_ratio, ind.sex_ratio):
        with pytest.raises(BoundsError, match=r"there is no one(.|\n)*region=cixi"):
            function(population)
    with pytest.raises(BoundsError, match="no one above working age"):
        ind.potential_support_ratio(by_groups([[1, 1, 0], [1, 1, 0]], ["0-14", "15-64", "65+"]))
    with pytest.raises(BoundsError, match="no one below working age"):
        ind.ageing_index(by_groups([[0, 1, 1], [0, 1, 1]], ["0-14", "15-64", "65+"]))


def test_missing_and_negative_counts_are_named():
    population = single_ages()
    population[0, 7] = np.nan
    with pytest.raises(BoundsError, match=r"population has 1 missing(.|\n)*sex=female, age=7"):
        ind.dependency_ratio(population)
    with pytest.raises(BoundsError, match="out of bounds"):
        ind.share(-single_ages(), 65)


def test_a_median_in_the_open_group_is_refused():
    population = xr.DataArray([1.0, 1.0, 9.0], dims="age", coords={"age": [0, 1, 2]})
    with pytest.raises(BoundsError, match=r"median age lies in the open(.|\n)*2 or older"):
        ind.median_age(population)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["0-4", "10+"], "'0-4' is followed by '10\\+'"),
        (["0-4", "5-9"], "do not run from 0 to an open group"),
        (["5-9", "10+"], "do not run from 0 to an open group"),
        (["children", "adults+"], "'children' cannot be read"),
    ],
)
def test_age_groups_that_make_no_whole(labels, message):
    with pytest.raises(CoordinateError, match=message):
        ind.share(by_groups(np.ones((2, 2)), labels), 0)


def test_dimensions_that_are_not_there():
    population = single_ages()
    with pytest.raises(DimensionError, match="no age dimension"):
        ind.share(population.sum("age"), 65)
    with pytest.raises(DimensionError, match="two age dimensions"):
        ind.share(population.expand_dims(age_group=["0+"]), 65)
    with pytest.raises(DimensionError, match="no sexes, so female cannot be chosen"):
        ind.women_of_childbearing_age(population.sum("sex"))
    with pytest.raises(CoordinateError, match="age has no coordinate"):
        ind.share(population.drop_vars("age"), 65)
    with pytest.raises(CoordinateError, match="sex is not female, male"):
        ind.sex_ratio(population.isel(sex=[1, 0]))


def test_unknown_names_come_with_a_suggestion():
    population = single_ages()
    with pytest.raises(InputError, match=r"unknown kind(.|\n)*did you mean 'old_age'"):
        ind.dependency_ratio(population, kind="old-age")
    with pytest.raises(InputError, match=r"unknown working ages '15-60'(.|\n)*15/60"):
        ind.dependency_ratio(population, working_age="15-60")
    with pytest.raises(InputError, match=r"unknown stage(.|\n)*did you mean 'primary'"):
        ind.school_age_population(population, "primry")
    with pytest.raises(InputError, match=r"unknown sex(.|\n)*did you mean 'female'"):
        ind.population_between(population, 0, sex="females")


def test_flows_and_stocks_that_do_not_fit():
    data = result()
    with pytest.raises(CoordinateError, match="different labels on 'year'"):
        ind.crude_birth_rate(data.births.isel(year=[0]), data.population)
    with pytest.raises(DimensionError, match="population has no dimension time"):
        ind.crude_birth_rate(data.births, data.population.isel(time=0))
    with pytest.raises(DimensionError, match="births have no dimension year"):
        ind.crude_birth_rate(data.births.isel(year=0), data.population)
    with pytest.raises(CoordinateError, match="do not rise"):
        ind.growth_rate(data.population.isel(time=[1, 0]))
    with pytest.raises(BoundsError, match=r"births are missing or infinite(.|\n)*year=2025"):
        ind.crude_birth_rate(data.births * np.inf, data.population)
    with pytest.raises(BoundsError, match=r"no one in the population(.|\n)*year=2025"):
        ind.growth_rate(data.population * 0)


def test_orders_that_cannot_be_used():
    births = result().births
    with pytest.raises(DimensionError, match="births are not by order"):
        ind.share_of_higher_order(births.sum("order"))
    with pytest.raises(CoordinateError, match=r"no order 4(.|\n)*1, 2, 3"):
        ind.share_of_higher_order(births, 4)
    with pytest.raises(InputError, match="orders start at 1"):
        ind.share_of_higher_order(births, 0)
    with pytest.raises(CoordinateError, match="birth order 'first' cannot be read"):
        ind.share_of_higher_order(births.assign_coords(order=["first", "2", "3+"]))
    with pytest.raises(BoundsError, match="no one born"):
        ind.share_of_higher_order(births * 0)


def test_tables_that_cannot_be_made():
    data = result()
    with pytest.raises(UnknownVariableError, match=r"unknown indicator(.|\n)*'median_age'"):
        ind.table(data, ["medianage"])
    with pytest.raises(MissingVariableError, match="input population is missing"):
        ind.table(data.drop_vars("population"))
    with pytest.raises(MissingVariableError, match="crude_death_rate needs deaths"):
        ind.table(data.drop_vars("deaths"), ["crude_death_rate"])
    with pytest.raises(DimensionError, match="population has no dimension time"):
        ind.table(data.isel(time=0))
    with pytest.raises(InputError, match=r"no median over draws(.|\n)*growth_rate"):
        ind.table(result(draws=3), ["doubling_time"])


# --- cells without an answer ----------------------------------------------------------------


def regions_with_one_empty(draws: int = 0) -> xr.Dataset:
    """Three regions over two years; nobody lives in the second."""
    rng = np.random.default_rng(3)
    lead = ("region", "draw") if draws else ("region",)
    shape = (3, draws) if draws else (3,)
    here = xr.DataArray([1.0, 0.0, 1.0], dims="region")

    def array(*dims: tuple[str, int]) -> xr.DataArray:
        values = rng.uniform(1, 2, (*shape, *(n for _, n in dims)))
        return xr.DataArray(values, dims=(*lead, *(d for d, _ in dims))) * here

    ages, years = ("age", 101), ("year", 2)
    return xr.Dataset(
        {
            "population": array(("time", 3), ("sex", 2), ages) * 1000,
            "births": array(years, ("order", 3), ages),
            "deaths": array(years, ("sex", 2), ages),
            "net_migration": array(years, ("sex", 2), ages),
            "fertility_rate": array(years, ages) / 100,
        },
        coords={
            "region": ["a", "nobody", "c"],
            "sex": SEXES,
            "age": range(101),
            "time": [2025, 2026, 2027],
            "year": [2025, 2026],
            "order": ["1", "2", "3+"],
        },
    )


#: Units of sums, which are 0 where there is nobody.
SUMS = {"persons", "persons per year", "births per woman"}


@pytest.mark.parametrize("draws", [0, 5])
def test_an_empty_region_is_missing_and_the_rest_is_as_without_it(draws):
    full = regions_with_one_empty(draws)
    rows = ps.indicators.table(full)
    others = rows[rows.region != "nobody"].reset_index(drop=True)
    without = ps.indicators.table(full.sel(region=["a", "c"]))
    pd.testing.assert_frame_equal(others, without)
    assert np.isfinite(without[["value"]].to_numpy()).all()
    empty = rows[rows.region == "nobody"]
    assert set(empty.indicator) == set(without.indicator)
    counts = empty.unit.isin(SUMS)
    columns = ["value", "lower", "upper"] if draws else ["value"]
    assert (empty.loc[counts, columns] == 0.0).all(axis=None)
    assert empty.loc[~counts, columns].isna().all(axis=None)
    assert "child_dependency_ratio_15_65" in set(empty.loc[~counts, "indicator"])


def test_only_what_is_empty_is_missing():
    """A place without women, one without the old, and a year before anybody came."""
    full = regions_with_one_empty()
    people = full.population.copy()
    people.loc[{"region": "nobody"}] = 1.0
    people.loc[{"region": "nobody", "sex": "female"}] = 0.0
    people.loc[{"region": "c", "age": slice(65, None)}] = 0.0
    people.loc[{"region": "a", "time": 2025}] = 0.0
    table = ps.indicators.table(full.assign(population=people))
    found = table.set_index(["indicator", "region", "year"])["value"].sort_index()
    assert found["sex_ratio"].isna().groupby("region").sum().to_dict() == {
        "a": 1, "c": 0, "nobody": 3,
    }  # fmt: skip
    assert np.isnan(found["potential_support_ratio_15_65", "c"]).all()
    assert found["growth_rate", "a"].isna().tolist() == [True, False]
    assert not found["old_age_dependency_ratio_15_65", "c"].isna().any()


def test_a_median_in_the_open_group_is_missing_in_a_table():
    population = xr.DataArray(
        [[[9.0, 9.0, 1.0], [1.0, 1.0, 9.0]]],
        dims=("time", "region", "age"),
        coords={"time": [2025], "region": ["young", "old"], "age": [0, 1, 2]},
    )
    rows = ps.indicators.table(xr.Dataset({"population": population}), ["median_age"])
    assert rows.value.round(6).tolist()[0] == pytest.approx(9.5 / 9.0, abs=1e-6)
    assert np.isnan(rows.value[1])


def test_the_functions_refuse_what_the_table_leaves_out():
    with pytest.raises(BoundsError, match=r"no one in the population(.|\n)*region=nobody"):
        ind.mean_age(regions_with_one_empty().population)
    ps.indicators.table(regions_with_one_empty())
    with pytest.raises(BoundsError, match="no one in the population"):  # also after a table
        ind.mean_age(regions_with_one_empty().population)
