"""NodeActor: a node as Dask keeps it: an object on a worker, whose methods the engine's bridge calls.

All of them are coroutines. Dask calls others one after the other in one thread, where an end would wait for a poll.
"""

from collections.abc import Callable

from engine.cluster.node.agent import Agent

MakeAgent = Callable[[], Agent]


class _Kept:
    """What is there once in a process, whoever asks for it."""

    make: MakeAgent | None = None
    agent: Agent | None = None


def keep(make: MakeAgent) -> None:
    """Have this process be a node once somebody asks for one."""
    _Kept.make = make


def kept() -> Agent | None:
    """The node, if somebody has asked for it."""
    return _Kept.agent


class NodeActor:
    """Any number of these speak for the one node that the process is."""

    async def attach(self, master: str) -> str:
        """See `Agent.attach`."""
        if _Kept.agent is None:
            if _Kept.make is None:
                raise OSError("This worker is none of hotfolio's: it was not started by `hotfolio worker`.")
            _Kept.agent = _Kept.make()
        return await _Kept.agent.attach(master)

    async def poll(self, life: str, confirmed: int, wait_s: float) -> tuple[int, bytes, str]:
        """See `Agent.poll`."""
        return await self._agent.poll(life, confirmed, wait_s)

    async def tell(self, life: str, data: bytes) -> None:
        """See `Agent.tell`."""
        await self._agent.tell(life, data)

    @property
    def _agent(self) -> Agent:
        if _Kept.agent is None:
            raise LookupError("There is no node yet.")
        return _Kept.agent
