"""Figures of results, in English and Chinese.

``pyramid`` population by age and sex, ``fan`` a path with its bands, ``compare`` scenarios
beside their baseline, ``tornado`` what each group of draws does, ``frontier`` births gained
against spending, ``board`` indicators against their targets, ``capacity`` places against those
who need them, ``forest`` the evidence. Each makes a figure, or draws on axes that you give.
"""

from __future__ import annotations

from popsim.plot.board import board
from popsim.plot.capacity import capacity
from popsim.plot.forest import forest
from popsim.plot.frontier import frontier
from popsim.plot.paths import compare, fan
from popsim.plot.pyramids import pyramid
from popsim.plot.tornado import tornado

__all__ = ["board", "capacity", "compare", "fan", "forest", "frontier", "pyramid", "tornado"]
