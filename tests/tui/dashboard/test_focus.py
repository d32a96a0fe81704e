"""Where the keys go: to the list, the panel beside it, or the line a filter is typed into."""

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.tui.conftest import SIZES, Session, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.joblist import View
from tui.dashboard.screens.help import HelpScreen
from tui.dashboard.widgets.filter_bar import FilterBar
from tui.dashboard.widgets.key_bar import KeyBar

WIDE = (120, 40)


def type_at_once(s: Session, *keys: str) -> None:
    """As keys come that have waited in a slow connection: in one piece."""
    for key in keys:
        s.app.post_message(Key(key, key if len(key) == 1 else None))


def key_bar(s: Session) -> str:
    return s.lines[-1]


async def test_tab_pressed_fast_goes_from_pane_to_pane(engine: FakeEngine) -> None:
    engine.fill(20)
    async with session(engine, WIDE) as s:
        side = s.app.screen.query_one("#side")
        for presses in range(1, 6):
            s.app.screen.set_focus(s.queue)
            await s.pilot.pause()
            type_at_once(s, *["tab"] * presses)
            await s.pilot.pause()
            assert s.app.screen.focused is (side if presses % 2 else s.queue), presses


async def test_a_key_right_behind_tab_is_for_the_pane_gone_to(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(5)]
    async with session(engine, WIDE) as s:
        type_at_once(s, "j", "tab", "j", "tab", "j")
        await s.pilot.pause()
        assert s.queue.cursor_id == ids[2]


async def test_the_key_bar_tells_the_keys_of_the_panel(engine: FakeEngine) -> None:
    engine.fill(20)
    async with session(engine, WIDE) as s:
        assert "space mark" in key_bar(s)
        await s.press("tab")
        assert "tab list" in key_bar(s)
        assert "j k scroll" in key_bar(s)
        assert "mark" not in key_bar(s)
        await s.press("escape")
        assert "space mark" in key_bar(s)


async def test_the_panel_gives_the_keys_back_when_there_is_no_room_for_it(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(5)]
    async with session(engine, WIDE) as s:
        await s.press("tab")
        await s.pilot.resize_terminal(80, 24)
        await s.pilot.pause()
        await s.press("j")
        assert s.queue.cursor_id == ids[1]


@pytest.mark.parametrize("size", SIZES)
async def test_the_key_bar_tells_the_keys_while_a_filter_is_typed(engine: FakeEngine, size: tuple[int, int]) -> None:
    engine.add("a.pdf")
    async with session(engine, size) as s:
        await s.press("slash")
        assert key_bar(s).split("  ")[0].strip() == "enter keep it"
        assert "esc drop it" in key_bar(s)
        assert "f1 help" in key_bar(s)
        assert not {"/", "+", "-", "x", "q"} & set(key_bar(s).split())
        await s.press("a", "enter")
        assert "/ filter" in key_bar(s)
        await s.press("slash", "escape")
        assert "/ filter" in key_bar(s)


async def test_help_while_a_filter_is_typed_leaves_out_keys_that_are_text_now(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    async with session(engine) as s:
        await s.press("slash", "f1")
        assert isinstance(s.app.screen, HelpScreen)
        assert "Keep the filter" in s.text
        assert "Sort by the next column" not in s.text
        await s.press(*"the", "escape")
        assert isinstance(s.app.screen, HelpScreen)
        assert s.app.screen.query_one(Input).value == ""


async def test_what_is_typed_right_behind_a_filter_is_for_the_list(engine: FakeEngine) -> None:
    for name in ("a 1.pdf", "b.pdf", "a 2.pdf", "a 3.pdf"):
        engine.add(name)
    async with session(engine) as s:
        type_at_once(s, "slash", "a", "space", "enter", "j", "j")
        await s.until(lambda: s.app.model.jobs.filter is not None)
        await s.pilot.pause()
        assert len(s.app.model.jobs) == 3
        assert s.app.model.jobs.entries[s.queue.cursor_id].job.name == "a 3.pdf"
        assert not s.app.screen.query_one(FilterBar).display


async def test_a_filter_that_is_not_understood_stays_to_be_mended(engine: FakeEngine) -> None:
    engine.add("a.pdf", pages=3)
    async with session(engine) as s:
        await s.press("slash", *"pages", "greater_than_sign", "x", "enter")
        bar = s.app.screen.query_one(FilterBar)
        assert bar.display
        await s.press("backspace", "1", "enter")
        assert not bar.display
        assert s.app.model.jobs.filter.text == "pages>1"  # type: ignore[union-attr]


@pytest.mark.parametrize("size", SIZES)
async def test_tab_keeps_the_filter_that_is_typed(engine: FakeEngine, size: tuple[int, int]) -> None:
    engine.add("a.pdf")
    engine.add("b.pdf")
    async with session(engine, size) as s:
        await s.press("slash", "b", "tab")
        assert not s.app.screen.query_one(FilterBar).display
        assert len(s.app.model.jobs) == 1
        assert s.app.model.jobs.view is View.ALL
        assert s.app.screen.focused is s.queue


async def test_a_click_on_the_list_keeps_the_filter_that_is_typed(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    engine.add("b.pdf")
    async with session(engine) as s:
        await s.press("slash", "b")
        await s.pilot.click("#queue", offset=(10, 0))
        await s.pilot.pause()
        assert not s.app.screen.query_one(FilterBar).display
        assert len(s.app.model.jobs) == 1
        assert "/ filter" in key_bar(s)


async def test_a_filter_is_still_being_typed_when_the_terminal_comes_back_to_the_front(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    async with session(engine) as s:
        await s.press("slash", "a")
        s.app.app_focus = False
        await s.pilot.pause()
        s.app.app_focus = True
        await s.pilot.pause()
        assert s.app.screen.query_one(FilterBar).display
        await s.press("x")
        assert "/ ax" in s.text


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_the_foot_of_the_help_fits(engine: FakeEngine, width: int) -> None:
    async with session(engine, (width, 24)) as s:
        await s.press("question_mark")
        foot = s.app.screen.query_one(KeyBar)
        shown = s.lines[foot.region.y]
        assert "esc back" in shown
        assert "tab names for [keys] in hotfolio.toml" in shown
        if width >= 80:
            assert "↓ ↑ scroll" in shown
