"""The m(x) of a life expectancy, blends, Brass's logit, and the mortality of children."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st
from scipy.optimize import brentq

from popsim.cells import Cells
from popsim.demography.mortality.child_mortality import adjust_child_mortality
from popsim.demography.mortality.levels import (
    blend_to_life_expectancy,
    rates_along,
    scale_to_life_expectancy,
)
from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.relational import brass_logit, fit_brass_logit
from popsim.demography.mortality.separation import SeparationRules, age_widths
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    FitError,
    InputError,
)
from popsim.kernels import mortality as kernel

#: Rates that are made up: some leave far more life above 100 than any population has.
OF_NO_POPULATION = pytest.mark.filterwarnings("ignore::popsim.errors.ImplausibleMortalityWarning")

SEXES = ["female", "male"]
#: What scale_to_life_expectancy promises [years].
PROMISED = 1e-6


def siler(ages: np.ndarray, level: float = 1.0) -> np.ndarray:
    """Rates of a Siler model: a steep start, a floor, a Gompertz old age."""
    return level * (0.006 * np.exp(-1.2 * ages) + 1e-4 + 2e-5 * np.exp(0.098 * ages))


@pytest.fixture
def single() -> xr.DataArray:
    ages = np.arange(101)
    return xr.DataArray(
        np.stack([siler(ages + 0.5), siler(ages + 0.5, 1.6)]),
        dims=("sex", "age"),
        coords={"sex": SEXES, "age": ages},
        name="mortality_rate",
    )


@pytest.fixture
def abridged() -> xr.DataArray:
    ages = np.array([0, 1, *range(5, 101, 5)])
    middle = np.append(ages[:-1] + np.diff(ages) / 2, 102.5)
    return xr.DataArray(
        np.stack([siler(middle), siler(middle, 1.6)]),
        dims=("sex", "age"),
        coords={"sex": SEXES, "age": ages},
    )


@pytest.fixture(scope="module")
def canada(reference: Path) -> xr.DataArray:
    with xr.open_dataset(reference / "un_ccmpp_canada.nc") as data:
        return data["mortality_rate"].load()


@pytest.fixture(scope="module")
def china(reference: Path) -> xr.DataArray:
    """Abridged rates by five-year period, World Population Prospects 2024."""
    table = pd.read_csv(reference / "wpp2024_china_mortality_5x5.csv", dtype={"age": str})
    table["age"] = table["age"].str.rstrip("+").astype(int)
    by_sex = [table.pivot_table(index="period", columns="age", values=c) for c in ("mxF", "mxM")]
    return xr.concat([xr.DataArray(t) for t in by_sex], xr.Variable("sex", SEXES))


def e0(rates: xr.DataArray, **rules: object) -> xr.DataArray:
    return life_table(rates, **rules)["ex"].sel(age=0, drop=True)


# --- scale_to_life_expectancy -------------------------------------------------------------


@OF_NO_POPULATION
@pytest.mark.parametrize("shape", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("ages", ["single", "abridged"])
def test_the_life_expectancy_is_met(
    request: pytest.FixtureRequest, ages: str, shape: float
) -> None:
    standard = request.getfixturevalue(ages)
    change = xr.DataArray([-8.0, -3.0, 0.0, 1e-7, 0.5, 9.0], dims="step")
    target = e0(standard) + change
    scaled = scale_to_life_expectancy(standard, target, shape=shape)
    assert float(abs(e0(scaled) - target).max()) <= PROMISED


@pytest.mark.parametrize("rules", [{"ax_rule": "keyfitz"}, {"a0": "coale-demeny"}, {"a0": 0.08}])
def test_the_life_expectancy_is_met_by_the_rules_that_are_asked_for(
    abridged: xr.DataArray, rules: dict[str, object]
) -> None:
    scaled = scale_to_life_expectancy(abridged, 80.0, **rules)
    assert float(abs(e0(scaled, **rules) - 80.0).max()) <= PROMISED
    # and by no others: the rules differ by more than the tolerance
    assert float(abs(e0(scaled) - 80.0).max()) > PROMISED


def test_rates_of_one_sex_and_a_float(single: xr.DataArray) -> None:
    men = single.sel(sex="male", drop=True)
    scaled = scale_to_life_expectancy(men, 77.0, sex="male")
    assert float(e0(scaled, sex="male")) == pytest.approx(77.0, abs=PROMISED)
    assert scaled.dims == ("age",)


def test_dims_match_by_name_and_the_input_stays(single: xr.DataArray) -> None:
    places = single.expand_dims(place=["x", "y"]) * xr.DataArray([1.0, 1.3], dims="place")
    target = xr.DataArray(
        [[80.0, 76.0], [84.0, 79.0], [90.0, 86.0]],
        dims=("year", "sex"),
        coords={"year": [2020, 2050, 2100], "sex": SEXES},
    )
    before = places.copy(deep=True)
    scaled = scale_to_life_expectancy(places, target)
    assert scaled.dims == ("place", "year", "sex", "age")
    assert scaled.attrs["units"] == "deaths per person-year"
    assert float(abs(e0(scaled) - target).max()) <= PROMISED
    xr.testing.assert_identical(places, before)
    # a cell does not depend on its neighbours
    alone = scale_to_life_expectancy(
        places.sel(place="y", sex=["male"]), target.sel(year=[2050], sex=["male"])
    )
    xr.testing.assert_equal(alone.squeeze(), scaled.sel(place="y", sex="male", year=2050))


def test_the_same_e0_leaves_the_rates_as_they_are(single: xr.DataArray) -> None:
    scaled = scale_to_life_expectancy(single, e0(single))
    np.testing.assert_array_equal(scaled.values, single.values)


@OF_NO_POPULATION
def test_against_an_independent_root_finder(single: xr.DataArray) -> None:
    """Brass's form from its formula, the level by scipy."""
    women = single.sel(sex=["female"])
    table = life_table(women).squeeze()
    within = np.append(table["Lx"].values[:-1], table["lx"].values[-1] / 2.0)

    def shifted(alpha: float) -> xr.DataArray:
        c = np.exp(2.0 * alpha)
        return women * c / (within + c * (1.0 - within))

    alpha = brentq(lambda a: float(e0(shifted(a)).item()) - 88.0, -3.0, 1.0, xtol=1e-14)
    # both stop within 1e-9 years, some 1e-10 of the rates
    np.testing.assert_allclose(
        scale_to_life_expectancy(women, 88.0, shape=1.0).values, shifted(alpha).values, rtol=1e-8
    )


