"""Every example runs, and what it prints is right."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import popsim as ps
from popsim.baselines.china import published_by_sex

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(name: str) -> str:
    """Run an example as a reader does, and return what it prints."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names_of(name: str) -> dict:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def rows(table: str) -> dict[str, list[float]]:
    """Numbers of a Markdown table by the first cell of the row."""
    found = {}
    for line in table.splitlines()[2:]:
        first, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found[first] = [
            float(n.replace(",", "")) for c in cells for n in re.findall(r"[-+\d.,]+", c)
        ]
    return found


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_every_example_is_tested_here(path):
    tested = {"china_check", "large_run", "life_tables", "ouhai_package", "own_city", "two_child"}
    elsewhere = {"baseline_checks", "packages"}  # tests/test_baseline_checks.py, scenario/
    assert path.stem in tested | elsewhere
    assert 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_ouhai_package():
    printed = run("ouhai_package")
    effects, payments, choices = (rows(part) for part in printed.strip().split("\n\n"))
    # 2024: births, additional births, percent and spending, each a median and two ends.
    births, _, _, extra, low, high, percent, _, _, spent, _, _ = effects["2024"]
    assert 0 < low < extra < high
    assert percent == pytest.approx(100 * extra / births, abs=0.05)  # medians of ratios, rounded
    # The reply reports 6.335 million yuan of birth grants; the scenario was set on it.
    simulated, _, _, reported, _ = payments["birth_grant"]
    assert reported == 6.335
    assert simulated == pytest.approx(reported, rel=0.1)
    assert spent > 0
    # Subsidy and voucher for first children too: more children for more money.
    children, _, _, money, _, _, price, _, _ = choices["ouhai"]
    more_children, _, _, more_money, *_ = choices["ouhai_first_child"]
    assert more_children > children > 0
    assert more_money > money
    assert price == pytest.approx(money / children, rel=0.2)  # a median of ratios


@pytest.fixture(scope="module")
def check() -> dict[str, dict[str, list[float]]]:
    return {name: rows(table) for name, table in names_of("china_check")["tables"]().items()}


@pytest.mark.slow
def test_wpp_cohorts_add_up_to_what_wpp_publishes(check):
    """Births, deaths and migration of WPP make WPP's population, once all are born after 1950."""
    for women, men, *still in check["closure"].values():
        assert abs(women - 1) < 5e-4  # five-year tables of rates and rounding of WPP's births
        assert abs(men - 1) < 5e-4
        assert min(still) > 1.005  # without its net emigration there would be more


def test_from_wpp_cohorts_the_projection_is_wpps(check):
    for row, (_, census, *own) in check["ratios"].items():
        # Graduation of five-year rates; the census's own ratios are ten times further off.
        assert all(abs(ratio - 1) < 0.006 for ratio in own), row
        assert 0.93 < census < 1.0, row


def test_the_page_of_the_check_says_so_in_words(check):
    """The figures that docs/china-check.md has in its sentences, beside its tables."""
    census = {row: values[1] for row, values in check["ratios"].items()}
    own = [value for _, _, *rest in check["ratios"].values() for value in rest]
    for year in (2024, 2030):  # "4 to 6 % below"
        assert 0.94 <= census[f"births {year}"] <= 0.96
    assert census["births 2050"] == 0.99  # "1 % below in 2050"
    assert census["births 2045"] > 0.99 > 0.96 > census["births 2060"]  # "in waves"
    for year in (2024, 2050, 2100):  # "1.5 to 2.6 % below"
        assert 0.974 <= census[f"population, end of {year}"] <= 0.985
    assert max(abs(ratio - 1) for ratio in own) <= 0.00401  # "to 0.4 % or better"
    ages = check["ages"]
    young = ("15-19", "20-24", "25-29")
    assert all(0.91 <= ages[age][2] <= 0.97 for age in young)  # women "3 to 9 %"
    assert all(0.885 <= ages[age][5] <= 0.95 for age in young)  # men "5 to 11 %"
    assert all(ages["35-39"][k] == pytest.approx(0.96, abs=0.005) for k in (2, 5))  # "4 % fewer"
    for age in ("0-4", "5-9", "10-14"):
        assert abs(ages[age][2] - 1) <= 0.0101  # women "agree to 1 %"
        assert 0.97 <= ages[age][5] <= 0.992  # "1 to 3 % fewer boys"
    for age in ("60-64", "65-69"):
        assert ages[age][5] == pytest.approx(1.04, abs=0.005)  # "4 % more men"
        assert ages[age][2] == pytest.approx(0.98, abs=0.005)  # "2 % fewer women"


