"""Read a scenario file into a :class:`~popsim.scenario.model.Scenario`, or say what is wrong."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from popsim.errors import ScenarioError, UnknownPlaceError, did_you_mean
from popsim.languages import glossed
from popsim.scenario.catalogue import scenario_path
from popsim.scenario.instruments import KINDS
from popsim.scenario.model import Scenario
from popsim.scenario.quantities import Refusal


class _Twice(yaml.YAMLError):
    """A key that stands twice; YAML's readers keep the last and say nothing."""


class _Reader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in C where there is one, that refuses a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                name = self.construct_object(key, deep=True)
                if name in seen:
                    raise _Twice(name, key.start_mark.line + 1)
                seen.add(name)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def load_scenario(source: str | PathLike[str]) -> Scenario:
    """Load a scenario by name, or from a YAML file.

    Parameters
    ----------
    source : str or path
        A shipped name such as "ouhai", or the path of a file ending in .yaml or .yml.

    Returns
    -------
    Scenario

    Raises
    ------
    UnknownPlaceError
        No shipped scenario of that name, or no such file.
    ScenarioError
        Not YAML, an unknown key, a value that cannot be; the message gives the file, the
        path of the key and what is allowed there.

    Examples
    --------
    >>> from popsim.scenario.load import load_scenario
    >>> [instrument.id for instrument in load_scenario("ouhai").instruments][:3]
    ['birth_grant', 'rearing_subsidy', 'childcare_voucher']
    """
    path = Path(source)
    if path.suffix not in (".yaml", ".yml"):
        path = scenario_path(str(source))
    if not path.is_file():
        raise UnknownPlaceError(
            "there is no such scenario file",
            where=str(path),
            fix="check the path; the shipped scenarios are listed by: popsim list",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(
            "the file is not UTF-8",
            where=path.name,
            got=f"the byte {error.object[error.start]:#04x} at position {error.start}",
            allowed="text in UTF-8",
            fix=f"{glossed('term.save_as_utf8', 'save it as UTF-8')}; GBK is not read",
        ) from error
    return parse_scenario(text, where=path.name)


def parse_scenario(text: str, *, where: str = "scenario") -> Scenario:
    """Build a scenario from the text of a file; raises ScenarioError naming ``where``."""
    try:
        data = yaml.load(text, _Reader)
    except _Twice as error:
        name, line = error.args
        raise ScenarioError(
            f"the key {name!r} stands twice",
            where=f"{where}: line {line}",
            got=name,
            allowed="each key once",
            fix="remove one; a second amount for other dates is a spell of its own",
        ) from error
    except yaml.YAMLError as error:
        raise ScenarioError(
            "the file is not YAML", where=where, got=str(error), fix="check indentation and colons"
        ) from error
    if not isinstance(data, dict):
        raise ScenarioError(
            "the file does not hold a scenario",
            where=where,
            got=type(data).__name__,
            allowed=f"the keys {', '.join(Scenario.model_fields)}",
        )
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise _readable(error, where) from error


#: How pydantic names the limits of a value, and how a message does.
_LIMITS = {
    "ge": "at least",
    "gt": "above",
    "le": "at most",
    "lt": "below",
    "min_length": "a length of at least",
    "pattern": "the pattern",
    "expected": "one of",
}


def _readable(error: ValidationError, where: str) -> ScenarioError:
    """Turn pydantic's first complaint into one of ours; say how many more there are."""
    # A misspelt key is also a missing one; the typo is what the reader can mend.
    first = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
    loc = _without_tags(first["loc"])
    more = error.error_count() - 1
    fix = f"and {more} more below it" if more else None
    got: Any = first.get("input")
    allowed: Any = None
    refusal = first.get("ctx", {}).get("error")
    if isinstance(refusal, Refusal):
        what, got, allowed = str(refusal), refusal.got, refusal.allowed
        fix = refusal.fix or fix
        loc.append(refusal.path)
    elif first["type"] == "extra_forbidden":
        names = _allowed_keys(first["loc"])
        allowed = ", ".join(names)
        fix = did_you_mean(loc[-1], names) or "remove the key, or check its indentation"
        what, got = f"unknown key {loc[-1]!r}", loc[-1]
    elif first["type"] == "missing":
        what, got = f"the key {loc[-1]!r} is missing", None
    elif first["type"] == "union_tag_invalid":
        what = "unknown kind of instrument"
        allowed = ", ".join(KINDS)
        got = first["ctx"]["tag"]
        fix = did_you_mean(got, KINDS)
    elif loc and loc[-1] == "[key]":
        loc.pop()
        orders = "amounts" in loc
        what = "unknown birth order" if orders else "a key that cannot be"
        allowed = "1, 2, 3 (third and higher)" if orders else first["msg"]
    else:
        what = first["msg"].removeprefix("Value error, ")
        if what.startswith("Input") and loc:
            what = what.replace("Input", str(loc[-1]), 1)
        got = got if not isinstance(got, dict | list | BaseModel) else None
        limits = first.get("ctx", {})
        allowed = next((f"{word} {limits[k]}" for k, word in _LIMITS.items() if k in limits), None)
    shown = _shown(loc)
    place = f"{where}: {shown}" if shown else where
    return ScenarioError(what, where=place, got=got, allowed=allowed, fix=fix)


def _shown(loc: list[Any]) -> str:
    """A path as the reader writes it: instruments[0].spells[1].amounts[2]."""
    text = ""
    for part in loc:
        word = str(part)
        text += f"[{word}]" if word.isdigit() else word if word.startswith("[") else f".{word}"
    return text.strip(".")


def _without_tags(loc: tuple[Any, ...]) -> list[Any]:
    """Leave out the kind that pydantic puts behind an instrument's number; the file has none."""
    return [
        part
        for n, part in enumerate(loc)
        if not (part in KINDS and n > 0 and isinstance(loc[n - 1], int))
    ]


def _allowed_keys(loc: tuple[Any, ...]) -> list[str]:
    """Keys of the model that an unknown key was found in, following the path to it."""
    model: Any = Scenario
    for part in loc[:-1]:
        if part in KINDS:
            model = KINDS[part].declared
        elif part in getattr(model, "model_fields", {}):
            model = _model_within(model.model_fields[part].annotation)
    return list(getattr(model, "model_fields", {}))


def _model_within(annotation: Any) -> Any:
    """Find the model class inside Optional, dict and tuple annotations, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in reversed(get_args(annotation)):
        found = _model_within(part)
        if found is not None:
            return found
    return None
