"""Births are conserved: who bears them where the women of a parity or an age are too few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from popsim.kernels import bearing
from popsim.kernels.step.parity_reference import at_other_ages, in_proportion

WOMEN = [100.0, 100.0, 100.0]


def filled(births, start, women=WOMEN, ceiling=0.5):
    """Rates, and births that are lost; compiled, and as the function's own source has it."""
    rates, plain = np.empty(len(start)), np.empty(len(start))
    arrays = (np.array(start), np.array(women))
    lost = bearing.fill_rates(births, ceiling, *arrays, rates)
    assert bearing.fill_rates.py_func(births, ceiling, *arrays, plain) == pytest.approx(lost)
    np.testing.assert_allclose(rates, plain, rtol=1e-14)
    return rates.tolist(), lost


@pytest.mark.parametrize(
    ("births", "start", "rates"),
    [
        (60.0, [0.1, 0.2, 0.0], [0.2, 0.4, 0.0]),
        # The second would be 0.6: it stops at 0.5, and the first bears what is left.
        (90.0, [0.1, 0.2, 0.0], [0.4, 0.5, 0.0]),
        # A start above the ceiling is its own,
        (100.0, [0.1, 0.7, 0.0], [0.3, 0.7, 0.0]),
        # but nobody bears more than once.
        (140.0, [0.1, 2.0, 0.0], [0.4, 1.0, 0.0]),
        # Both at theirs and still not enough: all go on by a tenth of what is left to each.
        (120.0, [0.1, 0.2, 0.0], [0.55, 0.55, 0.1]),
        (30.0, [0.0, 0.0, 0.0], [0.1, 0.1, 0.1]),
        (300.0, [0.1, 0.2, 0.0], [1.0, 1.0, 1.0]),
        (0.0, [0.1, 0.2, 0.0], [0.0, 0.0, 0.0]),
    ],
)
def test_rates_by_hand(births, start, rates):
    got, lost = filled(births, start)
    assert got == pytest.approx(rates)
    assert lost == 0.0


def test_births_that_nobody_is_left_to_bear_are_counted():
    assert filled(310.0, [0.1, 0.2, 0.0]) == ([1.0, 1.0, 1.0], pytest.approx(10.0))
    assert filled(3.0, [0.1, 0.2, 0.0], [0.0, 0.0, 0.0])[1] == 3.0


def test_a_missing_rate_is_not_taken_for_the_largest():
    rates, _ = filled(np.nan, [0.1, 0.2, 0.0])
    assert np.isnan(rates[0])


@given(seed=st.integers(0, 2**32 - 1), ceiling=st.floats(0.05, 1.0), level=st.floats(0.0, 1.2))
@settings(max_examples=200, deadline=None)
def test_births_are_conserved_and_equal_the_slow_reference(seed, ceiling, level):
    rng = np.random.default_rng(seed)
    women = rng.uniform(0.0, 100.0, 4) * (rng.random(4) < 0.8)
    start = rng.uniform(0.0, 1.0, 4) ** 3 * 3.0 * (rng.random(4) < 0.8)
    births = level * women.sum()
    rates, lost = filled(births, start, women, ceiling)
    slow = in_proportion(start, women, births, ceiling)
    assert max(rates) <= 1.0 + 1e-15  # a quotient may round up
    assert np.dot(rates, women) + lost == pytest.approx(births, rel=1e-12)
    assert lost == pytest.approx(max(births - women.sum(), 0.0), abs=1e-9)
    # Where there is nobody of a parity no births tell its rate.
    some = women > 0.0
    np.testing.assert_allclose(np.array(rates)[some], slow[some], rtol=1e-9, atol=1e-12)


def test_births_reordered_by_hand():
    # 60 births asked of 100 childless and 10 mothers, as 1 : 5, of which the mothers bear 10.
    start, women = np.array([0.1, 5.0, 0.0, 0.0]), np.array([100.0, 10.0, 0.0, 0.0])
    rates = np.empty(4)
    assert bearing.fill_rates(60.0, 0.5, start, women, rates) == 0.0
    assert rates[:2].tolist() == pytest.approx([0.5, 1.0])
    for function in (bearing.reordered, bearing.reordered.py_func):
        assert function(60.0, start, women, rates, np.empty(3)) == pytest.approx(40.0)
        assert function(60.0, 0.0 * start, women, rates, np.empty(3)) == 60.0


def test_births_move_to_the_nearest_ages_by_hand():
    births = np.array([0.0, 1.0, 9.0, 1.0, 1.0, 9.0])
    room = np.array([9.0, 2.0, 4.0, 3.0, 3.0, 0.0])
    for function in (bearing.spread_over_ages, bearing.spread_over_ages.py_func):
        moved = births.copy()
        # Of five beyond the room of age 2, one goes down and two up, and two to the next.
        assert function(moved, room, 1, 5) == (5.0, 0.0)
        assert moved.tolist() == [0.0, 2.0, 4.0, 3.0, 3.0, 9.0]
        # Not below the first reproductive age, where there would be room.
        moved = births.copy()
        assert function(moved, room, 1, 6) == (5.0, 9.0)
        assert moved.tolist() == [0.0, 2.0, 4.0, 3.0, 3.0, 0.0]


@given(seed=st.integers(0, 2**32 - 1), level=st.floats(0.0, 1.5))
@settings(max_examples=100, deadline=None)
def test_births_by_age_are_conserved_and_equal_the_slow_reference(seed, level):
    rng = np.random.default_rng(seed)
    exposed, reached = rng.uniform(0.0, 10.0, 12), rng.uniform(-1.0, 10.0, 12)
    births = np.zeros(12)
    births[2:9] = level * rng.uniform(0.0, 1.0, 7) * (exposed + np.maximum(reached, 0.0))[2:9] / 2
    room = (exposed + bearing.ALWAYS_BORNE * np.maximum(reached, 0.0)) / 2
    got = births.copy()
    moved, lost = bearing.spread_over_ages(got, room, 2, 9)
    np.testing.assert_allclose(got, at_other_ages(births, exposed, reached, range(2, 9)))
    assert got.sum() + lost == pytest.approx(births.sum(), rel=1e-12)
    assert moved >= 0.0
    assert (got[2:9] <= room[2:9] * (1 + 1e-12)).all()
    assert lost == pytest.approx(max(births.sum() - room[2:9].sum(), 0.0), abs=1e-9)
