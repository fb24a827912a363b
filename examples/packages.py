"""Where each row of each policy document lives: as an instrument, an indicator, or a function.

Run it with ``python examples/packages.py``. It prints, in Markdown, the measures that an indicator
may name, and one table for each document.
"""

from __future__ import annotations

from popsim import data

#: What a kind of row is called, in English and Chinese.
KINDS = {
    "instrument": "instrument 政策工具",
    "background": "background 背景政策",
    "proposed": "proposed 拟议措施",
    "payment": "payments 发放记录",
    "budget": "budget 预算",
    "computed": "indicator, computed 指标（模拟计算）",
    "tracked": "indicator, tracked 指标（仅监测）",
    "function": "function 软件功能",
    "named": "named only 仅提及",
}


def table(document: str) -> str:
    """The rows of one document."""
    rows = data.table("package_rows").fillna({"lives_in": ""})
    lines = ["| row | 条目 | lives in 位置 | as 类别 |", "|---|---|---|---|"]
    for row in rows[rows["document"] == document].itertuples():
        place = f"`{row.lives_in}`" if row.lives_in else ""
        lines.append(f"| {row.row} | {row.term_zh} | {place} | {KINDS[row.kind]} |")
    return "\n".join(lines)


def measures() -> str:
    """What a computed indicator may name."""
    lines = ["| measure | | 指标 | unit | 单位 | meaning |", "|---|---|---|---|---|---|"]
    for row in data.table("indicator_measures").itertuples():
        cells = (f"`{row.measure}`", row.en, row.zh, row.unit_en, row.unit_zh, row.meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """The tables of this example by name."""
    documents = data.table("package_rows")["document"].unique()
    return {"measures": measures()} | {name: table(name) for name in documents}


def main() -> None:
    for name, text in tables().items():
        print(f"{name}\n\n{text}", end="\n\n")


if __name__ == "__main__":
    main()
