"""The widths and correlations of draws that no published interval gives, as data."""

from __future__ import annotations

from functools import cache

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
