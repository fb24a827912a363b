"""The one place that configures Numba.

No ``fastmath`` anywhere: it may reassociate sums, and then a published figure's last
digits would depend on the compiler. ``error_model="numpy"`` gives 0/0 = nan as in the
reference implementation instead of an exception inside a parallel loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, prange

__all__ = ["jit", "jit_parallel", "prange"]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_SETTINGS: dict[str, Any] = {"cache": True, "error_model": "numpy", "nogil": True}


def jit(function: Kernel) -> Kernel:
    """Compile what works on one cell (a region, scenario, draw)."""
    compiled: Kernel = njit(**_SETTINGS)(function)
    return compiled


def jit_parallel(function: Kernel) -> Kernel:
    """Compile a loop over cells with ``prange``; not over ages, so threads cannot change a bit."""
    compiled: Kernel = njit(parallel=True, **_SETTINGS)(function)
    return compiled
