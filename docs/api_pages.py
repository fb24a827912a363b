"""The pages of the API reference: one for each room, with every public function in it.

What is public is read off the package: the names that a room lists in ``__all__``, and where it
lists none, the functions and classes of its modules that have the sections of a public docstring.
mkdocs asks for the pages when it builds (``docs/hooks.py``); they are not kept as files.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import popsim

#: Page -> its title and the package or module whose public names it has.
PAGES = {
    "popsim": ("popsim", "popsim"),
    "ages": ("Ages", "popsim.demography.ages"),
    "mortality": ("Mortality", "popsim.demography.mortality"),
    "fertility": ("Fertility", "popsim.demography.fertility"),
    "migration": ("Migration", "popsim.demography.migration"),
    "indicators": ("Indicators", "popsim.demography.indicators"),
    "baselines": ("Baselines", "popsim.baselines"),
    "scenario": ("Scenarios", "popsim.scenario"),
    "policy": ("Policy", "popsim.policy"),
    "uncertainty": ("Uncertainty", "popsim.uncertainty"),
    "analysis": ("Analysis", "popsim.analysis"),
    "io": ("Files", "popsim.io"),
    "plot": ("Figures", "popsim.plot"),
    "errors": ("Errors and warnings", "popsim.errors"),
}
FOLDER = "reference/api"

_SECTIONS = re.compile(
    r"^ *(Parameters|Returns|Yields|Attributes|Examples)\n *-{4,}$", re.MULTILINE
)


@cache
def public() -> dict[str, tuple[str, ...]]:
    """Page -> dotted names of what it documents, where each is defined, in order."""
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for page in [*(p for p in PAGES if p != "popsim"), "popsim"]:
        names = sorted(set(_names(PAGES[page][1])) - taken)
        found[page] = tuple(names)
        taken |= set(names)
    return {page: found[page] for page in PAGES}


def _names(room: str) -> Iterator[str]:
    """Where the public names of a room are defined."""
    listed = _listed(room)
    if listed is not None:
        yield from (name for name in map(defined_at, listed) if name)
        return
    for module in _modules(room):
        for thing in vars(module).values():
            name = defined_at(thing)
            if (
                name is not None
                and name.rpartition(".")[0] == module.__name__
                and not name.rpartition(".")[2].startswith("_")
                and (_SECTIONS.search(thing.__doc__ or "") or room == "popsim.errors")
            ):
                yield name


def _listed(room: str) -> list[Any] | None:
    """The public things of a room, from its own list or that of the room around it."""
    module = importlib.import_module(room)
    names = getattr(module, "__all__", None)
    if names is not None:
        return [getattr(module, name) for name in names]
    around = importlib.import_module(room.rpartition(".")[0])
    names = getattr(around, "__all__", None) if around is not popsim else None
    if names is None:
        return None
    things = [getattr(around, name) for name in names]
    return [t for t in things if (defined_at(t) or "").startswith(f"{room}.")]


def _modules(room: str) -> Iterator[Any]:
    module = importlib.import_module(room)
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{room}."):
        if not found.name.rpartition(".")[2].startswith("_"):
            yield importlib.import_module(found.name)


def defined_at(thing: Any) -> str | None:
    """Dotted name of a function or class of the package where it is defined, else None."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    if not (inspect.isfunction(thing) or inspect.isclass(thing)):
        return None
    name = f"{thing.__module__}.{thing.__qualname__}"
    return name if name.startswith("popsim.") and "<" not in name else None


def first_line(thing: Any) -> str:
    """First paragraph of a docstring, on one line of Markdown."""
    paragraph = inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0]
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", paragraph).replace("``", "`")
    return " ".join(text.split()).replace("|", "\\|")


def resolve(name: str) -> Any:
    """What stands under a dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def api_pages() -> dict[str, str]:
    """Path within the documentation -> the page as Markdown."""
    return {f"{FOLDER}/{page}.md": _page(page) for page in PAGES}


def _page(page: str) -> str:
    title, room = PAGES[page]
    names = public()[page]
    lines = [f"# {title} {{#{room}}}", "", f"`{room}`: {first_line(importlib.import_module(room))}"]
    lines += ["", "| | what it is or does |", "|---|---|"]
    rows = _face() if page == "popsim" else {n.rpartition(".")[2]: n for n in names}
    for shown, name in rows.items():
        thing = importlib.import_module(name) if shown in _face_modules() else resolve(name)
        lines.append(f"| [`{shown}`][{name}] | {first_line(thing)} |")
    modules: dict[str, list[str]] = {}
    for name in names:
        module, _, member = name.rpartition(".")
        modules.setdefault(module, []).append(member)
    for module, members in modules.items():
        # The head of a page has the anchor of its room already.
        lines += ["", f"::: {module}", "    options:", f"      members: [{', '.join(members)}]"]
        if module == room:
            lines += ["      show_root_heading: false", "      show_root_toc_entry: false"]
            lines += ["      show_docstring_description: true"]
    return "\n".join(lines) + "\n"


def _face() -> dict[str, str]:
    """Public name of the package -> where it is documented."""
    found = {}
    for name in popsim.__all__:
        where = defined_at(getattr(popsim, name))
        if where:
            found[name] = where
    return {**found, **{k: v for k, v in _face_modules().items() if v in _anchors()}}


def _face_modules() -> dict[str, str]:
    names = (n for n in popsim.__all__ if inspect.ismodule(getattr(popsim, n)))
    return {name: getattr(popsim, name).__name__ for name in names}


def _anchors() -> set[str]:
    """Rooms and modules that have a heading."""
    rooms = {room for _, room in PAGES.values()}
    return rooms | {n.rpartition(".")[0] for names in public().values() for n in names}


@cache
def documented() -> frozenset[str]:
    """Dotted names that have an anchor in the reference."""
    return frozenset({name for names in public().values() for name in names} | _anchors())
