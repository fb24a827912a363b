"""The tornado: what each group of draws does to a quantity, one at a time."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from popsim.errors import DimensionError
from popsim.plot.style import (
    BASELINE_COLOUR,
    SCENARIO_COLOURS,
    axis_label,
    label as label_of,
    styled,
)

#: Names of the groups of draws on figures.
_GROUPS = {
    "fertility": "fertility",
    "mortality": "mortality",
    "migration": "migration",
    "sex_ratio": "sex ratio at birth",
    "parity": "women by parity",
    "response": "response",
    "take_up": "take-up",
}


def tornado(bars: xr.Dataset, *, label: str = "", ax: Axes | None = None) -> Axes:
    """Draw a tornado: the widest bar on top, all groups together above it.

    Parameters
    ----------
    bars : xarray.Dataset
        From :func:`popsim.analysis.sensitivity.tornado`, of one scenario and year.
    label : str
        Name of the quantity, below the axis; from its attributes where absent.
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DimensionError
        More than one number by group and quantile.

    Notes
    -----
    A bar goes from the 0.1 to the 0.9 quantile with the group alone drawn and the others at
    their medians; the line is the quantity with all of them at their medians.
    """
    alone = bars["alone"]
    if set(alone.dims) != {"quantile", "group"}:
        raise DimensionError(
            "a tornado is of one number",
            where="plot.tornado",
            got=f"dims {tuple(alone.dims)}",
            allowed="(quantile, group)",
            fix="select first: bars.sel(scenario=..., year=...)",
        )
    low, high = (alone.sel(quantile=q, drop=True) for q in (0.1, 0.9))
    order = np.argsort((high - low).values)
    together = bars["together"]
    names = [_said(str(g)) for g in alone["group"].values[order]]
    names.append(label_of("tornado.together", "all together"))
    lows = [*low.values[order], float(together.sel(quantile=0.1))]
    highs = [*high.values[order], float(together.sel(quantile=0.9))]
    colours = [SCENARIO_COLOURS[0]] * len(order) + [BASELINE_COLOUR]
    with styled():
        ax = ax or plt.figure(figsize=(7.5, 0.5 * len(names) + 1.4)).gca()
        rows = np.arange(len(names))
        widths = np.subtract(highs, lows)
        ax.barh(rows, widths, left=lows, height=0.6, color=colours, alpha=0.75)
        centre = float(bars["central"])
        ax.axvline(centre, color="black", linewidth=1)
        reach = max(highs) - min(lows)
        # Three digits of the widest bar.
        digits = max(0, 2 - int(np.floor(np.log10(reach)))) if reach > 0.0 else 0
        for row, left, right in zip(rows, lows, highs, strict=True):
            for x, side in ((left, "right"), (right, "left")):
                ax.annotate(
                    f"{x:,.{digits}f}",
                    (x, row), textcoords="offset points", xytext=(-4 if side == "right" else 4, 0),
                    ha=side, va="center", fontsize=8,
                )  # fmt: skip
        ax.set_yticks(rows, names)
        ax.grid(visible=False, axis="y")
        ax.set_xlim(min(lows) - 0.15 * reach, max(highs) + 0.15 * reach)
        ax.set_xlabel(label or axis_label(alone))
        ax.set_title(
            label_of("tornado.title", "80 % interval, one group drawn at a time"), fontsize=10
        )
    return ax


def _said(group: str) -> str:
    return label_of(f"tornado.group.{group}", _GROUPS.get(group, group))
