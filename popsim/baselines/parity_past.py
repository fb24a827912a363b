"""Women by parity, and births by order, from a place's own past fertility: the labelled face.

:mod:`popsim.baselines.past_fertility` reads the past, and
:mod:`popsim.baselines.parity_relational` is the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from popsim.baselines.birth_orders import CHILD_AGES
from popsim.baselines.parity_relational import first_year_orders, walk
from popsim.baselines.past_fertility import PastFertility
from popsim.errors import CoordinateError
from popsim.schema.conventions import ORDERS, PARITIES
from popsim.schema.variables import VARIABLES

#: Attribute of women by parity that are reconstructed: it names the table of assumptions.
RECONSTRUCTION = "reconstruction"
#: Its value where they are from the place's own past.
RELATIONAL = "parity_relational"


def parity_from_past(past: PastFertility, fertility_rate: xr.DataArray) -> xr.Dataset:
    """Reconstruct how the women of each age stand by parity, and who bore their children.

    Parameters
    ----------
    past : PastFertility
        From :func:`popsim.baselines.past_fertility.read_past`.
    fertility_rate : xarray.DataArray
        (..., age 0..100+) of the first year [births per woman and year].

    Returns
    -------
    xarray.Dataset
        - ``parity_share`` (..., parity, age) [1] on 1 January, adding up to 1
        - ``children_ever_born`` (..., age) [births per woman]: the cohort's cumulated fertility
        - ``children_of_three_or_more`` (..., age) [births per woman of parity 3+]: with it the
          shares have the children ever born; 3 where nobody has three
        - ``birth_order_share`` (..., order, age) [1] of the first year's births
        - ``births_by_order`` (..., child_age, order, age) [births per woman] of the year in
          which the children of the age were born, by the mother's age at the start

    Raises
    ------
    BoundsError
        Nearly all women of an age would bear in one year.

    Examples
    --------
    >>> import pandas as pd
    >>> from popsim.baselines.past_fertility import read_past
    >>> now = xr.DataArray(np.where(abs(np.arange(101) - 30) < 10, 0.1, 0.0), dims="age",
    ...     coords={"age": range(101)})
    >>> known = parity_from_past(read_past(pd.Series({2020: 1.9}), now, 2021), now)
    >>> known.parity_share.sel(age=[25, 50]).round(2).values.T.tolist()
    [[0.63, 0.29, 0.07, 0.01], [0.14, 0.18, 0.41, 0.27]]
    """
    rates, scale, now = xr.broadcast(past.rates, past.scale, fertility_rate, exclude=("year",))
    rates, scale = rates.transpose(..., "year", "age"), scale.transpose(..., "age")
    now = now.transpose(*scale.dims)

    def flat(array: xr.DataArray, core: int) -> np.ndarray:
        return array.values.reshape(-1, *array.shape[array.ndim - core :]).astype(float)

    shares, by_order = walk(flat(rates, 2), flat(scale, 1), past.time, years=len(CHILD_AGES))
    orders = first_year_orders(shares, flat(now, 1), past.time)
    labels = {
        "age": scale["age"].values,
        "parity": list(PARITIES),
        "order": list(ORDERS),
        "child_age": CHILD_AGES,
    }

    def labelled(values: np.ndarray, *dims: str) -> xr.DataArray:
        coords: dict[Any, Any] = {**scale.isel(age=0, drop=True).coords}
        coords |= {dim: labels[dim] for dim in dims}
        return xr.DataArray(
            values.reshape(*scale.shape[:-1], *values.shape[1:]), coords, (*scale.dims[:-1], *dims)
        )

    born = past.children_ever_born()
    share = labelled(shares, "parity", "age")
    few = share.sel(parity=1, drop=True) + 2.0 * share.sel(parity=2, drop=True)
    three = share.sel(parity=3, drop=True)
    of_three = ((born - few) / three.where(three > 0.0)).fillna(3.0).clip(3.0)
    out = xr.Dataset(
        {
            "parity_share": share,
            "children_ever_born": born,
            "children_of_three_or_more": of_three,
            "birth_order_share": labelled(orders, "order", "age"),
            "births_by_order": labelled(by_order, "child_age", "order", "age"),
        }
    )
    for name in ("parity_share", "children_ever_born", "birth_order_share"):
        out[name].attrs = VARIABLES[name].attrs()
    return out


def women_from_shares(women: xr.DataArray, share: xr.DataArray, rule: str) -> xr.DataArray:
    """Women by parity (..., parity, age) [persons] that add up to the women of each age.

    Parameters
    ----------
    women : xarray.DataArray
        (..., age 0..100+) [persons] on 1 January.
    share : xarray.DataArray
        (..., parity, age) [1], adding up to 1.
    rule : str
        Where the shares are from, in words: the attribute ``rule``.

    Raises
    ------
    CoordinateError
        Ages that are not 0 to 100+ by single years.
    """
    check_single_ages(women)
    split = (women * share).transpose(..., "parity", "age")
    # The largest of what rounding leaves goes to the childless, so that the sum is the women's.
    residue = women - split.sum("parity")
    split = split + residue.where(split["parity"] == 0, 0.0)
    split = split.transpose(..., "parity", "age").rename("women_by_parity")
    split.attrs = {**VARIABLES["women_by_parity"].attrs(), "rule": rule}
    return split


def check_single_ages(women: xr.DataArray) -> None:
    """Refuse women who are not by single age up to 100+.

    Raises
    ------
    CoordinateError
    """
    if not np.array_equal(women["age"].values, np.arange(101)):
        raise CoordinateError(
            "the women are not by single age up to 100+",
            where="age",
            got=f"{women.sizes['age']} ages from {women['age'].values[0]}",
            allowed="0, 1, ..., 100",
            fix="graduate them: popsim.demography.ages.graduation.graduate_counts",
        )
