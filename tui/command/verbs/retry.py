"""`hotfolio retry`: finished jobs are queued again."""

from tui.command.chosen import QUEUE, Ids, Json, States, act
from tui.command.flags import Load, takes_settings


@takes_settings(*QUEUE)
def retry(load: Load, ids: Ids = [], state: States = None, json: Json = False) -> None:  # noqa: B006
    """Queue finished jobs again."""
    act("retry", load, ids, state, as_json=json)
