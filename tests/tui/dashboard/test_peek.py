"""Looking at a page: the picture for the panel's size, the keys that turn pages, and terminals without colours."""

import time

import pytest
from rich.style import Style

from engine.job.job import JobState
from engine.job.snapshot import WHOLE_PAGE, Area, Picture
from engine.settings.settings import PictureCells
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard import besideframes
from tui.dashboard.graphics.encoding import Way, encoded, over_cells, removal
from tui.dashboard.graphics.replies import TerminalReplied
from tui.dashboard.page.page_picture import PagePicture
from tui.dashboard.page.picture import half_blocks, ramp
from tui.dashboard.screens.peek import PeekScreen
from tui.dashboard.widgets.job_view import JobView
from tui.dashboard.widgets.text_lines import TextLines
from tui.terminal.tmux import Around
from tui.text.glyphs import ASCII

BLACK, WHITE = b"\x00\x00\x00", b"\xff\xff\xff"


def test_two_pixels_make_a_cell() -> None:
    (line,) = half_blocks(Picture(2, 2, BLACK + WHITE + WHITE + WHITE))
    assert [text for text, _ in line] == ["▀", " "]
    assert line[0][1].color is not None
    assert line[0][1].color.triplet == (0, 0, 0)
    assert line[0][1].bgcolor is not None
    assert line[0][1].bgcolor.triplet == (255, 255, 255)


def test_cells_of_one_colour_are_one_run() -> None:
    (line,) = half_blocks(Picture(40, 1, WHITE * 40))
    assert [text for text, _ in line] == [" " * 40]


@pytest.mark.parametrize("height", [1, 2, 3, 9])
def test_every_line_has_the_picture_s_width(height: int) -> None:
    picture = Picture(7, height, bytes(range(7 * height * 3)))
    for lines in (half_blocks(picture), ramp(picture, ASCII.ramp, Style())):
        assert len(lines) == (height + 1) // 2
        assert {sum(len(text) for text, _ in line) for line in lines} == {7}


def test_ink_is_dense_and_paper_is_blank() -> None:
    assert ramp(Picture(2, 2, (BLACK + WHITE) * 2), " .#", Style()) == [[("# ", Style())]]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_i_shows_a_page_beside_its_markdown(engine: FakeEngine, size: tuple[int, int]) -> None:
    job_id = engine.add("a.pdf", JobState.DONE, pages=9, done=9)
    async with session(engine, size) as s:
        await s.press("i")
        await s.until(lambda: "▀" in s.text and "What page 1 says" in s.text)
        (_, _, page, width, height) = next(call for call in engine.calls if call[0] == "peek")
        assert page == 1
        assert isinstance(width, int)
        assert width < 2 * size[0]
        assert height == 4 * (size[1] - (2 if size == (80, 24) else 3)), "but for title, keys and the lower edge"
        assert {strip.cell_length for strip in s.app.screen._compositor.render_strips()} == {size[0]}
        assert "Markdown of this page" in s.text
        assert s.app.screen.query_one(TextLines).text == "## Page 1\n\nWhat page 1 says.\n\n"
        await s.press("right", "n")
        await s.until(lambda: "Page 3 of 9" in s.text)
        await s.until(lambda: s.app.screen.query_one(TextLines).text == "## Page 3\n\nWhat page 3 says.\n\n")
        await s.until(lambda: ("peek", job_id, 3, width, height) in engine.calls)
        await s.press("greater_than_sign", "right")
        await s.until(lambda: "Page 9 of 9" in s.text)
        await s.press("left_square_bracket", "N", "less_than_sign", "left")
        await s.until(lambda: "Page 1 of 9" in s.text)
        await s.press("escape")
        assert s.app.screen is s.main


