"""Opens the dashboard: engine up, screen on, and everything in order again afterwards."""

from engine.engine import Engine
from engine.settings import Settings


def run_dashboard(settings: Settings) -> int:
    """Show the dashboard until the person leaves; returns the exit status. Raises `HotfolioError` on a false start."""
    engine = Engine(settings)
    engine.start()
    try:
        from tui.app import Dashboard

        Dashboard(engine).run()
    finally:
        engine.stop()
    return 0
