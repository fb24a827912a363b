"""Random numbers by counter, and the paths made of them, over all series in parallel.

A number is a function of a key and a counter, nothing else (Philox4x64-10: Salmon, Moraes,
Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3). The key says what the
series is for; the counter is (block of four draws, year, 0, 0), so more draws, a longer
horizon, other series, chunks and threads change no number there is already. NumPy's
``Philox(key=key, counter=[0, year, 0, 0])`` gives the same bits.

The normal quantile is Wichura's PPND16 (1988, Algorithm AS 241, Applied Statistics 37:
477-484), good to about 1e-16 of its value.

Numbers are made for a task at a time, some years of some draws of a series, so that all that
happens to them until they are in their path happens in the first-level cache. There number
``i`` of a year belongs to the draw ``4 (i % LANES) + i // LANES``: the four numbers of a counter
lie ``LANES`` apart.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells

Array = np.ndarray

#: Blocks of four draws worked on at once: the loops over them fill the processor's vector units.
LANES = 16
#: Draws in a task, and the years that are made before they are laid into their paths.
TASK, YEARS = 4 * LANES, 8

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ONE = np.uint64(1)
_DROPPED = np.uint64(12)

#: Numerators and denominators of AS 241, highest power first: the centre, the tails, the far tails.
_A = (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
      45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
      133.14166789178437745, 3.387132872796366608)  # fmt: skip
_B = (5226.495278852545925, 28729.085735721942674, 39307.89580009271061,
      21213.794301586595867, 5394.1960214247511077, 687.1870074920579083,
      42.313330701600911252, 1.0)  # fmt: skip
_C = (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
      1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
      4.6303378461565452959, 1.42343711074968357734)  # fmt: skip
_D = (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
      0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
      2.05319162663775882187, 1.0)  # fmt: skip
_E = (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
      0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
      5.4637849111641143699, 6.6579046435011037772)  # fmt: skip
_F = (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
      7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
      0.59983220655588793769, 1.0)  # fmt: skip


@jit
def _ratio(r, p, q):
    """``p(r) / q(r)`` by Horner's rule."""
    above = ((((((p[0] * r + p[1]) * r + p[2]) * r + p[3]) * r + p[4]) * r + p[5]) * r + p[6]) * r
    below = ((((((q[0] * r + q[1]) * r + q[2]) * r + q[3]) * r + q[4]) * r + q[5]) * r + q[6]) * r
    return (above + p[7]) / (below + q[7])


@jit
def normal_quantiles(u: Array, tails: Array, root: Array, side: Array, z: Array) -> None:
    """Standard normal quantiles of probabilities strictly between 0 and 1.

    Parameters
    ----------
    u : (number,)
    tails : (number,) int64, root, side : (number,)
        Room to work in.
    z : (number,)
        Output.
    """
    for i in range(u.shape[0]):
        q = u[i] - 0.5
        z[i] = q * _ratio(0.180625 - q * q, _A, _B)
    # The 15 % more than 0.425 off the middle are done again side by side: a branch for each
    # number would keep all of them out of the vector units.
    count = 0
    for i in range(u.shape[0]):
        tails[count] = i
        count += int(abs(u[i] - 0.5) > 0.425)
    for j in range(count):
        p = u[tails[j]]
        side[j] = -np.log(min(p, 1.0 - p))
    for j in range(count):
        root[j] = np.sqrt(side[j])
        side[j] = _ratio(root[j] - 1.6, _C, _D)
    for j in range(count):
        i = tails[j]
        size = side[j] if root[j] <= 5.0 else _ratio(root[j] - 5.0, _E, _F)
        z[i] = -size if u[i] < 0.5 else size


@jit
def _product(a, b):
    """Upper and lower 64 bits of a product of two 64-bit numbers, from those of their halves.

    The lower ones are those of ``a * b``; but asked for in that way, the compiler sees what the
    upper ones are, and takes the processor's product of 128 bits, which has no vectors.
    """
    a0, a1 = a & _LOW, a >> _HALF
    b0, b1 = b & _LOW, b >> _HALF
    lowest = a0 * b0
    middle = a1 * b0 + (lowest >> _HALF)
    other = a0 * b1 + (middle & _LOW)
    high = a1 * b1 + (middle >> _HALF) + (other >> _HALF)
    return high, (other << _HALF) | (lowest & _LOW)


@jit
def philox_block(key0, key1, block, word1, out: Array) -> None:
    """Raw numbers of ``LANES`` counters that follow each other, from ``block``.

    Parameters
    ----------
    key0, key1 : uint64
    block : uint64
        First word of the first counter.
    word1 : uint64
        Second word of all; the third and fourth are 0.
    out : (4 LANES,) uint64
        Output: the first number of each counter, then the second of each, and so on.
    """
    for lane in range(LANES):
        c0, c1 = block + np.uint64(lane), word1
        c2, c3 = np.uint64(0), np.uint64(0)
        k0, k1 = key0, key1
        for _ in range(_ROUNDS):
            high0, low0 = _product(_M0, c0)
            high1, low1 = _product(_M1, c2)
            c0, c1 = high1 ^ c1 ^ k0, low1
            c2, c3 = high0 ^ c3 ^ k1, low0
            k0 += _W0
            k1 += _W1
        out[lane] = c0
        out[LANES + lane] = c1
        out[2 * LANES + lane] = c2
        out[3 * LANES + lane] = c3


