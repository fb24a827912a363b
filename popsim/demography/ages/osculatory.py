"""Sprague's and Beers's multipliers: published coefficients that split five-year groups.

Both fit polynomials that meet smoothly (osculate) where panels join. They are linear and
keep the total of every five-year group, but where neighbouring groups differ much a
single age can come out negative.
"""

from __future__ import annotations

import numpy as np

from popsim.errors import InputError

# First two panels (rows: ages 0-9; columns: the first five groups) and the middle panel
# (rows: the five ages of a group; columns: two groups before it to two after). The last two
# panels are the first two turned around.
#
# Sprague (1880), as tabled in Siegel & Swanson (2004), The Methods and Materials of
# Demography, 2nd edition, p. 727.
_SPRAGUE_FIRST = (
    (0.3616, -0.2768, 0.1488, -0.0336, 0.0000),
    (0.2640, -0.0960, 0.0400, -0.0080, 0.0000),
    (0.1840, 0.0400, -0.0320, 0.0080, 0.0000),
    (0.1200, 0.1360, -0.0720, 0.0160, 0.0000),
    (0.0704, 0.1968, -0.0848, 0.0176, 0.0000),
    (0.0336, 0.2272, -0.0752, 0.0144, 0.0000),
    (0.0080, 0.2320, -0.0480, 0.0080, 0.0000),
    (-0.0080, 0.2160, -0.0080, 0.0000, 0.0000),
    (-0.0160, 0.1840, 0.0400, -0.0080, 0.0000),
    (-0.0176, 0.1408, 0.0912, -0.0144, 0.0000),
)
_SPRAGUE_MIDDLE = (
    (-0.0128, 0.0848, 0.1504, -0.0240, 0.0016),
    (-0.0016, 0.0144, 0.2224, -0.0416, 0.0064),
    (0.0064, -0.0336, 0.2544, -0.0336, 0.0064),
    (0.0064, -0.0416, 0.2224, 0.0144, -0.0016),
    (0.0016, -0.0240, 0.1504, 0.0848, -0.0128),
)
# Beers's ordinary six-term formula, which minimises fifth differences (Beers 1944), as tabled
# in Siegel & Swanson (2004), p. 729.
_BEERS_FIRST = (
    (0.3333, -0.1636, -0.0210, 0.0796, -0.0283),
    (0.2595, -0.0780, 0.0130, 0.0100, -0.0045),
    (0.1924, 0.0064, 0.0184, -0.0256, 0.0084),
    (0.1329, 0.0844, 0.0054, -0.0356, 0.0129),
    (0.0819, 0.1508, -0.0158, -0.0284, 0.0115),
    (0.0404, 0.2000, -0.0344, -0.0128, 0.0068),
    (0.0093, 0.2268, -0.0402, 0.0028, 0.0013),
    (-0.0108, 0.2272, -0.0248, 0.0112, -0.0028),
    (-0.0198, 0.1992, 0.0172, 0.0072, -0.0038),
    (-0.0191, 0.1468, 0.0822, -0.0084, -0.0015),
)
_BEERS_MIDDLE = (
    (-0.0117, 0.0804, 0.1570, -0.0284, 0.0027),
    (-0.0020, 0.0160, 0.2200, -0.0400, 0.0060),
    (0.0050, -0.0280, 0.2460, -0.0280, 0.0050),
    (0.0060, -0.0400, 0.2200, 0.0160, -0.0020),
    (0.0027, -0.0284, 0.1570, 0.0804, -0.0117),
)


def sprague_matrix(groups: int) -> np.ndarray:
    """Sprague's multipliers for a number of five-year groups.

    Parameters
    ----------
    groups : int
        Number of closed five-year groups, at least five.

    Returns
    -------
    numpy.ndarray
        (5 x groups, groups): single ages = matrix @ groups.

    Raises
    ------
    InputError
        Fewer than five groups.

    References
    ----------
    Sprague, T. B. (1880). Explanation of a new formula for interpolation. Journal of the
    Institute of Actuaries 22(4): 270-285.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(sprague_matrix(6)[0], 4).tolist()
    [0.3616, -0.2768, 0.1488, -0.0336, 0.0, 0.0]
    """
    return _assemble(_SPRAGUE_FIRST, _SPRAGUE_MIDDLE, groups)


def beers_matrix(groups: int) -> np.ndarray:
    """Beers's ordinary multipliers for a number of five-year groups.

    Parameters
    ----------
    groups : int
        Number of closed five-year groups, at least five.

    Returns
    -------
    numpy.ndarray
        (5 x groups, groups): single ages = matrix @ groups.

    Raises
    ------
    InputError
        Fewer than five groups.

    References
    ----------
    Beers, H. S. (1944). Six-term formulas for routine actuarial interpolation. Record of the
    American Institute of Actuaries 33: 245-260.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(beers_matrix(6)[0], 4).tolist()
    [0.3333, -0.1636, -0.021, 0.0796, -0.0283, 0.0]
    """
    return _assemble(_BEERS_FIRST, _BEERS_MIDDLE, groups)


def _assemble(
    first: tuple[tuple[float, ...], ...], middle: tuple[tuple[float, ...], ...], groups: int
) -> np.ndarray:
    if groups < 5:
        raise InputError(
            "the multipliers need at least five five-year groups",
            where="groups",
            got=groups,
            allowed="5 or more",
            fix="use the penalised composite link, which takes any number",
        )
    matrix = np.zeros((5 * groups, groups))
    matrix[:10, :5] = first
    for g in range(2, groups - 2):
        matrix[5 * g : 5 * g + 5, g - 2 : g + 3] = middle
    matrix[-10:, -5:] = np.array(first)[::-1, ::-1]
    return matrix
