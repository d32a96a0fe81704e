"""A node: Dask's worker with an agent in it. `python -m engine.cluster.processes.nodeprocess FOLDER ORDER`.

Ends with 3 if it is not used, with 0 if it was told to leave, and with 1 whenever it has lost the scheduler: whoever
has started it then starts it again.
"""

import asyncio
import random
import sys
import uuid
from pathlib import Path
from typing import Any

from distributed import Worker
from pydantic import BaseModel, ConfigDict

from engine.cluster.exchange import Leave, NodeName
from engine.cluster.likeness import installed
from engine.cluster.node.agent import Agent
from engine.cluster.node.sourcecache import SourceCache
from engine.cluster.processes.daskconfig import CONNECT_S, complain, security, settle
from engine.cluster.processes.lifeline import until_alone
from engine.cluster.processes.nodeactor import keep, kept
from engine.sandbox.backend import Workplace
from engine.sandbox.forkserver import PROGRAM
from engine.sandbox.local import LocalBackend

REFUSED = 3
"""The status of a node whose results might differ."""


class NodeOrder(BaseModel):
    """What a node's process is told as it is started."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: NodeName
    scheduler: str
    node_ports: tuple[int, int]
    slots: int
    cache_bytes: int
    program: str = ""
    """The module that is run as the fork server, if it is not the usual one."""
    contact: str = ""
    """Where it is reached, if that is not where it listens."""


class QuietWorker(Worker):  # type: ignore[misc]
    """Dask's, less the web server that it would start whatever it is told."""

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Serve nothing."""


class Node:
    """The process."""

    def __init__(self, folder: Path, order: NodeOrder) -> None:
        """`folder` is the node's alone."""
        self._folder = folder
        self._order = order
        self._status = 1
        self._leaving = asyncio.Event()
        workplace = Workplace(folder, folder / "desks")
        self._backend = LocalBackend(workplace, program=order.program or PROGRAM)
        self._watch: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Until it is to leave, has lost the scheduler, or whoever has started it is gone; returns the status."""
        keep(self._make_agent)
        order = self._order
        self._backend.start()
        worker = QuietWorker(
            order.scheduler,
            # Dask refuses a name that it still knows, as it does after a cut.
            name=f"{order.name} {uuid.uuid4().hex[:8]}",
            nthreads=1,
            memory_limit=0,
            security=security(self._folder),
            local_directory=str(self._folder / "dask"),
            port=_ports(order.node_ports),
            contact_address=order.contact or None,
            protocol="tls",
            dashboard=False,
            death_timeout=2 * CONNECT_S,
        )
        try:
            await worker
            complain(f"{order.name} has joined {order.scheduler}.")
            ends = [asyncio.create_task(end) for end in (worker.finished(), self._leaving.wait(), until_alone())]
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if ends[2] in done:
                self._status = 0
        except (OSError, ValueError, RuntimeError) as error:
            complain(f"{order.scheduler} is not reached: {error}")
        finally:
            if (agent := kept()) is not None:
                agent.close()
            self._backend.close()
            if worker.status.name not in ("closed", "failed"):
                await asyncio.wait_for(worker.close(timeout=2, nanny=False), 5)
        return self._status

    def _make_agent(self) -> Agent:
        order = self._order
        cache = SourceCache(self._folder / "documents", order.cache_bytes)
        agent = Agent(order.name, self._backend, cache, order.slots, installed(), self._leave)
        self._watch = asyncio.get_running_loop().create_task(agent.watch())
        return agent

    def _leave(self, leave: Leave) -> None:
        complain(leave.why)
        self._status = REFUSED if leave.refused else 0
        self._leaving.set()


def _ports(between: tuple[int, int]) -> str | int:
    """Those to be tried, another one first each time, so that nodes of one machine do not all try the same."""
    first, last = between
    start = random.randint(first, last)
    return f"{start}:{last}" if start < last else start


def main() -> None:
    """Entry point."""
    order = NodeOrder.model_validate_json(sys.argv[2])
    folder = Path(sys.argv[1])
    settle(folder)
    status = asyncio.run(_run(folder, order))
    sys.exit(status)


async def _run(folder: Path, order: NodeOrder) -> int:
    return await Node(folder, order).run()


if __name__ == "__main__":
    main()
