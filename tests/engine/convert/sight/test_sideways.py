"""A table or a paragraph that lies sideways is found; labels, notes in margins and turned heads of columns are none."""

from typing import Any

import pytest

from engine.convert.sight.sideways import lying_region

UP, DOWN = (0.0, -1.0), (0.0, 1.0)
CELL = "2,000 km or so"
SENTENCE = "A sentence of some length that runs up the page."


def line(text: str, x: float, y: float, direction: tuple[float, float] = UP, **more: Any) -> dict[str, Any]:
    """A line that is 10 points high and begins there."""
    length = 5.0 * len(text)
    box = {
        UP: (x - 10, y - length, x, y),
        DOWN: (x, y, x + 10, y + length),
        (1.0, 0.0): (x, y - 10, x + length, y),
        (-1.0, 0.0): (x - length, y, x, y + 10),
    }[direction]
    return {
        "dir": direction,
        "bbox": box,
        "spans": [{"text": text, "size": 10.0, "origin": (x, y), "bbox": box}],
        **more,
    }


def region_of(*lines: dict[str, Any]) -> Any:
    body = [line("Text that runs across the page, as text does.", 72, 80, (1.0, 0.0))]
    return lying_region([{"lines": [*body, *lines]}, {"type": 3}])


def table(rows: int = 4, direction: tuple[float, float] = UP) -> list[dict[str, Any]]:
    across, along = (1, -1) if direction == UP else (-1, 1)
    return [
        line(CELL, 200 + across * 22 * row, 600 + along * 120 * column, direction)
        for row in range(rows)
        for column in range(3)
    ]


@pytest.mark.parametrize(("direction", "turned"), [(UP, 270), (DOWN, 90)])
def test_a_table_that_lies_is_found_with_its_place(direction: tuple[float, float], turned: int) -> None:
    found = region_of(*table(direction=direction))
    assert found.turned == turned
    assert (len(found.lines), len(found.others)) == (12, 1)
    assert found.box[2] - found.box[0] == pytest.approx(3 * 22 + 10)


def test_a_paragraph_that_lies_is_found_and_a_stamp_at_the_margin_is_not_of_it() -> None:
    stamp = line("arXiv:2403.01234v2 [cs.CL] 5 Mar 2024", 20, 500)
    found = region_of(stamp, *(line(SENTENCE, 300 + 12 * number, 600) for number in range(4)))
    assert (found.turned, len(found.lines), len(found.others)) == (270, 4, 2)
    assert found.box[0] == 290


def test_what_is_upside_down_is_found() -> None:
    assert region_of(*(line(SENTENCE, 500, 600 - 12 * number, (-1.0, 0.0)) for number in range(4))).turned == 180


@pytest.mark.parametrize(
    "lines",
    [
        [line("arXiv:2403.01234v2 [cs.CL] 5 Mar 2024", 20, 500), line("and another line of it there", 32, 500)],
        [line("January of the year 2024", 100 + 40 * number, 500) for number in range(9)],  # heads of columns
        [line("0.25", 100 + 12 * number, 500) for number in range(12)],
        table(2),
        [line("a b", 200 + 22 * row, 600 - 120 * column) for row in range(3) for column in range(2)],
        [line(SENTENCE, 300 + 12 * number, 600, wmode=1) for number in range(4)],
    ],
)
def test_labels_and_notes_are_left_as_they_are(lines: list[dict[str, Any]]) -> None:
    assert region_of(*lines) is None


def test_what_has_upright_text_among_it_is_left_as_it_is() -> None:
    assert region_of(*table(), line("Upright", 210, 500, (1.0, 0.0))) is None
    assert region_of() is None
