"""The evidence at a glance: each study's estimate as published, nulls among them."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from popsim.errors import InputError, did_you_mean
from popsim.languages import in_each
from popsim.plot.style import SCENARIO_COLOURS, label, styled
from popsim.policy import evidence


def forest(instrument: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw what studies find, one row a study, in the order of the library.

    Parameters
    ----------
    instrument : str, optional
        A class of the table of studies, such as "birth_grant"; all where absent.
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        No study of that class.

    Notes
    -----
    A point is an estimate in percent of births, of fertility or the like, on the axis; other
    units, and findings without a number, are written out in their row, for they cannot stand
    on one axis. The points are as published and are for amounts of all sizes: they are not
    comparable with each other, and the library has no standard errors to draw. Filled points
    were checked against the publication, hollow ones were not.
    """
    table = evidence.studies()
    if instrument is not None:
        known = list(dict.fromkeys(table["instrument"]))
        if instrument not in known:
            raise InputError(
                f"no study of instruments of class {instrument!r}",
                where="plot.forest",
                got=instrument,
                allowed=", ".join(known),
                fix=did_you_mean(instrument, known),
            )
        table = table[table["instrument"] == instrument]
    with styled():
        ax = ax or plt.figure(figsize=(11, 1.6 + 0.34 * len(table))).gca()
        groups = list(dict.fromkeys(table["instrument"]))
        for y, row in enumerate(table.to_dict("records")):
            colour = SCENARIO_COLOURS[groups.index(row["instrument"]) % len(SCENARIO_COLOURS)]
            _draw(ax, row, y, colour)
        ax.axvline(0.0, color="black", linewidth=0.8)
        ax.set_ylim(len(table) - 0.4, -0.6)
        ax.set_yticks(range(len(table)), [_label(row) for row in table.to_dict("records")])
        ax.tick_params(axis="y", labelsize=8)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(label("forest.axis", "Estimate as published, percent"))
        if instrument is None:
            ax.set_title(label("forest.title", "What studies find"))
        else:
            of = in_each(f"forest.class.{instrument}", instrument)
            ax.set_title(label("forest.title_of", "What studies find: {of}", of=of))
        _legend(ax)
    return ax


def on_axis(row: dict) -> bool:
    """Whether an estimate can stand on the axis: in percent, or zero, which has no unit.

    Examples
    --------
    >>> on_axis({"estimate": 1.5, "unit": "percentage points of yearly birth probability"})
    False
    """
    in_percent = str(row["unit"]).startswith("percent ")
    return not pd.isna(row["estimate"]) and (in_percent or row["estimate"] == 0.0)


def _draw(ax: Axes, row: dict, y: int, colour: str) -> None:
    checked = row["verified"] == "yes"
    if on_axis(row):
        face = colour if checked else "white"
        ax.plot(row["estimate"], y, "o", color=colour, markerfacecolor=face, markersize=6)
        return
    number = "" if pd.isna(row["estimate"]) else f"{row['estimate']:g} "
    unit = row["unit"] if isinstance(row["unit"], str) else row["implication"]
    mark = "" if checked else " " + label("forest.mark", "(not checked)")
    ax.text(0.4, y, f"{number}{unit}{mark}", va="center", fontsize=7, color=colour)


def _label(row: dict) -> str:
    kind = label(f"forest.class.{row['instrument']}", row["instrument"])
    return f"{row['study']} {row['year']} · {kind}"


def _legend(ax: Axes) -> None:
    for face, said in (
        ("#4d4d4d", label("forest.checked", "checked against the publication")),
        ("white", label("forest.not_checked", "not checked")),
    ):
        ax.plot([], [], "o", color="#4d4d4d", markerfacecolor=face, label=said)
    ax.legend(frameon=False, loc="upper left", fontsize=8)
