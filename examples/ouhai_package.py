"""The family package of Ouhai district: births, spending and dependency, with 80 % intervals.

Run it with ``python examples/ouhai_package.py``. It prints three tables in Markdown: what the
package changes, what it pays to the end of 2024 beside what the district reports, and the
package beside the variants of its file, with what one more child costs.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

import popsim as ps
from popsim.analysis import cost_effectiveness
from popsim.policy import payment_records

YEARS = (2024, 2025, 2026, 2030, 2040)

#: By which a yuan of the next year is worth less [1 a year]; an assumption.
DISCOUNT_RATE = 0.03


def simulate(draws: int = 1000) -> xr.Dataset:
    """Ouhai to 2040, without the package, with it, and with each variant, on the same draws."""
    baseline = ps.load_baseline("ouhai", end=2040)
    package = ps.load_scenario("ouhai")
    packages = [package, *map(package.variant, package.variants)]
    return ps.simulate(baseline, packages, draws=draws, seed=0)


def effects(result: xr.Dataset) -> str:
    """What the package changes: a year in each row."""
    births = (
        result["births"].sel(scenario="baseline").sum("order").quantile((0.1, 0.5, 0.9), "draw")
    )
    change = ps.compare(result).sel(scenario="ouhai")
    spent = change["cost_total"] / 1e6
    lines = ["| year | births, baseline | additional births | percent | spending, million yuan |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for year in YEARS:
        columns = (
            interval(births.sel(year=year), 0),
            interval(change["additional_births_total"].sel(year=year), 0),
            interval(change["additional_births_percent"].sel(year=year), 2),
            interval(spent.sel(year=year), 1),
        )
        lines.append(f"| {year} | " + " | ".join(columns) + " |")
    return "\n".join(lines)


def payments(result: xr.Dataset) -> str:
    """What the simulation pays, and what the documents of the scenario report."""
    paid = result["cost"].sel(scenario="ouhai")
    lines = ["| instrument | simulated, million yuan | reported | simulated / reported |"]
    lines += ["|---|---:|---:|---:|"]
    for row in payment_records(ps.load_scenario("ouhai")).itertuples():
        since = None if pd.isna(row.since) else row.since
        one = paid.sel(instrument=row.instrument, year=slice(since, row.until)).sum("year")
        one = one.quantile((0.1, 0.5, 0.9), "draw") / 1e6
        reported = row.amount / 1e6
        ratio = float(one.sel(quantile=0.5)) / reported
        lines.append(f"| {row.instrument} | {interval(one, 3)} | {reported:.6g} | {ratio:.1f} |")
    return "\n".join(lines)


def choices(result: xr.Dataset) -> str:
    """The package and its variants: births and spending of all years, and the price of a child."""
    costs = cost_effectiveness(result, discount_rate=DISCOUNT_RATE)
    lines = ["| to 2040 | children gained | spending, million yuan | million yuan for one child |"]
    lines += ["|---|---:|---:|---:|"]
    for name in costs["scenario"].values:
        one = costs.sel(scenario=name)
        columns = (
            interval(one["child_equivalents"], 0),
            interval(one["cost_to_date"].sel(basis="nominal", year=2040) / 1e6, 0),
            interval(one["cost_per_child_equivalent"].sel(basis="nominal") / 1e6, 2),
        )
        lines.append(f"| {name} | " + " | ".join(columns) + " |")
    return "\n".join(lines)


def interval(values: xr.DataArray, digits: int) -> str:
    """Median, and the 80 % interval in brackets; what rounds to zero has no sign."""
    numbers = values.transpose("quantile").values.round(digits) + 0.0
    low, middle, high = (f"{v:,.{digits}f}" for v in numbers)
    return f"{middle} ({low} to {high})"


def tables() -> dict[str, str]:
    """The tables of this example by name."""
    result = simulate()
    return {
        "effects": effects(result),
        "payments": payments(result),
        "choices": choices(result),
    }


def main() -> None:
    for table in tables().values():
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
