"""A baseline's own path, for those below the projection who need a few numbers of it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import xarray as xr

from popsim.cells import Cells
from popsim.demography.mortality.lifetable import life_table
from popsim.demography.mortality.survival import survival_ratio
from popsim.kernels.step.cohort import CLOSED, COUNTS, RATES, TOTAL
from popsim.kernels.step.reference import project

_MODES = {"net_migration": COUNTS, "net_migration_rate": RATES, "net_migration_total": TOTAL}


def central_projection(baseline: xr.Dataset) -> xr.Dataset:
    """Project a baseline by single years in plain NumPy: some milliseconds for each region.

    Parameters
    ----------
    baseline : xarray.Dataset
        Inputs of :func:`popsim.project` by single ages, with ``mortality_rate``.

    Returns
    -------
    xarray.Dataset
        ``population`` (..., time, sex, age) and ``births`` (..., year, age) [persons].

    Examples
    --------
    >>> import popsim as ps
    >>> baseline = ps.load_baseline("cixi", end=2022)
    >>> births = central_projection(baseline).births.sum("age")
    >>> bool(abs(births / ps.project(baseline).births.sum("age") - 1).max() < 1e-12)
    True
    """
    table = life_table(baseline["mortality_rate"])
    form = next((n for n in _MODES if n in baseline), None)
    arrays = {
        "population": baseline["population"],
        "survival": survival_ratio(table, width=1),
        "fertility": baseline["fertility_rate"],
        "srb": baseline["sex_ratio_at_birth"],
    }
    core = {
        "population": ["sex", "age"],
        "survival": ["year", "sex", "age"],
        "fertility": ["year", "age"],
        "srb": ["year"],
    }
    if form is not None:
        arrays["moves"] = baseline[form]
        core["moves"] = ["year"] if form == "net_migration_total" else ["year", "sex", "age"]
    cells = Cells(arrays, core=("year", "sex", "age"))
    rows = {name: cells.rows(array, core[name]) for name, array in arrays.items()}
    years = baseline["year"].values
    population = np.empty((cells.count, len(years) + 1, 2, baseline.sizes["age"]))
    births = np.empty((cells.count, baseline.sizes["year"], baseline.sizes["age"]))
    mode = CLOSED if form is None else _MODES[form]
    for c in range(cells.count):
        one = {name: row.values[row.index[c]] for name, row in rows.items()}
        moves = one.get("moves", np.zeros((baseline.sizes["year"], 1)))
        if mode == TOTAL:
            moves = moves[:, None]
        fertility = one["fertility"][:, None, :]
        given = (one["population"], one["survival"], fertility, one["srb"], moves, mode, 1.0, True)
        path, born, *_ = project(*given)
        population[c], births[c] = path, born[:, 0]
    labels: dict[Hashable, Any] = {d: baseline[d] for d in ("year", "sex", "age")}
    labels["time"] = xr.DataArray(np.append(years, years[-1] + 1), dims="time")
    return xr.Dataset(
        {
            "population": cells.label(population, ("time", "sex", "age"), labels),
            "births": cells.label(births, ("year", "age"), labels),
        }
    )
