"""Many regions, block by block, into a Zarr store; on other machines where a scheduler is given.

    python examples/large_run.py run.zarr
    python examples/large_run.py run.zarr tcp://10.0.0.5:8786

Stopped in the middle it goes on where it was: call it again. It needs the extra ``distributed``.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import xarray as xr

import popsim as ps
from popsim.baselines import load_regions
from popsim.io import connect, read_zarr, write_zarr

#: Put your own regions here: ``load_regions``, or ``stack_regions`` of your own baselines.
PLACE, SCENARIO, END = "huzhou", "huzhou", 2030
QUANTILES = (0.1, 0.5, 0.9)


def simulate(draws: int) -> xr.Dataset:
    """The run, not yet computed: one block for each region."""
    return ps.simulate(
        load_regions(PLACE, end=END),
        SCENARIO,
        draws=draws,
        seed=0,
        quantiles=QUANTILES,
        variables=["births", "population", "dependency_ratio", "cost"],
        age_groups=(0, 15, 65),
        chunks={"region": 1},
    )


def run(target: str | Path, address: str | None = None, draws: int = 1000) -> xr.Dataset:
    """Compute the run into the store ``target``, and open it."""
    with connect(address) if address else contextlib.nullcontext() as client:
        write_zarr(simulate(draws), target, client=client)
    return read_zarr(target)


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    births = run(*sys.argv[1:])["births"].sum("order")  # of quantiles: see docs/large-runs.md
    print(births.sel(scenario=SCENARIO, quantile=0.5, year=END).to_pandas().round().to_string())


if __name__ == "__main__":
    main()
