"""Which scenarios come with popsim, and where their files are."""

from __future__ import annotations

from pathlib import Path

import popsim
from popsim.errors import UnknownPlaceError, did_you_mean


def scenario_folder() -> Path:
    """Folder of the shipped scenario files.

    They are installed inside the package; in a source tree they stand beside it.
    """
    package = Path(popsim.__file__).parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def scenario_names() -> list[str]:
    """Names of the shipped scenarios.

    Examples
    --------
    >>> "ouhai" in scenario_names()
    True
    """
    return sorted(path.stem for path in scenario_folder().glob("*.yaml"))


def scenario_path(name: str) -> Path:
    """File of a shipped scenario.

    Raises
    ------
    UnknownPlaceError
        No scenario has this name.
    """
    names = scenario_names()
    if name not in names:
        raise UnknownPlaceError(
            f"no scenario is called {name!r}",
            where="scenarios",
            got=name,
            allowed=", ".join(names),
            fix=did_you_mean(name, names) or "name a file, ending in .yaml, or one of these",
        )
    return scenario_folder() / f"{name}.yaml"
