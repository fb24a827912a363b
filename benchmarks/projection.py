"""The cohort-component kernel beside vectorised NumPy and beside the memory itself.

    python benchmarks/projection.py [cells]

Everything is timed in turns within one run, because machines drift: each figure is a
ratio of medians. Inputs are shared by all cells, as in draws of one region, so what
moves is the output: per cell and year the population, deaths and net migration of 2
sexes x 101 ages, and births by 101 ages of mother.

Memory traffic counts what the processor moves: a line that is written is first read
(write-allocate), so a stored number counts 16 bytes and a loaded one 8. The same count
is used for the triad a = b + s * c: 32 bytes an element.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter

import numba
import numpy as np
from numba import njit, prange

import popsim as ps
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.summary import Inputs, allocate, project_summary
from popsim.kernels.step import cohort

YEARS, AGES = 77, 101
ROUNDS, IN_A_ROW = 7, 4
DOUBLE = 8


@njit(parallel=True)
def triad(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    """Write one array from two, each far larger than the cache."""
    for i in prange(a.size):
        a[i] = b[i] + 3.0 * c[i]


def numpy_projection(population, survival, fertility, srb, migration, out):
    """The same step with NumPy alone, vectorised over cells, sexes and ages."""
    out_population, out_births, out_deaths, out_migration = out
    out_population[:, 0] = population
    for t in range(YEARS):
        start = out_population[:, t]
        moves = np.where(start + migration[t] <= 0.0, 1e-5 - start, migration[t])
        exposed = start + moves / 2.0
        reaching = np.empty_like(exposed)
        reaching[..., 1:] = exposed[..., :-1]
        reaching[..., -1] += exposed[..., -1]
        reaching[..., 0] = 0.0
        deaths = (1.0 - survival[t]) * reaching
        end = reaching - deaths + moves / 2.0
        births = fertility[t] * (exposed[:, 0] + end[:, 0]) / 2.0
        total = births.sum(axis=1)
        girls = total / (1.0 + srb[t])
        born = np.stack([girls, total - girls], axis=1)
        deaths[..., 0] = (1.0 - survival[t, :, 0]) * born
        end[..., 0] = born - deaths[..., 0] + moves[..., 0] / 2.0
        below = np.minimum(end, 0.0)
        out_population[:, t + 1] = end - below
        out_births[:, t], out_deaths[:, t] = births, deaths
        out_migration[:, t] = moves - below


def in_turns(*functions: Callable[[], object]) -> list[float]:
    """Seconds of each function: the best of a few in a row, and of that the median over rounds.

    The rounds go through all functions, so that a drift of the machine meets them all; in a
    row, because a function that follows an idle spell pays for waking the processor up.
    """
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


def inputs(cells: int) -> dict[str, np.ndarray]:
    """Rates of China for 77 years, and populations of random size with its ages."""
    baseline = ps.load_baseline("china", end=2021 + YEARS - 1)
    checked = ps.project(baseline)
    rng = np.random.default_rng(1)
    size = rng.uniform(1e-4, 1e-2, (cells, 1, 1))
    from popsim.engine.inputs import read

    data = read(baseline)
    return {
        "population": size * checked["population"].isel(time=0).values,
        "survival": data["survival_ratio"].values,
        "fertility": data["fertility_rate"].values,
        "srb": data["sex_ratio_at_birth"].values,
        "migration": data["net_migration"].values * 1e-5,
    }


def main(cells: int = 1500) -> None:
    """Measure and print."""
    given = inputs(cells)
    state = 2 * AGES
    one = np.zeros(cells, dtype=np.int64)
    by_state = (1, YEARS, state)
    rates = {
        "population": np.ascontiguousarray(given["population"].reshape(cells, state)),
        "survival": given["survival"].reshape(by_state),
        "fertility": given["fertility"][None, :, None],
        "factor": np.ones((1, YEARS, 1)),
        "srb": given["srb"][None],
        "migration": given["migration"].reshape(by_state),
    }
    index = {f"{name}_index": one for name in rates} | {"population_index": np.arange(cells)}
    how = {"mode": cohort.COUNTS, "step": 1.0, "even": True, "first": 10, "last": 55}
    arguments = [a for name in rates for a in (rates[name], index[f"{name}_index"])]
    arguments += how.values()
    nothing = np.empty((0, 0))
    sums_of = Inputs(
        **{**rates, "survival": rates["survival"][:, :, None]}, **index, **how,
        mobility=nothing, shift=nothing[:, :, None], migration_shift=nothing,
    )  # fmt: skip
    full = (
        np.empty((cells, YEARS + 1, state)),
        np.empty((cells, YEARS, 1, AGES)),
        *(np.zeros((cells, YEARS, state)) for _ in range(4)),
        np.empty((cells, YEARS), dtype=np.int64),
    )
    borders = np.array([0, 3, 6, 12, 15, 18, 20, 35, 50, 60, 65, 80, AGES])
    summary = allocate(cells, YEARS, 1, len(borders) - 1, state)
    starts, by_age = np.arange(0, cells, LANES), (cells, YEARS, 2, AGES)
    peer = (
        np.empty((cells, YEARS + 1, 2, AGES)), np.empty((cells, YEARS, AGES)),
        np.empty(by_age), np.empty(by_age),
    )  # fmt: skip
    # As many bytes as the projection writes: both meet the same pages of memory.
    length = sum(a.size for a in (*full[:4],)) // 3
    a, b, c = np.zeros(length), np.ones(length), np.ones(length)

    seconds_numpy, seconds_full, seconds_summary, seconds_triad = in_turns(
        lambda: numpy_projection(*given.values(), peer),
        lambda: cohort.project_full(*arguments, *full),
        lambda: project_summary(sums_of, starts, borders, summary),
        lambda: triad(a, b, c),
    )
    np.testing.assert_allclose(full[0].reshape(peer[0].shape), peer[0], rtol=1e-9)

    cell_years = cells * YEARS
    stored = sum(x.size for x in full[:4]) * DOUBLE
    traffic, traffic_triad = 2 * stored, 4 * length * DOUBLE
    share = (traffic / seconds_full) / (traffic_triad / seconds_triad)
    size = f"{cells} cells x {YEARS} years x {AGES} ages x 2 sexes"
    print(f"{size}, {numba.get_num_threads()} threads")
    print(f"full output:    {cell_years / seconds_full / 1e6:6.2f} million cell-years a second")
    print(f"summary output: {cell_years / seconds_summary / 1e6:6.2f} million cell-years a second")
    print(f"vectorised NumPy, full output: {cell_years / seconds_numpy / 1e6:.2f} million")
    print(f"full / NumPy:    {seconds_numpy / seconds_full:5.1f} x")
    print(f"summary / full:  {seconds_full / seconds_summary:5.1f} x")
    print(
        f"memory traffic: {traffic / seconds_full / 1e9:.1f} GB/s of the triad's "
        f"{traffic_triad / seconds_triad / 1e9:.1f} GB/s: {100 * share:.0f} %"
    )
    print(f"peak memory of this process: {getrusage(RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GiB")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
