"""Women by parity: the classic engine's births with policy off, and what a bonus does."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

import popsim as ps
from popsim.baselines.load import PLACES
from popsim.baselines.parity_start import starting_women
from popsim.engine import classic, parity
from popsim.engine.inputs import check_inputs
from popsim.engine.parity import CEILING, consistent_rates
from popsim.engine.parity_inputs import women_of
from popsim.errors import (
    BirthsLostWarning,
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    InfeasibleError,
    InputError,
    MissingVariableError,
)
from popsim.schema.checks import check_accounting

AGES = np.arange(101)


def with_women(name, end=2100):
    """A baseline with China's shares of women by parity, whatever its level of fertility."""
    baseline = ps.load_baseline(name, end=end)
    women = starting_women(baseline["population"].sel(sex="female", drop=True), 2021)
    return baseline.assign(women_by_parity=women)


def by_conditional_rates(baseline, rates, factor=None, outputs="full"):
    """Project the baseline by conditional rates times a factor (year, order)."""
    data = check_inputs(baseline, timing="even", outputs="full")
    case = classic.case_of(
        data.drop_vars("fertility_rate"),
        women=women_of(baseline),
        fertility=rates["conditional_fertility_rate"],
        factor=factor,
    )
    return parity.full(case) if outputs == "full" else parity.summary(case)


def relative(ours, theirs):
    """Largest difference relative to what it should be."""
    theirs = theirs.transpose(*ours.dims)
    return float((abs(ours - theirs) / abs(theirs).where(theirs != 0.0, 1.0)).max())


@pytest.fixture(scope="module")
def china():
    """China to 2100 with its consistent rates and its projection by parity."""
    baseline = with_women("china")
    rates = consistent_rates(baseline)
    return baseline, rates, by_conditional_rates(baseline, rates)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("timing", ["even", "end"])
def test_births_and_population_are_the_classic_engines_for_80_years(name, timing):
    baseline = ps.load_baseline(name)
    assert baseline.sizes["year"] == 80
    rates = consistent_rates(baseline, timing=timing)
    given_rates = baseline.assign(conditional_fertility_rate=rates["conditional_fertility_rate"])
    ours = ps.project(given_rates, timing=timing)
    data = check_inputs(baseline, timing=timing, outputs="full")
    fertility = rates["fertility_rate_by_order"]
    case = classic.case_of(data, fertility=fertility, timing=timing)
    without = classic.full(case)
    for variable in ("births", "population", "deaths", "net_migration"):
        assert relative(ours[variable], without[variable]) < 1e-10, variable
    # The orders follow from the women by parity; no birth more or less at any age.
    assert (
        relative(ours["births"].sum("order"), ps.project(baseline, timing=timing)["births"]) < 1e-10
    )
    women = ours["population"].sel(sex="female", drop=True)
    assert relative(ours["women_by_parity"].sum("parity"), women) < 1e-12
    assert float(ours["women_by_parity"].min()) >= 0.0
    check_accounting(ours)
    summary = ps.project(given_rates, timing=timing, outputs="summary")
    assert relative(summary["births"], without["births"].sum("age")) < 1e-10
    np.testing.assert_allclose(
        summary["women_by_parity_final"], ours["women_by_parity"].isel(time=-1), rtol=1e-12
    )
    tfr = baseline["fertility_rate"].sum("age")
    assert relative(summary["total_fertility_rate"], tfr) < 1e-9
    assert relative(ours["total_fertility_rate"], tfr) < 1e-9