def test_gap_adds_up_and_sits_in_the_young(check):
    gap = {row: np.array(values) for row, values in check["gap"].items()}
    total = gap.pop("all")
    parts = np.array(list(gap.values()))
    np.testing.assert_allclose(parts.sum(axis=0), total, atol=0.04)  # rounding of six rows
    assert gap["1986-2005"][2] < 0.8 * total[2]


def test_census_and_wpp_agree_on_the_middle_aged(check):
    for age in ("40-44", "45-49", "50-54", "55-59"):
        women, men = check["ages"][age][2], check["ages"][age][5]
        assert abs(women - 1) < 0.01
        assert abs(men - 1) < 0.01
    assert check["ages"]["20-24"][2] < 0.93


@pytest.mark.slow
def test_own_city():
    city = names_of("own_city")
    own, shipped = city["build"](), ps.load_baseline("cixi", end=2021, migration="closed")
    # The same census; the months to 1 January have slightly different rates, and 670 migrants.
    total = float(own.population.sum())
    assert total == pytest.approx(float(shipped.population.sum()), rel=1e-3)
    assert city["population"]()["population"].sum() == 1_829_488
    extra = city["additional_births"](own, draws=50)
    assert (extra.loc[0.5, [2026, 2027, 2028]] > 0).all()
    assert extra.loc[0.5, 2026] < extra.loc[0.5, 2027]  # nothing responds before nine months
    printed = run("own_city")
    assert "Share aged 60+" in printed
    assert "Additional births" in printed


@pytest.mark.slow
def test_large_run(tmp_path):
    pytest.importorskip("zarr", reason="the extra 'distributed' is not installed")
    run_of = names_of("large_run")
    stored = run_of["run"](tmp_path / "run.zarr", draws=5)
    assert stored["births"].chunks[stored["births"].get_axis_num("region")] == (1,) * 5
    np.testing.assert_array_equal(stored["births"], run_of["simulate"](5)["births"].compute())


@pytest.mark.slow
def test_life_tables():
    printed = run("life_tables")
    women, men = re.search(r"2020 female +(\S+).*\n +male +(\S+)", printed).groups()
    # A table of WPP's five-year rates against the mean of WPP's yearly life expectancies.
    mean = published_by_sex("life_expectancy").sel(year=slice(2020, 2024)).mean("year")
    assert float(women) == pytest.approx(float(mean.sel(sex="female")), abs=0.1)
    assert float(men) == pytest.approx(float(mean.sel(sex="male")), abs=0.1)
    assert "Lee-Carter" in printed


@pytest.mark.slow
def test_two_child():
    """The first table is births announced and predicted; tests/test_two_child.py has the rest."""
    errors, marriages, orders = run("two_child").strip().split("\n\n")
    assert [line.split("|")[1].strip() for line in errors.splitlines()[2:]] == [
        "2016, fitted",
        "2017, fitted",
        "2018, predicted",
        "2019, predicted",
        "2020, predicted",
    ]
    for line in errors.splitlines()[2:] + marriages.splitlines()[2:]:
        announced, with_parity, error, without, other = (
            float(n.replace(",", "")) for n in re.findall(r"[-+\d.,]+", line.split("|", 2)[2])
        )
        # Printed to 10,000 births and 0.1 %.
        assert 100 * (with_parity / announced - 1) == pytest.approx(error, abs=0.1)
        assert 100 * (without / announced - 1) == pytest.approx(other, abs=0.1)
    assert len(orders.splitlines()) == 7
