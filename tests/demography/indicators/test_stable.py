"""Stable populations against a textbook and against plain projection.

Published figures: Preston, Heuveline and Guillot (2001), Demography: boxes 6.1 (Sweden,
women, 1993), 7.1 (Egypt 1997), 7.2 (United States, women, 1991), 7.3 (Western Asia 1995-2000).
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.demography.indicators import momentum, stable
from popsim.errors import BoundsError, CoordinateError, DimensionError, MissingVariableError

SEXES = ["female", "male"]
SWEDEN = np.array(
    [  # age, women on 1 January 1993, 5Lx (radix 100,000; T of the last), births per woman
        (0, 293395, 497487, 0),
        (5, 248369, 497138, 0),
        (10, 240012, 496901, 0),
        (15, 261346, 496531, 0.0120),
        (20, 285209, 495902, 0.0908),
        (25, 314388, 495168, 0.1499),
        (30, 281290, 494213, 0.1125),
        (35, 286923, 492760, 0.0441),
        (40, 304108, 490447, 0.0074),
        (45, 324946, 486613, 0.0003),
        (50, 247613, 480665, 0),
        (55, 211351, 471786, 0),
        (60, 215140, 457852, 0),
        (65, 221764, 436153, 0),
        (70, 223506, 402775, 0),
        (75, 183654, 350358, 0),
        (80, 141990, 271512, 0),
        (85, 112424, 291707, 0),
    ]
)
SWEDEN_1998 = [293574, 293189, 248251, 239833, 261015, 284787, 313782, 280463, 285576]
SWEDEN_1998 += [301731, 320974, 243039, 205109, 204944, 204793, 194419, 142324, 131768]
SWEDEN_2003 = [280121, 293368, 293049, 248066, 239529, 260629, 284238, 312859, 279147]
SWEDEN_2003 += [283344, 298043, 315045, 235861, 195388, 189260, 178141, 150666, 141960]

EGYPT_AGES = [15, 20, 25, 30, 35, 40, 45]
EGYPT_LX = [4.66740, 4.63097, 4.58518, 4.53206, 4.46912, 4.39135, 4.28969]
EGYPT_MATERNITY = [0.00567, 0.06627, 0.11204, 0.07889, 0.05075, 0.01590, 0.00610]

US_LX = [4.95804, 4.95002, 4.94603, 4.93804, 4.92552, 4.91138, 4.89356, 4.86941, 4.83577]
US_LX += [4.78475, 4.70374, 4.57712, 4.38502, 4.10756, 3.71990, 3.19192, 2.49203, 2.73044]
US_MATERNITY = [0, 0, 0.0007, 0.0303, 0.0566, 0.0578, 0.0388, 0.0157, 0.0027, 0.0001] + [0] * 8

ASIA_WOMEN = [12013, 11027, 9856, 8614, 7694, 6893, 6135, 5318, 4376, 3510]
ASIA_LX = [4.834, 4.803, 4.789, 4.773, 4.748, 4.716, 4.678, 4.631, 4.570, 4.483]
ASIA_MATERNITY = [0, 0, 0, 0.043, 0.112, 0.112, 0.058, 0.029, 0.007, 0]


def by_age(values, ages) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, float), dims="age", coords={"age": list(ages)})


def both(values, ages) -> xr.DataArray:
    """The same figures for women and men."""
    rows = np.stack([np.asarray(values, float)] * 2)
    return xr.DataArray(rows, dims=("sex", "age"), coords={"sex": SEXES, "age": list(ages)})


def ratios(lx, width: int) -> np.ndarray:
    """Survival ratios out of L (T in the open group), radix 1: the form of the projection."""
    out = np.empty(len(lx))
    out[0] = lx[0] / width
    out[1:] = lx[1:] / lx[:-1]
    out[-1] = lx[-1] / (lx[-2] + lx[-1])
    return out


def sweden() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    ages = SWEDEN[:, 0].astype(int)
    survival = ratios(SWEDEN[:, 2] / 1e5, 5)
    return both(SWEDEN[:, 1], ages), both(survival, ages), by_age(SWEDEN[:, 3], ages)


def step(women, men, survival, fertility, srb, width):
    """One step of the textbook's projection, in so many words."""
    after = []
    for people, s in ((women, survival[0]), (men, survival[1])):
        new = np.zeros_like(people)
        for age in range(1, len(people)):
            new[age] = people[age - 1] * s[age]
        new[-1] += people[-1] * s[-1]
        after.append(new)
    births = width * np.sum(fertility * (women + after[0]) / 2)
    after[0][0] = births / (1 + srb) * survival[0][0]
    after[1][0] = births * srb / (1 + srb) * survival[1][0]
    return after


