"""Migration: published census residuals, model schedules, and sums that must hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim.demography import migration
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    FitError,
    InputError,
)

SEXES = ["female", "male"]
DATES = ("2010-11-01", "2020-11-01")

#: Men of Bombay, 1941 and 1951: starters, ratio of their ten years' survival, counted; United
#: Nations (1970), Manual VI, Methods of Measuring Internal Migration, table 24.
BOMBAY_1941 = [77135, 85434, 79185, 82603, 126247, 155344, 138843, 109356, 81626, 47062, 36908]
BOMBAY_1941 += [15134, 25094]
BOMBAY_RATIO = [0.9087, 0.9573, 0.9471, 0.9308, 0.9223, 0.9161, 0.9047, 0.8850, 0.8548, 0.8122]
BOMBAY_RATIO += [0.7535, 0.6726, 0.3866]
BOMBAY_1951 = [132870, 170227, 263971, 253964, 195373, 151259, 118383, 76421, 65897, 32265]
BOMBAY_1951 += [22248, 9655, 10100]
BOMBAY_NET = [62777, 88441, 188975, 177077, 78935, 8948, -7228, -20359, -3877, -5959, -5562]
BOMBAY_NET += [-524, 399]

#: White women of Alabama aged 10 and over, 1960 and 1970: starters, census survival ratio,
#: counted, forward and average net migration; Bogue, Hinze and White (1982), Techniques of
#: Estimating Net Migration.
ALABAMA_1960 = [120463, 114627, 113551, 93665, 76348, 74278, 79572, 80719, 74641, 70709, 62811]
ALABAMA_1960 += [52574, 42397, 38125, 65068]
ALABAMA_RATIO = [0.997048, 1.006864, 0.997903, 0.988579, 0.996295, 0.993849, 0.988906, 0.967800]
ALABAMA_RATIO += [0.964350, 0.939383, 0.935599, 0.891364, 0.836743, 0.691715, 0.405031]
ALABAMA_1970 = [121922, 115128, 107480, 87706, 77285, 75115, 78924, 78284, 72067, 67390, 60682]
ALABAMA_1970 += [49460, 37028, 27019, 27359]
ALABAMA_FORWARD = [1815, -286, -5833, -4889, 1220, 1294, 235, 164, 87, 967, 1916, 2597, 1553]
ALABAMA_FORWARD += [647, 1004]
ALABAMA_AVERAGE = [1818, -284, -5838, -4916, 1223, 1298, 237, 167, 89, 998, 1982, 2756, 1705]
ALABAMA_AVERAGE += [791, 1742]


def fives(values) -> xr.DataArray:
    values = np.asarray(values, float)
    return xr.DataArray(values, dims="age", coords={"age": 5 * np.arange(len(values))})


def cohorts(starters, ratios, counted) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Lay printed cohorts out by age: ten years are two groups; the last starters are open."""
    before = fives([*starters[:-1], 0.6 * starters[-1], 0.3 * starters[-1], 0.1 * starters[-1]])
    after = fives([1.0, 1.0, *counted])
    return before, after, fives([0.9, 0.9, *ratios])


def census(reference, place: str, year: int) -> xr.DataArray:
    rows = pd.read_csv(reference / "china_places_census.csv")
    rows = rows[(rows.place == place) & (rows.census_year == year)].copy()
    rows["age"] = rows.age_group.str.extract(r"(\d+)")[0].astype(int) // 5 * 5  # 0 and 1-4 join
    wide = rows.pivot_table(index="sex", columns="age", values="population", aggfunc="sum")
    return xr.DataArray(
        wide.loc[SEXES].to_numpy(float),
        dims=("sex", "age"),
        coords={"sex": SEXES, "age": wide.columns.to_numpy()},
        attrs={"reference_date": f"{year}-11-01"},
    )


# --- residual -------------------------------------------------------------------------------


def test_residual_of_bombay_is_the_published_one():
    before, after, ratio = cohorts(BOMBAY_1941, BOMBAY_RATIO, BOMBAY_1951)
    found = migration.residual_migration(
        before,
        after,
        ratio,
        dates=("1941-03-01", "1951-03-01"),
        method="forward",
        ratio_years=10,
    )
    assert found.age.values.tolist() == list(range(10, 75, 5))
    # printed as whole persons, from survivors rounded to whole persons
    assert found.values == pytest.approx(BOMBAY_NET, abs=1.0)


