"""Fertility: measures, schedules, tempo and parity."""

from popsim._lazy import attach

__all__ = attach(__name__)
