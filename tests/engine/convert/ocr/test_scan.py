"""How a scan lies, what is read first on it, and what hOCR says: without any engine."""

import itertools

import numpy as np
import pymupdf
import pytest

from engine.convert.ocr.engines import words
from engine.convert.ocr.engines.deskew import back, level, skew_of
from engine.convert.ocr.engines.ocrengine import OcrFailed, ReadLine, ReadWord
from engine.convert.ocr.engines.tesseract import read_hocr
from engine.convert.ocr.layer import LayerLine, add_layer
from engine.convert.ocr.scan import direction, moved, reading_order, render, upright
from tests.engine.convert.scans import photographed, printed, prose


def line(angle: float, length: float = 500, y: float = 100) -> ReadLine:
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    down = 20 * np.array([-along[1], along[0]])
    start = np.array([200.0, y])
    corners = np.array([start, start + length * along, start + length * along + down, start + down])
    return ReadLine((ReadWord("words", corners),), corners, 0.9)


@pytest.mark.parametrize("angle", [0, 90, 180, -90, 4.5, -7, 93, 176])
def test_a_page_lies_the_way_most_of_its_text_runs(angle: float) -> None:
    lines = [line(angle + off, y=100.0 * n) for n, off in enumerate((-0.2, 0, 0, 0.2))] + [line(angle + 90, 300)]
    found = direction(lines)
    assert abs((found - angle + 180) % 360 - 180) < 0.25


@pytest.mark.parametrize("angles", [(0.1, 0.2, 0.1, 0.15), (42, 42, 42, 42), (5, -3, 8, -9), (6,)])
def test_slanted_labels_and_trembling_boxes_are_no_skew(angles: tuple[float, ...]) -> None:
    assert direction([line(angle) for angle in angles]) == 0


@pytest.mark.parametrize("angle", [0, 90, 180, -90, 5, -172])
def test_an_upright_page_holds_all_of_the_page_it_comes_from(angle: float) -> None:
    rect = pymupdf.Rect(0, 0, 600, 800)
    turn, width, height = upright(rect, angle)
    corners = moved(np.array([rect.tl, rect.tr, rect.br, rect.bl]), turn)
    assert corners.min() == pytest.approx(0, abs=1e-3)
    assert tuple(corners.max(axis=0)) == pytest.approx((width, height))
    along = moved(np.array([[0, 0], [np.cos(np.radians(angle)), np.sin(np.radians(angle))]]), turn)
    assert tuple(along[1] - along[0]) == pytest.approx((1, 0), abs=1e-6)


def test_columns_are_read_one_after_the_other_below_a_title() -> None:
    title = [(50, 20, 550, 50)]
    left = [(50, y, 290, y + 12) for y in range(80, 200, 15)]
    right = [(310, y + 4, 550, y + 16) for y in range(80, 200, 15)]
    boxes = [*right, *title, *left]
    assert [boxes[i] for i in reading_order(boxes)] == [*title, *left, *right]


@pytest.mark.parametrize("angle", [-9.0, -2.5, 0.0, 4.0])
def test_a_picture_is_set_straight_and_its_places_are_found_again(angle: float) -> None:
    page = photographed(printed(prose(90)), dpi=120)
    gray = np.asarray(page.rotate(-angle, expand=True, fillcolor=255))
    found = skew_of(gray)
    assert found == pytest.approx(angle, abs=0.3)
    straight = level(gray, found)
    assert abs(skew_of(straight)) < 0.3
    middle = np.array([[straight.shape[1] / 2, straight.shape[0] / 2]])
    assert back(middle, found, gray.shape, straight.shape) == pytest.approx(
        np.array([[gray.shape[1] / 2, gray.shape[0] / 2]])
    )
    dark = np.argwhere(gray < 40)[:1, ::-1].astype(float)
    seen = min(
        float(np.hypot(*(back(np.array([[x, y]], float), found, gray.shape, straight.shape) - dark)[0]))
        for y, x in np.argwhere(straight < 120)
    )
    assert seen < 3