async def test_i_on_a_running_job_begins_at_the_page_being_worked_on(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=50, done=20)
    engine.start_page(1, job_id, 21)
    async with session(engine) as s:
        await s.press("i")
        await s.until(lambda: "Page 21 of 50" in s.text and "not converted yet" in s.text)
        looks = engine.calls.count(("preview", job_id, 21))
        engine.start_page(2, job_id, 22)
        engine.finish_page(2, job_id, 22)
        await s.look()
        assert engine.calls.count(("preview", job_id, 21)) == looks, "nothing is new about this page"
        engine.finish_page(1, job_id, 21)
        await s.until(lambda: s.app.screen.query_one(TextLines).text == "## Page 21\n\nWhat page 21 says.\n\n")
        engine.change(job_id, JobState.DONE)
        await s.until(lambda: engine.calls.count(("preview", job_id, 21)) == looks + 2, "read again as published")
        assert ("preview", job_id) not in engine.calls


async def test_a_page_begins_at_its_top_and_is_held_where_it_was_scrolled_to(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.RUNNING, pages=9, done=3)
    engine.texts[job_id] = "\n".join(f"line {number}" for number in range(90))
    async with session(engine) as s:
        await s.press("i")
        text = s.app.screen.query_one(TextLines)
        await s.until(lambda: "line 0" in s.text)
        await s.press("pagedown")
        await s.until(lambda: text.scroll_offset.y > 0)
        scrolled_to = text.scroll_offset.y
        engine.texts[job_id] += "\nas published"
        engine.change(job_id, JobState.DONE)
        await s.until(lambda: text.text.endswith("as published"))
        assert text.scroll_offset.y == scrolled_to
        await s.press("right")
        await s.until(lambda: ("preview", job_id, 2) in engine.calls and text.scroll_offset.y == 0)


async def test_pages_that_are_turned_quickly_end_with_the_last_one_s_text(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.DONE, pages=40, done=40)
    async with session(engine) as s:
        await s.press("i", *["right"] * 30)
        await s.until(lambda: "Page 31 of 40" in s.text and "What page 31 says" in s.text)
        await s.press(*["left"] * 12)
        await s.until(lambda: "Page 19 of 40" in s.text and "What page 19 says" in s.text)


async def test_where_pages_cannot_be_told_apart_the_whole_text_is_shown_and_called_that(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.DONE, pages=40, done=40)
    engine.not_located = "The Markdown was changed after it was made.\x1b[2J"
    async with session(engine) as s:
        await s.press("i")
        text = s.app.screen.query_one(TextLines)
        await s.until(lambda: "The whole Markdown, near this page" in s.text)
        assert "Markdown of this page" not in s.text
        assert "The Markdown was changed after it was made." in s.message
        assert "\x1b" not in s.message
        assert "## Page 1\n" in text.text
        assert "## Page 40\n" in text.text
        assert text.scroll_offset.y == 0
        for _ in range(19):
            await s.press("right")
        await s.until(lambda: "Page 20 of 40" in s.text and "What page 20 says" in s.text)
        engine.not_located = ""
        await s.press("right")
        await s.until(lambda: text.text == "## Page 21\n\nWhat page 21 says.\n\n" and text.scroll_offset.y == 0)
        assert "Markdown of this page" in s.text
    assert ("preview", job_id) in engine.calls


async def test_a_page_without_text_says_so(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    engine.texts[job_id] = ""
    async with session(engine) as s:
        await s.press("i")
        await s.until(lambda: "There is no text on this page" in s.text)


async def test_where_it_is_narrow_the_picture_is_alone(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine, (60, 40)) as s:
        await s.press("i")
        await s.until(lambda: "▀" in s.text)
        assert "What page" not in s.text


async def test_a_page_that_cannot_be_shown_is_one_sentence(engine: FakeEngine) -> None:
    engine.no_picture = "The document is no longer where it was, so there is nothing to look at.\x1b[2J"
    engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine) as s:
        await s.press("i")
        await s.until(lambda: "no longer where it was" in s.text)
        assert isinstance(s.app.screen, PeekScreen)
        assert "\x1b" not in s.text


async def test_without_colours_a_page_is_characters(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine, glyphs=ASCII, few_colours=True) as s:
        await s.press("i")
        await s.until(lambda: "++" in s.text or "==" in s.text or "##" in s.text)
        assert "▀" not in s.text


