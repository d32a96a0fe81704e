"""Engine: the one façade that every front end uses."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from engine.base.safetext import display_name
from engine.facade.callbacks import Callbacks
from engine.facade.checkup import vitals_of
from engine.facade.machinery import Machinery
from engine.facade.nodeorders import NodeOrders
from engine.facade.submitting import Wish
from engine.job.job import Job, JobState, Move, Standing
from engine.job.options import ConvertOptions
from engine.job.snapshot import WHOLE_PAGE, Area, JobDetail, JobSnapshot, PageBlock, PageMap, Picture, Snapshot
from engine.job.vitals import Vitals
from engine.sandbox.backend import MakeBackend
from engine.sandbox.registry import make_backend
from engine.settings.live import LiveSettings
from engine.settings.loading import SettingsSource
from engine.settings.settings import MAX_WORKERS, Settings
from engine.settings.statefolder import check_folders, make_folders, start_logging, stop_logging
from engine.settings.statehold import Hold
from engine.settings.workplace import workplace_of

log = logging.getLogger(__name__)

STOP_S = 8.0
"""How long a stop waits for the running page batches; the whole of it stays under 10 s."""
_PAUSED = "paused"


class Engine(NodeOrders):
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
        backend: MakeBackend | None = None,
        origins: Mapping[str, str] | None = None,
        source: SettingsSource | None = None,
    ) -> None:
        """`watch` tells whether the input folder is a hot folder, or only submitted files are converted.

        With `waits_for_late_files`, damaged files younger than a minute are tried again; by default if watched.
        `backend` converts, if not the settings' own. `origins` and `source` are those of the settings.
        """
        settings = settings if watch else settings.model_copy(update={"folders": ()})
        self._live = LiveSettings(settings, origins, source)
        self._watches = watch
        self._waits = watch if waits_for_late_files is None else waits_for_late_files
        self._make_backend = backend
        self._hold: Hold | None = None
        self._log_handler: logging.Handler | None = None
        self._stopping = threading.Event()
        self._callbacks = Callbacks()

    # --- life ---

    def start(self) -> None:
        """Take up the queue where an earlier engine left it, and begin to work.

        Raises `SettingsError` if the folders do not fit together or the backend cannot be used, `EngineLocked` if
        another engine has this state folder, `OutputUnwritable` if something cannot be written.
        """
        settings = self.settings
        check_folders(settings, watch=self._watches)
        state = settings.state_folder
        make_folders(settings, watch=self._watches)
        self._hold = Hold(settings)
        try:
            self._log_handler = start_logging(state)
            backend = make_backend(self._make_backend or settings.backend, workplace_of(settings))
            self._machinery = Machinery(
                self._live,
                self._callbacks,
                backend,
                self._hold,
                watches=self._watches,
                waits_for_late_files=self._waits,
            )
        except BaseException:
            self._let_go()
            raise
        log.info("Started with %d workers on %s", settings.worker_count, display_name(settings.input))

    def stop(self, *, now: bool = False) -> None:
        """Stop intake, let running batches end (at most 8 s, or not at all with `now`), and keep all else."""
        if self._hold is None:
            return
        self._stopping.set()
        self._machinery.stop(0.0 if now else STOP_S)
        log.info("Stopped")
        self._let_go()

    def _let_go(self) -> None:
        if self._log_handler is not None:
            stop_logging(self._log_handler)
        if self._hold is not None:
            self._hold.release()
            self._hold = None

    def hold_to(self, file: Path) -> None:
        """Count this file of the state folder, such as the socket, among those without which the engine must end."""
        if self._hold is not None:
            self._hold.watch(file)

    def check(self) -> None:
        """Raise `StateLost` if the state folder was taken away: nothing is begun any more, and `stop` is due."""
        self._machinery.keeper.check()

    def drain(self) -> None:
        """Stop intake and open no further job; the running ones go on to their end."""
        self._machinery.drain()

    def kill_processes(self) -> None:
        """Hurry a `stop` that is waiting: end all processes at once. Finished pages are kept, commands run again."""
        self._machinery.kill_processes()

    def __enter__(self) -> "Engine":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_idle(self) -> bool:
        """Whether everything that is present is finished, held jobs aside, and what follows on that is done."""
        return self._machinery.is_idle

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
        self._callbacks.add(callback)

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
        return self._machinery.queue.view.snapshot(since)

    def overview(self) -> Snapshot:
        """What is going on as a whole, as of the latest version and without any jobs."""
        return self._machinery.queue.view.overview()

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""
        return self._machinery.reader.job(job_id)

    def find(self, conversion_id: str) -> JobSnapshot:
        """The job on the list with this UUID; raises `NoSuchJob`."""
        return self._machinery.reader.find(conversion_id)

    def select(
        self, ids: Iterable[tuple[int, int]] | None = None, states: Iterable[JobState] | None = None
    ) -> list[JobSnapshot]:
        """Jobs, by ranges of ids (first and last) and by state. Raises `NoSuchJob` for one id that is not there."""
        return self._machinery.reader.select(ids, states)

    def detail(self, job_id: int) -> JobDetail:
        """One job in full; reads the disk. Raises `NoSuchJob`."""
        return self._machinery.reader.detail(job_id)

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """The job's Markdown, or one page's (from 1), as the contract says. For a thread."""
        return self._machinery.reader.preview(job_id, page)

    def page_lines(self, job_id: int) -> list[tuple[int, int]]:
        """The pages of the published Markdown and the line of it that each begins in; raises as `preview` does."""
        return self._machinery.reader.page_lines(job_id)

    def blocks(self, job_id: int, page: int) -> tuple[PageBlock, ...]:
        """The blocks of a page (from 1), as the published JSON tells them. Raises `HotfolioError`; for a thread."""
        return self._machinery.reader.blocks(job_id, page)

    def peek(self, job_id: int, page: int, width: int, height: int, *, area: Area = WHOLE_PAGE) -> Picture:
        """A part of a page (from 1) as a picture of at most so many pixels. Raises `HotfolioError`; for a thread."""
        return self._machinery.reader.peek(job_id, page, width, height, area)

    def opens(self, job_ids: Iterable[int], password: str) -> list[int]:
        """Those of the jobs whose documents a password opens, tried in processes; some 10 ms each."""
        return self._machinery.reader.opens(job_ids, password)

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job, from memory; None for others, of which `detail` knows."""
        return self._machinery.queue.view.page_map(job_id)

    def page_maps(self) -> dict[int, PageMap]:
        """The page maps of all running jobs, from memory."""
        return self._machinery.queue.view.page_maps()

    @property
    def is_scanning(self) -> bool:
        """Whether the input folder has not been read in full yet since the start."""
        return self._machinery.hotfolders.is_scanning

    @property
    def unsettled(self) -> int:
        """Files of the hot folder that are not queued yet, because they may still be coming in."""
        return self._machinery.hotfolders.waiting

    @property
    def discovered(self) -> int:
        """Files the scan of the input folder has come across so far."""
        return self._machinery.hotfolders.found

    @property
    def is_following_up(self) -> bool:
        """Whether a command or a webhook is under way for a job that has ended, or due."""
        return self._machinery.aftermath.is_busy

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopping.is_set()

    def vitals(self) -> Vitals:
        """How the engine does, in numbers; looks at its processes and disks."""
        return vitals_of(self._machinery, self.settings, is_paused_by_hand=self.is_paused, is_stopping=self.is_stopping)

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

        Options and priority are those of the profile unless given. Raises `SettingsError` if there is no such profile.
        """
        wish = Wish(options, priority, profile, client)
        return [job for job, _ in self._machinery.submitter.submit(files, wish, again=again)]

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
        wish = Wish(options, priority, profile, client)
        ((job, is_queued_now),) = self._machinery.submitter.submit([file], wish, again=True)
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
        return self._machinery.submitter.take_in(part, names, Wish(options, priority, profile, client))

    def cancel(self, job_ids: Iterable[int], reason: str = "Cancelled.") -> list[int]:
        """Give jobs up, at once; finished pages are kept for a retry."""
        return self._machinery.orders.cancel(job_ids, reason)

    def hold(self, job_ids: Iterable[int]) -> list[int]:
        """Keep jobs from running; one that runs stops at its next batch boundary."""
        return self._machinery.orders.hold(job_ids)

    def release(self, job_ids: Iterable[int]) -> list[int]:
        """Let held jobs run again."""
        return self._machinery.orders.release(job_ids)

    def retry(self, job_ids: Iterable[int]) -> list[int]:
        """Queue finished jobs again, keeping the pages they have finished."""
        return self._machinery.orders.retry(job_ids)

    def unlock(self, job_ids: Iterable[int], password: str) -> list[int]:
        """Try failed jobs again with a password, which is kept in memory alone."""
        return self._machinery.orders.unlock(job_ids, password)

    def change_priority(self, job_ids: Iterable[int], by: int) -> list[int]:
        """Raise or lower priorities."""
        return self._machinery.orders.prioritize(job_ids, lambda job: job.priority + by)

    def set_priority(self, job_ids: Iterable[int], priority: int) -> list[int]:
        """Give unfinished jobs a priority."""
        return self._machinery.orders.prioritize(job_ids, lambda _: priority)

    def move(self, job_ids: Iterable[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""
        return self._machinery.orders.move(job_ids, where)

    def remove(self, job_ids: Iterable[int], *, with_results: bool = False) -> list[int]:
        """Take finished jobs off the list; sources stay, and are not queued again. So do results, unless asked."""
        if not with_results:
            return self._machinery.orders.remove(job_ids)
        view = self._machinery.queue.view
        found = (view.job(job_id) for job_id in job_ids)
        return self._machinery.retention.remove([entry.job for entry in found if entry is not None])

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        self._machinery.orders.restore(job_ids)

    def reinstate(self, standings: Iterable[Standing]) -> list[int]:
        """Have jobs stand as they stood: state, priority and place; a new run that has not ended is given up."""
        return self._machinery.orders.reinstate(standings)

    def pause(self) -> None:
        """Start no more page batches."""
        self._machinery.queue.pause(_PAUSED, "Paused: nothing new is started until you resume.")

    def resume(self) -> None:
        """End `pause`."""
        self._machinery.queue.resume(_PAUSED)

    @property
    def is_paused(self) -> bool:
        """Whether `pause` is in force."""
        return self._machinery.queue.is_paused_by(_PAUSED)

    def set_workers(self, count: int) -> None:
        """Have so many workers (1 to 256, those of other machines besides); those too many end at a batch boundary.

        The workers of other machines are as many as those have slots; at least one is this machine's.
        """
        elsewhere = self._machinery.cluster.more if self._machinery.cluster is not None else 0
        self._machinery.pool.resize(max(1, min(count - elsewhere, MAX_WORKERS)))

    @property
    def workers(self) -> int:
        """How many workers there are."""
        return self._machinery.pool.size
