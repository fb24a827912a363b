"""``simulate()`` over regions x draws x years: time, memory, and the same bits however it is cut.

    python benchmarks/scale.py                    everything, each part in a process of its own
    python benchmarks/scale.py growth             how time grows along regions, draws and years
    python benchmarks/scale.py whole [counties [totals | fertility | orders]]
                                                  all counties x 1,000 draws x 40 years in one call
    python benchmarks/scale.py cut [counties]     chunks (dask) and threads: time, and bits

Counties are those of ``benchmarks/counties.py``. The result asked for is the 10 %, 50 % and 90 %
quantiles, by county, of births, of the population by sex and three age groups, and of the
dependency ratio: *totals* of all draws, the same where *fertility* alone is drawn, or births by
*orders*, for which women are followed by parity. Memory is the peak of the process.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from pkgutil import resolve_name
from time import perf_counter
from unittest.mock import patch

import numpy as np
import xarray as xr
from counties import county_baseline
from numba import config

import popsim as ps

PROBABILITIES = (0.1, 0.5, 0.9)
ASKED = {
    "scenarios": [],
    "seed": 1,
    "quantiles": PROBABILITIES,
    "variables": ["total_births", "population", "dependency_ratio"],
    "age_groups": (0, 15, 65),
}
#: What ``whole`` can be asked for: everything drawn, fertility alone, births by order.
WORKLOADS = {
    "totals": ASKED,
    "fertility": {**ASKED, "vary": ["fertility"]},
    "orders": {**ASKED, "variables": ["births", "population", "dependency_ratio"]},
}
DRAWS, YEARS, FIRST = 1000, 40, 2021
GROWTH = {"regions": (500, 1000, 2000), "draws": (500, 1000, 2000), "years": (20, 40, 80)}
ROUNDS, THREADS = 2, config.NUMBA_NUM_THREADS
#: What the time is spent on: functions and methods, and where callers find them.
STAGES = {
    "kernel without parity": ("popsim.engine.totals", "project_summary"),
    "kernel by parity": ("popsim.engine.families", "simulate"),
    "quantiles of totals": ("popsim.engine.totals", "select_quantiles"),
    "quantiles by parity": ("popsim.engine.plan", "quantiles_over_draws"),
    "draws of demography": ("popsim.engine.draws:Draws", "of"),
    "draws of women by parity": ("popsim.engine.plan", "starting_women_draws"),
    "rates of the first year": ("popsim.engine.families", "_first_year"),
    "dependency ratios of totals": ("popsim.engine.totals", "percent_of"),
    "dependency ratios by parity": ("popsim.engine.plan", "dependency_ratio"),
}


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds within each stage, of all threads together."""
    spent = dict.fromkeys(STAGES, 0.0)

    def watched(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            start = perf_counter()
            result = function(*given, **named)
            spent[name] += perf_counter() - start
            return result

        return call

    with ExitStack() as stack:
        for name, (where, function) in STAGES.items():
            home = resolve_name(where)
            replacement = watched(name, getattr(home, function))
            stack.enter_context(patch.object(home, function, replacement))
        yield spent


def some(baseline: xr.Dataset, regions: int) -> xr.Dataset:
    """Counties at equal distances in the list, so that every part of the country is in."""
    chosen = np.linspace(0, baseline.sizes["region"] - 1, regions).astype(int)
    return baseline.isel(region=chosen)


def seconds(call: Callable[[], xr.Dataset]) -> tuple[float, xr.Dataset]:
    """How long a call takes, and what it gives."""
    start = perf_counter()
    result = call()
    return perf_counter() - start, result


def digest(result: xr.Dataset) -> str:
    """Tells whether two results have the same bits."""
    made = hashlib.blake2b(digest_size=16)
    for name in sorted(map(str, result.data_vars)):
        made.update(np.ascontiguousarray(result[name].values).tobytes())
    return made.hexdigest()


def rounds(call: Callable[[], xr.Dataset]) -> tuple[float, xr.Dataset]:
    """Seconds of the best of a few calls, and what the last one gives."""
    timed = [seconds(call) for _ in range(ROUNDS)]
    return min(t for t, _ in timed), timed[-1][1]


def peak() -> float:
    """Peak memory of this process [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def growth() -> None:
    """Time along each dim, the others at their first size."""
    start = {name: sizes[0] for name, sizes in GROWTH.items()}
    baseline = county_baseline(FIRST + max(GROWTH["years"]) - 1)

    def call(regions: int, draws: int, years: int) -> xr.Dataset:
        given = some(baseline, regions)
        return ps.simulate(given, draws=draws, end=FIRST + years - 1, **ASKED)

    call(**start)  # reads the compiled code
    print("grows along   sizes, and seconds of each               each doubling, x")
    for name, sizes in GROWTH.items():
        took = []
        for size in sizes:
            took.append(rounds(partial(call, **{**start, name: size}))[0])
        cells = "   ".join(f"{s:5d}: {t:5.2f} s" for s, t in zip(sizes, took, strict=True))
        steps = "  ".join(f"{b / a:.2f}" for a, b in pairwise(took))
        print(f"{name:12s} {cells}   {steps}")
    others = ", ".join(f"{n} {name}" for name, n in start.items())
    print(f"the others at {others}; best of {ROUNDS}")


def whole(counties: int | None = None, asked: str = "totals") -> None:
    """Everything in one call: seconds, memory, and what the time is spent on."""
    baseline = county_baseline(FIRST + YEARS - 1)
    baseline = baseline if counties is None else some(baseline, counties)
    ask = WORKLOADS[asked]
    cold, _ = seconds(lambda: ps.simulate(some(baseline, 1), draws=100, **ask))
    before = peak()
    with timed() as spent:
        took, result = seconds(lambda: ps.simulate(baseline, draws=DRAWS, **ask))
    regions = result.sizes["region"]
    cell_years = regions * DRAWS * YEARS
    print(f"{regions} counties x {DRAWS} draws x {YEARS} years, {THREADS} threads")
    print(f"({baseline['population'].attrs['rule']})")
    print(f"asked for: {asked}")
    print(f"first call, one county and 100 draws (imports, compiled code): {cold:6.1f} s")
    print(f"warm, {cell_years / 1e6:.0f} million cell-years: {took:33.1f} s")
    print(f"million cell-years a second:                       {cell_years / took / 1e6:14.2f}")
    print(f"peak memory: {peak():.2f} GB, of which before the call {before:.2f} GB")
    print(f"the result has {result.nbytes / 1e6:.0f} MB")
    print("seconds within, of all threads together:")
    for name, within in spent.items():
        if within >= 0.05:
            print(f"    {name:28s} {within:6.1f}")


def cut(counties: int = 320) -> None:
    """The same call in chunks, with one thread, and for some of the regions alone."""
    baseline = some(county_baseline(FIRST + YEARS - 1), counties)
    ask = {"draws": DRAWS, **ASKED}
    chunks = {"region": -(-counties // 7)}
    few = slice(None, None, 5)
    ps.simulate(some(baseline, 1), **ask)  # reads the compiled code
    own, whole = rounds(lambda: ps.simulate(baseline, **ask))
    lazy, chunked = rounds(lambda: ps.simulate(baseline, chunks=chunks, **ask).compute())
    part, alone = rounds(lambda: ps.simulate(baseline.isel(region=few), **ask))
    out = subprocess.run(
        [sys.executable, __file__, "once", str(counties)],
        env={**os.environ, "NUMBA_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    single, mark = out.stdout.split()
    print(f"{counties} counties x {DRAWS} draws x {YEARS} years, best of {ROUNDS}")
    for name, took, same in (
        (f"in memory, {THREADS} threads", own, True),
        ("in memory, 1 thread", float(single), mark == digest(whole)),
        ("dask, 7 chunks", lazy, digest(chunked) == digest(whole)),
        ("every 5th county alone", part, digest(alone) == digest(whole.isel(region=few))),
    ):
        bits = "the same bits" if same else "OTHER NUMBERS"
        print(f"{name:24s} {took:6.2f} s {took / own:6.2f} x   {bits}")


def once(counties: int) -> None:
    """What ``cut`` runs in another process: seconds, and the bits."""
    baseline = some(county_baseline(FIRST + YEARS - 1), counties)
    ps.simulate(some(baseline, 1), draws=DRAWS, **ASKED)
    took, result = rounds(lambda: ps.simulate(baseline, draws=DRAWS, **ASKED))
    print(took, digest(result))


PARTS = {"growth": growth, "whole": whole, "cut": cut}


def main(part: str | None = None, *sizes: str) -> None:
    """Run one part, or all, each in a process of its own that has its own peak of memory."""
    if part is not None:
        numbers = [int(size) if size.isdigit() else size for size in sizes]
        {**PARTS, "once": once}[part](*numbers)
        return
    for name in PARTS:
        print(f"--- {name}", flush=True)
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
