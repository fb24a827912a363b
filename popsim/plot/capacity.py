"""Places and beds against those who need them, a panel a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from popsim.errors import DimensionError, InputError, MissingVariableError
from popsim.languages import ENGLISH, languages
from popsim.plot.style import SCENARIO_COLOURS, label, shown, styled

_SHORT_COLOUR, _IDLE_COLOUR = "#d55e00", "#56b4e9"
_COLUMNS = 2


def capacity(made: xr.Dataset, *, groups: Sequence[str] | None = None) -> np.ndarray:
    """Draw demand with its 80 % band against supply, shortfall and idle places shaded.

    Parameters
    ----------
    made : xarray.Dataset
        From :func:`popsim.analysis.capacity.capacity`, of one scenario.
    groups : sequence of str, optional
        Which groups; by default all whose demand is known.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        (group,)

    Raises
    ------
    MissingVariableError
        Not a Dataset of capacity.
    DimensionError
        Several scenarios.
    InputError
        An unknown group, or none whose demand is known.
    """
    for name in ("demand", "supply"):
        if name not in made:
            raise MissingVariableError(
                f"there is no {name} to draw",
                where="plot.capacity",
                got=f"variables {sorted(map(str, made))}",
                allowed="what popsim.analysis.capacity gives",
            )
    if "scenario" in made["demand"].dims:
        raise DimensionError(
            "capacity is drawn for one scenario",
            where="plot.capacity",
            got=f"dims {tuple(made['demand'].dims)}",
            allowed="(quantile, group, year)",
            fix="select one: made.sel(scenario=...)",
        )
    known = [str(g) for g in made["group"].values if made["demand"].sel(group=g).notnull().all()]
    shown = known if groups is None else list(groups)
    for group in shown:
        if group not in known:
            raise InputError(
                f"the group {group!r} has no demand to draw",
                where="groups",
                got=group,
                allowed=", ".join(known),
            )
    if not shown:
        raise InputError("no group has a demand to draw", where="groups", got="none")
    lines = -(-len(shown) // _COLUMNS)
    with styled():
        figure, panels = plt.subplots(
            lines, min(_COLUMNS, len(shown)), figsize=(11, 3.1 * lines), squeeze=False
        )
        for ax, group in zip(panels.flat, shown, strict=False):
            _panel(ax, made.sel(group=group))
        for ax in panels.flat[len(shown) :]:
            ax.axis("off")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, ncols=4, loc="outside lower center")
    axes: np.ndarray[Any, Any] = panels.flatten()[: len(shown)]
    return axes


def _panel(ax: Axes, one: xr.Dataset) -> None:
    years = one["year"].values
    low, middle, high = one["demand"].transpose("quantile", "year").values
    supply = one["supply"].values
    ax.fill_between(years, low, high, color="0.3", alpha=0.18, linewidth=0)
    ax.fill_between(
        years, middle, supply, where=middle > supply, interpolate=True,
        color=_SHORT_COLOUR, alpha=0.3, linewidth=0, label=label("capacity.shortfall", "short"),
    )  # fmt: skip
    ax.fill_between(
        years, middle, supply, where=middle <= supply, interpolate=True,
        color=_IDLE_COLOUR, alpha=0.3, linewidth=0, label=label("capacity.idle", "idle"),
    )  # fmt: skip
    ax.plot(
        years, middle, color="0.2", linewidth=2, label=label("capacity.demand", "needed, 80 % band")
    )
    ax.plot(
        years,
        supply,
        color=SCENARIO_COLOURS[0],
        linewidth=2,
        label=label("capacity.supply", "supply"),
    )
    title = {ENGLISH: str(one["group"].values)} | {
        code: str(one[f"group_{code}"].values)
        for code in (ENGLISH, *languages())
        if f"group_{code}" in one.coords
    }
    ax.set_title(shown(title), fontsize=9.5, loc="left")
    ax.set_ylim(bottom=0)
    ax.set_xlim(years[0], years[-1])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter("{x:,.0f}")
