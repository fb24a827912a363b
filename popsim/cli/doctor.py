"""The command ``popsim doctor``: what popsim stands on, and what of it is broken."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from packaging.requirements import Requirement

#: What each extra is for; those for work on popsim itself are left out.
EXTRAS = {
    "distributed": "runs in blocks and on several machines",
    "sensitivity": "shares of variance",
    "zh": "a font with Chinese, for figures",
}

#: Modules whose name is not that of their distribution.
_MODULES = {"PyYAML": "yaml"}

Report = dict[str, Any]


class _Problems(list[dict[str, str]]):
    """What is broken, each with the way to mend it."""

    def add(self, what: str, fix: str) -> None:
        self.append({"what": what, "fix": fix})


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Look at libraries, threads, the cache, fonts and extras; exit status 1 if any is broken."""
    report = examine()
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(report)
    if report["problems"]:
        raise typer.Exit(1)


def examine() -> Report:
    """All that the command prints, by section; ``problems`` is empty where nothing is broken."""
    import platform

    problems = _Problems()
    report: Report = {
        "popsim": {"version": _version("popsim"), "folder": str(Path(__file__).parents[1])},
        "python": {
            "version": platform.python_version(),
            "executable": sys.executable,
            "platform": platform.platform(terse=True),
        },
    }
    sections: dict[str, Callable[[_Problems], Any]] = {
        "libraries": _libraries,
        "threads": _threads,
        "kernels": _kernels,  # before the cache: it may mend what stands there
        "cache": _cache,
        "fonts": _fonts,
        "extras": _extras,
    }
    for name, look in sections.items():
        try:
            report[name] = look(problems)
        except Exception as error:  # whatever a broken library raises
            report[name] = None
            problems.add(f"{name}: {_said(error)}", "install popsim anew: pip install popsim")
    return {**report, "problems": list(problems)}


def _libraries(problems: _Problems) -> list[Report]:
    """Each library that popsim needs: its version, what is asked for, and whether it loads."""
    found: list[Report] = []
    if _version("popsim") is None:
        problems.add("popsim is not installed: it runs from its folder", "pip install popsim")
    for need in _requirements():
        if not _applies(need):
            continue
        version, error = _version(need.name), None
        if version is None:
            error = "not installed"
        elif not need.specifier.contains(version, prereleases=True):
            error = "another version"
        else:
            try:
                import_module(_MODULES.get(need.name, need.name))
            except Exception as broken:  # such as one that was built for another NumPy
                error = f"does not load: {_said(broken)}"
        found.append({"name": need.name, "version": version, "needs": str(need.specifier)})
        if error is not None:
            named = f"{need.name} {version}" if version else need.name
            problems.add(f"{named}: {error}", f'pip install "{need.name}{need.specifier}"')
        if need.name == "numba":
            found.append({"name": "llvmlite", "version": _version("llvmlite"), "needs": ""})
    return found


def _threads(_: _Problems) -> Report:
    from popsim.kernels._jit import most_threads

    return {
        "kernels": most_threads(),
        "processors": os.cpu_count(),
        "NUMBA_NUM_THREADS": os.environ.get("NUMBA_NUM_THREADS"),
    }


