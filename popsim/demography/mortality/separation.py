"""Years lived in the age group by those who die in it, by named rules; checks of rates.

What :mod:`popsim.demography.mortality.lifetable` needs before it can call the kernel.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Literal

import numpy as np
import xarray as xr

from popsim.cells import Cells
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    ImplausibleMortalityWarning,
    InputError,
    did_you_mean,
)
from popsim.kernels import lifetable as kernel
from popsim.schema.checks import check_dims, check_option, check_values, first_cell
from popsim.schema.conventions import FEMALE, MALE, SEXES
from popsim.schema.variables import VARIABLES

AxRule = Literal["greville", "keyfitz"]

#: 1a0 by 1m0, linear in pieces (up to m0, intercept, slope) for female, male. The
#: discontinuities of up to 1e-4 years between the pieces are the publication's.
#: Andreev & Kingkade (2015), Demographic Research 33(13), 363-390, table 3-2.
_ANDREEV_KINGKADE = (
    ((0.01724, 0.14903, -2.05527), (0.06891, 0.04667, 3.88089), (np.inf, 0.31411, 0.0)),
    ((0.02300, 0.14929, -1.99545), (0.08307, 0.02832, 3.26021), (np.inf, 0.29915, 0.0)),
)
#: The same from Coale & Demeny's West tables (1983).
#: Preston, Heuveline & Guillot (2001), Demography, table 3.3, p. 48.
_COALE_DEMENY_0 = (
    ((0.107, 0.053, 2.800), (np.inf, 0.350, 0.0)),
    ((0.107, 0.045, 2.684), (np.inf, 0.330, 0.0)),
)
#: 4a1 by 1m0; the same table.
_COALE_DEMENY_1 = (
    ((0.107, 1.522, -1.518), (np.inf, 1.361, 0.0)),
    ((0.107, 1.651, -2.816), (np.inf, 1.352, 0.0)),
)
_A0_RULES = {"andreev-kingkade": _ANDREEV_KINGKADE, "coale-demeny": _COALE_DEMENY_0}
_AX_RULES = {"greville": kernel.GREVILLE, "keyfitz": kernel.KEYFITZ}

#: A death rate above 1 halves a group within nine months. No population has lived so at
#: ages below this; above it, and in the small numbers there, such rates do occur.
RATES_ABOVE_ONE_FROM = 80


#: Longest remaining life [years] at ages from 65, the lowest at which statistics leave their
#: last group open: the highest that World Population Prospects 2024 has for either sex in any
#: of 236 countries and areas, Hong Kong's women in 2095-2100, by the rules of this module. No
#: population on record comes near it: the highest of 2020-2025 are 24.8 years at 65, 12.4 at
#: 80 and 9.4 at 85.
_LONGEST_AT = (65, 70, 75, 80, 85, 90, 95, 100)
_LONGEST = (32.5, 27.6, 22.9, 18.3, 14.0, 10.2, 7.1, 4.9)
#: What is allowed above it: rates scaled to those countries' life expectancy of 2095-2100 have
#: up to 0.9 years more at 100, a sixth.
_ALLOWANCE = 1.2


def warn_of_long_lives(ex: xr.DataArray, stacklevel: int = 3) -> None:
    """Warn where remaining life in the open group, (..., age) [years], is implausible.

    Warns
    -----
    ImplausibleMortalityWarning
        It is a fifth longer than World Population Prospects 2024 foresees anywhere by 2100.
    """
    end = ex.isel(age=-1, drop=True)
    age = int(ex["age"].values[-1])
    if age < _LONGEST_AT[0]:
        return
    longest = float(np.interp(age, _LONGEST_AT, _LONGEST))
    bad = end.values > _ALLOWANCE * longest
    if bad.any():
        worst = end.values.max()
        where = first_cell(end, end.values == worst) if end.dims else f"age {age}+"
        warnings.warn(
            f"those of {age} and older have {worst:.1f} years to live ({where}"
            + (f"; {int(bad.sum())} such tables" if bad.sum() > 1 else "")
            + f"), far more than the {longest:.1f} that any population is expected to reach by "
            "2100. Too few deaths were counted in the open group for its rate to hold: close the "
            "rates from lower ages with popsim.demography.mortality.closing.close_kannisto and "
            "group_open_age, or take several years or a larger area together.",
            ImplausibleMortalityWarning,
            stacklevel=stacklevel,
        )


def over_age(array: xr.DataArray, name: str) -> xr.DataArray:
    """Return the array under its registry name, after checking that it has the dim ``age``.

    Raises
    ------
    DimensionError
    """
    check_dims(array, replace(VARIABLES[name], dims=("age",)))
    return array.rename(name)


def age_widths(data: xr.Dataset | xr.DataArray) -> np.ndarray:
    """Widths [years] of single or abridged ages, with 1 in place of the open group's.

    Raises
    ------
    CoordinateError
        If the ages are neither 0, 1, 2, ... nor 0, 1, 5, 10, ...
    """
    ages = np.asarray(data["age"].values) if "age" in data.coords else np.empty(0)
    count = len(ages)
    single = np.arange(count)
    abridged = np.concatenate([[0], np.maximum(5 * np.arange(count - 1), 1)])[:count]
    for known in (single, abridged):
        if count >= 3 and np.array_equal(ages, known):
            return np.append(np.diff(known), 1).astype(np.float64)
    if count < 3:
        got = f"{count} ages" if count else "no coordinate"
    else:
        expected = abridged if ages[2] == 5 else single
        wrong = int(np.argmax(ages != expected))
        got = f"{ages[wrong]} in place of {expected[wrong]}"
    raise CoordinateError(
        "the ages are neither single nor abridged",
        where="age",
        got=got,
        allowed="lower bounds 0, 1, 2, ... or 0, 1, 5, 10, ...; at least three, the last one open",
        fix="sort the ages and fill the gaps; infants must be apart from 1-4",
    )


def refuse(array: xr.DataArray, bad: np.ndarray, what: str, allowed: str, fix: str) -> None:
    """Raise at the first True cell of ``bad``.

    Raises
    ------
    BoundsError
    """
    if bad.any():
        raise BoundsError(
            what,
            where=f"{array.name} at {first_cell(array, bad)}",
            got=array.values[bad][0],
            allowed=allowed,
            fix=fix,
        )


def check_rates(mortality_rate: xr.DataArray) -> None:
    """Raise where death rates cannot be those of a population.

    Raises
    ------
    BoundsError
    """
    spec = VARIABLES["mortality_rate"]
    ages = mortality_rate["age"].values
    young = mortality_rate.isel(age=slice(0, int(np.searchsorted(ages, RATES_ABOVE_ONE_FROM))))
    laid = np.ascontiguousarray(mortality_rate.transpose(..., "age").values)
    if laid.dtype == np.float64:
        # one pass over the rates of a nation's counties, where NumPy's take longer than the
        # tables; what follows finds the words for a failure
        ceiling = np.where(ages < RATES_ABOVE_ONE_FROM, 1.0, spec.upper)
        if kernel.all_within(laid.reshape(-1, len(ages)), ceiling):
            return
    check_values(mortality_rate, spec)
    refuse(
        young,
        young.values > 1.0,
        f"a death rate above 1 below age {RATES_ABOVE_ONE_FROM}",
        f"0 to 1 [{spec.unit}]; above 1 only from age {RATES_ABOVE_ONE_FROM} on",
        spec.hint,
    )


def check_ax(ax: xr.DataArray, widths: np.ndarray) -> None:
    """Raise where nobody can have lived ``ax`` years in the group.

    Raises
    ------
    BoundsError
    """
    check_values(ax, VARIABLES["ax"])
    limits = xr.DataArray(np.append(widths[:-1], np.inf), dims="age").broadcast_like(ax)
    limits = limits.transpose(*ax.dims)
    refuse(
        ax,
        ax.values > limits.values,
        "ax exceeds the width of the age group",
        "0 to the width of the group [years]",
        "is it a share of the group? multiply by its width",
    )
    end = ax.isel(age=slice(-1, None))
    refuse(
        end,
        end.values <= 0.0,
        "ax of the open group is not positive",
        "the life expectancy at the open age [years]",
        "1 over the death rate of the open group, if nothing better is known",
    )


class SeparationRules:
    """Rules for a0, 4a1 and the groups above, as the kernel takes them.

    Parameters
    ----------
    array : DataArray
        Rates or probabilities, with the coordinate ``sex`` if they have one.
    widths : ndarray
        (age,) [years], from :func:`age_widths`.
    a0, ax_rule, sex
        As in :func:`popsim.life_table`.

    Raises
    ------
    InputError
        If a rule is unknown, or needs the sex and none is known.
    ConflictError
        If the sex is said twice.
    CoordinateError
        If a sex is unknown.
    BoundsError
        If ``a0`` is not between 0 and 1.
    """

    def __init__(
        self,
        array: xr.DataArray,
        widths: np.ndarray,
        a0: str | float | xr.DataArray,
        ax_rule: str,
        sex: str | None,
    ) -> None:
        check_option(ax_rule, _AX_RULES, "ax_rule", what="unknown rule")
        abridged = widths[1] > 1
        self._rule = _AX_RULES[ax_rule] if abridged else kernel.MIDPOINT
        self._a0 = _check_a0(a0)
        needed = [name for name, use in (("a0", isinstance(a0, str)), ("4a1", abridged)) if use]
        self._sex = _sex_codes(array, sex, needed)
        self.settings = {
            "a0": a0 if isinstance(a0, str) else "given",
            "ax_rule": ax_rule if abridged else "half",
            "sex": sex,
        }

    @property
    def arrays(self) -> dict[str, xr.DataArray]:
        """What of the rules has dimensions."""
        return {} if isinstance(self._a0, str) else {"a0": self._a0}

    def for_kernel(
        self, cells: Cells
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
        """Arguments ``infants, infants_of, children, children_of, rule`` of the kernels."""
        sex = cells.rows(self._sex, [])
        sex_of = sex.values[sex.index].astype(np.int64)
        if isinstance(self._a0, str):
            infants, infants_of = np.array(_A0_RULES[self._a0]), sex_of
        else:
            given = cells.rows(self._a0, [])
            infants = np.zeros((len(given.values), 1, 3))
            infants[:, 0, 0], infants[:, 0, 1] = np.inf, given.values
            infants_of = given.index
        return infants, infants_of, np.array(_COALE_DEMENY_1), sex_of, self._rule


def _unknown_rule(argument: str, got: object, known: list[str]) -> InputError:
    return InputError(
        f"unknown rule {got!r}",
        where=argument,
        got=got,
        allowed=", ".join(known),
        fix=did_you_mean(got, known),
    )


def _check_a0(a0: str | float | xr.DataArray) -> str | xr.DataArray:
    if isinstance(a0, str):
        if a0 not in _A0_RULES:
            raise _unknown_rule("a0", a0, [*_A0_RULES, "a number of years"])
        return a0
    given = a0 if isinstance(a0, xr.DataArray) else xr.DataArray(float(a0))
    given = given.rename("a0")
    refuse(
        given,
        ~((given.values >= 0.0) & (given.values <= 1.0)),
        "a0 does not lie in the first year of life",
        "0 to 1 [years]",
        "about 0.1; it is not in days or months",
    )
    return given


def _sex_codes(array: xr.DataArray, sex: str | None, needed: list[str]) -> xr.DataArray:
    """Position of each row's sex in the tables of coefficients; 0 where no rule asks."""
    if "sex" in array.coords:
        if sex is not None:
            raise ConflictError(
                "the sex is given twice",
                where="sex",
                got=f"sex={sex!r} and a coordinate sex",
                allowed="one of them",
                fix="leave the argument out",
            )
        labels = array["sex"]
    elif sex is not None:
        if not isinstance(sex, str):
            check_option(sex, SEXES, "sex")
        labels = xr.DataArray(sex)
    elif needed and "sex" not in array.dims:
        raise InputError(
            f"the rule for {needed[0]} differs by sex and the {array.name} has none",
            where="sex",
            got=f"dims {tuple(array.dims)}",
            allowed="a coordinate sex, or the argument sex='female' or sex='male'",
            fix="name the sex; for both sexes together give a0 as a number of years"
            if needed == ["a0"]
            else "name the sex; for both sexes together give ax",
        )
    elif needed:
        labels = xr.DataArray([""] * array.sizes["sex"], dims="sex")
    else:
        return xr.DataArray(0)
    known = np.isin(labels.values.astype(str), SEXES)
    if needed and not known.all():
        raise CoordinateError(
            "a sex is neither female nor male",
            where="sex",
            got=str(labels.values[~known].flat[0]) or "no labels",
            allowed=f"{FEMALE}, {MALE}",
            fix="relabel the sexes; for both sexes together give a0 as a number of years",
        )
    return (labels == MALE).astype(np.int64).drop_vars("sex", errors="ignore")
