"""``project()`` against the UN's own results, its books, and bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    InputError,
    MigrationAdjustmentWarning,
    MigrationUnitWarning,
    MissingVariableError,
    UnknownVariableError,
)
from popsim.schema.checks import accounting_residual, check_accounting

FORMS = {
    "counts": ("net_migration", "net_migration_count"),
    "rates": ("net_migration_rate", "net_migration_rate"),
    "totals": ("net_migration_total", "net_migration_total"),
}


@pytest.fixture(scope="module")
def canada(reference):
    return xr.load_dataset(reference / "un_ccmpp_canada.nc")


def canada_inputs(canada, form="counts"):
    ours, theirs = FORMS[form]
    return xr.Dataset(
        {
            "population": canada["population_start"],
            "survival_ratio": canada["survival_ratio"],
            "fertility_rate": canada["fertility_rate"],
            "sex_ratio_at_birth": canada["sex_ratio_at_birth"],
            ours: canada[theirs],
        }
    )


def quietly(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MigrationAdjustmentWarning)
        return ps.project(*args, **kwargs)


def relative_error(ours, theirs):
    return np.max(np.abs(ours - theirs) / np.where(theirs == 0, 1.0, np.abs(theirs)))


@pytest.mark.parametrize("timing", ["even", "end"])
@pytest.mark.parametrize("form", FORMS)
def test_un_conformance(canada, timing, form):
    """Every age of 70 years as the UN's code has it, to 1e-12 (as measured, 1e-15)."""
    result = quietly(canada_inputs(canada, form), timing=timing)
    un = canada.sel(timing=timing, migration_input=form)
    population = result["population"].isel(time=slice(1, None)).values
    assert relative_error(population, un["population_end"].values) < 1e-12
    assert relative_error(result["births"].values, un["births_by_mother_age"].values) < 1e-12
    assert relative_error(result["deaths"].values, un["cohort_deaths"].values) < 1e-12
    moved = (result["net_migration"] - result["population_lift"]).values  # the UN books no lift
    assert relative_error(moved, un["net_migration_applied"].values) < 1e-12
    assert accounting_residual(result).max() < 1e-14


def test_guard_is_reported(canada):
    with pytest.warns(MigrationAdjustmentWarning, match=r"emptied 5 age groups.*year=2005"):
        result = ps.project(canada_inputs(canada, "rates"), timing="end")
    adjustment = result["migration_adjustment"]
    assert int((adjustment != 0).sum()) == 5
    asked = canada["net_migration_rate"] * result["population"].isel(time=slice(None, -1)).rename(
        time="year"
    ).assign_coords(year=result["year"])
    np.testing.assert_allclose(
        (result["net_migration"] - asked).values, adjustment.values, atol=1e-9
    )  # persons; a rounding error of 1e5
    check_accounting(result)


def test_lifted_group_keeps_the_books():
    """Outflow of an age that its own cohort cannot bear: the lift counts as migration."""
    inputs = small_inputs()
    inputs["net_migration"][0, 1, 5] = -9.0  # group 5 holds 10, but one tenth of 10 reach it
    inputs["survival_ratio"][0, 1, 5] = 0.1
    with pytest.warns(MigrationAdjustmentWarning):
        result = ps.project(inputs)
    assert float(result["population"].isel(time=1, sex=1, age=5)) == 5e-4
    assert float(result["net_migration"].isel(year=0, sex=1, age=5)) > -9.0
    check_accounting(result)


def small_inputs(years=3, ages=21, width=5):
    """A small population in five-year ages, closed but for a migration of zero."""
    coords = {
        "sex": ["female", "male"],
        "age": np.arange(ages) * width,
        "year": 2000 + width * np.arange(years),
    }
    by_age = ("year", "sex", "age")
    shape = (years, 2, ages)
    fertility = np.zeros((years, ages))
    fertility[:, (coords["age"] >= 15) & (coords["age"] < 50)] = 0.05
    return xr.Dataset(
        {
            "population": (("sex", "age"), np.full((2, ages), 10.0)),
            "survival_ratio": (by_age, np.full(shape, 0.95)),
            "fertility_rate": (("year", "age"), fertility),
            "sex_ratio_at_birth": ("year", np.full(years, 1.05)),
            "net_migration": (by_age, np.zeros(shape)),
        },
        coords=coords,
    )


