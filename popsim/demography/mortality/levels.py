"""Levels of mortality: the m(x) that has a given life expectancy.

Every function takes period death rates and returns period death rates. Life tables on the
way follow the rules of :func:`popsim.demography.mortality.lifetable.life_table`, so the result has
the life expectancy that this function finds in it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypedDict, Unpack

import numpy as np
import xarray as xr

from popsim.cells import Cells
from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.separation import (
    RATES_ABOVE_ONE_FROM,
    AxRule,
    SeparationRules,
    age_widths,
    check_rates,
    over_age,
    refuse,
)
from popsim.errors import BoundsError, DimensionError, FitError
from popsim.kernels.mortality import meet_life_expectancy
from popsim.schema.checks import check_same_coords, check_sex, check_values, first_cell
from popsim.schema.variables import VARIABLES

_RATE = VARIABLES["mortality_rate"]

#: Jeanne Calment's age at death in 1997, the highest that is verified: no level of mortality
#: is sought beyond it.
LONGEST_LIFE = 122.45

#: Half way between proportional hazards (0) and Brass's logit (1). Of 0, 0.25, 0.35, 0.5,
#: 0.7 and 1 it comes closest, over all of them, to what happened in Canada between 1950 and
#: 2019 and to what World Population Prospects 2024 expects in China up to 2100: see Notes of
#: scale_to_life_expectancy.
DEFAULT_SHAPE = 0.5


class LifeTableRules(TypedDict, total=False):
    """Keywords of :func:`life_table` that decide a(x)."""

    a0: str | float | xr.DataArray
    ax_rule: AxRule
    sex: str | None


def as_array(value: xr.DataArray | float, name: str) -> xr.DataArray:
    """Turn a figure into an array and refuse what is not a finite number."""
    array = value if isinstance(value, xr.DataArray) else xr.DataArray(float(value))
    check_values(array, VARIABLES[name])
    return array


def _template(*arrays: xr.DataArray) -> xr.DataArray:
    """All dims but age of some arrays, year and sex last, as the registry orders them."""
    sizes: dict[Hashable, int] = {}
    coords: dict[Hashable, Any] = {}
    for array in arrays:
        sizes |= {d: n for d, n in array.sizes.items() if d != "age"}
        coords |= {d: array[d] for d in array.dims if d != "age" and d in array.coords}
    last = [d for d in ("year", "sex") if d in sizes]
    dims = [d for d in sizes if d not in last] + last
    # one number seen from all cells: the labels are wanted, not the memory
    empty = np.broadcast_to(0.0, [sizes[d] for d in dims])
    return xr.DataArray(empty, dims=dims, coords=coords)


def as_rates(array: xr.DataArray) -> xr.DataArray:
    """Name an array of death rates, give it its units and the registry's order of dims.

    Examples
    --------
    >>> as_rates(xr.DataArray(np.ones((1, 3, 2)), dims=("age", "region", "year"))).dims
    ('region', 'year', 'age')
    """
    last = [d for d in _RATE.dims if d in array.dims]
    out = array.transpose(*[d for d in array.dims if d not in last], *last).copy()
    out.attrs = _RATE.attrs()
    return out.rename("mortality_rate")


def rates_along(
    standard: xr.DataArray,
    life_expectancy: xr.DataArray,
    direction: xr.DataArray,
    dampening: xr.DataArray,
    **rules: Unpack[LifeTableRules],
) -> xr.DataArray:
    r"""Rates of a given life expectancy on a one-parameter path through a standard.

    Parameters
    ----------
    standard : xarray.DataArray
        (age, ...) [deaths per person-year].
    life_expectancy : xarray.DataArray
        (...) at birth [years]; dims are matched by name.
    direction : xarray.DataArray
        (age, ...) [1]: change of the logarithm of the rate for a unit of the level k.
    dampening : xarray.DataArray
        (age, ...) [1]: between 0 and 1; 1 leaves the change as it is.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`life_table`.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., age) [deaths per person-year].

    Raises
    ------
    FitError
        If no level gives the life expectancy; the range that can be met is named.
    BoundsError
        If a life expectancy, direction or dampening is not finite, a direction is 0 at all
        ages, or a dampening is not between 0 and 1.
    CoordinateError
        If two arrays carry different labels on a dimension that they share.
    InputError
        As from :func:`life_table`.

    Notes
    -----
    With :math:`R = e^{k b}`, direction b and dampening S,
    :math:`m' = m R / (S + R (1 - S))`; k is found to 1e-9 years of life expectancy.

    Examples
    --------
    >>> ages = {"age": [0, 1, 2, 3]}
    >>> m = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age", coords=ages)
    >>> ones = xr.ones_like(m)
    >>> rates_along(m, xr.DataArray(15.0), ones, ones, a0=0.1).values.round(4).tolist()
    [0.0162, 0.0008, 0.0081, 0.0809]
    """
    standard = over_age(standard, "mortality_rate")
    check_rates(standard)
    widths = age_widths(standard)
    settings = SeparationRules(
        standard,
        widths,
        rules.get("a0", "andreev-kingkade"),
        rules.get("ax_rule", "greville"),
        rules.get("sex"),
    )
    arrays = {
        "mortality_rate": standard,
        "life_expectancy": life_expectancy,
        "direction": direction,
        "dampening": dampening,
        **settings.arrays,
    }
    check_same_coords(arrays)
    _check_path(life_expectancy, direction, dampening)
    template = _template(*arrays.values())
    cells = Cells({"cells": template, **arrays}, ["age"])
    m, b, dampened = (cells.rows(a, ["age"]) for a in (standard, direction, dampening))
    goal = cells.rows(life_expectancy, [])
    target = goal.values[goal.index]
    infants, infants_of, children, children_of, rule = settings.for_kernel(cells)
    level, reach = np.empty(cells.count), np.empty((cells.count, 2))
    out = np.empty((cells.count, len(widths)))
    meet_life_expectancy(
        m.values,
        m.index,
        b.values,
        b.index,
        dampened.values,
        dampened.index,
        widths,
        infants,
        infants_of,
        children,
        children_of,
        rule,
        np.where(target <= LONGEST_LIFE, target, np.nan),
        np.where(standard["age"].values < RATES_ABOVE_ONE_FROM, 1.0, _RATE.upper),
        level,
        reach,
        out,
    )
    missed = np.isnan(level)
    if missed.any():
        i = int(np.argmax(missed))
        raise FitError(
            f"no level of mortality gives the life expectancy in {int(missed.sum())} cells",
            where=first_cell(template, missed.reshape(template.shape)),
            got=f"{target[i]:.6g} years",
            allowed=f"{reach[i, 0]:.1f} to {min(reach[i, 1], LONGEST_LIFE):.1f} years",
            fix="check that it is in years and of the right sex; for a change this large take a "
            "standard nearer to it",
        )
    return as_rates(cells.label(out, ["age"], {"age": standard["age"]}))


def _check_path(
    life_expectancy: xr.DataArray, direction: xr.DataArray, dampening: xr.DataArray
) -> None:
    """Refuse what the kernel could not follow."""
    check_values(life_expectancy, VARIABLES["life_expectancy"])
    for name, array in (("direction", direction), ("dampening", dampening)):
        outside = ~np.isfinite(array.values)
        if name == "dampening":
            outside |= (array.values < 0.0) | (array.values > 1.0)
        refuse(
            array.rename(name),
            outside,
            f"{name} is out of bounds in {int(outside.sum())} cells",
            "finite numbers" if name == "direction" else "0 to 1",
            "1 at all ages is a shift of all log rates by one figure",
        )
    flat = (direction == 0.0).all("age")
    refuse(
        flat.rename("direction"),
        flat.values,
        "the direction is 0 at all ages, so no level changes anything",
        "a figure other than 0 at some age",
        "1 at all ages is a shift of all log rates by one figure",
    )


def scale_to_life_expectancy(
    mortality_rate: xr.DataArray,
    life_expectancy: xr.DataArray | float,
    *,
    shape: float = DEFAULT_SHAPE,
    **rules: Unpack[LifeTableRules],
) -> xr.DataArray:
    r"""Death rates with the age pattern of a standard and a given life expectancy at birth.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (age, ...) [deaths per person-year]: the standard; single or abridged ages.
    life_expectancy : xarray.DataArray or float
        (...) at birth [years], of the same period as the result; dims (year, sex, region)
        are matched by name with those of the standard. One without ``sex`` is that of women
        and of men; for both together see :func:`scale_to_life_expectancy_of_both_sexes`.
    shape : float
        [1] 0: all rates change by one factor (proportional hazards). 1: Brass's logit of
        survivors is shifted, so the rates of old ages change little. In between: in between.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`life_table`.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., age) over the dims of both [deaths per person-year];
        :func:`life_table` finds the given life expectancy in it to 1e-6 years.

    Raises
    ------
    BoundsError
        If a rate or a life expectancy is not a finite number within its bounds, or the
        shape is not between 0 and 1.
    FitError
        If no level gives the life expectancy; the first cell and the range are named.
    CoordinateError
        If the two carry different labels on a dimension that they share.
    InputError
        As from :func:`life_table`.

    Notes
    -----
    With survivors S of the standard, halfway through the age group, and :math:`\rho` the
    shape, hazards change by

    .. math:: \frac{\mu'}{\mu} = \frac{c}{S^\rho + c\,(1 - S^\rho)}
       \quad\Longleftrightarrow\quad
       \frac{S'^{-\rho} - 1}{\rho} = c\,\frac{S^{-\rho} - 1}{\rho},

    the generalised odds-rate model (Dabrowska & Doksum 1988, JASA 83: 744-749);
    :math:`\rho = 1` is Brass's relational logit with slope 1 and
    :math:`c = e^{2\alpha}` (Brass 1971), :math:`\rho \to 0` is proportional hazards.

    The default was chosen on figures: the root mean square error of log rates by age, when
    the rates of one period are scaled to the e0 of another. For seven pairs of years in
    Canada between 1950 and 2019 it is 0.28 on average with proportional hazards, 0.19 with
    a shape of 0.5 and 0.19 with Brass's logit; from China's rates of 2020-25 to those of
    2050-55 and 2095-2100 in World Population Prospects 2024 (e0 82 to 91) it is 0.31,
    0.15 and 0.27. Proportional hazards lower the mortality of the old too much, Brass's
    logit that of the young. Rates that follow a country's own history instead come from
    :func:`popsim.demography.mortality.lee_carter_forecast.rates_for_life_expectancy`.

    Examples
    --------
    >>> ages = {"age": [0, 1, 2, 3]}
    >>> m = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age", coords=ages)
    >>> scaled = scale_to_life_expectancy(m, 15.0, a0=0.1)
    >>> scaled.values.round(4).tolist()
    [0.015, 0.0008, 0.0075, 0.0811]
    >>> round(float(life_table(scaled, a0=0.1).ex.sel(age=0)), 6)
    15.0
    """
    if not 0.0 <= shape <= 1.0:
        raise BoundsError(
            "the shape is not between proportional hazards and Brass's logit",
            where="shape",
            got=shape,
            allowed="0 (proportional) to 1 (Brass)",
            fix=f"leave it at its default, {DEFAULT_SHAPE}",
        )
    target = as_array(life_expectancy, "life_expectancy")
    survivors = _survivors_within(mortality_rate, **rules)
    ones = xr.ones_like(mortality_rate["age"], dtype=np.float64)
    return rates_along(mortality_rate, target, ones, survivors**shape, **rules)


def scale_to_life_expectancy_of_both_sexes(
    mortality_rate: xr.DataArray,
    life_expectancy: xr.DataArray | float,
    sex_ratio_at_birth: xr.DataArray | float,
) -> xr.DataArray:
    r"""Death rates by sex with a given life expectancy of both sexes together.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (sex, age, ...) [deaths per person-year]: the standard; single or abridged ages.
    life_expectancy : xarray.DataArray or float
        (...) at birth of both sexes together [years], of the same period as the result;
        without the dim ``sex``.
    sex_ratio_at_birth : xarray.DataArray or float
        (...) [males per female]

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., sex, age) [deaths per person-year].

    Raises
    ------
    CoordinateError
        If the sexes are not female, male, or two arrays carry different labels.
    DimensionError
        If the life expectancy is by sex; :func:`scale_to_life_expectancy` takes that.
    BoundsError, FitError, InputError
        As from :func:`scale_to_life_expectancy`.

    Notes
    -----
    Of newborns, :math:`1/(1+s)` are girls at the sex ratio :math:`s`. All of them together
    expect

    .. math:: e_0 = \frac{e_0^f + s\,e_0^m}{1 + s},

    the life expectancy of the life table of both sexes, in which the deaths and years lived
    of girls and boys are added. Both sexes are moved by the same number of years, so
    that the gap between them stays that of the standard, and each by
    :func:`scale_to_life_expectancy`.

    Examples
    --------
    >>> ages = {"sex": ["female", "male"], "age": [0, 1, 2, 3]}
    >>> m = xr.DataArray([[0.02, 0.001, 0.01, 0.1], [0.03, 0.002, 0.02, 0.12]],
    ...                  dims=("sex", "age"), coords=ages)
    >>> scaled = scale_to_life_expectancy_of_both_sexes(m, 13.0, 1.05)
    >>> before, after = (life_table(rates).ex.sel(age=0) for rates in (m, scaled))
    >>> before.values.round(2).tolist(), after.values.round(2).tolist()
    ([12.63, 10.82], [13.93, 12.11])
    """
    check_sex(mortality_rate)
    target = as_array(life_expectancy, "life_expectancy")
    if "sex" in target.dims:
        raise DimensionError(
            "the life expectancy of both sexes together is by sex",
            where="life_expectancy",
            got=f"dims {tuple(target.dims)}",
            allowed="one for both, optionally by year",
            fix="use scale_to_life_expectancy",
        )
    ratio = as_array(sex_ratio_at_birth, "sex_ratio_at_birth")
    check_same_coords(
        {
            "mortality_rate": mortality_rate,
            "life_expectancy": target,
            "sex_ratio_at_birth": ratio,
        }
    )
    own = life_table(mortality_rate)["ex"].sel(age=0, drop=True)
    female, male = own.sel(sex="female", drop=True), own.sel(sex="male", drop=True)
    both = (female + ratio * male) / (1.0 + ratio)
    return scale_to_life_expectancy(mortality_rate, own + (target - both))


def _survivors_within(standard: xr.DataArray, **rules: Unpack[LifeTableRules]) -> xr.DataArray:
    """Survivors halfway through each age group; in the open group, when half of it is dead."""
    table = life_table(standard, **rules)
    widths = xr.DataArray(age_widths(standard), dims="age")
    within = table["Lx"] / widths
    last = standard["age"].values[-1]
    return within.where(standard["age"] != last, table["lx"] / 2.0).rename("survivors")


def blend_to_life_expectancy(
    mortality_rate: xr.DataArray,
    pattern: xr.DataArray,
    weight: xr.DataArray | float,
    life_expectancy: xr.DataArray | float,
    **rules: Unpack[LifeTableRules],
) -> xr.DataArray:
    r"""Death rates between a country's age pattern and a model's, of a given life expectancy.

    Parameters
    ----------
    mortality_rate, pattern : xarray.DataArray
        (age, ...) [deaths per person-year]: the country's rates (observed, or from
        :func:`popsim.demography.mortality.lee_carter_forecast.rates_for_life_expectancy`) and those
        of a model life table or another country; the same ages.
    weight : xarray.DataArray or float
        (...) [1]: share of the model, 0 to 1; a path over ``year`` moves from one to the other.
    life_expectancy : xarray.DataArray or float
        (...) at birth [years], of the same period as the result.
    **rules
        ``a0``, ``ax_rule`` and ``sex`` of :func:`life_table`.

    Returns
    -------
    xarray.DataArray
        mortality_rate (..., age) over the dims of all [deaths per person-year].

    Raises
    ------
    BoundsError
        If the weight is not between 0 and 1, a rate is 0, or a value is not finite.
    FitError
        If one of the two patterns cannot have the life expectancy.
    CoordinateError
        If two arrays carry different labels on a dimension that they share.
    InputError
        As from :func:`life_table`.

    Notes
    -----
    Both patterns are first brought to the life expectancy by
    :func:`scale_to_life_expectancy`; with weight w,
    :math:`\log m = (1 - w) \log m_1 + w \log m_2`, which is then scaled once more,
    as the combinations of methods in World Population Prospects (Sevcikova et al. 2016, in
    Schoen, Dynamic Demographic Analysis, pp. 285-310).

    Examples
    --------
    >>> ages = {"age": [0, 1, 2, 3]}
    >>> own = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age", coords=ages)
    >>> model = xr.DataArray([0.04, 0.002, 0.01, 0.08], dims="age", coords=ages)
    >>> blend_to_life_expectancy(own, model, 0.5, 13.0, a0=0.1).values.round(4).tolist()
    [0.0309, 0.0015, 0.0109, 0.0949]
    """
    share = weight if isinstance(weight, xr.DataArray) else xr.DataArray(float(weight))
    outside = ~((share.values >= 0.0) & (share.values <= 1.0))
    if outside.any():
        raise BoundsError(
            "the weight of the model is not a share",
            where=f"weight at {first_cell(share, outside)}",
            got=share.values[outside][0],
            allowed="0 (the country's own pattern) to 1 (the model's)",
            fix="divide percentages by 100",
        )
    check_same_coords({"mortality_rate": mortality_rate, "pattern": pattern, "weight": share})
    logs = []
    for name, rates in (("mortality_rate", mortality_rate), ("pattern", pattern)):
        scaled = scale_to_life_expectancy(rates, life_expectancy, **rules)
        if (scaled.values == 0).any():
            raise BoundsError(
                "a death rate of zero has no logarithm",
                where=f"{name} at {first_cell(scaled, scaled.values == 0)}",
                got=0.0,
                allowed="rates above 0",
                fix="graduate the rates first",
            )
        logs.append(xr.apply_ufunc(np.log, scaled))
    blend = xr.apply_ufunc(np.exp, (1.0 - share) * logs[0] + share * logs[1])
    return scale_to_life_expectancy(blend, life_expectancy, **rules)
