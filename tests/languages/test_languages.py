"""Labels by language: every key that is used has a text, and every text is used."""

from __future__ import annotations

import ast
import csv
import re
import string
from pathlib import Path

import pytest

import popsim
from popsim import languages
from popsim.analysis import board_text
from popsim.analysis.drivers import PARTS
from popsim.baselines import VARIANTS
from popsim.demography import INDICATORS
from popsim.plot.tornado import _GROUPS
from popsim.policy.evidence import studies
from popsim.scenario.instruments import KINDS
from popsim.schema.variables import CHANGES, VARIABLES

ROOT = Path(popsim.__file__).parent
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
#: Functions whose first text is a key, and the position of the key among their arguments.
TAKE_KEYS = {
    "in_each": 0,
    "long_names": 0,
    "translated": 0,
    "glossed": 0,
    "label": 0,
    "label_of": 0,
    "labelled": 3,
    "_labelled": 3,
    "_described": 2,
    "_in_all_languages": 1,
}
#: Families of keys that are put together: what stands for the placeholder.
FAMILIES = {
    "variable.{}": VARIABLES,
    "indicator.{}": INDICATORS,
    "compare.{}": {"change": None} | {n: row for n, row in CHANGES.items() if row.of is None},
    "instrument.{}": KINDS,
    "variant.{}": VARIANTS,
    "drivers.{}": PARTS,
    "board.head.{}": board_text._HEAD,
    "board.drivers.{}": board_text._DRIVERS_HEAD,
    "board.target.{}": board_text._TARGET,
    "tornado.group.{}": _GROUPS,
    "forest.class.{}": dict.fromkeys(studies()["instrument"]),
}


def modules():
    return sorted(ROOT.rglob("*.py"))


def keys_in(path):
    """Keys that a module names: whole, or as patterns with {} for what is put in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if path.parent.name == "cli" and isinstance(node, ast.For):
            yield from (f"cli.{key}" for key in looped_over(node))
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if name in ("_said", "_sentence") and path.parent.name == "cli":
            yield from (f"cli.{key}" for key in literal(node.args[0]))
        elif name == "_words" and path.name == "board_text.py":
            yield f"board.{node.args[1].value}.{{}}"
        elif name in TAKE_KEYS and len(node.args) > TAKE_KEYS[name]:
            yield from (key for key in literal(node.args[TAKE_KEYS[name]]) if "." in key)
        elif name == "get" and node.args:
            yield from (k for k in literal(node.args[0]) if k.startswith(("read.", "language.")))


def looped_over(loop):
    """What ``key`` stands for in ``for key, ... in ((...), ...)``."""
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
    if getattr(target, "id", None) == "key":
        for row in loop.iter.elts:
            yield from literal(row.elts[0] if isinstance(row, ast.Tuple) else row)


def literal(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)


def used():
    return {key for path in modules() for key in keys_in(path)} - {"cli.{}", "{}.{}", "board.{}.{}"}


def matches(pattern, key):
    parts = (re.escape(part) for part in pattern.split("{}"))
    return re.fullmatch(r"[^.]+".join(parts), key)


def test_every_key_has_a_text():
    known = languages.texts("zh")
    missing = [key for key in used() if "{}" not in key and key not in known]
    for pattern, names in FAMILIES.items():
        # a symbol, such as a(x), is the same in every language
        missing += [
            key
            for name, row in names.items()
            if (key := pattern.format(name)) not in known and not symbol(getattr(row, "en", ""))
        ]
    missing += [
        pattern
        for pattern in used()
        if "{}" in pattern and not any(matches(pattern, k) for k in known)
    ]
    assert missing == []


def symbol(text):
    return re.fullmatch(r"\w\(\w\)", text) is not None


def test_every_text_is_used():
    patterns = used() | FAMILIES.keys()
    unused = [k for k in languages.texts("zh") if not any(matches(p, k) for p in patterns)]
    assert unused == []
    for pattern, names in FAMILIES.items():
        prefix = pattern.removesuffix("{}")
        rows = {k.removeprefix(prefix) for k in languages.texts("zh") if k.startswith(prefix)}
        assert rows <= set(names)


def test_the_checks_can_fail():
    assert matches("variable.{}", "variable.births")
    assert not matches("variable.{}", "indicator.births")
    assert "compare.change" in used()


def test_the_table_is_sorted_and_says_each_key_once():
    with (languages.FOLDER / "zh.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    keys = [key for key, _ in rows[1:]]
    assert rows[0] == ["key", "text"]
    assert keys == sorted(set(keys))
    assert all(text.strip() for _, text in rows[1:])
    for _, text in rows[1:]:
        list(string.Formatter().parse(text))  # placeholders are whole


def test_no_module_holds_chinese():
    """Labels are data; so are the terms that are read from files."""
    wrong = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in modules()
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if CHINESE.search(line)
    ]
    assert wrong == []


@pytest.fixture
def french(tmp_path, monkeypatch):
    """A third language is a file."""
    for table in languages.FOLDER.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    text = "key,text\nvariable.births,Naissances\nplot.baseline,scenario central\n"
    (tmp_path / "fr.csv").write_text(text + "board.head.target,cible\n", encoding="utf-8")
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    languages.languages.cache_clear()
    languages.texts.cache_clear()
    yield
    monkeypatch.undo()
    languages.languages.cache_clear()
    languages.texts.cache_clear()


@pytest.mark.usefixtures("french")
def test_a_third_language_is_a_file():
    from matplotlib import pyplot as plt

    import popsim as ps

    assert languages.languages() == ("fr", "zh")
    assert VARIABLES["births"].attrs()["long_name_fr"] == "Naissances"
    assert "long_name_fr" not in VARIABLES["deaths"].attrs()
    result = ps.simulate(ps.load_baseline("ouhai", end=2023), [], draws=5)
    with ps.set_options(language="fr"):
        ax = ps.plot.compare(result)
        assert ax.get_ylabel() == "Naissances [persons]"
        assert [t.get_text() for t in ax.get_legend().texts] == ["scenario central"]
        # what the table lacks is in English
        assert ps.plot.compare(result, "deaths").get_ylabel() == "Deaths [persons]"
        package = ps.load_scenario("huzhou")
        result = ps.simulate(ps.load_baseline("huzhou", end=2023), package, draws=5)
        head, first, *_ = ps.analysis.board_rows(ps.board(result, package))
        assert head[:5] == ["no.", "indicator", "unit", "observed", "cible"]
        assert first[1] == "Total fertility rate"
    plt.close("all")


def test_parts_of_a_label_may_be_labels():
    of = {"en": "Births", "zh": "\u51fa\u751f"}
    said = languages.in_each("compare.change", "Change of {of}", of=of)
    assert said == {"en": "Change of Births", "zh": "\u51fa\u751f\u53d8\u5316"}
    assert languages.in_each("compare.change", "Change of {of}", of={"en": "x"})["zh"][0] == "x"


def test_of_attributes_reads_what_long_names_writes():
    written = languages.long_names("variable.births", "Births")
    assert languages.of_attributes(written) == VARIABLES["births"].labels
