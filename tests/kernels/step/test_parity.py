"""The step by parity against its slow reference, its own Python function, and hand counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from popsim.kernels._jit import threads
from popsim.kernels.step import cohort, parity, parity_reference

MODES = (cohort.CLOSED, cohort.COUNTS, cohort.RATES, cohort.TOTAL)
CELLS, YEARS, AGES = 3, 4, 9
FIRST, LAST = 2, 7
INPUTS = ("population", "women", "survival", "rates", "factor", "srb", "migration")


def random_inputs(seed: int, mode: int, harsh: bool = False) -> dict[str, np.ndarray]:
    """Inputs of a few cells; where ``harsh``, groups are empty and migration empties others."""
    rng = np.random.default_rng(seed)
    population = rng.uniform(10, 100, (CELLS, 2, AGES))
    if harsh:
        population[rng.random(population.shape) < 0.1] = 0.0
    shares = rng.dirichlet(np.ones(4), (CELLS, AGES)).transpose(0, 2, 1)
    rates = np.zeros((CELLS, YEARS, 4, AGES))
    rates[..., FIRST:LAST] = rng.uniform(0, 1.0, (CELLS, YEARS, 4, LAST - FIRST))
    spread = 1.5 if harsh else 0.05
    migration = {
        cohort.CLOSED: np.zeros((CELLS, YEARS, 1)),
        cohort.COUNTS: rng.normal(0, 60 * spread, (CELLS, YEARS, 2, AGES)),
        cohort.RATES: rng.normal(0, spread, (CELLS, YEARS, 2, AGES)),
        cohort.TOTAL: rng.normal(0, 100 * spread, (CELLS, YEARS, 1)),
    }[mode]
    return {
        "population": population,
        "women": shares * population[:, None, 0],
        "survival": rng.uniform(0.5, 1.0, (CELLS, YEARS, 2, AGES)),
        "rates": rates,
        "factor": rng.uniform(0.5, 1.5, (CELLS, YEARS, 3)),
        "srb": rng.uniform(1.0, 1.2, (CELLS, YEARS)),
        "migration": migration,
    }


def arguments(inputs, mode, even):
    """The kernel's arguments: values and indices in turn, then the settings."""
    own = np.arange(CELLS)
    out = []
    for name in INPUTS:
        values = inputs[name]
        if values.shape[-2:] == (2, AGES):
            values = values.reshape(*values.shape[:-2], 2 * AGES)
        out += [np.ascontiguousarray(values), own]
    return [*out, mode, 1.0, even, FIRST, LAST]


def run_full(inputs, mode, even, kernel=parity.project_full, given=0, ceiling=np.inf):
    """Population, women, rates, births, deaths, migration, adjustment, lift, altered."""
    state = 2 * AGES
    out = [
        np.empty((CELLS, YEARS + 1, state)),
        np.empty((CELLS, YEARS + 1, 4, AGES)),
        np.zeros((CELLS, YEARS if given else 1, 4, AGES)),
        np.zeros((CELLS, YEARS, 3, AGES)),
        *(np.zeros((CELLS, YEARS, state)) for _ in range(4)),
        np.empty((CELLS, YEARS), dtype=np.int64),
    ]
    kernel(*arguments(inputs, mode, even), given, ceiling, *out)
    return out


