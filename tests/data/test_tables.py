"""The shipped tables against the published figures that they were written from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from popsim import data
from popsim.baselines import china
from popsim.errors import UnknownPlaceError


@pytest.mark.parametrize("name", data.table_names())
def test_every_table_says_what_it_is(name):
    assert len(data.heading(name)) > 40
    assert len(data.table(name)) > 0


@pytest.mark.parametrize(
    "name", [n for n in data.table_names() if n.startswith(("wpp", "census", "fertility"))]
)
def test_figures_name_their_publisher(name):
    assert "Publisher: " in data.heading(name)


def test_unknown_table():
    with pytest.raises(UnknownPlaceError, match=r"no table is called 'cencus'(.|\n)*'census'"):
        data.table("cencus")


def test_a_table_is_the_callers_own():
    mine = data.table("census")
    mine["population"] = 0
    assert data.table("census")["population"].sum() > 0


def test_census_as_published(reference):
    published = pd.read_csv(reference / "china_places_census.csv")
    keys = ["place", "census_year", "sex", "age_group"]
    both = data.table("census").merge(published, on=keys, suffixes=("", "_published"))
    assert len(both) == len(published) == len(data.table("census"))
    assert (both["population"] == both["population_published"]).all()


def test_wpp_as_published(reference):
    published = pd.read_csv(reference / "wpp2024_china_annual.csv").set_index("year")
    for indicator, sex, bound, column, scale in (
        ("total_fertility_rate", "both", "lower_80", "tfr_80l", 1),
        ("life_expectancy", "male", "upper_95", "e0M_95u", 1),
        ("births", "both", "median", "births", 1000),
        ("population", "female", "median", "popF", 1000),
        ("net_migration", "both", "upper_80", "net_migration_80u", 1000),
    ):
        ours = china.published(indicator, sex=sex, bound=bound).to_series()
        theirs = published[column].dropna() * scale
        np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-9)
    mortality = pd.read_csv(reference / "wpp2024_china_mortality_5x5.csv")
    ours = data.table("wpp2024_china_mortality").query("sex == 'female'")["mortality_rate"]
    np.testing.assert_array_equal(ours, mortality["mxF"])
    migration = pd.read_csv(reference / "wpp2024_china_net_migration_1x1.csv")
    ours = data.table("wpp2024_china_net_migration").query("sex == 'male'")["net_migration"]
    np.testing.assert_allclose(ours, migration["migM"] * 1000, atol=0.5)


def test_studies_and_orders_as_published(reference):
    published = pd.read_csv(reference / "evidence.csv")
    ours = data.table("evidence_studies")
    assert ours["id"].tolist() == published["id"].tolist()
    pd.testing.assert_series_equal(ours["estimate"], published["estimate"])
    pd.testing.assert_series_equal(ours["verified"], published["verified"])
    orders = pd.read_csv(reference / "fertility_by_order_fuzhou_2020.csv")
    pd.testing.assert_frame_equal(data.table("fertility_by_order_fuzhou"), orders)


def test_priors_cite_studies_that_exist():
    known = set(data.table("evidence_studies")["id"])
    for cited in data.table("evidence_priors")["studies"].dropna():
        assert set(cited.split()) <= known


def test_unverified_stays_marked():
    places = data.table("place_parameters").set_index(["place", "parameter"])
    assert places.loc[("ouhai", "life_expectancy_difference"), "verified"] == "no"
    assert set(data.table("uncertainty")["verified"]) == {"no"}
