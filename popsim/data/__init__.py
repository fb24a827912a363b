"""The figures that the package ships: tidy CSV tables, each headed by its publisher."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import StringIO

import pandas as pd

from popsim.errors import UnknownPlaceError, did_you_mean


def table_names() -> list[str]:
    """Names of the shipped tables."""
    return sorted(f.name[:-4] for f in files(__name__).iterdir() if f.name.endswith(".csv"))


def _text(name: str) -> str:
    if name not in table_names():
        raise UnknownPlaceError(
            f"no table is called {name!r}",
            where="popsim.data",
            got=name,
            allowed=", ".join(table_names()),
            fix=did_you_mean(name, table_names()),
        )
    return files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")


@cache
def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(_text(name)), comment="#")


def table(name: str) -> pd.DataFrame:
    """Return a shipped table; the caller's own copy.

    Parameters
    ----------
    name : str
        One of :func:`table_names`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UnknownPlaceError
        No table has this name.

    Examples
    --------
    >>> table("fertility_china_2020").columns.tolist()
    ['age_group', 'fertility_rate']
    """
    return _read(name).copy()


def heading(name: str) -> str:
    """Return what a table is and who publishes it: the lines at its head.

    Raises
    ------
    UnknownPlaceError
        No table has this name.

    Examples
    --------
    >>> "National Bureau of Statistics" in heading("census")
    True
    """
    lines = [line[2:] for line in _text(name).splitlines() if line.startswith("# ")]
    return "\n".join(lines)
