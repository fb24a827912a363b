"""What drives the change in births: women, migration, rates by order, policy; exactly.

The parts of each draw add up to the change of its births. Nothing is left over, because
every part is a change times the mean of what it multiplies.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim.demography.ages.age_groups import labelled
from popsim.demography.indicators.decomposition import das_gupta
from popsim.errors import DimensionError, InputError, MissingVariableError
from popsim.languages import ENGLISH, in_each, languages
from popsim.schema.checks import check_option, check_sex
from popsim.schema.conventions import FEMALE
from popsim.schema.variables import PERSONS

#: Parts and their labels; other languages have them under ``drivers.<part>``.
PARTS: dict[str, str] = {
    "women_number": "number of women",
    "women_age_structure": "women's age structure",
    "migration": "migration of women",
    "rates_order_1": "rates of first births",
    "rates_order_2": "rates of second births",
    "rates_order_3": "rates of third and higher births",
    "policy": "policy",
}
_NEEDS = {
    "births": ("order", "age"),
    "population": ("sex", "age"),
    "deaths": ("sex", "age"),
    "net_migration": ("sex", "age"),
}


def births_drivers(
    result: xr.Dataset, scenario: str, *, since: int, until: int, against: str = "baseline"
) -> xr.Dataset:
    r"""Split the change in yearly births between two years into what drives it.

    Parameters
    ----------
    result : xarray.Dataset
        From :func:`popsim.simulate` with ``outputs="full"``.
    scenario : str
        Whose births; ``against`` itself has no part of policy.
    since, until : int
        Calendar years; ``since`` is that of the last observation, say.
    against : str
        What the policy's births are counted beyond.

    Returns
    -------
    xarray.Dataset
        ``contribution`` (draw, component, ...) [persons a year] and their sum
        ``births_change`` (draw, ...), births of ``until`` less births of ``since``. The
        components are the keys of :data:`PARTS`.

    Raises
    ------
    MissingVariableError
        The result lacks a variable.
    DimensionError
        A variable is not by single age (``outputs="summary"``), or births not by order.
    InputError
        No scenario of that name, or years that the result does not have in this order.

    Notes
    -----
    Births of ``against`` are :math:`B = \sum_{o,x} W_x f_{o,x}` with :math:`W` the women of
    reproductive age in the middle of the year and :math:`f` births of the order per woman, so that

    .. math:: \Delta B = \sum_{o,x} \overline{f}_{o,x} \Delta W_x
              + \sum_{o,x} \overline{W}_x \Delta f_{o,x} .

    The women of ``until`` are those of ``since`` as they survived without moving (in the
    years after the middle of ``since``), :math:`C`, and the rest, who came by migration less
    those who went. The change :math:`C - W` is that of a number of women and of shares of
    ages (:func:`popsim.demography.indicators.decomposition.das_gupta`). Girls born after ``since``
    count as if they had not moved. Policy is the change of the births that the scenario has beyond
    those of ``against``.

    References
    ----------
    Kitagawa, E. M. (1955). Components of a difference between two rates. Journal of the
    American Statistical Association 50.

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("ouhai", end=2026)
    >>> result = ps.simulate(baseline, [], draws=2, outputs="full")
    >>> parts = births_drivers(result, "baseline", since=2023, until=2026)
    >>> gap = parts.contribution.sum("component") - parts.births_change
    >>> bool(abs(gap).max() < 1e-9)
    True
    """
    _check(result, scenario, against, since, until)
    base = result.sel(scenario=against, drop=True)
    before, after, stayed = _women(base, since, until)
    births = base["births"]
    bearing = (births > 0.0).any([d for d in births.dims if d != "age"])
    births, before, after, stayed = (
        array.sel(age=bearing) for array in (births, before, after, stayed)
    )
    rates = [
        births.sel(year=year, drop=True) / women.where(women > 0.0, 1.0)
        for year, women in ((since, before), (until, after))
    ]
    mean_rate = (rates[0] + rates[1]) / 2.0
    mean_women = (before + after) / 2.0
    per_woman = mean_rate.sum("order")
    women = das_gupta(
        {"women_number": before.sum("age"), "women_age_structure": before / before.sum("age")},
        {"women_number": stayed.sum("age"), "women_age_structure": stayed / stayed.sum("age")},
    )
    by_order = (mean_women * (rates[1] - rates[0])).sum("age")
    own = result["births"].sel(scenario=scenario, drop=True).sum(["order", "age"])
    beyond = own - births.sum(["order", "age"])
    parts = {
        **{
            str(c): (women.sel(component=c) * per_woman).sum("age")
            for c in women["component"].values
        },
        "migration": ((after - stayed) * per_woman).sum("age"),
        **{f"rates_order_{o}": by_order.sel(order=o, drop=True) for o in births["order"].values},
        "policy": beyond.sel(year=until, drop=True) - beyond.sel(year=since, drop=True),
    }
    parts = {name: part.reset_coords(drop=True) for name, part in parts.items()}
    joined = xr.concat(xr.broadcast(*parts.values()), dim="component")
    joined = joined.assign_coords(component=list(parts))
    change = own.sel(year=until, drop=True) - own.sel(year=since, drop=True)
    out = xr.Dataset(
        {
            "contribution": labelled(
                joined.transpose("draw", "component", ...),
                "contribution",
                PERSONS,
                "measure.births_contribution",
                "Contribution to the change in births",
            ),
            "births_change": labelled(
                change, "births_change", PERSONS, "measure.births_change", "Change in births"
            ),
        }
    )
    labels = {part: in_each(f"drivers.{part}", PARTS[part]) for part in parts}
    for language in (ENGLISH, *languages()):
        said = [labels[part].get(language, PARTS[part]) for part in parts]
        out = out.assign_coords({f"component_{language}": ("component", said)})
    out.attrs = {"scenario": scenario, "against": against, "since": since, "until": until}
    return out


def can_be_decomposed(result: xr.Dataset) -> bool:
    """Whether a result has what :func:`births_drivers` needs: single ages, that is.

    Examples
    --------
    >>> can_be_decomposed(xr.Dataset({"births": (("draw", "order"), [[1.0]])}))
    False
    """
    return all(n in result and set(dims) <= set(result[n].dims) for n, dims in _NEEDS.items())


def _check(result: xr.Dataset, scenario: str, against: str, since: int, until: int) -> None:
    for name, dims in _NEEDS.items():
        if name not in result:
            raise MissingVariableError(
                f"the decomposition of births needs {name}",
                where="births_drivers",
                got=f"variables {sorted(map(str, result))}",
                allowed=", ".join(_NEEDS),
                fix="pass what popsim.simulate returns",
            )
        absent = [d for d in (*dims, "scenario", "draw") if d not in result[name].dims]
        if absent:
            raise DimensionError(
                f"{name} lacks the dimension {absent[0]!r}",
                where="births_drivers",
                got=f"dims {tuple(result[name].dims)}",
                allowed="single ages, scenarios and draws",
                fix='simulate with outputs="full"',
            )
    check_sex(result)
    names = [str(s) for s in result["scenario"].values]
    for name in (scenario, against):
        check_option(name, names, "scenario, against", what="the result has no scenario")
    years = result["year"].values
    if not (since in years and until in years and since < until):
        raise InputError(
            "the two years are not in this order among those of the result",
            where="since, until",
            got=f"{since} and {until}",
            allowed=f"{years[0]} to {years[-1]}, since < until",
            fix="simulate further, or choose an earlier year",
        )


def _women(
    base: xr.Dataset, since: int, until: int
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Women of each age in the middle of both years, and those of the first that stayed."""
    females = base[["population", "deaths", "net_migration"]].sel(sex=FEMALE, drop=True)
    people = females["population"].transpose(..., "time", "age")
    years = females["year"].values
    middle = 0.5 * (people.values[..., :-1, :] + people.values[..., 1:, :])
    deaths, moves = (
        females[name].transpose(*people.dims[:-2], "year", "age").values
        for name in ("deaths", "net_migration")
    )
    # Deaths stand at the age reached; those exposed are the group before and half of its movers.
    exposed = people.values[..., :-1, :-1] + 0.5 * moves[..., :-1]
    dying = deaths[..., 1:] / np.where(exposed > 0.0, exposed, np.inf)
    first, last = (int(np.flatnonzero(years == year)[0]) for year in (since, until))
    stayed = middle[..., first, :].copy()
    for step in range(first, last):
        # From one middle of the year to the next: half of each year's risk.
        survived = 1.0 - 0.5 * (dying[..., step, :] + dying[..., step + 1, :])
        stayed[..., 1:] = stayed[..., :-1] * survived
        stayed[..., 0] = middle[..., step + 1, 0]
    template = people.isel(time=0, drop=True)
    return tuple(  # type: ignore[return-value]
        template.copy(data=values)
        for values in (middle[..., first, :], middle[..., last, :], stayed)
    )
