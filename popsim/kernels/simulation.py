"""The simulation step: baseline and packages of a draw side by side, draws in lanes.

:mod:`popsim.kernels.simulation_inputs` names the arrays; :mod:`popsim.kernels.lanes` has the
blocks and most of the cohort step, :mod:`popsim.kernels.simulation_women` the women, and
:mod:`popsim.kernels.simulation_packages` what packages do and cost;
:mod:`popsim.kernels.simulation_reference` is the same simulation written to be read. Cells that
lie beside one another and share their rates make a block, so that a rate is read once for all
of its lanes. Within a year the baseline goes first, since packages read its scaled rates.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.cohort import CLOSED, COUNTS, RATES
from popsim.kernels.lanes import (
    LANES,
    add_groups,
    add_rows,
    below_zero,
    fill,
    guard,
    lift,
    put,
    same,
    survive,
    write_groups,
    write_sums,
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
from popsim.kernels.simulation_packages import count_toddlers, cover, factors, pay
from popsim.kernels.simulation_women import (
    ALL_BIRTHS,
    DEATHS,
    FERTILITY,
    ORDERS,
    PARITIES,
    ROWS,
    move_women,
    youngest,
)

# Rows of what is drawn, after the shifts of life expectancy of women and men.
MOVING, LUCK, SRB, DRAWN = 2, 3, 4, 5


@jit
def survival_ratios(coefficients, draw, Q):
    """Polynomials of the rows at each lane's shift by sex, cut off at 0 and 1."""
    n, degree = coefficients.shape[1], coefficients.shape[0] - 1
    for a in range(n):
        q = Q[a * LANES : (a + 1) * LANES]
        x = draw[0] if a < n // 2 else draw[1]
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
        add_rows(P, people)
        for z in range(shift.shape[0]):
            moving = given[0] + shift[z] * mobility[0]
            people[z] = moving / people[z] if people[z] > 0.0 else 0.0
    for a in range(P.shape[0] // LANES):
        p, m = P[a * LANES : (a + 1) * LANES], M[a * LANES : (a + 1) * LANES]
        total = mode != COUNTS and mode != RATES
        own, mobile = given[0 if total else a], mobility[0 if total else a]
        if mode == COUNTS:
            for z in range(shift.shape[0]):
                m[z] = own + shift[z] * mobile
        elif mode == RATES:
            for z in range(shift.shape[0]):
                m[z] = (own + shift[z] * mobile) * p[z]
        else:
            for z in range(shift.shape[0]):
                m[z] = people[z] * p[z]


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
def lay_ages(values, rows, X):
    """By age and parity, the rows (parity, age) that the lanes read, side by side."""
    shared = same(rows)
    for a in range(X.shape[0] // (PARITIES * LANES)):
        for k in range(PARITIES):
            x = X[(a * PARITIES + k) * LANES : (a * PARITIES + k + 1) * LANES]
            if shared:
                value = values[rows[0], k, a]
                for z in range(rows.shape[0]):
                    x[z] = value
            else:
                for z in range(rows.shape[0]):
                    x[z] = values[rows[z], k, a]


@jit
def lay_births(values, rows, luck, X):
    """Births per woman by age of the rows (row, age) that the lanes read, times their luck."""
    for a in range(X.shape[0] // LANES):
        for z in range(rows.shape[0]):
            X[a * LANES + z] = values[rows[z], a] * luck[z]


@jit
def lay_children(values, K):
    """Children (order, age) into all lanes; nobody at the ages beyond."""
    fill(K, 0.0)
    for j in range(min(CHILD_AGES - 1, values.shape[1])):
        for i in range(ORDERS * LANES):
            K[j * ORDERS * LANES + i] = values[i // LANES, j]


@jit
def read_draws(cells, t, shift, moving, luck, srb_index, srb, srb_factor, draw):
    """What is drawn for the lanes in the year into the rows of ``draw``."""
    for z in range(cells.shape[0]):
        c = cells[z]
        draw[0, z], draw[1, z] = shift[c, t, 0], shift[c, t, 1]
        draw[MOVING, z], draw[LUCK, z] = moving[c, t], luck[c, t]
        draw[SRB, z] = srb[srb_index[c], t] * srb_factor[c, t]


@jit
def copy(x, out):
    """Copy a block."""
    for i in range(x.shape[0]):
        out[i] = x[i]


@jit
def write_rows(X, out):
    """The first rows of a block into ``out`` (lane, row)."""
    for z in range(out.shape[0]):
        for k in range(out.shape[1]):
            out[z, k] = X[k * LANES + z]


@jit
def write_children(K, borders, total, out):
    """Children by order and group of ages into ``out`` (lane, order, group)."""
    for g in range(borders.shape[0] - 1 if out.shape[0] > 0 else 0):
        fill(total, 0.0)
        for j in range(borders[g], borders[g + 1]):
            for i in range(total.shape[0]):
                total[i] += K[j * ORDERS * LANES + i]
        write_rows(total, out[:, :, g])


@jit
def write_women(N, total, out):
    """Women by parity over BEARING_AGES into ``out`` (lane, parity)."""
    fill(total, 0.0)
    for a in range(BEARING_AGES[0], BEARING_AGES[1] if out.shape[0] > 0 else 0):
        n = N[a * PARITIES * LANES : (a + 1) * PARITIES * LANES]
        for i in range(total.shape[0]):
            total[i] += n[i]
    write_rows(total, out)


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
def write_stocks(
    P, N, K, borders, child_borders, G, population, women, completed, children, every, every_women
):  # fmt: skip
    """What stands at an instant, where it is asked for."""
    half, middle = P.shape[0] // 2, (borders.shape[0] - 1) * LANES
    if population.shape[0] > 0:
        add_groups(P[:half], borders, G[:middle])
        add_groups(P[half:], borders, G[middle : 2 * middle])
        write_groups(P, G, population)
    write_women(N, G[: PARITIES * LANES], women)
    write_rows(N[COMPLETED_AGE * PARITIES * LANES :], completed)
    write_children(K, child_borders, G[: ORDERS * LANES], children)
    write_rows(P, every)
    for z in range(every_women.shape[0]):
        for k in range(PARITIES):
            for a in range(every_women.shape[2]):
                every_women[z, k, a] = N[(a * PARITIES + k) * LANES + z]


@jit
def write_flows(
    mode, M, adjustment, altered, R, G, births, fertility, deaths, migration, adjusted, count,
    every_migration, every_adjustment,
):  # fmt: skip
    """What flowed in the year; forgets what was altered."""
    ages = M.shape[0] // (2 * LANES)
    write_rows(R[ALL_BIRTHS * LANES :], births)
    write_rows(R[FERTILITY * LANES :], fertility)
    write_rows(R[DEATHS * LANES :], deaths)
    write_rows(M, every_migration)
    write_rows(adjustment, every_adjustment)
    some = 0
    for z in range(altered.shape[0]):
        some += altered[z]
    for z in range(count.shape[0]):
        count[z] = altered[z]
    if mode != CLOSED:
        write_sums(M, ages, G, migration)
    if some > 0:
        write_sums(adjustment, ages, G, adjusted)
        fill(adjustment, 0.0)
        for z in range(altered.shape[0]):
            altered[z] = 0


@jit_cells("stops")
def simulate_blocks(
    first_block, last_block, starts, stops, demography, policy, borders, child_borders, summary,
    every,
):  # fmt: skip
    """All years and scenarios of blocks: cells ``starts <= c < stops``, which share their rates."""
    d, p, out = demography, policy, summary
    scenarios, years = out.births.shape[0], out.births.shape[2]
    n, first, last, mode = d.population.shape[1], d.first, d.last, d.mode
    full = every.population.shape[1] > 0
    ages, size = n // 2, n // 2 * LANES
    tracked = ages if full else min(ages, max(last, COMPLETED_AGE + 1))

    P, N = np.empty((scenarios, n * LANES)), np.empty((scenarios, tracked * PARITIES * LANES))
    K = np.empty((scenarios, CHILD_AGES * ORDERS * LANES))
    M, Q, adjustment = np.zeros(n * LANES), np.empty(n * LANES), np.zeros(n * LANES)
    C, wanted = np.empty((last - first) * PARITIES * LANES), np.empty((last - first) * LANES)
    F = np.empty((1 + p.other.shape[4]) * ORDERS * LANES)
    by_band = np.empty(F.shape[0])
    R, G = np.empty(ROWS * LANES), np.empty((2 * borders.shape[0] + PARITIES) * LANES)
    draw, altered = np.empty((DRAWN, LANES)), np.zeros(LANES, dtype=np.int64)
    gains, care = np.empty((scenarios, years, LANES)), np.empty((scenarios, years + 1, LANES))
    due, shares = np.empty(3 * LANES), np.empty((scenarios, ORDERS * LANES))
    toddlers, nobody = np.empty((scenarios, LANES)), np.zeros(LANES)
    cells, rates, shapes, rows = np.empty((4, LANES), dtype=np.int64)
    everybody = np.array([0, ages])
    for b in range(first_block, last_block):
        begin, end = starts[b], stops[b]
        asked = end if full else begin  # cells of which every age is written
        row = d.population_index[begin]
        for z in range(cells.shape[0]):
            cells[z] = min(begin + z, end - 1)
            rates[z] = d.women_index[cells[z]]
            rows[z] = p.row_index[cells[z]]
            put(d.population[row], z, P[0])
        lay_ages(d.women[:, :, :tracked], rates, N[0])
        lay_children(d.children[row], K[0])
        low = 0 if full else youngest(N[0], min(first, BEARING_AGES[0]))
        for s in range(scenarios):
            fill(shares[s], 1.0)
            fill(care[s, years], 0.0)
            if s > 0:
                copy(P[0], P[s])
                copy(N[0], N[s])
                copy(K[0], K[s])
        for z in range(cells.shape[0]):
            rates[z] = d.fertility_index[cells[z]]
            shapes[z] = d.rates_index[cells[z]]

        for t in range(years + 1):
            for s in range(scenarios):
                write_stocks(
                    P[s], N[s], K[s], borders, child_borders, G,
                    out.population[s, begin : end if out.population.shape[1] > 0 else begin, t],
                    out.women[s, begin : end if out.women.shape[1] > 0 else begin, t],
                    out.completed[s, begin : end if out.women.shape[1] > 0 else begin, t],
                    out.children[s, begin : end if out.children.shape[1] > 0 else begin, t],
                    every.population[s, begin:asked, t], every.women[s, begin:asked, t],
                )  # fmt: skip
            if t == years:
                break
            read_draws(
                cells, t, d.shift, d.migration_shift, d.luck, d.srb_index, d.srb, d.srb_factor, draw
            )
            survival_ratios(d.survival[d.survival_index[begin], t], draw, Q)
            lay_ages(d.rates[:, min(t, d.rates.shape[1] - 1), :, first:last], shapes, C)
            lay_births(d.fertility[:, t, first:last], rates, draw[LUCK], wanted)
            for s in range(scenarios if out.coverage.shape[1] > 0 else 0):
                count_toddlers(P[s], toddlers[s])
                cover(
                    p.used_places[s, :, t], rows, toddlers[s], toddlers[s if p.closed else 0],
                    nobody if s == 0 else gains[0, t], gains[s, t], out.coverage[s, begin:end, t],
                )  # fmt: skip
            fill(by_band, 0.0)
            for s in range(scenarios):
                fill(F, 1.0)
                if s > 0:
                    k = s - 1
                    factors(
                        rows[: end - begin], t, p.paid[k, :, t], p.other[k, :, t],
                        p.strongest[k, :, t], p.overlap[k], p.largest[k], p.largest_gain[k],
                        p.care_effect[k], p.care_quantum[k], p.lag[k], p.timing[k], gains[s],
                        care[s], shares[s], by_band, F,
                    )  # fmt: skip
                if mode != CLOSED:
                    given = d.migration[d.migration_index[begin], t]
                    ask(P[s], mode, given, d.mobility[row], draw[MOVING], M)
                    guard(P[s], M, adjustment, altered)
                write_deaths(P[s], M, Q, every.deaths[s, begin:asked, t])
                move_women(
                    P[s, :size], M[:size], Q[:size], N[s], low, tracked, first, last, s == 0,
                    wanted, d.ceiling, C, F, p.band, by_band, R, every.births[s, begin:asked, t],
                )  # fmt: skip
                men = R[(DEATHS + 1) * LANES : (DEATHS + 2) * LANES]
                survive(P[s, size:], M[size:], 0.5, Q[size:], everybody, due[:LANES], men)
                newborn(P[s], M, Q, draw[SRB], R, every.deaths[s, begin:asked, t])
                if mode != CLOSED and below_zero(P[s]):
                    lift(P[s], M, adjustment, altered)
                fill(N[s, : PARITIES * LANES], 0.0)
                copy(P[s, :LANES], N[s])  # nobody has borne at the youngest age
                age_children(P[s], R, K[s])
                write_flows(
                    mode, M, adjustment, altered, R, G, out.births[s, begin:end, t],
                    out.fertility[s, begin:end, t : t + 1], out.deaths[s, begin:end, t],
                    out.migration[s, begin:end, t], out.adjustment[s, begin:end, t],
                    out.altered[s, begin:end, t], every.migration[s, begin:asked, t],
                    every.adjustment[s, begin:asked, t],
                )  # fmt: skip
            for s in range(1, scenarios):
                k = s - 1
                pay(
                    rows[: end - begin], p.pay[k, :, t], p.reach[k], p.capped[k], p.cap[k, t],
                    p.rule[k], K[s], K[0], shares[s], due, out.cost[k, begin:end, t],
                    out.deadweight[k, begin:end, t], out.shortfall[k, begin:end, t],
                )  # fmt: skip
        for s in range(scenarios if out.final.shape[1] > 0 else 0):
            write_rows(P[s], out.final[s, begin:end, :])


def blocks(*rows: np.ndarray) -> np.ndarray:
    """First cell of each block: blocks are full, or end where cells read other rows."""
    other = np.any([np.diff(index, prepend=-1) != 0 for index in rows], axis=0)
    runs = np.append(np.flatnonzero(other), len(other))
    return np.concatenate([np.arange(runs[i], runs[i + 1], LANES) for i in range(len(runs) - 1)])


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
