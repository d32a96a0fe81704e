"""The searchable PDF: it looks as before, and what OCR has read is found at its place."""

import io
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image

from engine.convert.formats import searchablepdf
from engine.convert.formats.pdfpages import PdfPages
from engine.convert.ocr import choice as ocr
from engine.convert.ocr.engines.ocrengine import Pixels, ReadLine, ReadWord
from engine.convert.open.context import OcrWord
from engine.job.job import PageState
from engine.sandbox.capabilities import INSTALL, OcrTools
from tests import pdfs
from tests.engine.convert.converting import Conversion, Converted, conversion

__all__ = ["conversion"]

WIDTH, HEIGHT = 400, 300


def word(text: str, x: float, y: float, width: float, height: float = 12, *, angle: float = 0) -> OcrWord:
    """A word whose upper left corner is at x, y, turned around it clockwise by an angle in degrees."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    return OcrWord(text, tuple(v for a, b in corners for v in (x + a * cos - b * sin, y + a * sin + b * cos)))  # type: ignore[arg-type]


def line(text: str, x: float, y: float, *, height: float = 12, angle: float = 0) -> list[OcrWord]:
    """Words behind one another, letters half as wide as high and spaces a quarter."""
    words = []
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    at = 0.0
    for part in text.split():
        words.append(word(part, x + at * cos, y + at * sin, 0.5 * height * len(part), height, angle=angle))
        at += 0.5 * height * len(part) + 0.25 * height
    return words


def picture() -> bytes:
    ramp = Image.linear_gradient("L").resize((40, 30))
    buffer = io.BytesIO()
    ramp.save(buffer, "PNG")
    return buffer.getvalue()


def scan(pages: int = 1, *, rotation: int = 0, draw: Any = lambda page: None, **saved: Any) -> bytes:
    """Pages with a picture all over them, and what `draw` draws on the first one."""
    pdf = pymupdf.open()
    for _ in range(pages):
        page = pdf.new_page(width=WIDTH, height=HEIGHT)
        page.insert_image(page.rect, stream=picture(), keep_proportion=False)
        page.set_rotation(rotation)
    draw(pdf[0])
    return bytes(pdf.tobytes(garbage=1, deflate=True, no_new_id=True, **saved))


def made(converted: Converted, password: str = "") -> pymupdf.Document:
    pdf = pymupdf.open(converted.out / "a.pdf")
    if pdf.needs_pass:
        assert pdf.authenticate(password)
    assert not pdf.is_repaired
    return pdf


def looks_of(pdf: pymupdf.Document) -> list[bytes]:
    return [page.get_pixmap(dpi=100).samples for page in pdf]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_document_without_ocr_is_the_source_byte_for_byte(conversion: Conversion) -> None:
    source = pdfs.with_outline_and_form()
    converted = conversion.run(source, formats="pdf", words={})
    assert (converted.out / "a.pdf").read_bytes() == source
    assert not (converted.out / "a.pdf").samefile("source.pdf")
    assert converted.warnings == []


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_are_found_at_their_places_and_nothing_looks_different(conversion: Conversion, rotation: int) -> None:
    def crop(page: pymupdf.Page) -> None:
        page.set_cropbox(pymupdf.Rect(20, 30, WIDTH - 40, HEIGHT - 10))

    source = scan(2, rotation=rotation, draw=crop)
    words = [*line("The harbour at dawn", 60, 50), *line("and late at night", 60, 70)]
    converted = conversion.run(source, formats="pdf", words={1: words})
    pdf = made(converted)
    assert looks_of(pdf) == looks_of(pymupdf.open("pdf", source))
    assert pdf[0].get_text() == "The harbour at dawn\nand late at night\n"
    assert pdf[1].get_text() == ""
    # PyMuPDF gives places as if the page was not turned.
    shown = pdf[0].rotation_matrix
    [phrase] = pdf[0].search_for("harbour at dawn")
    assert list(phrase * shown) == pytest.approx([*words[1].quad[:2], *words[3].quad[4:6]], abs=0.3)
    for expected, found in zip(words, pdf[0].get_text("words"), strict=True):
        assert found[4] == expected.text
        box = pymupdf.Rect(found[:4]) * shown
        assert list(box) == pytest.approx([*expected.quad[:2], *expected.quad[4:6]], abs=0.3)


def test_the_source_stays_in_place_within_the_result(conversion: Conversion) -> None:
    pdf = pymupdf.open("pdf", pdfs.with_outline_and_form())
    pdf.embfile_add("data.csv", b"1;2", filename="data.csv")
    source = pdf.tobytes(garbage=1)
    converted = conversion.run(source, formats="pdf", words={2: line("Read by OCR", 50, 700)})
    assert (converted.out / "a.pdf").read_bytes().startswith(source)
    result = made(converted)
    assert [entry[1] for entry in result.get_toc()] == ["Application", "Conditions", "Notes"]
    assert [field.field_value for field in result[0].widgets()] == ["Old quay", "Silver Feather"]
    assert result.embfile_get("data.csv") == b"1;2"
    assert "Read by OCR" in result[1].get_text()


@pytest.mark.parametrize("angle", [-90, -3, 2.5, 90, 180])
def test_text_runs_the_way_the_words_do(conversion: Conversion, angle: float) -> None:
    words = line("Along the quay", 200, 150, angle=angle)
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert flat(pdf[0].get_text()) == "Along the quay"
    found = pdf[0].get_text("dict")["blocks"][0]["lines"][0]
    assert found["dir"] == pytest.approx((math.cos(math.radians(angle)), math.sin(math.radians(angle))), abs=0.01)
    [quad] = pdf[0].search_for("quay", quads=True)
    expected = words[-1].quad
    for point, x, y in ((quad.ul, *expected[:2]), (quad.ur, *expected[2:4]), (quad.ll, *expected[6:])):
        assert (point.x, point.y) == pytest.approx((x, y), abs=0.5)


def test_words_of_a_long_line_that_is_askew_are_level_and_whole(conversion: Conversion) -> None:
    words = line("the quay and the bridge and the village lie along the river", 20, 50, height=10, angle=5)
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert flat(pdf[0].get_text()) == "the quay and the bridge and the village lie along the river"
    for expected, found in zip(words, pdf[0].get_text("words"), strict=True):
        x, y = sum(expected.quad[::2]) / 4, sum(expected.quad[1::2]) / 4
        assert ((found[0] + found[2]) / 2, (found[1] + found[3]) / 2) == pytest.approx((x, y), abs=1)
        assert found[3] - found[1] == pytest.approx(10, abs=0.1)


def test_upright_boxes_on_a_skewed_page_make_lines(conversion: Conversion) -> None:
    slope = math.tan(math.radians(4))
    words = []
    for row in range(4):
        for place, text in enumerate(("boats", "lie", "along", "every", "quay", f"row{row}")):
            x, y = 30 + 50 * place, 50 + 14 * row
            words.append(word(text, x, y + slope * x, 40, 10 + 40 * slope))
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert pdf[0].get_text() == "".join(f"boats lie along every quay row{row}\n" for row in range(4))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("привет", "книга"), "привет книга"),
        (("日本", "語文"), "日本語文"),
        (("한국어", "안녕"), "한국어 안녕"),
        (("𠀀😀", "𠀀x"), "𠀀😀 𠀀x"),
        (("a\x00b", "c\td"), "ab c d"),
    ],
)
def test_any_script_is_found(conversion: Conversion, texts: tuple[str, str], expected: str) -> None:
    words = [word(texts[0], 50, 50, 40), word(texts[1], 93, 50, 40)]
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert pdf[0].get_text() == f"{expected}\n"


@pytest.mark.parametrize("as_read", [False, True])
def test_what_is_read_from_right_to_left_comes_back_in_its_order(conversion: Conversion, as_read: bool) -> None:
    words = [word("שלום", 150, 50, 40), word("עולם", 105, 50, 40)]
    if as_read:  # corners named as one reads, which begins at the right
        words = [OcrWord(w.text, (*w.quad[2:4], *w.quad[:2], *w.quad[6:], *w.quad[4:6])) for w in words]
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert flat(pdf[0].get_text()) == "שלום עולם"
    assert [found[4] for found in pdf[0].get_text("words")] == ["שלום", "עולם"]


def test_columns_side_by_side_are_not_one_line(conversion: Conversion) -> None:
    words = [*line("Left column", 30, 50), *line("Right column", 220, 50)]
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert pdf[0].get_text().splitlines() == ["Left column", "Right column"]


def test_boxes_that_touch_or_overlap_still_have_a_space_between_words(conversion: Conversion) -> None:
    words = [word("one", 50, 50, 22), word("two", 70, 50, 20), word("three", 90, 50, 30)]
    pdf = made(conversion.run(scan(), formats="pdf", words={1: words}))
    assert pdf[0].get_text() == "one two three\n"


def test_what_cannot_be_placed_is_left_out(conversion: Conversion) -> None:
    words = [word("flat", 50, 50, 20, 0), word("nowhere", math.nan, 50, 20), word(" ", 50, 50, 20), word("ok", 5, 5, 9)]
    converted = conversion.run(scan(2), formats="pdf", words={1: words, 2: words[:3]})
    assert [page.get_text() for page in made(converted)] == ["ok\n", ""]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_another_program_extracts_the_text(conversion: Conversion) -> None:
    words = [
        *line("The harbour at dawn", 60, 50),
        *line("and late at night", 60, 70),
        word("𠀀", 60, 100, 12),
        *(word("שלום", 150, 150, 40), word("עולם", 105, 150, 40)),
    ]
    converted = conversion.run(scan(rotation=90), formats="pdf", words={1: words})
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", converted.out / "a.pdf", "-"], capture_output=True, check=True, text=True
    )
    assert done.stderr == ""
    text = "".join(c for c in done.stdout if not 0x202A <= ord(c) <= 0x202E)
    assert text.split("\n")[:2] == ["The harbour at dawn", "and late at night"]
    assert "𠀀" in text
    assert "שלום עולם" in text


# What the page says already


def hidden_words(page: pymupdf.Page) -> None:
    page.insert_text((50, 60), "hurbour ot duwn", fontsize=12, render_mode=3)
    page.insert_text((50, 260), "Visible", fontsize=12)


def hidden_words_in_a_form(page: pymupdf.Page) -> None:
    inner = pymupdf.open()
    hidden_words(inner.new_page(width=WIDTH, height=HEIGHT))
    page.show_pdf_page(page.rect, inner, 0)


@pytest.mark.parametrize("draw", [hidden_words, hidden_words_in_a_form])
def test_new_invisible_text_takes_the_place_of_old(conversion: Conversion, draw: Any) -> None:
    source = scan(draw=draw)
    pdf = made(conversion.run(source, formats="pdf", words={1: line("harbour at dawn", 50, 50)}))
    assert sorted(pdf[0].get_text().splitlines()) == ["Visible", "harbour at dawn"]
    assert looks_of(pdf) == looks_of(pymupdf.open("pdf", source))


def test_old_invisible_text_stays_where_ocr_has_read_nothing(conversion: Conversion) -> None:
    source = scan(draw=hidden_words)
    pdf = made(conversion.run(source, formats="pdf", words={1: line("elsewhere", 50, 150)}))
    assert sorted(pdf[0].get_text().splitlines()) == ["Visible", "elsewhere", "hurbour ot duwn"]


def test_a_word_the_page_has_itself_is_not_added_again(conversion: Conversion) -> None:
    words = [word("Visible", 50, 250, 42), *line("New words", 50, 150)]
    pdf = made(conversion.run(scan(draw=hidden_words), formats="pdf", words={1: words}))
    assert len(pdf[0].search_for("Visible")) == 1
    assert pdf[0].search_for("New words")


# Documents with something special about them


def test_a_protected_document_stays_as_protected(conversion: Conversion) -> None:
    permissions = pymupdf.PDF_PERM_PRINT
    source = scan(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner", permissions=permissions)
    converted = conversion.run(source, formats="pdf", words={1: line("Read by OCR", 50, 50)}, password="secret")
    pdf = pymupdf.open(converted.out / "a.pdf")
    assert pdf.needs_pass
    assert not pdf.authenticate("")
    assert pdf.authenticate("secret")
    assert pdf.permissions & pymupdf.PDF_PERM_PRINT
    assert not pdf.permissions & pymupdf.PDF_PERM_COPY
    assert pdf[0].get_text() == "Read by OCR\n"
    assert b"Read" not in (converted.out / "a.pdf").read_bytes()


def test_a_document_encrypted_in_parts_is_copied_and_that_is_said(conversion: Conversion) -> None:
    source = scan(encryption=pymupdf.PDF_ENCRYPT_AES_128, user_pw="", owner_pw="owner")
    assert source.count(b"/StrF/StdCF") == 1
    source = source.replace(b"/StrF/StdCF", b"           ")  # strings are then not encrypted
    converted = conversion.run(source, formats="pdf", words={1: line("Read by OCR", 50, 50)})
    assert (converted.out / "a.pdf").read_bytes() == source
    assert "no text could be added to it (it is encrypted in parts only)" in converted.warnings[0]


def test_a_signed_document_gets_a_warning(conversion: Conversion) -> None:
    pdf = pymupdf.open("pdf", scan())
    value, field = pdf.get_new_xref(), pdf.get_new_xref()
    pdf.update_object(value, "<</Type/Sig/Filter/Adobe.PPKLite/ByteRange[0 10 20 30]/Contents<00>>>")
    pdf.update_object(field, f"<</FT/Sig/T(Signature)/V {value} 0 R>>")
    pdf.xref_set_key(pdf.pdf_catalog(), "AcroForm", f"<</SigFlags 3/Fields[{field} 0 R]>>")
    source = pdf.tobytes()
    converted = conversion.run(source, formats="pdf", words={1: line("Read by OCR", 50, 50)})
    assert converted.warnings == [
        "The document is signed: programs that check signatures will say that the searchable PDF was changed."
    ]
    assert (converted.out / "a.pdf").read_bytes().startswith(source)
    assert conversion.run(source, formats="pdf", words={}).warnings == []


@pytest.mark.parametrize("words", [{}, {1: line("Read by OCR", 50, 700)}])
def test_a_damaged_document_is_written_anew(conversion: Conversion, words: dict[int, list[OcrWord]]) -> None:
    converted = conversion.run(pdfs.truncated(), formats="pdf", words=words)
    pdf = made(converted)
    assert "marker-1" in pdf[0].get_text()
    assert ("Read by OCR" in pdf[0].get_text()) == bool(words)
    assert converted.warnings == [
        "The document is damaged: the searchable PDF is written anew from what could be read of it."
    ]


def test_a_page_that_failed_stays_as_it_is(conversion: Conversion) -> None:
    words = {n: line(f"Page number {n}", 50, 50) for n in (1, 2, 3)}
    stale = conversion.folder / "parts" / "0002.json"
    conversion.patch.setattr(searchablepdf, "_is_said", lambda word, _: fail_on(word.text))

    def fail_on(text: str) -> bool:
        if text == "2":
            raise ValueError("no luck")
        return False

    def leave_stale() -> None:
        stale.write_bytes((conversion.folder / "parts" / "0001.json").read_bytes())

    converted = conversion.run(scan(3), formats="pdf", words=words, before_merge=leave_stale)
    assert [result.state for result in converted.results] == [PageState.OCR, PageState.FAILED, PageState.OCR]
    assert [page.get_text() for page in made(converted)] == ["Page number 1\n", "", "Page number 3\n"]


def test_pages_that_are_not_wanted_are_gone_with_all_their_content(conversion: Conversion) -> None:
    source = pdfs.with_outline_and_form()
    converted = conversion.run(source, formats="pdf", words={2: line("Read by OCR", 50, 700)}, pages=[2, 3])
    pdf = made(converted)
    assert ["Conditions" in pdf[0].get_text(), "Notes" in pdf[1].get_text(), pdf.page_count] == [True, True, 2]
    assert "Read by OCR" in pdf[0].get_text()
    streams = b"".join(pdf.xref_stream(n) or b"" for n in range(1, pdf.xref_length()))
    objects = "".join(pdf.xref_object(n) for n in range(1, pdf.xref_length()))
    assert b"Application".hex().encode() not in streams.lower()
    assert b"Conditions".hex().encode() in streams.lower()
    assert "Silver Feather" not in objects
    assert converted.warnings == []


def test_where_saving_does_not_work_the_source_is_copied(conversion: Conversion) -> None:
    conversion.patch.setattr(PdfPages, "save", lambda self, file, *, update: file.write_bytes(b"%PDF-1.7 and no end"))
    converted = conversion.run(scan(), formats="pdf", words={1: line("Read by OCR", 50, 50)})
    assert (converted.out / "a.pdf").read_bytes() == scan()
    assert converted.warnings == [
        "The PDF is a plain copy of the source: no text could be added to it (it was not written to its end)."
    ]


@pytest.mark.parametrize("broken", ["keep", "save"])
def test_where_pages_cannot_be_selected_none_are_published(conversion: Conversion, broken: str) -> None:
    def fail(self: PdfPages, *arguments: Any, **options: Any) -> None:
        if broken == "save":
            arguments[0].write_bytes(b"%PDF-1.7 and no end")
        raise RuntimeError("no such object")

    conversion.patch.setattr(PdfPages, broken, fail)
    converted = conversion.run(scan(3), formats="pdf", words={1: line("Read by OCR", 50, 50)}, pages=[1, 2])
    assert list(converted.out.rglob("*.pdf")) == []
    assert converted.warnings == [
        "The PDF is missing: the selected pages could not be taken out of the document (no such object)."
    ]


def test_a_disk_that_is_full_is_not_the_documents_fault(conversion: Conversion) -> None:
    def save(self: PdfPages, file: Path, *, update: bool) -> None:
        file.unlink(missing_ok=True)
        file.symlink_to("/dev/full")

    if not Path("/dev/full").is_char_device():
        pytest.skip("the system has no /dev/full")
    conversion.patch.setattr(PdfPages, "save", save)
    with pytest.raises(OSError, match="No space left"):
        conversion.run(scan(), formats="pdf", words={1: line("Read by OCR", 50, 50)})


def test_a_page_of_text_takes_a_few_kilobytes(conversion: Conversion) -> None:
    words = [w for row in range(20) for w in line("lanterns along the bridge and boats", 20, 20 + 13 * row)]
    source = scan(10)
    one = conversion.run(source, formats="pdf", words={1: words})
    first = (one.out / "a.pdf").stat().st_size - len(source)
    ten = conversion.run(source, formats="pdf", words=dict.fromkeys(range(1, 11), words))
    more = (ten.out / "a.pdf").stat().st_size - len(source)
    assert first < 6000
    assert (more - first) / 9 < 2500


# Which pages OCR reads where no text is asked for


def test_only_pages_that_need_it_are_read_by_ocr(conversion: Conversion) -> None:
    corners = np.array([(10.0, 10.0), (90.0, 10.0), (90.0, 30.0), (10.0, 30.0)])

    class Engine:
        name = "a reader"
        pages = 0

        def read(self, pixels: Pixels, dpi: float) -> list[ReadLine]:
            self.pages += 1
            return [ReadLine((ReadWord("Lanterns", corners),), corners, 1.0)]

    engine = Engine()
    conversion.patch.setattr(ocr, "made", lambda *which: engine)
    pdf = pymupdf.open("pdf", pdfs.text_pages(1))
    pdf.insert_pdf(pymupdf.open("pdf", pdfs.scanned(["Words on a scan. " * 20])))
    converted = conversion.run(pdf.tobytes(), formats="pdf", ocr="auto")
    assert engine.pages == 1
    assert [result.state for result in converted.results] == [PageState.OK, PageState.OCR]
    assert sorted(path.name for path in converted.out.iterdir()) == ["a.pdf"]


def test_without_an_engine_scans_say_so(conversion: Conversion) -> None:
    conversion.patch.setattr(ocr, "installed_tools", lambda: OcrTools(None, None))
    [result] = conversion.run(pdfs.scanned(["Words"]), formats="pdf", ocr="auto").results
    assert (result.state, result.error) == (
        PageState.OK,
        f"This page looks scanned. No OCR engine is installed: {INSTALL}.",
    )
