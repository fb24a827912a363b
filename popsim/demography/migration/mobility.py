"""Who moves when nothing is known but how many: relative mobility by age."""

from __future__ import annotations

import xarray as xr

from popsim.demography.migration.schedules import rogers_castro


def mobility(population: xr.DataArray) -> xr.DataArray:
    r"""Relative mobility by age: a crude rate of migration times this is a rate by age.

    Parameters
    ----------
    population : xarray.DataArray
        (..., sex, age) [persons], single years or wider groups.

    Returns
    -------
    xarray.DataArray
        (..., sex, age) [1], with mean 1 over the population.

    Notes
    -----
    :math:`r_x P / \sum_{x} r_x P_x` with the fundamental schedule :math:`r` of Rogers and
    Castro (1981), for both sexes.

    Examples
    --------
    >>> import popsim as ps
    >>> people = ps.load_baseline("cixi", end=2021).population
    >>> round(float((mobility(people) * people).sum() / people.sum()), 12)
    1.0
    """
    ages = population["age"].values
    width = float(ages[1] - ages[0])
    middle = ages if width == 1.0 else ages + width / 2.0
    rates = rogers_castro(middle).assign_coords(age=ages)
    crude = (rates * population).sum(["sex", "age"]) / population.sum(["sex", "age"])
    relative = (rates / crude).expand_dims(sex=population["sex"].values)
    return relative.transpose(..., "sex", "age").reset_coords(drop=True)