@pytest.mark.parametrize(
    ("method", "published"), [("forward", ALABAMA_FORWARD), ("average", ALABAMA_AVERAGE)]
)
def test_residual_of_alabama_is_the_published_one(method, published):
    before, after, ratio = cohorts(ALABAMA_1960, ALABAMA_RATIO, ALABAMA_1970)
    found = migration.residual_migration(
        before, after, ratio, dates=("1960-04-01", "1970-04-01"), method=method, ratio_years=10
    )
    # survivors are printed as whole persons, the average of two such
    assert found.values == pytest.approx(published, abs=1.5)


def test_methods_are_bound_by_survival():
    before, after, ratio = cohorts(BOMBAY_1941, BOMBAY_RATIO, BOMBAY_1951)
    forward, reverse, average = (
        migration.residual_migration(
            before, after, ratio, dates=DATES, method=method, ratio_years=10
        )
        for method in ("forward", "reverse", "average")
    )
    np.testing.assert_allclose(forward, reverse * ratio.sel(age=forward.age), rtol=1e-13)
    np.testing.assert_allclose(average, (forward + reverse) / 2, rtol=1e-14)


def test_a_closed_population_leaves_nothing_over():
    rng = np.random.default_rng(2)
    coords = {"sex": SEXES, "age": range(0, 90, 5)}
    before = xr.DataArray(rng.uniform(50, 100, (2, 18)), dims=("sex", "age"), coords=coords)
    ratio = xr.DataArray(np.linspace(0.99, 0.5, 18), dims="age", coords={"age": range(0, 90, 5)})
    born = xr.DataArray(
        [[40.0, 44.0], [42.0, 47.0]],
        dims=("sex", "year"),
        coords={"sex": SEXES, "year": [2010, 2015]},
    )
    now = before
    for i in range(2):
        then = now.shift(age=1) * ratio
        then[:, 0] = born.isel(year=i) * ratio[0]
        then[:, -1] = (now[:, -2] + now[:, -1]) * ratio[-1]
        now = then
    for method in ("forward", "reverse", "average", "even"):
        found = migration.residual_migration(
            before, now, ratio, dates=DATES, method=method, births=born
        )
        assert found.sizes == {"sex": 2, "age": 18}
        assert found.values == pytest.approx(np.zeros((2, 18)), abs=1e-12)
    moved = now + xr.DataArray([5.0, -5.0], dims="sex")
    found = migration.residual_migration(before, moved, ratio, dates=DATES, method="forward")
    assert found.sel(sex="female").values == pytest.approx(np.full(16, 5.0), abs=1e-12)
    assert found.sel(sex="male").values == pytest.approx(np.full(16, -5.0), abs=1e-12)


