"""What the screen shows, and that nothing from outside can break it."""

import os
import signal

import pytest

from engine.job.job import JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import HOSTILE_NAMES, FakeEngine
from tui.dashboard.messages import QuitChoice
from tui.text.glyphs import ASCII


async def test_hostile_names_and_reasons_are_shown_as_they_are(engine: FakeEngine) -> None:
    for name in HOSTILE_NAMES:
        engine.add(name, JobState.FAILED, reason="[/bold] \x1b[2J no " + repr(name))
    engine.tracker.set_banner("disk", "[/] full \x1b]0;x\x07")
    async with session(engine) as s:
        for _ in HOSTILE_NAMES:
            await s.press("enter")
            await s.until(lambda: "HISTORY" in s.text)
            assert not [char for char in s.text if not char.isprintable() and char != "\n"]
            await s.press("X", "escape", "j")
        assert "[/]x.pdf" in s.text
        await s.press("x", "slash", *"[/]", "enter")
        assert not [char for char in s.text if not char.isprintable() and char != "\n"]


async def test_every_line_has_the_width_of_the_terminal(engine: FakeEngine) -> None:
    for name in HOSTILE_NAMES:
        engine.add(name)
    for width in (60, 71, 80, 81, 99, 120, 200):
        async with session(engine, (width, 24)) as s:
            assert {strip.cell_length for strip in s.app.screen._compositor.render_strips()} == {width}


async def test_the_cursor_stays_on_its_job_while_rows_move(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(60)]
    async with session(engine) as s:
        await s.press("j", "j", "j")
        engine.change(ids[3], JobState.DONE, finished=engine._now())
        engine.add("urgent.pdf", priority=9)
        await s.look()
        assert s.queue.cursor_id == ids[3]
        assert s.app.model.jobs.row_of(ids[3]) == 60


async def test_an_action_on_a_job_out_of_sight_is_not_done_at_once(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(60)]
    async with session(engine) as s:
        engine.change(ids[0], priority=-5)
        await s.look()
        await s.press("x")
        assert "out of sight" in s.message
        assert engine.state_of(ids[0]) is JobState.QUEUED
        assert s.queue.is_cursor_visible
        await s.press("x")
        await s.until(lambda: engine.state_of(ids[0]) is JobState.CANCELLED)


async def test_rows_change_places_once_a_second_at_most(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(5)]
    async with session(engine) as s:
        s.app.look_again()
        engine.clock.advance(2)
        engine.change(ids[4], priority=1)
        s.app.look_again()
        assert s.app.model.jobs.row_of(ids[4]) == 0
        engine.change(ids[3], priority=2)
        s.app.look_again()
        assert s.app.model.jobs.row_of(ids[3]) != 0
        engine.clock.advance(1.01)
        s.app.look_again()
        assert s.app.model.jobs.row_of(ids[3]) == 0


async def test_progress_shows_without_a_key(engine: FakeEngine) -> None:
    job_id = engine.add("scan.pdf", JobState.RUNNING, pages=8)
    async with session(engine) as s:
        for page in range(1, 5):
            engine.start_page(1, job_id, page)
            engine.clock.advance(1)
            engine.finish_page(1, job_id, page)
        await s.until(lambda: "4/8" in s.text)
        assert "50%" in s.text
        assert "█████" in s.text


async def test_a_terminal_too_small_gets_one_calm_line(engine: FakeEngine) -> None:
    engine.fill(20)
    async with session(engine, (50, 12)) as s:
        assert "hotfolio needs 60x15" in s.text
        assert len([line for line in s.lines if line.strip()]) == 1
        await s.pilot.resize_terminal(80, 24)
        await s.until(lambda: "STATE" in s.text)


async def test_an_empty_list_teaches_where_to_drop(engine: FakeEngine) -> None:
    async with session(engine) as s:
        assert "No jobs yet." in s.text
        assert "scp *.pdf" in s.text
        engine.add("a.pdf")
        await s.until(lambda: "a.pdf" in s.text)
        assert "No jobs yet" not in s.text
        await s.press("slash", *"zzz", "enter")
        assert "No job passes the filter" in s.text


async def test_banners_take_room_only_while_there_are_any(engine: FakeEngine) -> None:
    engine.fill(50)
    async with session(engine) as s:
        rows = s.queue.size.height
        engine.tracker.set_banner("disk", "The disk is full.")
        await s.until(lambda: "The disk is full." in s.text)
        assert s.queue.size.height == rows - 1
        engine.tracker.set_banner("disk", None)
        await s.until(lambda: s.queue.size.height == rows)


async def test_without_unicode_everything_is_ascii(engine: FakeEngine) -> None:
    engine.fill(40)
    engine.add("旅行 café…pdf", JobState.FAILED, reason="“Broken” — beyond repair")
    job_id = engine.add("now.pdf", JobState.RUNNING, pages=9, done=4)
    engine.start_page(1, job_id, 5)
    async with session(engine, (120, 40), glyphs=ASCII) as s:
        await s.look()
        await s.until(lambda: "HISTORY" in s.text)
        assert s.text.isascii()
        assert {strip.cell_length for strip in s.app.screen._compositor.render_strips()} == {120}
        for keys in (("question_mark",), ("comma",), ("D",), ("colon", *"theme"), ("G", "enter"), ("slash", *"é…")):
            await s.press(*keys)
            assert s.text.isascii(), keys
            await s.press("escape")
        await s.press("g", "i")
        await s.until(lambda: "####" in s.text)
        assert s.text.isascii()
        await s.press("escape", "question_mark")
        assert "j down" in s.text, "an arrow would have to be taken for a letter"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_dashboard_as_stop(engine: FakeEngine, number: signal.Signals) -> None:
    async with session(engine) as s:
        os.kill(os.getpid(), number)
        await s.until(lambda: s.app.return_value is QuitChoice.STOP)
