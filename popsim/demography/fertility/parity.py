"""Measures of fertility by parity: conditional rates, progression, and cohorts followed.

Parity k = 0, 1, 2, 3 is the number of children borne, 3 standing for three or more. Birth
orders are 1, 2, 3, the last standing for third and higher: order ``min(k + 1, 3)`` is borne by
women of parity k. *Incidence* rates are births of an order per woman of any parity (what
yearbooks print; totals and mean ages of them: ``total_fertility_rate`` and
``mean_age_at_childbearing`` of :mod:`popsim.demography.fertility.measures`, which keep the order);
*conditional* rates are births per woman of the parity that can bear that order.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.fertility.checks import fertility_age_width
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.conventions import ORDERS, PARITIES
from popsim.schema.variables import VARIABLES

#: Shares are read from tables rounded to 0.01 %: four of them may miss 1 by this.
_ROUNDED = 2.5e-4


def _label(array: xr.DataArray, name: str) -> xr.DataArray:
    """Canonical dims at the end, and the registry's name and attributes."""
    last = [d for d in ("cohort", "time", "year", "order", "parity", "age") if d in array.dims]
    array = array.transpose(*[d for d in array.dims if d not in last], *last)
    array.attrs = VARIABLES[name].attrs()
    return array.rename(name)


def _check_labels(array: xr.DataArray, dim: str, allowed: tuple[int, ...]) -> None:
    if dim not in array.dims:
        raise DimensionError(
            f"there is no dimension {dim!r}",
            where=str(array.name or dim),
            got=f"dims {tuple(array.dims)}",
            allowed=f"{dim} and age, and any further ones (year, region, scenario, draw)",
            fix=f"name the dimension {dim!r} and label it {', '.join(map(str, allowed))}",
        )
    got = array[dim].values.tolist() if dim in array.coords else []
    if got != list(allowed):
        raise CoordinateError(
            f"the labels of {dim} are not known",
            where=dim,
            got=got or "no labels",
            allowed=f"{list(allowed)}, the last standing for higher ones too",
            fix=f"add up what is beyond {allowed[-1]}, and order the rest",
        )


def parity_shares(women_by_parity: xr.DataArray) -> xr.DataArray:
    """Share of the women of each age who are of each parity.

    Parameters
    ----------
    women_by_parity : xarray.DataArray
        (parity, age, ...) [persons]

    Returns
    -------
    xarray.DataArray
        parity_share (..., parity, age) [1]; where there are no women, all are of parity 0.

    Raises
    ------
    DimensionError, CoordinateError
        No dimension parity, or parities that are not 0, 1, 2, 3.
    BoundsError
        A count is negative or missing.

    Examples
    --------
    >>> women = xr.DataArray(
    ...     [[30.0], [40.0], [20.0], [10.0]],
    ...     dims=("parity", "age"), coords={"parity": [0, 1, 2, 3], "age": [30]},
    ... )
    >>> parity_shares(women).values[:, 0].tolist()
    [0.3, 0.4, 0.2, 0.1]
    """
    _check_labels(women_by_parity, "parity", PARITIES)
    check_values(women_by_parity, VARIABLES["women_by_parity"])
    total = women_by_parity.sum("parity")
    share = women_by_parity / total.where(total > 0.0, 1.0)
    nobody = (total <= 0.0) & (share["parity"] == 0)
    return _label(share.where(~nobody, 1.0), "parity_share")


def _check_shares(share: xr.DataArray) -> None:
    _check_labels(share, "parity", PARITIES)
    check_values(share, VARIABLES["parity_share"])
    total = share.sum("parity")
    bad = abs(total.values - 1.0) > _ROUNDED
    if bad.any():
        raise BoundsError(
            "the parity shares do not add up to one",
            where=f"parity_share at {first_cell(total, bad)}",
            got=float(total.values[bad][0]),
            allowed="shares of all parities 0, 1, 2, 3+ of an age, adding up to 1",
            fix="divide women by parity by all women of the age (parity_shares)",
        )


def _able(share: xr.DataArray) -> xr.DataArray:
    """Share of the women who can bear each order (order, age): parity o - 1, for 3 also 3+."""
    high = share.sel(parity=[2, 3]).sum("parity")
    parts = [share.sel(parity=0, drop=True), share.sel(parity=1, drop=True), high]
    return xr.concat(parts, dim=xr.Variable("order", list(ORDERS)))


