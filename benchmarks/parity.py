"""The parity engine's kernel beside the classic one, on the same cells.

    python benchmarks/parity.py [cells]

Summary output, 77 years of China's rates shared by all cells, populations of random size.
Both kernels are timed in turns within one run, because machines drift; memory is the peak of
the process after few cells and after many.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter

import numba
import numpy as np
import xarray as xr

import popsim as ps
from popsim.demography.parity_start import starting_women
from popsim.kernels import lanes, parity
from popsim.parity_engine import ParityEngine, consistent_rates
from popsim.projection import Engine, check_inputs

YEARS, GROUPS, AGES = 77, 12, 101
ROUNDS, IN_A_ROW = 7, 4
BORDERS = np.array([0, 3, 6, 12, 15, 18, 20, 35, 50, 60, 65, 80, AGES])


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


def engines(cells: int) -> tuple[Engine, ParityEngine]:
    """Both engines on the same cells."""
    baseline = ps.load_baseline("china", end=2021 + YEARS - 1)
    women = starting_women(baseline["population"].sel(sex="female", drop=True), 2021)
    baseline = baseline.assign(women_by_parity=women)
    rates = consistent_rates(baseline)
    data = check_inputs(baseline, timing="even", outputs="summary")
    size = np.random.default_rng(1).uniform(0.5, 2.0, cells)
    factor = xr.DataArray(
        np.ones((cells, YEARS, 3)), {"order": [1, 2, 3]}, dims=("draw", "year", "order")
    )
    draws = xr.DataArray(size, dims="draw")
    data["population"] = data["population"] * draws
    data["net_migration"] = data["net_migration"] * 0.4  # what the smallest cell can lose
    classic = Engine(data, fertility=rates["fertility_rate_by_order"], factor=factor)
    by_parity = ParityEngine(
        data.drop_vars("fertility_rate"),
        women=women * draws,
        rates=rates["conditional_fertility_rate"],
        factor=factor,
    )
    return classic, by_parity


def summary_arrays(cells: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the classic and the parity kernel write."""
    first = [np.empty((cells, YEARS + 1, 2, GROUPS)), np.empty((cells, YEARS, 3))]
    flows = [np.zeros((cells, YEARS, 2)) for _ in range(3)]
    altered = np.empty((cells, YEARS), dtype=np.int64)
    last = [altered, np.empty((cells, 2 * AGES))]
    classic = [*first, *flows, *last]
    by_parity = [*first, np.empty((cells, YEARS)), *flows, *last, np.empty((cells, 4, AGES))]
    return classic, by_parity


def peak() -> float:
    """Peak memory of this process [MiB]."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def main(cells: int = 1500) -> None:
    """Measure and print."""
    for few in (2, cells // 4):
        engines(few)[1].summary()
        print(f"peak memory after {few} cells: {peak():.0f} MiB")
    classic, by_parity = engines(cells)
    out_classic, out_parity = summary_arrays(cells)
    seconds_classic, seconds_parity = in_turns(
        lambda: lanes.project_summary(*classic.arguments, BORDERS, *out_classic),
        lambda: parity.project_summary(*by_parity.arguments, BORDERS, *out_parity),
    )
    lanes.project_summary(*classic.arguments, BORDERS, *out_classic)
    births = out_classic[1].copy()
    parity.project_summary(*by_parity.arguments, BORDERS, *out_parity)
    # Migrants weigh more in a small population, where the rates were not made consistent.
    np.testing.assert_allclose(out_parity[1], births, rtol=1e-2)
    cell_years = cells * YEARS
    print(f"{cells} cells x {YEARS} years, {numba.get_num_threads()} threads, summary output")
    print(f"classic engine: {cell_years / seconds_classic / 1e6:6.2f} million cell-years a second")
    print(f"parity engine:  {cell_years / seconds_parity / 1e6:6.2f} million cell-years a second")
    print(f"parity / classic: {seconds_classic / seconds_parity:.2f}")
    print(f"peak memory after {cells} cells: {peak():.0f} MiB")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
