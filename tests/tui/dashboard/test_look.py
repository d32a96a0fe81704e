"""What the dashboard's own colours look like, with many colours and with 256."""

from dataclasses import fields
from itertools import product

import pytest
from rich.color import ColorSystem
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.look import THEME, THEME_LIGHT, Look

LEAST_CONTRAST = 4.5
"""Of text and its ground (WCAG 2.2, 1.4.3)."""
GROUNDS = ("base", "bar", "cursor")
OF_THEIR_OWN = ("tab", "banner")
NOT_READ = ("line", "bar_rest", "focus")


def luminance(channels: tuple[int, int, int]) -> float:
    """Relative (WCAG 2.2)."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(style: Style, colours: ColorSystem) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    shown = [colour.downgrade(colours) for colour in (style.color, style.bgcolor)]
    # Of 256 colours, the first 16 look as a terminal likes.
    assert all(colour.number is None or colour.number >= 16 for colour in shown)
    darker, lighter = sorted(luminance(colour.get_truecolor(DEFAULT_TERMINAL_THEME)) for colour in shown)
    return (lighter + 0.05) / (darker + 0.05)


def read_styles(look: Look) -> dict[str, Style]:
    """All that text is drawn in, by name."""
    styles = {f.name: getattr(look, f.name) for f in fields(look) if isinstance(getattr(look, f.name), Style)}
    styles |= {str(state): style for state, style in look.states.items()}
    styles |= {f"page {mark.name}": style for mark, style in look.pages.items() if mark.name != "WAITING"}
    return {name: style for name, style in styles.items() if name not in (*GROUNDS, *OF_THEIR_OWN, *NOT_READ)}


@pytest.mark.parametrize("theme", [THEME.name, THEME_LIGHT.name])
async def test_all_text_can_be_read_on_every_ground(engine: FakeEngine, theme: str) -> None:
    async with session(engine, few_colours=False) as s:
        s.app.theme = theme
        look = s.app.look
    told = {
        f"{ground} {name}": look.base + getattr(look, ground) + style
        for ground, (name, style) in product(GROUNDS, read_styles(look).items())
    }
    told |= {name: look.base + getattr(look, name) for name in OF_THEIR_OWN}
    for system in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT):
        poor = {
            name: round(contrast(style, system), 2)
            for name, style in told.items()
            if contrast(style, system) < LEAST_CONTRAST
        }
        assert not poor, system


async def test_what_a_state_looks_like_nothing_else_does(engine: FakeEngine) -> None:
    async with session(engine, few_colours=False) as s:
        look = s.app.look
    assert look.title.color not in {style.color for style in (*look.pages.values(), *look.states.values())}


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_pane_with_the_keys_has_another_frame_where_there_is_room_for_frames(
    engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.fill(3)
    async with session(engine, size, few_colours=False) as s:
        is_framed = size[0] == 120
        assert ("╰" in s.text) is is_framed
        if not is_framed:
            return
        look = s.app.look

        def edges() -> list[object]:
            foot = next(strip for strip in s.app.screen._compositor.render_strips() if strip.text.startswith("╰"))
            return [segment.style.color for segment in foot if segment.style and "╰" in segment.text]

        assert edges() == [look.focus.color, look.line.color]
        await s.press("tab")
        assert edges() == [look.line.color, look.focus.color]
