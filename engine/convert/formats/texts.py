"""Markdown, text, JSON, HTML and chunks, all from one reading of the page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from engine.convert.formats import pictures as pageimage
from engine.convert.open.context import MergeContext, PageContext, Pages, Writer
from engine.convert.page.pagemodel import PageModel
from engine.convert.plugins import entrypoints
from engine.convert.read import reading
from engine.convert.refine.steps import document_steps
from engine.job.formats import Format, Row, find
from engine.job.options import ConvertOptions
from engine.job.plugins import Seam

_HELD_BYTES = 8 << 20
"""Of checkpoints: the pages of a shorter document are held, in three to six times that much memory, and not read anew
for each step."""


class MarkupConverter:
    """Reads pages in the batch, writes the files in the merge."""

    def convert_page(self, page: PageContext) -> None:
        """Read the page, one way or another."""
        if page.options.text_formats:
            page.model = reading.read(page)
            if page.is_read_by_others and Format.PDF in page.options.formats and not page.ocr_words:
                reading.find_words(page)  # of which a vision model does not say where they are
        elif Format.PDF in page.options.formats:
            reading.recognize(page)

    def preview(self, document: MergeContext, file: Path) -> int:
        """Write the Markdown of the pages there are so far, as it would be if they were all; returns how many."""
        pages = sum(1 for _ in document.pages)
        prepared = _Prepared(document, on_blocks=_is_refined(document.options))
        _write_markdown(document, _finished(document, prepared), file)
        return pages

    def preview_page(self, document: MergeContext, number: int, file: Path) -> int:
        """Write one page's Markdown, with the heading levels that all pages there are so far give it.

        Returns 1, or 0 without a file if the page is neither there nor among the failed ones.
        """
        found: PageModel | None = None
        for model in _Prepared(document, on_blocks=_is_refined(document.options)):
            if model.number == number:
                found = model
        if found is None and number not in document.failed:
            return 0
        _write_markdown(document, iter([found or (number, document.failed[number])]), file)
        return 1

    def merge(self, document: MergeContext) -> None:
        """Write the files; of a long document, with one page in memory at a time."""
        prepared: dict[bool, _Prepared] = {}
        for writers in _passes(document):
            on_blocks = any(document.options.has_blocks(row.name) for rows in writers.values() for row in rows)
            if on_blocks not in prepared:
                prepared[on_blocks] = _Prepared(document, on_blocks=on_blocks)
            with ExitStack() as stack:
                outputs = [_Output(document, writer, rows, stack) for writer, rows in writers.items()]
                _write_all(outputs, _finished(document, prepared[on_blocks]))


def _is_refined(options: ConvertOptions) -> bool:
    """Whether there is nothing but refined pages."""
    return all(options.has_blocks(format_) for format_ in options.text_formats)


_NewWriter = Callable[[MergeContext], Writer]
_Take = Callable[[int | None, bytes], object]
"""What takes the bytes that a page has come to; None for a page are those around the pages."""


def _passes(document: MergeContext) -> Iterator[dict[_NewWriter, list[Row]]]:
    """The formats that are written while the pages pass once, by their writer, which some of them share.

    All that are made of blocks are; each of the others starts from fresh pages, since the library's renderers change
    the ones they are given.
    """
    together: dict[_NewWriter, list[Row]] = {}
    alone: dict[_NewWriter, list[Row]] = {}
    for row in filter(None, map(find, document.options.text_formats)):
        found = together if document.options.has_blocks(row.name) else alone
        found.setdefault(_writer(document, row.name), []).append(row)
    if together:
        yield together
    for writer, rows in alone.items():
        yield {writer: rows}


def _writer(document: MergeContext, format_: str) -> _NewWriter:
    """What makes the writer of a text format: of blocks, or the library's where pages are not refined."""
    writer: _NewWriter = entrypoints.load(Seam.FORMAT, format_)
    if _is_refined(document.options) or document.options.has_blocks(format_):
        return writer
    unrefined: _NewWriter | None = getattr(writer, "unrefined", None)
    return unrefined or writer


