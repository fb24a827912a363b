"""The command ``popsim``: run a scenario, hold it against its targets, read the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from popsim.cli.doctor import doctor
from popsim.cli.tables import console, draw_board, draw_figures, print_summary, table_of
from popsim.errors import OutputError, PopsimError
from popsim.languages import BOTH, ENGLISH, in_each, sentence, spoken
from popsim.options import set_options

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def speak(
    context: typer.Context,
    language: Annotated[
        str, typer.Option(help="Of tables and figures: en, zh, or both.", show_default=True)
    ] = BOTH,
) -> None:
    """Population projection and family-policy simulation."""
    context.with_resource(set_options(language=language))  # until the command ends


def _say_written(path: Path) -> None:
    said = in_each("cli.written", "written: {path}", path=path)
    console.print(sentence(said), highlight=False)


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
    variants: Annotated[
        bool, typer.Option(help="The alternatives of the scenario's file too.")
    ] = False,
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
        packages = [package, *map(package.variant, package.variants if variants else ())]
        result = ps.simulate(baseline, packages, draws=draws, seed=seed)
        bar.update(task, advance=1, description="comparing")
        comparison = ps.compare(result)
        bar.update(task, advance=1, description="writing the result")
        written = [write_netcdf(result, target)]
        bar.update(task, advance=1, description="drawing")
        written += draw_figures(package, baseline, result, target.with_suffix(""))
        bar.update(task, advance=1)
    for each in packages:
        print_summary(each, result, comparison)
    for path in written:
        _say_written(path)


@app.command(name="list")
def list_() -> None:
    """List the scenarios and baselines that come with popsim."""
    from popsim.baselines.load import PLACES
    from popsim.scenario.catalogue import scenario_names
    from popsim.scenario.load import load_scenario

    table = table_of(sentence(in_each("cli.scenarios", "Scenarios")))
    for key in ("scenario", "place"):
        table.add_column(sentence(in_each(f"cli.{key}", key)), overflow="fold")
    heads = in_each("cli.title", "title")
    shown = [code for code in heads if spoken() in (code, BOTH)] or [ENGLISH]
    for code in shown:
        table.add_column(heads[code], overflow="fold")
    for name in scenario_names():
        package = load_scenario(name)
        title = dict(package.title)
        table.add_row(name, package.place, *(sentence(title, code) for code in shown))
    console.print(table)
    places = ", ".join(PLACES)
    console.print(sentence(in_each("cli.baselines", "Baselines: {places}", places=places)))


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="A scenario file (YAML).")],
) -> None:
    """Check a scenario file and print it in words."""
    from popsim.scenario.load import load_scenario

    console.print(str(load_scenario(file)), markup=False, highlight=False)
    console.print("valid", style="green")


@app.command()
def board(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or a YAML file.")],
    draws: Annotated[int, typer.Option(help="Number of draws.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same board.")] = 0,
    end: Annotated[int, typer.Option(help="Last calendar year.")] = 2035,
    as_of: Annotated[int | None, typer.Option(help="Last year of known observations.")] = None,
    language: Annotated[str | None, typer.Option(help="As of popsim itself.")] = None,
    out: Annotated[Path | None, typer.Option(help="A picture of it, ending in .png.")] = None,
) -> None:
    """Hold the indicators of a scenario against their targets."""
    if language is not None:
        context.with_resource(set_options(language=language))
    import popsim as ps
    from popsim.analysis.board_text import board_rows
    from popsim.analysis.monitor import board as make

    package = ps.load_scenario(scenario)
    baseline = ps.load_baseline(package.place, end=end)
    result = ps.simulate(baseline, package, draws=draws, seed=seed)
    made = make(result, package, baseline=baseline, as_of=as_of)
    head, *rows = board_rows(made)
    table = table_of(sentence(dict(package.title)))
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if out is not None:
        draw_board(made, package, out)
        _say_written(out)


@app.command()
def evidence(
    instrument: Annotated[
        str | None, typer.Argument(help="A class of instruments, such as cash; all if absent.")
    ] = None,
) -> None:
    """Print the evidence library: priors, their reasoning, and the studies behind them."""
    from popsim.policy.evidence import text

    console.print(text(instrument), markup=False, highlight=False)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the scenario, as in my_city_2026.")],
    place: Annotated[
        str | None, typer.Option(help="Name of the place's baseline; the scenario's if absent.")
    ] = None,
) -> None:
    """Write a commented scenario file to fill in, NAME.yaml."""
    from popsim.io.write import replacing
    from popsim.scenario.skeleton import scenario_skeleton

    text = scenario_skeleton(name, place or name)
    path = Path(f"{name}.yaml")
    if path.exists():
        raise OutputError(
            "there is a file of this name already",
            where=str(path),
            allowed="a name that is free",
            fix="choose another name, or remove it",
        )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.print(f"written: {path}; check it with: popsim validate {path}", highlight=False)


app.command()(doctor)
