"""Quantiles over draws, by selection: of each series only the ranks that are asked for.

A series is put into bins of equal width between its least and its greatest value; the bins that
hold the ranks asked for are gathered and, being few, sorted. Where a bin holds many, or the bins
cannot have equal widths (infinite values, differences beyond what a float holds), the values are
binned by the leading bits of what a float is made of, again and again: some eight bits each time,
so it comes to an end whatever the values are. What is found is exact.

Order is that of *keys*: the 64 bits of a float read as a whole number, those behind the sign
turned over for negative ones. Keys rise as the numbers do; -0 comes before 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from popsim.kernels._jit import in_ranges, jit

_BINS = 256  # what a byte counts

#: So many keys are sorted as they are.
_FEW = 24

#: Neighbouring series that are read together; with eight the rows of 1,000 draws leave the
#: nearest cache.
_SERIES = 4

_BEHIND_SIGN = 0x7FFF_FFFF_FFFF_FFFF
_INFINITE = 0x7FF0_0000_0000_0000  # the key of infinity; missing values are beyond it
_NEGATIVE_INFINITE = -_INFINITE - 1


class _Room(NamedTuple):
    """What a thread works in (allocated in the kernel it would take longer to compile).

    Attributes
    ----------
    starts : (series,)
        Where in the values each of the series read together starts.
    rows : (series, draw)
        Their draws.
    bits : (series, draw)
        The same memory as whole numbers.
    bins : (draw,)
    keys : (draw,)
        Those of the bins that hold a rank asked for.
    few : (draw,)
        Those among which a rank is still sought.
    ends : (2,)
        Two keys; ``numbers`` is the same memory as floats, for the way back.
    counts, place : (bin,)
        How many keys a bin holds, and where its next one is put.
    spans : (quantile, 3)
        Where the two neighbours of a quantile are among ``keys``: begin, end, and the rank of
        the lower one between them.
    """

    starts: np.ndarray
    rows: np.ndarray
    bits: np.ndarray
    bins: np.ndarray
    keys: np.ndarray
    few: np.ndarray
    ends: np.ndarray
    numbers: np.ndarray
    counts: np.ndarray
    place: np.ndarray
    spans: np.ndarray


def select_quantiles(values: np.ndarray, probabilities: np.ndarray, out: np.ndarray) -> None:
    """Quantiles of each series of draws, linear between the neighbours in rank.

    Parameters
    ----------
    values : (outer, draw, inner)
        A series lies at each (outer, inner), and is read there; one with a missing value has
        no quantiles.
    probabilities : (quantile,)
        From 0 to 1, rising.
    out : (quantile, outer, inner)
        An infinite neighbour makes a quantile infinite; there is no inf - inf.

    Notes
    -----
    Of n draws sorted as x[0..n-1], the quantile at p is x[k] + w (x[k+1] - x[k]) with
    k = floor(p (n-1)), w = p (n-1) - k: definition 7 of Hyndman & Fan (1996), *The American
    Statistician* 50(4).
    """
    outer, draws, inner = values.shape
    flat, made = values.reshape(-1), out.reshape(len(probabilities), outer * inner)
    blocks = -(-outer * inner // _SERIES)
    in_ranges(_with_room, blocks, (flat, draws, inner, probabilities, made))


def _with_room(
    begin: int,
    end: int,
    values: np.ndarray,
    draws: int,
    inner: int,
    probabilities: np.ndarray,
    out: np.ndarray,
) -> None:
    # Eight more: rows at a distance of a power of two would push each other out of the cache.
    rows = np.empty((_SERIES, draws + 8))
    ends = np.empty(2, np.int64)
    room = _Room(
        starts=np.empty(_SERIES, np.int64),
        rows=rows,
        bits=rows.view(np.int64),
        bins=np.empty(draws, np.uint8),
        keys=np.empty(draws, np.int64),
        few=np.empty(draws, np.int64),
        ends=ends,
        numbers=ends.view(np.float64),
        counts=np.empty(_BINS, np.int32),
        place=np.empty(_BINS, np.int32),
        spans=np.empty((len(probabilities), 3), np.int64),
    )
    _select(begin, end, values, draws, inner, probabilities, room, out)


@jit
def _select(
    begin: int,
    end: int,
    values: np.ndarray,
    draws: int,
    inner: int,
    probabilities: np.ndarray,
    room: _Room,
    out: np.ndarray,
) -> None:
    """The series from ``begin`` to ``end``, in steps of those that are read together."""
    ends, numbers, spans = room.ends, room.numbers, room.spans
    for block in range(begin, end):
        first = block * _SERIES
        many = _SERIES if first + _SERIES <= out.shape[1] else out.shape[1] - first
        for s in range(_SERIES):  # behind the last series the first is read again, for nothing
            series = first + s if s < many else first
            room.starts[s] = series // inner * draws * inner + series % inner
        _lay(values, room.starts, draws, inner, room.rows)
        for s in range(many):
            least, most = _extent(room.bits[s], draws)
            if least == most or least < _NEGATIVE_INFINITE or most > _INFINITE:
                for q in range(len(probabilities)):
                    out[q, first + s] = room.rows[s, 0] if least == most else np.nan
                continue
            for q in range(len(probabilities)):
                spans[q, 0], spans[q, 1] = 0, draws
                spans[q, 2] = int(probabilities[q] * (draws - 1))
            ends[0], ends[1] = _key(least), _key(most)
            low, used = numbers[0], _BINS if draws > _BINS else draws
            bins_a_unit = (used - 1) / (numbers[1] - low)
            if draws > _FEW and 0.0 < bins_a_unit < np.inf:
                for d in range(draws):
                    room.bins[d] = np.uint8((room.rows[s, d] - low) * bins_a_unit)
                _gather(room.bits[s], used, room)
            else:
                for d in range(draws):
                    room.keys[d] = _key(room.bits[s, d])
            for q in range(len(probabilities)):
                lower, upper = _pair(spans[q, 0], spans[q, 1], spans[q, 2], room)
                ends[0], ends[1] = _key(lower), _key(upper)
                w = probabilities[q] * (draws - 1)
                out[q, first + s] = _between(numbers[0], numbers[1], w - int(w))


@jit
def _lay(values: np.ndarray, starts: np.ndarray, draws: int, inner: int, rows: np.ndarray) -> None:
    """Copy series into rows of their own."""
    for d in range(draws):
        for s in range(_SERIES):
            rows[s, d] = values[starts[s] + d * inner]


@jit
def _key(bits: int) -> int:
    """The key of a float's bits; its own inverse."""
    return bits ^ ((bits >> 63) & _BEHIND_SIGN)


