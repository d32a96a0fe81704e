"""What models write comes to a layout: as asked for, wrapped, cut off, named otherwise, or meant to do harm."""

import json
import time
from typing import Any

import pytest

from engine.convert.page.told import Element
from engine.convert.vlm.answer import MOST_ELEMENTS, MOST_TEXT, cleaned, read_layout

PARTS = [
    {"bbox": [10, 20, 30, 40], "category": "Title", "text": "# One"},
    {"bbox": [0, 50, 100, 60], "category": "Text", "text": 'A "quoted" {word} [x]'},
]
FOUND = [
    Element("Title", (5, 10, 15, 20), "# One"),
    Element("Text", (0, 25, 50, 30), 'A "quoted" {word} [x]'),
]


def read(answer: str) -> list[Element] | None:
    """The layout of a page of 100 by 200 points, with half a point for a pixel."""
    return read_layout(answer, scale=(0.5, 0.5), size=(100, 200))


def one(**entry: Any) -> Element:
    found = read(json.dumps([entry]))
    assert found is not None
    (element,) = found
    return element


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps(PARTS),
        json.dumps(PARTS, indent=4),
        f"```json\n{json.dumps(PARTS)}\n```",
        f"Here is the layout {{as asked}}:\n```\n{json.dumps(PARTS)}\n```\nAnything else?",
        f"<think>[{{]}} hm</think>\n{json.dumps(PARTS)}",
        json.dumps({"layout": PARTS, "notes": []}),
        "\n".join(map(json.dumps, PARTS)),
        json.dumps(PARTS)[:-1],
        json.dumps([*PARTS, {"bbox": [1, 2, 3, 4], "category": "Text", "text": "and so on"}])[:-12],
        json.dumps({"layout": [*PARTS, {"bbox": [1, 2, 3, 4], "text": "and so on"}]})[:-20],
    ],
)
def test_a_layout_is_found_however_it_is_wrapped_or_cut_off(answer: str) -> None:
    assert read(answer) == FOUND


@pytest.mark.parametrize("answer", ["[]", " ```json\n[]\n``` ", '{"layout": []}'])
def test_an_empty_page_has_an_empty_layout(answer: str) -> None:
    assert read(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot help with that.",
        "See [1] and {2}.",
        "null",
        "17",
        '{"error": "no"}',
        "[1, 2, 3]",
        '[{"a": 1}]',
        "[{",
    ],
)
def test_what_has_no_layout_in_it_is_none(answer: str) -> None:
    assert read(answer) is None


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Section-header", "Section-header"),
        ("section_header", "Section-header"),
        (" LIST ITEM ", "List-item"),
        ("figure", "Picture"),
        ("poem", "Text"),
        (None, "Text"),
        (["Title"], "Text"),
    ],
)
def test_categories_are_known_by_other_names_too(name: Any, category: str) -> None:
    assert one(bbox=[0, 0, 2, 2], category=name, text="x").category == category


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ([2, 4, 6, 8], (1, 2, 3, 4)),
        ([6, 8, 2, 4], (1, 2, 3, 4)),
        ([-50, -1e300, 1e300, 8], (0, 0, 100, 4)),
        ([0.5, 1, 2, 3], (0.25, 0.5, 1, 1.5)),
        ([2, 2, 2, 8], None),
        ([900, 900, 950, 950], None),
        ([1, 2, 3], None),
        (["1", 2, 3, 4], None),
        ([True, 2, 3, 4], None),
        ([float("nan"), 2, 3, 4], None),
        ([10**400, 2, 3, 4], None),
        ({"x": 1}, None),
        (None, None),
    ],
)
def test_a_box_is_in_points_on_the_page_or_it_is_none(box: Any, found: Any) -> None:
    assert one(bbox=box, category="Text", text="x").box == found


def test_a_part_with_neither_box_nor_text_is_nothing() -> None:
    assert read('[{"category": "Text"}]') == []


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps([{"bbox": [1, 1, 2, 2], "text": "x"}] * 50_000),
        json.dumps([{"bbox": [1, 1, 9, 9], "text": "x" * 5_000_000}]),
        '{"a":' * 500_000,
        "[" * 500_000,
        "{" * 500_000,
        '[{"bbox": [' + "1," * 500_000,
        json.dumps([{"bbox": [1, 1, 9, 9], "text": "..." * 100_000}])[:-5],
    ],
)
def test_nothing_a_model_writes_takes_long_or_comes_to_much(answer: str) -> None:
    started = time.process_time()
    found = read(answer) or []
    assert time.process_time() - started < 2
    assert len(found) <= MOST_ELEMENTS
    assert sum(len(element.text) for element in found) <= MOST_TEXT


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("```markdown\n# One\n```", "# One"),
        ("```\nOne", "One"),
        ("Two blocks:\n```\na\n```", "Two blocks:\n```\na\n```"),
        ("```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"),
        ("<think>so\nfar</think>One", "One"),
        ("a\x00b\x1b[31mc\r\nd\ud800", "ab[31mc\nd"),
    ],
)
def test_text_comes_without_fence_thoughts_and_control_characters(text: str, plain: str) -> None:
    assert cleaned(text) == plain