def test_shape_one_is_brass_logit_of_survivors(single: xr.DataArray) -> None:
    scaled = scale_to_life_expectancy(single, e0(single) + 4.0, shape=1.0)
    fit = fit_brass_logit(scaled, single)
    # hazards at mid-age stand for the whole year: a discretisation error of 1e-3
    np.testing.assert_allclose(fit["logit_slope"].values, 1.0, atol=2e-3)
    assert (fit["logit_level"] < -0.1).all()


def test_shape_zero_changes_all_rates_by_one_factor(single: xr.DataArray) -> None:
    ratio = scale_to_life_expectancy(single, 80.0, shape=0.0) / single
    np.testing.assert_allclose(ratio.max("age").values, ratio.min("age").values, rtol=1e-12)


def test_higher_shape_spares_the_old(single: xr.DataArray) -> None:
    falls = [
        np.log(scale_to_life_expectancy(single, 88.0, shape=s) / single) for s in (0.0, 0.5, 1.0)
    ]
    for less, more in itertools.pairwise(falls):
        assert (more.sel(age=95) > less.sel(age=95)).all()
        assert (more.sel(age=30) < less.sel(age=30)).all()


def test_the_default_shape_is_the_best_of_the_three_on_record_and_forecast(
    canada: xr.DataArray, china: xr.DataArray
) -> None:
    """The figures in the docstring, from Canada's history and the UN's forecast for China."""
    pairs = [(1950, 1985), (1970, 2000), (1970, 2019), (1985, 2019), (1990, 2019)]
    pairs += [(2000, 2019), (2019, 1990)]
    history = [(canada.sel(year=a, drop=True), canada.sel(year=b, drop=True)) for a, b in pairs]
    now = china.sel(period="2020-2025", drop=True)
    future = [(now, china.sel(period=p, drop=True)) for p in ("2050-2055", "2095-2100")]

    def error(cases: list[tuple[xr.DataArray, xr.DataArray]], shape: float) -> float:
        squares = []
        for start, end in cases:
            scaled = scale_to_life_expectancy(start, e0(end), shape=shape)
            squares.append(((np.log(scaled / end) ** 2).mean("age") ** 0.5).mean())
        return float(np.mean(squares))

    found = [[round(error(c, s), 2) for s in (0.0, 0.5, 1.0)] for c in (history, future)]
    assert found == [[0.28, 0.19, 0.19], [0.31, 0.15, 0.27]]


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_men_where_the_rule_for_infants_jumps(single: xr.DataArray, factor: float) -> None:
    """Andreev and Kingkade's pieces do not meet at a male m(0) of 0.0230."""
    men = single.sel(sex=["male"]).copy()
    men[0, 0] = 0.0230
    below_it = men.where(men["age"] > 0, np.nextafter(0.0230, 0.0))
    at, below = float(e0(men).item()), float(e0(below_it).item())
    assert abs(at - below) > 1.2e-6
    men = men.squeeze("sex", drop=True)
    middle = 0.5 * (at + below)
    scaled = scale_to_life_expectancy(men * factor, middle, shape=0.0, sex="male")
    # no m(0) can come nearer than half of the jump
    assert float(e0(scaled, sex="male")) == pytest.approx(middle, abs=PROMISED)


