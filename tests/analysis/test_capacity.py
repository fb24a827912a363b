"""Capacity against numbers that are counted by hand, and on a simulation of Cixi."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.analysis.capacity import capacity
from popsim.errors import DimensionError, InputError, MissingVariableError

GROUPS = ["0-2", "3-5", "6-59", "60-64", "65-79", "80+"]
NORMS = pd.DataFrame(
    {
        "group": ["small", "middle", "old", "oldest", "newborn"],
        "facility": ["childcare", "kindergarten", "care_beds", "care_beds", "maternity"],
        "lower": [0, 3, 60, 80, np.nan],
        "upper": [3, 6, np.nan, np.nan, np.nan],
        "norm": [0.5, 1.0, 0.1, np.nan, 0.02],
    }
)
HALF = pd.DataFrame({"from": ["kindergarten"], "to": ["childcare"], "ratio": [0.5]})


@pytest.fixture
def result():
    """Eleven draws; on 31 December 2025 there are 100, 110, ..., 200 children of ages 0-2."""
    people = np.ones((11, 2, 2, 6)) * np.array([100.0, 80.0, 900.0, 100.0, 150.0, 50.0]) / 2
    people[:, 1, :, 0] = (100 + 10 * np.arange(11))[:, None] / 2
    return xr.Dataset(
        {
            "population": (("draw", "time", "sex", "age_group"), people),
            "births": (("draw", "year", "order"), np.full((11, 1, 3), 100.0)),
        },
        coords={"draw": np.arange(11), "time": [2025, 2026], "year": [2025],
                "sex": ["female", "male"], "age_group": GROUPS, "order": [1, 2, 3]},
    )  # fmt: skip


def at(made, name, group):
    return made[name].sel(group=group, year=2025).values.tolist()


def test_by_hand(result):
    supply = {"childcare": 70, "kindergarten": 100, "care_beds": {2024: 20}, "maternity": 5}
    made = capacity(result, supply, norms=NORMS)
    assert at(made, "users", "small") == pytest.approx([110, 150, 190])
    assert at(made, "demand", "small") == pytest.approx([55, 75, 95])
    assert at(made, "shortfall", "small") == pytest.approx([0, 5, 25])
    assert at(made, "idle", "small") == pytest.approx([0, 0, 15])
    # draws with more than 140 children: 150, ..., 200
    assert at(made, "probability_of_shortfall", "small") == pytest.approx(6 / 11)
    assert at(made, "idle", "middle") == pytest.approx([20] * 3)
    assert at(made, "shortfall", "old") == pytest.approx([10] * 3)  # 300 elders, a tenth, 20 beds
    assert at(made, "places_per_1000", "old") == pytest.approx([1000 * 20 / 300] * 3)
    assert at(made, "demand", "newborn") == pytest.approx([6.0] * 3)
    assert at(made, "supply", "newborn") == 5
    assert "converted" not in made
    assert made["shortfall"].attrs["long_name_zh"] == "缺口"


def test_no_norm_no_shortfall(result):
    made = capacity(result, {"care_beds": 20}, norms=NORMS)
    assert at(made, "places_per_1000", "oldest") == pytest.approx([400] * 3)
    for name in ("demand", "shortfall", "idle", "probability_of_shortfall"):
        assert np.isnan(at(made, name, "oldest")).all()


def test_idle_places_are_converted_while_any_are_short(result):
    """20 idle kindergarten places make 10 childcare places; a shortfall of 2 takes 4 of them."""
    made = capacity(
        result, {"childcare": 70, "kindergarten": 100}, norms=NORMS, conversion=HALF,
        convert_idle=True,
    )  # fmt: skip
    # shortfalls by draw are 0 (five times), 5, 10, ..., 30
    assert at(made, "converted", "middle") == pytest.approx([0, 10, 20])
    assert at(made, "shortfall", "small") == pytest.approx([0, 0, 15])
    assert at(made, "idle", "middle") == pytest.approx([0, 10, 20])
    assert at(made, "probability_of_shortfall", "small") == pytest.approx(4 / 11)
    assert at(made, "converted", "small") == [0.0] * 3


def test_full_conversion_leaves_no_rounding_behind(result):
    third = HALF.assign(ratio=0.667)
    made = capacity(
        result, {"childcare": 70.1, "kindergarten": 1000}, norms=NORMS, conversion=third,
        convert_idle=True,
    )  # fmt: skip
    assert at(made, "probability_of_shortfall", "small") == 0.0


def test_shipped_norms_cover_the_ages_of_the_school_system():
    norms = data.table("capacity_norms").set_index("group")
    assert norms.loc["primary_6_11", ["lower", "upper", "norm"]].tolist() == [6, 12, 1.0]
    assert norms["source"].notna().all()
    assert norms[["en", "zh", "facility_en", "facility_zh"]].notna().all(axis=None)
    assert np.isnan(norms.loc["care_80_plus", "norm"])
    ratio = data.table("capacity_conversion").set_index(["from", "to"])["ratio"]
    assert ratio[("kindergarten", "childcare")] == pytest.approx(20 / 30, abs=0.001)


def test_bad_calls_are_refused(result):
    beds = {"care_beds": 20}
    with pytest.raises(MissingVariableError, match="capacity needs births"):
        capacity(result.drop_vars("births"), beds)
    with pytest.raises(DimensionError, match="no draws to take bands from"):
        capacity(result.isel(draw=0), beds)
    with pytest.raises(DimensionError, match=r"one supply cannot serve(.|\n)*its own supply"):
        capacity(result.expand_dims(region=["a"]), beds)
    with pytest.raises(InputError, match=r"nothing to convert(.|\n)*kindergarten and childcare"):
        capacity(result, beds, norms=NORMS, convert_idle=True)
    with pytest.raises(InputError, match=r"ratio of a conversion is not positive(.|\n)*got: 0"):
        capacity(result, {"childcare": 70, "kindergarten": 100}, norms=NORMS, convert_idle=True,
                 conversion=HALF.assign(ratio=0.0))  # fmt: skip
    with pytest.raises(InputError, match="norms know none of the facilities"):
        capacity(result, {"primary": 20}, norms=NORMS)


@pytest.mark.slow
def test_cixi_beds_on_a_real_simulation():
    """3,249 beds of March 2024 against the elders that the simulation itself reports."""
    result = ps.simulate(ps.load_baseline("cixi", end=2035), [], draws=6)
    made = capacity(result, {"care_beds": {2024: 3249}}).sel(scenario="baseline")
    elders = result["population"].sel(scenario="baseline", time=2036).sum("sex")
    elders = elders.sel(age_group=["60-64", "65-79", "80+"]).sum("age_group")
    got = made["users"].sel(group="care_60_plus", year=2035, quantile=0.5)
    assert float(got) == pytest.approx(float(elders.median("draw")), rel=1e-9)
    short = made["shortfall"].sel(group="care_60_plus", quantile=0.5)
    assert float(short.sel(year=2035)) > float(short.sel(year=2024)) > 0
