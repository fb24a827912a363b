"""Women by parity of any place: a relational model of progression on the place's past births.

A cohort passes through the births per woman of its past, year after year. Each year's births
fall on its women of parity 0, 1, 2 and 3 or more by risks whose contrasts are those of a
standard, the table of Fuzhou by order and single age, moved by the level and the age of
the year's fertility (table ``parity_relational``); all risks times one number are what gives
the births. So the children that the women of a cohort have are its cumulated fertility, by
construction, and nobody bears twice a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from popsim import data
from popsim.errors import BoundsError
from popsim.schema.conventions import ORDERS, PARITIES

#: Odds of the table ``parity_relational`` that draws vary, by the order of the birth.
ODDS = ("first_odds", "second_odds", "third_odds")

#: Ages of the standard with births enough of every order for a contrast; held beyond.
_STANDARD_AGES = (18, 42)
#: Ages over which the standard's few births are averaged.
_WINDOW = 5
#: Newton's steps, each of which doubles the digits, and where they end.
_STEPS, _MET = 60, 4e-16
#: Of the women who can bear in a year, no more than this share is taken to do so.
_LARGEST_SHARE = 0.98


@cache
def _values(quantity: str) -> tuple[np.ndarray, ...]:
    """Logarithms of the total fertility rates of a quantity; its values, lowest and highest."""
    table = data.table("parity_relational")
    rows = table[table["quantity"] == quantity].sort_values("total_fertility_rate")
    at, *rest = (
        rows[name].to_numpy(float) for name in ("total_fertility_rate", "value", "low", "high")
    )
    return (np.log(at), *rest)


def odds_factor(quantity: str, at: np.ndarray) -> np.ndarray:
    """Factor of a draw on a cross-ratio (draw) [1].

    Parameters
    ----------
    quantity : str
        One of :data:`ODDS`.
    at : numpy.ndarray
        (draw,) where in its range it stands: 0 lowest, 0.5 at its value, 1 highest.

    Examples
    --------
    >>> odds_factor("first_odds", np.array([0.0, 0.5, 0.75])).round(4).tolist()
    [0.55, 1.0, 1.3416]
    """
    _, value, low, high = _values(quantity)
    away = 2.0 * np.asarray(at, dtype=float) - 1.0
    return np.asarray(value[0] * np.where(away < 0.0, value / low, high / value) ** away)


@dataclass(frozen=True)
class Standard:
    """The table of Fuzhou as a standard of parity progression.

    Attributes
    ----------
    position : numpy.ndarray
        (age,) share of the total fertility rate borne by the middle of the age.
    first, higher : numpy.ndarray
        (age,) logarithm of the conditional rate of first births, and of third and higher
        ones, over that of second births.
    mean_age : float
        Mean age at childbearing [years].
    """

    position: np.ndarray
    first: np.ndarray
    higher: np.ndarray
    mean_age: float


@cache
def standard() -> Standard:
    r"""Contrasts between the conditional rates of Fuzhou 2020, by position in the schedule.

    Notes
    -----
    Incidence rates :math:`f_o(x)`, cumulated to the middle of each age, give the women of a
    synthetic cohort by parity, :math:`s_0 = 1 - F_1`, :math:`s_1 = F_1 - F_2`,
    :math:`s_{2+} = F_2`; and conditional rates :math:`c_k = f_{k+1} / s_k`.

    Examples
    --------
    >>> of = standard()
    >>> [round(float(np.interp(0.5, of.position, row)), 2) for row in (of.first, of.higher)]
    [-1.04, -1.78]
    """
    table = data.table("fertility_by_order_fuzhou")
    ages, women = table["age"].to_numpy(float), table["women"].to_numpy(float)
    births = table[["first", "second", "third_or_higher"]].to_numpy(float).T
    window = np.ones(_WINDOW)
    exposed = np.convolve(women, window, mode="same")
    rates = np.stack([np.convolve(row, window, mode="same") for row in births]) / exposed
    middle = np.cumsum(rates, axis=1) - rates / 2.0
    some = (ages >= _STANDARD_AGES[0]) & (ages <= _STANDARD_AGES[1])
    able = np.stack([1.0 - middle[0], middle[0] - middle[1], middle[1]])[:, some]
    conditional = np.log(rates[:, some] / able)
    total = rates.sum(axis=0)
    return Standard(
        position=(np.cumsum(total) - total / 2.0)[some] / total.sum(),
        first=conditional[0] - conditional[1],
        higher=conditional[2] - conditional[1],
        mean_age=float((total * (ages + 0.5)).sum() / total.sum()),
    )


def _at_level(quantity: str, level: np.ndarray) -> np.ndarray:
    at, value, *_ = _values(quantity)
    return np.interp(np.log(np.maximum(level, 1e-6)), at, value)


def risks(level: np.ndarray, mean_age: np.ndarray, position: np.ndarray) -> np.ndarray:
    r"""Risks of the parities relative to that of women with one child (..., parity, age) [1].

    Parameters
    ----------
    level : numpy.ndarray
        (..., age) total fertility rate [births per woman].
    mean_age : numpy.ndarray
        (...) mean age at childbearing of the schedule [years].
    position : numpy.ndarray
        (..., age) share of the total fertility rate that is borne by the age.

    Notes
    -----
    With the standard's contrasts :math:`z_1, z_3` at the position and the quantities of the
    table ``parity_relational`` at the level,
    :math:`\ln r_0 = \alpha - \tau (m - m^s) + \beta_1 z_1`, :math:`r_1 = 1`,
    :math:`\ln r_2 = \ln r_3 = \beta_3 z_3`.

    Examples
    --------
    >>> one, high = np.array([1.3]), np.array([6.5])
    >>> [risks(level, np.array(28.5), np.array([0.9]))[:, 0].round(2).tolist()
    ...     for level in (one, high)]
    [[0.82, 1.0, 0.29, 0.29], [0.29, 1.0, 1.0, 1.0]]
    """
    of = standard()
    later = np.asarray(mean_age)[..., None] - of.mean_age
    first = (
        _at_level("first_level", level)
        - _at_level("first_age", level) * later
        + _at_level("first_slope", level) * np.interp(position, of.position, of.first)
    )
    higher = _at_level("higher_slope", level) * np.interp(position, of.position, of.higher)
    return np.exp(np.stack([first, np.zeros_like(first), higher, higher], axis=-2))


def bear(able: np.ndarray, risk: np.ndarray, births: np.ndarray, year: int) -> np.ndarray:
    r"""Births of a year by parity of the mother (..., parity, age), per woman of the age.

    Parameters
    ----------
    able : numpy.ndarray
        (..., parity, age) women of the parity who may bear, per woman of the age [1].
    risk : numpy.ndarray
        (..., parity, age) [1]
    births : numpy.ndarray
        (..., age) of all parities.
    year : int
        Named where the births cannot be.

    Raises
    ------
    BoundsError
        Nearly all women, or more, would bear in the year.

    Notes
    -----
    :math:`b_k = s_k [1 - e^{-\theta r_k}]`, with the one :math:`\theta` of the age by which
    the parities add up to the births. The sum is concave in it, so Newton's steps from 0
    come to it from below and never pass it.
    """
    bad = births > _LARGEST_SHARE * able.sum(axis=-2)
    if bad.any():
        raise BoundsError(
            "nearly every woman of an age would have borne in one year",
            where=f"past fertility, {year}, women aged {int(np.argwhere(bad)[0][-1])}",
            got=float(births[bad][0]),
            allowed=f"fewer than {_LARGEST_SHARE:g} births in the year per woman who can bear",
            fix="rates per woman and year of age; per 1,000 women they are divided by 1000",
        )
    some = births > 0.0
    force = np.zeros_like(births)
    for _ in range(_STEPS):
        share = -np.expm1(-force[..., None, :] * risk)
        missing = births - (able * share).sum(axis=-2)
        slope = (able * risk * (1.0 - share)).sum(axis=-2)
        force = force + np.where(some, missing / np.where(some, slope, 1.0), 0.0)
        if (np.abs(missing) <= _MET * (1.0 + births)).all():
            break
    borne = able * -np.expm1(-force[..., None, :] * risk)
    made = borne.sum(axis=-2)
    return borne * np.where(some, births / np.where(some, made, 1.0), 0.0)[..., None, :]


def able_of(shares: np.ndarray) -> np.ndarray:
    """Women of each parity who may still bear (..., parity, age), per woman of the age.

    All but those who never do (``never``), and those who stop at their first child
    (``only_one``, of all who have borne).

    Examples
    --------
    >>> able_of(np.array([[0.5], [0.25], [0.25], [0.0]]))[:, 0].round(3).tolist()
    [0.48, 0.24, 0.25, 0.0]
    """
    able = shares.copy()
    childless = shares[..., 0, :]
    never, only_one = (float(_values(name)[1][0]) for name in ("never", "only_one"))
    able[..., 0, :] = np.maximum(childless - never, 0.0)
    able[..., 1, :] = np.maximum(shares[..., 1, :] - only_one * (1.0 - childless), 0.0)
    return able


def walk(
    rates: np.ndarray, scale: np.ndarray, time: int, *, years: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take the cohorts of a date through their past births.

    Parameters
    ----------
    rates : numpy.ndarray
        (place, since, age) births per woman and year, of the years that end the given number
        of years before the date, the latest last.
    scale : numpy.ndarray
        (place, age) factor of the rates for the cohort of the age at the date [1].
    time : int
        1 January of this year.
    years : int
        For so many years before the date, births by order are given back.

    Returns
    -------
    shares : numpy.ndarray
        (place, parity, age) [1], at the date.
    by_order : numpy.ndarray
        (place, year, order, age) births per woman of the age at the date, in the year before
        it, the year before that, and so on.

    Raises
    ------
    BoundsError
        Nearly all women of an age would bear in a year.
    """
    places, span, ages = rates.shape
    shares = np.zeros((places, len(PARITIES), ages))
    shares[:, 0] = 1.0
    by_order = np.zeros((places, years, len(ORDERS), ages))
    for since in range(span, 0, -1):
        row = rates[:, span - since]
        total = row.sum(axis=-1)
        if not (total > 0.0).any():
            continue
        then = np.arange(ages) - since  # age on 1 January of the year
        born = then >= 0
        at = np.maximum(then, 0)
        both = (row + np.append(row[:, 1:], np.zeros((places, 1)), axis=1)) / 2.0
        births = np.where(born, both[:, at], 0.0) * scale
        position, mean_age = schedule(row)
        risk = risks(total[:, None] * scale, mean_age, position[:, at])
        borne = bear(able_of(shares), risk, births, time - since)
        shares -= borne * np.array([1.0, 1.0, 1.0, 0.0])[:, None]
        shares[:, 1:] += borne[:, :3]
        if since <= years:
            by_order[:, since - 1] = orders_of(borne)
    # Women nearly all of whom have moved up leave rounding behind.
    return np.maximum(shares, 0.0), by_order


