"""What the lanes of a block read in a year, and the walk that they take.

Half of the net migrants enter at the start of a year and half at its end; where all come at the
end, what enters at once is none of them, and the ``share`` is 1: rates are then those of all.
Arguments ``d`` are :class:`popsim.kernels.lanes.summary.Inputs`.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit_inner
from popsim.kernels.lanes.blocks import LANES, fill, lay
from popsim.kernels.lanes.rates import lane_rates
from popsim.kernels.lanes.walks import BY_DRAW, COEFFICIENTS, LAID, SHARED
from popsim.kernels.step.cohort import CLOSED, COUNTS, RATES, TOTAL

lay_mortality, lay_migrants, may_empty, guard, lift = lane_rates(LANES)

# Rows of what a lane draws in a year: the shift of life expectancy by sex, and of migration.
MOVING, DRAWN = 2, 3


@jit_inner
def read_draws(d, t, cells, rows, share, S, draw):
    """What each lane draws; a total is a shift that all ages have in proportion to their people."""
    # As variables: an array is taken out of ``d`` with a call, which would be one for each lane.
    lives, moves, drawn = d.shift, d.migration_shift, d.shift.shape[0] > 0
    for z in range(LANES if drawn else 0):
        draw[z], draw[LANES + z] = lives[cells[z], t, 0], lives[cells[z], t, 1]
        draw[MOVING * LANES + z] = moves[cells[z], t]
    if not drawn:
        fill(draw, 0.0)
    if d.mode == TOTAL:
        women, men = np.empty(LANES), np.empty(LANES)
        add_fours(S[0], women)
        add_fours(S[1], men)
        for z in range(cells.shape[0]):
            total, people = d.migration[rows[5, z], t, 0], women[z] + men[z]
            if drawn:
                total += draw[MOVING * LANES + z] * d.mobility[rows[0, z], 0]
            draw[MOVING * LANES + z] = share * (total / people if people > 0.0 else 0.0)


@jit_inner
def find_form(d, alike, S, enter, mobile, draw, poor):
    """The walk that the block takes in the year; ``poor`` groups of each sex have nobody."""
    drawn, by_person = d.shift.shape[0] > 0, d.mode != COUNTS
    if not alike or not (d.even or d.mode == CLOSED):
        return LAID
    if (drawn and d.survival.shape[2] != COEFFICIENTS) or (not drawn and d.mode == TOTAL):
        return LAID
    for s in range(2 if d.mode != CLOSED else 0):
        if may_empty(S[s], enter[s], mobile[s], by_person, draw[MOVING * LANES :], poor[s]):
            return LAID
    return BY_DRAW if drawn else SHARED


@jit_inner
def add_fours(X, total):
    """Sum of the rows of a block by lane."""
    fill(total, 0.0)
    rows, a = X.shape[0] // LANES, 0
    while a < rows:
        x = X[a * LANES :]
        if a + 4 <= rows:
            for z in range(LANES):
                total[z] += (x[z] + x[LANES + z]) + (x[2 * LANES + z] + x[3 * LANES + z])
            a += 4
        else:
            for z in range(LANES):
                total[z] += x[z]
            a += 1


@jit_inner
def lay_apart(d, t, rows, share, S, enter, mobile, moving, Q, H):
    """Mortality and migrants who enter, of both sexes, where lanes read different rows."""
    years, n, size = d.survival.shape[1], d.population.shape[1], S[0].shape[0]
    lay(d.survival.reshape(-1, years, n), rows[1], t, Q.reshape(-1))
    if d.mode == COUNTS or d.mode == RATES:
        lay(d.migration, rows[5], t, H.reshape(-1))
    for s in range(2):
        for i in range(size):
            Q[s, i] = 1.0 - Q[s, i]
        if d.mode == COUNTS or d.mode == RATES:
            for i in range(size):
                H[s, i] = share * H[s, i] * (S[s][i] if d.mode == RATES else 1.0)
        else:
            lay_migrants(S[s], 0, n // 2, 1, enter[s], mobile[s], True, moving, H[s], 1)
