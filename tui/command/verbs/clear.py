"""`hotfolio clear`: finished jobs are taken off the list."""

from tui.command.chosen import QUEUE, Ids, Json, States, change, ranges, states
from tui.command.flags import Load, answer, takes_settings


@takes_settings(*QUEUE)
def clear(load: Load, ids: Ids = [], state: States = None, json: Json = False) -> None:  # noqa: B006
    """Take finished jobs off the list, all of them unless some are chosen; results and sources stay."""

    def work() -> int:
        from engine.job.job import JobState
        from tui.text.actions import ACTIONS

        action, chosen = ACTIONS["remove"], states(state)
        if not ids and chosen is None:
            chosen = [state for state in JobState if state.is_finished]
        return change(load, action.change, action.past, action.unfit, ranges(ids), chosen, as_json=json)

    answer(work)
