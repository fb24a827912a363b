"""What results say of themselves: units, labels and meanings of the registry, of the right form."""

from __future__ import annotations

import pytest
import xarray as xr

import popsim as ps
from popsim.analysis.cost_effectiveness import cost_effectiveness
from popsim.engine.parity import consistent_rates
from popsim.schema.variables import VARIABLES

END = 2023
#: Words of a meaning, and the dimension that has to be there for it to be true.
SAYS = {
    "age of the mother": "age",
    "and completed age": "age",
    "the age group that the cohort reaches": "age",
    "of all ages": None,
    "at all ages": None,
    "by birth order": "order",
    "by sex": "sex",
    "age group,": "child_group",
}


@pytest.fixture(scope="module")
def results() -> dict[str, xr.Dataset]:
    baseline = ps.load_baseline("ouhai", end=END)
    by_parity = baseline.assign(
        conditional_fertility_rate=consistent_rates(baseline).conditional_fertility_rate
    ).drop_vars("fertility_rate")
    run = {"draws": 2, "vary": ["response"]}
    return {
        "project": ps.project(baseline),
        "project, summary": ps.project(baseline, outputs="summary"),
        "project by parity": ps.project(by_parity),
        "project by parity, summary": ps.project(by_parity, outputs="summary"),
        "simulate": ps.simulate(baseline, "ouhai", **run),
        "simulate, full": ps.simulate(baseline, "ouhai", outputs="full", **run),
        "simulate, totals": ps.simulate(baseline, [], variables=["total_births", "deaths"], **run),
        "simulate, quantiles": ps.simulate(baseline, "ouhai", quantiles=[0.5], **run),
    }


KINDS = (
    "project",
    "project, summary",
    "project by parity",
    "project by parity, summary",
    "simulate",
    "simulate, full",
    "simulate, totals",
    "simulate, quantiles",
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_variable_has_the_registrys_labels(results, kind):
    for name, array in results[kind].data_vars.items():
        spec = VARIABLES[str(name)]
        form = spec.form(array.dims, result=True)
        assert array.attrs["units"] == (form.unit or spec.unit), name
        assert array.attrs["long_name"] == spec.en, name
        assert array.attrs["long_name_zh"] == spec.labels["zh"], name
        assert array.attrs["description"] == form.meaning, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_meanings_are_of_the_dimensions_that_are_there(results, kind):
    for name, array in results[kind].data_vars.items():
        said = array.attrs["description"]
        for words, dim in SAYS.items():
            if words in said:
                there = set(array.dims) & {"age", "age_group"} if dim is None else {dim}
                right = not there if dim is None else there <= set(array.dims)
                assert right, f"{name} {array.dims}: {said}"
        if name != "population_final" and "time" in array.dims:
            assert "first year" not in said, f"{name}: {said}"


@pytest.mark.parametrize("kind", KINDS)
def test_no_coordinate_is_left_without_a_variable(results, kind):
    result = results[kind]
    used = {d for array in result.data_vars.values() for d in array.dims}
    assert set(result.dims) <= used
    assert {c for c in result.coords if result[c].dims and not set(result[c].dims) <= used} == set()


def test_forms_tell_results_from_inputs_and_sums_from_ages(results):
    summary, full = results["simulate"], results["simulate, full"]
    assert "age of the mother" not in summary.births.description
    assert "age of the mother" in full.births.description
    assert summary.women_by_parity.description.startswith("Women aged 15 to 49 ")
    assert "completed age" in full.women_by_parity.description
    assert "order" not in results["project"].coords
    assert results["project"].births.description == "Live births in the step by age of the mother."


def test_prices_are_in_yuan_per_birth(results):
    comparison = ps.compare(results["simulate"])
    assert comparison.cost_per_additional_birth.units == "yuan per birth"
    for name, array in comparison.data_vars.items():
        per_birth = "per_additional_birth" in str(name)
        assert ("per birth" in array.units) == per_birth, name
        assert array.attrs["long_name"], name
        assert array.attrs["long_name_zh"], name
    for name, array in cost_effectiveness(
        results["simulate"], discount_rate=0.03
    ).data_vars.items():
        spec = VARIABLES[str(name)]
        assert (array.units, array.long_name) == (spec.unit, spec.en), name
