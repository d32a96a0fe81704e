"""`hotfolio move`: waiting jobs change their places in the queue."""

import sys
from typing import Annotated, get_args

import typer

from tui.command.chosen import QUEUE, Json, SomeIds, change, ranges
from tui.command.flags import Load, answer, takes_settings


@takes_settings(*QUEUE)
def move(
    where: Annotated[str, typer.Argument(metavar="WHERE", help="up, down, top or bottom.")],
    ids: SomeIds,
    load: Load,
    json: Json = False,
) -> None:
    """Move waiting jobs among those of their priority."""

    def work() -> int:
        from engine.base.errors import HotfolioError
        from engine.job.job import Move
        from tui.text.actions import ACTIONS

        if where not in get_args(Move):
            raise HotfolioError(f"“{where}” is not one of {', '.join(get_args(Move))}.")
        action, chosen = ACTIONS[where], ranges(ids)
        # All in one, since what is moved last comes out first.
        return change(load, action.change, action.past, action.unfit, chosen, None, at_once=sys.maxsize, as_json=json)

    answer(work)
