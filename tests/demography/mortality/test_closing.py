"""Closing, grouping, abridging and completing life tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from popsim.demography import (
    abridge,
    close_kannisto,
    complete,
    group_open_age,
    life_table,
    survival_ratio,
)
from popsim.errors import BoundsError, CoordinateError, FitError, MissingVariableError

#: Rates that are made up: some leave far more life above 100 than any population has.
OF_NO_POPULATION = pytest.mark.filterwarnings("ignore::popsim.errors.ImplausibleMortalityWarning")

AGES = np.arange(101)
ABRIDGED = np.array([0, 1, *range(5, 101, 5)])


def over(values: np.ndarray, ages: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims="age", coords={"age": ages, "sex": "female"})


def kannisto(ages: np.ndarray) -> xr.DataArray:
    return over(1 / (1 + np.exp(11 - 0.1 * ages)), ages)


def two_regions(rates: xr.DataArray) -> xr.DataArray:
    return xr.concat([rates, 0.8 * rates], xr.DataArray(["x", "y"], dims="region", name="region"))


@pytest.fixture(scope="module")
def canada(reference: Path) -> xr.Dataset:
    with xr.open_dataset(reference / "un_ccmpp_canada.nc") as data:
        return data.load()


@pytest.mark.parametrize("ages", [AGES, ABRIDGED])
def test_law_is_found_again(ages: np.ndarray) -> None:
    rates = kannisto(ages)
    rates[-1] = 0.9  # of the open group: not part of the law, and not kept
    closed = close_kannisto(rates)
    np.testing.assert_allclose(closed, kannisto(closed.age.values), rtol=1e-10)
    assert closed.age.values[-1] == 130
    assert closed.attrs["units"] == "deaths per person-year"


def test_closed_groups_stay_and_regions_have_their_own_law() -> None:
    rates = two_regions(kannisto(AGES))
    closed = close_kannisto(rates.transpose("age", "region"), fit=(70, 90), end=110)
    np.testing.assert_array_equal(closed.sel(age=slice(0, 99)), rates.sel(age=slice(0, 99)))
    assert closed.dims == ("region", "age")
    assert (closed.diff("age") > 0).all()
    # the logit of 0.8 m is fitted, not 0.8 times the law: that would exceed its limit
    beyond = closed.sel(age=slice(100, 110))
    assert (beyond.sel(region="y") > 0.8 * beyond.sel(region="x")).all()


def test_slope_by_least_squares_on_the_logits() -> None:
    rates = kannisto(AGES)
    noisy = rates * (1 + 0.05 * np.sin(AGES))
    closed = close_kannisto(noisy)
    x = AGES[80:96]
    slope, level = np.polyfit(x, np.log(noisy[80:96] / (1 - noisy[80:96])), 1)
    expected = 1 / (1 + np.exp(-(level + slope * np.arange(100, 131))))
    np.testing.assert_allclose(closed.sel(age=slice(100, 130)), expected, rtol=1e-9)


def test_un_life_expectancy_with_own_closing(canada: xr.Dataset) -> None:
    """Nothing of the UN's tables but the death rates."""
    closed = close_kannisto(canada.mortality_rate, fit=(60, 99))
    table = group_open_age(life_table(closed), 100)
    off = abs(table.ex - canada.life_expectancy)
    # the UN fits another norm on 60 to 100: 0.05 years at 100, which few reach
    assert float(off.sel(age=0).max()) < 0.005
    assert float(off.max()) < 0.06
    assert float(abs(survival_ratio(table) - canada.survival_ratio).max()) < 0.005
    # with 1/m in the open group the UN's tables are missed by far more
    plain = abs(life_table(canada.mortality_rate).ex - canada.life_expectancy)
    assert float(plain.max()) > 0.5


def test_grouping_changes_nothing_below() -> None:
    table = life_table(two_regions(close_kannisto(kannisto(AGES))))
    grouped = group_open_age(table, 85)
    for name in ("lx", "Tx", "ex"):
        xr.testing.assert_equal(grouped[name], table[name].sel(age=slice(0, 85)))
    end = grouped.isel(age=-1)
    np.testing.assert_allclose(end.Lx, table.Lx.sel(age=slice(85, None)).sum("age"), rtol=1e-12)
    np.testing.assert_allclose(end.dx / end.Lx, end.mortality_rate, rtol=1e-12)
    np.testing.assert_array_equal(end.ax, end.ex)
    again = life_table(grouped.mortality_rate, ax=grouped.ax)
    xr.testing.assert_allclose(again, grouped, rtol=1e-12)


def test_abridged_table_keeps_survivors_and_years() -> None:
    single = life_table(two_regions(kannisto(AGES)))
    short = abridge(single)
    assert short.age.values.tolist() == ABRIDGED.tolist()
    for name in ("lx", "Tx", "ex"):
        xr.testing.assert_equal(short[name], single[name].sel(age=ABRIDGED))
    np.testing.assert_allclose(
        short.Lx.sel(age=1), single.Lx.sel(age=slice(1, 4)).sum("age"), rtol=1e-14
    )
    # its rates and ax make the same table
    again = life_table(short.mortality_rate, ax=short.ax)
    xr.testing.assert_allclose(again, short, rtol=1e-12)
    xr.testing.assert_allclose(survival_ratio(short), survival_ratio(single, width=5))


