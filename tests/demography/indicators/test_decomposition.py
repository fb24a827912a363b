"""Decompositions add up, and give the published parts."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

from popsim.demography.indicators.decomposition import (
    das_gupta,
    decompose_births,
    kitagawa,
    theil_index,
)
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError

#: Women and their deaths by age, Sweden and Kazakhstan 1992: Preston, Heuveline and Guillot
#: (2001), table 2.1.
SWEDEN = [59727, 229775, 245172, 240110, 264957, 287176, 311111, 280991, 286899, 308238]
SWEDEN += [320172, 242230, 210785, 216058, 224479, 222578, 184102, 140667, 110242]
SWEDEN_DEATHS = [279, 42, 31, 33, 61, 87, 98, 140, 197, 362, 643, 738, 972, 1640, 2752]
SWEDEN_DEATHS += [4509, 6745, 9587, 17340]
KAZAKHSTAN = [174078, 754758, 879129, 808510, 720161, 622988, 733057, 732312, 612825, 487996]
KAZAKHSTAN += [284799, 503608, 301879, 374317, 256247, 154623, 149917, 88716, 58940]
KAZAKHSTAN_DEATHS = [3720, 1220, 396, 298, 561, 673, 752, 965, 1113, 1405, 1226, 2878, 3266]
KAZAKHSTAN_DEATHS += [5212, 6866, 6182, 8199, 9013, 10627]

AGES = list(range(15, 50))


def ages(values) -> xr.DataArray:
    values = np.asarray(values, float)
    return xr.DataArray(values, dims="age", coords={"age": range(values.shape[-1])})


def childbearing(values) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, float), dims="age", coords={"age": AGES})


def curve(mean: float, spread: float, total: float) -> xr.DataArray:
    shape = np.exp(-(((np.array(AGES) - mean) / spread) ** 2))
    return childbearing(total * shape / shape.sum())


def test_kitagawa_of_sweden_and_kazakhstan_is_the_published_one():
    sweden, kazakhstan = ages(SWEDEN), ages(KAZAKHSTAN)
    out = kitagawa(
        1000 * ages(KAZAKHSTAN_DEATHS) / kazakhstan,
        1000 * ages(SWEDEN_DEATHS) / sweden,
        kazakhstan,
        sweden,
    )
    # Preston et al., section 2.3 (13.44 - 5.81 and 7.37 - 11.88), and to six digits elsewhere
    assert float(out.difference) == pytest.approx(3.124519, abs=5e-7)
    assert float(out.composition_effect.sum()) == pytest.approx(7.632422, abs=5e-7)
    assert float(out.rate_effect.sum()) == pytest.approx(-4.507903, abs=5e-7)


values = st.floats(0.01, 1e6, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(values, values, values, values), min_size=1, max_size=12))
def test_kitagawa_adds_up(rows):
    rate_1, rate_2, size_1, size_2 = (ages(column) for column in zip(*rows, strict=True))
    out = kitagawa(rate_1, rate_2, size_1, size_2)
    parts = float(out.rate_effect.sum() + out.composition_effect.sum())
    scale = float(abs(rate_1).max() + abs(rate_2).max())
    assert abs(parts - float(out.difference)) <= 1e-12 * scale  # rounding of twelve products


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10_000))
def test_das_gupta_adds_up_for_any_number_of_factors(count, seed):
    rng = np.random.default_rng(seed)
    names = [f"factor{i}" for i in range(count)]
    before, after = ({n: ages(rng.uniform(0.1, 3, 7)) for n in names} for _ in range(2))
    parts = das_gupta(before, after, over=["age"])
    totals = [
        float(np.prod([f.values for f in side.values()], axis=0).sum()) for side in (before, after)
    ]
    assert parts.component.values.tolist() == names
    assert float(parts.sum()) == pytest.approx(totals[1] - totals[0], abs=1e-12 * max(totals))


def test_two_factors_are_kitagawa():
    rate_1, rate_2, size_1, size_2 = (ages(v) for v in ([1, 9], [2, 7], [0.8, 0.2], [0.6, 0.4]))
    parts = das_gupta({"r": rate_1, "c": size_1}, {"r": rate_2, "c": size_2}, over=["age"])
    out = kitagawa(rate_1, rate_2, size_1, size_2)
    assert float(parts.sel(component="r")) == pytest.approx(float(out.rate_effect.sum()), abs=1e-14)
    assert float(parts.sel(component="c")) == pytest.approx(
        float(out.composition_effect.sum()), abs=1e-14
    )


def test_three_factors_follow_the_published_formula():
    (a, A), (b, B), (c, C) = (2.0, 3.0), (5.0, 4.0), (0.5, 0.9)
    parts = das_gupta({"a": a, "b": b, "c": c}, {"a": A, "b": B, "c": C})
    # Das Gupta (1993), equation 3.6, for the first factor
    expected = ((b * c + B * C) / 3 + (b * C + B * c) / 6) * (A - a)
    assert float(parts.sel(component="a")) == pytest.approx(expected, abs=1e-14)


def test_a_factor_that_does_not_change_contributes_nothing():
    parts = das_gupta({"a": 2.0, "b": 3.0, "c": 4.0}, {"a": 2.0, "b": 1.0, "c": 5.0})
    assert float(parts.sel(component="a")) == 0.0


def test_births_fall_into_women_and_fertility_exactly():
    rng = np.random.default_rng(1)
    women_1, women_2 = (childbearing(rng.uniform(900, 1500, 35)) for _ in range(2))
    rate_1, rate_2 = curve(26, 6, 1.8), curve(29, 6.5, 1.1)
    parts = decompose_births(women_1, women_2, rate_1, rate_2)
    change = float((women_2 * rate_2).sum() - (women_1 * rate_1).sum())
    assert float(parts.sum()) == pytest.approx(change, abs=1e-12 * float((women_1 * rate_1).sum()))
    assert parts.attrs["units"] == "persons"


@pytest.mark.parametrize("only", range(4))
def test_each_cause_alone_is_found(only):
    women, rate = childbearing(np.linspace(1500, 900, 35)), curve(27, 6, 1.5)
    older = women * np.linspace(0.8, 1.2, 35)
    older = older * float(women.sum() / older.sum())  # the same number, other ages
    changed = [
        (women * 0.8, rate),
        (older, rate),
        (women, rate * 0.9),
        (women, curve(30, 6, 1.5)),
    ][only]
    parts = decompose_births(women, changed[0], rate, changed[1])
    others = np.delete(parts.values, only)
    change = float((changed[0] * changed[1]).sum() - (women * rate).sum())
    assert float(parts[only]) == pytest.approx(change, rel=1e-12)
    assert others == pytest.approx(np.zeros(3), abs=1e-9)  # of some 1,800 births
    names = ["women_number", "women_age_structure", "fertility_level", "fertility_timing"]
    assert parts.component.values.tolist() == names


def test_leading_dims_are_kept():
    women = childbearing(np.full(35, 100.0))
    scenarios = xr.concat([curve(27, 6, 1.2), curve(27, 6, 1.6)], "scenario")
    parts = decompose_births(women, women * 0.9, curve(27, 6, 1.0), scenarios)
    assert parts.dims == ("component", "scenario")
    alone = decompose_births(women, women * 0.9, curve(27, 6, 1.0), scenarios[1])
    assert parts.isel(scenario=1).values == pytest.approx(alone.values, abs=1e-12)


# --- what is refused ------------------------------------------------------------------------


def test_factors_that_do_not_go_together():
    with pytest.raises(InputError, match=r"factors before and after(.|\n)*'b'"):
        das_gupta({"a": 1.0, "b": 2.0}, {"a": 1.0, "c": 2.0})
    with pytest.raises(InputError, match="2 to 8 factors"):
        das_gupta({"a": 1.0}, {"a": 2.0})
    with pytest.raises(DimensionError, match=r"no factor has the dimension 'age'"):
        das_gupta({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.0}, over=["age"])
    with pytest.raises(BoundsError, match=r"a \(after\) is not finite"):
        das_gupta({"a": 1.0, "b": 2.0}, {"a": np.nan, "b": 2.0})


def test_kitagawa_refuses_what_it_cannot_use():
    one = ages([1.0, 2.0])
    with pytest.raises(DimensionError, match="rate_2 lacks the dimension 'age'"):
        kitagawa(one, one.sum(), one, one)
    with pytest.raises(BoundsError, match="no one in composition_2"):
        kitagawa(one, one, one, one * 0)
    with pytest.raises(BoundsError, match=r"composition_1 has a negative group(.|\n)*age=0"):
        kitagawa(one, one, -one, one)
    with pytest.raises(BoundsError, match=r"rate_1 is not finite(.|\n)*age=1"):
        kitagawa(ages([1.0, np.inf]), one, one, one)
    with pytest.raises(CoordinateError, match="different labels on 'age'"):
        kitagawa(one, one, one, one.assign_coords(age=[5, 10]))


def test_births_without_women_or_fertility_are_refused():
    women, rate = childbearing(np.ones(35)), curve(27, 6, 1.0)
    with pytest.raises(BoundsError, match="no one of reproductive age"):
        decompose_births(women, women * 0, rate, rate)
    with pytest.raises(BoundsError, match="no one born"):
        decompose_births(women, women, rate, rate * 0)
    with pytest.raises(BoundsError, match=r"fertility_rate is out of bounds(.|\n)*per 1,000"):
        decompose_births(women, women, rate * 1000, rate)
    with pytest.raises(DimensionError, match="women_1 lacks the dimension 'age'"):
        decompose_births(women.sum(), women, rate, rate)


# --- unevenness -----------------------------------------------------------------------------


def places(values) -> xr.DataArray:
    return xr.DataArray(np.asarray(values), dims="region", coords={"region": list("abcdef")})


def test_theil_falls_into_between_and_within_as_computed_group_by_group():
    rng = np.random.default_rng(8)
    births, people = places(rng.uniform(1, 9, 6)), places(rng.uniform(100, 900, 6))
    province = places(["x", "x", "x", "y", "y", "z"])
    out = theil_index(births, people, province)
    q, p = births / births.sum(), people / people.sum()
    within = 0.0
    for label in "xyz":
        mine = (province == label).values
        inner_q, inner_p = q[mine] / q[mine].sum(), p[mine] / p[mine].sum()
        within += float(q[mine].sum() * (inner_q * np.log(inner_q / inner_p)).sum())
    assert float(out.within) == pytest.approx(within, abs=1e-15)
    assert float(out.between + out.within) == pytest.approx(float(out.total), abs=1e-16)


def test_theil_of_an_even_spread_is_zero_and_of_one_place_is_log_of_its_share():
    people = places([100.0, 200.0, 300.0, 100.0, 200.0, 100.0])
    province = places(list("xxyyzz"))
    even = theil_index(people * 0.01, people, province)
    assert abs(float(even.total)) < 1e-15
    one = theil_index(places([7.0, 0, 0, 0, 0, 0]), people, province)
    assert float(one.total) == pytest.approx(np.log(10.0), rel=1e-14)  # 100 of 1,000 persons


def test_theil_refuses_what_it_cannot_use():
    people, province = places(np.full(6, 100.0)), places(list("xxyyzz"))
    with pytest.raises(BoundsError, match=r"quantity cannot be used(.|\n)*region=a"):
        theil_index(-people, people, province)
    with pytest.raises(BoundsError, match=r"no one in a place(.|\n)*region=c"):
        theil_index(people, people.where(people.region != "c", 0.0), province)
    with pytest.raises(BoundsError, match="no one counted"):
        theil_index(people * 0, people, province)
    with pytest.raises(DimensionError, match="groups lacks the dimension 'region'"):
        theil_index(people, people, province[0])
