"""Runs the converters over a batch of pages, and over a whole document, and makes the result durable."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import IO

from engine.convert.base import Converter, MergeContext, PageContext
from engine.convert.document import Document, one_line
from engine.convert.markup import MarkupConverter
from engine.convert.pageimage import PageImageConverter
from engine.convert.pagemodel import PageModel, from_line, to_line
from engine.job import Checkpoint, PageResult, PageState
from engine.options import ConvertOptions

OUT = Path("out")
PAGES = Path("pages")
HEAD = Path("document.json")
PREVIEW = Path("preview.md")


def converters() -> list[Converter]:
    """One of each family. Pictures come first, while nothing has changed the page."""
    return [PageImageConverter(), MarkupConverter()]


def write_head(document: Document) -> None:
    """Write down what concerns the document as a whole; durable when it returns."""
    PAGES.mkdir(exist_ok=True)
    OUT.mkdir(exist_ok=True)
    part = HEAD.with_suffix(".part")
    part.write_text(json.dumps(document.describe()), encoding="utf-8")
    _fsync(part)
    part.replace(HEAD)


def convert_batch(
    document: Document,
    pages: range,
    options: ConvertOptions,
    *,
    text_only: bool,
    on_start: Callable[[int], None],
    on_ocr: Callable[[int], None],
    on_done: Callable[[PageResult], None],
) -> None:
    """Convert pages (numbers from 1) and write their checkpoint; durable under its final name when it returns.

    A page's line is in the `.part` file before `on_done` is called for it, so a batch that dies half-way still
    leaves every page it had finished.
    """
    checkpoint = Checkpoint(pages[0], pages[-1])
    part = PAGES / checkpoint.part
    written: list[Path] = []
    cwd = Path.cwd()
    with part.open("wb", buffering=0) as stream:
        for number in pages:
            on_start(number)
            context = PageContext(document, number, options, text_only, OUT, lambda n=number: on_ocr(n))
            result = _convert_page(context, cwd)
            stream.write(to_line(result, context.model, context.warnings))
            written += context.files
            on_done(result)
        os.fsync(stream.fileno())
    for file in written:
        _fsync(file)
    part.replace(PAGES / checkpoint.file)
    for folder in {PAGES, *(file.parent for file in written)}:
        _fsync(folder)


def merge_document(
    checkpoints: Iterable[str],
    failed: dict[int, str],
    name: str,
    options: ConvertOptions,
    on_page: Callable[[int], None],
) -> list[str]:
    """Write the outputs of a whole document and return warnings; durable when it returns."""
    pages = _Checkpoints([PAGES / c for c in checkpoints])
    context = _merge_context(pages, failed, name, options, on_page)
    for converter in converters():
        converter.merge(context)
    for file in context.files:
        _fsync(file)
    _fsync(OUT)
    return pages.warnings() + context.warnings


def preview_document(checkpoints: Iterable[str], name: str, options: ConvertOptions) -> int:
    """Write the Markdown of the pages finished so far to `preview.md`; returns how many pages that are."""
    context = _merge_context(_Checkpoints([PAGES / c for c in checkpoints]), {}, name, options, lambda _: None)
    return MarkupConverter().preview(context, PREVIEW)


def versions() -> dict[str, str]:
    """Of the libraries that decide what comes out."""
    return {name: version(name) for name in ("hotfolio", "pymupdf", "pymupdf4llm", "onnxruntime", "pillow")}


def _open_checkpoint(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except FileNotFoundError:
        # Seen while it was written, and finished since.
        return file.with_name(file.name.removesuffix(".part")).open("rb")


def _merge_context(
    pages: "_Checkpoints",
    failed: dict[int, str],
    name: str,
    options: ConvertOptions,
    on_page: Callable[[int], None],
) -> MergeContext:
    return MergeContext(
        head=json.loads(HEAD.read_text(encoding="utf-8")),
        stem=OUT.joinpath(name).stem,
        name=name,
        options=options,
        out=OUT,
        pages=pages,
        failed=failed,
        on_page=on_page,
    )


class _Checkpoints:
    """Pages from checkpoint files, in the order of the files."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._warnings: list[str] | None = None

    def __iter__(self) -> Iterator[PageModel]:
        found: list[str] = []
        for file in self._files:
            with _open_checkpoint(file) as stream:
                for line in stream:
                    if not line.endswith(b"\n"):
                        break  # a file that is still being written
                    model, warnings = from_line(line)
                    found += warnings
                    if model is not None:
                        yield model
        self._warnings = found

    def warnings(self) -> list[str]:
        """What the pages had to say, in their order."""
        while self._warnings is None:  # no converter has read them to the end
            for _ in self:
                pass
        return self._warnings


def _convert_page(page: PageContext, cwd: Path) -> PageResult:
    started = time.perf_counter()
    try:
        with ExitStack() as stack:
            # The library links pictures by their path from the working directory.
            os.chdir(page.out)
            stack.callback(os.chdir, cwd)
            inner, page.out = page.out, Path()
            for converter in converters():
                converter.convert_page(page)
            page.out = inner
            page.files = [inner / file for file in page.files]
    except OSError:
        raise  # the disk, not the page
    except Exception as error:  # noqa: BLE001 - whatever a page does, the next one gets its turn
        page.state, page.via, page.error = PageState.FAILED, "none", f"{one_line(error)}"
        page.model, page.files = None, []
    seconds = time.perf_counter() - started
    return PageResult(page.number, page.state, seconds, page.via, page.error)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