# --- Lotka --------------------------------------------------------------------------------


def test_intrinsic_growth_of_egypt_is_the_published_one():
    srb = 1.05
    rates = by_age(np.array(EGYPT_MATERNITY) * (1 + srb), EGYPT_AGES)
    found = stable.intrinsic_growth_rate(rates, by_age(EGYPT_LX, EGYPT_AGES), srb)
    assert round(float(found), 5) == 0.01424  # box 7.1
    # the same equation solved by Newton elsewhere, to its printed digits
    assert float(found) == pytest.approx(0.01424406, abs=5e-9)
    assert found.attrs["units"] == "per year"


def test_the_root_solves_the_equation_to_rounding():
    srb = 1.08
    rates, lived = by_age(np.array(EGYPT_MATERNITY), EGYPT_AGES), by_age(EGYPT_LX, EGYPT_AGES)
    r = stable.intrinsic_growth_rate(rates, lived, srb)
    total = (np.exp(-r * (rates.age + 2.5)) * rates * lived / (1 + srb)).sum()
    assert float(total) == pytest.approx(1.0, abs=1e-12)  # r to 1e-14 times ages up to 50


def test_intrinsic_growth_keeps_leading_dims_and_takes_the_women():
    lived = both(EGYPT_LX, EGYPT_AGES)
    lived[1] = lived[1] * 0.5
    rates = xr.concat([by_age(EGYPT_MATERNITY, EGYPT_AGES) * k for k in (1.0, 2.0)], dim="draw")
    found = stable.intrinsic_growth_rate(rates, lived, 1.05)
    alone = stable.intrinsic_growth_rate(
        rates.isel(draw=1), lived.sel(sex="female", drop=True), 1.05
    )
    assert found.dims == ("draw",)
    assert float(found[1]) == pytest.approx(float(alone), abs=1e-13)
    # doubling births adds ln 2 over a generation
    assert 0.6 / 29 < float(found[1] - found[0]) < 0.8 / 25


def test_stable_population_of_the_united_states_is_the_published_one():
    ages = range(0, 90, 5)
    srb = 1.05
    lived = by_age(US_LX, ages)
    r = stable.intrinsic_growth_rate(by_age(US_MATERNITY, ages) * (1 + srb), lived, srb)
    assert float(r) == pytest.approx(-0.0001664824, abs=5e-11)
    remaining = xr.full_like(lived, 0.0)
    remaining[-1] = 6.79  # the textbook's life expectancy at 85
    out = stable.stable_population(xr.Dataset({"Lx": lived, "ex": remaining}), r)
    assert float(out.birth_rate) == pytest.approx(0.01258426, abs=5e-9)
    share = out.age_distribution
    assert float(share.sum()) == pytest.approx(1.0, abs=1e-14)
    assert share.sel(age=[0, 25, 85]).values == pytest.approx(
        [0.06241925, 0.06208971, 0.03488968], abs=5e-9
    )
    assert float(out.death_rate) == pytest.approx(float(out.birth_rate) - float(r), abs=1e-16)


# --- the limit of the projection ------------------------------------------------------------


def test_projection_of_sweden_is_the_published_one():
    from popsim.projection import project

    population, survival, fertility = sweden()
    years = [1993, 1998]
    inputs = xr.Dataset(
        {
            "population": population,
            "survival_ratio": survival.expand_dims(year=years),
            "fertility_rate": fertility.expand_dims(year=years),
            "sex_ratio_at_birth": ("year", [1.05, 1.05]),
        }
    )
    women = project(inputs)["population"].sel(sex="female")
    # box 6.1 prints whole persons
    assert women.sel(time=1998).round().values.tolist() == SWEDEN_1998
    assert women.sel(time=2003).round().values.tolist() == SWEDEN_2003