@OF_NO_POPULATION
@settings(max_examples=25, deadline=None)
@given(
    level=st.floats(0.3, 3.0),
    target=st.floats(66.0, 97.0),
    shape=st.floats(0.0, 1.0),
)
def test_any_target_in_reach_is_met(level: float, target: float, shape: float) -> None:
    ages = np.arange(101)
    rates = xr.DataArray(siler(ages + 0.5, level), dims="age", coords={"age": ages})
    try:
        scaled = scale_to_life_expectancy(rates, target, shape=shape, sex="female")
    except FitError as error:
        # a dampened change cannot take high rates to the longest lives
        longest = float(re.findall(r"to ([0-9.]+) years", str(error.allowed))[0])
        assert shape > 0.0
        assert longest > 90.0
        # the limit is printed to 0.1 years
        assert target > longest - 0.05
        return
    assert float(e0(scaled, sex="female")) == pytest.approx(target, abs=PROMISED)
    assert (scaled > 0).all()


def test_kernel_and_its_python_give_the_same_bits(single: xr.DataArray) -> None:
    target = np.array([70.0, 83.0, 140.0, np.nan])
    cells = Cells({"sex": single["sex"]}, [])
    rules = SeparationRules(single, age_widths(single), "andreev-kingkade", "greville", None)
    infants, _, children, _, rule = rules.for_kernel(cells)
    which = np.array([0, 1, 0, 1])
    ones, first = np.ones((1, 101)), np.zeros(4, dtype=np.int64)
    results = []
    for run in (kernel.meet_life_expectancy, kernel.meet_life_expectancy.py_func):
        level, reach, out = np.empty(4), np.zeros((4, 2)), np.empty((4, 101))
        run(
            single.values, which, ones, first, ones, first, age_widths(single),
            infants, which, children, which, rule, target, np.full(101, 5.0), level, reach, out,
        )  # fmt: skip
        results.append((level, reach, out))
    for compiled, plain in zip(*results, strict=True):
        np.testing.assert_array_equal(compiled, plain)
    assert np.isnan(results[0][0]).tolist() == [False, False, False, True]