@jit
def _paths(key, first, years, rho, out):
    """Autoregressive normals (draw, year) of a task: at most ``TASK`` draws, from ``first``."""
    here, horizon = out.shape
    fresh = np.sqrt(1.0 - rho * rho)
    # NumPy's generator counts from one
    block = np.uint64(first // 4) + _ONE
    raw = np.empty(YEARS * TASK, np.uint64)
    tails = np.empty(YEARS * TASK, np.int64)
    work = np.empty((3, YEARS * TASK))
    z = np.empty((1 + YEARS) * TASK)  # the year before, and those being made
    for start in range(0, horizon, YEARS):
        made = min(YEARS, horizon - start)
        u, noise = work[0, : made * TASK], z[TASK:]
        for k in range(made):
            philox_block(key[0], key[1], block, np.uint64(years[start + k]), raw[k * TASK :])
        for i in range(made * TASK):  # 52 bits and a half, never 0 or 1
            u[i] = (np.float64(raw[i] >> _DROPPED) + 0.5) * 2.0**-52
        if start > 0:
            for i in range(TASK):
                z[i] = z[YEARS * TASK + i]
        normal_quantiles(u, tails, work[1], work[2], noise)
        for k in range(made):
            if start + k > 0:
                pair = z[k * TASK : (k + 2) * TASK]
                for i in range(TASK):
                    pair[TASK + i] = rho * pair[i] + fresh * pair[TASK + i]
        for d in range(here):
            i = (d & 3) * LANES + (d >> 2)
            for k in range(made):
                out[d, start + k] = noise[k * TASK + i]


@jit_cells("out")
def fill_autoregressive(
    begin: int, end: int, keys: Array, years: Array, rho: float, out: Array
) -> None:
    """Stationary autoregressive normals of unit variance, for every series.

    Parameters
    ----------
    keys : (series, 2) uint64
    years : (year,) int64
        Calendar years, without gaps.
    rho : float
        Correlation of two years that follow each other, 0 to 1.
    out : (series, draw, year)
        Output: ``z[0] = e[0]``, ``z[t] = rho z[t - 1] + sqrt(1 - rho^2) e[t]``.
    """
    for s in range(begin, end):
        for first in range(0, out.shape[1], TASK):
            _paths(keys[s], first, years, rho, out[s, first : first + TASK])


@jit_cells("out")
def fill_about(
    begin: int,
    end: int,
    own: Array,
    own_weight: float,
    shared: Array,
    shared_of: Array,
    shared_weight: float,
    scale: Array,
    offset: Array,
    slope: Array,
    lowest: Array,
    highest: Array,
    cut: Array,
    out: Array,
) -> None:
    """Paths of every series about a path they have in common.

    Parameters
    ----------
    own : (series, draw, year)
        Normals of the series' own; ``out`` may lie over it where there is one component.
    own_weight, shared_weight : float
    shared : (group, draw, year), shared_of : (series,) int64
        Normals that the series of a group have in common.
    scale : (series,)
        Times the deviation; 0 where a series has none of its own.
    offset, slope : (draw, year, component)
    lowest, highest : (year, component)
        Where a path is cut off.
    cut : (series,) int64
        Output: how many numbers were.
    out : (series, draw, year, component)
        Output: ``offset + slope scale (own_weight own + shared_weight shared)``.
    """
    _, draws, horizon, components = out.shape
    # Years and components lie in one row, so that loops over either fill the vector units.
    size = horizon * components
    low, high = lowest.reshape(size), highest.reshape(size)
    middles, factors = offset.reshape(draws, size), slope.reshape(draws, size)
    z = np.empty(horizon)
    deviation = z if components == 1 else np.empty(size)
    for s in range(begin, end):
        mine, ours, paths = own[s], shared[shared_of[s]], out[s].reshape(draws, size)
        cuts = 0
        for d in range(draws):
            for t in range(horizon):
                z[t] = scale[s] * (own_weight * mine[d, t] + shared_weight * ours[d, t])
            if components > 1:
                for c in range(components):
                    for t in range(horizon):
                        deviation[t * components + c] = z[t]
            for i in range(size):
                value = middles[d, i] + factors[d, i] * deviation[i]
                kept = low[i] if value < low[i] else value
                kept = high[i] if kept > high[i] else kept
                cuts += kept != value
                paths[d, i] = kept
        cut[s] = cuts
