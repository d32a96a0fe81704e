"""Two nodes on this machine against two workers of its own, side by side: `python -m benchmarks.clustered FILE`.

Needs `hotfolio[cluster]`. Each round converts the same pages once by each, in turn. Medians, and the engine's own
processor time for a page.
"""

import argparse
import contextlib
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from engine.cluster.authority import Pair, make_authority, sign
from engine.cluster.clusterbackend import ClusterBackend
from engine.cluster.joining import Plan, invite, make_cluster, read_join
from engine.cluster.supervisor import Supervisor
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.sandbox.backend import MakeBackend, Workplace
from engine.settings.settings import Settings

_PATIENCE_S = 120.0


class Place:
    """A cluster of two nodes with a slot each."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        authority = make_authority()
        make_cluster(self.state, Plan(scheduler=f"tls://127.0.0.1:{port}"), authority, sign(authority, "head"))
        self.nodes: list[Supervisor] = []
        for name in ("one", "two"):
            file = folder / f"{name}.join"
            invite(self.state, name, file, lambda ca, key, node: sign(Pair(ca, key), node))
            self.nodes.append(Supervisor(read_join(file), folder / name, slots=1, cache_bytes=1 << 30))
            self.nodes[-1].start()

    def close(self) -> None:
        """End the nodes."""
        for node in self.nodes:
            node.close()


def wait_for(condition: object, what: str) -> None:
    """Until it holds."""
    ended = time.monotonic() + _PATIENCE_S
    while not condition():  # type: ignore[operator]
        if time.monotonic() > ended:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.01)


@contextlib.contextmanager
def engine(output: Path, state: Path, workers: int, pages: str, backend: MakeBackend | None) -> Iterator[Engine]:
    """One that converts these pages."""
    settings = Settings(output=output, state=state, num_workers=workers, pages=pages, ocr="never")
    with Engine(settings, watch=False, backend=backend) as made:
        yield made


def converted(made: Engine, file: Path) -> tuple[float, float]:
    """Seconds, and seconds of processor time of this process, for one conversion."""
    cpu, began = time.process_time(), time.monotonic()
    job = made.submit(file, again=True)
    wait_for(lambda: made.job(job.id).job.state.is_finished, "the conversion")
    if made.job(job.id).job.state is not JobState.DONE:
        raise SystemExit(f"{file} was not converted: {made.job(job.id).job.reason}")
    return time.monotonic() - began, time.process_time() - cpu


def ready(backend: ClusterBackend) -> int:
    """How many nodes there are."""
    return sum(node.state == "ready" for node in backend.nodes())


def main() -> int:
    """Exit status 1 if the nodes are too slow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clustered", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pages", default="1-60")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cluster = Place(folder)
        try:
            return measure(folder, cluster, arguments.file, arguments.pages, arguments.repeat)
        finally:
            cluster.close()


def measure(folder: Path, cluster: Place, file: Path, pages: str, repeat: int) -> int:
    """Print the figures; returns the exit status."""
    made: list[ClusterBackend] = []

    def make(workplace: Workplace) -> ClusterBackend:
        made.append(ClusterBackend(workplace))
        return made[-1]

    here: list[tuple[float, float]] = []
    there: list[tuple[float, float]] = []
    with (
        engine(folder / "here", folder / "alone", 2, pages, None) as local,
        engine(folder / "there", cluster.state, 1, pages, make) as head,
    ):
        (backend,) = made
        wait_for(lambda: ready(backend) == 2, "the nodes")
        backend.set_places(0)  # so that all pages travel
        bridge = psutil.Process(backend.bridge_pid)
        for _ in range(repeat + 1):  # the first one loads what the others find loaded
            here.append(converted(local, file))
            before = bridge.cpu_times()
            seconds, cpu_s = converted(head, file)
            after = bridge.cpu_times()
            there.append((seconds, cpu_s + after.user + after.system - before.user - before.system))
        count = head.job(1).job.pages or 1
    ours, theirs = (statistics.median(seconds for seconds, _ in found[1:]) for found in (here, there))
    cpu = [statistics.median(cpu_s for _, cpu_s in found[1:]) / count * 1000 for found in (here, there)]
    print(f"{count} pages, medians of {repeat}, in turn")
    print(f"2 workers here                     {ours:.2f} s")
    print(f"2 nodes with a slot each           {theirs:.2f} s, ratio {ours / theirs:.2f}")
    print(f"engine's processor time a page     {cpu[0]:.1f} ms here, {cpu[1]:.1f} ms with the bridge's there")
    return int(ours / theirs < 0.95)


if __name__ == "__main__":
    raise SystemExit(main())
