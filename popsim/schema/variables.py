"""The variable registry: dims, unit, bounds and meaning of every array popsim reads or writes.

It drives validation (:mod:`popsim.schema.checks`), the attributes of results and
the reference page of the documentation, so a unit is written down once.
"""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from popsim.schema.comparison_variables import COMPARISON
from popsim.schema.decision_variables import DECISION
from popsim.schema.demography_variables import DEMOGRAPHY
from popsim.schema.projection_variables import PROJECTION
from popsim.schema.simulation_variables import SIMULATION
from popsim.schema.variable import ONE, PERSONS, Form, Variable, table_of, years_in_words

__all__ = [
    "CHANGES",
    "ONE",
    "PERSONS",
    "VARIABLES",
    "Form",
    "Variable",
    "describe",
    "table_of",
    "years_in_words",
]

VARIABLES: dict[str, Variable] = table_of(*PROJECTION, *SIMULATION, *DEMOGRAPHY, *DECISION)
#: What :func:`popsim.compare` gives: differences of the variables above, some of the same name.
CHANGES: dict[str, Variable] = table_of(*COMPARISON)


def describe(
    dataset: xr.Dataset, table: Mapping[str, Variable] = VARIABLES, *, step: int | None = None
) -> xr.Dataset:
    """Return the Dataset with the registry's units and labels on every variable it knows.

    Attributes that a variable already carries win over the registry's, whose unit and meaning are
    those of the form that the variable's dimensions show.

    Parameters
    ----------
    dataset : xarray.Dataset
    table : mapping of str to Variable
    step : int, optional
        Years that a step covers, of the result of a projection; flows of several years say so.

    Examples
    --------
    >>> import xarray as xr
    >>> counted = xr.Dataset({"births": ("year", [1.0])})
    >>> describe(counted).births.attrs["units"], describe(counted, step=5).births.attrs["units"]
    ('persons', 'persons in the five years from')
    """
    out = dataset.copy()
    for name, array in out.data_vars.items():
        known = table.get(str(name))
        if known is not None:
            array.attrs = {**known.attrs(array.dims, step=step), **array.attrs}
    return out
