"""Look: the theme's colours as styles, the symbols and the names of keys, for everything that draws lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.theme import Theme
from textual.widget import Widget

from engine.job.job import JobState
from engine.job.snapshot import PageMark
from engine.settings.settings import PictureCells
from tui.dashboard.keys import Keys
from tui.text.glyphs import Glyphs

THEME = Theme(
    name="hotfolio",
    primary="#f2a65a",
    secondary="#74bcdc",
    warning="#e8d06a",
    error="#f28b86",
    success="#95c47e",
    accent="#c0a8ea",
    foreground="#ddd8d0",
    background="#16151a",
    surface="#1f1e25",
    panel="#2b2932",
    variables={
        "scrollbar": "#4d4956",
        "scrollbar-hover": "#6a6473",
        "scrollbar-active": "#f2a65a",
        "scrollbar-background": "#16151a",
        "scrollbar-background-hover": "#16151a",
        "scrollbar-background-active": "#16151a",
        "border": "#f2a65a",
    },
)
"""Ink and paper, with the ember of what is hot on what one is at; all other colours say the state of something."""

THEME_LIGHT = Theme(
    name="hotfolio-light",
    primary="#8a4a00",
    secondary="#14597f",
    warning="#625200",
    error="#a3261f",
    success="#2c5f1d",
    accent="#5f4196",
    foreground="#28241f",
    background="#faf7f1",
    surface="#eeedea",
    panel="#e4ddd0",
    dark=False,
    variables={
        "scrollbar": "#c4bcab",
        "scrollbar-hover": "#a59c89",
        "scrollbar-active": "#8a4a00",
        "scrollbar-background": "#faf7f1",
        "scrollbar-background-hover": "#faf7f1",
        "scrollbar-background-active": "#faf7f1",
        "border": "#8a4a00",
        "foreground-muted": "#5a544b",
    },
)


@dataclass(frozen=True, slots=True)
class Look:
    """Styles without a background of their own, except `base` and `cursor`."""

    glyphs: Glyphs
    keys: Keys
    has_few_colours: bool
    """Whether pictures must do without."""
    cells: PictureCells
    """Into how many parts pictures divide a cell; never `auto`."""
    background: Color
    base: Style
    """The screen's colours, below all others."""
    bar: Style
    """Those of the lines at its upper and its lower end."""
    cursor: Style
    """Laid over a whole row."""
    cursor_is_plain: bool
    """Whether the row under the cursor must do without colours of its own: reversed ones would be blocks."""
    text: Style
    strong: Style
    muted: Style
    faint: Style
    """Text that is least looked for; it can still be read."""
    line: Style
    """Lines and bars between what is read."""
    focus: Style
    """The frame of the pane that the keys go to."""
    accent: Style
    warning: Style
    error: Style
    key: Style
    title: Style
    tab: Style
    """The view that is open."""
    banner: Style
    bar_rest: Style
    states: Mapping[JobState, Style]
    pages: Mapping[PageMark, Style]

    @classmethod
    def of(
        cls, app: App[Any], glyphs: Glyphs, keys: Keys, cells: PictureCells, *, has_few_colours: bool = False
    ) -> "Look":
        """The look of an app's current theme."""
        variables = app.get_css_variables()
        # Without colours only what the terminal's own have is left to tell things apart: bold, dim and reversed.
        is_ansi = app.current_theme.ansi or app.no_color
        is_dark = app.current_theme.dark
        background = Color.parse(variables["background"])
        foreground = Color.parse(variables["foreground"])

        def colour(name: str, **more: Any) -> Style:
            return Style(color=Color.parse(variables[name]).rich_color, **more)

        def mixed(share: float) -> Style:
            """Text nearer to the background; the terminal's own colours cannot be mixed, only dimmed."""
            if is_ansi:
                return Style(dim=True)
            return Style(color=background.blend(foreground, share, alpha=1).rich_color)

        primary, secondary = Color.parse(variables["primary"]), Color.parse(variables["secondary"])
        base = Style(color=foreground.rich_color, bgcolor=background.rich_color)
        if is_ansi:
            bar = base
            cursor = Style(reverse=True)
            tab = Style(reverse=True, bold=True)
            banner = colour("warning", reverse=True, bold=True)
        else:
            bar = Style(color=foreground.rich_color, bgcolor=Color.parse(variables["surface"]).rich_color)
            # On paper, what is warm is near to white: in 256 colours it would be pink.
            lit = background.blend(primary, 0.16, alpha=1) if is_dark else background.blend(secondary, 0.09, alpha=1)
            cursor = Style(bgcolor=lit.rich_color, bold=True)
            tab = Style(color=background.rich_color, bgcolor=primary.rich_color, bold=True)
            banner = Style(color=background.rich_color, bgcolor=Color.parse(variables["warning"]).rich_color, bold=True)
        # The contrast of text with its ground is 4.5 at least (WCAG 2.2, 1.4.3), under the cursor and in 256 colours
        # too.
        muted, faint, line = mixed(0.74 if is_dark else 0.8), mixed(0.68 if is_dark else 0.76), mixed(0.38)
        done, failed, warning = colour("success"), colour("error"), colour("warning")
        running = colour("secondary", bold=True)
        return cls(
            glyphs=glyphs,
            keys=keys,
            has_few_colours=has_few_colours,
            cells=cells,
            background=background,
            base=base,
            bar=bar,
            cursor=cursor,
            cursor_is_plain=is_ansi,
            text=Style(),
            strong=Style(bold=True),
            muted=muted,
            faint=faint,
            line=line,
            focus=Style(bold=True) if app.no_color else colour("primary"),
            accent=colour("secondary"),
            warning=warning,
            error=failed,
            key=colour("primary", bold=True),
            title=colour("primary", bold=True),
            tab=tab,
            banner=banner,
            bar_rest=line,
            states={
                JobState.QUEUED: muted,
                JobState.HELD: warning,
                JobState.RUNNING: running,
                JobState.DONE: done,
                JobState.PARTIAL: warning,
                JobState.FAILED: failed,
                JobState.CANCELLED: muted,
            },
            pages={
                PageMark.WAITING: line,
                PageMark.RUNNING: running,
                PageMark.OK: done,
                PageMark.OCR: colour("accent"),
                PageMark.TEXT_ONLY: warning,
                PageMark.FAILED: failed,
            },
        )


class _HasLook(Protocol):
    look: Look


def look_of(widget: Widget) -> Look:
    """The look of the dashboard that a widget belongs to."""
    return cast(_HasLook, widget.app).look
