"""``demographic_draws()``: what is uncertain about a baseline, as factors and shifts by draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

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
from popsim.schema.conventions import MIGRATION_FORMS, SEXES
from popsim.schema.variables import describe
from popsim.uncertainty.assumptions import NATION, PLACE, assumption
from popsim.uncertainty.draws import check_draws
from popsim.uncertainty.in_force import intervals_in_force, warn_of_borrowed
from popsim.uncertainty.intervals import QUANTITIES, Intervals, published_intervals
from popsim.uncertainty.mortality import shift_reach
from popsim.uncertainty.places import Places, places_of
from popsim.uncertainty.sampling import Sampling, check_sampling, correlated, normal_paths


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
        several along a dimension ``region``, whose labels key the places' own deviations. What
        is a nation has none: the attribute, or the coordinate of the regions, ``scope``.
    draws, seed : int
        The same seed gives the same bits, whatever other regions and years are drawn.
    sampling : {"random", "sobol", "latin_hypercube"}
        See :func:`popsim.uncertainty.sampling.normal_paths`.
    intervals : mapping of str to Intervals, optional
        In the place of those of WPP 2024 for China, by
        :func:`popsim.uncertainty.intervals.calibrate_to_intervals`, of the baseline itself:
        they are met as given, without the deviations of a place, by all regions together.
        Of fertility [births per woman], life_expectancy_female and life_expectancy_male
        [years], migration [net migrants per person and year], sex_ratio_at_birth [males per
        female].
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
        least factor and at the ends of :func:`popsim.uncertainty.mortality.shift_reach`;
        ``intervals_fertility`` and so on what the draws of a quantity are calibrated to.

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

    Warns
    -----
    BorrowedIntervalsWarning
        The intervals of China stand in for those of another nation, or of one not declared.

    Notes
    -----
    The nation's path of each quantity is :math:`w_t(z_t)`, a stationary autoregressive
    :math:`z` laid on the widths of the intervals
    (:func:`popsim.uncertainty.intervals.calibrate_to_intervals` has the form). Fertility is
    divided by its median to a factor :math:`f`. The sexes share :math:`z`. A place within
    the nation, of which these intervals are, adds :math:`\sigma y`, on fertility
    :math:`f (1 + \sigma y)`, with

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
    paths = NationalPaths(
        baseline, draws, seed, sampling=sampling, intervals=intervals, correlation=correlation
    )
    places = places_of(baseline)
    warn_of_borrowed(baseline, intervals, stacklevel=2)
    fertility, fertility_cut = paths.of("fertility_factor", places)
    lives, lives_cut = paths.of("life_expectancy_shift", places)
    migration, _ = paths.of("migration_shift", places)
    lead = ("region",) if "region" in baseline.dims else ()
    at = slice(None) if lead else 0
    out = xr.Dataset(
        {
            "fertility_factor": ((*lead, "draw", "year"), fertility[at]),
            "life_expectancy_shift": ((*lead, "draw", "year", "sex"), lives[at]),
            "migration_shift": ((*lead, "draw", "year"), migration[at]),
            "sex_ratio_factor": (("draw", "year"), paths.sex_ratio_factor),
        },
        coords={
            **{k: c for k, c in baseline.coords.items() if c.dims == ("region",)},
            "draw": np.arange(draws),
            "year": paths.years,
            "sex": list(SEXES),
        },
        attrs={
            "draws": draws,
            "seed": seed,
            "sampling": sampling,
            "fertility_cut": fertility_cut,
            "life_expectancy_cut": lives_cut,
            **intervals_in_force(baseline, intervals),
        },
    )
    return describe(out)


class NationalPaths:
    """The nation's paths of a seed, about which those of any places are drawn.

    Parameters
    ----------
    baseline, draws, seed, sampling, intervals, correlation
        As in :func:`demographic_draws`, which says what they raise; of the baseline the years,
        and whether anybody moves.

    Attributes
    ----------
    years : numpy.ndarray
        Calendar years.
    sex_ratio_factor : numpy.ndarray
        (draw, year), which all places have in common.
    """

    def __init__(
        self,
        baseline: xr.Dataset,
        draws: int,
        seed: int,
        *,
        sampling: Sampling = "random",
        intervals: Mapping[str, Intervals] | None = None,
        correlation: pd.DataFrame | None = None,
    ) -> None:
        check_draws(draws, seed)
        check_sampling(sampling)
        self.years = _years(baseline)
        self._draws, self._seed, self._sampling = draws, seed, sampling
        given = _checked(intervals or {})
        widths = {**published_intervals(), **given}
        z = _nation(widths, self.years, draws, seed, sampling)
        if correlation is not None:
            z = correlated(z, correlation)
        closed = not any(name in baseline for name in MIGRATION_FORMS)
        middle = {
            "fertility_factor": _fertility(widths["fertility"], z["fertility"], self.years),
            "life_expectancy_shift": _lives(widths, z["life_expectancy"], self.years),
            "migration_shift": None
            if closed
            else _migration(widths["migration"], z["migration"], self.years),
        }
        self._middle = {name: _as_given(m, given) for name, m in middle.items()}
        ratio = widths["sex_ratio_at_birth"]
        deviations = ratio.deviations(z["sex_ratio_at_birth"], self.years)
        self.sex_ratio_factor = 1.0 + deviations / ratio.central(self.years)

    def of(self, name: str, places: Places) -> tuple[np.ndarray, int]:
        """Paths of a variable of :func:`demographic_draws`, and how many numbers were cut off.

        Parameters
        ----------
        name : {"fertility_factor", "life_expectancy_shift", "migration_shift"}
        places : Places

        Returns
        -------
        numpy.ndarray
            (place, draw, year), of life expectancy (place, draw, year, sex).
        int
        """
        middle, draws, horizon = self._middle[name], self._draws, len(self.years)
        shape = (len(places.labels), draws, horizon)
        if middle is None:
            return np.broadcast_to(0.0, shape), 0
        components = middle.offset.shape[-1]
        rho, deviation, common = (
            assumption(PLACE, middle.quantity, p)
            for p in ("correlation", "deviation", "neighbour_correlation")
        )

        def normals(keys: Sequence[str]) -> np.ndarray:
            return normal_paths(
                self._seed, middle.quantity, keys, self.years, draws, rho, self._sampling
            )

        shared, group_of = np.zeros((1, draws, horizon)), np.zeros(shape[0], dtype=np.int64)
        apart = places.own.any() and middle.slope.any()
        own = normals(places.labels) if apart else np.zeros(shape)
        if apart and common > 0.0:
            shared, group_of = normals(places.groups), places.group_of
        cut = np.empty(shape[0], dtype=np.int64)
        # a path of one component lies where its normals were: these are a run's largest arrays
        out = own[..., None] if components == 1 else np.empty((*shape, components))
        fill_about(
            own,
            float(np.sqrt(1.0 - common)),
            shared,
            group_of,
            float(np.sqrt(common)),
            deviation * places.own,
            middle.offset,
            middle.slope,
            middle.lowest,
            middle.highest,
            cut,
            out,
        )
        return out[..., 0] if components == 1 else out, int(cut.sum())


class _Middle(NamedTuple):
    """The nation's path of a quantity (draw, year, component), and what a place's is cut off at.

    A place's is ``offset + slope`` times its deviation, from ``lowest`` to ``highest`` (year,
    component). ``parts`` are the intervals of each component.
    """

    quantity: str
    parts: tuple[str, ...]
    offset: np.ndarray
    slope: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def _fertility(tfr: Intervals, z: np.ndarray, years: np.ndarray) -> _Middle:
    least = assumption(NATION, "fertility", "least")
    factor = np.maximum(1.0 + tfr.deviations(z, years) / tfr.central(years), least)[:, :, None]
    ends = np.full((len(years), 1), least), np.full((len(years), 1), np.inf)
    return _Middle("fertility", ("fertility",), factor, factor, *ends)


def _lives(widths: Mapping[str, Intervals], z: np.ndarray, years: np.ndarray) -> _Middle:
    parts = tuple(f"life_expectancy_{sex}" for sex in SEXES)
    by_sex = [widths[part].deviations(z, years) for part in parts]
    shift = np.stack(by_sex, axis=-1)
    reach = shift_reach(years, widths).transpose("end", "year", "sex").values
    low, high = (np.ascontiguousarray(end) for end in reach)
    return _Middle("life_expectancy", parts, shift, np.ones_like(shift), low, high)


def _migration(crude: Intervals, z: np.ndarray, years: np.ndarray) -> _Middle:
    shift = crude.deviations(z, years)[:, :, None]
    endless = np.full((len(years), 1), np.inf)
    return _Middle("migration", ("migration",), shift, np.ones_like(shift), -endless, endless)


def _as_given(middle: _Middle | None, given: Mapping[str, Intervals]) -> _Middle | None:
    """Without deviations of places where the user's own intervals are of the baseline itself."""
    own = [part in given for part in middle.parts] if middle is not None else []
    if middle is None or not any(own):
        return middle
    return middle._replace(slope=np.where(own, 0.0, middle.slope))


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
