"""Paths of life expectancy at birth: double logistic gains that slow as the level rises."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.optimize import least_squares

from popsim.demography.mortality.levels import as_array
from popsim.errors import BoundsError, CoordinateError, DimensionError, FitError, InputError
from popsim.schema.checks import check_same_coords, check_values, check_years, first_cell
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe

#: Parameters in the order of the publications.
PARAMETERS = ("delta_1", "delta_2", "delta_3", "delta_4", "k", "z")

#: Prior means of the world and prior scale of the countries about them: Raftery, Chunn,
#: Gerland & Sevcikova (2013), Demography 50: 777-801, as the authors' package bayesLife
#: had them up to its version for WPP 2017 (arguments a and tau of run.e0.mcmc).
_WORLD = (13.215, 41.070, 9.235, 17.605, 2.84, 0.385)
_SCALE = (15.5976503, 23.6500060, 14.5056919, 14.7185980, 3.4514285, 0.5667531)
#: Bounds of the parameters, and of the sum of the deltas, the same.
_LOWER = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_UPPER = (100.0, 100.0, 50.0, 100.0, 10.0, 0.653)
_LARGEST_SUM = 86.0

#: The parameters are those of gains in five years.
_PERIOD = 5.0
#: ln 81, so that a logistic rises from 10 % to 90 % of its height over one delta.
_STEEPNESS = np.log(81.0)

#: Gains a year outside of these are crises and recoveries, not the course that the model
#: describes: the rule of the same package, -5 and 10 years in five.
_CRISIS = (-1.0, 2.0)
#: As many gains as parameters; with fewer there is nothing but the prior.
MINIMUM_GAINS = len(PARAMETERS)
#: Years: published life expectancies have two digits, so no gain is known better.
_SMALLEST_SD = 0.005
#: Rounds of fit and standard deviation in turn; three suffice unless the data say nothing.
_ROUNDS = 20


def world_parameters() -> xr.DataArray:
    """Return the double logistic of the world, the prior means of Raftery et al. (2013).

    Returns
    -------
    xarray.DataArray
        double_logistic (parameter,): delta_1 ... delta_4 [years of life expectancy], k and
        z [years per five years].

    Examples
    --------
    >>> float(world_parameters().sel(parameter="k"))
    2.84
    """
    return _label(np.array(_WORLD))


def _label(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        values,
        dims="parameter",
        coords={"parameter": list(PARAMETERS)},
        attrs=VARIABLES["double_logistic"].attrs(),
        name="double_logistic",
    )


def _gain(e0: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Five-year gain; ``theta`` (..., 6) broadcasts with ``e0``."""
    d1, d2, d3, d4, k, z = np.moveaxis(theta, -1, 0)
    # a delta of 0 is a step: a width far below any difference of life expectancies
    rise = _STEEPNESS * (e0 - d1 - 0.5 * d2) / np.maximum(d2, 1e-6)
    fall = _STEEPNESS * (e0 - d1 - d2 - d3 - 0.5 * d4) / np.maximum(d4, 1e-6)
    return k * _logistic(rise) + (z - k) * _logistic(fall)


def _logistic(x: np.ndarray) -> np.ndarray:
    # in this form neither end overflows
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def double_logistic_gain(
    life_expectancy: xr.DataArray | float, parameters: xr.DataArray
) -> xr.DataArray:
    r"""Return the yearly gain of life expectancy that is expected at a level of it.

    Parameters
    ----------
    life_expectancy : xarray.DataArray or float
        (...) at birth [years].
    parameters : xarray.DataArray
        (parameter, ...): delta_1 ... delta_4 [years of life expectancy], k and z [years per
        five years], labelled as in :data:`PARAMETERS`.

    Returns
    -------
    xarray.DataArray
        (...) over the dims of both [years per year].

    Raises
    ------
    BoundsError
        If a value is not a finite number, or a parameter negative.
    CoordinateError
        If the parameters are not those six, or shared dims carry different labels.

    Notes
    -----
    With :math:`A = \ln 81`,

    .. math:: g(\ell) = \frac{k}{1 + e^{-A (\ell - \Delta_1 - \Delta_2/2) / \Delta_2}}
              + \frac{z - k}{1 + e^{-A (\ell - \sum_{i \le 3}\Delta_i - \Delta_4/2)/\Delta_4}}

    is the gain in five years (Raftery et al. 2013): it rises to k while the young cease to
    die, and falls to z, the gain that is left where the old gain alone. The yearly gain is
    a fifth of it.

    Examples
    --------
    >>> levels = xr.DataArray([40.0, 60.0, 90.0], dims="level")
    >>> double_logistic_gain(levels, world_parameters()).values.round(3).tolist()
    [0.375, 0.514, 0.082]
    """
    e0 = as_array(life_expectancy, "life_expectancy")
    theta = _checked_parameters(parameters)
    check_same_coords({"life_expectancy": e0, "parameters": theta})
    gain = xr.apply_ufunc(_gain, e0, theta, input_core_dims=[[], ["parameter"]]) / _PERIOD
    gain.attrs = {"units": "years per year", "long_name": "Gain of life expectancy"}
    return gain.rename("life_expectancy_gain")


