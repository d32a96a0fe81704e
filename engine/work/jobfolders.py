"""JobFolders: what is kept of each job on the disk, outside the queue and the output."""

import contextlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from engine.sandbox.backend import Desk
from engine.sandbox.protocol import LOG
from engine.settings.statefolder import jobs_folder, logs_folder

log = logging.getLogger(__name__)


class JobFolders:
    """Of an unfinished job its private folder; of a finished one its log, and its folder if a retry can use it."""

    def __init__(self, state_folder: Path, desk: Callable[[str], Desk]) -> None:
        """`desk` is what gives the desk of a name."""
        self._desk = desk
        self._jobs = jobs_folder(state_folder)
        self._logs = logs_folder(state_folder)

    def of(self, job_id: int) -> Desk:
        """The private folder of a job that is not finished."""
        return self._desk(str(job_id))

    def delete(self, job_id: int) -> None:
        """Delete a job's folder, so that it is begun anew."""
        self.of(job_id).discard()

    def discard(self, job_id: int) -> None:
        """Delete everything that is kept of a job."""
        self.delete(job_id)
        (self._logs / f"{job_id}.log").unlink(missing_ok=True)

    def keep_log(self, job_id: int) -> None:
        """Delete the folder of a job that has ended, but for its log."""
        self._save_log(job_id)
        self.delete(job_id)

    def keep_mark(self, job_id: int) -> None:
        """The same, but leave the empty folder: there is something to be done yet for the job."""
        self._save_log(job_id)
        with contextlib.suppress(FileNotFoundError):
            for entry in self.of(job_id).path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)

    def remove_mark(self, job_id: int) -> None:
        """Delete what `keep_mark` has left, and nothing that somebody has put there since."""
        with contextlib.suppress(OSError):
            self.of(job_id).path.rmdir()

    def _save_log(self, job_id: int) -> None:
        log_file = self.of(job_id).path / LOG
        try:
            if log_file.exists() and log_file.stat().st_size:
                self._logs.mkdir(exist_ok=True)
                log_file.replace(self._logs / f"{job_id}.log")
        except OSError as error:
            log.warning("job %d: its log is lost: %s", job_id, error)

    def left(self) -> set[int]:
        """The jobs that have a folder."""
        return {int(name) for name in self._names() if name.isdecimal()}

    def sweep(self, needed: set[int]) -> None:
        """Delete all folders but those of these jobs."""
        for name in self._names():
            if not name.isdecimal() or int(name) not in needed:
                self._desk(name).discard()

    def _names(self) -> list[str]:
        return [folder.name for folder in self._jobs.iterdir()] if self._jobs.is_dir() else []
