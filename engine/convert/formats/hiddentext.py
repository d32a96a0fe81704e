"""Takes invisible text out of a content stream (PDF 32000-1, 9.3.6: rendering mode 3), as earlier OCR leaves it."""

import re
from dataclasses import dataclass, field

MAX_BYTES = 8 << 20
"""A longer stream is more likely a drawing than a scan with its text."""

_STRING = rb"\((?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S])*+\))*+\))*+\)|<[0-9A-Fa-f\s]*+>"
_NUMBER = rb"[-+]?[\d.]++"
_TOKEN = re.compile(
    rb"(?P<text>(?:(?P<spacing>" + _NUMBER + rb"\s++" + _NUMBER + rb")\s*+)?(?:" + _STRING + rb")\s*+(?P<show>Tj|'|\"))"
    rb"|(?P<array>\[(?:" + _STRING + rb"|[^\[\]()<>]++)*+\]\s*+TJ)"
    rb"|(?:" + _STRING + rb")"
    rb"|%[^\r\n]*+"
    rb"|(?P<image>(?<!\S)BI\s(?:[\s\S]*?\sEI(?!\S)|(?P<endless>)))"
    rb"|(?P<mode>(?<!\S)\d\s++Tr(?!\w))"
    rb"|/(?P<object>[^\s/<>()\[\]{}%]++)\s++Do(?!\w)"
    rb"|/[^\s/<>()\[\]{}%]*+"
    rb"|(?P<begin>(?<![\w*])BT(?!\w))"
    rb"|(?P<end>(?<![\w*])ET(?!\w))"
    rb"|(?P<save>(?<![\w*])q(?!\w))"
    rb"|(?P<restore>(?<![\w*])Q(?!\w))"
)
_INVISIBLE = 3


@dataclass
class Stripped:
    """A content stream without its invisible text."""

    content: bytes
    removed: int = 0
    """How many times text was shown."""
    objects: list[tuple[int, int, bytes]] = field(default_factory=list)
    """Where in `content` names of XObjects stand that are drawn, without their slash, and which."""


def strip_hidden(content: bytes) -> Stripped:
    """The stream without text that is invisible; raises `ValueError` if it cannot be looked through.

    Where visible text follows invisible text in one text object, both stay: its place may depend on what is before.
    """
    if len(content) > MAX_BYTES:
        raise ValueError("the page's content is too long to look through")
    mode, saved = 0, list[int]()
    pieces: list[tuple[int, int, bytes]] = []
    pending: list[tuple[int, int, bytes]] = []
    has_visible = False
    removed = 0
    for match in _TOKEN.finditer(content):
        kind = match.lastgroup
        if match["text"] or kind == "array":
            if mode != _INVISIBLE:
                has_visible = True
            elif kind == "array" or match["show"] == b"Tj":
                # Two numbers before a string that is shown by `Tj` are no part of it.
                start = match.start() if not match["spacing"] else match.end("spacing")
                pending.append((start, match.end(), b" "))
            elif match["show"] == b"'":
                pending.append((match.end("spacing") if match["spacing"] else match.start(), match.end(), b" T* "))
            elif match["spacing"]:
                word, character = match["spacing"].split()
                pending.append((*match.span(), b" " + word + b" Tw " + character + b" Tc T* "))
        elif kind == "mode":
            mode = int(match["mode"].split()[0])
        elif kind == "begin":
            pending, has_visible = [], False
        elif kind == "end":
            if not has_visible:
                pieces += pending
                removed += len(pending)
            pending, has_visible = [], False
        elif kind == "save":
            saved.append(mode)
        elif kind == "restore":
            mode = saved.pop() if saved else 0
        elif match["endless"] is not None:
            raise ValueError("a picture in its content has no end")
    stripped = b"".join(_kept(content, pieces))
    found = Stripped(stripped, removed)
    for match in _TOKEN.finditer(stripped):
        if match["object"]:
            found.objects.append((*match.span("object"), match["object"]))
    return found


def renamed(stripped: Stripped, names: dict[bytes, bytes]) -> bytes:
    """The stream with other names for some of the XObjects it draws."""
    pieces = [(start, end, names[name]) for start, end, name in stripped.objects if name in names]
    return b"".join(_kept(stripped.content, pieces))


def _kept(content: bytes, pieces: list[tuple[int, int, bytes]]) -> list[bytes]:
    kept: list[bytes] = []
    position = 0
    for start, end, instead in pieces:
        kept += [content[position:start], instead]
        position = end
    return [*kept, content[position:]]
