"""Hold the baselines of the places against what was announced after the census of 2020.

    python examples/baseline_checks.py

Prints the tables of docs/baselines.md. No birth, death or migration of 2021 or later is in the
baselines; Huzhou's order mix of 2021 is, so its share of second births is an input, not a check.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import xarray as xr

import popsim as ps
from popsim import data
from popsim.baselines import census, china, load_regions
from popsim.baselines.input_tables import as_array
from popsim.baselines.load import MIGRATION
from popsim.demography import parse_age_groups, total_fertility_rate

LAST = 2024
#: What a baseline may be off: births 10 %; Huzhou's indicators 3 % or 0.5 points.
BIRTHS_WITHIN = 0.10
RATE_WITHIN = 0.03
POINTS_WITHIN = 0.5
SHOWN = {
    "births": "births",
    "deaths": "deaths",
    "total_fertility_rate": "total fertility rate",
    "natural_growth_rate": "natural growth per 1,000",
    "dependency_ratio": "dependency ratio, percent",
    "share_second_or_higher": "second and higher births, percent",
}
INPUTS = {("huzhou", "share_second_or_higher")}


@cache
def projected(place: str, migration: str = MIGRATION[0]) -> tuple[xr.Dataset, xr.Dataset]:
    """Baseline of a place and its projection."""
    baseline = ps.load_baseline(place, end=LAST, migration=migration)
    return baseline, ps.project(baseline)


def computed(place: str, year: int, quantity: str, migration: str = MIGRATION[0]) -> float:
    """What the baseline of a place has for an announced quantity."""
    baseline, result = projected(place, migration)
    people = result["population"].sel(time=year + 1)
    total = result["population"].sum(["sex", "age"])
    if quantity == "population":
        return float(total.sel(time=year + 1))
    if quantity == "dependency_ratio":
        return dependency(people)
    if quantity == "share_60_or_over":
        return 100 * float(people.sel(age=slice(60, None)).sum() / people.sum())
    if quantity == "total_fertility_rate":
        return float(total_fertility_rate(baseline["fertility_rate"]).sel(year=year))
    births, deaths = result["births"].sel(year=year), result["deaths"].sel(year=year).sum()
    if quantity == "births":
        return float(births.sum())
    if quantity == "deaths":
        return float(deaths)
    if quantity == "natural_growth_rate":
        return 1000 * float((births.sum() - deaths) / total.sel(time=[year, year + 1]).mean())
    if quantity == "share_second_or_higher" and year == int(baseline["year"][0]):
        higher = baseline["birth_order_share"].sel(order=[2, 3]).sum("order")
        return 100 * float((births * higher).sum() / births.sum())
    raise ValueError(f"the baselines have no {quantity} of {year}")


def dependency(people: xr.DataArray) -> float:
    """Persons of 0-14 and 60+ per 100 of 15-59, the definition of the Huzhou plan."""
    dim = "age" if "age" in people.dims else "age_group"
    lower, _ = parse_age_groups(people[dim].values)
    by_age = people.sum("sex").values
    working = by_age[(lower >= 15) & (lower < 60)].sum()
    return float(100 * (by_age.sum() - working) / working)


def checks() -> pd.DataFrame:
    """Announced and computed figures, their difference, and whether it is within bounds."""
    observed = data.table("observed_places")
    rows = []
    for row in observed.itertuples():
        if row.quantity not in SHOWN or row.place in ("china", "zhejiang"):
            continue
        value = computed(row.place, row.year, row.quantity)
        share = value / row.value - 1.0
        points = value - row.value
        if row.quantity in ("births", "deaths"):
            within, shown = abs(share) <= BIRTHS_WITHIN, f"{100 * share:+.1f} %"
        elif row.quantity == "total_fertility_rate":
            within, shown = abs(share) <= RATE_WITHIN, f"{100 * share:+.1f} %"
        else:
            within, shown = abs(points) <= POINTS_WITHIN, f"{points:+.2f} points"
        verdict = "yes" if within else "no"
        if (row.place, row.quantity) in INPUTS:
            verdict = "input"
        rows.append((row.place, row.year, row.quantity, row.value, value, shown, verdict))
    columns = ["place", "year", "quantity", "announced", "baseline", "difference", "within"]
    return pd.DataFrame(rows, columns=columns)


def number(value: float, quantity: str) -> str:
    """A figure as the tables show it."""
    return f"{value:,.0f}" if quantity in ("births", "deaths", "population") else f"{value:.2f}"


def check_table() -> str:
    """The first table of the page."""
    lines = ["| place | year | | announced | baseline | difference | within |"]
    lines += ["|---|---|---|---:|---:|---:|---|"]
    for row in checks().itertuples():
        announced, ours = (number(v, row.quantity) for v in (row.announced, row.baseline))
        lines.append(
            f"| {row.place} | {row.year} | {SHOWN[row.quantity]} | {announced} | {ours} | "
            f"{row.difference} | {row.within} |"
        )
    return "\n".join(lines)


def migration_table() -> str:
    """Births and year-end population under each assumption on migration."""
    observed = data.table("observed_places")
    chosen = observed[observed["quantity"].isin(["births", "population"])]
    lines = ["| place | year | | announced | " + " | ".join(MIGRATION) + " |"]
    lines += ["|---|---|---|---:|" + "---:|" * len(MIGRATION)]
    for row in chosen[chosen["place"] != "china"].itertuples():
        cells = []
        for migration in MIGRATION:
            value = computed(row.place, row.year, row.quantity, migration)
            cells.append(f"{number(value, row.quantity)} ({100 * (value / row.value - 1):+.1f} %)")
        head = f"{row.place} | {row.year} | {row.quantity} | {number(row.value, row.quantity)}"
        lines.append(f"| {head} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def nation_as_a_place() -> dict[int, float]:
    """Births of China made as those of a place are, over the announced ones.

    A place has its census's level of 2020, then WPP's change. For China that level is the
    census's own total fertility rate of 2020.
    """
    rates = data.table("fertility_china_2020")["fertility_rate"]
    level = 5.0 * float(rates.sum()) / float(china.published("total_fertility_rate").sel(year=2020))
    rows = data.table("observed_places").query("place == 'china' and quantity == 'births'")
    announced = rows.set_index("year")["value"]
    return {
        int(year): level * computed("china", int(year), "births") / float(value)
        for year, value in announced.items()
    }


def cixi_table() -> str:
    """Where the gap of Cixi 2024 comes from: factors that multiply to announced over baseline."""
    rows = data.table("observed_places").query("place == 'cixi' and quantity == 'births'")
    announced = float(rows["value"].iloc[0])
    national = computed("cixi", 2024, "births", "national")
    internal = computed("cixi", 2024, "births")
    rebound = 1.0 / nation_as_a_place()[2024]
    factors = {
        "without internal migration: announced over baseline": announced / national,
        "internal migration since 2020 (in the baseline)": internal / national,
        "left over: announced over baseline": announced / internal,
        "of this, the nation in 2024 (China made as a place)": rebound,
        "of this, Cixi's own": announced / internal / rebound,
    }
    lines = ["| Cixi 2024 | factor |", "|---|---:|"]
    lines += [f"| {name} | {factor:.3f} |" for name, factor in factors.items()]
    return "\n".join(lines)


def ageing_table() -> str:
    """Dependency ratio of Huzhou from census night on, and the aged of China."""
    counted = as_array(census("huzhou"), "population")
    people = projected("huzhou")[1]["population"]
    observed = data.table("observed_places").set_index(["place", "quantity"])["value"]
    plan = float(observed["huzhou", "dependency_ratio"])
    aged = float(observed["china", "share_60_or_over"])
    before = computed("china", 2020, "share_60_or_over")
    rows = [
        ("Huzhou, 0-14 and 60+ per 100 of 15-59, census night 2020", plan, dependency(counted)),
        ("the same, 1 January 2021", plan, dependency(people.sel(time=2021))),
        ("the same, end of 2021", plan, dependency(people.sel(time=2022))),
        ("China, 60+ in percent, 1 January 2021", None, before),
        ("the same, end of 2021", aged, computed("china", 2021, "share_60_or_over")),
    ]
    lines = ["| | announced for 2021 | computed |", "|---|---:|---:|"]
    for name, announced, ours in rows:
        lines.append(f"| {name} | {'' if announced is None else announced} | {ours:.2f} |")
    return "\n".join(lines)


def regions_table(place: str) -> str:
    """Population, births and total fertility rate of the regions of a city in 2021."""
    parts = load_regions(place, end=2021)
    result = ps.project(parts)
    births = result["births"].sel(year=2021).sum("age")
    rates = total_fertility_rate(parts["fertility_rate"]).sel(year=2021)
    people = parts["population"].sum(["sex", "age"])
    lines = ["| | code | population, 1 January 2021 | births 2021 | total fertility rate |"]
    lines += ["|---|---|---:|---:|---:|"]
    for region in parts["region"].values:
        one = parts["region_name"].sel(region=region)
        lines.append(
            f"| {one.item()} {parts['region_name_zh'].sel(region=region).item()} "
            f"| {one['region_code'].item()} | {float(people.sel(region=region)):,.0f} "
            f"| {float(births.sel(region=region)):,.0f} | {float(rates.sel(region=region)):.2f} |"
        )
    city = computed(place, 2021, "total_fertility_rate")
    total = f"{float(people.sum()):,.0f} | {computed(place, 2021, 'births'):,.0f} | {city:.2f}"
    return "\n".join([*lines, f"| the city | | {total} |"])


def nation_table() -> str:
    """China made as a place, year by year."""
    lines = ["| China | baseline made as for a place, over announced |", "|---|---:|"]
    lines += [f"| {year} | {ratio:.3f} |" for year, ratio in nation_as_a_place().items()]
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """The tables of the page by name."""
    return {
        "checks": check_table(),
        "migration": migration_table(),
        "nation": nation_table(),
        "cixi": cixi_table(),
        "ageing": ageing_table(),
        "huzhou": regions_table("huzhou"),
        "baotou": regions_table("baotou"),
    }


def main() -> None:
    for table in tables().values():
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
