"""Starts a service with all doors, and has clients in another environment ask it, and a browser where there is one.

`python -m tests.clients PYTHON`, with the Python of that environment.
"""

import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.server.app.api import create_api
from engine.server.app.housekeeping import keep_house
from engine.server.app.listener import serve
from engine.server.app.tcp import open_tcp
from engine.server.dependencies.service import Service
from engine.server.security.bounds import Bounds, RequestLimits
from engine.server.security.guard import Guard
from engine.settings.servicesettings import DoorName
from engine.settings.settings import Settings
from tests import pdfs
from tests.clients import browser
from tests.engine.server.serving import serving
from tui.command.browsercommand import dashboard_command

SHOWS_DASHBOARD = find_spec("textual_serve") is not None
TOKEN = "a-token-that-is-long-enough-for-a-test"


def main(python: str) -> int:
    """Run all clients; returns the exit status."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        report = folder / "report.pdf"
        report.write_bytes(pdfs.report())
        settings = Settings(
            input=folder / "input", output=folder / "output", num_workers=2, ocr="never", doors=tuple(DoorName)
        )
        engine = stack.enter_context(Engine(settings))
        service = Service(engine, lambda now: None, dashboard=dashboard_command(settings) if SHOWS_DASHBOARD else ())
        keep_house(service)
        api = Bounds(create_api(service), RequestLimits.for_uploads(settings.max_upload))
        guarded = stack.enter_context(serving(Guard(api, token=TOKEN)))
        trusting = stack.enter_context(serving(Guard(api, token=TOKEN, trusted=("127.0.0.0/8",))))
        if browser.PROGRAM is not None:
            browser.check(guarded, TOKEN)
            print("passed  a browser", flush=True)
            if SHOWS_DASHBOARD:
                door = open_tcp("127.0.0.1", 0, TOKEN)
                stack.callback(serve(service, bind(settings.state_folder), door).stop)
                engine.submit(report)
                browser.check_dashboard(door.url, TOKEN)
                print("passed  the dashboard in it", flush=True)
        asking = Path(__file__).with_name("asking.py")
        # From here, since they run elsewhere; as it is called, since it is by its name that it finds its libraries.
        command = [Path(python).absolute(), asking, guarded, trusting, TOKEN, report]
        return subprocess.run(command, check=False, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
