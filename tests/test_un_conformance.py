"""Every engine against the UN's step, written out here once more, where migration empties groups.

The step of the UN Population Division's cohort-component code as METHODS states it, in plain
Python and person by person, sharing no line with the package. Groups are compared relative to the
people and migrants that went into them: what is left of a difference of thousands is no better
known than they are.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

import popsim as ps
from popsim.demography.mortality.survival import survival_ratio
from popsim.engine.parity import consistent_rates
from popsim.errors import MigrationAdjustmentWarning, PopsimWarning
from popsim.schema.checks import check_accounting

LEFT, LIFTED = 1e-5, 5e-4
FORMS = {"counts": "net_migration", "rates": "net_migration_rate", "totals": "net_migration_total"}


def un_step(P, S, f, srb, asked, n, even):
    """People at the end, births by age, deaths and migrants by sex and age, and their scale.

    ``P``, ``S`` and ``asked`` are lists by sex; ``asked`` net migrants in the step of n years.
    """
    last = len(P[0]) - 1
    M = [
        [LEFT - p if p + m <= 0 else m for p, m in zip(P[s], asked[s], strict=True)] for s in (0, 1)
    ]
    E, D, scale = ([[0.0] * (last + 1) for _ in (0, 1)] for _ in range(3))
    start = [[p + (m / 2 if even else 0) for p, m in zip(P[s], M[s], strict=True)] for s in (0, 1)]
    for s in (0, 1):
        for a in range(1, last + 1):
            from_below = start[s][a - 1] + (start[s][last] if a == last else 0.0)
            D[s][a] = from_below * (1 - S[s][a])
            E[s][a] = from_below - D[s][a] + (M[s][a] / 2 if even else 0)
            scale[s][a] = from_below + abs(M[s][a]) + P[s][a]
    B = [0.0] * (last + 1)
    for a in range(1, last):
        B[a] = n * f[a] * (start[0][a] + E[0][a]) / 2
    girls = sum(B) / (1 + srb)
    for s, born in enumerate((girls, sum(B) - girls)):
        D[s][0] = born * (1 - S[s][0])
        E[s][0] = born - D[s][0] + (M[s][0] / 2 if even else 0)
        scale[s][0] = born + abs(M[s][0]) + P[s][0]
    for s in (0, 1):
        for a in range(last + 1):
            E[s][a] += 0 if even else M[s][a]
            if E[s][a] < 0:
                E[s][a] = LIFTED
    return E, B, D, M, scale


def un_project(inputs, form, even):
    """All years: population, births, deaths, migrants (as the UN books them), and their scale."""
    n = int(inputs["age"][1] - inputs["age"][0])
    P = inputs["population"].values.tolist()
    stocks, flows = [P], []
    for t in range(inputs.sizes["year"]):
        year = inputs.isel(year=t)
        given = year[FORMS[form]].values
        if form == "counts":
            asked = [[n * m for m in sex] for sex in given.tolist()]
        else:
            everybody = sum(map(sum, P))
            rate = given if form == "rates" else np.full((2, len(P[0])), float(given) / everybody)
            asked = [
                [n * r * p for r, p in zip(*z, strict=True)] for z in zip(rate, P, strict=True)
            ]
        P, *flow = un_step(
            P, year["survival_ratio"].values.tolist(), year["fertility_rate"].values.tolist(),
            float(year["sex_ratio_at_birth"]), asked, n, even,
        )  # fmt: skip
        stocks.append(P)
        flows.append(flow)
    births, deaths, moved, scale = (np.array(f) for f in zip(*flows, strict=True))
    return np.array(stocks), births, deaths, moved, scale


def quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PopsimWarning)  # of moves that are meant to be absurd
        return function(*args, **kwargs)


def assert_conforms(result, un, tolerance=1e-12):
    """Population, births, deaths and the UN's migration of a full result, in each group."""
    people, births, deaths, moved, scale = un
    near = np.maximum.accumulate(scale, axis=0) + scale.max(axis=0)  # what went in, so far
    near = np.maximum(near, 1e-3)
    assert np.max(np.abs(result["population"].values[1:] - people[1:]) / near) <= tolerance
    assert np.max(np.abs(result["deaths"].values - deaths) / near) <= tolerance
    as_the_un = (result["net_migration"] - result["population_lift"]).values
    assert np.max(np.abs(as_the_un - moved) / near) <= tolerance
    ours = result["births"]
    ours = ours.sum("order").values if "order" in ours.dims else ours.values
    assert np.max(np.abs(ours - births) / np.maximum(near[:, 0], 1.0)) <= tolerance
    check_accounting(result, 1e-12)


