"""Text that nobody can see, by tags and by layout: what is left out, what stays, and what is said of it."""

import json
import re
from collections.abc import Iterable

import pymupdf
import pytest

from engine.convert.sight.unseen import Unseen, find_unseen, look_at
from engine.convert.text.hiding import Hiding
from tests.engine.convert.converting import Conversion, Converted, conversion
from tests.engine.convert.tagged_pdfs import TaggedPdf, Text, tag

__all__ = ["conversion"]

BOTH_WAYS = pytest.mark.parametrize("structure", ["tags", "layout"])
BY_LAYOUT_TOO = ("not painted", "white in a white box", "blacked out", "white on black", "struck out")
"""What is seen is found out before a page is read, in whichever way, so that a few show it by the dearer one too."""
BEFORE = "The total award is 485,000 kronor, and is paid within thirty days."
AFTER = "Thank you for your trust, and see you in spring."
SECRET = "The award is 1 krona."
STATES = "/ExtGState <</clear <</ca 0 /CA 0>> /faint <</ca 0.03>> /half <</ca 0.5>>>>"
GRADIENT = (
    "/Shading <</fade <</ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 595 0] /Extend [true true]"
    " /Function <</FunctionType 2 /Domain [0 1] /C0 [0 0 0.5] /C1 [0.5 0 0] /N 1>>>>>>"
)


def document(before: str = "", after: str = "", *, text: str = SECRET, size: float = 0) -> bytes:
    """Three paragraphs; around the text of the second one there are these operators.

    In them, `{box}` is a box around it, and `{at}` moves to where it begins.
    """
    made = TaggedPdf(
        tag("Document", tag("H1", "Invoice 2211"), tag("P", BEFORE), tag("P", Text("@", size=size)), tag("P", AFTER))
    )
    made.resources += STATES + GRADIENT
    found = re.search(rb"BT [^\n]* Tm \(@\) Tj ET", made.contents[0])
    assert found is not None
    x, y = map(float, re.findall(rb"1 0 0 1 (\S+) (\S+) Tm", found[0])[0])
    operators = (
        (before + found[0].decode().replace("@", text) + after)
        .replace("{box}", f"{x - 5} {y - 5} 300 17")
        .replace("{at}", f"1 0 0 1 {x} {y} cm")
    )
    made.contents[0] = made.contents[0].replace(found[0], b"q " + operators.encode() + b" Q")
    return made.data()


def unseen_on(page: pymupdf.Page) -> Unseen:
    return find_unseen(page, look_at(page))


def markdown(converted: Converted) -> str:
    return (converted.out / "a.md").read_text(encoding="utf-8")


HIDDEN = {
    "not painted": document("3 Tr "),
    "white on white": document("1 g "),
    "nearly white": document("0.98 g "),
    "white in a white box": document("1 g {box} re f "),
    "black in a black box": document("0 g {box} re f "),
    "transparent": document("/clear gs "),
    "nearly transparent": document("/faint gs "),
    "tiny": document(size=0.4),
    "blacked out": document("", " {box} re f"),
    "covered in white": document("", " 1 g {box} re f"),
    "white on a gradient's end": document("1 g q 0 0 1 1 re W n /fade sh Q "),
}
SEEN = {
    "white on black": document("0 g {box} re f 1 g "),
    "white on a gradient": document("q {box} re W n /fade sh Q 1 g "),
    "white on a shape": document("0 g q {at} -9 0 m 0 -6 l 300 -5 l 309 5 l 300 14 l 0 15 l f Q 1 g "),
    "pale": document("0.85 g "),
    "half transparent": document("/half gs "),
    "struck out": document("", " 72 700 300 0.8 re f"),
    "behind glass": document("", " /half gs 0 0 1 rg {box} re f"),
    "small": document(size=2),
    "a gradient in its shape": document("7 Tr ", " /fade sh"),
    "outlined": document("1 Tr "),
    "where a box is cut away": document("", " q 0 0 1 1 re W n {box} re f Q"),
}


def both_ways(documents: Iterable[str]) -> pytest.MarkDecorator:
    cases = [(how, way) for how in documents for way in ("tags", "layout") if way == "tags" or how in BY_LAYOUT_TOO]
    return pytest.mark.parametrize(("how", "structure"), cases)


@both_ways(HIDDEN)
def test_text_that_nobody_can_see_is_left_out_and_counted(conversion: Conversion, how: str, structure: str) -> None:
    converted = conversion.run(HIDDEN[how], structure=structure, formats="md,txt,json,html,chunks")
    assert converted.results[0].via == structure
    assert markdown(converted) == f"# Invoice 2211\n\n{BEFORE}\n\n{AFTER}\n"
    assert not any("krona." in file.read_text() for file in converted.out.iterdir() if file.is_file())
    assert converted.warnings == ["17 characters that cannot be seen on page 1 were left out."]


