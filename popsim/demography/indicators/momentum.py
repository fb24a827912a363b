"""Where a projection under constant rates ends: stable equivalent and population momentum.

These are the limit of the projection itself, step by step, and agree with projecting
for centuries to rounding; no projecting is done.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import labelled, ratio
from popsim.demography.indicators.stable import (
    PER_YEAR,
    checked_sex_ratio,
    need_age,
    refuse_childless,
    solve_renewal,
)
from popsim.errors import BoundsError, DimensionError
from popsim.schema.checks import (
    age_width,
    check_same_coords,
    check_sex,
    check_values,
    first_cell,
)
from popsim.schema.conventions import FEMALE, MALE
from popsim.schema.variables import ONE, PERSONS, VARIABLES


@dataclass(frozen=True)
class _Leslie:
    """One step of the projection, as the women's renewal sees it; arrays end in age."""

    daughters: np.ndarray  # girls alive at the end of the step, per woman at its start
    women: np.ndarray  # survival ratios
    men: np.ndarray
    sons: np.ndarray  # boys per girl alive at the end of the step of birth
    blank: xr.DataArray  # (...): to label what has no age
    width: int

    @property
    def net_maternity(self) -> np.ndarray:
        """Daughters of a newborn girl by her age (the start of the step)."""
        alive = np.ones_like(self.women)
        alive[..., 1:] = np.cumprod(self.women[..., 1:], axis=-1)
        out: np.ndarray = self.daughters * alive
        return out

    def stable(self, survival: np.ndarray, root: np.ndarray) -> np.ndarray:
        """Age groups per person of the first one, where each step multiplies by ``root``."""
        steps = survival / root[..., np.newaxis]
        out = np.ones_like(survival)
        out[..., 1:] = np.cumprod(steps[..., 1:], axis=-1)
        out[..., -1] /= 1.0 - steps[..., -1]
        return out

    def reproductive_value(self, daughters: np.ndarray, root: np.ndarray) -> np.ndarray:
        """Daughters still to come by age, discounted by growth; 1 at birth."""
        out = np.zeros_like(daughters)
        for age in range(daughters.shape[-1] - 2, -1, -1):
            after = self.women[..., age + 1] * out[..., age + 1]
            out[..., age] = (daughters[..., age] + after) / root
        return out


def _leslie(
    population: xr.DataArray,
    survival_ratio: xr.DataArray,
    fertility_rate: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
) -> tuple[_Leslie, xr.DataArray]:
    srb = checked_sex_ratio(sex_ratio_at_birth)
    arrays = {
        "population": population,
        "survival_ratio": survival_ratio,
        "fertility_rate": fertility_rate,
    }
    need_age(arrays)
    for name, array in arrays.items():
        check_values(array, VARIABLES[name])
        if name != "fertility_rate":
            if "sex" not in array.dims:
                raise DimensionError(
                    f"{name} has no sexes",
                    where=name,
                    got=f"dims {tuple(array.dims)}",
                    allowed="sex and age",
                    fix="give women and men apart, as the projection takes them",
                )
            check_sex(array)
    width = age_width(population)
    check_same_coords({**arrays, "sex_ratio_at_birth": srb})
    _check_barren(fertility_rate)
    people, alive, rate, males = xr.broadcast(
        population, survival_ratio, fertility_rate, srb, exclude=["sex", "age"]
    )
    people, alive = (a.transpose(..., "sex", "age") for a in (people, alive))
    women = alive.sel(sex=FEMALE).values
    men = alive.sel(sex=MALE).values
    f = rate.transpose(..., "age").values
    later = np.zeros_like(f)
    later[..., :-1] = women[..., 1:] * f[..., 1:]
    girls = width * women[..., 0] / (1.0 + males.values)
    open_lives = (alive.isel(age=-1) >= 1.0).values
    if open_lives.any():
        raise BoundsError(
            "no one dies in the open age group",
            where=first_cell(alive.isel(age=-1), open_lives),
            got=1.0,
            allowed="a survival ratio below 1",
            fix="compute it from a closed life table",
        )
    return (
        _Leslie(
            daughters=girls[..., np.newaxis] * (f + later) / 2.0,
            women=women,
            men=men,
            sons=males.values * men[..., 0] / women[..., 0],
            blank=people.isel(sex=0, age=0, drop=True),
            width=width,
        ),
        people,
    )


def _check_barren(fertility_rate: xr.DataArray) -> None:
    ends = fertility_rate.isel(age=[0, -1])
    bad = ends.values != 0
    if bad.any():
        raise BoundsError(
            "the first or the open age group bears children",
            where=f"fertility_rate at {first_cell(ends, bad)}",
            got=ends.values[bad][0],
            allowed="0 in the first and the open group",
            fix="use finer ages, or an open group above the reproductive ages",
        )


def _limit(
    step: _Leslie, people: xr.DataArray, daughters: np.ndarray, root: np.ndarray
) -> np.ndarray:
    """(..., sex, age): the stable population that grows into the same future."""
    women, men = step.stable(step.women, root), step.stable(step.men, root)
    value = step.reproductive_value(daughters, root)
    now = (value * people.sel(sex=FEMALE).values).sum(axis=-1)
    newborn = now / (value * women).sum(axis=-1)
    both = np.stack([women, step.sons[..., np.newaxis] * men], axis=-2)
    out: np.ndarray = newborn[..., np.newaxis, np.newaxis] * both
    return out


