"""``cost_effectiveness()``: what one more child costs, how sure that is, and when it pays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.special import ndtri

from popsim.analysis.compare import births_by_order, per_birth, sides
from popsim.errors import BoundsError, DimensionError
from popsim.policy.cost import present_value, real
from popsim.schema.provenance import provenance
from popsim.schema.variables import describe
from popsim.uncertainty.quantiles import quantiles

#: What a set of ratios can look like; see :func:`fieller_set`.
KINDS = ("bounded", "complement", "whole_line", "empty")


def cost_effectiveness(
    result: xr.Dataset,
    *,
    discount_rate: float,
    price_index: xr.DataArray | None = None,
    willingness_to_pay: float | Sequence[float] = (),
    against: str = "baseline",
) -> xr.Dataset:
    r"""Say what the births that a package adds cost, draw by draw, and when they pay.

    Parameters
    ----------
    result : xarray.Dataset
        From :func:`popsim.simulate`.
    discount_rate : float
        By which a yuan or a birth of the next year is worth less than one of this year
        [1 a year]. With a price index it is taken for a real rate, without one for a nominal.
    price_index : xarray.DataArray, optional
        (year) price level, 1 in the base year of the real amounts [1].
    willingness_to_pay : float or sequence of float
        What one additional birth is worth to the payer [yuan]; compared with present values.
    against : str
        The scenario that the others are compared with.

    Returns
    -------
    xarray.Dataset
        Dims scenario (without ``against``), region if the result has it, and quantile (0.1,
        0.5, 0.9 over the draws) but for probabilities and Fieller sets; ``basis`` is nominal,
        real (with a price index only) or present_value.

        - ``additional_births_total`` and ``additional_births_to_date`` (year) of the place;
          ``child_equivalents``, those of all years net of births only brought forward and of
          ``relocated_births``, which next door has fewer of [persons]
        - ``completed_fertility_change`` (time) [children per woman], if the result has
          completed_parity
        - ``cost_to_date`` (basis, year) [yuan]; ``cost_per_birth_to_date`` (basis, year) and
          ``cost_per_child_equivalent`` (basis) [yuan per birth], infinite where none is gained
        - ``cost_per_child_fieller_lower``, ``_upper`` and ``_kind`` (basis): the set of
          :func:`fieller_set` at 80 %
        - ``probability_none_gained`` (year) [1]
        - ``deadweight_to_date``, ``paid_for_additional_to_date`` (year) [yuan] and
          ``deadweight_share`` [1], if the result has cost_deadweight
        - ``net_present_value`` [yuan], ``break_even_year`` and ``probability_worth_it``
          (year), by ``willingness_to_pay``

    Raises
    ------
    InputError
        The result has no scenarios or draws, or none of that name; a discount rate not
        between -1 and 1; a price index that is not positive.
    BoundsError
        A willingness to pay that is not positive.
    CoordinateError
        A price index that lacks years of the result.
    DimensionError
        A price index without years.

    Notes
    -----
    With :math:`B_t` the additional births and :math:`C_t` the additional cost of year t in one
    draw, the cost per birth to date is :math:`\sum_{u \le t} C_u / \sum_{u \le t} B_u`. Births
    that are only brought forward are in it until they are missing later, so an early year
    flatters the package. The cost per child equivalent is that of the last year, over births
    less those that come from next door. It is net of payback if the last change of the
    package lies ten years or more before the last year (the lag, three years of births
    brought forward, six of payback). Payments that fall due after the last year are in
    neither.

    On the basis present_value births are discounted as money is, so that the net present value
    :math:`\sum_t (w B_t - C_t) (1 + r)^{-(t - t_0)}` is above zero just where the cost per
    birth is below :math:`w`, and a birth put off is worth as much less as the money for it.

    Examples
    --------
    >>> import popsim as ps
    >>> result = ps.simulate(ps.load_baseline("ouhai", end=2035), "ouhai", draws=50)
    >>> costs = cost_effectiveness(result, discount_rate=0.03, willingness_to_pay=2e6)
    >>> costs.cost_per_child_equivalent.dims
    ('quantile', 'basis', 'scenario')
    >>> costs.probability_none_gained.sel(year=2035).item() < 0.1
    True
    """
    base, other = sides(result, against)
    births = (births_by_order(other) - births_by_order(base)).sum("order")
    cost = (other["cost"] - base["cost"]).sum("instrument")
    counted = _by_basis(cost, births, discount_rate, price_index)
    spent, born = (values.cumsum("year") for values in counted)
    heads = births.cumsum("year")
    paid, net, gained = (values.isel(year=-1, drop=True) for values in (spent, born, heads))
    # Nobody is gained where a birth only moves house.
    stays = 1.0 - result["relocation_share"] if "relocation_share" in result else 1.0
    net = net * stays

    by_draw = {
        "additional_births_total": births,
        "additional_births_to_date": heads,
        "child_equivalents": gained * stays,
        "relocated_births": gained * (1.0 - stays),
        "cost_to_date": spent,
        "cost_per_birth_to_date": per_birth(spent, born),
        "cost_per_child_equivalent": per_birth(paid, net),
    }
    if "completed_parity" in result:
        by_draw["completed_fertility_change"] = _children(other) - _children(base)
    if "cost_deadweight" in result:
        anyway = (other["cost_deadweight"] - base["cost_deadweight"]).sum("instrument")
        deadweight, nominal = anyway.cumsum("year"), cost.cumsum("year")
        by_draw["deadweight_to_date"] = deadweight
        by_draw["paid_for_additional_to_date"] = nominal - deadweight
        all_paid = nominal.isel(year=-1, drop=True)
        by_draw["deadweight_share"] = deadweight.isel(year=-1, drop=True) / all_paid.where(
            all_paid != 0.0
        )
    worth = _prices(willingness_to_pay)
    value = worth * born.sel(basis="present_value", drop=True)
    value = value - spent.sel(basis="present_value", drop=True)
    pays = (value >= 0.0) & (heads > 0.0)
    by_draw["net_present_value"] = value.isel(year=-1, drop=True)
    by_draw["break_even_year"] = _first_of_the_last_run(pays)

    made = {name: _first(quantiles(values)) for name, values in by_draw.items()}
    made["probability_none_gained"] = (heads <= 0.0).mean("draw")
    made["probability_worth_it"] = _first(pays.mean("draw"))
    for name, part in fieller_set(paid, net).data_vars.items():
        made[f"cost_per_child_fieller_{name}"] = _first(part)
    out = xr.Dataset({name: values.reset_coords(drop=True) for name, values in made.items()})
    for array in out.data_vars.values():
        array.attrs = {}  # whatever arithmetic left of those of births and cost
    settings = {"against": against, "discount_rate": discount_rate}
    out.attrs = {**result.attrs, **provenance("cost_effectiveness", **settings)}
    return describe(out)


def fieller_set(
    numerator: xr.DataArray, denominator: xr.DataArray, *, level: float = 0.8
) -> xr.Dataset:
    r"""Set of ratios that draws of a numerator and a denominator are consistent with.

    Parameters
    ----------
    numerator, denominator : xarray.DataArray
        (..., draw), drawn together.
    level : float
        Share of the normal distribution that an interval holds [1].

    Returns
    -------
    xarray.Dataset
        ``lower`` and ``upper``, and ``kind``: "bounded", all between them; "complement", all up
        to lower and all from upper on, infinity with them; "whole_line" or "empty", where
        both are missing.

    Raises
    ------
    DimensionError
        Either has no dim draw, or fewer than two draws.
    BoundsError
        A level that is not between 0 and 1.

    Notes
    -----
    The set holds each r for which zero is within the central interval, at the level, of
    :math:`C - r B` taken as normal with the moments of the draws:

    .. math:: (\bar C - r \bar B)^2 \le z^2 (s_C^2 - 2 r s_{CB} + r^2 s_B^2)

    (Fieller 1954). Read for a decision: for a willingness to pay r outside of the set, it is
    clear at the level whether the package is worth it; inside, it is not. Where the
    denominator's own interval holds zero, no interval of ratios is right, and the set says
    so by being a complement or the whole line. The moments are those of the draws
    themselves, not of their mean: more draws do not make the set smaller. Quantiles over
    draws need no normal distribution; the two differ where the draws are skewed.

    Examples
    --------
    >>> cost = xr.DataArray([8.0, 10.0, 12.0, 10.0], dims="draw")
    >>> births = xr.DataArray([4.0, 5.0, 5.0, 6.0], dims="draw")
    >>> found = fieller_set(cost, births)
    >>> found.kind.item(), round(found.lower.item(), 2), round(found.upper.item(), 2)
    ('bounded', 1.62, 2.48)
    """
    for name, array in (("numerator", numerator), ("denominator", denominator)):
        if array.sizes.get("draw", 0) < 2:
            raise DimensionError(
                f"the {name} needs two draws or more",
                where="fieller_set",
                got=f"sizes {dict(array.sizes)}",
                allowed="a dim draw of 2 or more",
            )
    if not 0.0 < level < 1.0:
        raise BoundsError("a level is a share", where="level", got=level, allowed="0 to 1")
    z2 = float(ndtri(0.5 + level / 2.0)) ** 2
    top, bottom = numerator.mean("draw"), denominator.mean("draw")
    # a r^2 - 2 b r + c <= 0
    a = bottom**2 - z2 * denominator.var("draw", ddof=1)
    b = top * bottom - z2 * xr.cov(numerator, denominator, dim="draw", ddof=1)
    c = top**2 - z2 * numerator.var("draw", ddof=1)
    a, b, c = xr.broadcast(a, b, c)
    low, high, kind = _quadratic_set(a.values, b.values, c.values)
    return xr.Dataset(
        {
            name: xr.DataArray(values, dims=a.dims, coords=a.coords)
            for name, values in (("lower", low), ("upper", high), ("kind", kind))
        }
    )


def _quadratic_set(
    a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends and kind of the r with a r^2 - 2 b r + c <= 0."""
    discriminant = b**2 - a * c
    # With a > 0 the ratio of the means is in the set: below zero is rounding.
    root = np.sqrt(np.where(a > 0, np.maximum(discriminant, 0.0), discriminant.clip(0.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.sort(np.stack([(b - root) / a, (b + root) / a]), axis=0)
        half = c / (2.0 * b)
    low, high = ends
    flat = a == 0.0
    low = np.where(flat, np.where(b > 0, -np.inf, half), low)
    high = np.where(flat, np.where(b > 0, half, np.inf), high)
    bounded, nothing = a > 0, flat & (b == 0.0)
    whole = ((a < 0) & (discriminant < 0)) | (nothing & (c <= 0))
    empty = nothing & (c > 0)
    kind = np.select([bounded, whole, empty], [KINDS[0], KINDS[2], KINDS[3]], KINDS[1])
    neither = whole | empty
    return np.where(neither, np.nan, low), np.where(neither, np.nan, high), kind


def _by_basis(
    cost: xr.DataArray, births: xr.DataArray, rate: float, price_index: xr.DataArray | None
) -> tuple[xr.DataArray, xr.DataArray]:
    """Cost and births of each year as they count on each basis (basis, ..., year)."""
    years = cost["year"].values
    each = xr.DataArray(
        np.eye(len(years)), dims=("paid", "year"), coords={"paid": years, "year": years}
    )
    # What a yuan of each year is worth in the first.
    discount = present_value(each, rate, int(years[0])).rename(paid="year")
    yuan, heads = {"nominal": cost}, {"nominal": births}
    steady = cost
    if price_index is not None:
        steady = real(cost, price_index)
        yuan["real"], heads["real"] = steady, births
    yuan["present_value"], heads["present_value"] = steady * discount, births * discount
    basis = xr.Variable("basis", list(yuan))
    spent, born = (xr.concat(list(by.values()), dim=basis) for by in (yuan, heads))
    return spent, born


def _prices(willingness_to_pay: float | Sequence[float]) -> xr.DataArray:
    prices = np.atleast_1d(np.asarray(willingness_to_pay, dtype=float))
    if not (np.isfinite(prices) & (prices > 0.0)).all():
        raise BoundsError(
            "a willingness to pay is a positive amount",
            where="willingness_to_pay",
            got=willingness_to_pay,
            allowed="above 0 [yuan per birth]",
        )
    return xr.DataArray(prices, dims="willingness_to_pay", coords={"willingness_to_pay": prices})


def _children(result: xr.Dataset) -> xr.DataArray:
    """Children borne per woman aged 50; parity 3 is three or more, and counts as three."""
    women = result["completed_parity"]
    return (women * women["parity"]).sum("parity") / women.sum("parity")


def _first_of_the_last_run(holds: xr.DataArray) -> xr.DataArray:
    """Year from which on a condition holds to the end; infinite if it fails in the last."""
    backward = holds.isel(year=slice(None, None, -1)).astype(int).cumprod("year").sum("year")
    years = holds["year"]
    return (float(years[-1]) + 1.0 - backward).where(backward > 0, np.inf)


def _first(values: xr.DataArray) -> xr.DataArray:
    """Put the dims that label what is asked before those of what is answered."""
    lead = ("quantile", "willingness_to_pay", "basis", "scenario", "region")
    return values.transpose(*(d for d in lead if d in values.dims), ...)
