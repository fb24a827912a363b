"""Whose a baseline is: a nation, or a place within one, and which nation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr

from popsim.errors import InputError, did_you_mean
from popsim.languages import in_each

Scope = Literal["nation", "place"]
SCOPES: tuple[str, ...] = get_args(Scope)

#: The nation whose intervals popsim ships, and what it may be called; in other languages as
#: their tables of labels say (``nation.china``, ``nation.china_in_full``).
CHINA = "China"
_CHINA = {"china", "cn", "chn", "156", "people's republic of china"}

#: Attributes of a baseline, or coordinates along ``region`` where its regions differ.
KEYS = ("scope", "nation")


@dataclass(frozen=True)
class Territory:
    """Whose the series of a baseline are.

    Attributes
    ----------
    scopes : tuple of str
        Of each region (of the baseline where it has none): "nation", or "place" within one.
    nations : tuple of str
        The nation that each is, or lies in; empty where nobody said.
    """

    scopes: tuple[str, ...]
    nations: tuple[str, ...]


def nation_name(nation: object) -> str:
    """A nation as it stands in a baseline: China under one name, others as they are given.

    Raises
    ------
    InputError
        No name.

    Examples
    --------
    >>> nation_name("CHN"), nation_name("Sweden")
    ('China', 'Sweden')
    """
    name = str(nation).strip()
    if not name:
        raise InputError(
            "the nation has no name",
            where="nation",
            got=nation,
            allowed="a name or an ISO code, such as 'Sweden' or 'SWE'",
            fix="leave it out where it is not known",
        )
    elsewhere = (in_each(f"nation.{key}", CHINA) for key in ("china", "china_in_full"))
    known = _CHINA.union(*(said.values() for said in elsewhere))
    return CHINA if name.lower() in known else name


def check_scope(scope: object) -> str:
    """A scope, refused where there is no such.

    Raises
    ------
    InputError
    """
    if scope not in SCOPES:
        raise InputError(
            f"a baseline is of a nation or of a place within one, not of {scope!r}",
            where="scope",
            got=scope,
            allowed=", ".join(SCOPES),
            fix=did_you_mean(scope, SCOPES),
        )
    return str(scope)


def territory_attrs(place: str | None, nation: object | None, scope: object) -> dict[str, Any]:
    """Attributes of a baseline that say whose it is.

    Parameters
    ----------
    place : str, optional
    nation : str, optional
        That the place lies in; of a nation its own name if absent.
    scope : {"nation", "place"}

    Raises
    ------
    InputError
        An unknown scope, or a nation without a name.

    Examples
    --------
    >>> territory_attrs("sweden", None, "nation")
    {'scope': 'nation', 'place': 'sweden', 'nation': 'sweden'}
    """
    attrs = {"scope": check_scope(scope)}
    if place is not None:
        attrs["place"] = place
    if nation is None and scope == "nation":
        nation = place
    if nation is not None:
        attrs["nation"] = nation_name(nation)
    return attrs


def territory_of(baseline: xr.Dataset) -> Territory:
    """Read whose a baseline is: a place within a nation that is not known, if it does not say.

    Raises
    ------
    InputError
        An unknown scope, or a nation without a name.

    Examples
    --------
    >>> two = xr.Dataset(coords={"region": ["x", "y"], "nation": ("region", ["China", "Sweden"])})
    >>> territory_of(two)
    Territory(scopes=('place', 'place'), nations=('China', 'Sweden'))
    """
    count = baseline.coords["region"].size if "region" in baseline.coords else 1

    def of(key: str, default: str) -> list[str]:
        if key in baseline.coords:
            values = [str(v) for v in np.atleast_1d(baseline[key].values)]
        else:
            values = [str(baseline.attrs.get(key, default))]
        return values * (count // len(values))

    return Territory(
        scopes=tuple(check_scope(v) for v in of("scope", "place")),
        nations=tuple(nation_name(v) if v else "" for v in of("nation", "")),
    )
