"""Pictures of the board and of capacity: what is drawn, and that both languages are on them."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

mpl.use("agg")
from matplotlib import colors, pyplot as plt
from matplotlib.patches import FancyBboxPatch

import popsim as ps
from popsim import data
from popsim.analysis.capacity import capacity as hold
from popsim.analysis.monitor import board as judge
from popsim.errors import DimensionError, InputError, MissingVariableError
from popsim.plot.board import STATUS_COLOURS, board
from popsim.plot.capacity import capacity
from popsim.plot.style import chinese_family


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def made():
    """The board of Huzhou where nothing but the total fertility rate was simulated."""
    draws = np.linspace(0.8, 1.1, 10)
    values = np.broadcast_to(draws[None, :, None], (2, 10, 5)) * np.linspace(1, 1.1, 5)
    result = xr.Dataset(
        {"total_fertility_rate": (("scenario", "draw", "year"), values)},
        coords={"scenario": ["baseline", "huzhou"], "year": np.arange(2021, 2026)},
    )
    return judge(result, ps.load_scenario("huzhou"))


@pytest.fixture(scope="module")
def places():
    groups = ["0-2", "3-5", "6-59", "60+"]
    people = np.full((5, 4, 2, 4), 100.0) * np.linspace(0.9, 1.1, 5)[:, None, None, None]
    result = xr.Dataset(
        {
            "population": (("draw", "time", "sex", "age_group"), people),
            "births": (("draw", "year"), np.full((5, 3), 100.0)),
        },
        coords={"time": np.arange(2025, 2029), "year": np.arange(2025, 2028),
                "sex": ["female", "male"], "age_group": groups},
    )  # fmt: skip
    norms = data.table("capacity_norms").query("facility in ('childcare', 'kindergarten')")
    return hold(result, {"childcare": 50, "kindergarten": 300}, norms=norms)


def test_a_chip_of_its_colour_for_every_row(made):
    axes = board(made, title="Huzhou 湖州")
    chips = [p for p in axes.patches if isinstance(p, FancyBboxPatch)]
    got = [colors.to_hex(chip.get_facecolor()) for chip in chips]
    assert got == [STATUS_COLOURS[status] for status in made.table["status"]]
    assert set(STATUS_COLOURS) == set(data.table("board_rules")["status"])


def test_both_languages_are_written(made):
    written = " ".join(text.get_text() for text in board(made).texts)
    assert "Total fertility rate" in written
    assert "above 0.89 (2025)" in written
    if chinese_family() is not None:
        assert "总和生育率" in written
        assert "平稳回升" in written


def test_capacity_draws_demand_and_supply(places):
    axes = capacity(places)
    assert len(axes) == 2
    demand, supply = (line.get_ydata() for line in axes[0].lines)
    np.testing.assert_allclose(demand, places["demand"].sel(group="childcare_0_2", quantile=0.5))
    np.testing.assert_allclose(supply, 50.0)
    assert len(capacity(places, groups=["kindergarten_3_5"])) == 1


def test_capacity_refuses_what_it_cannot_draw(places):
    with pytest.raises(InputError, match=r"group 'primary' has no demand(.|\n)*kindergarten_3_5"):
        capacity(places, groups=["primary"])
    with pytest.raises(InputError, match="no group has a demand"):
        capacity(places.where(False))
    with pytest.raises(DimensionError, match=r"one scenario(.|\n)*made.sel"):
        capacity(places.expand_dims(scenario=["a"]))
    with pytest.raises(MissingVariableError, match="no demand to draw"):
        capacity(xr.Dataset({"births": ("year", [1.0])}))
