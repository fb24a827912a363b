"""What an instrument is worth to a family, what it costs its payer, and when payments fall due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from popsim.scenario.instrument_parts import Spell
from popsim.scenario.instruments import (
    FamilyInstrument,
    FeeCap,
    HomePurchaseSubsidy,
    Leave,
    LoanCeiling,
    Monthly,
    ParentalLeave,
    PublicRentalPriority,
    RentAid,
    RentWithdrawal,
    TaxDeduction,
)
from popsim.schema.conventions import CHILD_END, ORDERS

#: A payment falls in a year; births and payments are placed on a grid of half months, on which
#: none of them meets the first of January.
HALF_MONTHS = 24

#: Children are followed to the age completed at the end of a year [years]; one more than the
#: oldest that is paid for, since what is paid late falls into the next year.
CHILD_AGES = CHILD_END + 1


@dataclass(frozen=True)
class Stream:
    """Equal payments to one family.

    Attributes
    ----------
    total : float
        All of them [yuan].
    ages : numpy.ndarray
        Age of the child at each (payment,) [years].
    """

    total: float
    ages: np.ndarray

    def present_value(self, discount_rate: float) -> float:
        """Value at birth [yuan], discounted by a yearly rate [1]."""
        return self.total * float(((1.0 + discount_rate) ** -self.ages).mean())


AT_BIRTH = np.zeros(1)


def monthly_ages(months: int, from_month: int = 0) -> np.ndarray:
    """Middle of each month of payment (month,) [years of age]."""
    return (from_month + np.arange(months) + 0.5) / 12.0


def _declared(spell: Spell, order: int) -> float:
    quantity = spell.amounts.get(order)
    return 0.0 if quantity is None else quantity.value


def _a_month(instrument: Monthly, spell: Spell, order: int) -> float:
    """Amount of the order in yuan a month."""
    quantity = spell.amounts.get(order)
    if quantity is None:
        return 0.0
    return quantity.value / (1.0 if quantity.unit == "yuan a month" else instrument.months)


def _capped(instrument: FamilyInstrument, total: float) -> float:
    return total if instrument.cap is None else min(total, instrument.cap.value)


@singledispatch
def family_stream(instrument: FamilyInstrument, spell: Spell, order: int) -> Stream:
    """What one family gets or saves for a birth of the order, in money.

    Parameters
    ----------
    instrument : FamilyInstrument
    spell : Spell
        One of the instrument's.
    order : int

    Returns
    -------
    Stream
        Of zero for an order without an amount, and for what is not money.
    """
    return Stream(_capped(instrument, _declared(spell, order)), AT_BIRTH)


@family_stream.register
def _(instrument: Monthly, spell: Spell, order: int) -> Stream:
    total = _a_month(instrument, spell, order) * instrument.months
    return Stream(
        _capped(instrument, total), monthly_ages(instrument.months, instrument.from_month)
    )


@family_stream.register
def _(instrument: FeeCap, spell: Spell, order: int) -> Stream:
    ages = monthly_ages(instrument.months, instrument.from_month)
    if order not in spell.amounts:
        return Stream(0.0, ages)
    saved = max(instrument.fee_before.value - _a_month(instrument, spell, order), 0.0)
    return Stream(_capped(instrument, saved * instrument.months), ages)


@family_stream.register
def _(instrument: TaxDeduction, spell: Spell, order: int) -> Stream:
    saved = _a_month(instrument, spell, order) * instrument.marginal_rate.value / 100.0
    ages = monthly_ages(instrument.months, instrument.from_month)
    return Stream(_capped(instrument, saved * instrument.months), ages)


@family_stream.register
def _(instrument: HomePurchaseSubsidy, spell: Spell, order: int) -> Stream:
    share = _declared(spell, order) / 100.0
    return Stream(_capped(instrument, share * instrument.price.value), AT_BIRTH)


@family_stream.register
def _(instrument: LoanCeiling, spell: Spell, order: int) -> Stream:
    more = max(_declared(spell, order) - instrument.before.value, 0.0)
    months = 12 * instrument.years
    saved = _annuity(more, instrument.market_rate.value, months)
    saved -= _annuity(more, instrument.fund_rate.value, months)
    return Stream(_capped(instrument, saved * months), monthly_ages(months))


@family_stream.register(Leave)
@family_stream.register(PublicRentalPriority)
@family_stream.register(RentWithdrawal)
def _(instrument: FamilyInstrument, spell: Spell, order: int) -> Stream:
    return Stream(0.0, AT_BIRTH)


def _annuity(principal: float, percent_a_year: float, months: int) -> float:
    """Monthly payment that pays a loan back [yuan]."""
    rate = percent_a_year / 1200.0
    if rate == 0.0:
        return principal / months
    return float(principal * rate / (1.0 - (1.0 + rate) ** -months))


@singledispatch
def payer_stream(instrument: FamilyInstrument, spell: Spell, order: int) -> Stream:
    """What one family costs the payers; as :func:`family_stream` where nothing else is said."""
    return family_stream(instrument, spell, order)


@payer_stream.register(FeeCap)
@payer_stream.register(LoanCeiling)
def _(instrument: FamilyInstrument, spell: Spell, order: int) -> Stream:
    return Stream(0.0, AT_BIRTH)


@payer_stream.register
def _(instrument: Leave, spell: Spell, order: int) -> Stream:
    if instrument.daily_pay is None:
        return Stream(0.0, AT_BIRTH)
    return Stream(
        _capped(instrument, more_days(instrument, spell, order) * instrument.daily_pay.value),
        AT_BIRTH,
    )


@payer_stream.register
def _(instrument: ParentalLeave, spell: Spell, order: int) -> Stream:
    if instrument.daily_pay is None:
        return Stream(0.0, AT_BIRTH)
    paid = more_days(instrument, spell, order) * instrument.daily_pay.value
    return Stream(_capped(instrument, paid), monthly_ages(12 * instrument.years))


@singledispatch
def more_days(instrument: Leave, spell: Spell, order: int) -> float:
    """Days of leave that the instrument adds for one family [days]."""
    return max(_declared(spell, order) - instrument.before.value, 0.0)


@more_days.register
def _(instrument: ParentalLeave, spell: Spell, order: int) -> float:
    return max(_declared(spell, order) - instrument.before.value, 0.0) * instrument.years


def cost_of_housing_cut(
    instrument: FamilyInstrument, spell: Spell, order: int, discount_rate: float
) -> float:
    """By how much a home becomes cheaper [percent of its cost]."""
    if isinstance(instrument, PublicRentalPriority):
        return _declared(spell, order)
    stream = family_stream(instrument, spell, order)
    if isinstance(instrument, RentAid):
        assert instrument.rent is not None  # the declaration asks for it
        return 100.0 * stream.total / instrument.months / instrument.rent.value
    assert isinstance(instrument, HomePurchaseSubsidy | LoanCeiling)
    assert instrument.price is not None
    return 100.0 * stream.present_value(discount_rate) / instrument.price.value


def amount(instrument: FamilyInstrument, order: int, on: dt.date | None = None) -> float:
    """What one family gets in all for a birth of the order [yuan]; 0 if there is no such amount.

    Parameters
    ----------
    instrument : FamilyInstrument
    order : int
    on : datetime.date, optional
        Date of birth; the first spell's amounts where absent.
    """
    spell = instrument.spells[0] if on is None else spell_at(instrument, decimal_year(on))
    return 0.0 if spell is None else family_stream(instrument, spell, order).total


def spell_at(instrument: FamilyInstrument, instant: float) -> Spell | None:
    """The spell that holds an instant [decimal year], or None."""
    for spell in instrument.spells:
        start, end = in_force(spell)
        if start <= instant < end:
            return spell
    return None


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


def in_force(spell: Spell) -> tuple[float, float]:
    """First and last (exclusive) instant of a spell [decimal years]."""
    end = spell.end
    return (
        decimal_year(spell.start),
        np.inf if end is None else decimal_year(end + dt.timedelta(days=1)),
    )


def pay_schedule(instrument: FamilyInstrument, years: np.ndarray) -> np.ndarray:
    """What the payers owe for a child, by calendar year, order and age.

    Parameters
    ----------
    instrument : FamilyInstrument
    years : numpy.ndarray
        (year,) calendar years, without gaps.

    Returns
    -------
    numpy.ndarray
        (year, order 1..3, child age 0..18) [yuan]: for a child of the completed age at the END
        of the year, if its family is among those that get it. Mean over the births of a year,
        which are spread evenly.

    Notes
    -----
    An amount is that of the spell in force at birth, or with ``paid_for: children`` at the
    payment, times indexation. Of what falls due in a year the share ``paid_late`` is paid in
    the next, when the child is a year older.

    Examples
    --------
    >>> import popsim as ps
    >>> rearing = ps.load_scenario("ouhai").instruments[1]
    >>> pay_schedule(rearing, np.array([2030]))[0, 1, :5].round(6).tolist()
    [3000.0, 6000.0, 6000.0, 3000.0, 0.0]
    """
    late = 0.0 if instrument.paid_late is None else instrument.paid_late.value
    due = _due(instrument, np.arange(years[0] - 1, years[-1] + 1))
    paid = (1.0 - late) * due[1:]
    paid[:, :, 1:] += late * due[:-1, :, :-1]
    paid[:, :, -1] += late * due[1:, :, -1]  # no later age is carried
    return paid


def _due(instrument: FamilyInstrument, years: np.ndarray) -> np.ndarray:
    """What falls due (year, order, child age) [yuan], by births on a grid of half months."""
    out = np.zeros((len(years), len(ORDERS), CHILD_AGES))
    of_children = isinstance(instrument, Monthly) and instrument.paid_for == "children"
    rate = 0.0 if instrument.indexation is None else instrument.indexation.value / 100.0
    in_year = (np.arange(HALF_MONTHS) + 0.5) / HALF_MONTHS
    for spell in instrument.spells:
        start, end = in_force(spell)
        for o, order in enumerate(ORDERS):
            stream = payer_stream(instrument, spell, order)
            if stream.total == 0.0:
                continue
            at = in_year[:, None] + stream.ages[None, :]  # payment, from the start of birth year
            later = np.floor(at).astype(np.int64)
            kept = later < CHILD_AGES
            each = stream.total / len(stream.ages) / HALF_MONTHS
            for j in np.unique(later[kept]):
                chosen = later == j
                birth = np.broadcast_to(in_year[:, None], at.shape)[chosen]
                when = (at[chosen] if of_children else birth)[None, :] + years[:, None] - j
                valid = (when >= start) & (when < end)
                growth = (1.0 + rate) ** (np.floor(when) - spell.start.year)
                out[:, o, j] += each * (valid * growth).sum(axis=1)
    return out


def share_of_years(
    start: float | np.ndarray, end: float | np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Share of each calendar year between two instants (..., year) [1]."""
    start, end = np.asarray(start)[..., None], np.asarray(end)[..., None]
    return np.clip(np.minimum(end, years + 1.0) - np.maximum(start, years), 0.0, 1.0)
