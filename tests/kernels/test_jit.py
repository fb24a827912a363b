"""What kernels are built with: the fused product, and arrays whose users nobody counts."""

from __future__ import annotations

import sys
from fractions import Fraction
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numba import njit

from popsim.kernels._jit import fma, in_use, uncounted
from popsim.kernels.lanes.blocks import room, room_for

NUMBERS = st.floats(-1e9, 1e9).filter(lambda x: x == 0.0 or abs(x) > 1e-9)


@njit
def compiled_fma(a, b, c):
    return fma(a, b, c)


@njit
def sum_of_rooms(sizes, turns):
    """Write to every array that there is room for, in turns, and add all up."""
    memory, borders = room_for(sizes)
    total = 0.0
    for turn in range(turns):
        for k in range(sizes.shape[0]):
            part = room(memory, borders, k)
            for i in range(sizes[k]):
                part[i] += k + turn
    for k in range(sizes.shape[0]):
        for value in room(memory, borders, k):
            total += value
    in_use(memory)
    return total


@njit
def addresses(sizes):
    memory, borders = room_for(sizes)
    where = np.empty(sizes.shape[0], dtype=np.int64)
    for k in range(sizes.shape[0]):
        where[k] = room(memory, borders, k).ctypes.data
    in_use(memory)
    return where


@given(NUMBERS, NUMBERS, NUMBERS)
@settings(deadline=None)  # the first example compiles
def test_a_fused_product_is_rounded_once(a, b, c):
    exact = float(Fraction(a) * Fraction(b) + Fraction(c))
    assert compiled_fma(a, b, c) == exact


def test_a_fused_product_is_not_a_product_and_a_sum():
    a, b = 1.0 + 2.0**-30, 1.0 - 2.0**-30
    assert a * b - 1.0 == 0.0
    assert compiled_fma(a, b, -1.0) == -(2.0**-60)


@pytest.mark.parametrize("sizes", [[3], [8, 1, 20], [0, 5, 64]])
def test_parts_of_the_memory_do_not_overlap_and_begin_on_a_line(sizes):
    sizes = np.array(sizes)
    expected = sum(n * (3 * k + 3) for k, n in enumerate(sizes.tolist()))
    assert sum_of_rooms(sizes, 3) == expected
    where = addresses(sizes)
    assert (where % 64 == 0).all()
    assert (np.diff(where) >= 8 * sizes[:-1]).all()


def test_memory_of_uncounted_arrays_is_given_back():
    """Eight megabytes a call: what a hundred calls kept would be 800 MB."""
    sizes = np.array([1_000_000])
    sum_of_rooms(sizes, 1)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        sum_of_rooms(sizes, 1)
    grown = getrusage(RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 200e6


def test_in_plain_python_nothing_is_counted_anyway():
    array = np.ones(3)
    assert uncounted(array) is array
    assert in_use(array) is None
