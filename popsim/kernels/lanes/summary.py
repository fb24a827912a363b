"""The cohort-component step for sums only: many cells at once, one beside another.

:mod:`popsim.kernels.step.cohort` walks one cell through its ages. Here a block of ``LANES`` cells
walks together (:mod:`popsim.kernels.lanes.blocks`), and its state stays in the cache. The people of
a sex who are ``a`` old at the start of year ``t`` stand in row ``years - t + a``, and a year later,
a year older, still do (:mod:`popsim.kernels.lanes.walks`).

Notation as in :mod:`popsim.kernels.step.cohort`, with ``S`` for the rows of a year. Names of one
capital are blocks: lane ``z`` of row ``a`` is ``X[a * LANES + z]``.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

import numpy as np

from popsim.kernels._jit import fma, in_use, jit_cells, jit_inner, uncounted
from popsim.kernels.lanes.blocks import LANES, fill, room, room_for, same
from popsim.kernels.lanes.rates import count_poor, read_mortality
from popsim.kernels.lanes.summary_births import bear, bear_early
from popsim.kernels.lanes.summary_rates import (
    DRAWN,
    MOVING,
    add_fours,
    find_form,
    guard,
    lay_apart,
    lay_migrants,
    lay_mortality,
    lift,
    read_draws,
)
from popsim.kernels.lanes.walks import DEATHS, GROUP, LAID, NET, SUMS, walks
from popsim.kernels.step.cohort import CLOSED, COUNTS, LIFTED, RATES, TOTAL

begin_walk, walk, join_oldest = walks(LANES)


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
        CLOSED, COUNTS, RATES or TOTAL of :mod:`popsim.kernels.step.cohort`.
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
    """What comes out, allocated by the caller; cells lie side by side, as lanes do.

    Attributes
    ----------
    population : (year + 1, sex, group, cell)
    births : (year, order, cell)
    deaths : (year, sex, cell)
    migration : (year, sex, cell)
        Not written in a closed population: comes in as zeros. Of what has no cells comes nothing.
    adjustment, lift : (year, sex, cell)
        What migration was altered by, and what of that lifted groups from below zero. Written
        where something was altered: come in as zeros.
    altered : (year, cell) int64
        Age groups whose outflow was altered.
    final : (state, cell)
        Every age at the end of the last step.
    """

    population: np.ndarray
    births: np.ndarray
    deaths: np.ndarray
    migration: np.ndarray
    adjustment: np.ndarray
    lift: np.ndarray
    altered: np.ndarray
    final: np.ndarray


def allocate(
    cells: int, years: int, orders: int, groups: int, states: int, without: Container[str] = ()
) -> Sums:
    """Room for the sums of some cells; those named in ``without`` get no cells."""
    t = years

    def room(name: str, *shape: int) -> np.ndarray:
        return np.empty((*shape, 0 if name in without else cells))

    return Sums(
        population=room("population", t + 1, 2, groups),
        births=room("births", t, orders),
        deaths=room("deaths", t, 2),
        migration=np.zeros((t, 2, 0 if "migration" in without else cells)),
        adjustment=np.zeros((t, 2, cells)),
        lift=np.zeros((t, 2, 0 if "lift" in without else cells)),
        altered=np.empty((t, cells), dtype=np.int64),
        final=room("final", states),
    )


def cells_first(sums: Sums) -> Sums:
    """The same memory seen with the cells as the first axis."""
    return Sums(*(np.moveaxis(array, -1, 0) for array in sums))


@jit_inner
def find_rows(d, start, stop, cells, rows):
    """Cells of a block, its last one in all lanes beyond, and the rows that they read."""
    for z in range(cells.shape[0]):
        c = min(start + z, stop - 1)
        cells[z] = c
        rows[0, z], rows[1, z] = d.population_index[c], d.survival_index[c]
        rows[2, z], rows[3, z] = d.fertility_index[c], d.factor_index[c]
        rows[4, z], rows[5, z] = d.srb_index[c], d.migration_index[c]


@jit_inner
def add_ages(S, borders, G):
    """Sums by group of people as they stand."""
    for g in range(borders.shape[0] - 1):
        add_fours(S[borders[g] * LANES : borders[g + 1] * LANES], G[g * LANES : (g + 1) * LANES])


@jit_inner
def lay_people(population, rows, sex, S):
    """People of the lanes at the start, side by side."""
    ages, shared = S.shape[0] // LANES, same(rows)
    for a in range(ages):
        one = population[rows[0], sex * ages + a]
        for z in range(LANES):
            S[a * LANES + z] = one if shared else population[rows[z], sex * ages + a]


@jit_inner
def move_on(form, borders, P, S, enter, mobile, shift, moving, by_person, Q, H, R, G):
    """A year of one sex but for the newborn: moves S, leaves sums in R and by group in G.

    Counts the groups that nobody is left in.
    """
    ages, poor = enter.shape[0], 0
    begin_walk(H, R)
    for g in range(borders.shape[0] - 1):
        fill(R[GROUP * LANES : (GROUP + 1) * LANES], 0.0)
        a, b = max(borders[g], 1) - 1, min(borders[g + 1] - 1, ages - 2)
        poor += walk(form, S, a, b, P, enter, mobile, by_person, shift, moving, Q, H, R)
        if g == borders.shape[0] - 2:
            poor += join_oldest(S, Q, H, R)
        for z in range(LANES):
            G[g * LANES + z] = R[GROUP * LANES + z]
    for z in range(LANES):  # as many come at the end
        R[NET * LANES + z] *= 2.0
    return poor


@jit_inner
def newborn(births, srb, sex, Q, H, S, R, G):
    """Children born in the year into the youngest age of a sex; ``srb`` by lane."""
    poor = 0
    for z in range(LANES):
        girls = births[z] * (1.0 / (1.0 + srb[z]))
        born = girls if sex == 0 else births[z] - girls
        e = fma(-Q[z], born, born + H[z])
        S[z] = e
        R[DEATHS * LANES + z] = fma(Q[z], born, R[DEATHS * LANES + z])
        G[z] += e
        poor += e <= 0.0
    return poor


@jit_inner
def lift_groups(S, borders, G):
    """Sums by group as they are once those below zero are lifted."""
    for g in range(borders.shape[0] - 1):
        for i in range(borders[g] * LANES, borders[g + 1] * LANES):
            if S[i] < 0.0:
                G[g * LANES + i % LANES] += LIFTED - S[i]


@jit_inner
def write_groups(G, start, stop, t, sex, out):
    """Sums by group into ``out`` (time, sex, group, cell)."""
    for g in range(out.shape[2]):
        row = out[t, sex, g, start:stop]
        for z in range(row.shape[0]):
            row[z] = G[g * LANES + z]


@jit_inner
def write_row(x, start, stop, t, i, out):
    """One row into ``out`` (year, row, cell)."""
    row = out[t, i, start:stop]
    for z in range(row.shape[0]):
        row[z] = x[z]


@jit_inner
def write_altered(some, X, total, start, stop, t, out):
    """What ``some`` groups were altered by (year, sex, cell); forgets it."""
    for s in range(2 if some > 0 else 0):
        add_fours(X[s], total)
        write_row(total, start, stop, t, s, out)
        fill(X[s], 0.0)


@jit_inner
def write_count(altered, start, stop, t, out):
    """How many groups were altered (year, cell); forgets it."""
    row = out[t, start:stop]
    for z in range(row.shape[0]):
        row[z] = altered[z]
    for z in range(LANES):
        altered[z] = 0


@jit_cells("stops")
def project_blocks(first_block, last_block, starts, stops, inputs, borders, out):
    """All years of blocks of cells ``starts <= c < stops``."""
    d, out, borders = uncounted(inputs), uncounted(out), uncounted(borders)
    years, ages = out.altered.shape[0], d.population.shape[1] // 2
    drawn, by_person = d.shift.shape[0] > 0, d.mode != COUNTS
    by_age, share = d.mode == COUNTS or d.mode == RATES, 0.5 if d.even else 1.0
    size, groups, states = ages * LANES, (borders.shape[0] - 1) * LANES, 2 * ages
    # Of state, R, G, Q, H; M, adjustment, X; W, draw, births, total, srb; P, rates, each, lifted.
    sizes = (
        2 * (size + years * LANES), 2 * SUMS * LANES, 2 * groups, 2 * size, 2 * size, 2 * size,
        2 * size, size, d.fertility.shape[2] * LANES, DRAWN * LANES, LANES, LANES, LANES,
        d.survival.shape[2] * states, states, states, 2 * size,
    )  # fmt: skip
    memory, at = room_for(np.array(sizes))
    state, R = room(memory, at, 0).reshape((2, -1)), room(memory, at, 1).reshape((2, -1))
    G, Q = room(memory, at, 2).reshape((2, -1)), room(memory, at, 3).reshape((2, -1))
    H, M = room(memory, at, 4).reshape((2, -1)), room(memory, at, 5).reshape((2, -1))
    adjustment, X = room(memory, at, 6).reshape((2, -1)), room(memory, at, 7)
    W, draw, births = room(memory, at, 8), room(memory, at, 9), room(memory, at, 10)
    total = room(memory, at, 11)
    srb, P = room(memory, at, 12), room(memory, at, 13)[: sizes[13]].reshape((-1, states))
    rates, each = room(memory, at, 14), room(memory, at, 15)
    lifted = room(memory, at, 16).reshape((2, -1))
    enter, mobile = (rates[:ages], rates[ages:states]), (each[:ages], each[ages:states])
    rows, cells = np.empty((6, LANES), dtype=np.int64), np.empty(LANES, dtype=np.int64)
    altered, poor = np.zeros(LANES, dtype=np.int64), np.empty(2, dtype=np.int64)
    moving, ratios = draw[MOVING * LANES :], d.srb
    for block in range(first_block, last_block):
        start, stop = starts[block], stops[block]
        asked, dead = out.population.shape[3] > 0, out.deaths.shape[2] > 0
        moved = out.migration.shape[2] > 0 and d.mode != CLOSED
        find_rows(d, start, stop, cells, rows)
        for s in range(2):
            S = state[s, years * LANES :]
            lay_people(d.population, rows[0], s, S)
            add_ages(S, borders, G[s])
            poor[s] = count_poor(S)
            if asked:
                write_groups(G[s], start, stop, 0, s, out.population)
        for a in range(2 * ages):
            shared = share * d.mobility[rows[0, 0], a] if by_age and drawn else 0.0
            each[a] = 1.0 if d.mode == TOTAL else shared
        alike = same(rows[1]) and (not by_age or same(rows[5]))
        for t in range(years):
            low = (years - t) * LANES
            S = state[0, low : low + size], state[1, low : low + size]
            low -= LANES
            after = state[0, low : low + size], state[1, low : low + size]
            read_draws(d, t, cells, rows, share, S, draw)
            read_mortality(d.survival[rows[1, 0], t], P)
            for a in range(2 * ages if by_age else 0):
                rates[a] = share * d.migration[rows[5, 0], t, a]
            form = find_form(d, alike, S, enter, mobile, draw, poor)
            if not alike:
                lay_apart(d, t, rows, share, S, enter, mobile, moving, Q, H)
            step = 1 if form == LAID else ages - 1  # every walk needs the youngest and the oldest
            guarded = below = 0
            for s in range(2):
                p, shift = P[:, s * ages : (s + 1) * ages], draw[s * LANES : (s + 1) * LANES]
                if alike:
                    lay_mortality(p, 0, ages, step, shift, Q[s], 1)
                    u, v = enter[s], mobile[s]
                    lay_migrants(S[s], 0, ages, step, u, v, by_person, moving, H[s], 1)
                if form == LAID and d.mode != CLOSED:
                    guarded += guard(S[s], share, H[s], M[s], adjustment[s], altered)
            bear_early(d, t, form, rows[2], S[0], enter[0], mobile[0], moving, H[0], X, W)
            for s in range(2):
                p, shift = P[:, s * ages : (s + 1) * ages], draw[s * LANES : (s + 1) * LANES]
                poor[s] = move_on(
                    form, borders, p, S[s], enter[s], mobile[s], shift, moving, by_person, Q[s],
                    H[s], R[s], G[s],
                )  # fmt: skip
            bear(d, t, rows[2:4], after[0], W, births, start, stop, out.births)
            for z in range(LANES):
                srb[z] = ratios[rows[4, z], t]
            for s in range(2):
                e, net = after[s], R[s, NET * LANES : (NET + 1) * LANES]
                poor[s] += newborn(births, srb, s, Q[s], H[s], e, R[s], G[s])
                if d.mode != CLOSED and not d.even:
                    for i in range(size):
                        e[i] += M[s, i]
                    add_fours(M[s], net)
                    add_ages(e, borders, G[s])
                    poor[s] = count_poor(e)
                if poor[s] > 0 and d.mode != CLOSED:
                    lift_groups(e, borders, G[s])
                    below += lift(e, M[s], adjustment[s], lifted[s], altered, net)
                if asked:
                    write_groups(G[s], start, stop, t + 1, s, out.population)
                if dead:
                    write_row(R[s, DEATHS * LANES :], start, stop, t, s, out.deaths)
                if moved:
                    write_row(net, start, stop, t, s, out.migration)
            write_altered(guarded + below, adjustment, total, start, stop, t, out.adjustment)
            write_altered(below, lifted, total, start, stop, t, out.lift)
            write_count(altered, start, stop, t, out.altered)
        for a in range(2 * ages if out.final.shape[1] > 0 else 0):
            row, s = out.final[a, start:stop], state[a // ages, (a % ages) * LANES :]
            for z in range(row.shape[0]):
                row[z] = s[z]
    in_use(memory)


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
    stops = np.append(starts[1:], out.altered.shape[1])
    project_blocks(starts, stops, inputs, borders, out)
