"""`hotfolio release`: held jobs may run again."""

from tui.command.chosen import QUEUE, Ids, Json, States, act
from tui.command.flags import Load, takes_settings


@takes_settings(*QUEUE)
def release(load: Load, ids: Ids = [], state: States = None, json: Json = False) -> None:  # noqa: B006
    """Let held jobs run again."""
    act("release", load, ids, state, as_json=json)
