"""The same projections by popsim and by its peers: time and memory as ratios of popsim's.

    python benchmarks/peers.py [regions] [years]

Counties of China with rates of their own and net migration as counts, by single years of age.

- popsim, every age and sums only;
- NumPy, vectorised over regions, sexes and ages;
- a loop over regions and years with pandas, as people write it, on a few regions;
- the UN's R code (ccmppWPP) and the C core of bayesPop, where R has them (``peers.R``).

Each runs in a process of its own, which has its own peak of memory and its own first call.
Results are compared before anything is printed. What runs on fewer regions is scaled by
cell-years: regions times years.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

FIRST, AGES, SEXES = 2021, 101, ["female", "male"]
ROUNDS = 5
#: Regions that the slow ones are timed on.
FEW = {"pandas, loop": 2, "ccmppWPP": 20}
HERE = Path(__file__).resolve()

Arrays = dict[str, np.ndarray]


def counties(regions: int, years: int) -> Arrays:
    """Inputs as plain arrays: counties at equal distances in the census's list.

    Imports within, here as below: the process that starts the others has to stay small, since
    they inherit its peak of memory, and none is to pay for what another one imports.
    """
    from counties import county_baseline

    from popsim.engine.inputs import read

    baseline = county_baseline(FIRST + years - 1)
    chosen = np.linspace(0, baseline.sizes["region"] - 1, regions).astype(int)
    some = baseline.isel(region=chosen)
    data = read(some)
    # Counts that the smallest group can bear: the rate's of a third of those there at the start.
    counts = data["net_migration_rate"] * some["population"] / 3.0
    return {
        "population": data["population"].transpose("region", "sex", "age").values,
        "survival": data["survival_ratio"].transpose("year", "sex", "age").values,
        "fertility": data["fertility_rate"].transpose("region", "year", "age").values,
        "srb": data["sex_ratio_at_birth"].values,
        "migration": counts.transpose("region", "year", "sex", "age").values,
    }


def by_popsim(given: Arrays, outputs: str) -> tuple[np.ndarray, np.ndarray]:
    """Population at the end and births by year."""
    import xarray as xr

    import popsim as ps

    by_age = ["sex", "age"]
    inputs = xr.Dataset(
        {
            "population": (["region", *by_age], given["population"]),
            "survival_ratio": (["year", *by_age], given["survival"]),
            "fertility_rate": (["region", "year", "age"], given["fertility"]),
            "sex_ratio_at_birth": ("year", given["srb"]),
            "net_migration": (["region", "year", *by_age], given["migration"]),
        },
        coords={
            "year": np.arange(FIRST, FIRST + len(given["srb"])),
            "sex": SEXES,
            "age": np.arange(AGES),
        },
    )
    result = ps.project(inputs, outputs=outputs)
    if outputs == "summary":
        return result["population_final"].values, result["births"].values
    return result["population"].values[:, -1], result["births"].values.sum(-1)


def by_numpy(given: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """The step in whole arrays; everything that popsim's full output has is kept."""
    cells, years = given["fertility"].shape[:2]
    population = np.empty((cells, years + 1, 2, AGES))
    deaths = np.empty((cells, years, 2, AGES))
    births = np.empty((cells, years, AGES))
    population[:, 0] = given["population"]
    for t in range(years):
        half = given["migration"][:, t] / 2.0
        dying = 1.0 - given["survival"][t]
        exposed = population[:, t] + half
        reaching = np.zeros_like(exposed)
        reaching[..., 1:] = exposed[..., :-1]
        reaching[..., -1] += exposed[..., -1]
        deaths[:, t] = dying * reaching
        end = reaching - deaths[:, t] + half
        births[:, t] = given["fertility"][:, t] * (exposed[:, 0] + end[:, 0]) / 2.0
        total = births[:, t].sum(axis=1)
        girls = total / (1.0 + given["srb"][t])
        born = np.stack([girls, total - girls], axis=1)
        deaths[:, t, :, 0] = dying[:, 0] * born
        end[..., 0] = born - deaths[:, t, :, 0] + half[..., 0]
        population[:, t + 1] = end
    return population[:, -1], births.sum(axis=-1)


