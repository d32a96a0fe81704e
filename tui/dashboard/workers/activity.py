"""Activity: what each worker did in the last minutes, taken down as the dashboard looks at the engine."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from engine.job.job import Step
from engine.job.snapshot import WorkerSnapshot

CELL_S = 2.0
"""Seconds that one cell of a strip stands for."""
KEPT = 300
"""Cells of each worker: ten minutes."""


class Doing(Enum):
    """What a worker was at; of a page, the way that it was read."""

    NOTHING = "idle"
    STEP = "opens, merges"
    PAGE = "on a page"
    """How it is read is told when it is finished."""
    TAGS = "tags"
    LAYOUT = "layout"
    OCR = "OCR"
    TEXT = "text only"
    FAILED = "failed"
    OTHER = "other ways"


_BY_VIA = {
    "tags": Doing.TAGS,
    "layout": Doing.LAYOUT,
    "ocr": Doing.OCR,
    "text": Doing.TEXT,
    "none": Doing.FAILED,
}


@dataclass(slots=True)
class Trace:
    """One worker's cells, the newest last."""

    cells: deque[Doing] = field(default_factory=lambda: deque(maxlen=KEPT))
    memory: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT))
    """Bytes, a figure a cell."""
    pages: Counter[Doing] = field(default_factory=Counter)
    """How many were read in which way, as far as it was seen."""
    last: WorkerSnapshot | None = None

    def pass_on(self, cells: int) -> None:
        """So many cells have begun since the last look; between two looks a worker is taken to stay at its page."""
        stays = Doing.PAGE if self.last is not None and self.last.page is not None else Doing.NOTHING
        for left in range(cells - 1, -1, -1):
            self.cells.append(stays if left else Doing.NOTHING)
            self.memory.append(self.memory[-1] if self.memory else 0)

    def take(self, worker: WorkerSnapshot) -> None:
        """Take down what the worker is at in the newest cell, and what has become of its page."""
        before, self.last = self.last, worker
        if not self.cells:
            return
        self.memory[-1] = worker.rss_bytes or self.memory[-1]
        if before is not None and worker.pages > before.pages and worker.via:
            doing = _BY_VIA.get(worker.via, Doing.OTHER)
            self.pages[doing] += worker.pages - before.pages
            self._was(doing)
        elif self.cells[-1] in (Doing.NOTHING, Doing.STEP) and worker.job_id is not None:
            self.cells[-1] = Doing.PAGE if worker.step is Step.PAGE_PROCESSING else Doing.STEP

    def _was(self, doing: Doing) -> None:
        """A page was finished: that is how the cells were spent that it took."""
        self.cells[-1] = doing
        for place in range(len(self.cells) - 2, -1, -1):
            if self.cells[place] is not Doing.PAGE:
                break
            self.cells[place] = doing


class Activity:
    """Time goes on only while somebody works: what is over stands still, and costs nothing to show."""

    def __init__(self) -> None:
        self._traces: dict[int, Trace] = {}
        self._cell: int | None = None
        """The newest; None while nobody works."""

    def take(self, workers: Sequence[WorkerSnapshot], now: float) -> None:
        """Look at the workers; `now` is a monotonic clock, in seconds."""
        self._drop(worker.number for worker in workers)
        begun = 0
        if any(worker.job_id is not None for worker in workers):
            cell = int(now // CELL_S)
            # A rest is a blank cell, however long it was.
            begun = 2 if self._cell is None else min(cell - self._cell, KEPT)
            self._cell = cell
        else:
            self._cell = None
        for worker in workers:
            trace = self._traces.setdefault(worker.number, Trace())
            trace.pass_on(begun)
            trace.take(worker)

    def of(self, number: int) -> Trace:
        """What a worker did; nothing of one that is new."""
        return self._traces.get(number) or Trace()

    @property
    def pages(self) -> Counter[Doing]:
        """How many pages all workers have read in which way."""
        return sum((trace.pages for trace in self._traces.values()), Counter())

    def _drop(self, numbers: Iterable[int]) -> None:
        for gone in self._traces.keys() - set(numbers):
            del self._traces[gone]
