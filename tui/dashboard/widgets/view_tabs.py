"""ViewTabs: the views with their counts, the filter, the marks and the sort order, as the title of the list."""

from collections.abc import Callable, Sequence

from textual.events import Click

from tui.dashboard.look import Look
from tui.dashboard.messages import ViewChosen
from tui.dashboard.model import Model
from tui.dashboard.widgets.frame import FrameTop
from tui.dashboard.widgets.lines import Part, parts_width
from tui.text.formatting import clip, number, short_number

_RIGHT_CELLS = 6
_WORDY = 100


class ViewTabs(FrameTop):
    """A click on a view opens it."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._ends: list[int] = []

    def build_title(self, width: int, look: Look) -> tuple[Sequence[Part], Sequence[Part]]:
        """Views at the left, the rest at the right."""
        jobs = self._model.jobs
        arrow = look.glyphs.descending if jobs.is_reversed else look.glyphs.ascending
        order: Part = (f"{jobs.sort} {arrow}", look.muted)
        marks: list[Part] = []
        if self._model.marks:
            marks.append((f"{look.glyphs.mark} {number(len(self._model.marks))} marked  ", look.key))
        left = self._tabs(number, look)
        if parts_width([*left, order]) + _RIGHT_CELLS > width:
            left = self._tabs(short_number, look)
        if parts_width([*left, *marks]) + 2 > width:
            left = self._tabs(short_number, look, is_tight=True)
        if width >= _WORDY:
            order = (f"sort {order[0]}", order[1])
        room = width - parts_width(left) - 2
        right = marks
        if jobs.filter is not None:
            free = room - parts_width(right) - len("/  ")
            if free > 4:
                text = f"/{clip(jobs.filter.text, min(free, 40), look.glyphs.ellipsis)}  "
                right.append((text, look.warning))
        if parts_width([*right, order]) <= room:
            right.append(order)
        return left, right

    def _tabs(self, text_of: Callable[[int], str], look: Look, *, is_tight: bool = False) -> list[Part]:
        parts: list[Part] = []
        self._ends = []
        for index, view in enumerate(self._model.views, start=1):
            title = view.short if is_tight else view.title
            label = f" {index} {title} {text_of(self._model.count(view))}{'' if is_tight else ' '}"
            parts.append((label, look.tab if view is self._model.jobs.view else look.muted))
            self._ends.append(self.title_begins + parts_width(parts))
        return parts

    def on_click(self, event: Click) -> None:
        """Open the view clicked on."""
        for view, end in zip(self._model.views, self._ends, strict=False):
            if event.x < end:
                self.post_message(ViewChosen(view))
                return
