"""What no output may have, and what is told of a page, whatever way it was read."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pymupdf
import pytest

from engine.convert.ocr.engines.ocrengine import ReadLine, ReadWord
from engine.convert.open.context import PageContext
from engine.convert.open.document import open_document
from engine.convert.read import byocr
from engine.job.options import ConvertOptions, OcrMode
from engine.job.warningkind import WarningKind
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
        r"(Turn o\001 the \002lter \003 and \004 and\005 this is plain enough to be read by anybody at all)",
        {1: "0001", 2: "0014", 3: "f8ff", 4: "0085", 5: "2060", **{code: f"{code:04x}" for code in range(32, 127)}},
        {1: "g1", 2: "glyph2", 3: "cid3", 4: "uniF8FF", 5: "joiner"},
        BODY,
    )
    converted = conversion.run(data, structure=structure, formats=FORMATS)
    assert converted.results[0].via == structure
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff]", written(converted.out))
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


@BOTH_WAYS
def test_what_reviewers_have_written_is_told(conversion: Conversion, structure: str) -> None:
    made = pymupdf.open("pdf", pdf(BODY))
    page = made[0]
    page.add_text_annot((500, 40), "Ask the treasurer.")
    page.add_highlight_annot(page.search_for("looked")[0]).set_info(content="How?")
    page.add_highlight_annot(page.search_for("machines")[0]).set_info(content=" ")
    page.add_freetext_annot((50, 300, 300, 340), "This can be read.")
    made.embfile_add("a", b"1")
    converted = conversion.run(made.tobytes(), structure=structure, formats="chunks")
    assert converted.warnings == ["2 remarks of reviewers on page 1 are in no output."]
    assert converted.kinds == [WarningKind.ATTACHMENTS, WarningKind.REMARKS]
    assert '"warnings": ["remarks", "attachments"]' in written(converted.out)


@BOTH_WAYS
@pytest.mark.parametrize("degrees", [0, 90])
def test_text_beyond_the_crop_is_left_out_and_told(conversion: Conversion, structure: str, degrees: int) -> None:
    made = pymupdf.open(stream=pdf(BODY, tag("P", "Cut away.")), filetype="pdf")
    place = made[0].search_for("Cut away.")[0]
    made[0].set_cropbox(pymupdf.Rect(20, 20, 580, place.y0 - 1))
    made[0].set_rotation(degrees)
    converted = conversion.run(made.tobytes(), structure=structure, formats="md")
    assert "switched on." in written(converted.out)
    assert "Cut" not in written(converted.out)
    assert converted.warnings == ["8 characters lie outside the shown part of page 1, and were left out."]


@pytest.mark.parametrize(("confidence", "warns"), [(0.95, False), (0.5, True)])
def test_a_page_that_ocr_is_not_sure_of_is_told(tmp_path: Path, *, confidence: float, warns: bool) -> None:
    made = pymupdf.open()
    page = made.new_page(width=300, height=200)
    picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 60, 80))
    picture.clear_with(20)
    page.insert_image((20, 20, 280, 110), pixmap=picture, keep_proportion=False)
    made.save(tmp_path / "a.pdf")
    document = open_document(tmp_path / "a.pdf", "a.pdf", ConvertOptions(ocr="force"), None)
    corners = np.array([(50, 100), (400, 100), (400, 140), (50, 140)], np.float64)
    words = (ReadWord("Sommar", corners), ReadWord("regn", corners, 0.7))
    engine = SimpleNamespace(name="stub", read=lambda *_: [ReadLine(words, corners, confidence)])
    document.ocr = SimpleNamespace(  # type: ignore[assignment]
        is_there=True, problem=None, mode=OcrMode.FORCE, engine=lambda: engine
    )
    context = PageContext(document, 1, ConvertOptions(ocr="force"), False, tmp_path, lambda: None)
    assert byocr.read(context) is not None
    assert (context.why or "").endswith(f"read by stub, {confidence:.0%} sure")
    assert (WarningKind.UNSURE in context.notices) is warns
    assert [word.text for word in byocr.unsure_words(context)] == ["Sommar"] * warns + ["regn"]
    assert byocr.unsure_words(context)[-1].confidence == 0.7
    document.close()


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
