"""One job in full: its pages, its log, and the password of a locked one."""

import time

from textual.widgets import Input

from engine.job.job import NEEDS_PASSWORD, JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.screens.password_dialog import PasswordDialog
from tui.dashboard.screens.peek import PeekScreen
from tui.dashboard.widgets.job_view import JobView

LOCKED = f"{NEEDS_PASSWORD}: give one, and try again."


async def test_every_page_has_a_line_however_many_there_are(engine: FakeEngine) -> None:
    engine.add("long.pdf", JobState.PARTIAL, pages=10_000, done=10_000, failed=2, ocr=3, text_only=1)
    async with session(engine) as s:
        await s.press("enter")
        view = s.app.screen.query_one(JobView)
        await s.until(lambda: view.virtual_size.height > 10_000)
        # Time of the processor, since other tests may run at the same time.
        started = time.process_time()
        for _ in range(10):
            view.update_lines()
        assert (time.process_time() - started) / 10 < 0.05
        await s.press("G")
        await s.until(lambda: " 10000 " in s.text)
        last = next(line for line in s.lines if " 10000 " in line)
        assert "done" in last
        assert "layout" in last
        assert "0.4" in last
        await s.press("g", "n", "n")
        await s.until(lambda: "page 6 selected" in s.text)  # text only; 1 was selected already, 2 has failed


async def test_the_selected_page_is_the_one_looked_at(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.PARTIAL, pages=40, done=40, failed=1)
    async with session(engine) as s:
        await s.press("enter")
        view = s.app.screen.query_one(JobView)
        await s.until(lambda: "page 1 selected" in s.text)
        await s.press("right", "right", "right", "left", "i")
        assert isinstance(s.app.screen, PeekScreen)
        await s.until(lambda: "Page 3 of 40" in s.text)
        await s.press("escape", "G", "right")
        assert view.page == 4
        await s.until(lambda: any("  4 " in line and "done" in line for line in s.lines))


async def test_the_map_of_a_running_job_follows_from_memory(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=12, done=3)
    async with session(engine) as s:
        await s.press("enter")
        await s.until(lambda: "EACH PAGE" in s.app.screen.query_one(JobView).plain)
        engine.start_page(2, job_id, 4)
        await s.until(lambda: "■■■2········" in s.text)
        assert "worker 2" in s.app.screen.query_one(JobView).plain


async def test_the_end_of_the_log_is_in_the_detail(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.FAILED, reason="Damaged.")
    log_file = engine.detail(job_id).log_file
    log_file.parent.mkdir(parents=True)
    log_file.write_bytes(b"".join(b"line %d\n" % n for n in range(500)))
    async with session(engine, (80, 40)) as s:
        await s.press("enter")
        await s.until(lambda: "line 499" in s.text)
        assert "line 493" not in s.text


async def test_u_asks_for_the_password_and_tries_again(engine: FakeEngine) -> None:
    job_id = engine.add("locked.pdf", JobState.FAILED, reason=LOCKED)
    async with session(engine) as s:
        assert "press u" in s.text
        await s.press("enter")
        await s.until(lambda: "Press u to enter the password" in s.text)
        await s.press("u")
        assert isinstance(s.app.screen, PasswordDialog)
        await s.press(*"s3cretq")
        assert s.app.screen.query_one(Input).value == "s3cretq"
        assert "s3cret" not in s.text
        await s.press("enter")
        await s.until(lambda: ("unlock", [job_id], "s3cretq") in engine.calls)
        await s.until(lambda: engine.state_of(job_id) is JobState.QUEUED)


async def test_a_password_is_for_the_locked_ones_among_the_marked(engine: FakeEngine) -> None:
    ids = [engine.add(f"{n}.pdf", JobState.FAILED, reason=LOCKED if n else "Damaged.") for n in range(3)]
    async with session(engine) as s:
        await s.press("a", "u")
        assert "2 locked PDFs" in s.text
        await s.press("x", "enter")
        await s.until(lambda: any(call[0] == "unlock" for call in engine.calls))
        (call,) = [call for call in engine.calls if call[0] == "unlock"]
        assert set(call[1]) == set(ids[1:])  # type: ignore[call-overload]


async def test_a_wrong_password_is_said_in_the_dialog_and_the_next_one_is_typed_there(engine: FakeEngine) -> None:
    job_id = engine.add("locked.pdf", JobState.FAILED, reason=LOCKED)
    async with session(engine) as s:
        await s.press("u", *"wrong", "enter")
        await s.until(lambda: "does not open it" in s.text)
        assert isinstance(s.app.screen, PasswordDialog)
        assert engine.state_of(job_id) is JobState.FAILED
        await s.press(*"right", "enter")
        await s.until(lambda: ("unlock", [job_id], "right") in engine.calls)


async def test_a_right_password_is_offered_to_other_locked_jobs_and_they_go_on_where_they_stood(
    engine: FakeEngine,
) -> None:
    ids = [engine.add(f"{n}.pdf", JobState.FAILED, reason=LOCKED) for n in range(4)]
    waiting = engine.add("later.pdf")
    engine.opened_otherwise = {ids[1]}
    async with session(engine) as s:
        s.queue.move_to(ids[0])
        await s.press("u", "x", "enter")
        await s.until(lambda: "It opens 2 other locked PDFs too" in s.text)
        await s.press("y")
        await s.until(lambda: ("unlock", ids[2:], "x") in engine.calls)
        await s.until(lambda: s.app.model.jobs.ids() == [ids[0], *ids[2:], waiting, ids[1]])


async def test_no_password_is_asked_for_where_none_is_needed(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.FAILED, reason="Damaged.")
    async with session(engine) as s:
        await s.press("u")
        assert "for want of a password" in s.message
        assert s.app.screen is s.main


async def test_an_empty_password_changes_nothing(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.FAILED, reason=LOCKED)
    async with session(engine) as s:
        await s.press("u", "enter")
        await s.press("u", "x", "escape")
        assert s.app.screen is s.main
        assert not any(call[0] == "unlock" for call in engine.calls)


async def test_both_paths_can_be_copied(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine) as s:
        await s.press("y")
        assert s.app.clipboard == str(engine.settings.output / "result")
        await s.press("Y")
        assert s.app.clipboard == str(engine.settings.input / "a.pdf")


async def test_the_bottom_line_offers_what_the_job_s_state_takes(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=4, done=3)
    async with session(engine, (120, 40)) as s:
        await s.press("enter")
        assert "x cancel" in s.lines[-1]
        assert "retry" not in s.lines[-1]
        engine.change(job_id, JobState.DONE, output=b"/srv/output/a")
        await s.look()
        assert "x cancel" not in s.lines[-1]
        assert "o read" in s.lines[-1]
        assert "l log" in s.lines[-1]
        engine.change(job_id, JobState.FAILED, output=None)
        await s.look()
        assert "r retry" in s.lines[-1]
        assert "o read" not in s.lines[-1]
