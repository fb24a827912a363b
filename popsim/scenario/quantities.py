"""The bricks of a scenario file: texts, documents, and numbers that say where they come from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from popsim.schema.conventions import ORDERS

Order = Annotated[int, Field(ge=ORDERS[0], le=ORDERS[-1])]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
#: More than any sum of money or number of people; with what is larger sums would overflow.
LARGEST_AMOUNT = 1e18
Amount = Annotated[float, Field(ge=0.0, le=LARGEST_AMOUNT)]
Year = Annotated[int, Field(ge=1900, le=2200)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Unit = Literal[
    "yuan",
    "yuan a month",
    "yuan a day",
    "percent",
    "percent a year",
    "share",
    "days",
    "months",
    "years",
    "persons",
    "families",
    "places",
    "places per 1,000",
]

#: What stands in `source` where no document gives the number.
ASSUMPTION = "assumption"


class Refusal(ValueError):
    """A declaration that cannot be, with the pieces of the message that the reader gets.

    Parameters
    ----------
    what : str
        What is wrong.
    path : str
        Path below the object that refuses, such as "instruments[2].includes".
    got, allowed, fix : optional
        As in :class:`popsim.errors.PopsimError`.
    """

    def __init__(
        self,
        what: str,
        *,
        path: str = "",
        got: object = None,
        allowed: object = None,
        fix: str | None = None,
    ) -> None:
        self.path, self.got, self.allowed, self.fix = path, got, allowed, fix
        super().__init__(what)


#: Longest text, and most entries of a collection, that a repr shows.
_LONGEST, _MOST = 32, 5


class Declared(BaseModel):
    """Base of every part of a scenario: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __repr__(self) -> str:
        fields = type(self).model_fields
        said = {name: getattr(self, name) for name in fields}
        shown = ", ".join(
            f"{name}={_short(value)}"
            for name, value in said.items()
            if value != fields[name].get_default(call_default_factory=True)
        )
        return f"{type(self).__name__}({shown})"


def _short(value: object) -> str:
    """A value in a few words: long texts cut, collections of declarations counted."""
    if isinstance(value, Text):
        return _short(value.en)
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "...")
    if isinstance(value, dict | tuple) and value:
        inner = value.values() if isinstance(value, dict) else value
        if len(value) > _MOST or any(isinstance(one, Declared) for one in inner):
            return f"<{len(value)}>"
    return str(value) if isinstance(value, dt.date) else repr(value)


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


class Sourced(Declared):
    """Anything that says where it comes from.

    Attributes
    ----------
    source : str
        Key of a document, or "assumption".
    quote : str, optional
        The words of the document.
    reason : str, optional
        Why this number; needed where the source is "assumption".
    verified : bool
        Whether the number was checked against its publisher.
    """

    source: str
    quote: str | None = None
    reason: str | None = None
    verified: bool = True

    @model_validator(mode="after")
    def _assumptions_have_reasons(self) -> Sourced:
        if self.source == ASSUMPTION and not self.reason:
            raise ValueError("an assumption needs a reason")
        return self


class Quantity(Sourced):
    """A number with its unit and where it comes from.

    Attributes
    ----------
    value : float
        Zero or more, up to :data:`LARGEST_AMOUNT`.
    unit : str
        One of the units that scenario files know; nothing is converted.
    """

    value: Amount
    unit: Unit


class Range(Sourced):
    """A share that is not known for sure: a median and an 80 % range.

    Attributes
    ----------
    median, lower, upper : float
        Shares; a Beta distribution is fitted to them.
    """

    median: Annotated[float, Field(gt=0.0, lt=1.0)]
    lower: Share
    upper: Share

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.lower <= self.median <= self.upper:
            raise ValueError("lower <= median <= upper is needed")
        return self
