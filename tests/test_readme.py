"""The README shows what the command prints, and gives the commands that the project is run by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from popsim.cli import commands as cli

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.slow
def test_result_on_the_first_screen_is_what_the_command_prints(tmp_path, monkeypatch):
    """1,000 draws, seed 0, to 2060: the bits of a seed do not change, nor does this table."""
    text = README.read_text(encoding="utf-8")
    shown = re.search(r"<!-- popsim run ouhai -->\n```text\n(.*?)```", text, re.S)
    assert shown is not None
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(cli.app, ["run", "ouhai"]).output
    for line in shown.group(1).splitlines():
        words = line.split()
        assert any(words == other.split() for other in printed.splitlines()), line


def test_readme_gives_two_commands_that_do_all_the_set_up():
    commands = re.findall(r"^(python3 -m venv .*)$", README.read_text(encoding="utf-8"), re.M)
    assert len(commands) == 2
    assert commands[0].endswith("popsim run ouhai")
    assert commands[1].endswith("python -m pytest -n 2")
