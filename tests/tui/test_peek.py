"""Looking at a page: the picture for the panel's size, the keys that turn pages, and terminals without colours."""

import pytest
from rich.style import Style

from engine.inspector import Picture
from engine.job import JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.glyphs import ASCII
from tui.picture import half_blocks, ramp
from tui.screens.peek import PeekScreen
from tui.widgets.text_lines import TextLines

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
        assert width < size[0]
        assert height == 2 * (size[1] - 2)
        assert {strip.cell_length for strip in s.app.screen._compositor.render_strips()} == {size[0]}
        await s.press("right", "n")
        await s.until(lambda: "Page 3 of 9" in s.text)
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
        engine.finish_page(1, job_id, 21)
        await s.until(lambda: "## Page" in s.app.screen.query_one(TextLines).text)


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
