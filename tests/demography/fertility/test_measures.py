"""Fertility measures against hand calculation, published figures and a Leslie matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, strategies as st

from popsim.demography import (
    gross_reproduction_rate,
    mean_age_at_childbearing,
    net_reproduction_rate,
    person_years_lived,
    rates_from_pattern,
    scale_to_mean_age,
    scale_to_total_fertility_rate,
    total_fertility_rate,
    variance_of_age_at_childbearing,
)
from popsim.errors import BoundsError, CoordinateError, DimensionError, FitError


def schedule(values: object, ages: object = (20, 25, 30, 35), **dims: object) -> xr.DataArray:
    """Rates over age, after the leading dims that are named."""
    return xr.DataArray(
        np.asarray(values, dtype=float), dims=(*dims, "age"), coords={**dims, "age": list(ages)}
    )


def fuzhou_table(reference: Path) -> pd.DataFrame:
    return pd.read_csv(reference / "fertility_by_order_fuzhou_2020.csv").set_index("age")


def rates_by_order(table: pd.DataFrame) -> xr.DataArray:
    births = table[["first", "second", "third_or_higher"]].to_numpy().T
    return schedule(births / table.women.to_numpy(), table.index, order=[1, 2, 3])


@pytest.fixture
def fuzhou(reference: Path) -> xr.DataArray:
    """Fuzhou 2020 by order (1, 2, 3+) and single year of age."""
    return rates_by_order(fuzhou_table(reference))


class TestMeasures:
    def test_fuzhou_2020_by_order(self, reference: Path) -> None:
        # The bureau prints 585, 522 and 106 per 1,000 and 1.21 in all, from five-year
        # groups (single years give 590, 517 and 105); half of a last digit is 0.5 and 0.005.
        table = fuzhou_table(reference)
        f = rates_by_order(table.groupby(table.index // 5 * 5).sum())
        per_1000 = total_fertility_rate(f) * 1000
        assert np.all(abs(per_1000.values - [585, 522, 106]) <= 0.5)
        assert abs(float(per_1000.sum()) / 1000 - 1.21) <= 0.005

    def test_national_rates_of_2020(self) -> None:
        # Census 2020, per 1,000 women aged 15-19 ... 45-49; published total 1.30.
        f = schedule(
            np.array([6.07, 55.22, 98.98, 65.05, 26.91, 6.34, 1.61]) / 1000, range(15, 50, 5)
        )
        assert float(total_fertility_rate(f)) == pytest.approx(1.30, abs=0.005)

    def test_five_year_width_counts(self) -> None:
        f = schedule([0.1, 0.2, 0.1, 0.0])
        assert float(total_fertility_rate(f)) == pytest.approx(2.0, abs=1e-15)
        # By hand: middles 22.5, 27.5, 32.5 with shares 1/4, 1/2, 1/4.
        assert float(mean_age_at_childbearing(f)) == pytest.approx(27.5, abs=1e-13)
        assert float(variance_of_age_at_childbearing(f)) == pytest.approx(12.5, abs=1e-13)

    def test_mean_and_variance_of_single_ages_are_those_of_the_list_of_births(self) -> None:
        births = [3, 7, 12, 5, 1]
        ages = np.repeat(np.arange(24, 29) + 0.5, births)
        f = schedule(np.array(births) / 100, range(24, 29))
        assert float(mean_age_at_childbearing(f)) == pytest.approx(ages.mean(), abs=1e-12)
        assert float(variance_of_age_at_childbearing(f)) == pytest.approx(ages.var(), abs=1e-12)

    def test_any_leading_dims_by_name(self) -> None:
        f = schedule(np.arange(1, 25).reshape(2, 3, 4) / 100, draw=[0, 1], year=[2020, 2025, 2030])
        for measure in (total_fertility_rate, mean_age_at_childbearing):
            whole = measure(f.transpose("age", "draw", "year"))
            one = measure(f.sel(draw=1, year=2025))
            assert whole.dims == ("draw", "year")
            assert float(whole.sel(draw=1, year=2025)) == pytest.approx(float(one), rel=1e-15)

    def test_results_carry_unit_and_name_and_inputs_stay(self) -> None:
        f = schedule([0.1, 0.2, 0.1, 0.0])
        before = f.copy(deep=True)
        tfr = total_fertility_rate(f)
        assert tfr.attrs["units"] == "births per woman"
        assert tfr.name == "total_fertility_rate"
        scale_to_mean_age(scale_to_total_fertility_rate(f, 1.0), 26.0)
        assert f.identical(before)


class TestReproduction:
    def test_gross_is_the_daughters_of_the_total(self) -> None:
        f = schedule([[0.1, 0.2, 0.1, 0.0]] * 2, year=[2000, 2005])
        ratio = xr.DataArray([1.0, 1.25], dims="year", coords={"year": [2000, 2005]})
        expected = [1.0, 2.0 / 2.25]
        assert gross_reproduction_rate(f, ratio).values == pytest.approx(expected, rel=1e-15)

    def test_net_by_hand_of_the_women_only(self) -> None:
        f = schedule([0.1, 0.2, 0.1, 0.0])
        lived = xr.DataArray(
            [[4.8, 4.7, 4.6, 4.5], [1.0, 1.0, 1.0, 1.0]],
            dims=("sex", "age"),
            coords={"sex": ["female", "male"], "age": [20, 25, 30, 35]},
        )
        expected = (0.1 * 4.8 + 0.2 * 4.7 + 0.1 * 4.6) / 2.06
        assert float(net_reproduction_rate(f, lived, 1.06)) == pytest.approx(expected, rel=1e-14)

    @pytest.mark.parametrize("width", [1, 5])
    def test_at_one_the_projection_matrix_neither_grows_nor_shrinks(self, width: int) -> None:
        # The independent calculation: women of age a bear, per step, rate x width x the
        # mean of those at its start and end; its Leslie matrix must have eigenvalue 1.
        ages = np.arange(0, 60, width)
        survival = np.linspace(0.99, 0.95, len(ages))
        f = schedule(np.exp(-(((ages + width / 2 - 28) / 6) ** 2)), ages)
        f = f.where((f.age >= 15) & (f.age < 50), 0.0)
        s = schedule(survival, ages)
        lived = person_years_lived(s)
        ratio = 1.07
        f = f / net_reproduction_rate(f, lived, ratio)

        matrix = np.zeros((len(ages), len(ages)))
        for a in range(1, len(ages)):
            matrix[a, a - 1] = survival[a]
        rates = f.values * width / (1 + ratio) / 2
        girls = rates + np.append(rates[1:] * survival[1:], 0.0)
        matrix[0] = girls * survival[0]
        growth = max(abs(np.linalg.eigvals(matrix)))
        # Eigenvalues of a matrix of this size are good to about 1e-12.
        assert growth == pytest.approx(1.0, abs=1e-10)

    def test_person_years_are_those_of_the_survivors(self) -> None:
        s = schedule([0.95, 0.99, 0.98, 0.5], [0, 1, 2, 3])
        lived = person_years_lived(s)
        assert lived.age.values.tolist() == [0, 1, 2]
        assert lived.values == pytest.approx([0.95, 0.95 * 0.99, 0.95 * 0.99 * 0.98], rel=1e-15)

    def test_open_group_may_have_more_person_years_than_its_width(self) -> None:
        f = schedule([0.0, 0.3, 0.0], [0, 20, 40])
        lived = schedule([19.0, 18.5, 33.0], [0, 20, 40])
        assert float(net_reproduction_rate(f, lived, 1.0)) == pytest.approx(2.775, rel=1e-14)


class TestScaling:
    def test_pattern_in_percent(self) -> None:
        tfr = xr.DataArray([1.0, 2.0], dims="year", coords={"year": [2024, 2025]})
        f = rates_from_pattern(tfr, schedule([10, 40, 30, 20]))
        assert f.dims == ("year", "age")
        assert f.sel(year=2025).values == pytest.approx([0.04, 0.16, 0.12, 0.08], rel=1e-14)
        assert f.attrs["units"] == "births per woman and year"

    def test_leading_dims_come_before_year_and_age(self) -> None:
        tfr = xr.DataArray(
            np.ones((2, 3)),
            dims=("year", "draw"),
            coords={"year": [2024, 2025], "draw": [0, 1, 2]},
        )
        pattern = schedule([[1, 2, 3, 4]] * 2, region=["a", "b"])
        assert rates_from_pattern(tfr, pattern).dims == ("draw", "region", "year", "age")

    def test_a_total_of_zero_is_no_births(self) -> None:
        assert not rates_from_pattern(0.0, schedule([1, 1, 1, 1])).any()

    def test_orders_keep_their_shares(self) -> None:
        f = schedule([[0.04, 0.06, 0.02, 0.0], [0.0, 0.02, 0.04, 0.02]], order=[1, 2])
        scaled = scale_to_total_fertility_rate(f, 2.0)
        assert total_fertility_rate(scaled).values == pytest.approx([1.2, 0.8], rel=1e-14)

    @pytest.mark.slow
    @given(
        values=st.lists(st.floats(1e-6, 0.3), min_size=5, max_size=5),
        share=st.floats(0.02, 0.98),
    )
    def test_mean_age_and_total_are_met(self, values: list[float], share: float) -> None:
        f = schedule(values, range(15, 40, 5))
        target = 17.5 + 20.0 * share
        # Extreme demands on sharp schedules may exceed what rates can be; scale down.
        moved = scale_to_mean_age(f * 0.1, target)
        # Rounding of a mean of ages of about 40 years: some 1e-14.
        assert float(mean_age_at_childbearing(moved)) == pytest.approx(target, abs=1e-11)
        assert float(moved.sum()) == pytest.approx(float(f.sum()) * 0.1, rel=1e-12)
        assert float(moved.min()) >= 0.0

    def test_a_bell_moves_without_changing_its_spread(self) -> None:
        ages = np.arange(0, 70)
        bell = schedule(0.1 * np.exp(-(((ages + 0.5 - 27) / 4) ** 2) / 2), ages)
        moved = scale_to_mean_age(bell, 30.0)
        expected = 0.1 * np.exp(-(((ages + 0.5 - 30) / 4) ** 2) / 2)
        # A normal curve on single ages is normal to 1e-12; the tails cut at 70 are 1e-20.
        assert moved.values == pytest.approx(expected, abs=1e-12)

    def test_moving_back_restores(self, fuzhou: xr.DataArray) -> None:
        mean = mean_age_at_childbearing(fuzhou)
        there = scale_to_mean_age(fuzhou, mean + 1.5)
        assert mean_age_at_childbearing(there).values == pytest.approx(mean.values + 1.5, abs=1e-10)
        # The mean is met to 1e-13 years; divided by a variance of 20 that is the rates' error.
        assert scale_to_mean_age(there, mean).values == pytest.approx(fuzhou.values, rel=1e-10)

    def test_ages_without_births_stay_without(self) -> None:
        moved = scale_to_mean_age(schedule([0.1, 0.0, 0.1, 0.0]), 31.0)
        assert moved.values[[1, 3]].tolist() == [0.0, 0.0]


class TestRejections:
    def test_no_age(self) -> None:
        with pytest.raises(DimensionError, match="there is no dimension 'age'"):
            total_fertility_rate(xr.DataArray([0.1], dims="year"))

    @pytest.mark.parametrize(
        ("ages", "message"),
        [
            (["15-19", "20-24"], "not two or more whole numbers"),
            ([15.5, 20.5], "not two or more whole numbers"),
            ([15], "not two or more whole numbers"),
            ([15, 20, 30], "not evenly spaced\n  where: age\n  got: 20 is followed by 30"),
            ([20, 15], "not evenly spaced"),
        ],
    )
    def test_ages(self, ages: list[object], message: str) -> None:
        f = xr.DataArray(np.full(len(ages), 0.1), dims="age", coords={"age": ages})
        with pytest.raises(CoordinateError, match=message):
            total_fertility_rate(f)

    def test_per_thousand(self) -> None:
        f = schedule([[0.1, 0.1, 0.1, 0.1], [0.1, 98.0, 0.1, 0.1]], year=[2020, 2025])
        with pytest.raises(BoundsError, match=r"year=2025, age=25(.|\n)*divide by 1000"):
            total_fertility_rate(f)

    def test_missing_rate(self) -> None:
        with pytest.raises(BoundsError, match=r"missing or infinite(.|\n)*age=30"):
            mean_age_at_childbearing(schedule([0.1, 0.1, np.nan, 0.1]))

    @pytest.mark.parametrize(
        "ask",
        [
            mean_age_at_childbearing,
            variance_of_age_at_childbearing,
            lambda f: scale_to_total_fertility_rate(f, 1.5),
            lambda f: scale_to_mean_age(f, 27.0),
        ],
    )
    def test_no_pattern_where_there_are_no_births(self, ask: object) -> None:
        f = schedule([[0.1, 0.1, 0.1, 0.1], [0.0] * 4], region=["a", "b"])
        with pytest.raises(FitError, match=r"no pattern over age\n  where: region=b"):
            ask(f)  # type: ignore[operator]

    def test_all_zero_pattern(self) -> None:
        pattern = schedule([[1, 1, 1, 1], [0, 0, 0, 0]], year=[2024, 2025])
        with pytest.raises(FitError, match=r"pattern is zero at every age(.|\n)*year=2025"):
            rates_from_pattern(1.5, pattern)

    @pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
    def test_weights(self, weight: float) -> None:
        with pytest.raises(BoundsError, match=r"negative or missing(.|\n)*age=25"):
            rates_from_pattern(1.5, schedule([1, weight, 1, 1]))

    @pytest.mark.parametrize("total", [np.nan, np.inf])
    def test_totals_that_are_not_finite(self, total: float) -> None:
        tfr = xr.DataArray([1.0, total], dims="year", coords={"year": [2024, 2025]})
        with pytest.raises(BoundsError, match=r"missing or infinite(.|\n)*year=2025"):
            rates_from_pattern(tfr, schedule([1, 1, 1, 1]))
        with pytest.raises(BoundsError, match=r"missing or infinite(.|\n)*year=2025"):
            scale_to_total_fertility_rate(schedule([0.1] * 4), tfr)

    def test_totals_out_of_bounds(self) -> None:
        with pytest.raises(BoundsError, match="total_fertility_rate is out of bounds"):
            rates_from_pattern(-0.1, schedule([1, 1, 1, 1]))
        with pytest.raises(BoundsError, match="total_fertility_rate is out of bounds"):
            rates_from_pattern(1210.0, schedule([1, 1, 1, 1]))

    def test_totals_that_need_impossible_rates(self) -> None:
        with pytest.raises(BoundsError, match="fertility_rate is out of bounds"):
            rates_from_pattern(14.0, schedule([0, 1, 0, 0]))

    def test_labels_that_differ_are_never_matched_by_position(self) -> None:
        tfr = xr.DataArray([1.0, 2.0], dims="year", coords={"year": [2024, 2025]})
        f = schedule([[0.1] * 4] * 2, year=[2025, 2026])
        for call in (rates_from_pattern, lambda t, g: scale_to_total_fertility_rate(g, t)):
            with pytest.raises(CoordinateError, match="different labels on 'year'"):
                call(tfr, f)
        with pytest.raises(CoordinateError, match="different labels on 'year'"):
            gross_reproduction_rate(f, 0 * tfr + 1.05)
        with pytest.raises(CoordinateError, match="different labels on 'year'"):
            scale_to_mean_age(f, tfr + 26)

    @pytest.mark.parametrize("mean", [22.5, 15.0, 37.5, 50.0])
    def test_mean_ages_that_no_rates_can_have(self, mean: float) -> None:
        target = xr.DataArray([27.0, mean], dims="year", coords={"year": [2024, 2025]})
        with pytest.raises(FitError, match=r"where: year=2025(.|\n)*above 22\.5, below 37\.5"):
            scale_to_mean_age(schedule([0.1] * 4), target)

    def test_mean_age_that_is_not_finite(self) -> None:
        with pytest.raises(BoundsError, match="missing or infinite"):
            scale_to_mean_age(schedule([0.1] * 4), np.nan)

    def test_sex_ratio_the_wrong_way_round(self) -> None:
        f = schedule([0.1] * 4)
        with pytest.raises(BoundsError, match="males per female"):
            gross_reproduction_rate(f, 105.0)

    def test_life_table_of_another_radix(self) -> None:
        lived = schedule([480000.0, 470000.0, 460000.0, 450000.0])
        with pytest.raises(BoundsError, match=r"radix 1(.|\n)*age=20(.|\n)*divide Lx"):
            net_reproduction_rate(schedule([0.1] * 4), lived, 1.05)

    def test_life_table_with_gaps(self) -> None:
        lived = schedule([4.8, np.nan, 4.6, 4.5])
        with pytest.raises(BoundsError, match=r"radix 1(.|\n)*age=25"):
            net_reproduction_rate(schedule([0.1] * 4), lived, 1.05)

    def test_life_table_that_lacks_ages(self) -> None:
        lived = schedule([4.8, 4.7, 4.6], [20, 25, 30])
        with pytest.raises(CoordinateError, match=r"there are births\n  where: age=35"):
            net_reproduction_rate(schedule([0.1] * 4), lived, 1.05)

    def test_life_table_of_another_width(self) -> None:
        lived = schedule([0.98, 0.97, 0.96], [20, 21, 22])
        with pytest.raises(CoordinateError, match=r"different width\n(.|\n)*1 and 5 years"):
            net_reproduction_rate(schedule([0.1] * 4), lived, 1.05)

    def test_sexes_in_the_wrong_order(self) -> None:
        lived = schedule([[4.8] * 4] * 2, sex=["male", "female"])
        with pytest.raises(CoordinateError, match="not female, male"):
            net_reproduction_rate(schedule([0.1] * 4), lived, 1.05)

    def test_survival_above_one(self) -> None:
        with pytest.raises(BoundsError, match=r"survival_ratio is out of bounds(.|\n)*age=1"):
            person_years_lived(schedule([0.9, 1.2, 0.9], [0, 1, 2]))
        with pytest.raises(CoordinateError, match="evenly spaced lower bounds from 0"):
            person_years_lived(schedule([0.9, 0.9, 0.9], [1, 2, 3]))
