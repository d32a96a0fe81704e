"""Opener: copies a job's source and has the copy opened; what remains to be converted is then in the queue."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from engine.base.errors import (
    CannotGoOn,
    ChildError,
    ChildGarbage,
    DamagedPdf,
    DocumentError,
    DocumentTimeout,
    EngineBlocked,
    HotfolioError,
    NoSuchPages,
    NotAPdf,
    PageTimeout,
    PasswordRequired,
    PasswordsRefused,
    SourceChanged,
    SourceGone,
    SourceUnreadable,
)
from engine.base.safetext import display_text
from engine.job.job import NEEDS_PASSWORD, Checkpoint, Job, Step
from engine.job.pageranges import PageNumbers, missing_pages, selected_pages
from engine.queue.jobqueue import SUSPECT_BEGUN, JobQueue
from engine.queue.versions import REMOVED
from engine.sandbox.protocol import OUT, PAGES, Answer, Opened, OpenTask, Refused
from engine.sandbox.stages import first_stage
from engine.settings.live import LiveSettings
from engine.settings.passwords import Passwords
from engine.settings.settings import Duplicates, Settings
from engine.work.ceiling import work_on
from engine.work.checkpoint import salvage_all
from engine.work.endings import Endings
from engine.work.jobfolders import JobFolders
from engine.work.merger import Merger
from engine.work.onego import OneGo
from engine.work.pages import BatchConverter, page_ranges
from engine.work.publishing import Publishing
from engine.work.runs import Hand, Run, Runs, file_name, refusal
from engine.work.staging import COPY, digest_of, make_staged_durable, stage

PASSWORDS = "passwords"
"""The banner's key while the passwords file cannot be used."""
NOT_READY_S = 60.0
"""A file that cannot be parsed and is younger than this may still be arriving."""


