"""Life tables reshaped: closed at old age, grouped to a lower open age, abridged, completed."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import expit, logit

from popsim.demography.ages.smoothing import smooth_mortality
from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.separation import age_widths, check_rates, over_age, refuse
from popsim.errors import CoordinateError, FitError
from popsim.schema.checks import first_cell, require
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe

_COLUMNS = ("mortality_rate", "ax", "qx", "lx", "dx", "Lx", "Tx", "ex")


def close_kannisto(
    mortality_rate: xr.DataArray, *, fit: tuple[int, int] = (80, 95), end: int = 130
) -> xr.DataArray:
    r"""Extend death rates from the open age on by Kannisto's law.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (age, ...) [deaths per person-year]; single or abridged ages, the last one open.
    fit : (int, int)
        First and last age group that the law is fitted on, both included.
    end : int
        Open age of the result, a lower bound of the same age groups.

    Returns
    -------
    xarray.DataArray
        (..., age) [deaths per person-year] up to ``end``: the closed groups as they were,
        the law from the former open age on. Life tables of it are grouped back by
        :func:`group_open_age`.

    Raises
    ------
    DimensionError
        If there is no dimension ``age``.
    CoordinateError
        If the ages are neither single nor abridged, the ages of the fit are not among the
        closed groups, or ``end`` is not a group above them.
    BoundsError
        If a rate is impossible (see :func:`popsim.life_table`), or a rate of the fit is 0
        or not below 1.
    FitError
        If the rates do not rise over the ages of the fit.

    Notes
    -----
    The law of Thatcher, Kannisto & Vaupel (1998), The Force of Mortality at Ages 80 to
    120, is logistic with the limit 1,

    .. math:: m_x = \frac{\alpha e^{\beta x}}{1 + \alpha e^{\beta x}},

    fitted by least squares on the logits, as for the projections of the UN (Sevcikova, Li,
    Kantorova, Gerland & Raftery 2016, in Dynamic Demographic Analysis, ch. 15). A group
    stands at its lower bound; as all groups have the same width, that moves only
    :math:`\alpha`. For single ages that are known up to 99 a wider range is steadier: on 60
    to 99 life expectancy at birth comes within 0.003 years of the UN's tables for Canada
    1950-2019, on 80 to 95 within 0.03.

    Examples
    --------
    >>> ages = np.arange(101)
    >>> rates = xr.DataArray(1 / (1 + np.exp(11 - 0.1 * ages)), dims="age", coords={"age": ages})
    >>> close_kannisto(rates).sel(age=[99, 110, 130]).values.round(3).tolist()
    [0.25, 0.5, 0.881]
    """
    rates = over_age(mortality_rate, "mortality_rate").transpose(..., "age")
    widths = age_widths(rates)
    check_rates(rates)
    ages, step = rates["age"].values, int(widths[2])
    used = _fitted_ages(ages, fit)
    if end <= ages[-1] or (end - ages[-1]) % step:
        raise CoordinateError(
            "the closing age is not a group above the open one",
            where="end",
            got=end,
            allowed=f"{ages[-1]} plus a multiple of {step}",
            fix="130, where no one has been observed alive",
        )
    sample = rates.isel(age=used)
    refuse(
        sample,
        (sample.values <= 0.0) | (sample.values >= 1.0),
        "the law has no such death rate",
        "above 0 and below 1 [deaths per person-year]",
        "fit on ages with deaths: lower ones, or several years together",
    )
    x = sample["age"] - sample["age"].mean()
    logits = xr.apply_ufunc(logit, sample)
    slope = (x * logits).sum("age") / (x**2).sum()
    if (slope.values <= 0.0).any():
        raise FitError(
            "mortality does not rise over the ages of the fit",
            where=first_cell(slope, slope.values <= 0.0),
            got=f"a slope of {slope.values[slope.values <= 0.0][0]:.3g} a year",
            allowed="death rates that rise with age",
            fix="fit on a wider range of ages, or take several years together",
        )
    beyond = xr.DataArray(np.arange(ages[-1], end + 1, step), dims="age", name="age")
    beyond = beyond.assign_coords(age=beyond.values)
    line = logits.mean("age") + slope * (beyond - sample["age"].mean())
    law = xr.apply_ufunc(expit, line)
    extended = xr.concat([rates.isel(age=slice(None, -1)), law], "age")
    out = extended.transpose(*rates.dims).rename("mortality_rate")
    return out.assign_attrs(VARIABLES["mortality_rate"].attrs())


def _fitted_ages(ages: np.ndarray, fit: tuple[int, int]) -> np.ndarray:
    young, old = fit
    used: np.ndarray = (ages >= young) & (ages <= old)
    if young not in ages[:-1] or old not in ages[:-1] or used.sum() < 2:
        raise CoordinateError(
            "the law cannot be fitted on these ages",
            where="fit",
            got=f"{young} to {old}",
            allowed=f"two closed age groups out of {ages[0]} to {ages[-2]}, the first one lower",
            fix=f"for rates that are open at {ages[-1]}, up to {ages[-2]} at most",
        )
    return used


def group_open_age(table: xr.Dataset, age: int) -> xr.Dataset:
    """Let life tables end in a lower open age.

    Parameters
    ----------
    table : xarray.Dataset
        (age, ...) life tables, from :func:`popsim.life_table`.
    age : int
        The new open age, one of the table's.

    Returns
    -------
    xarray.Dataset
        The same tables up to ``age``: its years lived are all years above it, ``ax`` its
        life expectancy, and its death rate the inverse of that.

    Raises
    ------
    MissingVariableError
        If a column of the table is missing.
    CoordinateError
        If the ages are neither single nor abridged, or ``age`` is not one of them.

    Examples
    --------
    >>> rates = xr.DataArray([0.02, 0.001, 0.01, 0.01, 0.1], dims="age",
    ...                      coords={"age": [0, 1, 2, 3, 4]})
    >>> group_open_age(life_table(rates, a0=0.1), 3).mortality_rate.values.round(4).tolist()
    [0.02, 0.001, 0.01, 0.0918]
    """
    require(table, _COLUMNS)
    age_widths(table)
    ages = table["age"].values
    if age not in ages[2:]:
        raise CoordinateError(
            f"the tables have no age {age} that could be open",
            where="age",
            got=age,
            allowed=f"one of {ages[2]}, {ages[3:4].tolist()}, ..., {ages[-1]}",
            fix="close the rates at a higher age first, with close_kannisto",
        )
    out = table[list(_COLUMNS)].sel(age=table["age"] <= age)
    last = out["age"] == age
    new = {
        "mortality_rate": 1.0 / out["ex"],
        "ax": out["ex"],
        "qx": xr.ones_like(out["qx"]),
        "dx": out["lx"],
        "Lx": out["Tx"],
    }
    for name, values in new.items():
        column = out[name]
        out[name] = xr.where(last, values, column).transpose(*column.dims)
    return describe(out).assign_attrs(provenance("group_open_age", age=int(age)))


def abridge(table: xr.Dataset) -> xr.Dataset:
    """Abridge life tables by single age to ages 0, 1-4, 5-9, ...

    Parameters
    ----------
    table : xarray.Dataset
        (age, ...) life tables by single age, open at a multiple of five.

    Returns
    -------
    xarray.Dataset
        (..., age) the same tables by abridged age: survivors and years lived are the same,
        so is life expectancy; rates and ``ax`` follow from them.

    Raises
    ------
    MissingVariableError
        If a column of the table is missing.
    CoordinateError
        If the ages are not single, or the open age is no multiple of five.

    Examples
    --------
    >>> ages = np.arange(11)
    >>> rates = xr.DataArray(np.full(11, 0.02), dims="age", coords={"age": ages})
    >>> short = abridge(life_table(rates, a0=0.5))
    >>> short.age.values.tolist(), short.mortality_rate.values.round(4).tolist()
    ([0, 1, 5, 10], [0.02, 0.02, 0.02, 0.02])
    """
    require(table, _COLUMNS)
    widths = age_widths(table)
    ages = table["age"].values
    if widths[1] > 1 or ages[-1] % 5:
        raise CoordinateError(
            "only tables by single age that are open at a multiple of five can be abridged",
            where="age",
            got=f"ages {ages[0]}, {ages[1]}, {ages[2]}, ..., {ages[-1]}+",
            allowed="0, 1, 2, ..., 100",
            fix="move the open age with group_open_age",
        )
    starts = np.flatnonzero((ages % 5 == 0) | (ages == 1))
    out = table[list(_COLUMNS)].isel(age=starts).transpose(..., "age")
    n = xr.DataArray(np.diff(ages[starts], append=np.inf), dims="age")
    last = out["age"] == ages[-1]
    years = table["Lx"].transpose(..., "age").values
    out["Lx"] = out["Lx"].copy(data=np.add.reduceat(years, starts, axis=-1))
    after = out["lx"].shift(age=-1, fill_value=0.0)
    out["dx"] = out["lx"] - after
    out["qx"] = xr.where(out["lx"] > 0.0, out["dx"] / out["lx"].where(out["lx"] > 0.0), 1.0)
    out["mortality_rate"] = out["dx"] / out["Lx"]
    dying = out["dx"].where(out["dx"] > 0.0)
    closed = ((out["Lx"] - n.where(~last, 0.0) * after) / dying).fillna(n / 2.0)
    out["ax"] = xr.where(last, out["ex"], closed)
    dims = table["lx"].transpose(..., "age").dims
    return describe(out.transpose(*dims)).assign_attrs(provenance("abridge"))


def complete(table: xr.Dataset) -> xr.Dataset:
    r"""Complete abridged life tables to single ages.

    Parameters
    ----------
    table : xarray.Dataset
        (age, ...) life tables by abridged age, from :func:`popsim.life_table`.

    Returns
    -------
    xarray.Dataset
        (..., age) life tables by single age, with the same survivors at every abridged age
        and the same open group. Years lived, hence life expectancy, differ by what the
        abridged ``ax`` differ from those of the smooth curve.

    Raises
    ------
    MissingVariableError
        If a column of the table is missing.
    CoordinateError
        If the ages are not abridged.
    BoundsError
        If nobody or everybody dies in a closed group from age 1 on.

    Notes
    -----
    From age 1 on the force of mortality is the smoothest that adds up to
    :math:`\ln(l_x / l_{x+n})` in each group, beside a standard for childhood, as
    :func:`popsim.demography.ages.graduation.graduate_rates` has it
    (:func:`popsim.demography.ages.smoothing.smooth_mortality`). Within single ages the force is
    constant for ``qx`` and ``ax`` is 1/2; the first year of life stays as it is. Deaths within a
    group follow from the smoothness of the curve, not from the abridged ``ax``.

    Examples
    --------
    >>> rates = xr.DataArray([0.01, 0.001, 0.0003, 0.0004, 0.0010, 0.0012], dims="age",
    ...                      coords={"age": [0, 1, 5, 10, 15, 20]})
    >>> single = complete(life_table(rates, sex="female"))
    >>> (1e5 * single.qx).sel(age=[1, 4, 9, 19]).values.round().tolist()
    [188.0, 48.0, 27.0, 140.0]
    """
    require(table, _COLUMNS)
    widths = age_widths(table)
    if widths[1] == 1:
        raise CoordinateError(
            "the tables are by single age already",
            where="age",
            got="ages 0, 1, 2, ...",
            allowed="ages 0, 1, 5, 10, ...",
            fix="use them as they are",
        )
    dead = table["qx"].isel(age=slice(1, -1)).rename("qx")
    refuse(
        dead,
        (dead.values <= 0.0) | (dead.values >= 1.0),
        "a closed group in which nobody or everybody dies cannot be completed",
        "above 0 and below 1",
        "take several years or regions together",
    )
    lx = table["lx"].transpose(..., "age")
    starts = table["age"].values
    ages = np.arange(starts[-1] + 1)
    totals = -np.diff(np.log(lx.values[..., 1:]), axis=-1)
    force = smooth_mortality(totals.reshape(-1, totals.shape[-1]), starts[1:] - 1, first=1)
    q = -np.expm1(-force).reshape(*totals.shape[:-1], -1)
    single = lx.isel(age=0, drop=True).expand_dims(age=ages, axis=-1).copy()
    single.values[..., 1:-1] = q / (1.0 - 0.5 * q)
    ax = single.copy(data=np.full(single.shape, 0.5))
    for array, name in ((single, "mortality_rate"), (ax, "ax")):
        column = table[name].transpose(*lx.dims).values
        array.values[..., 0], array.values[..., -1] = column[..., 0], column[..., -1]
    return life_table(single, ax=ax).assign_attrs(provenance("complete"))
