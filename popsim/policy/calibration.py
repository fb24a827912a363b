"""Set take-up to what was paid: the modelled spending of each instrument meets its records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from popsim.errors import (
    BoundsError,
    CoordinateError,
    DimensionError,
    InputError,
    MissingVariableError,
    did_you_mean,
)
from popsim.policy.cost import due_per_take_up
from popsim.scenario.instruments import FamilyInstrument
from popsim.scenario.model import Scenario
from popsim.scenario.quantities import ASSUMPTION, Range
from popsim.schema.conventions import ORDERS

_COLUMNS = ("instrument", "until", "amount")


def payment_records(scenario: Scenario) -> pd.DataFrame:
    """The payments that a scenario's documents report.

    Returns
    -------
    pandas.DataFrame
        Columns instrument, since, until (calendar years), amount [yuan], families and source;
        since and families are missing where no document says them.

    Examples
    --------
    >>> import popsim as ps
    >>> records = payment_records(ps.load_scenario("ouhai")).set_index("instrument")
    >>> records.loc["birth_grant", "amount"].item()
    6335000.0
    """
    rows = [
        (
            p.instrument,
            p.since,
            p.until,
            p.amount.value,
            None if p.families is None else p.families.value,
            p.amount.source,
        )
        for p in scenario.payments
    ]
    columns = ["instrument", "since", "until", "amount", "families", "source"]
    return pd.DataFrame(rows, columns=columns)


def calibrate_take_up(
    scenario: Scenario,
    births: xr.DataArray | xr.Dataset,
    *,
    registered_share: float | None = None,
    records: pd.DataFrame | None = None,
) -> Scenario:
    """Return the scenario with the take-up at which its spending is what was paid.

    Parameters
    ----------
    scenario : Scenario
    births : xarray.DataArray or xarray.Dataset
        (year, order) [persons], to residents, from the first year of the instruments that
        are paid for; or a result of :func:`popsim.simulate`, whose baseline is taken, at the
        mean of its draws.
    registered_share : float, optional
        Share of the births to registered families [1]; needed if an instrument is for them.
    records : pandas.DataFrame, optional
        Columns instrument (id), until (calendar year, to whose end it was paid), amount
        [yuan], and if wanted since (calendar year). The scenario's own ``payments`` where
        absent.

    Returns
    -------
    Scenario
        New; instruments without a record keep their take-up. The 80 % range moves with the
        median on the scale of log odds, so that it keeps its width there.

    Raises
    ------
    InputError
        No records, a column or an instrument that is not there, an instrument that no family
        claims, an instrument twice.
    BoundsError
        An amount that is negative or missing, or one that no take-up below 1 explains.
    CoordinateError
        Years or orders of birth that are not there.
    DimensionError
        Births that are not (year, order).
    MissingVariableError
        The registered share is needed and not given.

    Notes
    -----
    Take-up is the amount over what would have been due had every eligible family claimed:
    it takes up all that differs between the promise and the payment, late payments and
    births that the model has wrong among them.

    Examples
    --------
    >>> import popsim as ps
    >>> births = xr.DataArray(
    ...     [[2600.0, 1900.0, 240.0]] * 2,
    ...     coords={"year": [2023, 2024], "order": [1, 2, 3]}, dims=("year", "order"),
    ... )
    >>> package = calibrate_take_up(ps.load_scenario("ouhai"), births, registered_share=0.5)
    >>> round(package.instruments[0].take_up.median, 2)
    0.89
    """
    born = _births(births)
    years = born["year"].values
    table = payment_records(scenario) if records is None else _checked(records)
    if table.empty:
        raise InputError(
            "there are no payments to calibrate on",
            where=f"{scenario.name}: payments",
            allowed=f"a table with {', '.join(_COLUMNS)}",
            fix="give records, or declare payments in the scenario file",
        )
    known = {i.id: i for i in scenario.instruments}
    updated: dict[str, FamilyInstrument] = {}
    for n, row in enumerate(table.to_dict("records")):
        instrument = _instrument(row["instrument"], known, n)
        if instrument.id in updated:
            raise InputError(
                "an instrument has two records",
                where=f"records, row {n}",
                got=instrument.id,
                allowed="one record for each instrument",
            )
        if instrument.eligibility.registered and registered_share is None:
            raise MissingVariableError(
                "the share of births to registered families is not known",
                where=f"registered_share; instrument {instrument.id!r}",
                allowed="a share between 0 and 1",
            )
        paid_in = _period(row, instrument, years, n)
        due = due_per_take_up(
            instrument, born.values, years, 1.0 if registered_share is None else registered_share
        )
        updated[instrument.id] = _calibrated(instrument, row, float(due[paid_in].sum()), n)
    instruments = tuple(updated.get(i.id, i) for i in scenario.instruments)
    return scenario.model_copy(update={"instruments": instruments})


def implied_order_mix(
    amount: float, families: float, grants: tuple[float, float, float], third_share: float
) -> tuple[float, float, float]:
    """Shares of first, second and third births that a mean grant goes with.

    Parameters
    ----------
    amount : float
        Paid in all [yuan].
    families : float
        To so many.
    grants : tuple of float
        Paid for a first, second and third birth [yuan].
    third_share : float
        Share of third and higher births [1]; one mean cannot tell two shares.

    Returns
    -------
    tuple of float
        Shares [1] that add up to 1.

    Raises
    ------
    BoundsError
        The mean is not that of any mix with this share of third births.

    Examples
    --------
    >>> mix = implied_order_mix(6.335e6, 4205, (1000.0, 2000.0, 3000.0), 0.05)
    >>> [round(share, 4) for share in mix]
    [0.5435, 0.4065, 0.05]
    """
    first, second, third = grants
    mean = amount / families
    share = (mean - first - third_share * (third - first)) / (second - first)
    if not (share >= 0.0 and third_share >= 0.0 and share + third_share <= 1.0):
        raise BoundsError(
            "no order mix has this mean grant",
            where="amount / families",
            got=float(mean),
            allowed=f"a mean between the grants {grants}, with {third_share:g} third births",
        )
    return 1.0 - share - third_share, share, third_share


def _births(births: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """Births (year, order) of the baseline."""
    if isinstance(births, xr.Dataset):
        if "births" not in births:
            raise MissingVariableError(
                "the result has no births",
                where="births",
                allowed="what popsim.simulate returns, or births (year, order)",
            )
        births = births["births"]
    if "scenario" in births.dims:
        births = births.sel(scenario="baseline", drop=True)
    if "draw" in births.dims:
        births = births.mean("draw")
    if "age" in births.dims:
        births = births.sum("age")
    if set(births.dims) != {"year", "order"}:
        raise DimensionError(
            "births by year and order are needed",
            where="births",
            got=f"dims {tuple(births.dims)}",
            allowed="(year, order), besides scenario, draw and age",
        )
    if births["order"].values.tolist() != list(ORDERS):
        raise CoordinateError(
            "the birth orders are not 1, 2, 3",
            where="births, order",
            got=births["order"].values.tolist(),
            allowed=list(ORDERS),
        )
    return births.transpose("year", "order")


def _checked(records: pd.DataFrame) -> pd.DataFrame:
    for column in _COLUMNS:
        if column not in records:
            raise InputError(
                f"the records have no column {column!r}",
                where="records",
                got=f"columns {list(records.columns)}",
                allowed=f"{', '.join(_COLUMNS)}, and if wanted since",
                fix=did_you_mean(column, records.columns),
            )
    return records


def _instrument(name: str, known: dict, n: int) -> FamilyInstrument:
    claimed = [key for key, i in known.items() if isinstance(i, FamilyInstrument)]
    if name not in claimed:
        raise InputError(
            f"the scenario has no instrument {name!r} that families claim",
            where=f"records, row {n}",
            got=name,
            allowed=", ".join(claimed),
            fix=did_you_mean(name, claimed),
        )
    instrument: FamilyInstrument = known[name]
    return instrument


def _period(row: dict, instrument: FamilyInstrument, years: np.ndarray, n: int) -> np.ndarray:
    """Which of the years the record is for (year,) bool."""
    start = instrument.spells[0].start.year
    since = row.get("since")
    since = start if since is None or pd.isna(since) else int(since)
    for name, year in (("start of the instrument", start), ("until", row["until"])):
        if not years[0] <= year <= years[-1]:
            raise CoordinateError(
                f"births do not cover the {name}",
                where=f"records, row {n}: {instrument.id}",
                got=int(year),
                allowed=f"{years[0]} to {years[-1]}",
                fix="give births of more years",
            )
    return np.asarray((years >= since) & (years <= row["until"]))


def _calibrated(instrument: FamilyInstrument, row: dict, due: float, n: int) -> FamilyInstrument:
    amount = float(row["amount"])
    if not amount > 0.0 or not np.isfinite(amount):
        raise BoundsError(
            "a payment must be a positive sum",
            where=f"records, row {n}: {instrument.id}",
            got=amount,
            allowed="above 0 yuan",
        )
    share = amount / due if due > 0.0 else np.inf
    if not share < 1.0:
        raise BoundsError(
            "more was paid than every eligible family could have claimed",
            where=f"records, row {n}: {instrument.id}",
            got=f"{amount:,.0f} yuan paid, {due:,.0f} due",
            allowed="a take-up below 1",
            fix="check the start, the amounts, the registered share and the births",
        )
    old = instrument.take_up
    shift = logit(share) - logit(old.median)
    source = row.get("source")
    take_up = Range(
        median=share,
        lower=min(float(expit(logit(old.lower) + shift)), share),
        upper=max(float(expit(logit(old.upper) + shift)), share),
        source=source if isinstance(source, str) else ASSUMPTION,
        reason=f"Calibrated: {amount:,.0f} yuan paid to the end of {int(row['until'])}, of "
        f"{due:,.0f} due had every eligible family claimed.",
    )
    return instrument.model_copy(update={"take_up": take_up})
