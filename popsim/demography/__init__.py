"""Labelled demography: rates, life tables, schedules and indicators with any leading dims."""

from popsim._lazy import attach

__all__ = attach(__name__)
