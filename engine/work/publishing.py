"""Publishing: a job's result takes its place in the output, and its source the place that its hot folder wants."""

import logging
import os
import stat
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from engine.base.beneath import Stamp, lstat_beneath
from engine.base.errors import IllegalTransition, OutputUnwritable
from engine.job.job import Job, JobState, PageResult, PageState, warned
from engine.job.warningkind import WarningKind
from engine.publish.disposal import settle_source
from engine.publish.pageindex import merged_reasons, merged_sizes
from engine.publish.publisher import KINDS_KEY, Publisher, build_manifest, read_manifest
from engine.queue.jobqueue import JobQueue
from engine.queue.versions import REPLACED
from engine.sandbox.capabilities import INSTALL
from engine.sandbox.protocol import OUT, PAGE_REASONS, PAGE_SIZES
from engine.settings.live import LiveSettings
from engine.settings.profiles import OnSuccess, WatchedFolder
from engine.work.attached import attached_to, is_attached, output_of_attached, queue_attached
from engine.work.details import pages_of
from engine.work.endings import Endings
from engine.work.jobfolders import JobFolders
from engine.work.runs import Run, Runs
from engine.work.staging import run_id

log = logging.getLogger(__name__)


class Publishing:
    """Thread-safe; `_lock` guards which sources are still to be seen to. All else is in the queue and on the disk."""

    def __init__(
        self,
        settings: LiveSettings,
        queue: JobQueue,
        runs: Runs,
        endings: Endings,
        folders: JobFolders,
        *,
        watches: bool,
    ) -> None:
        """`watches` is whether there are hot folders, whose rules hold for what is in them."""
        self._live = settings
        # It stays while the engine runs, and to tell where it is takes a look at what is mounted.
        self._state = settings.current.state_folder.absolute()
        self._queue = queue
        self._runs = runs
        self._endings = endings
        self._folders = folders
        self._watches = watches
        self._lock = threading.Lock()
        self._unsettled: dict[int, tuple[Job, Stamp | None]] = {}

    def output_of(self, job: Job) -> Path:
        """The folder that the job's result belongs in."""
        folder = self._folder_of(job)
        if folder is not None:
            return folder.output
        return output_of_attached(job.source, self._state) or self._live.current.output.absolute()

    def give_up_if_overtaken(self, run: Run) -> bool:
        """Give a job up whose source has a newer version that is published already; False if there is none."""
        if not self._queue.view.is_overtaken(run.job) or is_current(run.job):
            return False
        self._endings.cancel(run.job.id, f"{REPLACED}; the newer one is converted already.")
        self._folders.delete(run.job.id)
        return True

    def publish(
        self,
        run: Run,
        results: list[PageResult],
        warnings: list[str],
        kinds: dict[WarningKind, int],
        versions: dict[str, str],
        *,
        superseded: bool = False,
    ) -> None:
        """Publish what has been merged of all pages, unless the job is cancelled at the last moment.

        `kinds` is how many of the warnings are of which kind.
        It is `superseded` if another file has taken the source's place: an older result is better than none.
        """
        job, made = run.job, run.desk.path / OUT
        failed = failures(results)
        unread = unread_for_want_of_ocr(results)
        if unread:
            warnings = [unread, *warnings]
            kinds = {**kinds, WarningKind.SCAN: kinds.get(WarningKind.SCAN, 0) + 1}
        state = JobState.PARTIAL if failed or unread else JobState.DONE
        manifest = build_manifest(
            job,
            state,
            run_id(run.desk.path),
            results,
            warnings,
            versions,
            self._queue.view.now(),
            merged_sizes(run.desk.path / PAGE_SIZES, len(results)),
            merged_reasons(run.desk.path / PAGE_REASONS, len(results)),
            [file.entry for file in attached_to(run.desk.path)],
            kinds=kinds,
            superseded=superseded,
        )
        publisher = self._publisher(job)
        place = publisher.choose_place(job.source, made)
        self._queue.work.place_chosen(job.id, place)
        if self._runs.get(job.id) is None:
            return
        publisher.publish(job.id, made, place, manifest)
        self._queue_attached(run, place)
        self._finish(run, state, failed, warnings, kinds)

    def complete(self, run: Run) -> bool:
        """Finish a job that an earlier engine published but died before recording it; False if it is no such."""
        if run.job.output is None:
            return False
        place = Path(os.fsdecode(run.job.output))
        manifest = read_manifest(place)
        if manifest is None or manifest.get("run") != run_id(run.desk.path):
            return False
        self._publisher(run.job).complete(run.job.id, run.desk.path / OUT, place)
        self._queue_attached(run, place)
        recorded, counts = self._queue.view.pages(run.job.id), manifest.get(KINDS_KEY, {})
        if not recorded:
            run.unrecorded = [*pages_of(manifest)]
        self._finish(
            run,
            JobState(manifest["state"]),
            failures(recorded or run.unrecorded),
            manifest.get("warnings", []),
            {kind: counts[kind] for kind in WarningKind if kind in counts},
        )
        return True

    def _queue_attached(self, run: Run, place: Path) -> None:
        """Before the job is recorded as done: who waits for that is to find on the list what follows from it."""
        queue_attached(self._queue, run.job, run.desk.path, self._state, self.output_of(run.job), place)

    def _finish(
        self,
        run: Run,
        state: JobState,
        failed: dict[int, str],
        warnings: Sequence[str],
        kinds: Mapping[WarningKind, int],
    ) -> None:
        job = run.job
        self._runs.forget(job.id)
        reason = warned(warnings)
        if failed:
            page, why = next(iter(failed.items()))
            reason = f"{len(failed)} of {job.pages} pages failed. Page {page}: {why}"
        try:
            settle = partial(self._settle, run.copied)
            self._queue.work.finish(job.id, state, reason, settle, kinds, run.unrecorded)
        except IllegalTransition:
            log.info("job %d was cancelled while it was published", job.id)
            self._folders.delete(job.id)  # a retry has to make it anew

    def settle(self, job: Job) -> None:
        """See to the source of a job that an earlier engine recorded as published, and did not come to see to."""
        self._settle(None, job)

    def settle_again(self) -> None:
        """Try once more to see to the sources that could be neither moved nor removed.

        A job that was begun anew meanwhile is left alone: it has its folder for itself, and will come to its source.
        """
        with self._lock:
            left = list(self._unsettled.values())
        for job, copied in left:
            now = self._queue.view.job(job.id)
            if now is not None and not now.job.state.is_published:
                self._is_settled(job)
                continue
            try:
                self._settle_source(job, copied)
            except OutputUnwritable as error:
                self._queue.set_banner("source", str(error))
            else:
                self._is_settled(job)
                self._folders.remove_mark(job.id)

    @property
    def unsettled(self) -> set[int]:
        """The jobs whose sources are still to be seen to; by their folders, the next engine knows them too."""
        with self._lock:
            return set(self._unsettled)

    def _settle(self, copied: Stamp | None, job: Job) -> None:
        is_settled = True
        try:
            self._settle_source(job, copied)
        except OutputUnwritable as error:
            is_settled = False
            with self._lock:
                self._unsettled[job.id] = job, copied
            log.warning("job %d: %s", job.id, error)
            self._queue.set_banner("source", str(error))
        finally:
            self._endings.publish(job.id, is_settled=is_settled)

    def _is_settled(self, job: Job) -> None:
        """Nothing is left to be done about a job's source, or it is another run's."""
        with self._lock:
            self._unsettled.pop(job.id, None)
            is_last = not self._unsettled
        if is_last:
            self._queue.set_banner("source", None)

    def _settle_source(self, job: Job, copied: Stamp | None) -> None:
        folder = self._folder_of(job)
        if folder is not None:
            settle_source(job.source, folder.on_success, folder.archive, job.sha256, copied)
        elif is_attached(job.source, self._state):  # it is in its document still
            settle_source(job.source, OnSuccess.DELETE, self._state, job.sha256, copied)
        # Else it was named by hand, not dropped into a hot folder.

    def _publisher(self, job: Job) -> Publisher:
        return Publisher(self._queue.work.claim_output, self.output_of(job), self._live.current.output.absolute())

    def _folder_of(self, job: Job) -> WatchedFolder | None:
        """The hot folder that a job's source was found in; None if it was named by hand."""
        return self._live.folder_of(job.source) if self._watches else None


def is_current(job: Job) -> bool:
    """Whether the very file is in its place, though a newer one may have been there meanwhile."""
    try:
        return job.source.matches(lstat_beneath(job.source.root, job.source.path))
    except OSError:
        return False


def is_superseded(job: Job) -> bool:
    """Whether another file has taken the source's place, so that the result is older than what is there."""
    try:
        current = lstat_beneath(job.source.root, job.source.path)
    except OSError:
        return False
    return not job.source.matches(current) and stat.S_ISREG(current.st_mode)


def unread_for_want_of_ocr(results: Sequence[PageResult]) -> str:
    """Why nothing of a document has been read, if an OCR engine would have read it all; empty if that is not so."""
    if not results or not all(INSTALL in (result.error or "") for result in results):
        return ""
    why = (results[0].error or "").partition(". ")[2]
    return f"All pages look scanned, and none has been read. {why}"


def failures(results: Iterable[PageResult]) -> dict[int, str]:
    """The pages that could not be converted, and why."""
    return {r.page: r.error or "unknown" for r in results if r.state is PageState.FAILED}
