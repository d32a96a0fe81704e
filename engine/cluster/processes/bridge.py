"""The bridge: the one process of the engine's machine that is a client of Dask's, and speaks with nodes for the engine.

`python -m engine.cluster.processes.bridge SOCKET_FD FOLDER ENGINE_ID`. A client unpickles what a node sends it, before
any code of ours sees it: so this process is held to what a bridge needs (`engine.cluster.processes.held`), and the
engine believes it nothing that it has not checked.
"""

import asyncio
import contextlib
import os
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

from distributed import Client
from distributed.security import Security

from engine.base.errors import ChildGarbage
from engine.cluster.backoff import Backoff
from engine.cluster.exchange import LEASE_S
from engine.cluster.joining import PLAN, Plan
from engine.cluster.processes.daskconfig import CONNECT_S, complain, security, settle
from engine.cluster.processes.held import hold
from engine.cluster.processes.nodeactor import NodeActor
from engine.cluster.processes.relay import Relay

_LOOK_S = 1.0
_LOOK_AGAIN_S = 0.25
"""For nodes that have joined; and, at least, between two looks while one does not answer."""
_END_S = 1.0
_FIRST_S, _LONGEST_S = 0.5, 10.0
"""Between two tries to reach the scheduler."""
_MOST_STREAM = 1 << 20


class ActorLink:
    """A node by its actor. Whatever a node raises is one of three things."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def attach(self, master: str) -> str:
        """See `Link.attach`."""
        return str(await self._asked("attach", master))

    async def poll(self, life: str, confirmed: int, wait_s: float) -> Any:
        """See `Link.poll`."""
        return await self._asked("poll", life, confirmed, wait_s)

    async def tell(self, life: str, data: bytes) -> None:
        """See `Link.tell`."""
        await self._asked("tell", life, data)

    async def _asked(self, method: str, *arguments: object) -> object:
        try:
            return await getattr(self._actor, method)(*arguments)
        except (OSError, LookupError, asyncio.CancelledError):
            raise
        except RuntimeError as error:  # the worker is lost, says Dask
            raise OSError(str(error)) from error
        except Exception as error:
            raise ChildGarbage("A node has raised what it should not.") from error


class Bridge:
    """Keeps the list of nodes as Dask's scheduler has it, and has the relay serve each."""

    def __init__(self, plan: Plan, security: Security, relay: Relay) -> None:
        self._plan = plan
        self._security = security
        self._relay = relay
        self._joining: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Find nodes, for ever; a scheduler that is lost is waited for."""
        loop, backoff = asyncio.get_running_loop(), Backoff(_FIRST_S, _LONGEST_S)
        while True:
            started, worked = loop.time(), False
            try:
                async with Client(
                    self._plan.scheduler,
                    security=self._security,
                    asynchronous=True,
                    direct_to_workers=True,
                    timeout=CONNECT_S,
                    heartbeat_interval="5s",
                ) as client:
                    await self._relay.connected(True)
                    worked = True
                    await self._follow(client)
            except (OSError, ValueError, RuntimeError) as error:
                complain(f"The scheduler {self._plan.scheduler} is not reached: {error}")
            await self._relay.connected(False, f"The cluster's scheduler {self._plan.scheduler} is not reached.")
            await self._relay.close()
            await asyncio.sleep(backoff.ended(loop.time() - started, worked=worked))

    async def _follow(self, client: Client) -> None:
        """Until the scheduler is lost."""
        while client.status == "running":
            self._relay.doubts.clear()
            found = await asyncio.wait_for(client.scheduler.identity(n_workers=-1), LEASE_S)
            workers = {f"{address} {entry['name']}": address for address, entry in found["workers"].items()}
            for key in self._relay.known - set(workers):
                await self._relay.lost(key)
            self._joining = {key: task for key, task in self._joining.items() if not task.done()}
            for key in set(workers) - self._relay.known - set(self._joining):
                self._joining[key] = asyncio.create_task(self._join(client, key, workers[key]))
            await asyncio.sleep(_LOOK_AGAIN_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._relay.doubts.wait(), _LOOK_S - _LOOK_AGAIN_S)

    async def _join(self, client: Client, key: str, address: str) -> None:
        future = client.submit(
            NodeActor,
            actor=True,
            workers=[address],
            allow_other_workers=False,
            pure=False,
            key=f"hotfolio-{uuid.uuid4().hex}",
            retries=0,
        )
        try:
            actor = await asyncio.wait_for(future, CONNECT_S)
        except Exception as error:  # noqa: BLE001 - whatever a node makes of it, it is none
            complain(f"{address} is no node: {error}")
            await asyncio.sleep(CONNECT_S)
            return
        self._relay.found(key, ActorLink(actor))


async def serve(channel: socket.socket, plan: Plan, security: Security, master: str) -> None:
    """Until the engine is gone."""
    reader, writer = await asyncio.open_connection(sock=channel, limit=_MOST_STREAM)
    relay = Relay(reader, writer, master)
    finding = asyncio.create_task(Bridge(plan, security, relay).run())
    listening = asyncio.create_task(relay.run())
    beating = asyncio.create_task(relay.beat())
    done, others = await asyncio.wait([finding, listening, beating], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if (error := task.exception()) is not None:
            complain(f"The bridge ends: {error!r}")
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=_END_S)
    # A client that is just connecting swallows that it is cancelled, and the loop would wait for it for ever.
    sys.stderr.flush()
    os._exit(0)


def main() -> None:
    """Entry point."""
    channel, folder, master = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
    plan = Plan.model_validate_json((folder / PLAN).read_text())
    settle(folder)
    hold(folder, plan, listens=False)
    asyncio.run(serve(channel, plan, security(folder), master))


if __name__ == "__main__":
    main()
