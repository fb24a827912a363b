"""What goes into a projection, checked once."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from popsim.demography.mortality.infants import check_first_group, separate_infants
from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.survival import survival_ratio
from popsim.errors import BoundsError, ConflictError, InputError
from popsim.kernels.step import cohort
from popsim.schema import checks
from popsim.schema.conventions import (
    CORE_DIMS,
    MIGRATION_FORMS,
    MORTALITY_FORMS,
    REPRODUCTIVE_AGES,
)
from popsim.schema.variables import VARIABLES

TIMINGS = ("even", "end")
OUTPUTS = ("full", "summary")
#: How kernels are told the form of net migration.
MIGRATION_MODES = dict(
    zip(MIGRATION_FORMS, (cohort.COUNTS, cohort.RATES, cohort.TOTAL), strict=True)
)
_REQUIRED = ("population", "fertility_rate", "sex_ratio_at_birth")
_BY_PARITY = ("women_by_parity", "conditional_fertility_rate")
#: What a projection reads, but for women by parity.
_READ = (*_REQUIRED, *MORTALITY_FORMS, *MIGRATION_FORMS)
INPUTS = (*_READ, *_BY_PARITY)
#: Dimensions of age groups, and what takes an input from them to single ages.
AGE_GROUPS = ("age_group", "abridged_age", "mother_age")
_GRADUATION = "popsim.demography.ages.graduation."
GRADUATED_BY = {
    "population": f"{_GRADUATION}graduate_counts",
    "mortality_rate": f"{_GRADUATION}graduate_rates(..., kind='mortality')",
    "fertility_rate": f"{_GRADUATION}graduate_rates(..., kind='fertility')",
    "net_migration": f"{_GRADUATION}graduate_net_migration",
    "net_migration_total": f"{_GRADUATION}graduate_net_migration, and name it net_migration",
}


def check_inputs(
    inputs: xr.Dataset | Mapping[str, xr.DataArray], *, timing: str, outputs: str
) -> xr.Dataset:
    """Check the inputs of a projection, once, and return those that it reads.

    Raises as :func:`project` does.
    """
    checks.check_option(timing, TIMINGS, "timing")
    checks.check_option(outputs, OUTPUTS, "outputs")
    data = _as_dataset(inputs)
    checks.refuse_misspelt(data, INPUTS)
    by_parity = "conditional_fertility_rate" in data
    required = tuple(n for n in _REQUIRED if n != "fertility_rate" or not by_parity)
    checks.require(data, required)
    mortality = _one_of(data, MORTALITY_FORMS, needed=True)
    migration = _one_of(data, MIGRATION_FORMS, needed=False)
    names = [*required, *mortality, *migration]
    for name in names:
        refuse_age_groups(data[name], name)
        checks.check_dims(data[name], VARIABLES[name])
    checks.check_sex(data)
    width = checks.age_width(data)
    checks.check_years(data, width)
    for name in names:
        refuse_foreign_dims(data[name], name)
        checks.check_values(data[name], VARIABLES[name])
    if not by_parity:
        check_reproductive_ages(data["fertility_rate"], "fertility_rate", width)
    if "mortality_rate" in mortality and width != 1:
        check_first_group(data["mortality_rate"])
    return data[names]


def read(inputs: xr.Dataset) -> xr.Dataset:
    """What a projection reads of checked inputs, mortality as survival ratios."""
    data = inputs[[name for name in _READ if name in inputs]]
    if "mortality_rate" not in data:
        return data
    rates = data["mortality_rate"]
    width = int(data["age"].values[1] - data["age"].values[0])
    if width != 1:
        rates = separate_infants(rates)
    ratios = survival_ratio(life_table(rates), width=width)
    return data.drop_vars("mortality_rate").assign(survival_ratio=ratios)


def _as_dataset(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> xr.Dataset:
    if isinstance(inputs, xr.Dataset):
        return inputs
    if not isinstance(inputs, Mapping):
        raise InputError(
            "the inputs are not a Dataset",
            where="inputs",
            got=type(inputs).__name__,
            allowed="an xarray.Dataset, or a mapping of names to DataArrays",
        )
    for name, array in inputs.items():
        if not isinstance(array, xr.DataArray):
            raise InputError(
                f"the input {name} is not labelled",
                where=str(name),
                got=type(array).__name__,
                allowed="an xarray.DataArray with named dimensions and coordinates",
            )
    # xarray would take the union of unequal labels and fill with NaN.
    arrays = {str(name): array for name, array in inputs.items()}
    checks.check_same_coords(arrays)
    return xr.Dataset(arrays)


def _one_of(data: xr.Dataset, names: tuple[str, ...], *, needed: bool) -> tuple[str, ...]:
    found = tuple(n for n in names if n in data)
    if len(found) > 1:
        raise ConflictError(
            f"{found[0]} and {found[1]} are both given",
            where=", ".join(found),
            got=f"{len(found)} forms of the same input",
            allowed=f"{'exactly' if needed else 'at most'} one of {', '.join(names)}",
            fix=f"drop one, e.g. inputs.drop_vars({found[1]!r})",
        )
    if needed and not found:
        checks.require(data, names[:1])
    return found


def refuse_age_groups(array: xr.DataArray, name: str) -> None:
    """Raise DimensionError if an input is by age groups, which are no age of a projection.

    Taken as a dimension of its own each group would become a population beside the others.
    """
    groups = [d for d in AGE_GROUPS if d in array.dims]
    if groups:
        helper = GRADUATED_BY.get(name, "a sum over the groups")
        raise checks.DimensionError(
            f"{name} is by {groups[0]!r}, which is not an age of the projection",
            where=name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"dims {VARIABLES[name].dims} and leading ones such as region or draw",
            fix=f"popsim.build_baseline takes tables by age group; for single ages use {helper}",
        )


def refuse_foreign_dims(array: xr.DataArray, name: str) -> None:
    """Raise DimensionError if an input varies over a core dimension of other variables."""
    foreign = [d for d in CORE_DIMS if d in array.dims and d not in VARIABLES[name].dims]
    if foreign:
        raise checks.DimensionError(
            f"{name} varies over {foreign[0]!r}, which it cannot",
            where=name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"dims {VARIABLES[name].dims} and leading ones such as region or draw",
            fix=f"select or sum over {foreign[0]!r}",
        )


def check_reproductive_ages(fertility: xr.DataArray, name: str, width: int) -> None:
    """Raise BoundsError where there is fertility outside of the reproductive ages."""
    ages = fertility["age"].values
    low, high = REPRODUCTIVE_AGES
    barren = (ages < low) | (ages >= high) | (ages == ages[0]) | (ages == ages[-1])
    bad = (fertility > 0) & xr.DataArray(barren, dims="age", coords={"age": ages})
    if bool(bad.any()):
        bad = bad.transpose(*fertility.dims)
        raise BoundsError(
            "fertility outside of the reproductive ages",
            where=f"{name} at {checks.first_cell(fertility, bad.values)}",
            got=float(fertility.values[bad.values][0]),
            allowed=f"0 below age {low}, from age {high}, and in the first and the open group",
            fix="set the rates there to 0; is the age axis shifted?",
        )
