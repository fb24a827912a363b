"""Draws of life expectancy, as survival ratios: a polynomial by year, sex and age."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from popsim.demography.mortality.levels import scale_to_life_expectancy
from popsim.demography.mortality.lifetable import derived_life_table
from popsim.demography.mortality.survival import survival_ratio
from popsim.errors import MissingVariableError
from popsim.schema.conventions import SEXES
from popsim.schema.variables import VARIABLES
from popsim.uncertainty.assumptions import PLACE, assumption
from popsim.uncertainty.draws import Z80
from popsim.uncertainty.intervals import Intervals, published_intervals

#: Degree of the polynomial, and the life tables that it is fitted to.
_DEGREE, _NODES = 4, 8
#: How far the polynomial reaches, in standard deviations of the nation's and the place's
#: shifts together: a normal number is beyond once in 16,000.
_REACH = 4.0
#: Newton steps on life expectancy, which is nearly linear in changes as small as these.
_STEPS = 2


def shift_reach(
    years: np.ndarray, intervals: Mapping[str, Intervals] | None = None
) -> xr.DataArray:
    r"""Least and greatest shift of life expectancy that a year's polynomial is made for.

    Parameters
    ----------
    years : numpy.ndarray
        (year,)
    intervals : mapping of str to Intervals, optional
        life_expectancy_female and life_expectancy_male; those of WPP 2024 for China if absent.

    Returns
    -------
    xarray.DataArray
        (year, sex, end) [years], ``end`` = least, greatest; by the widths alone, whatever is
        drawn: four times :math:`\sqrt{\sigma_t^2 + \sigma^2}`, of the nation on this side of
        the median and of a place.

    Examples
    --------
    >>> shift_reach(np.array([2021])).sel(year=2021, sex="female").values
    array([-2.,  2.])
    """
    widths = {**published_intervals(), **(intervals or {})}
    place = assumption(PLACE, "life_expectancy", "deviation")
    ends = np.empty((len(years), len(SEXES), 2))
    for s, sex in enumerate(SEXES):
        for e, (side, sign) in enumerate((("lower_80", -1.0), ("upper_80", 1.0))):
            nation = widths[f"life_expectancy_{sex}"].width(side, years) / Z80
            ends[:, s, e] = sign * _REACH * np.hypot(nation, place)
    return xr.DataArray(
        ends,
        dims=("year", "sex", "end"),
        coords={"year": years, "sex": list(SEXES), "end": ["least", "greatest"]},
    )


def survival_polynomial(
    mortality_rate: xr.DataArray, *, intervals: Mapping[str, Intervals] | None = None
) -> xr.DataArray:
    r"""Survival ratios as polynomials in a shift of life expectancy at birth.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (..., year, sex, age) [deaths per person-year]: those at a shift of 0.
    intervals : mapping of str to Intervals, optional
        What decides how far the polynomials reach, as in :func:`shift_reach`.

    Returns
    -------
    xarray.DataArray
        survival_coefficient (..., year, coefficient, sex, age): of the power ``coefficient`` of
        the shift in years [years of life expectancy to minus that power]. Within
        :func:`shift_reach` the life expectancy of the ratios is the shifted one to 0.01 years,
        and the ratios lie between 0 and 1.

    Raises
    ------
    FitError
        Where :func:`popsim.demography.mortality.levels.scale_to_life_expectancy` finds no death
        rates for a life expectancy within reach.
    MissingVariableError
        Death rates without years, sexes or ages.
    InputError
        As from :func:`popsim.life_table`.

    Notes
    -----
    At eight Chebyshev points :math:`x_j` of the reach the death rates are scaled to the life
    expectancy and turned into survival ratios :math:`S_{ja}`. A polynomial of degree 4 that
    at a shift of 0 is the baseline's ratio is fitted to them by least squares, under the
    condition that the life expectancy :math:`e` of the fitted ratios is right at each point.
    With an orthonormal basis :math:`Q` of the powers of the shift at the points and
    coefficients :math:`\gamma_a`, a step of Newton's is

    .. math:: \gamma_a \leftarrow \gamma_a - h_a Q^\top (g_a \mu), \qquad
       \Big[ (Q Q^\top) \circ \sum_a g_a g_a^\top \Big] \mu = e - e_{target}, \qquad
       g_{ja} = h_a \frac{\partial e}{\partial S_{ja}},

    where the weights :math:`h_a`, the mean of :math:`1 - S_{ja}`, let the ratios of children,
    close to 1, move least.

    Examples
    --------
    >>> import popsim as ps
    >>> rates = ps.load_baseline("china", end=2025).mortality_rate
    >>> survival_polynomial(rates).dims
    ('year', 'coefficient', 'sex', 'age')
    """
    for dim in ("year", "sex", "age"):
        if dim not in mortality_rate.dims:
            raise MissingVariableError(
                f"death rates without {dim}",
                where="mortality_rate",
                got=f"dims {mortality_rate.dims}",
                allowed="dims year, sex and age",
            )
    reach = shift_reach(mortality_rate["year"].values, intervals).sel(
        sex=mortality_rate["sex"].values
    )
    low, high = reach.values[..., 0], reach.values[..., 1]
    points = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES) / np.cos(0.5 * np.pi / _NODES)
    shifts = (low + high)[..., None] / 2.0 + (high - low)[..., None] / 2.0 * points
    laid = xr.DataArray(
        shifts,
        dims=("year", "sex", "point"),
        coords={"year": reach["year"], "sex": mortality_rate["sex"].values},
    )
    table = derived_life_table(mortality_rate)
    level = table["ex"].isel(age=0, drop=True)
    centre = survival_ratio(table).transpose(..., "year", "sex", "age")
    tables = survival_ratio(
        derived_life_table(scale_to_life_expectancy(mortality_rate, level + laid))
    )
    tables = tables.transpose(*centre.dims[:-1], "point", "age")
    scale = np.maximum(-low, high)
    fitted = _fit(tables.values, centre.values[..., None, :], shifts / scale[..., None])
    fitted /= scale[..., None, None] ** np.arange(_DEGREE + 1)[:, None]
    dims = (*tables.dims[:-2], "coefficient", "age")
    coords = {k: c for k, c in mortality_rate.coords.items() if k != "point"}
    made = xr.DataArray(fitted, dims=dims, coords=coords, name="survival_coefficient")
    made = made.assign_coords(coefficient=np.arange(_DEGREE + 1))
    made.attrs = VARIABLES["survival_coefficient"].attrs()
    return made.transpose(..., "year", "coefficient", "sex", "age")


def survival_at(coefficients: xr.DataArray, shift: xr.DataArray | float) -> xr.DataArray:
    """Survival ratios of shifts of life expectancy, from their polynomials.

    Parameters
    ----------
    coefficients : xarray.DataArray
        (..., year, coefficient, sex, age), from :func:`survival_polynomial`.
    shift : xarray.DataArray or float
        (..., year, sex) [years], within :func:`shift_reach`; dims are matched by name.

    Returns
    -------
    xarray.DataArray
        survival_ratio (..., year, sex, age) [1]

    Examples
    --------
    >>> import popsim as ps
    >>> rates = ps.load_baseline("china", end=2025).mortality_rate
    >>> better = survival_at(survival_polynomial(rates), 0.5)
    >>> bool((better > survival_at(survival_polynomial(rates), 0.0)).all())
    True
    """
    powers = [c.drop_vars("coefficient") for c in coefficients.transpose("coefficient", ...)]
    out = powers[-1]
    for lower in powers[-2::-1]:
        out = out * shift + lower
    out = out.clip(0.0, 1.0).transpose(..., "year", "sex", "age")
    out.attrs = VARIABLES["survival_ratio"].attrs()
    return out.rename("survival_ratio")


def _fit(ratios: np.ndarray, centre: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Coefficients (..., coefficient, age) of ratios (..., point, age) at x (year, sex, point).

    The coefficient of power 0 is ``centre`` (..., 1, age).
    """
    basis, triangle = np.linalg.qr(x[..., None] ** np.arange(1, _DEGREE + 1))
    turned = np.swapaxes(basis, -1, -2)
    fitted = turned @ (ratios - centre)
    weight = (1.0 - ratios).mean(axis=-2, keepdims=True)
    target = _person_years(ratios).sum(axis=-1)
    for _ in range(_STEPS):
        now = centre + basis @ fitted
        years = _person_years(now)
        gradient = _gradient(now, years) * weight
        system = (basis @ turned) * (gradient @ np.swapaxes(gradient, -1, -2))
        missing = (years.sum(axis=-1) - target)[..., None]
        multiplier = np.linalg.solve(system, missing)
        fitted = fitted - (turned @ (gradient * multiplier)) * weight
    return np.concatenate([centre, np.linalg.solve(triangle, fitted)], axis=-2)


def _person_years(ratios: np.ndarray) -> np.ndarray:
    """Person-years lived by age (..., age) in the stationary population of survival ratios."""
    closed = np.cumprod(ratios[..., :-1], axis=-1)
    last = ratios[..., -1:]
    return np.concatenate([closed, closed[..., -1:] * last / (1.0 - last)], axis=-1)


def _gradient(ratios: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Derivative of life expectancy with regard to each survival ratio (..., age)."""
    above = np.cumsum(years[..., ::-1], axis=-1)[..., ::-1]
    slope = above / ratios
    slope[..., -1] = years[..., -2] / (1.0 - ratios[..., -1]) ** 2
    return slope
