"""``build_baseline()``: the inputs of a projection from the six tables a planning office has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from popsim.demography.base_population import move_to_january, next_january, old_age_weights
from popsim.demography.birth_orders import with_birth_orders
from popsim.demography.closing import close_kannisto, group_open_age
from popsim.demography.fertility_scaling import rates_from_pattern, scale_to_mean_age
from popsim.demography.graduation import graduate_counts, graduate_rates, parse_age_groups
from popsim.demography.lifetable import life_table
from popsim.demography.mortality import scale_to_life_expectancy
from popsim.demography.parity_past import (
    RECONSTRUCTION,
    RELATIONAL,
    parity_from_past,
    women_from_shares,
)
from popsim.demography.parity_start import (
    FIRST_START,
    LAST_START,
    level_of_fertility,
    starting_women,
)
from popsim.demography.past_fertility import read_past
from popsim.errors import CoordinateError, InputError, MissingVariableError
from popsim.schema.checks import check_sex, check_values
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe

#: Single ages of every baseline that popsim builds; the last is open.
AGES = np.arange(101)

ByYear = float | pd.Series | xr.DataArray
Table = pd.DataFrame | xr.DataArray


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
    order_mix: Sequence[float] | None = None,
    registered_share: float | None = None,
    past_fertility: pd.Series | Table | None = None,
    nation: str | None = None,
    place: str | None = None,
) -> xr.Dataset:
    """Build the inputs of a projection by single age and year from a user's own tables.

    Parameters
    ----------
    population : DataFrame or DataArray
        Persons by ``sex`` and ``age_group`` ("0", "1-4", "85+" ...) or ``age``; a DataFrame
        has these as columns, and a last column with the numbers.
    reference_date : date or "YYYY-MM-DD"
        When the population was counted; it is moved to the next 1 January, the first
        year of the projection.
    end : int
        Last calendar year of the projection.
    mortality_rate : DataFrame or DataArray
        Death rates by ``sex`` and ``age`` (single, or abridged lower bounds 0, 1, 5, ...),
        optionally by ``year`` [deaths per person-year]. An open group below 100+ is closed
        by Kannisto's law.
    total_fertility_rate : float, Series by year, or DataArray (year)
        [births per woman]
    fertility_pattern : DataFrame or DataArray
        Weights or rates by five-year ``age_group`` or single ``age`` of mother, optionally by
        ``year``; only their proportions count.
    sex_ratio_at_birth : float, Series by year, or DataArray (year)
        [males per female]
    life_expectancy : float, Series by year, or DataArray (year, sex), optional
        At birth [years]; the death rates are scaled to it. As they stand if absent.
    mean_age_at_childbearing : float, Series by year, or DataArray (year), optional
        [years]; the pattern is moved to it. As it stands if absent.
    net_migration : float, Series, DataArray or DataFrame, optional
        Net migrants [persons a year]: a total (spread like the population), or by ``sex``
        and ``age``. Closed if absent.
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
    nation : str, optional
        "China": the place is China or lies in it, and China's past by parity is the place's,
        moved to its fertility, where ``past_fertility`` is absent.
    place : str, optional
        Name of the place: scenarios are checked against it, and it keys the place's own
        draws. Give different places different names.

    Returns
    -------
    xarray.Dataset
        Inputs of :func:`popsim.project`: population (sex, age), mortality_rate (year, sex,
        age), fertility_rate (year, age), sex_ratio_at_birth (year), and net_migration or
        net_migration_total; and for scenarios birth_order_share (order, age) of the first
        year, children_by_order (order, child_age 0 to 17) and women_by_parity (parity, age).
        Women by parity are reconstructed so that each cohort has had its past fertility
        (:func:`popsim.demography.parity_past.parity_from_past`; ``children_ever_born`` (age)
        says it); in China from its own tables, by ``fertility_level``, the total fertility
        rate over China's (:func:`popsim.demography.parity_start.starting_shares`). Assign your
        own where you have them
        (:func:`popsim.demography.parity_census.women_by_parity_from_census`).
        The attributes name the rule behind each.

    Raises
    ------
    InputError
        Columns that are missing, a date after the end, years without a figure.
    BoundsError, CoordinateError
        As from :func:`popsim.project`, and from graduation; a past fertility that cannot be.
    DimensionError
        A past fertility without years and without ages.

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
    date = _date(reference_date)
    start = next_january(date)
    if end < start:
        raise InputError(
            "the projection ends before it starts",
            where="end",
            got=end,
            allowed=f"{start} or later (the population of {date} moves to 1 January {start})",
        )
    years = np.arange(start, end + 1)

    rates, closing = single_age_mortality(as_array(mortality_rate, "mortality_rate"), years)
    if life_expectancy is not None:
        rates = scale_to_life_expectancy(rates, by_year(life_expectancy, years, "life_expectancy"))
    rates = rates.transpose(..., "year", "sex", "age")
    tfr = by_year(total_fertility_rate, years, "total_fertility_rate")
    pattern = single_age_pattern(as_array(fertility_pattern, "fertility_pattern"), years)
    if mean_age_at_childbearing is not None:
        moved = by_year(mean_age_at_childbearing, years, "mean_age_at_childbearing")
        pattern = scale_to_mean_age(pattern / pattern.sum("age"), moved)
    fertility = rates_from_pattern(tfr, pattern).transpose(..., "year", "age")
    srb = by_year(sex_ratio_at_birth, years, "sex_ratio_at_birth")

    counted = as_array(population, "population")
    single, tail = single_age_population(counted, rates.isel(year=0, drop=True))
    now = move_to_january(
        single,
        date,
        mortality_rate=rates.isel(year=0, drop=True),
        fertility_rate=fertility.isel(year=0, drop=True),
        sex_ratio_at_birth=srb.isel(year=0, drop=True),
    )
    made = {
        "population": now,
        "mortality_rate": rates,
        "fertility_rate": fertility,
        "sex_ratio_at_birth": srb,
    }
    migration_rule = "closed: no migration"
    if net_migration is not None:
        name, flows, migration_rule = _migration(net_migration, years)
        made[name] = flows
    women = now.sel(sex="female", drop=True)
    own = None
    in_china = nation is not None and nation.strip().lower() == "china"
    if in_china and past_fertility is None and FIRST_START <= start < LAST_START:
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
    level = (
        "as given" if life_expectancy is None else "scaled to the given life expectancy at birth"
    )
    rules = {
        "reference_date": date.isoformat(),
        "rule_population": f"penalised composite link, totals kept; {tail}; moved from {date} to "
        f"1 January {start} by ageing, deaths and births, without migration",
        "rule_mortality": f"death rates {level}; {closing}",
        "rule_fertility": "total fertility rate x age pattern, groups graduated to single ages"
        + (", moved to the mean age" if mean_age_at_childbearing is not None else ""),
        "rule_migration": migration_rule,
    }
    if place is not None:
        rules["place"] = place
    baseline = describe(with_birth_orders(xr.Dataset(made), order_mix, own=own))
    baseline.attrs = {**rules, **provenance("build_baseline", end=end)}
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


