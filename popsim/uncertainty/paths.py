"""``demographic_draws()``: what is uncertain about a baseline, as factors and shifts by draw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from popsim.errors import (
    BoundsError,
    CoordinateError,
    InputError,
    MissingVariableError,
    did_you_mean,
)
from popsim.kernels.random import fill_about
from popsim.schema.variables import SEXES, describe
from popsim.uncertainty.assumptions import NATION, PLACE, assumption
from popsim.uncertainty.draws import check_draws
from popsim.uncertainty.intervals import QUANTITIES, Intervals, published_intervals
from popsim.uncertainty.mortality import shift_reach
from popsim.uncertainty.places import Places, places_of
from popsim.uncertainty.sampling import Sampling, check_sampling, correlated, normal_paths

_FLOWS = ("net_migration", "net_migration_rate", "net_migration_total")


def demographic_draws(
    baseline: xr.Dataset,
    draws: int,
    seed: int,
    *,
    sampling: Sampling = "random",
    intervals: Mapping[str, Intervals] | None = None,
    correlation: pd.DataFrame | None = None,
) -> xr.Dataset:
    r"""Draw fertility, mortality, migration and the sex ratio at birth about a baseline.

    Parameters
    ----------
    baseline : xarray.Dataset
        With ``year``; one place (attribute ``place``, or a scalar coordinate ``region``), or
        several along a dimension ``region``, whose labels key the places' own deviations.
    draws, seed : int
        The same seed gives the same bits, whatever other regions and years are drawn.
    sampling : {"random", "sobol", "latin_hypercube"}
        See :func:`popsim.uncertainty.sampling.normal_paths`.
    intervals : mapping of str to Intervals, optional
        In the place of those of WPP 2024 for China, by
        :func:`popsim.uncertainty.intervals.calibrate_to_intervals`: fertility [births per
        woman], life_expectancy_female and life_expectancy_male [years], migration [net
        migrants per person and year], sex_ratio_at_birth [males per female].
    correlation : pandas.DataFrame, optional
        Of the nation's deviations of fertility, life_expectancy, migration and
        sex_ratio_at_birth in a year (a Gaussian copula); independent if absent.

    Returns
    -------
    xarray.Dataset
        ``fertility_factor`` ([region,] draw, year) [1], ``life_expectancy_shift`` ([region,]
        draw, year, sex) [years], ``migration_shift`` ([region,] draw, year) [net migrants per
        person and year] and ``sex_ratio_factor`` (draw, year) [1]. The attributes
        ``fertility_cut`` and ``life_expectancy_cut`` say how many numbers were cut off at the
        least factor and at the ends of :func:`popsim.uncertainty.mortality.shift_reach`.

    Raises
    ------
    BoundsError
        Draws below 1, a negative seed; a correlation matrix that is not positive definite; a
        median of fertility or of the sex ratio at birth that is not above 0.
    InputError
        An unknown way of sampling or quantity; sexes whose deviations last differently.
    CoordinateError
        Years with gaps, regions without labels or with one label twice, a correlation matrix
        of unknown quantities.
    MissingVariableError
        A baseline without years.

    Notes
    -----
    The nation's path of each quantity is :math:`w_t(z_t)`, a stationary autoregressive
    :math:`z` laid on the widths of the intervals
    (:func:`popsim.uncertainty.intervals.calibrate_to_intervals` has the form). Fertility is
    divided by its median to a factor :math:`f`. The sexes share :math:`z`. A place adds
    :math:`\sigma y`, on fertility :math:`f (1 + \sigma y)`, with

    .. math:: y_{it} = \sqrt{c}\, u_{g(i)t} + \sqrt{1 - c}\, v_{it},

    :math:`u` common to the province and :math:`v` the place's own, both autoregressive with
    one correlation; :math:`c` is the correlation of two places of a province, and y is
    independent of the nation's path. :math:`\sigma`, :math:`c` and the correlations are the
    rows of the table ``uncertainty``. A closed population stays closed.

    Examples
    --------
    >>> import popsim as ps
    >>> drawn = demographic_draws(ps.load_baseline("ouhai", end=2030), draws=5, seed=1)
    >>> drawn.life_expectancy_shift.dims
    ('draw', 'year', 'sex')
    """
    check_draws(draws, seed)
    check_sampling(sampling)
    years = _years(baseline)
    widths = {**published_intervals(), **_checked(intervals or {})}
    places = places_of(baseline)
    z = _nation(widths, years, draws, seed, sampling)
    if correlation is not None:
        z = correlated(z, correlation)

    def about(quantity: str, offset: np.ndarray, slope: np.ndarray, **ends: np.ndarray) -> _Paths:
        return _with_places(quantity, places, years, seed, sampling, offset, slope, **ends)

    tfr = widths["fertility"]
    least = assumption(NATION, "fertility", "least")
    factor = 1.0 + tfr.deviations(z["fertility"], years) / tfr.central(years)
    factor = np.maximum(factor, least)[:, :, None]
    fertility, fertility_cut = about(
        "fertility", factor, factor, lowest=np.full((len(years), 1), least)
    )
    by_sex = [
        widths[f"life_expectancy_{sex}"].deviations(z["life_expectancy"], years) for sex in SEXES
    ]
    shift = np.stack(by_sex, axis=-1)
    reach = shift_reach(years, widths).values
    lives, lives_cut = about(
        "life_expectancy", shift, np.ones_like(shift), lowest=reach[:, :, 0], highest=reach[:, :, 1]
    )
    if any(name in baseline for name in _FLOWS):
        crude = widths["migration"].deviations(z["migration"], years)[:, :, None]
        migration, _ = about("migration", crude, np.ones_like(crude))
    else:
        migration = np.broadcast_to(0.0, fertility.shape)
    ratio = widths["sex_ratio_at_birth"]
    births = 1.0 + ratio.deviations(z["sex_ratio_at_birth"], years) / ratio.central(years)

    lead = ("region",) if "region" in baseline.dims else ()
    at = slice(None) if lead else 0
    out = xr.Dataset(
        {
            "fertility_factor": ((*lead, "draw", "year"), fertility[at, :, :, 0]),
            "life_expectancy_shift": ((*lead, "draw", "year", "sex"), lives[at]),
            "migration_shift": ((*lead, "draw", "year"), migration[at, :, :, 0]),
            "sex_ratio_factor": (("draw", "year"), births),
        },
        coords={
            **{k: c for k, c in baseline.coords.items() if c.dims == ("region",)},
            "draw": np.arange(draws),
            "year": years,
            "sex": list(SEXES),
        },
        attrs={
            "draws": draws,
            "seed": seed,
            "sampling": sampling,
            "fertility_cut": fertility_cut,
            "life_expectancy_cut": lives_cut,
        },
    )
    return describe(out)


_Paths = tuple[np.ndarray, int]


def _years(baseline: xr.Dataset) -> np.ndarray:
    if "year" not in baseline.coords:
        raise MissingVariableError(
            "the baseline has no years to draw paths for", where="year", got=list(baseline.coords)
        )
    years = np.asarray(baseline["year"].values)
    if np.any(np.diff(years) != 1):
        raise CoordinateError(
            "the years of a path have gaps",
            where="year",
            got=f"{years[0]} to {years[-1]}, {len(years)} years",
            allowed="single calendar years, each one more than the last",
        )
    return years.astype(np.int64)


def _checked(intervals: Mapping[str, Intervals]) -> Mapping[str, Intervals]:
    for name in intervals:
        if name not in QUANTITIES:
            raise InputError(
                f"no quantity {name!r} has intervals",
                where="intervals",
                got=name,
                allowed=", ".join(QUANTITIES),
                fix=did_you_mean(name, QUANTITIES),
            )
    for name in ("fertility", "sex_ratio_at_birth"):
        if name in intervals and not (intervals[name].median > 0.0).all():
            raise BoundsError(
                f"the median of {name} is not above 0, and its draws are shares of it",
                where=f"intervals[{name!r}].median",
                got=float(intervals[name].median.min()),
                allowed="above 0",
            )
    return intervals


def _nation(
    widths: Mapping[str, Intervals], years: np.ndarray, draws: int, seed: int, sampling: Sampling
) -> dict[str, np.ndarray]:
    """Standard normals (draw, year) of the nation's path of each quantity."""
    lasting = {widths[f"life_expectancy_{sex}"].correlation for sex in SEXES}
    if len(lasting) > 1:
        raise InputError(
            "the sexes share their deviations of life expectancy, which must last equally long",
            where="intervals: correlation",
            got=sorted(lasting),
            allowed="one correlation for both",
        )
    of = {
        "fertility": widths["fertility"].correlation,
        "life_expectancy": lasting.pop(),
        "migration": widths["migration"].correlation,
        "sex_ratio_at_birth": widths["sex_ratio_at_birth"].correlation,
    }
    return {
        name: normal_paths(seed, name, [NATION], years, draws, rho, sampling)[0]
        for name, rho in of.items()
    }


