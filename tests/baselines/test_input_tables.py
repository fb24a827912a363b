"""What build_baseline makes of a user's series and tables, and what it refuses by name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.demography.mortality.levels import (
    scale_to_life_expectancy,
    scale_to_life_expectancy_of_both_sexes,
)
from popsim.demography.mortality.lifetable import life_table_from_deaths
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    ImplausibleMortalityWarning,
    InputError,
)

YEARS = [2021, 2022, 2023]
GROUPS = [*(f"{a}-{a + 4}" for a in range(0, 90, 5)), "90+"]


def own_tables(**changes):
    deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    tables = {
        "population": data.table("census").query("place == 'cixi' and census_year == 2020")[
            ["sex", "age_group", "population"]
        ],
        "reference_date": "2021-01-01",
        "end": 2023,
        "mortality_rate": deaths[["sex", "age", "mortality_rate"]],
        "total_fertility_rate": 0.9,
        "fertility_pattern": data.table("fertility_china_2020"),
        "sex_ratio_at_birth": 1.1,
        "nation": "China",
    }
    return tables | changes


def by_sex(female, male):
    return xr.DataArray([female, male], dims="sex", coords={"sex": ["female", "male"]})


# --- life expectancy of both sexes together ---------------------------------------------


def e0(rates):
    return ps.life_table(rates)["ex"].sel(age=0, drop=True)


def test_life_expectancy_as_a_number_is_that_of_both_sexes():
    """81.0 and 75.4 brought to 80.2 together: the gap of 5.6 years stays."""
    table = own_tables()["mortality_rate"].set_index(["sex", "age"])["mortality_rate"]
    single = ps.build_baseline(**own_tables(life_expectancy=by_sex(81.0, 75.4)))["mortality_rate"]
    np.testing.assert_allclose(e0(single).isel(year=0), [81.0, 75.4], atol=1e-8)
    assert len(table) == 44

    made = ps.build_baseline(
        **own_tables(mortality_rate=single.isel(year=0, drop=True), life_expectancy=80.2)
    )
    female, male = (e0(made["mortality_rate"]).sel(sex=s) for s in ("female", "male"))
    np.testing.assert_allclose(female, 83.1, atol=0.05)
    np.testing.assert_allclose(male, 77.5, atol=0.05)
    # to the promise of the scaling, and the level exactly: its steps end at 1e-9 years
    np.testing.assert_allclose(female - male, 5.6, atol=5e-9)
    np.testing.assert_allclose((female + 1.1 * male) / 2.1, 80.2, atol=2e-9)
    # the life table of both sexes: deaths and years lived of 10 girls and 11 boys added up
    tables = ps.life_table(made["mortality_rate"].isel(year=0))
    newborns = by_sex(10.0, 11.0)
    lived, dead = ((tables[c] * newborns).sum("sex") for c in ("Lx", "dx"))
    assert float(lived.sum() / dead.sum()) == pytest.approx(80.2, abs=2e-9)


def test_life_expectancy_by_year_and_sex_ratio_by_year():
    path = pd.Series({2021: 78.0, 2023: 80.0})
    ratio = pd.Series({2021: 1.2, 2023: 1.0})
    made = ps.build_baseline(**own_tables(life_expectancy=path, sex_ratio_at_birth=ratio))
    own = e0(ps.build_baseline(**own_tables())["mortality_rate"]).isel(year=0)
    got = e0(made["mortality_rate"])
    female, male = got.sel(sex="female"), got.sel(sex="male")
    weights = xr.DataArray([1.2, 1.1, 1.0], dims="year", coords={"year": YEARS})
    np.testing.assert_allclose((female + weights * male) / (1 + weights), [78, 79, 80], atol=2e-9)
    np.testing.assert_allclose(female - male, float(own[0] - own[1]), atol=5e-9)
    assert "of both sexes together" in made["mortality_rate"].attrs["rule"]


def test_scaling_of_both_sexes_refuses_one_by_sex():
    rates = ps.build_baseline(**own_tables())["mortality_rate"]
    with pytest.raises(DimensionError, match="is by sex"):
        scale_to_life_expectancy_of_both_sexes(rates, by_sex(80.0, 75.0), 1.05)
    with pytest.raises(CoordinateError, match="female, male"):
        scale_to_life_expectancy_of_both_sexes(rates.isel(sex=[1, 0]), 80.0, 1.05)
    alone = scale_to_life_expectancy(rates.sel(sex="female"), 80.0)
    np.testing.assert_allclose(e0(alone), 80.0, atol=1e-8)


# --- series by year ---------------------------------------------------------------------

ARGUMENTS = [
    "total_fertility_rate",
    "sex_ratio_at_birth",
    "life_expectancy",
    "mean_age_at_childbearing",
    "net_migration",
]
LEVEL = dict(zip(ARGUMENTS, (1.0, 1.1, 80.0, 29.0, 100.0), strict=True))


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [
        (lambda v: xr.DataArray([v, v], dims="year"), CoordinateError, "have no labels"),
        (lambda v: pd.Series([v, v]), CoordinateError, "are not calendar years"),
        (lambda v: pd.Series({"2021": v}), CoordinateError, "not whole numbers"),
        (lambda v: pd.Series({2021.5: v}), CoordinateError, "not whole numbers"),
        (
            lambda v: pd.Series([v, v], index=pd.to_datetime(["2021-01-01", "2022-01-01"])),
            CoordinateError,
            "not whole numbers",
        ),
        (lambda v: pd.Series({"0-4": v, "5+": v}), CoordinateError, "not whole numbers"),
        (lambda v: pd.Series([], dtype=float), CoordinateError, "have no labels"),
        (lambda v: pd.Series({2022: v, 2021: v}), CoordinateError, "do not rise"),
        (lambda v: pd.Series({2021: v, 2022: np.nan}), BoundsError, "missing or infinite"),
        (lambda v: pd.Series({2021: "many"}), InputError, "text where numbers belong"),
        (lambda v: xr.DataArray([v, v]), DimensionError, "varies over 'dim_0'"),
        (lambda v: xr.DataArray([v], dims="time"), DimensionError, "varies over 'time'"),
        (lambda v: np.array([v, v]), InputError, "cannot be read"),
        (lambda v: float("nan"), BoundsError, "missing or infinite"),
        (
            lambda v: pd.Series([v], index=pd.MultiIndex.from_tuples([(2021, "a")])),
            CoordinateError,
            "not indexed by year alone",
        ),
    ],
)
def test_by_year_arguments_are_by_year(name, broken, error, message):
    given = broken(LEVEL[name])
    with pytest.raises(error, match=message) as caught:
        ps.build_baseline(**own_tables(**{name: given}))
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["mortality_rate", "fertility_pattern", "net_migration"])
def test_tables_by_year_need_labels_too(name):
    made = ps.build_baseline(**own_tables())
    table = made["fertility_rate" if name == "fertility_pattern" else "mortality_rate"]
    with pytest.raises(CoordinateError, match=f"years of {name} have no labels"):
        ps.build_baseline(**own_tables(**{name: table.drop_vars("year")}))


def test_series_is_interpolated_and_held():
    made = ps.build_baseline(
        **own_tables(end=2026, net_migration=pd.Series({2022: -100.0, 2025: 200.0}))
    )
    assert made["net_migration_total"].values.tolist() == [-100, -100, 0, 100, 200, 200]


# --- death rates and fertility patterns ---------------------------------------------------


def test_age_without_deaths_in_one_of_two_years():
    """No logarithm of zero: linear there, on the log scale elsewhere, and no warning."""
    single = ps.build_baseline(**own_tables())["mortality_rate"].isel(year=0, drop=True)
    second = 0.5 * single
    second.loc[{"age": 7, "sex": "female"}] = 0.0
    both = xr.concat([single, second], pd.Index([2021, 2023], name="year"))
    got = ps.build_baseline(**own_tables(mortality_rate=both))["mortality_rate"]
    women = got.sel(sex="female")
    half = float(single.sel(sex="female", age=7)) / 2
    np.testing.assert_allclose(women.sel(age=7), [2 * half, half, 0.0], rtol=1e-15)
    np.testing.assert_allclose(
        women.sel(age=60, year=2022), single.sel(sex="female", age=60) * np.sqrt(0.5), rtol=1e-14
    )
    never = xr.where(both["age"] == 7, 0.0, both)
    got = ps.build_baseline(**own_tables(mortality_rate=never, life_expectancy=80.0))
    assert float(got["mortality_rate"].sel(age=7).max()) == 0.0


@pytest.mark.parametrize("factor", [100.0, 1e-3, 35.0])
def test_only_the_proportions_of_a_pattern_count(factor):
    pattern = data.table("fertility_china_2020")
    as_given = ps.build_baseline(**own_tables())["fertility_rate"]
    total = pattern["fertility_rate"].sum()
    scaled = pattern.assign(fertility_rate=factor * pattern["fertility_rate"] / total)
    got = ps.build_baseline(**own_tables(fertility_pattern=scaled))["fertility_rate"]
    np.testing.assert_allclose(got, as_given, rtol=1e-9, atol=1e-15)


def test_pattern_in_percent_by_single_age_and_year():
    rates = ps.build_baseline(**own_tables())["fertility_rate"]
    percent = 100 * rates / rates.sum("age")
    # a year whose level is other than its neighbours' has no more weight
    percent = percent * xr.DataArray([1.0, 7.0, 1.0], dims="year")
    text = percent.sel(age=slice(15, 49))
    text = text.assign_coords(age=text["age"].astype(str))
    got = ps.build_baseline(**own_tables(fertility_pattern=text))["fertility_rate"]
    np.testing.assert_allclose(got, rates, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda p: p.assign(fertility_rate=0.0), BoundsError, "zero at every age"),
        (lambda p: p.assign(fertility_rate=-1.0), BoundsError, "fertility_pattern is out of"),
        (lambda p: p.assign(fertility_rate=np.nan), BoundsError, "fertility_pattern has 7"),
        (lambda p: p.iloc[:0], InputError, "fertility_pattern is empty"),
        (lambda p: p.assign(sex="female")[["sex", *p]], DimensionError, "varies over 'sex'"),
    ],
)
def test_patterns_that_cannot_be_used(change, error, message):
    pattern = change(data.table("fertility_china_2020"))
    with pytest.raises(error, match=message):
        ps.build_baseline(**own_tables(fertility_pattern=pattern))


def test_ages_may_be_text():
    table = own_tables()
    single = ps.build_baseline(**table)
    rates = single["mortality_rate"].isel(year=0, drop=True)
    labels = [*map(str, range(100)), "100+"]
    as_text = rates.assign_coords(age=labels).rename(age="age_group")
    got = ps.build_baseline(**own_tables(mortality_rate=as_text))["mortality_rate"]
    np.testing.assert_allclose(got, single["mortality_rate"], rtol=1e-14)


@pytest.mark.parametrize("name", ["population", "mortality_rate", "net_migration"])
def test_ages_must_run_from_0_to_an_open_group(name):
    closed = pd.DataFrame(
        [{"sex": s, "age_group": g, "x": 0.1} for s in ("female", "male") for g in GROUPS[:-1]]
    )
    with pytest.raises(CoordinateError, match=f"ages of {name} do not run from 0 to an open"):
        ps.build_baseline(**own_tables(**{name: closed}))
    with pytest.raises(InputError, match=f"{name} is empty"):
        ps.build_baseline(**own_tables(**{name: closed.iloc[:0]}))


def test_population_of_several_years_is_refused():
    table = own_tables()["population"].assign(year=2020)
    columns = ["year", "sex", "age_group", "population"]
    with pytest.raises(DimensionError, match="population varies over 'year'"):
        ps.build_baseline(**own_tables(population=table[columns]))


# --- net migration by age group -------------------------------------------------------------


def test_migration_by_age_group_is_one_population_and_keeps_its_totals():
    """19 groups of 200 persons: 3,800 a year, not 19 places."""
    table = pd.DataFrame({"age_group": GROUPS, "m": 200.0})
    made = ps.build_baseline(**own_tables(net_migration=table))
    flows = made["net_migration"]
    assert flows.dims == ("year", "sex", "age")
    per_group = np.add.reduceat(flows.sum("sex").values, range(0, 91, 5), axis=-1)
    np.testing.assert_allclose(per_group, 200.0, rtol=1e-12)
    # each age between the sexes as they are counted, the open group by its ages
    people = made["population"]
    np.testing.assert_allclose(
        flows.isel(year=0) / flows.isel(year=0).sum("sex"), people / people.sum("sex"), rtol=1e-12
    )
    old = slice(90, None)
    np.testing.assert_allclose(
        flows.isel(year=0).sel(age=old) / 200.0,
        people.sel(age=old) / people.sel(age=old).sum(),
        rtol=1e-12,
    )
    result = ps.project(made)
    assert "age_group" not in result.dims
    np.testing.assert_allclose(result["net_migration"].sum(["sex", "age"]), 3800.0, rtol=1e-12)
    assert "split between the sexes" in made["net_migration"].attrs["rule"]


def test_migration_by_sex_group_and_year_of_either_sign():
    rng = np.random.default_rng(4)
    rows = [
        {"sex": s, "age_group": g, "year": y, "m": float(rng.integers(-900, 900))}
        for s in ("female", "male")
        for g in GROUPS
        for y in (2021, 2023)
    ]
    table = pd.DataFrame(rows)
    flows = ps.build_baseline(**own_tables(net_migration=table))["net_migration"]
    starts = list(range(0, 91, 5))
    got = np.add.reduceat(flows.sel(year=[2021, 2023]).values, starts, axis=-1)
    want = table.set_index(["year", "sex", "age_group"])["m"].to_xarray()
    want = want.sel(age_group=GROUPS).transpose("year", "sex", "age_group")
    np.testing.assert_allclose(got, want, atol=1e-9)  # sums of five numbers of some hundreds
    np.testing.assert_allclose(
        flows.sel(year=2022), flows.sel(year=[2021, 2023]).mean("year"), atol=1e-9
    )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            pd.DataFrame({"sex": ["female", "male"], "m": [1.0, 2.0]}),
            DimensionError,
            "by sex, but not by age",
        ),
        (pd.DataFrame({"age_group": ["0-4", "5-9"], "m": 9.0}), CoordinateError, "open group"),
        (pd.DataFrame({"group": ["0-4", "5+"], "m": 9.0}), InputError, "columns of net_migration"),
        (pd.DataFrame({"m": [9.0, 9.0]}), InputError, "columns of net_migration"),
        (pd.DataFrame({"age_group": GROUPS, "m": np.nan}), BoundsError, "net_migration has 19"),
        (
            xr.DataArray([1.0], dims="parity", coords={"parity": [0]}),
            DimensionError,
            "net_migration varies over 'parity'",
        ),
    ],
)
def test_migration_that_cannot_be_used(given, error, message):
    with pytest.raises(error, match=message):
        ps.build_baseline(**own_tables(net_migration=given))


def test_migration_rates_are_by_single_age_and_alone():
    people = ps.build_baseline(**own_tables())["population"]
    rates = xr.full_like(people, 0.01)
    made = ps.build_baseline(**own_tables(net_migration_rate=rates))
    assert made["net_migration_rate"].dims == ("year", "sex", "age")
    with pytest.raises(ConflictError, match="both given"):
        ps.build_baseline(**own_tables(net_migration_rate=rates, net_migration=1.0))
    with pytest.raises(DimensionError, match="not by sex and single age"):
        ps.build_baseline(**own_tables(net_migration_rate=rates.isel(age=slice(0, 90))))


# --- open groups with too few deaths --------------------------------------------------------


def test_open_group_with_too_few_deaths_is_warned_of():
    """A county of 70,000: 15 deaths on 589 persons of 80 and older, 39 years to live."""
    ages = np.array([0, 1, *range(5, 81, 5)])
    m = np.append(np.exp(-9.5 + 0.09 * ages[:-1]), 15 / 589)
    rates = xr.DataArray(m, dims="age", coords={"age": ages})
    with pytest.warns(ImplausibleMortalityWarning, match=r"39\.3 years .*\.close_kannisto"):
        ps.life_table(rates, sex="female")
    exposures = xr.full_like(rates, 589.0)
    with pytest.warns(ImplausibleMortalityWarning, match=r"80 and older have 39\.3 years"):
        life_table_from_deaths(rates * exposures, exposures, sex="female")


def test_lives_foreseen_by_the_un_are_not_warned_of(reference):
    """No country of World Population Prospects 2024 in any period up to 2100, at any open age."""
    with xr.open_dataset(reference / "wpp2024_mortality_world.nc") as world:
        rates = world["mortality_rate"].rename(abridged_age="age").load()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = ps.life_table(rates)
        for last in (65, 80, 85, 90, 95):
            e = table["ex"].sel(age=last)
            young = rates.sel(age=slice(None, last)).copy()
            young.loc[{"age": last}] = 1.0 / e
            ps.life_table(young)
    assert [one for one in said if one.category is ImplausibleMortalityWarning] == []


def test_closing_removes_the_cause_of_the_warning():
    full = own_tables()["mortality_rate"].set_index(["sex", "age"])["mortality_rate"].to_xarray()
    short = full.sel(age=slice(None, 80)).copy()
    short.loc[{"age": 80}] = 15 / 589
    with pytest.warns(ImplausibleMortalityWarning):
        ps.life_table(short)
    made = ps.build_baseline(**own_tables(mortality_rate=short.transpose("sex", "age")))
    assert "Kannisto" in made["mortality_rate"].attrs["rule"]
