"""Graduation of counts and rates: totals, published figures, an independent solver, bad input."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numba
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

from popsim.demography import (
    abridge,
    beers_matrix,
    complete,
    graduate_counts,
    graduate_net_migration,
    graduate_rates,
    life_table,
    parse_age_groups,
    sprague_matrix,
)
from popsim.demography.ages import smoothing
from popsim.demography.ages.smoothing import smooth_positive, smooth_signed
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError
from popsim.kernels.graduation import smooth_rows

ABRIDGED = [0, 1, *range(5, 101, 5)]
CENSUS_GROUPS = ["0", "1-4", *(f"{a}-{a + 4}" for a in range(5, 85, 5)), "85+"]
FERTILE = [f"{a}-{a + 4}" for a in range(15, 50, 5)]
SEXES = ["female", "male"]
#: Rounding of sums over a hundred doubles; the promise to users is 1e-9.
ROUNDING = 1e-12

# Japan 2000, births per woman at ages 15-49: Vital Statistics over the census of women.
JAPAN_2000 = [
    *[0.000326523, 0.001312392, 0.003809118, 0.007258369, 0.013960783],
    *[0.021319571, 0.029766957, 0.036661848, 0.046098427, 0.059239583],
    *[0.074309419, 0.088834137, 0.100687857, 0.109512446, 0.113622172],
    *[0.110591679, 0.104234727, 0.093800356, 0.072992318, 0.070056959],
    *[0.051635939, 0.040188530, 0.028535257, 0.020080841, 0.013713545],
    *[0.008777109, 0.005205700, 0.002893721, 0.001511141, 0.000751093],
    *[0.000303392, 0.000104448, 0.000041988, 0.000015012, 0.000016156],
]


def by_age(values: object, labels: object, dim: str = "age_group") -> xr.DataArray:
    return xr.DataArray(np.asarray(values, float), dims=dim, coords={dim: labels})


def sums(single: xr.DataArray, lower: list[int]) -> np.ndarray:
    return np.add.reduceat(single.transpose(..., "age").values, lower, axis=-1)


@pytest.fixture(scope="module")
def canada(reference: Path) -> xr.DataArray:
    """Population by single age at the end of each year 1950-2019."""
    data = xr.open_dataset(reference / "un_ccmpp_canada.nc")["population_end"]
    return data.sel(timing="even", migration_input="counts").transpose("year", "sex", "age").load()


# --- labels -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "lower", "width"),
    [
        (["0", "1-4", "5-9", "10+"], [0, 1, 5, 10], [1, 4, 5, np.inf]),
        (["0岁", "1-4岁", "5岁及以上"], [0, 1, 5], [1, 4, np.inf]),
        (["15–19", "20 - 24"], [15, 20], [5, 5]),
        ([0, 1, 5], [0, 1, 5], [1, 4, np.inf]),
    ],
)
def test_labels_are_read(labels: list[object], lower: list[int], width: list[float]) -> None:
    got_lower, got_width = parse_age_groups(labels)
    assert got_lower.tolist() == lower
    assert got_width.tolist() == width


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["0-4", "five to nine"], r"'five to nine' cannot be read"),
        (["0-4", "9-5"], r"'9-5' cannot be read"),
        (["0-4", "10-14"], r"leave a gap\n  where: group '10-14'"),
        (["0-5", "5-9"], r"overlap\n  where: group '5-9'"),
        (["0-4", "5+", "10-14"], r"overlap\n  where: group '10-14'"),
        ([0, 5, 5, 10], r"leave a gap"),
        ([10, 5, 0], r"leave a gap"),
        ([0, 2.5, 5], r"not whole lower bounds"),
        ([], r"not whole lower bounds"),
    ],
)
def test_labels_that_cannot_be_used(labels: list[object], message: str) -> None:
    with pytest.raises(CoordinateError, match=message):
        parse_age_groups(labels)


# --- counts: what is promised of every population ----------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pclm", "sprague", "beers"])
def test_every_unit_of_the_census_keeps_its_totals(reference: Path, method: str) -> None:
    counts = xr.open_dataset(reference / "china_census_2020.nc")["population"].load()
    if method != "pclm":
        counts = counts.isel(region=slice(None, None, 10))  # for the time that it takes
    single = graduate_counts(counts, method=method)
    assert single.dims == ("region", "sex", "age")
    assert single["age"].values.tolist() == list(range(101))
    np.testing.assert_allclose(
        sums(single, [0, 1, *range(5, 86, 5)]), counts.values, rtol=ROUNDING, atol=0
    )
    assert np.isfinite(single.values).all()
    assert single.values.min() >= 0


def test_single_ages_of_canada_are_recovered(canada: xr.DataArray) -> None:
    grouped = xr.DataArray(
        sums(canada, ABRIDGED),
        dims=("year", "sex", "age"),
        coords={"year": canada["year"], "sex": canada["sex"], "age": ABRIDGED},
    )
    error = {}
    for method in ("pclm", "sprague", "beers"):
        single = graduate_counts(grouped, method=method)
        off = np.abs(single.values / canada.values - 1)[..., 5:81]
        error[method] = np.median(off, axis=(1, 2))
    # The end of 1999 is 1 January 2000. A monotone cubic on the cumulated counts has 0.0061.
    by_year = dict(zip(canada["year"].values.tolist(), error["pclm"], strict=True))
    assert by_year[1999] < 0.002
    assert by_year[2000] < 0.002
    assert np.median(error["pclm"]) < 0.6 * np.median(error["sprague"])
    assert np.median(error["pclm"]) < 0.6 * np.median(error["beers"])


def test_open_group_of_canada_is_spread_nearly_as_it_was(canada: xr.DataArray) -> None:
    lower = [0, 1, *range(5, 86, 5)]
    grouped = by_age(sums(canada, lower)[0, 0], lower, "age")
    single = graduate_counts(grouped)
    misplaced = np.abs(single.values - canada.values[0, 0])[85:].sum() / grouped.values[-1]
    # Spread evenly over 85-100, more than half of the persons would stand at a wrong age.
    assert misplaced < 0.1


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_totals_hold_for_any_counts(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.integers(1, 10), min_size=1, max_size=12))
    counts = data.draw(st.lists(st.integers(0, 10**7), min_size=len(widths), max_size=len(widths)))
    lower = np.cumsum([0, *widths])
    labels = [f"{a}-{b - 1}" for a, b in pairwise(lower)]
    single = graduate_counts(by_age(counts, labels))
    np.testing.assert_allclose(sums(single, lower[:-1].tolist()), counts, rtol=ROUNDING, atol=0)
    assert (single.values >= 0).all()
    empty = np.repeat(np.array(counts) == 0, widths)
    assert (single.values[empty] == 0).all()


def test_exponential_population_is_recovered() -> None:
    true = 1000 * 1.03 ** -np.arange(40.0)
    labels = [f"{a}-{a + 4}" for a in range(0, 40, 5)]
    single = graduate_counts(by_age(true.reshape(8, 5).sum(1), labels))
    # The bend of the standard's survivors, about 1e-4 at age 40, keeps it from being exact.
    np.testing.assert_allclose(single, true, rtol=2e-4)


def test_dims_may_stand_in_any_order_and_scale_does_not_matter(canada: xr.DataArray) -> None:
    chosen = canada.isel(year=[0, 40])
    grouped = xr.DataArray(
        sums(chosen, ABRIDGED), dims=("year", "sex", "age"), coords={"age": ABRIDGED}
    )
    single = graduate_counts(grouped)
    turned = graduate_counts(grouped.transpose("age", "sex", "year") * 1000.0)
    assert turned.dims == ("age", "sex", "year")
    # Logarithms of other numbers round otherwise; the curve stops changing at 1e-9.
    xr.testing.assert_allclose(turned.transpose(*single.dims) / 1000.0, single, rtol=1e-7)


def test_an_empty_group_pulls_its_neighbours_down_on_any_scale() -> None:
    labels = [f"{a}-{a + 4}" for a in range(0, 25, 5)]
    counts = by_age([50.0, 50.0, 0.0, 50.0, 50.0], labels)
    single = graduate_counts(counts)
    assert (single.values[10:15] == 0).all()
    assert float(single[9]) < float(single[5])
    np.testing.assert_allclose(graduate_counts(counts * 1e4), single * 1e4, rtol=1e-7)


def test_input_is_left_alone_and_labels_are_carried() -> None:
    counts = by_age([5.0, 20.0, 30.0], ["0", "1-4", "5-9"]).assign_coords(name="甲")
    before = counts.copy(deep=True)
    single = graduate_counts(counts.rename("population"))
    xr.testing.assert_identical(counts, before)
    assert single.attrs["units"] == "persons"
    assert single["name"].item() == "甲"


def test_tail_spreads_the_open_group_in_its_proportion() -> None:
    counts = by_age(np.full((2, 19), 100.0)[0], CENSUS_GROUPS).expand_dims(sex=["female", "male"])
    ages = np.arange(85, 101)
    tail = xr.DataArray(
        [0.9 ** (ages - 85), 0.8 ** (ages - 85)],
        dims=("sex", "age"),
        coords={"sex": ["female", "male"], "age": ages},
    )
    single = graduate_counts(counts, tail=tail)
    expected = 100 * tail / tail.sum("age")
    np.testing.assert_allclose(single.sel(age=ages), expected, rtol=ROUNDING)
    np.testing.assert_allclose(
        sums(single, [0, 1, *range(5, 86, 5)]), counts.values, rtol=ROUNDING, atol=0
    )
    # The curve below runs into the tail: higher at 84 where the tail starts higher.
    assert float(single.sel(age=84, sex="male")) > float(single.sel(age=84, sex="female"))


def test_open_age_may_be_another() -> None:
    counts = by_age(np.linspace(300, 30, 19), CENSUS_GROUPS)
    ninety, hundred = (graduate_counts(counts, open_until=a) for a in (90, 100))
    assert ninety.sizes["age"] == 91
    np.testing.assert_allclose(ninety[:90], hundred[:90], rtol=ROUNDING)
    assert float(ninety[90]) == pytest.approx(float(hundred[90:].sum()), rel=ROUNDING)


# --- the kernel against an independent solver, and itself ---------------------------------


def dense_solution(totals: np.ndarray, start: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Solve the same problem by Newton's method on its whole system, second order included."""
    n, m = int(start[-1]), len(totals)
    difference = np.diff(np.eye(n), 2, axis=0)
    penalty = difference.T @ difference
    member = np.repeat(np.eye(m), np.diff(start), axis=1)
    eta = np.log(member.T @ (totals / (member @ weight)))
    multiplier = np.zeros(m)
    for _ in range(100):
        x = weight * np.exp(eta)
        jacobian = member * x
        hessian = penalty + np.diag((member.T @ multiplier) * x)
        system = np.block([[hessian, jacobian.T], [jacobian, np.zeros((m, m))]])
        right = -np.concatenate([penalty @ eta + jacobian.T @ multiplier, member @ x - totals])
        move = np.linalg.solve(system, right)
        eta += move[:n]
        multiplier += move[n:]
        if np.abs(move).max() < 1e-12:
            break
    return weight * np.exp(eta)


