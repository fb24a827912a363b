"""Every kind of instrument by hand: what it is worth, what it does, what it asks for."""

from __future__ import annotations

import numpy as np
import pytest

from popsim.errors import MissingVariableError
from popsim.policy.effects import policy_inputs
from popsim.scenario.instrument_parts import BANDS
from popsim.scenario.instruments import KINDS, title_of
from popsim.scenario.options import Override

YEARS = np.arange(2021, 2041)
BY_BAND = np.array([[5.0, 65.0, 20.0, 10.0], [1.0, 39.0, 40.0, 20.0], [0.0, 20.0, 40.0, 40.0]])
#: All of an effect lasts, so that the last year shows it whole.
ALL_LASTS = [
    Override(prior=f"{name}.quantum", median=1.0, reason="test")
    for name in (
        "cash", "maternity_leave", "paternity_leave", "social_insurance_subsidy", "housing_cost",
        "rent_withdrawal", "art_coverage",
    )
]  # fmt: skip
#: Priors that stand at zero, moved off it, so that they can be seen.
SEEN = [
    Override(prior="paternity_leave.effect", median=0.8, reason="test"),
    Override(prior="small_gifts.effect", median=0.2, reason="test"),
    Override(prior="housing_cost.effect_owners", median=-1.0, reason="test"),
]


def inputs(scenario, **more):
    known = {"registered_share": 1.0, "births_by_band": BY_BAND, **more}
    return policy_inputs(scenario, years=YEARS, draws=1, seed=None, **known)


def whole(build, *told, **more):
    """Percent by order and band, once the timing is over and all of it lasting."""
    given = inputs(build(*told, overrides=[*ALL_LASTS, *SEEN], **more))
    return 100 * np.expm1(given.paid[0, -1][:, None] + given.other[0, -1])


def months(amount, count, first=0, rate=0.03):
    """Present value of monthly payments, month by month."""
    return sum(amount * (1 + rate) ** -((first + k + 0.5) / 12) for k in range(count))


def cash(yuan):
    return 0.45 * (100 * yuan / 100_000) ** 0.6


def test_money_by_hand(build, declare, number):
    """Each on its own, second births, against the cash function of its present value."""
    by_hand = {
        "birth_grant": (declare("birth_grant", {2: 9000}), cash(9000)),
        "allowance": (
            declare("child_allowance", {2: 500}, "yuan a month", months=36, from_month=6),
            cash(months(500, 36, 6)),
        ),
        "in all": (
            declare("childcare_voucher", {2: 18_000}, months=36), cash(months(500, 36)),
        ),
        "capped": (
            declare("fee_subsidy", {2: 18_000}, months=36, cap=number(9000, "yuan")),
            cash(months(250, 36)),
        ),
        "fee cap": (
            declare(
                "fee_cap", {2: 2500}, "yuan a month", months=24, from_month=12,
                fee_before=number(3200, "yuan a month"),
            ),
            cash(months(700, 24, 12)),
        ),
        "tax": (
            declare(
                "tax_deduction", {2: 2000}, "yuan a month", months=36,
                marginal_rate=number(10, "percent"),
            ),
            0.6 * cash(months(200, 36)),
        ),
        "home": (
            declare(
                "home_purchase_subsidy", {2: 3}, "percent", price=number(3e6, "yuan"),
                cap=number(80_000, "yuan"),
            ),
            1.2 * cash(80_000),
        ),
        "rent": (declare("rent_aid", {2: 300}, "yuan a month", months=12),
                 1.2 * cash(months(300, 12))),
        "gift": (declare("gift", {2: 500}), 0.2),
        "large gift": (declare("gift", {2: 800}), cash(800)),
    }  # fmt: skip
    for name, (told, percent) in by_hand.items():
        found = whole(build, told)
        np.testing.assert_allclose(found[1], percent, rtol=1e-9, err_msg=name)
        assert (found[[0, 2]] == 0).all(), name


def test_loan_by_hand(build, declare, number):
    """200,000 yuan more, at 2.85 instead of 3.6 % for 30 years, save 29,400 yuan of interest."""
    told = declare(
        "loan_ceiling", {2: 1e6, 3: 8e5}, before=number(8e5, "yuan"), years=30,
        fund_rate=number(2.85, "percent a year"), market_rate=number(3.6, "percent a year"),
    )  # fmt: skip

    def instalment(percent):
        rate = percent / 1200
        return 2e5 * rate / (1 - (1 + rate) ** -360)

    saved = instalment(3.6) - instalment(2.85)
    assert 360 * saved == pytest.approx(29_400, rel=0.01)
    found = whole(build, told)
    np.testing.assert_allclose(found[1], cash(months(saved, 360)), rtol=1e-9)
    assert (found[2] == 0).all()  # its ceiling is not above that before
    assert (inputs(build(told)).pay == 0).all()  # the fund lends, the budget does not pay


