"""The tour of the first start: three lines that go with the first key, and do not come again."""

from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.widgets.scroll_lines import ScrollLines


async def test_the_tour_ends_with_the_first_key_and_is_had_once(engine: FakeEngine) -> None:
    engine.settings.state_folder.mkdir(parents=True)
    file = engine.settings.state_folder / "view.json"
    engine.fill(40)
    async with session(engine, has_tour=None) as s:
        assert "Welcome" in s.lines[-4]
        assert "input" in s.lines[-4]
        assert "o reads a result" in s.lines[-3]
        assert "undoes anything." in s.lines[-3]
        assert "? finds a key by what you want" in s.lines[-2]
        await s.until(file.exists)
        await s.press("j")
        await s.until(lambda: "Welcome" not in s.text)
        assert "workers" in s.lines[-2]
        assert s.queue.cursor_row == 1
    async with session(engine, has_tour=None) as s:
        assert "Welcome" not in s.text


async def test_the_tour_fits_where_there_is_little_room(engine: FakeEngine) -> None:
    async with session(engine, (60, 15), has_tour=True) as s:
        assert "Welcome" in s.text
        assert "quits." in s.lines[-2]


async def test_what_one_wants_is_typed_into_the_help(engine: FakeEngine) -> None:
    async with session(engine, (120, 40)) as s:
        await s.press("question_mark", *"fast")
        assert any("]" in line and "One worker more" in line for line in s.lines)
        assert "Sort by the next column" not in s.text
        await s.press("escape")
        assert "Show all jobs" in s.text
        await s.press("down", "down")
        assert s.app.screen.query_one(ScrollLines).scroll_y == 2
        await s.press(*"qz")
        assert "Nothing is called that." in s.text
        await s.press("escape", "question_mark")
        await s.until(lambda: s.app.screen is s.main)
