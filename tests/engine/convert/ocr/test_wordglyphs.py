"""Letters of which neither the PDF nor its font says what they are, are read by OCR where their words tell."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pymupdf
import pytest

from engine.convert.ocr.choice import Ocr
from engine.convert.ocr.engines.ocrengine import Pixels, ReadLine, ReadWord
from engine.convert.ocr.wordglyphs import OpenWords, stands_in_words
from engine.convert.text.glyphs import fontmaps
from engine.convert.text.glyphs.fontmaps import FontMaps
from engine.job.options import OcrMode
from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.glyphs import with_embedded_font
from tests.engine.convert.tagged_pdfs import tag

__all__ = ["conversion"]
UNKNOWN = {1: "fffd", 2: "fffd", **{code: f"{code:04x}" for code in range(32, 127)}}
BODY = tag("P", "Every item must be looked at before the machines are switched on.")
DATA = with_embedded_font(r"(Turn o\001 the \002lter \002 now)", UNKNOWN, {1: "germandbls", 2: "fi"}, BODY)


class _Reads:
    """An engine that says so of what stands below each other on a picture."""

    name = "stub"

    def __init__(self, texts: Sequence[str], confidence: float = 0.9) -> None:
        self.texts, self.confidence, self.asked = texts, confidence, 0

    def read(self, pixels: Pixels, dpi: float) -> list[ReadLine]:
        self.asked += 1
        inked = np.flatnonzero((pixels < 128).any(axis=(1, 2)))
        bands = np.split(inked, np.flatnonzero(np.diff(inked) > 20) + 1)
        assert len(bands) == len(self.texts)
        found = []
        for band, text in zip(bands, self.texts, strict=True):
            corners = np.array([(0, band[0]), (99, band[0]), (99, band[-1]), (0, band[-1])], np.float64)
            found.append(ReadLine((ReadWord(text, corners),), corners, self.confidence))
        return found


@pytest.fixture(autouse=True)
def names_that_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fontmaps, "meaning_of", lambda name, *, is_dingbats=False: "")


def read_by(monkeypatch: pytest.MonkeyPatch, engine: _Reads) -> None:
    ocr = SimpleNamespace(is_there=True, problem="", mode=OcrMode.AUTO, engine=lambda: engine, library_mode=0)
    monkeypatch.setattr(Ocr, "for_options", lambda options: ocr)


@pytest.mark.parametrize("structure", ["tags", "layout"])
def test_letters_are_what_their_words_are_read_as(
    conversion: Conversion, monkeypatch: pytest.MonkeyPatch, structure: str
) -> None:
    engine = _Reads(["filter", "off"])  # the word with most letters comes first
    read_by(monkeypatch, engine)
    converted = conversion.run(DATA, structure=structure, formats="txt", ocr="auto")
    assert converted.results[0].via == structure
    assert "Turn off the filter fi now" in (converted.out / "a.txt").read_text()
    assert converted.warnings == []
    assert engine.asked == 1


@pytest.mark.parametrize(
    "engine", [_Reads(["f1lter", "of the"]), _Reads(["later", "off!"]), _Reads(["filter", "off"], 0.5)]
)
def test_what_does_not_fit_or_is_not_sure_tells_nothing(
    conversion: Conversion, monkeypatch: pytest.MonkeyPatch, engine: _Reads
) -> None:
    read_by(monkeypatch, engine)
    converted = conversion.run(DATA, formats="txt", ocr="auto")
    assert "3 characters are unknown" in converted.warnings[0]


def test_an_engine_that_fails_costs_nothing_but_a_warning(
    conversion: Conversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by(monkeypatch, _Reads([]))
    converted = conversion.run(DATA, formats="txt", ocr="auto")
    assert "Turn o\ufffd the" in (converted.out / "a.txt").read_text()
    assert any(warning.startswith("The unknown characters of page 1 were not read") for warning in converted.warnings)


def test_a_glyph_is_looked_for_in_a_few_words_and_not_for_ever() -> None:
    page = pymupdf.open(stream=DATA)[0]
    words = OpenWords()
    assert [len(words.choose(page)) for _ in range(8)] == [2] * 6 + [0] * 2


def test_of_two_fonts_of_one_name_nothing_is_learnt() -> None:
    document = pymupdf.open(stream=DATA)
    fonts = FontMaps(document)
    assert not fonts.are_open
    fonts.mend(document[0])
    (opened,) = fonts._open
    everything = {(opened[0], glyph): "ss" for glyph in range(1000)}
    fonts._open.append(opened)
    fonts.learn(everything)
    assert fonts.are_open
    fonts._open.pop()
    fonts.learn(everything)
    assert not fonts.are_open


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("o\ufffd the", True), ("a\ue001", True), ("\x01nd", True), ("\uf0b7 item", False), ("all", False)],
)
def test_only_what_stands_beside_letters_is_of_use(text: str, is_so: bool) -> None:
    blocks: list[dict[str, Any]] = [{"lines": [{"spans": [{"text": text}]}]}, {"type": 3}]
    assert stands_in_words(blocks) is is_so
