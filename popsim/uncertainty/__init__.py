"""Draws: reproducible random numbers, and paths of fertility, mortality and migration."""

from popsim.uncertainty.paths import demographic_draws

__all__ = ["demographic_draws"]
