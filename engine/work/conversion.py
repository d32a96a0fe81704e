"""Conversion: one job's way from its source to its published folder, as workers take it on, piece by piece."""

import json
import logging
import os
import shutil
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.base.errors import (
    CannotGoOn,
    ChildError,
    ChildGarbage,
    ChildKilled,
    DamagedPdf,
    DocumentError,
    EngineBlocked,
    IllegalTransition,
    NoSuchPages,
    NotAPdf,
    OutputUnwritable,
    PasswordRequired,
    PasswordsRefused,
    SourceChanged,
    SourceGone,
    SourceUnreadable,
    unwritable,
)
from engine.base.safetext import display_name, display_text
from engine.job.job import NEEDS_PASSWORD, Checkpoint, Job, JobState, PageBatch, PageState, Step
from engine.job.pageranges import PageNumbers, missing_pages, selected_pages
from engine.publish.pageindex import merged_reasons, merged_sizes
from engine.publish.publisher import Publisher, build_manifest, read_manifest, settle_source
from engine.queue.jobqueue import REMOVED, JobQueue
from engine.sandbox.protocol import MERGE_LIST, PAGE_REASONS, PAGE_SIZES, Merged, MergeTask, Opened, OpenTask, Refused
from engine.settings.live import LiveSettings
from engine.settings.passwords import Passwords
from engine.settings.profiles import WatchedFolder
from engine.settings.settings import Duplicates, Settings
from engine.settings.statefolder import disk_problem, jobs_folder, logs_folder
from engine.work.checkpoint import salvage_all
from engine.work.pages import BatchConverter, page_ranges
from engine.work.runs import Hand, Run, Runs, file_name, refusal, wire_path
from engine.work.staging import COPY, run_id, stage

log = logging.getLogger(__name__)

PASSWORDS = "passwords"
"""The banner's key while the passwords file cannot be used."""
NOT_READY_S = 60.0
"""A file that cannot be parsed and is younger than this may still be arriving."""
_ATTEMPTS = 2
"""How often opening or merging a document may cost its process."""
_POSTPONEMENTS = 3
_POSTPONE_S = 60.0