def test_what_is_not_money_by_hand(build, declare, number):
    employed = {"registered": False, "employed": {"share": 0.5, "source": "plan"}}
    owners = {
        "registered": False, "tenure": {"who": "owners", "share": 0.8, "source": "plan"},
    }  # fmt: skip
    tenants = {
        "registered": False, "tenure": {"who": "non_owners", "share": 0.2, "source": "plan"},
    }  # fmt: skip
    home = {"price": number(3e6, "yuan"), "response": "price"}
    by_hand = {
        "maternity": (
            declare("maternity_leave", {2: 188}, "days", before=number(128, "days"),
                    eligibility=employed),
            0.5 * 0.4 * 60 / 30,
        ),
        "paternity": (
            declare("paternity_leave", {2: 25}, "days", before=number(15, "days")),
            0.8 * 10 / 14,
        ),
        "parental": (
            declare("parental_leave", {2: 10}, "days", before=number(0, "days"), years=3),
            0.4 * 30 / 30,
        ),
        "employer": (
            declare("social_insurance_subsidy", {2: 500}, "yuan a month", months=9),
            0.1 * 9 / 6,
        ),
        "withdrawal": (declare("rent_withdrawal", {2: 50}, "percent"), 0.1),
        "home": (
            declare("home_purchase_subsidy", {2: 5}, "percent", **home, eligibility=tenants),
            0.2 * 3 * 5 / 10,
        ),
        "owners": (
            declare("home_purchase_subsidy", {2: 5}, "percent", **home, eligibility=owners),
            0.8 * -1 * 5 / 10,
        ),
        "rent": (
            declare("rent_aid", {2: 300}, "yuan a month", months=12, response="price",
                    rent=number(2000, "yuan a month")),
            3 * 15 / 10,
        ),
        "public rental": (
            declare("public_rental_priority", {2: 15}, "percent", eligibility=tenants),
            0.2 * 3 * 15 / 10,
        ),
    }  # fmt: skip
    for name, (told, percent) in by_hand.items():
        found = whole(build, told)
        np.testing.assert_allclose(found[1], percent, rtol=1e-9, err_msg=name)
        assert (found[[0, 2]] == 0).all(), name
        assert (inputs(build(told)).paid == 0).all(), name


def test_assisted_reproduction_acts_at_35_and_over(build, declare, number):
    """0.3 % of the total fertility rate; 70 of 300 births are at 35 and over."""
    told = declare("art_coverage", {1: 2e4, 2: 2e4, 3: 2e4}, coverage=number(0.5, "share"))
    found = whole(build, told)
    np.testing.assert_allclose(found[:, -1], 0.5 * 0.3 * 300 / 70, rtol=1e-9)
    assert (found[:, :-1] == 0).all()
    # Paid for births at these ages: a tenth of the first, a fifth of the second.
    pay = inputs(build(told)).pay[0, 3, :, 0]
    np.testing.assert_allclose(pay, [2000, 4000, 8000])


def test_money_for_mothers_of_an_age_acts_at_that_age(build, declare):
    young = declare("birth_grant", {1: 9000}, id="young")
    young["eligibility"] = {"registered": False, "mother_age_to": 30}
    everybody = declare("birth_grant", {1: 4000}, id="all")
    found = whole(build, young, everybody)
    np.testing.assert_allclose(found[0], [cash(13_000)] * 2 + [cash(4000)] * 2, rtol=1e-9)
    # 70 of 100 first births are of mothers below 30.
    assert inputs(build(young)).pay[0, 3, 0, 0] == pytest.approx(6300)


def test_registered_families_get_the_whole_and_the_others_what_is_open(build, declare):
    local = declare("birth_grant", {2: 9000}, id="local", eligibility={"registered": True})
    common = declare("birth_grant", {2: 4000}, id="open")
    found = whole(build, local, common, background=())
    assert found[1] == pytest.approx(cash(13_000))
    half = inputs(build(local, common, overrides=ALL_LASTS), registered_share=0.5)
    percent = 100 * np.expm1(half.paid[0, -1, 1])
    assert percent == pytest.approx(0.5 * cash(13_000) + 0.5 * cash(4000), rel=1e-9)
    np.testing.assert_allclose(half.reach[:, 0], [0.5, 1.0], rtol=1e-9)


