"""Small packages to test on."""

from __future__ import annotations

import pytest

from popsim.scenario.model import Scenario

#: A share that is taken for certain: the Beta's quantiles are its median.
SURE = {"median": 1 - 1e-12, "lower": 1 - 1e-12, "upper": 1 - 1e-12, "source": "plan"}


def quantity(value, unit):
    return {"value": value, "unit": unit, "source": "plan"}


def spell(amounts, unit="yuan", start="2021-01-01", **more):
    each = {order: quantity(value, unit) for order, value in amounts.items()}
    return {"start": start, "amounts": each, **more}


def instrument(kind, amounts=None, unit="yuan", start="2021-01-01", end=None, **more):
    """A declaration that everybody takes up, in force from 2021."""
    made = {"id": more.pop("id", kind), "kind": kind, "title": {"en": kind, "zh": "措施"}}
    if amounts is not None:
        dates = {"start": start} | ({"end": end} if end else {})
        made |= {
            "spells": [spell(amounts, unit, **dates)],
            "take_up": SURE,
            "eligibility": {"registered": False},
        }
    return made | more


def package(*instruments, background=(), **more):
    return Scenario.model_validate(
        {
            "name": "test",
            "place": "here",
            "title": {"en": "test", "zh": "测试"},
            "summary": {"en": "test", "zh": "测试"},
            "documents": {"plan": {"title": "p", "publisher": "p", "date": "2020-01-01"}},
            "context": {"gdp_per_capita": quantity(100_000, "yuan")},
            "instruments": instruments,
            "background": background,
            **more,
        }
    )


@pytest.fixture
def build():
    """``build(instrument, ...)``: a scenario of declarations."""
    return package


@pytest.fixture
def declare():
    """``declare(kind, amounts, unit)``: one declaration, taken up by everybody."""
    return instrument


@pytest.fixture
def number():
    """``number(value, unit)``: a quantity."""
    return quantity