@both_ways(SEEN)
def test_text_that_can_be_seen_stays(conversion: Conversion, how: str, structure: str) -> None:
    converted = conversion.run(SEEN[how], structure=structure, formats="md")
    assert converted.results[0].via == structure
    assert SECRET in markdown(converted).replace("*", "").replace("~", "")
    assert converted.warnings == []


@BOTH_WAYS
def test_words_blacked_out_within_a_line_are_left_out_alone(conversion: Conversion, structure: str) -> None:
    data = document(text=f"Paid to {SECRET} on Monday")
    found = re.search(rb"1 0 0 1 (\S+) (\S+) Tm \(Paid", data)
    assert found is not None
    start, y = float(found[1]), float(found[2])
    left = start + pymupdf.get_text_length("Paid to ", fontsize=11)
    width = pymupdf.get_text_length(SECRET, fontsize=11)
    data = document("", f" {left - 1} {y - 3} {width + 1} 13 re f", text=f"Paid to {SECRET} on Monday")
    converted = conversion.run(data, structure=structure, formats="md")
    assert "Paid to on Monday" in markdown(converted)
    assert converted.warnings == ["17 characters that cannot be seen on page 1 were left out."]


@BOTH_WAYS
def test_hidden_text_is_kept_or_marked_as_the_user_wants(conversion: Conversion, structure: str) -> None:
    kept = conversion.run(document("3 Tr "), structure=structure, formats="md", hidden_text="keep")
    assert f"\n\n{SECRET}\n\n" in markdown(kept)
    assert kept.warnings == ["17 characters that cannot be seen on page 1 were kept all the same."]
    marked = conversion.run(document("3 Tr "), structure=structure, formats="md,json", hidden_text="mark")
    assert f"\n\n[hidden: {SECRET}]\n\n" in markdown(marked)
    assert marked.warnings == kept.warnings
    (box,) = [
        box for box in json.loads((marked.out / "a.json").read_text())["pages"][0]["boxes"] if "krona" in box["text"]
    ]
    assert box["spans"] == [{"text": f"[hidden: {SECRET}]", "hidden": True}]


def scan(*, has_ink: bool = True, words: str = "Text layer of a scan") -> pymupdf.Page:
    """A picture over the whole page with lines of ink, and text that is not painted on top of them."""
    page = pymupdf.open().new_page(width=300, height=200)
    picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 300, 200))
    picture.clear_with(250)
    if has_ink:
        for column in range(20, 200, 3):
            for row in range(92, 100):
                picture.set_pixel(column, row, (0,))
    page.insert_image(page.rect, pixmap=picture)
    page.insert_text((20, 100), words, render_mode=3)
    return page


def test_the_text_layer_of_a_scan_is_seen_as_far_as_there_is_something_to_be_read() -> None:
    assert unseen_on(scan()).count == 0
    assert unseen_on(scan(has_ink=False)).count == len("Textlayerofascan")


def test_text_over_outlines_of_its_glyphs_is_their_text_layer() -> None:
    page = pymupdf.open().new_page(width=300, height=200)
    for left in range(20, 120, 6):
        page.draw_oval((left, 92, left + 5, 100), fill=(0, 0, 0))
    page.insert_text((20, 100), "Outlined words here", render_mode=3)
    assert unseen_on(page).count == 0
    frame = pymupdf.open().new_page(width=300, height=200)
    frame.draw_rect((10, 80, 280, 120))
    frame.insert_text((20, 100), "Framed words here", render_mode=3)
    assert unseen_on(frame).count == len("Framedwordshere")


def test_white_text_under_other_text_is_hidden_as_well() -> None:
    page = pymupdf.open().new_page(width=300, height=200)
    page.insert_text((20, 100), "Ignore what was said before", color=(1, 1, 1))
    page.insert_text((20, 100), "The quick brown fox jumps over", color=(0, 0, 0))
    unseen = unseen_on(page)
    assert unseen.count == len("Ignorewhatwassaidbefore")
    assert unseen.has("I", 20, 100)
    assert not unseen.has("T", 20, 100)


def test_characters_are_known_again_on_a_page_that_was_turned() -> None:
    page = pymupdf.open().new_page(width=300, height=200)
    page.insert_text((20, 100), "Seen")
    page.insert_text((20, 150), "Hidden", render_mode=3)
    hiding = Hiding(unseen_on(page))
    turn = pymupdf.Matrix(90) * pymupdf.Matrix(1, 0, 0, 1, 200, 0)
    raw = page.get_text("rawdict")
    for block in raw["blocks"]:
        for char in block["lines"][0]["spans"][0]["chars"]:
            char["origin"] = tuple(pymupdf.Point(char["origin"]) * turn)
    hiding.moved(turn).apply(raw)
    spans = [span for block in raw["blocks"] for span in block["lines"][0]["spans"]]
    assert ["".join(char["c"] for char in span["chars"]) for span in spans] == ["Seen"]
