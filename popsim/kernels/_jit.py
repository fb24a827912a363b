"""The one place that configures Numba.

No ``fastmath`` anywhere: it may reassociate sums, and then a published figure's
last digits would depend on the compiler. ``error_model="numpy"`` gives 0/0 = nan
as in the reference implementation instead of an exception inside a parallel loop.
"""

from __future__ import annotations

from numba import njit, prange

__all__ = ["jit", "jit_inline", "jit_parallel", "prange"]

#: One cell (a region, scenario, draw): called from parallel kernels.
jit = njit(cache=True, error_model="numpy", nogil=True)

#: Small helpers that disappear into their caller.
jit_inline = njit(cache=True, error_model="numpy", nogil=True, inline="always")

#: Loops over cells with ``prange``; never over ages, so threads cannot change a bit.
jit_parallel = njit(cache=True, error_model="numpy", nogil=True, parallel=True)
