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
from popsim.schema.variable import FEMALE, MALE, ONE, PERSONS, SEXES, Variable

__all__ = ["FEMALE", "MALE", "ONE", "PERSONS", "SEXES", "VARIABLES", "Variable", "describe"]


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
