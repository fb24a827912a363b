"""A year of one sex in a block of lanes: one walk up its ages, in place.

Cohorts stay where they are: who is ``a`` old at the start of the year stands in row ``a`` of
``S`` (lane ``z``: ``S[a * LANES + z]``), and who is ``a + 1`` old at its end stands there too.
The newborn come in below. So nothing is moved in memory.

The walk has three forms, by what the lanes share, with the same arithmetic in the same order, so
that the neighbours of a cell cannot change its bits: :func:`walk_row` where all rates are shared,
:func:`walk_drawn` where they are shared but for what each lane draws, and :func:`walk` where
they differ or where migration empties a group. Sums are added up in pairs of ages.
"""

from __future__ import annotations

from popsim.kernels._jit import jit
from popsim.kernels.lanes import LANES

# Rows of the sums R of one sex: migrants who enter, and again at the end, at the age that the
# walk has come to; deaths; the least number of persons at any age; persons of the age group;
# net migrants.
ENTER, DEATHS, LEAST, GROUP, NET = 0, 1, 2, 3, 4
SUMS = 5


@jit
def walk_row(S, begin, end, mortality, enter, by_person, R):
    """Everybody of the ages ``begin <= a < end`` a year on, by rates that all lanes share.

    ``mortality`` is the share of those reaching an age who die on the way, ``enter`` the
    migrants, by person or in all, who enter before and as many again after. R has those who
    enter at ``begin``, and in the end those at ``end``.
    """
    a = begin
    while a < end:
        s, u1, q0 = S[a * LANES :], enter[a + 1], mortality[a + 1]
        if a + 4 <= end:
            u2, u3, u4 = enter[a + 2], enter[a + 3], enter[a + 4]
            q1, q2, q3 = mortality[a + 2], mortality[a + 3], mortality[a + 4]
            for z in range(LANES):
                s1, s2, s3, s4 = s[LANES + z], s[2 * LANES + z], s[3 * LANES + z], s[4 * LANES + z]
                h1 = u1 * s1 if by_person else u1
                h2 = u2 * s2 if by_person else u2
                h3 = u3 * s3 if by_person else u3
                h4 = u4 * s4 if by_person else u4
                x0, x1, x2, x3 = s[z] + R[ENTER * LANES + z], s1 + h1, s2 + h2, s3 + h3
                d0, d1, d2, d3 = q0 * x0, q1 * x1, q2 * x2, q3 * x3
                e0, e1, e2, e3 = x0 - d0 + h1, x1 - d1 + h2, x2 - d2 + h3, x3 - d3 + h4
                s[z], s[LANES + z], s[2 * LANES + z], s[3 * LANES + z] = e0, e1, e2, e3
                R[ENTER * LANES + z] = h4
                R[DEATHS * LANES + z] = (R[DEATHS * LANES + z] + (d0 + d1)) + (d2 + d3)
                R[GROUP * LANES + z] = (R[GROUP * LANES + z] + (e0 + e1)) + (e2 + e3)
                low, high = (e0 if e0 < e1 else e1), (e2 if e2 < e3 else e3)
                low, least = (low if low < high else high), R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < low else low
            a += 4
        elif a + 2 <= end:  # what is added up goes in pairs, as in the other walks
            u2, q1 = enter[a + 2], mortality[a + 2]
            for z in range(LANES):
                s1, s2 = s[LANES + z], s[2 * LANES + z]
                h1 = u1 * s1 if by_person else u1
                h2 = u2 * s2 if by_person else u2
                x0, x1 = s[z] + R[ENTER * LANES + z], s1 + h1
                d0, d1 = q0 * x0, q1 * x1
                e0, e1 = x0 - d0 + h1, x1 - d1 + h2
                s[z], s[LANES + z] = e0, e1
                R[ENTER * LANES + z] = h2
                R[DEATHS * LANES + z] += d0 + d1
                R[GROUP * LANES + z] += e0 + e1
                low, least = (e0 if e0 < e1 else e1), R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < low else low
            a += 2
        else:
            for z in range(LANES):
                h1 = u1 * s[LANES + z] if by_person else u1
                x0 = s[z] + R[ENTER * LANES + z]
                d0 = q0 * x0
                e0 = x0 - d0 + h1
                s[z] = e0
                R[ENTER * LANES + z] = h1
                R[DEATHS * LANES + z] += d0
                R[GROUP * LANES + z] += e0
                least = R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < e0 else e0
            a += 1


