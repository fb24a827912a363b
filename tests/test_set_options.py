"""``set_options``: language and threads, for good or within a block; bad values are refused."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

import popsim as ps
from popsim.analysis import board_rows, driver_rows
from popsim.errors import BoundsError, InputError, MissingFontWarning
from popsim.kernels._jit import most_threads, threads
from popsim.languages import spoken
from popsim.plot.style import label


@pytest.fixture(scope="module")
def result():
    return ps.simulate(ps.load_baseline("huzhou", end=2025), "huzhou", draws=10)


@pytest.fixture(autouse=True)
def as_from_the_start():
    before = most_threads()
    yield
    ps.set_options(language="both", threads=before)


def test_from_the_start_both_languages_are_spoken():
    assert spoken() == "both"
    assert label("plot.baseline", "baseline") == "baseline  \u57fa\u51c6"


def test_as_a_call_and_within_a_block():
    ps.set_options(language="en")
    assert label("plot.baseline", "baseline") == "baseline"
    with ps.set_options(language="zh"):
        assert label("plot.baseline", "baseline") == "\u57fa\u51c6"
        with ps.set_options(language="both"):
            assert spoken() == "both"
        assert spoken() == "zh"
    assert spoken() == "en"


def test_a_block_that_fails_restores_too():
    with pytest.raises(RuntimeError), ps.set_options(language="zh", threads=1):
        raise RuntimeError
    assert spoken() == "both"


def test_threads():
    before = most_threads()
    with ps.set_options(threads=3):
        assert most_threads() == 3
        with threads(1):  # of the caller's thread alone: wins
            assert most_threads() == 1
        assert most_threads() == 3
    assert most_threads() == before
    ps.set_options(threads=np.int64(2))
    assert most_threads() == 2


def test_bits_do_not_depend_on_threads(result):
    with ps.set_options(threads=1):
        one = ps.simulate(ps.load_baseline("huzhou", end=2025), "huzhou", draws=10)
    assert one.identical(result)


@pytest.mark.parametrize("language", ["french", "EN", "", 1, ["en"], np.array(["en"])])
def test_an_unknown_language_is_refused(language):
    with pytest.raises(InputError, match="there are no labels in") as caught:
        ps.set_options(language=language, threads=1)
    assert caught.value.allowed == "en, zh, both"
    assert spoken() == "both"


def test_a_language_nearly_right():
    with pytest.raises(InputError) as caught:
        ps.set_options(language="bot")
    assert caught.value.fix == "did you mean 'both'?"


@pytest.mark.parametrize(
    ("threads", "error"),
    [(0, BoundsError), (-1, BoundsError), (5000, BoundsError), (1.5, InputError),
     ("2", InputError), (True, InputError), (np.array([1, 2]), InputError)],
)  # fmt: skip
def test_threads_that_cannot_be(threads, error):
    before = most_threads()
    with pytest.raises(error) as caught:
        ps.set_options(language="zh", threads=threads)
    assert caught.value.where == "threads"
    assert caught.value.allowed == "1 to 1024"
    assert (spoken(), most_threads()) == ("both", before)  # nothing was set


def test_repr_says_what_was_set():
    assert repr(ps.set_options(language="en")) == "set_options(language='en')"


def test_the_board_speaks_it(result):
    made = ps.board(result, "huzhou")
    english = board_rows(made)
    assert english[0][1] == "indicator"  # both: too wide to be said twice
    with ps.set_options(language="zh"):
        chinese = board_rows(made)
        assert chinese[0][1] == "\u6307\u6807"
        assert driver_rows(made)[0][0] == "\u5e74\u4efd"
        assert board_rows(made, "en") == english
    assert board_rows(made, "zh") == chinese
    assert board_rows(made, "both") == english
    with pytest.raises(InputError, match="there are no labels"):
        board_rows(made, "german")


def test_figures_speak_it(result):
    with ps.set_options(language="en"):
        ax = ps.plot.compare(result)
        assert ax.get_ylabel() == "Births [persons]"
        board = ps.plot.board(ps.board(result, "huzhou"))
    with ps.set_options(language="zh"):
        assert ps.plot.compare(result).get_ylabel() == "\u51fa\u751f\u4eba\u6570 [persons]"
        chinese = ps.plot.board(ps.board(result, "huzhou"))
    texts = [[t.get_text() for t in figure.texts] for figure in (board, chinese)]
    assert "indicator" in texts[0]
    assert not any("\u4e00" <= c <= "\u9fff" for text in texts[0] for c in text)
    assert "\u6307\u6807" in texts[1]
    assert "indicator" not in texts[1]
    plt.close("all")


def test_chinese_without_a_font_is_english_and_says_so(result, monkeypatch):
    monkeypatch.setattr("popsim.plot.style.chinese_family", lambda: None)
    with (
        ps.set_options(language="zh"),
        pytest.warns(MissingFontWarning, match=r"pip install popsim\[zh\]"),
    ):
        ax = ps.plot.pyramid(ps.load_baseline("ouhai", end=2021).population)
    assert ax.get_ylabel() == "Age"
    plt.close("all")
