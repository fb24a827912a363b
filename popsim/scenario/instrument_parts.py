"""What instruments are made of: spells, eligibility, payers, and the bases of their classes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from popsim.scenario.quantities import (
    ASSUMPTION,
    Declared,
    Identifier,
    Order,
    Quantity,
    Range,
    Refusal,
    Share,
    Sourced,
    Text,
)

#: Lower bounds of the bands of mother's age that effects and eligibility tell apart [years].
BANDS = (0, 20, 30, 35)

PAYERS = ("county", "city", "province", "nation")


def check_unit(
    quantity: Quantity,
    path: str,
    units: tuple[str, ...],
    *,
    most: float = float("inf"),
    positive: bool = False,
) -> None:
    """Refuse a quantity in another unit, or outside of what it can mean."""
    if quantity.unit not in units:
        raise Refusal(
            f"the unit {quantity.unit!r} does not fit here",
            path=f"{path}.unit".lstrip("."),
            got=quantity.unit,
            allowed=" or ".join(units),
        )
    if quantity.value > most or (positive and quantity.value == 0.0):
        least = "above 0" if positive else "0"
        raise Refusal(
            f"{quantity.value:g} {quantity.unit} cannot be",
            path=f"{path}.value".lstrip("."),
            got=quantity.value,
            allowed=f"{least} to {most:g}" if most < float("inf") else least,
        )


def check_years(
    path_of: dict[int, Quantity],
    path: str,
    units: tuple[str, ...],
    *,
    most: float = float("inf"),
    positive: bool = False,
) -> None:
    """Refuse a path by year with units that differ, or do not fit."""
    for year, quantity in path_of.items():
        check_unit(quantity, f"{path}[{year}]", units, most=most, positive=positive)
    if len({quantity.unit for quantity in path_of.values()}) > 1:
        raise Refusal("one unit for all years is needed", path=path, allowed=" or ".join(units))


class Spell(Declared):
    """What is promised between two dates.

    Attributes
    ----------
    start : datetime.date
        The first day: of the births that are paid for, or with ``paid_for: children`` of the
        payments.
    end : datetime.date, optional
        The last day; open where absent.
    announced : datetime.date, optional
        When it became known; ``start`` where absent. Nobody responds before.
    end_announced : datetime.date, optional
        When the end became known; ``end`` where absent. An end that is known a lag ahead is
        anticipated.
    amounts : dict of int to Quantity
        By birth order; 3 is third and higher; an order that is left out gets nothing.
    """

    start: dt.date
    end: dt.date | None = None
    announced: dt.date | None = None
    end_announced: dt.date | None = None
    amounts: dict[Order, Quantity] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Spell:
        if self.end is not None and self.end < self.start:
            raise Refusal(f"end {self.end} is before start {self.start}", path="end")
        if self.end_announced is not None and (
            self.end is None or not self.start <= self.end_announced <= self.end
        ):
            raise Refusal(
                "the announcement of the end lies outside of the spell",
                path="end_announced",
                got=self.end_announced,
                allowed=f"{self.start} to {self.end or 'an end, which is missing'}",
            )
        return self


class Tenure(Sourced):
    """Owners or non-owners of a home only.

    Attributes
    ----------
    who : {"owners", "non_owners"}
    share : float
        Their share of the families.
    """

    who: Literal["owners", "non_owners"]
    share: Share


class Part(Sourced):
    """A part of the families that alone may claim.

    Attributes
    ----------
    share : float
        Their share of the families.
    who : str, optional
        In words.
    """

    share: Share
    who: str | None = None


class Eligibility(Declared):
    """Who may claim. Orders are those that have an amount.

    Attributes
    ----------
    registered : bool
        Families of the household register only.
    mother_age_from, mother_age_to : int, optional
        Mother's age at birth, from (inclusive) and to (exclusive): 20, 30 or 35.
    employed : Part, optional
        Employees who are covered.
    tenure : Tenure, optional
    income_band : Part, optional
    """

    registered: bool = True
    mother_age_from: Literal[20, 30, 35] | None = None
    mother_age_to: Literal[20, 30, 35] | None = None
    employed: Part | None = None
    tenure: Tenure | None = None
    income_band: Part | None = None

    @model_validator(mode="after")
    def _some_age_is_left(self) -> Eligibility:
        if (self.mother_age_to or 99) <= (self.mother_age_from or 0):
            raise Refusal(
                "no mother is of that age",
                path="mother_age_to",
                got=self.mother_age_to,
                allowed=f"above {self.mother_age_from}",
            )
        return self

    def parts(self) -> tuple[Part | Tenure, ...]:
        """The parts of the families that the claim is restricted to."""
        restricted = (self.employed, self.tenure, self.income_band)
        return tuple(part for part in restricted if part is not None)


class Payers(Sourced):
    """Who pays: shares that add up to 1."""

    county: Share = 0.0
    city: Share = 0.0
    province: Share = 0.0
    nation: Share = 0.0

    @model_validator(mode="after")
    def _add_up(self) -> Payers:
        total = sum(getattr(self, payer) for payer in PAYERS)
        if abs(total - 1.0) > 1e-9:
            raise Refusal(
                "the shares of the payers do not add up to 1",
                got=f"{total:g}",
                allowed=f"shares of {', '.join(PAYERS)} that add up to 1",
            )
        return self


#: Where a file does not say who pays.
COUNTY_PAYS = Payers(county=1.0, source=ASSUMPTION, reason="The place that grants it pays it.")


class Instrument(Declared):
    """What every instrument has.

    Attributes
    ----------
    id : str
        Name in results.
    kind : str
        One of :data:`popsim.scenario.instruments.KINDS`.
    title : Text
    payers : Payers
        The county alone where absent.
    note : str, optional
    """

    id: Identifier
    kind: str
    title: Text
    payers: Payers = COUNTY_PAYS
    note: str | None = None

    def sources(self) -> set[str]:
        """Documents that the instrument's numbers are taken from."""
        return set(_sources(self))

    def __str__(self) -> str:
        return f"{self.title.en} {self.title.zh}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


