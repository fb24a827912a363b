"""The cohort-component step for sums only: many cells at once, one beside another.

:mod:`popsim.kernels.cohort` walks one cell through its ages. Here a block of ``LANES`` cells
walks together: what a cell holds at a row (an age of a sex) lies beside what the other cells
of the block hold there, so that one instruction serves several cells, sums over ages
included, and a rate that all of them share is read once. The state of a block stays in the
cache and is stepped in place.

A lane never meets another one: the result of a cell does not depend on the cells beside it,
on the lane that it has, or on the number of threads. The last block is filled up with
copies of the last cell, which are not written.

Notation as in :mod:`popsim.kernels.cohort`, with ``S`` for the state: ``P`` before the step
and ``E`` after it. Names of one capital are blocks: lane ``z`` of row ``a`` is
``X[a * LANES + z]``. The distance between two rows is thus known to the compiler, and only
then does it keep several lanes in one register without first asking, row for row, whether
they overlap.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.cohort import CLOSED, COUNTS, NEGLIGIBLE, RATES

#: Cells in a block. Loops over few lanes the compiler writes out in full before it looks for
#: vectors, and finds none after: with 8 or 16 only the longest loops gain, with 32 nearly all.
LANES = 32


@jit
def fill(X, value):
    """Set every number of a block."""
    for i in range(X.shape[0]):
        X[i] = value


@jit
def put(row, lane, X):
    """Lay a row of one cell into its lane."""
    for a in range(row.shape[0]):
        X[a * LANES + lane] = row[a]


@jit
def take(X, lane, row):
    """Read the lane of one cell back."""
    for a in range(row.shape[0]):
        row[a] = X[a * LANES + lane]


@jit
def same(rows):
    """Whether all lanes read the same row."""
    others = 0
    for z in range(rows.shape[0]):
        others += rows[z] != rows[0]
    return others == 0


@jit
def lay(values, rows, t, X):
    """Lay the rows that the lanes read in year ``t`` side by side."""
    n = values.shape[2]
    a = 0
    while a + 8 <= n:  # eight numbers are a line of the cache, and its rows of X fit there too
        x = X[a * LANES : (a + 8) * LANES]
        for z in range(LANES):
            v = values[rows[z], t, a : a + 8]
            x[z], x[LANES + z] = v[0], v[1]
            x[2 * LANES + z], x[3 * LANES + z] = v[2], v[3]
            x[4 * LANES + z], x[5 * LANES + z] = v[4], v[5]
            x[6 * LANES + z], x[7 * LANES + z] = v[6], v[7]
        a += 8
    for z in range(LANES):
        put(values[rows[z], t, a:], z, X[a * LANES :])


@jit
def add_rows(X, total):
    """Sum of the rows of a block by lane."""
    for z in range(total.shape[0]):
        total[z] = 0.0
    a, stop = 0, X.shape[0] // LANES
    while a + 3 <= stop:  # most age groups are some threes wide
        x = X[a * LANES : (a + 3) * LANES]
        for z in range(LANES):
            total[z] += (x[z] + x[LANES + z]) + x[2 * LANES + z]
        a += 3
    while a < stop:
        x = X[a * LANES : (a + 1) * LANES]
        for z in range(LANES):
            total[z] += x[z]
        a += 1


@jit
def add_up(row):
    """Sum of one row, in the order of :func:`add_rows`."""
    total, a = 0.0, 0
    while a + 3 <= row.shape[0]:
        total += (row[a] + row[a + 1]) + row[a + 2]
        a += 3
    while a < row.shape[0]:
        total += row[a]
        a += 1
    return total


@jit
def survive_row(S, moves, scale, survival, borders, G, deaths):
    """Move the rows of one sex up by one age, in place from the oldest down, and add up groups.

    Rates and migrants (``scale`` times ``moves`` enter before, and again after) are the same in
    all lanes. The first row is left alone, and out of its group's sum in ``G``; deaths at the
    ages reached are added to ``deaths`` by lane.
    """
    fill(G, 0.0)
    w, g = survival.shape[0] - 1, borders.shape[0] - 2
    s, into = S[(w - 1) * LANES : (w + 1) * LANES], G[g * LANES : (g + 1) * LANES]
    h0, h1, q1 = scale * moves[w - 1], scale * moves[w], 1.0 - survival[w]
    for z in range(LANES):  # the open group is reached from the last two
        x = (s[z] + h0) + (s[LANES + z] + h1)
        died = q1 * x
        s[LANES + z] = x - died + h1
        deaths[z] += died
        into[z] += s[LANES + z]
    a = w - 1
    while g >= 0:
        into, low = G[g * LANES : (g + 1) * LANES], max(borders[g], 1)
        while a - 2 >= low:  # most age groups are some threes wide
            s, m, p = S[(a - 3) * LANES : (a + 1) * LANES], moves[a - 3 : a + 1], survival[a - 2 :]
            h0, h1, h2, h3 = scale * m[0], scale * m[1], scale * m[2], scale * m[3]
            q1, q2, q3 = 1.0 - p[0], 1.0 - p[1], 1.0 - p[2]
            for z in range(LANES):
                x0, x1, x2 = s[z] + h0, s[LANES + z] + h1, s[2 * LANES + z] + h2
                d1, d2, d3 = q1 * x0, q2 * x1, q3 * x2
                e1, e2, e3 = x0 - d1 + h1, x1 - d2 + h2, x2 - d3 + h3
                s[LANES + z], s[2 * LANES + z], s[3 * LANES + z] = e1, e2, e3
                deaths[z] += (d1 + d2) + d3
                into[z] += (e1 + e2) + e3
            a -= 3
        while a >= low:
            s = S[(a - 1) * LANES : (a + 1) * LANES]
            h0, h1, q1 = scale * moves[a - 1], scale * moves[a], 1.0 - survival[a]
            for z in range(LANES):
                x = s[z] + h0
                died = q1 * x
                e1 = x - died + h1
                s[LANES + z] = e1
                deaths[z] += died
                into[z] += e1
            a -= 1
        g -= 1


@jit
def survive(S, M, scale, survival, borders, G, deaths):
    """As :func:`survive_row`, bit for bit, with migrants and rates that differ between lanes."""
    fill(G, 0.0)
    w, g = S.shape[0] // LANES - 1, borders.shape[0] - 2
    s, m = S[(w - 1) * LANES : (w + 1) * LANES], M[(w - 1) * LANES : (w + 1) * LANES]
    p, into = survival[w * LANES : (w + 1) * LANES], G[g * LANES : (g + 1) * LANES]
    for z in range(LANES):
        h0, h1 = scale * m[z], scale * m[LANES + z]
        x = (s[z] + h0) + (s[LANES + z] + h1)
        died = (1.0 - p[z]) * x
        s[LANES + z] = x - died + h1
        deaths[z] += died
        into[z] += s[LANES + z]
    a = w - 1
    while g >= 0:
        into, low = G[g * LANES : (g + 1) * LANES], max(borders[g], 1)
        while a - 2 >= low:
            s, m = S[(a - 3) * LANES : (a + 1) * LANES], M[(a - 3) * LANES : (a + 1) * LANES]
            p = survival[(a - 2) * LANES : (a + 1) * LANES]
            for z in range(LANES):
                h1, h2 = scale * m[LANES + z], scale * m[2 * LANES + z]
                h3 = scale * m[3 * LANES + z]
                x0, x1, x2 = s[z] + scale * m[z], s[LANES + z] + h1, s[2 * LANES + z] + h2
                d1, d2 = (1.0 - p[z]) * x0, (1.0 - p[LANES + z]) * x1
                d3 = (1.0 - p[2 * LANES + z]) * x2
                e1, e2, e3 = x0 - d1 + h1, x1 - d2 + h2, x2 - d3 + h3
                s[LANES + z], s[2 * LANES + z], s[3 * LANES + z] = e1, e2, e3
                deaths[z] += (d1 + d2) + d3
                into[z] += (e1 + e2) + e3
            a -= 3
        while a >= low:
            s, m = S[(a - 1) * LANES : (a + 1) * LANES], M[(a - 1) * LANES : (a + 1) * LANES]
            p = survival[a * LANES : (a + 1) * LANES]
            for z in range(LANES):
                h1 = scale * m[LANES + z]
                x = s[z] + scale * m[z]
                died = (1.0 - p[z]) * x
                e1 = x - died + h1
                s[LANES + z] = e1
                deaths[z] += died
                into[z] += e1
            a -= 1
        g -= 1


@jit
def add_groups(S, borders, G):
    """Sums over the age groups of one sex but for its first row, in the order of the above."""
    fill(G, 0.0)
    a = S.shape[0] // LANES - 1
    for g in range(borders.shape[0] - 2, -1, -1):
        into, low = G[g * LANES : (g + 1) * LANES], max(borders[g], 1)
        while a >= low:
            if a - 2 >= low and a < S.shape[0] // LANES - 1:
                s = S[(a - 2) * LANES : (a + 1) * LANES]
                for z in range(LANES):
                    into[z] += (s[z] + s[LANES + z]) + s[2 * LANES + z]
                a -= 3
            else:
                s = S[a * LANES : (a + 1) * LANES]
                for z in range(LANES):
                    into[z] += s[z]
                a -= 1


@jit
def ask(S, mode, step, M):
    """Turn the counts or rates in ``M``, or the total in its first row, into net migrants."""
    n = S.shape[0]
    if mode == COUNTS:
        for i in range(n):
            M[i] = step * M[i]
    elif mode == RATES:
        for i in range(n):
            M[i] = step * (M[i] * S[i])
    else:
        people, per_person = np.empty(LANES), np.empty(LANES)
        add_rows(S, people)
        for z in range(LANES):
            per_person[z] = step * M[z] / people[z] if people[z] > 0.0 else 0.0
        for i in range(n):
            M[i] = per_person[i % LANES] * S[i]


@jit
def emptied(S, moves):
    """Whether net migrants that all lanes share would empty a group in any of them."""
    count, a = 0, 0
    while a + 4 <= moves.shape[0]:
        s = S[a * LANES : (a + 4) * LANES]
        m0, m1, m2, m3 = moves[a], moves[a + 1], moves[a + 2], moves[a + 3]
        a += 4
        if min(min(m0, m1), min(m2, m3)) > 0.0:
            continue  # nobody leaves
        for z in range(LANES):
            count += s[z] + m0 <= 0.0
            count += s[LANES + z] + m1 <= 0.0
            count += s[2 * LANES + z] + m2 <= 0.0
            count += s[3 * LANES + z] + m3 <= 0.0
    while a < moves.shape[0]:
        s, m0 = S[a * LANES : (a + 1) * LANES], moves[a]
        for z in range(LANES):
            count += s[z] + m0 <= 0.0
        a += 1
    return count > 0


@jit
def guard(S, M, adjustment, altered):
    """Leave a negligible number in groups that net migration would empty; counts them."""
    count = 0
    for i in range(S.shape[0]):
        count += S[i] + M[i] <= 0.0
    if count > 0:
        for i in range(S.shape[0]):
            if S[i] + M[i] <= 0.0:
                allowed = NEGLIGIBLE - S[i]
                adjustment[i] = allowed - M[i]
                M[i] = allowed
                altered[i % LANES] += 1


@jit
def below_zero(S):
    """Whether any number of the block is negative."""
    count = 0
    for i in range(S.shape[0]):
        count += S[i] < 0.0
    return count > 0


@jit
def lift(S, M, adjustment, altered):
    """Lift groups below zero to zero: what lifts them came in. Counts those not counted yet."""
    for i in range(S.shape[0]):
        if S[i] < 0.0:
            altered[i % LANES] += adjustment[i] == 0.0
            M[i] -= S[i]
            adjustment[i] -= S[i]
            S[i] = 0.0


@jit
def expose(S, M, scale, W):
    """First half of the exposed: those of the ages at the start of the step."""
    for i in range(W.shape[0]):
        W[i] = S[i] + scale * M[i]


@jit
def expose_row(S, migration, scale, W):
    """As :func:`expose`, bit for bit, with migrants that all lanes share."""
    for a in range(W.shape[0] // LANES):
        s, w = S[a * LANES : (a + 1) * LANES], W[a * LANES : (a + 1) * LANES]
        h = scale * migration[a]
        for z in range(LANES):
            w[z] = s[z] + h


@jit
def weigh(values, rows, t, order, start, S, W, total):
    """Sum over ages of rate times exposed by lane; ``W`` holds their first half, from ``start``."""
    for z in range(total.shape[0]):
        total[z] = 0.0
    shared = same(rows)
    for a in range(W.shape[0] // LANES):
        s = S[(start + a) * LANES : (start + a + 1) * LANES]
        w = W[a * LANES : (a + 1) * LANES]
        if shared:
            rate = values[rows[0], t, order, start + a]
            for z in range(LANES):
                total[z] += rate * ((w[z] + s[z]) / 2.0)
        else:
            for z in range(LANES):
                rate = values[rows[z], t, order, start + a]
                total[z] += rate * ((w[z] + s[z]) / 2.0)


@jit
def write_groups(S, G, out):
    """Sums over the age groups of both sexes into ``out`` (lane, sex, group).

    ``G`` has those without the first rows, women's groups and then men's.
    """
    half, groups = S.shape[0] // 2, out.shape[2]
    for z in range(out.shape[0]):
        for s in range(2):
            for g in range(groups):
                out[z, s, g] = G[(s * groups + g) * LANES + z]
            out[z, s, 0] += S[s * half + z]


@jit
def write_sums(X, ages, total, out):
    """Sums over all ages of each sex into ``out`` (lane, sex)."""
    for s in range(2):
        add_rows(X[s * ages * LANES : (s + 1) * ages * LANES], total)
        for z in range(out.shape[0]):
            out[z, s] = total[z]


@jit_cells("out_altered")
def project_summary(
    begin, end,
    population, population_index,
    survival, survival_index,
    fertility, fertility_index,
    factor, factor_index,
    srb, srb_index,
    migration, migration_index,
    mode, step, even, first, last, borders,
    out_population, out_births, out_deaths, out_migration, out_adjustment, out_altered, out_final,
):  # fmt: skip
    """Project every cell, keep its state in cache and write sums only.

    Inputs as in :func:`popsim.kernels.cohort.project_full`, and ``borders`` (group + 1,)
    int64: group ``g`` is the ages ``borders[g] <= a < borders[g + 1]``.

    Parameters
    ----------
    out_population : (cell, year + 1, sex, group)
    out_births : (cell, year, order)
    out_deaths, out_migration, out_adjustment : (cell, year, sex)
        Migration and its adjustment come in as zeros.
    out_altered : (cell, year) int64
    out_final : (cell, state)
        Every age at the end of the last step.
    """
    n = population.shape[1]
    ages = n // 2
    scale = 0.5 if even else 0.0
    S, M, adjustment = np.empty(n * LANES), np.empty(n * LANES), np.zeros(n * LANES)
    rows = np.empty((6, LANES), dtype=np.int64)
    lanes = rows.shape[1]
    Q, W = np.empty(n * LANES), np.empty((last - first) * LANES)
    G = np.empty(2 * (borders.shape[0] - 1) * LANES)
    half, middle = n // 2 * LANES, G.shape[0] // 2
    total, births = np.empty(LANES), np.empty(LANES)
    deaths, altered = np.empty(2 * LANES), np.empty(LANES, dtype=np.int64)
    moves = np.empty(n)
    for start in range(begin, end, LANES):
        stop = min(start + LANES, end)
        for z in range(lanes):
            c = min(start + z, stop - 1)
            rows[0, z], rows[1, z] = population_index[c], survival_index[c]
            rows[2, z], rows[3, z] = fertility_index[c], factor_index[c]
            rows[4, z], rows[5, z] = srb_index[c], migration_index[c]
        shared = same(rows[1]) and (mode == CLOSED or (mode == COUNTS and same(rows[5])))
        for z in range(lanes):
            put(population[rows[0, z]], z, S)
        add_groups(S[:half], borders, G[:middle])
        add_groups(S[half:], borders, G[middle:])
        write_groups(S, G, out_population[start:stop, 0])
        for t in range(out_altered.shape[1]):
            fill(deaths, 0.0)
            for z in range(lanes):
                altered[z] = 0
            if shared:
                for a in range(n):
                    moves[a] = step * migration[rows[5, 0], t, a] if mode == COUNTS else 0.0
            alike = shared and (mode == CLOSED or not emptied(S, moves))
            if alike:
                row = survival[rows[1, 0], t]
                expose_row(S[first * LANES :], moves[first:], scale, W)
                survive_row(
                    S[:half], moves[:ages], scale, row[:ages], borders, G[:middle], deaths[:LANES]
                )
                survive_row(
                    S[half:], moves[ages:], scale, row[ages:], borders, G[middle:], deaths[LANES:]
                )
                for z in range(lanes):
                    Q[z], Q[ages * LANES + z] = row[0], row[ages]
                    M[z], M[ages * LANES + z] = moves[0], moves[ages]
            else:
                lay(survival, rows[1], t, Q)
                if mode == CLOSED:
                    fill(M, 0.0)
                else:
                    lay(migration, rows[5], t, M)
                    ask(S, mode, step, M)
                    guard(S, M, adjustment, altered)
                expose(S[first * LANES :], M[first * LANES :], scale, W)
                survive(S[:half], M[:half], scale, Q[:half], borders, G[:middle], deaths[:LANES])
                survive(S[half:], M[half:], scale, Q[half:], borders, G[middle:], deaths[LANES:])

            fill(births, 0.0)
            for o in range(fertility.shape[2]):
                weigh(fertility, rows[2], t, o, first, S, W, total)
                for z in range(lanes):
                    total[z] *= step * factor[rows[3, z], t, o]
                    births[z] += total[z]
                for c in range(start, stop):
                    out_births[c, t, o] = total[c - start]
            for s in range(2):
                for z in range(lanes):
                    i = s * ages * LANES + z
                    girls = births[z] * (1.0 / (1.0 + srb[rows[4, z], t]))
                    born = girls if s == 0 else births[z] - girls
                    died = (1.0 - Q[i]) * born
                    S[i] = born - died + scale * M[i]
                    deaths[s * LANES + z] += died
                for c in range(start, stop):
                    out_deaths[c, t, s] = deaths[s * LANES + c - start]

            if mode != CLOSED:
                changed = not even
                if changed:
                    for i in range(n * LANES):
                        S[i] += moves[i // LANES] if alike else M[i]
                if below_zero(S):
                    if alike:
                        for i in range(n * LANES):
                            M[i] = moves[i // LANES]
                        alike = False
                    lift(S, M, adjustment, altered)
                    changed = True
                if changed:
                    add_groups(S[:half], borders, G[:middle])
                    add_groups(S[half:], borders, G[middle:])
                if alike:
                    for s in range(2):
                        net = add_up(moves[s * ages : (s + 1) * ages])
                        for c in range(start, stop):
                            out_migration[c, t, s] = net
                else:
                    write_sums(M, ages, total, out_migration[start:stop, t])
            count = 0
            for z in range(lanes):
                count += altered[z]
            if count > 0:
                write_sums(adjustment, ages, total, out_adjustment[start:stop, t])
                fill(adjustment, 0.0)
            for c in range(start, stop):
                out_altered[c, t] = altered[c - start]
            write_groups(S, G, out_population[start:stop, t + 1])
        for c in range(start, stop):
            take(S, c - start, out_final[c])
