"""The backend of a cluster: processes of this machine, and the slots of all nodes that have joined."""

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.base.errors import ChildKilled, DeskLost, SandboxUnavailable, SettingsError
from engine.cluster.bridgeprocess import BridgeProcess
from engine.cluster.clustersandbox import ClusterSandbox
from engine.cluster.fleet import Connect, Fleet
from engine.cluster.joining import read_plan
from engine.cluster.likeness import installed
from engine.cluster.ownprocess import OwnProcess
from engine.cluster.remotesandbox import Document
from engine.cluster.schedulerprocess import scheduler_process
from engine.cluster.supervisor import needs
from engine.cluster.workleft import WorkLeft
from engine.job.machines import NodeSnapshot
from engine.sandbox.backend import Backend, Capability, Desk, Limits, Sandbox, Workplace
from engine.sandbox.local import LocalBackend
from engine.sandbox.protocol import CONVERTED, SOURCE, PagesTask
from engine.sandbox.stages import Stage

_BLOCK = 1 << 20
_MOST_KNOWN = 10_000
_MOST_LOST = 2
"""Batches of a document that may be lost one after the other until it stays here."""
_LEAST_TURNS = 2


class ClusterBackend:
    """Thread-safe; `_lock` guards what is known of documents, and how many are being opened or merged."""

    slots = None

    def __init__(
        self, workplace: Workplace, *, local: Backend | None = None, connect: Connect | None = None, places: int = 1
    ) -> None:
        """`local` is what this machine converts with, `connect` how its nodes are reached.

        Raises `SettingsError` if there is no cluster.
        """
        self._bridge: BridgeProcess | None = None
        self._scheduler: OwnProcess | None = None
        if connect is None:
            needs()
            plan = read_plan(workplace.state_folder)
            if plan is None:
                raise SettingsError("there is no cluster yet: `hotfolio cluster init` makes one.")
            self._bridge = BridgeProcess(workplace.state_folder)
            self._scheduler = scheduler_process(workplace.state_folder, plan) if plan.own else None
            connect = self._bridge.connect
        self._local = local or LocalBackend(workplace)
        self.fleet = Fleet(connect, installed, places)
        self._places = places
        self._lock = threading.Condition()
        self._turns = 0
        self._documents: OrderedDict[tuple[str, int, int, int], str] = OrderedDict()
        self._lost: Counter[str] = Counter()
        self._work = WorkLeft()
        self._closed = False

    @property
    def capabilities(self) -> frozenset[Capability]:
        """See `Backend.capabilities`: nodes have the same backend."""
        return self._local.capabilities

    @property
    def pids(self) -> tuple[int, ...]:
        """See `Backend.pids`."""
        return self._local.pids

    def start(self) -> None:
        """See `Backend.start`."""
        self._local.start()
        if self._scheduler is not None:
            self._scheduler.start()
        self.fleet.start()

    def desk(self, name: str) -> Desk:
        """See `Backend.desk`: what nodes make comes to this machine's."""
        return self._local.desk(name)

    def open(self, limits: Limits, needs: Stage = Stage.BARE) -> ClusterSandbox:
        """See `Backend.open`; a process of this machine is started once there is something for it to do."""
        if self._closed:
            raise SandboxUnavailable("The engine is stopping.")
        return ClusterSandbox(self, limits, needs)

    def close(self) -> None:
        """See `Backend.close`."""
        self._closed = True
        self.fleet.close()
        if self._bridge is not None:
            self._bridge.close()
        if self._scheduler is not None:
            self._scheduler.close()
        self._local.close()

    @property
    def bridge_pid(self) -> int | None:
        """The process that speaks with nodes; None while there is none."""
        return self._bridge.pid if self._bridge is not None else None

    @property
    def scheduler_pid(self) -> int | None:
        """Dask's scheduler, if it is this engine's own; None while there is none."""
        return self._scheduler.pid if self._scheduler is not None else None

    # --- nodes ---

    @property
    def more(self) -> int:
        """Workers that nodes have room for, besides those of this machine."""
        return self.fleet.slots

    def listen(self, changed: Callable[[], None]) -> None:
        """Have it called, in any thread, when `more` changes."""
        self.fleet.listen(changed)

    def set_places(self, places: int) -> None:
        """So many batches at once may be converted on this machine."""
        self._places = places
        self.fleet.set_here(places)

    @property
    def problem(self) -> str | None:
        """Why no node can be reached, as a sentence; None while they can."""
        problem = self.fleet.problem
        own = self._scheduler.problem if self._scheduler is not None else None
        return own or problem if problem is not None else None

    def nodes(self) -> tuple[NodeSnapshot, ...]:
        """All nodes, by name."""
        return self.fleet.nodes()

    def drain(self, name: str) -> bool:
        """Have a node leave once it is done; False if there is none of the name."""
        return self.fleet.drain(name)

    def hold(self, name: str) -> bool:
        """Give a node nothing more until it is released; False if there is none of the name that can be held."""
        return self.fleet.hold(name)

    def release(self, name: str) -> bool:
        """Use a node again that is held; False if there is none of the name."""
        return self.fleet.release(name)

    def remove(self, name: str) -> bool:
        """Have a node leave at once; False if there is none of the name."""
        return self.fleet.remove(name)

    # --- for its sandboxes ---

    def open_here(self, limits: Limits, needs: Stage) -> Sandbox:
        """A sandbox of this machine; raises `SandboxUnavailable`."""
        return self._local.open(limits, needs)

    @contextmanager
    def turn(self, is_ended: Callable[[], bool]) -> Iterator[None]:
        """Wait until a document may be opened or merged: with many nodes, many would be at once.

        Raises `ChildKilled` once it `is_ended`.
        """
        with self._lock:
            while self._turns >= max(_LEAST_TURNS, self._places):
                if is_ended() or self._closed:
                    raise ChildKilled("The conversion was stopped.")
                self._lock.wait(0.1)
            self._turns += 1
        try:
            yield
        finally:
            with self._lock:
                self._turns -= 1
                self._lock.notify()

    def document(self, task: PagesTask) -> Document | None:
        """What a batch is of; None if the batch stays on this machine. Raises `DeskLost`."""
        if task.text_only or task.options.asks_model or task.options.plugins:
            return None  # a second try is cheap, and what nodes are asked for must be what all of them have
        with self._lock:
            if self._lost[task.desk] >= _MOST_LOST:
                return None
        if not self.fleet.slots:
            return None
        folder = self._local.desk(task.desk).path
        converted = (folder / CONVERTED).exists()
        file = folder / (CONVERTED if converted else SOURCE)
        try:
            found = file.stat()
            key = (str(file), found.st_ino, found.st_size, found.st_mtime_ns)
            with self._lock:
                sha256 = self._documents.get(key)
            if sha256 is None:
                sha256 = _sha256_of(file)
                with self._lock:
                    self._documents[key] = sha256
                    if len(self._documents) > _MOST_KNOWN:
                        self._documents.popitem(last=False)
        except OSError as error:
            raise DeskLost("The document is not on its desk any more.") from error
        return Document(file, sha256, found.st_size, converted)

    def work_s(self, task: PagesTask) -> float:
        """What a batch, and all that is to follow it of the document, would take one worker."""
        with self._lock:
            return self._work.seconds(task.desk, task.last - task.first + 1)

    def was_opened(self, desk: str, pages: int) -> None:
        """The document of this desk has so many pages."""
        with self._lock:
            self._work.opened(desk, pages)

    def was_merged(self, desk: str) -> None:
        """Nothing is left to do at this desk."""
        with self._lock:
            self._work.ended(desk)

    def was_converted(self, task: PagesTask, seconds: float, *, there: bool) -> None:
        """A batch was converted, and took so long."""
        with self._lock:
            self._work.converted(task.desk, task.last - task.first + 1, seconds)
            if there:
                self._lost.pop(task.desk, None)

    def was_lost(self, desk: str) -> None:
        """A node was lost with a batch of this desk."""
        with self._lock:
            self._lost[desk] += 1
            if len(self._lost) > _MOST_KNOWN:
                self._lost.clear()


def _sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
