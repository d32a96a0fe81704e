"""Conversions: one job's way from its source to its published folder, put together of its stages."""

import threading
from collections.abc import Callable

from engine.job.job import Job, JobState
from engine.queue.jobqueue import JobQueue
from engine.queue.versions import was_replaced
from engine.sandbox.backend import Desk
from engine.settings.live import LiveSettings
from engine.settings.passwords import Passwords
from engine.work.attached import sweep_attached
from engine.work.endings import Endings
from engine.work.jobfolders import JobFolders
from engine.work.merger import Merger
from engine.work.opener import PASSWORDS, Opener
from engine.work.pages import BatchConverter
from engine.work.publishing import Publishing
from engine.work.runs import Runs

PUBLISHED = (JobState.DONE, JobState.PARTIAL)


class Conversions:
    """What workers do for a job, stage by stage: it is opened, its pages are converted, and it is merged."""

    def __init__(
        self,
        settings: LiveSettings,
        queue: JobQueue,
        desk: Callable[[str], Desk],
        check_hold: Callable[[], None],
        *,
        watches: bool,
        waits_for_late_files: bool,
    ) -> None:
        """`desk` gives the desk of a name; `check_hold` raises `StateLost` if there is no state folder any more.

        `watches` is whether there are hot folders, whose rules hold there.
        """
        self._state_folder = state_folder = settings.current.state_folder.absolute()
        runs = Runs(queue.view)
        self._queue = queue
        self.stopping = threading.Event()
        """Set to have long copies given up."""
        self.passwords = Passwords(lambda: settings.current.passwords_file)
        self.folders = JobFolders(state_folder, desk)
        self.endings = Endings(queue, runs, self.folders, self.passwords, check_hold)
        self._publishing = publishing = Publishing(settings, queue, runs, self.endings, self.folders, watches=watches)
        self.batches = BatchConverter(settings, queue, runs, self.endings)
        self.merger = Merger(settings, queue, runs, publishing, self.endings)
        self.opener = Opener(
            settings,
            queue,
            runs,
            publishing,
            self.endings,
            self.folders,
            self.passwords,
            self.batches,
            self.merger,
            self.stopping.is_set,
            waits_for_late_files=waits_for_late_files,
        )

    def take_up(self) -> None:
        """See to what an earlier engine did not live to do, and delete what nobody needs any more."""
        jobs, left = self._queue.view.jobs(), self.folders.left()
        for job in jobs:
            if job.state in PUBLISHED and job.id in left:
                self._publishing.settle(job)
        needed = {job.id for job in jobs if job.state not in PUBLISHED and not was_replaced(job)}
        self.folders.sweep(needed | self._publishing.unsettled)
        sweep_attached(self._state_folder, jobs)

    def settle_again(self) -> None:
        """Try once more to see to the sources that could be neither archived nor deleted."""
        self._publishing.settle_again()

    def forget_replaced(self, job: Job) -> None:
        """Delete what is kept of a job that has been given up for a newer version of its source."""
        if was_replaced(job):
            self.folders.delete(job.id)

    def check_passwords(self) -> None:
        """Show a banner while the passwords file cannot be used."""
        self._queue.set_banner(PASSWORDS, self.passwords.problem())
