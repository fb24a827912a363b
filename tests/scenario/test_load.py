"""Scenario files: what loads, what is refused and with which words."""

from __future__ import annotations

import pytest

import popsim as ps
from popsim.errors import ScenarioError, UnknownPlaceError
from popsim.scenario.catalogue import scenario_names, scenario_path
from popsim.scenario.load import parse_scenario

OUHAI = scenario_path("ouhai").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_loads_and_survives_a_round_trip(name):
    scenario = ps.load_scenario(name)
    assert scenario.name == name
    assert parse_scenario(scenario.to_yaml()) == scenario


def test_a_path_loads_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(OUHAI, encoding="utf-8")
    assert ps.load_scenario(path) == ps.load_scenario("ouhai")


def test_amounts_are_those_of_the_document():
    """Reply of 2025-06-24: 1,000 / 2,000 / 3,000; in all 36,000 and 72,000; 3 and 5 percent."""
    grant, rearing, voucher, home = ps.load_scenario("ouhai").instruments
    assert {o: q.value for o, q in grant.amounts.items()} == {1: 1000, 2: 2000, 3: 3000}
    for order, most in ((2, 36_000), (3, 72_000)):
        assert rearing.amounts[order].value + voucher.amounts[order].value == most
    assert {o: q.value for o, q in home.amounts.items()} == {2: 3, 3: 5}
    assert home.cap.value == 300_000


def test_every_assumption_of_a_shipped_scenario_has_a_reason():
    for name in scenario_names():
        for instrument in ps.load_scenario(name).instruments:
            for quantity in (*instrument.amounts.values(), instrument.take_up):
                assert quantity.source != "assumption" or quantity.reason


def test_without_returns_another_and_leaves_the_first():
    scenario = ps.load_scenario("ouhai")
    less = scenario.without("birth_grant", "national_childcare_subsidy")
    assert less.instruments[0].id == "rearing_subsidy"
    assert less.background == ()
    assert len(scenario.instruments) == 4
    with pytest.raises(ScenarioError, match="no instrument 'gift'"):
        scenario.without("gift")


def test_scenario_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        ps.load_scenario("ouhai").name = "other"


def test_scenario_prints_a_sentence_an_instrument():
    text = str(ps.load_scenario("ouhai"))
    assert "Birth grant 一次性生育补贴 from 2023-01-01: 1: 1,000 yuan" in text
    assert "<th>take-up</th>" in ps.load_scenario("ouhai")._repr_html_()


FIRST = "start: 2023-01-01\n    amounts:\n      1"
BROKEN = {
    "unknown key": ("take_up:", "take_upp:", r"unknown key 'take_upp'(.|\n)*'take_up'"),
    "unknown key at the top": ("summary:", "sumary:", r"unknown key 'sumary'(.|\n)*'summary'"),
    "unknown key deep down": (
        "source: assumption\n    reason: About", "sauce: assumption\n    reason: About",
        r"context.gdp_per_capita.sauce(.|\n)*allowed: value, unit, source",
    ),
    "order 0": ("      1: {value: 1000", "      0: {value: 1000", r"birth order(.|\n)*1, 2, 3"),
    "order 4": ("      3: {value: 3000", "      4: {value: 3000", r"birth order(.|\n)*got: 4"),
    "end before start": (
        FIRST, FIRST.replace("01\n", "01\n    end: 2022-12-31\n", 1),
        r"end 2022-12-31 is before start 2023-01-01(.|\n)*instruments\[0\]",
    ),
    "unknown kind": (
        "kind: birth_grant", "kind: birth_gift", r"unknown kind(.|\n)*did you mean 'birth_grant'",
    ),
    "unknown document": (
        "source: reply_2025, quote: 一孩", "source: reply_2024, quote: 一孩",
        r"cites 'reply_2024'; the documents are reply_2025",
    ),
    "negative amount": ("value: 1000,", "value: -1000,", r"greater than or equal to 0(.|\n)*-1000"),
    "take-up above 1": ("median: 0.90", "median: 90", r"take_up.median(.|\n)*got: 90"),
    "take-up out of order": ("median: 0.90", "median: 0.70", "lower <= median <= upper"),
    "assumption without reason": (
        "      reason: 13 families of some 2,000 second and third births to registered families.\n",
        "", "an assumption needs a reason",
    ),
    "home subsidy in yuan": (
        "2: {value: 3, unit: percent", "2: {value: 3, unit: yuan", "share of the price in percent",
    ),
    "thousands": (
        "1: {value: 1000, unit: yuan", "1: {value: 0.1, unit: 万元", r"unit should be 'yuan'",
    ),
    "grant in percent": (
        "1: {value: 1000, unit: yuan", "1: {value: 10, unit: percent", "an amount in yuan",
    ),
    "no output to compare with": ("value: 95700", "value: 0", "a positive amount in yuan"),
    "the name of the baseline": ("name: ouhai", "name: baseline", "taken by the baseline itself"),
    "one id twice": ("id: rearing_subsidy", "id: birth_grant", "used twice"),
    "missing key": ("place: ouhai\n", "", "the key 'place' is missing"),
    "not YAML": ("name: ouhai", "name: [ouhai", "the file is not YAML"),
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
