"""Life tables, one row of death rates to one table, over all rows in parallel.

Notation, per row: age groups ``x`` with widths ``n`` (the last one open), death rates
``m``, years ``a`` lived in the group by those who die in it, probabilities of dying
``q``, survivors ``l`` (radix 1), deaths ``d``, person-years ``L`` in the group and ``T``
above its lower bound, life expectancy ``e``.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells

Array = np.ndarray

#: How ``a`` is set where neither the rules for infants nor the caller do.
MIDPOINT, GREVILLE, KEYFITZ = 0, 1, 2

#: First group to which Greville's and Keyfitz's formulas apply: 15-19, the fifth of
#: 0, 1-4, 5-9, 10-14, 15-19. Below it the UN sets half of the width (United Nations
#: 1982, Model Life Tables for Developing Countries, p. 31).
_FIRST_BY_FORMULA = 4

#: Smallest share of a five-year group that its dead live in it: 1/5 - exp(-5)/(1 - exp(-5))
#: to two digits, what a constant death rate of 1 gives, the limit of Kannisto's law. Where
#: the rates fall steeply or exceed it, Greville's formula would go below, even below 0.
_LOWEST_SHARE = 0.97 / 5.0

#: Rounds after which Keyfitz's iteration ends; it gains about a digit a round, and where
#: ragged rates let it swing instead, a further round would not help.
_ROUNDS = 60
_SETTLED = 1e-13

#: Rounds after which the search for the rates of given probabilities ends. With Greville's
#: formula the error falls by 25/12 m**2 a round: 15 rounds do at m = 0.3, 500 at 0.68. At
#: 0.69 the formula's q turns down again, and there is no rate to be found.
_ROUNDS_OF_RATES = 500


@jit
def _piecewise(x: float, pieces: Array) -> float:
    """Linear in pieces: (up to, intercept, slope) each, the last one up to infinity."""
    k = 0
    while k < len(pieces) - 1 and x >= pieces[k, 0]:
        k += 1
    return pieces[k, 1] + pieces[k, 2] * x


@jit
def _within(share_of: float, n: float) -> float:
    return min(max(share_of, _LOWEST_SHARE * n), n)


@jit
def greville_row(m: Array, n: Array, a: Array) -> None:
    """Greville's a(x) from rates, the form of the UN (MORTPAK); ages 15 and over."""
    last = len(m) - 2
    for x in range(_FIRST_BY_FORMULA, last + 1):
        # the open group's rate is not that of a group of this width: the last closed
        # group takes the slope of the one before
        y = x if x < last else last - 1
        below, above = m[y - 1], m[y + 1]
        slope = np.log(above / below) / (2.0 * n[x]) if below > 0.0 and above > 0.0 else 0.0
        a[x] = _within(n[x] / 2.0 - n[x] ** 2 / 12.0 * (m[x] - slope), n[x])


@jit
def keyfitz_row(m: Array, n: Array, a: Array) -> None:
    """Keyfitz's a(x): parabolas through the deaths of three groups, until a and d agree."""
    last = len(m) - 2
    d = np.empty(last + 1)
    for x in range(_FIRST_BY_FORMULA, last + 1):
        a[x] = n[x] / 2.0
    for _ in range(_ROUNDS):
        alive = 1.0
        for x in range(last + 1):
            d[x] = alive * n[x] * m[x] / (1.0 + (n[x] - a[x]) * m[x])
            alive -= d[x]
        change = 0.0
        for x in range(_FIRST_BY_FORMULA, last):
            if d[x] > 0.0:
                new = n[x] / 2.0 + n[x] / 24.0 * (d[x + 1] - d[x - 1]) / d[x]
                new = _within(new, n[x])
                change = max(change, abs(new - a[x]))
                a[x] = new
        if last > _FIRST_BY_FORMULA:
            # there is no group of the same width beyond the last closed one
            a[last] = a[last - 1]
        if change < _SETTLED:
            break


@jit
def separation_row(
    m: Array, n: Array, infants: Array, children: Array, rule: int, a: Array
) -> None:
    """Set ``a`` of every group from the rates; the open group lives 1/m."""
    a[0] = _piecewise(m[0], infants)
    for x in range(1, len(m) - 1):
        a[x] = n[x] / 2.0
    if rule != MIDPOINT:
        a[1] = _piecewise(m[0], children)
        if rule == GREVILLE:
            greville_row(m, n, a)
        else:
            keyfitz_row(m, n, a)
    a[-1] = 1.0 / m[-1]


@jit
def table_row(
    m: Array, a: Array, n: Array, qx: Array, lx: Array, dx: Array, Lx: Array, Tx: Array, ex: Array
) -> int:
    """One life table; returns the first group whose qx exceeds 1, or -1."""
    last = len(m) - 1
    bad = -1
    alive = 1.0
    for x in range(last):
        qx[x] = n[x] * m[x] / (1.0 + (n[x] - a[x]) * m[x])
        if qx[x] > 1.0 and bad < 0:
            bad = x
        lx[x] = alive
        dx[x] = alive * qx[x]
        alive -= dx[x]
        Lx[x] = n[x] * alive + a[x] * dx[x]
    qx[last] = 1.0
    lx[last] = alive
    dx[last] = alive
    Lx[last] = alive * a[last]
    Tx[last] = Lx[last]
    ex[last] = a[last]
    for x in range(last - 1, -1, -1):
        Tx[x] = Tx[x + 1] + Lx[x]
        # not Tx / lx: where nobody is left that would be 0 / 0
        ex[x] = qx[x] * a[x] + (1.0 - qx[x]) * (n[x] + ex[x + 1])
    return bad


