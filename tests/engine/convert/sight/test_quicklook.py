"""Which spans of a page are suspected to hide something, by what is painted before and after them."""

from typing import Any

import pytest

from engine.convert.sight import quicklook
from engine.convert.sight.quicklook import suspects

LINE = (100.0, 100.0, 200.0, 112.0)
AROUND = (90.0, 90.0, 300.0, 120.0)
BLACK, WHITE, RED = 0x000000, 0xFFFFFF, 0xFF0000


def text(color: int = BLACK, **more: Any) -> dict[str, Any]:
    span = {"bbox": LINE, "size": 12.0, "alpha": 255, "color": color, "char_flags": 16, **more}
    return {"type": 0, "lines": [{"spans": [span]}]}


def area(color: int | None = BLACK, box: tuple[float, ...] = AROUND, **more: Any) -> dict[str, Any]:
    return {"type": 3, "bbox": box, "color": color, "alpha": 255, "stroked": False, "isrect": True, **more}


@pytest.mark.parametrize(
    "blocks",
    [
        [text()],
        [text(size=1.0)],
        [text(alpha=14)],
        [text(0xF2F2F2)],
        [area(RED), text()],
        [area(BLACK), area(WHITE), text()],  # the rectangle above is what it stands on
        [area(BLACK), text(WHITE)],
        [area(None), text(WHITE)],  # which is black
        [text(), area(RED, alpha=249)],
        [text(), area(RED, stroked=True)],
        [text(), area(RED, (100.0, 112.0, 200.0, 113.0))],  # a line below it
        [text(), area(RED, (196.0, 90.0, 300.0, 120.0))],  # less than half its height
        [text(), {"type": 1, "bbox": AROUND}],
    ],
)
def test_what_can_be_seen_is_not_suspected(blocks: list[dict[str, Any]]) -> None:
    assert suspects(blocks) == [False]


@pytest.mark.parametrize(
    "blocks",
    [
        [text(char_flags=0)],
        [text(size=0.99)],
        [text(alpha=12)],
        [text(0xF3F3F3)],
        [text(0x7F7F7F, alpha=25)],
        [area(BLACK), text()],
        [area(RED), text(0xF40000)],
        [area(BLACK, alpha=100), text()],
        [area(BLACK), area(WHITE, isrect=False), text()],
        [area(BLACK), area(WHITE, alpha=249), text()],
        [area(BLACK), area(WHITE, (90.0, 90.0, 199.0, 120.0)), text()],
        [area(BLACK), area(WHITE, (101.0, 90.0, 300.0, 120.0)), text()],
        [area(BLACK), area(WHITE, (90.0, 101.0, 300.0, 120.0)), text()],
        [area(BLACK), area(WHITE, (90.0, 90.0, 300.0, 111.0)), text()],
        [area(BLACK, isrect=False), text(WHITE)],  # the paper may show beside it
        [area(WHITE), area(BLACK), text()],
        [text(), area(RED)],
        [text(), area(RED, (194.0, 90.0, 300.0, 120.0))],
        [text(), area(RED, isrect=False, alpha=250)],
    ],
)
def test_what_may_be_hidden_is_suspected(blocks: list[dict[str, Any]]) -> None:
    assert suspects(blocks) == [True]


def test_each_span_is_compared_with_what_is_around_it() -> None:
    elsewhere = (100.0, 400.0, 200.0, 412.0)
    blocks = [area(BLACK), text(bbox=elsewhere), text(), text(WHITE), text(WHITE, bbox=elsewhere)]
    assert suspects(blocks) == [False, True, False, True]
    assert suspects([]) == []


@pytest.mark.parametrize("most", [1, 5])
def test_many_spans_are_looked_at_part_by_part(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quicklook, "_MOST_PAIRS", most)
    assert suspects([area(BLACK), area(RED), *[text(), text(RED), text(WHITE)] * 3]) == [False, True, False] * 3
