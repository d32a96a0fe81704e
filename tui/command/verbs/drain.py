"""`hotfolio drain`: has a machine of the cluster leave once it is done."""

from tui.command.chosen import QUEUE, Json
from tui.command.dismissal import Name, dismiss
from tui.command.flags import Load, takes_settings


@takes_settings(*QUEUE)
def drain(name: Name, load: Load, json: Json = False) -> None:
    """Have a node of the cluster leave once its page batches are done."""
    dismiss(load, name, lambda engine: engine.drain_node(name), f"{name} leaves once it is done.", as_json=json)
