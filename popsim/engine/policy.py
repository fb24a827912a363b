"""Scenarios as rows for the simulation kernel: one for each draw, and region if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from popsim.baselines.registered import registered_share_of_births
from popsim.engine import classic
from popsim.engine.parity_inputs import incidence_rates
from popsim.errors import ConflictError
from popsim.kernels.lanes.inputs import BY_ORDER, CHILD_AGES, FIRST_COME, PRO_RATA, Policy
from popsim.policy.channels import in_bands
from popsim.policy.effects import PolicyInputs, policy_inputs
from popsim.policy.response import Responsiveness
from popsim.scenario.instrument_parts import BANDS, FamilyInstrument
from popsim.scenario.instruments import ChildcarePlaces, Spending
from popsim.scenario.model import Scenario
from popsim.schema.conventions import ORDERS

_RULES = {"pro_rata": PRO_RATA, "first_come": FIRST_COME, "by_order": BY_ORDER}


@dataclass(frozen=True)
class PolicyRows:
    """Scenarios for the kernel, and what is known of them beside it.

    Attributes
    ----------
    rows : Policy
    instruments : list of str
        Ids over all scenarios.
    lump : numpy.ndarray
        (scenario, row, year, instrument): what is spent whoever is born [yuan].
    relocation_share : numpy.ndarray
        (scenario, draw) [1]: by each scenario's own prior, 0 for the baseline.
    """

    rows: Policy
    instruments: list[str]
    lump: np.ndarray
    relocation_share: np.ndarray


def policy_rows(
    scenarios: Sequence[Scenario],
    data: xr.Dataset,
    draws: int,
    chosen: slice,
    seeds: Mapping[str, int | None],
    *,
    childcare_feedback: bool,
) -> PolicyRows:
    """Lay scenarios out for the kernel.

    Parameters
    ----------
    scenarios : sequence of Scenario
    data : xarray.Dataset
        Checked inputs of the projection, with ``region`` or without it.
    draws : int
    chosen : slice
        Which of the draws.
    seeds : mapping of str to int or None
        Of the groups "response" and "take_up"; None for the medians.
    childcare_feedback : bool
        Whether childcare coverage is of a scenario's own children.

    Raises
    ------
    ConflictError
        Scenarios that say different things of the childcare places of their baseline, or that
        have numbers for the place as a whole where there are regions.
    MissingVariableError, ScenarioError
        As from :func:`popsim.policy.effects.policy_inputs`.
    """
    if "region" in data.dims:
        _refuse_absolute(scenarios)
    years, ages = data["year"].values, data["age"].values
    response = seeds["response"]
    count = len(range(draws)[chosen])
    ids = list(dict.fromkeys(i.id for scenario in scenarios for i in scenario.instruments))
    made = []
    if scenarios:
        given = [Responsiveness.draw(draws, response, p.overrides) for p in scenarios]
        made = [
            [
                policy_inputs(
                    scenario,
                    years=years,
                    draws=draws,
                    seed=seeds["take_up"],
                    given=each,
                    **facts,
                )
                for scenario, each in zip(scenarios, given, strict=True)
            ]
            for facts in _facts_of_regions(scenarios, data)
        ]
    regions = data.sizes.get("region", 1)
    rows = regions * count if scenarios else 1
    table = _Table(made, chosen, len(scenarios))
    t, orders, bands = len(years), len(ORDERS), len(BANDS)
    policy = Policy(
        row_index=np.arange(regions * count) % rows,
        paid=table.by_draw("paid", (t, orders)),
        other=table.by_draw("other", (t, orders, bands)),
        strongest=table.by_draw("strongest", (t, orders, bands)),
        band=np.searchsorted(BANDS, ages, side="right").astype(np.int64) - 1,
        overlap=table.by_draw("overlap", ()),
        largest=table.fixed("largest_log_effect", ()),
        largest_gain=table.fixed("largest_tfr_gain", ()),
        used_places=_used_places(table, t),
        care_effect=table.by_draw("care_effect", ()),
        care_quantum=table.by_draw("care_quantum", ()),
        lag=table.by_draw("lag", ()),
        timing=table.fixed("timing", (t,)),
        closed=childcare_feedback,
        pay=table.by_instrument("pay", ids, (t, orders, CHILD_AGES)),
        reach=table.by_row("reach", ids, ()),
        cap=table.fixed("cap", (t,)),
        capped=table.by_instrument("capped", ids, ()),
        rule=np.array([_RULES[p.rule] for p in table.first], dtype=np.int64),
    )
    moved = [np.zeros(count), *(scenario.relocation[chosen] for scenario in table.first)]
    lump = np.moveaxis(table.by_row("lump", ids, (t,)), 1, -1)
    return PolicyRows(policy, ids, lump, np.array(moved))


def differs_by_region(scenarios: Sequence[Scenario]) -> bool:
    """Whether payments of a child hang on a region: on the share of its mothers of an age."""
    return any(
        isinstance(i, FamilyInstrument) and not in_bands(i).all()
        for scenario in scenarios
        for i in scenario.instruments
    )


def _facts_of_regions(scenarios: Sequence[Scenario], data: xr.Dataset) -> list[dict[str, Any]]:
    """What instruments need to know of each region under the baseline."""
    women = data["population"].sel(sex="female", drop=True)
    rates = incidence_rates(data.isel(year=[0])).isel(year=0, drop=True)
    births = (rates * women).transpose(..., "order", "age")
    band = np.searchsorted(BANDS, data["age"].values, side="right") - 1
    by_band = np.stack(
        [births.values[..., band == b].sum(axis=-1) for b in range(len(BANDS))], axis=-1
    )
    share = None
    by_mother = "age" in data["registered_share"].dims if "registered_share" in data else False
    per_resident = any(_needs_residents(scenario) for scenario in scenarios)
    path = classic.path(classic.case_of(data)) if by_mother or per_resident else None
    if "registered_share" in data:
        share = registered_share_of_births(data, None if path is None else path["births"])
        share = share.mean("year") if "year" in share.dims else share
    people = None
    if path is not None and per_resident:
        people = path["population"].sum(["sex", "age"]).isel(time=slice(-1))

    def of(array: xr.DataArray | None, region: int) -> Any:
        if array is None:
            return None
        return (array.isel(region=region) if "region" in array.dims else array).values

    return [
        {
            "registered_share": None if share is None else float(of(share, k)),
            "births_by_band": by_band[k] if "region" in births.dims else by_band,
            "residents": of(people, k),
        }
        for k in range(data.sizes.get("region", 1))
    ]


def _refuse_absolute(scenarios: Sequence[Scenario]) -> None:
    """Raise if a scenario has numbers that would count once for each region."""
    for scenario in scenarios:
        whole = [i.id for i in scenario.instruments if isinstance(i, Spending)]
        for i in (*scenario.instruments, *scenario.background):
            if isinstance(i, ChildcarePlaces) and not _per_resident(i):
                whole.append(i.id)
        if scenario.budget is not None:
            whole.append("budget")
        if whole:
            raise ConflictError(
                "the scenario has numbers for the place as a whole, the baseline has regions",
                where=f"scenario {scenario.name!r}: {whole[0]}",
                got="a number that each region would have in full",
                allowed="amounts per family, and places per 1,000 residents",
                fix=f"scenario.without({whole[0]!r}), or simulate the regions one by one",
            )


def _needs_residents(scenario: Scenario) -> bool:
    return any(
        isinstance(i, ChildcarePlaces) and _per_resident(i)
        for i in (*scenario.instruments, *scenario.background)
    )


def _per_resident(instrument: ChildcarePlaces) -> bool:
    return any(q.unit == "places per 1,000" for q in instrument.places.values())


class _Table:
    """Inputs of scenarios by region, stacked into the kernel's arrays.

    Parameters
    ----------
    made : list of list of PolicyInputs
        By region and scenario.
    draws : slice
        Which draws of them.
    scenarios : int
    """

    def __init__(self, made: list[list[PolicyInputs]], draws: slice, scenarios: int) -> None:
        self.made, self.draws, self.scenarios = made, draws, scenarios
        self.first = made[0] if made else []

    def by_draw(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """(scenario, row, ...) from (draw, ...) of each region."""
        if not self.made:
            return np.zeros((0, 1, *shape))
        stacked = [
            np.concatenate([getattr(region[k], name)[self.draws] for region in self.made])
            for k in range(self.scenarios)
        ]
        return np.ascontiguousarray(stacked, dtype=np.float64)

    def fixed(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """(scenario, ...) of what neither draws nor regions change."""
        values = [getattr(scenario, name) for scenario in self.first]
        return np.array(values, dtype=np.float64).reshape((self.scenarios, *shape))

    def by_instrument(self, name: str, ids: list[str], shape: tuple[int, ...]) -> np.ndarray:
        """(scenario, instrument, ...) over all ids; zero where a scenario lacks one."""
        out = np.zeros((self.scenarios, len(ids), *shape))
        for k, scenario in enumerate(self.first):
            for n, name_of in enumerate(scenario.instruments):
                out[k, ids.index(name_of)] = getattr(scenario, name)[n]
        return out

    def by_row(self, name: str, ids: list[str], shape: tuple[int, ...]) -> np.ndarray:
        """(scenario, instrument, row, ...) over all ids; zero where a scenario lacks one."""
        rows = sum(getattr(region[0], name)[:, self.draws].shape[1] for region in self.made)
        out = np.zeros((self.scenarios, len(ids), max(rows, 1), *shape))
        for k, scenario in enumerate(self.first):
            for n, name_of in enumerate(scenario.instruments):
                out[k, ids.index(name_of)] = np.concatenate(
                    [getattr(region[k], name)[n, self.draws] for region in self.made]
                )
        return out


def _used_places(table: _Table, years: int) -> np.ndarray:
    """(scenario, row, year); the baseline's are those that the scenarios say it has."""
    own = table.by_draw("used_places", (years,))
    if not len(own):
        return np.zeros((1, 1, years))
    base = table.by_draw("used_places_baseline", (years,))
    declared = [k for k in range(len(base)) if base[k].any()]
    for k in declared[1:]:
        if not np.array_equal(base[k], base[declared[0]]):
            raise ConflictError(
                "two scenarios say different things of the childcare places of the baseline",
                where=f"scenarios {table.first[declared[0]].name!r}, {table.first[k].name!r}",
                allowed="the same places in the background, or in the first year",
                fix="simulate them one by one, or declare childcare_places in both backgrounds",
            )
    baseline = base[declared[0]] if declared else base[0]
    # A scenario without places keeps the baseline's.
    without = [k for k in range(len(base)) if k not in declared]
    own[without] = baseline
    return np.ascontiguousarray(np.concatenate([baseline[None], own]))