def test_men_do_not_feel_how_women_are_split(china):
    baseline, _, result = china
    classic = ps.project(baseline)
    men = {"sex": "male"}
    assert relative(result["population"].sel(men), classic["population"].sel(men)) < 1e-10
    assert relative(result["population"].sum("sex"), classic["population"].sum("sex")) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("form", ["birth_order_share", "fertility_rate_by_order"])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_random_inputs_keep_the_classic_births(form, seed):
    rng = np.random.default_rng(seed)
    years = np.arange(2020, 2100)
    coords = {"year": years, "age": np.arange(20), "order": [1, 2, 3], "sex": ["female", "male"]}
    rates = np.zeros((80, 3, 20))
    # All orders of one size: women of a parity would run out if none gave way to another.
    spread = [1.0, 1.0, 1.0] if form == "birth_order_share" else [1.0, 0.2, 0.02]
    rates[:, :, 12:18] = rng.uniform(0, 0.1, (80, 3, 6)) * np.array(spread)[:, None]
    flow = ("year", "sex", "age")
    people = rng.uniform(50, 100, (2, 20))
    shares = rng.dirichlet(np.full(4, 5.0), 20).T
    total = rates.sum(axis=1)
    split = np.full((3, 20), 1 / 3)
    split[:, 12:18] = rates[0, :, 12:18] / total[0, 12:18]
    inputs = xr.Dataset(
        {
            "population": (("sex", "age"), people),
            "survival_ratio": (flow, rng.uniform(0.9, 1.0, (80, 2, 20))),
            "fertility_rate_by_order": (("year", "order", "age"), rates),
            "birth_order_share": (("order", "age"), split),
            "fertility_rate": (("year", "age"), total),
            "sex_ratio_at_birth": ("year", rng.uniform(1.0, 1.1, 80)),
            "net_migration_rate": (flow, rng.uniform(-0.02, 0.05, (80, 2, 20))),
            "women_by_parity": (("parity", "age"), shares * people[0]),
        },
        coords={**coords, "parity": range(4)},
    )
    other = ({"birth_order_share", "fertility_rate_by_order"} - {form}).pop()
    inputs = inputs.drop_vars(other)
    consistent = consistent_rates(inputs)
    ours = by_conditional_rates(inputs, consistent)
    data = check_inputs(inputs, timing="even", outputs="full")
    case = classic.case_of(data, fertility=consistent["fertility_rate_by_order"])
    without = classic.full(case)
    assert relative(ours["births"], without["births"]) < 1e-10
    assert relative(ours["population"], without["population"]) < 1e-10
    assert relative(ours["births"].sum("order"), ps.project(inputs)["births"]) < 1e-10
    assert float(consistent["births_displaced"].max()) == 0.0
    if form == "fertility_rate_by_order" and float(consistent["births_reordered"].max()) < 1e-10:
        assert relative(consistent[form], inputs[form]) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_first_year_has_its_order_mix_exactly_and_later_years_follow_the_stock(name):
    baseline = ps.load_baseline(name)
    result = by_conditional_rates(baseline, consistent_rates(baseline))
    births = result["births"]
    first = births.isel(year=0)
    shared = first.sum("order") * baseline["birth_order_share"]
    np.testing.assert_allclose(first, shared.transpose("order", "age"), rtol=1e-12)
    rates = consistent_rates(baseline)["conditional_fertility_rate"].sel(age=slice(20, 49))
    assert float(rates.max()) < CEILING  # nothing is cut off in a shipped baseline
    ratio = rates / rates.isel(year=0)
    np.testing.assert_allclose(ratio, ratio.sel(parity=[0] * 4).values, rtol=1e-10)
    # At a total of about one child nobody's second births can stay what they were.
    mix = births.sum("age") / births.sum(["order", "age"])
    later = mix.sel(year=slice(2040, None))
    assert float(later.sel(order=1).min()) > 0.55
    assert float(later.sel(order=1).max()) < 0.80
    assert float(later.sel(order=2).min()) > 0.20
    assert float(abs(mix.diff("year")).max()) < 0.04  # no leap from one year to the next


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "published"),
    [("huzhou", [0.5981]), ("china", [0.45, 0.43, 0.12]), ("ouhai", [0.47, 0.48, 0.05])],
)
def test_published_shares_of_the_first_year_hold_exactly(name, published):
    """Huzhou: 40.19 % of the births of 2021 are second or higher ones."""
    baseline = ps.load_baseline(name, end=2022)
    result = by_conditional_rates(baseline, consistent_rates(baseline))
    births = result["births"].sel(year=2021).sum("age")
    got = (births / births.sum()).values[: len(published)]
    np.testing.assert_allclose(got, published, rtol=1e-10)  # raked to 1e-13


def one_year_bonus(baseline, year, order, log_effect):
    """Factors (year, order) with an effect in one year."""
    factor = xr.DataArray(
        np.ones((baseline.sizes["year"], 3)),
        {"year": baseline["year"].values, "order": [1, 2, 3]},
        ("year", "order"),
    )
    factor.loc[{"year": year, "order": order}] = np.exp(log_effect)
    return factor


