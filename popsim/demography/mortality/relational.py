"""Brass's relational model: one life table as a standard's, shifted and tilted in logits."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np
import xarray as xr

from popsim.demography.mortality.levels import LifeTableRules, as_rates
from popsim.demography.mortality.lifetable import life_table, life_table_from_probabilities
from popsim.errors import FitError
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.variables import VARIABLES, describe

#: Exact ages whose logits are compared when Brass's line is fitted: infancy has a logit of
#: its own, and above 85 the table rests on how it was closed.
_LOGIT_AGES = (1, 85)


def brass_logit(
    standard: xr.DataArray,
    level: xr.DataArray | float,
    slope: xr.DataArray | float = 1.0,
    **rules: Unpack[LifeTableRules],
) -> xr.DataArray:
    r"""Death rates of Brass's relational model from a standard.

    Parameters
    ----------
    standard : xarray.DataArray
        (age, ...) [deaths per person-year]: death rates of the standard.
    level : xarray.DataArray or float
        (...) [1]: Brass's alpha; positive is heavier mortality.
    slope : xarray.DataArray or float
        (...) [1]: Brass's beta, above 0.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`life_table`.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., age) over the dims of all [deaths per person-year].

    Raises
    ------
    BoundsError
        If a level is not finite or a slope not positive, or as from :func:`life_table`.
    CoordinateError
        If two arrays carry different labels on a dimension that they share.
    InputError
        As from :func:`life_table`.

    Notes
    -----
    With :math:`Y_x = \tfrac12 \ln\frac{1 - l_x}{l_x}` (Brass 1971, in Biological Aspects of
    Demography), :math:`Y_x = \alpha + \beta Y^s_x`. Survivors are turned back into rates by
    :func:`life_table_from_probabilities`. In the open group, where l reaches 0, the hazard
    that the model implies, :math:`\mu = \beta \mu^s (1 - l) / (1 - l^s)`, is taken where
    half of the standard's survivors to it are dead.

    Examples
    --------
    >>> ages = {"age": [0, 1, 2, 3]}
    >>> m = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age", coords=ages)
    >>> brass_logit(m, 0.2, a0=0.1).values.round(4).tolist()
    [0.0298, 0.0015, 0.0147, 0.119]
    """
    alpha = level if isinstance(level, xr.DataArray) else xr.DataArray(float(level))
    beta = slope if isinstance(slope, xr.DataArray) else xr.DataArray(float(slope))
    check_values(alpha, VARIABLES["logit_level"])
    check_values(beta, replace(VARIABLES["logit_slope"], lower=float(np.nextafter(0.0, 1.0))))
    table = life_table(standard, **rules)
    check_same_coords({"standard": table["lx"], "level": alpha, "slope": beta})
    later = table["lx"].shift(age=-1, fill_value=0.5)  # the open group is set apart below
    half_dead = table["lx"] / 2.0
    last = table["age"].values[-1]
    closed = table["age"] != last
    survivors_after = _relate(later, alpha, beta)
    survivors = survivors_after.shift(age=1, fill_value=1.0)
    qx = (1.0 - survivors_after / survivors).where(closed, 1.0)
    ratio = beta * (1.0 - _relate(half_dead, alpha, beta)) / (1.0 - half_dead)
    open_rate = (table["mortality_rate"] * ratio).sel(age=last, drop=True)
    # rounding: 1 - l is known to 1e-16 at best, and a q below 0 is refused
    solved = life_table_from_probabilities(qx.clip(min=0.0), open_ax=1.0 / open_rate, **rules)
    return as_rates(solved["mortality_rate"])


def _relate(survivors: xr.DataArray, alpha: xr.DataArray, beta: xr.DataArray) -> xr.DataArray:
    """Survivors whose logit is ``alpha + beta`` times that of ``survivors``."""
    odds = (1.0 - survivors) / survivors
    return 1.0 / (1.0 + xr.apply_ufunc(np.exp, 2.0 * alpha) * odds**beta)


def _logit(survivors: xr.DataArray) -> xr.DataArray:
    """Brass's logit, half of the log odds of death; nan where nobody has died."""
    odds = (1.0 - survivors) / survivors
    return 0.5 * xr.apply_ufunc(np.log, odds.where(odds > 0.0))


def fit_brass_logit(
    mortality_rate: xr.DataArray, standard: xr.DataArray, **rules: Unpack[LifeTableRules]
) -> xr.Dataset:
    r"""Level and slope of Brass's relational model between two sets of death rates.

    Parameters
    ----------
    mortality_rate, standard : xarray.DataArray
        (age, ...) [deaths per person-year]; the same ages.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`life_table`.

    Returns
    -------
    xarray.Dataset
        logit_level, logit_slope (...) [1].

    Raises
    ------
    FitError
        If fewer than two of the ages between 1 and 85 have survivors below 1 in both.
    BoundsError, CoordinateError, DimensionError, InputError
        As from :func:`life_table`.

    Notes
    -----
    Least squares of the logits of l(x) on those of the standard, over the exact ages 1 to
    85 of the tables, each with the same weight.

    Examples
    --------
    >>> ages = {"age": [0, 1, 2, 3]}
    >>> m = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age", coords=ages)
    >>> fit = fit_brass_logit(brass_logit(m, 0.2, 1.1, a0=0.1), m, a0=0.1)
    >>> round(float(fit.logit_level), 6), round(float(fit.logit_slope), 6)
    (0.2, 1.1)
    """
    tables = [life_table(rates, **rules)["lx"] for rates in (mortality_rate, standard)]
    check_same_coords({"mortality_rate": tables[0], "standard": tables[1]})
    ages = tables[0]["age"]
    first, last = _LOGIT_AGES
    chosen = [lx.sel(age=(ages >= first) & (ages <= last)) for lx in tables]
    y, x = xr.broadcast(_logit(chosen[0]), _logit(chosen[1]))
    used = x.notnull() & y.notnull()
    few = used.sum("age") < 2
    if few.values.any():
        raise FitError(
            "there are too few ages with deaths to fit Brass's line",
            where=first_cell(few, few.values),
            got=f"{int(used.sum('age').values[few.values].flat[0])} ages",
            allowed=f"at least 2 exact ages between {first} and {last}",
            fix="graduate the rates first",
        )
    x, y = x.where(used), y.where(used)
    dx, dy = x - x.mean("age"), y - y.mean("age")
    beta = (dx * dy).sum("age") / (dx**2).sum("age")
    alpha = y.mean("age") - beta * x.mean("age")
    return describe(xr.Dataset({"logit_level": alpha, "logit_slope": beta}))
