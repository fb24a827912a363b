"""The cohort-component step, over all cells in parallel.

A *state* is one vector of both sexes: ``ages`` groups of women, then ``ages`` groups of
men. One loop then runs over 2 x ages contiguous numbers, which is what lets the
compiler use the processor's vector units; the two places where the women's last
group meets the men's first are put right afterwards.

Notation, per cell: ``P`` population at the start of the step, ``M`` net migrants in the
step, ``A`` the population that is exposed (``P`` plus the migrants that enter at the
start), ``E`` population at the end, ``D`` deaths by age reached, ``B`` births by order and
age of mother. METHODS, section "One step", has the conventions;
:mod:`popsim.kernels.step.reference` is the same step written to be read.

An input is a pair of values (row, ...) and index (cell,): cell ``c`` reads
``values[index[c]]``, so what cells share is stored once.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import in_use, jit, jit_cells, uncounted

#: How migration is given (the kernel's own enumeration; labels live outside).
CLOSED, COUNTS, RATES, TOTAL = 0, 1, 2, 3

#: Persons left in an age group that net migration would have emptied (the UN's rule).
NEGLIGIBLE = 1e-5

#: Persons in an age group that would have ended a step below zero (the UN's rule).
LIFTED = 5e-4


@jit
def _sum(x, start, stop):
    """Sum of ``x[start:stop]`` in a fixed order of four strands, which can run at once."""
    s0 = s1 = s2 = s3 = 0.0
    a = start
    while a + 4 <= stop:
        s0 += x[a]
        s1 += x[a + 1]
        s2 += x[a + 2]
        s3 += x[a + 3]
        a += 4
    while a < stop:
        s0 += x[a]
        a += 1
    return (s0 + s1) + (s2 + s3)


@jit
def _copy(x, out):
    """Copy one state; Numba compiles ``out[:] = x`` with seconds of checks around it."""
    for a in range(x.shape[0]):
        out[a] = x[a]


@jit
def _migrate(P, migration, mode, step, M, adjustment):
    """Net migrants of the step into ``M``; returns how many outflows the guard altered.

    A group that nobody is in and nobody leaves gets the negligible number too, uncounted.
    """
    n = P.shape[0]
    if mode == COUNTS:
        for a in range(n):
            M[a] = step * migration[a]
    elif mode == RATES:
        for a in range(n):
            M[a] = step * (migration[a] * P[a])
    else:
        people = _sum(P, 0, n)
        per_person = step * migration[0] / people if people > 0.0 else 0.0
        for a in range(n):
            M[a] = per_person * P[a]
    emptied, leaving = 0, 0
    for a in range(n):
        emptied += P[a] + M[a] <= 0.0
    if emptied > 0:
        for a in range(n):
            if P[a] + M[a] <= 0.0:
                leaving += M[a] < 0.0
                allowed = NEGLIGIBLE - P[a]
                adjustment[a] = allowed - M[a]
                M[a] = allowed
    return leaving


@jit
def _lift(E, M, adjustment, lift):
    """Lift groups below zero; what lifts them came in, or the books would not close."""
    below = 0
    for a in range(E.shape[0]):
        below += E[a] < 0.0
    fresh = 0
    if below > 0:
        for a in range(E.shape[0]):
            if E[a] < 0.0:
                fresh += adjustment[a] == 0.0  # or the guard has counted the group already
                lift[a] = LIFTED - E[a]
                M[a] += lift[a]
                adjustment[a] += lift[a]
                E[a] = LIFTED
    return fresh


@jit
def _survive(A, survival, D, E):
    """Deaths and survivors of everybody alive at the start, by age reached (from age 1)."""
    n = A.shape[0]
    for a in range(1, n):
        deaths = (1.0 - survival[a]) * A[a - 1]
        D[a] = deaths
        E[a] = A[a - 1] - deaths
    for w in (n // 2 - 1, n - 1):  # the open groups are reached from the last two
        reaching = A[w - 1] + A[w]
        D[w] = (1.0 - survival[w]) * reaching
        E[w] = reaching - D[w]


@jit
def _bear(fertility, factor, step, A, E, first, last, B):
    """Births of one order by age of mother, and their sum."""
    for a in range(first, last):
        B[a] = step * (fertility[a] * factor) * (A[a] + E[a]) / 2.0
    return _sum(B, first, last)


@jit
def _step(
    P, survival, fertility, factor, srb, migration, mode, step, even, first, last,
    A, E, B, D, M, adjustment, lift,
):  # fmt: skip
    """One step of one cell: fills E, B, D, M; returns in how many groups outflow was altered.

    ``A`` is scratch. ``first`` and ``last`` (exclusive) bound the reproductive ages; the
    caller has zeroed ``B`` outside of them.
    """
    n = P.shape[0]
    altered = 0
    split = even and mode != CLOSED
    if mode != CLOSED:
        altered = _migrate(P, migration, mode, step, M, adjustment)
    if split:
        for a in range(n):
            A[a] = P[a] + M[a] / 2.0
        _survive(A, survival, D, E)
        for a in range(n):
            E[a] += M[a] / 2.0
    else:
        A = P
        _survive(A, survival, D, E)

    births = 0.0
    for o in range(fertility.shape[0]):
        births += _bear(fertility[o], factor[o], step, A, E, first, last, B[o])
    girls = births * (1.0 / (1.0 + srb))
    for s in range(2):
        born = girls if s == 0 else births - girls
        a = s * (n // 2)
        D[a] = (1.0 - survival[a]) * born
        E[a] = born - D[a]
        if split:
            E[a] += M[a] / 2.0

    if mode != CLOSED:
        if not even:
            for a in range(n):
                E[a] += M[a]
        altered += _lift(E, M, adjustment, lift)
    return altered


@jit_cells("out_altered")
def project_full(
    begin, end, population, population_index,
    survival, survival_index,
    fertility, fertility_index,
    factor, factor_index,
    srb, srb_index,
    migration, migration_index,
    mode, step, even, first, last,
    out_population, out_births, out_deaths, out_migration, out_adjustment, out_lift, out_altered,
):  # fmt: skip
    """Project every cell and keep every age.

    Parameters
    ----------
    population : (row, state)
    survival : (row, year, state)
    fertility : (row, year, order, age)
    factor : (row, year, order)
        Multiplies the fertility of the order (1 where nothing does).
    srb : (row, year)
    migration : (row, year, state) or, for a total, (row, year, 1)
    mode : int
        CLOSED, COUNTS, RATES or TOTAL.
    step : float
        Years of a step, equal to the width of the age groups.
    even : bool
        Half of the migrants at the start and half at the end; else all at the end.
    first, last : int
        The reproductive ages are ``first <= a < last``.
    out_population : (cell, year + 1, state)
    out_births : (cell, year, order, age)
        Zeros outside of the reproductive ages are written too.
    out_deaths, out_migration, out_adjustment, out_lift : (cell, year, state)
        Migration is written unless closed, the adjustment and the part of it that lifted a
        group from below zero only where something was altered: they come in as zeros.
    out_altered : (cell, year) int64
        Groups whose outflow was altered.
    """
    # Threads would take turns in counting who uses an array at each of its many uses.
    population, survival = uncounted(population), uncounted(survival)
    fertility, factor, migration = uncounted(fertility), uncounted(factor), uncounted(migration)
    out_population, out_births = uncounted(out_population), uncounted(out_births)
    out_deaths, out_migration = uncounted(out_deaths), uncounted(out_migration)
    out_adjustment, out_lift = uncounted(out_adjustment), uncounted(out_lift)
    steps = out_altered.shape[1]
    memory = np.empty(population.shape[1])
    A = uncounted(memory)
    for c in range(begin, end):
        _copy(population[population_index[c]], out_population[c, 0])
        for t in range(steps):
            B = out_births[c, t]
            for o in range(B.shape[0]):
                B[o, :first] = 0.0
                B[o, last:] = 0.0
            out_altered[c, t] = _step(
                out_population[c, t],
                survival[survival_index[c], t],
                fertility[fertility_index[c], t],
                factor[factor_index[c], t],
                srb[srb_index[c], t],
                migration[migration_index[c], t],
                mode, step, even, first, last,
                A, out_population[c, t + 1], B, out_deaths[c, t],
                out_migration[c, t], out_adjustment[c, t], out_lift[c, t],
            )  # fmt: skip
    in_use(memory)


@jit
def _group(state, borders, out):
    ages = state.shape[0] // 2
    for s in range(2):
        for g in range(len(borders) - 1):
            out[s, g] = _sum(state, s * ages + borders[g], s * ages + borders[g + 1])
