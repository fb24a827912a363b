"""Quantiles by selection: those of NumPy, with infinities in their rank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from popsim.kernels import _jit, quantiles
from popsim.kernels.quantiles import select_quantiles

PROBABILITIES = np.array([0.0, 0.025, 0.1, 0.11, 0.5, 0.51, 0.9, 0.975, 1.0])


def of(rows, probabilities=PROBABILITIES):
    """(row, quantile), of rows of draws."""
    out = np.empty((len(probabilities), len(rows), 1))
    select_quantiles(np.ascontiguousarray(rows, dtype=float)[:, :, None], probabilities, out)
    return out[:, :, 0].T


def by_sorting(rows, probabilities=PROBABILITIES):
    """(row, quantile): all draws sorted, and the neighbours of each rank from Python's numbers."""
    made = np.empty((len(rows), len(probabilities)))
    for i, row in enumerate(rows):
        x = sorted(float(v) for v in row)
        for j, p in enumerate(probabilities):
            k, w = divmod(float(p) * (len(x) - 1), 1.0)
            lower, upper = x[int(k)], x[min(int(k) + 1, len(x) - 1)]
            if w == 0.0 or lower == upper:
                made[i, j] = lower
            elif np.isinf(upper - lower):
                made[i, j] = lower if np.isinf(lower) else upper
            else:
                step = upper - lower
                made[i, j] = lower + step * w if w < 0.5 else upper - step * (1.0 - w)
    return made


@pytest.mark.parametrize("draws", [1, 2, 3, 5, 24, 25, 26, 100, 255, 256, 257, 1000, 1001, 20_000])
def test_quantiles_are_those_of_numpy(draws):
    rng = np.random.default_rng(draws)
    values = np.concatenate(
        [
            rng.normal(size=(5, draws)),
            rng.integers(0, 4, (5, draws)),
            np.exp(4.0 * rng.normal(size=(5, draws))),  # most in the first bin
            np.maximum(rng.normal(size=(5, draws)), 0.0),  # half of them zero
            1e9 + 1e-6 * rng.integers(0, 30, (5, draws)),  # hardly wider than a float's last bit
        ]
    )
    np.testing.assert_array_equal(of(values), np.quantile(values, PROBABILITIES, axis=1).T)


@pytest.mark.parametrize(
    "shape", [(1, 9), (2, 1), (5, 3), (3, 4), (2, 41), (13, 1), (0, 3), (3, 0)]
)
def test_draws_may_be_anywhere(shape):
    outer, inner = shape
    values = np.random.default_rng(inner).normal(size=(outer, 37, inner))
    before = values.copy()
    out = np.empty((len(PROBABILITIES), outer, inner))
    select_quantiles(values, PROBABILITIES, out)
    np.testing.assert_array_equal(out, np.quantile(values, PROBABILITIES, axis=1))
    np.testing.assert_array_equal(values, before)


#: All magnitudes that a float has, their negatives, both zeros and infinities, and ties.
numbers = st.one_of(
    st.floats(allow_nan=False),
    st.floats(-1e6, 1e6),
    st.floats(0.0, 1e-307),  # what is smaller than a normal float, and ranges of that width
    st.floats(-300.0, 300.0).map(lambda power: 10.0**power),
    st.sampled_from([0.0, -0.0, 1.0, np.inf, -np.inf, 5e-324, -5e-324, 1.7e308, -1.7e308]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=120), st.integers(1, 12), st.randoms())
def test_any_numbers(given_numbers, times, random):
    row = given_numbers * times
    random.shuffle(row)
    with np.errstate(all="ignore"):  # the oracle's differences of huge numbers
        np.testing.assert_array_equal(of([row]), by_sorting([row]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([3.0, 30.0, 300.0]), st.booleans())
def test_numbers_of_every_size(seed, power, signs):
    """Numbers evenly spread over up to 600 powers of ten, where bins of equal width are no use."""
    rng = np.random.default_rng(seed)
    rows = 10.0 ** rng.uniform(-power, power, (2, 400))
    rows *= rng.choice([-1.0, 1.0], (2, 400)) if signs else 1.0
    np.testing.assert_array_equal(of(rows), by_sorting(rows))


def test_neighbouring_floats():
    """Bins by the last bits: 300 floats next to one another, each three times."""
    row = np.repeat((np.array([1.0]).view(np.int64) + np.arange(300)).view(np.float64), 3)
    row[0] = 1e300  # so that bins of equal width hold all others in one
    shuffled = np.random.default_rng(0).permutation(row)
    np.testing.assert_array_equal(of([shuffled]), by_sorting([row]))


def test_sorted_and_reversed_rows():
    row = np.arange(777.0)
    values = np.stack([row, row[::-1], np.zeros(777)])
    np.testing.assert_array_equal(of(values), np.quantile(values, PROBABILITIES, axis=1).T)


def test_infinities_keep_their_rank():
    values = np.array([[np.inf, 1.0, np.inf, 2.0, 3.0], [-np.inf, np.inf, 1.0, -np.inf, 2.0]])
    made = of(values, np.array([0.1, 0.5, 0.9]))
    assert made.tolist() == [[pytest.approx(1.4), 3.0, np.inf], [-np.inf, 1.0, np.inf]]


@pytest.mark.parametrize("draws", [1, 2, 30, 1000])
@pytest.mark.parametrize("missing", [np.nan, -np.nan])
def test_a_missing_draw_leaves_no_quantiles(draws, missing):
    values = np.random.default_rng(draws).normal(size=(3, draws))
    values[1, draws // 2] = missing
    if draws > 2:
        values[1, :2] = np.inf, -np.inf
    made = of(values)
    assert np.isnan(made[1]).all()
    np.testing.assert_array_equal(made[::2], np.quantile(values[::2], PROBABILITIES, axis=1).T)


def test_threads_change_no_bit():
    values = np.random.default_rng(5).normal(size=(3, 150, 23))
    made = np.empty((2, len(PROBABILITIES), 3, 23))
    for most, out in zip((1, 3), made, strict=True):
        with _jit.threads(most):
            select_quantiles(values, PROBABILITIES, out)
    assert made[0].tobytes() == made[1].tobytes()


def test_a_series_does_not_depend_on_its_neighbours():
    """Also not in the sign of a zero, of which two in a row have no order of their own."""
    rng = np.random.default_rng(6)
    values = rng.choice([-0.0, 0.0, 1.0], (1, 60, 11))
    values[:, :, ::3] = np.inf
    whole = np.empty((len(PROBABILITIES), 1, 11))
    select_quantiles(values, PROBABILITIES, whole)
    for j in range(11):
        alone = of(values[:, :, j])
        assert alone.T.tobytes() == whole[:, :, j].tobytes()


def test_plain_python_gives_the_same(monkeypatch):
    rng = np.random.default_rng(7)
    values = np.concatenate([rng.normal(size=(2, 60)), np.exp(9.0 * rng.normal(size=(2, 60)))])
    values[0, 3] = np.inf
    compiled = of(values)
    for name in ("_select", "_lay", "_key", "_extent", "_gather", "_pair", "_between"):
        monkeypatch.setattr(quantiles, name, getattr(quantiles, name).py_func)
    np.testing.assert_array_equal(of(values), compiled)
