"""Scans read by OCR: every word is found, in order, at its place, whichever way the page lies."""

import re
import socket
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from engine.convert.ocr import choice as ocr
from engine.convert.open.context import OcrWord, PageContext
from engine.job.job import PageState
from engine.job.options import OcrEngineName
from engine.job.warningkind import WarningKind
from engine.sandbox.capabilities import RAPIDOCR_LANGUAGES, OcrTools, installed_tools
from tests.engine.convert.scans import encoded, noisy, order, photographed, printed, prose, read, recall, scan

TOOLS = installed_tools()
RAPID = pytest.param("rapidocr", marks=pytest.mark.skipif(not TOOLS.rapidocr, reason="RapidOCR is not installed"))
TESSERACT = pytest.param(
    "tesseract", marks=pytest.mark.skipif(not TOOLS.tesseract, reason="Tesseract is not installed")
)
TURNING_TESSERACT = pytest.param(
    "tesseract",
    marks=pytest.mark.skipif(not TOOLS.has_orientation, reason="Tesseract's model `osd` is not installed"),
)
needs_an_engine = pytest.mark.skipif(not TOOLS.installed, reason="no OCR engine is installed")
TEXT = prose(32)
ALL_BUT_ONE = 31 / 32


def box_of(word: OcrWord) -> pymupdf.Rect:
    """Around a word, on the page as it is shown."""
    return pymupdf.Rect(min(word.quad[::2]), min(word.quad[1::2]), max(word.quad[::2]), max(word.quad[1::2]))


def direction_of(word: OcrWord) -> float:
    """In degrees, with the clock."""
    x0, y0, x1, y1 = word.quad[:4]
    return float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))


@pytest.mark.parametrize("engine", [RAPID, TESSERACT])
def test_small_print_is_read_word_by_word_at_its_place(tmp_path: Path, engine: str) -> None:
    source = printed(TEXT, size=9)
    page, found = read(scan(photographed(source)), tmp_path, ocr_engine=engine)
    assert recall(TEXT, found) >= ALL_BUT_ONE
    assert order(TEXT, found) >= ALL_BUT_ONE
    assert (page.state, page.via) == (PageState.OCR, "ocr")
    assert re.fullmatch(rf"it has no text; read by {engine}, (?:100|[89]\d)% sure", page.why or "")
    assert WarningKind.UNSURE not in page.notices
    assert page.model is not None
    assert 8 < page.model.blocks.blocks[0].size < 11
    words = source[0].get_text("words")
    for known in words[::9]:
        place = pymupdf.Rect(known[:4])
        near = [w for w in page.ocr_words if w.text == known[4] and abs(box_of(w) & place) > 0.5 * abs(place)]
        assert len(near) == 1, known


@pytest.mark.parametrize(
    ("engine", "turn"),
    [
        pytest.param("rapidocr", 90, marks=RAPID.marks),
        pytest.param("rapidocr", 180, marks=RAPID.marks),
        pytest.param("tesseract", 180, marks=TURNING_TESSERACT.marks),
        pytest.param("tesseract", 270, marks=TURNING_TESSERACT.marks),
    ],
)
def test_a_page_that_was_scanned_turned_is_read_in_order(tmp_path: Path, engine: str, turn: int) -> None:
    image = photographed(printed(TEXT)).rotate(-turn, expand=True)
    page, found = read(scan(image), tmp_path, ocr_engine=engine)
    assert recall(TEXT, found) >= ALL_BUT_ONE
    assert order(TEXT, found) >= ALL_BUT_ONE
    off = [(direction_of(word) - turn + 180) % 360 - 180 for word in page.ocr_words if len(word.text) > 3]
    assert max(map(abs, off)) < 5
    assert page.model is not None
    blocks = page.model.blocks
    blocks.show()
    assert (round(blocks.width), round(blocks.height)) == (round(image.width * 0.36), round(image.height * 0.36))
    for block in blocks.blocks:  # on the page as it lies, around the words of the block
        inside = [w.text for w in page.ocr_words if abs(box_of(w) & pymupdf.Rect(block.box)) > 0.7 * abs(box_of(w))]
        assert set(block.text.split()) - set(inside) == set()


