"""Women by parity from a census: a table of women by age group and children ever born."""

from __future__ import annotations

import re
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from popsim.baselines.parity_past import check_single_ages, women_from_shares
from popsim.baselines.past_fertility import through_means
from popsim.demography.ages.group_rows import parse_age_groups
from popsim.errors import BoundsError, CoordinateError, InputError, did_you_mean
from popsim.languages import languages, texts
from popsim.schema.checks import check_values
from popsim.schema.conventions import PARITIES
from popsim.schema.variables import VARIABLES

NotStated = Literal["refuse", "spread"]

#: Nobody has children before this age, whatever the curve through the groups says.
_CHILDLESS_TO = 11
#: Raking ends when the women of every age, and those of every group and parity, are met to
#: this share.
_MET, _ROUNDS = 1e-13, 2000
#: Share that an age keeps in a parity that its group has and the curve has not: raking cannot
#: move a zero.
_SOME = 1e-6
_NOT_STATED = r"not[ _-]?(stated|reported|known)|unknown|missing"
_AND_OVER = r"\+|or more|and over"


def women_by_parity_from_census(
    table: pd.DataFrame | xr.DataArray,
    women: xr.DataArray,
    *,
    not_stated: NotStated = "refuse",
    open_parity_mean: float | None = None,
) -> xr.DataArray:
    r"""Split women by single age into parities as a census table has them.

    Parameters
    ----------
    table : DataFrame or DataArray
        Women by ``age_group`` ("15-19", ..., "45-49" or an open group; any widths) and
        ``children``: 0, 1, 2, ... of which the last may be open ("5+") [persons]. A DataFrame
        has these two as columns, and a last column with the numbers. Both may have one row
        "not stated".
    women : xarray.DataArray
        (..., age 0..100+) [persons] at the start: ``population.sel(sex="female", drop=True)``.
    not_stated : {"refuse", "spread"}
        What becomes of women whose age or children are not stated: nothing is returned, or
        they are spread over the others of their age (children), or of their number of children
        (age), in proportion.
    open_parity_mean : float, optional
        Mean number of children of the women in the open parity; the result then says in its
        attribute ``mean_children_of_three_or_more`` how many children women of parity 3 have.

    Returns
    -------
    xarray.DataArray
        women_by_parity (..., parity, age) [persons], adding up to the women of each age; of
        the women of each group of the table as many are of each parity, in proportion, as in
        the table. Younger women are childless, older ones have the last group's shares.

    Raises
    ------
    InputError
        Women who are not stated, unless they are to be spread; a table that cannot be read.
    CoordinateError
        Age groups or parities that cannot be read, an open parity below 3.
    BoundsError
        Counts that are negative or missing, an age group without women, a mean below the
        open parity.

    Notes
    -----
    The shares of women with 1, 2 and 3 or more children are each drawn through the age groups
    (:func:`popsim.baselines.past_fertility.through_means`), and the women are then raked to
    the women of each age and to the shares of each group. Assigned to a baseline they are
    known, and the same in all draws. A census counts childless women as not stated more often
    than mothers (El-Badry 1961, *Journal of the American Statistical Association* 56); correct
    for it before.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "age_group": np.repeat(["15-24", "25-34", "35-49"], 4),
    ...     "children": ["0", "1", "2", "3+"] * 3,
    ...     "women": [90, 8, 2, 0, 40, 30, 20, 10, 10, 20, 45, 25],
    ... })
    >>> women = xr.DataArray(np.full(101, 50.0), dims="age", coords={"age": range(101)})
    >>> split = women_by_parity_from_census(table, women)
    >>> split.sel(age=slice(25, 34)).sum("age").round(6).values.tolist()
    [200.0, 150.0, 100.0, 50.0]
    """
    check_single_ages(women)
    if not_stated not in get_args(NotStated):
        raise InputError(
            f"unknown way with women who are not stated: {not_stated!r}",
            where="not_stated",
            got=not_stated,
            allowed=get_args(NotStated),
            fix=did_you_mean(not_stated, get_args(NotStated)),
        )
    counts, groups, parities, open_parity = _read(table, not_stated)
    lower, width = parse_age_groups(groups)
    total = counts.sum(axis=1)
    if not (total > 0.0).all():
        raise BoundsError(
            "an age group of the census table has no women",
            where=f"age_group={groups[int(np.argmin(total > 0.0))]}",
            got=0.0,
            allowed="women in every age group",
            fix="merge the group with the next one",
        )
    number = np.minimum(parities, PARITIES[-1])
    shares = np.stack([counts[:, number == k].sum(axis=1) for k in PARITIES], axis=1)
    shares /= total[:, None]

    laid = women.transpose(..., "age")
    by_age = _by_single_age(shares, lower, width)
    rows = [
        _raked(by_age, shares, row, lower, width)
        for row in laid.values.reshape(-1, laid.shape[-1]).astype(float)
    ]
    share = xr.DataArray(
        np.stack(rows).reshape(*laid.shape[:-1], len(PARITIES), laid.shape[-1]),
        dims=(*laid.dims[:-1], "parity", "age"),
        coords={**laid.coords, "parity": list(PARITIES)},
    )
    rule = f"as counted by a census, women of {groups[0]} to {groups[-1]} by children ever born"
    split = women_from_shares(women, share, rule)
    if open_parity_mean is not None:
        mean = _mean_of_three(counts, parities, open_parity, open_parity_mean)
        split.attrs["mean_children_of_three_or_more"] = mean
    return split


