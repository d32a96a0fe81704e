"""The backend seam: what the engine asks of whatever converts documents, and what it is told of it. No behaviour.

A backend is named by an entry point of the group `hotfolio.backend`: something that is called with a `Workplace` and
returns a `Backend`. `engine.sandbox.local` is the one for this machine's processes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from engine.job.job import Checkpoint
from engine.job.machines import NodeSnapshot
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.protocol import Answer, Event, PagesTask, Task
from engine.sandbox.stages import Stage

_GRACE_S = 60.0
"""A task that keeps the deadlines of a vision model's answers itself has so much longer, for all else it does."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may use."""

    page_timeout_s: float = 60.0
    ocr_timeout_s: float = 300.0
    memory_bytes: int = 2 << 30
    open_timeout_s: float = 60.0
    """For opening a document, between two signs of life."""
    step_timeout_s: float = 300.0
    """For a merge, between two signs of life, and for what there is to do between pages."""

    def page_limit_s(self, task: Task) -> float:
        """Seconds that a page of this task may take."""
        if isinstance(task, PagesTask) and task.options.asks_model and not task.text_only:
            return max(self.page_timeout_s, task.options.vlm_patience_s + _GRACE_S)
        return self.page_timeout_s


@dataclass(frozen=True, slots=True)
class Readings:
    """What a sandbox has come to so far."""

    pid: int | None
    """Its process on this machine; None if it has none, or has none any more."""
    rss_bytes: int
    """Memory of its process, as of the last look at it."""
    busy_s: float
    """Seconds it has spent on tasks, as it reports them."""
    pages: int
    """Pages it has converted."""
    end: ProcessEnd | None
    """Why it has ended, if a task ended with it."""
    worked_s: float = 0.0
    """Seconds it has spent on tasks up to its last event, as seen from here, less those without a processor."""


class Capability(StrEnum):
    """What a backend holds to. What is not among a backend's capabilities, nobody may rely on."""

    ISOLATION = "isolation"
    """Whatever a document does to the code that reads it, it costs the task alone."""
    INTERRUPTION = "interruption"
    """A kill or a deadline ends a task that says nothing; without it, it ends when it next says something."""
    MEMORY_LIMIT = "memory_limit"
    """`Limits.memory_bytes` is kept."""
    ALL_DOCUMENTS = "all_documents"
    """Every kind of document, option and output is known."""


class Sandbox(Protocol):
    """What does one task after the other, for one worker and of one desk: what a document has made of it ends with it.

    Only `kill` and `readings` are for other threads.
    """

    @property
    def is_usable(self) -> bool:
        """Whether it can take another task."""

    @property
    def stage(self) -> Stage:
        """What it has loaded: a page that needs more is answered with `Lacking`."""

    @property
    def has_desk(self) -> bool:
        """Whether the desk of its first task is still there for it; a job that is begun anew has a new one."""

    def run(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        """Have a task done; `on_event` hears of progress, in this thread and in the order in which it was made.

        Raises `PageTimeout`, `MemoryLimit`, `ChildDied` (as `ChildKilled` after a `kill`) or `ChildGarbage`, or what
        `on_event` raises; the sandbox takes no other task after any of them. Raises `ValueError` for another desk's.
        """

    def kill(self) -> None:
        """End the task that runs, if there is one, from any thread; no other is taken."""

    def close(self) -> None:
        """Let go of everything; may be called again."""

    def readings(self) -> Readings:
        """What it has come to so far; also once it is closed."""


class Desk(Protocol):
    """A job's private folder, as the engine and what converts both see it. Tasks name it, since paths are of one disk.

    What the engine writes at `path` is for both. What is made of it is here for sure once it is fetched.
    """

    @property
    def name(self) -> str:
        """What tasks call it."""

    @property
    def path(self) -> Path:
        """The engine's side, absolute. It need not exist."""

    def put_source(self, file: Path) -> None:
        """Have tasks find this file as the document. Raises `EngineBlocked`."""

    def fetch_pages(self, checkpoint: Checkpoint) -> None:
        """Have the file of finished pages here, and what they leave to the merge. Raises `DeskLost`."""

    def fetch_out(self) -> None:
        """Have here what a merge has made. Raises `DeskLost`."""

    def discard(self) -> None:
        """Delete it on both sides, as far as that is possible; it may be gone already."""


class Backend(Protocol):
    """Where sandboxes come from. Thread-safe."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it holds to."""

    @property
    def slots(self) -> int | None:
        """How many workers it has room for; None for as many as are asked for."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes on this machine that sandboxes come from, as many as there are right now."""

    def start(self) -> None:
        """Get ready without waiting for it."""

    def desk(self, name: str) -> Desk:
        """The desk of this name, the same each time; nothing is made yet."""

    def open(self, limits: Limits, needs: Stage = Stage.BARE) -> Sandbox:
        """A fresh sandbox with at least so much loaded; raises `SandboxUnavailable`, also once this is closed."""

    def close(self) -> None:
        """Let go of everything, sandboxes that are left too; may be called again."""


@runtime_checkable
class Cluster(Protocol):
    """What a backend can do besides that has other machines, which come and go. Thread-safe."""

    @property
    def more(self) -> int:
        """Workers it has room for right now besides those of this machine."""

    @property
    def problem(self) -> str | None:
        """Why no other machine can be reached, as a sentence; None while they can."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Have it called, in any thread, when `more` changes."""

    def set_places(self, places: int) -> None:
        """So many batches at once may be converted on this machine."""

    def nodes(self) -> tuple[NodeSnapshot, ...]:
        """The other machines, by name."""

    def drain(self, name: str) -> bool:
        """Have a machine leave once it is done with what it has; False if there is none of the name."""

    def hold(self, name: str) -> bool:
        """Give a machine nothing more until it is released; False if there is none of the name that can be held."""

    def release(self, name: str) -> bool:
        """Use a machine again that is held, whatever for; False if there is none of the name."""

    def remove(self, name: str) -> bool:
        """Have a machine leave at once; False if there is none of the name."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a backend is told when it is made."""

    state_folder: Path
    """Where it may keep files of its own, such as logs."""
    desks: Path
    """The folder of the jobs' private folders, absolute; a desk is one of its name in there."""
    preload: frozenset[str] = frozenset()
    """What tasks will need that others do not: what can be plugged in by `Offer.key`, and `VISION_MODEL`."""
    hidden: frozenset[str] = frozenset()
    """Environment variables, by their names in capitals, that are not handed on to processes."""


MakeBackend = Callable[[Workplace], Backend]
"""What an entry point of the group names."""
