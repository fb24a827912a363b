"""One simulated year of women, by parity, in lanes.

Women are moved upward in age, because how many bear at an age depends on who has borne at the
age before. One loop over the lanes does all of an age. It reads what the age below hands on
(``below``) and hands on itself (``here``), with the sums so far. Cohorts stay where they are, as
in :mod:`popsim.kernels.lanes.walks`: those who reach the age are written to the rows of
``W`` that they had at the age below.

Who dies or moves has any parity in the proportions of the cohort, so that these change by births
alone: a cohort is followed as a number of women and the shares of parities among them. Shares
are followed from age ``low``, below which all are childless, up to ``tracked`` (exclusive),
beyond which nobody asks for them.

``S`` are the women of all parities by age, and ``wat`` is where the youngest age of the scenario
and year stands in ``W``. ``X`` begins at age ``low``.
"""

from __future__ import annotations

from popsim.kernels._jit import fma, jit_inner
from popsim.kernels.bearing import ALWAYS_BORNE, fill_rates, reordered, spread_over_ages
from popsim.kernels.lanes.walks import DEATHS, ENTER, LAID, NET, SUMS
from popsim.kernels.lanes.width import LANES, walk

PARITIES, ORDERS = 4, 3

# Rows of W at each age: shares of the parities among women, and women.
ALL, ROWS = 4, 5

# Rows of R after those of each sex: births by order, total fertility rate (in the baseline what
# differs from that which is wanted).
ALL_BIRTHS, ALL_FERTILITY, ALL_SUMS = 2 * SUMS, 2 * SUMS + ORDERS, 2 * SUMS + ORDERS + 1

# Rows of X at each age: who dies of those who reach it, as a share, and half of the net migrants;
# rates by parity, the most that they may be multiplied by before one has to be held, and births
# per woman of all orders that are wanted; and rates by parity that the baseline bears by, where
# packages read them.
ENTERING, RATES, MOST, WANTED, SCALED, INPUTS = 1, 2, 6, 7, 8, 12

# Rows of what is counted of births that others bear than the rates ask: women of the same age who
# have borne other numbers of children, women of other ages, and nobody.
REORDERED, DISPLACED, LOST, MOVED = 0, 1, 2, 3

# Rows that one age hands to the next: women exposed, and among them the shares of those who have
# not borne, by parity, and who have, by order; sums of births by order, births per woman (in the
# baseline what differs from those wanted) and deaths so far; births of the age by order; and what
# its rates were multiplied by.
EXPOSED, NOT_YET, BORNE, BIRTHS, FERTILITY, DIED, BORN, SCALE, HANDED = (
    0, 1, 5, 8, 11, 12, 13, 16, 17
)  # fmt: skip


@jit_inner
def start(S, W, wat, low, R, here):
    """Women of the age below ``low`` at the start of the year, and the sums of the ages below."""
    p, w = S[(low - 1) * LANES :], W[wat + (low - 1) * ROWS * LANES :]
    for z in range(LANES):
        here[EXPOSED * LANES + z] = p[z] + R[ENTER * LANES + z]
        for k in range(PARITIES):
            here[(NOT_YET + k) * LANES + z] = w[k * LANES + z]
        for k in range(BORNE, HANDED):
            here[k * LANES + z] = 0.0
        here[DIED * LANES + z] = R[DEATHS * LANES + z]


@jit_inner
def join(W, wat, X, low, a, below):
    """The open age group, ``a``, joins those who reach it before they do."""
    w, x = W[wat + a * ROWS * LANES :], X[(a - low) * INPUTS * LANES :]
    for z in range(LANES):
        exposed = w[ALL * LANES + z] + x[ENTERING * LANES + z]
        both = below[EXPOSED * LANES + z] + exposed
        share = below[EXPOSED * LANES + z] / both if both > 0.0 else 0.0
        below[EXPOSED * LANES + z] = both
        for k in range(PARITIES):
            j = (NOT_YET + k) * LANES + z
            below[j] = share * below[j] + (1.0 - share) * w[k * LANES + z]
        for o in range(ORDERS):
            below[(BORNE + o) * LANES + z] *= share


