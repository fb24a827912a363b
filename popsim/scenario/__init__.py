"""Declarations of policy packages: what is promised to whom, from when, and who says so."""
