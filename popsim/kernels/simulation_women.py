"""One simulated year of women, by parity, in lanes.

Women are moved upward from age 0, because how many bear at an age depends on who has borne at
the age before; what one age hands to the next stands in ``R``, one row for each name below.
Women by parity are followed up to ``tracked`` (exclusive), beyond which nobody asks for them;
and below ``low`` all are childless. Blocks are those of :mod:`popsim.kernels.lanes`; women by
parity ``N`` have four rows for each age, as have the rates.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit
from popsim.kernels.lanes import LANES, fill, survive

PARITIES, ORDERS = 4, 3

# Rows of R: women exposed at the age below, those of them who have not borne and who have, by
# parity; women of the age at the start by parity; who reach it and have not borne, or have.
BELOW, LEFT, BORNE, START, REACH, MOTHERS = 0, 1, 5, 9, 13, 17
# Women exposed at the start and alive at the end; births and births per woman, by order.
EXPOSED, ALIVE, BIRTHS, PER_WOMAN = 21, 22, 23, 26
# Sums over age: births by order, total fertility rate, deaths by sex.
ALL_BIRTHS, FERTILITY, DEATHS = 29, 32, 33
# Whether a rate would pass the ceiling.
HELD = 35
# Women of the ages that are not followed by parity, all together.
ALONE = 36
ROWS = 37


@jit
def reach(p, m, q, n, R):
    """Move the women of one age up to it, and split those there at the start by parity."""
    for z in range(LANES):
        h = 0.5 * m[z]
        x, below = p[z] + h, R[BELOW * LANES + z]
        died = (1.0 - q[z]) * below
        e = below - died + h
        up = e / below if below > 0.0 else 0.0
        up = up if up > 0.0 else 0.0
        parents = n[LANES + z] + n[2 * LANES + z] + n[3 * LANES + z]
        share = x / (n[z] + parents) if parents > 0.0 else 0.0
        R[START * LANES + z] = n[z] * share if parents > 0.0 else x
        R[(START + 1) * LANES + z] = n[LANES + z] * share
        R[(START + 2) * LANES + z] = n[2 * LANES + z] * share
        R[(START + 3) * LANES + z] = n[3 * LANES + z] * share
        R[REACH * LANES + z] = up * R[LEFT * LANES + z]
        R[(REACH + 1) * LANES + z] = up * R[(LEFT + 1) * LANES + z]
        R[(REACH + 2) * LANES + z] = up * R[(LEFT + 2) * LANES + z]
        R[(REACH + 3) * LANES + z] = up * R[(LEFT + 3) * LANES + z]
        R[MOTHERS * LANES + z] = up * R[BORNE * LANES + z]
        R[(MOTHERS + 1) * LANES + z] = up * R[(BORNE + 1) * LANES + z]
        R[(MOTHERS + 2) * LANES + z] = up * R[(BORNE + 2) * LANES + z]
        R[(MOTHERS + 3) * LANES + z] = up * R[(BORNE + 3) * LANES + z]
        R[BELOW * LANES + z] = x
        R[EXPOSED * LANES + z] = x
        R[ALIVE * LANES + z] = e
        R[DEATHS * LANES + z] += died
        p[z] = e


@jit
def scale_rates(wanted, ceiling, R, c):
    """Scale the rates of one age to the births per woman that are wanted of all orders."""
    some = 0
    for z in range(LANES):
        births = wanted[z] * (R[EXPOSED * LANES + z] + R[ALIVE * LANES + z])
        free = (
            c[z] * (R[START * LANES + z] + R[REACH * LANES + z])
            + c[LANES + z] * (R[(START + 1) * LANES + z] + R[(REACH + 1) * LANES + z])
            + c[2 * LANES + z] * (R[(START + 2) * LANES + z] + R[(REACH + 2) * LANES + z])
            + c[3 * LANES + z] * (R[(START + 3) * LANES + z] + R[(REACH + 3) * LANES + z])
        )
        scale = births / free if free > 0.0 else 0.0
        c0, c1, c2, c3 = c[z], c[LANES + z], c[2 * LANES + z], c[3 * LANES + z]
        least = ceiling / scale if scale > 1.0 else np.inf
        over = (c0 > least) | (c1 > least) | (c2 > least) | (c3 > least)
        over |= (free <= 0.0) & (births > 0.0)
        R[HELD * LANES + z] = 1.0 if over else 0.0
        scale = 1.0 if over else scale
        c[z], c[LANES + z] = scale * c0, scale * c1
        c[2 * LANES + z], c[3 * LANES + z] = scale * c2, scale * c3
        some += over
    if some > 0:
        for z in range(LANES):
            if R[HELD * LANES + z] > 0.0:
                births = wanted[z] * (R[EXPOSED * LANES + z] + R[ALIVE * LANES + z]) / 2.0
                hold(births, ceiling, z, R, c)


@jit
def hold(births, ceiling, z, R, c):
    """Scale the rates of one lane, none beyond the ceiling, or its shape where that is higher."""
    held = 0  # bit by parity
    for _ in range(PARITIES + 1):
        left, free, everybody = births, 0.0, 0.0
        for k in range(PARITIES):
            women = (R[(START + k) * LANES + z] + R[(REACH + k) * LANES + z]) / 2.0
            everybody += women
            if held >> k & 1:
                left -= max(c[k * LANES + z], ceiling) * women
            else:
                free += c[k * LANES + z] * women
        if free <= 0.0:  # nobody of the parities that bear, or all are held: all bear alike
            for k in range(PARITIES):
                c[k * LANES + z] = births / everybody if everybody > 0.0 else np.inf
            return
        more = held
        for k in range(PARITIES):
            rate = left / free * c[k * LANES + z]
            if not held >> k & 1 and rate > max(c[k * LANES + z], ceiling):
                more |= 1 << k
        if more == held:
            for k in range(PARITIES):
                most, rate = max(c[k * LANES + z], ceiling), left / free * c[k * LANES + z]
                c[k * LANES + z] = most if held >> k & 1 else rate
            return
        held = more


@jit
def bear(c, factor, n, R):
    """Births of one age in two halves, and its women by parity at the end."""
    for z in range(LANES):
        f0, f1, f2 = factor[z], factor[LANES + z], factor[2 * LANES + z]
        h0, h1 = c[z] * f0, c[LANES + z] * f1
        h2, h3 = c[2 * LANES + z] * f2, c[3 * LANES + z] * f2
        # One confinement a year at most, whatever a factor asks for.
        h0, h1 = (h0 if h0 < 1.0 else 1.0) / 2.0, (h1 if h1 < 1.0 else 1.0) / 2.0
        h2, h3 = (h2 if h2 < 1.0 else 1.0) / 2.0, (h3 if h3 < 1.0 else 1.0) / 2.0
        s0, s1 = R[START * LANES + z], R[(START + 1) * LANES + z]
        s2, s3 = R[(START + 2) * LANES + z], R[(START + 3) * LANES + z]
        r0, r1 = R[REACH * LANES + z], R[(REACH + 1) * LANES + z]
        r2, r3 = R[(REACH + 2) * LANES + z], R[(REACH + 3) * LANES + z]
        early0, early1, early2, early3 = h0 * s0, h1 * s1, h2 * s2, h3 * s3
        late0, late1, late2, late3 = h0 * r0, h1 * r1, h2 * r2, h3 * r3
        n[z] = r0 - late0
        n[LANES + z] = r1 - late1 + (R[MOTHERS * LANES + z] + late0)
        n[2 * LANES + z] = r2 - late2 + (R[(MOTHERS + 1) * LANES + z] + late1)
        mothers = R[(MOTHERS + 2) * LANES + z] + R[(MOTHERS + 3) * LANES + z]
        n[3 * LANES + z] = r3 + (mothers + late2)
        R[LEFT * LANES + z] = s0 - early0
        R[(LEFT + 1) * LANES + z] = s1 - early1
        R[(LEFT + 2) * LANES + z] = s2 - early2
        R[(LEFT + 3) * LANES + z] = s3 - early3
        R[BORNE * LANES + z], R[(BORNE + 1) * LANES + z] = early0, early1
        R[(BORNE + 2) * LANES + z], R[(BORNE + 3) * LANES + z] = early2, early3
        b0, b1, b2 = early0 + late0, early1 + late1, (early2 + late2) + (early3 + late3)
        women = (R[EXPOSED * LANES + z] + R[ALIVE * LANES + z]) / 2.0
        per = 1.0 / women if women > 0.0 else 0.0
        R[BIRTHS * LANES + z], R[(BIRTHS + 1) * LANES + z] = b0, b1
        R[(BIRTHS + 2) * LANES + z] = b2
        R[PER_WOMAN * LANES + z], R[(PER_WOMAN + 1) * LANES + z] = per * b0, per * b1
        R[(PER_WOMAN + 2) * LANES + z] = per * b2
        R[ALL_BIRTHS * LANES + z] += b0
        R[(ALL_BIRTHS + 1) * LANES + z] += b1
        R[(ALL_BIRTHS + 2) * LANES + z] += b2
        R[FERTILITY * LANES + z] += per * (b0 + b1 + b2)


@jit
def pass_on(n, R):
    """Women by parity at the end of an age at which nobody bears."""
    for z in range(LANES):
        n[z] = R[REACH * LANES + z]
        n[LANES + z] = R[(REACH + 1) * LANES + z] + R[MOTHERS * LANES + z]
        n[2 * LANES + z] = R[(REACH + 2) * LANES + z] + R[(MOTHERS + 1) * LANES + z]
        mothers = R[(MOTHERS + 2) * LANES + z] + R[(MOTHERS + 3) * LANES + z]
        n[3 * LANES + z] = R[(REACH + 3) * LANES + z] + mothers
        R[LEFT * LANES + z] = R[START * LANES + z]
        R[(LEFT + 1) * LANES + z] = R[(START + 1) * LANES + z]
        R[(LEFT + 2) * LANES + z] = R[(START + 2) * LANES + z]
        R[(LEFT + 3) * LANES + z] = R[(START + 3) * LANES + z]
        R[BORNE * LANES + z], R[(BORNE + 1) * LANES + z] = 0.0, 0.0
        R[(BORNE + 2) * LANES + z], R[(BORNE + 3) * LANES + z] = 0.0, 0.0


@jit
def start_women(p, m, n, R):
    """Women of the youngest age at the start, whom the next age is reached from."""
    for z in range(n.shape[0] // PARITIES):
        x = p[z] + 0.5 * m[z]
        parents = n[LANES + z] + n[2 * LANES + z] + n[3 * LANES + z]
        share = x / (n[z] + parents) if parents > 0.0 else 0.0
        R[BELOW * LANES + z] += x
        R[LEFT * LANES + z] += n[z] * share if parents > 0.0 else x
        for k in range(1, PARITIES):
            R[(LEFT + k) * LANES + z] += n[k * LANES + z] * share


@jit
def grow_up(p, m, q, n, R):
    """Move the women of one age up to it where all are childless."""
    for z in range(LANES):
        h = 0.5 * m[z]
        x, below = p[z] + h, R[BELOW * LANES + z]
        died = (1.0 - q[z]) * below
        e = below - died + h
        R[BELOW * LANES + z], R[LEFT * LANES + z] = x, x
        R[DEATHS * LANES + z] += died
        p[z], n[z] = e, e


@jit
def move_women(
    P, M, Q, N, low, tracked, first, last, scaled, wanted, ceiling, C, F, band, by_band, R, out
):  # fmt: skip
    """One year of women, but for the newborn: moves P and N, and leaves the sums in R.

    ``C`` holds conditional rates, and where ``scaled`` those of the draw after it. ``F`` are
    factors (band, order), ``by_band`` births per woman in the same places, and ``out`` births
    (lane, order, age), with no lanes where they are not asked for.
    """
    ages = P.shape[0] // LANES
    fill(R, 0.0)
    start_women(P[:LANES], M[:LANES], N[: PARITIES * LANES], R)
    if tracked < ages:
        i = (tracked - 1) * LANES
        none = np.array([0, ages - tracked + 1])
        deaths = R[DEATHS * LANES : (DEATHS + 1) * LANES]
        survive(P[i:], M[i:], 0.5, Q[i:], none, R[ALONE * LANES : (ALONE + 1) * LANES], deaths)
    for a in range(1, tracked):
        i, j = a * LANES, (a + 1) * LANES
        p, m, q, n = P[i:j], M[i:j], Q[i:j], N[PARITIES * i : PARITIES * j]
        if a == ages - 1:  # the open group is reached from itself, too
            start_women(p, m, n, R)
        if a < low:
            grow_up(p, m, q, n, R)
            continue
        reach(p, m, q, n, R)
        if first <= a < last:
            c = C[(a - first) * PARITIES * LANES : (a - first + 1) * PARITIES * LANES]
            b = band[a] * ORDERS * LANES
            if scaled:
                scale_rates(wanted[(a - first) * LANES : (a - first + 1) * LANES], ceiling, R, c)
            bear(c, F[b : b + ORDERS * LANES], n, R)
            if scaled:
                for i in range(ORDERS * LANES):
                    by_band[b + i] += R[PER_WOMAN * LANES + i]
            for z in range(out.shape[0]):
                for o in range(ORDERS):
                    out[z, o, a] = R[(BIRTHS + o) * LANES + z]
        else:
            pass_on(n, R)


@jit
def youngest(N, oldest):
    """The youngest age, up to ``oldest``, at which some woman of the block is not childless."""
    for a in range(oldest):
        for i in range((a * PARITIES + 1) * LANES, (a + 1) * PARITIES * LANES):
            if N[i] != 0.0:
                return a
    return oldest
