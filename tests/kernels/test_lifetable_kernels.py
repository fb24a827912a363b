"""The life table kernels against their own Python source and a slow, obvious version."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from popsim.kernels import lifetable as kernel

# Sums of some hundred terms in another order: 1e-14 each, and e up to 1e4 years.
CLOSE = {"rtol": 1e-11, "atol": 1e-13}

INFANTS = np.array(
    [
        [[0.02, 0.15, -2.0], [0.07, 0.05, 4.0], [np.inf, 0.31, 0.0]],
        [[0.02, 0.14, -1.0], [0.07, 0.03, 3.0], [np.inf, 0.30, 0.0]],
    ]
)
CHILDREN = np.array([[[0.1, 1.5, -1.5], [np.inf, 1.36, 0.0]]] * 2)
SINGLE = np.ones(101)
ABRIDGED = np.array([1.0, 4.0, *[5.0] * 20])


def rates_like(widths: np.ndarray) -> st.SearchStrategy[np.ndarray]:
    """Three rows of ragged death rates up to 0.9, some of them 0, the last one above 0."""
    rate = st.one_of(st.just(0.0), st.floats(1e-6, 0.05), st.floats(0.05, 0.9))
    rows = arrays(np.float64, (3, len(widths)), elements=rate)
    return rows.map(lambda m: np.column_stack([m[:, :-1], np.maximum(m[:, -1], 0.01)]))


def slow_greville(m: np.ndarray) -> np.ndarray:
    a = np.full(len(m), 2.5)
    for i in range(4, len(m) - 1):
        j = min(i, len(m) - 3)
        k = 0.0
        if m[j - 1] > 0 and m[j + 1] > 0:
            k = 0.1 * np.log(m[j + 1] / m[j - 1])
        a[i] = np.clip(2.5 - 25 / 12 * (m[i] - k), 0.97, 5.0)
    return a


def slow_table(m: np.ndarray, a: np.ndarray, n: np.ndarray) -> list[np.ndarray]:
    q = n * m / (1 + (n - a) * m)
    q[-1] = 1.0
    lx = np.concatenate([[1.0], np.cumprod(1 - q[:-1])])
    d = lx * q
    L = n * (lx - d) + a * d
    T = np.cumsum(L[::-1])[::-1]
    return [q, lx, d, L, T, T / lx]


EACH = np.arange(3)
WHICH = np.array([0, 1, 0])


def by_rule(m: np.ndarray, n: np.ndarray, rule: int) -> tuple[list[np.ndarray], np.ndarray]:
    """[m, a, q, l, d, L, T, e] and the first impossible group of each row."""
    out = [np.full_like(m, np.nan) for _ in range(8)]
    bad = np.empty(len(m), dtype=np.int64)
    kernel.tables_by_rule(m, EACH, n, INFANTS, WHICH, CHILDREN, WHICH, rule, *out, bad)
    return out, bad


@pytest.mark.parametrize("n", [SINGLE, ABRIDGED], ids=["single", "abridged"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_tables_equal_the_slow_version(n: np.ndarray, data: st.DataObject) -> None:
    m = data.draw(rates_like(n))
    rule = kernel.MIDPOINT if n[1] == 1 else kernel.GREVILLE
    (_, a, *out), bad = by_rule(m, n, rule)
    for r in range(len(m)):
        expected = slow_table(m[r], a[r], n)
        assert (bad[r] >= 0) == bool((expected[0] > 1).any())
        if bad[r] >= 0:
            assert bad[r] == np.argmax(expected[0] > 1)
            continue
        for got, want in zip(out, expected, strict=True):
            np.testing.assert_allclose(got[r], want, **CLOSE)


@settings(max_examples=60, deadline=None)
@given(m=rates_like(ABRIDGED))
def test_greville_equals_the_slow_version(m: np.ndarray) -> None:
    (_, a, *_), _ = by_rule(m, ABRIDGED, kernel.GREVILLE)
    for r in range(len(m)):
        np.testing.assert_allclose(a[r, 2:-1], slow_greville(m[r])[2:-1], **CLOSE)
        np.testing.assert_allclose(a[r, -1], 1 / m[r, -1], **CLOSE)


@settings(max_examples=20, deadline=None)
@given(m=rates_like(ABRIDGED))
def test_compiled_equals_its_own_source(m: np.ndarray) -> None:
    n = ABRIDGED
    for row, formula in ((m[0], kernel.greville_row), (m[1], kernel.keyfitz_row)):
        plain, fast = np.full((2, len(row)), 2.0)
        formula.py_func(row, n, plain)
        formula(row, n, fast)
        # compiled log and division may differ in the last bit
        np.testing.assert_allclose(fast, plain, **CLOSE)
    (_, a, *_), _ = by_rule(m, n, kernel.GREVILLE)
    plain, fast = np.empty((2, 6, len(n)))
    assert kernel.table_row.py_func(m[2], a[2], n, *plain) == kernel.table_row(m[2], a[2], n, *fast)
    np.testing.assert_allclose(fast, plain, **CLOSE)


@settings(max_examples=30, deadline=None)
@given(
    level=st.floats(-11, -8),
    slope=st.floats(0.06, 0.11),
    infant=st.floats(0.001, 0.1),
)
def test_keyfitz_iteration_ends_where_a_and_d_agree(
    level: float, slope: float, infant: float
) -> None:
    n = ABRIDGED
    ages = np.concatenate([[0.5, 3.0], np.arange(7.5, 105, 5)])
    m = np.minimum(np.exp(level + slope * ages), 0.6)
    m[0] = infant
    rows = np.stack([m, m, m])
    (_, a, _, _, d, *_), _ = by_rule(rows, n, kernel.KEYFITZ)
    inside = np.arange(4, len(n) - 2)
    expected = (-5 / 24 * d[0, inside - 1] + 5 / 2 * d[0, inside] + 5 / 24 * d[0, inside + 1]) / d[
        0, inside
    ]
    # the iteration stops at 1e-13 or after 60 rounds, whichever is first
    np.testing.assert_allclose(a[0, inside], np.maximum(expected, 0.97), rtol=1e-9)
    assert a[0, -2] == a[0, -3]
    assert a[0, 2] == a[0, 3] == 2.5


@pytest.mark.parametrize("n", [SINGLE, ABRIDGED], ids=["single", "abridged"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_rates_from_probabilities_give_the_rates_back(n: np.ndarray, data: st.DataObject) -> None:
    level = data.draw(st.floats(-11, -8))
    slope = data.draw(st.floats(0.06, 0.1))
    ages = np.cumsum(n) - n / 2
    m = np.tile(np.minimum(np.exp(level + slope * ages), 0.6), (3, 1))
    # away from the borders between the pieces of a rule, where two rates have one q
    m[:, 0] = data.draw(st.sampled_from([0.002, 0.01, 0.04, 0.15]))
    rule = kernel.MIDPOINT if n[1] == 1 else kernel.GREVILLE
    (_, a, q, *_), bad = by_rule(m, n, rule)
    assert (bad < 0).all()
    got_a, got_m = np.empty_like(m), np.empty_like(m)
    open_a = a[:, -1].copy()
    kernel.rates_from_probabilities(
        q, EACH, n, INFANTS, WHICH, CHILDREN, WHICH, rule, open_a, EACH, got_m, got_a
    )
    # the iteration stops when rates change by less than 1e-13
    np.testing.assert_allclose(got_m, m, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(got_a, a, rtol=1e-9)


def test_infants_follow_the_piece_of_their_rate_and_their_own_rule() -> None:
    m = np.tile(np.full(4, 0.1), (3, 1))
    m[:, 0] = [0.01, 0.05, 0.5]
    (_, a, *_), _ = by_rule(m, np.ones(4), kernel.MIDPOINT)
    # by hand: 0.15 - 2 x 0.01; second rule, second piece: 0.03 + 3 x 0.05; last piece
    np.testing.assert_allclose(a[:, 0], [0.13, 0.18, 0.31], rtol=1e-15)
    assert (a[:, 1:-1] == 0.5).all()
    np.testing.assert_allclose(a[:, -1], 10.0)


def test_nobody_left_is_not_a_division_by_zero() -> None:
    m = np.array([[0.1, 2.0, 0.5, 0.25]])
    a = np.array([[0.5, 0.5, 0.5, 4.0]])
    out = np.full((8, 1, 4), np.nan)
    bad = np.empty(1, dtype=np.int64)
    first = np.array([0])
    kernel.tables_given_ax(m, first, a, first, np.ones(4), *out, bad)
    _, _, q, lx, _, _, _, e = out
    assert q[0, 1] == 1.0
    assert bad[0] == -1
    assert (lx[0, 2:] == 0.0).all()
    # e at 2 is that of someone who would be alive: q a + (1 - q)(1 + 4), q = 0.5 / 1.25
    np.testing.assert_allclose(e[0, 2], 0.4 * 0.5 + 0.6 * 5.0)


def test_cells_share_rows() -> None:
    rates = np.array([[0.01, 0.1, 0.2], [0.02, 0.2, 0.4]])
    given = np.array([[0.1, 0.5, 4.0]])
    out = np.full((8, 3, 3), np.nan)
    bad = np.empty(3, dtype=np.int64)
    zero = np.zeros(3, dtype=np.int64)
    kernel.tables_given_ax(rates, np.array([1, 0, 1]), given, zero, np.ones(3), *out, bad)
    np.testing.assert_array_equal(out[:, 0], out[:, 2])
    np.testing.assert_array_equal(out[0, :2, :2], rates[[1, 0], :2])
    # the open group's rate is that of its life expectancy
    np.testing.assert_array_equal(out[0, :, 2], 0.25)


@pytest.mark.parametrize("bad", [-1e-9, 1.1, np.nan, np.inf])
def test_all_within(bad: float) -> None:
    ceiling = np.array([1.0, 1.0, 5.0])
    values = np.array([[0.0, 1.0, 5.0], [0.5, 0.5, 2.0]])
    assert kernel.all_within(values, ceiling)
    values[1, 1] = bad
    assert not kernel.all_within(values, ceiling)
