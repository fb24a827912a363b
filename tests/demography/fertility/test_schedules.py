"""Model schedules against their published formulas, and fits against known parameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st
from scipy import integrate, special

from popsim.demography.fertility.measures import (
    mean_age_at_childbearing,
    total_fertility_rate,
    variance_of_age_at_childbearing,
)
from popsim.demography.fertility.schedule_fits import fit_schedule
from popsim.demography.fertility.schedule_shapes import (
    CONTROL_OF_FERTILITY,
    NATURAL_FERTILITY,
    spline_coefficients,
)
from popsim.demography.fertility.schedules import (
    SCHEDULES,
    beta_schedule,
    coale_trussell_schedule,
    gamma_schedule,
    hadwiger_schedule,
    quadratic_spline_schedule,
)
from popsim.errors import BoundsError, CoordinateError, DimensionError, FitError, InputError

AGES = range(10, 60)

#: Two sets of parameters a family: late and low as in China, early and high.
KNOWN: dict[str, list[dict[str, float]]] = {
    "gamma": [
        {
            "total_fertility_rate": 1.2,
            "mean_age": 29.0,
            "standard_deviation": 5.0,
            "lowest_age": 15.0,
        },
        {
            "total_fertility_rate": 5.5,
            "mean_age": 26.5,
            "standard_deviation": 6.5,
            "lowest_age": 12.5,
        },
    ],
    "hadwiger": [
        {"total_fertility_rate": 1.2, "mean_age": 29.0, "standard_deviation": 5.0},
        {"total_fertility_rate": 4.0, "mean_age": 25.0, "standard_deviation": 6.0},
    ],
    "beta": [
        {
            "total_fertility_rate": 1.2,
            "mean_age": 29.0,
            "standard_deviation": 5.0,
            "lowest_age": 15.0,
            "highest_age": 50.0,
        },
        {
            "total_fertility_rate": 5.5,
            "mean_age": 28.0,
            "standard_deviation": 7.0,
            "lowest_age": 13.0,
            "highest_age": 49.0,
        },
    ],
    "quadratic_spline": [
        {"peak_rate": 0.10, "lowest_age": 15.0, "peak_age": 28.0, "half_peak_age": 34.0},
        {"peak_rate": 0.30, "lowest_age": 13.5, "peak_age": 23.0, "half_peak_age": 35.5},
    ],
    "coale_trussell": [
        {
            "level": 0.8,
            "control": 1.8,
            "mean_age_at_marriage": 26.0,
            "standard_deviation_at_marriage": 4.5,
        },
        {
            "level": 1.0,
            "control": 0.1,
            "mean_age_at_marriage": 18.0,
            "standard_deviation_at_marriage": 3.5,
        },
    ],
}
CASES = [(family, known) for family, sets in KNOWN.items() for known in sets]


def means_of(curve: Callable[[float], float], ages: range) -> np.ndarray:
    """Means of a curve over the age groups, by adaptive quadrature."""
    return np.array(
        [integrate.quad(curve, a, a + ages.step, epsabs=1e-13)[0] / ages.step for a in ages]
    )


class TestPublishedFormulas:
    """The curves written out as published, integrated by a library."""

    @pytest.mark.parametrize("ages", [range(16, 50), range(20, 50, 5)])
    def test_gamma_of_hoem(self, ages: range) -> None:
        total, b, c, d = 1.3, 6.5, 2.1, 15.0

        def curve(x: float) -> float:
            return total / (special.gamma(b) * c**b) * (x - d) ** (b - 1) * np.exp(-(x - d) / c)

        f = gamma_schedule(
            ages,
            total_fertility_rate=total,
            mean_age=d + b * c,
            standard_deviation=np.sqrt(b) * c,
            lowest_age=d,
        )
        assert f.values == pytest.approx(means_of(curve, ages), abs=1e-12)

    @pytest.mark.parametrize("ages", [range(12, 50), range(15, 50, 5)])
    def test_hadwiger_of_chandola(self, ages: range) -> None:
        a, b, c = 0.9, 3.7, 28.0

        def curve(x: float) -> float:
            return a * b / c * (c / x) ** 1.5 * np.exp(-(b**2) * (c / x + x / c - 2))

        f = hadwiger_schedule(
            ages,
            total_fertility_rate=a * np.sqrt(np.pi),
            mean_age=c,
            standard_deviation=c / (b * np.sqrt(2)),
        )
        assert f.values == pytest.approx(means_of(curve, ages), abs=1e-12)

    @pytest.mark.parametrize("ages", [range(14, 50), range(15, 50, 5)])
    def test_beta_of_hoem(self, ages: range) -> None:
        total, mean, spread, low, high = 1.3, 28.0, 5.5, 14.0, 50.0
        second = ((mean - low) * (high - mean) / spread**2 - 1) * (high - mean) / (high - low)
        first = second * (mean - low) / (high - mean)

        def curve(x: float) -> float:
            scale = special.gamma(first + second) / special.gamma(first) / special.gamma(second)
            span = (high - low) ** (1 - first - second)
            return total * scale * span * (x - low) ** (first - 1) * (high - x) ** (second - 1)

        f = beta_schedule(
            ages,
            total_fertility_rate=total,
            mean_age=mean,
            standard_deviation=spread,
            lowest_age=low,
            highest_age=high,
        )
        assert f.values == pytest.approx(means_of(curve, ages), abs=1e-11)

    @pytest.mark.parametrize("family", ["gamma", "hadwiger", "beta"])
    def test_moments_are_those_asked_for(self, family: str) -> None:
        known = KNOWN[family][0]
        f = SCHEDULES[family](range(0, 120), **known)
        assert float(total_fertility_rate(f)) == pytest.approx(1.2, abs=1e-9)
        # Grouping by single years moves the mean of a smooth curve by less than 1e-4 and
        # adds 1/12 to the variance (Sheppard) less what the measure leaves out of it.
        assert float(mean_age_at_childbearing(f)) == pytest.approx(29.0, abs=1e-3)
        assert float(variance_of_age_at_childbearing(f)) == pytest.approx(25 + 1 / 12, abs=2e-2)

    @pytest.mark.parametrize(("family", "known"), CASES)
    def test_five_year_groups_are_means_of_single_years(
        self, family: str, known: dict[str, float]
    ) -> None:
        single = SCHEDULES[family](range(10, 60), **known).values
        five = SCHEDULES[family](range(10, 60, 5), **known).values
        assert five == pytest.approx(single.reshape(-1, 5).mean(axis=1), abs=1e-14)


class TestQuadraticSpline:
    @staticmethod
    def curve(x: np.ndarray, lowest: float, peak: float, half: float) -> np.ndarray:
        knots, weights, end = spline_coefficients(
            np.asarray(lowest), np.asarray(peak), np.asarray(half)
        )
        above = np.maximum(x[..., None] - knots, 0.0)
        inside = (x >= lowest) & (x <= float(end))
        return np.where(inside, (weights * above**2).sum(axis=-1), 0.0)

    ages_of_three = st.tuples(st.floats(10, 20), st.floats(2, 20), st.floats(2, 14)).map(
        lambda t: (t[0], t[0] + t[1], t[0] + t[1] + t[2])
    )

    @given(ages_of_three)
    def test_published_properties(self, three: tuple[float, float, float]) -> None:
        # Schmertmann (2003), section 2: zero at alpha, peak at P, half of it at H, zero
        # with zero slope at beta, and never negative, rising before P and falling after.
        lowest, peak, half = three
        end = max(min(50.0, 4 * half - 3 * peak), (4 * half - peak) / 3)
        at = self.curve(np.array([lowest, peak, half, end]), *three)
        # The coefficients are of size 1/(P - alpha)^2 up to 1, times ages squared: 1e-11.
        assert at == pytest.approx([0.0, 1.0, 0.5, 0.0], abs=1e-9)
        x = np.linspace(lowest, end, 400)
        y = self.curve(x, *three)
        assert y.min() >= -1e-9
        assert y.max() <= 1 + 1e-9
        assert np.all(np.diff(y[x <= peak]) >= -1e-9)
        assert np.all(np.diff(y[x >= peak]) <= 1e-9)
        near = 1e-4
        for place in (peak, end):
            slope = np.diff(self.curve(np.array([place - near, place]), *three)) / near
            # A slope of 0 leaves the curvature times half of the distance.
            assert abs(slope[0]) < 2e-3

    def test_coefficients_of_the_publication(self) -> None:
        # Appendix B: theta_0 = 1 / [W (P - alpha)^2] and theta_1 = -theta_0 / (1 - W).
        lowest, peak, half = 15.0, 23.0, 31.0
        early = 0.25 + 0.025 * (peak - lowest)
        knots, weights, end = spline_coefficients(
            np.asarray(lowest), np.asarray(peak), np.asarray(half)
        )
        assert weights[0] == pytest.approx(1 / (early * 64), rel=1e-12)
        assert weights[1] == pytest.approx(-1 / (early * 64) / (1 - early), rel=1e-12)
        assert float(end) == 50.0
        assert knots == pytest.approx([15.0, 15 + early * 8, 23.0, 27.0, 40.5], rel=1e-14)

    def test_rates_are_the_means_of_the_curve(self) -> None:
        f = quadratic_spline_schedule(
            AGES, peak_rate=0.12, lowest_age=16.3, peak_age=28.4, half_peak_age=34.9
        )
        fine = np.linspace(10, 60, 50 * 1000 + 1)[:-1] + 0.0005
        curve = 0.12 * self.curve(fine, 16.3, 28.4, 34.9).reshape(50, 1000).mean(axis=1)
        # The midpoint rule at 0.001 years: the curvature (below 0.1) times 1e-6 / 24.
        assert f.values == pytest.approx(curve, abs=1e-8)


class TestCoaleTrussell:
    def test_five_year_means_agree_with_the_published_five_year_schedule(self) -> None:
        # Coale & Trussell (1978), Population Index 44(2): 20-24 ... 45-49. The schedules by
        # single years (1974) were smoothed by themselves; the largest gaps are 0.011 in n
        # (25-29) and 0.069 in v (20-24, which the five-year schedule sets to 0).
        n = np.array(NATURAL_FERTILITY[8:]).reshape(6, 5).mean(axis=1)
        v = np.array(CONTROL_OF_FERTILITY[8:]).reshape(6, 5).mean(axis=1)
        assert n == pytest.approx([0.460, 0.431, 0.395, 0.322, 0.167, 0.024], abs=0.011)
        assert v == pytest.approx([0.0, -0.279, -0.667, -1.042, -1.414, -1.671], abs=0.07)
        assert len(NATURAL_FERTILITY) == len(CONTROL_OF_FERTILITY) == 38

    @pytest.mark.parametrize("table", [NATURAL_FERTILITY, CONTROL_OF_FERTILITY])
    def test_tables_are_smooth_by_single_years(self, table: tuple[float, ...]) -> None:
        # Both were published as smooth curves, the sharpest turns -0.024 (n, at 18) and
        # 0.022 (v, at 21): a digit misread shows as a turn of several hundredths.
        assert abs(np.diff(table, 2)).max() < 0.025

    def test_all_married_and_no_control_is_natural_fertility(self) -> None:
        f = coale_trussell_schedule(
            range(12, 50),
            level=1.0,
            control=0.0,
            mean_age_at_marriage=2.0,
            standard_deviation_at_marriage=0.5,
        )
        assert f.values == pytest.approx(NATURAL_FERTILITY, abs=1e-9)

    def test_control_works_by_v(self) -> None:
        common = {
            "level": 0.9,
            "mean_age_at_marriage": 22.0,
            "standard_deviation_at_marriage": 4.0,
        }
        with_control = coale_trussell_schedule(range(12, 50), control=1.5, **common)
        without = coale_trussell_schedule(range(12, 50), control=0.0, **common)
        assert np.log(with_control / without).values == pytest.approx(
            1.5 * np.array(CONTROL_OF_FERTILITY), abs=1e-12
        )

    def test_marriage_has_the_mean_and_spread_asked_for(self) -> None:
        # Where n is given, rates / n are the share married G: its moments by integration
        # over the distribution, from a schedule that is not cut by the reproductive ages.
        mean, spread = 25.0, 1.2
        f = coale_trussell_schedule(
            range(12, 50),
            level=1.0,
            control=0.0,
            mean_age_at_marriage=mean,
            standard_deviation_at_marriage=spread,
        )
        married = f.values / np.array(NATURAL_FERTILITY)
        assert np.all(np.diff(married) >= -1e-12)
        # E[X] = lower end + integral of (1 - G); single years by the midpoint rule. The
        # published constants are rounded to three digits: 0.001 of a standard deviation.
        assert 12 + (1 - married).sum() == pytest.approx(mean, abs=0.01)
        ages = np.arange(12, 50) + 0.5
        second = 12**2 + (2 * ages * (1 - married)).sum()
        assert np.sqrt(second - mean**2) == pytest.approx(spread, abs=0.1)

    def test_no_births_outside_of_the_table(self) -> None:
        f = coale_trussell_schedule(AGES, **KNOWN["coale_trussell"][1])
        assert not f.sel(age=slice(None, 11)).any()
        assert not f.sel(age=slice(50, None)).any()


class TestFits:
    @pytest.mark.parametrize(("family", "known"), CASES)
    @pytest.mark.parametrize("ages", [range(10, 60), range(10, 60, 5)])
    def test_parameters_are_recovered(
        self, family: str, known: dict[str, float], ages: range
    ) -> None:
        fit = fit_schedule(SCHEDULES[family](ages, **known), family)
        got = {name: float(fit[name]) for name in known}
        # The search ends at relative steps of 1e-12; flat directions (the ends of the beta
        # curve, seen in five-year groups) leave 1e-4 of them.
        assert got == pytest.approx(known, rel=1e-4)
        assert float(fit.r_squared) == pytest.approx(1.0, abs=1e-9)
        assert float(fit.root_mean_square_error) < 1e-6
        assert not bool(fit.at_bound)

    @settings(max_examples=15, deadline=None)
    @given(
        total=st.floats(0.5, 6.0),
        lowest=st.floats(12.0, 18.0),
        rise=st.floats(8.0, 16.0),
        spread=st.floats(3.5, 7.0),
    )
    def test_any_gamma_is_recovered(
        self, total: float, lowest: float, rise: float, spread: float
    ) -> None:
        known = {
            "total_fertility_rate": total,
            "mean_age": lowest + rise,
            "standard_deviation": spread,
            "lowest_age": lowest,
        }
        fit = fit_schedule(gamma_schedule(AGES, **known), "gamma")
        assert {n: float(fit[n]) for n in known} == pytest.approx(known, rel=1e-3)

    @pytest.mark.parametrize(
        ("family", "r_squared", "error"),
        [
            # Measured on this table; a digit worse is a worse fit.
            ("gamma", 0.9942, 0.00273),
            ("hadwiger", 0.9903, 0.00352),
            ("beta", 0.9937, 0.00284),
            ("quadratic_spline", 0.9943, 0.00270),
            ("coale_trussell", 0.9951, 0.00250),
        ],
    )
    def test_fuzhou_2020(
        self, reference: Path, family: str, r_squared: float, error: float
    ) -> None:
        table = pd.read_csv(reference / "fertility_by_order_fuzhou_2020.csv").set_index("age")
        f = xr.DataArray(
            (table.births / table.women).to_numpy(),
            dims="age",
            coords={"age": table.index.to_numpy()},
        )
        fit = fit_schedule(f, family)
        assert float(fit.r_squared) >= r_squared
        assert float(fit.root_mean_square_error) <= error
        # Independent of the code's own goodness.
        residual = (f - fit.fertility_rate).values
        assert float(fit.root_mean_square_error) == pytest.approx(np.sqrt((residual**2).mean()))
        assert float(fit.r_squared) == pytest.approx(1 - residual.var() / f.values.var(), abs=2e-3)
        # No model is off by more than 1.5 percent of the total of 1.212.
        assert float(total_fertility_rate(fit.fertility_rate)) == pytest.approx(1.212, rel=0.015)

    def test_parameters_give_the_fitted_rates_back(self) -> None:
        f = gamma_schedule(AGES, **KNOWN["gamma"][0])
        for family, sets in KNOWN.items():
            fit = fit_schedule(f, family)
            again = SCHEDULES[family](AGES, **{name: fit[name] for name in sets[0]})
            assert again.values == pytest.approx(fit.fertility_rate.values, abs=1e-12)

    def test_each_schedule_by_itself(self) -> None:
        means = xr.DataArray([26.0, 31.0], dims="year", coords={"year": [2000, 2020]})
        f = gamma_schedule(
            AGES,
            total_fertility_rate=1.5,
            mean_age=means,
            standard_deviation=5.0,
            lowest_age=14.0,
        )
        fit = fit_schedule(f.transpose("age", "year"), "gamma")
        assert fit.mean_age.dims == ("year",)
        assert fit.mean_age.values == pytest.approx(means.values, abs=1e-4)
        assert fit.fertility_rate.dims == ("year", "age")
        assert fit.attrs["family"] == "gamma"
        assert all(
            "units" in fit[v].attrs and "long_name" in fit[v].attrs
            for v in fit.data_vars
            if v != "at_bound"
        )

    def test_a_parameter_that_the_rates_do_not_tell_is_flagged(self) -> None:
        # A symmetric bell is the limit of gamma curves of ever lower lowest age.
        ages = np.array(AGES)
        bell = xr.DataArray(
            0.1 * np.exp(-(((ages - 30) / 5.0) ** 2)), dims="age", coords={"age": ages}
        )
        assert bool(fit_schedule(bell, "gamma").at_bound)

    def test_r_squared_is_undefined_where_all_rates_are_equal(self) -> None:
        flat = xr.DataArray(np.full(10, 0.1), dims="age", coords={"age": range(20, 30)})
        fit = fit_schedule(flat, "hadwiger")
        assert np.isnan(float(fit.r_squared))
        assert float(fit.root_mean_square_error) > 0

    def test_rejections(self) -> None:
        f = gamma_schedule(AGES, **KNOWN["gamma"][0])
        with pytest.raises(InputError, match=r"no fertility schedule 'gama'(.|\n)*'gamma'"):
            fit_schedule(f, "gama")
        with pytest.raises(FitError, match="zero at every age"):
            fit_schedule(0 * f, "gamma")
        with pytest.raises(FitError, match=r"too few ages(.|\n)*3 ages(.|\n)*at least 4"):
            fit_schedule(f.where((f.age >= 25) & (f.age < 28), 0.0), "gamma")
        with pytest.raises(DimensionError, match="no dimension 'age'"):
            fit_schedule(f.rename(age="x"), "gamma")
        with pytest.raises(BoundsError, match=r"missing or infinite(.|\n)*age=12"):
            fit_schedule(f.where(f.age != 12), "gamma")


class TestParameters:
    def test_any_dims_by_name(self) -> None:
        years, regions = {"year": [2000, 2020]}, {"region": ["a", "b", "c"]}
        f = hadwiger_schedule(
            AGES,
            total_fertility_rate=xr.DataArray([1.0, 2.0, 3.0], dims="region", coords=regions),
            mean_age=xr.DataArray([26.0, 31.0], dims="year", coords=years),
            standard_deviation=5.0,
        )
        assert f.dims == ("region", "year", "age")
        one = hadwiger_schedule(
            AGES, total_fertility_rate=2.0, mean_age=31.0, standard_deviation=5.0
        )
        assert f.sel(region="b", year=2020).values == pytest.approx(one.values, rel=1e-15)

    @pytest.mark.parametrize(
        ("family", "change", "message"),
        [
            ("gamma", {"mean_age": 15.0}, "mean age is not above the lowest age"),
            ("gamma", {"standard_deviation": 0.0}, "standard deviation is not above 0"),
            ("hadwiger", {"mean_age": -1.0}, "mean age is not above 0"),
            ("hadwiger", {"standard_deviation": -1.0}, "standard deviation is not above 0"),
            ("beta", {"mean_age": 51.0}, "not between the lowest and the highest age"),
            ("beta", {"mean_age": 14.0}, "not between the lowest and the highest age"),
            ("beta", {"standard_deviation": 18.0}, "standard deviation is larger than"),
            ("beta", {"standard_deviation": 0.0}, "standard deviation is not above 0"),
            ("quadratic_spline", {"peak_age": 14.0}, "ages of the spline do not rise"),
            ("quadratic_spline", {"half_peak_age": 28.0}, "ages of the spline do not rise"),
            (
                "coale_trussell",
                {"standard_deviation_at_marriage": 0.0},
                "standard deviation at marriage is not above 0",
            ),
        ],
    )
    def test_what_a_schedule_cannot_meet(
        self, family: str, change: dict[str, float], message: str
    ) -> None:
        with pytest.raises(FitError, match=message):
            SCHEDULES[family](AGES, **{**KNOWN[family][0], **change})

    def test_first_offending_cell(self) -> None:
        means = xr.DataArray([26.0, 14.0], dims="year", coords={"year": [2000, 2020]})
        with pytest.raises(FitError, match=r"where: mean_age at year=2020\n  got: 14"):
            gamma_schedule(AGES, **{**KNOWN["gamma"][0], "mean_age": means})

    def test_not_finite(self) -> None:
        means = xr.DataArray([26.0, np.nan], dims="year", coords={"year": [2000, 2020]})
        with pytest.raises(BoundsError, match=r"missing or infinite(.|\n)*year=2020"):
            gamma_schedule(AGES, **{**KNOWN["gamma"][0], "mean_age": means})
        with pytest.raises(BoundsError, match="total_fertility_rate is missing or infinite"):
            gamma_schedule(AGES, **{**KNOWN["gamma"][0], "total_fertility_rate": np.inf})

    def test_negative_level(self) -> None:
        with pytest.raises(BoundsError, match="peak_rate is negative"):
            quadratic_spline_schedule(
                AGES, peak_rate=-0.1, lowest_age=15, peak_age=28, half_peak_age=34
            )

    def test_rates_out_of_bounds(self) -> None:
        with pytest.raises(BoundsError, match=r"fertility_rate is out of bounds(.|\n)*per 1,000"):
            quadratic_spline_schedule(
                AGES, peak_rate=100, lowest_age=15, peak_age=28, half_peak_age=34
            )

    def test_labels_that_differ(self) -> None:
        a = xr.DataArray([26.0, 27.0], dims="year", coords={"year": [2000, 2020]})
        b = xr.DataArray([5.0, 5.0], dims="year", coords={"year": [2001, 2021]})
        with pytest.raises(CoordinateError, match="different labels on 'year'"):
            hadwiger_schedule(AGES, total_fertility_rate=1.0, mean_age=a, standard_deviation=b)
        with pytest.raises(CoordinateError, match="different labels on 'year'"):
            hadwiger_schedule(AGES, total_fertility_rate=b / 5, mean_age=a, standard_deviation=5)

    def test_ages(self) -> None:
        with pytest.raises(CoordinateError, match="not evenly spaced"):
            hadwiger_schedule([15, 20, 30], **KNOWN["hadwiger"][0])
