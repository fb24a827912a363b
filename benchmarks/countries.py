"""Countries of World Population Prospects 2024: births conserved, and the UN met.

For each country a baseline is built from the published rates (population of mid-2023, total
fertility rate since 1950, pattern, death rates, life expectancy, net migration) and

- births by order of ``simulate()`` are compared with the births of ``project()``, and in draws
  with ``total_births``: both must be 0 to rounding;
- population and births of ``project()`` are compared with the medium variant, for the twenty
  countries whose results the file has.

Usage: ``python benchmarks/countries.py [every]``: every n-th country (12 if absent), and the
twenty. The figures are read from the project's reference folder, which stands beside it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import popsim as ps

TABLE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "wpp2024_world.nc"
END, DRAWS = 2099, 20
SHOWN = (2024, 2049, 2098)


def country_baseline(country: xr.Dataset, end: int = END) -> xr.Dataset:
    """A nation's baseline from its rates in World Population Prospects."""

    def table(variable: str, **names: str) -> xr.DataArray:
        array = country[variable].rename(names)
        return array.drop_vars([c for c in array.coords if c not in array.dims])

    deaths = table("mortality_rate", abridged_age="age", period="year")
    middles = [int(str(period)[:4]) + 2 for period in deaths["year"].values]
    pattern = table("fertility_pattern_percent", mother_age="age_group")
    groups = [f"{a}-{a + 4}" for a in pattern["age_group"].values]
    return ps.build_baseline(
        table("population_mid_year", age5="age").sel(estimate_year=2023, drop=True),
        reference_date="2023-07-01",
        end=end,
        mortality_rate=deaths.assign_coords(year=middles),
        total_fertility_rate=table("total_fertility_rate"),
        fertility_pattern=pattern.assign_coords(age_group=groups),
        sex_ratio_at_birth=table("sex_ratio_at_birth"),
        life_expectancy=table("life_expectancy"),
        net_migration=table("net_migration_by_age", migration_year="year"),
        past_fertility=table("total_fertility_rate"),
        nation=str(country["name"].item()),
        scope="nation",
    )


def off(ours: xr.DataArray, theirs: xr.DataArray) -> float:
    return float(abs(ours / theirs - 1.0).max())


def one(country: xr.Dataset) -> dict[str, object]:
    """What is compared of one country; differences from the UN in percent."""
    baseline = country_baseline(country)
    projected = ps.project(baseline)
    flat = ps.simulate(baseline, [], draws=1, vary=["response"], variables="births").births
    drawn = ps.simulate(baseline, [], draws=DRAWS, seed=1, variables="births").births
    total = ps.simulate(baseline, [], draws=DRAWS, seed=1, variables="total_births").total_births
    births, people = projected.births.sum("age"), projected.population.sum(["sex", "age"])
    row: dict[str, object] = {
        "country": str(country["name"].item())[:24],
        "lost": off(flat.sum("order").squeeze(drop=True), births),
        "lost in draws": off(drawn.sum("order"), total),
    }
    for year in SHOWN:
        known = 1000.0 * float(country["population_end_of_year"].sel(year=year).sum())
        if known > 0.0:
            row[f"population {year + 1}"] = 100 * (float(people.sel(time=year + 1)) / known - 1)
            known = 1000.0 * float(country["births"].sel(year=year))
            row[f"births {year}"] = 100 * (float(births.sel(year=year)) / known - 1)
    return row


def main(every: int) -> None:
    warnings.simplefilter("ignore")  # intervals of China stand in for those of others
    world = xr.open_dataset(TABLE)
    published = world["population_end_of_year"].sel(year=SHOWN[0]).sum("sex").values > 0.0
    chosen = np.flatnonzero(published | (np.arange(world.sizes["country"]) % every == 0))
    table = pd.DataFrame([one(world.isel(country=int(c)).load()) for c in chosen])
    pd.set_option("display.width", 160)
    lost = table[["lost", "lost in draws"]].max()
    print(table.set_index("country").dropna().drop(columns=list(lost.index)).round(2).to_string())
    print(f"\n{len(table)} countries: births lost at most {lost.iloc[0]:.0e}", end="")
    print(f", in {DRAWS} draws {lost.iloc[1]:.0e}, of one year's")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
