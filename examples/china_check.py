"""The national check: China from the census of 2020 with the rates of WPP 2024, against WPP 2024.

Run it with ``python examples/china_check.py``. It prints four tables in Markdown:

- ``ratios``: births and population of three projections over those that WPP publishes;
- ``closure``: whether the cohorts rebuilt from WPP's births add up to WPP's population;
- ``ages``: those cohorts beside the census's, by age at 1 January 2021;
- ``gap``: the difference at 1 January 2025 by year of birth, adding up to WPP's published total.

WPP's population by age is not among the tables of popsim. What stands in for it is rebuilt
from what WPP publishes of each year since 1950: births, the sex ratio at birth, death rates
scaled to each year's life expectancy, and net migration. Whoever is born from 1950 on is
followed to any later 1 January; those born before are the rest of WPP's total.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import popsim as ps
from popsim.baselines import china
from popsim.demography import survival_ratio

FIRST, LAST = 1950, 2100
SEXES = ("female", "male")
#: Ages at 1 January 2025 by year of birth.
COHORTS = {
    "2021-2024": (0, 3),
    "2006-2020": (4, 18),
    "1986-2005": (19, 38),
    "1961-1985": (39, 63),
    "1950-1960": (64, 74),
    "before 1950": (75, 100),
}


def wpp_cohorts(*, migration: bool = True) -> xr.DataArray:
    """Everyone born from 1950 on, by WPP's births, deaths and migration (time, sex, age) [persons].

    Ages that only older cohorts have reached are zero. Half of the year's migrants enter at
    its start and half at its end, as in ``popsim.project``; births are WPP's, not computed.
    """
    years, ages = np.arange(FIRST, LAST + 1), np.arange(101)
    survival = survival_ratio(ps.life_table(china.mortality_rate(FIRST, LAST)))
    survival = survival.transpose("year", "sex", "age").values
    moves = china.net_migration(FIRST, LAST).values * float(migration)
    ratio = china.published("sex_ratio_at_birth").values
    born = china.published("births").values
    people = np.zeros((len(years) + 1, 2, len(ages)))
    for t in range(len(years)):
        half = np.where(ages < t, moves[t] / 2.0, 0.0)  # only at ages that the cohorts have
        exposed = people[t] + half
        end = people[t + 1]
        end[:, 1:] = exposed[:, :-1] * survival[t, :, 1:]
        end[:, -1] += exposed[:, -1] * survival[t, :, -1]
        end[:, 0] = born[t] * np.array([1.0, ratio[t]]) / (1.0 + ratio[t]) * survival[t, :, 0]
        end += np.where(ages <= t, moves[t] / 2.0, 0.0)
    return xr.DataArray(
        people,
        dims=("time", "sex", "age"),
        coords={"time": np.append(years, LAST + 1), "sex": list(SEXES), "age": ages},
    )


def published_population(time: int) -> xr.DataArray:
    """WPP's population by sex at 1 January (sex) [persons]; WPP labels it by the day before."""
    return china.published_by_sex("population").sel(year=time - 1, drop=True)


def with_wpp_cohorts(baseline: xr.Dataset, census: xr.Dataset, cohorts: xr.DataArray) -> xr.Dataset:
    """Project from 2025 with WPP's cohorts in the place of the census's.

    Ages 75 and over take the rest of WPP's total by sex, spread as in the census projection.
    """
    young = cohorts.sel(time=2025, drop=True)
    old = census["population"].sel(time=2025, drop=True)
    rest = published_population(2025) - young.sel(age=slice(0, 74)).sum("age")
    scaled = old * rest / old.sel(age=slice(75, None)).sum("age")
    start = xr.where(young["age"] < 75, young, scaled).transpose("sex", "age")
    inputs = baseline.drop_vars("population").sel(year=slice(2025, None))
    return ps.project(inputs.assign(population=start))


