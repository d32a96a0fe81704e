"""A cluster as a user has it: its scheduler, its bridge and its nodes are processes that talk to each other by TLS."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.cluster.authority import Pair, make_authority, sign
from engine.cluster.clusterbackend import ClusterBackend
from engine.cluster.joining import NODE_PORTS, Join, Plan, invite, make_cluster, read_join
from engine.cluster.schedulerprocess import scheduler_process
from engine.cluster.supervisor import Supervisor
from engine.job.machines import NodeState
from tests.cluster.outcome import PATIENCE_S
from tests.cluster.proxy import Way
from tests.engine import faulty_child
from tests.waiting import wait_until

_CACHE = 1 << 28
_ports = iter(range(NODE_PORTS[1], NODE_PORTS[0], -1))
"""By which the bridge may reach nodes, from the last one, since nodes take the first that are free."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass(frozen=True)
class Far:
    """The ways of a node: out to the scheduler, and back from the head to it."""

    out: Way
    back: Way

    def each(self, what: Callable[[Way], object]) -> None:
        for way in (self.out, self.back):
            what(way)


class RealCluster:
    """A head's files, and nodes; the bridge is the engine's that uses them, and the scheduler, if it has its own."""

    def __init__(self, folder: Path, *, own: bool = True, program: str = faulty_child.__name__) -> None:
        """Unless an engine is to have its `own` scheduler, there is one for all of them, between which nodes stay.

        `program` is the fork server of its nodes.
        """
        self.folder = folder
        self.program = program
        self.state = folder / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        authority = make_authority()
        plan = Plan(scheduler=f"tls://127.0.0.1:{self.port}", own=own)
        make_cluster(self.state, plan, authority, sign(authority, "head"))
        self.nodes: dict[str, Supervisor] = {}
        self.ways: list[Way] = []
        self.scheduler = None if own else scheduler_process(self.state, plan)
        if self.scheduler is not None:
            self.scheduler.start()

    def invited(self, name: str) -> Join:
        file = self.folder / f"{name}.join"
        if not file.exists():
            invite(self.state, name, file, lambda ca, key, node: sign(Pair(ca, key), node))
        return read_join(file)

    def add(
        self, name: str, *, slots: int = 1, cache_bytes: int = _CACHE, contact: str = "", **changes: object
    ) -> Supervisor:
        """`changes` are those of its invitation."""
        join = self.invited(name).model_copy(update=changes)
        node = Supervisor(
            join, self.folder / name, slots=slots, cache_bytes=cache_bytes, program=self.program, contact=contact
        )
        self.nodes[name] = node
        node.start()
        return node

    def add_far(self, name: str) -> "Far":
        """A node that is reached, and reaches others, by ways that can be cut."""
        listens, reached = free_port(), next(_ports)
        far = Far(Way(free_port(), self.port), Way(reached, listens))
        self.ways += [far.out, far.back]
        self.add(
            name,
            contact=f"tls://127.0.0.1:{reached}",
            scheduler=f"tls://127.0.0.1:{far.out.port}",
            node_ports=(listens, listens),
        )
        return far

    def close(self) -> None:
        for way in self.ways:
            way.restore()
        for node in self.nodes.values():
            node.close()
        for way in self.ways:
            way.close()
        if self.scheduler is not None:
            self.scheduler.close()


@contextmanager
def real_cluster(folder: Path, *names: str, own: bool = True) -> Iterator[RealCluster]:
    """With these nodes; no process is left when it ends."""
    cluster = RealCluster(folder, own=own)
    try:
        for name in names:
            cluster.add(name)
        yield cluster
    finally:
        cluster.close()
    wait_until(lambda: left(folder) == [], "all processes to end", PATIENCE_S)


def ready(backend: ClusterBackend) -> set[str]:
    """The nodes that are given work."""
    return {node.name for node in backend.nodes() if node.state is NodeState.READY}


def wait_for(backend: ClusterBackend, *names: str) -> None:
    """Until these nodes are there, and no others."""
    wait_until(lambda: ready(backend) == {*names}, f"the nodes {names}", PATIENCE_S)


def left(folder: Path) -> list[str]:
    """Processes that are the cluster's: what they have been started with names a folder of it, in words or outside."""
    return [*found_of(folder).values()]


def found_of(folder: Path) -> dict[int, str]:
    """The same, by what they are."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            told = " ".join((*process.cmdline(), process.environ().get("DASK_CONFIG", "")))
            if str(folder) in told and process.pid != os.getpid():
                found[process.pid] = told
    return found


def processes_of(pid: int) -> list[psutil.Process]:
    """Of a node: its own, its fork server's, and what is converting."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def end(pid: int | None, what: signal.Signals) -> None:
    assert pid is not None
    os.kill(pid, what)
