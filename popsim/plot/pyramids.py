"""The population pyramid, and two of them over each other."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from popsim.errors import DimensionError
from popsim.plot.style import FEMALE_COLOUR, MALE_COLOUR, bilingual, styled
from popsim.uncertainty.quantiles import quantiles


def pyramid(
    population: xr.DataArray,
    *,
    beside: xr.DataArray | None = None,
    labels: tuple[str, str] = ("", ""),
    ax: Axes | None = None,
) -> Axes:
    """Draw a population pyramid: men to the left, women to the right.

    Parameters
    ----------
    population : xarray.DataArray
        (sex, age), or (draw, sex, age) of which median and 80 % interval are drawn [persons].
    beside : xarray.DataArray, optional
        A second population, drawn as an outline.
    labels : tuple of str
        Legend of the two.
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DimensionError
        Other dims than sex, age and draw.
    """
    middle, low, high = _bars(population)
    with styled():
        ax = ax or plt.figure(figsize=(6.5, 6)).gca()
        ages = population["age"].values
        for sex, side, colour in (("male", -1, MALE_COLOUR), ("female", 1, FEMALE_COLOUR)):
            width = side * middle.sel(sex=sex)
            ax.barh(ages, width, height=1.0, color=colour, alpha=0.75, linewidth=0, align="edge")
            if low is not None and high is not None:
                ax.fill_betweenx(
                    ages + 0.5,
                    side * low.sel(sex=sex),
                    side * high.sel(sex=sex),
                    color="black", alpha=0.25, linewidth=0,
                )  # fmt: skip
        if beside is not None:
            outline, _, _ = _bars(beside)
            for sex, side in (("male", -1), ("female", 1)):
                edge = np.repeat(side * outline.sel(sex=sex).values, 2)
                steps = np.column_stack([ages, ages + 1]).ravel()
                label = labels[1] if sex == "male" else None
                ax.plot(edge, steps, color="black", linewidth=1, label=label)
        ax.barh([0], [0], color="0.6", label=labels[0] or None)
        reach = 1.05 * max(float(middle.max()), float((high if high is not None else middle).max()))
        if beside is not None:
            reach = max(reach, 1.05 * float(_bars(beside)[0].max()))
        ax.set_xlim(-reach, reach)
        ax.set_ylim(0, ages[-1] + 1)
        ax.axvline(0, color="white", linewidth=1)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{abs(x):,.0f}"))
        ax.set_ylabel(bilingual("Age", "年龄"))
        ax.set_xlabel(bilingual("Persons", "人数"))
        for x, text in ((0.02, bilingual("men", "男")), (0.98, bilingual("women", "女"))):
            ax.text(x, 0.98, text, transform=ax.transAxes, ha="left" if x < 0.5 else "right",
                    va="top")  # fmt: skip
        if any(labels):
            ax.legend(frameon=False, loc="lower right", fontsize=9)
    return ax


def _bars(
    population: xr.DataArray,
) -> tuple[xr.DataArray, xr.DataArray | None, xr.DataArray | None]:
    """Median and, if there are draws, the ends of the 80 % interval (sex, age)."""
    if not {"sex", "age"} <= set(population.dims) <= {"sex", "age", "draw"}:
        raise DimensionError(
            "a pyramid needs one population by sex and age",
            where=str(population.name or "population"),
            got=f"dims {tuple(population.dims)}",
            allowed="(sex, age), or (draw, sex, age)",
            fix="select one time and scenario first",
        )
    if "draw" not in population.dims:
        return population, None, None
    low, middle, high = (quantiles(population).isel(quantile=i) for i in range(3))
    return middle, low, high
