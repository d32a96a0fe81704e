"""Reading a result: what is there at once, and how one gets about in it."""

import re
import threading
from pathlib import Path

import pytest
from textual.binding import Binding

from engine.job.job import JobState
from tests.places import DOCS
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import HOSTILE_NAMES, FakeEngine
from tui.dashboard.keys import key_name
from tui.dashboard.messages import ProgramChosen
from tui.dashboard.reader import reader_screen
from tui.dashboard.reader.changes_screen import ChangesScreen
from tui.dashboard.reader.outline_screen import OutlineScreen
from tui.dashboard.reader.reader_lines import ReaderLines
from tui.dashboard.reader.reader_screen import ReaderScreen
from tui.dashboard.reader.typesetting import Typesetting
from tui.dashboard.screens.peek import PeekScreen


def lines(s: Session) -> ReaderLines:
    return s.app.screen.query_one(ReaderLines)


async def read(s: Session) -> ReaderLines:
    await s.press("o")
    assert isinstance(s.app.screen, ReaderScreen)
    shown = lines(s)
    await s.until(lambda: shown.text and shown.setting.is_complete and len(shown._lines) == len(shown.setting.rows))
    return shown


async def test_one_gets_about_by_pages_headings_and_words(engine: FakeEngine) -> None:
    engine.add("long.pdf", JobState.DONE, pages=30, done=30)
    async with session(engine) as s:
        shown = await read(s)
        assert "## Page 1" in s.lines[3]
        assert "page 1 of 30" in s.lines[0]
        await s.press("right", "right")
        assert "page 3 of 30" in s.lines[0]
        await s.press("left", "p", *"25", "enter")
        await s.until(lambda: "── page 25 ──" in s.lines[1])
        await s.press("p", *"31", "enter")
        await s.until(lambda: "There is no page 31: they are 1 to 30." in s.message)
        await s.press("i")
        await s.until(lambda: "Page 25 of 30" in s.lines[0])
        assert isinstance(s.app.screen, PeekScreen)
        await s.press("escape", "right_curly_bracket")
        assert "## Page 25" in s.lines[1]
        await s.press("right_curly_bracket", "left_curly_bracket", "left_curly_bracket")
        assert "## Page 24" in s.lines[1]
        await s.press("O")
        assert isinstance(s.app.screen, OutlineScreen)
        await s.until(lambda: any(line.strip("│ ").startswith("▌   Page 24") for line in s.lines))
        await s.press("j", "G", "k", "enter")
        await s.until(lambda: any("## Page 29" in line for line in s.lines))
        top = shown.top
        await s.press("slash", *"ge 7", "escape")
        await s.until(lambda: shown.top == top and shown.found is None)
        await s.press("g", "slash", *"says", "enter")
        await s.until(lambda: "What page 1 says" in s.lines[3])
        await s.press("n")
        await s.until(lambda: "2 of 30 finds" in s.message)
        assert "What page 2 says" in s.lines[3]
        await s.press("N", "N")
        await s.until(lambda: "30 of 30 finds" in s.message)
        await s.press("escape", "slash", *"zz", "enter")
        await s.until(lambda: "“zz” is not in the text" in s.message)
        await s.press("escape")
        assert s.app.screen is s.main


