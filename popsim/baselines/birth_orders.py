"""Births and children by order: shares by age of mother and by year, raked to a place's mix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from popsim import data
from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.survival import survival_ratio
from popsim.errors import InputError
from popsim.schema.conventions import CHILD_END, ORDERS
from popsim.schema.provenance import RULE
from popsim.schema.variables import VARIABLES

#: Completed ages of the children whose birth order is carried along.
CHILD_AGES = np.arange(CHILD_END)

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


def order_shares(
    births_by_age: xr.DataArray,
    mix: Sequence[float] | None = None,
    *,
    pattern: xr.DataArray | None = None,
) -> xr.DataArray:
    r"""Share of each birth order in the births at each age of mother.

    Parameters
    ----------
    births_by_age : xarray.DataArray
        (..., age) [persons], over which the orders must add up to the mix.
    mix : sequence of float, optional
        Shares of first, second, and third and higher births over all ages [1]; those of
        the pattern if absent.
    pattern : xarray.DataArray, optional
        (..., order, age) shares of the orders at each age, adding up to 1 [1]; those of the
        Fuzhou table, with its mix, if absent.

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
    pattern and the weights :math:`w` by which the mix comes out (raking).

    Examples
    --------
    >>> births = xr.DataArray(np.ones(101), dims="age", coords={"age": range(101)})
    >>> order_shares(births, [0.5, 0.3, 0.2]).mean("age").round(6).values.tolist()
    [0.5, 0.3, 0.2]
    """
    laid = births_by_age.transpose(..., "age")
    if pattern is None:
        known, wanted = _fuzhou(laid["age"].values)
        shares = np.broadcast_to(known, (*laid.shape[:-1], *known.shape))
    else:
        shares = (pattern + 0.0 * laid).transpose(*laid.dims[:-1], "order", "age").values
        wanted = None
    if mix is not None:
        wanted = check_mix(mix)
    weights = laid.values / laid.values.sum(axis=-1, keepdims=True)
    if wanted is not None:
        shares = _raked(shares, weights, wanted)
    return xr.DataArray(
        shares,
        dims=(*laid.dims[:-1], "order", "age"),
        coords={**laid.coords, "order": list(ORDERS)},
    )


def _fuzhou(ages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the orders of Fuzhou 2020 by age of mother (order, age), and over all ages."""
    table = data.table("fertility_by_order_fuzhou").set_index("age")
    counted = table[["first", "second", "third_or_higher"]].to_numpy(float).T
    # Single cases at the youngest and oldest ages: their neighbours speak for them.
    smooth = np.apply_along_axis(lambda row: np.convolve(row, np.ones(3), mode="same"), 1, counted)
    at = np.clip(ages, table.index[0], table.index[-1]) - table.index[0]
    return (smooth / smooth.sum(axis=0))[:, at], counted.sum(axis=1) / counted.sum()