def even_flow_inputs(years=5):
    """Five ages of five years of both sexes; births of a step are 97 of each, whoever bears."""
    ages = {"age": [0, 5, 10, 15, 20]}
    both = {"sex": SEXES, **ages}
    before = xr.DataArray(np.full((2, 5), 100.0), dims=("sex", "age"), coords=both)
    after = xr.DataArray([[95.0, 99.0, 97.0, 100.0, 140.0]] * 2, before.coords, before.dims)
    ratio = xr.DataArray([0.97, 0.98, 0.99, 0.95, 0.7], dims="age", coords=ages)
    steps = {"sex": SEXES, "year": np.arange(2010, 2010 + years, 5)}
    born = xr.DataArray(np.full((2, years // 5), 97.0), dims=("sex", "year"), coords=steps)
    dates = ("2010-01-01", f"{2010 + years}-01-01")
    return before, after, ratio, born, dates


@pytest.mark.parametrize("years", [5, 15])
def test_an_even_flow_projects_back_to_the_second_census(years):
    before, after, ratio, born, dates = even_flow_inputs(years)
    found = migration.residual_migration(
        before, after, ratio, dates=dates, method="even", births=born
    )
    if years == 5:
        assert found.values[0].round(2).tolist() == [1.82, 0.22, -4.21, 14.0, -5.77]
    a_year = found / years
    # Births of a step: a rate at one age that gives the 194 of both sexes.
    P, fertility = before, np.zeros((years // 5, 5))
    for t in range(years // 5):
        M = 5 * a_year.sel(sex="female").values
        exposed = P[0, 3] + M[3] / 2
        reached = ratio[3] * (P[0, 2] + M[2] / 2) + M[3] / 2
        fertility[t, 3] = 194.0 / (5 * float(exposed + reached) / 2)
        projected = ps.project(
            xr.Dataset(
                {
                    "population": before,
                    "survival_ratio": ratio.expand_dims(year=born.year[: t + 1], sex=SEXES),
                    "fertility_rate": (("year", "age"), fertility[: t + 1]),
                    "sex_ratio_at_birth": ("year", np.ones(t + 1)),
                    "net_migration": a_year.expand_dims(year=born.year[: t + 1]),
                }
            )
        )
        P = projected["population"].isel(time=-1)
    np.testing.assert_allclose(P, after, rtol=1e-13)  # some roundings of a hundred people


def test_what_an_even_flow_cannot_be_found_from():
    before, after, ratio, born, dates = even_flow_inputs(10)
    call = {"dates": dates, "method": "even"}
    with pytest.raises(InputError, match="cannot be found without births"):
        migration.residual_migration(before, after, ratio, **call)
    with pytest.raises(InputError, match="survival ratios of a step"):
        migration.residual_migration(before, after, ratio, births=born, ratio_years=10, **call)


def test_the_first_births_are_the_oldest_children():
    before, after = fives([10.0, 10.0, 10.0, 10.0]), fives([60.0, 200.0, 10.0, 20.0])
    ratio, born = fives([0.5, 0.9, 1.0, 1.0]), xr.DataArray([200.0, 100.0], dims="year")
    found = migration.residual_migration(
        before, after, ratio, dates=DATES, method="forward", births=born, ratio_years=10
    )
    # by age reached: 100 born in the second step, 200 in the first
    assert found.values.tolist() == [60 - 0.5 * 100, 200 - 0.9 * 200, 10 - 10, 20 - 30]


def test_ouhai_gained_young_workers_between_the_censuses(reference):
    before, after = census(reference, "ouhai", 2010), census(reference, "ouhai", 2020)
    ratio = xr.full_like(before, 0.995)
    ratio[:, -1] = 0.6
    found = migration.residual_migration(before, after, ratio)
    assert found.age.values[0] == 10
    assert found.attrs["units"] == "persons"
    # those of 20-24 in 2020 were 10-14 in 2010: many more came than had been there
    assert (found.sel(age=20) > before.sel(age=10)).all()
    early = migration.residual_migration(
        before.drop_attrs(), after.drop_attrs(), ratio, dates=DATES
    )
    xr.testing.assert_equal(found, early)


def test_leading_dims_of_any_input_are_kept():
    before, after, ratio = cohorts(BOMBAY_1941, BOMBAY_RATIO, BOMBAY_1951)
    draws = xr.concat([ratio, ratio * 0.99], "draw")
    found = migration.residual_migration(before, after, draws, dates=DATES, ratio_years=10)
    alone = migration.residual_migration(before, after, draws[1], dates=DATES, ratio_years=10)
    assert found.dims == ("draw", "age")
    np.testing.assert_array_equal(found[1], alone)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"dates": DATES[::-1]}, InputError, "second census is not after the first"),
        ({"dates": ("2010-11-01", "2017-11-01")}, CoordinateError, "not a multiple of the width"),
        ({"dates": ("Nov 2010", "2020-11-01")}, InputError, "census date cannot be read"),
        ({"dates": None}, InputError, "dates of the censuses are not known"),
        ({"dates": ("1900-01-01", "2020-01-01")}, CoordinateError, "no age group"),
        ({"method": "backward"}, InputError, "unknown residual method 'backward'"),
        ({"ratio_years": 7}, InputError, r"of that span(.|\n)*5 \(the age groups\) or 10"),
        (
            {"births": xr.DataArray([1.0], dims="year")},
            InputError,
            r"not one number for each step(.|\n)*1 entries",
        ),
    ],
)
def test_censuses_that_cannot_be_compared(change, error, message):
    before, after, ratio = cohorts(BOMBAY_1941, BOMBAY_RATIO, BOMBAY_1951)
    settings = {"dates": DATES, **change}
    with pytest.raises(error, match=message):
        migration.residual_migration(before, after, ratio, **settings)


def test_values_that_cannot_be_used():
    before, after, ratio = cohorts(BOMBAY_1941, BOMBAY_RATIO, BOMBAY_1951)
    with pytest.raises(BoundsError, match=r"survival ratio cannot be used(.|\n)*age=15"):
        migration.residual_migration(
            before, after, ratio.where(ratio.age != 15, 957.3), dates=DATES
        )
    with pytest.raises(BoundsError, match=r"population has 1 missing(.|\n)*age=20"):
        migration.residual_migration(before.where(before.age != 20), after, ratio, dates=DATES)
    with pytest.raises(BoundsError, match="no one could have reached the open age group"):
        migration.residual_migration(before.where(before.age < 60, 0.0), after, ratio, dates=DATES)
    with pytest.raises(CoordinateError, match="different labels on 'age'"):
        migration.residual_migration(before, after.isel(age=slice(0, -1)), ratio, dates=DATES)
    with pytest.raises(DimensionError, match="survival_ratio has no ages"):
        migration.residual_migration(before, after, ratio.mean("age"), dates=DATES)


# --- model schedules ------------------------------------------------------------------------


def test_the_schedule_is_the_published_formula():
    x = 33.0
    p = {
        **migration.ROGERS_CASTRO["western_male"],
        **{"a3": 0.001, "alpha3": 0.5, "mu3": 65.0, "lambda3": 0.3, "a4": 1e-4, "lambda4": 0.05},
    }
    expected = p["c"] + p["a1"] * np.exp(-p["alpha1"] * x)
    for i in "23":
        gap = x - p["mu" + i]
        expected += p["a" + i] * np.exp(-p["alpha" + i] * gap - np.exp(-p["lambda" + i] * gap))
    expected += p["a4"] * np.exp(p["lambda4"] * x)
    found = migration.rogers_castro([33], schedule="western_male", **p)
    assert float(found[0]) == pytest.approx(expected, rel=1e-14)


def test_published_schedules_have_about_one_migration_a_life():
    for name in migration.ROGERS_CASTRO:
        rates = migration.rogers_castro(range(101), schedule=name)
        assert 0.9 < float(rates.sum()) < 1.15  # the sets are printed for a level of one
        assert 20 <= int(rates.idxmax()) <= 25


@pytest.mark.parametrize("form", [7, 9, 11, 13])
def test_a_fit_finds_the_parameters_that_made_the_rates(form):
    truth = dict(migration.ROGERS_CASTRO["western_female"])
    if form in (11, 13):
        truth |= {"a3": 0.004, "alpha3": 0.7, "mu3": 64.0, "lambda3": 0.25}
    if form in (9, 13):
        truth |= {"a4": 0.0002, "lambda4": 0.04}
    rate = migration.rogers_castro(range(91), **truth)
    found = migration.fit_rogers_castro(rate, form=form)
    # without noise the minimum is zero; the search stops when a step gains less than 1e-8
    assert float(abs(found["fitted"] - rate).max()) < 1e-5 * float(rate.max())
    for name in ("alpha1", "mu2", "lambda2", "alpha2", "a2"):
        assert float(found[name]) == pytest.approx(truth[name], rel=2e-3)
    assert float(found["r_squared"]) > 1 - 1e-8


def test_a_fit_of_noisy_rates_recovers_the_peak_in_every_cell():
    rng = np.random.default_rng(4)
    rates = xr.concat([migration.rogers_castro(range(86), mu2=m) for m in (19.0, 24.0)], "region")
    noisy = rates * np.exp(0.05 * rng.standard_normal(rates.shape))
    found = migration.fit_rogers_castro(noisy)
    assert found["mu2"].dims == ("region",)
    assert found["mu2"].values == pytest.approx([19.0, 24.0], abs=0.5)  # 5 % noise on 86 rates
    assert found["fitted"].dims == ("region", "age")
    assert (found["r_squared"] > 0.97).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labda2": 0.4}, r"unknown parameter 'labda2'(.|\n)*did you mean 'lambda2'"),
        ({"a3": 0.1}, "'alpha3' is missing beside 'a3'"),
        ({"schedule": "western"}, "unknown migration schedule 'western'"),
    ],
)
def test_schedules_that_are_not_there(settings, message):
    with pytest.raises(InputError, match=message):
        migration.rogers_castro(range(10), **settings)


