"""Women by parity at the start, drawn for many places: what is of a place, by draw and age.

``split_women`` is for places of China, whose women are the nation's moved to a level:
:func:`popsim.baselines.parity_start.starting_shares` has the formulas and what they rest on.
``move_women`` is for places whose cohorts have had births of their own, which every draw keeps.

The ages of a draw are worked on side by side, in rows of ``X`` at a distance that the compiler
knows, and the one power that differs from age to age is written as operations that fill the
processor's vector units.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels._jit import jit, jit_cells
from popsim.kernels.step.cohort import _copy

PARITIES = 4

#: Room for the ages to 100+; and the multiple of ages up to which rows are worked on, since what
#: is left over from whole vectors goes one by one.
WIDTH, LINE = 104, 8

#: What is known of the nation, by age: the logarithm of the share without a child; 4 kappa
#: times the later births of a mother; 1 / (2 kappa); kappa over the births of a woman with three.
LOG_CHILDLESS, LATER, HALF, OPEN, NATION = 0, 1, 2, 3, 4

# Further rows of X. The level to the powers of a draw; of the place by parity, women per
# undrawn share, and women who have none; all women; by parity, what comes out.
FIRST, HIGHER, PER_SHARE, FIXED, ALL, MADE, ROWS = 4, 5, 6, 10, 14, 15, 19

# exp(y) - 1 for y <= 0: its series at y / 2^7, then seven times the step from y to 2 y. Beyond
# the lowest y it is -1, to the last digit.
_LOWEST, _SCALE = -40.0, 2.0**-7
_C2, _C3, _C4, _C5 = 1 / 2, 1 / 6, 1 / 24, 1 / 120
_C6, _C7, _C8 = 1 / 720, 1 / 5040, 1 / 40320


@jit
def raise_level(level, elasticity, row):
    """Powers of the level; most elasticities are the same at all ages."""
    power, others = level ** elasticity[0], 0
    for z in range(elasticity.shape[0]):
        row[z] = power
        others += elasticity[z] != elasticity[0]
    # In a loop of its own: a choice within the first would raise at every age and then choose.
    for z in range(elasticity.shape[0] if others > 0 else 0):
        row[z] = level ** elasticity[z]


@jit
def share_out(largest, ages, X):
    """Women by parity of one draw, from the rows of the nation and of the place."""
    for z in range(ages):
        y = X[FIRST * WIDTH + z] * X[LOG_CHILDLESS * WIDTH + z]
        u = (_LOWEST if y <= _LOWEST else y) * _SCALE  # what is no number stays none
        e = _C3 + u * (_C4 + u * (_C5 + u * (_C6 + u * (_C7 + u * _C8))))
        e = u * (1.0 + u * (_C2 + u * e))
        e = e * (2.0 + e)
        e = e * (2.0 + e)
        e = e * (2.0 + e)
        e = e * (2.0 + e)
        e = e * (2.0 + e)
        e = e * (2.0 + e)
        e = e * (2.0 + e)
        later = X[HIGHER * WIDTH + z] * X[LATER * WIDTH + z]
        second = (np.sqrt(1.0 + later) - 1.0) * X[HALF * WIDTH + z]
        second = largest if second >= largest else second
        third = second * X[OPEN * WIDTH + z]
        third = largest if third >= largest else third
        two = -e * second

        n0 = X[PER_SHARE * WIDTH + z] * (1.0 + e) + X[FIXED * WIDTH + z]
        n1 = X[(PER_SHARE + 1) * WIDTH + z] * (-e * (1.0 - second))
        n2 = X[(PER_SHARE + 2) * WIDTH + z] * (two * (1.0 - third))
        n3 = X[(PER_SHARE + 3) * WIDTH + z] * (two * third)
        n1 += X[(FIXED + 1) * WIDTH + z]
        n2 += X[(FIXED + 2) * WIDTH + z]
        n3 += X[(FIXED + 3) * WIDTH + z]
        made = n0 + n1 + n2 + n3
        scale = X[ALL * WIDTH + z] / made if made > 0.0 else 1.0
        X[MADE * WIDTH + z], X[(MADE + 1) * WIDTH + z] = n0 * scale, n1 * scale
        X[(MADE + 2) * WIDTH + z], X[(MADE + 3) * WIDTH + z] = n2 * scale, n3 * scale


@jit
def place(women, X):
    """The rows of the place, from its women and its undrawn shares."""
    for z in range(women.shape[1]):
        X[ALL * WIDTH + z] = 0.0
        for k in range(PARITIES):
            n, share = women[k, z], X[(MADE + k) * WIDTH + z]
            X[(PER_SHARE + k) * WIDTH + z] = n / share if share > 0.0 else 0.0
            X[(FIXED + k) * WIDTH + z] = 0.0 if share > 0.0 else n
            X[ALL * WIDTH + z] += n


@jit_cells("level")
def split_women(begin, end, level, women, nation, elasticity, largest, out):
    """Move women between parities as a draw of the reconstruction moves their shares.

    Parameters
    ----------
    level : (region,)
        Total fertility rate over the nation's.
    women : (region, parity, age)
        [persons]
    nation : (1 + draw, NATION, age)
        What is known of the nation: undrawn, and then by draw; at most WIDTH ages.
    elasticity : (1 + draw, 2, age)
        With regard to the level, of first births and of higher ones.
    largest : float
        Largest progression.
    out : (region, draw, parity, age)
        [persons], adding up to the women of the age. Women of a parity that has no share
        undrawn stay.
    """
    X = np.zeros(ROWS * WIDTH)
    ages = nation.shape[2]
    filled = -(-ages // LINE) * LINE
    for r in range(begin, end):
        for i in range(PER_SHARE * WIDTH, MADE * WIDTH):
            # One woman per share and in all: what is made of the undrawn row is its shares.
            X[i] = 0.0 if FIXED * WIDTH <= i < ALL * WIDTH else 1.0
        for d in range(nation.shape[0]):
            for k in range(NATION):
                _copy(nation[d, k], X[k * WIDTH :])
            for k in range(2):
                raise_level(level[r], elasticity[d, k], X[(FIRST + k) * WIDTH :])
            share_out(largest, filled, X)
            if d == 0:
                place(women[r], X)
                continue
            for k in range(PARITIES):
                made = X[(MADE + k) * WIDTH :]
                _copy(made[:ages], out[r, d - 1, k])


#: Of a cross-ratio where births are known and nobody bears them: none, to the last digit, will.
_NEVER = 1e300

#: Rows of ``Y``, what is of a place: its women; births per woman; cross-ratios of a first birth,
#: a second, and a third.
PEOPLE, BORN, RATIO, PLACE = 0, 1, 2, 5


@jit
def progressing(births, ratio):
    """Share of women who bear at all, of those who bear so many on average, by the cross-ratio.

    The root of (1 - q) (births - q) = ratio q^2 between 0 and the smaller of 1 and the births.
    """
    gap = 1.0 - births
    share = 2.0 * births / (1.0 + births + np.sqrt(gap * gap + 4.0 * births * ratio))
    share = births if share >= births else share
    return 1.0 if share >= 1.0 else share


@jit
def cross_ratio(births, share):
    """What :func:`progressing` has the share by."""
    if share <= 0.0:
        return _NEVER
    return max(1.0 - share, 0.0) * max(births - share, 0.0) / (share * share)


@jit
def beyond(births, share):
    """Births after the first of those who bear, where so many bear of all."""
    most = births / (1e-300 if share <= 1e-300 else share) - 1.0
    return 0.0 if most <= 0.0 else most


@jit
def own_place(women, born, Y):
    """The rows of a place, from its women by parity and their births."""
    for z in range(women.shape[1]):
        n0, n1, n2, n3 = women[0, z], women[1, z], women[2, z], women[3, z]
        everybody, mothers, twice = n0 + n1 + n2 + n3, n1 + n2 + n3, n2 + n3
        # Of all women, of mothers, and of those with two: who go on, and their births.
        first = mothers / everybody if everybody > 0.0 else 0.0
        second = twice / mothers if mothers > 0.0 else 0.0
        third = n3 / twice if twice > 0.0 else 0.0
        later = max(beyond(born[z], first), second)
        last = max(beyond(later, second), third)
        Y[PEOPLE, z], Y[BORN, z] = everybody, first * (1.0 + later)
        Y[RATIO, z] = cross_ratio(Y[BORN, z], first)
        Y[RATIO + 1, z], Y[RATIO + 2, z] = cross_ratio(later, second), cross_ratio(last, third)


@jit
def own_draw(odds, Y, out):
    """Women by parity of one draw; the ages side by side, without a branch."""
    o0, o1, o2 = odds[0], odds[1], odds[2]
    for z in range(out.shape[1]):
        x = progressing(Y[BORN, z], o0 * Y[RATIO, z])
        more = beyond(Y[BORN, z], x)
        y = progressing(more, o1 * Y[RATIO + 1, z])
        w = progressing(beyond(more, y), o2 * Y[RATIO + 2, z])
        mothers = Y[PEOPLE, z] * x
        out[0, z], out[1, z] = Y[PEOPLE, z] * (1.0 - x), mothers * (1.0 - y)
        out[2, z], out[3, z] = mothers * y * (1.0 - w), mothers * y * w


@jit_cells("women")
def move_women(begin, end, women, born, odds, out):
    """Move women between parities by drawn odds; the births they have had stay.

    Parameters
    ----------
    women : (region, parity, age)
        [persons]
    born : (region, age)
        Births per woman.
    odds : (draw, 3)
        Factors on the cross-ratios of a first, second and third birth, and more.
    out : (region, draw, parity, age)
        [persons], adding up to the women of the age.
    """
    Y = np.empty((PLACE, women.shape[2]))
    for r in range(begin, end):
        own_place(women[r], born[r], Y)
        for d in range(odds.shape[0]):
            own_draw(odds[d], Y, out[r, d])
