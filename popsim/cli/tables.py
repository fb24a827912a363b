"""What the command ``popsim`` prints and draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import xarray as xr

    from popsim.analysis.monitor import Board
    from popsim.scenario.model import Scenario

console = Console()


def draw_figures(
    package: Scenario, baseline: xr.Dataset, result: xr.Dataset, stem: Path
) -> list[Path]:
    """Draw births with bands, and the pyramid now and at the end; return the files.

    They stand beside the result: ``stem`` with _births.png and _pyramid.png.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    from popsim import plot
    from popsim.io.write import replacing
    from popsim.plot.style import bilingual, styled

    first, last = int(result["time"].values[0]), int(result["time"].values[-1])
    paths = [stem.with_name(f"{stem.name}_{what}.png") for what in ("births", "pyramid")]
    with styled():
        figure, (top, bottom) = plt.subplots(
            2, 1, figsize=(8, 7), sharex=True, height_ratios=(3, 2)
        )
        figure.suptitle(
            f"{package.title.en}\n{bilingual('', package.title.zh).strip()}", fontsize=10
        )
        plot.compare(result, "births", ax=top)
        births = result["births"].sum("order")
        extra = births.sel(scenario=package.name) - births.sel(scenario="baseline")
        plot.fan(extra, ax=bottom)
        bottom.axhline(0, color="black", linewidth=0.8)
        bottom.set_ylabel(bilingual("Additional births", "新增出生") + " [persons]")
        with replacing(paths[0]) as temporary:
            figure.savefig(temporary, dpi=150, format="png")
        axes = plot.pyramid(
            result["population_final"].sel(scenario=package.name, drop=True),
            beside=baseline["population"],
            labels=(f"1.1.{last}", f"1.1.{first}"),
        )
        axes.set_title(bilingual(f"{package.place}: {first} and {last}", "人口金字塔"))
        with replacing(paths[1]) as temporary:
            plt.savefig(temporary, dpi=150, format="png")
    plt.close("all")
    return paths


def draw_board(made: Board, package: Scenario, path: Path) -> None:
    """Draw a board into a PNG file."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    from popsim import plot
    from popsim.io.write import replacing
    from popsim.plot.style import bilingual, styled

    with styled():
        plot.board(made, title=bilingual(package.title.en, package.title.zh))
        with replacing(path) as temporary:
            plt.savefig(temporary, dpi=150, format="png", bbox_inches="tight")
    plt.close("all")


def print_summary(package: Scenario, result: xr.Dataset, comparison: xr.Dataset) -> None:
    """Print what a budget officer asks first."""
    from popsim.uncertainty.quantiles import quantiles

    one = comparison.sel(scenario=package.name)
    births = quantiles(result["births"].sel(scenario="baseline").sum("order"))
    ratio = quantiles(result["dependency_ratio"].sel(scenario="baseline"))
    years = result["year"].values
    shown = [int(y) for y in years if y % 10 == 0 or y in (years[0], years[-1])]
    shown += [y for y in (2024, 2025, 2026) if y in years and y not in shown]

    table = table_of(f"{package.title.en}\n{package.title.zh}")
    ratios = table_of("Dependents per 100 aged 15-64, end of year  年末总抚养比")
    for head in ("year\n年份", "births\n出生人数", "additional births\n新增出生"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("spending, million yuan\n支出(百万元)", justify="right", no_wrap=True)
    for head in ("year\n年份", "baseline\n基准", "change, points\n变化"):
        ratios.add_column(head, justify="right", no_wrap=True)
    for year in sorted(shown):
        table.add_row(
            str(year),
            _interval(births.sel(year=year), 0),
            _interval(one["additional_births_total"].sel(year=year), 0),
            _interval(one["cost_total"].sel(year=year) / 1e6, 1),
        )
        ratios.add_row(
            str(year),
            _interval(ratio.sel(time=year + 1), 1),
            _interval(one["dependency_ratio_change"].sel(time=year + 1), 2),
        )
    console.print(table)
    console.print(ratios)

    spending = table_of("Spending by instrument, median, million yuan  分项支出(百万元)")
    spending.add_column("instrument\n政策工具")
    # Twelve instruments do not fit beside each other; years of a decade do.
    picked = sorted(shown)[:7]
    for year in picked:
        spending.add_column(str(year), justify="right", no_wrap=True)
    titles = {i.id: f"{i.title.en} {i.title.zh}" for i in package.instruments}
    medians = one["cost"].sel(quantile=0.5, year=picked) / 1e6
    for instrument in one["instrument"].values:
        row = medians.sel(instrument=instrument)
        if bool((row != 0.0).any()):
            spending.add_row(titles[str(instrument)], *(f"{float(v):,.2f}" for v in row))
    console.print(spending)

    total = table_of(f"All years {years[0]}-{years[-1]}  合计", show_header=False)
    total.add_column()
    total.add_column(justify="right")
    total.add_row("additional births 新增出生", _interval(one["cumulative_additional_births"], 0))
    total.add_row("spending, million yuan 支出(百万元)", _interval(one["cumulative_cost"] / 1e6, 1))
    total.add_row(
        "per additional birth, million yuan\n每新增一名出生的支出(百万元)",
        _interval(one["cost_per_additional_birth"] / 1e6, 2),
    )
    console.print(total)
    console.print("Medians, and 80 % intervals in brackets. Births are the baseline's.")
    for override in package.overrides:
        console.print(f"Another prior: {override}", highlight=False)
    for instrument in package.background:
        console.print(
            f"On top of: {instrument.title.en} {instrument.title.zh}, which is not counted.",
            highlight=False,
        )
    from popsim.schema.conventions import MIGRATION_FORMS

    console.print(f"Baseline: {result.attrs['rule_fertility_rate']}.", highlight=False)
    flows = (result.attrs.get(f"rule_{name}") for name in MIGRATION_FORMS)
    rule = next((said for said in flows if said), "closed: no migration")
    console.print(f"Migration: {rule}.", highlight=False)


def table_of(title: str, *, show_header: bool = True) -> Table:
    """Return an empty table in the style of all of them."""
    return Table(
        title=title,
        title_justify="left",
        show_header=show_header,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )


def _interval(values: xr.DataArray, digits: int) -> str:
    low, middle, high = (float(v) for v in values.transpose("quantile").values)
    ends = " to ".join(_number(v, digits) for v in (low, high))
    return f"{_number(middle, digits)} [dim]({ends})[/dim]"


def _number(value: float, digits: int) -> str:
    """Print a number; what rounds to zero has no sign."""
    if value == float("inf"):
        return "unbounded"
    return f"{round(value, digits) + 0.0:,.{digits}f}"
