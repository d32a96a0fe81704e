"""The files attached to a PDF: by the name tree of the document, as associated with it, and by annotations on pages.

PyMuPDF's `embfile_names` sees those alone that the root of the tree names; where there are many, they are below it
(PDF 32000-1, 7.9.6).
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.page.attachedfile import AttachedFile
from engine.convert.text.glyphs.characters import readable
from engine.job.kinds import HEAD, kind_of
from engine.job.options import ConvertOptions

_MOST = 1000
_MOST_NODES = 10_000
_MOST_OF_A_PAGE, _MOST_ANNOTATIONS = 1000, 200_000
"""Annotations that are looked at: a second for all."""
_MOST_SPECIFICATIONS = 20 * _MOST
"""Looked at; many may be of one file."""
_MOST_OUT = 100
_MOST_BYTES = 2 << 30
"""Of all that is taken out of one document."""
_LONGEST_NAME = 300
_TYPES = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
"""What names stand for where the document does not say; the system's own list cannot be read here."""


def find_attachments(pdf: pymupdf.Document) -> list[AttachedFile]:
    """The files attached to a document, at most 1,000. Raises whatever MuPDF raises."""
    return [_described(specification) for specification in _specifications(pdf)]


def take_out(pdf: pymupdf.Document, options: ConvertOptions, folder: Path) -> dict[int, str]:
    """Write the attached files of accepted kinds into a folder; their names there, by their places in the list.

    Of the others nothing is written; nor of those that cannot be read, or are too many or too large together.
    """
    folder.mkdir()
    written: dict[int, str] = {}
    left = _MOST_BYTES
    for place, specification in enumerate(_specifications(pdf)):
        if len(written) == _MOST_OUT:
            break
        data = _content(specification)
        if not 0 < len(data) <= left or kind_of(_described(specification).name, data[:HEAD]) not in options.accept:
            continue
        written[place] = f"{place:04d}"
        (folder / written[place]).write_bytes(data)
        left -= len(data)
    return written


def _specifications(pdf: pymupdf.Document) -> Iterator[Any]:
    """The file specifications of what is attached, each file once."""
    document = pymupdf._as_pdf_document(pdf).m_internal
    root = mupdf.ll_pdf_dict_gets(mupdf.ll_pdf_trailer(document), "Root")
    seen: set[int] = set()
    count = 0
    for found in islice(_all_specifications(pdf, document, root), _MOST_SPECIFICATIONS):
        stream = _stream(found)
        number = mupdf.ll_pdf_to_num(stream) if stream else 0
        if not number or number in seen:
            continue
        seen.add(number)
        yield found
        count += 1
        if count == _MOST:
            return


def _all_specifications(pdf: pymupdf.Document, document: Any, root: Any) -> Iterator[Any]:
    yield from _in_tree(mupdf.ll_pdf_dict_getp(root, "Names/EmbeddedFiles"))
    yield from _items(mupdf.ll_pdf_dict_gets(root, "AF"), _MOST)
    looked_at = 0
    for number in range(pdf.page_count):
        try:
            page = mupdf.ll_pdf_lookup_page_obj(document, number)
        except Exception:  # noqa: BLE001 - a page that is lost is told when it is to be read
            continue
        annotations = _items(mupdf.ll_pdf_dict_gets(page, "Annots"), _MOST_OF_A_PAGE)
        looked_at += len(annotations)
        if looked_at > _MOST_ANNOTATIONS:
            return
        for annotation in annotations:
            kind = mupdf.ll_pdf_dict_gets(annotation, "Subtype")
            if kind and mupdf.ll_pdf_to_name(kind) == "FileAttachment":
                yield mupdf.ll_pdf_dict_gets(annotation, "FS")


def _in_tree(tree: Any) -> Iterator[Any]:
    """What a name tree leads to, in its order; one that leads back to itself is left."""
    waiting, seen = [tree], set[int]()
    while waiting and len(seen) < _MOST_NODES:
        node = waiting.pop()
        number = mupdf.ll_pdf_to_num(node) if node else 0
        if not node or (number and number in seen):
            continue
        seen.add(number or -len(seen) - 1)
        yield from _items(mupdf.ll_pdf_dict_gets(node, "Names"), 2 * _MOST)[1::2]
        waiting += _items(mupdf.ll_pdf_dict_gets(node, "Kids"), max(_MOST_NODES - len(waiting), 0))[::-1]


def _items(array: Any, most: int) -> list[Any]:
    count = min(mupdf.ll_pdf_array_len(array), most) if array else 0
    return [mupdf.ll_pdf_array_get(array, place) for place in range(count)]


def _stream(specification: Any) -> Any:
    """What a file specification has of its file in the document, if it has it."""
    for name in ("EF/UF", "EF/F", "EF/Unix", "EF/DOS", "EF/Mac"):
        stream = mupdf.ll_pdf_dict_getp(specification, name) if specification else None
        if stream and mupdf.ll_pdf_is_stream(stream):
            return stream
    return None


def _content(specification: Any) -> bytes:
    """What is in the file; nothing where it cannot be read."""
    try:
        buffer = mupdf.ll_pdf_load_stream(_stream(specification))
    except Exception:  # noqa: BLE001 - it is told as one that is not converted
        return b""
    try:
        return bytes(mupdf.ll_fz_buffer_extract_copy(buffer))
    finally:
        mupdf.ll_fz_drop_buffer(buffer)


def _described(specification: Any) -> AttachedFile:
    names = (mupdf.ll_pdf_dict_gets(specification, key) for key in ("UF", "F", "Unix", "DOS", "Mac"))
    texts = (" ".join(readable(mupdf.ll_pdf_to_text_string(name)).split()) for name in names if name)
    name = next(filter(None, texts), "")[-_LONGEST_NAME:] or "attachment"
    stream = _stream(specification)
    kind = mupdf.ll_pdf_dict_gets(stream, "Subtype")
    stated = readable(mupdf.ll_pdf_to_name(kind)) if kind else ""
    size = mupdf.ll_pdf_dict_getp(stream, "Params/Size") or mupdf.ll_pdf_dict_gets(stream, "DL")
    named = _TYPES.get(PurePosixPath(name).suffix.casefold(), "application/octet-stream")
    return AttachedFile(
        name,
        stated if "/" in stated and len(stated) < _LONGEST_NAME else named,
        max(mupdf.ll_pdf_to_int64(size), 0) if size else None,
    )