async def test_only_the_pages_that_are_converted_are_gone_through_by_their_numbers(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.PARTIAL, pages=4, done=4, failed=1, selection="3,8-10")
    async with session(engine) as s:
        await s.press("enter")
        await s.until(lambda: "4 of 4 pages" in s.text and "page 3 selected" in s.text)
        view = s.app.screen.query_one(JobView)
        lines = view.plain.splitlines()[-4:]
        assert [line.split()[0] for line in lines] == ["3", "8", "9", "10"]
        await s.press("right")
        assert view.page == 8
        await s.press("n")
        assert view.page == 3
        await s.press("right", "i")
        await s.until(lambda: "Page 8 (2 of 4 to convert)" in s.text and "What page 8 says" in s.text)
        await s.press("left")
        await s.until(lambda: "What page 3 says" in s.text)
        await s.press("greater_than_sign", "right")
        await s.until(lambda: "What page 10 says" in s.text)
        assert {call[1:3] for call in engine.calls if call[0] == "peek"} <= {(job_id, n) for n in (3, 8, 9, 10)}


async def test_one_looks_from_nearer_at_any_part_of_the_page(engine: FakeEngine) -> None:
    engine.add("a.pdf", JobState.DONE, pages=2, done=2)

    def areas() -> list[object]:
        return [call[5] for call in engine.calls if call[0] == "peek" and len(call) > 5]

    async with session(engine) as s:
        await s.press("i")
        await s.until(lambda: "What page 1" in s.text)
        await s.press("J")
        assert "The whole page is in sight" in s.message
        await s.press("plus")
        await s.until(lambda: areas() == [pytest.approx((0.15, 0.0, 0.85, 0.7))])
        assert "(143 %)" in s.lines[0]
        await s.press("shift+down")
        await s.until(lambda: areas()[-1] == pytest.approx((0.15, 0.3, 0.85, 1.0)))
        await s.press("right")
        await s.until(lambda: "Page 2 of 2" in s.lines[0] and len(areas()) == 3)
        await s.press("0")
        await s.until(lambda: "%" not in s.lines[0])
        assert isinstance(s.app.screen, PeekScreen)


@pytest.mark.parametrize("cells", [PictureCells.HALVES, PictureCells.SEXTANTS])
async def test_cells_are_as_fine_as_is_set(engine: FakeEngine, cells: PictureCells) -> None:
    engine.settings = engine.settings.model_copy(update={"picture_cells": cells})
    engine.add("a.pdf", JobState.DONE, pages=1, done=1)
    async with session(engine) as s:
        await s.press("i")
        await s.until(lambda: "What page 1" in s.text and ("▀" in s.text or "\U0001fb0f" in s.text))
        assert any(0x1FB00 <= ord(char) < 0x1FB3C for char in s.text) is (cells is PictureCells.SEXTANTS)


ANSWERS = {
    Way.KITTY: ["\x1bP>|kitty(0.39.1)\x1b\\", "\x1b[6;20;10t", "\x1b[?62c", "\x1b_Gi=4712;OK\x1b\\", "\x1b[?62c"],
    Way.ITERM2: ["\x1bP>|iTerm2 3.5.10\x1b\\", "\x1b[6;20;10t", "\x1b[?62;4c", "\x1b[?62;4c"],
    Way.SIXEL: ["\x1b[6;20;10t", "\x1b[?62;4;22c"],
    Way.PLACEHOLDERS: ["\x1bP>|tmux 3.3a\x1b\\", "\x1b[?1;2c"],
}
REMOVED = (Way.KITTY, Way.PLACEHOLDERS)


