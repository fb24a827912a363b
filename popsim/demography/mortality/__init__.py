"""Mortality: life tables, survival, old ages, models and forecasts."""
