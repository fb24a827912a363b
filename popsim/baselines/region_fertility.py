"""Fertility of the regions of a place: levels by indirect standardisation, its rates kept."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.survival import survival_ratio
from popsim.errors import BoundsError, InputError
from popsim.kernels.step.cohort import CLOSED, RATES, project_full
from popsim.languages import long_names
from popsim.schema.checks import first_cell
from popsim.schema.conventions import MIGRATION_COUNTS
from popsim.schema.variables import VARIABLES


def relative_level(population: xr.DataArray, standard: xr.DataArray) -> xr.DataArray:
    r"""Level of fertility of each region relative to all together.

    Parameters
    ----------
    population : xarray.DataArray
        (region, sex, age) [persons] at a census, single ages.
    standard : xarray.DataArray
        (age) [births per woman and year], the standard schedule; only its shape counts.

    Returns
    -------
    xarray.DataArray
        (region) [1]; 1 is the level of the regions together.

    Raises
    ------
    BoundsError
        A region without infants or without women of reproductive age.

    Notes
    -----
    Indirect standardisation: with infants :math:`P_{r0}` and women :math:`W_{ra}`,

    .. math:: \lambda_r = \frac{P_{r0}}{\sum_a f_a W_{ra}} \Big/
              \frac{\sum_r P_{r0}}{\sum_r \sum_a f_a W_{ra}} .

    Infant mortality, migration of infants and the half year between mean birth and census
    are taken to be alike in all regions, and cancel.

    Examples
    --------
    >>> infants_and_women = [[[100.0, 2000.0], [100.0, 0.0]], [[50.0, 2000.0], [50.0, 0.0]]]
    >>> people = xr.DataArray(infants_and_women, dims=("region", "sex", "age"),
    ...                       coords={"sex": ["female", "male"], "age": [0, 1]})
    >>> rates = xr.DataArray([0.0, 0.05], dims="age", coords={"age": [0, 1]})
    >>> relative_level(people, rates).round(4).values.tolist()
    [1.3333, 0.6667]
    """
    infants = population.sel(age=0, drop=True).sum("sex")
    expected = (population.sel(sex="female", drop=True) * standard).sum("age")
    for what, count in (("infants", infants), ("women of reproductive age", expected)):
        empty = count.values <= 0.0
        if empty.any():
            raise BoundsError(
                f"a region has no {what}, so its level of fertility is unknown",
                where=first_cell(count, empty),
                got=0,
                allowed="at least one",
                fix="join the region with a neighbour",
            )
    level = (infants / expected) / (infants.sum("region") / expected.sum("region"))
    level.attrs = {
        "units": "1",
        **long_names("measure.relative_level", "Level of fertility relative to the whole"),
    }
    return level.rename("relative_level")


def constrained_fertility(
    whole: xr.Dataset, population: xr.DataArray, level: xr.DataArray
) -> xr.DataArray:
    r"""Fertility rates of regions whose births add up to those of the whole, year by year.

    Parameters
    ----------
    whole : xarray.Dataset
        Baseline of the whole: mortality_rate (year, sex, age), fertility_rate (year, age),
        sex_ratio_at_birth (year), and net_migration_rate (year, sex, age) or no migration.
    population : xarray.DataArray
        (region, sex, age) [persons] on 1 January of the first year; the regions add up to
        the whole.
    level : xarray.DataArray
        (region) [1], from :func:`relative_level`.

    Returns
    -------
    xarray.DataArray
        fertility_rate (region, year, age) [births per woman and year].

    Raises
    ------
    InputError
        Migration of the whole is given as counts, which no rule divides among regions.

    Notes
    -----
    The regions' rates are those of the whole times their level, and times one factor by
    age for all of them,

    .. math:: f_{rta} = \lambda_r\, c_{ta} f_{ta}, \qquad
              c_{ta} = \frac{\sum_r \bar W_{rta}}{\sum_r \lambda_r \bar W_{rta}},

    with the mean women :math:`\bar W` of the projection's step. So the births at every age
    of mother add up to the whole's, and with rates of death and migration in common the
    regions add up to the whole for good: the regions' women age on, :math:`c` follows.

    Examples
    --------
    >>> import popsim as ps
    >>> city = ps.load_baseline("cixi", end=2021)
    >>> halves = xr.concat([city.population / 2] * 2, dim="region")
    >>> level = xr.DataArray([1.2, 0.8], dims="region")
    >>> rates = constrained_fertility(city, halves, level)
    >>> (rates.sum("age") / city.fertility_rate.sum("age")).round(6).values.ravel().tolist()
    [1.2, 0.8]
    """
    given = [n for n in MIGRATION_COUNTS if n in whole]
    if given:
        raise InputError(
            "migration in persons cannot be divided among regions",
            where=given[0],
            got=given[0],
            allowed="net_migration_rate, or none",
            fix="give each region its own baseline and use stack_regions",
        )
    survival = survival_ratio(life_table(whole["mortality_rate"]), width=1)
    step = partial(_step, flat(survival), whole["sex_ratio_at_birth"].values, _moves(whole))
    fertility = whole["fertility_rate"].transpose("year", "age").values
    stock = np.ascontiguousarray(flat(population, "region"))
    levels = level.values
    bearing = np.where(fertility > 0.0, 1.0, 0.0)
    out = np.zeros((len(levels), *fertility.shape))
    for t in range(len(fertility)):
        _, women = step(t, stock, bearing[t, None])
        weighted = (levels[:, None] * women).sum(0)
        factor = np.divide(
            women.sum(0), weighted, out=np.zeros_like(weighted), where=weighted > 0.0
        )
        out[:, t] = levels[:, None] * (factor * fertility[t])
        stock, _ = step(t, stock, out[:, t])
    made = xr.DataArray(
        out,
        dims=("region", "year", "age"),
        coords={"year": whole["year"], "age": whole["age"]},
        name="fertility_rate",
        attrs=VARIABLES["fertility_rate"].attrs(),
    )
    labels = level.coords.get("region")
    return made if labels is None else made.assign_coords(region=labels)


def _moves(whole: xr.Dataset) -> np.ndarray | None:
    """Net migration rates (year, state); None where there are none."""
    return flat(whole["net_migration_rate"]) if "net_migration_rate" in whole else None


def flat(array: xr.DataArray, lead: str = "year") -> np.ndarray:
    """Values (lead, state): sex and age as one axis, women first, as kernels take them."""
    laid = array.transpose(lead, "sex", "age").values
    return laid.reshape(len(laid), -1)


def _step(
    survival: np.ndarray,
    srb: np.ndarray,
    moves: np.ndarray | None,
    t: int,
    stock: np.ndarray,
    fertility: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Population (region, state) at the end of the year, and births (region, age)."""
    regions, states = stock.shape
    each, all_one = np.arange(regions), np.zeros(regions, dtype=np.int64)
    flows = np.zeros((1, 1, 1)) if moves is None else moves[None, t : t + 1]
    people, births = np.empty((regions, 2, states)), np.empty((regions, 1, 1, states // 2))
    deaths, migration, adjustment, lift = (np.zeros((regions, 1, states)) for _ in range(4))
    project_full(
        stock, each,
        survival[None, t : t + 1], all_one,
        fertility[:, None, None], each if len(fertility) > 1 else all_one,
        np.ones((1, 1, 1)), all_one,
        srb[None, t : t + 1], all_one,
        flows, all_one,
        CLOSED if moves is None else RATES, 1.0, True, 1, states // 2 - 1,
        people, births, deaths, migration, adjustment, lift,
        np.empty((regions, 1), dtype=np.int64),
    )  # fmt: skip
    return np.ascontiguousarray(people[:, 1]), births[:, 0, 0]
