"""What reviewers have written in annotations: in JSON, and among the text where that is asked for."""

import json
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage, Remark, Span
from engine.convert.refine.additions import ReviewNotes
from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.tagged_pdfs import pdf, tag

__all__ = ["conversion"]

BOTH_WAYS = pytest.mark.parametrize("structure", ["tags", "layout"])
BODY = (tag("H1", "Statutes"), tag("P", "The board meets four times a year."), tag("P", "Members pay in spring."))


def _reviewed(rotation: int = 0) -> bytes:
    made = pymupdf.open("pdf", pdf(*BODY))
    page = made[0]
    page.add_highlight_annot(page.search_for("four times")[0]).set_info(content="Too few.\rSee May.", title="Kim")
    page.add_text_annot((400, page.search_for("Members")[0].y0), "Ask\x14the treasurer.").set_info(title="")
    page.add_highlight_annot(page.search_for("spring")[0]).set_info(content=" ")
    page.set_rotation(rotation)
    return made.tobytes()


def _written(out: Path, suffix: str) -> str:
    return next(out.glob(f"*.{suffix}")).read_text("utf-8")


@BOTH_WAYS
@pytest.mark.parametrize("rotation", [0, 90])
def test_remarks_are_in_json_and_tell_where_and_of_what(conversion: Conversion, structure: str, rotation: int) -> None:
    converted = conversion.run(_reviewed(rotation), structure=structure, formats="md,json")
    page = json.loads(_written(converted.out, "json"))["pages"][0]
    comment, note = page["annotations"]
    assert (comment["author"], comment["kind"], comment["marked"]) == ("Kim", "highlight", "four times")
    assert comment["text"] == "Too few.\nSee May."
    assert (note["kind"], note["text"]) == ("text", "Ask\ufffdthe treasurer.")
    assert "author" not in note
    assert _holds(next(box for box in page["boxes"] if "four" in box["text"]), comment)
    assert "treasurer" not in _written(converted.out, "md")
    assert converted.warnings == []


@BOTH_WAYS
def test_remarks_are_quotations_behind_what_they_are_about(conversion: Conversion, structure: str) -> None:
    converted = conversion.run(_reviewed(), structure=structure, formats="md,txt", annotations="notes")
    _, first, *rest = _written(converted.out, "md").strip().replace("\n>\n", "\n\n").split("\n\n")
    assert first.startswith("The board meets four times a year.")
    assert [part for part in rest if not part.startswith("Members")] == [
        "> **Kim** on “four times”: Too few. See May.",
        "> **Note**: Ask\ufffdthe treasurer.",
    ]
    assert structure == "layout" or rest[1] == "Members pay in spring."
    assert "Kim on “four times”: Too few. See May." in _written(converted.out, "txt")
    assert converted.warnings == []


def test_a_note_of_an_item_belongs_to_it_and_one_of_an_empty_page_stands_alone() -> None:
    items = [Block(Kind.LIST_ITEM, (0, 20 * n, 90, 20 * n + 10), [Span("Item")], depth=1, label="-") for n in range(2)]
    remark = Remark("text", (200, 2, 210, 8), "Why?")
    page = RefinedPage(1, 300, 300, [*items], remarks=[remark])
    ReviewNotes().apply(page)
    assert [(block.text, block.depth) for block in page.blocks] == [("Item", 1), ("Note: Why?", 1), ("Item", 1)]
    empty = RefinedPage(1, 300, 300, [], remarks=[remark])
    ReviewNotes().apply(empty)
    assert [block.text for block in empty.blocks] == ["Note: Why?"]


def test_a_checkpoint_keeps_remarks() -> None:
    page = RefinedPage(1, 300, 300, [], turned=180, remarks=[Remark("ink", (10, 20, 30, 40), "Why?", "Kim", "this")])
    again = RefinedPage.from_json(json.loads(json.dumps(page.to_json())))
    assert again == page
    again.show()
    assert again.remarks[0].box == (270, 260, 290, 280)


def _holds(outer: dict[str, Any], inner: dict[str, Any]) -> bool:
    x, y = (inner["x0"] + inner["x1"]) / 2, (inner["y0"] + inner["y1"]) / 2
    return bool(outer["x0"] - 3 <= x <= outer["x1"] + 3 and outer["y0"] - 3 <= y <= outer["y1"] + 3)
