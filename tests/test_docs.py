"""The documentation says what the code does: outputs, tables, reference pages and links."""

from __future__ import annotations

import importlib.util
import re
import runpy
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
import yaml
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

_spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)

PAGES = generate.pages()
EVERY_PAGE = sorted(DOCS.rglob("*.md"))
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.fixture(autouse=True)
def figures_without_a_screen(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    before = mpl.get_backend()
    mpl.use("agg")
    yield
    plt.close("all")
    mpl.use(before)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_page_prints_what_it_shows(page):
    """Runs every block of the page in order; run docs/generate.py to bring it up to date."""
    assert generate.render(page) == page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", generate.reference_pages(), ids=name)
def test_reference_page_is_up_to_date(page):
    assert page.read_text(encoding="utf-8") == generate.reference_pages()[page]()


def test_no_block_of_python_escapes():
    """Blocks are written as the runner reads them: three backticks at the line's start."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        opened = re.findall(r"^\s*(?:```|~~~)(\w+)", text, re.MULTILINE)
        read = [m.group(1) for m in generate._FENCE.finditer(text) if m.group(1)]
        assert opened == read, page


def test_a_stale_page_is_noticed(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n", encoding="utf-8")
    assert generate.render(page) == "```python\nprint(1 + 1)\n```\n\n```text\n2\n```\n"

    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "pages", lambda: [page])
    monkeypatch.setattr(generate, "reference_pages", dict)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert "out of date: page.md" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Anchors of a page, as code hosts and mkdocs make them from headings."""
    text = prose(page)
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        kept = re.sub(r"[^\w\s-]", "", heading.strip().lower())
        found.add(re.sub(r"\s+", "-", kept))
    return found


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name)
def test_links_lead_somewhere(page):
    for target in _LINK.findall(prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.is_file(), f"{name(page)} links to {target}"
        if anchor:
            assert anchor in anchors(other), f"{name(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:examples|popsim|scenarios|docs|tests)/[\w./]+)`", text):
        assert (ROOT / path).exists(), f"{name(page)} names {path}"


def test_navigation_has_every_page():
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def files(entries):
        for entry in entries:
            for value in entry.values():
                yield from files(value) if isinstance(value, list) else [value]

    made = runpy.run_path(str(DOCS / "api_pages.py"))["api_pages"]()
    assert sorted(files(config["nav"])) == sorted([*map(name, EVERY_PAGE), *made])
