"""Random numbers: the same bits whatever is drawn with them, and the right distributions."""

from __future__ import annotations

import numpy as np
import pytest

from popsim.errors import BoundsError, InputError
from popsim.uncertainty.draws import Spread, autoregressive, check_draws, normals, uniforms


def test_first_draws_do_not_depend_on_how_many_follow():
    assert np.array_equal(uniforms(1, "tfr", "x", 1000)[:100], uniforms(1, "tfr", "x", 100))


@pytest.mark.parametrize("other", [(2, "tfr", "x"), (1, "e0", "x"), (1, "tfr", "y")])
def test_seed_quantity_and_key_tell_streams_apart(other):
    a, b = uniforms(1, "tfr", "x", 4000), uniforms(*other, 4000)
    assert not (a == b).any()
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.06  # 4 standard errors of 4,000 draws


def test_uniforms_are_uniform():
    u = uniforms(7, "u", 0, 100_000)
    assert u.min() > 0
    assert u.max() < 1
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    assert abs(counts - 5000).max() < 5 * np.sqrt(5000)  # five standard errors


def test_known_bits():
    """The numbers of a seed are part of every published result: they may not change."""
    first = uniforms(0, "fertility", "nation", 2)
    np.testing.assert_array_equal(first, KNOWN)
    path = autoregressive(0, "fertility", ["nation"], np.array([2021, 2022]), 1, 0.98)
    # the logarithm of the C library may differ in its last digit between machines
    np.testing.assert_allclose(path[0, 0], KNOWN_PATH, rtol=1e-15)


@pytest.mark.parametrize(
    ("draws", "seed", "message"),
    [
        (0, 1, "draws is not a whole number from 1"),
        (2.5, 1, "draws is not a whole number from 1"),
        (True, 1, "draws is not a whole number from 1"),
        (10, -1, "seed is not a whole number from 0"),
    ],
)
def test_draws_that_cannot_be_are_refused(draws, seed, message):
    with pytest.raises(BoundsError, match=message):
        check_draws(draws, seed)


KNOWN_PATH = [-0.5643080258429435, -0.43578251969482346]
KNOWN = [0.20078444509094406, 0.6409361923230675]


def test_longer_horizon_adds_years_only():
    short = autoregressive(1, "tfr", ["x"], np.arange(2021, 2031), 50, 0.9)
    long = autoregressive(1, "tfr", ["x"], np.arange(2021, 2061), 50, 0.9)
    assert np.array_equal(long[:, :, :10], short)


def test_autoregressive_paths_are_stationary_with_unit_variance():
    z = autoregressive(3, "x", ["y"], np.arange(60), 20_000, 0.9)[0]
    np.testing.assert_allclose(z.std(axis=0), 1.0, atol=0.03)  # 5 standard errors
    assert np.corrcoef(z[:, 30], z[:, 31])[0, 1] == pytest.approx(0.9, abs=0.01)
    assert np.corrcoef(z[:, 30], z[:, 35])[0, 1] == pytest.approx(0.9**5, abs=0.02)


@pytest.mark.parametrize(
    ("distribution", "median", "lower", "upper", "tolerance"),
    [
        ("lognormal", 0.45, 0.2, 1.0, 1e-9),
        ("normal", 1.5, -0.3, 4.0, 1e-9),
        # Two shapes cannot meet three quantiles: median and width are met, the ends nearly.
        ("beta", 0.9, 0.8, 0.96, 0.005),
        ("beta", 0.5, 0.2, 0.85, 0.03),
    ],
)
def test_spread_meets_its_quantiles(distribution, median, lower, upper, tolerance):
    got = Spread(median, lower, upper, distribution).quantile(np.array([0.1, 0.5, 0.9]))
    np.testing.assert_allclose(got, [lower, median, upper], atol=tolerance)
    assert got[2] - got[0] == pytest.approx(upper - lower, abs=1e-6)


def test_uniform_and_fixed():
    u = np.array([0.0, 0.5, 1.0])
    assert Spread(10.5, 9, 12, "uniform").quantile(u).tolist() == [9, 10.5, 12]
    assert Spread(3.0, np.nan, np.nan, "fixed").quantile(u).tolist() == [3, 3, 3]


def test_bad_spreads_are_refused():
    with pytest.raises(InputError, match="does not hold the median"):
        Spread(1.0, 2.0, 3.0, "normal").quantile(np.array([0.5]))
    with pytest.raises(InputError, match="unknown distribution"):
        Spread(1.0, 0.5, 3.0, "triangular").quantile(np.array([0.5]))


def test_normals_are_the_quantiles_of_the_uniforms():
    from scipy.stats import norm

    np.testing.assert_allclose(
        normals(1, "a", "b", 50), norm.ppf(uniforms(1, "a", "b", 50)), rtol=1e-12
    )
