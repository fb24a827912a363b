"""A number that cannot be is refused when the file is read, with its path and what is allowed."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from hypothesis import given, settings, strategies as st

import popsim as ps
from popsim import data
from popsim.errors import ScenarioError
from popsim.policy import evidence
from popsim.policy.response import APART, RESPONSES, Responsiveness
from popsim.scenario.load import parse_scenario
from popsim.scenario.options import Override
from popsim.scenario.quantities import LARGEST_AMOUNT

TABLE = data.table("evidence_priors")
PRIORS = list(TABLE["instrument_class"] + "." + TABLE["parameter"])
ROWS = dict(zip(PRIORS, TABLE.to_dict("records"), strict=True))


def told(**changes: object) -> str:
    """The package of Ouhai with an override, as a file has it."""
    package = yaml.safe_load(ps.load_scenario("ouhai").to_yaml())
    return yaml.safe_dump({**package, "overrides": [{"reason": "r", **changes}]})


def refused(**changes: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(told(**changes), where="mine.yaml")
    return str(caught.value)


def test_the_librarys_own_values_lie_in_its_domains():
    for row in ROWS.values():
        values = [row[c] for c in ("lower_80", "median", "upper_80") if not np.isnan(row[c])]
        assert all(row["least"] <= v <= row["most"] for v in values), row
        assert row["distribution"] != "lognormal" or row["lower_80"] > 0
        assert row["distribution"] != "beta" or 0 < row["median"] < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prior", "values", "at", "allowed"),
    [
        ("cash.a", {"median": 0.45, "lower": -0.1, "upper": 1.0}, "lower", "0 to 100 ["),
        ("response.rank_correlation", {"median": -0.1}, "median", "0 to 1 ["),
        ("childcare.effect", {"median": -110}, "median", "-50 to 100 ["),
        ("saturation.largest_tfr_gain", {"median": -0.1}, "median", "0 to 5 [children per woman]"),
        ("saturation.largest_effect", {"median": 0.0}, "median", "0.1 to 100 ["),
        ("cash.a", {"median": 0.45, "lower": 0.0, "upper": 1.0}, "lower", "above 0 and up to 100"),
        ("cash.a", {"median": 1.7e308}, "median", "0 to 100 ["),
        ("cash.b", {"median": -0.5}, "median", "0 to 1.5"),
        ("cash.discount_rate", {"median": -1.5}, "median", "0 to 1"),
        (
            "cash.quantum",
            {"median": 1.0, "lower": 0.5, "upper": 1.0},
            "median",
            "above 0 and below",
        ),
        ("cash.quantum", {"median": 0.5, "lower": 0.1, "upper": 1.4}, "upper", "0 to 1"),
        ("response.lag", {"median": 30.0}, "median", "0 to 12 [months]"),
        ("response.paid_back", {"median": 0.0}, "median", "1 to 50 [years]"),
        ("response.brought_forward", {"median": 2.5}, "median", None),
        ("art_coverage.quantum", {"median": 1.2}, "median", "0 to 1"),
        ("relocation.share", {"median": 0.5, "lower": -0.1, "upper": 0.9}, "lower", "0 to 1"),
    ],
)
def test_values_that_cannot_be(prior, values, at, allowed):
    message = refused(prior=prior, **values)
    assert f"where: mine.yaml: overrides[0].{at}\n" in message
    assert allowed is None or f"allowed: {allowed}" in message
    assert prior in message


@pytest.mark.slow
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("at", ["lower", "median", "upper"])
@pytest.mark.parametrize("end", ["least", "most"])
def test_every_prior_has_a_domain_for_each_of_its_values(prior, at, end):
    """Just outside of an end, the others inside wherever the order allows it."""
    row = ROWS[prior]
    width = row["most"] - row["least"]
    bad = row["least"] - 0.01 * width if end == "least" else row["most"] + 0.01 * width
    middle = row["least"] + 0.5 * width
    values = {
        ("lower", "least"): (bad, middle, middle),
        ("median", "least"): (bad, bad, middle),
        ("upper", "least"): (bad, bad, bad),
        ("lower", "most"): (bad, bad, bad),
        ("median", "most"): (middle, bad, bad),
        ("upper", "most"): (middle, middle, bad),
    }[at, end]
    message = refused(prior=prior, **dict(zip(("lower", "median", "upper"), values, strict=True)))
    assert "where: mine.yaml: overrides[0]." in message
    assert f"allowed: {row['least']:g} to {row['most']:g} [{row['unit']}]" in message
    if at == "median":
        assert "overrides[0].median" in refused(prior=prior, median=bad)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(PRIORS), data_=st.data())
def test_what_is_accepted_is_drawn_finite_and_within_its_domain(name, data_):
    row = ROWS[name]
    inside = st.floats(float(row["least"]), float(row["most"]), allow_subnormal=False)
    values = sorted(data_.draw(st.lists(inside, min_size=3, max_size=3)))
    try:
        override = Override(
            prior=name, lower=values[0], median=values[1], upper=values[2], reason="r"
        )
        drawn = Responsiveness.draw(50, 1, [override])
    except ValueError:  # refused: by name at reading, or as a range that no Beta has
        return
    for key in (*RESPONSES, *APART):
        spec = evidence.prior(key[0])[key[1]]
        assert np.isfinite(drawn[key]).all()
        assert (drawn[key] >= spec.least).all()
        assert (drawn[key] <= spec.most).all()


@pytest.mark.parametrize("value", [1.7e308, 1e300, 2 * LARGEST_AMOUNT])
def test_amounts_that_overflow_are_refused(value):
    package = yaml.safe_load(ps.load_scenario("ouhai").to_yaml())
    package["instruments"][0]["spells"][0]["amounts"][1]["value"] = value
    with pytest.raises(ScenarioError, match=r"amounts\[1\].value(.|\n)*at most 1e\+18"):
        parse_scenario(yaml.safe_dump(package))


def test_a_range_of_a_share_that_is_fixed_by_default_is_drawn_as_a_share():
    wide = Override(prior="rent_withdrawal.quantum", median=0.5, lower=0.1, upper=0.9, reason="r")
    spec = evidence.prior("rent_withdrawal", [wide])["quantum"]
    assert spec.spread.distribution == "beta"
    same = Override(prior="cash.quantum", median=1.0, lower=1.0, upper=1.0, reason="r")
    assert evidence.prior("cash", [same])["quantum"].spread.distribution == "fixed"