def test_a_line_is_parted_at_its_blanks_and_where_a_blank_is_missing() -> None:
    places = [0.05, 0.1, 0.15, 0.25, 0.3, 0.35, 0.60, 0.65]
    found = words.parts("one two34", [*places, 0.70][: len("onetwo34")])
    assert [word for word, _, _ in found] == ["one", "two", "34"]
    assert all(start < end for _, start, end in found)
    assert all(before[2] <= after[1] for before, after in itertools.pairwise(found))
    assert [word for word, _, _ in words.parts("日本 語", [0.1, 0.5, 0.9])] == ["日本", "語"]
    assert words.parts("   ", []) == []


HOCR = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><body><span class='ocr_line'
 title="bbox 100 200 400 230; {angle}x_size 28; x_descenders 7; x_ascenders 7">
<span class='ocrx_word' title='bbox 100 200 200 223; x_wconf 96'>a&amp;b</span>
<span class='ocrx_word' title='bbox 220 200 400 230; x_wconf 90'>gypsy</span></span>{more}</body></html>"""


def test_words_are_as_sure_as_their_characters() -> None:
    assert words.confidences(["ab", "c"], [1.0, 0.5, 0.25]) == [0.75, 0.25]
    assert words.confidences(["ab", "c"], [1.0, 0.5]) == [None, None]


def test_hocr_gives_words_with_their_place_along_the_line() -> None:
    (found,) = read_hocr(HOCR.format(angle="", more=""))
    assert (found.text, found.confidence) == ("a&b gypsy", pytest.approx(0.93))
    assert [word.confidence for word in found.words] == [0.96, 0.9]
    assert found.words[0].corners[0][0] == 100
    assert found.words[1].corners[1][0] == 400
    assert float(np.hypot(*(found.corners[3] - found.corners[0]))) == pytest.approx(28 / 0.92)


def test_hocr_of_a_page_on_its_head_begins_at_the_right() -> None:
    (found,) = read_hocr(HOCR.format(angle="textangle 180; ", more=""))
    assert tuple(found.corners[1] - found.corners[0]) == pytest.approx((-300, 0))
    assert found.words[0].corners[0][0] == pytest.approx(200)


def test_an_answer_that_is_no_hocr_is_told() -> None:
    with pytest.raises(OcrFailed, match="Tesseract's answer cannot be read"):
        list(read_hocr("<html>"))


@pytest.mark.parametrize("width", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("text", ["Plain words", "Ωμέγα и мир", "日本語", "naïve ﬁne €5"])
def test_words_put_on_a_page_can_be_read_from_it_at_their_place_and_are_not_seen(text: str, width: float) -> None:
    document = pymupdf.open()
    page = document.new_page(width=400, height=200)
    parts = text.split()
    given, left = [], 50.0
    for word in parts:
        right = left + width * sum(20 if "\u3000" < character < "\ufb00" else 11 for character in word)
        given.append((word, np.array([(left, 80), (right, 80), (right, 100), (left, 100)])))
        left = right + 8
    line = np.array([(50, 80), (left, 80), (left, 100), (50, 100)])
    add_layer(page, [LayerLine(tuple(given), line)])
    page = document.reload_page(page)
    found = page.get_text("words")
    assert [word[4] for word in found] == parts
    for (_, place), word in zip(given, found, strict=True):
        assert word[0] == pytest.approx(place[0][0], abs=4)
        assert word[2] == pytest.approx(place[1][0], abs=6)
    spans = [s for b in page.get_text("dict")["blocks"] for li in b["lines"] for s in li["spans"]]
    assert {round(span["size"]) for span in spans if span["text"].strip()} == {20}
    raster = render(page, ())
    assert raster is not None
    assert raster.is_blank


@pytest.mark.parametrize(("size", "most"), [((4320, 4320), 12_100_000), ((595, 842), 4_000_000)])
def test_a_huge_page_is_rendered_with_fewer_pixels_an_inch(size: tuple[int, int], most: int) -> None:
    document = pymupdf.open()
    raster = render(document.new_page(width=size[0], height=size[1]), ())
    assert raster is not None
    assert raster.pixels.shape[0] * raster.pixels.shape[1] <= most
    assert raster.pixels.shape[1] * raster.scale == pytest.approx(size[0], rel=0.01)


def test_a_page_too_small_for_a_letter_is_not_rendered() -> None:
    assert render(pymupdf.open().new_page(width=4, height=500), ()) is None
