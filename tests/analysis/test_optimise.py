"""The optimum against Lagrange's, the frontier by hand, sizes of packages, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import yaml

import popsim as ps
from popsim.analysis.frontier import choose, frontier, grid, scale
from popsim.analysis.optimise import optimise
from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    FitError,
    InputError,
    ScenarioError,
)

YEARS = [2025, 2026, 2027]
#: Additional births and yuan a year at size 1, by instrument; gains go with the root of the size.
GAIN = {"birth_grant": 30.0, "rearing_subsidy": 40.0}
COST = {"birth_grant": 2e6, "rearing_subsidy": 8e6}
#: What the draws multiply gains and costs with; means 1.
LUCK = np.array([0.2, 0.8, 1.0, 1.2, 1.8])
PRICE = np.array([0.9, 0.95, 1.0, 1.05, 1.1])


@pytest.fixture(scope="module")
def package():
    return ps.load_scenario("ouhai")


def size(scenario, package, name):
    """The factor on an instrument, read off its amounts."""
    amount, unit = (
        next(i for i in s.instruments if i.id == name).spells[0].amounts[2].value
        for s in (scenario, package)
    )
    return amount / unit


class Simulation:
    """Births and cost of packages in closed form, in the form of a result."""

    def __init__(self, package):
        self.package, self.calls = package, []

    def __call__(self, scenarios):
        self.calls.append(len(scenarios))
        sizes = [{k: size(s, self.package, k) for k in GAIN} for s in scenarios]
        gain = np.array([sum(GAIN[k] * np.sqrt(x[k]) for k in GAIN) for x in sizes])
        cost = np.array([sum(COST[k] * x[k] for k in COST) for x in sizes])
        names = ["baseline", *(s.name for s in scenarios)]
        births = 1000.0 + np.concatenate([[0.0], gain])[:, None] * LUCK
        spent = np.concatenate([[0.0], cost])[:, None] * PRICE
        coords = {"scenario": names, "draw": np.arange(5), "year": YEARS}
        each_year = np.ones(len(YEARS))
        return xr.Dataset(
            {
                "births": (
                    ("scenario", "draw", "year", "order"),
                    (births[:, :, None] * each_year)[..., None],
                ),
                "cost": (
                    ("scenario", "draw", "year", "instrument"),
                    (spent[:, :, None] * each_year)[..., None],
                ),
            },
            coords={**coords, "order": [2], "instrument": ["all"]},
        )


def test_optimum_is_lagranges(package):
    """max of sum k sqrt(x) with sum c x = C: x = C (k / c)^2 / sum (k^2 / c)."""
    run = Simulation(package)
    cap = 10e6
    best = optimise(run, package, dict.fromkeys(GAIN, (0.0, 6.0)), cap=cap, kept_in=0.5)
    total = sum(GAIN[k] ** 2 / COST[k] for k in GAIN)
    for k in GAIN:
        exact = cap * (GAIN[k] / COST[k]) ** 2 / total
        # Forward differences of 2 % of the bounds tilt the slopes of a root by some percent.
        assert best.factors[k] == pytest.approx(exact, rel=0.05)
    exact_gain = 3 * np.sqrt(cap * total)
    assert float(best.births_gained.mean()) == pytest.approx(exact_gain, rel=2e-3)
    assert float(best.spending.median("draw").max()) <= cap * 1.002
    assert best.binding == tuple(YEARS)
    assert best.simulations == len(run.calls) <= 20
    assert set(run.calls) == {3}
    assert size(best.scenario, package, "birth_grant") == pytest.approx(best.factors["birth_grant"])


def test_a_surer_cap_leaves_less(package):
    bounds = {"rearing_subsidy": (0.0, 6.0)}
    run = Simulation(package)
    for kept_in, price in ((0.5, 1.0), (0.9, 1.08)):  # 0.9 lies between the two dearest draws
        best = optimise(run, package, bounds, cap=10e6, kept_in=kept_in)
        # The birth grant stays at size 1.
        assert best.factors["rearing_subsidy"] == pytest.approx((10 / price - 2) / 8, rel=0.005)
    years = xr.DataArray([np.inf, 5e6, np.inf], dims="year", coords={"year": YEARS})
    best = optimise(run, package, bounds, cap=years, kept_in=0.5, by="lower")
    assert best.factors["rearing_subsidy"] == pytest.approx((5 - 2) / 8, rel=0.01)
    assert best.binding == (2026,)


def test_bounds_hold_where_the_cap_does_not_bind(package):
    best = optimise(Simulation(package), package, {"birth_grant": (0.5, 2.0)}, cap=1e9)
    assert best.factors["birth_grant"] == pytest.approx(2.0)
    assert best.binding == ()


def test_optimise_refuses(package):
    run, bounds = Simulation(package), {"birth_grant": (0.0, 2.0)}
    with pytest.raises(FitError, match=r"no sizes within the bounds keep the cap(.|\n)*year=2025"):
        optimise(run, package, bounds, cap=1e6)  # the rearing subsidy alone costs 8 million
    with pytest.raises(BoundsError, match="a cap is a positive amount"):
        optimise(run, package, bounds, cap=0.0)
    with pytest.raises(BoundsError, match="a cap is a positive amount"):
        optimise(run, package, bounds, cap=np.inf)
    with pytest.raises(BoundsError, match="a smaller and a larger factor"):
        optimise(run, package, {"birth_grant": (2.0, 1.0)}, cap=1e7)
    with pytest.raises(BoundsError, match="a share of the draws"):
        optimise(run, package, bounds, cap=1e7, kept_in=1.5)
    with pytest.raises(InputError, match="no size is free"):
        optimise(run, package, {}, cap=1e7)
    with pytest.raises(InputError, match="cannot be compared by 'median'"):
        optimise(run, package, bounds, cap=1e7, by="median")
    short = xr.DataArray([1e7], dims="year", coords={"year": [2025]})
    with pytest.raises(CoordinateError, match=r"lacks years of the result(.|\n)*no 2026"):
        optimise(run, package, bounds, cap=short)
    with pytest.raises(DimensionError, match="chosen by one payer"):
        optimise(lambda p: run(p).expand_dims(region=["a", "b"]), package, bounds, cap=1e7)


def made(births, spending, names="abcd"):
    """A result of one year with these additional births and costs (package, draw)."""
    births, spending = np.asarray(births, dtype=float), np.asarray(spending, dtype=float)
    zero = np.zeros((1, births.shape[1]))
    coords = {
        "scenario": ["baseline", *names[: len(births)]],
        "draw": np.arange(births.shape[1]),
        "year": [2025],
    }
    dims = ("scenario", "draw", "year")
    return xr.Dataset(
        {
            "births": (
                (*dims, "order"),
                500.0 + np.vstack([zero, births])[..., None, None],
            ),
            "cost": ((*dims, "instrument"), np.vstack([zero, spending])[..., None, None]),
        },
        coords={**coords, "order": [1], "instrument": ["x"]},
    )


def test_frontier_by_hand():
    births = [[9, 11, 13], [4, 5, 6], [3, 4, 5], [12, 11, 16]]
    spent = [[20, 20, 20], [8, 8, 8], [9, 9, 9], [30, 33, 36]]
    found = frontier(made(births, spent))
    assert found.scenario.values.tolist() == ["baseline", "b", "c", "a", "d"]
    # c costs more than b and gains less.
    assert found.efficient.values.tolist() == [True, True, False, True, True]
    on = found.isel(scenario=found.efficient.values)
    assert (np.diff(on.births_gained.mean("draw")) > 0).all()
    assert (np.diff(on.spending.mean("draw")) > 0).all()
    np.testing.assert_allclose(on.cost_per_further_birth, [np.nan, 8 / 5, 12 / 6, 13 / 2])
    np.testing.assert_allclose(on.probability_better_than_last, [np.nan, 1, 1, 2 / 3])
    assert np.isnan(found.cost_per_further_birth.sel(scenario="c"))
    assert found.births_gained.attrs["units"] == "persons"


def test_frontier_by_the_lower_end():
    found = frontier(made([[0, 10, 20], [6, 7, 8]], [[5, 5, 5], [6, 6, 6]]), by="lower")
    # 10 % quantiles: a 2, b 6.2; by the mean b would be dominated.
    assert found.efficient.values.tolist() == [True, True, True]
    by_mean = frontier(made([[0, 10, 20], [6, 7, 8]], [[5, 5, 5], [6, 6, 6]]))
    assert by_mean.efficient.values.tolist() == [True, True, False]


def test_choice_is_on_the_distribution():
    found = frontier(
        made([[0, 10, 26], [8, 9, 10], [11, 10.5, 9]], [[5, 5, 5], [5, 5, 5], [6, 6, 8]])
    )
    assert choose(found, 5) == "a"
    assert choose(found, 5, by="lower") == "b"
    assert choose(found, 8, by="probability") == "c"
    assert choose(found, 7, by="probability", kept_in=0.6) == "c"
    assert choose(found, 7, by="probability") == "a"  # c passes 7 in a third of the draws
    assert choose(found, 0) == "baseline"
    with pytest.raises(FitError, match="no package is within the budget"):
        choose(found, -1)
    with pytest.raises(InputError, match="cannot be chosen by 'luck'"):
        choose(found, 5, by="luck")


def test_scaling_multiplies_amounts_and_caps_and_says_so(package):
    scaled = scale(package, {"home_purchase_subsidy": 0.5, "birth_grant": 3})
    home = next(i for i in scaled.instruments if i.id == "home_purchase_subsidy")
    assert home.spells[0].amounts[2].value == 1.5
    assert home.cap.value == 150_000
    assert home.spells[0].amounts[2].source == "assumption"
    assert home.spells[0].amounts[2].reason == "0.5 times 3 (source: reply_2025)."
    assert scaled.name == "ouhai_home_purchase_subsidy_x0p5_birth_grant_x3"
    assert package.instruments[0].spells[0].amounts[1].value == 1000
    untouched = next(i for i in scaled.instruments if i.id == "rearing_subsidy")
    assert untouched == next(i for i in package.instruments if i.id == "rearing_subsidy")


def test_scale_refuses(package):
    with pytest.raises(ScenarioError, match=r"no instrument 'birth_gift'(.|\n)*'birth_grant'"):
        scale(package, {"birth_gift": 2})
    with pytest.raises(BoundsError, match="a size is zero or more"):
        scale(package, {"birth_grant": -1})
    with pytest.raises(ScenarioError, match=r"150 percent cannot be(.|\n)*0 to 100"):
        scale(package, {"home_purchase_subsidy": 50})


def test_scale_refuses_amounts_that_are_levels(package):
    text = package.to_yaml().replace("instruments:\n", "instruments:\n" + LEAVE, 1)
    with_leave = ps.Scenario.model_validate(yaml.safe_load(text))
    with pytest.raises(ScenarioError, match="maternity_leave, whose size is not its amounts"):
        scale(with_leave, {"leave": 2})


LEAVE = """\
- id: leave
  kind: maternity_leave
  title: {en: Leave, zh: 产假}
  spells:
  - start: 2025-01-01
    amounts: {1: {value: 158, unit: days, source: assumption, reason: x}}
  before: {value: 98, unit: days, source: assumption, reason: x}
  take_up: {median: 0.5, lower: 0.4, upper: 0.6, source: assumption, reason: x}
"""


def test_grid_has_every_combination(package):
    packages = grid(package, {"birth_grant": [0, 1], "rearing_subsidy": [1, 2, 3]})
    found = [
        (size(p, package, "birth_grant"), size(p, package, "rearing_subsidy")) for p in packages
    ]
    assert found == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]
    assert len({p.name for p in packages}) == 6


def test_frontier_of_a_grid_rises(package):
    found = frontier(
        Simulation(package)(grid(package, {"birth_grant": [0, 1, 2], "rearing_subsidy": [0, 1]}))
    )
    on = found.isel(scenario=found.efficient.values)
    assert (np.diff(on.births_gained.mean("draw")) > 0).all()
    assert (np.diff(on.spending.mean("draw")) > 0).all()
    assert on.sizes["scenario"] > 3
