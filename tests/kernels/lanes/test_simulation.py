"""The simulation kernel against its slow reference, and against itself in other company."""

from __future__ import annotations

import numpy as np
import pytest

from popsim.kernels import _jit
from popsim.kernels.lanes import reference as simulation_reference, simulation
from popsim.kernels.lanes.inputs import (
    BY_ORDER,
    CHILD_AGES,
    FIRST_COME,
    PRO_RATA,
    Demography,
    EveryAge,
    Policy,
    Summary,
)
from popsim.kernels.lanes.width import LANES
from popsim.kernels.lanes.women import DISPLACED, LOST, MOVED, REORDERED
from popsim.kernels.step import cohort

MODES = (cohort.CLOSED, cohort.COUNTS, cohort.RATES, cohort.TOTAL)
AGES, YEARS, FIRST, LAST = 54, 6, 12, 50
STATE = 2 * AGES
BORDERS = np.array([0, 3, 6, 15, 20, 35, 50, AGES])
CHILD_BORDERS = np.array([0, 3, 6, 12, 15, 18])


def random_demography(rng, mode, regions, draws, *, harsh=False, degree=4, ceiling=0.5):
    """Regions times draws; where ``harsh``, groups are empty and migration empties others."""
    cells = regions * draws
    region = np.repeat(np.arange(regions), draws)
    population = rng.uniform(50, 150, (regions, STATE))
    shares = rng.dirichlet([3.0, 2.0, 2.0, 0.5], (regions, AGES)).transpose(0, 2, 1)
    shares[:, :, :FIRST] = np.array([1.0, 0.0, 0.0, 0.0])[:, None]
    if harsh:
        population[rng.random(population.shape) < 0.05] = 0.0
        shares = rng.dirichlet(np.full(4, 0.2), (regions, AGES)).transpose(0, 2, 1)
        shares[:, 1:, 20:24] = 0.0  # ages at which all are childless
        shares[:, 0, 20:24] = 1.0
    children = rng.dirichlet(np.ones(3), (regions, 18)).transpose(0, 2, 1)
    under_18 = population.reshape(regions, 2, AGES)[:, :, :18].sum(axis=1)
    spread = 40.0 if harsh else 2.0
    shape = {cohort.TOTAL: (regions, YEARS, 1), cohort.CLOSED: (regions, YEARS, 1)}.get(
        mode, (regions, YEARS, STATE)
    )
    size = {cohort.RATES: spread / 80.0, cohort.TOTAL: spread * 10.0}.get(mode, spread)
    mobility = rng.uniform(0, 1, (regions, *shape[2:]))
    mobility *= {cohort.COUNTS: 100.0, cohort.TOTAL: 5000.0}.get(mode, 1.0)
    fertility = np.zeros((regions, YEARS, AGES))
    fertility[..., FIRST:LAST] = rng.uniform(0, 0.12, (regions, YEARS, LAST - FIRST))
    rates = np.zeros((regions, YEARS, 4, AGES))
    rates[..., FIRST:LAST] = rng.uniform(0, 0.3, (regions, YEARS, 4, LAST - FIRST))
    if harsh:
        fertility[..., 30] = 0.0
        rates[..., 1:, 22] = 0.2
        rates[:, :, 0, 22] = 0.0
    survival = rng.normal(0, 0.001, (regions, YEARS, degree + 1, STATE))
    survival[:, :, 0] = rng.uniform(0.9, 1.0, (regions, YEARS, STATE))
    demography = Demography(
        population=population,
        population_index=region,
        children=children * under_18[:, None],
        mobility=mobility,
        women=shares * population[:, None, :AGES],
        women_index=region,
        survival=survival,
        survival_index=region,
        shift=rng.normal(0, 2.0, (cells, YEARS, 2)),
        fertility=fertility,
        fertility_index=region,
        rates=rates,
        rates_index=region,
        luck=rng.uniform(0.7, 1.3, (cells, YEARS)),
        srb=rng.uniform(1.0, 1.2, (regions, YEARS)),
        srb_index=region,
        srb_factor=rng.uniform(0.98, 1.02, (cells, YEARS)),
        migration=rng.normal(0, size, shape),
        migration_index=region,
        migration_shift=rng.normal(0, 0.01, (cells, YEARS)),
        mode=mode,
        first=FIRST,
        last=LAST,
        ceiling=ceiling,
    )
    # As the engine hands them over: other strides would be compiled for anew.
    contiguous = (np.ascontiguousarray(v) if np.ndim(v) else v for v in demography)
    return Demography(*contiguous)