def test_one_step_by_hand():
    """Five-year groups, one step, worked out on paper."""
    result = ps.project(small_inputs(years=1).drop_vars("net_migration"))
    end = result["population"].isel(time=1)
    assert float(end.sel(sex="male", age=50)) == pytest.approx(9.5)
    assert float(end.sel(sex="male", age=100)) == pytest.approx(19.0)
    births = 5 * 0.05 * 7 * (10 + 9.5) / 2
    assert float(result["births"].sum()) == pytest.approx(births)
    girls = births / 2.05
    assert float(end.sel(sex="female", age=0)) == pytest.approx(0.95 * girls)
    assert float(end.sel(sex="male", age=0)) == pytest.approx(0.95 * (births - girls))
    assert float(result["deaths"].sel(sex="male", age=100).isel(year=0)) == pytest.approx(1.0)
    assert result["time"].values.tolist() == [2000, 2005]


def test_even_migrants_are_exposed_for_half_of_the_step():
    inputs = small_inputs(years=1)
    inputs["net_migration"][0, 0, 4] = 2.0  # persons a year: 10 in the step
    even, end = (ps.project(inputs, timing=t) for t in ("even", "end"))
    group = {"time": 1, "sex": 0}
    assert float(even["population"].isel(**group, age=4)) == pytest.approx(9.5 + 5.0)
    assert float(even["population"].isel(**group, age=5)) == pytest.approx(0.95 * 15.0)
    assert float(end["population"].isel(**group, age=4)) == pytest.approx(9.5 + 10.0)
    assert float(end["population"].isel(**group, age=5)) == pytest.approx(9.5)
    assert float(even["births"].sum() - end["births"].sum()) > 0
    assert float(even["net_migration"].sum()) == pytest.approx(10.0)
    for result in (even, end):
        check_accounting(result)


def test_published_projection_of_five_year_ages(reference):
    """Kazakhstan and Mauritius, WPP 2019: totals to 0.02 % through 2050, migration near zero."""
    wpp = xr.load_dataset(reference / "wpp2019_5x5_sample.nc")
    years = np.arange(2020, 2100, 5)
    ages = np.arange(0, 105, 5)
    table = ps.life_table(
        wpp["mortality_rate"].rename(abridged_age="age", period="year").assign_coords(year=years)
    )
    from popsim.demography import rates_from_pattern, survival_ratio

    at = {"period": "year", "mother_age": "age"}
    pattern = wpp["fertility_pattern_percent"].rename(at)
    pattern = pattern.assign_coords(year=years, age=np.arange(15, 50, 5))
    tfr = wpp["total_fertility_rate"].rename(period="year").assign_coords(year=years)
    fertility = rates_from_pattern(tfr, pattern.reindex(age=ages, fill_value=0.0))
    inputs = xr.Dataset(
        {
            "population": wpp["population_2020"].rename(age_group="age").assign_coords(age=ages),
            "survival_ratio": survival_ratio(table, width=5),
            "fertility_rate": fertility,
            "sex_ratio_at_birth": wpp["sex_ratio_at_birth"]
            .rename(period="year")
            .assign_coords(year=years),
        }
    ).sel(country=[398, 480])
    result = ps.project(inputs.drop_vars("name"))
    ours = result["population"].sum(["sex", "age"]).sel(time=slice(2025, 2050))
    theirs = wpp["population_published"].sum(["sex", "age_group"]).sel(country=[398, 480])
    theirs = theirs.sel(year=slice(2025, 2050)).rename(year="time")
    assert float(abs(ours / theirs - 1).max()) < 2e-4


