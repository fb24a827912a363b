"""The kernel of drawn starting women beside the formulas of the reconstruction in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from popsim.kernels._jit import threads
from popsim.kernels.parity_start import WIDTH, split_women

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
