"""Mortality and migration of a year, as the walks of a block in :mod:`popsim.kernels.walks` need.

Half of the net migrants enter at the start of a year and half at its end; where all come at the
end, what enters at once is none of them, and the ``share`` is 1: rates are then those of all.
Arguments ``d`` are :class:`popsim.kernels.summary.Inputs`.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit
from popsim.kernels.cohort import CLOSED, COUNTS, RATES, TOTAL
from popsim.kernels.lanes import LANES, fill, guard, lay
from popsim.kernels.walks import LEAST

# Rows of what a lane draws in a year: the shift of life expectancy by sex, and of migration.
MOVING, DRAWN = 2, 3
# Which walk the block takes.
SHARED_RATES, DRAWN_RATES, APART = 0, 1, 2
#: Share of the people of an age who may leave in a year before rounding could empty it.
NEARLY_ALL = 1.0 - 1e-6
#: Coefficients of the polynomials that :func:`popsim.kernels.walks.walk_drawn` is written for.
COEFFICIENTS = 5


@jit
def read_draws(d, t, cells, rows, share, S, draw):
    """What each lane draws; a total is a shift that all ages have in proportion to their people."""
    drawn = d.shift.shape[0] > 0
    for z in range(cells.shape[0]):
        draw[z] = d.shift[cells[z], t, 0] if drawn else 0.0
        draw[LANES + z] = d.shift[cells[z], t, 1] if drawn else 0.0
        draw[MOVING * LANES + z] = d.migration_shift[cells[z], t] if drawn else 0.0
    if d.mode == TOTAL:
        women, men = np.empty(LANES), np.empty(LANES)
        add_fours(S[0], women)
        add_fours(S[1], men)
        for z in range(cells.shape[0]):
            total, people = d.migration[rows[5, z], t, 0], women[z] + men[z]
            if drawn:
                total += draw[MOVING * LANES + z] * d.mobility[rows[0, z], 0]
            draw[MOVING * LANES + z] = share * (total / people if people > 0.0 else 0.0)


@jit
def read_rates(survival, migration, share, P, enter):
    """Mortality (coefficient, state), and the part of net migrants who enter at once."""
    for a in range(P.shape[1]):
        P[0, a] = 1.0 - survival[0, a]
    for i in range(1, P.shape[0]):
        for a in range(P.shape[1]):
            P[i, a] = -survival[i, a]
    for a in range(migration.shape[0]):
        enter[a] = share * migration[a]


@jit
def may_empty(S, own, each, draw, by_person, least):
    """Whether twice the migrants who enter might empty an age in any lane.

    ``least`` are the fewest people of any age.
    """
    k, fewest = draw[MOVING * LANES : (MOVING + 1) * LANES], least[0]
    low, high = k[0], k[0]
    for z in range(LANES):
        low, high, fewest = min(low, k[z]), max(high, k[z]), min(fewest, least[z])
    ages, a = own.shape[0], 0
    if by_person:
        worst = np.inf
        for a in range(ages):
            worst = min(worst, own[a] + min(low * each[a], high * each[a]))
        return fewest <= 0.0 or worst < -NEARLY_ALL / 2.0
    left = np.empty(LANES)
    fill(left, np.inf)
    while a < ages:
        b = min(a, ages - 2)  # two ages at a time, the last of an odd number with its neighbour
        u1, v1, u2, v2 = own[b], each[b], own[b + 1], each[b + 1]
        worst = min(u1 + min(low * v1, high * v1), u2 + min(low * v2, high * v2))
        if 2.0 * worst + fewest <= 0.0:
            s = S[b * LANES : (b + 2) * LANES]
            for z in range(LANES):
                one, two = s[z] + 2.0 * (u1 + k[z] * v1), s[LANES + z] + 2.0 * (u2 + k[z] * v2)
                less = one if one < two else two
                left[z] = less if less < left[z] else left[z]
        a += 2
    worst = np.inf
    for z in range(LANES):
        worst = min(worst, left[z])
    return worst <= 0.0


@jit
def find_form(d, alike, S, own, each, draw, R):
    """The walk that the block takes in the year."""
    drawn = d.shift.shape[0] > 0
    if not alike or not (d.even or d.mode == CLOSED):
        return APART
    if (drawn and d.survival.shape[2] != COEFFICIENTS) or (not drawn and d.mode == TOTAL):
        return APART
    for s in range(2 if d.mode != CLOSED else 0):
        least = R[s][LEAST * LANES :]
        if may_empty(S[s], own[s], each[s], draw, d.mode != COUNTS, least):
            return APART
    return DRAWN_RATES if drawn else SHARED_RATES


@jit
def migrants(S, own, each, draw, by_person, M):
    """Migrants who enter, ``own + shift * each``, by person or in all."""
    k = draw[MOVING * LANES : (MOVING + 1) * LANES]
    for a in range(own.shape[0]):
        s, m = S[a * LANES : (a + 1) * LANES], M[a * LANES : (a + 1) * LANES]
        u, v = own[a], each[a]
        if by_person:
            for z in range(LANES):
                m[z] = (u + k[z] * v) * s[z]
        else:
            for z in range(LANES):
                m[z] = u + k[z] * v


@jit
def add_counts(own, total):
    """Sum over ages of migrants that all lanes share, in the order of :func:`add_fours`."""
    everybody, a = 0.0, 0
    while a < own.shape[0]:
        if a + 4 <= own.shape[0]:
            everybody += (own[a] + own[a + 1]) + (own[a + 2] + own[a + 3])
            a += 4
        else:
            everybody += own[a]
            a += 1
    fill(total, everybody)


@jit
def add_migrants(S, own, each, draw, by_person, total):
    """Sum over ages of :func:`migrants`, in the order of :func:`add_fours`."""
    fill(total, 0.0)
    k, ages, a = draw[MOVING * LANES : (MOVING + 1) * LANES], own.shape[0], 0
    while a < ages:
        s, u1, v1 = S[a * LANES :], own[a], each[a]
        if a + 4 <= ages:
            u2, u3, u4 = own[a + 1], own[a + 2], own[a + 3]
            v2, v3, v4 = each[a + 1], each[a + 2], each[a + 3]
            for z in range(LANES):
                m1, m2, m3, m4 = u1 + k[z] * v1, u2 + k[z] * v2, u3 + k[z] * v3, u4 + k[z] * v4
                m1, m2 = (m1 * s[z] if by_person else m1), (m2 * s[LANES + z] if by_person else m2)
                m3 = m3 * s[2 * LANES + z] if by_person else m3
                m4 = m4 * s[3 * LANES + z] if by_person else m4
                total[z] += (m1 + m2) + (m3 + m4)
            a += 4
        else:
            for z in range(LANES):
                m1 = u1 + k[z] * v1
                total[z] += m1 * s[z] if by_person else m1
            a += 1


@jit
def add_fours(X, total):
    """Sum of the rows of a block by lane."""
    fill(total, 0.0)
    rows, a = X.shape[0] // LANES, 0
    while a < rows:
        x = X[a * LANES :]
        if a + 4 <= rows:
            for z in range(LANES):
                total[z] += (x[z] + x[LANES + z]) + (x[2 * LANES + z] + x[3 * LANES + z])
            a += 4
        else:
            for z in range(LANES):
                total[z] += x[z]
            a += 1


@jit
def lay_age(a, sex, P, S, own, each, draw, by_person, Q, H):
    """Mortality and migrants who enter at one age, where lanes share what they rest on."""
    degree, state = P.shape[0] - 1, sex * own.shape[0] + a
    s, q, h = S[a * LANES :], Q[a * LANES :], H[a * LANES :]
    shift, moving = draw[sex * LANES : (sex + 1) * LANES], draw[MOVING * LANES :]
    u, v, c = own[a], each[a], P[degree, state]
    for z in range(LANES):
        own_lane = u + moving[z] * v
        h[z] = own_lane * s[z] if by_person else own_lane
        q[z] = c
    for i in range(degree - 1, -1, -1):
        c = P[i, state]
        for z in range(LANES):
            q[z] = q[z] * shift[z] + c
    for z in range(LANES):
        value = q[z] if q[z] > 0.0 else 0.0
        q[z] = value if value < 1.0 else 1.0


@jit
def lay_apart(d, t, rows, share, S, own, each, draw, Q, H):
    """Mortality and migrants who enter, of both sexes, where lanes read different rows."""
    years, n, size = d.survival.shape[1], d.population.shape[1], S[0].shape[0]
    lay(d.survival.reshape(-1, years, n), rows[1], t, Q)
    for i in range(Q.shape[0]):
        Q[i] = 1.0 - Q[i]
    if d.mode == COUNTS or d.mode == RATES:
        lay(d.migration, rows[5], t, H)
    for s in range(2):
        h = H[s * size : (s + 1) * size]
        if d.mode == COUNTS or d.mode == RATES:
            for i in range(size):
                h[i] = share * h[i] * (S[s][i] if d.mode == RATES else 1.0)
        else:
            migrants(S[s], own[s], each[s], draw, True, h)


@jit
def settle(S, share, H, M, adjustment, altered, net):
    """See that net migrants M empty no age; H is then the part of them who enter at once."""
    for i in range(H.shape[0]):
        M[i] = H[i] / share
    guard(S, M, adjustment, altered)
    add_fours(M, net)
    for i in range(H.shape[0]):
        H[i] = 0.5 * M[i] if share < 1.0 else 0.0
