"""The library: complete, linked, printable, and strict about names."""

from __future__ import annotations

import pandas as pd
import pytest

from popsim.errors import InputError
from popsim.policy import evidence
from popsim.scenario.options import Override


def test_every_study_of_the_reference_is_in_with_its_figures(reference):
    given = pd.read_csv(reference / "evidence.csv").rename(columns={"standardised": "implication"})
    own = evidence.studies()
    pd.testing.assert_frame_equal(own[given.columns.tolist()], given)


def test_nulls_and_what_was_not_checked_stay_in():
    table = evidence.studies()
    assert (table["estimate"] == 0).sum() >= 4
    assert (table["estimate"] < 0).any()
    assert table["verified"].str.startswith("no").sum() == 3
    text = evidence.text()
    for name in table["id"]:
        assert f" {name}: " in text
    assert "not checked against the publication" in text


def test_every_prior_has_its_reasoning_and_its_studies():
    table = evidence.priors()
    assert (table["reasoning"].str.len() > 5).all()
    known = set(evidence.studies()["id"])
    for row in table.to_dict("records"):
        assert set(row["studies"].split()) <= known
        assert bool(row["cited"]) == bool(row["studies"])


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("cash", "a", (0.45, 0.20, 1.00)),
        ("cash", "b", (0.6, 0.45, 0.75)),
        ("cash", "quantum", (0.5, 0.2, 0.85)),
        ("tax_credit", "multiplier", (0.6, 0.3, 0.9)),
        ("childcare", "effect", (1.5, -0.3, 4.0)),
        ("childcare", "quantum", (0.8, 0.5, 1.0)),
        ("maternity_leave", "effect", (0.4, -0.5, 1.5)),
        ("maternity_leave", "quantum", (0.7, 0.4, 0.9)),
        ("paternity_leave", "effect", (0.0, -1.5, 1.0)),
        ("social_insurance_subsidy", "effect", (0.1, 0.0, 0.5)),
        ("housing_cost", "effect_non_owners", (3.0, 0.5, 7.5)),
        ("housing_cost", "effect_owners", (0.0, -3.0, 3.0)),
        ("housing_cost", "quantum", (0.5, 0.2, 0.8)),
        ("housing_grant", "multiplier", (1.2, 0.8, 1.8)),
        ("rent_withdrawal", "effect", (0.1, 0.0, 0.5)),
        ("art_coverage", "effect", (0.3, 0.0, 1.0)),
        ("small_gifts", "effect", (0.0, 0.0, 0.3)),
        ("saturation", "overlap", (0.8, 0.6, 1.0)),
        ("relocation", "share", (0.1, 0.0, 0.4)),
    ],
)
def test_priors_are_those_of_the_notes(name, parameter, values):
    spread = evidence.prior(name)[parameter].spread
    assert (spread.median, spread.lower, spread.upper) == values


def test_unknown_names_are_refused_with_the_allowed_ones():
    with pytest.raises(InputError, match=r"no study 'kim_2024'(.|\n)*kim_w_2024"):
        evidence.study("kim_2024")
    with pytest.raises(InputError, match=r"class 'cahs'(.|\n)*did you mean 'cash'"):
        evidence.prior("cahs")
    with pytest.raises(InputError, match="class 'cahs'"):
        evidence.text("cahs")


def test_override_keeps_the_family_of_the_distribution_or_is_fixed():
    wide = Override(prior="cash.a", median=0.3, lower=0.1, upper=0.6, reason="why not")
    found = evidence.prior("cash", [wide])
    assert (found["a"].spread.median, found["a"].spread.distribution) == (0.3, "lognormal")
    assert found["a"].overridden == "why not"
    assert found["b"] == evidence.prior("cash")["b"]
    fixed = Override(prior="cash.a", median=0.3, reason="why not")
    assert evidence.prior("cash", [fixed])["a"].spread.distribution == "fixed"
    assert evidence.prior("cash")["a"].spread.median == 0.45  # the library is as it was
