"""Runs the engine without a screen: what `hotfolio serve` does, and what a dashboard starts in the background.

In the background, the process reads its order from the standard input, and says on the standard output, in one line,
whether it is ready. Then the standard input is a leash: when it ends, whoever has started the engine is gone, and the
engine stops in order, unless it has been told to outlive them.
"""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from engine.base.errors import HotfolioError, SettingsError, StateLost
from engine.base.safetext import display_name
from engine.base.sockets import bind, file_id, make_service_folder, service_folder, socket_path, unbind
from engine.facade.engine import Engine
from engine.remote.wire import Refusal, decode, encode
from engine.server.app.listener import serve as listen
from engine.server.app.systemd import Systemd, take_over
from engine.server.app.tcp import TcpDoor, open_tcp
from engine.server.dependencies.service import Service
from engine.server.security.token import ensure_token
from engine.settings.loading import LoadedSettings
from engine.settings.settings import Settings
from tui.command.background import STATE_LOST, BackgroundEngine, Order, Ready, TcpOrder
from tui.command.browsercommand import dashboard_command
from tui.terminal.signals import SignalEvent, signals_caught, stop_engine

_LOOK_S = 1.0
_WEB_LIBRARY = "textual_serve"


class ServiceProcess:
    """An engine, its listener, and what ends them: signals, a request, or the end of the leash.

    The first of them stops at the page batches' boundaries, within 10 s; the second at once.
    """

    def __init__(self, order: Order, *, systemd: Systemd | None = None) -> None:
        self._order = order
        self._systemd = systemd or Systemd()
        self._stops = 0
        self._stopping = SignalEvent()
        self._engine = Engine(order.settings, origins=order.origins, source=order.source)
        self.service = Service(self._engine, self.stop, outlives=order.outlives, dashboard=_dashboard(order))

    def stop(self, now: bool = False) -> None:
        """Have `run` end; called again, or with `now`, at once. Safe in a signal handler."""
        self._stops += 2 if now else 1
        self._stopping.set()

    def leash_ended(self) -> None:
        """Whoever has started this process is gone."""
        if not self.service.outlives:
            self.stop()

    def run(self, on_ready: Callable[[Ready], None]) -> None:
        """Work until stopped. Raises `HotfolioError` if it cannot start, `StateLost` if it cannot go on."""
        with signals_caught(self.stop):
            self._engine.start()
            listener, doors = None, None
            try:
                doors = open_doors(self._order, self._systemd)
                self._engine.hold_to(socket_path(self._engine.settings.state_folder))
                listener = listen(self.service, doors.local, doors.tcp)
                self._systemd.notify("READY=1", "STATUS=Converting what comes into the hot folder.")
                on_ready(Ready(os.getpid(), doors.tcp.url if doors.tcp else None, doors.remark))
                watchdog_s = self._systemd.watchdog_s or 2 * _LOOK_S
                while not self._stopping.wait(min(watchdog_s / 2, _LOOK_S)):
                    # Whoever holds a lock for good shows here, and the service manager starts the engine anew.
                    self._engine.overview()
                    self._engine.check()
                    if listener.is_alive:
                        self._systemd.notify("WATCHDOG=1")
            finally:
                self._systemd.notify("STOPPING=1")
                stop_engine(self._engine, lambda: self._stops > 1)
                if doors is not None:
                    unbind(self._engine.settings.state_folder, doors.file)
                if listener is not None:
                    listener.stop()


@dataclass(frozen=True, slots=True)
class Doors:
    """The sockets on which an engine is reached."""

    local: socket.socket
    file: tuple[int, int] | None
    """Which file it is that goes with this process; None if systemd has bound it, for the next process too."""
    tcp: TcpDoor | None
    remark: str | None
    """Why there is no TCP socket although there should be."""


def open_doors(order: Order, systemd: Systemd) -> Doors:
    """Bind the sockets, or take those that systemd has bound; raises `SettingsError` if one cannot be had."""
    settings, tcp = order.settings, order.tcp
    token = ensure_token(settings.state_folder) if tcp is not None and tcp.needs_token else None
    given_local = _own_socket(settings, systemd)
    local = given_local or bind(settings.state_folder)
    file = None if given_local else file_id(settings.state_folder)
    if tcp is None:
        return Doors(local, file, None, None)
    given = next((s for s in systemd.listening if s.family != socket.AF_UNIX), None)
    try:
        if given is not None:
            return Doors(local, file, TcpDoor(given, token, settings.api_names, settings.trusted_clients), None)
        where = (settings.api_host, settings.api_port, token, settings.api_names, settings.trusted_clients)
        return Doors(local, file, open_tcp(*where), None)
    except SettingsError as error:
        if tcp.is_required or given is not None or token is None:
            unbind(settings.state_folder, file)
            local.close()
            raise
        remark = f"{error} Until then, only programs on this machine reach it, by its own socket."
        return Doors(local, file, None, remark)


