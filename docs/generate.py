"""Write what the documentation can compute, so that no page says what the code does not.

``python docs/generate.py`` rewrites, ``python docs/generate.py --check`` only compares and exits
with status 1 if a page is out of date. Three things are written:

- ``reference/variables.md`` and ``reference/evidence.md``, from the registry and the tables;
- the tables between ``<!-- table: examples/x.py name -->`` and ``<!-- end -->``, from
  ``tables()`` of the example;
- the ``text`` block after a ``python`` or ``bash`` block, from running that block. The
  python blocks of a page run in order, in one namespace.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import re
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(<!-- table: (\S+) (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """All pages that people write, in order of name."""
    generated = set(reference_pages())
    return sorted(p for p in DOCS.rglob("*.md") if p not in generated)


def reference_pages() -> dict[Path, Callable[[], str]]:
    """Pages that are written whole, from tables of the package, and the drawing of its rooms."""
    beside = {
        made: runpy.run_path(str(DOCS / f"{file}.py"))[made]
        for file, made in (("instrument_page", "instrument_page"), ("house", "house_svg"))
    }
    return {
        DOCS / "reference" / "variables.md": variables_page,
        DOCS / "reference" / "evidence.md": evidence_page,
        DOCS / "instruments.md": beside["instrument_page"],
        DOCS / "developing" / "house.svg": beside["house_svg"],
    }


def render(page: Path) -> str:
    """Return the page with its tables and printed outputs as they are now."""
    text = _TABLE.sub(_example_table, page.read_text(encoding="utf-8"))
    namespace: dict[str, Any] = {"__name__": "__page__"}
    parts, at, printed = [], 0, None
    with _empty_folder():
        for block in _FENCE.finditer(text):
            parts.append(text[at : block.start()])
            language, code = block.groups()
            follows = printed is not None and not text[at : block.start()].strip()
            if language == "text" and follows:
                parts.append(f"```text\n{printed}```")
            else:
                parts.append(block.group())
            printed = None
            if language == "python":
                line = text[: block.start()].count("\n") + 1
                printed = _run_python(code, f"{page.name}, block at line {line}", namespace)
            elif language == "bash" and _is_followed_by_text(text, block.end()):
                printed = _run_commands(code)
            at = block.end()
    return "".join([*parts, text[at:]])


def _example_table(marker: re.Match[str]) -> str:
    head, path, name, end = marker.groups()
    return f"{head}\n{_tables_of(path)[name]}\n\n{end}"


@cache
def _tables_of(path: str) -> dict[str, str]:
    made: dict[str, str] = runpy.run_path(str(ROOT / path))["tables"]()
    return made


def _is_followed_by_text(text: str, position: int) -> bool:
    return text[position:].lstrip("\n").startswith("```text\n")


def _run_python(code: str, where: str, namespace: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, where, "exec"), namespace)
    return _tidy(out.getvalue())


@cache
def _run_commands(code: str) -> str:
    """Run the commands as a reader does, who has installed popsim, 100 columns wide."""
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    environment = {**os.environ, "PATH": os.pathsep.join(paths), "COLUMNS": "100"}
    done = subprocess.run(
        ["sh", "-c", code], capture_output=True, text=True, encoding="utf-8", env=environment
    )
    return _tidy(done.stdout + done.stderr)


def _tidy(printed: str) -> str:
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


@contextlib.contextmanager
def _empty_folder() -> Iterator[None]:
    """A working folder in which the blocks may write, with the examples in it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        yield


def variables_page() -> str:
    """The registry of variables as a table."""
    from popsim.schema.variables import VARIABLES

    lines = [
        "# Variables",
        "",
        "Written by `python docs/generate.py` from the registry in `popsim/schema`. Dimensions are",
        "those of the variable itself; further ones (region, scenario, draw) broadcast by name. A",
        "value outside of the bounds is refused; bounds that are not given are none.",
        "",
        "| variable | dims | unit | bounds | English | 中文 | meaning |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in VARIABLES.values():
        forms = (
            f"With ({', '.join(form.dims)})"
            + (f" [{form.unit}]" if form.unit else "")
            + f" in a result: {form.meaning}"
            for form in row.forms
        )
        cells = (
            f"`{row.name}`",
            ", ".join(row.dims) or "none",
            row.unit,
            _bounds(row.lower, row.upper),
            row.en,
            row.labels["zh"],
            " ".join([row.meaning, *forms]),
        )
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _bounds(lower: float, upper: float) -> str:
    if math.isinf(lower) and math.isinf(upper):
        return ""
    if math.isinf(upper):
        return f"from {lower:g}"
    return f"to {upper:g}" if math.isinf(lower) else f"{lower:g} to {upper:g}"


def evidence_page() -> str:
    """The evidence library as two tables: priors, and the studies behind them."""
    from popsim import data
    from popsim.policy import evidence

    priors, studies = data.table("evidence_priors"), evidence.studies()
    verified = int((studies["verified"] == "yes").sum())
    lines = [
        "# Evidence",
        "",
        "Written by `python docs/generate.py` from the tables `evidence_priors` and",
        '`evidence_studies`. In Python: `ps.evidence.studies()`, `ps.evidence.prior("cash")`.',
        f"There are {len(studies)} studies; the figures of {verified} of them were checked against",
        "the publication. Which of the priors a simulation reads is said in",
        "[How births respond](../response.md).",
        "",
        "## Priors",
        "",
        "A median, an 80 % range, and what a value can be at all. These are a reading of the",
        "studies, not measurements.",
        "",
        "| class | parameter | median | 80 % range | can be | distribution | unit | meaning | why "
        "| studies |",
        "|---|---|---:|---|---|---|---|---|---|---|",
    ]
    for row in priors.to_dict("records"):
        fixed = row["distribution"] == "fixed"
        spread = "" if fixed else f"{row['lower_80']:g} to {row['upper_80']:g}"
        cells = (
            row["instrument_class"],
            row["parameter"],
            f"{row['median']:g}",
            spread,
            f"{row['least']:g} to {row['most']:g}",
            row["distribution"],
            row["unit"],
            row["meaning"],
            row["reasoning"],
            _links(row["studies"]),
        )
        lines.append(_row(cells))
    lines += [
        "",
        "## Studies",
        "",
        'Null and negative findings stay in. "Checked" says whether the figure was compared with',
        "the publication.",
        "",
        "| study | instrument | setting | design | births | estimate | what it implies "
        "| lasting part | grade | checked | source |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in studies.to_dict("records"):
        known = not pd.isna(row["estimate"])
        cells = (
            f'<a id="{row["id"]}"></a>{row["study"]} {row["year"]}',
            row["instrument"],
            row["setting"],
            row["design"],
            row["parity"],
            f"{row['estimate']:g} {_text(row['unit'])}" if known else _text(row["unit"]),
            row["implication"],
            row["quantum"],
            row["grade"],
            row["verified"],
            row["source"],
        )
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _links(ids: object) -> str:
    return ", ".join(f"[{name}](#{name})" for name in _text(ids).split())


def _text(value: object) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _row(cells: tuple[object, ...]) -> str:
    # A dollar sign would begin a formula.
    shown = (_text(cell).replace("|", "\\|").replace("$", "\\$") for cell in cells)
    return "| " + " | ".join(shown) + " |"


def out_of_date() -> Iterator[tuple[Path, str]]:
    """Pages that differ from what they would be now, and what they would be."""
    writers = reference_pages()
    for path in [*writers, *pages()]:
        text = writers[path]() if path in writers else render(path)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield path, text


def main() -> int:
    """Write or compare; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    stale = False
    for path, text in out_of_date():
        stale = True
        print(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
