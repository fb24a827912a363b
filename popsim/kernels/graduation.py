"""The smoothest log curve whose group sums are given, row by row.

Notation: ages a = 0..n-1, groups g = 0..m-1, group g holds the ages
``start[g] <= a < start[g + 1]``; eta[a] is the logarithm of the curve before its
weight. Minimise eta' Q eta / 2 (Q the roughness penalty) subject to

    log( sum over g of weight[a] * exp(eta[a]) ) = target[g]     for every group g.

Each step linearises the constraint (a log-sum-exp is nearly linear) and solves the
quadratic problem that remains through the pseudo-inverse of Q, which every row
shares; a line search on the l1 merit function makes the steps converge from afar
(Nocedal & Wright 2006, Numerical Optimization, algorithm 18.3).
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells

__all__ = ["smooth_rows"]

#: Share of the predicted decrease that a step must bring (Nocedal & Wright 2006, p. 33).
_ARMIJO = 1e-4
#: Below this change of eta the merit function only shows rounding: take the whole step.
_CLOSE = 1e-5


@jit
def _group_logs(weight, start, eta, share, logs):
    """Write the log of each group's sum, and each age's share of its group."""
    for g in range(len(logs)):
        top = eta[start[g]]
        for a in range(start[g], start[g + 1]):
            top = max(top, eta[a])
        total = 0.0
        for a in range(start[g], start[g + 1]):
            share[a] = weight[a] * np.exp(eta[a] - top)
            total += share[a]
        for a in range(start[g], start[g + 1]):
            share[a] /= total
        logs[g] = top + np.log(total)


@jit
def _solve(system, right):
    """Solve a small linear system in place by elimination with partial pivoting.

    ``numpy.linalg.solve`` would do; but Numba's version of it takes a third of the whole
    package's compilation, which a first run waits for.
    """
    n = len(right)
    for i in range(n):
        pivot = i
        for j in range(i + 1, n):
            if abs(system[j, i]) > abs(system[pivot, i]):
                pivot = j
        if pivot != i:
            for j in range(i, n):
                system[i, j], system[pivot, j] = system[pivot, j], system[i, j]
            right[i], right[pivot] = right[pivot], right[i]
        for j in range(i + 1, n):
            factor = system[j, i] / system[i, i]
            if factor != 0.0:
                for k in range(i + 1, n):
                    system[j, k] -= factor * system[i, k]
                right[j] -= factor * right[i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            right[i] -= system[i, j] * right[j]
        right[i] /= system[i, i]


@jit
def _direction(start, inverse, null, eta, share, short, right, spread, system, move):
    """Solve the linearised problem; write the change of eta; return its largest multiplier."""
    n, m, k = len(eta), len(short), null.shape[1]
    for a in range(n):
        for g in range(m):
            value = 0.0
            for b in range(start[g], start[g + 1]):
                value += inverse[a, b] * share[b]
            spread[a, g] = value
    system[:, :] = 0.0
    right[:] = 0.0
    for g in range(m):
        right[g] = short[g]
        for a in range(start[g], start[g + 1]):
            right[g] += share[a] * eta[a]
            for h in range(m):
                system[g, h] += share[a] * spread[a, h]
            for j in range(k):
                system[g, m + j] += share[a] * null[a, j]
        for j in range(k):
            system[m + j, g] = system[g, m + j]
    _solve(system, right)
    for a in range(n):
        value = 0.0
        for g in range(m):
            value += spread[a, g] * right[g]
        for j in range(k):
            value += null[a, j] * right[m + j]
        move[a] = value - eta[a]
    multiplier = 0.0
    for g in range(m):
        multiplier = max(multiplier, abs(right[g]))
    return multiplier


@jit
def _form(penalty, left, right):
    """Return left' Q right."""
    total = 0.0
    for a in range(len(left)):
        value = 0.0
        for b in range(len(right)):
            value += penalty[a, b] * right[b]
        total += left[a] * value
    return total


@jit
def _step_length(weight, start, target, eta, move, slope, bend, price, short, trial, share, logs):
    """Halve the step until the merit (roughness plus priced shortfall) falls enough."""
    shortfall = 0.0
    for g in range(len(target)):
        shortfall += abs(short[g])
    predicted = slope - price * shortfall
    length = 1.0
    for _ in range(30):
        for a in range(len(eta)):
            trial[a] = eta[a] + length * move[a]
        _group_logs(weight, start, trial, share, logs)
        left = 0.0
        for g in range(len(target)):
            left += abs(target[g] - logs[g])
        gain = length * slope + 0.5 * length * length * bend + price * (left - shortfall)
        if gain <= _ARMIJO * length * predicted:
            break
        length *= 0.5
    return length


@jit
def _smooth_row(total, weight, start, penalty, inverse, null, steps, tolerance, out):
    """Spread one row; return the largest change of eta in the last step."""
    n, m, k = len(out), len(total), null.shape[1]
    smallest = np.inf
    for g in range(m):
        if total[g] > 0.0:
            smallest = min(smallest, total[g])
    out[:] = 0.0
    if smallest == np.inf:
        return 0.0
    target = np.empty(m)
    eta = np.empty(n)
    for g in range(m):
        # An empty group pulls its neighbours down as half the smallest total would;
        # its own ages become zero at the end.
        target[g] = np.log(total[g] if total[g] > 0.0 else 0.5 * smallest)
        inside = 0.0
        for a in range(start[g], start[g + 1]):
            inside += weight[a]
        for a in range(start[g], start[g + 1]):
            eta[a] = target[g] - np.log(inside)
    share, move, trial, unused = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    logs, short, right = np.empty(m), np.empty(m), np.empty(m + k)
    spread, system = np.empty((n, m)), np.empty((m + k, m + k))
    price = 0.0
    largest = np.inf
    for _ in range(steps):
        _group_logs(weight, start, eta, share, logs)
        for g in range(m):
            short[g] = target[g] - logs[g]
        multiplier = _direction(
            start, inverse, null, eta, share, short, right, spread, system, move
        )
        largest = 0.0
        for a in range(n):
            largest = max(largest, abs(move[a]))
        length = 1.0
        if largest > _CLOSE:
            price = max(price, 1.5 * multiplier)
            slope = _form(penalty, eta, move)
            bend = _form(penalty, move, move)
            length = _step_length(
                weight, start, target, eta, move, slope, bend, price, short, trial, unused, logs
            )
        for a in range(n):
            eta[a] += length * move[a]
        if largest < tolerance:
            break
    _group_logs(weight, start, eta, share, logs)
    for g in range(m):
        for a in range(start[g], start[g + 1]):
            out[a] = total[g] * share[a]
    return largest


@jit_cells("total")
def smooth_rows(
    begin,
    end,
    total,
    weight,
    weight_row,
    start,
    penalty,
    inverse,
    null,
    steps,
    tolerance,
    change,
    out,
):
    """Spread each row of group totals over its ages.

    total (row, m), weight (r, n), weight_row (row): the row of weight that each row reads,
    start (m + 1), penalty Q and its pseudo-inverse (n, n), null (n, k): the curves that cost
    nothing; change (row): the largest change of eta in the last step; out (row, n).
    """
    for row in range(begin, end):
        change[row] = _smooth_row(
            total[row],
            weight[weight_row[row]],
            start,
            penalty,
            inverse,
            null,
            steps,
            tolerance,
            out[row],
        )
