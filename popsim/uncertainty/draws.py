"""Random numbers that depend on what they are for, not on when they are drawn.

Every number is a function of (seed, quantity, key, draw): a counter-based generator
(Philox) is keyed by the first three and counts the draws. So the first hundred of a
thousand draws are the hundred draws, a region alone draws what it draws among others,
a longer horizon adds years without changing the earlier ones, and policy and
baseline read the same numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize, special

from popsim.errors import InputError

#: z of the 90 % quantile: half the width of an 80 % interval in standard deviations.
Z80 = float(special.ndtri(0.9))


def uniforms(seed: int, quantity: str, key: object, draws: int) -> np.ndarray:
    """Uniform numbers in (0, 1), one for each draw.

    Parameters
    ----------
    seed : int
    quantity : str
        What the numbers are for.
    key : object
        What tells several series of the quantity apart (a region, a year); by its text.
    draws : int

    Returns
    -------
    numpy.ndarray
        (draw,)

    Examples
    --------
    >>> bool((uniforms(1, "tfr", 2030, 10)[:4] == uniforms(1, "tfr", 2030, 4)).all())
    True
    """
    text = f"{int(seed)}\x1f{quantity}\x1f{key}".encode()
    digest = hashlib.blake2b(text, digest_size=16).digest()
    words = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
    raw = np.random.Philox(key=words).random_raw(draws)
    # 53 bits, moved off zero by half a unit, so that quantile functions stay finite.
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(seed: int, quantity: str, key: object, draws: int) -> np.ndarray:
    """Standard normal numbers, one for each draw; as :func:`uniforms`."""
    return np.asarray(special.ndtri(uniforms(seed, quantity, key, draws)))


def autoregressive(
    seed: int, quantity: str, key: object, years: np.ndarray, draws: int, correlation: float
) -> np.ndarray:
    r"""Stationary first-order autoregressive paths with unit variance.

    Parameters
    ----------
    seed, quantity, key, draws
        As in :func:`uniforms`.
    years : numpy.ndarray
        Calendar years, without gaps.
    correlation : float
        Between two years that follow each other.

    Returns
    -------
    numpy.ndarray
        (draw, year): :math:`z_t = \rho z_{t-1} + \sqrt{1 - \rho^2}\,\varepsilon_t`.
    """
    out = np.empty((draws, len(years)))
    innovation = np.sqrt(1.0 - correlation**2)
    for t, year in enumerate(years):
        noise = normals(seed, quantity, f"{key}\x1f{year}", draws)
        out[:, t] = noise if t == 0 else correlation * out[:, t - 1] + innovation * noise
    return out


@dataclass(frozen=True)
class Spread:
    """A median, an 80 % range and the distribution that is fitted to them.

    Attributes
    ----------
    median, lower, upper : float
        The range is the 10 % and 90 % quantile.
    distribution : str
        lognormal, normal, beta, uniform (the range is then the whole of it) or fixed.
    """

    median: float
    lower: float
    upper: float
    distribution: str

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Values at the probabilities ``u``.

        A normal or lognormal has one scale below its median and another above, so that a
        range that is not symmetric is met at both ends. A Beta meets median and width.

        Raises
        ------
        InputError
            A range that does not hold the median, or an unknown distribution.

        Examples
        --------
        >>> Spread(0.45, 0.2, 1.0, "lognormal").quantile(np.array([0.1, 0.5, 0.9])).round(3)
        array([0.2 , 0.45, 1.  ])
        """
        if self.distribution == "fixed":
            return np.full_like(u, self.median)
        if not self.lower <= self.median <= self.upper:
            raise InputError(
                "the range does not hold the median",
                got=(self.lower, self.median, self.upper),
                allowed="lower <= median <= upper",
            )
        if self.distribution == "uniform":
            return self.lower + (self.upper - self.lower) * u
        if self.distribution == "beta":
            a, b = _beta_parameters(self.median, self.lower, self.upper)
            return np.asarray(special.betaincinv(a, b, u))
        z = special.ndtri(u)
        if self.distribution == "normal":
            below, above = self.median - self.lower, self.upper - self.median
            return self.median + z * np.where(z < 0, below, above) / Z80
        if self.distribution == "lognormal":
            below, above = np.log(self.median / self.lower), np.log(self.upper / self.median)
            return self.median * np.exp(z * np.where(z < 0, below, above) / Z80)
        raise InputError(
            "unknown distribution",
            got=self.distribution,
            allowed="lognormal, normal, beta, uniform, fixed",
        )


@cache
def _beta_parameters(median: float, lower: float, upper: float) -> tuple[float, float]:
    """Shape of the Beta with this median and this width of its 80 % range.

    With the median held, the width falls as the concentration a + b rises.
    """
    width = min(upper, 1.0 - 1e-9) - max(lower, 1e-9)

    def shape(log_concentration: float) -> tuple[float, float]:
        n = float(np.exp(log_concentration))

        def miss(logit: float) -> float:
            mean = special.expit(logit)
            return float(special.betaincinv(mean * n, (1.0 - mean) * n, 0.5)) - median

        mean = special.expit(optimize.brentq(miss, -20.0, 20.0, xtol=1e-12))
        return mean * n, (1.0 - mean) * n

    def too_wide(log_concentration: float) -> float:
        a, b = shape(log_concentration)
        return float(special.betaincinv(a, b, 0.9) - special.betaincinv(a, b, 0.1)) - width

    return shape(float(optimize.brentq(too_wide, np.log(0.7), np.log(1e7), xtol=1e-9)))
