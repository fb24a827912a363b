"""What a simulation draws of demography, each group of quantities by its seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from popsim.schema.conventions import SEXES
from popsim.uncertainty.intervals import Intervals
from popsim.uncertainty.paths import NationalPaths
from popsim.uncertainty.places import places_of
from popsim.uncertainty.sampling import Sampling

#: Dims of each quantity of the draws after region and draw, and where it is held at its median.
_DIMS = {
    "fertility_factor": ("year",),
    "life_expectancy_shift": ("year", "sex"),
    "migration_shift": ("year",),
    "sex_ratio_factor": ("year",),
}


def _median(name: str) -> float:
    return 1.0 if name.endswith("factor") else 0.0


class Draws:
    """Draws of demography about a baseline.

    Parameters
    ----------
    baseline : xarray.Dataset
    draws : int
    seeds : mapping of str to int or None
        Of fertility_factor, life_expectancy_shift, migration_shift and sex_ratio_factor; None
        holds a quantity at its median.
    chosen : slice
        The draws that are taken. All are made: sums over other shapes would round otherwise.
    sampling, intervals
        As in :func:`popsim.uncertainty.paths.demographic_draws`.
    """

    def __init__(
        self,
        baseline: xr.Dataset,
        draws: int,
        seeds: Mapping[str, int | None],
        chosen: slice,
        *,
        sampling: Sampling,
        intervals: Mapping[str, Intervals] | None,
    ) -> None:
        self._seeds, self._chosen = seeds, chosen
        self.numbers = np.arange(draws)[chosen]
        self._places, self._regions = places_of(baseline), "region" in baseline.dims
        # Groups of one seed read one set of paths: where these are stratified, together.
        self._paths = {
            seed: NationalPaths(baseline, draws, seed, sampling=sampling, intervals=intervals)
            for seed in {s for s in seeds.values() if s is not None}
        }

    def drawn(self, name: str) -> bool:
        """Whether a quantity is drawn; else it is at its median."""
        return self._seeds[name] is not None

    def of(self, name: str, part: slice = slice(None)) -> np.ndarray:
        """A quantity that is drawn, of some regions.

        Returns
        -------
        numpy.ndarray
            (region, draw, year), of life expectancy (region, draw, year, sex); one row where
            there are no regions. Of the sex ratio at birth (draw, year).
        """
        seed = self._seeds[name]
        assert seed is not None
        if name == "sex_ratio_factor":
            return np.ascontiguousarray(self._paths[seed].sex_ratio_factor[self._chosen])
        drawn, _ = self._paths[seed].of(name, self._places.part(part))
        return np.ascontiguousarray(drawn[:, self._chosen])

    def dataset(self, years: np.ndarray) -> xr.Dataset:
        """All quantities, labelled, as :func:`popsim.uncertainty.paths.demographic_draws` does."""
        coords: dict[str, Any] = {"draw": self.numbers, "year": years, "sex": list(SEXES)}
        made = {}
        for name, dims in _DIMS.items():
            lead: tuple[str, ...] = ("draw",)
            if self.drawn(name):
                values = self.of(name)
                if name != "sex_ratio_factor":
                    lead = ("region", "draw") if self._regions else lead
                    values = values if self._regions else values[0]
            else:
                shape = (len(self.numbers), *(len(coords[d]) for d in dims))
                values = np.full(shape, _median(name))
            made[name] = ((*lead, *dims), values)
        return xr.Dataset(made, coords)
