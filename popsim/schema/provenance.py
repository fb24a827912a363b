"""Where a result came from: version, call, rules and sources, as attributes that files can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import xarray as xr

#: Attribute of a variable: the rule by which it was made.
RULE = "rule"


def popsim_version() -> str:
    """Version of the installed package; "0+unknown" when run from an uninstalled tree."""
    try:
        return version("popsim")
    except PackageNotFoundError:
        return "0+unknown"


def provenance(call: str, **settings: Any) -> dict[str, str]:
    """Attributes that say which call with which settings made a Dataset.

    There is no time stamp in them: the same call gives the same Dataset, bit for bit.

    Examples
    --------
    >>> provenance("project", timing="even")["popsim_settings"]
    '{"timing": "even"}'
    """
    return {
        "popsim_version": popsim_version(),
        "popsim_call": call,
        "popsim_settings": json.dumps(settings, ensure_ascii=False, sort_keys=True, default=str),
    }


def with_rules(
    data: xr.Dataset, said: Mapping[str, str], sources: Mapping[str, str] | None = None
) -> xr.Dataset:
    """Return the Dataset with the rule by which each variable was made, and its source.

    They are attributes of the variable (``rule``, ``source``), so that a variable that takes its
    place does not inherit them. Variables that are not there are passed over.

    Parameters
    ----------
    data : xarray.Dataset
    said : mapping of str to str
        The rule of each variable, in words.
    sources : mapping of str to str, optional

    Examples
    --------
    >>> made = with_rules(xr.Dataset({"births": ("year", [9.0])}), {"births": "counted"})
    >>> made.births.attrs["rule"], made.assign(births=("year", [8.0])).births.attrs
    ('counted', {})
    """
    out = data.copy()
    for key, texts in ((RULE, said), ("source", sources or {})):
        for name, text in texts.items():
            if name in out:
                out[name].attrs = {**out[name].attrs, key: text}
    return out


def new_rule(array: xr.DataArray, text: str) -> str:
    """Rule of what is made of an array: in words, and the array's own rule if it has one.

    Examples
    --------
    >>> new_rule(xr.DataArray(1.0, attrs={"rule": "as counted"}), "doubled")
    'doubled; made of: as counted'
    """
    before = array.attrs.get(RULE)
    return f"{text}; made of: {before}" if before else text


def rules_of(data: xr.Dataset) -> dict[str, str]:
    """Rules of the variables of a Dataset, for the attributes of what is computed from them.

    Examples
    --------
    >>> rules_of(with_rules(xr.Dataset({"births": ("year", [9.0])}), {"births": "counted"}))
    {'rule_births': 'counted'}
    """
    return {f"rule_{n}": str(v.attrs[RULE]) for n, v in data.data_vars.items() if RULE in v.attrs}