def test_growth_and_ages_of_the_stable_equivalent_of_sweden():
    out = momentum.stable_equivalent(*sweden(), 1.05)
    assert float(out.growth_rate) == pytest.approx(0.0002223831, abs=5e-11)
    women = out.stable_equivalent.sel(sex="female")
    # first eigenvector of the Leslie matrix, as printed
    assert (women / women.sum()).isel(age=[0, 9, 17]).values == pytest.approx(
        [0.06191167, 0.05995542, 0.03558035], abs=5e-9
    )


def test_stable_equivalent_is_what_the_projection_tends_to():
    population, survival, fertility = sweden()
    out = momentum.stable_equivalent(population, survival, fertility, 1.05)
    women, men = population.values
    steps = 400  # 2,000 years: the second root of the matrix dies out as 0.8 ** steps or faster
    for _ in range(steps):
        women, men = step(women, men, survival.values, fertility.values, 1.05, 5)
    grown = out.stable_equivalent * np.exp(out.growth_rate * 5 * steps)
    # the log of the root is good to 1e-14, times 400 steps
    assert grown.sel(sex="female").values == pytest.approx(women, rel=1e-11)
    assert grown.sel(sex="male").values == pytest.approx(men, rel=1e-11)


def test_momentum_of_western_asia_is_the_published_one():
    ages = range(0, 55, 5)
    srb = 1.05
    lx = np.array([*ASIA_LX, 70.3 - sum(ASIA_LX)])  # e0 of 70.3 closes the table
    women = [*ASIA_WOMEN, 87176 - sum(ASIA_WOMEN)]  # of 87,176 in all
    maternity = np.array([*ASIA_MATERNITY, 0.0])
    population = both(women, ages)
    population[1] = 0.0  # the box prints the women; men are made to weigh nothing
    survival = both(ratios(lx, 5), ages)
    found = momentum.population_momentum(population, survival, by_age(maternity, ages), srb)
    # both sexes come from the births of the women: sons are srb times the daughters
    assert round(float(found) / (1 + srb), 2) == 1.61  # box 7.3
    # Preston and Guillot's formula on the same figures, to the digits printed elsewhere
    assert float(found) / (1 + srb) == pytest.approx(1.609443248, abs=5e-10)


def test_momentum_is_what_replacement_fertility_leads_to():
    rng = np.random.default_rng(3)
    ages = np.arange(0, 101)
    hazard = 0.0003 * np.exp(0.09 * ages)
    survival = np.stack([np.exp(-hazard), np.exp(-1.3 * hazard)])
    fertility = 0.09 * np.exp(-(((ages - 29) / 6.0) ** 2))
    fertility[(ages < 15) | (ages > 49)] = 0.0
    population = 1000.0 * np.exp(-0.01 * ages) * rng.uniform(0.7, 1.3, (2, 101))
    found = momentum.population_momentum(
        xr.DataArray(population, dims=("sex", "age"), coords={"sex": SEXES, "age": ages}),
        xr.DataArray(survival, dims=("sex", "age"), coords={"sex": SEXES, "age": ages}),
        by_age(fertility, ages),
        1.06,
    )
    alive = np.cumprod(survival[0])  # L of radix 1, closed groups
    replacement = fertility / (np.sum(fertility * alive) / 2.06)
    women, men = population
    for _ in range(2400):
        women, men = step(women, men, survival, replacement, 1.06, 1)
    # the waves of a generation fade a hundredfold in about 280 years (measured), to 1e-15
    # after 2,000; what is left is rounding, 3e-14
    assert float(found) == pytest.approx((women.sum() + men.sum()) / population.sum(), rel=1e-12)


def test_momentum_of_a_stationary_population_is_one():
    ages = range(0, 55, 5)
    lx = np.array([*ASIA_LX, 70.3 - sum(ASIA_LX)])
    population = both(lx, ages)
    population[1] = population[1] * 1.05
    rate = by_age([*ASIA_MATERNITY, 0.0], ages)
    found = momentum.population_momentum(population, both(ratios(lx, 5), ages), rate, 1.05)
    assert float(found) == pytest.approx(1.0, abs=1e-14)


