"""ColumnHead: the titles above the queue list; a click on one sorts by it."""

from collections.abc import Sequence

from textual.events import Click

from tui.dashboard.look import look_of
from tui.dashboard.messages import SortChosen
from tui.dashboard.model import Model
from tui.dashboard.widgets.lines import Lines, Part
from tui.dashboard.widgets.list_columns import head_parts, sort_at
from tui.dashboard.widgets.queue_list import QueueList


class ColumnHead(Lines):
    """Follows the columns of a queue list."""

    def __init__(self, model: Model, queue: QueueList) -> None:
        super().__init__()
        self._model = model
        self._queue = queue

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The titles."""
        jobs = self._model.jobs
        return [head_parts(self._queue.columns, look_of(self), jobs.sort, is_reversed=jobs.is_reversed)]

    def on_click(self, event: Click) -> None:
        """Sort by the column clicked on, or turn the order round."""
        sort = sort_at(self._queue.columns, event.x)
        if sort is not None:
            self.post_message(SortChosen(sort))