def fit_double_logistic(life_expectancy: xr.DataArray) -> xr.Dataset:
    r"""Fit the double logistic to a record of life expectancy.

    Parameters
    ----------
    life_expectancy : xarray.DataArray
        (year, ...) at birth [years]; evenly spaced years, at least seven.

    Returns
    -------
    xarray.Dataset
        double_logistic (..., parameter), gain_sd (...): standard deviation of a yearly
        gain about the model [years].

    Raises
    ------
    DimensionError
        If ``year`` is missing.
    CoordinateError
        If the years are not evenly spaced.
    BoundsError
        If a value is not a finite number.
    FitError
        If fewer than six gains are left without the crises.

    Notes
    -----
    The posterior mode under the priors of Raftery et al. (2013), with the world's
    parameters taken as known: squared errors of the gains over their variance, plus
    squared distances of the parameters from the world's over that of the countries. A
    record that covers low and middle levels only leaves z, the gain at high levels, to the
    prior. Yearly gains outside of -1 to 2 years are left out as crises and recoveries.
    Each record is fitted by itself: the paths of two sexes may move apart or cross.

    Examples
    --------
    >>> years = np.arange(1950, 2020)
    >>> start = xr.DataArray([40.0], dims="year", coords={"year": [1949]})
    >>> record = project_life_expectancy(start, world_parameters(), 2019)
    >>> fit = fit_double_logistic(record)
    >>> fit.double_logistic.sel(parameter=["delta_1", "k"]).values.round(2).tolist()
    [13.22, 2.84]
    """
    record = _checked_record(life_expectancy)
    step = _step(record)
    laid = record.transpose(..., "year")
    lead = laid.isel(year=0, drop=True)
    rows = laid.values.reshape(-1, laid.sizes["year"])
    theta, sd = np.empty((len(rows), len(PARAMETERS))), np.empty(len(rows))
    for i, row in enumerate(rows):
        gains = np.diff(row)
        usual = (gains > _CRISIS[0] * step) & (gains < _CRISIS[1] * step)
        if usual.sum() < MINIMUM_GAINS:
            where = np.arange(len(rows)).reshape(lead.shape) == i
            raise FitError(
                "there are too few gains to fit a double logistic",
                where=f"life_expectancy at {first_cell(lead, where)}",
                got=f"{int(usual.sum())} gains between {_CRISIS[0]:g} and {_CRISIS[1]:g} years "
                "a year",
                allowed=f"at least {MINIMUM_GAINS}",
                fix="project with world_parameters() instead",
            )
        theta[i], sd[i] = _fit_row(row[:-1][usual], gains[usual], step)
    parameters = xr.concat([lead] * len(PARAMETERS), xr.Variable("parameter", list(PARAMETERS)))
    parameters = parameters.transpose(..., "parameter")
    fit = {
        "double_logistic": parameters.copy(data=theta.reshape(parameters.shape)),
        "gain_sd": lead.copy(data=sd.reshape(lead.shape) / np.sqrt(step)),
    }
    bare = {name: array.rename(None).drop_attrs() for name, array in fit.items()}
    return describe(xr.Dataset(bare)).assign_attrs(provenance("fit_double_logistic"))


def _fit_row(level: np.ndarray, gain: np.ndarray, step: int) -> tuple[np.ndarray, float]:
    """Posterior mode of one record, and the standard deviation of its gains."""
    mean, scale = np.array(_WORLD), np.array(_SCALE)
    theta = mean
    sd = max(float(np.std(gain - _gain(level, theta) * step / _PERIOD)), _SMALLEST_SD)

    def errors(candidate: np.ndarray, sd: float) -> np.ndarray:
        misfit = (gain - _gain(level, candidate) * step / _PERIOD) / sd
        # a wall, not a slope: a year beyond the limit costs as much as ten scales
        beyond = 10.0 * max(float(candidate[:4].sum()) - _LARGEST_SUM, 0.0)
        return np.concatenate([misfit, (candidate - mean) / scale, [beyond]])

    for _ in range(_ROUNDS):
        found = least_squares(errors, theta, bounds=(_LOWER, _UPPER), x_scale=scale, args=(sd,))
        theta = found.x
        left = gain - _gain(level, theta) * step / _PERIOD
        new = max(float(np.sqrt((left**2).mean())), _SMALLEST_SD)
        if abs(new - sd) <= 1e-3 * sd:
            break
        sd = new
    return theta, sd


