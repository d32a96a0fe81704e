"""RemoteEngine: the façade of an engine in another process, over its Unix socket."""

import contextlib
import functools
import http.client
import logging
import os
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.base.errors import AnotherVersion, EngineUnreachable, HotfolioError
from engine.base.safetext import display_name
from engine.base.sockets import connect, socket_path
from engine.job.job import Job
from engine.job.snapshot import JobSnapshot, PageMap, Snapshot
from engine.remote.contract import ServedEngine
from engine.remote.mirror import Mirror
from engine.remote.wire import Call, Greeting, Refusal, Update, calls_of, decode, encode
from engine.settings.settings import Settings

log = logging.getLogger(__name__)

Remote = TypeVar("Remote", bound="RemoteEngine")

CALL_TIMEOUT_S = 40.0
"""For a call; the longest, a look at a page, gives up on the other side after 20 s."""
TRYING = " Trying to reach it again."
"""What is said behind the reason why no engine answers."""
_WAIT_S = 5.0
"""An update may be waited for so long, which is also how often a silent engine shows that it is alive."""
_UPDATE_TIMEOUT_S = 15.0
_PACE_S = 0.15
"""Between two updates, while things change all the time."""
_RETRY_S = 0.5

MINE = ("keys", "theme", "mouse", "bell", "notify", "picture_cells", "on_hangup", "refresh_rate")
"""Settings that belong to the person at the dashboard, not to the engine."""


class Connection:
    """Calls an engine, from any thread. Each call has a connection of its own, which costs little on a Unix socket."""

    def __init__(self, state_folder: Path) -> None:
        self._state_folder = state_folder

    def greet(self) -> Greeting:
        """Ask who is there; raises `EngineUnreachable` or `AnotherVersion`."""
        greeting: Greeting = _readable(lambda data: decode(data, Greeting), self.ask("greet"))
        ours = version("hotfolio")
        if greeting.version != ours:
            raise AnotherVersion(
                f"The engine that runs (process {greeting.pid}) is hotfolio {greeting.version}, this is {ours}; "
                f"stop it with `kill {greeting.pid}` and start it again."
            )
        return greeting

    def call(self, call: Call, *arguments: object, **named: object) -> Any:
        """Call one of the engine's methods. Raises what the engine has raised, or `EngineUnreachable`."""
        return _readable(call.decode_result, self._post(call.name, call.encode_arguments(*arguments, **named)))

    def ask(self, question: str, about: object = None, timeout_s: float = CALL_TIMEOUT_S) -> bytes:
        """The answer, as JSON, to what is no method of the engine's. Raises as `call` does."""
        return self._post(question, encode(about), timeout_s)

    def _post(self, name: str, body: bytes, timeout_s: float = CALL_TIMEOUT_S) -> bytes:
        channel = _Channel(self._state_folder, timeout_s)
        try:
            channel.request("POST", f"/rpc/{name}", body, {"Content-Type": "application/json"})
            answer = channel.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineUnreachable(_absent(self._state_folder, error)) from None
        finally:
            channel.close()
        if answer.status == http.HTTPStatus.OK:
            return data
        refusal: Refusal = _readable(lambda data: decode(data, Refusal), data)
        raise refusal.exception()


class _Channel(http.client.HTTPConnection):
    def __init__(self, state_folder: Path, timeout_s: float) -> None:
        super().__init__("hotfolio", timeout=timeout_s)
        self._state_folder = state_folder
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = connect(socket_path(self._state_folder), self._timeout_s)


def calling(contract: type) -> Callable[[type[Remote]], type[Remote]]:
    """Give a class all methods of a contract that travel; each of them calls the engine."""

    def equip(kind: type[Remote]) -> type[Remote]:
        for name, call in calls_of(contract).items():
            setattr(kind, name, _elsewhere(call))
        return kind

    return equip


def _elsewhere(call: Call) -> Callable[..., Any]:
    @functools.wraps(call.method)
    def method(engine: "RemoteEngine", *arguments: object, **named: object) -> Any:
        return engine.call(call, *arguments, **named)

    return method


