"""Which files and folders of a hot folder are left alone for their names, because other programs keep them."""

import fnmatch
import os
from collections.abc import Iterator, Sequence

IGNORED_SUFFIXES = (b".part", b".partial", b".filepart", b".crdownload", b".tmp")
IGNORED_PREFIXES = (b".", b"~$")
IGNORED_FOLDERS = frozenset({b"@eaDir", b"__MACOSX"})


def is_ignored(path: bytes, patterns: Sequence[str], *, is_folder: bool) -> bool:
    """Whether what has this path inside the hot folder is left alone, for its name or by the folder's patterns."""
    name = path.rpartition(b"/")[2]
    if name.startswith(IGNORED_PREFIXES):
        return True
    if name in IGNORED_FOLDERS if is_folder else name.lower().endswith(IGNORED_SUFFIXES):
        return True
    return bool(patterns) and any(_matches(pattern, os.fsdecode(path), os.fsdecode(name)) for pattern in patterns)


def ancestors(path: bytes) -> Iterator[bytes]:
    """A path inside the hot folder, and the folders above it, the hot folder itself left out."""
    while path:
        yield path
        path = path.rpartition(b"/")[0]


def _matches(pattern: str, path: str, name: str) -> bool:
    """Whether a shell pattern means this file or folder: by its path if it has a slash, else by its name."""
    if "/" in pattern:
        return fnmatch.fnmatchcase(path, pattern.strip("/"))
    return fnmatch.fnmatchcase(name, pattern)
