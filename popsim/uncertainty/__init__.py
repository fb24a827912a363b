"""Draws: reproducible random numbers, and paths of fertility, mortality and migration."""

from popsim._lazy import attach

__all__ = attach(__name__)
