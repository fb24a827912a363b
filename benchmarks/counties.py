"""All counties of China as one baseline: the input of benchmarks over many regions.

    python benchmarks/counties.py [last year] [census table]

The census table is the NetCDF file of the reference figures (``china_census_2020.nc``: 2,942
counties, districts and banners). Where it is absent, a made-up set of the same size stands in,
which the attribute ``rule`` of the population says.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr

import popsim as ps
from popsim.baselines import census, china, move_to_january
from popsim.baselines.load import CENSUS_NIGHT
from popsim.baselines.region_fertility import relative_level
from popsim.baselines.single_age_inputs import single_age_population
from popsim.demography import mobility
from popsim.schema.provenance import with_rules

REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "reference"
TABLE = REFERENCE / "china_census_2020.nc"
COUNTIES = 2942


def counted_counties(path: Path = TABLE) -> tuple[xr.DataArray, str]:
    """Census of 2020 by county (region, sex, age_group) [persons], and where it is from."""
    if path.is_file():
        with xr.open_dataset(path) as table:
            county = (table["level"] == "county").compute()
            counted = table["population"].where(county, drop=True).astype(float).load()
        extra = [name for name in counted.coords if name not in counted.dims]
        return counted.drop_vars(extra), "census of 2020 by county"
    rows = census("china").set_index(["sex", "age_group"])["population"]
    groups = list(dict.fromkeys(census("china")["age_group"]))
    nation = rows.to_xarray().astype(float).sel(sex=["female", "male"], age_group=groups)
    random = np.random.default_rng(2020)
    # Spread of sizes and of age groups as between the counties of the census: logarithms
    # with standard deviations of 0.9 and 0.2.
    size = np.exp(random.normal(0.0, 0.9, COUNTIES))
    shape = np.exp(random.normal(0.0, 0.2, (COUNTIES, *nation.shape)))
    persons = size[:, None, None] * shape * nation.values
    persons *= nation.values / persons.sum(0)
    region = np.arange(COUNTIES)
    made = xr.DataArray(persons, dims=("region", *nation.dims), coords={"region": region})
    return made.assign_coords(nation.coords), "made up: the census table by county is absent"


def county_baseline(end: int, path: Path = TABLE) -> xr.Dataset:
    """Baseline of all counties with the dim ``region``.

    Parameters
    ----------
    end : int
        Last calendar year, up to 2100.
    path : Path
        The census table.

    Returns
    -------
    xarray.Dataset
        Inputs of ``project`` and ``simulate``: population (region, sex, age), fertility_rate
        (region, year, age) at a level by indirect standardisation on age 0, women_by_parity
        and children_by_order in the nation's shares; the nation's mortality_rate,
        net_migration_rate, birth_order_share and sex_ratio_at_birth without ``region``.
    """
    nation = ps.load_baseline("china", end=end)
    first = nation.isel(year=0, drop=True)
    counted, source = counted_counties(path)
    single, _ = single_age_population(counted, first["mortality_rate"])
    level = relative_level(single, china.fertility_rate(2020, 2020).isel(year=0, drop=True))
    population = move_to_january(
        single,
        CENSUS_NIGHT,
        mortality_rate=first["mortality_rate"],
        fertility_rate=first["fertility_rate"] * level,
        sex_ratio_at_birth=first["sex_ratio_at_birth"],
    )
    people = nation["population"]
    women = nation["women_by_parity"] / people.sel(sex="female", drop=True)
    children = nation["children_by_order"] / nation["children_by_order"].sum("order")
    ages = children["child_age"].values
    own_children = population.sel(age=ages).sum("sex").rename(age="child_age")
    crude = nation["net_migration"].sum(["sex", "age"]) / people.sum(["sex", "age"])
    baseline = nation.drop_vars("net_migration").assign(
        population=population,
        fertility_rate=(level * nation["fertility_rate"]).transpose("region", "year", "age"),
        fertility_level=nation["fertility_level"] * level,
        women_by_parity=(population.sel(sex="female", drop=True) * women).transpose(
            "region", "parity", "age"
        ),
        children_by_order=(own_children * children).transpose("region", "order", "child_age"),
        net_migration_rate=(crude * mobility(people)).transpose("year", "sex", "age"),
    )
    baseline.attrs = {"place": "china", "nation": "China", "scope": "place"}
    rules = {
        "population": source,
        "fertility_rate": "the nation's, at the level of each county by children under 1",
        "women_by_parity": "the nation's shares by age",
        "children_by_order": "the nation's orders by age",
        "net_migration_rate": "the crude rate of the nation by age as people move",
    }
    return with_rules(baseline, rules)


def main() -> None:
    end = int(sys.argv[1]) if len(sys.argv) > 1 else 2050
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else TABLE
    for run in ("first", "again"):
        start = time.perf_counter()
        baseline = county_baseline(end, path)
        took = time.perf_counter() - start
        print(f"{run:6s} {baseline.sizes['region']} counties to {end}: {took:.2f} s")
    print(f"baseline {baseline.nbytes / 2**20:.0f} MiB, of which fertility_rate ", end="")
    print(f"{baseline['fertility_rate'].nbytes / 2**20:.0f} MiB; {baseline['population'].rule}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"peak memory of the process {peak:.0f} MiB")


if __name__ == "__main__":
    main()
