"""QueueView: everything that can be asked of the queue. Changes nothing."""

from datetime import datetime

from engine.job.job import Checkpoint, Job, JobState, PageResult, Source
from engine.job.snapshot import JobSnapshot, PageMap, Snapshot
from engine.job.vitals import Facts
from engine.queue.progress import ProgressTracker
from engine.queue.store import JobStore


class QueueView:
    """Thread-safe. What is said to come from memory never waits; all else asks the database."""

    def __init__(self, store: JobStore, tracker: ProgressTracker) -> None:
        self._store = store
        self._tracker = tracker

    # --- from memory ---

    def snapshot(self, since: int = 0) -> Snapshot:
        """Everything, with the jobs that have changed since a version; 0 means all jobs."""
        return self._tracker.snapshot(since)

    def overview(self) -> Snapshot:
        """Everything but the jobs."""
        return self._tracker.overview()

    def job(self, job_id: int) -> JobSnapshot | None:
        """One job as it stands; None if it is not on the list."""
        return self._tracker.job(job_id)

    def is_running(self, job_id: int) -> bool:
        """Whether a job has been begun, and not been cancelled, held or ended since."""
        snapshot = self._tracker.job(job_id)
        return snapshot is not None and snapshot.job.state is JobState.RUNNING

    def find(self, conversion_id: str) -> JobSnapshot | None:
        """The job with this UUID as it stands."""
        return self._tracker.find(conversion_id)

    def snapshots(self) -> list[JobSnapshot]:
        """All jobs on the list as they stand, in the order in which they came onto it."""
        return self._tracker.snapshots()

    def jobs(self) -> list[Job]:
        """All jobs on the list."""
        return self._tracker.jobs()

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job."""
        return self._tracker.page_map(job_id)

    def page_maps(self) -> dict[int, PageMap]:
        """The page maps of all running jobs."""
        return self._tracker.page_maps()

    def longest_wait_s(self) -> float | None:
        """For how long the job has waited that has waited longest; None if none waits."""
        return self._tracker.longest_wait_s()

    @property
    def unfinished(self) -> int:
        """How many jobs are queued or run."""
        return self._tracker.unfinished

    @property
    def started(self) -> float:
        """When the engine was started, in seconds since 1970."""
        return self._tracker.tally.started

    def facts(self) -> Facts:
        """What has happened since then, as of one moment."""
        return self._tracker.tally.read()

    # --- from the database ---

    def now(self) -> float:
        """The wall clock that the queue's times are written by, in seconds since 1970."""
        return self._store.now()

    def stored(self, job_id: int) -> Job:
        """One job, on the list or not; raises `NoSuchJob`."""
        return self._store.job(job_id)

    def pages(self, job_id: int) -> list[PageResult]:
        """What is recorded of an unfinished job's pages, in order."""
        return self._store.pages(job_id)

    def page(self, job_id: int, page: int) -> PageResult | None:
        """What is recorded of one page of an unfinished job."""
        return self._store.page(job_id, page)

    def checkpoints(self, job_id: int) -> list[Checkpoint]:
        """The finished batches of an unfinished job, in order."""
        return self._store.checkpoints(job_id)

    def history(self, job_id: int) -> list[tuple[datetime, JobState, str]]:
        """When the job entered which state and why."""
        return self._store.history(job_id)

    def known_sources(self, root: bytes) -> set[Source]:
        """Every source below a hot folder that has ever been queued and not been forgotten."""
        return self._store.known_sources(root)

    def converted_before(self, job: Job) -> Job | None:
        """Another job that has published the same content with the same options."""
        return self._store.converted_before(job)

    def returning_sources(self, root: bytes) -> set[Source]:
        """Those below a hot folder whose jobs come back when just these files do."""
        return self._store.returning_sources(root)

    def returns(self, job: Job) -> bool:
        """Whether a job comes back when its very file does."""
        return self._store.returns(job.id)

    def is_overtaken(self, job: Job) -> bool:
        """Whether a newer version of a job's source is published already."""
        return self._store.has_published_after(job)
