"""The evidence library: what studies find that policies do to births, and the priors read from it.

Nulls and negative findings stay in; a figure that was not checked against its
publication is marked so.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from popsim import data
from popsim.errors import InputError, did_you_mean
from popsim.uncertainty.draws import Spread


def studies() -> pd.DataFrame:
    """All studies, one row each.

    Returns
    -------
    pandas.DataFrame
        Columns id, instrument, study, year, setting, design, parity, estimate, unit,
        implication, quantum, grade, verified, source.

    Examples
    --------
    >>> len(studies())
    42
    """
    return data.table("evidence_studies")


@dataclass(frozen=True)
class Prior:
    """One parameter of the response to a class of instruments.

    Attributes
    ----------
    instrument_class, parameter, unit, meaning : str
    spread : Spread
        Median, 80 % range and distribution.
    studies : tuple of str
        Ids of the studies behind it; empty where it is an assumption alone.
    """

    instrument_class: str
    parameter: str
    unit: str
    meaning: str
    spread: Spread
    studies: tuple[str, ...]


def prior(instrument: str) -> dict[str, Prior]:
    """The default priors of a class of instruments, by parameter.

    Parameters
    ----------
    instrument : str
        Class of instruments: cash, housing_grant, childcare, maternity_leave ...

    Returns
    -------
    dict of str to Prior

    Raises
    ------
    InputError
        No such class.

    Examples
    --------
    >>> prior("cash")["a"].spread
    Spread(median=0.45, lower=0.2, upper=1.0, distribution='lognormal')
    """
    table = data.table("evidence_priors")
    classes = list(dict.fromkeys(table["instrument_class"]))
    rows = table[table["instrument_class"] == instrument]
    if rows.empty:
        raise InputError(
            f"no prior for instruments of class {instrument!r}",
            where="evidence.prior",
            got=instrument,
            allowed=", ".join(classes),
            fix=did_you_mean(instrument, classes),
        )
    return {row["parameter"]: _prior(row) for row in rows.to_dict("records")}


def _prior(row: dict) -> Prior:
    cited = row["studies"] if isinstance(row["studies"], str) else ""
    return Prior(
        instrument_class=row["instrument_class"],
        parameter=row["parameter"],
        unit=str(row["unit"]),
        meaning=row["meaning"] if isinstance(row["meaning"], str) else "",
        spread=Spread(row["median"], row["lower_80"], row["upper_80"], row["distribution"]),
        studies=tuple(cited.split()),
    )
