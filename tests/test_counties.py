"""All counties as one baseline: what the benchmarks over regions start from."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import popsim as ps
from popsim.schema.checks import check_accounting

COUNTIES = Path(__file__).resolve().parents[1] / "benchmarks" / "counties.py"


@pytest.fixture(scope="module")
def module():
    return runpy.run_path(str(COUNTIES))


def some(baseline):
    return baseline.isel(region=slice(0, None, 300))


@pytest.mark.slow
def test_made_up_counties_have_the_nations_people(module, tmp_path):
    baseline = module["county_baseline"](2021, tmp_path / "absent.nc")
    assert baseline.sizes["region"] == module["COUNTIES"]
    assert "made up" in baseline["population"].attrs["rule"]
    nation = ps.load_baseline("china", end=2021)
    total = baseline["population"].sum("region")
    # Graduated one by one instead of together; each age group is kept.
    assert float(total.sum() / nation["population"].sum()) == pytest.approx(1.0, abs=1e-3)
    result = ps.project(some(baseline))
    check_accounting(result)
    women = baseline["population"].sel(sex="female", drop=True)
    np.testing.assert_allclose(baseline["women_by_parity"].sum("parity"), women, rtol=1e-12)
    for shared in ("mortality_rate", "birth_order_share", "net_migration_rate"):
        assert "region" not in baseline[shared].dims


@pytest.mark.slow
def test_counties_of_the_census(module, reference):
    baseline = module["county_baseline"](2021, reference / "china_census_2020.nc")
    assert baseline["population"].attrs["rule"] == "census of 2020 by county"
    assert baseline.sizes["region"] == 2942
    # A few units of the nation are not in the table by county: 1,390,197,847 of 1,409,778,724.
    counted = float(baseline["population"].sum())
    assert counted == pytest.approx(1_390_197_847, rel=2e-3)  # two months of births less deaths
    ouhai = baseline["population"].sel(region=330304)
    alone = ps.load_baseline("ouhai", end=2021)["population"]
    ages = slice(20, 64)
    ratio = ouhai.sel(age=ages).sum() / alone.sel(age=ages).sum()
    assert float(ratio) == pytest.approx(1.0, abs=2e-3)
    level = baseline["fertility_rate"].sum("age").isel(year=0)
    # Indirect standardisation of the reference figures: Ouhai 0.76, Baotou's Kundulun below it.
    nation = 1.30
    assert float(level.sel(region=330304) / level.sel(region=330523)) < 0.85
    assert 0.70 < float(level.sel(region=330304)) / 1.11744 * nation < 0.82
