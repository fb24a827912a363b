"""The page of the documentation that lists the instruments, made from their table."""

from __future__ import annotations

import inspect
import re

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from popsim.languages import languages, own_name
from popsim.scenario.instrument_parts import FamilyInstrument, Instrument, Monthly
from popsim.scenario.instruments import KINDS, Kind, title_of

_HEAD = """# Instruments

Written by `python docs/generate.py` from the table `KINDS` in `popsim/scenario/instruments.py`: one
class and one entry each. What all of them have is on the page [Scenario files](scenarios.md); what
they do is on [How births respond](response.md), and the figures behind it under
[Evidence](reference/evidence.md).

"""

_COMMON = "Every instrument has `id`, `kind`, `title`, `payers` and `note`."


def instrument_page() -> str:
    """The page as Markdown.

    Examples
    --------
    >>> "| [`birth_grant`](#birth_grant) |" in instrument_page()
    True
    """
    rows = [
        f"| [`{name}`](#{name}) | {' | '.join(title_of(name).values())} "
        f"| {kind.channel.replace('_', ' ')} "
        f"| {f'`{kind.prior}`' if kind.prior else 'none'} |"
        for name, kind in KINDS.items()
    ]
    sections = [_section(name, kind) for name, kind in KINDS.items()]
    head = ("kind", "instrument", *map(own_name, languages()), "acts through", "priors")
    rows = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows]
    return _HEAD + "\n".join(rows) + f"\n\n{_COMMON}\n\n" + "\n\n".join(sections) + "\n"


def _section(name: str, kind: Kind) -> str:
    declared = kind.declared
    text = inspect.cleandoc(declared.__doc__ or "")
    prose, _, attributes = text.partition("\nAttributes\n")
    lines = [
        f'## <a id="{name}"></a>{" ".join(title_of(name).values())}',
        "",
        prose.replace("``", "`").strip(),
        "",
    ]
    claimed = issubclass(declared, FamilyInstrument)
    lines.append("Keys: those of what families get." if claimed else "Keys: those of all.")
    keys = _keys(declared, _described(attributes))
    if keys:
        lines += ["", "| its own key | | what it is |", "|---|---|---|", *keys]
    return "\n".join(lines)


def _keys(declared: type[BaseModel], described: dict[str, str]) -> list[str]:
    """Rows of the keys that are not those of all."""
    base = FamilyInstrument if issubclass(declared, FamilyInstrument) else Instrument
    described = {**_inherited(declared), **described}
    return [
        f"| `{name}` | {'needed' if field.is_required() else _default(field)} "
        f"| {described.get(name, '')} |"
        for name, field in declared.model_fields.items()
        if name not in base.model_fields
    ]


def _default(field: object) -> str:
    value = getattr(field, "default", None)
    if value in (None, PydanticUndefined, ()):
        return "optional"
    return f"`{value}` if left out"


def _inherited(declared: type[BaseModel]) -> dict[str, str]:
    """Attributes as the bases describe them."""
    found: dict[str, str] = {}
    for base in reversed(declared.__mro__[1:]):
        if isinstance(base, type) and issubclass(base, Instrument | Monthly) and base.__doc__:
            _, _, attributes = inspect.cleandoc(base.__doc__).partition("\nAttributes\n")
            found |= _described(attributes)
    return found


def _described(attributes: str) -> dict[str, str]:
    """Attribute and its text, from a section of a numpydoc docstring."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", attributes.partition("\n")[2]):
        head, _, body = block.partition("\n")
        words = " ".join(line.strip() for line in body.splitlines())
        for name in head.split(" : ")[0].split(", "):
            found[name.strip()] = words.replace("``", "`").replace("|", "\\|")
    return found
