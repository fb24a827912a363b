"""The cohort-component step for sums only: many cells at once, one beside another.

:mod:`popsim.kernels.cohort` walks one cell through its ages. Here a block of ``LANES`` cells
walks together (:mod:`popsim.kernels.lanes`), and its state stays in the cache. The people of a
sex who are ``a`` old at the start of year ``t`` stand in row ``years - t + a``, and a year
later, a year older, still do (:mod:`popsim.kernels.walks`).

Notation as in :mod:`popsim.kernels.cohort`, with ``S`` for the rows of a year. Names of one
capital are blocks: lane ``z`` of row ``a`` is ``X[a * LANES + z]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.cohort import CLOSED, COUNTS, RATES, TOTAL
from popsim.kernels.lanes import LANES, fill, same
from popsim.kernels.summary_births import bear, bear_early
from popsim.kernels.summary_rates import (
    APART,
    DRAWN,
    DRAWN_RATES,
    MOVING,
    SHARED_RATES,
    add_counts,
    add_fours,
    add_migrants,
    find_form,
    lay_age,
    lay_apart,
    read_draws,
    read_rates,
    settle,
)
from popsim.kernels.walks import (
    DEATHS,
    ENTER,
    GROUP,
    LEAST,
    NET,
    SUMS,
    join_oldest,
    walk,
    walk_drawn,
    walk_row,
)


class Inputs(NamedTuple):
    """What cells are projected from; cell ``c`` reads ``values[index[c]]``.

    Attributes
    ----------
    population : (row, state)
    survival : (row, year, coefficient, state)
        Polynomial in the shift of life expectancy, cut off at 0 and 1; of one coefficient
        where nothing is drawn.
    fertility : (row, year, order, age)
    factor : (row, year, order)
        Multiplies the fertility of the order (1 where nothing does).
    srb : (row, year)
    migration : (row, year, state) or, for a total, (row, year, 1)
        In the step, not a year.
    mobility : (row, state) or, for a total, (row, 1)
        Net migrants at a migration shift of 1, in the unit of ``migration``; read by
        ``population_index``, and not at all where nothing is drawn.
    shift : (cell, year, sex)
        Of life expectancy; without cells where it and migration are not drawn.
    migration_shift : (cell, year)
        Without cells likewise.
    mode : int
        CLOSED, COUNTS, RATES or TOTAL of :mod:`popsim.kernels.cohort`.
    step : float
        Years of a step, equal to the width of the age groups.
    even : bool
        Half of the migrants at the start and half at the end; else all at the end.
    first, last : int
        The reproductive ages are ``first <= a < last``.
    """

    population: np.ndarray
    population_index: np.ndarray
    survival: np.ndarray
    survival_index: np.ndarray
    fertility: np.ndarray
    fertility_index: np.ndarray
    factor: np.ndarray
    factor_index: np.ndarray
    srb: np.ndarray
    srb_index: np.ndarray
    migration: np.ndarray
    migration_index: np.ndarray
    mobility: np.ndarray
    shift: np.ndarray
    migration_shift: np.ndarray
    mode: int
    step: float
    even: bool
    first: int
    last: int


class Sums(NamedTuple):
    """What comes out, allocated by the caller.

    Attributes
    ----------
    population : (cell, year + 1, sex, group)
    births : (cell, year, order)
    deaths : (cell, year, sex)
    migration : (cell, year, sex)
        Of all comes nothing where it has no cells.
    adjustment : (cell, year, sex)
        Written where something was altered: comes in as zeros.
    altered : (cell, year) int64
        Age groups whose migration was altered.
    final : (cell, state)
        Every age at the end of the last step; nothing where it has no cells.
    """

    population: np.ndarray
    births: np.ndarray
    deaths: np.ndarray
    migration: np.ndarray
    adjustment: np.ndarray
    altered: np.ndarray
    final: np.ndarray


@jit
def find_rows(d, start, stop, cells, rows):
    """Cells of a block, its last one in all lanes beyond, and the rows that they read."""
    for z in range(cells.shape[0]):
        c = min(start + z, stop - 1)
        cells[z] = c
        rows[0, z], rows[1, z] = d.population_index[c], d.survival_index[c]
        rows[2, z], rows[3, z] = d.fertility_index[c], d.factor_index[c]
        rows[4, z], rows[5, z] = d.srb_index[c], d.migration_index[c]


@jit
def add_ages(S, borders, R, G):
    """Sums by group, and the fewest persons of any age, of people as they stand."""
    fill(R[LEAST * LANES : (LEAST + 1) * LANES], np.inf)
    for g in range(borders.shape[0] - 1):
        add_fours(S[borders[g] * LANES : borders[g + 1] * LANES], G[g * LANES : (g + 1) * LANES])
    for a in range(S.shape[0] // LANES):
        s = S[a * LANES : (a + 1) * LANES]
        for z in range(LANES):
            least = R[LEAST * LANES + z]
            R[LEAST * LANES + z] = least if least < s[z] else s[z]


@jit
def lay_people(population, rows, sex, borders, S, R, G):
    """People of the lanes at the start, side by side, and their sums."""
    ages, shared = S.shape[0] // LANES, same(rows)
    for a in range(ages):
        one = population[rows[0], sex * ages + a]
        for z in range(LANES):
            S[a * LANES + z] = one if shared else population[rows[z], sex * ages + a]
    add_ages(S, borders, R, G)


@jit
def move_on(form, sex, borders, P, S, own, each, draw, by_person, Q, H, R, G):
    """A year of one sex but for the newborn: moves S, leaves sums in R and by group in G."""
    ages = own.shape[0]
    mortality = P[:, sex * ages : (sex + 1) * ages]
    shift, moving = draw[sex * LANES : (sex + 1) * LANES], draw[MOVING * LANES :]
    fill(R[DEATHS * LANES : (DEATHS + 1) * LANES], 0.0)
    fill(R[LEAST * LANES : (LEAST + 1) * LANES], np.inf)
    for z in range(LANES):
        R[ENTER * LANES + z] = H[z]
    for g in range(borders.shape[0] - 1):
        fill(R[GROUP * LANES : (GROUP + 1) * LANES], 0.0)
        a, b = max(borders[g], 1) - 1, min(borders[g + 1] - 1, ages - 2)
        if form == SHARED_RATES:
            walk_row(S, a, b, mortality[0], own, by_person, R)
        elif form == DRAWN_RATES:
            walk_drawn(S, a, b, mortality, own, each, by_person, shift, moving, R)
        else:
            walk(S, a, b, Q, H, R)
        if g == borders.shape[0] - 2:
            join_oldest(S, Q[(ages - 1) * LANES :], H[(ages - 1) * LANES :], R)
        for z in range(LANES):
            G[g * LANES + z] = R[GROUP * LANES + z]


@jit
def newborn(births, srb, sex, mortality, H, S, R, G):
    """Children born in the year into the youngest age of a sex; ``srb`` by lane."""
    for z in range(LANES):
        girls = births[z] * (1.0 / (1.0 + srb[z]))
        born = girls if sex == 0 else births[z] - girls
        died = mortality[z] * born
        e = born - died + H[z]
        S[z] = e
        R[DEATHS * LANES + z] += died
        G[z] += e
        least = R[LEAST * LANES + z]
        R[LEAST * LANES + z] = least if least < e else e


@jit
def lift(S, borders, adjustment, altered, R, G):
    """Lift ages below zero to zero: what lifts them came in. Counts those not counted yet."""
    for g in range(borders.shape[0] - 1):
        for i in range(borders[g] * LANES, borders[g + 1] * LANES):
            if S[i] < 0.0:
                z = i % LANES
                altered[z] += adjustment[i] == 0.0
                adjustment[i] -= S[i]
                R[NET * LANES + z] -= S[i]
                R[LEAST * LANES + z] = 0.0
                G[g * LANES + z] -= S[i]
                S[i] = 0.0


@jit
def below_zero(R):
    """Whether some age of some lane has fewer than no people."""
    count = 0
    for z in range(LANES):
        count += R[LEAST * LANES + z] < 0.0
    return count > 0


@jit
def write_groups(G, out):
    """Sums by group into ``out`` (lane, group)."""
    for z in range(out.shape[0]):
        for g in range(out.shape[1]):
            out[z, g] = G[g * LANES + z]


@jit
def write_row(x, out):
    """One row into ``out`` (lane,)."""
    for z in range(out.shape[0]):
        out[z] = x[z]


@jit
def write_altered(adjustment, altered, total, adjusted, out):
    """What was altered by sex (lane, sex), and how many groups; forgets both."""
    some = 0
    for z in range(out.shape[0]):
        out[z] = altered[z]
    for z in range(LANES):
        some += altered[z]
        altered[z] = 0
    if some > 0:
        size = adjustment.shape[0] // 2
        for s in range(2):
            add_fours(adjustment[s * size : (s + 1) * size], total)
            write_row(total, adjusted[:, s])
        fill(adjustment, 0.0)


@jit_cells("stops")
def project_blocks(first_block, last_block, starts, stops, inputs, borders, out):
    """All years of blocks of cells ``starts <= c < stops``."""
    d, years, ages = inputs, out.altered.shape[1], inputs.population.shape[1] // 2
    drawn, by_person = inputs.shift.shape[0] > 0, inputs.mode != COUNTS
    by_age, share = d.mode == COUNTS or d.mode == RATES, 0.5 if inputs.even else 1.0
    size, groups = ages * LANES, (borders.shape[0] - 1) * LANES
    state, G = np.empty((2, size + years * LANES)), np.empty((2, groups))
    R, draw = np.zeros((2, SUMS * LANES)), np.empty(DRAWN * LANES)
    Q, H = np.empty(2 * size), np.zeros(2 * size)
    M, adjustment = np.zeros((2, size)), np.zeros(2 * size)
    W, P = np.empty(d.fertility.shape[2] * LANES), np.empty((d.survival.shape[2], 2 * ages))
    enter, mobile = np.zeros(2 * ages), np.zeros(2 * ages)
    own, each = (enter[:ages], enter[ages:]), (mobile[:ages], mobile[ages:])
    rows, cells = np.empty((6, LANES), dtype=np.int64), np.empty(LANES, dtype=np.int64)
    births, total, srb = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    altered = np.zeros(LANES, dtype=np.int64)
    for block in range(first_block, last_block):
        start, stop = starts[block], stops[block]
        asked = stop if out.population.shape[0] > 0 else start
        dead = stop if out.deaths.shape[0] > 0 else start
        moving = stop if out.migration.shape[0] > 0 and d.mode != CLOSED else start
        find_rows(d, start, stop, cells, rows)
        for s in range(2):
            lay_people(d.population, rows[0], s, borders, state[s][years * LANES :], R[s], G[s])
            write_groups(G[s], out.population[start:asked, 0, s])
        for a in range(2 * ages):
            shared = share * d.mobility[rows[0, 0], a] if by_age and drawn else 0.0
            mobile[a] = 1.0 if d.mode == TOTAL else shared
        alike = same(rows[1]) and (not by_age or same(rows[5]))
        for t in range(years):
            low = (years - t) * LANES
            S = state[0][low : low + size], state[1][low : low + size]
            low -= LANES
            after = state[0][low : low + size], state[1][low : low + size]
            read_draws(d, t, cells, rows, share, S, draw)
            moves = d.migration[rows[5, 0], t, : 2 * ages if by_age else 0]
            read_rates(d.survival[rows[1, 0], t], moves, share, P, enter)
            form = find_form(d, alike, S, own, each, draw, R)
            if not alike:
                lay_apart(d, t, rows, share, S, own, each, draw, Q, H)
            for s in range(2):
                q, h = Q[s * size : (s + 1) * size], H[s * size : (s + 1) * size]
                net = R[s][NET * LANES : (NET + 1) * LANES]
                # every walk needs the youngest and the oldest
                for a in range(0, ages if alike else 0, 1 if form == APART else ages - 1):
                    lay_age(a, s, P, S[s], own[s], each[s], draw, by_person, q, h)
                if form == APART and d.mode != CLOSED:
                    part = adjustment[s * size : (s + 1) * size]
                    settle(S[s], share, h, M[s], part, altered, net)
                elif moving > start:
                    if by_person or drawn:
                        add_migrants(S[s], own[s], each[s], draw, by_person, net)
                    else:
                        add_counts(own[s], net)
                    for z in range(LANES):
                        net[z] *= 2.0
            bear_early(d, t, form, rows[2], S[0], own[0], each[0], draw, H, W)
            for s in range(2):
                q, h = Q[s * size : (s + 1) * size], H[s * size : (s + 1) * size]
                move_on(
                    form, s, borders, P, S[s], own[s], each[s], draw, by_person, q, h, R[s], G[s]
                )
            bear(d, t, rows[2:4], after[0], W, births, out.births[start:stop, t])
            for z in range(LANES):
                srb[z] = d.srb[rows[4, z], t]
            for s in range(2):
                e = after[s]
                newborn(births, srb, s, Q[s * size :], H[s * size :], e, R[s], G[s])
                if d.mode != CLOSED:
                    if not d.even:
                        for i in range(size):
                            e[i] += M[s][i]
                        add_ages(e, borders, R[s], G[s])
                    if below_zero(R[s]):
                        part = adjustment[s * size : (s + 1) * size]
                        lift(e, borders, part, altered, R[s], G[s])
                write_groups(G[s], out.population[start:asked, t + 1, s])
                write_row(R[s][DEATHS * LANES :], out.deaths[start:dead, t, s])
                write_row(R[s][NET * LANES :], out.migration[start:moving, t, s])
            adjusted, count = out.adjustment[start:stop, t], out.altered[start:stop, t]
            write_altered(adjustment, altered, total, adjusted, count)
        for c in range(start, stop if out.final.shape[0] > 0 else start):
            for s in range(2):
                for a in range(ages):
                    out.final[c, s * ages + a] = state[s][a * LANES + c - start]


def project_summary(inputs: Inputs, starts: np.ndarray, borders: np.ndarray, out: Sums) -> None:
    """Project every cell and write sums only.

    Parameters
    ----------
    inputs : Inputs
    starts : (block,)
        First cell of each block, of at most ``LANES`` cells. Where something is drawn the
        cells of a block share their rows of survival, migration and population.
    borders : (group + 1,) int64
        Group ``g`` is the ages ``borders[g] <= a < borders[g + 1]``.
    out : Sums
    """
    stops = np.append(starts[1:], len(out.altered))
    project_blocks(starts, stops, inputs, borders, out)
