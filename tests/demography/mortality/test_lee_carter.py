"""Lee-Carter fits recover what made the rates; forecasts, rotation and intervals on Canada."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from popsim.demography.mortality.lee_carter import (
    fit_coherent_lee_carter,
    fit_lee_carter,
    fit_lee_carter_poisson,
)
from popsim.demography.mortality.lee_carter_forecast import (
    forecast_lee_carter,
    rates_for_life_expectancy,
    rotated_pattern,
    ultimate_pattern,
)
from popsim.demography.mortality.lifetable import life_table
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    FitError,
    InputError,
)

SEXES = ["female", "male"]
YEARS = np.arange(1960, 2010)
AGES = np.arange(0, 101)


def truth(sexes: int = 2) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Known parameters: a Siler curve, a pattern that sums to 1, a walk whose mean is 0."""
    middle = AGES + 0.5
    curve = np.log(0.006 * np.exp(-1.2 * middle) + 1e-4 + 2e-5 * np.exp(0.098 * middle))
    alpha = np.stack([curve, curve + 0.4])[:sexes]
    beta = np.stack([np.exp(-AGES / 60.0), np.exp(-AGES / 40.0)])[:sexes]
    beta /= beta.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(7)
    kappa = np.cumsum(-1.5 + 0.8 * rng.standard_normal((sexes, len(YEARS))), axis=1)
    kappa -= kappa.mean(axis=1, keepdims=True)
    labels = {"sex": SEXES[:sexes], "age": AGES, "year": YEARS}

    def label(values: np.ndarray, dim: str) -> xr.DataArray:
        coords = {"sex": labels["sex"], dim: labels[dim]}
        return xr.DataArray(values, dims=("sex", dim), coords=coords)

    return label(alpha, "age"), label(beta, "age"), label(kappa, "year")


@pytest.fixture(scope="module")
def surface() -> xr.DataArray:
    alpha, beta, kappa = truth()
    return np.exp(alpha + beta * kappa).transpose("year", "sex", "age").rename("mortality_rate")


@pytest.fixture(scope="module")
def exposure(surface: xr.DataArray) -> xr.DataArray:
    people = 2e4 * np.exp(-0.5 * (AGES / 45.0) ** 2) + 100.0
    return (people * xr.ones_like(surface)).rename("exposure")


@pytest.fixture(scope="module")
def canada(reference: Path) -> xr.DataArray:
    with xr.open_dataset(reference / "un_ccmpp_canada.nc") as data:
        return data["mortality_rate"].load()


@pytest.fixture(scope="module")
def past(canada: xr.DataArray) -> xr.DataArray:
    return canada.sel(year=slice(1950, 1999))


def e0(rates: xr.DataArray, **rules: object) -> xr.DataArray:
    return life_table(rates, **rules)["ex"].sel(age=0, drop=True)


def check_recovered(fit: xr.Dataset, rtol: float) -> None:
    for name, true in zip(("alpha_x", "beta_x", "kappa_t"), truth(), strict=True):
        found = fit[name].transpose(*true.dims)
        np.testing.assert_allclose(found.values, true.values, rtol=rtol, atol=rtol)


# --- fits ---------------------------------------------------------------------------------


def test_svd_recovers_the_parameters(surface: xr.DataArray) -> None:
    fit = fit_lee_carter(surface)
    # no noise: rounding of logs and of the SVD only
    check_recovered(fit, 1e-10)
    np.testing.assert_allclose(fit["explained_variance"].values, 1.0, rtol=1e-12)
    _, _, kappa = truth()
    change = (kappa.sel(year=2009) - kappa.sel(year=1960)) / 49
    np.testing.assert_allclose(fit["drift"].values, change.values, rtol=1e-10)
    np.testing.assert_array_equal(
        fit["jump_off_rate"].values, surface.sel(year=2009).transpose("sex", "age").values
    )


def test_poisson_recovers_the_parameters(surface: xr.DataArray, exposure: xr.DataArray) -> None:
    # expected deaths in place of drawn ones: the likelihood peaks at the truth, and rounds
    # end where the deviance, quadratic in the error, moves no more
    check_recovered(fit_lee_carter_poisson(surface, exposure), 2e-5)


