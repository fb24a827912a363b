"""Variance shares with known answers, the value of information by hand, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from popsim.analysis.sensitivity import perfect_information, sobol_shares, tornado
from popsim.errors import DimensionError, InputError, PopsimError

DRAWS = 4096


def uniform(vary, seed, names, draws=DRAWS):
    """Independent uniform numbers of each group; a half where it stands at its median."""
    seeds = dict.fromkeys(names, seed) if isinstance(seed, int) else seed
    return {
        name: np.random.default_rng([seeds[name], k]).random(draws)
        if name in vary
        else np.full(draws, 0.5)
        for k, name in enumerate(names)
    }


def ishigami(vary, seed):
    """Ishigami and Homma (1990), a = 7, b = 0.1, each x uniform between -pi and pi."""
    u = uniform(vary, seed, ("x1", "x2", "x3"))
    x1, x2, x3 = (np.pi * (2.0 * u[name] - 1.0) for name in ("x1", "x2", "x3"))
    return xr.DataArray(np.sin(x1) + 7.0 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1), dims="draw")


def test_shares_of_the_ishigami_function():
    # Exact: V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225.
    v1 = 0.5 * (1.0 + 0.1 * np.pi**4 / 5.0) ** 2
    v2 = 49.0 / 8.0
    v13 = 8.0 * 0.01 * np.pi**8 / 225.0
    v = v1 + v2 + v13
    shares = sobol_shares(ishigami, ["x1", "x2", "x3"])
    first, total = shares.first_order_share, shares.total_order_share
    # Five standard errors, as bootstrapped here: 0.02 to 0.03 for the first order.
    assert (shares.first_order_error < 0.04).all()
    assert (shares.total_order_error < 0.03).all()
    exact_first, exact_total = np.array([v1, v2, 0.0]) / v, np.array([v1 + v13, v2, v13]) / v
    assert (np.abs(first - exact_first) < 5 * shares.first_order_error.clip(0.01)).all()
    assert (np.abs(total - exact_total) < 5 * shares.total_order_error).all()
    # Published to two digits: 0.31, 0.44, 0; 0.56, 0.44, 0.24.
    np.testing.assert_allclose(exact_first.round(2), [0.31, 0.44, 0.0])
    np.testing.assert_allclose(exact_total.round(2), [0.56, 0.44, 0.24])
    assert shares.attrs["simulations"] == 5


def additive(vary, seed):
    """A level, and by year a mix of two normal sources: 1 + t of a, 2 of b."""
    u = uniform(vary, seed, ("a", "b", "idle"))
    years = xr.DataArray([0.0, 1.0, 2.0], dims="year", coords={"year": [2021, 2022, 2023]})
    a, b = (xr.DataArray(norm.ppf(u[name]), dims="draw") for name in ("a", "b"))
    return (1000.0 + (1.0 + years) * a + 2.0 * b).assign_attrs(units="persons")


def test_band_is_decomposed_over_time():
    shares = sobol_shares(additive, ["a", "b", "idle"])
    exact = np.array([[1, 4, 9], [4, 4, 4], [0, 0, 0]]) / np.array([5, 8, 13])
    # Four standard errors of some 0.02 each.
    np.testing.assert_allclose(shares.first_order_share.transpose("group", "year"), exact, atol=0.1)
    np.testing.assert_allclose(
        shares.total_order_share.transpose("group", "year"), exact, atol=0.06
    )
    np.testing.assert_allclose(
        shares.band_width, 2 * norm.ppf(0.9) * np.sqrt([5, 8, 13]), rtol=0.04
    )
    np.testing.assert_allclose(shares.width_by_source.sum("source"), shares.band_width, rtol=1e-12)
    assert shares.width_by_source.source.values.tolist() == ["a", "b", "idle", "interactions"]
    assert shares.band_width.attrs["units"] == "persons"


def test_shares_are_missing_where_nothing_varies():
    def run(vary, seed):
        moved = additive(vary, seed)
        return moved.where(moved.year > 2021, 7.0)

    shares = sobol_shares(run, ["a", "b"])
    assert shares.total_order_share.sel(year=2021).isnull().all()
    assert shares.total_order_share.sel(year=2022).notnull().all()
    assert (shares.band_width.sel(year=2021) == 0).all()
    with pytest.raises(InputError, match="the quantity does not vary"):
        sobol_shares(lambda vary, seed: additive(vary, seed) * 0.0, ["a", "b"])


def test_tornado_draws_one_at_a_time():
    asked = []

    def run(vary, seed):
        asked.append(tuple(vary))
        return additive(vary, seed)

    bars = tornado(run, ["a", "b"], seed=3)
    assert asked == [("a",), ("b",), ("a", "b"), ()]
    assert bars.attrs["simulations"] == len(asked)
    np.testing.assert_allclose(bars.central, 1000.0)
    last = bars.alone.sel(year=2023)
    width = last.sel(quantile=0.9) - last.sel(quantile=0.1)
    # Sampling error of a quantile's distance at 4,096 draws is 2 %.
    np.testing.assert_allclose(width, 2 * norm.ppf(0.9) * np.array([3.0, 2.0]), rtol=0.06)


def options(gains):
    """Doing nothing, and options whose net benefit is the gain (option, draw)."""
    rows = np.vstack([np.zeros(gains.shape[1]), gains])
    names = ["baseline", *(f"package_{k}" for k in range(len(gains)))]
    return xr.DataArray(rows, dims=("scenario", "draw"), coords={"scenario": names})


def test_value_of_information_in_closed_form():
    """One package, net benefit -0.5 + 2 a + b: knowing a is worth the unit normal loss."""
    names = ("a", "b", "idle")

    def run(vary, seed):
        z = {k: norm.ppf(u) for k, u in uniform(vary, seed, names, draws=20_000).items()}
        return options((-0.5 + 2.0 * z["a"] + z["b"])[None])

    def exact(sd, mean=-0.5):  # E max(0, N(mean, sd)) - max(0, mean)
        return sd * norm.pdf(mean / sd) + mean * norm.cdf(mean / sd) - max(0.0, mean)

    found = perfect_information(run, names)
    value = found.value_of_information.values
    # Standard error of the mean of a half-normal at 20,000 draws: 0.6 sd / 141 = 0.01.
    np.testing.assert_allclose(value, [exact(2.0), exact(1.0), 0.0, exact(np.sqrt(5.0))], atol=0.04)
    assert value[2] < 1e-12
    assert found.probability_best.sel(scenario="package_0").item() == pytest.approx(
        norm.cdf(-0.5 / np.sqrt(5.0)), abs=0.02
    )


def test_value_of_information_where_the_model_bends():
    """Net benefit (a + b)^3: E[. | a] = a^3 + 3 a, while a alone gives a^3."""

    def run(vary, seed):
        z = {k: norm.ppf(u) for k, u in uniform(vary, seed, ("a", "b"), draws=20_000).items()}
        return options((z["a"] + z["b"])[None] ** 3)

    value = perfect_information(run, ["a", "b"]).value_of_information.sel(group="a")
    # E max(0, a^3 + 3 a) = (2 + 3) / sqrt(2 pi); standard error of the mean 4 / 141 = 0.03.
    assert float(value) == pytest.approx(5.0 / np.sqrt(2.0 * np.pi), abs=0.1)


def test_value_of_information_by_hand_with_three_options():
    """Four equal states: s in two, t in two. Benefits of the packages by (s, t)."""
    first = np.array([[4.0, 4.0], [-3.0, -3.0]])  # depends on s alone
    second = np.array([[1.0, -1.0], [1.0, -1.0]])  # depends on t alone

    def run(vary, seed):
        s, t = np.divmod(np.tile(np.arange(4), 25), 2)
        a = first[s, t] if "s" in vary else np.full(100, 0.5)
        b = second[s, t] if "t" in vary else np.zeros(100)
        return options(np.stack([a, b]))

    found = perfect_information(run, ["s", "t"])
    # Means: nothing 0, first 0.5, second 0: now 0.5. Knowing s: 4 or 0, mean 2, worth 1.5.
    # Knowing t: first is 0.5 either way, second 1 or -1: mean of 1 and 0.5, worth 0.25.
    # Knowing both: 4, 4, 1, 0: mean 2.25, worth 1.75.
    np.testing.assert_allclose(found.value_of_information, [1.5, 0.25, 1.75], atol=1e-12)
    assert found.value_of_information.group.values.tolist() == ["s", "t", "everything"]


def test_refusals():
    with pytest.raises(InputError, match="each once"):
        tornado(additive, ["a", "a"])
    with pytest.raises(InputError, match="each once"):
        sobol_shares(additive, [])
    with pytest.raises(InputError, match="two sets of draws must differ"):
        sobol_shares(additive, ["a"], seeds=(1, 1))
    with pytest.raises(DimensionError, match="the quantity has no draws"):
        tornado(lambda vary, seed: additive(vary, seed).mean("draw"), ["a"])
    with pytest.raises(DimensionError, match="no scenarios to choose from"):
        perfect_information(additive, ["a"])
    alone = options(np.ones((1, 4))).isel(scenario=[0])
    with pytest.raises(InputError, match="two scenarios or more"):
        perfect_information(lambda vary, seed: alone, ["a"])


def test_without_salib_the_message_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("popsim.analysis.sensitivity.import_module", missing)
    with pytest.raises(PopsimError, match=r"pip install popsim\[sensitivity\]"):
        sobol_shares(additive, ["a"])