def stable_equivalent(
    population: xr.DataArray,
    survival_ratio: xr.DataArray,
    fertility_rate: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
) -> xr.Dataset:
    r"""Stable population that would grow to the same future size under constant rates.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) [persons] at an instant; evenly spaced ages, the last group open.
    survival_ratio : DataArray
        (..., sex, age) [1] by the age reached, of one step.
    fertility_rate : DataArray
        (..., age) [births per woman and year], zero in the first and the open group.
    sex_ratio_at_birth : DataArray or float
        (...) [males per female].

    Returns
    -------
    Dataset
        stable_equivalent (..., sex, age) [persons]; growth_rate (...) [per year], that of
        the projection in steps.

    Raises
    ------
    DimensionError
        If ages or sexes are missing.
    CoordinateError
        If ages are unevenly spaced or labels differ between the inputs.
    BoundsError
        If a value is out of bounds, the first or the open group bears children, no daughters
        are born, no one dies in the open group, or the population falls faster than the open
        group dies out.
    FitError
        If the growth rate cannot be found.

    Notes
    -----
    With the projection matrix :math:`A` of the women, its largest root :math:`\lambda`, right
    vector :math:`u` (ages) and left vector :math:`v` (reproductive values), the equivalent is
    :math:`u\,(v \cdot P)/(v \cdot u)` and :math:`A^t P \to \lambda^t` times it; men follow
    from births. Growth is :math:`\ln\lambda/n` (Keyfitz and Caswell 2005, chapter 8).

    Examples
    --------
    >>> sexes, ages = ["female", "male"], [0, 15, 30]
    >>> P = xr.DataArray([[9.0, 10.0, 20.0]] * 2, dims=("sex", "age"),
    ...                  coords={"sex": sexes, "age": ages})
    >>> S = xr.DataArray([[0.97, 0.96, 0.5]] * 2, dims=("sex", "age"), coords=P.coords)
    >>> f = xr.DataArray([0.0, 0.14, 0.0], dims="age", coords={"age": ages})
    >>> out = stable_equivalent(P, S, f, 1.05)
    >>> round(float(out.growth_rate), 4), round(float(out.stable_equivalent.sum()), 1)
    (-0.0021, 58.5)
    """
    step, people = _leslie(population, survival_ratio, fertility_rate, sex_ratio_at_birth)
    refuse_childless(step.blank.copy(data=step.net_maternity.sum(axis=-1)))
    steps = np.arange(1, people.sizes["age"] + 1, dtype=np.float64)
    log_root = solve_renewal(step.net_maternity, steps)
    root = np.exp(log_root)
    too_fast = root <= np.maximum(step.women[..., -1], step.men[..., -1])
    if too_fast.any():
        raise BoundsError(
            "the population falls faster than its open age group dies out",
            where=first_cell(step.blank, too_fast),
            got=f"a factor of {float(root[too_fast][0]):.4g} a step",
            allowed="more than the survival ratio of the open group",
            fix="extend the ages",
        )
    return xr.Dataset(
        {
            "stable_equivalent": labelled(
                people.copy(data=_limit(step, people, step.daughters, root)),
                "stable_equivalent",
                PERSONS,
                "measure.stable_equivalent",
                "Stable equivalent population",
            ),
            "growth_rate": labelled(
                step.blank.copy(data=log_root / step.width),
                "growth_rate",
                PER_YEAR,
                "measure.intrinsic_growth_rate",
                "Intrinsic growth rate",
            ),
        }
    )


def population_momentum(
    population: xr.DataArray,
    survival_ratio: xr.DataArray,
    fertility_rate: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
) -> xr.DataArray:
    r"""Compute how far a population would still grow if fertility went to replacement at once.

    Parameters
    ----------
    population : DataArray
        (..., sex, age) [persons] at an instant; evenly spaced ages, the last group open.
    survival_ratio : DataArray
        (..., sex, age) [1] by the age reached, of one step; held constant.
    fertility_rate : DataArray
        (..., age) [births per woman and year]; scaled so that the net reproduction rate is 1.
    sex_ratio_at_birth : DataArray or float
        (...) [males per female].

    Returns
    -------
    DataArray
        (...) [1]: above 1 the population would still grow, below 1 it would shrink.

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        As :func:`stable_equivalent`; BoundsError too where there is no population.

    Notes
    -----
    :math:`M = P_\infty / P_0`, without migration: the stationary equivalent at
    :math:`f_x / NRR` over the population. What a projection reaches in some centuries.

    References
    ----------
    Keyfitz, N. (1971). On the momentum of population growth. Demography 8(1).
    Preston, S. H. and Guillot, M. (1997). Population dynamics in an age of declining
    fertility. Genus 53.

    Examples
    --------
    >>> sexes, ages = ["female", "male"], [0, 15, 30]
    >>> P = xr.DataArray([[20.0, 10.0, 8.0]] * 2, dims=("sex", "age"),
    ...                  coords={"sex": sexes, "age": ages})
    >>> S = xr.DataArray([[0.97, 0.96, 0.5]] * 2, dims=("sex", "age"), coords=P.coords)
    >>> f = xr.DataArray([0.0, 0.3, 0.0], dims="age", coords={"age": ages})
    >>> round(float(population_momentum(P, S, f, 1.05)), 3)
    1.324
    """
    step, people = _leslie(population, survival_ratio, fertility_rate, sex_ratio_at_birth)
    reproduction = step.net_maternity.sum(axis=-1)
    refuse_childless(step.blank.copy(data=reproduction))
    final = _limit(
        step, people, step.daughters / reproduction[..., np.newaxis], np.ones(step.blank.shape)
    )
    total = step.blank.copy(data=final.sum(axis=(-2, -1)))
    out = ratio(total, people.sum(["sex", "age"]), "in the population")
    return labelled(
        out, "population_momentum", ONE, "measure.population_momentum", "Population momentum"
    )
