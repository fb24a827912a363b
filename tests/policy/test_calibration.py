"""Take-up set to payments: Ouhai's own, records of a user's, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logit

import popsim as ps
from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
)
from popsim.policy.calibration import calibrate_take_up, implied_order_mix, payment_records
from popsim.policy.cost import due_per_take_up
from popsim.scenario.load import parse_scenario


@pytest.fixture(scope="module")
def births():
    """Births of Ouhai's baseline by order, everything at its middle (year, order)."""
    baseline = ps.load_baseline("ouhai", end=2024)
    by_age = ps.project(baseline)["births"] * baseline["birth_order_share"]
    return by_age.sum("age").transpose("year", "order")


def spent(scenario, births, record, registered=0.5):
    instrument = next(i for i in scenario.instruments if i.id == record.instrument)
    due = due_per_take_up(instrument, births.values, births["year"].values, registered)
    since = -np.inf if pd.isna(record.since) else record.since
    years = births["year"].values
    return instrument.take_up.median * due[(years >= since) & (years <= record.until)].sum()


def test_calibrated_take_ups_meet_them_from_anywhere(births):
    """Started from take-ups that are far off, all sums are met to rounding."""
    data = ps.load_scenario("ouhai").model_dump()
    for i in data["instruments"]:
        if "take_up" in i:
            i["take_up"] |= {"median": 0.2, "lower": 0.1, "upper": 0.35}
    scenario = calibrate_take_up(ps.Scenario.model_validate(data), births, registered_share=0.5)
    records = payment_records(scenario)
    assert len(records) == 6
    for record in records.itertuples():
        assert spent(scenario, births, record) == pytest.approx(record.amount, rel=1e-12)
    grant = scenario.instruments[0].take_up
    assert grant.source == "reply_2025"
    assert "6,335,000 yuan paid to the end of 2024" in grant.reason
    # The range keeps its width in log odds.
    width = logit(grant.upper) - logit(grant.lower)
    assert width == pytest.approx(logit(0.35) - logit(0.1))
    assert parse_scenario(scenario.to_yaml()) == scenario


def test_start_and_take_up_of_the_rearing_subsidy_meet_both_of_its_figures(births):
    """3.9995 million yuan to 899 persons: the start is set to the mean, the take-up to the sum."""
    scenario = calibrate_take_up(ps.load_scenario("ouhai"), births, registered_share=0.5)
    later = births.sel(order=[2, 3]).sum("order")
    since = float(later.sel(year=2023)) * 122 / 365 + float(later.sel(year=2024))
    persons = 0.5 * since * scenario.instruments[1].take_up.median
    assert persons == pytest.approx(899, rel=0.03)  # the mean hangs on the mix of orders too


def test_mean_grant_fixes_the_order_mix():
    """POLICIES: second = 0.5065 - 2 x third."""
    for third in (0.02, 0.05, 0.08):
        first, second, _ = implied_order_mix(6.335e6, 4205, (1000, 2000, 3000), third)
        assert second == pytest.approx(0.5065 - 2 * third, abs=1e-4)
        assert first + second + third == pytest.approx(1)
    with pytest.raises(BoundsError, match="no order mix has this mean grant"):
        implied_order_mix(6.335e6, 1000, (1000, 2000, 3000), 0.05)


def test_users_own_records_of_one_year(build, declare):
    scenario = build(declare("birth_grant", {1: 1000}, start="2023-01-01"))
    births = xr.DataArray(
        [[500.0, 0, 0], [400.0, 0, 0]], coords={"year": [2023, 2024], "order": [1, 2, 3]},
        dims=("year", "order"),
    )  # fmt: skip
    records = pd.DataFrame(
        {"instrument": ["birth_grant"], "until": [2024], "since": [2024], "amount": [3e5]}
    )
    found = calibrate_take_up(scenario, births, records=records)
    assert found.instruments[0].take_up.median == pytest.approx(0.75)
    assert found.instruments[0].take_up.source == "assumption"
    assert scenario.instruments[0].take_up.median > 0.99  # the first is as it was
    result = xr.Dataset({"births": births.expand_dims(scenario=["baseline", "x"], draw=3)})
    again = calibrate_take_up(scenario, result, records=records)
    assert again == found


ROW = {"instrument": ["birth_grant"], "until": [2024], "amount": [6.335e6]}
BROKEN = {
    "unknown": ({"instrument": ["grant"]}, InputError, r"'grant' that(.|\n)*birth_grant"),
    "not claimed": ({"instrument": ["points_subsidy"]}, InputError, "that families claim"),
    "negative": ({"amount": [-1.0]}, BoundsError, r"positive sum(.|\n)*row 0: birth_grant"),
    "missing": ({"amount": [np.nan]}, BoundsError, "positive sum"),
    "too much": ({"amount": [9e6]}, BoundsError, r"more was paid(.|\n)*9,000,000 yuan paid"),
    "later": ({"until": [2030]}, CoordinateError, r"do not cover the until(.|\n)*2030"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_records_that_cannot_be(births, case):
    change, error, message = BROKEN[case]
    with pytest.raises(error, match=message):
        calibrate_take_up(
            ps.load_scenario("ouhai"), births, registered_share=0.5,
            records=pd.DataFrame(ROW | change),
        )  # fmt: skip


def test_what_is_missing(births):
    scenario = ps.load_scenario("ouhai")
    with pytest.raises(InputError, match=r"no column 'amount'"):
        calibrate_take_up(
            scenario, births, registered_share=0.5, records=pd.DataFrame(ROW).drop(columns="amount")
        )
    twice = pd.concat([pd.DataFrame(ROW)] * 2)
    with pytest.raises(InputError, match="two records"):
        calibrate_take_up(scenario, births, registered_share=0.5, records=twice)
    with pytest.raises(InputError, match="no payments to calibrate on"):
        calibrate_take_up(scenario.model_copy(update={"payments": ()}), births)
    with pytest.raises(MissingVariableError, match="registered families is not known"):
        calibrate_take_up(scenario, births)
    with pytest.raises(DimensionError, match="by year and order are needed"):
        calibrate_take_up(scenario, births.sum("order"))
    with pytest.raises(CoordinateError, match="orders are not 1, 2, 3"):
        calibrate_take_up(scenario, births.assign_coords(order=[0, 1, 2]))
    with pytest.raises(CoordinateError, match="start of the instrument"):
        calibrate_take_up(scenario, births.sel(year=[2024]), registered_share=0.5)
    with pytest.raises(MissingVariableError, match="the result has no births"):
        calibrate_take_up(scenario, xr.Dataset())
