"""What a set of instruments in force does to births, channel by channel.

Channels are those of the evidence notes: cash (with tax savings and housing grants stacked
on it), leave, housing, assisted reproduction, gifts. Childcare places and marriage have no
families that claim them; they are in :mod:`popsim.policy.effects`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from popsim.errors import ScenarioError
from popsim.policy.benefits import cost_of_housing_cut, family_stream, more_days
from popsim.policy.evidence import prior
from popsim.policy.response import Responsiveness, cash_effect
from popsim.policy.takeup import eligible_share, nested_tiers, take_up_draws
from popsim.scenario.instrument_parts import BANDS, Spell
from popsim.scenario.instruments import (
    KINDS,
    ArtCoverage,
    FamilyInstrument,
    HousingInstrument,
    Leave,
    Monthly,
    PaternityLeave,
)
from popsim.scenario.model import Scenario
from popsim.schema.conventions import ORDERS

#: Days of leave, months of subsidy and percent of housing cost that the priors are per.
_UNIT_OF_LEAVE, _UNIT_OF_PATERNITY, _UNIT_OF_MONTHS, _UNIT_OF_COST = 30.0, 14.0, 6.0, 10.0

#: Which channel of the overlap rule an effect belongs to, by class of the evidence library.
CHANNEL_OF = {
    "cash": "cash",
    "small_gifts": "cash",
    "maternity_leave": "leave",
    "paternity_leave": "leave",
    "social_insurance_subsidy": "leave",
    "housing_cost": "housing",
    "rent_withdrawal": "housing",
    "art_coverage": "art",
    "marriage": "marriage",
}

InForce = Mapping[str, Spell]


@dataclass(frozen=True)
class Respondents:
    """The families of a place, and what is drawn about them.

    Attributes
    ----------
    scenario : Scenario
    given : Responsiveness
    take_up : dict
        (draw,) [1] by id: share of the families of one registration that gets it.
    registered_share : float
        Of the births [1].
    old_share : float or None
        Share of the total fertility rate that mothers of 35 and over bear [1].
    discount_rate : float
    """

    scenario: Scenario
    given: Responsiveness
    take_up: dict[str, np.ndarray]
    registered_share: float
    old_share: float | None
    discount_rate: float

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        given: Responsiveness,
        seed: int | None,
        registered_share: float,
        old_share: float | None = None,
    ) -> Respondents:
        """Draw who takes what up."""
        everything = family_instruments((*scenario.instruments, *scenario.background))
        take_up = {
            i.id: take_up_draws(i, given.draws, seed) * eligible_share(i) for i in everything
        }
        rate = prior("cash", scenario.overrides)["discount_rate"].spread.median
        return cls(scenario, given, take_up, registered_share, old_share, rate)


def family_instruments(instruments: Sequence[object]) -> list[FamilyInstrument]:
    """Those of the instruments that go to families."""
    return [i for i in instruments if isinstance(i, FamilyInstrument)]


def response_class(instrument: FamilyInstrument, scenario: Scenario) -> str:
    """Class of the evidence library that the response to an instrument is read from.

    Returns
    -------
    str
        "cash" for all that is stacked: money, tax savings, housing grants, and gifts above the
        size that small gifts have.
    """
    if isinstance(instrument, HousingInstrument):
        return "housing_cost" if instrument.response == "price" else "cash"
    if KINDS[instrument.kind].channel in ("cash", "tax"):
        return "cash"
    if instrument.kind == "gift":
        largest = prior("small_gifts", scenario.overrides)["largest"].spread.median
        amounts = [q.value for spell in instrument.spells for q in spell.amounts.values()]
        return "cash" if max(amounts) > largest else "small_gifts"
    return KINDS[instrument.kind].prior


def in_bands(instrument: FamilyInstrument) -> np.ndarray:
    """Whether mothers of each band of age may claim (band,) [0 or 1]."""
    who = instrument.eligibility
    oldest = BANDS[-1] if isinstance(instrument, ArtCoverage) else 0
    low, high = max(who.mother_age_from or 0, oldest), who.mother_age_to or 999
    return np.array([float(low <= bound < high) for bound in BANDS])


def cash_log_effect(
    instruments: Sequence[FamilyInstrument], in_force: InForce, order: int, people: Respondents
) -> np.ndarray:
    """Log effect on births of one order among all residents, registered or not (draw,) [1].

    What a family gets is added up first, then one concave function is applied; families are
    in tiers by what they take, and the effect is the mean over them.
    """
    share = people.registered_share
    open_to_all = [i for i in instruments if not i.eligibility.registered]
    registered = stacked_percent(instruments, in_force, order, people)
    others = stacked_percent(open_to_all, in_force, order, people)
    percent = share * registered + (1.0 - share) * others
    return log_effect(percent, f"{people.scenario.name}: cash for order {order}")


def log_effect(percent: np.ndarray, where: str) -> np.ndarray:
    """Logarithm of one plus an effect in percent, refused where it is none.

    Raises
    ------
    ScenarioError
        An effect that is not a finite number, or that leaves no births.

    Examples
    --------
    >>> log_effect(np.array([0.0, 25.0]), "here").round(4)
    array([0.    , 0.2231])
    """
    bad = ~(np.isfinite(percent) & (percent > -100.0))
    if bad.any():
        raise ScenarioError(
            "an effect on births is not a number, or leaves none",
            where=where,
            got=f"{percent[bad][0]:g} percent, in {int(bad.reshape(len(bad), -1).any(1).sum())} of "
            f"{len(bad)} draws",
            allowed="a finite number above -100 percent",
            fix="look at the amounts, the denominator of the context and the overrides",
        )
    return np.asarray(np.log1p(percent / 100.0))


def stacked_percent(
    instruments: Sequence[FamilyInstrument], in_force: InForce, order: int, people: Respondents
) -> np.ndarray:
    """Percent more births of one order among the families that may claim (draw,)."""
    given, income = people.given, people.scenario.context.income
    a, b = given["cash", "a"], given["cash", "b"]
    percent = np.zeros(given.draws)
    paying, worth = [], []
    for i in instruments:
        value = family_stream(i, in_force[i.id], order).present_value(people.discount_rate)
        if value > 0.0:
            paying.append(i)
            worth.append(100.0 * value / income)
    if not paying:
        return percent
    s = np.array(worth)
    is_tax = np.array([KINDS[i.kind].channel == "tax" for i in paying])
    is_home = np.array([KINDS[i.kind].channel == "housing_grant" for i in paying])
    for share, takes in nested_tiers([people.take_up[i.id] for i in paying]):
        money = (s * ~(is_tax | is_home)) @ takes
        effect = cash_effect(money, a, b)
        # Tax savings and housing grants act on top, where the function is flatter.
        for chosen, prior_class in ((is_tax, "tax_credit"), (is_home, "housing_grant")):
            if chosen.any():
                more = money + (s * chosen) @ takes
                step = cash_effect(more, a, b) - cash_effect(money, a, b)
                effect = effect + given[prior_class, "multiplier"] * step
                money = more
        percent += share * effect
    return percent


def other_percent(
    instrument: FamilyInstrument, spell: Spell, order: int, people: Respondents
) -> np.ndarray:
    """Percent more births of one order, among those who get it, for what is not stacked (draw,)."""
    if order not in spell.amounts or spell.amounts[order].value == 0.0:
        return np.zeros(people.given.draws)
    name = response_class(instrument, people.scenario)
    given = people.given
    if isinstance(instrument, Leave):
        per = _UNIT_OF_PATERNITY if isinstance(instrument, PaternityLeave) else _UNIT_OF_LEAVE
        return np.asarray(given[name, "effect"] * more_days(instrument, spell, order) / per)
    if name == "housing_cost":
        owners = instrument.eligibility.tenure is not None and (
            instrument.eligibility.tenure.who == "owners"
        )
        cut = cost_of_housing_cut(instrument, spell, order, people.discount_rate)
        which = "effect_owners" if owners else "effect_non_owners"
        return np.asarray(given[name, which] * cut / _UNIT_OF_COST)
    if name == "social_insurance_subsidy":
        assert isinstance(instrument, Monthly)
        return np.asarray(given[name, "effect"] * instrument.months / _UNIT_OF_MONTHS)
    if isinstance(instrument, ArtCoverage):
        assert people.old_share is not None  # asked for beforehand
        return np.asarray(given[name, "effect"] * instrument.coverage.value / people.old_share)
    return np.asarray(given[name, "effect"])


def other_log_effect(instrument: FamilyInstrument, spell: Spell, people: Respondents) -> np.ndarray:
    """Log effect of an instrument that is not stacked, among all residents (draw, order, band)."""
    # That births by assisted reproduction are few is in the prior's unit already.
    reach = (
        np.full(people.given.draws, eligible_share(instrument))
        if isinstance(instrument, ArtCoverage)
        else people.take_up[instrument.id]
    )
    if instrument.eligibility.registered:
        reach = reach * people.registered_share
    by_order = np.stack([other_percent(instrument, spell, o, people) for o in ORDERS], axis=1)
    where = f"{people.scenario.name}: instrument {instrument.id!r}"
    effect = log_effect(reach[:, None] * by_order, where)
    return np.asarray(effect[:, :, None] * in_bands(instrument))
