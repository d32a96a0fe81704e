"""`hotfolio remove`: has a machine of the cluster leave at once."""

from tui.command.chosen import QUEUE, Json
from tui.command.dismissal import Name, dismiss
from tui.command.flags import Load, takes_settings


@takes_settings(*QUEUE)
def remove(name: Name, load: Load, json: Json = False) -> None:
    """Have a node of the cluster leave at once; what it is at is given to others."""
    dismiss(load, name, lambda engine: engine.remove_node(name), f"{name} has left.", as_json=json)
