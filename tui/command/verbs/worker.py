"""`hotfolio worker`: has this machine be a node of a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from tui.command.flags import finish

_MOST_SLOTS = 256


def worker(
    join: Annotated[Path, typer.Option("--join", metavar="FILE", help="What `hotfolio cluster invite` has written.")],
    slots: Annotated[
        int | None, typer.Option("--slots", metavar="N", min=1, max=_MOST_SLOTS, help="Conversions at once.")
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the node is called.")] = "",
    folder: Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="Where it keeps documents.")] = None,
    cache: Annotated[int, typer.Option("--cache", metavar="MB", min=64, help="Megabytes of them at most.")] = 10_000,
) -> None:
    """Have this machine convert pages for the head of a cluster, until stopped.

    It joins again by itself after it has lost the head. Exit status: 0 it was told to leave, or was stopped; 2 usage;
    3 it is not used, since it has other versions than the head.
    """

    def work() -> int:
        from engine.base.errors import SettingsError
        from engine.cluster.joining import read_join
        from engine.cluster.supervisor import Supervisor, default_folder, is_name, needs
        from engine.settings.settings import usable_cores
        from tui.terminal.signals import SignalEvent, signals_caught

        needs()
        found = read_join(join)
        if not is_name(name or found.name):
            raise SettingsError("A node's name is letters, digits, dots and dashes.")
        place = (folder or default_folder(name or found.name)).absolute()
        supervisor = Supervisor(found, place, slots=slots or usable_cores(), cache_bytes=cache << 20, name=name)
        stopping = SignalEvent()
        with signals_caught(stopping.set):
            supervisor.start()
            try:
                while not stopping.wait(0.2):
                    if (status := supervisor.wait(0)) is not None:
                        return status
            finally:
                supervisor.close()
        return 0

    finish(work)
