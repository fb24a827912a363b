"""The files around the code agree with it and with one another."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: What a requirement is imported as, where its name does not say so.
IMPORTED = {"PyYAML": "yaml", "noto-cjk-sans-otc": "noto_cjk_sans_otc"}
#: Brought for another: by xarray to read and write NetCDF-4.
FOR_ANOTHER = {"h5py", "h5netcdf"}


def loaded(path: str) -> dict:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def requirements(listed: list[str]) -> dict[str, str]:
    """Name -> lower bound."""
    found = (re.match(r"([\w-]+)(?:\[[\w,]+\])?(?:>=([\d.]+))?", text) for text in listed)
    return {match[1]: match[2] or "" for match in found if match}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_citation_has_the_version_of_the_package():
    citation = loaded("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_what_is_needed_is_imported():
    """No dependency, and no extra that people install, that no module uses."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "popsim").rglob("*.py"))
    extras = PROJECT["optional-dependencies"]
    assert set(extras) == {"distributed", "sensitivity", "zh", "test", "docs", "dev"}
    users = [r for name in ("distributed", "sensitivity", "zh") for r in extras[name]]
    for name in requirements([*PROJECT["dependencies"], *users]).keys() - FOR_ANOTHER:
        module = IMPORTED.get(name, name)
        assert re.search(rf"^\s*(import|from) {module}\b|[\"']{module}[.\"']", text, re.M), name
    assert "h5netcdf" in text


def test_lower_bounds_can_be_installed_together():
    """As tried: older ones fail beside NumPy 2, with the Cython of today, or beside zarr 3."""
    bounds = requirements(PROJECT["dependencies"])
    assert version(bounds["numpy"]) >= (2, 0)
    assert version(bounds["pandas"]) >= (2, 2, 2)
    assert version(bounds["PyYAML"]) >= (6, 0, 1)
    assert version(bounds["xarray"]) >= (2025, 1)


def test_pythons_are_the_same_everywhere():
    matrix = loaded(".github/workflows/ci.yml")["jobs"]["tests"]["strategy"]["matrix"]
    nox = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    named = re.search(r"PYTHONS = \[(.*)\]", nox)[1]
    assert matrix["python"] == re.findall(r'"([\d.]+)"', named)
    assert PROJECT["requires-python"] == f">={matrix['python'][0]}"


def test_workflow_runs_sessions_that_exist():
    sessions = set(
        re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.M)
    )
    steps = [
        step["run"]
        for job in loaded(".github/workflows/ci.yml")["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    called = [name for run in steps if run.startswith("nox -s") for name in run.split()[2:]]
    assert {"oldest", "lint", "docs", "wheel"} <= set(called) <= sessions


@pytest.mark.parametrize("form", ["fault", "figure", "wish"])
def test_forms_of_issues_have_what_a_code_host_asks_for(form):
    made = loaded(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert {"name", "description", "body"} <= made.keys()
    ids = [part["id"] for part in made["body"]]
    assert len(ids) == len(set(ids))
    assert any(part.get("validations", {}).get("required") for part in made["body"])


def test_hooks_call_the_tools_of_the_environment():
    hooks = [hook for repo in loaded(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {"ruff", "ruff-format", "mypy"} <= {hook["id"] for hook in hooks}
    assert {hook["language"] for hook in hooks} == {"system"}


@pytest.mark.parametrize("file", ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"])
def test_links_of_the_repositorys_own_pages_lead_somewhere(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        assert (ROOT / target).exists(), target
