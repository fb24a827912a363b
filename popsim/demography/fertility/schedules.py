"""Model schedules of fertility by age: gamma, Hadwiger, beta, quadratic spline, Coale-Trussell.

Each function gives the rates of age groups: the mean over the group of a curve by
exact age, so that groups of one year and of five years hold the same births. The
parameters may be numbers or arrays of any dimensions, matched by name. To fit a
schedule to rates, see :mod:`popsim.demography.fertility.schedule_fits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr

from popsim.demography.fertility.checks import fertility_age_width, labelled
from popsim.demography.fertility.schedule_shapes import (
    beta_shape,
    coale_trussell_shape,
    gamma_shape,
    hadwiger_shape,
    quadratic_spline_shape,
)
from popsim.errors import BoundsError, FitError
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.variables import VARIABLES

Parameter = xr.DataArray | float
Shape = Callable[..., np.ndarray]


def gamma_schedule(
    age: Sequence[int] | np.ndarray | xr.DataArray,
    *,
    total_fertility_rate: Parameter,
    mean_age: Parameter,
    standard_deviation: Parameter,
    lowest_age: Parameter,
) -> xr.DataArray:
    r"""Gamma schedule: a gamma density of age above a lowest age.

    Parameters
    ----------
    age : sequence of int
        Lower bounds of the age groups, evenly spaced [years].
    total_fertility_rate : xarray.DataArray or float
        (...) over all ages, listed in ``age`` or not [births per woman]
    mean_age, standard_deviation : xarray.DataArray or float
        (...) of the exact age at birth [years]
    lowest_age : xarray.DataArray or float
        (...) below which there are no births [years]

    Returns
    -------
    xarray.DataArray
        (..., age) [births per woman and year]

    Raises
    ------
    CoordinateError
        Ages unevenly spaced; parameters with different labels on a shared dim.
    BoundsError
        A parameter is not finite, or out of bounds; a resulting rate is.
    FitError
        The mean age is not above the lowest age, or the standard deviation not above 0.

    Notes
    -----
    :math:`f(x) = \frac{R}{\Gamma(b) c^b} (x - d)^{b-1} e^{-(x-d)/c}` with
    :math:`b = ((\mu - d)/\sigma)^2`, :math:`c = \sigma^2 / (\mu - d)` (Hoem et al. 1981,
    "Experiments in modelling recent Danish fertility curves", *Demography* 18(2)).

    Examples
    --------
    >>> f = gamma_schedule(
    ...     range(15, 55, 5), total_fertility_rate=1.2, mean_age=29.0,
    ...     standard_deviation=5.0, lowest_age=14.0,
    ... )
    >>> f.round(3).values.tolist()
    [0.003, 0.05, 0.096, 0.062, 0.022, 0.005, 0.001, 0.0]
    """
    shape = {"mean_age": mean_age, "standard_deviation": standard_deviation}
    shape["lowest_age"] = lowest_age
    arrays = _parameters(shape)
    _refuse_spread(arrays)
    _refuse(
        arrays["mean_age"] <= arrays["lowest_age"],
        arrays["mean_age"],
        "the mean age is not above the lowest age",
        "a mean age above lowest_age",
    )
    return _rates(age, gamma_shape, ("total_fertility_rate", total_fertility_rate), arrays)


def hadwiger_schedule(
    age: Sequence[int] | np.ndarray | xr.DataArray,
    *,
    total_fertility_rate: Parameter,
    mean_age: Parameter,
    standard_deviation: Parameter,
) -> xr.DataArray:
    r"""Hadwiger schedule: an inverse Gaussian density of age.

    Parameters
    ----------
    age : sequence of int
        Lower bounds of the age groups, evenly spaced [years].
    total_fertility_rate : xarray.DataArray or float
        (...) over all ages, listed in ``age`` or not [births per woman]
    mean_age, standard_deviation : xarray.DataArray or float
        (...) of the exact age at birth [years]

    Returns
    -------
    xarray.DataArray
        (..., age) [births per woman and year]

    Raises
    ------
    CoordinateError
        Ages unevenly spaced; parameters with different labels on a shared dim.
    BoundsError
        A parameter is not finite, or out of bounds; a resulting rate is.
    FitError
        The mean age or the standard deviation is not above 0.

    Notes
    -----
    :math:`f(x) = \frac{R b}{c \sqrt\pi} (c/x)^{3/2} e^{-b^2 (c/x + x/c - 2)}` with
    :math:`c = \mu`, :math:`b = \mu / (\sigma \sqrt 2)` (Hadwiger 1940; in these letters
    Chandola, Coleman & Hiorns 1999, *Population Studies* 53(3), where :math:`a = R/\sqrt\pi`).

    Examples
    --------
    >>> f = hadwiger_schedule(
    ...     range(15, 55, 5), total_fertility_rate=1.2, mean_age=29.0, standard_deviation=5.0
    ... )
    >>> f.round(3).values.tolist()
    [0.004, 0.048, 0.094, 0.065, 0.023, 0.005, 0.001, 0.0]
    """
    arrays = _parameters({"mean_age": mean_age, "standard_deviation": standard_deviation})
    _refuse_spread(arrays)
    _refuse(arrays["mean_age"] <= 0, arrays["mean_age"], "the mean age is not above 0", "above 0")
    return _rates(age, hadwiger_shape, ("total_fertility_rate", total_fertility_rate), arrays)


def beta_schedule(
    age: Sequence[int] | np.ndarray | xr.DataArray,
    *,
    total_fertility_rate: Parameter,
    mean_age: Parameter,
    standard_deviation: Parameter,
    lowest_age: Parameter,
    highest_age: Parameter,
) -> xr.DataArray:
    r"""Beta schedule: a beta density of age between a lowest and a highest age.

    Parameters
    ----------
    age : sequence of int
        Lower bounds of the age groups, evenly spaced [years].
    total_fertility_rate : xarray.DataArray or float
        (...) over all ages, listed in ``age`` or not [births per woman]
    mean_age, standard_deviation : xarray.DataArray or float
        (...) of the exact age at birth [years]
    lowest_age, highest_age : xarray.DataArray or float
        (...) outside of which there are no births [years]

    Returns
    -------
    xarray.DataArray
        (..., age) [births per woman and year]

    Raises
    ------
    CoordinateError
        Ages unevenly spaced; parameters with different labels on a shared dim.
    BoundsError
        A parameter is not finite, or out of bounds; a resulting rate is.
    FitError
        The mean age is not between the lowest and the highest age; or the standard
        deviation is not above 0, or as large as no density between these ages has.

    Notes
    -----
    :math:`f(x) = R \, \frac{\Gamma(A+B)}{\Gamma(A)\Gamma(B)} (\beta-\alpha)^{1-A-B}
    (x-\alpha)^{A-1} (\beta-x)^{B-1}` with
    :math:`A + B = (\mu-\alpha)(\beta-\mu)/\sigma^2 - 1` and
    :math:`A/(A+B) = (\mu-\alpha)/(\beta-\alpha)` (Hoem et al. 1981, *Demography* 18(2)).

    Examples
    --------
    >>> f = beta_schedule(
    ...     range(15, 55, 5), total_fertility_rate=1.2, mean_age=29.0,
    ...     standard_deviation=5.0, lowest_age=14.0, highest_age=50.0,
    ... )
    >>> f.round(3).values.tolist()
    [0.006, 0.048, 0.086, 0.069, 0.026, 0.004, 0.0, 0.0]
    """
    shape = {"mean_age": mean_age, "standard_deviation": standard_deviation}
    arrays = _parameters({**shape, "lowest_age": lowest_age, "highest_age": highest_age})
    _refuse_spread(arrays)
    below = arrays["mean_age"] - arrays["lowest_age"]
    above = arrays["highest_age"] - arrays["mean_age"]
    _refuse(
        (below <= 0) | (above <= 0),
        arrays["mean_age"],
        "the mean age is not between the lowest and the highest age",
        "a mean age above lowest_age and below highest_age",
    )
    _refuse(
        arrays["standard_deviation"] ** 2 >= below * above,
        arrays["standard_deviation"],
        "the standard deviation is larger than ages between the lowest and highest can have",
        "below the root of (mean - lowest) (highest - mean)",
    )
    return _rates(age, beta_shape, ("total_fertility_rate", total_fertility_rate), arrays)


def quadratic_spline_schedule(
    age: Sequence[int] | np.ndarray | xr.DataArray,
    *,
    peak_rate: Parameter,
    lowest_age: Parameter,
    peak_age: Parameter,
    half_peak_age: Parameter,
) -> xr.DataArray:
    r"""Quadratic spline schedule of Schmertmann, by three ages that can be seen in a graph.

    Parameters
    ----------
    age : sequence of int
        Lower bounds of the age groups, evenly spaced [years].
    peak_rate : xarray.DataArray or float
        (...) R, the curve at the peak age [births per woman and year]
    lowest_age : xarray.DataArray or float
        (...) :math:`\alpha`, from which the curve rises above zero [years]
    peak_age : xarray.DataArray or float
        (...) P [years]
    half_peak_age : xarray.DataArray or float
        (...) H, above the peak, where the curve is down to half of it [years]

    Returns
    -------
    xarray.DataArray
        (..., age) [births per woman and year]

    Raises
    ------
    CoordinateError
        Ages unevenly spaced; parameters with different labels on a shared dim.
    BoundsError
        A parameter is not finite, or out of bounds; a resulting rate is.
    FitError
        The three ages do not rise from lowest over peak to half-peak age.

    Notes
    -----
    :math:`f(x) = R \sum_{k=0}^4 \theta_k (x - t_k)_+^2` between :math:`\alpha` and
    :math:`\beta = \max[\min(50, 4H - 3P), (4H - P)/3]`, zero outside; knots
    :math:`\alpha, \alpha + W(P - \alpha), P, (P+H)/2, (H+\beta)/2` with
    :math:`W = \min(0.75, 0.25 + 0.025 (P - \alpha))`. The five :math:`\theta` follow from
    :math:`f(P) = R, f'(P) = 0, f(H) = R/2, f(\beta) = f'(\beta) = 0` (Schmertmann 2003,
    *Demographic Research* 9(5), 81-110).

    Examples
    --------
    >>> f = quadratic_spline_schedule(
    ...     range(15, 50, 5), peak_rate=0.1, lowest_age=15, peak_age=28, half_peak_age=34
    ... )
    >>> f.round(3).values.tolist()
    [0.009, 0.057, 0.096, 0.066, 0.025, 0.006, 0.001]
    """
    ages = {"lowest_age": lowest_age, "peak_age": peak_age, "half_peak_age": half_peak_age}
    arrays = _parameters(ages)
    _refuse(
        (arrays["peak_age"] <= arrays["lowest_age"])
        | (arrays["half_peak_age"] <= arrays["peak_age"]),
        arrays["peak_age"],
        "the ages of the spline do not rise",
        "lowest_age below peak_age below half_peak_age",
    )
    return _rates(age, quadratic_spline_shape, ("peak_rate", peak_rate), arrays)


def coale_trussell_schedule(
    age: Sequence[int] | np.ndarray | xr.DataArray,
    *,
    level: Parameter,
    control: Parameter,
    mean_age_at_marriage: Parameter,
    standard_deviation_at_marriage: Parameter,
) -> xr.DataArray:
    r"""Coale-Trussell schedule: natural fertility, control of births, and entry into marriage.

    Parameters
    ----------
    age : sequence of int
        Lower bounds of the age groups, evenly spaced [years].
    level : xarray.DataArray or float
        (...) M, times the share who ever marry; 1 is the level of the natural schedule [1]
    control : xarray.DataArray or float
        (...) m; 0 where births are not limited by the number already born [1]
    mean_age_at_marriage, standard_deviation_at_marriage : xarray.DataArray or float
        (...) of the age at first marriage or union [years]

    Returns
    -------
    xarray.DataArray
        (..., age) [births per woman and year]

    Raises
    ------
    CoordinateError
        Ages unevenly spaced; parameters with different labels on a shared dim.
    BoundsError
        A parameter is not finite, the level negative; a resulting rate is out of bounds.
    FitError
        The standard deviation at marriage is not above 0.

    Notes
    -----
    :math:`f(x) = M \, n(x) \, e^{m v(x)} \, G(x)` at the middle of each single year of age
    (wider groups take their mean), with :math:`n` and :math:`v` of
    :mod:`popsim.demography.fertility.schedule_shapes` and the share married
    :math:`G = Q[0.604, e^{-1.896 (z + 0.805)}]`, :math:`z = (x - \mu)/\sigma`, Q the upper
    incomplete gamma function (Coale & Trussell 1974, *Population Index* 40(2); Coale &
    McNeil 1972; Rodriguez & Trussell 1980). In the letters of Coale & McNeil
    :math:`\mu = a_0 + 11.36 k`, :math:`\sigma = 6.58 k`.

    Examples
    --------
    >>> f = coale_trussell_schedule(
    ...     range(15, 50, 5), level=0.7, control=1.5, mean_age_at_marriage=25.0,
    ...     standard_deviation_at_marriage=5.0,
    ... )
    >>> f.round(3).values.tolist()
    [0.008, 0.101, 0.144, 0.094, 0.047, 0.015, 0.002]
    """
    marriage = {"mean_age_at_marriage": mean_age_at_marriage}
    marriage["standard_deviation_at_marriage"] = standard_deviation_at_marriage
    arrays = _parameters({"control": control, **marriage})
    spread = arrays["standard_deviation_at_marriage"]
    _refuse(spread <= 0, spread, "the standard deviation at marriage is not above 0", "above 0")
    return _rates(age, coale_trussell_shape, ("level", level), arrays)


#: Every schedule by its name.
SCHEDULES: Mapping[str, Callable[..., xr.DataArray]] = {
    "gamma": gamma_schedule,
    "hadwiger": hadwiger_schedule,
    "beta": beta_schedule,
    "quadratic_spline": quadratic_spline_schedule,
    "coale_trussell": coale_trussell_schedule,
}


def _parameters(given: Mapping[str, Parameter]) -> dict[str, xr.DataArray]:
    """Turn parameters into arrays that are finite and carry the same labels."""
    arrays = {}
    for name, value in given.items():
        array = value if isinstance(value, xr.DataArray) else xr.DataArray(float(value))
        bad = ~np.isfinite(array.values)
        if bad.any():
            raise BoundsError(
                f"{name} is missing or infinite",
                where=f"{name} at {first_cell(array, bad)}",
                got=array.values[bad][0],
                allowed="finite numbers",
                fix="fill or drop the cells",
            )
        arrays[name] = array.rename(name)
    check_same_coords(arrays)
    return arrays


def _refuse(bad: xr.DataArray, value: xr.DataArray, what: str, allowed: str) -> None:
    if bool(bad.any()):
        bad, value = xr.broadcast(bad, value)
        raise FitError(
            what,
            where=f"{value.name} at {first_cell(bad, bad.values)}",
            got=f"{value.values[bad.values][0]:g}",
            allowed=allowed,
            fix="change the parameter, or choose another schedule",
        )


def _refuse_spread(arrays: Mapping[str, xr.DataArray]) -> None:
    spread = arrays["standard_deviation"]
    _refuse(spread <= 0, spread, "the standard deviation is not above 0", "above 0")


def _rates(
    age: Sequence[int] | np.ndarray | xr.DataArray,
    shape: Shape,
    level: tuple[str, Parameter],
    arrays: Mapping[str, xr.DataArray],
) -> xr.DataArray:
    """Level times shape, labelled and checked."""
    lower = np.asarray(age)
    axis = xr.DataArray(np.zeros(len(lower)), dims="age", coords={"age": lower})
    width = fertility_age_width(axis)
    name, value = level
    scale = _parameters({name: value, **arrays})[name]
    negative = scale.values < 0
    if negative.any():
        raise BoundsError(
            f"{name} is negative",
            where=f"{name} at {first_cell(scale, negative)}",
            got=scale.values[negative][0],
            allowed="0 or more",
            fix="there are no negative births",
        )
    broadcast = xr.broadcast(*arrays.values())
    unit = xr.apply_ufunc(
        lambda *values: shape(lower, width, *(np.asarray(v, dtype=float) for v in values)),
        *broadcast,
        output_core_dims=[["age"]],
    ).assign_coords(age=lower)
    rates = labelled(scale * unit, "fertility_rate")
    check_values(rates, VARIABLES["fertility_rate"])
    return rates
