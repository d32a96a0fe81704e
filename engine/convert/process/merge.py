"""Makes the outputs of a whole document from its checkpoints, and looks at what there is of it so far."""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from engine.base.disk import fsync_path
from engine.convert.formats import families
from engine.convert.formats.texts import MarkupConverter
from engine.convert.open.attachments import take_out
from engine.convert.open.beyondpages import attachments_told
from engine.convert.open.context import MergeContext
from engine.convert.open.document import Document
from engine.convert.page.notices import sentences
from engine.convert.process.checkpoints import HEAD, OUT, PAGES, Checkpoints
from engine.convert.read.bylayout import IMAGE_FOLDER
from engine.job.options import Attachments, ConvertOptions
from engine.job.warningkind import WarningKind
from engine.sandbox.capabilities import installed_tools
from engine.sandbox.protocol import ATTACHED, ATTACHED_LIST, MERGE_LIST, PAGE_REASONS, PAGE_SIZES

_MOST_WARNINGS = 1000


def merge_document(
    name: str,
    options: ConvertOptions,
    open_source: Callable[[], Document],
    on_page: Callable[[int], None],
    *,
    source: str = "",
    sha256: str = "",
    lasts: bool = True,
) -> tuple[list[str], list[WarningKind]]:
    """Write the outputs of a whole document and return warnings, and the kinds of those that have one.

    They are durable then, if they have to last.

    `open_source` opens the document, for what is made from it and not from the checkpoints. `on_page` hears the
    number of every page that is read, as often as it is, and that of the last one while files are made durable.
    `source` and `sha256` are what the outputs say of the source.
    """
    todo = json.loads(Path(MERGE_LIST).read_text(encoding="utf-8"))
    pages = Checkpoints([PAGES / c for c in todo["checkpoints"]], on_page)
    failed = {int(page): reason for page, reason in todo["failed"].items()}
    context = _merge_context(pages, failed, name, options)
    context.open, context.on_page = open_source, on_page
    context.source, context.sha256 = source, sha256
    for converter in families.converters(options):
        converter.merge(context)
    attached = _write_attached(context)
    with suppress(OSError):  # unless there are pictures in it
        (OUT / IMAGE_FOLDER).rmdir()
    Path(PAGE_SIZES).write_text(json.dumps(context.page_sizes), encoding="utf-8")
    Path(PAGE_REASONS).write_text(json.dumps(pages.reasons()), encoding="utf-8")
    for file in context.files if lasts else ():
        fsync_path(file)  # of a page's text, some milliseconds at the most, but there may be thousands
        on_page(max(context.head["page_count"], 1))
    for folder in {OUT, *(file.parent for file in context.files)} if lasts else ():
        fsync_path(folder)
    noticed = sentences(pages.notices())
    kinds = [*(kind for kind, _ in noticed), *[WarningKind.ATTACHMENTS] * len(attached)]
    warnings = [*(sentence for _, sentence in noticed), *attached, *pages.warnings(), *context.warnings]
    return warnings[:_MOST_WARNINGS], kinds


def _write_attached(document: MergeContext) -> list[str]:
    """Write down which files are attached, and take out those that are to be converted; returns warnings."""
    attached = document.attached
    written: dict[int, str] = {}
    warnings: list[str] = []
    if not attached:
        return []
    if document.options.attachments is Attachments.CONVERT:
        shutil.rmtree(ATTACHED, ignore_errors=True)
        source = document.open()
        try:
            written = take_out(source.pdf, document.options, Path(ATTACHED))
        finally:
            source.close()
        warnings = attachments_told(attached, written, portfolio=document.is_portfolio)
    entries = [{**file._asdict(), "file": written.get(place)} for place, file in enumerate(attached)]
    Path(ATTACHED_LIST).write_text(json.dumps(entries), encoding="utf-8")
    return warnings


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


def versions(options: ConvertOptions) -> dict[str, str]:
    """Of the libraries that decide what comes out, and of the plug-ins that were asked for."""
    plugins = {offer.distribution: offer.version for offer in options.plugins}
    return {**plugins, **library_versions()}


@cache
def library_versions() -> Mapping[str, str]:
    """Of the libraries, and of what reads scans; read once, since that takes as long as a small page."""
    found = {name: version(name) for name in ("hotfolio", "pymupdf", "pymupdf4llm", "onnxruntime", "pillow")}
    return found | installed_tools().versions


def _finished_so_far() -> Checkpoints:
    return Checkpoints(sorted(PAGES.glob("*.jsonl*")), lambda _: None)


def _merge_context(
    pages: Checkpoints,
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