def random_policy(rng, regions, draws, packages=3, instruments=3, *, closed=True):
    """Packages of every rule; caps that bind in about half of the years."""
    rows, bands = regions * draws, 4
    pay = rng.uniform(0, 1e4, (packages, instruments, YEARS, 3, CHILD_AGES))
    pay[rng.random(pay.shape) < 0.5] = 0.0
    cap = rng.uniform(0.5, 1.5, (packages, YEARS)) * 1e4 * 0.25 * 150 * 3 * CHILD_AGES / 3
    cap[:, -1] = np.inf
    other = rng.normal(0, 0.05, (packages, rows, YEARS, 3, bands))
    return Policy(
        row_index=np.arange(rows),
        paid=rng.uniform(0, 0.2, (packages, rows, YEARS, 3)),
        other=other * (rng.random(other.shape) < 0.7),
        strongest=rng.uniform(0.0, 0.1, (packages, rows, YEARS, 3, bands)),
        band=np.searchsorted([20, 30, 35], np.arange(AGES), side="right").astype(np.int64),
        overlap=rng.uniform(0.7, 1.0, (packages, rows)),
        largest=rng.uniform(0.3, 0.6, packages),
        largest_gain=np.array([0.2, 0.02, 10.0])[np.arange(packages) % 3],
        used_places=rng.uniform(0, 400, (packages + 1, rows, YEARS)),
        care_effect=rng.uniform(0, 0.3, (packages, rows)),
        care_quantum=rng.uniform(0, 1, (packages, rows)),
        lag=rng.uniform(0, 1, (packages, rows)),
        timing=np.tile([1.0, 0.5, -0.5, -1.0], (packages, 1)),
        closed=closed,
        pay=pay,
        reach=rng.uniform(0.3, 1.0, (packages, instruments, rows)),
        cap=cap,
        capped=rng.integers(0, 2, (packages, instruments)).astype(float),
        rule=np.array([PRO_RATA, FIRST_COME, BY_ORDER])[np.arange(packages) % 3],
    )


def allocate(demography, policy, every_age=True):
    cells, packages, instruments = len(demography.luck), *policy.reach.shape[:2]
    s, t, nan = packages + 1, YEARS, np.nan
    summary = Summary(
        population=np.full((s, cells, t + 1, 2, len(BORDERS) - 1), nan),
        births=np.full((s, cells, t, 3), nan),
        fertility=np.full((s, cells, t), nan),
        deaths=np.full((s, cells, t, 2), nan),
        migration=np.zeros((s, cells, t, 2)),
        adjustment=np.zeros((s, cells, t, 2)),
        lift=np.zeros((s, cells, t, 2)),
        altered=np.full((s, cells, t), -1),
        women=np.full((s, cells, t + 1, 4), nan),
        completed=np.full((s, cells, t + 1, 4), nan),
        children=np.full((s, cells, t + 1, 3, len(CHILD_BORDERS) - 1), nan),
        coverage=np.full((s, cells, t), nan),
        cost=np.full((packages, cells, t, instruments, 3), nan),
        deadweight=np.full((packages, cells, t, instruments), nan),
        shortfall=np.full((packages, cells, t), nan),
        final=np.full((s, cells, STATE), nan),
        moved=np.full((cells, t, MOVED), nan),
    )
    some = cells if every_age else 0
    every = EveryAge(
        population=np.zeros((s, some, t + 1, STATE)),
        women=np.zeros((s, some, t + 1, 4, AGES)),
        births=np.zeros((s, some, t, 3, AGES)),
        deaths=np.zeros((s, some, t, STATE)),
        migration=np.zeros((s, some, t, STATE)),
        adjustment=np.zeros((s, some, t, STATE)),
        lift=np.zeros((s, some, t, STATE)),
    )
    return summary, every


def run(demography, policy, every_age=True, kernel=simulation.simulate):
    summary, every = allocate(demography, policy, every_age)
    kernel(demography, policy, BORDERS, CHILD_BORDERS, summary, every)
    return summary, every


def cells_first(name, values):
    """An output of the kernel with its cells on the first axis; scenarios come before most."""
    return values if name == "moved" else np.moveaxis(values, 1, 0)


def named(summary, every):
    yield from summary._asdict().items()
    yield from (("every " + name, values) for name, values in every._asdict().items())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("harsh", [False, True])
@pytest.mark.parametrize("every_age", [True, False])
def test_equals_the_slow_reference(mode, harsh, every_age):
    rng = np.random.default_rng([mode, harsh])
    demography = random_demography(rng, mode, 2, 2, harsh=harsh, ceiling=0.25)
    policy = random_policy(rng, 2, 2, closed=not harsh)
    got = run(demography, policy, every_age)
    slow = run(demography, policy, every_age, simulation_reference.simulate)
    for (name, ours), (_, theirs) in zip(named(*got), named(*slow), strict=True):
        # The same operations in another order: some rounding errors of the largest terms.
        scale = max(1.0, np.abs(theirs).max(initial=0.0))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale, err_msg=name)


