"""The first year's conditional rates: those of the projection by parity that knows the births."""

from __future__ import annotations

import numpy as np
import pytest

import popsim as ps
from popsim.kernels.first_year import first_year_rates
from popsim.parity_engine import consistent_rates
from popsim.projection import check_inputs


@pytest.mark.parametrize("place", ["china", "ouhai"])
def test_first_year_is_that_of_the_projection(place):
    baseline = ps.load_baseline(place, end=2022)
    data = check_inputs(baseline, timing="even", outputs="full")
    people = data["population"].sel(sex="female").values
    if "net_migration" in data:
        moves = data["net_migration"].sel(sex="female").values[:1]
    else:
        moves = data["net_migration_rate"].sel(sex="female").values[:1] * people
    made = first_year_rates(
        baseline["women_by_parity"].values[None],
        data["survival_ratio"].sel(sex="female").values[:1],
        moves,
        baseline["birth_order_share"].values[None],
        baseline["fertility_rate"].values[:1],
        12,
        55,
    )
    expected = consistent_rates(baseline)["conditional_fertility_rate"].isel(year=0).values
    # The guard against emptied groups, above the reproductive ages, is all that differs.
    np.testing.assert_allclose(made[0, :, 12:55], expected[:, 12:55], rtol=1e-9, atol=1e-15)


def test_nobody_bears_where_nobody_could():
    women = np.zeros((1, 4, 60))
    women[0, 0] = 100.0
    split = np.full((1, 3, 60), 1 / 3)
    still = np.zeros((1, 60))
    rates = first_year_rates(women, still + 1.0, still, split, still + 0.03, 15, 50)[0]
    assert (rates[1:] == 0.0).all()  # there are no mothers yet
    assert rates[0, 20] == pytest.approx(0.01 / (1 - rates[0, 19] / 4), rel=1e-12)
