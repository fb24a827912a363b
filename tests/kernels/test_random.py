"""The kernels of random numbers against NumPy's generator and SciPy's quantile function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import special

from popsim.kernels._jit import threads
from popsim.kernels.random import (
    LANES,
    TASK,
    YEARS,
    fill_about,
    fill_autoregressive,
    normal_quantiles,
    philox_block,
)

WORDS = st.integers(0, 2**64 - 1)


@settings(max_examples=50, deadline=None)
@given(WORDS, WORDS, st.integers(0, 2**64 - 1 - LANES), st.integers(0, 2**62))
def test_philox_has_the_bits_of_numpy(key0, key1, block, year):
    got = np.empty(4 * LANES, np.uint64)
    philox_block(np.uint64(key0), np.uint64(key1), np.uint64(block + 1), np.uint64(year), got)
    key = np.array([key0, key1], np.uint64)
    counter = np.array([block, year, 0, 0], np.uint64)
    wanted = np.random.Philox(key=key, counter=counter).random_raw(4 * LANES)
    np.testing.assert_array_equal(got.reshape(4, LANES).T.ravel(), wanted)


def quantiles(u):
    z = np.full_like(u, np.nan)
    normal_quantiles(u, np.empty(u.size, np.int64), np.empty_like(u), np.empty_like(u), z)
    return z


def test_normal_quantiles_are_scipys():
    # all regimes: the centre, the tails, and the far tails down to the smallest uniform
    u = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 4001), 2.0 ** -np.arange(1.0, 54.0)])
    u = np.concatenate([u, 1.0 - u])
    u = u[(u > 0.0) & (u < 1.0)]
    np.testing.assert_allclose(quantiles(u), special.ndtri(u), rtol=1e-13, atol=1e-16)


def test_a_quantile_does_not_depend_on_its_neighbours():
    u = np.random.default_rng(3).uniform(size=1000)
    u[::9] **= 8  # near 0
    whole = quantiles(u)
    np.testing.assert_array_equal(quantiles(u[::-1].copy())[::-1], whole)
    np.testing.assert_array_equal(quantiles(u[3:40]), whole[3:40])
    tails = np.abs(u - 0.5) > 0.425
    np.testing.assert_array_equal(quantiles(u[tails]), whole[tails])


def paths_of_numpy(key, years, rho, draws):
    """The same paths from NumPy's generator and SciPy's quantiles, year by year."""
    out = np.empty((draws, len(years)))
    for t, year in enumerate(years):
        raw = np.random.Philox(key=key, counter=[0, int(year), 0, 0]).random_raw(draws)
        noise = special.ndtri(((raw >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52)
        out[:, t] = noise if t == 0 else rho * out[:, t - 1] + np.sqrt(1 - rho**2) * noise
    return out


KEYS = np.array([[1, 2], [2**63 + 5, 7], [0, 0]], np.uint64)


def calendar(years):
    return np.arange(2021, 2021 + years)


CALENDAR = calendar(YEARS + 3)


@pytest.mark.parametrize("draws", [1, 3, TASK - 1, TASK, 2 * TASK + 5])
@pytest.mark.parametrize("rho", [0.0, 0.98, 1.0])
@pytest.mark.parametrize("years", [1, YEARS, 2 * YEARS + 3])
def test_autoregressive_paths_are_those_of_numpy(draws, rho, years):
    out = np.full((len(KEYS), draws, years), np.nan)
    fill_autoregressive(KEYS, calendar(years), rho, out)
    for key, got in zip(KEYS, out, strict=True):
        wanted = paths_of_numpy(key, calendar(years), rho, draws)
        np.testing.assert_allclose(got, wanted, atol=1e-12)


def filled(keys, years, draws):
    out = np.empty((len(keys), draws, len(years)))
    fill_autoregressive(keys, years, 0.9, out)
    return out


def test_bits_do_not_depend_on_what_else_is_drawn():
    whole = filled(KEYS, CALENDAR, 500)
    np.testing.assert_array_equal(filled(KEYS, CALENDAR, 130), whole[:, :130])
    np.testing.assert_array_equal(filled(KEYS, CALENDAR[:4], 500), whole[:, :, :4])
    np.testing.assert_array_equal(filled(KEYS[1:2], CALENDAR, 500), whole[1:2])


def test_bits_do_not_depend_on_threads():
    with threads(1):
        one = filled(KEYS, CALENDAR, 500)
    with threads(2):
        two = filled(KEYS, CALENDAR, 500)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("compiled", [True, False])
def test_fill_about_is_its_formula(compiled):
    rng = np.random.default_rng(1)
    own, shared = rng.normal(size=(3, 5, 4)), rng.normal(size=(2, 5, 4))
    of, scale = np.array([1, 0, 1]), np.array([0.5, 0.0, 2.0])
    offset, slope = rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4, 2))
    low, high = np.full((4, 2), -1.0), np.full((4, 2), 1.5)
    cut, out = np.empty(3, np.int64), np.empty((3, 5, 4, 2))
    run = fill_about if compiled else fill_about.py_func
    run(own, 0.6, shared, of, 0.8, scale, offset, slope, low, high, cut, out)
    y = scale[:, None, None] * (0.6 * own + 0.8 * shared[of])
    free = offset + slope * y[..., None]
    np.testing.assert_allclose(out, np.clip(free, -1.0, 1.5), rtol=1e-14, atol=1e-15)
    assert cut.tolist() == ((free < -1.0) | (free > 1.5)).sum(axis=(1, 2, 3)).tolist()
    assert 0 < cut.sum() < out.size


def test_paths_may_lie_over_their_normals():
    z = filled(KEYS, CALENDAR, 20)
    shape = (20, len(CALENDAR), 1)
    ends = np.full((len(CALENDAR), 1), np.inf)
    apart = np.empty((*z.shape, 1))
    arguments = (
        1.0, np.zeros((1, 20, len(CALENDAR))), np.zeros(3, np.int64), 0.0, np.full(3, 0.1),
        np.ones(shape), np.ones(shape), -ends, ends, np.empty(3, np.int64),
    )  # fmt: skip
    fill_about(z, *arguments, apart)
    np.testing.assert_allclose(apart[..., 0], 1.0 + 0.1 * z, rtol=1e-15)
    fill_about(z, *arguments, z[..., None])
    np.testing.assert_array_equal(z[..., None], apart)
