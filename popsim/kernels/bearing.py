"""Who bears the births that rates ask for, where the women of a parity or an age are too few.

Births are conserved. They move to women of the same age whose parity bears less often than it
may, then to the nearest ages, and are lost only when no woman of any reproductive age is left
to bear. A woman bears at most once in a step: half of a parity in each half of it.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit

#: Births per woman and step of an age that its women can bear whatever they bore at the age
#: before. By one confinement a step, half of those there at the start bear in its first half,
#: and in its second half of those who arrive and have not borne, who are half of them at least.
ALWAYS_BORNE = 0.5


@jit
def fill_rates(births, ceiling, start, women, rates):
    """Rates by parity (or order) in proportion to ``start`` by which the births are borne.

    Parameters
    ----------
    births : float
        Asked for, of all parities.
    ceiling : float
        A rate is raised in proportion up to this, or to its start where that is higher, and
        never beyond 1: what is above goes to the others, in their proportions.
    start, women : (parity,)
        Rates to keep the proportions of, and women who may bear.
    rates : (parity,)
        Output. Where all that have a start stand at their ceiling, the rates of all parities
        go on from there, by one and the same share of what is left up to 1.

    Returns
    -------
    float
        Births that nobody is left to bear.
    """
    held = 0  # bit by parity
    for k in range(rates.shape[0]):
        rates[k] = 0.0
    if births <= 0.0:
        return 0.0
    for _ in range(rates.shape[0] + 1):
        left, free = births, 0.0
        for k in range(rates.shape[0]):
            if held >> k & 1:
                left -= min(max(start[k], ceiling), 1.0) * women[k]
            else:
                free += start[k] * women[k]
        if not free > 0.0:
            break
        more, scale = held, left / free
        for k in range(rates.shape[0]):
            top = min(max(start[k], ceiling), 1.0)
            rates[k] = top if held >> k & 1 else scale * start[k]
            more |= (rates[k] > top) << k
        if more == held:
            return 0.0
        held = more
    borne, room = 0.0, 0.0
    for k in range(rates.shape[0]):
        rates[k] = min(max(start[k], ceiling), 1.0) if start[k] > 0.0 else 0.0
        borne += rates[k] * women[k]
        room += (1.0 - rates[k]) * women[k]
    share = (births - borne) / room if room > 0.0 else np.inf
    for k in range(rates.shape[0]):
        rates[k] = rates[k] + share * (1.0 - rates[k]) if share < 1.0 else 1.0
    return births - (borne + room) if share > 1.0 else 0.0


@jit
def reordered(births, start, women, rates, orders):
    """Births that others bear than in proportion to ``start``; all where nobody has one.

    ``orders`` sums of births by order are scratch: parity ``k`` bears order ``min(k, orders)``.
    """
    free, moved = 0.0, 0.0
    for k in range(rates.shape[0]):
        free += start[k] * women[k]
    if not free > 0.0:
        return births
    for o in range(orders.shape[0]):
        orders[o] = 0.0
    for k in range(rates.shape[0]):
        o = min(k, orders.shape[0] - 1)
        orders[o] += (rates[k] - births / free * start[k]) * women[k]
    for o in range(orders.shape[0]):
        moved += 0.5 * abs(orders[o])
    return moved


@jit
def spread_over_ages(births, room, first, last):
    """Move births of an age beyond its room to the nearest reproductive ages that have some.

    ``births`` and ``room`` are by age; ages are ``first <= a < last``. Returns how many births
    moved, and how many found no room: these are taken out of ``births``.
    """
    moved, lost = 0.0, 0.0
    for a in range(first, last):
        over = births[a] - room[a]
        if not over > 0.0:
            continue
        births[a] = room[a]
        moved += over
        for distance in range(1, last - first):
            for b in (a - distance, a + distance):
                if first <= b < last and over > 0.0:
                    take = max(min(over, room[b] - births[b]), 0.0)
                    births[b] += take
                    over -= take
        moved -= over
        lost += over
    return moved, lost
