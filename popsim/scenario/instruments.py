"""Instruments: one class each, and one entry each in :data:`KINDS`.

They declare; what an instrument is worth to a family, what it costs and what it does to
births is computed in :mod:`popsim.policy`. A new instrument takes one of the bases below,
so that this arithmetic is there already, and an entry in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Union

from pydantic import Field, field_validator, model_validator

from popsim.languages import in_each
from popsim.scenario.instrument_parts import (
    FamilyInstrument,
    Instrument,
    Monthly,
    check_unit,
    check_years,
)
from popsim.scenario.quantities import Quantity, Range, Refusal, Year

__all__ = [
    "KINDS",
    "AnyInstrument",
    "FamilyInstrument",
    "Instrument",
    "Kind",
    "Monthly",
]


class BirthGrant(FamilyInstrument):
    """A sum paid once, at birth.

    ``amounts``: yuan. Response: the cash function, stacked with all other cash.
    """

    kind: Literal["birth_grant"]


class ChildAllowance(Monthly):
    """A sum paid every month to an age.

    ``amounts``: "yuan a month", or "yuan" for the sum of all months. Response: the cash
    function on the present value at birth.
    """

    kind: Literal["child_allowance"]


class ChildcareVoucher(Monthly):
    """A voucher for childcare, redeemed in equal monthly parts while the child attends.

    ``amounts``: as of an allowance. Response: the cash function.
    """

    kind: Literal["childcare_voucher"]


class FeeSubsidy(Monthly):
    """A part of the childcare fee that is paid for families.

    ``amounts``: as of an allowance. Response: the cash function.
    """

    kind: Literal["fee_subsidy"]


class FeeCap(Monthly):
    """A ceiling on the monthly childcare fee; families save what is above it.

    ``amounts``: "yuan a month", the ceiling. Response: the cash function on what is saved. It
    costs nothing by itself: what providers are paid for it is a provider_subsidy.

    Attributes
    ----------
    fee_before : Quantity
        The fee without it [yuan a month].
    """

    kind: Literal["fee_cap"]
    fee_before: Quantity

    _units: ClassVar[tuple[str, ...]] = ("yuan a month",)

    @model_validator(mode="after")
    def _fee_in_yuan(self) -> FeeCap:
        check_unit(self.fee_before, "fee_before", ("yuan a month",))
        return self


class TaxDeduction(Monthly):
    """A deduction from taxable income for the care of a child under three.

    ``amounts``: "yuan a month", deducted from income. Response: the cash function on the tax
    saved, times salience.

    Attributes
    ----------
    marginal_rate : Quantity
        Percent of the deduction that is saved.
    """

    kind: Literal["tax_deduction"]
    marginal_rate: Quantity

    _units: ClassVar[tuple[str, ...]] = ("yuan a month",)

    @model_validator(mode="after")
    def _rate_in_percent(self) -> TaxDeduction:
        check_unit(self.marginal_rate, "marginal_rate", ("percent",), most=100.0)
        return self


class Gift(FamilyInstrument):
    """A small gift at marriage or birth.

    ``amounts``: yuan. Response: that of small gifts, about none, up to the largest gift of
    the evidence library; above it, cash.
    """

    kind: Literal["gift"]


class ArtCoverage(FamilyInstrument):
    """Assisted reproduction paid by insurance or subsidy.

    ``amounts``: yuan, what a birth by assisted reproduction costs the payer. ``take_up``: share
    of the births of mothers of 35 and over that come of it. Response: percent of the total
    fertility rate, all of it at ages 35 and over, in proportion to the coverage.

    Attributes
    ----------
    coverage : Quantity
        Share of the cost that is covered; 1 is what was studied.
    """

    kind: Literal["art_coverage"]
    coverage: Quantity

    @model_validator(mode="after")
    def _coverage_is_a_share(self) -> ArtCoverage:
        check_unit(self.coverage, "coverage", ("share",), most=1.0)
        return self


class Leave(FamilyInstrument):
    """Base of leaves: days off work, for the covered share of employees.

    Attributes
    ----------
    before : Quantity
        Days without the instrument.
    daily_pay : Quantity, optional
        What a day costs the payer; a leave without it costs nothing to the budget.
    """

    before: Quantity
    daily_pay: Quantity | None = None

    _units: ClassVar[tuple[str, ...]] = ("days",)

    @model_validator(mode="after")
    def _longer(self) -> Leave:
        check_unit(self.before, "before", ("days",))
        if self.daily_pay is not None:
            check_unit(self.daily_pay, "daily_pay", ("yuan a day",))
        return self


class MaternityLeave(Leave):
    """Maternity leave.

    ``amounts``: days in all. Response: percent of births per 30 days more, covered employees.
    """

    kind: Literal["maternity_leave"]


class PaternityLeave(Leave):
    """Paternity leave at birth.

    ``amounts``: days in all. Response: percent of births per two weeks more.
    """

    kind: Literal["paternity_leave"]


class ParentalLeave(Leave):
    """Yearly leave of each parent until the child reaches an age.

    ``amounts``: days a year and parent. Response: that of as many days of maternity leave; no
    study of so short a leave is at hand.

    Attributes
    ----------
    years : int
        For how many years.
    """

    kind: Literal["parental_leave"]
    years: Annotated[int, Field(ge=1, le=18)]


class SocialInsuranceSubsidy(Monthly):
    """The employer's social insurance, paid for a mother on leave.

    ``amounts``: "yuan a month", or "yuan" for the sum. Response: percent of births for six months,
    in proportion to the months.
    """

    kind: Literal["social_insurance_subsidy"]


class HousingInstrument(FamilyInstrument):
    """Base of what makes a home cheaper.

    Attributes
    ----------
    response : {"grant", "price"}
        Which of the two responses of the evidence library is taken: that to a sum of money,
        or that to the cost of housing. Never both in one market.
    """

    response: Literal["grant", "price"] = "grant"

    market: ClassVar[Literal["purchase", "rent"]]


class HomePurchaseSubsidy(HousingInstrument):
    """A percentage of the price of a home, up to a cap, paid once in the year of birth.

    ``amounts``: percent of the price; ``cap``: yuan. Response: the cash function times the
    multiplier of housing grants, or that to the cost of housing.

    Attributes
    ----------
    price : Quantity
        Of the homes that are bought [yuan].
    """

    kind: Literal["home_purchase_subsidy"]
    price: Quantity

    market: ClassVar[Literal["purchase", "rent"]] = "purchase"
    _units: ClassVar[tuple[str, ...]] = ("percent",)
    _most: ClassVar[float] = 100.0

    @model_validator(mode="after")
    def _price_in_yuan(self) -> HomePurchaseSubsidy:
        check_unit(self.price, "price", ("yuan",), positive=True)
        return self


class LoanCeiling(HousingInstrument):
    """A higher ceiling of the provident-fund loan: interest is saved on what is borrowed more.

    ``amounts``: yuan, the ceiling. Response: the cash function on the interest saved on what is
    borrowed above the ceiling before. It costs the budget nothing.

    Attributes
    ----------
    before : Quantity
        The ceiling without it [yuan].
    fund_rate, market_rate : Quantity
        Interest of the fund, and of the loan that is taken otherwise [percent a year].
    years : int
        Until the loan is paid back.
    price : Quantity, optional
        Of the home [yuan]; needed for the response to price.
    """

    kind: Literal["loan_ceiling"]
    before: Quantity
    fund_rate: Quantity
    market_rate: Quantity
    years: Annotated[int, Field(ge=1, le=40)]
    price: Quantity | None = None

    market: ClassVar[Literal["purchase", "rent"]] = "purchase"

    @model_validator(mode="after")
    def _rates(self) -> LoanCeiling:
        check_unit(self.before, "before", ("yuan",))
        for name in ("fund_rate", "market_rate"):
            check_unit(getattr(self, name), name, ("percent a year",), most=100.0)
        if self.market_rate.value < self.fund_rate.value:
            raise Refusal(
                "the market's rate is below the fund's: nothing is saved",
                path="market_rate",
                got=self.market_rate.value,
                allowed=f"{self.fund_rate.value:g} or more",
            )
        if self.price is not None:
            check_unit(self.price, "price", ("yuan",), positive=True)
        elif self.response == "price":
            raise Refusal("the response to price needs the price of the home", path="price")
        return self


class RentAid(HousingInstrument, Monthly):
    """Help with the rent, every month.

    ``amounts``: "yuan a month", or "yuan" for the sum. Response: the cash function times the
    multiplier of housing grants, or that to the cost of housing.

    Attributes
    ----------
    rent : Quantity, optional
        [yuan a month]; needed for the response to price.
    """

    kind: Literal["rent_aid"]
    rent: Quantity | None = None

    market: ClassVar[Literal["purchase", "rent"]] = "rent"

    @model_validator(mode="after")
    def _rent(self) -> RentAid:
        if self.rent is not None:
            check_unit(self.rent, "rent", ("yuan a month",), positive=True)
        elif self.response == "price":
            raise Refusal("the response to price needs the rent", path="rent")
        return self


class PublicRentalPriority(HousingInstrument):
    """Public or affordable rental homes given to families first.

    ``amounts``: percent by which the rent is below the market's. ``take_up``: share of the
    eligible families that get a home. Response: that to the cost of housing. It costs nothing
    by itself.
    """

    kind: Literal["public_rental_priority"]
    response: Literal["price"] = "price"

    market: ClassVar[Literal["purchase", "rent"]] = "rent"
    _units: ClassVar[tuple[str, ...]] = ("percent",)
    _most: ClassVar[float] = 100.0


class RentWithdrawal(FamilyInstrument):
    """A higher limit on what may be taken out of the provident fund for rent.

    ``amounts``: percent by which the limit rises; the response is to there being a rise, not to
    its size. It costs the budget nothing.
    """

    kind: Literal["rent_withdrawal"]

    _units: ClassVar[tuple[str, ...]] = ("percent",)


class ChildcarePlaces(Instrument):
    """The supply of childcare places; used places over children under three are the coverage.

    Attributes
    ----------
    places : dict of int to Quantity
        Places at the end of each year named, "places" or "places per 1,000" residents; straight
        between them, and held before the first and after the last. In ``background`` it is the
        baseline's supply, in ``instruments`` the scenario's in its stead. Without one in the
        background the baseline keeps the first value.
    use : Range
        Share of the places that is used.
    opening_lag : Quantity, optional
        Months from when a place counts as built until it takes children.
    inclusive_share : dict of int to Quantity
        Share of the places that is inclusive, by year; reported, without effect.
    operating_cost, building_cost : Quantity, optional
        What the payers give for a used place a year, and for a new place once [yuan].
    """

    kind: Literal["childcare_places"]
    places: dict[Year, Quantity] = Field(min_length=1)
    use: Range
    opening_lag: Quantity | None = None
    inclusive_share: dict[Year, Quantity] = Field(default_factory=dict)
    operating_cost: Quantity | None = None
    building_cost: Quantity | None = None

    @model_validator(mode="after")
    def _units_fit(self) -> ChildcarePlaces:
        check_years(self.places, "places", ("places", "places per 1,000"))
        check_years(self.inclusive_share, "inclusive_share", ("share",), most=1.0)
        if self.opening_lag is not None:
            check_unit(self.opening_lag, "opening_lag", ("months",))
        for name in ("operating_cost", "building_cost"):
            if (quantity := getattr(self, name)) is not None:
                check_unit(quantity, name, ("yuan",))
        return self


class MarriageRate(Instrument):
    """A what-if on marriage: the share of women of 20-29 who are married.

    Attributes
    ----------
    married : dict of int to Quantity
        Percent at the end of each year named, straight between them and held after the last;
        the first is where it starts. Response: first births of women of 20-29 go with it.
        No instrument is known to move it so far; it is an input, not a finding.
    """

    kind: Literal["marriage_rate"]
    married: dict[Year, Quantity] = Field(min_length=2)

    @model_validator(mode="after")
    def _percent(self) -> MarriageRate:
        check_years(self.married, "married", ("percent",), most=100.0, positive=True)
        return self


class Spending(Instrument):
    """Base of what is known by what was spent on it: it costs, and has no response.

    Attributes
    ----------
    spending : dict of int to Quantity
        [yuan] by calendar year; nothing in years that are not named.
    """

    spending: dict[Year, Quantity] = Field(min_length=1)

    @field_validator("spending")
    @classmethod
    def _yuan(cls, spending: dict[int, Quantity]) -> dict[int, Quantity]:
        check_years(spending, "", ("yuan",))
        return spending


class Programme(Spending):
    """A programme that is known by its spending alone.

    ``spending``: yuan by calendar year. It costs, and has no response.
    """

    kind: Literal["programme"]


class ProviderSubsidy(Spending):
    """Operating and building subsidies to childcare providers; they act through their places.

    ``spending``: yuan by calendar year. It costs, and has no response of its own.
    """

    kind: Literal["provider_subsidy"]


@dataclass(frozen=True)
class Kind:
    """An entry of :data:`KINDS`.

    Attributes
    ----------
    declared : type
        The class.
    en : str
        Title; other languages have it under ``instrument.<kind>``.
    channel : str
        How it acts: cash, tax, gift, leave, housing_grant, housing_price, rent_withdrawal,
        art, care, marriage, or none. A housing instrument acts by its ``response``.
    prior : str
        Class of the evidence library that its effect is read from; empty if it has none.
    """

    declared: type[Instrument]
    en: str
    channel: str
    prior: str


#: Every kind of instrument: what the file calls it, its class, its title, how it acts.
KINDS: dict[str, Kind] = {
    "birth_grant": Kind(BirthGrant, "Birth grant", "cash", "cash"),
    "child_allowance": Kind(ChildAllowance, "Child allowance", "cash", "cash"),
    "childcare_voucher": Kind(ChildcareVoucher, "Childcare voucher", "cash", "cash"),
    "fee_subsidy": Kind(FeeSubsidy, "Childcare fee subsidy", "cash", "cash"),
    "fee_cap": Kind(FeeCap, "Childcare fee cap", "cash", "cash"),
    "tax_deduction": Kind(TaxDeduction, "Tax deduction for care", "tax", "tax_credit"),
    "gift": Kind(Gift, "Small gift", "gift", "small_gifts"),
    "art_coverage": Kind(ArtCoverage, "Assisted-reproduction coverage", "art", "art_coverage"),
    "maternity_leave": Kind(MaternityLeave, "Maternity leave", "leave", "maternity_leave"),
    "paternity_leave": Kind(PaternityLeave, "Paternity leave", "leave", "paternity_leave"),
    "parental_leave": Kind(ParentalLeave, "Parental leave", "leave", "maternity_leave"),
    "social_insurance_subsidy": Kind(
        SocialInsuranceSubsidy,
        "Employer social-insurance subsidy",
        "leave",
        "social_insurance_subsidy",
    ),
    "home_purchase_subsidy": Kind(
        HomePurchaseSubsidy, "Home-purchase subsidy", "housing_grant", "housing_grant"
    ),
    "loan_ceiling": Kind(LoanCeiling, "Provident-fund loan ceiling", "cash", "cash"),
    "rent_aid": Kind(RentAid, "Rent aid", "housing_grant", "housing_grant"),
    "public_rental_priority": Kind(
        PublicRentalPriority,
        "Public-rental priority",
        "housing_price",
        "housing_cost",
    ),
    "rent_withdrawal": Kind(
        RentWithdrawal,
        "Provident-fund rent withdrawal",
        "rent_withdrawal",
        "rent_withdrawal",
    ),
    "childcare_places": Kind(ChildcarePlaces, "Childcare places", "care", "childcare"),
    "marriage_rate": Kind(MarriageRate, "Share married", "marriage", ""),
    "provider_subsidy": Kind(ProviderSubsidy, "Provider subsidy", "none", ""),
    "programme": Kind(Programme, "Programme", "none", ""),
}

if TYPE_CHECKING:
    AnyInstrument = Instrument
else:
    AnyInstrument = Annotated[
        Union[tuple(kind.declared for kind in KINDS.values())],  # noqa: UP007
        Field(discriminator="kind"),
    ]


def title_of(kind: str) -> dict[str, str]:
    """Title of a kind of instrument by language.

    Examples
    --------
    >>> title_of("birth_grant")["en"]
    'Birth grant'
    """
    return in_each(f"instrument.{kind}", KINDS[kind].en)
