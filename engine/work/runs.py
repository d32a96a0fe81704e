"""What workers share about a running job, and what they say to its processes."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from engine.base.beneath import Stamp
from engine.base.errors import (
    ChildDied,
    DamagedPdf,
    HotfolioError,
    MemoryLimit,
    NotAccepted,
    NotAPdf,
    PasswordRequired,
    PluginUnusable,
    unwritable,
)
from engine.base.safetext import display_name, display_text
from engine.job.job import Checkpoint, Job, PageResult
from engine.job.warningkind import WarningKind
from engine.publish.publisher import safe_name
from engine.queue.view import QueueView
from engine.sandbox.backend import Desk, Sandbox
from engine.sandbox.protocol import Refused
from engine.sandbox.stages import Stage

_MAX_STEM_BYTES = 190
_MAX_SUFFIX = 16


@dataclass
class Run:
    """What workers share about a running job. `lock` guards the mutable fields and is held for memory access alone."""

    job: Job
    desk: Desk
    lock: threading.Lock = field(default_factory=threading.Lock)
    results: dict[int, PageResult] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    kinds: list[WarningKind] = field(default_factory=list)
    """Of those warnings that have one."""
    trouble: Counter[int] = field(default_factory=Counter)
    """How often a process died on a page."""
    pending: list["Future[Job]"] = field(default_factory=list)
    """Records on their way to the disk."""
    unrecorded: list[PageResult] = field(default_factory=list)
    """Results that are recorded no earlier than the end of the job is."""
    suspicion: int = 0
    """Points noted against the job since its last finished batch, or since the engine started."""
    password: str | None = field(default=None, repr=False)
    """What opens the document; kept in memory alone."""
    reasons: dict[int, str] = field(default_factory=dict)
    """Why a page is not being read in the ordinary way."""
    needs: Stage = Stage.BARE
    """What its pages have been found to need; it only grows."""
    worked_s: float = 0.0
    """For how long processes have worked on the document, all of them together."""
    copied: Stamp | None = None
    """What the source was as it was copied; None if an earlier run has copied it."""


@dataclass(frozen=True, slots=True)
class Hand:
    """The worker that does a piece of work."""

    number: int
    sandbox: Callable[[Stage], Sandbox]
    """The worker's sandbox, with at least so much loaded; opened if there is none such."""


class Runs:
    """The running jobs. Thread-safe; `_lock` guards which there are."""

    def __init__(self, view: QueueView) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._runs: dict[int, Run] = {}

    def get(self, job_id: int) -> Run | None:
        """The run of a job that is still running."""
        is_running = self.is_running(job_id)
        with self._lock:
            if not is_running:
                self._runs.pop(job_id, None)
            return self._runs.get(job_id)

    def is_running(self, job_id: int) -> bool:
        """Whether the job has not been cancelled, held or ended meanwhile."""
        return self._view.is_running(job_id)

    def put(self, run: Run) -> None:
        """A job is open."""
        with self._lock:
            self._runs[run.job.id] = run

    def forget(self, job_id: int) -> None:
        """A job is not open any more."""
        with self._lock:
            self._runs.pop(job_id, None)


def refusal(answer: Refused, state_folder: Path) -> HotfolioError:
    """What a process's refusal means."""
    message = display_text(answer.message)
    match answer.kind:
        case "not_a_pdf":
            return NotAPdf(message)
        case "not_accepted":
            return NotAccepted(message)
        case "damaged":
            return DamagedPdf(message)
        case "password":
            return PasswordRequired(message)
        case "plugin":
            return PluginUnusable(message)
        case "unwritable":
            number, _, text = message.partition(" ")
            return unwritable(
                OSError(int(number) if number.isdigit() else 0, text), display_name(state_folder)
            ) or ChildDied(f"The conversion process could not write: {text}.")
        case "memory":
            return MemoryLimit(message)
        case "internal":
            return ChildDied(message)


def file_name(job: Job) -> str:
    """The source's name for the files made from it."""
    relative = job.source.relative
    # The library appends `-0001-01.png` and more to the whole name; and `manifest.json` is the manifest.
    stem = safe_name(relative.stem).encode("utf-8")[:_MAX_STEM_BYTES].decode("utf-8", "ignore")
    if stem.casefold() == "manifest":
        stem += "_"
    suffix = safe_name(relative.suffix.removeprefix("."))
    return f"{stem}.{suffix[:_MAX_SUFFIX]}" if relative.suffix else stem