class FamilyInstrument(Instrument):
    """Base of what families get: amounts by order and date, eligibility, take-up.

    Attributes
    ----------
    spells : tuple of Spell
        In order of date; none overlaps another.
    eligibility : Eligibility
    take_up : Range
        Share of the eligible families that get it.
    cap : Quantity, optional
        The most that one family gets in all [yuan].
    indexation : Quantity, optional
        Percent a year by which amounts rise from the year in which their spell starts.
    phase_in : Quantity, optional
        Months over which the response rises evenly to its full size; at once where absent.
    paid_late : Quantity, optional
        Share of what falls due in a year that is paid in the next (arrears, late claims).
    includes : tuple of str
        Kinds that the amounts hold already; none of them may be counted beside.
    """

    spells: tuple[Spell, ...] = Field(min_length=1)
    eligibility: Eligibility = Eligibility()
    take_up: Range
    cap: Quantity | None = None
    indexation: Quantity | None = None
    phase_in: Quantity | None = None
    paid_late: Quantity | None = None
    includes: tuple[str, ...] = ()

    _units: ClassVar[tuple[str, ...]] = ("yuan",)
    _most: ClassVar[float] = float("inf")

    @model_validator(mode="after")
    def _amounts_fit(self) -> FamilyInstrument:
        for n, spell in enumerate(self.spells):
            for order, quantity in spell.amounts.items():
                path = f"spells[{n}].amounts[{order}]"
                if quantity.unit not in self._units:
                    raise Refusal(
                        f"the unit of an amount of {self.kind} does not fit",
                        path=f"{path}.unit",
                        got=quantity.unit,
                        allowed=" or ".join(self._units),
                    )
                check_unit(quantity, path, self._units, most=self._most)
        return self

    @model_validator(mode="after")
    def _one_amount_a_day(self) -> FamilyInstrument:
        for n, (first, then) in enumerate(zip(self.spells, self.spells[1:], strict=False), 1):
            if first.end is None or then.start <= first.end:
                raise Refusal(
                    f"two spells have an amount for {then.start}",
                    path=f"spells[{n}].start",
                    got=f"{first.start} to {first.end or 'open'}, then from {then.start}",
                    allowed="spells in order of date, each ending before the next starts",
                    fix="end the earlier spell the day before",
                )
        return self

    @model_validator(mode="after")
    def _options_fit(self) -> FamilyInstrument:
        for name, units, most in (
            ("cap", ("yuan",), float("inf")),
            ("indexation", ("percent a year",), 100.0),
            ("phase_in", ("months",), 120.0),
            ("paid_late", ("share",), 1.0),
        ):
            quantity = getattr(self, name)
            if quantity is not None:
                check_unit(quantity, name, units, most=most)
        return self

    def __str__(self) -> str:
        said = []
        for spell in self.spells:
            amounts = ", ".join(f"{o}: {q.value:,.10g} {q.unit}" for o, q in spell.amounts.items())
            until = f" to {spell.end}" if spell.end else ""
            said.append(f"from {spell.start}{until}: {amounts}")
        return f"{super().__str__()} {'; '.join(said)}"

    def __repr__(self) -> str:
        last = self.spells[-1].end
        spells = f"from {self.spells[0].start}" + (f" to {last}" if last else "")
        orders = sorted({order for spell in self.spells for order in spell.amounts})
        of = ", ".join(map(str, orders))
        return f"{type(self).__name__}({self.id!r}, {spells}, orders {of})"


class Monthly(FamilyInstrument):
    """Base of what is paid every month.

    Attributes
    ----------
    months : int
        Number of payments.
    from_month : int
        Age of the child in months at the first.
    paid_for : {"births", "children"}
        Whether those are paid for who are born while a spell lasts, for all their months; or
        every child of the age while it lasts, those born before it among them.
    """

    months: Annotated[int, Field(ge=1, le=216)]
    from_month: Annotated[int, Field(ge=0, le=215)] = 0
    paid_for: Literal["births", "children"] = "births"

    _units: ClassVar[tuple[str, ...]] = ("yuan", "yuan a month")

    @model_validator(mode="after")
    def _paid_to_a_child(self) -> Monthly:
        if self.from_month + self.months > 216:
            raise Refusal(
                "payments go on after the 18th birthday",
                path="months",
                got=f"{self.months} months from month {self.from_month}",
                allowed="to month 216",
            )
        return self


def _sources(part: Declared) -> list[str]:
    """Sources of a declaration and of everything within it."""
    found = [part.source] if isinstance(part, Sourced) else []
    for name in type(part).model_fields:
        value = getattr(part, name)
        inner = value.values() if isinstance(value, dict) else value
        several = inner if isinstance(value, tuple | dict) else [value]
        for one in several:
            if isinstance(one, Declared):
                found += _sources(one)
    return found
