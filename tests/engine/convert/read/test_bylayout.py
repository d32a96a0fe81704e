"""What the layout model is asked for of pages with many graphics."""

from typing import Any

import pymupdf
import pytest
from pymupdf.layout import pymupdf_util_base

from tests.engine.convert.converting import Conversion
from tests.engine.convert.converting import conversion as conversion


def _plot(squares: int) -> bytes:
    """A scatter plot between two lines of text."""
    pdf = pymupdf.open()
    page = pdf.new_page()
    page.insert_text((72, 60), "Above the plot stands a line of text.")
    page.insert_text((72, 700), "Below the plot stands another line of text.")
    drawn = " ".join(f"{72 + 7 * (n % 60)} {200 + 7 * (n // 60)} 3 3 re f" for n in range(squares))
    content = page.get_contents()[-1]
    pdf.update_stream(content, pdf.xref_stream(content) + b"\n" + drawn.encode())
    return bytes(pdf.tobytes())


@pytest.mark.parametrize(
    ("squares", "refine", "segments"), [(10, True, True), (300, True, False), (10, False, True), (300, False, True)]
)
def test_a_page_of_many_graphics_is_not_cut_into_segments(
    conversion: Conversion, monkeypatch: pytest.MonkeyPatch, *, squares: int, refine: bool, segments: bool
) -> None:
    asked: list[int] = []

    def noting(page: pymupdf.Page, flags: int) -> Any:
        asked.append(flags)
        return page.get_textpage(flags=flags & ~pymupdf.TEXT_SEGMENT)

    monkeypatch.setattr(pymupdf_util_base, "create_stext_page", noting)
    converted = conversion.run(_plot(squares), formats=("md",), refine=refine)

    assert [bool(flags & pymupdf.TEXT_SEGMENT) for flags in asked] == [segments] * len(asked) != []
    assert pymupdf_util_base.create_stext_page is noting
    assert not refine or (converted.out / "a.md").read_text().count("line of text.") == 2