@calling(ServedEngine)
class RemoteEngine(ServedEngine):
    """An engine that somebody else runs. Thread-safe.

    What is written here is what is known without asking; all that travels by the contract is called over there.

    A thread follows what the engine does, so that asking from memory never waits. When the connection is lost, the
    last state stays, with a banner, until an engine answers again on the same state folder; it may be another one.
    """

    def __init__(self, state_folder: Path, *, mine: Settings | None = None) -> None:
        """`mine` are the settings of the person at the dashboard; those that are `MINE` replace the engine's."""
        self._connection = Connection(state_folder)
        self._mine = mine
        self._mirror = Mirror()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._callbacks: tuple[Callable[[Job], None], ...] = ()
        self._finished: queue.SimpleQueue[tuple[Job, tuple[Callable[[Job], None], ...]]] = queue.SimpleQueue()
        """Jobs, and who is to be told: those who listened when it became known."""
        self.on_lost: Callable[[], None] = lambda: None
        """Called, on this object's own thread, while no engine answers; it may start one."""

    # --- life ---

    def greet(self) -> None:
        """See who is there, which is all that calls need; raises `EngineUnreachable`."""
        greeting = self._connection.greet()
        mine = {} if self._mine is None else {name: getattr(self._mine, name) for name in MINE}
        self._greeting, self._settings = greeting, greeting.settings.model_copy(update=mine)

    def attach(self) -> None:
        """Begin to follow the engine, so that it can be asked from memory; raises `EngineUnreachable`."""
        self.greet()
        self._pull(0.0)
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._thread.start()

    def detach(self) -> None:
        """Follow no more. The engine goes on."""
        self._closing.set()

    def __enter__(self) -> "RemoteEngine":
        self.attach()
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()

    def request_stop(self, *, now: bool = False) -> None:
        """Have the engine's process stop, in order or at once; it is gone some time after this returns."""
        self._connection.ask("stop", {"now": now})

    def let_live(self) -> None:
        """Have the engine go on without any dashboard."""
        self._connection.ask("let_live")
        self.greet()

    @property
    def greeting(self) -> Greeting:
        """Who was there at the last greeting."""
        return self._greeting

    # --- from memory ---

    @property
    def settings(self) -> Settings:
        """The engine's, in force now, but for what concerns the person at the dashboard."""
        return self._settings

    @property
    def origins(self) -> Mapping[str, str]:
        """Where the engine's settings come from that are not defaults."""
        return self._greeting.origins

    @property
    def settings_revision(self) -> int:
        """Grows when the engine's settings change."""
        return self._greeting.settings_revision

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The folders that results are in, absolute, also those of hot folders that are none any more."""
        return self._greeting.outputs

    @property
    def discovered(self) -> int:
        """Files the scan of the input folder has come across so far."""
        return self._mirror.discovered

    @property
    def unsettled(self) -> int:
        """Files of the hot folder that are not queued yet, because they may still be coming in."""
        return self._mirror.unsettled

    @property
    def is_scanning(self) -> bool:
        """Whether the input folder has not been read in full yet since the start."""
        return self._mirror.is_scanning

    @property
    def is_lost(self) -> bool:
        """Whether no engine answers, and all from memory is as it was last."""
        return self._mirror.is_lost

    @property
    def is_stopping(self) -> bool:
        """Whether the engine comes to its end, or is not followed any more."""
        return self._closing.is_set() or self._mirror.is_stopping

    @property
    def is_paused(self) -> bool:
        """Whether `pause` is in force."""
        return self._mirror.is_user_paused

    @property
    def workers(self) -> int:
        """How many workers there are."""
        return self._mirror.worker_count

    def snapshot(self, since: int = 0) -> Snapshot:
        """What is going on, with the jobs changed since a version."""
        return self._mirror.snapshot(since)

    def overview(self) -> Snapshot:
        """What is going on as a whole, as of the latest version and without any jobs."""
        return self._mirror.overview()

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""
        return self._mirror.job(job_id)

    def find(self, conversion_id: str) -> JobSnapshot:
        """The job on the list with this UUID; raises `NoSuchJob`."""
        return self._mirror.find(conversion_id)

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job; None for others."""
        return self._mirror.page_map(job_id)

    def page_maps(self) -> Mapping[int, PageMap]:
        """The page maps of all running jobs."""
        return self._mirror.page_maps()

    def on_finished(self, callback: Callable[[Job], None]) -> None:
        """Have `callback` called with every job that finishes from now on, on this object's own thread."""
        self._callbacks = (*self._callbacks, callback)

    # --- elsewhere ---

    def call(self, call: Call, *arguments: object, **named: object) -> Any:
        """Call a method over there, and know what it has changed or told when it returns. Raises what it has raised."""
        result = self._connection.call(call, *arguments, **named)
        if call.catches_up and self._thread is not None:
            with contextlib.suppress(HotfolioError):
                self._pull(0.0)
        return result

    # --- below ---

    def _pull(self, wait_s: float) -> None:
        answer = self._connection.ask("update", self._mirror.request(wait_s), wait_s + _UPDATE_TIMEOUT_S)
        update: Update = _readable(lambda data: decode(data, Update), answer)
        for job in self._mirror.take(update):
            self._finished.put((job, self._callbacks))
        if update.settings_revision != self._greeting.settings_revision:
            self.greet()

    def _follow(self) -> None:
        is_lost = False
        while not self._closing.is_set():
            try:
                if is_lost:
                    self.greet()
                self._pull(_WAIT_S)
                is_lost = False
                self._call_back()
                self._closing.wait(_PACE_S)
            except Exception as error:
                is_lost = True
                if not isinstance(error, HotfolioError):  # what is shown must not stand still without a word
                    log.exception("The engine cannot be followed")
                self._mirror.lose(f"{error}{TRYING}")
                self.on_lost()
                self._closing.wait(_RETRY_S)

    def _call_back(self) -> None:
        while not self._finished.empty():
            job, callbacks = self._finished.get()
            for callback in callbacks:
                try:
                    callback(job)
                except Exception:
                    log.exception("A callback failed")


def _readable(read: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return read(data)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:  # pydantic's errors are values' errors
        log.info("An answer cannot be read: %s", error)  # a warning would go to the terminal
        raise EngineUnreachable("The engine's answer cannot be read; is it another version of hotfolio?") from None


def _absent(state_folder: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        return f"No engine is running on {display_name(state_folder)}."
    if isinstance(error, TimeoutError | socket.timeout):
        return f"The engine on {display_name(state_folder)} does not answer."
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return f"The connection to the engine on {display_name(state_folder)} is lost: {reason or 'it was closed'}."
