"""Write the golden summaries of the shipped scenarios: ``python tests/golden/regenerate.py``.

They may change only with an entry in the changelog that says why; ``tests/test_golden.py``
looks there for the mark that this prints.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

import popsim as ps
from popsim.scenario.catalogue import scenario_names
from popsim.uncertainty.quantiles import quantiles

FILE = Path(__file__).parent / "scenarios.csv"
YEARS = (2025, 2030, 2035)


def summary(name: str) -> pd.DataFrame:
    """Medians of what a scenario is run for: births, additional births, spending, dependency."""
    package = ps.load_scenario(name)
    baseline = ps.load_baseline(package.place, end=YEARS[-1])
    result = ps.simulate(baseline, package, draws=200, seed=0)
    births = result["births"].sum("order")
    of = births.sel(scenario=name)
    shown = {
        "births": births.sel(scenario="baseline"),
        "additional_births": of - births.sel(scenario="baseline"),
        "spending_yuan": result["cost"].sel(scenario=name).sum("instrument"),
        "dependency_ratio": result["dependency_ratio"].sel(scenario=name).rename(time="year"),
        "completed_children": _children(result, name).rename(time="year"),
    }
    rows = [
        (name, what, year, float(quantiles(values.sel(year=year)).sel(quantile=0.5)))
        for what, values in shown.items()
        for year in YEARS
    ]
    return pd.DataFrame(rows, columns=["scenario", "what", "year", "median"])


def _children(result, name):
    women = result["completed_parity"].sel(scenario=name)
    return (women * women["parity"]).sum("parity") / women.sum("parity")


def everything() -> pd.DataFrame:
    """The summaries of all scenarios."""
    return pd.concat([summary(name) for name in scenario_names()], ignore_index=True)


def mark() -> str:
    """What the changelog names the file by."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()[:12]


if __name__ == "__main__":
    everything().to_csv(FILE, index=False, float_format="%.8g", lineterminator="\n")
    print(f"written: {FILE.name}; in CHANGELOG.md: Golden summaries: {mark()}")