def _read(
    table: pd.DataFrame | xr.DataArray, not_stated: str
) -> tuple[np.ndarray, list[object], np.ndarray, int]:
    """Counts (group, parity), age groups, numbers of children, and the open one (or -1)."""
    if isinstance(table, pd.DataFrame):
        keys = ["age_group", "children"]
        if sorted(map(str, table.columns[:-1])) != keys:
            raise InputError(
                "the columns of the census table cannot be read",
                where="table",
                got=list(table.columns),
                allowed="age_group, children, and a last column with the women",
                fix="select the columns: table[['age_group', 'children', 'women']]; a wide "
                "table becomes long by table.melt('age_group', var_name='children')",
            )
        doubled = table.duplicated(keys)
        if doubled.any():
            cell = table.loc[doubled, keys].iloc[0].to_dict()
            raise InputError("the census table has two rows for one cell", where=str(cell))
        groups, labels = (list(dict.fromkeys(table[key])) for key in keys)
        series = table.set_index(keys)[table.columns[-1]].astype(float)
        array = series.to_xarray().sel(age_group=groups, children=labels)
    else:
        array = table.transpose("age_group", "children").astype(float)
        groups, labels = list(array["age_group"].values), list(array["children"].values)
    check_values(array, VARIABLES["women_by_parity"])
    counts = array.values
    unknown = re.compile(_in_all_languages(_NOT_STATED, "read.not_stated"), re.I)
    row, column = (
        np.array([bool(unknown.search(str(label))) for label in axis]) for axis in (groups, labels)
    )
    lost = counts[row].sum() + counts[~row][:, column].sum()
    if lost > 0.0 and not_stated == "refuse":
        raise InputError(
            "the census table has women whose age or children are not stated",
            where="table",
            got=f"{lost:,.0f} of {counts.sum():,.0f} women",
            allowed="none, or not_stated='spread'",
            fix="spread them over the others in proportion with not_stated='spread', or drop "
            "the row and column; look first whether they are mostly childless",
        )
    stated = counts[~row][:, ~column]
    aged_only = counts[~row][:, column].sum(axis=1)
    # Age not stated: by the women of the same number of children; all of them, if that is not
    # stated either, change no share.
    by_parity = counts[row][:, ~column].sum(axis=0)
    held = stated.sum(axis=0)
    stated = stated * (1.0 + by_parity / np.where(held > 0.0, held, 1.0))
    known = stated.sum(axis=1)
    stated = stated * (1.0 + aged_only / np.where(known > 0.0, known, 1.0))[:, None]
    parities, open_parity = _parities([x for x, no in zip(labels, column, strict=True) if not no])
    return (
        stated[:, np.argsort(parities)],
        [x for x, no in zip(groups, row, strict=True) if not no],
        np.sort(parities),
        open_parity,
    )


