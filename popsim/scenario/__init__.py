"""Declarations of policy packages: what is promised to whom, from when, and who says so."""

from popsim._lazy import attach

__all__ = attach(__name__)