def _raked(shares: np.ndarray, weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Shares (..., order, age) whose mean by the weights (..., age) is the mix wanted."""
    for _ in range(_ROUNDS):
        now = np.einsum("...oa,...a->...o", shares, weights)
        if np.abs(now - wanted).max() < _MET:
            break
        shares = shares * (wanted / now)[..., None]
        shares = shares / shares.sum(axis=-2, keepdims=True)
    return shares


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


def children_by_order(
    population: xr.DataArray,
    time: int,
    mix: xr.DataArray,
    *,
    born: xr.DataArray | None = None,
    own_mix: xr.DataArray | None = None,
) -> xr.DataArray:
    r"""Children of a population by birth order.

    Parameters
    ----------
    population : xarray.DataArray
        (..., sex, age) [persons] by single age on 1 January.
    time : int
        [calendar year]
    mix : xarray.DataArray
        (..., order) shares of the births around the start [1].
    born : xarray.DataArray, optional
        (..., child_age, order) order mix of the births of the year in which the children of
        the age were born [1]; that of China (:func:`national_order_mix`) if absent.
    own_mix : xarray.DataArray, optional
        (..., order) order mix around the start by the same reckoning as ``born`` [1]; that of
        the children of age 0 if absent.

    Returns
    -------
    xarray.DataArray
        children_by_order (..., order, child_age) [persons], ages 0 to 17, adding up to both
        sexes of the age.

    Notes
    -----
    Children of age j have the order mix :math:`m` of the births of their year
    :math:`y = T - 1 - j`, as all orders survive and move alike. It is that of ``born``,
    :math:`M(y)`, moved by the odds that take its mix around the start to the place's:
    :math:`m_o(y) \propto M_o(y)\, m_o / M_o(T - 1)`.

    Examples
    --------
    >>> people = xr.DataArray(np.full((2, 101), 50.0), dims=("sex", "age"),
    ...     coords={"age": range(101)})
    >>> mix = xr.DataArray([0.5, 0.4, 0.1], dims="order", coords={"order": [1, 2, 3]})
    >>> children_by_order(people, 2021, mix).sel(child_age=[0, 10]).round(1).values.tolist()
    [[50.0, 66.5], [40.0, 27.8], [10.0, 5.6]]
    """
    if born is None:
        born = national_order_mix(time - 1 - CHILD_AGES).rename(year="child_age")
        born = born.assign_coords(child_age=CHILD_AGES)
    now = born.isel(child_age=0, drop=True) if own_mix is None else own_mix
    odds = born * (mix / now.where(now > 0.0, 1.0))
    shares = odds / odds.sum("order")
    people = population.sum("sex").sel(age=CHILD_AGES).rename(age="child_age")
    children = (shares * people).transpose(..., "order", "child_age").rename("children_by_order")
    children.attrs = VARIABLES["children_by_order"].attrs()
    return children


def with_birth_orders(
    baseline: xr.Dataset, mix: Sequence[float] | None = None, *, own: xr.Dataset | None = None
) -> xr.Dataset:
    """Give a baseline the orders of the births of its first year, and of its children.

    Parameters
    ----------
    baseline : xarray.Dataset
        As :func:`popsim.build_baseline` returns it, by single age.
    mix : sequence of float, optional
        Shares of first, second, and third and higher births in the first year [1]; those of
        the place's own past, or of the Fuzhou table, if absent.
    own : xarray.Dataset, optional
        The place's own past, from :func:`popsim.baselines.parity_past.parity_from_past`. If
        absent, the orders have Fuzhou's pattern by age and the children China's order mixes.

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
    pattern = None if own is None else own["birth_order_share"]
    shares = order_shares(births, mix, pattern=pattern).rename("birth_order_share")
    shares.attrs = VARIABLES["birth_order_share"].attrs()
    shares.attrs[RULE] = (
        "by age of Fuzhou 2020, raked in the first year to "
        + ("its own order mix" if mix is None else "the order mix given")
        if own is None
        else "from the women by parity and the fertility of the first year"
        + ("" if mix is None else ", raked to the order mix given")
    )
    first = _mix(births, shares)
    start = int(baseline["year"].values[0])
    born, own_mix = None, None
    if own is not None:
        women = baseline["population"].sel(sex="female", drop=True)
        borne = (women * own["births_by_order"]).sum("age")
        total = borne.sum("order")
        # Nobody bore in the year: its children, if there are any, have the orders of the start.
        own_mix = _mix(births, own["birth_order_share"])
        born = (borne / total.where(total > 0.0, 1.0)).where(total > 0.0, own_mix)
    children = children_by_order(baseline["population"], start, first, born=born, own_mix=own_mix)
    children.attrs[RULE] = (
        "order mixes of China's births, moved to that of the first year"
        if own is None
        else "the orders of the place's past births" + ("" if mix is None else ", moved to the mix")
    )
    return baseline.assign(birth_order_share=shares, children_by_order=children)


def _mix(births: xr.DataArray, shares: xr.DataArray) -> xr.DataArray:
    """Order mix (..., order) of births by age, by their shares of the orders."""
    return (births * shares).sum("age") / births.sum("age")
