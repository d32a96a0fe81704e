"""Text beyond the shown part of a page."""

import pymupdf
import pytest

from engine.convert.sight.outside import count_outside, look_and_count
from engine.convert.sight.unseen import look_at


def _cropped(*places: tuple[float, float], degrees: int = 0) -> pymupdf.Page:
    document = pymupdf.open()
    page = document.new_page(width=400, height=400)
    for x, y in places:
        page.insert_text((x, y), "Twelve chars.")
    page.set_cropbox(pymupdf.Rect(50, 50, 350, 350))
    page.set_rotation(degrees)
    return document.reload_page(page)


@pytest.mark.parametrize(
    ("page", "count"),
    [
        (_cropped((100, 200)), 0),
        (_cropped((100, 200), (100, 30)), 12),
        (_cropped((100, 200), (100, 58)), 0),  # across the edge, and most of it within
        (_cropped((100, 200), (330, 200)), 12),  # across the edge, and most of it beyond
        (_cropped((100, 200), (100, 30), degrees=90), 12),
    ],
)
def test_one_look_says_what_is_shown_and_how_much_is_not(page: pymupdf.Page, count: int) -> None:
    blocks, outside = look_and_count(page)
    assert outside == count_outside(page) == count

    def lines(found: list[dict[str, object]]) -> list[object]:
        return [line for block in found for line in block["lines"]]  # type: ignore[attr-defined]

    assert lines(blocks) == lines(look_at(page))
