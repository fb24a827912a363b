"""A year of one sex in a block of lanes: one walk up its ages, in place.

Cohorts stay where they are: who is ``a`` old at the start of the year stands in row ``a`` of
``S`` (lane ``z``: ``S[a * lanes + z]``), and who is ``a + 1`` old at its end stands there too.
The newborn come in below. So nothing is moved in memory.

Of those who reach an age, ``x``, the share ``q`` dies on the way, and ``h`` enter when they
come to it, as many as have entered at the start: ``x - q x + h`` is ``fma(-q, x, x + h)``.

The walk has three forms, by what the lanes share, with the same arithmetic in the same order, so
that the neighbours of a cell cannot change its bits. It goes two ages at a time: of what is
handed from age to age and added up, half stays in registers. What the forms have in common stands
in each of them: inlined from one place, the compiler made slower loops of it.

Kernels have blocks of different widths, and a width has to be known when they are compiled: so
:func:`walks` makes the functions for one. Of the world around them those that are compiled by
themselves know the width alone, since the cache of another function would never be found again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from popsim.kernels._jit import fma, jit_inlined, jit_inner

# How the rates of a year stand: the same in all lanes, or but for what is drawn, or laid out.
SHARED, BY_DRAW, LAID = 0, 1, 2

#: Coefficients of the polynomials of mortality that a walk by draw is written for.
COEFFICIENTS = 5

# Rows of the sums R of one sex: migrants who enter at the age that the walk has come to; deaths;
# net migrants, of which a walk adds up those who enter at the start; persons of the age group.
ENTER, DEATHS, NET, GROUP = 0, 1, 2, 3
SUMS = 4


class Walks(NamedTuple):
    """The functions of :func:`walks`."""

    begin: Callable[..., Any]
    walk: Callable[..., Any]
    join_oldest: Callable[..., Any]


def walks(lanes: int) -> Walks:
    """Compile what moves one sex up its ages, for blocks of so many lanes."""

    @jit_inner
    def begin(H, R):
        """Begin with those who enter at the youngest age, ``H``."""
        for z in range(lanes):
            R[ENTER * lanes + z], R[NET * lanes + z], R[DEATHS * lanes + z] = H[z], H[z], 0.0

    @jit_inner
    def walk_row(S, begin, end, P, enter, mobile, by_person, moving, R):
        """By mortality ``P[0]`` and migrants ``enter + moving * mobile`` that all lanes share."""
        a, poor = begin, 0
        while a < end:
            s, q0, u1 = S[a * lanes :], P[0, a + 1], fma(moving[0], mobile[a + 1], enter[a + 1])
            if a + 2 <= end:
                q1, u2 = P[0, a + 2], fma(moving[0], mobile[a + 2], enter[a + 2])
                for z in range(lanes):
                    s1, s2 = s[lanes + z], s[2 * lanes + z]
                    h1, h2 = (u1 * s1 if by_person else u1), (u2 * s2 if by_person else u2)
                    x0, x1 = s[z] + R[ENTER * lanes + z], s1 + h1
                    e0, e1 = fma(-q0, x0, x0 + h1), fma(-q1, x1, x1 + h2)
                    s[z], s[lanes + z] = e0, e1
                    R[ENTER * lanes + z] = h2
                    R[DEATHS * lanes + z] = fma(q1, x1, fma(q0, x0, R[DEATHS * lanes + z]))
                    R[NET * lanes + z] = (R[NET * lanes + z] + h1) + h2
                    R[GROUP * lanes + z] += e0 + e1
                    poor += (e0 if e0 < e1 else e1) <= 0.0
                a += 2
            else:
                for z in range(lanes):
                    h1 = u1 * s[lanes + z] if by_person else u1
                    x0 = s[z] + R[ENTER * lanes + z]
                    e0 = fma(-q0, x0, x0 + h1)
                    s[z] = e0
                    R[ENTER * lanes + z] = h1
                    R[DEATHS * lanes + z] = fma(q0, x0, R[DEATHS * lanes + z])
                    R[NET * lanes + z] += h1
                    R[GROUP * lanes + z] += e0
                    poor += e0 <= 0.0
                a += 1
        return poor

    @jit_inner
    def walk_drawn(S, begin, end, P, enter, mobile, by_person, shift, moving, R):
        """By mortality that is a polynomial in what each lane draws, cut off at 0 and 1."""
        a, poor = begin, 0
        while a < end:
            s, p, u1, v1 = S[a * lanes :], P[:, a + 1], enter[a + 1], mobile[a + 1]
            p0, p1, p2, p3, p4 = p[0], p[1], p[2], p[3], p[4]
            if a + 2 <= end:
                p, u2, v2 = P[:, a + 2], enter[a + 2], mobile[a + 2]
                r0, r1, r2, r3, r4 = p[0], p[1], p[2], p[3], p[4]
                for z in range(lanes):
                    x, k = shift[z], moving[z]
                    q0 = fma(fma(fma(fma(p4, x, p3), x, p2), x, p1), x, p0)
                    q1 = fma(fma(fma(fma(r4, x, r3), x, r2), x, r1), x, r0)
                    # Asked so that what is not a number stays what it is.
                    q0, q1 = (0.0 if q0 < 0.0 else q0), (0.0 if q1 < 0.0 else q1)
                    q0, q1 = (1.0 if q0 > 1.0 else q0), (1.0 if q1 > 1.0 else q1)
                    s1, s2 = s[lanes + z], s[2 * lanes + z]
                    h1, h2 = fma(k, v1, u1), fma(k, v2, u2)
                    h1, h2 = (h1 * s1 if by_person else h1), (h2 * s2 if by_person else h2)
                    x0, x1 = s[z] + R[ENTER * lanes + z], s1 + h1
                    e0, e1 = fma(-q0, x0, x0 + h1), fma(-q1, x1, x1 + h2)
                    s[z], s[lanes + z] = e0, e1
                    R[ENTER * lanes + z] = h2
                    R[DEATHS * lanes + z] = fma(q1, x1, fma(q0, x0, R[DEATHS * lanes + z]))
                    R[NET * lanes + z] = (R[NET * lanes + z] + h1) + h2
                    R[GROUP * lanes + z] += e0 + e1
                    poor += (e0 if e0 < e1 else e1) <= 0.0
                a += 2
            else:
                for z in range(lanes):
                    x, h1 = shift[z], fma(moving[z], v1, u1)
                    q0 = fma(fma(fma(fma(p4, x, p3), x, p2), x, p1), x, p0)
                    q0 = 0.0 if q0 < 0.0 else q0
                    q0 = 1.0 if q0 > 1.0 else q0
                    h1 = h1 * s[lanes + z] if by_person else h1
                    x0 = s[z] + R[ENTER * lanes + z]
                    e0 = fma(-q0, x0, x0 + h1)
                    s[z] = e0
                    R[ENTER * lanes + z] = h1
                    R[DEATHS * lanes + z] = fma(q0, x0, R[DEATHS * lanes + z])
                    R[NET * lanes + z] += h1
                    R[GROUP * lanes + z] += e0
                    poor += e0 <= 0.0
                a += 1
        return poor

    @jit_inner
    def walk_laid(S, begin, end, Q, H, R):
        """By mortality ``Q`` and migrants ``H`` of each lane."""
        a, poor = begin, 0
        while a < end:
            s, h, q = S[a * lanes :], H[a * lanes :], Q[a * lanes :]
            if a + 2 <= end:
                for z in range(lanes):
                    q0, q1 = q[lanes + z], q[2 * lanes + z]
                    h1, h2 = h[lanes + z], h[2 * lanes + z]
                    x0, x1 = s[z] + R[ENTER * lanes + z], s[lanes + z] + h1
                    e0, e1 = fma(-q0, x0, x0 + h1), fma(-q1, x1, x1 + h2)
                    s[z], s[lanes + z] = e0, e1
                    R[ENTER * lanes + z] = h2
                    R[DEATHS * lanes + z] = fma(q1, x1, fma(q0, x0, R[DEATHS * lanes + z]))
                    R[NET * lanes + z] = (R[NET * lanes + z] + h1) + h2
                    R[GROUP * lanes + z] += e0 + e1
                    poor += (e0 if e0 < e1 else e1) <= 0.0
                a += 2
            else:
                for z in range(lanes):
                    q0, h1, x0 = q[lanes + z], h[lanes + z], s[z] + R[ENTER * lanes + z]
                    e0 = fma(-q0, x0, x0 + h1)
                    s[z] = e0
                    R[ENTER * lanes + z] = h1
                    R[DEATHS * lanes + z] = fma(q0, x0, R[DEATHS * lanes + z])
                    R[NET * lanes + z] += h1
                    R[GROUP * lanes + z] += e0
                    poor += e0 <= 0.0
                a += 1
        return poor

    @jit_inlined
    def walk(form, S, begin, end, P, enter, mobile, by_person, shift, moving, Q, H, R):
        """Everybody of the ages ``begin <= a < end`` a year on; counts the groups nobody is in.

        Mortality ``P`` (coefficient, age) and the migrants who enter, by person or in all, and
        as many again after, are read as the form says. R has those who enter at ``begin``, and
        in the end those at ``end``.
        """
        if form == SHARED:
            poor = walk_row(S, begin, end, P, enter, mobile, by_person, moving, R)
        elif form == BY_DRAW:
            poor = walk_drawn(S, begin, end, P, enter, mobile, by_person, shift, moving, R)
        else:
            poor = walk_laid(S, begin, end, Q, H, R)
        return poor

    @jit_inner
    def join_oldest(S, Q, H, R):
        """The last step: those below the open age group join it, and stand there then.

        ``Q`` and ``H`` are all rows of the sex, of which it reads the last.
        """
        w, poor = S.shape[0] // lanes - 1, 0
        s, q, enter = S[(w - 1) * lanes :], Q[w * lanes :], H[w * lanes :]
        for z in range(lanes):
            h = enter[z]
            x = (s[z] + R[ENTER * lanes + z]) + (s[lanes + z] + h)
            e = fma(-q[z], x, x + h)
            s[z] = e
            R[DEATHS * lanes + z] = fma(q[z], x, R[DEATHS * lanes + z])
            R[NET * lanes + z] += h
            R[GROUP * lanes + z] += e
            poor += e <= 0.0
        return poor

    return Walks(begin, walk, join_oldest)
