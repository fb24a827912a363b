"""Conventions are said once: kernels keep equal numbers of their own, and nobody else a copy."""

from __future__ import annotations

import ast
from pathlib import Path

import popsim
from popsim.kernels import parity_start
from popsim.kernels.lanes import first_year, inputs, women
from popsim.kernels.step import parity
from popsim.policy.benefits import CHILD_AGES
from popsim.schema import conventions
from popsim.schema.conventions import (
    BEARING_AGES,
    CHILD_END,
    COMPLETED_AGE,
    MIGRATION_FORMS,
    ORDERS,
    PARITIES,
    SEXES,
)
from popsim.schema.variables import VARIABLES

PACKAGE = Path(popsim.__file__).parent
SAID = [
    value
    for name, value in vars(conventions).items()
    if name.isupper() and isinstance(value, tuple) and len(value) > 1
]


def test_kernels_count_as_the_data_do():
    for module in (first_year, women, parity):
        assert (len(ORDERS), len(PARITIES)) == (module.ORDERS, module.PARITIES), module
    assert len(PARITIES) == parity_start.PARITIES
    assert inputs.BEARING_AGES == BEARING_AGES
    assert inputs.COMPLETED_AGE == COMPLETED_AGE
    # Ages 0 to 17 come in, and a year later those of 17 are 18.
    assert inputs.CHILD_AGES == CHILD_AGES == CHILD_END + 1


def test_names_are_those_of_the_registry():
    assert {*MIGRATION_FORMS, *conventions.MORTALITY_FORMS, *conventions.ORDER_FORMS} <= {
        *VARIABLES
    }
    dims = {dim for row in VARIABLES.values() for dim in row.dims}
    assert {*conventions.CORE_DIMS} <= dims


def copies(path):
    """Tuples and lists of constants in a module that are a convention."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple | ast.List):
            parts = node.elts
            if all(isinstance(e, ast.Constant) for e in parts):
                values = tuple(e.value for e in parts)
                if values in SAID:
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno} {values}"


def test_nobody_else_has_a_copy():
    found = [
        copy
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] != "kernels" and path.name != "conventions.py"
        for copy in copies(path)
    ]
    assert not found, "import them from popsim.schema.conventions"
    assert SEXES in SAID  # or nothing were looked for
