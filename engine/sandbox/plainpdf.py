"""Reads the text of plainly written PDFs, without a library: what the in-memory backend converts by default.

It knows objects that stand in the file as they are, and strings of one byte a character. It reads no object streams, no
encrypted files and no fonts of many bytes; what it cannot read, it says.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Literal

_OBJECT = re.compile(rb"(?<!\d)(\d{1,8}) \d{1,5} obj\b(.*?)\bendobj\b", re.DOTALL)
_STREAM = re.compile(rb"\bstream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_REFERENCE = re.compile(rb"(\d{1,8}) \d{1,5} R\b")
_ROOT = re.compile(rb"/Root\s+(\d{1,8}) \d{1,5} R\b")
_PAGES = re.compile(rb"/Pages\s+(\d{1,8}) \d{1,5} R\b")
_LISTED = {key: re.compile(rb"/" + key + rb"\s*(\[[^\]]*\]|\d{1,8} \d{1,5} R\b)") for key in (b"Kids", b"Contents")}
_SHOWN = re.compile(rb"(\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>)|(\bT\*|\bT[dDm]\b|\bET\b|'|\")", re.DOTALL)
_ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\r\n": b"", b"\n": b"", b"\r": b""}
_MOST_PAGES = 100_000
_MOST_BYTES = 4 << 20
"""Of one page's content, once it is inflated."""


class CannotRead(Exception):
    """The file is not a PDF of this plain kind; `kind` is that of a refusal."""

    def __init__(self, kind: Literal["not_a_pdf", "damaged"], message: str) -> None:
        super().__init__(message)
        self.kind: Literal["not_a_pdf", "damaged"] = kind


def page_texts(data: bytes) -> list[str]:
    """The text of each page in order; raises `CannotRead`."""
    if b"%PDF-" not in data[:1024]:
        raise CannotRead("not_a_pdf", "The file is not a PDF.")
    if b"/Encrypt" in data:
        raise CannotRead("damaged", "The PDF is encrypted, which the in-memory backend does not read.")
    objects = {int(number): body for number, body in _OBJECT.findall(data)}
    root = _ROOT.findall(data)
    top = _PAGES.search(objects.get(int(root[-1]), b"")) if root else None
    pages = list(_leaves(objects, int(top[1]), set())) if top else []
    if not pages:
        raise CannotRead("damaged", "The PDF has no pages that the in-memory backend can find.")
    return ["\n".join(_text_of(objects, page)) for page in pages]


def _leaves(objects: dict[int, bytes], number: int, seen: set[int]) -> Iterator[bytes]:
    """The page objects below a node, in their order; each is met once."""
    waiting = [number]
    while waiting and len(seen) < _MOST_PAGES:
        node = waiting.pop()
        if node in seen or node not in objects:
            continue
        seen.add(node)
        kids = _references(objects[node], b"Kids")
        if kids is None:
            yield objects[node]
        else:
            waiting += reversed(kids)


def _references(body: bytes, key: bytes) -> list[int] | None:
    found = _LISTED[key].search(body)
    return [int(number) for number in _REFERENCE.findall(found[1])] if found else None


def _text_of(objects: dict[int, bytes], page: bytes) -> Iterator[str]:
    """The lines of text that a page shows."""
    for number in _references(page, b"Contents") or ():
        line = b""
        for string, move in _SHOWN.findall(_content(objects.get(number, b""))):
            if string:
                line += _characters(string)
            elif move and line:
                yield line.decode("latin-1")
                line = b""
        if line:
            yield line.decode("latin-1")


def _content(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if found is None:
        return b""
    if b"/FlateDecode" not in body[: found.start()]:
        return found[1][:_MOST_BYTES]
    try:
        return zlib.decompressobj().decompress(found[1], _MOST_BYTES)
    except zlib.error:
        return b""


def _characters(string: bytes) -> bytes:
    if string.startswith(b"<"):
        digits = b"".join(string[1:-1].split())
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))

    def plain(found: re.Match[bytes]) -> bytes:
        return bytes([int(found[1], 8) & 255]) if found[1] else _LETTERS.get(found[2], found[2])

    return _ESCAPED.sub(plain, string[1:-1])
