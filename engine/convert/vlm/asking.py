"""Sends the pages of a batch to a vision model, all at once, and hands each back when it is answered.

PyMuPDF is for one thread: pages are rendered in the thread that asks for them, before they are sent, and what is made
of an answer is made there too. The threads in between wait for the network.
"""

import base64
import io
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import NamedTuple

import pymupdf
from PIL import Image

from engine.convert.open.context import PageContext
from engine.convert.open.document import one_line
from engine.convert.page.told import Element, NoAnswer, Told
from engine.convert.vlm.answer import cleaned, read_layout
from engine.convert.vlm.modelclient import Answer, VisionModel
from engine.convert.vlm.prompts import Prompts, load
from engine.job.options import ConvertOptions, PromptMode

DPI = 200
"""What dots.ocr is said to read best."""
LONGEST_SIDE = 2016
"""Pixels. An A4 page then has 2.9 million, of the 11.3 million that dots.ocr takes: each 784 cost the model a token."""
_GRID = 28
"""Models of Qwen's family, as dots.ocr, scale a picture so that this divides its sides, and count pixels there."""
_QUALITY = 90
_MOST_BOXES = 100
"""That a page is asked about, one after the other."""
_CUT_OFF = "The vision model's answer was cut off: the end of the page may be missing."
_NO_LAYOUT = "The vision model's answer is not the layout it was asked for."
_TRIES = 2
"""For an answer that makes no sense: the next one may."""


class Picture(NamedTuple):
    """A page as it is sent."""

    data: str
    """A data URI."""
    pixels: tuple[int, int]
    points: tuple[float, float]
    """The page's width and height."""

    @property
    def scale(self) -> tuple[float, float]:
        """Points for a pixel, across and down."""
        return (self.points[0] / self.pixels[0], self.points[1] / self.pixels[1])


@dataclass(frozen=True, slots=True)
class _Question:
    """All it takes to ask about one page."""

    model: VisionModel
    prompts: Prompts
    mode: PromptMode
    picture: Picture
    deadline: float
    stop: threading.Event

    def ask(self, prompt: str) -> Answer:
        return self.model.ask(prompt, self.picture.data, self.deadline, self.stop)


_last: tuple[object, VisionModel] | None = None


def asked(pages: Sequence[PageContext]) -> Iterator[PageContext]:
    """The pages in the order the model answers for them, each with what it has said, or why it has not."""
    options = pages[0].options
    stop = threading.Event()
    pool = ThreadPoolExecutor(len(pages), "page")
    try:
        try:
            model, prompts = _model(options), load(options.vlm_prompts)
        except Exception as error:  # noqa: BLE001 - what cannot be asked is read without the model
            for page in pages:
                page.told = NoAnswer(one_line(error))
                yield page
            return
        sent = {pool.submit(_tell, _question(page, model, prompts, stop)): page for page in pages}
        for future in as_completed(sent):
            page = sent.pop(future)
            page.told = future.result()
            yield page
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _model(options: ConvertOptions) -> VisionModel:
    """The model; the one of the batch before if it is the same, with its connections and what is known of it."""
    global _last
    wanted = (options.vlm_url, options.vlm_model, options.vlm_timeout)
    if _last is None or _last[0] != wanted:
        if _last is not None:
            _last[1].close()
        _last = None
        _last = (wanted, VisionModel(options))
    return _last[1]


def _question(page: PageContext, model: VisionModel, prompts: Prompts, stop: threading.Event) -> _Question | NoAnswer:
    page.begin()
    try:
        picture = render(page.load())
    except Exception as error:  # noqa: BLE001 - a page that cannot be rendered may still have text
        return NoAnswer(f"The page cannot be rendered for the vision model ({one_line(error)}).")
    deadline = time.monotonic() + page.options.vlm_patience_s
    return _Question(model, prompts, page.options.prompt_mode, picture, deadline, stop)


def render(page: pymupdf.Page) -> Picture:
    """A page as a JPEG, its sides multiples of what models count in."""
    width, height = max(page.rect.width, 1.0), max(page.rect.height, 1.0)
    zoom = min(DPI / 72, LONGEST_SIDE / max(width, height))
    pixels = (_on_grid(width * zoom), _on_grid(height * zoom))
    matrix = pymupdf.Matrix(pixels[0] / width, pixels[1] / height)
    pixmap = page.get_pixmap(matrix=matrix, alpha=False, colorspace=pymupdf.csRGB)
    image = Image.frombuffer("RGB", (pixmap.width, pixmap.height), pixmap.samples_mv, "raw", "RGB", 0, 1)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=_QUALITY)  # in a fifth of the time that MuPDF takes
    data = base64.b64encode(jpeg.getbuffer()).decode()
    return Picture(f"data:image/jpeg;base64,{data}", pixels, (page.rect.width, page.rect.height))


def _on_grid(length: float) -> int:
    return max(_GRID, round(length / _GRID) * _GRID)


def _tell(question: _Question | NoAnswer) -> Told | NoAnswer:
    """What the model says of one page; runs in a thread and raises nothing."""
    if isinstance(question, NoAnswer):
        return question
    try:
        match question.mode:
            case PromptMode.OCR:
                return _text(question)
            case PromptMode.GROUNDING_OCR:
                return _box_by_box(question)
            case _:
                return _layout(question, question.mode)
    except NoAnswer as reason:
        return reason
    except Exception as error:  # noqa: BLE001 - whatever it is, the page is read without the model
        return NoAnswer(f"The vision model cannot be asked ({one_line(error)}).")


def _layout(question: _Question, mode: PromptMode) -> Told:
    picture = question.picture
    for _ in range(_TRIES):
        answer = question.ask(question.prompts.layout(mode, *picture.pixels))
        elements = read_layout(answer.text, scale=picture.scale, size=picture.points)
        if elements is not None and (elements or not answer.is_cut_off):
            return Told(elements, remark=_CUT_OFF if answer.is_cut_off else None)
    raise NoAnswer(_NO_LAYOUT)


def _text(question: _Question) -> Told:
    answer = question.ask(question.prompts.layout(PromptMode.OCR, *question.picture.pixels))
    return Told(markdown=cleaned(answer.text), remark=_CUT_OFF if answer.is_cut_off else None)


def _box_by_box(question: _Question) -> Told:
    """The layout first, then the text in each of its boxes; the PDF's own in one that is not answered for."""
    told = _layout(question, PromptMode.LAYOUT_ONLY)
    texts = [n for n, element in enumerate(told.elements) if element.box is not None and element.category != "Picture"]
    unread: set[int] = set(texts[_MOST_BOXES:])
    reason = f"there are more than {_MOST_BOXES}"
    for number in texts[:_MOST_BOXES]:
        try:
            answer = question.ask(_about(question, told.elements[number]))
        except NoAnswer as error:
            unread.add(number)
            reason = str(error)
            if len(unread) == len(texts):
                raise
            continue
        told.elements[number] = replace(told.elements[number], text=cleaned(answer.text))
    if unread:
        told.remark = f"{len(unread)} of {len(texts)} parts of the page have the PDF's own text: {reason.rstrip('.')}."
    told.unread = unread
    return told


def _about(question: _Question, element: Element) -> str:
    assert element.box is not None
    (x0, y0, x1, y1), (across, down) = element.box, question.picture.scale
    box = (round(x0 / across), round(y0 / down), round(x1 / across), round(y1 / down))
    return question.prompts.box(*question.picture.pixels, box)
