"""Death rates of the group 0-4 taken apart into infants and children of 1-4."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import CoordinateError
from popsim.schema.checks import first_cell
from popsim.schema.variables import VARIABLES

#: Death rate of ages 1-4 as a share of the infants': 0.03-0.05 in Canada 1950-2010, 0.04-0.07
#: in Brazil, Kazakhstan and Mauritius 2020-2100 (WPP 2019), 0.07-0.08 in China 2020-25 (WPP
#: 2024). With an under-five mortality of 1 % the survival ratio of births moves by less than
#: 0.0002 over this range.
CHILDREN_TO_INFANTS = 0.05

#: By an older age: coefficients of the death rate expected of 0-4, by least squares over the 236
#: countries and areas of WPP 2024, periods 2020-2025 to 2095-2100, means of the sexes' logarithms.
EXPECTED_FIRST_GROUP = {
    5: (2.2485, 0.191, 0.4227, 1.5181, -0.03, 0.0431, 0.1252),
    10: (4.9595, 0.932, 0.2415, 1.447, 0.0049, 0.0464, 0.0892),
    15: (8.8516, 2.1881, -0.1061, 1.7818, 0.0829, 0.0372, 0.0802),
}

#: The rate of 0-4 over what is expected: no country of WPP 2024 from 2025 on is above 2.26 in the
#: mean of 25 years or more; with the infants' rate in its place nine in ten are above 2.34,
#: Nigeria with 2.46 and more.
MOST_OVER_EXPECTED = 2.34


def separate_infants(mortality_rate: xr.DataArray) -> xr.DataArray:
    r"""Give five-year death rates the ages of an abridged life table.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (..., age) [deaths per person-year], ages 0, 5, 10, ... with the last open.

    Returns
    -------
    xarray.DataArray
        (..., age) on ages 0, 1, 5, 10, ...

    Raises
    ------
    CoordinateError
        The ages are not five-year groups.

    Notes
    -----
    :math:`{}_5m_0 = ({}_1m_0 + 4\,{}_4m_1) / 5` with
    :math:`{}_4m_1 = 0.05\,{}_1m_0`: the years lived at each age below 5 are taken as equal,
    which they are to the under-five mortality.

    Examples
    --------
    >>> rates = xr.DataArray([0.0012, 0.0004, 0.2], dims="age", coords={"age": [0, 5, 10]})
    >>> separate_infants(rates).round(5).values.tolist()
    [0.005, 0.00025, 0.0004, 0.2]
    """
    ages = mortality_rate["age"].values
    if not np.array_equal(ages, 5 * np.arange(len(ages))):
        raise CoordinateError(
            "death rates need single or five-year ages",
            where="mortality_rate",
            got=f"ages {ages[:3].tolist()}",
            allowed="0, 1, 2, ... or 0, 5, 10, ...; the last one open",
            fix="give survival ratios for other widths",
        )
    infants = mortality_rate.sel(age=[0]) * 5.0 / (1.0 + 4.0 * CHILDREN_TO_INFANTS)
    children = (infants * CHILDREN_TO_INFANTS).assign_coords(age=[1])
    apart = xr.concat([infants, children, mortality_rate.sel(age=ages[1:])], dim="age")
    apart.attrs = VARIABLES["mortality_rate"].attrs()
    return apart.transpose(*mortality_rate.dims).rename("mortality_rate")


def check_first_group(mortality_rate: xr.DataArray) -> None:
    r"""Refuse five-year death rates of which the first is that of infants, not of the group 0-4.

    An abridged table that is assigned to a Dataset of five-year ages keeps the rates of 0, 5,
    10, ... and loses that of 1-4, which leaves no trace but the size of the first.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (..., year, sex, age) [deaths per person-year], ages 0, 5, 10, ... with the last open.

    Raises
    ------
    CoordinateError
        The first rate is more than :data:`MOST_OVER_EXPECTED` times what is expected from the
        rates of older ages, by each of three of them, in the (geometric) mean of years and sexes.

    Notes
    -----
    With the age :math:`a` = 5, 10 and 15 in turn,

    .. math:: \ln {}_5m_0 = c_0 + c_1 x_a + c_2 x_{40} + c_3 x_{70}
              + c_4 x_a^2 + c_5 x_{40}^2 + c_6 x_{70}^2, \qquad x = \ln m .

    Years without deaths at one of the ages tell nothing and are left out.

    Examples
    --------
    >>> ages = 5 * np.arange(15)
    >>> rates = xr.DataArray(np.linspace(0.002, 0.03, 15), dims="age", coords={"age": ages})
    >>> check_first_group(rates.expand_dims(year=[2020], sex=["female"]))
    """
    ages = mortality_rate["age"].values
    if not {*EXPECTED_FIRST_GROUP, 40, 70} <= set(ages[:-1].tolist()):
        return
    rates = mortality_rate.sel(age=[0, *EXPECTED_FIRST_GROUP, 40, 70])
    x = xr.DataArray(np.log(rates.where(rates > 0.0))).mean("sex", skipna=False)
    over = []
    for age, c in EXPECTED_FIRST_GROUP.items():
        near, middle, old = (x.sel(age=a, drop=True) for a in (age, 40, 70))
        linear = c[0] + c[1] * near + c[2] * middle + c[3] * old
        expected = linear + c[4] * near**2 + c[5] * middle**2 + c[6] * old**2
        over.append((x.sel(age=0, drop=True) - expected).mean("year"))
    least = xr.DataArray(np.exp(xr.concat(over, dim="by").min("by", skipna=False)))
    bad = (least > MOST_OVER_EXPECTED).values
    if bad.any():
        where = first_cell(least, bad) if least.dims else "age=0"
        raise CoordinateError(
            "the death rates lack the ages 1-4: the first is that of infants, not of 0-4",
            where=f"mortality_rate at {where}",
            got=f"{float(least.values[bad][0]):.2g} times what the rates of older ages tell",
            allowed=f"up to {MOST_OVER_EXPECTED:.2g} times",
            fix="an abridged table (0, 1, 5, ...) loses 1-4 where it is assigned to five-year "
            "ages: give survival_ratio(life_table(abridged), width=5) of "
            "popsim.demography.mortality.survival in its place; if the rate is that of 0-4, give "
            "survival_ratio(life_table(separate_infants(rates)), width=5)",
        )
