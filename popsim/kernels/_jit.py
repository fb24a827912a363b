"""The one place that configures Numba, and that runs kernels in threads.

No ``fastmath`` anywhere: it may reassociate sums, and then a published figure's last
digits would depend on the compiler. ``error_model="numpy"`` gives 0/0 = nan as in the
reference implementation instead of an exception inside a thread.

Threads are Python's, over ranges of cells of a kernel that has let go of the interpreter's
lock. Numba's own parallel loops would do the same at twice the time to compile, and not all
of their threading layers bear to be called from several threads at once.

What is compiled is kept between runs by :mod:`popsim.kernels._cache`, which knows all sources of
kernels: after an edit to any of them, a constant or an inner function, all are compiled anew.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import pairwise
from typing import Any, TypeVar

from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from popsim.kernels._cache import keep

__all__ = [
    "fma",
    "in_ranges",
    "in_use",
    "jit",
    "jit_cells",
    "jit_inlined",
    "jit_inner",
    "most_threads",
    "set_most_threads",
    "threads",
    "uncounted",
]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Arrays = TypeVar("Arrays")
_SETTINGS: dict[str, Any] = {
    "error_model": "numpy",
    "nogil": True,
    "no_cfunc_wrapper": True,  # nobody calls kernels from C
}
_INNER = {**_SETTINGS, "no_cpython_wrapper": True}
_INLINED: dict[str, Any] = {"error_model": "numpy", "inline": "always"}

#: Ranges of cells for each thread: more than one, since no two take the same time.
_RANGES_A_THREAD = 4

#: At most so many threads, as NUMBA_NUM_THREADS says or as there are processors.
_everywhere = int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
#: The same for what a caller's thread has set for itself.
_most: ContextVar[int | None] = ContextVar("_most", default=None)
#: The threads that kernels run in, by how many there are.
_pools: dict[int, ThreadPoolExecutor] = {}


def jit(function: Kernel) -> Kernel:
    """Compile what works on one cell (a region, scenario, draw)."""
    compiled: Kernel = keep(njit(**_SETTINGS)(function))
    return compiled


def jit_inner(function: Kernel) -> Kernel:
    """Compile what only compiled functions call: without a way in from Python, so sooner.

    For kernels of which no test runs the Python source: a call from Python ends the process.
    """
    compiled: Kernel = keep(njit(**_INNER)(function))
    return compiled


def jit_inlined(function: Kernel) -> Kernel:
    """Have a few lines compiled where they are called, as if they were written there."""
    compiled: Kernel = njit(**_INLINED)(function)
    return compiled


def jit_cells(over: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel over cells and call it in threads, each with ranges of the cells.

    Parameters
    ----------
    over : str
        The parameter whose first axis is the cells.

    Returns
    -------
    callable
        Decorates ``function(begin, end, ...)``, which works on the cells ``begin <= c < end``
        and touches no other, so that threads cannot change a bit. What it makes is called
        without the two; its ``py_func`` is the same in plain Python.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled = keep(njit(**_SETTINGS)(function))
        position = list(inspect.signature(function).parameters).index(over) - 2

        @wraps(function)
        def run(*arguments: Any) -> None:
            in_ranges(compiled, len(arguments[position]), arguments)

        def plainly(*arguments: Any) -> None:
            function(0, len(arguments[position]), *arguments)

        run.py_func = plainly  # type: ignore[attr-defined]
        return run

    return decorate


@intrinsic
def _fma(_: Any, a: Any, b: Any, c: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), build


#: ``fma(a, b, c)`` is ``a * b + c``, rounded once: one instruction, and the same bits on every
#: machine. The compiler may not make it of a product and a sum by itself, since that changes
#: bits. For compiled functions alone.
fma: Callable[[float, float, float], float] = _fma  # type: ignore[assignment]


def uncounted(arrays: Arrays) -> Arrays:
    """The same array or named tuple of arrays, of which nobody counts any more how many use it.

    A compiled function that calls others counts, one atomic operation up and one down for each
    array that it is handed; a kernel has dozens of calls in a step, and threads take turns.
    Somebody else has to keep the memory: the caller does of arguments, and a kernel that has
    made it itself calls :func:`in_use` when all is done.

    Examples
    --------
    >>> uncounted([1.0])
    [1.0]
    """
    return arrays


def in_use(array: Any) -> None:
    """Keep memory, of which :func:`uncounted` arrays are parts, until here."""


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        same = context.make_array(kind)(context, builder, value)
        same.meminfo = cgutils.get_null_value(same.meminfo.type)
        same.parent = cgutils.get_null_value(same.parent.type)
        return same._getvalue()
    if isinstance(kind, types.BaseTuple):
        for i in range(len(kind)):
            part = builder.extract_value(value, i)
            part = _without_owner(context, builder, kind.types[i], part)  # type: ignore[attr-defined]
            value = builder.insert_value(value, part, i)
    return value


@intrinsic
def _uncounted(_: Any, arrays: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owner(context, builder, arrays, arguments[0])

    return arrays(arrays), build


@overload(uncounted, inline="always")
def _compiled_uncounted(arrays):
    return lambda arrays: _uncounted(arrays)  # type: ignore[call-arg]


@intrinsic
def _in_use(_: Any, array: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_dummy_value()

    return types.void(array), build


@overload(in_use, inline="always")
def _compiled_in_use(array):
    return lambda array: _in_use(array)  # type: ignore[call-arg]


def most_threads() -> int:
    """How many threads kernels run in at most, where they are called from this thread."""
    return _most.get() or _everywhere


def set_most_threads(most: int) -> int:
    """Let kernels run in at most so many threads, wherever they are called; return what held."""
    global _everywhere
    before, _everywhere = _everywhere, most
    return before


@contextmanager
def threads(most: int) -> Iterator[None]:
    """Run kernels that this thread calls in at most so many, within a ``with`` block."""
    before = _most.set(most)
    try:
        yield
    finally:
        _most.reset(before)


def in_ranges(function: Callable[..., Any], count: int, arguments: tuple[Any, ...]) -> None:
    """Call ``function(begin, end, *arguments)`` on ranges of ``count`` cells, in threads."""
    most = most_threads()
    pieces = min(most * _RANGES_A_THREAD, count)
    if most == 1 or pieces < 2:
        function(0, count, *arguments)
        return
    borders = [count * k // pieces for k in range(pieces + 1)]
    running = [
        _workers(most).submit(function, begin, end, *arguments) for begin, end in pairwise(borders)
    ]
    for piece in running:
        piece.result()


def _workers(most: int) -> ThreadPoolExecutor:
    pool = _pools.get(most)
    if pool is None:
        # of two threads that come first at once, both get the same
        pool = _pools.setdefault(most, ThreadPoolExecutor(most, thread_name_prefix="popsim"))
    return pool


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pools.clear)
