"""`hotfolio clear`: finished jobs are taken off the list."""

from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.chosen import QUEUE, Ids, Json, States, change, ranges, states
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from engine.remote.contract import EngineLike


Results = Annotated[bool, typer.Option("--results", help="Delete their results too.")]


def _with_results(engine: "EngineLike", ids: list[int]) -> list[int]:
    return engine.remove(ids, with_results=True)


@takes_settings(*QUEUE)
def clear(load: Load, ids: Ids = [], state: States = None, json: Json = False, results: Results = False) -> None:  # noqa: B006
    """Take finished jobs off the list, all of them unless some are chosen; sources stay, and results unless told."""

    def work() -> int:
        from engine.job.job import JobState
        from tui.text.actions import ACTIONS

        action, chosen = ACTIONS["remove"], states(state)
        if not ids and chosen is None:
            chosen = [state for state in JobState if state.is_finished]
        act = _with_results if results else action.change
        return change(load, act, action.past, action.unfit, ranges(ids), chosen, as_json=json)

    answer(work)
