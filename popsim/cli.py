"""The command ``popsim``: run a scenario, list what there is, check a scenario file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from popsim.errors import PopsimError

if TYPE_CHECKING:
    import xarray as xr

    from popsim.scenario.model import Scenario

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Population projection and family-policy simulation.",
    pretty_exceptions_enable=False,
)
console = Console()


def main() -> None:
    """Run the command; an error of popsim's is a message and exit status 2, not a traceback."""
    try:
        app()
    except PopsimError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False)
        raise SystemExit(2) from None


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or a YAML file.")],
    draws: Annotated[int, typer.Option(help="Number of draws.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    end: Annotated[int, typer.Option(help="Last calendar year.")] = 2060,
    out: Annotated[
        Path, typer.Option(help="Folder for the result and figures, or the .nc file itself.")
    ] = Path("popsim-output"),
) -> None:
    """Simulate a scenario beside its baseline: a table, a NetCDF file and two figures."""
    bar = Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("loading", total=5)
        import popsim as ps
        from popsim.io.write import check_writable, write_netcdf

        package = ps.load_scenario(scenario)
        target = out if out.suffix == ".nc" else out / f"{package.name}.nc"
        check_writable(target.parent)
        baseline = ps.load_baseline(package.place, end=end)
        bar.update(task, advance=1, description=f"simulating {draws} draws to {end}")
        result = ps.simulate(baseline, package, draws=draws, seed=seed)
        bar.update(task, advance=1, description="comparing")
        comparison = ps.compare(result)
        bar.update(task, advance=1, description="writing the result")
        written = [write_netcdf(result, target)]
        bar.update(task, advance=1, description="drawing")
        written += draw_figures(package, baseline, result, target.with_suffix(""))
        bar.update(task, advance=1)
    print_summary(package, result, comparison)
    for path in written:
        console.print(f"written: {path}", highlight=False)


@app.command(name="list")
def list_() -> None:
    """List the scenarios and baselines that come with popsim."""
    from popsim.demography.places import PLACES
    from popsim.scenario.catalogue import scenario_names
    from popsim.scenario.load import load_scenario

    table = _table("Scenarios")
    for head in ("scenario", "place", "title", "标题"):
        table.add_column(head)
    for name in scenario_names():
        package = load_scenario(name)
        table.add_row(name, package.place, package.title.en, package.title.zh)
    console.print(table)
    console.print("Baselines: " + ", ".join(PLACES))


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="A scenario file (YAML).")],
) -> None:
    """Check a scenario file and print it in words."""
    from popsim.scenario.load import load_scenario

    console.print(str(load_scenario(file)), markup=False, highlight=False)
    console.print("valid", style="green")


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


def print_summary(package: Scenario, result: xr.Dataset, comparison: xr.Dataset) -> None:
    """Print what a budget officer asks first."""
    from popsim.analysis.compare import quantiles

    one = comparison.sel(scenario=package.name)
    births = quantiles(result["births"].sel(scenario="baseline").sum("order"))
    ratio = quantiles(result["dependency_ratio"].sel(scenario="baseline"))
    years = result["year"].values
    shown = [int(y) for y in years if y % 10 == 0 or y in (years[0], years[-1])]
    shown += [y for y in (2024, 2025, 2026) if y in years and y not in shown]

    table = _table(f"{package.title.en}\n{package.title.zh}")
    ratios = _table("Dependents per 100 aged 15-64, end of year  年末总抚养比")
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

    spending = _table("Spending by instrument, median, million yuan  分项支出(百万元)")
    spending.add_column("year\n年份", no_wrap=True)
    titles = {i.id: f"{i.title.en}\n{i.title.zh}" for i in package.instruments}
    for instrument in one["instrument"].values:
        spending.add_column(titles[str(instrument)], justify="right")
    for year in sorted(shown):
        row = one["cost"].sel(year=year, quantile=0.5)
        spending.add_row(str(year), *(f"{float(v) / 1e6:,.2f}" for v in row))
    console.print(spending)

    total = _table(f"All years {years[0]}-{years[-1]}  合计", show_header=False)
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
    for instrument in package.background:
        console.print(
            f"On top of: {instrument.title.en} {instrument.title.zh}, which is not counted.",
            highlight=False,
        )
    console.print(f"Baseline: {result.attrs['rule_fertility']}.", highlight=False)
    console.print(f"Migration: {result.attrs['rule_migration']}.", highlight=False)


def _table(title: str, *, show_header: bool = True) -> Table:
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
