"""What a scenario is: frozen, validated declarations, and no arithmetic.

A scenario file (YAML) is loose input; what :func:`popsim.load_scenario` returns is one
of these objects, with every default filled in. ``scenario.to_yaml()`` gives a file
that loads back to an equal object.
"""

from __future__ import annotations

import datetime as dt
import html
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import Field, model_validator

from popsim.errors import ScenarioError, did_you_mean
from popsim.languages import in_each
from popsim.scenario.indicators import Indicator
from popsim.scenario.instruments import (
    KINDS,
    AnyInstrument,
    FamilyInstrument,
    HousingInstrument,
    Instrument,
)
from popsim.scenario.options import Budget, Context, Override, Payment, Variant
from popsim.scenario.quantities import ASSUMPTION, Declared, Document, Identifier, Refusal, Text

__all__ = ["FamilyInstrument", "Instrument", "Scenario"]


class Scenario(Declared):
    """A policy package for a place.

    Attributes
    ----------
    name, place : str
    title, summary : Text
    documents : dict of str to Document
    context : Context
    instruments : tuple of instruments
        What the scenario adds; simulated and costed.
    background : tuple of instruments
        What families get anyway; it stands under the scenario's benefits when the response
        to the sum is computed, and is neither costed nor counted as an effect.
    proposed : tuple of instruments
        What is planned or might be: without effect until a variant takes it in.
    variants : dict of str to Variant
        Alternatives: :meth:`variant` makes a scenario of one.
    budget : Budget, optional
    overrides : tuple of Override
        Priors that differ from the evidence library, each with its reason.
    payments : tuple of Payment
        What was paid; take-up can be calibrated on it.
    indicators : tuple of Indicator
        What the documents measure themselves by.
    """

    name: Identifier
    place: Identifier
    title: Text
    summary: Text
    documents: dict[Identifier, Document]
    context: Context
    instruments: tuple[AnyInstrument, ...]
    background: tuple[AnyInstrument, ...] = ()
    proposed: tuple[AnyInstrument, ...] = ()
    variants: dict[Identifier, Variant] = Field(default_factory=dict)
    budget: Budget | None = None
    overrides: tuple[Override, ...] = ()
    payments: tuple[Payment, ...] = ()
    indicators: tuple[Indicator, ...] = ()

    @model_validator(mode="after")
    def _names_are_one_thing_each(self) -> Scenario:
        if self.name == "baseline":
            raise Refusal("the name 'baseline' is taken by the baseline itself", path="name")
        seen: set[str] = set()
        for path, instrument in self._declared():
            if instrument.id in seen:
                raise Refusal(
                    f"the instrument id {instrument.id!r} is used twice",
                    path=f"{path}.id",
                    got=instrument.id,
                    allowed="an id of its own",
                )
            seen.add(instrument.id)
        rows = [indicator.id for indicator in self.indicators]
        for n, row in enumerate(rows):
            if row in rows[:n]:
                raise Refusal(
                    f"the indicator id {row!r} is used twice", path=f"indicators[{n}].id", got=row
                )
        priors = [override.prior for override in self.overrides]
        for n, prior in enumerate(priors):
            if prior in priors[:n]:
                raise Refusal("one prior has two values", path=f"overrides[{n}].prior", got=prior)
        return self

    @model_validator(mode="after")
    def _documents_are_there(self) -> Scenario:
        cited = [*self._declared()]
        parts: list[tuple[str, Any]] = [(path, i.sources()) for path, i in cited]
        parts += [(f"indicators[{n}]", i.sources()) for n, i in enumerate(self.indicators)]
        parts += [(f"payments[{n}]", {p.amount.source}) for n, p in enumerate(self.payments)]
        parts += [("context", {self.context.gdp_per_capita.source})]
        for path, sources in parts:
            for source in sorted(sources - {ASSUMPTION} - set(self.documents)):
                raise Refusal(
                    f"a number cites {source!r}, which is no document of the file",
                    path=path,
                    got=source,
                    allowed=f"{', '.join(self.documents)} (or: {ASSUMPTION})",
                    fix=did_you_mean(source, self.documents),
                )
        return self

    @model_validator(mode="after")
    def _names_exist(self) -> Scenario:
        adopted = [i.id for i in self.instruments]
        proposed = [i.id for i in self.proposed]
        for name, variant in self.variants.items():
            _all_known(variant.add, proposed, f"variants.{name}.add")
            _all_known(variant.remove, adopted, f"variants.{name}.remove")
        every = [i.id for _, i in self._declared()]
        _all_known(tuple(p.instrument for p in self.payments), every, "payments")
        if self.budget is not None and self.budget.covers is not None:
            paying = [i.id for i in self.instruments if isinstance(i, FamilyInstrument)]
            _all_known(self.budget.covers, [*paying, *proposed], "budget.covers")
        return self

    @model_validator(mode="after")
    def _nothing_counts_twice(self) -> Scenario:
        _refuse_double(self)
        for name in self.variants:
            try:
                _refuse_double(self._taken(name))
            except Refusal as refusal:
                refusal.path = f"variants.{name}: {refusal.path}"
                raise
        return self

    def _declared(self) -> Iterator[tuple[str, Instrument]]:
        """Every instrument of the file, with its path."""
        for group in ("instruments", "background", "proposed"):
            for n, instrument in enumerate(getattr(self, group)):
                yield f"{group}[{n}]", instrument

    def _taken(self, name: str) -> Scenario:
        """The variant without a check of its name."""
        chosen = self.variants[name]
        kept = [i for i in self.instruments if i.id not in chosen.remove]
        added = [i for i in self.proposed if i.id in chosen.add]
        parts = {"of": dict(self.title), "variant": dict(chosen.title)}
        title = in_each("scenario.variant", "{of}: {variant}", **parts)
        return self.model_copy(
            update={
                "name": f"{self.name}_{name}",
                "title": Text(en=title["en"], zh=title["zh"]),
                "instruments": (*kept, *added),
                "proposed": tuple(i for i in self.proposed if i.id not in chosen.add),
                "variants": {},
                "payments": tuple(p for p in self.payments if p.instrument not in chosen.remove),
            }
        )

    def variant(self, name: str) -> Scenario:
        """Return an alternative of the file as a scenario, named "scenario_variant".

        Raises
        ------
        ScenarioError
            The file has no variant of that name.

        Examples
        --------
        >>> import popsim as ps
        >>> package = ps.load_scenario("ouhai")
        >>> sorted(package.variants)
        ['first_child', 'planned']
        >>> package.variant("planned").name
        'ouhai_planned'
        """
        if name not in self.variants:
            raise ScenarioError(
                f"the scenario has no variant {name!r}",
                where=f"{self.name}: variants",
                got=name,
                allowed=", ".join(self.variants) or "none: the file declares no variants",
                fix=did_you_mean(name, self.variants),
            )
        return self._taken(name)

    def without(self, *ids: str) -> Scenario:
        """Return the scenario without some of its instruments; this one is unchanged.

        Raises
        ------
        ScenarioError
            It has no instrument of that id.
        """
        known = [i.id for i in (*self.instruments, *self.background)]
        for name in ids:
            if name not in known:
                raise ScenarioError(
                    f"the scenario has no instrument {name!r}",
                    where=self.name,
                    got=name,
                    allowed=", ".join(known),
                    fix=did_you_mean(name, known),
                )
        return self.model_copy(
            update={
                "instruments": tuple(i for i in self.instruments if i.id not in ids),
                "background": tuple(i for i in self.background if i.id not in ids),
                "payments": tuple(p for p in self.payments if p.instrument not in ids),
                "variants": {},
            }
        )

    def to_yaml(self) -> str:
        """Write the scenario as YAML that loads back to an equal object."""
        data = self.model_dump(exclude_none=True, exclude_defaults=True)
        return yaml.safe_dump(_plain(data), allow_unicode=True, sort_keys=False, width=96)

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.title.en} {self.title.zh}"]
        lines += [f"  - {instrument}" for instrument in self.instruments]
        lines += [f"  (background) {instrument}" for instrument in self.background]
        lines += [f"  (proposed) {instrument}" for instrument in self.proposed]
        if self.budget is not None:
            caps = ", ".join(f"{y}: {q.value:,.0f} yuan" for y, q in self.budget.cap.items())
            lines.append(f"  budget, {self.budget.rule}: {caps}")
        lines += [f"  another prior: {override}" for override in self.overrides]
        return "\n".join(lines)

    def __repr__(self) -> str:
        starts, ends = [], []
        for instrument in self.instruments:
            if isinstance(instrument, FamilyInstrument):
                starts += [spell.start.year for spell in instrument.spells]
                ends += [spell.end.year if spell.end else None for spell in instrument.spells]
        years = ""
        if starts:
            last = None if None in ends else max(end for end in ends if end)
            years = f", {min(starts)} to {last}" if last else f", from {min(starts)}"
        ids = ", ".join(instrument.id for instrument in self.instruments)
        return f"Scenario({self.name!r}, place {self.place!r}: {self.title.en}\n" + textwrap.fill(
            f"{len(self.instruments)} instruments{years}: {ids or 'none'})",
            width=96,
            initial_indent="  ",
            subsequent_indent="    ",
        )

    def _repr_html_(self) -> str:
        rows = []
        for group in ("instruments", "background", "proposed"):
            for i in getattr(self, group):
                take_up = f"{i.take_up.median:.1%}" if isinstance(i, FamilyInstrument) else ""
                told = str(i).removeprefix(f"{i.title.en} {i.title.zh}").strip()
                title = KINDS[i.kind].en
                cells = [i.id, title, f"{i.title.en} {i.title.zh}", take_up, group, told]
                rows.append("".join(f"<td>{html.escape(str(c))}</td>" for c in cells))
        head = "".join(
            f"<th>{h}</th>" for h in ("id", "kind", "instrument", "take-up", "", "amounts by order")
        )
        title = html.escape(f"{self.title.en} {self.title.zh}")
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<h4>{title}</h4><table><tr>{head}</tr>{body}</table>"


