"""Text of pages that no layout model looks at."""

import pymupdf
import pytest

from engine.convert.loading import reached
from engine.convert.read import bylayout
from engine.convert.read.sheet import Sheet
from engine.job.job import PageState
from engine.job.options import ConvertOptions
from engine.sandbox.stages import Stage, first_stage
from tests.engine.convert.converting import Conversion, Converted
from tests.engine.convert.converting import conversion as conversion
from tests.engine.convert.tagged_pdfs import pdf, tag


def _text(converted: Converted) -> str:
    return (converted.out / "a.txt").read_text(encoding="utf-8")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded no model, and would say so when one is needed."""
    monkeypatch.setattr(reached, "_reached", Stage.BARE)


def _page() -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), ["What is said on the left", "goes on below it."])
    page.insert_text((330, 100), ["What is on the right", "comes after that."])
    return document


@pytest.mark.usefixtures("bare")
def test_text_alone_needs_no_model(conversion: Conversion) -> None:
    converted = conversion.run(_page().tobytes(), formats="txt,page-txt")
    assert (
        _text(converted) == "What is said on the left goes on below it.\n\nWhat is on the right comes after that.\n\n"
    )
    assert (converted.out / "pages" / "0001.txt").read_text() == _text(converted)
    assert [(result.state, result.via) for result in converted.results] == [(PageState.OK, "text")]


@pytest.mark.parametrize(
    "options", [{"formats": "txt,md"}, {"layout": "always"}, {"structure": "layout"}, {"refine": False}]
)
def test_what_says_more_than_text_or_is_asked_for_is_laid_out(options: dict[str, object]) -> None:
    assert ConvertOptions.model_validate({"formats": "txt", **options}).needs_layout
    assert not ConvertOptions(formats=("txt", "page-txt", "png", "pdf")).needs_layout
    assert first_stage(ConvertOptions(formats=("txt",))) is Stage.BARE


def test_text_is_laid_out_where_the_user_wants_it(conversion: Conversion, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sheet] = []
    read = bylayout.read
    monkeypatch.setattr(
        bylayout, "read", lambda page, sheet, images: asked.append(sheet) or read(page, sheet, images=images)
    )
    converted = conversion.run(_page().tobytes(), formats="txt", layout="always")
    assert len(asked) == 1
    assert converted.results[0].via == "layout"


@pytest.mark.usefixtures("bare")
def test_tags_are_read_where_they_deserve_it(conversion: Conversion) -> None:
    body = "Every item must be looked at before the machines are switched on."
    converted = conversion.run(pdf(tag("H1", "Rules"), tag("P", body)), formats="txt")
    assert [result.via for result in converted.results] == ["tags"]


@pytest.mark.usefixtures("bare")
def test_hidden_text_is_left_out_and_told_and_kept_where_it_is_to_be(conversion: Conversion) -> None:
    document = _page()
    document[0].insert_text((72, 300), "Nobody sees this.", color=(1, 1, 1))
    converted = conversion.run(document.tobytes(), formats="txt")
    assert "Nobody" not in _text(converted)
    assert converted.warnings == ["15 characters that cannot be seen on page 1 were left out."]
    assert "[hidden: Nobody sees this.]" in _text(conversion.run(document.tobytes(), formats="txt", hidden_text="mark"))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_pages_are_read_as_if_upright(conversion: Conversion, degrees: int) -> None:
    document = _page()
    document[0].set_rotation(degrees)
    expected = _text(conversion.run(_page().tobytes(), formats="txt"))
    assert sorted(_text(conversion.run(document.tobytes(), formats="txt")).split()) == sorted(expected.split())
    lying = pymupdf.open()
    page = lying.new_page(width=842, height=595)
    page.show_pdf_page(page.rect, _page(), rotate=90)
    assert _text(conversion.run(lying.tobytes(), formats="txt")) == expected


@pytest.mark.usefixtures("bare")
def test_fields_are_told_by_their_values(conversion: Conversion) -> None:
    document = _page()
    widget = pymupdf.Widget()
    widget.field_type, widget.field_name = pymupdf.PDF_WIDGET_TYPE_TEXT, "harbour"
    widget.field_value, widget.rect = "Westport", pymupdf.Rect(72, 300, 200, 320)
    document[0].add_widget(widget)
    assert "Westport" in _text(conversion.run(document.tobytes(), formats="txt"))


@pytest.mark.usefixtures("bare")
def test_what_is_painted_twice_is_there_once(conversion: Conversion) -> None:
    document = _page()
    document[0].insert_text((72.3, 100), "What is said on the left")
    assert _text(conversion.run(document.tobytes(), formats="txt")).count("What is said") == 1


@pytest.mark.usefixtures("bare")
def test_a_page_without_text_is_told_for_want_of_ocr(conversion: Conversion) -> None:
    document = pymupdf.open()
    picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 60, 80))
    picture.clear_with(120)
    page = document.new_page()
    page.insert_image(page.rect, pixmap=picture)
    converted = conversion.run(document.tobytes(), formats="txt")
    assert converted.warnings == ["Nothing was read by OCR of what looks scanned: page 1."]


@pytest.mark.usefixtures("bare")
def test_running_heads_are_left_out(conversion: Conversion) -> None:
    document = pymupdf.open()
    for number, word in enumerate(("harbour", "bridge", "quay", "lantern"), 1):
        page = document.new_page()
        page.insert_text((72, 40), "Survey of the port")
        page.insert_text((72, 200), f"Page by page another thing is told: the {word}.")
        page.insert_text((300, 820), str(number))
    text = _text(conversion.run(document.tobytes(), formats="txt"))
    assert "Survey" not in text
    assert text.count("another thing") == 4
