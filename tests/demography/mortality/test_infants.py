"""Five-year death rates whose first is that of infants alone: told by the rates of older ages."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.demography.mortality import infants
from popsim.demography.mortality.infants import check_first_group, separate_infants
from popsim.errors import CoordinateError


@pytest.fixture(scope="module")
def rates(reference):
    """Abridged death rates of 236 countries and areas, 2020-2025 to 2095-2100."""
    world = xr.load_dataset(reference / "wpp2024_mortality_world.nc")
    given = world["mortality_rate"].rename(abridged_age="age", period="year")
    given = given.isel(year=slice(14, None)).assign_coords(year=np.arange(2020, 2100, 5))
    return given.transpose("country", "year", "sex", "age")


@pytest.fixture(scope="module")
def five_year(rates):
    """Of five-year ages: deaths over years lived of the ages below 5."""
    young = ps.life_table(rates).sel(age=[0, 1])
    first = (young["dx"].sum("age") / young["Lx"].sum("age")).expand_dims(age=[0])
    both = xr.concat([first, rates.sel(age=slice(5, None))], dim="age")
    return both.transpose(*rates.dims)


def refused(given):
    """Labels of the countries that are."""
    out = []
    for country in given["country"].values:
        try:
            check_first_group(given.sel(country=country))
        except CoordinateError:
            out.append(int(country))
    return out


@pytest.mark.slow
@pytest.mark.parametrize("until", [2049, 2100])
def test_every_table_of_the_world_passes(five_year, until):
    assert refused(five_year.sel(year=slice(2025, until))) == []


@pytest.mark.slow
@pytest.mark.parametrize("until", [2029, 2049, 2100])
def test_tables_without_the_ages_1_to_4_are_refused(rates, until):
    lost = rates.sel(age=[0, *range(5, 101, 5)], year=slice(2025, until))
    found = refused(lost)
    assert 566 in found  # Nigeria, whose population of 2050 they would make 9.5 % too small
    assert len(found) > 200  # of 236; where children die as seldom as adults it cannot be told


def test_message_says_where_and_how_to_mend_it(rates):
    lost = rates.sel(age=[0, *range(5, 101, 5)], country=[156, 566])
    with pytest.raises(CoordinateError, match=r"country=\d+[\s\S]*survival_ratio\(life_table"):
        check_first_group(lost)


def test_what_tells_nothing_is_let_through(five_year):
    check_first_group(five_year.isel(age=slice(0, 6)))  # no old ages
    check_first_group(xr.where(five_year["age"] == 10, 0.0, five_year))  # no deaths there


def test_coefficients_are_those_of_least_squares(five_year):
    x = np.log(five_year).mean("sex")
    for age, coefficients in infants.EXPECTED_FIRST_GROUP.items():
        near, middle, old = (x.sel(age=a).values.ravel() for a in (age, 40, 70))
        columns = (np.ones_like(near), near, middle, old, near**2, middle**2, old**2)
        found = np.linalg.lstsq(np.stack(columns, -1), x.sel(age=0).values.ravel(), rcond=None)[0]
        np.testing.assert_allclose(coefficients, found, atol=1e-4)  # printed to four digits


def test_separated_rates_have_the_deaths_of_the_group():
    rates = xr.DataArray([0.0012, 0.0004, 0.2], dims="age", coords={"age": [0, 5, 10]})
    apart = separate_infants(rates)
    assert float(apart.sel(age=0) + 4 * apart.sel(age=1)) / 5 == pytest.approx(0.0012)
