"""Packages whose public names are those of their stub, each loaded on first use.

The stub (``__init__.pyi``) beside a package says once what the package offers: editors and type
checkers read it, and so does :func:`attach`, so that the list at run time cannot differ from it.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_IMPORT = re.compile(r"^from (\S+) import (\*|\([^)]*\)|[^(\n]*)", re.MULTILINE)
_ROOT = Path(__file__).parent


class _Face(ModuleType):
    """A package that shows its public names and nothing else."""

    def __getattr__(self, name: str) -> Any:
        where = self.__dict__["_public"].get(name)
        if where is None:
            if not name.startswith("_") and _is_within(self, name):
                return import_module(f"{self.__name__}.{name}")
            raise _unknown(self, name)
        module = import_module(where)
        value = vars(module).get(name)
        if value is None:  # a module, not a name within one
            value = import_module(f"{where}.{name}")
        self.__dict__[name] = value  # the next access does not come here
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Python binds a module in its package when it is first loaded; a function of the same
        # name is what the package offers.
        public = self.__dict__["_public"].get(name)
        if isinstance(value, ModuleType) and public == value.__name__:
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted(self.__dict__["_public"])


def attach(package: str) -> list[str]:
    """Give a package the names of its stub, and return them for its ``__all__``.

    Parameters
    ----------
    package : str
        ``__name__`` of the package that calls.

    Examples
    --------
    >>> import popsim.demography
    >>> "life_table" in dir(popsim.demography)
    True
    """
    module = sys.modules[package]
    public = public_names(package)
    vars(module)["_public"] = public
    module.__class__ = _Face
    return sorted(public)


def public_names(package: str) -> dict[str, str]:
    """Read a package's stub: each public name, and the module that has it.

    Examples
    --------
    >>> public_names("popsim")["simulate"]
    'popsim.simulation'
    """
    stub = _ROOT.joinpath(*package.split(".")[1:], "__init__.pyi").read_text(encoding="utf-8")
    public: dict[str, str] = {}
    for where, listed in _IMPORT.findall(stub):
        if listed == "*":
            public |= public_names(where)
            continue
        for entry in re.split(r"[(),]+", listed):
            if name := entry.strip().partition(" as ")[0].strip():
                public[name] = where
    return public


def _is_within(package: ModuleType, name: str) -> bool:
    """Whether a package has a module or a package of that name."""
    folder = Path(package.__path__[0])
    return (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()


def _unknown(package: ModuleType, name: str) -> AttributeError:
    if name.startswith("_"):  # Python itself and its tools ask for these
        return AttributeError(f"module {package.__name__!r} has no attribute {name!r}")
    from popsim.errors import UnknownNameError, did_you_mean  # on the way to an error only

    known = dir(package)
    return UnknownNameError(
        f"module {package.__name__!r} has no attribute {name!r}",
        where=package.__name__,
        got=name,
        allowed=", ".join(known),
        fix=_elsewhere(name) or did_you_mean(name, known),
    )


def _elsewhere(name: str) -> str | None:
    """Say which other package offers a name."""
    for stub in sorted(_ROOT.glob("*/__init__.pyi")):
        if name in public_names(room := f"popsim.{stub.parent.name}"):
            return f"from {room} import {name}"
    return None
