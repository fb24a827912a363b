"""The board as a picture: a row an indicator, its band beside its target, its status in colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from popsim.analysis.board_text import number, target_text
from popsim.analysis.monitor import Board
from popsim.languages import BOTH, CHINESE, ENGLISH, in_each, languages, spoken
from popsim.plot.style import (
    BASELINE_COLOUR,
    SCENARIO_COLOURS,
    chinese_family,
    label,
    shown,
    styled,
)

#: Distinguishable without colour vision; the word stands in the chip as well.
STATUS_COLOURS = {
    "on_track": "#009e73",
    "at_risk": "#e69f00",
    "off_track": "#d55e00",
    "not_computable": "#999999",
    "tracked": "#56b4e9",
}
#: Left ends of the columns, in shares of the width.
_TITLE, _OBSERVED, _TARGET, _BAND, _BAND_END, _CHANCE, _CHIP = (
    0.0, 0.415, 0.515, 0.635, 0.795, 0.81, 0.885,
)  # fmt: skip
_CHIP_WIDTH = 0.115
_HEADS = (
    (_TITLE, "indicator", "indicator"),
    (_OBSERVED, "observed", "observed"),
    (_TARGET, "target", "target"),
    (_BAND, "band", "projected, 80 % band"),
    (_CHANCE, "chance", "chance"),
    (_CHIP, "status", "status"),
)
_LEGEND = "Bars: 80 % bands, grey baseline, blue scenario; dot: last observation; line: target."


def board(made: Board, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the board of a scenario.

    Parameters
    ----------
    made : Board
        From :func:`popsim.analysis.monitor.board`.
    title : str
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Each row has its own scale: the dot is the last observation, the tick the target, the
        bars the 80 % bands of baseline (grey) and scenario (blue) with their medians.
    """
    rows = made.table.to_dict("records")
    with styled():
        height = 0.62 * (len(rows) + 2.1)
        ax = ax or plt.figure(figsize=(13, height)).gca()
        ax.set_xlim(0.0, 1.0)
        ax.set_ylim(len(rows) + 0.6, -1.0)
        ax.axis("off")
        for x, key, head in _HEADS:
            said = label(f"board.figure.{key}", head)
            ax.text(x, -0.55, said, va="center", fontsize=8.5, color="0.35")
        for at, row in enumerate(rows):
            ax.axhline(at - 0.05, color="0.88", linewidth=0.8)
            _text(ax, at + 0.45, row)
            _range(ax, at + 0.45, row)
            _chip(ax, at + 0.45, row)
        legend = label("board.figure.legend", _LEGEND)
        ax.text(_TITLE, len(rows) + 0.35, legend, va="center", fontsize=8, color="0.35")
        if title:
            ax.set_title(title, loc="left", fontsize=12)
    return ax


def _text(ax: Axes, y: float, row: Mapping[Any, Any]) -> None:
    above, below = _two_lines(row)
    number_of = "" if pd.isna(row["number"]) else f"{row['number']}  "
    ax.text(_TITLE, y - 0.17, f"{number_of}{above[0]}", va="center", fontsize=9)
    ax.text(_TITLE, y + 0.2, below[0], va="center", fontsize=8.5, color="0.35")
    if pd.notna(row["observed"]):
        ax.text(_OBSERVED, y - 0.17, number(row["observed"]), va="center", fontsize=9)
        ax.text(
            _OBSERVED, y + 0.2, str(row["observed_year"]), va="center", fontsize=8, color="0.35"
        )
    ax.text(_TARGET, y - 0.17, above[1], va="center", fontsize=9)
    ax.text(_TARGET, y + 0.2, below[1], va="center", fontsize=8, color="0.35")
    if pd.notna(row["probability"]):
        ax.text(_CHANCE, y, f"{row['probability']:.0%}", va="center", fontsize=9)


def _two_lines(row: Mapping[Any, Any]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Title and target of a row: the upper line of both, and the lower, in grey."""
    unit = f"[{row['unit_en']}]"
    if chinese_family() is None or spoken() not in (BOTH, CHINESE):
        return (row["title_en"], target_text(row, ENGLISH)), (unit, "")
    quoted = isinstance(row["target_quote"], str)
    words = row["target_quote"] if quoted else target_text(row, CHINESE)
    if spoken() == CHINESE:
        said = target_text(row, CHINESE)
        return (row["title_zh"], said), (f"[{row['unit_zh']}]", words if quoted else "")
    title = {"title": row["title_zh"], "unit": row["unit_zh"]}
    below = in_each("board.figure.title_and_unit", "{title} [{unit}]", **title)[CHINESE]
    return (row["title_en"], target_text(row, ENGLISH)), (f"{unit}  {below}", words)


def _range(ax: Axes, y: float, row: Mapping[Any, Any]) -> None:
    """Bands, medians, the last observation and the target on a scale of their own."""
    names = [f"{w}_{q}" for w in ("baseline", "scenario") for q in ("lower", "median", "upper")]
    values = [row[n] for n in (*names, "observed", "target_lower", "target_upper")]
    known = [float(v) for v in values if pd.notna(v)]
    if pd.isna(row["scenario_median"]):
        return
    low, high = min(known), max(known)
    spread = high - low or 1.0

    def place(value: float) -> float:
        return _BAND + (_BAND_END - _BAND) * (0.05 + 0.9 * (value - low) / spread)

    for which, up, colour in (
        ("baseline", -0.13, BASELINE_COLOUR),
        ("scenario", 0.13, SCENARIO_COLOURS[0]),
    ):
        ends = [row[f"{which}_lower"], row[f"{which}_upper"]]
        if all(pd.notna(e) for e in ends):
            ax.plot([place(e) for e in ends], [y + up] * 2, color=colour, linewidth=6, alpha=0.35,
                    solid_capstyle="butt")  # fmt: skip
        ax.plot(place(row[f"{which}_median"]), y + up, "|", color=colour, markersize=9, mew=2)
    for bound in (row["target_lower"], row["target_upper"]):
        if pd.notna(bound):
            ax.plot([place(bound)] * 2, [y - 0.34, y + 0.34], color="black", linewidth=1.4)
    if pd.notna(row["observed"]):
        ax.plot(place(row["observed"]), y, "o", color="black", markersize=4)


def _chip(ax: Axes, y: float, row: Mapping[Any, Any]) -> None:
    colour = STATUS_COLOURS[row["status"]]
    chip = FancyBboxPatch(
        (_CHIP, y - 0.3), _CHIP_WIDTH, 0.6,
        boxstyle="round,pad=0,rounding_size=0.006", mutation_aspect=40.0,
        facecolor=colour, edgecolor="none",
    )  # fmt: skip
    ax.add_patch(chip)
    words = shown({code: row[f"status_{code}"] for code in (ENGLISH, *languages())})
    ax.text(_CHIP + _CHIP_WIDTH / 2, y, words, va="center", ha="center", fontsize=8, color="white")
