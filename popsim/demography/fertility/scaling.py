"""Fertility rates made to meet a total or a mean age."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.fertility.checks import (
    check_weights,
    checked_argument,
    checked_width,
    fertility_age_width,
    labelled,
    refuse_empty,
    shares_over_age,
)
from popsim.errors import FitError
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.variables import VARIABLES


def rates_from_pattern(
    total_fertility_rate: xr.DataArray | float, pattern: xr.DataArray
) -> xr.DataArray:
    r"""Spread a total over age by a pattern.

    Parameters
    ----------
    total_fertility_rate : xarray.DataArray or float
        (...) [births per woman]; a total of 0 gives rates of 0.
    pattern : xarray.DataArray
        (age, ...) non-negative weights of any unit (shares, percent, rates).

    Returns
    -------
    xarray.DataArray
        (..., year, age) [births per woman and year]

    Raises
    ------
    DimensionError, CoordinateError
        See :func:`fertility_age_width`; or the two inputs carry different labels.
    BoundsError
        A weight is negative or missing; a total is not finite or out of bounds; a
        resulting rate is out of bounds.
    FitError
        All weights of a pattern are zero.

    Notes
    -----
    :math:`f(x) = TFR \, w(x) / (n \sum_y w(y))`, so that :math:`n \sum f = TFR`.

    Examples
    --------
    >>> import xarray as xr
    >>> w = xr.DataArray([1, 2, 1], dims="age", coords={"age": [20, 25, 30]})
    >>> rates_from_pattern(2.0, w).values.tolist()
    [0.1, 0.2, 0.1]
    """
    width = fertility_age_width(pattern)
    check_weights(pattern)
    tfr = checked_argument(total_fertility_rate, "total_fertility_rate")
    check_same_coords({"total_fertility_rate": tfr, "pattern": pattern})
    rates = labelled(tfr * shares_over_age(pattern, "pattern") / width, "fertility_rate")
    check_values(rates, VARIABLES["fertility_rate"])
    return rates


def scale_to_total_fertility_rate(
    fertility_rate: xr.DataArray, total_fertility_rate: xr.DataArray | float
) -> xr.DataArray:
    """Scale rates to a total, keeping their pattern over age (and over birth order).

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) or (order, age, ...) [births per woman and year]
    total_fertility_rate : xarray.DataArray or float
        (...) [births per woman], of all orders together; a total of 0 gives rates of 0.

    Returns
    -------
    xarray.DataArray
        Rates of the same dims, and those of ``total_fertility_rate``.

    Raises
    ------
    DimensionError, CoordinateError
        See :func:`fertility_age_width`; or the two inputs carry different labels.
    BoundsError
        A total is not finite or out of bounds; a rate is, before or after.
    FitError
        All rates of a schedule are zero: it has no pattern.

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.1], dims="age", coords={"age": [20, 25, 30]})
    >>> scale_to_total_fertility_rate(f, 1.0).values.tolist()
    [0.05, 0.1, 0.05]
    """
    target = checked_argument(total_fertility_rate, "total_fertility_rate")
    current = checked_width(fertility_rate) * fertility_rate.sum("age")
    if "order" in current.dims:
        current = current.sum("order")
    check_same_coords({"fertility_rate": fertility_rate, "total_fertility_rate": target})
    refuse_empty(current, "fertility_rate")
    name = "fertility_rate_by_order" if "order" in fertility_rate.dims else "fertility_rate"
    scaled = labelled(fertility_rate * (target / current), name)
    check_values(scaled, VARIABLES[name])
    return scaled


def scale_to_mean_age(fertility_rate: xr.DataArray, mean_age: xr.DataArray | float) -> xr.DataArray:
    r"""Move rates to a mean age, keeping their total.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]; each schedule (each order, if there are
        orders) is moved by itself.
    mean_age : xarray.DataArray or float
        (...) [years]

    Returns
    -------
    xarray.DataArray
        Rates of the same dims, and those of ``mean_age``.

    Raises
    ------
    DimensionError, CoordinateError
        See :func:`fertility_age_width`; or the two inputs carry different labels.
    BoundsError
        A rate or a mean age is not finite or out of bounds, before or after.
    FitError
        All rates of a schedule are zero; or the mean age lies at or beyond its youngest
        or oldest age with births, where no rates at those ages can have it.

    Notes
    -----
    :math:`f^*(x) = c \, f(x) \, e^{\theta x}`, with :math:`\theta` such that the mean age is
    met: among all rates of that mean age and total, the ones that differ least from f in
    information (Kullback 1959, *Information Theory and Statistics*, chapter 3). Ages
    without births stay without, none turns negative, moving back restores f, and a
    bell-shaped f keeps its spread.

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.1], dims="age", coords={"age": [20, 25, 30]})
    >>> scale_to_mean_age(f, 28.5).round(4).values.tolist()
    [0.064, 0.192, 0.144]
    """
    width = checked_width(fertility_rate)
    target = checked_argument(mean_age, "mean_age_at_childbearing")
    check_same_coords({"fertility_rate": fertility_rate, "mean_age": target})
    total = fertility_rate.sum("age")
    shares = shares_over_age(fertility_rate, "fertility_rate")
    middle = fertility_rate["age"] + width / 2
    shares, wanted = xr.broadcast(shares, target, exclude=["age"])
    _refuse_mean_age(shares, middle, wanted)
    tilted = xr.apply_ufunc(
        _tilt,
        shares,
        middle,
        wanted,
        input_core_dims=[["age"], ["age"], []],
        output_core_dims=[["age"]],
    )
    name = "fertility_rate_by_order" if "order" in fertility_rate.dims else "fertility_rate"
    moved = labelled(total * tilted, name)
    check_values(moved, VARIABLES[name])
    return moved


def _refuse_mean_age(shares: xr.DataArray, middle: xr.DataArray, target: xr.DataArray) -> None:
    youngest = middle.where(shares > 0).min("age")
    oldest = middle.where(shares > 0).max("age")
    youngest, oldest, target = xr.broadcast(youngest, oldest, target)
    bad = (target.values <= youngest.values) | (target.values >= oldest.values)
    if bad.any():
        raise FitError(
            "no rates at the ages with births can have this mean age",
            where=first_cell(target, bad),
            got=f"a mean age of {target.values[bad][0]:g}",
            allowed=f"above {youngest.values[bad][0]:g}, below {oldest.values[bad][0]:g}",
            fix="ask for a mean age between the youngest and oldest age with births, "
            "or start from a schedule that covers more ages",
        )


def _tilt(shares: np.ndarray, middle: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Solve for the exponential tilt, by Newton's method kept inside a bracket."""
    away = middle - target[..., None]
    span = middle[1] - middle[0]
    # A tilt that multiplies the rates of neighbouring ages by e^(+-700) moves all births
    # to one end in double precision: every mean age that can be met lies between.
    low = np.full(target.shape, -700.0 / span)
    high = -low
    theta = np.zeros(target.shape)
    tilted = shares
    for _ in range(200):
        power = np.where(shares > 0, theta[..., None] * away, -np.inf)
        tilted = shares * np.exp(power - power.max(axis=-1, keepdims=True))
        tilted /= tilted.sum(axis=-1, keepdims=True)
        gap = (tilted * away).sum(axis=-1)
        # Rounding of a mean of about 30 years leaves some 1e-14 years.
        if np.all(np.abs(gap) < 1e-13 * span):
            break
        low = np.where(gap < 0, theta, low)
        high = np.where(gap > 0, theta, high)
        variance = (tilted * away**2).sum(axis=-1) - gap**2
        with np.errstate(divide="ignore", invalid="ignore"):
            step = theta - gap / variance
        inside = (step > low) & (step < high)
        theta = np.where(inside, step, (low + high) / 2)
    return tilted
