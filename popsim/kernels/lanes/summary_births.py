"""Births of a year in a block of lanes: women at its start and its end, times their rates.

Arguments ``d`` are :class:`popsim.kernels.lanes.summary.Inputs`; ``W`` has the sums of each order.
"""

from __future__ import annotations

from popsim.kernels._jit import fma, jit_inner
from popsim.kernels.lanes.blocks import LANES, fill, same
from popsim.kernels.lanes.summary_rates import lay_migrants
from popsim.kernels.lanes.walks import LAID
from popsim.kernels.step.cohort import COUNTS


@jit_inner
def weigh(rates, S, begin, end, total):
    """Add to ``total``, over some ages, ``S`` times rates that all lanes share."""
    a = begin
    while a < end:
        s, f0 = S[a * LANES :], rates[a]
        if a + 4 <= end:
            f1, f2, f3 = rates[a + 1], rates[a + 2], rates[a + 3]
            for z in range(LANES):
                two = fma(f1, s[LANES + z], fma(f0, s[z], total[z]))
                total[z] = fma(f3, s[3 * LANES + z], fma(f2, s[2 * LANES + z], two))
            a += 4
        else:
            for z in range(LANES):
                total[z] = fma(f0, s[z], total[z])
            a += 1


@jit_inner
def weigh_drawn(rates, S, enter, mobile, by_person, moving, begin, end, total):
    """As :func:`weigh`, of those at the start of the year and of who enters then."""
    a = begin
    while a < end:
        s, f0, u0, v0 = S[a * LANES :], rates[a], enter[a], mobile[a]
        if a + 2 <= end:
            f1, u1, v1 = rates[a + 1], enter[a + 1], mobile[a + 1]
            for z in range(LANES):
                s0, s1, k = s[z], s[LANES + z], moving[z]
                h0, h1 = fma(k, v0, u0), fma(k, v1, u1)
                h0, h1 = (h0 * s0 if by_person else h0), (h1 * s1 if by_person else h1)
                total[z] = fma(f1, s1 + h1, fma(f0, s0 + h0, total[z]))
            a += 2
        else:
            for z in range(LANES):
                h0 = fma(moving[z], v0, u0)
                total[z] = fma(f0, s[z] + (h0 * s[z] if by_person else h0), total[z])
            a += 1


@jit_inner
def weigh_laid(rates, S, H, begin, end, total):
    """As :func:`weigh_drawn`, bit for bit, of migrants that are laid out."""
    for a in range(begin, end):
        s, h, f = S[a * LANES :], H[a * LANES :], rates[a]
        for z in range(LANES):
            total[z] = fma(f, s[z] + h[z], total[z])


@jit_inner
def weigh_apart(values, rows, t, order, S, begin, end, total):
    """As :func:`weigh`, bit for bit, by rates of the row of each lane."""
    for a in range(begin, end):
        s = S[a * LANES :]
        for z in range(LANES):
            total[z] = fma(values[rows[z], t, order, a], s[z], total[z])


@jit_inner
def bear_early(d, t, form, rows, S, enter, mobile, moving, H, X, W):
    """Women at the start of the year, and who enters then, times their rates, by order.

    ``X`` is scratch.
    """
    by_person, first, last = d.mode != COUNTS, d.first, d.last
    shared = same(rows)
    if not shared:
        if form != LAID:
            within = H[first * LANES :]
            lay_migrants(S, first, last, 1, enter, mobile, by_person, moving, within, 1)
        for i in range(first * LANES, last * LANES):
            X[i] = S[i] + H[i]
    for o in range(d.fertility.shape[2]):
        total, rates = W[o * LANES : (o + 1) * LANES], d.fertility[rows[0], t, o]
        fill(total, 0.0)
        if not shared:
            weigh_apart(d.fertility, rows, t, o, X, first, last, total)
        elif form == LAID:
            weigh_laid(rates, S, H, first, last, total)
        else:
            weigh_drawn(rates, S, enter, mobile, by_person, moving, first, last, total)


@jit_inner
def bear(d, t, rows, S, W, births, start, stop, out):
    """Births of all orders by lane, from early ones and the women of the end of the year.

    ``rows`` are those of fertility and of factors; births of an order go into ``out``
    (year, order, cell).
    """
    fill(births, 0.0)
    shared, factor, half = same(rows[0]), d.factor, d.step / 2.0
    for o in range(d.fertility.shape[2]):
        total = W[o * LANES : (o + 1) * LANES]
        if shared:
            weigh(d.fertility[rows[0, 0], t, o], S, d.first, d.last, total)
        else:
            weigh_apart(d.fertility, rows[0], t, o, S, d.first, d.last, total)
        for z in range(LANES):
            total[z] *= half * factor[rows[1, z], t, o]
            births[z] += total[z]
        row = out[t, o, start:stop]
        for z in range(row.shape[0]):
            row[z] = total[z]
