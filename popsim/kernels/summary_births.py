"""Births of a year in a block of lanes: women at its start and its end, times their rates.

Arguments ``d`` are :class:`popsim.kernels.summary.Inputs`; ``W`` has the sums of each order.
"""

from __future__ import annotations

from popsim.kernels._jit import jit
from popsim.kernels.cohort import CLOSED, COUNTS
from popsim.kernels.lanes import LANES, fill, same
from popsim.kernels.summary_rates import APART, MOVING, migrants


@jit
def weigh(rates, S, begin, end, total):
    """Add to ``total``, over some ages, ``S`` times rates that all lanes share."""
    a = begin
    while a < end:
        s, f0 = S[a * LANES :], rates[a]
        if a + 4 <= end:
            f1, f2, f3 = rates[a + 1], rates[a + 2], rates[a + 3]
            for z in range(LANES):
                one, two = f0 * s[z] + f1 * s[LANES + z], f2 * s[2 * LANES + z]
                total[z] += one + (two + f3 * s[3 * LANES + z])
            a += 4
        else:
            for z in range(LANES):
                total[z] += f0 * s[z]
            a += 1


@jit
def weigh_migrants(rates, S, own, each, draw, by_person, begin, end, total):
    """As :func:`weigh`, bit for bit, of what :func:`migrants` would be."""
    k, a = draw[MOVING * LANES : (MOVING + 1) * LANES], begin
    while a < end:
        s, f0, u0, v0 = S[a * LANES :], rates[a], own[a], each[a]
        if a + 4 <= end:
            f1, f2, f3 = rates[a + 1], rates[a + 2], rates[a + 3]
            u1, u2, u3 = own[a + 1], own[a + 2], own[a + 3]
            v1, v2, v3 = each[a + 1], each[a + 2], each[a + 3]
            for z in range(LANES):
                m0, m1, m2, m3 = u0 + k[z] * v0, u1 + k[z] * v1, u2 + k[z] * v2, u3 + k[z] * v3
                m0, m1 = (m0 * s[z] if by_person else m0), (m1 * s[LANES + z] if by_person else m1)
                m2 = m2 * s[2 * LANES + z] if by_person else m2
                m3 = m3 * s[3 * LANES + z] if by_person else m3
                one, two = f0 * m0 + f1 * m1, f2 * m2
                total[z] += one + (two + f3 * m3)
            a += 4
        else:
            for z in range(LANES):
                m0 = u0 + k[z] * v0
                total[z] += f0 * (m0 * s[z] if by_person else m0)
            a += 1


@jit
def weigh_apart(values, rows, t, order, S, begin, end, total):
    """As :func:`weigh`, bit for bit, by rates of the row of each lane."""
    a = begin
    while a < end:
        s = S[a * LANES :]
        if a + 4 <= end:
            for z in range(LANES):
                f = values[rows[z], t, order, a : a + 4]
                one, two = f[0] * s[z] + f[1] * s[LANES + z], f[2] * s[2 * LANES + z]
                total[z] += one + (two + f[3] * s[3 * LANES + z])
            a += 4
        else:
            for z in range(LANES):
                total[z] += values[rows[z], t, order, a] * s[z]
            a += 1


@jit
def weigh_women(d, t, o, rows, S, total):
    """Add to ``total`` the women of each bearing age times their rates of an order."""
    if same(rows):
        weigh(d.fertility[rows[0], t, o], S, d.first, d.last, total)
    else:
        weigh_apart(d.fertility, rows, t, o, S, d.first, d.last, total)


@jit
def bear_early(d, t, form, rows, S, own, each, draw, H, W):
    """Women at the start of the year, and who enters then, times their rates, by order."""
    by_person = d.mode != COUNTS
    for o in range(d.fertility.shape[2]):
        total, rates = W[o * LANES : (o + 1) * LANES], d.fertility[rows[0], t, o]
        fill(total, 0.0)
        if not same(rows):
            if form != APART:
                a, b = d.first * LANES, d.last * LANES
                within = slice(d.first, d.last)
                migrants(S[a:b], own[within], each[within], draw, by_person, H[a:b])
            weigh_apart(d.fertility, rows, t, o, H, d.first, d.last, total)
        elif form == APART:
            weigh(rates, H, d.first, d.last, total)
        elif d.mode != CLOSED:
            weigh_migrants(rates, S, own, each, draw, by_person, d.first, d.last, total)
        weigh_women(d, t, o, rows, S, total)


@jit
def bear(d, t, rows, S, W, births, out):
    """Births of all orders by lane, from early ones and the women of the end of the year.

    ``rows`` are those of fertility and of factors; births of an order go into ``out``
    (lane, order).
    """
    fill(births, 0.0)
    for o in range(d.fertility.shape[2]):
        total = W[o * LANES : (o + 1) * LANES]
        weigh_women(d, t, o, rows[0], S, total)
        for z in range(LANES):
            total[z] *= d.step * d.factor[rows[1, z], t, o] / 2.0
            births[z] += total[z]
        for z in range(out.shape[0]):
            out[z, o] = total[z]
