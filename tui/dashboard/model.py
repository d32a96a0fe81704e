"""Model: what the dashboard shows, pulled from the engine at the dashboard's own pace."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.job.job import FINISHED, JobState, Step
from engine.job.machines import NodeSnapshot
from engine.job.snapshot import CONNECTION, Banner, JobSnapshot, Snapshot, Totals, WorkerSnapshot
from engine.remote.contract import EngineLike
from tui.dashboard.joblist import JobList, View
from tui.dashboard.meter import Reading
from tui.dashboard.reader.earlier import EarlierTexts
from tui.dashboard.workers.activity import Activity
from tui.dashboard.workers.noderates import NodeRates
from tui.text.formatting import size

_WAITING_S = 1.0
PAUSED, WAITING = "paused", "waiting"
"""The words for a job that no worker is at: because all stands still, or because others go before."""
SETTLE_S = 1.0
"""Rows change places at most this often, so that a list can be read while it moves."""


@dataclass(frozen=True, slots=True)
class Update:
    """What one look at the engine has brought."""

    changed: frozenset[int] = frozenset()
    """Jobs that are new, changed or gone."""
    ticked: frozenset[int] = frozenset()
    """Jobs that are running, once a second: how long they have taken is another time."""
    rows_moved: bool = False
    rest_changed: bool = True
    """Whether anything but jobs may have changed: totals, workers, banners."""


class Model:
    """The jobs, the marks, and the rest of the latest snapshot."""

    def __init__(self, engine: EngineLike, clock: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        """`clock` is monotonic, `wall_clock` the time of day, both in seconds."""
        self.engine = engine
        self.clock = clock
        self.wall_clock = wall_clock
        self.jobs = JobList()
        self.marks: set[int] = set()
        self.earlier = EarlierTexts()
        self.activity = Activity()
        self.is_frozen = False
        """The list stands still; the header goes on."""
        self.reading: Reading | None = None
        self.discovered = 0
        self.is_scanning = False
        self.totals = Totals(dict.fromkeys(JobState, 0), 0, 0, 0, 0.0, (), None)
        self.workers: tuple[WorkerSnapshot, ...] = ()
        self.banners: tuple[Banner, ...] = ()
        self.nodes: tuple[NodeSnapshot, ...] = ()
        self.node_rates = NodeRates()
        self.is_paused = False
        self._version = 0
        self._running: set[int] = set()
        self._unattended: dict[int, float] = {}
        """Jobs with pages left of which no worker has one, and since when; between two batches that is no news."""
        self._second = 0
        self._ended_at_rest = 0
        self._rest_shown: tuple[object, ...] = ()
        self._settled_at = clock() - SETTLE_S

    def pull(self, *, settle: bool = False) -> Update:
        """Take in what has changed since the last time; `settle` puts rows where they belong at once."""
        # The version stays while frozen, so that what is missed now comes with the first look after the thaw.
        snapshot = self.engine.overview() if self.is_frozen else self.engine.snapshot(self._version)
        self.discovered, self.is_scanning = self.engine.discovered, self.engine.is_scanning
        self.totals, self.workers = snapshot.totals, snapshot.workers
        self.activity.take(self.workers, self.clock())
        self.banners, self.is_paused = snapshot.banners, snapshot.is_paused
        self.nodes = snapshot.nodes
        self.node_rates.take(self.nodes, self.clock())
        rest = self._rest()
        rest_changed, self._rest_shown = rest != self._rest_shown, rest
        if self.is_frozen:
            return Update(rest_changed=rest_changed)
        return self._take(snapshot, settle=settle, rest_changed=rest_changed)

    def count(self, view: View) -> int:
        """How many jobs a view has that pass the filter."""
        if self.jobs.filter is not None:
            return self.jobs.count(view.states)
        return sum(self.totals.by_state[state] for state in view.states)

    @property
    def views(self) -> list[View]:
        """The views that there is something to see in; most people never cancel a job."""
        shown = self.totals.by_state[JobState.CANCELLED] or self.jobs.view is View.CANCELLED
        return [view for view in View if shown or view is not View.CANCELLED]

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return sum(self.totals.by_state.values())

    @property
    def is_lost(self) -> bool:
        """Whether the engine does not answer."""
        return any(banner.key == CONNECTION for banner in self.banners)

    @property
    def is_busy(self) -> bool:
        """Whether anything is running, or would be if it were not paused."""
        return bool(self.totals.active or self.totals.queue_depth)

    @property
    def title(self) -> str:
        """What the terminal's window is called: numbers alone, no names."""
        totals = self.totals
        work = f": {totals.active:,} running, {totals.queue_depth:,} queued" if self.is_busy else ""
        return f"hotfolio{work}{', paused' if self.is_paused else ''}"

    @property
    def percent_done(self) -> int | None:
        """How much is done of what there has been to do since there was nothing; None while there is nothing."""
        totals = self.totals
        ended = sum(totals.by_state[state] for state in FINISHED)
        if not self.is_busy:
            self._ended_at_rest = ended
            return None
        done = max(ended - self._ended_at_rest, 0)
        share = sum(
            entry.pages_done / entry.job.pages
            for entry in map(self.jobs.entries.get, self._running)
            if entry is not None and entry.job.pages
        )
        return min(int(100 * (done + share) / (done + totals.active + totals.queue_depth)), 100)

    def meter_texts(self) -> list[str]:
        """CPU and memory while there is work, and free disk space; rounded, so that they change seldom."""
        if self.reading is None:
            return []
        texts = []
        if self.totals.active:
            memory = sum(worker.rss_bytes for worker in self.workers)
            texts = [f"cpu {self.reading.cpu_percent:.0f}%", *([f"mem {size(memory)}"] if memory else [])]
        if self.reading.disk_free_bytes is not None:
            texts.append(f"disk {size(self.reading.disk_free_bytes)} free")
        return texts

    def waiting_word(self, entry: JobSnapshot) -> str:
        """What a job that runs is at if it has had no worker for a while; empty if it has one."""
        since = self._unattended.get(entry.job.id)
        if since is None or self.clock() - since < _WAITING_S:
            return ""
        return PAUSED if self.is_paused else WAITING

    def _rest(self) -> tuple[object, ...]:
        """All that is shown besides jobs."""
        return (
            self.totals,
            self.workers,
            self.banners,
            self.nodes,
            self.is_paused,
            self.is_frozen,
            self.is_scanning,
            self.discovered if self.is_scanning else 0,
            self.reading,
        )

    def _take(self, snapshot: Snapshot, *, settle: bool, rest_changed: bool) -> Update:
        self._version = snapshot.version
        if snapshot.changed or snapshot.removed:
            rows_before = len(self.jobs)
            self.jobs.apply(snapshot.changed, snapshot.removed)
            self.marks.difference_update(snapshot.removed)
            self._watch(snapshot)
            moved = len(self.jobs) != rows_before
        else:
            moved = False
        now = self.clock()
        has_ticked, self._second = int(now) != self._second, int(now)
        if not self.jobs.is_settled and (settle or now - self._settled_at >= SETTLE_S):
            moved |= self.jobs.settle()
            self._settled_at = now
        changed = frozenset(entry.job.id for entry in snapshot.changed).union(snapshot.removed)
        return Update(changed, frozenset(self._running) if has_ticked else frozenset(), moved, rest_changed)

    def _watch(self, snapshot: Snapshot) -> None:
        """Take down which jobs are running, and which of them wait for a worker."""
        for entry in snapshot.changed:
            job_id = entry.job.id
            if entry.job.state is JobState.RUNNING:
                self._running.add(job_id)
            else:
                self._running.discard(job_id)
            if entry.step is Step.PAGE_PROCESSING and not entry.workers:
                self._unattended.setdefault(job_id, self.clock())
            else:
                self._unattended.pop(job_id, None)
        for job_id in snapshot.removed:
            self._running.discard(job_id)
            self._unattended.pop(job_id, None)
