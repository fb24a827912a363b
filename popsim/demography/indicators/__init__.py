"""Indicators of population, births and deaths, and what changes them.

``INDICATORS`` lists what :func:`table` computes from a result: names, units, and what each
needs. The functions themselves take plain arrays too.
"""

from popsim._lazy import attach

__all__ = attach(__name__)
