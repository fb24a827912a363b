"""Graduation: from age groups to single years of age, keeping every group's total.

The default is the penalised composite link of Eilers (2007) and Rizzi, Gampe & Eilers
(2015) with the totals taken as exact; Sprague's and Beers's multipliers are named
options. Whole inputs of a projection go from five-year to one-year steps with
:func:`popsim.demography.ages.single_years.graduate_baseline`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import xarray as xr

from popsim.demography.ages.group_rows import (
    as_rows,
    from_rows,
    group_dim,
    groups_of,
    starts,
)
from popsim.demography.ages.osculatory import beers_matrix, sprague_matrix
from popsim.demography.ages.smoothing import smooth_mortality, smooth_positive, smooth_signed
from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
)
from popsim.schema.checks import check_option, check_same_coords, check_values, first_cell
from popsim.schema.variables import VARIABLES

Method = Literal["pclm", "sprague", "beers"]
RateKind = Literal["fertility", "mortality"]

#: The latent curve of an open group runs to this age (exclusive), as in Rizzi et al. (2015);
#: what it holds above `open_until` is added to the last single age.
_LAST_AGE = 120
#: Kannisto model through China's death rates 2020-2025 at ages 80-84, 85-89 and 90-94, mean
#: of the sexes, World Population Prospects 2024: logit m(x) = _LOGIT_80 + _SLOPE (x - 80).
_LOGIT_80, _SLOPE = -2.72, 0.133
#: Passes after which the person-years that weigh the death rates no longer change.
_PASSES = 8


def graduate_counts(
    grouped: xr.DataArray,
    *,
    method: Method = "pclm",
    tail: xr.DataArray | None = None,
    open_until: int = 100,
) -> xr.DataArray:
    r"""Spread counts by age group over single years of age, each group's total kept exactly.

    Parameters
    ----------
    grouped : DataArray
        Counts [persons] by `age_group` (labels "0", "1-4", ..., "85+") or `age` (lower
        bounds, the last group open), and any further dims.
    method : {"pclm", "sprague", "beers"}
        Penalised composite link; or Sprague's or Beers's (ordinary) multipliers.
    tail : DataArray, optional
        Non-negative weights on `age` from the open group's lower bound to `open_until`
        (person-years of a life table, say), in whose proportion the open group is spread;
        further dims are matched by name. Without it the curve is extrapolated.
    open_until : int
        First age of the open age of the result (100 is 100+).

    Returns
    -------
    DataArray
        On `age` (single years) in the place of the groups [persons]; non-negative.

    Raises
    ------
    BoundsError
        Negative, missing or infinite counts or weights, or weights that are all zero.
    CoordinateError
        Groups or tail ages that cannot be used.
    DimensionError
        No age dimension, or a tail with a dimension that the counts lack.
    InputError
        An unknown method, or one that does not suit the groups.

    Notes
    -----
    Let :math:`y_g` be the counts and :math:`x_a = s_a e^{\eta_a}` the single ages. The
    penalised composite link model maximises the Poisson likelihood of
    :math:`\sum_{a \in g} x_a` less :math:`\lambda \sum (\Delta^2 \eta_a)^2 / 2`. Here its
    limit :math:`\lambda \to 0` is taken: the least rough :math:`\eta` with

    .. math:: \sum_{a \in g} x_a = y_g \quad \text{for every } g.

    A census count is not a sample, and a :math:`\lambda` chosen by AIC or BIC would move
    persons between groups. :math:`s_a`, the survivors of a Kannisto life table, bends the
    log curve at the ages where every population falls ever faster; below age 60 it is flat.
    A group of zero persons pulls its neighbours down and stays at zero.

    Sprague's and Beers's multipliers act on five-year groups (0 and 1-4 are joined for
    them). Where they give a negative number, it is set to zero, and each group is scaled
    to its total; the multipliers alone are in :mod:`popsim.demography.ages.osculatory`.

    References
    ----------
    Eilers, P. H. C. (2007). Ill-posed problems with counts, the composite link model and
    penalized likelihood. Statistical Modelling 7(3): 239-254.
    Rizzi, S., Gampe, J. & Eilers, P. H. C. (2015). Efficient estimation of smooth
    distributions from coarsely grouped data. American Journal of Epidemiology 182(2): 138-147.

    Examples
    --------
    >>> counts = xr.DataArray([10.0, 44.0, 60.0, 50.0], dims="age_group",
    ...                       coords={"age_group": ["0", "1-4", "5-9", "10-14"]})
    >>> single = graduate_counts(counts)
    >>> single.sizes["age"], round(float(single.sel(age=slice(5, 9)).sum()), 9)
    (15, 60.0)
    """
    _check_method(method)
    check_values(grouped, replace(VARIABLES["population"], name="the counts", hint=""))
    dim = group_dim(grouped)
    lower, width = groups_of(grouped, dim)
    rows, shape = as_rows(grouped, dim)
    last = _last_age(lower, width, open_until)
    if np.isinf(width[-1]) and last > lower[-1]:
        weights = None if tail is None else _tail_rows(tail, grouped, dim, int(lower[-1]), last)
    else:
        weights = None
        if tail is not None:
            raise InputError(
                "a tail was given, but there is no open group to spread",
                where="tail",
                got=f"groups from {lower[0]} to {lower[-1]}",
                allowed=f"a last group open below {open_until}",
                fix="leave the tail out",
            )
    single = _smooth_counts(rows, lower, width, last, weights)
    if method != "pclm":
        matrix = sprague_matrix if method == "sprague" else beers_matrix
        single = _osculatory(rows, lower, width, single, matrix, method)
    return from_rows(single, shape, grouped, dim, np.arange(lower[0], last + 1))


def graduate_rates(grouped: xr.DataArray, *, kind: RateKind) -> xr.DataArray:
    r"""Spread rates by age group over single years of age, each group's rate kept.

    Parameters
    ----------
    grouped : DataArray
        Rates by `age_group`, `abridged_age` or `age`, and any further dims.
        ``kind="fertility"``: births per woman and year, groups such as 15-19 ... 45-49, all
        closed (the last of numeric lower bounds is as wide as the one before).
        ``kind="mortality"``: deaths per person-year, groups 0, 1-4, 5-9, ..., the last open.
    kind : {"fertility", "mortality"}
        Which rule applies (see Notes).

    Returns
    -------
    DataArray
        On `age`: the single years of the groups; of death rates up to the open group, which
        keeps its rate. (To close a table at a higher age, extrapolate it first.)

    Raises
    ------
    BoundsError
        Rates out of bounds, missing or infinite.
    CoordinateError
        Groups that cannot be read, or are open where they must be closed.
    DimensionError
        No age dimension.
    InputError
        An unknown kind.

    Notes
    -----
    Both minimise the squared second differences of :math:`\eta`.

    Fertility: :math:`f_a = (a - \alpha)^2 (\beta - a)^2 e^{\eta_a}`, where :math:`\alpha` is
    the last age before the groups and :math:`\beta` the first after them (14 and 50), so the
    rate is positive and leaves zero at the borders with zero slope, as Michalski, Grigoriev &
    Gorlishchev (2018) require of their splitting. The mean over a group is the group's rate.

    Mortality: :math:`m_a = s_a e^{\eta_a}`, where :math:`s_a` falls with age to the power of
    -3/4 from 1 to 10 and is level above, as in :func:`popsim.demography.mortality.closing.complete`
    (:func:`popsim.demography.ages.smoothing.smooth_mortality`); and the mean over a group,
    weighted by the person-years of the stationary population that the single rates themselves
    imply (:math:`L_a = l_a (1 - e^{-m_a}) / m_a`), is the group's rate to 1e-8. Infant
    mortality (a group "0") and the open group keep their rates and stand apart, for neither
    the fall from 0 to 1 nor the mean over all high ages is part of a smooth curve.
    Where the first group is wider (0-4), :math:`s_a` is level and age is measured as
    log(a + 1/2), on which the log rate of children is nearly a line; the infant rate is then a
    guess (12 to 37 % too low in Canada 1950-2019), so give ages 0 and 1-4 apart where they are
    known. A zero rate stays zero.

    References
    ----------
    Michalski, A. I., Grigoriev, P. & Gorlishchev, V. P. (2018). R programs for splitting
    abridged fertility data into a fine grid of ages using the quadratic optimization method.
    MPIDR Technical Report 2018-002.

    Examples
    --------
    >>> rates = xr.DataArray([0.01, 0.06, 0.09, 0.06, 0.03, 0.005, 0.001], dims="age_group",
    ...     coords={"age_group": ["15-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49"]})
    >>> single = graduate_rates(rates, kind="fertility")
    >>> single.sizes["age"], round(float(single.sum()), 9)
    (35, 1.28)
    """
    check_option(kind, get_args(RateKind), "kind", what="unknown kind of rate")
    check_values(grouped, VARIABLES[f"{kind}_rate"])
    dim = group_dim(grouped)
    lower, width = groups_of(grouped, dim)
    rows, shape = as_rows(grouped, dim)
    if kind == "fertility":
        single, ages = _smooth_fertility(rows, lower, _closed(lower, width, grouped, dim))
    else:
        single, ages = _smooth_mortality(rows, lower, width)
    return from_rows(single, shape, grouped, dim, ages)


def graduate_net_migration(
    grouped: xr.DataArray, *, tail: xr.DataArray | None = None, open_until: int = 100
) -> xr.DataArray:
    r"""Spread net migrants by age group over single years of age, each total kept exactly.

    Parameters
    ----------
    grouped : DataArray
        Net migrants of either sign [persons a year] by `age_group` (labels "0-4", ...,
        "85+") or `age` (lower bounds), from 0 to an open group, and any further dims.
    tail : DataArray, optional
        Non-negative weights on `age` from the open group's lower bound to `open_until` (the
        population of these ages, say), in whose proportion the open group is spread;
        survivors of a model life table without it.
    open_until : int
        First age of the open age of the result (100 is 100+).

    Returns
    -------
    DataArray
        On `age` (single years) in the place of the groups [persons a year].

    Raises
    ------
    BoundsError
        Numbers that are missing or infinite, or weights that are negative or all zero.
    CoordinateError
        Groups that cannot be read, or do not run from 0 to an open one; tail ages that do
        not fit.
    DimensionError
        No age dimension, or a tail with a dimension that the migrants lack.
    InputError
        An open group above ``open_until``.

    Notes
    -----
    The closed groups take the curve with the smallest squared second differences that has
    their totals. It may change its sign within a group.

    Examples
    --------
    >>> moved = xr.DataArray([10.0, -5.0, 30.0, 4.0], dims="age_group",
    ...                      coords={"age_group": ["0-4", "5-9", "10-14", "15+"]})
    >>> single = graduate_net_migration(moved)
    >>> single.sizes["age"], round(float(single.sel(age=slice(5, 9)).sum()), 9)
    (101, -5.0)
    """
    check_values(grouped, replace(VARIABLES["net_migration"], name="net_migration"))
    dim = group_dim(grouped)
    lower, width = groups_of(grouped, dim)
    if lower[0] != 0 or np.isfinite(width[-1]):
        labels = grouped[dim].values
        raise CoordinateError(
            "the age groups of net_migration do not run from 0 to an open group",
            where=dim,
            got=f"{labels[0]} to {labels[-1]}",
            allowed="the first starts at 0, the last is open ('85+')",
            fix="add the groups that are missing; where nobody moves, with 0",
        )
    rows, shape = as_rows(grouped, dim)
    last = _last_age(lower, width, open_until)
    first = int(lower[-1])
    if tail is not None:
        shares = _tail_rows(tail, grouped, dim, first, last)
    else:
        model = _survivors(np.arange(first, _LAST_AGE))
        kept = last - first
        shares = np.append(model[:kept], model[kept:].sum())[np.newaxis] / model.sum()
    closed = smooth_signed(rows[:, :-1], starts(lower[:-1], first)) if first else rows[:, :0]
    single = np.hstack([closed, rows[:, -1:] * shares])
    return from_rows(single, shape, grouped, dim, np.arange(last + 1))


# --- ages and rows ----------------------------------------------------------------------


def _check_method(method: str) -> None:
    check_option(method, get_args(Method), "method", what="unknown method of graduation")


def _last_age(lower: np.ndarray, width: np.ndarray, open_until: int) -> int:
    """Last single age of the result: the open age, or the end of the closed groups."""
    if np.isfinite(width[-1]):
        return int(lower[-1] + width[-1]) - 1
    if not lower[-1] <= open_until < _LAST_AGE:
        raise InputError(
            f"the open group {lower[-1]}+ cannot be spread up to {open_until}+",
            where="open_until",
            got=open_until,
            allowed=f"{lower[-1]} to {_LAST_AGE - 1}",
            fix="choose a higher open age, or add the groups above it together",
        )
    return int(open_until)


def _closed(lower: np.ndarray, width: np.ndarray, array: xr.DataArray, dim: str) -> np.ndarray:
    """Widths of fertility's groups; the last of numeric bounds is as wide as the one before."""
    if np.isfinite(width[-1]):
        return width
    if len(width) < 2 or not np.issubdtype(array[dim].dtype, np.number):
        raise CoordinateError(
            "the last age group of a fertility schedule is open",
            where=dim,
            got=f"{lower[-1]}+",
            allowed="closed groups, such as 45-49",
            fix="births at higher ages belong to the last closed group",
        )
    return np.append(width[:-1], width[-2])


