"""What one variable is: the row of the registry."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

PERSONS = "persons"
ONE = "1"
AGE_FLOW = ("year", "sex", "age")
RATE_HINT = "is it per 1,000? divide by 1000"
#: No woman bears more than two children in a year of age, in any population observed.
MAX_FERTILITY = 2.0
#: Person-year rates above this do not occur at any age a life table closes with.
MAX_MORTALITY = 5.0


@dataclass(frozen=True)
class Variable:
    """What one variable is.

    Attributes
    ----------
    name : str
        Name in Datasets; the field's own term.
    dims : tuple of str
        Core dimensions in canonical order; any other dimension broadcasts by name.
    unit : str
    en, zh : str
        Short labels for tables and plots.
    meaning : str
        One line; says cohort or period, instant or interval where it matters.
    forms : tuple of (dims, meaning)
        What it means with other dimensions: an input that is a result too, sums over ages.
    lower, upper : float
        Closed bounds; a value outside raises.
    hint : str
        What a value outside of the bounds usually means.
    """

    name: str
    dims: tuple[str, ...]
    unit: str
    en: str
    zh: str
    meaning: str
    lower: float = -math.inf
    upper: float = math.inf
    hint: str = ""
    forms: tuple[tuple[tuple[str, ...], str], ...] = ()

    def attrs(self, dims: Collection[Hashable] | None = None) -> dict[str, Any]:
        """Attributes that a variable carries, of the form that its dimensions show."""
        return {
            "units": self.unit,
            "long_name": self.en,
            "long_name_zh": self.zh,
            "description": self.meaning if dims is None else self.meaning_of(dims),
        }

    def meaning_of(self, dims: Collection[Hashable]) -> str:
        """What the variable means with these dimensions: the form that has most of them.

        Examples
        --------
        >>> births = Variable("births", ("year", "age"), PERSONS, "Births", "出生人数",
        ...     "By age of the mother.", forms=((("year", "order"), "By birth order."),))
        >>> births.meaning_of(("draw", "year", "order"))
        'By birth order.'
        """
        every = ((self.dims, self.meaning), *self.forms)
        fitting = [(len(core), said) for core, said in every if set(core) <= set(dims)]
        # of two that fit equally well the first; the registry's own where none does
        return max(fitting, key=lambda form: form[0])[1] if fitting else self.meaning
