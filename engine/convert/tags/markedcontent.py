"""Reads which text of a page's content stream is marked as what (PDF 32000-1, 14.6), and takes some of it away.

MuPDF gives the structure that marked text belongs to, but adds what is marked as an artifact, or not at all, to the
element before. So artifacts are taken out of the stream before MuPDF reads it, and what is unmarked is counted.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# Operators, and what could be mistaken for one: strings, comments, and the data of inline images. All begin with one of
# a few characters, which is looked for first: to try each of them at each byte takes seven times as long.
_TOKEN = re.compile(
    rb"[(</EB%](?:"
    rb"(?P<string>(?<=<)[0-9A-Fa-f\s]*+>"
    rb"|(?<=\()(?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S])*+\))*+\))*+\))"
    rb"|(?P<mark>(?<=/)(?P<tag>[^\s/<>()\[\]{}%]++)\s*+"
    rb"(?:<<(?P<dict>(?:\((?:[^()\\]|\\[\s\S])*+\)|[^<>()]|<[^<>]*+>|<<[^<>]*+>>)*+)>>|/(?P<name>[^\s/<>()\[\]{}%]++))"
    rb"\s*+BDC\b)"
    rb"|(?P<bare>(?<=/)(?P<bare_tag>[^\s/<>()\[\]{}%]++)\s++BMC\b)"
    rb"|(?P<object>(?<=/)(?P<object_name>[^\s/<>()\[\]{}%]++)\s*+Do\b)"
    rb"|(?P<end>(?<=E)(?<![^\s)\]>]E)MC\b)"
    rb"|(?P<image>(?<=B)(?<![^\s]B)I\s(?:[\s\S]*?\sEI(?=\s)|(?P<endless>)))"
    rb"|(?<=%)[^\r\n]*+"
    rb")"
)
_HEXADECIMAL = ord("<")
_MCID = re.compile(rb"/MCID\s+(\d+)")
MAX_BYTES = 4 << 20
"""A longer stream takes more than half a second to look through, and is more likely a drawing than a text."""


@dataclass
class MarkedContent:
    """How much of a page's text is marked as what, in bytes of its strings, which stand for characters."""

    marked: Counter[int] = field(default_factory=Counter)
    """By marked-content identifier."""
    unmarked: int = 0
    artifact: int = 0
    unmarked_objects: set[bytes] = field(default_factory=set)
    """Names of the forms and images that are drawn outside of marks."""
    stream: bytes = b""
    artifacts: list[tuple[int, int, bytes]] = field(default_factory=list)
    """Where in the stream there is text of artifacts, from and to, and what stands there if it is taken away."""
    others: list[tuple[int, int, bytes]] = field(default_factory=list)
    """The same of all other text, if there are artifacts."""

    @property
    def without_artifacts(self) -> bytes:
        """The stream without the text of artifacts."""
        return _without(self.stream, self.artifacts)

    @property
    def only_artifacts(self) -> bytes:
        """The stream without all other text."""
        return _without(self.stream, self.others)

    @property
    def has_artifacts(self) -> bool:
        """Whether something that may be text is marked as an artifact."""
        return bool(self.artifacts)


def scan(stream: bytes, mcid_of_name: Callable[[bytes], int | None], *, keeps_others: bool = True) -> MarkedContent:
    """Look through a page's content stream; `mcid_of_name` looks a property list up in the page's resources.

    Without `keeps_others`, it is not noted where text other than that of artifacts stands.

    Raises `ValueError` if marks do not match up, or the stream is longer than `MAX_BYTES`.
    """
    if len(stream) > MAX_BYTES:
        raise ValueError("the page's content is too long to look through")
    found = MarkedContent(stream=stream)
    # In each open mark: an identifier, True in an artifact, None in anything else.
    open_marks: list[int | bool | None] = [None]
    inside: int | bool | None = None
    notes_others = keeps_others and b"/Artifact" in stream
    for match in _TOKEN.finditer(stream):
        kind = match.lastgroup
        if kind in ("string", "object"):
            if kind == "string":
                size = _size(stream, *match.span())
                if inside is True:
                    found.artifact += size
                elif inside is None:
                    found.unmarked += size
                else:
                    found.marked[inside] += size
            elif inside is None:
                found.unmarked_objects.add(match["object_name"])
            if inside is True:
                found.artifacts.append((*match.span(), b"()" if kind == "string" else b""))
            elif notes_others:
                found.others.append((*match.span(), b"()" if kind == "string" else b""))
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
    return found


def _without(stream: bytes, pieces: list[tuple[int, int, bytes]]) -> bytes:
    kept: list[bytes] = []
    position = 0
    for start, end, instead in pieces:
        kept += [stream[position:start], instead]
        position = end
    return b"".join([*kept, stream[position:]])


def _size(stream: bytes, start: int, end: int) -> int:
    """Bytes of a string, roughly: blanks in a hexadecimal one, and escapes, are so few that they do not matter."""
    return (end - start - 2) // (2 if stream[start] == _HEXADECIMAL else 1)
