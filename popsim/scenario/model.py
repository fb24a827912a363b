"""What a scenario is: frozen, validated declarations, and no arithmetic.

A scenario file (YAML) is loose input; what :func:`popsim.load_scenario` returns is one
of these objects, with every default filled in. ``scenario.to_yaml()`` gives a file
that loads back to an equal object.
"""

from __future__ import annotations

import datetime as dt
import html
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from popsim.errors import ScenarioError, did_you_mean

#: Birth orders that a package can tell apart; 3 is third and higher.
ORDERS = (1, 2, 3)

Order = Annotated[int, Field(ge=1, le=3)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Money = Annotated[float, Field(ge=0.0)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declared(BaseModel):
    """Base of every part of a scenario: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(Declared):
    """A text in English and Chinese."""

    en: str
    zh: str


class Document(Declared):
    """A document that a number is taken from."""

    title: str
    publisher: str
    date: dt.date
    url: str | None = None


class Quantity(Declared):
    """A number with its unit and where it comes from.

    Attributes
    ----------
    value : float
    unit : str
    source : str
        Key of a document, or "assumption".
    quote : str, optional
        The words of the document.
    reason : str, optional
        Why this number; needed where the source is "assumption".
    verified : bool
        Whether the number was checked against its publisher.
    """

    value: Money
    unit: Literal["yuan", "percent"]
    source: str
    quote: str | None = None
    reason: str | None = None
    verified: bool = True

    @model_validator(mode="after")
    def _assumptions_have_reasons(self) -> Quantity:
        if self.source == "assumption" and not self.reason:
            raise ValueError("an assumption needs a reason")
        return self


class TakeUp(Declared):
    """Share of the eligible families that is paid: a median and an 80 % range.

    Attributes
    ----------
    median, lower, upper : float
        Shares; a Beta distribution is fitted to them.
    source : str
    reason : str, optional
    """

    median: Annotated[float, Field(gt=0.0, lt=1.0)]
    lower: Share
    upper: Share
    source: str
    reason: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> TakeUp:
        if not self.lower <= self.median <= self.upper:
            raise ValueError("lower <= median <= upper is needed")
        if self.source == "assumption" and not self.reason:
            raise ValueError("an assumption needs a reason")
        return self


class Eligibility(Declared):
    """Who may claim.

    Attributes
    ----------
    registered : bool
        Families of the household register (户籍) only.
    """

    registered: bool = True


class Instrument(Declared):
    """What every instrument has.

    Attributes
    ----------
    id : str
        Name in results.
    title : Text
    start : datetime.date
        The first day of births that are paid for.
    end : datetime.date, optional
        The last such day; open where absent.
    eligibility : Eligibility
    take_up : TakeUp
    amounts : dict of int to Quantity
        What one family gets in all, by birth order (3 = third and higher).
    note : str, optional
    """

    id: Identifier
    title: Text
    start: dt.date
    end: dt.date | None = None
    eligibility: Eligibility = Eligibility()
    take_up: TakeUp
    amounts: dict[Order, Quantity] = Field(min_length=1)
    note: str | None = None

    _unit: ClassVar[str] = "yuan"
    _unit_in_words: ClassVar[str] = "an amount in yuan is needed"

    @field_validator("amounts")
    @classmethod
    def _one_unit(cls, amounts: dict[Order, Quantity]) -> dict[Order, Quantity]:
        for order, quantity in amounts.items():
            if quantity.unit != cls._unit:
                raise ValueError(f"order {order}: {cls._unit_in_words} (unit: {cls._unit})")
        return amounts

    @model_validator(mode="after")
    def _ends_after_start(self) -> Instrument:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self

    def sources(self) -> set[str]:
        """Documents that the instrument's numbers are taken from."""
        return {q.source for q in self.amounts.values()} | {self.take_up.source}

    def __str__(self) -> str:
        amounts = ", ".join(f"{o}: {q.value:,.0f} {q.unit}" for o, q in self.amounts.items())
        until = f" to {self.end}" if self.end else ""
        return f"{self.title.en} {self.title.zh} from {self.start}{until}: {amounts}"


class BirthGrant(Instrument):
    """A sum paid once, at birth."""

    kind: Literal["birth_grant"]


class ChildAllowance(Instrument):
    """A sum paid in equal monthly parts.

    Attributes
    ----------
    months : int
        Number of monthly payments; ``amounts`` are their sum.
    from_month : int
        Age of the child in months at the first payment.
    """

    kind: Literal["child_allowance"]
    months: Annotated[int, Field(ge=1, le=216)]
    from_month: Annotated[int, Field(ge=0, le=216)] = 0


class ChildcareVoucher(ChildAllowance):
    """A voucher for childcare, redeemed in equal monthly parts while the child attends."""

    kind: Literal["childcare_voucher"]  # type: ignore[assignment]


class HomePurchaseSubsidy(Instrument):
    """A percentage of the price of a new home, up to a cap, paid once in the year of birth.

    Attributes
    ----------
    amounts : dict of int to Quantity
        Unit "percent": share of the price by birth order.
    cap : Quantity
        The most that is paid to one family.
    price : Quantity
        The price of the homes that are bought.
    """

    kind: Literal["home_purchase_subsidy"]
    cap: Quantity
    price: Quantity

    _unit: ClassVar[str] = "percent"
    _unit_in_words: ClassVar[str] = "a share of the price in percent is needed"

    @model_validator(mode="after")
    def _plausible(self) -> HomePurchaseSubsidy:
        for order, quantity in self.amounts.items():
            if quantity.value > 100.0:
                raise ValueError(f"order {order}: {quantity.value:g} percent of the price")
        for name, quantity in (("cap", self.cap), ("price", self.price)):
            if quantity.unit != "yuan":
                raise ValueError(f"the {name} must be in yuan")
        return self

    def sources(self) -> set[str]:
        """Documents that the instrument's numbers are taken from."""
        return super().sources() | {self.cap.source, self.price.source}


AnyInstrument = Annotated[
    BirthGrant | ChildAllowance | ChildcareVoucher | HomePurchaseSubsidy,
    Field(discriminator="kind"),
]


class Context(Declared):
    """What the response needs to know of the place.

    Attributes
    ----------
    gdp_per_capita : Quantity
        [yuan a year]; benefits are measured against it.
    """

    gdp_per_capita: Quantity

    @field_validator("gdp_per_capita")
    @classmethod
    def _positive_yuan(cls, gdp: Quantity) -> Quantity:
        if gdp.value <= 0.0 or gdp.unit != "yuan":
            raise ValueError("a positive amount in yuan is needed")
        return gdp


class Scenario(Declared):
    """A policy package for a place.

    Attributes
    ----------
    name, place : str
    title, summary : Text
    documents : dict of str to Document
    context : Context
    instruments : tuple of instruments
        What the scenario adds; simulated and costed.
    background : tuple of instruments
        What families get anyway; it stands under the scenario's benefits when the response
        to the sum is computed, and is neither costed nor counted as an effect.
    """

    name: Identifier
    place: Identifier
    title: Text
    summary: Text
    documents: dict[Identifier, Document]
    context: Context
    instruments: tuple[AnyInstrument, ...]
    background: tuple[AnyInstrument, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        if self.name == "baseline":
            raise ValueError("the name 'baseline' is taken by the baseline itself")
        seen: set[str] = set()
        for instrument in (*self.instruments, *self.background):
            if instrument.id in seen:
                raise ValueError(f"the instrument id {instrument.id!r} is used twice")
            seen.add(instrument.id)
            for source in sorted(instrument.sources() - {"assumption"} - set(self.documents)):
                raise ValueError(
                    f"instrument {instrument.id!r} cites {source!r}; "
                    f"the documents are {', '.join(self.documents)} (or: assumption)"
                )
        return self

    def without(self, *ids: str) -> Scenario:
        """Return the scenario without some of its instruments; this one is unchanged.

        Raises
        ------
        ScenarioError
            It has no instrument of that id.
        """
        known = [i.id for i in (*self.instruments, *self.background)]
        for name in ids:
            if name not in known:
                raise ScenarioError(
                    f"the scenario has no instrument {name!r}",
                    where=self.name,
                    got=name,
                    allowed=", ".join(known),
                    fix=did_you_mean(name, known),
                )
        return self.model_copy(
            update={
                "instruments": tuple(i for i in self.instruments if i.id not in ids),
                "background": tuple(i for i in self.background if i.id not in ids),
            }
        )

    def to_yaml(self) -> str:
        """Write the scenario as YAML that loads back to an equal object."""
        data = self.model_dump(exclude_none=True)
        return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=96)

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.title.en} {self.title.zh}"]
        lines += [f"  - {instrument}" for instrument in self.instruments]
        lines += [f"  (background) {instrument}" for instrument in self.background]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = []
        for group, instruments in (("", self.instruments), ("background", self.background)):
            for i in instruments:
                amounts = "<br>".join(f"{o}: {q.value:,.0f} {q.unit}" for o, q in i.amounts.items())
                cells: list[Any] = [i.id, f"{i.title.en} {i.title.zh}", i.start, i.end or "open"]
                cells += [f"{i.take_up.median:.1%}", group]
                row = "".join(f"<td>{html.escape(str(c))}</td>" for c in cells)
                rows.append(f"<tr>{row}<td>{amounts}</td></tr>")
        head = "".join(
            f"<th>{h}</th>"
            for h in ("id", "instrument", "start", "end", "take-up", "", "amount by order")
        )
        title = html.escape(f"{self.title.en} {self.title.zh}")
        return f"<h4>{title}</h4><table><tr>{head}</tr>{''.join(rows)}</table>"
