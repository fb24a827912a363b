"""Conditional rates of the first year, from the births that are known to be of each order.

:mod:`popsim.kernels.step.parity` does the same within a projection. Here, rows of women that differ
by draw alone (they share their population and rates) walk through the ages side by side, in
lanes as in :mod:`popsim.kernels.lanes.blocks`.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.bearing import fill_rates
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.step.cohort import CLOSED, COUNTS, RATES, _sum

PARITIES, ORDERS = 4, 3

# Rows of a block: women of the age by parity come first; then the exposed women of the age below
# by parity, and all of them; rates by order; who may bear each order; and births of all orders.
BELOW, ALL_BELOW, RATE, MAY_BEAR, BIRTHS, ROWS = 4, 8, 9, 12, 15, 16


@jit
def net_migrants(mode, flow, people, everybody, a):
    """Net migrants of the year among the women of an age."""
    if mode == COUNTS:
        return flow[a]
    if mode == RATES:
        return flow[a] * people[a]
    return 0.0 if mode == CLOSED else flow[0] * people[a] / everybody


@jit
def bear(m, survival, fertility, split, a, X, lanes):
    """Rates by order of one age, whose women are in ``X`` beside those of the age below.

    Returns in how many lanes an order has too few women.
    """
    too_few = 0
    p0, p1, p2 = split[0, a], split[1, a], split[2, a]
    for z in range(lanes):
        n0, n1, n2, n3 = X[z], X[LANES + z], X[2 * LANES + z], X[3 * LANES + z]
        total = n0 + n1 + n2 + n3
        exposed = total + m / 2.0
        # Asked so that what is not a number stays what it is: it is neither above nor below.
        exposed = 0.0 if exposed <= 0.0 else exposed
        grown = 0.0 if total <= 0.0 else exposed / total
        s0, s1, s2, s3 = n0 * grown, n1 * grown, n2 * grown, n3 * grown

        below = X[ALL_BELOW * LANES + z]
        alive = survival * below + m / 2.0
        alive = 0.0 if alive <= 0.0 else alive
        reach = 0.0 if below <= 0.0 else alive / below
        r0, r1, r2 = X[RATE * LANES + z], X[(RATE + 1) * LANES + z], X[(RATE + 2) * LANES + z]
        # Who has borne in the first half of the year bears no more in the second.
        b0 = 1.0 - (1.0 if r0 >= 1.0 else r0) / 2.0
        b1 = 1.0 - (1.0 if r1 >= 1.0 else r1) / 2.0
        b2 = 1.0 - (1.0 if r2 >= 1.0 else r2) / 2.0
        x0 = (s0 + reach * X[BELOW * LANES + z] * b0) / 2.0
        x1 = (s1 + reach * X[(BELOW + 1) * LANES + z] * b1) / 2.0
        x2 = (s2 + reach * X[(BELOW + 2) * LANES + z] * b2) / 2.0
        x2 += (s3 + reach * X[(BELOW + 3) * LANES + z] * b2) / 2.0

        births = fertility * (exposed + alive) / 2.0
        X[RATE * LANES + z] = 0.0 if x0 <= 0.0 else p0 * births / x0
        X[(RATE + 1) * LANES + z] = 0.0 if x1 <= 0.0 else p1 * births / x1
        X[(RATE + 2) * LANES + z] = 0.0 if x2 <= 0.0 else p2 * births / x2
        X[MAY_BEAR * LANES + z], X[(MAY_BEAR + 1) * LANES + z] = x0, x1
        X[(MAY_BEAR + 2) * LANES + z], X[BIRTHS * LANES + z] = x2, births
        too_few += (p0 * births > x0) | (p1 * births > x1) | (p2 * births > x2)
        X[BELOW * LANES + z], X[(BELOW + 1) * LANES + z] = s0, s1
        X[(BELOW + 2) * LANES + z], X[(BELOW + 3) * LANES + z] = s2, s3
        X[ALL_BELOW * LANES + z] = exposed
    return too_few


@jit
def bear_too(split, a, X, lanes, ceiling, few):
    """Rates of the lanes in which an order has too few women: others bear its births.

    ``few`` (3, order) is scratch.
    """
    start, women, rates = few[0], few[1], few[2]
    for z in range(lanes):
        births, too_few = X[BIRTHS * LANES + z], 0
        for o in range(ORDERS):
            women[o], start[o] = X[(MAY_BEAR + o) * LANES + z], X[(RATE + o) * LANES + z]
            too_few += split[o, a] * births > women[o]
        if too_few > 0:
            fill_rates(births, ceiling, start, women, rates)
            for o in range(ORDERS):
                X[(RATE + o) * LANES + z] = rates[o]


@jit
def together(row, end, population_row, survival_row, flow_row, split_row, fertility_row):
    """End of the rows from ``row`` that share all they read, at most ``LANES``."""
    stop = row + 1
    while (
        stop < min(end, row + LANES)
        and population_row[stop] == population_row[row]
        and survival_row[stop] == survival_row[row]
        and flow_row[stop] == flow_row[row]
        and split_row[stop] == split_row[row]
        and fertility_row[stop] == fertility_row[row]
    ):
        stop += 1
    return stop


@jit_cells("women")
def first_year_rates(
    begin, end, women, population, population_row, survival, survival_row, flows, flow_row, mode,
    split, split_row, fertility, fertility_row, first, last, ceiling, out,
):  # fmt: skip
    """Births of each order per woman who can bear it.

    Parameters
    ----------
    women : (row, parity, age)
        [persons] at the start.
    population : (row, state), population_row : (row of women,)
        [persons] at the start, women first.
    survival : (row, year, coefficient, state), survival_row : (row of women,)
        Of the first year the first coefficient is read, survival ratios by the age reached.
    flows : (row, year, state) or, for a total, (row, year, 1); flow_row : (row of women,)
        Net migration.
    mode : int
        CLOSED, COUNTS, RATES or TOTAL of :mod:`popsim.kernels.step.cohort`.
    split : (row, order, age), split_row : (row of women,)
        Share of each order in the births of the age.
    fertility : (row, year, age), fertility_row : (row of women,)
        Births per woman and year.
    first, last : int
        The reproductive ages are ``first <= age < last``.
    ceiling : float
        Where the women of an order are too few for its births, the rates of the others are
        raised in proportion up to this first (:func:`popsim.kernels.bearing.fill_rates`).
    out : (row of women, parity, last)
        Written at the reproductive ages: zeros come in. Parities 2 and 3 share a rate.
    """
    X, few = np.empty(ROWS * LANES), np.empty((3, ORDERS))
    row = begin
    while row < end:
        stop = together(row, end, population_row, survival_row, flow_row, split_row, fertility_row)
        lanes = stop - row
        people, flow = population[population_row[row]], flows[flow_row[row], 0]
        survive = survival[survival_row[row], 0, 0]
        everybody = _sum(people, 0, people.shape[0])
        for i in range(ROWS * LANES):
            X[i] = 0.0
        for a in range(max(first - 1, 0), last):
            m = net_migrants(mode, flow, people, everybody, a)
            births = fertility[fertility_row[row], 0, a] if a >= first else 0.0
            for z in range(lanes):
                for k in range(PARITIES):
                    X[k * LANES + z] = women[row + z, k, a]
            orders = split[split_row[row]]
            if bear(m, survive[a], births, orders, a, X, lanes) > 0:
                bear_too(orders, a, X, lanes, ceiling, few)
            for z in range(lanes if a >= first else 0):
                for k in range(PARITIES):
                    out[row + z, k, a] = X[(RATE + min(k, 2)) * LANES + z]
        row = stop
