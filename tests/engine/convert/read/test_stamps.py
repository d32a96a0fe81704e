"""What is written across pages neither cuts their text nor joins it, by tags and by layout."""

import pymupdf
import pytest

from tests.engine.convert.converting import Conversion, Converted
from tests.engine.convert.converting import conversion as conversion
from tests.engine.convert.tagged_pdfs import NextPage, TaggedPdf, tag
from tests.engine.convert.turning import rotated

_TEXT = "Either side may end the agreement with three\nmonths of notice, and pets are welcome."


def _markdown(converted: Converted) -> str:
    return (converted.out / "a.md").read_text(encoding="utf-8")


def _document(pages: int, *, is_artifact: bool = True) -> bytes:
    """Tagged pages with a pale word across each."""
    kids = [kid for number in range(pages) for kid in (NextPage(), tag("P", f"Part {number + 1}. {_TEXT}"))][1:]
    document = TaggedPdf(*kids)
    word = b"q 0.8 g BT /hebo 60 Tf 0.707 0.707 -0.707 0.707 60 600 Tm (SECRET) Tj ET Q\n"
    for number in range(pages):
        document.contents[number] += b"/Artifact BMC " + word + b"EMC\n" if is_artifact else word
    return document.data()


def _stamped(pages: int) -> bytes:
    kids = [kid for number in range(pages) for kid in (NextPage(), tag("P", f"Part {number + 1}. {_TEXT}"))][1:]
    pdf = pymupdf.open(stream=TaggedPdf(*kids).data(), filetype="pdf")
    for page in pdf:
        page.add_stamp_annot((90, 80, 300, 130), stamp=pymupdf.STAMP_Confidential)
    return bytes(pdf.tobytes())


def _part(number: int) -> str:
    return f"Part {number}. Either side may end the agreement with three months of notice, and pets are welcome."


@pytest.mark.parametrize("structure", ["auto", "layout"])
@pytest.mark.parametrize("degrees", [0, 90])
def test_a_word_across_every_page_is_left_out(conversion: Conversion, structure: str, degrees: int) -> None:
    data = rotated(_document(3), degrees)
    converted = conversion.run(data, formats=("md",), structure=structure)

    assert _markdown(converted).split("\n\n") == [_part(1), _part(2), _part(3) + "\n"]
    assert "SECRET" in _markdown(conversion.run(data, formats=("md",), structure=structure, page_header=True))


@pytest.mark.parametrize("structure", ["auto", "layout"])
def test_a_word_across_one_page_is_a_paragraph_of_its_own(conversion: Conversion, structure: str) -> None:
    converted = conversion.run(_document(1, is_artifact=False), formats=("md",), structure=structure)

    assert _markdown(converted).removeprefix("# ").split("\n\n") == [_part(1), "SECRET\n"]


@pytest.mark.parametrize("structure", ["auto", "layout"])
@pytest.mark.parametrize("pages", [1, 3])
def test_a_stamp_is_like_a_word_across_the_page(conversion: Conversion, structure: str, pages: int) -> None:
    converted = conversion.run(_stamped(pages), formats=("md",), structure=structure)

    paragraphs = _markdown(converted).strip().split("\n\n")
    assert paragraphs[:pages] == [_part(number + 1) for number in range(pages)]
    assert [text.upper() for text in paragraphs[pages:]] == (["CONFIDENTIAL"] if pages == 1 else [])
