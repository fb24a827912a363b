"""A user's tables brought to single ages 0 to 100+ and to the years of a projection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from popsim.baselines.base_population import old_age_weights
from popsim.baselines.input_tables import (
    ByYear,
    Table,
    as_array,
    by_year,
    check_other_dims,
    rates_by_year,
)
from popsim.demography.ages.graduation import (
    graduate_counts,
    graduate_net_migration,
    graduate_rates,
)
from popsim.demography.ages.group_rows import GROUP_DIMS, group_dim, groups_of
from popsim.demography.mortality.closing import close_kannisto, group_open_age
from popsim.demography.mortality.lifetable import life_table
from popsim.errors import BoundsError, CoordinateError, DimensionError
from popsim.schema.checks import check_sex, check_values, first_cell
from popsim.schema.variables import VARIABLES

#: Single ages of every baseline that popsim builds; the last is open.
AGES = np.arange(101)

#: Kannisto's law is fitted on so many years of age below the open group.
_FITTED_YEARS = 20


def _by_age(array: xr.DataArray, name: str) -> tuple[xr.DataArray, np.ndarray]:
    """The table with its ages on the dim ``age``, and their lower bounds, up to an open group.

    Raises
    ------
    DimensionError, CoordinateError
        No ages, ages that cannot be read, or a last group that is closed or does not start
        the table at 0.
    """
    dim = group_dim(array.rename(name))
    lower, width = groups_of(array, dim)
    if lower[0] != 0 or np.isfinite(width[-1]):
        labels = array[dim].values
        raise CoordinateError(
            f"the ages of {name} do not run from 0 to an open group",
            where=f"{name}, {dim}",
            got=f"{labels[0]} to {labels[-1]}",
            allowed="the first starts at 0, the last is open ('85+')",
            fix="add the groups that are missing, and write the last as '85+'",
        )
    # Numbers, whatever text they were written in; a table by lower bounds has them already.
    return array.rename({dim: "age"}).assign_coords(age=lower), lower


def _persons_up_to_100(persons: xr.DataArray, lower: np.ndarray) -> tuple[xr.DataArray, np.ndarray]:
    """Persons with those of 100 and older in one group, where a group starts at 100."""
    kept = lower <= AGES[-1]
    if kept.all() or AGES[-1] not in lower:
        return persons, lower
    old = persons.isel(age=~kept).sum("age", skipna=False)
    joined = persons.isel(age=kept)
    joined = xr.where(joined["age"] == AGES[-1], joined + old, joined)
    return joined.transpose(*persons.dims), lower[kept]


def single_age_mortality(rates: xr.DataArray, years: np.ndarray) -> tuple[xr.DataArray, str]:
    """Death rates by single age 0..100+ for each year, and the rule for old ages in words.

    Abridged ages are graduated; an open group below 100+ is closed by Kannisto's law, fitted
    on the last twenty years of age below it.

    Raises
    ------
    DimensionError, CoordinateError, BoundsError, FitError
        Ages, sexes, years or rates that cannot be used.
    """
    name = "mortality_rate"
    check_sex(rates)
    check_other_dims(rates, name, ("year", "sex", *GROUP_DIMS))
    rates, lower = _by_age(rates, name)
    check_values(rates, VARIABLES[name])
    if np.any(np.diff(lower) != 1):
        rates = graduate_rates(rates, kind="mortality")
    last = int(lower[-1])
    rule = "ages up to 100+ as given"
    if last < AGES[-1]:
        fit = (last - _FITTED_YEARS, last - 1)
        rates = group_open_age(life_table(close_kannisto(rates, fit=fit)), int(AGES[-1]))[name]
        rule = f"closed by Kannisto's law fitted on ages {fit[0]}-{fit[1]}"
    elif last > AGES[-1]:
        rates = group_open_age(life_table(rates), int(AGES[-1]))[name]
        rule = f"ages from 100 to {last}+ grouped"
    return rates_by_year(rates, years, name), rule


def single_age_pattern(pattern: xr.DataArray, years: np.ndarray) -> xr.DataArray:
    """Fertility by single age 0..100+ for each year, in the proportions of the pattern.

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        Ages, years or weights that cannot be used.
    """
    name = "fertility_pattern"
    check_other_dims(pattern, name, ("year", *GROUP_DIMS))
    weights = replace(
        VARIABLES["fertility_rate"], name=name, upper=np.inf, unit="weights, rates or percent"
    )
    check_values(pattern, weights)
    dim = group_dim(pattern.rename(name))
    total = pattern.sum(dim)
    if bool((total <= 0.0).any()):
        raise BoundsError(
            f"{name} is zero at every age",
            where=first_cell(total, total.values <= 0.0),
            got=0.0,
            allowed="a weight above 0 at some age of mother",
            fix="check the selection that made the table",
        )
    # Only the proportions count: as shares, rates and percent are the same thing.
    shares = pattern / total
    lower, _ = groups_of(shares, dim)
    if dim == "age" and np.all(np.diff(lower) == 1):
        single = shares.assign_coords(age=lower)
    else:
        single = graduate_rates(shares, kind="fertility")
    return by_year(single.reindex(age=AGES, fill_value=0.0), years, name, dims=("age",))


def single_age_population(
    counted: xr.DataArray, mortality_rate: xr.DataArray
) -> tuple[xr.DataArray, str]:
    """Population by single age 0..100+, and the rule for its open group in words.

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        Ages, sexes or counts that cannot be used.
    """
    name = "population"
    check_sex(counted)
    check_other_dims(counted, name, ("sex", *GROUP_DIMS))
    check_values(counted, VARIABLES[name])
    by_age, lower = _persons_up_to_100(*_by_age(counted, name))
    if np.array_equal(lower, AGES):
        return by_age.transpose(..., "sex", "age"), "single ages as counted"
    last = int(lower[-1])
    tail, rule = None, "open group as counted"
    if last < AGES[-1]:
        tail = old_age_weights(life_table(mortality_rate)["Lx"], by_age)
        rule = f"{last}+ spread as a stable population on the life table"
    single = graduate_counts(by_age, tail=tail)
    return single.transpose(..., "sex", "age"), rule


def net_migration_by_year(
    given: ByYear | Table, years: np.ndarray, population: xr.DataArray
) -> tuple[str, xr.DataArray, str]:
    """Net migration as a projection reads it: name of the input, values, and rule in words.

    Parameters
    ----------
    given : float, Series, DataFrame or DataArray
        Net migrants [persons a year]: a total, or by ``age`` or ``age_group``, mostly by
        ``sex`` too, optionally by ``year``.
    years : numpy.ndarray
        (year,)
    population : xarray.DataArray
        (..., sex, age 0..100+) [persons]: the open group is spread in its proportion, and so
        are the sexes of a table without them, as :func:`popsim.project` spreads a total.

    Raises
    ------
    DimensionError
        Migration by sex without ages, or over a dimension of another meaning.
    CoordinateError
        Ages that do not run from 0 to an open group, or years that cannot be used.
    InputError, BoundsError
        As from :func:`popsim.baselines.input_tables.by_year`.
    """
    name = "net_migration"
    table = as_array(given, name) if isinstance(given, pd.DataFrame) else given
    dims = table.dims if isinstance(table, xr.DataArray) else ()
    if not set(dims) & set(GROUP_DIMS):
        if "sex" in dims:
            raise DimensionError(
                f"{name} is by sex, but not by age",
                where=name,
                got=f"dims {tuple(dims)}",
                allowed="a total, or numbers by sex and age or age_group",
                fix="sum over sex for a total, or spread it: "
                "popsim.demography.migration.flows.spread_net_migration",
            )
        total = by_year(table, years, name)
        return "net_migration_total", total, "total spread in proportion to the population"
    flows, rule = _single_age_migration(as_array(table, name), population)
    flows = by_year(flows, years, name, dims=("sex", "age"))
    return name, flows.transpose(..., "year", "sex", "age"), rule


def _single_age_migration(
    table: xr.DataArray, population: xr.DataArray
) -> tuple[xr.DataArray, str]:
    name = "net_migration"
    check_other_dims(table, name, ("year", "sex", *GROUP_DIMS))
    check_values(table, VARIABLES[name])
    flows, lower = _persons_up_to_100(*_by_age(table, name))
    sexed = "sex" in flows.dims
    if sexed:
        check_sex(flows)
    rule = "net migrants by sex and age as given"
    if not np.array_equal(lower, AGES):
        people = population if sexed else population.sum("sex")
        tail = people.sel(age=slice(int(lower[-1]), None))
        # Where nobody lives the weights are of no consequence, but there must be some.
        tail = tail.where(tail.sum("age") > 0.0, 1.0)
        shared = [d for d in tail.dims if d == "age" or d in flows.dims]
        tail = tail.sum([d for d in tail.dims if d not in shared])
        flows = graduate_net_migration(flows, tail=tail if lower[-1] < AGES[-1] else None)
        rule = "net migrants by age group graduated, group totals kept"
    if not sexed:
        people = population.sum("sex")
        share = (population / people.where(people > 0.0)).fillna(0.5)
        flows = flows * share
        rule += "; split between the sexes as the population of the age is"
    return flows, rule
