"""The drawing of the package's rooms and of who imports whom, made from the imports themselves.

Rows follow from the arrows: a room stands above all that it imports. An arrow that goes without
saying, because a longer way leads there as well, is left out.
"""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "popsim"
#: Imported by nearly every room; its arrows would hide the others.
GROUND = "errors"

WIDE, HIGH, GAP, ROW, MARGIN = 112, 34, 26, 78, 24


def rooms() -> dict[str, set[str]]:
    """Room -> the rooms that it imports, on loading or within a function."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        arrows = found.setdefault(room, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            arrows |= {name for name in _imported(node) if name != room}
    return {room: arrows & found.keys() for room, arrows in found.items()}


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module == "popsim":
        names = [f"popsim.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    else:
        names = []
    return {name.split(".")[1] for name in names if name.startswith("popsim.")}


def heights(arrows: dict[str, set[str]]) -> dict[str, int]:
    """Rows of the rooms from the ground up: each above all that it imports.

    A room that imports none stands right below the first that imports it.
    """
    found: dict[str, int] = {}
    while len(found) < len(arrows):
        ready = [r for r in arrows if r not in found and arrows[r] <= found.keys()]
        if not ready:
            raise ValueError(f"a circle among {sorted(arrows.keys() - found.keys())}")
        found |= {r: 1 + max((found[to] for to in arrows[r]), default=-1) for r in ready}
    leaves = {r: [found[above] for above in arrows if r in arrows[above]] for r in arrows}
    return found | {r: min(above) - 1 for r, above in leaves.items() if above and not arrows[r]}


def drawn(arrows: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The arrows without those that a longer way makes superfluous."""

    def reached(room: str) -> set[str]:
        return {room}.union(*(reached(to) for to in arrows[room]))

    return [
        (room, to)
        for room in arrows
        for to in sorted(arrows[room])
        if not any(to in reached(via) for via in arrows[room] - {to})
    ]


def house_svg() -> str:
    """The drawing; on a light card of its own, so that it reads on light and dark pages."""
    all_arrows = rooms()
    arrows = {r: to - {GROUND} for r, to in all_arrows.items() if r != GROUND}
    row = heights(arrows)
    top = max(row.values())
    lines = drawn(arrows)
    at = _places(row, lines)
    width = 2 * MARGIN + max(x for x, _ in at.values()) + WIDE
    height = 2 * MARGIN + (top + 1) * ROW + HIGH
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        'role="img" aria-label="The rooms of popsim; each imports only rooms below it">',
        "<style>text{font:14px system-ui,sans-serif;fill:#1b2733;text-anchor:middle}"
        ".arrow{fill:none;stroke:#5b7083;stroke-width:1.4;marker-end:url(#head)}"
        ".room{fill:#dfeaf3;stroke:#35566f}.ground{fill:#f3e6d3;stroke:#7a5b2e}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b7083"/></marker></defs>',
        f'<rect width="{width:g}" height="{height:g}" rx="10" fill="#fbfcfd"/>',
    ]
    for room, to in lines:
        (x1, y1), (x2, y2) = at[room], at[to]
        x1, y1, x2 = x1 + MARGIN + WIDE / 2, y1 + MARGIN + HIGH, x2 + MARGIN + WIDE / 2
        y2 += MARGIN
        middle = (y1 + y2) / 2
        parts.append(
            f'<path class="arrow" d="M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} '
            f'{x2:g} {y2 - 1:g}"/>'
        )
    for room, (x, y) in at.items():
        parts.append(_box(room, x + MARGIN, y + MARGIN, WIDE, "room"))
    said = f"{GROUND}: everything above may raise and warn"
    parts.append(_box(said, MARGIN, height - MARGIN - HIGH, width - 2 * MARGIN, "ground"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _box(text: str, x: float, y: float, width: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{HIGH}" rx="6"/>'
        f'<text x="{x + width / 2:g}" y="{y + HIGH / 2 + 5:g}">{text}</text>'
    )


def _places(row: dict[str, int], lines: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Left upper corners: rooms of a row ordered by where the rooms that import them stand."""
    top = max(row.values())
    full = max(sum(r == level for r in row.values()) for level in range(top + 1))
    full = max(full, 3) * (WIDE + GAP) - GAP
    at: dict[str, tuple[float, float]] = {}
    for level in range(top, -1, -1):

        def wanted(room: str) -> float:
            above = [at[r][0] for r, to in lines if to == room and r in at]
            return sum(above) / len(above) if above else full / 2

        members = sorted((r for r in row if row[r] == level), key=lambda r: (wanted(r), r))
        left = (full - (len(members) * (WIDE + GAP) - GAP)) / 2
        if len(members) == 1 and level < top:
            # To the side of a straight line from above, so that longer arrows pass it.
            left += (WIDE + GAP) * (-0.5 if (top - level) % 2 else 0.5)
        for i, room in enumerate(members):
            at[room] = (left + i * (WIDE + GAP), (top - level) * ROW)
    return at
