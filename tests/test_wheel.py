"""What is installed is what stands in the repository: every module, table and scenario."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = (".py", ".pyi", ".csv", ".yaml", ".typed")


@pytest.mark.slow
def test_wheel_holds_all_of_the_package(tmp_path):
    # The setuptools of the extra `test` builds it: no package index is asked. Of a copy, since
    # what an earlier build left beside the package would be taken in.
    source = tmp_path / "source"
    for folder in ("popsim", "scenarios"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, source / folder, symlinks=True, ignore=skip)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    command += ["--quiet", "--wheel-dir", str(tmp_path), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("popsim/")}
    package = (p for p in (ROOT / "popsim").rglob("*") if p.suffix in PARTS)
    standing = {p.relative_to(ROOT).as_posix() for p in package}
    standing |= {f"popsim/scenarios/{p.name}" for p in (ROOT / "scenarios").glob("*.yaml")}
    assert held == standing
