"""The site: every public name has its place, and what looks it over can find fault."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import pytest

import popsim as ps

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture
def beside(monkeypatch):
    """``beside(name)``: a module of the docs folder, as mkdocs imports it."""
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module


def test_every_public_name_of_the_package_is_documented_once(beside):
    pages = beside("api_pages")
    names = [name for listed in pages.public().values() for name in listed]
    assert len(names) == len(set(names))
    for name in ps.__all__:
        thing = getattr(ps, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert pages.defined_at(thing) in names, name
    assert "popsim.demography.mortality.lifetable.life_table" in pages.public()["mortality"]
    assert "popsim.errors.PopsimError" in pages.public()["errors"]


def test_every_room_that_people_use_has_a_page_and_every_page_has_names(beside):
    pages = beside("api_pages")
    assert all(pages.public().values())
    # what stands below the public face, and what the pages of their own describe
    inner = {"cells", "cli", "data", "engine", "kernels", "languages", "scenarios", "schema"}
    rooms = {p.name for p in Path(ps.__file__).parent.iterdir() if (p / "__init__.py").is_file()}
    shown = {room.split(".")[1] for _, room in pages.PAGES.values() if "." in room}
    assert rooms - inner <= shown


def test_page_has_a_row_and_a_directive_for_each_name(beside):
    pages = beside("api_pages")
    text = pages.api_pages()["reference/api/mortality.md"]
    assert "| [`life_table`][popsim.demography.mortality.lifetable.life_table] | Compute" in text
    assert "::: popsim.demography.mortality.lifetable\n" in text


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example.org/mathjax.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.org/css">',
        "<img alt=x src=http://example.org/a.png>",
        '<div class="mermaid">graph</div>',
        "<style>@import 'https://example.org/a.css';</style>",
    ],
)
def test_a_page_that_needs_a_network_is_noticed(beside, tmp_path, page):
    check = beside("check_site")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert len(list(check.foreign_loads(tmp_path))) == 1


def test_links_that_a_reader_may_follow_are_no_loads(beside, tmp_path):
    page = '<a href="https://example.org">x</a><link rel="canonical" href="https://example.org">'
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (tmp_path / "site.css").write_text("a{src:url(fonts/a.woff2)}", encoding="utf-8")
    assert not list(beside("check_site").foreign_loads(tmp_path))


def test_an_index_without_chinese_words_is_noticed(beside, tmp_path):
    check = beside("check_site")
    index = {"config": {"lang": ["en", "zh"]}, "docs": [{"title": "人口预测和生育", "text": ""}]}
    (tmp_path / "search").mkdir()
    file = tmp_path / "search" / "search_index.json"
    file.write_text(json.dumps(index), encoding="utf-8")
    assert len(list(check.unfound_words(tmp_path))) == len(check.WORDS)
    index["docs"][0]["title"] = "\u200b".join(check.WORDS)
    file.write_text(json.dumps(index), encoding="utf-8")
    assert not list(check.unfound_words(tmp_path))
