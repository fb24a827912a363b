"""Draws of a baseline: the nation's meet WPP, places deviate as stated, bits do not move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim.errors import (
    BoundsError,
    CoordinateError,
    InputError,
    MissingVariableError,
)
from popsim.uncertainty import demographic_draws
from popsim.uncertainty.assumptions import PLACE, assumption
from popsim.uncertainty.intervals import calibrate_to_intervals, published_intervals
from popsim.uncertainty.mortality import shift_reach

VARIABLES = ["fertility_factor", "life_expectancy_shift", "migration_shift", "sex_ratio_factor"]
NATION = xr.Dataset(
    {"net_migration_total": 0.0},
    coords={"year": np.arange(2021, 2101)},
    attrs={"nation": "China", "scope": "nation"},
)
LABELS = ["ouhai", "cixi", "huzhou", "wuxing"]
REGIONS = xr.Dataset(
    {"net_migration_total": 0.0},
    coords={
        "year": np.arange(2021, 2046),
        "region": LABELS,
        "province": ("region", ["zj", "zj", "js", "zj"]),
    },
    attrs={"nation": "China"},
)


@pytest.mark.parametrize("seed", [0, 7])
def test_the_nations_paths_meet_the_bounds_of_wpp(reference, seed):
    """1,000 stratified draws: total fertility within 0.03, life expectancy within 0.5 years."""
    wpp = pd.read_csv(reference / "wpp2024_china_annual.csv").set_index("year")
    at = [2030, 2050, 2075, 2100]
    drawn = demographic_draws(NATION, 1000, seed, sampling="latin_hypercube").sel(year=at)
    ends = {0.1: "80l", 0.9: "80u", 0.025: "95l", 0.975: "95u"}
    for column, paths, within in (
        ("tfr", drawn.fertility_factor * wpp["tfr"].loc[at].to_numpy(), 0.03),
        ("e0F", drawn.life_expectancy_shift.sel(sex="female") + wpp["e0F"].loc[at].to_numpy(), 0.5),
        ("e0M", drawn.life_expectancy_shift.sel(sex="male") + wpp["e0M"].loc[at].to_numpy(), 0.5),
    ):
        for q, end in ends.items():
            wanted = wpp[f"{column}_{end}"].loc[at].to_numpy()
            assert abs(paths.quantile(q, "draw").values - wanted).max() < within


@pytest.mark.slow
def test_random_draws_meet_the_bounds_but_for_their_sampling_error():
    """With 20,000 draws the 2.5 % quantile has an error of 0.019 widths, at most 0.0065."""
    bounds = published_intervals()["fertility"]
    drawn = demographic_draws(NATION, 20_000, 3).fertility_factor.sel(year=[2050, 2100])
    paths = drawn * bounds.central(np.array([2050, 2100]))
    for q, name in ((0.025, "lower_95"), (0.1, "lower_80"), (0.9, "upper_80"), (0.975, "upper_95")):
        wanted = getattr(bounds, name)[np.isin(bounds.years, [2050, 2100])]
        np.testing.assert_allclose(paths.quantile(q, "draw"), wanted, atol=0.03)


def test_observed_years_have_no_spread_and_the_sexes_move_together():
    drawn = demographic_draws(NATION, 50, 1)
    observed = drawn.sel(year=slice(None, 2023))
    for name in ("fertility_factor", "sex_ratio_factor"):
        assert (observed[name] == 1.0).all()
    assert (observed["life_expectancy_shift"] == 0.0).all()
    later = drawn["life_expectancy_shift"].sel(year=2060)
    assert (np.sign(later.sel(sex="female")) == np.sign(later.sel(sex="male"))).all()


def test_dims_and_attributes():
    alone = demographic_draws(NATION, 4, 1)
    assert [alone[n].dims for n in VARIABLES] == [
        ("draw", "year"),
        ("draw", "year", "sex"),
        ("draw", "year"),
        ("draw", "year"),
    ]
    several = demographic_draws(REGIONS, 4, 1)
    assert several.life_expectancy_shift.dims == ("region", "draw", "year", "sex")
    assert several.sex_ratio_factor.dims == ("draw", "year")
    assert several.province.values.tolist() == ["zj", "zj", "js", "zj"]
    assert several.migration_shift.attrs["units"] == "net migrants per person and year"
    assert (several.attrs["seed"], several.attrs["draws"]) == (1, 4)


@pytest.mark.parametrize("sampling", ["random", "sobol", "latin_hypercube"])
def test_a_region_alone_draws_what_it_draws_among_others(sampling):
    whole = demographic_draws(REGIONS, 64, 5, sampling=sampling)
    mixed = demographic_draws(REGIONS.isel(region=[3, 0]), 64, 5, sampling=sampling)
    alone = demographic_draws(REGIONS.isel(region=2), 64, 5, sampling=sampling)
    for name in VARIABLES[:3]:
        np.testing.assert_array_equal(mixed[name], whole[name].isel(region=[3, 0]))
        np.testing.assert_array_equal(alone[name], whole[name].isel(region=2))


def test_a_place_by_name_is_the_region_of_that_label():
    regions = REGIONS.drop_vars("province")
    named = regions.isel(region=0, drop=True).assign_attrs(place="ouhai")
    for name in VARIABLES[:3]:
        np.testing.assert_array_equal(
            demographic_draws(named, 10, 2)[name],
            demographic_draws(regions, 10, 2)[name].sel(region="ouhai"),
        )


def test_the_nation_among_places_has_no_deviation_of_its_own_whatever_it_is_called():
    with_nation = REGIONS.assign_coords(
        region=["middle_kingdom", *LABELS[1:]], scope=("region", ["nation", *["place"] * 3])
    )
    drawn = demographic_draws(with_nation, 10, 2)
    nation = demographic_draws(NATION.sel(year=REGIONS.year), 10, 2)
    for name in VARIABLES[:3]:
        itself = drawn[name].sel(region="middle_kingdom")
        np.testing.assert_array_equal(itself, nation[name])
        assert (drawn[name].sel(region="cixi") != nation[name]).any()
    # chosen alone it still says what it is
    alone = demographic_draws(with_nation.isel(region=0), 10, 2)
    np.testing.assert_array_equal(alone.fertility_factor, nation.fertility_factor)


def test_a_place_named_china_is_a_place():
    named = NATION.assign_attrs(place="china", scope="place")
    drawn, nation = demographic_draws(named, 10, 2), demographic_draws(NATION, 10, 2)
    for name in VARIABLES[:3]:
        assert (drawn[name] != nation[name]).any()
    np.testing.assert_array_equal(drawn.sex_ratio_factor, nation.sex_ratio_factor)


def test_fewer_draws_and_years_are_the_first_of_more():
    whole = demographic_draws(REGIONS, 200, 5)
    part = demographic_draws(REGIONS.isel(year=slice(0, 9)), 70, 5)
    for name in VARIABLES:
        np.testing.assert_array_equal(part[name], whole[name].isel(draw=slice(70), year=slice(9)))


def test_places_deviate_as_the_table_says():
    drawn = demographic_draws(REGIONS, 8000, 11)
    nation = demographic_draws(NATION.sel(year=REGIONS.year), 8000, 11)
    own = drawn.fertility_factor / nation.fertility_factor - 1.0
    lives = drawn.life_expectancy_shift - nation.life_expectancy_shift
    at = {"year": [2021, 2040]}
    for deviation, quantity in ((own, "fertility"), (lives.isel(sex=0), "life_expectancy")):
        wanted = assumption(PLACE, quantity, "deviation")
        np.testing.assert_allclose(
            deviation.sel(at).std("draw"), wanted, rtol=0.04
        )  # 5 se of 8,000
        r = np.corrcoef(deviation.sel(year=2040))
        common = assumption(PLACE, quantity, "neighbour_correlation")
        assert r[0, 1] == pytest.approx(common, abs=0.05)
        assert r[0, 2] == pytest.approx(0.0, abs=0.056)  # another province
        both = np.corrcoef(deviation.sel(region="ouhai", year=[2039, 2040]).T)[0, 1]
        assert both == pytest.approx(assumption(PLACE, quantity, "correlation"), abs=0.01)


def test_seeds_and_quantities_differ():
    one, other = (demographic_draws(NATION, 100, s).fertility_factor.sel(year=2060) for s in (1, 2))
    assert not (one == other).any()
    drawn = demographic_draws(NATION, 4000, 1).sel(year=2060)
    r = np.corrcoef(drawn.fertility_factor, drawn.life_expectancy_shift.sel(sex="male"))[0, 1]
    assert abs(r) < 0.08  # five standard errors


def test_a_correlation_between_quantities():
    names = ["fertility", "migration"]
    wish = pd.DataFrame([[1.0, 0.7], [0.7, 1.0]], index=names, columns=names)
    drawn = demographic_draws(NATION, 4000, 1, correlation=wish).sel(year=2060)
    rank = [np.argsort(np.argsort(drawn[n])) for n in ("fertility_factor", "migration_shift")]
    # Spearman's of a normal correlation of 0.7 is 6/pi asin(0.35)
    assert np.corrcoef(rank)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(0.35), abs=0.05)
    free = demographic_draws(NATION, 4000, 1).sel(year=2060)
    np.testing.assert_array_equal(drawn.life_expectancy_shift, free.life_expectancy_shift)


def test_a_closed_population_stays_closed():
    assert (
        demographic_draws(NATION.drop_vars("net_migration_total"), 5, 1).migration_shift == 0
    ).all()
    assert (
        demographic_draws(REGIONS.drop_vars("net_migration_total"), 5, 1).migration_shift == 0
    ).all()


def test_shifts_stay_within_reach_and_cuts_are_counted():
    drawn = demographic_draws(REGIONS.isel(year=slice(0, 3)), 50_000, 1)
    ends = shift_reach(REGIONS.year.values[:3])
    shift = drawn.life_expectancy_shift
    assert (shift >= ends.sel(end="least")).all()
    assert (shift <= ends.sel(end="greatest")).all()
    at_end = (shift == ends.sel(end="least")) | (shift == ends.sel(end="greatest"))
    # 1.2 million numbers, of which 6 in 100,000 are beyond four standard deviations
    assert 0 < drawn.attrs["life_expectancy_cut"] == int(at_end.sum()) < 400


def test_a_users_intervals_take_the_place_of_wpps():
    mine = calibrate_to_intervals([2021, 2100], [2.0, 2.0], [1.8, 1.8], [2.4, 2.4], correlation=0.9)
    drawn = demographic_draws(
        NATION, 1000, 1, sampling="latin_hypercube", intervals={"fertility": mine}
    )
    q = drawn.fertility_factor.quantile([0.1, 0.9], "draw")
    np.testing.assert_allclose(q, [[0.9] * 80, [1.2] * 80], atol=0.003)  # half a stratum
    other = demographic_draws(NATION, 1000, 1, sampling="latin_hypercube")
    np.testing.assert_array_equal(drawn.migration_shift, other.migration_shift)


@pytest.mark.parametrize("scope", ["nation", "place"])
def test_a_users_intervals_are_met_as_given_whatever_the_baseline_is(scope):
    mine = calibrate_to_intervals([2021, 2100], [2.0, 2.0], [1.8, 1.8], [2.4, 2.4], correlation=0.9)
    lives = calibrate_to_intervals([2021], [80.0], [78.0], [82.0], correlation=0.98)
    flows = calibrate_to_intervals([2021], [0.0], [-0.002], [0.002], correlation=0.9)
    given = {
        "fertility": mine,
        "life_expectancy_female": lives,
        "life_expectancy_male": lives,
        "migration": flows,
    }
    baseline = NATION.assign_attrs(scope=scope, nation="Atlantis")
    drawn = demographic_draws(baseline, 1000, 1, sampling="latin_hypercube", intervals=given)
    ends = drawn.sel(year=[2030, 2090]).quantile([0.1, 0.9], "draw")
    # half of a stratum of 1,000
    np.testing.assert_allclose(ends.fertility_factor, [[0.9] * 2, [1.2] * 2], atol=0.003)
    np.testing.assert_allclose(ends.migration_shift, [[-0.002] * 2, [0.002] * 2], atol=2e-5)
    shifts = ends.life_expectancy_shift.values
    np.testing.assert_allclose(shifts, np.broadcast_to([[[-2.0]], [[2.0]]], (2, 2, 2)), atol=0.02)


def test_a_quantity_without_a_users_intervals_keeps_the_deviations_of_a_place():
    place = NATION.assign_attrs(scope="place")
    flows = calibrate_to_intervals([2021], [0.0], [-0.002], [0.002], correlation=0.9)
    lives = calibrate_to_intervals([2021], [80.0], [78.0], [82.0], correlation=0.98)
    default = demographic_draws(place, 10, 1)
    drawn = demographic_draws(
        place, 10, 1, intervals={"migration": flows, "life_expectancy_male": lives}
    )
    nation = demographic_draws(
        NATION, 10, 1, intervals={"migration": flows, "life_expectancy_male": lives}
    )
    np.testing.assert_array_equal(drawn.fertility_factor, default.fertility_factor)
    np.testing.assert_array_equal(drawn.migration_shift, nation.migration_shift)
    for sex, other in (("male", nation), ("female", default)):
        np.testing.assert_array_equal(
            drawn.life_expectancy_shift.sel(sex=sex), other.life_expectancy_shift.sel(sex=sex)
        )


@pytest.mark.slow
def test_population_intervals_are_as_wide_as_wpps(reference):
    """The correlation of deviations over time is chosen so; 15 % either way."""
    wpp = pd.read_csv(reference / "wpp2024_china_annual.csv").set_index("year")
    from popsim.demography.migration.mobility import mobility
    from popsim.uncertainty.mortality import survival_at, survival_polynomial

    base = ps.load_baseline("china", end=2050)
    drawn = demographic_draws(base, 200, 0, sampling="latin_hypercube")
    ratios = survival_at(
        survival_polynomial(base["mortality_rate"]), drawn["life_expectancy_shift"]
    )
    moves = (
        base["net_migration"]
        + drawn["migration_shift"] * mobility(base["population"]) * base["population"]
    )
    result = ps.project(
        base.drop_vars("mortality_rate").assign(
            fertility_rate=base["fertility_rate"] * drawn["fertility_factor"],
            survival_ratio=ratios,
            net_migration=moves,
            sex_ratio_at_birth=base["sex_ratio_at_birth"] * drawn["sex_ratio_factor"],
        ),
        outputs="summary",
    )
    people = result["population"]
    people = people.sum([d for d in people.dims if d not in ("draw", "time")]) / 1e3
    for year in (2030, 2050):
        low, high = people.sel(time=year + 1).quantile([0.1, 0.9], "draw").values
        wanted = wpp["pop_80u"].loc[year] - wpp["pop_80l"].loc[year]
        assert (high - low) / wanted == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("baseline", "settings", "error", "message"),
    [
        (NATION, {"draws": 0}, BoundsError, "draws is not a whole number from 1"),
        (NATION, {"seed": -1}, BoundsError, "seed is not a whole number from 0"),
        (NATION, {"sampling": "halton"}, InputError, "unknown way of sampling"),
        (NATION, {"intervals": {"fertilty": None}}, InputError, "no quantity 'fertilty'"),
        (NATION.isel(year=[0, 2]), {}, CoordinateError, "have gaps"),
        (xr.Dataset(), {}, MissingVariableError, "no years"),
        (
            xr.Dataset({"births": ("region", [1.0, 2.0])}, coords={"year": [2021]}),
            {},
            CoordinateError,
            "no labels",
        ),
        (
            REGIONS.assign_coords(region=["a", "b", "a", "c"]),
            {},
            CoordinateError,
            "two regions have one label",
        ),
        (
            NATION,
            {"correlation": pd.DataFrame([[1.0]], index=["births"], columns=["births"])},
            CoordinateError,
            "does not name the quantities",
        ),
        (
            NATION,
            {
                "intervals": {
                    "fertility": calibrate_to_intervals(
                        [2024], [0.0], [-1.0], [1.0], correlation=0.9
                    )
                }
            },
            BoundsError,
            "median of fertility is not above 0",
        ),
        (
            NATION,
            {
                "intervals": {
                    "life_expectancy_male": calibrate_to_intervals(
                        [2024], [80.0], [79.0], [81.0], correlation=0.5
                    )
                }
            },
            InputError,
            "must last equally long",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(baseline, settings, error, message):
    given = {"draws": 5, "seed": 1, **settings}
    with pytest.raises(error, match=message):
        demographic_draws(baseline, **given)
