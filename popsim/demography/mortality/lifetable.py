"""Life tables by single or abridged ages.

A table is a period table: it follows a cohort of one person (radix 1) that lives
through the death rates of the period. Ages are lower bounds, either 0, 1, 2, ... or
0, 1, 5, 10, ...; the last group is open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr

from popsim.cells import Cells
from popsim.demography.mortality.separation import (
    AxRule,
    SeparationRules,
    age_widths,
    check_ax,
    check_rates,
    over_age,
    refuse,
    warn_of_long_lives,
)
from popsim.kernels import lifetable as kernel
from popsim.schema.checks import check_same_coords, check_values
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe

#: Columns that the kernel writes, in its order.
_COLUMNS = ("mortality_rate", "ax", "qx", "lx", "dx", "Lx", "Tx", "ex")


def life_table(
    mortality_rate: xr.DataArray,
    *,
    a0: str | float | xr.DataArray = "andreev-kingkade",
    ax: xr.DataArray | None = None,
    ax_rule: AxRule = "greville",
    sex: str | None = None,
) -> xr.Dataset:
    r"""Compute period life tables from death rates.

    Parameters
    ----------
    mortality_rate : xarray.DataArray
        (age, ...) [deaths per person-year]; ages 0, 1, 2, ... or 0, 1, 5, 10, ..., the last
        group open. One table for each combination of the other dimensions.
    a0 : str, float or xarray.DataArray
        Rule for infants, ``"andreev-kingkade"`` or ``"coale-demeny"`` (West), or the
        figure itself (...) [years].
    ax : xarray.DataArray, optional
        (age, ...) [years], instead of the rules. That of the open group is its life
        expectancy, and its death rate in the table is 1/ax whatever ``mortality_rate`` says.
    ax_rule : {"greville", "keyfitz"}
        Rule for five-year groups from age 15 on; single ages have 1/2.
    sex : {"female", "male"}, optional
        Sex of all rates, where they have no coordinate ``sex``.

    Returns
    -------
    xarray.Dataset
        (..., age): mortality_rate [deaths per person-year], ax [years], qx, lx, dx [1],
        Lx, Tx [person-years], ex [years]; radix 1.

    Raises
    ------
    DimensionError
        If there is no dimension ``age``.
    CoordinateError
        If the ages are neither single nor abridged, a sex is unknown, or ``ax`` has other
        labels.
    BoundsError
        If a rate is negative, not finite, above 1 below age 80 or above 5, the open group
        does not die, ``a0`` or ``ax`` lies outside of the group, or rate and ``ax``
        together make a probability above 1.
    ConflictError
        If ``sex`` is given and the rates have a coordinate ``sex``.
    InputError
        If a rule needs the sex and none is known, or the rule is unknown.

    Warns
    -----
    ImplausibleMortalityWarning
        If remaining life in an open group from 65 on is a fifth longer than World Population
        Prospects 2024 foresees for any population by 2100 (18.3 years at 80, 14.0 at 85, 4.9
        at 100), as where few deaths are set against few people: close the rates from lower
        ages with :func:`popsim.demography.mortality.closing.close_kannisto`.

    Notes
    -----
    With :math:`n` the width of the group,

    .. math:: {}_nq_x = \frac{n\,{}_nm_x}{1 + (n - {}_na_x)\,{}_nm_x}, \qquad
              {}_nL_x = n\,l_{x+n} + {}_na_x\,{}_nd_x ,

    and in the open group :math:`a = 1/m`, hence :math:`L = l/m`. 1a0 follows Andreev &
    Kingkade (2015), Demographic Research 33(13), or Coale & Demeny's West tables as in
    Preston, Heuveline & Guillot (2001), Demography, table 3.3; 4a1 follows the latter
    always. Groups 5-9 and 10-14 have 2.5; from 15 on, Greville's formula in the form of
    United Nations (1982), Model Life Tables for Developing Countries, p. 31,

    .. math:: {}_5a_x = \tfrac52 - \tfrac{25}{12}
              \left({}_5m_x - \tfrac1{10} \ln\frac{{}_5m_{x+5}}{{}_5m_{x-5}}\right) ,

    or Keyfitz's iteration (Preston, Heuveline & Guillot, p. 45),
    :math:`{}_na_x = \tfrac n2 + \tfrac n{24}({}_nd_{x+n} - {}_nd_{x-n})/{}_nd_x`. Both are
    kept between 0.97 (what a constant rate of 1 gives) and the width; where a neighbouring
    rate is 0, Greville's slope is taken as 0.

    A rate above 1 halves a group within nine months; below age 80 no population has lived
    so, and a wrong unit is far likelier. Infants of both sexes together have no published
    rule: give ``a0`` as a number.

    Life expectancy at 65 is ``table.ex.sel(age=65)``.

    Examples
    --------
    >>> rates = xr.DataArray([0.02, 0.001, 0.01, 0.1], dims="age",
    ...                      coords={"age": [0, 1, 2, 3]}, attrs={"units": "1/year"})
    >>> table = life_table(rates, a0=0.1)
    >>> table.qx.values.round(4).tolist(), round(float(table.ex.sel(age=0)), 3)
    ([0.0196, 0.001, 0.01, 1.0], 12.633)
    """
    table = derived_life_table(mortality_rate, a0=a0, ax=ax, ax_rule=ax_rule, sex=sex)
    warn_of_long_lives(table["ex"])
    return table


def derived_life_table(
    mortality_rate: xr.DataArray,
    *,
    a0: str | float | xr.DataArray = "andreev-kingkade",
    ax: xr.DataArray | None = None,
    ax_rule: AxRule = "greville",
    sex: str | None = None,
) -> xr.Dataset:
    """Compute life tables of rates that a model made, as :func:`life_table` without warnings.

    Draws reach further into the tails than any table that is counted or foreseen.
    """
    rates = over_age(mortality_rate, "mortality_rate")
    widths = age_widths(rates)
    check_rates(rates)
    if ax is None:
        end = rates.isel(age=slice(-1, None))
        refuse(
            end,
            end.values <= 0.0,
            "nobody dies in the open group",
            "a death rate above 0 [deaths per person-year]",
            "end the table at an age with deaths, or close it with close_kannisto",
        )
        rules = SeparationRules(rates, widths, a0, ax_rule, sex)
        cells = _cells({"mortality_rate": rates, **rules.arrays})
        m = cells.rows(rates, ["age"])
        call = partial(kernel.tables_by_rule, m.values, m.index, widths, *rules.for_kernel(cells))
        settings = rules.settings
    else:
        given = over_age(ax, "ax")
        cells = _cells({"mortality_rate": rates, "ax": given})
        check_ax(given, widths)
        m, a = cells.rows(rates, ["age"]), cells.rows(given, ["age"])
        call = partial(kernel.tables_given_ax, m.values, m.index, a.values, a.index, widths)
        settings = {"ax": "given"}
    return _labelled(call, cells, rates["age"]).assign_attrs(provenance("life_table", **settings))


def life_table_from_deaths(
    deaths: xr.DataArray,
    exposures: xr.DataArray,
    *,
    a0: str | float | xr.DataArray = "andreev-kingkade",
    ax: xr.DataArray | None = None,
    ax_rule: AxRule = "greville",
    sex: str | None = None,
) -> xr.Dataset:
    """Compute period life tables from deaths and person-years of exposure.

    Parameters
    ----------
    deaths : xarray.DataArray
        (age, ...) [persons]: deaths of the period by age at death.
    exposures : xarray.DataArray
        (age, ...) [person-years] of the same period and ages; the population in the middle
        of the year, for want of better.
    a0, ax, ax_rule, sex
        As in :func:`life_table`.

    Returns
    -------
    xarray.Dataset
        As from :func:`life_table`.

    Raises
    ------
    DimensionError, ConflictError, InputError
        As in :func:`life_table`.
    CoordinateError
        As in :func:`life_table`, or if deaths and exposures have different labels.
    BoundsError
        As in :func:`life_table`, or if a count is negative or an exposure is not positive.

    Examples
    --------
    >>> age = {"age": [0, 1, 2, 3]}
    >>> deaths = xr.DataArray([20.0, 1.0, 10.0, 100.0], dims="age", coords=age)
    >>> exposures = xr.DataArray([1e3, 1e3, 1e3, 1e3], dims="age", coords=age)
    >>> life_table_from_deaths(deaths, exposures, a0=0.1).mortality_rate.values.tolist()
    [0.02, 0.001, 0.01, 0.1]
    """
    died = over_age(deaths, "deaths")
    lived = over_age(exposures, "exposures")
    check_same_coords({"deaths": died, "exposures": lived})
    check_values(died, VARIABLES["deaths"])
    check_values(lived, VARIABLES["exposures"])
    refuse(
        lived,
        lived.values <= 0.0,
        "nobody lived in the age group",
        "exposures above 0 [person-years]",
        "end the table at an age that people reach, or take several years together",
    )
    table = life_table(died / lived, a0=a0, ax=ax, ax_rule=ax_rule, sex=sex)
    return table.assign_attrs(popsim_call="life_table_from_deaths")


def life_table_from_probabilities(
    qx: xr.DataArray,
    *,
    open_ax: float | xr.DataArray,
    a0: str | float | xr.DataArray = "andreev-kingkade",
    ax_rule: AxRule = "greville",
    sex: str | None = None,
) -> xr.Dataset:
    """Compute period life tables from probabilities of dying.

    Parameters
    ----------
    qx : xarray.DataArray
        (age, ...) [1]; ages as in :func:`life_table`, that of the open group 1.
    open_ax : float or xarray.DataArray
        (...) [years]: life expectancy in the open group, which probabilities do not tell.
    a0, ax_rule, sex
        As in :func:`life_table`.

    Returns
    -------
    xarray.Dataset
        As from :func:`life_table`.

    Raises
    ------
    DimensionError, CoordinateError, ConflictError, InputError
        As in :func:`life_table`.
    BoundsError
        If a probability is not between 0 and 1, that of the open group is not 1,
        ``open_ax`` is not positive, or ``a0`` is not between 0 and 1.

    Notes
    -----
    The rules for ``ax`` are rules on death rates. Rates and ``ax`` are found by iteration
    so that both agree with the probabilities (United Nations 1982, p. 31); the table of
    the rates of a table is therefore that table again.

    Examples
    --------
    >>> qx = xr.DataArray([0.02, 0.001, 0.01, 1.0], dims="age", coords={"age": [0, 1, 2, 3]})
    >>> table = life_table_from_probabilities(qx, open_ax=10.0, sex="female")
    >>> table.lx.values.round(5).tolist(), round(float(table.ex.sel(age=0)), 2)
    ([1.0, 0.98, 0.97902, 0.96923], 12.63)
    """
    probabilities = over_age(qx, "qx")
    widths = age_widths(probabilities)
    check_values(probabilities, VARIABLES["qx"])
    end = probabilities.isel(age=slice(-1, None))
    refuse(
        end,
        end.values != 1.0,
        "the table does not end: not everybody dies in the last group",
        "1 in the last, open group",
        "append the open group with the probability 1, or set it where the table ends",
    )
    left = open_ax if isinstance(open_ax, xr.DataArray) else xr.DataArray(float(open_ax))
    left = left.rename("open_ax")
    refuse(
        left,
        ~((left.values > 0.0) & np.isfinite(left.values)),
        "the life expectancy in the open group is not positive",
        "a finite number above 0 [years]",
        "1 over the death rate of the open group, if nothing better is known",
    )
    rules = SeparationRules(probabilities, widths, a0, ax_rule, sex)
    cells = _cells({"qx": probabilities, "open_ax": left, **rules.arrays})
    q, ends = cells.rows(probabilities, ["age"]), cells.rows(left, [])
    m, a = np.empty((2, cells.count, len(widths)))
    kernel.rates_from_probabilities(
        q.values, q.index, widths, *rules.for_kernel(cells), ends.values, ends.index, m, a
    )
    each = np.arange(cells.count)
    call = partial(kernel.tables_given_ax, m, each, a, each, widths)
    return _labelled(call, cells, probabilities["age"]).assign_attrs(
        provenance("life_table_from_probabilities", **rules.settings)
    )


def _cells(arrays: dict[str, xr.DataArray]) -> Cells:
    check_same_coords(arrays)
    return Cells(arrays, ["age"])


def _labelled(call: Callable[..., None], cells: Cells, age: xr.DataArray) -> xr.Dataset:
    """Let the kernel write the tables, label them and refuse probabilities above 1."""
    shape = (cells.count, len(age))
    columns = {name: np.empty(shape) for name in _COLUMNS}
    bad = np.empty(cells.count, dtype=np.int64)
    call(*columns.values(), bad)
    table = xr.Dataset(
        {name: cells.label(values, ["age"], {"age": age}) for name, values in columns.items()}
    )
    failed = bad >= 0
    if failed.any():
        cell = np.zeros(shape, dtype=bool)
        cell[failed, bad[failed]] = True
        rates = table["mortality_rate"]
        refuse(
            rates,
            cell.reshape(rates.shape),
            "rate and ax together make a probability of dying above 1",
            "rates of at most 1 / ax [deaths per person-year]",
            "smooth the rates at old age, take several years together, or use close_kannisto",
        )
    return describe(table)