def as_array(given: Any, name: str) -> xr.DataArray:
    """Turn a table into an array: all columns but the last are its dimensions.

    Raises
    ------
    InputError, MissingVariableError
    """
    if isinstance(given, xr.DataArray):
        array = given
    elif isinstance(given, pd.DataFrame):
        frame = given.reset_index() if given.index.names != [None] else given
        *dims, value = [str(c) for c in frame.columns]
        known = {"sex", "age", "age_group", "year", "region"}
        if not dims or not set(dims) <= known:
            raise MissingVariableError(
                f"the columns of {name} cannot be read",
                where=name,
                got=list(frame.columns),
                allowed=f"columns out of {sorted(known)}, then one with the numbers",
                fix="select the columns: table[['sex', 'age_group', 'population']]",
            )
        doubled = frame.duplicated(subset=dims)
        if doubled.any():
            row = frame[dims].iloc[int(doubled.to_numpy().argmax())].to_dict()
            raise InputError(f"{name} has two rows for one cell", where=str(row), fix="drop one")
        order: Any = {d: list(dict.fromkeys(frame[d])) for d in dims}  # groups as they stand
        series = frame.set_index(dims)[value]
        array = (
            series.to_xarray()
            if isinstance(series.index, pd.MultiIndex)
            else xr.DataArray(
                series.to_numpy(), dims=dims, coords={dims[0]: series.index.to_numpy()}
            )
        )
        array = array.sel(order)
    else:
        raise InputError(
            f"{name} is neither a table nor an array",
            where=name,
            got=type(given).__name__,
            allowed="a pandas DataFrame or an xarray DataArray",
        )
    if "sex" in array.dims and set(map(str, array["sex"].values)) == {"female", "male"}:
        array = array.sel(sex=["female", "male"])
    if "sex" in array.coords:
        array = array.assign_coords(sex=array["sex"].values.astype(str))
    try:
        return array.astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} holds text where numbers belong",
            where=name,
            got=str(error),
            allowed="numbers, without separators of thousands",
            fix="read the file with pandas.read_csv(..., thousands=',')",
        ) from error


