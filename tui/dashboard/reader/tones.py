"""What the words of a line are: emphasis, code, links, apart from the marks that say so."""

import re
from collections.abc import Sequence
from html import unescape
from typing import Final

from engine.base.safetext import display_name


class Tone:
    """How a piece of text is to look: bits of a whole number.

    There are a hundred thousand of them in a long text. Members of an enum would be slower by far to put together, and
    have the garbage collector look at every line again and again, while no key is answered.
    """

    PLAIN: Final = 0
    STRONG: Final = 1
    ITALIC: Final = 2
    CODE: Final = 4
    LINK: Final = 8
    HEADING: Final = 16
    QUIET: Final = 32
    """Rules, markers, and what else is not the text itself."""
    ADDED: Final = 64
    REMOVED: Final = 128
    STRUCK: Final = 256


Piece = tuple[str, int]

_TOKEN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?<!`)(?P<ticks>`{1,8})(?!`)(?P<code>[^\n]{1,5000}?)(?<!`)(?P=ticks)(?!`)"
    r"|!\[(?P<alt>[^\]\n]{0,500})\]\((?P<image><[^<>\n]{0,1000}>|[^()\s]*)[^)\n]{0,200}\)"
    r"|\[(?P<link>(?:\\.|[^\[\]\\\n]){1,1000})\]\((?:<[^<>\n]{0,1000}>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)[^)\n]{0,200}\)"
    r"|(?P<formula>\${1,2})(?=\S)(?P<tex>[^$\n]{1,2000}?\S|\S)(?P=formula)(?!\d)"
    r"|(?P<stars>\*{1,3}|_{1,3})"
    r"|(?P<struck>~~)"
    r"|(?P<br><br\s*/?>)"
    r"|(?P<tag></?[A-Za-z][^<>\n]{0,200}>|<!--.{0,2000}?-->)"
    r"|(?P<entity>&\#?\w{1,32};)"
)
"""Bounded wherever it can be, so that no line takes long."""
_SUSPECT = re.compile(r"[\\`!\[$*_~<&]")
"""Where none of these is, there is nothing to look for."""
_TAGS = {"b": Tone.STRONG, "strong": Tone.STRONG, "i": Tone.ITALIC, "em": Tone.ITALIC, "code": Tone.CODE}
_EMPHASIS = {1: Tone.ITALIC, 2: Tone.STRONG, 3: Tone.STRONG | Tone.ITALIC}


def toned(text: str, base: int = Tone.PLAIN) -> list[Piece]:
    r"""A passage's text in pieces, without its marks. `\n` in it is where a line ends."""
    if not _SUSPECT.search(text):
        return [(text, base)]
    pieces: list[Piece] = []
    _take(text, base, pieces)
    return pieces or [("", base)]


def _take(text: str, tone: int, pieces: list[Piece]) -> None:
    at = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if found.start() < at:
            continue
        shown: Sequence[Piece] = ()
        if found["stars"]:
            turned = _turned(text, found, tone)
            if turned is None:
                continue
            _plain(text[at : found.start()], tone, pieces)
            at, tone = found.end(), turned
            continue
        if kind == "struck":
            _plain(text[at : found.start()], tone, pieces)
            at, tone = found.end(), tone ^ Tone.STRUCK
            continue
        _plain(text[at : found.start()], tone, pieces)
        at = found.end()
        if found["escaped"]:
            shown = [(found["escaped"], tone)]
        elif found["ticks"]:
            code = found["code"]
            shown = [(code[1:-1] if code[:1] == code[-1:] == " " and code.strip() else code, tone | Tone.CODE)]
        elif found["alt"] is not None:
            shown = [(f"[{found['alt'] or 'picture'}: {found['image'].strip('<>')}]", tone | Tone.QUIET)]
        elif found["link"]:
            _take(found["link"], tone | Tone.LINK, pieces)
        elif found["formula"]:
            shown = [(found["tex"], tone | Tone.CODE)]
        elif found["br"]:
            shown = [("\n", tone)]
        elif found["entity"]:
            shown = [(display_name(unescape(found["entity"])), tone)]
        elif found["tag"]:
            tone = _tagged(found["tag"], tone)
        pieces.extend(shown)
    _plain(text[at:], tone, pieces)


def _plain(text: str, tone: int, pieces: list[Piece]) -> None:
    if text:
        pieces.append((text, tone))


def _turned(text: str, found: re.Match[str], tone: int) -> int | None:
    """The tone behind a mark of emphasis; None if it is none there."""
    mark = found["stars"]
    emphasis = _EMPHASIS[len(mark)]
    before = text[found.start() - 1 : found.start()]
    after = text[found.end() : found.end() + 1]
    if mark[0] == "_" and before.isalnum() and after.isalnum():
        return None
    if tone & emphasis:
        return tone & ~emphasis if before and not before.isspace() else None
    can_open = bool(after) and not after.isspace()
    return tone | emphasis if can_open and mark in text[found.end() :] else None


def _tagged(tag: str, tone: int) -> int:
    """The tone behind a tag of HTML; those that mean nothing here are left out."""
    name = tag.strip("</>").partition(" ")[0].lower()
    own = _TAGS.get(name)
    if own is None:
        return tone
    return tone & ~own if tag.startswith("</") else tone | own
