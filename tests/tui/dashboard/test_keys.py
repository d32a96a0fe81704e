"""Each key does its thing, at both sizes where these make a difference."""

import re

import pytest
from textual.events import Key

from engine.job.job import JobState
from tests.places import DOCS
from tests.tui.conftest import SIZES, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.joblist import Sort, View
from tui.dashboard.keys import key_name
from tui.dashboard.messages import QuitChoice
from tui.dashboard.screens.choice_dialog import ChoiceDialog
from tui.dashboard.screens.detail import DetailScreen
from tui.dashboard.screens.help import HelpScreen
from tui.dashboard.widgets.job_view import JobView

AT_BOTH_SIZES = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
Size = tuple[int, int]


@pytest.fixture
def size() -> Size:
    """What most terminals have at least."""
    return SIZES[0]


@AT_BOTH_SIZES
async def test_the_cursor_moves_by_rows_pages_and_to_the_ends(engine: FakeEngine, size: Size) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(100)]
    async with session(engine, size) as s:
        height = s.queue.size.height
        for keys, row in [
            (("j",), 1),
            (("down", "down"), 3),
            (("k",), 2),
            (("up",), 1),
            (("G",), 99),
            (("g",), 0),
            (("end",), 99),
            (("home",), 0),
            (("pagedown",), height),
            (("pageup",), 0),
            (("ctrl+d",), height // 2),
            (("ctrl+u",), 0),
            (("k",), 0),
        ]:
            await s.press(*keys)
            assert s.queue.cursor_id == ids[row], keys
            assert s.queue.is_cursor_visible


async def test_x_cancels_the_job_under_the_cursor_and_z_brings_it_back(engine: FakeEngine, size: Size) -> None:
    first, second = engine.add("a.pdf"), engine.add("b.pdf")
    async with session(engine, size) as s:
        await s.press("j", "x")
        await s.until(lambda: engine.state_of(second) is JobState.CANCELLED)
        assert engine.state_of(first) is JobState.QUEUED
        await s.until(lambda: "cancelled" in s.message)
        await s.press("z")
        await s.until(lambda: engine.state_of(second) is JobState.QUEUED)


async def test_priorities_go_up_and_down(engine: FakeEngine, size: Size) -> None:
    job_id = engine.add("a.pdf")
    async with session(engine, size) as s:
        await s.press("plus", "equals_sign")
        await s.until(lambda: engine.job(job_id).job.priority == 2)
        await s.until(lambda: "+2" in s.text)
        await s.press("minus")
        await s.until(lambda: engine.job(job_id).job.priority == 1)
        await s.press("z")
        await s.until(lambda: engine.job(job_id).job.priority == 2)


async def test_p_holds_and_releases(engine: FakeEngine, size: Size) -> None:
    job_id = engine.add("a.pdf")
    async with session(engine, size) as s:
        await s.press("p")
        await s.until(lambda: engine.state_of(job_id) is JobState.HELD)
        await s.until(lambda: "held" in s.text)
        await s.press("p")
        await s.until(lambda: engine.state_of(job_id) is JobState.QUEUED)


async def test_a_capital_p_pauses_and_resumes_the_engine(engine: FakeEngine, size: Size) -> None:
    async with session(engine, size) as s:
        await s.press("P")
        await s.until(lambda: engine.is_paused)
        await s.until(lambda: "paused" in s.lines[0])
        await s.press("P")
        await s.until(lambda: not engine.is_paused)


async def test_brackets_change_the_number_of_workers(engine: FakeEngine, size: Size) -> None:
    async with session(engine, size) as s:
        await s.press("right_square_bracket")
        await s.until(lambda: engine.workers == 5)
        await s.press("left_square_bracket", "left_square_bracket")
        await s.until(lambda: engine.workers == 3)
        await s.until(lambda: "0/3 workers" in s.lines[0])


async def test_r_runs_a_failed_job_again_and_a_capital_r_all_of_them(engine: FakeEngine, size: Size) -> None:
    failed = [engine.add(f"{n}.pdf", JobState.FAILED, reason="Damaged.") for n in range(3)]
    async with session(engine, size) as s:
        cursor = s.queue.cursor_id
        assert cursor in failed
        await s.press("r")
        await s.until(lambda: engine.state_of(cursor) is JobState.QUEUED)
        await s.press("R")
        await s.until(lambda: all(engine.state_of(job_id) is JobState.QUEUED for job_id in failed))


async def test_moving_jobs_among_equals(engine: FakeEngine, size: Size) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(4)]
    async with session(engine, size) as s:
        await s.press("J")
        await s.until(lambda: s.app.model.jobs.row_of(ids[0]) == 1)
        assert s.queue.cursor_id == ids[0]
        await s.press("b")
        await s.until(lambda: s.app.model.jobs.row_of(ids[0]) == 3)
        await s.press("K")
        await s.until(lambda: s.app.model.jobs.row_of(ids[0]) == 2)
        await s.press("t")
        await s.until(lambda: s.app.model.jobs.row_of(ids[0]) == 0)


