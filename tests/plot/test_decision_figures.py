"""Tornado and frontier: what is drawn, not how it looks."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

mpl.use("agg")
from matplotlib import pyplot as plt

import popsim as ps
from popsim.analysis.frontier import frontier
from popsim.analysis.sensitivity import tornado
from popsim.errors import DimensionError, MissingVariableError
from popsim.plot.style import shown


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def run(vary, seed):
    """Three groups of widths 1, 6 and 3, in two years."""
    spread = {"mortality": 1.0, "response": 6.0, "my own": 3.0}
    z = sum(w * np.linspace(-0.625, 0.625, 101) for g, w in spread.items() if g in vary)
    values = np.zeros((2, 101)) + 10.0 + z
    attrs = {"units": "persons", "long_name": "Additional births", "long_name_zh": "新增出生人数"}
    return xr.DataArray(values, {"year": [2025, 2026]}, ("year", "draw"), attrs=attrs)


def test_tornado_has_the_widest_bar_on_top_and_the_sum_above_it():
    bars = tornado(run, ["mortality", "response", "my own"])
    axes = ps.plot.tornado(bars.sel(year=2025))
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [
        shown({"en": "mortality", "zh": "死亡水平"}),
        "my own",
        shown({"en": "response", "zh": "政策反应"}),
        shown({"en": "all together", "zh": "全部合计"}),
    ]
    # 0.1 to 0.9 quantile of a line from -0.625 to 0.625 is 1 wide; the last is the sum of all.
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [1, 3, 6, 10])
    assert axes.lines[0].get_xdata()[0] == 10.0
    low, high = axes.get_xlim()
    assert low < 5.0
    assert high > 15.0
    assert shown({"en": "Additional births", "zh": "新增出生人数"}) in axes.get_xlabel()
    with pytest.raises(DimensionError, match=r"a tornado is of one number(.|\n)*bars.sel"):
        ps.plot.tornado(bars)


def test_frontier_goes_through_the_efficient_packages():
    dims = ("scenario", "draw", "year")
    births = 500.0 + np.array([[0, 0, 0], [4, 5, 6], [3, 4, 5], [9, 11, 13]])
    cost = 1e6 * np.array([[0, 0, 0], [8, 8, 8], [9, 9, 9], [18, 20, 22]])
    result = xr.Dataset(
        {
            "births": ((*dims, "order"), births[..., None, None]),
            "cost": ((*dims, "instrument"), cost[..., None, None]),
        },
        coords={"scenario": ["baseline", "a", "b", "c"], "year": [2025]},
    )
    found = frontier(result)
    axes = ps.plot.frontier(found)
    line, hollow = (one for one in axes.lines if one.get_marker() == "o")
    np.testing.assert_allclose(line.get_xydata(), [[0, 0], [8, 5], [20, 11]])
    np.testing.assert_allclose(hollow.get_xydata(), [[9, 4]])
    assert "3  b" in axes.texts[-1].get_text().splitlines()
    with pytest.raises(MissingVariableError, match="no 'births_gained' to draw"):
        ps.plot.frontier(result)
