"""The variable registry: dims, unit, bounds and meaning of every array popsim reads or writes.

It drives validation (:mod:`popsim.schema.checks`), the attributes of results and
the reference page of the documentation, so a unit is written down once.
"""

from __future__ import annotations

import xarray as xr

from popsim.schema.decision_variables import DECISION
from popsim.schema.demography_variables import DEMOGRAPHY
from popsim.schema.projection_variables import PROJECTION
from popsim.schema.simulation_variables import SIMULATION
from popsim.schema.variable import ONE, PERSONS, Variable

__all__ = [
    "ONE",
    "PERSONS",
    "VARIABLES",
    "Variable",
    "describe",
    "describe_flows",
    "years_in_words",
]

_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _table(*rows: Variable) -> dict[str, Variable]:
    table = {row.name: row for row in rows}
    if len(table) != len(rows):
        raise ValueError("a variable is registered twice")
    return table


VARIABLES: dict[str, Variable] = _table(*PROJECTION, *SIMULATION, *DEMOGRAPHY, *DECISION)


def describe(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset with the registry's units and labels on every variable it knows.

    Attributes that a variable already carries win over the registry's, whose meaning is that of
    the variable's dimensions.

    Examples
    --------
    >>> import xarray as xr
    >>> describe(xr.Dataset({"births": ("year", [1.0])})).births.attrs["units"]
    'persons'
    """
    out = dataset.copy()
    for name, array in out.data_vars.items():
        known = VARIABLES.get(str(name))
        if known is not None:
            array.attrs = {**known.attrs(array.dims), **array.attrs}
    return out


def years_in_words(years: int) -> str:
    """A number of years in words.

    Examples
    --------
    >>> years_in_words(5), years_in_words(15)
    ('five years', '15 years')
    """
    if years == 1:
        return "year"
    return f"{_WORDS[years - 2] if years - 2 < len(_WORDS) else years} years"


def describe_flows(dataset: xr.Dataset, step: int) -> xr.Dataset:
    """Say in the unit and the label of the flows of a projection what time they cover.

    Parameters
    ----------
    dataset : xarray.Dataset
        As :func:`describe` returns it; its attributes are set in place.
    step : int
        Years that a step covers.

    Examples
    --------
    >>> import xarray as xr
    >>> flows = describe(xr.Dataset({"births": ("year", [1.0])}))
    >>> describe_flows(flows, 5).births.attrs["units"]
    'persons in the five years from'
    """
    for name, array in dataset.data_vars.items():
        known = VARIABLES.get(str(name))
        if known is None or "year" not in array.dims or not known.unit.startswith(PERSONS):
            continue
        array.attrs["units"] = PERSONS
        if step > 1:
            covered = f"in the {years_in_words(step)} from"
            array.attrs["units"] += f" {covered}"
            array.attrs["long_name"] = f"{known.en} {covered}"
    return dataset
