"""Mortality: life tables, survival, old ages, models and forecasts."""

from popsim._lazy import attach

__all__ = attach(__name__)
