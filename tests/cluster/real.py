"""A cluster as a user has it: its scheduler, its bridge and its nodes are processes that talk to each other by TLS."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from engine.cluster.authority import Pair, make_authority, sign
from engine.cluster.joining import Join, Plan, invite, make_cluster, read_join
from engine.cluster.supervisor import Supervisor
from tests.engine import faulty_child
from tests.waiting import wait_until

_CACHE = 1 << 28


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class RealCluster:
    """A head's files, and nodes; the scheduler and the bridge are the engine's that uses them."""

    def __init__(self, folder: Path, *, state: Path | None = None) -> None:
        self.folder = folder
        self.state = state or folder / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        authority = make_authority()
        plan = Plan(scheduler=f"tls://127.0.0.1:{self.port}")
        make_cluster(self.state, plan, authority, sign(authority, "head"))
        self.nodes: dict[str, Supervisor] = {}

    def invited(self, name: str) -> Join:
        file = self.folder / f"{name}.join"
        if not file.exists():
            invite(self.state, name, file, lambda ca, key, node: sign(Pair(ca, key), node))
        return read_join(file)

    def add(self, name: str, *, slots: int = 1, scheduler: str = "") -> Supervisor:
        join = self.invited(name)
        if scheduler:
            join = join.model_copy(update={"scheduler": scheduler})
        node = Supervisor(join, self.folder / name, slots=slots, cache_bytes=_CACHE, program=faulty_child.__name__)
        self.nodes[name] = node
        node.start()
        return node

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()


@contextmanager
def real_cluster(folder: Path, *names: str) -> Iterator[RealCluster]:
    """With these nodes; no process is left when it ends."""
    cluster = RealCluster(folder)
    try:
        for name in names:
            cluster.add(name)
        yield cluster
    finally:
        cluster.close()
    wait_until(lambda: left(folder) == [], "all processes to end", 60)


def left(folder: Path) -> list[str]:
    """Processes that are the cluster's: what they have been started with names a folder of it, in words or outside."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            told = " ".join((*process.cmdline(), process.environ().get("DASK_CONFIG", "")))
            if str(folder) in told and process.pid != os.getpid():
                found.append(told)
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
