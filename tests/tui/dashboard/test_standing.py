"""What a job that runs is at, for how long, and how many workers there will be: true at every moment."""

from dataclasses import replace

from engine.job.job import JobState
from engine.job.snapshot import WorkerState
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.joblist import View


def row(s: Session, name: str) -> str:
    """The job's row on the screen."""
    return next(line for line in s.text.splitlines() if name in line.strip("│").partition("│")[0])


async def look_at(s: Session, engine: FakeEngine, seconds: float) -> None:
    engine.clock.now += seconds
    await s.look()


async def test_time_goes_on_while_a_page_takes_long(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=3, seconds=58)
    engine.start_page(1, job_id, 1)
    async with session(engine, (120, 40)) as s:
        assert "00:58" in row(s, "a.pdf")
        for seconds, shown in ((1, "00:59"), (1, "01:00"), (125, "03:05")):
            await look_at(s, engine, seconds)
            assert shown in row(s, "a.pdf")
            assert f"for {shown}" in s.text
        engine.finish_page(1, job_id, 1)
        engine.change(job_id, JobState.DONE, finished=engine._now())
        await look_at(s, engine, 1)
        done = row(s, "a.pdf")
        await look_at(s, engine, 500)
        assert row(s, "a.pdf") == done


async def test_a_job_that_no_worker_is_at_waits_or_is_paused(engine: FakeEngine) -> None:
    ids = [engine.add(name, JobState.RUNNING, pages=3) for name in ("a.pdf", "b.pdf")]
    for worker, job_id in enumerate(ids, 1):
        engine.start_page(worker, job_id, 1)
    async with session(engine, (120, 40)) as s:
        assert "▶ running" in row(s, "a.pdf")
        engine.finish_page(1, ids[0], 1)
        engine.tracker.worker_changed(replace(engine.snapshot().workers[0], state=WorkerState.IDLE, job_id=None))
        await s.look()
        assert "▶ running" in row(s, "a.pdf"), "between two batches that is no news"
        await look_at(s, engine, 2)
        assert "○ waiting" in row(s, "a.pdf")
        assert "▶ running" in row(s, "b.pdf")
        engine.pause()
        await look_at(s, engine, 1)
        assert "‖ paused" in row(s, "a.pdf")
        assert "‖ paused" in s.text.replace(row(s, "a.pdf"), ""), "beside the list"
        assert "▶ running" in row(s, "b.pdf"), "its page is finished first"
        engine.resume()
        engine.start_page(1, ids[0], 2)
        await look_at(s, engine, 1)
        assert "▶ running" in row(s, "a.pdf")


async def test_the_head_says_how_many_workers_will_be_left(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=30)
    for worker in range(1, 5):
        engine.start_page(worker, job_id, worker)
    async with session(engine, (120, 40)) as s:
        assert "4/4 workers" in s.text
        for worker in (3, 4):
            engine.tracker.worker_stopping(worker)
        await s.look()
        assert "4 → 2 workers" in s.text
        engine.tracker.worker_staying(3)
        await s.look()
        assert "4 → 3 workers" in s.text
        engine.tracker.worker_left(4)
        await s.look()
        assert "3/3 workers" in s.text


async def test_cancelled_jobs_have_a_view_once_there_are_some(engine: FakeEngine) -> None:
    engine.add("done.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine) as s:
        assert "Cancelled" not in s.text
        for key in ("tab", "tab", "tab", "tab", "tab"):
            await s.press(key)
        assert s.app.model.jobs.view is View.ALL
        engine.add("given up.pdf", JobState.CANCELLED)
        await s.look()
        assert "6 Cancelled 1" in s.text
        await s.press("6")
        assert "given up.pdf" in s.text
        assert "done.pdf" not in s.text


async def test_marks_are_counted_though_all_views_have_jobs(engine: FakeEngine) -> None:
    for number, state in enumerate((*JobState, *JobState)):
        engine.add(f"{number}.pdf", state, pages=None if state is JobState.QUEUED else 1)
    async with session(engine) as s:
        assert "6 Cancelled 2" in s.text
        await s.press("a")
        assert "6 Canc 2" in s.text
        assert "● 14 marked" in s.text


async def test_an_empty_list_says_whether_the_view_or_the_filter_hides_jobs(engine: FakeEngine) -> None:
    engine.add("report.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine) as s:
        await s.press("3")
        assert "No job is running." in s.text
        await s.press("slash", *"repo", "enter")
        assert "No job that is running passes the filter repo" in s.text
        assert "1 other job would: press 1 to see all that pass." in s.text
        await s.press("slash", "backspace", "x", "enter")
        assert "No job passes the filter repx" in s.text
        await s.press("escape", "1")
        assert "report.pdf" in s.text
