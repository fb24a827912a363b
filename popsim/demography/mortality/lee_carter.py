"""Lee-Carter models of mortality, fitted: plain (SVD or Poisson) and coherent for two sexes.

Notation: death rates ``m(x, t)`` by age x and year t, and

    log m(x, t) = alpha(x) + beta(x) kappa(t) + error,   sum of beta = 1, sum of kappa = 0,

so that a fall of kappa by one lowers the logarithm of every rate by its ``beta``. All
rates are period rates. :mod:`popsim.demography.mortality.lee_carter_forecast` forecasts from a fit.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.mortality.levels import as_rates
from popsim.demography.mortality.separation import over_age
from popsim.errors import BoundsError, DimensionError, FitError
from popsim.schema.checks import (
    check_same_coords,
    check_sex,
    check_values,
    check_years,
    first_cell,
)
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe

_RATE = VARIABLES["mortality_rate"]

#: With fewer the drift's standard error, sd / sqrt(years - 1), is itself hardly known: the
#: sd of nine changes has a relative error of 1 / sqrt(2 x 8), a quarter.
MINIMUM_YEARS = 10

#: Rounds allowed to the Poisson fit, and the relative change of the deviance that ends it.
#: Rounds gain a constant factor each; on national rates some 100 are needed.
_ROUNDS = 20_000
_SETTLED = 1e-13

#: Singular value of log rates up to which they count as constant: rounding leaves 1e-14.
_STILL = 1e-10

#: Autocorrelation beyond which it is not believed (Andrews & Monahan 1992, Econometrica 60:
#: 953-966): at 0.97 the long-run standard deviation is eight times that of the changes.
_LARGEST_AUTOCORRELATION = 0.97


def fit_lee_carter(mortality_rate: xr.DataArray) -> xr.Dataset:
    r"""Fit the Lee-Carter model by singular value decomposition.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (year, age, ...) [deaths per person-year]: at least ten evenly spaced years, all
        rates above 0. One fit for each combination of the other dimensions (sex, region).

    Returns
    -------
    xarray.Dataset
        alpha_x, beta_x (..., age), kappa_t (..., year), drift, drift_standard_error,
        innovation_sd, explained_variance (...), jump_off_rate (..., age): the observed
        rates of the last year.

    Raises
    ------
    DimensionError
        If ``year`` or ``age`` is missing.
    FitError
        If there are fewer than ten years, or the rates do not change at all.
    CoordinateError
        If the years are not evenly spaced.
    BoundsError
        If a rate is not finite, out of bounds, or 0.

    Notes
    -----
    Lee & Carter (1992), JASA 87: 659-671, without their second stage: :math:`\alpha` is
    the mean of the log rates over the years, :math:`\beta\kappa` the first term of the SVD
    of what remains. Kappa is a random walk with drift,

    .. math:: \hat d = \frac{\kappa_T - \kappa_1}{T - 1}, \qquad
              \operatorname{se}(\hat d) = \frac{s}{\sqrt{T - 1}} ,

    s being the long-run standard deviation of its changes, :math:`s_\Delta
    \sqrt{(1 + r) / (1 - r)}` with their standard deviation and, where positive, their
    autocorrelation r. Lee and Carter took r for 0. Rates that were interpolated or smoothed
    over time have an r of 0.9 or more, and intervals that ignore it are several times too
    narrow.

    Examples
    --------
    >>> years = np.arange(2000, 2012)
    >>> log_m = np.log([0.01, 0.001, 0.1]) + np.outer(years - 2005.5, [-0.03, -0.02, -0.01])
    >>> m = xr.DataArray(np.exp(log_m), dims=("year", "age"),
    ...                  coords={"year": years, "age": [0, 1, 2]})
    >>> fit = fit_lee_carter(m)
    >>> fit.beta_x.values.round(3).tolist(), round(float(fit.drift), 4)
    ([0.5, 0.333, 0.167], -0.06)
    """
    log_rates = _log_rates(mortality_rate)
    alpha = log_rates.mean("year")
    beta, kappa, share = _leading_term(log_rates - alpha)
    fit = {"alpha_x": alpha, "beta_x": beta, "kappa_t": kappa, "explained_variance": share}
    return _with_drift(fit, mortality_rate, "fit_lee_carter")


def fit_lee_carter_poisson(mortality_rate: xr.DataArray, exposure: xr.DataArray) -> xr.Dataset:
    r"""Fit the Lee-Carter model to deaths by maximum likelihood.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (year, age, ...) [deaths per person-year]: at least ten evenly spaced years.
        Rates of 0 are allowed; an age without a death in any year is not.
    exposure : xarray.DataArray
        (year, age, ...) [person-years].

    Returns
    -------
    xarray.Dataset
        As from :func:`fit_lee_carter`; explained_variance is the share of the deviance.

    Raises
    ------
    DimensionError
        If ``year`` or ``age`` is missing.
    FitError
        If there are fewer than ten years, an age has no deaths at all, or the likelihood
        does not settle.
    CoordinateError
        If the years are not evenly spaced, or the two arrays have different labels.
    BoundsError
        If a rate is not finite or out of bounds, or an exposure not positive.

    Notes
    -----
    Deaths are Poisson with mean :math:`E e^{\alpha + \beta\kappa}` (Brouhns, Denuit &
    Vermunt 2002, Insurance: Mathematics and Economics 31: 373-393), so ages with many
    deaths weigh more than in the SVD. Newton steps for alpha, kappa and beta in turn.

    Examples
    --------
    >>> years = np.arange(2000, 2012)
    >>> log_m = np.log([0.01, 0.001, 0.1]) + np.outer(years - 2005.5, [-0.03, -0.02, -0.01])
    >>> m = xr.DataArray(np.exp(log_m), dims=("year", "age"),
    ...                  coords={"year": years, "age": [0, 1, 2]})
    >>> fit = fit_lee_carter_poisson(m, 1e6 * xr.ones_like(m))
    >>> fit.beta_x.values.round(3).tolist(), round(float(fit.drift), 4)
    ([0.5, 0.333, 0.167], -0.06)
    """
    _check_surface(mortality_rate)
    check_same_coords({"mortality_rate": mortality_rate, "exposure": exposure})
    bad = ~((exposure.values > 0.0) & np.isfinite(exposure.values))
    if bad.any():
        raise BoundsError(
            "an exposure is not positive",
            where=f"exposure at {first_cell(exposure, bad)}",
            got=exposure.values[bad][0],
            allowed="person-years above 0",
            fix="close the table at an age where people are left",
        )
    rates, exposed = xr.broadcast(mortality_rate, exposure)
    rates = _years_and_ages_last(rates)
    exposed = exposed.transpose(*rates.dims)
    deaths = rates * exposed
    none = deaths.sum("year") <= 0.0
    if none.values.any():
        raise FitError(
            "an age has no deaths in any year",
            where=f"mortality_rate at {first_cell(none, none.values)}",
            got=0.0,
            allowed="at least one death at each age over all years",
            fix="merge ages, or graduate the rates first",
        )
    alpha, beta, kappa, share, settled = _poisson(deaths.values, exposed.values)
    if not settled:
        raise FitError(
            "the Poisson likelihood did not settle",
            where="mortality_rate",
            got=f"{_ROUNDS} rounds",
            allowed=f"a relative change of the deviance below {_SETTLED:g}",
            fix="merge ages with few deaths, or use fit_lee_carter",
        )
    by_year, by_age = deaths.isel(age=0, drop=True), deaths.isel(year=0, drop=True)
    fit = {
        "alpha_x": by_age.copy(data=alpha),
        "beta_x": by_age.copy(data=beta),
        "kappa_t": by_year.copy(data=kappa),
        "explained_variance": by_year.isel(year=0, drop=True).copy(data=share),
    }
    return _with_drift(fit, mortality_rate, "fit_lee_carter_poisson")


def fit_coherent_lee_carter(mortality_rate: xr.DataArray) -> xr.Dataset:
    r"""Fit the two sexes together, so that their forecasts do not drift apart.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (year, sex, age, ...) [deaths per person-year]; ``sex`` is female, male. As in
        :func:`fit_lee_carter` otherwise.

    Returns
    -------
    xarray.Dataset
        The common trend: beta_x (..., age), kappa_t (..., year), drift,
        drift_standard_error, innovation_sd (...). By sex: alpha_x, jump_off_rate,
        beta_x_own (..., sex, age), kappa_t_own (..., sex, year), autoregression,
        departure_constant, innovation_sd_own, explained_variance (..., sex).

    Raises
    ------
    DimensionError
        If ``year``, ``sex`` or ``age`` is missing.
    FitError, CoordinateError, BoundsError
        As in :func:`fit_lee_carter`; CoordinateError also if ``sex`` is not female, male.

    Notes
    -----
    Li & Lee (2005), Demography 42: 575-594. The common trend :math:`B_x K_t` is that of
    the mean of both sexes' log rates; what it leaves of a sex is :math:`b_x k_t`, whose k
    returns to its mean,

    .. math:: k_t = c + \phi k_{t-1} + e_t .

    Where the estimate of :math:`\phi` is 1 or more, or the sex departs no further from
    the common trend than rounding, the departure stays as it is in expectation
    (:math:`c = 0, \phi = 1`), a random walk without drift as Li & Lee propose.

    Examples
    --------
    >>> years = np.arange(2000, 2012)
    >>> log_m = np.log([0.01, 0.001, 0.1]) + np.outer(years - 2005.5, [-0.03, -0.02, -0.01])
    >>> female = xr.DataArray(np.exp(log_m), dims=("year", "age"),
    ...                       coords={"year": years, "age": [0, 1, 2]})
    >>> m = xr.concat([female, 1.5 * female], xr.Variable("sex", ["female", "male"]))
    >>> fit = fit_coherent_lee_carter(m)
    >>> fit.beta_x.values.round(3).tolist(), round(float(fit.drift), 4)
    ([0.5, 0.333, 0.167], -0.06)
    """
    if "sex" not in mortality_rate.dims:
        raise DimensionError(
            "a coherent fit needs both sexes",
            where="mortality_rate",
            got=f"dims {tuple(mortality_rate.dims)}",
            allowed="dims (year, sex, age), and any further ones",
            fix="stack the sexes along a dimension 'sex', or use fit_lee_carter for one of them",
        )
    check_sex(mortality_rate)
    log_rates = _log_rates(mortality_rate)
    alpha = log_rates.mean("year")
    centred = log_rates - alpha
    beta, kappa, _ = _leading_term(centred.mean("sex"))
    rest = centred - beta * kappa
    # the sexes may run exactly parallel; then there is nothing to decompose
    parallel = (rest**2).sum(["year", "age"]) <= 1e-20 * (centred**2).sum(["year", "age"])
    own_beta, own_kappa, _ = _leading_term(rest.where(~parallel, beta * kappa))
    own_kappa = own_kappa.where(~parallel, 0.0)
    left = rest - own_beta * own_kappa
    share = 1.0 - (left**2).sum(["year", "age"]) / (centred**2).sum(["year", "age"])
    before = own_kappa.isel(year=slice(None, -1)).drop_vars("year")
    after = own_kappa.isel(year=slice(1, None)).drop_vars("year")
    spread = ((before - before.mean("year")) ** 2).sum("year")
    product = ((before - before.mean("year")) * (after - after.mean("year"))).sum("year")
    phi = product / spread.where(spread > 0.0, 1.0)
    returns = (spread > 0.0) & (phi < 1.0)
    phi = phi.where(returns, 1.0)
    constant = (after.mean("year") - phi * before.mean("year")).where(returns, 0.0)
    error = after - constant - phi * before
    # Two parameters are estimated where it returns, none where it does not. Where it
    # returns, phi itself bounds how far it strays; a random walk strays by its long run.
    about_phi = ((error**2).sum("year") / (before.sizes["year"] - 2.0)) ** 0.5
    fit = {
        "alpha_x": alpha,
        "beta_x": beta,
        "kappa_t": kappa,
        "beta_x_own": own_beta,
        "kappa_t_own": own_kappa,
        "autoregression": phi,
        "departure_constant": constant,
        "innovation_sd_own": about_phi.where(returns, _long_run_sd(own_kappa.diff("year"))),
        "explained_variance": share,
    }
    return _with_drift(fit, mortality_rate, "fit_coherent_lee_carter")


def _years_and_ages_last(array: xr.DataArray) -> xr.DataArray:
    return array.transpose(*[d for d in array.dims if d not in ("year", "age")], "year", "age")


def _check_surface(mortality_rate: xr.DataArray) -> None:
    """Refuse rates that no model of this module can be fitted to."""
    rates = over_age(mortality_rate, "mortality_rate")
    if "year" not in rates.dims:
        raise DimensionError(
            "mortality_rate lacks the dimension 'year'",
            where="mortality_rate",
            got=f"dims {tuple(rates.dims)}",
            allowed="dims (year, age), and any further ones (sex, region, scenario, draw)",
            fix="a model of change needs rates of several years",
        )
    check_values(rates, _RATE)
    count = rates.sizes["year"]
    if count < MINIMUM_YEARS:
        raise FitError(
            "there are too few years to fit a Lee-Carter model",
            where="year",
            got=f"{count} years",
            allowed=f"at least {MINIMUM_YEARS}",
            fix="with a shorter record use "
            "popsim.demography.mortality.levels.scale_to_life_expectancy on a path of life "
            "expectancy",
        )
    labels = rates["year"].values if "year" in rates.coords else np.arange(2)
    check_years(rates, max(int(labels[1] - labels[0]), 1))


def _log_rates(mortality_rate: xr.DataArray) -> xr.DataArray:
    """Logarithms of checked rates, (..., year, age)."""
    _check_surface(mortality_rate)
    zero = mortality_rate.values == 0.0
    if zero.any():
        raise BoundsError(
            "a death rate of zero has no logarithm",
            where=f"mortality_rate at {first_cell(mortality_rate, zero)}",
            got=0.0,
            allowed="rates above 0",
            fix="graduate the rates first, or use fit_lee_carter_poisson with the exposure",
        )
    return _years_and_ages_last(xr.apply_ufunc(np.log, mortality_rate))


def _leading_term(centred: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """First term of the SVD over (year, age): beta, kappa and its share of the variance."""
    centred = _years_and_ages_last(centred)
    u, s, v = np.linalg.svd(centred.values, full_matrices=False)
    still = s[..., 0] <= _STILL
    by_year, by_age = centred.isel(age=0, drop=True), centred.isel(year=0, drop=True)
    each = by_year.isel(year=0, drop=True)
    if still.any():
        raise FitError(
            "the rates do not change over the years",
            where=f"mortality_rate at {first_cell(each, still)}",
            got="the same rates in every year",
            allowed="rates that change",
            fix="a constant needs no model",
        )
    total = v[..., 0, :].sum(axis=-1)
    beta = v[..., 0, :] / total[..., None]
    kappa = u[..., :, 0] * (s[..., 0] * total)[..., None]
    share = s[..., 0] ** 2 / (s**2).sum(axis=-1)
    return by_age.copy(data=beta), by_year.copy(data=kappa), each.copy(data=share)


def _poisson(
    deaths: np.ndarray, exposure: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]:
    """Maximum likelihood over (..., year, age): alpha, beta, kappa, share of the deviance."""
    alpha = np.log(deaths.sum(axis=-2) / exposure.sum(axis=-2))
    beta = np.full_like(alpha, 1.0 / alpha.shape[-1])
    kappa = np.zeros(deaths.shape[:-1])

    def expected() -> np.ndarray:
        return exposure * np.exp(alpha[..., None, :] + beta[..., None, :] * kappa[..., :, None])

    def deviance(fitted: np.ndarray) -> np.ndarray:
        ratio = np.divide(deaths, fitted, out=np.ones_like(deaths), where=deaths > 0.0)
        return 2.0 * (deaths * np.log(ratio) - deaths + fitted).sum(axis=(-2, -1))

    null = previous = deviance(expected())
    for _ in range(_ROUNDS):
        fitted = expected()
        alpha = alpha + (deaths - fitted).sum(axis=-2) / fitted.sum(axis=-2)
        fitted = expected()
        across = beta[..., None, :]
        kappa = kappa + ((deaths - fitted) * across).sum(axis=-1) / (fitted * across**2).sum(
            axis=-1
        )
        mean = kappa.mean(axis=-1, keepdims=True)
        kappa, alpha = kappa - mean, alpha + beta * mean
        fitted = expected()
        along = kappa[..., :, None]
        weight = (fitted * along**2).sum(axis=-2)
        step = ((deaths - fitted) * along).sum(axis=-2)
        beta = beta + np.divide(step, weight, out=np.zeros_like(step), where=weight > 0.0)
        total = beta.sum(axis=-1, keepdims=True)
        beta, kappa = beta / total, kappa * total
        current = deviance(expected())
        # deaths enter the scale: a perfect fit has a deviance of rounding only
        if np.all(np.abs(previous - current) <= _SETTLED * (current + deaths.sum(axis=(-2, -1)))):
            return alpha, beta, kappa, 1.0 - current / np.where(null > 0.0, null, 1.0), True
        previous = current
    return alpha, beta, kappa, previous, False


def _long_run_sd(changes: xr.DataArray) -> xr.DataArray:
    """Return the standard deviation of a sum of many changes over the root of their number."""
    centred = changes - changes.mean("year")
    before = centred.isel(year=slice(None, -1)).drop_vars("year")
    after = centred.isel(year=slice(1, None)).drop_vars("year")
    variance = (centred**2).sum("year")
    r = (before * after).sum("year") / variance.where(variance > 0.0, 1.0)
    r = r.clip(0.0, _LARGEST_AUTOCORRELATION)
    return (variance / (changes.sizes["year"] - 1) * (1.0 + r) / (1.0 - r)) ** 0.5


def _with_drift(
    fit: dict[str, xr.DataArray], mortality_rate: xr.DataArray, call: str
) -> xr.Dataset:
    """Add the random walk of kappa and the jump-off rates."""
    changes = fit["kappa_t"].diff("year")
    sd = _long_run_sd(changes)
    fit["drift"] = changes.mean("year")
    fit["drift_standard_error"] = sd / np.sqrt(changes.sizes["year"])
    fit["innovation_sd"] = sd
    fit["jump_off_rate"] = as_rates(mortality_rate.isel(year=-1, drop=True))
    bare = {name: array.rename(None).drop_attrs() for name, array in fit.items()}
    return describe(xr.Dataset(bare)).assign_attrs(provenance(call))
