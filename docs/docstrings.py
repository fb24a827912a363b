"""Docstrings of the house (numpydoc, with the roles of reStructuredText) as Markdown.

Read by mkdocstrings. A role that names something with a page becomes a link to it, which the
strict build checks; one that names something else of the package stands as code. That every role
names something that exists is a test (``tests/test_docstrings.py``).
"""

from __future__ import annotations

import importlib
import re
import textwrap
from typing import Any

import api_pages
import griffe

_MATH_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. math::(?P<first>.*)\n(?P<rest>(?:(?P=indent) +.*\n|[ ]*\n)*)",
    re.MULTILINE,
)
_ROLE = re.compile(r":(?:py:)?(?P<role>\w+):`(?P<target>[^`]+)`")


def markdown(text: str, at: str) -> str:
    """The docstring of the object ``at`` with its formulas and roles in Markdown."""
    text = _MATH_BLOCK.sub(_formula, f"{text}\n")
    text = _ROLE.sub(lambda role: _role(role["role"], role["target"], at), text)
    return text.replace("``", "`").rstrip("\n")


def _formula(block: re.Match[str]) -> str:
    indent, rest = block["indent"], textwrap.dedent(block["rest"]).strip("\n")
    lines = [line for line in (block["first"].strip(), *rest.splitlines()) if line.strip()]
    if any("&" in line for line in lines):  # as Sphinx has it
        lines = [r"\begin{aligned}", *lines, r"\end{aligned}"]
    shown = "\n".join(f"{indent}{line}" for line in ("$$", *lines, "$$"))
    return f"\n{shown}\n\n"


def _role(role: str, target: str, at: str) -> str:
    if role == "math":
        return f"${' '.join(target.split())}$"
    name = re.sub(r"\s+", "", target)
    shown = name.rpartition(".")[2] if name.startswith("~") else name
    found = _found(name.lstrip("~"), at)
    return f"[`{shown}`][{found}]" if found in api_pages.documented() else f"`{shown}`"


def _found(name: str, at: str) -> str | None:
    """Where the thing is defined that a name means, looked up from ``at`` outwards."""
    scopes = at.split(".")
    for candidate in (f"{'.'.join(scopes[:n])}.{name}" for n in range(len(scopes), 0, -1)):
        if (thing := _thing(candidate)) is not None:
            return api_pages.defined_at(thing) or getattr(thing, "__name__", None)
    thing = _thing(name)
    return None if thing is None else api_pages.defined_at(thing) or getattr(thing, "__name__", "")


def _thing(name: str) -> Any:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part, None)
        return thing
    return None


class HouseDocstrings(griffe.Extension):
    """Turns every docstring into Markdown before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value, obj.path)
