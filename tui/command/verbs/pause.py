"""`hotfolio pause`: no page batch is begun any more."""

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, takes_settings
from tui.command.steering import steer


@takes_settings(*QUEUE)
def pause(load: Load, json: Json = False) -> None:
    """Start nothing more until `resume`; page batches under way are finished."""
    told = "Paused: page batches that run are finished, none is begun."
    steer(load, lambda engine: engine.pause(), told, {"paused": True}, as_json=json)
