"""Death rates that meet a life expectancy, over all cells in parallel.

Notation, per cell: death rates ``m`` of the standard, direction of change ``b`` by age,
dampening ``S`` by age (between 0 and 1), level ``k``. The rates at level ``k`` are

    m'(x) = m(x) R(x) / (S(x) + R(x) (1 - S(x))),    R(x) = exp(k b(x)).

``S = 1`` is the Lee-Carter form ``log m' = log m + k b``; ``b = 1`` with ``S`` a power
of the standard's survivors is the generalised odds form. ``n``, ``infants``,
``children``, ``rule`` and ``a`` are those of :mod:`popsim.kernels.lifetable`.

An input is a pair of ``values`` (row, age) and ``index`` (cell,): cell ``c`` reads
``values[index[c]]``, so what cells share is stored once.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.lifetable import separation_row

Array = np.ndarray

#: Years of life expectancy; three orders below the 1e-6 that callers are promised.
TOLERANCE = 1e-9
#: No rate changes by more than this factor: far beyond what separates any two populations
#: on record (infant mortality of 1950 and 2020: a factor of 30), so it only stops the search.
LARGEST_LOG_RATIO = np.log(1000.0)
#: Secant steps need about eight; bisections follow where the rule for a(0) jumps.
_SECANT_STEPS, _MAX_STEPS = 60, 130
#: Callers are promised 1e-6 years. Only where Andreev and Kingkade's pieces for a(0) do not
#: meet (a male m(0) of 0.0230) can life expectancy jump over the target, by up to 1.5e-6.
_PROMISE = 1e-6


@jit
def life_expectancy_row(
    m: Array, n: Array, infants: Array, children: Array, rule: int, a: Array
) -> float:
    """Life expectancy at birth of one row, ``a`` written on the way; nan if some q exceeds 1."""
    separation_row(m, n, infants, children, rule, a)
    last = m.shape[0] - 1
    alive, years = 1.0, 0.0
    for x in range(last):
        q = n[x] * m[x] / (1.0 + (n[x] - a[x]) * m[x])
        if q > 1.0:
            return np.nan
        years += alive * (n[x] - (n[x] - a[x]) * q)
        alive *= 1.0 - q
    return years + alive * a[last]


@jit
def _at_level(
    k: float,
    m: Array,
    b: Array,
    S: Array,
    n: Array,
    infants: Array,
    children: Array,
    rule: int,
    ceiling: Array,
    a: Array,
    out: Array,
) -> float:
    """Rates at level ``k`` into ``out`` and their life expectancy; nan if they cannot be."""
    possible = True
    for x in range(m.shape[0]):
        ratio = np.exp(k * b[x])
        out[x] = m[x] * ratio / (S[x] + ratio * (1.0 - S[x]))
        possible = possible and out[x] <= ceiling[x]
    if not possible:
        return np.nan
    return life_expectancy_row(out, n, infants, children, rule, a)


@jit
def _furthest(
    limit: float,
    m: Array,
    b: Array,
    S: Array,
    n: Array,
    infants: Array,
    children: Array,
    rule: int,
    ceiling: Array,
    a: Array,
    out: Array,
) -> float:
    """Level nearest to ``limit`` whose rates can be; its rates stay in ``out``."""
    inside, outside = 0.0, limit
    if not np.isnan(_at_level(limit, m, b, S, n, infants, children, rule, ceiling, a, out)):
        return limit
    for _ in range(60):
        middle = 0.5 * (inside + outside)
        if np.isnan(_at_level(middle, m, b, S, n, infants, children, rule, ceiling, a, out)):
            outside = middle
        else:
            inside = middle
    return inside


@jit
def _close_in(
    lower: float,
    f_lower: float,
    upper: float,
    f_upper: float,
    target: float,
    m: Array,
    b: Array,
    S: Array,
    n: Array,
    infants: Array,
    children: Array,
    rule: int,
    ceiling: Array,
    a: Array,
    out: Array,
) -> float:
    """Level between two that bracket the target (secant steps of Anderson and Bjorck 1973)."""
    for step in range(_MAX_STEPS):
        if step < _SECANT_STEPS:
            k = upper - f_upper * (upper - lower) / (f_upper - f_lower)
        else:
            k = 0.5 * (lower + upper)
        f = _at_level(k, m, b, S, n, infants, children, rule, ceiling, a, out) - target
        if abs(f) <= TOLERANCE:
            return k
        if f * f_upper < 0.0:
            lower, f_lower = upper, f_upper
        elif step < _SECANT_STEPS:
            # the far end keeps its place: at its full weight it would stay there for good
            weight = 1.0 - f / f_upper
            f_lower *= weight if weight > 0.0 else 0.5
        upper, f_upper = k, f
    # only where the target falls into a jump of the rule for a(0) itself
    if abs(f_upper) <= _PROMISE:
        return upper
    f = _at_level(lower, m, b, S, n, infants, children, rule, ceiling, a, out) - target
    return lower if abs(f) <= _PROMISE else np.nan


@jit
def _meet_row(
    target: float,
    steepest: float,
    m: Array,
    b: Array,
    S: Array,
    n: Array,
    infants: Array,
    children: Array,
    rule: int,
    ceiling: Array,
    a: Array,
    out: Array,
) -> float:
    """Level at which a row has the life expectancy ``target``; nan if no level has."""
    f = _at_level(0.0, m, b, S, n, infants, children, rule, ceiling, a, out) - target
    if abs(f) <= TOLERANCE:
        return 0.0
    limit = LARGEST_LOG_RATIO / steepest
    # a unit of log mortality is worth about ten years, so the first step seldom falls short
    step = min(max(abs(f) / 8.0, 0.01) / steepest, limit)
    sign = 1.0 if f > 0.0 else -1.0
    near, f_near = 0.0, f
    while True:
        far = sign * step
        f_far = _at_level(far, m, b, S, n, infants, children, rule, ceiling, a, out) - target
        last = step >= limit
        if np.isnan(f_far):
            far = _furthest(far, m, b, S, n, infants, children, rule, ceiling, a, out)
            f_far = _at_level(far, m, b, S, n, infants, children, rule, ceiling, a, out) - target
            last = True
        if f_far * f <= 0.0:
            return _close_in(
                near, f_near, far, f_far, target,
                m, b, S, n, infants, children, rule, ceiling, a, out,
            )  # fmt: skip
        if not f_far * f > 0.0 or last:
            return np.nan
        near, f_near = far, f_far
        step = min(2.0 * step, limit)


@jit_cells("target")
def meet_life_expectancy(
    begin: int,
    end: int,
    m: Array,
    m_index: Array,
    b: Array,
    b_index: Array,
    S: Array,
    S_index: Array,
    n: Array,
    infants: Array,
    infants_of: Array,
    children: Array,
    children_of: Array,
    rule: int,
    target: Array,
    ceiling: Array,
    level: Array,
    reach: Array,
    out: Array,
) -> None:
    """Rates of every cell at the level that meets its life expectancy.

    Parameters
    ----------
    m, b, S : (row, age), each with its (cell,) index
    n, infants, infants_of, children, children_of, rule : as in
        :func:`popsim.kernels.lifetable.tables_by_rule`
    target : (cell,) life expectancy at birth [years]
    ceiling : (age,) highest rates that can be
    level : (cell,) output, ``k``; nan where no level meets the target
    reach : (cell, 2) output where ``level`` is nan: lowest and highest that can be met
    out : (cell, age) output, the rates
    """
    for c in range(begin, end):
        standard, direction, dampening = m[m_index[c]], b[b_index[c]], S[S_index[c]]
        infant, child = infants[infants_of[c]], children[children_of[c]]
        a = np.empty(standard.shape[0])
        steepest = 0.0
        for x in range(direction.shape[0]):
            steepest = max(steepest, abs(direction[x]))
        level[c] = _meet_row(
            target[c], steepest,
            standard, direction, dampening, n, infant, child, rule, ceiling, a, out[c],
        )  # fmt: skip
        if np.isnan(level[c]):
            for end in range(2):
                limit = (1.0 - 2.0 * end) * LARGEST_LOG_RATIO / steepest
                worst = _furthest(
                    limit, standard, direction, dampening, n, infant, child, rule, ceiling, a,
                    out[c],
                )  # fmt: skip
                reach[c, end] = _at_level(
                    worst, standard, direction, dampening, n, infant, child, rule, ceiling, a,
                    out[c],
                )  # fmt: skip
