"""One side of the OCR benchmark: `python -m benchmarks.ocrsubject rapidocr|tesseract|library FOLDER`.

Prints the share of words found on the worst page, how well they are in order over all, and the time of a page; nothing
where the engine is not installed.
"""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.answers import Answers


def scans() -> Iterator[tuple[str, Any]]:
    """The text and the document of each page."""
    from PIL import Image

    from tests.engine.convert.scans import noisy, photographed, printed, prose, scan

    for size, words in ((11.0, 75), (9.0, 110)):
        text = prose(words)
        plain = photographed(printed(text, size=size))
        yield text, scan(plain)
        for turn in (90, 180, 270):
            yield text, scan(plain.rotate(-turn, expand=True))
        yield text, scan(plain.rotate(90, expand=True), rotate=90)
        for angle in (-8.0, 3.0):
            yield text, scan(plain.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255))
        yield text, scan(noisy(plain, white=235, black=20, noise=18), quality=30)
        yield text, scan(noisy(plain, white=170, black=60, noise=8))
        yield text, scan(plain.point(lambda value: 255 if value > 128 else 0))
        yield text, scan(photographed(printed(text, columns=2, size=size)))


def ours(engine: str) -> Callable[[Any, Path], list[str]]:
    """How a page is read by us."""
    from tests.engine.convert.scans import read

    return lambda document, folder: read(document, folder, ocr_engine=engine)[1]


def library(document: Any, folder: Path) -> list[str]:
    """How a page is read by the library alone."""
    import pymupdf4llm

    file = folder / "scan.pdf"
    document.save(file)
    with contextlib.redirect_stdout(io.StringIO()):
        return [str(pymupdf4llm.to_markdown(str(file), header=True, footer=True))]


def main() -> None:
    """Entry point."""
    engine, folder = sys.argv[1], Path(sys.argv[2])
    answers = Answers()
    from engine.convert.process import runtime
    from engine.sandbox.stages import Stage

    runtime.load(Stage.OCR)
    from engine.sandbox.capabilities import installed_tools

    tools = installed_tools()
    is_there = {"rapidocr": tools.rapidocr, "tesseract": tools.tesseract, "library": tools.rapidocr}
    if not is_there[engine]:
        answers.say(None)
        return
    from tests.engine.convert.scans import order, recall

    folder.mkdir(parents=True, exist_ok=True)
    read = library if engine == "library" else ours(engine)
    pages = list(scans())
    read(pages[0][1], folder)
    found, in_order, seconds = [], [], 0.0
    for text, document in pages:
        started = _processor_s()
        blocks = read(document, folder)
        seconds += _processor_s() - started
        found.append(recall(text, blocks))
        in_order.append(order(text, blocks))
    answers.say(
        {
            "pages": len(pages),
            "worst": min(found),
            "order": sum(in_order) / len(pages),
            "seconds": seconds / len(pages),
        }
    )


def _processor_s() -> float:
    """Of this process and those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