def conditional_from_incidence(
    fertility_rate_by_order: xr.DataArray, parity_share: xr.DataArray
) -> xr.DataArray:
    r"""Conditional rates out of incidence rates, given how the women stand by parity.

    Parameters
    ----------
    fertility_rate_by_order : xarray.DataArray
        (order, age, ...) incidence rates [births per woman of any parity and year].
    parity_share : xarray.DataArray
        (parity, age, ...) [1], adding up to 1; of the exposure of the year (its middle).

    Returns
    -------
    xarray.DataArray
        conditional_fertility_rate (..., parity, age) [births per woman of the parity and
        year]; 0 where nobody is of the parity and no birth of the order occurs.

    Raises
    ------
    DimensionError, CoordinateError
        Orders that are not 1, 2, 3, parities that are not 0, 1, 2, 3, ages that differ.
    BoundsError
        Shares that do not add up to 1; a rate out of bounds; an implied conditional rate
        above 1 (more births of an order than women who could bear it).

    Notes
    -----
    :math:`c_k(a) = f_{k+1}(a) / s_k(a)` for k = 0, 1; parities 2 and 3 share
    :math:`f_3(a) / [s_2(a) + s_3(a)]`, which incidence cannot tell apart (occurrence-exposure
    rates of the second kind and of the first: Human Fertility Database Methods Protocol,
    Jasilioniene et al. 2015).

    Examples
    --------
    >>> at = {"age": [25, 30]}
    >>> f = xr.DataArray([[0.1, 0.06], [0.0, 0.04], [0.0, 0.01]], dims=("order", "age"),
    ...     coords={"order": [1, 2, 3], **at})
    >>> s = xr.DataArray([[0.5, 0.2], [0.5, 0.4], [0.0, 0.3], [0.0, 0.1]], dims=("parity", "age"),
    ...     coords={"parity": [0, 1, 2, 3], **at})
    >>> conditional_from_incidence(f, s).sel(age=30).round(3).values.tolist()
    [0.3, 0.1, 0.025, 0.025]
    """
    _check_labels(fertility_rate_by_order, "order", ORDERS)
    check_values(fertility_rate_by_order, VARIABLES["fertility_rate_by_order"])
    _check_shares(parity_share)
    check_same_coords({"fertility_rate_by_order": fertility_rate_by_order, "share": parity_share})
    rates, able = xr.broadcast(fertility_rate_by_order, _able(parity_share))
    implied = xr.where(
        able > 0.0, rates / able.where(able > 0.0, 1.0), xr.where(rates > 0.0, np.inf, 0.0)
    )
    bad = implied.values > 1.0
    if bad.any():
        raise BoundsError(
            "more than every woman of a parity would bear in the year",
            where=f"implied share at {first_cell(implied, bad)}",
            got=float(implied.values[bad][0]),
            allowed="incidence rates at most the share of women of the parity below",
            fix="are these incidence rates, per woman of any parity, and shares of the same "
            "women? conditional rates must not be converted twice",
        )
    by_parity = implied.sel(order=[1, 2, 3, 3]).rename(order="parity")
    by_parity = by_parity.assign_coords(parity=list(PARITIES))
    return _label(by_parity, "conditional_fertility_rate")


def incidence_from_conditional(
    conditional_fertility_rate: xr.DataArray, parity_share: xr.DataArray
) -> xr.DataArray:
    r"""Incidence rates by order out of conditional rates and the distribution by parity.

    Parameters
    ----------
    conditional_fertility_rate : xarray.DataArray
        (parity, age, ...) [births per woman of the parity and year]
    parity_share : xarray.DataArray
        (parity, age, ...) [1], adding up to 1.

    Returns
    -------
    xarray.DataArray
        fertility_rate_by_order (..., order, age) [births per woman of any parity and year].

    Raises
    ------
    DimensionError, CoordinateError
        Parities that are not 0, 1, 2, 3, ages that differ.
    BoundsError
        A conditional rate below 0 or above 1; shares that do not add up to 1.

    Notes
    -----
    The inverse of :func:`conditional_from_incidence`:
    :math:`f_o = c_{o-1} s_{o-1}`, and :math:`f_3 = c_2 s_2 + c_3 s_3`.

    Examples
    --------
    >>> at = {"parity": [0, 1, 2, 3], "age": [30]}
    >>> c = xr.DataArray([[0.3], [0.1], [0.02], [0.04]], dims=("parity", "age"), coords=at)
    >>> s = xr.DataArray([[0.2], [0.4], [0.3], [0.1]], dims=("parity", "age"), coords=at)
    >>> incidence_from_conditional(c, s).values[:, 0].round(3).tolist()
    [0.06, 0.04, 0.01]
    """
    _check_labels(conditional_fertility_rate, "parity", PARITIES)
    check_values(conditional_fertility_rate, VARIABLES["conditional_fertility_rate"])
    _check_shares(parity_share)
    check_same_coords({"rates": conditional_fertility_rate, "share": parity_share})
    borne = conditional_fertility_rate * parity_share
    return _label(_by_order(borne), "fertility_rate_by_order")


