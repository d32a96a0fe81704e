"""Pixels as cells."""

import pytest
from rich.style import Style

from engine.job.snapshot import WHOLE_PAGE, Area, Picture
from engine.settings.settings import PictureCells
from tui.dashboard.page.picture import fine_cells, half_blocks, ramp, with_box

WHITE, BLACK, RED = b"\xff" * 3, bytes(3), b"\xff\0\0"


def picture(*rows: list[bytes]) -> Picture:
    return Picture(len(rows[0]), len(rows), b"".join(b"".join(row) for row in rows))


def test_two_rows_of_pixels_are_one_of_cells_and_cells_of_one_colour_one_part() -> None:
    lines = half_blocks(picture([WHITE, WHITE, RED], [WHITE, WHITE, BLACK]))
    ((paper, paper_style), (edge, edge_style)) = lines[0]
    assert (paper, edge) == ("  ", "▀")
    assert paper_style.bgcolor is not None
    assert paper_style.bgcolor.triplet == (255, 255, 255)
    assert edge_style.color is not None
    assert edge_style.bgcolor is not None
    assert (edge_style.color.triplet, edge_style.bgcolor.triplet) == ((255, 0, 0), (0, 0, 0))


def test_below_the_last_row_of_an_odd_height_there_is_paper() -> None:
    assert [len(line) for line in half_blocks(picture([WHITE], [WHITE], [WHITE]))] == [1, 1]
    assert [text for line in ramp(picture([BLACK], [BLACK], [WHITE]), " .#", Style()) for text, _ in line] == ["#", " "]


def test_without_colours_more_ink_is_a_denser_character() -> None:
    grey = b"\x80" * 3
    ((line,),) = ramp(picture([WHITE, grey, BLACK], [WHITE, grey, BLACK]), " .:#", Style())
    assert line[0] == " :#"


@pytest.mark.parametrize(
    ("kind", "inked", "character"),
    [
        (PictureCells.QUADRANTS, {(0, 0), (1, 0)}, "▘"),
        (PictureCells.QUADRANTS, {(2, 1), (3, 1)}, "▗"),
        (PictureCells.QUADRANTS, {(0, 0), (1, 0), (2, 0), (3, 0)}, "▌"),
        (PictureCells.SEXTANTS, {(0, 0)}, "\U0001fb00"),
        (PictureCells.SEXTANTS, {(3, 1)}, "\U0001fb1e"),
        (PictureCells.SEXTANTS, {(1, 0), (1, 1), (2, 0), (2, 1)}, "\U0001fb0b"),
        (PictureCells.SEXTANTS, {(0, 1), (1, 1), (2, 1), (3, 1)}, "▐"),
    ],
)
def test_the_darker_parts_of_a_cell_are_ink(kind: PictureCells, inked: set[tuple[int, int]], character: str) -> None:
    rows = [[BLACK if (y, x) in inked else WHITE for x in range(2)] for y in range(4)]
    (((shown, style),),) = fine_cells(picture(*rows), kind)
    assert shown == character
    assert style.color is not None
    assert style.bgcolor is not None
    assert style.color.triplet < style.bgcolor.triplet


@pytest.mark.parametrize("kind", [PictureCells.QUADRANTS, PictureCells.SEXTANTS])
def test_a_picture_of_any_size_is_lines_of_one_width(kind: PictureCells) -> None:
    for width, height in [(1, 1), (3, 5), (8, 4), (7, 9)]:
        lines = fine_cells(Picture(width, height, bytes(range(width * height * 3))), kind)
        assert len(lines) == -(-height // 4)
        assert {sum(len(text) for text, _ in line) for line in lines} == {-(-width // 2)}


def test_paper_is_blank_and_faint_differences_are_none() -> None:
    pale = b"\xf0" * 3
    (((text, style),),) = fine_cells(picture(*[[WHITE, pale, WHITE, pale]] * 4), PictureCells.QUADRANTS)
    assert text == "  "
    assert style.color is None


def test_colours_that_nobody_can_tell_apart_are_sent_once_but_none_is_lost() -> None:
    black, nearly, pale, white = (bytes([level] * 3) for level in (0, 40, 160, 255))
    row = [black, white, nearly, white, pale, white, white, white]
    ((first, *others),) = fine_cells(picture(*[row] * 4), PictureCells.QUADRANTS)
    assert first[0] == "▌▌"
    assert [text for text, _ in others] == ["▌", " "]


def test_a_block_is_boxed_and_what_is_in_it_stays_to_be_read() -> None:
    page = Picture(10, 10, b"\xff\xff\xff" * 100)
    boxed = with_box(page, WHOLE_PAGE, (0.2, 0.3, 0.7, 0.6))
    pixels = [boxed.rgb[at : at + 3] for at in range(0, 300, 3)]
    edge = pixels[3 * 10 + 2]
    assert edge != b"\xff\xff\xff"
    assert {pixels[y * 10 + x] for y in (3, 5) for x in range(2, 7)} == {edge}
    assert {pixels[4 * 10 + x] for x in (2, 6)} == {edge}
    assert {pixels[4 * 10 + x] for x in (3, 4, 5)} == {b"\xff\xdf\xa7"}
    assert pixels.count(b"\xff\xff\xff") == 100 - 15


@pytest.mark.parametrize(
    ("area", "box", "inked"),
    [
        ((0.0, 0.0, 0.5, 0.5), (0.6, 0.6, 0.9, 0.9), 0),  # elsewhere on the page
        ((0.5, 0.5, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0), 100),  # larger than what is in sight
        ((0.0, 0.0, 1.0, 1.0), (0.5, 0.5, 0.5, 0.5), 1),  # a speck
        ((0.0, 0.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0), 1),
    ],
)
def test_what_is_out_of_sight_is_not_boxed(area: Area, box: Area, inked: int) -> None:
    white = b"\xff\xff\xff"
    boxed = with_box(Picture(10, 10, white * 100), area, box)
    assert len(boxed.rgb) == 300
    assert sum(boxed.rgb[at : at + 3] != white for at in range(0, 300, 3)) == inked
