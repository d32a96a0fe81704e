"""File names that come in with requests: which file of the hot folder one means, and what a new file may be called."""

import os
import re
import stat
import unicodedata
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePath

from fastapi import HTTPException

from engine.base.safetext import display_name
from engine.intake.ignoring import IGNORED_FOLDERS, IGNORED_PREFIXES, IGNORED_SUFFIXES
from engine.job.kinds import names_kind
from engine.job.options import DocumentKind
from engine.publish.publisher import safe_name

_SUFFIX = ".pdf"
_MAX_STEM_BYTES = 200
_NUMBERED = 100
"""So many files may have one name and a number; the ones after that get something random, found at once."""


def find_input(root: Path, name: bytes) -> Path:
    """The regular file inside the hot folder `root` that a request names, by the path the hot folder knows it by.

    A link is followed if it leads to a file inside. Raises `HTTPException`: 400 for what is not inside or no file the
    hot folder takes, 404 for what is not there.
    """
    shown = display_name(name[:200])
    parts = name.split(b"/")
    if not name or b"\0" in name or name.startswith(b"/") or b".." in parts:
        raise HTTPException(400, f"{shown!r} is not a path inside the input folder.")
    inside = os.path.realpath(os.fsencode(root))
    real = os.path.realpath(os.path.join(inside, name))  # noqa: PTH118 - bytes, which a Path does not take
    if not real.startswith(inside.rstrip(b"/") + b"/"):
        raise HTTPException(400, f"{shown} is not inside the input folder.")
    relative = real[len(inside.rstrip(b"/")) + 1 :]
    if _is_ignored(relative):
        raise HTTPException(400, f"{shown} is hidden or a temporary file, which are left alone.")
    try:
        status = os.lstat(real)
    except OSError as error:
        raise HTTPException(404, f"{shown} is not in the input folder: {error.strerror}.") from None
    if not stat.S_ISREG(status.st_mode):
        raise HTTPException(400, f"{shown} is not a regular file.")
    return root / os.fsdecode(relative)


def names_for(sent: bytes, accept: tuple[DocumentKind, ...] = (DocumentKind.PDF,)) -> Iterator[str]:
    """Names for a file that was sent under some name, the best first; safe, and of one of the kinds accepted."""
    text = unicodedata.normalize("NFC", sent.decode("utf-8", "replace"))
    name = re.split(r"[/\\]", text)[-1].strip()
    # A name that is nothing but a suffix is one here, and none for `PurePath`.
    suffix = PurePath(f"x{name}").suffix.lower() if names_kind(f"x{name}") in accept else ""
    stem = name[: -len(suffix)] if suffix else name
    suffix = suffix or _SUFFIX
    stem = safe_name(stem.replace("\ufffd", "_").lstrip("~").strip())
    stem = stem.encode()[:_MAX_STEM_BYTES].decode("utf-8", "ignore").rstrip()
    yield f"{stem}{suffix}"
    for number in range(2, _NUMBERED):
        yield f"{stem}~{number}{suffix}"
    for _ in range(_NUMBERED):
        yield f"{stem}~{uuid.uuid4().hex[:12]}{suffix}"


def _is_ignored(path: bytes) -> bool:
    """Whether the hot folder leaves this path alone."""
    *folders, name = path.split(b"/")
    return (
        any(part.startswith(IGNORED_PREFIXES) for part in (*folders, name))
        or not IGNORED_FOLDERS.isdisjoint(folders)
        or name.lower().endswith(IGNORED_SUFFIXES)
    )
