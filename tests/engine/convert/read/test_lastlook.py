"""What no output may have, and what is told of a page, whatever way it was read."""

import re
from pathlib import Path

import pymupdf
import pytest

from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.glyphs import with_embedded_font
from tests.engine.convert.tagged_pdfs import pdf, tag

__all__ = ["conversion"]

BOTH_WAYS = pytest.mark.parametrize("structure", ["tags", "layout"])
FORMATS = "md,txt,json,html,chunks"
BODY = tag("P", "Every item must be looked at before the machines are switched on.")


def written(out: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in out.iterdir() if file.is_file())


@BOTH_WAYS
def test_characters_that_nobody_knows_are_counted_and_none_is_a_control_character(
    conversion: Conversion, structure: str
) -> None:
    data = with_embedded_font(
        r"(Turn o\001 the \002lter \003 and \004 and this is plain enough to be read by anybody at all)",
        {1: "0001", 2: "0014", 3: "f8ff", 4: "0085", **{code: f"{code:04x}" for code in range(32, 127)}},
        {1: "g1", 2: "glyph2", 3: "cid3", 4: "uniF8FF"},
        BODY,
    )
    converted = conversion.run(data, structure=structure, formats=FORMATS)
    assert converted.results[0].via == structure
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", written(converted.out))
    assert re.fullmatch(r"[34] characters are unknown, .* \(page 1\)\.", converted.warnings[0])


def test_a_scan_that_nobody_reads_is_told(conversion: Conversion) -> None:
    document = pymupdf.open()
    page = document.new_page()
    picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 60, 80))
    picture.clear_with(120)
    page.insert_image(page.rect, pixmap=picture)
    document.new_page()
    converted = conversion.run(document.tobytes(), formats="md")
    assert converted.warnings == ["Nothing was read by OCR of what looks scanned: page 1."]


def test_a_page_that_loses_all_its_text_is_told(conversion: Conversion, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.convert.read import reading

    real = reading._by_tags

    def emptied(page: object) -> object:
        refined = real(page)  # type: ignore[arg-type]
        assert refined is not None
        refined.blocks.clear()
        return refined

    monkeypatch.setattr(reading, "_by_tags", emptied)
    converted = conversion.run(pdf(tag("Document", BODY)), formats="md")
    assert converted.warnings == ["No text was read although there is some on page 1."]
