"""Payments by hand, and against what Ouhai reports to have paid."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import popsim as ps
from popsim.policy.benefits import (
    amount,
    decimal_year,
    payment_calendar,
    present_value,
    share_of_years,
)
from popsim.policy.cost import payments


@pytest.fixture(scope="module")
def instruments():
    return {i.id: i for i in ps.load_scenario("ouhai").instruments}


def pay(instrument, births, years, seed=0, draws=4000):
    every = np.broadcast_to(np.asarray(births, float), (draws, len(years), 3))
    return payments(instrument, every, np.asarray(years), registered_share=0.5, seed=seed)


def test_grant_by_hand(instruments):
    """100 births of each order, half registered, nine in ten paid: 0.45 x 100 x 6,000 yuan."""
    paid = pay(instruments["birth_grant"], np.full((3, 3), 100.0), [2022, 2023, 2024])
    assert (paid[:, 0] == 0).all()  # it starts in 2023
    assert np.median(paid[:, 1]) == pytest.approx(0.45 * 100 * 6000, rel=0.01)


def test_allowance_follows_the_child_for_three_years(instruments):
    paid = pay(instruments["rearing_subsidy"], [[0, 100, 0]] + [[0, 0, 0]] * 4, range(2024, 2029))
    shares = paid[0] / paid[0].sum()
    # Monthly from birth, births spread over the year: 6, 12, 12 and 6 months.
    np.testing.assert_allclose(shares, [1 / 6, 1 / 3, 1 / 3, 1 / 6, 0], atol=1e-3)
    assert np.median(paid.sum(axis=1)) == pytest.approx(0.5 * 0.45 * 100 * 18_000, rel=0.01)


def test_home_subsidy_is_capped(instruments):
    home = instruments["home_purchase_subsidy"]
    assert amount(home, 1) == 0
    assert amount(home, 2) == pytest.approx(90_000)
    dear = home.model_copy(update={"price": home.price.model_copy(update={"value": 2e7})})
    assert amount(dear, 2) == 300_000


def test_present_value_by_hand(instruments):
    rearing = instruments["rearing_subsidy"]
    by_hand = sum(500 / 1.03 ** ((m + 0.5) / 12) for m in range(36))
    assert present_value(rearing, 2, 0.03) == pytest.approx(by_hand)
    assert present_value(rearing, 1, 0.03) == 0


def test_calendar_adds_up(instruments):
    for instrument in instruments.values():
        assert payment_calendar(instrument).sum() == pytest.approx(1)


def test_share_of_years_in_force():
    half = decimal_year(dt.date(2024, 7, 2))
    assert share_of_years(half, np.inf, np.array([2023, 2024, 2025])).tolist() == [0, 0.5, 1]


@pytest.fixture(scope="module")
def to_2024():
    return ps.simulate(ps.load_baseline("ouhai", end=2024), "ouhai", draws=1000)


@pytest.mark.parametrize(
    ("instrument", "reported"),
    [
        ("birth_grant", 6.335e6),
        ("rearing_subsidy", 3.9995e6),
        ("childcare_voucher", 2.8018e6),
        ("home_purchase_subsidy", 1.267e6),
    ],
)
def test_spending_replays_the_reported_payments(to_2024, instrument, reported):
    """Paid to the end of 2024, to 10 %: the starts and take-ups of the scenario are set to it."""
    paid = to_2024["cost"].sel(scenario="ouhai", instrument=instrument).sum("year")
    assert float(paid.median()) == pytest.approx(reported, rel=0.10)


def test_birth_grants_reach_the_reported_families(to_2024):
    """4,205 families with a mean of 1,507 yuan, which the order mix is taken from."""
    births = to_2024["births"].sel(scenario="ouhai", year=[2023, 2024]).sum("year").median("draw")
    assert 0.5 * 0.9 * float(births.sum()) == pytest.approx(4205, rel=0.10)
    # The mix is met in 2021; until 2024 the women grow older, and second births weigh more.
    assert float(births @ births["order"]) / float(births.sum()) == pytest.approx(1.507, rel=0.02)
