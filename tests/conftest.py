"""Fixtures of the whole suite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, so that a verdict on a commit does not hang on luck;
# `pytest --hypothesis-profile=explore` draws new ones, for whoever looks for more.
settings.register_profile("explore", settings.default)
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

#: What takes an example of a docstring a second and more.
_SLOW_CALL = re.compile(r"\b(simulate|load_regions|stack_regions|optimise|constrained_fertility)\(")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark examples of docstrings slow that simulate, as tests are marked by hand."""
    for item in items:
        examples = item.dtest.examples if isinstance(item, pytest.DoctestItem) else []
        if any(_SLOW_CALL.search(example.source) for example in examples):
            item.add_marker(pytest.mark.slow)


REFERENCE = Path(__file__).resolve().parent / "reference"


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of published figures to test against; its README names their publishers."""
    return REFERENCE