@pytest.mark.parametrize(
    ("engine", "angle"),
    [
        pytest.param("rapidocr", -8.0, marks=RAPID.marks),
        pytest.param("tesseract", 6.0, marks=TESSERACT.marks),
    ],
)
def test_a_skewed_page_in_two_columns_is_read_column_by_column(tmp_path: Path, engine: str, angle: float) -> None:
    image = photographed(printed(TEXT, columns=2)).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=250)
    _, found = read(scan(image), tmp_path, ocr_engine=engine)
    assert recall(TEXT, found) >= ALL_BUT_ONE
    assert order(TEXT, found) >= ALL_BUT_ONE


@needs_an_engine
def test_a_page_with_a_rotation_of_its_own_is_read_as_it_is_shown(tmp_path: Path) -> None:
    image = photographed(printed(TEXT)).rotate(90, expand=True)
    page, found = read(scan(image, rotate=90), tmp_path)
    assert (recall(TEXT, found) >= 0.98, order(TEXT, found) > 0.98) == (True, True)
    assert max(abs(direction_of(word)) for word in page.ocr_words) < 5


@pytest.mark.parametrize("engine", [RAPID, TESSERACT])
@pytest.mark.parametrize(("white", "black", "noise", "quality"), [(235, 20, 18, 30), (170, 60, 8, 80), (0, 255, 0, 80)])
def test_noise_grey_paper_and_white_on_black_do_no_harm(
    tmp_path: Path, engine: str, white: int, black: int, noise: float, quality: int
) -> None:
    image = noisy(photographed(printed(TEXT)), white=white, black=black, noise=noise)
    _, found = read(scan(image, quality=quality), tmp_path, ocr_engine=engine)
    assert recall(TEXT, found) >= ALL_BUT_ONE


@needs_an_engine
def test_a_page_keeps_its_good_text_and_gets_what_a_picture_says(tmp_path: Path) -> None:
    document = printed(prose(40), columns=2)
    picture = photographed(printed(prose(50, seed=3), size=12)).crop((0, 0, 1166, 500))
    document[0].insert_image((0, 150, 420, 299), stream=encoded(picture))
    page, found = read(document, tmp_path)
    assert recall(prose(40), found) == 1.0
    assert recall(prose(50, seed=3), found) > 0.9
    assert page.state is PageState.OCR
    assert {word.text for word in page.ocr_words} <= set(prose(50, seed=3).split())
    assert min(box_of(word).y0 for word in page.ocr_words) > 145


@needs_an_engine
def test_a_text_layer_that_is_no_text_is_replaced(tmp_path: Path) -> None:
    text = prose(30)
    document = scan(photographed(printed(text)))
    document[0].insert_textbox((30, 30, 400, 200), "~ .. '' |_ -- ;; ~~ ^^ .,. '' ` | |", render_mode=3)
    page, found = read(document, tmp_path)
    assert (recall(text, found), "~~" in " ".join(found)) == (1.0, False)
    assert page.why is not None
    assert page.why.startswith("its text layer is no text; read by ")


@needs_an_engine
def test_a_poster_is_read_and_measured_in_its_own_size(tmp_path: Path) -> None:
    text = prose(30)
    page, found = read(scan(photographed(printed(text, size=12)), dpi=36), tmp_path)
    assert recall(text, found) >= 0.98
    assert page.model is not None
    assert page.model.blocks.width == pytest.approx(2333, abs=5)
    assert page.model.blocks.blocks[0].size > 50


class _Refuses:
    """An engine that must not be asked."""

    name = "none"

    def read(self, pixels: object, dpi: float) -> list[object]:
        raise AssertionError("there is nothing to be read")


@pytest.mark.parametrize("kind", ["blank", "paper", "text", "read before", "never"])
def test_no_time_is_spent_on_what_has_been_read_or_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(ocr, "made", lambda *which: _Refuses())
    monkeypatch.setattr(ocr, "installed_tools", lambda: OcrTools("3", None))
    document = pymupdf.open()
    document.new_page()
    if kind == "paper":
        document = scan(noisy(Image.new("L", (600, 800), 240), white=245, noise=6))
    elif kind == "text":
        document = printed(TEXT)
    elif kind in ("read before", "never"):
        document = scan(photographed(printed(TEXT)))
        if kind == "read before":
            document[0].insert_textbox((30, 30, 390, 280), TEXT, fontsize=9.5, render_mode=3)
    page, found = read(document, tmp_path, ocr="never" if kind == "never" else "auto")
    assert (page.state, page.error, page.ocr_words) == (PageState.OK, None, [])
    if kind in ("text", "read before"):
        assert recall(TEXT, found) == 1.0


