"""Lets `python -m tui` stand for the `hotfolio` command."""

from tui.cli import main

main()
