"""Markdown, text, JSON, HTML and chunks, all from one reading of the page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from engine.convert.formats import pictures as pageimage
from engine.convert.open.context import MergeContext, PageContext, Pages, Writer
from engine.convert.page.pagemodel import PageModel
from engine.convert.read import reading
from engine.convert.refine.steps import DocumentStep, document_steps
from engine.convert.write import refined, unrefined
from engine.convert.write.chunks import ChunkFile
from engine.convert.write.html import HtmlFile
from engine.job.options import ConvertOptions, Format

_SUFFIXES = {Format.CHUNKS: "chunks.jsonl"}
"""Of files that are not called after their format."""


class MarkupConverter:
    """Reads pages in the batch, writes the files in the merge."""

    def convert_page(self, page: PageContext) -> None:
        """Read the page, one way or another."""
        if page.options.text_formats:
            page.model = reading.read(page)
            if page.told is not None and Format.PDF in page.options.formats:
                reading.find_words(page)  # of which a vision model does not say where they are
        elif Format.PDF in page.options.formats:
            reading.recognize(page)

    def preview(self, document: MergeContext, file: Path) -> int:
        """Write the Markdown of the pages there are so far, as it would be if they were all; returns how many."""
        pages = sum(1 for _ in document.pages)
        steps = _prepared_steps(document, on_blocks=_is_refined(document.options))
        _write_markdown(document, _finished(document, steps), file)
        return pages

    def preview_page(self, document: MergeContext, number: int, file: Path) -> int:
        """Write one page's Markdown, with the heading levels that all pages there are so far give it.

        Returns 1, or 0 without a file if the page is neither there nor among the failed ones.
        """
        found: PageModel | None = None
        steps = _prepared_steps(document, on_blocks=_is_refined(document.options))
        for model in document.pages:
            for step in steps:
                step.apply(model)
            if model.number == number:
                found = model
        if found is None and number not in document.failed:
            return 0
        _write_markdown(document, iter([found or (number, document.failed[number])]), file)
        return 1

    def merge(self, document: MergeContext) -> None:
        """Write the files, holding one page in memory at a time."""
        prepared: dict[bool, list[DocumentStep]] = {}
        for formats in _passes(document.options):
            on_blocks = document.options.has_blocks(formats[0])
            if on_blocks not in prepared:
                prepared[on_blocks] = _prepared_steps(document, on_blocks=on_blocks)
            with ExitStack() as stack:
                outputs = list(_outputs(document, formats, stack))
                _write_all(outputs, _finished(document, prepared[on_blocks]))


def _is_refined(options: ConvertOptions) -> bool:
    """Whether there is nothing but refined pages."""
    return all(options.has_blocks(format_) for format_ in options.text_formats)


_Take = Callable[[int | None, bytes], object]
"""What takes the bytes that a page has come to; None for a page are those around the pages."""


def _passes(options: ConvertOptions) -> Iterator[tuple[Format, ...]]:
    """The formats that are written while the pages pass once.

    All that are made of blocks are; each of the others starts from fresh pages, since the library's renderers change
    the ones they are given.
    """
    together = tuple(format_ for format_ in options.text_formats if options.has_blocks(format_))
    if together:
        yield together
    texts = tuple(f for f in options.text_formats if f in _TEXTS and f not in together)
    if texts:
        yield texts
    for format_ in options.text_formats:
        if format_ not in (*together, *texts):
            yield (format_,)


_TEXTS = (Format.TXT, Format.PAGE_TXT)
"""One writer's text, in one file and in a file a page."""


def _outputs(
    document: MergeContext, formats: tuple[Format, ...], stack: ExitStack
) -> Iterator[tuple[Writer, list[_Take]]]:
    """Writers, and what takes the bytes of each."""
    texts = [format_ for format_ in formats if format_ in _TEXTS]
    if texts:
        takers = [_page_files(document) if f is Format.PAGE_TXT else _file(document, f, stack) for f in texts]
        yield _new_writer(document, Format.TXT), takers
    for format_ in formats:
        if format_ not in texts:
            yield _new_writer(document, format_), [_file(document, format_, stack)]


_REFINED: dict[Format, Callable[[MergeContext], Writer]] = {
    Format.MD: refined.MarkdownFile,
    Format.TXT: refined.TextFile,
    Format.JSON: refined.JsonFile,
    Format.HTML: HtmlFile,
    Format.CHUNKS: ChunkFile,
}
_UNREFINED: dict[Format, Callable[[MergeContext], Writer]] = {
    Format.MD: unrefined.MarkdownFile,
    Format.TXT: unrefined.TextFile,
    Format.JSON: unrefined.JsonFile,
}


def _new_writer(document: MergeContext, format_: Format) -> Writer:
    has_blocks = _is_refined(document.options) or document.options.has_blocks(format_)
    return (_REFINED if has_blocks else _UNREFINED)[format_](document)


def _file(document: MergeContext, format_: Format, stack: ExitStack) -> _Take:
    """Into one file; of the Markdown, how many bytes each page has come to is noted."""
    file = document.out / f"{document.stem}.{_SUFFIXES.get(format_, format_)}"
    stream = stack.enter_context(file.open("wb"))
    document.files.append(file)

    def take(number: int | None, data: bytes) -> None:
        stream.write(data)
        if number is not None and format_ is Format.MD:
            document.page_sizes[number] = len(data)

    return take


def _page_files(document: MergeContext) -> _Take:
    """Into a file for each page that has not failed."""
    folder = document.out / pageimage.FOLDER

    def take(number: int | None, data: bytes) -> None:
        if number is not None and number not in document.failed:
            folder.mkdir(exist_ok=True)
            file = folder / f"{number:04d}.{Format.TXT}"
            file.write_bytes(data)
            document.files.append(file)

    return take


def _write_markdown(document: MergeContext, pages: Pages, file: Path) -> None:
    with file.open("wb") as stream:
        _write_all([(_new_writer(document, Format.MD), [lambda _, data: stream.write(data)])], pages)


def _write_all(outputs: list[tuple[Writer, list[_Take]]], pages: Pages) -> None:
    """Have every writer write every page, as the pages pass once."""

    def hand_out(takers: list[_Take], number: int | None, text: str) -> None:
        data = text.encode("utf-8", "replace")
        for take in takers:
            take(number, data)

    for writer, takers in outputs:
        hand_out(takers, None, writer.begin())
    for page in pages:
        for writer, takers in outputs:
            if isinstance(page, tuple):
                hand_out(takers, page[0], writer.missing(*page))
            else:
                hand_out(takers, page.number, writer.page(page))
    for writer, takers in outputs:
        hand_out(takers, None, writer.end())


def _prepared_steps(document: MergeContext, *, on_blocks: bool) -> list[DocumentStep]:
    """The document steps after they have seen every page, each as the steps before it leave it."""
    steps = document_steps(document.options, on_blocks=on_blocks)
    for number, step in enumerate(steps):
        for model in document.pages:
            for earlier in steps[:number]:
                earlier.apply(model)
            step.observe(model)
    return steps


def _finished(document: MergeContext, steps: list[DocumentStep]) -> Pages:
    """The pages as they are to be written; for a failed one, its number and the reason."""
    failed = sorted(document.failed.items())
    for model in document.pages:
        while failed and failed[0][0] < model.number:
            yield failed.pop(0)
        for step in steps:
            step.apply(model)
        yield model
    yield from failed
