"""How text from outside is shown: file names, errors, PDF metadata, previews and log lines.

Nothing that a document or a file name contains may steer a terminal or deceive a reader, so control characters,
bidirectional and zero-width controls, and bytes that are no UTF-8 become visible escapes.
"""

import os
import re
import unicodedata
from pathlib import PurePath

# Cc: C0, DEL, C1. Cf: bidi and zero-width controls, soft hyphen, tags. Cs: lone surrogates. Zl, Zp: line separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def display_name(name: str | bytes | os.PathLike[str]) -> str:
    r"""One line that shows a file name truthfully: `a\x1b[31m.pdf`, `evil\u202efdp.exe`, `caf\xe9.pdf`."""
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    text = str(name) if isinstance(name, PurePath) else os.fspath(name)
    return "".join(map(_visible, text)) if not text.isascii() or not text.isprintable() else text


def display_text(text: str) -> str:
    """Like `display_name` for text of several lines: line feeds and tabs stay, CR LF becomes LF."""
    text = text.replace("\r\n", "\n")
    # A look at each character takes half a second for 4 MB; what is printable for Python has nothing to hide.
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    suspects = {char for char in set(text) - {"\n", "\t"} if not char.isprintable()}
    escapes = {char: shown for char in suspects if (shown := _visible(char)) != char}
    if not escapes:  # unusual spaces, or characters Unicode has no name for
        return text
    return re.sub(f"[{''.join(map(re.escape, escapes))}]", lambda found: escapes[found[0]], text)


def _visible(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that os.fsdecode() could not decode
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(char) not in _HIDDEN_CATEGORIES:
        return char
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
