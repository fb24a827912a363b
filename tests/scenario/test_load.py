"""Scenario files: what loads, what is refused and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import popsim as ps
from popsim.errors import ScenarioError, UnknownPlaceError
from popsim.scenario.catalogue import scenario_names, scenario_path
from popsim.scenario.instruments import KINDS, FamilyInstrument, title_of
from popsim.scenario.load import parse_scenario

OUHAI = scenario_path("ouhai").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_loads_and_survives_a_round_trip(name):
    scenario = ps.load_scenario(name)
    assert scenario.name == name
    assert parse_scenario(scenario.to_yaml()) == scenario
    for variant in scenario.variants:
        taken = scenario.variant(variant)
        assert parse_scenario(taken.to_yaml()) == taken


def test_a_path_loads_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(OUHAI, encoding="utf-8")
    assert ps.load_scenario(path) == ps.load_scenario("ouhai")


def test_amounts_are_those_of_the_document():
    """Reply of 2025-06-24: 1,000 / 2,000 / 3,000; in all 36,000 and 72,000; 3 and 5 percent."""
    named = {i.id: i for i in ps.load_scenario("ouhai").instruments}
    amounts = {
        name: {order: q.value for order, q in i.spells[0].amounts.items()}
        for name, i in named.items()
        if isinstance(i, FamilyInstrument)
    }
    assert amounts["birth_grant"] == {1: 1000, 2: 2000, 3: 3000}
    for order, most in ((2, 36_000), (3, 72_000)):
        both = amounts["rearing_subsidy"][order] + amounts["childcare_voucher"][order]
        assert both == most
    assert amounts["home_purchase_subsidy"] == {2: 3, 3: 5}
    assert named["home_purchase_subsidy"].cap.value == 300_000
    assert amounts["loan_ceiling"] == {2: 1e6, 3: 1.5e6}
    assert set(amounts["newcomer_gift"].values()) == {500}
    assert set(amounts["fee_cap"].values()) == {2500}
    assert named["social_insurance_subsidy"].months == 6
    providers = ("provider_projects", "provider_per_child", "provider_posts")
    given = [sum(q.value for q in named[n].spending.values()) for n in providers]
    assert given == [17e6, 1_048_900, 53_000]
    leave = next(i for i in ps.load_scenario("ouhai").background if i.kind == "maternity_leave")
    assert [q.value for q in leave.spells[0].amounts.values()] == [158, 188, 188]


def test_what_is_proposed_is_an_assumption_and_without_effect():
    scenario = ps.load_scenario("ouhai")
    active = {i.id for i in (*scenario.instruments, *scenario.background)}
    for i in scenario.proposed:
        assert i.id not in active
        assert "assumption" in i.sources()
    planned = scenario.variant("planned")
    assert {i.id for i in scenario.proposed} <= {i.id for i in planned.instruments}
    assert planned.proposed == ()
    assert planned.title.zh.endswith("：2025年拟推出措施")
    with pytest.raises(ScenarioError, match=r"no variant 'plan'(.|\n)*did you mean 'planned'"):
        scenario.variant("plan")


def test_every_assumption_of_a_shipped_scenario_has_a_reason():
    def assumptions(part):
        if isinstance(part, dict):
            if part.get("source") == "assumption":
                yield part
            for value in part.values():
                yield from assumptions(value)
        elif isinstance(part, list | tuple):
            for value in part:
                yield from assumptions(value)

    for name in scenario_names():
        found = list(assumptions(ps.load_scenario(name).model_dump()))
        assert found
        assert all(part["reason"] for part in found)


def test_without_returns_another_and_leaves_the_first():
    scenario = ps.load_scenario("ouhai")
    count = len(scenario.instruments)
    less = scenario.without("birth_grant", "national_childcare_subsidy")
    assert less.instruments[0].id == "rearing_subsidy"
    assert [i.id for i in less.background] == ["maternity_leave"]
    assert len(scenario.instruments) == count
    assert parse_scenario(less.to_yaml()) == less
    with pytest.raises(ScenarioError, match="no instrument 'gift'"):
        scenario.without("gift")


def test_scenario_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        ps.load_scenario("ouhai").name = "other"


def test_scenario_prints_a_sentence_an_instrument():
    text = str(ps.load_scenario("ouhai"))
    assert "Birth grant 一次性生育补贴 from 2023-01-01: 1: 1,000 yuan" in text
    assert "(proposed) Rearing subsidy for the first child" in text
    assert "<th>take-up</th>" in ps.load_scenario("ouhai")._repr_html_()


FIRST = "      - start: 2023-01-01\n        amounts:\n          1: {value: 1000"
LATE = "  - id: childcare_voucher\n"
PAYERS = "    payers: {county: %s, nation: %s, source: reply_2025}\n"
HOME = "    cap: {value: 300000"
OVERRIDE = "overrides:\n  - {prior: %s, median: 0.3, reason: %s}\n\ninstruments:"
BROKEN = {
    "unknown key": ("take_up:", "take_upp:", r"unknown key 'take_upp'(.|\n)*'take_up'"),
    "unknown key at the top": ("summary:", "sumary:", r"unknown key 'sumary'(.|\n)*'summary'"),
    "unknown key deep down": (
        "source: assumption\n    reason: About", "sauce: assumption\n    reason: About",
        r"context.gdp_per_capita.sauce(.|\n)*allowed: source, quote",
    ),
    "order 0": (
        "          1: {value: 1000", "          0: {value: 1000",
        r"birth order(.|\n)*instruments\[0\].spells\[0\].amounts\[0\](.|\n)*1, 2, 3",
    ),
    "order 4": (
        "          3: {value: 3000", "          4: {value: 3000", r"birth order(.|\n)*got: 4",
    ),
    "end before start": (
        FIRST, FIRST.replace("01\n", "01\n        end: 2022-12-31\n", 1),
        r"end 2022-12-31 is before start 2023-01-01(.|\n)*instruments\[0\].spells\[0\].end",
    ),
    "two amounts for one date": (
        FIRST,
        "      - start: 2022-06-01\n        end: 2023-01-01\n        amounts:\n"
        "          1: {value: 500, unit: yuan, source: reply_2025}\n" + FIRST,
        r"two spells have an amount for 2023-01-01(.|\n)*instruments\[0\].spells\[1\].start"
        r"(.|\n)*2022-06-01 to 2023-01-01(.|\n)*end the earlier spell the day before",
    ),
    "an end that is announced after it": (
        FIRST,
        FIRST.replace(
            "01\n", "01\n        end: 2025-12-31\n        end_announced: 2026-01-01\n", 1
        ),
        r"outside of the spell(.|\n)*spells\[0\].end_announced(.|\n)*2023-01-01 to 2025-12-31",
    ),
    "unknown kind": (
        "kind: birth_grant", "kind: birth_gift", r"unknown kind(.|\n)*did you mean 'birth_grant'",
    ),
    "unknown document": (
        "source: reply_2025, quote: 一孩", "source: reply_2024, quote: 一孩",
        r"cites 'reply_2024'(.|\n)*instruments\[0\](.|\n)*reply_2025(.|\n)*did you mean",
    ),
    "negative amount": (
        "value: 1000,", "value: -1000,",
        r"greater than or equal to 0(.|\n)*instruments\[0\].spells\[0\].amounts\[1\].value"
        r"(.|\n)*-1000",
    ),
    "take-up above 1": (
        "median: 0.95", "median: 95", r"instruments\[0\].take_up.median(.|\n)*got: 95",
    ),
    "take-up out of order": ("median: 0.95", "median: 0.70", "lower <= median <= upper"),
    "assumption without reason": (
        "      reason: >-\n        13 families of some 1,900 second and third births to registered"
        " families.\n",
        "", "an assumption needs a reason",
    ),
    "home subsidy in yuan": (
        "2: {value: 3, unit: percent", "2: {value: 3, unit: yuan",
        r"unit of an amount of home_purchase_subsidy(.|\n)*amounts\[2\].unit"
        r"(.|\n)*got: yuan(.|\n)*allowed: percent",
    ),
    "more than the price": (
        "2: {value: 3, unit: percent", "2: {value: 300, unit: percent",
        r"300 percent cannot be(.|\n)*allowed: 0 to 100",
    ),
    "thousands": (
        "1: {value: 1000, unit: yuan", "1: {value: 0.1, unit: 万元", r"unit should be 'yuan'",
    ),
    "grant in percent": (
        "1: {value: 1000, unit: yuan", "1: {value: 10, unit: percent", "allowed: yuan",
    ),
    "no output to compare with": ("value: 95700", "value: 0", "a positive amount in yuan"),
    "a denominator that is not there": (
        "context:\n", "context:\n  denominator: disposable_income\n",
        r"denominator is not declared(.|\n)*context.disposable_income",
    ),
    "the name of the baseline": ("name: ouhai", "name: baseline", "taken by the baseline itself"),
    "one id twice": (
        "id: rearing_subsidy\n", "id: birth_grant\n", r"used twice(.|\n)*instruments\[1\].id",
    ),
    "missing key": ("place: ouhai\n", "", "the key 'place' is missing"),
    "one amount twice": (
        "          2: {value: 2000", "          1: {value: 1500, unit: yuan, source: reply_2025}\n"
        "          2: {value: 2000",
        r"the key 1 stands twice(.|\n)*mine.yaml: line \d+(.|\n)*a spell of its own",
    ),
    "not YAML": ("name: ouhai", "name: [ouhai", "the file is not YAML"),
    "payers above 1": (
        HOME, PAYERS % (0.7, 0.5) + HOME,
        r"do not add up to 1(.|\n)*instruments\[3\].payers(.|\n)*got: 1.2(.|\n)*county, city",
    ),
    "one payer above 1": (
        HOME, PAYERS % (1.5, 0.0) + HOME, r"instruments\[3\].payers.county(.|\n)*got: 1.5",
    ),
    "payers below 1": (HOME, PAYERS % (0.7, 0.2) + HOME, r"do not add up to 1(.|\n)*got: 0.9"),
    "unknown payer": (
        HOME, "    payers: {district: 1.0, source: reply_2025}\n" + HOME,
        r"unknown key 'district'(.|\n)*county, city, province, nation",
    ),
    "voucher and what includes it": (
        "    kind: child_allowance\n",
        "    kind: child_allowance\n    includes: [childcare_voucher]\n",
        r"'childcare_voucher' is counted beside 'rearing_subsidy', whose amounts include it"
        r"(.|\n)*instruments\[1\].includes(.|\n)*instruments\[2\] is a childcare_voucher"
        r"(.|\n)*one of the two",
    ),
    "includes an unknown kind": (
        "    kind: child_allowance\n", "    kind: child_allowance\n    includes: [voucher]\n",
        r"no kind of instrument(.|\n)*instruments\[1\].includes\[0\](.|\n)*childcare_voucher",
    ),
    "grant and price in one market": (
        HOME, "    response: price\n" + HOME,
        r"same housing channel \(purchase\)(.|\n)*instruments\[3\].response"
        r"(.|\n)*instruments\[4\] \(loan_ceiling\) has grant(.|\n)*allowed: the one response",
    ),
    "price response without the price": (
        "    kind: loan_ceiling\n", "    kind: loan_ceiling\n    response: price\n",
        r"needs the price of the home(.|\n)*instruments\[4\].price",
    ),
    "unknown prior": (
        "instruments:", OVERRIDE % ("cash.aa", "so"),
        r"no prior 'cash.aa'(.|\n)*overrides\[0\].prior(.|\n)*cash.a, cash.b(.|\n)*did you mean",
    ),
    "override without reason": (
        "instruments:", OVERRIDE % ("cash.a", "''"), r"overrides\[0\].reason",
    ),
    "unknown study": (
        "instruments:",
        (OVERRIDE % ("cash.a", "so")).replace("so}", "so, studies: [kim_w_2042]}"),
        r"no study 'kim_w_2042'(.|\n)*overrides\[0\].studies\[0\](.|\n)*milligan_2005"
        r"(.|\n)*did you mean 'kim_w_2024'",
    ),
    "override of half a range": (
        "instruments:", (OVERRIDE % ("cash.a", "so")).replace("so}", "so, lower: 0.1}"),
        r"needs lower and upper(.|\n)*overrides\[0\]",
    ),
    "variant of nothing": (
        "    add: [rearing", "    add: [rearring",
        r"no instrument 'rearring_subsidy_first_child'(.|\n)*variants.first_child.add\[0\]"
        r"(.|\n)*did you mean",
    ),
    "payment of nothing": (
        "  - instrument: birth_grant", "  - instrument: birth_grants",
        r"no instrument 'birth_grants'(.|\n)*payments\[0\](.|\n)*did you mean 'birth_grant'",
    ),
    "budget over nothing": (
        "variants:",
        "budget: {rule: pro_rata, covers: [grant], cap: {2026: {value: 1, unit: yuan, source: "
        "reply_2025}}}\n\nvariants:",
        r"no instrument 'grant'(.|\n)*budget.covers\[0\]",
    ),
    "unknown rule": (
        "variants:",
        "budget: {rule: lottery, cap: {2026: {value: 1, unit: yuan, source: reply_2025}}}\n\n"
        "variants:",
        r"budget.rule(.|\n)*lottery",
    ),
    "cap in percent": (
        "variants:",
        "budget: {rule: by_order, cap: {2026: {value: 1, unit: percent, source: reply_2025}}}\n\n"
        "variants:",
        r"budget.cap\[2026\].unit(.|\n)*got: percent(.|\n)*allowed: yuan",
    ),
    "market rate below the fund's": (
        "value: 3.6\n", "value: 1.6\n", r"nothing is saved(.|\n)*instruments\[4\].market_rate",
    ),
    "share covered above 1": (
        "        share: 0.5\n", "        share: 50\n",
        r"eligibility.employed.share(.|\n)*got: 50",
    ),
    "fee before in the sum": (
        "      value: 3000\n      unit: yuan a month", "      value: 72000\n      unit: yuan",
        r"instruments\[8\].fee_before.unit(.|\n)*allowed: yuan a month",
    ),
    "paid after the 18th birthday": (
        "    months: 36\n", "    months: 36\n    from_month: 200\n",
        r"after the 18th birthday(.|\n)*instruments\[1\].months",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file_is_refused_in_words(case):
    before, after, message = BROKEN[case]
    assert before in OUHAI
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(OUHAI.replace(before, after, 1), where="mine.yaml")


def test_message_names_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(OUHAI.replace("take_up:", "take_upp:", 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"mine.yaml: instruments\[0\].take_upp"):
        ps.load_scenario(path)


def test_a_variant_that_counts_twice_is_refused():
    """The voucher stays while a subsidy is added that includes it; removing it is right."""
    data = yaml.safe_load(OUHAI)
    whole = dict(data["proposed"][0], id="whole", includes=["childcare_voucher"])
    whole["spells"] = data["instruments"][1]["spells"]
    data["proposed"].append(whole)
    data["variants"]["whole"] = {"title": {"en": "w", "zh": "全"}, "add": ["whole"]}
    with pytest.raises(ScenarioError, match=r"variants.whole: instruments\[12\].includes"):
        parse_scenario(yaml.safe_dump(data, allow_unicode=True))
    data["variants"]["whole"]["remove"] = ["childcare_voucher"]
    assert parse_scenario(yaml.safe_dump(data, allow_unicode=True)).variant("whole")


def test_children_that_follow_each_other_are_no_overlap():
    """A voucher until the subsidy that includes it starts is counted once."""
    data = yaml.safe_load(OUHAI)
    data["instruments"][2]["spells"][0]["end"] = "2024-12-31"
    data["instruments"][1] |= {"includes": ["childcare_voucher"]}
    data["instruments"][1]["spells"][0]["start"] = "2025-01-01"
    assert parse_scenario(yaml.safe_dump(data, allow_unicode=True))


def test_file_in_another_encoding(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(OUHAI.encode("gbk"))
    with pytest.raises(ScenarioError, match=r"is not UTF-8(.|\n)*save it as UTF-8"):
        ps.load_scenario(path)


def test_text_that_is_no_scenario():
    with pytest.raises(ScenarioError, match="does not hold a scenario"):
        parse_scenario("- 1\n- 2\n")


def test_unknown_names():
    with pytest.raises(UnknownPlaceError, match=r"no scenario is called 'ouhay'(.|\n)*'ouhai'"):
        ps.load_scenario("ouhay")
    with pytest.raises(UnknownPlaceError, match="no such scenario file"):
        ps.load_scenario("nowhere.yaml")


def test_page_of_instruments_has_every_kind_and_every_key():
    """Written from the table by docs/instrument_page.py; test_docs.py holds it up to date."""
    page = (Path(__file__).parents[2] / "docs" / "instruments.md").read_text(encoding="utf-8")
    for name, kind in KINDS.items():
        section = page.split(f'<a id="{name}"></a>')[1].split("\n## ")[0]
        assert title_of(name)["zh"] in section
        base = FamilyInstrument if issubclass(kind.declared, FamilyInstrument) else object
        for key in kind.declared.model_fields:
            if key not in getattr(base, "model_fields", {"id", "kind", "title", "payers", "note"}):
                assert f"| `{key}` |" in section
                assert f"| `{key}` | needed |  |" not in section


def test_a_value_out_of_its_limits_names_them():
    low = ps.load_scenario("huzhou").to_yaml().replace("median: ", "median: -", 1)
    with pytest.raises(ScenarioError, match=r"median(.|\n)*allowed: (at least|above) 0"):
        parse_scenario(low)
