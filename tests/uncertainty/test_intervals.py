"""Paths meet the intervals that they are calibrated to; intervals that cannot be are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError
from popsim.uncertainty.draws import Z80, Z95
from popsim.uncertainty.intervals import calibrate_to_intervals, published_intervals

YEARS = np.array([2025, 2030, 2050])
GIVEN = {
    "median": [1.0, 1.1, 1.2],
    "lower_80": [0.9, 0.8, 0.7],
    "upper_80": [1.2, 1.4, 1.6],
    "lower_95": [0.85, 0.7, 0.6],
    "upper_95": [1.25, 1.5, 2.1],
}


def calibrated(**changed):
    return calibrate_to_intervals(YEARS, **{**GIVEN, "correlation": 0.9, **changed})


def test_normal_quantiles_go_to_the_published_ones():
    z = np.array([-Z95, -Z80, 0.0, Z80, Z95])[:, None] * np.ones(3)
    got = np.array(GIVEN["median"]) + calibrated().deviations(z, YEARS)
    wanted = [GIVEN[n] for n in ("lower_95", "lower_80", "median", "upper_80", "upper_95")]
    np.testing.assert_allclose(got, wanted, rtol=1e-14)


def test_deviations_rise_with_the_normal_and_have_no_jumps():
    z = np.linspace(-5, 5, 2001)
    w = calibrated().deviations(np.repeat(z[:, None], 3, axis=1), YEARS)
    steps = np.diff(w, axis=0)
    assert (steps > 0).all()
    assert steps.max() < 0.005 * 0.75  # the steepest piece: 0.5 in 0.68 standard deviations


def test_without_95_bounds_each_side_is_normal():
    got = calibrated(lower_95=None, upper_95=None).deviations(
        np.array([[-3.0] * 3, [2.0] * 3]), YEARS
    )
    below, above = (
        (np.array(GIVEN["median"]) - GIVEN["lower_80"]) / Z80,
        (np.array(GIVEN["upper_80"]) - GIVEN["median"]) / Z80,
    )
    np.testing.assert_allclose(got, [-3.0 * below, 2.0 * above], rtol=1e-13)


def test_before_the_first_year_nothing_is_uncertain_and_after_the_last_it_stays():
    years = np.array([2020, 2024, 2027, 2050, 2080])
    w = calibrated().deviations(np.full((1, 5), Z80), years)[0]
    # 2027 is two fifths of the way from 0.2 to 0.3
    np.testing.assert_allclose(w, [0.0, 0.0, 0.24, 0.4, 0.4], rtol=1e-13)


def test_paths_of_a_users_own_intervals_meet_them():
    drawn = calibrated().paths(1000, 3, key="mine", sampling="latin_hypercube")
    assert drawn.year.values.tolist() == list(range(2025, 2051))
    q = drawn.sel(year=YEARS).quantile([0.025, 0.1, 0.5, 0.9, 0.975], "draw")
    wanted = [GIVEN[n] for n in ("lower_95", "lower_80", "median", "upper_80", "upper_95")]
    np.testing.assert_allclose(q, wanted, atol=0.01)  # half a stratum of 1,000 where it is widest


def test_calibration_copies_and_freezes_its_input():
    median = np.array(GIVEN["median"])
    made = calibrated(median=median)
    median[0] = 9.0
    assert made.median[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        made.median[0] = 2.0


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"lower_80": [0.9, 1.2, 0.7]}, InputError, "not ordered"),
        ({"upper_95": [1.25, 1.3, 2.1]}, InputError, "not ordered"),
        ({"median": [1.0, np.nan, 1.2]}, BoundsError, "not a number"),
        ({"median": [1.0, 1.1]}, DimensionError, "a value for each year"),
        ({"upper_95": [1.25]}, DimensionError, "a value for each year"),
        ({"upper_95": None}, DimensionError, "one of the 95 % bounds is missing"),
        ({"correlation": 1.0}, BoundsError, "returns to its median"),
        ({"correlation": np.nan}, BoundsError, "returns to its median"),
    ],
)
def test_intervals_that_cannot_be_are_refused(changed, error, message):
    with pytest.raises(error, match=message) as caught:
        calibrated(**changed)
    if "not ordered" in message:
        assert "year=2030" in str(caught.value)


def test_years_that_do_not_rise_are_refused():
    with pytest.raises(CoordinateError, match="do not rise"):
        calibrate_to_intervals(YEARS[::-1], **GIVEN, correlation=0.9)


def test_published_bounds_are_those_of_wpp(reference):
    wpp = pd.read_csv(reference / "wpp2024_china_annual.csv").set_index("year")
    names = {"fertility": "tfr", "life_expectancy_female": "e0F", "life_expectancy_male": "e0M"}
    for quantity, column in names.items():
        made = published_intervals()[quantity]
        for bound, end in (
            ("lower_80", "80l"),
            ("upper_80", "80u"),
            ("lower_95", "95l"),
            ("upper_95", "95u"),
        ):
            wanted = wpp[f"{column}_{end}"].loc[made.years]
            np.testing.assert_allclose(getattr(made, bound), wanted, atol=1e-9)
