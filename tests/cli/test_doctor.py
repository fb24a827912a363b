"""The command that says what popsim stands on."""

from __future__ import annotations

import json
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from popsim.cli import commands, doctor, tables
from popsim.kernels import _cache, ratios
from popsim.plot import style

ROOT = Path(__file__).resolve().parents[2]
runner = CliRunner()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A cache of its own for the command."""
    made = _cache.Store(tmp_path / ("0" * 32))
    monkeypatch.setattr(_cache, "STORE", made)
    return made


def examined(*arguments):
    done = runner.invoke(commands.app, ["doctor", "--json", *arguments])
    return done.exit_code, json.loads(done.stdout)


def problem(report, words):
    (one,) = [p for p in report["problems"] if words in p["what"]]
    return one


def test_says_versions_threads_cache_fonts_and_extras(store):
    store.write("one.nbc", b"whole")
    code, report = examined()
    assert (code, report["problems"]) == (0, [])
    libraries = {one["name"]: one for one in report["libraries"]}
    assert libraries["numpy"] == {"name": "numpy", "version": np.__version__, "needs": ">=2.0"}
    assert libraries["llvmlite"]["version"] == _cache.environment()["llvmlite"]
    assert report["python"]["executable"] == sys.executable
    assert report["threads"]["kernels"] >= 1
    assert report["kernels"] == {"right": True}
    cache = report["cache"]
    assert cache["folder"] == str(store.folder)
    assert cache["files"] >= 1
    assert cache["bytes"] == sum(p.stat().st_size for p in store.folder.iterdir())
    assert (cache["damaged"], cache["writable"], cache["folders_of_other_keys"]) == (0, True, 0)
    assert cache["key"] == _cache.key()
    assert report["fonts"] == {"chinese": style.chinese_family()}
    assert {one["name"] for one in report["extras"]} == set(doctor.EXTRAS)


def test_all_that_is_asked_for_is_looked_at():
    path = ROOT / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) - {"test", "docs", "dev"} == set(doctor.EXTRAS)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_fits_80_columns(width, broken, store, monkeypatch, capsys):
    if broken:
        (store.folder.parent / "taken").write_text("a file")
        monkeypatch.setattr(store, "_given", store.folder.parent / "taken" / ("0" * 90))
    monkeypatch.setattr(tables, "console", Console(width=width))
    report = doctor.examine()
    doctor._print(report)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= min(width, 80)
    assert ("nothing is broken" in lines) is not broken
    assert any(line.startswith("broken: the cache cannot be written") for line in lines) is broken


def test_a_damaged_cache_is_broken(store):
    store.folder.mkdir()
    (store.folder / "one.nbc").write_bytes(b"cut off")
    code, report = examined()
    assert code == 1
    assert report["cache"]["damaged"] == 1
    assert str(store.folder) in problem(report, "cut off or not of popsim")["fix"]


def test_a_cache_that_cannot_be_written_is_broken(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file, not a folder")
    monkeypatch.setattr(_cache, "STORE", _cache.Store(tmp_path / "taken" / "x"))
    code, report = examined()
    assert code == 1
    assert report["cache"]["writable"] is False
    assert "NUMBA_CACHE_DIR" in problem(report, "cannot be written")["fix"]


def test_a_wrong_kernel_is_broken(store, monkeypatch):
    monkeypatch.setattr(ratios, "percent_of", lambda values, part, of, out: out.fill(50.0))
    code, report = examined()
    assert code == 1
    assert "50.0 percent" in problem(report, "kernel is wrong")["what"]


def test_a_library_that_is_absent_old_or_does_not_load_is_broken(store, monkeypatch):
    found = {"scipy": None, "pandas": "1.5.3"}
    known = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: found.get(name, known(name)))
    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    code, report = examined()
    assert code == 1
    assert problem(report, "scipy")["what"] == "scipy: not installed"
    assert problem(report, "pandas 1.5.3")["fix"] == 'pip install "pandas>=2.2.2"'
    assert "does not load" in problem(report, "h5netcdf")["what"]


def test_a_section_that_fails_does_not_take_the_others_with_it(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "popsim.plot.style", None)
    code, report = examined()
    assert code == 1
    assert report["fonts"] is None
    assert problem(report, "fonts: ")["fix"].startswith("install popsim anew")
    assert report["extras"]
    assert runner.invoke(commands.app, ["doctor"]).exit_code == 1


def test_what_is_only_missing_is_not_broken(store, monkeypatch):
    known = doctor._version
    absent = {"dask", "noto-cjk-sans-otc"}
    monkeypatch.setattr(doctor, "_version", lambda n: None if n in absent else known(n))
    monkeypatch.setattr(style, "chinese_family", lambda: None)
    code, report = examined()
    assert code == 0
    extras = {one["name"]: one for one in report["extras"]}
    assert extras["distributed"]["missing"] == ["dask"]
    assert extras["zh"]["installed"] is False
    printed = " ".join(runner.invoke(commands.app, ["doctor"]).output.split())
    assert "pip install popsim[distributed], for runs in blocks" in printed
    assert "none: labels of figures are English alone" in printed


def test_run_from_its_folder_it_is_not_installed(store, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    monkeypatch.setattr(metadata, "requires", absent)
    code, report = examined()
    assert code == 1
    assert problem(report, "popsim is not installed")
    assert report["libraries"] == []
