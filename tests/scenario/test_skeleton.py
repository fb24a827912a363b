"""The skeleton of a scenario file: it loads, and says what is to be filled in."""

from __future__ import annotations

import pytest

from popsim.errors import ScenarioError
from popsim.scenario.load import parse_scenario
from popsim.scenario.skeleton import scenario_skeleton


@pytest.fixture(scope="module")
def text() -> str:
    return scenario_skeleton("our_package", "our_city")


def test_it_loads_as_it_stands_and_survives_a_round_trip(text):
    package = parse_scenario(text)
    assert (package.name, package.place) == ("our_package", "our_city")
    assert parse_scenario(package.to_yaml()) == package
    alternative = package.variant("first_child")
    assert [i.id for i in alternative.instruments][-1] == "first_child_grant"


def test_it_shows_every_part_of_a_file(text):
    package = parse_scenario(text)
    assert package.instruments
    assert package.background
    assert package.proposed
    assert {i.kind for i in package.indicators} == {"computed", "tracked"}
    for part in ("budget:", "payments:"):
        assert f"# {part}" in text


def test_what_is_commented_out_loads_too(text):
    lines = text.splitlines()
    parts = [n for n, line in enumerate(lines) if line in ("# budget:", "# payments:")]
    for start in parts:
        n = start
        while lines[n].startswith("#"):
            lines[n] = lines[n].removeprefix("# ")
            n += 1
    package = parse_scenario("\n".join(lines))
    assert package.budget.rule == "pro_rata"
    assert package.payments[0].instrument == "birth_grant"


def test_examples_are_marked_and_amounts_have_a_source(text):
    assert text.count("REPLACE") > 5
    for instrument in parse_scenario(text).instruments:
        assert instrument.sources() <= {"assumption", "reply_2025"}


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        (
            "Our package",
            "our_city",
            r"the name of a scenario cannot be written so(.|\n)*lower-case",
        ),
        ("", "our_city", "the name of a scenario cannot be written so"),
        ("our_package", "湖州", "the place of a scenario cannot be written so"),
        ("baseline", "our_city", "taken by the baseline itself"),
    ],
)
def test_names_that_cannot_be(name, place, message):
    with pytest.raises(ScenarioError, match=message):
        scenario_skeleton(name, place)
