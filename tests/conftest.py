"""Fixtures of the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, so that a verdict on a commit does not hang on luck;
# `pytest --hypothesis-profile=explore` draws new ones, for whoever looks for more.
settings.register_profile("explore", settings.default)
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

REFERENCE = Path(__file__).resolve().parent / "reference"


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of published figures to test against; its README names their publishers."""
    return REFERENCE
