"""Reads the layout of a page out of what a model has written: JSON as asked for, or what can be made of it.

Models wrap it in a fence, talk before and after it, name things their own way, or are cut off in the middle. What comes
of it is bounded whatever they say.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from engine.convert.page.blocks import Box
from engine.convert.page.told import Element

CATEGORIES = (
    "Caption",
    "Footnote",
    "Formula",
    "List-item",
    "Page-footer",
    "Page-header",
    "Picture",
    "Section-header",
    "Table",
    "Text",
    "Title",
)
"""What a part of a page can be: the classes of DocLayNet, which dots.ocr and others are trained on."""
MOST_ELEMENTS = 1000
MOST_TEXT = 200_000
"""Characters of a page."""
_OTHER_NAMES = {
    "header": "Page-header",
    "footer": "Page-footer",
    "heading": "Section-header",
    "section": "Section-header",
    "figure": "Picture",
    "image": "Picture",
    "chart": "Picture",
    "equation": "Formula",
    "list": "List-item",
}
_KNOWN = {name.lower(): name for name in CATEGORIES} | _OTHER_NAMES
_BOX_KEYS = ("bbox", "bbox_2d", "box", "bounding_box")
_CATEGORY_KEYS = ("category", "label", "type", "class")
_TEXT_KEYS = ("text", "content", "markdown", "html", "latex")
_THOUGHTS = re.compile(r"^\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"^\s*```[\w-]*[^\S\n]*\n(.*?)(?:\n\s*```\s*)?$", re.DOTALL)
_NOT_TEXT = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
_MOST_BROKEN = 3
_decoder = json.JSONDecoder()


def cleaned(text: str) -> str:
    """An answer without what the model thought before it, the fence around it, and control characters."""
    text = _THOUGHTS.sub("", text).strip()
    fence = _FENCE.match(text)
    if fence is not None and "\n```" not in fence[1]:
        text = fence[1]
    return text.translate(_NOT_TEXT).replace("\r\n", "\n").replace("\r", "\n")[:MOST_TEXT]


def read_layout(answer: str, *, scale: tuple[float, float], size: tuple[float, float]) -> list[Element] | None:
    """The parts of a page in the order they are given; None if the answer has no layout in it.

    `scale` is points for a pixel, across and down; `size` is the page's, in points. Of an answer that is cut off in the
    middle, it is the parts that are whole.
    """
    entries = _entries(_THOUGHTS.sub("", answer))
    if entries is None:
        return None
    elements: list[Element] = []
    room = MOST_TEXT
    for entry in islice(entries, MOST_ELEMENTS):
        element = _element(entry, scale, size, room)
        if element is not None:
            elements.append(element)
            room -= len(element.text)
    return elements


def _entries(answer: str) -> Iterator[Mapping[str, Any]] | None:
    """The objects of the layout, found one by one; None if there are none and no empty list says so."""
    start = min((at for at in (answer.find("["), answer.find("{")) if at >= 0), default=-1)
    if start < 0:
        return None
    found = list(islice(_objects(answer, start), MOST_ELEMENTS))
    if len(found) == 1 and not _is_part(found[0]):  # {"layout": [...]}
        lists = [value for value in found[0].values() if isinstance(value, list)]
        found = [entry for entry in max(lists, key=len, default=[]) if isinstance(entry, dict)]
        if not found and not lists:
            return None
    parts = [entry for entry in found if _is_part(entry)]
    if not parts and not re.match(r"(?:```\w*\s*)?(?:\{\s*\"\w+\"\s*:\s*)?\[\s*\]", answer.strip()):
        return None
    return iter(parts)


def _objects(answer: str, start: int) -> Iterator[dict[str, Any]]:
    """Whole objects one after the other; one that is not whole, or too deep, may hold others that are."""
    at = answer.find("{", start)
    opened = 0
    while at >= 0:
        try:
            value, end = _decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            # What holds the list is cut off with it; and there may be talk before it.
            opened += 1
            if opened > _MOST_BROKEN:
                return
            at = answer.find("{", at + 1)
            continue
        if isinstance(value, dict):
            yield value
        at = answer.find("{", end)


def _is_part(entry: Mapping[str, Any]) -> bool:
    return any(key in entry for key in (*_BOX_KEYS, *_CATEGORY_KEYS))


def _element(
    entry: Mapping[str, Any], scale: tuple[float, float], size: tuple[float, float], room: int
) -> Element | None:
    category = _category(next((entry[key] for key in _CATEGORY_KEYS if key in entry), None))
    text = next((entry[key] for key in _TEXT_KEYS if isinstance(entry.get(key), str)), "")
    box = _box(next((entry[key] for key in _BOX_KEYS if key in entry), None), scale, size)
    if box is None and not text.strip():
        return None
    return Element(category, box, cleaned(text)[:room])


def _category(name: Any) -> str:
    """As we call it; what is not known is text."""
    return _KNOWN.get(re.sub(r"[\s_]+", "-", name.strip().lower()), "Text") if isinstance(name, str) else "Text"


def _box(value: Any, scale: tuple[float, float], size: tuple[float, float]) -> Box | None:
    """A box in points, on the page; None if it is none, or lies outside."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in value):
        return None
    try:
        numbers = [float(number) for number in value]
    except OverflowError:
        return None
    if not all(map(math.isfinite, numbers)):
        return None
    xs = sorted(min(max(numbers[i] * scale[0], 0.0), size[0]) for i in (0, 2))
    ys = sorted(min(max(numbers[i] * scale[1], 0.0), size[1]) for i in (1, 3))
    if xs[0] == xs[1] or ys[0] == ys[1]:
        return None
    return (round(xs[0], 2), round(ys[0], 2), round(xs[1], 2), round(ys[1], 2))