class Conversions:
    """Thread-safe; `_lock` guards how often a document as a whole has made trouble."""

    def __init__(self, settings: LiveSettings, queue: JobQueue, *, watches: bool, waits_for_late_files: bool) -> None:
        """`watches` is whether there are hot folders, whose rules hold for what is in them."""
        self._live = settings
        self._watches = watches
        self._queue = queue
        self._tracker = queue.tracker
        self._waits_for_late_files = waits_for_late_files
        state = settings.current.state_folder
        self._jobs_folder = jobs_folder(state)
        self._logs_folder = logs_folder(state)
        self._lock = threading.Lock()
        self._troubles: Counter[int] = Counter()
        self.passwords = Passwords(lambda: self._settings.passwords_file)
        self.stopping = threading.Event()
        """Set to have long copies given up."""
        self._runs = Runs(queue.tracker)
        self._batches = BatchConverter(queue, self._runs, state)

    @property
    def _settings(self) -> Settings:
        return self._live.current

    def job_folder(self, job_id: int) -> Path:
        """The private folder of a job that is not finished."""
        return self._jobs_folder / str(job_id)

    def check_passwords(self) -> None:
        """Show a banner while the passwords file cannot be used."""
        self._tracker.set_banner(PASSWORDS, self.passwords.problem())

    def discard(self, job_id: int) -> None:
        """Delete what is kept of a job outside the store."""
        shutil.rmtree(self.job_folder(job_id), ignore_errors=True)
        (self._logs_folder / f"{job_id}.log").unlink(missing_ok=True)

    def sweep(self, unpublished: set[int]) -> None:
        """Delete the folders of jobs that are gone, or that are published."""
        if self._jobs_folder.is_dir():
            for folder in self._jobs_folder.iterdir():
                if not folder.name.isdecimal() or int(folder.name) not in unpublished:
                    shutil.rmtree(folder, ignore_errors=True)

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
            self._open_or_end(job, hand)
        except EngineBlocked:
            current = self._tracker.job(job_id)
            if current is None or current.job.state is not JobState.RUNNING:
                return  # given up meanwhile, and perhaps its folder deleted under the copy
            self._queue.reopen(job)
            raise

    def _open_or_end(self, job: Job, hand: Hand) -> None:
        try:
            self._open(job, hand)
        except ChildError as error:
            self._try_again(job, error, f"The document could not be opened. {error}")
        except CannotGoOn as error:
            self._postpone(job, str(error))
        except SourceGone:
            self._end(job.id, lambda: self._queue.cancel(job.id, REMOVED))
        except SourceChanged as error:
            reason = str(error)
            self._end(job.id, lambda: self._queue.cancel(job.id, reason))
        except (DocumentError, SourceUnreadable) as error:
            age_s = time.time() - job.source.mtime_ns / 1e9
            is_damaged = isinstance(error, NotAPdf | DamagedPdf)
            if is_damaged and self._waits_for_late_files and 0 <= age_s < NOT_READY_S:
                self._runs.forget(job.id)
                shutil.rmtree(self.job_folder(job.id), ignore_errors=True)
                reason = f"Not ready yet? {error} It is tried again when the file is a minute old."
                self._queue.delay(job.id, NOT_READY_S - age_s, reason)
            else:
                message = str(error)
                self._end(job.id, lambda: self._queue.fail(job.id, message))

    def _open(self, job: Job, hand: Hand) -> None:
        run = Run(job, self.job_folder(job.id), password=self.passwords.of(job.id))
        self._tracker.step(job.id, Step.STAGING)
        if self._is_published(run):
            return
        recorded = self._queue.store.checkpoints(job.id)
        if not self._is_staged(run, recorded):
            recorded = []
            self._queue.store.forget_pages(job.id)
            sha256 = stage(job, run.folder, self._settings.min_free, self.stopping.is_set)
            run.job = self._queue.store.update(job.id, sha256=sha256, pages=None)
            self._queue.apply(run.job)
            if self._is_duplicate(run.job):
                return
        answer = self._opened(run, hand)
        numbers = _pages_to_convert(job, answer.pages)
        run.warnings = list(map(display_text, answer.warnings))
        if (missing := missing_pages(job.options.pages, answer.pages)) is not None:
            run.warnings.append(f"Of the pages asked for, {missing} are not there: {_has_pages(answer.pages)}.")
        for checkpoint, results in salvage_all(run.folder / "pages", recorded):
            self._queue.store.record(job.id, checkpoint, results).result()
        run.checkpoints = self._queue.store.checkpoints(job.id)
        run.results = {r.page: r for r in self._queue.store.pages(job.id)}
        run.job = self._queue.store.update(job.id, pages=len(numbers))
        self._runs.put(run)
        self._queue.apply(run.job)
        self._tracker.step(job.id, Step.PAGE_PROCESSING)
        self._tracker.pages_restored(job.id, list(run.results.values()))
        remaining = page_ranges([page for page in numbers if page not in run.results])
        self._queue.with_scheduler(lambda scheduler: scheduler.opened(job.id, remaining))

    def _opened(self, run: Run, hand: Hand) -> Opened:
        """Have the staged document opened, if it must be with the passwords of the file."""
        task = OpenTask(
            folder=wire_path(run.folder), name=file_name(run.job), options=run.job.options, password=run.password
        )
        answer = hand.sandbox().run(task, lambda _: None)
        if isinstance(answer, Refused) and answer.kind == "password":
            # Only now: a document that is not encrypted has no business with passwords.
            candidates = self._read_passwords()
            if candidates:
                task = task.model_copy(update={"candidates": candidates})
                answer = hand.sandbox().run(task, lambda _: None)
        if isinstance(answer, Refused):
            raise refusal(answer, self._settings.state_folder)
        if not isinstance(answer, Opened):
            raise ChildGarbage("The conversion process said it was done when it was not.")
        if answer.candidate is not None:
            if answer.candidate >= len(task.candidates):
                raise ChildGarbage("The conversion process names a password it was not given.")
            run.password = task.candidates[answer.candidate]
            self.passwords.set(run.job.id, run.password)
        return answer

    def _read_passwords(self) -> tuple[str, ...]:
        try:
            return self.passwords.candidates()
        except PasswordsRefused as error:
            self._tracker.set_banner(PASSWORDS, str(error))
            raise PasswordRequired(f"{NEEDS_PASSWORD}. {error}") from error

    @staticmethod
    def _is_staged(run: Run, recorded: list[Checkpoint]) -> bool:
        """Whether an earlier attempt has left the copy and everything that is recorded of its pages."""
        if run.job.sha256 is None or not (run.folder / COPY).exists():
            return False
        files = [run.folder / "pages" / checkpoint.file for checkpoint in recorded]
        return not recorded or ((run.folder / "out").is_dir() and all(file.exists() for file in files))

    def _is_duplicate(self, job: Job) -> bool:
        if self._settings.duplicates is not Duplicates.SKIP or self._is_upload(job):
            return False
        other = self._queue.store.converted_before(job)
        if other is None or not Path(os.fsdecode(other.output or b"")).is_relative_to(self._output_of(job)):
            return False
        reason = f"The same content is already converted: {other.name} (job {other.id})."
        self._end(job.id, lambda: self._queue.cancel(job.id, reason))
        return True

    def _is_upload(self, job: Job) -> bool:
        """Whether somebody has sent the document and waits for what it comes to, converted before or not."""
        return job.source.file.is_relative_to(self._settings.uploads_folder.absolute())

    def _is_published(self, run: Run) -> bool:
        """Finish a job that an earlier engine published but died before recording it."""
        if run.job.output is None:
            return False
        place = Path(os.fsdecode(run.job.output))
        manifest = read_manifest(place)
        if manifest is None or manifest.get("run") != run_id(run.folder):
            return False
        self._publisher(run.job).complete(run.job.id, run.folder / "out", place)
        results = self._queue.store.pages(run.job.id)
        failed = {r.page: r.error or "unknown" for r in results if r.state is PageState.FAILED}
        self._finish(run, JobState(manifest["state"]), failed)
        return True

    # --- page batches ---

    def convert(self, batch: PageBatch, hand: Hand) -> None:
        """Convert a batch; whatever happens, its finished pages are kept and the others go back or are failed."""
        self._batches.convert(batch, hand)

    def suspect_slow(self, job_id: int) -> None:
        """A page of the job has been under way for seconds."""
        self._batches.suspect_slow(job_id)

    # --- merging ---

    def merge(self, job_id: int, hand: Hand) -> None:
        """Put a job together whose pages are all finished, publish it, and see to its source."""
        run = self._runs.get(job_id)
        if run is None:
            return
        try:
            self._merge_or_end(run, hand)
        except EngineBlocked:
            self._runs.forget(job_id)
            self._queue.reopen(run.job)
            raise

    def _merge_or_end(self, run: Run, hand: Hand) -> None:
        try:
            self._merge(run, hand)
        except ChildError as error:
            self._try_again(run.job, error, f"The pages could not be put together. {error}")
        except CannotGoOn as error:
            problem = disk_problem(self._settings)
            if problem is not None:
                raise OutputUnwritable(problem) from error
            self._postpone(run.job, str(error))

    def _merge(self, run: Run, hand: Hand) -> None:
        job = run.job
        self._tracker.step(job.id, Step.MERGING)
        for future in run.pending:
            future.result()
        if run.results.keys() != set(job.page_numbers or ()):
            log.error("job %d: some of its pages are not there and will be converted", job.id)
            self._runs.forget(job.id)
            self._queue.reopen(job)
            return
        results = [run.results[page] for page in sorted(run.results)]
        failed = {r.page: r.error or "unknown" for r in results if r.state is PageState.FAILED}
        if len(failed) == len(results):
            page, reason = next(iter(failed.items()))
            message = f"None of its pages could be converted. Page {page}: {reason}"
            self._end(job.id, lambda: self._queue.fail(job.id, message))
            return
        files = [c.file for c in sorted(set(run.checkpoints), key=lambda c: (c.first, c.last))]
        self._write_list(run.folder / MERGE_LIST, {"checkpoints": files, "failed": failed})
        task = MergeTask(
            folder=wire_path(run.folder),
            name=file_name(job),
            options=job.options,
            password=run.password,
            source=job.name,
            sha256=job.sha256 or "",
        )
        answer = hand.sandbox().run(task, lambda _: None)
        if isinstance(answer, Refused):
            raise refusal(answer, self._settings.state_folder)
        if not isinstance(answer, Merged):
            raise ChildGarbage("The conversion process said it was done when it was not.")
        self._tracker.step(job.id, Step.PUBLISHING)
        if self._is_superseded(job):
            return
        warnings = [*run.warnings, *map(display_text, answer.warnings)]
        state = JobState.PARTIAL if failed else JobState.DONE
        finished = self._queue.store.now()
        sizes = merged_sizes(run.folder / PAGE_SIZES, len(results))
        reasons = merged_reasons(run.folder / PAGE_REASONS, len(results))
        manifest = build_manifest(
            job, state, run_id(run.folder), results, warnings, answer.versions, finished, sizes, reasons
        )
        made = run.folder / "out"
        publisher = self._publisher(job)
        place = publisher.choose_place(job.source, made)
        self._queue.apply(self._queue.store.update(job.id, output=os.fsencode(place)))
        if self._runs.get(job.id) is None:
            return  # cancelled at the last moment
        publisher.publish(job.id, made, place, manifest)
        self._finish(run, state, failed)

    def _publisher(self, job: Job) -> Publisher:
        """What puts the job's result in its place."""
        return Publisher(self._queue.store, self._output_of(job), self._settings.output.absolute())

    def _output_of(self, job: Job) -> Path:
        folder = self._folder_of(job)
        return folder.output if folder is not None else self._settings.output.absolute()

    def _folder_of(self, job: Job) -> WatchedFolder | None:
        """The hot folder that a job's source was found in; None if it was named by hand."""
        return self._live.folder_of(job.source) if self._watches else None

    def _write_list(self, file: Path, content: dict[str, Any]) -> None:
        try:
            file.write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            where = display_name(file.parent)
            raise unwritable(error, where) or OutputUnwritable(f"Cannot write to {where}: {error}.") from error

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
        self._runs.forget(job.id)
        reason = None
        if failed:
            page, why = next(iter(failed.items()))
            reason = f"{len(failed)} of {job.pages} pages failed. Page {page}: {why}"
        try:
            finished = self._queue.store.finish(job.id, state, "published", reason=reason)
        except IllegalTransition:
            log.info("job %d was cancelled while it was published", job.id)
            shutil.rmtree(run.folder, ignore_errors=True)  # a retry has to make it anew
            return
        try:
            self._settle_source(finished)
        finally:
            self._forget(job.id)
            self._clean_up(job.id, keeps_pages=False)
            self._queue.apply(finished)

    def _settle_source(self, job: Job) -> None:
        folder = self._folder_of(job)
        if folder is None:
            return  # named by hand, not dropped into a hot folder
        try:
            settle_source(job.source, folder.on_success, folder.archive)
            self._tracker.set_banner("source", None)
        except OutputUnwritable as error:
            log.warning("job %d: %s", job.id, error)
            self._tracker.set_banner("source", str(error))

    # --- ending ---

    def _try_again(self, job: Job, error: ChildError, problem: str) -> None:
        """A process died of a document as a whole: once may be chance."""
        if not self._runs.is_running(job.id):
            return
        with self._lock:
            self._troubles[job.id] += not isinstance(error, ChildKilled)
            again = self._troubles[job.id] < _ATTEMPTS
        if again:
            log.warning("job %d: %s", job.id, problem)
            self._runs.forget(job.id)
            self._queue.reopen(job)
        else:
            self._end(job.id, lambda: self._queue.fail(job.id, problem))

    def _postpone(self, job: Job, problem: str) -> None:
        """Others can go on, this job cannot: later, but not for ever."""
        with self._lock:
            self._troubles[job.id] += 1
            again = self._troubles[job.id] <= _POSTPONEMENTS
        if again:
            log.warning("job %d: %s", job.id, problem)
            self._runs.forget(job.id)
            self._queue.delay(job.id, _POSTPONE_S, f"{problem} It is tried again in a minute.")
        else:
            self._end(job.id, lambda: self._queue.fail(job.id, problem))

    def _end(self, job_id: int, transition: Callable[[], Job]) -> None:
        self._runs.forget(job_id)
        # Before it has ended, since somebody may give it another password from then on.
        self.passwords.forget(job_id)
        self._forget(job_id)
        try:
            transition()
        except IllegalTransition:
            log.info("job %d had ended already", job_id)
        self._clean_up(job_id, keeps_pages=bool(self._queue.store.checkpoints(job_id)))

    def _forget(self, job_id: int) -> None:
        """The job is at an end."""
        with self._lock:
            self._troubles.pop(job_id, None)

    def _clean_up(self, job_id: int, *, keeps_pages: bool) -> None:
        """Keep the log of a job that has ended, and its folder only if a retry can use what is in it."""
        if keeps_pages:
            return
        folder = self.job_folder(job_id)
        log_file = folder / "log.txt"
        try:
            if log_file.exists() and log_file.stat().st_size:
                self._logs_folder.mkdir(exist_ok=True)
                log_file.replace(self._logs_folder / f"{job_id}.log")
        except OSError as error:
            log.warning("job %d: its log is lost: %s", job_id, error)
        shutil.rmtree(folder, ignore_errors=True)


def _pages_to_convert(job: Job, count: int) -> PageNumbers:
    """Those of a document's `count` pages that are selected; raises `NoSuchPages` if none is."""
    numbers = selected_pages(job.options.pages, count)
    if not numbers.ranges:
        raise NoSuchPages(f"{_has_pages(count, 'The')}; none of {job.options.pages} is among them.")
    return numbers


def _has_pages(count: int, article: str = "the") -> str:
    return f"{article} document has {count} page{'' if count == 1 else 's'}"
