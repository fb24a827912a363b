"""Figures: what is drawn, not how it looks; and that Chinese has a font."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")
from matplotlib import pyplot as plt

import popsim as ps
from popsim.errors import DimensionError, MissingVariableError
from popsim.plot.style import bilingual, chinese_family, styled


@pytest.fixture(scope="module")
def result():
    return ps.simulate(ps.load_baseline("ouhai", end=2026), "ouhai", draws=20)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_compare_draws_a_line_and_a_band_a_scenario(result):
    axes = ps.plot.compare(result)
    assert [text.get_text() for text in axes.get_legend().get_texts()][1] == "ouhai"
    assert len(axes.collections) == 2
    median = result["births"].sel(scenario="ouhai").sum("order").median("draw")
    np.testing.assert_allclose(axes.lines[1].get_ydata(), median, rtol=1e-12)


def test_fan_refuses_more_than_one_path(result):
    with pytest.raises(DimensionError, match="a fan needs draws of one path"):
        ps.plot.fan(result["births"])
    with pytest.raises(MissingVariableError, match="no variable 'happiness'"):
        ps.plot.compare(result, "happiness")


def test_pyramid_bars_are_the_population(result):
    population = result["population_final"].sel(scenario="baseline", drop=True)
    axes = ps.plot.pyramid(population, labels=("end", ""))
    widths = sorted(abs(bar.get_width()) for bar in axes.patches)
    assert widths[-1] == pytest.approx(float(population.median("draw").max()))
    with pytest.raises(DimensionError, match="one population by sex and age"):
        ps.plot.pyramid(result["population"])


def test_chinese_is_rendered_without_missing_glyphs(tmp_path):
    if chinese_family() is None:
        pytest.skip("no font with Chinese on this machine, and noto-cjk-sans-otc not installed")
    assert bilingual("Births", "出生人数") == "Births  出生人数"
    with styled(), warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each missing glyph
        figure = plt.figure()
        figure.suptitle(bilingual("Births", "出生人数：财政支出、总抚养比、瓯海区"))
        figure.savefig(tmp_path / "figure.png")


def test_labels_are_english_alone_without_a_chinese_font(monkeypatch):
    monkeypatch.setattr("popsim.plot.style.chinese_family", lambda: None)
    assert bilingual("Births", "出生人数") == "Births"
