"""Mortality and net migration of a year in lanes, as :mod:`popsim.kernels.lanes.walks` takes them.

Mortality ``P`` is (coefficient, age), in the lane's shift of life expectancy; ``enter`` and
``mobile`` are the part of net migrants who enter at the start of the year, by person or in all,
without a shift of migration and for each unit of it. ``Q`` and ``H`` are the same laid out for
each lane. Functions take what is of one sex; those of :func:`lane_rates` are made for a width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from popsim.kernels._jit import fma, jit_inner
from popsim.kernels.lanes.walks import COEFFICIENTS
from popsim.kernels.step.cohort import LIFTED, NEGLIGIBLE

#: Share of the people of an age who may leave at the start, and again at the end of a year
#: without emptying it whatever is rounded.
_NEARLY_HALF = 0.4995


@jit_inner
def read_mortality(survival, P):
    """Mortality of the polynomials (coefficient, state) of survival."""
    for a in range(P.shape[1]):
        P[0, a] = 1.0 - survival[0, a]
    for i in range(1, P.shape[0]):
        for a in range(P.shape[1]):
            P[i, a] = -survival[i, a]


@jit_inner
def count_poor(S):
    """How many groups nobody is in."""
    count = 0
    for i in range(S.shape[0]):
        count += S[i] <= 0.0
    return count


class LaneRates(NamedTuple):
    """The functions of :func:`lane_rates`."""

    lay_mortality: Callable[..., Any]
    lay_migrants: Callable[..., Any]
    may_empty: Callable[..., Any]
    guard: Callable[..., Any]
    lift: Callable[..., Any]


def lane_rates(lanes: int) -> LaneRates:
    """Compile what lays out the rates of one sex, for blocks of so many lanes."""

    @jit_inner
    def lay_mortality(P, begin, end, step, shift, Q, rows):
        """Mortality of every ``step``-th age ``begin <= a < end`` to Q; ages are ``rows`` apart."""
        degree = P.shape[0] - 1
        for a in range(begin, end, step):
            q, p0 = Q[(a - begin) * rows * lanes :], P[0, a]
            if P.shape[0] == COEFFICIENTS:
                p1, p2, p3, p4 = P[1, a], P[2, a], P[3, a], P[4, a]
                for z in range(lanes):
                    x = shift[z]
                    value = fma(fma(fma(fma(p4, x, p3), x, p2), x, p1), x, p0)
                    value = 0.0 if value < 0.0 else value  # what is no number stays none
                    q[z] = 1.0 if value > 1.0 else value
            else:
                for z in range(lanes):
                    value = P[degree, a]
                    for i in range(degree - 1, -1, -1):
                        value = fma(value, shift[z], P[i, a])
                    value = 0.0 if value < 0.0 else value  # what is no number stays none
                    q[z] = 1.0 if value > 1.0 else value

    @jit_inner
    def lay_migrants(S, begin, end, step, enter, mobile, by_person, moving, H, rows):
        """Migrants who enter at every ``step``-th age to H, likewise."""
        for a in range(begin, end, step):
            s, h, u, v = S[a * lanes :], H[(a - begin) * rows * lanes :], enter[a], mobile[a]
            for z in range(lanes):
                one = fma(moving[z], v, u)
                h[z] = one * s[z] if by_person else one

    @jit_inner
    def may_empty(S, enter, mobile, by_person, moving, poor):
        """Whether twice the migrants who enter empty a group in any lane, or may do so.

        ``poor`` tells that nobody is left in some group of the block.
        """
        ages, low, high, count = enter.shape[0], moving[0], moving[0], 0
        for z in range(lanes):
            low, high = min(low, moving[z]), max(high, moving[z])
        if by_person:
            for a in range(ages):
                count += enter[a] + min(low * mobile[a], high * mobile[a]) < -_NEARLY_HALF
            return poor > 0 or count > 0
        for a in range(ages):
            u, v = enter[a], mobile[a]
            if poor > 0 or u + min(low * v, high * v) < 0.0:
                s = S[a * lanes :]
                for z in range(lanes):
                    count += fma(2.0, fma(moving[z], v, u), s[z]) <= 0.0
        return count > 0

    @jit_inner
    def guard(S, share, H, M, adjustment, altered):
        """See that net migrants M empty no group; returns how many they would have.

        ``altered`` counts, by lane, those of them that anybody was to leave. ``H`` is the ``share``
        of M that enters at the start; where that is not half, nobody does then. Who would be left
        in an emptied group is a negligible number.
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
                    altered[i % lanes] += M[i] < 0.0
                    allowed = NEGLIGIBLE - S[i]
                    adjustment[i] = allowed - M[i]
                    M[i] = allowed
                    H[i] = 0.5 * allowed if share < 1.0 else 0.0
        return count

    @jit_inner
    def lift(S, M, adjustment, lifted, altered, net):
        """Lift groups below zero, what lifts them having come in; returns how many there were.

        ``altered`` counts, by lane, those that the guard has not counted.
        """
        count = 0
        for i in range(S.shape[0]):
            if S[i] < 0.0:
                z = i % lanes
                altered[z] += adjustment[i] == 0.0
                lifted[i] = LIFTED - S[i]
                adjustment[i] += lifted[i]
                M[i] += lifted[i]
                net[z] += lifted[i]
                S[i] = LIFTED
                count += 1
        return count

    return LaneRates(lay_mortality, lay_migrants, may_empty, guard, lift)
