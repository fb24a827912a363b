"""The step with women by parity, slow and obvious: what the compiled kernel is tested against.

Written from METHODS and the definitions at the head of :mod:`popsim.kernels.step.parity`, woman's
age by woman's age for one cell, with nothing shared with it but the constants.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels.step.cohort import CLOSED, NEGLIGIBLE
from popsim.kernels.step.parity import CONDITIONAL, FIRST_YEAR
from popsim.kernels.step.reference import lift_from_below_zero, migrants_asked_for


def split(total: float, shares: np.ndarray) -> np.ndarray:
    """A number of women in the proportions of others by parity; childless where there are none."""
    if shares.sum() > 0:
        return total * shares / shares.sum()
    return np.array([total, 0.0, 0.0, 0.0])


def in_proportion(
    start: np.ndarray, women: np.ndarray, births: float, ceiling: float
) -> np.ndarray:
    """Rates by parity or order that give the births, none above one confinement in the step.

    One multiple of the start, none above its ceiling, as long as that is enough; then all go on
    from there by one share of what each has left.
    """
    if births <= 0:
        return np.zeros(len(start))
    top = np.where(start > 0, np.minimum(np.maximum(start, ceiling), 1.0), 0.0)
    if births >= (top * women).sum():
        left = ((1.0 - top) * women).sum()
        share = (births - (top * women).sum()) / left if left > 0 else 1.0
        return top + min(share, 1.0) * (1.0 - top)
    low, high = 0.0, 1.0
    while (np.minimum(high * start, top) * women).sum() < births:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        enough = (np.minimum(middle * start, top) * women).sum() >= births
        low, high = (low, middle) if enough else (middle, high)
    return np.minimum(high * start, top)


def at_other_ages(
    births: np.ndarray, exposed: np.ndarray, reached: np.ndarray, bearing: range
) -> np.ndarray:
    """Births by age where none has more than its women can bear, whatever they have borne.

    Half of the women there at the start bear at the most, and half of those who reach the age
    and have not borne, who are half of them at least. What is more goes to the nearest ages.
    """
    room = exposed / 2 + np.maximum(reached, 0.0) / 4
    borne = births.copy()
    for a in bearing:
        over = max(borne[a] - room[a], 0.0)
        borne[a] -= over
        for b in sorted(bearing, key=lambda b: (abs(b - a), b)):
            take = min(over, max(room[b] - borne[b], 0.0))
            borne[b], over = borne[b] + take, over - take
    return borne


def one_step(
    P: np.ndarray,
    N: np.ndarray,
    survival: np.ndarray,
    rates: np.ndarray,
    srb: float,
    migration: np.ndarray,
    mode: int,
    step: float,
    even: bool,
    incidence: bool,
    start: np.ndarray | None = None,
    ceiling: float = np.inf,
) -> tuple[np.ndarray, ...]:
    """Return population, women by parity, conditional rates, births and the other flows.

    Population (sex, age) and women (parity, age) are at the end; conditional rates (parity,
    age); births (order, age); deaths, migrants, their adjustment and the part of it that lifted
    groups (sex, age). ``start``: conditional rates whose
    proportions are kept, so that of the incidence rates only the sum over order counts.
    """
    asked = migrants_asked_for(P, migration, mode, step)
    applied = asked.copy()
    if mode != CLOSED:
        applied = np.where(P + asked <= 0, NEGLIGIBLE - P, asked)
    at_start = applied / 2 if even else np.zeros_like(P)
    at_end = applied - at_start if even else np.zeros_like(P)
    exposed = P + at_start
    ages = P.shape[1]

    reaching = np.zeros_like(P)
    reaching[:, 1:] = exposed[:, :-1]
    reaching[:, -1] += exposed[:, -1]
    deaths = (1 - survival) * reaching
    end = reaching - deaths + at_end

    by_parity = np.array([split(exposed[0, a], N[:, a]) for a in range(ages)]).T
    women = np.zeros_like(N)  # at the end
    births = np.zeros((3, ages))
    conditional = np.zeros_like(N)
    if incidence:
        in_all = step * rates.sum(axis=0) * (exposed[0] + end[0]) / 2
        in_all = at_other_ages(in_all, exposed[0], end[0], range(1, ages - 1))
    mothers_before = np.zeros(4)  # of the first half, at the age before
    for a in range(1, ages):
        # Of those who reach the age, who has borne this year and who may.
        not_yet = by_parity[:, a - 1] - mothers_before
        borne = mothers_before
        if a == ages - 1:
            not_yet = not_yet + by_parity[:, a]
        everybody = not_yet.sum() + borne.sum()
        ratio = max(end[0, a], 0.0) / everybody if everybody > 0 else 0.0
        not_yet, borne = ratio * not_yet, ratio * borne
        now = by_parity[:, a]
        if incidence and 0 < a < ages - 1:
            bearing = [[0], [1], [2, 3]]
            may_bear = np.array([(now[k].sum() + not_yet[k].sum()) / 2 for k in bearing])
            given = rates[:, a].sum()
            asked_births = in_all[a] * (rates[:, a] / given if given > 0 else np.zeros(3))
            if start is not None:
                kept = step * start[:3, a]
            else:
                some = may_bear > 0
                kept = np.divide(asked_births, may_bear, out=np.zeros(3), where=some)
            if start is None and (kept <= 1).all() and (asked_births[~some] == 0).all():
                found = kept
            else:
                found = in_proportion(kept, may_bear, in_all[a], ceiling)
            conditional[:, a] = found[[0, 1, 2, 2]] / step
        elif not incidence and a < ages - 1:
            conditional[:, a] = rates[:, a]
        half = np.minimum(step * conditional[:, a], 1.0) / 2
        mothers_first, mothers_second = half * now, half * not_yet
        for k in range(4):
            births[min(k, 2), a] += mothers_first[k] + mothers_second[k]
            women[k, a] += not_yet[k] - mothers_second[k]
            women[min(k + 1, 3), a] += borne[k] + mothers_second[k]
        mothers_before = mothers_first

    girls = births.sum() / (1 + srb)
    born = np.array([girls, births.sum() - girls])
    deaths[:, 0] = (1 - survival[:, 0]) * born
    end[:, 0] = born - deaths[:, 0] + at_end[:, 0]
    if not even:
        end = end + applied
    end, lift = lift_from_below_zero(end, mode)
    applied = applied + lift
    women = np.array([split(end[0, a], women[:, a]) for a in range(ages)]).T
    return end, women, conditional, births, deaths, applied, applied - asked, lift


def project(
    population: np.ndarray,
    women: np.ndarray,
    survival: np.ndarray,
    rates: np.ndarray,
    factor: np.ndarray,
    srb: np.ndarray,
    migration: np.ndarray,
    mode: int,
    step: float,
    even: bool,
    given: int = CONDITIONAL,
    ceiling: float = np.inf,
) -> tuple[np.ndarray, ...]:
    """Project one cell over all years.

    Parameters
    ----------
    population : (sex, age)
    women : (parity, age)
    survival : (year, sex, age)
    rates : (year, parity, age), or (year, order, age) unless ``given`` is CONDITIONAL
    factor : (year, order)
        On conditional rates; with incidence rates it must be 1.
    srb : (year,)
    migration : (year, sex, age), or (year, 1) for a total
    mode, step, even, given, ceiling
        As in :func:`popsim.kernels.step.parity.project_full`.

    Returns
    -------
    population (year + 1, sex, age), women (year + 1, parity, age), conditional rates (year,
    parity, age), births (year, order, age), deaths, net migration, its adjustment and the part
    of that which lifted groups (year, sex, age).
    """
    people, by_parity = [population], [women]
    flows: list[list[np.ndarray]] = []
    for t in range(len(srb)):
        incidence = given != CONDITIONAL
        asked = rates[t] if incidence else rates[t] * factor[t][[0, 1, 2, 2], None]
        start = flows[0][0] if given == FIRST_YEAR and t > 0 else None
        end, moved, *flow = one_step(
            people[-1], by_parity[-1], survival[t], asked, srb[t], migration[t],
            mode, step, even, incidence, start, ceiling,
        )  # fmt: skip
        people.append(end)
        by_parity.append(moved)
        flows.append(flow)
    return (
        np.array(people),
        np.array(by_parity),
        *(np.array(f) for f in zip(*flows, strict=True)),
    )
