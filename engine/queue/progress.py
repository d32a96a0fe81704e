"""ProgressTracker: what is going on right now, as frozen snapshots that front ends pull at their own pace.

Nothing in here calls anybody: a front end asks for what has changed since the version it has seen.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.base.waits import Waits
from engine.job.changes import ChangeLog
from engine.job.job import Job, JobState, PageResult, PageState, Step
from engine.job.machines import NodeSnapshot
from engine.job.pageranges import PageNumbers
from engine.job.snapshot import (
    HISTORY_BINS,
    MARKS,
    Banner,
    JobSnapshot,
    PageMap,
    PageMark,
    Snapshot,
    Totals,
    WorkerSnapshot,
    WorkerState,
)
from engine.queue.tally import Tally

_BIN_S = 5.0
_RATE_WINDOW_S = 30.0


@dataclass(slots=True)
class _Live:
    """What is tracked of a running job."""

    since: float
    step: Step = Step.STAGING
    done_since: int = 0
    marks: bytearray = field(default_factory=bytearray)
    numbers: PageNumbers = field(default_factory=lambda: PageNumbers(()))
    """Of the pages that have marks."""
    on_page: dict[int, int] = field(default_factory=dict)
    """Page to worker."""
    workers: set[int] = field(default_factory=set)

    def mark(self, page: int, mark: PageMark) -> None:
        place = self.numbers.place(page)
        if place is not None:
            self.marks[place] = mark

    @property
    def page_map(self) -> PageMap:
        return PageMap(bytes(self.marks), dict(self.on_page), self.numbers)


class ProgressTracker:
    """Thread-safe: `_lock` guards everything in it and is held for memory access alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._log = ChangeLog()
        self._live: dict[int, _Live] = {}
        self._workers: dict[int, WorkerSnapshot] = {}
        self._under_way: dict[int, dict[int, float]] = {}  # of each worker its pages, and since when
        self._counts = dict.fromkeys(JobState, 0)
        self._pages_known = [0, 0]  # pages of jobs whose length is known, and how many such jobs
        self._running_pages_left = 0
        self._pages_done = 0
        self._bins: deque[tuple[int, int]] = deque(maxlen=HISTORY_BINS + 1)  # bin number, pages
        self._banners: dict[str, Banner] = {}
        self._waits = Waits()
        self.tally = Tally()
        """What has happened since the start; its own lock is taken inside this one's, never the other way round."""
        self.is_paused = False
        self.nodes: tuple[NodeSnapshot, ...] = ()

    # --- what happened ---

    def set_job(self, job: Job, waited_s: float = 0.0) -> bool:
        """A job is new or changed; False if a newer revision is known already.

        `waited_s` is for how long a new one has been waiting before the engine started.
        """
        with self._lock:
            before = self._log.jobs.get(job.id)
            if before is not None and before.job.revision >= job.revision:
                return False
            self._count(before, -1)
            self._note(before, job, waited_s)
            if job.state is JobState.RUNNING:
                live = self._live.setdefault(job.id, _Live(self._clock()))
                if job.page_numbers and live.numbers != job.page_numbers:
                    live.numbers, live.marks = job.page_numbers, bytearray(len(job.page_numbers))
            else:
                self._live.pop(job.id, None)
            if before is not None and job.state is JobState.RUNNING and before.job.state is JobState.RUNNING:
                after = replace(before, job=job)
            else:
                after = JobSnapshot.of(job)
            self._put(after)
            self._count(after, +1)
            return True

    def remove_job(self, job_id: int) -> None:
        """A job is taken off the list."""
        with self._lock:
            before = self._log.remove(job_id)
            if before is not None:
                self._count(before, -1)
                self._waits.end(job_id)
                self._live.pop(job_id, None)

    def step(self, job_id: int, step: Step) -> None:
        """A running job enters a step."""
        with self._lock:
            live = self._live.get(job_id)
            if live is not None:
                live.step = step
                self._put(replace(self._log.jobs[job_id], step=step))

    def pages_restored(self, job_id: int, results: list[PageResult]) -> None:
        """Pages that an earlier run has finished."""
        with self._lock:
            live = self._live.get(job_id)
            if live is None:
                return
            for result in results:
                live.mark(result.page, MARKS[result.state])
            states = [r.state for r in results]
            self._put(
                replace(
                    self._log.jobs[job_id],
                    pages_done=len(states),
                    pages_failed=states.count(PageState.FAILED),
                    pages_ocr=states.count(PageState.OCR),
                    pages_text_only=states.count(PageState.TEXT_ONLY),
                )
            )

    def page_started(self, worker: int, job_id: int, page: int) -> None:
        """A worker's process begins a page."""
        with self._lock:
            if worker in self._workers:
                self._under_way.setdefault(worker, {})[page] = self._clock()
            live = self._live.get(job_id)
            if live is None:
                return
            live.mark(page, PageMark.RUNNING)
            live.on_page[page] = worker
            if worker not in live.workers:
                live.workers.add(worker)
                self._put(replace(self._log.jobs[job_id], workers=tuple(sorted(live.workers))))

    def page_done(self, worker: int, job_id: int, result: PageResult) -> None:
        """A page is finished, in whatever way."""
        with self._lock:
            now = self._clock()
            self._under_way.get(worker, {}).pop(result.page, None)
            of_worker = self._workers.get(worker)
            if of_worker is not None:
                self._workers[worker] = replace(of_worker, pages=of_worker.pages + 1, via=result.via)
            self._pages_done += 1
            self._tick(now, 1)
            live = self._live.get(job_id)
            if live is None:
                return
            live.on_page.pop(result.page, None)
            live.mark(result.page, MARKS[result.state])
            live.done_since += 1
            before = self._log.jobs[job_id]
            rate = live.done_since / max(now - live.since, 1e-3)
            done = before.pages_done + 1
            left = (before.job.pages or 0) - done
            self._put(
                replace(
                    before,
                    pages_done=done,
                    pages_failed=before.pages_failed + (result.state is PageState.FAILED),
                    pages_ocr=before.pages_ocr + (result.state is PageState.OCR),
                    pages_text_only=before.pages_text_only + (result.state is PageState.TEXT_ONLY),
                    rate=rate,
                    eta_s=max(left, 0) / rate,
                )
            )

    def page_failed(self, job_id: int, result: PageResult) -> None:
        """A page is given up for good, outside any worker's process."""
        with self._lock:
            live = self._live.get(job_id)
            if live is None:
                return
            live.on_page.pop(result.page, None)
            live.mark(result.page, PageMark.FAILED)
            before = self._log.jobs[job_id]
            self._put(replace(before, pages_done=before.pages_done + 1, pages_failed=before.pages_failed + 1))

    def page_given_up(self, worker: int, job_id: int, page: int) -> None:
        """A page that was begun will be begun again."""
        with self._lock:
            self._under_way.get(worker, {}).pop(page, None)
            live = self._live.get(job_id)
            if live is not None:
                live.on_page.pop(page, None)
                live.mark(page, PageMark.WAITING)

    def worker_changed(self, worker: WorkerSnapshot) -> None:
        """A worker starts, or turns to other work."""
        with self._lock:
            before = self._workers.get(worker.number)
            if before is not None and before.job_id != worker.job_id:
                self._leave_job(before)
            self._workers[worker.number] = replace(worker, pages=before.pages, via=before.via) if before else worker
            self._under_way.pop(worker.number, None)

    def worker_stopping(self, number: int) -> None:
        """A worker ends after what it is doing."""
        with self._lock:
            if number in self._workers and self._workers[number].state is WorkerState.BUSY:
                self._workers[number] = replace(self._workers[number], state=WorkerState.STOPPING)

    def worker_staying(self, number: int) -> None:
        """A worker that was to end after what it is doing goes on."""
        with self._lock:
            if number in self._workers and self._workers[number].state is WorkerState.STOPPING:
                self._workers[number] = replace(self._workers[number], state=WorkerState.BUSY)

    def worker_process(self, number: int, pid: int | None, rss_bytes: int) -> None:
        """A reading of a worker's process."""
        with self._lock:
            if number in self._workers:
                self._workers[number] = replace(self._workers[number], pid=pid, rss_bytes=rss_bytes)

    def worker_left(self, number: int) -> None:
        """A worker has ended."""
        with self._lock:
            before = self._workers.pop(number, None)
            if before is not None:
                self._leave_job(before)
            self._under_way.pop(number, None)

    def set_banner(self, key: str, message: str | None) -> None:
        """Something needs a person, or, with None, is over."""
        with self._lock:
            if message is None:
                self._banners.pop(key, None)
            else:
                self._banners[key] = Banner(key, message)

    # --- what a front end asks ---

    def snapshot(self, since: int = 0) -> Snapshot:
        """Everything, with the jobs that have changed since a version; 0 means all jobs."""
        with self._lock:
            return self._snapshot(*self._log.since(since))

    def overview(self) -> Snapshot:
        """Everything but the jobs."""
        with self._lock:
            return self._snapshot((), ())

    @property
    def unfinished(self) -> int:
        """How many jobs are queued or run."""
        with self._lock:
            return self._counts[JobState.QUEUED] + self._counts[JobState.RUNNING]

    def longest_wait_s(self) -> float | None:
        """For how long the job has waited that has waited longest; None if none waits."""
        with self._lock:
            oldest = self._waits.oldest()
            return None if oldest is None else max(0.0, self._clock() - oldest[0])

    def job(self, job_id: int) -> JobSnapshot | None:
        """One job as it stands."""
        with self._lock:
            return self._log.jobs.get(job_id)

    def find(self, conversion_id: str) -> JobSnapshot | None:
        """The job with this UUID as it stands."""
        with self._lock:
            return self._log.find(conversion_id)

    def snapshots(self) -> list[JobSnapshot]:
        """All jobs on the list as they stand, in the order in which they came onto it."""
        with self._lock:
            return list(self._log.jobs.values())

    def jobs(self) -> list[Job]:
        """All jobs on the list."""
        return [snapshot.job for snapshot in self.snapshots()]

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job."""
        with self._lock:
            live = self._live.get(job_id)
            return live.page_map if live is not None else None

    def page_maps(self) -> dict[int, PageMap]:
        """The page maps of all running jobs."""
        with self._lock:
            return {job_id: live.page_map for job_id, live in self._live.items()}

    # --- below, the lock is held ---

    def _snapshot(self, changed: tuple[JobSnapshot, ...], removed: tuple[int, ...]) -> Snapshot:
        now = self._clock()
        return Snapshot(
            self._log.version,
            changed,
            removed,
            tuple(self._with_pages(self._workers[n], now) for n in sorted(self._workers)),
            self._totals(now),
            tuple(self._banners.values()),
            self.is_paused,
            self.nodes,
        )

    def _put(self, snapshot: JobSnapshot) -> None:
        self._running_pages_left += _pages_left(snapshot) - _pages_left(self._log.jobs.get(snapshot.job.id))
        self._log.put(snapshot)

    def _leave_job(self, worker: WorkerSnapshot) -> None:
        live = self._live.get(worker.job_id or 0)
        if live is not None and worker.number in live.workers:
            live.workers.discard(worker.number)
            self._put(replace(self._log.jobs[worker.job_id or 0], workers=tuple(sorted(live.workers))))

    def _count(self, snapshot: JobSnapshot | None, sign: int) -> None:
        if snapshot is None:
            return
        self._counts[snapshot.job.state] += sign
        if snapshot.job.pages is not None:
            self._pages_known[0] += sign * snapshot.job.pages
            self._pages_known[1] += sign
        if sign < 0 and snapshot.job.id not in self._log.jobs:
            self._running_pages_left -= _pages_left(snapshot)

    def _note(self, before: JobSnapshot | None, job: Job, waited_s: float) -> None:
        """Keep who waits, and tally who has begun or ended; what is new was so before the start, or is put back."""
        was = None if before is None else before.job.state
        if job.state is JobState.QUEUED:
            if was is not JobState.QUEUED:
                self._waits.begin(job.id, self._clock() - waited_s)
        else:
            since = self._waits.end(job.id)
            if since is not None and job.state is JobState.RUNNING:
                self.tally.job_begun(self._clock() - since)
        if job.state.is_finished and was is not None and not was.is_finished:
            self.tally.job_finished(job.state, job.seconds, has_warnings=job.warnings > 0)

    def _tick(self, now: float, pages: int) -> None:
        number = int(now // _BIN_S)
        before = self._bins.pop()[1] if self._bins and self._bins[-1][0] == number else 0
        self._bins.append((number, before + pages))

    def _totals(self, now: float) -> Totals:
        current = int(now // _BIN_S)
        pages = dict(self._bins)
        first = max(current - HISTORY_BINS, min(pages, default=current))
        history = tuple(pages.get(n, 0) / _BIN_S for n in range(first, current))
        bins = round(_RATE_WINDOW_S / _BIN_S)
        window = [pages.get(n, 0) for n in range(current - bins, current + 1)]
        covered = min(bins * _BIN_S, (current - first) * _BIN_S) + now % _BIN_S
        rate = sum(window) / max(covered, 1.0) if self._bins else 0.0
        return Totals(
            dict(self._counts),
            len(self._workers),
            sum(w.state is not WorkerState.IDLE for w in self._workers.values()),
            self._pages_done,
            rate,
            history,
            self._eta(rate),
        )

    def _eta(self, rate: float) -> float | None:
        waiting = self._counts[JobState.QUEUED]
        if not waiting and not self._running_pages_left:
            return None
        pages, jobs = self._pages_known
        if rate <= 0 or (waiting and not jobs):
            return None
        return (self._running_pages_left + waiting * (pages / jobs if jobs else 0)) / rate

    def _with_pages(self, worker: WorkerSnapshot, now: float) -> WorkerSnapshot:
        """A worker with the pages it is on; of several, the one it has been at for longest."""
        under_way = self._under_way.get(worker.number)
        if not under_way:
            return worker
        page = min(under_way, key=lambda page: (under_way[page], page))
        return replace(worker, page=page, seconds_on_page=now - under_way[page], pages_at_once=len(under_way))


def _pages_left(snapshot: JobSnapshot | None) -> int:
    if snapshot is None or snapshot.job.state is not JobState.RUNNING or snapshot.job.pages is None:
        return 0
    return max(snapshot.job.pages - snapshot.pages_done, 0)