def project_life_expectancy(
    life_expectancy: xr.DataArray,
    parameters: xr.DataArray,
    end: int,
    *,
    gain_sd: xr.DataArray | float | None = None,
    normal: xr.DataArray | None = None,
) -> xr.DataArray:
    r"""Project life expectancy year by year from the last year of a record.

    Parameters
    ----------
    life_expectancy : xarray.DataArray
        (year, ...) at birth [years]; only the last year is used.
    parameters : xarray.DataArray
        (parameter, ...), from :func:`fit_double_logistic` or :func:`world_parameters`.
    end : int
        Last calendar year.
    gain_sd : xarray.DataArray or float, optional
        (...) [years]: standard deviation of a yearly gain about the model.
    normal : xarray.DataArray, optional
        (draw, year, ...) [1]: standard normal deviates on the projected years. Without the
        dim ``sex`` they move both sexes together, in step.

    Returns
    -------
    xarray.DataArray
        life_expectancy (..., year) [years], from the year after the record to ``end``.

    Raises
    ------
    DimensionError
        If ``year`` is missing from the record or the deviates.
    CoordinateError
        If ``end`` is not after the record, the parameters are not the six, or the deviates
        lie on other years.
    BoundsError
        If a value is not a finite number or out of bounds.
    InputError
        If only one of ``gain_sd`` and ``normal`` is given.

    Notes
    -----
    :math:`e_{t+1} = e_t + g(e_t)/5 + s\,z_t`, a random walk whose drift depends on the level
    (Raftery et al. 2013).

    Examples
    --------
    >>> record = xr.DataArray([78.0], dims="year", coords={"year": [2023]})
    >>> path = project_life_expectancy(record, world_parameters(), 2050)
    >>> path.sel(year=[2024, 2050]).values.round(2).tolist()
    [78.17, 81.74]
    """
    record = _with_years(life_expectancy)
    check_values(record, VARIABLES["life_expectancy"])
    last = int(record["year"].values[-1])
    if end <= last:
        raise CoordinateError(
            "the projection does not end after the record",
            where="end",
            got=end,
            allowed=f"{last + 1} or later",
            fix="the projection goes on from the last year of the record",
        )
    years = np.arange(last + 1, end + 1)
    theta = _checked_parameters(parameters)
    level = record.isel(year=-1, drop=True)
    if (normal is None) != (gain_sd is None):
        raise InputError(
            "deviates and their standard deviation belong together",
            where="gain_sd, normal",
            got="only one of them",
            allowed="both, or neither for the central path",
            fix="take gain_sd from fit_double_logistic",
        )
    shocks = None if normal is None else _shocks(normal, gain_sd, years)
    path = []
    for i in range(len(years)):
        level = level + double_logistic_gain(level, theta)
        if shocks is not None:
            level = level + shocks.isel(year=i, drop=True)
        path.append(level)
    out = xr.concat(path, xr.Variable("year", years)).transpose(..., "year")
    out.attrs = VARIABLES["life_expectancy"].attrs()
    return out.rename("life_expectancy")


def _shocks(
    normal: xr.DataArray, gain_sd: xr.DataArray | float | None, years: np.ndarray
) -> xr.DataArray:
    """Deviates in years of life expectancy, checked."""
    deviates = _with_years(normal.rename("normal"))
    if not np.array_equal(deviates["year"].values, years):
        raise CoordinateError(
            "the deviates lie on other years than the projection",
            where="normal, year",
            got=f"{deviates.sizes['year']} years from {deviates['year'].values[0]}",
            allowed=f"{len(years)} years from {years[0]} to {years[-1]}",
            fix="label the deviates with the projected years",
        )
    bad = ~np.isfinite(deviates.values)
    if bad.any():
        raise BoundsError(
            f"normal has {int(bad.sum())} missing or infinite values",
            where=f"normal at {first_cell(deviates, bad)}",
            got=deviates.values[bad][0],
            allowed="finite numbers, standard normal",
            fix="draw them with numpy.random.Generator.standard_normal",
        )
    return as_array(gain_sd if gain_sd is not None else 0.0, "gain_sd") * deviates


def _with_years(array: xr.DataArray) -> xr.DataArray:
    if "year" not in array.dims:
        name = array.name or "life_expectancy"
        raise DimensionError(
            f"{name} lacks the dimension 'year'",
            where=str(name),
            got=f"dims {tuple(array.dims)}",
            allowed="dims (year, ...)",
            fix="name the dimension 'year' and label it with calendar years",
        )
    return array


def _step(record: xr.DataArray) -> int:
    labels = record["year"].values if "year" in record.coords else np.arange(2)
    step = max(int(labels[1] - labels[0]), 1) if len(labels) > 1 else 1
    check_years(record, step)
    return step


def _checked_record(life_expectancy: xr.DataArray) -> xr.DataArray:
    record = _with_years(life_expectancy)
    check_values(record, VARIABLES["life_expectancy"])
    return record


def _checked_parameters(parameters: xr.DataArray) -> xr.DataArray:
    """Return the parameters in their order."""
    given = (
        [str(p) for p in parameters["parameter"].values] if "parameter" in parameters.coords else []
    )
    if sorted(given) != sorted(PARAMETERS):
        raise CoordinateError(
            "these are not the parameters of a double logistic",
            where="parameter",
            got=given or f"dims {tuple(parameters.dims)}, no coordinate parameter",
            allowed=PARAMETERS,
            fix="take them from fit_double_logistic or world_parameters",
        )
    check_values(parameters, VARIABLES["double_logistic"])
    return parameters.sel(parameter=list(PARAMETERS))
