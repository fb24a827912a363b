"""The registry is complete, and the checks say where."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from popsim.cells import Cells
from popsim.errors import AccountingError, BoundsError, InputError, PopsimError, did_you_mean
from popsim.schema.checks import check_accounting, check_option, check_values, first_cell
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_has_unit_meaning_and_both_labels(name):
    variable = VARIABLES[name]
    assert variable.unit
    assert variable.meaning.endswith(".")
    assert variable.en
    assert any("\u4e00" <= c <= "\u9fff" or c in "a(x)" for c in variable.zh)
    assert variable.lower <= variable.upper


def test_describe_fills_what_is_missing_and_keeps_what_is_there():
    data = xr.Dataset({"births": ("year", [1.0], {"units": "thousands"})})
    described = describe(data)
    assert described["births"].attrs["units"] == "thousands"
    assert described["births"].attrs["long_name"] == "Births"
    assert "long_name" not in data["births"].attrs


def test_message_has_its_five_pieces():
    error = PopsimError("what", where="here", got=1, allowed="2", fix="do this")
    assert str(error).splitlines() == [
        "what", "  where: here", "  got: 1", "  allowed: 2", "  fix: do this",
    ]  # fmt: skip
    assert did_you_mean("xyz", ["births"]) is None


def test_first_bad_cell_is_named():
    array = xr.DataArray(
        [[1.0, 1.0], [1.0, -2.0]], dims=("sex", "age"), coords={"sex": ["female", "male"]}
    )
    assert first_cell(array, array.values < 0) == "sex=male, age=1"
    with pytest.raises(BoundsError, match="population at sex=male, age=1"):
        check_values(array, VARIABLES["population"])


def test_books_that_do_not_close_are_an_error():
    import popsim as ps

    result = ps.project(ps.load_baseline("cixi", end=2023))
    check_accounting(result)
    result["deaths"][1, 0, 50] += 100.0
    with pytest.raises(AccountingError, match=r"do not add up(.|\n)*year=2022"):
        check_accounting(result)


def test_cells_share_rows_and_label_them_back():
    a = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("region", "age"))
    b = xr.DataArray(np.arange(12.0).reshape(4, 3), dims=("draw", "age"))
    cells = Cells({"a": a, "b": b}, core=["age"])
    assert cells.shape == (2, 4)
    rows_a, rows_b = cells.rows(a, ["age"]), cells.rows(b, ["age"])
    assert rows_a.values.shape == (2, 3)
    total = rows_a.values[rows_a.index] + rows_b.values[rows_b.index]
    xr.testing.assert_equal(
        cells.label(total, ["age"], {}), (a + b).transpose("region", "draw", "age")
    )


def test_provenance_round_trip():
    attrs = provenance("simulate", draws=10, seed=1)
    assert json.loads(attrs["popsim_settings"]) == {"draws": 10, "seed": 1}
    assert attrs["popsim_call"] == "simulate"


@pytest.mark.parametrize("value", [np.array(["even"]), np.array("even"), ["even"], 1, None])
def test_an_option_is_a_word_not_an_array_of_one(value):
    with pytest.raises(InputError, match=r"unknown timing[\s\S]*give one of these words"):
        check_option(value, ("even", "end"), "timing")


def test_a_misspelt_option_is_told_from_those_there_are():
    with pytest.raises(InputError, match=r"got: evne[\s\S]*allowed: even, end[\s\S]*'even'"):
        check_option("evne", ("even", "end"), "timing")
    check_option(np.str_("even"), ("even", "end"), "timing")


def test_values_are_compared_in_double_precision():
    spec = VARIABLES["population"]
    check_values(xr.DataArray(np.array([1.0], dtype=np.float32)), spec)  # no overflow is warned of
    for value in (np.inf, np.nan):
        for kind in (np.float16, np.float32, np.float64):
            with pytest.raises(BoundsError, match="missing or infinite"):
                check_values(xr.DataArray(np.array([1.0, value], dtype=kind), dims="age"), spec)
