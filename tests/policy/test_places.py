"""Declared supply: paths between the years that are known, and every table that is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from popsim.errors import BoundsError, CoordinateError, InputError
from popsim.policy.places import FACILITIES, supply_paths

YEARS = np.arange(2022, 2027)


def test_path_is_straight_between_and_held_outside():
    table = pd.DataFrame(
        {
            "facility": ["childcare", "care_beds", "childcare"],
            "year": [2025, 2024, 2023],
            "places": [300.0, 3249.0, 100.0],
        }
    )
    paths = supply_paths(table, YEARS)
    assert paths.dims == ("facility", "year")
    assert paths.sel(facility="childcare").values.tolist() == [100, 100, 200, 300, 300]
    assert paths.sel(facility="care_beds").values.tolist() == [3249] * 5
    assert paths.attrs["units"] == "places"
    by_name = supply_paths({"childcare": {2023: 100, 2025: 300}, "care_beds": 3249}, YEARS)
    np.testing.assert_array_equal(by_name, paths)


@pytest.mark.parametrize(
    ("supply", "error", "message"),
    [
        ({}, InputError, "no supply is declared"),
        ([1, 2], InputError, r"neither a table nor a mapping(.|\n)*list"),
        ({"kindergarden": 5}, InputError, r"unknown facility(.|\n)*did you mean 'kindergarten'"),
        ({"childcare": {2024: -1}}, BoundsError, r"childcare, year=2024(.|\n)*got: -1"),
        ({"childcare": {2024: float("nan")}}, BoundsError, "is not a number of places"),
        ({"childcare": {2024: "many"}}, BoundsError, "is not numeric"),
        ({"childcare": {6595: 2024}}, CoordinateError, "are not calendar years"),
        ({"childcare": {2024.5: 10}}, CoordinateError, "are not calendar years"),
        (pd.DataFrame({"facility": ["childcare"], "year": [2024], "place": [3]}), InputError,
         r"no column 'places'(.|\n)*did you mean 'place'"),
        (pd.DataFrame({"facility": ["childcare"] * 2, "year": [2024] * 2, "places": [3, 4]}),
         CoordinateError, "each once"),
    ],
)  # fmt: skip
def test_bad_supply_is_refused(supply, error, message):
    with pytest.raises(error, match=message):
        supply_paths(supply, YEARS)


def test_every_facility_has_labels():
    assert {"childcare", "kindergarten", "primary", "maternity", "care_beds"} <= set(FACILITIES)
