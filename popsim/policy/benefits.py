"""What an instrument is worth to a family, and when its payments fall due."""

from __future__ import annotations

import datetime as dt

import numpy as np

from popsim.scenario.model import ChildAllowance, HomePurchaseSubsidy, Instrument


def amount(instrument: Instrument, order: int) -> float:
    """What one family gets in all for a birth of the order [yuan]; 0 if not eligible."""
    declared = instrument.amounts.get(order)
    if declared is None:
        return 0.0
    if isinstance(instrument, HomePurchaseSubsidy):
        return min(declared.value / 100.0 * instrument.price.value, instrument.cap.value)
    return declared.value


def payment_ages(instrument: Instrument) -> np.ndarray:
    """Age of the child at each of the equal payments (payment,) [years]."""
    if isinstance(instrument, ChildAllowance):
        months = instrument.from_month + np.arange(instrument.months)
        return (months + 0.5) / 12.0
    return np.zeros(1)


def present_value(instrument: Instrument, order: int, discount_rate: float) -> float:
    """Value at birth of all payments [yuan], discounted by a yearly rate [1]."""
    factors = (1.0 + discount_rate) ** -payment_ages(instrument)
    return amount(instrument, order) * float(factors.mean())


def payment_calendar(instrument: Instrument) -> np.ndarray:
    """Share of the payments that falls in each calendar year after the birth's own (year,) [1].

    Births are spread evenly over their year: a payment at age 0.5 falls in the year of
    birth for half of the children and in the next for the others.

    Examples
    --------
    >>> import popsim as ps
    >>> payment_calendar(ps.load_scenario("ouhai").instruments[1]).round(3)
    array([0.167, 0.333, 0.333, 0.167])
    """
    ages = payment_ages(instrument)
    whole = np.floor(ages).astype(np.int64)
    later = ages - whole
    shares = np.zeros(whole.max() + 2)
    np.add.at(shares, whole, (1.0 - later) / len(ages))
    np.add.at(shares, whole + 1, later / len(ages))
    return np.trim_zeros(shares, "b")


def decimal_year(date: dt.date) -> float:
    """A date as a point on the calendar axis: 2025.0 is 1 January 2025.

    Examples
    --------
    >>> decimal_year(dt.date(2024, 7, 2))
    2024.5
    """
    january = dt.date(date.year, 1, 1)
    days = (dt.date(date.year + 1, 1, 1) - january).days
    return date.year + (date - january).days / days


def in_force(instrument: Instrument) -> tuple[float, float]:
    """First and last (exclusive) instant of the births that are paid for [decimal years]."""
    end = instrument.end
    return (
        decimal_year(instrument.start),
        np.inf if end is None else decimal_year(end + dt.timedelta(days=1)),
    )


def share_of_years(
    start: float | np.ndarray, end: float | np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Share of each calendar year between two instants (..., year) [1]."""
    start, end = np.asarray(start)[..., None], np.asarray(end)[..., None]
    return np.clip(np.minimum(end, years + 1.0) - np.maximum(start, years), 0.0, 1.0)
