"""Paths that meet published intervals: the widths of World Population Prospects, or a user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import xarray as xr

from popsim.baselines import china
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError
from popsim.schema.conventions import SEXES
from popsim.schema.territory import CHINA
from popsim.uncertainty.assumptions import NATION, assumption
from popsim.uncertainty.draws import Z80, Z95, check_draws
from popsim.uncertainty.sampling import Sampling, normal_paths

#: What has intervals, and in which unit.
QUANTITIES = {
    "fertility": "births per woman",
    "life_expectancy_female": "years",
    "life_expectancy_male": "years",
    "migration": "net migrants per person and year",
    "sex_ratio_at_birth": "males per female",
}

#: Whose the intervals are that popsim ships.
PUBLISHED = f"WPP 2024, {CHINA}"

_BOUNDS = ("lower_95", "lower_80", "median", "upper_80", "upper_95")
Series = Sequence[float] | np.ndarray | xr.DataArray


@dataclass(frozen=True, eq=False)
class Intervals:
    """A median and its 80 and 95 % bounds by year, and how long a deviation lasts.

    Attributes
    ----------
    years : numpy.ndarray
        (year,), rising; between two of them everything is linear, before the first nothing
        is uncertain, after the last the last holds.
    lower_95, lower_80, median, upper_80, upper_95 : numpy.ndarray
        (year,) [unit of the quantity]
    correlation : float
        Of the deviations, in units of their width, of two years that follow each other.
    source : str
        Whose intervals they are, in words; it stands in the attributes of results.
    """

    years: np.ndarray
    lower_95: np.ndarray
    lower_80: np.ndarray
    median: np.ndarray
    upper_80: np.ndarray
    upper_95: np.ndarray
    correlation: float
    source: str = ""

    def __repr__(self) -> str:
        middle = f"median {self.median[0]:.4g} to {self.median[-1]:.4g}"
        source = f", {self.source}" if self.source else ""
        return (
            f"Intervals({self.years[0]}-{self.years[-1]}, {middle}, "
            f"correlation {self.correlation:.3g}{source})"
        )

    def central(self, years: np.ndarray) -> np.ndarray:
        """Median of the years (year,)."""
        return np.interp(years, self.years, self.median)

    def width(self, bound: str, years: np.ndarray) -> np.ndarray:
        """Distance of a bound from the median (year,), 0 before the first year."""
        distance = np.abs(getattr(self, bound) - self.median)
        return np.interp(years, self.years, distance, left=0.0)

    def deviations(self, normals: np.ndarray, years: np.ndarray) -> np.ndarray:
        r"""Deviations from the median that have the published quantiles.

        Parameters
        ----------
        normals : numpy.ndarray
            (..., year) standard normals [1]
        years : numpy.ndarray
            (year,)

        Returns
        -------
        numpy.ndarray
            (..., year) [unit of the quantity]

        Notes
        -----
        Piecewise linear in the normal :math:`z`, on each side of the median: through 0, the
        80 % bound at :math:`|z| = 1.28`, the 95 % bound at 1.96, and on with the last slope.
        So the quantiles at 2.5, 10, 50, 90 and 97.5 % are those published, however they lie
        about the median.
        """
        size = np.abs(normals)
        inner = np.minimum(size, Z80) / Z80
        outer = np.maximum(size - Z80, 0.0) / (Z95 - Z80)
        out = np.zeros_like(normals)
        for side, sign in (("lower", -1.0), ("upper", 1.0)):
            near, far = (self.width(f"{side}_{level}", years) for level in (80, 95))
            out += np.where(normals * sign > 0.0, sign * (inner * near + outer * (far - near)), 0.0)
        return out

    def paths(
        self,
        draws: int,
        seed: int,
        *,
        key: str,
        years: np.ndarray | None = None,
        sampling: Sampling = "random",
    ) -> xr.DataArray:
        """Paths that meet the intervals.

        Parameters
        ----------
        draws, seed : int
        key : str
            What the paths are of; it keys their random numbers.
        years : numpy.ndarray, optional
            Those of the intervals, with the years between them, if absent.
        sampling : {"random", "sobol", "latin_hypercube"}

        Returns
        -------
        xarray.DataArray
            (draw, year) [unit of the quantity]

        Raises
        ------
        BoundsError
            Draws below 1, a negative seed.
        InputError
            An unknown way of sampling.

        Examples
        --------
        >>> tfr = calibrate_to_intervals(
        ...     [2025, 2050], [1.0, 1.2], [0.85, 0.8], [1.2, 1.5], correlation=0.98
        ... )
        >>> tfr.paths(100, seed=1, key="TFR of Atlantis").sizes["year"]
        26
        """
        check_draws(draws, seed)
        if years is None:
            years = np.arange(int(self.years[0]), int(self.years[-1]) + 1)
        z = normal_paths(seed, "intervals", [key], years, draws, self.correlation, sampling)[0]
        return xr.DataArray(
            self.central(years) + self.deviations(z, years),
            dims=("draw", "year"),
            coords={"draw": np.arange(draws), "year": years},
        )


def calibrate_to_intervals(
    years: Series,
    median: Series,
    lower_80: Series,
    upper_80: Series,
    lower_95: Series | None = None,
    upper_95: Series | None = None,
    *,
    correlation: float,
    source: str = "",
) -> Intervals:
    r"""Widths by year from published intervals, for paths that meet them.

    Parameters
    ----------
    years : (year,)
        Calendar years, rising; they may be five apart.
    median, lower_80, upper_80 : (year,)
        Published quantiles at 50, 10 and 90 % [unit of the quantity]; they need not be
        symmetric.
    lower_95, upper_95 : (year,), optional
        Quantiles at 2.5 and 97.5 %; those of a normal distribution on each side if absent.
    correlation : float
        Between 0 and 1 (exclusive): of the deviations of two years that follow each other.
        No interval by year says it; the width of the intervals of the population does.
    source : str
        Whose they are, in words: "WPP 2024, Sweden".

    Returns
    -------
    Intervals

    Raises
    ------
    InputError
        Intervals that are not ordered.
    DimensionError
        Series of different lengths, or only one of the 95 % bounds.
    CoordinateError
        Years that do not rise.
    BoundsError
        A value that is not a finite number, or a correlation outside of 0 to 1.

    Notes
    -----
    A path is the median plus :math:`w_t(z_t)`, where :math:`z` is a stationary first-order
    autoregressive path with unit variance and :math:`w_t` takes the standard normal's
    quantiles to those published (:meth:`Intervals.deviations`). Where the widths are
    constant this is the third phase of the UN's model of total fertility,
    :math:`f_{t+1} = \mu + \rho (f_t - \mu) + \varepsilon_t`, a mean-reverting path about a
    long-term level (Raftery, Alkema & Gerland 2014, Statistical Science 29: 58-68); where they
    grow with the square root of time it is close to a random walk. Widths that hold what a
    country's own level is worth, besides its path, keep deviations for longer than the
    model's own correlation does.

    Examples
    --------
    >>> tfr = calibrate_to_intervals([2030], [1.06], [0.84], [1.28], correlation=0.98)
    >>> round(float(tfr.upper_95[0]), 2)
    1.4
    """
    if (lower_95 is None) != (upper_95 is None):
        raise DimensionError(
            "one of the 95 % bounds is missing",
            where="lower_95" if lower_95 is None else "upper_95",
            got=None,
            allowed="both, or neither",
        )
    middle, low, high = (np.array(s, dtype=float) for s in (median, lower_80, upper_80))
    given = {"median": middle, "lower_80": low, "upper_80": high}
    _check_lengths({"years": np.asarray(years), **given})
    if lower_95 is None or upper_95 is None:
        given["lower_95"] = middle - (middle - low) * Z95 / Z80
        given["upper_95"] = middle + (high - middle) * Z95 / Z80
    else:
        given["lower_95"] = np.array(lower_95, dtype=float)
        given["upper_95"] = np.array(upper_95, dtype=float)
        _check_lengths({"years": np.asarray(years), **given})
    at = np.asarray(years)
    if np.any(np.diff(at) <= 0):
        raise CoordinateError("the years do not rise", where="years", got=at.tolist())
    _check_order(at, given)
    for array in given.values():
        array.flags.writeable = False
    if not 0.0 <= correlation < 1.0:
        raise BoundsError(
            "the correlation is not one of a path that returns to its median",
            where="correlation",
            got=correlation,
            allowed="0 up to, but not, 1",
        )
    return Intervals(years=at, correlation=float(correlation), source=str(source), **given)


def _check_lengths(series: Mapping[str, np.ndarray]) -> None:
    lengths = {name: s.shape for name, s in series.items()}
    if len(set(lengths.values())) > 1 or len(lengths["years"]) != 1 or lengths["years"][0] == 0:
        raise DimensionError(
            "the series do not have a value for each year",
            where="intervals",
            got=", ".join(f"{name} {shape}" for name, shape in lengths.items()),
            allowed="one dimension of one length",
        )


def _check_order(years: np.ndarray, given: Mapping[str, np.ndarray]) -> None:
    laid = np.stack([given[name] for name in _BOUNDS])
    for i, year in enumerate(years):
        shown = ", ".join(f"{n} {v:.6g}" for n, v in zip(_BOUNDS, laid[:, i], strict=True))
        if not np.isfinite(laid[:, i]).all():
            raise BoundsError(
                "an interval holds what is not a number",
                where=f"year={year}",
                got=shown,
                allowed="finite numbers",
            )
        if np.any(np.diff(laid[:, i]) < 0.0):
            raise InputError(
                "the intervals are not ordered",
                where=f"year={year}",
                got=shown,
                allowed=" <= ".join(_BOUNDS),
                fix="look for columns that have changed places",
            )


@cache
def published_intervals() -> Mapping[str, Intervals]:
    """Intervals of China from World Population Prospects 2024, under the names of QUANTITIES.

    Net migration is divided by the people of 2024, the first year that has them. The sex
    ratio at birth has no published bounds: its width is an assumption (table uncertainty), a
    share of the sex ratio that is not China's alone.

    Returns
    -------
    mapping of str to Intervals

    Examples
    --------
    >>> bounds = published_intervals()["fertility"]
    >>> bounds.lower_80[0], bounds.upper_95[0]
    (np.float64(0.858), np.float64(1.248))
    """
    people = float(china.published_by_sex("population").sel(year=2024).sum())
    made = {
        "fertility": _published("total_fertility_rate", "fertility"),
        "migration": _published("net_migration", "migration", unit=people),
    }
    for sex in SEXES:
        made[f"life_expectancy_{sex}"] = _published("life_expectancy", "life_expectancy", sex=sex)
    years = made["fertility"].years
    median = china.published("sex_ratio_at_birth").sel(year=years).to_numpy()
    half = Z80 * assumption(NATION, "sex_ratio_at_birth", "deviation") * median
    made["sex_ratio_at_birth"] = calibrate_to_intervals(
        years,
        median,
        median - half,
        median + half,
        correlation=assumption(NATION, "sex_ratio_at_birth", "correlation"),
        source="share of the sex ratio by the table uncertainty, of any country",
    )
    return MappingProxyType(made)


def _published(indicator: str, quantity: str, *, sex: str = "both", unit: float = 1.0) -> Intervals:
    bounds = {b: china.published(indicator, sex=sex, bound=b) / unit for b in _BOUNDS}
    years = bounds["lower_80"]["year"].to_numpy()
    return calibrate_to_intervals(
        years,
        **{name: bound.sel(year=years).to_numpy() for name, bound in bounds.items()},
        correlation=assumption(NATION, quantity, "correlation"),
        source=PUBLISHED,
    )
