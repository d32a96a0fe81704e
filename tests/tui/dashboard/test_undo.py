"""All that was done is taken back, level by level, and done again."""

from engine.job.job import JobState
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.joblist import Sort
from tui.dashboard.widgets.key_bar import KeyBar


def order(s: Session) -> list[str]:
    """The names of the rows, from top to bottom."""
    return [s.app.model.jobs.entries[job_id].job.name.removesuffix(".pdf") for job_id in s.app.model.jobs.ids()]


async def until_said(s: Session, text: str) -> None:
    await s.until(lambda: text in s.message, text)


async def test_an_undone_cancel_goes_back_to_its_own_place(engine: FakeEngine) -> None:
    for name in "abcde":
        engine.add(f"{name}.pdf")
    async with session(engine) as s:
        await s.press("j", "x")
        await until_said(s, "cancelled")
        await s.press("z")
        await until_said(s, "Undone: #2 cancelled")
        assert order(s) == list("abcde")
        assert s.queue.cursor_id == 2


async def test_many_orders_are_undone_in_turn_and_done_again(engine: FakeEngine) -> None:
    for name in "abcdef":
        engine.add(f"{name}.pdf")
    failed = engine.add("z.pdf", JobState.FAILED, pages=3, reason="Damaged.")
    async with session(engine) as s:
        seen = [(order(s), 0, JobState.FAILED)]

        def look() -> tuple[list[str], int, JobState]:
            return order(s), engine.job(3).job.priority, engine.state_of(failed)

        steps = [("j", "j", "t"), ("J",), ("plus",), ("minus",), ("K",), ("b",), ("p",), ("x",), ("G", "r")]
        for keys in steps:
            calls = len(engine.calls)
            await s.press(*keys)
            await s.until(lambda at=calls: len(engine.calls) > at and "to undo" in s.message)
            s.main.query_one(KeyBar).clear()
            seen.append(look())
        for wanted in reversed(seen[:-1]):
            await s.press("z")
            await until_said(s, "Undone")
            s.main.query_one(KeyBar).clear()
            assert look() == wanted
        assert engine.job(failed).job.reason == "Damaged."
        await s.press("z")
        await until_said(s, "Nothing to undo")
        for wanted in seen[1:]:
            s.main.query_one(KeyBar).clear()
            await s.press("Z")
            await until_said(s, "Done again")
            assert look() == wanted


async def test_several_jobs_move_back_past_those_that_they_have_passed(engine: FakeEngine) -> None:
    for name in "abcdef":
        engine.add(f"{name}.pdf")
    async with session(engine) as s:
        for key, moved in (("K", "bdface"), ("J", "abdcfe")):
            s.app.model.marks = {2, 4, 6} if key == "K" else {1, 3, 5} - {1} | {3}
            before = order(s)
            await s.press(key)
            await s.until(lambda before=before: order(s) != before)
            await s.press("z")
            await s.until(lambda before=before: order(s) == before, moved)


async def test_marks_come_back_and_those_of_jobs_that_were_removed(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf", JobState.DONE, pages=1, done=1) for n in range(4)]
    async with session(engine) as s:
        await s.press("a", "A", "z")
        await s.until(lambda: s.app.model.marks == set(ids))
        assert "4 marked" in s.text
        await s.press("d")
        await s.until(lambda: not s.app.model.jobs.entries)
        await s.press("z")
        await s.until(lambda: s.app.model.marks == set(ids))
        await s.press("z", "z")
        await s.until(lambda: not s.app.model.marks)


async def test_marks_set_one_by_one_are_one_step(engine: FakeEngine) -> None:
    for n in range(4):
        engine.add(f"{n}.pdf")
    async with session(engine) as s:
        await s.press("space", "space", "space")
        assert len(s.app.model.marks) == 3
        await s.press("z")
        await s.until(lambda: not s.app.model.marks)


async def test_pause_and_workers_are_undone(engine: FakeEngine) -> None:
    async with session(engine) as s:
        await s.press("P", "right_square_bracket")
        await s.until(lambda: engine.workers == 5)
        await s.press("z")
        await s.until(lambda: engine.workers == 4)
        await s.press("z")
        await s.until(lambda: not engine.is_paused)
        await s.press("Z")
        await s.until(lambda: engine.is_paused)


async def test_what_it_is_too_late_for_is_said(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf")
    async with session(engine) as s:
        await s.press("plus")
        await until_said(s, "raised")
        engine.change(job_id, JobState.RUNNING)
        engine.change(job_id, JobState.DONE)
        await s.press("z")
        await until_said(s, "It is too late to change this: #1 raised in priority.")
        await s.press("z")
        await until_said(s, "Nothing to undo.")


async def test_the_history_lists_what_was_done_and_undone(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    async with session(engine) as s:
        await s.press("H")
        assert "Nothing was done yet" in s.text
        await s.press("escape", "plus")
        await until_said(s, "raised")
        await s.press("P")
        await until_said(s, "Paused")
        await s.press("z")
        await until_said(s, "Undone: paused")
        await s.press("H")
        shown = [line.strip().split("  ")[-1] for line in s.lines if "paused" in line or "raised" in line]
        assert shown[:2] == ["paused (undone)", "#1 raised in priority"]
        await s.press("Z")
        await s.until(lambda: "paused (undone)" not in s.text)
        await s.press("escape")
        assert s.app.screen is s.main


async def test_the_cursor_keeps_its_row_after_a_cancel_and_its_job_after_a_move(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n:02}.pdf") for n in range(60)]
    async with session(engine) as s:
        await s.press("j", "x")
        await s.until(lambda: engine.state_of(ids[1]) is JobState.CANCELLED and s.queue.cursor_id != ids[1])
        assert s.queue.cursor_id == ids[2]
        await s.press("x")
        await s.until(lambda: engine.state_of(ids[2]) is JobState.CANCELLED and s.queue.cursor_id != ids[2])
        assert s.queue.cursor_id == ids[3]
        for key in ("b", "t", "plus", "minus"):
            message = s.message
            await s.press(key)
            await s.until(lambda message=message: s.message != message, key + message)
            assert s.queue.cursor_id == ids[3]
            assert s.queue.is_cursor_visible, key
            assert any(line.startswith("▌") and "03.pdf" in line for line in s.lines)


async def test_the_cursor_keeps_its_row_after_a_removal_and_stays_where_no_row_moves(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf", JobState.DONE, pages=1, done=1, seconds=9 - n) for n in range(5)]
    waiting = engine.add("w.pdf")
    async with session(engine) as s:
        s.app.model.jobs.show(sort=Sort.ID)
        s.main._rows_changed()
        await s.press("g", "j", "d")
        await s.until(lambda: ids[1] not in s.app.model.jobs.entries)
        assert s.queue.cursor_id == ids[2]
        await s.press("G", "x")
        await s.until(lambda: engine.state_of(waiting) is JobState.CANCELLED)
        assert s.queue.cursor_id == waiting
