"""What no family claims: childcare places, the share married, and spending in lumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from popsim.baselines.marriage import first_birth_factor
from popsim.errors import MissingVariableError
from popsim.policy.takeup import range_draws
from popsim.scenario.instrument_parts import BANDS
from popsim.scenario.instruments import ChildcarePlaces, Instrument, MarriageRate, Spending
from popsim.scenario.model import Scenario
from popsim.scenario.quantities import Quantity
from popsim.schema.conventions import ORDERS


def path(by_year: dict[int, Quantity], instants: np.ndarray) -> np.ndarray:
    """A declared path at instants [decimal years]: values stand at the end of their years.

    Straight between them, and held before the first and after the last.

    Examples
    --------
    >>> places = {
    ...     year: Quantity(value=value, unit="places", source="plan")
    ...     for year, value in ((2021, 100.0), (2023, 200.0))
    ... }
    >>> path(places, np.array([2021.0, 2023.0, 2024.0, 2030.0])).tolist()
    [100.0, 150.0, 200.0, 200.0]
    """
    years = sorted(by_year)
    values = [by_year[year].value for year in years]
    return np.interp(instants, np.array(years) + 1.0, values)


def used_places(
    scenario: Scenario,
    years: np.ndarray,
    draws: int,
    seed: int | None,
    residents: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Childcare places in use on 1 January, of the scenario and of its baseline.

    Parameters
    ----------
    scenario : Scenario
    years : numpy.ndarray
        (year,)
    draws : int
    seed : int or None
        None for the medians.
    residents : numpy.ndarray, optional
        (year,) [persons] on 1 January; needed for places per 1,000.

    Returns
    -------
    tuple of numpy.ndarray
        (draw, year) each. Places of the background are the baseline's; where there are none it
        keeps the first value of the scenario's. A scenario without places has the baseline's.

    Raises
    ------
    MissingVariableError
        Places per 1,000 without residents.
    """
    own = [i for i in scenario.instruments if isinstance(i, ChildcarePlaces)]
    under = [i for i in scenario.background if isinstance(i, ChildcarePlaces)]
    base = np.zeros((draws, len(years)))
    for i in under or own:
        use = range_draws(i.use, "use", i.id, draws, seed)
        base += use[:, None] * _places(i, years, residents, held=not under)
    if not own:
        return base, base
    used = np.zeros_like(base)
    for i in own:
        use = range_draws(i.use, "use", i.id, draws, seed)
        used += use[:, None] * _places(i, years, residents)
    return used, base


def _places(
    i: ChildcarePlaces, years: np.ndarray, residents: np.ndarray | None, *, held: bool = False
) -> np.ndarray:
    """Open places on 1 January (year,); ``held`` at the first value that is declared."""
    first = min(i.places)
    per_resident = i.places[first].unit == "places per 1,000"
    if per_resident and residents is None:
        raise MissingVariableError(
            "places per 1,000 need the number of residents",
            where=f"instrument {i.id!r}",
            allowed="residents (year,) [persons]",
            fix="give them, or declare the places in numbers",
        )
    lag = 0.0 if i.opening_lag is None else i.opening_lag.value / 12.0
    declared = {first: i.places[first]} if held else i.places
    open_now = path(declared, years - lag)
    return open_now * residents / 1000.0 if per_resident and residents is not None else open_now


def lump_costs(
    instruments: Sequence[Instrument],
    years: np.ndarray,
    used: np.ndarray,
    base: np.ndarray,
    residents: np.ndarray | None,
) -> np.ndarray:
    """Spending that no birth moves (instrument, draw, year) [yuan].

    What is known by its spending as declared; of childcare places what is given a year for
    each used place above the baseline's, and once for each new one, in the year it is built.
    """
    out = np.zeros((len(instruments), len(used), len(years)))
    for n, i in enumerate(instruments):
        if isinstance(i, Spending):
            for year, quantity in i.spending.items():
                out[n][:, years == year] = quantity.value
        if isinstance(i, ChildcarePlaces):
            if i.operating_cost is not None:
                out[n] += i.operating_cost.value * np.maximum(used - base, 0.0)
            if i.building_cost is not None:
                built = i.model_copy(update={"opening_lag": None})
                stock = _places(built, np.append(years, years[-1] + 1), _extended(residents))
                out[n] += i.building_cost.value * np.maximum(np.diff(stock), 0.0)
    return out


def _extended(residents: np.ndarray | None) -> np.ndarray | None:
    """One year more, as the last."""
    return None if residents is None else np.append(residents, residents[-1])


def marriage_log_effect(scenario: Scenario, years: np.ndarray) -> np.ndarray:
    """Log effect of the declared shares married on first births (year, order, band).

    As :func:`popsim.baselines.marriage.first_birth_factor` has it: first births of women of
    20-29 go with the share of them who are married on 1 January.
    """
    out = np.zeros((len(years), len(ORDERS), len(BANDS)))
    for i in scenario.instruments:
        if isinstance(i, MarriageRate):
            share = xr.DataArray(path(i.married, years) / 100.0, {"year": years}, ["year"])
            factor = first_birth_factor(share, i.married[min(i.married)].value / 100.0)
            out[:, 0] += np.log(factor.values)
    return out
