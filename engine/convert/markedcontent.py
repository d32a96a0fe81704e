"""Reads which text of a page's content stream is marked as what (PDF 32000-1, 14.6), and takes some of it away.

MuPDF gives the structure that marked text belongs to, but adds what is marked as an artifact, or not at all, to the
element before. So artifacts are taken out of the stream before MuPDF reads it, and what is unmarked is counted.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# Whatever could be mistaken for an operator comes first: strings, comments, and the data of inline images.
_TOKEN = re.compile(
    rb"(?P<string>\((?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S])*+\))*+\))*+\)|<[0-9A-Fa-f\s]*+>)"
    rb"|%[^\r\n]*+"
    rb"|(?P<image>(?<![^\s])BI\s[\s\S]*?\sEI(?=\s))"
    rb"|(?P<mark>/(?P<tag>[^\s/<>()\[\]{}%]++)\s*+"
    rb"(?:<<(?P<dict>(?:\((?:[^()\\]|\\[\s\S])*+\)|[^<>()]|<[^<>]*+>|<<[^<>]*+>>)*+)>>|/(?P<name>[^\s/<>()\[\]{}%]++))"
    rb"\s*+BDC\b)"
    rb"|(?P<bare>/(?P<bare_tag>[^\s/<>()\[\]{}%]++)\s++BMC\b)"
    rb"|(?P<form>/[^\s/<>()\[\]{}%]++\s++Do\b)"
    rb"|(?P<end>(?<![^\s)\]>])EMC\b)"
)
_MCID = re.compile(rb"/MCID\s+(\d+)")
_ESCAPE = re.compile(rb"\\(?:[0-7]{1,3}|[\s\S])")
MAX_BYTES = 4 << 20
"""A longer stream takes more than half a second to look through, and is more likely a drawing than a text."""


@dataclass
class MarkedContent:
    """How much of a page's text is marked as what, in bytes of its strings, which stand for characters."""

    marked: Counter[int] = field(default_factory=Counter)
    """By marked-content identifier."""
    unmarked: int = 0
    artifact: int = 0
    without_artifacts: bytes = b""
    """The stream without the text of artifacts."""
    only_artifacts: bytes = b""
    """The stream without all other text."""


def scan(stream: bytes, mcid_of_name: Callable[[str], int | None]) -> MarkedContent:
    """Look through a page's content stream; `mcid_of_name` looks a property list up in the page's resources.

    Raises `ValueError` if marks do not match up, or the stream is longer than `MAX_BYTES`.
    """
    if len(stream) > MAX_BYTES:
        raise ValueError("the page's content is too long to look through")
    found = MarkedContent()
    open_marks: list[int | bool | None] = []  # an identifier, True for an artifact, None for anything else
    inside: int | bool | None = None
    kept: list[bytes] = []
    artifacts: list[bytes] = []
    position = 0
    has_artifacts = b"/Artifact" in stream
    for match in _TOKEN.finditer(stream):
        kind = match.lastgroup
        start, end = match.span()
        if kind in ("string", "form"):
            if kind == "string":
                size = _size(match[0])
                if inside is True:
                    found.artifact += size
                elif inside is None:
                    found.unmarked += size
                else:
                    found.marked[inside] += size
            if not has_artifacts:
                continue
            empty = b"()" if kind == "string" else b""
            between = stream[position:start]
            kept += [between, empty if inside is True else match[0]]
            artifacts += [between, match[0] if inside is True else empty]
            position = end
        elif match["mark"] or match["bare"]:
            tag = match["tag"] or match["bare_tag"]
            mark: int | bool | None = None
            if tag == b"Artifact":
                mark = True
            elif match["dict"] is not None and (number := _MCID.search(match["dict"])):
                mark = int(number[1])
            elif match["name"]:
                mark = mcid_of_name(match["name"].decode("latin-1"))
            open_marks.append(mark)
            inside = _innermost(open_marks)
        elif kind == "end":
            if not open_marks:
                raise ValueError("its marked content ends before it begins")
            open_marks.pop()
            inside = _innermost(open_marks)
    kept.append(stream[position:])
    artifacts.append(stream[position:])
    found.without_artifacts, found.only_artifacts = b"".join(kept), b"".join(artifacts)
    return found


def _innermost(marks: list[int | bool | None]) -> int | bool | None:
    """An artifact makes everything within it one; else what has an identifier and was opened last."""
    if any(mark is True for mark in marks):
        return True
    return next((mark for mark in reversed(marks) if mark is not None), None)


def _size(string: bytes) -> int:
    if string.startswith(b"<"):
        return (len(string.translate(None, b" \t\r\n\f\0")) - 2) // 2
    return len(_ESCAPE.sub(b"x", string[1:-1]))