@pytest.mark.parametrize(("highest", "lost"), [(1.6, False), (4.0, True)])
@pytest.mark.parametrize("mode", MODES)
def test_births_that_are_too_many_move_and_are_lost_at_last(mode, highest, lost):
    """More births at some ages than women there can bear, or at all ages, on a few parities."""
    rng = np.random.default_rng([mode, 29])
    demography = random_demography(rng, mode, 2, 2, harsh=True)
    fertility = demography.fertility.copy()
    high = slice(FIRST, LAST) if lost else slice(20, 24)
    fertility[..., high] = rng.uniform(0.5, highest, fertility[..., high].shape)
    demography = demography._replace(fertility=fertility)
    policy = random_policy(rng, 2, 2, packages=1)
    got = run(demography, policy)
    slow = run(demography, policy, True, simulation_reference.simulate)
    for (name, ours), (_, theirs) in zip(named(*got), named(*slow), strict=True):
        scale = max(1.0, np.abs(theirs).max(initial=0.0))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale, err_msg=name)
    assert (got[0].moved[..., REORDERED] > 0.0).any()
    assert (got[0].moved[..., DISPLACED] > 0.0).any()
    assert (got[0].moved[..., LOST] > 1e-6).any() == lost
    assert got[1].women.min() >= 0.0


@pytest.mark.parametrize("mode", MODES)
def test_rates_that_all_lanes_share_equal_the_slow_reference(mode):
    """Survival as given and migration that is not drawn: another walk than for drawn rates."""
    rng = np.random.default_rng([mode, 3])
    demography = random_demography(rng, mode, 2, 2, harsh=mode == cohort.COUNTS, degree=0)
    demography = demography._replace(migration_shift=0.0 * demography.migration_shift)
    policy = random_policy(rng, 2, 2, packages=1)
    got = run(demography, policy, every_age=False)
    slow = run(demography, policy, False, simulation_reference.simulate)
    for (name, ours), (_, theirs) in zip(named(*got), named(*slow), strict=True):
        # The same operations in another order: some rounding errors of the largest terms.
        scale = max(1.0, np.abs(theirs).max(initial=0.0))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale, err_msg=name)


def only(demography, policy, cells):
    """The inputs of some of the cells."""
    part = {}
    for name, values in demography._asdict().items():
        by_cell = name.endswith("_index") or name in (
            "shift", "luck", "srb_factor", "migration_shift",
        )  # fmt: skip
        part[name] = values[cells] if by_cell else values
    return Demography(**part), policy._replace(row_index=policy.row_index[cells])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("every_age", [True, False])
@pytest.mark.parametrize("degree", [0, 4])
@pytest.mark.parametrize("harsh", [True, False])
def test_a_cell_alone_equals_the_cell_in_a_block_bit_for_bit(mode, every_age, degree, harsh):
    rng = np.random.default_rng(mode)
    draws = LANES + 3  # a full block and one that is filled up, in each of two regions
    demography = random_demography(rng, mode, 2, draws, harsh=harsh, degree=degree, ceiling=0.25)
    policy = random_policy(rng, 2, draws)
    whole = dict(named(*run(demography, policy, every_age)))
    for cell in (0, 1, LANES - 1, LANES, draws, 2 * draws - 1):
        alone = run(*only(demography, policy, slice(cell, cell + 1)), every_age)
        for name, ours in named(*alone):
            ours, theirs = cells_first(name, ours), cells_first(name, whole[name])
            assert np.array_equal(ours, theirs[cell : cell + 1][: len(ours)]), name


def test_mothers_at_an_age_where_others_are_childless_change_nothing_for_them():
    """From which age women are followed by parity depends on the block, the numbers do not."""
    rng = np.random.default_rng(19)
    demography = random_demography(rng, cohort.RATES, 1, 2)
    policy = random_policy(rng, 1, 2)
    other = demography.women.copy()
    other[:, 1, 5], other[:, 0, 5] = other[:, 0, 5], 0.0  # all of the girls of age 5
    apart = demography._replace(
        women=np.concatenate([demography.women, other]), women_index=np.array([0, 1])
    )
    together = run(apart, policy, every_age=False)
    alone = run(*only(apart, policy, slice(0, 1)), every_age=False)
    for (name, ours), (_, theirs) in zip(named(*alone), named(*together), strict=True):
        ours, theirs = cells_first(name, ours), cells_first(name, theirs)
        assert np.array_equal(ours, theirs[: len(ours)]), name


