"""Infant and under-five mortality brought to a given level, the ages above left alone."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr

from popsim.demography.mortality.levels import LifeTableRules, as_rates
from popsim.demography.mortality.lifetable import life_table, life_table_from_probabilities
from popsim.errors import BoundsError, FitError, InputError
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.variables import VARIABLES

#: Exact age at which childhood ends here, as in 5q0.
_FIVE = 5


def adjust_child_mortality(
    mortality_rate: xr.DataArray,
    *,
    infant_mortality: xr.DataArray | float | None = None,
    under_five_mortality: xr.DataArray | float | None = None,
    **rules: Unpack[LifeTableRules],
) -> xr.DataArray:
    r"""Death rates with a given infant mortality, under-five mortality, or both.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (age, ...) [deaths per person-year]; single or abridged ages.
    infant_mortality : xarray.DataArray or float, optional
        (...) [1]: 1q0, deaths before exact age 1 per live birth (0.005, not 5).
    under_five_mortality : xarray.DataArray or float, optional
        (...) [1]: 5q0, deaths before exact age 5 per live birth.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`life_table`.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., age) over the dims of all [deaths per person-year]; from age 5 on
        as given.

    Raises
    ------
    InputError
        If neither level is given, or as from :func:`life_table`.
    BoundsError
        If a level is not finite and between 0 and 1, or under-five mortality is not above
        infant mortality (the given one, or that of the rates).
    FitError
        If the rates have no deaths at the ages whose mortality is to be changed.
    CoordinateError
        If two arrays carry different labels on a dimension that they share.

    Notes
    -----
    Only infant mortality given: ages 1-4 stay. Only under-five mortality given: the
    cumulated hazards of ages 0-4 change by one factor g. Both given: 1q0 is set, and the
    hazards of ages 1-4 change by the factor that leaves 5q0,

    .. math:: 1 - q'_x = (1 - q_x)^g .

    Life expectancy changes with the rates. To meet one as well, adjust the children's
    levels after :func:`popsim.demography.mortality.levels.scale_to_life_expectancy` and repeat
    the two until neither moves: children weigh little, so two rounds do.

    Examples
    --------
    >>> m = xr.DataArray([0.02, 0.002, 0.001, 0.1], dims="age", coords={"age": [0, 1, 5, 10]})
    >>> new = adjust_child_mortality(m, infant_mortality=0.01, under_five_mortality=0.012,
    ...                              sex="female")
    >>> new.values.round(6).tolist()
    [0.010088, 0.000506, 0.001, 0.1]
    """
    table = life_table(mortality_rate, **rules)
    levels = {}
    for name, level in (
        ("infant_mortality", infant_mortality),
        ("under_five_mortality", under_five_mortality),
    ):
        if level is not None:
            array = level if isinstance(level, xr.DataArray) else xr.DataArray(float(level))
            check_values(array, VARIABLES[name])
            levels[name] = array
    if not levels:
        raise InputError(
            "no level of child mortality is given",
            where="infant_mortality, under_five_mortality",
            got="neither",
            allowed="one of them, or both",
            fix="give 1q0, 5q0 or both as shares of live births",
        )
    check_same_coords({"mortality_rate": table["qx"], **levels})
    qx, lx, ages = table["qx"], table["lx"], table["age"]
    infants = levels.get("infant_mortality", xr.DataArray(0.0))
    new = qx
    if "under_five_mortality" in levels:
        under_five = levels["under_five_mortality"]
        first = 1 if "infant_mortality" in levels else 0
        with np.errstate(divide="ignore", invalid="ignore"):  # refused by the check below
            old_hazard = _hazard(lx.sel(age=_FIVE, drop=True) / lx.sel(age=first, drop=True))
            new_hazard = _hazard((1.0 - under_five) / (1.0 - infants))
        _check_levels(old_hazard, new_hazard, infants, under_five)
        changed = (ages >= first) & (ages < _FIVE)
        new = xr.where(changed, 1.0 - (1.0 - qx) ** (new_hazard / old_hazard), qx)
    if "infant_mortality" in levels:
        new = xr.where(ages == 0, infants, new)
    open_ax = table["ax"].isel(age=-1, drop=True)
    solved = life_table_from_probabilities(new, open_ax=open_ax, **rules)["mortality_rate"]
    return as_rates(xr.where(ages < _FIVE, solved, mortality_rate))


def _hazard(survivors: xr.DataArray) -> xr.DataArray:
    """Cumulated hazard that leaves these survivors."""
    return -xr.apply_ufunc(np.log, survivors)


def _check_levels(
    old_hazard: xr.DataArray,
    new_hazard: xr.DataArray,
    infants: xr.DataArray,
    under_five: xr.DataArray,
) -> None:
    """Refuse levels that contradict each other, and rates that have nothing to scale."""
    crossed = ~(new_hazard > 0.0)
    if crossed.values.any():
        at = np.unravel_index(int(np.argmax(crossed.values)), crossed.shape)
        wanted = under_five.broadcast_like(crossed).transpose(*crossed.dims)
        least = infants.broadcast_like(crossed).transpose(*crossed.dims)
        raise BoundsError(
            "under-five mortality is not above infant mortality",
            where=f"under_five_mortality at {first_cell(crossed, crossed.values)}",
            got=float(wanted.values[at]),
            allowed=f"above {float(least.values[at]):.6g}, and below 1",
            fix="both are shares of live births: 5q0 contains 1q0",
        )
    empty = ~(old_hazard > 0.0)
    if empty.values.any():
        raise FitError(
            "the rates have no deaths at the ages to be scaled",
            where=f"mortality_rate at {first_cell(empty, empty.values)}",
            got=0.0,
            allowed="deaths at some age between 0 and 4",
            fix="take the rates of children from a standard first",
        )
