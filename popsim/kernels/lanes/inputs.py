"""What the simulation kernel reads and writes: plain arrays under the names of the field.

Cells are regions times draws, draws innermost. What cells share is stored once: cell
``c`` reads ``values[index[c]]``. A *state* is one vector, ages of women and then ages of men.
*Packages* are the scenarios without the baseline; *scenarios* count it as number 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: How a budget cap is shared out (the kernel's own enumeration).
PRO_RATA, FIRST_COME, BY_ORDER = 0, 1, 2

#: Children are carried by order to this age (exclusive); payments fall due up to it.
CHILD_AGES = 19

#: Age at which the families of a cohort are taken as complete [years].
COMPLETED_AGE = 50

#: The ages over which women by parity are added up in a summary: from, to (exclusive).
BEARING_AGES = (15, 50)


class Demography(NamedTuple):
    """The people of each cell and what happens to them without a policy.

    Attributes
    ----------
    population : (row, state), population_index : (cell,)
        [persons] at the start.
    children : (row, order, child age)
        Children of both sexes by birth order, read by ``population_index``.
    mobility : (row, state) or, for a total, (row, 1)
        Net migrants at a migration shift of 1, in the unit of ``migration``; read by
        ``population_index``.
    women : (row, parity, age), women_index : (cell,)
        [persons], adding up to the women of ``population``.
    survival : (row, year, coefficient, state), survival_index : (cell,)
        Survival ratio as a polynomial in ``shift``, cut off at 0 and 1.
    shift : (cell, year, sex)
    fertility : (row, year, age), fertility_index : (cell,)
        Births per woman and year, of all orders; zero outside of ``first <= age < last``.
    rates : (row, year or 1, parity, age), rates_index : (cell,)
        Conditional rates whose proportions split the births of an age.
    luck : (cell, year)
        Multiplies ``fertility``.
    srb : (row, year), srb_index : (cell,)
        Males per female at birth.
    srb_factor : (cell, year)
    migration : (row, year, state) or, for a total, (row, year, 1); migration_index : (cell,)
    migration_shift : (cell, year)
    mode : int
        CLOSED, COUNTS, RATES or TOTAL of :mod:`popsim.kernels.step.cohort`.
    first, last : int
        The reproductive ages are ``first <= age < last``.
    ceiling : float
        Most births a year per woman of a parity that the baseline may ask for.
    """

    population: np.ndarray
    population_index: np.ndarray
    children: np.ndarray
    mobility: np.ndarray
    women: np.ndarray
    women_index: np.ndarray
    survival: np.ndarray
    survival_index: np.ndarray
    shift: np.ndarray
    fertility: np.ndarray
    fertility_index: np.ndarray
    rates: np.ndarray
    rates_index: np.ndarray
    luck: np.ndarray
    srb: np.ndarray
    srb_index: np.ndarray
    srb_factor: np.ndarray
    migration: np.ndarray
    migration_index: np.ndarray
    migration_shift: np.ndarray
    mode: int
    first: int
    last: int
    ceiling: float


class Policy(NamedTuple):
    """What packages do, and what they cost.

    Attributes
    ----------
    row_index : (cell,)
        Row of everything below that has rows.
    paid : (package, row, year, order)
        Log effect of what families are paid; times the share that a budget paid the year
        before.
    other : (package, row, year, order, band)
        Log effect of everything else but childcare places.
    strongest : (package, row, year, order, band)
        Largest size of the log effect of one channel in ``other``.
    band : (age,) int64
    overlap : (package, row)
        Times the sum of log effects of several channels; but never less than the strongest of
        them has alone.
    largest : (package,)
        Log effects ``L`` become ``largest * tanh(L / largest)``.
    largest_gain : (package,)
        Most that a package adds to the total fertility rate.
    used_places : (scenario, row, year)
        Childcare places in use at the start of the year.
    care_effect : (package, row)
        Log effect of all children 0-2 in a used place over none.
    care_quantum : (package, row)
        Share of that effect that is not timing.
    lag : (package, row)
        From a change of coverage to the first births that respond [years, 0 to 1].
    timing : (package, length)
        Births brought forward by year since a change, and paid back.
    closed : bool
        Coverage is of the scenario's own children; else of the baseline's.
    pay : (package, instrument, year, order, child age)
        Paid in the year for a child of the age at the end of the year [yuan].
    reach : (package, instrument, row)
        Share of the children who are paid for.
    cap : (package, year)
        Most that the capped instruments may cost [yuan]; infinite where there is no cap.
    capped : (package, instrument)
        1 where the cap covers the instrument, else 0.
    rule : (package,) int64
        PRO_RATA, FIRST_COME or BY_ORDER.
    """

    row_index: np.ndarray
    paid: np.ndarray
    other: np.ndarray
    strongest: np.ndarray
    band: np.ndarray
    overlap: np.ndarray
    largest: np.ndarray
    largest_gain: np.ndarray
    used_places: np.ndarray
    care_effect: np.ndarray
    care_quantum: np.ndarray
    lag: np.ndarray
    timing: np.ndarray
    closed: bool
    pay: np.ndarray
    reach: np.ndarray
    cap: np.ndarray
    capped: np.ndarray
    rule: np.ndarray


class Summary(NamedTuple):
    """Sums by year; allocated by the caller.

    Attributes
    ----------
    population : (scenario, cell, year + 1, sex, group)
    births : (scenario, cell, year, order)
    fertility : (scenario, cell, year)
        Total fertility rate.
    deaths, migration, adjustment, lift : (scenario, cell, year, sex)
        ``adjustment`` is what migration was altered by, ``lift`` what of that lifted groups
        from below zero.
    altered : (scenario, cell, year) int64
        Age groups whose outflow was altered.
    women : (scenario, cell, year + 1, parity)
        Over BEARING_AGES.
    completed : (scenario, cell, year + 1, parity)
        Aged COMPLETED_AGE.
    children : (scenario, cell, year + 1, order, child group)
    coverage : (scenario, cell, year)
        Childcare places used per child 0-2 of the scenario, at the start of the year.
    cost : (package, cell, year, instrument, order)
    deadweight : (package, cell, year, instrument)
        What would have been paid, by the same rules, for the children of the baseline.
    shortfall : (package, cell, year)
        What was due and not paid.
    final : (scenario, cell, state)
    moved : (cell, year, MOVED of :mod:`popsim.kernels.lanes.women`)
        Births of the baseline that other women bear than the rates ask, or nobody does.
    """

    population: np.ndarray
    births: np.ndarray
    fertility: np.ndarray
    deaths: np.ndarray
    migration: np.ndarray
    adjustment: np.ndarray
    lift: np.ndarray
    altered: np.ndarray
    women: np.ndarray
    completed: np.ndarray
    children: np.ndarray
    coverage: np.ndarray
    cost: np.ndarray
    deadweight: np.ndarray
    shortfall: np.ndarray
    final: np.ndarray
    moved: np.ndarray


class EveryAge(NamedTuple):
    """Every age; arrays without cells where it is not asked for.

    Attributes
    ----------
    population : (scenario, cell, year + 1, state)
    women : (scenario, cell, year + 1, parity, age)
    births : (scenario, cell, year, order, age)
    deaths, migration, adjustment, lift : (scenario, cell, year, state)
    """

    population: np.ndarray
    women: np.ndarray
    births: np.ndarray
    deaths: np.ndarray
    migration: np.ndarray
    adjustment: np.ndarray
    lift: np.ndarray