def test_abridged_table_with_a_group_without_deaths() -> None:
    rates = kannisto(AGES)
    rates[5:10] = 0.0
    short = abridge(life_table(rates))
    assert float(short.qx.sel(age=5)) == 0.0
    assert float(short.ax.sel(age=5)) == 2.5


def test_completed_table_meets_the_abridged_one(canada: xr.Dataset) -> None:
    single = life_table(canada.mortality_rate, ax=canada.ax)
    completed = complete(abridge(single))
    at = completed.sel(age=ABRIDGED)
    np.testing.assert_allclose(at.lx, single.lx.sel(age=ABRIDGED), rtol=1e-11)
    np.testing.assert_allclose(at.ex[..., -1], single.ex[..., -1], rtol=1e-11)
    # the single rates come back to 0.6 % from 15 on (root mean square), life expectancy to
    # 0.003 years; below, those of this file are interpolated themselves (test_graduation has
    # national tables)
    off = np.log(completed.mortality_rate / single.mortality_rate)
    assert float(np.sqrt((off.sel(age=slice(15, 99)) ** 2).mean())) < 0.01
    assert float(abs(completed.ex - single.ex).sel(age=0).max()) < 0.003


def test_completed_gompertz_is_gompertz() -> None:
    force = 5e-5 * np.exp(0.09 * AGES)
    lx = np.exp(-5e-5 / 0.09 * np.expm1(0.09 * AGES))
    rates = over(np.append(1 - lx[1:] / lx[:-1], force[-1]), AGES)
    rates[:-1] = rates[:-1] / (1 - 0.5 * rates[:-1])
    single = life_table(rates, a0=0.5)
    completed = complete(abridge(single))
    ratio = completed.mortality_rate / single.mortality_rate
    # an exponential in age is a straight line on the log scale, but for what the standard of
    # childhood, which it lacks, leaves above 20
    np.testing.assert_allclose(ratio.sel(age=slice(20, 90)), 1.0, atol=0.005)
    assert dict(completed.sizes) == {"age": 101}


def test_completing_keeps_other_dimensions(canada: xr.Dataset) -> None:
    table = abridge(life_table(canada.mortality_rate.isel(year=slice(0, 3)), a0=0.1))
    whole = complete(table)
    one = complete(table.isel(year=2, sex=1))
    np.testing.assert_allclose(whole.isel(year=2, sex=1).ex, one.ex, rtol=1e-12)
    assert float(whole.ax.sel(age=0)[0, 0]) == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        ((80, 100), r"cannot be fitted on these ages(.|\n)*80 to 100(.|\n)*99 at most"),
        ((80, 80), "cannot be fitted"),
        ((95, 80), "cannot be fitted"),
    ],
)
def test_law_that_has_no_ages(fit: tuple[int, int], message: str) -> None:
    with pytest.raises(CoordinateError, match=message):
        close_kannisto(kannisto(AGES), fit=fit)


def test_law_that_has_no_end() -> None:
    with pytest.raises(CoordinateError, match=r"not a group above the open one(.|\n)*got: 100"):
        close_kannisto(kannisto(AGES), end=100)
    with pytest.raises(CoordinateError, match=r"not a group above(.|\n)*multiple of 5"):
        close_kannisto(kannisto(ABRIDGED), end=128)


def test_rates_that_the_law_cannot_have() -> None:
    rates = kannisto(AGES)
    with pytest.raises(BoundsError, match=r"no such death rate(.|\n)*age=90(.|\n)*got: 0\n"):
        close_kannisto(rates.where(rates.age != 90, 0.0))
    with pytest.raises(BoundsError, match=r"no such death rate(.|\n)*age=90(.|\n)*got: 1\.5"):
        close_kannisto(rates.where(rates.age != 90, 1.5))
    falling = two_regions(rates)
    falling[1] = falling[1, ::-1].values
    with pytest.raises(FitError, match=r"mortality does not rise(.|\n)*region=y(.|\n)*-0\.1"):
        close_kannisto(falling)


def test_tables_that_cannot_be_reshaped() -> None:
    table = life_table(kannisto(AGES))
    with pytest.raises(CoordinateError, match="no age 105 that could be open"):
        group_open_age(table, 105)
    with pytest.raises(MissingVariableError, match="ex is missing"):
        group_open_age(table.drop_vars("ex"), 85)
    with pytest.raises(CoordinateError, match=r"open at a multiple of five(.|\n)*98\+"):
        abridge(group_open_age(table, 98))
    with pytest.raises(CoordinateError, match="can be abridged"):
        abridge(abridge(table))
    with pytest.raises(CoordinateError, match="by single age already"):
        complete(table)
    rates = kannisto(ABRIDGED)
    with pytest.raises(BoundsError, match=r"nobody or everybody dies(.|\n)*age=10"):
        complete(life_table(rates.where(rates.age != 10, 0.0)))


@OF_NO_POPULATION
def test_ragged_rates_are_completed_too() -> None:
    ragged = 10.0 ** np.where(np.arange(len(ABRIDGED)) % 2, -7.0, -2.0)
    table = life_table(over(ragged, ABRIDGED))
    completed = complete(table)
    np.testing.assert_allclose(completed.lx.sel(age=ABRIDGED), table.lx, rtol=1e-11)
    assert (completed.mortality_rate > 0).all()
