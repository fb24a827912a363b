"""``load_baseline()``: China and five of its places, from the tables that popsim ships."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import xarray as xr

from popsim import data
from popsim.baselines import china
from popsim.baselines.build import build_baseline
from popsim.baselines.input_tables import as_array
from popsim.baselines.internal_migration import (
    PLACES as BY_TWO_CENSUSES,
    continued,
    internal_migration_rate,
)
from popsim.baselines.single_age_inputs import single_age_population
from popsim.demography.migration.mobility import mobility
from popsim.demography.mortality.levels import scale_to_life_expectancy
from popsim.errors import UnknownPlaceError, did_you_mean
from popsim.schema.checks import check_option
from popsim.schema.provenance import provenance, with_rules
from popsim.schema.territory import CHINA
from popsim.schema.variables import describe

CENSUS_NIGHT = dt.date(2020, 11, 1)
FIRST_YEAR = 2021
PLACES = ("ouhai", "cixi", "huancui", "huzhou", "baotou", "china")
MIGRATION = ("internal", "national", "closed")

#: The sex ratio at birth of a place comes to the nation's by this year: its excess of 2020
#: is not carried on while the nation's falls. An assumption, not a forecast of anyone's.
SEX_RATIO_CONVERGES = 2040

_CENSUS = "National Bureau of Statistics of China, census of 1 November 2020"
_ORDERS = "Fuzhou Municipal Statistics Bureau, census 2020, table 6-3"
_SOURCES = {
    "population": _CENSUS,
    "mortality_rate": china.SOURCE,
    "fertility_rate": china.SOURCE,
    "sex_ratio_at_birth": china.SOURCE,
    "net_migration": china.SOURCE,
    "net_migration_rate": china.SOURCE,
    "birth_order_share": _ORDERS,
}


def load_baseline(place: str, *, end: int = 2100, migration: str = "internal") -> xr.Dataset:
    """Load the baseline of China or of one of its places, from the census of 2020.

    Parameters
    ----------
    place : {"ouhai", "cixi", "huancui", "huzhou", "baotou", "china"}
    end : int
        Last calendar year, up to 2100.
    migration : {"internal", "national", "closed"}
        "national": WPP's net international migrants; a place loses or gains at the nation's
        crude rate. "internal": these, and what a place won or lost inside the country from
        2010 to 2020, carried on at a lower pace
        (:mod:`popsim.baselines.internal_migration`; not for Huancui, whose borders
        changed). "closed": none at all.

    Returns
    -------
    xarray.Dataset
        As :func:`popsim.build_baseline` returns it, from 1 January 2021, with
        birth_order_share (order, age), women_by_parity (parity, age) and children_by_order
        (order, child_age); each variable's attributes name its rule and source.

    Raises
    ------
    UnknownPlaceError
        No baseline of that name.
    InputError
        An unknown migration option, or an end that the tables do not reach.

    Notes
    -----
    China has WPP 2024's total fertility rate, life expectancy, sex ratio at birth and net
    migration for each year, on the census's population. A place differs by what is known
    of it (table ``place_parameters``): its total fertility rate of 2020 follows the
    nation's in proportion; its province's difference in life expectancy is kept; its sex
    ratio at birth comes to the nation's by 2040; its order mix is that of the first year.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("huzhou", end=2025)
    >>> sorted(baseline.data_vars)[:3]
    ['birth_order_share', 'children_by_order', 'fertility_level']
    """
    if place not in PLACES:
        raise UnknownPlaceError(
            f"no baseline is called {place!r}",
            where="load_baseline",
            got=place,
            allowed=", ".join(PLACES),
            fix=did_you_mean(place, PLACES) or "use popsim.build_baseline with your own tables",
        )
    check_option(migration, MIGRATION, "migration", what="unknown migration option")
    china.check_span(FIRST_YEAR, end)
    known = _parameters(place)
    national = migration != "closed" and place == "china"
    internal = migration == "internal" and place in BY_TWO_CENSUSES
    pattern = china.fertility_pattern(FIRST_YEAR, end)
    tfr = _total_fertility_rate(known, end)
    mortality = china.mortality_rate(FIRST_YEAR, end)
    life_expectancy = _life_expectancy(known, end)
    rate = None
    if migration != "closed" and not national:
        rate = _net_migration_rate(_on_census_night(place, mortality, life_expectancy), end)
        if internal:
            own = internal_migration_rate(place, known["life_expectancy_difference"])
            rate = rate + continued(own, FIRST_YEAR, end)
    baseline = build_baseline(
        census(place),
        reference_date=CENSUS_NIGHT,
        end=end,
        mortality_rate=mortality,
        life_expectancy=life_expectancy,
        total_fertility_rate=tfr,
        fertility_pattern=pattern,
        sex_ratio_at_birth=_sex_ratio_at_birth(known, end),
        net_migration=china.net_migration(FIRST_YEAR, end) if national else None,
        net_migration_rate=rate,
        order_mix=_order_mix(known),
        registered_share=known.get("registered_share"),
        place=place,
        nation=CHINA,
        scope="nation" if place == "china" else "place",
    )
    migration_rule = (
        "WPP 2024 net international migration"
        + ("" if national else ", the crude rate of China by age as people move")
        + (
            "; internal migration of 2010-2020 carried on by the table internal_migration"
            if internal
            else "; no internal migration"
        )
    )
    rules = {
        "mortality_rate": "WPP 2024 China, life expectancy "
        f"{known.get('life_expectancy_difference', 0.0):+.2f} years",
        "fertility_rate": "WPP 2024 China"
        if place == "china"
        else f"total fertility rate {known['total_fertility_rate']} of 2020, then in proportion "
        "to WPP 2024 China; age pattern of WPP",
        "net_migration": migration_rule,
        "net_migration_rate": migration_rule,
    }
    baseline = with_rules(describe(baseline), rules, _SOURCES)
    return baseline.assign_attrs(
        provenance("load_baseline", place=place, end=end, migration=migration)
    )


def census(place: str, year: int = 2020) -> pd.DataFrame:
    """Census population of a place by sex and age group [persons]."""
    table = data.table("census")
    rows = table[(table["place"] == place) & (table["census_year"] == year)]
    return rows[["sex", "age_group", "population"]].reset_index(drop=True)


def _on_census_night(
    place: str, mortality_rate: xr.DataArray, life_expectancy: xr.DataArray
) -> xr.DataArray:
    """Census population by single age (sex, age) [persons]."""
    first = scale_to_life_expectancy(mortality_rate.isel(year=0), life_expectancy.isel(year=0))
    return single_age_population(as_array(census(place), "population"), first)[0]


def _parameters(place: str) -> dict[str, float]:
    table = data.table("place_parameters")
    rows = table[table["place"] == place]
    return dict(zip(rows["parameter"], rows["value"].astype(float), strict=True))


def _total_fertility_rate(known: dict[str, float], end: int) -> xr.DataArray:
    nation = china.published("total_fertility_rate")
    path = nation.sel(year=slice(FIRST_YEAR, end))
    if "total_fertility_rate" not in known:
        return path
    return path * (known["total_fertility_rate"] / float(nation.sel(year=2020)))


def _life_expectancy(known: dict[str, float], end: int) -> xr.DataArray:
    nation = china.published_by_sex("life_expectancy").sel(year=slice(FIRST_YEAR, end))
    return nation + known.get("life_expectancy_difference", 0.0)


def _sex_ratio_at_birth(known: dict[str, float], end: int) -> xr.DataArray:
    nation = china.published("sex_ratio_at_birth")
    path = nation.sel(year=slice(FIRST_YEAR, end))
    if "sex_ratio_at_birth" not in known:
        return path
    left = (SEX_RATIO_CONVERGES - path["year"]) / (SEX_RATIO_CONVERGES - 2020)
    excess = known["sex_ratio_at_birth"] - float(nation.sel(year=2020))
    return path + excess * left.clip(0.0, 1.0)


def _net_migration_rate(population: xr.DataArray, end: int) -> xr.DataArray:
    """The nation's crude rate of net migration, by age as people move (year, sex, age) [1]."""
    flows = china.published("net_migration").sel(year=slice(FIRST_YEAR, end))
    people = china.published_by_sex("population").sum("sex")
    crude = flows / people.reindex(year=flows["year"], method="nearest")
    return (crude * mobility(population)).transpose("year", "sex", "age")


def _order_mix(known: dict[str, float]) -> tuple[float, float, float] | None:
    if "first_birth_share" not in known:
        return None
    first, second = known["first_birth_share"], known["second_birth_share"]
    return first, second, 1.0 - first - second
