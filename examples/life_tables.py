"""Life tables of China, the rates of a given life expectancy, and a forecast.

Run it with ``python examples/life_tables.py``. Rates are those of WPP 2024 by five-year
period; each table prints as it is computed.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

import popsim as ps
from popsim import data
from popsim.demography import (
    fit_coherent_lee_carter,
    forecast_lee_carter,
    lifespan_variation,
    scale_to_life_expectancy,
)


def death_rates() -> xr.DataArray:
    """WPP's death rates of China (year, sex, age), the year in the place of the period."""
    table = data.table("wpp2024_china_mortality").rename(columns={"period": "year"})
    rates = table.set_index(["year", "sex", "age"])["mortality_rate"].to_xarray()
    return rates.sel(sex=["female", "male"])


def levels(rates: xr.DataArray) -> pd.DataFrame:
    """Life expectancy at birth and at 65, and its spread."""
    table = ps.life_table(rates.sel(year=[1950, 1980, 2020]))
    columns = {
        "e0": table["ex"].sel(age=0, drop=True),
        "e65": table["ex"].sel(age=65, drop=True),
        "lifespan_sd": lifespan_variation(table)["lifespan_sd"],
    }
    return xr.Dataset(columns).to_dataframe().round(2)


def scaled(rates: xr.DataArray) -> pd.DataFrame:
    """Probabilities of dying when the rates of 2020-2024 are brought to a life expectancy of 85."""
    now = rates.sel(year=2020, drop=True)
    table = ps.life_table(scale_to_life_expectancy(now, 85.0))
    shown = 1000.0 * table["qx"].sel(age=[0, 20, 40, 60, 80])
    return shown.transpose("sex", "age").to_pandas().round(3)


def forecast(rates: xr.DataArray) -> pd.DataFrame:
    """Life expectancy of the coherent Lee-Carter forecast, and WPP's."""
    past = rates.sel(year=slice(1950, 2015))
    ahead = forecast_lee_carter(fit_coherent_lee_carter(past), 2050)
    years = [2020, 2035, 2050]
    own = ps.life_table(ahead.sel(year=years))["ex"].sel(age=0, drop=True)
    wpp = ps.life_table(rates.sel(year=years))["ex"].sel(age=0, drop=True)
    both = xr.concat([own, wpp], xr.Variable("source", ["Lee-Carter", "WPP 2024"]))
    long = both.to_dataframe(name="e0").reset_index()
    return long.pivot_table(index=["source", "sex"], columns="year", values="e0")


def main() -> None:
    rates = death_rates()
    for title, table in (
        ("Life expectancy and its spread [years]", levels(rates)),
        ("Dying before the next age group, at a life expectancy of 85 [per 1,000]", scaled(rates)),
        ("Life expectancy at birth, fitted on 1950-2019 [years]", forecast(rates).round(2)),
    ):
        print(title, table.to_string(), sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