def random_inputs(seed, form, width, ages=18, years=4):
    """A small population of which migration empties groups."""
    rng = np.random.default_rng(seed)
    people = rng.uniform(0, 100, (2, ages)) * (rng.random((2, ages)) > 0.15)
    fertility = np.zeros((years, ages))
    low = {1: 12, 5: 3}[width]
    fertility[:, low : low + 4] = rng.uniform(0, 0.04, (years, 4))
    by_age = ("year", "sex", "age")
    moves = {
        "counts": (by_age, rng.normal(0, 60, (years, 2, ages)) / width),
        "rates": (by_age, rng.normal(0, 0.6, (years, 2, ages)) / width),
        "totals": ("year", rng.normal(0, 900, years) / width),
    }[form]
    return xr.Dataset(
        {
            "population": (("sex", "age"), people),
            "survival_ratio": (by_age, rng.uniform(0.2, 1, (years, 2, ages))),
            "fertility_rate": (("year", "age"), fertility),
            "sex_ratio_at_birth": ("year", rng.uniform(1.0, 1.2, years)),
            FORMS[form]: moves,
        },
        coords={
            "sex": ["female", "male"],
            "age": np.arange(ages) * width,
            "year": 2000 + width * np.arange(years),
        },
    )


def by_parity(inputs, timing):
    """The same with all women childless, and conditional rates of first births that fit."""
    women = inputs["population"].sel(sex="female", drop=True).expand_dims(parity=range(4))
    women = women * xr.DataArray([1.0, 0.0, 0.0, 0.0], dims="parity")
    shares = xr.DataArray([1.0, 0.0, 0.0], dims="order", coords={"order": [1, 2, 3]})
    by_order = inputs["fertility_rate"] * shares
    given = inputs.assign(
        women_by_parity=women, fertility_rate_by_order=by_order.transpose("year", "order", "age")
    )
    rates = consistent_rates(given, timing=timing)["conditional_fertility_rate"]
    return inputs.drop_vars("fertility_rate").assign(
        women_by_parity=women, conditional_fertility_rate=rates
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    form=st.sampled_from(sorted(FORMS)),
    width=st.sampled_from((1, 5)),
    timing=st.sampled_from(("even", "end")),
)
def test_projections_have_the_uns_numbers_where_groups_are_emptied(seed, form, width, timing):
    inputs = random_inputs(seed, form, width)
    un = un_project(inputs, form, timing == "even")
    for given_ in (inputs, by_parity(inputs, timing)):
        full = quietly(ps.project, given_, timing=timing)
        assert_conforms(full, un)
        summary = quietly(ps.project, given_, timing=timing, outputs="summary")
        scale = un[4].max()
        off = summary["population_final"].values - full["population"].values[-1]
        assert np.abs(off).max() <= 1e-12 * scale
        for name in ("net_migration", "migration_adjustment", "population_lift", "deaths"):
            off = summary[name].values - full[name].sum("age").values
            assert np.abs(off).max() <= 1e-12 * scale, name


def test_the_examples_empty_groups_in_both_ways():
    """What the test above is about does happen in it: groups guarded, groups lifted."""
    for form in ("counts", "rates"):
        inputs = random_inputs(3, form, 1)
        result = quietly(ps.project, inputs)
        lifted = result["population_lift"].values > 0
        guarded = (result["migration_adjustment"] - result["population_lift"]).values > 1e-3
        assert lifted.any()
        assert guarded.any()
        assert (result["population"].values[1:][lifted] == LIFTED).all()