# --- counts -----------------------------------------------------------------------------


def _survivors(ages: np.ndarray) -> np.ndarray:
    """Survivors at mid-age of the Kannisto life table, its hazard integrated in closed form."""
    odds = np.exp(_LOGIT_80 + _SLOPE * (ages + 0.5 - 80.0))
    return np.asarray((1.0 + odds) ** (-1.0 / _SLOPE))


def _smooth_counts(
    rows: np.ndarray,
    lower: np.ndarray,
    width: np.ndarray,
    last: int,
    tail: np.ndarray | None,
) -> np.ndarray:
    """Single ages by the composite link, up to ``last``, which is open if the groups are."""
    if np.isfinite(width[-1]) or tail is not None:
        ages = np.arange(lower[0], last + 1)
        start = starts(lower, last + 1)
        if tail is not None:
            # Every age of the tail is known: a group of its own, so that the curve below
            # the open group runs smoothly into it.
            known = rows[:, -1:] * tail
            rows = np.hstack([rows[:, :-1], known])
            start = np.append(start[:-2], np.arange(start[-2], start[-1] + 1))
        return smooth_positive(rows, start, _survivors(ages))
    ages = np.arange(lower[0], _LAST_AGE)
    out = smooth_positive(rows, starts(lower, _LAST_AGE), _survivors(ages))
    kept = last - int(lower[0])
    return np.hstack([out[:, :kept], out[:, kept:].sum(axis=1, keepdims=True)])


