"""Fixtures of the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of published figures to test against; the test skips where it is absent."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference figures are not here: {REFERENCE}")
    return REFERENCE
