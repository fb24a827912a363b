"""What an indicator of kind "computed" may name: each measure computed from a result.

Rows of the registry. Names, units and clocks stand in the table ``indicator_measures``, which
scenario files are checked against; this module says how each of them is computed. All of them
come on ``year``: a flow covers the calendar year, a stock is that of its 31 December (1 January of
the next).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import xarray as xr

from popsim import data
from popsim.demography.ages.age_groups import labelled, ratio
from popsim.demography.indicators.dependency import dependency_ratio
from popsim.demography.indicators.structure import share
from popsim.demography.indicators.vital_rates import (
    crude_birth_rate,
    crude_death_rate,
    everyone,
    rate_of_natural_increase,
    share_of_higher_order,
)
from popsim.demography.mortality.lifetable import life_table
from popsim.errors import MissingVariableError
from popsim.schema.checks import check_option, check_same_coords
from popsim.schema.conventions import FEMALE, MALE
from popsim.schema.variables import PERSONS, Variable, table_of


@dataclass(frozen=True, kw_only=True)
class Measure(Variable):
    """A row of the registry that is computed from a simulation.

    Attributes
    ----------
    zh, unit_zh : str
    clock : {"flow", "stock", "life_table"}
        A life_table measure is an input of the baseline: one figure a year, without draws.
    needs : tuple of str
        Variables of the result; of the baseline where the clock is life_table.
    compute : callable
        From these variables to an array on year or time.
    """

    zh: str
    unit_zh: str
    clock: str
    needs: tuple[str, ...]
    compute: Callable[..., xr.DataArray]

    @property
    def labels(self) -> dict[str, str]:
        """Its label by language, as the table has it."""
        return {"en": self.en, "zh": self.zh}


def births_by_sex(
    population: xr.DataArray, deaths: xr.DataArray, net_migration: xr.DataArray
) -> xr.DataArray:
    r"""Births by sex, from the books of each sex.

    Parameters
    ----------
    population : xarray.DataArray
        (..., time, sex), by age or not [persons].
    deaths, net_migration : xarray.DataArray
        (..., year, sex), by age or not [persons].

    Returns
    -------
    xarray.DataArray
        (..., year, sex) [persons].

    Raises
    ------
    CoordinateError
        The years of the flows are not those between the times.

    Notes
    -----
    The accounting identity solved for births, :math:`B_s = P_s(t+1) - P_s(t) + D_s - M_s`;
    results hold births by mother, not by sex.

    Examples
    --------
    >>> sexes = {"sex": ["female", "male"]}
    >>> people = xr.DataArray([[50.0, 50.0], [52.0, 53.0]], dims=("time", "sex"),
    ...                       coords={"time": [2025, 2026], **sexes})
    >>> flow = xr.DataArray([[1.0, 2.0]], dims=("year", "sex"), coords={"year": [2025], **sexes})
    >>> births_by_sex(people, flow, 0 * flow).values.tolist()
    [[3.0, 5.0]]
    """
    people, died, moved = (
        array.sum([d for d in ("age", "age_group") if d in array.dims])
        for array in (population, deaths, net_migration)
    )
    years = people["time"].values[:-1]
    before = people.isel(time=slice(None, -1)).rename(time="year").assign_coords(year=years)
    after = people.isel(time=slice(1, None)).rename(time="year").assign_coords(year=years)
    check_same_coords({"population": before, "deaths": died, "net_migration": moved})
    return labelled(
        (after - before + died - moved).transpose(..., "year", "sex"),
        "births_by_sex",
        PERSONS,
        "measure.births_by_sex",
        "Births by sex",
    )


def _sex_ratio_at_birth(*books: xr.DataArray) -> xr.DataArray:
    births = births_by_sex(*books)
    boys, girls = (births.sel(sex=sex, drop=True) for sex in (MALE, FEMALE))
    return ratio(100.0 * boys, girls, "born a girl")


def _percent(share_of_one: xr.DataArray) -> xr.DataArray:
    return 100.0 * share_of_one


def _places_per_1000(places: xr.DataArray, population: xr.DataArray) -> xr.DataArray:
    people = everyone(population).isel(time=slice(1, None))
    people = people.rename(time="year").assign_coords(year=population["time"].values[:-1])
    check_same_coords({"childcare_places": places, "population": people})
    return ratio(1000.0 * places, people, "in the population")


def _both_sexes(by_sex: xr.DataArray, sex_ratio_at_birth: xr.DataArray) -> xr.DataArray:
    """Mean over the newborn, of whom the sex ratio at birth says how many are boys."""
    boys = sex_ratio_at_birth / (1.0 + sex_ratio_at_birth)
    return by_sex.sel(sex=MALE, drop=True) * boys + by_sex.sel(sex=FEMALE, drop=True) * (1 - boys)


def _dying_before(
    age: int, mortality_rate: xr.DataArray, sex_ratio_at_birth: xr.DataArray
) -> xr.DataArray:
    survivors = life_table(mortality_rate)["lx"].sel(age=age, drop=True)
    return 1000.0 * (1.0 - _both_sexes(survivors, sex_ratio_at_birth))


def _life_expectancy(
    mortality_rate: xr.DataArray, sex_ratio_at_birth: xr.DataArray
) -> xr.DataArray:
    expected = life_table(mortality_rate)["ex"].sel(age=0, drop=True)
    return _both_sexes(expected, sex_ratio_at_birth)


_PEOPLE, _RATES = ("population",), ("mortality_rate", "sex_ratio_at_birth")
#: What each measure of the table needs, and how it is computed.
_FUNCTIONS: dict[str, tuple[tuple[str, ...], Callable[..., xr.DataArray]]] = {
    "total_fertility_rate": (("total_fertility_rate",), everyone),
    "share_second_and_higher": (("births",), partial(share_of_higher_order, order=2)),
    "births": (("births",), everyone),
    "birth_rate": (("births", "population"), crude_birth_rate),
    "death_rate": (("deaths", "population"), crude_death_rate),
    "natural_growth_rate": (("births", "deaths", "population"), rate_of_natural_increase),
    "sex_ratio_at_birth": (("population", "deaths", "net_migration"), _sex_ratio_at_birth),
    "infant_mortality": (_RATES, partial(_dying_before, 1)),
    "under_five_mortality": (_RATES, partial(_dying_before, 5)),
    "life_expectancy": (_RATES, _life_expectancy),
    "population": (_PEOPLE, everyone),
    "dependency_ratio": (_PEOPLE, partial(dependency_ratio, kind="total")),
    "dependency_ratio_15_59": (
        _PEOPLE,
        partial(dependency_ratio, kind="total", working_age=(15, 60)),
    ),
    "child_dependency_ratio": (_PEOPLE, partial(dependency_ratio, kind="child")),
    "old_age_dependency_ratio": (_PEOPLE, partial(dependency_ratio, kind="old_age")),
    "share_60_plus": (_PEOPLE, partial(share, lower=60)),
    "share_65_plus": (_PEOPLE, partial(share, lower=65)),
    "places_per_1000": (("childcare_places", "population"), _places_per_1000),
    "childcare_coverage": (("childcare_coverage",), _percent),
}


def _rows() -> dict[str, Measure]:
    table = data.table("indicator_measures")
    return table_of(
        *(
            Measure(
                name=row["measure"],
                dims=("year",),
                unit=row["unit_en"],
                en=row["en"],
                zh=row["zh"],
                meaning=f"{row['meaning']}.",
                unit_zh=row["unit_zh"],
                clock=row["clock"],
                needs=_FUNCTIONS[row["measure"]][0],
                compute=_FUNCTIONS[row["measure"]][1],
            )
            for row in table.astype(str).to_dict("records")
        )
    )


MEASURES = _rows()


def measure(name: str, result: xr.Dataset, baseline: xr.Dataset | None = None) -> xr.DataArray:
    """Compute one measure of a simulation.

    Parameters
    ----------
    name : str
        One of :data:`MEASURES`.
    result : xarray.Dataset
        From :func:`popsim.simulate`, of either ``outputs``.
    baseline : xarray.Dataset, optional
        What was simulated; measures of its life table need it.

    Returns
    -------
    xarray.DataArray
        (..., year) [the unit of the measure]: every dimension of the result but sex, age and
        order. A stock stands at the end of the year.

    Raises
    ------
    InputError
        No measure has this name.
    MissingVariableError
        The result or the baseline lacks what the measure is computed from.
    BoundsError, CoordinateError, DimensionError
        The variables cannot be used as they stand, or nobody is there to divide by.

    Notes
    -----
    Both sexes' life expectancy and child mortality are means over the newborn, with the
    share of boys of the sex ratio at birth.

    Examples
    --------
    >>> births = xr.DataArray([[60.0, 30.0, 10.0]], dims=("year", "order"),
    ...                       coords={"year": [2025], "order": [1, 2, 3]})
    >>> measure("share_second_and_higher", xr.Dataset({"births": births})).values.tolist()
    [40.0]
    """
    check_option(name, MEASURES, "measure")
    row = MEASURES[name]
    of_baseline = row.clock == "life_table"
    source = baseline if of_baseline else result
    absent = [n for n in row.needs if source is None or n not in source]
    if absent:
        raise MissingVariableError(
            f"the measure {name} needs {absent[0]}",
            where=name,
            got="no baseline" if source is None else f"variables {sorted(map(str, source))}",
            allowed=", ".join(row.needs),
            fix="pass the baseline too" if of_baseline else "simulate with what gives it",
        )
    assert source is not None  # or everything were absent
    values = row.compute(*(source[n] for n in row.needs))
    if "time" in values.dims:
        # what stands on 1 January is the year-end figure of the year before
        values = values.rename(time="year")
        values = values.assign_coords(year=values["year"] - 1)
    out = values.reset_coords(drop=True).rename(name)
    out.attrs = row.attrs() | {"units_zh": row.unit_zh}
    return out
