"""Model schedules fitted to fertility rates by least squares, with their goodness of fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import least_squares

from popsim.demography.fertility.checks import checked_width, labelled, refuse_empty
from popsim.demography.fertility.schedule_shapes import (
    beta_shape,
    coale_trussell_shape,
    gamma_shape,
    hadwiger_shape,
    quadratic_spline_shape,
)
from popsim.errors import FitError
from popsim.schema.checks import check_option, first_cell

_YEARS, _BIRTHS, _RATE, _ONE = "years", "births per woman", "births per woman and year", "1"


@dataclass(frozen=True)
class _Family:
    """How one schedule is searched.

    Attributes
    ----------
    shape : callable
        (lower, width, *parameters) -> schedule of level 1.
    parameters : tuple of (name, unit)
        The level first, then those of ``shape`` in its order.
    inward : callable
        Vector that the search moves in -> parameters of ``shape``. Logarithms keep
        differences and spreads above zero.
    starts : callable
        (lowest age with births, age with the highest rate, mean, standard deviation) ->
        vectors to start from; the best end wins.
    lower, upper : tuple of float
        Bounds of the vector: ages are human ages (0 to 100), the rest lies far outside of
        human fertility and only keeps the search from the degenerate limits of the curve.
    """

    shape: Callable[..., np.ndarray]
    parameters: tuple[tuple[str, str], ...]
    inward: Callable[[np.ndarray], tuple[float, ...]]
    starts: Callable[[float, float, float, float], list[tuple[float, ...]]]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


_MOMENTS = (
    ("total_fertility_rate", _BIRTHS),
    ("mean_age", _YEARS),
    ("standard_deviation", _YEARS),
)


def _beta_inward(v: np.ndarray) -> tuple[float, ...]:
    lowest, highest, first, second = v[0], v[1], np.exp(v[2]), np.exp(v[3])
    both, span = first + second, highest - lowest
    spread = span * np.sqrt(first * second / (both + 1)) / both
    return lowest + span * first / both, spread, lowest, highest


def _beta_starts(lowest: float, peak: float, mean: float, spread: float) -> list[tuple[float, ...]]:
    starts: list[tuple[float, ...]] = []
    for low, high in ((lowest - 1, 50.0), (lowest - 5, 60.0), (min(lowest, 12.0), 52.0)):
        low, high = min(low, mean - 2 * spread), max(high, mean + 2 * spread)
        both = max((mean - low) * (high - mean) / spread**2 - 1, 0.5)
        share = (mean - low) / (high - low)
        starts.append((low, high, np.log(both * share), np.log(both * (1 - share))))
    return starts


_FAMILIES: dict[str, _Family] = {
    "gamma": _Family(
        gamma_shape,
        (*_MOMENTS, ("lowest_age", _YEARS)),
        lambda v: (v[0] + np.exp(v[1]), np.exp(v[2]), v[0]),
        lambda lowest, peak, mean, spread: [
            (low, np.log(mean - low), np.log(spread))
            for low in (min(lowest, mean - spread), mean - 3 * spread)
        ],
        (0.0, -1.0, -2.0),
        (45.0, 5.0, 3.5),
    ),
    "hadwiger": _Family(
        hadwiger_shape,
        _MOMENTS,
        lambda v: (np.exp(v[0]), np.exp(v[1])),
        lambda lowest, peak, mean, spread: [(np.log(mean), np.log(spread))],
        (2.0, -2.0),
        (4.5, 4.0),
    ),
    "beta": _Family(
        beta_shape,
        (*_MOMENTS, ("lowest_age", _YEARS), ("highest_age", _YEARS)),
        _beta_inward,
        _beta_starts,
        (0.0, 20.0, -3.0, -3.0),
        (45.0, 100.0, 7.0, 7.0),
    ),
    "quadratic_spline": _Family(
        quadratic_spline_shape,
        (
            ("peak_rate", _RATE),
            ("lowest_age", _YEARS),
            ("peak_age", _YEARS),
            ("half_peak_age", _YEARS),
        ),
        lambda v: (v[0], v[0] + np.exp(v[1]), v[0] + np.exp(v[1]) + np.exp(v[2])),
        lambda lowest, peak, mean, spread: [
            (low, np.log(max(top - low, 1.0)), np.log(spread * fall))
            for low in (min(lowest, mean - 2 * spread), mean - 3 * spread)
            for top in (peak, mean - spread / 3)
            for fall in (0.7, 1.3)
        ],
        (0.0, -1.0, -1.0),
        (45.0, 4.0, 4.0),
    ),
    "coale_trussell": _Family(
        coale_trussell_shape,
        (
            ("level", _ONE),
            ("control", _ONE),
            ("mean_age_at_marriage", _YEARS),
            ("standard_deviation_at_marriage", _YEARS),
        ),
        lambda v: (v[0], v[1], np.exp(v[2])),
        lambda lowest, peak, mean, spread: [
            (control, mean - away * spread, np.log(spread * wide))
            for control in (0.3, 2.0)
            for away, wide in ((1.0, 0.8), (0.2, 1.0))
        ],
        (-5.0, 5.0, -1.5),
        (20.0, 60.0, 3.5),
    ),
}


def fit_schedule(fertility_rate: xr.DataArray, family: str) -> xr.Dataset:
    r"""Fit a model schedule to fertility rates by least squares.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]; each schedule is fitted by itself.
    family : {"gamma", "hadwiger", "beta", "quadratic_spline", "coale_trussell"}

    Returns
    -------
    xarray.Dataset
        - the parameters (...), by the names under which the function of the family in
          :mod:`popsim.demography.fertility.schedules` takes them
        - ``fertility_rate`` (..., age) [births per woman and year]: the fitted schedule
        - ``r_squared`` (...) [1] and ``root_mean_square_error`` (...) [births per woman
          and year], over all ages given
        - ``at_bound`` (...) bool: a parameter stands at the border of what was searched
          (a lowest age of 0, a highest of 100): the rates do not tell it, and the
          schedule is close to one of fewer parameters

    Raises
    ------
    DimensionError, CoordinateError
        There is no dimension age, or its labels are unevenly spaced.
    BoundsError
        A rate is missing or out of bounds.
    InputError
        The family is not known.
    FitError
        All rates of a schedule are zero; or it has fewer ages with births than the
        family has parameters; or the search did not end.

    Notes
    -----
    Minimises :math:`\sum_x [f(x) - R s(x; \theta)]^2`. For given :math:`\theta` the best
    level is :math:`R = \sum f s / \sum s^2`, so only :math:`\theta` is searched
    (trust-region reflective, several starts). :math:`R^2 = 1 - \sum (f - \hat f)^2 /
    \sum (f - \bar f)^2`.

    Examples
    --------
    >>> from popsim.demography.fertility.schedules import gamma_schedule
    >>> f = gamma_schedule(
    ...     range(12, 55), total_fertility_rate=1.2, mean_age=29.0,
    ...     standard_deviation=5.0, lowest_age=14.0,
    ... )
    >>> fit = fit_schedule(f, "gamma")
    >>> round(float(fit.mean_age), 3), round(float(fit.r_squared), 6)
    (29.0, 1.0)
    """
    check_option(family, _FAMILIES, "family", what="there is no fertility schedule")
    width = checked_width(fertility_rate)
    refuse_empty(fertility_rate.sum("age"), "fertility_rate")
    search = _FAMILIES[family]
    needed = len(search.parameters)
    fertile = (fertility_rate > 0).sum("age")
    few = fertile.values < needed
    if few.any():
        raise FitError(
            f"too few ages with births to fit the {needed} parameters of {family}",
            where=first_cell(fertile, few),
            got=f"{fertile.values[few][0]} ages",
            allowed=f"at least {needed}",
            fix="give single years of age, or take a schedule of fewer parameters",
        )
    lower = fertility_rate["age"].values.astype(np.float64)
    rows = fertility_rate.transpose(..., "age")
    flat = rows.values.reshape(-1, len(lower)).astype(np.float64)
    found = np.empty((len(flat), needed))
    fitted = np.empty_like(flat)
    at_bound = np.empty(len(flat), dtype=bool)
    for i, rates in enumerate(flat):
        found[i], fitted[i], at_bound[i] = _fit_one(search, family, lower, width, rates)
    out = _result(rows, search, found, fitted)
    out["at_bound"] = out["r_squared"].copy(data=at_bound.reshape(out["r_squared"].shape))
    out["at_bound"].attrs = {"long_name": "A parameter stands at the border of the search"}
    return out.assign_attrs(family=family)


def _fit_one(
    search: _Family, family: str, lower: np.ndarray, width: int, rates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return parameters (level first), fitted rates, and whether one is at its bound."""
    # In units of the largest rate, so that tolerances do not depend on the level.
    unit = rates.max()
    wanted = rates / unit

    def scaled(vector: np.ndarray) -> tuple[float, np.ndarray]:
        arrays = (np.asarray(p, dtype=np.float64) for p in search.inward(vector))
        curve = search.shape(lower, width, *arrays)
        norm = float(curve @ curve)
        level = float(wanted @ curve) / norm if norm > 0 else 0.0
        return level, curve

    def residual(vector: np.ndarray) -> np.ndarray:
        level, curve = scaled(vector)
        return level * curve - wanted

    middle = lower + width / 2
    mean = float(rates @ middle / rates.sum())
    spread = max(float(np.sqrt(rates @ (middle - mean) ** 2 / rates.sum())), 0.5 * width)
    youngest = float(lower[np.argmax(rates > 0)])
    low, high = np.array(search.lower), np.array(search.upper)
    best = None
    for start in search.starts(youngest, float(middle[np.argmax(rates)]), mean, spread):
        inside = np.clip(np.array(start), low + 1e-6, high - 1e-6)
        end = least_squares(
            residual, inside, bounds=(low, high), x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12
        )
        if end.status > 0 and (best is None or end.cost < best.cost):
            best = end
    if best is None:
        raise FitError(
            f"the search for the parameters of {family} did not end",
            where="fertility_rate",
            got=f"rates with mean age {mean:.1f}",
            allowed="a schedule with one peak",
            fix="look at the rates, or take another schedule",
        )
    level, curve = scaled(best.x)
    parameters = np.array([level * unit, *search.inward(best.x)])
    return parameters, level * unit * curve, bool(np.any(best.active_mask != 0))


def _result(
    rows: xr.DataArray, search: _Family, found: np.ndarray, fitted: np.ndarray
) -> xr.Dataset:
    """Label parameters, fitted rates and goodness of fit."""
    like = rows.isel(age=0, drop=True)
    model = rows.copy(data=fitted.reshape(rows.shape))
    error = ((rows - model) ** 2).sum("age")
    total = ((rows - rows.mean("age")) ** 2).sum("age")
    r_squared = 1.0 - error / total.where(total > 0)  # undefined where all rates are equal
    deviation = (error / rows.sizes["age"]) ** 0.5
    out = xr.Dataset(
        {
            name: like.copy(data=found[:, i].reshape(like.shape)).assign_attrs(units=unit)
            for i, (name, unit) in enumerate(search.parameters)
        }
    )
    for name, _ in search.parameters:
        out[name].attrs["long_name"] = name.replace("_", " ").capitalize()
    out["fertility_rate"] = labelled(model, "fertility_rate")
    out["r_squared"] = r_squared.assign_attrs(units=_ONE, long_name="R squared")
    out["root_mean_square_error"] = deviation.assign_attrs(
        units=_RATE, long_name="Root mean square error"
    )
    return out