def test_leading_dims_broadcast_by_name():
    inputs = small_inputs()
    regions = xr.DataArray([1.0, 2.0], dims="region", coords={"region": ["a", "b"]})
    draws = xr.DataArray([0.5, 1.0, 1.5], dims="draw")
    both = inputs.assign(
        population=inputs["population"] * regions,
        fertility_rate=(inputs["fertility_rate"] * draws).transpose("year", "draw", "age"),
    )
    result = ps.project(both)
    assert set(result["births"].dims) == {"region", "draw", "year", "age"}
    one = ps.project(inputs.assign(fertility_rate=inputs["fertility_rate"] * 1.5))
    picked = result.sel(region="a").isel(draw=2)
    assert np.array_equal(picked["population"].values, one["population"].values)
    np.testing.assert_allclose(
        result["population"].sel(region="b"), 2 * result["population"].sel(region="a"), rtol=1e-14
    )


def test_inputs_are_not_altered():
    inputs = small_inputs()
    before = inputs.copy(deep=True)
    ps.project(inputs)
    xr.testing.assert_identical(inputs, before)


def test_summary_agrees_with_full():
    baseline = ps.load_baseline("huancui", end=2030)
    full, summary = ps.project(baseline), ps.project(baseline, outputs="summary")
    np.testing.assert_allclose(
        summary["population"].sum(["sex", "age_group"]), full["population"].sum(["sex", "age"]),
        rtol=1e-13,
    )  # fmt: skip
    # Births are added up in another order: some rounding errors.
    np.testing.assert_allclose(
        summary["population_final"], full["population"].isel(time=-1), rtol=1e-13
    )
    elders = full["population"].sel(age=slice(80, None)).sum("age")
    np.testing.assert_allclose(summary["population"].sel(age_group="80+"), elders, rtol=1e-13)


def test_result_says_what_it_is():
    result = ps.project(small_inputs())
    assert result["population"].attrs["units"] == "persons"
    assert result["births"].attrs["long_name_zh"] == "出生人数"
    # Births of five years must not pass for those of their first.
    for name in ("births", "deaths", "net_migration", "migration_adjustment", "population_lift"):
        assert result[name].attrs["units"] == "persons in the five years from"
        assert result[name].attrs["long_name"].endswith("in the five years from")
    assert result["year"].attrs["long_name"] == "first calendar year of the five years"
    summary = ps.project(small_inputs(), outputs="summary")
    assert summary["deaths"].attrs["units"] == "persons in the five years from"
    single = ps.project(ps.load_baseline("ouhai", end=2022))
    assert {single[n].attrs["units"] for n in ("births", "net_migration")} == {"persons"}
    assert single["births"].attrs["long_name"] == "Births"
    assert result.attrs["popsim_call"] == "project"


def test_death_rates_give_the_survival_ratios_of_a_life_table():
    from popsim.demography import survival_ratio

    baseline = ps.load_baseline("china", end=2025)
    ratios = survival_ratio(ps.life_table(baseline["mortality_rate"]))
    by_ratio = baseline.drop_vars("mortality_rate").assign(survival_ratio=ratios)
    one, other = ps.project(baseline), ps.project(by_ratio)
    assert np.array_equal(one["population"], other["population"])


def broken(**changes):
    return small_inputs().assign(**changes)


def at(name, index, value):
    inputs = small_inputs()
    inputs[name][index] = value
    return inputs