def test_kernel_finds_what_newton_on_the_whole_system_finds() -> None:
    start = np.array([0, 1, 5, 10, 15, 20, 30])
    totals = np.array([10.0, 44.0, 52.0, 61.0, 49.0, 70.0])
    weight = np.linspace(1.0, 0.5, 30)
    got = smooth_positive(totals[None], start, weight)[0]
    # The kernel stops at a change of 1e-9 of its converging series of steps.
    np.testing.assert_allclose(got, dense_solution(totals, start, weight), rtol=1e-7)


def arguments(rows: int) -> tuple[object, ...]:
    start = np.array([0, 5, 10, 15, 20], dtype=np.int64)
    total = np.random.default_rng(3).uniform(10, 90, (rows, 4))
    fit = smoothing._penalty(tuple(float(a) for a in range(20)), 2)
    weight = np.ones((1, 20))
    return total, weight, np.zeros(rows, np.int64), start, *fit, 200, 1e-9


def test_kernel_agrees_with_its_python_source(monkeypatch: pytest.MonkeyPatch) -> None:
    import popsim.kernels.graduation as kernel

    compiled, plain = np.empty((3, 20)), np.empty((3, 20))
    smooth_rows(*arguments(3), np.empty(3), compiled)
    for name in ("_group_logs", "_direction", "_form", "_step_length", "_smooth_row"):
        monkeypatch.setattr(kernel, name, getattr(kernel, name).py_func)
    smooth_rows.py_func(*arguments(3), np.empty(3), plain)
    np.testing.assert_allclose(plain, compiled, rtol=ROUNDING)


