"""Population projection and family-policy simulation.

The public names are listed in ``_WHERE``; each is imported on first use, so that
``import popsim`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_WHERE = {
    "project": "popsim.projection",
    "simulate": "popsim.simulation",
    "compare": "popsim.analysis.compare",
    "load_baseline": "popsim.baselines.load",
    "build_baseline": "popsim.baselines.build",
    "load_scenario": "popsim.scenario.load",
    "Scenario": "popsim.scenario.model",
    "life_table": "popsim.demography.mortality.lifetable",
    "women_by_parity_from_census": "popsim.baselines.parity_census",
}
_MODULES = {
    "indicators": "popsim.demography.indicators.tables",
    "evidence": "popsim.policy.evidence",
    "plot": "popsim.plot",
    "errors": "popsim.errors",
}

__all__ = [*_WHERE, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(importlib.import_module(_WHERE[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    elif name == "__version__":
        from popsim.schema.provenance import popsim_version

        value = popsim_version()
    else:
        raise AttributeError(f"module 'popsim' has no attribute {name!r}")
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
