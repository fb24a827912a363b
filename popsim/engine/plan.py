"""What a call of ``simulate()`` has settled, and how a block of it is worked off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from popsim.baselines.registered import counted
from popsim.demography.indicators.dependency import dependency_ratio
from popsim.engine.adjustment import Notes, add_up
from popsim.engine.blocks import join, over_blocks, slices
from popsim.engine.draws import Draws
from popsim.engine.families import simulated
from popsim.engine.parity import rates_of_checked
from popsim.engine.parity_inputs import incidence_rates, women_of
from popsim.engine.policy import PolicyRows, differs_by_region, policy_rows
from popsim.engine.simulation_inputs import check_baseline
from popsim.engine.totals import RATIOS, TOTALS, totals
from popsim.errors import InputError
from popsim.kernels._jit import most_threads, threads
from popsim.scenario.model import Scenario
from popsim.schema.conventions import CORE_DIMS
from popsim.schema.provenance import provenance, rules_of
from popsim.schema.variables import describe
from popsim.uncertainty.in_force import intervals_in_force, warn_of_borrowed
from popsim.uncertainty.intervals import Intervals
from popsim.uncertainty.mortality import survival_polynomial
from popsim.uncertainty.parity import starting_women_draws
from popsim.uncertainty.quantiles import quantiles_over_draws
from popsim.uncertainty.sampling import Sampling

BASELINE = "baseline"

#: Groups of uncertain quantities, and the draws of demography that are in them.
_DEMOGRAPHIC = {
    "fertility": "fertility_factor",
    "mortality": "life_expectancy_shift",
    "migration": "migration_shift",
    "sex_ratio": "sex_ratio_factor",
}
#: The quantities whose intervals a group's draws have.
_QUANTITIES = {
    "fertility": ("fertility",),
    "mortality": ("life_expectancy_female", "life_expectancy_male"),
    "migration": ("migration",),
    "sex_ratio": ("sex_ratio_at_birth",),
}
GROUPS = (*_DEMOGRAPHIC, "parity", "response", "take_up")

#: Variables of a result; population_final is that of a summary.
RESULTS = (
    *TOTALS,
    "births",
    "births_reordered",
    "births_displaced",
    "women_by_parity",
    "completed_parity",
    "children_by_order",
    "childcare_coverage",
    "cost",
    "cost_by_order",
    "cost_deadweight",
    "cost_shortfall",
    "relocation_share",
)

#: Cells (regions times draws) that are a block where no draw is kept, and blocks at a time: what
#: is in memory at once.
_CELLS_A_BLOCK, _BLOCKS_AT_A_TIME = 32_000, 4


#: A result, and what is to be said of it.
Simulated = tuple[xr.Dataset, Notes]


@dataclass(frozen=True)
class Plan:
    """One simulation, without its baseline.

    Attributes
    ----------
    scenarios : tuple of Scenario
    draws : int
    seeds : dict of str to int or None
        By group; None holds the group at its median.
    sampling : str
    intervals : mapping of str to Intervals or None
    every_age : bool
    childcare_feedback : bool
        Whether childcare coverage is of a scenario's own children.
    age_groups : tuple of int
    quantiles : tuple of float or None
    variables : tuple of str or None
        As in :func:`popsim.simulate`.
    """

    scenarios: tuple[Scenario, ...]
    draws: int
    seeds: dict[str, int | None]
    sampling: Sampling
    intervals: Mapping[str, Intervals] | None
    every_age: bool
    childcare_feedback: bool
    age_groups: tuple[int, ...]
    quantiles: tuple[float, ...] | None
    variables: tuple[str, ...] | None

    def run(self, inputs: xr.Dataset) -> xr.Dataset:
        """Simulate now; some regions after others where their draws are not kept."""
        result, notes = self._now(self._numbered(inputs))
        self._say(notes)
        return self._said(result, inputs)

    def _said(self, result: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
        """The result with the rules of its inputs, and what its draws are calibrated to."""
        in_force = intervals_in_force(inputs, self.intervals, self._drawn())
        return result.assign_attrs({**rules_of(inputs), **in_force})

    def _drawn(self) -> list[str]:
        """Quantities that are drawn."""
        return [q for g, qs in _QUANTITIES.items() for q in qs if self.seeds[g] is not None]

    def warn(self, inputs: xr.Dataset) -> None:
        """Say, where ``simulate()`` was called, whose intervals stand in for the baseline's."""
        warn_of_borrowed(inputs, self.intervals, self._drawn(), stacklevel=3)

    def _now(self, inputs: xr.Dataset) -> Simulated:
        regions = inputs.sizes.get("region", 1)
        size = max(_CELLS_A_BLOCK // self.draws, 1)
        if self.quantiles is None or regions <= size:
            return self._block(inputs)
        if self._totals_alone() and "survival_polynomial" in inputs:  # it takes some after others
            return self._block(inputs)
        parts = [inputs.isel(region=part) for part in slices(regions, size)]
        # Some at a time, since laying out and labelling take one thread: each in a thread of its
        # own, kernels included, where there are as many, else with kernels in all threads.
        most = most_threads()
        together = min(most, _BLOCKS_AT_A_TIME)

        def alone(part: xr.Dataset) -> Simulated:
            with threads(1 if together == most else most):
                return self._block(part)

        with ThreadPoolExecutor(together) as pool:
            return _joined(list(pool.map(alone, parts)))

    def later(self, inputs: xr.Dataset, chunks: Mapping[Any, Any]) -> xr.Dataset:
        """The result as dask arrays, one task for each block of regions and draws."""
        if self.quantiles is not None and "draw" in chunks:
            raise InputError(
                "quantiles need all draws of a region at once",
                where="chunks",
                got=dict(chunks),
                allowed="chunks along region",
            )
        core = (*CORE_DIMS, *(() if self.quantiles is None else ("draw",)))
        run = self._checked_block if inputs.chunks else self.block
        result = over_blocks(run, self._numbered(inputs), dict(chunks), core=core)
        return self._said(result, inputs)

    def _numbered(self, inputs: xr.Dataset) -> xr.Dataset:
        """The inputs with the numbers of the draws, and with what all blocks have in common."""
        if not {"region", *inputs.chunks} & set(inputs["mortality_rate"].dims):
            inputs = self._with_survival(inputs)
        return inputs.assign_coords(draw=np.arange(self.draws))

    def _with_survival(self, inputs: xr.Dataset) -> xr.Dataset:
        if "survival_polynomial" in inputs:
            return inputs
        polynomial = survival_polynomial(inputs["mortality_rate"], intervals=self.intervals)
        return inputs.assign(survival_polynomial=polynomial)

    def block(self, inputs: xr.Dataset) -> xr.Dataset:
        """Simulate some of the regions, and the draws whose numbers stand in ``draw``."""
        result, notes = self._block(inputs)
        self._say(notes)
        return result

    def _checked_block(self, inputs: xr.Dataset) -> xr.Dataset:
        """As :meth:`block`, of inputs that nobody could check before."""
        check_baseline(inputs, "full" if self.every_age else "summary")
        return self.block(inputs)

    def _say(self, notes: Notes) -> None:
        """Warn of what was adjusted or lost; births are lost in a draw alone, else refused."""
        if notes.adjustment is not None:
            notes.adjustment.warn(stacklevel=4)
        if notes.lost is not None:
            if self.seeds["fertility"] is None:
                notes.lost.refuse()
            notes.lost.warn(stacklevel=4)

    def _block(self, inputs: xr.Dataset) -> Simulated:
        if inputs.sizes.get("region", 1) > 1 and differs_by_region(self.scenarios):
            parts = (inputs.isel(region=one) for one in slices(inputs.sizes["region"], 1))
            return _joined([self._block(part) for part in parts])
        numbers = inputs["draw"].values
        # All draws are made and some are taken: sums over other shapes would round otherwise.
        chosen = slice(int(numbers[0]), int(numbers[-1]) + 1)
        inputs = inputs.drop_vars("draw")
        data = self._with_survival(inputs).copy()  # what is added is not the caller's
        draws = Draws(
            inputs,
            self.draws,
            {name: self.seeds[group] for group, name in _DEMOGRAPHIC.items()},
            chosen,
            sampling=self.sampling,
            intervals=self.intervals,
        )
        if self._totals_alone():
            assert self.variables is not None
            result, notes = totals(
                data,
                draws,
                scenario=BASELINE,
                asked=self.variables,
                lower_bounds=self.age_groups,
                probabilities=self.quantiles,
            )
            return self._finish(result, inputs), notes
        if "birth_order_share" not in inputs:  # the orders of every year are given
            asked, women = incidence_rates(inputs), women_of(inputs)
            rates = rates_of_checked(inputs, asked, women, first_year=False)
            data["conditional_fertility_rate"] = rates["conditional_fertility_rate"]
        seed = self.seeds["parity"]
        if seed is not None:
            women = starting_women_draws(inputs, self.draws, seed)
            data["women_by_parity"] = women.isel(draw=chosen)
        policy = policy_rows(
            self.scenarios,
            inputs,
            self.draws,
            chosen,
            self.seeds,
            childcare_feedback=self.childcare_feedback,
        )
        result, notes = simulated(
            data,
            draws.dataset(data["year"].values),
            policy.rows,
            scenarios=[BASELINE, *(scenario.name for scenario in self.scenarios)],
            instruments=policy.instruments,
            lower_bounds=self.age_groups,
            every_age=self.every_age,
            wanted=self._needed(),
        )
        return self._finish(self._completed(result, policy), inputs), notes

    def _completed(self, result: xr.Dataset, policy: PolicyRows) -> xr.Dataset:
        """The result with what is made of it: sums, ratios, and what is spent whoever is born."""
        if self._asked("total_births"):
            result["total_births"] = result["births"].sum(
                ["order", "age"] if self.every_age else "order"
            )
        if self._asked("cost"):
            result["cost"] = result["cost_by_order"].sum("order")
            if self.scenarios:
                result["cost"][1:] += policy.lump.reshape(result["cost"][1:].shape)
        result["relocation_share"] = (("scenario", "draw"), policy.relocation_share)
        for name, kind in RATIOS.items():
            if self._asked(name):
                result[name] = dependency_ratio(result["population"], kind=kind)
        return result

    def _asked(self, name: str) -> bool:
        return self.variables is None or name in self.variables

    def _totals_alone(self) -> bool:
        """Whether nothing that needs women by parity is asked for."""
        if self.scenarios or self.every_age or self.variables is None:
            return False
        return {*self.variables} <= {*TOTALS}

    def _needed(self) -> frozenset[str] | None:
        """What the engine has to give so that the variables asked for can be made; None: all."""
        if self.variables is None or self.every_age:
            return None
        ratios = {"population"} if set(self.variables) & set(RATIOS) else set()
        return frozenset({*self.variables, *ratios} - {*RATIOS})

    def _finish(self, result: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
        if self.variables is not None:
            result = result[list(self.variables)]
        result = describe(result, step=1)
        if self.quantiles is not None:
            result = quantiles_over_draws(result, self.quantiles)
        result.attrs = {
            **{k: v for k, v in inputs.attrs.items() if not str(k).startswith("popsim_")},
            **provenance(
                "simulate",
                scenarios=[s.name for s in self.scenarios],
                draws=self.draws,
                seed=self.seeds,
                sampling=self.sampling,
                childcare_feedback=self.childcare_feedback,
                outputs="full" if self.every_age else "summary",
            ),
            **counted(inputs),
            "scenario_yaml": "\n---\n".join(s.to_yaml() for s in self.scenarios),
            "overrides": "\n".join(f"{s.name}: {o}" for s in self.scenarios for o in s.overrides),
        }
        return result


def _joined(parts: Sequence[Simulated]) -> Simulated:
    """Results of regions that follow each other, and what is to be said of all of them."""
    results, notes = zip(*parts, strict=True)
    return join(results, "region"), add_up(notes)
