"""A board in words: rows of strings, in English or Chinese, for a terminal or a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from popsim.analysis.monitor import Board
from popsim.schema.checks import check_option

LANGUAGES = ("en", "zh")

_HEAD = {
    "en": (
        "no.",
        "indicator",
        "unit",
        "observed",
        "target",
        "baseline, 80 % band",
        "scenario, 80 % band",
        "probability",
        "status",
        "rule",
    ),
    "zh": (
        "序号",
        "指标",
        "单位",
        "监测值",
        "目标",
        "基准情景(80%区间)",
        "政策情景(80%区间)",
        "达标概率",
        "状态",
        "判定依据",
    ),
}
_DRIVERS_HEAD = {
    "en": ("years", "births a year", "mean", "80 % band"),
    "zh": ("年份", "出生人数变动", "均值", "80%区间"),
}


@dataclass(frozen=True)
class _Words:
    """How a target is said: with a number, without one, with both bounds, and with neither."""

    least: str
    above: str
    most: str
    below: str
    both: str
    open: dict[str, str]
    year: str
    none: str


_WORDS = {
    "en": _Words(
        "at least {0}",
        "above {0}",
        "at most {0}",
        "below {0}",
        "{0} to {1}",
        {"rise": "rise", "fall": "fall", "hold": "hold", "range": "range not given"},
        "{0} ({1})",
        "none",
    ),
    "zh": _Words(
        "不低于{0}",
        "高于{0}",
        "不高于{0}",
        "低于{0}",
        "{0}至{1}",
        {"rise": "上升", "fall": "下降", "hold": "保持", "range": "未给出区间"},
        "{0}({1}年)",
        "无",
    ),
}
#: From here on numbers are counts, which nobody reads to the second decimal.
_WHOLE_FROM = 1000.0


def _language(language: str) -> str:
    check_option(language, LANGUAGES, "language")
    return language


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


def target_text(row: Mapping[Any, Any], language: str = "en") -> str:
    """Say what meets the target of a row of the board.

    Parameters
    ----------
    row : mapping
        A row of ``Board.table``.
    language : {"en", "zh"}

    Raises
    ------
    InputError
        The language is not known.

    Examples
    --------
    >>> row = {"direction": "rise", "target_lower": 4.6, "target_upper": float("nan"),
    ...        "target_valued": True, "target_year": 2025}
    >>> target_text(row), target_text(row, "zh")
    ('at least 4.60 (2025)', '不低于4.60(2025年)')
    """
    words = _WORDS[_language(language)]
    direction, valued = row["direction"], row["target_valued"]
    if pd.isna(direction):
        return words.none
    lower, upper = number(row["target_lower"]), number(row["target_upper"])
    if lower and upper:
        said = words.both.format(lower, upper)
    elif lower:
        said = (words.least if valued else words.above).format(lower)
    elif upper:
        said = (words.most if valued else words.below).format(upper)
    else:
        said = words.open[direction]
    return words.year.format(said, row["target_year"])


def board_rows(board: Board, language: str = "en") -> list[list[str]]:
    """Return the board as rows of text, the head first.

    Parameters
    ----------
    board : Board
        From :func:`popsim.analysis.monitor.board`.
    language : {"en", "zh"}

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
    year = _WORDS[_language(language)].year
    rows = [list(_HEAD[language])]
    for row in board.table.to_dict("records"):
        seen = "" if pd.isna(row["observed"]) else number(row["observed"])
        chance = row["probability"]
        rows.append(
            [
                "" if pd.isna(row["number"]) else str(row["number"]),
                row[f"title_{language}"],
                row[f"unit_{language}"],
                year.format(seen, row["observed_year"]) if seen else "",
                target_text(row, language),
                _band(row, "baseline", language),
                _band(row, "scenario", language),
                "" if pd.isna(chance) else f"{chance:.0%}",
                row[f"status_{language}"],
                row[f"reason_{language}"],
            ]
        )
    return rows


def _band(row: Mapping[Any, Any], which: str, language: str) -> str:
    text = interval(*(row[f"{which}_{w}"] for w in ("lower", "median", "upper")))
    return text if language == "en" else text.replace(" to ", "至")


def driver_rows(board: Board, language: str = "en") -> list[list[str]]:
    """Return what drives the change in births as rows of text, the head first.

    Parameters
    ----------
    board : Board
        From :func:`popsim.analysis.monitor.board`.
    language : {"en", "zh"}

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
    rows = [list(_DRIVERS_HEAD[_language(language)])]
    for row in board.drivers.to_dict("records"):
        ends = f"{_signed(row['lower'])} to {_signed(row['upper'])}"
        rows.append(
            [
                f"{row['since']}-{row['until']}",
                row[language],
                _signed(row["mean"]),
                ends if language == "en" else ends.replace(" to ", "至"),
            ]
        )
    return rows
