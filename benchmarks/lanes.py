"""How wide blocks of cells should be, and what each device of the walk up the ages is worth.

    python benchmarks/lanes.py

One thread moves one sex of 101 ages through a year whose survival and migration every cell draws
(:mod:`popsim.kernels.lanes.walks`), over and over, in blocks of so many cells. Besides the walk as
it is there are its rows moved off the lines of the cache, and a walk with products and sums in the
place of fused products, that also hands everything on from age to age through memory.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numba import njit

from popsim.kernels.lanes.walks import BY_DRAW, DEATHS, ENTER, GROUP, NET, SUMS, walks

AGES, LANES = 101, (8, 32, 64, 128, 256, 512)
ROUNDS, STATES = 7, 20_000_000


def room(size: int, off: int = 0) -> np.ndarray:
    """Zeros that begin on a line of the cache, or ``off`` numbers behind one."""
    memory = np.zeros(size + 16)
    skip = (-memory.ctypes.data // 8) % 8 + off
    return memory[skip : skip + size]


def unfused(lanes: int) -> Callable[..., int]:
    """The walk by draw with products and sums, one age at a time."""

    @njit(error_model="numpy", nogil=True)
    def walk(form, S, begin, end, P, enter, mobile, by_person, shift, moving, Q, H, R):
        poor = 0
        for a in range(begin, end):
            s, u, v = S[a * lanes :], enter[a + 1], mobile[a + 1]
            p0, p1, p2, p3, p4 = P[0, a + 1], P[1, a + 1], P[2, a + 1], P[3, a + 1], P[4, a + 1]
            for z in range(lanes):
                x = shift[z]
                q = (((p4 * x + p3) * x + p2) * x + p1) * x + p0
                q = q if q > 0.0 else 0.0
                q = q if q < 1.0 else 1.0
                h = u + moving[z] * v
                h = h * s[lanes + z] if by_person else h
                reaching = s[z] + R[ENTER * lanes + z]
                died = q * reaching
                alive = reaching - died + h
                s[z] = alive
                R[ENTER * lanes + z] = h
                R[DEATHS * lanes + z] += died
                R[NET * lanes + z] += h
                R[GROUP * lanes + z] += alive
                poor += alive <= 0.0
        return poor

    return walk


def over_and_over(walk: Callable[..., int]) -> Callable[..., int]:
    """Many years in one compiled call."""

    @njit(error_model="numpy", nogil=True)
    def years(times, S, P, enter, mobile, shift, moving, R):
        poor = 0
        for _ in range(times):
            poor += walk(BY_DRAW, S, 0, AGES - 2, P, enter, mobile, True, shift, moving, R, R, R)
        return poor

    return years


def best(call: Callable[[], object]) -> float:
    """Seconds of the quickest of some calls; the first compiles."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def nanoseconds(walk: Callable[..., int], lanes: int, off: int = 0) -> float:
    """For each age of each cell."""
    rng = np.random.default_rng(1)
    S, R = room(AGES * lanes, off), room(SUMS * lanes, off)
    shift, moving = room(lanes, off), room(lanes, off)
    S[:] = 1000.0
    shift[:], moving[:] = rng.normal(0, 1, lanes), rng.normal(0, 0.01, lanes)
    P = np.zeros((5, AGES))
    P[0], P[1:] = 1e-3, 1e-6  # so few die that the people last for all rounds
    enter, mobile = np.full(AGES, 1e-3), np.full(AGES, 1e-4)
    states = (AGES - 2) * lanes
    times, years = STATES // states, over_and_over(walk)
    return 1e9 * best(lambda: years(times, S, P, enter, mobile, shift, moving, R)) / times / states


def main() -> None:
    """Measure and print."""
    print("a year of one sex, survival and migration drawn: ns for each age of each cell")
    print("cells in a block          " + "".join(f"{lanes:8d}" for lanes in LANES))
    for name, walk_of, off in (
        ("as it is", lambda lanes: walks(lanes).walk, 0),
        ("rows off the lines", lambda lanes: walks(lanes).walk, 1),
        ("products and sums", unfused, 0),
    ):
        row = "".join(f"{nanoseconds(walk_of(lanes), lanes, off):8.2f}" for lanes in LANES)
        print(f"{name:26s}{row}")


if __name__ == "__main__":
    main()
