"""The house as DESIGN draws it: arrows point downward, and importing is quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import popsim

PACKAGE = Path(popsim.__file__).parent

#: From the ground up; a module may import from its own level and from those before it.
LEVELS = [
    {"errors", "_lazy"},
    {"languages"},
    {"kernels"},
    {"options"},
    {"cells"},
    {"schema"},
    {"data"},
    {"demography"},
    {"baselines", "scenario"},
    {"uncertainty"},
    {"policy"},
    {"engine"},
    {"projection"},
    {"simulation"},
    {"analysis"},
    {"io"},
    {"plot"},
    {"report"},
    {"cli"},
]
RANK = {name: i for i, level in enumerate(LEVELS) for name in level}


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def part(path_or_name):
    """The part of the house that a file or a dotted name belongs to."""
    if isinstance(path_or_name, Path):
        return path_or_name.relative_to(PACKAGE).parts[0].removesuffix(".py")
    pieces = path_or_name.split(".")
    return pieces[1] if len(pieces) > 1 else None


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "popsim":
                yield from (f"popsim.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_imports_point_downward():
    wrong = []
    for path in modules():
        for name in imported(path):
            if not name.startswith("popsim"):
                continue
            here, there = part(path), part(name)
            if there is None:
                continue  # `import popsim`: the package itself, for its folder
            if RANK[there] > RANK[here]:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong


def test_no_circles():
    """Nor within a level: whoever imports a module can read it before what imports it."""
    inside = {
        ".".join(("popsim", *p.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): p
        for p in modules()
    }
    arrows = {name: {n for n in runtime(path) if n in inside} for name, path in inside.items()}
    while arrows:  # take away what imports nothing that is left
        free = [name for name, to in arrows.items() if not to - {name} & arrows.keys()]
        assert free, f"a circle among {sorted(arrows)}"
        for name in free:
            del arrows[name]


def runtime(path):
    """Modules that a file imports when it is loaded: not for types, not within functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


#: What compiles kernels, runs them in threads and keeps them: Python, beside the kernels.
RUNNERS = {"_jit.py", "_cache.py"}


def test_kernels_hold_numbers_only():
    for path in (PACKAGE / "kernels").rglob("*.py"):
        foreign = {name.split(".")[0] for name in imported(path)}
        runs = path.name in RUNNERS
        standard = {*sys.stdlib_module_names, "llvmlite"} if runs else {"collections", "typing"}
        assert foreign <= {"__future__", "numpy", "numba", "popsim", *standard}, path
        ours = {name for name in imported(path) if "popsim" in name}
        ours -= {"popsim.errors"} if runs else set()  # to warn
        assert all(name.startswith("popsim.kernels") for name in ours), path


def test_numba_is_configured_in_one_place():
    for path in modules():
        if path.name not in RUNNERS:
            assert "numba" not in {n.split(".")[0] for n in imported(path)}, path
        assert "fastmath=" not in path.read_text(encoding="utf-8"), path


def test_modules_stay_readable():
    long = {p.name: n for p in modules() if (n := len(p.read_text().splitlines())) > 600}
    assert not long


def test_import_is_quick_because_it_loads_nothing():
    code = (
        "import sys, popsim;"
        "heavy = {'numpy', 'numba', 'xarray', 'pandas', 'matplotlib'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
