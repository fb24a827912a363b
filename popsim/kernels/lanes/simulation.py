"""The simulation step: baseline and packages of a draw side by side, draws in lanes.

:mod:`popsim.kernels.lanes.inputs` names the arrays. A year is that of
:mod:`popsim.kernels.lanes.walks` for men, children and the old, and of
:mod:`popsim.kernels.lanes.women` for women by parity;
:mod:`popsim.kernels.lanes.policy` has what packages do and cost, and
:mod:`popsim.kernels.lanes.outputs` what is written;
:mod:`popsim.kernels.lanes.reference` is the same simulation written to be read. Cells that
lie beside one another and share their rates make a block (:mod:`popsim.kernels.lanes.blocks`), so
that a rate is read once for all of its lanes. Within a year the baseline goes first, since packages
read its scaled rates.

In ``P``, which has all rows of all scenarios, the youngest age of the year is ``at``: the people
of a sex who are ``a`` old at the start of year ``t`` stand in row ``years - t + a`` of theirs.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import fma, in_use, jit_cells, jit_inner, uncounted
from popsim.kernels.lanes.blocks import blocks, fill, room, room_for
from popsim.kernels.lanes.inputs import (
    BEARING_AGES,
    CHILD_AGES,
    COMPLETED_AGE,
    Demography,
    EveryAge,
    Policy,
    Summary,
)
from popsim.kernels.lanes.outputs import (
    count_children,
    first_children,
    lay_rates,
    lay_state,
    lay_wanted,
    lay_women,
    read_draws,
    share_births,
    write_altered,
    write_children,
    write_every_death,
    write_every_move,
    write_every_woman,
    write_final,
    write_flows,
    write_groups,
    write_moved,
    write_moves,
    write_state,
    write_women,
)
from popsim.kernels.lanes.policy import count_toddlers, cover, factors, pay
from popsim.kernels.lanes.rates import count_poor, read_mortality
from popsim.kernels.lanes.walks import BY_DRAW, COEFFICIENTS, DEATHS, LAID, NET, SHARED, SUMS
from popsim.kernels.lanes.width import (
    DRAWN,
    LANES,
    MOVING,
    SHIFT,
    SRB,
    begin_walk,
    guard,
    join_oldest,
    lay_migrants,
    lay_mortality,
    lift,
    may_empty,
    walk,
)
from popsim.kernels.lanes.women import (
    ALL_BIRTHS,
    ALL_SUMS,
    HANDED,
    INPUTS,
    MOVED,
    ORDERS,
    PARITIES,
    ROWS,
    childless,
    give_rows,
    move_women,
    share_out,
    youngest_mother,
)
from popsim.kernels.step.cohort import CLOSED, COUNTS, RATES, TOTAL


@jit_inner
def read_migration(mode, migration, row, t, mobility, population, enter, mobile):
    """Half of the year's migration by state; of a total, the shares of those who are there."""
    for state in range(enter.shape[0]):
        if mode in (COUNTS, RATES):
            enter[state] = 0.5 * migration[row, t, state]
            mobile[state] = 0.5 * mobility[population, state]
        else:
            enter[state], mobile[state] = 0.0, (1.0 if mode == TOTAL else 0.0)


@jit_inner
def spread(women, men, total, mobility, draw):
    """What half of the migrants of a total are for each person."""
    for z in range(LANES):
        everybody, moving = 0.0, total + draw[SHIFT, z] * mobility
        for i in range(z, women.shape[0], LANES):
            everybody += women[i] + men[i]
        draw[MOVING, z] = 0.5 * (moving / everybody) if everybody > 0.0 else 0.0


@jit_inner
def how(degree, mode, full, draw):
    """How the rates of a year stand."""
    if full:
        return LAID
    alike = 0
    for z in range(LANES):
        alike += draw[SHIFT, z] == draw[SHIFT, 0]
    if degree == 0 and (mode == CLOSED or (mode != TOTAL and alike == LANES)):
        return SHARED
    return BY_DRAW if degree + 1 == COEFFICIENTS else LAID


