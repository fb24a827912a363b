"""Women by parity and fertility by birth order among the inputs of a projection, checked once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from popsim.engine.inputs import check_reproductive_ages, refuse_foreign_dims
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
)
from popsim.schema import checks
from popsim.schema.conventions import ORDER_FORMS, ORDERS, PARITIES
from popsim.schema.variables import VARIABLES


def incidence_rates(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> xr.DataArray:
    """The incidence rates by order (..., year, order, age) that inputs ask for.

    From ``birth_order_share`` they have the orders of the first year in every year. The inputs are
    those that :func:`check_orders` let pass.
    """
    shares, by_order = ORDER_FORMS
    if by_order in inputs:
        return inputs[by_order].rename(by_order)
    given = inputs[shares]
    rates = inputs["fertility_rate"] * (given / given.sum("order"))
    return rates.transpose(..., "year", "order", "age")


def women_of(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> xr.DataArray:
    """The women by parity (..., parity, age), adding up to the women to the last digits.

    The inputs are those that :func:`check_women` let pass.
    """
    split = inputs["women_by_parity"].astype(np.float64)
    total = inputs["population"].sel(sex="female", drop=True).astype(np.float64)
    added = split.sum("parity")
    # What rounding left goes.
    return split * (total / added.where(added > 0.0, 1.0))


def check_orders(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> None:
    """Raise unless one form of fertility by birth order is given, and adds up.

    Raises
    ------
    MissingVariableError, ConflictError, BoundsError, DimensionError, InputError
    """
    names = ORDER_FORMS
    found = [name for name in names if name in inputs]
    if not found:
        raise MissingVariableError(
            "the baseline has no fertility by birth order",
            where=names[0],
            got=f"variables {sorted(str(v) for v in inputs)}",
            allowed="birth_order_share (order, age), orders 1, 2, 3 (third and higher), or "
            "fertility_rate_by_order (year, order, age)",
            fix="build it with popsim.build_baseline, or get the shares from "
            "popsim.baselines.birth_orders.order_shares",
        )
    if len(found) > 1:
        raise ConflictError(
            "birth orders are given in two forms",
            where=", ".join(found),
            got="both",
            allowed="one: the orders of the first year, or those of every year",
            fix=f"drop one, e.g. inputs.drop_vars({names[0]!r})",
        )
    given = inputs[found[0]]
    refuse_foreign_dims(given, found[0])
    checks.check_variable(given, found[0])
    if given["order"].values.tolist() != list(ORDERS):
        raise InputError(
            "the birth orders are not 1, 2, 3",
            where=found[0],
            got=given["order"].values.tolist(),
            allowed=f"{list(ORDERS)} (3 is third and higher)",
        )
    fertility = inputs["fertility_rate"]
    if found[0] == names[0]:
        checks.check_same_coords({"fertility_rate": fertility, names[0]: given})
        total = given.sum("order")
        off = abs(total - 1.0).values > 1e-6  # shares printed to six digits
        if off.any():
            raise BoundsError(
                "the shares of the birth orders do not add up to one",
                where=f"{names[0]} at {checks.first_cell(total, off)}",
                got=float(total.values[off][0]),
                allowed="1 at every age, also where nobody bears",
                fix="divide the births of each order by those of all orders",
            )
        return
    missing = float(abs(given.sum("order") - fertility).max())
    if missing > checks.rounding(given, fertility):  # of three terms below 1, not births
        raise InputError(
            "the fertility rates by order do not add up to fertility_rate",
            where="fertility_rate_by_order",
            got=f"a difference of {missing:.3g} births per woman and year",
            allowed="none beyond rounding",
            fix="rescale the orders, or recompute fertility_rate as their sum",
        )


def check_women(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> None:
    """Raise unless the women by parity are there, and add up to the women of the population.

    The other inputs are those that :func:`popsim.engine.inputs.check_inputs` let pass.

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError
    """
    if "women_by_parity" not in inputs:
        raise MissingVariableError(
            "there are no women by parity",
            where="women_by_parity",
            got=f"variables {sorted(str(v) for v in inputs)}",
            allowed="women_by_parity (parity, age) [persons], parities 0, 1, 2, 3 (or more)",
            fix="split them by popsim.baselines.parity_start.starting_women",
        )
    split = inputs["women_by_parity"]
    refuse_foreign_dims(split, "women_by_parity")
    checks.check_variable(split, "women_by_parity")
    _check_parities(split, "women_by_parity")
    total = inputs["population"].sel(sex="female", drop=True)
    checks.check_same_coords({"population": total, "women_by_parity": split})
    least = checks.rounding(split, total)
    split, total = split.astype(np.float64), total.astype(np.float64)
    added = split.sum("parity")
    # Beyond the rounding of four terms; a table in whole persons has to be scaled first.
    off = abs(added - total) > least * total.clip(1.0)
    if bool(off.any()):
        at = checks.first_cell(off, off.values)
        raise BoundsError(
            "the women by parity do not add up to the women",
            where=f"women_by_parity at {at}",
            got=float((added + 0.0 * off).transpose(*off.dims).values[off.values][0]),
            allowed=float((total + 0.0 * off).transpose(*off.dims).values[off.values][0]),
            fix="multiply shares that add up to 1 by population.sel(sex='female')",
        )


def check_parity(inputs: xr.Dataset | Mapping[str, xr.DataArray], data: xr.Dataset) -> None:
    """Raise unless women by parity and conditional rates of a projection can be used.

    Parameters
    ----------
    inputs : xarray.Dataset
        As given by the user.
    data : xarray.Dataset
        From :func:`popsim.engine.inputs.check_inputs`.

    Raises
    ------
    MissingVariableError, DimensionError, CoordinateError, BoundsError
    """
    check_women(inputs)
    name = "conditional_fertility_rate"
    rates = inputs[name]
    if "order" in rates.dims and "parity" not in rates.dims:
        raise DimensionError(
            "rates by order are given as conditional rates",
            where=name,
            got=f"dims {tuple(rates.dims)}: incidence rates, per woman of any parity?",
            allowed=f"dims {VARIABLES[name].dims}",
            fix="convert them: popsim.engine.parity.consistent_rates",
        )
    refuse_foreign_dims(rates, name)
    checks.check_variable(rates, name)
    _check_parities(rates, name)
    checks.check_same_coords({str(k): v for k, v in data.data_vars.items()} | {name: rates})
    width = int(data["age"].values[1] - data["age"].values[0])
    check_reproductive_ages(rates, name, width)
    bad = width * rates.values > 1.0
    if bad.any():
        raise BoundsError(
            "women of a parity would bear more than once in a step",
            where=f"{name} at {checks.first_cell(rates, bad)}",
            got=float(rates.values[bad][0]),
            allowed=f"at most 1 birth per woman of the parity in the {width} years",
            fix=VARIABLES[name].hint,
        )
    if "fertility_rate" in inputs:
        _refuse_incidence(rates, inputs["fertility_rate"])


def _check_parities(array: xr.DataArray, name: str) -> None:
    got = array["parity"].values.tolist() if "parity" in array.coords else "no labels"
    if got != list(PARITIES):
        raise CoordinateError(
            "the parities are not 0, 1, 2, 3",
            where=name,
            got=got,
            allowed=f"{list(PARITIES)} (3 is three or more)",
            fix="add up parities above 3, and label by the number of children borne",
        )


def _refuse_incidence(rates: xr.DataArray, fertility: xr.DataArray) -> None:
    """Rates that add up to the fertility of all women are per woman of any parity."""
    total = rates.sel(parity=[0, 1, 2]).sum("parity")
    if bool((fertility > 0).any()) and float(abs(total - fertility).max()) < 1e-6:
        raise BoundsError(
            "incidence rates are given as conditional rates",
            where="conditional_fertility_rate",
            got="rates that add up to fertility_rate: births per woman of any parity",
            allowed="births per woman of the parity, whose share of the women is below 1",
            fix="convert them: popsim.engine.parity.consistent_rates",
        )
