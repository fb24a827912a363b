"""``build_baseline()``: the inputs of a projection from the six tables a planning office has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from popsim.baselines.base_population import move_to_january, next_january
from popsim.baselines.birth_orders import with_birth_orders
from popsim.baselines.input_tables import ByYear, Table, as_array, by_year
from popsim.baselines.parity_past import (
    RECONSTRUCTION,
    RELATIONAL,
    parity_from_past,
    women_from_shares,
)
from popsim.baselines.parity_start import (
    FIRST_START,
    LAST_START,
    level_of_fertility,
    starting_women,
)
from popsim.baselines.past_fertility import read_past
from popsim.baselines.single_age_inputs import (
    net_migration_by_year,
    single_age_mortality,
    single_age_pattern,
    single_age_population,
)
from popsim.demography.fertility.scaling import rates_from_pattern, scale_to_mean_age
from popsim.demography.mortality.levels import (
    scale_to_life_expectancy,
    scale_to_life_expectancy_of_both_sexes,
)
from popsim.errors import ConflictError, DimensionError, InputError
from popsim.schema.checks import check_values
from popsim.schema.provenance import provenance, with_rules
from popsim.schema.territory import CHINA, Scope, territory_attrs
from popsim.schema.variables import VARIABLES, describe


def build_baseline(
    population: Table,
    *,
    reference_date: dt.date | str,
    end: int,
    mortality_rate: Table,
    total_fertility_rate: ByYear,
    fertility_pattern: Table,
    sex_ratio_at_birth: ByYear,
    life_expectancy: ByYear | None = None,
    mean_age_at_childbearing: ByYear | None = None,
    net_migration: ByYear | Table | None = None,
    net_migration_rate: xr.DataArray | None = None,
    order_mix: Sequence[float] | None = None,
    registered_share: float | None = None,
    past_fertility: pd.Series | Table | None = None,
    place: str | None = None,
    nation: str | None = None,
    scope: Scope = "place",
) -> xr.Dataset:
    """Build the inputs of a projection by single age and year from a user's own tables.

    Parameters
    ----------
    population : DataFrame or DataArray
        Persons by ``sex`` and ``age_group`` ("0", "1-4", "85+" ...) or ``age``; a DataFrame
        has these as columns, and a last column with the numbers.
    reference_date : date or "YYYY-MM-DD"
        When the population was counted; it is moved to the next 1 January, the first
        year of the projection, by ageing, deaths, births and the net migration given: those
        of the year that it is moved through, or of the nearest that the tables have.
    end : int
        Last calendar year of the projection.
    mortality_rate : DataFrame or DataArray
        Death rates by ``sex`` and ``age`` (single, or abridged lower bounds 0, 1, 5, ...),
        optionally by ``year`` [deaths per person-year]. An open group below 100+ is closed
        by Kannisto's law.
    total_fertility_rate : float, Series by year, or DataArray (year)
        [births per woman]
    fertility_pattern : DataFrame or DataArray
        Weights, rates or percent by five-year ``age_group`` or single ``age`` of mother,
        optionally by ``year``; only their proportions count.
    sex_ratio_at_birth : float, Series by year, or DataArray (year)
        [males per female]
    life_expectancy : float, Series by year, or DataArray (year) or (year, sex), optional
        At birth [years]; the death rates are scaled to it. One that is not by sex is that of
        both sexes together (the newborn girls' and boys', weighted by their numbers at the
        sex ratio at birth of the year), and the gap between the sexes stays that of the
        death rates. As they stand if absent.
    mean_age_at_childbearing : float, Series by year, or DataArray (year), optional
        [years]; the pattern is moved to it. As it stands if absent.
    net_migration : float, Series, DataArray or DataFrame, optional
        Net migrants [persons a year]: a total (spread like the population), or by ``age`` or
        ``age_group``, mostly by ``sex`` too, optionally by ``year``. Groups are graduated with
        their totals kept; without ``sex``, each age is split like its population. Closed if
        absent.
    net_migration_rate : DataArray, optional
        (sex, age 0 to 100+) [net migrants per person and year], optionally by ``year``, in
        the place of ``net_migration``.
    order_mix : three floats, optional
        Shares of first, second, and third and higher births in the first year [1]. If absent,
        what follows from the women by parity and the fertility of the place; in China the mix
        of Fuzhou 2020. The orders have the pattern by age of the same, raked to the mix.
    registered_share : float, optional
        Share of the births that is to families of the household register [1]; needed for
        instruments that only they may claim.
    past_fertility : DataFrame, DataArray or Series, optional
        What the women have borne up to the start: rates by ``year`` and ``age`` or
        ``age_group`` [births per woman and year]; total fertility rates by ``year`` (the
        pattern of the first year is theirs); or the mean number of children ever born by
        ``age`` or ``age_group`` at the start. Best from 35 years before the start or earlier;
        the first year is held before it.
    place : str, optional
        Name of the place: scenarios are checked against it, and it keys the place's own
        draws. Give different places different names.
    nation : str, optional
        Name or ISO code of the nation that the place lies in (of a nation its own, ``place``, if
        absent). The draws of :func:`popsim.simulate` have the intervals of China unless they
        are given others, and warn where the nation is not China or not known.
    scope : {"place", "nation"}
        Whether the population is a nation's, or that of a place within one: about its nation's
        path, by the default intervals, a place deviates and a nation does not.

    Returns
    -------
    xarray.Dataset
        Inputs of :func:`popsim.project`: population (sex, age), mortality_rate (year, sex,
        age), fertility_rate (year, age), sex_ratio_at_birth (year), and net_migration or
        net_migration_total; and for scenarios birth_order_share (order, age) of the first
        year, children_by_order (order, child_age 0 to 17) and women_by_parity (parity, age).
        Women by parity are reconstructed so that each cohort has had its past fertility
        (:func:`popsim.baselines.parity_past.parity_from_past`; ``children_ever_born`` (age)
        says it); in China from its own tables, by ``fertility_level``, the total fertility
        rate over China's (:func:`popsim.baselines.parity_start.starting_shares`). Assign your
        own where you have them
        (:func:`popsim.baselines.parity_census.women_by_parity_from_census`).
        The attribute ``rule`` of a variable names the rule behind it; the Dataset's ``place``,
        ``nation`` and ``scope`` say whose it is.

    Raises
    ------
    InputError
        Columns that are missing, an empty table, a date after the end, an unknown scope.
    CoordinateError
        Years without labels or far from the projection's, ages with gaps; as from
        :func:`popsim.project`, and from graduation.
    DimensionError
        A table that varies over something it cannot (a fertility rate by sex, say); a past
        fertility without years and without ages.
    BoundsError, FitError
        Values that are missing or impossible; a life expectancy that no rates have; a past
        fertility that cannot be.
    ConflictError
        Net migration both as persons and as rates.

    Warns
    -----
    AssumedFertilityWarning
        Outside of China, no past fertility is given: women by parity are those of women who
        have always had the fertility of the first year.

    Notes
    -----
    A series that begins later or ends sooner than the projection is held at its first or
    last figure, and interpolated linearly between the years that it has.

    Examples
    --------
    >>> import pandas as pd
    >>> import popsim as ps
    >>> from popsim import data
    >>> census = data.table("census").query("place == 'cixi' and census_year == 2020")
    >>> deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    >>> baseline = ps.build_baseline(
    ...     census[["sex", "age_group", "population"]],
    ...     reference_date="2020-11-01",
    ...     end=2030,
    ...     mortality_rate=deaths[["sex", "age", "mortality_rate"]],
    ...     life_expectancy=pd.Series({2021: 80.0, 2030: 82.0}),
    ...     total_fertility_rate=0.9,
    ...     fertility_pattern=data.table("fertility_china_2020"),
    ...     sex_ratio_at_birth=1.10,
    ...     nation="China",
    ... )
    >>> int(baseline.year[0]), int(baseline.year[-1]), baseline.population.sizes["age"]
    (2021, 2030, 101)
    """
    whose = territory_attrs(place, nation, scope)
    date = _date(reference_date)
    start = next_january(date)
    if end < start:
        raise InputError(
            "the projection ends before it starts",
            where="end",
            got=end,
            allowed=f"{start} or later (the population of {date} moves to 1 January {start})",
        )
    # The year that the population is moved through comes first, with rates of its own where
    # the tables have it.
    moved = int((date.month, date.day) != (1, 1))
    years = np.arange(start - moved, end + 1)

    srb = by_year(sex_ratio_at_birth, years, "sex_ratio_at_birth")
    rates, mortality_rule = _mortality(mortality_rate, life_expectancy, srb, years)
    tfr = by_year(total_fertility_rate, years, "total_fertility_rate")
    pattern = single_age_pattern(as_array(fertility_pattern, "fertility_pattern"), years)
    if mean_age_at_childbearing is not None:
        mean_age = by_year(mean_age_at_childbearing, years, "mean_age_at_childbearing")
        pattern = scale_to_mean_age(pattern / pattern.sum("age"), mean_age)
    fertility = rates_from_pattern(tfr, pattern).transpose(..., "year", "age")

    counted = as_array(population, "population")
    single, tail = single_age_population(counted, rates.isel(year=0, drop=True))
    migration, migration_rule = _migration(net_migration, net_migration_rate, years, single)
    now = move_to_january(
        single,
        date,
        mortality_rate=rates.isel(year=0, drop=True),
        fertility_rate=fertility.isel(year=0, drop=True),
        sex_ratio_at_birth=srb.isel(year=0, drop=True),
        net_migration=_persons(migration, single),
    )
    by_calendar = {
        "mortality_rate": rates,
        "fertility_rate": fertility,
        "sex_ratio_at_birth": srb,
        **migration,
    }
    projected = slice(moved, None)
    made = {"population": now, **{n: a.isel(year=projected) for n, a in by_calendar.items()}}
    tfr, fertility = tfr.isel(year=projected), made["fertility_rate"]
    rules = dict.fromkeys(migration, migration_rule)
    women, own = now.sel(sex="female", drop=True), None
    in_china = whose.get("nation") == CHINA and FIRST_START <= start < LAST_START
    if in_china and past_fertility is None:
        made["fertility_level"] = level_of_fertility(tfr)
        made["women_by_parity"] = starting_women(women, start, level=made["fertility_level"])
    else:
        first = fertility.isel(year=0, drop=True)
        past = read_past(_past(past_fertility), first, start)
        own = parity_from_past(past, first)
        made["children_ever_born"] = own["children_ever_born"]
        made["women_by_parity"] = women_from_shares(women, own["parity_share"], past.rule)
        made["women_by_parity"].attrs[RECONSTRUCTION] = RELATIONAL
    if registered_share is not None:
        made["registered_share"] = xr.DataArray(float(registered_share))
    rules |= {
        "population": f"penalised composite link, totals kept; {tail}; moved from {date} to "
        f"1 January {start} by ageing, deaths, births and "
        + ("net migration" if migration else "no migration"),
        "mortality_rate": mortality_rule,
        "fertility_rate": "total fertility rate x age pattern, groups graduated to single ages"
        + (", moved to the mean age" if mean_age_at_childbearing is not None else ""),
    }
    baseline = with_rules(describe(with_birth_orders(xr.Dataset(made), order_mix, own=own)), rules)
    baseline["population"].attrs["reference_date"] = f"{start}-01-01"
    baseline.attrs = {**whose, **provenance("build_baseline", end=end)}
    for name in map(str, baseline.data_vars):
        if name in VARIABLES:
            check_values(baseline[name], VARIABLES[name])
    return baseline


def _past(given: pd.Series | Table | None) -> pd.Series | xr.DataArray | None:
    return as_array(given, "past_fertility") if isinstance(given, pd.DataFrame) else given


def _date(given: dt.date | str) -> dt.date:
    try:
        return dt.date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError as error:
        raise InputError(
            "the reference date cannot be read",
            where="reference_date",
            got=given,
            allowed="a date, or its text as YYYY-MM-DD",
        ) from error


def _mortality(
    given: Table, life_expectancy: ByYear | None, srb: xr.DataArray, years: np.ndarray
) -> tuple[xr.DataArray, str]:
    """Death rates (..., year, sex, age) [per person-year], and the rule in words."""
    rates, closing = single_age_mortality(as_array(given, "mortality_rate"), years)
    level = "as given"
    if life_expectancy is not None:
        e0 = by_year(life_expectancy, years, "life_expectancy", dims=("sex",))
        level = "scaled to the given life expectancy at birth"
        if "sex" in e0.dims:
            rates = scale_to_life_expectancy(rates, e0)
        else:
            rates = scale_to_life_expectancy_of_both_sexes(rates, e0, srb)
            level += " of both sexes together, the gap between them kept"
    return rates.transpose(..., "year", "sex", "age"), f"death rates {level}; {closing}"


def _migration(
    persons: ByYear | Table | None,
    rates: xr.DataArray | None,
    years: np.ndarray,
    population: xr.DataArray,
) -> tuple[dict[str, xr.DataArray], str]:
    """Net migration by year under the name of its form, if there is any, and the rule."""
    if persons is not None and rates is not None:
        raise ConflictError(
            "net_migration and net_migration_rate are both given",
            where="net_migration, net_migration_rate",
            got="persons and rates",
            allowed="one of them",
            fix="leave one out",
        )
    if persons is not None:
        name, flows, rule = net_migration_by_year(persons, years, population)
        return {name: flows}, rule
    if rates is None:
        return {}, "closed: no migration"
    name = "net_migration_rate"
    array = as_array(rates, name)
    if not {"sex", "age"} <= set(array.dims) or array.sizes["age"] != population.sizes["age"]:
        raise DimensionError(
            f"{name} is not by sex and single age",
            where=name,
            got=f"dims {dict(array.sizes)}",
            allowed=f"sex, age 0 to {int(population['age'][-1])}+, and year",
            fix="give persons by age group as net_migration",
        )
    flows = by_year(array, years, name, dims=("sex", "age")).transpose(..., "year", "sex", "age")
    return {name: flows}, "net migration rates by sex and age as given"


def _persons(migration: dict[str, xr.DataArray], population: xr.DataArray) -> xr.DataArray | None:
    """Net migrants (..., sex, age) [persons a year] of the first year of any form, or none."""
    for name, flows in migration.items():
        first = flows.isel(year=0, drop=True)
        if name == "net_migration_total":
            return first * population / population.sum(["sex", "age"])
        return first * population if name == "net_migration_rate" else first
    return None
