"""Cost per child by hand, Fieller's set against the test it inverts, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm, ttest_1samp

import popsim as ps
from popsim.analysis.cost_effectiveness import cost_effectiveness, fieller_set
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError

YEARS = [2025, 2026, 2027]


def made(births, cost, **more):
    """A result with one package: additional births and cost (draw, year), by one instrument."""
    births, cost = np.asarray(births, dtype=float), np.asarray(cost, dtype=float)
    dims = ("scenario", "draw", "year")
    zero = np.zeros_like(births)
    data = {
        "births": ((*dims, "order"), 1000.0 + np.stack([zero, births])[..., None]),
        "cost": ((*dims, "instrument"), np.stack([zero, cost])[..., None]),
        **more,
    }
    coords = {
        "scenario": ["baseline", "package"],
        "draw": np.arange(len(births)),
        "year": YEARS[: births.shape[1]],
        "order": [1],
        "instrument": ["grant"],
    }
    return xr.Dataset(data, coords=coords)


def one(array):
    return array.sel(scenario="package")


#: Draws: a plain gain; births brought forward and paid back in full; one paid back in part.
BIRTHS = [[2, 2, 2], [4, -4, 0], [4, 0, -2]]
COST = [[10, 10, 10], [10, 5, 5], [12, 6, 6]]


def test_cost_per_birth_to_date_and_per_child_at_the_end():
    found = one(cost_effectiveness(made(BIRTHS, COST), discount_rate=0.0))
    to_date = found.cost_per_birth_to_date.sel(basis="nominal")
    # 2025: 5, 2.5, 3; 2026: 5, none, 18/4; 2027: 5, none, 12.
    np.testing.assert_allclose(to_date.sel(quantile=0.5), [3.0, 5.0, 12.0])
    assert np.isinf(to_date.sel(quantile=0.9, year=2027))
    child = found.cost_per_child_equivalent.sel(basis="nominal")
    np.testing.assert_allclose(child.sel(quantile=0.5), 12.0)
    np.testing.assert_allclose(found.probability_none_gained, [0.0, 1 / 3, 1 / 3])
    np.testing.assert_allclose(found.child_equivalents.sel(quantile=0.5), 2.0)
    np.testing.assert_allclose(found.additional_births_to_date.sel(quantile=0.5), [4.0, 4.0, 2.0])
    # At a rate of zero the present value is the nominal amount.
    np.testing.assert_allclose(found.cost_to_date.sel(basis="present_value"),
                               found.cost_to_date.sel(basis="nominal"))  # fmt: skip


def test_discounting_and_prices_by_hand():
    index = xr.DataArray([1.0, 1.1, 1.21], dims="year", coords={"year": YEARS})
    result = made([[0, 1, 1]], [[100, 110, 121]])
    # One draw more, alike, for the Fieller set needs two.
    result = xr.concat([result, result.assign_coords(draw=[1])], dim="draw")
    found = one(
        cost_effectiveness(
            result, discount_rate=0.25, price_index=index, willingness_to_pay=[150.0, 200.0]
        )
    ).sel(quantile=0.5)
    assert found.basis.values.tolist() == ["nominal", "real", "present_value"]
    np.testing.assert_allclose(found.cost_to_date.sel(basis="nominal"), [100, 210, 331])
    np.testing.assert_allclose(found.cost_to_date.sel(basis="real"), [100, 200, 300])
    # 100 + 100 / 1.25 + 100 / 1.5625, and births 0.8 + 0.64.
    np.testing.assert_allclose(found.cost_to_date.sel(basis="present_value"), [100, 180, 244])
    np.testing.assert_allclose(
        found.cost_per_child_equivalent, [331 / 2, 300 / 2, 244 / 1.44], rtol=1e-12
    )
    np.testing.assert_allclose(found.net_present_value, [150 * 1.44 - 244, 200 * 1.44 - 244])
    # To 2026 a discounted birth costs 180 / 0.8 = 225, to 2027 169.4.
    assert found.break_even_year.values.tolist() == [np.inf, 2027.0]
    np.testing.assert_allclose(found.probability_worth_it, [[0, 0, 0], [0, 0, 1]])


def test_break_even_is_for_good():
    """Cheap at first because births are brought forward, dear after they are paid back."""
    result = made([[4, -3, 0]] + 9 * [[1, 1, 1]], 10 * [[10, 0, 0]])
    found = one(cost_effectiveness(result, discount_rate=0.0, willingness_to_pay=5.0))
    # First draw: 2.5, 10, 10 a birth; the others: 10, 5, 3.3.
    np.testing.assert_allclose(
        found.probability_worth_it.isel(willingness_to_pay=0), [0.1, 0.9, 0.9]
    )
    years = found.break_even_year.isel(willingness_to_pay=0)
    assert years.sel(quantile=[0.1, 0.5]).values.tolist() == [2026.0, 2026.0]
    assert np.isinf(years.sel(quantile=0.9))


def test_nothing_is_worth_it_before_it_starts():
    """No birth for no money is no gain."""
    result = made([[0, 1, 1]] * 2, [[0, 1, 1]] * 2)
    found = one(cost_effectiveness(result, discount_rate=0.0, willingness_to_pay=2.0))
    np.testing.assert_allclose(found.probability_worth_it.isel(willingness_to_pay=0), [0, 1, 1])
    assert (found.break_even_year == 2026.0).all()


def test_no_effect_is_an_infinite_cost_and_no_error():
    found = one(cost_effectiveness(made(np.zeros((4, 3)), np.ones((4, 3))), discount_rate=0.03))
    assert np.isinf(found.cost_per_child_equivalent).all()
    assert (found.probability_none_gained == 1.0).all()
    assert (found.cost_per_child_fieller_kind == "empty").all()
    nothing = one(cost_effectiveness(made(np.zeros((4, 3)), np.zeros((4, 3))), discount_rate=0.03))
    assert (nothing.cost_per_child_fieller_kind == "whole_line").all()


def test_deadweight_and_completed_fertility():
    dims = ("scenario", "draw", "year", "instrument")
    anyway = np.array([[0, 0, 0], [8, 8, 8]], dtype=float)[:, None, :, None] * np.ones((1, 3, 1, 1))
    women = np.zeros((2, 3, 2, 4))
    women[0, :, 1], women[1, :, 1] = [10, 40, 40, 10], [10, 30, 50, 10]
    women[:, :, 0] = [25, 25, 25, 25]
    result = made(
        np.full((3, 3), 2.0),
        np.full((3, 3), 10.0),
        cost_deadweight=(dims, anyway),
        completed_parity=(("scenario", "draw", "time", "parity"), women),
        parity=[0, 1, 2, 3],
        time=[2025, 2026],
    )
    found = one(cost_effectiveness(result, discount_rate=0.03)).sel(quantile=0.5)
    np.testing.assert_allclose(found.deadweight_to_date, [8, 16, 24])
    np.testing.assert_allclose(found.paid_for_additional_to_date, [2, 4, 6])
    assert found.deadweight_share == pytest.approx(0.8)
    # Ten women in a hundred with two children and not one.
    np.testing.assert_allclose(found.completed_fertility_change, [0.0, 0.1], atol=1e-12)


def rejected(cost, births, ratio, level):
    """Whether a t test of cost - ratio * births at the spread of the draws finds it not zero."""
    n = len(cost)
    t = ttest_1samp(cost - ratio * births, 0.0).statistic / np.sqrt(n)
    return abs(t) > norm.ppf(0.5 + level / 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("births_mean", "cost_mean", "kind"),
    [(10.0, 30.0, "bounded"), (-9.0, 30.0, "bounded"), (0.5, 30.0, "complement"),
     (-0.5, 30.0, "complement"), (0.3, 0.5, "whole_line")],
)  # fmt: skip
@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_fieller_set_inverts_a_test_of_the_difference(births_mean, cost_mean, kind, level):
    rng = np.random.default_rng(5)
    births = births_mean + 1.5 * rng.normal(size=200)
    cost = cost_mean + 2.0 * rng.normal(size=200) + 0.8 * (births - births_mean)
    found = fieller_set(xr.DataArray(cost, dims="draw"), xr.DataArray(births, dims="draw"),
                        level=level)  # fmt: skip
    assert found.kind.item() == kind or level == 0.5  # a lower level may bound what 0.8 does not
    low, high = found.lower.item(), found.upper.item()
    for ratio in np.concatenate([np.linspace(-60, 60, 241), [-1e6, 1e6]]):
        inside = {
            "bounded": low <= ratio <= high,
            "complement": ratio <= low or ratio >= high,
            "whole_line": True,
        }[found.kind.item()]
        assert inside != rejected(cost, births, ratio, level), ratio
    if found.kind.item() != "whole_line":
        for end in (low, high):  # the ends are where the test turns
            step = 1e-6 * abs(end)
            assert rejected(cost, births, end - step, level) != rejected(
                cost, births, end + step, level
            )


def test_fieller_of_two_known_normal_means():
    """Means 8 and 4, variances 4 and 1, no covariance, z = 1.

    (8 - 4 r)^2 = 4 + r^2 gives 15 r^2 - 64 r + 60 = 0, r = (32 -+ sqrt(124)) / 15.
    """
    up, wide = np.array([1.0, -1.0, 1.0, -1.0]), np.array([1.0, 1.0, -1.0, -1.0])
    # The variance of four draws has 3 below it.
    cost = xr.DataArray(8.0 + 2.0 * np.sqrt(0.75) * up, dims="draw")
    births = xr.DataArray(4.0 + np.sqrt(0.75) * wide, dims="draw")
    found = fieller_set(cost, births, level=2 * norm.cdf(1.0) - 1)
    np.testing.assert_allclose(
        [found.lower, found.upper], (32 + np.sqrt(124) * np.array([-1, 1])) / 15, rtol=1e-12
    )


def test_fieller_takes_further_dims():
    rng = np.random.default_rng(1)
    births = xr.DataArray(rng.normal(2.0, 1.0, (3, 50)), dims=("region", "draw"))
    cost = xr.DataArray(rng.normal(9.0, 1.0, (50,)), dims="draw")
    found = fieller_set(cost, births)
    for r in range(3):
        alone = fieller_set(cost, births[r])
        np.testing.assert_array_equal(found.lower[r], alone.lower)
        assert found.kind[r] == alone.kind


def test_births_from_next_door_are_no_children_gained():
    share = np.array([0.0, 0.5, 0.5])
    result = made([[2, 2, 2]] * 3, [[10, 10, 10]] * 3, relocation_share=("draw", share))
    found = one(cost_effectiveness(result, discount_rate=0.0)).sel(quantile=0.5)
    assert found.child_equivalents == 3.0
    assert found.relocated_births == 3.0
    assert found.additional_births_to_date.sel(year=2027) == 6.0
    np.testing.assert_allclose(found.cost_per_child_equivalent, 10.0)
    np.testing.assert_allclose(found.cost_per_birth_to_date.sel(year=2027), 5.0)


@pytest.mark.slow
def test_agrees_with_compare_on_a_simulation():
    result = ps.simulate(ps.load_baseline("ouhai", end=2032), "ouhai", draws=40)
    found = cost_effectiveness(result, discount_rate=0.03)
    np.testing.assert_allclose(
        found.cost_per_birth_to_date.sel(basis="nominal", year=2032),
        ps.compare(result).cost_per_additional_birth,
        rtol=1e-9,  # sums in another order
    )
    ratio = found.cost_to_date.sel(basis="present_value") / found.cost_to_date.sel(basis="nominal")
    assert (ratio.sel(year=2032) < 1.0).all()
    for name, array in found.data_vars.items():
        assert array.attrs["units"], name
        assert array.attrs["long_name_zh"], name


def test_regions_stay_apart():
    result = made(BIRTHS, COST)
    double = xr.concat([result, result.assign(cost=2 * result.cost)], dim="region")
    found = one(cost_effectiveness(double, discount_rate=0.03))
    np.testing.assert_allclose(
        found.cost_per_child_equivalent.isel(region=1),
        2 * found.cost_per_child_equivalent.isel(region=0),
    )


def test_refusals():
    result = made(BIRTHS, COST)
    for rate in (-1.0, np.nan, 3.0):
        with pytest.raises(InputError, match="the discount rate cannot be"):
            cost_effectiveness(result, discount_rate=rate)
    with pytest.raises(BoundsError, match="a willingness to pay is a positive amount"):
        cost_effectiveness(result, discount_rate=0.03, willingness_to_pay=[1e6, 0.0])
    with pytest.raises(InputError, match="no scenario 'packages'"):
        cost_effectiveness(result, discount_rate=0.03, against="packages")
    with pytest.raises(InputError, match="no dimension 'draw'"):
        cost_effectiveness(result.mean("draw"), discount_rate=0.03)
    index = xr.DataArray([1.0, 1.0], dims="year", coords={"year": YEARS[:2]})
    with pytest.raises(CoordinateError, match=r"lacks years of the costs(.|\n)*no 2027"):
        cost_effectiveness(result, discount_rate=0.03, price_index=index)
    bad = xr.DataArray([1.0, 0.0, 1.0], dims="year", coords={"year": YEARS})
    with pytest.raises(InputError, match="a price index must be positive"):
        cost_effectiveness(result, discount_rate=0.03, price_index=bad)
    with pytest.raises(DimensionError, match="index has no years"):
        cost_effectiveness(result, discount_rate=0.03, price_index=bad.rename(year="time"))
    draws = xr.DataArray([1.0, 2.0], dims="draw")
    with pytest.raises(DimensionError, match="needs two draws or more"):
        fieller_set(draws, draws[:1])
    with pytest.raises(BoundsError, match="a level is a share"):
        fieller_set(draws, draws, level=95.0)
