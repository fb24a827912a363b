"""Nothing is lost: births, women, children and money add up in every draw, at any fertility."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import Phase, given, settings, strategies as st

import popsim as ps
from popsim import data
from popsim.scenario.model import Scenario

#: Sums of some hundred terms in another order, over some decades.
ROUNDING = 1e-9
YEARS = 2040


def place(level: float, mix: list[float] | None = None, mean_age: float | None = None):
    """A city of the census of 2020 at a level of fertility that it need not have."""
    census = data.table("census").query("place == 'cixi' and census_year == 2020")
    deaths = data.table("wpp2024_china_mortality").query("period == 2020")
    return ps.build_baseline(
        census[["sex", "age_group", "population"]],
        reference_date="2020-11-01",
        end=YEARS,
        mortality_rate=deaths[["sex", "age", "mortality_rate"]],
        total_fertility_rate=level,
        fertility_pattern=data.table("fertility_china_2020"),
        mean_age_at_childbearing=mean_age,
        sex_ratio_at_birth=1.10,
        order_mix=mix,
        nation="China",
    )


def off(ours: xr.DataArray, theirs: xr.DataArray) -> float:
    """The largest difference, relative to what should be there."""
    return float((abs(ours - theirs) / abs(theirs).clip(1e-6)).max())


def quantity(value: float, unit: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "source": "plan"}


def package(amount: float, cap: float | None = None, rule: str = "pro_rata", effect: str = ""):
    """Cash at birth and monthly, to everybody; in a budget where there is a cap."""
    sure = dict.fromkeys(("median", "lower", "upper"), 1 - 1e-12) | {"source": "plan"}
    common = {"take_up": sure, "eligibility": {"registered": False}}

    def spells(unit: str, of: float) -> list[dict[str, object]]:
        amounts = {k: quantity(k * of, unit) for k in (1, 2, 3)}
        return [{"start": "2022-01-01", "amounts": amounts}]

    told: dict[str, object] = {
        "name": "cash",
        "place": "here",
        "title": {"en": "cash", "zh": "现金"},
        "summary": {"en": "cash", "zh": "现金"},
        "documents": {"plan": {"title": "p", "publisher": "p", "date": "2020-01-01"}},
        "context": {"gdp_per_capita": quantity(100_000, "yuan")},
        "instruments": [
            {"id": "grant", "kind": "birth_grant", "title": {"en": "grant", "zh": "补贴"},
             "spells": spells("yuan", amount), **common},
            {"id": "allowance", "kind": "child_allowance", "months": 36,
             "title": {"en": "allowance", "zh": "津贴"},
             "spells": spells("yuan a month", amount / 36), **common},
        ],
    }  # fmt: skip
    if cap is not None:
        years = range(2022, YEARS + 1)
        told["budget"] = {"cap": {y: quantity(cap, "yuan") for y in years}, "rule": rule}
    if effect == "none":
        told["overrides"] = [
            {"prior": "cash.a", "median": 1e-9, "lower": 1e-10, "upper": 1e-8, "reason": "test"}
        ]
    return Scenario.model_validate(told)


@pytest.mark.slow
@given(
    level=st.floats(0.6, 7.0),
    mix=st.none() | st.sampled_from([(0.8, 0.15, 0.05), (0.3, 0.3, 0.4), (0.1, 0.1, 0.8)]),
    mean_age=st.none() | st.floats(25.0, 32.0),
    amount=st.floats(1.0, 200_000.0),
    seed=st.integers(0, 1000),
)
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_births_women_and_children_add_up(level, mix, mean_age, amount, seed):
    baseline = place(level, mix, mean_age)
    expected = ps.project(baseline)
    flat = ps.simulate(baseline, package(amount), draws=1, vary=["response"], outputs="full")
    assert off(flat.births.isel(scenario=0, draw=0).sum("order"), expected.births) < ROUNDING
    assert off(flat.population.isel(scenario=0, draw=0), expected.population) < ROUNDING

    drawn = ps.simulate(baseline, package(amount), draws=6, seed=seed, outputs="full")
    women = drawn.population.sel(sex="female", drop=True)
    assert off(drawn.women_by_parity.sum("parity"), women) < ROUNDING
    assert float(drawn.women_by_parity.min()) >= -1e-9 * float(women.max())  # rounding of shares
    groups = {"0-2": (0, 2), "3-5": (3, 5), "6-11": (6, 11), "12-14": (12, 14), "15-17": (15, 17)}
    for name, (first, last) in groups.items():
        people = drawn.population.sel(age=slice(first, last)).sum(["sex", "age"])
        children = drawn.children_by_order.sel(child_group=name).sum("order")
        assert off(children, people) < ROUNDING, name
    alone = ps.simulate(baseline, [], draws=6, seed=seed, variables=["total_births", "population"])
    by_order = drawn.births.sel(scenario="baseline").sum(["order", "age"])
    assert off(by_order, alone.total_births.squeeze("scenario", drop=True)) < ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["pro_rata", "first_come", "by_order"])
def test_money_paid_is_money_due_less_the_shortfall(rule):
    """Where cash has no effect, what is due under a cap is what is paid without one."""
    baseline = place(1.2)
    free = ps.simulate(baseline, package(20_000.0, effect="none"), draws=20, seed=1)
    capped = ps.simulate(
        baseline, package(20_000.0, cap=150e6, rule=rule, effect="none"), draws=20, seed=1
    )
    due = free.cost.isel(scenario=1).sum("instrument")
    paid = capped.cost.isel(scenario=1).sum("instrument")
    short = capped.cost_shortfall.isel(scenario=1)
    assert float(short.min()) >= 0.0
    assert float(short.max()) > 1e6
    assert float(abs(paid + short - due).max()) < 1e-6 * float(due.max())  # the effect is 1e-9
    orders = capped.cost_by_order.sum("order")
    assert off(orders.isel(scenario=1), capped.cost.isel(scenario=1)) < ROUNDING
    assert float(paid.max()) <= 150e6 * (1 + ROUNDING)


@pytest.mark.slow
def test_births_of_draws_of_a_nation_are_those_without_parity():
    """Where a parity runs out of women in a draw, others bear: no draw-year is short."""
    baseline = ps.load_baseline("china", end=2060)
    births = ps.simulate(baseline, [], draws=200, seed=3, variables="births").births.sum("order")
    total = ps.simulate(baseline, [], draws=200, seed=3, variables="total_births").total_births
    assert off(births, total) < ROUNDING


@pytest.mark.slow
def test_a_concentrated_pattern_moves_births_between_ages_and_says_so():
    """All births at two ages: more than once a year for each woman there in many draws."""
    baseline = place(1.2)
    pattern = xr.zeros_like(baseline.fertility_rate)
    pattern.loc[{"age": slice(25, 26)}] = 1.1
    baseline = baseline.assign(fertility_rate=pattern.assign_attrs(baseline.fertility_rate.attrs))
    names = ["births", "births_displaced", "births_reordered", "total_births"]
    result = ps.simulate(baseline, [], draws=20, seed=2, variables=names)
    total = ps.simulate(baseline, [], draws=20, seed=2, variables="total_births").total_births
    assert off(result.births.sum("order"), total) < ROUNDING
    assert float(result.births_displaced.isel(year=0).min()) > 0.0


def test_series_by_year_keep_their_births():
    """Fertility that rises fivefold: the women by parity of today never foresaw it."""
    baseline = place(1.0)
    level = pd.Series({2021: 1.0, 2030: 5.0})
    factor = xr.DataArray(np.interp(baseline.year, level.index, level), dims="year")
    rising = baseline.assign(
        fertility_rate=(baseline.fertility_rate * factor).assign_attrs(
            baseline.fertility_rate.attrs
        )
    )
    got = ps.simulate(rising, [], draws=1, vary=["response"]).births.sum("order")
    want = ps.project(rising).births.sum("age")
    assert off(got.isel(scenario=0, draw=0), want) < ROUNDING
