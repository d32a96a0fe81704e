"""Opens the dashboard: engine up, screen on, and everything in order again afterwards."""

import sys
import threading

from engine.engine import Engine
from engine.settings import LoadedSettings
from tui.line_output import ProgressDisplay
from tui.lost_terminal import LostTerminal
from tui.runner import POLL_S, signals_caught, stop_engine


def run_dashboard(loaded: LoadedSettings) -> int:
    """Show the dashboard until the person leaves; returns the exit status. Raises `HotfolioError` on a false start."""
    engine = Engine(loaded.settings)
    engine.start()
    signals = 0
    hurried = threading.Event()

    def on_signal() -> None:
        nonlocal signals
        signals += 1
        hurried.set()

    lost_terminal = LostTerminal(lambda: engine.stop(now=True))
    choice = None
    try:
        # Here, so that the queue is being loaded while the user interface is.
        from tui.app import Dashboard
        from tui.messages import QuitChoice

        app = Dashboard(engine, origins=loaded.origins, on_signal=lost_terminal.watch)
        choice = app.run(mouse=loaded.settings.mouse)
    finally:
        lost_terminal.left()
        with signals_caught(on_signal):
            if choice is not None and choice is QuitChoice.FINISH:
                _finish_running(engine, hurried)
            if engine.snapshot().totals.active:
                _say("Stopping: the page batches under way are finished, the rest is kept. ctrl+c stops at once.")
            before = signals
            stop_engine(engine, lambda: signals > before)
    return 0


def _finish_running(engine: Engine, hurried: threading.Event) -> None:
    """Let the running jobs end, and show how far they are."""
    engine.drain()
    _say("Finishing the running jobs; ctrl+c keeps what is done and stops.")
    with ProgressDisplay() as display:
        while engine.snapshot().totals.active and not hurried.wait(POLL_S):
            display.update(engine)


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        return  # the terminal is gone
