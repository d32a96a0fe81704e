"""Lets `python -m tui` stand for the `hotfolio` command."""

from tui.command.entry import main

main()
