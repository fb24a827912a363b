"""The pieces of the response: published check values, ceilings, who is asked for what."""

from __future__ import annotations

import numpy as np
import pytest

import popsim as ps
from popsim.errors import ConflictError
from popsim.policy.evidence import prior
from popsim.policy.response import (
    APART,
    RESPONSES,
    Responsiveness,
    cash_effect,
    check_place,
    in_time,
)
from popsim.policy.takeup import nested_tiers, take_up_draws


def test_cash_function_meets_its_check_values():
    """Evidence notes: 1.0 % at s=4, 1.9 % at 11, 3.7 % at 33, 8 % at 120."""
    effect = cash_effect(np.array([4.0, 11.0, 33.0, 120.0]), 0.45, 0.6)
    np.testing.assert_allclose(effect, [1.0, 1.9, 3.7, 8.0], atol=0.05)  # printed to 0.1


@pytest.mark.parametrize("name", [(c, p) for c, p in (*RESPONSES, *APART)])
def test_draws_have_the_range_of_their_prior(name):
    """10, 50 and 90 %; a Beta meets median and width only."""
    drawn = Responsiveness.draw(4000, seed=3)[name]
    spread = prior(name[0])[name[1]].spread
    if spread.distribution == "fixed":
        assert (drawn == spread.median).all()
        return
    low, middle, high = np.quantile(drawn, [0.1, 0.5, 0.9])
    width = spread.upper - spread.lower
    assert middle == pytest.approx(spread.median, abs=0.07 * width)
    if spread.distribution == "uniform":
        width *= 0.8  # its range is the whole of it
    assert high - low == pytest.approx(width, rel=0.07)


def test_without_a_seed_all_stands_at_its_median():
    middle = Responsiveness.draw(1, None)
    for name in (*RESPONSES, *APART):
        if prior(name[0])[name[1]].spread.distribution != "uniform":
            wanted = prior(name[0])[name[1]].spread.median
            assert middle[name][0] == pytest.approx(wanted, abs=1e-12)
    assert middle.lag[0] == pytest.approx(10.5 / 12)


def test_timing_works_on_every_axis_behind_the_years():
    rng = np.random.default_rng(0)
    full = rng.normal(size=(3, 15, 3, 4))
    quantum = np.array([0.2, 0.5, 1.0])
    timed = in_time(full, quantum)
    for band in range(4):
        np.testing.assert_allclose(timed[..., band], in_time(full[..., band], quantum))
    np.testing.assert_allclose(timed[2], full[2], rtol=1e-12)


def test_scenario_for_another_place():
    with pytest.raises(ConflictError, match="written for another place"):
        check_place(ps.load_scenario("ouhai"), "cixi")


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
    assert np.array_equal(draws[:10], take_up_draws(grant, 10, seed=2))
    assert np.array_equal(draws, take_up_draws(grant.model_copy(), 5000, seed=2))
