"""Forecasts from Lee-Carter fits, and the rates that lead a fit to a given life expectancy.

Notation as in :mod:`popsim.demography.mortality.lee_carter`. Nothing here draws random numbers: a
forecast takes standard normal deviates from its caller, so the same deviates give the same
forecast, and deviates shared between scenarios make a difference free of noise.
"""

from __future__ import annotations

from typing import Literal, Unpack

import numpy as np
import xarray as xr

from popsim.demography.mortality.levels import LifeTableRules, as_array, as_rates, rates_along
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    FitError,
)
from popsim.schema.checks import check_option, first_cell
from popsim.schema.variables import VARIABLES

JumpOff = Literal["actual", "fitted"]

#: Ages whose mean is the ultimate decline below 65 (Li, Lee & Gerland 2013).
_ADULT, _OLD = 15, 65

#: Life expectancies [years] at which rotation begins and ends, and the power that smooths
#: its course (the same; also the defaults of the UN's package MortCast).
ROTATION_START, ROTATION_END, ROTATION_POWER = 80.0, 102.0, 0.5


def forecast_lee_carter(
    fit: xr.Dataset,
    end: int,
    *,
    jump_off: JumpOff = "actual",
    drift_normal: xr.DataArray | None = None,
    innovation_normal: xr.DataArray | None = None,
    departure_normal: xr.DataArray | None = None,
) -> xr.DataArray:
    r"""Forecast death rates from a fit: the central path, or one path for each set of deviates.

    Parameters
    ----------
    fit : xarray.Dataset
        From one of the fits of :mod:`popsim.demography.mortality.lee_carter`.
    end : int
        Last calendar year of the forecast; the years follow those of the fit.
    jump_off : {"actual", "fitted"}
        Whether the forecast starts from the observed rates of the last year of the fit
        (Lee & Miller 2001: no jump in the first year) or from the fitted ones.
    drift_normal : xarray.DataArray, optional
        (draw, ...) [1]: standard normal deviates of the drift, one for a whole path.
    innovation_normal : xarray.DataArray, optional
        (draw, year, ...) [1]: standard normal deviates of kappa, on the forecast years.
    departure_normal : xarray.DataArray, optional
        (draw, year, sex, ...) [1]: those of the sexes' departures; coherent fits only.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., year, sex, age) [deaths per person-year], with the dims of
        the fit and of the deviates. Deviates without the dim ``sex`` (``region``) move both
        sexes (all regions) together, in step.

    Raises
    ------
    CoordinateError
        If ``end`` is not a year after the fit, in its steps, or deviates lie on other years.
    DimensionError
        If ``innovation_normal`` or ``departure_normal`` lacks ``year``, or ``drift_normal``
        has it.
    BoundsError
        If a deviate is not finite.
    InputError
        If ``jump_off`` is unknown.
    ConflictError
        If ``departure_normal`` is given to a fit without departures.

    Notes
    -----
    With deviates z and h steps after the last year T,

    .. math:: \kappa_{T+h} = \kappa_T + h\,(\hat d + \operatorname{se}(\hat d)\,z_d)
              + s \sum_{i \le h} z_i ,

    so intervals hold the innovations and the uncertainty of the drift; they leave out the
    errors of alpha and beta, and whether the past is a guide at all.

    Examples
    --------
    >>> from popsim.demography.mortality.lee_carter import fit_lee_carter
    >>> years = np.arange(2000, 2012)
    >>> log_m = np.log([0.01, 0.001, 0.1]) + np.outer(years - 2005.5, [-0.03, -0.02, -0.01])
    >>> m = xr.DataArray(np.exp(log_m), dims=("year", "age"),
    ...                  coords={"year": years, "age": [0, 1, 2]})
    >>> forecast = forecast_lee_carter(fit_lee_carter(m), 2021)
    >>> np.log(forecast / m.sel(year=2011, drop=True)).sel(year=2021).values.round(3).tolist()
    [-0.3, -0.2, -0.1]
    """
    check_option(
        jump_off,
        ("actual", "fitted"),
        "jump_off",
        what="unknown jump-off",
        fix="'actual' starts at the observed rates of the last year",
    )
    years = _forecast_years(fit, end)
    _check_deviates(years, drift_normal, innovation_normal, departure_normal)
    coherent = "kappa_t_own" in fit
    if departure_normal is not None and not coherent:
        raise ConflictError(
            "deviates of departures are given to a fit that has none",
            where="departure_normal",
            got=f"variables {sorted(str(v) for v in fit.data_vars)}",
            allowed="a fit of fit_coherent_lee_carter",
            fix="leave them out; give innovation_normal the dim sex to move the sexes apart",
        )
    actual = jump_off == "actual"
    last = fit["kappa_t"].isel(year=-1, drop=True)
    drift = fit["drift"]
    if drift_normal is not None:
        drift = drift + fit["drift_standard_error"] * drift_normal
    steps = xr.DataArray(np.arange(1.0, len(years) + 1), dims="year", coords={"year": years})
    change = steps * drift
    if innovation_normal is not None:
        change = change + fit["innovation_sd"] * innovation_normal.cumsum("year")
    log_rates = fit["beta_x"] * (change if actual else last + change)
    if coherent:
        departure = _departure_path(fit, years, departure_normal)
        if actual:
            departure = departure - fit["kappa_t_own"].isel(year=-1, drop=True)
        log_rates = log_rates + fit["beta_x_own"] * departure
    start = np.log(fit["jump_off_rate"]) if actual else fit["alpha_x"]
    return as_rates(xr.apply_ufunc(np.exp, start + log_rates))


