"""Fertility: measures, schedules, tempo and parity."""
