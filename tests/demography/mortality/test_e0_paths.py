"""Double logistic gains of life expectancy: the function, its fit, and its paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from popsim.demography.mortality.e0_paths import (
    PARAMETERS,
    double_logistic_gain,
    fit_double_logistic,
    project_life_expectancy,
    world_parameters,
)
from popsim.errors import BoundsError, CoordinateError, DimensionError, FitError, InputError

SEXES = ["female", "male"]


def parameters(**changes: float) -> xr.DataArray:
    world = world_parameters().copy()
    for name, value in changes.items():
        world.loc[name] = value
    return world


def start(level: float = 45.0, year: int = 1949) -> xr.DataArray:
    return xr.DataArray([level], dims="year", coords={"year": [year]})


@pytest.fixture(scope="module")
def china(reference: Path) -> xr.DataArray:
    table = pd.read_csv(reference / "wpp2024_china_annual.csv").set_index("year")
    return xr.DataArray(
        table[["e0F", "e0M"]].to_numpy(),
        dims=("year", "sex"),
        coords={"year": table.index.to_numpy(), "sex": SEXES},
    )


def test_the_gain_at_the_marks_of_the_curve() -> None:
    """Each logistic is at a half in the middle of its delta, at 10 % and 90 % at its ends."""
    d1, d2, d3, d4, k, z = 20.0, 10.0, 30.0, 15.0, 3.0, 0.5
    theta = parameters(delta_1=d1, delta_2=d2, delta_3=d3, delta_4=d4, k=k, z=z)
    levels = xr.DataArray([d1, d1 + d2 / 2, d1 + d2, 67.5, 200.0, 1.0], dims="level")
    gain = 5.0 * double_logistic_gain(levels, theta)
    # the other logistic is beyond e^-8 of its end, but for 67.5, in the middle of the second
    np.testing.assert_allclose(
        gain.values, [0.1 * k, 0.5 * k, 0.9 * k, (k + z) / 2, z, 0.0], atol=2e-3
    )


def test_the_published_form() -> None:
    """Written out once more as Raftery et al. (2013) print it."""
    d1, d2, d3, d4, k, z = (float(x) for x in world_parameters())
    levels = np.linspace(30.0, 100.0, 15)
    a1, a2 = 4.4, 0.5
    rise = 1.0 + np.exp(-a1 / d2 * (levels - d1 - a2 * d2))
    fall = 1.0 + np.exp(-a1 / d4 * (levels - d1 - d2 - d3 - a2 * d4))
    expected = (k / rise + (z - k) / fall) / 5.0
    got = double_logistic_gain(xr.DataArray(levels, dims="level"), world_parameters())
    # they print 4.4 for ln 81 = 4.394
    np.testing.assert_allclose(got.values, expected, rtol=2e-3)


def test_extremes_neither_overflow_nor_divide_by_zero() -> None:
    theta = parameters(delta_2=0.0, delta_4=0.0)
    levels = xr.DataArray([0.0, 50.0, 120.0], dims="level")
    gain = 5.0 * double_logistic_gain(levels, theta)
    np.testing.assert_allclose(gain.values, [0.0, 0.385, 0.385], atol=1e-12)


def test_the_order_of_the_parameters_does_not_matter() -> None:
    shuffled = world_parameters().sel(parameter=list(PARAMETERS)[::-1])
    np.testing.assert_array_equal(
        double_logistic_gain(70.0, shuffled).values,
        double_logistic_gain(70.0, world_parameters()).values,
    )


def test_a_path_adds_the_gain_of_each_level() -> None:
    path = project_life_expectancy(start(60.0, 1999), world_parameters(), 2002)
    level = 60.0
    for year in (2000, 2001, 2002):
        level += float(double_logistic_gain(level, world_parameters()))
        assert float(path.sel(year=year)) == pytest.approx(level, rel=1e-14)
    assert path.attrs["units"] == "years"


def test_deviates_shift_a_path_and_are_the_callers() -> None:
    years = np.arange(2000, 2011)
    rng = np.random.default_rng(1)
    normal = xr.DataArray(
        rng.standard_normal((3, 11)), dims=("draw", "year"), coords={"year": years}
    )
    record = xr.concat([start(70.0, 1999), start(66.0, 1999)], xr.Variable("sex", SEXES))
    paths = [
        project_life_expectancy(record, world_parameters(), 2010, gain_sd=0.2, normal=normal)
        for _ in range(2)
    ]
    xr.testing.assert_identical(*paths)
    assert paths[0].dims == ("sex", "draw", "year")
    centre = project_life_expectancy(record, world_parameters(), 2010)
    first = (paths[0] - centre).sel(year=2000)
    np.testing.assert_allclose(
        first.values, np.broadcast_to(0.2 * normal.sel(year=2000).values, (2, 3)), rtol=1e-9
    )


def test_the_fit_recovers_a_record_over_all_levels() -> None:
    truth = parameters(delta_1=14.0, delta_2=38.0, delta_3=8.0, delta_4=20.0, k=3.2, z=0.45)
    record = project_life_expectancy(start(22.0, 1849), truth, 2099)
    fit = fit_double_logistic(record)
    # The prior pulls: with gains known to 0.005 years, by less than a thousandth of k and z
    # and some tenths of a year of the deltas, which trade off against each other.
    found = fit["double_logistic"]
    np.testing.assert_allclose(found.values[:4], truth.values[:4], atol=0.5)
    np.testing.assert_allclose(found.values[4:], truth.values[4:], atol=0.02)
    levels = xr.DataArray(np.linspace(25.0, 85.0, 13), dims="level")
    np.testing.assert_allclose(
        double_logistic_gain(levels, found).values,
        double_logistic_gain(levels, truth).values,
        atol=2e-3,
    )


def test_noise_and_crises_of_a_record() -> None:
    rng = np.random.default_rng(4)
    years = np.arange(1950, 2020)
    normal = xr.DataArray(rng.standard_normal(70), dims="year", coords={"year": years})
    record = project_life_expectancy(start(), world_parameters(), 2019, gain_sd=0.15, normal=normal)
    calm = fit_double_logistic(record)
    # 69 gains know a standard deviation to 8.5 %: two and a half of these
    assert float(calm["gain_sd"]) == pytest.approx(0.15, rel=0.22)
    famine = record - 15.0 * (record["year"] == 1960)
    struck = fit_double_logistic(famine)
    assert float(struck["gain_sd"]) == pytest.approx(float(calm["gain_sd"]), rel=0.05)
    levels = xr.DataArray([50.0, 60.0, 70.0], dims="level")
    gains = [double_logistic_gain(levels, f["double_logistic"]) for f in (calm, struck)]
    # three of seventy gains are left out: those around the crisis
    np.testing.assert_allclose(gains[1].values, gains[0].values, atol=0.02)


def test_five_year_records_have_the_same_curve() -> None:
    yearly = project_life_expectancy(start(), world_parameters(), 2019)
    record = xr.concat([start(), yearly], "year").isel(year=slice(0, None, 5))
    fit = fit_double_logistic(record)
    levels = xr.DataArray([50.0, 60.0, 70.0], dims="level")
    # A gain of five years is put down to the level at their start. At 70 the gains fall by
    # 3.5 % a year of level, and the mean level of the five years is 1.1 years higher.
    np.testing.assert_allclose(
        double_logistic_gain(levels, fit["double_logistic"]).values,
        double_logistic_gain(levels, world_parameters()).values,
        rtol=0.06,
    )


def test_china_beside_the_united_nations(china: xr.DataArray) -> None:
    """A record of one country against a model of all: near for women, too low for men."""
    record = china.sel(year=slice(1950, 2023))
    fit = fit_double_logistic(record)
    path = project_life_expectancy(record, fit["double_logistic"], 2100)
    print(path.sel(year=[2050, 2100]).values, china.sel(year=[2050, 2100]).values.T)
    error = (path - china).sel(sex="female")
    assert abs(float(error.sel(year=2050))) < 0.5
    assert abs(float(error.sel(year=2100))) < 1.0
    assert (path.diff("year") > 0).all()
    # gains fall as the level rises
    assert (path.diff("year").diff("year").sel(year=slice(2040, None)) < 0).all()
    # The UN ties men to women, whose gap closes to 3 years; a fit of men alone does not
    # know that.
    assert -4.0 < float((path - china).sel(sex="male", year=2100)) < 0.0


def test_the_deltas_add_up_to_no_more_than_the_publication_allows(china: xr.DataArray) -> None:
    """Women of 1990-2019 would have them run on; the wall is soft by a hundredth or two."""
    fit = fit_double_logistic(china.sel(year=slice(1990, 2019)))
    total = fit["double_logistic"].sel(parameter=list(PARAMETERS[:4])).sum("parameter")
    assert 85.0 < float(total.sel(sex="female")) < 86.05


def test_rejections_of_a_fit(china: xr.DataArray) -> None:
    with pytest.raises(DimensionError, match="lacks the dimension 'year'"):
        fit_double_logistic(china.sel(year=2000, drop=True))
    with pytest.raises(FitError, match=r"too few gains[^@]*sex=female[^@]*got: 5 gains"):
        fit_double_logistic(china.sel(year=slice(2010, 2015)))
    with pytest.raises(BoundsError, match=r"life_expectancy has 1 missing[^@]*year=1999, sex=male"):
        fit_double_logistic(china.where((china["year"] != 1999) | (china["sex"] != "male")))
    with pytest.raises(CoordinateError, match="1974 is followed by 1976"):
        fit_double_logistic(china.sel(year=china["year"] != 1975))


def test_rejections_of_a_path(china: xr.DataArray) -> None:
    world = world_parameters()
    normal = xr.DataArray(np.zeros(2), dims="year", coords={"year": [2001, 2002]})
    record = china.sel(year=slice(1990, 2000))
    with pytest.raises(CoordinateError, match=r"not the parameters of a double logistic"):
        project_life_expectancy(record, world.isel(parameter=slice(0, 5)), 2002)
    with pytest.raises(CoordinateError, match=r"no coordinate parameter"):
        double_logistic_gain(70.0, xr.DataArray(np.zeros(6), dims="x"))
    with pytest.raises(BoundsError, match=r"double_logistic is out of bounds[^@]*parameter=k"):
        project_life_expectancy(record, parameters(k=-1.0), 2002)
    with pytest.raises(CoordinateError, match="does not end after the record"):
        project_life_expectancy(record, world, 2000)
    with pytest.raises(InputError, match="belong together"):
        project_life_expectancy(record, world, 2002, normal=normal)
    with pytest.raises(CoordinateError, match="deviates lie on other years"):
        project_life_expectancy(record, world, 2003, gain_sd=0.1, normal=normal)
    with pytest.raises(BoundsError, match=r"normal has 1 missing[^@]*year=2001"):
        project_life_expectancy(
            record, world, 2002, gain_sd=0.1, normal=normal.where(normal["year"] > 2001)
        )
    with pytest.raises(DimensionError, match="normal lacks the dimension 'year'"):
        project_life_expectancy(record, world, 2002, gain_sd=0.1, normal=xr.DataArray(0.0))
    with pytest.raises(BoundsError, match="gain_sd is out of bounds"):
        project_life_expectancy(record, world, 2002, gain_sd=-0.1, normal=normal)
