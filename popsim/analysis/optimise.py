"""``optimise()``: the sizes of instruments that gain most births under a cap on every year.

A ``run`` here takes a list of scenarios and returns what :func:`popsim.simulate` returns for
them: ``lambda packages: ps.simulate(baseline, packages, draws=200)``. All packages of one call
share their draws, so the difference between two of them is the packages' own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import NonlinearConstraint, minimize

from popsim.analysis.compare import sides
from popsim.analysis.frontier import By, check_by, gains, scale, statistic
from popsim.errors import BoundsError, CoordinateError, FitError, InputError
from popsim.scenario.model import Scenario

#: ``run(scenarios)`` gives the result of a simulation of all of them on the same draws.
RunPackages = Callable[[Sequence[Scenario]], xr.Dataset]

#: Step of the slopes, and tolerance of the optimum, as shares of the bounds' width and the gain.
_STEP, _TOLERANCE = 0.02, 1e-4
#: By how much of a cap the optimum may pass it: the solver ends on a cap, give or take.
_SLACK = 2e-3


@dataclass(frozen=True)
class Optimum:
    """The best package that was found, with its draws.

    Attributes
    ----------
    scenario : Scenario
    factors : dict of str to float
        Sizes by instrument, as of :func:`scale`.
    births_gained : xarray.DataArray
        (draw) over all years [persons].
    spending : xarray.DataArray
        (draw, year) [yuan].
    binding : tuple of int
        Years whose cap is used up.
    simulations : int
        Calls of ``run``, each with one package more than there are sizes.
    """

    scenario: Scenario
    factors: dict[str, float]
    births_gained: xr.DataArray
    spending: xr.DataArray
    binding: tuple[int, ...]
    simulations: int

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} x {factor:.3g}" for name, factor in self.factors.items())
        gained, spent = float(self.births_gained.mean()), float(self.spending.sum("year").mean())
        binding = ", ".join(map(str, self.binding)) or "none"
        return (
            f"Optimum({self.scenario.name!r}: {sizes}; {gained:,.0f} births for "
            f"{spent / 1e6:,.1f} million yuan, means; caps used up: {binding})"
        )


def optimise(
    run: RunPackages,
    scenario: Scenario,
    bounds: Mapping[str, tuple[float, float]],
    *,
    cap: float | xr.DataArray,
    by: By = "mean",
    kept_in: float = 0.9,
    against: str = "baseline",
) -> Optimum:
    r"""Find the sizes of instruments that gain most births under a cap on every year.

    Parameters
    ----------
    run : callable
        Takes scenarios and returns the result of their simulation.
    scenario : Scenario
    bounds : mapping of str to tuple of float
        Smallest and largest factor by id of the instrument; what is not named stays.
    cap : float or xarray.DataArray
        Most to be spent in a year, one for all or by year [yuan].
    by : {"mean", "lower"}
        What is made largest, as in :func:`frontier`.
    kept_in : float
        Share of the draws in which each year's cap must do [1].
    against : str
        The alternative that births and spending are counted from.

    Returns
    -------
    Optimum

    Raises
    ------
    BoundsError
        Bounds that are not ordered; a cap that is not positive; ``kept_in`` not a share.
    CoordinateError
        A cap that lacks years of the result.
    DimensionError
        A result of several regions.
    FitError
        No sizes within the bounds keep the caps.
    InputError
        An unknown ``by``; no bounds.
    ScenarioError
        As from :func:`scale`.

    Notes
    -----
    Sequential least squares (SciPy's SLSQP). One call of ``run`` holds the package and one
    neighbour for each size, so that value and slopes come from the same draws and carry
    no noise; 3 to 15 calls are usual. The responses are concave in the
    amounts and the cost nearly straight, so that a local optimum is the global one, but
    for what happens near a size of zero. With a quantile instead of the mean the slopes
    jump, and the optimum is good to about a percent.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline, package = ps.load_baseline("ouhai", end=2030), ps.load_scenario("ouhai")
    >>> best = optimise(
    ...     lambda packages: ps.simulate(baseline, packages, draws=20),
    ...     package, {"rearing_subsidy": (0, 4)}, cap=20e6,
    ... )
    >>> bool((best.spending.quantile(0.9, "draw") <= 20.1e6).all())
    True
    """
    check_by(by)
    search = _Search(run, scenario, bounds, cap, by, kept_in, against)
    caps_kept = NonlinearConstraint(search.left, 0.0, np.inf, jac=search.left_slope)
    minimize(
        search.value,
        np.full(len(search.names), 0.5),
        jac=search.slope,
        bounds=[(0.0, 1.0)] * len(search.names),
        constraints=caps_kept,
        method="SLSQP",
        options={"ftol": _TOLERANCE, "maxiter": 30},
    )
    kept = [point for point in search.points.values() if (point.left >= -_SLACK).all()]
    if not kept:
        closest = max(search.points.values(), key=lambda point: float(point.left.min()))
        year = search.years[int(np.argmin(closest.left))]
        raise FitError(
            "no sizes within the bounds keep the cap",
            where=f"year={year}",
            got=f"{-closest.left.min():.1%} of a year's cap too much at the closest",
            allowed=f"the cap, in {kept_in:.0%} of the draws",
            fix="lower the smallest sizes, raise the cap, or leave out instruments",
        )
    best = min(kept, key=lambda point: point.value)
    binding = tuple(int(y) for y, left in zip(search.years, best.left, strict=True) if left < 0.01)
    factors = dict(zip(search.names, best.sizes.tolist(), strict=True))
    return Optimum(
        scale(scenario, factors, name=f"{scenario.name}_optimum"),
        factors,
        best.births,
        best.spending,
        binding,
        len(search.points),
    )


@dataclass(frozen=True)
class _Point:
    """One package and its slopes: minus the gain, and what is left of the caps by year."""

    sizes: np.ndarray
    value: float
    slope: np.ndarray
    left: np.ndarray
    left_slope: np.ndarray
    births: xr.DataArray
    spending: xr.DataArray


class _Search:
    """The packages that were tried, by their place ``u`` between the bounds (0 to 1)."""

    def __init__(
        self,
        run: RunPackages,
        scenario: Scenario,
        bounds: Mapping[str, tuple[float, float]],
        cap: float | xr.DataArray,
        by: By,
        kept_in: float,
        against: str,
    ) -> None:
        if not bounds:
            raise InputError("no size is free", where="bounds", allowed="ids of instruments")
        for name, (low, high) in bounds.items():
            if not 0.0 <= low < high < np.inf:
                raise BoundsError(
                    "bounds are a smaller and a larger factor",
                    where=f"bounds[{name!r}]",
                    got=(low, high),
                    allowed="0 <= smallest < largest",
                )
        if not 0.0 < kept_in < 1.0:
            raise BoundsError(
                "a share of the draws is needed", where="kept_in", got=kept_in, allowed="0 to 1"
            )
        self.run, self.scenario, self.cap, self.by = run, scenario, cap, by
        self.kept_in, self.against = kept_in, against
        self.names = list(bounds)
        self.low, self.high = np.array(list(bounds.values()), dtype=float).T
        self.points: dict[bytes, _Point] = {}
        self.years: list[int] = []
        self.unit = 0.0

    def at(self, u: np.ndarray) -> _Point:
        """Simulate the package and its neighbours, unless that was done before."""
        u = np.clip(u, 0.0, 1.0)
        key = np.round(u, 12).tobytes()
        if key not in self.points:
            self.points[key] = self._simulated(u)
        return self.points[key]

    def value(self, u: np.ndarray) -> float:
        """Minus the gain, in units of that of the first package."""
        return self.at(u).value

    def slope(self, u: np.ndarray) -> np.ndarray:
        """Slopes of the value by size (size,)."""
        return self.at(u).slope

    def left(self, u: np.ndarray) -> np.ndarray:
        """What is left of each year's cap, as a share of it (year,)."""
        return self.at(u).left

    def left_slope(self, u: np.ndarray) -> np.ndarray:
        """Slopes of what is left (year, size)."""
        return self.at(u).left_slope

    def _simulated(self, u: np.ndarray) -> _Point:
        steps = np.where(u + _STEP <= 1.0, _STEP, -_STEP)
        places = np.vstack([u, u + np.diag(steps)])
        sizes = self.low + places * (self.high - self.low)
        packages = [
            scale(
                self.scenario,
                dict(zip(self.names, row.tolist(), strict=True)),
                name=f"{self.scenario.name}_try_{n}",
            )
            for n, row in enumerate(sizes)
        ]
        result = self.run(packages)
        base, _ = sides(result, self.against)
        births, spent = gains(result.sel(scenario=[p.name for p in packages]), base)
        gain = statistic(births.transpose("scenario", "draw").values, self.by)
        asked = spent.quantile(self.kept_in, "draw").transpose("scenario", "year")
        cap = _caps(self.cap, spent["year"])
        capped = np.isfinite(cap)
        self.years = spent["year"].values[capped].tolist()
        left = 1.0 - asked.values[:, capped] / cap[capped]
        # In units of the first package's gain, so that the tolerance is a share of it.
        self.unit = self.unit or max(abs(float(gain[0])), 1e-9)
        value = -gain / self.unit
        first = packages[0].name
        return _Point(
            sizes[0],
            float(value[0]),
            (value[1:] - value[0]) / steps,
            left[0],
            ((left[1:] - left[0]) / steps[:, None]).T,
            births.sel(scenario=first, drop=True),
            spent.sel(scenario=first, drop=True),
        )


def _caps(cap: float | xr.DataArray, years: xr.DataArray) -> np.ndarray:
    if isinstance(cap, xr.DataArray):
        missing = sorted(set(years.values.tolist()) - set(cap["year"].values.tolist()))
        if missing:
            raise CoordinateError(
                "the cap lacks years of the result",
                where="cap",
                got=f"no {missing[0]}",
                allowed=f"{int(years[0])} to {int(years[-1])}; inf where there is none",
            )
        values = cap.sel(year=years).values.astype(float)
    else:
        values = np.full(years.size, float(cap))
    if not (values > 0.0).all() or np.isinf(values).all():
        raise BoundsError(
            "a cap is a positive amount",
            where="cap",
            got=float(values.min()),
            allowed="above 0 [yuan a year]; inf in years without one, but not in all",
        )
    return values
