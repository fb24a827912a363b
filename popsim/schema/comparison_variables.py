"""The registry's rows on what a comparison gives: differences between scenarios, draw by draw.

Some have the name of a variable of a result, of which they are the difference; so they are a
table of their own.
"""

from __future__ import annotations

from popsim.schema.decision_variables import PER_BIRTH, YUAN
from popsim.schema.projection_variables import PROJECTION
from popsim.schema.variable import PERSONS, Variable

_RATIOS = ("dependency_ratio", "child_dependency_ratio", "old_age_dependency_ratio")
_BIRTHS, _SPENDING = ("Additional births", "新增出生人数"), ("Additional spending", "新增财政支出")
_YEAR = ("year",)

COMPARISON: tuple[Variable, ...] = (
    Variable(
        "additional_births", ("year", "order"), PERSONS, *_BIRTHS,
        "Births beyond those of the alternative by birth order (3: third and higher).",
    ),
    Variable(
        "additional_births_total", _YEAR, PERSONS, *_BIRTHS,
        "Births beyond those of the alternative, of all orders.",
    ),
    Variable(
        "additional_births_percent", _YEAR, "percent", "Additional births", "新增出生比例",
        "Births beyond those of the alternative per 100 of its births.",
    ),
    Variable(
        "cost", ("year", "instrument"), YUAN, *_SPENDING,
        "Spending beyond that of the alternative by instrument.",
    ),
    Variable(
        "cost_total", _YEAR, YUAN, *_SPENDING,
        "Spending beyond that of the alternative, on all instruments.",
    ),
    Variable(
        "cumulative_additional_births", (), PERSONS, "Additional births, all years",
        "累计新增出生人数", "Births of all years beyond those of the alternative.",
    ),
    Variable(
        "cumulative_cost", (), YUAN, "Additional spending, all years", "累计新增财政支出",
        "Spending of all years beyond that of the alternative.",
    ),
    Variable(
        "cost_per_additional_birth", (), PER_BIRTH, "Cost per additional birth",
        "每新增一名出生的支出",
        "Spending over additional births of all years; infinite where none is gained.",
    ),
    Variable(
        "population_change", ("time",), PERSONS, "Change of population", "人口变化",
        "Population on 1 January beyond that of the alternative.",
    ),
    *(
        Variable(
            f"{row.name}_change", row.dims, "percentage points", f"Change of {row.en}",
            f"{row.zh}变化", f"{row.en} less that of the alternative.",
        )
        for row in PROJECTION
        if row.name in _RATIOS
    ),
)  # fmt: skip
