"""Engine: the one façade that every front end uses."""

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from engine.base.errors import HotfolioError, IllegalTransition, NoSuchJob
from engine.base.safetext import display_name, display_text
from engine.facade.reloading import Reloader
from engine.hooks.aftermath import Aftermath
from engine.intake.byhand import run_again, source_of, take_in
from engine.intake.hotfolders import HotFolders
from engine.job.job import MAX_PRIORITY, Job, JobState, Move, Source, Submission
from engine.job.options import ConvertOptions
from engine.job.selection import selected
from engine.job.snapshot import JobDetail, JobSnapshot, PageMap, Picture, Snapshot
from engine.publish.rebuild import rebuild
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.queue.tally import Tally
from engine.sandbox.local import PROGRAM
from engine.settings.live import LiveSettings
from engine.settings.loading import SettingsSource
from engine.settings.settings import MAX_WORKERS, Settings
from engine.settings.statefolder import (
    check_folders,
    disk_problem,
    lock_state,
    make_folders,
    start_logging,
    stop_logging,
)
from engine.work.checkpoint import has_progress
from engine.work.conversion import Conversions
from engine.work.details import detail_of
from engine.work.looks import Inspector
from engine.work.pages import MODEL_BANNER
from engine.work.pool import BLOCKED, NO_PROCESS, WorkerPool

log = logging.getLogger(__name__)

STOP_S = 8.0
"""How long a stop waits for the running page batches; the whole of it stays under 10 s."""
_KEEPER_S = 1.0
_DISK_CHECK_S = 5.0
_SLOW_PAGE_S = 2.0
_PUBLISHED = (JobState.DONE, JobState.PARTIAL)
_PAUSED = "paused"
DRAINING = "draining"
"""The banner's key while nothing new is begun."""


