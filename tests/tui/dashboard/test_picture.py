"""Pixels as cells."""

from rich.style import Style

from engine.job.snapshot import Picture
from tui.dashboard.picture import half_blocks, ramp

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
