"""Figures: what is drawn, not how it looks; and that Chinese has a font."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

mpl.use("agg")
from matplotlib import pyplot as plt

import popsim as ps
from popsim.errors import CoordinateError, DimensionError, MissingVariableError
from popsim.plot.style import chinese_family, shown, styled


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


def people(ages, values):
    """Women and men of some ages."""
    return xr.DataArray(
        [values, values],
        dims=("sex", "age"),
        coords={"sex": ["female", "male"], "age": ages},
        name="population",
    )


@pytest.mark.parametrize("width", [1, 5, 10])
def test_pyramid_bars_are_as_high_as_their_groups_are_wide(width):
    ages = np.arange(0, 101, width)
    axes = ps.plot.pyramid(people(ages, ages + 1.0), beside=people(ages, ages + 2.0))
    bars = [bar for bar in axes.patches if bar.get_width() > 0]  # of the women
    assert [bar.get_y() for bar in bars] == ages.tolist()
    assert {bar.get_height() for bar in bars} == {width}
    assert axes.get_ylim() == (0, 100 + width)
    outline = axes.lines[0].get_ydata()
    assert outline[:4].tolist() == [0, width, width, 2 * width]
    assert outline[-1] == 100 + width
    assert axes.get_xlabel().startswith("Persons")


def test_pyramid_of_draws_runs_through_the_middle_of_the_groups():
    ages = np.arange(0, 101, 5)
    drawn = people(ages, ages + 1.0).expand_dims(draw=3) * xr.DataArray([1, 2, 3], dims="draw")
    axes = ps.plot.pyramid(drawn)
    assert {y for _, y in axes.collections[0].get_paths()[0].vertices} == {*(ages + 2.5)}


def test_pyramid_of_uneven_groups_is_persons_per_year_of_age():
    axes = ps.plot.pyramid(people([0, 1, 5, 10], [10.0, 40.0, 50.0, 50.0]))
    bars = [bar for bar in axes.patches if bar.get_width() > 0]
    assert [bar.get_height() for bar in bars] == [1, 4, 5, 5]
    assert [bar.get_width() for bar in bars] == [10, 10, 10, 10]
    assert axes.get_xlabel().startswith("Persons per year of age")


def test_pyramid_refuses_ages_that_it_cannot_draw():
    fives = people(np.arange(0, 101, 5), np.ones(21))
    with pytest.raises(CoordinateError, match=r"different ages\n  where: beside(.|\n)*0, 5"):
        ps.plot.pyramid(fives, beside=people(np.arange(101), np.ones(101)))
    with pytest.raises(CoordinateError, match="not rising lower bounds"):
        ps.plot.pyramid(fives.isel(age=slice(None, None, -1)))
    with pytest.raises(CoordinateError, match=r"not rising lower bounds(.|\n)*'0-4'"):
        ps.plot.pyramid(people(["0-4", "5+"], [1.0, 2.0]))


def test_chinese_is_rendered_without_missing_glyphs(tmp_path):
    assert chinese_family() is not None, "noto-cjk-sans-otc of the extra 'test' is not installed"
    assert shown({"en": "Births", "zh": "出生人数"}) == "Births  出生人数"
    with styled(), warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each missing glyph
        figure = plt.figure()
        figure.suptitle(shown({"en": "Births", "zh": "出生人数：财政支出、总抚养比、瓯海区"}))
        figure.savefig(tmp_path / "figure.png")


def test_labels_are_english_alone_without_a_chinese_font(monkeypatch):
    monkeypatch.setattr("popsim.plot.style.chinese_family", lambda: None)
    assert shown({"en": "Births", "zh": "出生人数"}) == "Births"
