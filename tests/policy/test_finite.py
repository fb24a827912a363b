"""No effect or amount that is not a number reaches a kernel, and no kernel hides one."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import popsim as ps
from popsim.errors import InputError, ScenarioError
from popsim.kernels.random import fill_about
from popsim.policy import effects
from popsim.policy.channels import log_effect
from popsim.policy.effects import policy_inputs
from popsim.policy.takeup import range_draws
from popsim.scenario.options import Override
from popsim.scenario.quantities import Range

YEARS = np.arange(2021, 2031)
KERNELS = Path(ps.__file__).parent / "kernels"
#: Kernels of whole numbers.
WITHOUT_NAN = {"quantiles.py"}
#: Smaller ones that only count groups without anybody; the numbers themselves are kept.
COUNTS = {"e0 if e0 < e1 else e1"}


def inputs(scenario, **more):
    return policy_inputs(scenario, years=YEARS, draws=2, seed=1, registered_share=1.0, **more)


@pytest.mark.parametrize("value", [np.nan, np.inf, -100.0, -250.0])
def test_an_effect_that_is_none_is_refused(value):
    with pytest.raises(
        ScenarioError, match=r"not a number, or leaves none(.|\n)*here(.|\n)*1 of 2"
    ):
        log_effect(np.array([1.0, value]), "here")


def test_an_effect_that_leaves_no_births_names_its_instrument(build, declare):
    """-40 % for 30 days, times ten: less than nothing."""
    leave = declare(
        "maternity_leave",
        {1: 300},
        unit="days",
        before={"value": 0, "unit": "days", "source": "plan"},
    )
    strong = Override(prior="maternity_leave.effect", median=-40.0, reason="r")
    with pytest.raises(
        ScenarioError, match=r"leaves none(.|\n)*test: instrument 'maternity_leave'"
    ):
        inputs(build(leave, overrides=[strong]))


def test_a_denominator_of_nothing_is_refused_before_the_kernel(build, declare):
    grant = declare("birth_grant", {1: 1e18})
    tiny = {"gdp_per_capita": {"value": 1e-300, "unit": "yuan", "source": "plan"}}
    with pytest.raises(ScenarioError, match=r"effect on births is not a number(.|\n)*order 1"):
        inputs(build(grant, context=tiny))


def test_every_array_of_a_package_is_looked_at(build, declare):
    made = inputs(build(declare("birth_grant", {1: 1000})))
    for name in ("paid", "other", "care_effect", "lag", "timing", "overlap", "pay", "reach"):
        broken = np.array(getattr(made, name))
        broken.flat[-1] = np.nan
        with pytest.raises(ScenarioError, match=f"not finite in {name}(.|\n)*scenario 'test'"):
            effects._refuse_infinite(replace(made, **{name: broken}))
    with pytest.raises(ScenarioError, match="not finite in largest_tfr_gain"):
        effects._refuse_infinite(replace(made, largest_tfr_gain=float("nan")))
    assert np.isinf(made.cap).all()  # no budget
    effects._refuse_infinite(made)


def test_the_largest_amount_gives_finite_births(build, declare):
    """1e18 yuan for each child: saturated, and no more than the largest gain."""
    package = build(declare("birth_grant", {1: 1e18, 2: 1e18, 3: 1e18}), place="cixi")
    result = ps.simulate(ps.load_baseline("cixi", end=2030), package, draws=5, seed=1)
    births = result["total_births"]
    assert np.isfinite(births.values).all()
    ratio = births.sel(scenario="test") / births.sel(scenario="baseline")
    assert float(ratio.max()) < 1.3  # 25 % at most


def test_a_range_that_no_beta_has_is_refused():
    wide = Range(median=0.5, lower=0.0, upper=1.0, source="plan")
    with pytest.raises(InputError, match=r"no Beta distribution(.|\n)*0.02 to 0.98"):
        range_draws(wide, "take_up", "x", 5, 1)


def hiding(tree: ast.AST) -> list[str]:
    """Choices ``x if x < y else y`` (or >), which give y where x is not a number."""
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.IfExp) and isinstance(node.test, ast.Compare)):
            continue
        if len(node.test.ops) != 1:
            continue
        left, right = ast.unparse(node.test.left), ast.unparse(node.test.comparators[0])
        body, orelse = ast.unparse(node.body), ast.unparse(node.orelse)
        ordered = isinstance(node.test.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE)
        if ordered and (body, orelse) == (left, right) and ast.unparse(node) not in COUNTS:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(KERNELS.rglob("*.py")) if p.name not in WITHOUT_NAN],
    ids=lambda p: p.name,
)
def test_no_kernel_hides_what_is_not_a_number_in_a_minimum(path):
    assert hiding(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_search_finds_what_it_looks_for():
    assert hiding(ast.parse("y = x if x < 1.0 else 1.0"))
    assert hiding(ast.parse("y = (a if a > b else b) / 2"))
    assert not hiding(ast.parse("y = 1.0 if x >= 1.0 else x"))


def test_a_path_about_what_is_not_a_number_is_none():
    offset = np.array([[[np.nan], [1.0]]])
    out, cut = np.empty((1, 1, 2, 1)), np.empty(1, dtype=np.int64)
    zeros = np.zeros((1, 1, 2))
    fill_about(
        zeros, 1.0, zeros, np.zeros(1, dtype=np.int64), 0.0, np.ones(1), offset,
        np.ones((1, 2, 1)).reshape(1, 2, 1), np.zeros((2, 1)), np.full((2, 1), 9.0), cut, out,
    )  # fmt: skip
    assert np.isnan(out[0, 0, 0, 0])
    assert out[0, 0, 1, 0] == 1.0
