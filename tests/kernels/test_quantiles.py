"""Quantiles by selection: those of NumPy, with infinities in their rank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from popsim.kernels.quantiles import fill_quantiles

PROBABILITIES = np.array([0.0, 0.025, 0.1, 0.5, 0.51, 0.9, 0.975, 1.0])


def of(values):
    out = np.empty((len(values), len(PROBABILITIES)))
    fill_quantiles(values.copy(), PROBABILITIES, out)
    return out


@pytest.mark.parametrize("draws", [1, 2, 3, 24, 25, 26, 100, 1000, 1001])
def test_quantiles_are_those_of_numpy(draws):
    rng = np.random.default_rng(draws)
    values = np.concatenate([rng.normal(size=(20, draws)), rng.integers(0, 4, (20, draws))])
    np.testing.assert_array_equal(of(values), np.quantile(values, PROBABILITIES, axis=1).T)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_any_numbers(numbers):
    values = np.array([numbers])
    np.testing.assert_array_equal(of(values), np.quantile(values, PROBABILITIES, axis=1).T)


def test_sorted_and_reversed_rows():
    row = np.arange(777.0)
    values = np.stack([row, row[::-1], np.zeros(777)])
    np.testing.assert_array_equal(of(values), np.quantile(values, PROBABILITIES, axis=1).T)


def test_infinities_keep_their_rank():
    values = np.array([[np.inf, 1.0, np.inf, 2.0, 3.0], [-np.inf, np.inf, 1.0, -np.inf, 2.0]])
    out = np.empty((2, 3))
    fill_quantiles(values.copy(), np.array([0.1, 0.5, 0.9]), out)
    assert out.tolist() == [[pytest.approx(1.4), 3.0, np.inf], [-np.inf, 1.0, np.inf]]
