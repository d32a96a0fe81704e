"""Real nodes on this machine: what they cost, and how soon what happens to them is noticed.

`python -m benchmarks.clustered [PART ...]`; needs `hotfolio[cluster,dev]`. Each node is processes of its own, found by
a scheduler of Dask's and reached by TLS; a network that is slow is a proxy that delays and counts bytes.
"""

import argparse
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from benchmarks import report
from benchmarks.lab import Finishes
from benchmarks.library import ROOT
from benchmarks.result import Figure, Result, median
from engine.cluster.clusterbackend import ClusterBackend
from engine.facade.engine import Engine
from engine.job.job import Job
from engine.job.machines import NodeState
from engine.sandbox.backend import MakeBackend, Workplace
from engine.sandbox.forkserver import PROGRAM
from engine.sandbox.local import LocalBackend
from engine.settings.settings import Settings
from tests.cluster.outcome import all_well, here_alone, outputs, pages_of
from tests.cluster.proxy import Way
from tests.cluster.real import Far, RealCluster, processes_of
from tests.engine import faulty_child
from tests.engine.sandbox.conformance import document
from tests.waiting import wait_until

_PATIENCE_S = 100.0
_ROUND_TRIP_S, _RATE = 0.02, 100e6 / 8
_FAR_ROUND_TRIP_S = 0.05
_SLEEPS_S = 0.25
"""What `fault: slow` sleeps for on each page."""
_CANCELS = 10


class Bench:
    """What each part is given."""

    def __init__(self, scratch: Path, file: Path, pages: str, repeat: int) -> None:
        self.scratch = scratch
        self.file = file
        self.pages = pages
        self.repeat = repeat
        self._count = 0

    def folder(self, name: str) -> Path:
        """A new, empty one."""
        self._count += 1
        folder = self.scratch / f"{self._count}-{name}"
        folder.mkdir()
        return folder

    @contextlib.contextmanager
    def cluster(
        self, *names: str, program: str = PROGRAM, far: bool = False
    ) -> Iterator[tuple[RealCluster, list[Far]]]:
        """One with these nodes, and the ways to them if they are `far`."""
        cluster = RealCluster(self.folder("cluster"), program=program)
        try:
            ways = [cluster.add_far(name) for name in names] if far else []
            if not far:
                for name in names:
                    cluster.add(name)
            yield cluster, ways
        finally:
            cluster.close()

    def unseen(self, file: Path) -> Path:
        """A copy of a document that no engine and no node has seen."""
        copy = self.folder("copy") / file.name
        copy.write_bytes(file.read_bytes() + b"%% copy %d\n" % self._count)
        return copy

    def copy(self, file: Path) -> Path:
        """A copy of a document that no engine has seen, though a node may have."""
        return Path(shutil.copy(file, self.folder("copy")))

    def sleepers(self, pages: int) -> Path:
        """A document each of whose pages has its converter sleep."""
        file = self.folder("sleepers") / "sleepers.pdf"
        file.write_bytes(document(*["fault: slow"] * pages))
        return file


class Away(ClusterBackend):
    """Converts no pages on this machine, however many workers the engine has."""

    def set_places(self, places: int) -> None:
        """None."""
        super().set_places(0)


class Head:
    """An engine all of whose pages travel."""

    def __init__(self, cluster: RealCluster, output: Path, count: int, **changes: object) -> None:
        self.backend: ClusterBackend | None = None
        program = cluster.program

        def make(workplace: Workplace) -> ClusterBackend:
            self.backend = Away(workplace, local=LocalBackend(workplace, program=program), places=0)
            return self.backend

        self._count = count
        self.engine = engine(output, cluster.state, 1, make, **changes)

    @contextlib.contextmanager
    def started(self) -> Iterator[tuple[Engine, ClusterBackend]]:
        """With all nodes there."""
        with self.engine as made:
            assert self.backend is not None
            backend = self.backend
            wait_until(lambda: ready(backend) == self._count, "the nodes", _PATIENCE_S)
            yield made, backend


def engine(output: Path, state: Path, workers: int, backend: MakeBackend | None, **changes: object) -> Engine:
    """One that watches no folder."""
    options = {"output": output, "state": state, "num_workers": workers, "ocr": "never", **changes}
    return Engine(Settings.model_validate(options), watch=False, backend=backend)


def ready(backend: ClusterBackend) -> int:
    """How many nodes there are."""
    return sum(node.state is NodeState.READY for node in backend.nodes())


def convert(made: Engine, finishes: Finishes, file: Path) -> tuple[Job, float]:
    """A document that is converted, and in how many seconds."""
    began = time.perf_counter()
    job = made.submit(file)
    return job, finishes.wait([job]) - began


