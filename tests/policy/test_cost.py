"""Payments by hand: the schedule, late payment, indexation, real and present values."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.errors import CoordinateError, DimensionError, InputError
from popsim.policy.benefits import (
    amount,
    decimal_year,
    family_stream,
    pay_schedule,
    share_of_years,
    spell_at,
)
from popsim.policy.calibration import calibrate_take_up
from popsim.policy.cost import due_per_take_up, present_value, real


@pytest.fixture(scope="module")
def ouhai():
    return {i.id: i for i in ps.load_scenario("ouhai").instruments}


def test_grant_by_hand(ouhai):
    """100 births of each order, half registered: 0.5 x 100 x 6,000 yuan if all claim."""
    due = due_per_take_up(
        ouhai["birth_grant"], np.full((3, 3), 100.0), np.array([2022, 2023, 2024]), 0.5
    )
    np.testing.assert_allclose(due, [0, 300_000, 300_000])  # it starts in 2023


def test_allowance_follows_the_child_for_three_years(ouhai):
    births = np.zeros((5, 3))
    births[0, 1] = 100.0
    due = due_per_take_up(ouhai["rearing_subsidy"], births, np.arange(2024, 2029), 0.5)
    # Monthly from birth, births spread over the year: 6, 12, 12 and 6 months of 500 yuan.
    np.testing.assert_allclose(due, np.array([6, 12, 12, 6, 0]) * 500 * 50)


def test_schedule_is_by_completed_age_at_the_end_of_the_year(build, declare):
    """500 yuan a month from month 6 to 18: nobody at first, 0.125 + 0.375 x ... by hand."""
    told = declare("child_allowance", {1: 500}, "yuan a month", months=12, from_month=6)
    schedule = pay_schedule(build(told).instruments[0], np.array([2030]))[0, 0]
    # Month k of life is reached in the year of birth by the share 1 - (k + 0.5) / 12.
    at_birth = sum(1 - (k + 0.5) / 12 for k in range(6, 12))
    second = sum((k + 0.5) / 12 for k in range(6, 12)) + sum(
        2 - (k + 0.5) / 12 for k in range(12, 18)
    )
    third = sum((k + 0.5) / 12 - 1 for k in range(12, 18))
    np.testing.assert_allclose(schedule[:4], 500 * np.array([at_birth, second, third, 0]))


def test_paid_for_births_or_for_children(build, declare):
    """From 2025, 100 yuan a month for three years: those born before are paid, or are not."""
    told = declare("child_allowance", {1: 100}, "yuan a month", start="2025-01-01", months=36)
    births, children = (
        pay_schedule(build({**told, "paid_for": who}).instruments[0], np.arange(2024, 2028))[:, 0]
        for who in ("births", "children")
    )
    np.testing.assert_allclose(births[1, :4], [600, 0, 0, 0])
    np.testing.assert_allclose(children[1, :4], [600, 1200, 1200, 600])
    np.testing.assert_allclose(births[3, :4], [600, 1200, 1200, 0])
    assert (children[0] == 0).all()


def test_to_the_eighteenth_birthday(build, declare):
    told = declare("child_allowance", {1: 100}, "yuan a month", months=216)
    schedule = pay_schedule(build(told).instruments[0], np.array([2060]))[0, 0]
    np.testing.assert_allclose(schedule, [600, *[1200] * 17, 600])


def test_late_payments_fall_into_the_next_year(build, declare, number):
    told = declare("birth_grant", {1: 1000}, start="2024-01-01", end="2024-12-31")
    late = build({**told, "paid_late": number(0.3, "share")}).instruments[0]
    schedule = pay_schedule(late, np.array([2024, 2025, 2026]))[:, 0]
    np.testing.assert_allclose(schedule[0, :2], [700, 0])
    np.testing.assert_allclose(schedule[1, :2], [0, 300])  # to those born in 2024, a year older
    assert (schedule[2] == 0).all()
    # The first year holds what was due before it.
    np.testing.assert_allclose(pay_schedule(late, np.array([2025]))[0, 0, :2], [0, 300])


def test_indexation_grows_from_the_start_of_the_spell(build, declare, number):
    told = declare("birth_grant", {1: 1000}, indexation=number(2, "percent a year"))
    schedule = pay_schedule(build(told).instruments[0], np.arange(2021, 2032))[:, 0, 0]
    np.testing.assert_allclose(schedule, 1000 * 1.02 ** np.arange(11))


def test_home_subsidy_is_capped(ouhai):
    home = ouhai["home_purchase_subsidy"]
    assert amount(home, 1) == 0
    assert amount(home, 2) == pytest.approx(90_000)
    dear = home.model_copy(update={"price": home.price.model_copy(update={"value": 2e7})})
    assert amount(dear, 2) == 300_000


def test_present_value_by_hand(ouhai):
    rearing = ouhai["rearing_subsidy"]
    by_hand = sum(500 / 1.03 ** ((m + 0.5) / 12) for m in range(36))
    spell = rearing.spells[0]
    assert family_stream(rearing, spell, 2).present_value(0.03) == pytest.approx(by_hand)
    assert family_stream(rearing, spell, 1).present_value(0.03) == 0


def test_amount_in_force_by_date(build, declare):
    told = declare("birth_grant", {2: 4000}, end="2024-12-31")
    told["spells"] += declare("birth_grant", {2: 9000}, start="2025-01-01", end="2025-12-31")[
        "spells"
    ]
    grant = build(told).instruments[0]
    dates = [dt.date(2020, 12, 31), dt.date(2021, 1, 1), dt.date(2024, 12, 31),
             dt.date(2025, 1, 1), dt.date(2026, 1, 1)]  # fmt: skip
    assert [amount(grant, 2, on=date) for date in dates] == [0, 4000, 4000, 9000, 0]
    assert spell_at(grant, 2030.0) is None


def test_leave_costs_what_a_day_costs(build, declare, number):
    leave = declare(
        "maternity_leave", {1: 158}, "days", before=number(98, "days"),
        daily_pay=number(200, "yuan a day"),
    )  # fmt: skip
    schedule = pay_schedule(build(leave).instruments[0], np.array([2030]))[0, 0]
    np.testing.assert_allclose(schedule[:2], [60 * 200, 0])
    parental = declare(
        "parental_leave", {1: 10}, "days", before=number(0, "days"), years=3,
        daily_pay=number(200, "yuan a day"),
    )  # fmt: skip
    schedule = pay_schedule(build(parental).instruments[0], np.array([2030]))[0, 0]
    np.testing.assert_allclose(schedule[:5], [1000, 2000, 2000, 1000, 0])


def test_share_of_years_in_force():
    half = decimal_year(dt.date(2024, 7, 2))
    assert share_of_years(half, np.inf, np.array([2023, 2024, 2025])).tolist() == [0, 0.5, 1]


@pytest.fixture
def cost():
    return xr.DataArray(
        [[100.0, 110.0, 121.0]],
        coords={"instrument": ["grant"], "year": [2024, 2025, 2026]},
        dims=("instrument", "year"),
        name="cost",
        attrs={"units": "yuan", "long_name": "Spending", "long_name_zh": "支出"},
    )


def test_real_cost(cost):
    """Prices that rise by 10 % a year, base 2025."""
    index = xr.DataArray([1 / 1.1, 1.0, 1.1], coords={"year": cost["year"]}, dims="year")
    np.testing.assert_allclose(real(cost, index), [[110, 110, 110]])
    assert real(cost, index).attrs["long_name_zh"] == "支出（不变价）"


def test_present_value_of_cost(cost):
    assert present_value(cost, 0.10, 2024).values == pytest.approx([300])
    assert present_value(cost, 0.10, 2025).attrs["units"] == "yuan"


def test_bad_prices_and_rates(cost):
    index = xr.DataArray([1.0, 1.0], coords={"year": [2024, 2025]}, dims="year")
    with pytest.raises(CoordinateError, match=r"lacks years(.|\n)*no 2026"):
        real(cost, index)
    zero = xr.DataArray([1.0, 0.0, 1.0], coords={"year": cost["year"]}, dims="year")
    with pytest.raises(InputError, match="must be positive"):
        real(cost, zero)
    with pytest.raises(DimensionError, match="index has no years"):
        real(cost, xr.DataArray(1.0))
    with pytest.raises(InputError, match=r"3 percent a year is 0.03"):
        present_value(cost, 3.0, 2025)
    with pytest.raises(DimensionError, match="cost has no years"):
        present_value(cost.sum("year"), 0.03, 2025)


@pytest.fixture(scope="module")
def replay():
    """Ouhai simulated to the end of 2024: as shipped, and at take-ups set to its own births."""
    baseline = ps.load_baseline("ouhai", end=2024)
    package = ps.load_scenario("ouhai")
    births = ps.simulate(baseline, [], draws=200)
    calibrated = calibrate_take_up(package, births, registered_share=0.5)
    calibrated = calibrated.model_copy(update={"name": "calibrated"})
    return ps.simulate(baseline, [package, calibrated], draws=200)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("instrument", "reported"),
    [
        ("birth_grant", 6.335e6),
        ("rearing_subsidy", 3.9995e6),
        ("childcare_voucher", 2.8018e6),
        ("home_purchase_subsidy", 1.267e6),
    ],
)
def test_spending_replays_the_reported_payments(replay, instrument, reported):
    """Paid to the end of 2024, to 10 %, once take-up is calibrated.

    The calibration is on the mean births; children who die or move away, and the median of
    skewed draws, are the rest.
    """
    paid = replay["cost"].sel(instrument=instrument).sum("year").median("draw")
    assert float(paid.sel(scenario="calibrated")) == pytest.approx(reported, rel=0.10)
    assert float(paid.sel(scenario="ouhai")) == pytest.approx(reported, rel=0.10)


def test_birth_grants_reach_the_reported_families(replay):
    """4,205 families: half of the births, at the take-up of one-off grants."""
    births = replay["births"].sel(scenario="ouhai", year=[2023, 2024]).sum(["year", "order"])
    assert 0.5 * 0.93 * float(births.mean()) == pytest.approx(4205, rel=0.10)
