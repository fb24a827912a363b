"""Migration: flows, residual estimates and age schedules."""

from popsim._lazy import attach

__all__ = attach(__name__)
