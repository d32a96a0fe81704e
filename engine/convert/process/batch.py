"""Runs the converters over a batch of pages, and makes the result durable."""

import json
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from engine.base.disk import fsync_path
from engine.convert.formats import families
from engine.convert.open.context import PageContext
from engine.convert.open.document import Document, one_line
from engine.convert.page.pagemodel import Remarks, to_line
from engine.convert.process.checkpoints import HEAD, OUT, PAGES
from engine.job.job import Checkpoint, PageResult, PageState
from engine.job.options import ConvertOptions
from engine.sandbox.protocol import PARTS
from engine.sandbox.shortage import SHORTAGE, Shortages, is_shortage


def write_head(document: Document, *, lasts: bool = True) -> None:
    """Write down what concerns the document as a whole; durable when it returns, if it `lasts`."""
    PAGES.mkdir(exist_ok=True)
    OUT.mkdir(exist_ok=True)
    Path(PARTS).mkdir(exist_ok=True)
    part = HEAD.with_suffix(".part")
    part.write_text(json.dumps(document.describe()), encoding="utf-8")
    if lasts:
        fsync_path(part)
    part.replace(HEAD)
    if lasts:
        fsync_path(Path())


def convert_batch(
    document: Document,
    pages: range,
    options: ConvertOptions,
    *,
    text_only: bool,
    on_start: Callable[[int], None],
    on_ocr: Callable[[int], None],
    on_done: Callable[[PageResult], None],
    lasts: Callable[[], bool] = lambda: True,
) -> None:
    """Convert pages (numbers from 1) and write their checkpoint; durable under its final name when it returns.

    It stays the file of an unfinished batch, and nothing is made durable, if it does not have to last in the end.

    A page's line is in the `.part` file before `on_done` is called for it, so a batch that dies half-way still
    leaves every page it had finished. Pages come in the order in which they are finished. Raises `MemoryError` when a
    page has wanted more memory than there is, finished without it or not: the process is not for another one.
    """
    Shortages.met = False
    checkpoint = Checkpoint(pages[0], pages[-1])
    part = PAGES / checkpoint.part
    written: list[Path] = []
    cwd = Path.cwd()
    with part.open("wb", buffering=0) as stream, ExitStack() as stack:
        contexts = (
            PageContext(
                document,
                number,
                options,
                text_only,
                OUT,
                lambda n=number: on_ocr(n),
                on_start=partial(on_start, number),
            )
            for number in pages
        )
        for context in stack.enter_context(closing(_begun(contexts, asks_model=options.asks_model and not text_only))):
            result = _convert_page(context, cwd)
            stream.write(to_line(result, context.model, _remarks(context)))
            written += context.files
            on_done(result)
            if Shortages.met:
                raise MemoryError(SHORTAGE)  # what this page has taken and left behind, the next ones would lack
        if not lasts():
            return
        os.fsync(stream.fileno())
    for file in written:
        fsync_path(file)
    part.replace(PAGES / checkpoint.file)
    for folder in {PAGES, *(file.parent for file in written)}:
        fsync_path(folder)


def _begun(pages: Iterator[PageContext], *, asks_model: bool) -> Generator[PageContext]:
    """Pages on which work has begun, ready to be converted: one after the other, or as a vision model answers."""
    if asks_model:
        from engine.convert.vlm.asking import asked

        yield from asked([*pages])
        return
    for page in pages:
        page.begin()
        yield page


def _remarks(page: PageContext) -> Remarks:
    return Remarks(page.warnings, page.why, dict(page.notices) if page.model is not None else {})


def _convert_page(page: PageContext, cwd: Path) -> PageResult:
    try:
        with ExitStack() as stack:
            # The library links pictures by their path from the working directory.
            os.chdir(page.out)
            stack.callback(os.chdir, cwd)
            inner, page.out = page.out, Path()
            for converter in families.converters(page.options):
                converter.convert_page(page)
            page.out = inner
            page.files = [inner / file for file in page.files]
    except OSError:
        raise  # the disk, not the page
    except Exception as error:
        if is_shortage(error):
            raise  # as plain text, and in a fresh process, it may need less
        page.state, page.via, page.error = PageState.FAILED, "none", f"{one_line(error)}"
        page.model, page.files = None, []
    seconds = time.perf_counter() - page.begun
    return PageResult(page.number, page.state, seconds, page.via, page.error)
