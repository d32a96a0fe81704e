"""Tour: three lines for somebody who sees the dashboard for the first time; they go with the first key."""

from collections.abc import Sequence

from engine.base.safetext import display_name
from engine.settings.settings import Settings
from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import Lines, Part
from tui.text.formatting import shorten


class Tour(Lines):
    """Takes no room once it is over."""

    DEFAULT_CSS = """
    Tour { height: 3; }
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._folders = settings.input, settings.output

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """What it is, what is done most, and how to find the rest."""
        look = look_of(self)
        room = max((width - 46) // 2, 8)
        source, output = (shorten(display_name(folder.name), room, look.glyphs.ellipsis) for folder in self._folders)

        def key(binding_id: str, text: str) -> list[Part]:
            return [(look.keys(binding_id), look.key), (f" {text}", look.text)]

        lines: list[list[Part]] = [
            [
                (" Welcome. ", look.title),
                ("PDFs put into ", look.text),
                (source, look.strong),
                (" come out as Markdown in ", look.text),
                (output, look.strong),
                (".", look.text),
            ],
            [
                (" ", look.text),
                *key("job.output", "reads a result,  "),
                *key("job.peek", "shows its pages,  "),
                *key("job.open", "details,  "),
                *key("job.undo", "undoes anything."),
            ],
            [
                (" ", look.text),
                *key("app.help", "finds a key by what you want (“faster”).  "),
                *key("app.quit", "quits."),
            ],
        ]
        return [[(text.translate(look.glyphs.key_names), style) for text, style in line] for line in lines]

    def end(self) -> None:
        """Make room."""
        if self.display:
            self.display = False