def test_threads_do_not_change_a_bit() -> None:
    results = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        out = np.empty((40, 20))
        smooth_rows(*arguments(40), np.empty(40), out)
        results.append(out)
    assert (results[0] == results[1]).all()


def test_signed_smoothing_keeps_totals_and_recovers_a_line() -> None:
    start = np.array([0, 5, 10, 15, 16])
    line = np.arange(16) * 2.0 - 11.0
    totals = np.add.reduceat(line, start[:-1])
    np.testing.assert_allclose(smooth_signed(totals[None], start)[0], line, atol=1e-9)


# --- Sprague and Beers -------------------------------------------------------------------


def test_sprague_gives_the_published_single_ages() -> None:
    """The example of R package DemoTools, graduate_sprague (groups 0-4 ... 25-29 of 21)."""
    fives = [54170.0, 44775.0, 42142.0, 38464.0, 34406.0, 30386.0]
    published = [12172.491, 11380.448, 10717.448, 10171.000, 9728.613, 9377.795]
    np.testing.assert_allclose((sprague_matrix(6) @ fives)[:6], published, atol=5e-4)


def test_beers_gives_the_published_single_ages() -> None:
    """Johnson's spreadsheet BEERSP (US Census Bureau, 2016), ages that it leaves to Beers."""
    fives = [752124, 582662, 463534, 369976, 286946, 235867, 199561, 172133]
    single = beers_matrix(8) @ np.array(fives, float)
    # Whole persons, and the spreadsheet's coefficients have more than the table's four decimals.
    np.testing.assert_allclose(single[1], 158163, atol=1)
    np.testing.assert_allclose(single[9:13], [105733, 101088, 96719, 92551], atol=1)


