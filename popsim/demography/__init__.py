"""Labelled demography: rates, life tables, schedules and indicators with any leading dims."""