def small_case():
    """Fifteen single ages of which fifty people leave at the age of one, more than come to it."""
    people = np.array([10.0, 100.0, *[50.0] * 13])
    moves = np.zeros((1, 2, 15))
    moves[:, :, 1] = -50.0
    return xr.Dataset(
        {
            "population": (("sex", "age"), np.stack([people, people])),
            "survival_ratio": (("year", "sex", "age"), np.full((1, 2, 15), 0.9)),
            "fertility_rate": (("year", "age"), np.zeros((1, 15))),
            "sex_ratio_at_birth": ("year", [1.05]),
            "net_migration": (("year", "sex", "age"), moves),
        },
        coords={"sex": ["female", "male"], "age": np.arange(15), "year": [2000]},
    )


@pytest.mark.parametrize("with_parity", [False, True])
@pytest.mark.parametrize(("timing", "lift"), [("end", 41.0005), ("even", 16.0005)])
def test_a_group_below_zero_has_half_a_thousandth_of_a_person(with_parity, timing, lift):
    """9 come to the age of one and 50 leave; or 9 and 25 who leave at the end."""
    inputs = by_parity(small_case(), timing) if with_parity else small_case()
    with pytest.warns(MigrationAdjustmentWarning, match=r"emptied 2 age groups.*population_lift"):
        full = ps.project(inputs, timing=timing)
    assert full["population"].isel(time=1, age=1).values.tolist() == [LIFTED, LIFTED]
    at = full.isel(year=0, age=1)
    np.testing.assert_allclose(at["population_lift"], [lift, lift], rtol=1e-14)
    np.testing.assert_allclose(at["migration_adjustment"], [lift, lift], rtol=1e-14)
    np.testing.assert_allclose(at["net_migration"], [lift - 50.0] * 2, rtol=1e-14)
    check_accounting(full, 1e-14)
    summary = quietly(ps.project, inputs, timing=timing, outputs="summary")
    assert summary["population_final"].sel(age=1).values.tolist() == [LIFTED, LIFTED]
    np.testing.assert_allclose(summary["population_lift"], [[lift, lift]], rtol=1e-14)


def emptied_place(age=30):
    """A place of which far more women leave at an age than come to it, without other moves."""
    baseline = ps.load_baseline("ouhai", end=2021, migration="closed")
    few = xr.where(baseline["age"] == age - 1, 0.001, 1.0)
    moves = np.zeros((1, 2, baseline.sizes["age"]))
    moves[0, 0, age] = -0.5 * float(baseline["population"].sel(sex="female", age=age))
    return baseline.sel(year=[2021]).assign(
        population=baseline["population"] * few,
        women_by_parity=baseline["women_by_parity"] * few,
        net_migration=(("year", "sex", "age"), moves),
    )


@pytest.mark.slow
def test_simulations_lift_as_projections_do():
    baseline, age = emptied_place(), 30
    full = quietly(ps.project, baseline)
    lift = float(full["population_lift"].sum())
    assert float(full["population"].isel(time=1, sex=0, age=age)) == LIFTED
    every = quietly(ps.simulate, baseline, [], draws=1, vary=[], outputs="full").isel(
        scenario=0, draw=0
    )
    assert float(every["population"].isel(time=1, sex=0, age=age)) == LIFTED
    np.testing.assert_allclose(every["population_lift"], full["population_lift"], rtol=1e-12)
    check_accounting(every, 1e-12)
    names = ["population_final", "population_lift", "migration_adjustment", "net_migration"]
    for variables in (None, names):  # by parity, and the step without it
        few = quietly(ps.simulate, baseline, [], draws=1, vary=[], variables=variables).isel(
            scenario=0, draw=0
        )
        assert float(few["population_final"].isel(sex=0, age=age)) == LIFTED
        for name in names[1:3]:
            np.testing.assert_allclose(float(few[name].sum()), lift, rtol=1e-12)
        asked = float(baseline["net_migration"].sum())
        np.testing.assert_allclose(float(few["net_migration"].sum()) - lift, asked, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["counts", "rates"])
