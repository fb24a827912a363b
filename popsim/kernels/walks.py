"""A year of one sex in a block of lanes: one walk up its ages, in place.

Cohorts stay where they are: who is ``a`` old at the start of the year stands in row ``a`` of
``S`` (lane ``z``: ``S[a * LANES + z]``), and who is ``a + 1`` old at its end stands there too.
The newborn come in below. So nothing is moved in memory.

The walk has three forms, by what the lanes share, with the same arithmetic in the same order, so
that the neighbours of a cell cannot change its bits: :func:`walk_row` where all rates are shared,
:func:`walk_drawn` where they are shared but for what each lane draws, and :func:`walk` where
they differ or where migration empties a group. They go two ages at a time: of what is handed
from age to age and added up, half stays in registers. Each counts the groups (lane, age) that it
leaves nobody in.

Of those who reach an age, ``x``, the share ``q`` dies on the way, and ``h`` enter when they
come to it, as many as have entered at the start: ``x - q x + h`` is ``fma(-q, x, x + h)``.
"""

from __future__ import annotations

from popsim.kernels._jit import fma, jit
from popsim.kernels.lanes import LANES

# How the rates of a year stand: the same in all lanes, or but for what is drawn, or laid out.
SHARED, BY_DRAW, LAID = 0, 1, 2

#: Coefficients of the polynomials that :func:`walk_drawn` is written for.
COEFFICIENTS = 5

# Rows of the sums R of one sex: migrants who enter at the age that the walk has come to; deaths;
# net migrants, of which a walk adds up those who enter at the start; persons of the age group.
ENTER, DEATHS, NET, GROUP = 0, 1, 2, 3
SUMS = 4


@jit
def begin_walk(H, R):
    """Begin with those who enter at the youngest age, ``H``."""
    for z in range(LANES):
        R[ENTER * LANES + z], R[NET * LANES + z], R[DEATHS * LANES + z] = H[z], H[z], 0.0


@jit
def walk_row(S, begin, end, mortality, enter, by_person, R):
    """Everybody of the ages ``begin <= a < end`` a year on, by rates that all lanes share.

    ``mortality`` is the share of those reaching an age who die on the way, ``enter`` the
    migrants, by person or in all, who enter before and as many again after. R has those who
    enter at ``begin``, and in the end those at ``end``.
    """
    a, poor = begin, 0
    while a < end:
        s, q0, u1 = S[a * LANES :], mortality[a + 1], enter[a + 1]
        if a + 2 <= end:
            q1, u2 = mortality[a + 2], enter[a + 2]
            for z in range(LANES):
                s1, s2 = s[LANES + z], s[2 * LANES + z]
                h1, h2 = (u1 * s1 if by_person else u1), (u2 * s2 if by_person else u2)
                x0, x1 = s[z] + R[ENTER * LANES + z], s1 + h1
                e0, e1 = fma(-q0, x0, x0 + h1), fma(-q1, x1, x1 + h2)
                s[z], s[LANES + z] = e0, e1
                R[ENTER * LANES + z] = h2
                R[DEATHS * LANES + z] = fma(q1, x1, fma(q0, x0, R[DEATHS * LANES + z]))
                R[NET * LANES + z] += h1 + h2
                R[GROUP * LANES + z] += e0 + e1
                poor += (e0 if e0 < e1 else e1) <= 0.0
            a += 2
        else:
            for z in range(LANES):
                h1, x0 = (u1 * s[LANES + z] if by_person else u1), s[z] + R[ENTER * LANES + z]
                e0 = fma(-q0, x0, x0 + h1)
                s[z] = e0
                R[ENTER * LANES + z] = h1
                R[DEATHS * LANES + z] = fma(q0, x0, R[DEATHS * LANES + z])
                R[NET * LANES + z] += h1
                R[GROUP * LANES + z] += e0
                poor += e0 <= 0.0
            a += 1
    return poor


