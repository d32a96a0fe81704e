"""What kind of document a file is, by how it begins and what it is called, and whether it has come in whole. No I/O."""

import re
from pathlib import PurePath

from engine.job.options import OFFICE, DocumentKind

HEAD = 1024
"""Bytes from a file's beginning that tell its kind; PDF readers look for `%PDF-` in so many."""
TAIL = 2048
"""Bytes from its end that tell whether it is whole: `%%EOF` may be 1 KiB before it, and some writers pad the end."""

_SUFFIXES = {
    DocumentKind.PDF: ("pdf",),
    DocumentKind.XPS: ("xps", "oxps"),
    DocumentKind.EPUB: ("epub",),
    DocumentKind.MOBI: ("mobi", "prc", "azw"),
    DocumentKind.FB2: ("fb2",),
    DocumentKind.CBZ: ("cbz",),
    DocumentKind.SVG: ("svg",),
    DocumentKind.PNG: ("png",),
    DocumentKind.JPG: ("jpg", "jpeg", "jpe", "jfif"),
    DocumentKind.TIFF: ("tif", "tiff"),
    DocumentKind.GIF: ("gif",),
    DocumentKind.BMP: ("bmp", "dib"),
    DocumentKind.WEBP: ("webp",),
    DocumentKind.DOCX: ("docx", "docm", "dotx", "dotm"),
    DocumentKind.XLSX: ("xlsx", "xlsm", "xltx", "xltm"),
    DocumentKind.PPTX: ("pptx", "pptm", "potx", "potm", "ppsx", "ppsm"),
    DocumentKind.ODT: ("odt",),
}
_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}
_IN_ZIP = frozenset({DocumentKind.XPS, DocumentKind.EPUB, DocumentKind.CBZ}) | OFFICE
_EPUB = b"mimetypeapplication/epub+zip"
"""After the first entry's header: EPUB says that it is one (Open Container Format 3.3, 4.3)."""
_EPUB_AT = 30
_ODT = b"mimetypeapplication/vnd.oasis.opendocument.textPK"
"""The same of OpenDocument (1.3, part 2, 3.3); those that say more behind it are templates and the like."""
_PART = re.compile(rb"PK\x03\x04.{26}(word|xl|ppt)/", re.DOTALL)
"""An entry in a folder that only such a file has; where none begins early enough, the name is asked."""
_PARTS = {b"word": DocumentKind.DOCX, b"xl": DocumentKind.XLSX, b"ppt": DocumentKind.PPTX}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", DocumentKind.PNG),
    (b"\xff\xd8\xff", DocumentKind.JPG),
    (b"II*\0", DocumentKind.TIFF),
    (b"MM\0*", DocumentKind.TIFF),
    (b"II+\0", DocumentKind.TIFF),
    (b"MM\0+", DocumentKind.TIFF),
    (b"GIF87a", DocumentKind.GIF),
    (b"GIF89a", DocumentKind.GIF),
)
# Atomic, or a row of comments would be split in every way there is.
_XML_ROOT = re.compile(
    rb"\s*+(?>(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE\b[^<>\[]*+(?:\[.*?\]\s*+)?>)\s*+)*+<(?:\w+:)?(\w+)", re.DOTALL
)
_ROOTS = {b"svg": DocumentKind.SVG, b"FictionBook": DocumentKind.FB2}
_XML_END = {
    DocumentKind.SVG: re.compile(rb"(?:</(?:\w+:)?svg\s*>|/>)\s*\Z"),
    DocumentKind.FB2: re.compile(rb"</(?:\w+:)?FictionBook\s*>\s*\Z"),
}
_OFFICE_SUFFIXES = frozenset(
    {"doc", "dot", "xls", "ppt", "ods", "odp", "odg", "rtf", *(suffix for kind in OFFICE for suffix in _SUFFIXES[kind])}
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins what older office programs write."""


def kind_of(name: str, head: bytes) -> DocumentKind | None:
    """What a file with this name is that begins with `head`, its first `HEAD` bytes; None if it is none of these.

    The content decides; the name is asked where several kinds begin alike.
    """
    named = names_kind(name)
    found = _by_content(head, named)
    if b"%PDF-" in head[:HEAD] and (found is None or found is not named):
        return DocumentKind.PDF
    return found


def office_file(name: str, head: bytes) -> str | None:
    """What to say of a file of an office program, which must become a PDF elsewhere first; None if it is none."""
    suffix = PurePath(name).suffix.removeprefix(".").casefold()
    is_named_so = head.startswith(b"PK\x03\x04") and suffix in _OFFICE_SUFFIXES
    kind = kind_of(name, head)
    if kind not in OFFICE and not is_named_so and not head.startswith((_OLE, b"{\\rtf")):
        return None
    word = kind or suffix
    shown = f" ({word.upper()})" if kind or suffix in _OFFICE_SUFFIXES else ""
    here = ", or set `office = true` and name the kind in `accept`" if kind else ""
    return (
        f"The file is one of an office program{shown}: have LibreOffice make a PDF of it first, "
        f"by `soffice --headless --convert-to pdf FILE`{here}."
    )


def names_kind(name: str) -> DocumentKind | None:
    """The kind a file's name says it is."""
    return _BY_SUFFIX.get(PurePath(name).suffix.removeprefix(".").casefold())


def has_intact_end(kind: DocumentKind, head: bytes, tail: bytes, size: int) -> bool:
    """Whether a file of this kind and size, of which these are the first and the last bytes, has come in whole.

    False as well where a kind does not tell: then only time can.
    """
    match kind:
        case DocumentKind.PDF:
            return b"%%EOF" in tail
        case _ if kind in _IN_ZIP:
            return b"PK\x05\x06" in tail
        case DocumentKind.PNG:
            return b"IEND\xaeB`\x82" in tail
        case DocumentKind.JPG:
            return b"\xff\xd9" in tail
        case DocumentKind.GIF:
            return tail.rstrip(b"\0").endswith(b";")
        case DocumentKind.WEBP:
            return int.from_bytes(head[4:8], "little") + 8 <= size
        case DocumentKind.BMP:
            return 0 < int.from_bytes(head[2:6], "little") <= size
        case DocumentKind.SVG | DocumentKind.FB2:
            return _XML_END[kind].search(tail) is not None
        case _:  # TIFF and MOBI
            return False


def label(kind: DocumentKind) -> str:
    """How a sentence calls a document of this kind: `PDF`, `EPUB`."""
    return kind.upper()


def not_accepted(kind: DocumentKind | None, accept: tuple[DocumentKind, ...]) -> str:
    """Why a document of this kind is not taken in, as a sentence that names the setting."""
    if kind is None and accept == (DocumentKind.PDF,):
        return "Not a PDF: the file does not begin with %PDF."
    if kind is None:
        return f"The file is none of {', '.join(map(label, accept))}, which are what `accept` takes in."
    taken = " and ".join(filter(None, [", ".join(map(label, accept[:-1])), label(accept[-1])]))
    return f"The file is of kind {label(kind)}, and `accept` takes in {taken} alone."


def left_alone(kind: DocumentKind | None, accept: tuple[DocumentKind, ...]) -> str:
    """The same, as what follows a file's name."""
    if accept == (DocumentKind.PDF,):
        return "is not a PDF: it does not begin with %PDF."
    return f"is left alone. {not_accepted(kind, accept)}"


def _by_content(head: bytes, named: DocumentKind | None) -> DocumentKind | None:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return DocumentKind.WEBP
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # reserved, and always zero
        return DocumentKind.BMP
    if head[60:68] in (b"BOOKMOBI", b"TEXtREAd"):
        return DocumentKind.MOBI
    if head.startswith(b"PK\x03\x04"):
        if head[_EPUB_AT:].startswith(_EPUB):
            return DocumentKind.EPUB
        if head[_EPUB_AT:].startswith(_ODT):
            return DocumentKind.ODT
        if named is not DocumentKind.CBZ and (part := _PART.search(head)) is not None:
            return _PARTS[part[1]]
        return named if named in _IN_ZIP else None
    return _by_root(head, named)


def _by_root(head: bytes, named: DocumentKind | None) -> DocumentKind | None:
    """The kind of an XML file, by its first element, or by its name where that comes later."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = text[2:].replace(b"\0", b"")  # UTF-16: what matters is ASCII
    if not text.lstrip().startswith(b"<"):
        return None
    root = _XML_ROOT.match(text)
    if root is not None:
        return _ROOTS.get(root[1])
    return named if named in _XML_END else None
