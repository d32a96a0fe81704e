"""EmptyHint: what to do when there is nothing on the list."""

import getpass
import socket
from collections.abc import Sequence

from rich.style import Style

from engine.base.safetext import display_name
from tui.dashboard.joblist import View
from tui.dashboard.look import look_of
from tui.dashboard.model import Model
from tui.dashboard.widgets.lines import Lines, Part
from tui.text.formatting import plural, shorten


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
        if self._model.total:
            lines = self._none_shown()
        else:
            lines = self._scanning() if self._model.is_scanning else self._no_jobs(width)
        indent = max((width - 64) // 2, 2)
        top = max((height - len(lines)) // 3, 0)
        return [[] for _ in range(top)] + [[(" " * indent, Style()), *line] for line in lines]

    def _scanning(self) -> list[list[Part]]:
        look, model = look_of(self), self._model
        folder = display_name(model.engine.settings.input.absolute())
        return [
            [("Reading the input folder… ", look.strong), (plural(model.discovered, "file"), look.text)],
            [],
            [("  " + shorten(folder, 60, look.glyphs.ellipsis), look.accent)],
            [],
            [("Jobs appear here as they are found.", look.muted)],
        ]

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
        return lines

    def _none_shown(self) -> list[list[Part]]:
        look, jobs = look_of(self), self._model.jobs
        if jobs.filter is not None and (others := jobs.count(View.ALL.states)):
            return [
                [
                    (f"No job that is {jobs.view.title.lower()} passes the filter ", look.text),
                    (jobs.filter.text, look.warning),
                ],
                [],
                [
                    (f"{plural(others, 'other job')} would: press ", look.muted),
                    (look.keys("view.1"), look.key),
                    (" to see all that pass.", look.muted),
                ],
            ]
        if jobs.filter is not None:
            return [
                [("No job passes the filter ", look.text), (jobs.filter.text, look.warning)],
                [],
                [
                    ("Press ", look.muted),
                    (look.keys("view.back"), look.key),
                    (" to clear it, ", look.muted),
                    (look.keys("view.filter"), look.key),
                    (" to change it.", look.muted),
                ],
            ]
        return [
            [(f"No job is {jobs.view.title.lower()}.", look.text)],
            [],
            [("Press ", look.muted), (look.keys("view.1"), look.key), (" to see all.", look.muted)],
        ]


def _quoted(folder: str) -> str:
    return f"'{folder}'" if " " in folder else folder


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"
