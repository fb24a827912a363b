"""The command as a person runs it."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from popsim.cli import commands as cli
from popsim.errors import OutputError
from popsim.languages import spoken
from popsim.scenario.catalogue import scenario_path

runner = CliRunner()


@pytest.mark.slow
def test_run_writes_a_result_and_two_figures(tmp_path):
    arguments = ["run", "ouhai", "--draws", "20", "--end", "2030", "--out", str(tmp_path)]
    done = runner.invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "ouhai.nc", "ouhai_births.png", "ouhai_pyramid.png",
    ]  # fmt: skip
    with xr.open_dataset(tmp_path / "ouhai.nc") as result:
        assert result.sizes["draw"] == 20
        assert int(result["year"][-1]) == 2030
        assert "name: ouhai" in result.attrs["scenario_yaml"]
    for name in ("ouhai_births.png", "ouhai_pyramid.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert "additional births" in done.output
    assert "财政" in done.output or "支出" in done.output


@pytest.mark.slow
def test_out_may_name_the_file(tmp_path):
    target = tmp_path / "mine.nc"
    arguments = ["run", "ouhai", "--draws", "5", "--end", "2025", "--out", str(target)]
    assert runner.invoke(cli.app, arguments).exit_code == 0
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["mine.nc", "mine_births.png", "mine_pyramid.png"]


@pytest.mark.slow
def test_printed_figures_are_those_of_the_file(tmp_path):
    arguments = ["run", "ouhai", "--draws", "20", "--end", "2025", "--out", str(tmp_path)]
    done = runner.invoke(cli.app, arguments)
    with xr.open_dataset(tmp_path / "ouhai.nc") as result:
        births = result["births"].sel(scenario="baseline", year=2025).sum("order")
    assert f"{np.median(births):,.0f}" in done.output


def test_list_names_scenarios_and_baselines():
    done = runner.invoke(cli.app, ["list"])
    assert done.exit_code == 0
    for name in ("ouhai", "huzhou", "china"):
        assert name in done.output


def test_validate(tmp_path):
    done = runner.invoke(cli.app, ["validate", str(scenario_path("ouhai"))])
    assert done.exit_code == 0
    assert "valid" in done.output
    assert "一次性生育补贴" in done.output


def run_main(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["popsim", *arguments])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return exit_.value.code, capsys.readouterr().err


def test_mistakes_are_messages_not_tracebacks(monkeypatch, capsys, tmp_path):
    code, message = run_main(monkeypatch, capsys, "run", "oohai")
    assert code == 2
    assert "did you mean 'ouhai'" in message

    path = tmp_path / "mine.yaml"
    text = scenario_path("ouhai").read_text(encoding="utf-8")
    path.write_text(text.replace("amounts:", "amount:", 1), encoding="utf-8")
    code, message = run_main(monkeypatch, capsys, "validate", str(path))
    assert code == 2
    assert "unknown key 'amount'" in message
    assert "did you mean 'amounts'" in message

    code, message = run_main(monkeypatch, capsys, "run", "ouhai", "--end", "2150")
    assert code == 2
    assert "2021 to 2100" in message


def test_unwritable_output_is_found_before_the_work(monkeypatch, capsys, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    code, message = run_main(
        monkeypatch, capsys, "run", "ouhai", "--out", str(tmp_path / "taken" / "x")
    )
    assert code == 2
    assert "the output cannot be written" in message


def test_failed_write_leaves_what_stood_there(tmp_path, monkeypatch):
    from popsim.io.write import write_netcdf

    target = tmp_path / "result.nc"
    write_netcdf(xr.Dataset({"births": ("year", [1.0])}), target)
    before = target.read_bytes()

    def half(self, path, **_):
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(xr.Dataset, "to_netcdf", half)
    with pytest.raises(OutputError, match="what stood there before is unchanged"):
        write_netcdf(xr.Dataset({"births": ("year", [2.0])}), target)
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["result.nc"]


def has_chinese(text):
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def test_the_command_speaks_one_language_or_both(tmp_path):
    def output(*arguments):
        done = runner.invoke(cli.app, [*arguments, "--end", "2025", "--draws", "5"])
        assert done.exit_code == 0, done.output
        assert spoken() == "both"  # what the command is told holds for the command
        return done.output

    run = ("run", "ouhai", "--out", str(tmp_path))
    english, chinese, both = (output("--language", code, *run) for code in ("en", "zh", "both"))
    assert both == output(*run)
    assert "additional births" in english
    assert not has_chinese(english)
    assert "additional births" not in chinese
    assert "\u65b0\u589e\u51fa\u751f" in chinese  # additional births
    assert "additional births" in both
    assert "\u65b0\u589e\u51fa\u751f" in both
    assert "indicator" in output("board", "huzhou")
    head = "\u6307\u6807"
    assert head in output("--language", "zh", "board", "huzhou")
    assert head in output("board", "huzhou", "--language", "zh")


def test_list_in_one_language():
    assert not has_chinese(runner.invoke(cli.app, ["--language", "en", "list"]).output)
    chinese = runner.invoke(cli.app, ["--language", "zh", "list"]).output
    assert has_chinese(chinese)
    assert "Ouhai 2024" not in chinese


def test_an_unknown_language_is_a_message(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["popsim", "--language", "german", "list"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "there are no labels in 'german'" in said
    assert "en, zh, both" in said
