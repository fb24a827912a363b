"""Age heaping: how strongly reported ages cluster on some last digits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from popsim.demography.ages.group_rows import parse_age_groups
from popsim.errors import BoundsError, CoordinateError, DimensionError, InputError
from popsim.languages import long_names
from popsim.schema.checks import check_values, first_cell
from popsim.schema.variables import VARIABLES


def whipple_index(
    counts: xr.DataArray,
    *,
    digits: Sequence[int] = (0, 5),
    lowest: int = 23,
    highest: int = 62,
    last_open: bool | None = None,
) -> xr.DataArray:
    r"""Whipple's index of heaping on ages that end in some digits.

    Parameters
    ----------
    counts : DataArray
        Persons as reported, by single years of `age`, and any further dims [persons].
    digits : sequence of int
        Last digits looked at; 0 and 5 in the United Nations' definition.
    lowest, highest : int
        First and last age counted; their span is a multiple of ten.
    last_open : bool, optional
        Whether the last age is an open group, which is never counted as a single age: the span
        then ends whole decades sooner. Where absent a label such as "62+" says so, and of
        numbers a last age with more persons than any of the ten before it.

    Returns
    -------
    DataArray
        100 without preference; 1000 / len(digits) (500 for two digits) where every age ends
        in one of them [percent]. The attribute ``ages`` is the span counted.

    Raises
    ------
    DimensionError, CoordinateError
        No `age`, not every single age of the span, or less than ten of them below the open
        group.
    BoundsError
        Negative or missing counts, or nobody in the span.
    InputError
        Digits or a span that cannot be used.

    Notes
    -----
    .. math:: W = 100 \, \frac{\sum_{a: a \bmod 10 \in D} P_a}
                              {\tfrac{|D|}{10} \sum_a P_a},
              \qquad a = 23, \dots, 62.

    The United Nations' scale: below 105 highly accurate, 105-110 fairly accurate, 110-125
    approximate, 125-175 rough, above 175 very rough.

    References
    ----------
    Shryock, H. S., Siegel, J. S. & Larmon, E. A. (1973). The Methods and Materials of
    Demography. Washington: US Bureau of the Census, chapter 8.

    Examples
    --------
    >>> even = xr.DataArray([100.0] * 81, dims="age", coords={"age": range(81)})
    >>> float(whipple_index(even))
    100.0
    """
    chosen = sorted(set(digits))
    if not chosen or len(chosen) != len(list(digits)) or not set(chosen) <= set(range(10)):
        raise InputError(
            "the digits are not distinct last digits",
            where="digits",
            got=list(digits),
            allowed="distinct whole numbers from 0 to 9, such as (0, 5)",
        )
    span = _span(counts, lowest, highest, last_open)
    heaped = span.sel(age=np.isin(span["age"].values % 10, chosen)).sum("age")
    total = _positive(span.sum("age"))
    out = heaped / (len(chosen) / 10.0 * total) * 100.0
    return _labelled(out, span, "whipple_index", "measure.whipple_index", "Whipple's index")


def myers_index(
    counts: xr.DataArray,
    *,
    lowest: int = 10,
    highest: int = 89,
    last_open: bool | None = None,
) -> xr.Dataset:
    r"""Myers's blended index, and the preference for each last digit.

    Parameters
    ----------
    counts : DataArray
        Persons as reported, by single years of `age`, and any further dims [persons].
    lowest, highest : int
        First and last age counted; their span is a multiple of ten, at least twenty.
    last_open : bool, optional
        As in :func:`whipple_index`.

    Returns
    -------
    Dataset
        ``myers_index``: 0 without preference, 90 where every age ends in the same digit
        [percent]. ``digit_preference`` (digit): the digit's share of the blended population
        less ten [percent]. The attribute ``ages`` is the span counted.

    Raises
    ------
    DimensionError, CoordinateError
        No `age`, not every single age of the span, or less than ten of them below the open
        group.
    BoundsError
        Negative or missing counts, or nobody in the span.
    InputError
        A span that cannot be used.

    Notes
    -----
    Persons thin out with age, so a count that starts at digit 0 would seem to prefer low
    digits. Myers starts at each of the first ten ages in turn and counts whole decades from
    there. For the i-th digit of the span (i = 1, ..., 10) let :math:`A` be the persons with
    that digit in the span without its last ten ages, and :math:`B` in the span without its
    first ten; the blended population is :math:`i A + (10 - i) B`, and the index is half the
    sum of the absolute deviations of its shares from 10 percent: the least share of persons
    who reported a wrong last digit. Where the persons fall linearly with age it is exactly
    zero, which does not hold if :math:`A` takes in the last ten ages, as some textbooks have it.

    References
    ----------
    Myers, R. J. (1940). Errors and bias in the reporting of ages in census data. Transactions
    of the Actuarial Society of America 41(2): 395-415.

    Examples
    --------
    >>> tens = xr.DataArray([float(a % 10 == 0) for a in range(100)], dims="age",
    ...                     coords={"age": range(100)})
    >>> round(float(myers_index(tens).myers_index), 6)
    90.0
    """
    span = _span(counts, lowest, highest, last_open)
    highest = int(span["age"].values[-1])
    if highest - lowest + 1 < 20:
        raise InputError(
            "Myers's index needs at least two decades of age",
            where="lowest, highest",
            got=f"{lowest} to {highest}",
            allowed="at least 20 ages",
        )
    place = xr.DataArray((span["age"].values - lowest) % 10, dims="age", name="place")
    first = xr.DataArray(span["age"].values <= highest - 10, dims="age")
    later = xr.DataArray(span["age"].values >= lowest + 10, dims="age")
    # place is i - 1.
    weight = (place + 1) * first + (9 - place) * later
    digit = xr.DataArray(span["age"].values % 10, dims="age", name="digit")
    blended = (span * weight).assign_coords(digit=digit).groupby("digit").sum()
    share = blended / _positive(blended.sum("digit")) * 100.0
    preference = share - 10.0
    index = abs(preference).sum("digit") / 2.0
    return xr.Dataset(
        {
            "myers_index": _labelled(
                index, span, "myers_index", "measure.myers_index", "Myers's blended index"
            ),
            "digit_preference": _labelled(
                preference,
                span,
                "digit_preference",
                "measure.digit_preference",
                "Preference for the digit",
            ),
        }
    )


def _span(counts: xr.DataArray, lowest: int, highest: int, last_open: bool | None) -> xr.DataArray:
    """The single ages counted: whole decades, none of them the open group."""
    if highest < lowest or (highest - lowest + 1) % 10:
        raise InputError(
            "the span of ages is not a multiple of ten",
            where="lowest, highest",
            got=f"{lowest} to {highest}, {highest - lowest + 1} ages",
            allowed="whole decades, such as 23 to 62 or 10 to 89",
            fix="otherwise some digits are counted more often than others",
        )
    if "age" not in counts.dims or "age" not in counts.coords:
        raise DimensionError(
            "the counts have no dimension age with labels",
            where=str(counts.name or "counts"),
            got=f"dims {tuple(counts.dims)}",
            allowed="age, single years",
            fix="heaping cannot be seen in age groups; use single years as reported",
        )
    ages, is_open = _single_ages(counts, last_open)
    counts = counts.assign_coords(age=ages)
    if is_open and highest >= ages[-1]:
        decades = (int(ages[-1]) - lowest) // 10
        if decades < 1:
            raise CoordinateError(
                "the open age group leaves no whole decade of single ages",
                where="age",
                got=f"single ages to {ages[-1] - 1}, then {ages[-1]}+",
                allowed=f"at least {lowest} to {lowest + 9} below the open group",
                fix="give single years of age as reported; last_open=False where the last age is "
                "a single year too",
            )
        highest = lowest + 10 * decades - 1
    wanted = np.arange(lowest, highest + 1)
    missing = np.setdiff1d(wanted, ages)
    if len(missing):
        raise CoordinateError(
            "not every single age of the span is there",
            where="age",
            got=f"{len(missing)} ages missing, the first is {missing[0]}",
            allowed=f"every age from {lowest} to {highest}",
            fix="give single years of age as reported, or a narrower span",
        )
    span = counts.sel(age=wanted)
    check_values(span, VARIABLES["population"])
    return span


def _single_ages(counts: xr.DataArray, last_open: bool | None) -> tuple[np.ndarray, bool]:
    """Ages as numbers, and whether the last of them is an open group."""
    labels = counts["age"].values
    if not np.issubdtype(labels.dtype, np.number):
        lower, width = parse_age_groups(labels)
        return lower, bool(np.isinf(width[-1])) if last_open is None else last_open
    if last_open is not None or len(labels) < 2:
        return labels, bool(last_open)
    total = counts.sum([d for d in counts.dims if d != "age"]).values
    return labels, bool(total[-1] > total[-11:-1].max())


def _positive(total: xr.DataArray) -> xr.DataArray:
    if bool((total <= 0).any()):
        raise BoundsError(
            "there is nobody in the span of ages",
            where=first_cell(total, total.values <= 0),
            got=0.0,
            allowed="at least one person",
        )
    return total


def _labelled(
    array: xr.DataArray, span: xr.DataArray, name: str, key: str, english: str
) -> xr.DataArray:
    out = array.rename(name)
    ages = "{}-{}".format(*span["age"].values[[0, -1]])
    out.attrs = {"units": "percent", **long_names(key, english), "ages": ages}
    return out
