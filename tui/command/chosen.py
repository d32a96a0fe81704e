"""Which jobs a command is about, and one change of them all."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.flags import Load, answer

if TYPE_CHECKING:
    from engine.job.job import JobState
    from engine.job.selection import Ranges
    from tui.text.actions import Change

Ids = Annotated[list[str], typer.Argument(metavar="[ID...]", help="Jobs: 3, 3-7, 3,9-12.", show_default=False)]
SomeIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Jobs: 3, 3-7, 3,9-12.", show_default=False)]
OneId = Annotated[int, typer.Argument(metavar="ID", min=1, max=10**15, help="A job.")]
States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="STATE", help="Jobs in this state, such as failed; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
QUEUE = ("input", "output", "state_folder")
"""The settings that tell which queue is meant."""
_AT_ONCE = 500
"""So many jobs are changed by one call, which must not take longer than it is waited for, however slow the disk is."""


def ranges(words: list[str]) -> "Ranges | None":
    """Ids as they are written on the command line; None if there are none."""
    from engine.job.selection import parse_ids

    return parse_ids(words) if words else None


def states(words: list[str] | None) -> "list[JobState] | None":
    """States as they are written on the command line; None if there are none."""
    from engine.job.selection import parse_states

    return parse_states(words) if words else None


def act(name: str, load: Load, ids: list[str], state: list[str] | None, *, as_json: bool) -> None:
    """Do to the chosen jobs what one of `tui.text.actions.ACTIONS` does, and end the program."""

    def work() -> int:
        from tui.text.actions import ACTIONS

        action = ACTIONS[name]
        return change(load, action.change, action.past, action.unfit, ranges(ids), states(state), as_json=as_json)

    answer(work)


def change(
    load: Load,
    act: "Change",
    past: str,
    unfit: str,
    ids: "Ranges | None",
    states: "list[JobState] | None",
    *,
    at_once: int | None = None,
    as_json: bool,
) -> int:
    """Change the chosen jobs, and tell which were; returns the exit status. Raises `HotfolioError`."""
    from engine.base.errors import HotfolioError
    from tui.command.job_text import told
    from tui.command.reach import FAILED, OK, print_json, running_engine

    if ids is None and states is None:
        raise HotfolioError("Say which jobs: by their ids, or with --state.")
    engine, at_once = running_engine(load().settings.state_folder), at_once or _AT_ONCE
    chosen = [entry.job.id for entry in engine.select(ids, states)]
    changed = [job_id for n in range(0, len(chosen), at_once) for job_id in act(engine, chosen[n : n + at_once])]
    if as_json:
        print_json({"changed": sorted(changed), "unchanged": sorted(set(chosen) - set(changed))})
    elif changed:
        print(told(changed, past))
    else:
        print(unfit if chosen else "There is no such job.", file=sys.stderr)
    return OK if changed else FAILED
