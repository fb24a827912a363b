"""A replay: the two-child policy of 2016, fitted on 2016 and 2017, against 2018 to 2020.

Two models get the policy as one factor on second births from 2016 on, every other rate being
held as in 2015. With parity the factor acts on the second births of women who have one child;
without, on the second births per woman of any parity. Neither knows of fewer marriages.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq, fsolve

import popsim as ps
from popsim.demography.two_child import LAST_BEFORE, announced_births, two_child_inputs
from popsim.parity_engine import ParityEngine, check_women, consistent_rates
from popsim.projection import Engine, check_inputs

POLICY = slice(LAST_BEFORE + 1, None)
FITTED = [2016, 2017]
MODELS = {"with parity": "parity", "without parity": "incidence"}

Births = Callable[..., xr.DataArray]


def scaled_inputs() -> xr.Dataset:
    """The inputs of the replay, all rates scaled alike to the announced births of 2015."""
    inputs = two_child_inputs()
    made = ps.project(inputs)["births"].sum("age").sel(year=LAST_BEFORE)
    level = float(announced_births().sel(year=LAST_BEFORE, order=0) / made)
    names = ("fertility_rate", "fertility_rate_by_order")
    return inputs.assign({name: inputs[name] * level for name in names})


def models(inputs: xr.Dataset) -> dict[str, Births]:
    """Births (year, order) of each model, given factors on second and on first births."""
    data = check_inputs(inputs, timing="even", outputs="full")
    women = check_women(inputs, data)
    conditional = consistent_rates(inputs)["conditional_fertility_rate"]
    held = np.minimum(inputs["year"].values, LAST_BEFORE)
    conditional = conditional.sel(year=held).assign_coords(year=inputs["year"])

    def factors(second: float, first: float) -> xr.DataArray:
        by_order = xr.DataArray([first, second, 1.0], {"order": [1, 2, 3]}, ("order",))
        return xr.where(inputs["year"] > LAST_BEFORE, by_order, 1.0).transpose("year", "order")

    def parity(second: float, first: float = 1.0) -> xr.DataArray:
        factor = factors(second, first)
        engine = ParityEngine(data, women=women, rates=conditional, factor=factor)
        return engine.full()["births"].sum("age")

    def incidence(second: float, first: float = 1.0) -> xr.DataArray:
        rates = inputs["fertility_rate_by_order"]
        engine = Engine(data, fertility=rates, factor=factors(second, first))
        return engine.full()["births"].sum("age")

    return {"parity": parity, "incidence": incidence}


def fitted(births: Births) -> float:
    """The factor on second births by which the births of 2016 and 2017 add up to the announced."""
    wanted = float(announced_births().sel(year=FITTED, order=0).sum())
    return float(
        brentq(lambda second: float(births(second).sel(year=FITTED).sum()) - wanted, 0.5, 5.0)
    )


def fitted_by_order(births: Births) -> np.ndarray:
    """Factors on second and first births by which those of 2017 are the announced."""
    wanted = announced_births().sel(year=2017, order=[2, 1]).values
    return np.asarray(
        fsolve(lambda x: births(*x).sel(year=2017, order=[2, 1]).values / wanted - 1.0, [1.0, 1.0])
    )


def replay() -> pd.DataFrame:
    """Births [10,000] by year: announced, and of each model, all and second ones."""
    announced = announced_births().sel(year=POLICY)
    columns = {"announced": announced.sel(order=0), "announced second": announced.sel(order=2)}
    runs = models(scaled_inputs())
    for label, name in MODELS.items():
        births = runs[name](fitted(runs[name])).sel(year=POLICY)
        columns[label] = births.sum("order")
        columns[f"{label}, second"] = births.sel(order=2)
        columns[f"{label}, first"] = births.sel(order=1)
        by_order = runs[name](*fitted_by_order(runs[name])).sel(year=POLICY)
        columns[f"{label}, orders fitted"] = by_order.sum("order")
    return pd.DataFrame({k: v.to_series() for k, v in columns.items()}) / 1e4


def errors(table: pd.DataFrame, fit: str = "", years: list[int] = FITTED) -> str:
    """Announced births and those of the models as fitted, with their errors."""
    lines = [
        "| year | announced | with parity | error | without parity | error |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for year, row in table.iterrows():
        cells = [f"{row['announced']:,.0f}"]
        for label in MODELS:
            births = row[label + fit]
            cells += [f"{births:,.0f}", f"{births / row['announced'] - 1:+.1%}"]
        note = "fitted" if year in years else "before" if year < years[0] else "predicted"
        lines.append(f"| {year}, {note} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def orders(table: pd.DataFrame) -> str:
    """First and second births of the models, and the second births announced."""
    lines = [
        "| year | second: announced | with parity | without | first: with parity | without |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for year, row in table.iterrows():
        cells = [row[f"{label}, {order}"] for order in ("second", "first") for label in MODELS]
        known = row["announced second"]
        shown = "" if np.isnan(known) else f"{known:,.0f}"
        lines.append(f"| {year} | {shown} | " + " | ".join(f"{c:,.0f}" for c in cells) + " |")
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """The tables of the replay by name."""
    table = replay()
    return {
        "errors": errors(table),
        "orders": orders(table),
        "by_order": errors(table, ", orders fitted", [2017]),
    }


def main() -> None:
    for table in tables().values():
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
