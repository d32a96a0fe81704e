"""Pages as plain text, without a layout."""

from pathlib import Path
from typing import Any

import pymupdf
import pytest

from engine.convert.open.context import PageContext
from engine.convert.open.document import open_document
from engine.convert.read import reading
from engine.job.job import PageState
from engine.job.options import ConvertOptions


@pytest.mark.parametrize(
    ("refine", "squares", "looks_for_lines"), [(True, 0, False), (False, 0, True), (False, 2100, False)]
)
def test_lines_through_text_are_looked_for_only_where_the_library_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refine: bool, squares: int, looks_for_lines: bool
) -> None:
    with pymupdf.open() as made:
        made.new_page().insert_text((72, 72), "Some words.")
        content = made[0].get_contents()[0]
        made.update_stream(content, made.xref_stream(content) + b" 9 9 3 3 re f" * squares)
        made.save(tmp_path / "a.pdf")
    asked: list[int] = []
    get_text = pymupdf.Page.get_text

    def noting(page: pymupdf.Page, option: str = "text", **more: Any) -> Any:
        asked.append(more.get("flags", 0))
        return get_text(page, option, **more)

    monkeypatch.setattr(pymupdf.Page, "get_text", noting)
    options = ConvertOptions(formats=("md",), refine=refine)
    document = open_document(tmp_path / "a.pdf", "a.pdf", options, None)
    page = PageContext(document, 1, options, True, tmp_path, lambda: None)
    model = reading.read(page)
    document.close()
    assert page.state is PageState.TEXT_ONLY
    assert any(flags & pymupdf.TEXT_COLLECT_STYLES for flags in asked) is looks_for_lines
    assert (model.refined is not None) is refine