def by_pandas(given: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Regions one by one, years one by one, with tables of ages."""
    import pandas as pd

    population, births = [], []
    for region in range(len(given["population"])):
        people = pd.DataFrame(given["population"][region].T, columns=SEXES)
        births_by_year = []
        for t in range(len(given["srb"])):
            survival = pd.DataFrame(given["survival"][t].T, columns=SEXES)
            migrants = pd.DataFrame(given["migration"][region, t].T, columns=SEXES)
            exposed = people + migrants / 2
            reaching = exposed.shift(1)
            reaching.loc[AGES - 1] += exposed.loc[AGES - 1]
            end = reaching * survival + migrants / 2
            rates = pd.Series(given["fertility"][region, t])
            born = (rates * (exposed["female"] + end["female"]) / 2).sum()
            girls = born / (1 + given["srb"][t])
            newborn = pd.Series({"female": girls, "male": born - girls})
            end.loc[0] = newborn * survival.loc[0] + migrants.loc[0] / 2
            people = end
            births_by_year.append(born)
        population.append(people.to_numpy().T)
        births.append(births_by_year)
    return np.array(population), np.array(births)


WAYS: dict[str, Callable[[Arrays], tuple[np.ndarray, np.ndarray]]] = {
    "popsim, every age": lambda given: by_popsim(given, "full"),
    "popsim, sums only": lambda given: by_popsim(given, "summary"),
    "NumPy, vectorised": by_numpy,
    "pandas, loop": by_pandas,
}


def stored(folder: Path, regions: int | None = None) -> Arrays:
    """The inputs, of the first regions if a number is given."""
    with np.load(folder / "inputs.npz") as file:
        given = {key: file[key] for key in file}
    return given | {k: given[k][:regions] for k in ("population", "fertility", "migration")}


def alone(name: str, folder: Path) -> None:
    """Run one way, here; print its times and its memory, and leave its result in the folder."""
    given = stored(folder, FEW.get(name))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(ROUNDS + 1):
        start = perf_counter()
        population, births = WAYS[name](given)
        times.append(perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.savez(folder / f"{name}.npz", population=population, births=births)
    print(json.dumps({"cold": times[0], "warm": median(times[1:]), "memory": peak - before}))


def in_a_process(name: str, folder: Path, **environment: str) -> dict[str, float]:
    """Run one way in a process of its own, and compare its result with popsim's."""
    done = subprocess.run(
        [sys.executable, str(HERE), "--alone", name, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    with np.load(folder / f"{name}.npz") as made, np.load(folder / f"{_OWN}.npz") as expected:
        for key in made:
            np.testing.assert_allclose(made[key], expected[key][: len(made[key])], rtol=1e-9)
        cells = len(made["births"])
    found: dict[str, float] = json.loads(done.stdout)
    return {**found, "cells": cells}


def in_r(folder: Path) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Times of what R has, and what is to be said of what it lacks."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return {}, ["ccmppWPP and bayesPop: R is not installed here, so they were not run"]
    given = stored(folder, FEW["ccmppWPP"])
    few, years = given["fertility"].shape[:2]
    for key, values in given.items():
        values.tofile(folder / f"{key}.bin")
    command = [rscript, str(HERE.with_suffix(".R")), str(folder), *map(str, (few, years, AGES))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    with np.load(folder / f"{_OWN}.npz") as own:
        expected = own["population"][:few]
    found, said = {}, []
    for line in done.stdout.splitlines():
        name, *rest = line.split()
        if rest[:1] != ["seconds"]:
            said.append(line)
            continue
        made = np.fromfile(folder / f"{name}.bin").reshape(expected.shape)
        np.testing.assert_allclose(made, expected, rtol=1e-9)
        found[name] = {"cold": float(rest[1]), "warm": float(rest[2]), "cells": few}
    return found, said


_OWN = "popsim, every age"


def main(regions: int = 2900, years: int = 40) -> None:
    """Measure, compare, and print ratios."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        command = [sys.executable, str(HERE), "--inputs", str(folder), str(regions), str(years)]
        subprocess.run(command, check=True)
        found = {name: in_a_process(name, folder) for name in WAYS}
        compiling = in_a_process(_OWN, folder, NUMBA_CACHE_DIR=str(folder / "nothing-compiled"))
        from_r, said = in_r(folder)
    found |= from_r
    own = found[_OWN]["warm"] / found[_OWN]["cells"]
    print(f"{regions} counties x {years} years x {AGES} ages x 2 sexes, results equal to 1e-9")
    print(" " * 20 + "  warm, x popsim  ns a cell-year  first call  memory beyond inputs")
    for name, of in found.items():
        each = of["warm"] / of["cells"]
        memory = f"{of['memory'] / 1024:.0f} MB" if "memory" in of else "not measured"
        scaled = f"  ({of['cells']:.0f} counties, scaled)" if of["cells"] < regions else ""
        print(
            f"{name:20s} {each / own:15.1f} {1e9 * each / years:15.0f} {of['cold']:9.2f} s "
            f"{memory:>12s}{scaled}"
        )
    print(f"popsim's very first call on a machine, which compiles: {compiling['cold']:.0f} s")
    for line in said:
        print(line)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(sys.argv[2], Path(sys.argv[3]))
    elif sys.argv[1:2] == ["--inputs"]:
        np.savez(Path(sys.argv[2]) / "inputs.npz", **counties(*map(int, sys.argv[3:])))
    else:
        main(*map(int, sys.argv[1:]))
