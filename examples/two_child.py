"""A replay: the two-child policy of 2016, fitted on 2016 and 2017, against 2018 to 2020.

Two models get the policy as one factor on second births from 2016 on, every other rate being
held as in 2015. With parity the factor acts on the second births of women who have one child;
without, on the second births per woman of any parity. Neither knows of fewer marriages, so
each is run once more with first births that move with the first marriages registered the
year before: a figure from outside, known for every year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq

import popsim as ps
from popsim.baselines import china
from popsim.baselines.birth_orders import national_order_mix, order_shares
from popsim.baselines.load import census
from popsim.baselines.parity_start import starting_women
from popsim.data import table as shipped_table
from popsim.engine import classic, parity
from popsim.engine.inputs import check_inputs
from popsim.engine.parity import consistent_rates
from popsim.engine.parity_inputs import women_of
from popsim.schema.provenance import RULE, with_rules
from popsim.schema.territory import CHINA
from popsim.schema.variables import describe

FIRST_YEAR, LAST_BEFORE, LAST_YEAR = 2011, 2015, 2020
POLICY = slice(LAST_BEFORE + 1, None)
FITTED = [2016, 2017]
MODELS = {"with parity": "parity", "without parity": "incidence"}
MARRIAGES = ", marriages"
#: Passes until first births are those asked for: each leaves about a tenth of what it finds.
PASSES = 12

Births = Callable[..., xr.DataArray]


def announced_births() -> xr.DataArray:
    """Births of China as announced (year, order) [persons], 2015 to 2020.

    Order 0 is all births; orders 1 and 2 were announced for 2016 and 2017, and are missing
    for other years.
    """
    table = shipped_table("births_china").query("quantity == 'births'")
    births = table.set_index(["year", "order"])["value"].to_xarray().rename("births")
    births.attrs = {"units": "persons", "long_name": "Births"}
    return births


def first_marriages() -> xr.DataArray:
    """Persons who registered a first marriage in China (year) [persons], 2013 to 2020."""
    table = shipped_table("marriages_china").query("quantity == 'first_marriages'")
    married = table.set_index("year")["value"].astype(float).to_xarray()
    married.attrs = {"units": "persons", "long_name": "First marriages"}
    return married.rename("first_marriages")


def first_births_by_marriages(first_births: float) -> xr.DataArray:
    """First births (year) [persons] that move with the first marriages of the year before.

    ``first_births`` are those of 2015, the last year before the policy [persons].
    """
    married = first_marriages()
    years = np.arange(LAST_BEFORE + 1, LAST_YEAR + 1)
    before = married.sel(year=years - 1).assign_coords(year=years)
    return first_births * before / float(married.sel(year=LAST_BEFORE - 1))


def two_child_inputs() -> xr.Dataset:
    """China from 1 January 2011 with the rates of WPP 2024 to 2015, held from then on.

    Births by order follow the order mix of each year, women by parity are reconstructed at
    1 January 2011, and from 2016 on all fertility is that of 2015, as if no policy had come.
    """
    span = (FIRST_YEAR, LAST_YEAR)
    inputs = ps.build_baseline(
        census("china", 2010),
        reference_date=dt.date(2010, 11, 1),
        end=LAST_YEAR,
        mortality_rate=china.mortality_rate(*span),
        total_fertility_rate=china.published("total_fertility_rate").sel(year=slice(*span)),
        fertility_pattern=china.fertility_pattern(*span),
        sex_ratio_at_birth=china.published("sex_ratio_at_birth").sel(year=slice(*span)),
        net_migration=china.net_migration(*span),
        place="china",
        nation=CHINA,
        scope="nation",
    )
    women = inputs["population"].sel(sex="female", drop=True)
    held = np.minimum(inputs["year"].values, LAST_BEFORE)
    rates = inputs["fertility_rate"].sel(year=held).assign_coords(year=inputs["year"])
    mix = national_order_mix(inputs["year"].values)
    shares: list[xr.DataArray] = []
    for year in held:
        births = rates.sel(year=year, drop=True) * women
        shares.append(order_shares(births, mix.sel(year=year).values.tolist()))
    by_order = rates * xr.concat(shares, dim=inputs["year"])
    rule = f"WPP 2024 China to {LAST_BEFORE}, held from then on"
    made = describe(
        inputs.drop_vars("birth_order_share").assign(
            fertility_rate=rates,
            fertility_rate_by_order=by_order.transpose("year", "order", "age").drop_attrs(),
            women_by_parity=starting_women(women, FIRST_YEAR).assign_attrs(
                {RULE: inputs["women_by_parity"].attrs[RULE]}
            ),
        )
    )
    orders = f"{rule}; order mix of each year's births"
    return with_rules(made, {"fertility_rate": rule, "fertility_rate_by_order": orders})


def scaled_inputs() -> xr.Dataset:
    """The inputs of the replay, all rates scaled alike to the announced births of 2015."""
    inputs = two_child_inputs()
    made = ps.project(inputs)["births"].sum("age").sel(year=LAST_BEFORE)
    level = float(announced_births().sel(year=LAST_BEFORE, order=0) / made)
    names = ("fertility_rate", "fertility_rate_by_order")
    return inputs.assign({name: inputs[name] * level for name in names})


def models(inputs: xr.Dataset) -> dict[str, Births]:
    """Births (year, order) of each model, given a factor on second and factors on first births."""
    data = check_inputs(inputs, timing="even", outputs="full")
    women = women_of(inputs)
    conditional = consistent_rates(inputs)["conditional_fertility_rate"]
    held = np.minimum(inputs["year"].values, LAST_BEFORE)
    conditional = conditional.sel(year=held).assign_coords(year=inputs["year"])

    def factors(second: float, first: np.ndarray | float) -> xr.DataArray:
        factor = xr.ones_like(inputs["year"], dtype=float).expand_dims(order=[1, 2, 3])
        factor = factor.transpose("year", "order").copy()
        factor.loc[{"year": POLICY, "order": 1}] = first
        factor.loc[{"year": POLICY, "order": 2}] = second
        return factor

    def by_parity(second: float, first: np.ndarray | float = 1.0) -> xr.DataArray:
        factor = factors(second, first)
        case = classic.case_of(data, women=women, fertility=conditional, factor=factor)
        return parity.full(case)["births"].sum("age")

    def incidence(second: float, first: np.ndarray | float = 1.0) -> xr.DataArray:
        rates = inputs["fertility_rate_by_order"]
        case = classic.case_of(data, fertility=rates, factor=factors(second, first))
        return classic.full(case)["births"].sum("age")

    return {"parity": by_parity, "incidence": incidence}


def fitted(births: Births, first: np.ndarray | float = 1.0) -> float:
    """The factor on second births by which the births of 2016 and 2017 add up to the announced."""
    wanted = float(announced_births().sel(year=FITTED, order=0).sum())

    def missed(second: float) -> float:
        return float(births(second, first).sel(year=FITTED).sum()) - wanted

    return float(brentq(missed, 0.5, 5.0))


def by_marriages(births: Births) -> np.ndarray:
    """Factors on first births (year) by which they move with the marriages of the year before.

    Women who have not borne are still childless later, so the factors are found in passes.
    """
    before = float(births(1.0).sel(year=LAST_BEFORE, order=1))
    wanted = first_births_by_marriages(before).values
    first = np.ones(len(wanted))
    for _ in range(PASSES):
        first = first * wanted / births(1.0, first).sel(year=POLICY, order=1).values
    return first


def replay() -> pd.DataFrame:
    """Births [10,000] by year: announced, and of each model, all, first and second ones."""
    announced = announced_births().sel(year=POLICY)
    names = {0: "announced", 1: "announced, first", 2: "announced, second"}
    columns = {name: announced.sel(order=order) for order, name in names.items()}
    runs = models(scaled_inputs())
    for label, name in MODELS.items():
        for more, first in (("", 1.0), (MARRIAGES, by_marriages(runs[name]))):
            births = runs[name](fitted(runs[name], first), first).sel(year=POLICY)
            columns[label + more] = births.sum("order")
            columns[f"{label}{more}, first"] = births.sel(order=1)
            columns[f"{label}{more}, second"] = births.sel(order=2)
    return pd.DataFrame({k: v.to_series() for k, v in columns.items()}) / 1e4


def errors(table: pd.DataFrame, more: str = "") -> str:
    """Announced births and those of the models, with their errors."""
    lines = [
        "| year | announced | with parity | error | without parity | error |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for year, row in table.iterrows():
        cells = [f"{row['announced']:,.0f}"]
        for label in MODELS:
            births = row[label + more]
            cells += [f"{births:,.0f}", f"{births / row['announced'] - 1:+.1%}"]
        note = "fitted" if year in FITTED else "predicted"
        lines.append(f"| {year}, {note} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def orders(table: pd.DataFrame) -> str:
    """First and second births: announced, and of the model with parity."""
    lines = [
        "| year | first: announced | rates of 2015 | by marriages "
        "| second: announced | rates of 2015 | by marriages |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for year, row in table.iterrows():
        cells = []
        for order in ("first", "second"):
            known = row[f"announced, {order}"]
            cells.append("" if np.isnan(known) else f"{known:,.0f}")
            cells += [f"{row[f'with parity{more}, {order}']:,.0f}" for more in ("", MARRIAGES)]
        lines.append(f"| {year} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """The tables of the replay by name."""
    table = replay()
    return {
        "errors": errors(table),
        "marriages": errors(table, MARRIAGES),
        "orders": orders(table),
    }


def main() -> None:
    for table in tables().values():
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
