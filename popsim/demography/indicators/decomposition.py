"""What a change is made of: rates and composition, and any product of factors, exactly.

The parts add up to the change: nothing is left to an interaction term.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import labelled, ratio, refuse_empty
from popsim.errors import BoundsError, DimensionError, InputError
from popsim.languages import long_names
from popsim.schema.checks import check_same_coords, check_values, first_cell
from popsim.schema.variables import ONE, PERSONS, VARIABLES

#: The number of orders in which n factors can change is n!; beyond this the average over
#: them has more terms than meaning.
_MAX_FACTORS = 8


def _check_finite(arrays: Mapping[str, xr.DataArray]) -> None:
    for name, array in arrays.items():
        bad = ~np.isfinite(array.values)
        if bad.any():
            raise BoundsError(
                f"{name} is not finite",
                where=f"{name} at {first_cell(array, bad)}",
                got=array.values[bad][0],
                allowed="finite numbers",
                fix="fill or drop the cells; popsim does not guess them",
            )


def _need(array: xr.DataArray, name: str, dim: str) -> None:
    if dim not in array.dims:
        raise DimensionError(
            f"{name} lacks the dimension {dim!r}",
            where=name,
            got=f"dims {tuple(array.dims)}",
            allowed=f"{dim!r}, and any further ones",
            fix="name the dimension of the groups",
        )


def das_gupta(
    factors_1: Mapping[str, xr.DataArray | float],
    factors_2: Mapping[str, xr.DataArray | float],
    *,
    over: Sequence[Hashable] = (),
) -> xr.DataArray:
    r"""Split the change of a sum of products into the contribution of each factor.

    Parameters
    ----------
    factors_1, factors_2 : mapping of str to DataArray or float
        The factors by name before and after, the same names in both; any dimensions.
    over : sequence of str
        Dimensions to sum the product over (ages, say).

    Returns
    -------
    DataArray
        (component, ...) in the unit of the product; component = the names of the factors.

    Raises
    ------
    InputError
        If the names differ, or there are fewer than two factors or more than eight.
    DimensionError
        If no factor has a dimension of ``over``.
    CoordinateError
        If two factors carry different labels on a shared dimension.
    BoundsError
        If a value is missing or infinite.

    Notes
    -----
    The contribution of factor :math:`k` is its change times the others, averaged over all
    orders in which the factors can change,

    .. math:: \Delta_k = \sum_{A \not\ni k} \frac{|A|!\,(n-|A|-1)!}{n!}
              \Big(\prod_{i \in A} x_i^{(2)} \prod_{j \notin A, j \neq k} x_j^{(1)}\Big)
              \big(x_k^{(2)} - x_k^{(1)}\big),

    Das Gupta's formula; with two factors, Kitagawa's.

    References
    ----------
    Das Gupta, P. (1993). Standardization and Decomposition of Rates: A User's Manual.
    US Bureau of the Census, P23-186.

    Examples
    --------
    >>> parts = das_gupta({"women": 100.0, "rate": 0.05}, {"women": 80.0, "rate": 0.04})
    >>> parts.round(6).values.tolist(), round(float(parts.sum()), 6)
    ([-0.9, -0.9], -1.8)
    """
    names = list(factors_1)
    if set(names) != set(factors_2) or not 2 <= len(names) <= _MAX_FACTORS:
        raise InputError(
            "the factors before and after do not go together",
            where="factors_1, factors_2",
            got=f"{names} and {list(factors_2)}",
            allowed=f"2 to {_MAX_FACTORS} factors of the same names",
            fix="name each factor alike in both",
        )
    first = {n: xr.DataArray(factors_1[n]) for n in names}
    second = {n: xr.DataArray(factors_2[n]) for n in names}
    every = {f"{n} (before)": a for n, a in first.items()}
    every |= {f"{n} (after)": a for n, a in second.items()}
    _check_finite(every)
    check_same_coords(every)
    for dim in over:
        if not any(dim in a.dims for a in every.values()):
            raise DimensionError(
                f"no factor has the dimension {dim!r}",
                where="over",
                got=dim,
                allowed=sorted({str(d) for a in every.values() for d in a.dims}),
                fix="leave it out of over",
            )
    parts = [_contribution(name, first, second, over) for name in names]
    joined = xr.concat(xr.broadcast(*parts), dim="component")
    return joined.assign_coords(component=names)


def _contribution(
    name: str,
    first: dict[str, xr.DataArray],
    second: dict[str, xr.DataArray],
    over: Sequence[Hashable],
) -> xr.DataArray:
    others = [n for n in first if n != name]
    count = len(first)
    change = second[name] - first[name]
    mean: xr.DataArray | float = 0.0
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for changed in combinations(others, size):
            product: xr.DataArray | float = weight
            for other in others:
                product = product * (second if other in changed else first)[other]
            mean = mean + product
    out = xr.DataArray(change * mean)
    return out.sum([d for d in over if d in out.dims])


def kitagawa(
    rate_1: xr.DataArray,
    rate_2: xr.DataArray,
    composition_1: xr.DataArray,
    composition_2: xr.DataArray,
    *,
    dim: str = "age",
) -> xr.Dataset:
    r"""Split the difference of two crude rates into rates and composition, by group.

    Parameters
    ----------
    rate_1, rate_2 : DataArray
        (..., dim) rates of the groups before and after, in any unit.
    composition_1, composition_2 : DataArray
        (..., dim) [any unit]: sizes of the groups, scaled to a sum of 1.
    dim : str
        The dimension of the groups.

    Returns
    -------
    Dataset
        rate_effect and composition_effect (..., dim), and difference (...), the crude rate
        after less that before; in the unit of the rates.

    Raises
    ------
    DimensionError
        If an input lacks the dimension.
    CoordinateError
        If labels differ.
    BoundsError
        If a value is missing or infinite, a size is negative, or a composition is empty.

    Notes
    -----
    :math:`\Delta = \sum_i \frac{c_i^1 + c_i^2}{2}(r_i^2 - r_i^1)
    + \sum_i \frac{r_i^1 + r_i^2}{2}(c_i^2 - c_i^1)`.

    References
    ----------
    Kitagawa, E. M. (1955). Components of a difference between two rates. Journal of the
    American Statistical Association 50.

    Examples
    --------
    >>> def by_age(*values):
    ...     return xr.DataArray(list(values), dims="age", coords={"age": [0, 65]})
    >>> out = kitagawa(by_age(1.0, 40.0), by_age(1.0, 30.0), by_age(90, 10), by_age(80, 20))
    >>> [round(float(out[part].sum()), 3) for part in ("rate_effect", "composition_effect")]
    [-1.5, 3.4]
    """
    arrays = {
        "rate_1": rate_1,
        "rate_2": rate_2,
        "composition_1": composition_1,
        "composition_2": composition_2,
    }
    for name, array in arrays.items():
        _need(array, name, dim)
    _check_finite(arrays)
    check_same_coords(arrays)
    shares = []
    for name in ("composition_1", "composition_2"):
        negative = arrays[name].values < 0
        if negative.any():
            raise BoundsError(
                f"{name} has a negative group",
                where=f"{name} at {first_cell(arrays[name], negative)}",
                got=arrays[name].values[negative][0],
                allowed="sizes of 0 or more",
                fix="give the sizes of the groups",
            )
        shares.append(ratio(arrays[name], arrays[name].sum(dim), f"in {name}"))
    before, after = shares
    out = xr.Dataset(
        {
            "rate_effect": (before + after) / 2 * (rate_2 - rate_1),
            "composition_effect": (rate_1 + rate_2) / 2 * (after - before),
            "difference": (after * rate_2).sum(dim) - (before * rate_1).sum(dim),
        }
    )
    unit = rate_1.attrs.get("units", "unit of the rates")
    for name, label in (
        ("rate_effect", "Effect of the rates"),
        ("composition_effect", "Effect of the composition"),
        ("difference", "Difference of the crude rates"),
    ):
        out[name].attrs = {"units": unit, **long_names(f"kitagawa.{name}", label)}
    return out


def decompose_births(
    women_1: xr.DataArray,
    women_2: xr.DataArray,
    fertility_rate_1: xr.DataArray,
    fertility_rate_2: xr.DataArray,
) -> xr.DataArray:
    r"""Split a change in the yearly number of births into women and their fertility.

    Parameters
    ----------
    women_1, women_2 : DataArray
        (..., age) [women]: of each age in the middle of the year, before and after; only the
        reproductive ages.
    fertility_rate_1, fertility_rate_2 : DataArray
        (..., age) [births per woman and year].

    Returns
    -------
    DataArray
        (component, ...) [births per year]: ``women_number``, ``women_age_structure``,
        ``fertility_level`` (total of the rates) and ``fertility_timing`` (their age pattern).
        They add up to births after less births before.

    Raises
    ------
    DimensionError
        If an input has no ages.
    CoordinateError
        If labels differ.
    BoundsError
        If a value is out of bounds, or there are no women or no births at all.

    Notes
    -----
    :math:`B = W \sum_x s_x \, F \, g_x` with :math:`W` the women, :math:`s_x` their ages,
    :math:`F = \sum_x f_x` and :math:`g_x = f_x / F`; see :func:`das_gupta`.

    Examples
    --------
    >>> ages = {"age": [20, 30]}
    >>> w1 = xr.DataArray([100.0, 100.0], dims="age", coords=ages)
    >>> w2 = xr.DataArray([80.0, 100.0], dims="age", coords=ages)
    >>> f = xr.DataArray([0.1, 0.05], dims="age", coords=ages)
    >>> parts = decompose_births(w1, w2, f, f)
    >>> parts.round(3).values.tolist(), round(float(parts.sum()), 3)
    ([-1.472, -0.528, 0.0, 0.0], -2.0)
    """
    arrays = {
        "women_1": (women_1, "population"),
        "women_2": (women_2, "population"),
        "fertility_rate_1": (fertility_rate_1, "fertility_rate"),
        "fertility_rate_2": (fertility_rate_2, "fertility_rate"),
    }
    for name, (array, spec) in arrays.items():
        _need(array, name, "age")
        check_values(array, VARIABLES[spec])
    check_same_coords({name: array for name, (array, _) in arrays.items()})
    before, after = (
        {
            "women_number": women.sum("age"),
            "women_age_structure": ratio(women, women.sum("age"), "of reproductive age"),
            "fertility_level": rate.sum("age"),
            "fertility_timing": ratio(rate, rate.sum("age"), "born"),
        }
        for women, rate in ((women_1, fertility_rate_1), (women_2, fertility_rate_2))
    )
    return labelled(
        das_gupta(before, after, over=["age"]),
        "births_change",
        PERSONS,
        "measure.births_contribution",
        "Contribution to the change in births",
    )


def theil_index(
    quantity: xr.DataArray,
    population: xr.DataArray,
    groups: xr.DataArray,
    *,
    dim: str = "region",
) -> xr.Dataset:
    r"""Measure how unevenly something is spread over places, between and within groups of them.

    Parameters
    ----------
    quantity : DataArray
        (..., dim) [any unit], 0 or more: births, say.
    population : DataArray
        (..., dim) [persons]: to whom the quantity is related.
    groups : DataArray
        (dim): the label of the group (province) of each place.
    dim : str
        The dimension of the places.

    Returns
    -------
    Dataset
        total, between and within (...) [1]; the last two add up to the first. 0 where the
        quantity is proportional to the population.

    Raises
    ------
    DimensionError
        If an input lacks the dimension.
    CoordinateError
        If labels differ.
    BoundsError
        If a value is negative, missing or infinite, a place has no population, or there is
        nothing to be spread.

    Notes
    -----
    With shares :math:`q_i` and :math:`p_i`, and sums :math:`Q_g, P_g` over groups,
    :math:`T = \sum_i q_i \ln(q_i/p_i)`, between :math:`\sum_g Q_g \ln(Q_g/P_g)`, within
    :math:`\sum_g Q_g T_g`.

    References
    ----------
    Theil, H. (1967). Economics and Information Theory, chapter 4.

    Examples
    --------
    >>> places = {"region": ["a", "b", "c"]}
    >>> births = xr.DataArray([10.0, 20.0, 30.0], dims="region", coords=places)
    >>> people = xr.DataArray([1000.0, 2000.0, 2000.0], dims="region", coords=places)
    >>> province = xr.DataArray(["x", "x", "y"], dims="region", coords=places)
    >>> out = theil_index(births, people, province)
    >>> round(float(out.between), 4), round(float(out.within), 4)
    (0.0204, 0.0)
    """
    arrays = {"quantity": quantity, "population": population}
    for name, array in {**arrays, "groups": groups}.items():
        _need(array, name, dim)
    for name, array in arrays.items():
        bad = ~np.isfinite(array.values) | (array.values < 0)
        if bad.any():
            raise BoundsError(
                f"{name} cannot be used in {int(bad.sum())} cells",
                where=f"{name} at {first_cell(array, bad)}",
                got=array.values[bad][0],
                allowed="finite numbers of 0 or more",
                fix="fill or drop the places",
            )
    check_same_coords({**arrays, "groups": groups})
    refuse_empty(population, "in a place")
    q = ratio(quantity, quantity.sum(dim), "counted")
    p = population / population.sum(dim)
    labels = groups.rename("group")
    between = _entropy(q.groupby(labels).sum(dim), p.groupby(labels).sum(dim), "group")
    total = _entropy(q, p, dim)
    out = xr.Dataset({"total": total, "between": between, "within": total - between})
    for name, label in (
        ("total", "Theil index"),
        ("between", "Theil index between groups"),
        ("within", "Theil index within groups"),
    ):
        out[name].attrs = {"units": ONE, **long_names(f"theil_index.{name}", label)}
    return out


def _entropy(q: xr.DataArray, p: xr.DataArray, dim: str) -> xr.DataArray:
    # a place without any of the quantity adds 0 = lim x ln x
    terms = q * np.log((q / p).where(q > 0, 1.0))
    return xr.DataArray(terms).sum(dim)
