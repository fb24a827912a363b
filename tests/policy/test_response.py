"""The response: published check values, stacking, timing, ceilings."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import popsim as ps
from popsim.errors import ConflictError, MissingVariableError
from popsim.policy.response import (
    Responsiveness,
    cash_effect,
    check_place,
    fertility_multipliers,
    full_effects,
    in_time,
    recipients_effect,
    saturated,
    timing_kernel,
)
from popsim.policy.takeup import nested_tiers, take_up_draws

MEDIAN = Responsiveness(
    a=np.array([0.45]),
    b=np.array([0.6]),
    housing=np.array([1.2]),
    quantum=np.array([0.5]),
    lag=np.array([0.75]),
)
YEARS = np.arange(2021, 2061)


def always_taken(scenario):
    """The scenario with every family taking every cash benefit (within 1e-6), and no homes."""
    sure = {"median": 1 - 1e-9, "lower": 1 - 1e-6, "upper": 1.0, "source": "assumption",
            "reason": "full payment"}  # fmt: skip
    data = scenario.without("home_purchase_subsidy").model_dump()
    for instrument in (*data["instruments"], *data["background"]):
        instrument["take_up"] = sure
    return ps.Scenario.model_validate(data)


def test_cash_function_meets_its_check_values():
    """Evidence notes: 1.0 % at s=4, 1.9 % at 11, 3.7 % at 33, 8 % at 120."""
    effect = cash_effect(np.array([4.0, 11.0, 33.0, 120.0]), 0.45, 0.6)
    np.testing.assert_allclose(effect, [1.0, 1.9, 3.7, 8.0], atol=0.05)  # printed to 0.1


def test_ouhai_worked_check():
    """Evidence notes: 0.5 %, 4.1 %, 6.1 % at the three orders, +1.1 % of resident births.

    To 10 %: payments over three years are discounted here and not there.
    """
    scenario = always_taken(ps.load_scenario("ouhai"))
    effects = [
        100 * np.expm1(recipients_effect(scenario.instruments, o, scenario, MEDIAN, 0)[0])
        for o in (1, 2, 3)
    ]
    np.testing.assert_allclose(effects, [0.46, 4.1, 6.1], rtol=0.1)
    mix = np.array([0.54, 0.41, 0.05])
    assert 0.5 * mix @ effects == pytest.approx(1.1, rel=0.1)


def test_benefits_are_stacked_before_the_function():
    """Two grants together do less than the sum of each alone."""
    scenario = always_taken(ps.load_scenario("ouhai"))
    grant, rearing, *_ = scenario.instruments
    both = recipients_effect([grant, rearing], 2, scenario, MEDIAN, 0)
    apart = [recipients_effect([i], 2, scenario, MEDIAN, 0) for i in (grant, rearing)]
    assert max(apart) < both < sum(apart)


def test_background_lowers_what_a_local_grant_adds():
    scenario = always_taken(ps.load_scenario("ouhai"))
    alone = scenario.without("national_childcare_subsidy")
    with_nation, without = (full_effects(s, YEARS, MEDIAN, 0.5, 0) for s in (scenario, alone))
    assert np.array_equal(with_nation[:, :4], without[:, :4])  # the nation's begins in 2025
    assert (with_nation[:, -1] < without[:, -1]).all()


def test_effect_rises_with_the_amount_and_stays_below_the_largest():
    effects = saturated(np.log1p(cash_effect(np.geomspace(1, 1e5, 50), 0.45, 0.6) / 100))
    assert (np.diff(effects) > 0).all()
    assert effects[-1] <= np.log(1.25)


def test_nothing_responds_before_the_lag():
    scenario = ps.load_scenario("ouhai")
    effects = full_effects(scenario, YEARS, MEDIAN, 0.5, 0)
    assert (effects[0, :2] == 0).all()
    # The grant from 1 January 2023, nine months later: a quarter of 2023 responds. The
    # benefits from 1 July, for second and third births only, act from April 2024.
    grant, *_ = effects[0, 2]
    assert grant / effects[0, 3, 0] == pytest.approx(0.25)
    assert effects[0, 3, 1] > 5 * effects[0, 2, 1]


def test_first_births_do_not_respond_to_second_child_benefits():
    scenario = ps.load_scenario("ouhai").without("birth_grant")
    effects = full_effects(scenario, YEARS, MEDIAN, 0.5, 0)
    assert (effects[:, :, 0] == 0).all()
    assert (effects[:, 5:, 1:] > 0).all()


def test_timing_moves_births_and_loses_none():
    kernel = timing_kernel(20)
    assert kernel[:3].tolist() == [1, 1, 1]
    assert abs(kernel.sum()) < 1e-15
    full = np.zeros((1, 20, 1))
    full[:, 5:] = 0.04
    moved = in_time(full, np.array([0.0]))
    assert moved[0, 5, 0] == pytest.approx(0.04)
    assert moved[0, 9, 0] < 0
    assert abs(moved.sum()) < 1e-15  # with no lasting share all is paid back
    np.testing.assert_allclose(in_time(full, np.array([1.0])), full)
    half = in_time(full, np.array([0.5]))
    np.testing.assert_allclose(half[0, 14:, 0], 0.02)  # after the payback the lasting half


def test_package_never_adds_more_than_the_ceiling():
    scenario = ps.load_scenario("ouhai")
    data = scenario.model_dump()
    for instrument in data["instruments"]:
        for quantity in instrument["amounts"].values():
            quantity["value"] *= 1.0 if quantity["unit"] == "percent" else 1000.0
    huge = ps.Scenario.model_validate(data)
    given = Responsiveness.draw(200, seed=1)
    tfr = np.broadcast_to([0.8, 0.7, 0.3], (200, len(YEARS), 3))
    factors = fertility_multipliers(
        huge, years=YEARS, births_per_woman=tfr, registered_share=1.0, given=given, seed=1
    )
    gain = (tfr * (factors - 1)).sum(axis=2)
    assert gain.max() == pytest.approx(0.20)
    assert factors.max() > 1.1


def test_zero_package_changes_no_bit():
    scenario = ps.load_scenario("ouhai").model_copy(update={"instruments": ()})
    factors = fertility_multipliers(
        scenario,
        years=YEARS,
        births_per_woman=np.ones((1, len(YEARS), 3)),
        registered_share=0.5,
        given=MEDIAN,
        seed=0,
    )
    assert (factors == 1.0).all()


def test_ended_package_stops_a_lag_after_its_end():
    data = ps.load_scenario("ouhai").without("national_childcare_subsidy").model_dump()
    for instrument in data["instruments"]:
        instrument["end"] = dt.date(2029, 12, 31)
    effects = full_effects(ps.Scenario.model_validate(data), YEARS, MEDIAN, 0.5, 0)
    years = {y: effects[0, i, 1] for i, y in enumerate(YEARS)}
    assert years[2029] > 0
    np.testing.assert_allclose(years[2030] / years[2029], 0.75)
    assert years[2031] == 0


def test_registered_share_is_asked_for():
    with pytest.raises(MissingVariableError, match=r"registered families is not known"):
        fertility_multipliers(
            ps.load_scenario("ouhai"),
            years=YEARS,
            births_per_woman=np.ones((1, len(YEARS), 3)),
            registered_share=None,
            given=MEDIAN,
            seed=0,
        )


def test_scenario_for_another_place():
    with pytest.raises(ConflictError, match="written for another place"):
        check_place(ps.load_scenario("ouhai"), "cixi")


def test_responses_to_cash_and_housing_go_together():
    """One responsiveness: rank correlation 0.5, to the error of 20,000 draws (about 0.01)."""
    from scipy.stats import spearmanr

    given = Responsiveness.draw(20_000, seed=3)
    assert spearmanr(given.a, given.housing).statistic == pytest.approx(0.5, abs=0.03)
    low, middle, high = np.quantile(given.a, [0.1, 0.5, 0.9])
    np.testing.assert_allclose([low, middle, high], [0.2, 0.45, 1.0], rtol=0.05)


def test_tiers_add_up_to_each_take_up():
    shares = [np.array([0.9, 0.2]), np.array([0.4, 0.5]), np.array([0.01, 0.7])]
    tiers = nested_tiers(shares)
    for k, share in enumerate(shares):
        taken = sum(part * takes[k] for part, takes in tiers)
        np.testing.assert_allclose(taken, share, rtol=1e-14)
    assert all((part >= 0).all() for part, _ in tiers)


def test_take_up_is_drawn_by_instrument_not_by_scenario():
    grant = ps.load_scenario("ouhai").instruments[0]
    draws = take_up_draws(grant, 5000, seed=2)
    np.testing.assert_allclose(np.quantile(draws, [0.1, 0.5, 0.9]), [0.80, 0.90, 0.96], atol=0.01)
    assert np.array_equal(draws[:10], take_up_draws(grant, 10, seed=2))
