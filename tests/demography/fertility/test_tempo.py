"""Tempo adjustment and cohort fertility against populations whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.demography.fertility.measures import mean_age_at_childbearing, total_fertility_rate
from popsim.demography.fertility.tempo import (
    completed_cohort_fertility,
    tempo_adjusted_total_fertility_rate,
)
from popsim.errors import CoordinateError, DimensionError, FitError, InputError

AGES = np.arange(0, 80)


def bell(mean: float, spread: float = 4.0) -> np.ndarray:
    curve = np.exp(-(((AGES + 0.5 - mean) / spread) ** 2) / 2)
    share: np.ndarray = curve / curve.sum()
    return share


def by_order(cells: list[list[np.ndarray]], years: list[int], ages: object = AGES) -> xr.DataArray:
    orders = list(range(1, len(cells[0]) + 1))
    return xr.DataArray(
        np.array(cells),
        dims=("year", "order", "age"),
        coords={"year": years, "order": orders, "age": list(ages)},  # type: ignore[call-overload]
    )


class TestTempo:
    def test_postponement_without_fewer_children(self) -> None:
        # Cohorts that postpone r years a year and keep their number of children Q show
        # period rates (1 - r) Q g(x - r t): the adjustment must give Q back.
        quantum, pace = (0.95, 0.60), (0.15, -0.10)
        years = [2010, 2011, 2012, 2013]
        cells = [
            [
                (1 - r) * q * bell(27 + 3 * i + r * (t - 2010))
                for i, (q, r) in enumerate(zip(quantum, pace, strict=True))
            ]
            for t in years
        ]
        out = tempo_adjusted_total_fertility_rate(by_order(cells, years))
        assert out.year.values.tolist() == [2011, 2012]
        # The curve is cut more than 6 standard deviations away: its mean moves to 1e-9.
        assert out.mean_age_change.values == pytest.approx(np.array([pace] * 2), abs=1e-8)
        name = "tempo_adjusted_total_fertility_rate"
        assert out[f"{name}_by_order"].values == pytest.approx(np.array([quantum] * 2), abs=1e-7)
        assert out[name].values == pytest.approx(sum(quantum), abs=1e-7)
        assert out.total_fertility_rate.values == pytest.approx(0.85 * 0.95 + 1.1 * 0.6, abs=1e-9)

    def test_published_worked_example(self) -> None:
        # Example of the R package demor (function tatfr), which rounds mean ages to two
        # digits and prints 3.211113.
        cells = [
            [[0.02, 0.05, 0.07, 0.05, 0.03, 0.01, 0], [0.01, 0.03, 0.04, 0.03, 0.02, 0.01, 0]],
            [[0.03, 0.06, 0.08, 0.06, 0.03, 0.01, 0], [0.01, 0.03, 0.05, 0.04, 0.02, 0.01, 0]],
            [[0.03, 0.05, 0.08, 0.07, 0.04, 0.02, 0], [0.01, 0.03, 0.04, 0.04, 0.03, 0.01, 0]],
        ]
        f = by_order(cells, [2000, 2001, 2002], range(15, 50, 5))  # type: ignore[arg-type]
        mean, total = mean_age_at_childbearing(f).round(2), total_fertility_rate(f)
        change = (mean.sel(year=2002) - mean.sel(year=2000)) / 2
        assert float((total.sel(year=2001) / (1 - change)).sum()) == pytest.approx(
            3.211113, abs=5e-7
        )
        out = tempo_adjusted_total_fertility_rate(f)
        # 0.005 years of rounding in each mean age move 1/(1 - r) by up to 0.8 percent.
        assert float(out.tempo_adjusted_total_fertility_rate[0]) == pytest.approx(
            3.211113, rel=0.008
        )

    def test_five_year_periods_count_years(self) -> None:
        cells = [[0.9 * bell(27 + 0.1 * t)] for t in (0, 5, 10)]
        out = tempo_adjusted_total_fertility_rate(by_order(cells, [2000, 2005, 2010]))
        assert out.mean_age_change.values.item() == pytest.approx(0.1, abs=1e-8)

    def test_leading_dims(self) -> None:
        f = by_order([[bell(27 + 0.1 * t)] for t in range(3)], [2000, 2001, 2002])
        out = tempo_adjusted_total_fertility_rate(f.expand_dims(region=["a", "b"]))
        assert out.tempo_adjusted_total_fertility_rate.dims == ("region", "year")
        assert out.mean_age_change.dims == ("region", "year", "order")
        assert all("units" in v.attrs for v in out.data_vars.values())

    def test_mean_age_that_runs_away(self) -> None:
        f = by_order([[bell(25), bell(27 + 1.2 * t)] for t in range(3)], [2000, 2001, 2002])
        with pytest.raises(FitError, match=r"a year or more in a year(.|\n)*year=2001, order=2"):
            tempo_adjusted_total_fertility_rate(f)

    def test_order_without_births(self) -> None:
        f = by_order([[bell(25), 0 * bell(25)]] * 3, [2000, 2001, 2002])
        with pytest.raises(FitError, match=r"zero at every age(.|\n)*year=2000, order=2"):
            tempo_adjusted_total_fertility_rate(f)

    def test_order_labels(self) -> None:
        f = by_order([[bell(25), bell(27)]] * 3, [2000, 2001, 2002])
        with pytest.raises(CoordinateError, match=r"orders are not labelled(.|\n)*no labels"):
            tempo_adjusted_total_fertility_rate(f.drop_vars("order"))
        with pytest.raises(CoordinateError, match=r"got: \[1, 3\]"):
            tempo_adjusted_total_fertility_rate(f.assign_coords(order=[1, 3]))
        with pytest.raises(DimensionError, match="lacks the dimension 'order'"):
            tempo_adjusted_total_fertility_rate(f.sel(order=1, drop=True))
        with pytest.raises(DimensionError, match="lacks the dimension 'year'"):
            tempo_adjusted_total_fertility_rate(f.isel(year=0, drop=True))

    def test_years(self) -> None:
        f = by_order([[bell(25)]] * 3, [2000, 2001, 2003])
        with pytest.raises(CoordinateError, match="2001 is followed by 2003"):
            tempo_adjusted_total_fertility_rate(f)
        with pytest.raises(CoordinateError, match=r"three years or more(.|\n)*2 labelled years"):
            tempo_adjusted_total_fertility_rate(f.isel(year=[0, 1]))


class TestCohorts:
    def test_constant_rates(self) -> None:
        f = xr.DataArray(
            np.tile(1.7 * bell(28), (60, 1)),
            dims=("year", "age"),
            coords={"year": np.arange(1980, 2040), "age": AGES},
        )
        f = f.where((f.age >= 10) & (f.age < 60), 0.0)
        completed = completed_cohort_fertility(f)
        # What the curve has below 10 and from 60 on is some 1e-5 of it.
        assert completed.values == pytest.approx(float(f.isel(year=0).sum()), abs=1e-14)
        assert completed.values == pytest.approx(1.7, abs=1e-4)
        # Ages 10 to 59 from 1980: the first cohort is 10 in 1980, the last 59 in 2038-39.
        assert completed.cohort.values.tolist() == list(range(1970, 1980))

    @pytest.mark.parametrize("width", [1, 5])
    def test_rates_that_rise_evenly(self, width: int) -> None:
        # f(x, t) = g(x) (1 + b t) at the step's middle; half of an age group is lived in
        # each of two steps, so the cohort born in [c, c + n) meets 1 + b (c + mu) on
        # average, at its own middle: c + n/2 + mean age.
        ages = np.arange(15, 50, width)
        g = np.exp(-(((ages + width / 2 - 28) / 5) ** 2)) * 0.05
        years = np.arange(1950, 2050, width)
        slope = 0.01
        middle = years + width / 2 - 1950
        f = xr.DataArray(
            g * (1 + slope * middle[:, None]),
            dims=("year", "age"),
            coords={"year": years, "age": ages},
        )
        mean = float((g * (ages + width / 2)).sum() / g.sum())
        completed = completed_cohort_fertility(f)
        at = completed.cohort + width / 2 + mean - 1950
        expected = width * g.sum() * (1 + slope * at)
        assert completed.values == pytest.approx(expected.values, rel=1e-12)

    def test_ages_without_births_need_no_years(self) -> None:
        f = xr.DataArray(
            np.tile([0.0, 0.1, 0.2, 0.0, 0.0], (4, 1)),
            dims=("year", "age"),
            coords={"year": [2000, 2001, 2002, 2003], "age": [18, 19, 20, 21, 22]},
        )
        completed = completed_cohort_fertility(f)
        assert completed.cohort.values.tolist() == [1981, 1982]
        assert completed.values == pytest.approx(0.3, abs=1e-15)

    def test_rejections(self) -> None:
        f = xr.DataArray(
            np.full((3, 3), 0.1),
            dims=("year", "age"),
            coords={"year": [2000, 2001, 2002], "age": [20, 21, 22]},
        )
        with pytest.raises(InputError, match=r"too few(.|\n)*at least 4 \(ages 20 to 22"):
            completed_cohort_fertility(f)
        with pytest.raises(InputError, match="zero at every age"):
            completed_cohort_fertility(0 * f)
        with pytest.raises(DimensionError, match="no dimension 'year'"):
            completed_cohort_fertility(f.isel(year=0, drop=True))
        with pytest.raises(CoordinateError, match="by the width of the age groups"):
            completed_cohort_fertility(f.assign_coords(year=[2000, 2005, 2010]))