def _tail_rows(
    tail: xr.DataArray, grouped: xr.DataArray, dim: str, first: int, last: int
) -> np.ndarray:
    """Shares of the open group's ages, one row for each row of the counts."""
    check_values(tail, replace(VARIABLES["population"], name="the tail", unit="1", hint=""))
    wanted = np.arange(first, last + 1)
    got = tail["age"].values if "age" in tail.coords else np.array([])
    if not np.array_equal(got, wanted):
        raise CoordinateError(
            "the tail does not cover the single ages of the open group",
            where="tail, age",
            got=f"{len(got)} ages" + (f", {got[0]} to {got[-1]}" if len(got) else ""),
            allowed=f"{len(wanted)} ages, {first} to {last}",
            fix=f"select them with .sel(age=slice({first}, {last})); the last is open",
        )
    leading = grouped.isel({dim: 0}, drop=True)
    extra = [d for d in tail.dims if d != "age" and d not in leading.dims]
    if extra:
        raise DimensionError(
            f"the tail has the dimension {extra[0]!r}, which the counts lack",
            where="tail",
            got=f"dims {tuple(tail.dims)}",
            allowed=f"age and any of {tuple(leading.dims)}",
            fix="select one label of it",
        )
    check_same_coords({"grouped": leading, "tail": tail})
    total = tail.sum("age")
    if bool((total <= 0).any()):
        raise BoundsError(
            "the weights of the tail are all zero",
            where=first_cell(total, total.values <= 0),
            got=0.0,
            allowed="at least one positive weight",
        )
    shares = (tail / total).broadcast_like(leading).transpose(*leading.dims, "age")
    return shares.values.reshape(-1, len(wanted))


