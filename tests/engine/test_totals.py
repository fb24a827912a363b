"""The baseline alone, without women by parity: blocks, draws by group, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.regions import load_regions
from popsim.engine.draws import Draws
from popsim.errors import BoundsError, MigrationAdjustmentWarning
from popsim.uncertainty import demographic_draws

ASKED = [
    "population", "population_final", "total_births", "total_fertility_rate", "deaths",
    "net_migration", "migration_adjustment", "dependency_ratio", "old_age_dependency_ratio",
]  # fmt: skip
SEEDS = {
    "fertility_factor": 4,
    "life_expectancy_shift": 4,
    "migration_shift": 4,
    "sex_ratio_factor": 4,
}


@pytest.fixture(scope="module")
def districts():
    return load_regions("huzhou", end=2025)


def drawn(baseline, seeds, chosen=slice(None), draws=12):
    return Draws(baseline, draws, seeds, chosen, sampling="random", intervals=None)


@pytest.mark.slow
def test_quantiles_are_those_of_the_draws(districts):
    """Streamed through a workspace that is used again, and all at once with the draws kept."""
    call = {"draws": 30, "seed": 2, "variables": ASKED}
    kept = ps.simulate(districts, [], **call)
    streamed = ps.simulate(districts, [], quantiles=(0.1, 0.5, 0.9), **call)
    for name in ASKED:
        at = kept[name].get_axis_num("draw")
        expected = np.quantile(kept[name].values, [0.1, 0.5, 0.9], axis=at)
        np.testing.assert_allclose(streamed[name].values, expected, rtol=1e-12, atol=1e-12)
        assert streamed[name].dims == ("quantile", *(d for d in kept[name].dims if d != "draw"))
        assert streamed[name].attrs == kept[name].attrs
        assert "draw" not in streamed.coords


@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, 60, 150])
def test_parts_and_threads_change_no_bit(districts, monkeypatch, cells):
    """One, two and five regions at a time, the last part smaller, by one thread and by two."""
    from popsim.kernels._jit import threads

    call = {"draws": 30, "seed": 2, "variables": ASKED, "quantiles": (0.25, 0.75)}
    whole = ps.simulate(districts, [], **call)
    monkeypatch.setattr("popsim.engine.totals._CELLS_AT_A_TIME", cells)
    for most in (1, 2, 5):
        with threads(most):
            xr.testing.assert_identical(ps.simulate(districts, [], **call), whole)


def test_death_rates_by_region_change_no_bit_of_a_region(districts):
    """Their survival is fitted block by block."""
    rates = districts["mortality_rate"]
    if "region" not in rates.dims:
        rates = rates.expand_dims(region=districts["region"])
    by_region = districts.assign(mortality_rate=rates)
    call = {"draws": 10, "seed": 2, "variables": ASKED, "quantiles": (0.5,)}
    together = ps.simulate(by_region, [], **call)
    alone = ps.simulate(by_region.isel(region=[1]), [], **call)
    xr.testing.assert_equal(alone, together.isel(region=[1]))


def test_draws_are_those_of_demography(districts):
    public = demographic_draws(districts, 12, 4)
    made = drawn(districts, SEEDS).dataset(public["year"].values)
    for name in SEEDS:
        assert np.array_equal(made[name].values, public[name].values), name
        assert made[name].dims == public[name].dims


def test_draws_of_some_regions_are_a_part_of_the_whole(districts):
    whole = drawn(districts, SEEDS)
    part = drawn(districts, SEEDS, chosen=slice(3, 7))
    for name in ("fertility_factor", "life_expectancy_shift", "migration_shift"):
        some = whole.of(name)[1:3, 3:7]
        assert np.array_equal(part.of(name, slice(1, 3)), some), name
    assert np.array_equal(part.of("sex_ratio_factor"), whole.of("sex_ratio_factor")[3:7])
    assert part.numbers.tolist() == [3, 4, 5, 6]


def test_what_is_not_drawn_stands_at_its_median(districts):
    held = {**SEEDS, "fertility_factor": None, "life_expectancy_shift": None}
    made = drawn(districts, held).dataset(districts["year"].values)
    assert (made["fertility_factor"] == 1.0).all()
    assert (made["life_expectancy_shift"] == 0.0).all()
    assert float(made["migration_shift"].std()) > 0.0


def emptying(districts, *numbers):
    """Districts that lose more men of 30 than there are, in 2023."""
    people = districts["population"]
    flows = xr.zeros_like(people).expand_dims(year=districts["year"]).copy()
    some = people["region"][list(numbers)]
    flows.loc[{"year": 2023, "sex": "male", "age": 30, "region": some}] = -1e9
    forms = ("net_migration", "net_migration_rate", "net_migration_total")
    inputs = districts.drop_vars([f for f in forms if f in districts])
    return inputs.assign(net_migration=flows.transpose("region", "year", "sex", "age"))


@pytest.mark.parametrize("variables", [["total_births"], ["births"]])
@pytest.mark.parametrize("quantiles", [None, (0.5,)])
def test_migration_that_empties_a_group_is_said_once(districts, variables, quantiles, monkeypatch):
    """Also where regions are worked off one by one, and to the caller."""
    monkeypatch.setattr("popsim.engine.totals._CELLS_AT_A_TIME", 1)
    monkeypatch.setattr("popsim.engine.plan._CELLS_A_BLOCK", 1)
    given = emptying(districts, 1, 3)
    region = str(given["region"].values[1])
    where = rf"emptied 10 age groups(.|\n)*year=2023, scenario=baseline, region={region}, draw=0"
    with pytest.warns(MigrationAdjustmentWarning, match=where) as said:
        ps.simulate(given, [], draws=5, variables=variables, quantiles=quantiles)
    assert [warning.filename for warning in said] == [__file__]


def test_the_adjustment_of_one_region_is_forgotten_before_the_next(districts, monkeypatch):
    """Regions one after another in the same workspace."""
    from popsim.kernels._jit import threads

    monkeypatch.setattr("popsim.engine.totals._CELLS_AT_A_TIME", 1)
    with threads(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", MigrationAdjustmentWarning)
        call = {"draws": 5, "variables": ["migration_adjustment"], "quantiles": (0.5,)}
        altered = ps.simulate(emptying(districts, 1), [], **call)["migration_adjustment"]
    by_region = abs(altered).sum(["quantile", "scenario", "year", "sex"])
    assert (by_region > 0.0).values.tolist() == [k == 1 for k in range(by_region.size)]


def test_a_region_without_working_ages_has_no_dependency_ratio(districts):
    people = districts["population"].copy()
    nobody = {"region": people["region"][2], "age": slice(15, 64)}
    people.loc[nobody] = 0.0
    women = people.sel(sex="female", drop=True) * (
        districts["women_by_parity"] / districts["women_by_parity"].sum("parity")
    ).fillna(0.25)
    forms = ("net_migration", "net_migration_rate", "net_migration_total")
    given = districts.drop_vars([f for f in forms if f in districts]).assign(
        population=people, women_by_parity=women.transpose(*districts["women_by_parity"].dims)
    )
    label = str(given["region"].values[2])
    call = {"draws": 3, "variables": ["dependency_ratio"]}
    with pytest.raises(BoundsError, match=rf"no one of working age(.|\n)*region={label}"):
        ps.simulate(given, [], quantiles=(0.5,), **call)
    with pytest.raises(BoundsError, match=rf"no one of working age(.|\n)*region={label}"):
        ps.simulate(given, [], **call)
