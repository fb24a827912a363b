"""Every option of the public functions is one of its words: an array of one is refused, typed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.analysis.frontier import check_by, choose
from popsim.demography import migration
from popsim.demography.ages import graduation
from popsim.demography.fertility import schedule_fits
from popsim.demography.indicators.dependency import working_age_bounds
from popsim.demography.mortality import lee_carter, survival
from popsim.demography.mortality.lee_carter_forecast import forecast_lee_carter
from popsim.errors import InputError
from popsim.uncertainty.sampling import check_sampling

AGES = xr.DataArray(np.full(101, 10.0), dims="age", coords={"age": range(101)})
RATES = xr.DataArray(np.linspace(0.01, 0.5, 101), dims="age", coords={"age": range(101)})
CENSUS = xr.DataArray(np.full(5, 10.0), dims="age", coords={"age": range(0, 25, 5)})
DATES = ("2010-01-01", "2015-01-01")
LOG_RATES = np.log([0.01, 0.001, 0.1]) + np.outer(np.arange(-3, 3), [-0.03, -0.02, -0.01])
BY_YEAR = xr.DataArray(
    np.exp(LOG_RATES), dims=("year", "age"), coords={"year": range(2000, 2006), "age": range(3)}
)
BY_GROUP = xr.DataArray([0.05, 0.02], dims="age_group", coords={"age_group": ["20-24", "25-29"]})

OPTIONS = {
    "dependency": lambda v: ps.indicators.dependency_ratio(AGES, kind=v),
    "school": lambda v: ps.indicators.school_age_population(AGES, v),
    "sex": lambda v: ps.indicators.population_between(
        AGES.expand_dims(sex=["female", "male"]), 0, 5, sex=v
    ),
    "survival": lambda v: survival.survival_ratio(ps.life_table(RATES, a0=0.1), form=v),
    "ax_rule": lambda v: ps.life_table(RATES, a0=0.1, ax_rule=v),
    "rate kind": lambda v: graduation.graduate_rates(BY_GROUP, kind=v),
    "graduation": lambda v: graduation.graduate_counts(BY_GROUP * 100, method=v),
    "jump-off": lambda v: forecast_lee_carter(lee_carter.fit_lee_carter(BY_YEAR), 2010, jump_off=v),
    "residual": lambda v: migration.residual_migration(
        CENSUS, CENSUS, CENSUS / 20, dates=DATES, method=v
    ),
    "schedule": lambda v: migration.rogers_castro(range(101), schedule=v),
    "family": lambda v: schedule_fits.fit_schedule(RATES, v),
    "sampling": check_sampling,
    "by": check_by,
    "choose": lambda v: choose(xr.Dataset(), 1.0, by=v),
    "sex of rates": lambda v: (
        ps.life_table(RATES, a0=0.1, sex=v)
        if not isinstance(v, str)
        else ps.life_table(RATES, sex=v)
    ),
    "against": lambda v: ps.compare(xr.Dataset(coords={"scenario": ["even"], "draw": [0]}), v),
    "migration": lambda v: ps.load_baseline("ouhai", end=2021, migration=v),
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("value", ["sideways", np.array(["even"]), np.array(["mean", "lower"])])
def test_what_is_no_word_of_the_option_is_refused(name, value):
    with pytest.raises(InputError) as caught:
        OPTIONS[name](value)
    assert caught.value.allowed
    assert caught.value.where


def test_working_ages_by_name():
    with pytest.raises(InputError, match="unknown working ages"):
        working_age_bounds("15/99")
