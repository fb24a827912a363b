"""What one variable is: the row of the registry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

FEMALE, MALE = "female", "male"
SEXES: tuple[str, str] = (FEMALE, MALE)

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

    def attrs(self) -> dict[str, Any]:
        """Attributes that a result variable carries."""
        return {
            "units": self.unit,
            "long_name": self.en,
            "long_name_zh": self.zh,
            "description": self.meaning,
        }
