"""Which intervals the draws of a baseline have: in words for its results, and whose they are."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping

import xarray as xr

from popsim.errors import BorrowedIntervalsWarning
from popsim.schema.conventions import MIGRATION_FORMS
from popsim.schema.territory import CHINA, territory_of
from popsim.uncertainty.intervals import QUANTITIES, Intervals, published_intervals

#: Quantities with published intervals, in whose draws a place deviates; the sex ratio at birth
#: is the nation's.
_BY_PLACE = frozenset(QUANTITIES) - {"sex_ratio_at_birth"}

NOT_DRAWN = "not drawn: at its median"


def intervals_in_force(
    baseline: xr.Dataset,
    intervals: Mapping[str, Intervals] | None = None,
    drawn: Collection[str] = tuple(QUANTITIES),
) -> dict[str, str]:
    """Say what the draws of each quantity are calibrated to, as attributes of a result.

    Parameters
    ----------
    baseline : xarray.Dataset
    intervals : mapping of str to Intervals, optional
        Those that the user gives.
    drawn : collection of str
        Quantities that are drawn; the others stand at their medians.

    Returns
    -------
    dict of str to str
        ``intervals_fertility`` and so on.

    Examples
    --------
    >>> import popsim as ps
    >>> said = intervals_in_force(ps.load_baseline("china", end=2022))
    >>> said["intervals_fertility"]
    'WPP 2024, China'
    """
    given = intervals or {}
    scopes = territory_of(baseline).scopes
    places = scopes.count("place")
    about = "" if len(scopes) == places else f", in {places} of {len(scopes)} regions"
    out = {}
    for name in QUANTITIES:
        if name == "migration" and not _open(baseline):
            said = "none: closed"
        elif name not in drawn:
            said = NOT_DRAWN
        elif name in given:
            said = given[name].source or "as given"
        else:
            said = published_intervals()[name].source
            if places and name in _BY_PLACE:
                said += f"; deviations of a place added{about}"
        out[f"intervals_{name}"] = said
    return out


def warn_of_borrowed(
    baseline: xr.Dataset,
    intervals: Mapping[str, Intervals] | None = None,
    drawn: Collection[str] = tuple(QUANTITIES),
    *,
    stacklevel: int,
) -> None:
    """Warn where what is drawn has China's intervals, and the baseline is of another nation.

    Parameters
    ----------
    baseline, intervals, drawn
        As in :func:`intervals_in_force`.
    stacklevel : int
        Of the caller's caller: 1 is where this function is called.

    Warns
    -----
    BorrowedIntervalsWarning
    """
    borrowed = [
        name
        for name in QUANTITIES
        if name in drawn
        and name in _BY_PLACE  # the width of the sex ratio at birth is of any country
        and name not in (intervals or {})
        and (name != "migration" or _open(baseline))
    ]
    foreign = list(dict.fromkeys(n for n in territory_of(baseline).nations if n != CHINA))
    if not borrowed or not foreign:
        return
    whose = ", ".join(f"of {name}" if name else "of no declared nation" for name in foreign[:3])
    more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
    warnings.warn(
        f"the draws of {', '.join(borrowed)} have the intervals of {CHINA} (WPP 2024), and the "
        f"baseline is {whose}{more}; give its own, intervals={{{borrowed[0]!r}: ...}} by "
        "popsim.uncertainty.intervals.calibrate_to_intervals, or say that it is of China: "
        "build_baseline(nation='China'), baseline.assign_attrs(nation='China')",
        BorrowedIntervalsWarning,
        stacklevel=stacklevel + 1,
    )


def _open(baseline: xr.Dataset) -> bool:
    return any(name in baseline for name in MIGRATION_FORMS)
