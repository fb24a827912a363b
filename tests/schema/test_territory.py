"""Whose a baseline is: read from its attributes or coordinates, never from a name."""

from __future__ import annotations

import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.regions import load_regions, stack_regions
from popsim.errors import InputError
from popsim.schema.territory import nation_name, territory_attrs, territory_of


@pytest.mark.parametrize("said", ["china", "China", " CHN ", "cn", "156", 156, "中国"])
def test_china_has_one_name(said):
    assert nation_name(said) == "China"


def test_other_nations_stay_as_they_are_given():
    assert nation_name("Sweden") == "Sweden"
    assert nation_name("China, Hong Kong SAR") == "China, Hong Kong SAR"


def test_what_a_baseline_does_not_say_is_a_place_of_an_unknown_nation():
    said = territory_of(xr.Dataset())
    assert (said.scopes, said.nations) == (("place",), ("",))
    named = territory_of(xr.Dataset(attrs={"place": "china"}))
    assert (named.scopes, named.nations) == (("place",), ("",))


def test_a_nation_is_its_own():
    assert territory_attrs("sweden", None, "nation")["nation"] == "sweden"
    assert "nation" not in territory_attrs("sweden", None, "place")
    assert territory_attrs(None, "SWE", "nation") == {"scope": "nation", "nation": "SWE"}


@pytest.mark.slow
def test_shipped_baselines_say_whose_they_are():
    china, place = ps.load_baseline("china", end=2021), ps.load_baseline("cixi", end=2021)
    assert (china.attrs["scope"], china.attrs["nation"]) == ("nation", "China")
    assert (place.attrs["scope"], place.attrs["nation"]) == ("place", "China")
    regions = load_regions("huzhou", end=2021)
    assert territory_of(regions).scopes == ("place",) * 5
    assert set(territory_of(regions).nations) == {"China"}


@pytest.mark.slow
def test_stacked_regions_keep_what_each_is():
    china, place = ps.load_baseline("china", end=2021), ps.load_baseline("cixi", end=2021)
    foreign = place.assign_attrs(nation="Sweden")
    stacked = stack_regions({"nation": place, "x": place, "y": foreign})
    assert "nation" not in stacked.attrs
    assert stacked.attrs["scope"] == "place"
    assert stacked.nation.values.tolist() == ["China", "China", "Sweden"]
    assert territory_of(stacked.isel(region=[2, 0])).nations == ("Sweden", "China")
    assert territory_of(stacked.sel(region="y")).nations == ("Sweden",)
    flat = china.drop_vars("net_migration")
    both = stack_regions({"a": place.drop_vars("net_migration_rate"), "b": flat})
    assert territory_of(both).scopes == ("place", "nation")
    assert territory_of(both.isel(region=1)).scopes == ("nation",)


def test_what_is_no_scope_or_nation_is_refused():
    with pytest.raises(InputError, match=r"not of 'country'(.|\n)*where: scope"):
        territory_of(xr.Dataset(attrs={"scope": "country"}))
    with pytest.raises(InputError, match=r"not of 'plac'(.|\n)*did you mean 'place'"):
        territory_attrs(None, None, "plac")
    with pytest.raises(InputError, match="the nation has no name"):
        territory_attrs(None, " ", "place")
