"""Percentages of sums over columns."""

from __future__ import annotations

import numpy as np
import pytest

from popsim.kernels import _jit
from popsim.kernels.ratios import percent_of


@pytest.mark.parametrize("kernel", [percent_of, percent_of.py_func])
@pytest.mark.parametrize("inner", [1, 5])
def test_equals_numpy(kernel, inner):
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 100, (7, 6, inner))
    part, of = np.array([1.0, 0, 1, 1, 0, 1]), np.array([0, 1.0, 0, 0, 1, 0])
    out = np.empty((7, inner))
    kernel(values, part, of, out)
    above, below = (np.einsum("tci,c->ti", values, w) for w in (part, of))
    np.testing.assert_allclose(out, 100 * above / below, rtol=1e-14)  # sums of four terms


def test_nothing_to_divide_by_is_not_a_number():
    values, out = np.zeros((1, 2, 2)), np.empty((1, 2))
    values[0, 0, 1] = 3.0
    percent_of(values, np.array([1.0, 0.0]), np.array([0.0, 1.0]), out)
    assert np.isnan(out[0, 0])
    assert np.isinf(out[0, 1])


def test_threads_change_no_bit():
    values = np.random.default_rng(1).uniform(0, 1, (9, 4, 33))
    part, of = np.array([1.0, 1, 0, 0]), np.array([0, 0, 1.0, 1])
    found = []
    for most in (1, 2):
        out = np.empty((9, 33))
        with _jit.threads(most):
            percent_of(values, part, of, out)
        found.append(out)
    assert np.array_equal(*found)
