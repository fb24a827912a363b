"""Accuracy and speed of graduation, on populations whose single ages are known.

    python benchmarks/graduation.py [folder of the reference figures]

Canada 1950-2019 (UN Population Division, single ages known) is grouped to five-year ages and
graduated back; the error is the median over ages 5-80 of |graduated / true - 1|. The 3,312
units of China's census of 2020 are graduated for speed and for the group totals.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.interpolate import PchipInterpolator

from popsim.demography import graduate_counts, graduate_rates
from popsim.demography.ages.graduation import Method

REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "reference"
GROUPINGS = {
    "0, 1-4, 5-9, ..., 100+": [0, 1, *range(5, 101, 5)],
    "0-4, 5-9, ..., 100+": list(range(0, 101, 5)),
    "0, 1-4, 5-9, ..., 85+": [0, 1, *range(5, 86, 5)],
}
METHODS: tuple[Method, ...] = ("pclm", "sprague", "beers")


def grouped(single: xr.DataArray, lower: list[int]) -> xr.DataArray:
    """Add single ages up to groups that start at the lower bounds."""
    axis = single.get_axis_num("age")
    sums = np.add.reduceat(single.values, lower, axis=axis)
    coords = {k: v for k, v in single.coords.items() if k != "age"}
    return xr.DataArray(sums, dims=single.dims, coords={**coords, "age": lower})


def monotone(counts: xr.DataArray) -> xr.DataArray:
    """Monotone cubic interpolation of the cumulated counts, the plain method."""
    lower = counts["age"].values
    laid = counts.transpose(..., "age")
    cumulated = np.concatenate([np.zeros((*laid.shape[:-1], 1)), laid.values.cumsum(-1)], -1)
    borders = np.append(lower, 101)
    values = np.diff(PchipInterpolator(borders, cumulated, axis=-1)(np.arange(102)), axis=-1)
    return laid.isel(age=0, drop=True).expand_dims(age=101, axis=-1).copy(data=values)


def canada_counts(canada: xr.Dataset) -> None:
    true = canada["population_end"].sel(timing="even", migration_input="counts")
    ages = slice(5, 81)
    heads = "".join(f"{head:>8s}" for head in ("2000", "median", "worst", "85+"))
    print(f"{'Canada, population':26s}{'method':10s}{heads}")
    for name, lower in GROUPINGS.items():
        counts = grouped(true, lower)
        results = {m: graduate_counts(counts, method=m) for m in METHODS}
        results["monotone"] = monotone(counts).transpose(*true.dims)
        for method, single in results.items():
            error = np.abs(single.values / true.values - 1)[..., ages] * 100
            by_year = np.median(error, axis=(1, 2))
            # The stock of 1 January 2000 is the end of the year 1999.
            at = list(true["year"].values).index(1999)
            old = np.abs(single.values - true.values)[..., 85:].sum(-1) / true.values[..., 85:].sum(
                -1
            )
            print(
                f"{name:26s}{method:10s}{by_year[at]:7.3f}%{np.median(by_year):7.3f}%"
                f"{by_year.max():7.3f}%{100 * np.median(old):7.2f}%"
            )
    print("2000: 1 January; median, worst: over 1951-2020; 85+: persons at wrong ages, share\n")


def census(path: Path) -> None:
    counts = xr.open_dataset(path)["population"].load()
    lower = [0, 1, *range(5, 86, 5)]
    heads = f"{'first s':>8s}{'again s':>8s}{'worst total':>13s}{'least':>10s}"
    print(f"{'China 2020, 6,624 rows':26s}{heads}")
    for method in METHODS:
        took = []
        for _ in range(2):
            began = time.perf_counter()
            single = graduate_counts(counts, method=method)
            took.append(time.perf_counter() - began)
        sums = np.add.reduceat(single.values, lower, axis=-1)
        worst = float(np.max(np.abs(sums - counts.values) / np.maximum(counts.values, 1)))
        print(f"{method:26s}{took[0]:8.2f}{took[1]:8.2f}{worst:13.1e}{single.values.min():10.1e}")
    print()


def canada_rates(canada: xr.Dataset) -> None:
    fertility = canada["fertility_rate"].sel(age=slice(15, 49)).transpose("year", "age")
    fives = fertility.coarsen(age=5).mean().assign_coords(age=np.arange(15, 50, 5))
    single = graduate_rates(fives, kind="fertility")
    off = np.abs(single.values - fertility.values).sum(1) / fertility.values.sum(1) * 100
    print(
        f"fertility, |error| / TFR by year: median {np.median(off):.2f} %, worst {off.max():.2f} %"
    )
    rate = canada["mortality_rate"].transpose("year", "sex", "age")
    q = rate / (1 + (1 - canada["ax"]) * rate)
    survivors = (1 - q).cumprod("age").shift(age=1, fill_value=1.0)
    lived = (q * survivors / rate).transpose(*rate.dims).values
    lived[..., -1] = (survivors / rate).transpose(*rate.dims).values[..., -1]
    lower = [0, 1, *range(5, 101, 5)]
    deaths = np.add.reduceat(rate.values * lived, lower, axis=-1)
    groups = rate.isel(age=lower).copy(data=deaths / np.add.reduceat(lived, lower, axis=-1))
    back = graduate_rates(groups, kind="mortality")
    error = np.abs(back.values / rate.values - 1) * 100
    for a, b in ((1, 4), (5, 14), (15, 29), (30, 79), (80, 99)):
        print(f"mortality, ages {a}-{b}: median error {np.median(error[..., a : b + 1]):.2f} %")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE
    canada = xr.open_dataset(folder / "un_ccmpp_canada.nc").load()
    canada_counts(canada)
    census(folder / "china_census_2020.nc")
    canada_rates(canada)


if __name__ == "__main__":
    main()
