"""SettingsScreen: the settings in force, to look at."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.base.safetext import display_name
from engine.settings.settings import Settings
from tui.dashboard.look import look_of
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lines import Part
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.text.formatting import pad, shorten
from tui.text.setting_text import setting_texts

_NAME_CELLS = 18
_HINTS = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "scroll", 1),
    (("app.help",), "help", 2),
)


class _SettingLines(ScrollLines):
    def __init__(self, settings: Settings, origins: Mapping[str, str]) -> None:
        super().__init__()
        self._settings = settings
        self._origins = origins

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """A setting a line, with where it comes from; those that are not defaults stand out."""
        look, settings = look_of(self), self._settings
        origin_cells = max((width - _NAME_CELLS) // 3, 12)
        value_cells = width - _NAME_CELLS - origin_cells - 3
        lines: list[list[Part]] = [
            [(" Change them in hotfolio.toml: most are in force a moment later.", look.muted)],
            [],
        ]
        for name, value in setting_texts(settings).items():
            origin = self._origins.get(name)
            text = shorten(value, value_cells, look.glyphs.ellipsis)
            where = shorten(display_name(origin or "default"), origin_cells, look.glyphs.ellipsis)
            lines.append(
                [
                    (f" {pad(name, _NAME_CELLS)}", look.muted),
                    (f"{pad(text, value_cells)} ", look.text if origin is None else look.accent),
                    (where, look.faint if origin is None else look.muted),
                ]
            )
        return lines


class SettingsScreen(DashboardScreen):
    """Read-only: the engine follows its settings file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,comma", "leave", "Back", id="screen.leave"),
    ]

    def compose(self) -> ComposeResult:
        """The settings and the keys."""
        yield Frame(TitleLine("Settings"), _SettingLines(self.model.engine.settings, self.model.engine.origins))
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Scroll with the keys."""
        self.query_one(_SettingLines).focus()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
