"""Five-year inputs of a projection taken to single years: what has to be kept, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from popsim.demography.ages.single_years import graduate_baseline
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    InputError,
    MissingVariableError,
)

AGES = np.arange(0, 101, 5)
YEARS = np.arange(2020, 2100, 5)


@pytest.fixture(scope="module")
def fives(reference: Path) -> xr.Dataset:
    """Brazil, Kazakhstan and Mauritius of World Population Prospects 2019, death rates abridged."""
    data = xr.open_dataset(reference / "wpp2019_5x5_sample.nc").load().drop_vars("name")
    time = {"period": "year"}
    fertility = data["fertility_pattern_percent"] / 100 * data["total_fertility_rate"] / 5
    fertility = fertility.rename(time | {"mother_age": "age"})
    fertility = fertility.assign_coords(year=YEARS, age=np.arange(15, 50, 5))
    return xr.Dataset(
        {
            "population": (
                data["population_2020"].rename(age_group="age").assign_coords(age=AGES) * 1000
            ),
            "mortality_rate": data["mortality_rate"].rename(time).assign_coords(year=YEARS),
            "fertility_rate": fertility.reindex(age=AGES, fill_value=0.0),
            "sex_ratio_at_birth": data["sex_ratio_at_birth"].rename(time).assign_coords(year=YEARS),
            "net_migration_total": (
                data["net_migration_total"].rename(time).assign_coords(year=YEARS) * 1000 / 5
            ),
        },
        attrs={"title": "three countries"},
    )


@pytest.fixture(scope="module")
def ones(fives: xr.Dataset) -> xr.Dataset:
    return graduate_baseline(fives)


def by_group(array: xr.DataArray) -> np.ndarray:
    """Sums over the five-year groups, 100+ alone."""
    laid = array.transpose(..., "age").values
    return np.add.reduceat(laid, AGES, axis=-1)


def test_shape_labels_and_provenance(ones: xr.Dataset) -> None:
    assert ones["age"].values.tolist() == list(range(101))
    assert ones["year"].values.tolist() == list(range(2020, 2100))
    assert set(ones["mortality_rate"].dims) == {"country", "year", "sex", "age"}
    assert ones["population"].attrs["units"] == "persons"
    assert ones.attrs["title"] == "three countries"
    assert ones.attrs["popsim_call"] == "graduate_baseline"


def test_population_keeps_every_group(fives: xr.Dataset, ones: xr.Dataset) -> None:
    np.testing.assert_allclose(
        by_group(ones["population"]),
        fives["population"].transpose(..., "age").values,
        rtol=1e-12,  # rounding of sums
    )


def test_fertility_keeps_the_mean_of_every_group_and_step(
    fives: xr.Dataset, ones: xr.Dataset
) -> None:
    means = ones["fertility_rate"].coarsen(year=5).mean()
    got = by_group(means.assign_coords(year=YEARS).transpose("country", "year", "age")) / 5
    expected = fives["fertility_rate"].transpose("country", "year", "age").values
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)
    assert float(ones["fertility_rate"].min()) == 0
    outside = ones["fertility_rate"].sel(age=[*range(15), *range(50, 101)])
    assert not outside.values.any()


def life_expectancy(rate: np.ndarray, width: np.ndarray) -> np.ndarray:
    """At birth, with a constant hazard within each group; the last group is open."""
    hazard = rate * width
    start = np.exp(np.cumsum(hazard[..., :-1], axis=-1))
    start = 1 / np.concatenate([np.ones((*rate.shape[:-1], 1)), start], axis=-1)
    lived = start * -np.expm1(-hazard) / rate
    lived[..., -1] = start[..., -1] / rate[..., -1]
    return np.asarray(lived.sum(-1))


def test_mortality_keeps_life_expectancy(fives: xr.Dataset, ones: xr.Dataset) -> None:
    dims = ("country", "year", "sex")
    abridged = fives["mortality_rate"].transpose(*dims, "abridged_age").values
    widths = np.diff(np.append(fives["abridged_age"].values, 105)).astype(float)
    yearly = ones["mortality_rate"].transpose(*dims, "age").values
    single = life_expectancy(yearly, np.ones(101)).reshape(3, 16, 5, 2).mean(2)
    # A constant hazard over five years at high ages is itself off by as much.
    np.testing.assert_allclose(single, life_expectancy(abridged, widths), atol=0.15)
    assert yearly.min() > 0
    # Deaths decline over the calendar years within the steps as they do from step to step.
    infant = ones["mortality_rate"].sel(age=0, sex="female", country=76).values
    assert (np.diff(infant[:40]) < 0).all()
    steps = fives["mortality_rate"].sel(abridged_age=0, sex="female", country=76).values
    np.testing.assert_allclose(infant.reshape(16, 5).mean(1), steps, rtol=1e-12)


def test_series_by_year_keep_the_steps(fives: xr.Dataset, ones: xr.Dataset) -> None:
    for name in ("sex_ratio_at_birth", "net_migration_total"):
        means = ones[name].transpose("country", "year").values.reshape(3, 16, 5).mean(2)
        expected = fives[name].transpose("country", "year").values
        np.testing.assert_allclose(means, expected, rtol=1e-9, atol=1e-6)


def with_survival(fives: xr.Dataset) -> xr.Dataset:
    """The same, mortality stated by the ratios of a stationary population that declines."""
    single = 2e-4 * np.exp(0.075 * np.arange(131.0))
    start = np.exp(single - np.cumsum(single))
    lived = start * -np.expm1(-single) / single
    groups = np.append(lived[:100].reshape(20, 5).sum(1), lived[100:].sum())
    ratio = np.append(groups[0] / 5, groups[1:] / groups[:-1])
    ratio[-1] = groups[-1] / (groups[-1] + groups[-2])
    full = xr.DataArray(ratio, dims="age", coords={"age": AGES}).expand_dims(
        year=YEARS, sex=["female", "male"]
    )
    return fives.drop_vars(["mortality_rate", "abridged_age"]).assign(survival_ratio=full)


def test_survival_ratios_go_by_person_years(fives: xr.Dataset) -> None:
    got = graduate_baseline(with_survival(fives))["survival_ratio"]
    single = 2e-4 * np.exp(0.075 * np.arange(131.0))
    start = np.exp(single - np.cumsum(single))
    lived = start * -np.expm1(-single) / single
    lived = np.append(lived[:100], lived[100:].sum())
    true = np.append(lived[0], lived[1:] / lived[:-1])
    true[-1] = lived[-1] / (lived[-1] + lived[-2])
    profile = got.isel(year=7, sex=0).values
    # Of the losses 1 - S: persons at ages up to 95 are lost as the life table says to 3 %.
    np.testing.assert_allclose(1 - profile[10:95], 1 - true[10:95], rtol=0.03)
    assert profile.max() <= 1
    assert profile[-1] == pytest.approx(true[-1], abs=0.02)
    # The same ratios in every step give the same in every year.
    np.testing.assert_allclose(got, got.isel(year=[0] * 80).values, rtol=1e-9)


def test_net_migration_keeps_persons_by_group_and_step(fives: xr.Dataset) -> None:
    flows = xr.DataArray(
        np.random.default_rng(5).normal(0, 1000, (16, 2, 21)),
        dims=("year", "sex", "age"),
        coords={"year": YEARS, "sex": ["female", "male"], "age": AGES},
    )
    base = fives.drop_vars("net_migration_total")
    got = graduate_baseline(base.assign(net_migration=flows))["net_migration"]
    means = got.coarsen(year=5).mean().transpose("year", "sex", "age")
    np.testing.assert_allclose(by_group(means), flows.values, rtol=0, atol=1e-6)
    rates = flows / 1e5
    got = graduate_baseline(base.assign(net_migration_rate=rates))["net_migration_rate"]
    means = by_group(got.coarsen(year=5).mean().transpose("year", "sex", "age"))
    np.testing.assert_allclose(means / np.append(np.full(20, 5), 1), rates.values, atol=1e-11)


def test_one_step_alone_is_spread_evenly(fives: xr.Dataset) -> None:
    got = graduate_baseline(fives.isel(year=[3]))
    assert got.sizes["year"] == 5
    rates = got["fertility_rate"].transpose("year", ...)
    np.testing.assert_allclose(rates, rates.isel(year=[0] * 5).values, rtol=1e-9)


def test_input_is_left_alone(fives: xr.Dataset) -> None:
    before = fives.copy(deep=True)
    graduate_baseline(fives)
    xr.testing.assert_identical(fives, before)


def test_bad_inputs_are_refused(fives: xr.Dataset) -> None:
    with pytest.raises(MissingVariableError, match=r"the input fertility_rate is missing"):
        graduate_baseline(fives.drop_vars("fertility_rate"))
    with pytest.raises(MissingVariableError, match=r"the input survival_ratio is missing"):
        graduate_baseline(fives.drop_vars("mortality_rate"))
    with pytest.raises(ConflictError, match=r"survival_ratio and mortality_rate say the same"):
        graduate_baseline(with_survival(fives).assign(mortality_rate=fives["mortality_rate"]))
    with pytest.raises(ConflictError, match=r"net_migration_rate and net_migration_total"):
        graduate_baseline(fives.assign(net_migration_rate=fives["sex_ratio_at_birth"]))
    with pytest.raises(CoordinateError, match=r"years do not follow each other"):
        graduate_baseline(fives.isel(year=[0, 2, 3]))
    with pytest.raises(CoordinateError, match=r"sex is not female, male"):
        graduate_baseline(fives.sel(sex=["male", "female"]))
    with pytest.raises(CoordinateError, match=r"abridged ages end at another.*\n.*\n  got: 95\+"):
        graduate_baseline(fives.isel(abridged_age=slice(0, 21)))
    with pytest.raises(InputError, match=r"no rule to take households to single years"):
        graduate_baseline(fives.assign(households=fives["sex_ratio_at_birth"]))
    with pytest.raises(InputError, match=r"by single years already"):
        graduate_baseline(xr.Dataset(coords={"age": np.arange(101), "year": YEARS}))


def test_bad_values_are_refused(fives: xr.Dataset) -> None:
    rate = fives["fertility_rate"]
    with pytest.raises(BoundsError, match=r"fertility_rate is zero at every age"):
        graduate_baseline(fives.assign(fertility_rate=rate * 0))
    with pytest.raises(BoundsError, match=r"births in the first or the open age.*\n.*age=0"):
        graduate_baseline(fives.assign(fertility_rate=rate + 0.01))
    with pytest.raises(BoundsError, match=r"mortality_rate is out of bounds"):
        graduate_baseline(fives.assign(mortality_rate=fives["mortality_rate"] * 1000))
    immortal = with_survival(fives)
    immortal["survival_ratio"] = immortal["survival_ratio"].where(immortal["age"] < 100, 1.0)
    with pytest.raises(BoundsError, match=r"nobody dies in the open age group"):
        graduate_baseline(immortal)
