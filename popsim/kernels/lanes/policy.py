"""What packages do in a simulated year, and what they cost, in lanes.

Blocks are those of :mod:`popsim.kernels.lanes.blocks`; children ``K`` have a row for each order at
each age. Other arrays are a package's own part, in the year, of
:class:`popsim.kernels.lanes.inputs.Policy`; ``rows`` are those that the lanes read.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit_inner
from popsim.kernels.lanes.inputs import BY_ORDER, CHILD_AGES, FIRST_COME
from popsim.kernels.lanes.width import LANES
from popsim.kernels.lanes.women import ORDERS


@jit_inner
def count_toddlers(P, at, other, s, out):
    """Children 0-2 of both sexes of scenario ``s``; boys begin at ``other``."""
    girls, boys = P[at:], P[other:]
    for z in range(LANES):
        out[s, z] = (girls[z] + girls[LANES + z] + girls[2 * LANES + z]) + (
            boys[z] + boys[LANES + z] + boys[2 * LANES + z]
        )


@jit_inner
def cover(places, rows, t, s, of, toddlers, gains, begin, end, out):
    """Coverage of the toddlers of scenario ``s``, and what it gains over the baseline's.

    A gain is by children of the scenario ``of``; of the baseline's coverage itself for ``s`` 0.
    """
    for z in range(LANES):
        used, own, counted = places[s, rows[z], t], toddlers[s, z], toddlers[of, z]
        coverage = min(used / own, 1.0) if own > 0.0 else 0.0
        before = gains[0, t, z] if s > 0 else 0.0
        gains[s, t, z] = (min(used / counted, 1.0) if counted > 0.0 else 0.0) - before
        if z < end - begin:
            out[s, begin + z, t] = coverage


@jit_inner
def factors(
    rows, t, paid, other, strongest, overlap, largest, limit, care_effect, care_quantum, lag,
    timing, gains, care, shares, by_band, F,
):  # fmt: skip
    """What one package multiplies conditional rates by in the year, (band, order) by lane.

    Inputs are the package's own of :class:`~popsim.kernels.lanes.inputs.Policy`, in the
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
        for o in range(ORDERS):
            cash, before, factor = paid[r, o] * shares[o * LANES + z], 0.0, 1.0
            for b in range(bands):
                i = (b * ORDERS + o) * LANES + z
                total = cash + other[r, o, b] + places
                alone = max(max(abs(cash), strongest[r, o, b]), abs(places))
                size = max(overlap[r] * abs(total), min(abs(total), alone))
                total = size if total > 0.0 else -size
                if total != before:  # mostly the same in all bands
                    before, factor = total, np.exp(largest * np.tanh(total / largest))
                F[i] = factor
                gained += by_band[i] * (factor - 1.0)
        if gained > limit:
            for i in range(z, bands * ORDERS * LANES, LANES):
                F[i] = 1.0 + (F[i] - 1.0) * limit / gained


@jit_inner
def pay(rows, yuan, reach, capped, cap, rule, K, K0, shares, due, cost, deadweight, shortfall):
    """Cost of one package in the year, for its own children and for those of the baseline.

    Inputs are the package's own in the year; ``due`` is scratch, two rows for each instrument
    and order: own children and those of the baseline. Outputs: ``cost`` (lane, instrument,
    order), ``deadweight`` (lane, instrument), ``shortfall`` (lane,).
    """
    instruments = yuan.shape[0]
    for i in range(2 * instruments * ORDERS * LANES):
        due[i] = 0.0
    for i in range(instruments * ORDERS):
        for j in range(CHILD_AGES):
            amount, at = yuan[i // ORDERS, i % ORDERS, j], (j * ORDERS + i % ORDERS) * LANES
            if amount != 0.0:
                add_due(amount, K, K0, at, due, 2 * i * LANES)
    for z in range(rows.shape[0]):
        asked, shortfall[z] = 0.0, 0.0
        for o in range(ORDERS):
            shares[o * LANES + z] = 1.0
        for i in range(instruments):
            reached, anyway = reach[i, rows[z]], 0.0
            for o in range(ORDERS):
                row = 2 * (i * ORDERS + o) * LANES + z
                paid = reached * due[row]
                anyway += reached * due[row + LANES]
                asked += capped[i] * paid
                cost[z, i, o] = paid
            deadweight[z, i] = anyway
        if asked > cap:
            share = ration(rows[z], z, yuan, reach, capped, cap, asked, rule, K)
            for i in range(instruments):
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


@jit_inner
def add_due(amount, K, K0, at, due, to):
    """Add what is due for the children of one order and age, at ``at``."""
    k, k0, both = K[at:], K0[at:], due[to:]
    for z in range(LANES):
        both[z] += amount * k[z]
        both[LANES + z] += amount * k0[z]


@jit_inner
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
