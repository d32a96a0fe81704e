"""The choice of work and of places with a thousand slots, in simulated time: `python -m benchmarks.simulation`.

The scheduler, the roster and the placement are the real ones; nodes, pages and the network are numbers. Nodes are of
different speeds; some join late, and some leave and come back; some are slow for a while; some send what is not the
protocol, now and then; and a tenth of them is lost half-way.
"""

import argparse
import heapq
import itertools
import math
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.cluster.exchange import Hello, Reading
from engine.cluster.placement import HERE, Wish, choose
from engine.cluster.roster import Roster
from engine.job.job import MergeJob, OpenJob, PageBatch, Work
from engine.queue.scheduler import Scheduler

OPEN_S, MERGE_S, MERGE_PAGE_S, PAGE_S = 0.05, 0.03, 0.001, 0.3
"""What opening a document, merging one, merging each of its pages, and converting a page take on this machine; a page
on a node by its speed."""
PAGE_BYTES = 40_000
RATE, TRIP_S = 50e6, 0.005
LIES = 0.2
"""How much of what a node that lies says is a lie."""
READING = Reading(cached_bytes=0, free_bytes=1 << 40, rss_bytes=0)


@dataclass
class Figures:
    """What came of a run."""

    pages: int = 0
    redone: int = 0
    """Pages that were under way on a node that was lost."""
    shipped: int = 0
    ended_s: float = 0.0
    almost_s: float = 0.0
    """When 99% of the pages were done."""
    work_s: float = 0.0
    """Seconds that slots have spent on pages until then."""
    room_s: float = 0.0
    """Seconds that there were slots until then."""
    recovered_s: float = 0.0
    """How long after the loss all that was lost with it was done."""
    overtaken: int = 0
    """The most jobs that were opened before one that had come before them."""
    waited_s: float = 0.0
    """The longest that a job was opened after one behind it."""
    again_s: float = 0.0
    """The longest that pages that had been lost were not begun again."""
    void: int = 0
    """Batches that counted for nothing, since a node had lied."""
    choices: int = 0
    cpu_s: float = 0.0

    @property
    def busy(self) -> float:
        """The part of the time, until the last hundredth, in which slots have worked."""
        return self.work_s / self.room_s if self.room_s else 0.0