def along_cohort(births, start, age, years):
    """Births by year since ``start`` of the women who were ``age`` then."""
    return np.array([float(births.sel(year=start + t, age=age + t)) for t in range(years)])


def children_at_50(result):
    """Children borne per woman aged 50, three-or-more counted as three."""
    women = result["women_by_parity"].sel(age=50)
    return (women * women["parity"]).sum("parity") / women.sum("parity")


def test_a_bonus_gives_a_spike_and_then_fewer_second_births_of_the_same_cohorts(china):
    baseline, rates, before = china
    after = by_conditional_rates(baseline, rates, one_year_bonus(baseline, 2025, 2, np.log(2.0)))
    second = (after["births"] - before["births"]).sel(order=2)
    spike = float(second.sel(year=2025).sum("age"))
    base = float(before["births"].sel(order=2, year=2025).sum("age"))
    # Doubled but for those of the first half who are not exposed in the second.
    assert 0.9 * base < spike < base
    assert float(abs(second.sel(year=slice(None, 2024))).max()) == 0.0
    gain = children_at_50(after) - children_at_50(before)
    per_woman = second.sel(year=2025) / before["population"].sel(sex="female", time=2025)
    for age in (25, 30, 35):
        path = along_cohort(second, 2025, age, 50 - age)
        assert path[0] > 0.0
        assert (path[1:] < 0.0).all(), age
        # Part of the spike stays: the younger the mothers, the more would have borne later.
        assert 0.0 < path.sum() < path[0]
        completed = float(gain.sel(time=2025 + 50 - age))
        # The cohort bore at this age in the first half of the year, at the next in the second.
        assert 0.0 < completed < float(per_woman.sel(age=[age, age + 1]).mean())


#: Births brought forward: an effect for three years, and what it takes from the next six.
FORWARD, BACK = [1.0] * 3, [-0.5] * 6


@pytest.mark.parametrize("order", [1, 2, 3])
def test_pure_timing_leaves_completed_fertility_unchanged(china, order):
    """No lasting share: an effect of 10 % is births moved, and cohorts end where they did."""
    baseline, rates, before = china
    largest = []
    for payback in (BACK, []):
        moved = np.zeros((baseline.sizes["year"], 3))
        path = np.log(1.1) * np.array(FORWARD + payback)
        moved[5 : 5 + len(path), order - 1] = path
        factor = xr.DataArray(
            np.exp(moved),
            {"year": baseline["year"].values, "order": [1, 2, 3]},
            ("year", "order"),
        )
        after = by_conditional_rates(baseline, rates, factor)
        change = children_at_50(after) / children_at_50(before) - 1.0
        early = (after["births"] - before["births"]).sum(["order", "age"])
        assert float(early.isel(year=slice(5, 8)).min()) > 0.0
        largest.append(float(abs(change).max()))
        if payback:
            assert largest[-1] < 0.01
            assert float(early.isel(year=slice(8, 14)).max()) < 0.0
    assert largest[1] > 1.5 * largest[0]  # the stock alone does not know who moved


@pytest.mark.slow
def test_lasting_effect_fades_in_the_stock_and_stays_in_the_cohort():
    baseline = with_women("huzhou")
    rates = consistent_rates(baseline)
    before = by_conditional_rates(baseline, rates)
    factor = one_year_bonus(baseline, 2030, 2, 0.0)
    factor.loc[{"year": slice(2030, None), "order": 2}] = 1.1
    after = by_conditional_rates(baseline, rates, factor)
    births = [r["births"].sel(order=2).sum("age") for r in (after, before)]
    extra = births[0] / births[1] - 1.0
    assert float(extra.sel(year=2030)) == pytest.approx(0.1, abs=0.01)
    assert 0.0 < float(extra.sel(year=2050)) < 0.08  # fewer mothers of one are left to respond
    assert float((children_at_50(after) - children_at_50(before)).sel(time=2070)) > 0.0


def test_no_confinement_beyond_one_a_year_whatever_the_factor(china):
    baseline, rates, _ = china
    factor = xr.full_like(one_year_bonus(baseline, 2030, 2, 0.0), 100.0)
    result = by_conditional_rates(baseline, rates, factor)
    assert float(result["women_by_parity"].min()) >= 0.0
    women = result["population"].sel(sex="female", drop=True)
    assert relative(result["women_by_parity"].sum("parity"), women) < 1e-12


