"""Reading text files to show them: bounded, and whatever their bytes are."""

import os
from pathlib import Path

from engine.display import display_name, display_text

_MOST_BYTES = 256 << 10


def read_tail(file: Path) -> str:
    """The end of a file, safe to show; a sentence if there is none."""
    try:
        with file.open("rb") as stream:
            length = stream.seek(0, os.SEEK_END)
            stream.seek(max(length - _MOST_BYTES, 0))
            data = stream.read(_MOST_BYTES)
    except FileNotFoundError:
        return "Nothing has been logged."
    except OSError as error:
        return f"{display_name(file)}: {error.strerror}."
    text = data.decode("utf-8", "surrogateescape")
    if length > _MOST_BYTES:
        text = text.partition("\n")[2]
    return display_text(text).expandtabs() or "Nothing has been logged."


def read_markdown(folder: Path) -> str:
    """The beginning of the Markdown in a result's folder, safe to show; a sentence if there is none."""
    try:
        files = sorted(folder.glob("*.md"))
        if not files:
            return f"There is no Markdown in {display_name(folder)}."
        with files[0].open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        return f"{display_name(folder)}: {error.strerror}."
    text = display_text(data[:_MOST_BYTES].decode("utf-8", "surrogateescape")).expandtabs(4)
    return text + ("\n\n(and so on)" if len(data) > _MOST_BYTES else "")
