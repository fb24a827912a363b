"""Paths over time with their bands: one quantity, or scenarios side by side."""

from __future__ import annotations

import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from popsim.errors import DimensionError, MissingVariableError
from popsim.plot.style import (
    BASELINE_COLOUR,
    SCENARIO_COLOURS,
    axis_label,
    label as label_of,
    styled,
)
from popsim.uncertainty.quantiles import quantiles


def fan(
    path: xr.DataArray,
    *,
    ax: Axes | None = None,
    colour: str = SCENARIO_COLOURS[0],
    label: str = "",
) -> Axes:
    """Draw the median and the 80 % band of a path over time.

    Parameters
    ----------
    path : xarray.DataArray
        (draw, year) or (draw, time).
    ax : Axes, optional
    colour, label : str

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DimensionError
        Other dims than draw and one of year, time.
    """
    clock = next((d for d in ("year", "time") if d in path.dims), None)
    if clock is None or set(path.dims) != {"draw", clock}:
        raise DimensionError(
            "a fan needs draws of one path over time",
            where=str(path.name or "path"),
            got=f"dims {tuple(path.dims)}",
            allowed="(draw, year) or (draw, time)",
            fix="select a scenario and sum over the other dims first",
        )
    with styled():
        ax = ax or plt.figure(figsize=(7, 4)).gca()
        low, middle, high = quantiles(path).transpose("quantile", clock).values
        x = path[clock].values
        ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(x, middle, color=colour, linewidth=2, label=label or None)
        ax.set_ylabel(axis_label(path, str(path.name or "")))
        ax.set_xlim(x[0], x[-1])
    return ax


def compare(result: xr.Dataset, variable: str = "births", *, ax: Axes | None = None) -> Axes:
    """Draw the scenarios of a simulation and their baseline, with 80 % bands.

    Parameters
    ----------
    result : xarray.Dataset
        From :func:`popsim.simulate`.
    variable : str
        Summed over everything but scenario, draw and the clock.
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariableError
        The result has no such variable.
    """
    if variable not in result:
        raise MissingVariableError(
            f"the result has no variable {variable!r}",
            where="plot.compare",
            got=variable,
            allowed=", ".join(str(v) for v in result.data_vars),
        )
    array = result[variable]
    if not {"scenario", "draw"} <= set(array.dims):
        raise DimensionError(
            f"{variable} has no scenarios to compare",
            where="plot.compare",
            got=f"dims {tuple(array.dims)}",
            allowed="what popsim.simulate returns",
        )
    over = [d for d in array.dims if d not in ("scenario", "draw", "year", "time")]
    array = array.sum(over, keep_attrs=True)
    names = [str(s) for s in array["scenario"].values]
    colours = [BASELINE_COLOUR, *SCENARIO_COLOURS]
    for i, name in enumerate(names):
        label = label_of("plot.baseline", "baseline") if name == "baseline" else name
        one = array.sel(scenario=name, drop=True)
        ax = fan(one, ax=ax, colour=colours[i % len(colours)], label=label)
    assert ax is not None  # there is always a baseline
    with styled():
        ax.legend(frameon=False)
        ax.set_ylim(bottom=0)
    return ax
