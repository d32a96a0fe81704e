"""Reading text files to show them: bounded, and whatever their bytes are."""

import os
from pathlib import Path

from engine.base.safetext import display_name, display_text

_MOST_BYTES = 256 << 10


def read_tail(file: Path, most_bytes: int = _MOST_BYTES) -> str:
    """The end of a file, safe to show; a sentence if there is none."""
    try:
        with file.open("rb") as stream:
            length = stream.seek(0, os.SEEK_END)
            stream.seek(max(length - most_bytes, 0))
            data = stream.read(most_bytes)
    except FileNotFoundError:
        return "Nothing has been logged."
    except OSError as error:
        return f"{display_name(file)}: {error.strerror}."
    text = data.decode("utf-8", "surrogateescape")
    if length > most_bytes:
        text = text.partition("\n")[2]
    return display_text(text).expandtabs() or "Nothing has been logged."


def read_on(file: Path, start: int | None, most_bytes: int = _MOST_BYTES) -> tuple[list[str], int]:
    """The whole lines from a byte on, safe to show, and the byte where the next ones begin.

    Without `start`, those at the end of the file. A file that cannot be read has no lines yet.
    """
    try:
        with file.open("rb") as stream:
            first = max(stream.seek(0, os.SEEK_END) - most_bytes, 0) if start is None else start
            stream.seek(first)
            data = stream.read(most_bytes)
    except OSError:
        return [], start or 0
    whole = data[: data.rfind(b"\n") + 1] or (data if len(data) == most_bytes else b"")
    found = [display_text(line.decode("utf-8", "surrogateescape")).expandtabs() for line in whole.splitlines()]
    return found[1:] if start is None and first else found, first + len(whole)