@pytest.mark.parametrize("mode", MODES)
@given(seed=st.integers(0, 2**32 - 1), even=st.booleans(), harsh=st.booleans())
@settings(max_examples=25, deadline=None)
def test_equals_the_slow_reference(mode, seed, even, harsh):
    inputs = random_inputs(seed, mode, harsh)
    got = run_full(inputs, mode, even)
    for c in range(CELLS):
        people, women, _, births, deaths, moves, adjusted, lift = parity_reference.project(
            *(inputs[name][c] for name in INPUTS), mode, 1.0, even
        )
        flat = (-1, 2 * AGES)
        pairs = (
            (got[0][c], people.reshape(flat)), (got[1][c], women), (got[3][c], births),
            (got[4][c], deaths.reshape(flat)), (got[5][c], moves.reshape(flat)),
            (got[6][c], adjusted.reshape(flat)), (got[7][c], lift.reshape(flat)),
        )  # fmt: skip
        # The same operations in another order: some rounding errors of the largest terms.
        for ours, theirs in pairs:
            scale = max(1.0, np.abs(theirs).max())
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("mode", MODES)
@given(seed=st.integers(0, 2**32 - 1), even=st.booleans(), harsh=st.booleans())
@settings(max_examples=25, deadline=None)
def test_parities_add_up_and_none_is_negative(mode, seed, even, harsh):
    population, women, *_ = run_full(random_inputs(seed, mode, harsh), mode, even)
    assert women.min() >= 0.0
    np.testing.assert_allclose(women.sum(axis=2), population[:, :, :AGES], rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@given(seed=st.integers(0, 2**32 - 1), even=st.booleans())
@settings(max_examples=15, deadline=None)
def test_incidence_turned_into_conditional_gives_the_classic_births(mode, seed, even):
    """Rates out of one run, put into another: the births of the classic kernel by order and age."""
    inputs = random_inputs(seed, mode)
    incidence = np.zeros((CELLS, YEARS, 3, AGES))
    rng = np.random.default_rng(seed)
    incidence[..., FIRST:LAST] = rng.uniform(0, 0.02, (CELLS, YEARS, 3, LAST - FIRST))
    inputs = {**inputs, "rates": incidence, "factor": np.ones((CELLS, YEARS, 3))}
    converted = run_full(inputs, mode, even, given=parity.BY_ORDER)
    assert converted[2].max() <= 1.0 + 1e-15  # a quotient may round up
    got = run_full({**inputs, "rates": converted[2]}, mode, even)

    state = 2 * AGES
    people, births = np.empty((CELLS, YEARS + 1, state)), np.empty((CELLS, YEARS, 3, AGES))
    flows = [np.zeros((CELLS, YEARS, state)) for _ in range(4)]
    altered = np.empty((CELLS, YEARS), dtype=np.int64)
    classic = arguments(inputs, mode, even)
    del classic[2:4]
    cohort.project_full(*classic, people, births, *flows, altered)
    for ours in (got, converted):
        # By order where no parity is empty or too small, of all orders always; in another order
        # of operations.
        if converted[2].max() < 1.0 and (converted[3] > 0.0).all(where=births > 0.0):
            np.testing.assert_allclose(ours[3], births, rtol=1e-10)
        np.testing.assert_allclose(ours[3].sum(axis=2), births.sum(axis=2), rtol=1e-10)
        np.testing.assert_allclose(ours[0], people, rtol=1e-10)
        np.testing.assert_allclose(ours[4], flows[0], rtol=1e-10)
    c = 0
    settings_ = (mode, 1.0, even, parity.BY_ORDER)
    slow = parity_reference.project(*(inputs[n][c] for n in INPUTS), *settings_)
    np.testing.assert_allclose(converted[2][c], slow[2], rtol=1e-10)


@pytest.mark.parametrize("mode", MODES)
@given(seed=st.integers(0, 2**32 - 1), even=st.booleans(), ceiling=st.floats(0.05, 1.0))
@settings(max_examples=20, deadline=None)
def test_proportions_of_the_first_year_are_kept_below_the_ceiling(mode, seed, even, ceiling):
    """Against bisection; births by age are the classic kernel's whatever the ceiling does."""
    rng = np.random.default_rng(seed)
    incidence = np.zeros((CELLS, YEARS, 3, AGES))
    incidence[..., FIRST:LAST] = rng.uniform(0, 0.02, (CELLS, YEARS, 3, LAST - FIRST))
    incidence[0, 0, :, LAST - 1] = 0.0  # nobody bore at the age in the first year
    inputs = {**random_inputs(seed, mode), "rates": incidence}
    inputs["factor"] = np.ones((CELLS, YEARS, 3))
    kept = run_full(inputs, mode, even, given=parity.FIRST_YEAR, ceiling=ceiling)
    by_order = run_full(inputs, mode, even, given=parity.BY_ORDER, ceiling=ceiling)
    first = by_order[2][:, 0]
    np.testing.assert_array_equal(kept[2][:, 0], first)
    np.testing.assert_array_equal(kept[3][:, 0], by_order[3][:, 0])
    # Another split over orders, and so another order of operations.
    np.testing.assert_allclose(kept[0], by_order[0], rtol=1e-10)
    np.testing.assert_allclose(kept[3].sum(axis=2), by_order[3].sum(axis=2), rtol=1e-10)
    for c in range(CELLS):
        settings_ = (mode, 1.0, even, parity.FIRST_YEAR, ceiling)
        slow = parity_reference.project(*(inputs[n][c] for n in INPUTS), *settings_)
        np.testing.assert_allclose(kept[2][c], slow[2], rtol=1e-9)  # the end of the bisection
        np.testing.assert_allclose(kept[1][c], slow[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("given", [parity.CONDITIONAL, parity.BY_ORDER, parity.FIRST_YEAR])
def test_compiled_kernel_equals_its_python_function(mode, given):
    inputs = random_inputs(5, mode)
    if given:
        inputs["rates"] = 0.02 * inputs["rates"][:, :, :3]
        inputs["factor"][:] = 1.0
    compiled = run_full(inputs, mode, True, given=given, ceiling=0.1)
    python = run_full(inputs, mode, True, parity.project_full.py_func, given, 0.1)
    for ours, theirs in zip(compiled, python, strict=True):
        # The compiler may fuse a multiplication and an addition: one rounding less.
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("even", [True, False])
def test_summary_equals_sums_of_full(mode, even):
    inputs = random_inputs(7, mode, harsh=True)
    people, women, _, births, deaths, *moves, altered = run_full(inputs, mode, even)
    fertility = np.empty((CELLS, YEARS))
    out = [
        np.empty((CELLS, YEARS + 1, 2, 3)), np.empty((CELLS, YEARS, 3)), fertility,
        *(np.zeros((CELLS, YEARS, 2)) for _ in range(4)),
        np.empty((CELLS, YEARS), dtype=np.int64),
        np.empty((CELLS, 2 * AGES)), np.empty((CELLS, 4, AGES)),
    ]  # fmt: skip
    parity.project_summary(*arguments(inputs, mode, even), np.array([0, 2, 5, AGES]), *out)
    by_sex = (CELLS, -1, 2, AGES)
    groups = np.add.reduceat(people.reshape(by_sex), [0, 2, 5], axis=3)
    sums = [x.reshape(by_sex).sum(-1) for x in (deaths, *moves)]
    expected = (groups, births.sum(-1), None, *sums, altered, people[:, -1], women[:, -1])
    for ours, theirs in zip(out, expected, strict=True):
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-9)  # other orders of sums


@pytest.mark.parametrize("mode", MODES)
def test_threads_do_not_change_a_bit(mode):
    inputs = random_inputs(11, mode)
    with threads(1):
        one = run_full(inputs, mode, True)
    with threads(2):
        two = run_full(inputs, mode, True)
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b)


def still(rates):
    """Nobody dies or moves, and 100 childless women at every age bear by the rates."""
    inputs = random_inputs(1, cohort.CLOSED)
    inputs["population"][:] = 100.0
    inputs["women"][:] = 0.0
    inputs["women"][:, 0] = 100.0
    inputs["survival"][:] = 1.0
    inputs["factor"][:] = 1.0
    inputs["rates"][:] = 0.0
    inputs["rates"][..., FIRST:LAST] = np.array(rates)[:, None]
    return inputs


def test_only_first_births_by_hand():
    """Rate 0.2: of 100 childless at age 3, 10 bear in the first half and 9 of the rest at 4."""
    _, women, _, births, *_ = run_full(still([0.2, 0.0, 0.0, 0.0]), cohort.CLOSED, True)
    assert births[0, :, 1:].sum() == 0.0
    # Reaching age 2, only the second half of the year counts; from age 3 on both do.
    np.testing.assert_allclose(births[0, 0, 0, FIRST], 10.0 + 10.0, rtol=1e-14)
    np.testing.assert_allclose(births[0, 0, 0, FIRST + 1], 10.0 + 9.0, rtol=1e-14)
    np.testing.assert_allclose(women[0, 1, :, FIRST + 2], [81.0, 19.0, 0.0, 0.0], rtol=1e-14)
    np.testing.assert_allclose(women[0, 2, :, FIRST + 3], [65.61, 34.39, 0.0, 0.0], rtol=1e-14)
    assert women[0, :, 2:].sum() == 0.0


def test_rates_so_high_that_nearly_all_progress_by_hand():
    """Rate 1: half bear in the first half of the year, half of the others in the second."""
    inputs = still([1.0, 0.0, 0.0, 0.0])
    _, women, *_ = run_full(inputs, cohort.CLOSED, True)
    np.testing.assert_allclose(women[0, 1, :2, FIRST + 2], [25.0, 75.0], rtol=1e-14)
    left = 100.0 / 4**4  # a quarter of a quarter, four years in a row
    np.testing.assert_allclose(women[0, 4, :2, FIRST + 4], [left, 100.0 - left], rtol=1e-14)
    inputs["factor"][:] = 50.0  # nobody has two confinements in a year, whatever is asked
    _, same, _, births, *_ = run_full(inputs, cohort.CLOSED, True)
    np.testing.assert_array_equal(same, women)
    assert births[0, 0].max() <= 100.0


def test_one_confinement_a_year_by_hand():
    """All orders at rate 1: mothers of this year's first birth wait for the next year."""
    _, women, _, births, *_ = run_full(still([1.0] * 4), cohort.CLOSED, True)
    assert births[0, 0, 1:].sum() == 0.0  # all were childless when the year began
    np.testing.assert_allclose(women[0, 1, :, FIRST + 2], [25.0, 75.0, 0.0, 0.0], rtol=1e-14)
    np.testing.assert_allclose(
        women[0, 2, :, FIRST + 3], [6.25, 18.75 + 18.75, 56.25, 0.0], rtol=1e-14
    )
