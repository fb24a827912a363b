"""Survival by polynomial: the life expectancy asked for, and ratios that can be."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.demography.mortality.levels import scale_to_life_expectancy
from popsim.demography.mortality.lifetable import derived_life_table, life_table
from popsim.demography.mortality.survival import survival_ratio
from popsim.errors import FitError, MissingVariableError
from popsim.uncertainty.intervals import calibrate_to_intervals
from popsim.uncertainty.mortality import shift_reach, survival_at, survival_polynomial

YEARS = [2021, 2030, 2050, 2075, 2100]


@pytest.fixture(scope="module")
def rates():
    return ps.load_baseline("china", end=2100)["mortality_rate"].sel(year=YEARS)


@pytest.fixture(scope="module")
def coefficients(rates):
    return survival_polynomial(rates)


def life_expectancy(ratios):
    """Years lived by a birth cohort under survival ratios of the UN's form, age by age."""
    alive, lived = ratios.isel(age=0), ratios.isel(age=0)
    for age in range(1, ratios.sizes["age"] - 1):
        alive = alive * ratios.isel(age=age)
        lived = lived + alive
    last = ratios.isel(age=-1)
    return lived + alive * last / (1.0 - last)


@pytest.mark.slow
@pytest.mark.parametrize("share", np.linspace(0.0, 1.0, 12))
def test_life_expectancy_is_the_shifted_one_and_ratios_are_ratios(rates, coefficients, share):
    ends = shift_reach(np.array(YEARS))
    shift = (1 - share) * ends.sel(end="least") + share * ends.sel(end="greatest")
    level = life_table(rates)["ex"].sel(age=0, drop=True)
    powers = shift ** coefficients["coefficient"]
    raw = (coefficients * powers).sum("coefficient")  # before it is cut off at 0 and 1
    assert 0.0 < float(raw.min()) < float(raw.max()) < 1.0
    np.testing.assert_allclose(
        life_expectancy(raw), (level + shift).transpose(*life_expectancy(raw).dims), atol=0.01
    )


# The ends of what draws reach are beyond what any population is expected to live.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::popsim.errors.ImplausibleMortalityWarning")
def test_ratios_are_those_of_the_scaled_life_table(rates, coefficients):
    """The open group of 2100 differs most, by 0.01: polynomials of degree 4 give no more."""
    ends = shift_reach(np.array(YEARS))
    level = life_table(rates)["ex"].sel(age=0, drop=True)
    for share in (0.0, 0.25, 0.4, 0.6, 0.75, 1.0):
        shift = (1 - share) * ends.sel(end="least") + share * ends.sel(end="greatest")
        exact = survival_ratio(derived_life_table(scale_to_life_expectancy(rates, level + shift)))
        gap = abs(survival_at(coefficients, shift) - exact)
        assert gap.max() < 0.012
        assert gap.sel(age=slice(None, 95)).max() < 0.004
        assert gap.sel(year=slice(None, 2050)).max() < 0.004


def test_no_shift_is_the_baseline(rates, coefficients):
    exact = survival_ratio(life_table(rates))
    xr.testing.assert_allclose(survival_at(coefficients, 0.0), exact, rtol=1e-15)


def test_reach_does_not_depend_on_what_is_drawn_and_widens():
    ends = shift_reach(np.array(YEARS)).sel(sex="female")
    assert ends.sel(year=2021).values.tolist() == [-2.0, 2.0]  # four times a place's 0.5 years
    assert (ends.sel(end="greatest").diff("year") > 0).all()
    assert (ends.sel(end="least").diff("year") < 0).all()


def test_reach_follows_a_users_intervals():
    wide = calibrate_to_intervals([2021], [80.0], [70.0], [81.0], correlation=0.9)
    ends = shift_reach(np.array([2021]), {"life_expectancy_male": wide})
    assert ends.sel(sex="male", end="least").item() == pytest.approx(
        -4 * np.hypot(7.803, 0.5), abs=0.001
    )
    assert ends.sel(sex="female", end="least").item() == -2.0


def test_leading_dims_and_labels(rates, coefficients):
    both = xr.concat([rates, rates * 1.2], dim="region").assign_coords(region=["a", "b"])
    made = survival_polynomial(both.isel(year=slice(0, 2)))
    assert made.dims == ("region", "year", "coefficient", "sex", "age")
    np.testing.assert_allclose(
        made.sel(region="a", drop=True), coefficients.isel(year=slice(0, 2)), rtol=1e-6, atol=1e-12
    )
    assert made.attrs["long_name_zh"]


def test_evaluation_broadcasts_by_name_and_cuts_off(coefficients):
    shift = xr.DataArray(
        [[-1.0, 1.0], [0.0, 500.0]], dims=("draw", "sex"), coords={"sex": ["female", "male"]}
    )
    got = survival_at(coefficients, shift)
    assert got.dims == ("draw", "year", "sex", "age")
    assert float(got.min()) >= 0.0
    assert float(got.max()) <= 1.0
    np.testing.assert_array_equal(
        got.isel(draw=0).sel(sex="female"), survival_at(coefficients, -1.0).sel(sex="female")
    )


def test_rates_without_a_sex_are_refused(rates):
    with pytest.raises(MissingVariableError, match="death rates without sex"):
        survival_polynomial(rates.isel(sex=0, drop=True))


def test_a_life_expectancy_beyond_reason_is_refused(rates):
    far = calibrate_to_intervals([2021], [80.0], [79.0], [110.0], correlation=0.9)
    with pytest.raises(FitError, match="no level of mortality"):
        survival_polynomial(rates.isel(year=[0]), intervals={"life_expectancy_female": far})
