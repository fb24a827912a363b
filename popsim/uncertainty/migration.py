"""Paths of net migration about a baseline."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography import china
from popsim.demography.mobility import mobility
from popsim.uncertainty.assumptions import NATION, PLACE, assumption, level_of, place_of
from popsim.uncertainty.draws import autoregressive
from popsim.uncertainty.fertility import published_deviation

_FORMS = ("net_migration", "net_migration_rate", "net_migration_total")


def migration_paths(baseline: xr.Dataset, draws: int, seed: int) -> tuple[str, xr.DataArray] | None:
    """Draw net migration in the form that a baseline gives it in.

    Parameters
    ----------
    baseline : xarray.Dataset
    draws, seed : int

    Returns
    -------
    tuple of str and xarray.DataArray, or None
        Name of the variable, and its draws (draw, year, ...); None for a closed
        population, which stays closed.

    Notes
    -----
    The deviation is a crude rate: an autoregressive path of net migrants per person and
    year. Where the baseline gives counts or a total, it is taken times the population of
    the first year. By age it follows the Rogers-Castro schedule.
    """
    form = next((name for name in _FORMS if name in baseline), None)
    if form is None:
        return None
    years = baseline["year"].values
    rho = assumption(NATION, "migration", "correlation")
    z = autoregressive(seed, "migration", NATION, years, draws, rho)
    _, below, above = published_deviation("net_migration", years)
    crude = z * np.where(z < 0, below, above) / _people_of_china()
    if level_of(baseline) == PLACE:
        rho = assumption(PLACE, "migration", "correlation")
        own = autoregressive(seed, "migration", place_of(baseline), years, draws, rho)
        crude = crude + assumption(PLACE, "migration", "deviation") * own
    deviation = xr.DataArray(crude, dims=("draw", "year"), coords={"year": years})
    people = baseline["population"]
    if form == "net_migration_total":
        return form, baseline[form] + deviation * people.sum(["sex", "age"])
    spread = deviation * mobility(people)
    if form == "net_migration":
        spread = spread * people
    return form, (baseline[form] + spread).transpose("draw", "year", "sex", "age")


def _people_of_china() -> float:
    """At the end of 2024, the first that the table has."""
    return float(china.published_by_sex("population").sel(year=2024).sum())