def _osculatory(
    rows: np.ndarray,
    lower: np.ndarray,
    width: np.ndarray,
    smooth: np.ndarray,
    matrix: Callable[[int], np.ndarray],
    method: str,
) -> np.ndarray:
    """Replace the closed groups by the multipliers' result, scaled to every group's total."""
    closed = np.isfinite(width)
    fives = np.arange(lower[0], lower[closed][-1] + 1, 5)
    # Groups narrower than five years are joined; a wider or crossing one is not possible.
    place = np.searchsorted(fives, lower[closed], side="right") - 1
    ends = lower[closed] + width[closed]
    if len(fives) < 5 or lower[0] % 5 or np.any(ends > fives[place] + 5) or ends[-1] % 5:
        raise InputError(
            f"the method {method!r} needs five-year groups",
            where="method",
            got=f"groups from {', '.join(map(str, lower))}",
            allowed="at least five groups 0-4, 5-9, ... (or parts of them, as 0 and 1-4)",
            fix="use method='pclm', which takes any groups",
        )
    joined = np.add.reduceat(rows[:, closed], np.searchsorted(place, range(len(fives))), axis=1)
    values = np.maximum(joined @ matrix(len(fives)).T, 0.0)
    start = starts(lower[closed], int(ends[-1]))
    sums = np.add.reduceat(values, start[:-1], axis=1)
    groups = np.repeat(np.arange(len(start) - 1), np.diff(start))
    # Nothing to scale where the multipliers leave a group empty: the smooth curve stands in.
    empty = (sums <= 0)[:, groups]
    scale = rows[:, closed] / np.where(sums > 0, sums, 1.0)
    out = smooth.copy()
    span = int(start[-1])
    out[:, :span] = np.where(empty, smooth[:, :span], values * scale[:, groups])
    return out


