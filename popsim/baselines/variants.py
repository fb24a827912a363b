"""The deterministic variants of the United Nations, each a function baseline -> baseline.

A baseline is a Dataset with the inputs of :func:`popsim.project`; the year at which
its dimension ``year`` begins is the first projected year. A variant returns a new
one and says so in the attributes ``variant`` and ``variant_zh``. Definitions: United
Nations 2024, *World Population Prospects 2024: Methodology*, projection scenarios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import xarray as xr

from popsim.baselines.variant_inputs import (
    close_borders,
    hold_fertility,
    hold_mortality,
    replace_generation,
    shift_fertility,
)
from popsim.languages import ENGLISH, in_each


def high_fertility(baseline: xr.Dataset) -> xr.Dataset:
    """Total fertility rate 0.25 above the baseline, 0.40 from year 6, 0.50 from year 11.

    Parameters
    ----------
    baseline : xarray.Dataset
        With fertility_rate (year, age, ...), perhaps fertility_rate_by_order.

    Returns
    -------
    xarray.Dataset
        The age pattern, and the shares of the birth orders, are the baseline's. A step of
        several years takes the mean of its years.

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError
        The fertility rates are absent or cannot be ones.
    ConflictError
        The birth orders do not add up to fertility_rate.
    FitError
        The baseline has no births in some year, so there is no age pattern.

    Examples
    --------
    >>> from popsim.demography.fertility.measures import total_fertility_rate
    >>> f = xr.DataArray(
    ...     [[0.0, 0.5, 0.0]] * 3,
    ...     dims=("year", "age"), coords={"year": [2024, 2044, 2064], "age": [0, 20, 40]},
    ... )
    >>> high = high_fertility(xr.Dataset({"fertility_rate": f * 0.1}))
    >>> total_fertility_rate(high.fertility_rate).round(4).values.tolist()
    [1.4125, 1.5, 1.5]
    """
    return _named(shift_fertility(baseline, +1.0), "high fertility")


def low_fertility(baseline: xr.Dataset) -> xr.Dataset:
    """Total fertility rate 0.25 below the baseline, 0.40 from year 6, 0.50 from year 11.

    Parameters
    ----------
    baseline : xarray.Dataset
        With fertility_rate (year, age, ...), perhaps fertility_rate_by_order.

    Returns
    -------
    xarray.Dataset
        See :func:`high_fertility`.

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, ConflictError, FitError
        See :func:`high_fertility`.
    BoundsError
        Also where the baseline is so low that less than no births would remain.

    Examples
    --------
    >>> from popsim.demography.fertility.measures import total_fertility_rate
    >>> f = xr.DataArray(
    ...     [[0.0, 0.05, 0.0]] * 3,
    ...     dims=("year", "age"), coords={"year": [2024, 2044, 2064], "age": [0, 20, 40]},
    ... )
    >>> low = low_fertility(xr.Dataset({"fertility_rate": f}))
    >>> total_fertility_rate(low.fertility_rate).round(4).values.tolist()
    [0.5875, 0.5, 0.5]
    """
    return _named(shift_fertility(baseline, -1.0), "low fertility")


def constant_fertility(baseline: xr.Dataset) -> xr.Dataset:
    """Fertility rates of the first projected year, for ever.

    Parameters
    ----------
    baseline : xarray.Dataset
        With fertility_rate (year, age, ...), perhaps fertility_rate_by_order.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError, ConflictError
        See :func:`high_fertility`.

    Examples
    --------
    >>> f = xr.DataArray(
    ...     [[0.0, 0.05, 0.0], [0.0, 0.08, 0.0]],
    ...     dims=("year", "age"), coords={"year": [2024, 2044], "age": [0, 20, 40]},
    ... )
    >>> constant_fertility(xr.Dataset({"fertility_rate": f})).fertility_rate.sel(age=20).values
    array([0.05, 0.05])
    """
    return _named(hold_fertility(baseline), "constant fertility")


def constant_mortality(baseline: xr.Dataset) -> xr.Dataset:
    """Mortality of the first projected year, for ever.

    Parameters
    ----------
    baseline : xarray.Dataset
        With survival_ratio or mortality_rate (year, sex, age, ...).

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError
        The mortality is absent or cannot be one.

    Examples
    --------
    >>> import numpy as np
    >>> s = xr.DataArray(
    ...     np.stack([np.full((2, 3), 0.9), np.full((2, 3), 0.95)]),
    ...     dims=("year", "sex", "age"),
    ...     coords={"year": [2024, 2044], "sex": ["female", "male"], "age": [0, 20, 40]},
    ... )
    >>> held = constant_mortality(xr.Dataset({"survival_ratio": s})).survival_ratio
    >>> float(held.max())
    0.9
    """
    return _named(hold_mortality(baseline), "constant mortality")


def instant_replacement(baseline: xr.Dataset) -> xr.Dataset:
    """Fertility scaled so that the net reproduction rate is 1 in every year.

    Parameters
    ----------
    baseline : xarray.Dataset
        With fertility_rate (year, age, ...), perhaps fertility_rate_by_order,
        survival_ratio or mortality_rate (year, sex, age, ...), and sex_ratio_at_birth
        (year, ...).

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError
        An input is absent or cannot be one; or replacement needs rates that no
        population has had.
    ConflictError
        The birth orders do not add up to fertility_rate.
    FitError
        The baseline has no births in some year, so there is no age pattern.

    Notes
    -----
    The net reproduction rate is that of the year's own fertility and mortality, by
    :func:`popsim.demography.fertility.measures.net_reproduction_rate` with the person-years by
    which the projection survives women.

    Examples
    --------
    >>> import numpy as np
    >>> coords = {"year": [2024], "sex": ["female", "male"], "age": [0, 20, 40]}
    >>> baseline = xr.Dataset(
    ...     {
    ...         "fertility_rate": (("year", "age"), [[0.0, 0.05, 0.0]]),
    ...         "survival_ratio": (("year", "sex", "age"), np.full((1, 2, 3), 0.9)),
    ...         "sex_ratio_at_birth": ("year", [1.05]),
    ...     },
    ...     coords=coords,
    ... )
    >>> replaced = instant_replacement(baseline)
    >>> round(float(replaced.fertility_rate.sel(age=20, year=2024) * 20 * 0.81), 9)  # = 1 + SRB
    2.05
    """
    return _named(replace_generation(baseline), "instant replacement")


def zero_migration(baseline: xr.Dataset) -> xr.Dataset:
    """No migration: the variable is taken out, so that every flow is exactly zero.

    Parameters
    ----------
    baseline : xarray.Dataset
        With at most one of net_migration, net_migration_rate, net_migration_total.

    Returns
    -------
    xarray.Dataset

    Examples
    --------
    >>> zero_migration(xr.Dataset({"net_migration_total": ("year", [5.0])})).attrs["variant"]
    'zero migration'
    """
    return _named(close_borders(baseline), "zero migration")


def instant_replacement_zero_migration(baseline: xr.Dataset) -> xr.Dataset:
    """:func:`instant_replacement` and :func:`zero_migration` together.

    Parameters
    ----------
    baseline : xarray.Dataset
        See :func:`instant_replacement`.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError, ConflictError, FitError
        See :func:`instant_replacement`.

    Examples
    --------
    >>> VARIANTS["instant_replacement_zero_migration"].__name__
    'instant_replacement_zero_migration'
    """
    return _named(
        close_borders(replace_generation(baseline)),
        "instant replacement, zero migration",
    )


def momentum(baseline: xr.Dataset) -> xr.Dataset:
    """Growth that the age structure alone holds: replacement fertility, nothing else moves.

    Parameters
    ----------
    baseline : xarray.Dataset
        See :func:`instant_replacement`.

    Returns
    -------
    xarray.Dataset
        Mortality of the first projected year, fertility that replaces under it in every
        year (with the age pattern and sex ratio at birth of that year), no migration.

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError, ConflictError, FitError
        See :func:`instant_replacement`.

    Examples
    --------
    >>> VARIANTS["momentum"].__name__
    'momentum'
    """
    return _named(close_borders(replace_generation(hold_mortality(baseline))), "momentum")


def no_change(baseline: xr.Dataset) -> xr.Dataset:
    """Fertility and mortality of the first projected year; migration as in the baseline.

    Parameters
    ----------
    baseline : xarray.Dataset
        With fertility_rate (year, age, ...), perhaps fertility_rate_by_order, and
        survival_ratio or mortality_rate (year, sex, age, ...).

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError, ConflictError
        See :func:`constant_fertility` and :func:`constant_mortality`.

    Examples
    --------
    >>> VARIANTS["no_change"].__name__
    'no_change'
    """
    return _named(hold_mortality(hold_fertility(baseline)), "no change")


#: Every variant by its name.
VARIANTS: Mapping[str, Callable[[xr.Dataset], xr.Dataset]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            high_fertility,
            low_fertility,
            constant_fertility,
            constant_mortality,
            instant_replacement,
            momentum,
            zero_migration,
            instant_replacement_zero_migration,
            no_change,
        )
    }
)


def _named(dataset: xr.Dataset, name: str) -> xr.Dataset:
    """Name the variant, after the ones that the baseline already went through."""
    names = {}
    key = name.replace(",", "").replace(" ", "_")
    for language, text in in_each(f"variant.{key}", name).items():
        attribute = "variant" if language == ENGLISH else f"variant_{language}"
        before = dataset.attrs.get(attribute)
        between = "; " if language == ENGLISH else ";"
        names[attribute] = f"{before}{between}{text}" if before else text
    return dataset.assign_attrs(names)
