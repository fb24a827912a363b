"""Death rates of the group 0-4 taken apart into infants and children of 1-4."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import CoordinateError
from popsim.schema.variables import VARIABLES

#: Death rate of ages 1-4 as a share of the infants': 0.03-0.05 in Canada 1950-2010, 0.04-0.07
#: in Brazil, Kazakhstan and Mauritius 2020-2100 (WPP 2019), 0.07-0.08 in China 2020-25 (WPP
#: 2024). With an under-five mortality of 1 % the survival ratio of births moves by less than
#: 0.0002 over this range.
CHILDREN_TO_INFANTS = 0.05


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
