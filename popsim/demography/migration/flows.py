"""Net migration by age and sex, from totals and from gross flows."""

from __future__ import annotations

import xarray as xr

from popsim.demography.migration.residual import check_finite
from popsim.errors import (
    BoundsError,
    ConflictError,
    DimensionError,
)
from popsim.schema.checks import (
    check_same_coords,
    check_sex,
    check_values,
    first_cell,
)
from popsim.schema.variables import VARIABLES


def _shares(profile: xr.DataArray, what: str) -> xr.DataArray:
    """Scale weights to a sum of 1 over sex and age."""
    dims = [d for d in ("sex", "age") if d in profile.dims]
    if "age" not in dims:
        raise DimensionError(
            f"{what} has no ages",
            where=what,
            got=f"dims {tuple(profile.dims)}",
            allowed="age, mostly sex too",
            fix="name the dimension of ages 'age'",
        )
    if "sex" in dims:
        check_sex(profile)
    check_finite(profile, what, 0.0, "a profile is made of weights; the total carries the sign")
    total = profile.sum(dims)
    if (total.values == 0).any():
        raise BoundsError(
            f"{what} is zero at every age",
            where=first_cell(total, total.values == 0),
            got=0,
            allowed="some weight above 0",
            fix="give a schedule, for example rogers_castro(ages)",
        )
    return profile / total


def _net(array: xr.DataArray) -> xr.DataArray:
    tail = [d for d in ("year", "sex", "age") if d in array.dims]
    out = array.transpose(..., *tail).rename("net_migration")
    out.attrs = VARIABLES["net_migration"].attrs()
    return out


def spread_net_migration(
    net_migration_total: xr.DataArray | float, profile: xr.DataArray
) -> xr.DataArray:
    """Net migration by sex and age from its total and a profile.

    Parameters
    ----------
    net_migration_total : DataArray or float
        (...) such as (year, region) [persons per year]; of either sign.
    profile : DataArray
        (..., sex, age) [any unit]: weights, scaled to a sum of 1 over sex and age.

    Returns
    -------
    DataArray
        (..., sex, age) [persons per year]; adds up to the total.

    Raises
    ------
    BoundsError
        If the total is not finite, a weight is negative, or a profile is zero throughout.
    CoordinateError
        If the two carry different labels on a shared dimension, or the sexes are not
        female, male.
    DimensionError
        If the profile has no ages.

    Notes
    -----
    One profile gives all ages the sign of the total. Where the young come and the old
    leave, use :func:`flow_difference`.

    Examples
    --------
    >>> from popsim.demography import rogers_castro
    >>> out = spread_net_migration(1000.0, rogers_castro(range(101)))
    >>> round(float(out.sum()), 6), int(out.idxmax())
    (1000.0, 23)
    """
    total = xr.DataArray(net_migration_total)
    check_finite(total, "the net migration total")
    check_same_coords({"net_migration_total": total, "profile": profile})
    return _net(total * _shares(profile, "profile"))


def net_migration_from_flows(
    in_migration: xr.DataArray, out_migration: xr.DataArray
) -> xr.DataArray:
    """Net migration as in- less out-migration.

    Parameters
    ----------
    in_migration, out_migration : DataArray
        (..., year, sex, age) [persons per year], each 0 or more.

    Returns
    -------
    DataArray
        (..., year, sex, age) [persons per year].

    Raises
    ------
    BoundsError
        If a flow is negative, missing or infinite.
    CoordinateError
        If the two carry different labels on a shared dimension.

    Examples
    --------
    >>> ages = {"age": [0, 1, 2]}
    >>> came = xr.DataArray([5.0, 9.0, 2.0], dims="age", coords=ages)
    >>> left = xr.DataArray([1.0, 4.0, 6.0], dims="age", coords=ages)
    >>> net_migration_from_flows(came, left).values.tolist()
    [4.0, 5.0, -4.0]
    """
    check_finite(in_migration, "in-migration", 0.0, "give out-migration as a positive number")
    check_finite(out_migration, "out-migration", 0.0, "give out-migration as a positive number")
    check_same_coords({"in_migration": in_migration, "out_migration": out_migration})
    return _net(in_migration - out_migration)


def flow_difference(
    net_migration_total: xr.DataArray | float,
    in_migration_total: xr.DataArray | float,
    *,
    in_profile: xr.DataArray,
    out_rate: xr.DataArray,
    population: xr.DataArray,
) -> xr.DataArray:
    r"""Net migration by sex and age as the difference of two flows with their own profiles.

    Parameters
    ----------
    net_migration_total : DataArray or float
        (...) [persons per year]; of either sign.
    in_migration_total : DataArray or float
        (...) [persons per year]: all who come. Those who leave are this less the net total.
    in_profile : DataArray
        (..., sex, age) [any unit]: weights of those who come.
    out_rate : DataArray
        (..., age) or (..., sex, age) [per person and year, to a factor]: schedule of those
        who leave, per person of the population.
    population : DataArray
        (..., sex, age) [persons] from which people leave.

    Returns
    -------
    DataArray
        (..., sex, age) [persons per year]; adds up to the net total.

    Raises
    ------
    BoundsError
        If a number is negative or not finite where it may not be, or a profile is zero.
    ConflictError
        If fewer come in all than come net, so that the outflow would be negative.
    CoordinateError
        If two of the inputs carry different labels on a shared dimension.
    DimensionError
        If a profile has no ages.

    Notes
    -----
    With in-flow :math:`I`, net total :math:`M` and outflow :math:`O = I - M`,

    .. math:: M_{s,x} = I\,\frac{w_{s,x}}{\sum w}
              - O\,\frac{r_{s,x} P_{s,x}}{\sum r P}.

    The population-weighted form of the flow-difference method.

    References
    ----------
    Ševčíková, H., Raymer, J. and Raftery, A. E. (2024). Forecasting net migration by age:
    the flow-difference approach. arXiv:2411.09878.

    Examples
    --------
    >>> from popsim.demography import rogers_castro
    >>> profile = rogers_castro(range(101))
    >>> people = xr.full_like(profile, 1000.0)
    >>> out = flow_difference(-50.0, 400.0, in_profile=rogers_castro(range(101), mu2=30.0),
    ...                       out_rate=profile, population=people)
    >>> round(float(out.sum()), 6), bool(out.sel(age=20) < 0), bool(out.sel(age=35) > 0)
    (-50.0, True, True)
    """
    net, come = xr.DataArray(net_migration_total), xr.DataArray(in_migration_total)
    check_finite(net, "the net migration total")
    check_finite(come, "the in-migration total", 0.0)
    check_values(population, VARIABLES["population"])
    check_same_coords(
        {
            "net_migration_total": net,
            "in_migration_total": come,
            "in_profile": in_profile,
            "out_rate": out_rate,
            "population": population,
        }
    )
    leave = come - net
    if (leave.values < 0).any():
        raise ConflictError(
            "fewer people come in all than come net",
            where=first_cell(leave, leave.values < 0),
            got=f"out-migration of {leave.values[leave.values < 0][0]:g}",
            allowed="in_migration_total of at least net_migration_total",
            fix="raise the in-migration total; without an outflow it equals the net total",
        )
    check_finite(out_rate, "out_rate", 0.0)
    leavers = _shares(out_rate * population, "out_rate times population")
    return _net(come * _shares(in_profile, "in_profile") - leave * leavers)
