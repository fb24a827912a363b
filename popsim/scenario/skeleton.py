"""A scenario file to start from: commented, and valid as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from popsim.errors import ScenarioError

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
#: The text, in which @NAME@ and @PLACE@ are to be replaced.
_TEMPLATE = Path(__file__).with_suffix(".yaml")


def scenario_skeleton(name: str, place: str) -> str:
    """Text of a scenario file to fill in; it loads and runs as it stands.

    Parameters
    ----------
    name : str
        Name of the scenario in results: lower-case letters, digits, underscores.
    place : str
        The place of the baseline, written in the same way.

    Returns
    -------
    str
        YAML with comments.

    Raises
    ------
    ScenarioError
        A name that a scenario cannot have.

    Examples
    --------
    >>> text = scenario_skeleton("my_package", "my_city")
    >>> from popsim.scenario.load import parse_scenario
    >>> [instrument.id for instrument in parse_scenario(text).instruments]
    ['birth_grant', 'childcare_places']
    """
    for what, given in (("name", name), ("place", place)):
        if not _IDENTIFIER.fullmatch(given):
            raise ScenarioError(
                f"the {what} of a scenario cannot be written so",
                where=what,
                got=given,
                allowed="lower-case letters, digits and _, a letter first",
            )
    if name == "baseline":
        raise ScenarioError(
            "the name 'baseline' is taken by the baseline itself",
            where="name",
            got=name,
            fix="take another name",
        )
    return _TEMPLATE.read_text(encoding="utf-8").replace("@NAME@", name).replace("@PLACE@", place)