class Processor:
    """Seconds of processor time of processes, their children that have ended among them."""

    def __init__(self, *processes: psutil.Process) -> None:
        self._processes = processes
        self._before = self._now()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return self._now() - self._before

    def _now(self) -> float:
        found = [process.cpu_times() for process in self._processes]
        return sum(times.user + times.system for times in found)


# --- parts ---


def pages(bench: Bench) -> Result:
    """Two nodes with a slot each against two workers of this machine: the same pages, by turns."""
    figures: list[Figure] = []
    samples: list[tuple[str, tuple[float, ...]]] = []
    for label, far, least in (
        ("on loopback", False, 0.95),
        (f"at {_ROUND_TRIP_S * 1000:.0f} ms and {_RATE * 8 / 1e6:.0f} Mbit/s", True, 0.90),
    ):
        here: list[float] = []
        there: list[float] = []
        cpu_here: list[float] = []
        cpu_there: list[float] = []
        with bench.cluster("one", "two", far=far) as (cluster, ways):
            head = Head(cluster, bench.folder("there"), 2, pages=bench.pages)
            local = engine(bench.folder("here"), bench.folder("alone"), 2, None, pages=bench.pages)
            with local, head.started() as (spread, backend):
                for way in ways:
                    way.each(slow(_ROUND_TRIP_S / 2, _RATE))
                finishes = Finishes(local), Finishes(spread)
                own, bridge = psutil.Process(), psutil.Process(backend.bridge_pid)
                count = 1
                for number in range(bench.repeat + 1):  # the first round loads what the others find loaded
                    for is_here in (True, False) if number % 2 else (False, True):
                        used = Processor(own) if is_here else Processor(own, bridge)
                        made, waiting = (local, finishes[0]) if is_here else (spread, finishes[1])
                        job, seconds = convert(made, waiting, bench.unseen(bench.file))
                        count = made.job(job.id).job.pages or 1
                        (here if is_here else there).append(seconds)
                        (cpu_here if is_here else cpu_there).append(used.seconds / count * 1000)
        ratio = median(here[1:]) / median(there[1:])
        figures.append(Figure(f"2 nodes against 2 workers {label}, {count} pages", ratio, at_least=least))
        if not far:
            figures += [
                Figure("processor time of engine and bridge, a remote page", median(cpu_there[1:]), "ms", below=4),
                Figure("the same of the engine, a page of its own workers", median(cpu_here[1:]), "ms"),
            ]
        samples += [(f"workers {label}, s", tuple(here[1:])), (f"nodes {label}, s", tuple(there[1:]))]
    about = f"{bench.file.name}, pages {bench.pages}, by turns; medians of {bench.repeat}."
    return Result("clustered pages", about, tuple(figures), tuple(samples))


def slow(delay_s: float, rate: float | None = None) -> Callable[[Way], None]:
    """Make a way slow."""

    def change(way: Way) -> None:
        way.delay_s, way.rate = delay_s, rate

    return change


def sleeping(bench: Bench) -> Result:
    """Four nodes against one, with a converter that only sleeps: what is lost by giving out and taking in."""
    count = 240
    taken: dict[int, list[float]] = {}
    file = bench.sleepers(count)
    for names in (("one",), ("one", "two", "three", "four")):
        with (
            bench.cluster(*names, program=faulty_child.__name__) as (cluster, _),
            Head(cluster, bench.folder("out"), len(names)).started() as (made, _backend),
        ):
            finishes = Finishes(made)
            convert(made, finishes, bench.sleepers(24))  # so that all is loaded
            taken[len(names)] = [convert(made, finishes, bench.unseen(file))[1] for _ in range(2)]
    ratio = median(taken[1]) / median(taken[4])
    return Result(
        "clustered sleeping",
        f"A document of {count} pages that sleep {_SLEEPS_S} s each, twice; opening, merging and publishing included.",
        (Figure("4 nodes against 1, a converter that sleeps", ratio, "times", at_least=3.8),),
        tuple((f"{nodes} nodes, s", tuple(found)) for nodes, found in taken.items()),
    )