@jit
def walk_drawn(S, begin, end, polynomial, enter, mobile, by_person, shift, moving, R):
    """As :func:`walk_row`, bit for bit, by rates of which each lane draws its own.

    Mortality is a ``polynomial`` (coefficient, age) of degree 4 in the lane's shift of life
    expectancy, cut off at 0 and 1; ``enter + moving * mobile`` are the migrants.
    """
    a = begin
    while a < end:
        s, p, u1, v1 = S[a * LANES :], polynomial[:, a + 1], enter[a + 1], mobile[a + 1]
        p0, p1, p2, p3, p4 = p[0], p[1], p[2], p[3], p[4]
        if a + 2 <= end:
            p, u2, v2 = polynomial[:, a + 2], enter[a + 2], mobile[a + 2]
            r0, r1, r2, r3, r4 = p[0], p[1], p[2], p[3], p[4]
            for z in range(LANES):
                x, k = shift[z], moving[z]
                q0 = (((p4 * x + p3) * x + p2) * x + p1) * x + p0
                q1 = (((r4 * x + r3) * x + r2) * x + r1) * x + r0
                q0, q1 = (q0 if q0 > 0.0 else 0.0), (q1 if q1 > 0.0 else 0.0)
                q0, q1 = (q0 if q0 < 1.0 else 1.0), (q1 if q1 < 1.0 else 1.0)
                s1, s2, m1, m2 = s[LANES + z], s[2 * LANES + z], u1 + k * v1, u2 + k * v2
                h1 = m1 * s1 if by_person else m1
                h2 = m2 * s2 if by_person else m2
                x0, x1 = s[z] + R[ENTER * LANES + z], s1 + h1
                d0, d1 = q0 * x0, q1 * x1
                e0, e1 = x0 - d0 + h1, x1 - d1 + h2
                s[z], s[LANES + z] = e0, e1
                R[ENTER * LANES + z] = h2
                R[DEATHS * LANES + z] += d0 + d1
                R[GROUP * LANES + z] += e0 + e1
                low, least = (e0 if e0 < e1 else e1), R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < low else low
            a += 2
        else:
            for z in range(LANES):
                x, k = shift[z], moving[z]
                q0 = (((p4 * x + p3) * x + p2) * x + p1) * x + p0
                q0 = q0 if q0 > 0.0 else 0.0
                q0 = q0 if q0 < 1.0 else 1.0
                m1 = u1 + k * v1
                h1 = m1 * s[LANES + z] if by_person else m1
                x0 = s[z] + R[ENTER * LANES + z]
                d0 = q0 * x0
                e0 = x0 - d0 + h1
                s[z] = e0
                R[ENTER * LANES + z] = h1
                R[DEATHS * LANES + z] += d0
                R[GROUP * LANES + z] += e0
                least = R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < e0 else e0
            a += 1


@jit
def walk(S, begin, end, mortality, H, R):
    """As :func:`walk_row`, bit for bit, by mortality and migrants of each lane."""
    a = begin
    while a < end:
        s, m, q = S[a * LANES :], H[a * LANES :], mortality[a * LANES :]
        if a + 2 <= end:
            for z in range(LANES):
                h1, h2 = m[LANES + z], m[2 * LANES + z]
                x0, x1 = s[z] + R[ENTER * LANES + z], s[LANES + z] + h1
                d0, d1 = q[LANES + z] * x0, q[2 * LANES + z] * x1
                e0, e1 = x0 - d0 + h1, x1 - d1 + h2
                s[z], s[LANES + z] = e0, e1
                R[ENTER * LANES + z] = h2
                R[DEATHS * LANES + z] += d0 + d1
                R[GROUP * LANES + z] += e0 + e1
                low, least = (e0 if e0 < e1 else e1), R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < low else low
            a += 2
        else:
            for z in range(LANES):
                h1 = m[LANES + z]
                x0 = s[z] + R[ENTER * LANES + z]
                d0 = q[LANES + z] * x0
                e0 = x0 - d0 + h1
                s[z] = e0
                R[ENTER * LANES + z] = h1
                R[DEATHS * LANES + z] += d0
                R[GROUP * LANES + z] += e0
                least = R[LEAST * LANES + z]
                R[LEAST * LANES + z] = least if least < e0 else e0
            a += 1


@jit
def join_oldest(S, mortality, H, R):
    """A year of the open age group and of those of the age below, who stand together then.

    ``mortality`` and migrants ``H`` are the open group's; R has who enters at the age below.
    """
    w = S.shape[0] // LANES - 1
    s = S[(w - 1) * LANES : (w + 1) * LANES]
    for z in range(LANES):
        h = H[z]
        x = (s[z] + R[ENTER * LANES + z]) + (s[LANES + z] + h)
        died = mortality[z] * x
        e = x - died + h
        s[z] = e
        R[DEATHS * LANES + z] += died
        R[GROUP * LANES + z] += e
        least = R[LEAST * LANES + z]
        R[LEAST * LANES + z] = least if least < e else e
