"""Lifespan variation against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.demography.mortality.closing import abridge
from popsim.demography.mortality.lifespan import lifespan_variation
from popsim.demography.mortality.lifetable import life_table, life_table_from_probabilities
from popsim.errors import MissingVariableError

#: Rates that are made up: some leave far more life above 100 than any population has.
OF_NO_POPULATION = pytest.mark.filterwarnings("ignore::popsim.errors.ImplausibleMortalityWarning")

AGES = np.arange(101)


def over(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims="age", coords={"age": AGES, "sex": "male"})


def test_uniform_ages_at_death() -> None:
    """De Moivre: as many die at every age up to 101."""
    qx = over(1.0 / (101.0 - AGES))
    spread = lifespan_variation(life_table_from_probabilities(qx, open_ax=0.5, a0=0.5))
    # e(x) is (101 - x)/2 everywhere, so the only approximation is the last year, where a
    # constant rate takes the place of uniform deaths: 1/101 of 0.25 years
    assert float(spread.life_disparity) == pytest.approx(101 / 4 + 0.25 / 101, rel=1e-12)
    assert float(spread.life_table_entropy) == pytest.approx(0.5, abs=1e-4)
    variance = (101**2 - 1) / 12 + 0.25 / 101
    assert float(spread.lifespan_sd) == pytest.approx(np.sqrt(variance), rel=1e-12)


@OF_NO_POPULATION
def test_constant_force_of_mortality() -> None:
    rate = 0.02
    inside = 1 / rate - np.exp(-rate) / -np.expm1(-rate)
    table = life_table(over(np.full(101, rate)), ax=over(np.append(np.full(100, inside), 50.0)))
    spread = lifespan_variation(table)
    # every death loses 50 years, wherever it happens, and the open group is exact
    assert float(spread.life_disparity) == pytest.approx(50.0, rel=1e-12)
    assert float(spread.life_table_entropy) == pytest.approx(1.0, rel=1e-12)
    # deaths within a year are taken at one point: 1/12 of a year squared out of 2500
    assert float(spread.lifespan_sd) == pytest.approx(50.0, abs=1e-3)


def test_fewer_early_deaths_make_lifespans_more_equal() -> None:
    rates = over(np.minimum(5e-5 * np.exp(0.09 * AGES), 0.7))
    rates[0] = 0.03
    saved = rates.copy()
    saved[0] = 0.003
    both = xr.concat([rates, saved], "scenario")
    spread = lifespan_variation(life_table(both))
    for name in spread:
        assert spread[name][1] < spread[name][0]
    assert spread.life_disparity.dims == ("scenario",)
    assert spread.lifespan_sd.attrs["units"] == "years"


def test_groups_of_five_come_close() -> None:
    rates = over(np.minimum(5e-5 * np.exp(0.09 * AGES), 0.7))
    table = life_table(rates)
    one, five = lifespan_variation(table), lifespan_variation(abridge(table))
    assert float(one.life_disparity) == pytest.approx(float(five.life_disparity), abs=0.05)
    # the spread within groups that is left out: 25/12 years squared of some 200
    missing = (25 - 1) / 12 / (2 * float(one.lifespan_sd))
    assert float(one.lifespan_sd - five.lifespan_sd) == pytest.approx(missing, rel=0.1)


@OF_NO_POPULATION
def test_table_without_its_columns() -> None:
    table = life_table(over(np.full(101, 0.02)))
    with pytest.raises(MissingVariableError, match="dx is missing"):
        lifespan_variation(table.drop_vars("dx"))