@AT_BOTH_SIZES
async def test_enter_opens_the_detail_and_escape_goes_back(engine: FakeEngine, size: Size) -> None:
    engine.add("scan.pdf", JobState.PARTIAL, pages=30, done=30, failed=2, ocr=3)
    async with session(engine, size) as s:
        await s.press("enter")
        assert isinstance(s.app.screen, DetailScreen)
        view = s.app.screen.query_one(JobView)
        await s.until(lambda: "page 2" in view.plain)
        assert "30 of 30 pages  3 by OCR  2 failed" in view.plain
        assert "Press r to try them again" in " ".join(view.plain.split())
        await s.press("escape")
        assert s.app.screen is s.main


@AT_BOTH_SIZES
async def test_keys_for_jobs_work_in_the_detail(engine: FakeEngine, size: Size) -> None:
    job_id = engine.add("a.pdf")
    async with session(engine, size) as s:
        await s.press("enter", "x")
        await s.until(lambda: engine.state_of(job_id) is JobState.CANCELLED)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_lists_every_key_from_the_bindings(engine: FakeEngine, size: Size, key: str) -> None:
    async with session(engine, size) as s:
        bindings = {b.binding.description for b in s.app.screen.active_bindings.values() if b.binding.id}
        await s.press(key)
        assert isinstance(s.app.screen, HelpScreen)
        shown = {text for entries in s.app.screen._entries.values() for _, text, _ in entries}
        assert shown == bindings
        await s.press("escape")
        assert s.app.screen is s.main


@AT_BOTH_SIZES
async def test_numbers_and_tab_change_the_view(engine: FakeEngine, size: Size) -> None:
    engine.fill(32)
    async with session(engine, size) as s:
        for number, view in enumerate(View, start=1):
            await s.press(str(number))
            assert s.app.model.jobs.view is view
            shown = {s.app.model.jobs.entries[job_id].job.state for job_id in s.app.model.jobs.ids()}
            assert shown <= view.states
        if size[0] < 120:
            await s.press("tab")
            assert s.app.model.jobs.view is View.ALL
        else:
            await s.press("tab")
            assert s.app.screen.query_one("#side").has_focus


async def test_s_sorts_and_a_capital_s_reverses(engine: FakeEngine, size: Size) -> None:
    engine.fill(20)
    async with session(engine, size) as s:
        before = s.queue.cursor_id
        await s.press("s")
        assert s.app.model.jobs.sort is Sort.ID
        assert s.app.model.jobs.ids() == sorted(s.app.model.jobs.entries)
        await s.press("S")
        assert s.app.model.jobs.ids() == sorted(s.app.model.jobs.entries, reverse=True)
        assert s.queue.cursor_id == before
        assert "▼" in s.text


@AT_BOTH_SIZES
async def test_a_filter_narrows_as_it_is_typed_and_escape_drops_it(engine: FakeEngine, size: Size) -> None:
    for name in ("invoice 1.pdf", "letter.pdf", "invoice 2.pdf"):
        engine.add(name)
    async with session(engine, size) as s:
        await s.press("slash", *"invoice")
        assert len(s.app.model.jobs) == 2
        await s.press("enter")
        assert s.queue.has_focus
        assert "/invoice" in s.text
        await s.press("escape")
        assert len(s.app.model.jobs) == 3
        await s.press("g", "n")
        assert s.app.model.jobs.entries[s.queue.cursor_id].job.name == "invoice 2.pdf"
        await s.press("N")
        assert s.app.model.jobs.entries[s.queue.cursor_id].job.name == "invoice 1.pdf"


async def test_marks_make_an_action_mean_the_marked_jobs(engine: FakeEngine, size: Size) -> None:
    ids = [engine.add(f"{n}.pdf") for n in range(6)]
    async with session(engine, size) as s:
        await s.press("space", "j", "j", "v")
        assert s.app.model.marks == set(ids[:4])
        assert "4 marked" in s.text
        await s.press("x")
        assert isinstance(s.app.screen, ChoiceDialog)
        assert "Cancel 4 jobs" in s.text
        await s.press("enter")
        assert all(engine.state_of(job_id) is JobState.QUEUED for job_id in ids), "the safe answer is the default"
        await s.press("x", "y")
        await s.until(lambda: [engine.state_of(i) for i in ids].count(JobState.CANCELLED) == 4)
        await s.press("escape")
        assert not s.app.model.marks
        await s.press("a")
        assert s.app.model.marks == set(ids)
        await s.press("A")
        assert not s.app.model.marks


async def test_d_removes_a_finished_job_and_z_restores_it(engine: FakeEngine, size: Size) -> None:
    job_id = engine.add("a.pdf", JobState.DONE, pages=3, done=3)
    async with session(engine, size) as s:
        await s.press("d")
        await s.until(lambda: job_id not in s.app.model.jobs.entries)
        await s.press("z")
        await s.until(lambda: job_id in s.app.model.jobs.entries)


