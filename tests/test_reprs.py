"""What a session prints of an object is a few lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim.analysis import Optimum
from popsim.baselines import read_past
from popsim.scenario import scenario_names


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_is_a_few_lines(name):
    scenario = ps.load_scenario(name)
    said = repr(scenario)
    assert said.startswith(f"Scenario({name!r}, place {scenario.place!r}: ")
    assert len(said) < 1000
    assert all(len(line) < 140 for line in said.splitlines())
    plain = " ".join(said.split())
    assert all(instrument.id in plain for instrument in scenario.instruments)
    for part in (*scenario._declared(), *scenario.indicators, *scenario.payments):
        assert len(repr(part[1] if isinstance(part, tuple) else part)) < 400


def test_a_scenario_says_its_years():
    assert "12 instruments, from 2023: birth_grant," in repr(ps.load_scenario("ouhai"))


def test_instruments_and_their_parts():
    grant = ps.load_scenario("ouhai").instruments[0]
    assert repr(grant) == "BirthGrant('birth_grant', from 2023-01-01, orders 1, 2, 3)"
    assert repr(grant.spells[0]) == "Spell(start=2023-01-01, amounts=<3>)"
    assert "reason='This share and the assumed st...'" in repr(grant.take_up)
    assert "verified" not in repr(grant.take_up)  # as it is by default


def test_board_intervals_and_priors():
    result = ps.simulate(ps.load_baseline("huzhou", end=2025), "huzhou", draws=5)
    said = repr(ps.board(result, "huzhou"))
    assert said.startswith("Board(")
    assert "tracked" in said
    assert len(said) < 200
    intervals = ps.uncertainty.published_intervals()["fertility"]
    assert repr(intervals).startswith("Intervals(2024-2100, median 1.01")
    assert repr(ps.evidence.prior("cash")["a"]).startswith("Prior(cash.a: 0.45 (")


def test_optimum():
    best = Optimum(
        ps.load_scenario("ouhai"),
        {"rearing_subsidy": 1.5},
        xr.DataArray([10.0, 20.0], dims="draw"),
        xr.DataArray([[1e6, 2e6], [1e6, 2e6]], dims=("draw", "year")),
        (2026,),
        4,
    )
    assert repr(best) == (
        "Optimum('ouhai': rearing_subsidy x 1.5; 15 births for 3.0 million yuan, means; "
        "caps used up: 2026)"
    )


def test_past_fertility():
    ages = xr.DataArray(np.full((1, 101), 0.01), dims=("year", "age"),
                        coords={"year": [2020], "age": range(101)})  # fmt: skip
    past = read_past(pd.Series({1990: 2.5}), ages.isel(year=0, drop=True), 2021)
    assert len(repr(past)) < 300
