"""What the command line takes."""

import typer.main
from typer.testing import CliRunner

from tui.command.cli import app

OF_RUNS = {"once", "json", "help"}
"""What means nothing to a dashboard."""


def test_the_dashboard_takes_what_a_run_takes() -> None:
    group = typer.main.get_group(app)
    run = group.commands["run"]
    taken = {option for param in group.params for option in param.opts}
    wanted = {option for param in run.params if param.name not in OF_RUNS for option in param.opts}
    assert wanted <= taken


def test_an_option_of_the_dashboard_is_a_setting() -> None:
    refused = CliRunner().invoke(app, ["--ocr", "sometimes"])
    assert refused.exit_code == 2
    assert "hotfolio: " in refused.output
    assert "ocr" in refused.output
    assert "No such option" not in refused.output