BAD = {
    "missing variable": (
        lambda: small_inputs().drop_vars("sex_ratio_at_birth"),
        MissingVariableError, "input sex_ratio_at_birth is missing",
    ),
    "no mortality": (
        lambda: small_inputs().drop_vars("survival_ratio"),
        MissingVariableError, "input survival_ratio is missing",
    ),
    "misspelt variable": (
        lambda: small_inputs().rename(net_migration="net_migration_counts"),
        UnknownVariableError, "close to 'net_migration",
    ),
    "wrong dims": (
        lambda: broken(sex_ratio_at_birth=xr.DataArray(1.05)),
        DimensionError, "sex_ratio_at_birth lacks the dimension 'year'",
    ),
    "fertility by sex": (
        lambda: broken(fertility_rate=small_inputs()["survival_ratio"] / 10),
        DimensionError, "fertility_rate varies over 'sex'",
    ),
    "order of the sexes": (
        lambda: small_inputs().sel(sex=["male", "female"]),
        CoordinateError, "sex is not female, male",
    ),
    "sexes unknown": (
        lambda: small_inputs().assign_coords(sex=["f", "m"]),
        CoordinateError, r"got: \('f', 'm'\)",
    ),
    "gap in ages": (
        lambda: small_inputs().drop_sel(age=20),
        CoordinateError, "15 is followed by 25",
    ),
    "gap in years": (
        lambda: small_inputs(years=4).drop_sel(year=2005),
        CoordinateError, "2000 is followed by 2010",
    ),
    "step unlike the age width": (
        lambda: small_inputs().assign_coords(year=[2000, 2001, 2002]),
        CoordinateError, "width of the age groups",
    ),
    "two migrations": (
        lambda: broken(net_migration_total=xr.DataArray(np.zeros(3), dims="year")),
        ConflictError, "net_migration and net_migration_total are both given",
    ),
    "two mortalities": (
        lambda: broken(mortality_rate=small_inputs()["survival_ratio"]),
        ConflictError, "survival_ratio and mortality_rate are both given",
    ),
    "negative population": (
        lambda: at("population", (1, 3), -1.0),
        BoundsError, "population at sex=male, age=15",
    ),
    "NaN": (
        lambda: at("survival_ratio", (2, 0, 4), np.nan),
        BoundsError, "year=2010, sex=female, age=20",
    ),
    "survival above 1": (
        lambda: at("survival_ratio", (0, 0, 4), 1.2),
        BoundsError, "a survival ratio is a share",
    ),
    "fertility outside of ages": (
        lambda: at("fertility_rate", (0, 13), 0.1),
        BoundsError, "fertility_rate at year=2000, age=65",
    ),
    "fertility per 1,000": (
        lambda: broken(fertility_rate=small_inputs()["fertility_rate"] * 1000),
        BoundsError, "is it per 1,000",
    ),
    "females per male": (
        lambda: broken(sex_ratio_at_birth=xr.DataArray(np.full(3, 0.95), dims="year")),
        BoundsError, "not females per male",
    ),
    "per 100 females": (
        lambda: broken(sex_ratio_at_birth=xr.DataArray(np.full(3, 105.0), dims="year")),
        BoundsError, "not 105 per 100",
    ),
    "text": (
        lambda: broken(sex_ratio_at_birth=xr.DataArray(["1.05"] * 3, dims="year")),
        BoundsError, "sex_ratio_at_birth is not numeric",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case):
    make, error, message = BAD[case]
    with pytest.raises(error, match=message) as caught:
        ps.project(make())
    assert isinstance(caught.value, InputError)
    assert caught.value.where  # it says where


def test_death_rates_per_1000_are_refused():
    baseline = ps.load_baseline("china", end=2022)
    with pytest.raises(BoundsError, match=r"mortality_rate.*per 1,000|is it per 1,000"):
        ps.project(baseline.assign(mortality_rate=baseline["mortality_rate"] * 1000))


@pytest.mark.parametrize("outputs", ["full", "summary"])
def test_migration_rates_per_1000_are_warned_of(outputs):
    inputs = small_inputs().rename(net_migration="net_migration_rate")
    inputs["net_migration_rate"][:] = 3.0
    with pytest.warns(MigrationUnitWarning, match="divide rates per 1,000 by 1000") as said:
        ps.project(inputs, outputs=outputs)
    assert said[0].filename == __file__  # where project() was called


@pytest.mark.parametrize("outputs", ["full", "summary"])
def test_migration_rates_count_by_the_people_of_their_own_year(outputs):
    """A thousand newborn at the start, and nine in ten of age 0 leave: a year later none is 0."""
    people = np.array([1000.0, *[1.0] * 14])
    rates = np.zeros((2, 2, 15))
    rates[1, :, 0] = -0.9
    inputs = xr.Dataset(
        {
            "population": (("sex", "age"), np.stack([people, people])),
            "survival_ratio": (("year", "sex", "age"), np.full((2, 2, 15), 0.9)),
            "fertility_rate": (("year", "age"), np.zeros((2, 15))),
            "sex_ratio_at_birth": ("year", [1.05, 1.05]),
            "net_migration_rate": (("year", "sex", "age"), rates),
        },
        coords={"sex": ["female", "male"], "age": np.arange(15), "year": [2000, 2001]},
    )
    result = ps.project(inputs, outputs=outputs)  # in silence
    assert abs(float(result["net_migration"].sum())) < 1e-3  # the UN's 1e-5 for empty groups
    inputs["net_migration_rate"][0] = inputs["net_migration_rate"].values[1]
    with (
        pytest.warns(MigrationAdjustmentWarning),
        pytest.warns(MigrationUnitWarning, match=r"year=2000 comes to 0\.8876"),
    ):
        ps.project(inputs, outputs=outputs)


def test_migration_rates_as_persons_are_warned_of():
    inputs = small_inputs()
    inputs["population"][:] = 1e5
    inputs["net_migration"][:] = 0.002
    with pytest.warns(MigrationUnitWarning, match="rename rates per person to net_migration_rate"):
        ps.project(inputs)
    inputs["net_migration"][0, 0, 4] = 2.0
    ps.project(inputs)  # of two persons a year no more than they are


def test_nobody_leaves_an_empty_group_in_silence():
    """Without migration an empty group gets the UN's number, and that is no warning's matter."""
    inputs = small_inputs(years=1)
    inputs["population"][0, 15] = 0.0
    for outputs in ("full", "summary"):
        result = ps.project(inputs, outputs=outputs)
        assert float(result["migration_adjustment"].sum()) == pytest.approx(1e-5, rel=1e-12)
        assert float(result["net_migration"].sum()) == pytest.approx(1e-5, rel=1e-12)
    inputs["net_migration"][0, 0, 15] = -1.0
    with pytest.warns(MigrationAdjustmentWarning, match="emptied 1 age groups"):
        ps.project(inputs)


@pytest.mark.parametrize("argument", ["timing", "outputs"])
@pytest.mark.parametrize(
    "value", ["sideways", np.array(["even"]), np.array("full"), ["full"], None]
)
def test_unknown_options_are_refused(argument, value):
    with pytest.raises(InputError, match=f"unknown {argument}"):
        ps.project(small_inputs(), **{argument: value})


def test_single_precision_is_compared_in_double():
    baseline = ps.load_baseline("ouhai", end=2022)
    single = baseline.astype("float32")
    wide = ps.project(single.astype("float64").drop_vars("women_by_parity"))
    xr.testing.assert_equal(ps.project(single), wide)
    single["population"][0, 3] = np.float32(np.inf)
    with pytest.raises(BoundsError, match="infinite"):
        ps.project(single)
    complex_ = baseline.assign(sex_ratio_at_birth=baseline["sex_ratio_at_birth"] + 0j)
    with pytest.raises(BoundsError, match="not numeric"):
        ps.project(complex_)


def abridged_of(world, country):
    """Death rates of a country from 2025 on, by abridged ages and five-year steps."""
    rates = world["mortality_rate"].sel(country=country, drop=True).isel(period=slice(15, None))
    rates = rates.rename(abridged_age="age", period="year")
    rates = rates.assign_coords(year=np.arange(2025, 2100, 5))
    return rates.drop_vars("name", errors="ignore").transpose(..., "year", "sex", "age")


def in_five_years(rates):
    """The same by five-year ages: deaths over years lived of the first two groups."""
    young = ps.life_table(rates).sel(age=[0, 1])
    first = (young["dx"].sum("age") / young["Lx"].sum("age")).expand_dims(age=[0])
    return xr.concat([first, rates.sel(age=slice(5, None))], dim="age")


def test_death_rates_that_lost_the_ages_1_to_4_are_refused(reference):
    """xarray keeps the ages that a Dataset has: of an abridged table the infants' rate is left."""
    world = xr.load_dataset(reference / "wpp2024_countries.nc")
    abridged = abridged_of(world, 566)
    inputs = small_inputs(years=15).assign_coords(year=abridged["year"])
    lost = inputs.drop_vars("survival_ratio").assign(mortality_rate=abridged)
    with pytest.raises(CoordinateError, match=r"death rates lack the ages 1-4"):
        ps.project(lost)
    ps.project(inputs.drop_vars("survival_ratio").assign(mortality_rate=in_five_years(abridged)))


def test_labels_that_differ_are_never_matched_by_position():
    inputs = {str(k): v for k, v in small_inputs().data_vars.items()}
    inputs["sex_ratio_at_birth"] = inputs["sex_ratio_at_birth"].assign_coords(year=[1, 2, 3])
    with pytest.raises(CoordinateError, match="different labels on 'year'"):
        ps.project(inputs)


def test_not_a_dataset():
    with pytest.raises(InputError, match="not a Dataset"):
        ps.project([1, 2, 3])


def test_five_year_death_rates_project_nearly_as_abridged_ones(reference):
    """Of 0-4 as one group the infants are a model's: totals of Kazakhstan to 0.05 % in 2050."""
    from popsim.demography import survival_ratio

    wpp = xr.load_dataset(reference / "wpp2019_5x5_sample.nc").sel(country=398, drop=True)
    years = np.arange(2020, 2100, 5)
    abridged = wpp["mortality_rate"].rename(abridged_age="age", period="year")
    abridged = abridged.assign_coords(year=years).transpose("year", "sex", "age")
    table = ps.life_table(abridged)
    young = table.sel(age=[0, 1])
    wide = abridged.sel(age=slice(5, None))
    under_five = young["dx"].sum("age") / young["Lx"].sum("age")
    wide = xr.concat([under_five.expand_dims(age=[0]), wide], dim="age")
    fertility = np.zeros((16, 21))
    fertility[:, 3:10] = 0.08
    inputs = xr.Dataset(
        {
            "population": wpp["population_2020"]
            .rename(age_group="age")
            .assign_coords(age=wide["age"].values),
            "fertility_rate": (("year", "age"), fertility),
            "sex_ratio_at_birth": ("year", np.full(16, 1.06)),
        }
    )
    one = ps.project(inputs.assign(survival_ratio=survival_ratio(table, width=5)))
    other = ps.project(inputs.assign(mortality_rate=wide))
    totals = [r["population"].sum(["sex", "age"]).sel(time=2050) for r in (one, other)]
    assert float(abs(totals[1] / totals[0] - 1)) < 5e-4


@pytest.mark.parametrize(
    ("name", "helper"),
    [
        ("net_migration_total", "graduate_net_migration, and name it net_migration"),
        ("net_migration", "graduate_net_migration"),
        ("net_migration_rate", "a sum over the groups"),
        ("population", "graduate_counts"),
        ("mortality_rate", "kind='mortality'"),
        ("fertility_rate", "kind='fertility'"),
        ("sex_ratio_at_birth", "a sum over the groups"),
    ],
)
@pytest.mark.parametrize("dim", ["age_group", "abridged_age"])
def test_age_groups_are_no_places_beside_each_other(name, helper, dim):
    """19 groups of 200 persons would be 19 projections, each with 200 migrants in all."""
    groups = xr.DataArray(np.full(19, 200.0), dims=dim, coords={dim: [f"g{i}" for i in range(19)]})
    inputs = small_inputs()
    if name == "mortality_rate":
        inputs = inputs.drop_vars("survival_ratio")
    migration = ("net_migration", "net_migration_rate", "net_migration_total")
    inputs = inputs.drop_vars([m for m in migration if m in inputs], errors="ignore")
    given = groups if name not in inputs else inputs[name] * groups
    with pytest.raises(DimensionError, match=f"{name} is by '{dim}'") as caught:
        ps.project(inputs.assign({name: given}))
    assert helper in str(caught.value.fix)
    assert "build_baseline" in str(caught.value.fix)