def _in_all_languages(pattern: str, key: str) -> str:
    """A pattern of English words, with those of the tables of labels."""
    return "|".join(
        [pattern, *(texts(language)[key] for language in languages() if key in texts(language))]
    )


def _parities(labels: list[object]) -> tuple[np.ndarray, int]:
    """Numbers of children, and the open one (-1 if none)."""
    numbers, open_parity = [], -1
    number = re.compile(rf"(\d+)(?:\.0)?\s*({_in_all_languages(_AND_OVER, 'read.and_over')})?")
    for label in labels:
        match = number.fullmatch(str(label).strip())
        if match is None:
            raise CoordinateError(
                f"the number of children {label!r} cannot be read",
                where="children",
                got=label,
                allowed="0, 1, 2, ..., of which the last may be open: '5+'; and 'not stated'",
            )
        numbers.append(int(match[1]))
        if match[2]:
            open_parity = int(match[1])
    whole = sorted(numbers)
    if whole != list(range(len(whole))) or open_parity not in (-1, whole[-1]) or len(whole) < 4:
        raise CoordinateError(
            "the numbers of children are not 0, 1, 2, 3 and so on",
            where="children",
            got=[str(label) for label in labels],
            allowed="every number from 0 to 3 or higher, the last of which may be open ('3+')",
            fix="popsim tells women with 0, 1, 2, and 3 or more children apart",
        )
    return np.array(numbers), open_parity


def _by_single_age(shares: np.ndarray, lower: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Shares (parity, age) whose means over the groups are nearly those of the table."""
    reached = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1][:, 1:]  # 1, 2, 3 or more children
    curves = through_means(reached.T, lower, width, min(_CHILDLESS_TO, int(lower[0]) - 1))
    curves = np.minimum.accumulate(np.clip(curves, 0.0, 1.0), axis=0)
    curves[:, : int(lower[0])] = 0.0
    return np.concatenate([1.0 - curves[:1], curves[:2] - curves[1:], curves[2:]])


def _raked(
    by_age: np.ndarray, shares: np.ndarray, women: np.ndarray, lower: np.ndarray, width: np.ndarray
) -> np.ndarray:
    """Shares (parity, age), raked within each group to the women of the age and its shares."""
    out = by_age.copy()
    ends = np.minimum(lower + width, len(women)).astype(int)
    for g, (a, b) in enumerate(zip(lower, ends, strict=True)):
        people = women[a:b]
        wanted = shares[g] * people.sum()
        if people.sum() <= 0.0:
            continue
        cells = np.maximum(by_age[:, a:b], _SOME * shares[g][:, None]) * people
        for _ in range(_ROUNDS):
            now = cells.sum(axis=1)
            cells *= np.divide(wanted, now, out=np.zeros_like(now), where=now > 0.0)[:, None]
            now = cells.sum(axis=0)
            if np.abs(now - people).max() <= _MET * people.sum():
                break
            cells *= np.divide(people, now, out=np.zeros_like(now), where=now > 0.0)
        some = people > 0.0
        out[:, a:b][:, some] = cells[:, some] / cells[:, some].sum(axis=0)
    if ends[-1] < len(women):
        out[:, ends[-1] :] = shares[-1][:, None]
    return out


def _mean_of_three(counts: np.ndarray, parities: np.ndarray, last: int, mean: float) -> float:
    """Mean number of children of women with three or more, over all ages."""
    if last < 0 or not mean >= last:
        raise BoundsError(
            "the mean of the open parity lies below it" if last >= 0 else "no parity is open",
            where="open_parity_mean",
            got=mean,
            allowed=f"{last} or more" if last >= 0 else "an open last parity: '5+'",
        )
    number = np.where(parities == last, mean, parities)
    some = parities >= PARITIES[-1]
    held = counts[:, some].sum(axis=0)
    return float((held * number[some]).sum() / held.sum()) if held.sum() > 0.0 else float(mean)
