"""What stands beside the instruments of a scenario: place, budget, variants, overrides, records."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from popsim import data
from popsim.errors import did_you_mean
from popsim.scenario.instrument_parts import check_unit, check_years
from popsim.scenario.quantities import Declared, Identifier, Quantity, Refusal, Text, Year


class Context(Declared):
    """What the response needs to know of the place.

    Attributes
    ----------
    gdp_per_capita : Quantity
        [yuan a year]; benefits are measured against it.
    disposable_income : Quantity, optional
        [yuan a year] per head.
    denominator : {"gdp_per_capita", "disposable_income"}
        Which of the two they are measured against; the priors were read against GDP.
    """

    gdp_per_capita: Quantity
    disposable_income: Quantity | None = None
    denominator: Literal["gdp_per_capita", "disposable_income"] = "gdp_per_capita"

    @field_validator("gdp_per_capita", "disposable_income")
    @classmethod
    def _positive_yuan(cls, income: Quantity | None) -> Quantity | None:
        if income is not None and (income.value <= 0.0 or income.unit != "yuan"):
            raise ValueError("a positive amount in yuan is needed")
        return income

    @model_validator(mode="after")
    def _denominator_is_there(self) -> Context:
        if getattr(self, self.denominator) is None:
            raise Refusal("the denominator is not declared", path=self.denominator)
        return self

    @property
    def income(self) -> float:
        """The denominator [yuan a year]."""
        quantity: Quantity = getattr(self, self.denominator)
        return quantity.value


class Budget(Declared):
    """The most that may be spent in a year, and what is done when more is due.

    Attributes
    ----------
    cap : dict of int to Quantity
        [yuan] by calendar year; years that are not named have none.
    rule : {"pro_rata", "first_come", "by_order"}
        All alike; those born first; third births before second before first.
    covers : tuple of str, optional
        Ids of the instruments under the cap; all that pay families where absent.
    """

    cap: dict[Year, Quantity] = Field(min_length=1)
    rule: Literal["pro_rata", "first_come", "by_order"]
    covers: tuple[Identifier, ...] | None = None

    @field_validator("cap")
    @classmethod
    def _yuan(cls, cap: dict[int, Quantity]) -> dict[int, Quantity]:
        check_years(cap, "", ("yuan",))
        return cap


class Variant(Declared):
    """An alternative in the same file.

    Attributes
    ----------
    title : Text
    add : tuple of str
        Ids under ``proposed`` that are taken in.
    remove : tuple of str
        Ids under ``instruments`` that are left out.
    """

    title: Text
    add: tuple[Identifier, ...] = ()
    remove: tuple[Identifier, ...] = ()


#: Priors that count whole years.
_WHOLE = ("response.brought_forward", "response.paid_back")


def prior_row(name: str) -> Any:
    """The row of the evidence library of a prior, by "class.parameter".

    Examples
    --------
    >>> float(prior_row("cash.a")["most"])
    100.0
    """
    table = data.table("evidence_priors")
    return table[table["instrument_class"] + "." + table["parameter"] == name].iloc[0]


def family_of_range(row: Any) -> str:
    """Distribution of a range that a scenario gives: the library's own, or one of its domain.

    Examples
    --------
    >>> [family_of_range(prior_row(n)) for n in ("cash.a", "rent_withdrawal.quantum")]
    ['lognormal', 'beta']
    """
    if row["distribution"] != "fixed":
        return str(row["distribution"])
    return "beta" if (row["least"], row["most"]) == (0, 1) else "normal"


class Override(Declared):
    """Another value for a prior of the evidence library, with the reason for it.

    Attributes
    ----------
    prior : str
        "class.parameter", as in "cash.a".
    median : float
    lower, upper : float, optional
        80 % range; without it the value is fixed. All between ``least`` and ``most`` of the
        library.
    reason : str
        Printed with every result.
    studies : tuple of str
        Ids of studies in the library that it rests on.
    """

    prior: str
    median: float
    lower: float | None = None
    upper: float | None = None
    reason: Annotated[str, Field(min_length=1)]
    studies: tuple[str, ...] = ()

    @field_validator("prior")
    @classmethod
    def _known_prior(cls, prior: str) -> str:
        table = data.table("evidence_priors")
        known = list(table["instrument_class"] + "." + table["parameter"])
        _refuse_unknown("the evidence library has no prior", prior, known, "")
        return prior

    @field_validator("studies")
    @classmethod
    def _known_studies(cls, studies: tuple[str, ...]) -> tuple[str, ...]:
        known = list(data.table("evidence_studies")["id"])
        for n, study in enumerate(studies):
            _refuse_unknown("the evidence library has no study", study, known, f"[{n}]")
        return studies

    @model_validator(mode="after")
    def _range_holds_median(self) -> Override:
        if (self.lower is None) != (self.upper is None):
            raise Refusal(
                "a range needs lower and upper", allowed="both, or none for a fixed value"
            )
        lower, upper = self.lower, self.upper
        if lower is not None and upper is not None and not lower <= self.median <= upper:
            raise Refusal(
                "the range does not hold the median",
                path="median",
                got=self.median,
                allowed=f"{lower:g} to {upper:g}",
            )
        return self

    @model_validator(mode="after")
    def _can_be(self) -> Override:
        row = prior_row(self.prior)
        least, most, unit = float(row["least"]), float(row["most"]), str(row["unit"])
        given = {"lower": self.lower, "median": self.median, "upper": self.upper}
        for name, value in given.items():
            if value is not None and not least <= value <= most:
                raise Refusal(
                    f"{value:g} cannot be a value of {self.prior}",
                    path=name,
                    got=value,
                    allowed=f"{least:g} to {most:g} [{unit}]",
                )
        if self.prior in _WHOLE and self.median != int(self.median):
            raise Refusal(
                f"{self.prior} is a number of whole years", path="median", got=self.median
            )
        if self.lower is None or self.lower == self.upper:
            return self
        family = family_of_range(row)
        if family == "lognormal" and self.lower <= 0.0:
            raise Refusal(
                f"the range of {self.prior} does not begin above 0",
                path="lower",
                got=self.lower,
                allowed=f"above 0 and up to {most:g}: the distribution is lognormal",
                fix="for a fixed value of 0 leave out lower and upper",
            )
        if family == "beta" and not 0.0 < self.median < 1.0:
            raise Refusal(
                f"the median of {self.prior} is at an end of what can be",
                path="median",
                got=self.median,
                allowed="above 0 and below 1: the distribution is a Beta",
                fix="for a fixed value leave out lower and upper",
            )
        return self

    def __str__(self) -> str:
        span = "" if self.lower is None else f" ({self.lower:g} to {self.upper:g})"
        return f"{self.prior} = {self.median:g}{span}: {self.reason}"


class Payment(Declared):
    """What was paid, as a document reports it.

    Attributes
    ----------
    instrument : str
        Id of the instrument.
    until : int
        To the end of this calendar year.
    since : int, optional
        From the beginning of this one; from the start of the instrument where absent.
    amount : Quantity
        [yuan]
    families : Quantity, optional
        [families or persons]
    """

    instrument: Identifier
    until: Year
    since: Year | None = None
    amount: Quantity
    families: Quantity | None = None

    @model_validator(mode="after")
    def _fits(self) -> Payment:
        check_unit(self.amount, "amount", ("yuan",))
        if self.families is not None:
            check_unit(self.families, "families", ("families", "persons"))
        if self.since is not None and self.since > self.until:
            raise Refusal("since is after until", path="since", got=self.since, allowed=self.until)
        return self


def _refuse_unknown(what: str, name: str, known: list[str], path: str) -> None:
    if name not in known:
        raise Refusal(
            f"{what} {name!r}",
            path=path,
            got=name,
            allowed=", ".join(known),
            fix=did_you_mean(name, known),
        )