@AT_BOTH_SIZES
async def test_a_capital_d_asks_before_it_clears(engine: FakeEngine, size: Size) -> None:
    done = [engine.add(f"{n}.pdf", JobState.DONE, pages=1, done=1) for n in range(120)]
    engine.add("waiting.pdf")
    async with session(engine, size) as s:
        await s.press("D")
        assert "Remove 120 finished jobs" in s.text
        await s.press("y")
        await s.until(lambda: not set(done) & set(s.app.model.jobs.entries))
        await s.press("z")
        await s.until(lambda: set(done) <= set(s.app.model.jobs.entries))


@AT_BOTH_SIZES
async def test_f_goes_to_the_running_job_and_a_capital_f_freezes(engine: FakeEngine, size: Size) -> None:
    engine.fill(32)
    running = engine.add("now.pdf", JobState.RUNNING, pages=9)
    engine.start_page(1, running, 1)
    async with session(engine, size) as s:
        await s.press("G", "f")
        assert s.queue.cursor_id == running
        await s.press("F")
        assert "frozen" in s.lines[0]
        new = engine.add("new.pdf")
        await s.look()
        assert new not in s.app.model.jobs.entries
        await s.press("F")
        assert new in s.app.model.jobs.entries


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quitting_an_idle_dashboard_asks_nothing(engine: FakeEngine, size: Size, key: str) -> None:
    async with session(engine, size) as s:
        await s.press(key)
        assert s.app.return_value is QuitChoice.STOP


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (("enter",), None),
        (("escape",), None),
        (("f",), QuitChoice.FINISH),
        (("s",), QuitChoice.STOP),
        (("b",), QuitChoice.BACKGROUND),
        (("j", "enter"), QuitChoice.BACKGROUND),
        (("j", "j", "enter"), QuitChoice.FINISH),
    ],
)
async def test_quitting_while_busy_asks_in_numbers(
    engine: FakeEngine, size: Size, keys: tuple[str, ...], result: QuitChoice | None
) -> None:
    engine.add("a.pdf", JobState.RUNNING, pages=10, done=4)
    engine.add("b.pdf")
    async with session(engine, size) as s:
        await s.press("q")
        assert "1 job running, 1 waiting. Quit?" in s.text
        assert "4 finished pages" in s.text
        await s.press(*keys)
        assert s.app.return_value is result
        assert isinstance(s.app.screen, ChoiceDialog) is False


async def test_a_dashboard_that_has_joined_an_engine_leaves_it_without_asking(size: Size, engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.RUNNING, pages=10, done=4)
    async with session(engine, size, is_owner=False) as s:
        await s.press("q")
        assert s.app.return_value is QuitChoice.STOP


@AT_BOTH_SIZES
async def test_keys_that_shells_and_multiplexers_eat_are_not_bound(engine: FakeEngine, size: Size) -> None:
    async with session(engine, size) as s:
        bound = set(s.app.screen.active_bindings)
        assert not bound & {
            "ctrl+s",
            "ctrl+q",
            "ctrl+a",
            "ctrl+b",
            "ctrl+z",
            "ctrl+h",
            "ctrl+i",
            "ctrl+j",
            "f11",
            "f12",
        }
        ids = [b.binding.id for b in s.app.screen.active_bindings.values() if not b.binding.system]
        assert all(ids)


async def test_the_documentation_names_every_key_of_the_list(engine: FakeEngine, size: Size) -> None:
    engine.add("a.pdf")
    page = (DOCS / "dashboard.md").read_text(encoding="utf-8")
    table = page.partition("## Keys")[2].partition("##")[0]
    written = {"↓", "↑", "Home", "End", "PgUp", "PgDn", "Enter", "Esc", "Tab", "space", "F1", "ctrl+d", "ctrl+u"}
    named = {key.lower() for key in written if key in table} | {f"ctrl+{key}" for key in "cp" if f"ctrl+{key}" in table}
    named |= set(re.findall(r"`(.)`", table)) | ({*"123456"} if "`1`–`6`" in table else set())
    async with session(engine, size) as s:
        bound = {key_name(b.binding.key) for b in s.app.screen.active_bindings.values() if b.binding.id}
        assert bound == named


async def test_keys_that_come_at_once_are_taken_in_their_order(engine: FakeEngine) -> None:
    engine.add("annual.pdf", JobState.DONE)
    engine.add("letter.pdf")
    async with session(engine) as s:
        await s.press("2")
        for key in ("4", "/", "a", "n"):
            s.app.post_message(Key(key if key != "/" else "slash", key))
        await s.until(lambda: "/ an" in s.text)
        assert s.app.model.jobs.view is View.DONE
        assert "annual.pdf" in s.text
        assert "letter.pdf" not in s.text