# --- what is refused -------------------------------------------------------------------


@pytest.fixture(scope="module")
def ouhai():
    return with_women("ouhai", end=2040)


@pytest.mark.slow
def test_women_who_do_not_add_up_are_refused(ouhai):
    women = ouhai["women_by_parity"]
    bad = women.where(women["age"] != 30, women * 0.9)
    with pytest.raises(BoundsError, match=r"do not add up to the women\n.*age=30"):
        consistent_rates(ouhai.assign(women_by_parity=bad))


@pytest.mark.parametrize("labels", [[1, 2, 3, 4], ["none", "one", "two", "more"]])
def test_unknown_parities_are_refused(ouhai, labels):
    women = ouhai["women_by_parity"].assign_coords(parity=labels)
    with pytest.raises(CoordinateError, match="the parities are not 0, 1, 2, 3"):
        consistent_rates(
            ouhai.drop_vars(["women_by_parity", "parity"]).assign(women_by_parity=women)
        )


def test_where_a_parity_has_too_few_women_others_bear_and_it_is_reported(ouhai):
    women = ouhai["population"].sel(sex="female", drop=True)
    births = ps.project(ouhai)["births"]
    for split in ([0.98, 0.01, 0.005, 0.005], [1.0, 0.0, 0.0, 0.0]):
        shares = xr.DataArray(split, {"parity": range(4)}, ("parity",))
        scarce = ouhai.assign(women_by_parity=women * shares)
        consistent = consistent_rates(scarce)
        assert float(consistent["conditional_fertility_rate"].max()) <= 1.0
        got = by_conditional_rates(scarce, consistent)["births"]
        assert relative(got.sum("order"), births) < 1e-10
        moved = consistent["births_reordered"].isel(year=0)
        asked = births.isel(year=0) * ouhai["birth_order_share"]
        off = 0.5 * abs(got.isel(year=0) - asked).sum(["order", "age"])
        assert float(moved) == pytest.approx(float(off), rel=1e-9)
        assert float(moved) > 0.1 * float(births.isel(year=0).sum())


def test_births_that_all_women_together_cannot_bear_are_refused(ouhai):
    few = ouhai.assign(fertility_rate=xr.where(ouhai["fertility_rate"] > 0.0, 1.0, 0.0))
    few["fertility_rate"].attrs = ouhai["fertility_rate"].attrs
    with pytest.raises(InfeasibleError, match=r"than all women .* can bear\n.*year=2021"):
        consistent_rates(few)
    with pytest.raises(InfeasibleError, match=r"than all women .* can bear\n.*year=2021"):
        ps.simulate(few, [], draws=2, vary=["response"])
    with pytest.warns(BirthsLostWarning, match="years of draws .* first at year=2021") as noted:
        ps.simulate(few, [], draws=2)
    assert noted[0].filename == __file__


def by_order_of(baseline, shares):
    """Rates by order of every year from shares."""
    rates = (baseline["fertility_rate"] * shares).transpose("year", "order", "age")
    return baseline.drop_vars("birth_order_share").assign(fertility_rate_by_order=rates)


def test_orders_of_every_year_are_kept_where_they_are_given(ouhai):
    """To 2035: held for longer, Ouhai's mix asks for more second births than there are mothers."""
    ouhai = ouhai.sel(year=slice(None, 2035))
    shares = ouhai["birth_order_share"]
    given_rates = by_order_of(ouhai, shares)
    rates = consistent_rates(given_rates)
    result = by_conditional_rates(given_rates, rates)
    mix = result["births"].sum("age") / result["births"].sum(["order", "age"])
    free = by_conditional_rates(ouhai, consistent_rates(ouhai))["births"]
    assert relative(result["births"].isel(year=0), free.isel(year=0)) < 1e-12
    assert relative(rates["fertility_rate_by_order"], given_rates["fertility_rate_by_order"]) < 1e-9
    assert float(mix.sel(order=2, year=2035)) > float(
        (free.sum("age") / free.sum(["order", "age"])).sel(order=2, year=2035)
    )


