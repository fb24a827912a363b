"""Births gained against spending, package by package, with the frontier through the best."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from popsim.errors import MissingVariableError
from popsim.plot.style import BASELINE_COLOUR, SCENARIO_COLOURS, label, styled
from popsim.uncertainty.quantiles import quantiles

_MILLION = 1e6


def frontier(found: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw what packages gain against what they cost, and the frontier through the efficient.

    Parameters
    ----------
    found : xarray.Dataset
        From :func:`popsim.analysis.frontier.frontier`.
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariableError
        Not the Dataset of a frontier.

    Notes
    -----
    Points are means over the draws, bars the 80 % intervals of both. Packages off the
    frontier are hollow. Numbers are explained beside the axes.
    """
    for name in ("births_gained", "spending", "efficient"):
        if name not in found:
            raise MissingVariableError(
                f"there is no {name!r} to draw",
                where="plot.frontier",
                got=", ".join(str(v) for v in found.data_vars),
                allowed="what popsim.analysis.frontier.frontier returns",
            )
    births, spent = found["births_gained"], found["spending"] / _MILLION
    x, y = spent.mean("draw").values, births.mean("draw").values
    on = found["efficient"].values.astype(bool)
    with styled():
        ax = ax or plt.figure(figsize=(9.5, 4.8)).gca()
        x_reach, y_reach = (_reach(a, m) for a, m in ((spent, x), (births, y)))
        ax.errorbar(x, y, xerr=x_reach, yerr=y_reach, fmt="none", ecolor="0.75", elinewidth=1)
        line = label("frontier.line", "frontier (means)")
        colour = SCENARIO_COLOURS[0]
        ax.plot(x[on], y[on], "o-", color=colour, markersize=5, label=line)
        if not on.all():
            ax.plot(
                x[~on], y[~on], "o", color=BASELINE_COLOUR, markerfacecolor="white",
                label=label("frontier.off", "off the frontier"),
            )  # fmt: skip
        key = []
        for n, (name, a, b) in enumerate(zip(found["scenario"].values, x, y, strict=True), 1):
            ax.annotate(str(n), (a, b), textcoords="offset points", xytext=(5, -10), fontsize=8)
            said = label("plot.baseline", "baseline") if name == "baseline" else str(name)
            key.append(f"{n}  {said}")
        ax.text(1.02, 1.0, "\n".join(key), transform=ax.transAxes, va="top", fontsize=7)
        ax.axhline(0.0, color="black", linewidth=0.8)
        ax.set_xlabel(label("frontier.spending", "Additional spending [million yuan]"))
        ax.set_ylabel(label("frontier.births", "Additional births [persons]"))
        ax.legend(frameon=False, loc="upper left")
    return ax


def _reach(values: xr.DataArray, middle: np.ndarray) -> np.ndarray:
    """How far the 80 % interval goes below and above the mean, which may lie outside of it."""
    ends = quantiles(values).sel(quantile=[0.1, 0.9]).transpose("quantile", "scenario").values
    return np.maximum(np.stack([middle - ends[0], ends[1] - middle]), 0.0)
