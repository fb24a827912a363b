"""The baseline alone, of which nothing by birth order or parity is asked for.

Without a package the births of all orders are the rates times the women: women by parity only
split them. Where nobody asks for the split, the step without parity gives the same numbers, but
for rounding, several times as fast.

Where only quantiles are kept, some regions at a time are drawn, projected and reduced to their
quantiles in room that is used again for the next: what is in memory does not grow with their
number, and most of it stays in the cache. Labels are laid on once, at the end.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from popsim.demography.age_groups import age_groups
from popsim.demography.dependency import (
    DEPENDENCY_AGES,
    DependencyKind,
    dependency_columns,
    dependency_ratio,
    label_dependency,
)
from popsim.kernels._jit import most_threads, threads
from popsim.kernels.lanes import LANES, blocks
from popsim.kernels.quantiles import select_quantiles
from popsim.kernels.ratios import percent_of
from popsim.kernels.summary import Inputs, Sums, allocate, cells_first, project_summary
from popsim.schema.blocks import slices
from popsim.schema.cells import Rows
from popsim.schema.variables import SEXES
from popsim.simulation_layout import Alteration, Layout
from popsim.simulation_luck import Luck

#: What needs no women by parity, and its dims after those of the cells.
_DIMS = {
    "population": ("time", "sex", "age_group"),
    "population_final": ("sex", "age"),
    "total_births": ("year",),
    "total_fertility_rate": ("year",),
    "deaths": ("year", "sex"),
    "net_migration": ("year", "sex"),
    "migration_adjustment": ("year", "sex"),
    "dependency_ratio": ("time",),
    "child_dependency_ratio": ("time",),
    "old_age_dependency_ratio": ("time",),
}
TOTALS = tuple(_DIMS)

RATIOS: dict[str, DependencyKind] = {
    "dependency_ratio": "total",
    "child_dependency_ratio": "child",
    "old_age_dependency_ratio": "old_age",
}

#: Cells (regions times draws) of which no draw is kept that are projected at a time by a thread:
#: few, so that they are still in the cache when their quantiles are found.
_CELLS_AT_A_TIME = 8_000


class _Room(NamedTuple):
    """What the kernel writes for some cells, and what is made of it, by name."""

    sums: Sums
    made: dict[str, np.ndarray]


class TotalsEngine:
    """Some regions, laid out for the summary kernel.

    Parameters
    ----------
    data : xarray.Dataset
        As for :class:`popsim.simulation_layout.Layout`.
    luck : Luck
    scenario : str
        Name of the one scenario, the baseline.
    """

    def __init__(self, data: xr.Dataset, luck: Luck, *, scenario: str) -> None:
        self.layout = layout = Layout(data)
        self.luck, self.scenario = luck, scenario
        self.drawn = luck.drawn("life_expectancy_shift") or luck.drawn("migration_shift")
        survival = layout.survival.values
        self.survival = survival if self.drawn else np.ascontiguousarray(survival[:, :, :1])
        self.srb = layout.cells.rows(data["sex_ratio_at_birth"], ["year"])
        self.draws, self.years = len(luck.numbers), len(layout.years)
        self.sex_ratio = np.ones((self.draws, self.years))
        if luck.drawn("sex_ratio_factor"):
            self.sex_ratio = luck.of("sex_ratio_factor")

    def run(
        self,
        lower_bounds: Sequence[int],
        asked: Sequence[str],
        probabilities: Sequence[float] | None = None,
    ) -> xr.Dataset:
        """Project, and label what is asked for of :data:`TOTALS`.

        Parameters
        ----------
        lower_bounds : sequence of int
            Of the age groups.
        asked : sequence of str
        probabilities : sequence of float, optional
            Give these quantiles over the draws in the place of the draws.
        """
        layout, regions = self.layout, self.layout.cells.count
        lower, borders = layout.borders(lower_bounds)
        labels = layout.labels(lower, [self.scenario], [])
        columns = self._columns(labels["age_group"], asked)
        if probabilities is None:
            room = self._room(regions * self.draws, borders, asked)
            alteration = self._project(slice(0, regions), borders, columns, room, labels)
            labels["draw"] = xr.DataArray(self.luck.numbers, dims="draw")
            made = {
                name: layout.label(
                    np.moveaxis(values, -1, 0).reshape(
                        (1, regions, self.draws, *values.shape[:-1])
                    ),
                    ("draw", *_DIMS[name]),
                    labels,
                )
                for name, values in room.made.items()
            }
        else:
            labels["quantile"] = xr.DataArray(list(probabilities), dims="quantile")
            found, alteration = self._stream(borders, columns, asked, labels, probabilities)
            made = {
                name: layout.label(values[:, None], _DIMS[name], labels, ("quantile", "scenario"))
                for name, values in found.items()
            }
        if alteration is not None:
            alteration.warn()
        for name, kind in RATIOS.items():
            if name in made:
                made[name] = label_dependency(made[name], DEPENDENCY_AGES, kind)
        if "net_migration" in made:
            made["net_migration"].attrs["units"] = "persons"  # in the year, not a year
        return xr.Dataset(made)

    def _columns(
        self, groups: xr.DataArray, asked: Sequence[str]
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Who is dependent on whom: columns (sex and age group) of the ratios asked for."""
        ratios = {name: kind for name, kind in RATIOS.items() if name in asked}
        if not ratios:
            return {}
        known = age_groups(xr.DataArray(np.zeros(len(groups)), coords={"age_group": groups}))
        both = np.ones((len(SEXES), 1))
        columns = {}
        for name, kind in ratios.items():
            part, of = dependency_columns(known, DEPENDENCY_AGES, kind)
            columns[name] = (both * part).ravel(), (both * of).ravel()
        return columns

    def _stream(
        self,
        borders: np.ndarray,
        columns: Mapping[str, tuple[np.ndarray, np.ndarray]],
        asked: Sequence[str],
        labels: dict[str, xr.DataArray],
        probabilities: Sequence[float],
    ) -> tuple[dict[str, np.ndarray], Alteration | None]:
        """Quantiles (quantile, region, dims...) of all regions, some after others."""
        regions, p = self.layout.cells.count, np.array(probabilities)
        most = most_threads()
        together = min(most, regions)
        size = max(min(_CELLS_AT_A_TIME // self.draws, -(-regions // together)), 1)
        todo = iter(slices(regions, size))
        shapes = {n: v.shape[:-1] for n, v in self._room(0, borders, asked).made.items()}
        made = {n: np.empty((len(p), *shape, regions)) for n, shape in shapes.items()}

        def work(parts: Iterator[slice]) -> list[tuple[int, Alteration]]:
            """Parts until none is left, in a thread of its own, kernels included."""
            room, notes = self._room(size * self.draws, borders, asked), []
            with threads(1 if together == most else most):
                for part in parts:
                    n = part.stop - part.start
                    if n < size:  # the last
                        room = self._room(n * self.draws, borders, asked)
                    noted = self._project(part, borders, columns, room, labels)
                    for name, values in room.made.items():
                        found = np.empty((len(p), values.size // self.draws, 1))
                        select_quantiles(values.reshape(-1, self.draws, 1), p, found)
                        made[name][..., part] = found.reshape((len(p), *shapes[name], n))
                    if noted is not None:
                        notes.append((part.start, noted))
                        room.sums.adjustment[...] = 0.0  # as the kernel expects it
            return notes

        with ThreadPoolExecutor(together) as pool:
            notes = [n for done in pool.map(work, [todo] * together) for n in done]
        alteration: Alteration | None = None
        for _, noted in sorted(notes, key=lambda note: note[0]):
            alteration = noted if alteration is None else alteration + noted
        return {name: np.moveaxis(values, -1, 1) for name, values in made.items()}, alteration

    def _room(self, cells: int, borders: np.ndarray, asked: Sequence[str]) -> _Room:
        """Arrays for some cells; without cells what neither is asked for nor needed."""
        t, groups, ages = self.years, len(borders) - 1, len(self.layout.ages)
        ratios = [name for name in RATIOS if name in asked]

        kept = {*asked, *(("population",) if ratios else ())}
        names = {"population": "population", "deaths": "deaths", "net_migration": "migration"}
        names["population_final"] = "final"
        without = [ours for name, ours in names.items() if name not in kept]
        sums = allocate(cells, t, 1, groups, 2 * ages, without)
        made = {
            "population": sums.population,
            "population_final": sums.final.reshape(len(SEXES), ages, -1),
            "total_births": sums.births.reshape(t, -1),
            "deaths": sums.deaths,
            "net_migration": sums.migration,
            "migration_adjustment": sums.adjustment,
            **{name: np.empty((t + 1, cells)) for name in ratios},
        }
        if "total_fertility_rate" in asked:
            made["total_fertility_rate"] = np.empty((t, cells))
        return _Room(sums, {name: made[name] for name in asked})

    def _project(
        self,
        part: slice,
        borders: np.ndarray,
        columns: Mapping[str, tuple[np.ndarray, np.ndarray]],
        room: _Room,
        labels: dict[str, xr.DataArray],
    ) -> Alteration | None:
        """Some regions into the first cells of the room."""
        sums, made = room
        given = self._inputs(part)
        starts = blocks(LANES, given.population_index, given.survival_index, given.migration_index)
        project_summary(given, starts, borders, sums)
        if "total_fertility_rate" in made:
            rows = self.layout.fertility
            level = rows.values.sum(axis=-1)[rows.index[part]].repeat(self.draws, axis=0)
            rate = level * given.factor[given.factor_index, :, 0]
            made["total_fertility_rate"][...] = rate.T
        for name, (dependants, supporters) in columns.items():
            people = sums.population.reshape(self.years + 1, len(supporters), -1)
            percent_of(people, dependants, supporters, made[name])
            if not np.isfinite(made[name]).all():
                self._refuse_ratio(part, sums.population, labels)
        return self._alteration(part, cells_first(sums))

    def _inputs(self, part: slice) -> Inputs:
        """What the kernel reads for some regions: their own draws, and rows that all share."""
        layout, luck, n, t = self.layout, self.luck, self.draws, self.years
        cells = (part.stop - part.start) * n

        def of_region(rows: Rows) -> np.ndarray:
            return np.repeat(rows.index[part], n)

        def drawn(name: str, *core: int) -> np.ndarray:
            """Of each cell; nothing where neither survival nor migration is drawn."""
            if not self.drawn:
                return np.empty((0, t, *core))
            if not luck.drawn(name):
                return np.zeros((cells, t, *core))
            return luck.of(name, part).reshape(cells, t, *core)

        factor, factor_index = np.ones((1, t, 1)), np.zeros(cells, dtype=np.int64)
        if luck.drawn("fertility_factor"):
            factor = luck.of("fertility_factor", part).reshape(cells, t, 1)
            factor_index = np.arange(cells)
        known, of = np.unique(self.srb.index[part], return_inverse=True)
        srb = self.srb.values[known, None] * self.sex_ratio
        return Inputs(
            population=layout.population.values,
            population_index=of_region(layout.population),
            survival=self.survival,
            survival_index=of_region(layout.survival),
            fertility=layout.fertility.values[:, :, None],
            fertility_index=of_region(layout.fertility),
            factor=factor,
            factor_index=factor_index,
            srb=srb.reshape(-1, t),
            srb_index=(of[:, None] * n + np.arange(n)).ravel(),
            migration=layout.flows.values,
            migration_index=of_region(layout.flows),
            mobility=layout.mobile,
            shift=drawn("life_expectancy_shift", len(SEXES)),
            migration_shift=drawn("migration_shift"),
            mode=layout.mode,
            step=1.0,
            even=True,
            first=layout.first,
            last=layout.last,
        )

    def _alteration(self, part: slice, sums: Sums) -> Alteration | None:
        """Where net migration would have emptied an age group of these regions, if anywhere."""
        if not sums.altered.any():
            return None
        cell, year = np.unravel_index(int(np.argmax(sums.altered > 0)), sums.altered.shape)
        region, draw = divmod(int(cell), self.draws)
        at: dict[Hashable, Any] = {"year": self.layout.years[year], "scenario": self.scenario}
        at |= {d: c[part][region] for d, c in self._regions().items()}
        at["draw"] = self.luck.numbers[draw]
        return Alteration(int(sums.altered.sum()), float(np.abs(sums.adjustment).sum()), at)

    def _refuse_ratio(
        self, part: slice, people: np.ndarray, labels: dict[str, xr.DataArray]
    ) -> None:
        """Raise where nobody is of working age, as :func:`dependency_ratio` says it."""
        lead = {d: c[part] for d, c in self._regions().items()} | {"draw": self.luck.numbers}
        coords = lead | {d: labels[d].values for d in _DIMS["population"]}
        shaped = np.moveaxis(people, -1, 0).reshape([len(c) for c in coords.values()])
        dependency_ratio(xr.DataArray(shaped, coords=coords, dims=list(coords)))

    def _regions(self) -> dict[Hashable, np.ndarray]:
        """Labels of the regions, by their dim; nothing where there are none."""
        cells = self.layout.cells
        return {dim: cells.coords[dim].values for dim in cells.dims}
