"""Conversion: one job's way from its source to its published folder, as workers take it on, piece by piece."""

import hashlib
import logging
import os
import shutil
import stat
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.checkpoint import salvage, salvage_all
from engine.display import display_text
from engine.errors import (
    ChildDied,
    ChildError,
    ChildGarbage,
    DamagedPdf,
    DocumentError,
    EngineBlocked,
    HotfolioError,
    IllegalTransition,
    NotAPdf,
    OutputUnwritable,
    PasswordRequired,
    SourceChanged,
    SourceGone,
    SourceUnreadable,
    unwritable,
)
from engine.filesystem import fsync_path
from engine.job import Checkpoint, Job, JobState, PageBatch, PageResult, PageState, Step
from engine.jobqueue import REMOVED, SUSPECT_BEGUN, SUSPECT_SLOW, JobQueue
from engine.protocol import (
    Event,
    MergeTask,
    Opened,
    OpenTask,
    PageDone,
    PageStarted,
    PagesTask,
    Refused,
)
from engine.publish import Publisher, build_manifest, read_manifest, safe_name, settle_source
from engine.sandbox import Sandbox
from engine.scheduler import Scheduler
from engine.settings import Duplicates, Settings

log = logging.getLogger(__name__)

NOT_READY_S = 60.0
"""A file that cannot be parsed and is younger than this may still be arriving."""
_COPY_BYTES = 1 << 20
_MERGE_ATTEMPTS = 2
_MAX_FALSE_STARTS = 3
"""Processes that may die before a page is begun until the document is held to be the cause."""


@dataclass
class Run:
    """What workers share about a running job. `lock` guards the mutable fields and is held for memory access alone."""

    job: Job
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    results: dict[int, PageResult] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    trouble: Counter[int] = field(default_factory=Counter)
    """How often a process died on a page."""
    pending: list["Future[Job]"] = field(default_factory=list)
    """Records on their way to the disk."""
    suspicion: int = 0
    """Points noted against the job since its last finished batch, or since the engine started."""
    reasons: dict[int, str] = field(default_factory=dict)
    """Why a page is not being read in the ordinary way."""


@dataclass(frozen=True, slots=True)
class Hand:
    """The worker that does a piece of work."""

    number: int
    sandbox: Callable[[], Sandbox]
    """The worker's process, started if there is none."""


