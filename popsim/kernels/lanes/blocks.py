"""Blocks of cells that walk through their ages together, one beside another.

What a cell holds at a row (an age of a sex) lies beside what the other cells of its block hold
there, so that one instruction serves several cells, sums over ages included, and a rate that all
of them share is read once. The state of a block stays in the cache.

A lane never meets another one: the result of a cell does not depend on the cells beside it,
on the lane that it has, or on the number of threads. The last block is filled up with
copies of the last cell, which are not written.

Names of one capital are blocks: lane ``z`` of row ``a`` is ``X[a * LANES + z]``. The distance
between two rows is thus known to the compiler, and only then does it keep several lanes in one
register without first asking, row for row, whether they overlap. Nor may it have to ask whether
a place counts from the end: a row that is known at run time is cut out before its lanes are read.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit_inner, uncounted

#: Cells in a block of :mod:`popsim.kernels.lanes.summary`. What is done once a row or once a
#: function (bounds, slices, rates that are spread over a register) costs as much as dozens of
#: lanes; more lanes leave more of them empty in the last block, and the state of 512 would leave
#: the cache. :mod:`popsim.kernels.lanes.width` has a number of its own.
LANES = 256


@jit_inner
def room_for(sizes):
    """Zeros for arrays of these sizes, and where each begins and the last one ends.

    All begin on a line of the cache, so that no row of lanes lies across two.
    """
    borders = np.zeros(sizes.shape[0] + 1, dtype=np.int64)
    for k in range(sizes.shape[0]):
        borders[k + 1] = borders[k] + (sizes[k] + 7) // 8 * 8
    memory = np.zeros(borders[sizes.shape[0]] + 8)
    skip = (8 - memory.ctypes.data // 8 % 8) % 8
    return memory, borders + skip


@jit_inner
def room(memory, borders, k):
    """The ``k``-th of the arrays that there is room for; of use while the memory is."""
    return uncounted(memory[borders[k] : borders[k + 1]])


@jit_inner
def fill(X, value):
    """Set every number of a block."""
    for i in range(X.shape[0]):
        X[i] = value


@jit_inner
def put(row, lane, X):
    """Lay a row of one cell into its lane."""
    for a in range(row.shape[0]):
        X[a * LANES + lane] = row[a]


@jit_inner
def same(rows):
    """Whether all lanes read the same row."""
    others = 0
    for z in range(rows.shape[0]):
        others += rows[z] != rows[0]
    return others == 0


@jit_inner
def lay(values, rows, t, X):
    """Lay the rows that the lanes read in year ``t`` side by side."""
    n = values.shape[2]
    a = 0
    while a + 8 <= n:  # eight numbers are a line of the cache, and its rows of X fit there too
        x = X[a * LANES : (a + 8) * LANES]
        for z in range(LANES):
            v = values[rows[z], t, a : a + 8]
            x[z], x[LANES + z] = v[0], v[1]
            x[2 * LANES + z], x[3 * LANES + z] = v[2], v[3]
            x[4 * LANES + z], x[5 * LANES + z] = v[4], v[5]
            x[6 * LANES + z], x[7 * LANES + z] = v[6], v[7]
        a += 8
    for z in range(LANES):
        put(values[rows[z], t, a:], z, X[a * LANES :])


def blocks(lanes: int, *rows: np.ndarray) -> np.ndarray:
    """First cell of each block: blocks are full, or end where cells read other rows."""
    other = np.any([np.diff(index, prepend=-1) != 0 for index in rows], axis=0)
    runs = np.append(np.flatnonzero(other), len(other))
    return np.concatenate([np.arange(runs[i], runs[i + 1], lanes) for i in range(len(runs) - 1)])
