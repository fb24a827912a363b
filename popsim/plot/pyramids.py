"""The population pyramid, and two of them over each other."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from popsim.errors import CoordinateError, DimensionError
from popsim.plot.style import FEMALE_COLOUR, MALE_COLOUR, label, styled
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
        (sex, age), or (draw, sex, age) of which median and 80 % interval are drawn [persons];
        ``age`` are the lower bounds of single years or groups. A bar is as high as its group
        is wide, the open group as the one before it. Where groups differ in width, bars are
        persons per year of age.
    beside : xarray.DataArray, optional
        A second population of the same ages, drawn as an outline.
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
    CoordinateError
        Ages that do not rise, fewer than two of them, or two populations of other ages.
    """
    ages, width_of = _ages(population)
    uneven = len(set(width_of)) > 1
    middle, low, high = _bars(population, width_of)
    with styled():
        ax = ax or plt.figure(figsize=(6.5, 6)).gca()
        for sex, side, colour in (("male", -1, MALE_COLOUR), ("female", 1, FEMALE_COLOUR)):
            width = side * middle.sel(sex=sex)
            ax.barh(
                ages, width, height=width_of, color=colour, alpha=0.75, linewidth=0, align="edge"
            )
            if low is not None and high is not None:
                ax.fill_betweenx(
                    ages + width_of / 2,
                    side * low.sel(sex=sex),
                    side * high.sel(sex=sex),
                    color="black", alpha=0.25, linewidth=0,
                )  # fmt: skip
        if beside is not None:
            _refuse_other_ages(ages, beside)
            outline, _, _ = _bars(beside, width_of)
            for sex, side in (("male", -1), ("female", 1)):
                edge = np.repeat(side * outline.sel(sex=sex).values, 2)
                steps = np.column_stack([ages, ages + width_of]).ravel()
                outlined = labels[1] if sex == "male" else None
                ax.plot(edge, steps, color="black", linewidth=1, label=outlined)
        ax.barh([0], [0], color="0.6", label=labels[0] or None)
        reach = 1.05 * max(float(middle.max()), float((high if high is not None else middle).max()))
        if beside is not None:
            reach = max(reach, 1.05 * float(outline.max()))
        ax.set_xlim(-reach, reach)
        ax.set_ylim(ages[0], ages[-1] + width_of[-1])
        ax.axvline(0, color="white", linewidth=1)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{abs(x):,.0f}"))
        ax.set_ylabel(label("pyramid.age", "Age"))
        per_year = label("pyramid.persons_per_year", "Persons per year of age")
        ax.set_xlabel(per_year if uneven else label("pyramid.persons", "Persons"))
        for x, text in (
            (0.02, label("pyramid.men", "men")),
            (0.98, label("pyramid.women", "women")),
        ):
            ax.text(x, 0.98, text, transform=ax.transAxes, ha="left" if x < 0.5 else "right",
                    va="top")  # fmt: skip
        if any(labels):
            ax.legend(frameon=False, loc="lower right", fontsize=9)
    return ax


def _ages(population: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Lower bounds of the age groups and their widths; the open one is as wide as the last."""
    _check_dims(population)
    ages = np.asarray(population["age"].values)
    rising = np.issubdtype(ages.dtype, np.number) and bool((np.diff(ages) > 0).all())
    if len(ages) < 2 or not rising:
        raise CoordinateError(
            "the ages of a pyramid are not rising lower bounds",
            where="age",
            got=ages[:3].tolist(),
            allowed="0, 1, 2, ... or 0, 5, 10, ...",
            fix="turn labels such as '0-4' into their lower bounds, and sort them",
        )
    width = np.diff(ages)
    return ages, np.append(width, width[-1]).astype(float)


def _refuse_other_ages(ages: np.ndarray, beside: xr.DataArray) -> None:
    other, _ = _ages(beside)
    if not np.array_equal(ages, other):
        raise CoordinateError(
            "the two populations of a pyramid have different ages",
            where="beside",
            got=f"{other[0]}, {other[1]}, ... {other[-1]}",
            allowed=f"{ages[0]}, {ages[1]}, ... {ages[-1]}",
            fix="bring both to the same age groups",
        )


def _check_dims(population: xr.DataArray) -> None:
    if not {"sex", "age"} <= set(population.dims) <= {"sex", "age", "draw"}:
        raise DimensionError(
            "a pyramid needs one population by sex and age",
            where=str(population.name or "population"),
            got=f"dims {tuple(population.dims)}",
            allowed="(sex, age), or (draw, sex, age)",
            fix="select one time and scenario first",
        )


def _bars(
    population: xr.DataArray, width: np.ndarray
) -> tuple[xr.DataArray, xr.DataArray | None, xr.DataArray | None]:
    """Median and, if there are draws, the ends of the 80 % interval (sex, age)."""
    if len(set(width)) > 1:
        population = population / xr.DataArray(width, dims="age")
    if "draw" not in population.dims:
        return population, None, None
    low, middle, high = (quantiles(population).isel(quantile=i) for i in range(3))
    return middle, low, high
