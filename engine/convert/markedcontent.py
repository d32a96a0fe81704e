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
    rb"|(?P<image>(?<![^\s])BI\s(?:[\s\S]*?\sEI(?=\s)|(?P<endless>)))"
    rb"|(?P<mark>/(?P<tag>[^\s/<>()\[\]{}%]++)\s*+"
    rb"(?:<<(?P<dict>(?:\((?:[^()\\]|\\[\s\S])*+\)|[^<>()]|<[^<>]*+>|<<[^<>]*+>>)*+)>>|/(?P<name>[^\s/<>()\[\]{}%]++))"
    rb"\s*+BDC\b)"
    rb"|(?P<bare>/(?P<bare_tag>[^\s/<>()\[\]{}%]++)\s++BMC\b)"
    rb"|(?P<object>/(?P<object_name>[^\s/<>()\[\]{}%]++)\s*+Do\b)"
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
    has_artifacts: bool = False
    """Something that may be text is marked as an artifact."""
    unmarked_objects: set[bytes] = field(default_factory=set)
    """Names of the forms and images that are drawn outside of marks."""
    without_artifacts: bytes = b""
    """The stream without the text of artifacts."""
    only_artifacts: bytes = b""
    """The stream without all other text."""


def scan(stream: bytes, mcid_of_name: Callable[[bytes], int | None]) -> MarkedContent:
    """Look through a page's content stream; `mcid_of_name` looks a property list up in the page's resources.

    Raises `ValueError` if marks do not match up, or the stream is longer than `MAX_BYTES`.
    """
    if len(stream) > MAX_BYTES:
        raise ValueError("the page's content is too long to look through")
    found = MarkedContent()
    # In each open mark: an identifier, True in an artifact, None in anything else.
    open_marks: list[int | bool | None] = [None]
    inside: int | bool | None = None
    kept: list[bytes] = []
    artifacts: list[bytes] = []
    position = 0
    may_have_artifacts = b"/Artifact" in stream
    for match in _TOKEN.finditer(stream):
        kind = match.lastgroup
        start, end = match.span()
        if kind in ("string", "object"):
            found.has_artifacts |= inside is True
            if kind == "string":
                size = _size(match[0])
                if inside is True:
                    found.artifact += size
                elif inside is None:
                    found.unmarked += size
                else:
                    found.marked[inside] += size
            elif inside is None:
                found.unmarked_objects.add(match["object_name"])
            if not may_have_artifacts:
                continue
            empty = b"()" if kind == "string" else b""
            between = stream[position:start]
            kept += [between, empty if inside is True else match[0]]
            artifacts += [between, match[0] if inside is True else empty]
            position = end
        elif match["mark"] or match["bare"]:
            tag = match["tag"] or match["bare_tag"]
            mark: int | bool | None = inside
            # An artifact makes everything within it one; else counts what has an identifier and was opened last.
            if tag == b"Artifact" or inside is True:
                mark = True
            elif match["dict"] is not None and (number := _MCID.search(match["dict"])):
                mark = int(number[1])
            elif match["name"]:
                mark = mcid_of_name(match["name"])
                mark = inside if mark is None else mark
            open_marks.append(mark)
            inside = mark
        elif kind == "end":
            open_marks.pop()
            if not open_marks:
                raise ValueError("its marked content ends before it begins")
            inside = open_marks[-1]
        elif match["endless"] is not None:
            raise ValueError("a picture in its content has no end")
    kept.append(stream[position:])
    artifacts.append(stream[position:])
    found.without_artifacts, found.only_artifacts = b"".join(kept), b"".join(artifacts)
    return found


def _size(string: bytes) -> int:
    if string.startswith(b"<"):
        return (len(string.translate(None, b" \t\r\n\f\0")) - 2) // 2
    return len(_ESCAPE.sub(b"x", string[1:-1]))
