"""Variants by their invariants: shifts, NRR = 1, no flows, nothing else altered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from popsim.baselines import (
    VARIANTS,
    constant_fertility,
    constant_mortality,
    high_fertility,
    instant_replacement,
    instant_replacement_zero_migration,
    low_fertility,
    momentum,
    no_change,
    zero_migration,
)
from popsim.demography import (
    gamma_schedule,
    life_table,
    mean_age_at_childbearing,
    net_reproduction_rate,
    person_years_lived,
    survival_ratio,
    total_fertility_rate,
)
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    FitError,
    MissingVariableError,
)
from popsim.projection import project

YEARS = np.arange(2024, 2044)
SEX = ["female", "male"]


def make(width: int = 1, mortality: str = "mortality_rate") -> xr.Dataset:
    """A baseline in which everything changes over the years, in two regions."""
    years = 2024 + width * np.arange(20)
    ages = np.arange(0, 101, width)
    age = xr.DataArray(ages, dims="age", coords={"age": ages})
    year = xr.DataArray(years, dims="year", coords={"year": years})
    sex = xr.DataArray([1.0, 1.4], dims="sex", coords={"sex": SEX})
    region = xr.DataArray([1.0, 0.8], dims="region", coords={"region": ["a", "b"]})
    progress = (year - 2024) / (20 * width)
    rates = gamma_schedule(
        ages,
        total_fertility_rate=region * (1.0 + 0.2 * progress),
        mean_age=28.0 + 2.0 * progress,
        standard_deviation=5.0,
        lowest_age=14.0,
    )
    rates = rates.where((rates.age >= 15) & (rates.age < 50), 0.0)
    share = xr.DataArray([0.5, 0.4, 0.1], dims="order", coords={"order": [1, 2, 3]})
    by_order = (rates * share).transpose("region", "year", "order", "age")
    mx = 5e-5 * np.exp(0.095 * age) * sex * (1.0 - 0.3 * progress) + 0.003 * (age == 0)
    data = {
        "population": 1000.0 * np.exp(-0.02 * age) * xr.ones_like(sex) * region,
        "mortality_rate": mx.transpose("year", "sex", "age"),
        "fertility_rate": by_order.sum("order"),
        "fertility_rate_by_order": by_order,
        "sex_ratio_at_birth": 1.11 - 0.05 * progress,
        "net_migration": xr.zeros_like(mx).transpose("year", "sex", "age") + 1.0 * (age == 20),
    }
    if mortality == "survival_ratio":
        hazard = width * data.pop("mortality_rate")
        data["survival_ratio"] = np.exp(-hazard)
    return xr.Dataset(data).assign_attrs(source="test")


def reproduction(baseline: xr.Dataset) -> xr.DataArray:
    """NRR by the person-years with which the projection survives women."""
    if "survival_ratio" in baseline:
        survival = baseline["survival_ratio"]
    else:
        survival = survival_ratio(life_table(baseline["mortality_rate"]))
    lived = person_years_lived(survival.sel(sex="female", drop=True))
    return net_reproduction_rate(baseline["fertility_rate"], lived, baseline["sex_ratio_at_birth"])


@pytest.fixture(params=[(1, "mortality_rate"), (1, "survival_ratio"), (5, "survival_ratio")])
def baseline(request: pytest.FixtureRequest) -> xr.Dataset:
    return make(*request.param)


@pytest.mark.parametrize("name", list(VARIANTS))
class TestEveryVariant:
    def test_input_stays_and_orders_add_up(self, name: str, baseline: xr.Dataset) -> None:
        before = baseline.copy(deep=True)
        out = VARIANTS[name](baseline)
        assert baseline.identical(before)
        assert out is not baseline
        apart = out.fertility_rate_by_order.sum("order") - out.fertility_rate
        # A sum of three terms of at most 0.2.
        assert float(abs(apart).max()) < 1e-15

    def test_is_named_in_both_languages(self, name: str, baseline: xr.Dataset) -> None:
        out = VARIANTS[name](baseline)
        assert out.attrs["source"] == "test"
        assert out.attrs["variant"].split()[0] in name
        assert any("\u4e00" <= c <= "\u9fff" for c in out.attrs["variant_zh"])
        both = high_fertility(out)
        assert both.attrs["variant"] == out.attrs["variant"] + "; high fertility"

    def test_dims_units_and_the_rest_are_kept(self, name: str, baseline: xr.Dataset) -> None:
        out = VARIANTS[name](baseline)
        for variable in out.data_vars:
            assert out[variable].dims == baseline[variable].dims
        assert out.fertility_rate.attrs.get("units", "births per woman and year") == (
            "births per woman and year"
        )
        assert out.population.identical(baseline.population)
        assert out.sex_ratio_at_birth.identical(baseline.sex_ratio_at_birth)


class TestShifts:
    EXPECTED = [0.25] * 5 + [0.40] * 5 + [0.50] * 10

    @pytest.mark.parametrize(("variant", "sign"), [(high_fertility, 1), (low_fertility, -1)])
    def test_single_years(self, variant: object, sign: int) -> None:
        base = make()
        out = variant(base)  # type: ignore[operator]
        shift = total_fertility_rate(out.fertility_rate) - total_fertility_rate(base.fertility_rate)
        expected = np.broadcast_to(sign * np.array(self.EXPECTED), shift.shape)
        assert shift.dims == ("region", "year")
        assert shift.values == pytest.approx(expected, abs=1e-12)
        assert mean_age_at_childbearing(out.fertility_rate).values == pytest.approx(
            mean_age_at_childbearing(base.fertility_rate).values, abs=1e-12
        )
        orders = total_fertility_rate(out.fertility_rate_by_order)
        assert (orders / orders.sum("order")).isel(year=7, region=0).values == pytest.approx(
            [0.5, 0.4, 0.1], abs=1e-14
        )

    def test_steps_of_five_years(self) -> None:
        base = make(5, "survival_ratio")
        shift = total_fertility_rate(high_fertility(base).fertility_rate) - total_fertility_rate(
            base.fertility_rate
        )
        assert shift.isel(region=0).values == pytest.approx([0.25, 0.40] + [0.50] * 18, abs=1e-12)

    def test_china_as_published(self, reference: Path) -> None:
        # World Population Prospects 2024, first projected year 2024; six digits printed.
        table = pd.read_csv(reference / "wpp2024_china_annual.csv").set_index("year").loc[2024:]
        table = table.dropna(subset=["tfr_high", "tfr_low"])
        assert len(table) == 77
        ages = np.arange(0, 101)
        pattern = np.exp(-(((ages - 29) / 5) ** 2)) * ((ages >= 15) & (ages < 50))
        rates = xr.DataArray(
            table.tfr.to_numpy()[:, None] * pattern / pattern.sum(),
            dims=("year", "age"),
            coords={"year": table.index.to_numpy(), "age": ages},
        )
        base = xr.Dataset({"fertility_rate": rates})
        high = total_fertility_rate(high_fertility(base).fertility_rate)
        low = total_fertility_rate(low_fertility(base).fertility_rate)
        assert high.values == pytest.approx(table.tfr_high.to_numpy(), abs=1e-6)
        assert low.values == pytest.approx(table.tfr_low.to_numpy(), abs=1e-6)

    def test_too_low_for_the_low_variant(self) -> None:
        base = make().drop_vars("fertility_rate_by_order").isel(region=[1])
        base["fertility_rate"] = base.fertility_rate * 0.45
        with pytest.raises(
            BoundsError, match=r"less than no births(.|\n)*region=b, year=2029(.|\n)*at least 0.4 "
        ):
            low_fertility(base)


class TestConstant:
    def test_fertility(self, baseline: xr.Dataset) -> None:
        out = constant_fertility(baseline)
        for name in ("fertility_rate", "fertility_rate_by_order"):
            for year in baseline.year.values[[0, 7, -1]]:
                assert np.array_equal(
                    out[name].sel(year=year).values, baseline[name].isel(year=0).values
                )
        changed = ["fertility_rate", "fertility_rate_by_order"]
        assert (
            out.drop_vars(changed).drop_attrs().identical(baseline.drop_vars(changed).drop_attrs())
        )

    def test_mortality(self, baseline: xr.Dataset) -> None:
        name = "mortality_rate" if "mortality_rate" in baseline else "survival_ratio"
        out = constant_mortality(baseline)
        assert not np.array_equal(baseline[name].isel(year=0), baseline[name].isel(year=-1))
        assert np.array_equal(out[name].isel(year=-1).values, baseline[name].isel(year=0).values)
        assert out[name].year.identical(baseline[name].year)
        assert out.fertility_rate.identical(baseline.fertility_rate)

    def test_no_change_holds_both_and_keeps_migration(self, baseline: xr.Dataset) -> None:
        name = "mortality_rate" if "mortality_rate" in baseline else "survival_ratio"
        out = no_change(baseline)
        assert out.fertility_rate.equals(constant_fertility(baseline).fertility_rate)
        assert out[name].equals(constant_mortality(baseline)[name])
        assert out.net_migration.identical(baseline.net_migration)


class TestReplacement:
    @pytest.mark.parametrize(
        "variant", [instant_replacement, instant_replacement_zero_migration, momentum]
    )
    def test_every_year_replaces_itself(self, variant: object, baseline: xr.Dataset) -> None:
        before = reproduction(baseline)
        assert float(abs(before - 1.0).min()) > 0.1
        after = reproduction(variant(baseline))  # type: ignore[operator]
        assert after.dims == ("region", "year")
        assert float(abs(after - 1.0).max()) < 1e-9

    def test_age_pattern_is_the_years_own(self, baseline: xr.Dataset) -> None:
        out = instant_replacement(baseline)
        assert mean_age_at_childbearing(out.fertility_rate).values == pytest.approx(
            mean_age_at_childbearing(baseline.fertility_rate).values, abs=1e-11
        )

    def test_momentum_is_replacement_under_the_mortality_of_the_first_year(
        self, baseline: xr.Dataset
    ) -> None:
        name = "mortality_rate" if "mortality_rate" in baseline else "survival_ratio"
        out = momentum(baseline)
        assert out[name].equals(constant_mortality(baseline)[name])
        # Mortality falls in the baseline, so replacement under its later years needs less.
        later = instant_replacement(baseline).fertility_rate.isel(year=-1)
        assert float((out.fertility_rate.isel(year=-1) - later).sum()) > 1e-3

    def test_a_stationary_population_stays_under_momentum(self) -> None:
        # The projection is the judge: the age structure of the life table, with births that
        # replace it, must come back in every year.
        base = make().isel(region=0)
        base["sex_ratio_at_birth"] = 0 * base.sex_ratio_at_birth + 1.06
        held = momentum(base)
        table = life_table(held.mortality_rate.isel(year=0, drop=True))
        births = xr.DataArray([1e5, 1.06e5], dims="sex", coords={"sex": SEX})
        held["population"] = (table["Lx"] * births).transpose("sex", "age")
        after = project(held)["population"].isel(time=-1)
        closed = slice(0, 99)
        # The survival of the last two groups together is the UN's approximation.
        assert after.sel(age=closed).values == pytest.approx(
            held.population.sel(age=closed).values, rel=1e-9
        )


class TestMigration:
    @pytest.mark.parametrize("name", ["net_migration", "net_migration_rate"])
    def test_flows_are_exactly_zero(self, name: str) -> None:
        base = make().isel(region=0).rename(net_migration=name)
        if name == "net_migration_rate":
            base[name] = base[name] * 0.01
        assert project(base)["net_migration"].any()
        for variant in (zero_migration, instant_replacement_zero_migration, momentum):
            out = variant(base)
            assert name not in out
            flows = project(out)["net_migration"]
            assert not flows.any()

    def test_totals_too(self) -> None:
        base = make().isel(region=0)
        base = base.drop_vars("net_migration").assign(
            net_migration_total=("year", np.full(20, 100.0))
        )
        assert "net_migration_total" not in zero_migration(base)

    def test_a_closed_baseline_stays_as_it_is(self) -> None:
        base = make().drop_vars("net_migration")
        assert zero_migration(base).equals(base)


class TestRejections:
    def test_missing_inputs(self) -> None:
        base = make()
        with pytest.raises(MissingVariableError, match="input fertility_rate is missing"):
            high_fertility(base.drop_vars(["fertility_rate", "fertility_rate_by_order"]))
        with pytest.raises(MissingVariableError, match="sex_ratio_at_birth is missing"):
            instant_replacement(base.drop_vars("sex_ratio_at_birth"))
        with pytest.raises(MissingVariableError, match="one of survival_ratio and mortality_rate"):
            constant_mortality(base.drop_vars("mortality_rate"))

    def test_mortality_said_twice(self) -> None:
        base = make()
        base["survival_ratio"] = base.mortality_rate * 0 + 0.9
        for variant in (constant_mortality, instant_replacement):
            with pytest.raises(ConflictError, match="one of survival_ratio and mortality_rate"):
                variant(base)

    def test_orders_that_do_not_add_up(self) -> None:
        base = make()
        base["fertility_rate"] = base.fertility_rate * 1.01
        for variant in (high_fertility, constant_fertility, instant_replacement):
            with pytest.raises(
                ConflictError, match=r"do not add up(.|\n)*region=a, year=2024, age=15"
            ):
                variant(base)

    def test_year_without_births(self) -> None:
        base = make().drop_vars("fertility_rate_by_order")
        base["fertility_rate"] = base.fertility_rate.where(base.year != 2030, 0.0)
        for variant in (high_fertility, instant_replacement):
            with pytest.raises(FitError, match=r"no pattern over age(.|\n)*year=2030"):
                variant(base)

    def test_years_with_gaps(self) -> None:
        base = make().isel(year=[0, 1, 3])
        with pytest.raises(CoordinateError, match="2025 is followed by 2027"):
            constant_fertility(base)
        with pytest.raises(CoordinateError, match="2025 is followed by 2027"):
            constant_mortality(base)

    def test_rates_without_years(self) -> None:
        base = make().drop_vars("fertility_rate_by_order")
        base["fertility_rate"] = base.fertility_rate.isel(year=0, drop=True)
        with pytest.raises(DimensionError, match="fertility_rate lacks the dimension 'year'"):
            high_fertility(base)

    def test_sexes_in_the_wrong_order(self) -> None:
        base = make().sel(sex=["male", "female"])
        with pytest.raises(CoordinateError, match="not female, male"):
            instant_replacement(base)

    def test_births_to_women_of_the_open_group(self) -> None:
        base = make(5, "survival_ratio").drop_vars("fertility_rate_by_order")
        base["fertility_rate"] = base.fertility_rate.where(base.age < 100, 0.01)
        with pytest.raises(CoordinateError, match=r"there are births\n  where: age=100"):
            instant_replacement(base)