@jit_cells("m")
def tables_by_rule(
    begin: int,
    end: int,
    rates: Array,
    rates_of: Array,
    n: Array,
    infants: Array,
    infants_of: Array,
    children: Array,
    children_of: Array,
    rule: int,
    m: Array,
    a: Array,
    qx: Array,
    lx: Array,
    dx: Array,
    Lx: Array,
    Tx: Array,
    ex: Array,
    bad: Array,
) -> None:
    """Life tables of all cells, with ``a`` by rule.

    Parameters
    ----------
    rates, rates_of : (row, age) death rates, and (cell,) the row of each cell
    n : (age,) widths; that of the open group is not read
    infants, children : (row, piece, 3) rules for 1a0 and 4a1 by m0: up to, intercept, slope
    infants_of, children_of : (cell,) the row of each cell
    rule : MIDPOINT, GREVILLE or KEYFITZ
    m, a, qx, lx, dx, Lx, Tx, ex : (cell, age) output
    bad : (cell,) output: first age group whose qx exceeds 1, or -1
    """
    for c in range(begin, end):
        for x in range(m.shape[1]):
            m[c, x] = rates[rates_of[c], x]
        separation_row(m[c], n, infants[infants_of[c]], children[children_of[c]], rule, a[c])
        bad[c] = table_row(m[c], a[c], n, qx[c], lx[c], dx[c], Lx[c], Tx[c], ex[c])


@jit_cells("m")
def tables_given_ax(
    begin: int,
    end: int,
    rates: Array,
    rates_of: Array,
    given: Array,
    given_of: Array,
    n: Array,
    m: Array,
    a: Array,
    qx: Array,
    lx: Array,
    dx: Array,
    Lx: Array,
    Tx: Array,
    ex: Array,
    bad: Array,
) -> None:
    """Life tables of all cells, with ``a`` given.

    Parameters
    ----------
    rates, rates_of : (row, age) death rates, and (cell,) the row of each cell
    given, given_of : (row, age) ``a``, in the open group the life expectancy; (cell,) the row
    n : (age,) widths; that of the open group is not read
    m, a, qx, lx, dx, Lx, Tx, ex : (cell, age) output; the open group's m is 1/a
    bad : (cell,) output: first age group whose qx exceeds 1, or -1
    """
    for c in range(begin, end):
        for x in range(m.shape[1]):
            m[c, x] = rates[rates_of[c], x]
        for x in range(a.shape[1]):
            a[c, x] = given[given_of[c], x]
        m[c, -1] = 1.0 / a[c, -1]
        bad[c] = table_row(m[c], a[c], n, qx[c], lx[c], dx[c], Lx[c], Tx[c], ex[c])


@jit
def all_within(values: Array, ceiling: Array) -> bool:
    """Whether all values (row, age) are numbers from 0 to the ceiling (age,)."""
    outside = 0
    for r in range(len(values)):
        for x in range(len(ceiling)):
            # also true of nan
            outside += not 0.0 <= values[r, x] <= ceiling[x]
    return outside == 0


@jit
def rates_row(
    q: Array,
    n: Array,
    infants: Array,
    children: Array,
    rule: int,
    open_a: float,
    m: Array,
    a: Array,
) -> None:
    """Rates and ``a`` that agree with the probabilities ``q`` and with the rules for ``a``."""
    last = len(q) - 1
    m[:] = 0.0
    m[last] = 1.0 / open_a
    for x in range(last):
        a[x] = n[x] / 2.0
    for _ in range(_ROUNDS_OF_RATES):
        change = 0.0
        for x in range(last):
            new = q[x] / (n[x] - (n[x] - a[x]) * q[x])
            change = max(change, abs(new - m[x]))
            m[x] = new
        if change < _SETTLED:
            break
        separation_row(m, n, infants, children, rule, a)
    a[last] = open_a
    for x in range(last):
        m[x] = q[x] / (n[x] - (n[x] - a[x]) * q[x])


@jit_cells("m")
def rates_from_probabilities(
    begin: int,
    end: int,
    q: Array,
    q_of: Array,
    n: Array,
    infants: Array,
    infants_of: Array,
    children: Array,
    children_of: Array,
    rule: int,
    open_a: Array,
    open_a_of: Array,
    m: Array,
    a: Array,
) -> None:
    """Rates and ``a`` of all cells from probabilities of dying.

    Parameters
    ----------
    q, q_of : (row, age) probabilities; that of the open group is not read; (cell,) the row
    n, infants, infants_of, children, children_of, rule : as in :func:`tables_by_rule`
    open_a, open_a_of : (row,) life expectancy in the open group, and (cell,) the row
    m, a : (cell, age) output
    """
    for c in range(begin, end):
        own, young = infants[infants_of[c]], children[children_of[c]]
        rates_row(q[q_of[c]], n, own, young, rule, open_a[open_a_of[c]], m[c], a[c])
