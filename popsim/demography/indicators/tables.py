"""One table of all indicators of a projection: the rows of ``INDICATORS`` that it can give."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from popsim.demography.ages.age_groups import missing_where_nobody
from popsim.demography.indicators.registry import INDICATORS, Indicator
from popsim.errors import (
    DimensionError,
    InputError,
    MissingVariableError,
    UnknownVariableError,
    did_you_mean,
)
from popsim.schema.checks import require
from popsim.schema.variables import years_in_words

#: Bounds of the 80 % interval over draws, which the UN prints beside its medians.
_INTERVAL = (0.1, 0.9)


def _chosen(result: xr.Dataset, names: Sequence[str] | None) -> list[Indicator]:
    draws = "draw" in result["population"].dims
    if names is None:
        usable = (row for row in INDICATORS.values() if row.has_quantiles or not draws)
        return [row for row in usable if row.name in result or row.fits(result)]
    for name in names:
        if name not in INDICATORS:
            raise UnknownVariableError(
                f"unknown indicator {name!r}",
                where="names",
                got=name,
                allowed=", ".join(INDICATORS),
                fix=did_you_mean(name, INDICATORS),
            )
        row = INDICATORS[name]
        if draws and not row.has_quantiles:
            raise InputError(
                f"the indicator {name} has no median over draws",
                where="names",
                got=name,
                allowed="indicators that change steadily with the growth of the population",
                fix="use growth_rate, or the function on one draw",
            )
        if name not in result and any(n not in result for n in row.needs):
            missing = [n for n in row.needs if n not in result]
            raise MissingVariableError(
                f"the indicator {name} needs {missing[0]}",
                where=name,
                got=f"variables {sorted(str(v) for v in result.data_vars)}",
                allowed=", ".join(row.needs),
                fix="add the variable to the result",
            )
    return [INDICATORS[name] for name in names]


def _step(population: xr.DataArray) -> int:
    """Years from one time of a population to the next; 1 where there is but one."""
    times = population["time"].values
    return int(times[1] - times[0]) if len(times) > 1 else 1


def _rows(row: Indicator, result: xr.Dataset) -> pd.DataFrame:
    own = row.name in result and row.name not in row.needs
    with missing_where_nobody():
        values = result[row.name] if own else row.compute(result)
    values = values.reset_coords(drop=True).rename("value").compute()
    unit = row.unit
    if row.kind == "flow" and unit == "persons":
        step = _step(result["population"])
        if step > 1:
            values, unit = values / step, f"persons per year, mean of {years_in_words(step)}"
    if row.kind == "stock" and "time" in values.dims:
        values = values.rename(time="year")
    if "draw" in values.dims:
        middle = values.quantile((0.5, *_INTERVAL), dim="draw", skipna=False)
        parts = {
            column: middle.isel(quantile=i, drop=True)
            for i, column in enumerate(("value", "lower", "upper"))
        }
    else:
        parts = {"value": values}
    frame = xr.Dataset(parts).to_dataframe().reset_index()
    for column, text in (
        ("kind", row.kind),
        ("unit", unit),
        ("zh", row.labels["zh"]),
        ("en", row.en),
        ("indicator", row.name),
    ):
        frame.insert(0, column, text)
    return frame


def table(result: xr.Dataset, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Compute all indicators of a projection or simulation, in one tidy table.

    Parameters
    ----------
    result : Dataset
        As project or simulate gives it: population (time, sex, age or age_group), births,
        deaths and net_migration (year, ...) [persons]; any leading dimensions such as
        scenario, region and draw. An indicator that it already carries is taken as it is.
    names : sequence of str, optional
        Which rows of ``INDICATORS``, in this order; by default every one that the result can
        give: those whose variables are there and whose ages are borders of its age groups.

    Returns
    -------
    pandas.DataFrame
        Columns indicator, en, zh, unit, kind, year, one for each leading dimension (and
        order), value. A stock stands at 1 January of ``year``, a flow covers it; persons of
        a step of several years are given by year, as the unit says. Where the result has
        draws, value is the median, and lower and upper bound 80 % of the draws. A figure
        without a meaning is missing (NaN): a ratio over nobody, as of an empty region, or a
        median age within the open group.

    Raises
    ------
    MissingVariableError
        If there is no population, or a named indicator lacks its variables.
    UnknownVariableError
        If a name is not in the registry.
    InputError
        If a named indicator has no meaningful median over draws.
    DimensionError
        If the population has no time, or a variable lacks a dimension (sex, order).
    CoordinateError
        If a named indicator needs finer ages, or the years and times do not fit.
    BoundsError
        If a value is not usable.

    Examples
    --------
    >>> population = xr.DataArray([[10.0, 60.0, 9.0], [10.0, 62.0, 10.0]],
    ...     dims=("time", "age_group"),
    ...     coords={"time": [2025, 2026], "age_group": ["0-14", "15-64", "65+"]})
    >>> rows = table(xr.Dataset({"population": population}), ["old_age_dependency_ratio_15_65"])
    >>> rows[["year", "value", "unit"]].round(2).values.tolist()
    [[2025, 15.0, 'percent'], [2026, 16.13, 'percent']]
    """
    require(result, ["population"])
    if "time" not in result["population"].dims:
        raise DimensionError(
            "the population has no dimension time",
            where="population",
            got=f"dims {tuple(result['population'].dims)}",
            allowed="time, sex, age, and any further ones",
            fix="pass a result; the functions of ps.indicators take a single population",
        )
    frames = [_rows(row, result) for row in _chosen(result, names)]
    frame = pd.concat(frames, ignore_index=True)
    first = ["indicator", "en", "zh", "unit", "kind", "year"]
    last = [c for c in ("value", "lower", "upper") if c in frame]
    middle = [c for c in frame.columns if c not in (*first, *last)]
    return frame[first + middle + last]