def schedule(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the total rate borne by the end of each age, and its mean age (of a year).

    Examples
    --------
    >>> position, mean_age = schedule(np.array([0.0, 0.1, 0.1, 0.0]))
    >>> position.tolist(), float(mean_age)
    ([0.0, 0.5, 1.0, 1.0], 2.0)
    """
    total = rates.sum(axis=-1, keepdims=True)
    parts = rates / np.where(total > 0.0, total, 1.0)
    return np.cumsum(parts, axis=-1), (parts * (np.arange(rates.shape[-1]) + 0.5)).sum(axis=-1)


def orders_of(by_parity: np.ndarray) -> np.ndarray:
    """Births by parity of the mother (..., parity, age) as births by order (..., order, age)."""
    last = by_parity[..., 2:, :].sum(axis=-2, keepdims=True)
    return np.concatenate([by_parity[..., :2, :], last], axis=-2)


def first_year_orders(shares: np.ndarray, rates: np.ndarray, time: int) -> np.ndarray:
    """Shares of the orders in the births of a year, by age of mother (place, order, age) [1].

    Parameters
    ----------
    shares : numpy.ndarray
        (place, parity, age) of the women on 1 January.
    rates : numpy.ndarray
        (place, age) births per woman and year.
    time : int
        The year.

    Returns
    -------
    numpy.ndarray
        Adding up to 1; first births alone where nobody bears.

    Raises
    ------
    BoundsError
        Nearly all women of an age would bear.
    """
    # At an age bear those who have it at the start, and those who reach it in the year.
    younger = np.concatenate([shares[..., :1], shares[..., :-1]], axis=-1)
    able = able_of((shares + younger) / 2.0)
    position, mean_age = schedule(rates)
    position = position - np.diff(position, axis=-1, prepend=0.0) / 2.0
    level = np.broadcast_to(rates.sum(axis=-1, keepdims=True), rates.shape)
    by_order = orders_of(bear(able, risks(level, mean_age, position), rates, time))
    total = by_order.sum(axis=-2, keepdims=True)
    some = total > 0.0
    alone = np.array([1.0, 0.0, 0.0])[:, None]
    return np.where(some, by_order / np.where(some, total, 1.0), alone)