@jit_inner
def grow(W, wat, X, low, a, below, here):
    """Move women up to one age at which nobody bears; counts lanes that nobody is left in."""
    w, x, poor = W[wat + (a - 1) * ROWS * LANES :], X[(a - low) * INPUTS * LANES :], 0
    for z in range(LANES):
        reaching, enter = below[EXPOSED * LANES + z], x[ENTERING * LANES + z]
        q = x[z]
        alive = fma(-q, reaching, reaching + enter)
        n0, n1 = w[ROWS * LANES + z], w[(ROWS + 1) * LANES + z]
        n2, n3 = w[(ROWS + 2) * LANES + z], w[(ROWS + 3) * LANES + z]
        b0, b1 = below[BORNE * LANES + z], below[(BORNE + 1) * LANES + z]
        here[EXPOSED * LANES + z] = w[(ROWS + ALL) * LANES + z] + enter
        w[z] = below[NOT_YET * LANES + z]
        w[LANES + z] = below[(NOT_YET + 1) * LANES + z] + b0
        w[2 * LANES + z] = below[(NOT_YET + 2) * LANES + z] + b1
        w[3 * LANES + z] = below[(NOT_YET + 3) * LANES + z] + below[(BORNE + 2) * LANES + z]
        w[ALL * LANES + z] = alive
        here[NOT_YET * LANES + z], here[(NOT_YET + 1) * LANES + z] = n0, n1
        here[(NOT_YET + 2) * LANES + z], here[(NOT_YET + 3) * LANES + z] = n2, n3
        here[BORNE * LANES + z], here[(BORNE + 1) * LANES + z] = 0.0, 0.0
        here[(BORNE + 2) * LANES + z] = 0.0
        here[BIRTHS * LANES + z] = below[BIRTHS * LANES + z]
        here[(BIRTHS + 1) * LANES + z] = below[(BIRTHS + 1) * LANES + z]
        here[(BIRTHS + 2) * LANES + z] = below[(BIRTHS + 2) * LANES + z]
        here[FERTILITY * LANES + z] = below[FERTILITY * LANES + z]
        here[DIED * LANES + z] = fma(q, reaching, below[DIED * LANES + z])
        poor += alive <= 0.0
    return poor


