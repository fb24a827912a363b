"""Rates of China by single age and calendar year, from the WPP 2024 tables that popsim ships.

The tables have five-year ages and periods. They are graduated to single ages, carried
to calendar years through the middle of the periods, and scaled so that each year's
total fertility rate and life expectancies are WPP's own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr

from popsim import data
from popsim.demography.ages.graduation import graduate_rates
from popsim.demography.fertility.scaling import rates_from_pattern
from popsim.demography.mortality.levels import scale_to_life_expectancy
from popsim.errors import InputError
from popsim.schema.conventions import SEXES

#: Years for which every table has figures (the tables of rates begin in 1950, but
#: the age pattern of migration only in 2023).
FIRST_YEAR, LAST_YEAR = 1950, 2100
FIRST_MIGRATION_YEAR = 2023

SOURCE = "United Nations, DESA, Population Division, World Population Prospects 2024"


@cache
def _wpp() -> xr.DataArray:
    table = data.table("wpp2024_china").set_index(["indicator", "sex", "bound", "year"])["value"]
    return table.to_xarray()


def published(indicator: str, *, sex: str = "both", bound: str = "median") -> xr.DataArray:
    """A series of WPP 2024 for China.

    Parameters
    ----------
    indicator : str
        total_fertility_rate [children per woman], life_expectancy [years],
        sex_ratio_at_birth [males per female], births, deaths, net_migration [persons a
        year], population [persons, 31 December].
    sex : {"both", "female", "male"}
    bound : {"median", "lower_95", "lower_80", "upper_80", "upper_95"}

    Returns
    -------
    xarray.DataArray
        (year), over the years that have a figure.

    Raises
    ------
    InputError
        No such series.

    Examples
    --------
    >>> float(published("total_fertility_rate").sel(year=2024))
    1.012982
    """
    wpp = _wpp()
    for name, label in (("indicator", indicator), ("sex", sex), ("bound", bound)):
        if label not in wpp[name].values:
            raise InputError(
                f"WPP has no {name} {label!r}",
                where=name,
                got=label,
                allowed=", ".join(wpp[name].values),
            )
    series = wpp.sel(indicator=indicator, sex=sex, bound=bound, drop=True).dropna("year")
    if series.size == 0:
        raise InputError(
            f"WPP has no {bound} of {indicator} for {sex}", where="wpp2024_china", got="no rows"
        )
    return series


def published_by_sex(indicator: str, *, bound: str = "median") -> xr.DataArray:
    """As :func:`published`, with dims (sex, year)."""
    both = [published(indicator, sex=s, bound=bound) for s in SEXES]
    return xr.concat(both, dim="sex").assign_coords(sex=list(SEXES))


def check_span(first: int, last: int) -> None:
    """Raise unless the tables cover the years.

    Raises
    ------
    InputError
    """
    if not isinstance(last, int | np.integer) or not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise InputError(
            "the tables of WPP 2024 do not cover these years",
            where="year",
            got=f"{first} to {last}",
            allowed=f"{max(FIRST_YEAR, first)} to {LAST_YEAR}",
            fix="end no later than the last year, or bring your own rates to build_baseline",
        )


def _through_mid_periods(rates: xr.DataArray, first: int, last: int) -> xr.DataArray:
    """Carry five-year averages to calendar years, linearly between the periods' middles."""
    middle = rates.rename(period="year").assign_coords(year=rates["period"].values + 2.5)
    years = np.arange(first, last + 1)
    # Before the first and after the last middle the nearest period holds.
    inside = np.clip(years + 0.5, middle.year.values[0], middle.year.values[-1])
    return middle.interp(year=xr.DataArray(inside, dims="year")).assign_coords(year=years)


@cache
def mortality_rate(first: int, last: int) -> xr.DataArray:
    """Death rates (year, sex, age 0..100+) [per person-year] with WPP's life expectancies."""
    check_span(first, last)
    table = data.table("wpp2024_china_mortality").set_index(["period", "sex", "age"])
    abridged = table["mortality_rate"].to_xarray().sel(sex=list(SEXES))
    single = graduate_rates(abridged, kind="mortality")
    logs = xr.apply_ufunc(np.log, single)
    yearly = xr.apply_ufunc(np.exp, _through_mid_periods(logs, first, last))
    level = published_by_sex("life_expectancy").sel(year=slice(first, last))
    return scale_to_life_expectancy(yearly, level).transpose("year", "sex", "age")


@cache
def fertility_pattern(first: int, last: int) -> xr.DataArray:
    """Share of the total fertility rate by single age of mother (year, age 0..100+) [1]."""
    check_span(first, last)
    table = data.table("wpp2024_china_fertility_pattern").set_index(["period", "age_group"])
    grouped = table["percent"].to_xarray() / 100.0 / 5.0
    single = graduate_rates(grouped, kind="fertility")
    yearly = _through_mid_periods(single, first, last).reindex(age=np.arange(101), fill_value=0.0)
    return (yearly / yearly.sum("age")).transpose("year", "age")


def fertility_rate(first: int, last: int) -> xr.DataArray:
    """Births per woman (year, age 0..100+) with WPP's total fertility rates."""
    tfr = published("total_fertility_rate").sel(year=slice(first, last))
    return rates_from_pattern(tfr, fertility_pattern(first, last)).transpose("year", "age")


def net_migration(first: int, last: int) -> xr.DataArray:
    """Net international migrants (year, sex, age 0..100+) [persons a year].

    WPP gives ages from 2023 on; earlier years take the pattern of 2023 and their own total.
    """
    check_span(first, last)
    table = data.table("wpp2024_china_net_migration").set_index(["year", "sex", "age"])
    by_age = table["net_migration"].to_xarray().sel(sex=list(SEXES)).astype(float)
    years = np.arange(first, last + 1)
    held = by_age.sel(year=np.maximum(years, FIRST_MIGRATION_YEAR)).assign_coords(year=years)
    total = published("net_migration").sel(year=years)
    early = xr.DataArray(years < FIRST_MIGRATION_YEAR, dims="year", coords={"year": years})
    factor = xr.where(early, total / held.sum(["sex", "age"]), 1.0)
    return (held * factor).transpose("year", "sex", "age")
