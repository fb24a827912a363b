"""Women by parity from a census table: every group has the shares that were counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

import popsim as ps
from popsim.baselines.parity_census import women_by_parity_from_census
from popsim.errors import BoundsError, CoordinateError, InputError
from popsim.uncertainty.parity import starting_women_draws

GROUPS = ["15-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49"]
#: Women (thousands) by children 0, 1, 2, 3, 4, 5+, in the manner of a census.
COUNTS = np.array(
    [
        [940, 50, 9, 1, 0, 0],
        [620, 240, 100, 30, 8, 2],
        [310, 300, 250, 90, 35, 15],
        [170, 230, 350, 150, 60, 40],
        [130, 190, 380, 180, 70, 50],
        [125, 180, 390, 185, 70, 50],
        [120, 180, 400, 190, 65, 45],
    ],
    dtype=float,
)


def long_table(counts=COUNTS, groups=GROUPS, last="5+"):
    children = [*map(str, range(counts.shape[1] - 1)), last]
    wide = pd.DataFrame(counts, index=pd.Index(groups, name="age_group"), columns=children)
    return wide.reset_index().melt("age_group", var_name="children", value_name="women")


def some_women(seed=0):
    values = np.random.default_rng(seed).uniform(50.0, 150.0, 101)
    return xr.DataArray(values, {"age": np.arange(101)}, ("age",))


def four(counts):
    return np.column_stack([counts[:, :3], counts[:, 3:].sum(axis=1)])


def check(split, women, shares, groups=GROUPS):
    np.testing.assert_allclose(split.sum("parity"), women, rtol=1e-14)
    assert float(split.min()) >= 0.0
    for group, wanted in zip(groups, shares, strict=True):
        lower, upper = map(int, group.split("-"))
        some = split.sel(age=slice(lower, upper)).sum("age")
        np.testing.assert_allclose(some / some.sum(), wanted, atol=1e-11)


def test_every_group_has_the_shares_counted():
    women = some_women()
    split = women_by_parity_from_census(long_table(), women)
    assert split.dims == ("parity", "age")
    check(split, women, four(COUNTS) / COUNTS.sum(1, keepdims=True))
    share = split / women
    assert (share.sel(parity=0, age=slice(0, 11)) == 1.0).all()
    np.testing.assert_allclose(share.sel(age=80), four(COUNTS)[-1] / COUNTS[-1].sum())
    # No steps of five years: from age to age no share moves by a tenth.
    assert float(abs(share.sel(age=slice(15, 49)).diff("age")).max()) < 0.1
    assert (share.sel(parity=0, age=slice(15, 40)).diff("age") < 0.0).all()
    assert split.attrs["rule"].startswith("as counted by a census, women of 15-19 to 45-49")


@pytest.mark.slow
@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_any_table_is_met(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 40, (4, 5)).astype(float)
    counts[:, 0] += 1.0
    groups = ["14-17", "18-29", "30-34", "35-60"]
    women = some_women(seed)
    split = women_by_parity_from_census(long_table(counts, groups, "4+"), women)
    check(split, women, four(counts) / counts.sum(1, keepdims=True), groups)


def test_women_who_are_not_stated():
    counts = np.column_stack([COUNTS, COUNTS.sum(1) * np.linspace(0.02, 0.08, 7)])
    # Half of the women of unknown age have no child: more of the childless, at every age.
    row = np.array([[70.0, 20.0, 20.0, 10.0, 5.0, 5.0, 30.0]])
    table = long_table(np.vstack([counts, row]), [*GROUPS, "not stated"], "Not stated")
    table["children"] = table["children"].replace({"5": "5+"})
    women = some_women()
    with pytest.raises(InputError, match=r"not stated(.|\n)*not_stated='spread'"):
        women_by_parity_from_census(table, women)
    split = women_by_parity_from_census(table, women, not_stated="spread")
    spread = COUNTS * (1.0 + row[0, :6] / COUNTS.sum(0))
    check(split, women, four(spread) / spread.sum(1, keepdims=True))
    with pytest.raises(InputError, match="unknown way with women"):
        women_by_parity_from_census(table, women, not_stated="drop")


def test_the_mean_of_the_open_parity_gives_that_of_three_or_more():
    women = some_women()
    split = women_by_parity_from_census(long_table(), women, open_parity_mean=5.8)
    held = COUNTS.sum(0)[3:]
    assert split.attrs["mean_children_of_three_or_more"] == pytest.approx(
        (held * [3.0, 4.0, 5.8]).sum() / held.sum()
    )
    assert "mean_children_of_three_or_more" not in women_by_parity_from_census(
        long_table(), women
    ).attrs  # fmt: skip
    with pytest.raises(BoundsError, match=r"lies below it(.|\n)*got: 4"):
        women_by_parity_from_census(long_table(), women, open_parity_mean=4.0)
    with pytest.raises(BoundsError, match="no parity is open"):
        women_by_parity_from_census(long_table(last="5"), women, open_parity_mean=6.0)


def test_forms_of_a_table():
    women = some_women()
    split = women_by_parity_from_census(long_table(), women)
    array = xr.DataArray(
        COUNTS, {"age_group": GROUPS, "children": [0, 1, 2, 3, 4, 5]}, ("age_group", "children")
    )
    xr.testing.assert_equal(women_by_parity_from_census(array, women), split)
    upside_down = long_table()[::-1]
    with pytest.raises(CoordinateError, match="sort the groups"):
        women_by_parity_from_census(upside_down, women)
    again = upside_down.sort_values("age_group", kind="stable")
    xr.testing.assert_allclose(women_by_parity_from_census(again, women), split)
    both = xr.concat([women, 2.0 * women], dim="region")
    two = women_by_parity_from_census(long_table(), both)
    assert two.dims == ("region", "parity", "age")
    np.testing.assert_allclose(two.isel(region=1), 2.0 * split, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t: t.rename(columns={"children": "born"}), InputError, "columns of the census"),
        (lambda t: pd.concat([t, t[:1]]), InputError, "two rows for one cell"),
        (lambda t: t.assign(women=-t["women"]), BoundsError, "out of bounds"),
        (lambda t: t.replace({"5+": "many"}), CoordinateError, "'many' cannot be read"),
        (lambda t: t[t["children"] != "3"], CoordinateError, "not 0, 1, 2, 3 and so on"),
        (lambda t: t[t["children"].isin(["0", "1", "2"])].replace({"2": "2+"}), CoordinateError,
            "not 0, 1, 2, 3 and so on"),
        (lambda t: t.assign(women=t["women"].where(t["age_group"] != "30-34", 0.0)), BoundsError,
            r"no women(.|\n)*30-34"),
        (lambda t: t[t["age_group"] != "30-34"], CoordinateError, "leave a gap"),
    ],
)  # fmt: skip
def test_what_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        women_by_parity_from_census(change(long_table()), some_women())


@pytest.mark.slow
def test_women_counted_are_known_in_all_draws():
    baseline = ps.load_baseline("huzhou", end=2022)
    women = baseline["population"].sel(sex="female", drop=True)
    own = baseline.assign(women_by_parity=women_by_parity_from_census(long_table(), women))
    drawn = starting_women_draws(own, 4, seed=1)
    for draw in range(4):
        np.testing.assert_array_equal(drawn.sel(draw=draw), own["women_by_parity"])
    births = ps.simulate(own, [], draws=4, seed=1, vary="fertility")["births"].sum("order")
    total = ps.simulate(own, [], draws=4, seed=1, vary="fertility", variables="total_births")
    np.testing.assert_allclose(births, total["total_births"], rtol=1e-9)
