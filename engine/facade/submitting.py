"""Submitter: puts on the queue what is named or sent by hand."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.intake.byhand import source_of, take_in
from engine.job.job import Job, Source, Submission
from engine.job.options import ConvertOptions
from engine.queue.jobqueue import JobQueue
from engine.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, but for the file it is asked of; what is left open follows from the profile or hot folder."""

    options: ConvertOptions | None = None
    priority: int | None = None
    profile: str = ""
    client: str = ""
    """Who asks over HTTP."""


class Submitter:
    """Thread-safe: all that it changes is in the queue. `_lock` is held while a job is asked for once more."""

    def __init__(
        self, settings: Callable[[], Settings], queue: JobQueue, discard: Callable[[int], None], *, watches: bool
    ) -> None:
        """`discard` deletes what is kept of a job outside the queue; `watches` is whether there are hot folders."""
        self._settings = settings
        self._queue = queue
        self._discard = discard
        self._watches = watches
        self._lock = threading.Lock()

    def submit(self, files: Sequence[Path], wish: Wish, *, again: bool) -> list[tuple[Job, bool]]:
        """Queue files in one transaction; returns each one's job, and whether it is queued by this.

        With `again`, finished earlier jobs are run once more, and those that have not begun get the options that are
        asked for. Raises `SourceUnreadable`, `SettingsError` if there is no
        such profile.
        """
        wanted = self._wanted(wish)
        roots = [folder.path for folder in self._settings().hot_folders] if self._watches else []
        submissions = [wanted(source_of(file, roots)) for file in files]
        added = zip(self._queue.add(submissions), submissions, strict=True)
        if not again:
            return [found for found, _ in added]
        return [found if found[1] else self._once_more(found[0], submission, wish) for found, submission in added]

    def _once_more(self, job: Job, submission: Submission, wish: Wish) -> tuple[Job, bool]:
        """What becomes of a job that was there before."""
        with self._lock:
            entry = self._queue.view.job(job.id)  # another may have had it run again since it was added
            job = entry.job if entry is not None else job
            if job.state.is_finished:
                return self._queue.run_again(job.id, submission, self._discard)
            if wish.options is not None and job.is_untouched:
                priority = job.priority if wish.priority is None else wish.priority
                return self._queue.ask_otherwise(job.id, replace(submission, priority=priority)), False
            return job, False

    def take_in(self, part: Path, names: Iterable[str], wish: Wish) -> Job:
        """Give a whole file in the hot folder, ignored so far, the first free one of `names`, and queue it.

        Raises `HotfolioError` if no name is free, `OutputUnwritable` if nothing can be written; `part` then stays.
        """
        root = self._settings().input.absolute()
        wanted = self._wanted(wish)
        return take_in(self._queue, root, part, names, wanted(Source.of(part, root, part.lstat())))

    def _wanted(self, wish: Wish) -> Callable[[Source], Submission]:
        """What is wished for a source; by its hot folder's rule, unless a profile is named."""
        settings = self._settings()
        if wish.profile:
            settings.profile(wish.profile)

        def submission(source: Source) -> Submission:
            folder = settings.folder_of(source) if self._watches else None
            name = wish.profile or (folder.profile if folder is not None else "")
            usual = settings.profile(name).priority if name else 0
            return Submission(
                source,
                wish.options or settings.options_of(name),
                usual if wish.priority is None else wish.priority,
                wish.client,
                name,
            )

        return submission
