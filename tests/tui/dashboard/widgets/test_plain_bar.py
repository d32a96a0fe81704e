"""The scrollbar of the list: it shows where one is, and takes clicks."""

from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.widgets.plain_bar import PlainBar


async def test_it_shows_where_one_is_and_a_click_goes_on(engine: FakeEngine) -> None:
    engine.fill(200)
    async with session(engine, (80, 24)) as s:
        bar = s.queue.vertical_scrollbar
        assert isinstance(bar, PlainBar)

        def thumb() -> list[int]:
            cells = [list(bar.render_line(y)) for y in range(bar.size.height)]
            return [y for y, (cell,) in enumerate(cells) if cell.style is not None and cell.style.color is not None]

        assert thumb()[0] == 0
        assert len(thumb()) < bar.size.height // 2
        await s.pilot.click(bar, offset=(0, bar.size.height - 1))
        await s.until(lambda: s.queue.scroll_y > 0)
        assert thumb()[0] > 0
        await s.press("G")
        await s.until(lambda: thumb()[-1] == bar.size.height - 1)