def ratios(baseline: xr.Dataset, census: xr.Dataset, cohorts: xr.DataArray) -> str:
    """Births and population over WPP's: from the census, and from WPP's own cohorts."""
    own = with_wpp_cohorts(baseline, census, cohorts)
    born = china.published("births")
    lines = ["| | WPP 2024, million | from the census | from WPP's cohorts |"]
    lines += ["|---|---:|---:|---:|"]
    for year in (2024, 2030, 2045, 2050, 2060, 2075, 2100):
        wpp = float(born.sel(year=year))
        ours = float(census["births"].sel(year=year).sum()) / wpp
        if year < 2025:
            theirs = births_of(cohorts, baseline, year) / wpp
        else:
            theirs = float(own["births"].sel(year=year).sum()) / wpp
        lines.append(f"| births {year} | {wpp / 1e6:.3f} | {ours:.3f} | {theirs:.3f} |")
    for year in (2024, 2050, 2100):
        wpp = float(published_population(year + 1).sum())
        ours, theirs = (
            f"{float(r['population'].sel(time=year + 1).sum()) / wpp:.3f}" for r in (census, own)
        )
        shown = theirs if year > 2024 else "start"
        lines.append(f"| population, end of {year} | {wpp / 1e6:,.1f} | {ours} | {shown} |")
    return "\n".join(lines)


def births_of(cohorts: xr.DataArray, baseline: xr.Dataset, year: int) -> float:
    """Births of the rebuilt women at the fertility rates of the baseline [persons]."""
    women = cohorts.sel(sex="female")
    mean = (women.sel(time=year) + women.sel(time=year + 1)) / 2.0
    return float((baseline["fertility_rate"].sel(year=year) * mean).sum())


def closure(cohorts: xr.DataArray) -> str:
    """The rebuilt population over WPP's, when everybody alive was born from 1950 on."""
    still = wpp_cohorts(migration=False)
    lines = ["| end of | women | men | women, without migration | men, without migration |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for time in (2051, 2076, 2101):
        shown = []
        for people in (cohorts, still):
            over = people.sel(time=time).sum("age") / published_population(time)
            shown += [f"{float(over.sel(sex=sex)):.4f}" for sex in SEXES]
        lines.append(f"| {time - 1} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def ages(baseline: xr.Dataset, cohorts: xr.DataArray) -> str:
    """Census and rebuilt cohorts at 1 January 2021, ages 0 to 69 [million]."""
    lines = [
        "| age | women, census | WPP | ratio | men, census | WPP | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    counted = baseline["population"]
    rebuilt = cohorts.sel(time=2021)
    for low in range(0, 70, 5):
        columns = []
        for sex in SEXES:
            here, there = (
                float(people.sel(sex=sex, age=slice(low, low + 4)).sum()) / 1e6
                for people in (counted, rebuilt)
            )
            columns += [f"{here:.2f}", f"{there:.2f}", f"{here / there:.3f}"]
        lines.append(f"| {low}-{low + 4} | " + " | ".join(columns) + " |")
    return "\n".join(lines)


def gap(census: xr.Dataset, cohorts: xr.DataArray) -> str:
    """Census projection less WPP at 1 January 2025 by year of birth [million]."""
    lines = ["| born | women | men | both |", "|---|---:|---:|---:|"]
    total = dict.fromkeys(SEXES, 0.0)
    rest = published_population(2025) - cohorts.sel(time=2025, age=slice(0, 74)).sum("age")
    for label, (low, high) in COHORTS.items():
        differences = []
        for sex in SEXES:
            ours = float(census["population"].sel(time=2025, sex=sex, age=slice(low, high)).sum())
            if low < 75:
                theirs = float(cohorts.sel(time=2025, sex=sex, age=slice(low, high)).sum())
            else:
                theirs = float(rest.sel(sex=sex))
            differences.append((ours - theirs) / 1e6)
            total[sex] += differences[-1]
        lines.append(f"| {label} | {signed(differences)} |")
    lines.append(f"| all | {signed(list(total.values()))} |")
    return "\n".join(lines)


def signed(by_sex: list[float]) -> str:
    """Cells of a row: women, men, both."""
    return " | ".join(f"{millions:+.2f}" for millions in (*by_sex, sum(by_sex)))


def tables() -> dict[str, str]:
    """The tables of the check by name."""
    baseline = ps.load_baseline("china", end=LAST)
    census = ps.project(baseline)
    cohorts = wpp_cohorts()
    return {
        "ratios": ratios(baseline, census, cohorts),
        "closure": closure(cohorts),
        "ages": ages(baseline, cohorts),
        "gap": gap(census, cohorts),
    }


def main() -> None:
    for table in tables().values():
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
