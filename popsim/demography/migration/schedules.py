"""Rogers-Castro model schedules of migration by age, and their fit to observed rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr
from scipy.optimize import least_squares, nnls

from popsim.errors import BoundsError, FitError, InputError, did_you_mean
from popsim.languages import long_names
from popsim.schema.checks import age_width, check_option, first_cell

_RATE_UNIT = "migrations per person and year"

#: Published parameter sets. ``fundamental``: Rogers and Castro (1981), Model Migration
#: Schedules, IIASA RR-81-30. ``western_*``: the Western standard by sex of United Nations
#: (1992), Preparing Migration Data for Subnational Population Projections, which takes it
#: from Rogers and Castro (1981) and Castro and Rogers (1983). All are scaled to a gross
#: migraproduction rate (sum over ages) of about one.
ROGERS_CASTRO: dict[str, dict[str, float]] = {
    "fundamental": {
        "a1": 0.02,
        "alpha1": 0.1,
        "a2": 0.06,
        "alpha2": 0.1,
        "mu2": 20.0,
        "lambda2": 0.4,
        "c": 0.003,
    },
    "western_male": {
        "a1": 0.0215,
        "alpha1": 0.105,
        "a2": 0.0694,
        "alpha2": 0.112,
        "mu2": 20.04,
        "lambda2": 0.391,
        "c": 0.0028,
    },
    "western_female": {
        "a1": 0.0233,
        "alpha1": 0.107,
        "a2": 0.0766,
        "alpha2": 0.1436,
        "mu2": 20.632,
        "lambda2": 0.4003,
        "c": 0.0036,
    },
}

#: What each part of the curve is made of; a part is there with all of its parameters or not.
_RETIREMENT = ("a3", "alpha3", "mu3", "lambda3")
_POST_RETIREMENT = ("a4", "lambda4")
_BASIC = ("a1", "alpha1", "a2", "alpha2", "mu2", "lambda2", "c")
_PARAMETERS = (*_BASIC[:-1], *_RETIREMENT, *_POST_RETIREMENT, "c")

Form = Literal[7, 9, 11, 13]
_PARTS: dict[int, tuple[str, ...]] = {
    7: (),
    9: _POST_RETIREMENT,
    11: _RETIREMENT,
    13: (*_RETIREMENT, *_POST_RETIREMENT),
}

#: Search range and first guess of the parameters that enter non-linearly [per year; ages in
#: years]. The ranges hold every national schedule of Rogers and Castro (1981, appendix B)
#: with room to spare; they keep the peaks in their order (work before 45, retirement after).
_SEARCH: dict[str, tuple[float, float, float]] = {
    "alpha1": (0.001, 0.1, 2.0),
    "alpha2": (0.01, 0.1, 1.0),
    "mu2": (10.0, 20.0, 45.0),
    "lambda2": (0.05, 0.4, 5.0),
    "alpha3": (0.01, 0.5, 3.0),
    "mu3": (45.0, 65.0, 90.0),
    "lambda3": (0.02, 0.3, 3.0),
    "lambda4": (0.001, 0.05, 0.3),
}
#: The residual has several valleys along the place of the peaks and their width.
_STARTS: tuple[dict[str, float], ...] = (
    {},
    {"mu2": 25.0, "lambda2": 0.2},
    {"mu2": 17.0},
    {"mu3": 72.0, "alpha3": 0.2},
)


def _peak(x: np.ndarray, alpha: float, mu: float, lambda_: float) -> np.ndarray:
    with np.errstate(over="ignore"):  # exp(-exp(large)) is zero, and means it
        out: np.ndarray = np.exp(-alpha * (x - mu) - np.exp(-lambda_ * (x - mu)))
    return out


def _check_parameters(parameters: Mapping[str, object]) -> None:
    for name in parameters:
        if name not in _PARAMETERS:
            raise InputError(
                f"unknown parameter {name!r} of the Rogers-Castro schedule",
                where=name,
                got=name,
                allowed=", ".join(_PARAMETERS),
                fix=did_you_mean(name, _PARAMETERS),
            )
    for part in (_RETIREMENT, _POST_RETIREMENT):
        given = [name for name in part if name in parameters]
        if given and len(given) < len(part):
            missing = [name for name in part if name not in parameters]
            raise InputError(
                f"the parameter {missing[0]!r} is missing beside {given[0]!r}",
                where=missing[0],
                got=", ".join(given),
                allowed=f"all of {', '.join(part)}, or none",
                fix="the forms are 7 parameters, 9 (with a4), 11 (with a3), 13 (with both)",
            )


def rogers_castro(
    age: xr.DataArray | np.ndarray | list[int] | range,
    *,
    schedule: str = "fundamental",
    **parameters: float | xr.DataArray,
) -> xr.DataArray:
    r"""Rogers-Castro model schedule of in- or out-migration by age.

    Parameters
    ----------
    age : array_like
        (age,) [years]; completed ages for single years, the middle for wider groups.
    schedule : {"fundamental", "western_male", "western_female"}
        Published parameters to start from.
    **parameters : float or DataArray
        Any of a1, alpha1, a2, alpha2, mu2, lambda2, a3, alpha3, mu3, lambda3, a4, lambda4,
        c; they replace those of the schedule. A DataArray brings its dimensions along.

    Returns
    -------
    DataArray
        (..., age) [migrations per person and year].

    Raises
    ------
    InputError
        If the schedule or a parameter is not known, or a part of the curve lacks one.
    BoundsError
        If an age is negative, missing or infinite.

    Notes
    -----
    .. math::
        m(x) = a_1 e^{-\alpha_1 x}
             + a_2 e^{-\alpha_2 (x-\mu_2) - e^{-\lambda_2 (x-\mu_2)}}
             + a_3 e^{-\alpha_3 (x-\mu_3) - e^{-\lambda_3 (x-\mu_3)}}
             + a_4 e^{\lambda_4 x} + c

    Childhood, labour force, retirement, post-retirement and level. Seven parameters without
    the third and fourth part, 9 with the fourth, 11 with the third, 13 with both.

    References
    ----------
    Rogers, A. and Castro, L. J. (1981). Model Migration Schedules. IIASA RR-81-30.

    Examples
    --------
    >>> rates = rogers_castro(range(101))
    >>> int(rates.idxmax()), round(float(rates.sum()), 3)
    (23, 1.057)
    """
    check_option(schedule, ROGERS_CASTRO, "schedule", what="unknown migration schedule")
    _check_parameters(parameters)
    values = np.asarray(age, dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise BoundsError(
            "an age is not a number of years",
            where=f"age, position {int(np.argmax(bad))}",
            got=values[bad][0],
            allowed="0 years or more",
            fix="for the open age group give a finite age",
        )
    x = xr.DataArray(values, dims="age", coords={"age": np.asarray(age)})
    p = {**ROGERS_CASTRO[schedule], **parameters}
    out = xr.DataArray(p["c"] + p["a1"] * np.exp(-p["alpha1"] * x))
    with np.errstate(over="ignore"):
        for i in ("2", "3"):
            if "a" + i in p:
                gap = x - p["mu" + i]
                out = out + p["a" + i] * np.exp(
                    -p["alpha" + i] * gap - np.exp(-p["lambda" + i] * gap)
                )
    if "a4" in p:
        out = out + p["a4"] * np.exp(p["lambda4"] * x)
    out = out.transpose(..., "age").rename("migration_rate")
    out.attrs = {
        "units": _RATE_UNIT,
        **long_names("measure.model_migration_rate", "Model migration rate"),
    }
    return out


def _basis(x: np.ndarray, shape: Mapping[str, float]) -> np.ndarray:
    """Columns of the parts that the amplitudes a1, a2, (a3), (a4), c multiply."""
    columns = [
        np.exp(-shape["alpha1"] * x),
        _peak(x, shape["alpha2"], shape["mu2"], shape["lambda2"]),
    ]
    if "mu3" in shape:
        columns.append(_peak(x, shape["alpha3"], shape["mu3"], shape["lambda3"]))
    if "lambda4" in shape:
        columns.append(np.exp(shape["lambda4"] * (x - x[-1])))
    columns.append(np.ones_like(x))
    return np.stack(columns, axis=1)


def _fit_one(rate: np.ndarray, x: np.ndarray, parts: tuple[str, ...]) -> dict[str, float]:
    """Fit one schedule: amplitudes by non-negative least squares inside a search of shapes.

    The amplitudes enter linearly, so for any shape their best values are known (variable
    projection, Golub and Pereyra 1973); the search has 4 to 8 dimensions instead of 7 to 13.
    """
    names = [n for n in _SEARCH if n in parts or n in _BASIC]
    lower, guess, upper = (np.array(b) for b in zip(*(_SEARCH[n] for n in names), strict=True))
    scaled = rate / rate.mean()

    def residual(values: np.ndarray) -> np.ndarray:
        columns = _basis(x, dict(zip(names, values, strict=True)))
        out: np.ndarray = columns @ nnls(columns, scaled)[0] - scaled
        return out

    best = None
    for start in _STARTS:
        if any(n not in names for n in start):
            continue
        first = np.array([start.get(n, g) for n, g in zip(names, guess, strict=True)])
        trial = least_squares(residual, first, bounds=(lower, upper), x_scale=guess, max_nfev=200)
        if best is None or trial.cost < best.cost:
            best = trial
    assert best is not None
    shape = dict(zip(names, (float(v) for v in best.x), strict=True))
    amplitudes = nnls(_basis(x, shape), scaled)[0] * rate.mean()
    labels = [n for n in ("a1", "a2", "a3", "a4") if n in _BASIC or n in parts] + ["c"]
    found = {**shape, **{n: float(a) for n, a in zip(labels, amplitudes, strict=True)}}
    if "a4" in found:
        found["a4"] *= float(np.exp(-found["lambda4"] * x[-1]))
    return found


def fit_rogers_castro(rate: xr.DataArray, *, form: Form = 7) -> xr.Dataset:
    """Fit a Rogers-Castro schedule to rates of in- or out-migration.

    Parameters
    ----------
    rate : DataArray
        (..., age) [migrations per person and year], gross: not of net migration.
    form : {7, 9, 11, 13}
        Number of parameters: 7 childhood and work, 9 with a post-retirement rise, 11 with a
        retirement peak, 13 with both.

    Returns
    -------
    Dataset
        One variable (...) for each parameter, under its name in :func:`rogers_castro`;
        ``fitted`` (..., age) [migrations per person and year] and ``r_squared`` (...) [1].

    Raises
    ------
    InputError
        If the form is not one of the four.
    DimensionError, CoordinateError
        If ages are missing or not evenly spaced from 0.
    BoundsError
        If a rate is negative, missing or infinite.
    FitError
        If there are fewer ages than parameters, or no migration at all in a cell.

    Notes
    -----
    Least squares, all amplitudes non-negative, from several starting points. Groups wider
    than a year are fitted at the mean of their completed ages.

    References
    ----------
    Rogers, A. and Castro, L. J. (1981). Model Migration Schedules. IIASA RR-81-30.

    Examples
    --------
    >>> rate = rogers_castro(range(90), mu2=24.0)
    >>> round(float(fit_rogers_castro(rate)["mu2"]), 3)
    24.0
    """
    if not isinstance(form, int | np.integer) or form not in get_args(Form):
        raise InputError(
            f"there is no Rogers-Castro form of {form} parameters",
            where="form",
            got=form,
            allowed="7, 9, 11, 13",
            fix="7 childhood and work; 9, 11 or 13 add the ages of retirement",
        )
    width = age_width(rate)
    rate = rate.transpose(..., "age")
    bad = ~(np.isfinite(rate.values) & (rate.values >= 0))
    if bad.any():
        raise BoundsError(
            f"the migration rate is negative or missing in {int(bad.sum())} cells",
            where=first_cell(rate, bad),
            got=rate.values[bad][0],
            allowed="finite rates of 0 or more",
            fix="fit in- and out-migration apart; their difference has no Rogers-Castro form",
        )
    if rate.sizes["age"] <= form:
        raise FitError(
            f"{rate.sizes['age']} ages cannot determine {form} parameters",
            where="age",
            got=f"{rate.sizes['age']} ages",
            allowed=f"more than {form}",
            fix="use finer ages or a form of fewer parameters",
        )
    empty = rate.values.sum(axis=-1) == 0
    if empty.any():
        raise FitError(
            "there is no migration to fit a schedule to",
            where=first_cell(rate.isel(age=0), empty),
            got="all rates are 0",
            allowed="a schedule that is not zero at every age",
            fix="drop the cell",
        )
    x = rate["age"].values + (width - 1) / 2
    rows = rate.values.reshape(-1, len(x))
    names = [n for n in _PARAMETERS if n in _BASIC or n in _PARTS[form]]
    found = [_fit_one(row, x, _PARTS[form]) for row in rows]
    blank = rate.isel(age=0, drop=True)
    out = xr.Dataset()
    for name in names:
        values = np.array([f[name] for f in found]).reshape(blank.shape)
        out[name] = blank.copy(data=values).assign_attrs(
            units=_RATE_UNIT
            if (name[0] == "a" and len(name) == 2) or name == "c"
            else "years"
            if name.startswith("mu")
            else "per year",
            long_name=name,
        )
    parameters: dict[str, Any] = {n: out[n] for n in names}
    fitted = rogers_castro(x, **parameters)
    out["fitted"] = fitted.assign_coords(age=rate["age"].values)
    spread = ((rate - rate.mean("age")) ** 2).sum("age")
    left = ((rate - out["fitted"]) ** 2).sum("age")
    out["r_squared"] = (1.0 - left / spread.where(spread > 0)).assign_attrs(
        units="1", long_name="Share of the variance over ages that the schedule explains"
    )
    return out
