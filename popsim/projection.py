"""``project()``: checked inputs -> one kernel call -> labelled result."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from popsim.demography.infants import check_first_group, separate_infants
from popsim.demography.lifetable import life_table
from popsim.demography.survival import survival_ratio
from popsim.errors import BoundsError, ConflictError, InputError, MigrationAdjustmentWarning
from popsim.kernels import cohort
from popsim.kernels.lanes import LANES
from popsim.kernels.summary import Inputs, allocate, cells_first, project_summary
from popsim.schema import checks
from popsim.schema.blocks import chunks_of, over_blocks
from popsim.schema.cells import Cells, Rows
from popsim.schema.migration_unit import large_rates, warn_of_large_rates, warn_of_small_counts
from popsim.schema.provenance import provenance, rules_of
from popsim.schema.variables import VARIABLES, describe, describe_flows, years_in_words

TIMINGS = ("even", "end")
OUTPUTS = ("full", "summary")

MIGRATION_MODES = {
    "net_migration": cohort.COUNTS,
    "net_migration_rate": cohort.RATES,
    "net_migration_total": cohort.TOTAL,
}
_MORTALITY = ("survival_ratio", "mortality_rate")
_REQUIRED = ("population", "fertility_rate", "sex_ratio_at_birth")
_BY_PARITY = ("women_by_parity", "conditional_fertility_rate")
INPUTS = (*_REQUIRED, *_MORTALITY, *MIGRATION_MODES, *_BY_PARITY)
#: Dims that one cell needs whole.
CORE = ("year", "sex", "age", "order", "parity", "child_age")

#: Dimensions of age groups, and what takes an input from them to single ages.
AGE_GROUPS = ("age_group", "abridged_age", "mother_age")
_GRADUATION = "popsim.demography.graduation."
GRADUATED_BY = {
    "population": f"{_GRADUATION}graduate_counts",
    "mortality_rate": f"{_GRADUATION}graduate_rates(..., kind='mortality')",
    "fertility_rate": f"{_GRADUATION}graduate_rates(..., kind='fertility')",
    "net_migration": f"{_GRADUATION}graduate_net_migration",
    "net_migration_total": f"{_GRADUATION}graduate_net_migration, and name it net_migration",
}

#: The one label of births that are not by order, which a result leaves out.
ALL_ORDERS = "all"

#: Ages at which births can happen: below and above, registers know single cases only.
REPRODUCTIVE_AGES = (10, 60)

#: Ages (the last exclusive) whose women bear the births that are too many for other ages.
MOTHERS_AGES = (15, 50)

#: Lower bounds of the age groups that a summary keeps: childcare 0-2, kindergarten 3-5,
#: primary 6-11, junior 12-14 and senior 15-17 school, women 20-34 and 15-49, and the
#: borders 60, 65 and 80 of old age.
SUMMARY_AGES = (0, 3, 6, 12, 15, 18, 20, 35, 50, 60, 65, 80)


def project(
    inputs: xr.Dataset | Mapping[str, xr.DataArray],
    *,
    timing: str = "even",
    outputs: str = "full",
) -> xr.Dataset:
    r"""Project a population by the cohort-component method.

    Parameters
    ----------
    inputs : xarray.Dataset
        Further dimensions (region, scenario, draw) broadcast by name. Dask-backed inputs,
        in chunks along such dimensions, give a dask-backed result.

        - ``population`` (sex, age) [persons], on 1 January of the first year
        - ``survival_ratio`` (year, sex, age) [1] or ``mortality_rate`` (year, sex, age)
          [deaths per person-year]
        - ``fertility_rate`` (year, age) [births per woman and year]
        - ``sex_ratio_at_birth`` (year) [males per female]
        - at most one of ``net_migration`` (year, sex, age) [persons a year],
          ``net_migration_rate`` (year, sex, age) [per person and year],
          ``net_migration_total`` (year) [persons a year]

        - both of ``women_by_parity`` (parity, age) [persons] and
          ``conditional_fertility_rate`` (year, parity, age) [births per woman of the parity
          and year] project women by parity; the latter takes the place of ``fertility_rate``

        Coordinates: ``sex`` = female, male; ``age`` = evenly spaced lower bounds from 0,
        the last group open; ``year`` = first calendar year of each step, a step being as
        long as an age group is wide.
    timing : {"even", "end"}
        Half of the net migrants at the start of the step and half at its end, or all
        after deaths and births.
    outputs : {"full", "summary"}
        Every age, or sums over the age groups of :data:`SUMMARY_AGES` with single ages at
        the last ``time`` only.

    Returns
    -------
    xarray.Dataset
        ``population`` (time, sex, age), ``births`` (year, age), ``deaths``,
        ``net_migration``, ``migration_adjustment`` and, of the latter, ``population_lift``
        (year, sex, age) [persons in the step]. Stocks stand on 1 January of ``time``; flows
        cover the step from ``year``, as their units say where it is not one year; deaths are
        by the age group that the cohort reaches (cohort-period). In a summary, population
        is by ``age_group``, the flows are summed over age, and ``population_final`` (sex,
        age) is added. By parity, births have the dimension
        ``order`` (3 is third and higher), and ``women_by_parity`` (time, parity, age), in a
        summary ``women_by_parity_final`` (parity, age), is added: see
        :mod:`popsim.parity_engine`.

    Raises
    ------
    MissingVariableError, UnknownVariableError
        An input is absent or its name misspelt.
    DimensionError, CoordinateError
        Wrong dimensions, order of sexes, gaps in ages or years, labels that differ; five-year
        death rates of which the first is that of infants alone.
    BoundsError
        Negative or missing values, rates per 1,000, births outside of reproductive ages.
    ConflictError
        Two forms of mortality or of migration at once.

    Warns
    -----
    MigrationAdjustmentWarning
        Net migration would have emptied an age group and was altered.
    MigrationUnitWarning
        Net migration moves more than half of the people that a year begins with, or is below
        one person everywhere: is it in another unit?

    Notes
    -----
    With :math:`P` the population at the start, :math:`M` the net migrants of the step
    (:math:`h = M/2` for even timing, else 0), :math:`S_a` the survival ratio to the group
    reached, :math:`f_a` the fertility rate and :math:`n` the step:

    .. math::

        E_a &= S_a (P_{a-1} + h_{a-1}) + h_a, \qquad
        E_\omega = S_\omega (P_{\omega-1} + P_\omega + h_{\omega-1} + h_\omega) + h_\omega \\
        B &= \sum_a n f_a \tfrac12 (P_a + h_a + E_a)_{\text{women}}, \qquad
        E_0 = S_0 B_s + h_0

    the form of the UN Population Division's ``ccmppWPP`` (Preston, Heuveline and Guillot
    2001, ch. 6). Where :math:`P_a + M_a \le 0` that :math:`M_a` becomes
    :math:`10^{-5} - P_a`; a group that still ends below zero is lifted to 0.0005 persons.
    Both are that code's rules. What lifted a group counts here as net migration, so that the
    accounting identity :math:`P_{t+1} = P_t + B - D + M` holds for the migration as applied;
    the UN's code leaves it out of its migration, which is ``net_migration`` less
    ``population_lift``.

    Examples
    --------
    >>> import popsim as ps
    >>> result = ps.project(ps.load_baseline("ouhai", end=2030))
    >>> result.population.dims
    ('time', 'sex', 'age')
    """
    if isinstance(inputs, xr.Dataset) and (chunks := chunks_of(inputs, CORE)):
        run = partial(project, timing=timing, outputs=outputs)
        return over_blocks(run, inputs, chunks, core=CORE)
    data = check_inputs(inputs, timing=timing, outputs=outputs)
    if "conditional_fertility_rate" in inputs:
        from popsim.parity_engine import ParityEngine, check_parity

        women, rates = check_parity(inputs, data)
        engine: Engine = ParityEngine(data, women=women, rates=rates, timing=timing)
        result = engine.full() if outputs == "full" else engine.summary()
    else:
        engine = Engine(data, fertility=of_all_orders(data), timing=timing)
        result = engine.full() if outputs == "full" else engine.summary()
    check_migration_unit(data, engine, result if outputs == "full" else None)
    result.attrs = {
        **data.attrs,
        **rules_of(inputs if isinstance(inputs, xr.Dataset) else data),
        **provenance("project", timing=timing, outputs=outputs),
    }
    return result


def of_all_orders(data: xr.Dataset) -> xr.DataArray:
    """Fertility rates as an engine takes them, all birth orders being one."""
    return data["fertility_rate"].expand_dims(order=[ALL_ORDERS])


def check_migration_unit(
    data: xr.Dataset, engine: Engine, result: xr.Dataset | None = None, *, stacklevel: int = 3
) -> None:
    """Warn where net migration seems to be in another unit.

    The rates of a year count by the people whom that year begins with: of the ``result`` where
    it has every age, else the ``engine`` projects them, if any rate is that large.
    """
    warn_of_small_counts(data, stacklevel=stacklevel)
    if large_rates(data):
        people = engine.people() if result is None else result["population"]
        warn_of_large_rates(data, people, stacklevel=stacklevel)


def check_inputs(
    inputs: xr.Dataset | Mapping[str, xr.DataArray], *, timing: str, outputs: str
) -> xr.Dataset:
    """Check the inputs of a projection, once, and return those that it reads.

    Mortality comes back as survival ratios. Raises as :func:`project` does.
    """
    checks.check_option(timing, TIMINGS, "timing")
    checks.check_option(outputs, OUTPUTS, "outputs")
    data = _as_dataset(inputs)
    checks.refuse_misspelt(data, INPUTS)
    by_parity = "conditional_fertility_rate" in data
    required = tuple(n for n in _REQUIRED if n != "fertility_rate" or not by_parity)
    checks.require(data, required)
    mortality = _one_of(data, _MORTALITY, needed=True)
    migration = _one_of(data, tuple(MIGRATION_MODES), needed=False)
    names = [*required, *mortality, *migration]
    for name in names:
        refuse_age_groups(data[name], name)
        checks.check_dims(data[name], VARIABLES[name])
    checks.check_sex(data)
    width = checks.age_width(data)
    checks.check_years(data, width)
    for name in names:
        refuse_foreign_dims(data[name], name)
        checks.check_values(data[name], VARIABLES[name])
    if not by_parity:
        check_reproductive_ages(data["fertility_rate"], "fertility_rate", width)
    data = data[names]
    if mortality == ("mortality_rate",):
        rates = data["mortality_rate"]
        if width != 1:
            check_first_group(rates)
            rates = separate_infants(rates)
        table = life_table(rates)
        ratios = survival_ratio(table, width=width)
        data = data.drop_vars("mortality_rate").assign(survival_ratio=ratios)
    return data


def _as_dataset(inputs: xr.Dataset | Mapping[str, xr.DataArray]) -> xr.Dataset:
    if isinstance(inputs, xr.Dataset):
        return inputs
    if not isinstance(inputs, Mapping):
        raise InputError(
            "the inputs are not a Dataset",
            where="inputs",
            got=type(inputs).__name__,
            allowed="an xarray.Dataset, or a mapping of names to DataArrays",
        )
    for name, array in inputs.items():
        if not isinstance(array, xr.DataArray):
            raise InputError(
                f"the input {name} is not labelled",
                where=str(name),
                got=type(array).__name__,
                allowed="an xarray.DataArray with named dimensions and coordinates",
            )
    # xarray would take the union of unequal labels and fill with NaN.
    arrays = {str(name): array for name, array in inputs.items()}
    checks.check_same_coords(arrays)
    return xr.Dataset(arrays)


def _one_of(data: xr.Dataset, names: tuple[str, ...], *, needed: bool) -> tuple[str, ...]:
    found = tuple(n for n in names if n in data)
    if len(found) > 1:
        raise ConflictError(
            f"{found[0]} and {found[1]} are both given",
            where=", ".join(found),
            got=f"{len(found)} forms of the same input",
            allowed=f"{'exactly' if needed else 'at most'} one of {', '.join(names)}",
            fix=f"drop one, e.g. inputs.drop_vars({found[1]!r})",
        )
    if needed and not found:
        checks.require(data, names[:1])
    return found


def refuse_age_groups(array: xr.DataArray, name: str) -> None:
    """Raise DimensionError if an input is by age groups, which are no age of a projection.

    Taken as a dimension of its own each group would become a population beside the others.
    """
    groups = [d for d in AGE_GROUPS if d in array.dims]
    if groups:
        helper = GRADUATED_BY.get(name, "a sum over the groups")
        raise checks.DimensionError(
            f"{name} is by {groups[0]!r}, which is not an age of the projection",
            where=name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"dims {VARIABLES[name].dims} and leading ones such as region or draw",
            fix=f"popsim.build_baseline takes tables by age group; for single ages use {helper}",
        )


def refuse_foreign_dims(array: xr.DataArray, name: str) -> None:
    """Raise DimensionError if an input varies over a core dimension of other variables."""
    foreign = [d for d in CORE if d in array.dims and d not in VARIABLES[name].dims]
    if foreign:
        raise checks.DimensionError(
            f"{name} varies over {foreign[0]!r}, which it cannot",
            where=name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"dims {VARIABLES[name].dims} and leading ones such as region or draw",
            fix=f"select or sum over {foreign[0]!r}",
        )


def check_reproductive_ages(fertility: xr.DataArray, name: str, width: int) -> None:
    """Raise BoundsError where there is fertility outside of the reproductive ages."""
    ages = fertility["age"].values
    low, high = REPRODUCTIVE_AGES
    barren = (ages < low) | (ages >= high) | (ages == ages[0]) | (ages == ages[-1])
    bad = (fertility > 0) & xr.DataArray(barren, dims="age", coords={"age": ages})
    if bool(bad.any()):
        bad = bad.transpose(*fertility.dims)
        raise BoundsError(
            "fertility outside of the reproductive ages",
            where=f"{name} at {checks.first_cell(fertility, bad.values)}",
            got=float(fertility.values[bad.values][0]),
            allowed=f"0 below age {low}, from age {high}, and in the first and the open group",
            fix="set the rates there to 0; is the age axis shifted?",
        )


class Engine:
    """One set of checked inputs, laid out for the kernels.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`check_inputs`.
    fertility : xarray.DataArray
        Dims (..., year, order, age) [births per woman and year]; the orders add up.
    factor : xarray.DataArray, optional
        Dims (..., year, order) [1]; multiplies the fertility of an order. Small, so it may
        vary over draws and scenarios where the rates themselves are shared.
    timing : {"even", "end"}
    """

    _rate_dims: Sequence[str] = ("year", "order", "age")
    _by_parity = False

    def __init__(
        self,
        data: xr.Dataset,
        *,
        fertility: xr.DataArray,
        factor: xr.DataArray | None = None,
        timing: str = "even",
    ) -> None:
        if factor is None:
            orders = fertility["order"].values
            shape = (data.sizes["year"], len(orders))
            factor = xr.DataArray(np.ones(shape), {"order": orders}, ("year", "order"))
        self.orders = factor["order"].values
        # The factor first: its leading dims (scenario, draw) then lead in the result.
        arrays = {"factor": factor, **{str(k): v for k, v in data.data_vars.items()}}
        arrays["fertility_rate"] = fertility
        self.cells = cells = Cells(arrays, core=CORE)
        self.ages = data["age"].values
        self.years = data["year"].values
        self.step = int(self.ages[1] - self.ages[0])
        self.even = timing == "even"

        migration = [n for n in MIGRATION_MODES if n in data]
        self.mode = MIGRATION_MODES[migration[0]] if migration else cohort.CLOSED
        if self.mode == cohort.CLOSED:
            nothing = np.zeros((1, len(self.years), 1))
            flows = Rows(nothing, np.zeros(cells.count, dtype=np.int64))
        elif self.mode == cohort.TOTAL:
            flows = cells.rows(data[migration[0]], ["year"])
            flows = Rows(flows.values[:, :, None], flows.index)
        else:
            flows = _state(cells.rows(data[migration[0]], ["year", "sex", "age"]))
        rates = cells.rows(fertility, self._rate_dims)
        self.first, self.last = bearing_ages(rates.values)
        if self._by_parity:
            self.first, self.last = may_bear(self.first, self.last, self.ages)
        self.rows = (
            _state(cells.rows(data["population"], ["sex", "age"])),
            _state(cells.rows(data["survival_ratio"], ["year", "sex", "age"])),
            rates,
            cells.rows(factor, ["year", "order"]),
            cells.rows(data["sex_ratio_at_birth"], ["year"]),
            flows,
        )
        self.arguments: list[Any] = [part for row in self.rows for part in (row.values, row.index)]
        self.arguments += [self.mode, float(self.step), self.even, self.first, self.last]

    def full(self) -> xr.Dataset:
        """Project and keep every age: births (year, order, age), the rest as in project()."""
        arrays, altered = self._run_full()
        result = self._dataset(**arrays)
        self._warn_if_altered(altered, arrays["migration_adjustment"][0])
        return result

    def people(self) -> xr.DataArray:
        """The population (..., time, sex, age) alone, of altered migration not a word."""
        arrays, _ = self._run_full()
        return self._dataset(population=arrays["population"])["population"]

    def _run_full(self) -> tuple[dict[str, Any], np.ndarray]:
        """Arrays of every age, each with its dims, and in how many groups outflow was altered."""
        count, years, ages = self.cells.count, len(self.years), len(self.ages)
        population = np.empty((count, years + 1, 2, ages))
        births = np.empty((count, years, len(self.orders), ages))
        deaths = np.empty((count, years, 2, ages))
        # Pages of zeros that are never written cost no memory.
        migration, adjustment, lift = (np.zeros((count, years, 2, ages)) for _ in range(3))
        altered = np.empty((count, years), dtype=np.int64)
        flows = (flat(a) for a in (deaths, migration, adjustment, lift))
        arguments = (*self.arguments, flat(population), births, *flows, altered)
        cohort.project_full(*arguments)
        by_age = ("sex", "age")
        arrays: dict[str, Any] = {
            "population": (population, ("time", *by_age)),
            "births": (births, ("year", "order", "age")),
            "deaths": (deaths, ("year", *by_age)),
            "net_migration": (migration, ("year", *by_age)),
            "migration_adjustment": (adjustment, ("year", *by_age)),
            "population_lift": (lift, ("year", *by_age)),
        }
        return arrays, altered

    def summary_inputs(self) -> Inputs:
        """The arguments as the summary kernel takes them: nothing is drawn but the factor."""
        nothing = np.empty((0, 0))
        population, survival, fertility, factor, srb, flows = self.rows
        return Inputs(
            population=population.values,
            population_index=population.index,
            survival=survival.values[:, :, None],
            survival_index=survival.index,
            fertility=fertility.values,
            fertility_index=fertility.index,
            factor=factor.values,
            factor_index=factor.index,
            srb=srb.values,
            srb_index=srb.index,
            migration=flows.values if self.step == 1 else self.step * flows.values,
            migration_index=flows.index,
            mobility=nothing,
            shift=nothing[:, :, None],
            migration_shift=nothing,
            mode=self.mode,
            step=float(self.step),
            even=self.even,
            first=self.first,
            last=self.last,
        )

    def summary(self, lower_bounds: Sequence[int] = SUMMARY_AGES) -> xr.Dataset:
        """Project and keep sums over age groups: births (year, order) and totals by sex."""
        lower = [a for a in lower_bounds if a in set(self.ages.tolist())]
        borders = np.append(np.searchsorted(self.ages, lower), len(self.ages)).astype(np.int64)
        count, years, ages = self.cells.count, len(self.years), len(self.ages)
        out = allocate(count, years, len(self.orders), len(lower), 2 * ages)
        project_summary(self.summary_inputs(), np.arange(0, count, LANES), borders, out)
        sums = cells_first(out)
        result = self._dataset(
            population=(sums.population, ("time", "sex", "age_group")),
            births=(sums.births, ("year", "order")),
            deaths=(sums.deaths, ("year", "sex")),
            net_migration=(sums.migration, ("year", "sex")),
            migration_adjustment=(sums.adjustment, ("year", "sex")),
            population_lift=(sums.lift, ("year", "sex")),
            population_final=(sums.final.reshape(count, 2, ages), ("sex", "age")),
            age_group=group_labels(lower),
        )
        self._warn_if_altered(sums.altered, sums.adjustment)
        return result

    def _dataset(self, *, age_group: list[str] | None = None, **arrays: Any) -> xr.Dataset:
        times = np.append(self.years, self.years[-1] + self.step)
        step = "step" if self.step == 1 else years_in_words(self.step)
        coords: dict[Any, Any] = {
            "time": ("time", times, {"long_name": "1 January of the year"}),
            "year": ("year", self.years, {"long_name": f"first calendar year of the {step}"}),
            "sex": ("sex", ["female", "male"]),
            "age": ("age", self.ages, {"units": "years", "long_name": "completed age"}),
            "order": ("order", self.orders),
        }
        if age_group is not None:
            coords["age_group"] = ("age_group", age_group)
        labels = {k: xr.DataArray(v[1], dims=v[0], attrs=dict(*v[2:])) for k, v in coords.items()}
        made = {k: self.cells.label(v, dims, labels) for k, (v, dims) in arrays.items()}
        result = xr.Dataset(made)
        if self.orders.tolist() == [ALL_ORDERS]:
            result = result.isel(order=0, drop=True, missing_dims="ignore")
        return describe_flows(describe(result), self.step)

    def _warn_if_altered(self, altered: np.ndarray, adjustment: np.ndarray) -> None:
        if not altered.any():
            return
        c, t = np.unravel_index(int(np.argmax(altered > 0)), altered.shape)
        where = [f"year={self.years[t]}"]
        if self.cells.dims:
            place = np.unravel_index(int(c), self.cells.shape)
            for dim, i in zip(self.cells.dims, place, strict=True):
                label = self.cells.coords[dim].values[i] if dim in self.cells.coords else i
                where.append(f"{dim}={label}")
        persons = float(np.abs(adjustment).sum())
        text = altered_text(int(altered.sum()), persons, ", ".join(where))
        warnings.warn(text, MigrationAdjustmentWarning, stacklevel=4)


def altered_text(groups: int, persons: float, where: str) -> str:
    """What a warning of altered net migration says."""
    return (
        f"net migration would have emptied {groups} age groups and was altered by "
        f"{persons:.6g} persons in all, first at {where}; see migration_adjustment in the result, "
        "and population_lift for what of it lifted groups from below zero; where it matters give "
        "outflows that the groups can bear, such as rates"
    )


def flat(array: np.ndarray) -> np.ndarray:
    """The same memory with sex and age as one axis."""
    return array.reshape(*array.shape[:-2], -1)


def _state(rows: Rows) -> Rows:
    """Both sexes in one vector, women first, as the kernels take them."""
    return Rows(flat(rows.values), rows.index)


def bearing_ages(rates: np.ndarray) -> tuple[int, int]:
    """First and last (exclusive) index of age with any births, clear of both end groups."""
    some = np.flatnonzero(rates.any(axis=(0, 1, 2)))
    if len(some) == 0:
        return 1, 1
    return max(int(some[0]), 1), min(int(some[-1]) + 1, rates.shape[-1] - 1)


def may_bear(first: int, last: int, ages: np.ndarray) -> tuple[int, int]:
    """As :func:`bearing_ages`, with the ages to which births may move that are too many for theirs.

    Examples
    --------
    >>> may_bear(20, 22, np.arange(101)), may_bear(13, 54, np.arange(101))
    ((15, 50), (13, 54))
    """
    some = np.flatnonzero((ages >= MOTHERS_AGES[0]) & (ages < MOTHERS_AGES[1]))
    if len(some) == 0:
        return first, last
    return max(min(first, int(some[0])), 1), min(max(last, int(some[-1]) + 1), len(ages) - 1)


def group_labels(lower: Sequence[int]) -> list[str]:
    """Label age groups by their lower bounds, the last one open.

    Examples
    --------
    >>> group_labels([0, 15, 65])
    ['0-14', '15-64', '65+']
    """
    closed = [f"{a}-{b - 1}" for a, b in pairwise(lower)]
    return [*closed, f"{lower[-1]}+"]
