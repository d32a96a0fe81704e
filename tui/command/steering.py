"""Orders to the engine as a whole."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tui.command.flags import Load, answer

if TYPE_CHECKING:
    from engine.remote.client import RemoteEngine


def steer(
    load: Load, order: "Callable[[RemoteEngine], None]", told: str, data: Mapping[str, object], *, as_json: bool
) -> None:
    """Give the engine an order, tell what it has come to (a sentence, or JSON), and end the program."""

    def work() -> int:
        from tui.command.reach import OK, print_json, running_engine

        order(running_engine(load().settings.state_folder))
        if as_json:
            print_json(data)
        else:
            print(told)
        return OK

    answer(work)
