"""The simulation's kernel, women by parity, beside the classic one on the same cells.

    python benchmarks/parity.py [cells]

Summary output, 77 years of China's rates shared by all cells, fertility drawn, survival as given.
Both kernels are timed in turns within one run, because machines drift; memory is the peak of the
process after few cells and after many.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter

import numpy as np
import xarray as xr

import popsim as ps
from popsim.engine.classic import Case, case_of, summary_inputs
from popsim.engine.families import CHILD_BORDERS, laid_out, room_for_ages, room_for_sums, without
from popsim.engine.inputs import read
from popsim.engine.policy import policy_rows
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.inputs import Demography, EveryAge, Policy, Summary
from popsim.kernels.lanes.simulation import simulate
from popsim.kernels.lanes.summary import allocate, project_summary
from popsim.schema.conventions import SUMMARY_AGES
from popsim.uncertainty import survival_polynomial

YEARS, AGES = 77, 101
ROUNDS, IN_A_ROW = 7, 2
BORDERS = np.array([*SUMMARY_AGES, AGES])


def in_turns(*functions: Callable[[], object]) -> list[float]:
    """Seconds of each function: the best of a few in a row, and of that the median over rounds."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, spent in zip(functions, times, strict=True):
            row = []
            for _ in range(IN_A_ROW):
                start = perf_counter()
                function()
                row.append(perf_counter() - start)
            spent.append(min(row))
    return [median(spent) for spent in times]


def inputs_of(cells: int) -> tuple[Case, Demography, Policy]:
    """What both kernels read of the same cells."""
    baseline = ps.load_baseline("china", end=2021 + YEARS - 1)
    factor = xr.DataArray(
        np.random.default_rng(1).uniform(0.8, 1.2, (cells, YEARS)),
        dims=("draw", "year"),
        coords={"draw": np.arange(cells), "year": baseline["year"]},
    )
    still = xr.zeros_like(factor)
    draws = xr.Dataset(
        {
            "fertility_factor": factor,
            "migration_shift": still,
            "sex_ratio_factor": still + 1.0,
            "life_expectancy_shift": still.expand_dims(sex=["female", "male"]),
        }
    )
    medians = {"response": None, "take_up": None}
    policy = policy_rows((), baseline, cells, slice(0, cells), medians, childcare_feedback=True)
    polynomial = survival_polynomial(baseline["mortality_rate"])
    not_drawn = baseline.assign(survival_polynomial=polynomial.isel(coefficient=[0]))
    _, demography = laid_out(not_drawn, draws)
    return case_of(read(baseline), factor=factor), demography, policy.rows


def room(cells: int) -> tuple[Summary, EveryAge]:
    """What the kernel by parity writes: sums alone."""
    shape = (1, cells, YEARS)
    return room_for_sums(shape, AGES, len(BORDERS) - 1, 0), room_for_ages(shape, AGES, False)


def peak() -> float:
    """Peak memory of this process [MiB]."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def main(cells: int = 1500) -> None:
    """Measure and print."""
    for few in (2, cells // 4):
        _, demography, policy = inputs_of(few)
        simulate(demography, policy, BORDERS, CHILD_BORDERS, *room(few))
        print(f"peak memory after {few} cells: {peak():.0f} MiB")
    case, demography, policy = inputs_of(cells)
    out = allocate(cells, YEARS, 1, len(BORDERS) - 1, 2 * AGES)
    summary, ages = room(cells)
    # What the classic kernel does not write either.
    summary = without(summary, ["women", "completed", "children", "coverage"])
    given = (demography, policy, BORDERS, CHILD_BORDERS, summary, ages)
    inputs, starts = summary_inputs(case), np.arange(0, cells, LANES)
    seconds_classic, seconds_parity = in_turns(
        lambda: project_summary(inputs, starts, BORDERS, out),
        lambda: simulate(*given),
    )
    births = summary.births[0].sum(axis=-1)
    np.testing.assert_allclose(births, out.births[:, 0].T, rtol=1e-9)
    cell_years = cells * YEARS
    print(f"{cells} cells x {YEARS} years, summary output, births equal to 1e-9")
    print(
        f"classic kernel:   {cell_years / seconds_classic / 1e6:6.2f} million cell-years a second"
    )
    print(f"women by parity:  {cell_years / seconds_parity / 1e6:6.2f} million cell-years a second")
    print(f"by parity / classic: {seconds_classic / seconds_parity:.2f}")
    print(f"peak memory after {cells} cells: {peak():.0f} MiB")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
