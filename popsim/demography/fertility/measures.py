"""Measures of fertility: how many births, how many daughters, at what age.

Notation: :math:`f(x)` is the rate of the age group from x to x + n (births per
woman and year), n its width. Every function takes any further dimensions (year,
order, region, scenario, draw) and matches them by name.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.fertility.checks import (
    checked_argument,
    checked_width,
    fertility_age_width,
    labelled,
    shares_over_age,
)
from popsim.errors import BoundsError, CoordinateError
from popsim.schema.checks import (
    age_width,
    check_same_coords,
    check_sex,
    check_values,
    first_cell,
)
from popsim.schema.conventions import FEMALE
from popsim.schema.variables import VARIABLES


def total_fertility_rate(fertility_rate: xr.DataArray) -> xr.DataArray:
    r"""Total fertility rate (TFR) of a period or a cohort.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]

    Returns
    -------
    xarray.DataArray
        (...) [births per woman]

    Raises
    ------
    DimensionError, CoordinateError
        See :func:`fertility_age_width`.
    BoundsError
        A rate is missing, infinite or out of bounds.

    Notes
    -----
    :math:`TFR = n \sum_x f(x)` (Preston, Heuveline & Guillot 2001, *Demography*,
    section 5.2). A table by order gives one total an order, which add up.

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.1], dims="age", coords={"age": [20, 25, 30]})
    >>> float(total_fertility_rate(f))
    2.0
    """
    width = checked_width(fertility_rate)
    return labelled(width * fertility_rate.sum("age"), "total_fertility_rate")


def gross_reproduction_rate(
    fertility_rate: xr.DataArray, sex_ratio_at_birth: xr.DataArray | float
) -> xr.DataArray:
    r"""Gross reproduction rate (GRR): daughters per woman, without mortality.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]
    sex_ratio_at_birth : xarray.DataArray or float
        (...) [males per female]

    Returns
    -------
    xarray.DataArray
        (...) [daughters per woman]

    Raises
    ------
    DimensionError, CoordinateError
        See :func:`fertility_age_width`; or the two inputs carry different labels.
    BoundsError
        A rate or a sex ratio is missing or out of bounds.

    Notes
    -----
    :math:`GRR = TFR / (1 + SRB)` (Preston et al. 2001, section 5.2).

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.11], dims="age", coords={"age": [20, 25, 30]})
    >>> round(float(gross_reproduction_rate(f, 1.05)), 12)
    1.0
    """
    tfr = total_fertility_rate(fertility_rate)
    ratio = checked_argument(sex_ratio_at_birth, "sex_ratio_at_birth")
    check_same_coords({"fertility_rate": tfr, "sex_ratio_at_birth": ratio})
    return labelled(tfr / (1.0 + ratio), "gross_reproduction_rate")


def net_reproduction_rate(
    fertility_rate: xr.DataArray,
    person_years: xr.DataArray,
    sex_ratio_at_birth: xr.DataArray | float,
) -> xr.DataArray:
    r"""Net reproduction rate (NRR): daughters per newborn girl.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]
    person_years : xarray.DataArray
        (age, ...), or (sex, age, ...) of which the women are taken
        [person-years per birth]: the life table's Lx of radix 1.
    sex_ratio_at_birth : xarray.DataArray or float
        (...) [males per female]

    Returns
    -------
    xarray.DataArray
        (...) [daughters per woman]; a period measure where the rates are.

    Raises
    ------
    DimensionError
        There is no dimension age.
    CoordinateError
        Ages unevenly spaced; a life table that lacks an age of the rates; labels that
        differ on another shared dimension; sexes that are not female, male.
    BoundsError
        A value is missing or out of bounds: an Lx above the width of its age group is
        a life table of another radix.

    Notes
    -----
    :math:`NRR = \frac{1}{1 + SRB} \sum_x f(x) \, {}_nL_x` with the Lx that the projection
    survives women by (Preston et al. 2001, section 5.3). At NRR = 1 a stable population
    of these rates neither grows nor shrinks.

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.11], dims="age", coords={"age": [20, 25, 30]})
    >>> L = xr.DataArray([4.9, 4.8, 4.7], dims="age", coords={"age": [20, 25, 30]})
    >>> round(float(net_reproduction_rate(f, L, 1.05)), 4)
    0.9595
    """
    width = checked_width(fertility_rate)
    women = person_years
    if "sex" in women.dims:
        check_sex(women)
        women = women.sel(sex=FEMALE, drop=True)
    women = _person_years_at(women, fertility_rate, width)
    ratio = checked_argument(sex_ratio_at_birth, "sex_ratio_at_birth")
    check_same_coords(
        {"fertility_rate": fertility_rate, "person_years": women, "sex_ratio_at_birth": ratio}
    )
    daughters = (fertility_rate * women).sum("age") / (1.0 + ratio)
    return labelled(daughters, "net_reproduction_rate")


def person_years_lived(survival_ratio: xr.DataArray) -> xr.DataArray:
    r"""Person-years lived in each closed age group (Lx of radix 1) out of survival ratios.

    Parameters
    ----------
    survival_ratio : xarray.DataArray
        (age, ...) [1] of the age reached, as :func:`popsim.project` takes it: age 0
        applies to births.

    Returns
    -------
    xarray.DataArray
        (age, ...) [person-years per birth] without the open group, whose person-years
        the survival ratios do not tell.

    Raises
    ------
    DimensionError
        There is no dimension age.
    CoordinateError
        The ages do not start at 0 or are unevenly spaced.
    BoundsError
        A survival ratio is missing or not between 0 and 1.

    Notes
    -----
    :math:`{}_nL_0 = n S_0` and :math:`{}_nL_x = S_x \, {}_nL_{x-n}` (Preston, Heuveline &
    Guillot 2001, section 6.3): exactly the survival of the projection.

    Examples
    --------
    >>> import xarray as xr
    >>> s = xr.DataArray([0.96, 0.99, 0.9], dims="age", coords={"age": [0, 5, 10]})
    >>> person_years_lived(s).round(3).values.tolist()
    [4.8, 4.752]
    """
    fertility_age_width(survival_ratio)
    width = age_width(survival_ratio)
    check_values(survival_ratio, VARIABLES["survival_ratio"])
    closed = survival_ratio.isel(age=slice(None, -1))
    lived = width * closed.cumprod("age").assign_coords(age=closed["age"])
    lived.attrs = VARIABLES["Lx"].attrs()
    return lived.rename("Lx")


def mean_age_at_childbearing(fertility_rate: xr.DataArray) -> xr.DataArray:
    r"""Mean age of a fertility schedule.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]

    Returns
    -------
    xarray.DataArray
        (...) [years]

    Raises
    ------
    DimensionError, CoordinateError, BoundsError
        See :func:`total_fertility_rate`.
    FitError
        All rates of a schedule are zero: it has no mean age.

    Notes
    -----
    :math:`\mu = \sum_x (x + n/2) f(x) / \sum_x f(x)`: of the rates, so the age
    structure of the women plays no part (Human Fertility Database Methods Protocol).

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.1], dims="age", coords={"age": [20, 25, 30]})
    >>> float(mean_age_at_childbearing(f))
    27.5
    """
    width = checked_width(fertility_rate)
    share = shares_over_age(fertility_rate, "fertility_rate")
    mean = (share * (fertility_rate["age"] + width / 2)).sum("age", skipna=False)
    return labelled(mean, "mean_age_at_childbearing")


def variance_of_age_at_childbearing(fertility_rate: xr.DataArray) -> xr.DataArray:
    r"""Variance over age of a fertility schedule.

    Parameters
    ----------
    fertility_rate : xarray.DataArray
        (age, ...) [births per woman and year]

    Returns
    -------
    xarray.DataArray
        (...) [years squared]

    Raises
    ------
    DimensionError, CoordinateError, BoundsError, FitError
        See :func:`mean_age_at_childbearing`.

    Notes
    -----
    :math:`\sigma^2 = \sum_x (x + n/2 - \mu)^2 f(x) / \sum_x f(x)`. The spread within
    age groups (:math:`n^2/12` if even) is left out, as in published tables.

    Examples
    --------
    >>> import xarray as xr
    >>> f = xr.DataArray([0.1, 0.2, 0.1], dims="age", coords={"age": [20, 25, 30]})
    >>> float(variance_of_age_at_childbearing(f))
    12.5
    """
    width = checked_width(fertility_rate)
    share = shares_over_age(fertility_rate, "fertility_rate")
    middle = fertility_rate["age"] + width / 2
    mean = (share * middle).sum("age")
    variance = (share * (middle - mean) ** 2).sum("age")
    return labelled(variance, "variance_of_age_at_childbearing")


def _person_years_at(
    person_years: xr.DataArray, fertility_rate: xr.DataArray, width: int
) -> xr.DataArray:
    """Take the life table at the ages of the rates, closed groups of the same width."""
    if fertility_age_width(person_years) != width:
        raise CoordinateError(
            "the life table and the rates have age groups of different width",
            where="age",
            got=f"{fertility_age_width(person_years)} and {width} years",
            allowed="the same width",
            fix="compute the life table of the same age groups",
        )
    ages = fertility_rate["age"].values
    others = [d for d in fertility_rate.dims if d != "age"]
    fertile = (fertility_rate > 0).any(others).values
    lacking = fertile & ~np.isin(ages, person_years["age"].values)
    if lacking.any():
        raise CoordinateError(
            "the life table lacks an age at which there are births",
            where=f"age={ages[lacking][0]}",
            got=f"ages {person_years['age'].values[0]} to {person_years['age'].values[-1]}",
            allowed="every age with a fertility rate above 0",
            fix="select the ages that both have, or extend the life table",
        )
    women = person_years.reindex(age=ages, fill_value=0.0)
    closed = women["age"] < person_years["age"].max()
    # The open group has more than n person-years, and bears no children.
    meant = (women >= 0) & ((women <= width * (1 + 1e-9)) | ~closed)
    bad = ~(meant & np.isfinite(women)).transpose(*women.dims).values
    if bad.any():
        raise BoundsError(
            "the person-years are not those of a life table of radix 1",
            where=f"Lx at {first_cell(women, bad)}",
            got=women.values[bad][0],
            allowed=f"0 to {width} (the width of the age group)",
            fix="divide Lx by the radix of the life table",
        )
    return women
