"""WorkerPool and its ConversionWorker threads.

A worker thread never parses a PDF: it drives a process of its own and does what the scheduler gives it.
"""

import contextlib
import logging
import threading
import time
from itertools import count

from engine.base.errors import EngineBlocked, HotfolioError, SandboxUnavailable, StateLost
from engine.job.job import MergeJob, OpenJob, PageBatch, Step, Work
from engine.job.snapshot import WorkerSnapshot, WorkerState
from engine.queue.jobqueue import JobQueue
from engine.sandbox.backend import Backend, Cluster, Limits, Sandbox
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.stages import Stage
from engine.settings.settings import Settings
from engine.work.conversion import Conversions
from engine.work.runs import Hand

log = logging.getLogger(__name__)

BLOCKED = "blocked"
"""The pause that lasts until the disk, or whatever else no job is to blame for, is in order again."""
LOST = "lost"
"""The pause, and the banner, of an engine whose state folder was taken away, until it has ended."""
NO_PROCESS = "no process"
"""The pause after no conversion process could be started; it is tried again."""
_LAST_JOIN_S = 2.0
_IDLE_S = 120.0
"""An idle worker lets go of its process after so long; the next one takes 10 ms to start."""


class WorkerPool:
    """Any number of workers, changeable at any time. `_lock` guards which there are."""

    def __init__(self, settings: Settings, queue: JobQueue, conversions: Conversions, backend: Backend) -> None:
        """`backend` is where the workers' sandboxes come from; it is closed with the pool."""
        self._settings = settings
        self._queue = queue
        self._conversions = conversions
        self._backend = backend
        self._limits = Limits(settings.page_timeout, settings.ocr_timeout, settings.memory_limit, settings.open_timeout)
        self._lock = threading.Lock()
        self._workers: dict[int, ConversionWorker] = {}
        self._retiring: dict[int, ConversionWorker] = {}  # still at their last piece of work
        self._sandbox_failures = 0
        self._retired_busy_s = 0.0
        self._here = 0
        self._cluster = backend if isinstance(backend, Cluster) else None

    def start(self, workers: int) -> None:
        """Start the backend and the workers; returns at once."""
        if self._cluster is not None:
            self._cluster.listen(lambda: self.resize(self._here) if self._here else None)
        self._backend.start()
        self.resize(workers)

    def resize(self, workers: int) -> None:
        """Have so many workers, as far as there is room; the ones too many end at their next batch boundary.

        With other machines, there are as many more as those have room for. Those go first that have nothing to do.
        Where there are to be more, those that were about to end stay: as long as they are at work, more would be done
        at once than is asked for.
        """
        if self._backend.slots is not None:
            workers = min(workers, self._backend.slots)
        if self._cluster is not None:
            self._cluster.set_places(workers)
        with self._lock:
            self._here = workers
            workers += self._cluster.more if self._cluster is not None else 0
            spare = sorted(self._workers.values(), key=lambda worker: (worker.is_busy, -worker.number))
            for worker in spare[: max(0, len(spare) - workers)]:
                self._retire(self._workers.pop(worker.number))
            for number, worker in sorted(self._retiring.items()):
                if len(self._workers) < workers and worker.recall():
                    self._workers[number] = self._retiring.pop(number)
            started = []
            while len(self._workers) < workers:
                # A number is a worker's for as long as it lives: the scheduler knows it by that.
                taken = self._workers.keys() | self._retiring.keys()
                number = next(n for n in count(1) if n not in taken)
                self._workers[number] = ConversionWorker(number, self)
                started.append(self._workers[number])
        self._queue.work.set_worker_count(workers)
        for worker in started:
            worker.start()

    @property
    def here(self) -> int:
        """How many of the workers are for this machine."""
        return self._here

    @property
    def size(self) -> int:
        """How many workers there are, less the ones that are ending."""
        with self._lock:
            return len(self._workers)

    @property
    def busy_s(self) -> float:
        """Seconds that conversion processes have spent on their tasks, all workers together."""
        with self._lock:
            return self._retired_busy_s + sum(worker.busy_s for worker in self._workers.values())

    def kill_job(self, job_id: int) -> None:
        """Stop the processes that work on a job, at once."""
        for worker in self._all():
            worker.kill_if_on(job_id)

    def read_processes(self) -> None:
        """Tell the tracker the size of each worker's process."""
        for worker in self._all():
            sandbox = worker.sandbox
            found = sandbox.readings() if sandbox else None
            self._queue.work.worker_process(
                worker.number, found.pid if found else None, found.rss_bytes if found else 0
            )

    def retire(self) -> None:
        """Have every worker end at its batch boundary; returns at once."""
        with self._lock:
            self._here = 0
            for worker in self._workers.values():
                self._retire(worker)
            self._workers.clear()

    def stop(self, timeout_s: float) -> None:
        """End all workers at their batch boundary, or by killing their processes when the time is over."""
        self.retire()
        workers = self._all()
        deadline = time.monotonic() + timeout_s
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        late = [worker for worker in workers if worker.is_alive()]
        if late and timeout_s:
            log.warning("Cut off %d workers, which have not come to an end in %g s", len(late), timeout_s)
        for worker in late:
            worker.kill()
        # Whoever is still copying or syncing a file then dies with the program, and goes on at the next start.
        deadline = time.monotonic() + _LAST_JOIN_S
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        self._backend.close()

    def kill_all(self) -> None:
        """Kill every process, of workers that are ending too."""
        for worker in self._all():
            worker.kill()

    def _all(self) -> "list[ConversionWorker]":
        with self._lock:
            return [*self._workers.values(), *self._retiring.values()]

    def _retire(self, worker: "ConversionWorker") -> None:
        self._retiring[worker.number] = worker
        worker.retire()

    def new_sandbox(self, needs: Stage) -> Sandbox:
        """A fresh process with at least so much loaded; raises `SandboxUnavailable`."""
        sandbox = self._backend.open(self._limits, needs)
        self._sandbox_failures = 0
        self._queue.set_banner(NO_PROCESS, None)
        return sandbox

    @property
    def sandbox_failures(self) -> int:
        """How often in a row no conversion process could be started."""
        return self._sandbox_failures

    def do(self, work: Work, worker: "ConversionWorker") -> None:
        """Do a piece of work in the worker's thread."""
        hand = Hand(worker.number, worker.process)
        try:
            match work:
                case OpenJob(job_id):
                    self._conversions.opener.open(job_id, hand)
                case PageBatch():
                    self._conversions.batches.convert(work, hand)
                case MergeJob(job_id):
                    self._conversions.merger.merge(job_id, hand)
        except SandboxUnavailable as error:
            if not worker.is_retiring:
                log.warning("%s", error)
                self._sandbox_failures += 1
                self._queue.pause(NO_PROCESS, str(error))
        except EngineBlocked as error:
            if not worker.is_retiring:
                log.warning("%s", error)
                self._queue.pause(LOST if isinstance(error, StateLost) else BLOCKED, str(error))
        except Exception as error:
            log.exception("job %d: %r failed", work.job_id, work)
            with contextlib.suppress(HotfolioError):
                self._conversions.endings.fail(work.job_id, f"An error in hotfolio itself: {error}")

    def wait_for_work(self, worker: "ConversionWorker") -> Work | None:
        """The next thing to do; None after a while without any."""
        return self._queue.work.next_work(worker.number, lambda: not worker.is_retiring, _IDLE_S)

    def lets_go(self, worker: "ConversionWorker") -> bool:
        """Whether a worker is to end now; from then on it cannot be called back."""
        with self._lock:
            worker.is_leaving = worker.is_retiring
            return worker.is_leaving

    def stopping(self, worker: "ConversionWorker") -> None:
        """A worker will end after what it is doing; if it is waiting, at once."""
        self._queue.work.worker_stopping(worker.number)

    def staying(self, worker: "ConversionWorker") -> None:
        """A worker will go on after what it is doing."""
        self._queue.work.worker_staying(worker.number)

    def is_worn_out(self, sandbox: Sandbox) -> bool:
        """Whether a process is to be replaced before its next task."""
        found = sandbox.readings()
        return found.pages >= self._settings.recycle_pages or found.rss_bytes > self._settings.recycle_memory

    def report(self, snapshot: WorkerSnapshot) -> None:
        """What a worker turns to."""
        self._queue.work.worker_changed(snapshot)

    def process_ended(self, why: ProcessEnd) -> None:
        """A worker has let go of its process, and will need another."""
        self._queue.work.process_ended(why)

    def left(self, worker: "ConversionWorker") -> None:
        """A worker has ended."""
        with self._lock:
            self._retired_busy_s += worker.busy_s
            self._retiring.pop(worker.number, None)
            self._workers.pop(worker.number, None)
        self._queue.work.worker_left(worker.number)


