"""The commands that speak with a running engine: each one question or one order, answered at once.

Those that only read do without an engine too, from the queue on the disk.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.flags import JOB, Load, Profile, answer, takes_settings

if TYPE_CHECKING:
    from engine.remote.client import RemoteEngine
    from tui.command.orders import Asked

_FOLDERS = ("input", "output", "state_folder")
_Ids = Annotated[list[str], typer.Argument(metavar="[ID...]", help="Jobs: 3, 3-7, 3,9-12.", show_default=False)]
_SomeIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Jobs: 3, 3-7, 3,9-12.", show_default=False)]
_OneId = Annotated[int, typer.Argument(metavar="ID", min=1, max=10**15, help="A job.")]
_States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="STATE", help="Jobs in this state, such as failed; may be repeated."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_SIGNED = {"ignore_unknown_options": True}
"""So that -1 is a number, not an option."""


def add_commands(app: typer.Typer) -> None:
    """Give the program these commands."""
    for command, context in _COMMANDS.items():
        app.command(name=command.__name__.rstrip("_"), context_settings=context)(command)


# --- submitting and waiting ---


@takes_settings(*_FOLDERS, *JOB)
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="PDFs, wherever they are.", show_default=False)
    ],
    load: Load,
    priority: Annotated[int | None, typer.Option("--priority", metavar="N", help="Higher runs first.")] = None,
    profile: Profile = "",
    again: Annotated[bool, typer.Option("--again", help="Convert anew what is finished already.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when they are finished, as `wait` does.")] = False,
    json: _Json = False,
) -> None:
    """Queue files."""
    from tui.command import orders

    loaded = load()
    answer(lambda: orders.add(loaded, files, priority, profile, again=again, waits=wait, as_json=json))


@takes_settings(*_FOLDERS)
def wait(
    load: Load,
    ids: _Ids = [],  # noqa: B006 - Typer takes no None for it
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="S", help="Give up after S seconds.")] = None,
    json: _Json = False,
) -> None:
    """Wait until jobs are finished, or until nothing is left to do.

    Exit status: 0 all done, 1 something failed, is partial, was cancelled or is held, 2 usage, 124 the time was over.
    Without ids, held jobs do not matter.
    """
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.wait(folder, orders.ranges(ids), timeout, as_json=json))


# --- looking ---


@takes_settings(*_FOLDERS)
def ls(load: Load, ids: _Ids = [], state: _States = None, json: _Json = False) -> None:  # noqa: B006
    """List jobs: all of them, or those chosen."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.ls(folder, orders.ranges(ids), orders.states(state), as_json=json))


@takes_settings(*_FOLDERS)
def show(id: _OneId, load: Load, json: _Json = False) -> None:  # noqa: A002
    """Tell all about one job: its pages, its history, where its result is."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.show(folder, id, as_json=json))


@takes_settings(*_FOLDERS)
def log(
    id: _OneId,  # noqa: A002
    load: Load,
    lines: Annotated[int | None, typer.Option("-n", "--lines", metavar="N", min=0, help="The last N lines.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the job is finished.")] = False,
    json: _Json = False,
) -> None:
    """Print what the libraries have printed about one job."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.log(folder, id, lines, follows=follow, as_json=json))


