"""The forest plot: a row a study, nulls in, unchecked figures hollow."""

from __future__ import annotations

import matplotlib as mpl
import pytest

mpl.use("agg")

from matplotlib import pyplot as plt

from popsim.errors import InputError
from popsim.plot.forest import forest, on_axis
from popsim.policy import evidence


def test_every_study_has_a_row_with_a_point_or_words():
    table = evidence.studies()
    axes = forest()
    assert len(axes.get_yticklabels()) == len(table)
    points = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata())]
    wanted = table[[on_axis(row) for row in table.to_dict("records")]]
    assert [line.get_xdata()[0] for line in points] == wanted["estimate"].tolist()
    assert len(points) + len(axes.texts) == len(table)
    assert sum(line.get_xdata()[0] == 0 for line in points) >= 4
    plt.close("all")


def test_hollow_points_are_those_that_were_not_checked():
    axes = forest("childcare")
    points = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata())]
    hollow = [line.get_xdata()[0] for line in points if line.get_markerfacecolor() == "white"]
    assert hollow == [2.8]
    assert len(axes.get_yticklabels()) == 6
    plt.close("all")


def test_unknown_class():
    with pytest.raises(InputError, match=r"class 'child_care'(.|\n)*did you mean 'childcare'"):
        forest("child_care")
