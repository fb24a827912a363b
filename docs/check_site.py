"""Look over the built site: ``mkdocs build --strict && python docs/check_site.py``.

It must open without a network, have every public function, and be found in by Chinese words.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from api_pages import FOLDER, public

SITE = Path(__file__).resolve().parents[1] / "build" / "site"

#: What a browser loads on its own; a link that a reader may follow (``<a href>``) is none.
_LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object|link)\b[^>]*?
        \b(?:src|href|srcset|data)\s*=\s*["']?\s*(?P<url>(?:https?:)?//[^"'\s>]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_STYLE = re.compile(
    r"""(?:url\(\s*|@import\s+)["']?(?P<url>(?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)
_NO_LOAD = re.compile(r'rel\s*=\s*["\']?(?:canonical|license|next|prev)\b', re.IGNORECASE)
#: Words of the Chinese pages, which the search must find as words.
WORDS = ("人口预测", "生育", "抚养", "托育", "出生人数")


def foreign_loads(site: Path) -> Iterator[str]:
    """Resources of pages, styles and our scripts that come from elsewhere."""
    for path in sorted(site.rglob("*")):
        if path.suffix not in {".html", ".css", ".js", ".svg"} or "/search_index" in str(path):
            continue
        text = path.read_text(encoding="utf-8")
        found = [] if path.suffix == ".js" else list(_STYLE.finditer(text))
        if path.suffix in {".html", ".svg"}:
            found += [m for m in _LOADS.finditer(text) if not _NO_LOAD.search(m.group())]
            # The theme's script fetches a drawing library where a page asks for one.
            if 'class="mermaid"' in text:
                yield f"{path.relative_to(site)}: a diagram that a script from elsewhere draws"
        for match in found:
            yield f"{path.relative_to(site)}: {match['url']}"


def undocumented(site: Path) -> Iterator[str]:
    """Public functions and classes without their place in the reference."""
    for page, names in public().items():
        text = (site / FOLDER / f"{page}.html").read_text(encoding="utf-8")
        for name in names:
            if f'id="{name}"' not in text:
                yield f"{page}.html has no {name}"


def raw_markup(site: Path) -> Iterator[str]:
    """Roles and directives of docstrings that came through unread."""
    for path in sorted((site / FOLDER).glob("*.html")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(
            r":(?:func|class|mod|meth|data|math):`|\.\. math::|\]\[popsim", text
        ):
            yield f"{path.name}: {text[match.start() : match.start() + 60]!r}"


def unfound_words(site: Path) -> Iterator[str]:
    """Chinese words that the index does not hold as words (jieba parts them, if it is there)."""
    text = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    index = json.loads(text)
    if "zh" not in index["config"]["lang"]:
        yield "the search does not know Chinese"
    held = {
        w for d in index["docs"] for w in re.split(r"[^\w]+", d["title"] + "\u200b" + d["text"])
    }
    yield from (f"the search does not know the word {word}" for word in WORDS if word not in held)


def main() -> int:
    """Print what is wrong; the exit status."""
    wrong = [
        fault
        for look in (foreign_loads, undocumented, raw_markup, unfound_words)
        for fault in look(SITE)
    ]
    print("\n".join(wrong) or f"the site is whole: {sum(map(len, public().values()))} public names")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