@pytest.mark.parametrize("matrix", [sprague_matrix, beers_matrix])
def test_multipliers_keep_totals_and_are_symmetric(matrix: object) -> None:
    for groups in (5, 6, 20):
        table = matrix(groups)  # type: ignore[operator]
        # The tables have four decimals, whose sums are exact in the publication.
        np.testing.assert_allclose(
            table.reshape(groups, 5, groups).sum(1), np.eye(groups), atol=1e-12
        )
        np.testing.assert_array_equal(table, table[::-1, ::-1])


def test_multipliers_alone_where_nothing_has_to_be_mended() -> None:
    fives = np.array([540.0, 450.0, 420.0, 385.0, 344.0, 303.0, 280.0])
    labels = [f"{a}-{a + 4}" for a in range(0, 35, 5)]
    single = graduate_counts(by_age(fives, labels), method="sprague")
    np.testing.assert_allclose(single, sprague_matrix(7) @ fives, rtol=ROUNDING)


def test_negative_numbers_of_the_multipliers_are_mended() -> None:
    fives = np.array([1.0, 1.0, 900.0, 1.0, 1.0, 1.0, 1.0])
    assert (sprague_matrix(7) @ fives).min() < 0
    labels = [f"{a}-{a + 4}" for a in range(0, 35, 5)]
    single = graduate_counts(by_age(fives, labels), method="sprague")
    assert single.min() >= 0
    np.testing.assert_allclose(sums(single, list(range(0, 35, 5))), fives, rtol=ROUNDING)


# --- rates ------------------------------------------------------------------------------


def test_fertility_of_japan_is_recovered() -> None:
    true = np.array(JAPAN_2000)
    single = graduate_rates(by_age(true.reshape(7, 5).mean(1), FERTILE), kind="fertility")
    np.testing.assert_allclose(
        single.values.reshape(7, 5).mean(1), true.reshape(7, 5).mean(1), rtol=ROUNDING
    )
    # The true rates are not smooth (0.073 at age 33 between 0.094 and 0.070).
    assert np.abs(single.values - true).sum() / true.sum() < 0.03
    ages = np.arange(15, 50)
    mean = [float((rate * ages).sum() / rate.sum()) for rate in (single.values, true)]
    assert mean[0] == pytest.approx(mean[1], abs=0.02)


def test_fertility_falls_to_zero_at_the_borders() -> None:
    rates = by_age([6.07, 55.22, 98.98, 65.05, 26.91, 6.34, 1.61], FERTILE) / 1000
    single = graduate_rates(rates, kind="fertility")
    assert (single > 0).all()
    assert single[0] < single[1] < single[2]
    assert float(single[-1]) < 0.2 * float(rates[-1])
    assert float(single.sum()) == pytest.approx(5 * float(rates.sum()), rel=ROUNDING)


