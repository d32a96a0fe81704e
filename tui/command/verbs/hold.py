"""`hotfolio hold`: jobs are kept from running."""

from tui.command.chosen import QUEUE, Ids, Json, States, act
from tui.command.flags import Load, takes_settings


@takes_settings(*QUEUE)
def hold(load: Load, ids: Ids = [], state: States = None, json: Json = False) -> None:  # noqa: B006
    """Keep jobs from running; one that runs stops at its next page batch."""
    act("hold", load, ids, state, as_json=json)
