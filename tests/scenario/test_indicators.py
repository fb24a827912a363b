"""Indicators: what loads, what bounds a target gives, and what is refused with which words."""

from __future__ import annotations

import pytest

from popsim import data
from popsim.errors import ScenarioError
from popsim.scenario.indicators import MEASURES, Indicator, measure_unit
from popsim.scenario.load import parse_scenario

PERCENT = {"en": "percent", "zh": "%"}


def indicator(**changes):
    declared = {
        "id": "check",
        "title": {"en": "Check", "zh": "检查率"},
        "unit": PERCENT,
        "kind": "tracked",
        "document": "plan",
        "observed": [{"year": 2021, "value": 80.0, "source": "plan"}],
    }
    return Indicator.model_validate(declared | changes)


def target(**parts):
    return {"year": 2025, "source": "plan"} | parts


@pytest.mark.parametrize(
    ("declared", "bounds"),
    [
        ({"direction": "rise"}, (80.0, None)),
        ({"direction": "fall"}, (None, 80.0)),
        ({"direction": "rise", "value": 90.0}, (90.0, None)),
        ({"direction": "fall", "value": 70.0}, (None, 70.0)),
        ({"direction": "hold", "upper": 80.0}, (None, 80.0)),
        ({"direction": "range", "lower": 75.0, "upper": 85.0}, (75.0, 85.0)),
        ({"direction": "range"}, (None, None)),
    ],
)
def test_bounds_of_a_target(declared, bounds):
    assert indicator(target=target(**declared)).bounds() == bounds


def test_without_target_or_start_nothing_is_judged():
    assert indicator().bounds() == (None, None)
    assert indicator(observed=[], target=target(direction="rise")).bounds() == (None, None)


def test_a_direction_starts_from_its_base_and_later_values_do_not_move_it():
    observed = [{"year": y, "value": v, "source": "plan"} for y, v in ((2021, 80.0), (2023, 70.0))]
    row = indicator(observed=observed, target=target(direction="rise", base=2021))
    assert row.baseline.value == 80.0
    assert row.bounds() == (80.0, None)
    assert indicator(observed=observed, target=target(direction="rise", value=90)).bounds()[0] == 90


def test_a_target_with_its_base_stays_when_its_year_is_past():
    observed = [{"year": y, "value": 1.0, "source": "plan"} for y in (2021, 2026)]
    assert indicator(observed=observed, target=target(direction="rise", base=2021))


def test_sources_are_all_that_is_cited():
    row = indicator(
        observed=[{"year": 2021, "value": 1.0, "source": "bulletin"}],
        target=target(direction="rise", source="law"),
    )
    assert row.sources() == {"plan", "bulletin", "law"}


def test_every_measure_has_labels_and_units_in_both_languages():
    table = data.table("indicator_measures")
    assert tuple(table["measure"]) == MEASURES
    for column in ("unit_en", "unit_zh", "en", "zh", "meaning"):
        assert table[column].str.strip().astype(bool).all(), column
    assert set(table["clock"]) == {"flow", "stock", "life_table"}
    assert measure_unit("births").zh == "人"


FILE = """\
name: plan_of_a_city
place: my_city
title: {en: Plan, zh: 方案}
summary: {en: Plan., zh: 方案。}
documents:
  plan: {title: 方案, publisher: 市政府, date: 2022-09-09}
context:
  gdp_per_capita: {value: 90000, unit: yuan, source: assumption, reason: example}
instruments: []
indicators:
  - id: fertility
    title: {en: Total fertility rate, zh: 总和生育率}
    unit: {en: births per woman, zh: 每名妇女生育数}
    kind: computed
    measure: total_fertility_rate
    observed:
      - {year: 2021, value: 0.89, source: plan}
    target: {year: 2025, direction: rise, source: plan}
    document: plan
"""
UNIT = "    unit: {en: births per woman, zh: 每名妇女生育数}\n"
OBSERVED = "      - {year: 2021, value: 0.89, source: plan}\n"
RISE = "direction: rise, source"

BROKEN = {
    "no unit": (UNIT, "", r"the key 'unit' is missing(.|\n)*indicators\[0\].unit"),
    "empty unit": (UNIT, '    unit: {en: "", zh: ""}\n', "needs a unit, in en and zh"),
    "unit without Chinese": (UNIT, "    unit: {en: births per woman}\n", "the key 'zh' is missing"),
    "unit of another measure": (
        UNIT, '    unit: {en: percent, zh: "%"}\n',
        r"unit is not that of total_fertility_rate(.|\n)*births per woman",
    ),
    "target before its baseline": (
        "year: 2025", "year: 2020",
        r"target year is before its baseline, 2021(.|\n)*indicators\[0\].target.year(.|\n)*2020",
    ),
    "unknown measure": (
        "measure: total_fertility_rate", "measure: total_fertilty_rate",
        r"unknown measure 'total_fertilty_rate'(.|\n)*did you mean 'total_fertility_rate'",
    ),
    "computed without measure": (
        "    measure: total_fertility_rate\n", "", "a computed indicator needs a measure",
    ),
    "tracked with measure": ("kind: computed", "kind: tracked", "a tracked one has none"),
    "unknown kind": ("kind: computed", "kind: watched", r"indicators\[0\].kind"),
    "unknown direction": (RISE, "direction: up, source", r"target.direction(.|\n)*got: up"),
    "rise with bounds": (
        RISE, "direction: rise, lower: 1, source", "takes a value, not lower and upper",
    ),
    "range with a value": (
        RISE, "direction: range, value: 1, source", "takes lower and upper, not a value",
    ),
    "bounds out of order": (
        RISE, "direction: range, lower: 2, upper: 1, source", "lower 2 is above upper 1",
    ),
    "base that is not observed": (
        RISE, "direction: rise, base: 2019, source", "nothing is observed in the base year 2019",
    ),
    "direction from which value?": (
        OBSERVED, OBSERVED + OBSERVED.replace("2021", "2022"),
        r"without a value needs its base(.|\n)*2021, 2022",
    ),
    "one year twice": (OBSERVED, OBSERVED * 2, "observed years must ascend"),
    "not a number": ("value: 0.89", "value: .nan", r"observed\[0\].value"),
    "assumption without reason": (
        "value: 0.89, source: plan", "value: 0.89, source: assumption", "needs a reason",
    ),
    "unknown document": (
        "    document: plan", "    document: plane",
        r"cites 'plane'(.|\n)*indicators\[0\](.|\n)*did you mean 'plan'",
    ),
    "unknown key": ("    document:", "    dokument:", r"unknown key 'dokument'(.|\n)*document"),
    "number of the row": (
        "  - id: fertility", "  - id: fertility\n    number: 0", r"indicators\[0\].number",
    ),
}  # fmt: skip


def test_the_good_file_loads():
    assert parse_scenario(FILE).indicators[0].bounds() == (0.89, None)


@pytest.mark.parametrize("case", BROKEN)
def test_broken_indicator_is_refused_in_words(case):
    before, after, message = BROKEN[case]
    assert before in FILE
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(FILE.replace(before, after, 1), where="mine.yaml")


def test_two_indicators_of_one_name_are_refused():
    block = FILE[FILE.index("  - id: fertility") :]
    with pytest.raises(ScenarioError, match="indicator id 'fertility' is used twice"):
        parse_scenario(FILE + block)
