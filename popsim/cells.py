"""The one crossing point between labelled arrays and kernels.

A kernel runs over *cells*: every combination of the leading dimensions (region,
scenario, draw). An input that does not vary over a leading dimension is not
copied along it; the kernel finds its row through an index.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Rows:
    """One input as kernels take it.

    Attributes
    ----------
    values : numpy.ndarray
        (row, core dims...), C-contiguous float64.
    index : numpy.ndarray
        (cell,) int64: the row that each cell reads.
    """

    values: np.ndarray
    index: np.ndarray


class Cells:
    """The leading dimensions of a set of arrays, and the way in and out of them.

    Parameters
    ----------
    arrays : mapping of str to DataArray
        Checked to agree on the labels of shared dims.
    core : sequence of str
        Dimensions that belong to the variables themselves (year, sex, age ...).

    Examples
    --------
    >>> a = xr.DataArray(np.ones((2, 3)), dims=("region", "age"), coords={"region": ["x", "y"]})
    >>> b = xr.DataArray(np.ones(3), dims="age")
    >>> cells = Cells({"a": a, "b": b}, core=["age"])
    >>> cells.count, cells.rows(b, ["age"]).index.tolist()
    (2, [0, 0])
    """

    def __init__(self, arrays: Mapping[str, xr.DataArray], core: Sequence[str]) -> None:
        self.sizes: dict[Hashable, int] = {}
        self.coords: dict[Hashable, Any] = {}
        for array in arrays.values():
            for dim in array.dims:
                if dim in core or dim in self.sizes:
                    continue
                self.sizes[dim] = array.sizes[dim]
            for name, coord in array.coords.items():
                if all(d in self.sizes for d in coord.dims):
                    self.coords.setdefault(name, coord)
        self.dims: tuple[Hashable, ...] = tuple(self.sizes)
        self.shape: tuple[int, ...] = tuple(self.sizes.values())
        self.count = int(np.prod(self.shape, dtype=np.int64))

    def rows(self, array: xr.DataArray, core: Sequence[str]) -> Rows:
        """Lay an array out as rows of its core dims, with the row of each cell."""
        own = [d for d in self.dims if d in array.dims]
        laid = array.transpose(*own, *core)
        # Writable too: to a kernel, what cannot be written is a type of its own to compile for.
        values = np.require(laid.values, dtype=np.float64, requirements=["C", "W"])
        values = values.reshape((-1, *(array.sizes[d] for d in core)))
        grid = np.arange(len(values), dtype=np.int64).reshape([self.sizes[d] for d in own])
        spread = grid.reshape([self.sizes[d] if d in own else 1 for d in self.dims])
        index = np.require(np.broadcast_to(spread, self.shape).ravel(), requirements=["C", "W"])
        return Rows(values, index)

    def label(
        self,
        values: np.ndarray,
        core: Sequence[str],
        coords: Mapping[Any, xr.DataArray],
        lead: tuple[str, ...] = (),
    ) -> xr.DataArray:
        """Give an array (lead..., cell, core dims...) its leading dims and all labels back."""
        n = len(lead)
        shaped = values.reshape((*values.shape[:n], *self.shape, *values.shape[n + 1 :]))
        dims = (*lead, *self.dims, *core)
        usable: dict[Hashable, Any] = {d: coords[d] for d in dims if d in coords}
        usable |= {k: v for k, v in self.coords.items() if set(v.dims) <= set(dims)}
        return xr.DataArray(shaped, dims=dims, coords=usable)
