"""The baseline alone, of which nothing by birth order or parity is asked for.

Without a scenario the births of all orders are the rates times the women: women by parity only
split them. Where nobody asks for the split, the step without parity gives the same numbers, but
for rounding, several times as fast.

Where only quantiles are kept, some regions at a time are drawn, projected and reduced to their
quantiles in a workspace that is used again for the next: what is in memory does not grow with their
number, and most of it stays in the cache. Labels are laid on once, at the end.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from popsim.engine.adjustment import Adjustment, Notes, add_up, adjusted, first_place
from popsim.engine.blocks import slices
from popsim.engine.draws import Draws
from popsim.engine.layout import Labels, Layout, lay_out
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


class _Workspace(NamedTuple):
    """What the kernel writes for some cells, and what is made of it, by name (dims..., cell)."""

    sums: Sums
    made: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Regions:
    """Regions laid out for the summary kernel, and what is asked of them."""

    layout: Layout  #: its cells are regions
    mobile: np.ndarray  #: (row of population, state or 1), net migrants at a shift of 1
    draws: Draws
    sex_ratio: np.ndarray  #: (draw, year), factor on the sex ratio at birth
    scenario: str  #: name of the one scenario, the baseline
    asked: tuple[str, ...]  #: of :data:`TOTALS`
    borders: np.ndarray  #: of the age groups
    labels: Labels
    #: Who depends on whom: columns (sex and age group) of the ratios asked for.
    columns: dict[str, tuple[np.ndarray, np.ndarray]]

    @property
    def shift(self) -> bool:
        """Whether survival or migration is drawn."""
        drawn = self.draws.drawn
        return drawn("life_expectancy_shift") or drawn("migration_shift")

    @property
    def count(self) -> int:
        """Number of draws."""
        return len(self.draws.numbers)

    def places(self) -> dict[Hashable, np.ndarray]:
        """Labels of the regions, by their dim; nothing where there are none."""
        cells = self.layout.cells
        return {dim: cells.coords[dim].values for dim in cells.dims}


def totals(
    data: xr.Dataset,
    draws: Draws,
    *,
    scenario: str,
    asked: Sequence[str],
    lower_bounds: Sequence[int],
    probabilities: Sequence[float] | None = None,
) -> tuple[xr.Dataset, Notes]:
    """Project the baseline of some regions, label what is asked for; and what is to be said of it.

    Parameters
    ----------
    data : xarray.Dataset
        As for :func:`popsim.engine.families.simulated`.
    draws : Draws
    scenario : str
        Name of the one scenario, the baseline.
    asked : sequence of str
        What is wanted of :data:`TOTALS`.
    lower_bounds : sequence of int
        Of the age groups.
    probabilities : sequence of float, optional
        Give these quantiles over the draws in the place of the draws.
    """
    regions = _regions(data, draws, scenario, asked, lower_bounds)
    label, labels, count = regions.layout.cells.label, regions.labels, regions.layout.cells.count
    made = {}
    if probabilities is None:
        space = _workspace(regions, count)
        notes = Notes(_project(regions, slice(0, count), space))
        for name, values in space.made.items():
            shape = (1, count, regions.count, *values.shape[:-1])
            laid = np.moveaxis(values, -1, 0).reshape(shape)
            made[name] = label(laid, ("draw", *_DIMS[name]), labels, ("scenario",))
    else:
        labels = labels | {"quantile": xr.DataArray(list(probabilities), dims="quantile")}
        found, notes = _stream(regions, np.array(probabilities))
        for name, values in found.items():
            laid = np.moveaxis(values, -1, 1)[:, None]
            made[name] = label(laid, _DIMS[name], labels, ("quantile", "scenario"))
    for name in regions.columns:
        made[name] = label_dependency(made[name], DEPENDENCY_AGES, RATIOS[name])
    return xr.Dataset(made), notes


def _regions(
    data: xr.Dataset,
    draws: Draws,
    scenario: str,
    asked: Sequence[str],
    lower_bounds: Sequence[int],
) -> _Regions:
    """Lay regions out; as in :func:`totals`."""
    people, regions = data["population"], [data["region"]] if "region" in data.dims else []
    leading = {str(array.name): array for array in (people, *regions)}
    layout = lay_out(data, data["fertility_rate"], leading=leading)
    if draws.drawn("sex_ratio_factor"):
        sex_ratio = draws.of("sex_ratio_factor")
    else:
        sex_ratio = np.ones((len(draws.numbers), len(layout.years)))
    lower, borders = layout.borders(lower_bounds)
    labels = layout.labels(lower, scenario=np.array([scenario]), draw=draws.numbers)
    made = _Regions(
        layout=layout,
        mobile=layout.mobile(people),
        draws=draws,
        sex_ratio=sex_ratio,
        scenario=scenario,
        asked=tuple(dict.fromkeys(asked)),
        borders=borders,
        labels=labels,
        columns=_columns([name for name in RATIOS if name in asked], labels["age_group"]),
    )
    if not made.shift:  # nobody reads the other coefficients
        values = np.ascontiguousarray(layout.survival.values[:, :, :1])
        made = replace(made, layout=replace(layout, survival=Rows(values, layout.survival.index)))
    return made


def _columns(
    ratios: Sequence[str], groups: xr.DataArray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Who is dependent on whom: columns (sex and age group) of some ratios."""
    if not ratios:
        return {}
    known = age_groups(xr.DataArray(np.zeros(groups.size), coords={"age_group": groups}))
    both, columns = np.ones((len(SEXES), 1)), {}
    for name in ratios:
        part, of = dependency_columns(known, DEPENDENCY_AGES, RATIOS[name])
        columns[name] = (both * part).ravel(), (both * of).ravel()
    return columns


