"""How the simulation lays out a block of lanes, and what it writes of one.

``P`` and ``W`` are those of :mod:`popsim.kernels.lanes.simulation` and
:mod:`popsim.kernels.lanes.women`; ``K`` are children by order at each age, by scenario.
Outputs are arrays of
:class:`popsim.kernels.lanes.inputs.Summary` and ``EveryAge``, written for scenario ``s``,
the cells ``begin <= c < end`` and year ``t``.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit_inner
from popsim.kernels.bearing import ALWAYS_BORNE
from popsim.kernels.lanes.blocks import same
from popsim.kernels.lanes.inputs import BEARING_AGES, CHILD_AGES, COMPLETED_AGE
from popsim.kernels.lanes.walks import DEATHS, NET, SUMS
from popsim.kernels.lanes.width import LANES, LUCK, MOVING, SHIFT, SRB
from popsim.kernels.lanes.women import (
    ALL,
    ALL_BIRTHS,
    ALL_FERTILITY,
    INPUTS,
    MOST,
    MOVED,
    ORDERS,
    PARITIES,
    RATES,
    ROWS,
    WANTED,
)

#: The largest number.
LARGEST = float(np.finfo(np.float64).max)


@jit_inner
def read_draws(cells, t, shift, moving, luck, srb_index, srb, srb_factor, draw):
    """What is drawn for the lanes in the year into the rows of ``draw``."""
    for z in range(LANES):
        c = cells[z]
        draw[0, z], draw[1, z] = shift[c, t, 0], shift[c, t, 1]
        draw[SHIFT, z], draw[LUCK, z] = moving[c, t], luck[c, t]
        draw[MOVING, z] = draw[SHIFT, z]
        draw[SRB, z] = srb[srb_index[c], t] * srb_factor[c, t]


@jit_inner
def lay_state(population, row, sex, P, at):
    """A population by state into all lanes."""
    ages = population.shape[1] // 2
    for a in range(ages):
        for z in range(LANES):
            P[at + a * LANES + z] = population[row, sex * ages + a]


@jit_inner
def lay_women(women, rows, tracked, W, wat):
    """Women by parity and age of the rows (row, parity, age) that the lanes read."""
    for a in range(tracked):
        for k in range(PARITIES):
            w = W[wat + (a * ROWS + k) * LANES :]
            for z in range(LANES):
                w[z] = women[rows[z], k, a]


@jit_inner
def lay_rates(rates, rows, t, low, first, last, ceiling, X):
    """Rates by parity and age of the rows (row, year, parity, age) that the lanes read.

    And the most that they may be multiplied by: until one passes the ceiling, or where it is
    higher before, a confinement a year.
    """
    shared = same(rows)
    for a in range(first, last):
        x = X[(a - low) * INPUTS * LANES :]
        for z in range(1 if shared else LANES):
            top = 0.0
            for k in range(PARITIES):
                rate = rates[rows[z], t, k, a]
                x[(RATES + k) * LANES + z], top = rate, max(top, rate)
            most = max(min(ceiling, 1.0), min(top, 1.0)) / top
            x[MOST * LANES + z] = min(most, LARGEST)  # a quotient by zero is more
        for k in range(RATES, RATES + PARITIES + 1 if shared else RATES):  # MOST is the next row
            for z in range(1, LANES):
                x[k * LANES + z] = x[k * LANES]


@jit_inner
def lay_wanted(fertility, rows, t, draw, low, first, last, X, total):
    """Births per woman by age of the rows (row, year, age) that the lanes read, times their luck.

    Their sum is the ``total``. Returns whether those of an age may be too many for its women.
    """
    luck, shared, level, most, crowded = draw[LUCK], same(rows), 0.0, 0.0, False
    for z in range(LANES):
        if z == 0 or not shared:
            level, most = 0.0, 0.0
            for a in range(first, last):
                rate = fertility[rows[z], t, a]
                level, most = level + rate, max(most, rate)
        total[z] = level * luck[z]
        crowded |= most * luck[z] > ALWAYS_BORNE
    if shared:
        lay_shared(fertility, rows[0], t, draw, low, first, last, X)
    else:
        for a in range(first, last):
            for z in range(LANES):
                i = ((a - low) * INPUTS + WANTED) * LANES + z
                X[i] = fertility[rows[z], t, a] * luck[z]
    return crowded


@jit_inner
def lay_shared(fertility, row, t, draw, low, first, last, X):
    """As :func:`lay_wanted`, where all lanes read one row."""
    luck = draw[LUCK]
    for a in range(first, last):
        x, value = X[((a - low) * INPUTS + WANTED) * LANES :], fertility[row, t, a]
        for z in range(LANES):
            x[z] = value * luck[z]


@jit_inner
def first_children(children, row, K, shares, at):
    """Children (row, order, age) into all lanes, nobody at the ages beyond; and their shares.

    The children of an age keep their proportions by order while any of them is left.
    """
    for j in range(CHILD_AGES):
        known, some = j < min(CHILD_AGES - 1, children.shape[2]), 0.0
        for o in range(ORDERS):
            some += children[row, o, j] if known else 0.0
        for o in range(ORDERS):
            number = children[row, o, j] if known else 0.0
            share, i = (number / some if some > 0.0 else 1.0 - min(o, 1)), (j * ORDERS + o) * LANES
            for z in range(LANES):
                K[0, i + z], shares[at + i + z] = number, share


@jit_inner
def share_births(R, shares, at):
    """Shares of the orders among the births of the year."""
    share = shares[at:]
    for z in range(LANES):
        b0, b1 = R[ALL_BIRTHS * LANES + z], R[(ALL_BIRTHS + 1) * LANES + z]
        b2 = R[(ALL_BIRTHS + 2) * LANES + z]
        some = b0 + b1 + b2
        per = 1.0 / some if some > 0.0 else 0.0
        share[z] = per * b0 if some > 0.0 else 1.0
        share[LANES + z], share[2 * LANES + z] = per * b1, per * b2


@jit_inner
def count_children(P, at, other, shares, shat, s, K):
    """Children by order at each age; girls begin at ``at``, boys at ``other``."""
    for j in range(CHILD_AGES):
        girls, boys = P[at + j * LANES :], P[other + j * LANES :]
        i, nobody = j * ORDERS * LANES, 0
        share, k = shares[shat + i :], K[s, i:]
        for z in range(LANES):
            total = girls[z] + boys[z]
            k[z], k[LANES + z] = share[z] * total, share[LANES + z] * total
            k[2 * LANES + z] = share[2 * LANES + z] * total
            nobody += total <= 0.0
        for z in range(LANES if nobody > 0 else 0):
            if girls[z] + boys[z] <= 0.0:  # who comes in later is of the first order
                share[z], share[LANES + z], share[2 * LANES + z] = 1.0, 0.0, 0.0


@jit_inner
def write_groups(P, at, sex, borders, G, s, begin, end, t, out):
    """Sums of one sex over the age groups; ``G`` has a row for each."""
    groups = borders.shape[0] - 1
    for g in range(groups):
        a, stop, total = borders[g], borders[g + 1], G[g * LANES :]
        for z in range(LANES):
            total[z] = 0.0
        while a < stop:
            p = P[at + a * LANES :]
            if a + 5 <= stop:
                for z in range(LANES):
                    two = (total[z] + p[z]) + p[LANES + z]
                    total[z] = ((two + p[2 * LANES + z]) + p[3 * LANES + z]) + p[4 * LANES + z]
                a += 5
            elif a + 3 <= stop:
                for z in range(LANES):
                    total[z] = ((total[z] + p[z]) + p[LANES + z]) + p[2 * LANES + z]
                a += 3
            else:
                for z in range(LANES):
                    total[z] += p[z]
                a += 1
    for z in range(end - begin):
        row = out[s, begin + z, t, sex]
        for g in range(groups):
            row[g] = G[g * LANES + z]


@jit_inner
def write_women(W, wat, G, s, begin, end, t, women, completed):
    """Women by parity over BEARING_AGES, and at COMPLETED_AGE; ``G`` is scratch."""
    for i in range(PARITIES * LANES):
        G[i] = 0.0
    for a in range(BEARING_AGES[0], BEARING_AGES[1]):
        w = W[wat + a * ROWS * LANES :]
        for z in range(LANES):
            everybody = w[ALL * LANES + z]
            G[z] += w[z] * everybody
            G[LANES + z] += w[LANES + z] * everybody
            G[2 * LANES + z] += w[2 * LANES + z] * everybody
            G[3 * LANES + z] += w[3 * LANES + z] * everybody
    w = W[wat + COMPLETED_AGE * ROWS * LANES :]
    for z in range(end - begin):
        for k in range(PARITIES):
            women[s, begin + z, t, k] = G[k * LANES + z]
            completed[s, begin + z, t, k] = w[k * LANES + z] * w[ALL * LANES + z]


@jit_inner
def write_children(K, borders, G, s, begin, end, t, out):
    """Children by order and group of ages; ``G`` is scratch."""
    for g in range(borders.shape[0] - 1):
        for i in range(ORDERS * LANES):
            G[i] = 0.0
        for j in range(borders[g], borders[g + 1]):
            k = K[s, j * ORDERS * LANES :]
            for i in range(ORDERS * LANES):
                G[i] += k[i]
        for z in range(end - begin):
            for o in range(ORDERS):
                out[s, begin + z, t, o, g] = G[o * LANES + z]


@jit_inner
def write_state(P, at, sex, s, begin, end, t, out):
    """One sex by age into ``out`` (scenario, cell, year, state)."""
    ages = out.shape[3] // 2
    for z in range(end - begin):
        for a in range(ages):
            out[s, begin + z, t, sex * ages + a] = P[at + a * LANES + z]


@jit_inner
def write_final(P, at, sex, s, begin, end, out):
    """One sex by age into ``out`` (scenario, cell, state)."""
    ages = out.shape[2] // 2
    for z in range(end - begin):
        for a in range(ages):
            out[s, begin + z, sex * ages + a] = P[at + a * LANES + z]


@jit_inner
def write_every_woman(W, wat, s, begin, end, t, out):
    """Women by parity and age."""
    for z in range(end - begin):
        for k in range(PARITIES):
            for a in range(out.shape[4]):
                w = W[wat + a * ROWS * LANES :]
                out[s, begin + z, t, k, a] = w[k * LANES + z] * w[ALL * LANES + z]


@jit_inner
def write_every_death(S, sex, Q, H, s, begin, end, t, out):
    """Deaths of one sex by age reached, but for the newborn, before anybody moves."""
    ages = out.shape[3] // 2
    for z in range(end - begin):
        below = 0.0
        for a in range(ages):
            here = S[a * LANES + z] + H[a * LANES + z]
            reaching = below + here if a == ages - 1 else below
            out[s, begin + z, t, sex * ages + a] = Q[a * LANES + z] * reaching
            below = here


@jit_inner
def write_every_move(X, s, begin, end, t, out):
    """Net migrants of each state, or what they were altered by."""
    ages = out.shape[3] // 2
    for z in range(end - begin):
        for state in range(2 * ages):
            out[s, begin + z, t, state] = X[state // ages, (state % ages) * LANES + z]


@jit_inner
def write_flows(level, R, s, begin, end, t, births, fertility, deaths):
    """Sums of the year; ``level`` are births per woman that were wanted in the baseline."""
    for z in range(end - begin):
        c = begin + z
        for o in range(ORDERS):
            births[s, c, t, o] = R[(ALL_BIRTHS + o) * LANES + z]
        wanted = level[z] if s == 0 else 0.0
        fertility[s, c, t] = wanted + R[ALL_FERTILITY * LANES + z]
        for sex in range(2):
            deaths[s, c, t, sex] = R[(sex * SUMS + DEATHS) * LANES + z]


@jit_inner
def write_moved(moved, begin, end, t, out):
    """Births of the baseline that others bear than the rates ask, or nobody."""
    for z in range(end - begin):
        for k in range(MOVED):
            out[begin + z, t, k] = moved[k * LANES + z]


@jit_inner
def write_moves(moved, altered, R, s, begin, end, t, migration, count):
    """Net migrants of the year, and in how many groups they were altered, then forgotten."""
    for z in range(end - begin):
        for sex in range(2 if moved else 0):
            migration[s, begin + z, t, sex] = R[(sex * SUMS + NET) * LANES + z]
        count[s, begin + z, t] = altered[z]
    for z in range(LANES):
        altered[z] = 0


@jit_inner
def write_altered(X, s, begin, end, t, out):
    """What net migrants of a sex were altered by, which is then forgotten."""
    for sex in range(2):
        for z in range(LANES):
            total = 0.0
            for i in range(z, X.shape[1], LANES):
                total += X[sex, i]
                X[sex, i] = 0.0
            if z < end - begin:
                out[s, begin + z, t, sex] = total
