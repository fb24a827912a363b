"""Curves of the model fertility schedules, at level 1, as rates of age groups.

Numbers only: ``lower`` holds the lower bounds of the age groups, ``width`` their width,
parameters have any shape (...) and results one more axis (..., age). The labelled
functions, with units and references, are in :mod:`popsim.demography.fertility.schedules`.
"""

from __future__ import annotations

import numpy as np
from scipy import special

# Natural marital fertility n(a) at ages 12.5 to 49.5, and the departure from it v(a) by
# control at ages 20.5 to 49.5, single years of age: Coale & Trussell (1974), "Model
# fertility schedules", Population Index 40(2), 185-258, as tabulated in G. Rodriguez's
# package nuptfer (natfer, confer; Princeton University). Their five-year means lie
# within 0.011 and 0.07 of the five-year n and v of Coale & Trussell (1978),
# Population Index 44(2), 203-213.
NATURAL_FERTILITY: tuple[float, ...] = (
    *(0.175, 0.225, 0.275, 0.325, 0.375, 0.421, 0.460, 0.475),  # 12-19
    *(0.477, 0.475, 0.470, 0.465, 0.460, 0.455, 0.449, 0.442, 0.435, 0.428),  # 20-29
    *(0.420, 0.410, 0.400, 0.389, 0.375, 0.360, 0.343, 0.325, 0.305, 0.280),  # 30-39
    *(0.247, 0.207, 0.167, 0.126, 0.087, 0.055, 0.035, 0.021, 0.011, 0.003),  # 40-49
)
CONTROL_OF_FERTILITY: tuple[float, ...] = (
    *(0.0,) * 8,  # 12-19
    *(-0.004, -0.03, -0.06, -0.10, -0.15, -0.20, -0.25, -0.31, -0.37, -0.44),  # 20-29
    *(-0.52, -0.60, -0.68, -0.76, -0.83, -0.90, -0.97, -1.04, -1.11, -1.18),  # 30-39
    *(-1.25, -1.32, -1.39, -1.46, -1.53, -1.59, -1.64, -1.67, -1.69, -1.70),  # 40-49
)
_YOUNGEST_MARITAL = 12

# Coale-McNeil proportion ever married, standardised to mean 0 and standard deviation 1:
# Rodriguez & Trussell (1980), World Fertility Survey Technical Bulletins 7.
_MCNEIL_SHAPE, _MCNEIL_SPEED, _MCNEIL_SHIFT = 0.604, 1.896, 0.805


def gamma_shape(
    lower: np.ndarray,
    width: int,
    mean: np.ndarray,
    deviation: np.ndarray,
    lowest: np.ndarray,
) -> np.ndarray:
    """Gamma schedule of level 1: parameters (...), result (..., age)."""
    scale = (deviation**2 / (mean - lowest))[..., None]
    form = (((mean - lowest) / deviation) ** 2)[..., None]
    exact = np.maximum(_edges(lower, width) - lowest[..., None], 0.0)
    return _means(special.gammainc(form, exact / scale), width)


def hadwiger_shape(
    lower: np.ndarray, width: int, mean: np.ndarray, deviation: np.ndarray
) -> np.ndarray:
    """Hadwiger schedule of level 1: parameters (...), result (..., age)."""
    mean, stretch = mean[..., None], (mean**3 / deviation**2)[..., None]
    exact = np.maximum(_edges(lower, width), 1e-9)  # the limit at age 0 is 0
    root = np.sqrt(stretch / exact)
    # The second term is a product of a huge and a tiny number: taken in logarithms.
    second = np.exp(2 * stretch / mean + special.log_ndtr(-root * (exact / mean + 1)))
    return _means(special.ndtr(root * (exact / mean - 1)) + second, width)


def beta_shape(
    lower: np.ndarray,
    width: int,
    mean: np.ndarray,
    deviation: np.ndarray,
    lowest: np.ndarray,
    highest: np.ndarray,
) -> np.ndarray:
    """Beta schedule of level 1: parameters (...), result (..., age)."""
    both = (mean - lowest) * (highest - mean) / deviation**2 - 1
    first = both * (mean - lowest) / (highest - lowest)
    share = (_edges(lower, width) - lowest[..., None]) / (highest - lowest)[..., None]
    exact = np.clip(share, 0.0, 1.0)
    return _means(special.betainc(first[..., None], (both - first)[..., None], exact), width)


def quadratic_spline_shape(
    lower: np.ndarray, width: int, lowest: np.ndarray, peak: np.ndarray, half: np.ndarray
) -> np.ndarray:
    """Quadratic spline of peak 1: parameters (...), result (..., age)."""
    knots, weights, end = spline_coefficients(lowest, peak, half)
    exact = np.minimum(_edges(lower, width), end[..., None])
    above = np.maximum(exact[..., None] - knots[..., None, :], 0.0)
    births = (weights[..., None, :] * above**3 / 3).sum(axis=-1)
    return _means(births, width)


def spline_coefficients(
    lowest: np.ndarray, peak: np.ndarray, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Knots (..., 5), weights (..., 5) and end (...) of the quadratic spline of peak 1."""
    early = np.minimum(0.75, 0.25 + 0.025 * (peak - lowest))
    end = np.maximum(np.minimum(50.0, 4 * half - 3 * peak), (4 * half - peak) / 3)
    second = lowest + early * (peak - lowest)
    knots = np.stack([lowest, second, peak, (peak + half) / 2, (half + end) / 2], axis=-1)
    at = np.stack([peak, half, end], axis=-1)
    value = np.maximum(at[..., :, None] - knots[..., None, :], 0.0)
    equations = np.concatenate([value**2, 2 * value[..., [0, 2], :]], axis=-2)
    wanted = np.broadcast_to(np.array([1.0, 0.5, 0.0, 0.0, 0.0]), knots.shape)
    return knots, np.linalg.solve(equations, wanted[..., None])[..., 0], end


def coale_trussell_shape(
    lower: np.ndarray, width: int, control: np.ndarray, mean: np.ndarray, deviation: np.ndarray
) -> np.ndarray:
    """Coale-Trussell schedule of level 1: parameters (...), result (..., age)."""
    single = np.arange(int(lower[0]), int(lower[-1]) + width)
    row = np.clip(single - _YOUNGEST_MARITAL, 0, len(NATURAL_FERTILITY) - 1)
    known = row == single - _YOUNGEST_MARITAL
    natural = np.where(known, np.array(NATURAL_FERTILITY)[row], 0.0)
    departure = np.array(CONTROL_OF_FERTILITY)[row]
    z = (single + 0.5 - mean[..., None]) / deviation[..., None]
    # Far below the mean the exponential overflows, and the share married is 0 all the same.
    power = np.minimum(-_MCNEIL_SPEED * (z + _MCNEIL_SHIFT), 500.0)
    married = special.gammaincc(_MCNEIL_SHAPE, np.exp(power))
    rates = natural * np.exp(control[..., None] * departure) * married
    means: np.ndarray = rates.reshape((*rates.shape[:-1], len(lower), width)).mean(axis=-1)
    return means


def _edges(lower: np.ndarray, width: int) -> np.ndarray:
    return np.append(lower, lower[-1] + width).astype(np.float64)


def _means(cumulated: np.ndarray, width: int) -> np.ndarray:
    """Means of a curve over age groups from its integral up to their borders."""
    # Rounding may leave -1e-16 where the curve runs out.
    return np.maximum(np.diff(cumulated), 0.0) / width
