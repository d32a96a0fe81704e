"""Converts a document in this process, the way a conversion process does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.convert.open.context import OcrWord, PageContext
from engine.convert.open.document import Document, open_document
from engine.convert.process.batch import convert_batch, write_head
from engine.convert.process.merge import merge_document
from engine.convert.read import reading
from engine.job.job import Checkpoint, PageResult, PageState
from engine.job.options import ConvertOptions
from engine.job.warningkind import WarningKind
from engine.sandbox.protocol import MERGE_LIST

Words = dict[int, list[OcrWord]]
"""What OCR reads, by the numbers of pages."""


@dataclass
class Converted:
    """What came of a document."""

    out: Path
    results: list[PageResult]
    warnings: list[str]
    """Of the merge."""
    kinds: list[WarningKind]
    """Of all warnings that have one."""


@dataclass
class Conversion:
    """A document in a job's folder, which is the working directory."""

    folder: Path
    patch: pytest.MonkeyPatch
    name: str = "a.pdf"

    def run(
        self,
        data: bytes,
        *,
        words: Words | None = None,
        password: str | None = None,
        pages: list[int] | None = None,
        before_merge: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> Converted:
        """Convert and merge; with `words`, they are what OCR reads. `pages` are those there are checkpoints of."""
        Path("source.pdf").write_bytes(data)
        asked = ConvertOptions(**{"ocr": "never", **options})
        if words is not None:
            self.patch.setattr(reading, "recognize", lambda page: _recognize(page, words))

        def opened() -> Document:
            return open_document(Path("source.pdf"), self.name, asked, password)

        document = opened()
        results: list[PageResult] = []
        checkpoints = []
        write_head(document)
        opening = document.kinds
        for number in pages or range(1, document.page_count + 1):
            convert_batch(
                document,
                range(number, number + 1),
                asked,
                text_only=False,
                on_start=lambda _: None,
                on_ocr=lambda _: None,
                on_done=results.append,
            )
            checkpoints.append(Checkpoint(number, number).file)
        document.close()
        failed = {result.page: result.error for result in results if result.state is PageState.FAILED}
        Path(MERGE_LIST).write_text(json.dumps({"checkpoints": checkpoints, "failed": failed}))
        before_merge()
        warnings, kinds = merge_document(self.name, asked, opened, lambda _: None)
        return Converted(self.folder / "out", results, warnings, [*opening, *kinds])


@pytest.fixture
def conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conversion:
    """Works in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Conversion(tmp_path, monkeypatch)


def _recognize(page: PageContext, words: Words) -> None:
    if page.number in words:
        page.ocr_words = list(words[page.number])
        page.state, page.via = PageState.OCR, "ocr"
