"""A scenario file to start from: commented, and valid as it stands."""

from __future__ import annotations

import re

from popsim.errors import ScenarioError

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")

_TEMPLATE = """\
# A policy package. The file is valid as it stands: popsim validate @NAME@.yaml
# Every number says where it comes from: the key of a document below, or "assumption" with a
# reason. Whatever is marked REPLACE is an example. Keep it in UTF-8 (另存为 UTF-8).
name: @NAME@
place: @PLACE@  # the baseline that it is simulated on
title: {en: "REPLACE: what the package is", zh: 请填写：政策包名称}
summary: {en: "REPLACE: in a sentence or two.", zh: 请填写：一两句话的说明。}

# What the numbers are taken from. url may be added.
documents:
  reply_2025:
    title: 请填写：文件标题 (REPLACE)
    publisher: 请填写：发布单位 (REPLACE)
    date: 2025-01-01
  national_2025:
    title: 育儿补贴制度实施方案 (national childcare subsidy scheme)
    publisher: 中共中央办公厅 国务院办公厅
    date: 2025-07-28

# Benefits are measured against the GDP per resident of the place [yuan a year].
context:
  gdp_per_capita: {value: 95700, unit: yuan, source: assumption, reason: REPLACE}

# What the place does: simulated and costed. The kinds are listed in docs/instruments.md.
instruments:
  - id: birth_grant
    kind: birth_grant
    title: {en: Birth grant, zh: 一次性生育补贴}
    # registered: true pays families of the household register (户籍) only; the baseline must
    # then say which share of the births is theirs.
    eligibility: {registered: false}
    # A spell has a first day, perhaps a last one (end: 2027-12-31), and the amounts by birth
    # order: 3 is third and higher, an order that is left out gets nothing.
    spells:
      - start: 2025-01-01
        amounts:
          2: {value: 5000, unit: yuan, source: reply_2025, quote: 请填写：文件原文}
          3: {value: 10000, unit: yuan, source: reply_2025, quote: 请填写：文件原文}
    # Share of the eligible families that is paid: median and 80 % range.
    take_up: {median: 0.9, lower: 0.8, upper: 0.96, source: assumption, reason: REPLACE}

  - id: childcare_places
    kind: childcare_places
    title: {en: Childcare places, zh: 托位}
    # At the end of the years named, straight between them. The baseline keeps the first.
    places:
      2024: {value: 3.0, unit: "places per 1,000", source: reply_2025, quote: 请填写：文件原文}
      2027: {value: 4.5, unit: "places per 1,000", source: reply_2025, quote: 请填写：文件原文}
    use: {median: 0.5, lower: 0.35, upper: 0.65, source: assumption, reason: REPLACE}

# What families get anyway: neither an effect of the package nor its cost.
background:
  - id: national_childcare_subsidy
    kind: child_allowance
    title: {en: National childcare subsidy, zh: 国家育儿补贴}
    months: 36
    paid_for: children  # every child under three, those born before the start among them
    eligibility: {registered: false}
    spells:
      - start: 2025-01-01
        announced: 2025-07-28  # nobody responds before
        amounts:
          1: {value: 300, unit: yuan a month, source: national_2025, quote: 每孩每年3600元}
          2: {value: 300, unit: yuan a month, source: national_2025, quote: 每孩每年3600元}
          3: {value: 300, unit: yuan a month, source: national_2025, quote: 每孩每年3600元}
    take_up:
      {median: 0.95, lower: 0.9, upper: 0.98, source: assumption, reason: Claimed online.}

# What is planned: without effect until a variant takes it in.
proposed:
  - id: first_child_grant
    kind: birth_grant
    title: {en: "Birth grant, first child too", zh: 一孩生育补贴}
    eligibility: {registered: false}
    spells:
      - start: 2026-01-01
        amounts:
          1: {value: 2000, unit: yuan, source: assumption, reason: REPLACE}
    take_up: {median: 0.9, lower: 0.8, upper: 0.96, source: assumption, reason: REPLACE}

variants:
  first_child:
    title: {en: with the first child, zh: 扩面到一孩}
    add: [first_child_grant]

# A cap on the spending of a year, and who is paid first when it binds. Delete the signs # to
# use it; 10,000 yuan (万元) must be written out in yuan.
# budget:
#   cap:
#     2026: {value: 20000000, unit: yuan, source: reply_2025}
#   rule: pro_rata  # or first_come, by_order

# What was paid so far; take-up can be calibrated on it.
# payments:
#   - instrument: birth_grant
#     until: 2025
#     amount: {value: 1000000, unit: yuan, source: reply_2025}

# The board. A computed indicator names a measure of the simulation, and its unit is that of
# the measure; a tracked one keeps its observed values. "Steady recovery" is a direction.
indicators:
  - id: total_fertility_rate
    title: {en: Total fertility rate, zh: 总和生育率}
    unit: {en: births per woman, zh: 每名妇女生育数}
    kind: computed
    measure: total_fertility_rate
    observed:
      - {year: 2024, value: 0.9, source: reply_2025, quote: 请填写：文件原文}
    target: {year: 2027, direction: rise, source: reply_2025, quote: 平稳回升}
    document: reply_2025

  - id: places_per_1000
    title: {en: "Childcare places per 1,000 persons", zh: 每千人口托位数}
    unit: {en: "places per 1,000 persons", zh: 个/千人}
    kind: computed
    measure: places_per_1000
    observed:
      - {year: 2024, value: 3.0, source: reply_2025, quote: 请填写：文件原文}
    target: {year: 2027, direction: rise, value: 4.5, source: reply_2025}
    document: reply_2025

  - id: premarital_check
    title: {en: Premarital medical check, zh: 婚前医学检查率}
    unit: {en: percent, zh: "%"}
    kind: tracked
    observed:
      - {year: 2024, value: 80, source: reply_2025, quote: 请填写：文件原文}
    target: {year: 2027, direction: rise, value: 90, source: reply_2025}
    document: reply_2025
"""


def scenario_skeleton(name: str, place: str) -> str:
    """Text of a scenario file to fill in; it loads and runs as it stands.

    Parameters
    ----------
    name : str
        Name of the scenario in results: lower-case letters, digits, underscores.
    place : str
        The place of the baseline, written in the same way.

    Returns
    -------
    str
        YAML with comments.

    Raises
    ------
    ScenarioError
        A name that a scenario cannot have.

    Examples
    --------
    >>> text = scenario_skeleton("my_package", "my_city")
    >>> from popsim.scenario.load import parse_scenario
    >>> [instrument.id for instrument in parse_scenario(text).instruments]
    ['birth_grant', 'childcare_places']
    """
    for what, given in (("name", name), ("place", place)):
        if not _IDENTIFIER.fullmatch(given):
            raise ScenarioError(
                f"the {what} of a scenario cannot be written so",
                where=what,
                got=given,
                allowed="lower-case letters, digits and _, a letter first",
            )
    if name == "baseline":
        raise ScenarioError(
            "the name 'baseline' is taken by the baseline itself",
            where="name",
            got=name,
            fix="take another name",
        )
    return _TEMPLATE.replace("@NAME@", name).replace("@PLACE@", place)