def _by_order(by_parity: xr.DataArray) -> xr.DataArray:
    """Births by parity of the mother as births by order."""
    high = by_parity.sel(parity=[2, 3]).sum("parity")
    parts = [by_parity.sel(parity=0, drop=True), by_parity.sel(parity=1, drop=True), high]
    return xr.concat(parts, dim=xr.Variable("order", list(ORDERS)))


def period_parity_progression(conditional_fertility_rate: xr.DataArray) -> xr.Dataset:
    r"""Parity progression of a cohort that passes through the conditional rates of a period.

    Parameters
    ----------
    conditional_fertility_rate : xarray.DataArray
        (parity, age, ...) [births per woman of the parity and year], single ages.

    Returns
    -------
    xarray.Dataset
        - ``parity_progression_ratio`` (..., parity 0, 1, 2) [1]: of the women who reach the
          parity, those who bear again; 0 where nobody reaches it
        - ``births_per_woman_by_order`` (..., order) [births per woman]
        - ``parity_adjusted_total_fertility_rate`` (...) [births per woman], their sum
        - ``mean_age_by_order`` (..., order) [years]; missing where the order has no birth

    Raises
    ------
    DimensionError, CoordinateError
        Parities that are not 0, 1, 2, 3; ages that are not single years without gaps.
    BoundsError
        A rate is missing, below 0 or above 1.

    Notes
    -----
    A multistate life table without deaths. In each year of age the share
    :math:`q_k = c_k / (1 + c_k / 2)` of those of parity k at its start bears (a year's rate on
    an exposure that they leave half-way, on average), and nobody twice:

    .. math:: b_k(x) = q_k(x) l_k(x), \quad l_k(x+1) = l_k(x) - b_k(x) + b_{k-1}(x)

    with :math:`l_0 = 1` at the first age; women with three or more bear order 3 at
    :math:`c_3` and stay. Progression is :math:`\sum_x b_k / \sum_x b_{k-1}` (with
    :math:`l_0 = 1` for first births), the total :math:`\sum_k \sum_x b_k`
    (parity- and age-adjusted total fertility: Rallu & Toulemon 1994, *Population: An English
    Selection* 6; Human Fertility Database Methods Protocol).

    Examples
    --------
    >>> c = xr.DataArray(
    ...     [[1.0, 0.0], [1.0, 0.4], [0.0, 0.0], [0.0, 0.0]],
    ...     dims=("parity", "age"), coords={"parity": [0, 1, 2, 3], "age": [20, 21]},
    ... )
    >>> period_parity_progression(c).parity_progression_ratio.round(4).values.tolist()
    [0.6667, 0.3333, 0.0]
    """
    rates = conditional_fertility_rate
    _check_labels(rates, "parity", PARITIES)
    if fertility_age_width(rates) != 1:
        raise CoordinateError(
            "the conditional rates are not by single age",
            where="age",
            got=rates["age"].values[:3].tolist(),
            allowed="15, 16, 17, ...",
            fix="in a wider group a woman may pass two parities; graduate the rates first",
        )
    check_values(rates, VARIABLES["conditional_fertility_rate"])
    laid = rates.transpose(..., "parity", "age")
    share = laid.values / (1.0 + laid.values / 2.0)
    living = np.zeros(share.shape[:-1])
    living[..., 0] = 1.0
    borne = np.zeros_like(share)
    for x in range(share.shape[-1]):
        borne[..., x] = share[..., x] * living
        leaving = borne[..., :3, x]
        living = living.copy()
        living[..., :3] -= leaving
        living[..., 1:] += leaving
    births = laid.copy(data=borne)

    entering = births.sum("age").sel(parity=[0, 1]).values
    reached = np.concatenate([np.ones((*entering.shape[:-1], 1)), entering], axis=-1)
    moved = births.sum("age").sel(parity=[0, 1, 2])
    # Nobody reaches the parity: no ratio, and no births of hers either.
    ratio = moved / np.where(reached > 0.0, reached, 1.0)
    by_order = _by_order(births)
    total = by_order.sum("age")
    mean = (by_order * (by_order["age"] + 0.5)).sum("age") / total.where(total > 0.0)
    name = "parity_adjusted_total_fertility_rate"
    return xr.Dataset(
        {
            "parity_progression_ratio": _label(ratio, "parity_progression_ratio"),
            "births_per_woman_by_order": _label(total, "births_per_woman_by_order"),
            name: _label(total.sum("order"), name),
            "mean_age_by_order": _label(mean, "mean_age_by_order"),
        }
    )