@OF_NO_POPULATION
@pytest.mark.parametrize(
    ("target", "got"), [(130.0, "130 years"), (2.0, "2 years"), (123.0, "123 years")]
)
def test_a_life_expectancy_out_of_reach_names_the_cell_and_the_range(
    single: xr.DataArray, target: float, got: str
) -> None:
    wanted = xr.DataArray(
        [[80.0, 75.0], [82.0, target]],
        dims=("year", "sex"),
        coords={"year": [2020, 2021], "sex": SEXES},
    )
    with pytest.raises(FitError, match=r"in 1 cells\n  where: year=2021, sex=male") as caught:
        scale_to_life_expectancy(single, wanted)
    assert caught.value.got == got
    low, high = (float(x) for x in str(caught.value.allowed).split(" years")[0].split(" to "))
    assert low < 40.0
    assert high > 95.0
    # the ends of the range that the message names can be met (they are rounded to 0.1)
    men = single.sel(sex="male", drop=True)
    for end in (low + 0.1, high - 0.1):
        scaled = scale_to_life_expectancy(men, end, sex="male")
        assert float(e0(scaled, sex="male")) == pytest.approx(end, abs=PROMISED)


def test_no_closed_group_is_asked_to_die_more_than_once(abridged: xr.DataArray) -> None:
    """Heavy mortality in wide groups makes a probability above 1 before rates are absurd."""
    with pytest.raises(FitError) as caught:
        scale_to_life_expectancy(abridged, 50.0, shape=0.0)
    low = float(str(caught.value.allowed).split(" to ")[0])
    edge = scale_to_life_expectancy(abridged.sel(sex=["female"]), low + 0.1, shape=0.0)
    last = life_table(edge)["qx"].isel(age=slice(0, -1)).max()
    assert 0.99 < float(last) <= 1.0


def test_rejections_of_scaling(single: xr.DataArray) -> None:
    target = xr.DataArray([80.0, np.nan], dims="sex", coords={"sex": SEXES})
    with pytest.raises(BoundsError, match=r"life_expectancy has 1 missing[^@]*where: sex=male"):
        scale_to_life_expectancy(single, target)
    with pytest.raises(BoundsError, match=r"life_expectancy is out of bounds"):
        scale_to_life_expectancy(single, -1.0)
    with pytest.raises(BoundsError, match="the shape is not between proportional hazards"):
        scale_to_life_expectancy(single, 80.0, shape=1.5)
    with pytest.raises(CoordinateError, match="different labels on 'sex'"):
        scale_to_life_expectancy(single, target.assign_coords(sex=["male", "female"]).fillna(80.0))
    with pytest.raises(InputError, match="differs by sex"):
        scale_to_life_expectancy(single.sel(sex="male", drop=True), 80.0)
    with pytest.raises(ConflictError, match="the sex is given twice"):
        scale_to_life_expectancy(single, 80.0, sex="male")
    with pytest.raises(DimensionError, match="lacks the dimension 'age'"):
        scale_to_life_expectancy(single.isel(age=0, drop=True), 80.0)
    with pytest.raises(BoundsError, match=r"mortality_rate is out of bounds"):
        scale_to_life_expectancy(-single, 80.0)


def test_rejections_of_a_path(single: xr.DataArray) -> None:
    ones = xr.ones_like(single)
    target = xr.DataArray(80.0)
    with pytest.raises(BoundsError, match=r"direction is out of bounds[^@]*sex=female, age=3"):
        rates_along(single, target, ones.where(ones["age"] != 3), ones)
    with pytest.raises(BoundsError, match=r"dampening is out of bounds"):
        rates_along(single, target, ones, 2.0 * ones)
    with pytest.raises(BoundsError, match=r"direction is 0 at all ages[^@]*where: direction at"):
        rates_along(single, target, 0.0 * ones, ones)


# --- blend --------------------------------------------------------------------------------


def test_a_blend_lies_between_and_meets_the_life_expectancy(
    single: xr.DataArray, canada: xr.DataArray
) -> None:
    pattern = canada.sel(year=1990, drop=True)
    weight = xr.DataArray([0.0, 0.5, 1.0], dims="year", coords={"year": [2020, 2021, 2022]})
    target = xr.DataArray([79.0, 75.0], dims="sex", coords={"sex": SEXES})
    blend = blend_to_life_expectancy(single, pattern, weight, target)
    assert float(abs(e0(blend) - target).max()) <= PROMISED
    ends = [scale_to_life_expectancy(x, target) for x in (single, pattern)]
    for year, end in ((2020, ends[0]), (2022, ends[1])):
        # log and exp lose a digit
        np.testing.assert_allclose(blend.sel(year=year).values, end.values, rtol=1e-12)
    halfway = np.log(blend.sel(year=2021))
    middle = 0.5 * (np.log(ends[0]) + np.log(ends[1]))
    # the last scaling moves the whole curve a little: the mean of logs has not quite this e0
    assert float(abs(halfway - middle).max()) < 0.02


