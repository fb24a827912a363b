"""Internal migration of a place: what two censuses show beyond the nation's, carried on."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim import data
from popsim.baselines import china
from popsim.demography.ages.group_rows import parse_age_groups
from popsim.demography.migration.residual import residual_migration
from popsim.demography.mortality.levels import scale_to_life_expectancy
from popsim.demography.mortality.lifetable import life_table
from popsim.errors import UnknownPlaceError, did_you_mean
from popsim.schema.conventions import SEXES
from popsim.schema.variables import VARIABLES

#: Places whose borders are the same in both censuses (Huancui's are not).
PLACES = ("ouhai", "cixi", "huzhou", "baotou")
#: Dates of the censuses, and the years between them.
_DATES = ("2010-11-01", "2020-11-01")
_BETWEEN = 10
_WIDTH = 5
_AGES = np.arange(101)


def census_groups(place: str, year: int) -> xr.DataArray:
    """Census population (sex, age 0, 5, ..., 85+) [persons] of a place or of China.

    Examples
    --------
    >>> census_groups("cixi", 2010).age.values[-2:].tolist()
    [80, 85]
    """
    table = data.table("census")
    rows = table[(table["place"] == place) & (table["census_year"] == year)]
    lower, _ = parse_age_groups(rows["age_group"].unique())
    ages = dict(zip(rows["age_group"].unique(), lower.astype(int) // _WIDTH * _WIDTH, strict=True))
    grouped = rows.assign(age=rows["age_group"].map(ages)).groupby(["sex", "age"])["population"]
    return grouped.sum().to_xarray().astype(float).sel(sex=list(SEXES))


def cohort_growth(place: str, life_expectancy_difference: float) -> xr.DataArray:
    r"""Growth of each cohort of a place from 2010 to 2020 beyond the nation's.

    Parameters
    ----------
    place : {"ouhai", "cixi", "huzhou", "baotou"}
    life_expectancy_difference : float
        Life expectancy at birth of the place less China's [years].

    Returns
    -------
    xarray.DataArray
        (sex, age 10, 15, ..., 80) [1]: logarithm of the counted over the expected, by age
        group at the second census.

    Raises
    ------
    UnknownPlaceError
        A place without two comparable censuses.

    Notes
    -----
    Expected are the survivors by China's own census ratios
    :math:`P^{2020}_{x+10} / P^{2010}_x` (United Nations 1970, Manual VI, ch. III), which
    hold the nation's deaths, emigration and what either census missed at that age; times
    the ten-year survival of the place's life table over the nation's.

    Examples
    --------
    >>> grown = cohort_growth("cixi", 2.26)
    >>> float(grown.sel(sex="female", age=25).round(2))  # women of 15-19 in 2010
    0.49
    """
    if place not in PLACES:
        raise UnknownPlaceError(
            f"there are no two comparable censuses of {place!r}",
            where="internal migration",
            got=place,
            allowed=", ".join(PLACES),
            fix=did_you_mean(place, PLACES)
            or "give your own net_migration; popsim.demography.migration.residual has the method",
        )
    before, after = census_groups("china", 2010), census_groups("china", 2020)
    nation = after.copy(data=np.ones(after.shape))
    steps = _BETWEEN // _WIDTH
    nation[:, steps:] = after.values[:, steps:] / before.values[:, :-steps]
    nation[:, -1] = after.values[:, -1] / before.values[:, -steps - 1 :].sum(-1)
    survival = nation * _survival(life_expectancy_difference) / _survival(0.0)

    first, second = census_groups(place, 2010), census_groups(place, 2020)
    moved = residual_migration(
        first, second, survival, dates=_DATES, method="forward", ratio_years=_BETWEEN
    )
    closed = moved.isel(age=slice(None, -1))  # the open group's cohorts cannot be told apart
    counted = second.sel(age=closed["age"])
    return xr.apply_ufunc(np.log, counted / (counted - closed)).rename("cohort_growth")


def _survival(difference: float) -> xr.DataArray:
    """Ten-year survival (sex, age reached) by life tables of 2010-2020; 1 below age 10."""
    years = slice(2010, 2020)
    rates = china.mortality_rate(2010, 2020).mean("year")
    level = china.published_by_sex("life_expectancy").sel(year=years).mean("year") + difference
    lived = life_table(scale_to_life_expectancy(rates, level))["Lx"].transpose("sex", "age").values
    grouped = np.add.reduceat(lived, np.arange(0, 90, _WIDTH), axis=-1)
    steps = _BETWEEN // _WIDTH
    ratio = np.ones_like(grouped)
    ratio[:, steps:] = grouped[:, steps:] / grouped[:, :-steps]
    ratio[:, -1] = grouped[:, -1] / grouped[:, -steps - 1 :].sum(-1)
    ages = np.arange(0, 90, _WIDTH)
    return xr.DataArray(ratio, dims=("sex", "age"), coords={"sex": list(SEXES), "age": ages})


def internal_migration_rate(place: str, life_expectancy_difference: float) -> xr.DataArray:
    r"""Yearly rates of net internal migration of a place, 2010 to 2020, by single age.

    Parameters
    ----------
    place : {"ouhai", "cixi", "huzhou", "baotou"}
    life_expectancy_difference : float
        Life expectancy at birth of the place less China's [years].

    Returns
    -------
    xarray.DataArray
        (sex, age 0..100+) [net migrants per person and year], relative to the nation; 0
        from age 85, where no cohort is closed.

    Raises
    ------
    UnknownPlaceError
        A place without two comparable censuses.

    Notes
    -----
    A cohort of ages :math:`[x, x+5)` passes the ages up to :math:`x + 15` in ten years, and
    spends :math:`w_a` of them at each on average. With its growth :math:`y_c` the rates
    :math:`g` minimise

    .. math:: \sum_c \Big(y_c - \sum_a w_{ca} g_a\Big)^2 + \mu \sum_a (g_{a+1} - g_a)^2 .

    Paths of neighbouring cohorts overlap by half, so that an exact fit swings from one age
    group to the next without end; :math:`\mu` (``roughness``) is in the table
    ``internal_migration``. A population multiplies by :math:`e^g` in a year, so the rate is
    :math:`e^g - 1`.

    Examples
    --------
    >>> rates = internal_migration_rate("cixi", 2.26)
    >>> bool(rates.sel(sex="female", age=20) > 0.04)
    True
    """
    growth = cohort_growth(place, life_expectancy_difference)
    lower = growth["age"].values - _BETWEEN
    middle = _AGES + 0.5
    sloped = np.minimum(middle - lower[:, None], lower[:, None] + _BETWEEN + _WIDTH - middle)
    years = np.clip(sloped / _WIDTH, 0.0, 1.0)
    years *= _BETWEEN / years.sum(-1, keepdims=True)

    rough = np.diff(np.eye(len(_AGES)), axis=0)
    normal = years.T @ years + _assumed("roughness") * rough.T @ rough
    found = np.linalg.solve(normal, years.T @ growth.transpose("age", "sex").values).T
    found = np.where(lower[-1] + _BETWEEN + _WIDTH > _AGES, np.expm1(found), 0.0)
    return xr.DataArray(
        found,
        dims=("sex", "age"),
        coords={"sex": list(SEXES), "age": _AGES},
        name="net_migration_rate",
        attrs=VARIABLES["net_migration_rate"].attrs(),
    )


def continued(rate: xr.DataArray, first: int, end: int) -> xr.DataArray:
    """Carry rates of internal migration on: at a lower pace, then fading out.

    Parameters
    ----------
    rate : xarray.DataArray
        (sex, age) [per person and year], from :func:`internal_migration_rate`.
    first, end : int
        Calendar years.

    Returns
    -------
    xarray.DataArray
        (year, sex, age) [per person and year], by the table ``internal_migration``.

    Examples
    --------
    >>> rate = xr.DataArray([[0.02]], dims=("sex", "age"))
    >>> continued(rate, 2021, 2041).sel(year=[2021, 2035, 2040]).values.ravel().round(4).tolist()
    [0.0116, 0.0058, 0.0]
    """
    years = np.arange(first, end + 1)
    zero = _assumed("zero_from")
    left = (zero - years) / (zero - _assumed("held_until"))
    pace = _assumed("pace") * np.clip(left, 0.0, 1.0)
    by_year = xr.DataArray(pace, dims="year", coords={"year": years})
    return (by_year * rate).transpose("year", "sex", "age")


def _assumed(parameter: str) -> float:
    values = data.table("internal_migration").set_index("parameter")["value"].astype(float)
    return float(values[parameter])
