"""What a simulation asks of its baseline beyond a projection, checked once."""

from __future__ import annotations

import xarray as xr

from popsim.engine import classic
from popsim.engine.inputs import check_inputs
from popsim.engine.migration_unit import check_migration_unit
from popsim.engine.parity_inputs import check_orders, check_women
from popsim.errors import BoundsError, CoordinateError, DimensionError, MissingVariableError
from popsim.schema.checks import age_width
from popsim.schema.conventions import CORE_DIMS
from popsim.schema.variables import years_in_words

_NEEDED = ("mortality_rate", "women_by_parity", "children_by_order")


def check_baseline(inputs: xr.Dataset, outputs: str) -> None:
    """Raise unless the baseline can be simulated, and warn of net migration in another unit.

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError, ConflictError, InputError
        As :func:`popsim.simulate` does.
    """
    checked = check_inputs(inputs, timing="even", outputs=outputs)
    if (width := age_width(checked)) != 1:
        raise CoordinateError(
            f"a simulation goes by single years, the baseline by {years_in_words(width)}",
            where="age, year",
            got=f"ages {checked['age'].values[:3].tolist()}",
            allowed="single ages and years",
            fix="build the baseline with popsim.build_baseline, which takes age groups apart; "
            "popsim.project takes them as they are",
        )
    for name in _NEEDED:
        if name not in inputs:
            raise MissingVariableError(
                f"the baseline has no {name}",
                where=name,
                got=f"variables {sorted(str(v) for v in inputs)}",
                fix="build it with popsim.build_baseline"
                + ("; draws of mortality need death rates" if name == "mortality_rate" else ""),
            )
    leading = [d for d in checked.dims if d not in (*CORE_DIMS, "region")]
    if leading:
        raise DimensionError(
            "a baseline is simulated by region at most",
            where="baseline",
            got=f"a further dimension {leading[0]!r}",
            allowed="dims year, sex, age, and region",
            fix=f"select one: baseline.sel({leading[0]}=...)",
        )
    people = checked["population"].sum(["sex", "age"])
    if bool((people <= 0.0).any()):
        raise BoundsError(
            "the population is empty", where="population", got=0.0, allowed="somebody"
        )
    check_orders(inputs)
    check_women(inputs)
    check_migration_unit(
        checked, lambda: classic.path(classic.case_of(checked))["population"], stacklevel=4
    )
