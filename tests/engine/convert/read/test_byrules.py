"""Pages that are laid out without a model, from the PDF to the Markdown."""

import json

import pymupdf
import pytest

from engine.convert.loading import reached
from engine.job.job import PageState
from engine.job.options import ConvertOptions
from engine.sandbox.stages import Stage, first_stage
from tests.engine.convert.converting import Conversion
from tests.engine.convert.converting import conversion as conversion
from tests.engine.convert.glyphs import with_embedded_font
from tests.engine.convert.tagged_pdfs import pdf, tag
from tests.engine.convert.text.glyphs.test_leftwardwords import HEBREW, hebrew


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded no model, and would say so when one is needed."""
    monkeypatch.setattr(reached, "_reached", Stage.BARE)


def _page() -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 80), "Rules", fontname="hebo", fontsize=18)
    page.insert_text((72, 110), ["Every item must be looked at before", "the machines are switched on:"])
    page.insert_text((84, 160), ["\x95 the lamp", "\x95 the rope"])
    page.insert_text((72, 220), ["def look(item):", "    return item.is_whole"], fontname="cour", fontsize=9)
    for place, row in enumerate((("Part", "Count", "Weight"), ("Bolt", "12", "3 g"), ("Nut", "14", "2 g"))):
        for x, cell in zip((72, 172, 272), row, strict=True):
            page.insert_text((x, 300 + 15 * place), cell)
    pixels = pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 60, 40))
    pixels.clear_with(90)
    page.insert_image((72, 400, 192, 480), pixmap=pixels)
    return document


def test_a_page_has_its_structure_without_a_model(conversion: Conversion) -> None:
    converted = conversion.run(_page().tobytes(), layout_effort="fast", images=False)
    assert (converted.out / "a.md").read_text(encoding="utf-8") == (
        "# Rules\n\n"
        "Every item must be looked at before the machines are switched on:\n\n"
        "- the lamp\n- the rope\n\n"
        "```\ndef look(item):\n    return item.is_whole\n```\n\n"
        "|Part|Count|Weight|\n|---|---|---|\n|Bolt|12|3 g|\n|Nut|14|2 g|\n"
    )
    assert [(result.state, result.via) for result in converted.results] == [(PageState.OK, "rules")]


def test_its_pictures_are_kept(conversion: Conversion) -> None:
    converted = conversion.run(_page().tobytes(), layout_effort="fast")
    assert [file.name for file in (converted.out / "images").iterdir()] == ["a.pdf-0001-00.png"]
    assert "![](<images/a.pdf-0001-00.png>)" in (converted.out / "a.md").read_text(encoding="utf-8")


def test_a_page_shown_sideways_is_read_upright(conversion: Conversion) -> None:
    document = _page()
    document[0].set_rotation(90)
    converted = conversion.run(document.tobytes(), layout_effort="fast", images=False)
    assert (converted.out / "a.md").read_text(encoding="utf-8").startswith("# Rules\n\nEvery item")


def test_tags_are_read_where_they_deserve_it(conversion: Conversion) -> None:
    body = "Every item must be looked at before the machines are switched on."
    converted = conversion.run(pdf(tag("H1", "Rules"), tag("P", body)), layout_effort="fast")
    assert [result.via for result in converted.results] == ["tags"]


def test_what_is_written_from_the_right_is_read_from_the_right(conversion: Conversion) -> None:
    data = with_embedded_font("(ihg fed cba) Tj 0 -20 Td (onm lkj)", HEBREW, {}, "")
    converted = conversion.run(data, layout_effort="fast", structure="layout", formats=("json",))
    blocks = json.loads((converted.out / "a.json").read_text(encoding="utf-8"))["pages"][0]["boxes"]
    assert hebrew("abc def ghi") in json.dumps(blocks, ensure_ascii=False)
    assert [result.via for result in converted.results] == ["rules"]
    assert all(box["x0"] < 300 for box in blocks)


def test_no_model_is_needed_unless_pages_stay_as_the_library_has_them() -> None:
    assert not ConvertOptions.model_validate({"layout_effort": "fast", "layout": "always"}).needs_model
    assert first_stage(ConvertOptions.model_validate({"layout_effort": "fast", "structure": "layout"})) is Stage.BARE
    assert ConvertOptions.model_validate({"layout_effort": "fast", "refine": False}).needs_model