class Engine:
    """Converts what is in the hot folder and what is submitted, until it is stopped. Thread-safe.

    Actions take job ids and return those they changed; an id that is gone, or in a state the action does not fit, is
    passed over. No call blocks longer than a write to the queue takes, except `start`, `stop` and `wait_until_idle`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        watch: bool = True,
        waits_for_late_files: bool | None = None,
        program: str = PROGRAM,
        origins: Mapping[str, str] | None = None,
        source: SettingsSource | None = None,
    ) -> None:
        """`watch` tells whether the input folder is a hot folder, or only submitted files are converted.

        With `waits_for_late_files`, a damaged file that is younger than a minute is tried again; by default when
        watching. `program` is the module that conversion processes come from. `origins` tells where settings come from
        that are not defaults; if `source` is given, the settings file is followed while the engine runs.
        """
        if not watch:  # what is named by hand is not subject to the rules of hot folders
            settings = settings.model_copy(update={"folders": ()})
        self._live = LiveSettings(settings, origins, source)
        self._watches = watch
        self._waits = watch if waits_for_late_files is None else waits_for_late_files
        self._program = program
        self._lock_file = -1
        self._log_handler: logging.Handler | None = None
        self._stopping = threading.Event()
        self._finished: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._callbacks: list[Callable[[Job], None]] = []
        self._threads: list[threading.Thread] = []

    # --- life ---

    def start(self) -> None:
        """Take up the queue where an earlier engine left it, and begin to work.

        Raises `SettingsError` if the folders do not fit together, `EngineLocked` if another engine has this state
        folder, `OutputUnwritable` if something cannot be written.
        """
        settings = self.settings
        check_folders(settings, watch=self._watches)
        state = settings.state_folder
        make_folders(settings, watch=self._watches)
        self._lock_file = lock_state(state)
        try:
            self._log_handler = start_logging(state)
            self._start(state)
        except BaseException:
            self._let_go()
            raise

    def _start(self, state: Path) -> None:
        settings = self.settings
        store = JobStore(state, time.time)
        scheduler = Scheduler(settings.batch_seconds, settings.aging, settings.running_limits, settings.vlm_concurrency)
        self._tracker = ProgressTracker(time.monotonic)
        self._queue = JobQueue(store, scheduler, self._tracker, time.monotonic)
        if store.moved_aside is not None:
            aside = display_name(store.moved_aside)
            if rebuild(store, settings.hot_folders) or not store.was_empty:
                self._tracker.set_banner(
                    "store",
                    f"The queue was damaged and has been built anew from the folders; the old one is {aside}.",
                )
        self._queue.load(lambda job_id: has_progress(state / "jobs" / str(job_id) / "pages"))
        self._queue.listen(self._finished.put)
        self._aftermath = Aftermath(lambda: self.settings, store, self._tracker.set_banner)
        self._callbacks.append(self._aftermath.follow)
        self._conversions = Conversions(
            self._live, self._queue, watches=self._watches, waits_for_late_files=self._waits
        )
        self._conversions.folders.sweep({job.id for job in self._tracker.jobs() if job.state not in _PUBLISHED})
        self._check_disk()
        self._conversions.check_passwords()
        self._pool = WorkerPool(settings, self._queue, self._conversions, self._program)
        self._pool.start(settings.worker_count)
        self._inspector = Inspector(self._pool.fork_server, state, self._conversions.passwords.candidates)
        self._hotfolders = HotFolders(self._queue, self._cancel_one)
        if self._watches:
            self._hotfolders.follow(settings.hot_folders)
        self._reloader = Reloader(self._live, self._tracker, self._settings_changed, watch=self._watches)
        for target, name in ((self._keep, "keeper"), (self._call_back, "callbacks")):
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._aftermath.start()
        log.info("Started with %d workers on %s", settings.worker_count, display_name(settings.input))

    def stop(self, *, now: bool = False) -> None:
        """Stop intake, let running batches end (at most 8 s, or not at all with `now`), and keep everything else.

        Unfinished jobs go on from their last finished page when an engine starts again.
        """
        if self._lock_file < 0:
            return
        deadline = time.monotonic() + (0.0 if now else STOP_S)
        self._stopping.set()
        self._aftermath.retire()
        self._conversions.stopping.set()
        self._pool.retire()  # first, so that nothing more is begun while the hot folder ends
        self._hotfolders.stop()
        self._pool.stop(0.0 if now else STOP_S)
        for job in self._tracker.jobs():
            if job.state is JobState.RUNNING:
                # If it cannot be written, the next start finds the job running and takes it up all the same.
                with contextlib.suppress(HotfolioError):
                    self._queue.transition(job.id, JobState.QUEUED, "the engine was stopped", started=None, attempts=0)
        self._finished.put(None)
        for thread in self._threads:
            thread.join()
        self._aftermath.stop(deadline - time.monotonic())
        self._queue.store.close()
        log.info("Stopped")
        self._let_go()

    def _let_go(self) -> None:
        if self._log_handler is not None:
            stop_logging(self._log_handler)
        os.close(self._lock_file)
        self._lock_file = -1

    def drain(self) -> None:
        """Stop intake and open no further job; the running ones go on to their end."""
        self._hotfolders.stop()
        self._queue.with_scheduler(lambda scheduler: setattr(scheduler, "is_draining", True))
        self._tracker.set_banner(DRAINING, "Finishing the running jobs; nothing new is begun.")

    def kill_processes(self) -> None:
        """Hurry a `stop` that is waiting: end all processes at once. Finished pages are kept, commands run again."""
        self._pool.kill_all()
        self._aftermath.hurry()

    def __enter__(self) -> "Engine":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_idle(self) -> bool:
        """Whether everything that is present is finished, held jobs aside, and what follows on that is done."""
        if self._hotfolders.is_scanning or self._hotfolders.waiting:
            return False
        counts = self._tracker.snapshot(since=1 << 62).totals.by_state
        return not counts[JobState.QUEUED] and not counts[JobState.RUNNING] and not self.is_following_up

    def wait_until_idle(self, timeout_s: float | None = None) -> bool:
        """Wait until `is_idle`; False if the time was over first."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.is_idle():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            self._stopping.wait(0.05)
        return True

    def on_finished(self, callback: Callable[[Job], None]) -> None:
        """Have `callback` called with every job that finishes from now on, on a thread kept for callbacks."""
        self._callbacks.append(callback)

    # --- asking ---

    @property
    def settings(self) -> Settings:
        """In force now."""
        return self._live.current

    @property
    def origins(self) -> Mapping[str, str]:
        """Where the settings come from that are not defaults."""
        return self._live.origins

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The folders that results are in, absolute, also those of hot folders that are none any more."""
        return self._live.outputs

    @property
    def settings_revision(self) -> int:
        """Grows when the settings change."""
        return self._live.revision

    def snapshot(self, since: int = 0) -> Snapshot:
        """What is going on, with the jobs changed since a version."""
        return self._tracker.snapshot(since)

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""
        found = self._tracker.job(job_id)
        if found is None:
            raise NoSuchJob(f"There is no job {job_id}.")
        return found

    def find(self, conversion_id: str) -> JobSnapshot:
        """The job on the list with this UUID; raises `NoSuchJob`."""
        found = self._tracker.find(conversion_id)
        if found is None:
            raise NoSuchJob(f"There is no conversion {display_text(conversion_id[:40])}.")
        return found

    def select(
        self, ids: Iterable[tuple[int, int]] | None = None, states: Iterable[JobState] | None = None
    ) -> list[JobSnapshot]:
        """Jobs on the list, by ranges of ids (first and last) and by state; all of them unless narrowed.

        Raises `NoSuchJob` for a range of one id that is not on the list.
        """
        return selected(self._tracker.snapshots(), ids, states)

    def detail(self, job_id: int) -> JobDetail:
        """One job in full; reads the disk. Raises `NoSuchJob`."""
        return detail_of(
            self.job(job_id),
            self.settings.state_folder,
            self._tracker.page_map(job_id),
            lambda: self._queue.store.pages(job_id),
            self._queue.store.history(job_id),
        )

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """The job's Markdown, of the pages finished so far or as published; safe to show. Raises `HotfolioError`.

        With `page` (from 1), that page's alone; raises `PageNotLocated` if it is published, but cannot be told apart
        in there. Takes some 10 ms and the time to read the pages: for a thread of the front end's.
        """
        job, folder = self.job(job_id).job, self._conversions.folders.of(job_id)
        if page is None:
            return self._inspector.preview(job, folder)
        recorded = self._queue.store.page(job_id, page)
        try:
            return self._inspector.preview_page(job, folder, page, recorded)
        except HotfolioError:
            current = self._queue.store.job(job_id)
            if current.state is job.state:
                raise
        # Its checkpoints were deleted while they were read: it is published now.
        return self._inspector.preview_page(current, folder, page, recorded)

    def peek(self, job_id: int, page: int, width: int, height: int) -> Picture:
        """A page (from 1) as a picture of at most so many pixels. Raises `HotfolioError`; for a thread too."""
        return self._inspector.peek(
            self.job(job_id).job,
            self._conversions.folders.of(job_id),
            page,
            width,
            height,
            self._conversions.passwords.of(job_id),
        )

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job, from memory; None for others, of which `detail` knows."""
        return self._tracker.page_map(job_id)

    def page_maps(self) -> dict[int, PageMap]:
        """The page maps of all running jobs, from memory."""
        return self._tracker.page_maps()

    @property
    def is_scanning(self) -> bool:
        """Whether the input folder has not been read in full yet since the start."""
        return self._hotfolders.is_scanning

    @property
    def unsettled(self) -> int:
        """Files of the hot folder that are not queued yet, because they may still be coming in."""
        return self._hotfolders.waiting

    @property
    def discovered(self) -> int:
        """Files the scan of the input folder has come across so far."""
        return self._hotfolders.found

    @property
    def is_following_up(self) -> bool:
        """Whether a command or a webhook is under way for a job that has ended, or due."""
        return self._aftermath.is_busy

    @property
    def following_up(self) -> int:
        """How many commands and deliveries are still to follow on jobs that have ended, due or not."""
        return self._aftermath.left

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopping.is_set()

    @property
    def queue_depth(self) -> int:
        """How many jobs wait for a worker, from memory."""
        return self._tracker.queue_depth

    @property
    def sandbox_failures(self) -> int:
        """How often in a row no conversion process could be started; work pauses and is tried again."""
        return self._pool.sandbox_failures

    @property
    def busy_s(self) -> float:
        """Seconds conversion processes have spent on their tasks since the start, all together."""
        return self._pool.busy_s

    @property
    def tally(self) -> Tally:
        """What has happened since the start, in numbers."""
        return self._tracker.tally

    @property
    def longest_wait_s(self) -> float | None:
        """For how long the job has waited that has waited longest, from memory; None if none waits."""
        return self._tracker.longest_wait_s()

    @property
    def fork_server_pid(self) -> int | None:
        """The process that conversion processes come from, if there is one right now."""
        return self._pool.fork_server.pid

    # --- acting ---

    def submit(
        self, file: Path, *, options: ConvertOptions | None = None, priority: int | None = None, again: bool = False
    ) -> Job:
        """Queue one file, wherever it is; returns its job, which is an earlier one if the file has been queued before.

        With `again`, a finished earlier job is run once more. Raises `SourceUnreadable`.
        """
        return self.submit_many([file], options=options, priority=priority, again=again)[0]

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
        """Queue files in one transaction, for the `client` that asks for them over HTTP.

        Options and priority are those of the profile unless they are given. Raises `SettingsError` if there is no such
        profile.
        """
        wish = self._wish(options, priority, profile, client)
        return [job for job, _ in self._submit(files, wish, again=again)]

    def ask_for(
        self,
        file: Path,
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        client: str = "",
    ) -> tuple[Job, bool]:
        """Queue one file, once more if it is converted already; returns its job, and False if it was queued before.

        Raises `SourceUnreadable`, `SettingsError` if there is no such profile.
        """
        ((job, is_queued_now),) = self._submit([file], self._wish(options, priority, profile, client), again=True)
        return job, is_queued_now

    def take_in(
        self,
        part: Path,
        names: Iterable[str],
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        client: str = "",
    ) -> Job:
        """Give a whole file in the hot folder, ignored so far, the first free one of `names`, and queue it.

        Raises `HotfolioError` if no name is free, `OutputUnwritable` if nothing can be written; `part` then stays.
        """
        root = self.settings.input.absolute()
        wish = self._wish(options, priority, profile, client)
        return take_in(self._queue, root, part, names, wish(Source.of(part, root, part.lstat())))

    def cancel(self, job_ids: Iterable[int], reason: str = "Cancelled.") -> list[int]:
        """Give jobs up, at once; finished pages are kept for a retry."""
        return self._each(job_ids, lambda job_id: self._cancel_one(job_id, reason))

    def hold(self, job_ids: Iterable[int]) -> list[int]:
        """Keep jobs from running; one that runs stops at its next batch boundary."""
        return self._transitions(job_ids, JobState.HELD, "Held.")

    def release(self, job_ids: Iterable[int]) -> list[int]:
        """Let held jobs run again."""

        def change(job_id: int) -> None:
            if self.job(job_id).job.state is not JobState.HELD:
                raise IllegalTransition(f"Job {job_id} is not held.")
            self._queue.transition(job_id, JobState.QUEUED, "Released.", reason=None, attempts=0)

        return self._each(job_ids, change)

    def retry(self, job_ids: Iterable[int]) -> list[int]:
        """Queue finished jobs again, keeping the pages they have finished."""
        return self._each(job_ids, lambda job_id: self._queue.retry(job_id, "Retried."))

    def unlock(self, job_ids: Iterable[int], password: str) -> list[int]:
        """Try failed jobs again with a password, which is kept in memory alone."""
        job_ids = list(job_ids)
        for job_id in job_ids:
            self._conversions.passwords.set(job_id, password)
        return self.retry(job_ids)

    def change_priority(self, job_ids: Iterable[int], by: int) -> list[int]:
        """Raise or lower priorities."""
        return self._prioritize(job_ids, lambda job: job.priority + by)

    def set_priority(self, job_ids: Iterable[int], priority: int) -> list[int]:
        """Give unfinished jobs a priority."""
        return self._prioritize(job_ids, lambda _: priority)

    def move(self, job_ids: Iterable[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""
        moved = []
        for job_id in job_ids if where in ("up", "bottom") else reversed(list(job_ids)):
            with contextlib.suppress(HotfolioError):
                if self._queue.move(job_id, where) is not None:
                    moved.append(job_id)
        return moved

    def remove(self, job_ids: Iterable[int]) -> list[int]:
        """Take finished jobs off the list; results and sources stay, and the sources are not queued again."""
        removed = self._queue.remove(job_ids)
        for job_id in removed:
            self._conversions.folders.discard(job_id)
        return removed

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        self._queue.restore(job_ids)

    def pause(self) -> None:
        """Start no more page batches."""
        self._queue.pause(_PAUSED, "Paused: nothing new is started until you resume.")

    def resume(self) -> None:
        """End `pause`."""
        self._queue.resume(_PAUSED)

    @property
    def is_paused(self) -> bool:
        """Whether `pause` is in force."""
        return self._queue.is_paused_by(_PAUSED)

    def set_workers(self, count: int) -> None:
        """Have so many workers (1 to 256); those too many end at their next batch boundary."""
        self._pool.resize(max(1, min(count, MAX_WORKERS)))

    @property
    def workers(self) -> int:
        """How many workers there are."""
        return self._pool.size

    # --- below ---

    def _wish(
        self, options: ConvertOptions | None, priority: int | None, profile: str, client: str
    ) -> Callable[[Source], Submission]:
        """What is asked for, but for the source it is asked of; by its hot folder's rule, unless a profile is named."""
        settings = self.settings
        if profile:
            settings.profile(profile)

        def submission(source: Source) -> Submission:
            folder = settings.folder_of(source) if self._watches else None
            name = profile or (folder.profile if folder is not None else "")
            usual = settings.profile(name).priority if name else 0
            return Submission(
                source,
                options or settings.options_of(name),
                usual if priority is None else priority,
                client,
                name,
            )

        return submission

    def _submit(
        self, files: Sequence[Path], wish: Callable[[Source], Submission], *, again: bool
    ) -> list[tuple[Job, bool]]:
        roots = [folder.path for folder in self.settings.hot_folders] if self._watches else []
        submissions = [wish(source_of(file, roots)) for file in files]
        return [
            run_again(self._queue, job, submission, self._conversions.folders.discard)
            if again and not is_new and job.state.is_finished
            else (job, is_new)
            for (job, is_new), submission in zip(self._queue.add(submissions), submissions, strict=True)
        ]

    def _each(self, job_ids: Iterable[int], change: Callable[[int], object]) -> list[int]:
        changed = []
        for job_id in job_ids:
            with contextlib.suppress(IllegalTransition, NoSuchJob):
                change(job_id)
                changed.append(job_id)
        return changed

    def _transitions(self, job_ids: Iterable[int], new: JobState, cause: str) -> list[int]:
        return self._each(job_ids, lambda job_id: self._queue.transition(job_id, new, cause, reason=None))

    def _prioritize(self, job_ids: Iterable[int], priority: Callable[[Job], int]) -> list[int]:
        def change(job_id: int) -> None:
            job = self.job(job_id).job
            if job.state.is_finished:
                raise IllegalTransition(f"Job {job_id} is finished.")
            self._queue.set_priority(job_id, max(-MAX_PRIORITY, min(priority(job), MAX_PRIORITY)))

        return self._each(job_ids, change)

    def _cancel_one(self, job_id: int, reason: str) -> None:
        self._queue.cancel(job_id, reason)
        self._pool.kill_job(job_id)

    def _keep(self) -> None:
        """Once a second, see to what nobody else does."""
        next_disk_check = 0.0
        while not self._stopping.wait(_KEEPER_S):
            try:
                self._pool.read_processes()
                for worker in self._tracker.snapshot(since=1 << 62).workers:
                    if worker.job_id is not None and (worker.seconds_on_page or 0) > _SLOW_PAGE_S:
                        self._conversions.batches.suspect_slow(worker.job_id)
                self._queue.offer_delayed()
                self._reloader.look()
                if time.monotonic() >= next_disk_check:
                    next_disk_check = time.monotonic() + _DISK_CHECK_S
                    self._check_disk()
                    self._conversions.check_passwords()
                    self._queue.resume(NO_PROCESS, keeps_banner=True)
            except Exception:
                log.exception("Housekeeping failed")

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        self._queue.with_scheduler(
            lambda scheduler: scheduler.configure(new.batch_seconds, new.aging, new.running_limits, new.vlm_concurrency)
        )
        if new.num_workers != old.num_workers:  # else somebody may have set another number by hand
            self._pool.resize(new.worker_count)
        if self._watches:
            self._hotfolders.follow(new.hot_folders)
        self._aftermath.settings_changed(old, new)
        if not any(options.asks_model for options in new.all_options):
            self._tracker.set_banner(MODEL_BANNER, None)

    def _check_disk(self) -> None:
        """Pause while nothing can be written, and go on by itself when that is over."""
        problem = disk_problem(self.settings)
        if problem is not None:
            self._queue.pause(BLOCKED, problem)
        elif self._queue.is_paused_by(BLOCKED):
            self._queue.resume(BLOCKED)

    def _call_back(self) -> None:
        while (job := self._finished.get()) is not None:
            for callback in list(self._callbacks):
                try:
                    callback(job)
                except Exception:
                    log.exception("A callback failed")