class Opener:
    """Thread-safe: all that it changes is in the `Run`, the queue and on the disk."""

    def __init__(
        self,
        settings: LiveSettings,
        queue: JobQueue,
        runs: Runs,
        publishing: Publishing,
        endings: Endings,
        folders: JobFolders,
        passwords: Passwords,
        batches: BatchConverter,
        merger: Merger,
        is_stopping: Callable[[], bool],
        *,
        waits_for_late_files: bool,
    ) -> None:
        """A long copy is given up when it `is_stopping`."""
        self._live = settings
        self._queue = queue
        self._work = queue.work
        self._view = queue.view
        self._runs = runs
        self._publishing = publishing
        self._endings = endings
        self._folders = folders
        self._passwords = passwords
        self._batches = batches
        self._merger = merger
        self._is_stopping = is_stopping
        self._waits_for_late_files = waits_for_late_files

    @property
    def _settings(self) -> Settings:
        return self._live.current

    def open(self, job_id: int, hand: Hand) -> None:
        """Claim, stage and open a job; what remains of it is then in the scheduler."""
        job = self._work.claim(job_id)
        if job is None:
            return
        try:
            self._open_or_end(job, hand)
        except EngineBlocked:
            if not self._view.is_running(job_id):
                return  # given up meanwhile, and perhaps its folder deleted under the copy
            self._work.reopen(job)
            raise

    def _open_or_end(self, job: Job, hand: Hand) -> None:
        try:
            self._open(job, hand)
        except (PageTimeout, DocumentTimeout) as error:  # it would take as long again
            self._endings.fail(job.id, str(error))
        except ChildError as error:
            self._endings.try_again(job, error, f"The document could not be opened. {error}")
        except CannotGoOn as error:
            self._endings.postpone(job, str(error))
        except SourceGone:
            self._endings.cancel(job.id, REMOVED)
        except SourceChanged as error:
            self._endings.cancel(job.id, str(error))
        except (DocumentError, SourceUnreadable) as error:
            age_s = time.time() - job.source.mtime_ns / 1e9
            is_damaged = isinstance(error, NotAPdf | DamagedPdf)
            if is_damaged and self._waits_for_late_files and 0 <= age_s < NOT_READY_S:
                reason = f"Not ready yet? {error} It is tried again when the file is a minute old."
                self._endings.begin_anew(job, NOT_READY_S - age_s, reason)
            else:
                self._endings.fail(job.id, str(error))

    def _open(self, job: Job, hand: Hand) -> None:
        run = Run(job, self._folders.of(job.id), password=self._passwords.of(job.id))
        self._work.step(job.id, Step.STAGING)
        if self._publishing.complete(run) or self._publishing.give_up_if_overtaken(run):
            return
        was_begun = job.sha256 is not None or job.pages_done > 0
        recorded = self._view.checkpoints(job.id) if was_begun else []
        is_new = not _is_staged(run, recorded)
        if is_new:
            recorded = []
            if was_begun:
                self._work.unstaged(job.id)
            sha256, run.copied = stage(job, run.desk.path, self._settings.min_free, self._is_stopping)
            run.job = self._work.staged(job.id, sha256)
            if self._is_duplicate(run.job):
                return
        numbers = self._opened(run, hand, is_new=is_new)
        if numbers is None:
            return
        if is_new:
            make_staged_durable(run.desk.path)
        for checkpoint, results in salvage_all(run.desk.path / PAGES, recorded):
            self._work.salvaged(job.id, checkpoint, results)
        run.checkpoints = self._view.checkpoints(job.id)
        run.results = {r.page: r for r in self._view.pages(job.id)}
        self._runs.put(run)
        remaining = page_ranges([page for page in numbers if page not in run.results])
        self._work.opened(job.id, run.results.values(), remaining)

    def _opened(self, run: Run, hand: Hand, *, is_new: bool) -> PageNumbers | None:
        """Have the staged document opened, if it must be with the passwords of the file; returns the pages to convert.

        None if it is small and has been done in one go, or has been given out as far as it has not.
        """
        run.desk.put_source(run.desk.path / COPY)
        task = OpenTask(desk=run.desk.name, name=file_name(run.job), options=run.job.options, password=run.password)
        run.needs = first_stage(run.job.options)

        def begin(opened: Opened) -> None:
            self._take_up(run, task, opened, suspicion=SUSPECT_BEGUN)
            self._runs.put(run)

        one_go = OneGo(run, hand, self._work, self._runs, self._batches, self._merger, begin)
        task = task.model_copy(update={"in_one_go": one_go.wish if is_new else None})
        answer = self._answer(run, task, hand, one_go)
        if isinstance(answer, Refused) and answer.kind == "password":
            # Only now: a document that is not encrypted has no business with passwords.
            candidates = self._read_passwords()
            if candidates:
                task = task.model_copy(update={"candidates": candidates})
                answer = self._answer(run, task, hand, one_go)
        if answer is None:
            return None
        if isinstance(answer, Refused):
            raise refusal(answer, self._settings.state_folder)
        if not isinstance(answer, Opened):
            raise ChildGarbage("The conversion process said it was done when it was not.")
        return self._take_up(run, task, answer)

    def _take_up(self, run: Run, task: OpenTask, answer: Opened, suspicion: int = 0) -> PageNumbers:
        """Note what there is to know of a document that is open; returns the pages to convert.

        `suspicion` is noted with it if a page begins at once.
        """
        run.needs = max(run.needs, answer.needs)
        if answer.candidate is not None:
            if answer.candidate >= len(task.candidates):
                raise ChildGarbage("The conversion process names a password it was not given.")
            run.password = task.candidates[answer.candidate]
            self._passwords.set(run.job.id, run.password)
        numbers = _pages_to_convert(run.job, answer.pages)
        run.warnings, run.kinds = list(map(display_text, answer.warnings)), list(answer.kinds)
        if (missing := missing_pages(run.job.options.pages, answer.pages)) is not None:
            run.warnings.append(f"Of the pages asked for, {missing} are not there: {_has_pages(answer.pages)}.")
        run.job = self._work.counted(run.job.id, len(numbers), suspicion)
        run.suspicion = suspicion
        return numbers

    def _answer(self, run: Run, task: OpenTask, hand: Hand, one_go: OneGo) -> Answer | None:
        """None if the document has gone on from being opened, and has been seen to."""
        sandbox = hand.sandbox(run.needs)
        try:
            answer = work_on(run, sandbox, task, one_go.hear, self._settings.document_timeout)
        except HotfolioError as error:
            if not one_go.is_begun:
                raise
            one_go.break_off(error)
            return None
        if not one_go.is_begun:
            return answer
        one_go.end(answer, sandbox.stage)
        return None

    def _read_passwords(self) -> tuple[str, ...]:
        try:
            return self._passwords.candidates()
        except PasswordsRefused as error:
            self._queue.set_banner(PASSWORDS, str(error))
            raise PasswordRequired(f"{NEEDS_PASSWORD}. {error}") from error

    def _is_duplicate(self, job: Job) -> bool:
        """Whether the same content is converted already, so that the job is given up."""
        if self._settings.duplicates is not Duplicates.SKIP or self._is_upload(job):
            return False
        other = self._view.converted_before(job)
        output = self._publishing.output_of(job)
        if other is None or not Path(os.fsdecode(other.output or b"")).is_relative_to(output):
            return False
        self._endings.cancel(job.id, f"The same content is already converted: {other.name} (job {other.id}).")
        return True

    def _is_upload(self, job: Job) -> bool:
        """Whether somebody has sent the document and waits for what it comes to, converted before or not."""
        return job.source.file.is_relative_to(self._settings.uploads_folder.absolute())


def _is_staged(run: Run, recorded: list[Checkpoint]) -> bool:
    """Whether an earlier attempt has left the copy and everything that is recorded of its pages.

    The copy of a small document is not made durable, so what is there after a power cut may be less.
    """
    if run.job.sha256 is None or digest_of(run.desk.path / COPY) != run.job.sha256:
        return False
    files = [run.desk.path / PAGES / checkpoint.file for checkpoint in recorded]
    return not recorded or ((run.desk.path / OUT).is_dir() and all(file.exists() for file in files))


def _pages_to_convert(job: Job, count: int) -> PageNumbers:
    """Those of a document's `count` pages that are selected; raises `NoSuchPages` if none is."""
    numbers = selected_pages(job.options.pages, count)
    if not numbers.ranges:
        raise NoSuchPages(f"{_has_pages(count, 'The')}; none of {job.options.pages} is among them.")
    return numbers


def _has_pages(count: int, article: str = "the") -> str:
    return f"{article} document has {count} page{'' if count == 1 else 's'}"
