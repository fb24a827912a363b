"""``project()``: checked inputs -> one kernel call -> labelled result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import ModuleType

import xarray as xr

from popsim.engine import classic, parity
from popsim.engine.blocks import chunks_of, over_blocks
from popsim.engine.inputs import check_inputs
from popsim.engine.migration_unit import check_migration_unit
from popsim.engine.parity_inputs import check_parity, women_of
from popsim.schema.conventions import CORE_DIMS
from popsim.schema.provenance import provenance, rules_of


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
        Every age, or sums over the age groups of
        :data:`popsim.schema.conventions.SUMMARY_AGES` with single ages at the last ``time`` only.

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
        :mod:`popsim.engine.parity`.

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
        Net migration would have emptied an age group and was adjusted.
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
    if isinstance(inputs, xr.Dataset) and (chunks := chunks_of(inputs, CORE_DIMS)):
        run = partial(project, timing=timing, outputs=outputs)
        return over_blocks(run, inputs, chunks, core=CORE_DIMS)
    data = check_inputs(inputs, timing=timing, outputs=outputs)
    engine: ModuleType = classic
    given: dict[str, xr.DataArray] = {}
    if "conditional_fertility_rate" in inputs:
        check_parity(inputs, data)
        engine = parity
        given = {"fertility": inputs["conditional_fertility_rate"], "women": women_of(inputs)}
    case = classic.case_of(data, **given, timing=timing)
    result = engine.full(case) if outputs == "full" else engine.summary(case)
    every_age = (lambda: result) if outputs == "full" else partial(engine.path, case)
    check_migration_unit(data, lambda: every_age()["population"])
    result.attrs = {
        **data.attrs,
        **rules_of(inputs if isinstance(inputs, xr.Dataset) else data),
        **provenance("project", timing=timing, outputs=outputs),
    }
    return result
