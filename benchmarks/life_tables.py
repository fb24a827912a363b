"""Life tables for every county of China: 3,312 units, 80 years, 2 sexes, 101 ages.

    python benchmarks/life_tables.py [--units 3312]

The peer is pandas on a subset of the units, scaled up by the number of tables: once with
a function applied to each group, as it is mostly written, and once in whole columns with
cumulative sums and shifts by group, the fastest that pandas can do.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

import popsim as ps

YEARS, SEXES, AGES = 80, ["female", "male"], np.arange(101)
KEYS = ["unit", "year", "sex"]
#: Units that the two pandas versions are timed on.
APPLIED, COLUMNS = 4, 40


def rates(units: int) -> xr.DataArray:
    """Gompertz rates with a child hump, another level for each unit, year and sex."""
    pattern = 2e-5 * np.exp(0.1 * AGES) + 0.006 * np.exp(-1.5 * AGES)
    level = np.random.default_rng(0).uniform(0.6, 1.4, (units, YEARS, 2, 1))
    coords = {"unit": np.arange(units), "year": 2020 + np.arange(YEARS), "sex": SEXES, "age": AGES}
    return xr.DataArray(level * pattern, dims=("unit", "year", "sex", "age"), coords=coords)


def first_year(m0: pd.Series, female: pd.Series) -> pd.Series:
    """Andreev & Kingkade's a0; the rates above stay within the first piece."""
    return np.where(female, 0.14903 - 2.05527 * m0, 0.14929 - 1.99545 * m0)


def one_table(group: pd.DataFrame) -> pd.DataFrame:
    m = group["m"].to_numpy()
    a = np.full(len(m), 0.5)
    a[0] = first_year(m[0], group["sex"].iloc[0] == "female")
    a[-1] = 1 / m[-1]
    q = m / (1 + (1 - a) * m)
    q[-1] = 1
    lx = np.append(1, np.cumprod(1 - q[:-1]))
    d = lx * q
    L = lx - d + a * d
    T = L[::-1].cumsum()[::-1]
    return group.assign(ax=a, qx=q, lx=lx, dx=d, Lx=L, Tx=T, ex=T / lx)


def applied(frame: pd.DataFrame) -> pd.DataFrame:
    parts = [one_table(group) for _, group in frame.groupby(KEYS, sort=False)]
    return pd.concat(parts)


def in_columns(frame: pd.DataFrame) -> pd.DataFrame:
    f = frame.copy()
    first, last = f["age"] == AGES[0], f["age"] == AGES[-1]
    f["ax"] = 0.5
    f.loc[first, "ax"] = first_year(f.loc[first, "m"], f.loc[first, "sex"] == "female")
    f.loc[last, "ax"] = 1 / f.loc[last, "m"]
    f["qx"] = f["m"] / (1 + (1 - f["ax"]) * f["m"])
    f.loc[last, "qx"] = 1.0
    f["px"] = 1 - f["qx"]
    by = [f[k] for k in KEYS]
    f["lx"] = f["px"].groupby(by, sort=False).cumprod().groupby(by, sort=False).shift(1)
    f["lx"] = f["lx"].fillna(1.0)
    f["dx"] = f["lx"] * f["qx"]
    f["Lx"] = f["lx"] - f["dx"] + f["ax"] * f["dx"]
    f["Tx"] = f["Lx"][::-1].groupby([k[::-1] for k in by], sort=False).cumsum()
    f["ex"] = f["Tx"] / f["lx"]
    return f


def seconds(call: Callable[[], object], repeats: int = 1) -> float:
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        best = min(best, time.perf_counter() - start)
        del result
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=3312)
    units = parser.parse_args().units
    tables = units * YEARS * len(SEXES)

    small = rates(2)
    cold = seconds(lambda: ps.life_table(small))
    m = rates(units)
    warm = seconds(lambda: ps.life_table(m), repeats=3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{tables:,} tables of {len(AGES)} ages")
    print(f"popsim, first call (imports, compiled code from the cache): {cold:8.2f} s")
    print(f"popsim, warm:                                               {warm:8.2f} s")
    print(f"popsim, peak memory:                                        {peak:8.2f} GB")

    for name, peer, count in (("apply", applied, APPLIED), ("columns", in_columns, COLUMNS)):
        part = m.isel(unit=slice(0, count))
        frame = part.to_series().rename("m").reset_index()
        expected = ps.life_table(part).ex.values.ravel()
        np.testing.assert_allclose(peer(frame)["ex"].to_numpy(), expected, rtol=1e-9)
        took = seconds(lambda peer=peer, frame=frame: peer(frame))
        scaled = took * units / count
        print(
            f"pandas, {name:8} {took:6.2f} s for {count:3} units, scaled: {scaled:14.2f} s, "
            f"{scaled / warm:6.1f} x popsim"
        )


if __name__ == "__main__":
    main()
