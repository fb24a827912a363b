"""Stratified and quasi-random paths, and correlated quantities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from popsim.errors import BoundsError, CoordinateError, InputError
from popsim.uncertainty.sampling import correlated, normal_paths

YEARS = np.arange(2021, 2041)
WAYS = ["random", "sobol", "latin_hypercube"]


def paths(sampling, keys=("a",), years=YEARS, draws=1024, rho=0.9):
    return normal_paths(1, "tfr", keys, years, draws, rho, sampling)


@pytest.mark.parametrize("sampling", WAYS)
def test_a_series_alone_and_a_shorter_horizon_have_the_same_bits(sampling):
    whole = paths(sampling, keys=("a", "b"), draws=100)
    np.testing.assert_array_equal(paths(sampling, keys=("b",), draws=100)[0], whole[1])
    np.testing.assert_array_equal(
        paths(sampling, keys=("a",), years=YEARS[:7], draws=100)[0], whole[0, :, :7]
    )


@pytest.mark.parametrize("sampling", WAYS)
def test_paths_are_stationary_and_series_independent(sampling):
    z = paths(sampling, keys=("a", "b"), draws=4096)
    # five standard errors of 4,096 independent draws
    np.testing.assert_allclose(z.mean(axis=1), 0.0, atol=0.08)
    np.testing.assert_allclose(z.std(axis=1), 1.0, atol=0.06)
    assert np.corrcoef(z[0, :, 10], z[0, :, 11])[0, 1] == pytest.approx(0.9, abs=0.015)
    assert abs(np.corrcoef(z[0, :, 10], z[1, :, 10])[0, 1]) < 0.08


def test_latin_hypercube_has_one_draw_in_each_stratum_of_each_year():
    z = paths("latin_hypercube", draws=250)[0]
    strata = np.sort((special.ndtr(z) * 250).astype(int), axis=0)
    np.testing.assert_array_equal(strata, np.repeat(np.arange(250)[:, None], len(YEARS), axis=1))


def test_latin_hypercube_keeps_the_order_of_the_random_paths():
    z, free = paths("latin_hypercube", draws=50)[0], paths("random", draws=50)[0]
    np.testing.assert_array_equal(np.argsort(z, axis=0), np.argsort(free, axis=0))


def test_sobol_innovations_fill_every_stratum():
    z = paths("sobol", draws=256, rho=0.0)[0]  # without correlation the paths are the points
    strata = np.sort((special.ndtr(z) * 256).astype(int), axis=0)
    np.testing.assert_array_equal(strata, np.repeat(np.arange(256)[:, None], len(YEARS), axis=1))


def test_sobol_takes_any_number_of_draws():
    assert np.isfinite(paths("sobol", draws=1)).all()
    assert paths("sobol", draws=1000).shape == (1, 1000, len(YEARS))


def test_stratified_quantiles_are_nearer_than_random_ones():
    def worst(sampling):
        z = paths(sampling, draws=1000, rho=0.98)[0]
        return abs(np.quantile(z, [0.025, 0.1, 0.9, 0.975], axis=0).T - wanted).max()

    wanted = special.ndtri([0.025, 0.1, 0.9, 0.975])
    # a stratum of 1,000 is 0.017 standard deviations wide at 2.5 %
    assert worst("latin_hypercube") < 0.02
    assert worst("random") > 0.03


def test_unknown_sampling_is_refused():
    with pytest.raises(InputError, match="unknown way of sampling 'sobel'") as caught:
        paths("sobel")
    assert "did you mean 'sobol'" in str(caught.value)


def table(matrix, names=("fertility", "migration", "life_expectancy")):
    names = list(names)[: len(matrix)]
    return pd.DataFrame(matrix, index=names, columns=names)


NORMALS = {
    name: normal_paths(2, name, ["x"], YEARS, 4000, 0.9)
    for name in ("fertility", "migration", "life_expectancy")
}


def test_copula_gives_the_correlations_asked_for_and_keeps_margins():
    wish = np.array([[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]])
    made = correlated(NORMALS, table(wish))
    for t in (0, 19):
        got = np.corrcoef([made[n][0, :, t] for n in NORMALS])
        np.testing.assert_allclose(got, wish, atol=0.08)  # five standard errors of 4,000
    assert made["migration"].std() == pytest.approx(1.0, abs=0.05)
    # ranks survive any quantile function: Spearman's is 6/pi asin(r/2) of the normals' r
    spearman = stats.spearmanr(
        np.exp(made["fertility"][0, :, 5]), made["migration"][0, :, 5] ** 3
    ).statistic
    assert spearman == pytest.approx(6 / np.pi * np.arcsin(0.25), abs=0.08)


def test_copula_leaves_what_it_does_not_name():
    made = correlated(NORMALS, table([[1.0, 0.5], [0.5, 1.0]]))
    assert made["life_expectancy"] is NORMALS["life_expectancy"]
    np.testing.assert_array_equal(made["fertility"], NORMALS["fertility"])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]], "not positive definite"),
        ([[1.0, 1.0], [1.0, 1.0]], "not positive definite"),
        ([[1.0, 0.5], [0.4, 1.0]], "not symmetric"),
        ([[2.0, 0.5], [0.5, 2.0]], "not symmetric with ones on its diagonal"),
        ([[1.0, np.nan], [np.nan, 1.0]], "not symmetric"),
    ],
)
def test_matrices_that_are_no_correlations_are_refused(matrix, message):
    with pytest.raises(BoundsError, match=message):
        correlated(NORMALS, table(matrix))


def test_unknown_quantities_are_refused():
    wish = table([[1.0, 0.5], [0.5, 1.0]], names=("fertility", "marriage"))
    with pytest.raises(CoordinateError, match="does not name the quantities"):
        correlated(NORMALS, wish)
