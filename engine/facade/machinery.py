"""Machinery: all that is at work while an engine runs, put together and taken down in the right order."""

import contextlib
import logging
import time

from engine.base.errors import HotfolioError
from engine.base.safetext import display_name
from engine.facade.callbacks import Callbacks
from engine.facade.joborders import Orders
from engine.facade.jobreader import JobReader
from engine.facade.keeper import Keeper, check_disk
from engine.facade.reloading import Reloader
from engine.facade.retention import Retention
from engine.facade.submitting import Submitter
from engine.hooks.aftermath import Aftermath
from engine.intake.hotfolders import HotFolders
from engine.job.job import JobState
from engine.job.options import DocumentKind
from engine.publish.rebuild import rebuild
from engine.queue.database import DATABASE
from engine.queue.jobqueue import open_queue
from engine.sandbox.backend import Backend, Cluster
from engine.sandbox.officetools import installed_office
from engine.sandbox.protocol import PAGES
from engine.settings.live import LiveSettings
from engine.settings.settings import Settings
from engine.settings.statehold import Hold
from engine.work.checkpoint import has_progress
from engine.work.conversion import Conversions
from engine.work.looks import Inspector
from engine.work.pages import MODEL_BANNER
from engine.work.pool import WorkerPool

log = logging.getLogger(__name__)

DRAINING = "draining"
"""The banner's key while nothing new is begun."""


class Machinery:
    """Works from when it is made until it is stopped. Its parts are for `Engine` alone."""

    def __init__(
        self,
        live: LiveSettings,
        callbacks: Callbacks,
        backend: Backend,
        hold: Hold,
        *,
        watches: bool,
        waits_for_late_files: bool,
    ) -> None:
        """Take up the queue where an earlier engine left it, and begin to work.

        `hold` has the state folder for it; `watches` is whether there are hot folders; `backend` is what converts
        documents.
        """
        settings = live.current
        state = settings.state_folder
        self._live = live
        if watches:
            live.take_up(state)
        self._watches = watches
        self._callbacks = callbacks
        self.backend = backend
        self.cluster = backend if isinstance(backend, Cluster) else None
        """The backend, if it has other machines."""
        self.queue = queue = open_queue(settings)
        hold.watch(state / DATABASE)
        if queue.moved_aside is not None:
            aside = display_name(queue.moved_aside)
            if rebuild(queue, settings.hot_folders) or not queue.was_emptied:
                queue.set_banner(
                    "store",
                    f"The queue was damaged and has been built anew from the folders; the old one is {aside}.",
                )
        self.queue.load(lambda job_id: has_progress(backend.desk(str(job_id)).path / PAGES))
        self.queue.listen(callbacks.finished)
        self.aftermath = Aftermath(self._settings, queue.outbox, queue.set_banner)
        callbacks.add(self.aftermath.follow)
        self.conversions = Conversions(
            live, self.queue, backend.desk, hold.check, watches=watches, waits_for_late_files=waits_for_late_files
        )
        callbacks.add(self.conversions.forget_replaced)
        passwords, folders = self.conversions.passwords, self.conversions.folders
        self.conversions.take_up()
        live.forget_former({job.source.root for job in queue.view.jobs()})
        check_disk(settings, self.queue)
        self.conversions.check_passwords()
        self._check_office(settings)
        self.pool = WorkerPool(settings, self.queue, self.conversions, backend)
        self.pool.start(settings.worker_count)
        inspector = Inspector(backend, state, passwords.candidates)
        self.reader = JobReader(state, self.queue, inspector, folders, passwords)
        self.orders = Orders(self.queue, passwords, self.pool.kill_job, folders.discard)
        self.submitter = Submitter(self._settings, self.queue, folders.discard, watches=watches)
        self.hotfolders = HotFolders(self.queue, self.orders.cancel_one)
        if watches:
            self.hotfolders.follow(settings.hot_folders)
        reloader = Reloader(live, queue.set_banner, self._settings_changed, watch=watches)
        self.retention = Retention(self._settings, self.queue, folders.discard)
        self.keeper = Keeper(
            self._settings,
            self.queue,
            self.conversions,
            self.pool,
            self.cluster,
            reloader,
            self.retention,
            hold.check,
            self._lost,
        )
        self.keeper.start()
        callbacks.start()
        self.aftermath.start()

    @property
    def is_idle(self) -> bool:
        """Whether everything that is present is finished, held jobs aside, and what follows on that is done."""
        if self.hotfolders.is_scanning or self.hotfolders.waiting:
            return False
        return not self.queue.view.unfinished and not self.aftermath.is_busy

    def drain(self) -> None:
        """Stop intake and open no further job; the running ones go on to their end."""
        self.hotfolders.stop()
        self.queue.drain()
        self.queue.set_banner(DRAINING, "Finishing the running jobs; nothing new is begun.")

    def kill_processes(self) -> None:
        """Hurry a `stop` that is waiting: end all processes at once."""
        self.pool.kill_all()
        self.aftermath.hurry()

    def stop(self, timeout_s: float) -> None:
        """Stop intake, let running batches end for so long, and keep everything else for the next start."""
        deadline = time.monotonic() + timeout_s
        self.keeper.retire()
        self.aftermath.retire()
        self.conversions.stopping.set()
        self.pool.retire()  # first, so that nothing more is begun while the hot folder ends
        self.hotfolders.stop()
        log.info("Stopping: nothing is taken in or begun any more")
        self.pool.stop(timeout_s)
        for job in self.queue.view.jobs():
            if job.state is JobState.RUNNING:
                # If it cannot be written, the next start finds the job running and takes it up all the same.
                with contextlib.suppress(HotfolioError):
                    self.queue.transition(job.id, JobState.QUEUED, "the engine was stopped", started=None, attempts=0)
        self.keeper.stop()
        self._callbacks.stop()
        self.aftermath.stop(deadline - time.monotonic())
        self.queue.close()

    def _lost(self) -> None:
        """The state folder was taken away: begin nothing more, and take nothing in."""
        self.conversions.stopping.set()
        self.hotfolders.stop()

    def _settings(self) -> Settings:
        return self._live.current

    def _check_office(self, settings: Settings) -> None:
        """Show a banner while documents are taken in that nothing can make PDFs of."""
        is_wanted_in_vain = settings.office and installed_office().folder is None
        self.queue.set_banner("office", installed_office().problem(DocumentKind.DOCX) if is_wanted_in_vain else None)

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        self.queue.configure(new)
        self._check_office(new)
        if new.num_workers != old.num_workers:  # else somebody may have set another number by hand
            self.pool.resize(new.worker_count)
        if self._watches:
            self.hotfolders.follow(new.hot_folders)
        self.aftermath.settings_changed(old, new)
        if not any(options.asks_model for options in new.all_options):
            self.queue.set_banner(MODEL_BANNER, None)
