"""`hotfolio priority`: jobs are given a priority, or theirs is raised or lowered."""

from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.chosen import QUEUE, Ids, Json, States, change, ranges, states
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from tui.text.actions import Change


@takes_settings(*QUEUE)
def priority(
    value: Annotated[str, typer.Argument(metavar="N", help="A priority such as 5, or a change of it: +1, -1.")],
    load: Load,
    ids: Ids = [],  # noqa: B006
    state: States = None,
    json: Json = False,
) -> None:
    """Set or change the priority of jobs; higher runs first, 0 is usual."""

    def work() -> int:
        from tui.text.actions import ACTIONS

        act, past = _order(value)
        return change(load, act, past, ACTIONS["raise"].unfit, ranges(ids), states(state), as_json=json)

    answer(work)


def check_priority(priority: int) -> None:
    """Raises `HotfolioError` with what a priority can be."""
    from engine.base.errors import HotfolioError
    from engine.job.job import MAX_PRIORITY

    if abs(priority) > MAX_PRIORITY:
        raise HotfolioError(f"A priority is between {-MAX_PRIORITY} and {MAX_PRIORITY}.")


def _order(value: str) -> tuple["Change", str]:
    """What is to be done to jobs, and how it is told."""
    from engine.base.errors import HotfolioError

    try:
        amount = int(value)
    except ValueError:
        raise HotfolioError(f"“{value}” is not a priority such as 5, +1 or -1.") from None
    check_priority(amount)
    if value.startswith(("+", "-")):
        past = f"{'raised' if amount > 0 else 'lowered'} by {abs(amount)}"
        return lambda engine, chosen: engine.change_priority(chosen, amount), past
    return lambda engine, chosen: engine.set_priority(chosen, amount), f"given priority {amount}"
