"""The cohort-component step with women split by parity, over all cells in parallel.

Men and the total of women take the step of :mod:`popsim.kernels.step.cohort`; what differs is
where births come from. Parity k = 0, 1, 2, 3 (three or more); order o = 0, 1, 2 here is the
first, second, third or higher birth, and women of parity k bear order ``min(k, 2)``.

Notation beyond that module's, per cell: ``N`` women (parity, age), at the start of the step
and then at its end; ``c`` births per woman of the parity and year; ``G`` share of the women of
a parity that bears in one half of the year. In the first half the women aged a at the start
bear at age a; those of them who have not borne may bear in the second half, when they have
the age that they reach. So nobody has two confinements in a step, and the births at age a,
first half and second, are ``step * c * X`` with the exposed women
``X = (women of age a at the start + women reaching a who have not borne yet) / 2``.

Every split over parity is a scaling to a total of the classic step: deaths, both halves of
the migrants, guard and lift meet all parities of an age alike.
:mod:`popsim.kernels.step.parity_reference` is the same step written to be read.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.bearing import ALWAYS_BORNE, fill_rates, spread_over_ages
from popsim.kernels.step.cohort import CLOSED, _copy, _group, _lift, _migrate, _sum, _survive

PARITIES, ORDERS = 4, 3

#: How fertility is given: conditional rates; incidence rates whose births by order and age
#: are met every year; or in the first, and births by age after it (the kernel's own enumeration).
CONDITIONAL, BY_ORDER, FIRST_YEAR = 0, 1, 2


@jit
def _scale(N, total):
    """Scale the parities of each age to the total; women where there were none are childless."""
    for a in range(N.shape[1]):
        people = N[0, a] + N[1, a] + N[2, a] + N[3, a]
        some = people > 0.0
        ratio = total[a] / people if some else 0.0
        N[0, a] = N[0, a] * ratio if some else total[a]
        N[1, a] *= ratio
        N[2, a] *= ratio
        N[3, a] *= ratio


@jit
def _reach(A, E, R):
    """Women at the end (with their migrants) per exposed woman that the age is reached from."""
    n = len(R)
    for a in range(1, n - 1):
        R[a] = max(E[a], 0.0) / A[a - 1] if A[a - 1] > 0.0 else 0.0
    reaching = A[n - 2] + A[n - 1]  # the open group, from the last two
    R[n - 1] = max(E[n - 1], 0.0) / reaching if reaching > 0.0 else 0.0


@jit
def _asked(fertility, A, E, step, first, last, asked):
    """Births by age that the incidence rates of all orders ask for, moved where nobody could."""
    crowded, room = 0, np.zeros(len(asked))
    for a in range(first, last):
        rate = 0.0
        for o in range(ORDERS):
            rate += max(step * fertility[o, a], 0.0)
        asked[a] = max(rate * (A[a] + E[a]) / 2.0, 0.0)
        room[a] = (A[a] + ALWAYS_BORNE * max(E[a], 0.0)) / 2.0
        crowded += asked[a] > room[a]
    if crowded > 0:
        spread_over_ages(asked, room, first, last)


@jit
def _conditional(N, fertility, A, E, R, step, first, last, keep, start, ceiling, c):
    """Conditional rates that give the births of incidence rates, age after age.

    Births by order and age are those of the incidence rates; or, to ``keep`` the rates of the
    first year in their proportions (``start``), births by age alone. Where the women of a parity
    cannot bear theirs, others do (:mod:`popsim.kernels.bearing`). Parities 2 and 3 share a rate:
    incidence does not tell them apart.
    """
    x, rates, kept = np.empty(ORDERS), np.empty(ORDERS), np.empty(ORDERS)
    asked = np.empty(N.shape[1])
    _asked(fertility, A, E, step, first, last, asked)
    for a in range(first, last):
        given, too_few = 0.0, 0
        for o in range(ORDERS):
            x[o] = 0.0
            given += fertility[o, a]
        for k in range(PARITIES):
            borne = min(step * c[k, a - 1], 1.0) / 2.0 if a > first else 0.0
            unborne = N[k, a - 1] * (1.0 - borne)
            x[min(k, 2)] += (N[k, a] + R[a] * unborne) / 2.0
        for o in range(ORDERS):
            births = asked[a] * (fertility[o, a] / given) if given > 0.0 else 0.0
            kept[o] = step * start[o, a] if keep else (0.0 if x[o] <= 0.0 else births / x[o])
            rates[o] = kept[o]
            too_few += births > x[o]
        if keep or too_few > 0 or given <= 0.0:
            fill_rates(asked[a], ceiling, kept, x, rates)
        for k in range(PARITIES):
            c[k, a] = rates[min(k, 2)] / step


@jit
def _advance(N, c, factor, R, step, first, last, G, F, T, B):
    """Births by order and age into ``B``, and ``N`` moved to the end of the step.

    Age 0 is left alone. Scratch: ``G``; ``F`` mothers of the first half, zero outside of the
    reproductive ages; ``T`` who reach the age and have not borne, then also not at the end.
    """
    n = N.shape[1]
    for k in range(PARITIES):
        up = step * factor[min(k, 2)]
        for a in range(first, last):
            # One confinement a year at most, whatever a factor asks for.
            G[k, a] = min(up * c[k, a], 1.0) / 2.0
            F[k, a] = G[k, a] * N[k, a]
        for a in range(1, n):
            T[k, a] = R[a] * (N[k, a - 1] - F[k, a - 1])
        T[k, n - 1] += R[n - 1] * N[k, n - 1]
    for k in range(PARITIES):
        for a in range(1, n):
            N[k, a] = 0.0
    for k in range(PARITIES):
        to, o = min(k + 1, 3), min(k, 2)
        for a in range(first, last):
            late = G[k, a] * T[k, a]
            T[k, a] -= late
            N[to, a] += late
            B[o, a] = F[k, a] + late if k < 3 else B[o, a] + F[k, a] + late
        for a in range(first + 1, last + 1):
            N[to, a] += R[a] * F[k, a - 1]
    for k in range(PARITIES):
        for a in range(1, n):
            N[k, a] += T[k, a]


@jit
def _step(
    P, N, survival, rates, factor, srb, migration, mode, step, even, first, last,
    given, keep, start, ceiling, A, E, B, D, M, adjustment, lift, c, R, G, F, T,
):  # fmt: skip
    """One step of one cell: fills E, B, D, M and moves N.

    Returns in how many groups outflow was altered.

    ``rates`` are conditional (parity, age), or incidence (order, age) to be turned into
    conditional ones, which ``c`` then holds, those of the first year being ``start``.
    Scratch: A, R, G, F, T.
    """
    n = P.shape[0]
    ages = n // 2
    altered = 0
    split = even and mode != CLOSED
    if mode != CLOSED:
        altered = _migrate(P, migration, mode, step, M, adjustment)
    if split:
        for a in range(n):
            A[a] = P[a] + M[a] / 2.0
        _scale(N, A)
    else:
        _copy(P, A)
    _survive(A, survival, D, E)
    if split:
        for a in range(n):
            E[a] += M[a] / 2.0

    women, reached = A[:ages], E[:ages]
    _reach(women, reached, R)
    if given != CONDITIONAL:
        _conditional(N, rates, women, reached, R, step, first, last, keep, start, ceiling, c)
        _advance(N, c, factor, R, step, first, last, G, F, T, B)
    else:
        _advance(N, rates, factor, R, step, first, last, G, F, T, B)

    births = 0.0
    for o in range(ORDERS):
        births += _sum(B[o], first, last)
    girls = births * (1.0 / (1.0 + srb))
    for s in range(2):
        born = girls if s == 0 else births - girls
        a = s * ages
        D[a] = (1.0 - survival[a]) * born
        E[a] = born - D[a]
        if split:
            E[a] += M[a] / 2.0
    for k in range(PARITIES):
        N[k, 0] = 0.0

    if mode != CLOSED:
        if not even:
            for a in range(n):
                E[a] += M[a]
        altered += _lift(E, M, adjustment, lift)
    _scale(N, E)
    return altered


@jit_cells("out_altered")
def project_full(
    begin, end, population, population_index,
    women, women_index,
    survival, survival_index,
    rates, rates_index,
    factor, factor_index,
    srb, srb_index,
    migration, migration_index,
    mode, step, even, first, last, given, ceiling,
    out_population, out_women, out_rates, out_births, out_deaths, out_migration, out_adjustment,
    out_lift, out_altered,
):  # fmt: skip
    """Project every cell and keep every age.

    Inputs and outputs that :func:`popsim.kernels.step.cohort.project_full` has are the same.

    Parameters
    ----------
    women : (row, parity, age)
        Women by parity at the start; the parities add up to the women of ``population``.
    rates : (row, year, parity, age); (row, year, order, age) unless ``given`` is CONDITIONAL
        Births of order min(k, 2) per woman of parity k and year; or per woman of any parity.
    factor : (row, year, order)
        Multiplies the conditional rates of the parities that bear the order.
    given : int
        CONDITIONAL, BY_ORDER or FIRST_YEAR: incidence rates are turned into conditional ones.
    ceiling : float
        Births per woman of a parity in the step beyond which, after the first year, births
        go to other orders; before, and BY_ORDER, only where a parity has too few women.
    out_women : (cell, year + 1, parity, age)
    out_rates : (cell, year, parity, age), or (cell, 1, ...) where CONDITIONAL
        Conditional rates before the factor; written at the reproductive ages: zeros come in.
    out_births : (cell, year, order, age)
        Written at the reproductive ages: zeros come in.
    """
    steps = out_altered.shape[1]
    n = population.shape[1]
    ages = n // 2
    for c in range(begin, end):
        A, R = np.empty(n), np.empty(ages)
        G, F, T = np.zeros((PARITIES, ages)), np.zeros((PARITIES, ages)), np.empty((PARITIES, ages))
        _copy(population[population_index[c]], out_population[c, 0])
        N = women[women_index[c]].copy()
        for k in range(PARITIES):
            _copy(N[k], out_women[c, 0, k])
        for t in range(steps):
            B = out_births[c, t]
            out_altered[c, t] = _step(
                out_population[c, t], N,
                survival[survival_index[c], t],
                rates[rates_index[c], t],
                factor[factor_index[c], t],
                srb[srb_index[c], t],
                migration[migration_index[c], t],
                mode, step, even, first, last,
                given, given == FIRST_YEAR and t > 0, out_rates[c, 0], ceiling,
                A, out_population[c, t + 1], B, out_deaths[c, t],
                out_migration[c, t], out_adjustment[c, t], out_lift[c, t],
                out_rates[c, 0 if given == CONDITIONAL else t], R, G, F, T,
            )  # fmt: skip
            for k in range(PARITIES):
                _copy(N[k], out_women[c, t + 1, k])


@jit_cells("out_altered")
def project_summary(
    begin, end, population, population_index,
    women, women_index,
    survival, survival_index,
    rates, rates_index,
    factor, factor_index,
    srb, srb_index,
    migration, migration_index,
    mode, step, even, first, last, borders,
    out_population, out_births, out_fertility, out_deaths, out_migration, out_adjustment,
    out_lift, out_altered, out_final, out_women_final,
):  # fmt: skip
    """Project every cell by conditional rates, keep its state in cache and write sums only.

    Inputs as in :func:`project_full`, outputs as in :class:`popsim.kernels.lanes.summary.Sums` with
    the cells first, and:

    Parameters
    ----------
    out_fertility : (cell, year)
        Births per woman summed over age: the total fertility rate.
    out_women_final : (cell, parity, age)
        Women by parity at the end of the last step.
    """
    steps = out_altered.shape[1]
    n = population.shape[1]
    ages = n // 2
    for c in range(begin, end):
        now, then = population[population_index[c]].copy(), np.empty(n)
        N = women[women_index[c]].copy()
        A, D, M, adjustment, lift = np.empty(n), np.empty(n), np.zeros(n), np.zeros(n), np.zeros(n)
        R, B, none = np.empty(ages), np.zeros((ORDERS, ages)), np.empty((0, ages))
        G, F, T = np.zeros((PARITIES, ages)), np.zeros((PARITIES, ages)), np.empty((PARITIES, ages))
        _group(now, borders, out_population[c, 0])
        for t in range(steps):
            altered = _step(
                now, N,
                survival[survival_index[c], t],
                rates[rates_index[c], t],
                factor[factor_index[c], t],
                srb[srb_index[c], t],
                migration[migration_index[c], t],
                mode, step, even, first, last, CONDITIONAL, False, none, np.inf,
                A, then, B, D, M, adjustment, lift, none, R, G, F, T,
            )  # fmt: skip
            out_altered[c, t] = altered
            for o in range(ORDERS):
                out_births[c, t, o] = _sum(B[o], first, last)
            out_fertility[c, t] = _per_woman(B, A, then, M, even, first, last)
            for s in range(2):
                out_deaths[c, t, s] = _sum(D, s * ages, (s + 1) * ages)
                if mode != CLOSED:
                    out_migration[c, t, s] = _sum(M, s * ages, (s + 1) * ages)
                    out_adjustment[c, t, s] = _sum(adjustment, s * ages, (s + 1) * ages)
                    out_lift[c, t, s] = _sum(lift, s * ages, (s + 1) * ages)
            for a in range(n if mode != CLOSED else 0):
                adjustment[a] = lift[a] = 0.0
            now, then = then, now
            _group(now, borders, out_population[c, t + 1])
        _copy(now, out_final[c])
        for k in range(PARITIES):
            _copy(N[k], out_women_final[c, k])


@jit
def _per_woman(B, A, E, M, even, first, last):
    """Births per exposed woman, summed over age."""
    total = 0.0
    for a in range(first, last):
        reached = E[a] if even else E[a] - M[a]  # births come before the migrants of the end
        exposed = (A[a] + reached) / 2.0
        if exposed > 0.0:
            total += (B[0, a] + B[1, a] + B[2, a]) / exposed
    return total
