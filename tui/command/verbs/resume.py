"""`hotfolio resume`: the end of a pause."""

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, takes_settings
from tui.command.steering import steer


@takes_settings(*QUEUE)
def resume(load: Load, json: Json = False) -> None:
    """End `pause`."""
    steer(load, lambda engine: engine.resume(), "Going on.", {"paused": False}, as_json=json)
