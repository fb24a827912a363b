"""What the variants do to one input of a baseline: fertility, mortality or migration."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.fertility.checks import refuse_empty
from popsim.demography.fertility.measures import (
    net_reproduction_rate,
    person_years_lived,
    total_fertility_rate,
)
from popsim.demography.mortality.lifetable import life_table
from popsim.errors import BoundsError, ConflictError, MissingVariableError
from popsim.schema.checks import (
    age_width,
    check_same_coords,
    check_sex,
    check_values,
    check_variable,
    check_years,
    first_cell,
    require,
)
from popsim.schema.conventions import FEMALE, MIGRATION_FORMS, MORTALITY_FORMS
from popsim.schema.provenance import RULE, new_rule
from popsim.schema.variables import VARIABLES

_FERTILITY = ("fertility_rate", "fertility_rate_by_order")

# (years since the first projected year, births per woman above or below the baseline).
# World Population Prospects 2024: Methodology, high- and low-fertility scenarios.
_FERTILITY_SHIFTS = ((0, 0.25), (5, 0.40), (10, 0.50))

#: Rule of what a variant holds at its first year.
_HELD = "rates of the first year in every year"

# Rounding of a sum over birth orders; far below a rate's last published digit.
_ORDER_TOLERANCE = 1e-9


def _check_fertility(baseline: xr.Dataset) -> int:
    """Check the fertility of a baseline; return the width of its age groups and steps."""
    require(baseline, ["fertility_rate"])
    for name in _FERTILITY:
        if name in baseline:
            check_variable(baseline[name], name)
    rates = baseline["fertility_rate"]
    width = age_width(rates)
    check_years(rates, width)
    if "fertility_rate_by_order" in baseline:
        summed, rates = xr.broadcast(baseline["fertility_rate_by_order"].sum("order"), rates)
        apart = abs(summed - rates)
        bad = apart.values > _ORDER_TOLERANCE
        if bad.any():
            raise ConflictError(
                "the birth orders do not add up to fertility_rate",
                where=f"fertility_rate_by_order at {first_cell(apart, bad)}",
                got=f"{summed.values[bad][0]:g} against {rates.values[bad][0]:g}",
                allowed=f"equal to {_ORDER_TOLERANCE:g}",
                fix="compute fertility_rate as fertility_rate_by_order.sum('order')",
            )
    return width


def _put(baseline: xr.Dataset, new: dict[str, xr.DataArray], rule: str) -> xr.Dataset:
    """Exchange variables, keeping their order of dims, and their attributes but for the rule."""
    out = baseline.copy()
    for name, array in new.items():
        own = baseline[name].dims
        array = array.transpose(*[d for d in array.dims if d not in own], *own)
        array.attrs = {**VARIABLES[name].attrs(), **baseline[name].attrs}
        array.attrs[RULE] = new_rule(baseline[name], rule)
        out[name] = array
    return out


def _scale_fertility(baseline: xr.Dataset, factor: xr.DataArray, rule: str) -> xr.Dataset:
    """Multiply the rates of all orders alike, so that they still add up."""
    new = {name: baseline[name] * factor for name in _FERTILITY if name in baseline}
    for name, array in new.items():
        check_values(array, VARIABLES[name])
    return _put(baseline, new, rule)


def shift_fertility(baseline: xr.Dataset, sign: float) -> xr.Dataset:
    """Move the total by sign times the shifts of the United Nations."""
    width = _check_fertility(baseline)
    rates = baseline["fertility_rate"]
    tfr = total_fertility_rate(rates)
    shift = xr.DataArray(
        sign * _mean_shifts(rates["year"].values, width),
        dims="year",
        coords={"year": rates["year"]},
    )
    wanted = tfr + shift
    below = wanted.values < 0
    if below.any():
        raise BoundsError(
            "the low variant would leave less than no births",
            where=f"fertility_rate at {first_cell(wanted, below)}",
            got=f"a total fertility rate of {tfr.values[below][0]:g}",
            allowed=f"at least {(tfr - wanted).values[below][0]:g} births per woman",
            fix="leave the variant out, or scale the rates with scale_to_total_fertility_rate",
        )
    refuse_empty(tfr, "fertility_rate")
    steps = ", ".join(f"{size:.2f} from year {start + 1}" for start, size in _FERTILITY_SHIFTS)
    side = "above" if sign > 0 else "below"
    rule = f"total fertility rate {side} the baseline's by {steps}, at its age pattern"
    return _scale_fertility(baseline, wanted / tfr, rule)


def _mean_shifts(years: np.ndarray, width: int) -> np.ndarray:
    """Shift of each step: the mean of the shifts of its single years."""
    since = (years - years[0])[:, None] + np.arange(width)
    starts = np.array([start for start, _ in _FERTILITY_SHIFTS])
    sizes = np.array([size for _, size in _FERTILITY_SHIFTS])
    mean: np.ndarray = sizes[np.searchsorted(starts, since, side="right") - 1].mean(axis=1)
    return mean


def _first_year(array: xr.DataArray) -> xr.DataArray:
    held = array.isel(year=np.zeros(array.sizes["year"], dtype=np.int64))
    return held.assign_coords(year=array["year"])


def hold_fertility(baseline: xr.Dataset) -> xr.Dataset:
    """Give every year the fertility of the first."""
    _check_fertility(baseline)
    held = {n: _first_year(baseline[n]) for n in _FERTILITY if n in baseline}
    return _put(baseline, held, _HELD)


def hold_mortality(baseline: xr.Dataset) -> xr.Dataset:
    """Give every year the mortality of the first."""
    name = _mortality_name(baseline)
    return _put(baseline, {name: _first_year(baseline[name])}, _HELD)


def _mortality_name(baseline: xr.Dataset) -> str:
    """Which of the two mortality inputs the baseline has, after checking it."""
    present = [name for name in MORTALITY_FORMS if name in baseline]
    if len(present) != 1:
        error = ConflictError if present else MissingVariableError
        raise error(
            "the baseline needs one of survival_ratio and mortality_rate",
            where="baseline",
            got=f"variables {sorted(str(v) for v in baseline.data_vars)}",
            allowed="survival_ratio (year, sex, age) or mortality_rate (year, sex, age)",
            fix="keep the one that the projection shall use",
        )
    check_variable(baseline[present[0]], present[0])
    check_years(baseline[present[0]], age_width(baseline[present[0]]))
    return present[0]


def replace_generation(baseline: xr.Dataset) -> xr.Dataset:
    """Scale fertility so that the net reproduction rate of every year is 1."""
    _check_fertility(baseline)
    require(baseline, ["sex_ratio_at_birth"])
    ratio = baseline["sex_ratio_at_birth"]
    check_variable(ratio, "sex_ratio_at_birth")
    name = _mortality_name(baseline)
    check_sex(baseline[name])
    women = baseline[name].sel(sex=FEMALE, drop=True)
    if name == "survival_ratio":
        lived = person_years_lived(women)
    else:
        lived = life_table(women, sex=FEMALE)["Lx"]
    rates = baseline["fertility_rate"]
    check_same_coords({"fertility_rate": rates, name: women, "sex_ratio_at_birth": ratio})
    reproduction = net_reproduction_rate(rates, lived, ratio)
    refuse_empty(reproduction, "fertility_rate")
    rule = "scaled to a net reproduction rate of 1 in every year"
    return _scale_fertility(baseline, 1.0 / reproduction, rule)


def close_borders(baseline: xr.Dataset) -> xr.Dataset:
    """Take out the migration, whichever way it is given."""
    return baseline.drop_vars([name for name in MIGRATION_FORMS if name in baseline])