# --- rates ------------------------------------------------------------------------------


def _smooth_fertility(
    rows: np.ndarray, lower: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    end = int(lower[-1] + width[-1])
    ages = np.arange(lower[0], end)
    border = (ages - (lower[0] - 1.0)) ** 2 * (end - ages * 1.0) ** 2
    out = smooth_positive(rows * width, starts(lower, end), border / border.max())
    return out, ages


def _smooth_mortality(
    rows: np.ndarray, lower: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth the closed groups; an infant group and the open group stand as they are."""
    opened = int(np.isinf(width[-1]))
    closed = len(lower) - opened
    end = int(lower[-1] + (0.0 if opened else width[-1]))
    apart = int(lower[0] == 0 and width[0] == 1.0)
    ages = np.arange(lower[0], end + opened)
    if closed <= apart:
        return rows, ages
    start = starts(lower[apart:closed], end)
    groups = np.repeat(np.arange(len(start) - 1), np.diff(start))
    person_years = np.ones((len(rows), len(groups)))
    for _ in range(_PASSES):
        inside = np.add.reduceat(person_years, start[:-1], axis=1)
        weights = person_years / inside[:, groups]
        if lower[0] == 0 and not apart:
            axis = np.log(np.arange(end) + 0.5)
            rates = smooth_positive(rows[:, :closed], start, weights, axis) / weights
        else:
            first = int(lower[apart])
            rates = smooth_mortality(rows[:, apart:closed], start, first, weights)
        hazard = np.hstack([rows[:, :apart], rates])
        survivors = np.exp(hazard - np.cumsum(hazard, axis=1))
        # (1 - exp(-m)) / m, which is 1 where nobody dies.
        lived = np.where(hazard > 0, -np.expm1(-hazard) / np.where(hazard > 0, hazard, 1.0), 1.0)
        person_years = (survivors * lived)[:, apart:]
    return np.hstack([hazard, rows[:, closed:]]), ages
