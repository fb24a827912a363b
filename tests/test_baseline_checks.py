"""Baselines against what was announced after the census, as docs/baselines.md has it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import popsim as ps
from popsim import data

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(ROOT / "examples" / "baseline_checks.py"))


@pytest.fixture(scope="module")
def checks(example):
    return example["checks"]().set_index(["place", "year", "quantity"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "year", "quantity"),
    [
        ("baotou", 2022, "births"),
        ("baotou", 2023, "births"),
        ("ouhai", 2023, "births"),
        ("huzhou", 2021, "births"),
        ("huzhou", 2021, "total_fertility_rate"),
        ("huzhou", 2021, "deaths"),
    ],
)
def test_within_bounds(checks, place, year, quantity):
    row = checks.loc[(place, year, quantity)]
    assert row["within"] == "yes"
    bound = 0.03 if quantity == "total_fertility_rate" else 0.10
    assert row["baseline"] == pytest.approx(row["announced"], rel=bound)


@pytest.mark.slow
def test_gaps_are_reported_as_gaps(checks):
    """Whoever closes one of these has to say so on the page, and here."""
    no = {key for key, row in checks.iterrows() if row["within"] == "no"}
    assert no == {
        ("cixi", 2024, "births"),
        ("baotou", 2022, "deaths"),
        ("huzhou", 2021, "natural_growth_rate"),
        ("huzhou", 2021, "dependency_ratio"),
    }
    assert checks.loc[("huzhou", 2021, "share_second_or_higher"), "within"] == "input"


@pytest.mark.slow
def test_figures_of_the_issue_are_the_tables(checks):
    announced = checks["announced"]
    assert announced["baotou", 2022, "births"] == 14_900
    assert announced["baotou", 2023, "births"] == 13_800
    assert announced["cixi", 2024, "births"] == 10_200
    assert announced["ouhai", 2023, "births"] == 4_400
    assert announced["huzhou", 2021, "natural_growth_rate"] == -0.30


@pytest.mark.slow
def test_nothing_announced_after_the_census_is_in_a_baseline(monkeypatch):
    """The baselines do not read the table that they are held against."""
    read = []
    table = data.table
    monkeypatch.setattr(data, "table", lambda name: read.append(name) or table(name))
    for place in ("baotou", "cixi", "ouhai", "huzhou"):
        ps.load_baseline(place, end=2024)
    assert "place_parameters" in read
    assert "observed_places" not in read


@pytest.mark.slow
def test_china_made_as_a_place_has_the_announced_births(example):
    """The census's fertility of 2020, moved with WPP's: to 1 % until the rebound of 2024."""
    ratios = example["nation_as_a_place"]()
    assert list(ratios) == [2021, 2022, 2023, 2024]
    for year in (2021, 2022, 2023):
        assert ratios[year] == pytest.approx(1.0, abs=0.01)
    assert ratios[2024] == pytest.approx(0.93, abs=0.01)


@pytest.mark.slow
def test_cixi_factors_multiply(example):
    values = [float(n) for n in re.findall(r"\| (\d\.\d+) \|", example["cixi_table"]())]
    whole, internal, left, nation, own = values
    assert internal * left == pytest.approx(whole, rel=2e-3)  # printed to three digits
    assert nation * own == pytest.approx(left, rel=2e-3)
    assert internal > 1.03
    assert nation > 1.05


@pytest.mark.slow
def test_the_provinces_change_would_not_mend_it(checks):
    """The page's reason for not using it: by how much Zhejiang's birth rate fell less."""
    rates = data.table("observed_places").query("quantity == 'crude_birth_rate'")
    rates = rates.set_index(["place", "year"])["value"]
    less = {
        year: rates["zhejiang", year]
        / rates["zhejiang", 2020]
        / (rates["china", year] / rates["china", 2020])
        for year in (2021, 2022)
    }
    ouhai = checks.loc[("ouhai", 2023, "births")]
    assert less[2022] * ouhai["baseline"] / ouhai["announced"] == pytest.approx(1.13, abs=0.01)
    huzhou = checks.loc[("huzhou", 2021, "total_fertility_rate"), "baseline"]
    assert less[2021] * huzhou == pytest.approx(0.97, abs=0.005)


@pytest.mark.slow
def test_dependency_ratio_of_the_plan_is_that_of_census_night(example):
    """By hand from the census table: 0-14 and 60+ over 15-59."""
    rows = data.table("census").query("place == 'huzhou' and census_year == 2020")
    lower = rows["age_group"].str.extract(r"(\d+)")[0].astype(int)
    working = rows.loc[(lower >= 15) & (lower < 60), "population"].sum()
    assert round(100 * (rows["population"].sum() / working - 1), 2) == 49.88
    assert "census night 2020 | 49.88 | 49.88 |" in example["ageing_table"]()


@pytest.mark.slow
def test_population_follows_the_surveys_better_with_internal_migration(example):
    for place, year in (("cixi", 2023), ("cixi", 2024), ("huzhou", 2021)):
        surveys = data.table("observed_places").set_index(["place", "year", "quantity"])["value"]
        announced = surveys[place, year, "population"]
        errors = [
            abs(np.log(example["computed"](place, year, "population", migration) / announced))
            for migration in ("internal", "national")
        ]
        assert errors[0] < 0.8 * errors[1]
    with pytest.raises(ValueError, match="no happiness of 2021"):
        example["computed"]("cixi", 2021, "happiness")


def test_every_announced_figure_names_its_source():
    table = data.table("observed_places")
    assert table["source"].str.len().min() > 5
    assert set(table["verified"]) == {"yes", "no"}
    handed = table["source"].str.contains("handed down")
    assert set(table.loc[handed, "verified"]) == {"no"}


@pytest.mark.slow
def test_the_page_has_the_tables_of_the_example(example):
    page = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")
    for name, table in example["tables"]().items():
        assert f"<!-- table: examples/baseline_checks.py {name} -->\n\n{table}\n" in page
