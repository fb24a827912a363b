"""The shipped scenarios give what they gave, unless the changelog says why not."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from popsim.scenario.catalogue import scenario_names

ROOT = Path(__file__).resolve().parents[1]
golden = runpy.run_path(str(ROOT / "tests" / "golden" / "regenerate.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_scenario_gives_its_golden_summary(name):
    kept = pd.read_csv(golden["FILE"])
    kept = kept[kept["scenario"] == name].reset_index(drop=True)
    now = golden["summary"](name)
    assert now[["what", "year"]].equals(kept[["what", "year"]])
    # The file has eight digits; exp and tanh of other machines differ in the sixteenth.
    np.testing.assert_allclose(now["median"], kept["median"], rtol=1e-6, atol=1e-6)


def test_a_change_is_explained_in_the_changelog():
    entry = f"Golden summaries: {golden['mark']()}"
    assert entry in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), (
        f"tests/golden/scenarios.csv has changed: say why in CHANGELOG.md, with the line {entry!r}"
    )
