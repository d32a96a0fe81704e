"""Reads pages with Tesseract: its program, a process a page, so that a page it hangs or dies on costs that page alone.

It is asked for hOCR, which says of each line which way it runs and how large its font is. Page segmentation mode 1
finds out by how many quarters a page was turned; it cannot read skewed ones, so they are set straight before.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from engine.convert.ocr.engines.deskew import back, level, skew_of
from engine.convert.ocr.engines.ocrengine import ASCENT, Corners, OcrFailed, Pixels, ReadLine, ReadWord, at
from engine.sandbox.capabilities import installed_tools

_TIMEOUT_S = 900
"""More than any page takes; the engine's own limit is `ocr_timeout`, which ends this process and Tesseract with it."""
_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_LINES = frozenset({"ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"})
_ROW_HEIGHT = 0.92
"""What Tesseract calls a line's size, from the descenders to the ascenders, in shares of its font's size."""
_LEAST_CONFIDENCE = 0.3
_DEFAULT_DPI_RANGE = (70, 2400)


class Tesseract:
    """The program, for some languages."""

    name = "tesseract"

    def __init__(self, languages: tuple[str, ...]) -> None:
        """Without languages it reads English, or the first that is installed."""
        tools = installed_tools()
        self._program = str(tools.tesseract)
        known = tools.tesseract_languages
        chosen = languages or (("eng",) if "eng" in known else tuple(sorted(known)[:1]))
        self._arguments = ["-l", "+".join(chosen), "--psm", "1" if tools.has_orientation else "3"]

    def read(self, pixels: Pixels, dpi: float) -> list[ReadLine]:
        """The lines of a page; see `Engine.read`."""
        gray: NDArray[np.uint8] = np.asarray(pixels @ np.array([0.299, 0.587, 0.114]), np.uint8)
        angle = skew_of(gray)
        straight = level(gray, angle) if angle else gray
        lines = list(read_hocr(self._recognize(straight, dpi)))
        if not angle:
            return lines
        return [_turned_back(line, angle, gray.shape, straight.shape) for line in lines]

    def _recognize(self, gray: NDArray[np.uint8], dpi: float) -> str:
        height, width = gray.shape
        known_dpi = min(max(round(dpi), _DEFAULT_DPI_RANGE[0]), _DEFAULT_DPI_RANGE[1])
        try:
            done = subprocess.run(
                [self._program, "stdin", "stdout", "--dpi", str(known_dpi), *self._arguments, "hocr"],
                input=b"P5 %d %d 255\n" % (width, height) + gray.tobytes(),
                capture_output=True,
                timeout=_TIMEOUT_S,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                preexec_fn=_end_with_parent,  # safe: this process has one thread
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OcrFailed(f"Tesseract did not run: {error}") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise OcrFailed(f"Tesseract failed: {said[-1] if said else f'exit status {done.returncode}'}")
        return done.stdout.decode("utf-8", "replace")


def read_hocr(hocr: str) -> Iterator[ReadLine]:
    """The lines of a page in hOCR; raises `OcrFailed` if it is none."""
    try:
        page = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", hocr))
    except ElementTree.ParseError as error:
        raise OcrFailed(f"Tesseract's answer cannot be read: {error}") from error
    for element in page.iter():
        if element.get("class") not in _LINES:
            continue
        line = _read_line(element)
        if line is not None and line.confidence >= _LEAST_CONFIDENCE:
            yield line


def _read_line(element: ElementTree.Element) -> ReadLine | None:
    title = element.get("title", "")
    x0, y0, x1, y1 = _numbers(title, "bbox", (0, 0, 0, 0))
    angle = int(_numbers(title, "textangle", (0,))[0]) % 360
    high, wide = (x1 - x0, y1 - y0) if angle in (90, 270) else (y1 - y0, x1 - x0)
    if min(high, wide) <= 0:
        return None
    size = _numbers(title, "x_size", (high,))[0] / _ROW_HEIGHT
    baseline = high - _numbers(title, "x_descenders", (0.0,))[0]
    top, bottom = (baseline - ASCENT * size) / high, (baseline + (1 - ASCENT) * size) / high
    corners = _as_one_reads((x0, y0, x1, y1), angle)
    words, confidences = [], []
    for child in element.iter():
        text = "".join("".join(child.itertext()).split()) if child.get("class") == "ocrx_word" else ""
        if not text:
            continue
        about = child.get("title", "")
        start, end = _share(_numbers(about, "bbox", (x0, y0, x1, y1)), (x0, y0, x1, y1), angle)
        confidences.append(_numbers(about, "x_wconf", (0.0,))[0] / 100)
        words.append(ReadWord(text, at(corners, start, end, top, bottom), confidences[-1]))
    if not words:
        return None
    return ReadLine(tuple(words), at(corners, 0.0, 1.0, top, bottom), sum(confidences) / len(confidences))


def _as_one_reads(box: tuple[float, ...], angle: int) -> Corners:
    """The corners of a box whose text runs at an angle, counted against the clock."""
    x0, y0, x1, y1 = box
    clockwise = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    return np.roll(clockwise, {0: 0, 90: 1, 180: 2, 270: 3}.get(angle, 0), axis=0)


def _share(word: tuple[float, ...], line: tuple[float, ...], angle: int) -> tuple[float, float]:
    """Where a word begins and ends on its line, from 0 to 1."""
    axis = 1 if angle in (90, 270) else 0
    first, length = line[axis], line[axis + 2] - line[axis]
    start, end = (word[axis] - first) / length, (word[axis + 2] - first) / length
    return (1 - end, 1 - start) if angle in (90, 180) else (start, end)


def _numbers(title: str, name: str, otherwise: tuple[float, ...]) -> tuple[float, ...]:
    found = re.search(rf"\b{name} ((?:-?[\d.]+ ?)+)", title)
    values = tuple(float(number) for number in found[1].split()) if found else ()
    return values if len(values) >= len(otherwise) else otherwise


def _turned_back(line: ReadLine, angle: float, before: tuple[int, ...], after: tuple[int, ...]) -> ReadLine:
    words = tuple(replace(word, corners=back(word.corners, angle, before, after)) for word in line.words)
    return ReadLine(words, back(line.corners, angle, before, after), line.confidence)


def _end_with_parent() -> None:
    """Tesseract is not to go on when the conversion process is killed."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
