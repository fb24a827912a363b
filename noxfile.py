"""The checks of the project, each in a fresh environment: ``nox``, or ``nox -s tests-3.13``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

nox.options.sessions = ["lint", "quick", "docs", "wheel"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Everything, on each Python that NumPy and Numba have wheels for."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """All tests but the slow ones."""
    session.install("-e", ".[test]")
    session.run("pytest", "-m", "not slow", "-n", "2", *session.posargs)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """The quick tests with the oldest releases that pyproject.toml allows."""
    session.install("-e", ".[test]", *oldest_releases())
    # Old releases warn of what newer ones of their own dependencies will take away.
    lenient = [
        f"-Wdefault::{kind}Warning" for kind in ("Deprecation", "PendingDeprecation", "Future")
    ]
    session.run("pytest", "-m", "not slow", "-n", "2", *lenient, *session.posargs)


def oldest_releases() -> list[str]:
    """The lower bounds of what the package itself needs, as exact releases."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = (re.match(r"([\w-]+)>=([\d.]+)", needed) for needed in project["dependencies"])
    return [f"{bound[1]}=={bound[2]}.*" for bound in bounds if bound]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, types."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """The site, strictly; what its pages print; and that it opens without a network."""
    session.install("-e", ".[docs]")
    session.run("python", "docs/generate.py", "--check")
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    session.run("python", "docs/check_site.py")


@nox.session
def wheel(session: nox.Session) -> None:
    """The wheel, installed without the repository beside it."""
    folder = session.create_tmp()
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", folder, ".")
    session.run("twine", "check", "--strict", *map(str, Path(folder).glob("popsim-*")))
    session.install(*map(str, Path(folder).glob("*.whl")))
    session.chdir(folder)
    session.run("popsim", "list")


@nox.session
def coverage(session: nox.Session) -> None:
    """Coverage of the Python lines; compiled kernels are not seen by it."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", "--cov=popsim", "--cov-report=term-missing:skip-covered")