def test_poisson_recovers_better_than_svd_from_drawn_deaths(
    surface: xr.DataArray, exposure: xr.DataArray
) -> None:
    rng = np.random.default_rng(11)
    deaths = rng.poisson((surface * exposure).values)
    drawn = surface.copy(data=deaths / exposure.values)
    poisson = fit_lee_carter_poisson(drawn, exposure)
    # the SVD cannot take the zeros that small numbers bring
    with pytest.raises(BoundsError, match=r"zero has no logarithm[^@]*fit_lee_carter_poisson"):
        fit_lee_carter(drawn)
    svd = fit_lee_carter(drawn.where(drawn > 0, 0.5 / exposure))
    kappa = truth()[2]
    errors = [
        float(((f["kappa_t"].transpose("sex", "year") - kappa) ** 2).mean() ** 0.5)
        for f in (poisson, svd)
    ]
    assert errors[0] < 0.5 * errors[1]
    # of a range of 85; the SVD, to which an age with two deaths weighs like one with a
    # thousand, misses by 4.0 where the likelihood misses by 1.5
    assert errors[0] < 2.0


def test_poisson_is_at_the_peak_of_the_likelihood(
    surface: xr.DataArray, exposure: xr.DataArray
) -> None:
    """The score equations of Brouhns, Denuit & Vermunt: observed and fitted deaths agree."""
    rng = np.random.default_rng(11)
    deaths = surface.copy(data=rng.poisson((surface * exposure).values))
    fit = fit_lee_carter_poisson(deaths / exposure, exposure)
    left = deaths - exposure * np.exp(fit["alpha_x"] + fit["beta_x"] * fit["kappa_t"])
    # some 1e6 deaths; the rounds end at a relative change of the deviance of 1e-13
    assert float(abs(left.sum("year")).max()) < 0.05
    assert float(abs((left * fit["beta_x"]).sum("age")).max()) < 0.05


def test_noise_is_left_to_the_later_terms(surface: xr.DataArray) -> None:
    rng = np.random.default_rng(3)
    noisy = surface * np.exp(0.05 * rng.standard_normal(surface.shape))
    fit = fit_lee_carter(noisy)
    _, beta, kappa = truth()
    # noise of 0.05 over 50 years and 101 ages: sd(beta) is 0.05 / |kappa|, some 3e-4, and
    # the four sigma of the worst of 202 ages; sd(kappa) is 0.05 / |beta|, some 0.4
    np.testing.assert_allclose(fit["beta_x"].values, beta.values, atol=1.5e-3)
    assert float(abs(fit["kappa_t"].transpose("sex", "year") - kappa).max()) < 1.8
    assert (fit["explained_variance"] > 0.85).all()
    assert (fit["explained_variance"] < 0.999).all()


def test_the_uncertainty_of_the_drift_is_that_of_the_walk() -> None:
    """Over many simulated walks the standard error is the spread of the estimates."""
    rng = np.random.default_rng(5)
    changes = -1.0 + 0.6 * rng.standard_normal((400, 60))
    alpha, beta, _ = truth(1)
    kappa = xr.DataArray(
        np.cumsum(changes, axis=1), dims=("walk", "year"), coords={"year": np.arange(60)}
    )
    sample = slice(0, 101, 20)
    beta = beta.isel(sex=0, age=sample) / beta.isel(sex=0, age=sample).sum()
    fit = fit_lee_carter(np.exp(alpha.isel(sex=0, age=sample) + beta * kappa))
    spread = float(fit["drift"].std("walk"))
    # 400 walks know a standard deviation to 4 %; taking positive autocorrelations of white
    # noise for real adds 5 %
    assert float(fit["drift_standard_error"].mean()) == pytest.approx(spread, rel=0.15)
    assert float(fit["innovation_sd"].mean()) == pytest.approx(0.6, rel=0.1)