@dataclass
class World:
    """Everything that happens, in order of time."""

    documents: int
    nodes: int
    slots: int
    here: int
    seed: int
    now: float = 0.0
    figures: Figures = field(default_factory=Figures)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.scheduler = Scheduler()
        self.roster = Roster(dict)
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.idle: deque[int] = deque()
        self.waiting: deque[tuple[int, PageBatch]] = deque()
        self.turns: deque[tuple[float, Callable[[], None]]] = deque()
        self.at_turn = 0
        self.busy: Counter[str] = Counter()
        self.under_way: dict[int, tuple[int, PageBatch, str, float]] = {}
        self.epochs = itertools.count(1)
        self.speeds: dict[str, float] = {}
        self.places = self.here
        self.workers = 0
        self.leaving = 0
        self.gone = 0
        self.back: dict[tuple[int, int], float] = {}
        self.lost: set[tuple[int, int]] = set()
        self.lost_at = 0.0
        self.opened: list[tuple[int, float]] = []
        self.left: Counter[int] = Counter()
        self.lengths = {
            job: max(1, min(500, round(self.dice.lognormvariate(3.2, 1.1)))) for job in range(1, self.documents + 1)
        }
        self.liars = set[str]()
        self.total = sum(self.lengths.values())
        for job in self.lengths:
            self.scheduler.enqueue(job, 0, float(job), 0.0)
        self.add_workers(self.here)
        self.at(1.0, self.tick)
        late = self.nodes // 10
        for number in range(self.nodes):
            if number < self.nodes - late:
                self.join(number)
            else:
                self.at(20.0, lambda number=number: self.join(number))  # type: ignore[misc]
        for number in range(0, self.nodes, 20):  # one in twenty each
            self.liars.add(f"{number:032x}")
            self.at(60.0 + number, lambda number=number + 7: self.come_and_go(number))  # type: ignore[misc]
            self.at(30.0 + number, lambda number=number + 13: self.slow_down(number))  # type: ignore[misc]

    def at(self, delay_s: float, what: Callable[[], None]) -> None:
        """Have something happen after a while."""
        heapq.heappush(self.events, (self.now + delay_s, next(self.order), what))

    # --- nodes ---

    def add_workers(self, count: int) -> None:
        """There are so many more."""
        for _ in range(count):
            self.workers += 1
            self.idle.append(self.workers)
        self.scheduler.worker_count = self.workers - self.leaving

    def fit(self) -> None:
        """Have as many workers as there are places, as the pool does."""
        self.places = self.roster.slots + self.here
        change = self.places - (self.workers - self.leaving - self.gone)
        stay = min(self.leaving, max(0, change))
        self.leaving += -change if change < 0 else -stay
        self.add_workers(max(0, change) - stay)
        self.scheduler.worker_count = self.places

    def tick(self) -> None:
        """Every second: nodes give signs of life, and holds end."""
        for life in self.roster.lives:
            self.roster.beat(life, TRIP_S, READING, self.now)
        self.roster.silent(self.now)
        self.fit()
        if self.figures.pages < self.total:
            self.at(1.0, self.tick)

    def join(self, number: int) -> None:
        """A node joins."""
        life = f"{number:032x}"
        self.roster.join(Hello(name=f"node-{number}", life=life, slots=self.slots, installed={}), self.now)
        self.speeds[life] = self.dice.uniform(0.7, 1.3)
        self.fit()

    def come_and_go(self, number: int) -> None:
        """A node is gone, and back after half a minute, under another life."""
        life = f"{number:032x}"
        if self.roster.size(life):
            self.lose(life)
            self.at(30.0, lambda: self.join(number + self.nodes))

    def slow_down(self, number: int) -> None:
        """A node takes four times as long for a minute."""
        life = f"{number:032x}"
        self.speeds[life] = self.speeds.get(life, 1.0) * 4
        self.at(60.0, lambda: self.speeds.update({life: self.speeds[life] / 4}))

    def lose(self, life: str) -> None:
        """A node is gone, with what it has."""
        for epoch in self.roster.leave(life, "lost", self.now):
            worker, batch, _, _ = self.under_way.pop(epoch)
            self.lost |= {(batch.job_id, page) for page in batch.pages}
            self.figures.redone += len(batch)
            self.over(worker, batch, None)
        self.busy.pop(life, None)
        self.fit()

    # --- work ---

    def ask(self) -> None:
        """Have idle workers ask for work."""
        while self.idle:
            worker = self.idle.popleft()
            if self.leaving:
                self.leaving -= 1
                self.gone += 1
                self.scheduler.worker_left(worker)
                continue
            self.figures.choices += 1
            work = self.scheduler.next(worker, self.now)
            if work is None:
                self.idle.appendleft(worker)
                return
            self.do(worker, work)

    def do(self, worker: int, work: Work) -> None:
        """Begin a piece of work."""
        match work:
            case OpenJob(job_id):
                self.opened.append((job_id, self.now))
                self.take_turn(OPEN_S, lambda: self.is_open(worker, job_id))
            case MergeJob(job_id):
                seconds = MERGE_S + MERGE_PAGE_S * self.lengths[job_id]
                self.take_turn(seconds, lambda: self.merged(worker, job_id))
            case PageBatch():
                self.waiting.append((worker, work))

    def take_turn(self, seconds: float, then: Callable[[], None]) -> None:
        """Open or merge a document, once it is its turn."""
        self.turns.append((seconds, then))
        self.next_turn()

    def next_turn(self) -> None:
        """Begin what there is room for."""
        while self.turns and self.at_turn < max(2, self.here):
            seconds, then = self.turns.popleft()
            self.at_turn += 1

            def done(then: Callable[[], None] = then) -> None:
                self.at_turn -= 1
                then()
                self.next_turn()

            self.at(seconds, done)

    def is_open(self, worker: int, job: int) -> None:
        """A document is open."""
        self.left[job] = self.lengths[job]
        self.scheduler.opened(job, [range(1, self.lengths[job] + 1)])
        self.idle.append(worker)

    def merged(self, worker: int, job: int) -> None:
        """A document is done."""
        self.figures.ended_s = self.now
        self.scheduler.drop(job)
        self.idle.append(worker)

    def place(self) -> None:
        """Give batches that wait a place."""
        for _ in range(len(self.waiting)):
            if len(self.under_way) >= self.places:
                return
            worker, batch = self.waiting.popleft()
            document = f"{batch.job_id:064x}"
            length = self.lengths[batch.job_id] * PAGE_BYTES
            wish = Wish(document, length, self.left[batch.job_id] * PAGE_S)
            offers = self.roster.offers(document, lambda life: self.busy[life] < self.slots)
            life = choose(wish, self.here - self.busy[HERE], offers, self.roster.copies(document))
            if life is None:
                self.waiting.append((worker, batch))
                continue
            has = any(offer.life == life and offer.has_document for offer in offers)
            self.begin(worker, batch, life, document, 0 if has else length)

    def begin(self, worker: int, batch: PageBatch, life: str, document: str, shipped: int) -> None:
        """A batch is begun."""
        self.busy[life] += 1
        epoch = next(self.epochs)
        seconds = len(batch) * PAGE_S * self.speeds.get(life, 1.0)
        delay_s = 0.0
        if life != HERE:
            self.roster.begin(life, epoch, document)
            delay_s = TRIP_S + shipped / RATE
            self.figures.shipped += shipped
        if self.back:
            since = [self.back.pop((batch.job_id, page), self.now) for page in batch.pages]
            self.figures.again_s = max(self.figures.again_s, self.now - min(since))
        self.under_way[epoch] = worker, batch, life, seconds
        self.at(delay_s + seconds, lambda: self.converted(epoch, document))

    def converted(self, epoch: int, document: str) -> None:
        """A batch is done."""
        found = self.under_way.pop(epoch, None)
        if found is None:
            return  # its node is gone
        worker, batch, life, seconds = found
        self.busy[life] -= 1
        if life != HERE:
            self.roster.end(epoch)
        if life in self.liars and self.dice.random() < LIES:
            self.roster.void(life, self.now)
            self.figures.void += 1
            self.fit()
            self.over(worker, batch, None)
            return
        if life != HERE:
            self.roster.converted(life, document, len(batch))
        self.left[batch.job_id] -= len(batch)
        self.figures.pages += len(batch)
        if not self.figures.almost_s:
            self.figures.work_s += seconds
        self.lost -= {(batch.job_id, page) for page in batch.pages}
        if self.lost_at and not self.lost and not self.figures.recovered_s:
            self.figures.recovered_s = self.now - self.lost_at
        self.over(worker, batch, seconds)

    def over(self, worker: int, batch: PageBatch, seconds: float | None) -> None:
        """A batch is over."""
        if seconds is None:
            self.scheduler.put_back(batch)
            self.back.update(dict.fromkeys(((batch.job_id, page) for page in batch.pages), self.now))
        self.scheduler.batch_finished(batch, seconds)
        self.idle.append(worker)

    def run(self) -> Figures:
        """Until all is done."""
        began, before, is_lost = time.process_time(), 0.0, False
        self.ask()
        self.place()
        while self.events:
            when, _, what = heapq.heappop(self.events)
            if not self.figures.almost_s:
                self.figures.room_s += (when - before) * self.places
            self.now = before = when
            what()
            if not is_lost and self.figures.pages > self.total / 2:
                is_lost, self.lost_at = True, self.now
                self.lost.clear()
                for life in self.roster.lives[: self.nodes // 10]:
                    self.lose(life)
            self.ask()
            self.place()
            if not self.figures.almost_s and self.figures.pages >= 0.99 * self.total:
                self.figures.almost_s = self.now
        self.figures.cpu_s = time.process_time() - began
        self.fairness()
        return self.figures

    def fairness(self) -> None:
        """Who was opened after whom."""
        first = math.inf  # when the first of all from a place in the queue on was opened
        when = dict(self.opened)
        for job in sorted(when, reverse=True):
            first = min(first, when[job])
            self.figures.waited_s = max(self.figures.waited_s, when[job] - first)
        place = {job: number for number, (job, _) in enumerate(self.opened)}
        self.figures.overtaken = max(0, *(place[job] - (job - 1) for job in place))


def main() -> int:
    """Exit status 1 if slots stand still."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--slots", type=int, default=10, help="of each node (10)")
    parser.add_argument("--here", type=int, default=16, help="batches, or documents, at once on the head itself (16)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    world = World(arguments.documents, arguments.nodes, arguments.slots, arguments.here, arguments.seed)
    found = world.run()
    whole = world.total * PAGE_BYTES
    print(f"{arguments.nodes} nodes of {arguments.slots} slots, {arguments.documents} documents, {world.total} pages")
    print(f"slots at work until the last 1% of pages   {found.busy:.3f}")
    print(f"all done after                             {found.ended_s:.0f} s, 99% after {found.almost_s:.0f} s")
    print(f"pages done, done anew after the loss       {found.pages}, {found.redone}")
    print(f"what was lost is done again after          {found.recovered_s:.1f} s")
    print(f"sent to nodes                              {found.shipped / whole:.2f} times all documents")
    print(f"batches of nodes that have lied            {found.void}")
    print(f"a job was opened after one behind it by    {found.waited_s:.1f} s, {found.overtaken} of them at most")
    print(f"lost pages were begun again within         {found.again_s:.1f} s")
    print(f"choices, CPU of all choices and places     {found.choices}, {found.cpu_s:.0f} s")
    return int(found.busy < 0.95 or found.pages != world.total)


if __name__ == "__main__":
    raise SystemExit(main())