def test_momentum_over_leading_dims_matches_each_alone():
    population, survival, fertility = sweden()
    regions = xr.concat([population, population * xr.DataArray([2.0, 1.0], dims="sex")], "region")
    rates = xr.concat([fertility, fertility.shift(age=1, fill_value=0.0)], "scenario")
    found = momentum.population_momentum(regions, survival, rates, 1.05)
    assert set(found.dims) == {"region", "scenario"}
    for i in range(2):
        for j in range(2):
            alone = momentum.population_momentum(
                regions.isel(region=i), survival, rates.isel(scenario=j), 1.05
            )
            assert float(found.isel(region=i, scenario=j)) == pytest.approx(float(alone), rel=1e-14)


def test_inputs_are_left_as_they_were():
    population, survival, fertility = sweden()
    copies = [a.copy(deep=True) for a in (population, survival, fertility)]
    momentum.population_momentum(population, survival, fertility, 1.05)
    momentum.stable_equivalent(population, survival, fertility, 1.05)
    for now, before in zip((population, survival, fertility), copies, strict=True):
        xr.testing.assert_identical(now, before)


# --- what is refused ------------------------------------------------------------------------


def test_no_births_is_refused():
    population, survival, fertility = sweden()
    with pytest.raises(BoundsError, match="no daughters are born"):
        momentum.population_momentum(population, survival, fertility * 0.0, 1.05)
    with pytest.raises(BoundsError, match="no daughters are born"):
        stable.intrinsic_growth_rate(fertility * 0.0, survival * 4.0, 1.05)


def test_an_empty_population_is_refused_with_its_cell():
    population, survival, fertility = sweden()
    regions = xr.concat([population, population * 0.0], "region").assign_coords(region=["a", "b"])
    with pytest.raises(BoundsError, match=r"no one in the population(.|\n)*region=b"):
        momentum.population_momentum(regions, survival, fertility, 1.05)


def test_a_deathless_open_group_is_refused():
    population, survival, fertility = sweden()
    survival[0, -1] = 1.0
    with pytest.raises(BoundsError, match=r"no one dies in the open age group(.|\n)*sex=female"):
        momentum.stable_equivalent(population, survival, fertility, 1.05)


def test_a_fall_faster_than_the_open_group_is_refused():
    population, survival, fertility = sweden()
    survival[:, -1] = 0.95
    with pytest.raises(BoundsError, match="falls faster than its open age group"):
        momentum.stable_equivalent(population, survival, fertility * 0.1, 1.05)


def test_births_of_the_open_group_are_refused():
    population, survival, fertility = sweden()
    fertility[-1] = 0.01
    with pytest.raises(BoundsError, match=r"bears children(.|\n)*age=85"):
        momentum.stable_equivalent(population, survival, fertility, 1.05)


def test_missing_sexes_and_ages_are_refused():
    population, survival, fertility = sweden()
    with pytest.raises(DimensionError, match="population has no sexes"):
        momentum.stable_equivalent(population.sum("sex"), survival, fertility, 1.05)
    with pytest.raises(DimensionError, match="fertility_rate has no ages"):
        momentum.stable_equivalent(population, survival, fertility.sum("age"), 1.05)


def test_a_sex_ratio_in_percent_is_refused():
    population, survival, fertility = sweden()
    with pytest.raises(BoundsError, match=r"sex_ratio_at_birth is out of bounds(.|\n)*not 105"):
        momentum.stable_equivalent(population, survival, fertility, 105.0)


def test_different_ages_are_refused():
    population, survival, fertility = sweden()
    with pytest.raises(CoordinateError, match="different labels on 'age'"):
        momentum.stable_equivalent(population, survival, fertility.isel(age=slice(1, None)), 1.05)
    with pytest.raises(CoordinateError, match=r"do not go together(.|\n)*lacks 90"):
        stable.intrinsic_growth_rate(by_age([0.1, 0.1], [85, 90]), by_age([5.0], [85]), 1.05)


def test_stable_population_needs_a_finite_rate_and_a_whole_table():
    table = xr.Dataset({"Lx": by_age(US_LX, range(0, 90, 5))})
    with pytest.raises(MissingVariableError, match="the input ex is missing"):
        stable.stable_population(table, 0.0)
    table["ex"] = xr.full_like(table.Lx, 6.79)
    rate = xr.DataArray([0.0, np.nan], dims="region", coords={"region": ["a", "b"]})
    with pytest.raises(BoundsError, match=r"growth rate is not finite(.|\n)*region=b"):
        stable.stable_population(table, rate)
