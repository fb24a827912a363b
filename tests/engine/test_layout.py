"""One layout, one labeller and one warning for all engines."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.regions import load_regions
from popsim.engine import classic
from popsim.engine.adjustment import Adjustment, LostBirths, Notes, add_up
from popsim.engine.inputs import read
from popsim.errors import InfeasibleError, MigrationAdjustmentWarning


@pytest.fixture(scope="module")
def districts():
    return load_regions("huzhou", end=2023)


def test_all_engines_label_alike(districts):
    """The same dims, coordinates and attributes of what all of them give."""
    full = ps.project(districts)
    summary = ps.project(districts, outputs="summary")
    run = {"draws": 2, "vary": ()}
    families = ps.simulate(districts, **run)
    totals = ps.simulate(districts, variables=["population", "deaths", "net_migration"], **run)
    for name in ("population", "deaths", "net_migration"):
        xr.testing.assert_allclose(families[name], totals[name], rtol=1e-12)
        ours, theirs = families[name].isel(scenario=0, draw=0, drop=True), summary[name]
        assert ours.attrs == theirs.attrs, name
        assert set(ours.coords) == set(theirs.coords), name
        np.testing.assert_allclose(ours, theirs.transpose(*ours.dims), rtol=1e-9)
    assert full["population"].dims == ("region", "time", "sex", "age")
    for result in (full, summary, families, totals):
        assert {"region_code", "region_name", "region_name_zh"} <= set(result.coords)
        assert result["time"].attrs["long_name"] == "1 January of the year"
        assert result["net_migration"].attrs["units"] == "persons"


def test_a_case_is_laid_out_by_name_whatever_the_order_of_dims(districts):
    turned = districts.transpose("age", "sex", ...)
    xr.testing.assert_identical(
        classic.full(classic.case_of(read(turned))), classic.full(classic.case_of(read(districts)))
    )


def test_a_factor_needs_no_order_where_births_have_none(districts):
    factor = xr.DataArray([1.0, 2.0], dims="draw").expand_dims(year=districts["year"])
    made = classic.full(classic.case_of(districts, factor=factor))
    assert made["births"].dims == ("draw", "region", "year", "age")
    once, twice = made["births"].isel(year=0).transpose("draw", ...)
    np.testing.assert_array_equal(twice, 2.0 * once)


def test_every_engine_warns_of_an_adjustment_in_the_same_words():
    baseline = ps.load_baseline("cixi", end=2023).drop_vars("net_migration_rate")
    flows = xr.zeros_like(baseline["population"]).expand_dims(year=baseline["year"]).copy()
    flows.loc[{"year": 2022, "sex": "male", "age": 30}] = -1e9
    given = baseline.assign(net_migration=flows)
    said = []
    for call in (
        lambda: ps.project(given),
        lambda: ps.project(given, outputs="summary"),
        lambda: ps.simulate(given, draws=1),
        lambda: ps.simulate(given, draws=1, variables=["population"]),
    ):
        with pytest.warns(MigrationAdjustmentWarning) as warned:
            call()
        assert [w.filename for w in warned] == [__file__]
        said.append(str(warned[0].message).replace(", scenario=baseline, draw=0", ""))
    assert len({text.split(" persons")[0][:60] for text in said}) == 1
    assert len({text.split("first at")[1] for text in said}) == 1


def test_notes_of_parts_add_up():
    parts = [
        Notes(None, LostBirths(2.0, 1, {"year": 2030, "region": "a"})),
        Notes(Adjustment(3, 10.0, {"year": 2031}), None),
        Notes(Adjustment(4, 0.5, {"year": 2029}), LostBirths(0.5, 2, {"year": 2025})),
    ]
    assert add_up(parts) == Notes(
        Adjustment(7, 10.5, {"year": 2031}), LostBirths(2.5, 3, {"year": 2030, "region": "a"})
    )
    with pytest.raises(InfeasibleError, match=r"year=2030, region=a(.|\n)*2.5 births that nobody"):
        add_up(parts).lost.refuse()