@pytest.mark.parametrize("seed", [1, 2])
def test_simulations_have_the_uns_numbers_where_groups_are_emptied(form, seed):
    """Above the ages of those who are born on the way, and births of all orders at every age."""
    rng = np.random.default_rng(seed)
    baseline = ps.load_baseline("ouhai", end=2025, migration="closed")
    people = baseline["population"].values
    spread = rng.normal(0, 0.8, (baseline.sizes["year"], *people.shape))
    moves = xr.DataArray(
        spread * people if form == "counts" else spread, dims=("year", "sex", "age")
    )
    inputs = baseline.assign({FORMS[form]: moves})
    by_ratio = survival_ratio(ps.life_table(inputs["mortality_rate"]))
    un = un_project(inputs.assign(survival_ratio=by_ratio), form, even=True)
    people, births, deaths, moved, scale = un
    near = scale.max(axis=0)
    every = quietly(ps.simulate, inputs, [], draws=1, vary=[], outputs="full").isel(
        scenario=0, draw=0
    )
    older = slice(baseline.sizes["year"], None)
    assert (every["population_lift"].values > 0).any()
    for ours, theirs in (
        (every["population"].values[1:], people[1:]),
        (every["deaths"].values, deaths),
        ((every["net_migration"] - every["population_lift"]).values, moved),
    ):
        assert np.max((np.abs(ours - theirs) / near)[..., older]) <= 1e-12
    totals = quietly(
        ps.simulate, inputs, [], draws=1, vary=[], variables=["total_births", "population_final"]
    ).isel(scenario=0, draw=0)
    np.testing.assert_allclose(totals["total_births"], births.sum(axis=1), rtol=1e-12)
    assert np.max(np.abs(totals["population_final"].values - people[-1]) / near) <= 1e-12


@pytest.mark.parametrize("country", ["Kuwait", "Mexico"])
@pytest.mark.parametrize("timing", ["even", "end"])
def test_countries_of_the_world(reference, country, timing):
    """By single ages to 2100; people and rates spread evenly within groups, which tests no less."""
    world = xr.load_dataset(reference / "wpp2024_countries.nc")
    one = world.isel(country=int(np.flatnonzero(world["name"].values == country)[0]))
    ages, years = np.arange(101), np.arange(2024, 2100)
    group = np.minimum(ages // 5, 20)
    people = one["population_mid_year"].sel(estimate_year=2023).values[:, group]
    people = people / np.where(ages < 100, 5.0, 1.0)
    at = np.clip(np.searchsorted(one["abridged_age"].values, ages, side="right") - 1, 0, 21)
    period = np.minimum((years - 1950) // 5, one.sizes["period"] - 1)
    rates = one["mortality_rate"].transpose("period", "sex", "abridged_age").values
    pattern = one["fertility_pattern_percent"].sel(year=years).transpose("year", "mother_age")
    fertility = np.zeros((len(years), 101))
    tfr = one["total_fertility_rate"].sel(year=years).values
    fertility[:, 10:55] = np.repeat(pattern.values, 5, axis=1) / 500.0 * tfr[:, None]
    coords = {"sex": ["female", "male"], "age": ages, "year": years}
    mortality = xr.DataArray(rates[period][:, :, at], coords, ("year", "sex", "age"))
    moves = one["net_migration_by_age"].sel(migration_year=years).values.astype(float)
    inputs = xr.Dataset(
        {
            "population": (("sex", "age"), people),
            "survival_ratio": survival_ratio(ps.life_table(mortality)),
            "fertility_rate": (("year", "age"), fertility),
            "sex_ratio_at_birth": ("year", np.full(len(years), 1.05)),
            "net_migration": (("year", "sex", "age"), moves),
        },
        coords=coords,
    )
    result = quietly(ps.project, inputs, timing=timing)
    people, births, deaths, moved, _ = un_project(inputs, "counts", timing == "even")
    # Cell by cell, as against the UN's code itself: 1e-15 as measured.
    np.testing.assert_allclose(result["population"].values[1:], people[1:], rtol=1e-12)
    np.testing.assert_allclose(result["births"].values, births, rtol=1e-12)
    np.testing.assert_allclose(result["deaths"].values, deaths, rtol=1e-12)
    as_the_un = (result["net_migration"] - result["population_lift"]).values
    np.testing.assert_allclose(as_the_un, moved, rtol=1e-12, atol=1e-9)  # less a lift: a difference
    assert (result["population_lift"].values > 0).any() == (country == "Kuwait")