class Conversions:
    """Thread-safe; `_lock` guards which runs there are and how often merging one has failed."""

    def __init__(
        self, settings: Settings, queue: JobQueue, publisher: Publisher, *, waits_for_late_files: bool
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._tracker = queue.tracker
        self._publisher = publisher
        self._waits_for_late_files = waits_for_late_files
        self._jobs_folder = settings.state_folder / "jobs"
        self._logs_folder = settings.state_folder / "logs"
        self._lock = threading.Lock()
        self._runs: dict[int, Run] = {}
        self._failed_merges: Counter[int] = Counter()

    def job_folder(self, job_id: int) -> Path:
        """The private folder of a job that is not finished."""
        return self._jobs_folder / str(job_id)

    def log_file(self, job_id: int) -> Path:
        """Where the job's log is."""
        running = self.job_folder(job_id) / "log.txt"
        return running if running.exists() else self._logs_folder / f"{job_id}.log"

    def discard(self, job_id: int) -> None:
        """Delete what is kept of a job outside the store."""
        shutil.rmtree(self.job_folder(job_id), ignore_errors=True)
        (self._logs_folder / f"{job_id}.log").unlink(missing_ok=True)

    def give_up(self, job_id: int, reason: str) -> None:
        """Fail a job for a reason of the engine's own."""
        self._end(job_id, lambda: self._queue.fail(job_id, reason))

    # --- opening ---

    def open(self, job_id: int, hand: Hand) -> None:
        """Claim, stage and open a job; what remains of it is then in the scheduler."""
        job = self._queue.claim(job_id)
        if job is None:
            return
        try:
            self._open(job, hand)
        except EngineBlocked:
            self._queue.reopen(job)
            raise
        except ChildError as error:
            message = f"The document could not be opened. {error}"
            self._end(job_id, lambda: self._queue.fail(job_id, message))
        except (SourceGone, SourceChanged) as error:
            reason = str(error)
            self._end(job_id, lambda: self._queue.cancel(job_id, reason))
        except (NotAPdf, DamagedPdf) as error:
            age_s = time.time() - job.source.mtime_ns / 1e9
            if self._waits_for_late_files and 0 <= age_s < NOT_READY_S:
                reason = f"Not ready yet? {error} It is tried again when the file is a minute old."
                self._forget(job_id)
                shutil.rmtree(self.job_folder(job_id), ignore_errors=True)
                self._queue.delay(job_id, NOT_READY_S - age_s, reason)
            else:
                message = str(error)
                self._end(job_id, lambda: self._queue.fail(job_id, message))
        except (DocumentError, SourceUnreadable) as error:
            message = str(error)
            self._end(job_id, lambda: self._queue.fail(job_id, message))

    def _open(self, job: Job, hand: Hand) -> None:
        run = Run(job, self.job_folder(job.id))
        self._tracker.step(job.id, Step.STAGING)
        if job.sha256 is None or not (run.folder / "source.pdf").exists():
            self._stage(run)
            if self._is_duplicate(run.job):
                return
        if self._is_published(run):
            return
        sandbox = hand.sandbox()
        answer = sandbox.run(
            OpenTask(folder=_wire_path(run.folder), name=_file_name(job), options=job.options), lambda _: None
        )
        if isinstance(answer, Refused):
            raise _refusal(answer, self._settings.state_folder)
        assert isinstance(answer, Opened)
        run.warnings += map(display_text, answer.warnings)
        for checkpoint, results in salvage_all(run.folder / "pages"):
            self._queue.store.record(job.id, checkpoint, results).result()
        run.checkpoints = self._queue.store.checkpoints(job.id)
        run.results = {r.page: r for r in self._queue.store.pages(job.id)}
        run.job = self._queue.store.update(job.id, pages=answer.pages)
        with self._lock:
            self._runs[job.id] = run
        self._queue.apply(run.job)
        self._tracker.step(job.id, Step.PAGE_PROCESSING)
        self._tracker.pages_restored(job.id, list(run.results.values()))
        remaining = _missing(answer.pages, run.results)
        self._queue.with_scheduler(lambda scheduler: scheduler.opened(job.id, remaining))

    def _stage(self, run: Run) -> None:
        """Copy the source to the job's folder, taking its SHA-256 on the way."""
        job = run.job
        self._queue.store.forget_pages(job.id)
        shutil.rmtree(run.folder, ignore_errors=True)
        try:
            descriptor = os.open(job.source.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise SourceGone(REMOVED) from None
        except OSError as error:
            raise SourceUnreadable(f"{job.name} cannot be read: {error.strerror}.") from error
        digest = hashlib.sha256()
        part = run.folder / "source.part"
        with os.fdopen(descriptor, "rb", buffering=0) as source:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SourceUnreadable(f"{job.name} is not a regular file.")
            changed = SourceChanged(f"{job.name} changed before it was converted; the newer file is a job of its own.")
            if not job.source.matches(status):
                raise changed
            try:
                run.folder.mkdir(parents=True)
                with part.open("wb", buffering=0) as copy:
                    while block := source.read(_COPY_BYTES):
                        digest.update(block)
                        copy.write(block)
                    os.fsync(copy.fileno())
                part.rename(run.folder / "source.pdf")
                (run.folder / "run").write_text(str(uuid.uuid4()))
                fsync_path(run.folder)
            except OSError as error:
                raise unwritable(error, str(run.folder)) or SourceUnreadable(
                    f"{job.name} cannot be read: {error.strerror}."
                ) from error
            if not job.source.matches(os.fstat(descriptor)):
                raise changed
        run.job = self._queue.store.update(job.id, sha256=digest.hexdigest(), pages=None)
        self._queue.apply(run.job)

    def _is_duplicate(self, job: Job) -> bool:
        if self._settings.duplicates is not Duplicates.SKIP:
            return False
        other = self._queue.store.converted_before(job)
        if other is None:
            return False
        reason = f"The same content is already converted: {other.name} (job {other.id})."
        self._end(job.id, lambda: self._queue.cancel(job.id, reason))
        shutil.rmtree(self.job_folder(job.id), ignore_errors=True)
        return True

    def _is_published(self, run: Run) -> bool:
        """Finish a job that an earlier engine published but died before recording it."""
        if run.job.output is None:
            return False
        place = Path(os.fsdecode(run.job.output))
        manifest = read_manifest(place)
        if manifest is None or manifest.get("run") != _run_id(run.folder):
            return False
        self._publisher.complete(run.job.id, run.folder / "out", place)
        results = self._queue.store.pages(run.job.id)
        failed = {r.page: r.error or "unknown" for r in results if r.state is PageState.FAILED}
        self._finish(run, JobState(manifest["state"]), failed)
        return True

    # --- page batches ---

    def convert(self, batch: PageBatch, hand: Hand) -> None:
        """Convert a batch; whatever happens, its finished pages are kept and the others go back or are failed."""
        run = self._run(batch.job_id)
        if run is None:
            self._queue.with_scheduler(lambda scheduler: scheduler.batch_finished(batch, None))
            return
        finished: list[PageResult] = []
        current: int | None = None

        def on_event(event: Event) -> None:
            nonlocal current
            match event:
                case PageStarted() | PageDone() if event.page not in batch.pages:
                    raise ChildGarbage(f"The conversion process spoke of page {event.page}, which it was not given.")
                case PageStarted():
                    current = event.page
                    self._suspect(run, SUSPECT_BEGUN)
                    self._tracker.page_started(hand.number, batch.job_id, event.page)
                case PageDone() if event.page == current:
                    current = None
                    result = PageResult(event.page, event.state, event.seconds, event.via, _shown(event.error))
                    result = self._with_reason(run, result)
                    finished.append(result)
                    with run.lock:
                        run.warnings += map(display_text, event.warnings)
                    self._tracker.page_done(hand.number, batch.job_id, result)
                case _:
                    pass

        task = PagesTask(
            folder=_wire_path(run.folder),
            name=_file_name(run.job),
            options=run.job.options,
            first=batch.first,
            last=batch.last,
            text_only=batch.text_only,
        )
        seconds: float | None = None
        back: list[PageBatch] = [batch]
        try:
            answer = hand.sandbox().run(task, on_event)
            if isinstance(answer, Refused):
                raise _refusal(answer, self._settings.state_folder)
            self._record(run, batch.first, batch.last, finished)
            seconds, back = sum(r.seconds for r in finished), []
        except HotfolioError as error:
            if current is not None:
                self._tracker.page_given_up(hand.number, batch.job_id, current)
            finished = self._salvage(run, batch, finished, hand.number)
            if current in {r.page for r in finished}:
                current = None
            if isinstance(error, EngineBlocked):
                back = _remainder(batch, finished)
                raise
            back = [] if self._run(batch.job_id) is None else self._after_death(run, batch, finished, current, error)
        finally:
            self._queue.with_scheduler(lambda scheduler: _hand_back(scheduler, batch, seconds, back))

    def suspect_slow(self, job_id: int) -> None:
        """A page of the job has been under way for seconds."""
        run = self._run(job_id)
        if run is not None:
            self._suspect(run, SUSPECT_BEGUN + SUSPECT_SLOW)

    def _suspect(self, run: Run, points: int) -> None:
        with run.lock:
            more = points - run.suspicion
            run.suspicion = max(run.suspicion, points)
        if more > 0:
            self._queue.store.suspect(run.job.id, more)

    def _with_reason(self, run: Run, result: PageResult) -> PageResult:
        """The result, and why the page was not read in the ordinary way."""
        with run.lock:
            reason = run.reasons.get(result.page)
        return result if reason is None or result.error else replace(result, error=reason)

    def _record(self, run: Run, first: int, last: int, finished: list[PageResult]) -> None:
        """Have finished pages recorded; the worker does not wait for the disk."""
        checkpoint = Checkpoint(first, last)
        future = self._queue.store.record(run.job.id, checkpoint, finished)
        with run.lock:
            run.results.update((r.page, r) for r in finished)
            run.checkpoints.append(checkpoint)
            run.pending.append(future)
            run.suspicion = 0

    def _salvage(self, run: Run, batch: PageBatch, finished: list[PageResult], worker: int) -> list[PageResult]:
        """Keep the pages a process had finished before it died; returns those that are safe."""
        safe = salvage(run.folder / "pages", Checkpoint(batch.first, batch.last))
        if safe:
            safe = [self._with_reason(run, r) for r in safe]
            self._record(run, batch.first, safe[-1].page, safe)
        announced = {r.page for r in finished}
        if announced - {r.page for r in safe}:
            with run.lock:
                known = list(run.results.values())
            self._tracker.pages_restored(run.job.id, known)
        else:
            for result in safe:
                if result.page not in announced:
                    self._tracker.page_done(worker, run.job.id, result)
        return safe

    def _after_death(
        self,
        run: Run,
        batch: PageBatch,
        finished: list[PageResult],
        current: int | None,
        error: HotfolioError,
    ) -> list[PageBatch]:
        """What is still to be done of a batch whose process died, the page it died on by itself."""
        log.warning("job %d page %s: %s", batch.job_id, current or "?", error)
        if current is None:
            with run.lock:
                run.trouble[0] += not finished
                hopeless = run.trouble[0] >= _MAX_FALSE_STARTS
            if hopeless:
                message = f"No page could be begun. {error}"
                self._end(batch.job_id, lambda: self._queue.fail(batch.job_id, message))
                return []
            return _remainder(batch, finished)
        with run.lock:
            run.trouble[current] += 1
            crashed_once = isinstance(error, ChildDied | ChildGarbage) and run.trouble[current] == 1
            if not crashed_once and not batch.text_only:
                run.reasons[current] = f"Only plain text: the layout step failed. {error}"
        others = _remainder(batch, [*finished, PageResult(current, PageState.FAILED, 0.0)])
        if not crashed_once and batch.text_only:
            self._fail_page(run, current, str(error))
            return others
        return [*others, PageBatch(batch.job_id, current, current, batch.text_only or not crashed_once)]

    def _fail_page(self, run: Run, page: int, reason: str) -> None:
        result = PageResult(page, PageState.FAILED, 0.0, "none", reason)
        future = self._queue.store.record(run.job.id, None, [result])
        with run.lock:
            run.results[page] = result
            run.pending.append(future)
        self._tracker.page_failed(run.job.id, result)

    # --- merging ---

    def merge(self, job_id: int, hand: Hand) -> None:
        """Put a job together whose pages are all finished, publish it, and see to its source."""
        run = self._run(job_id)
        if run is None:
            return
        try:
            self._merge(run, hand)
        except EngineBlocked:
            self._forget(job_id)
            self._queue.reopen(run.job)
            raise
        except ChildError as error:
            message = f"The pages could not be put together: {error}"
            if self._run(job_id) is None:
                return
            with self._lock:
                self._failed_merges[job_id] += 1
                again = self._failed_merges[job_id] < _MERGE_ATTEMPTS
            if again:
                log.warning("job %d: %s", job_id, message)
                self._forget(job_id)
                self._queue.reopen(run.job)
            else:
                self._end(job_id, lambda: self._queue.fail(job_id, message))

    def _merge(self, run: Run, hand: Hand) -> None:
        job = run.job
        self._tracker.step(job.id, Step.MERGING)
        for future in run.pending:
            future.result()
        results = [run.results[page] for page in sorted(run.results)]
        failed = {r.page: r.error or "unknown" for r in results if r.state is PageState.FAILED}
        if len(failed) == len(results):
            page, reason = next(iter(failed.items()))
            message = f"None of its pages could be converted. Page {page}: {reason}"
            self._end(job.id, lambda: self._queue.fail(job.id, message))
            return
        answer = hand.sandbox().run(
            MergeTask(
                folder=_wire_path(run.folder),
                name=_file_name(job),
                options=job.options,
                checkpoints=tuple(c.file for c in sorted(run.checkpoints, key=lambda c: c.first)),
                failed=failed,
            ),
            lambda _: None,
        )
        if isinstance(answer, Refused):
            problem = _refusal(answer, self._settings.state_folder)
            raise problem if isinstance(problem, OutputUnwritable) else ChildDied(str(problem))
        self._tracker.step(job.id, Step.PUBLISHING)
        if self._is_superseded(job):
            return
        warnings = [*run.warnings, *map(display_text, answer.warnings)]  # type: ignore[union-attr]
        state = JobState.PARTIAL if failed else JobState.DONE
        versions = answer.versions  # type: ignore[union-attr]
        manifest = build_manifest(job, state, _run_id(run.folder), results, warnings, versions, self._queue.store.now())
        made = run.folder / "out"
        place = self._publisher.choose_place(job.source, made)
        self._queue.apply(self._queue.store.update(job.id, output=os.fsencode(place)))
        if self._run(job.id) is None:
            return  # cancelled at the last moment
        self._publisher.publish(job.id, made, place, manifest)
        self._finish(run, state, failed)

    def _is_superseded(self, job: Job) -> bool:
        """Give up a result that is older than the file that has taken its source's place."""
        try:
            current = job.source.file.lstat()
        except OSError:
            return False
        if job.source.matches(current) or not stat.S_ISREG(current.st_mode):
            return False
        reason = "The file was replaced while it was converted; the newer one is a job of its own."
        self._end(job.id, lambda: self._queue.cancel(job.id, reason))
        return True

    def _finish(self, run: Run, state: JobState, failed: dict[int, str]) -> None:
        job = run.job
        self._forget(job.id)
        reason = None
        if failed:
            page, why = next(iter(failed.items()))
            reason = f"{len(failed)} of {job.pages} pages failed. Page {page}: {why}"
        try:
            finished = self._queue.store.finish(job.id, state, "published", reason=reason)
        except IllegalTransition:
            log.info("job %d was cancelled while it was published", job.id)
            return
        try:
            settle_source(job.source, self._settings.on_success, self._settings.archive_folder)
            self._tracker.set_banner("source", None)
        except OutputUnwritable as error:
            log.warning("job %d: %s", job.id, error)
            self._tracker.set_banner("source", str(error))
        log_file = run.folder / "log.txt"
        if log_file.exists() and log_file.stat().st_size:
            self._logs_folder.mkdir(exist_ok=True)
            log_file.replace(self._logs_folder / f"{job.id}.log")
        shutil.rmtree(run.folder, ignore_errors=True)
        self._queue.apply(finished)

    # --- which runs there are ---

    def _run(self, job_id: int) -> Run | None:
        with self._lock:
            run = self._runs.get(job_id)
        snapshot = self._tracker.job(job_id)
        return run if snapshot is not None and snapshot.job.state is JobState.RUNNING else None

    def _forget(self, job_id: int) -> None:
        with self._lock:
            self._runs.pop(job_id, None)

    def _end(self, job_id: int, transition: Callable[[], Job]) -> None:
        self._forget(job_id)
        with self._lock:
            self._failed_merges.pop(job_id, None)
        try:
            transition()
        except IllegalTransition:
            log.info("job %d had ended already", job_id)


def _hand_back(scheduler: Scheduler, batch: PageBatch, seconds: float | None, back: list[PageBatch]) -> None:
    for part in back:
        scheduler.put_back(part)
    scheduler.batch_finished(batch, seconds)


def _remainder(batch: PageBatch, finished: list[PageResult]) -> list[PageBatch]:
    done = {r.page for r in finished}
    left = _ranges([page for page in batch.pages if page not in done])
    return [PageBatch(batch.job_id, pages[0], pages[-1], batch.text_only) for pages in left]


def _missing(pages: int, results: dict[int, PageResult]) -> list[range]:
    return _ranges([page for page in range(1, pages + 1) if page not in results])


def _ranges(pages: list[int]) -> list[range]:
    """Sorted numbers as runs of consecutive ones."""
    runs: list[range] = []
    for page in pages:
        if runs and runs[-1].stop == page:
            runs[-1] = range(runs[-1].start, page + 1)
        else:
            runs.append(range(page, page + 1))
    return runs


def _refusal(answer: Refused, state_folder: Path) -> HotfolioError:
    message = display_text(answer.message)
    match answer.kind:
        case "not_a_pdf":
            return NotAPdf(message)
        case "damaged":
            return DamagedPdf(message)
        case "password":
            return PasswordRequired(message)
        case "unwritable":
            number, _, text = message.partition(" ")
            return unwritable(OSError(int(number) if number.isdigit() else 0, text), str(state_folder)) or ChildDied(
                f"The conversion process could not write: {text}."
            )
        case "internal":
            return ChildDied(message)


def _run_id(folder: Path) -> str:
    try:
        return (folder / "run").read_text()
    except OSError:
        return ""


def _wire_path(folder: Path) -> str:
    """A path as text that survives JSON whatever bytes are in it; the process turns it back."""
    return os.fsencode(folder.absolute()).decode("latin-1")


def _shown(error: str | None) -> str | None:
    return None if error is None else display_text(error)


def _file_name(job: Job) -> str:
    """The source's name for the files made from it."""
    relative = job.source.relative
    suffix = safe_name(relative.suffix.removeprefix("."))
    return f"{safe_name(relative.stem)}.{suffix}" if relative.suffix else safe_name(relative.stem)