@jit
def _extent(bits: np.ndarray, draws: int) -> tuple[int, int]:
    """The least and the greatest key."""
    least = most = _key(bits[0])
    for d in range(draws):
        key = _key(bits[d])
        least = key if key < least else least
        most = key if key > most else most
    return least, most


@jit
def _gather(bits: np.ndarray, used: int, room: _Room) -> None:
    """Gather the keys of the bins that hold a rank, those of a lower bin before a higher one's.

    The spans are of all keys before, and of those gathered after.
    """
    bins, keys, spans = room.bins, room.keys, room.spans
    counts, place = room.counts, room.place
    draws = len(bins)
    for b in range(used):
        counts[b], place[b] = 0, -1
    for d in range(draws):
        counts[bins[d]] += 1
    low, before, gathered = 0, 0, 0
    for q in range(len(spans)):
        rank = spans[q, 2]
        while before + counts[low] <= rank:
            before += counts[low]
            low += 1
        high, until = low, before + counts[low]
        while until < rank + 2 and until < draws:
            high += 1
            until += counts[high]
        if place[low] < 0:
            place[low] = gathered
            gathered += counts[low]
        if place[high] < 0:
            place[high] = gathered
            gathered += counts[high]
        spans[q, 0], spans[q, 1] = place[low], place[high] + counts[high]
        spans[q, 2] = rank - before
    for d in range(draws):
        at = place[bins[d]]
        if at >= 0:
            keys[at] = _key(bits[d])
            place[bins[d]] = at + 1


@jit
def _pair(begin: int, end: int, rank: int, room: _Room) -> tuple[int, int]:
    """The keys at a rank among ``keys[begin:end]`` and at the next one, if there is a next."""
    few, counts = room.few, room.counts
    size = end - begin
    for i in range(size):
        few[i] = room.keys[begin + i]
    while size > _FEW:
        least = most = few[0]
        for i in range(size):
            least = few[i] if few[i] < least else least
            most = few[i] if few[i] > most else most
        if least == most:
            return least, least
        # Halves, since the difference of two keys may be more than a whole number holds.
        shift = 0 if (most >> 1) - (least >> 1) < _BINS // 2 else 1
        while (most >> shift) - (least >> shift) >= _BINS:
            shift += 1
        first = least >> shift
        for b in range(_BINS):
            counts[b] = 0
        for i in range(size):
            counts[(few[i] >> shift) - first] += 1
        chosen, before = 0, 0
        while before + counts[chosen] <= rank:
            before += counts[chosen]
            chosen += 1
        if before + counts[chosen] == rank + 1 < size:  # the next one is in another bin
            lower, upper = least, most
            for i in range(size):
                key = few[i]
                if (key >> shift) - first <= chosen:
                    lower = key if key > lower else lower
                else:
                    upper = key if key < upper else upper
            return lower, upper
        kept = 0
        for i in range(size):
            key = few[i]
            if (key >> shift) - first == chosen:
                few[kept] = key
                kept += 1
        size, rank = kept, rank - before
    for i in range(1, size):
        key, j = few[i], i
        while j > 0 and few[j - 1] > key:
            few[j] = few[j - 1]
            j -= 1
        few[j] = key
    return few[rank], few[rank + 1 if rank + 1 < size else rank]


@jit
def _between(lower: float, upper: float, w: float) -> float:
    """From the nearer neighbour, as NumPy does."""
    if w == 0.0 or lower == upper:
        return lower
    step = upper - lower
    if not -np.inf < step < np.inf:
        return lower if lower == -np.inf else upper
    return lower + step * w if w < 0.5 else upper - step * (1.0 - w)
