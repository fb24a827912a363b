"""A projection from your own tables, and a policy of your own on top of it.

Run it with ``python examples/own_city.py``. The tables here are those of a city with a
census by five-year age groups; put your own in their place. What no city publishes (the age
pattern of mortality, the mix of birth orders by age) is borrowed, and the code says from whom.
"""

from __future__ import annotations

from io import StringIO

import pandas as pd
import xarray as xr

import popsim as ps
from popsim import data
from popsim.scenario import parse_scenario

# Cixi, census of 1 November 2020, National Bureau of Statistics of China.
CENSUS = """\
age_group,female,male
0,5304,5675
1-4,27308,29744
5-9,33976,39305
10-14,26016,29918
15-19,31833,40609
20-24,47843,67774
25-29,65598,84660
30-34,86685,104420
35-39,68014,80149
40-44,68677,75958
45-49,88218,92840
50-54,87250,93635
55-59,63861,70665
60-64,46669,49886
65-69,40554,40924
70-74,31739,29173
75-79,17849,15314
80-84,10693,9371
85+,12566,8815
"""

POLICY = """\
name: grant
place: my_city
title: {en: Grant of 20 000 yuan for a second child, zh: 二孩补贴两万元}
summary: {en: An example., zh: 示例。}
documents: {}
context:
  gdp_per_capita: {value: 130000, unit: yuan, source: assumption, reason: example}
instruments:
  - id: second_child_grant
    kind: birth_grant
    title: {en: Second-child grant, zh: 二孩补贴}
    spells:
      - start: 2026-01-01
        amounts:
          2: {value: 20000, unit: yuan, source: assumption, reason: example}
    eligibility: {registered: false}
    take_up: {median: 0.9, lower: 0.8, upper: 0.96, source: assumption, reason: example}
"""


def population() -> pd.DataFrame:
    """One row for each sex and age group, as ``build_baseline`` takes it."""
    wide = pd.read_csv(StringIO(CENSUS))
    return wide.melt("age_group", var_name="sex", value_name="population")[
        ["sex", "age_group", "population"]
    ]


def build() -> xr.Dataset:
    """The baseline of the city, 2021 to 2040."""
    deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    return ps.build_baseline(
        population(),
        reference_date="2020-11-01",
        end=2040,
        # China's death rates by age, brought to the city's life expectancy.
        mortality_rate=deaths[["sex", "age", "mortality_rate"]],
        life_expectancy=pd.Series({2021: 80.2, 2040: 83.0}),
        total_fertility_rate=pd.Series({2021: 0.75, 2040: 0.80}),
        # The nation's rates of 2020; only their proportions count.
        fertility_pattern=data.table("fertility_china_2020"),
        sex_ratio_at_birth=pd.Series({2021: 1.10, 2040: 1.07}),
        net_migration=pd.Series({2021: 4000.0, 2040: 0.0}),
        # 55 % first and 38 % second births; their ages as in Fuzhou 2020.
        order_mix=[0.55, 0.38, 0.07],
        nation="China",
        place="my_city",
    )


def indicators(baseline: xr.Dataset) -> pd.DataFrame:
    """A few indicators of the projection, a row each, some years."""
    names = ["population", "births", "share_60_plus", "total_dependency_ratio_15_65"]
    table = ps.indicators.table(ps.project(baseline), names)
    table = table[table["year"].isin([2021, 2025, 2030, 2040])]
    return table.pivot_table(index=["en", "unit"], columns="year", values="value").round(1)


def additional_births(baseline: xr.Dataset, draws: int = 500) -> pd.DataFrame:
    """Additional births of the grant: 10 %, 50 % and 90 % of the draws."""
    result = ps.simulate(baseline, parse_scenario(POLICY), draws=draws, seed=0)
    change = ps.compare(result).sel(scenario="grant")["additional_births_total"]
    return change.sel(year=[2026, 2027, 2028, 2030, 2040]).to_pandas().round(1)


def main() -> None:
    baseline = build()
    print(indicators(baseline).to_string(), end="\n\n")
    print("Additional births by quantile")
    print(additional_births(baseline).to_string())


if __name__ == "__main__":
    main()
