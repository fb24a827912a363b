"""The widths and correlations of draws that no published interval gives, as data."""

from __future__ import annotations

from functools import cache

import xarray as xr

from popsim import data

NATION, PLACE = "nation", "place"


@cache
def assumption(level: str, quantity: str, parameter: str) -> float:
    """A value of the table ``uncertainty``.

    Examples
    --------
    >>> assumption("place", "fertility", "deviation")
    0.08
    """
    table = data.table("uncertainty").set_index(["level", "quantity", "parameter"])
    return float(table["value"].astype(float)[(level, quantity, parameter)])


def level_of(baseline: xr.Dataset) -> str:
    """Whether a baseline is a nation's or a place's; places deviate from their nation."""
    return NATION if baseline.attrs.get("place") == "china" else PLACE


def place_of(baseline: xr.Dataset) -> str:
    """Key of the place's own draws."""
    return str(baseline.attrs.get("place", "place"))
