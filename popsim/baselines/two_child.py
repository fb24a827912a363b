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
from popsim.baselines import china
from popsim.baselines.birth_orders import national_order_mix, order_shares
from popsim.baselines.build import build_baseline
from popsim.baselines.load import census
from popsim.baselines.parity_start import starting_women
from popsim.schema.provenance import RULE, with_rules
from popsim.schema.territory import CHINA
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


def first_marriages() -> xr.DataArray:
    """Persons who registered a first marriage in China (year) [persons], 2013 to 2020.

    Examples
    --------
    >>> float(first_marriages().sel(year=2013))
    23860000.0
    """
    table = data.table("marriages_china").query("quantity == 'first_marriages'")
    married = table.set_index("year")["value"].astype(float).to_xarray()
    married.attrs = {"units": "persons", "long_name": "First marriages"}
    return married.rename("first_marriages")


def first_births_by_marriages(first_births: float) -> xr.DataArray:
    """First births (year) [persons] that move with the first marriages of the year before.

    Parameters
    ----------
    first_births : float
        Of 2015, the last year before the policy [persons].

    Returns
    -------
    xarray.DataArray
        (year), 2016 to 2020.

    Examples
    --------
    >>> first_births_by_marriages(1e6).round(-3).values.tolist()
    [922000.0, 836000.0, 763000.0, 699000.0, 612000.0]
    """
    married = first_marriages()
    years = np.arange(LAST_BEFORE + 1, LAST_YEAR + 1)
    before = married.sel(year=years - 1).assign_coords(year=years)
    return first_births * before / float(married.sel(year=LAST_BEFORE - 1))


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
        nation=CHINA,
        scope="nation",
    )
    women = inputs["population"].sel(sex="female", drop=True)
    held = np.minimum(inputs["year"].values, LAST_BEFORE)
    rates = inputs["fertility_rate"].sel(year=held).assign_coords(year=inputs["year"])
    mix = national_order_mix(inputs["year"].values)
    shares: list[xr.DataArray] = []
    for year in held:
        births = rates.sel(year=year, drop=True) * women
        shares.append(order_shares(births, mix.sel(year=year).values.tolist()))
    by_order = rates * xr.concat(shares, dim=inputs["year"])
    rule = f"WPP 2024 China to {LAST_BEFORE}, held from then on"
    made = describe(
        inputs.drop_vars("birth_order_share").assign(
            fertility_rate=rates,
            fertility_rate_by_order=by_order.transpose("year", "order", "age").drop_attrs(),
            women_by_parity=starting_women(women, FIRST_YEAR).assign_attrs(
                {RULE: inputs["women_by_parity"].attrs[RULE]}
            ),
        )
    )
    orders = f"{rule}; order mix of each year's births"
    return with_rules(made, {"fertility_rate": rule, "fertility_rate_by_order": orders})