def _own_socket(settings: Settings, systemd: Systemd) -> socket.socket | None:
    """The engine's own socket, if systemd has bound it.

    No other Unix socket is taken: all the world may write to what systemd makes, and nobody is asked for a token there.
    """
    given = next((s for s in systemd.listening if s.family == socket.AF_UNIX), None)
    if given is None:
        return None
    own = socket_path(settings.state_folder)
    try:
        is_own = own.samefile(given.getsockname())
        make_service_folder(settings.state_folder)  # lets its owner in alone
    except OSError:
        is_own = False
    if not is_own:
        raise SettingsError(f"The only Unix socket that systemd can bind for the engine is {display_name(own)}.")
    return given


def serve(loaded: LoadedSettings, *, no_auth: bool, web: bool) -> int:
    """Run in the foreground until stopped; returns the exit status. Raises `HotfolioError` if it cannot start."""
    order = _order(loaded, no_auth=no_auth, web=web)
    what = f"Working on {display_name(loaded.settings.input)}"
    ServiceProcess(order, systemd=take_over()).run(lambda ready: _tell(order, ready, what, "ctrl+c stops it"))
    return 0


def serve_detached(loaded: LoadedSettings, *, no_auth: bool, web: bool) -> int:
    """Start in the background, and return as soon as it works. Raises `HotfolioError` if it cannot start."""
    order = _order(loaded, no_auth=no_auth, web=web)
    engine = BackgroundEngine(order)
    try:
        ready = engine.wait_ready()
    except KeyboardInterrupt:
        engine.stop()
        raise
    engine.let_go()
    _tell(order, ready, f"Working in the background (process {engine.pid})", "`hotfolio stop` stops it")
    return 0


def _order(loaded: LoadedSettings, *, no_auth: bool, web: bool) -> Order:
    if web and find_spec(_WEB_LIBRARY) is None:
        raise SettingsError("`hotfolio serve --web` needs the library textual-serve: install hotfolio[web].")
    is_asked_for = no_auth or web or not {"api_host", "api_port"}.isdisjoint(loaded.origins)
    tcp = TcpOrder(needs_token=not no_auth, has_dashboard=web, is_required=is_asked_for)
    return Order(loaded.settings, dict(loaded.origins), loaded.source, outlives=True, tcp=tcp)


def _dashboard(order: Order) -> list[str]:
    return dashboard_command(order.settings) if order.tcp is not None and order.tcp.has_dashboard else []


def _tell(order: Order, ready: Ready, what: str, how_to_stop: str) -> None:
    lines = [f"{what}; `hotfolio` opens the dashboard on it, {how_to_stop}."]
    if ready.url is not None:
        needs_token = order.tcp is not None and order.tcp.needs_token
        key = "with the token that `hotfolio token` prints" if needs_token else "without a token"
        lines.append(f"Other programs reach it at {ready.url}, {key}.")
        if order.tcp is not None and order.tcp.has_dashboard:
            lines.append(f"In a browser, the dashboard is at {ready.url}/dashboard, {key}.")
    if ready.remark is not None:
        lines.append(ready.remark)
    with contextlib.suppress(OSError):
        print("\n".join(lines), flush=True)


def main() -> None:
    """Run as the engine in the background of whoever writes an order to the standard input."""
    order: Order = decode(sys.stdin.buffer.readline(), Order)
    process = ServiceProcess(order)
    with os.fdopen(os.dup(1), "wb", buffering=0) as answer:

        def on_ready(ready: Ready) -> None:
            with contextlib.suppress(OSError):  # whoever asked is gone: the leash tells
                answer.write(encode(ready) + b"\n")
            answer.close()
            _leave_terminal(order.settings)
            threading.Thread(target=_hold_leash, args=(process,), name="leash", daemon=True).start()

        try:
            process.run(on_ready)
        except HotfolioError as error:
            if answer.closed:  # it has worked: whoever asked listens no more
                print(f"hotfolio: {error}", file=sys.stderr)
                raise SystemExit(STATE_LOST if isinstance(error, StateLost) else 1) from None
            with contextlib.suppress(OSError):
                answer.write(encode(Refusal.of(error)) + b"\n")
            raise SystemExit(1) from None


def _leave_terminal(settings: Settings) -> None:
    """Write what is not meant for the log, such as the last words of a crash, to a file."""
    file = service_folder(settings.state_folder) / "output.log"
    output = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def _hold_leash(process: ServiceProcess) -> None:
    while os.read(0, 4096):
        pass
    process.leash_ended()


if __name__ == "__main__":
    main()
