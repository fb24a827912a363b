"""Declared supply of places and beds: paths by year, checked, and a package's childcare."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from popsim import data
from popsim.errors import BoundsError, CoordinateError, InputError, did_you_mean
from popsim.languages import long_names
from popsim.policy.supply import path
from popsim.scenario.instruments import ChildcarePlaces
from popsim.scenario.model import Scenario

#: Facilities that supply can be declared for.
FACILITIES: tuple[str, ...] = tuple(dict.fromkeys(data.table("capacity_norms")["facility"]))

_COLUMNS = ("facility", "year", "places")
#: Years that a supply may be declared for; a number outside is likelier a count of places.
_FIRST, _LAST = 1900, 2200

Supply = pd.DataFrame | Mapping[str, "float | Mapping[int, float]"]


def supply_paths(supply: Supply, years: np.ndarray) -> xr.DataArray:
    """Places of each facility at the end of each year.

    Parameters
    ----------
    supply : DataFrame or mapping
        Columns facility, year, places; or by facility a number, or places by year. Places
        [persons at a time] stand at the end of the year.
    years : numpy.ndarray
        (year,) calendar years.

    Returns
    -------
    xarray.DataArray
        (facility, year) [places]: straight between the years declared, held before the first
        and after the last; only the facilities declared.

    Raises
    ------
    InputError
        An unknown facility, a missing column, or nothing declared.
    CoordinateError
        A year that is not a calendar year, or a year declared twice.
    BoundsError
        Places that are negative or not a number.

    Examples
    --------
    >>> supply_paths({"childcare": {2021: 100, 2023: 200}}, np.array([2020, 2022, 2030])).values
    array([[100., 150., 200.]])
    """
    rows = _rows(supply)
    if not len(rows):
        raise InputError(
            "no supply is declared",
            where="supply",
            got="no rows",
            allowed=f"places of one or more of {', '.join(FACILITIES)}",
            fix="declare it: {'childcare': {2024: 6595}}",
        )
    names = list(dict.fromkeys(rows["facility"]))
    paths = [_path(str(name), rows[rows["facility"] == name], years) for name in names]
    out = xr.DataArray(
        np.stack(paths),
        dims=("facility", "year"),
        coords={"facility": np.array(names, dtype=str), "year": years},
        name="supply",
    )
    out.attrs = {"units": "places", **long_names("capacity.supply", "Supply")}
    return out


def _rows(supply: Supply) -> pd.DataFrame:
    if isinstance(supply, pd.DataFrame):
        for column in _COLUMNS:
            if column not in supply:
                raise InputError(
                    f"the supply has no column {column!r}",
                    where="supply",
                    got=f"columns {list(supply.columns)}",
                    allowed=", ".join(_COLUMNS),
                    fix=did_you_mean(column, supply.columns),
                )
        rows = supply.reset_index(drop=True)
    elif isinstance(supply, Mapping):
        made = [
            (name, year, places)
            for name, path in supply.items()
            # a number alone stands in every year
            for year, places in (path.items() if isinstance(path, Mapping) else [(_FIRST, path)])
        ]
        rows = pd.DataFrame(made, columns=list(_COLUMNS))
    else:
        raise InputError(
            "the supply is neither a table nor a mapping",
            where="supply",
            got=type(supply).__name__,
            allowed=f"a DataFrame with {', '.join(_COLUMNS)}, or places by facility",
        )
    for name in rows["facility"]:
        if name not in FACILITIES:
            raise InputError(
                f"unknown facility {name!r}",
                where="supply",
                got=name,
                allowed=", ".join(FACILITIES),
                fix=did_you_mean(name, FACILITIES),
            )
    return rows


def _path(name: str, rows: pd.DataFrame, years: np.ndarray) -> np.ndarray:
    try:
        when = rows["year"].to_numpy(dtype=np.float64)
        places = rows["places"].to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BoundsError(
            f"the supply of {name} is not numeric",
            where=f"supply, {name}",
            got=str(error),
            allowed="calendar years and numbers of places",
        ) from None
    odd = (when != np.floor(when)) | (when < _FIRST) | (when > _LAST) | ~np.isfinite(when)
    if odd.any() or len(np.unique(when)) < len(when):
        raise CoordinateError(
            f"the years of the supply of {name} are not calendar years, each once",
            where=f"supply, {name}",
            got=rows["year"].tolist(),
            allowed=f"whole numbers from {_FIRST} to {_LAST}, none twice",
            fix="give the places at the end of each year",
        )
    bad = ~np.isfinite(places) | (places < 0.0)
    if bad.any():
        raise BoundsError(
            f"the supply of {name} is not a number of places",
            where=f"supply, {name}, year={when[bad][0]:g}",
            got=float(places[bad][0]),
            allowed="0 or more",
            fix="leave out the years that are not known",
        )
    order = np.argsort(when)
    path: np.ndarray = np.interp(years, when[order], places[order])
    return path


def childcare_places(scenario: Scenario, population: xr.DataArray) -> xr.DataArray | None:
    """Childcare places that a package and its baseline have, at the end of each year.

    Parameters
    ----------
    scenario : Scenario
    population : xarray.DataArray
        (scenario, ..., year) [persons]: residents at the end of each year, under the baseline
        and the package.

    Returns
    -------
    xarray.DataArray or None
        (scenario, ..., year) [places]; None where the package declares none.

    Notes
    -----
    Places of the background are those of the baseline. Where there are none, it keeps the
    first value that the package declares. Places count from when they are built; those that
    take children, and those in use, are fewer (:func:`popsim.policy.supply.used_places`).
    """
    added = [i for i in scenario.instruments if isinstance(i, ChildcarePlaces)]
    given = [i for i in scenario.background if isinstance(i, ChildcarePlaces)]
    if not added and not given:
        return None
    own = [_declared(i, population) for i in added or given]
    if given:
        before = [_declared(i, population) for i in given]
    else:
        before = [_declared(i, population, only_first=True) for i in added]
    paths = {"baseline": sum(before), scenario.name: sum(own)}
    names = [str(s) for s in population["scenario"].values]
    parts = [xr.DataArray(paths[n]).sel(scenario=n) for n in names]
    return xr.concat(parts, dim="scenario").transpose(*population.dims)


def _declared(
    instrument: ChildcarePlaces, population: xr.DataArray, *, only_first: bool = False
) -> xr.DataArray:
    first = min(instrument.places)
    places = {first: instrument.places[first]} if only_first else instrument.places
    ends = population["year"].values + 1.0  # the end of a year is the start of the next
    values = path(places, ends)
    declared = xr.DataArray(values, dims="year", coords={"year": population["year"]})
    if instrument.places[first].unit == "places per 1,000":
        return declared * population / 1000.0
    return declared.broadcast_like(population)