def test_fertility_by_lower_bounds_is_closed_and_zero_groups_stay_zero() -> None:
    rates = by_age([0.0, 0.05, 0.1, 0.06, 0.02, 0.004, 0.0], list(range(15, 50, 5)), "age")
    single = graduate_rates(rates, kind="fertility")
    assert single["age"].values.tolist() == list(range(15, 50))
    assert (single.values[:5] == 0).all()
    assert (single.values[-5:] == 0).all()
    assert (single.values[5:30] > 0).all()


def stationary(rate: np.ndarray) -> np.ndarray:
    """Person-years lived in each single year under constant hazards."""
    start = np.exp(rate - np.cumsum(rate, axis=-1))
    return start * -np.expm1(-rate) / rate


def test_mortality_keeps_the_group_rates_and_the_curve(reference: Path) -> None:
    data = xr.open_dataset(reference / "un_ccmpp_canada.nc")["mortality_rate"]
    true = data.sel(year=[1950, 1985, 2019]).transpose("year", "sex", "age").values
    lived = stationary(true)
    deaths = np.add.reduceat(true * lived, ABRIDGED, axis=-1)
    groups = deaths / np.add.reduceat(lived, ABRIDGED, axis=-1)
    rates = xr.DataArray(groups, dims=("year", "sex", "age"), coords={"age": ABRIDGED})
    single = graduate_rates(rates, kind="mortality").values
    back = stationary(single)
    kept = np.add.reduceat(single * back, ABRIDGED, axis=-1) / np.add.reduceat(
        back, ABRIDGED, axis=-1
    )
    np.testing.assert_allclose(kept, groups, rtol=1e-8)  # as the docstring promises
    np.testing.assert_array_equal(single[..., [0, 100]], groups[..., [0, -1]])
    off = np.abs(single / true - 1)
    # Below 15 these rates are the UN's own interpolation of abridged ones: at age 1 a sixth to a
    # third below Canada's official tables by single age (341 and 299 per 100,000 in 1950-52).
    assert np.median(off[..., 15:80]) < 0.001
    assert np.median(off[..., 80:100]) < 0.005


#: Probabilities of dying at ages 0 to 24 per 100,000: official life tables by single age, as
#: the Society of Actuaries (mort.soa.org) has them.
NATIONAL = {
    "France 1898-1903, male": [
        *[16326, 3388, 1891, 1101, 859, 635, 506, 429, 370, 330, 303, 286],
        *[284, 294, 325, 375, 437, 504, 570, 637, 699, 751, 780, 782, 770],
    ],
    "France 1898-1903, female": [
        *[13649, 3166, 1754, 1157, 867, 649, 526, 445, 388, 350, 328, 323],
        *[334, 363, 403, 447, 489, 527, 562, 595, 627, 654, 680, 703, 722],
    ],
    "Canada 1950-52, male": [
        *[4325, 341, 180, 159, 118, 101, 96, 95, 86, 80, 77, 78, 80],
        *[87, 98, 112, 126, 139, 150, 161, 172, 181, 187, 188, 186],
    ],
    "Canada 1950-52, female": [
        *[3423, 299, 154, 114, 92, 79, 72, 67, 60, 55, 52, 52, 53],
        *[56, 61, 67, 73, 78, 83, 87, 91, 95, 99, 102, 104],
    ],
    "England and Wales 1990-92, male": [
        *[814, 62, 38, 30, 24, 22, 20, 19, 18, 18, 18, 18, 19],
        *[23, 29, 40, 52, 75, 87, 83, 84, 86, 89, 89, 88],
    ],
    "England and Wales 1990-92, female": [
        *[632, 55, 30, 22, 18, 16, 15, 14, 14, 13, 13, 14, 14],
        *[15, 18, 22, 26, 31, 31, 32, 31, 32, 33, 33, 33],
    ],
}


def test_children_die_as_in_national_tables_by_single_age() -> None:
    """Graduating rates and completing a table are one method, better than what either was."""
    q = xr.DataArray(
        np.array(list(NATIONAL.values())) / 1e5,
        dims=("table", "age"),
        coords={"table": list(NATIONAL), "age": np.arange(25)},
    )
    # The open group's rate is of no consequence below it.
    rates = (q / (1 - q / 2)).reindex(age=np.arange(26), fill_value=0.02)
    national = life_table(rates, a0=0.15)
    short = abridge(national)
    for single in (
        graduate_rates(short["mortality_rate"], kind="mortality"),
        complete(short)["mortality_rate"],
    ):
        off = abs(single / national["mortality_rate"] - 1)
        # a level standard: 17 % and 5 %; a spline over the logarithm of age: 9 % and 6 %
        assert float(off.sel(age=slice(1, 4)).mean()) < 0.06
        assert float(off.sel(age=slice(5, 14)).mean()) < 0.05