def test_rejections_of_a_blend(single: xr.DataArray) -> None:
    with pytest.raises(BoundsError, match=r"not a share[^@]*got: 30"):
        blend_to_life_expectancy(single, single, 30.0, 80.0)
    zero = single.where(single["age"] != 10, 0.0)
    with pytest.raises(BoundsError, match=r"no logarithm[^@]*pattern at sex=female, age=10"):
        blend_to_life_expectancy(single, zero, 0.5, 80.0)
    with pytest.raises(CoordinateError, match="different labels on 'age'"):
        blend_to_life_expectancy(single, single.isel(age=slice(0, 90)), 0.5, 80.0)
    with pytest.raises(FitError, match="no level of mortality"):
        blend_to_life_expectancy(single, single, 0.5, 125.0)


# --- Brass's logit ------------------------------------------------------------------------


def test_brass_logit_of_survivors_is_a_line(single: xr.DataArray) -> None:
    level = xr.DataArray([-0.4, 0.3], dims="scenario")
    model = brass_logit(single, level, 1.15)
    before, after = life_table(single)["lx"], life_table(model)["lx"]
    inner = slice(1, 100)

    def logit(lx: xr.DataArray) -> xr.DataArray:
        inside = lx.sel(age=inner)
        return 0.5 * np.log((1.0 - inside) / inside)

    # 1 - l loses four digits where l is 0.9999
    xr.testing.assert_allclose(
        logit(after), (level + 1.15 * logit(before)).transpose(*after.dims), rtol=1e-9
    )


def test_brass_with_no_change_returns_the_standard(
    single: xr.DataArray, abridged: xr.DataArray
) -> None:
    for standard in (single, abridged):
        # survivors near 1 lose digits on the way through odds and back
        np.testing.assert_allclose(brass_logit(standard, 0.0).values, standard.values, rtol=1e-9)


def test_the_open_group_of_brass_against_the_integral(single: xr.DataArray) -> None:
    """With slope 1 and a constant hazard in the standard, the model's open group is known."""
    alpha = -0.3
    c = np.exp(2.0 * alpha)
    entering = life_table(single)["lx"].sel(age=100, drop=True)
    m = single.sel(age=100, drop=True)
    person_years = np.log1p((1.0 - c) / c * entering) / (1.0 - c) / m
    exact = entering / (entering + c * (1.0 - entering)) / person_years
    got = brass_logit(single, alpha).sel(age=100, drop=True)
    # a hazard at one instant for that of the whole group
    np.testing.assert_allclose(got.values, exact.values, rtol=2e-3)


def test_the_fit_recovers_level_and_slope(single: xr.DataArray, abridged: xr.DataArray) -> None:
    level = xr.DataArray([-0.4, 0.0, 0.3], dims="scenario")
    for standard in (single, abridged):
        fit = fit_brass_logit(brass_logit(standard, level, 0.9), standard)
        np.testing.assert_allclose(
            fit["logit_level"].transpose("sex", "scenario").values, [level.values] * 2, atol=1e-8
        )
        np.testing.assert_allclose(fit["logit_slope"].values, 0.9, rtol=1e-8)
        assert fit["logit_level"].attrs["long_name"]


def test_rejections_of_brass(single: xr.DataArray) -> None:
    with pytest.raises(BoundsError, match=r"logit_slope is out of bounds"):
        brass_logit(single, 0.0, 0.0)
    with pytest.raises(BoundsError, match=r"logit_level has 1 missing"):
        brass_logit(single, np.nan)
    with pytest.raises(CoordinateError, match="different labels on 'sex'"):
        brass_logit(single, xr.DataArray([0, 0], dims="sex", coords={"sex": ["male", "female"]}))
    living = single.where(single["age"] == 100, 0.0)
    with pytest.raises(FitError, match=r"too few ages with deaths[^@]*sex=female[^@]*got: 0 ages"):
        fit_brass_logit(single, living)
    with pytest.raises(CoordinateError, match="different labels on 'age'"):
        fit_brass_logit(single, single.isel(age=slice(0, 90)))


