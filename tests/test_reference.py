"""The published figures that the tests compare with: publishers named, small, and here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "reference"
FILES = sorted(
    p.relative_to(FOLDER).as_posix()
    for p in FOLDER.rglob("*")
    if p.is_file() and p.name != "README.md"
)
ROWS = dict(
    re.findall(
        r"^\| `([^`]+)` \| .* \| (.*) \|$",
        (FOLDER / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


def publisher(file: str) -> str:
    """As the README names it; 'the same' is that of the row above."""
    names = list(ROWS)
    at = names.index(file)
    while ROWS[names[at]] == "the same":
        at -= 1
    return ROWS[names[at]]


def test_every_file_has_a_row_and_every_row_a_file():
    assert sorted(ROWS) == FILES


@pytest.mark.parametrize("file", FILES)
def test_publisher_is_named(file):
    if file.startswith("documents/"):
        assert re.search(r"Health (Commission|Bureau) of ", publisher(file))
    elif file.startswith(("un_", "wpp")):
        assert "United Nations" in publisher(file)
        assert "CC BY 3.0 IGO" in publisher(file)
    elif file.startswith("china_"):
        assert "National Bureau of Statistics of China" in publisher(file)
    else:
        assert publisher(file).startswith(("Fuzhou Municipal Statistics Bureau", "the study"))


@pytest.mark.parametrize("file", [f for f in FILES if f.endswith(".nc")])
def test_file_itself_says_whose_it_is(file):
    with xr.open_dataset(FOLDER / file) as data:
        words = "National Bureau of Statistics of China", "United Nations"
        assert any(word in data.attrs["source"] for word in words)


def test_folder_stays_small():
    assert sum((FOLDER / file).stat().st_size for file in FILES) < 6e6


def test_no_test_leaves_the_repository_or_skips_for_want_of_a_file():
    """Only what an extra brings may be missing: ``pytest.importorskip`` with its reason."""
    for path in (ROOT / "tests").rglob("*.py"):
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        assert "pytest.skip(" not in text, path
        assert '"shared"' not in text, path
        for call in re.findall(r"importorskip\(.*", text):
            assert "the extra" in call, path