@pytest.mark.parametrize("way", list(Way))
async def test_a_terminal_that_shows_pictures_gets_the_page_itself(
    engine: FakeEngine, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Picture(240, 330, WHITE * 240 * 330)

    def peek(job_id: int, page_: int, width: int, height: int, *, area: Area = WHOLE_PAGE) -> Picture:
        engine.calls.append(("peek", job_id, page_, width, height))
        return page if width > 200 else Picture(2, 4, WHITE * 8)

    monkeypatch.setattr(engine, "peek", peek)
    monkeypatch.setattr(besideframes, "ask_tmux", lambda: Around(True, ("kitty(0.39.1)",), False, (10, 20)))
    job_id = engine.add("a.pdf", JobState.DONE, pages=9, done=9)
    sent: list[str] = []
    async with session(engine) as s:
        monkeypatch.setattr(s.app, "send", lambda text: sent.append(text) if text else None)
        await s.press("i")
        await s.until(lambda: any(call[0] == "peek" for call in engine.calls))
        s.app.pictures.ask(time.monotonic())
        for answer in ANSWERS[way]:
            s.app.post_message(TerminalReplied(answer))
        await s.until(lambda: any(text.startswith("\x1b7") for text in sent))
        asked = engine.calls[-1]
        assert asked[:3] == ("peek", job_id, 1)
        assert asked[4] == 20 * 22
        taken = (24, 17) if way is Way.SIXEL else (32, 22)
        region = s.app.screen.query_one(PagePicture).region
        x, y = region.x + (region.width - taken[0]) // 2 + 1, region.y + 1
        shown = [text for text in sent if text.startswith("\x1b7")][-1]
        over = "".join(f"\x1b[{y + nth};{x}H{line}" for nth, line in enumerate(over_cells(way, *taken)))
        assert shown == f"\x1b7\x1b[{y};{x}H{encoded(way, page, *taken)}{over}\x1b8"
        assert not any(block in s.text for block in "▀▘▝▛█")
        sent.clear()
        s.app.screen.refresh(layout=True)  # as when a scrollbar comes
        await s.until(lambda: shown in sent)
        sent.clear()
        await s.press("question_mark")
        await s.press("escape")
        await s.until(lambda: any(text.startswith("\x1b7") for text in sent))
        assert (removal(way) in sent) is (way in REMOVED)
        sent.clear()
        await s.press("escape")
        await s.until(lambda: s.app.screen is s.main)
        assert not any(text.startswith("\x1b7") for text in sent)
        assert (removal(way) in sent) is (way in REMOVED)


async def test_a_block_is_boxed_on_the_page_and_lit_in_its_markdown(engine: FakeEngine) -> None:
    job_id = engine.add("a.pdf", JobState.DONE, pages=2, done=2)
    async with session(engine, (120, 40)) as s:
        await s.press("i")
        await s.until(lambda: "What page 1 says" in s.text)
        await s.app.workers.wait_for_complete()
        screen = s.app.screen
        picture = screen.query_one(PagePicture)
        plain = picture._shown
        await s.press("tab")
        await s.until(lambda: "Block 1 of 3: heading" in s.text and picture._shown is not plain)
        assert lit(s) == ["▌# Page 1"] or lit(s) == ["▌## Page 1"]
        asked = [call for call in engine.calls if call[0] == "peek"]
        await s.press("tab")
        await s.until(lambda: "Block 2 of 3: paragraph" in s.text)
        assert lit(s) == ["▌What page 1 says."]
        await s.press("shift+tab", "shift+tab")
        await s.until(lambda: "Block 3 of 3: page footer, left out" in s.text)
        assert lit(s) == []
        assert [call for call in engine.calls if call[0] == "peek"] == asked, "the page is not rendered again"
        await s.press("escape")
        await s.until(lambda: "Markdown of this page" in s.text)
        assert s.app.screen is screen
        await s.pilot.click(PagePicture, offset=(picture.size.width // 2, picture.size.height // 2))
        await s.until(lambda: "Block 2 of 3" in s.text)
        await s.press("right")
        await s.until(lambda: "What page 2 says" in s.text and "Markdown of this page" in s.text)
        engine.no_blocks = "There is no JSON."
        await s.press("b")
        await s.until(lambda: s.message == "There is no JSON.")
        await s.press("escape")
        assert s.app.screen is s.main
        assert ("blocks", job_id, 2) in engine.calls


def lit(s: Session) -> list[str]:
    """The lines of the Markdown that the cursor is on."""
    text = s.app.screen.query_one(TextLines)
    return [line.rstrip() for line in text.plain.split("\n") if line.startswith("▌")]