async def test_the_beginning_is_shown_before_the_rest_is_laid_out(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    extended: list[int] = []
    extend = Typesetting.extend

    def counted(setting: Typesetting, rows: int) -> None:
        extended.append(rows)
        assert len(extended) == 1 or "## Page 1" in s.text
        extend(setting, rows)

    monkeypatch.setattr(Typesetting, "extend", counted)
    engine.add("long.pdf", JobState.DONE, pages=900, done=900)
    async with session(engine) as s:
        await read(s)
        assert len(extended) > 2


async def test_a_page_that_is_not_laid_out_yet_is_waited_for(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    extend = Typesetting.extend

    def held_up(setting: Typesetting, rows: int) -> None:
        if setting.rows:
            go_on.wait(30)
        extend(setting, rows)

    monkeypatch.setattr(Typesetting, "extend", held_up)
    engine.add("long.pdf", JobState.DONE, pages=100, done=100)
    async with session(engine) as s:
        await s.press("o")
        await s.until(lambda: "## Page 1" in s.text)
        await s.press("p", *"90", "enter")
        assert "no page" not in s.message
        go_on.set()
        await s.until(lambda: "── page 90 ──" in s.lines[1])


async def test_what_is_read_stays_in_sight_when_there_is_more_of_it_or_another_width(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=90, done=60)
    async with session(engine) as s:
        shown = await read(s)
        assert "60 of 90 pages so far" in s.lines[0]
        await s.press("p", *"40", "enter")
        await s.until(lambda: "## Page 40" in s.lines[1])
        engine.clock.advance(2)
        for page in range(61, 70):
            engine.start_page(1, job_id, page)
            engine.finish_page(1, job_id, page)
        await s.until(lambda: "Page 69" in shown.text)
        await s.until(lambda: shown.setting.is_complete and "## Page 40" in s.lines[1])
        engine.texts[job_id] = "word " * 400 + "\n\n## Here\n\n" + "word " * 400
        engine.clock.advance(2)
        engine.change(job_id, JobState.DONE, output=b"/nowhere")
        await s.until(lambda: "Here" in shown.text and shown.setting.is_complete)
        await s.press("g", "right_curly_bracket")
        assert "## Here" in s.lines[1]
        await s.pilot.resize_terminal(64, 24)
        await s.until(lambda: shown.setting.width < 64 and shown.setting.is_complete and "## Here" in s.lines[1])


async def test_nothing_in_a_text_steers_the_terminal(engine: FakeEngine) -> None:
    job_id = engine.add(HOSTILE_NAMES[3], JobState.DONE, pages=1, done=1)
    engine.texts[job_id] = "# \x1b[31mred &#27;]0;owned&#7;\n\n[a\u202e](b) `\x9b31m` | \x07"
    async with session(engine) as s:
        await read(s)
        assert r"\x1b[31mred" in s.text
        assert all(line.isprintable() for line in s.lines)
        await s.press("O")
        assert all(line.isprintable() for line in s.lines)


async def test_d_shows_what_has_changed_since_it_was_run_again(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.DONE, pages=3, done=3)
    async with session(engine) as s:
        await read(s)
        await s.press("d")
        assert "Nothing earlier is known" in s.message
        assert "d changes" not in s.text
        await s.press("escape", "r")
        await s.until(lambda: engine.state_of(job_id) is JobState.QUEUED)
        engine.texts[job_id] = "## Page 1\n\nWhat page 1 means.\n\n"
        engine.change(job_id, JobState.DONE)
        await s.look()
        await read(s)
        assert "d changes" in s.lines[-1]
        await s.press("d")
        assert isinstance(s.app.screen, ChangesScreen)
        await s.until(lambda: "- What page 1 says." in s.text and "+ What page 1 means." in s.text)
        await s.press("escape", "escape")
        assert s.app.screen is s.main


async def test_editor_and_pager_are_those_of_the_person(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen: list[ProgramChosen] = []
    monkeypatch.setattr(ReaderScreen, "post_message", lambda self, message: _kept(chosen, message, original, self))
    original = reader_screen.DashboardScreen.post_message
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setenv("PAGER", "less -S")
    job_id = engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine) as s:
        await read(s)
        await s.press("vertical_line")
        await s.until(lambda: chosen)
        *command, file = chosen[0].command
        assert command == ["less", "-S"]
        assert Path(file).read_text(encoding="utf-8").startswith("## Page 1")
        assert Path(file).stat().st_mode & 0o077 == 0
        chosen[0].done()
        assert not Path(file).exists()
        await s.press("E")
        assert "no file to edit" in s.message
        result = tmp_path / "-x"
        result.mkdir()
        (result / "a.md").write_text("text")
        engine.change(job_id, output=bytes(result))
        await s.look()
        await s.press("E")
        assert "Neither VISUAL nor EDITOR is set." in s.message
        monkeypatch.setenv("EDITOR", "vi '+set nomodeline'")
        await s.press("E")
        assert chosen[1].command == ["vi", "+set nomodeline", str(result / "a.md")]
        engine.texts[job_id] = "Edited."
        chosen[1].done()
        await s.until(lambda: "Edited." in s.text)


async def test_a_terminal_that_cannot_be_left_says_so(engine: FakeEngine) -> None:
    ended: list[bool] = []
    async with session(engine) as s:
        s.app.post_message(ProgramChosen(["true"], lambda: ended.append(True)))
        await s.until(lambda: ended)
        assert "cannot be left to another program" in s.message


def test_the_documentation_names_every_key_of_the_reader() -> None:
    page = (DOCS / "dashboard.md").read_text(encoding="utf-8")
    section = page.partition("## Reading a result")[2].partition("\n## ")[0].replace(r"\|", "|")
    named = {*re.findall(r"`(.)`", section), *(key for key in ("←", "→") if key in section)}
    bound = {key_name(binding.key) for binding in Binding.make_bindings(ReaderScreen.BINDINGS)}
    assert named == (bound - {"esc", "q"}) | {"o", "r"}  # which are keys of the list


def _kept(chosen: list[ProgramChosen], message: object, original, screen) -> object:  # type: ignore[no-untyped-def]
    if isinstance(message, ProgramChosen):
        chosen.append(message)
        return True
    return original(screen, message)
