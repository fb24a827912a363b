"""Mortality and net migration of a year in lanes, as :mod:`popsim.kernels.walks` takes them.

Mortality ``P`` is (coefficient, state), in the lane's shift of life expectancy; ``enter`` and
``mobile`` are the part of net migrants who enter at the start of the year, by person or in all,
without a shift of migration and for each unit of it. ``Q`` and ``H`` are the same laid out for
each lane. Functions take what is of one sex.
"""

from __future__ import annotations

from popsim.kernels._jit import fma, jit
from popsim.kernels.cohort import NEGLIGIBLE
from popsim.kernels.lanes import LANES
from popsim.kernels.walks import COEFFICIENTS

#: Share of the people of an age who may leave at the start, and again at the end of a year
#: without emptying it whatever is rounded.
_NEARLY_HALF = 0.4995


@jit
def read_mortality(survival, P):
    """Mortality of the polynomials (coefficient, state) of survival."""
    for a in range(P.shape[1]):
        P[0, a] = 1.0 - survival[0, a]
    for i in range(1, P.shape[0]):
        for a in range(P.shape[1]):
            P[i, a] = -survival[i, a]


@jit
def lay_mortality(P, begin, end, step, shift, Q, rows):
    """Mortality of every ``step``-th age ``begin <= a < end``, ``rows`` apart, to the rows of Q."""
    degree = P.shape[0] - 1
    for a in range(begin, end, step):
        q, p0 = Q[(a - begin) * rows * LANES :], P[0, a]
        if P.shape[0] == COEFFICIENTS:
            p1, p2, p3, p4 = P[1, a], P[2, a], P[3, a], P[4, a]
            for z in range(LANES):
                x = shift[z]
                value = fma(fma(fma(fma(p4, x, p3), x, p2), x, p1), x, p0)
                value = value if value > 0.0 else 0.0
                q[z] = value if value < 1.0 else 1.0
        else:
            for z in range(LANES):
                value = P[degree, a]
                for i in range(degree - 1, -1, -1):
                    value = fma(value, shift[z], P[i, a])
                value = value if value > 0.0 else 0.0
                q[z] = value if value < 1.0 else 1.0


@jit
def lay_migrants(S, begin, end, step, enter, mobile, by_person, moving, H, rows):
    """Migrants who enter at every ``step``-th age, likewise."""
    for a in range(begin, end, step):
        s, h, u, v = S[a * LANES :], H[(a - begin) * rows * LANES :], enter[a], mobile[a]
        for z in range(LANES):
            one = fma(moving[z], v, u)
            h[z] = one * s[z] if by_person else one


@jit
def may_empty(S, enter, mobile, by_person, moving, poor):
    """Whether twice the migrants who enter empty a group in any lane, or may do so.

    ``poor`` tells that nobody is left in some group of the block.
    """
    ages, low, high, count, a = enter.shape[0], moving[0], moving[0], 0, 0
    for z in range(LANES):
        low, high = min(low, moving[z]), max(high, moving[z])
    if by_person:
        for a in range(ages):
            count += enter[a] + min(low * mobile[a], high * mobile[a]) < -_NEARLY_HALF
        return poor > 0 or count > 0
    for a in range(ages):
        u, v = enter[a], mobile[a]
        if poor > 0 or u + min(low * v, high * v) < 0.0:
            s = S[a * LANES :]
            for z in range(LANES):
                count += fma(2.0, fma(moving[z], v, u), s[z]) <= 0.0
    return count > 0


@jit
def guard(S, share, H, M, adjustment, altered):
    """See that net migrants M empty no group, and count those that they would.

    ``H`` is the ``share`` of M that enters at the start; where that is not half, nobody does
    then. Who would be left in an emptied group is a negligible number.
    """
    count = 0
    for i in range(S.shape[0]):
        m = H[i] / share
        M[i] = m
        count += S[i] + m <= 0.0
        H[i] = 0.5 * m if share < 1.0 else 0.0
    if count > 0:
        for i in range(S.shape[0]):
            if S[i] + M[i] <= 0.0:
                allowed = NEGLIGIBLE - S[i]
                adjustment[i] = allowed - M[i]
                M[i] = allowed
                H[i] = 0.5 * allowed if share < 1.0 else 0.0
                altered[i % LANES] += 1


@jit
def lift(S, M, adjustment, altered, net):
    """Lift groups below zero to zero: what lifts them came in. Counts those not counted yet."""
    for i in range(S.shape[0]):
        if S[i] < 0.0:
            z = i % LANES
            altered[z] += adjustment[i] == 0.0
            adjustment[i] -= S[i]
            M[i] -= S[i]
            net[z] -= S[i]
            S[i] = 0.0


@jit
def count_poor(S):
    """How many groups nobody is in."""
    count = 0
    for i in range(S.shape[0]):
        count += S[i] <= 0.0
    return count