def _departure_path(
    fit: xr.Dataset, years: np.ndarray, normal: xr.DataArray | None
) -> xr.DataArray:
    """Departures of the sexes from the common trend over the forecast years."""
    phi, constant = fit["autoregression"], fit["departure_constant"]
    level = fit["kappa_t_own"].isel(year=-1, drop=True)
    path = []
    for i in range(len(years)):
        level = constant + phi * level
        if normal is not None:
            level = level + fit["innovation_sd_own"] * normal.isel(year=i, drop=True)
        path.append(level)
    return xr.concat(path, xr.Variable("year", years))


def ultimate_pattern(beta_x: xr.DataArray) -> xr.DataArray:
    r"""Pattern of mortality decline that rotation ends at.

    Parameters
    ----------
    beta_x : xarray.DataArray
        (age, ...) [1]: the fitted pattern.

    Returns
    -------
    xarray.DataArray
        beta_x (age, ...) [1], its sum 1.

    Raises
    ------
    CoordinateError
        If there are no ages 15-64, or no age 65.
    FitError
        If the pattern at 65 is not positive, so that it cannot be joined to the ages below.

    Notes
    -----
    Li, Lee & Gerland (2013), Demography 50: 2037-2051: below 65, the mean of the ages
    15-64; from 65 on, the shape of the fitted pattern, joined at 65.

    Examples
    --------
    >>> ages = [0, 1, 5, 15, 40, 65, 80]
    >>> beta = xr.DataArray([0.3, 0.2, 0.15, 0.1, 0.1, 0.1, 0.05], dims="age",
    ...                     coords={"age": ages})
    >>> ultimate_pattern(beta).values.round(3).tolist()
    [0.154, 0.154, 0.154, 0.154, 0.154, 0.154, 0.077]
    """
    ages = beta_x["age"]
    adult = (ages >= _ADULT) & (ages < _OLD)
    if not adult.any() or _OLD not in ages.values:
        raise CoordinateError(
            "rotation needs the ages 15-64 and 65",
            where="age",
            got=f"{ages.size} ages from {ages.values[0]} to {ages.values[-1]}",
            allowed="single or abridged ages up to 70 or more",
            fix="fit the model to rates by finer age",
        )
    joint = beta_x.sel(age=_OLD, drop=True)
    bad = ~(joint > 0.0)
    if bad.values.any():
        raise FitError(
            "mortality at 65 does not decline in the fitted pattern",
            where=f"beta_x at age=65, {first_cell(bad, bad.values)}",
            got=float(joint.values[bad.values].flat[0]),
            allowed="above 0",
            fix="fit other years, both sexes together, or do without rotation",
        )
    level = beta_x.where(adult).mean("age")
    joined = xr.where(ages < _OLD, level, beta_x * level / joint).transpose(*beta_x.dims)
    out = joined / joined.sum("age")
    out.attrs = VARIABLES["beta_x"].attrs()
    return out.rename("beta_x")


