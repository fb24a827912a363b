"""How the normals behind the paths are sampled, and how quantities are correlated."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special
from scipy.stats import qmc

from popsim.errors import BoundsError, CoordinateError
from popsim.schema.checks import check_option
from popsim.uncertainty.draws import autoregressive, philox_key

Sampling = Literal["random", "sobol", "latin_hypercube"]

#: Bits of a uniform number, as in :func:`popsim.uncertainty.draws.uniforms`.
_BITS = 52


def check_sampling(sampling: str) -> None:
    """Refuse a way of sampling that there is not.

    Raises
    ------
    InputError
    """
    check_option(sampling, get_args(Sampling), "sampling", what="unknown way of sampling")


def normal_paths(
    seed: int,
    quantity: str,
    keys: Sequence[object],
    years: np.ndarray,
    draws: int,
    correlation: float,
    sampling: Sampling = "random",
) -> np.ndarray:
    r"""Stationary autoregressive paths of unit variance, sampled as asked.

    Parameters
    ----------
    seed, quantity, keys, years, draws, correlation
        As in :func:`popsim.uncertainty.draws.autoregressive`.
    sampling : {"random", "sobol", "latin_hypercube"}

    Returns
    -------
    numpy.ndarray
        (key, draw, year)

    Raises
    ------
    InputError
        An unknown way of sampling.

    Notes
    -----
    *Latin hypercube*: the random paths keep their order in each year, but their values are
    those of a stratified sample, one in each of ``draws`` strata of equal probability (Stein
    1987, Technometrics 29: 143-151, for variables that depend on each other). So each year's
    quantiles are met to a stratum.

    *Sobol*: the innovations of a series are points of a Sobol sequence
    (``scipy.stats.qmc``) with a dimension for each year, digitally shifted; powers of two
    are best. The order of the points is shuffled for each series (Latin supercube sampling:
    Owen 1998, ACM Transactions on Modeling and Computer Simulation 8: 71-102), so there may
    be any number of regions.

    With either a region alone draws what it draws among others, and a longer horizon leaves
    the earlier years; but more draws are other draws, as the points are laid out for their
    number.

    Examples
    --------
    >>> z = normal_paths(1, "tfr", ["ouhai"], np.arange(2021, 2024), 64, 0.9, "latin_hypercube")
    >>> int((z[0, :, 0] < 0).sum())
    32
    """
    check_sampling(sampling)
    if sampling != "sobol":
        out = autoregressive(seed, quantity, keys, years, draws, correlation)
        if sampling == "latin_hypercube":
            for key, paths in zip(keys, out, strict=True):
                _stratify(philox_key(seed, quantity, key), years, paths)
        return out
    out = np.empty((len(keys), draws, len(years)))
    for s, key in enumerate(keys):
        out[s] = special.ndtri(_sobol(philox_key(seed, quantity, key), years, draws))
    fresh = np.sqrt(1.0 - correlation**2)
    for t in range(1, len(years)):
        out[:, :, t] = correlation * out[:, :, t - 1] + fresh * out[:, :, t]
    return out


def _stratify(words: np.ndarray, years: np.ndarray, paths: np.ndarray) -> None:
    """Lay the paths (draw, year) on one value from each stratum, in the order that they have."""
    draws = len(paths)
    for t, year in enumerate(years):
        raw = np.random.Philox(key=words, counter=[0, int(year), 1, 0]).random_raw(draws)
        within = ((raw >> np.uint64(64 - _BITS)).astype(np.float64) + 0.5) * 2.0**-_BITS
        paths[np.argsort(paths[:, t], kind="stable"), t] = special.ndtri(
            (np.arange(draws) + within) / draws
        )


def _sobol(words: np.ndarray, years: np.ndarray, draws: int) -> np.ndarray:
    """Points (draw, year), shifted by year and shuffled over the draws."""
    engine = qmc.Sobol(len(years), scramble=False, bits=_BITS)
    points = engine.random_base2(int(np.ceil(np.log2(draws))))[:draws]
    whole = (points * 2.0**_BITS).astype(np.uint64)
    shift = [
        np.random.Philox(key=words, counter=[0, int(year), 0, 0]).random_raw() for year in years
    ]
    whole ^= np.array(shift, dtype=np.uint64) >> np.uint64(64 - _BITS)
    order = np.random.Generator(np.random.Philox(key=words, counter=[0, 0, 1, 0]))
    return (whole[order.permutation(draws)].astype(np.float64) + 0.5) * 2.0**-_BITS


def correlated(
    normals: Mapping[str, np.ndarray], correlation: pd.DataFrame
) -> dict[str, np.ndarray]:
    r"""Give independent normals of several quantities a correlation (a Gaussian copula).

    Parameters
    ----------
    normals : mapping of str to numpy.ndarray
        Standard normals of each quantity, of one shape.
    correlation : pandas.DataFrame
        Rows and columns are quantities; those that it does not name stay independent.

    Returns
    -------
    dict of str to numpy.ndarray
        Standard normals; whatever distribution is made of them by its quantile function keeps
        its margins and their rank correlation.

    Raises
    ------
    CoordinateError
        Rows and columns that differ, or a quantity that there is not.
    BoundsError
        A matrix that is not symmetric, has other than ones on its diagonal, or is not
        positive definite.

    Notes
    -----
    :math:`z' = L z` with :math:`L L^\top` the matrix (Cholesky). The first quantity that it
    names keeps its normals.

    Examples
    --------
    >>> names = ["fertility", "migration"]
    >>> wish = pd.DataFrame([[1.0, 0.6], [0.6, 1.0]], index=names, columns=names)
    >>> z = {n: autoregressive(1, n, ["x"], np.array([2030]), 10_000, 0.0) for n in names}
    >>> made = correlated(z, wish)
    >>> round(float(np.corrcoef(made["fertility"].ravel(), made["migration"].ravel())[0, 1]), 1)
    0.6
    """
    names = [str(n) for n in correlation.index]
    matrix = _checked(correlation, list(normals))
    factor = np.linalg.cholesky(matrix)
    laid = np.stack([normals[n] for n in names])
    mixed = np.tensordot(factor, laid, axes=1)
    return {**normals, **dict(zip(names, mixed, strict=True))}


def _checked(correlation: pd.DataFrame, known: Sequence[Hashable]) -> np.ndarray:
    """The matrix of a table, refused unless it is one of correlations."""
    rows, columns = list(correlation.index), list(correlation.columns)
    if rows != columns or len(set(rows)) != len(rows) or not set(rows) <= set(known):
        raise CoordinateError(
            "the correlation matrix does not name the quantities in its rows and columns",
            where="correlation",
            got=f"rows {rows}, columns {columns}",
            allowed=f"the same names in rows and columns, out of {', '.join(map(str, known))}",
        )
    matrix = correlation.to_numpy(dtype=float)
    plausible = np.isfinite(matrix).all() and np.array_equal(matrix, matrix.T)
    if not plausible or not (np.diag(matrix) == 1.0).all():
        raise BoundsError(
            "the correlation matrix is not symmetric with ones on its diagonal",
            where="correlation",
            got=matrix.tolist(),
            allowed="1 of a quantity with itself, and the same figure both ways",
        )
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest <= np.finfo(float).eps * len(matrix):
        raise BoundsError(
            "the correlation matrix is not positive definite",
            where="correlation",
            got=f"smallest eigenvalue {smallest:.3g}",
            allowed="all eigenvalues above 0",
            fix="bring the correlations nearer to 0: they contradict each other",
        )
    return matrix
