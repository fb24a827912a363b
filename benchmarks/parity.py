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
from popsim.engine.classic import SUMMARY_AGES, Engine
from popsim.engine.families import SimulationEngine
from popsim.engine.inputs import check_inputs
from popsim.engine.layout import CHILD_GROUPS
from popsim.engine.policy import policy_rows
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.simulation import simulate
from popsim.kernels.lanes.summary import allocate, project_summary
from popsim.uncertainty import survival_polynomial

YEARS, AGES = 77, 101
ROUNDS, IN_A_ROW = 7, 2
BORDERS = np.array([*SUMMARY_AGES, AGES])
CHILD_BORDERS = np.array([*CHILD_GROUPS, 18])


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


def engines(cells: int) -> tuple[Engine, SimulationEngine]:
    """Both engines on the same cells."""
    baseline = ps.load_baseline("china", end=2021 + YEARS - 1)
    data = check_inputs(baseline, timing="even", outputs="summary")
    luck = xr.DataArray(
        np.random.default_rng(1).uniform(0.8, 1.2, (cells, YEARS)),
        dims=("draw", "year"),
        coords={"draw": np.arange(cells), "year": baseline["year"]},
    )
    fertility = data["fertility_rate"].expand_dims(order=["all"])
    classic = Engine(data, fertility=fertility, factor=luck.expand_dims(order=["all"]))
    still = xr.zeros_like(luck)
    drawn = xr.Dataset(
        {
            "fertility_factor": luck,
            "migration_shift": still,
            "sex_ratio_factor": still + 1.0,
            "life_expectancy_shift": still.expand_dims(sex=["female", "male"]),
        }
    )
    medians = {"response": None, "take_up": None}
    policy = policy_rows((), baseline, cells, slice(0, cells), medians, closed=True)
    polynomial = survival_polynomial(baseline["mortality_rate"])
    by_parity = SimulationEngine(
        baseline.assign(survival_polynomial=polynomial.isel(coefficient=[0])),  # not drawn
        drawn,
        policy.rows,
        scenarios=["baseline"],
        instruments=[],
    )
    return classic, by_parity


def peak() -> float:
    """Peak memory of this process [MiB]."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def main(cells: int = 1500) -> None:
    """Measure and print."""
    for few in (2, cells // 4):
        engines(few)[1].run(SUMMARY_AGES)
        print(f"peak memory after {few} cells: {peak():.0f} MiB")
    classic, by_parity = engines(cells)
    out = allocate(cells, YEARS, 1, len(BORDERS) - 1, 2 * AGES)
    summary, every = by_parity._allocate(len(BORDERS) - 1, len(CHILD_GROUPS), False)
    # What the classic kernel does not write either.
    for name in ("women", "completed", "children", "coverage"):
        array = getattr(summary, name)
        summary = summary._replace(**{name: np.empty((1, 0, *array.shape[2:]))})
    given = (by_parity.demography, by_parity.policy, BORDERS, CHILD_BORDERS, summary, every)
    inputs, starts = classic.summary_inputs(), np.arange(0, cells, LANES)
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
