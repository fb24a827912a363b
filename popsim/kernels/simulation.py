"""The simulation step: baseline and packages of a draw side by side, draws in lanes.

:mod:`popsim.kernels.simulation_inputs` names the arrays; :mod:`popsim.kernels.lanes` has the
blocks and most of the cohort step; :mod:`popsim.kernels.simulation_reference` is the same
simulation written to be read. Cells that lie beside one another and share their rates make a
block, so that a rate is read once for all of its lanes.

Within a year the baseline goes first, since packages read its scaled rates. Women are moved
upward from age 0, because how many bear at an age depends on who has borne at the age before;
what one age hands to the next stands in ``R``, one row for each name below. Women by parity
are followed up to ``tracked`` (exclusive), beyond which nobody asks for them; and below ``low``
all are childless.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.cohort import CLOSED, COUNTS, RATES
from popsim.kernels.lanes import (
    LANES,
    add_rows,
    below_zero,
    fill,
    guard,
    lift,
    put,
    survive,
    write_groups,
    write_sums,
)
from popsim.kernels.simulation_inputs import (
    BEARING_AGES,
    BY_ORDER,
    CHILD_AGES,
    COMPLETED_AGE,
    FIRST_COME,
    Demography,
    EveryAge,
    Policy,
    Summary,
)

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
ROWS = 36


@jit
def survival_ratios(coefficients, shift, Q):
    """Polynomials of the rows at each lane's shift by sex, cut off at 0 and 1."""
    n, degree = coefficients.shape[1], coefficients.shape[0] - 1
    for a in range(n):
        q = Q[a * LANES : (a + 1) * LANES]
        x = shift[: shift.shape[0] // 2] if a < n // 2 else shift[shift.shape[0] // 2 :]
        top = coefficients[degree, a]
        if degree == 4:
            c3, c2 = coefficients[3, a], coefficients[2, a]
            c1, c0 = coefficients[1, a], coefficients[0, a]
            for z in range(LANES):
                value = (((top * x[z] + c3) * x[z] + c2) * x[z] + c1) * x[z] + c0
                value = value if value > 0.0 else 0.0
                q[z] = value if value < 1.0 else 1.0
        else:
            for z in range(q.shape[0]):
                value = top
                for i in range(degree - 1, -1, -1):
                    value = value * x[z] + coefficients[i, a]
                q[z] = min(max(value, 0.0), 1.0)


@jit
def ask(P, mode, given, mobility, shift, M):
    """Net migrants of the year into ``M``, the lanes' shifts included."""
    people = np.empty(LANES)
    if mode != COUNTS and mode != RATES:
        add_rows(P, 0, P.shape[0] // LANES, people)
        for z in range(LANES):
            total = given[0] + shift[z] * mobility[0]
            people[z] = total / people[z] if people[z] > 0.0 else 0.0
    for a in range(P.shape[0] // LANES):
        p, m = P[a * LANES : (a + 1) * LANES], M[a * LANES : (a + 1) * LANES]
        if mode == COUNTS:
            for z in range(shift.shape[0]):
                m[z] = given[a] + shift[z] * mobility[a]
        elif mode == RATES:
            for z in range(shift.shape[0]):
                m[z] = (given[a] + shift[z] * mobility[a]) * p[z]
        else:
            for z in range(shift.shape[0]):
                m[z] = people[z] * p[z]


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
        survive(P[i:], M[i:], 0.5, Q[i:], R[DEATHS * LANES : (DEATHS + 1) * LANES])
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
def age_children(P, R, K):
    """Children by order at the end of the year: each age's in the proportions it had before."""
    ages = P.shape[0] // (2 * LANES)
    for j in range(CHILD_AGES - 1, -1, -1):
        girls, boys = P[j * LANES : (j + 1) * LANES], P[(ages + j) * LANES : (ages + j + 1) * LANES]
        k = K[j * ORDERS * LANES : (j + 1) * ORDERS * LANES]
        if j > 0:
            before = K[(j - 1) * ORDERS * LANES : j * ORDERS * LANES]
        else:
            before = R[ALL_BIRTHS * LANES : (ALL_BIRTHS + ORDERS) * LANES]
        for z in range(LANES):
            b0, b1, b2 = before[z], before[LANES + z], before[2 * LANES + z]
            total, some = girls[z] + boys[z], b0 + b1 + b2
            ratio = total / some if some > 0.0 else 0.0
            k[z] = ratio * b0 if some > 0.0 else total
            k[LANES + z], k[2 * LANES + z] = ratio * b1, ratio * b2


@jit
def factors(
    rows, t, paid, other, channels, overlap, largest, limit, care_effect, care_quantum, lag,
    timing, gains, care, shares, by_band, F,
):  # fmt: skip
    """What one package multiplies conditional rates by in the year, (band, order) by lane.

    Inputs are the package's own of :class:`~popsim.kernels.simulation_inputs.Policy`, in the
    year where they have years. ``gains`` of coverage and the steps of their effect, ``care``,
    are by year and lane; the last row of ``care`` is the whole effect so far.
    """
    bands = other.shape[2]
    for z in range(rows.shape[0]):
        r = rows[z]
        before = gains[t - 1, z] if t > 0 else 0.0
        effect = care_effect[r] * ((1.0 - lag[r]) * gains[t, z] + lag[r] * before)
        care[t, z] = effect - care[care.shape[0] - 1, z]
        care[care.shape[0] - 1, z] = effect
        moved = 0.0
        for u in range(min(t + 1, timing.shape[0])):
            moved += timing[u] * care[t - u, z]
        places = care_quantum[r] * effect + (1.0 - care_quantum[r]) * moved
        gained = 0.0
        for b in range(bands):
            for o in range(ORDERS):
                i = (b * ORDERS + o) * LANES + z
                total = paid[r, o] * shares[o * LANES + z] + other[r, o, b] + places
                if channels[o, b] + (1.0 if places != 0.0 else 0.0) >= 2.0:
                    total *= overlap[r]
                F[i] = np.exp(largest * np.tanh(total / largest)) if total != 0.0 else 1.0
                gained += by_band[i] * (F[i] - 1.0)
        if gained > limit:
            for i in range(z, bands * ORDERS * LANES, LANES):
                F[i] = 1.0 + (F[i] - 1.0) * limit / gained


@jit
def pay(rows, yuan, reach, capped, cap, rule, K, K0, shares, due, cost, deadweight, shortfall):
    """Cost of one package in the year, for its own children and for those of the baseline.

    Inputs are the package's own in the year; ``due`` is scratch of (own, baseline, all) lanes.
    Outputs: ``cost`` (lane, instrument, order), ``deadweight`` (lane, instrument), ``shortfall``
    (lane,).
    """
    fill(due, 0.0)
    for z in range(rows.shape[0]):
        shortfall[z] = 0.0
        for o in range(ORDERS):
            shares[o * LANES + z] = 1.0
    for i in range(yuan.shape[0]):
        for o in range(ORDERS):
            fill(due[: 2 * LANES], 0.0)
            for j in range(CHILD_AGES):
                at, amount = (j * ORDERS + o) * LANES, yuan[i, o, j]
                if amount != 0.0:
                    for z in range(LANES):
                        due[z] += amount * K[at + z]
                        due[LANES + z] += amount * K0[at + z]
            for z in range(rows.shape[0]):
                reached = reach[i, rows[z]]
                cost[z, i, o] = reached * due[z]
                before = deadweight[z, i] if o > 0 else 0.0
                deadweight[z, i] = before + reached * due[LANES + z]
                due[2 * LANES + z] += capped[i] * cost[z, i, o]
    for z in range(rows.shape[0]):
        asked = due[2 * LANES + z]
        if asked > cap:
            share = ration(rows[z], z, yuan, reach, capped, cap, asked, rule, K)
            for i in range(yuan.shape[0]):
                if capped[i] > 0.0:
                    deadweight[z, i] = 0.0
                    for o in range(ORDERS):
                        paid = 0.0
                        for j in range(CHILD_AGES):
                            at = (j * ORDERS + o) * LANES + z
                            amount = reach[i, rows[z]] * yuan[i, o, j]
                            paid += share[o, j] * amount * K[at]
                            deadweight[z, i] += share[o, j] * amount * K0[at]
                            shortfall[z] += (1.0 - share[o, j]) * amount * K[at]
                        cost[z, i, o] = paid
            for o in range(ORDERS):
                shares[o * LANES + z] = share[o, 0]


@jit
def ration(row, z, yuan, reach, capped, cap, asked, rule, K):
    """The share that each child (order, age) of one lane is paid of a capped budget."""
    share, need, left = np.empty((ORDERS, CHILD_AGES)), np.zeros((ORDERS, CHILD_AGES)), cap
    for o in range(ORDERS):
        for j in range(CHILD_AGES):
            share[o, j] = cap / asked
            for i in range(yuan.shape[0]):
                amount = capped[i] * reach[i, row] * yuan[i, o, j]
                need[o, j] += amount * K[(j * ORDERS + o) * LANES + z]
    if rule == BY_ORDER:  # higher orders first
        for o in range(ORDERS - 1, -1, -1):
            wants = 0.0
            for j in range(CHILD_AGES):
                wants += need[o, j]
            for j in range(CHILD_AGES):
                share[o, j] = min(left / wants, 1.0) if wants > 0.0 else 1.0
            left -= min(left, wants)
    elif rule == FIRST_COME:  # who was born earlier has applied earlier
        for j in range(CHILD_AGES - 1, -1, -1):
            wants = need[0, j] + need[1, j] + need[2, j]
            for o in range(ORDERS):
                share[o, j] = min(left / wants, 1.0) if wants > 0.0 else 1.0
            left -= min(left, wants)
    return share


@jit
def write_rows(X, start, out):
    """Rows of a block from ``start`` into ``out`` (lane, row)."""
    for z in range(out.shape[0]):
        for k in range(out.shape[1]):
            out[z, k] = X[(start + k) * LANES + z]


@jit
def write_children(K, borders, total, out):
    """Children by order and group of ages into ``out`` (lane, order, group)."""
    for g in range(borders.shape[0] - 1):
        fill(total, 0.0)
        for j in range(borders[g], borders[g + 1]):
            for i in range(total.shape[0]):
                total[i] += K[j * ORDERS * LANES + i]
        write_rows(total, 0, out[:, :, g])


@jit
def write_women(N, total, out):
    """Women by parity over BEARING_AGES into ``out`` (lane, parity)."""
    fill(total, 0.0)
    for a in range(BEARING_AGES[0], BEARING_AGES[1]):
        n = N[a * PARITIES * LANES : (a + 1) * PARITIES * LANES]
        for i in range(total.shape[0]):
            total[i] += n[i]
    write_rows(total, 0, out)


@jit
def write_deaths(P, M, Q, out):
    """Deaths by age reached, but for the newborn, before anybody moves; ``out`` (lane, state)."""
    n = P.shape[0] // LANES
    for z in range(out.shape[0]):
        for a in range(1, n):
            i = a * LANES + z
            reaching = P[i - LANES] + 0.5 * M[i - LANES]
            if a == n // 2 - 1 or a == n - 1:
                reaching += P[i] + 0.5 * M[i]
            out[z, a] = (1.0 - Q[i]) * reaching


@jit
def newborn(P, M, Q, srb, R, out):
    """Children born in the year into the youngest age; ``out`` deaths (lane, state) if asked."""
    half = P.shape[0] // 2
    for z in range(srb.shape[0]):
        i = ALL_BIRTHS * LANES + z
        births = R[i] + R[i + LANES] + R[i + 2 * LANES]
        girls = births * (1.0 / (1.0 + srb[z]))
        died, lost = (1.0 - Q[z]) * girls, (1.0 - Q[half + z]) * (births - girls)
        P[z] = girls - died + 0.5 * M[z]
        P[half + z] = births - girls - lost + 0.5 * M[half + z]
        R[DEATHS * LANES + z] += died
        R[(DEATHS + 1) * LANES + z] += lost
        if z < out.shape[0]:
            out[z, 0], out[z, half // LANES] = died, lost


@jit
def lay_rates(lane, rates, first, C):
    """Rates (parity, age) from age ``first`` into one lane of (age, parity)."""
    for k in range(rates.shape[0]):
        for a in range(C.shape[0] // (PARITIES * LANES)):
            C[(a * PARITIES + k) * LANES + lane] = rates[k, first + a]


@jit
def toddlers(P, out):
    """Children 0-2 of both sexes."""
    half = P.shape[0] // 2
    for z in range(out.shape[0]):
        out[z] = (P[z] + P[LANES + z] + P[2 * LANES + z]) + (
            P[half + z] + P[half + LANES + z] + P[half + 2 * LANES + z]
        )


@jit
def youngest(N, oldest):
    """The youngest age, up to ``oldest``, at which some woman of the block is not childless."""
    for a in range(oldest):
        for i in range((a * PARITIES + 1) * LANES, (a + 1) * PARITIES * LANES):
            if N[i] != 0.0:
                return a
    return oldest


@jit
def copy(x, out):
    """Copy a block."""
    for i in range(x.shape[0]):
        out[i] = x[i]


@jit
def cover(places, rows, children, of, before, gain, out):
    """Coverage of ``children`` into ``out`` (lane,); and of those ``of``, less ``before``."""
    for z in range(out.shape[0]):
        used = places[rows[z]]
        out[z] = min(used / children[z], 1.0) if children[z] > 0.0 else 0.0
        gain[z] = (min(used / of[z], 1.0) if of[z] > 0.0 else 0.0) - before[z]


@jit
def write_stocks(s, t, begin, end, P, N, K, borders, child_borders, G, summary, every):
    """What stands at an instant."""
    ages = P.shape[0] // (2 * LANES)
    if summary.population.shape[1] > 0:
        write_groups(P, ages, borders, G, summary.population[s, begin:end, t])
    if summary.women.shape[1] > 0:
        write_women(N, G[: PARITIES * LANES], summary.women[s, begin:end, t])
        write_rows(N, COMPLETED_AGE * PARITIES, summary.completed[s, begin:end, t])
    if summary.children.shape[1] > 0:
        write_children(K, child_borders, G[: ORDERS * LANES], summary.children[s, begin:end, t])
    if every.population.shape[1] > 0:
        write_rows(P, 0, every.population[s, begin:end, t])
        for a in range(ages):
            write_rows(N, a * PARITIES, every.women[s, begin:end, t, :, a])


@jit_cells("stops")
def simulate_blocks(
    first_block, last_block, starts, stops, demography, policy, borders, child_borders, summary,
    every,
):  # fmt: skip
    """All years and scenarios of blocks of cells, ``starts <= c < stops``, that share their rates."""
    d, p = demography, policy
    scenarios, years = summary.births.shape[0], summary.births.shape[2]
    n = d.population.shape[1]
    ages, first, last, mode = n // 2, d.first, d.last, d.mode
    full = every.population.shape[1] > 0
    tracked = ages if full else min(ages, max(last, COMPLETED_AGE + 1))
    size = ages * LANES

    P, N = np.empty((scenarios, n * LANES)), np.empty((scenarios, tracked * PARITIES * LANES))
    K = np.empty((scenarios, CHILD_AGES * ORDERS * LANES))
    M, Q, adjustment = np.zeros(n * LANES), np.empty(n * LANES), np.zeros(n * LANES)
    C, wanted = np.empty((last - first) * PARITIES * LANES), np.empty((last - first) * LANES)
    F = np.empty((1 + p.other.shape[4]) * ORDERS * LANES)
    by_band = np.empty(F.shape[0])
    R, G = np.empty(ROWS * LANES), np.empty((2 * borders.shape[0] + PARITIES) * LANES)
    due, altered = np.empty(3 * LANES), np.zeros(LANES, dtype=np.int64)
    shift, moving, srb = np.empty(2 * LANES), np.empty(LANES), np.empty(LANES)
    gains, care = np.empty((scenarios, years, LANES)), np.empty((scenarios, years + 1, LANES))
    kids, nobody = np.zeros((scenarios, LANES)), np.zeros(LANES)
    shares = np.empty((scenarios, ORDERS * LANES))
    for b in range(first_block, last_block):
        begin, end = starts[b], stops[b]
        asked = end if full else begin  # cells of which every age is written
        row, rows = d.population_index[begin], p.index[begin:end]
        fill(K[0], 0.0)
        fill(shares.reshape(shares.size), 1.0)
        fill(gains.reshape(gains.size), 0.0)
        fill(care.reshape(care.size), 0.0)
        for z in range(LANES):
            c = min(begin + z, end - 1)
            put(d.population[row], z, P[0])
            lay_rates(z, d.women[d.women_index[c]], 0, N[0])
            for j in range(CHILD_AGES - 1):
                for o in range(ORDERS):
                    K[0, (j * ORDERS + o) * LANES + z] = d.children[row, o, j]
        low = 0 if full else youngest(N[0], min(first, BEARING_AGES[0]))
        for s in range(scenarios):
            if s > 0:
                copy(P[0], P[s])
                copy(N[0], N[s])
                copy(K[0], K[s])
            write_stocks(
                s, 0, begin, end, P[s], N[s], K[s], borders, child_borders, G, summary, every
            )

        for t in range(years):
            for z in range(LANES):
                c = min(begin + z, end - 1)
                shift[z], shift[LANES + z] = d.shift[c, t, 0], d.shift[c, t, 1]
                moving[z] = d.migration_shift[c, t]
                srb[z] = d.srb[d.srb_index[c], t] * d.srb_factor[c, t]
                r = d.fertility_index[c]
                lay_rates(z, d.rates[r, t], first, C)
                for a in range(first, last):
                    wanted[(a - first) * LANES + z] = d.fertility[r, t, a] * d.luck[c, t]
            survival_ratios(d.survival[d.survival_index[begin], t], shift, Q)
            if summary.coverage.shape[1] > 0:
                for s in range(scenarios):
                    toddlers(P[s], kids[s])
                    cover(
                        p.used_places[s, :, t], rows, kids[s], kids[s if p.closed else 0],
                        nobody if s == 0 else gains[0, t], gains[s, t],
                        summary.coverage[s, begin:end, t],
                    )  # fmt: skip
            fill(by_band, 0.0)
            for s in range(scenarios):
                fill(F, 1.0)
                if s > 0:
                    k = s - 1
                    factors(
                        rows, t, p.paid[k, :, t], p.other[k, :, t], p.channels[k, t], p.overlap[k],
                        p.largest[k], p.largest_gain[k], p.care_effect[k], p.care_quantum[k], p.lag[k],
                        p.timing[k], gains[s], care[s], shares[s], by_band, F,
                    )  # fmt: skip
                if mode != CLOSED:
                    given = d.migration[d.migration_index[begin], t]
                    ask(P[s], mode, given, d.mobility[row], moving, M)
                    guard(P[s], M, adjustment, altered)
                write_deaths(P[s], M, Q, every.deaths[s, begin:asked, t])
                move_women(
                    P[s, :size], M[:size], Q[:size], N[s], low, tracked, first, last, s == 0,
                    wanted, d.ceiling, C, F, p.band, by_band, R, every.births[s, begin:asked, t],
                )  # fmt: skip
                men = R[(DEATHS + 1) * LANES : (DEATHS + 2) * LANES]
                survive(P[s, size:], M[size:], 0.5, Q[size:], men)
                newborn(P[s], M, Q, srb, R, every.deaths[s, begin:asked, t])
                if mode != CLOSED:
                    if below_zero(P[s]):
                        lift(P[s], M, adjustment, altered)
                    write_sums(M, ages, due, summary.migration[s, begin:end, t])
                    write_sums(adjustment, ages, due, summary.adjustment[s, begin:end, t])
                write_rows(M, 0, every.migration[s, begin:asked, t])
                write_rows(adjustment, 0, every.adjustment[s, begin:asked, t])
                write_rows(R, ALL_BIRTHS, summary.births[s, begin:end, t])
                write_rows(R, FERTILITY, summary.fertility[s, begin:end, t : t + 1])
                write_rows(R, DEATHS, summary.deaths[s, begin:end, t])
                for z in range(end - begin):
                    summary.altered[s, begin + z, t] = altered[z]
                fill(altered, 0)
                fill(adjustment, 0.0)
                fill(N[s, : PARITIES * LANES], 0.0)
                copy(P[s, :LANES], N[s])  # nobody has borne at the youngest age
                age_children(P[s], R, K[s])
                write_stocks(
                    s,
                    t + 1,
                    begin,
                    end,
                    P[s],
                    N[s],
                    K[s],
                    borders,
                    child_borders,
                    G,
                    summary,
                    every,
                )
            for s in range(1, scenarios):
                k = s - 1
                pay(
                    rows, p.pay[k, :, t], p.reach[k], p.capped[k], p.cap[k, t], p.rule[k], K[s], K[0],
                    shares[s], due, summary.cost[k, begin:end, t], summary.deadweight[k, begin:end, t],
                    summary.shortfall[k, begin:end, t],
                )  # fmt: skip
        if summary.final.shape[1] > 0:
            for s in range(scenarios):
                write_rows(P[s], 0, summary.final[s, begin:end])


def blocks(*rows: np.ndarray) -> np.ndarray:
    """First cell of each block: blocks are full, or end where cells read other rows."""
    other = np.any([np.diff(index, prepend=-1) != 0 for index in rows], axis=0)
    runs = np.append(np.flatnonzero(other), len(other))
    return np.concatenate(
        [np.arange(a, b, LANES) for a, b in zip(runs[:-1], runs[1:], strict=True)]
    )


def simulate(
    demography: Demography,
    policy: Policy,
    borders: np.ndarray,
    child_borders: np.ndarray,
    summary: Summary,
    every: EveryAge,
) -> None:
    """Fill ``summary`` and, where it has cells, ``every``.

    Parameters
    ----------
    demography : Demography
    policy : Policy
    borders : (group + 1,) int64
        Age group ``g`` is the ages ``borders[g] <= a < borders[g + 1]``.
    child_borders : (child group + 1,) int64
    summary : Summary
        Of ``migration`` and ``adjustment`` nothing is written in a closed population: zeros
        come in. Stocks (``population``, ``women`` with ``completed``, ``children``, ``final``)
        may come without cells, and without packages ``coverage``: they are then left out.
    every : EveryAge
        Written where it has cells.
    """
    d = demography
    starts = blocks(d.population_index, d.survival_index, d.migration_index)
    stops = np.append(starts[1:], len(d.luck))
    simulate_blocks(starts, stops, demography, policy, borders, child_borders, summary, every)