def rotated_pattern(beta_x: xr.DataArray, life_expectancy: xr.DataArray | float) -> xr.DataArray:
    r"""Pattern of mortality decline at a given life expectancy.

    Parameters
    ----------
    beta_x : xarray.DataArray
        (age, ...) [1]: the fitted pattern.
    life_expectancy : xarray.DataArray or float
        (...) at birth [years], matched by name (year); of both sexes together where the
        pattern is common to them.

    Returns
    -------
    xarray.DataArray
        beta_x (age, ...) over the dims of both [1], its sum 1.

    Raises
    ------
    BoundsError
        If a life expectancy is not a finite number.
    CoordinateError, FitError
        As from :func:`ultimate_pattern`.

    Notes
    -----
    As life expectancy rises, decline shifts from the young to the old (Li, Lee & Gerland
    2013, Demography 50: 2037-2051): with :math:`w = (e_0 - 80) / 22` kept between 0 and 1,

    .. math:: B = (1 - w_s)\,\beta + w_s\,\beta^u, \qquad
              w_s = \left(\tfrac12 \left(1 + \sin\left(\tfrac{\pi}{2}(2w - 1)\right)\right)
              \right)^{1/2} .

    Examples
    --------
    >>> beta = xr.DataArray([0.5, 0.2, 0.2, 0.1], dims="age", coords={"age": [0, 15, 65, 80]})
    >>> rotated_pattern(beta, 91.0).values.round(3).tolist()
    [0.348, 0.261, 0.261, 0.13]
    """
    e0 = as_array(life_expectancy, "life_expectancy")
    ultimate = ultimate_pattern(beta_x)
    progress = ((e0 - ROTATION_START) / (ROTATION_END - ROTATION_START)).clip(0.0, 1.0)
    wave = xr.apply_ufunc(np.sin, 0.5 * np.pi * (2.0 * progress - 1.0))
    weight = (0.5 * (1.0 + wave)) ** ROTATION_POWER
    out = (1.0 - weight) * beta_x + weight * ultimate
    out = out.transpose(*[d for d in out.dims if d != "age"], "age")
    out.attrs = VARIABLES["beta_x"].attrs()
    return out.rename("beta_x")


