"""Rules travel with the variable that they describe, and with nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines import VARIANTS, load_regions, stack_regions
from popsim.demography import (
    graduate_baseline,
    scale_to_life_expectancy,
    scale_to_total_fertility_rate,
)
from popsim.schema.provenance import rules_of


@pytest.fixture(scope="module")
def baseline() -> xr.Dataset:
    return ps.load_baseline("cixi", end=2024)


def test_another_variable_drops_the_rule(baseline):
    women = xr.DataArray(
        baseline.women_by_parity.values,
        dims=("parity", "age"),
        coords={"parity": range(4), "age": range(101)},
    )
    own = baseline.assign(women_by_parity=women)
    assert "rule_women_by_parity" in rules_of(baseline)
    assert "rule_women_by_parity" not in rules_of(own)
    assert not any("rule" in str(key) for key in own.attrs)
    result = ps.simulate(own, [], draws=2)
    assert "rule_women_by_parity" not in result.attrs
    assert result.attrs["rule_fertility_rate"] == baseline.fertility_rate.attrs["rule"]


@pytest.mark.parametrize("name", [*VARIANTS])
def test_a_variant_says_what_it_did(baseline, name):
    made = VARIANTS[name](baseline)
    before, after = rules_of(baseline), rules_of(made)
    for variable in baseline.data_vars:
        key = f"rule_{variable}"
        if variable not in made:
            assert key not in after
        elif made[variable].identical(baseline[variable]):
            assert after.get(key) == before.get(key)
        else:
            assert after[key].endswith(f"made of: {before[key]}")
            assert len(after[key]) > len(before[key]) + len("; made of: ")
    assert after != before
    np.testing.assert_array_equal(  # and leaves the baseline's alone
        list(rules_of(baseline).values()), list(before.values())
    )


def test_the_words_of_the_variants(baseline):
    high = VARIANTS["high_fertility"](baseline).fertility_rate.attrs["rule"]
    assert "above the baseline's by 0.25 from year 1, 0.40 from year 6, 0.50 from year 11" in high
    low = VARIANTS["low_fertility"](baseline).fertility_rate.attrs["rule"]
    assert "below the baseline's" in low
    momentum = VARIANTS["momentum"](baseline)
    assert momentum.mortality_rate.attrs["rule"].startswith("rates of the first year")
    assert "net reproduction rate of 1" in momentum.fertility_rate.attrs["rule"]


def test_an_order_mix_of_ones_own_is_named(baseline):
    assert baseline.birth_order_share.attrs["rule"].endswith("its own order mix")
    huzhou = ps.load_baseline("huzhou", end=2021)  # its bulletin tells the orders
    assert huzhou.birth_order_share.attrs["rule"].endswith("the order mix given")


@pytest.mark.slow
def test_regions_have_rules_of_their_own(baseline):
    city, parts = ps.load_baseline("huzhou", end=2021), load_regions("huzhou", end=2021)
    for name in ("population", "fertility_rate", "women_by_parity", "children_by_order"):
        assert parts[name].attrs["rule"] != city[name].attrs["rule"]
    assert parts.mortality_rate.attrs["rule"] == city.mortality_rate.attrs["rule"]
    both = stack_regions({"a": baseline, "b": VARIANTS["constant_fertility"](baseline)})
    rule = both.fertility_rate.attrs["rule"]
    assert f"a: {baseline.fertility_rate.attrs['rule']}" in rule
    assert "b: rates of the first year" in rule
    assert both.population.attrs["rule"] == baseline.population.attrs["rule"]


def test_graduation_says_so():
    ages, years = np.arange(0, 101, 5), [2020, 2025]
    born = xr.DataArray(
        np.zeros((2, 21)), dims=("year", "age"), coords={"year": years, "age": ages}
    )
    born.loc[{"age": [20, 25]}] = 0.1
    sexes = {"sex": ["female", "male"], "age": ages}
    fives = xr.Dataset(
        {
            "population": (("sex", "age"), np.full((2, 21), 500.0), {"rule": "as counted"}),
            "mortality_rate": (("year", "sex", "age"), np.full((2, 2, 21), 0.02)),
            "fertility_rate": born,
            "sex_ratio_at_birth": ("year", [1.06, 1.06]),
        },
        coords=sexes,
    )
    made = graduate_baseline(fives)
    said = "graduated from groups and steps of 5 years"
    assert made.population.attrs["rule"] == f"{said}; made of: as counted"
    assert made.mortality_rate.attrs["rule"] == said


def test_a_result_has_the_rules_of_its_inputs(baseline):
    rules = rules_of(baseline)
    assert len(rules) > 6
    for result in (ps.project(baseline), ps.simulate(baseline, "cixi", draws=2)):
        assert {k: v for k, v in result.attrs.items() if k.startswith("rule_")} == rules


def test_no_result_has_the_rule_of_an_input(baseline):
    projected = ps.project(baseline, outputs="summary")
    simulated = ps.simulate(baseline, "cixi", draws=2)
    results = [projected, simulated, ps.compare(simulated), ps.life_table(baseline.mortality_rate)]
    for result in results:
        assert [n for n, v in result.data_vars.items() if "rule" in v.attrs] == []
    level = xr.DataArray(0.8)
    assert "rule" not in scale_to_total_fertility_rate(baseline.fertility_rate, level).attrs
    lives = xr.DataArray([82.0, 78.0], dims="sex", coords={"sex": ["female", "male"]})
    assert "rule" not in scale_to_life_expectancy(baseline.mortality_rate, lives).attrs
