"""Age heaping against published indices, an independent calculation and its extremes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.demography.ages.heaping import myers_index, whipple_index
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError

# Census of the Philippines 1990, both sexes, ages 0-99: Siegel & Swanson (2004), The Methods
# and Materials of Demography, table 7.7, in the electronic version of G. Rodríguez.
PHILIPPINES_1990 = [
    *[1817270, 1639123, 1718425, 1671136, 1621019, 1606062, 1620740, 1636329, 1576169, 1621708],
    *[1649916, 1491967, 1505955, 1409121, 1408773, 1376098, 1302790, 1356104, 1329109, 1276550],
    *[1335873, 1185876, 1116887, 1053736, 1075953, 1115735, 993664, 999845, 907680, 928327],
    *[1031406, 831571, 810274, 758956, 768819, 827883, 708328, 696632, 624157, 644621],
    *[715657, 539663, 541519, 494726, 462278, 516270, 399343, 446431, 435789, 423655],
    *[479514, 346367, 374204, 349337, 356406, 344552, 288045, 284318, 246928, 275560],
    *[322233, 205177, 218840, 188670, 192961, 218875, 144388, 152395, 138092, 153870],
    *[182814, 99902, 102481, 90058, 90084, 106108, 71650, 77058, 68917, 61911],
    *[67699, 32336, 33732, 25451, 25605, 27096, 16986, 14745, 16102, 14088],
    *[9330, 2875, 2596, 1667, 1577, 1838, 1059, 941, 1093, 1645],
]
# Lee & Zhang (2013), The Art of Counting the Governed, CDDRL working paper 146, online
# appendix 2: ages 10-79 (table OA2.1), deviations of the digits (OA2.3), index 17.911.
LEE_ZHANG = [
    *[716482, 472789, 698994, 515367, 549374, 522098, 515191, 428060, 599891, 358858],
    *[555074, 340753, 501377, 311671, 343114, 557100, 312112, 273515, 419471, 191803],
    *[637324, 171037, 361580, 185970, 178913, 586526, 223008, 148642, 274881, 132106],
    *[563796, 123181, 217352, 121693, 115517, 444975, 132546, 105958, 180596, 89236],
    *[382777, 98698, 143118, 77149, 80374, 261816, 101632, 80559, 114037, 48534],
    *[296545, 52675, 76841, 50525, 43927, 199934, 45125, 42640, 68744, 25831],
    *[150528, 23946, 43530, 27276, 25514, 82294, 23963, 18616, 26721, 11198],
]
LEE_ZHANG_DEVIATIONS = [
    *[8.7091187, -3.6278468, 0.9058475, -3.1360774, -2.5713389],
    *[6.9667173, -1.6300449, -2.9380948, 1.3296800, -4.0079606],
]


def by_age(values: object, first: int = 0) -> xr.DataArray:
    values = np.asarray(values, float)
    return xr.DataArray(values, dims="age", coords={"age": np.arange(len(values)) + first})


def test_myers_index_of_the_philippines_is_the_published_one() -> None:
    """Rodríguez, Demographic Methods (Princeton), Digit Preference: 1.927535."""
    assert sum(PHILIPPINES_1990) == 60556094  # his total
    got = myers_index(by_age(PHILIPPINES_1990), lowest=0, highest=99)["myers_index"]
    assert float(got) == pytest.approx(1.927535, abs=5e-7)


def test_myers_index_of_lee_and_zhang_is_the_published_one() -> None:
    got = myers_index(by_age(LEE_ZHANG, 10), lowest=10, highest=79)
    assert float(got["myers_index"]) == pytest.approx(17.911, abs=5e-4)
    assert got["digit"].values.tolist() == list(range(10))
    np.testing.assert_allclose(got["digit_preference"], LEE_ZHANG_DEVIATIONS, atol=5e-7)


def test_whipple_index_of_the_philippines() -> None:
    """Five times the persons at 25, 30, ..., 60 over those at 23-62, added up by hand."""
    heaped = 1115735 + 1031406 + 827883 + 715657 + 516270 + 479514 + 344552 + 322233
    span = sum(PHILIPPINES_1990[23:63])
    got = float(whipple_index(by_age(PHILIPPINES_1990)))
    assert got == pytest.approx(500 * heaped / span, rel=1e-12)
    assert round(got, 1) == 112.3
    zero = float(whipple_index(by_age(PHILIPPINES_1990), digits=[0]))
    five = float(whipple_index(by_age(PHILIPPINES_1990), digits=[5]))
    assert (zero + five) / 2 == pytest.approx(got, rel=1e-12)


def test_extremes() -> None:
    even = by_age(np.ones(100))
    tens = by_age([float(a % 10 == 0) for a in range(100)])
    fives = by_age([float(a % 5 == 0) for a in range(100)])
    assert float(whipple_index(even)) == pytest.approx(100)
    assert float(whipple_index(fives)) == pytest.approx(500)
    assert float(whipple_index(tens, digits=[0])) == pytest.approx(1000)
    assert float(myers_index(even)["myers_index"]) == pytest.approx(0, abs=1e-12)
    assert float(myers_index(tens)["myers_index"]) == pytest.approx(90)


def test_a_linear_population_shows_no_preference_by_myers() -> None:
    line = by_age(np.arange(100.0)[::-1])
    assert float(myers_index(line)["myers_index"]) == pytest.approx(0, abs=1e-10)


def test_leading_dims_are_kept_and_results_carry_units() -> None:
    both = xr.concat([by_age(PHILIPPINES_1990), by_age(np.ones(100))], dim="region")
    whipple = whipple_index(both)
    assert whipple.dims == ("region",)
    assert whipple.attrs["units"] == "percent"
    myers = myers_index(both)
    assert myers["digit_preference"].sizes == {"region": 2, "digit": 10}
    assert float(myers["myers_index"][1]) == pytest.approx(0, abs=1e-12)


def open_from(counts: xr.DataArray, last: int) -> xr.DataArray:
    """The counts with one open group from an age on, under its lower bound."""
    rest = counts.sel(age=slice(last, None)).sum("age").expand_dims(age=[last])
    return xr.concat([counts.sel(age=slice(None, last - 1)), rest], dim="age")


@pytest.mark.parametrize("last", [43, 52, 55, 60, 62])
def test_an_open_group_is_not_a_single_age(last):
    """100 without preference, whatever stands in the open group."""
    counts = open_from(by_age(np.full(82, 100.0)), last)
    index = whipple_index(counts)
    assert float(index) == pytest.approx(100.0, rel=1e-12)
    assert index.attrs["ages"] == f"23-{22 + 10 * ((last - 23) // 10)}"
    myers = myers_index(counts)
    assert float(myers["myers_index"]) == pytest.approx(0.0, abs=1e-10)
    assert myers["myers_index"].attrs["ages"] == f"10-{9 + 10 * ((last - 10) // 10)}"


def test_an_open_group_above_the_span_is_left_alone():
    philippines = by_age(PHILIPPINES_1990)
    for last in (63, 70, 85):
        grouped = open_from(philippines, last)
        assert float(whipple_index(grouped)) == float(whipple_index(philippines))
        assert whipple_index(grouped).attrs["ages"] == "23-62"


def test_an_open_group_is_said_by_its_label_or_by_the_user():
    philippines = by_age(PHILIPPINES_1990)
    right = float(whipple_index(philippines, highest=52))
    grouped = open_from(philippines, 62)
    labels = [*map(str, range(62)), "62+"]
    for given in (grouped, grouped.assign_coords(age=labels)):
        assert float(whipple_index(given)) == right
    # few are 62 and more, as where the old are few: numbers alone do not tell, the label does
    few = grouped.where(grouped.age < 62, 10.0)
    assert float(whipple_index(few.assign_coords(age=labels))) == right
    assert float(whipple_index(few, last_open=True)) == right
    assert float(whipple_index(few)) != right
    peak = by_age([*np.full(62, 1.0), 3.0])
    assert whipple_index(peak, last_open=False).attrs["ages"] == "23-62"


def test_an_open_group_that_leaves_no_decade_is_refused():
    counts = open_from(by_age(np.full(82, 100.0)), 30)
    with pytest.raises(
        CoordinateError, match=r"no whole decade(.|\n)*single ages to 29, then 30\+"
    ):
        whipple_index(counts)
    with pytest.raises(InputError, match="at least two decades"):
        myers_index(open_from(by_age(np.full(82, 100.0)), 25))


def test_bad_input_is_refused() -> None:
    good = by_age(PHILIPPINES_1990)
    with pytest.raises(InputError, match=r"distinct last digits\n.*\n  got: \[0, 10\]"):
        whipple_index(good, digits=[0, 10])
    with pytest.raises(InputError, match=r"distinct last digits"):
        whipple_index(good, digits=[5, 5])
    with pytest.raises(InputError, match=r"not a multiple of ten\n.*\n  got: 23 to 60, 38 ages"):
        whipple_index(good, highest=60)
    with pytest.raises(InputError, match=r"at least two decades"):
        myers_index(good, lowest=20, highest=29)
    with pytest.raises(DimensionError, match=r"no dimension age"):
        whipple_index(good.rename(age="years"))
    with pytest.raises(CoordinateError, match=r"13 ages missing, the first is 50"):
        whipple_index(good.sel(age=slice(0, 49)))
    with pytest.raises(BoundsError, match=r"out of bounds.*\n.*age=40"):
        whipple_index(good.where(good.age != 40, -1.0))
    with pytest.raises(BoundsError, match=r"nobody in the span.*\n  where: region=1"):
        myers_index(xr.concat([good, good * 0], dim="region"))
