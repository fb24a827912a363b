"""From a counted population to the single ages of 1 January: its open group and its date."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import xarray as xr

from popsim.demography.mortality.lifetable import life_table
from popsim.errors import CoordinateError, MigrationAdjustmentWarning
from popsim.schema.checks import check_sex

#: The growth of a cohort's births that two bands of old age may show [per year], so that a
#: small place's chance does not rule.
_LARGEST_GROWTH = 0.05
#: Narrowest band of ages that shows it [years].
_BAND = 5
#: Steps in which the growth rate is found to rounding; each gains three digits or more.
_STEPS = 8


def next_january(date: dt.date) -> int:
    """Calendar year of the first 1 January on or after a date.

    Examples
    --------
    >>> next_january(dt.date(2020, 11, 1)), next_january(dt.date(2024, 1, 1))
    (2021, 2024)
    """
    return date.year if (date.month, date.day) == (1, 1) else date.year + 1


def part_of_year(date: dt.date) -> float:
    """Years from a date to the next 1 January.

    Examples
    --------
    >>> round(part_of_year(dt.date(2020, 11, 1)), 4)
    0.1667
    """
    january = dt.date(next_january(date), 1, 1)
    return (january - date).days / (january - january.replace(year=january.year - 1)).days


def old_age_weights(person_years: xr.DataArray, population: xr.DataArray) -> xr.DataArray:
    r"""Weights that spread an open age group over the single ages in it.

    Parameters
    ----------
    person_years : xarray.DataArray
        :math:`L_x` (..., sex, age 0..100+) of the population's life table [person-years].
    population : xarray.DataArray
        (..., sex, age) [persons] by the lower bounds of any age groups, single ages too;
        the last is the open group, and starts below 100.

    Returns
    -------
    xarray.DataArray
        (..., sex, age from the open group's lower bound on) [1], adding up to 1.

    Notes
    -----
    A stable population: :math:`w_x \propto L_x e^{-r x}`, with the growth rate :math:`r`
    that two bands of ages below the open group show,

    .. math:: \frac{\sum_{x \in B} L_x e^{-rx}}{\sum_{x \in A} L_x e^{-rx}} = \frac{P_B}{P_A},

    kept within :math:`\pm 0.05` so that a small place's chance does not rule. :math:`B` are
    the groups that fill the five years, or more, below the open one, :math:`A` those below
    them. A stationary or stable population comes back; without two such bands, or with
    nobody in one, it is taken as stationary.

    Examples
    --------
    >>> L = xr.DataArray(np.linspace(1.0, 0.0, 102)[:-1], dims="age", coords={"age": range(101)})
    >>> people = 1e3 * L.sel(age=slice(0, 85))  # single ages, and all of the old in 85+
    >>> weights = old_age_weights(L, people)
    >>> bool(np.allclose(weights, L.sel(age=slice(85, None)) / L.sel(age=slice(85, None)).sum()))
    True
    """
    lower = population["age"].values
    last = int(lower[-1])
    old = person_years.sel(age=slice(last, None))
    bands = _bands_below(lower)
    if bands is None:
        return old / old.sum("age")
    counted = [population.sel(age=slice(a, b - 1)).sum("age") for a, b in bands]
    lived = [person_years.sel(age=slice(a, b - 1)) for a, b in bands]
    between = (bands[1][0] + bands[1][1] - bands[0][0] - bands[0][1]) / 2.0
    shown = counted[1] / counted[0].where(counted[0] > 0.0)
    shown = shown.where(shown > 0.0)
    growth = xr.zeros_like(shown)
    for _ in range(_STEPS):
        stable = [(L * np.exp(-growth * (L["age"] - last))).sum("age") for L in lived]
        off = np.log(stable[1] / stable[0]) - np.log(shown)
        growth = (growth + off / between).clip(-_LARGEST_GROWTH, _LARGEST_GROWTH).fillna(0.0)
    weights = old * np.exp(-growth * (old["age"] - last))
    return weights / weights.sum("age")


def _bands_below(lower: np.ndarray) -> list[tuple[int, int]] | None:
    """Two bands of groups (first age, age after the last) below the open one, or none."""
    bands: list[tuple[int, int]] = []
    end = int(lower[-1])
    for start in lower[-2::-1]:
        if end - start >= _BAND:
            bands.insert(0, (int(start), end))
            end = int(start)
        if len(bands) == 2:
            return bands
    return None


def move_to_january(
    population: xr.DataArray,
    date: dt.date,
    *,
    mortality_rate: xr.DataArray,
    fertility_rate: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
    net_migration: xr.DataArray | None = None,
) -> xr.DataArray:
    r"""Move a population by single age to the next 1 January.

    Parameters
    ----------
    population : xarray.DataArray
        (..., sex, age) [persons] at ``date``.
    date : datetime.date
    mortality_rate : xarray.DataArray
        (..., sex, age) [deaths per person-year] of the months between.
    fertility_rate : xarray.DataArray
        (..., age) [births per woman and year] of the months between.
    sex_ratio_at_birth : xarray.DataArray or float
        [males per female]
    net_migration : xarray.DataArray, optional
        (..., sex, age) [persons a year]; the part of a year to go has its part of them. None
        if absent.

    Returns
    -------
    xarray.DataArray
        population (..., sex, age) [persons] at 1 January; unchanged if it stands there.

    Raises
    ------
    CoordinateError
        Ages are not single, or the sexes not female, male.
    BoundsError
        As from :func:`popsim.life_table`.

    Warns
    -----
    MigrationAdjustmentWarning
        More would leave an age than live there; nobody is left.

    Notes
    -----
    With the part :math:`f` of a year to go and birthdays spread over the year as in the life
    table, where :math:`\ell_{x,f} = \int_0^f l(x+t)\,dt` are the years lived in the first
    part of an age,

    .. math:: P'_x = P_x \frac{L_x - \ell_{x,f}}{L_x} + P_{x-1} \frac{\ell_{x,f}}{L_{x-1}},
        \qquad \ell_{x,f} = f\,l_x - d_x (1 - a_x) f^{1/(1-a_x)},

    the latter from :math:`l(x+t) = l_x - d_x t^{a/(1-a)}`, which has the table's
    :math:`a_x`: most infants die in their first days. The open group keeps its own, and
    dies at its constant rate. A stationary population stays what it is. The births of the
    months, :math:`f \sum_x f_x` times the mean of the women at their start and end, survive
    by :math:`\ell_{0,f} / f`. Half of the migrants are there from the start, half come at
    the end, as in :func:`popsim.project`.

    Examples
    --------
    >>> ages = {"sex": ["female", "male"], "age": range(101)}
    >>> people = xr.DataArray(np.full((2, 101), 100.0), coords=ages, dims=("sex", "age"))
    >>> dies_at_last = xr.where(people.age < 100, 0.0, 0.5).broadcast_like(people)
    >>> moved = move_to_january(people, dt.date(2020, 7, 1), mortality_rate=dies_at_last,
    ...                         fertility_rate=people[0] * 0, sex_ratio_at_birth=1.05)
    >>> moved.sel(sex="female").values[[0, 1, 100]].round(1).tolist()
    [49.7, 100.0, 122.2]
    """
    check_sex(population)
    ages = population["age"].values
    if len(ages) < 3 or np.any(np.diff(ages) != 1):
        raise CoordinateError(
            "the population is not by single age",
            where="age",
            got=ages[:4].tolist(),
            allowed="0, 1, 2, ...",
            fix="graduate it first: popsim.demography.ages.graduation.graduate_counts",
        )
    f = 0.0 if (date.month, date.day) == (1, 1) else part_of_year(date)
    if f == 0.0:
        return population.copy()
    table = life_table(mortality_rate)
    closed = table["age"] < ages[-1]
    ax = table["ax"].where(closed, 0.5)
    early = f * table["lx"] - table["dx"] * (1.0 - ax) * f ** (1.0 / (1.0 - ax))
    early = xr.where(closed, early, table["Lx"] * (1.0 - np.exp(-f * table["mortality_rate"])))
    lived = table["Lx"].where(table["Lx"] > 0.0)
    stay = ((lived - early) / lived).fillna(0.0)
    go = (early.shift(age=-1) / lived).fillna(0.0)  # to the birthday, and on to 1 January

    half = 0.0 if net_migration is None else net_migration * (f / 2.0)
    there = population + half
    moved = there * stay + (there * go).shift(age=1, fill_value=0.0) + half
    women = (there + moved).sel(sex="female", drop=True) / 2.0
    births = (fertility_rate * women).sum("age") * f
    girls = births / (1.0 + sex_ratio_at_birth)
    born = xr.concat([girls, births - girls], dim=population["sex"])
    newborn = born * early.sel(age=ages[0], drop=True) / f
    moved = xr.where(moved["age"] == ages[0], moved + newborn, moved)
    return _nobody_below_zero(moved).transpose(..., "sex", "age")


def _nobody_below_zero(moved: xr.DataArray) -> xr.DataArray:
    """The population, with nobody where net migration would leave less than nobody."""
    missing = float(-moved.clip(max=0.0).sum())
    if missing > 0.0:
        warnings.warn(
            f"net migration would empty age groups between the count and 1 January: "
            f"{missing:.3g} persons more would leave than live there, and stay out of it. Give "
            "net migration by sex and age that the population can bear.",
            MigrationAdjustmentWarning,
            stacklevel=3,
        )
    return moved.clip(min=0.0)
