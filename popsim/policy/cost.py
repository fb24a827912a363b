"""Cash flow: payments from births, and what sums of different years are worth."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import CoordinateError, DimensionError, InputError
from popsim.languages import in_each, long_names, of_attributes
from popsim.policy.benefits import pay_schedule
from popsim.policy.takeup import eligible_share
from popsim.scenario.instruments import FamilyInstrument


def due_per_take_up(
    instrument: FamilyInstrument, births: np.ndarray, years: np.ndarray, registered_share: float
) -> np.ndarray:
    """Payments if every eligible family took the instrument up (..., year) [yuan].

    Parameters
    ----------
    instrument : FamilyInstrument
    births : numpy.ndarray
        (..., year, order 1..3) [persons], to residents. Earlier births are not known, and
        children are taken to live and to stay.
    years : numpy.ndarray
        (year,)
    registered_share : float
        Of the births [1].
    """
    pay = pay_schedule(instrument, years)
    out = np.zeros(births.shape[:-1])
    for j in range(min(pay.shape[2], len(years))):
        born = births[..., : len(years) - j, :]
        out[..., j:] += (born * pay[j:, :, j]).sum(axis=-1)
    reached = registered_share if instrument.eligibility.registered else 1.0
    return out * reached * eligible_share(instrument)


def real(cost: xr.DataArray, index: xr.DataArray) -> xr.DataArray:
    """Costs at the prices of the year in which the index is 1.

    Parameters
    ----------
    cost : xarray.DataArray
        (..., year) [yuan], nominal.
    index : xarray.DataArray
        (year,) prices relative to those of the base year [1].

    Returns
    -------
    xarray.DataArray
        As ``cost``.

    Raises
    ------
    DimensionError
        No dimension year.
    CoordinateError
        The index lacks a year.
    InputError
        An index that is not positive.

    Examples
    --------
    >>> cost = xr.DataArray([100.0, 110.0], coords={"year": [2025, 2026]}, dims="year")
    >>> real(cost, cost / 100.0).round(6).values.tolist()
    [100.0, 100.0]
    """
    _check_years(cost, "cost")
    _check_years(index, "index")
    missing = sorted(set(cost["year"].values.tolist()) - set(index["year"].values.tolist()))
    if missing:
        raise CoordinateError(
            "the price index lacks years of the costs",
            where="index",
            got=f"no {missing[0]}",
            allowed=f"{int(cost['year'][0])} to {int(cost['year'][-1])}",
        )
    at = index.sel(year=cost["year"])
    if not bool((at > 0.0).all()):
        raise InputError(
            "a price index must be positive",
            where="index",
            got=float(at.min()),
            allowed="above 0, 1 in the base year",
        )
    return _described(cost / at, cost, "cost.real", "{of}, at constant prices")


def present_value(cost: xr.DataArray, rate: float, base_year: int) -> xr.DataArray:
    """Costs discounted to a year and added up over years.

    Parameters
    ----------
    cost : xarray.DataArray
        (..., year) [yuan]
    rate : float
        A year [1].
    base_year : int
        Costs of this year count in full.

    Returns
    -------
    xarray.DataArray
        Without the dimension year.

    Raises
    ------
    DimensionError
        No dimension year.
    InputError
        A rate of -1 or less, or one that looks like percent.

    Examples
    --------
    >>> cost = xr.DataArray([100.0, 103.0], coords={"year": [2025, 2026]}, dims="year")
    >>> round(float(present_value(cost, 0.03, 2025)), 6)
    200.0
    """
    _check_years(cost, "cost")
    if not -1.0 < rate < 1.0:
        raise InputError(
            "the discount rate cannot be",
            where="rate",
            got=float(rate),
            allowed="above -1 and below 1",
            fix="3 percent a year is 0.03",
        )
    factors = (1.0 + rate) ** (base_year - cost["year"])
    total = (cost * factors).sum("year")
    return _described(
        total, cost, "cost.present_value", "{of}, present value, {base_year}", base_year=base_year
    )


def _check_years(array: xr.DataArray, where: str) -> None:
    if "year" not in array.dims:
        raise DimensionError(
            f"{where} has no years",
            where=where,
            got=f"dims {tuple(array.dims)}",
            allowed="a dimension year",
        )


def _described(
    out: xr.DataArray, like: xr.DataArray, key: str, english: str, **parts: object
) -> xr.DataArray:
    of = {**in_each("cost.spending", "Cost"), **of_attributes(like.attrs)}
    out = out.rename(like.name)
    out.attrs = {
        "units": like.attrs.get("units", "yuan"),
        **long_names(key, english, of=of, **parts),
    }
    return out
