"""What the width of a band is made of, and what it would be worth to know.

Everything uncertain is drawn in groups (fertility, mortality, migration, response, take-up,
...). The functions here take a ``run``: a callable that draws the groups named to it with the
seeds given to it, holds the others at their medians, and returns the quantity of interest by
draw. :func:`simulated` makes one of :func:`popsim.simulate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import ndtri
from scipy.stats import rankdata

from popsim.errors import DimensionError, InputError, PopsimError
from popsim.languages import long_names
from popsim.schema.variables import describe
from popsim.simulation import GROUPS, simulate
from popsim.uncertainty.quantiles import quantiles

#: ``run(vary, seed)`` gives (..., draw); ``seed`` is one number, or one for each group.
Run = Callable[[Sequence[str], int | Mapping[str, int]], xr.DataArray]

#: Resamples of the draws behind the standard errors of variance shares.
_RESAMPLES = 100
#: Degree of the polynomial by which an expectation given a group is bent.
_DEGREE = 3


def simulated(
    baseline: xr.Dataset,
    scenarios: Any,
    quantity: Callable[[xr.Dataset], xr.DataArray],
    **settings: Any,
) -> Run:
    """Make the ``run`` of the other functions from a simulation.

    Parameters
    ----------
    baseline, scenarios
        As :func:`popsim.simulate` takes them.
    quantity : callable
        Takes the result and returns the quantity of interest, with dim draw.
    **settings
        Further arguments of :func:`popsim.simulate`: end, draws, ...

    Returns
    -------
    callable
        ``run(vary, seed)``; each call is one simulation.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("ouhai", end=2024)
    >>> run = simulated(baseline, "ouhai", lambda r: r.births.sum("order"), draws=10)
    >>> births = run(["fertility"], 1)
    >>> births.dims, bool((births.std("draw").sel(year=2024) > 0).all())
    (('scenario', 'draw', 'year'), True)
    """

    def run(vary: Sequence[str], seed: int | Mapping[str, int]) -> xr.DataArray:
        return quantity(simulate(baseline, scenarios, vary=vary, seed=seed, **settings))

    return run


def tornado(run: Run, groups: Sequence[str] = GROUPS, *, seed: int = 0) -> xr.Dataset:
    """Draw one group at a time, the others at their medians.

    Parameters
    ----------
    run : callable
        See :func:`simulated`.
    groups : sequence of str
        Of :data:`popsim.simulation.GROUPS`; all of them if absent.
    seed : int

    Returns
    -------
    xarray.Dataset
        ``alone`` (quantile, group, ...): 0.1, 0.5 and 0.9 quantile with the group alone drawn;
        ``together`` (quantile, ...) with all of them drawn; ``central`` (...) with none. Other
        dims as ``run`` returns them. The attribute ``simulations`` counts the runs.

    Raises
    ------
    InputError
        No group, or one twice.
    DimensionError
        What ``run`` returns has no draws.

    Notes
    -----
    The median of ``together`` differs from ``central`` where the model bends. The widths of
    the bars do not add up to the width of the band: variances do, roughly; see
    :func:`sobol_shares`.

    Examples
    --------
    >>> def run(vary, seed):
    ...     z = {g: np.linspace(-1, 1, 11) if g in vary else np.zeros(11) for g in "ab"}
    ...     return xr.DataArray(10 + z["a"] + 3 * z["b"], dims="draw")
    >>> bars = tornado(run, ["a", "b"])
    >>> bars.alone.sel(quantile=[0.1, 0.9]).values.round(1).T.tolist()
    [[9.2, 10.8], [7.6, 12.4]]
    """
    names = _checked(groups)
    alone = [quantiles(_drawn(run((name,), seed))) for name in names]
    every = _drawn(run(names, seed))
    central = _drawn(run((), seed)).isel(draw=0, drop=True)
    out = xr.Dataset(
        {
            "alone": xr.concat(alone, dim=xr.Variable("group", list(names))).transpose(
                "quantile", "group", ...
            ),
            "together": quantiles(every),
            "central": central,
        }
    )
    for array in out.data_vars.values():
        array.attrs = dict(every.attrs)
    out.attrs = {"simulations": len(names) + 2}
    return out


def sobol_shares(
    run: Run, groups: Sequence[str] = GROUPS, *, seeds: tuple[int, int] = (0, 1)
) -> xr.Dataset:
    r"""Shares of the variance by group, and the band's width by source.

    Parameters
    ----------
    run : callable
        See :func:`simulated`.
    groups : sequence of str
        Of :data:`popsim.simulation.GROUPS`; all of them if absent.
    seeds : tuple of int
        Of the two independent sets of draws; they must differ.

    Returns
    -------
    xarray.Dataset
        Each with the dims that ``run`` returns but draw, so over time where it has years:

        - ``first_order_share``, ``total_order_share`` (group) [1] and their standard errors
          ``first_order_error``, ``total_order_error``; missing where nothing varies
        - ``band_width``: 0.9 less 0.1 quantile, and ``width_by_source`` (source): the
          width times the first-order shares; the last source is "interactions", what is left

        The attribute ``simulations`` counts the runs: two more than groups.

    Raises
    ------
    InputError
        No group, or one twice; seeds that are equal; a quantity that does not vary at all.
    DimensionError
        What ``run`` returns has no draws.
    PopsimError
        SALib is not installed.

    Notes
    -----
    With A and B two sets of draws and :math:`A_B^{(g)}` the set A but for group g, which is
    from B, the first-order share is :math:`\overline{f(B)(f(A_B^{(g)}) - f(A))} / V` (Saltelli
    and others 2010), or :math:`1 - \overline{(f(B) - f(A_B^{(g)}))^2} / 2V` where the total
    share is above a half, and the total share :math:`\overline{(f(A) - f(A_B^{(g)}))^2} / 2V`
    (both Jansen 1999), with SALib's functions. Of the first two each has the smaller error on
    its side. Within a group everything is drawn together,
    with whatever correlation it has; between groups draws are independent.

    A share near zero may come out below it, and "interactions" too: look at the errors.

    Examples
    --------
    >>> def run(vary, seed):
    ...     z = {g: np.random.default_rng([seed[g], ord(g)]).normal(size=4096) for g in vary}
    ...     return xr.DataArray(z["a"] + 3 * z["b"], dims="draw")
    >>> sobol_shares(run, ["a", "b"]).total_order_share.values.round(1).tolist()
    [0.1, 0.9]
    """
    estimators = _estimators()
    names, (one, other) = _checked(groups), seeds
    if one == other:
        raise InputError(
            "the two sets of draws must differ",
            where="seeds",
            got=seeds,
            allowed="two different numbers",
        )
    from_a = dict.fromkeys(names, one)
    first = _drawn(run(names, from_a))
    dims = ("draw", *(d for d in first.dims if d != "draw"))
    like = first.transpose(*dims)
    second = _drawn(run(names, dict.fromkeys(names, other))).transpose(*dims)
    mixed = [_drawn(run(names, {**from_a, name: other})).transpose(*dims) for name in names]

    pooled = np.concatenate([like.values, second.values])
    middle, scale = pooled.mean(axis=0), pooled.std(axis=0)
    # Differences that are rounding do not vary.
    moves = scale > 1e-12 * np.abs(pooled).max(axis=0)
    if not moves.any():
        raise InputError(
            "the quantity does not vary",
            where="run",
            got=f"the same value in all draws of {', '.join(names)}",
            allowed="groups of which at least one acts on it",
        )

    def standard(array: xr.DataArray) -> np.ndarray:
        return (array.values[:, moves] - middle[moves]) / scale[moves]

    made = {
        name: np.full((len(names), *moves.shape), np.nan)
        for kind in ("first", "total")
        for name in (f"{kind}_order_share", f"{kind}_order_error")
    }
    a, b = standard(like), standard(second)
    for k, each in enumerate(mixed):
        for name, values in _estimates(estimators, a, b, standard(each), one).items():
            made[name][k, moves] = values

    template = like.isel(draw=0, drop=True)
    template.attrs = {}
    group = {"group": list(names)}
    out = xr.Dataset(
        {name: template.expand_dims(group).copy(data=values) for name, values in made.items()}
    )
    band = quantiles(xr.concat([like, second], dim="draw"))
    out["band_width"] = band.sel(quantile=0.9, drop=True) - band.sel(quantile=0.1, drop=True)
    shares = out["first_order_share"].rename(group="source").fillna(0.0)
    rest = (1.0 - shares.sum("source")).expand_dims(source=["interactions"])
    out["width_by_source"] = out["band_width"] * xr.concat([shares, rest], dim="source")
    for name in ("band_width", "width_by_source"):
        out[name].attrs = {
            "units": like.attrs.get("units", ""),
            **long_names("measure.band_width", "Width of the 80 % band"),
        }
    out.attrs = {"simulations": len(names) + 2}
    return describe(out)


def perfect_information(run: Run, groups: Sequence[str] = GROUPS, *, seed: int = 0) -> xr.Dataset:
    r"""Expected value of perfect information on each group, for a choice among scenarios.

    Parameters
    ----------
    run : callable
        See :func:`simulated`; returns the net benefit [yuan] of every option, with dims
        scenario and draw: what an option is worth less what it costs.
    groups : sequence of str
        Of :data:`popsim.simulation.GROUPS`; all of them if absent.
    seed : int

    Returns
    -------
    xarray.Dataset
        ``expected_net_benefit`` and ``probability_best`` (scenario), and
        ``value_of_information`` (group), the last group "everything": the most that
        knowing the group before choosing can be worth [yuan]. Other dims as ``run`` returns
        them. The attribute ``simulations`` counts the runs.

    Raises
    ------
    InputError
        No group, or one twice; fewer than two scenarios.
    DimensionError
        What ``run`` returns has no draws or no scenarios.

    Notes
    -----
    With net benefit :math:`N_d` of option d, everything known is worth :math:`E \max_d N_d -
    \max_d E N_d`, and group g :math:`E_g \max_d E[N_d | g] - \max_d E N_d`. The inner
    expectation is a regression over the draws (Strong, Oakley and Brennan 2014) on what the
    options' net benefits are when g alone is drawn, the others at their medians, and on a
    cubic of their normal scores; where groups add up that is exact. Differences to the first
    option are fitted. The fit biases the result upward, the less the more draws there are;
    below 1,000 draws a small value may be nothing.

    Examples
    --------
    Spend or not, when the benefit is +2 or -1 with even chances: knowing is worth 0.5.

    >>> def run(vary, seed):
    ...     gain = np.tile([2.0, -1.0], 50) if vary else np.full(100, 0.5)
    ...     options = xr.DataArray(["nothing", "spend"], dims="scenario")
    ...     benefit = xr.DataArray([gain * 0.0, gain], dims=("scenario", "draw"))
    ...     return benefit.assign_coords(scenario=options)
    >>> round(perfect_information(run, ["response"]).value_of_information.item(0), 10)
    0.5
    """
    names = _checked(groups)
    every = _net_benefit(run(names, seed))
    gain = every - every.isel(scenario=0, drop=True)
    now = gain.mean("draw").max("scenario")
    worth = [
        _expected(gain, _net_benefit(run((name,), seed))).max("scenario").mean("draw") - now
        for name in names
    ]
    worth.append(gain.max("scenario").mean("draw") - now)
    labels = xr.Variable("group", [*names, "everything"])
    best = every.argmax("scenario")
    index = xr.DataArray(np.arange(every.sizes["scenario"]), dims="scenario")
    out = xr.Dataset(
        {
            "expected_net_benefit": every.mean("draw"),
            "probability_best": (best == index)
            .mean("draw")
            .assign_coords(scenario=every["scenario"]),
            # The fit cannot lower an expectation; what is below zero is rounding.
            "value_of_information": xr.concat(worth, dim=labels).clip(0.0),
        }
    )
    out.attrs = {"simulations": len(names) + 1}
    return describe(out)


def _estimates(
    estimators: dict[str, Callable[..., np.ndarray]],
    a: np.ndarray,
    b: np.ndarray,
    mixed: np.ndarray,
    seed: int,
) -> dict[str, np.ndarray]:
    """Shares of one group and their standard errors, from arrays (draw, cell) of variance 1."""
    first, total = estimators["first"], estimators["total"]
    shares = total(a, mixed, b)
    large = shares > 0.5

    def both(rows: Any) -> np.ndarray:
        one, other, swapped = a[rows], b[rows], mixed[rows]
        # The sets other and swapped have the group in common: half their squared difference
        # is what the rest explains, and the better estimate where that is little.
        alone = np.where(large, 1.0 - total(other, swapped, one), first(one, swapped, other))
        return np.stack([alone, total(one, swapped, other)])

    picks = np.random.default_rng(seed).integers(len(a), size=(_RESAMPLES, len(a)))
    values, errors = both(slice(None)), np.std([both(rows) for rows in picks], axis=0, ddof=1)
    return {
        "first_order_share": values[0],
        "first_order_error": errors[0],
        "total_order_share": values[1],
        "total_order_error": errors[1],
    }


def _expected(gain: xr.DataArray, alone: xr.DataArray) -> xr.DataArray:
    """Expectation of the gains given a group, at each draw of it (scenario, ..., draw)."""
    known = alone - alone.isel(scenario=0, drop=True)

    def fit(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Least squares of each row of y (scenario, draw) on the rows of x and their bends."""
        spread = x.std(axis=1)
        x = x[spread > 1e-12 * np.abs(x).max(axis=1, initial=0.0)]
        # Powers of normal scores follow any bend; powers of x would follow its extremes.
        score = ndtri((rankdata(x, axis=1) - 0.5) / y.shape[1]) if len(x) else x
        scale = np.abs(x).max(axis=1, keepdims=True, initial=0.0)
        columns = [np.ones((1, y.shape[1])), x / scale]
        columns += [score**p for p in range(1, _DEGREE + 1)]
        basis = np.vstack(columns).T
        return np.asarray((basis @ np.linalg.lstsq(basis, y.T, rcond=None)[0]).T)

    core = ["scenario", "draw"]
    return xr.apply_ufunc(
        fit, gain, known, input_core_dims=[core, core], output_core_dims=[core], vectorize=True
    )


