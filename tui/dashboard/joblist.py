"""JobList: every job known, and those shown, in the order shown. Pure data: no clock, no widget."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from enum import Enum, StrEnum
from typing import Any

from engine.job.job import ACTIVE, JobState
from engine.job.snapshot import JobSnapshot
from tui.dashboard.jobfilter import JobFilter, folded_name

_REBUILD_SHARE = 8
"""Sorting anew is quicker once more than an eighth of the rows have moved."""

Key = tuple[Any, ...]


class View(Enum):
    """A selection of jobs by state, and its title; one that is shorter, for where there is no room."""

    ALL = ("All", "All", frozenset(JobState))
    QUEUED = ("Queued", "Wait", frozenset({JobState.QUEUED, JobState.HELD}))
    RUNNING = ("Running", "Run", frozenset({JobState.RUNNING}))
    DONE = ("Done", "Done", frozenset({JobState.DONE}))
    FAILED = ("Failed", "Fail", frozenset({JobState.PARTIAL, JobState.FAILED}))
    CANCELLED = ("Cancelled", "Canc", frozenset({JobState.CANCELLED}))

    def __init__(self, title: str, short: str, states: frozenset[JobState]) -> None:
        self.title = title
        self.short = short
        self.states = states


class Sort(StrEnum):
    """What the rows are sorted by."""

    QUEUE = "queue"
    """Running, then waiting in the order they will run, then finished, the latest first."""
    ID = "id"
    NAME = "name"
    PAGES = "pages"
    STATE = "state"
    TIME = "time"


_OPEN = frozenset(ACTIVE)


def _queue_key(entry: JobSnapshot) -> Key:
    job = entry.job
    if job.state is JobState.RUNNING:
        return (0, job.started.timestamp() if job.started else 0.0, 0.0, job.id)
    if job.finished is None or job.state in _OPEN:
        return (1, -job.priority, job.position, job.id)
    return (2, -job.finished.timestamp(), 0.0, job.id)


_STATE_ORDER = {
    state: number
    for number, state in enumerate(
        (
            JobState.RUNNING,
            JobState.FAILED,
            JobState.PARTIAL,
            JobState.HELD,
            JobState.QUEUED,
            JobState.CANCELLED,
            JobState.DONE,
        )
    )
}
_KEYS: dict[Sort, Callable[[JobSnapshot], Key]] = {
    Sort.QUEUE: _queue_key,
    Sort.ID: lambda entry: (entry.job.id,),
    Sort.NAME: lambda entry: (folded_name(entry.job.source.path), entry.job.id),
    Sort.PAGES: lambda entry: (entry.job.pages or 0, entry.job.id),
    Sort.STATE: lambda entry: (_STATE_ORDER[entry.job.state], entry.job.id),
    Sort.TIME: lambda entry: (entry.job.seconds or 0.0, entry.job.id),
}


class JobList:
    """Keeps the order by moving single rows, so that a change costs the same with 100,000 jobs as with ten."""

    def __init__(self) -> None:
        self.entries: dict[int, JobSnapshot] = {}
        """Every job, shown or not."""
        self.greatest_id = 0
        self.view = View.ALL
        self.sort = Sort.QUEUE
        self.is_reversed = False
        self.filter: JobFilter | None = None
        self._keys: dict[int, Key] = {}
        self._order: list[Key] = []  # sorted; a job's id is the last item of its key
        self._unsettled: set[int] = set()
        self._passing: dict[int, JobState] = {}  # what passes the filter, in whatever view
        self._counts: Counter[JobState] = Counter()

    # --- asking ---

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, job_id: int) -> bool:
        """Whether the job is shown."""
        return job_id in self._keys

    def count(self, states: Iterable[JobState]) -> int:
        """How many jobs in these states pass the filter, in whatever view."""
        return sum(self._counts[state] for state in states)

    def in_states(self, states: Collection[JobState]) -> list[int]:
        """All jobs in these states, shown or not."""
        return [job_id for job_id, entry in self.entries.items() if entry.job.state in states]

    def id_at(self, row: int) -> int:
        """The job in a row; rows count from 0."""
        found: int = self._order[-1 - row if self.is_reversed else row][-1]
        return found

    def row_of(self, job_id: int) -> int | None:
        """A job's row, None if it is not shown."""
        key = self._keys.get(job_id)
        if key is None:
            return None
        row = bisect_left(self._order, key)
        return len(self._order) - 1 - row if self.is_reversed else row

    def ids(self, start: int = 0, stop: int | None = None) -> list[int]:
        """The jobs of some rows, in order."""
        return [self.id_at(row) for row in range(*slice(start, stop).indices(len(self)))]

    @property
    def is_settled(self) -> bool:
        """Whether every row is where it belongs."""
        return not self._unsettled

    # --- changing ---

    def apply(self, changed: Iterable[JobSnapshot], removed: Iterable[int]) -> None:
        """Take in what has changed. Rows stay where they are until `settle`, but those removed go at once."""
        if not self.entries:  # all are new: no need to look where each one was
            self.entries = {entry.job.id: entry for entry in changed}
            self._unsettled = set(self.entries)
            self.greatest_id = max(self.entries, default=self.greatest_id)
            self._count_anew()
            changed = ()
        for entry in changed:
            job_id = entry.job.id
            self.entries[job_id] = entry
            self.greatest_id = max(self.greatest_id, job_id)
            self._recount(job_id, entry)
            if self._keys.get(job_id) != self._key_of(entry):
                self._unsettled.add(job_id)
        for job_id in removed:
            if self.entries.pop(job_id, None) is not None:
                self._unsettled.discard(job_id)
                self._recount(job_id, None)
                self._take_out(job_id)

    def settle(self) -> bool:
        """Move, add and drop rows to where they belong; False if nothing had to be."""
        moved, self._unsettled = self._unsettled, set()
        if not moved:
            return False
        if len(moved) > 64 and len(moved) * _REBUILD_SHARE > len(self._order):
            self._rebuild()
            return True
        for job_id in moved:
            self._take_out(job_id)
            key = self._key_of(self.entries[job_id])
            if key is not None:
                self._keys[job_id] = key
                insort(self._order, key)
        return True

    def show(
        self,
        *,
        view: View | None = None,
        sort: Sort | None = None,
        is_reversed: bool | None = None,
    ) -> None:
        """Show other jobs, or in another order."""
        self.view = view or self.view
        self.sort = sort or self.sort
        self.is_reversed = self.is_reversed if is_reversed is None else is_reversed
        self._rebuild()

    def set_filter(self, job_filter: JobFilter | None) -> None:
        """Show only jobs that pass."""
        self.filter = job_filter
        self._count_anew()
        self._rebuild()

    # --- below ---

    def _count_anew(self) -> None:
        """Find out which jobs pass the filter."""
        # One test after the other over all jobs: half the time of one job after the other, which counts with 100,000.
        entries: Iterable[JobSnapshot] = self.entries.values()
        for test in self.filter.tests if self.filter is not None else ():
            entries = [entry for entry in entries if test(entry)]
        self._passing = {entry.job.id: entry.job.state for entry in entries}
        self._counts = Counter(self._passing.values())

    def _recount(self, job_id: int, entry: JobSnapshot | None) -> None:
        """A job has changed, or is gone."""
        before = self._passing.pop(job_id, None)
        if before is not None:
            self._counts[before] -= 1
        if entry is not None and (self.filter is None or self.filter(entry)):
            self._passing[job_id] = entry.job.state
            self._counts[entry.job.state] += 1

    def _key_of(self, entry: JobSnapshot) -> Key | None:
        """Where the job belongs, None if it is not to be shown."""
        if entry.job.state not in self.view.states or entry.job.id not in self._passing:
            return None
        return _KEYS[self.sort](entry)

    def _take_out(self, job_id: int) -> None:
        key = self._keys.pop(job_id, None)
        if key is not None:
            del self._order[bisect_left(self._order, key)]

    def _rebuild(self) -> None:
        self._unsettled.clear()
        states = self.view.states
        entries = [self.entries[job_id] for job_id, state in self._passing.items() if state in states]
        self._order = sorted(map(_KEYS[self.sort], entries))
        self._keys = {key[-1]: key for key in self._order}
