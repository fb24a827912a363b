"""Women by parity: ``consistent_rates()`` and the engine that projects by conditional rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from popsim.engine.classic import SUMMARY_AGES, Engine, flat, group_labels
from popsim.engine.inputs import check_inputs, check_reproductive_ages, refuse_foreign_dims
from popsim.errors import (
    BoundsError,
    ConflictError,
    CoordinateError,
    DimensionError,
    InfeasibleError,
    InputError,
    MissingVariableError,
)
from popsim.kernels.step import parity as kernel
from popsim.schema import checks
from popsim.schema.provenance import provenance
from popsim.schema.variables import VARIABLES, describe

PARITIES = (0, 1, 2, 3)
ORDERS = (1, 2, 3)

#: Births a year per woman of a parity up to which :func:`consistent_rates` raises a rate
#: before other orders bear the rest. An assumption: twice what the shipped baselines start
#: from, and short of what would leave nobody to respond.
CEILING = 0.5


#: Births that move or are lost beyond what rounding of sums leaves.
_ROUNDING = 1e-9


def consistent_rates(
    inputs: xr.Dataset | Mapping[str, xr.DataArray], *, timing: str = "even"
) -> xr.Dataset:
    r"""Conditional rates by which the parity engine has the births of the classic engine.

    Parameters
    ----------
    inputs : xarray.Dataset
        As for :func:`popsim.project`, with ``women_by_parity`` (parity, age) [persons] and one
        of ``birth_order_share`` (order, age) [1], the orders of the births of the first year,
        and ``fertility_rate_by_order`` (year, order, age) [births per woman and year], those
        of every year.
    timing : {"even", "end"}

    Returns
    -------
    xarray.Dataset
        - ``conditional_fertility_rate`` (..., year, parity, age) [births per woman of the
          parity and year]
        - ``fertility_rate_by_order`` (..., year, order, age) [births per woman and year]:
          incidence rates as they come out
        - ``women_by_parity`` (..., time, parity, age) [persons]
        - ``population`` (..., time, sex, age) [persons]
        - ``births_reordered``, ``births_displaced`` (..., year) [persons]: births that women of
          another parity, or of another age, bear than those asked for

    Raises
    ------
    InfeasibleError
        More births than all women of reproductive age can bear.
    BoundsError
        Parities or orders that do not add up.
    ConflictError
        Both forms of birth order at once.
    InputError
        As from :func:`popsim.project`; rates by order that do not add up to
        ``fertility_rate``.

    Notes
    -----
    The step of the kernel with births given,
    :math:`B(a) = n f(a) \tfrac12 (A_a + E_a)`, of which order :math:`o` has the share
    :math:`s_o(a)`, and :math:`c_k(a) = s_o(a) B(a) / (n X_k(a))` with the exposed women
    :math:`X` of the parity (:mod:`popsim.kernels.step.parity`). From shares of the first year
    :math:`t_0`, later years have conditional rates in the proportions of that year,

    .. math:: c_k(t, a) = \min[\lambda(t, a)\, c_k(t_0, a),\; \text{CEILING}],

    :math:`\lambda` being what gives the births of the age; so the order mix follows from
    how the women stand by parity. (A rate above :data:`CEILING` in the first year is its own
    ceiling.) Births of third and higher order are borne by women with two children and
    with more at one rate.

    Births are conserved. No woman bears more than once a step; where the women of a parity are
    too few for the births of their order, the others of the age bear them: in their proportions
    up to the ceiling, then all parities by one share of what each has left. Where the women of
    an age are too few, those of the nearest ages do
    (:func:`popsim.kernels.bearing.fill_rates`, :func:`~popsim.kernels.bearing.spread_over_ages`).

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("huzhou", end=2022)
    >>> women = baseline.population.sel(sex="female", drop=True)
    >>> shares = xr.DataArray([0.3, 0.4, 0.2, 0.1], dims="parity", coords={"parity": range(4)})
    >>> rates = consistent_rates(baseline.assign(women_by_parity=women * shares))
    >>> rates.conditional_fertility_rate.dims
    ('year', 'parity', 'age')
    """
    data = check_inputs(inputs, timing=timing, outputs="full")
    by_order = incidence_rates(inputs)
    women = check_women(inputs, data)
    data = data.drop_vars("fertility_rate", errors="ignore")
    engine = ParityEngine(data, women=women, rates=by_order, timing=timing)
    made = engine.convert(by_order, first_year="birth_order_share" in inputs)
    made.attrs = provenance("consistent_rates", timing=timing)
    return describe(made)


def incidence_rates(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> xr.DataArray:
    """Return the incidence rates by order (..., year, order, age) that the inputs ask for.

    From ``birth_order_share`` they have the orders of the first year in every year.

    Raises
    ------
    MissingVariableError, ConflictError, BoundsError, DimensionError, InputError
        As from :func:`check_orders`.
    """
    given = check_orders(inputs)
    if given.name != "birth_order_share":
        return given
    rates = inputs["fertility_rate"] * (given / given.sum("order"))
    return rates.transpose(..., "year", "order", "age")


def check_orders(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> xr.DataArray:
    """Return ``birth_order_share`` or ``fertility_rate_by_order``, whichever is given, checked.

    Raises
    ------
    MissingVariableError, ConflictError, BoundsError, DimensionError, InputError
    """
    names = ("birth_order_share", "fertility_rate_by_order")
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
        return given.rename(names[0])
    missing = float(abs(given.sum("order") - fertility).max())
    if missing > checks.rounding(given, fertility):  # of three terms below 1, not births
        raise InputError(
            "the fertility rates by order do not add up to fertility_rate",
            where="fertility_rate_by_order",
            got=f"a difference of {missing:.3g} births per woman and year",
            allowed="none beyond rounding",
            fix="rescale the orders, or recompute fertility_rate as their sum",
        )
    return given.rename(names[1])


def check_women(inputs: xr.Dataset | Mapping[str, xr.DataArray], data: xr.Dataset) -> xr.DataArray:
    """Return the women by parity, checked against the women of the population.

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
    total = data["population"].sel(sex="female", drop=True)
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
    # What rounding left goes, so that the sum over parity is the women's to the last digits.
    return split * (total / added.where(added > 0.0, 1.0))