class _Output:
    """One writer, and the files of the formats that are made of its text.

    What a plug-in's writer raises ends its files, with a warning, and no others.
    """

    def __init__(self, document: MergeContext, writer: _NewWriter, rows: list[Row], stack: ExitStack) -> None:
        self._document = document
        self._offer = rows[0].offer
        self._files: list[Path] = []
        self._takers = [self._page_files(row) if row.is_paged else self._file(row, stack) for row in rows]
        self._writer: Writer | None = None
        self._attempt(lambda: self._begin(writer(document)))

    def page(self, page: PageModel | tuple[int, str]) -> None:
        """Write one more page, or what stands for one that failed."""
        if self._writer is not None:
            self._attempt(partial(self._page, self._writer, page))

    def end(self) -> None:
        """Write what comes after the last page."""
        if self._writer is not None:
            self._attempt(partial(self._end, self._writer))

    def _begin(self, writer: Writer) -> None:
        self._writer = writer
        self._hand_out(None, writer.begin())

    def _page(self, writer: Writer, page: PageModel | tuple[int, str]) -> None:
        if isinstance(page, tuple):
            self._hand_out(page[0], writer.missing(*page))
        else:
            self._hand_out(page.number, writer.page(page))

    def _end(self, writer: Writer) -> None:
        self._hand_out(None, writer.end())

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError:
            raise  # the disk, as a rule
        except Exception as error:
            if self._offer.is_own:
                raise
            self._writer = None
            self._document.warnings.append(
                f"{entrypoints.failed(self._offer, 'is missing, since it has failed', error)}."
            )
            for file in self._files:
                file.unlink(missing_ok=True)
                self._document.files.remove(file)

    def _hand_out(self, number: int | None, text: str) -> None:
        data = _bytes(text)
        for take in self._takers:
            take(number, data)

    def _file(self, row: Row, stack: ExitStack) -> _Take:
        """Into one file; of the Markdown, how many bytes each page has come to is noted."""
        file = self._document.out / f"{self._document.stem}.{row.suffix}"
        stream = stack.enter_context(file.open("wb"))
        self._made(file)

        def take(number: int | None, data: bytes) -> None:
            stream.write(data)
            if number is not None and row.name == Format.MD:
                self._document.page_sizes[number] = len(data)

        return take

    def _page_files(self, row: Row) -> _Take:
        """Into a file for each page that has not failed."""
        folder = self._document.out / pageimage.FOLDER

        def take(number: int | None, data: bytes) -> None:
            if number is not None and number not in self._document.failed:
                folder.mkdir(exist_ok=True)
                file = folder / f"{number:04d}.{row.suffix}"
                file.write_bytes(data)
                self._made(file)

        return take

    def _made(self, file: Path) -> None:
        self._files.append(file)
        self._document.files.append(file)


def _write_markdown(document: MergeContext, pages: Pages, file: Path) -> None:
    """Write the pages' Markdown into a file that is no output."""
    writer = _writer(document, Format.MD)(document)
    with file.open("wb") as stream:
        stream.write(_bytes(writer.begin()))
        for page in pages:
            stream.write(_bytes(writer.missing(*page) if isinstance(page, tuple) else writer.page(page)))
        stream.write(_bytes(writer.end()))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _write_all(outputs: list[_Output], pages: Pages) -> None:
    """Have every output get every page, as the pages pass once."""
    for page in pages:
        for output in outputs:
            output.page(page)
    for output in outputs:
        output.end()


class _Prepared:
    """The pages as the document steps leave them, which have seen every page, each as the steps before it leave it."""

    def __init__(self, document: MergeContext, *, on_blocks: bool) -> None:
        self._document = document
        self._steps = document_steps(
            document.options,
            document.outline,
            document.title,
            document.form,
            by_tex=document.is_by_tex,
            on_blocks=on_blocks,
        )
        self._held: list[PageModel] | None = None
        if document.pages.size <= _HELD_BYTES:
            self._held = [*document.pages]
            for step in self._steps:
                for model in self._held:
                    step.observe(model)
                for model in self._held:
                    step.apply(model)
            return
        for number, step in enumerate(self._steps):
            for model in document.pages:
                for earlier in self._steps[:number]:
                    earlier.apply(model)
                step.observe(model)

    def __iter__(self) -> Iterator[PageModel]:
        """Pages that nobody has changed since; what is held is given out once."""
        held, self._held = self._held, None
        if held is not None:
            yield from held
            return
        for model in self._document.pages:
            for step in self._steps:
                step.apply(model)
            yield model


def _finished(document: MergeContext, prepared: _Prepared) -> Pages:
    """The pages as they are to be written; for a failed one, its number and the reason."""
    failed = sorted(document.failed.items())
    for model in prepared:
        while failed and failed[0][0] < model.number:
            yield failed.pop(0)
        if model.refined is not None:
            model.refined.show()
        yield model
    yield from failed
