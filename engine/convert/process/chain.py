"""Runs the converters over a batch of pages, and over a whole document, and makes the result durable."""

import json
import os
import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO

from engine.base.disk import fsync_path
from engine.convert.formats.pictures import PageImageConverter
from engine.convert.formats.searchablepdf import SearchablePdfConverter
from engine.convert.formats.texts import MarkupConverter
from engine.convert.open.context import Converter, MergeContext, PageContext
from engine.convert.open.document import Document, one_line
from engine.convert.page.pagemodel import PageModel, Remarks, from_line, result_of, to_line
from engine.job.job import Checkpoint, PageResult, PageState
from engine.job.options import ConvertOptions
from engine.sandbox.capabilities import installed_tools
from engine.sandbox.protocol import MERGE_LIST, PAGE_REASONS, PAGE_SIZES, PARTS

OUT = Path("out")
PAGES = Path("pages")
HEAD = Path("document.json")
_MOST_WARNINGS = 1000
_LINE = re.compile(rb'\{"page": (\d+), "state": "(\w+)"')
"""How a line of a checkpoint begins; see `pagemodel.to_line`."""
_RANKS = {b"failed": 0, b"text_only": 1}
"""Of states of a page; the others are better."""


def converters() -> list[Converter]:
    """One of each family. Pictures come first, while nothing has changed the page."""
    return [PageImageConverter(), MarkupConverter(), SearchablePdfConverter()]


def write_head(document: Document) -> None:
    """Write down what concerns the document as a whole; durable when it returns."""
    PAGES.mkdir(exist_ok=True)
    OUT.mkdir(exist_ok=True)
    Path(PARTS).mkdir(exist_ok=True)
    part = HEAD.with_suffix(".part")
    part.write_text(json.dumps(document.describe()), encoding="utf-8")
    fsync_path(part)
    part.replace(HEAD)
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
) -> None:
    """Convert pages (numbers from 1) and write their checkpoint; durable under its final name when it returns.

    A page's line is in the `.part` file before `on_done` is called for it, so a batch that dies half-way still
    leaves every page it had finished. Pages come in the order in which they are finished.
    """
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
            stream.write(to_line(result, context.model, Remarks(context.warnings, context.why)))
            written += context.files
            on_done(result)
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


def merge_document(
    name: str,
    options: ConvertOptions,
    open_source: Callable[[], Document],
    on_page: Callable[[int], None],
    *,
    source: str = "",
    sha256: str = "",
) -> list[str]:
    """Write the outputs of a whole document and return warnings; durable when it returns.

    `open_source` opens the document, for what is made from it and not from the checkpoints. `on_page` hears the
    number of every page that is read, as often as it is, and that of the last one while files are made durable.
    `source` and `sha256` are what the outputs say of the source.
    """
    todo = json.loads(Path(MERGE_LIST).read_text(encoding="utf-8"))
    pages = _Checkpoints([PAGES / c for c in todo["checkpoints"]], on_page)
    failed = {int(page): reason for page, reason in todo["failed"].items()}
    context = _merge_context(pages, failed, name, options)
    context.open, context.on_page = open_source, on_page
    context.source, context.sha256 = source, sha256
    for converter in converters():
        converter.merge(context)
    Path(PAGE_SIZES).write_text(json.dumps(context.page_sizes), encoding="utf-8")
    Path(PAGE_REASONS).write_text(json.dumps(pages.reasons()), encoding="utf-8")
    for file in context.files:
        fsync_path(file)  # of a page's text, some milliseconds at the most, but there may be thousands
        on_page(max(context.head["page_count"], 1))
    for folder in {OUT, *(file.parent for file in context.files)}:
        fsync_path(folder)
    return (pages.warnings() + context.warnings)[:_MOST_WARNINGS]


def preview_document(name: str, options: ConvertOptions, file: Path) -> int:
    """Write the Markdown of the pages finished so far to `file`; returns how many pages that are."""
    return MarkupConverter().preview(_merge_context(_finished_so_far(), {}, name, options), file)


