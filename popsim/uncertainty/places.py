"""Whose draws: the nation's, or those of places that deviate from it and from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from popsim.errors import CoordinateError
from popsim.schema.territory import territory_of
from popsim.uncertainty.assumptions import NATION


@dataclass(frozen=True)
class Places:
    """The series of a baseline.

    Attributes
    ----------
    labels : tuple of str
        Key of each place's own deviation.
    groups : tuple of str
        Keys of what neighbours have in common.
    group_of : numpy.ndarray
        (place,) int64: number of the group.
    own : numpy.ndarray
        (place,) 1 where a place deviates from its nation, 0 for the nation itself.
    """

    labels: tuple[str, ...]
    groups: tuple[str, ...]
    group_of: np.ndarray
    own: np.ndarray

    def part(self, which: slice) -> Places:
        """Some of the places, with the groups that these are in.

        Examples
        --------
        >>> regions = xr.Dataset(coords={"region": ["ouhai", "cixi", "wuxing"]})
        >>> places_of(regions).part(slice(1, 3)).labels
        ('cixi', 'wuxing')
        """
        groups, group_of = np.unique(self.group_of[which], return_inverse=True)
        return Places(
            labels=self.labels[which],
            groups=tuple(self.groups[g] for g in groups),
            group_of=group_of.astype(np.int64),
            own=self.own[which],
        )


def places_of(baseline: xr.Dataset) -> Places:
    """Read whose a baseline is.

    Parameters
    ----------
    baseline : xarray.Dataset
        With a dimension or coordinate ``region``, or the attribute ``place``; what is a nation
        says so under ``scope`` (:func:`popsim.schema.territory.territory_of`). Regions that
        share the coordinate ``province`` are neighbours; without it all are.

    Returns
    -------
    Places

    Raises
    ------
    CoordinateError
        Regions without labels, or two of one label.
    InputError
        An unknown scope.

    Examples
    --------
    >>> regions = xr.Dataset(coords={"region": ["ouhai", "cixi"]})
    >>> places_of(regions).labels, places_of(regions.isel(region=1)).labels
    (('ouhai', 'cixi'), ('cixi',))
    """
    several = "region" in baseline.dims
    if several and "region" not in baseline.coords:
        raise CoordinateError(
            "the regions have no labels, which key their draws",
            where="region",
            got=f"{baseline.sizes['region']} regions",
            fix="assign them: baseline.assign_coords(region=[...])",
        )
    if "region" in baseline.coords:
        labels = tuple(str(v) for v in np.atleast_1d(baseline["region"].values))
    else:
        labels = (str(baseline.attrs.get("place", "place")),)
    if len(set(labels)) < len(labels):
        doubled = next(v for v in labels if labels.count(v) > 1)
        raise CoordinateError(
            "two regions have one label, and would draw the same",
            where="region",
            got=doubled,
            allowed="a label of its own for each",
        )
    provinces = [""] * len(labels)
    if "province" in baseline.coords:
        provinces = [str(v) for v in np.atleast_1d(baseline["province"].values)]
        provinces *= len(labels) // len(provinces)
    groups = tuple(dict.fromkeys(provinces))
    return Places(
        labels=labels,
        groups=tuple(f"{NATION}\x1f{g}" for g in groups),
        group_of=np.array([groups.index(p) for p in provinces], dtype=np.int64),
        own=np.array([float(scope == "place") for scope in territory_of(baseline).scopes]),
    )