@jit_inner
def bear_wanted(W, wat, X, low, a, below, here):
    """Move women up to age ``a``, and let them bear as many children as are wanted.

    Lanes in which a rate would have to be held, or nobody can bear, are for
    :func:`bear_held`. Returns how many lanes nobody is left in, and how many are such.
    """
    w, x = W[wat + (a - 1) * ROWS * LANES :], X[(a - low) * INPUTS * LANES :]
    poor, held = 0, 0
    for z in range(LANES):
        reaching, enter = below[EXPOSED * LANES + z], x[ENTERING * LANES + z]
        q, exposed = x[z], w[(ROWS + ALL) * LANES + z] + enter
        alive = fma(-q, reaching, reaching + enter)
        left = 0.0 if alive <= 0.0 else alive
        n0, n1 = w[ROWS * LANES + z], w[(ROWS + 1) * LANES + z]
        n2, n3 = w[(ROWS + 2) * LANES + z], w[(ROWS + 3) * LANES + z]
        l0, l1 = below[NOT_YET * LANES + z], below[(NOT_YET + 1) * LANES + z]
        l2, l3 = below[(NOT_YET + 2) * LANES + z], below[(NOT_YET + 3) * LANES + z]
        c0, c1 = x[RATES * LANES + z], x[(RATES + 1) * LANES + z]
        c2, c3 = x[(RATES + 2) * LANES + z], x[(RATES + 3) * LANES + z]
        start = fma(c3, n3, fma(c2, n2, fma(c1, n1, c0 * n0)))
        reach = fma(c3, l3, fma(c2, l2, fma(c1, l1, c0 * l0)))
        scale = x[WANTED * LANES + z] * (exposed + alive) / fma(left, reach, exposed * start)
        half = 0.5 * scale
        c0, c1, c2, c3 = half * c0, half * c1, half * c2, half * c3
        # Births per woman of those at the age at the start, and of those who reach it; in the
        # order of bear_given(), which without a package must give the same bits.
        e0, e1, e2, e3 = c0 * n0, c1 * n1, c2 * n2, c3 * n3
        f0, f1, f2, f3 = c0 * l0, c1 * l1, c2 * l2, c3 * l3
        w[z] = l0 - f0
        w[LANES + z] = l1 - f1 + (below[BORNE * LANES + z] + f0)
        w[2 * LANES + z] = l2 - f2 + (below[(BORNE + 1) * LANES + z] + f1)
        w[3 * LANES + z] = l3 + (below[(BORNE + 2) * LANES + z] + f2)
        w[ALL * LANES + z] = alive
        here[EXPOSED * LANES + z] = exposed
        here[NOT_YET * LANES + z], here[(NOT_YET + 1) * LANES + z] = n0 - e0, n1 - e1
        here[(NOT_YET + 2) * LANES + z], here[(NOT_YET + 3) * LANES + z] = n2 - e2, n3 - e3
        e2, f2 = e2 + e3, f2 + f3
        here[BORNE * LANES + z], here[(BORNE + 1) * LANES + z] = e0, e1
        here[(BORNE + 2) * LANES + z] = e2
        b0, b1 = fma(left, f0, exposed * e0), fma(left, f1, exposed * e1)
        b2 = fma(left, f2, exposed * e2)
        here[BORN * LANES + z], here[(BORN + 1) * LANES + z] = b0, b1
        here[(BORN + 2) * LANES + z] = b2
        here[BIRTHS * LANES + z] = below[BIRTHS * LANES + z] + b0
        here[(BIRTHS + 1) * LANES + z] = below[(BIRTHS + 1) * LANES + z] + b1
        here[(BIRTHS + 2) * LANES + z] = below[(BIRTHS + 2) * LANES + z] + b2
        here[FERTILITY * LANES + z] = below[FERTILITY * LANES + z]
        here[DIED * LANES + z] = fma(q, reaching, below[DIED * LANES + z])
        here[SCALE * LANES + z] = scale
        poor += alive <= 0.0
        held += not scale <= x[MOST * LANES + z]
    return poor, held


@jit_inner
def bear_given(W, wat, X, low, a, F, band, below, here):
    """As :func:`bear_wanted`, by the rates of the baseline times the factors of a package."""
    w, x = W[wat + (a - 1) * ROWS * LANES :], X[(a - low) * INPUTS * LANES :]
    factor, poor = F[band[a] * ORDERS * LANES :], 0
    for z in range(LANES):
        reaching, enter = below[EXPOSED * LANES + z], x[ENTERING * LANES + z]
        q, exposed = x[z], w[(ROWS + ALL) * LANES + z] + enter
        alive = fma(-q, reaching, reaching + enter)
        left = 0.0 if alive <= 0.0 else alive
        n0, n1 = w[ROWS * LANES + z], w[(ROWS + 1) * LANES + z]
        n2, n3 = w[(ROWS + 2) * LANES + z], w[(ROWS + 3) * LANES + z]
        l0, l1 = below[NOT_YET * LANES + z], below[(NOT_YET + 1) * LANES + z]
        l2, l3 = below[(NOT_YET + 2) * LANES + z], below[(NOT_YET + 3) * LANES + z]
        f0, f1, f2 = factor[z], factor[LANES + z], factor[2 * LANES + z]
        c0, c1 = x[SCALED * LANES + z] * f0, x[(SCALED + 1) * LANES + z] * f1
        c2, c3 = x[(SCALED + 2) * LANES + z] * f2, x[(SCALED + 3) * LANES + z] * f2
        # One confinement a year at most, whatever a factor asks for.
        c0, c1 = 0.5 * (1.0 if c0 > 1.0 else c0), 0.5 * (1.0 if c1 > 1.0 else c1)
        c2, c3 = 0.5 * (1.0 if c2 > 1.0 else c2), 0.5 * (1.0 if c3 > 1.0 else c3)
        e0, e1, e2, e3 = c0 * n0, c1 * n1, c2 * n2, c3 * n3
        f0, f1, f2, f3 = c0 * l0, c1 * l1, c2 * l2, c3 * l3
        w[z] = l0 - f0
        w[LANES + z] = l1 - f1 + (below[BORNE * LANES + z] + f0)
        w[2 * LANES + z] = l2 - f2 + (below[(BORNE + 1) * LANES + z] + f1)
        w[3 * LANES + z] = l3 + (below[(BORNE + 2) * LANES + z] + f2)
        w[ALL * LANES + z] = alive
        here[EXPOSED * LANES + z] = exposed
        here[NOT_YET * LANES + z], here[(NOT_YET + 1) * LANES + z] = n0 - e0, n1 - e1
        here[(NOT_YET + 2) * LANES + z], here[(NOT_YET + 3) * LANES + z] = n2 - e2, n3 - e3
        e2, f2 = e2 + e3, f2 + f3
        here[BORNE * LANES + z], here[(BORNE + 1) * LANES + z] = e0, e1
        here[(BORNE + 2) * LANES + z] = e2
        b0, b1 = fma(left, f0, exposed * e0), fma(left, f1, exposed * e1)
        b2 = fma(left, f2, exposed * e2)
        women = 0.5 * (exposed + alive)
        each = (b0 + b1 + b2) / women if women > 0.0 else 0.0
        here[BORN * LANES + z], here[(BORN + 1) * LANES + z] = b0, b1
        here[(BORN + 2) * LANES + z] = b2
        here[BIRTHS * LANES + z] = below[BIRTHS * LANES + z] + b0
        here[(BIRTHS + 1) * LANES + z] = below[(BIRTHS + 1) * LANES + z] + b1
        here[(BIRTHS + 2) * LANES + z] = below[(BIRTHS + 2) * LANES + z] + b2
        here[FERTILITY * LANES + z] = below[FERTILITY * LANES + z] + each
        here[DIED * LANES + z] = fma(q, reaching, below[DIED * LANES + z])
        poor += alive <= 0.0
    return poor


