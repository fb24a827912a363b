"""Measures against figures worked out by hand, and against the table that files are checked by."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.analysis.measures import MEASURES, births_by_sex, measure
from popsim.errors import CoordinateError, InputError, MissingVariableError
from popsim.scenario import indicators

SEX = ["female", "male"]
GROUPS = ["0-14", "15-59", "60-64", "65+"]


@pytest.fixture
def result():
    """One year of a hundred persons, of whom every figure can be counted on paper."""
    people = [[[10, 30, 5, 5], [10, 30, 5, 5]], [[9, 30, 5, 6], [11, 31, 5, 5]]]
    return xr.Dataset(
        {
            "population": (("draw", "time", "sex", "age_group"), [np.array(people, dtype=float)]),
            "births": (("draw", "year", "order"), [[[3.0, 2.0, 1.0]]]),
            "deaths": (("draw", "year", "sex"), [[[2.0, 3.0]]]),
            "net_migration": (("draw", "year", "sex"), [[[0.0, 1.0]]]),
            "total_fertility_rate": (("draw", "year"), [[0.89]]),
            "childcare_coverage": (("draw", "year"), [[0.25]]),
            "childcare_places": (("draw", "year"), [[0.51]]),
        },
        coords={"time": [2024, 2025], "year": [2024], "sex": SEX, "age_group": GROUPS,
                "order": [1, 2, 3], "draw": [0]},
    )  # fmt: skip


@pytest.fixture
def baseline():
    """Death rates of 3 (girls) and 4 (boys) per 1,000 at every age below the open one."""
    rates = np.empty((1, 2, 101))
    rates[0, 0], rates[0, 1] = 0.003, 0.004
    rates[..., -1] = 0.5
    return xr.Dataset(
        {
            "mortality_rate": (("year", "sex", "age"), rates),
            "sex_ratio_at_birth": ("year", [1.1]),
        },
        coords={"year": [2024], "sex": SEX, "age": np.arange(101)},
    )


def test_every_measure_of_the_table_is_computed_and_no_other():
    assert set(MEASURES) == set(indicators.MEASURES)
    for name, row in MEASURES.items():
        unit = indicators.measure_unit(name)
        assert (row.unit, row.unit_zh) == (unit.en, unit.zh)
        assert row.en
        assert row.zh


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total_fertility_rate", 0.89),
        ("share_second_and_higher", 50.0),
        ("births", 6.0),
        ("birth_rate", 6000 / 101),
        ("death_rate", 5000 / 101),
        ("natural_growth_rate", 1000 / 101),
        ("sex_ratio_at_birth", 200.0),  # girls 50 - 50 + 2 - 0, boys 52 - 50 + 3 - 1
        ("childcare_coverage", 25.0),
        ("places_per_1000", 5.0),
    ],
)
def test_flow_by_hand(result, name, value):
    got = measure(name, result)
    assert got.dims == ("draw", "year")
    assert got["year"].values.tolist() == [2024]
    assert float(got.sel(year=2024, draw=0)) == pytest.approx(value, rel=1e-12)
    assert got.attrs["units"] == MEASURES[name].unit
    assert got.attrs["long_name_zh"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("population", 102.0),
        ("dependency_ratio", 100 * 31 / 71),
        ("dependency_ratio_15_59", 100 * 41 / 61),
        ("child_dependency_ratio", 100 * 20 / 71),
        ("old_age_dependency_ratio", 100 * 11 / 71),
        ("share_60_plus", 100 * 21 / 102),
        ("share_65_plus", 100 * 11 / 102),
    ],
)
def test_stock_is_that_of_the_end_of_the_year(result, name, value):
    got = measure(name, result)
    assert got["year"].values.tolist() == [2023, 2024]
    assert float(got.sel(year=2024, draw=0)) == pytest.approx(value, rel=1e-12)


def test_child_mortality_by_hand(result, baseline):
    """Andreev and Kingkade's a0 below 0.0172 (girls) and 0.0230 (boys), then q = m/(1+(1-a)m)."""
    a0 = {"female": 0.14903 - 2.05527 * 0.003, "male": 0.14929 - 1.99545 * 0.004}
    rate = {"female": 0.003, "male": 0.004}
    dying = {sex: rate[sex] / (1 + (1 - a0[sex]) * rate[sex]) for sex in SEX}
    infants = (dying["female"] + 1.1 * dying["male"]) / 2.1
    got = measure("infant_mortality", result, baseline)
    assert got.dims == ("year",)
    assert float(got[0]) == pytest.approx(1000 * infants, rel=1e-9)
    children = {
        sex: 1 - (1 - dying[sex]) * (1 - rate[sex] / (1 + rate[sex] / 2)) ** 4 for sex in SEX
    }
    under_five = (children["female"] + 1.1 * children["male"]) / 2.1
    got = measure("under_five_mortality", result, baseline)
    assert float(got[0]) == pytest.approx(1000 * under_five, rel=1e-9)


def test_life_expectancy_is_the_mean_of_the_newborn(result, baseline):
    # a constant force to 100 and the open group: (1 - exp(-100 m)) / m + exp(-100 m) / 0.5
    by_sex = [(1 - np.exp(-100 * m)) / m + np.exp(-100 * m) / 0.5 for m in (0.003, 0.004)]
    got = float(measure("life_expectancy", result, baseline)[0])
    # infants' a0 of 0.14 in the place of 0.5 takes 0.001 years; years of age are linear inside
    assert got == pytest.approx((by_sex[0] + 1.1 * by_sex[1]) / 2.1, abs=0.005)


def test_what_is_absent_is_named(result, baseline):
    with pytest.raises(MissingVariableError, match=r"needs childcare_coverage(.|\n)*simulate with"):
        measure("childcare_coverage", result.drop_vars("childcare_coverage"))
    with pytest.raises(MissingVariableError, match=r"needs mortality_rate(.|\n)*pass the baseline"):
        measure("infant_mortality", result)
    with pytest.raises(InputError, match=r"unknown measure 'birth'(.|\n)*did you mean 'births'"):
        measure("birth", result)


def test_books_of_other_years_are_refused(result):
    late = result["deaths"].assign_coords(year=[2030])
    with pytest.raises(CoordinateError, match="different labels on 'year'"):
        births_by_sex(result["population"], late, result["net_migration"])