def killing(bench: Bench) -> Result:
    """From `cancel`, which is what a key calls, to the end of the process that reads the page on the node."""
    figures: list[Figure] = []
    samples = []
    file = bench.folder("loop") / "loop.pdf"
    file.write_bytes(document("fault: loop"))
    for round_trip_s, most_ms in ((0.0, 100), (_FAR_ROUND_TRIP_S, 300)):
        with (
            bench.cluster("one", program=faulty_child.__name__, far=round_trip_s > 0) as (cluster, ways),
            Head(cluster, bench.folder("out"), 1).started() as (made, _),
        ):
            for way in ways:
                way.each(slow(round_trip_s / 2))
            times = [one_kill(made, cluster, bench.unseen(file)) for _ in range(_CANCELS + 1)][1:]
        label = f"at {round_trip_s * 1000:.0f} ms round trip" if round_trip_s else "on loopback"
        figures.append(Figure(f"cancelled to dead on the node {label}, median", median(times), "ms", below=most_ms))
        figures.append(Figure(f"the same {label}, the longest of {_CANCELS}", max(times), "ms", below=most_ms))
        samples.append((f"{label}, ms", tuple(times)))
    return Result("clustered killing", "A page that never ends is cancelled.", tuple(figures), tuple(samples))


def one_kill(made: Engine, cluster: RealCluster, file: Path) -> float:
    """Milliseconds."""
    job = made.submit(file)
    wait_until(lambda: [*cluster.folder.glob("one/desks/**/had-1")], "the page to be begun", _PATIENCE_S)
    found = [process for node in cluster.nodes.values() for process in processes_of(node.pid or 0)]
    ends = [os.pidfd_open(process.pid) for process in found]
    try:
        began = time.perf_counter()
        made.cancel([job.id])
        assert select.select(ends, [], [], _PATIENCE_S)[0]  # the others wait for work
        return (time.perf_counter() - began) * 1000
    finally:
        for end in ends:
            os.close(end)


def losing(bench: Bench) -> Result:
    """A node is killed in the middle of a document, and one loses its network for a while."""
    file = bench.sleepers(120)
    (expected,) = here_alone(bench.folder("alone"), file)
    figures: list[Figure] = []
    with bench.cluster("near", program=faulty_child.__name__) as (cluster, _):
        far = cluster.add_far("far")
        changes = {"formats": "md,json,png,pdf", "batch_seconds": 2.0}
        with Head(cluster, bench.folder("out"), 2, **changes).started() as (made, backend):
            finishes = Finishes(made)
            for cut_s in (10.0, 60.0):
                given = threading.Event()
                job = made.submit(bench.copy(file))
                wait_until(lambda: at_work(backend, "far"), "the far node to work", _PATIENCE_S)
                far.each(Way.silence)
                began = time.monotonic()
                watch(lambda: state_of(backend, "far") in (None, NodeState.LEFT), given, cut_s)
                lost_s = time.monotonic() - began
                time.sleep(max(0.0, cut_s - lost_s))
                far.each(Way.restore)
                restored = time.monotonic()
                wait_until(lambda: state_of(backend, "far") is NodeState.READY, "it to be back", _PATIENCE_S)
                back_s = time.monotonic() - restored
                finishes.wait([job])
                figures.append(right(made, job, expected, f"no network for {cut_s:.0f} s"))
                if given.is_set():
                    figures += [
                        Figure(f"no network for {cut_s:.0f} s: given to others after", lost_s, "s", below=20),
                        Figure(f"no network for {cut_s:.0f} s: back after its return", back_s, "s", below=30),
                    ]
            job = made.submit(bench.copy(file))
            wait_until(lambda: at_work(backend, "near"), "the near node to work", _PATIENCE_S)
            pid, began = cluster.nodes["near"].pid, time.monotonic()
            assert pid is not None
            os.kill(pid, 9)
            wait_until(lambda: state_of(backend, "near") is NodeState.LEFT, "it to be noticed", _PATIENCE_S)
            noticed_s = time.monotonic() - began
            finishes.wait([job])
            figures += [
                Figure("a node killed: noticed", noticed_s, "s", below=1),
                right(made, job, expected, "a node killed"),
            ]
    about = "120 pages that sleep, on two nodes of which one is reached by a proxy; outputs as this machine's alone."
    return Result("clustered losing", about, tuple(figures))


def right(made: Engine, job: Job, expected: dict[str, str], what: str) -> Figure:
    """Pages that are not there exactly once, or files that differ."""
    done = made.job(job.id).job
    found, wanted = pages_of(made, done), all_well(len(expected) and (done.pages or 0))
    wrong = len(set(found) ^ set(wanted)) + abs(len(found) - len(wanted))
    wrong += len(dict(outputs(done).items() ^ expected.items()))
    return Figure(f"{what}: pages lost or twice, files that differ", wrong, below=1)


def at_work(backend: ClusterBackend, name: str) -> bool:
    """Whether a node is converting."""
    return any(node.busy and node.name == name and node.pages for node in backend.nodes())


def state_of(backend: ClusterBackend, name: str) -> NodeState | None:
    """Of a node; None if it is not known."""
    return next((node.state for node in backend.nodes() if node.name == name), None)