def test_birth_orders_that_cannot_be_are_refused(ouhai):
    shares = ouhai["birth_order_share"]
    half = shares.where(shares["age"] != 30, shares / 2.0)
    with pytest.raises(BoundsError, match=r"orders do not add up to one\n.*age=30"):
        consistent_rates(ouhai.assign(birth_order_share=half))
    both = by_order_of(ouhai, shares).assign(birth_order_share=shares)
    with pytest.raises(ConflictError, match="birth orders are given in two forms"):
        consistent_rates(both)
    with pytest.raises(MissingVariableError, match="no fertility by birth order"):
        consistent_rates(ouhai.drop_vars("birth_order_share"))
    with pytest.raises(InputError, match="the birth orders are not 1, 2, 3"):
        consistent_rates(ouhai.assign_coords(order=[0, 1, 2]))
    with pytest.raises(DimensionError, match="varies over 'year'"):
        consistent_rates(ouhai.assign(birth_order_share=shares.expand_dims(year=ouhai["year"])))
    less = by_order_of(ouhai, shares * 0.9)
    with pytest.raises(InputError, match="do not add up to fertility_rate"):
        consistent_rates(less)


def test_conditional_rates_that_cannot_be_are_refused(ouhai):
    rates = consistent_rates(ouhai)["conditional_fertility_rate"]
    project = lambda r, **more: ps.project(  # noqa: E731
        ouhai.assign(conditional_fertility_rate=r, **more)
    )
    with pytest.raises(BoundsError, match="incidence rates passed as conditional"):
        project(rates.where(rates["age"] != 25, 1.2))
    by_order = by_order_of(ouhai, ouhai["birth_order_share"])["fertility_rate_by_order"]
    incidence = by_order.rename(order="parity")
    third = incidence.isel(parity=[2])
    incidence = xr.concat([incidence, third], dim="parity").assign_coords(parity=range(4))
    with pytest.raises(BoundsError, match="incidence rates are given as conditional"):
        project(incidence)
    with pytest.raises(DimensionError, match="rates by order are given as conditional"):
        project(by_order)
    with pytest.raises(BoundsError, match="outside of the reproductive ages"):
        project(rates.where(rates["age"] != 70, 0.01))
    with pytest.raises(MissingVariableError, match="no women by parity"):
        ps.project(ouhai.drop_vars("women_by_parity").assign(conditional_fertility_rate=rates))


def test_rates_of_five_years_that_exceed_one_birth_a_step_are_refused():
    ages, years = np.arange(0, 105, 5), np.array([2020, 2025])
    flow = ("year", "sex", "age")
    rates = np.zeros((2, 4, 21))
    rates[:, :, 5] = 0.3
    inputs = xr.Dataset(
        {
            "population": (("sex", "age"), np.full((2, 21), 100.0)),
            "survival_ratio": (flow, np.full((2, 2, 21), 0.99)),
            "sex_ratio_at_birth": ("year", [1.05, 1.05]),
            "women_by_parity": (("parity", "age"), np.full((4, 21), 25.0)),
            "conditional_fertility_rate": (("year", "parity", "age"), rates),
        },
        coords={"age": ages, "year": years, "sex": ["female", "male"], "parity": range(4)},
    )
    with pytest.raises(BoundsError, match="bear more than once in a step"):
        ps.project(inputs)
    inputs["conditional_fertility_rate"] = inputs["conditional_fertility_rate"] / 2.0
    result = ps.project(inputs)  # fertility_rate is not needed
    assert result["births"].dims == ("year", "order", "age")


@pytest.mark.slow
def test_regions_are_projected_each_by_its_own_rates(ouhai):
    names = ("ouhai", "huzhou")
    each = [ouhai, with_women("huzhou", end=2040)]
    shared = [
        b[["population", "mortality_rate", "fertility_rate", "sex_ratio_at_birth",
           "net_migration_rate", "birth_order_share", "women_by_parity"]]
        for b in each
    ]  # fmt: skip
    both = xr.concat(shared, dim=xr.DataArray(list(names), dims="region", name="region"))
    rates = consistent_rates(both)["conditional_fertility_rate"]
    together = ps.project(both.assign(conditional_fertility_rate=rates))
    for name, one in zip(names, shared, strict=True):
        alone = consistent_rates(one)["conditional_fertility_rate"]
        xr.testing.assert_equal(rates.sel(region=name, drop=True), alone)
        result = ps.project(one.assign(conditional_fertility_rate=alone))
        for variable in ("births", "women_by_parity", "population"):
            assert np.array_equal(together[variable].sel(region=name), result[variable])
