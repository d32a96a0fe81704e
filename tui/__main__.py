"""Lets `python -m tui` stand for the `hotfolio` command."""

from tui.command.cli import main

main()
