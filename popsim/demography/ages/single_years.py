"""Whole inputs of a projection from five-year ages and steps to single years of both."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from popsim.demography.ages.graduation import graduate_counts, graduate_rates
from popsim.demography.ages.smoothing import smooth_positive, smooth_signed
from popsim.errors import BoundsError, ConflictError, CoordinateError, InputError
from popsim.schema.checks import (
    age_width,
    check_same_coords,
    check_sex,
    check_variable,
    check_years,
    first_cell,
    require,
)
from popsim.schema.conventions import MIGRATION_FORMS, MORTALITY_FORMS
from popsim.schema.provenance import new_rule, provenance, with_rules
from popsim.schema.variables import describe

_ONCE = ("fertility_rate", "sex_ratio_at_birth")


def graduate_baseline(inputs: xr.Dataset) -> xr.Dataset:
    r"""Take the inputs of a projection from five-year to one-year ages and steps.

    Parameters
    ----------
    inputs : Dataset
        As for :func:`popsim.project` with ages 0, 5, ..., the last open, and `year` the first
        year of each five-year step (any equal width works): `population` (sex, age)
        [persons]; one of `mortality_rate` (year, sex, age) [deaths per person-year] and
        `survival_ratio` (year, sex, age) [1]; `fertility_rate` (year, age) [births per woman
        and year]; `sex_ratio_at_birth` (year) [males per female]; at most one of
        `net_migration` (year, sex, age) [persons per year], `net_migration_rate` [per person
        and year] and `net_migration_total` (year) [persons per year]. Further dims
        (region, variant) are kept. `mortality_rate` may stand on `abridged_age`
        (0, 1, 5, ..., the same open age) instead, which keeps the infant rate.

    Returns
    -------
    Dataset
        The same variables on single `age` 0, 1, ..., up to the same open age, and on every
        calendar `year` of the steps.

    Raises
    ------
    MissingVariableError, ConflictError
        An input is absent, or stated twice.
    DimensionError, CoordinateError, BoundsError
        Dims, labels or values that cannot be used.
    InputError
        Single years already; or a variable by age or year that has no rule.

    Notes
    -----
    Ages come first, by :func:`popsim.demography.ages.graduation.graduate_counts` and
    :func:`~popsim.demography.ages.graduation.graduate_rates`; then years: the five values of a
    step have the step's value as their mean, and run as smoothly as that allows from step to
    step (rates on the log scale, migration and the sex ratio on their own). So

    - every age group of the population keeps its persons;
    - the mean of the single rates over the ages of a group (of death rates: weighted by
      person-years) and the years of a step is the rate of the group and step;
    - net migration adds up to the same persons by group and step.

    Survival ratios go by the person-years of their life table: with
    :math:`L_0 = n S_0`, :math:`L_a = L_{a-n} S_a` and, for the open group,
    :math:`L_w = L_{w-n} S_w / (1 - S_w)`, single-year :math:`L_a` are graduated as counts, and
    their ratios are the survival ratios; over the years the hazards :math:`-\ln S` are smoothed.

    Examples
    --------
    >>> from popsim.demography.ages.single_years import graduate_baseline
    >>> ages, years, sex = np.arange(0, 101, 5), [2020, 2025], ["female", "male"]
    >>> level = lambda value, **dims: xr.DataArray(
    ...     np.full([len(d) for d in dims.values()], value), dims=list(dims), coords=dims)
    >>> born = level(0.0, year=years, age=ages)
    >>> born.loc[{"age": [20, 25, 30]}] = [[0.08, 0.1, 0.05]] * 2
    >>> fives = xr.Dataset({
    ...     "population": level(500.0, sex=sex, age=ages),
    ...     "mortality_rate": level(0.02, year=years, sex=sex, age=ages),
    ...     "fertility_rate": born,
    ...     "sex_ratio_at_birth": level(1.06, year=years)})
    >>> ones = graduate_baseline(fives)
    >>> dict(ones.sizes)
    {'sex': 2, 'age': 101, 'year': 10}
    """
    width = age_width(inputs)
    _check(inputs, width)
    ages = np.arange(0, int(inputs["age"].values[-1]) + 1)
    by_age: dict[str, xr.DataArray] = {}
    for variable in inputs.data_vars:
        name = str(variable)
        array = inputs[name]
        if name == "population":
            by_age[name] = graduate_counts(array, open_until=int(ages[-1]))
        elif name == "mortality_rate":
            by_age[name] = graduate_rates(array, kind="mortality")
        elif name == "survival_ratio":
            by_age[name] = _survival(array, width)
        elif name == "fertility_rate":
            by_age[name] = _fertility(array, ages)
        elif name in ("net_migration", "net_migration_rate"):
            by_age[name] = _migration(array, ages, width, name)
        else:
            by_age[name] = array
    out = {name: _by_year(array, name, width) for name, array in by_age.items()}
    said = f"graduated from groups and steps of {width} years"
    rules = {n: new_rule(inputs[n], said) for n in out if {"age", "year"} & set(out[n].dims)}
    attrs = {**inputs.attrs, **provenance("graduate_baseline", width=width)}
    return with_rules(describe(xr.Dataset(out, attrs=attrs)), rules)


def _check(inputs: xr.Dataset, width: int) -> None:
    if width == 1:
        raise InputError(
            "the inputs are by single years already",
            where="age",
            got="ages one year apart",
            allowed="ages and years of equal width, such as five",
            fix="use them as they are",
        )
    check_sex(inputs)
    check_years(inputs, width)
    require(inputs, ["population", *_ONCE])
    given = [name for name in MORTALITY_FORMS if name in inputs]
    if not given:
        require(inputs, MORTALITY_FORMS[:1])
    for names in (given, [name for name in MIGRATION_FORMS if name in inputs]):
        if len(names) > 1:
            raise ConflictError(
                f"{names[0]} and {names[1]} say the same thing twice",
                where=", ".join(names),
                got=names,
                allowed="one of them",
                fix=f"drop one with .drop_vars({names[1]!r})",
            )
    known = ("population", *_ONCE, *MORTALITY_FORMS, *MIGRATION_FORMS)
    for variable, array in inputs.data_vars.items():
        name = str(variable)
        if name in known:
            if "abridged_age" in array.dims:
                _check_abridged(array, inputs)
                array = array.rename(abridged_age="age")
            check_variable(array, name)
        elif {"age", "year", "abridged_age"} & set(array.dims):
            raise InputError(
                f"there is no rule to take {name} to single years",
                where=name,
                got=f"dims {tuple(array.dims)}",
                allowed=", ".join(known),
                fix=f"drop it with .drop_vars({name!r}) and add it by single year afterwards",
            )
    check_same_coords({str(n): a for n, a in inputs.data_vars.items()})


def _check_abridged(array: xr.DataArray, inputs: xr.Dataset) -> None:
    top = int(inputs["age"].values[-1])
    if int(array["abridged_age"].values[-1]) != top:
        raise CoordinateError(
            "the abridged ages end at another open age than the five-year ages",
            where="abridged_age",
            got=f"{array['abridged_age'].values[-1]}+",
            allowed=f"{top}+",
            fix="extrapolate or group the death rates to the same open age",
        )


def _along(
    array: xr.DataArray, dim: str, new: np.ndarray, rule: Callable[[np.ndarray], np.ndarray]
) -> xr.DataArray:
    """Apply a rule to the rows along one dimension, which gets new labels."""
    laid = array.transpose(..., dim)
    rows = laid.values.reshape(-1, array.sizes[dim]).astype(np.float64)
    out = rule(rows).reshape(*laid.shape[:-1], len(new))
    coords = {k: v for k, v in array.coords.items() if dim not in v.dims}
    result = xr.DataArray(out, dims=laid.dims, coords={**coords, dim: new}, attrs=array.attrs)
    return result.transpose(*array.dims)


def _starts(count: int, width: int, open_age: bool) -> np.ndarray:
    start = np.arange(count + 1) * width
    if open_age:
        start[-1] = start[-2] + 1
    return start


def _fertility(array: xr.DataArray, ages: np.ndarray) -> xr.DataArray:
    """Graduate the groups in which births occur; zero at all other ages."""
    others = [d for d in array.dims if d != "age"]
    bears = np.flatnonzero((array > 0).any(others).values)
    if not len(bears):
        raise BoundsError(
            "fertility_rate is zero at every age",
            where="fertility_rate",
            got=0.0,
            allowed="positive rates in the reproductive ages",
            fix="for a population without births give a tiny rate in one group",
        )
    if bears[0] == 0 or bears[-1] == array.sizes["age"] - 1:
        open_age = array.isel(age=[0, -1])
        raise BoundsError(
            "births in the first or the open age group",
            where=f"fertility_rate at {first_cell(open_age, open_age.values > 0)}",
            got=float(open_age.values[open_age.values > 0][0]),
            allowed="zero there",
            fix="births at those ages belong to the nearest reproductive group",
        )
    chosen = array.isel(age=slice(int(bears[0]), int(bears[-1]) + 1))
    lower = chosen["age"].values
    width = int(array["age"].values[1] - array["age"].values[0])
    labels = [f"{a}-{a + width - 1}" for a in lower]
    single = graduate_rates(chosen.assign_coords(age=labels), kind="fertility")
    return single.reindex(age=ages, fill_value=0.0)


def _survival(array: xr.DataArray, width: int) -> xr.DataArray:
    """Survival ratios by single age through the person-years of the life table."""
    ratio = array.transpose(..., "age")
    values = ratio.values
    worst = values[..., -1] >= 1.0
    if worst.any():
        raise BoundsError(
            "nobody dies in the open age group",
            where=first_cell(ratio.isel(age=-1), worst),
            got=1.0,
            allowed="a survival ratio below 1",
            fix="check the ratio of the open group",
        )
    lived = width * np.cumprod(values, axis=-1)
    lived[..., -1] = lived[..., -2] * values[..., -1] / (1.0 - values[..., -1])
    last = int(ratio["age"].values[-1])
    single = graduate_counts(ratio.copy(data=lived), open_until=last)
    person_years = single.values
    before = np.concatenate([np.ones_like(person_years[..., :1]), person_years[..., :-1]], axis=-1)
    before[..., -1] += person_years[..., -1]
    # Smoothing may leave a group's first age a hair above the age before it where hardly
    # anybody dies; nobody rises from the dead.
    out = single.copy(data=np.minimum(person_years / before, 1.0))
    return out.transpose(*array.dims)


def _migration(array: xr.DataArray, ages: np.ndarray, width: int, name: str) -> xr.DataArray:
    """Graduate counts by their sums and rates by their means; the open group stays."""
    start = _starts(array.sizes["age"], width, open_age=True)
    persons = name == "net_migration"
    scale = np.ones(array.sizes["age"]) if persons else np.diff(start).astype(np.float64)
    return _along(array, "age", ages, lambda rows: smooth_signed(rows * scale, start))


def _by_year(array: xr.DataArray, name: str, width: int) -> xr.DataArray:
    """Spread each step's value over its calendar years, keeping the mean."""
    if "year" not in array.dims:
        return array
    first = array["year"].values
    years = np.arange(int(first[0]), int(first[-1]) + width)
    start = _starts(len(first), width, open_age=False)
    if name in ("mortality_rate", "fertility_rate"):
        return _along(array, "year", years, lambda rows: smooth_positive(rows * width, start))
    if name == "survival_ratio":

        def hazards(rows: np.ndarray) -> np.ndarray:
            hazard = -np.log(np.maximum(rows, np.finfo(float).tiny))
            return np.asarray(np.exp(-smooth_positive(hazard * width, start)))

        return _along(array, "year", years, hazards)
    return _along(array, "year", years, lambda rows: smooth_signed(rows * width, start))
