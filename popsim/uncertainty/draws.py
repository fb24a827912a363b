"""Random numbers that depend on what they are for, not on when they are drawn.

Every number is a function of (seed, quantity, key, year, draw): a counter-based generator
(Philox) is keyed by the first three and counts years and draws. So the first hundred of a
thousand draws are the hundred draws, a region alone draws what it draws among others,
a longer horizon adds years without changing the earlier ones, and policy and
baseline read the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize, special

from popsim.errors import BoundsError, InputError
from popsim.kernels.random import fill_autoregressive

#: z of the 90 and 97.5 % quantiles: half the width of an 80 and a 95 % interval in standard
#: deviations.
Z80, Z95 = float(special.ndtri(0.9)), float(special.ndtri(0.975))


def philox_key(seed: int, quantity: str, key: object) -> np.ndarray:
    """Key of a series, two words of 64 bits: a digest of the text of all three.

    Examples
    --------
    >>> philox_key(1, "tfr", "ouhai").dtype
    dtype('uint64')
    """
    text = f"{int(seed)}\x1f{quantity}\x1f{key}".encode()
    digest = hashlib.blake2b(text, digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def check_draws(draws: int, seed: int) -> None:
    """Refuse a number of draws or a seed that cannot be.

    Raises
    ------
    BoundsError
    """
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least:
            raise BoundsError(
                f"{name} is not a whole number from {least}",
                where=name,
                got=value,
                allowed=f"{least} or more",
            )


def uniforms(seed: int | None, quantity: str, key: object, draws: int) -> np.ndarray:
    """Uniform numbers in (0, 1), one for each draw.

    Parameters
    ----------
    seed : int or None
        None gives 0.5 in every draw: what is read from it stands at its median.
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
    if seed is None:
        return np.full(draws, 0.5)
    raw = np.random.Philox(key=philox_key(seed, quantity, key)).random_raw(draws)
    # 52 bits, moved off zero by half a unit: the half is exact, so neither 0 nor 1 occurs
    # and quantile functions stay finite.
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normals(seed: int | None, quantity: str, key: object, draws: int) -> np.ndarray:
    """Standard normal numbers, one for each draw; as :func:`uniforms`."""
    return np.asarray(special.ndtri(uniforms(seed, quantity, key, draws)))


def autoregressive(
    seed: int,
    quantity: str,
    keys: Sequence[object],
    years: np.ndarray,
    draws: int,
    correlation: float,
) -> np.ndarray:
    r"""Stationary first-order autoregressive paths with unit variance, one series a key.

    Parameters
    ----------
    seed, quantity, draws
        As in :func:`uniforms`.
    keys : sequence of object
        One for each series, as ``key`` in :func:`uniforms`.
    years : numpy.ndarray
        Calendar years, without gaps.
    correlation : float
        Between two years that follow each other.

    Returns
    -------
    numpy.ndarray
        (key, draw, year): :math:`z_t = \rho z_{t-1} + \sqrt{1 - \rho^2}\,\varepsilon_t`,
        with :math:`z = \varepsilon` in the first year.

    Examples
    --------
    >>> both = autoregressive(1, "tfr", ["ouhai", "cixi"], np.arange(2021, 2031), 5, 0.9)
    >>> alone = autoregressive(1, "tfr", ["cixi"], np.arange(2021, 2026), 2, 0.9)
    >>> both.shape, bool((both[1, :2, :5] == alone[0]).all())
    ((2, 5, 10), True)
    """
    streams = np.array([philox_key(seed, quantity, k) for k in keys]).reshape(-1, 2)
    out = np.empty((len(streams), draws, len(years)))
    fill_autoregressive(streams, np.asarray(years, dtype=np.int64), float(correlation), out)
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
            A range that does not hold the median, one that the distribution cannot have, or an
            unknown distribution.

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
            if not self.lower > 0.0:
                raise InputError(
                    "the range of a lognormal does not begin above 0",
                    got=(self.lower, self.median, self.upper),
                    allowed="0 < lower <= median <= upper",
                )
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

    try:
        return shape(float(optimize.brentq(too_wide, np.log(0.7), np.log(1e7), xtol=1e-9)))
    except ValueError as error:  # no change of sign: the range is out of reach
        raise InputError(
            "no Beta distribution has this median and so wide or so narrow a range",
            got=(lower, median, upper),
            allowed="a median between 0 and 1, and a range that leaves something beyond it",
            fix="narrow the range a little (0.02 to 0.98 for 0 to 1), or give a fixed value",
        ) from error