def test_gompertz_mortality_is_recovered() -> None:
    ages = np.arange(10.0, 101.0)
    true = 3e-5 * np.exp(0.095 * ages)
    lived = stationary(true)
    start = np.arange(0, 91, 5)
    groups = np.add.reduceat(true * lived, start) / np.add.reduceat(lived, start)
    single = graduate_rates(by_age(groups, start + 10, "abridged_age"), kind="mortality")
    # A line on the log scale costs nothing; the passes over the person-years end at 1e-8.
    np.testing.assert_allclose(single, true, rtol=1e-7)


def test_mortality_falls_through_childhood_without_an_infant_group() -> None:
    rates = by_age([0.004, 0.0003, 0.0003, 0.0008, 0.0012], [0, 5, 10, 15, 20], "age")
    single = graduate_rates(rates, kind="mortality")
    assert single["age"].values[-1] == 20
    assert (np.diff(single.values[:8]) < 0).all()
    assert float(single[0]) > 2 * 0.004


def test_zero_death_rate_stays_zero() -> None:
    rates = by_age([0.01, 0.0, 0.0004, 0.0005, 0.001], [0, 1, 5, 10, 15], "age")
    single = graduate_rates(rates, kind="mortality").values
    assert (single[1:5] == 0).all()
    assert (single[5:] > 0).all()
    assert np.isfinite(single).all()


# --- net migration ------------------------------------------------------------------------


def test_net_migration_keeps_every_total_of_either_sign() -> None:
    rng = np.random.default_rng(2)
    totals = rng.normal(0.0, 1000.0, (2, 19))
    grouped = xr.DataArray(
        totals, dims=("sex", "age_group"), coords={"sex": SEXES, "age_group": CENSUS_GROUPS}
    )
    single = graduate_net_migration(grouped)
    assert single.dims == ("sex", "age")
    # rounding of a linear system on totals of a thousand
    np.testing.assert_allclose(sums(single, [0, 1, *range(5, 86, 5)]), totals, atol=1e-8)
    old = single.sel(age=slice(85, None)) / totals[:, -1:]
    assert (old > 0).all()
    assert (np.diff(old.values[:, :-1]) < 0).all()  # the open group as survivors of its age


def test_net_migration_on_a_line_stays_on_it() -> None:
    line = 100.0 - 2.0 * np.arange(85)
    lower = [0, 1, *range(5, 86, 5)]
    totals = np.append(np.add.reduceat(line, lower[:-1]), -300.0)
    people = by_age(np.arange(16.0, 0.0, -1.0), np.arange(85, 101), "age")
    single = graduate_net_migration(by_age(totals, lower, "age"), tail=people)
    np.testing.assert_allclose(single.values[:85], line, atol=1e-8)
    np.testing.assert_allclose(single.values[85:], -300.0 * people / people.sum(), rtol=1e-12)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (["0-4", "5-9"], CoordinateError, "do not run from 0 to an open group"),
        (["15-19", "20+"], CoordinateError, "do not run from 0 to an open group"),
        (["0-104", "105+"], InputError, "cannot be spread up to 100"),
    ],
)
def test_net_migration_that_cannot_be_graduated(labels, error, message) -> None:
    with pytest.raises(error, match=message):
        graduate_net_migration(by_age([1.0, 2.0], labels))
    with pytest.raises(BoundsError, match="net_migration has 1 missing"):
        graduate_net_migration(by_age([1.0, np.nan], ["0-4", "5+"]))


# --- what is refused ----------------------------------------------------------------------


GOOD = by_age(np.full(19, 10.0), CENSUS_GROUPS)
AGES = np.arange(85, 101)


def changed(**cells: float) -> xr.DataArray:
    out = GOOD.copy()
    for label, value in cells.items():
        out.loc[{"age_group": label.replace("_", "-").lstrip("g")}] = value
    return out


