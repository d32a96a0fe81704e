"""`hotfolio workers`: how many conversions there are at once."""

from typing import Annotated

import typer

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, takes_settings
from tui.command.steering import steer


@takes_settings(*QUEUE)
def workers(
    count: Annotated[int, typer.Argument(metavar="N", min=1, max=256, help="How many conversions at once.")],
    load: Load,
    json: Json = False,
) -> None:
    """Have so many workers; those too many end after their page batch."""
    told = f"{count} worker{'s' if count > 1 else ''}."
    steer(load, lambda engine: engine.set_workers(count), told, {"workers": count}, as_json=json)