def _estimators() -> dict[str, Callable[..., np.ndarray]]:
    try:
        sobol = import_module("SALib.analyze.sobol")
    except ImportError as error:
        raise PopsimError(
            "shares of variance need SALib, which is not installed",
            where="sobol_shares",
            fix="pip install popsim[sensitivity]",
        ) from error
    return {"first": sobol.first_order, "total": sobol.total_order}


def _checked(groups: Sequence[str]) -> tuple[str, ...]:
    names = (groups,) if isinstance(groups, str) else tuple(groups)
    if not names or len(set(names)) < len(names):
        raise InputError(
            "groups must be named, each once",
            where="groups",
            got=names,
            fix="give a list such as ['fertility', 'response']",
        )
    return names


def _drawn(values: xr.DataArray) -> xr.DataArray:
    if "draw" not in values.dims:
        raise DimensionError(
            "the quantity has no draws",
            where="run",
            got=f"dims {tuple(values.dims)}",
            allowed="a dim draw",
            fix="let it return the value of each draw, not a summary of them",
        )
    return values


def _net_benefit(values: xr.DataArray) -> xr.DataArray:
    if "scenario" not in _drawn(values).dims:
        raise DimensionError(
            "the net benefit has no scenarios to choose from",
            where="run",
            got=f"dims {tuple(values.dims)}",
            allowed="dims scenario and draw",
        )
    if values.sizes["scenario"] < 2:
        raise InputError(
            "a choice needs two scenarios or more",
            where="run",
            got=", ".join(str(s) for s in values["scenario"].values),
            fix="keep the baseline as the option to do nothing",
        )
    return values.transpose("scenario", ..., "draw")