@jit_inner
def bear_children(P, at, other, Q, H, draw, R, s, begin, end, t, out):
    """The newborn, girls to ``at`` and boys to ``other``; counts empty groups.

    ``out`` are deaths at every age.
    """
    poor, men = 0, SUMS * LANES
    for z in range(LANES):
        b = ALL_BIRTHS * LANES + z
        births = R[b] + R[b + LANES] + R[b + 2 * LANES]
        girls = births * (1.0 / (1.0 + draw[SRB, z]))
        boys = births - girls
        P[at + z] = fma(-Q[0, z], girls, girls + H[0, z])
        P[other + z] = fma(-Q[1, z], boys, boys + H[1, z])
        poor += (P[at + z] <= 0.0) | (P[other + z] <= 0.0)
        R[DEATHS * LANES + z] = fma(Q[0, z], girls, R[DEATHS * LANES + z])
        R[men + DEATHS * LANES + z] = fma(Q[1, z], boys, R[men + DEATHS * LANES + z])
        if z < end - begin:
            out[s, begin + z, t, 0] = Q[0, z] * girls
            out[s, begin + z, t, out.shape[3] // 2] = Q[1, z] * boys
    return poor


@jit_inner
def begin_policy(s, years, care, paid):
    """Nothing has been paid or has had an effect yet."""
    for z in range(LANES):
        care[s, years, z] = 0.0
        for o in range(ORDERS):
            paid[s, o * LANES + z] = 1.0


@jit_inner
def copy(X, begin, end, to):
    """Copy a part of an array to another place in it."""
    for i in range(begin, end):
        X[to + i - begin] = X[i]


@jit_cells("stops")
def simulate_blocks(
    first_block, last_block, starts, stops, demography, policy, borders, child_borders, summary,
    every,
):  # fmt: skip
    """All years and scenarios of blocks: cells ``starts <= c < stops``, which share their rates."""
    d, p, out = uncounted(demography), uncounted(policy), uncounted(summary)
    every, borders = uncounted(every), uncounted(borders)
    scenarios, years = out.births.shape[0], out.births.shape[2]
    n, first, last, mode = d.population.shape[1], max(d.first, 1), d.last, d.mode
    full, by_person = every.population.shape[1] > 0, mode in (RATES, TOTAL)
    packages, ages, coefficients = scenarios > 1, n // 2, d.survival.shape[2]
    tracked = ages if full else min(ages, max(last, COMPLETED_AGE + 1))
    kept = packages or out.children.shape[1] > 0  # children by order

    # Rows of a sex, of women by parity and of shares of children in one scenario.
    size, rows, wrows = ages * LANES, (years + ages) * LANES, (years + tracked) * ROWS * LANES
    crows, krows = (years + CHILD_AGES) * ORDERS * LANES, CHILD_AGES * ORDERS * LANES
    bands, lanes = (1 + p.other.shape[4]) * ORDERS * LANES, scenarios * LANES
    # Of P, W, shares; K, Q, H, M, adjustment, X; one, other, F, by_band, R; G, level, draw, gains;
    # care, due, paid, toddlers, enter, mobile; mortality, few, by_age, moved; lifted.
    sizes = (
        scenarios * 2 * rows, scenarios * wrows, scenarios * crows if kept else 0,
        scenarios * krows, 2 * size, 2 * size, 2 * size, 2 * size, (tracked + 1) * INPUTS * LANES,
        HANDED * LANES, HANDED * LANES, bands, bands, ALL_SUMS * LANES,
        max(borders.shape[0], PARITIES) * LANES, LANES, DRAWN * LANES, years * lanes,
        (years + 1) * lanes, 2 * p.pay.shape[1] * ORDERS * LANES, ORDERS * lanes, lanes, n, n,
        coefficients * n, 4 * PARITIES, 3 * ages, MOVED * LANES, 2 * size,
    )  # fmt: skip
    memory, places = room_for(np.array(sizes))
    P, W, shares = room(memory, places, 0), room(memory, places, 1), room(memory, places, 2)
    K = room(memory, places, 3).reshape((scenarios, -1))
    Q, H = room(memory, places, 4).reshape((2, -1)), room(memory, places, 5).reshape((2, -1))
    M = room(memory, places, 6).reshape((2, -1))
    adjustment = room(memory, places, 7).reshape((2, -1))
    X, one = room(memory, places, 8), room(memory, places, 9)
    other, F, by_band = room(memory, places, 10), room(memory, places, 11), room(memory, places, 12)
    R, G, level = room(memory, places, 13), room(memory, places, 14), room(memory, places, 15)
    draw = room(memory, places, 16).reshape((DRAWN, -1))
    gains = room(memory, places, 17).reshape((scenarios, years, -1))
    care = room(memory, places, 18).reshape((scenarios, years + 1, -1))
    due, paid = room(memory, places, 19), room(memory, places, 20).reshape((scenarios, -1))
    toddlers = room(memory, places, 21).reshape((scenarios, -1))
    enter, mobile = room(memory, places, 22)[:n], room(memory, places, 23)[:n]
    mortality = room(memory, places, 24)[: coefficients * n].reshape((coefficients, n))
    few = room(memory, places, 25)[: 4 * PARITIES].reshape((4, PARITIES))
    by_age = room(memory, places, 26)[: 3 * ages].reshape((3, ages))
    moved, lifted = room(memory, places, 27), room(memory, places, 28).reshape((2, -1))
    cells, wanting, shapes, read = np.empty((4, LANES), dtype=np.int64)
    altered, poor = np.zeros(LANES, dtype=np.int64), np.zeros(scenarios, dtype=np.int64)
    # As variables: functions are compiled anew for each constant that they are called with.
    youngest, each, ends, x_rows, alone = np.array([0, 1, ages - 1, INPUTS, 1])
    for b in range(first_block, last_block):
        begin, end = starts[b], stops[b]
        asked = end if full else begin  # cells of which every age is written
        row, at, wat = d.population_index[begin], years * LANES, years * ROWS * LANES
        for z in range(LANES):
            cells[z] = min(begin + z, end - 1)
            wanting[z] = d.women_index[cells[z]]
            read[z] = p.row_index[cells[z]]
        poor[0] = 0
        for sex in range(2):
            lay_state(d.population, row, sex, P, at + sex * rows)
            poor[0] += count_poor(P[at + sex * rows : at + sex * rows + size])
        lay_women(d.women, wanting, tracked, W, wat)
        low = 1 if full else max(youngest_mother(W, wat, min(first, BEARING_AGES[0])), 1)
        share_out(P, at, W, wat, tracked)
        if kept:
            first_children(d.children, row, K, shares, years * ORDERS * LANES)
        for s in range(scenarios):
            begin_policy(s, years, care, paid)
            if s > 0:
                poor[s] = poor[0]
                copy(P, youngest, 2 * rows, s * 2 * rows)
                copy(W, wat, wrows, s * wrows + wat)
                copy(shares, youngest, crows, s * crows)
                for i in range(krows):
                    K[s, i] = K[0, i]
        for z in range(LANES):
            wanting[z] = d.fertility_index[cells[z]]
            shapes[z] = d.rates_index[cells[z]]

        for t in range(years + 1):
            for s in range(scenarios):
                at = (s * 2 * rows) + (years - t) * LANES
                wat = s * wrows + (years - t) * ROWS * LANES
                for sex in range(2):
                    if out.population.shape[1] > 0:
                        write_groups(
                            P, at + sex * rows, sex, borders, G, s, begin, end, t, out.population
                        )
                    if full:
                        write_state(P, at + sex * rows, sex, s, begin, end, t, every.population)
                if out.women.shape[1] > 0:
                    write_women(W, wat, G, s, begin, end, t, out.women, out.completed)
                if out.children.shape[1] > 0:
                    write_children(K, child_borders, G, s, begin, end, t, out.children)
                if full:
                    write_every_woman(W, wat, s, begin, end, t, every.women)
            if t == years:
                break
            read_draws(
                cells, t, d.shift, d.migration_shift, d.luck, d.srb_index, d.srb, d.srb_factor, draw
            )
            read_mortality(d.survival[d.survival_index[begin], t], mortality)
            moves = d.migration_index[begin]
            read_migration(mode, d.migration, moves, t, d.mobility, row, enter, mobile)
            usual = how(coefficients - 1, mode, full, draw)
            lay_mortality(mortality[:, :ages], low, tracked, each, draw[0], X, x_rows)
            laid = each if usual == LAID else ends  # steps from age to age
            for sex in range(2):
                of_sex = mortality[:, sex * ages : (sex + 1) * ages]
                lay_mortality(of_sex, youngest, ages, laid, draw[sex], Q[sex], alone)
            if t < d.rates.shape[1]:
                lay_rates(d.rates, shapes, t, low, first, last, d.ceiling, X)
            crowded = lay_wanted(d.fertility, wanting, t, draw, low, first, last, X, level)
            fill(moved, 0.0)
            for s in range(scenarios if out.coverage.shape[1] > 0 else 0):
                at = (s * 2 * rows) + (years - t) * LANES
                count_toddlers(P, at, at + rows, s, toddlers)
                cover(
                    p.used_places, read, t, s, s if p.closed else 0, toddlers, gains, begin, end,
                    out.coverage,
                )  # fmt: skip
            for i in range(by_band.shape[0] if packages else 0):
                by_band[i] = 0.0
            for s in range(scenarios):
                at = (s * 2 * rows) + (years - t) * LANES
                wat, form, k = s * wrows + (years - t) * ROWS * LANES, usual, s - 1
                if s > 0:
                    factors(
                        read[: end - begin], t, p.paid[k, :, t], p.other[k, :, t],
                        p.strongest[k, :, t], p.overlap[k], p.largest[k], p.largest_gain[k],
                        p.care_effect[k], p.care_quantum[k], p.lag[k], p.timing[k], gains[s],
                        care[s], paid[s], by_band, F,
                    )  # fmt: skip
                if mode == TOTAL:
                    spread(
                        P[at : at + size], P[at + rows : at + rows + size],
                        d.migration[moves, t, 0], d.mobility[row, 0], draw,
                    )  # fmt: skip
                for sex in range(2 if mode != CLOSED and form != LAID else 0):
                    S = P[at + sex * rows : at + sex * rows + size]
                    u, v = enter[sex * ages :], mobile[sex * ages :]
                    if may_empty(S, u[:ages], v[:ages], by_person, draw[MOVING], poor[s]):
                        form = LAID
                if form == LAID and laid == ends:
                    laid = each
                    for sex in range(2):
                        of_sex = mortality[:, sex * ages : (sex + 1) * ages]
                        lay_mortality(of_sex, youngest, ages, laid, draw[sex], Q[sex], alone)
                empty = touched = 0
                for sex in range(2):
                    S = P[at + sex * rows : at + sex * rows + size]
                    of_sex = mortality[:, sex * ages : (sex + 1) * ages]
                    u, v = enter[sex * ages : (sex + 1) * ages], mobile[sex * ages :]
                    q, h, r, moving = Q[sex], H[sex], R[sex * SUMS * LANES :], draw[MOVING]
                    step = each if form == LAID else ends
                    lay_migrants(S, youngest, ages, step, u, v, by_person, moving, h, alone)
                    if form == LAID and mode != CLOSED:
                        touched += guard(S, 0.5, h, M[sex], adjustment[sex], altered)
                    if full:
                        write_every_death(S, sex, q, h, s, begin, end, t, every.deaths)
                    begin_walk(h, r)
                    if sex == 0:
                        empty += move_women(
                            form, S, youngest, W, wat, X, of_sex, u, v, by_person, draw[sex],
                            moving, q, h, low, tracked, first, last, p.band, d.ceiling, packages, F,
                            by_band, one, other, few, by_age, crowded, level, moved, r, s, begin,
                            asked, t, every.births,
                        )  # fmt: skip
                    else:
                        empty += walk(
                            form, S, youngest, ages - 2, of_sex, u, v, by_person, draw[sex],
                            moving, q, h, r,
                        )  # fmt: skip
                    if sex == 1 or tracked < ages:
                        empty += join_oldest(S, q, h, r)
                    for z in range(LANES):  # as many come at the end
                        r[NET * LANES + z] *= 2.0
                at, wat = at - LANES, wat - ROWS * LANES  # as of the end of the year
                empty += bear_children(
                    P, at, at + rows, Q, H, draw, R, s, begin, asked, t, every.deaths
                )
                if empty > 0 and mode != CLOSED:
                    for sex in range(2):
                        S = P[at + sex * rows : at + sex * rows + size]
                        net = R[(sex * SUMS + NET) * LANES :]
                        touched += lift(S, M[sex], adjustment[sex], lifted[sex], altered, net)
                    give_rows(P, at, W, wat, tracked)
                poor[s] = empty
                childless(P, at, W, wat, low - 1)
                if kept:
                    shat = s * crows + (years - t - 1) * ORDERS * LANES
                    share_births(R, shares, shat)
                    count_children(P, at, at + rows, shares, shat, s, K)
                if full:
                    write_every_move(M, s, begin, end, t, every.migration)
                    write_every_move(adjustment, s, begin, end, t, every.adjustment)
                    write_every_move(lifted, s, begin, end, t, every.lift)
                write_flows(level, R, s, begin, end, t, out.births, out.fertility, out.deaths)
                write_moves(
                    mode != CLOSED, altered, R, s, begin, end, t, out.migration, out.altered
                )
                if touched > 0:
                    write_altered(adjustment, s, begin, end, t, out.adjustment)
                    write_altered(lifted, s, begin, end, t, out.lift)
            write_moved(moved, begin, end, t, out.moved)
            for s in range(1, scenarios):
                k = s - 1
                pay(
                    read[: end - begin], p.pay[k, :, t], p.reach[k], p.capped[k], p.cap[k, t],
                    p.rule[k], K[s], K[0], paid[s], due, out.cost[k, begin:end, t],
                    out.deadweight[k, begin:end, t], out.shortfall[k, begin:end, t],
                )  # fmt: skip
        for s in range(scenarios if out.final.shape[1] > 0 else 0):
            for sex in range(2):
                write_final(P, (s * 2 + sex) * rows, sex, s, begin, end, out.final)
    in_use(memory)


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
        Of ``migration``, ``adjustment`` and ``lift`` nothing is written in a closed population:
        zeros come in. Stocks (``population``, ``women`` with ``completed``, ``children``,
        ``final``) may come without cells, and without packages ``coverage``: they are left out.
    every : EveryAge
        Written where it has cells.
    """
    d = demography
    starts = blocks(LANES, d.population_index, d.survival_index, d.migration_index)
    stops = np.append(starts[1:], len(d.luck))
    simulate_blocks(starts, stops, demography, policy, borders, child_borders, summary, every)
