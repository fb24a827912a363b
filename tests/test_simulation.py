"""``simulate()`` and ``compare()``: the same draws, reproducible bits, books that close."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.regions import load_regions
from popsim.engine.plan import RESULTS
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    InputError,
    MigrationUnitWarning,
    MissingVariableError,
)
from popsim.scenario.options import Override
from popsim.schema.checks import check_accounting
from popsim.uncertainty.quantiles import quantiles


@pytest.fixture(scope="module")
def baseline():
    return ps.load_baseline("ouhai", end=2035)


@pytest.fixture(scope="module")
def result(baseline):
    return ps.simulate(baseline, "ouhai", draws=60, seed=3)


@pytest.mark.slow
def test_dims_and_names(result):
    assert result["scenario"].values.tolist() == ["baseline", "ouhai"]
    assert result["births"].dims == ("scenario", "draw", "year", "order")
    assert result["population"].dims == ("scenario", "draw", "time", "sex", "age_group")
    assert result["cost"].dims == ("scenario", "draw", "year", "instrument")
    assert result["time"].values[-1] == 2036
    for name in ("births", "cost", "dependency_ratio", "total_fertility_rate"):
        assert result[name].attrs["units"]
        assert result[name].attrs["long_name_zh"]


@pytest.mark.slow
def test_same_seed_same_bits(baseline, result):
    again = ps.simulate(baseline, "ouhai", draws=60, seed=3)
    xr.testing.assert_identical(result, again)
    other = ps.simulate(baseline, "ouhai", draws=60, seed=4)
    assert not np.array_equal(result["births"], other["births"])


@pytest.mark.slow
def test_fewer_draws_are_the_first_of_more(baseline, result):
    few = ps.simulate(baseline, "ouhai", draws=20, seed=3)
    assert np.array_equal(few["births"], result["births"].isel(draw=slice(20)))
    assert np.array_equal(few["cost"], result["cost"].isel(draw=slice(20)))


@pytest.mark.slow
def test_earlier_end_leaves_earlier_years(baseline, result):
    short = ps.simulate(baseline, "ouhai", end=2030, draws=60, seed=3)
    births = result["births"].sel(year=slice(None, 2030))
    np.testing.assert_array_equal(short["births"], births)


def test_scenario_and_baseline_share_their_draws(result):
    """Before the package acts, every draw of both is the same bit for bit."""
    births = result["births"].sel(year=slice(2021, 2022))
    assert np.array_equal(births.sel(scenario="ouhai"), births.sel(scenario="baseline"))
    after = result["births"].sel(year=2024)
    assert (after.sel(scenario="ouhai") > after.sel(scenario="baseline")).all()


@pytest.mark.slow
def test_draw_of_a_scenario_does_not_depend_on_its_company(baseline, result):
    grant_only = ps.load_scenario("ouhai").without(
        "rearing_subsidy", "childcare_voucher", "home_purchase_subsidy"
    )
    grant_only = grant_only.model_copy(update={"name": "grant_only"})
    both = ps.simulate(baseline, [grant_only, "ouhai"], draws=60, seed=3)
    assert np.array_equal(both["births"].sel(scenario="ouhai"), result["births"][1])
    shared = {"scenario": "ouhai", "instrument": "birth_grant"}
    assert np.array_equal(both["cost"].sel(shared), result["cost"].sel(shared))


@pytest.mark.slow
def test_empty_package_equals_the_baseline_bit_for_bit(baseline):
    nothing = ps.load_scenario("ouhai").model_copy(update={"instruments": ()})
    result = ps.simulate(baseline, nothing, draws=10)
    for name in ("births", "population", "deaths"):
        assert np.array_equal(result[name][0], result[name][1])
    assert result.sizes["instrument"] == 0


@pytest.mark.slow
def test_books_close_in_every_cell(baseline):
    full = ps.simulate(baseline, "ouhai", end=2026, draws=5, outputs="full")
    assert full["births"].dims == ("scenario", "draw", "year", "order", "age")
    check_accounting(full)
    summary = ps.simulate(baseline, "ouhai", end=2026, draws=5)
    people = summary["population"].sum(["sex", "age_group"]).values
    change = summary["births"].sum("order") - summary["deaths"].sum("sex")
    change = (change + summary["net_migration"].sum("sex")).values
    np.testing.assert_allclose(np.diff(people, axis=-1), change, rtol=0, atol=1e-9 * people.max())
    np.testing.assert_allclose(summary["births"], full["births"].sum("age"), rtol=1e-12)


def test_medians_of_everything_are_the_projection(baseline):
    """With nothing drawn the baseline is the projection without parity, to rounding."""
    centre = ps.project(baseline)
    result = ps.simulate(baseline, [], draws=1, vary=[]).isel(scenario=0, draw=0)
    births = centre["births"].sum("age").values
    np.testing.assert_allclose(result["births"].sum("order"), births, rtol=1e-10)
    people = centre["population"].sum(["sex", "age"]).values
    np.testing.assert_allclose(result["population"].sum(["sex", "age_group"]), people, rtol=1e-10)


@pytest.mark.slow
def test_median_draw_is_near_the_baseline(baseline):
    """1,000 draws: the median of births is the projection's to the error of the median (1 %)."""
    result = ps.simulate(baseline, [], draws=1000, seed=1)
    centre = ps.project(baseline)["births"].sum("age")
    median = result["births"].sum("order").median("draw")
    assert float(abs(median / centre - 1).max()) < 0.03
    assert result.sizes["scenario"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("outputs", ["summary", "full"])
def test_the_variables_that_can_be_asked_for_are_those_of_a_result(baseline, outputs):
    short = baseline.isel(year=slice(0, 2))
    result = ps.simulate(short, "ouhai", draws=2, outputs=outputs)
    known = {*RESULTS} - ({"population_final"} if outputs == "full" else set())
    assert set(result.data_vars) == known
    for name in known:
        alone = ps.simulate(short, "ouhai", draws=2, outputs=outputs, variables=[name])
        xr.testing.assert_identical(alone[name], result[name])


@pytest.mark.slow
def test_groups_of_draws_are_held_or_have_seeds_of_their_own(baseline):
    def births(**settings):
        result = ps.simulate(baseline, [], draws=8, **settings)["births"].sum("order")
        return result.isel(scenario=0).values

    everything = births(seed=3)
    fertility = births(seed=3, vary=["fertility"])
    assert not np.array_equal(everything, fertility)
    assert (np.ptp(births(vary=[]), axis=0) == 0.0).all()
    # Fertility is most of what moves births; migrants are the rest.
    assert np.corrcoef(everything[:, 5], fertility[:, 5])[0, 1] > 0.8
    other = births(seed={"fertility": 4}, vary=["fertility"])
    assert np.array_equal(other, births(seed=4, vary="fertility"))
    assert not np.array_equal(other, fertility)


def test_streamed_quantiles_are_those_of_the_draws(baseline, result):
    cut = ps.simulate(baseline, "ouhai", draws=60, seed=3, quantiles=(0.1, 0.5, 0.9))
    assert cut["births"].dims == ("quantile", "scenario", "year", "order")
    expected = np.quantile(result["births"], [0.1, 0.5, 0.9], axis=1)
    np.testing.assert_allclose(cut["births"], expected, rtol=1e-12)
    assert cut["births"].attrs == result["births"].attrs


@pytest.mark.slow
def test_some_variables_and_other_age_groups(baseline):
    result = ps.simulate(
        baseline, [], draws=4, variables=["births", "population"], age_groups=(0, 15, 65)
    )
    assert set(result.data_vars) == {"births", "population"}
    assert result["age_group"].values.tolist() == ["0-14", "15-64", "65+"]
    alone = ps.simulate(baseline, [], draws=4, variables="births")
    assert list(alone.data_vars) == ["births"]


TOTALS = [
    "population", "population_final", "total_births", "total_fertility_rate", "deaths",
    "net_migration", "migration_adjustment", "population_lift", "dependency_ratio",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "vary", [("fertility", "mortality", "migration", "sex_ratio"), ("migration",), ("fertility",)]
)
@pytest.mark.parametrize("place", ["ouhai", "china"])
def test_what_needs_no_parity_is_the_same_without_it(place, vary):
    given = ps.load_baseline(place, end=2060)
    call = {"draws": 150, "seed": 5, "vary": vary}
    by_parity = ps.simulate(given, [], **call)
    alone = ps.simulate(given, [], variables=TOTALS, **call)
    assert sorted(alone.data_vars) == sorted(TOTALS)
    for name in TOTALS:
        # The same sums in another order, over forty years.
        np.testing.assert_allclose(alone[name], by_parity[name], rtol=1e-11, atol=1e-6)
        assert alone[name].attrs == by_parity[name].attrs
        assert alone[name].dims == by_parity[name].dims


@pytest.mark.slow
def test_totals_of_a_region_and_of_a_chunk_change_no_bit(districts):
    call = {"draws": 40, "seed": 5, "variables": TOTALS}
    whole = ps.simulate(districts, [], **call)
    for region in districts["region"].values[:2]:
        alone = ps.simulate(districts.sel(region=[region]), [], **call)
        xr.testing.assert_equal(alone, whole.sel(region=[region]))
    chunked = ps.simulate(districts, [], chunks={"region": 2, "draw": 17}, **call).compute()
    xr.testing.assert_equal(chunked, whole)


@pytest.fixture(scope="module")
def districts():
    return load_regions("huzhou", end=2024)


@pytest.mark.slow
def test_a_region_alone_is_what_it_is_among_others(districts):
    together = ps.simulate(districts, [], draws=9, seed=5)
    assert together["births"].dims == ("scenario", "region", "draw", "year", "order")
    alone = ps.simulate(districts.isel(region=[2]), [], draws=9, seed=5)
    for name in ("births", "population", "women_by_parity"):
        assert np.array_equal(alone[name].isel(region=0), together[name].isel(region=2)), name


@pytest.mark.slow
def test_a_region_is_paid_for_its_own_mothers():
    """What is for mothers of an age costs by the region's own births, whatever its company."""
    package = ps.load_scenario("ouhai").variant("planned")
    treatment = tuple(i for i in package.instruments if i.id == "fertility_treatment")
    assert treatment
    package = package.model_copy(update={"place": "huzhou", "instruments": treatment})
    known = load_regions("huzhou", end=2028).assign(registered_share=0.5)
    settings = {"draws": 4, "seed": 5, "variables": ["births", "cost"]}
    together = ps.simulate(known, package, **settings)
    alone = ps.simulate(known.isel(region=[2]), package, **settings)
    assert float(alone["cost"].sum()) > 0.0
    for name in ("births", "cost"):
        assert np.array_equal(alone[name].isel(region=0), together[name].isel(region=2)), name


def test_an_override_of_relocation_reaches_the_result(baseline):
    package = ps.load_scenario("ouhai")
    none = Override(prior="relocation.share", median=0.0, reason="an island")
    island = package.model_copy(update={"name": "island", "overrides": (none,)})
    share = ps.simulate(baseline, [package, island], draws=5)["relocation_share"]
    assert share.dims == ("scenario", "draw")
    assert (share.sel(scenario=["baseline", "island"]) == 0.0).all()
    assert (share.sel(scenario="ouhai") > 0.0).all()


@pytest.mark.slow
def test_chunks_change_no_bit(districts):
    now = ps.simulate(districts, [], draws=7, seed=5)
    later = ps.simulate(districts, [], draws=7, seed=5, chunks={"region": 2, "draw": 1})
    assert later["births"].chunks is not None
    xr.testing.assert_identical(later.compute(), now)
    dask_backed = ps.simulate(districts.chunk(region=3), [], draws=7, seed=5)
    assert dask_backed["births"].chunks is not None
    xr.testing.assert_identical(dask_backed.compute(), now)


@pytest.mark.slow
def test_blocks_of_quantiles_are_the_quantiles_of_the_whole(districts, monkeypatch):
    whole = ps.simulate(districts, [], draws=7, quantiles=(0.5,))
    monkeypatch.setattr("popsim.engine.plan._CELLS_A_BLOCK", 14)  # two regions
    xr.testing.assert_identical(ps.simulate(districts, [], draws=7, quantiles=(0.5,)), whole)


@pytest.mark.slow
def test_numbers_for_the_whole_place_are_refused_where_there_are_regions(districts):
    package = ps.load_scenario("ouhai").model_copy(update={"place": "huzhou"})
    known = districts.assign(registered_share=0.5)
    with pytest.raises(ConflictError, match=r"numbers for the place as a whole(.|\n)*without"):
        ps.simulate(known, package, draws=2)


@pytest.mark.slow
def test_chunks_that_cannot_be_are_refused(districts):
    wrong = r"chunks along 'age' cannot be(.|\n)*region, draw\n(.|\n)*all its ages"
    with pytest.raises(InputError, match=wrong):
        ps.simulate(districts, [], draws=2, chunks={"age": 10})
    with pytest.raises(InputError, match="in chunks along 'year'"):
        ps.simulate(districts.chunk(year=2), [], draws=2)
    with pytest.raises(InputError, match="a chunk has no size"):
        ps.simulate(districts, [], draws=2, chunks={"region": 0})
    with pytest.raises(InputError, match="quantiles need all draws"):
        ps.simulate(districts, [], draws=2, quantiles=(0.5,), chunks={"draw": 1})
    with pytest.raises(BoundsError, match="not rising probabilities"):
        ps.simulate(districts, [], draws=2, quantiles=(0.9, 0.1))


def test_bands_widen(result):
    births = result["births"].sel(scenario="baseline").sum("order")
    spread = births.std("draw") / births.mean("draw")
    assert float(spread.sel(year=2035)) > 1.5 * float(spread.sel(year=2021))


@pytest.mark.slow
def test_china_is_as_uncertain_as_the_un_says():
    """80 % intervals against WPP 2024: TFR exact by construction, width of population to 15 %."""
    from popsim.baselines import china

    result = ps.simulate(ps.load_baseline("china"), [], draws=1000, seed=0).isel(scenario=0)
    for year in (2030, 2050, 2100):
        low, _, high = quantiles(result["total_fertility_rate"].sel(year=year)).values
        for got, bound in ((low, "lower_80"), (high, "upper_80")):
            un = float(china.published("total_fertility_rate", bound=bound).sel(year=year))
            assert got == pytest.approx(un, abs=0.05)  # three errors of a quantile of 1,000 draws
    people = result["population"].sum(["sex", "age_group"])
    for year in (2050, 2100):
        low, _, high = quantiles(people.sel(time=year + 1)).values
        un = china.published("population", bound="upper_80") - china.published(
            "population", bound="lower_80"
        )
        assert high - low == pytest.approx(float(un.sel(year=year)), rel=0.15)


@pytest.mark.slow
def test_a_grant_for_second_children_leaves_first_births_of_the_first_year(baseline):
    """Ouhai without what first births get: nothing of order 1 moves until mothers are missing."""
    package = ps.load_scenario("ouhai")
    kept = [i for i in package.instruments if i.id in ("rearing_subsidy", "childcare_voucher")]
    only = package.model_copy(update={"instruments": tuple(kept), "payments": ()})
    births = ps.simulate(baseline, only, draws=20)["births"]
    gain = births.sel(scenario="ouhai") - births.sel(scenario="baseline")
    year = int(gain["year"][(gain != 0.0).any(["draw", "order"])][0])
    first = gain.sel(year=year)
    assert (first.sel(order=1) == 0.0).all()
    assert (first.sel(order=[2, 3]).sum("order") > 0.0).all()


@pytest.mark.slow
def test_more_instruments_never_gain_less(baseline):
    """A second channel, however small, takes nothing off the first (half of the children paid)."""
    package = ps.load_scenario("ouhai")
    small = package.variant("planned")
    names = [i.id for i in small.instruments]
    fewer = small.without(*(n for n in names if n == "fertility_treatment"))
    fewer = fewer.model_copy(update={"name": "fewer"})
    given = {"draws": 30, "seed": 3, "vary": ["fertility"]}  # a response may be negative
    births = ps.simulate(baseline, [small, fewer], **given)["births"].sum("order")
    gain = (births.sel(scenario=small.name) - births.sel(scenario="fewer")).sel(year=2026)
    assert (gain >= -1e-9).all()
    assert float(gain.mean()) > 0.0


def test_compare_takes_differences_draw_by_draw(result):
    comparison = ps.compare(result)
    births = result["births"].sum("order")
    difference = (births.sel(scenario="ouhai") - births.sel(scenario="baseline")).values
    expected = np.quantile(difference, [0.1, 0.5, 0.9], axis=0)
    got = comparison["additional_births_total"].sel(scenario="ouhai").values
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
    cost = result["cost"].sel(scenario="ouhai").sum(["year", "instrument"])
    price = (cost / difference.sum(axis=1)).values
    gains = difference.sum(axis=1) > 0
    assert gains.all()
    np.testing.assert_allclose(
        comparison["cost_per_additional_birth"].sel(scenario="ouhai", quantile=0.5),
        np.median(price), rtol=1e-9,
    )  # fmt: skip


def test_draws_without_gain_cost_infinitely_much_and_keep_their_rank():
    values = xr.DataArray([1.0, 2.0, 3.0, np.inf, np.inf], dims="draw")
    assert quantiles(values).values.tolist() == pytest.approx([1.4, 3.0, np.inf])


@pytest.mark.slow
def test_compare_against_another_scenario(baseline):
    half = ps.load_scenario("ouhai").without("rearing_subsidy")
    half = half.model_copy(update={"name": "half"})
    result = ps.simulate(baseline, ["ouhai", half], draws=30)
    comparison = ps.compare(result, against="half")
    assert comparison["scenario"].values.tolist() == ["baseline", "ouhai"]
    gain = comparison["cumulative_additional_births"].sel(scenario="ouhai", quantile=0.5)
    assert float(gain) > 0


def test_bad_calls_are_refused(baseline, result):
    for wrong in (0, 2.5, "10"):
        with pytest.raises(BoundsError, match="draws is not a whole number from 1"):
            ps.simulate(baseline, "ouhai", draws=wrong)
    with pytest.raises(BoundsError, match="seed is not a whole number"):
        ps.simulate(baseline, "ouhai", draws=2, seed=None)
    with pytest.raises(InputError, match=r"no scenario is given(.|\n)*leave it out"):
        ps.simulate(baseline, None, draws=2)
    with pytest.raises(DimensionError, match="by region at most"):
        ps.simulate(baseline.expand_dims(variant=["a", "b"]), "ouhai", draws=2)
    with pytest.raises(InputError, match=r"no group of draws 'fertilty'(.|\n)*did you mean"):
        ps.simulate(baseline, "ouhai", draws=2, vary=["fertilty"])
    with pytest.raises(InputError, match=r"no variable 'birth'(.|\n)*did you mean 'births'"):
        ps.simulate(baseline, "ouhai", draws=2, variables=["birth"])
    with pytest.raises(InputError, match="no variable 'population_final'"):
        ps.simulate(baseline, [], draws=2, outputs="full", variables=["population_final"])
    with pytest.raises(BoundsError, match="the population is empty"):
        ps.simulate(baseline.assign(population=baseline["population"] * 0), "ouhai", draws=2)
    with pytest.raises(InputError, match=r"does not reach the end(.|\n)*2021 to 2035"):
        ps.simulate(baseline, "ouhai", end=2050)
    with pytest.raises(InputError, match="scenario names must differ"):
        ps.simulate(baseline, ["ouhai", "ouhai"], draws=2)
    with pytest.raises(ConflictError, match="written for another place"):
        ps.simulate(ps.load_baseline("cixi", end=2022), "ouhai", draws=2)
    with pytest.raises(MissingVariableError, match="no fertility by birth order"):
        ps.simulate(baseline.drop_vars("birth_order_share"), "ouhai", draws=2)
    with pytest.raises(MissingVariableError, match="registered families is not known"):
        ps.simulate(baseline.drop_vars("registered_share"), "ouhai", draws=2)
    fewer = baseline.assign(birth_order_share=baseline["birth_order_share"] * 0.9)
    with pytest.raises(BoundsError, match="orders do not add up to one"):
        ps.simulate(fewer, "ouhai", draws=2)
    with pytest.raises(InputError, match="no scenario 'ouhay'"):
        ps.compare(result, against="ouhay")
    with pytest.raises(InputError, match="no dimension 'scenario'"):
        ps.compare(ps.project(baseline))


def test_without_a_scenario_the_baseline_is_simulated(baseline):
    alone = ps.simulate(baseline, draws=3)
    xr.testing.assert_identical(alone, ps.simulate(baseline, [], draws=3))
    assert alone["scenario"].values.tolist() == ["baseline"]
    nothing = r"nothing to compare with 'baseline'(.|\n)*at least one scenario more(.|\n)*fix: sim"
    with pytest.raises(InputError, match=nothing):
        ps.compare(alone)


def test_compare_says_which_variable_is_missing(baseline):
    some = ps.simulate(baseline, "ouhai", draws=2, variables=["births", "cost"])
    missing = r"the result has no population(.|\n)*dependency_ratio(.|\n)*variables="
    with pytest.raises(MissingVariableError, match=missing):
        ps.compare(some)


@pytest.mark.parametrize("lazy", [False, True])
def test_inputs_in_blocks_are_checked_too(districts, lazy):
    """At once where they are in memory, else by the block."""
    wrong = districts.assign(birth_order_share=districts["birth_order_share"] * 0.9)
    given = wrong.chunk(region=2) if lazy else wrong
    with pytest.raises(BoundsError, match="orders do not add up to one"):
        ps.simulate(given, draws=2, chunks={"region": 2})


@pytest.mark.parametrize(("option", "what"), [("outputs", "outputs"), ("sampling", "sampling")])
@pytest.mark.parametrize("chunks", [None, {"draw": 1}])
def test_options_are_words(baseline, option, what, chunks):
    for value in ("sideways", np.array(["full"]), np.array(["random"]), None):
        with pytest.raises(InputError, match=f"unknown.*{what}"):
            ps.simulate(baseline, [], draws=2, chunks=chunks, **{option: value})


def test_groups_of_ages_are_refused(baseline):
    wide = baseline.sel(age=slice(0, 100, 5), year=slice(None, None, 5))
    wide["mortality_rate"] = wide["mortality_rate"].where(wide["age"] > 0, 0.001)
    with pytest.raises(CoordinateError, match="goes by single years, the baseline by five years"):
        ps.simulate(wide, [], draws=2)


def test_migration_rates_per_1000_are_warned_of(baseline):
    given = baseline.drop_vars("net_migration_rate", errors="ignore")
    given = given.drop_vars(["net_migration", "net_migration_total"], errors="ignore")
    given["net_migration_rate"] = xr.full_like(given["mortality_rate"], 3.0)
    with pytest.warns(MigrationUnitWarning, match="divide rates per 1,000") as said:
        ps.simulate(given.isel(year=[0]), [], draws=1, variables="total_births")
    assert said[0].filename == __file__  # where simulate() was called
