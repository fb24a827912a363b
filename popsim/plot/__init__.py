"""Figures of results, in English and Chinese.

``pyramid`` population by age and sex, ``fan`` a path with its bands, ``compare`` scenarios
beside their baseline. Each draws on axes that you give, or makes a figure.
"""

from __future__ import annotations

from popsim.plot.paths import compare, fan
from popsim.plot.pyramids import pyramid

__all__ = ["compare", "fan", "pyramid"]
