"""The inputs of a replay: China from the census of 2010 through the two-child policy of 2016.

Couples could have a second child everywhere from 1 January 2016. The replay puts that in as
one factor on second births, fits it on 2016 and 2017, and asks what a model with parity
and one without then say of 2018 to 2020 (``examples/two_child.py``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import xarray as xr

from popsim import data
from popsim.demography import china
from popsim.demography.baseline import build_baseline
from popsim.demography.birth_orders import order_shares
from popsim.demography.parity_start import starting_women
from popsim.demography.places import census
from popsim.schema.variables import describe

FIRST_YEAR, LAST_BEFORE, LAST_YEAR = 2011, 2015, 2020


def announced_births() -> xr.DataArray:
    """Births of China as announced (year, order) [persons], 2015 to 2020.

    Order 0 is all births; orders 1 and 2 were announced for 2016 and 2017, and are missing
    for other years.

    Examples
    --------
    >>> announced_births().sel(year=2016, order=0).item()
    17860000.0
    """
    table = data.table("births_china").query("quantity == 'births'")
    births = table.set_index(["year", "order"])["value"].to_xarray().rename("births")
    births.attrs = {"units": "persons", "long_name": "Births"}
    return births


def order_mix(year: int) -> np.ndarray:
    """Shares of first, second, and third and higher births, linear between 2010 and 2015 [1].

    Examples
    --------
    >>> order_mix(2015).tolist()
    [0.54, 0.4, 0.06]
    """
    table = data.table("births_china").query("quantity == 'order_share'")
    by_order = table.pivot(index="order", columns="year", values="value")
    known = by_order.columns.to_numpy(float)
    return np.array([np.interp(year, known, row) for row in by_order.to_numpy(float)])


def two_child_inputs() -> xr.Dataset:
    """China from 1 January 2011 with the rates of WPP 2024 to 2015, held from then on.

    Returns
    -------
    xarray.Dataset
        As :func:`popsim.build_baseline` returns it, 2011 to 2020, with
        fertility_rate_by_order (year, order, age) by the order mix of each year and
        women_by_parity (parity, age) reconstructed at 1 January 2011. From 2016 on all
        fertility is that of 2015, as if no policy had come.

    Examples
    --------
    >>> inputs = two_child_inputs()
    >>> int(inputs.year[0]), int(inputs.year[-1]), inputs.women_by_parity.dims
    (2011, 2020, ('parity', 'age'))
    """
    span = (FIRST_YEAR, LAST_YEAR)
    inputs = build_baseline(
        census("china", 2010),
        reference_date=dt.date(2010, 11, 1),
        end=LAST_YEAR,
        mortality_rate=china.mortality_rate(*span),
        total_fertility_rate=china.published("total_fertility_rate").sel(year=slice(*span)),
        fertility_pattern=china.fertility_pattern(*span),
        sex_ratio_at_birth=china.published("sex_ratio_at_birth").sel(year=slice(*span)),
        net_migration=china.net_migration(*span),
        place="china",
    )
    women = inputs["population"].sel(sex="female", drop=True)
    held = np.minimum(inputs["year"].values, LAST_BEFORE)
    rates = inputs["fertility_rate"].sel(year=held).assign_coords(year=inputs["year"])
    shares: list[xr.DataArray] = []
    for year in held:
        births = rates.sel(year=year, drop=True) * women
        shares.append(order_shares(births, order_mix(year).tolist()))
    by_order = rates * xr.concat(shares, dim=inputs["year"])
    return describe(
        inputs.assign(
            fertility_rate=rates,
            fertility_rate_by_order=by_order.transpose("year", "order", "age"),
            women_by_parity=starting_women(women, FIRST_YEAR),
        )
    )
