"""Registered and resident population: births happen to residents, grants go to the registered."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.errors import BoundsError, DimensionError, MissingVariableError
from popsim.languages import glossed
from popsim.schema.checks import check_same_coords, check_sex, check_values, first_cell
from popsim.schema.variables import VARIABLES

_REMEDY = (
    "count only those of the register who live here (resident at the place of registration): "
    "those who have left bear their children elsewhere"
)


def registered_share(registered: xr.DataArray, residents: xr.DataArray) -> xr.DataArray:
    """Share of the residents who are of the household register, by age.

    Parameters
    ----------
    registered : xarray.DataArray
        (..., age) or (..., sex, age) [persons] registered *and* living in the place; of
        both sexes, the women are taken.
    residents : xarray.DataArray
        The same of all residents [persons].

    Returns
    -------
    xarray.DataArray
        registered_share (..., age) [1], for ``baseline.assign(registered_share=...)``; 0 at
        ages without residents.

    Raises
    ------
    BoundsError
        More registered people than residents at some age, or a count that is negative or
        missing.
    CoordinateError
        Ages, regions or sexes that differ.
    DimensionError
        No ages.

    Examples
    --------
    >>> ages = {"age": [20, 21]}
    >>> here = xr.DataArray([30.0, 50.0], dims="age", coords=ages)
    >>> everyone = xr.DataArray([100.0, 100.0], dims="age", coords=ages)
    >>> registered_share(here, everyone).values.tolist()
    [0.3, 0.5]
    """
    laid = {}
    for name, array in (("registered", registered), ("residents", residents)):
        if "age" not in array.dims:
            raise DimensionError(
                f"the {name} are not by age",
                where=name,
                got=f"dims {tuple(array.dims)}",
                allowed="age, and sex where known",
                fix="where no ages are known give the baseline one number: registered_share=0.6",
            )
        check_values(array, VARIABLES["population"])
        if "sex" in array.dims:
            check_sex(array)
            array = array.sel(sex="female", drop=True)
        laid[name] = array
    check_same_coords(laid)
    share = laid["registered"] / laid["residents"].where(laid["residents"] > 0.0)
    nobody = (laid["residents"] == 0.0) & (laid["registered"] > 0.0)
    share = share.fillna(0.0).where(~nobody, np.inf)
    refuse_above_one(share.transpose(..., "age"))
    share = share.transpose(..., "age").rename("registered_share")
    share.attrs = VARIABLES["registered_share"].attrs()
    return share


def refuse_above_one(share: xr.DataArray) -> None:
    """Raise where the registered population exceeds the residents.

    Raises
    ------
    BoundsError
    """
    bad = share.values > 1.0
    if bad.any():
        raise BoundsError(
            "the registered population exceeds the residents",
            where=f"registered_share at {first_cell(share, bad)}"
            if share.ndim
            else "registered_share",
            got=float(share.values[bad][0]),
            allowed="0 to 1 [1]: registered residents over all residents",
            fix=_REMEDY,
        )


def registered_share_of_births(
    baseline: xr.Dataset, births: xr.DataArray | None = None
) -> xr.DataArray:
    r"""Share of the births to residents that is to registered families.

    Parameters
    ----------
    baseline : xarray.Dataset
        Inputs of :func:`popsim.project` with ``registered_share`` [1]: one number, or by
        ``age`` of the mother; each also by ``region``.
    births : xarray.DataArray, optional
        (..., year, age) of the projection of the baseline [persons]; needed where the share is
        by age.

    Returns
    -------
    xarray.DataArray
        [1]; with dim ``year`` where the share is given by age, and ``region`` where the
        baseline has regions and the share differs between them. The attributes say what
        is counted.

    Raises
    ------
    MissingVariableError
        The baseline has no registered_share, or births are needed and not given.
    BoundsError
        A share above 1 (more registered people than residents), below 0 or missing at
        some age.
    DimensionError
        A share with dims other than region and age.

    Notes
    -----
    By age, with the baseline's births :math:`B_{ta}` and the share :math:`s_a` of the
    women of age :math:`a` who are registered, who are taken to bear at the rates of all:

    .. math:: s_t = \sum_a s_a B_{ta} \Big/ \sum_a B_{ta} .

    The share stays with the age while cohorts pass through: it describes a place into
    which the young keep moving, not a cohort that settles.

    Examples
    --------
    >>> import popsim as ps
    >>> float(registered_share_of_births(ps.load_baseline("ouhai", end=2022)))
    0.5
    """
    if "registered_share" not in baseline:
        raise MissingVariableError(
            "the share of registered families is not known",
            where="registered_share",
            got=f"variables {sorted(str(v) for v in baseline.data_vars)}",
            allowed="registered_share [1], one number or by age of mother",
            fix="baseline.assign(registered_share=0.6)",
        )
    share = baseline["registered_share"]
    foreign = [d for d in share.dims if d not in ("region", "age")]
    if foreign:
        raise DimensionError(
            f"registered_share varies over {foreign[0]!r}, which it cannot",
            where="registered_share",
            got=f"dims {tuple(share.dims)}",
            allowed="none, age, region",
            fix=f"select or average over {foreign[0]!r}; of both sexes take the women",
        )
    refuse_above_one(share)
    check_values(share, VARIABLES["registered_share"])
    if "age" in share.dims:
        if births is None:
            raise MissingVariableError(
                "the share of registered families is by age, and births by age are not given",
                where="births",
                got=None,
                allowed="births (year, age) of the baseline [persons]",
                fix="give popsim.project(baseline).births",
            )
        share = (births * share).sum("age") / births.sum("age")
    out = share.transpose("region", ..., missing_dims="ignore").rename("registered_share")
    out.attrs = VARIABLES["registered_share"].attrs() | counted(baseline)
    return out


def counted(baseline: xr.Dataset) -> dict[str, str]:
    """Attributes that say whom births and costs of a result count.

    Parameters
    ----------
    baseline : xarray.Dataset

    Returns
    -------
    dict
        ``population_counted`` and ``registered_counted``, texts for a result's attributes.

    Examples
    --------
    >>> import popsim as ps
    >>> counted(ps.load_baseline("ouhai", end=2021))["population_counted"].startswith("residents")
    True
    """
    families = glossed("term.registered", "registered families")
    out = {"population_counted": f"{glossed('term.residents', 'residents')}: population and births"}
    if "registered_share" not in baseline:
        how = f"not known: instruments for {families} cannot be run"
    elif "age" in baseline["registered_share"].dims:
        how = f"births to {families}: share of registered women at each age of mother"
    else:
        how = f"births to {families}: one share of all births"
    return out | {"registered_counted": how}