def cohort_parity(women_by_parity: xr.DataArray) -> xr.DataArray:
    """Parity distribution of each birth cohort by age, followed through a result.

    Parameters
    ----------
    women_by_parity : xarray.DataArray
        (time, parity, age, ...) [persons] on 1 January of consecutive years, single ages.

    Returns
    -------
    xarray.DataArray
        parity_share (..., cohort, parity, age) [1]; cohort = calendar year of birth
        (time - age - 1); missing where the result does not see the cohort at the age. The
        last, open age is left out.

    Raises
    ------
    DimensionError, CoordinateError
        No time; parities that are not 0, 1, 2, 3; ages or times not by single years.
    BoundsError
        A count is negative or missing.

    Examples
    --------
    >>> women = xr.DataArray(
    ...     np.ones((2, 4, 3)), dims=("time", "parity", "age"),
    ...     coords={"time": [2021, 2022], "parity": [0, 1, 2, 3], "age": [29, 30, 31]},
    ... )
    >>> cohort_parity(women).sel(cohort=1991, parity=0).values.tolist()
    [0.25, 0.25]
    """
    if "time" not in women_by_parity.dims:
        raise DimensionError(
            "there is no dimension 'time' along which to follow cohorts",
            where="women_by_parity",
            got=f"dims {tuple(women_by_parity.dims)}",
            allowed="(time, parity, age) as in a result with outputs='full'",
        )
    share = parity_shares(women_by_parity).isel(age=slice(None, -1))
    for dim in ("time", "age"):
        if np.any(np.diff(share[dim].values) != 1):
            raise CoordinateError(
                f"cohorts cannot be followed: {dim} is not by single years",
                where=dim,
                got=share[dim].values[:3].tolist(),
                allowed="consecutive years",
            )
    times, ages = share["time"].values, share["age"].values
    born = np.arange(times[0] - ages[-1] - 1, times[-1] - ages[0])
    at = born[:, None] + ages + 1
    seen = (at >= times[0]) & (at <= times[-1])
    index = xr.DataArray(np.clip(at - times[0], 0, len(times) - 1), dims=("cohort", "age"))
    where = xr.DataArray(np.arange(len(ages)), dims="age")
    bare = share.drop_vars(["time", "age"])
    followed = bare.isel(time=index, age=where).where(xr.DataArray(seen, dims=("cohort", "age")))
    return _label(followed.assign_coords(cohort=born, age=ages), "parity_share")


def completed_fertility(
    parity_share: xr.DataArray, *, births_of_three: float, age: int = 50
) -> xr.DataArray:
    r"""Children per woman of cohorts at the end of the reproductive ages.

    Parameters
    ----------
    parity_share : xarray.DataArray
        (cohort, parity, age, ...) [1] from :func:`cohort_parity`.
    births_of_three : float
        Births of third and higher order per woman with three or more [1], which the open
        parity does not tell (table ``parity_assumptions``: 1.15 for the cohorts from 1970).
    age : int
        Age at which the women are counted [years].

    Returns
    -------
    xarray.DataArray
        completed_fertility_by_parity (..., cohort) [births per woman], of the cohorts that
        are seen at the age.

    Raises
    ------
    DimensionError, CoordinateError
        No dimension cohort or parity.
    InputError
        No cohort is seen at the age; births_of_three below 1.

    Notes
    -----
    :math:`s_1 + 2 s_2 + (2 + b_3) s_3`.

    Examples
    --------
    >>> share = xr.DataArray(
    ...     [[[0.1], [0.3], [0.5], [0.1]]], dims=("cohort", "parity", "age"),
    ...     coords={"cohort": [1970], "parity": [0, 1, 2, 3], "age": [50]},
    ... )
    >>> completed_fertility(share, births_of_three=1.0).round(3).values.tolist()
    [1.6]
    """
    _check_labels(parity_share, "parity", PARITIES)
    if not births_of_three >= 1.0:
        raise InputError(
            "a woman with three children has had fewer than one third birth",
            where="births_of_three",
            got=births_of_three,
            allowed="1 or more",
        )
    ages = parity_share["age"].values
    if age not in ages or "cohort" not in parity_share.dims:
        raise InputError(
            "no cohort is seen at the age of completed fertility",
            where="age",
            got=age,
            allowed=f"{ages[0]} to {ages[-1]}, of shares by cohort",
            fix="follow the cohorts first: cohort_parity(result.women_by_parity)",
        )
    counts = xr.DataArray([0.0, 1.0, 2.0, 2.0 + births_of_three], dims="parity")
    counts = counts.assign_coords(parity=list(PARITIES))
    at = parity_share.sel(age=age, drop=True)
    seen = at.notnull().all([d for d in at.dims if d != "cohort"])
    if not bool(seen.any()):
        raise InputError(
            "no cohort is seen at the age of completed fertility",
            where="age",
            got=age,
            allowed="an age that some cohort reaches within the result",
        )
    children = (at * counts).sum("parity").isel(cohort=np.flatnonzero(seen.values))
    return _label(children, "completed_fertility_by_parity")
