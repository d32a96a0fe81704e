"""The keys that read, copy, export, configure and remember."""

import csv
import json
from pathlib import Path

import pytest
from textual.command import CommandPalette

from engine.base.errors import EngineUnreachable
from engine.job.job import JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import HOSTILE_NAMES, FakeEngine
from tui.dashboard.joblist import Sort, View
from tui.dashboard.messages import ActionChosen
from tui.dashboard.reader.reader_lines import ReaderLines
from tui.dashboard.screens.settings_screen import SettingsScreen
from tui.dashboard.screens.text_screen import TextScreen


async def test_l_shows_the_end_of_the_log_safely(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.FAILED, reason="Damaged.")
    log_file = engine.detail(job_id).log_file
    log_file.parent.mkdir(parents=True)
    log_file.write_bytes(b"".join(b"line %d\n" % n for n in range(500)) + b"\x1b[2Jlast \xff[/]\n")
    async with session(engine) as s:
        await s.press("l")
        assert isinstance(s.app.screen, TextScreen)
        await s.until(lambda: "last" in s.text)
        assert r"\x1b[2Jlast \xff[/]" in s.text
        await s.press("escape")
        assert s.app.screen is s.main


async def test_o_follows_a_running_job_once_a_second_and_holds_the_scroll_position(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=90, done=30)
    async with session(engine) as s:
        await s.press("o")
        text = s.app.screen.query_one(ReaderLines)
        await s.until(lambda: "## Page 30" in text.text and text.setting.is_complete and text.max_scroll_y)
        await s.press("pagedown", "j")
        before = text.scroll_offset.y
        previews = engine.calls.count(("preview", job_id))
        for page in range(31, 35):
            engine.start_page(1, job_id, page)
            engine.finish_page(1, job_id, page)
            await s.look()
        assert engine.calls.count(("preview", job_id)) == previews, "a second has not passed"
        engine.clock.advance(1.01)
        await s.until(lambda: "## Page 34" in text.text)
        assert engine.calls.count(("preview", job_id)) == previews + 1
        assert text.scroll_offset.y == before > 0
        assert "34 of 90 pages so far" in s.text
        engine.clock.advance(5)
        engine.change(job_id, priority=3)
        await s.look()
        assert engine.calls.count(("preview", job_id)) == previews + 1, "no page was finished"


async def test_o_says_when_there_is_nothing_yet(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    async with session(engine) as s:
        await s.press("o")
        assert "no Markdown yet" in s.message


async def test_y_copies_the_path(engine: FakeEngine) -> None:
    engine.add("a.pdf")
    engine.add(b"caf\xe9.pdf")
    async with session(engine) as s:
        await s.press("y")
        assert s.app.clipboard == str(engine.settings.input / "a.pdf")
        await s.press("j", "y")
        assert "not valid UTF-8" in s.message


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_e_exports_what_is_shown(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [*HOSTILE_NAMES, b"=cmd.pdf"]:
        engine.add(name, JobState.FAILED, reason="=HYPERLINK(1)")
    engine.add("waiting.pdf")
    async with session(engine) as s:
        await s.press("5", "e", {"csv": "1", "json": "2"}[kind])
        await s.until(lambda: "exported to" in s.message)
    (file,) = tmp_path.glob(f"hotfolio-jobs-*.{kind}")
    rows = json.loads(file.read_text()) if kind == "json" else list(csv.DictReader(file.open(newline="")))
    assert len(rows) == len(HOSTILE_NAMES) + 1
    assert {row["state"] for row in rows} == {"failed"}
    if kind == "csv":
        assert {row["reason"] for row in rows} == {"'=HYPERLINK(1)"}, "a spreadsheet must not run it"


async def test_comma_shows_the_settings(engine: FakeEngine) -> None:
    async with session(engine) as s:
        await s.press("comma")
        assert isinstance(s.app.screen, SettingsScreen)
        assert "num_workers" in s.text
        await s.press("escape")
        assert s.app.screen is s.main


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_runs_any_action(engine: FakeEngine, key: str) -> None:
    job_id = engine.add("a.pdf")
    async with session(engine) as s:
        await s.press(key)
        assert isinstance(s.app.screen, CommandPalette)
        await s.press(*"raise")
        await s.pilot.pause(0.3)
        await s.press("enter")
        await s.until(lambda: engine.job(job_id).job.priority == 1)


async def test_the_view_is_kept_between_starts(engine: FakeEngine) -> None:
    engine.settings.state_folder.mkdir(parents=True)
    engine.fill(30)
    async with session(engine) as s:
        await s.press("s", "s", "S", "4")
        s.app.theme = "nord"
    async with session(engine) as s:
        jobs = s.app.model.jobs
        assert (jobs.sort, jobs.is_reversed, jobs.view, s.app.theme) == (Sort.NAME, True, View.DONE, "nord")


@pytest.mark.parametrize("content", ["", "[]", '{"view": 3}', '{"view": "NO", "sort": "x", "is_reversed": 0}'])
async def test_a_damaged_view_state_is_passed_over(engine: FakeEngine, content: str) -> None:
    engine.settings.state_folder.mkdir(parents=True)
    (engine.settings.state_folder / "view.json").write_text(content)
    engine.add("a.pdf")
    async with session(engine) as s:
        assert s.app.model.jobs.view is View.ALL
        assert "a.pdf" in s.text


@pytest.mark.parametrize("theme", ["ansi-light", "hotfolio-light"])
async def test_every_theme_draws_every_screen(engine: FakeEngine, theme: str) -> None:
    engine.fill(30)
    async with session(engine, (120, 40)) as s:
        s.app.theme = theme
        await s.press("enter", "escape", "question_mark", "escape", "q", "escape", "comma")
        assert "num_workers" in s.text


@pytest.mark.parametrize(("key", "order"), [("P", "pause"), ("right_square_bracket", "set_workers")])
async def test_an_order_that_no_engine_takes_is_said_and_leaves_the_dashboard_open(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, key: str, order: str
) -> None:
    def refuse(*_: object) -> None:
        raise EngineUnreachable("No engine is running on /srv.")

    monkeypatch.setattr(engine, order, refuse)
    async with session(engine) as s:
        await s.press(key)
        await s.until(lambda: s.message == "No engine is running on /srv.")


async def test_many_jobs_move_to_the_top_in_one_call_and_keep_their_order(engine: FakeEngine) -> None:
    ids = [engine.add(f"{number:03}.pdf") for number in range(120)]
    async with session(engine) as s:
        s.app.post_message(ActionChosen("top", ids[60:]))
        await s.pilot.pause()
        await s.app.workers.wait_for_complete()
        moves = [call for call in engine.calls if call[0] == "move"]
        assert moves == [("move", ids[60:], "top")]
