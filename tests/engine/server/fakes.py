"""An engine for doors that converts nothing: its jobs are what a test says they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.base.errors import NoSuchJob
from engine.job.job import FINISHED, Job, JobState, PageState
from engine.job.options import ConvertOptions
from engine.job.selection import selected
from engine.job.snapshot import JobDetail, JobSnapshot, PageMap, Snapshot
from engine.job.vitals import Facts, Memory, Room, Spread, Vitals
from engine.queue.progress import ProgressTracker
from engine.settings.settings import Settings
from tests.clock import Clock
from tests.engine.making import job, source

NO_SPREAD = Spread((1.0,), (0, 0), 0.0)
NO_FACTS = Facts(
    dict.fromkeys(PageState, 0), dict.fromkeys(PageState, NO_SPREAD), dict.fromkeys(FINISHED, 0), {}, NO_SPREAD, {}
)


class FakeEngine:
    """Keeps its jobs in the engine's own tracker, so that its snapshots are the real ones; writes down its orders."""

    def __init__(self, folder: Path = Path("/srv"), **settings: Any) -> None:
        self.clock = Clock()
        self.tracker = ProgressTracker(self.clock)
        self.settings = Settings(input=folder / "input", output=folder / "output", state=folder / "state", **settings)
        self.origins: Mapping[str, str] = {}
        self.outputs = (folder / "output",)
        self.settings_revision = self.discovered = self.unsettled = 0
        self.is_scanning = self.is_stopping = self.is_paused = False
        self.workers = 2
        self.orders: list[tuple[object, ...]] = []
        self.unfit: set[int] = set()
        """Jobs that no order changes, as if they had come to another state a moment before."""
        self.callbacks: list[Callable[[Job], None]] = []
        self.vital: dict[str, Any] = {}
        """What is otherwise in its vitals than in those of an engine that does well."""
        self.machines: set[str] = set()
        """The nodes of its cluster."""

    def has(self, job_id: int = 1, state: JobState = JobState.QUEUED, **changes: Any) -> Job:
        """Put a job on the list."""
        return self._put(job(job_id, state, **changes))

    # --- what doors ask ---

    def snapshot(self, since: int = 0) -> Snapshot:
        return self.tracker.snapshot(since)

    def overview(self) -> Snapshot:
        return self.tracker.overview()

    def job(self, job_id: int) -> JobSnapshot:
        return self._known(self.tracker.job(job_id))

    def find(self, conversion_id: str) -> JobSnapshot:
        return self._known(self.tracker.find(conversion_id))

    def page_map(self, job_id: int) -> PageMap | None:
        return self.tracker.page_map(job_id)

    def page_maps(self) -> Mapping[int, PageMap]:
        return self.tracker.page_maps()

    def on_finished(self, callback: Callable[[Job], None]) -> None:
        self.callbacks.append(callback)

    def select(
        self, ids: Sequence[tuple[int, int]] | None = None, states: Sequence[JobState] | None = None
    ) -> list[JobSnapshot]:
        return selected(self.tracker.snapshots(), ids, states)

    def detail(self, job_id: int) -> JobDetail:
        return JobDetail(self.job(job_id), (), PageMap(b""), ())

    def vitals(self) -> Vitals:
        now = self.overview()
        usual: dict[str, Any] = {
            "started": 1.0,
            "is_paused": now.is_paused,
            "is_paused_by_hand": self.is_paused,
            "hindrances": (),
            "totals": now.totals,
            "workers": now.workers,
            "banners": now.banners,
            "longest_wait_s": self.tracker.longest_wait_s(),
            "following_up": 0,
            "sandbox_failures": 0,
            "busy_s": 0.0,
            "facts": NO_FACTS,
            "memory": Memory(1, 2, 3),
            "room": Room(4, 5),
        }
        return Vitals(**usual | self.vital)

    # --- what doors order ---

    def drain_node(self, name: str) -> bool:
        self.orders.append(("drain", name))
        return name in self.machines

    def hold_node(self, name: str) -> bool:
        self.orders.append(("hold", name))
        return name in self.machines

    def release_node(self, name: str) -> bool:
        self.orders.append(("release", name))
        return name in self.machines

    def remove_node(self, name: str) -> bool:
        self.orders.append(("remove", name))
        return name in self.machines

    def submit_many(
        self,
        files: Sequence[Path],
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        again: bool = False,
        client: str = "",
    ) -> list[Job]:
        first = len(self.tracker.jobs()) + 1
        return [
            self.has(number, source=source(file.name), priority=priority or 0, profile=profile, client=client)
            for number, file in enumerate(files, first)
        ]

    def hold(self, job_ids: Sequence[int]) -> list[int]:
        return self._change("hold", job_ids, state=JobState.HELD)

    def release(self, job_ids: Sequence[int]) -> list[int]:
        return self._change("release", job_ids, state=JobState.QUEUED)

    def cancel(self, job_ids: Sequence[int], reason: str = "Cancelled.") -> list[int]:
        return self._change("cancel", job_ids, state=JobState.CANCELLED, reason=reason)

    def retry(self, job_ids: Sequence[int]) -> list[int]:
        return self._change("retry", job_ids, state=JobState.QUEUED)

    def set_priority(self, job_ids: Sequence[int], priority: int) -> list[int]:
        return self._change("set_priority", job_ids, priority=priority)

    def move(self, job_ids: Sequence[int], where: str) -> list[int]:
        return self._change(f"move {where}", job_ids)

    def remove(self, job_ids: Sequence[int], *, with_results: bool = False) -> list[int]:
        changed = self._change("remove", job_ids)
        for job_id in changed:
            self.tracker.remove_job(job_id)
        return changed

    # --- below ---

    def _change(self, order: str, job_ids: Iterable[int], **changes: Any) -> list[int]:
        changed = [job_id for job_id in job_ids if job_id not in self.unfit]
        self.orders += [(order, job_id) for job_id in changed]
        for job_id in changed:
            self._put(replace(self.job(job_id).job, **changes))
        return changed

    def _put(self, job: Job) -> Job:
        known = self.tracker.job(job.id)
        job = replace(job, revision=known.job.revision + 1 if known else 1)
        self.tracker.set_job(job)
        return job

    def _known(self, found: JobSnapshot | None) -> JobSnapshot:
        if found is None:
            raise NoSuchJob("There is no such conversion.")
        return found