def _plain(value: Any) -> Any:
    """Tuples as lists, which YAML knows."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


def _all_known(names: tuple[str, ...], known: list[str], path: str) -> None:
    for n, name in enumerate(names):
        if name not in known:
            raise Refusal(
                f"there is no instrument {name!r} to name here",
                path=f"{path}[{n}]",
                got=name,
                allowed=", ".join(known) or "none",
                fix=did_you_mean(name, known),
            )


def _refuse_double(scenario: Scenario) -> None:
    """Refuse what would count a benefit twice at one date and order."""
    active = [
        (path, i)
        for path, i in scenario._declared()
        if isinstance(i, FamilyInstrument) and not path.startswith("proposed")
    ]
    for path, one in active:
        for n, kind in enumerate(one.includes):
            if kind not in KINDS:
                raise Refusal(
                    f"{kind!r} is no kind of instrument",
                    path=f"{path}.includes[{n}]",
                    got=kind,
                    allowed=", ".join(KINDS),
                    fix=did_you_mean(kind, KINDS),
                )
        for other_path, other in active:
            if other is one:
                continue
            if other.kind in one.includes and _meet(one, other):
                raise Refusal(
                    f"{other.id!r} is counted beside {one.id!r}, whose amounts include it",
                    path=f"{path}.includes",
                    got=f"{other_path} is a {other.kind}",
                    allowed="one of the two, or amounts without what is included",
                    fix=f"leave out {other.id!r}, or drop the entry of includes and its amount",
                )
            if (
                isinstance(one, HousingInstrument)
                and isinstance(other, HousingInstrument)
                and one.market == other.market
                and one.response == "price"
                and other.response == "grant"
                and _meet(one, other)
            ):
                raise Refusal(
                    "a response to price and one to a grant for the same housing channel "
                    f"({one.market})",
                    path=f"{path}.response",
                    got=f"price; {other_path} ({other.id}) has grant",
                    allowed="the one response for both: grant, or price",
                )


def _meet(one: FamilyInstrument, other: FamilyInstrument) -> bool:
    """Whether two instruments give to one order at one date."""
    last = dt.date.max
    return any(
        a.start <= (b.end or last)
        and b.start <= (a.end or last)
        and set(a.amounts) & set(b.amounts)
        for a in one.spells
        for b in other.spells
    )
