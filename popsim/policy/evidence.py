"""The evidence library: what studies find that policies do to births, and the priors read from it.

Nulls and negative findings stay in; a figure that was not checked against its
publication is marked so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from popsim import data
from popsim.errors import InputError, did_you_mean
from popsim.scenario.options import Override, family_of_range, prior_row
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


def study(name: str) -> pd.Series:
    """One study by its id.

    Raises
    ------
    InputError
        The library has no such study.

    Examples
    --------
    >>> study("kim_w_2024")["estimate"].item()
    1.8
    """
    table = studies()
    known = table["id"].tolist()
    if name not in known:
        raise InputError(
            f"the evidence library has no study {name!r}",
            where="evidence.study",
            got=name,
            allowed=", ".join(known),
            fix=did_you_mean(name, known),
        )
    return table.iloc[known.index(name)]


@dataclass(frozen=True)
class Prior:
    """One parameter of the response to a class of instruments.

    Attributes
    ----------
    instrument_class, parameter, unit, meaning : str
    reasoning : str
        Why this value, in the light of the studies.
    spread : Spread
        Median, 80 % range and distribution.
    least, most : float
        What the parameter can be; draws are cut off there.
    studies : tuple of str
        Ids of the studies behind it; empty where it is an assumption alone.
    overridden : str
        The reason that a scenario gives for a value of its own; empty for the library's.
    """

    instrument_class: str
    parameter: str
    unit: str
    meaning: str
    reasoning: str
    spread: Spread
    least: float
    most: float
    studies: tuple[str, ...]
    overridden: str = ""

    def __repr__(self) -> str:
        spread = self.spread
        middle = f"{spread.median:g} ({spread.lower:g} to {spread.upper:g})"
        return f"Prior({self.instrument_class}.{self.parameter}: {middle}, {self.unit})"

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Values at the probabilities ``u``, within what the parameter can be.

        Raises
        ------
        InputError
            A range that the distribution cannot have.
        """
        return np.clip(self.spread.quantile(u), self.least, self.most)


def priors() -> pd.DataFrame:
    """All priors with their reasoning, and the studies that each is linked to.

    Returns
    -------
    pandas.DataFrame
        Columns instrument_class, parameter, median, lower_80, upper_80, least and most (what a
        value can be), distribution, unit, meaning, reasoning, studies (ids, a space between
        them) and cited: the studies in words, with their estimate as published.

    Examples
    --------
    >>> table = priors().set_index(["instrument_class", "parameter"])
    >>> table.loc[("cash", "a"), "median"].item()
    0.45
    """
    table = data.table("evidence_priors")
    table[["studies", "meaning", "reasoning"]] = table[["studies", "meaning", "reasoning"]].fillna(
        ""
    )
    table["cited"] = [
        "; ".join(in_words(study(name)) for name in names.split()) for names in table["studies"]
    ]
    return table


def in_words(row: pd.Series) -> str:
    """A study in one line: who, when, how much, how good, whether checked.

    Examples
    --------
    >>> in_words(study("kim_w_2024"))
    'Kim W 2024: 1.8 percent change in TFR per US$1,000 (high; closest setting)'
    """
    estimate = "" if pd.isna(row["estimate"]) else f"{row['estimate']:g} "
    unit = row["unit"] if isinstance(row["unit"], str) else row["implication"]
    checked = "" if row["verified"] == "yes" else ", not checked against the publication"
    return f"{row['study']} {row['year']}: {estimate}{unit} ({row['grade']}{checked})"


@cache
def _library() -> dict[str, dict[str, Prior]]:
    table = data.table("evidence_priors")
    library: dict[str, dict[str, Prior]] = {}
    for row in table.to_dict("records"):
        words = {k: v if isinstance(v, str) else "" for k, v in row.items()}
        library.setdefault(row["instrument_class"], {})[row["parameter"]] = Prior(
            instrument_class=row["instrument_class"],
            parameter=row["parameter"],
            unit=str(row["unit"]),
            meaning=words["meaning"],
            reasoning=words["reasoning"],
            spread=Spread(row["median"], row["lower_80"], row["upper_80"], row["distribution"]),
            least=float(row["least"]),
            most=float(row["most"]),
            studies=tuple(words["studies"].split()),
        )
    return library


def prior(instrument: str, overrides: Sequence[Override] = ()) -> dict[str, Prior]:
    """The priors of a class of instruments, by parameter.

    Parameters
    ----------
    instrument : str
        Class of instruments: cash, housing_grant, childcare, maternity_leave ...
    overrides : sequence of Override
        What a scenario declares under ``overrides``.

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
    library = _library()
    if instrument not in library:
        raise InputError(
            f"no prior for instruments of class {instrument!r}",
            where="evidence.prior",
            got=instrument,
            allowed=", ".join(library),
            fix=did_you_mean(instrument, library),
        )
    found = dict(library[instrument])
    for override in overrides:
        name, parameter = override.prior.split(".", 1)
        if name == instrument:
            found[parameter] = _overridden(found[parameter], override)
    return found


def _overridden(default: Prior, override: Override) -> Prior:
    """The prior with the values of an override, in the family of the default's distribution."""
    if override.lower is None or override.upper is None or override.lower == override.upper:
        spread = Spread(override.median, override.median, override.median, "fixed")
    else:
        family = family_of_range(prior_row(override.prior))
        spread = Spread(override.median, override.lower, override.upper, family)
    return replace(default, spread=spread, studies=override.studies, overridden=override.reason)


def text(instrument: str | None = None) -> str:
    """The library as a page of text: each prior, its reasoning, and the studies behind it.

    Parameters
    ----------
    instrument : str, optional
        One class of instruments; all of them where absent, and then the studies that no prior
        cites.

    Raises
    ------
    InputError
        No such class.

    Examples
    --------
    >>> print(text("small_gifts"))
    small_gifts
      effect: 0 (0 to 0.3) percent of births
        Gifts up to 500 yuan, publicity, flexible posts for mothers
        why: No study finds an effect of so small a sum; the range allows for some.
        studies: none, an assumption
      largest: 500 yuan
        A gift above it counts as cash
        why: The size of the gifts that the prior is for.
        studies: none, an assumption
    """
    if instrument is not None:
        prior(instrument)
    table = priors()
    lines: list[str] = []
    for name, rows in table.groupby("instrument_class", sort=False):
        if instrument is None or name == instrument:
            lines.append(str(name))
            for row in rows.to_dict("records"):
                lines += _prior_lines(row)
    if instrument is None:
        cited = {name for names in table["studies"] for name in names.split()}
        lines.append("studies that no prior rests on")
        for row in studies().to_dict("records"):
            if row["id"] not in cited:
                lines.append(f"  {row['id']}: {in_words(pd.Series(row))}")
    return "\n".join(lines)


def _prior_lines(row: dict) -> list[str]:
    fixed = row["distribution"] == "fixed"
    span = "" if fixed else f" ({row['lower_80']:g} to {row['upper_80']:g})"
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    lines = [f"  {row['parameter']}: {row['median']:g}{span}{unit}"]
    if row["meaning"]:
        lines.append(f"    {row['meaning']}")
    if row["reasoning"]:
        lines.append(f"    why: {row['reasoning']}")
    if not row["studies"]:
        return [*lines, "    studies: none, an assumption"]
    return [*lines, "    studies:"] + [
        f"      {name}: {in_words(study(name))}" for name in row["studies"].split()
    ]
