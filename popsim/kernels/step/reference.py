"""The cohort-component step, slow and obvious: what the compiled kernel is tested against.

Written straight from METHODS, section "One step", for one cell at a time, with
NumPy alone and nothing shared with :mod:`popsim.kernels.step.cohort` but its constants.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels.step.cohort import CLOSED, COUNTS, LIFTED, NEGLIGIBLE, RATES


def migrants_asked_for(P: np.ndarray, migration: np.ndarray, mode: int, step: float) -> np.ndarray:
    """Net migrants in the step (sex, age) before the guard."""
    if mode == CLOSED:
        return np.zeros_like(P)
    if mode == COUNTS:
        return step * migration
    if mode == RATES:
        return step * migration * P
    return step * migration[0] * P / P.sum() if P.sum() > 0 else np.zeros_like(P)


def one_step(
    P: np.ndarray,
    survival: np.ndarray,
    fertility: np.ndarray,
    srb: float,
    migration: np.ndarray,
    mode: int,
    step: float,
    even: bool,
) -> tuple[np.ndarray, ...]:
    """Return population at the end, births (order, age), deaths, migrants, adjustment, lift."""
    asked = migrants_asked_for(P, migration, mode, step)
    applied = asked.copy()
    if mode != CLOSED:
        applied = np.where(P + asked <= 0, NEGLIGIBLE - P, asked)

    at_start = applied / 2 if even else np.zeros_like(P)
    at_end = applied - at_start if even else np.zeros_like(P)
    exposed = P + at_start

    # Who reaches each age group: those of the group before; the open group has two sources.
    reaching = np.zeros_like(P)
    reaching[:, 1:] = exposed[:, :-1]
    reaching[:, -1] += exposed[:, -1]
    deaths = (1 - survival) * reaching
    end = reaching - deaths + at_end

    bearing = fertility.copy()
    bearing[:, [0, -1]] = 0.0
    births = step * bearing * (exposed[0] + end[0]) / 2
    girls = births.sum() / (1 + srb)
    born = np.array([girls, births.sum() - girls])
    deaths[:, 0] = (1 - survival[:, 0]) * born
    end[:, 0] = born - deaths[:, 0] + at_end[:, 0]

    if not even:
        end = end + applied
    end, lift = lift_from_below_zero(end, mode)
    return end, births, deaths, applied + lift, applied + lift - asked, lift


def lift_from_below_zero(end: np.ndarray, mode: int) -> tuple[np.ndarray, np.ndarray]:
    """Return who is there at the end, no group below zero, and how many that took."""
    below = (end < 0) & (mode != CLOSED)
    return np.where(below, LIFTED, end), np.where(below, LIFTED - end, 0.0)


def project(
    population: np.ndarray,
    survival: np.ndarray,
    fertility: np.ndarray,
    srb: np.ndarray,
    migration: np.ndarray,
    mode: int,
    step: float,
    even: bool,
) -> tuple[np.ndarray, ...]:
    """Project one cell over all years.

    Parameters
    ----------
    population : (sex, age)
    survival : (year, sex, age)
    fertility : (year, order, age)
    srb : (year,)
    migration : (year, sex, age), or (year, 1) for a total
    mode, step, even
        As in :func:`popsim.kernels.step.cohort.project_full`.

    Returns
    -------
    population (year + 1, sex, age), births (year, order, age), deaths, net migration,
    its adjustment and the part of that which lifted groups (year, sex, age).
    """
    stocks, flows = [population], []
    for t in range(len(srb)):
        end, *flow = one_step(
            stocks[-1], survival[t], fertility[t], srb[t], migration[t], mode, step, even
        )
        stocks.append(end)
        flows.append(flow)
    return np.array(stocks), *(np.array(f) for f in zip(*flows, strict=True))
