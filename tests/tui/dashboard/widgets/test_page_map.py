"""A document as cells."""

import pytest

from engine.job.snapshot import PageMap, PageMark
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.look import Look
from tui.dashboard.widgets.page_map import legend, page_map_lines
from tui.text.glyphs import UNICODE

W, O, R, F = PageMark.WAITING, PageMark.OK, PageMark.RUNNING, PageMark.FAILED  # noqa: E741
GLYPHS = UNICODE.pages


@pytest.fixture
async def look() -> Look:
    async with session(FakeEngine()) as s:
        return s.app.look


def cells(page_map: PageMap, width: int, height: int, look: Look, selected: int | None = None) -> list[str]:
    lines = page_map_lines(page_map, width, height, look, selected)
    return ["".join(text for text, _ in line) for line in lines]


async def test_each_page_has_a_cell_while_there_is_room_and_a_worker_is_told_by_its_number(look: Look) -> None:
    page_map = PageMap(bytes([O, O, F, R, W]), {4: 7})
    assert cells(page_map, 3, 2, look) == [GLYPHS[O] * 2 + GLYPHS[F], "7" + GLYPHS[W]]
    assert cells(PageMap(bytes([R]), {1: 12}), 3, 2, look) == [GLYPHS[R]]


async def test_what_failed_is_never_hidden_behind_other_pages_of_its_cell(look: Look) -> None:
    page_map = PageMap(bytes([O] * 9 + [F] + [O] * 10 + [W] * 20 + [O, W] * 5))
    found = "".join(cells(page_map, 5, 1, look))
    assert found == GLYPHS[F] + GLYPHS[O] + GLYPHS[W] * 2 + UNICODE.some_done


async def test_the_selected_page_stands_out(look: Look) -> None:
    page_map = PageMap(bytes([O] * 5))
    (line,) = page_map_lines(page_map, 5, 1, look, 3)
    assert [(text, bool(style.reverse)) for text, style in line if text] == [
        (GLYPHS[O] * 2, False),
        (GLYPHS[O], True),
        (GLYPHS[O] * 2, False),
    ]


async def test_the_legend_names_what_is_there_alone(look: Look) -> None:
    items = legend(PageMap(bytes([O, R])), look)
    assert ["".join(text for text, _ in item) for item in items] == [f"{GLYPHS[O]} done", "1-9 worker"]
