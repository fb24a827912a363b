"""Draws: reproducible random numbers, and paths of fertility, mortality and migration."""
