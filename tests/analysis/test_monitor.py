"""The board: bands, probabilities and statuses that can be counted on ten draws."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.analysis.board_text import board_rows, driver_rows, interval, number, target_text
from popsim.analysis.monitor import board
from popsim.errors import DimensionError, InputError
from popsim.scenario.model import Scenario

YEARS = [2021, 2022, 2023, 2024, 2025]


def text(en, zh="文"):
    return {"en": en, "zh": zh}


def indicator(name, *, observed=(), target=None, measure="total_fertility_rate", unit=None):
    units = {
        "total_fertility_rate": text("births per woman", "每名妇女生育数"),
        "infant_mortality": text("per 1,000 live births", "‰"),
        "places_per_1000": text("places per 1,000 persons", "个/千人"),
        "childcare_coverage": text("percent", "%"),
        None: text("percent", "%"),
    }
    return {
        "id": name,
        "title": text(name, "指标"),
        "unit": units[measure],
        "kind": "tracked" if measure is None else "computed",
        "measure": measure,
        "document": "plan",
        "observed": [{"year": y, "value": v, "source": "plan"} for y, v in observed],
        "target": None if target is None else {"source": "plan", **target},
    }


def package(*indicators, **more):
    return Scenario.model_validate(
        {
            "name": "package",
            "place": "somewhere",
            "title": text("A package"),
            "summary": text("For the tests"),
            "documents": {"plan": {"title": "Plan", "publisher": "City", "date": "2022-09-13"}},
            "context": {
                "gdp_per_capita": {
                    "value": 1e5,
                    "unit": "yuan",
                    "source": "assumption",
                    "reason": "a test",
                }
            },
            "instruments": [],
            "indicators": list(indicators),
            **more,
        }
    )


@pytest.fixture
def result():
    """Ten draws: the baseline rises from 1.0 by 0.01 to 0.10 until 2025, the package by 0.02 more.

    The draws differ in 2021 already, by 0.001 each, which an observation of 2021 takes away.
    """
    draws = np.arange(10)
    rise = np.zeros((2, 10, 5))
    rise[:, :, 4] = 0.01 * (draws + 1)
    rise[1, :, 4] += 0.02
    values = 1.0 + 0.001 * draws[None, :, None] + rise
    return xr.Dataset(
        {"total_fertility_rate": (("scenario", "draw", "year"), values)},
        coords={"scenario": ["baseline", "package"], "draw": draws, "year": YEARS},
    )


def row_of(result, declared, **settings):
    return board(result, package(declared), **settings).table.iloc[0]


def test_band_starts_from_the_observation(result):
    declared = indicator(
        "tfr", observed=[(2021, 0.89)], target={"year": 2025, "direction": "rise", "value": 0.955}
    )
    row = row_of(result, declared)
    # draws of 2025: 0.89 + 0.01, ..., 0.89 + 0.10, and 0.02 more
    assert row["baseline_median"] == pytest.approx(0.945)
    assert row["scenario_median"] == pytest.approx(0.965)
    assert row["baseline_lower"] == pytest.approx(0.89 + 0.019)
    assert row["baseline_upper"] == pytest.approx(0.89 + 0.091)
    assert row["gap"] == pytest.approx(0.89 - 1.0045)
    assert row["probability_baseline"] == pytest.approx(0.4)
    assert row["probability"] == pytest.approx(0.6)
    assert (row["status"], row["status_zh"]) == ("at_risk", "预警")
    assert row["reason_en"] == "target met with probability 60%: 33 % or more but below 66 %"
    assert row["year"] == 2025
    assert not row["met"]


@pytest.mark.parametrize(
    ("least", "probability", "status", "zh"),
    [(0.955, 0.6, "at_risk", "预警"), (0.945, 0.7, "on_track", "正常"),
     (0.995, 0.2, "off_track", "偏离"), (0.985, 0.3, "off_track", "偏离"),
     (0.975, 0.4, "at_risk", "预警")],
)  # fmt: skip
def test_status_follows_the_table_of_rules(result, least, probability, status, zh):
    target = {"year": 2025, "direction": "rise", "value": least}
    row = row_of(result, indicator("tfr", observed=[(2021, 0.89)], target=target))
    assert row["probability"] == pytest.approx(probability)
    assert (row["status"], row["status_zh"]) == (status, zh)


def test_other_rules_give_another_status(result):
    rules = data.table("board_rules")
    rules.loc[rules["status"] == "on_track", "from_probability"] = 0.55
    target = {"year": 2025, "direction": "rise", "value": 0.955}
    declared = indicator("tfr", observed=[(2021, 0.89)], target=target)
    assert row_of(result, declared, rules=rules)["status"] == "on_track"
    short = rules[rules["status"] != "off_track"]
    target = {"year": 2025, "direction": "rise", "value": 2.0}
    with pytest.raises(InputError, match=r"no rule covers this probability(.|\n)*down to"):
        row_of(result, indicator("tfr", observed=[(2021, 0.89)], target=target), rules=short)


def test_directions_and_bounds(result):
    seen = [(2021, 0.89)]
    cases = (
        ({"direction": "rise"}, 1.0),  # every draw of 2025 is above 0.89
        ({"direction": "fall"}, 0.0),
        ({"direction": "fall", "value": 0.955}, 0.4),
        ({"direction": "hold", "lower": 0.925, "upper": 0.955}, 0.3),
        ({"direction": "range", "upper": 0.955}, 0.4),
    )
    for target, probability in cases:
        row = row_of(result, indicator("tfr", observed=seen, target={"year": 2025, **target}))
        assert row["probability"] == pytest.approx(probability), target


def test_standing_still_is_no_rise_but_meets_the_number(result):
    flat = result.copy(deep=True)
    flat["total_fertility_rate"][:] = 1.0
    for direction in ("rise", "fall"):
        target = {"year": 2025, "direction": direction}
        assert (
            row_of(flat, indicator("tfr", observed=[(2021, 0.89)], target=target)).probability == 0
        )
    target = {"year": 2025, "direction": "rise", "value": 0.89}
    assert row_of(flat, indicator("tfr", observed=[(2021, 0.89)], target=target)).probability == 1


def test_later_observations_are_unknown_before_their_year(result):
    declared = indicator(
        "tfr",
        observed=[(2021, 0.89), (2025, 0.99)],
        target={"year": 2025, "direction": "rise", "base": 2021},
    )
    now = row_of(result, declared)
    assert (now["status"], now["reason_en"]) == ("on_track", "met: observed in 2025")
    assert now["met"]
    assert np.isnan(now["probability"])
    then = row_of(result, declared, as_of=2024)
    assert then["observed"] == 0.89
    assert then["probability"] == 1.0
    missed = indicator(
        "tfr", observed=[(2025, 0.8)], target={"year": 2025, "direction": "rise", "value": 0.9}
    )
    assert row_of(result, missed)["reason_zh"] == "2025年监测值未达标"
    assert row_of(result, missed)["status"] == "off_track"


def test_observation_outside_of_the_simulation_moves_nothing(result):
    target = {"year": 2025, "direction": "rise", "value": 1.05}
    row = row_of(result, indicator("tfr", observed=[(2019, 0.5)], target=target))
    assert np.isnan(row["gap"])
    assert row["baseline_median"] == pytest.approx(1.0 + 0.0045 + 0.055)


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (indicator("a", observed=[(2021, 0.89)], target={"year": 2025, "direction": "range"}),
         "the target names no number"),
        (indicator("b", target={"year": 2025, "direction": "rise"}),
         "no observed value says from where"),
        (indicator("c", target={"year": 2035, "direction": "rise", "value": 1.0}),
         r"the target year 2035 is not simulated \(2021-2025\)"),
        (indicator("d", measure="childcare_coverage",
                   target={"year": 2025, "direction": "rise", "value": 10.0}),
         "the measure childcare_coverage needs childcare_coverage"),
        (indicator("e", measure="infant_mortality",
                   target={"year": 2025, "direction": "fall", "value": 5.2}),
         "needs mortality_rate"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_says_why(result, declared, reason):
    import re

    row = row_of(result, declared)
    assert (row["status"], row["status_zh"]) == ("not_computable", "不可计算")
    assert re.search(reason, row["reason_en"])
    assert row["reason_zh"]
    assert np.isnan(row["probability"])


def test_life_table_has_a_path_and_no_probability(result):
    rates = np.full((5, 2, 101), 0.004)
    rates[..., -1] = 0.5
    baseline = xr.Dataset(
        {
            "mortality_rate": (("year", "sex", "age"), rates),
            "sex_ratio_at_birth": ("year", [1.1] * 5),
        },
        coords={"year": YEARS, "sex": ["female", "male"], "age": np.arange(101)},
    )
    target = {"year": 2025, "direction": "fall", "value": 5.2}
    row = row_of(
        result, indicator("imr", measure="infant_mortality", target=target), baseline=baseline
    )
    assert row["status"] == "not_computable"
    assert "an input" in row["reason_en"]
    assert 3.9 < row["scenario_median"] < 4.0
    assert np.isnan(row["scenario_lower"])


def test_tracked_is_not_projected(result):
    target = {"year": 2025, "direction": "rise", "value": 90.0}
    row = row_of(result, indicator("check", measure=None, observed=[(2021, 80.0)], target=target))
    assert (row["status"], row["status_zh"]) == ("tracked", "跟踪")
    assert row["reason_en"].endswith("2021: target not met yet")
    assert np.isnan(row["scenario_median"])
    met = indicator("check", measure=None, observed=[(2021, 91.0)], target=target)
    assert row_of(result, met)["reason_zh"].endswith("2021年已达标")


def test_declared_places_per_1000_are_those_of_the_file(result):
    """2.63 in the background, 4.60 by 2025 in the package: straight between them."""
    places = {
        "kind": "childcare_places",
        "title": text("Places"),
        "use": {"median": 0.6, "lower": 0.5, "upper": 0.7, "source": "plan"},
    }

    def at(**path):
        return {
            int(y[1:]): {"value": v, "unit": "places per 1,000", "source": "plan"}
            for y, v in path.items()
        }

    target = {"year": 2025, "direction": "rise", "value": 4.6}
    declared = indicator("p", measure="places_per_1000", observed=[(2021, 2.63)], target=target)
    made = package(
        declared,
        instruments=[{"id": "new", "places": at(y2021=2.63, y2025=4.6), **places}],
        background=[{"id": "old", "places": at(y2021=2.63), **places}],
    )
    people = xr.DataArray(
        np.linspace(1e6, 1.2e6, 6) * np.ones((2, 10, 1)), dims=("scenario", "draw", "time"),
        coords={"time": [*YEARS, 2026]},
    )  # fmt: skip
    got = board(result.assign(population=people), made)
    row = got.table.iloc[0]
    assert row["scenario_median"] == pytest.approx(4.6)
    assert row["baseline_median"] == pytest.approx(2.63)
    assert (row["probability"], row["probability_baseline"]) == (1.0, 0.0)
    assert row["reason_en"].endswith("the places are those that the scenario declares")
    path = got.bands["projected"].sel(indicator="p", scenario="package", quantile=0.5)
    assert float(path.sel(year=2023)) == pytest.approx((2.63 + 4.6) / 2)


def test_rows_of_text_in_both_languages(result):
    target = {"year": 2025, "direction": "rise", "value": 0.954}
    declared = indicator("tfr", observed=[(2021, 0.891)], target=target)
    made = board(result, package(declared, indicator("bare")))
    head, row, bare = board_rows(made)
    assert len(head) == len(row) == len(bare)
    assert row[1:4] == ["tfr", "births per woman", "0.89 (2021)"]
    assert row[4] == "at least 0.95 (2025)"
    assert row[6] == "0.97 (0.93 to 1.00)"
    assert row[7:9] == ["60%", "at risk"]
    zh = board_rows(made, "zh")[1]
    assert zh[1:4] == ["指标", "每名妇女生育数", "0.89(2021年)"]
    assert zh[8] == "预警"
    assert "至" in zh[5]
    assert bare[3:5] == ["", "none"]
    assert driver_rows(made) == [["years", "births a year", "mean", "80 % band"]]
    for function in (board_rows, driver_rows):
        with pytest.raises(InputError, match=r"no labels in 'cn'(.|\n)*en, zh"):
            function(made, "cn")
    with pytest.raises(InputError, match="no labels in 'de'"):
        target_text(made.table.iloc[0], "de")


def test_numbers_as_people_read_them():
    assert number(-0.001) == "0.00"
    assert number(-0.3) == "-0.30"
    assert number(4600.0) == "4,600"
    assert interval(float("nan"), 1.5, float("nan")) == "1.50"


def test_bad_calls_are_refused(result):
    plain = package(indicator("tfr"))
    with pytest.raises(DimensionError, match="no dimension 'draw'"):
        board(result.isel(draw=0), plain)
    with pytest.raises(DimensionError, match=r"a board is of one region(.|\n)*select one"):
        board(result.expand_dims(region=["a"]), plain)
    with pytest.raises(InputError, match=r"no scenario 'package'(.|\n)*baseline, other"):
        board(result.assign_coords(scenario=["baseline", "other"]), plain)
    with pytest.raises(InputError, match="the scenario package has no indicators"):
        board(result, package())


@pytest.mark.slow
def test_huzhou_on_a_real_simulation():
    """All 28 indicators of the plan; births since the last observation add up on average."""
    baseline = ps.load_baseline("huzhou", end=2026)
    made = board(
        ps.simulate(baseline, "huzhou", draws=8, outputs="full"), "huzhou", baseline=baseline
    )
    numbered = made.table.dropna(subset="number")
    assert sorted(numbered["number"]) == list(range(1, 29))
    assert set(numbered["status"]) <= set(data.table("board_rules")["status"])
    assert (numbered[["title_zh", "unit_zh", "status_zh", "reason_zh"]] != "").all(axis=None)
    judged = numbered.dropna(subset="probability")
    assert {1, 2, 3, 16} <= set(judged["number"])
    assert (judged["kind"] == "computed").all()
    parts = made.drivers.set_index("component")["mean"]
    # the means of what is exact in each draw: only the rounding of sums is left
    assert parts.drop("total").sum() == pytest.approx(parts["total"], abs=1e-6)
