"""Colours, and a font that has Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager

#: Distinguishable without colour vision (Okabe and Ito 2008).
BASELINE_COLOUR = "#4d4d4d"
SCENARIO_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
FEMALE_COLOUR, MALE_COLOUR = "#cc79a7", "#0072b2"

#: Families with the characters of simplified Chinese, in the order they are looked for.
_CHINESE_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",  # has the characters, in their Japanese forms
)
#: A package that carries such a font, for machines that have none.
_FONT_PACKAGE, _FONT_FILE = "noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc"


@cache
def chinese_family() -> str | None:
    """Name of an installed font family that has Chinese characters, or None.

    The machine's own fonts come first, then the package ``noto-cjk-sans-otc``, which
    ``pip install popsim[zh]`` brings.
    """
    family = _first_known()
    if family is None and find_spec(_FONT_PACKAGE) is not None:
        path = Path(str(import_module(_FONT_PACKAGE).__file__)).parent / _FONT_FILE
        font_manager.fontManager.addfont(str(path))
        family = _first_known()
    return family


def _first_known() -> str | None:
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((family for family in _CHINESE_FAMILIES if family in known), None)


@contextmanager
def styled() -> Iterator[None]:
    """Settings of every figure; Chinese characters fall back to a font that has them."""
    family = chinese_family()
    settings: dict[Any, Any] = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.unicode_minus": False,
    }
    if family is not None:
        settings["font.family"] = ["DejaVu Sans", family]
    with mpl.rc_context(settings):
        yield


def bilingual(en: str, zh: str) -> str:
    """English with the Chinese behind it, or English alone where no font has Chinese."""
    return f"{en}  {zh}" if zh and chinese_family() is not None else en