def watch(condition: Callable[[], bool], held: threading.Event, most_s: float) -> None:
    """Until it holds, for so long at most."""
    ends = time.monotonic() + most_s
    while time.monotonic() < ends:
        if condition():
            held.set()
            return
        time.sleep(0.01)


def memory(bench: Bench) -> Result:
    """What each node that joins, and does something, adds to the processes on the engine's machine."""
    more = ("two", "three", "four", "five")
    file = bench.sleepers(40)
    with (
        bench.cluster("one", program=faulty_child.__name__) as (cluster, _),
        Head(cluster, bench.folder("out"), 1).started() as (made, backend),
    ):
        finishes = Finishes(made)
        of = {
            "engine and bridge": [psutil.Process(), psutil.Process(backend.bridge_pid)],
            "Dask's scheduler": [psutil.Process(backend.scheduler_pid)],
        }

        def used() -> dict[str, float]:
            convert(made, finishes, bench.unseen(file))
            convert(made, finishes, bench.unseen(file))
            return {name: sum(p.memory_full_info().uss for p in found) / 1e6 for name, found in of.items()}

        before = used()
        for name in more:
            cluster.add(name)
        wait_until(lambda: ready(backend) == 1 + len(more), "the nodes", _PATIENCE_S)
        after = used()
    each = {name: (after[name] - before[name]) / len(more) for name in of}
    return Result(
        "clustered memory",
        f"{len(more)} nodes join one; memory that no other process has, after two documents on all.",
        (
            Figure("memory of engine and bridge, a node", each["engine and bridge"], "MB", below=1),
            Figure("memory of Dask's scheduler, a node", each["Dask's scheduler"], "MB"),
            Figure("memory of the bridge with one node, and of the scheduler", sum(before.values()), "MB"),
        ),
    )


_ALONE = """
import json, sys, threading
from pathlib import Path
from engine.facade.engine import Engine
from engine.settings.settings import Settings
with Engine(Settings(output="output", num_workers=1, ocr="never"), watch=False) as engine:
    job = engine.submit(Path(sys.argv[1]))
    assert engine.wait_until_idle(300)
    print(json.dumps({
        "loaded": [m for m in sys.modules if (m + ".").startswith(("distributed.", "dask.", "engine.cluster."))],
        "threads": [t.name for t in threading.enumerate() if t.name in ("bridge", "scheduler")],
    }))
"""


def alone(bench: Bench) -> Result:
    """An engine without a cluster, where what a cluster needs is installed."""
    found = json.loads(
        subprocess.run(
            [sys.executable, "-c", _ALONE, str(bench.sleepers(1))],
            cwd=bench.folder("alone"),
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
    )
    return Result(
        "clustered alone",
        "An engine of this machine alone converts a document.",
        (
            Figure("without a cluster: modules of it, or of Dask, that are loaded", len(found["loaded"]), below=1),
            Figure("without a cluster: threads of it", len(found["threads"]), below=1),
        ),
    )


PARTS = {part.__name__: part for part in (alone, pages, sleeping, killing, losing, memory)}


def main() -> int:
    """Exit status 1 if a figure does not reach what it must."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clustered", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all by default")
    parser.add_argument("--file", type=Path, help="a long document; made if it is not given")
    parser.add_argument("--pages", default="1-60")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="measurements behind a median (5)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the figures into this page")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.parts if name not in PARTS]:
        parser.error(f"{unknown[0]}: there is no such part")
    results = []
    with tempfile.TemporaryDirectory(prefix="hotfolio-bench-") as place:
        file = arguments.file or long_document(Path(place))
        bench = Bench(Path(place), file, arguments.pages, arguments.repeat)
        for name in arguments.parts or PARTS:
            started = time.monotonic()
            results.append(PARTS[name](bench))
            print(f"{report.table(results[-1])}\n  ({time.monotonic() - started:.0f} s)\n", flush=True)
            for label, values in results[-1].samples:
                print(f"  {label}: {' '.join(f'{value:.2f}' for value in values)}", flush=True)
            if arguments.write:
                report.write(arguments.write, results[-1:], None, arguments.repeat, ())
    return int(any(figure.is_met is False for result in results for figure in result.figures))


def long_document(folder: Path) -> Path:
    """One whose pages are laid out without tags, which takes what pages of a book do."""
    file = folder / "long.pdf"
    words = "The boats lie along the old quay, and the lanterns stay lit until the morning."
    file.write_bytes(document(*[f"{words} {number}" for number in range(60)], is_tagged=False))
    return file


if __name__ == "__main__":
    raise SystemExit(main())
