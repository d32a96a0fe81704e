"""Looks up what a page's content stream refers to by name (PDF 32000-1, 7.8.3)."""

import re
from collections.abc import Iterable
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.tags.markedcontent import scan

_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_DEPTH = 8
"""How deep forms are looked for in forms."""


class PageResources:
    """The resources of a page, which it may have from the node of the page tree it is in."""

    def __init__(self, page: pymupdf.Page) -> None:
        self._document: pymupdf.Document = page.parent
        pdf = pymupdf._as_pdf_document(self._document).m_internal
        number = page.xref
        self._page = mupdf.ll_pdf_lookup_page_obj(pdf, page.number) if number else None
        self._seen: set[int] = set()

    def mcid(self, name: bytes) -> int | None:
        """The marked-content identifier in a property list."""
        properties = _get(self._resources(self._page), "Properties")
        found = _get(_get(properties, _decoded(name)), "MCID")
        return mupdf.ll_pdf_to_int(found) if found and mupdf.ll_pdf_is_int(found) else None

    def text_in_forms(self, names: Iterable[bytes]) -> int:
        """How much text is in these XObjects, as far as they are forms, in bytes of its strings; each counts once.

        Raises `ValueError` as `scan` does.
        """
        return self._text(_get(self._resources(self._page), "XObject"), names, _DEPTH)

    def _text(self, objects: Any, names: Iterable[bytes], depth: int) -> int:
        total = 0
        for name in names:
            form = _get(objects, _decoded(name))
            number = mupdf.ll_pdf_to_num(form) if form else 0
            subtype = _get(form, "Subtype")
            if not number or number in self._seen or not subtype or mupdf.ll_pdf_to_name(subtype) != "Form":
                continue
            self._seen.add(number)
            content = scan(self._document.xref_stream(number) or b"", lambda _: None)
            total += content.unmarked + sum(content.marked.values())
            if depth:
                total += self._text(_get(_get(form, "Resources"), "XObject"), content.unmarked_objects, depth - 1)
        return total

    @staticmethod
    def _resources(page: Any) -> Any:
        return mupdf.ll_pdf_dict_get_inheritable(page, pymupdf.PDF_NAME("Resources").m_internal) if page else None


def _get(dictionary: Any, name: str) -> Any:
    return mupdf.ll_pdf_dict_gets(dictionary, name) if dictionary else None


def _decoded(name: bytes) -> str:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), name).decode("latin-1")
