"""The decomposition of births: exact in every draw, and by hand where one thing changes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popsim.analysis.drivers import PARTS, births_drivers
from popsim.errors import DimensionError, InputError, MissingVariableError

AGES = 4


def made(people, rates, *, moves=None, deaths=None, policy=(0.0, 0.0)):
    """Two years of women of four ages; births by order 1 and 2 at ages 1 and 2 are rate x women.

    ``people`` (year, age) are the women in the middle of each year; men are many and irrelevant.
    """
    middle = np.asarray(people, dtype=float)
    # stocks whose means are the middles: p1 is free, and taken as the first middle
    stock = np.stack([middle[0], middle[0], 2 * middle[1] - middle[0]])
    stock = np.stack([stock, 7.0 * stock + 1000.0], axis=1)
    still = np.zeros((2, 2, AGES))
    deaths, moves = (still if flow is None else flow for flow in (deaths, moves))
    births = np.zeros((2, 2, 2, AGES))  # scenario, year, order, age
    births[:] = np.asarray(rates, dtype=float) * middle[:, None, :]
    births[1, :, 0, 1] += policy
    dims = ("scenario", "draw", "year", "sex", "age")
    return xr.Dataset(
        {
            "births": (("scenario", "draw", "year", "order", "age"), births[:, None]),
            "population": (
                ("scenario", "draw", "time", "sex", "age"),
                np.broadcast_to(stock, (2, 1, 3, 2, AGES)),
            ),
            "deaths": (dims, np.broadcast_to(deaths, (2, 1, *still.shape))),
            "net_migration": (dims, np.broadcast_to(moves, (2, 1, *still.shape))),
        },
        coords={"scenario": ["baseline", "package"], "draw": [0], "year": [2020, 2021],
                "time": [2020, 2021, 2022], "sex": ["female", "male"], "age": np.arange(AGES),
                "order": [1, 2]},
    )  # fmt: skip


def parts_of(result):
    split = births_drivers(result, "package", since=2020, until=2021)
    assert float(abs(split["contribution"].sum("component") - split["births_change"]).max()) < 1e-9
    return split["contribution"].isel(draw=0).to_series().round(9).to_dict()


EVEN = [[100.0] * AGES] * 2


def rates(first, second=((0.0, 0.0), (0.0, 0.0))):
    """(year, order, age) from the rates at ages 1 and 2 in both years."""
    out = np.zeros((2, 2, AGES))
    out[:, 0, 1:3], out[:, 1, 1:3] = first, second
    return out


def test_only_rates_change():
    got = parts_of(made(EVEN, rates(((0.1, 0.0), (0.12, 0.0)), ((0.0, 0.05), (0.0, 0.04)))))
    assert got["rates_order_1"] == pytest.approx(2.0)
    assert got["rates_order_2"] == pytest.approx(-1.0)
    assert sum(abs(got[p]) for p in ("women_number", "women_age_structure", "migration")) < 1e-9


def test_only_migrants_come():
    """Twenty women of age 2 more than survived from age 1, at a rate of 0.1."""
    got = parts_of(made([[100] * AGES, [100, 100, 120, 100]], rates(((0.1, 0.1), (0.1, 0.1)))))
    assert got["migration"] == pytest.approx(2.0)
    assert got["women_number"] == pytest.approx(0.0, abs=1e-9)
    assert got["rates_order_1"] == pytest.approx(0.0, abs=1e-9)


def test_only_cohorts_grow_older():
    """From (140, 100) to (60, 140) women at rates of 0.1 and 0.3: 44 births become 48."""
    result = made([[60, 140, 100, 100], [60, 60, 140, 100]], rates(((0.1, 0.3), (0.1, 0.3))))
    got = parts_of(result)
    assert got["women_number"] == pytest.approx(-40 * (0.1 * 53 / 120 + 0.3 * 67 / 120))
    assert got["women_age_structure"] == pytest.approx(220 * 0.2 * 17 / 60)
    assert got["migration"] == pytest.approx(0.0, abs=1e-9)


def test_deaths_of_women_are_no_migration():
    """A tenth of the cohort that reaches age 2 dies in either year; none of it moved."""
    deaths = np.zeros((2, 2, AGES))
    deaths[:, 0, 2] = 10.0
    result = made(
        [[100] * AGES, [100, 100, 90, 100]], rates(((0.1, 0.1), (0.1, 0.1))), deaths=deaths
    )
    got = parts_of(result)
    assert got["migration"] == pytest.approx(0.0, abs=1e-9)
    assert got["women_number"] + got["women_age_structure"] == pytest.approx(-1.0)


def test_policy_is_the_change_of_what_it_adds():
    got = parts_of(made(EVEN, rates(((0.1, 0.0), (0.1, 0.0))), policy=(0.5, 2.0)))
    assert got["policy"] == pytest.approx(1.5)
    assert abs(sum(got.values()) - 1.5) < 1e-9


def test_it_adds_up_on_any_numbers():
    rng = np.random.default_rng(1)
    people = rng.uniform(50, 150, (2, AGES))
    moves, deaths = rng.uniform(-5, 5, (2, 2, 2, AGES))
    result = made(people, rng.uniform(0, 0.2, (2, 2, AGES)), moves=moves, deaths=abs(deaths),
                  policy=(1.0, 3.0))  # fmt: skip
    got = parts_of(result)
    births = result["births"].sum(["order", "age"]).isel(draw=0).sel(scenario="package")
    assert sum(got.values()) == pytest.approx(float(births[1] - births[0]), abs=1e-7)
    assert set(got) < set(PARTS)  # this one has no third births


def test_what_cannot_be_decomposed_is_refused():
    result = made(EVEN, rates(((0.1, 0.0), (0.1, 0.0))))
    with pytest.raises(DimensionError, match=r"births lacks the dimension 'age'(.|\n)*outputs="):
        births_drivers(result.assign(births=result["births"].sum("age")), "package",
                       since=2020, until=2021)  # fmt: skip
    with pytest.raises(MissingVariableError, match="needs deaths"):
        births_drivers(result.drop_vars("deaths"), "package", since=2020, until=2021)
    with pytest.raises(InputError, match="no scenario 'packet'"):
        births_drivers(result, "packet", since=2020, until=2021)
    for since, until in ((2021, 2020), (2020, 2020), (2019, 2021), (2020, 2025)):
        with pytest.raises(InputError, match=r"not in this order(.|\n)*2020 to 2021"):
            births_drivers(result, "package", since=since, until=until)