@jit_inner
def spread_wanted(W, wat, X, low, first, last, below, level, ages, moved):
    """Move births that are wanted beyond what women of an age can bear to the nearest ages.

    ``below`` are the women of the age under ``low``, ``ages`` (3, age) is scratch. The ``level``
    of fertility of a lane, which is wanted, becomes that of its moved births.
    """
    births, room, women = ages[0], ages[1], ages[2]
    for z in range(LANES):
        crowded, exposed_below = 0, below[EXPOSED * LANES + z]
        for a in range(low, last):
            x = X[(a - low) * INPUTS * LANES :]
            enter, exposed = x[ENTERING * LANES + z], W[wat + (a * ROWS + ALL) * LANES + z]
            exposed += enter
            alive = (1.0 - x[z]) * exposed_below + enter
            exposed_below = exposed
            if a >= first:
                women[a] = 0.5 * (exposed + alive)
                births[a] = x[WANTED * LANES + z] * women[a]
                room[a] = 0.5 * (exposed + ALWAYS_BORNE * max(alive, 0.0))
                crowded += births[a] > room[a]
        if crowded > 0:
            elsewhere, lost = spread_over_ages(births, room, first, last)
            moved[DISPLACED * LANES + z] += elsewhere
            moved[LOST * LANES + z] += lost
            for a in range(first, last):
                i = ((a - low) * INPUTS + WANTED) * LANES + z
                wanted = births[a] / women[a] if women[a] > 0.0 else 0.0
                level[z] += wanted - X[i]
                X[i] = wanted


