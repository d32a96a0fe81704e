"""Opens the dashboard: on the engine that runs, or on one it starts; and everything in order again afterwards."""

import contextlib
import gc
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.base.errors import EngineLocked, EngineUnreachable, HotfolioError
from engine.remote.client import RemoteEngine
from engine.settings.loading import COMMAND_LINE, LoadedSettings
from engine.settings.settings import OnHangup, Settings
from tui.command.background import BackgroundEngine, Order
from tui.command.line_output import ProgressDisplay
from tui.terminal.lost_terminal import LostTerminal
from tui.terminal.signals import POLL_S, SignalEvent, signals_caught

_REVIVE_S = 5.0
"""An engine that has died is started again at most so often."""
_OTHERS_START_S = 10.0
"""An engine that another dashboard is starting answers within this time."""


def run_dashboard(loaded: LoadedSettings) -> int:
    """Show the dashboard until the person leaves; returns the exit status. Raises `HotfolioError` on a false start.

    The terminal must be one that can draw.
    """
    remote = RemoteEngine(loaded.settings.state_folder, mine=loaded.settings)
    owner = _Owner(loaded, remote)
    try:
        remote.attach()
    except EngineUnreachable:
        owner.start()
    hurried = SignalEvent()
    signals: list[int] = []

    def end_without_screen() -> None:
        if signal.SIGHUP in signals and loaded.settings.on_hangup is OnHangup.BACKGROUND:
            owner.let_live()
        else:
            owner.stop(lambda: True)

    lost_terminal = LostTerminal(end_without_screen)

    def on_signal(number: int) -> None:
        signals.append(number)
        lost_terminal.watch()

    choice, code = None, 0
    try:
        # Here, so that the engine starts while the user interface is loaded.
        from tui.dashboard.app import Dashboard
        from tui.dashboard.messages import QuitChoice

        owner.wait_ready()
        app = Dashboard(
            remote,
            on_signal=on_signal,
            is_owner=owner.is_owner,
            start_engine=owner.start_another,
            remarks=[] if owner.is_owner else _not_in_force(loaded, remote.settings),
        )
        # What is there stays: to look through 100,000 jobs for garbage would stop the screen for most of a second.
        gc.freeze()
        choice = app.run(mouse=loaded.settings.mouse)
        code = app.return_code or 0
    finally:
        lost_terminal.left()
        with signals_caught(hurried.set):
            if choice is not None and choice is QuitChoice.BACKGROUND:
                owner.let_live()
            elif owner.is_owner:
                if choice is not None and choice is QuitChoice.FINISH:
                    _finish_running(remote, hurried)
                    hurried.clear()
                if remote.snapshot().totals.active:
                    _say("Stopping: the page batches under way are finished, the rest is kept. ctrl+c stops at once.")
                owner.stop(hurried.is_set)
            remote.detach()
    return code


class _Owner:
    """Sees to the engine that this dashboard has started, if it found none."""

    def __init__(self, loaded: LoadedSettings, remote: RemoteEngine) -> None:
        self._loaded = loaded
        self._remote = remote
        self._engine: BackgroundEngine | None = None
        self._started_at = 0.0
        self._starting = threading.Lock()
        """Held while one is started again, from the follower's thread or from the dashboard's."""

    @property
    def is_owner(self) -> bool:
        """Whether the engine ends with this dashboard."""
        return self._engine is not None and self._engine.is_alive

    def start(self) -> None:
        """Start one; `wait_ready` tells whether that went well."""
        self._engine = BackgroundEngine(Order(self._loaded.settings, dict(self._loaded.origins), self._loaded.source))
        self._started_at = time.monotonic()

    def wait_ready(self) -> None:
        """Wait until the engine works, and attach to it; raises `HotfolioError`."""
        if self._engine is None:
            return
        try:
            self._engine.wait_ready()
        except EngineLocked as locked:
            # Another has started one in between, which will answer soon.
            self._engine = None
            self._attach_soon(locked)
            return
        except HotfolioError:
            self._engine = None
            raise
        self._remote.on_lost = self._revive
        self._remote.attach()

    def start_another(self) -> None:
        """Start one in place of an engine that has ended, perhaps somebody else's; raises `HotfolioError`."""
        with self._starting:
            if self.is_owner:
                return
            self.start()
            try:
                self._wait_working()
            except EngineLocked:  # another has been quicker, and answers soon
                self._engine = None
            except HotfolioError:
                self._engine = None
                raise
            self._remote.on_lost = self._revive

    def stop(self, is_urgent: Callable[[], bool]) -> None:
        """Stop the engine, if it is this dashboard's, and wait until it is gone."""
        self._remote.on_lost = lambda: None
        if self._engine is not None:
            self._engine.stop(is_urgent)

    def let_live(self) -> None:
        """Have the engine go on without this dashboard."""
        if self._engine is None or not self._engine.is_alive:
            return
        try:
            self._remote.let_live()
        except EngineUnreachable as error:
            _say(str(error))
            self.stop(lambda: False)
            return
        self._engine.let_go()
        _say(
            f"Going on in the background (process {self._engine.pid}): "
            "`hotfolio` opens the dashboard again, `hotfolio stop` ends it."
        )

    def _attach_soon(self, locked: EngineLocked) -> None:
        deadline = time.monotonic() + _OTHERS_START_S
        while True:
            try:
                self._remote.attach()
            except EngineUnreachable:
                if time.monotonic() > deadline:
                    raise locked from None
                time.sleep(POLL_S)
            else:
                return

    def _revive(self) -> None:
        """Start the engine again if it has crashed; the queue goes on where it was. One that was stopped stays so."""
        if self._engine is None or not self._engine.has_crashed or time.monotonic() - self._started_at < _REVIVE_S:
            return
        with self._starting, contextlib.suppress(HotfolioError):  # the banner stays, and it is tried again
            if not self.is_owner:
                self.start()
                self._wait_working()

    def _wait_working(self) -> None:
        assert self._engine is not None
        self._engine.wait_ready()


def _not_in_force(loaded: LoadedSettings, settings: Settings) -> list[str]:
    """What was asked for on the command line, and the engine that runs does otherwise."""
    asked = loaded.settings
    return [
        f"{name} = {getattr(asked, name)}: the engine that runs was started with {getattr(settings, name)}."
        for name, origin in loaded.origins.items()
        if origin == COMMAND_LINE and _plain(getattr(asked, name)) != _plain(getattr(settings, name))
    ]


def _plain(value: object) -> object:
    return value.absolute() if isinstance(value, Path) else value


def _finish_running(remote: RemoteEngine, hurried: SignalEvent) -> None:
    """Let the running jobs end, and show how far they are."""
    remote.on_lost = lambda: None  # an engine started now would go on with the whole queue
    try:
        remote.drain()
    except EngineUnreachable:
        return
    _say("Finishing the running jobs; ctrl+c keeps what is done and stops.")
    with ProgressDisplay() as display:
        while remote.snapshot().totals.active and not remote.is_lost and not hurried.wait(POLL_S):
            display.update(remote)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(text, file=sys.stderr, flush=True)
