"""Draws the dashboard for a terminal in a browser: what the service starts for each, with the state folder it works on.

It speaks on its standard input and output with `engine.server.browser`, by Textual's own driver for that.
"""

import os
import sys
from pathlib import Path

from engine.base.errors import EngineUnreachable
from engine.remote.client import RemoteEngine


def main() -> None:
    """Show the dashboard until the browser leaves."""
    served_by = os.getppid()
    remote = RemoteEngine(Path(sys.argv[1]))
    # Who serves the browser is the engine's own process: when it has gone, there is nobody to draw for.
    remote.on_lost = lambda: os._exit(0) if os.getppid() != served_by else None
    try:
        remote.attach()
    except EngineUnreachable as error:
        sys.exit(str(error))
    from tui.dashboard.app import Dashboard
    from tui.text.glyphs import UNICODE

    Dashboard(remote, glyphs=UNICODE, few_colours=False, is_owner=False).run(mouse=True)
    remote.detach()


if __name__ == "__main__":
    main()
