"""What the command ``popsim`` prints and draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from popsim.languages import in_each, label, sentence

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
    from popsim.plot.style import label as label_of, shown, styled

    first, last = int(result["time"].values[0]), int(result["time"].values[-1])
    paths = [stem.with_name(f"{stem.name}_{what}.png") for what in ("births", "pyramid")]
    with styled():
        figure, (top, bottom) = plt.subplots(
            2, 1, figsize=(8, 7), sharex=True, height_ratios=(3, 2)
        )
        figure.suptitle(shown(dict(package.title), between="\n"), fontsize=10)
        plot.compare(result, "births", ax=top)
        births = result["births"].sum("order")
        extra = births.sel(scenario=package.name) - births.sel(scenario="baseline")
        plot.fan(extra, ax=bottom)
        bottom.axhline(0, color="black", linewidth=0.8)
        bottom.set_ylabel(label_of("cli.births_axis", "Additional births") + " [persons]")
        with replacing(paths[0]) as temporary:
            figure.savefig(temporary, dpi=150, format="png")
        axes = plot.pyramid(
            result["population_final"].sel(scenario=package.name, drop=True),
            beside=baseline["population"],
            labels=(f"1.1.{last}", f"1.1.{first}"),
        )
        axes.set_title(
            label_of(
                "cli.pyramid",
                "{place}: {first} and {last}",
                place=package.place,
                first=first,
                last=last,
            )
        )
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
    from popsim.plot.style import shown, styled

    with styled():
        plot.board(made, title=shown(dict(package.title)))
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

    table = table_of(label(dict(package.title), "\n"))
    ratios = table_of(_said("ratios", "Dependents per 100 aged 15-64, end of year"))
    for key, head in (
        ("year", "year"),
        ("births", "births"),
        ("additional_births", "additional births"),
        ("spending", "spending, million yuan"),
    ):
        table.add_column(_said(key, head, "\n"), justify="right", no_wrap=True)
    for key, head in (("year", "year"), ("baseline", "baseline"), ("change", "change, points")):
        ratios.add_column(_said(key, head, "\n"), justify="right", no_wrap=True)
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

    spending = table_of(_said("by_instrument", "Spending by instrument, median, million yuan"))
    spending.add_column(_said("instrument", "instrument", "\n"))
    # Twelve instruments do not fit beside each other; years of a decade do.
    picked = sorted(shown)[:7]
    for year in picked:
        spending.add_column(str(year), justify="right", no_wrap=True)
    titles = {i.id: label(dict(i.title), " ") for i in package.instruments}
    medians = one["cost"].sel(quantile=0.5, year=picked) / 1e6
    for instrument in one["instrument"].values:
        row = medians.sel(instrument=instrument)
        if bool((row != 0.0).any()):
            spending.add_row(titles[str(instrument)], *(f"{float(v):,.2f}" for v in row))
    console.print(spending)

    first, last = int(years[0]), int(years[-1])
    total = table_of(
        _said("all_years", "All years {first}-{last}", first=first, last=last), show_header=False
    )
    total.add_column()
    total.add_column(justify="right")
    for key, head, between, values, digits in (
        ("additional_births", "additional births", " ", one["cumulative_additional_births"], 0),
        ("spending", "spending, million yuan", " ", one["cumulative_cost"] / 1e6, 1),
        (
            "per_birth",
            "per additional birth, million yuan",
            "\n",
            one["cost_per_additional_birth"] / 1e6,
            2,
        ),
    ):
        total.add_row(_said(key, head, between), _interval(values, digits))
    console.print(total)
    console.print(
        _sentence("medians", "Medians, and 80 % intervals in brackets. Births are the baseline's.")
    )
    for override in package.overrides:
        console.print(
            _sentence("another_prior", "Another prior: {prior}", prior=override), highlight=False
        )
    for instrument in package.background:
        title = label(dict(instrument.title), " ")
        said = _sentence("background", "On top of: {title}, which is not counted.", title=title)
        console.print(said, highlight=False)
    from popsim.schema.conventions import MIGRATION_FORMS

    rule = result.attrs["rule_fertility_rate"]
    console.print(_sentence("baseline_rule", "Baseline: {rule}.", rule=rule), highlight=False)
    flows = (result.attrs.get(f"rule_{name}") for name in MIGRATION_FORMS)
    rule = next((said for said in flows if said), "closed: no migration")
    console.print(_sentence("migration_rule", "Migration: {rule}.", rule=rule), highlight=False)


def _said(key: str, english: str, between: str = "  ", **parts: object) -> str:
    """A label of the command, in the language that is spoken or in both."""
    return label(in_each(f"cli.{key}", english, **parts), between)


def _sentence(key: str, english: str, **parts: object) -> str:
    return sentence(in_each(f"cli.{key}", english, **parts))


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
    to = sentence(in_each("board.to", " to "))
    ends = to.join(_number(v, digits) for v in (low, high))
    return f"{_number(middle, digits)} [dim]({ends})[/dim]"


def _number(value: float, digits: int) -> str:
    """Print a number; what rounds to zero has no sign."""
    if value == float("inf"):
        return _sentence("unbounded", "unbounded")
    return f"{round(value, digits) + 0.0:,.{digits}f}"