def _number(given: Any, name: str) -> float:
    try:
        return float(given)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is not a number", where=name, got=given, allowed="a number, or one by year"
        ) from error


def by_year(given: Any, years: np.ndarray, name: str) -> xr.DataArray:
    """Bring a number or series to the years of the projection.

    Raises
    ------
    InputError
    """
    if np.isscalar(given):
        level = np.full(len(years), _number(given, name))
        given = xr.DataArray(level, dims="year", coords={"year": years})
    elif isinstance(given, pd.Series):
        given = xr.DataArray(given.to_numpy(float), dims="year", coords={"year": given.index})
    if not isinstance(given, xr.DataArray):
        raise InputError(
            f"{name} cannot be read",
            where=name,
            got=type(given).__name__,
            allowed="a number, a Series indexed by year, or a DataArray with dim year",
        )
    if "year" not in given.dims:
        return given.expand_dims(year=years)
    known = given["year"].values
    if np.any(np.diff(known) <= 0):
        raise CoordinateError(
            f"the years of {name} do not rise", where=name, got=known.tolist(), fix="sort them"
        )
    if np.array_equal(known, years):
        return given
    if len(known) == 1:
        return given.isel(year=0, drop=True).expand_dims(year=years)
    inside = np.clip(years, known[0], known[-1])
    return given.interp(year=inside).assign_coords(year=years)


def single_age_mortality(rates: xr.DataArray, years: np.ndarray) -> tuple[xr.DataArray, str]:
    """Death rates by single age 0..100+ for each year, and the rule for old ages in words.

    Abridged ages are graduated; an open group below 100+ is closed by Kannisto's law, fitted
    on the last twenty years of age below it.
    """
    check_sex(rates)
    dim = "age" if "age" in rates.dims else "age_group"
    lower, _ = parse_age_groups(rates[dim].values)
    last = int(lower[-1])
    if np.any(np.diff(lower) != 1):
        rates = graduate_rates(rates, kind="mortality")
    rule = "ages up to 100+ as given"
    if last < AGES[-1]:
        fit = (last - 20, last - 1)
        rates = group_open_age(life_table(close_kannisto(rates, fit=fit)), int(AGES[-1]))[
            "mortality_rate"
        ]
        rule = f"closed by Kannisto's law fitted on ages {fit[0]}-{fit[1]}"
    elif last > AGES[-1]:
        rates = group_open_age(life_table(rates), int(AGES[-1]))["mortality_rate"]
        rule = f"ages from 100 to {last}+ grouped"
    logs = xr.apply_ufunc(np.log, rates)
    return xr.apply_ufunc(np.exp, by_year(logs, years, "mortality_rate")), rule


def single_age_pattern(pattern: xr.DataArray, years: np.ndarray) -> xr.DataArray:
    """Fertility by single age 0..100+ for each year, in the proportions of the pattern."""
    dim = "age" if "age" in pattern.dims else "age_group"
    if dim == "age_group" or np.any(np.diff(pattern["age"].values) != 1):
        pattern = graduate_rates(pattern, kind="fertility")
    return by_year(pattern.reindex(age=AGES, fill_value=0.0), years, "fertility_pattern")


def single_age_population(
    counted: xr.DataArray, mortality_rate: xr.DataArray
) -> tuple[xr.DataArray, str]:
    """Population by single age 0..100+, and the rule for its open group in words."""
    check_sex(counted)
    dim = "age" if "age" in counted.dims else "age_group"
    check_values(counted, VARIABLES["population"])
    if np.array_equal(counted[dim].values, AGES):
        return counted.transpose(..., "sex", "age"), "single ages as counted"
    lower, _ = parse_age_groups(counted[dim].values)
    last = int(lower[-1])
    tail, rule = None, "open group as counted"
    if last < AGES[-1]:
        table = life_table(mortality_rate)
        weights = old_age_weights(
            table["Lx"], counted.rename({dim: "age_group"}).isel(age_group=[-3, -2]), last=last
        )
        tail, rule = weights, f"{last}+ spread as a stable population on the life table"
    single = graduate_counts(counted, tail=tail)
    return single.transpose(..., "sex", "age"), rule


def _migration(given: Any, years: np.ndarray) -> tuple[str, xr.DataArray, str]:
    """Name of the input, its values by year, and the rule in words."""
    table = as_array(given, "net_migration") if isinstance(given, pd.DataFrame) else given
    if isinstance(table, xr.DataArray) and "age" in table.dims:
        flows = by_year(table, years, "net_migration").transpose(..., "year", "sex", "age")
        return "net_migration", flows, "net migrants by sex and age as given"
    total = by_year(table, years, "net_migration")
    return "net_migration_total", total, "total spread in proportion to the population"
