"""EmptyHint: what to do when there is nothing on the list."""

import getpass
import socket
from collections.abc import Sequence

from rich.style import Style

from engine.display import display_name
from tui.formatting import shorten
from tui.look import look_of
from tui.model import Model
from tui.widgets.lines import Lines, Part


class EmptyHint(Lines):
    """Tells a first-time user where PDFs go; later, why a view or a filter shows none."""

    DEFAULT_CSS = """
    EmptyHint { height: 1fr; display: none; }
    """

    def __init__(self, model: Model, host: str | None = None, user: str | None = None) -> None:
        super().__init__()
        self._model = model
        self._address = f"{user or _user()}@{host or socket.gethostname()}"

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The text, a third of the way down."""
        lines = self._no_jobs(width) if not self._model.total else self._none_shown()
        indent = max((width - 64) // 2, 2)
        top = max((height - len(lines)) // 3, 0)
        return [[] for _ in range(top)] + [[(" " * indent, Style()), *line] for line in lines]

    def _no_jobs(self, width: int) -> list[list[Part]]:
        look, settings = look_of(self), self._model.engine.settings
        room = width - 8
        folder = display_name(settings.input.absolute())
        lines: list[list[Part]] = [
            [("No jobs yet.", look.strong), (" Drop PDFs into this folder, or into folders in it:", look.text)],
            [],
            [("  " + shorten(folder, room, look.glyphs.ellipsis), look.accent)],
            [],
            [("From another machine:", look.text)],
            [],
            [
                (
                    "  " + shorten(f"scp *.pdf {self._address}:{_quoted(folder)}/", room, look.glyphs.ellipsis),
                    look.accent,
                )
            ],
            [],
            [("Results appear in ", look.muted), (display_name(settings.output.absolute()), look.muted)],
        ]
        if self._model.discovered:
            lines += [[], [(f"Looking through the folder: {self._model.discovered:,} files so far.", look.muted)]]
        return lines

    def _none_shown(self) -> list[list[Part]]:
        look, jobs = look_of(self), self._model.jobs
        if jobs.filter is not None:
            return [
                [("No job passes the filter ", look.text), (jobs.filter.text, look.warning)],
                [],
                [
                    ("Press ", look.muted),
                    ("esc", look.key),
                    (" to clear it, ", look.muted),
                    ("/", look.key),
                    (" to change it.", look.muted),
                ],
            ]
        return [
            [(f"No job is {jobs.view.title.lower()}.", look.text)],
            [],
            [("Press ", look.muted), ("1", look.key), (" to see all.", look.muted)],
        ]


def _quoted(folder: str) -> str:
    return f"'{folder}'" if " " in folder else folder


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"
