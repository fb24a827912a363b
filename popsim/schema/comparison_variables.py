"""The registry's rows on what a comparison gives: differences between scenarios, draw by draw.

Some have the name of a variable of a result, of which they are the difference; so they are a
table of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from popsim.languages import in_each
from popsim.schema.decision_variables import PER_BIRTH, YUAN
from popsim.schema.projection_variables import PROJECTION
from popsim.schema.variable import PERSONS, Variable

_RATIOS = ("dependency_ratio", "child_dependency_ratio", "old_age_dependency_ratio")


@dataclass(frozen=True, kw_only=True)
class Change(Variable):
    """A difference between scenarios; labelled under ``compare.<name>``.

    Attributes
    ----------
    of : Variable, optional
        What it is the change of, from whose label its own is made.
    """

    key: ClassVar[str] = "compare"
    of: Variable | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Its label by language."""
        if self.of is None:
            return super().labels
        return in_each("compare.change", "Change of {of}", of=self.of.labels)


COMPARISON: tuple[Change, ...] = (
    Change(
        "additional_births",
        ("year", "order"),
        PERSONS,
        "Additional births",
        "Births beyond those of the alternative by birth order (3: third and higher).",
    ),
    Change(
        "additional_births_total",
        ("year",),
        PERSONS,
        "Additional births",
        "Births beyond those of the alternative, of all orders.",
    ),
    Change(
        "additional_births_percent",
        ("year",),
        "percent",
        "Additional births",
        "Births beyond those of the alternative per 100 of its births.",
    ),
    Change(
        "cost",
        ("year", "instrument"),
        YUAN,
        "Additional spending",
        "Spending beyond that of the alternative by instrument.",
    ),
    Change(
        "cost_total",
        ("year",),
        YUAN,
        "Additional spending",
        "Spending beyond that of the alternative, on all instruments.",
    ),
    Change(
        "cumulative_additional_births",
        (),
        PERSONS,
        "Additional births, all years",
        "Births of all years beyond those of the alternative.",
    ),
    Change(
        "cumulative_cost",
        (),
        YUAN,
        "Additional spending, all years",
        "Spending of all years beyond that of the alternative.",
    ),
    Change(
        "cost_per_additional_birth",
        (),
        PER_BIRTH,
        "Cost per additional birth",
        "Spending over additional births of all years; infinite where none is gained.",
    ),
    Change(
        "population_change",
        ("time",),
        PERSONS,
        "Change of population",
        "Population on 1 January beyond that of the alternative.",
    ),
    *(
        Change(
            f"{row.name}_change",
            row.dims,
            "percentage points",
            f"Change of {row.en}",
            f"{row.en} less that of the alternative.",
            of=row,
        )
        for row in PROJECTION
        if row.name in _RATIOS
    ),
)