class ConversionWorker(threading.Thread):
    """One thread, and the process it drives.

    `_lock` guards which job the process is on, so that a kill meant for one job never hits another's page.
    """

    def __init__(self, number: int, pool: WorkerPool) -> None:
        super().__init__(name=f"worker-{number}", daemon=True)
        self.number = number
        self._pool = pool
        self._lock = threading.Lock()
        self._job_id: int | None = None
        self.sandbox: Sandbox | None = None
        self._served: int | None = None
        """The job its process is for."""
        self._retiring = threading.Event()
        self.is_leaving = False
        """It has done its last piece of work; the pool's lock guards this."""
        self._past_busy_s = 0.0

    @property
    def is_retiring(self) -> bool:
        """The worker ends after what it is doing."""
        return self._retiring.is_set()

    @property
    def is_busy(self) -> bool:
        """Whether it has something to do."""
        return self._job_id is not None

    @property
    def busy_s(self) -> float:
        """Seconds its processes have spent on tasks."""
        sandbox = self.sandbox
        return self._past_busy_s + (sandbox.readings().busy_s if sandbox else 0.0)

    def retire(self) -> None:
        """Have the worker end at its next batch boundary."""
        self._retiring.set()
        self._pool.stopping(self)

    def recall(self) -> bool:
        """Have the worker stay after all; False if it is too late for that. Call it with the pool's lock."""
        if self.is_leaving:
            return False
        self._retiring.clear()
        self._pool.staying(self)
        return True

    def kill(self) -> None:
        """End the worker's process at once."""
        sandbox = self.sandbox
        if sandbox is not None:
            sandbox.kill()

    def kill_if_on(self, job_id: int) -> None:
        """End the worker's process at once if it works on this job."""
        with self._lock:
            if self._job_id == job_id and self.sandbox is not None:
                self.sandbox.kill()

    def process(self, needs: Stage) -> Sandbox:
        """The worker's process, started if there is none that has so much loaded; raises `SandboxUnavailable`."""
        self._drop_dead_process()
        sandbox = self.sandbox
        if sandbox is not None and (self._served != self._job_id or not sandbox.has_desk):
            # What one document has made of its process must not reach the next one, and it is held to its folder.
            self._drop_process(None)
            sandbox = None
        if sandbox is not None and sandbox.stage < needs:
            self._drop_process(None)
            sandbox = None
        if sandbox is not None and self._pool.is_worn_out(sandbox):
            self._drop_process(ProcessEnd.RECYCLED)
            sandbox = None
        if sandbox is None:
            sandbox = self.sandbox = self._pool.new_sandbox(needs)
            self._served = self._job_id
        return sandbox

    def run(self) -> None:
        """Do what there is to do until retired."""
        self._pool.report(WorkerSnapshot(self.number))
        try:
            while not self._pool.lets_go(self):
                work = self._pool.wait_for_work(self)
                if work is None:
                    self._drop_process(None if self.is_retiring else ProcessEnd.IDLE)
                    continue
                self._set_job(work.job_id)
                self._pool.report(
                    WorkerSnapshot(self.number, WorkerState.BUSY, job_id=work.job_id, step=_step_of(work))
                )
                self._pool.do(work, self)
                self._set_job(None)
                self._drop_dead_process()
                self._pool.report(WorkerSnapshot(self.number))
        finally:
            self._drop_process(None)
            self._pool.left(self)

    def _set_job(self, job_id: int | None) -> None:
        with self._lock:
            self._job_id = job_id

    def _drop_dead_process(self) -> None:
        if self.sandbox is not None and not self.sandbox.is_usable:
            self._drop_process(ProcessEnd.KILLED)

    def _drop_process(self, why: ProcessEnd | None) -> None:
        """Let go of the process, if there is one; `why` counts unless it has ended by itself."""
        with self._lock:
            sandbox, self.sandbox = self.sandbox, None
        if sandbox is not None:
            found = sandbox.readings()
            self._past_busy_s += found.busy_s
            sandbox.close()
            why = found.end or why
            if why is not None:
                self._pool.process_ended(why)


def _step_of(work: Work) -> Step:
    match work:
        case OpenJob():
            return Step.STAGING
        case PageBatch():
            return Step.PAGE_PROCESSING
        case MergeJob():
            return Step.MERGING
