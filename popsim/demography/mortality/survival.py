"""What a projection takes from life tables: survival ratios, and deaths by age at death."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from popsim.demography.mortality.separation import age_widths, over_age
from popsim.errors import CoordinateError
from popsim.languages import long_names
from popsim.schema.checks import check_option, check_same_coords, require
from popsim.schema.variables import VARIABLES


def survival_ratio(
    table: xr.Dataset, *, width: int | None = None, form: Literal["un", "exact"] = "un"
) -> xr.DataArray:
    r"""Survival ratios of the age groups of a projection, from life tables.

    Parameters
    ----------
    table : xarray.Dataset
        (age, ...) with lx [1] and Lx [person-years], from :func:`popsim.life_table`.
    width : int, optional
        Width of the age groups and length of the step [years]; that of the table's ages,
        or 5 for abridged ones, unless given.
    form : {"un", "exact"}
        How the open group is reached.

    Returns
    -------
    xarray.DataArray
        ``"un"``: (..., age) [1]; the ratio stands at the age group reached, that of births
        at 0, that of the open group applies to the last two groups together.
        ``"exact"``: (..., origin, age) [1], open one group before the table: ``origin`` is
        "younger" for those who come from the group below (at 0: births) and "same" for
        those who stay in the open group, 0 elsewhere.

    Raises
    ------
    MissingVariableError
        If lx or Lx is missing.
    CoordinateError
        If the ages are neither single nor abridged, or do not fall into groups of the width.
    InputError
        If the form is unknown.

    Notes
    -----
    With groups of :math:`n` years, of which the last, :math:`w`, is open in the table,

    .. math:: S_0 = \frac{L_0}{n\,l_0}, \qquad S_x = \frac{L_x}{L_{x-n}}, \qquad
              S_w = \frac{T_w}{T_{w-n}} .

    The UN form applies :math:`S_w` to both groups from which :math:`w` is reached, as if
    they were a stationary population. The exact form is for a population that is open at
    :math:`w - n` already, where the table still tells the two apart:
    :math:`S_{w-n}` for those who reach it and :math:`T_w / T_{w-n}` for those in it. So for
    a population open at 100 give it a table that is open at 101 (105 for groups of five).

    Examples
    --------
    >>> from popsim import life_table
    >>> rates = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age",
    ...                      coords={"age": [0, 1, 2, 3]})
    >>> table = life_table(rates, a0=0.1)
    >>> survival_ratio(table).values.round(4).tolist()
    [0.9823, 0.9975, 0.9945, 0.9087]
    >>> survival_ratio(table, form="exact").sel(age=2).values.round(4).tolist()
    [0.9945, 0.9087]
    """
    check_option(form, ("un", "exact"), "form")
    n, _, L = _grouped(table, width)
    attrs = VARIABLES["survival_ratio"].attrs()
    below = L.shift(age=1, fill_value=float(n))  # births of the step, at radix 1
    closed = _share(L, below)
    end, before = L.isel(age=-1), L.isel(age=-2)
    stay = _share(end, before + end)
    last = L["age"] == L["age"][-1]
    if form == "un":
        return xr.where(last, stay, closed).transpose(*L.dims).assign_attrs(attrs)
    younger = closed.isel(age=slice(None, -1))
    last = younger["age"] == younger["age"][-1]
    same = xr.where(last, stay, 0.0).transpose(*younger.dims)
    origin = xr.DataArray(["younger", "same"], dims="origin", name="origin")
    both = xr.concat([younger, same], origin)
    return both.transpose(*L.dims[:-1], "origin", "age").assign_attrs(attrs)


def deaths_by_age(
    deaths: xr.DataArray, table: xr.Dataset, *, width: int | None = None
) -> xr.DataArray:
    r"""Deaths by age at death, from deaths by the age that the cohort reaches.

    Parameters
    ----------
    deaths : xarray.DataArray
        (age, ...) [persons]: deaths of the step by the age group that the cohort reaches
        at its end (0: of the births), as :func:`popsim.project` returns them.
    table : xarray.Dataset
        (age, ...) life tables of the step, open at the same age.
    width : int, optional
        As in :func:`survival_ratio`.

    Returns
    -------
    xarray.DataArray
        (..., age) [persons]: the same deaths by age group at death (period).

    Raises
    ------
    DimensionError
        If the deaths have no dimension ``age``.
    MissingVariableError
        If lx or Lx is missing from the table.
    CoordinateError
        If deaths and tables have different labels, or as in :func:`survival_ratio`.

    Notes
    -----
    Of the deaths of the cohort that passes from group :math:`x` to :math:`x + n`, the share

    .. math:: f_x = \frac{L_x - n\,l_{x+n}}{L_x - L_{x+n}}

    happens before the birthday :math:`x + n`, hence in group :math:`x`. The deaths of the
    open group :math:`w` are those of both groups from which it is reached, of which the
    share :math:`(L_{w-n} - n\,l_w)/L_{w-n}` happens below :math:`w`. Where the table has no
    deaths, half. Exposures are these deaths over the death rates.

    Examples
    --------
    >>> from popsim import life_table
    >>> rates = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age",
    ...                      coords={"age": [0, 1, 2, 3]})
    >>> cohort = xr.DataArray([17.0, 4.0, 6.0, 90.0], dims="age", coords={"age": [0, 1, 2, 3]})
    >>> deaths_by_age(cohort, life_table(rates, a0=0.1)).values.round(1).tolist()
    [20.2, 1.3, 5.9, 89.6]
    """
    died = over_age(deaths, "deaths")
    n, lx, L = _grouped(table, width)
    check_same_coords({"deaths": died, "table": L})
    last = L["age"] == L["age"][-1]
    before = L.shift(age=1, fill_value=float(n))
    dying = xr.where(last, before, before - L)
    share = xr.where(dying > 0.0, (before - n * lx) / dying, 0.5)
    share = share.where(L["age"] > 0, 0.0)  # births are not yet in any group
    moved = died * share
    out = died - moved + moved.shift(age=-1, fill_value=0.0)
    dims = [d for d in out.dims if d != "age"]
    return (
        out.transpose(*dims, "age")
        .rename("deaths")
        .assign_attrs(
            units=VARIABLES["deaths"].unit,
            **long_names("measure.deaths_by_age", "Deaths by age at death"),
            description="Deaths in the step by age group at death (period).",
        )
    )


def _grouped(table: xr.Dataset, width: int | None) -> tuple[int, xr.DataArray, xr.DataArray]:
    """Width of the groups, survivors to their lower bounds and person-years in them."""
    require(table, ["lx", "Lx"])
    widths = age_widths(table)
    n = int(widths[2]) if width is None else width
    ages = np.asarray(table["age"].values)
    starts = np.flatnonzero(ages % n == 0) if n > 0 else np.empty(0, dtype=np.int64)
    expected = np.arange(0, ages[-1] + 1, max(n, 1))
    if len(starts) < 3 or not np.array_equal(ages[starts], expected) or ages[-1] % n:
        raise CoordinateError(
            f"the ages of the table do not fall into groups of {n} years",
            where="age",
            got=f"ages {ages[0]}, {ages[1]}, {ages[2]}, ..., {ages[-1]}+",
            allowed="a width that every group starts at a multiple of, the open one too",
            fix="abridged tables give groups of 5; group_open_age moves the open age",
        )
    lx = table["lx"].transpose(..., "age")
    L = table["Lx"].transpose(..., "age")
    sums = np.add.reduceat(L.values, starts, axis=-1)
    return n, lx.isel(age=starts), L.isel(age=starts).copy(data=sums)


def _share(part: xr.DataArray, whole: xr.DataArray) -> xr.DataArray:
    """``part / whole``, 0 where nobody is left."""
    return xr.where(whole > 0.0, part / whole.where(whole > 0.0, 1.0), 0.0)
