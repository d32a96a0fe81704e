"""Versions: which unfinished jobs are of one source, and whose turn it is. Pure, like the scheduler.

A file that keeps being rewritten must be published now and then, and must not keep others waiting:

- one version is worked on at a time, so that results appear in order; the one that is running, else the oldest;
- a version that has been opened goes on to its end, whatever comes after it;
- one that has not gives way to the newer one, which takes over its place, so that no change costs a source its turn.
"""

from engine.job.job import Job, JobState, Source

REPLACED = "The file was replaced"
"""How the reason begins for which a version is given up that has not been published."""
REMOVED = "The source was removed before it was converted."
"""Why a job is cancelled whose source is gone; if the source comes back, so does the job."""

_Key = tuple[bytes, bytes]


def gives_way(older: Job) -> bool:
    """Whether a version is given up for a newer one: not if it has been opened, unless somebody holds it."""
    return older.state is JobState.HELD or (older.state is JobState.QUEUED and older.pages is None)


def hands_on_its_place(state: JobState, reason: str | None) -> bool:
    """Whether the version before had a place in the queue, and no turn yet that came to anything."""
    if state is JobState.CANCELLED:
        return reason == REMOVED or (reason or "").startswith(REPLACED)
    return state in (JobState.QUEUED, JobState.HELD)


def was_replaced(job: Job) -> bool:
    """Whether a job has been given up for a newer version of its source."""
    return job.state is JobState.CANCELLED and (job.reason or "").startswith(REPLACED)


class Versions:
    """The unfinished jobs of each source. Not thread-safe: its owner has a lock."""

    def __init__(self) -> None:
        self._states: dict[_Key, dict[int, JobState]] = {}

    def follow(self, job: Job) -> None:
        """A job has come, or has changed."""
        key = _key(job.source)
        if not job.state.is_finished:
            self._states.setdefault(key, {})[job.id] = job.state
        elif key in self._states:
            self._states[key].pop(job.id, None)
            if not self._states[key]:
                del self._states[key]

    def of(self, source: Source) -> list[int]:
        """The unfinished jobs of a source, in whatever version, the oldest first."""
        return sorted(self._states.get(_key(source), ()))

    def turn(self, source: Source) -> int | None:
        """The job of a source that may be worked on now."""
        states = self._states.get(_key(source), {})
        running = [job_id for job_id, state in states.items() if state is JobState.RUNNING]
        queued = [job_id for job_id, state in states.items() if state is JobState.QUEUED]
        return min(running or queued, default=None)


def _key(source: Source) -> _Key:
    return source.root, source.path
