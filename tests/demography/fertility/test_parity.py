"""Fertility by parity: conversions, progression and cohorts, against cases counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

from popsim.demography.fertility.measures import mean_age_at_childbearing, total_fertility_rate
from popsim.demography.fertility.parity import (
    cohort_parity,
    completed_fertility,
    conditional_from_incidence,
    incidence_from_conditional,
    parity_shares,
    period_parity_progression,
)
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError

PARITIES, ORDERS = [0, 1, 2, 3], [1, 2, 3]


def by_parity(values, ages=(30,), name=None):
    values = np.asarray(values, dtype=float).reshape(4, len(ages))
    coords = {"parity": PARITIES, "age": list(ages)}
    return xr.DataArray(values, dims=("parity", "age"), coords=coords, name=name)


def by_order(values, ages=(30,)):
    values = np.asarray(values, dtype=float).reshape(3, len(ages))
    coords = {"order": ORDERS, "age": list(ages)}
    return xr.DataArray(values, dims=("order", "age"), coords=coords)


# --- conversion ---------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_incidence_and_conditional_rates_are_inverse(seed):
    rng = np.random.default_rng(seed)
    ages = list(range(15, 50))
    raw = rng.random((5, 4, 35)) + 1e-3
    share = xr.DataArray(raw / raw.sum(1, keepdims=True), dims=("draw", "parity", "age"))
    share = share.assign_coords(parity=PARITIES, age=ages)
    rates = rng.random((4, 35))
    rates[3] = rates[2]  # incidence cannot tell the two apart
    conditional = by_parity(rates, ages)
    incidence = incidence_from_conditional(conditional, share)
    assert incidence.dims == ("draw", "order", "age")
    again = conditional_from_incidence(incidence, share)
    # a division and a multiplication: rounding of the last digits
    np.testing.assert_allclose(again, conditional.broadcast_like(again), rtol=1e-12)


def test_third_births_are_borne_by_women_with_two_and_with_more():
    conditional = by_parity([0.0, 0.0, 0.1, 0.2])
    incidence = incidence_from_conditional(conditional, by_parity([0.1, 0.2, 0.3, 0.4]))
    # 0.3 x 0.1 + 0.4 x 0.2
    np.testing.assert_allclose(incidence.values[:, 0], [0.0, 0.0, 0.11], atol=1e-15)


def test_nobody_of_a_parity_and_no_births_is_a_rate_of_zero():
    rates = conditional_from_incidence(by_order([0.1, 0.0, 0.0]), by_parity([1, 0, 0, 0]))
    assert rates.values[:, 0].tolist() == [0.1, 0.0, 0.0, 0.0]


def test_where_there_are_no_women_all_are_childless():
    assert parity_shares(by_parity([0, 0, 0, 0])).values[:, 0].tolist() == [1, 0, 0, 0]


# --- progression --------------------------------------------------------------------------


def test_only_first_births():
    """10 % of the childless a year at ages 20 and 21: the survivors of two exposures."""
    table = period_parity_progression(by_parity([[0.1, 0.1], [0, 0], [0, 0], [0, 0]], (20, 21)))
    q = 0.1 / 1.05
    first = q + (1 - q) * q
    np.testing.assert_allclose(table.parity_progression_ratio, [first, 0, 0], rtol=1e-14)
    assert float(table.parity_adjusted_total_fertility_rate) == pytest.approx(first, rel=1e-14)
    mean = (20.5 * q + 21.5 * (1 - q) * q) / first
    assert float(table.mean_age_by_order.sel(order=1)) == pytest.approx(mean, rel=1e-14)
    assert np.isnan(table.mean_age_by_order.sel(order=2))


def test_rates_so_high_that_all_progress():
    """At the highest rate two thirds bear each year; after 40 years all have three or more."""
    table = period_parity_progression(by_parity(np.ones((4, 40)), range(15, 55)))
    # (1/3)^40 and its sums with some powers of 40: nothing is left at 1e-9
    np.testing.assert_allclose(table.parity_progression_ratio, [1, 1, 1], atol=1e-9)
    np.testing.assert_allclose(table.births_per_woman_by_order.sel(order=[1, 2]), 1, atol=1e-9)
    # one confinement a year at most: 2/3 a year from everybody
    total = float(table.parity_adjusted_total_fertility_rate)
    assert total == pytest.approx(40 * 2 / 3, rel=1e-12)


def test_nobody_bears_twice_in_a_year():
    table = period_parity_progression(by_parity([[1.0], [1.0], [1.0], [1.0]] * 1, (20,))
                                      .reindex(age=[20, 21], fill_value=0.0))  # fmt: skip
    assert table.births_per_woman_by_order.values.tolist() == [pytest.approx(2 / 3), 0, 0]


def test_progression_keeps_further_dims_and_totals_by_order():
    rates = by_parity(np.full((4, 30), 0.05), range(18, 48)).expand_dims(year=[2020, 2021])
    table = period_parity_progression(rates)
    assert table.parity_progression_ratio.dims == ("year", "parity")
    assert table.parity_progression_ratio.attrs["units"] == "1"
    total = table.births_per_woman_by_order.sum("order")
    np.testing.assert_allclose(table.parity_adjusted_total_fertility_rate, total)


def test_totals_and_mean_ages_of_incidence_rates_keep_the_order():
    rates = by_order([[0.1, 0.1], [0.0, 0.1], [0.0, 0.0]], (20, 30))
    np.testing.assert_allclose(total_fertility_rate(rates), [2.0, 1.0, 0.0])
    first = mean_age_at_childbearing(rates.sel(order=[1, 2]))
    np.testing.assert_allclose(first, [30.0, 35.0])


# --- cohorts ------------------------------------------------------------------------------


def test_cohorts_are_followed_along_the_diagonal():
    times, ages = [2021, 2022, 2023], [48, 49, 50, 51]
    women = xr.DataArray(
        np.zeros((3, 4, 4)), dims=("time", "parity", "age"),
        coords={"time": times, "parity": PARITIES, "age": ages},
    )  # fmt: skip
    for t, time in enumerate(times):
        for a, age in enumerate(ages):
            childless = (time - age - 1) - 1900.0  # a number that tells the cohort
            women[t, 0, a], women[t, 2, a] = childless, 200.0 - childless
    share = cohort_parity(women)
    for cohort in (1972, 1971, 1973):
        seen = share.sel(cohort=cohort, parity=0).dropna("age")
        np.testing.assert_allclose(seen, (cohort - 1900) / 200)
    assert share.sel(cohort=1972).notnull().all("parity").sum() == 3  # at 48, 49 and 50
    # The last of the ages stands for all that are older.
    assert share["age"].values.tolist() == [48, 49, 50]


def test_completed_fertility_counts_the_open_parity():
    share = by_parity([0.05, 0.25, 0.5, 0.2], (50,)).expand_dims(cohort=[1970])
    completed = completed_fertility(share, births_of_three=1.5)
    assert completed.values.tolist() == pytest.approx([0.25 + 1.0 + 0.2 * 3.5])


# --- what is refused ----------------------------------------------------------------------


def test_shares_that_do_not_add_up():
    with pytest.raises(BoundsError, match=r"do not add up to one(.|\n)*age=30(.|\n)*0\.9"):
        conditional_from_incidence(by_order([0.1, 0, 0]), by_parity([0.4, 0.3, 0.1, 0.1]))
    with pytest.raises(BoundsError, match="parity_share is out of bounds"):
        incidence_from_conditional(by_parity([0, 0, 0, 0]), by_parity([40, 30, 20, 10]))


def test_unknown_labels():
    share, rates = by_parity([1, 0, 0, 0]), by_order([0.1, 0, 0])
    with pytest.raises(CoordinateError, match="labels of order are not known"):
        conditional_from_incidence(rates.assign_coords(order=[0, 1, 2]), share)
    with pytest.raises(CoordinateError, match="labels of parity are not known"):
        conditional_from_incidence(rates, share.assign_coords(parity=["0", "1", "2", "3+"]))
    with pytest.raises(CoordinateError, match="labels of parity are not known"):
        parity_shares(share.isel(parity=slice(3)))
    with pytest.raises(DimensionError, match="there is no dimension 'order'"):
        conditional_from_incidence(share, share)
    with pytest.raises(DimensionError, match="there is no dimension 'parity'"):
        period_parity_progression(rates)


def test_more_births_than_women_who_could_bear_them():
    """Rates per woman of the parity taken for rates per woman: more than every woman bears."""
    share = by_parity([0.2, 0.7, 0.1, 0.0])
    with pytest.raises(BoundsError, match=r"more than every woman(.|\n)*1\.5(.|\n)*incidence"):
        conditional_from_incidence(by_order([0.3, 0.1, 0.0]), share)
    with pytest.raises(BoundsError, match=r"more than every woman(.|\n)*inf"):
        conditional_from_incidence(by_order([0.1, 0.0, 0.1]), by_parity([0.5, 0.5, 0, 0]))
    with pytest.raises(BoundsError, match="conditional_fertility_rate is out of bounds"):
        incidence_from_conditional(by_parity([1.2, 0, 0, 0]), share)


def test_ages_must_be_single():
    with pytest.raises(CoordinateError, match="not by single age"):
        period_parity_progression(by_parity(np.zeros((4, 2)), (20, 25)))
    women = by_parity(np.ones((4, 3)), (20, 25, 30)).expand_dims(time=[2020, 2021])
    with pytest.raises(CoordinateError, match="age is not by single years"):
        cohort_parity(women)
    with pytest.raises(DimensionError, match="no dimension 'time'"):
        cohort_parity(by_parity(np.ones((4, 3)), (20, 21, 22)))


def test_completed_fertility_needs_the_age():
    share = by_parity([1, 0, 0, 0], (45,)).expand_dims(cohort=[1970])
    with pytest.raises(InputError, match="no cohort is seen"):
        completed_fertility(share, births_of_three=1.15)
    with pytest.raises(InputError, match="no cohort is seen"):
        completed_fertility(share * np.nan, births_of_three=1.15, age=45)
    with pytest.raises(InputError, match="fewer than one third birth"):
        completed_fertility(share, births_of_three=0.5, age=45)
