"""Indicators of population, births and deaths, and what changes them."""
