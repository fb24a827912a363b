"""Where a result came from: version, call and sources, as attributes that files can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any


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


def settings_of(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Read back what :func:`provenance` wrote.

    Examples
    --------
    >>> settings_of(provenance("project", timing="even"))
    {'timing': 'even'}
    """
    settings: dict[str, Any] = json.loads(attrs.get("popsim_settings", "{}"))
    return settings
