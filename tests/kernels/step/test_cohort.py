"""The compiled step against two oracles: the slow reference, and its own Python function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from popsim.kernels import _jit
from popsim.kernels.step import cohort, reference

MODES = (cohort.CLOSED, cohort.COUNTS, cohort.RATES, cohort.TOTAL)
CELLS, YEARS, AGES = 3, 4, 8


def random_inputs(
    seed: int, mode: int, orders: int = 2, harsh: bool = True
) -> dict[str, np.ndarray]:
    """Inputs of a few cells, with migration that empties groups where ``harsh``."""
    rng = np.random.default_rng(seed)
    population = rng.uniform(0, 100, (CELLS, 2, AGES))
    population[rng.random(population.shape) < 0.1] = 0.0
    fertility = np.zeros((CELLS, YEARS, orders, AGES))
    fertility[..., 2:6] = rng.uniform(0, 0.4, (CELLS, YEARS, orders, 4))
    spread = 1.5 if harsh else 0.1
    migration = {
        cohort.CLOSED: np.zeros((CELLS, YEARS, 1)),
        cohort.COUNTS: rng.normal(0, 100 * spread, (CELLS, YEARS, 2, AGES)),
        cohort.RATES: rng.normal(0, spread, (CELLS, YEARS, 2, AGES)),
        cohort.TOTAL: rng.normal(0, 300, (CELLS, YEARS, 1)),
    }[mode]
    return {
        "population": population,
        "survival": rng.uniform(0, 1, (CELLS, YEARS, 2, AGES)),
        "fertility": fertility,
        "factor": rng.uniform(0.5, 1.5, (CELLS, YEARS, orders)),
        "srb": rng.uniform(1.0, 1.3, (CELLS, YEARS)),
        "migration": migration,
    }


def flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(*array.shape[:-2], -1) if array.shape[-2:] == (2, AGES) else array


def arguments(inputs: dict[str, np.ndarray], mode: int, step: float, even: bool) -> list:
    out: list = []
    for name, values in inputs.items():
        values = values if name in ("fertility", "factor", "srb") else flat(values)
        out += [np.ascontiguousarray(values), np.arange(CELLS)]
    return [*out, mode, step, even, 2, 6]


def run_full(inputs, mode, step, even, function=cohort.project_full):
    orders = inputs["fertility"].shape[2]
    outputs = (
        np.empty((CELLS, YEARS + 1, 2 * AGES)),
        np.empty((CELLS, YEARS, orders, AGES)),
        np.empty((CELLS, YEARS, 2 * AGES)),
        *(np.zeros((CELLS, YEARS, 2 * AGES)) for _ in range(3)),
        np.empty((CELLS, YEARS), dtype=np.int64),
    )
    function(*arguments(inputs, mode, step, even), *outputs)
    return outputs


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    mode=st.sampled_from(MODES),
    step=st.sampled_from((1.0, 5.0)),
    even=st.booleans(),
)
def test_kernel_equals_slow_reference(seed, mode, step, even):
    inputs = random_inputs(seed, mode)
    *outputs, _ = run_full(inputs, mode, step, even)
    for c in range(CELLS):
        expected = reference.project(
            inputs["population"][c],
            inputs["survival"][c],
            inputs["fertility"][c] * inputs["factor"][c][:, :, None],
            inputs["srb"][c],
            inputs["migration"][c],
            mode,
            step,
            even,
        )
        # The same operations in another order: some rounding errors of the largest terms.
        for ours, theirs in zip(outputs, expected, strict=True):
            scale = max(1.0, np.abs(theirs).max())
            np.testing.assert_allclose(
                ours[c], flat(theirs) if theirs.ndim == 3 and theirs.shape[1] == 2
                and theirs.shape[2] == AGES and ours.ndim == 3 else theirs, atol=1e-12 * scale
            )  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("even", [True, False])
def test_compiled_kernel_equals_its_python_function(mode, even):
    inputs = random_inputs(5, mode)
    compiled = run_full(inputs, mode, 1.0, even)
    interpreted = run_full(inputs, mode, 1.0, even, cohort.project_full.py_func)
    for ours, theirs in zip(compiled, interpreted, strict=True):
        # The compiler may fuse a multiplication and an addition: one rounding less.
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_threads_do_not_change_a_bit(mode):
    inputs = random_inputs(11, mode)
    with _jit.threads(1):
        one = run_full(inputs, mode, 1.0, True)
    with _jit.threads(2):
        two = run_full(inputs, mode, 1.0, True)
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b)


def test_emptied_group_keeps_a_negligible_rest_and_says_so():
    inputs = random_inputs(3, cohort.COUNTS, harsh=False)
    inputs["migration"][0, 0, 1, 3] = -1e6
    held = inputs["population"][0, 1, 3]
    inputs["survival"][0, 0, 1, 3] = 1.0  # enough reach the group to lose what is left
    inputs["population"][0, 1, 2] = 100.0
    *_, migration, adjustment, lift, altered = run_full(inputs, cohort.COUNTS, 1.0, True)
    at = AGES + 3
    assert migration[0, 0, at] == cohort.NEGLIGIBLE - held
    assert adjustment[0, 0, at] == pytest.approx(1e6 - held, rel=1e-9)
    assert altered[0, 0] >= 1
    assert altered[1:].sum() == (adjustment[1:] != 0).sum()
    assert not lift[0, 0, at]
