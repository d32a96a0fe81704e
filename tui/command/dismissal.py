"""Has a machine of the cluster leave, by name."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.flags import Load, answer

if TYPE_CHECKING:
    from engine.remote.client import RemoteEngine

Name = Annotated[str, typer.Argument(metavar="NAME", help="A node, as `hotfolio nodes` names it.", show_default=False)]


def dismiss(load: Load, name: str, order: "Callable[[RemoteEngine], bool]", told: str, *, as_json: bool) -> None:
    """Give the order, tell what has come of it, and end the program."""

    def work() -> int:
        from engine.base.safetext import display_name
        from tui.command.reach import FAILED, OK, print_json, running_engine

        is_there = order(running_engine(load().settings.state_folder))
        if as_json:
            print_json({"node": name, "found": is_there})
        elif is_there:
            print(told)
        else:
            print(f"There is no node {display_name(name)}.", file=sys.stderr)
        return OK if is_there else FAILED

    answer(work)
