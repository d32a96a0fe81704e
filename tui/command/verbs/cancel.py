"""`hotfolio cancel`: running and waiting jobs are given up."""

from tui.command.chosen import QUEUE, Ids, Json, States, act
from tui.command.flags import Load, takes_settings


@takes_settings(*QUEUE)
def cancel(load: Load, ids: Ids = [], state: States = None, json: Json = False) -> None:  # noqa: B006
    """Give jobs up at once; their finished pages are kept for a retry."""
    act("cancel", load, ids, state, as_json=json)