def test_packages_without_effect_have_the_births_of_the_baseline_bit_for_bit():
    rng = np.random.default_rng(23)
    demography = random_demography(rng, cohort.RATES, 2, 3, harsh=True, ceiling=0.25)
    policy = random_policy(rng, 2, 3, packages=1)
    policy = policy._replace(
        paid=0.0 * policy.paid,
        other=0.0 * policy.other,
        strongest=0.0 * policy.strongest,
        care_effect=0.0 * policy.care_effect,
    )
    summary, every = run(demography, policy)
    for values in (summary.births, summary.population, summary.women, every.births):
        assert np.array_equal(values[1], values[0])


def test_women_and_rates_that_differ_by_draw_give_the_bits_of_shared_ones():
    rng = np.random.default_rng(9)
    demography = random_demography(rng, cohort.COUNTS, 1, 5)
    policy = random_policy(rng, 1, 5)
    own = np.arange(5)
    copies = demography._replace(
        women=np.repeat(demography.women, 5, axis=0),
        women_index=own,
        fertility=np.repeat(demography.fertility, 5, axis=0),
        fertility_index=own,
        rates=np.repeat(demography.rates, 5, axis=0),
        rates_index=own,
    )
    shared, apart = run(demography, policy), run(copies, policy)
    for (name, ours), (_, theirs) in zip(named(*shared), named(*apart), strict=True):
        assert np.array_equal(ours, theirs), name


@pytest.mark.parametrize("mode", MODES)
def test_threads_do_not_change_a_bit(mode):
    rng = np.random.default_rng(11)
    demography = random_demography(rng, mode, 3, LANES, harsh=True)
    policy = random_policy(rng, 3, LANES, packages=1)
    with _jit.threads(1):
        one = run(demography, policy)
    with _jit.threads(2):
        two = run(demography, policy)
    for (name, ours), (_, theirs) in zip(named(*one), named(*two), strict=True):
        assert np.array_equal(ours, theirs), name


def test_what_is_not_asked_for_changes_nothing_else():
    rng = np.random.default_rng(13)
    demography = random_demography(rng, cohort.RATES, 2, 2)
    policy = random_policy(rng, 2, 2, packages=0)
    full, _ = run(demography, policy)
    summary, every = allocate(demography, policy, False)
    left_out = ("population", "women", "completed", "children", "final", "coverage")
    none = {name: np.empty((1, 0, *getattr(summary, name).shape[2:])) for name in left_out}
    summary = summary._replace(**none)
    simulation.simulate(demography, policy, BORDERS, CHILD_BORDERS, summary, every)
    for name in set(Summary._fields) - set(left_out):
        ours, theirs = getattr(summary, name), getattr(full, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, err_msg=name)  # sums of other orders


def test_degree_of_the_polynomial_is_free():
    rng = np.random.default_rng(17)
    four = random_demography(rng, cohort.CLOSED, 1, 2)
    padded = np.zeros((1, YEARS, 7, STATE))
    padded[:, :, :5] = four.survival
    policy = random_policy(rng, 1, 2, packages=0)
    ours, _ = run(four, policy)
    theirs, _ = run(four._replace(survival=padded), policy)
    np.testing.assert_allclose(ours.final, theirs.final, rtol=1e-13)  # additions of zero


def test_without_the_loop_places_act_as_an_effect_that_is_known_beforehand():
    """Coverage of the baseline's children, worked out outside of the kernel, gives the same."""
    rng = np.random.default_rng(13)
    demography = random_demography(rng, cohort.CLOSED, 1, 4)
    policy = random_policy(rng, 1, 4, packages=2, closed=False)
    policy = policy._replace(other=0.0 * policy.other, strongest=0.0 * policy.strongest)
    looped, every = run(demography, policy)

    kids = every.population[0, :, :-1].reshape(4, YEARS, 2, AGES)[..., :3].sum(axis=(2, 3))
    covered = np.minimum(policy.used_places / kids, 1.0)
    gain = covered[1:] - covered[0]
    before = np.concatenate([np.zeros_like(gain[:, :, :1]), gain[:, :, :-1]], axis=2)
    lag, quantum = policy.lag[:, :, None], policy.care_quantum[:, :, None]
    effect = policy.care_effect[:, :, None] * ((1 - lag) * gain + lag * before)
    steps = np.diff(effect, axis=2, prepend=0.0)
    moved = np.zeros_like(effect)
    for u, weight in enumerate(policy.timing[0]):
        moved[:, :, u:] += weight * steps[:, :, : YEARS - u]
    care = (quantum * effect + (1 - quantum) * moved)[..., None, None]
    known = policy._replace(
        other=policy.other + care,
        strongest=np.abs(policy.strongest + care),
        used_places=0.0 * policy.used_places,
    )
    told, _ = run(demography, known)
    for name in ("births", "population", "cost", "shortfall"):
        ours, theirs = getattr(looped, name), getattr(told, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).max())
    closed, _ = run(demography, policy._replace(closed=True))
    assert np.abs(closed.births - looped.births).max() > 1e-6  # the loop is no ornament