def test_rates_that_cannot_be_fitted():
    rate = migration.rogers_castro(range(91))
    with pytest.raises(BoundsError, match=r"negative or missing in 1 cells(.|\n)*age=4"):
        migration.fit_rogers_castro(rate.where(rate.age != 4, -0.1))
    with pytest.raises(FitError, match="no migration to fit"):
        migration.fit_rogers_castro(rate * 0)
    with pytest.raises(FitError, match="7 ages cannot determine 7"):
        migration.fit_rogers_castro(rate.isel(age=slice(0, 7)))
    with pytest.raises(InputError, match="no Rogers-Castro form of 8"):
        migration.fit_rogers_castro(rate, form=8)
    with pytest.raises(BoundsError, match="an age is not a number of years"):
        migration.rogers_castro([0.0, np.inf])


# --- totals and flows -----------------------------------------------------------------------


def profile() -> xr.DataArray:
    return xr.concat(
        [migration.rogers_castro(range(101), schedule=f"western_{sex}") for sex in SEXES], "sex"
    ).assign_coords(sex=SEXES)


def test_a_total_is_spread_and_adds_up():
    total = xr.DataArray([1000.0, -250.0], dims="year", coords={"year": [2025, 2026]})
    out = migration.spread_net_migration(total, profile())
    assert out.dims == ("year", "sex", "age")
    assert out.sum(["sex", "age"]).values == pytest.approx(total.values, rel=1e-13)
    assert (out.sel(year=2026) <= 0).all()
    assert out.attrs["units"] == "persons per year"
    # twice the weight, twice the migrants
    weights = profile()
    one, two = out.sel(year=2025).isel(sex=0, age=[20, 60]).values
    assert one / two == pytest.approx(float(weights[0, 20] / weights[0, 60]), rel=1e-13)


