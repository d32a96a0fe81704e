"""RemoteEngine: the façade of an engine in another process, over its Unix socket."""

import contextlib
import http.client
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from engine.base.errors import AnotherVersion, EngineUnreachable, HotfolioError
from engine.base.safetext import display_name
from engine.base.sockets import connect, socket_path
from engine.job.job import Job, JobState, Move
from engine.job.options import ConvertOptions
from engine.job.snapshot import NO_JOBS, JobDetail, JobSnapshot, PageMap, Picture, Snapshot
from engine.remote.mirror import Mirror
from engine.remote.wire import Greeting, Refusal, Update, decode, decode_result, encode
from engine.settings.settings import Settings

log = logging.getLogger(__name__)

CALL_TIMEOUT_S = 40.0
"""For a call; the longest, a look at a page, gives up on the other side after 20 s."""
_WAIT_S = 5.0
"""An update may be waited for so long, which is also how often a silent engine shows that it is alive."""
_UPDATE_TIMEOUT_S = 15.0
_PACE_S = 0.15
"""Between two updates, while things change all the time."""
_RETRY_S = 0.5

MINE = ("keys", "theme", "mouse", "bell", "notify", "on_hangup", "refresh_rate")
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

    def ask(self, call: str, arguments: object = None, timeout_s: float = CALL_TIMEOUT_S) -> bytes:
        """The answer to a call, as JSON. Raises what the engine has raised, or `EngineUnreachable`."""
        channel = _Channel(self._state_folder, timeout_s)
        try:
            channel.request("POST", f"/rpc/{call}", encode(arguments), {"Content-Type": "application/json"})
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

    def call(self, name: str, **arguments: Any) -> Any:
        """Call one of the façade's methods."""
        return _readable(lambda data: decode_result(name, data), self.ask(name, arguments))


class _Channel(http.client.HTTPConnection):
    def __init__(self, state_folder: Path, timeout_s: float) -> None:
        super().__init__("hotfolio", timeout=timeout_s)
        self._state_folder = state_folder
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = connect(socket_path(self._state_folder), self._timeout_s)


class RemoteEngine:
    """An engine that somebody else runs. Thread-safe.

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

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""
        return self._mirror.job(job_id)

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job; None for others."""
        return self._mirror.page_map(job_id)

    # --- asking ---

    def overview(self) -> Snapshot:
        """What is going on as a whole, without the jobs; asked of the engine, not from memory."""
        snapshot: Snapshot = self._connection.call("snapshot", since=NO_JOBS)
        return snapshot

    def select(
        self, ids: Sequence[tuple[int, int]] | None = None, states: Sequence[JobState] | None = None
    ) -> list[JobSnapshot]:
        """Jobs on the list, by ranges of ids and by state. Raises `NoSuchJob` for a single id that is not on it."""
        found: list[JobSnapshot] = self._connection.call("select", ids=_list(ids), states=_list(states))
        return found

    def detail(self, job_id: int) -> JobDetail:
        """One job in full; reads the disk. Raises `NoSuchJob`."""
        found: JobDetail = self._connection.call("detail", job_id=job_id)
        return found

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """The job's Markdown, or one page's, safe to show. Raises `HotfolioError`."""
        text: str = self._connection.call("preview", job_id=job_id, page=page)
        return text

    def peek(self, job_id: int, page: int, width: int, height: int) -> Picture:
        """A page (from 1) as a picture of at most so many pixels. Raises `HotfolioError`."""
        picture: Picture = self._connection.call("peek", job_id=job_id, page=page, width=width, height=height)
        return picture

    # --- acting ---

    def submit_many(
        self,
        files: Sequence[Path],
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        again: bool = False,
    ) -> list[Job]:
        """Queue files in one transaction; relative ones are this process's. Raises `SourceUnreadable`."""
        absolute = [file.absolute() for file in files]
        jobs: list[Job] = self._act(
            "submit_many", files=absolute, options=options, priority=priority, profile=profile, again=again
        )
        return jobs

    def unlock(self, job_ids: Sequence[int], password: str) -> list[int]:
        """Queue failed jobs again, to be opened with a password."""
        return self._change("unlock", job_ids, password=password)

    def cancel(self, job_ids: Sequence[int], reason: str = "Cancelled.") -> list[int]:
        """Give jobs up, at once."""
        return self._change("cancel", job_ids, reason=reason)

    def hold(self, job_ids: Sequence[int]) -> list[int]:
        """Keep jobs from running."""
        return self._change("hold", job_ids)

    def release(self, job_ids: Sequence[int]) -> list[int]:
        """Let held jobs run again."""
        return self._change("release", job_ids)

    def retry(self, job_ids: Sequence[int]) -> list[int]:
        """Queue finished jobs again."""
        return self._change("retry", job_ids)

    def change_priority(self, job_ids: Sequence[int], by: int) -> list[int]:
        """Raise or lower priorities."""
        return self._change("change_priority", job_ids, by=by)

    def set_priority(self, job_ids: Sequence[int], priority: int) -> list[int]:
        """Give unfinished jobs a priority."""
        return self._change("set_priority", job_ids, priority=priority)

    def move(self, job_ids: Sequence[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""
        return self._change("move", job_ids, where=where)

    def remove(self, job_ids: Sequence[int]) -> list[int]:
        """Take finished jobs off the list."""
        return self._change("remove", job_ids)

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        self._act("restore", job_ids=list(job_ids))

    def pause(self) -> None:
        """Start no more page batches."""
        self._act("pause")

    def resume(self) -> None:
        """End `pause`."""
        self._act("resume")

    def set_workers(self, count: int) -> None:
        """Have so many workers."""
        self._act("set_workers", count=count)

    def drain(self) -> None:
        """Stop intake and open no further job; the running ones go on to their end."""
        self._act("drain")

    # --- below ---

    def _change(self, name: str, job_ids: Sequence[int], **arguments: Any) -> list[int]:
        changed: list[int] = self._act(name, job_ids=list(job_ids), **arguments)
        return changed

    def _act(self, name: str, **arguments: Any) -> Any:
        """Call a method that changes something, and know the change when it returns."""
        result = self._connection.call(name, **arguments)
        if self._thread is not None:
            with contextlib.suppress(HotfolioError):
                self._pull(0.0)
        return result

    def _pull(self, wait_s: float) -> None:
        answer = self._connection.ask("update", self._mirror.request(wait_s), wait_s + _UPDATE_TIMEOUT_S)
        update: Update = _readable(lambda data: decode(data, Update), answer)
        self._mirror.take(update)
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
                self._closing.wait(_PACE_S)
            except Exception as error:
                is_lost = True
                if not isinstance(error, HotfolioError):  # what is shown must not stand still without a word
                    log.exception("The engine cannot be followed")
                self._mirror.lose(f"{error} Trying to reach it again.")
                self.on_lost()
                self._closing.wait(_RETRY_S)


def _readable(read: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return read(data)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:  # pydantic's errors are values' errors
        log.info("An answer cannot be read: %s", error)  # a warning would go to the terminal
        raise EngineUnreachable("The engine's answer cannot be read; is it another version of hotfolio?") from None


def _list(items: Sequence[Any] | None) -> list[Any] | None:
    return None if items is None else list(items)


def _absent(state_folder: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        return f"No engine is running on {display_name(state_folder)}."
    if isinstance(error, TimeoutError | socket.timeout):
        return f"The engine on {display_name(state_folder)} does not answer."
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return f"The connection to the engine on {display_name(state_folder)} is lost: {reason or 'it was closed'}."
