"""Colours, and a font that has Chinese."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import xarray as xr
from matplotlib import font_manager

from popsim import languages
from popsim.errors import MissingFontWarning
from popsim.languages import CHINESE, in_each, of_attributes

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
    """Settings of every figure; Chinese characters fall back to a font that has them.

    Warns
    -----
    MissingFontWarning
        Chinese is asked for, and no font has it.
    """
    family = chinese_family()
    if family is None and languages.spoken() == CHINESE:
        warnings.warn(
            "no font with Chinese is installed: the figure is in English. "
            "Install one: pip install popsim[zh]",
            MissingFontWarning,
            stacklevel=4,
        )
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


def label(key: str, english: str, **parts: object) -> str:
    """A label of a figure in the language that :func:`popsim.set_options` says.

    The arguments are those of :func:`popsim.languages.in_each`.
    """
    return shown(in_each(key, english, **parts))


def shown(said: Mapping[str, str], between: str = "  ") -> str:
    """A label by language as figures show it: without Chinese where no font has it."""
    if chinese_family() is None:
        said = {code: text for code, text in said.items() if code != CHINESE}
    return languages.label(said, between)


def axis_label(array: xr.DataArray, name: str = "") -> str:
    """Name and unit of an array; ``name`` where it has none."""
    said = shown(of_attributes(array.attrs)) or name
    return f"{said} [{array.attrs['units']}]" if array.attrs.get("units") else said
