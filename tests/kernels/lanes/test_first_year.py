"""The first year's conditional rates: those of the projection by parity that knows the births."""

from __future__ import annotations

import numpy as np
import pytest

import popsim as ps
from popsim.engine.inputs import read
from popsim.engine.parity import CEILING, consistent_rates
from popsim.kernels._jit import threads
from popsim.kernels.lanes.blocks import LANES
from popsim.kernels.lanes.first_year import first_year_rates
from popsim.kernels.step import cohort, parity_reference

MODES = (cohort.CLOSED, cohort.COUNTS, cohort.RATES, cohort.TOTAL)
AGES, FIRST, LAST = 9, 2, 7
REGIONS, DRAWS = 3, LANES + 5

#: Which of the arguments after the women say what each row of women reads.
INDICES = (1, 3, 5, 8, 10)


def made(kernel, women, rest, last):
    """The kernel's rates (row, parity, age up to ``last``)."""
    out = np.zeros((len(women), 4, last))
    kernel(women, *rest, out)
    return out


def random_inputs(mode, seed=1):
    """Women of some regions in more draws than there are lanes, and what they meet."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(REGIONS), DRAWS)
    people = rng.uniform(10.0, 100.0, (REGIONS, 2 * AGES))
    women = rng.dirichlet(np.ones(4), (len(rows), AGES)).transpose(0, 2, 1)
    women = np.ascontiguousarray(women * people[rows, None, :AGES])
    flows = {
        cohort.CLOSED: np.zeros((1, 2, 1)),
        cohort.COUNTS: rng.normal(0.0, 3.0, (REGIONS, 2, 2 * AGES)),
        cohort.RATES: rng.normal(0.0, 0.05, (1, 2, 2 * AGES)),
        cohort.TOTAL: rng.normal(0.0, 50.0, (REGIONS, 2, 1)),
    }[mode]
    split = rng.dirichlet(np.ones(3), (REGIONS, AGES)).transpose(0, 2, 1).copy()
    fertility = np.zeros((REGIONS, 2, AGES))
    # In some rows a parity has too few women for its births.
    fertility[..., FIRST:LAST] = rng.uniform(0.0, 0.15, (REGIONS, 2, LAST - FIRST))
    survival = rng.uniform(0.5, 1.0, (1, 2, 3, 2 * AGES))
    same = np.zeros_like(rows)
    rest = (
        people, rows, survival, same, flows, rows if len(flows) > 1 else same, mode, split, rows,
        fertility, rows, FIRST, LAST, CEILING,
    )  # fmt: skip
    return women, rest


@pytest.mark.parametrize("mode", MODES)
def test_equals_the_slow_reference(mode):
    women, rest = random_inputs(mode)
    people, rows, survival, _, flows, flow_row, _, split, _, fertility, *_ = rest
    got = made(first_year_rates, women, rest, LAST)
    assert (got == 1.0).any()
    for r in range(0, len(women), 7):
        flow = flows[flow_row[r], 0]
        _, _, rates, *_ = parity_reference.one_step(
            people[rows[r]].reshape(2, AGES),
            women[r],
            survival[0, 0, 0].reshape(2, AGES),
            split[rows[r]] * fertility[rows[r], 0],
            1.05,
            flow.reshape(2, AGES) if len(flow) > 1 else flow,
            mode,
            1.0,
            even=True,
            incidence=True,
            ceiling=CEILING,
        )
        # The same operations in another order: some rounding errors.
        np.testing.assert_allclose(got[r, :, FIRST:], rates[:, FIRST:LAST], rtol=1e-12)
        assert (got[r, :, :FIRST] == 0.0).all()


@pytest.mark.parametrize("mode", MODES)
def test_a_row_has_the_same_bits_alone_and_among_others(mode):
    women, rest = random_inputs(mode, seed=2)
    together = made(first_year_rates, women, rest, LAST)
    with threads(1):
        np.testing.assert_array_equal(made(first_year_rates, women, rest, LAST), together)
    for r in (0, LANES, DRAWS - 1, DRAWS, len(women) - 1):
        own = [x[r : r + 1] if i in INDICES else x for i, x in enumerate(rest)]
        alone = made(first_year_rates, women[r : r + 1], own, LAST)
        np.testing.assert_array_equal(alone[0], together[r])
    plain = made(first_year_rates.py_func, women, rest, LAST)
    np.testing.assert_allclose(plain, together, rtol=1e-14)


@pytest.mark.parametrize("changing", INDICES)
def test_rows_that_differ_in_one_thing_they_read_do_not_share_it(changing):
    women, rest = random_inputs(cohort.TOTAL, seed=3)
    rest = list(rest)
    rest[2] = np.concatenate([rest[2], 0.9 * rest[2]])
    for i in INDICES:
        rest[i] = np.zeros_like(rest[1])
    before = made(first_year_rates, women, rest, LAST)
    rest[changing][LANES // 2] = 1
    after = made(first_year_rates, women, rest, LAST)
    assert np.unique(np.nonzero(before != after)[0]).tolist() == [LANES // 2]


@pytest.mark.parametrize("place", ["china", "ouhai"])
def test_first_year_is_that_of_the_projection(place):
    baseline = ps.load_baseline(place, end=2022)
    data = read(baseline)
    mode = cohort.COUNTS if "net_migration" in data else cohort.RATES
    flows = data["net_migration" if mode == cohort.COUNTS else "net_migration_rate"]
    state, row = (1, -1), np.zeros(1, dtype=np.int64)
    rest = (
        data["population"].values.reshape(state), row,
        data["survival_ratio"].values[:1].reshape(1, 1, 1, -1), row,
        flows.values[:1].reshape(1, 1, -1), row, mode,
        baseline["birth_order_share"].values[None], row,
        baseline["fertility_rate"].values[None], row, 12, 55, CEILING,
    )  # fmt: skip
    got = made(first_year_rates, baseline["women_by_parity"].values[None], rest, 55)
    expected = consistent_rates(baseline)["conditional_fertility_rate"].isel(year=0).values
    # The guard against emptied groups, above the reproductive ages, is all that differs.
    np.testing.assert_allclose(got[0, :, 12:], expected[:, 12:55], rtol=1e-9, atol=1e-15)


def test_others_bear_where_a_parity_is_empty():
    women = np.zeros((1, 4, 60))
    women[0, 0] = 100.0
    row, state = np.zeros(1, dtype=np.int64), np.full((1, 120), 100.0)
    split, fertility = np.full((1, 3, 60), 1 / 3), np.full((1, 1, 60), 0.03)
    rest = (
        state, row, np.ones((1, 1, 1, 120)), row, np.zeros((1, 1, 1)), row, cohort.CLOSED,
        split, row, fertility, row, 15, 50, CEILING,
    )  # fmt: skip
    rates = made(first_year_rates, women, rest, 50)[0]
    assert (rates[1:] == 0.0).all()  # there are no mothers yet: all births are first births
    assert rates[0, 20] == pytest.approx(0.03 / (1 - rates[0, 19] / 4), rel=1e-12)