@jit
def walk_drawn(S, begin, end, mortality, enter, mobile, by_person, shift, moving, R):
    """As :func:`walk_row`, bit for bit, by rates of which each lane draws its own.

    ``mortality`` (coefficient, age) is a polynomial of degree 4 in the lane's shift of life
    expectancy, cut off at 0 and 1; ``enter + moving * mobile`` are the migrants.
    """
    a, poor = begin, 0
    while a < end:
        s, p, u1, v1 = S[a * LANES :], mortality[:, a + 1], enter[a + 1], mobile[a + 1]
        p0, p1, p2, p3, p4 = p[0], p[1], p[2], p[3], p[4]
        if a + 2 <= end:
            p, u2, v2 = mortality[:, a + 2], enter[a + 2], mobile[a + 2]
            r0, r1, r2, r3, r4 = p[0], p[1], p[2], p[3], p[4]
            for z in range(LANES):
                x, k = shift[z], moving[z]
                q0 = fma(fma(fma(fma(p4, x, p3), x, p2), x, p1), x, p0)
                q1 = fma(fma(fma(fma(r4, x, r3), x, r2), x, r1), x, r0)
                q0, q1 = (q0 if q0 > 0.0 else 0.0), (q1 if q1 > 0.0 else 0.0)
                q0, q1 = (q0 if q0 < 1.0 else 1.0), (q1 if q1 < 1.0 else 1.0)
                s1, s2, h1, h2 = s[LANES + z], s[2 * LANES + z], fma(k, v1, u1), fma(k, v2, u2)
                h1, h2 = (h1 * s1 if by_person else h1), (h2 * s2 if by_person else h2)
                x0, x1 = s[z] + R[ENTER * LANES + z], s1 + h1
                e0, e1 = fma(-q0, x0, x0 + h1), fma(-q1, x1, x1 + h2)
                s[z], s[LANES + z] = e0, e1
                R[ENTER * LANES + z] = h2
                R[DEATHS * LANES + z] = fma(q1, x1, fma(q0, x0, R[DEATHS * LANES + z]))
                R[NET * LANES + z] += h1 + h2
                R[GROUP * LANES + z] += e0 + e1
                poor += (e0 if e0 < e1 else e1) <= 0.0
            a += 2
        else:
            for z in range(LANES):
                x, h1 = shift[z], fma(moving[z], v1, u1)
                q0 = fma(fma(fma(fma(p4, x, p3), x, p2), x, p1), x, p0)
                q0 = q0 if q0 > 0.0 else 0.0
                q0 = q0 if q0 < 1.0 else 1.0
                h1 = h1 * s[LANES + z] if by_person else h1
                x0 = s[z] + R[ENTER * LANES + z]
                e0 = fma(-q0, x0, x0 + h1)
                s[z] = e0
                R[ENTER * LANES + z] = h1
                R[DEATHS * LANES + z] = fma(q0, x0, R[DEATHS * LANES + z])
                R[NET * LANES + z] += h1
                R[GROUP * LANES + z] += e0
                poor += e0 <= 0.0
            a += 1
    return poor


@jit
def walk(S, begin, end, Q, H, R):
    """As :func:`walk_row`, bit for bit, by mortality ``Q`` and migrants ``H`` of each lane."""
    a, poor = begin, 0
    while a < end:
        s, h, q = S[a * LANES :], H[a * LANES :], Q[a * LANES :]
        if a + 2 <= end:
            for z in range(LANES):
                q0, q1, h1, h2 = q[LANES + z], q[2 * LANES + z], h[LANES + z], h[2 * LANES + z]
                x0, x1 = s[z] + R[ENTER * LANES + z], s[LANES + z] + h1
                e0, e1 = fma(-q0, x0, x0 + h1), fma(-q1, x1, x1 + h2)
                s[z], s[LANES + z] = e0, e1
                R[ENTER * LANES + z] = h2
                R[DEATHS * LANES + z] = fma(q1, x1, fma(q0, x0, R[DEATHS * LANES + z]))
                R[NET * LANES + z] += h1 + h2
                R[GROUP * LANES + z] += e0 + e1
                poor += (e0 if e0 < e1 else e1) <= 0.0
            a += 2
        else:
            for z in range(LANES):
                q0, h1, x0 = q[LANES + z], h[LANES + z], s[z] + R[ENTER * LANES + z]
                e0 = fma(-q0, x0, x0 + h1)
                s[z] = e0
                R[ENTER * LANES + z] = h1
                R[DEATHS * LANES + z] = fma(q0, x0, R[DEATHS * LANES + z])
                R[NET * LANES + z] += h1
                R[GROUP * LANES + z] += e0
                poor += e0 <= 0.0
            a += 1
    return poor


@jit
def walk_ages(
    form, S, begin, end, mortality, enter, mobile, by_person, shift, moving, Q, H, R
):  # fmt: skip
    """The walk over the ages ``begin <= a < end`` in the form that the block takes.

    ``mortality`` (coefficient, age), ``enter``, ``mobile``, ``Q`` and ``H`` are those of the sex.
    """
    if form == SHARED:
        return walk_row(S, begin, end, mortality[0], enter, by_person, R)
    if form == BY_DRAW:
        return walk_drawn(S, begin, end, mortality, enter, mobile, by_person, shift, moving, R)
    return walk(S, begin, end, Q, H, R)


@jit
def join_oldest(S, Q, H, R):
    """The last step: those below the open age group join it, and stand there then.

    ``Q`` and ``H`` are all rows of the sex, of which it reads the last.
    """
    w, poor = S.shape[0] // LANES - 1, 0
    s, q, enter = S[(w - 1) * LANES :], Q[w * LANES :], H[w * LANES :]
    for z in range(LANES):
        h = enter[z]
        x = (s[z] + R[ENTER * LANES + z]) + (s[LANES + z] + h)
        e = fma(-q[z], x, x + h)
        s[z] = e
        R[DEATHS * LANES + z] = fma(q[z], x, R[DEATHS * LANES + z])
        R[NET * LANES + z] += h
        R[GROUP * LANES + z] += e
        poor += e <= 0.0
    return poor
