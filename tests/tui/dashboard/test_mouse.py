"""What clicks do."""

from engine.job.job import JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.joblist import Sort
from tui.dashboard.screens.detail import DetailScreen
from tui.dashboard.screens.help import HelpScreen


async def test_a_click_on_a_title_sorts_by_it_and_another_turns_the_order_round(engine: FakeEngine) -> None:
    for name in "bca":
        engine.add(f"{name}.pdf", pages=3)
    async with session(engine) as s:
        (y,) = [y for y, line in enumerate(s.lines) if " NAME" in line]
        await s.pilot.click(offset=(s.lines[y].index("NAME") + 2, y))
        await s.until(lambda: s.app.model.jobs.sort is Sort.NAME)
        assert s.app.model.jobs.ids() == [3, 1, 2]
        assert "NAME▲" in s.lines[y]
        await s.pilot.click(offset=(s.lines[y].index("NAME") + 2, y))
        await s.until(lambda: s.app.model.jobs.is_reversed)
        await s.pilot.click(offset=(s.lines[y].index("ETA"), y))
        await s.until(lambda: s.app.model.jobs.sort is Sort.QUEUE)
        assert s.app.model.jobs.ids() == [1, 2, 3]


async def test_a_click_on_a_key_of_the_bottom_line_presses_it(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf")
    async with session(engine) as s:
        for hint, is_done in (
            ("+ - priority", lambda: engine.job(job_id).job.priority == 1),
            ("- priority", lambda: engine.job(job_id).job.priority == 0),
            ("x cancel", lambda: engine.state_of(job_id) is JobState.CANCELLED),
            ("? help", lambda: isinstance(s.app.screen, HelpScreen)),
        ):
            s.main._key_bar.clear()
            await s.until(lambda hint=hint: hint in s.lines[-1], hint)
            await s.pilot.click(offset=(s.lines[-1].index(hint), 23))
            await s.until(is_done, hint)


async def test_a_double_click_opens_the_job(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    engine.add("b.pdf")
    async with session(engine) as s:
        (y,) = [y for y, line in enumerate(s.lines) if "b.pdf" in line]
        await s.pilot.click(offset=(10, y))
        assert s.queue.cursor_id == 2
        await s.pilot.click(offset=(10, y), times=2)
        assert isinstance(s.app.screen, DetailScreen)
        assert s.app.screen.job_id == 2


async def test_the_terminals_cursor_is_on_the_selected_row(engine: FakeEngine) -> None:
    for n in range(9):
        engine.add(f"{n}.pdf")
    async with session(engine) as s:
        for _ in range(3):
            await s.press("j")
            assert s.lines[s.app.cursor_position.y].startswith("▌")
