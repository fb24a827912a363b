"""The simulation step: baseline and packages of a draw side by side, draws in lanes.

:mod:`popsim.kernels.simulation_inputs` names the arrays. A year is that of
:mod:`popsim.kernels.simulation_cohorts` for men, children and the old, and of
:mod:`popsim.kernels.simulation_women` for women by parity;
:mod:`popsim.kernels.simulation_packages` has what packages do and cost, and
:mod:`popsim.kernels.simulation_outputs` what is written;
:mod:`popsim.kernels.simulation_reference` is the same simulation written to be read. Cells that
lie beside one another and share their rates make a block (:mod:`popsim.kernels.lanes`), so that
a rate is read once for all of its lanes. Within a year the baseline goes first, since packages
read its scaled rates.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels import cohort
from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.cohort import CLOSED, COUNTS, TOTAL
from popsim.kernels.lanes import blocks
from popsim.kernels.simulation_cohorts import (
    BY_DRAW,
    DEATHS,
    DRAWN,
    EACH,
    LAID,
    LANES,
    MIGRANTS,
    MOVES,
    SHARED,
    SHIFT,
    SRB,
    SUMS,
    begin_walk,
    count_poor,
    guard,
    lay_migrants,
    lay_mortality,
    lift,
    lined_up,
    may_empty,
    move_ages,
    walk_oldest,
)
from popsim.kernels.simulation_inputs import (
    BEARING_AGES,
    CHILD_AGES,
    COMPLETED_AGE,
    Demography,
    EveryAge,
    Policy,
    Summary,
)
from popsim.kernels.simulation_outputs import (
    count_children,
    first_children,
    lay_rates,
    lay_state,
    lay_wanted,
    lay_women,
    read_draws,
    share_births,
    write_children,
    write_every_death,
    write_every_move,
    write_every_woman,
    write_final,
    write_flows,
    write_groups,
    write_moves,
    write_state,
    write_women,
)
from popsim.kernels.simulation_packages import count_toddlers, cover, factors, pay
from popsim.kernels.simulation_women import (
    ALL_BIRTHS,
    ALL_SUMS,
    HANDED,
    INPUTS,
    ORDERS,
    PARITIES,
    ROWS,
    childless,
    give_rows,
    move_women,
    share_out,
    youngest_mother,
)


@jit
def read_migration(mode, migration, row, t, mobility, population, given, mobile):
    """Migration of the year by state; of a total, the shares of those who are there."""
    for state in range(given.shape[0]):
        if mode == COUNTS or mode == cohort.RATES:
            given[state], mobile[state] = migration[row, t, state], mobility[population, state]
        else:
            given[state], mobile[state] = 0.0, (1.0 if mode == TOTAL else 0.0)


@jit
def spread(P, at, other, ages, total, mobility, draw):
    """What the migrants of a total are for each person."""
    for z in range(LANES):
        everybody, moving = 0.0, total + draw[SHIFT, z] * mobility
        for a in range(ages):
            everybody += P[at + a * LANES + z] + P[other + a * LANES + z]
        draw[EACH, z] = moving / everybody if everybody > 0.0 else 0.0


@jit
def how(degree, mode, full, draw):
    """How the rates of a year stand."""
    if full:
        return LAID
    alike = 0
    for z in range(LANES):
        alike += draw[SHIFT, z] == draw[SHIFT, 0]
    if degree == 0 and (mode == CLOSED or (mode != TOTAL and alike == LANES)):
        return SHARED
    return BY_DRAW if degree == 4 else LAID


@jit
def bear_children(P, at, other, V, draw, R, s, begin, end, t, out):
    """The newborn, girls to ``at`` and boys to ``other``; counts empty groups.

    ``out`` are deaths at every age.
    """
    half, poor = V.shape[0] // 2, 0
    for z in range(LANES):
        b = ALL_BIRTHS * LANES + z
        births = R[b] + R[b + LANES] + R[b + 2 * LANES]
        girls = births * (1.0 / (1.0 + draw[SRB, z]))
        died, lost = V[z] * girls, V[half + z] * (births - girls)
        P[at + z] = girls - died + 0.5 * V[MIGRANTS * LANES + z]
        P[other + z] = births - girls - lost + 0.5 * V[half + MIGRANTS * LANES + z]
        poor += (P[at + z] <= 0.0) | (P[other + z] <= 0.0)
        R[DEATHS * LANES + z] += died
        R[(SUMS + DEATHS) * LANES + z] += lost
        if z < end - begin:
            out[s, begin + z, t, 0], out[s, begin + z, t, out.shape[3] // 2] = died, lost
    return poor


@jit
def begin_policy(s, years, care, paid):
    """Nothing has been paid or has had an effect yet."""
    for z in range(LANES):
        care[s, years, z] = 0.0
        for o in range(ORDERS):
            paid[s, o * LANES + z] = 1.0


@jit
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
    d, p, out = demography, policy, summary
    scenarios, years = out.births.shape[0], out.births.shape[2]
    n, first, last, mode = d.population.shape[1], max(d.first, 1), d.last, d.mode
    full, by_person = every.population.shape[1] > 0, mode == cohort.RATES or mode == TOTAL
    packages, ages = scenarios > 1, n // 2
    tracked = ages if full else min(ages, max(last, COMPLETED_AGE + 1))
    half, kept = ages * MOVES * LANES, packages or out.children.shape[1] > 0  # children by order

    # Rows of a sex, of women by parity and of shares of children in one scenario.
    rows, wrows = (years + ages) * LANES, (years + tracked) * ROWS * LANES
    crows, krows = (years + CHILD_AGES) * ORDERS * LANES, CHILD_AGES * ORDERS * LANES
    P, W = lined_up(scenarios * 2 * rows), lined_up(scenarios * wrows)
    shares = lined_up(scenarios * crows if kept else 0)
    K = lined_up(scenarios * krows).reshape((scenarios, krows))
    V, adjustment = lined_up(n * MOVES * LANES), lined_up(n * LANES)
    X = lined_up((tracked + 1) * INPUTS * LANES)
    one, other = lined_up(HANDED * LANES), lined_up(HANDED * LANES)
    F = lined_up((1 + p.other.shape[4]) * ORDERS * LANES)
    by_band = lined_up(F.shape[0])
    R, G = lined_up(ALL_SUMS * LANES), lined_up(max(borders.shape[0], PARITIES) * LANES)
    level = lined_up(LANES)
    draw, altered = lined_up(DRAWN * LANES).reshape((DRAWN, LANES)), np.zeros(LANES, dtype=np.int64)
    gains, care = np.empty((scenarios, years, LANES)), np.empty((scenarios, years + 1, LANES))
    due = lined_up(2 * p.pay.shape[1] * ORDERS * LANES)
    paid = np.empty((scenarios, ORDERS * LANES))
    toddlers = np.empty((scenarios, LANES))
    given, mobile, mortality = np.empty(n), np.empty(n), np.empty(n)
    cells, wanting, shapes, read = np.empty((4, LANES), dtype=np.int64)
    poor = np.empty(scenarios, dtype=np.int64)
    # As variables: functions are compiled anew for each constant that they are called with.
    youngest, each, ends, v_rows, x_rows = np.array([0, 1, ages - 1, MOVES, INPUTS])
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
            poor[0] += count_poor(P, at + sex * rows, ages)
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
            polynomial = d.survival[d.survival_index[begin], t]
            for i in range(n):
                mortality[i] = 1.0 - min(max(polynomial[0, i], 0.0), 1.0)
            moves = d.migration_index[begin]
            read_migration(mode, d.migration, moves, t, d.mobility, row, given, mobile)
            usual = how(polynomial.shape[0] - 1, mode, full, draw)
            lay_mortality(polynomial, low, tracked, each, draw, X, youngest, x_rows)
            laid = each if usual == LAID else ends  # steps from age to age
            for sex in range(2):
                states = sex * ages
                lay_mortality(polynomial, states, states + ages, laid, draw, V, sex * half, v_rows)
            if t < d.rates.shape[1]:
                lay_rates(d.rates, shapes, t, low, first, last, d.ceiling, X)
            lay_wanted(d.fertility, wanting, t, draw, low, first, last, X, level)
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
                        P, at, at + rows, ages, d.migration[moves, t, 0], d.mobility[row, 0], draw
                    )
                if mode != CLOSED and form != LAID:
                    for sex in range(2):
                        begins = at + sex * rows
                        if may_empty(P, begins, sex, given, mobile, draw, by_person, poor[s]):
                            form = LAID
                if form == LAID and laid == ends:
                    laid = each
                    for sex in range(2):
                        states = sex * ages
                        lay_mortality(
                            polynomial, states, states + ages, laid, draw, V, sex * half, v_rows
                        )
                empty = 0
                for sex in range(2):
                    begins = at + sex * rows
                    if mode != CLOSED:
                        step = each if form == LAID else ends
                        lay_migrants(P, begins, sex, step, given, mobile, draw, by_person, V)
                        if form == LAID:
                            guard(P, begins, sex, V, adjustment, altered)
                    if full:
                        write_every_death(P, begins, sex, V, s, begin, end, t, every.deaths)
                    begin_walk(sex, V, R)
                    if sex == 0:
                        empty += move_women(
                            form, P, at, sex, youngest, W, wat, X, mortality, polynomial, given,
                            mobile, draw, by_person, V, low, tracked, first, last, p.band,
                            d.ceiling, packages, F, by_band, one, other, R, s, begin, asked, t,
                            every.births,
                        )  # fmt: skip
                    else:
                        empty += move_ages(
                            form, P, begins, youngest, ages - 2, sex, mortality, polynomial, given,
                            mobile, draw, by_person, V, R,
                        )  # fmt: skip
                    if sex == 1 or tracked < ages:
                        empty += walk_oldest(P, begins, sex, V, R)
                at, wat = at - LANES, wat - ROWS * LANES  # as of the end of the year
                empty += bear_children(
                    P, at, at + rows, V, draw, R, s, begin, asked, t, every.deaths
                )
                if empty > 0 and mode != CLOSED:
                    for sex in range(2):
                        lift(P, at + sex * rows, sex, V, adjustment, altered, R)
                    give_rows(P, at, W, wat, tracked)
                poor[s] = empty
                childless(P, at, W, wat, low - 1)
                if kept:
                    shat = s * crows + (years - t - 1) * ORDERS * LANES
                    share_births(R, shares, shat)
                    count_children(P, at, at + rows, shares, shat, s, K)
                if full:
                    write_every_move(
                        V, adjustment, s, begin, end, t, every.migration, every.adjustment
                    )
                write_flows(level, R, s, begin, end, t, out.births, out.fertility, out.deaths)
                write_moves(
                    mode != CLOSED, adjustment, altered, R, s, begin, end, t, out.migration,
                    out.adjustment, out.altered,
                )  # fmt: skip
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
    starts = blocks(LANES, d.population_index, d.survival_index, d.migration_index)
    stops = np.append(starts[1:], len(d.luck))
    simulate_blocks(starts, stops, demography, policy, borders, child_borders, summary, every)
