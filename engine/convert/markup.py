"""Markdown, text and JSON, all three from one reading of the page."""

from collections.abc import Callable
from pathlib import Path
from typing import IO

from engine.convert import reading, refined, unrefined
from engine.convert.base import MergeContext, PageContext, Pages
from engine.convert.pagemodel import PageModel
from engine.convert.steps import DocumentStep, document_steps
from engine.options import ConvertOptions, Format

_Write = Callable[[MergeContext, Pages, IO[str]], None]


class MarkupConverter:
    """Reads pages in the batch, writes the files in the merge."""

    def convert_page(self, page: PageContext) -> None:
        """Read the page, one way or another."""
        if not page.options.text_formats:
            return
        page.model = reading.read(page)

    def preview(self, document: MergeContext, file: Path) -> int:
        """Write the Markdown of the pages there are so far, as it would be if they were all; returns how many."""
        steps = _prepared_steps(document)
        pages = sum(1 for _ in document.pages)
        with _open(file) as stream:
            _writers(document.options)[Format.MD](document, _finished(document, steps), stream)
        return pages

    def preview_page(self, document: MergeContext, number: int, file: Path) -> int:
        """Write one page's Markdown, with the heading levels that all pages there are so far give it.

        Returns 1, or 0 without a file if the page is neither there nor among the failed ones.
        """
        found: PageModel | None = None
        steps = _prepared_steps(document)
        for model in document.pages:
            for step in steps:
                step.apply(model)
            if model.number == number:
                found = model
        if found is None and number not in document.failed:
            return 0
        with _open(file) as stream:
            pages: Pages = iter([found or (number, document.failed[number])])
            _writers(document.options)[Format.MD](document, pages, stream)
        return 1

    def merge(self, document: MergeContext) -> None:
        """Write the files, holding one page in memory at a time."""
        formats = document.options.text_formats
        if not formats:
            return
        steps = _prepared_steps(document)
        writers = _writers(document.options)
        for format_ in formats:
            file = document.out / f"{document.stem}.{format_}"
            with _open(file) as stream:
                # Every format starts from fresh pages: the library's renderers change the ones they are given.
                writers[format_](document, _finished(document, steps), stream)
            document.files.append(file)


def _open(file: Path) -> IO[str]:
    return file.open("w", encoding="utf-8", errors="replace", newline="")


def _writers(options: ConvertOptions) -> dict[Format, _Write]:
    module = refined if options.is_refined else unrefined
    return {Format.MD: module.write_markdown, Format.TXT: module.write_text, Format.JSON: module.write_json}


def _prepared_steps(document: MergeContext) -> list[DocumentStep]:
    """The document steps after they have seen every page, each as the steps before it leave it."""
    steps = document_steps(document.options)
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