def _stream(regions: _Regions, p: np.ndarray) -> tuple[dict[str, np.ndarray], Notes]:
    """Quantiles (quantile, dims..., region) of all regions, some after others."""
    count, most, draws = regions.layout.cells.count, most_threads(), regions.count
    together = min(most, count)
    size = max(min(_CELLS_AT_A_TIME // draws, -(-count // together)), 1)
    todo = iter(slices(count, size))
    shapes = {name: v.shape[:-1] for name, v in _workspace(regions, 0).made.items()}
    made = {name: np.empty((len(p), *shape, count)) for name, shape in shapes.items()}

    def work(parts: Iterator[slice]) -> list[tuple[int, Adjustment]]:
        """Parts until none is left, in a thread of its own, kernels included."""
        space, notes = _workspace(regions, size), []
        with threads(1 if together == most else most):
            for part in parts:
                n = part.stop - part.start
                space = space if n == size else _workspace(regions, n)  # the last may be smaller
                noted = _project(regions, part, space)
                for name, values in space.made.items():
                    found = np.empty((len(p), values.size // draws, 1))
                    select_quantiles(values.reshape(-1, draws, 1), p, found)
                    made[name][..., part] = found.reshape((len(p), *shapes[name], n))
                if noted is not None:
                    notes.append((part.start, noted))
                if space.sums.adjustment.any():
                    space.sums.adjustment[...] = 0.0  # as the kernel expects them
                    space.sums.lift[...] = 0.0
        return notes

    with ThreadPoolExecutor(together) as pool:
        notes = [note for done in pool.map(work, [todo] * together) for note in done]
    in_order = sorted(notes, key=lambda note: note[0])
    return made, add_up(Notes(noted) for _, noted in in_order)


def _workspace(regions: _Regions, count: int) -> _Workspace:
    """Arrays for some regions; without cells what neither is asked for nor needed."""
    layout, columns = regions.layout, regions.columns
    cells, t, ages = count * regions.count, len(layout.years), len(layout.ages)
    kept = {*regions.asked, *(("population",) if columns else ())}
    sums = allocate(
        cells, t, 1, len(regions.borders) - 1, len(SEXES) * ages,
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
        **{name: np.empty((t + 1, cells)) for name in columns},
    }
    return _Workspace(sums, {name: made[name] for name in regions.asked})


def _project(regions: _Regions, part: slice, space: _Workspace) -> Adjustment | None:
    """Fill the workspace with some regions."""
    sums, made = space
    given = _inputs(regions, part)
    starts = blocks(LANES, given.population_index, given.survival_index, given.migration_index)
    project_summary(given, starts, regions.borders, sums)
    if "total_fertility_rate" in made:
        rows = regions.layout.fertility
        level = rows.values.sum(axis=-1)[rows.index[part]].repeat(regions.count, axis=0)
        rate = level * given.factor[given.factor_index, :, 0]
        made["total_fertility_rate"][...] = rate.T
    for name, (dependants, supporters) in regions.columns.items():
        people = sums.population.reshape(len(regions.layout.years) + 1, len(supporters), -1)
        percent_of(people, dependants, supporters, made[name])
        if not np.isfinite(made[name]).all():
            _refuse_ratio(regions, part, sums.population)
    return _adjustment(regions, part, cells_first(sums))


def _inputs(regions: _Regions, part: slice) -> Inputs:
    """What the kernel reads for some regions: their own draws, and rows that all share."""
    layout, draws, n, t = regions.layout, regions.draws, regions.count, len(regions.layout.years)
    cells = (part.stop - part.start) * n

    def of_region(rows: Rows) -> np.ndarray:
        return np.repeat(rows.index[part], n)

    def drawn(name: str, *core: int) -> np.ndarray:
        """Of each cell; nothing where neither survival nor migration is drawn."""
        if not regions.shift:
            return np.empty((0, t, *core))
        if not draws.drawn(name):
            return np.zeros((cells, t, *core))
        return draws.of(name, part).reshape(cells, t, *core)

    factor, factor_index = np.ones((1, t, 1)), np.zeros(cells, dtype=np.int64)
    if draws.drawn("fertility_factor"):
        factor = draws.of("fertility_factor", part).reshape(cells, t, 1)
        factor_index = np.arange(cells)
    known, of = np.unique(layout.srb.index[part], return_inverse=True)
    srb = layout.srb.values[known, None] * regions.sex_ratio
    return Inputs(
        population=layout.population.values,
        population_index=of_region(layout.population),
        survival=layout.survival.values,
        survival_index=of_region(layout.survival),
        fertility=layout.fertility.values[:, :, None],
        fertility_index=of_region(layout.fertility),
        factor=factor,
        factor_index=factor_index,
        srb=srb.reshape(-1, t),
        srb_index=(of[:, None] * n + np.arange(n)).ravel(),
        migration=layout.flows.values,
        migration_index=of_region(layout.flows),
        mobility=regions.mobile,
        shift=drawn("life_expectancy_shift", len(SEXES)),
        migration_shift=drawn("migration_shift"),
        mode=layout.mode,
        step=1.0,
        even=True,
        first=layout.first,
        last=layout.last,
    )


def _adjustment(regions: _Regions, part: slice, sums: Sums) -> Adjustment | None:
    """Where net migration would have emptied an age group of these regions, if anywhere."""
    if (place := first_place(sums.altered)) is None:
        return None
    region, draw = divmod(place[0], regions.count)
    first: dict[Any, Any] = {"year": regions.layout.years[place[1]], "scenario": regions.scenario}
    first |= {dim: labels[part][region] for dim, labels in regions.places().items()}
    first["draw"] = regions.draws.numbers[draw]
    return adjusted(sums.altered, sums.adjustment, first)


def _refuse_ratio(regions: _Regions, part: slice, people: np.ndarray) -> None:
    """Raise where nobody is of working age, as :func:`dependency_ratio` says it."""
    coords: dict[Hashable, Any] = {d: c[part] for d, c in regions.places().items()}
    coords |= {"draw": regions.draws.numbers}
    coords |= {d: regions.labels[d].values for d in _DIMS["population"]}
    shaped = np.moveaxis(people, -1, 0).reshape([len(c) for c in coords.values()])
    dependency_ratio(xr.DataArray(shaped, coords=coords, dims=list(coords)))