def preview_page(name: str, options: ConvertOptions, file: Path, page: int, failure: str | None) -> int:
    """Write the Markdown of one page to `file`, as it is so far; returns 0 if there is none yet, else 1.

    `failure` is why the page has failed, where that is known from elsewhere than its checkpoint.
    """
    pages = _finished_so_far()
    failure = failure or pages.failure(page)
    failed = {} if failure is None else {page: failure}
    return MarkupConverter().preview_page(_merge_context(pages, failed, name, options), page, file)


def versions() -> dict[str, str]:
    """Of the libraries that decide what comes out."""
    found = {name: version(name) for name in ("hotfolio", "pymupdf", "pymupdf4llm", "onnxruntime", "pillow")}
    return found | installed_tools().versions


def _finished_so_far() -> "_Checkpoints":
    return _Checkpoints(sorted(PAGES.glob("*.jsonl*")), lambda _: None)


def _merge_context(
    pages: "_Checkpoints",
    failed: dict[int, str],
    name: str,
    options: ConvertOptions,
) -> MergeContext:
    return MergeContext(
        head=json.loads(HEAD.read_text(encoding="utf-8")),
        stem=OUT.joinpath(name).stem,
        name=name,
        options=options,
        out=OUT,
        pages=pages,
        failed=failed,
    )


class _Checkpoints:
    """Pages from checkpoint files, in the order of the pages; of a page converted twice, the time it went better."""

    def __init__(self, files: list[Path], on_page: Callable[[int], None]) -> None:
        self._on_page = on_page
        self._remarks: dict[int, Remarks] | None = None
        self._lines: dict[int, tuple[Path, int]] = {}  # page to file and offset
        ranks: dict[int, int] = {}
        for file in files:
            with _open_checkpoint(file) as stream:
                offset = 0
                for line in stream:
                    found = _LINE.match(line)
                    if found is None or not line.endswith(b"\n"):
                        break  # a file that is still being written
                    page = int(found[1])
                    if (rank := _RANKS.get(found[2], 2)) >= ranks.get(page, 0):
                        self._lines[page], ranks[page] = (file, offset), rank
                    offset += len(line)
                    on_page(page)

    @property
    def numbers(self) -> list[int]:
        """The pages that are here, in order."""
        return sorted(self._lines)

    def __iter__(self) -> Iterator[PageModel]:
        found: dict[int, Remarks] = {}
        with ExitStack() as stack:
            current: tuple[Path, IO[bytes]] | None = None
            for page, (file, offset) in sorted(self._lines.items()):
                if current is None or current[0] != file:
                    stack.close()
                    current = (file, stack.enter_context(_open_checkpoint(file)))
                current[1].seek(offset)
                model, found[page] = from_line(current[1].readline())
                self._on_page(page)
                if model is not None:
                    yield model
        self._remarks = found

    def failure(self, page: int) -> str | None:
        """Why a page has failed; None if it has not, or is not here."""
        if page not in self._lines:
            return None
        file, offset = self._lines[page]
        with _open_checkpoint(file) as stream:
            stream.seek(offset)
            result = result_of(stream.readline())
        return (result.error or "unknown") if result.state is PageState.FAILED else None

    def warnings(self) -> list[str]:
        """What the pages had to say, in their order."""
        return [warning for remarks in self._all_remarks().values() for warning in remarks.warnings]

    def reasons(self) -> dict[int, str]:
        """Why pages were read the way they were."""
        return {page: remarks.why[:300] for page, remarks in self._all_remarks().items() if remarks.why}

    def _all_remarks(self) -> dict[int, Remarks]:
        while self._remarks is None:  # no converter has read them to the end
            for _ in self:
                pass
        return self._remarks


def _open_checkpoint(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except FileNotFoundError:
        # Seen while it was written, and finished since.
        return file.with_name(file.name.removesuffix(".part")).open("rb")


def _convert_page(page: PageContext, cwd: Path) -> PageResult:
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
    seconds = time.perf_counter() - page.begun
    return PageResult(page.number, page.state, seconds, page.via, page.error)
