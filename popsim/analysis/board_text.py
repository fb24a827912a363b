"""A board in words: rows of strings, in one language, for a terminal or a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from popsim.analysis.monitor import Board
from popsim.languages import BOTH, ENGLISH, in_each, sentence, spoken
from popsim.options import check_language

#: Heads of the columns, by their key.
_HEAD = {
    "number": "no.",
    "indicator": "indicator",
    "unit": "unit",
    "observed": "observed",
    "target": "target",
    "baseline": "baseline, 80 % band",
    "scenario": "scenario, 80 % band",
    "probability": "probability",
    "status": "status",
    "rule": "rule",
}
_DRIVERS_HEAD = {
    "years": "years",
    "births": "births a year",
    "mean": "mean",
    "band": "80 % band",
}
#: How a target is said: with a number, without one, with both bounds, and with neither.
_TARGET = {
    "least": "at least {0}",
    "above": "above {0}",
    "most": "at most {0}",
    "below": "below {0}",
    "both": "{0} to {1}",
    "rise": "rise",
    "fall": "fall",
    "hold": "hold",
    "range": "range not given",
    "year": "{0} ({1})",
    "none": "none",
}
#: From here on numbers are counts, which nobody reads to the second decimal.
_WHOLE_FROM = 1000.0


def _language(language: str | None) -> str:
    """One language for a table too wide for two: English where both are spoken."""
    language = spoken() if language is None else check_language(language)
    return ENGLISH if language == BOTH else language


def _words(said: Mapping[str, str], group: str, language: str) -> dict[str, str]:
    return {
        key: sentence(in_each(f"board.{group}.{key}", text), language) for key, text in said.items()
    }


def _column(row: Mapping[Any, Any], name: str, language: str) -> str:
    """A text of the table, which has the titles and units of a file in two languages."""
    return str(row.get(f"{name}_{language}", row[f"{name}_{ENGLISH}"]))


def number(value: float) -> str:
    """Print a number of a board: whole ones as they are, others with two decimals below 1,000.

    Examples
    --------
    >>> number(14900.2), number(0.887), number(80.0), number(float("nan"))
    ('14,900', '0.89', '80', '')
    """
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else _fixed(value)


def _fixed(value: float) -> str:
    """Two decimals below 1,000, none from there on; what rounds to zero has no sign."""
    if pd.isna(value):
        return ""
    shown = f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.2f}"
    return shown.removeprefix("-") if float(shown.replace(",", "")) == 0.0 else shown


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if round(value) else "0"


def interval(lower: float, median: float, upper: float) -> str:
    """Print a median with its band, or without one where there is none.

    Examples
    --------
    >>> interval(0.8, 0.9, 1.0)
    '0.90 (0.80 to 1.00)'
    """
    if pd.isna(lower) or pd.isna(upper):
        return _fixed(median)
    return f"{_fixed(median)} ({_fixed(lower)} to {_fixed(upper)})"


def target_text(row: Mapping[Any, Any], language: str | None = None) -> str:
    """Say what meets the target of a row of the board.

    Parameters
    ----------
    row : mapping
        A row of ``Board.table``.
    language : {"en", "zh"}, optional
        As :func:`popsim.set_options` says if absent; English where that is both.

    Raises
    ------
    InputError
        The language is not known.

    Examples
    --------
    >>> row = {"direction": "rise", "target_lower": 4.6, "target_upper": float("nan"),
    ...        "target_valued": True, "target_year": 2025}
    >>> target_text(row)
    'at least 4.60 (2025)'
    """
    words = _words(_TARGET, "target", _language(language))
    direction, valued = row["direction"], row["target_valued"]
    if pd.isna(direction):
        return words["none"]
    lower, upper = number(row["target_lower"]), number(row["target_upper"])
    if lower and upper:
        said = words["both"].format(lower, upper)
    elif lower:
        said = words["least" if valued else "above"].format(lower)
    elif upper:
        said = words["most" if valued else "below"].format(upper)
    else:
        said = words[direction]
    return words["year"].format(said, row["target_year"])


def board_rows(board: Board, language: str | None = None) -> list[list[str]]:
    """Return the board as rows of text, the head first.

    Parameters
    ----------
    board : Board
        From :func:`popsim.analysis.monitor.board`.
    language : {"en", "zh"}, optional
        As :func:`popsim.set_options` says if absent; English where that is both.

    Returns
    -------
    list of list of str
        Number, indicator, unit, observed (year), target (year), baseline and scenario with
        their 80 % bands, probability, status and the rule behind it.

    Raises
    ------
    InputError
        The language is not known.

    Examples
    --------
    See ``docs/board.md``.
    """
    language = _language(language)
    year = _words(_TARGET, "target", language)["year"]
    rows = [list(_words(_HEAD, "head", language).values())]
    for row in board.table.to_dict("records"):
        seen = "" if pd.isna(row["observed"]) else number(row["observed"])
        chance = row["probability"]
        rows.append(
            [
                "" if pd.isna(row["number"]) else str(row["number"]),
                _column(row, "title", language),
                _column(row, "unit", language),
                year.format(seen, row["observed_year"]) if seen else "",
                target_text(row, language),
                _band(row, "baseline", language),
                _band(row, "scenario", language),
                "" if pd.isna(chance) else f"{chance:.0%}",
                _column(row, "status", language),
                _column(row, "reason", language),
            ]
        )
    return rows


def _band(row: Mapping[Any, Any], which: str, language: str) -> str:
    text = interval(*(row[f"{which}_{w}"] for w in ("lower", "median", "upper")))
    return text.replace(" to ", sentence(in_each("board.to", " to "), language))


def driver_rows(board: Board, language: str | None = None) -> list[list[str]]:
    """Return what drives the change in births as rows of text, the head first.

    Parameters
    ----------
    board : Board
        From :func:`popsim.analysis.monitor.board`.
    language : {"en", "zh"}, optional
        As :func:`popsim.set_options` says if absent; English where that is both.

    Returns
    -------
    list of list of str
        Years, component, mean and 80 % band [births a year]; the head alone where nothing
        was decomposed.

    Raises
    ------
    InputError
        The language is not known.
    """
    language = _language(language)
    rows = [list(_words(_DRIVERS_HEAD, "drivers", language).values())]
    to = sentence(in_each("board.to", " to "), language)
    for row in board.drivers.to_dict("records"):
        rows.append(
            [
                f"{row['since']}-{row['until']}",
                str(row.get(language, row[ENGLISH])),
                _signed(row["mean"]),
                f"{_signed(row['lower'])}{to}{_signed(row['upper'])}",
            ]
        )
    return rows
