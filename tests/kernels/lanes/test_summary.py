"""The summary kernel: the full kernel's sums, whatever stands beside a cell in its block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from popsim.kernels import _jit
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.summary import Inputs, allocate, cells_first, project_summary
from popsim.kernels.step import cohort

MODES = (cohort.CLOSED, cohort.COUNTS, cohort.RATES, cohort.TOTAL)
INPUTS = ("population", "survival", "fertility", "factor", "srb", "migration")
YEARS, AGES, FIRST, LAST = 4, 14, 2, 8
BORDERS = np.array([0, 2, 5, 9, AGES])


def random_inputs(seed, mode, cells, rows=None, harsh=True):
    """Values and index of each input; ``rows`` are drawn from, or one for each cell."""
    rng = np.random.default_rng(seed)
    many = cells if rows is None else rows
    population = rng.uniform(0, 100, (many, 2 * AGES))
    fertility = np.zeros((many, YEARS, 2, AGES))
    fertility[..., FIRST:LAST] = rng.uniform(0, 0.4, (many, YEARS, 2, LAST - FIRST))
    spread = 1.0 if harsh else 0.002
    if harsh:
        population[rng.random(population.shape) < 0.1] = 0.0
    migration = {
        cohort.CLOSED: np.zeros((many, YEARS, 1)),
        cohort.COUNTS: rng.normal(0, 100 * spread, (many, YEARS, 2 * AGES)),
        cohort.RATES: rng.normal(0, spread, (many, YEARS, 2 * AGES)),
        cohort.TOTAL: rng.normal(0, 300 * spread, (many, YEARS, 1)),
    }[mode]
    values = {
        "population": population,
        "survival": rng.uniform(0, 1, (many, YEARS, 2 * AGES)),
        "fertility": fertility,
        "factor": rng.uniform(0.5, 1.5, (many, YEARS, 2)),
        "srb": rng.uniform(1.0, 1.3, (many, YEARS)),
        "migration": migration,
    }
    own = np.arange(cells)
    index = {n: own if rows is None else rng.integers(0, rows, cells) for n in INPUTS}
    return {n: (values[n], index[n]) for n in INPUTS}


def flatten(inputs):
    return [part for name in INPUTS for part in inputs[name]]


def laid(inputs, mode, step, even):
    """As the summary kernel takes inputs of which nothing is drawn."""
    nothing = np.empty((0, 0))
    values = {name: array for name, (array, _) in inputs.items()}
    return Inputs(
        **{
            **values,
            "survival": values["survival"][:, :, None],
            "migration": step * values["migration"],
        },
        **{f"{name}_index": index for name, (_, index) in inputs.items()},
        mobility=nothing,
        shift=nothing[:, :, None],
        migration_shift=nothing,
        mode=mode,
        step=step,
        even=even,
        first=FIRST,
        last=LAST,
    )


def run(given, starts):
    cells = len(given.population_index)
    out = allocate(cells, YEARS, 2, len(BORDERS) - 1, 2 * AGES)
    for array in (out.population, out.births, out.deaths, out.final):
        array.fill(np.nan)  # all of it is written
    out.altered.fill(-1)
    project_summary(given, starts, BORDERS, out)
    return cells_first(out)


def summary(inputs, mode, step=1.0, even=True):
    """Population, births, deaths, migration, adjustment, lift, altered, final."""
    given = laid(inputs, mode, step, even)
    return run(given, np.arange(0, len(given.population_index), LANES))


def sums_of_full(inputs, mode, step, even):
    cells = len(inputs["population"][1])
    state = 2 * AGES
    population = np.empty((cells, YEARS + 1, state))
    births = np.empty((cells, YEARS, 2, AGES))
    flows = [np.zeros((cells, YEARS, state)) for _ in range(4)]
    altered = np.empty((cells, YEARS), dtype=np.int64)
    cohort.project_full(
        *flatten(inputs), mode, step, even, FIRST, LAST, population, births, *flows, altered
    )
    by_sex = (cells, -1, 2, AGES)
    groups = np.add.reduceat(population.reshape(by_sex), BORDERS[:-1], axis=3)
    sums = [x.reshape(by_sex).sum(-1) for x in flows]
    return [groups, births.sum(-1), *sums, altered, population[:, -1]]


@pytest.mark.parametrize("mode", MODES)
@given(
    seed=st.integers(0, 2**32 - 1),
    step=st.sampled_from((1.0, 5.0)),
    even=st.booleans(),
    harsh=st.booleans(),
    rows=st.sampled_from((None, 1, 2)),
)
@settings(max_examples=25, deadline=None)
def test_equals_the_sums_of_the_full_kernel(mode, seed, step, even, harsh, rows):
    cells = LANES + 3  # a full block and one that is filled up
    inputs = random_inputs(seed, mode, cells, rows, harsh)
    got, expected = summary(inputs, mode, step, even), sums_of_full(inputs, mode, step, even)
    for ours, theirs in zip(got, expected, strict=True):
        # The same terms added up in another order: some rounding errors of the largest.
        scale = max(1.0, np.abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rows", [None, 1])
@pytest.mark.parametrize("even", [True, False])
def test_a_cell_alone_equals_the_cell_in_a_block_bit_for_bit(mode, rows, even):
    cells = 2 * LANES + 5
    inputs = random_inputs(3, mode, cells, rows, harsh=False)
    together = random_inputs(3, mode, cells, rows, harsh=False)
    # Neighbours that need the guard must not move a cell to other arithmetic.
    together["population"] = (inputs["population"][0].copy(), np.arange(cells) % 2)
    if rows == 1:
        both = np.concatenate([inputs["population"][0], 1e-3 * inputs["population"][0]])
        together["population"] = (both, np.arange(cells) % 2)
    whole = summary(together, mode, even=even)
    for c in (0, 1, LANES - 1, LANES, cells - 1):
        alone = {n: (v, i[c : c + 1]) for n, (v, i) in together.items()}
        for ours, theirs in zip(summary(alone, mode, even=even), whole, strict=True):
            assert np.array_equal(ours[0], theirs[c])


@pytest.mark.parametrize("mode", MODES)
def test_shared_rows_and_copies_of_them_give_the_same_bits(mode):
    cells = LANES + 1
    shared = random_inputs(5, mode, cells, 1, harsh=False)
    copies = {n: (np.repeat(v, cells, axis=0), np.arange(cells)) for n, (v, _) in shared.items()}
    for ours, theirs in zip(summary(shared, mode), summary(copies, mode), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("mode", MODES)
def test_threads_do_not_change_a_bit(mode):
    inputs = random_inputs(11, mode, 3 * LANES)
    with _jit.threads(1):
        one = summary(inputs, mode)
    with _jit.threads(2):
        two = summary(inputs, mode)
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b)


def test_emptied_groups_are_counted_once_and_books_close():
    inputs = random_inputs(7, cohort.COUNTS, 3)
    population, births, deaths, migration, adjustment, lift, altered, _ = summary(
        inputs, cohort.COUNTS
    )
    assert (lift > 0).any()
    assert (altered > 0).any()
    assert np.array_equal(altered > 0, (adjustment != 0).any(axis=-1))
    people = population.sum(axis=(2, 3))
    change = births.sum(-1) - deaths.sum(-1) + migration.sum(-1)
    np.testing.assert_allclose(np.diff(people, axis=1), change, rtol=1e-9)  # a difference of sums


def drawn_inputs(seed, mode, even=True, harsh=False):
    """Two regions whose cells draw survival and migration, and the same with all rates given."""
    regions, draws = 2, LANES + 3
    cells = regions * draws
    inputs = random_inputs(seed, mode, cells, regions, harsh)
    own = np.repeat(np.arange(regions), draws)
    inputs = {name: (values, own) for name, (values, _) in inputs.items()}
    rng = np.random.default_rng(seed + 1)
    inputs["factor"] = (rng.uniform(0.5, 1.5, (cells, YEARS, 2)), np.arange(cells))
    given = laid(inputs, mode, 1.0, even)
    given.survival.clip(0.2, 0.8, out=given.survival)
    powers = rng.normal(0, 0.02, (regions, YEARS, 4, 2 * AGES))
    migration = given.migration
    drawn = given._replace(
        survival=np.concatenate([given.survival, powers], axis=2),
        mobility=np.abs(rng.normal(0, 0.3, (regions, migration.shape[2])))
        * np.abs(migration[:, 0]),
        shift=rng.normal(0, 1.0, (cells, YEARS, 2)),
        migration_shift=rng.normal(0, 1.0, (cells, YEARS)),
    )
    shift = np.repeat(drawn.shift, AGES, axis=2)
    survival = sum(drawn.survival[own, :, k] * shift**k for k in range(5))
    moving = drawn.migration_shift[:, :, None] * drawn.mobility[own, None]
    one_by_one = given._replace(
        population=given.population[own],
        population_index=np.arange(cells),
        survival=survival.clip(0.0, 1.0)[:, :, None],
        survival_index=np.arange(cells),
        migration=migration[own] + (0.0 if mode == cohort.CLOSED else moving),
        migration_index=np.arange(cells),
    )
    return drawn, one_by_one, np.sort(np.r_[np.arange(0, draws, LANES), draws:cells:LANES])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("harsh", [True, False])
def test_drawn_rates_and_the_same_rates_given(mode, even, harsh):
    drawn, given, starts = drawn_inputs(17, mode, even, harsh)
    got = run(drawn, starts)
    expected = run(given, np.arange(0, len(given.population_index), LANES))
    for ours, theirs in zip(got, expected, strict=True):
        # A polynomial of degree 4 in other order, and then some years of it.
        scale = max(1.0, np.abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("harsh", [True, False])
def test_a_drawn_cell_alone_equals_the_cell_in_a_block_bit_for_bit(mode, harsh):
    drawn, _, starts = drawn_inputs(23, mode, harsh=harsh)
    cells = len(drawn.shift)
    whole = run(drawn, starts)
    for c in (0, 1, LANES, cells - 1):
        alone = {
            name: value[c : c + 1]
            for name, value in drawn._asdict().items()
            if name.endswith("_index") or name.endswith("shift")
        }
        for ours, theirs in zip(run(drawn._replace(**alone), np.array([0])), whole, strict=True):
            assert np.array_equal(ours[0], theirs[c])


def test_a_shift_of_zero_is_no_draw_bit_for_bit():
    for mode in MODES:
        drawn, _, starts = drawn_inputs(29, mode)
        nothing = np.zeros_like
        still = drawn._replace(
            shift=nothing(drawn.shift), migration_shift=nothing(drawn.migration_shift)
        )
        given = drawn._replace(
            survival=np.ascontiguousarray(drawn.survival[:, :, :1]),
            shift=drawn.shift[:0],
            migration_shift=drawn.migration_shift[:0],
        )
        for ours, theirs in zip(run(still, starts), run(given, starts), strict=True):
            assert np.array_equal(ours, theirs)
