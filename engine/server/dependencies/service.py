"""Service: what the routes work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.job.snapshot import JobSnapshot
from engine.remote.contract import ServedEngine

if TYPE_CHECKING:
    from engine.server.dependencies.rates import Rates


@dataclass(slots=True)
class Service:
    """An engine that works, and how its process lives."""

    engine: ServedEngine
    request_stop: Callable[[bool], None]
    """Has the process stop, in order or, with True, at once. Returns without waiting."""
    outlives: bool = True
    """Whether the engine goes on when the dashboard that has started it ends."""
    dashboard: Sequence[str] = ()
    """The command that draws the dashboard for a browser; none if it is not to be had there."""
    rates: "Rates | None" = None
    """How often each client has submitted something of late, by whatever route; made with the first of them."""

    def find(self, id_: str) -> JobSnapshot:
        """The job that a program names by its conversion id or a person by its short one; raises `NoSuchJob`."""
        if id_.isascii() and id_.isdecimal() and len(id_) < 16:
            return self.engine.job(int(id_))
        return self.engine.find(id_)