@jit_inner
def bear_held(W, wat, X, low, a, ceiling, below, here, few, moved):
    """Births of the lanes that :func:`bear_wanted` leaves: some parities are held back.

    Others bear in their place (:mod:`popsim.kernels.bearing`), which ``moved`` counts. ``few``
    (4, parity) is scratch.
    """
    w, x = W[wat + (a - 1) * ROWS * LANES :], X[(a - low) * INPUTS * LANES :]
    start, women, rates, orders = few[0], few[1], few[2], few[3, :ORDERS]
    for z in range(LANES):
        if here[SCALE * LANES + z] <= x[MOST * LANES + z]:
            continue
        alive, exposed = w[ALL * LANES + z], here[EXPOSED * LANES + z]
        left, everybody, total = max(alive, 0.0), 0.5 * (exposed + alive), 0.0
        for k in range(PARITIES):
            start[k] = x[(RATES + k) * LANES + z]
            women[k] = exposed * w[(ROWS + k) * LANES + z] + left * below[(NOT_YET + k) * LANES + z]
            women[k] *= 0.5
        wanted = x[WANTED * LANES + z]
        births = wanted * everybody
        lost = fill_rates(births, ceiling, start, women, rates)
        moved[LOST * LANES + z] += lost
        moved[REORDERED * LANES + z] += reordered(births - lost, start, women, rates, orders)
        for k in range(PARITIES):
            x[(SCALED + k) * LANES + z] = rates[k]
        # In the order of bear_given(), which without a package must give the same bits.
        c0, c1, c2, c3 = 0.5 * rates[0], 0.5 * rates[1], 0.5 * rates[2], 0.5 * rates[3]
        n0, n1 = w[ROWS * LANES + z], w[(ROWS + 1) * LANES + z]
        n2, n3 = w[(ROWS + 2) * LANES + z], w[(ROWS + 3) * LANES + z]
        l0, l1 = below[NOT_YET * LANES + z], below[(NOT_YET + 1) * LANES + z]
        l2, l3 = below[(NOT_YET + 2) * LANES + z], below[(NOT_YET + 3) * LANES + z]
        e0, e1, e2, e3 = c0 * n0, c1 * n1, c2 * n2, c3 * n3
        f0, f1, f2, f3 = c0 * l0, c1 * l1, c2 * l2, c3 * l3
        w[z] = l0 - f0
        w[LANES + z] = l1 - f1 + (below[BORNE * LANES + z] + f0)
        w[2 * LANES + z] = l2 - f2 + (below[(BORNE + 1) * LANES + z] + f1)
        w[3 * LANES + z] = l3 + (below[(BORNE + 2) * LANES + z] + f2)
        here[NOT_YET * LANES + z], here[(NOT_YET + 1) * LANES + z] = n0 - e0, n1 - e1
        here[(NOT_YET + 2) * LANES + z], here[(NOT_YET + 3) * LANES + z] = n2 - e2, n3 - e3
        e2, f2 = e2 + e3, f2 + f3
        here[BORNE * LANES + z], here[(BORNE + 1) * LANES + z] = e0, e1
        here[(BORNE + 2) * LANES + z] = e2
        here[BORN * LANES + z] = fma(left, f0, exposed * e0)
        here[(BORN + 1) * LANES + z] = fma(left, f1, exposed * e1)
        here[(BORN + 2) * LANES + z] = fma(left, f2, exposed * e2)
        for o in range(ORDERS):
            born = here[(BORN + o) * LANES + z]
            here[(BIRTHS + o) * LANES + z] = below[(BIRTHS + o) * LANES + z] + born
            total += born
        each = total / everybody if everybody > 0.0 else 0.0
        here[FERTILITY * LANES + z] = below[FERTILITY * LANES + z] + (each - wanted)


@jit_inner
def keep_rates(X, low, a, here):
    """Rates by parity that the women of one age of the baseline bear by, for packages."""
    x = X[(a - low) * INPUTS * LANES :]
    for z in range(LANES):
        scale = here[SCALE * LANES + z]
        x[SCALED * LANES + z] = scale * x[RATES * LANES + z]
        x[(SCALED + 1) * LANES + z] = scale * x[(RATES + 1) * LANES + z]
        x[(SCALED + 2) * LANES + z] = scale * x[(RATES + 2) * LANES + z]
        x[(SCALED + 3) * LANES + z] = scale * x[(RATES + 3) * LANES + z]


@jit_inner
def add_per_woman(W, wat, a, band, here, by_band):
    """Add the births per woman of one age, by order, to ``by_band``."""
    w = W[wat + ((a - 1) * ROWS + ALL) * LANES :]
    into = by_band[band[a] * ORDERS * LANES :]
    for z in range(LANES):
        women = 0.5 * (w[z] + here[EXPOSED * LANES + z])
        per = 1.0 / women if women > 0.0 else 0.0
        into[z] += per * here[BORN * LANES + z]
        into[LANES + z] += per * here[(BORN + 1) * LANES + z]
        into[2 * LANES + z] += per * here[(BORN + 2) * LANES + z]


