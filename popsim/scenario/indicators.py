"""What a document measures itself by: indicators, observed values and targets.

An indicator declares; it computes nothing. Those of kind "computed" name a measure of the
simulation, the others are tracked: their observed values are kept beside their target, and
nothing is invented where no demographic model can say more.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from popsim import data
from popsim.errors import did_you_mean
from popsim.scenario.quantities import Declared, Identifier, Refusal, Sourced, Text, Year

_MEASURES = data.table("indicator_measures").set_index("measure")

#: Measures that an indicator of kind "computed" may name.
MEASURES: tuple[str, ...] = tuple(_MEASURES.index)


def measure_unit(measure: str) -> Text:
    """Unit of a measure.

    Raises
    ------
    KeyError
        No measure has this name; :data:`MEASURES` has them all.

    Examples
    --------
    >>> measure_unit("places_per_1000").en
    'places per 1,000 persons'
    """
    row = _MEASURES.loc[measure]
    return Text(en=str(row["unit_en"]), zh=str(row["unit_zh"]))


class Observation(Sourced):
    """A value that a document reports.

    Attributes
    ----------
    year : int
        Calendar year of a flow; a stock stands at its end, unless the note says otherwise.
    value : float
        In the unit of the indicator.
    """

    year: Year
    value: float


class Target(Sourced):
    """Where an indicator is meant to go.

    Attributes
    ----------
    year : int
        The year by which it is to be met.
    direction : {"rise", "fall", "hold", "range"}
        What the document asks for. "clearly higher" or "steady recovery" are directions: no
        number stands behind them, and none is made up.
    base : int, optional
        The observed year that the target starts from; the latest where it is left out.
    value : float, optional
        With "rise" the least, with "fall" the most that meets the target.
    lower, upper : float, optional
        With "hold" and "range": the bounds, one or both, where the document gives them.
    """

    year: Year
    direction: Literal["rise", "fall", "hold", "range"]
    base: Year | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Target:
        bounded = self.lower is not None or self.upper is not None
        if self.direction in ("rise", "fall") and bounded:
            raise ValueError(f"a target to {self.direction} takes a value, not lower and upper")
        if self.direction in ("hold", "range") and self.value is not None:
            raise ValueError(f"a target to {self.direction} takes lower and upper, not a value")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValueError(f"lower {self.lower:g} is above upper {self.upper:g}")
        return self


class Indicator(Declared):
    """One line of the board.

    Attributes
    ----------
    id : str
        Name in results.
    number : int, optional
        The document's own number of the row.
    title : Text
        The Chinese one is the document's term.
    unit : Text
        Of all values; for a computed indicator the unit of its measure.
    kind : {"computed", "tracked"}
    measure : str, optional
        With "computed": which measure of the simulation, one of :data:`MEASURES`.
    observed : tuple of Observation
        In order of year.
    target : Target, optional
    document : str
        Key of the document that names the indicator.
    quote : str, optional
        Its words; observations and target may quote further ones.
    note : str, optional
    """

    id: Identifier
    number: Annotated[int, Field(ge=1)] | None = None
    title: Text
    unit: Text
    kind: Literal["computed", "tracked"]
    measure: str | None = None
    observed: tuple[Observation, ...] = ()
    target: Target | None = None
    document: str
    quote: str | None = None
    note: str | None = None

    @field_validator("unit")
    @classmethod
    def _unit_is_said(cls, unit: Text) -> Text:
        if not unit.en.strip() or not unit.zh.strip():
            raise ValueError(
                "an indicator needs a unit, in en and zh; a pure number has the unit 1"
            )
        return unit

    @field_validator("measure")
    @classmethod
    def _known(cls, measure: str | None) -> str | None:
        if measure is not None and measure not in MEASURES:
            raise Refusal(
                f"unknown measure {measure!r}",
                got=measure,
                allowed=", ".join(MEASURES),
                fix=did_you_mean(measure, MEASURES),
            )
        return measure

    @field_validator("observed")
    @classmethod
    def _in_order(cls, observed: tuple[Observation, ...]) -> tuple[Observation, ...]:
        years = [observation.year for observation in observed]
        if any(b <= a for a, b in itertools.pairwise(years)):
            raise ValueError(f"observed years must ascend, one value a year; they are {years}")
        return observed

    @model_validator(mode="after")
    def _consistent(self) -> Indicator:
        if (self.kind == "computed") != (self.measure is not None):
            raise ValueError("a computed indicator needs a measure, a tracked one has none")
        if self.measure is not None and self.unit != measure_unit(self.measure):
            unit = measure_unit(self.measure)
            raise Refusal(
                f"the unit is not that of {self.measure}",
                path="unit",
                got=f"{{en: {self.unit.en}, zh: {self.unit.zh}}}",
                allowed=f"{{en: {unit.en}, zh: {unit.zh}}}",
                fix="convert the values; nothing is converted here",
            )
        return self

    @model_validator(mode="after")
    def _target_follows_its_baseline(self) -> Indicator:
        if self.target is None:
            return self
        years = [observation.year for observation in self.observed]
        base = self.target.base
        if base is not None and base not in years:
            raise Refusal(
                f"nothing is observed in the base year {base}",
                path="target.base",
                allowed=", ".join(map(str, years)),
            )
        if years and self.target.year < (base or years[-1]):
            raise Refusal(
                f"the target year is before its baseline, {base or years[-1]}",
                path="target.year",
                got=self.target.year,
                fix="give the target its base, one of the observed years, or set the next target",
            )
        bare = self.target.direction in ("rise", "fall") and self.target.value is None
        if bare and base is None and len(years) > 1:
            raise Refusal(
                f"a target to {self.target.direction} without a value needs its base",
                path="target",
                allowed=f"base: one of {', '.join(map(str, years))}",
            )
        return self

    @property
    def baseline(self) -> Observation | None:
        """The observed value that the target starts from."""
        for observation in self.observed:
            if self.target is not None and observation.year == self.target.base:
                return observation
        return self.observed[-1] if self.observed else None

    def bounds(self) -> tuple[float | None, float | None]:
        """Least and most that meet the target; None where nothing bounds that side.

        A direction without a number is judged against the observed value it starts from:
        above it with "rise", below it with "fall". Both are None where nothing can be judged.

        Examples
        --------
        >>> from popsim.scenario.quantities import Text
        >>> Indicator(
        ...     id="places", title=Text(en="Places", zh="tuowei"), kind="tracked",
        ...     unit=Text(en="places", zh="ge"), document="plan",
        ...     observed=[{"year": 2021, "value": 2.63, "source": "plan"}],
        ...     target={"year": 2025, "direction": "rise", "value": 4.6, "source": "plan"},
        ... ).bounds()
        (4.6, None)
        """
        if self.target is None:
            return None, None
        if self.target.direction in ("hold", "range"):
            return self.target.lower, self.target.upper
        start = None if self.baseline is None else self.baseline.value
        value = start if self.target.value is None else self.target.value
        return (value, None) if self.target.direction == "rise" else (None, value)

    def sources(self) -> set[str]:
        """Documents that the indicator and its values are taken from."""
        cited = {observation.source for observation in self.observed} | {self.document}
        return cited | ({self.target.source} if self.target is not None else set())
