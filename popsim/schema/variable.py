"""What one variable is: the row of the registry."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar

from popsim.languages import as_attributes, in_each

PERSONS = "persons"
ONE = "1"
AGE_FLOW = ("year", "sex", "age")
RATE_HINT = "is it per 1,000? divide by 1000"
#: No woman bears more than two children in a year of age, in any population observed.
MAX_FERTILITY = 2.0
#: Person-year rates above this do not occur at any age a life table closes with.
MAX_MORTALITY = 5.0

_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Form(NamedTuple):
    """What a variable is in a result.

    Attributes
    ----------
    dims : tuple of str
        Core dimensions there; they tell which form it is.
    meaning : str
    unit : str
        The variable's own where empty.
    """

    dims: tuple[str, ...]
    meaning: str
    unit: str = ""


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
    en : str
        Short label for tables and plots; other languages have it under ``<key>.<name>``.
    meaning : str
        One line; says cohort or period, instant or interval where it matters.
    forms : tuple of Form
        What it is in results: an input that is a result too, sums over ages.
    lower, upper : float
        Closed bounds; a value outside raises.
    hint : str
        What a value outside of the bounds usually means.
    """

    #: Of the labels in other languages, before the name.
    key: ClassVar[str] = "variable"

    name: str
    dims: tuple[str, ...]
    unit: str
    en: str
    meaning: str
    lower: float = -math.inf
    upper: float = math.inf
    hint: str = ""
    forms: tuple[Form, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Its label by language."""
        return in_each(f"{self.key}.{self.name}", self.en)

    def form(self, dims: Collection[Hashable], *, result: bool = False) -> Form:
        """The form that has most of these dimensions; of two alike a result's own comes first.

        Examples
        --------
        >>> births = Variable("births", ("year", "age"), PERSONS, "Births",
        ...     "By age of the mother.", forms=(Form(("year", "order"), "By birth order."),))
        >>> births.form(("draw", "year", "order")).meaning
        'By birth order.'
        """
        own = Form(self.dims, self.meaning)
        every = (*self.forms, own) if result else (own, *self.forms)
        fitting = [form for form in every if set(form.dims) <= set(dims)]
        return max(fitting, key=lambda form: len(form.dims), default=own)

    def attrs(
        self, dims: Collection[Hashable] | None = None, *, step: int | None = None
    ) -> dict[str, Any]:
        """Attributes that the variable carries.

        Parameters
        ----------
        dims : collection of str, optional
            Its dimensions, which tell its form; those of the input if absent.
        step : int, optional
            Years that a step covers, of a result: flows then say so.
        """
        form = self.form(self.dims if dims is None else dims, result=step is not None)
        unit, label = form.unit or self.unit, dict(self.labels)
        if step is not None and step > 1 and unit == PERSONS and "year" in form.dims:
            covered = f"in the {years_in_words(step)} from"
            unit, label["en"] = f"{unit} {covered}", f"{self.en} {covered}"
        return {"units": unit, **as_attributes(label), "description": form.meaning}


Row = TypeVar("Row", bound=Variable)


def table_of(*rows: Row) -> dict[str, Row]:
    """Rows of a registry by name.

    Raises
    ------
    ValueError
        Two rows of one name.
    """
    table = {row.name: row for row in rows}
    if len(table) != len(rows):
        raise ValueError("a name is registered twice")
    return table


def years_in_words(years: int) -> str:
    """A number of years in words.

    Examples
    --------
    >>> years_in_words(5), years_in_words(15)
    ('five years', '15 years')
    """
    if years == 1:
        return "year"
    return f"{_WORDS[years - 2] if years - 2 < len(_WORDS) else years} years"
