"""Reads pages with RapidOCR: its detection and recognition models, which are inside its wheel.

Detection finds lines whichever way a page is turned, so a page is detected once, at a low resolution. Whether its lines
lie or stand says whether it was turned by a quarter; which way is up, how well a piece of one can be read. Each line is
then cut out the way it is read, however it is turned or skewed, and recognized by itself: a batch would have to be
padded to its longest line, which costs more than it saves. No model is ever downloaded: the models named here are those
of the wheel, and a wheel without them fails to load.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapidocr
from numpy.typing import NDArray

from engine.convert.loading.onnx import without_arena
from engine.convert.ocr.engines import ink, words
from engine.convert.ocr.engines.ocrengine import ASCENT, Corners, OcrFailed, Pixels, ReadLine, ReadWord, at

_DETECTION_DPI = 125.0
"""Text of 6 points is found at it, and half as many pixels as at 180 are half the time."""
_MOST_DETECTION_PIXELS = 2_500_000
_LEAST_CONFIDENCE = 0.5
_POOR_CONFIDENCE = 0.75
"""Below it, a line is read upside down too."""
_VOTERS = 6
_PIECE = 10
"""How much of a line is looked at to tell which way is up, in heights of the line."""
_CERTAIN, _CLEAR = 0.92, 0.15
"""A line upside down is never read with such confidence; and by so much it is better the right way up."""
_STANDING = 1.5
"""A line so many times as high as it is wide runs up or down."""
_NEVER_SHRINK = 1 << 20
_LEAST_WIDTH = 96
"""Pixels that a line is filled up to for recognition, at a height of 48. RapidOCR's own 320 has a word or a number by
itself, as cells of tables are, cost two to three times as much, for nothing: of 180 cells as many are read."""

_PARAMETERS = {
    "Global.log_level": "critical",
    "Global.text_score": 0.0,
    "Global.max_side_len": _NEVER_SHRINK,
    "Det.limit_type": "max",
    "Det.limit_side_len": _NEVER_SHRINK,
    "Rec.rec_img_shape": [3, 48, _LEAST_WIDTH],
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

_engine: Any = None


class RapidOcr:
    """The models, loaded by the first page that needs them."""

    name = "rapidocr"

    def __init__(self, languages: tuple[str, ...] = ()) -> None:
        """The one model reads all its languages."""

    def read(self, pixels: Pixels, dpi: float) -> list[ReadLine]:
        """The lines of a page; see `Engine.read`."""
        engine = load()
        image: Pixels = np.ascontiguousarray(pixels[:, :, ::-1])  # the models have learnt from blue, green, red
        found = _as_one_reads(engine, image, _detect(engine, image, dpi))
        quarters = _quarters(found)
        if quarters:
            # Lines of a page on its side or its head may be found two in one.
            image = np.ascontiguousarray(np.rot90(image, quarters))
            found = _as_one_reads(engine, image, _detect(engine, image, dpi))
        lines = [_recognize(engine, image, corners) for corners in found]
        return [_turned_back(line, quarters, pixels.shape) for line in lines if line is not None]


def load() -> Any:
    """RapidOCR with the models of its wheel; raises `OcrFailed` where they are missing."""
    global _engine
    if _engine is None:
        cv2.setNumThreads(1)
        models = Path(rapidocr.__file__).parent / "models"
        if not any(models.glob("*_det_*.onnx")) or not any(models.glob("*_rec_*.onnx")):
            raise OcrFailed("RapidOCR's models are not in its package, and hotfolio downloads none")
        blank = np.full((48, 96, 3), 255, np.uint8)
        # Pictures of many sizes would fill an arena with pieces that fit none of the next: 2 GB after a dozen pages.
        with without_arena():
            engine = rapidocr.RapidOCR(params=_PARAMETERS)
            for step in ("use_det", "use_rec"):  # which loads their models
                _run(engine, blank, step)
        _engine = engine
    return _engine


def _run(engine: Any, image: Pixels, step: str) -> Any:
    steps = dict.fromkeys(("use_det", "use_cls", "use_rec"), False)
    return engine(image, **{**steps, step: True}, return_word_box=step == "use_rec")


def _quarters(lines: list[Corners]) -> int:
    """By how many quarters, with the clock, most text is turned from level."""
    lengths = [0.0] * 4
    for corners in lines:
        x, y = corners[1] - corners[0]
        lengths[round(float(np.degrees(np.arctan2(y, x))) / 90) % 4] += float(np.hypot(x, y))
    return lengths.index(max(lengths))


def _turned_back(line: ReadLine, quarters: int, shape: tuple[int, ...]) -> ReadLine:
    """A line of a picture that was turned upright as a line of the one before, which has this shape."""
    if not quarters:
        return line
    height, width = shape[:2]

    def back(corners: Corners) -> Corners:
        x, y = corners[:, 0], corners[:, 1]
        places = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]
        return np.stack(places, axis=-1)

    words = tuple(replace(word, corners=back(word.corners)) for word in line.words)
    return ReadLine(words, back(line.corners), line.confidence)


def _detect(engine: Any, image: Pixels, dpi: float) -> Corners:
    """The corners of all lines, clockwise from the one that is at the upper left on the picture."""
    height, width = image.shape[:2]
    scale = min(1.0, _DETECTION_DPI / dpi, (_MOST_DETECTION_PIXELS / (height * width)) ** 0.5)
    smaller: Any = image
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    found = getattr(_run(engine, smaller, "use_det"), "boxes", None)
    if found is None or not len(found):
        return np.empty((0, 4, 2))
    back = np.array([width / smaller.shape[1], height / smaller.shape[0]])
    return np.asarray(np.asarray(found, np.float64).reshape(-1, 4, 2) * back)


def _as_one_reads(engine: Any, image: Pixels, boxes: Corners) -> list[Corners]:
    """The corners of each line from where it begins.

    Lines that lie and lines that stand are asked about separately: a page may have a few sideways. Short ones, which do
    neither, go with most of the page.
    """
    if not len(boxes):
        return []
    wide, high = _sides(boxes)
    lies, stands = wide >= _STANDING * high, high >= _STANDING * wide
    is_turned = float(high[stands].sum()) > float(wide[lies].sum())
    stands |= is_turned & ~lies
    result: list[Corners] = [np.empty(0)] * len(boxes)
    for group, shift in ((~stands, 0), (stands, 1)):
        # Text that stands is taken to run upwards: it begins at the lower left of the picture.
        upward = np.roll(boxes[group], shift, axis=1)
        if len(upward) and _is_upside_down(engine, image, upward):
            upward = np.roll(upward, 2, axis=1)
        for index, corners in zip(np.flatnonzero(group), upward, strict=True):
            result[index] = corners
    return result


def _is_upside_down(engine: Any, image: Pixels, boxes: Corners) -> bool:
    """Whether the longest lines read better upside down; asked of a piece of one, and of more as long as it is open.

    The orientation model that RapidOCR brings would cost less, but it is wrong about small text on skewed pages.
    """
    wide, _ = _sides(boxes)
    upright = turned = 0.0
    for index in np.argsort(-wide)[:_VOTERS]:
        cut = _cut(image, boxes[index])
        cut = np.ascontiguousarray(cut[:, : _PIECE * cut.shape[0]])
        confidence = _text(engine, cut)[2]
        if confidence > _CERTAIN:
            return False
        upright += confidence
        turned += _text(engine, _upside_down(cut))[2]
        if abs(upright - turned) > _CLEAR:
            break
    return turned > upright


def _recognize(engine: Any, image: Pixels, corners: Corners) -> ReadLine | None:
    """One line; None where there is no text in it."""
    cut = _cut(image, corners)
    text, places, confidence, sure = _text(engine, cut)
    if confidence < _POOR_CONFIDENCE:
        turned = _upside_down(cut)
        other = _text(engine, turned)
        if other[2] > confidence + _CLEAR:
            corners, cut, (text, places, confidence, sure) = np.roll(corners, 2, axis=0), turned, other
    parts = words.parts(text, places)
    if confidence < _LEAST_CONFIDENCE or not parts:
        return None
    contrast = ink.contrast(np.asarray(cut.mean(axis=2), np.uint8))
    measured = ink.measure(contrast, text)
    parts = ink.tighten(contrast, measured, parts)
    height = cut.shape[0]
    top = (measured.baseline - ASCENT * measured.size) / height
    bottom = (measured.baseline + (1 - ASCENT) * measured.size) / height
    confidences = words.confidences([word for word, _, _ in parts], sure)
    line = tuple(
        ReadWord(word, at(corners, start, end, top, bottom), own)
        for (word, start, end), own in zip(parts, confidences, strict=True)
    )
    return ReadLine(line, at(corners, parts[0][1], parts[-1][2], top, bottom), confidence)


def _text(engine: Any, cut: Pixels) -> tuple[str, list[float], float, list[float]]:
    """A line's text, the middles of its characters in shares of its width, and the model's confidence.

    Then that of each character that is no blank; of none where the model does not say.
    """
    found = _run(engine, cut, "use_rec")
    if not getattr(found, "txts", None):
        return "", [], 0.0, []
    text, confidence, info = found.txts[0], float(found.scores[0]), found.word_results[0]
    columns = [column for word in getattr(info, "word_cols", None) or () for column in word]
    length = getattr(info, "line_txt_len", 0.0)
    said = getattr(info, "confs", None) or ()
    sure = [float(own) for character, own in zip(text, said, strict=False) if not character.isspace()]
    sure = sure if len(said) == len(text) else []
    return text, [(column + 0.5) / length for column in columns] if length else [], confidence, sure


def _cut(image: Pixels, corners: Corners) -> Pixels:
    """A line as one reads it, from left to right."""
    wide, high = (max(2, round(float(side[0]))) for side in _sides(corners[None]))
    target = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    cut = cv2.warpPerspective(image, transform, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _upside_down(cut: Pixels) -> Pixels:
    return np.ascontiguousarray(cut[::-1, ::-1])


def _sides(boxes: Corners) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How long the first edges of quadrilaterals are, and how long their last ones."""

    def length(start: int, end: int) -> NDArray[np.float64]:
        return np.asarray(np.hypot(*(boxes[:, end] - boxes[:, start]).T))

    return np.maximum(length(0, 1), length(3, 2)), np.maximum(length(0, 3), length(1, 2))
