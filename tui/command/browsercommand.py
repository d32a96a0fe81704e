"""What is run for a dashboard in a browser; named, since importing it would load what only that process needs."""

import os
import sys

from engine.settings.settings import Settings

PROGRAM = "tui.command.browserdashboard"


def dashboard_command(settings: Settings) -> list[str]:
    """The command that draws the dashboard of this engine for a browser."""
    return [sys.executable, "-m", PROGRAM, os.fspath(settings.state_folder)]