@takes_settings(*_FOLDERS)
def status(load: Load, json: _Json = False) -> None:
    """Tell what the engine is doing as a whole. Exit status 3 if none is running."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.status(folder, as_json=json))


# --- changing jobs ---


def _change(name: str, load: Load, ids: list[str], state: list[str] | None, *, as_json: bool) -> None:
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.change(folder, name, orders.ranges(ids), orders.states(state), as_json=as_json))


@takes_settings(*_FOLDERS)
def cancel(load: Load, ids: _Ids = [], state: _States = None, json: _Json = False) -> None:  # noqa: B006
    """Give jobs up at once; their finished pages are kept for a retry."""
    _change("cancel", load, ids, state, as_json=json)


@takes_settings(*_FOLDERS)
def retry(load: Load, ids: _Ids = [], state: _States = None, json: _Json = False) -> None:  # noqa: B006
    """Queue finished jobs again."""
    _change("retry", load, ids, state, as_json=json)


@takes_settings(*_FOLDERS)
def hold(load: Load, ids: _Ids = [], state: _States = None, json: _Json = False) -> None:  # noqa: B006
    """Keep jobs from running; one that runs stops at its next page batch."""
    _change("hold", load, ids, state, as_json=json)


@takes_settings(*_FOLDERS)
def release(load: Load, ids: _Ids = [], state: _States = None, json: _Json = False) -> None:  # noqa: B006
    """Let held jobs run again."""
    _change("release", load, ids, state, as_json=json)


@takes_settings(*_FOLDERS)
def clear(load: Load, ids: _Ids = [], state: _States = None, json: _Json = False) -> None:  # noqa: B006
    """Take finished jobs off the list, all of them unless some are chosen; results and sources stay."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.clear(folder, orders.ranges(ids), orders.states(state), as_json=json))


@takes_settings(*_FOLDERS)
def priority(
    value: Annotated[str, typer.Argument(metavar="N", help="A priority such as 5, or a change of it: +1, -1.")],
    load: Load,
    ids: _Ids = [],  # noqa: B006
    state: _States = None,
    json: _Json = False,
) -> None:
    """Set or change the priority of jobs; higher runs first, 0 is usual."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.prioritize(folder, value, orders.ranges(ids), orders.states(state), as_json=json))


@takes_settings(*_FOLDERS)
def move(
    where: Annotated[str, typer.Argument(metavar="WHERE", help="up, down, top or bottom.")],
    ids: _SomeIds,
    load: Load,
    json: _Json = False,
) -> None:
    """Move waiting jobs among those of their priority."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.move(folder, where, orders.ranges(ids), as_json=json))


# --- the engine as a whole ---


def _steer(load: Load, order: "Callable[[RemoteEngine], Asked]", *, as_json: bool) -> None:
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.steer(folder, order, as_json=as_json))


@takes_settings(*_FOLDERS)
def pause(load: Load, json: _Json = False) -> None:
    """Start nothing more until `resume`; page batches under way are finished."""
    from tui.command import orders

    _steer(load, orders.pause, as_json=json)


@takes_settings(*_FOLDERS)
def resume(load: Load, json: _Json = False) -> None:
    """End `pause`."""
    from tui.command import orders

    _steer(load, orders.resume, as_json=json)


@takes_settings(*_FOLDERS)
def workers(
    count: Annotated[int, typer.Argument(metavar="N", min=1, max=256, help="How many conversions at once.")],
    load: Load,
    json: _Json = False,
) -> None:
    """Have so many workers; those too many end after their page batch."""
    from tui.command import orders

    _steer(load, lambda engine: orders.set_workers(engine, count), as_json=json)


@takes_settings(*_FOLDERS)
def stop(
    load: Load,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the page batches under way.")] = False,
    json: _Json = False,
) -> None:
    """Stop the engine, and return when it is gone; the next start goes on where it was."""
    from tui.command import orders

    folder = load().settings.state_folder
    answer(lambda: orders.stop(folder, now=now, as_json=json))


@takes_settings(*_FOLDERS)
def token(load: Load) -> None:
    """Print the token that programs need over TCP, and make it if there is none."""
    from engine.server.security.token import ensure_token
    from engine.settings.statefolder import make_folders

    def work() -> int:
        settings = load().settings
        make_folders(settings, watch=False)
        print(ensure_token(settings.state_folder))
        return 0

    answer(work)


_COMMANDS: dict[Callable[..., None], dict[str, bool]] = {
    add: {},
    ls: {},
    show: {},
    log: {},
    cancel: {},
    retry: {},
    hold: {},
    release: {},
    priority: _SIGNED,
    move: {},
    pause: {},
    resume: {},
    workers: {},
    clear: {},
    wait: {},
    status: {},
    stop: {},
    token: {},
}