def rates_for_life_expectancy(
    fit: xr.Dataset,
    life_expectancy: xr.DataArray | float,
    *,
    rotate: bool = True,
    **rules: Unpack[LifeTableRules],
) -> xr.DataArray:
    r"""Death rates of a given life expectancy that change as a fitted model says.

    Parameters
    ----------
    fit : xarray.Dataset
        From :func:`popsim.demography.mortality.lee_carter.fit_coherent_lee_carter`, so that both
        sexes share a pattern, or one of the plain fits.
    life_expectancy : xarray.DataArray or float
        (...) at birth [years]; by ``sex`` for a pair, by ``year`` for a path.
    rotate : bool
        Whether the pattern of decline moves on to old age as life expectancy passes 80.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`popsim.demography.mortality.lifetable.life_table`.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., year, sex, age) [deaths per person-year];
        :func:`popsim.demography.mortality.lifetable.life_table` finds the given life expectancy in
        it to 1e-6 years.

    Raises
    ------
    FitError
        If no level gives the life expectancy (the range is named), or as from
        :func:`ultimate_pattern`.
    BoundsError, CoordinateError, InputError
        As from :func:`popsim.demography.mortality.levels.rates_along`.

    Notes
    -----
    :math:`\log m(x, t) = \log m(x, T) + B(x, t)\,k` from the last year T of the fit, k such
    that the life expectancy is met; B is :func:`rotated_pattern` at the life expectancy of
    the cell, for a pattern common to the sexes at the mean of the two (Sevcikova et al.
    2016, in Schoen, Dynamic Demographic Analysis, algorithm 2, steps 6-9, without their
    floor on male rates).

    Examples
    --------
    >>> from popsim.demography.mortality.lee_carter import fit_lee_carter
    >>> from popsim.demography.mortality.lifetable import life_table
    >>> years = np.arange(2000, 2012)
    >>> start, decline = np.log([0.01, 0.005, 0.1, 0.3]), [-0.03, -0.02, -0.01, -0.005]
    >>> m = xr.DataArray(np.exp(start + np.outer(years - 2005.5, decline)), dims=("year", "age"),
    ...                  coords={"year": years, "age": [0, 1, 2, 3]})
    >>> rates = rates_for_life_expectancy(fit_lee_carter(m), 8.0, rotate=False, a0=0.1)
    >>> round(float(life_table(rates, a0=0.1).ex.sel(age=0)), 6)
    8.0
    """
    e0 = as_array(life_expectancy, "life_expectancy")
    beta = fit["beta_x"]
    if rotate:
        shared = "sex" in e0.dims and "sex" not in beta.dims
        beta = rotated_pattern(beta, e0.mean("sex") if shared else e0)
    ones = xr.ones_like(beta["age"], dtype=np.float64)
    return rates_along(fit["jump_off_rate"], e0, beta, ones, **rules)


def _forecast_years(fit: xr.Dataset, end: int) -> np.ndarray:
    known = fit["year"].values
    step = int(known[1] - known[0])
    last = int(known[-1])
    if end <= last or (end - last) % step:
        raise CoordinateError(
            "the forecast does not end on a year after the fit",
            where="end",
            got=end,
            allowed=f"{last + step}, {last + 2 * step}, ...",
            fix="the forecast goes on in the steps of the fit",
        )
    return np.arange(last + step, end + 1, step)


def _check_deviates(
    years: np.ndarray,
    drift: xr.DataArray | None,
    innovation: xr.DataArray | None,
    departure: xr.DataArray | None,
) -> None:
    for name, array, yearly in (
        ("drift_normal", drift, False),
        ("innovation_normal", innovation, True),
        ("departure_normal", departure, True),
    ):
        if array is None:
            continue
        if yearly != ("year" in array.dims):
            raise DimensionError(
                f"{name} {'lacks' if yearly else 'has'} the dimension 'year'",
                where=name,
                got=f"dims {tuple(array.dims)}",
                allowed="one deviate for each forecast year" if yearly else "one for each path",
                fix="the drift is one figure for a whole path; innovations come every year",
            )
        if yearly and not np.array_equal(array["year"].values, years):
            raise CoordinateError(
                f"{name} lies on other years than the forecast",
                where=f"{name}, year",
                got=f"{array.sizes['year']} years from {array['year'].values[0]}",
                allowed=f"{len(years)} years from {years[0]} to {years[-1]}",
                fix="label the deviates with the forecast years",
            )
        bad = ~np.isfinite(array.values)
        if bad.any():
            raise BoundsError(
                f"{name} has {int(bad.sum())} missing or infinite values",
                where=f"{name} at {first_cell(array, bad)}",
                got=array.values[bad][0],
                allowed="finite numbers, standard normal",
                fix="draw them with numpy.random.Generator.standard_normal",
            )
