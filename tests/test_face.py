"""The public face: what ``ps.`` and the rooms offer, typed, listed, and loaded on first use."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import popsim as ps
from popsim._lazy import public_names
from popsim.errors import PopsimError, UnknownNameError

ROOT = Path(ps.__file__).parent
PACKAGES = sorted(
    ".".join(("popsim", *stub.parent.relative_to(ROOT).parts))
    for stub in ROOT.rglob("__init__.pyi")
)
#: What DESIGN.md promises and exists.
NAMES = """
Scenario board build_baseline calibrate_take_up capacity compare cost_effectiveness errors
evidence frontier indicators life_table load_baseline load_regions load_scenario optimise plot
project sensitivity set_options simulate women_by_parity_from_census
""".split()  # noqa: SIM905


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_public_names_and_nothing_else():
    assert dir(ps) == ps.__all__ == sorted(NAMES)
    ps.load_scenario("ouhai")  # loads modules of the package, which are not listed either
    assert dir(ps) == sorted(NAMES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_listed_name_is_there_and_is_what_the_stub_says(package):
    module = importlib.import_module(package)
    assert dir(module) == module.__all__ == sorted(public_names(package))
    for name, where in public_names(package).items():
        value = getattr(module, name)
        assert value is not None
        if callable(value):
            assert value is vars(sys.modules[where])[name]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_stub_is_read_as_python_reads_it(package):
    """The names are found by a pattern, since ``ast`` would take longer than all else."""
    stub = ROOT.joinpath(*package.split(".")[1:], "__init__.pyi").read_text(encoding="utf-8")
    said = {
        alias.asname: node.module
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "*"
    }
    assert said.items() <= public_names(package).items()
    stars = [m for m in stub.splitlines() if m.endswith("import *")]
    assert stars or len(said) == len(public_names(package))


def test_the_rooms_are_flat():
    from popsim.analysis import board, compare, tornado
    from popsim.baselines import load_regions, registered_share
    from popsim.demography import lee_carter, life_table, rogers_castro, total_fertility_rate
    from popsim.uncertainty import Intervals, demographic_draws, quantiles

    assert compare is ps.compare
    assert board is ps.board
    assert load_regions is ps.load_regions
    assert life_table is ps.life_table
    assert total_fertility_rate is ps.indicators.total_fertility_rate
    assert lee_carter.fit_lee_carter is ps.demography.fit_lee_carter
    for each in (tornado, registered_share, rogers_castro, Intervals, demographic_draws, quantiles):
        assert callable(each)
    for room in ("ages", "fertility", "indicators", "migration", "mortality"):
        assert set(dir(getattr(ps.demography, room))) <= set(dir(ps.demography))


def test_a_function_is_not_hidden_by_the_module_of_its_name():
    """Python binds ``popsim.analysis.compare`` in its package when another module loads it."""
    code = (
        "import popsim.analysis.frontier, popsim.plot.board;"
        "from popsim.analysis import compare, frontier;"
        "from popsim.plot import board;"
        "print(compare.__name__, frontier.__name__, board.__name__)"
    )
    assert python(code) == "compare frontier board"


def test_the_rooms_are_lazy():
    code = (
        "import sys, popsim.demography, popsim.baselines, popsim.analysis, popsim.uncertainty;"
        "import popsim.plot;"
        "print(sorted({'numpy', 'numba', 'xarray', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    assert python(code) == "[]"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("simulat", "did you mean 'simulate'?"),
        ("optimize", "did you mean 'optimise'?"),
        ("load_scenarios", "did you mean 'load_scenario'?"),
        ("fit_lee_carter", "from popsim.demography import fit_lee_carter"),
        ("write_zarr", "from popsim.io import write_zarr"),
    ],
)
def test_a_wrong_name_says_the_nearest(name, fix):
    with pytest.raises(AttributeError) as caught:
        getattr(ps, name)
    assert isinstance(caught.value, UnknownNameError)
    assert isinstance(caught.value, PopsimError)
    assert caught.value.fix == fix
    assert caught.value.got == name
    assert "project" in caught.value.allowed


def test_a_wrong_name_of_a_room():
    with pytest.raises(UnknownNameError, match="did you mean 'life_table'"):
        _ = ps.demography.life_tabel
    assert not hasattr(ps, "assimilate")  # what does not exist yet is no stub


def test_modules_are_reached_whether_loaded_or_not():
    code = "import popsim; print(popsim.demography.life_table.__name__, popsim.simulation.__name__)"
    assert python(code) == "life_table popsim.simulation"


def test_version():
    assert ps.__version__[0].isdigit()
    assert "__version__" not in dir(ps)