def test_a_budget_rations_what_it_covers_and_nothing_else(build, declare, number):
    covered = declare("birth_grant", {2: 9000}, id="covered")
    free = declare("birth_grant", {2: 4000}, id="free")
    leave = declare("maternity_leave", {2: 128}, "days", before=number(98, "days"))
    budget = {"cap": {2025: number(1e6, "yuan")}, "rule": "by_order", "covers": ["covered"]}
    given = inputs(build(covered, free, leave, budget=budget, overrides=ALL_LASTS))
    both, kept = (np.log1p(cash(yuan) / 100) for yuan in (13_000, 4000))
    assert given.paid[0, -1, 1] == pytest.approx(both - kept, rel=1e-9)
    leave_effect = np.log1p(0.4 / 100)
    np.testing.assert_allclose(given.other[0, -1, 1], kept + leave_effect, rtol=1e-9)
    assert given.capped.tolist() == [True, False, False]
    assert given.rule == "by_order"
    assert given.cap[YEARS == 2025] == 1e6
    assert np.isinf(given.cap[YEARS != 2025]).all()
    free_of_it = inputs(build(covered, free, leave, overrides=ALL_LASTS))
    total = given.paid[..., None] + given.other
    np.testing.assert_allclose(total, free_of_it.paid[..., None] + free_of_it.other, rtol=1e-12)


def test_places_open_late_and_the_baseline_keeps_the_first(build, number):
    supply = {
        "id": "places", "kind": "childcare_places", "title": {"en": "p", "zh": "托位"},
        "places": {2022: number(1000, "places"), 2024: number(2000, "places")},
        "use": {"median": 0.5, "lower": 0.5, "upper": 0.5, "source": "plan"},
        "opening_lag": number(6, "months"),
        "operating_cost": number(1000, "yuan"), "building_cost": number(20_000, "yuan"),
    }  # fmt: skip
    given = inputs(build(supply))
    by_year = dict(zip(YEARS, given.used_places[0], strict=True))
    # 1,000 at the end of 2022, 500 a year more, open half a year later, half used.
    assert [by_year[y] for y in (2023, 2024, 2025, 2026)] == [500, 625, 875, 1000]
    assert (given.used_places_baseline == 500).all()
    lump = dict(zip(YEARS, given.lump[0, 0], strict=True))
    assert lump[2023] == 500 * 20_000
    assert lump[2024] == 500 * 20_000 + 125 * 1000
    assert lump[2030] == 500 * 1000
    under = {**supply, "id": "before", "places": {2022: number(1500, "places")}}
    other = inputs(build(supply, background=[under]))
    assert (other.used_places_baseline == 750).all()
    assert np.array_equal(other.used_places, given.used_places)


def test_spending_known_by_year_is_a_lump(build, number):
    told = {
        "id": "p", "kind": "provider_subsidy", "title": {"en": "p", "zh": "补助"},
        "spending": {2024: number(17e6, "yuan")},
        "payers": {"county": 0.4, "province": 0.6, "source": "plan"},
    }  # fmt: skip
    given = inputs(build(told))
    assert given.lump[0, 0, YEARS == 2024] == 17e6
    assert given.lump.sum() == 17e6
    assert (given.pay == 0).all()
    np.testing.assert_allclose(given.payers[0, :, 3], [0.4, 0, 0.6, 0])


def test_a_raise_is_a_change_and_no_end(build, declare):
    """4,000 yuan to the end of 2024, 9,000 from then on: the effect steps up and never down."""
    told = declare("birth_grant", {2: 4000}, end="2024-12-31")
    told["spells"].append({**declare("birth_grant", {2: 9000}, start="2025-01-01")["spells"][0]})
    given = inputs(build(told, overrides=ALL_LASTS))
    percent = 100 * np.expm1(given.paid[0, :, 1])
    assert percent[YEARS == 2024] == pytest.approx(cash(4000))
    assert percent[-1] == pytest.approx(cash(9000))
    assert (np.diff(percent) >= -1e-12).all()


def test_what_is_not_known_of_the_place_is_asked_for(build, declare, number):
    registered = declare("birth_grant", {1: 1}, eligibility={"registered": True})
    with pytest.raises(MissingVariableError, match=r"registered families is not known(.|\n)*here"):
        inputs(build(registered), registered_share=None)
    old = declare("art_coverage", {1: 1}, coverage=number(1, "share"))
    with pytest.raises(MissingVariableError, match=r"mother's age are not known(.|\n)*'art"):
        inputs(build(old), births_by_band=None)
    supply = {
        "id": "places", "kind": "childcare_places", "title": {"en": "p", "zh": "托位"},
        "places": {2022: number(3, "places per 1,000")},
        "use": {"median": 0.5, "lower": 0.5, "upper": 0.5, "source": "plan"},
    }  # fmt: skip
    with pytest.raises(MissingVariableError, match="need the number of residents"):
        inputs(build(supply))


def test_bands_start_where_the_eligibility_may():
    assert BANDS == (0, 20, 30, 35)


def test_every_kind_names_its_class():
    for name, kind in KINDS.items():
        assert name in str(kind.declared.model_fields["kind"].annotation)
        assert kind.en
        assert title_of(name)["zh"]
        assert kind.declared.__doc__