def check_parity(
    inputs: xr.Dataset | Mapping[str, xr.DataArray], data: xr.Dataset
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return women by parity and conditional rates of a projection, both checked.

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
    women = check_women(inputs, data)
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
    checks.check_same_coords(
        {"population": data["population"], "survival_ratio": data["survival_ratio"], name: rates}
    )
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
    return women, rates


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


def _mix(births: xr.DataArray) -> xr.DataArray:
    """Shares of the orders; those of nobody where nobody bears."""
    total = births.sum("order")
    return births / total.where(total > 0.0, 1.0)


def _kept(rates: xr.DataArray, births: xr.DataArray) -> xr.DataArray:
    """Births by order in proportion to the conditional rates of the first year, women as now."""
    by_order = rates.isel(parity=[0, 1, 2], drop=True).rename(parity="order")
    by_order = by_order.assign_coords(order=births["order"])
    women = births / by_order.where(by_order > 0.0)  # who bore none had no rate to keep
    return (by_order.isel(year=0, drop=True) * women).fillna(0.0)


class ParityEngine(Engine):
    """One set of checked inputs with women by parity, laid out for the kernels.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`popsim.engine.inputs.check_inputs`.
    women : xarray.DataArray
        (..., parity, age) [persons], from :func:`check_women`.
    rates : xarray.DataArray
        (..., year, parity, age) [births per woman of the parity and year]; or by order
        [births per woman and year], for :meth:`convert` alone.
    factor : xarray.DataArray, optional
        (..., year, order) [1]; multiplies the conditional rates at which the order is borne.
        No rate passes one confinement a step, whatever the factor.
    timing : {"even", "end"}
    """

    _by_parity = True

    def __init__(
        self,
        data: xr.Dataset,
        *,
        women: xr.DataArray,
        rates: xr.DataArray,
        factor: xr.DataArray | None = None,
        timing: str = "even",
    ) -> None:
        if factor is None:
            shape = (data.sizes["year"], len(ORDERS))
            factor = xr.DataArray(np.ones(shape), {"order": list(ORDERS)}, ("year", "order"))
        self._rate_dims = ("year", "parity" if "parity" in rates.dims else "order", "age")
        data = data.assign(women_by_parity=women)
        super().__init__(data, fertility=rates, factor=factor, timing=timing)
        split = self.cells.rows(women, ["parity", "age"])
        self.arguments[2:2] = [split.values, split.index]

    def full(self) -> xr.Dataset:
        """Project and keep every age; ``total_fertility_rate`` (year) as it came out."""
        arrays, altered = self._run_full()
        del arrays["conditional_fertility_rate"]
        exposed = self._exposed(arrays)
        births = arrays["births"][0].sum(axis=2)
        rates = np.divide(births, exposed, out=np.zeros_like(births), where=exposed > 0.0)
        arrays["total_fertility_rate"] = (rates.sum(axis=2), ("year",))
        result = self._dataset(**arrays)
        self._warn_if_altered(altered, arrays["migration_adjustment"][0])
        return result

    def convert(self, asked: xr.DataArray, *, first_year: bool) -> xr.Dataset:
        """Conditional rates from the incidence rates asked for; see :func:`consistent_rates`."""
        arrays, _ = self._run_full(kernel.FIRST_YEAR if first_year else kernel.BY_ORDER)
        kept = ("conditional_fertility_rate", "women_by_parity", "population", "births")
        exposed = self._exposed(arrays) * self.step
        arrays["exposed"] = (exposed, ("year", "age"))
        made = self._dataset(**{k: arrays[k] for k in (*kept, "exposed")})
        births, women = made["births"].drop_attrs(), made["exposed"]
        total, wanted = births.sum("order"), (asked.sum("order") * women).clip(0.0).drop_attrs()
        self._refuse_lost((wanted - total).sum("age"), wanted.sum("age"))
        rate = births / women.where(women > 0.0, 1.0)
        made["fertility_rate_by_order"] = rate.transpose(*births.dims)
        mix = _mix(asked)
        if first_year:  # later years keep the rates of the first in their proportions
            later = _mix(_kept(made["conditional_fertility_rate"], births))
            mix = xr.where(asked["year"] == asked["year"][0], mix, later)
        for name, moved in (
            ("births_displaced", (wanted - total).clip(0.0).sum("age")),
            ("births_reordered", 0.5 * abs(births - total * mix).sum(["order", "age"])),
        ):
            made[name] = moved.where(moved > _ROUNDING * total.sum("age"), 0.0)
        return made.drop_vars(["births", "exposed"])

    def _refuse_lost(self, lost: xr.DataArray, births: xr.DataArray) -> None:
        """Raise where births are lost beyond rounding."""
        bad = lost > _ROUNDING * births
        if bool(bad.any()):
            raise InfeasibleError(
                "more births are asked for than all women of reproductive age can bear",
                where=f"fertility_rate at {checks.first_cell(lost, bad.values)}",
                got=f"{lost.values[bad.values][0]:.6g} births that nobody is left to bear",
                allowed="about one birth a step for three of four women",
                fix="check the fertility rates (births per woman and year) and the women",
            )

    def _exposed(self, arrays: dict[str, Any]) -> np.ndarray:
        """Women (cell, year, age) to whom births of the year are referred."""
        women, moves, lift = (
            arrays[name][0][:, :, 0] for name in ("population", "net_migration", "population_lift")
        )
        moves = moves - lift  # which comes after the births
        at_start = moves / 2.0 if self.even else 0.0
        at_end = lift if self.even else lift + moves  # who comes then has borne elsewhere
        exposed: np.ndarray = (women[:, :-1] + at_start + women[:, 1:] - at_end) / 2.0
        return exposed

    def _run_full(self, given: int = kernel.CONDITIONAL) -> tuple[dict[str, Any], np.ndarray]:
        count, years, ages = self.cells.count, len(self.years), len(self.ages)
        converted = 1 if given == kernel.CONDITIONAL else years
        population = np.empty((count, years + 1, 2, ages))
        women = np.empty((count, years + 1, len(PARITIES), ages))
        rates = np.zeros((count, converted, len(PARITIES), ages))
        births = np.zeros((count, years, len(ORDERS), ages))
        deaths, migration, adjustment, lift = (np.zeros((count, years, 2, ages)) for _ in range(4))
        altered = np.empty((count, years), dtype=np.int64)
        stocks = (flat(population), women, rates, births)
        flows = (flat(deaths), flat(migration), flat(adjustment), flat(lift))
        ceiling = min(CEILING * self.step, 1.0)
        arguments = (*self.arguments, given, ceiling, *stocks, *flows, altered)
        kernel.project_full(*arguments)
        by_age = ("sex", "age")
        arrays: dict[str, Any] = {
            "population": (population, ("time", *by_age)),
            "women_by_parity": (women, ("time", "parity", "age")),
            "conditional_fertility_rate": (rates, ("year", "parity", "age")),
            "births": (births, ("year", "order", "age")),
            "deaths": (deaths, ("year", *by_age)),
            "net_migration": (migration, ("year", *by_age)),
            "migration_adjustment": (adjustment, ("year", *by_age)),
            "population_lift": (lift, ("year", *by_age)),
        }
        return arrays, altered

    def summary(self, lower_bounds: Sequence[int] = SUMMARY_AGES) -> xr.Dataset:
        """Project and keep sums over age groups; ``total_fertility_rate`` (year) as it came out."""
        lower = [a for a in lower_bounds if a in set(self.ages.tolist())]
        borders = np.append(np.searchsorted(self.ages, lower), len(self.ages)).astype(np.int64)
        count, years, ages = self.cells.count, len(self.years), len(self.ages)
        population = np.empty((count, years + 1, 2, len(lower)))
        births, fertility = np.empty((count, years, len(ORDERS))), np.empty((count, years))
        deaths, migration, adjustment, lift = (np.zeros((count, years, 2)) for _ in range(4))
        altered = np.empty((count, years), dtype=np.int64)
        final, women = np.empty((count, 2, ages)), np.empty((count, len(PARITIES), ages))
        out = (population, births, fertility, deaths, migration, adjustment, lift, altered)
        arguments = (*self.arguments, borders, *out, flat(final), women)
        kernel.project_summary(*arguments)
        result = self._dataset(
            population=(population, ("time", "sex", "age_group")),
            births=(births, ("year", "order")),
            total_fertility_rate=(fertility, ("year",)),
            deaths=(deaths, ("year", "sex")),
            net_migration=(migration, ("year", "sex")),
            migration_adjustment=(adjustment, ("year", "sex")),
            population_lift=(lift, ("year", "sex")),
            population_final=(final, ("sex", "age")),
            women_by_parity_final=(women, ("parity", "age")),
            age_group=group_labels(lower),
        )
        self._warn_if_altered(altered, adjustment)
        return result

    def _dataset(self, *, age_group: list[str] | None = None, **arrays: Any) -> xr.Dataset:
        result = super()._dataset(age_group=age_group, **arrays)
        return result.assign_coords(parity=("parity", list(PARITIES)))