@jit_inner
def write_births(a, here, s, begin, end, t, out):
    """Births of one age by order into ``out`` (scenario, cell, year, order, age)."""
    for z in range(end - begin):
        for o in range(ORDERS):
            out[s, begin + z, t, o, a] = here[(BORN + o) * LANES + z]


@jit_inner
def let_in(form, S, enter, mobile, by_person, moving, H, low, tracked, X, R):
    """Who enters at the ages ``low <= a < tracked`` to X, and the sum of them to R."""
    a = low
    while a < tracked:
        s, h, x = S[a * LANES :], H[a * LANES :], X[((a - low) * INPUTS + ENTERING) * LANES :]
        u0, v0, three = enter[a], mobile[a], a + 3 <= tracked
        if form == LAID:
            for z in range(LANES):
                x[z] = h[z]
                R[NET * LANES + z] += h[z]
        elif three:
            u1, u2, v1, v2 = enter[a + 1], enter[a + 2], mobile[a + 1], mobile[a + 2]
            for z in range(LANES):
                k, s0, s1, s2 = moving[z], s[z], s[LANES + z], s[2 * LANES + z]
                h0, h1, h2 = fma(k, v0, u0), fma(k, v1, u1), fma(k, v2, u2)
                h0, h1 = (h0 * s0 if by_person else h0), (h1 * s1 if by_person else h1)
                h2 = h2 * s2 if by_person else h2
                x[z], x[INPUTS * LANES + z], x[2 * INPUTS * LANES + z] = h0, h1, h2
                R[NET * LANES + z] = ((R[NET * LANES + z] + h0) + h1) + h2
        else:
            for z in range(LANES):
                h0 = fma(moving[z], v0, u0)
                h0 = h0 * s[z] if by_person else h0
                x[z] = h0
                R[NET * LANES + z] += h0
        a += 3 if three and form != LAID else 1


@jit_inner
def give_rows(P, at, W, wat, tracked):
    """What the rows by age say of women of all parities, to the rows by parity."""
    for a in range(tracked):
        p, w = P[at + a * LANES :], W[wat + (a * ROWS + ALL) * LANES :]
        for z in range(LANES):
            w[z] = p[z]


@jit_inner
def finish(S, W, wat, low, tracked, sums, R):
    """What the walk over the ages ``low <= a < tracked`` leaves, to the rows by age and to R."""
    for a in range(low - 1, tracked - 1):
        p, w = S[a * LANES :], W[wat + (a * ROWS + ALL) * LANES :]
        for z in range(LANES):
            p[z] = w[z]
    p = S[(tracked - 1) * LANES :]
    for z in range(LANES):
        p[z] = sums[EXPOSED * LANES + z]
        R[ENTER * LANES + z] = 0.0  # who comes in at the last age is among its exposed
        R[DEATHS * LANES + z] = sums[DIED * LANES + z]
        R[ALL_FERTILITY * LANES + z] = sums[FERTILITY * LANES + z]
        for o in range(ORDERS):
            R[(ALL_BIRTHS + o) * LANES + z] = sums[(BIRTHS + o) * LANES + z]


@jit_inner
def settle(
    W, wat, X, low, a, band, ceiling, packages, by_band, below, here, held, few, moved, s, begin,
    end, t, out,
):  # fmt: skip
    """What births of one age need beyond :func:`bear_wanted`, and what others read of them."""
    if packages and s == 0:
        keep_rates(X, low, a, here)
    if held > 0:
        bear_held(W, wat, X, low, a, ceiling, below, here, few, moved)
    if packages and s == 0:
        add_per_woman(W, wat, a, band, here, by_band)
    write_births(a, here, s, begin, end, t, out)