def test_bad_counts_are_named_by_cell() -> None:
    with pytest.raises(BoundsError, match=r"out of bounds in 1 cells\n.*age_group=5-9\n  got: -1"):
        graduate_counts(changed(g5_9=-1.0))
    with pytest.raises(BoundsError, match=r"1 missing or infinite.*\n  where: age_group=10-14"):
        graduate_counts(changed(g10_14=np.nan))
    with pytest.raises(BoundsError, match=r"missing or infinite"):
        graduate_counts(changed(g10_14=np.inf))


def test_bad_groups_are_refused() -> None:
    with pytest.raises(CoordinateError, match=r"'young' cannot be read"):
        graduate_counts(by_age([1.0, 2.0], ["young", "5+"]))
    with pytest.raises(CoordinateError, match=r"leave a gap"):
        graduate_counts(GOOD.isel(age_group=[0, 1, 3, 4]))
    with pytest.raises(CoordinateError, match=r"age_group has no coordinate"):
        graduate_counts(xr.DataArray([1.0, 2.0], dims="age_group"))
    with pytest.raises(DimensionError, match=r"no age dimension"):
        graduate_counts(GOOD.rename(age_group="alter"))
    with pytest.raises(DimensionError, match=r"two age dimensions"):
        graduate_counts(GOOD.expand_dims(age=[0, 1]))


def test_bad_method_and_open_age_are_refused() -> None:
    with pytest.raises(InputError, match=r"unknown method.*\n(.*\n)*.*did you mean 'sprague'"):
        graduate_counts(GOOD, method="spraque")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"85\+ cannot be spread up to 80\+"):
        graduate_counts(GOOD, open_until=80)
    with pytest.raises(InputError, match=r"'beers' needs five-year groups"):
        graduate_counts(by_age(np.ones(6), [*range(0, 60, 10)], "age"), method="beers")
    with pytest.raises(InputError, match=r"'sprague' needs five-year groups"):
        graduate_counts(by_age(np.ones(4), ["0-4", "5-9", "10-14", "15-19"]), method="sprague")
    with pytest.raises(InputError, match=r"at least five five-year groups"):
        beers_matrix(4)


def test_bad_tails_are_refused() -> None:
    def tail(values: object, ages: object = AGES) -> xr.DataArray:
        return xr.DataArray(values, dims="age", coords={"age": ages})

    with pytest.raises(CoordinateError, match=r"tail does not cover.*\n.*\n  got: 15 ages"):
        graduate_counts(GOOD, tail=tail(np.ones(15), AGES[:15]))
    with pytest.raises(CoordinateError, match=r"got: 0 ages"):
        graduate_counts(GOOD, tail=xr.DataArray(np.ones(16), dims="age"))
    with pytest.raises(BoundsError, match=r"the tail is out of bounds.*\n.*age=85"):
        graduate_counts(GOOD, tail=tail(-np.ones(16)))
    with pytest.raises(BoundsError, match=r"weights of the tail are all zero"):
        graduate_counts(GOOD, tail=tail(np.zeros(16)))
    with pytest.raises(DimensionError, match=r"dimension 'sex', which the counts lack"):
        graduate_counts(GOOD, tail=tail(np.ones(16)).expand_dims(sex=["female"]))
    with pytest.raises(CoordinateError, match=r"different labels on 'sex'"):
        graduate_counts(
            GOOD.expand_dims(sex=["male"]), tail=tail(np.ones(16)).expand_dims(sex=["female"])
        )
    with pytest.raises(InputError, match=r"no open group to spread"):
        graduate_counts(GOOD.isel(age_group=slice(0, 18)), tail=tail(np.ones(16)))


def test_bad_rates_are_refused() -> None:
    rates = by_age(np.full(7, 0.05), FERTILE)
    with pytest.raises(InputError, match=r"unknown kind of rate 'birth'"):
        graduate_rates(rates, kind="birth")  # type: ignore[arg-type]
    with pytest.raises(BoundsError, match=r"(?s)fertility_rate is out of bounds.*per 1,000"):
        graduate_rates(rates * 1000, kind="fertility")
    with pytest.raises(CoordinateError, match=r"last age group of a fertility schedule is open"):
        graduate_rates(by_age([0.1, 0.1], ["15-19", "20+"]), kind="fertility")
    with pytest.raises(BoundsError, match=r"mortality_rate has 1 missing"):
        graduate_rates(by_age([0.1, np.nan], [0, 1], "age"), kind="mortality")
