"""A block of a simulation of which nothing by birth order or parity is asked for.

Without a package the births of all orders are the rates times the women: women by parity only
split them. Where nobody asks for the split, the step without parity gives the same numbers, but
for rounding, several times as fast.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import xarray as xr

from popsim.kernels.lanes import LANES, blocks
from popsim.kernels.summary import Inputs, Sums, project_summary
from popsim.schema.variables import SEXES
from popsim.simulation_layout import Layout

#: What needs no women by parity.
TOTALS = (
    "population",
    "population_final",
    "total_births",
    "total_fertility_rate",
    "deaths",
    "net_migration",
    "migration_adjustment",
)


class TotalsEngine:
    """One block of regions, laid out for the summary kernel.

    Parameters
    ----------
    data, luck : xarray.Dataset
        As for :class:`popsim.simulation_layout.Layout`.
    drawn : bool
        Whether mortality or migration is drawn.
    scenario : str
        Name of the one scenario, the baseline.
    """

    def __init__(self, data: xr.Dataset, luck: xr.Dataset, *, drawn: bool, scenario: str) -> None:
        self.layout = layout = Layout(data, luck)
        self.scenario = scenario
        cells, survival = layout.cells, layout.survival.values
        factor = cells.rows(luck["fertility_factor"], ["year"])
        srb = cells.rows(data["sex_ratio_at_birth"] * luck["sex_ratio_factor"], ["year"])
        self.level = cells.rows(data["fertility_rate"].sum("age"), ["year"])
        some = slice(None if drawn else 0)
        self.inputs = Inputs(
            population=layout.population.values,
            population_index=layout.population.index,
            survival=survival if drawn else np.ascontiguousarray(survival[:, :, :1]),
            survival_index=layout.survival.index,
            fertility=layout.fertility.values[:, :, None],
            fertility_index=layout.fertility.index,
            factor=factor.values[:, :, None],
            factor_index=factor.index,
            srb=srb.values,
            srb_index=srb.index,
            migration=layout.flows.values,
            migration_index=layout.flows.index,
            mobility=layout.mobile,
            shift=layout.drawn("life_expectancy_shift", ["year", "sex"])[some],
            migration_shift=layout.drawn("migration_shift", ["year"])[some],
            mode=layout.mode,
            step=1.0,
            even=True,
            first=layout.first,
            last=layout.last,
        )

    def run(self, lower_bounds: Sequence[int], wanted: Container[str]) -> xr.Dataset:
        """Project, and label what is wanted of :data:`TOTALS`.

        Parameters
        ----------
        lower_bounds : sequence of int
            Of the age groups.
        wanted : container of str
        """
        layout, given = self.layout, self.inputs
        lower, borders = layout.borders(lower_bounds)
        c, t, ages = layout.cells.count, len(layout.years), len(layout.ages)

        def cells_of(name: str) -> int:
            return c if name in wanted else 0

        out = Sums(
            population=np.empty((cells_of("population"), t + 1, 2, len(lower))),
            births=np.empty((c, t, 1)),
            deaths=np.empty((cells_of("deaths"), t, 2)),
            migration=np.zeros((cells_of("net_migration"), t, 2)),
            adjustment=np.zeros((c, t, 2)),
            altered=np.empty((c, t), dtype=np.int64),
            final=np.empty((cells_of("population_final"), 2 * ages)),
        )
        starts = blocks(LANES, given.population_index, given.survival_index, given.migration_index)
        project_summary(given, starts, borders, out)
        layout.warn_if_altered(out.altered[None], out.adjustment[None], [self.scenario])
        labels = layout.labels(lower, [self.scenario], [])
        made = {}
        for name, values, dims in (
            ("population", out.population, ("time", "sex", "age_group")),
            ("total_births", out.births[:, :, 0], ("year",)),
            ("deaths", out.deaths, ("year", "sex")),
            ("net_migration", out.migration, ("year", "sex")),
            ("migration_adjustment", out.adjustment, ("year", "sex")),
            ("population_final", out.final.reshape(-1, len(SEXES), ages), ("sex", "age")),
        ):
            if name in wanted:
                made[name] = layout.label(values[None], dims, labels)
        if "total_fertility_rate" in wanted:
            rate = self.level.values[self.level.index] * given.factor[given.factor_index, :, 0]
            made["total_fertility_rate"] = layout.label(rate[None], ("year",), labels)
        if "net_migration" in wanted:
            made["net_migration"].attrs["units"] = "persons"  # in the year, not a year
        return xr.Dataset(made)
