"""Women by age and parity at the start of a projection, for China and its places.

No table of women by age and parity is published for the places. What is known of the nation
is how many births each cohort has had (WPP 2024), how many women have none (census 2020)
and by which pattern of age first births come (Fuzhou 2020); the table
``parity_assumptions`` says what is assumed for the rest, and in which range. For any place
whose past fertility is known there is :mod:`popsim.baselines.parity_past`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from popsim import data
from popsim.baselines import china
from popsim.baselines.parity_past import RECONSTRUCTION, check_single_ages, women_from_shares
from popsim.baselines.past_fertility import cumulated, held_before
from popsim.errors import BoundsError, InputError
from popsim.schema.conventions import PARITIES

#: First and last 1 January that WPP's rates reach.
FIRST_START, LAST_START = china.FIRST_YEAR + 1, china.LAST_YEAR + 1
#: Value of the attribute ``reconstruction`` where China's table is what women are split by.
ASSUMPTIONS = "parity_assumptions"
RULE = (
    "China's past by cohort (births of WPP 2024, childless women of the census of 2020), moved to "
    "the place's total fertility rate (table parity_assumptions)"
)

#: Quantities of the table by which shares are reconstructed; draws vary these.
QUANTITIES = (
    "ever_first",
    "mean_age_first",
    "spread_first",
    "later_progression",
    "births_of_three",
    "place_first",
    "place_higher",
)

_AGES = np.arange(101)
_VALUES: Mapping[str, np.ndarray] = {}
#: Nobody has borne before.
_FIRST_BIRTHS_AT = 15
#: Of the births that young women have had, some are second ones, or nobody could bear the
#: third ones that are counted. Fuzhou 2020, ages 15 to 19: 54 of 63 births are first ones.
_LARGEST_SHARE_FIRST = 54 / 63
#: Nobody's schedule is so steep that all mothers of one child go on to a second.
LARGEST_PROGRESSION = 0.995


def assumed(quantity: str, cohort: np.ndarray, at: np.ndarray | float = 0.5) -> np.ndarray:
    """An assumption by birth cohort, linear between the cohorts that the table has.

    Parameters
    ----------
    quantity : str
        A quantity of the table ``parity_assumptions``.
    cohort : numpy.ndarray
        (cohort,) calendar years of birth.
    at : numpy.ndarray or float
        (...) where in its range the quantity stands [1]: 0 lowest, 0.5 at its value, 1
        highest, linear between; the same for all cohorts.

    Returns
    -------
    numpy.ndarray
        (..., cohort), in the unit of the table.

    Raises
    ------
    InputError
        The table has no such quantity; a place outside of the range.

    Examples
    --------
    >>> assumed("ever_first", np.array([1980, 1985, 2030])).tolist()
    [0.924, 0.9005, 0.78]
    >>> assumed("place_first", np.array([2000]), np.array([0.0, 0.75])).tolist()
    [[0.2], [0.8]]
    """
    known_at, value, low, high = _ranges(quantity)
    place = np.asarray(at, dtype=float)[..., None]
    if not ((place >= 0.0) & (place <= 1.0)).all():
        raise InputError(
            f"{quantity} is asked for outside of its range",
            where="at",
            got=float(place.min() if place.min() < 0.0 else place.max()),
            allowed="0 (lowest) to 1 (highest); 0.5 is the value itself",
        )
    away = 2.0 * place - 1.0
    known = value + away * np.where(away < 0.0, value - low, high - value)
    weights = [np.interp(cohort, known_at, unit) for unit in np.eye(len(known_at))]
    # Term by term: a matrix product would have other bits for one draw than for many.
    return np.asarray(sum(known[..., [k]] * unit for k, unit in enumerate(weights)))


@cache
def _ranges(quantity: str) -> tuple[np.ndarray, ...]:
    """Cohorts of a quantity, its values there, and the lowest and highest."""
    table = data.table("parity_assumptions")
    rows = table[table["quantity"] == quantity].sort_values("cohort")
    if rows.empty:
        raise InputError(
            f"the assumptions have no {quantity!r}",
            where="parity_assumptions",
            got=quantity,
            allowed=", ".join(sorted(set(map(str, table["quantity"])))),
        )
    cohort, value, low, high = (
        rows[name].to_numpy(float) for name in ("cohort", "value", "low", "high")
    )
    return cohort, value, low, high


def births_per_woman(time: int) -> np.ndarray:
    r"""Births that China's women of each age have had by 1 January, of all orders (age,).

    Notes
    -----
    WPP's rates of all years from 1950 along the cohorts
    (:func:`popsim.baselines.past_fertility.cumulated`); before 1950, those of 1950.
    """
    rates = china.fertility_rate(china.FIRST_YEAR, time - 1)
    return np.asarray(cumulated(held_before(rates, time)).values)


def share_with_a_child(time: int, at: Mapping[str, np.ndarray] = _VALUES) -> np.ndarray:
    r"""Share of China's women of each age who have borne by 1 January (..., age) [1].

    Notes
    -----
    :math:`U_c G[(a + 1/2 - \mu_c) / \sigma_c]`: the share :math:`U` of the cohort that ever
    does, and the cumulated first-birth rates :math:`G` of Fuzhou 2020, moved and stretched
    to the mean age :math:`\mu` and the standard deviation :math:`\sigma` of the cohort.
    """
    table = data.table("fertility_by_order_fuzhou")
    rates = (table["first"] / table["women"]).to_numpy(float)
    # Single cases at the youngest and oldest ages: their neighbours speak for them.
    rates = np.convolve(rates, np.ones(3) / 3.0, mode="same")
    middle = table["age"].to_numpy(float) + 0.5
    mean = float((rates * middle).sum() / rates.sum())
    spread = float(np.sqrt((rates * (middle - mean) ** 2).sum() / rates.sum()))
    borders = np.append(middle - 0.5, middle[-1] + 0.5)
    reached = np.append(0.0, np.cumsum(rates)) / rates.sum()

    cohort = time - _AGES - 1
    ever, middle_first, spread_first = (
        assumed(name, cohort, at.get(name, 0.5))
        for name in ("ever_first", "mean_age_first", "spread_first")
    )
    scaled = mean + spread * (_AGES + 0.5 - middle_first) / spread_first
    share = ever * np.interp(scaled, borders, reached)
    return np.where(_AGES < _FIRST_BIRTHS_AT, 0.0, share)


def reconstruction(time: int, at: Mapping[str, np.ndarray] = _VALUES) -> dict[str, np.ndarray]:
    """What the reconstruction knows of China's women of each age before it turns to a place.

    Parameters
    ----------
    time : int
        [calendar year]
    at : mapping of str to numpy.ndarray
        By quantity of the table ``parity_assumptions``: (draw,) where in its range it stands.

    Returns
    -------
    dict of str to numpy.ndarray
        ``mothers``, the share who have borne, ``later``, the later births of a mother, and the
        quantities later_progression, births_of_three, place_first and place_higher of the
        table; (age,), or (draw, age) where what they rest on is drawn.

    Raises
    ------
    InputError
        A time before 1951 or after 2101; a place outside of a range.

    Examples
    --------
    >>> known = reconstruction(2021, {"ever_first": np.array([0.0, 0.5, 1.0])})
    >>> known["mothers"].shape, known["mothers"][:, 35].round(3).tolist()
    ((3, 101), [0.876, 0.891, 0.905])
    """
    if not FIRST_START <= time <= LAST_START:
        raise InputError(
            "women by parity cannot be reconstructed for this date",
            where="time",
            got=time,
            allowed=f"{FIRST_START} to {LAST_START}",
            fix="give build_baseline the place's past_fertility, or no nation",
        )
    births = births_per_woman(time)
    mothers = np.minimum(share_with_a_child(time, at), _LARGEST_SHARE_FIRST * births)
    some = mothers > 0.0
    names = ("later_progression", "births_of_three", "place_first", "place_higher")
    return {
        "mothers": mothers,
        "later": np.where(some, births / np.where(some, mothers, 1.0) - 1.0, 0.0),
        **{name: assumed(name, time - _AGES - 1, at.get(name, 0.5)) for name in names},
    }


def level_of_past(level: xr.DataArray) -> xr.DataArray:
    """Level of fertility that is taken for the past of a place's women (...) [1].

    A level above ``largest_level`` of the table is one year's, or a what-if, and no past: no
    province of China has had so much more than the nation over the decades.

    Parameters
    ----------
    level : xarray.DataArray
        (...) total fertility rate over China's [1].

    Raises
    ------
    BoundsError
        A level below zero, or none.
    """
    if not bool(((level >= 0.0) & np.isfinite(level)).all()):
        raise BoundsError(
            "the level of fertility is negative or missing",
            where="level",
            got=level.values.tolist(),
            allowed="the place's total fertility rate over China's, 0 or more",
        )
    return level.clip(max=float(assumed("largest_level", np.zeros(1))[0]))


def starting_shares(
    time: int,
    *,
    level: xr.DataArray | float = 1.0,
    at: Mapping[str, xr.DataArray] | None = None,
) -> xr.DataArray:
    r"""Share of the women of each age who have 0, 1, 2, and 3 or more children.

    Parameters
    ----------
    time : int
        1 January of this year [calendar year].
    level : xarray.DataArray or float
        (...) the place's total fertility rate over China's [1].
    at : mapping of str to DataArray, optional
        By quantity of the table ``parity_assumptions``: (draw) where in its range it stands
        [0 lowest to 1 highest]; at its value where absent.

    Returns
    -------
    xarray.DataArray
        (..., parity, age) [1], adding up to 1 over parity.

    Raises
    ------
    InputError
        A time before 1951 or after 2101; a place outside of a range.
    BoundsError
        A level below zero.

    Notes
    -----
    With the share :math:`Q` who have borne (:func:`share_with_a_child`) and the births
    :math:`C` per woman (:func:`births_per_woman`), a mother has :math:`H = C/Q - 1` later
    births. Of the mothers the share :math:`x` has a second, and a woman with two has
    :math:`\kappa x` births of third and higher order (``later_progression``):

    .. math:: H = x + \kappa x^2 .

    Each woman with three or more has ``births_of_three`` of these. In a place of level
    :math:`\rho` (:func:`level_of_past`) the childless are :math:`(1-Q)^{\rho^{e_1}}` and a
    mother has :math:`\rho^{e_2} H` later births.

    Examples
    --------
    >>> shares = starting_shares(2021)
    >>> (100 * shares.sel(parity=0, age=[35, 40, 49])).round(1).values.tolist()
    [10.9, 7.8, 5.2]
    """
    ratio = xr.DataArray(level) if not isinstance(level, xr.DataArray) else level
    places = {name: place.values for name, place in (at or {}).items()}
    nation = reconstruction(time, places)
    ratio = level_of_past(ratio)

    def labelled(values: np.ndarray) -> xr.DataArray:
        dims = ("draw", "age")[2 - values.ndim :]
        coords = {"age": _AGES, **({"draw": np.arange(len(values))} if values.ndim == 2 else {})}
        return xr.DataArray(values, dims=dims, coords=coords)

    def quantity(name: str) -> xr.DataArray:
        return labelled(nation[name])

    later = quantity("later") * ratio ** quantity("place_higher")
    # By logarithms, since young mothers are few: what is near 1 has lost their last digits.
    force = ratio ** quantity("place_first") * labelled(np.log1p(-nation["mothers"]))
    with_child = -xr.apply_ufunc(np.expm1, force)

    kappa = quantity("later_progression")
    second = (np.sqrt(1.0 + 4.0 * kappa * later) - 1.0) / (2.0 * kappa)
    second = second.clip(0.0, LARGEST_PROGRESSION)
    third = (kappa * second / quantity("births_of_three")).clip(0.0, LARGEST_PROGRESSION)
    levels = (
        1.0 - with_child,
        with_child * (1.0 - second),
        with_child * second * (1.0 - third),
        with_child * second * third,
    )
    shares = xr.concat(levels, dim=pd.Index(PARITIES, name="parity"))
    return shares.transpose(..., "parity", "age")


def level_of_fertility(total_fertility_rate: xr.DataArray) -> xr.DataArray:
    """Total fertility rate over China's of the same year (WPP 2024) (...) [1].

    Parameters
    ----------
    total_fertility_rate : xarray.DataArray
        (..., year) [births per woman]; its first year is read.

    Raises
    ------
    InputError
        A year that WPP does not cover.

    Examples
    --------
    >>> year = {"year": [2021, 2022]}
    >>> tfr = xr.DataArray([0.55872, 0.6], dims="year", coords=year)
    >>> round(float(level_of_fertility(tfr)), 6)
    0.5
    """
    first = int(total_fertility_rate["year"].values[0])
    china.check_span(first, first)
    nation = float(china.published("total_fertility_rate").sel(year=first))
    return total_fertility_rate.isel(year=0, drop=True) / nation


def starting_women(
    women: xr.DataArray,
    time: int,
    *,
    level: xr.DataArray | float = 1.0,
    at: Mapping[str, xr.DataArray] | None = None,
) -> xr.DataArray:
    """Split women by age into parities by :func:`starting_shares`.

    Parameters
    ----------
    women : xarray.DataArray
        (..., age 0..100+) [persons] at 1 January.
    time : int
        [calendar year]
    level : xarray.DataArray or float
        (...) the place's total fertility rate over China's [1].
    at : mapping of str to DataArray, optional
        As for :func:`starting_shares`.

    Returns
    -------
    xarray.DataArray
        women_by_parity (..., parity, age) [persons], adding up to the women; the attribute
        ``reconstruction`` tells them from women who were counted.

    Raises
    ------
    InputError, BoundsError
        See :func:`starting_shares`.
    CoordinateError
        Ages that are not 0 to 100+ by single years.

    Examples
    --------
    >>> women = xr.DataArray(np.full(101, 100.0), dims="age", coords={"age": range(101)})
    >>> split = starting_women(women, 2021)
    >>> split.sel(age=30).round(1).values.tolist()
    [20.8, 45.2, 27.7, 6.4]
    """
    check_single_ages(women)
    split = women_from_shares(women, starting_shares(time, level=level, at=at), RULE)
    split.attrs[RECONSTRUCTION] = ASSUMPTIONS
    return split
