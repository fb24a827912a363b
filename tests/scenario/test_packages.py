"""The packages as files: each row of each document lives somewhere, and says what it says there."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import popsim as ps
from popsim import data
from popsim.policy.places import childcare_places
from popsim.scenario.catalogue import scenario_names
from popsim.scenario.instruments import ChildcarePlaces
from popsim.scenario.load import parse_scenario
from popsim.scenario.model import Scenario

#: The document behind the package of each place: its key in the file, and in the table.
DOCUMENTS = {
    "ouhai": ("reply_2025", "ouhai_2025_reply"),
    "cixi": ("reply_2024", "cixi_2024_reply"),
    "huancui": ("reply_2025", "huancui_2025_reply"),
    "huzhou": ("plan_2022", "huzhou_2022_plan"),
    "baotou": ("measures_2023", "baotou_2023_measures"),
}
GROUPS = {"instrument": "instruments", "proposed": "proposed", "background": "background"}
PACKAGES = [*DOCUMENTS, "china_2025_subsidy"]


@pytest.fixture(scope="module")
def packages() -> dict[str, Scenario]:
    return {name: ps.load_scenario(name) for name in PACKAGES}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return data.table("package_rows").fillna({"lives_in": ""})


@pytest.fixture(scope="module")
def sources(reference) -> Path:
    """Folder of the original documents, beside the reference figures."""
    return reference / "documents"


def entries(package: Scenario) -> set[tuple[str, str]]:
    """Kind and place of everything that a file declares."""
    name, found = package.name, set()
    for kind, group in GROUPS.items():
        found |= {(kind, f"{name}/{i.id}") for i in getattr(package, group)}
    found |= {("payment", f"{name}/{p.instrument}") for p in package.payments}
    found |= {(i.kind, f"{name}/{i.id}") for i in package.indicators}
    return found | ({("budget", f"{name}/budget")} if package.budget else set())


# -- the table and the files ------------------------------------------------------------------


def test_all_five_places_and_the_nation_are_shipped():
    assert set(PACKAGES) <= set(scenario_names())


def test_every_row_of_the_table_is_in_its_file(packages, rows):
    declared = set().union(*(entries(package) for package in packages.values()))
    listed = rows[~rows["kind"].isin(["named", "function"])]
    absent = [
        f"{row.document}: {row.row} ({row.kind}) is not at {row.lives_in}"
        for row in listed.itertuples()
        if (row.kind, row.lives_in) not in declared
    ]
    assert not absent


@pytest.mark.parametrize("name", PACKAGES)
def test_everything_in_a_file_is_in_the_table(packages, rows, name):
    listed = set(zip(rows["kind"], rows["lives_in"], strict=True))
    assert not sorted(entries(packages[name]) - listed)


def test_rows_that_are_only_named_point_to_something_that_exists(packages, rows):
    declared = {place for package in packages.values() for _, place in entries(package)}
    named = rows[(rows["kind"] == "named") & (rows["lives_in"] != "")]
    assert set(named["lives_in"]) <= declared
    functions = set(rows[rows["kind"] == "function"]["lives_in"])
    assert functions == {"popsim.simulate", "popsim.compare", "popsim.analysis.monitor.board"}


def test_the_table_has_no_row_twice_and_no_row_without_chinese(rows):
    assert not rows.duplicated(["document", "lives_in", "kind", "term_zh"]).any()
    assert rows["term_zh"].map(has_chinese).all()
    assert set(rows["document"]) >= {document for _, document in DOCUMENTS.values()}


# -- labels -----------------------------------------------------------------------------------


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_label_is_in_english_and_chinese(packages, name):
    package = packages[name]
    titles = [package.title, package.summary]
    titles += [i.title for group in GROUPS.values() for i in getattr(package, group)]
    titles += [v.title for v in package.variants.values()] + [i.title for i in package.indicators]
    for title in titles:
        assert title.en.strip(), title
        assert not has_chinese(title.en), title
        assert has_chinese(title.zh), title
    for indicator in package.indicators:
        assert indicator.unit.en.strip(), indicator.id
        assert indicator.unit.zh.strip(), indicator.id


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_survives_the_round_trip_and_so_do_its_variants(packages, name):
    package = packages[name]
    assert parse_scenario(package.to_yaml()) == package
    for variant in package.variants:
        alternative = package.variant(variant)
        assert parse_scenario(alternative.to_yaml()) == alternative


def a_month(allowance) -> dict[int, float]:
    """Yuan a month by order, of a monthly rate or of the sum of all months."""
    (spell,) = allowance.spells
    months = {"yuan a month": 1, "yuan": allowance.months}
    return {o: q.value / months[q.unit] for o, q in spell.amounts.items()}


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_the_national_subsidy_is_background_that_can_be_switched_off(packages, name):
    package = packages[name]
    subsidy = next(i for i in package.background if i.id == "national_childcare_subsidy")
    assert subsidy.paid_for == "children"
    # 3,600 yuan a year to the third birthday, whatever the order, from 1 January 2025.
    assert {o: 12 * yuan for o, yuan in a_month(subsidy).items()} == {1: 3600, 2: 3600, 3: 3600}
    assert (str(subsidy.spells[0].start), subsidy.months) == ("2025-01-01", 36)
    switched = package.without("national_childcare_subsidy")
    assert "national_childcare_subsidy" not in {i.id for i in switched.background}
    assert "national_childcare_subsidy" in {i.id for i in package.background}


def test_the_national_scenario_pays_what_the_background_of_the_places_pays(packages):
    (nation,) = packages["china_2025_subsidy"].instruments
    for name in DOCUMENTS:
        local = next(i for i in packages[name].background if i.id == nation.id)
        assert (local.months, local.paid_for, local.take_up.median) == (36, "children", 0.95)
        assert nation.take_up.median == local.take_up.median
        assert a_month(local) == a_month(nation), name
        (here,), (there,) = local.spells, nation.spells
        assert (here.start, here.announced) == (there.start, there.announced), name


# -- what the documents say -------------------------------------------------------------------


def indicator(package: Scenario, row: str):
    return next(i for i in package.indicators if i.id == row)


#: The board of the Huzhou plan: number, 2021, 2025; None where the plan gives no number.
HUZHOU = {
    1: (0.89, None), 2: (40.19, None), 3: (-0.30, None), 4: (49.88, None), 5: (11.40, 11.40),
    6: (1.56, 1.56), 7: (80, 90), 8: (97.5, 98), 9: (91.46, 95), 10: (None, 100), 11: (71, 75),
    12: (60, 90), 13: (0, 100), 14: (1.01, 1.05), 15: (99.5, 100), 16: (2.63, 4.60), 17: (40, 60),
    18: (0, 50), 19: (None, 0.20), 20: (24_852, 29_000), 21: (65, None), 22: (30.30, None),
    23: (1.60, 1.80), 24: (40, 100), 25: (500, 1000), 26: (82, 150), 27: (50, None), 28: (85, 95),
}  # fmt: skip


def test_the_28_indicators_of_huzhou(packages):
    board = {i.number: i for i in packages["huzhou"].indicators if i.number is not None}
    assert set(board) == set(HUZHOU) == set(range(1, 29))
    for number, (observed, target) in HUZHOU.items():
        row = board[number]
        assert [o.value for o in row.observed] == ([] if observed is None else [observed]), number
        assert [o.year for o in row.observed] == ([] if observed is None else [2021]), number
        assert row.target.year == 2025, number
        stated = row.target.value if row.target.upper is None else row.target.upper
        assert stated == target, number


def test_a_direction_of_huzhou_has_no_number_behind_it(packages):
    """Steady recovery, clearly higher, reasonable range, full coverage."""
    board = {i.number: i for i in packages["huzhou"].indicators}
    for number in (1, 2, 3, 21, 22, 27):
        assert board[number].target.direction == "rise"
        assert board[number].bounds() == (board[number].baseline.value, None)
    assert board[4].target.direction == "range"
    assert board[4].bounds() == (None, None)
    assert [board[n].target.direction for n in (5, 6)] == ["hold", "hold"]


def test_places_per_1000_come_out_of_the_files(packages):
    """Huzhou 2.63 to 4.60, Huancui 5.0, Cixi 3.49, Baotou 4.55; and 6,595 places of Cixi."""
    last = {"huzhou": 4.60, "huancui": 5.0, "cixi": 3.49, "baotou": 4.55}
    for name, stated in last.items():
        (supply,) = (i for i in packages[name].instruments if isinstance(i, ChildcarePlaces))
        assert {q.unit for q in supply.places.values()} == {"places per 1,000"}
        assert supply.places[max(supply.places)].value == stated
        row = indicator(packages[name], "places_per_1000")
        assert row.measure == "places_per_1000"
        assert (row.bounds()[0] or row.baseline.value) == stated
    (supply,) = (i for i in packages["huzhou"].instruments if isinstance(i, ChildcarePlaces))
    assert supply.places[2021].value == 2.63
    cixi = packages["cixi"]
    places = indicator(cixi, "childcare_places").baseline.value
    added = indicator(cixi, "new_childcare_places").baseline.value
    assert (places, added) == (6595, 2437)
    (supply,) = (i for i in cixi.instruments if isinstance(i, ChildcarePlaces))
    # The year before is the same residents with the places that were there.
    before = (places - added) / places * supply.places[2023].value
    assert supply.places[2022].value == pytest.approx(before, abs=0.005)  # two digits


@pytest.mark.parametrize(
    ("name", "year", "baseline", "package"),
    [
        ("huzhou", 2021, 2.63, 2.63),
        ("huzhou", 2025, 2.63, 4.60),
        ("huzhou", 2030, 2.63, 4.60),
        ("cixi", 2023, 2.20, 3.49),
        ("huancui", 2025, 5.0, 5.0),
        ("baotou", 2025, 2.5, 4.55),
    ],
)
def test_places_per_1000_are_simulated(packages, name, year, baseline, package):
    years = range(2021, 2031)
    residents = xr.DataArray(
        [[500_000.0] * len(years)] * 2,
        dims=("scenario", "year"),
        coords={"scenario": ["baseline", name], "year": list(years)},
    )
    places = childcare_places(packages[name], residents) / residents * 1000
    assert places.sel(year=year).values == pytest.approx([baseline, package])


#: Rows of the other documents by the place they live at, and their numbers.
STATED = {
    "ouhai": {
        "premarital_check": 92.4, "prenatal_screening": 95, "newborn_screening": 99,
        "maternal_deaths": 0, "nursing_rooms": 66, "nursing_rooms_five_star": 18,
        "child_health_centres": 7, "growth_stations": 20, "marriages": 3328,
        "first_marriages": 5905, "marriage_growth": 20.99, "first_marriage_growth": 30.44,
        "training_women": 3857, "insurance_subsidy_firms": 154, "gifts_given": 13,
        "public_centres": 8, "kindergartens_with_childcare": 84, "new_estate_places": 10,
        "new_estate_plots": 10,
    },
    "cixi": {
        "childcare_centres": 141, "inclusive_share": 84.06, "care_stations": 27,
        "care_group_sessions": 460, "public_kindergarten_share": 57.58, "care_homes": 19,
        "care_beds": 3249, "home_care_centres": 64, "villages_with_home_care": 328,
        "pre_pregnancy_check": 84.18, "metabolic_screening": 100, "hearing_screening": 99.9,
        "heart_screening": 99.8, "loan_families": 176, "loan_volume": 144_580_000,
    },
    "huancui": {
        "childcare_centres": 58, "childcare_places": 2470, "inclusive_centres": 42,
        "inclusive_share": 72.4, "kindergartens": 63, "kindergartens_with_childcare": 52,
        "kindergartens_with_childcare_share": 82.5, "provincial_model_centres": 1,
        "municipal_model_centres": 8, "mother_posts": 200, "women_trainings": 185,
        "women_training_visits": 4000, "flexible_team_mothers": 45, "pilot_sessions": 80,
        "pilot_families": 50,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", list(STATED))
def test_observed_values_are_those_of_the_document(packages, name):
    found = {row: indicator(packages[name], row).baseline.value for row in STATED[name]}
    assert found == STATED[name]


def test_targets_of_baotou(packages):
    baotou = packages["baotou"]
    ceilings = {"maternal_mortality": 14.5, "infant_mortality": 5.2, "under_five_mortality": 6.6}
    for row, most in ceilings.items():
        assert indicator(baotou, row).bounds() == (None, most)
    least = {
        "inclusive_share_2023": (2023, 50), "inclusive_share": (2025, 90),
        "model_centres": (2025, 50), "public_centres_county": (2023, 1),
        "public_centres_town": (2025, 1), "new_estates_with_childcare": (2025, 100),
        "community_coverage": (2025, 100), "inclusive_kindergartens": (2025, 90),
        "preschool_enrolment": (2025, 95),
    }  # fmt: skip
    for row, (year, value) in least.items():
        found = indicator(baotou, row)
        assert (found.target.year, found.bounds()) == (year, (value, None)), row


def amounts(package: Scenario, name: str) -> dict[int, float]:
    every = (*package.instruments, *package.background, *package.proposed)
    spell = next(i for i in every if i.id == name).spells[-1]
    return {order: quantity.value for order, quantity in spell.amounts.items()}


def test_amounts_are_those_of_the_documents(packages):
    baotou, cixi, huzhou = (packages[n] for n in ("baotou", "cixi", "huzhou"))
    statutory = 98
    assert amounts(baotou, "maternity_leave") == {
        1: statutory + 60, 2: statutory + 60, 3: statutory + 90,
    }  # fmt: skip
    assert set(amounts(baotou, "paternity_leave").values()) == {25}
    assert set(amounts(baotou, "parental_leave").values()) == {10}
    assert amounts(cixi, "rent_withdrawal") == {2: 50, 3: 50}
    loan = next(i for i in cixi.instruments if i.id == "loan_ceiling")
    for raised in amounts(cixi, "loan_ceiling").values():
        assert raised / loan.before.value == pytest.approx(1.20)
    assert amounts(huzhou, "affordable_rental") == {3: 100 - 85}
    subsidy = next(i for i in cixi.instruments if i.id == "provider_subsidy")
    assert [q.value for q in subsidy.spending.values()] == [1_929_000]
    spent = {
        i.id: sum(q.value for q in i.spending.values())
        for i in packages["huancui"].instruments
        if hasattr(i, "spending")
    }
    assert spent == {"inclusive_provider_subsidy": 1_200_000, "funds_from_above": 333_850}


def test_amounts_and_payments_of_ouhai(packages):
    """Reply of 24 June 2025; payments are to the end of 2024 [yuan; families or persons]."""
    ouhai = packages["ouhai"]
    assert amounts(ouhai, "birth_grant") == {1: 1000, 2: 2000, 3: 3000}
    rearing, voucher = (amounts(ouhai, name) for name in ("rearing_subsidy", "childcare_voucher"))
    assert {o: rearing[o] + voucher[o] for o in rearing} == {2: 36_000, 3: 72_000}
    assert amounts(ouhai, "home_purchase_subsidy") == {2: 3, 3: 5}
    assert amounts(ouhai, "loan_ceiling") == {2: 1_000_000, 3: 1_500_000}
    assert set(amounts(ouhai, "newcomer_gift").values()) == {500}
    assert set(amounts(ouhai, "fee_cap").values()) == {2500}
    assert amounts(ouhai, "maternity_leave") == {1: 158, 2: 188, 3: 188}
    paid = {p.instrument: (p.amount.value, p.families and p.families.value) for p in ouhai.payments}
    assert paid["birth_grant"] == (6_335_000, 4205)
    assert paid["rearing_subsidy"] == (3_999_500, 899)
    assert paid["childcare_voucher"] == (2_801_800, 779)
    assert paid["home_purchase_subsidy"] == (1_267_000, 13)
    assert paid["social_insurance_subsidy"] == (719_100, None)
    spent = {
        i.id: sum(q.value for q in i.spending.values())
        for i in ouhai.instruments
        if hasattr(i, "spending")
    }
    assert spent == {
        "points_subsidy": 580_000,
        "provider_projects": 17_000_000,
        "provider_per_child": 1_048_900,
        "provider_posts": 53_000,
    }
    assert {"wedding_voucher", "fertility_treatment", "rearing_subsidy_first_child"} <= {
        i.id for i in ouhai.proposed
    }


# -- the words of the documents ---------------------------------------------------------------

_PUNCTUATION = str.maketrans({"（": "(", "）": ")", "，": ",", "：": ":", "；": ";", "％": "%"})

#: What is no quantity of a policy: dates, times, numbers of documents, the ages that define a
#: group, headings, and the running numbers of a table.
_NO_QUANTITY = re.compile(
    r"""
    \d{4}[-/]\d\d[-/]\d\d | \d\d:\d\d(:\d\d)? | 20\d\d\s*-\s*20\d\d
    | (20\d\d\s*年)?\s*\d+\s*月(\s*\d+\s*日)? | 20[12]\d\s*年? | 第\d+号
    | 〔\d+〕?(\d*号)? | 索.?引.?号.*
    | \d(-?\d)?\s*周?岁 | ^\s*[(（]?\d{1,2}([.)、）]|\s*$|(?=[^\d.%\s]))
    """,
    re.MULTILINE | re.VERBOSE,
)


def plain(text: str) -> str:
    return re.sub(r"[\s“”\"]", "", text).translate(_PUNCTUATION)


def quotes(part: object, key: str) -> list[str]:
    """Quotes within a declaration, of the numbers that come from a document."""
    if isinstance(part, dict):
        source = part.get("source", part.get("document", key))
        own = [part["quote"]] if source in (key, "assumption") and part.get("quote") else []
        return own + [q for value in part.values() for q in quotes(value, key)]
    if isinstance(part, list | tuple):
        return [q for value in part for q in quotes(value, key)]
    return []


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_quotes_are_the_words_of_the_document(packages, rows, sources, name):
    key, document = DOCUMENTS[name]
    text = plain((sources / f"{document}.txt").read_text(encoding="utf-8"))
    said = quotes(packages[name].model_dump(), key)
    assert len(said) > 10
    assert not [quote for quote in said if plain(quote) not in text]
    hand = rows[(rows["document"] == document) & rows["kind"].isin(["named", "function"])]
    assert not [term for term in hand["term_zh"] if plain(term) not in text]


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_every_number_of_the_document_is_quoted_somewhere(packages, rows, sources, name):
    key, document = DOCUMENTS[name]
    raw = (sources / f"{document}.txt").read_text(encoding="utf-8")
    no_quantity = [False] * len(raw)
    for found in _NO_QUANTITY.finditer(raw):
        no_quantity[found.start() : found.end()] = [True] * len(found.group())
    kept = [i for i, letter in enumerate(raw) if plain(letter)]
    text = plain(raw)
    told = [no_quantity[i] for i in kept]
    hand = rows[rows["document"] == document]["term_zh"]
    for words in [*quotes(packages[name].model_dump(), key), *hand]:
        start = text.find(quote := plain(words))
        while start >= 0:
            told[start : start + len(quote)] = [True] * len(quote)
            start = text.find(quote, start + 1)
    missing = [
        f"{found.group()} in {text[max(0, found.start() - 12) : found.end() + 12]}"
        for found in re.finditer(r"\d[\d.]*", text)
        if not all(told[found.start() : found.end()])
    ]
    assert not missing