def _with_places(
    quantity: str,
    places: Places,
    years: np.ndarray,
    seed: int,
    sampling: Sampling,
    offset: np.ndarray,
    slope: np.ndarray,
    lowest: np.ndarray | None = None,
    highest: np.ndarray | None = None,
) -> _Paths:
    """Paths (place, draw, year, component) about the nation's, and how many were cut off."""
    draws, horizon, components = offset.shape
    shape = (len(places.labels), draws, horizon)
    endless = np.full((horizon, components), np.inf)
    rho, deviation, common = (
        assumption(PLACE, quantity, p)
        for p in ("correlation", "deviation", "neighbour_correlation")
    )
    shared = np.zeros((1, draws, horizon))
    group_of = np.zeros(len(places.labels), dtype=np.int64)
    if places.own.any():
        own = normal_paths(seed, quantity, places.labels, years, draws, rho, sampling)
    else:
        own = np.zeros(shape)
    if places.own.any() and common > 0.0:
        shared = normal_paths(seed, quantity, places.groups, years, draws, rho, sampling)
        group_of = places.group_of
    cut = np.empty(len(places.labels), dtype=np.int64)
    # a path of one component lies where its normals were: these are a run's largest arrays
    out = own[..., None] if components == 1 else np.empty((*shape, components))
    fill_about(
        own,
        float(np.sqrt(1.0 - common)),
        shared,
        group_of,
        float(np.sqrt(common)),
        deviation * places.own,
        np.ascontiguousarray(offset),
        np.ascontiguousarray(slope),
        -endless if lowest is None else np.ascontiguousarray(lowest),
        endless if highest is None else np.ascontiguousarray(highest),
        cut,
        out,
    )
    return out, int(cut.sum())
