"""Starts an engine in a process of its own, and holds it by a leash: see `tui.command.serve`."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from engine.base.errors import EngineUnreachable, HotfolioError
from engine.base.safetext import display_text
from engine.remote.wire import Refusal, decode, encode
from engine.settings.loading import SettingsSource
from engine.settings.settings import Settings
from tui.terminal.signals import POLL_S

PROGRAM = "tui.command.serve"
"""What the process runs; named, since importing it would load the web server that only that process needs."""
STATE_LOST = 4
"""The exit status of an engine whose state folder was taken away."""
_STOP_S = 12.0
"""An engine that is stopping ends within 10 s."""


@dataclass(frozen=True, slots=True)
class TcpOrder:
    """How an engine is to listen on TCP, besides its own socket; where, its settings say."""

    needs_token: bool = True
    has_dashboard: bool = False
    """Whether a browser is shown the dashboard there."""
    is_required: bool = False
    """Whether it is not to start if it cannot; else it says so, and does without."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an engine without a screen is to do."""

    settings: Settings
    origins: dict[str, str] = field(default_factory=dict)
    source: SettingsSource | None = None
    """Where to look for the settings again; without it they stay as they are."""
    outlives: bool = False
    """Whether it goes on when its standard input ends."""
    tcp: TcpOrder | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine works and can be reached."""

    pid: int
    url: str | None
    """Where it listens on TCP."""
    remark: str | None
    """Something to tell whoever has started it."""


class BackgroundEngine:
    """The process of an engine that this process has started."""

    def __init__(self, order: Order) -> None:
        """Start it; `wait_ready` tells when it can be reached.

        Unless the order says that it outlives its starter, it stops in order when this process ends, in whatever way.
        Raises `EngineUnreachable` if there can be no such process.
        """
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # keys such as ctrl+c are the dashboard's
            )
        except OSError as error:
            raise EngineUnreachable(f"The engine could not be started: {error.strerror or error}.") from None
        with contextlib.suppress(BrokenPipeError):  # it has died already; `wait_ready` says why
            self._write(encode(order) + b"\n")

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def has_crashed(self) -> bool:
        """Whether the process has ended, and not because somebody wanted that."""
        return self._process.poll() not in (None, 0)

    def wait_ready(self) -> Ready:
        """Wait until the engine can be reached; raises what it has raised if it cannot start."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self._process.stdout.close()
        with contextlib.suppress(msgspec.MsgspecError):
            ready: Ready = decode(line, Ready)
            return ready
        raise self._failure(line)

    def stop(self, is_urgent: Callable[[], bool] = lambda: False) -> None:
        """Stop it at the page batches' boundaries, or at once when it becomes urgent, and wait until it is gone."""
        self._signal()
        hurried = False
        waited_s = 0.0
        while self.is_alive and waited_s < _STOP_S:
            if is_urgent() and not hurried:
                hurried = True
                self._signal()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL_S)
            waited_s += POLL_S
        if self.is_alive:
            self._process.kill()
            self._process.wait()

    def let_go(self) -> None:
        """Drop the leash of an engine that has been told to go on by itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    # --- below ---

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def _failure(self, line: bytes) -> HotfolioError:
        assert self._process.stderr is not None
        with contextlib.suppress(msgspec.MsgspecError):
            refusal: Refusal = decode(line, Refusal)
            self._process.wait()
            return refusal.exception()
        last_words = self._process.stderr.read().decode(errors="replace").strip().rpartition("\n")[2]
        return EngineUnreachable(f"The engine could not be started: {display_text(last_words) or 'it died at once'}.")