def _kernels(problems: _Problems) -> Report:
    """Run a kernel: from the cache, or compiled for it."""
    import numpy as np

    from popsim.errors import CacheWarning
    from popsim.kernels.ratios import percent_of

    part, of, out = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.empty((1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)  # the cache has a section of its own
        percent_of(np.array([[[1.0], [4.0]]]), part, of, out)
    right = bool(out[0, 0] == 25.0)
    if not right:
        problems.add(
            f"a compiled kernel is wrong: 1 of 4 is {out[0, 0]} percent",
            "delete the folder of the cache; if that does not help, install numba anew",
        )
    return {"right": right}


def _cache(problems: _Problems) -> Report:
    """Where compiled kernels stand, and whether they are whole."""
    from popsim.kernels._cache import STORE, SUFFIX, body_of, environment, key

    folder, writable = STORE.folder, STORE.is_writable()
    sizes, damaged = [], 0
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            content = path.read_bytes()
        except OSError:
            damaged += 1
            continue
        sizes.append(len(content))
        damaged += body_of(content) is None
    if damaged:
        problems.add(
            f"{damaged} of {len(sizes)} files in the cache are cut off or not of popsim",
            f"delete {folder}; without, each is compiled anew when it is needed",
        )
    if not writable:
        problems.add(
            "the cache cannot be written to: every process compiles anew",
            "set NUMBA_CACHE_DIR to a folder that you may write to",
        )
    return {
        "folder": str(folder),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR"),
        "key": key(),
        "key_of": environment(),
        "files": len(sizes),
        "bytes": sum(sizes),
        "damaged": damaged,
        "writable": writable,
        "folders_of_other_keys": sum(1 for p in folder.parent.glob("*") if p.is_dir()) - writable,
    }


def _fonts(_: _Problems) -> Report:
    from popsim.plot.style import chinese_family

    return {"chinese": chinese_family()}


def _extras(_: _Problems) -> list[Report]:
    """Each extra, what it is for, and which of its libraries are not here."""
    found = []
    for extra, what_for in EXTRAS.items():
        needs = [n for n in _requirements() if _applies(n, extra) and not _applies(n)]
        missing = [n.name for n in needs if _lacks(n)]
        found.append({"name": extra, "for": what_for, "installed": not missing, "missing": missing})
    return found


def _requirements() -> list[Requirement]:
    """What the installed popsim asks for; nothing where it is run without being installed."""
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        return [Requirement(text) for text in metadata.requires("popsim") or ()]
    except metadata.PackageNotFoundError:
        return []


def _applies(need: Requirement, extra: str = "") -> bool:
    return need.marker is None or need.marker.evaluate({"extra": extra})


def _lacks(need: Requirement) -> bool:
    version = _version(need.name)
    return version is None or not need.specifier.contains(version, prereleases=True)


def _version(distribution: str) -> str | None:
    from importlib import metadata  # takes long, and every command loads this module

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _said(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _print(report: Report) -> None:
    from rich.markup import escape

    from popsim.cli.tables import console, table_of

    table = table_of(f"popsim {report['popsim']['version'] or '(not installed)'}")
    for head in ("what", "found"):
        table.add_column(head, overflow="fold")
    for what, found in _rows(report):
        table.add_row(what, escape(found))
    width = min(console.width, 80)
    console.print(table, width=width)
    for problem in report["problems"]:
        text = f"broken: {problem['what']}\n  fix: {problem['fix']}"
        console.print(text, style="red", markup=False, highlight=False, width=width)
    if not report["problems"]:
        console.print("nothing is broken", style="green")


def _rows(report: Report) -> list[tuple[str, str]]:
    python, cache = report["python"], report["cache"]
    rows = [
        ("folder", report["popsim"]["folder"]),
        ("Python", f"{python['version']}, {python['executable']}, {python['platform']}"),
    ]
    rows += [(one["name"], _library(one)) for one in report["libraries"] or ()]
    if report["threads"] is not None:
        rows.append(("threads", "{kernels} for kernels, {processors} processors".format_map(
            report["threads"]
        )))  # fmt: skip
    if report["kernels"] is not None:
        rows.append(
            ("kernels", "compile, and are right" if report["kernels"]["right"] else "wrong")
        )
    if cache is not None:
        state = "writable" if cache["writable"] else "not writable"
        by = ", set by NUMBA_CACHE_DIR" if cache["NUMBA_CACHE_DIR"] else ""
        rows.append(("cache", cache["folder"]))
        rows.append(("", f"files: {cache['files']}, {cache['bytes'] / 1e6:.1f} MB, {state}{by}"))
        rows.append(("", f"folders of other versions: {cache['folders_of_other_keys']}"))
        rows.append(("processor", cache["key_of"]["processor"].split()[1]))
    if report["fonts"] is not None:
        family = report["fonts"]["chinese"]
        none = "none: labels of figures are English alone; pip install popsim[zh]"
        rows.append(("font with Chinese", family or none))
    for one in report["extras"] or ():
        brings = f"for {one['for']}"
        lacking = f"pip install popsim[{one['name']}], {brings}: {', '.join(one['missing'])}"
        rows.append(
            (f"extra {one['name']}", f"installed, {brings}" if one["installed"] else lacking)
        )
    return rows


def _library(one: Report) -> str:
    version = one["version"] or "not installed"
    return f"{version} ({one['needs']})" if one["needs"] else str(version)
