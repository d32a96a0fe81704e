"""The picture of the workers: strips, what is left, and standing still."""

import pytest

from engine.job.job import JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.workers.workers_screen import WorkersScreen
from tui.text.glyphs import ASCII, UNICODE, Glyphs


@pytest.mark.parametrize(("size", "glyphs"), [((120, 40), UNICODE), ((60, 15), ASCII)])
async def test_w_shows_what_each_worker_has_done(engine: FakeEngine, size: tuple[int, int], glyphs: Glyphs) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=50)
    async with session(engine, size, glyphs=glyphs) as s:
        for page in range(1, 5):
            engine.start_page(2, job_id, page)
            await s.look()
            engine.clock.advance(1)
            engine.finish_page(2, job_id, page)
            await s.look()
        await s.press("w")
        assert isinstance(s.app.screen, WorkersScreen)
        assert "1 of 4 workers busy" in s.text
        assert "about 46 pages left" in s.text
        sign = "■" if glyphs is UNICODE else "#"
        row = next(line for line in s.lines if line.lstrip("│ ").startswith("2 "))
        assert f"#{job_id} " in row
        assert "302M" in row
        assert row.rstrip("│ ").endswith(sign * 2)
        assert any(f"{sign} layout 4" in line for line in s.lines)
        before = s.lines
        engine.clock.advance(60)
        await s.press("right_square_bracket")
        await s.until(lambda: any(line.lstrip("│ ").startswith("5 ") for line in s.lines))
        assert len(before) == len(s.lines)
        await s.press("w")
        assert s.app.screen is s.main
