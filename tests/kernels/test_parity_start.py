"""The kernel of drawn starting women beside the formulas of the reconstruction in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from popsim.kernels._jit import threads
from popsim.kernels.parity_start import WIDTH, cross_ratio, move_women, progressing, split_women

LARGEST = 0.9
LEVELS = np.array([0.0, 0.4, 1.0, 2.2])


def shares(level, mothers, later, kappa, of_three, first, higher):
    """Shares of the parities (parity, draw, age) as the reconstruction defines them."""
    with_child = -np.expm1(level**first * np.log1p(-mothers))
    # H = x + kappa x^2
    second = (np.sqrt(1.0 + 4.0 * kappa * level**higher * later) - 1.0) / (2.0 * kappa)
    second = np.minimum(second, LARGEST)
    third = np.minimum(kappa * second / of_three, LARGEST)
    two = with_child * second
    return np.stack(
        [1.0 - with_child, with_child * (1.0 - second), two * (1.0 - third), two * third]
    )


def random_inputs(ages, draws=6, seed=3):
    """Women of some places; and for the nation, undrawn and by draw, its quantities by age."""
    rng = np.random.default_rng(seed)
    women = rng.uniform(0.0, 900.0, (len(LEVELS), 4, ages))
    women[0, :, 3] = 0.0
    row = (1 + draws, ages)
    mothers = rng.uniform(0.0, 0.98, row) * 10.0 ** -rng.uniform(0.0, 9.0, row)
    mothers[:, :2], mothers[1, 5], mothers[0, 6] = 0.0, 0.0, 0.0
    quantities = (
        mothers,
        rng.uniform(0.1, 4.0, row),
        rng.uniform(0.3, 3.5, row),
        rng.uniform(1.0, 2.3, row),
        np.repeat(rng.uniform(0.2, 1.0, (1 + draws, 1)), ages, axis=1),
        np.where(np.arange(ages) < 8, 1.5, rng.uniform(1.0, 2.5, row)),
    )
    return women, quantities


def split(kernel, women, quantities, places=slice(None)):
    mothers, later, kappa, of_three, *elasticity = quantities
    nation = np.stack(
        [np.log1p(-mothers), 4.0 * kappa * later, 0.5 / kappa, kappa / of_three], axis=1
    )
    out = np.empty((len(women), len(mothers) - 1, *women.shape[1:]))
    powers = np.stack(elasticity, axis=1)
    kernel(LEVELS[places].copy(), women, nation, powers, LARGEST, out)
    return out


@pytest.mark.parametrize("ages", [8, 13, 101, WIDTH])
def test_kernel_gives_the_formulas(ages):
    women, quantities = random_inputs(ages)
    got = split(split_women, women, quantities)
    for r, level in enumerate(LEVELS):
        central = shares(level, *(q[0] for q in quantities))
        drawn = shares(level, *(q[1:] for q in quantities))
        change = np.where(central > 0.0, 1.0 / np.where(central > 0.0, central, 1.0), 0.0)
        fixed = np.where(central > 0.0, 0.0, women[r])
        made = drawn * (women[r] * change)[:, None] + fixed[:, None]
        scale = women[r].sum(0) / np.where(made.sum(0) > 0.0, made.sum(0), 1.0)
        expected = np.moveaxis(made * scale, 0, 1)
        # Seven doublings; where nearly all have borne, the childless keep fewer digits.
        np.testing.assert_allclose(got[r], expected, rtol=1e-12, atol=1e-13 * women[r].max())


def test_women_of_an_age_stay():
    women, quantities = random_inputs(60)
    got = split(split_women, women, quantities)
    assert got.min() >= 0.0
    total = np.broadcast_to(women.sum(1)[:, None], got.sum(2).shape)
    np.testing.assert_allclose(got.sum(2), total, rtol=1e-14)  # one division and four terms


def test_undrawn_women_are_those_given():
    women, quantities = random_inputs(30)
    undrawn = [np.repeat(q[:1], 4, axis=0) for q in quantities]
    got = split(split_women, women, undrawn)[1:]  # in a place of level 0 nobody has a child
    for draw in range(3):
        np.testing.assert_allclose(got[:, draw], women[1:], rtol=1e-14)


def test_a_place_has_the_same_bits_alone_with_fewer_ages_and_in_one_thread():
    women, quantities = random_inputs(101)
    whole = split(split_women, women, quantities)
    with threads(1):
        np.testing.assert_array_equal(split(split_women, women, quantities), whole)
    young = [np.ascontiguousarray(x[..., :51]) for x in (women, *quantities)]
    np.testing.assert_array_equal(split(split_women, young[0], young[1:]), whole[..., :51])
    for r in range(len(LEVELS)):
        place = slice(r, r + 1)
        alone = split(split_women, women[place], quantities, places=place)
        np.testing.assert_array_equal(alone[0], whole[r])
    few = [q[:3] for q in quantities]
    np.testing.assert_array_equal(split(split_women, women, few), whole[:, :2])
    plain = split(split_women.py_func, women, quantities)
    np.testing.assert_allclose(plain, whole, rtol=1e-13)  # powers of two math libraries


# --- places with births of their own -------------------------------------------------------


def own_inputs(ages=40, draws=7, seed=5):
    """Women of three places by parity, their births per woman, and odds of some draws."""
    rng = np.random.default_rng(seed)
    women = rng.uniform(0.0, 500.0, (3, 4, ages))
    women[0, :, 1] = 0.0  # nobody
    women[1, 1:, 2] = 0.0  # all childless
    women[1, 2:, 3] = 0.0  # nobody with two
    women[2, 3, 4] = 0.0
    everybody = np.where(women.sum(1) > 0.0, women.sum(1), 1.0)
    children = women[:, 1] + 2.0 * women[:, 2] + rng.uniform(3.0, 7.0, (3, ages)) * women[:, 3]
    return women, children / everybody, np.exp(rng.normal(0.0, 0.7, (draws, 3)))


def moved(kernel, women, born, odds):
    out = np.empty((len(women), len(odds), *women.shape[1:]))
    kernel(women, born, odds, out)
    return out


def root(births, ratio):
    """Share who bear, by a root finder: (1 - q)(births - q) = ratio q^2."""
    low, high = 0.0, min(births, 1.0)
    for _ in range(200):
        middle = (low + high) / 2.0
        if (1.0 - middle) * (births - middle) > ratio * middle**2:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


@given(st.floats(1e-3, 9.0), st.floats(1e-3, 30.0))
@settings(max_examples=200, deadline=None)
def test_the_share_who_bear_is_the_root(births, ratio):
    share = progressing(births, ratio)
    assert 0.0 < share <= min(births, 1.0)
    assert share == pytest.approx(root(births, ratio), rel=1e-9)
    # Near its ends the share has lost digits of what is left.
    assert cross_ratio(births, share) == pytest.approx(ratio, rel=1e-5)
    assert progressing.py_func(births, ratio) == pytest.approx(share, rel=1e-14)


def test_births_of_the_women_stay_whatever_the_odds():
    women, born, odds = own_inputs()
    got = moved(move_women, women, born, odds)
    assert got.min() >= 0.0
    np.testing.assert_allclose(got.sum(2), np.repeat(women.sum(1)[:, None], 7, 1), rtol=1e-14)
    everybody = women.sum(1)[:, None]
    left = born[:, None] * everybody - got[:, :, 1] - 2.0 * got[:, :, 2]
    # What is left is borne by women of three or more, at three or more each.
    assert (left >= (3.0 - 1e-9) * got[:, :, 3] - 1e-9).all()


def test_odds_of_one_leave_the_women_where_they_are():
    women, born, _ = own_inputs()
    got = moved(move_women, women, born, np.ones((1, 3)))[:, 0]
    np.testing.assert_allclose(got, women, rtol=1e-10, atol=1e-9)


def test_larger_odds_of_a_first_birth_leave_more_women_without():
    women, born, _ = own_inputs()
    got = moved(move_women, women, born, np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 1.0]]))
    some = women[:, 2:].sum(1) > 0.0  # where all births are first ones, nothing can move
    assert (got[:, 1, 0] > got[:, 0, 0])[some].all()


def test_own_places_have_the_same_bits_alone_and_in_one_thread():
    women, born, odds = own_inputs()
    whole = moved(move_women, women, born, odds)
    with threads(1):
        np.testing.assert_array_equal(moved(move_women, women, born, odds), whole)
    for r in range(3):
        alone = moved(move_women, women[r : r + 1].copy(), born[r : r + 1].copy(), odds)
        np.testing.assert_array_equal(alone[0], whole[r])
    np.testing.assert_array_equal(moved(move_women, women, born, odds[:3]), whole[:, :3])
    plain = moved(move_women.py_func, women, born, odds)
    np.testing.assert_allclose(plain, whole, rtol=1e-13)