class _Fails(_Refuses):
    def read(self, pixels: object, dpi: float) -> list[object]:
        raise RuntimeError("it fell over")


def test_a_page_on_which_the_engine_fails_says_so_and_keeps_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "made", lambda *which: _Fails())
    monkeypatch.setattr(ocr, "installed_tools", lambda: OcrTools("3", None))
    document = printed(TEXT)
    document[0].insert_image((200, 200, 400, 299), stream=encoded(photographed(printed(TEXT))))
    page, found = read(document, tmp_path, ocr="force")
    assert page.error == "Read without OCR, which failed (it fell over)."
    assert recall(TEXT, found) == 1.0


def test_without_an_engine_for_its_languages_a_scan_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "installed_tools", lambda: OcrTools("3.9", None))
    page, _ = read(scan(photographed(printed("word"))), tmp_path, ocr_languages="ukr")
    assert page.error == (
        "This page looks scanned. RapidOCR cannot read the language ukr: install Tesseract with its model, or correct "
        "ocr_languages."
    )


@pytest.mark.skipif(not TOOLS.rapidocr, reason="RapidOCR is not installed")
def test_rapidocr_loads_without_a_network_and_knows_the_letters_of_its_languages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from engine.convert.ocr.engines import rapid

    def refuse(*args: object) -> None:
        raise AssertionError("it tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(rapid, "_engine", None)
    letters = set(rapid.load().text_rec.postprocess_op.character)
    needed = {
        "deu": "äöüßÄÖÜ", "fra": "àâçéèêëîïôœùûüÿ", "pol": "ąćęłńóśźż", "ces": "áčďéěíňóřšťúůýž", "hun": "őű",
        "ron": "ăâîșț", "tur": "çğıİöşü", "lav": "āčēģīķļņšūž", "lit": "ąčęėįšųūž", "isl": "áðéíóúýþæö",
        "mlt": "ċġħż", "epo": "ĉĝĥĵŝŭ", "cym": "ŵŷ", "jpn": "日本語かなカナ", "chi_sim": "简体", "chi_tra": "繁體",
    }  # fmt: skip
    assert {code: set(sample) - letters for code, sample in needed.items() if set(sample) - letters} == {}
    assert set(needed) <= RAPIDOCR_LANGUAGES
    assert not {"я", "ب", "한"} & letters


@pytest.mark.skipif(not TOOLS.rapidocr, reason="RapidOCR is not installed")
def test_words_by_themselves_are_filled_up_to_little_more_than_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.convert.ocr.engines import rapid

    recognizer = rapid.load().text_rec
    session, widths = recognizer.session, []

    def run(pixels: np.ndarray) -> object:
        widths.append(pixels.shape[-1])
        return session(pixels)

    monkeypatch.setattr(recognizer, "session", run)
    cells = ["name", "12", "7.50", "4711", "house", "9.99", "day", "1", "10.25"]
    page = pymupdf.open().new_page(width=420, height=300)
    for number, cell in enumerate(cells):
        page.insert_text((40 + number % 3 * 120, 60 + number // 3 * 60), cell, fontsize=11)
    _, found = read(scan(photographed(page.parent)), tmp_path, ocr_engine="rapidocr")
    assert recall(" ".join(cells), found) == 1
    assert len(widths) >= len(cells)
    assert max(widths) < 320  # which is RapidOCR's own least
    assert min(widths) == 96


@needs_an_engine
def test_what_ocr_reads_is_told_before_it_begins(tmp_path: Path) -> None:
    heard: list[str] = []
    file = tmp_path / "a.pdf"
    scan(photographed(printed("word and more"))).save(file)
    from engine.convert.open.document import open_document
    from engine.convert.read import byocr as ocrpage
    from engine.job.options import ConvertOptions

    options = ConvertOptions(ocr_engine=OcrEngineName.AUTO)
    document = open_document(file, "a.pdf", options, None)
    page = PageContext(document, 1, options, False, tmp_path, lambda: heard.append("ocr"))
    sheet = ocrpage.read(page)
    assert sheet is not None
    assert (heard, [word.text for word in page.ocr_words]) == (["ocr"], ["word", "and", "more"])
    assert document.pdf[0].get_text().strip() == ""  # the document stays as it is
