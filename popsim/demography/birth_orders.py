"""Births and children by order: shares by age of mother and by year, raked to a place's mix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from popsim import data
from popsim.demography.lifetable import life_table
from popsim.demography.survival import survival_ratio
from popsim.errors import InputError
from popsim.schema.provenance import RULE
from popsim.schema.variables import VARIABLES

ORDERS = (1, 2, 3)
#: Completed ages of the children whose birth order is carried along.
CHILD_AGES = np.arange(18)

#: Raking ends when the mix is met to this share; it gains a digit or so a round.
_MET = 1e-13
_ROUNDS = 500


def check_mix(mix: Sequence[float]) -> np.ndarray:
    """Shares of first, second, and third and higher births, as an array (order).

    Raises
    ------
    InputError
        Not three positive shares that add up to 1.
    """
    shares = np.asarray(mix, dtype=float)
    if shares.shape != (3,) or not (shares > 0.0).all() or abs(shares.sum() - 1.0) > 1e-6:
        raise InputError(
            "the order mix is not three shares of the births",
            where="order_mix",
            got=list(mix),
            allowed="first, second, and third and higher, above 0, adding up to 1",
            fix="divide the births of each order by all births",
        )
    return shares / shares.sum()


def order_shares(births_by_age: xr.DataArray, mix: Sequence[float] | None = None) -> xr.DataArray:
    r"""Share of each birth order in the births at each age of mother.

    Parameters
    ----------
    births_by_age : xarray.DataArray
        (..., age) [persons], over which the orders must add up to the mix.
    mix : sequence of float, optional
        Shares of first, second, and third and higher births over all ages [1]; those of
        the Fuzhou table if absent.

    Returns
    -------
    xarray.DataArray
        (..., order, age) [1], adding up to 1 at each age; orders 1, 2, 3 (third and higher).

    Raises
    ------
    InputError
        The mix is not three shares.

    Notes
    -----
    :math:`s_{oa} = w_o F_{oa} / \sum_k w_k F_{ka}` with the shares :math:`F` of the
    Fuzhou table and the weights :math:`w` by which the mix comes out (raking).

    Examples
    --------
    >>> births = xr.DataArray(np.ones(101), dims="age", coords={"age": range(101)})
    >>> order_shares(births, [0.5, 0.3, 0.2]).mean("age").round(6).values.tolist()
    [0.5, 0.3, 0.2]
    """
    table = data.table("fertility_by_order_fuzhou").set_index("age")
    counted = table[["first", "second", "third_or_higher"]].to_numpy(float).T
    # Single cases at the youngest and oldest ages: their neighbours speak for them.
    smooth = np.apply_along_axis(lambda row: np.convolve(row, np.ones(3), mode="same"), 1, counted)
    ages = births_by_age["age"].values
    at = np.clip(ages, table.index[0], table.index[-1]) - table.index[0]
    pattern = (smooth / smooth.sum(axis=0))[:, at]
    wanted = counted.sum(axis=1) / counted.sum() if mix is None else check_mix(mix)

    laid = births_by_age.transpose(..., "age")
    weights = laid.values / laid.values.sum(axis=-1, keepdims=True)
    shares = np.broadcast_to(pattern, (*weights.shape[:-1], *pattern.shape))
    for _ in range(_ROUNDS):
        now = np.einsum("...oa,...a->...o", shares, weights)
        if np.abs(now - wanted).max() < _MET:
            break
        shares = shares * (wanted / now)[..., None]
        shares = shares / shares.sum(axis=-2, keepdims=True)
    return xr.DataArray(
        shares,
        dims=(*laid.dims[:-1], "order", "age"),
        coords={**laid.coords, "order": list(ORDERS)},
    )


def national_order_mix(years: np.ndarray) -> xr.DataArray:
    """Order mix of the births of China (year, order) [1], linear between the years published.

    Earlier and later years have the mix of the first and the last (2010 and 2020).

    Parameters
    ----------
    years : numpy.ndarray
        Calendar years.

    Examples
    --------
    >>> national_order_mix(np.array([2009, 2015])).values.tolist()
    [[0.62, 0.31, 0.07], [0.54, 0.4, 0.06]]
    """
    table = data.table("births_china").query("quantity == 'order_share'")
    known = table.pivot(index="order", columns="year", values="value")
    at = known.columns.to_numpy(float)
    mix = np.array([np.interp(years, at, row) for row in known.to_numpy(float)])
    return xr.DataArray(mix.T, {"year": years, "order": list(ORDERS)}, ("year", "order"))


def first_year_births(baseline: xr.Dataset) -> xr.DataArray:
    """Births by age of mother (..., age) [persons] that a projection has in its first year.

    Parameters
    ----------
    baseline : xarray.Dataset
        As :func:`popsim.build_baseline` returns it, by single age.

    Notes
    -----
    The fertility rate times the mean of the women at the start, with half of the year's
    migrants, and at its end (:func:`popsim.project`, even timing), but for the migration that
    a projection alters.
    """
    women = baseline["population"].sel(sex="female", drop=True)
    first = baseline.isel(year=0, drop=True)
    moves: xr.DataArray | float = 0.0
    if "net_migration" in first:
        moves = first["net_migration"].sel(sex="female", drop=True)
    elif "net_migration_rate" in first:
        moves = first["net_migration_rate"].sel(sex="female", drop=True) * women
    elif "net_migration_total" in first:
        moves = first["net_migration_total"] * women / baseline["population"].sum(["sex", "age"])
    survival = survival_ratio(life_table(first["mortality_rate"])).sel(sex="female", drop=True)
    start = women + moves / 2.0
    end = start.shift(age=1, fill_value=0.0) * survival + moves / 2.0
    return first["fertility_rate"] * (start + end) / 2.0


def children_by_order(population: xr.DataArray, time: int, mix: xr.DataArray) -> xr.DataArray:
    r"""Children of a population by birth order.

    Parameters
    ----------
    population : xarray.DataArray
        (..., sex, age) [persons] by single age on 1 January.
    time : int
        [calendar year]
    mix : xarray.DataArray
        (..., order) shares of the births of the year before [1].

    Returns
    -------
    xarray.DataArray
        children_by_order (..., order, child_age) [persons], ages 0 to 17, adding up to both
        sexes of the age.

    Notes
    -----
    Children of age j have the order mix :math:`m` of the births of their year
    :math:`y = T - 1 - j`, as all orders survive and move alike. It is the nation's
    (:func:`national_order_mix`), moved by the odds that take the nation's to the place's in
    the year before the start: :math:`m_o(y) \propto M_o(y)\, m_o(T - 1) / M_o(T - 1)`.

    Examples
    --------
    >>> people = xr.DataArray(np.full((2, 101), 50.0), dims=("sex", "age"),
    ...     coords={"age": range(101)})
    >>> mix = xr.DataArray([0.5, 0.4, 0.1], dims="order", coords={"order": [1, 2, 3]})
    >>> children_by_order(people, 2021, mix).sel(child_age=[0, 10]).round(1).values.tolist()
    [[50.0, 66.5], [40.0, 27.8], [10.0, 5.6]]
    """
    born = national_order_mix(time - 1 - CHILD_AGES).rename(year="child_age")
    born = born.assign_coords(child_age=CHILD_AGES)
    odds = born * (mix / born.isel(child_age=0, drop=True))
    shares = odds / odds.sum("order")
    people = population.sum("sex").sel(age=CHILD_AGES).rename(age="child_age")
    children = (shares * people).transpose(..., "order", "child_age").rename("children_by_order")
    children.attrs = VARIABLES["children_by_order"].attrs()
    return children


def with_birth_orders(baseline: xr.Dataset, mix: Sequence[float] | None = None) -> xr.Dataset:
    """Give a baseline the orders of the births of its first year, and of its children.

    Parameters
    ----------
    baseline : xarray.Dataset
        As :func:`popsim.build_baseline` returns it, by single age.
    mix : sequence of float, optional
        Shares of first, second, and third and higher births in the first year [1]; those of
        the Fuzhou table if absent.

    Returns
    -------
    xarray.Dataset
        With birth_order_share (order, age) and children_by_order (order, child_age), in the
        place of those that it had.

    Raises
    ------
    InputError
        The mix is not three shares.
    """
    births = first_year_births(baseline)
    shares = order_shares(births, mix).rename("birth_order_share")
    shares.attrs = VARIABLES["birth_order_share"].attrs()
    shares.attrs[RULE] = "by age of Fuzhou 2020, raked in the first year to " + (
        "its own order mix" if mix is None else "the order mix given"
    )
    first = (births * shares).sum("age") / births.sum("age")
    start = int(baseline["year"].values[0])
    children = children_by_order(baseline["population"], start, first)
    children.attrs[RULE] = "order mixes of China's births, moved to that of the first year"
    return baseline.assign(birth_order_share=shares, children_by_order=children)
