"""Docstrings say what was typed, and what they point to is there."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import popsim

ROOT = Path(popsim.__file__).resolve().parent
FILES = sorted(ROOT.rglob("*.py"))
#: What a backslash becomes in a string that is not raw: \f of \frac, \t of \tau, \b of \beta.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
ROLE = re.compile(r":(?:py:)?(func|class|mod|attr|meth|data|exc|obj|const):`([^`]+)`")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Each docstring of a file and the dotted name of what it describes, as Python reads it."""

    def walk(node: ast.AST, name: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from one(child, f"{name}.{child.name}")
            else:
                yield from walk(child, name)

    def one(
        node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, name: str
    ) -> Iterator[tuple[str, str]]:
        text = ast.get_docstring(node, clean=False)
        if text is not None:
            yield name, text
        yield from walk(node, name)

    yield from one(ast.parse(path.read_text(encoding="utf-8")), module_name(path))


def found(name: str) -> bool:
    """Whether a dotted name is a module, or is reached from one by attributes."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            fields = getattr(thing, "__dataclass_fields__", {})
            fields = {**fields, **getattr(thing, "__annotations__", {})}
            if not hasattr(thing, part):
                return part in fields and part == parts[-1]
            thing = getattr(thing, part)
        return True
    return False


def resolves(target: str, at: str) -> bool:
    """Whether a reference leads somewhere, from the innermost scope that it stands in outwards."""
    name = re.sub(r"\s+", "", re.sub(r"^.*<(.+)>$", r"\1", target, flags=re.S)).lstrip("~.")
    scopes = at.split(".")
    return found(name) or any(
        found(f"{'.'.join(scopes[:n])}.{name}") for n in range(len(scopes), 0, -1)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_docstrings_hold_no_control_characters(path):
    """A form feed in a docstring is the head of a LaTeX command that lost its backslash."""
    wrong = {
        name: repr(text[max(hit.start() - 20, 0) : hit.end() + 20])
        for name, text in docstrings(path)
        if (hit := CONTROL.search(text))
    }
    assert wrong == {}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_cross_references_lead_somewhere(path):
    """Every :func:, :class:, :mod:, :attr: and the like names something that can be imported."""
    broken = [
        f"{name}: {role} {target}"
        for name, text in docstrings(path)
        for role, target in ROLE.findall(text)
        if not resolves(target, name)
    ]
    # comments of the form "#: ..." document module data and hold references too
    at = module_name(path)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("#"):
            broken += [
                f"{at}: {role} {target}"
                for role, target in ROLE.findall(line)
                if not resolves(target, at)
            ]
    assert broken == []


def test_the_checks_can_fail():
    assert CONTROL.search("S = \frac{1}{2}")
    assert not CONTROL.search("one line\nand another")
    assert resolves("popsim.project", "popsim")
    assert resolves("life_table", "popsim.demography.mortality.lifetable.life_table")
    assert resolves("~popsim.errors.PopsimError", "popsim.io")
    assert not resolves("popsim.no_such_function", "popsim")
    assert not resolves("popsim.demography.mortality.lifetable.no_such", "popsim")
