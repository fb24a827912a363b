"""The family package of Ouhai district: births, spending and dependency, with 80 % intervals.

Run it with ``python examples/ouhai_package.py``. It prints two tables in Markdown: what the
package changes, and what it pays to the end of 2024 beside what the district reports.
"""

from __future__ import annotations

import xarray as xr

import popsim as ps

YEARS = (2024, 2025, 2026, 2030, 2040)

#: Paid to the end of 2024 [yuan]: reply of the Ouhai District Health Bureau of 2025-06-24, the
#: document ``reply_2025`` of the scenario.
REPORTED = {
    "birth_grant": 6_335_000.0,
    "rearing_subsidy": 3_999_500.0,
    "childcare_voucher": 2_801_800.0,
    "home_purchase_subsidy": 1_267_000.0,
}


def simulate(draws: int = 1000) -> xr.Dataset:
    """Ouhai to 2040, without the package and with it, on the same draws."""
    baseline = ps.load_baseline("ouhai", end=2040)
    return ps.simulate(baseline, "ouhai", draws=draws, seed=0)


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
    """What the simulation pays to the end of 2024, and what the district reports."""
    paid = result["cost"].sel(scenario="ouhai", year=slice(None, 2024)).sum("year")
    paid = paid.quantile((0.1, 0.5, 0.9), "draw") / 1e6
    lines = ["| instrument | simulated, million yuan | reported | simulated / reported |"]
    lines += ["|---|---:|---:|---:|"]
    for instrument, yuan in REPORTED.items():
        one = paid.sel(instrument=instrument)
        ratio = float(one.sel(quantile=0.5)) / (yuan / 1e6)
        lines.append(f"| {instrument} | {interval(one, 2)} | {yuan / 1e6:.6g} | {ratio:.1f} |")
    return "\n".join(lines)


def interval(values: xr.DataArray, digits: int) -> str:
    """Median, and the 80 % interval in brackets; what rounds to zero has no sign."""
    numbers = values.transpose("quantile").values.round(digits) + 0.0
    low, middle, high = (f"{v:,.{digits}f}" for v in numbers)
    return f"{middle} ({low} to {high})"


def tables() -> dict[str, str]:
    """The tables of this example by name."""
    result = simulate()
    return {"effects": effects(result), "payments": payments(result)}


def main() -> None:
    for table in tables().values():
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
