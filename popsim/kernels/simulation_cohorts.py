"""One simulated year of men, and of women who are not followed by parity, in lanes.

Cohorts stay where they are: those who are ``a`` old at the start of year ``t`` stand in row
``years - t + a`` of their sex, those who are ``a + 1`` old at its end stand there too, and the
newborn come in below. So a year is one walk up the rows, in place. The walk has three forms, by
what the lanes of a block share, with the same arithmetic in the same order, so that the
neighbours of a cell cannot change its bits: :func:`walk_row` where rates are shared,
:func:`walk_drawn` where they are shared but for what each lane draws, and :func:`walk` for what
is laid out for each lane in ``V``. ``V`` is always laid out at the youngest and the oldest age
of each sex.

Blocks are as in :mod:`popsim.kernels.lanes`, of ``LANES`` cells here. In ``P``, which has all
rows of all scenarios, the youngest age of the year is ``at``. Functions take whole arrays and
where to begin: part of an array that is handed to a function costs about as much as a row of it.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit
from popsim.kernels.cohort import NEGLIGIBLE

#: Cells in a block. What is done once a row costs as much as dozens of lanes, but the state by
#: parity of six scenarios of 128 lanes is more than the cache holds.
LANES = 64

# Rows of what is drawn for a lane in a year: shifts of life expectancy of women and men, and of
# migration; what the migrants of a total are for each person, and elsewhere that shift again;
# level of fertility; sex ratio at birth.
SHIFT, EACH, LUCK, SRB, DRAWN = 2, 3, 4, 5, 6

# Rows of V for each state: who dies of those who reach it, as a share, and net migrants.
MIGRANTS, MOVES = 1, 2

# Rows of R for each sex: half of the net migrants of the age that the walk has come to; sums of
# deaths and of net migrants.
ENTER, DEATHS, NET, SUMS = 0, 1, 2, 3

# How the rates of a year stand: the same in all lanes, or but for what is drawn, or laid out.
SHARED, BY_DRAW, LAID = 0, 1, 2

#: A net migration rate that leaves somebody at every age.
NEARLY_ALL = -0.999


@jit
def lined_up(size):
    """Zeros that begin on a line of the cache, so that no row of lanes lies across two."""
    X = np.zeros(size + 8)
    skip = (8 - X.ctypes.data // 8 % 8) % 8
    return X[skip : skip + size]


@jit
def lay_mortality(polynomial, begin, end, step, draw, X, at, rows):
    """Who dies of those who reach a state, as a share, to rows of X from ``at`` on.

    Every ``step``-th of the states ``begin <= state < end`` is laid out; states are ``rows``
    apart. Survival is a polynomial in what is drawn, cut off at 0 and 1.
    """
    degree = polynomial.shape[0] - 1
    for state in range(begin, end, step):
        x = draw[state * 2 // polynomial.shape[1]]
        q, top = X[at + (state - begin) * rows * LANES :], polynomial[degree, state]
        if degree == 4:
            c3, c2 = polynomial[3, state], polynomial[2, state]
            c1, c0 = polynomial[1, state], polynomial[0, state]
            for z in range(LANES):
                value = (((top * x[z] + c3) * x[z] + c2) * x[z] + c1) * x[z] + c0
                value = value if value > 0.0 else 0.0
                q[z] = 1.0 - (value if value < 1.0 else 1.0)
        else:
            for z in range(LANES):
                value = top
                for i in range(degree - 1, -1, -1):
                    value = value * x[z] + polynomial[i, state]
                value = value if value > 0.0 else 0.0
                q[z] = 1.0 - (value if value < 1.0 else 1.0)


@jit
def lay_migrants(P, at, sex, step, given, mobile, draw, by_person, V):
    """Net migrants of one sex at every ``step``-th age."""
    ages, shift = given.shape[0] // 2, draw[EACH]
    for a in range(0, ages, step):
        p, m = P[at + a * LANES :], V[((sex * ages + a) * MOVES + MIGRANTS) * LANES :]
        u, v = given[sex * ages + a], mobile[sex * ages + a]
        for z in range(LANES):
            people, asked = p[z], u + shift[z] * v
            m[z] = asked * people if by_person else asked


@jit
def begin_walk(sex, V, R):
    """Begin with the net migrants of the youngest age."""
    ages, r = V.shape[0] // (2 * MOVES * LANES), R[sex * SUMS * LANES :]
    m = V[(sex * ages * MOVES + MIGRANTS) * LANES :]
    for z in range(LANES):
        r[ENTER * LANES + z], r[DEATHS * LANES + z], r[NET * LANES + z] = 0.5 * m[z], 0.0, m[z]


@jit
def walk_row(P, at, begin, end, sex, mortality, given, mobile, draw, by_person, R):
    """Move the ages ``begin <= a < end`` up by rates that all lanes share.

    Returns how many groups (lane, age) nobody is left in.
    """
    first, shift, r = sex * (given.shape[0] // 2) + 1, draw[EACH, 0], R[sex * SUMS * LANES :]
    a, poor = begin, 0
    while a < end:
        p, i = P[at + a * LANES :], first + a
        q0, u1 = mortality[i], given[i] + shift * mobile[i]
        if a + 4 <= end:
            q1, q2, q3 = mortality[i + 1], mortality[i + 2], mortality[i + 3]
            u2, u3 = given[i + 1] + shift * mobile[i + 1], given[i + 2] + shift * mobile[i + 2]
            u4 = given[i + 3] + shift * mobile[i + 3]
            for z in range(LANES):
                p1, p2, p3, p4 = p[LANES + z], p[2 * LANES + z], p[3 * LANES + z], p[4 * LANES + z]
                m1, m2 = (u1 * p1 if by_person else u1), (u2 * p2 if by_person else u2)
                m3, m4 = (u3 * p3 if by_person else u3), (u4 * p4 if by_person else u4)
                h1, h2, h3, h4 = 0.5 * m1, 0.5 * m2, 0.5 * m3, 0.5 * m4
                x0, x1, x2, x3 = p[z] + r[ENTER * LANES + z], p1 + h1, p2 + h2, p3 + h3
                d0, d1, d2, d3 = q0 * x0, q1 * x1, q2 * x2, q3 * x3
                e0, e1, e2, e3 = x0 - d0 + h1, x1 - d1 + h2, x2 - d2 + h3, x3 - d3 + h4
                p[z], p[LANES + z], p[2 * LANES + z], p[3 * LANES + z] = e0, e1, e2, e3
                r[ENTER * LANES + z] = h4
                r[DEATHS * LANES + z] = (((r[DEATHS * LANES + z] + d0) + d1) + d2) + d3
                r[NET * LANES + z] = (((r[NET * LANES + z] + m1) + m2) + m3) + m4
                low, high = (e0 if e0 < e1 else e1), (e2 if e2 < e3 else e3)
                poor += (low if low < high else high) <= 0.0
            a += 4
        else:
            for z in range(LANES):
                m1 = u1 * p[LANES + z] if by_person else u1
                h1, x0 = 0.5 * m1, p[z] + r[ENTER * LANES + z]
                d0 = q0 * x0
                e0 = x0 - d0 + h1
                p[z] = e0
                r[ENTER * LANES + z] = h1
                r[DEATHS * LANES + z] += d0
                r[NET * LANES + z] += m1
                poor += e0 <= 0.0
            a += 1
    return poor


@jit
def walk_drawn(P, at, begin, end, sex, polynomial, given, mobile, draw, by_person, R):
    """As :func:`walk_row`, bit for bit, by survival and migration that each lane draws.

    ``polynomial`` (coefficient, state) is of degree 4.
    """
    first, r = sex * (given.shape[0] // 2) + 1, R[sex * SUMS * LANES :]
    drawn, shift = draw[sex], draw[EACH]
    a, poor = begin, 0
    while a < end:
        p, i, j = P[at + a * LANES :], first + a, first + a + 1
        u1, v1 = given[i], mobile[i]
        b4, b3, b2 = polynomial[4, i], polynomial[3, i], polynomial[2, i]
        b1, b0 = polynomial[1, i], polynomial[0, i]
        if a + 2 <= end:
            u2, v2 = given[j], mobile[j]
            c4, c3, c2 = polynomial[4, j], polynomial[3, j], polynomial[2, j]
            c1, c0 = polynomial[1, j], polynomial[0, j]
            for z in range(LANES):
                x, k = drawn[z], shift[z]
                q0 = (((b4 * x + b3) * x + b2) * x + b1) * x + b0
                q1 = (((c4 * x + c3) * x + c2) * x + c1) * x + c0
                q0, q1 = (q0 if q0 > 0.0 else 0.0), (q1 if q1 > 0.0 else 0.0)
                q0, q1 = (q0 if q0 < 1.0 else 1.0), (q1 if q1 < 1.0 else 1.0)
                p1, p2, m1, m2 = p[LANES + z], p[2 * LANES + z], u1 + k * v1, u2 + k * v2
                m1, m2 = (m1 * p1 if by_person else m1), (m2 * p2 if by_person else m2)
                h1, h2 = 0.5 * m1, 0.5 * m2
                x0, x1 = p[z] + r[ENTER * LANES + z], p1 + h1
                d0, d1 = (1.0 - q0) * x0, (1.0 - q1) * x1
                e0, e1 = x0 - d0 + h1, x1 - d1 + h2
                p[z], p[LANES + z] = e0, e1
                r[ENTER * LANES + z] = h2
                r[DEATHS * LANES + z] = (r[DEATHS * LANES + z] + d0) + d1
                r[NET * LANES + z] = (r[NET * LANES + z] + m1) + m2
                poor += (e0 if e0 < e1 else e1) <= 0.0
            a += 2
        else:
            for z in range(LANES):
                x = drawn[z]
                q0 = (((b4 * x + b3) * x + b2) * x + b1) * x + b0
                q0 = q0 if q0 > 0.0 else 0.0
                q0 = q0 if q0 < 1.0 else 1.0
                p1, m1 = p[LANES + z], u1 + shift[z] * v1
                m1 = m1 * p1 if by_person else m1
                h1, x0 = 0.5 * m1, p[z] + r[ENTER * LANES + z]
                d0 = (1.0 - q0) * x0
                e0 = x0 - d0 + h1
                p[z] = e0
                r[ENTER * LANES + z] = h1
                r[DEATHS * LANES + z] += d0
                r[NET * LANES + z] += m1
                poor += e0 <= 0.0
            a += 1
    return poor


@jit
def walk(P, at, begin, end, sex, V, R):
    """As :func:`walk_row`, bit for bit, by survival and net migrants of each lane."""
    states, poor, r = V.shape[0] // (MOVES * LANES), 0, R[sex * SUMS * LANES :]
    for a in range(begin, end):
        p, v = P[at + a * LANES :], V[(sex * (states // 2) + a + 1) * MOVES * LANES :]
        for z in range(LANES):
            m = v[MIGRANTS * LANES + z]
            h, x = 0.5 * m, p[z] + r[ENTER * LANES + z]
            died = v[z] * x
            alive = x - died + h
            p[z] = alive
            r[ENTER * LANES + z] = h
            r[DEATHS * LANES + z] += died
            r[NET * LANES + z] += m
            poor += alive <= 0.0
    return poor


@jit
def walk_oldest(P, at, sex, V, R):
    """The last step of a walk: those below the open age group join it, and stand there then."""
    ages, r = V.shape[0] // (2 * MOVES * LANES), R[sex * SUMS * LANES :]
    p, v, poor = P[at + (ages - 2) * LANES :], V[((sex + 1) * ages - 1) * MOVES * LANES :], 0
    for z in range(LANES):
        m = v[MIGRANTS * LANES + z]
        x = (p[z] + r[ENTER * LANES + z]) + (p[LANES + z] + 0.5 * m)
        died = v[z] * x
        alive = x - died + 0.5 * m
        p[z] = alive
        r[DEATHS * LANES + z] += died
        r[NET * LANES + z] += m
        poor += alive <= 0.0
    return poor


@jit
def move_ages(
    form, P, at, begin, end, sex, mortality, polynomial, given, mobile, draw, by_person, V, R
):  # fmt: skip
    """Move the ages ``begin <= a < end`` up; counts the groups that nobody is left in."""
    if form == SHARED:
        return walk_row(P, at, begin, end, sex, mortality, given, mobile, draw, by_person, R)
    if form == BY_DRAW:
        return walk_drawn(P, at, begin, end, sex, polynomial, given, mobile, draw, by_person, R)
    return walk(P, at, begin, end, sex, V, R)


@jit
def may_empty(P, at, sex, given, mobile, draw, by_person, poor):
    """Whether net migrants empty a group of one sex in any lane, or may do so.

    ``poor`` tells that nobody is left in some group of the block.
    """
    ages, shift = given.shape[0] // 2, draw[EACH]
    low, high, count = shift[0], shift[0], 0
    for z in range(LANES):
        low, high = min(low, shift[z]), max(high, shift[z])
    if by_person:
        for state in range(sex * ages, (sex + 1) * ages):
            v = mobile[state]
            count += given[state] + min(low * v, high * v) < NEARLY_ALL
        return poor > 0 or count > 0
    for a in range(0, ages - ages % 4, 4):
        p, i = P[at + a * LANES :], sex * ages + a
        u0, u1, u2, u3 = given[i], given[i + 1], given[i + 2], given[i + 3]
        v0, v1, v2, v3 = mobile[i], mobile[i + 1], mobile[i + 2], mobile[i + 3]
        least = min(u0 + min(low * v0, high * v0), u1 + min(low * v1, high * v1))
        other = min(u2 + min(low * v2, high * v2), u3 + min(low * v3, high * v3))
        if min(least, other) <= 0.0:
            for z in range(LANES):
                k = shift[z]
                p0, p1 = p[z] + (u0 + k * v0), p[LANES + z] + (u1 + k * v1)
                p2, p3 = p[2 * LANES + z] + (u2 + k * v2), p[3 * LANES + z] + (u3 + k * v3)
                p0, p2 = (p0 if p0 < p1 else p1), (p2 if p2 < p3 else p3)
                count += (p0 if p0 < p2 else p2) <= 0.0
    for a in range(ages - ages % 4, ages):
        p, u, v = P[at + a * LANES :], given[sex * ages + a], mobile[sex * ages + a]
        for z in range(LANES):
            count += p[z] + (u + shift[z] * v) <= 0.0
    return count > 0


@jit
def guard(P, at, sex, V, adjustment, altered):
    """Leave a negligible number in groups that net migration would empty; counts them."""
    ages = V.shape[0] // (2 * MOVES * LANES)
    for a in range(ages):
        state = sex * ages + a
        p, m = P[at + a * LANES :], V[(state * MOVES + MIGRANTS) * LANES :]
        for z in range(LANES):
            if p[z] + m[z] <= 0.0:
                allowed = NEGLIGIBLE - p[z]
                adjustment[state * LANES + z] = allowed - m[z]
                m[z] = allowed
                altered[z] += 1


@jit
def lift(P, at, sex, V, adjustment, altered, R):
    """Lift groups below zero to zero: what lifts them came in. Counts those not counted yet."""
    ages = V.shape[0] // (2 * MOVES * LANES)
    for a in range(ages):
        state = sex * ages + a
        p, m = P[at + a * LANES :], V[(state * MOVES + MIGRANTS) * LANES :]
        for z in range(LANES):
            if p[z] < 0.0:
                altered[z] += adjustment[state * LANES + z] == 0.0
                adjustment[state * LANES + z] -= p[z]
                m[z] -= p[z]
                R[(sex * SUMS + NET) * LANES + z] -= p[z]
                p[z] = 0.0


@jit
def count_poor(P, at, ages):
    """How many groups of one sex nobody is in."""
    p, count = P[at : at + ages * LANES], 0
    for i in range(p.shape[0]):
        count += p[i] <= 0.0
    return count