@jit_inner
def move_women(
    form, S, youngest, W, wat, X, P, enter, mobile, by_person, shift, moving, Q, H, low, tracked,
    first, last, band, ceiling, packages, F, by_band, one, other, few, by_age, crowded, level,
    moved, R, s, begin, end, t, out,
):  # fmt: skip
    """One year of women but for the ends, from the ``youngest`` age on; counts empty groups.

    In the baseline (``s`` 0) women bear the births that are wanted, in packages at the rates of
    the baseline times the factors ``F`` (band, order). ``one`` and ``other`` are what ages hand
    on to each other in turns, and ``out`` births at every age; ``few`` by parity and ``by_age``
    are scratch. Where births of an age may be too many for its women (``crowded``), they move
    before. ``moved`` (MOVED, lane) counts births that others bear than the rates ask.
    """
    ages, none, held = enter.shape[0], 0, 0
    poor = walk(form, S, youngest, low - 1, P, enter, mobile, by_person, shift, moving, Q, H, R)
    let_in(form, S, enter, mobile, by_person, moving, H, low, tracked, X, R)
    start(S, W, wat, low, R, one)
    if crowded and s == 0:
        spread_wanted(W, wat, X, low, first, last, one, level, by_age, moved)
    for a in range(low, tracked):
        even, bearing = (a - low) % 2 == 0, first <= a < last
        if a == ages - 1:
            join(W, wat, X, low, a, one if even else other)
        # Each call twice: a name for what changes hands would cost as much as the call.
        if not bearing and even:
            none = grow(W, wat, X, low, a, one, other)
        elif not bearing:
            none = grow(W, wat, X, low, a, other, one)
        elif s == 0 and even:
            none, held = bear_wanted(W, wat, X, low, a, one, other)
        elif s == 0:
            none, held = bear_wanted(W, wat, X, low, a, other, one)
        elif even:
            none = bear_given(W, wat, X, low, a, F, band, one, other)
        else:
            none = bear_given(W, wat, X, low, a, F, band, other, one)
        if bearing and (held > 0 or end > begin or (packages and s == 0)):
            below, here = (one, other) if even else (other, one)
            settle(
                W, wat, X, low, a, band, ceiling, packages, by_band, below, here, held, few, moved,
                s, begin, end, t, out,
            )  # fmt: skip
            held = 0
        if none > 0:
            forget(W, wat, a)
            poor += none
    finish(S, W, wat, low, tracked, one if (tracked - low) % 2 == 0 else other, R)
    if tracked < ages:
        poor += walk(
            form, S, tracked - 1, ages - 2, P, enter, mobile, by_person, shift, moving, Q, H, R
        )  # fmt: skip
    return poor


@jit_inner
def share_out(P, at, W, wat, tracked):
    """Women by parity, in the rows of their shares, as shares of all."""
    for a in range(tracked):
        p, w = P[at + a * LANES :], W[wat + a * ROWS * LANES :]
        for z in range(LANES):
            n0, n1, n2, n3 = w[z], w[LANES + z], w[2 * LANES + z], w[3 * LANES + z]
            everybody = n0 + (n1 + n2 + n3)
            w[z] = n0 / everybody if everybody > 0.0 else 1.0
            for k in range(1, PARITIES):
                w[k * LANES + z] = w[k * LANES + z] / everybody if everybody > 0.0 else 0.0
            w[ALL * LANES + z] = p[z]


@jit_inner
def childless(P, at, W, wat, a):
    """All women of one age are childless."""
    p, w = P[at + a * LANES :], W[wat + a * ROWS * LANES :]
    for z in range(LANES):
        w[z], w[ALL * LANES + z] = 1.0, p[z]
        w[LANES + z], w[2 * LANES + z], w[3 * LANES + z] = 0.0, 0.0, 0.0


@jit_inner
def forget(W, wat, a):
    """Women who come in where nobody has reached age ``a`` are childless."""
    w = W[wat + (a - 1) * ROWS * LANES :]
    for z in range(LANES):
        if not w[ALL * LANES + z] > 0.0:
            w[z], w[LANES + z], w[2 * LANES + z], w[3 * LANES + z] = 1.0, 0.0, 0.0, 0.0


@jit_inner
def youngest_mother(W, wat, oldest):
    """The youngest age, up to ``oldest``, at which some woman of the block is not childless."""
    for a in range(oldest):
        for i in range(wat + (a * ROWS + 1) * LANES, wat + (a * ROWS + PARITIES) * LANES):
            if W[i] != 0.0:
                return a
    return oldest
