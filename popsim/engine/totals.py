"""The baseline alone, of which nothing by birth order or parity is asked for.

Without a package the births of all orders are the rates times the women: women by parity only
split them. Where nobody asks for the split, the step without parity gives the same numbers, but
for rounding, several times as fast.

Where only quantiles are kept, some regions at a time are drawn, projected and reduced to their
quantiles in room that is used again for the next: what is in memory does not grow with their
number, and most of it stays in the cache. Labels are laid on once, at the end.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from popsim.cells import Rows
from popsim.demography.ages.age_groups import age_groups
from popsim.demography.indicators.dependency import (
    DEPENDENCY_AGES,
    DependencyKind,
    dependency_columns,
    dependency_ratio,
    label_dependency,
)
from popsim.engine.blocks import slices
from popsim.engine.draws import Luck
from popsim.engine.layout import Alteration, Layout, Notes, add_up
from popsim.kernels._jit import most_threads, threads
from popsim.kernels.lanes.blocks import LANES, blocks
from popsim.kernels.lanes.summary import Inputs, Sums, allocate, cells_first, project_summary
from popsim.kernels.quantiles import select_quantiles
from popsim.kernels.ratios import percent_of
from popsim.schema.conventions import SEXES

#: What needs no women by parity, and its dims after those of the cells.
_DIMS = {
    "population": ("time", "sex", "age_group"),
    "population_final": ("sex", "age"),
    "total_births": ("year",),
    "total_fertility_rate": ("year",),
    "deaths": ("year", "sex"),
    "net_migration": ("year", "sex"),
    "migration_adjustment": ("year", "sex"),
    "population_lift": ("year", "sex"),
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

#: What the kernel may leave out: by its name here, that in the kernel's sums.
_LEFT_OUT = {
    "population": "population",
    "population_final": "final",
    "deaths": "deaths",
    "net_migration": "migration",
    "population_lift": "lift",
}

#: Cells (regions times draws) of which no draw is kept that are projected at a time by a thread:
#: few, so that they are still in the cache when their quantiles are found.
_CELLS_AT_A_TIME = 8_000


class _Room(NamedTuple):
    """What the kernel writes for some cells, and what is made of it, by name (dims..., cell)."""

    sums: Sums
    made: dict[str, np.ndarray]


class TotalsEngine:
    """Some regions, laid out for the summary kernel.

    Parameters
    ----------
    data : xarray.Dataset
        As for :class:`popsim.engine.layout.Layout`.
    luck : Luck
    scenario : str
        Name of the one scenario, the baseline.
    asked : sequence of str
        What is wanted of :data:`TOTALS`.
    lower_bounds : sequence of int
        Of the age groups.
    """

    def __init__(
        self,
        data: xr.Dataset,
        luck: Luck,
        *,
        scenario: str,
        asked: Sequence[str],
        lower_bounds: Sequence[int],
    ) -> None:
        self.layout = layout = Layout(data)
        self.luck, self.scenario, self.asked = luck, scenario, tuple(dict.fromkeys(asked))
        self.drawn = luck.drawn("life_expectancy_shift") or luck.drawn("migration_shift")
        survival = layout.survival.values
        self.survival = survival if self.drawn else np.ascontiguousarray(survival[:, :, :1])
        self.srb = layout.cells.rows(data["sex_ratio_at_birth"], ["year"])
        self.draws, self.years = len(luck.numbers), len(layout.years)
        self.sex_ratio = np.ones((self.draws, self.years))
        if luck.drawn("sex_ratio_factor"):
            self.sex_ratio = luck.of("sex_ratio_factor")
        lower, self.borders = layout.borders(lower_bounds)
        self.labels = layout.labels(lower, [scenario], [])
        self.labels["draw"] = xr.DataArray(luck.numbers, dims="draw")
        self.columns = self._columns()

    def run(self, probabilities: Sequence[float] | None = None) -> tuple[xr.Dataset, Notes]:
        """Project, label what is asked for; and what is to be said of it.

        Parameters
        ----------
        probabilities : sequence of float, optional
            Give these quantiles over the draws in the place of the draws.
        """
        label, labels, regions = self.layout.label, self.labels, self.layout.cells.count
        made = {}
        if probabilities is None:
            room = self._room(regions)
            notes = Notes(self._project(slice(0, regions), room))
            for name, values in room.made.items():
                shape = (1, regions, self.draws, *values.shape[:-1])
                laid = np.moveaxis(values, -1, 0).reshape(shape)
                made[name] = label(laid, ("draw", *_DIMS[name]), labels)
        else:
            labels = labels | {"quantile": xr.DataArray(list(probabilities), dims="quantile")}
            found, notes = self._stream(np.array(probabilities))
            for name, values in found.items():
                laid = np.moveaxis(values, -1, 1)[:, None]
                made[name] = label(laid, _DIMS[name], labels, ("quantile", "scenario"))
        for name in self.columns:
            made[name] = label_dependency(made[name], DEPENDENCY_AGES, RATIOS[name])
        if "net_migration" in made:
            made["net_migration"].attrs["units"] = "persons"  # in the year, not a year
        return xr.Dataset(made), notes

    def _columns(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Who is dependent on whom: columns (sex and age group) of the ratios asked for."""
        ratios = [name for name in RATIOS if name in self.asked]
        if not ratios:
            return {}
        groups = self.labels["age_group"]
        known = age_groups(xr.DataArray(np.zeros(groups.size), coords={"age_group": groups}))
        both, columns = np.ones((len(SEXES), 1)), {}
        for name in ratios:
            part, of = dependency_columns(known, DEPENDENCY_AGES, RATIOS[name])
            columns[name] = (both * part).ravel(), (both * of).ravel()
        return columns

    def _stream(self, p: np.ndarray) -> tuple[dict[str, np.ndarray], Notes]:
        """Quantiles (quantile, dims..., region) of all regions, some after others."""
        regions, most = self.layout.cells.count, most_threads()
        together = min(most, regions)
        size = max(min(_CELLS_AT_A_TIME // self.draws, -(-regions // together)), 1)
        todo = iter(slices(regions, size))
        shapes = {name: values.shape[:-1] for name, values in self._room(0).made.items()}
        made = {name: np.empty((len(p), *shape, regions)) for name, shape in shapes.items()}

        def work(parts: Iterator[slice]) -> list[tuple[int, Alteration]]:
            """Parts until none is left, in a thread of its own, kernels included."""
            room, notes = self._room(size), []
            with threads(1 if together == most else most):
                for part in parts:
                    n = part.stop - part.start
                    room = room if n == size else self._room(n)  # the last may be smaller
                    noted = self._project(part, room)
                    for name, values in room.made.items():
                        found = np.empty((len(p), values.size // self.draws, 1))
                        select_quantiles(values.reshape(-1, self.draws, 1), p, found)
                        made[name][..., part] = found.reshape((len(p), *shapes[name], n))
                    if noted is not None:
                        notes.append((part.start, noted))
                    if room.sums.adjustment.any():
                        room.sums.adjustment[...] = 0.0  # as the kernel expects them
                        room.sums.lift[...] = 0.0
            return notes

        with ThreadPoolExecutor(together) as pool:
            notes = [note for done in pool.map(work, [todo] * together) for note in done]
        in_order = sorted(notes, key=lambda note: note[0])
        return made, add_up(Notes(noted) for _, noted in in_order)

    def _room(self, regions: int) -> _Room:
        """Arrays for some regions; without cells what neither is asked for nor needed."""
        cells, t, ages = regions * self.draws, self.years, len(self.layout.ages)
        kept = {*self.asked, *(("population",) if self.columns else ())}
        sums = allocate(
            cells, t, 1, len(self.borders) - 1, len(SEXES) * ages,
            without=[ours for name, ours in _LEFT_OUT.items() if name not in kept],
        )  # fmt: skip
        made = {
            "population": sums.population,
            "population_final": sums.final.reshape(len(SEXES), ages, -1),
            "total_births": sums.births.reshape(t, cells),
            "total_fertility_rate": np.empty((t, cells if "total_fertility_rate" in kept else 0)),
            "deaths": sums.deaths,
            "net_migration": sums.migration,
            "migration_adjustment": sums.adjustment,
            "population_lift": sums.lift,
            **{name: np.empty((t + 1, cells)) for name in self.columns},
        }
        return _Room(sums, {name: made[name] for name in self.asked})

    def _project(self, part: slice, room: _Room) -> Alteration | None:
        """Fill the room with some regions."""
        sums, made = room
        given = self._inputs(part)
        starts = blocks(LANES, given.population_index, given.survival_index, given.migration_index)
        project_summary(given, starts, self.borders, sums)
        if "total_fertility_rate" in made:
            rows = self.layout.fertility
            level = rows.values.sum(axis=-1)[rows.index[part]].repeat(self.draws, axis=0)
            rate = level * given.factor[given.factor_index, :, 0]
            made["total_fertility_rate"][...] = rate.T
        for name, (dependants, supporters) in self.columns.items():
            people = sums.population.reshape(self.years + 1, len(supporters), -1)
            percent_of(people, dependants, supporters, made[name])
            if not np.isfinite(made[name]).all():
                self._refuse_ratio(part, sums.population)
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

    def _refuse_ratio(self, part: slice, people: np.ndarray) -> None:
        """Raise where nobody is of working age, as :func:`dependency_ratio` says it."""
        lead = {d: c[part] for d, c in self._regions().items()} | {"draw": self.luck.numbers}
        coords = lead | {d: self.labels[d].values for d in _DIMS["population"]}
        shaped = np.moveaxis(people, -1, 0).reshape([len(c) for c in coords.values()])
        dependency_ratio(xr.DataArray(shaped, coords=coords, dims=list(coords)))

    def _regions(self) -> dict[Hashable, np.ndarray]:
        """Labels of the regions, by their dim; nothing where there are none."""
        cells = self.layout.cells
        return {dim: cells.coords[dim].values for dim in cells.dims}