# --- children -----------------------------------------------------------------------------

LEVELS = xr.DataArray([0.003, 0.004], dims="sex", coords={"sex": SEXES})


@pytest.mark.parametrize("ages", ["single", "abridged"])
def test_both_levels_are_met_and_later_ages_stay(request: pytest.FixtureRequest, ages: str) -> None:
    rates = request.getfixturevalue(ages)
    adjusted = adjust_child_mortality(
        rates, infant_mortality=LEVELS, under_five_mortality=LEVELS + 0.001
    )
    table = life_table(adjusted)
    np.testing.assert_allclose(table["qx"].sel(age=0).values, LEVELS.values, rtol=1e-12)
    np.testing.assert_allclose(
        1.0 - table["lx"].sel(age=5).values, LEVELS.values + 0.001, rtol=1e-11
    )
    later = slice(5, None)
    np.testing.assert_array_equal(adjusted.sel(age=later).values, rates.sel(age=later).values)
    assert adjusted.dims == ("sex", "age")


def test_one_level_alone(single: xr.DataArray) -> None:
    infants = adjust_child_mortality(single, infant_mortality=0.01)
    np.testing.assert_allclose(life_table(infants)["qx"].sel(age=0).values, 0.01, rtol=1e-12)
    # from probabilities and back costs a digit or two
    np.testing.assert_allclose(
        infants.sel(age=slice(1, None)).values, single.sel(age=slice(1, None)).values, rtol=1e-12
    )
    both = adjust_child_mortality(single, under_five_mortality=0.02)
    table, before = life_table(both), life_table(single)
    np.testing.assert_allclose(1.0 - table["lx"].sel(age=5).values, 0.02, rtol=1e-12)
    hazards = [np.log1p(-t["qx"].sel(age=slice(0, 4))) for t in (table, before)]
    factor = hazards[0] / hazards[1]
    np.testing.assert_allclose(factor.max("age").values, factor.min("age").values, rtol=1e-9)


def test_levels_as_they_are_change_nothing(abridged: xr.DataArray) -> None:
    table = life_table(abridged)
    same = adjust_child_mortality(
        abridged,
        infant_mortality=table["qx"].sel(age=0, drop=True),
        under_five_mortality=1.0 - table["lx"].sel(age=5, drop=True),
    )
    np.testing.assert_allclose(same.values, abridged.values, rtol=1e-11)


def test_levels_by_year_broadcast(single: xr.DataArray) -> None:
    path = xr.DataArray([0.005, 0.002], dims="year", coords={"year": [2020, 2050]})
    adjusted = adjust_child_mortality(single, infant_mortality=path)
    assert adjusted.dims == ("year", "sex", "age")


def test_rejections_of_child_levels(single: xr.DataArray) -> None:
    with pytest.raises(InputError, match="no level of child mortality is given"):
        adjust_child_mortality(single)
    with pytest.raises(BoundsError, match=r"infant_mortality is out of bounds[^@]*per 1,000"):
        adjust_child_mortality(single, infant_mortality=5.0)
    with pytest.raises(
        BoundsError,
        match=r"not above infant mortality[^@]*at sex=male[^@]*got: 0.0035[^@]*above 0.004",
    ):
        adjust_child_mortality(single, infant_mortality=LEVELS, under_five_mortality=0.0035)
    with pytest.raises(BoundsError, match="not above infant mortality"):
        adjust_child_mortality(single, under_five_mortality=0.0)
    deathless = single.where((single["age"] < 1) | (single["age"] > 4), 0.0)
    with pytest.raises(FitError, match=r"no deaths at the ages to be scaled"):
        adjust_child_mortality(deathless, infant_mortality=0.01, under_five_mortality=0.02)
    with pytest.raises(CoordinateError, match="different labels on 'sex'"):
        adjust_child_mortality(
            single, infant_mortality=LEVELS.assign_coords(sex=["male", "female"])
        )