def test_the_difference_of_flows_adds_up_and_follows_its_definition():
    net = xr.DataArray([-300.0, 200.0], dims="year", coords={"year": [2025, 2026]})
    population = xr.full_like(profile(), 100.0) * (1 + profile().age / 100)
    came = profile()
    out = migration.flow_difference(
        net, 1000.0, in_profile=came, out_rate=profile(), population=population
    )
    assert out.sum(["sex", "age"]).values == pytest.approx(net.values, abs=1e-10)
    leavers = profile() * population
    expected = 1000 * came / came.sum() - 1300 * leavers / leavers.sum()
    np.testing.assert_allclose(out.sel(year=2025), expected, rtol=1e-12, atol=1e-14)


def test_net_migration_from_flows_is_in_less_out():
    out = migration.net_migration_from_flows(profile() * 3, profile())
    np.testing.assert_allclose(out, 2 * profile(), rtol=1e-13)


def test_totals_and_profiles_that_cannot_be_used():
    weights = profile()
    total = xr.DataArray([1.0, np.nan], dims="year", coords={"year": [2025, 2026]})
    with pytest.raises(BoundsError, match=r"net migration total(.|\n)*year=2026"):
        migration.spread_net_migration(total, weights)
    with pytest.raises(BoundsError, match=r"profile cannot be used(.|\n)*sign"):
        migration.spread_net_migration(1.0, -weights)
    with pytest.raises(BoundsError, match="profile is zero at every age"):
        migration.spread_net_migration(1.0, weights * 0)
    with pytest.raises(DimensionError, match="profile has no ages"):
        migration.spread_net_migration(1.0, weights.sum("age"))
    with pytest.raises(CoordinateError, match="sex is not female, male"):
        migration.spread_net_migration(1.0, weights.isel(sex=[1, 0]))
    with pytest.raises(BoundsError, match=r"out-migration cannot be used(.|\n)*positive"):
        migration.net_migration_from_flows(weights, -weights)
    with pytest.raises(ConflictError, match=r"fewer people come in all(.|\n)*year=2026"):
        migration.flow_difference(
            xr.DataArray([1.0, 90.0], dims="year", coords={"year": [2025, 2026]}),
            50.0,
            in_profile=weights,
            out_rate=weights,
            population=weights * 1000,
        )