def test_smoothed_rates_do_not_pass_for_certain_ones() -> None:
    """A moving average hides the yearly changes; their long run is what it was."""
    rng = np.random.default_rng(8)
    alpha, beta, _ = truth(1)
    walk = np.cumsum(-1.0 + 0.6 * rng.standard_normal((200, 84)), axis=1)
    smooth = np.stack([walk[:, i : i + 60] for i in range(25)]).mean(axis=0)
    sample = slice(0, 101, 20)
    beta = beta.isel(sex=0, age=sample) / beta.isel(sex=0, age=sample).sum()
    kappa = xr.DataArray(smooth, dims=("walk", "year"), coords={"year": np.arange(60)})
    fit = fit_lee_carter(np.exp(alpha.isel(sex=0, age=sample) + beta * kappa))
    changes = float(fit["kappa_t"].diff("year").std("year", ddof=1).mean())
    assert changes < 0.15
    # an autoregression of order 1 stands for a moving average of 25: within a third
    assert float(fit["innovation_sd"].mean()) == pytest.approx(0.6, rel=0.35)


def test_coherent_fit_recovers_a_common_trend_and_a_returning_departure() -> None:
    alpha, beta, kappa = truth()
    common_beta, common = beta.isel(sex=0, drop=True), kappa.isel(sex=0, drop=True)
    own = xr.DataArray(np.sin(AGES / 15.0) + 1.2, dims="age", coords={"age": AGES})
    own = own / own.sum()
    rng = np.random.default_rng(2)
    k = np.zeros(len(YEARS))
    for t in range(1, len(k)):
        k[t] = 0.7 * k[t - 1] + 2.0 * rng.standard_normal()
    departure = xr.DataArray(k - k.mean(), dims="year", coords={"year": YEARS})
    # opposite departures, so that their mean is the common trend
    sign = xr.DataArray([1.0, -1.0], dims="sex", coords={"sex": SEXES})
    rates = np.exp(alpha + common_beta * common + sign * own * departure)
    fit = fit_coherent_lee_carter(rates)
    np.testing.assert_allclose(fit["beta_x"].values, common_beta.values, atol=1e-10)
    np.testing.assert_allclose(fit["kappa_t"].values, common.values, atol=1e-8)
    np.testing.assert_allclose(
        fit["beta_x_own"].values, np.stack([own.values, own.values]), atol=1e-10
    )
    np.testing.assert_allclose(
        fit["kappa_t_own"].transpose("sex", "year").values,
        (sign * departure).values,
        atol=1e-8,
    )
    x, y = departure.values[:-1], departure.values[1:]
    slope, constant = np.polyfit(x, y, 1)
    np.testing.assert_allclose(fit["autoregression"].values, slope, rtol=1e-8)
    np.testing.assert_allclose(
        fit["departure_constant"].values, [constant, -constant], rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(fit["explained_variance"].values, 1.0, rtol=1e-12)


def test_parallel_sexes_have_no_departure(surface: xr.DataArray) -> None:
    women = surface.sel(sex="female", drop=True)
    both = xr.concat([women, 1.5 * women], xr.Variable("sex", SEXES))
    fit = fit_coherent_lee_carter(both)
    assert (fit["kappa_t_own"] == 0.0).all()
    assert (fit["innovation_sd_own"] == 0.0).all()
    ratio = forecast_lee_carter(fit, 2060)
    np.testing.assert_allclose(
        (ratio.sel(sex="male") / ratio.sel(sex="female")).values, 1.5, rtol=1e-10
    )


# --- forecasts ----------------------------------------------------------------------------


def test_the_central_path_goes_on_by_the_drift(surface: xr.DataArray) -> None:
    fit = fit_lee_carter(surface)
    forecast = forecast_lee_carter(fit, 2014)
    assert forecast.dims == ("year", "sex", "age")
    np.testing.assert_array_equal(forecast["year"].values, np.arange(2010, 2015))
    change = np.log(forecast.sel(year=2014) / surface.sel(year=2009, drop=True))
    expected = 5.0 * fit["drift"] * fit["beta_x"]
    np.testing.assert_allclose(change.values, expected.transpose(*change.dims).values, atol=1e-12)


def test_jump_off(surface: xr.DataArray) -> None:
    rng = np.random.default_rng(3)
    noisy = surface * np.exp(0.05 * rng.standard_normal(surface.shape))
    fit = fit_lee_carter(noisy)
    actual = forecast_lee_carter(fit, 2010)
    fitted = forecast_lee_carter(fit, 2010, jump_off="fitted")
    last = noisy.sel(year=2009, drop=True)
    model = np.exp(fit["alpha_x"] + fit["beta_x"] * fit["kappa_t"].sel(year=2009, drop=True))
    # one year's drift times beta: below 0.06 in the log
    assert float(abs(np.log(actual / last)).max()) < 0.06
    assert float(abs(np.log(fitted / model)).max()) < 0.06
    assert float(abs(np.log(fitted / last)).max()) > 0.1


def test_the_same_deviates_give_the_same_forecast_and_zero_gives_the_centre(
    past: xr.DataArray,
) -> None:
    fit = fit_coherent_lee_carter(past)
    years = np.arange(2000, 2005)
    draws = deviates(years, 4)
    one, two = (forecast_lee_carter(fit, 2004, **draws) for _ in range(2))
    xr.testing.assert_identical(one, two)
    assert one.dims == ("draw", "year", "sex", "age")
    centre = forecast_lee_carter(fit, 2004, **{k: 0.0 * v for k, v in draws.items()})
    np.testing.assert_allclose(
        centre.isel(draw=0).values, forecast_lee_carter(fit, 2004).values, rtol=1e-13
    )


@pytest.mark.slow
def test_the_spread_of_a_forecast_is_the_formula(surface: xr.DataArray) -> None:
    fit = fit_lee_carter(surface)
    years = np.arange(2010, 2035)
    draws = deviates(years, 4000)
    del draws["departure_normal"]
    paths = np.log(forecast_lee_carter(fit, 2034, **draws)).sel(age=30)
    spread = (paths.std("draw") / fit["beta_x"].sel(age=30)).sel(year=[2010, 2034])
    h = np.array([1.0, 25.0])
    for sex in SEXES:
        of_sex = fit.sel(sex=sex)
        expected = np.sqrt(
            h * float(of_sex["innovation_sd"]) ** 2
            + (h * float(of_sex["drift_standard_error"])) ** 2
        )
        # 4000 draws know a standard deviation to 1.1 %: four of these
        np.testing.assert_allclose(spread.sel(sex=sex).values, expected, rtol=0.045)


def test_shared_deviates_move_the_sexes_in_step(surface: xr.DataArray) -> None:
    fit = fit_lee_carter(surface)
    years = np.arange(2010, 2020)
    draws = deviates(years, 300)
    shared = forecast_lee_carter(fit, 2019, innovation_normal=draws["innovation_normal"])
    apart = forecast_lee_carter(fit, 2019, innovation_normal=draws["departure_normal"])
    at = {"age": 40, "year": 2019}
    step = [xr.corr(p.sel(sex="female", **at), p.sel(sex="male", **at)) for p in (shared, apart)]
    assert float(step[0]) > 0.98
    assert abs(float(step[1])) < 0.25  # four standard errors of a correlation of 300


def deviates(years: np.ndarray, draws: int) -> dict[str, xr.DataArray]:
    rng = np.random.default_rng(2024)
    coords = {"year": years, "sex": SEXES}
    return {
        "drift_normal": xr.DataArray(rng.standard_normal(draws), dims="draw"),
        "innovation_normal": xr.DataArray(
            rng.standard_normal((draws, len(years))), dims=("draw", "year"), coords={"year": years}
        ),
        "departure_normal": xr.DataArray(
            rng.standard_normal((draws, len(years), 2)), dims=("draw", "year", "sex"), coords=coords
        ),
    }


# --- Canada, fitted to 1950-1999 ----------------------------------------------------------


def test_canada_2019_from_1999(canada: xr.DataArray, past: xr.DataArray) -> None:
    observed = e0(canada.sel(year=2019, drop=True))
    plain = e0(forecast_lee_carter(fit_lee_carter(past), 2019)).sel(year=2019)
    # an independent plain fit (SVD, observed jump-off) gave 85.19 and 79.39
    np.testing.assert_allclose(plain.values, [85.19, 79.39], atol=0.01)
    coherent = fit_coherent_lee_carter(past)
    errors = {
        jump: e0(forecast_lee_carter(coherent, 2019, jump_off=jump)).sel(year=2019) - observed
        for jump in ("actual", "fitted")
    }
    print(f"e0 2019 observed {observed.values}, plain {plain.values}")
    for jump, error in errors.items():
        print(f"  coherent, {jump} jump-off: error {error.values}")
        # men come nearer than with a fit of their own, and women stay within 0.3 years
        assert abs(error.sel(sex="male")) < abs(plain - observed).sel(sex="male")
        assert abs(error.sel(sex="female")) < 0.3
    # from the fitted rates, both together come nearer too
    assert abs(errors["fitted"]).sum() < 0.8 * abs(plain - observed).sum()


def test_rotation_brings_the_age_pattern_of_2019_nearer(
    canada: xr.DataArray, past: xr.DataArray
) -> None:
    then = canada.sel(year=2019, drop=True)
    fit = fit_coherent_lee_carter(past)
    errors = [
        (np.log(rates_for_life_expectancy(fit, e0(then), rotate=r) / then) ** 2).mean("age") ** 0.5
        for r in (True, False)
    ]
    print(f"error of log rates 2019: rotated {errors[0].values}, not {errors[1].values}")
    assert (errors[0] < errors[1]).all()


@pytest.mark.parametrize("kind", ["plain", "coherent"])
def test_coverage_of_canadas_life_expectancy_2000_2019(
    canada: xr.DataArray, past: xr.DataArray, kind: str
) -> None:
    years = np.arange(2000, 2020)
    draws = deviates(years, 500)
    if kind == "plain":
        fit = fit_lee_carter(past)
        del draws["departure_normal"]
    else:
        fit = fit_coherent_lee_carter(past)
    observed = e0(canada.sel(year=years))
    paths = e0(forecast_lee_carter(fit, 2019, **draws))
    covered = {}
    for share in (0.8, 0.95):
        low, high = paths.quantile([0.5 - share / 2, 0.5 + share / 2], "draw")
        covered[share] = ((observed >= low) & (observed <= high)).mean("year")
        width = (high - low).sel(year=2019)
        print(f"{kind}, {share:.0%}: covered {covered[share].values}, width {width.values}")
    # Twenty years of one country are one path, not twenty trials. The wide interval holds
    # it; the narrow one misses the men at times, whose decline sped up after 1999.
    assert (covered[0.95] >= 0.95).all()
    assert covered[0.8].mean() >= 0.7


# --- rotation -----------------------------------------------------------------------------


def test_rotation_at_its_ends_and_in_between(surface: xr.DataArray) -> None:
    beta = fit_lee_carter(surface)["beta_x"]
    ultimate = ultimate_pattern(beta)
    levels = xr.DataArray([60.0, 80.0, 91.0, 102.0, 110.0], dims="level")
    rotated = rotated_pattern(beta, levels)
    np.testing.assert_allclose(rotated.sum("age").values, 1.0, rtol=1e-12)
    for i, expected in enumerate((beta, beta, None, ultimate, ultimate)):
        if expected is not None:
            np.testing.assert_allclose(
                rotated.isel(level=i).values, expected.values, rtol=1e-12, atol=1e-15
            )
    # halfway the sine is 0 and the weight the root of a half (Li, Lee & Gerland 2013)
    weight = np.sqrt(0.5)
    np.testing.assert_allclose(
        rotated.isel(level=2).values, ((1 - weight) * beta + weight * ultimate).values, rtol=1e-12
    )


def test_the_ultimate_pattern(surface: xr.DataArray) -> None:
    beta = fit_lee_carter(surface)["beta_x"]
    ultimate = ultimate_pattern(beta)
    young = ultimate.sel(age=slice(0, 65))
    np.testing.assert_allclose((young / young.sel(age=40)).values, 1.0, rtol=1e-12)
    old = slice(65, None)
    shape = (ultimate / beta).sel(age=old)
    np.testing.assert_allclose((shape / shape.sel(age=65)).values, 1.0, rtol=1e-12)
    # decline has moved to the old
    assert (ultimate.sel(age=85) > beta.sel(age=85)).all()
    assert (ultimate.sel(age=0) < beta.sel(age=0)).all()


@pytest.mark.parametrize("rotate", [True, False])
def test_a_pair_of_life_expectancies_is_met(past: xr.DataArray, rotate: bool) -> None:
    fit = fit_coherent_lee_carter(past)
    target = xr.DataArray(
        [[83.0, 79.0], [88.0, 85.0], [93.0, 91.0]],
        dims=("year", "sex"),
        coords={"year": [2020, 2050, 2100], "sex": SEXES},
    )
    rates = rates_for_life_expectancy(fit, target, rotate=rotate)
    assert rates.dims == ("year", "sex", "age")
    assert float(abs(e0(rates) - target).max()) <= 1e-6
    # a pattern common to the sexes moves both along one direction
    change = np.log(rates / fit["jump_off_rate"]).sel(year=2100)
    ratio = change.sel(sex="female") / change.sel(sex="male")
    np.testing.assert_allclose(ratio.values, ratio.values[0], rtol=1e-9)
    expected = fit["beta_x"]
    if rotate:
        expected = rotated_pattern(expected, 92.0)
    along = change.sel(sex="female") / expected
    np.testing.assert_allclose(along.values, along.values[0], rtol=1e-9)


def test_a_life_expectancy_out_of_reach(past: xr.DataArray) -> None:
    fit = fit_coherent_lee_carter(past)
    with pytest.raises(FitError, match=r"where: sex=female\n  got: 130 years\n  allowed: "):
        rates_for_life_expectancy(fit, 130.0)
    with pytest.raises(BoundsError, match=r"life_expectancy has 1 missing"):
        rates_for_life_expectancy(fit, np.nan)


def test_rotation_keeps_near_the_un_where_decline_is_long(reference: Path) -> None:
    """China, abridged ages by five years: the pattern of 1950-2024 carried to e0 88 and 91."""
    table = pd.read_csv(reference / "wpp2024_china_mortality_5x5.csv", dtype={"age": str})
    table["age"] = table["age"].str.rstrip("+").astype(int)
    table["year"] = table["period"].str[:4].astype(int)
    by_sex = [table.pivot_table(index="year", columns="age", values=c) for c in ("mxF", "mxM")]
    rates = xr.concat([xr.DataArray(t) for t in by_sex], xr.Variable("sex", SEXES))
    fit = fit_coherent_lee_carter(rates.sel(year=slice(1950, 2020)))
    then = rates.sel(year=2095, drop=True)
    errors = [
        (np.log(rates_for_life_expectancy(fit, e0(then), rotate=r) / then) ** 2).mean("age") ** 0.5
        for r in (True, False)
    ]
    print(f"error of log rates 2095-2100: rotated {errors[0].values}, not {errors[1].values}")
    assert (errors[0] < 0.5 * errors[1]).all()


# --- rejections ---------------------------------------------------------------------------


def test_too_few_years_and_missing_dims(surface: xr.DataArray, exposure: xr.DataArray) -> None:
    short = surface.isel(year=slice(0, 9))
    for fit in (fit_lee_carter, fit_coherent_lee_carter):
        with pytest.raises(FitError, match=r"too few years[^@]*got: 9 years\n  allowed: at least"):
            fit(short)
    with pytest.raises(FitError, match="too few years"):
        fit_lee_carter_poisson(short, exposure.isel(year=slice(0, 9)))
    with pytest.raises(DimensionError, match="lacks the dimension 'year'"):
        fit_lee_carter(surface.isel(year=0, drop=True))
    with pytest.raises(DimensionError, match="lacks the dimension 'age'"):
        fit_lee_carter(surface.isel(age=0, drop=True))
    with pytest.raises(DimensionError, match=r"coherent fit needs both sexes"):
        fit_coherent_lee_carter(surface.sel(sex="male", drop=True))
    with pytest.raises(CoordinateError, match="not female, male"):
        fit_coherent_lee_carter(surface.sel(sex=["male", "female"]))


def test_rates_that_cannot_be_fitted(surface: xr.DataArray, exposure: xr.DataArray) -> None:
    gap = surface.sel(year=[y for y in YEARS if y != 1975])
    with pytest.raises(CoordinateError, match=r"got: 1974 is followed by 1976"):
        fit_lee_carter(gap)
    spot = (surface["year"] == 1970) & (surface["sex"] == "male") & (surface["age"] == 11)
    with pytest.raises(BoundsError, match=r"zero has no logarithm[^@]*year=1970, sex=male, age=11"):
        fit_lee_carter(surface.where(~spot, 0.0).transpose("year", "sex", "age"))
    with pytest.raises(BoundsError, match=r"missing or infinite[^@]*year=1970, sex=male, age=11"):
        fit_lee_carter(surface.where(~spot).transpose("year", "sex", "age"))
    with pytest.raises(FitError, match=r"do not change over the years[^@]*sex=female"):
        fit_lee_carter(surface.isel(year=0, drop=True).expand_dims(year=YEARS))
    people = exposure.where(~spot, 0.0).transpose("year", "sex", "age")
    with pytest.raises(BoundsError, match=r"exposure is not positive[^@]*year=1970"):
        fit_lee_carter_poisson(surface, people)
    with pytest.raises(FitError, match=r"no deaths in any year[^@]*sex=female, age=7"):
        fit_lee_carter_poisson(surface.where(surface["age"] != 7, 0.0), exposure)
    with pytest.raises(CoordinateError, match="different labels on 'year'"):
        fit_lee_carter_poisson(surface, exposure.isel(year=slice(1, None)))


def test_rejections_of_a_forecast(surface: xr.DataArray) -> None:
    fit = fit_lee_carter(surface)
    years = np.arange(2010, 2015)
    draws = deviates(years, 3)
    with pytest.raises(CoordinateError, match=r"does not end on a year after the fit"):
        forecast_lee_carter(fit, 2009)
    with pytest.raises(InputError, match=r"unknown jump-off 'observed'"):
        forecast_lee_carter(fit, 2014, jump_off="observed")  # type: ignore[arg-type]
    with pytest.raises(ConflictError, match="a fit that has none"):
        forecast_lee_carter(fit, 2014, departure_normal=draws["departure_normal"])
    with pytest.raises(CoordinateError, match=r"innovation_normal lies on other years"):
        forecast_lee_carter(fit, 2015, innovation_normal=draws["innovation_normal"])
    with pytest.raises(DimensionError, match=r"innovation_normal lacks the dimension 'year'"):
        forecast_lee_carter(fit, 2014, innovation_normal=draws["drift_normal"])
    with pytest.raises(DimensionError, match=r"drift_normal has the dimension 'year'"):
        forecast_lee_carter(fit, 2014, drift_normal=draws["innovation_normal"])
    with pytest.raises(BoundsError, match=r"drift_normal has 1 missing[^@]*draw=1"):
        forecast_lee_carter(fit, 2014, drift_normal=xr.DataArray([0.0, np.nan], dims="draw"))
    five = fit_lee_carter(surface.isel(year=slice(0, None, 5)))
    with pytest.raises(CoordinateError, match=r"allowed: 2010, 2015"):
        forecast_lee_carter(five, 2012)


def test_rejections_of_rotation(surface: xr.DataArray) -> None:
    beta = fit_lee_carter(surface)["beta_x"]
    with pytest.raises(CoordinateError, match="rotation needs the ages 15-64 and 65"):
        ultimate_pattern(beta.isel(age=slice(0, 40)))
    rising = beta.where((beta["age"] != 65) | (beta["sex"] != "male"), -0.01)
    with pytest.raises(FitError, match=r"mortality at 65 does not decline[^@]*sex=male"):
        ultimate_pattern(rising)
