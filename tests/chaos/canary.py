"""A tree beside the hot folders that nobody may touch: links in the hot folders lead into it."""

import hashlib
import os
import stat
from pathlib import Path

from tests import pdfs

Look = dict[str, tuple[int, int, int, int, str]]
"""By path: mode, inode, size (of files), modification time in ns, SHA-256 (of files)."""


def plant(folder: Path) -> Look:
    """Make the tree, with documents in it that would be converted if they were in a hot folder."""
    for place in ("", "deep/deeper"):
        (folder / place).mkdir(parents=True)
        for number in (1, 2):
            (folder / place / f"canary-{number}.pdf").write_bytes(pdfs.text_pages(number))
        (folder / place / "notes.txt").write_text("nobody's business\n")
    return look(folder)


def look(folder: Path) -> Look:
    """What is there."""
    return {str(path.relative_to(folder)): _of(path) for path in (folder, *sorted(folder.rglob("*")))}


def differences(before: Look, after: Look) -> list[str]:
    """What was added, removed or changed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _of(path: Path) -> tuple[int, int, int, int, str]:
    status = os.lstat(path)
    is_file = stat.S_ISREG(status.st_mode)
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if is_file else ""
    return status.st_mode, status.st_ino, status.st_size if is_file else 0, status.st_mtime_ns, digest
