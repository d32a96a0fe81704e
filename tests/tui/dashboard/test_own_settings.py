"""What a person sets for the dashboard: keys, theme, and the screen that shows all settings."""

import pytest

from engine.job.job import JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.app import Dashboard
from tui.dashboard.keymap import build_keymap


def with_settings(engine: FakeEngine, **changes: object) -> FakeEngine:
    engine.settings = engine.settings.model_copy(update=changes)
    return engine


async def test_keys_can_be_changed_and_everything_names_them_anew(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf")
    engine.add("b.pdf", JobState.CANCELLED)
    with_settings(engine, keys={"job.cancel": "c,delete", "job.retry": "ctrl+r"})
    async with session(engine, (120, 40)) as s:
        assert "c cancel" in s.text
        await s.press("x")
        assert engine.state_of(job_id) is JobState.QUEUED
        await s.press("c")
        await s.until(lambda: engine.state_of(job_id) is JobState.CANCELLED)
        await s.until(lambda: "Press ctrl+r to run it again" in s.text)
        await s.press("question_mark")
        assert "c delete" in s.text
        await s.press("tab")
        assert "job.cancel" in s.text


async def test_keys_that_cannot_be_used_are_told_once_and_the_rest_works(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf")
    with_settings(engine, keys={"job.cancle": "c", "job.hold": "h", "job.log": "q", "job.copy": ""}, theme="nosuch")
    async with session(engine) as s:
        await s.until(lambda: "Not all settings can be used" in s.text)
        assert "There is no binding “job.cancle”. Did you mean job.cancel?" in s.text
        assert "q means app.quit and job.log" in s.text
        assert "“job.copy” names no key" in s.text
        assert "There is no theme “nosuch”" in s.text
        await s.press("enter", "h")
        await s.until(lambda: engine.state_of(job_id) is JobState.HELD)


@pytest.mark.parametrize(
    "keys",
    [
        {"job.cancel": "p", "job.hold": "x"},
        {"page.next": "n"},
        {"app.help": "?", "view.filter": "ctrl+f"},
    ],
)
def test_keys_that_fit_together_are_not_complained_about(keys: dict[str, str]) -> None:
    assert build_keymap(keys, Dashboard).problems == (
        () if keys != {"page.next": "n"} else ("n means page.next and page.next_problem and read.next.",)
    )


def test_the_default_keys_do_not_clash() -> None:
    assert build_keymap({}, Dashboard).problems == ()


async def test_the_theme_of_the_settings_wins_over_the_one_remembered(engine: FakeEngine) -> None:
    engine.settings.state_folder.mkdir(parents=True)
    async with session(engine) as s:
        s.app.theme = "nord"
    with_settings(engine, theme="gruvbox")
    async with session(engine) as s:
        assert s.app.theme == "gruvbox"
    with_settings(engine, theme=None)
    async with session(engine) as s:
        assert s.app.theme == "gruvbox"


async def test_the_settings_screen_tells_where_each_came_from(engine: FakeEngine) -> None:
    engine.origins = {"num_workers": "NUM_WORKERS", "input": "/etc/[/]\x1b.toml"}
    async with session(engine, (100, 90)) as s:
        await s.press("comma")
        lines = {line.strip("│ ").split()[0]: line for line in s.lines if line.strip("│ ")}
        assert "NUM_WORKERS" in lines["num_workers"]
        assert "default" in lines["dpi"]
        assert r"[/]\x1b.toml" in lines["input"]
        assert "2.0GiB" in lines["memory_limit"]


async def test_the_first_reading_of_the_folder_is_told(engine: FakeEngine) -> None:
    engine.is_scanning, engine.discovered = True, 12_345
    async with session(engine) as s:
        assert "reading the input folder… 12,345 files" in s.lines[0]
        assert "Reading the input folder… 12,345 files" in s.text
        engine.is_scanning = False
        await s.until(lambda: "No jobs yet" in s.text)
        assert "reading" not in s.lines[0]
